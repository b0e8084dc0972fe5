package carport

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/canbus/guard"
	"tandem/vehicle"
)

// leastGap is the time between two frames of one message: more requests than
// that wait for the next frame and stand in it together.
const leastGap = 20 * time.Millisecond

// target is where a command goes.
type target struct {
	down    *Down
	refusal string // why nothing can be sent; "" if it can
	sender  *sender
	message *transmitted
}

// sender transmits on one bus. Its state belongs to its goroutine.
type sender struct {
	name     string
	guard    *guard.Guard
	port     *Port
	messages []*transmitted
	requests chan *request
	ended    chan struct{}
}

// request is one command on its way into a frame.
type request struct {
	message *transmitted
	signal  int
	raw     int64
	origin  string
	reply   chan error // one slot
}

// transmitted is one of our messages and what stands in it.
type transmitted struct {
	plan    *dbc.MessagePlan
	spec    *messageSpec
	flags   canbus.Flags
	signals []standing
	counter int64
	origin  string // who asked last
	waiting []*request
	busy    bool      // the last frame held a request with an end
	last    time.Time // when the last frame was sent or refused
	due     time.Time // of the next frame; zero: none
}

// standing is what one signal of our message says.
type standing struct {
	hold  int   // frames in which asked still stands, if there is a no_request value
	asked int64 // last request
	ever  bool  // there was one
	rest  int64 // when nothing is asked: no_request, else the database's start value
	down  *Down // nil: nothing maps to it
	path  vehicle.Path
}

func newSender(name string, g *guard.Guard, p *Port) *sender {
	return &sender{name: name, guard: g, port: p, requests: make(chan *request), ended: make(chan struct{})}
}

// addTargets joins commands to messages, and schedules the cyclic ones.
func (p *Port) addTargets(car *Car, senders []*sender) error {
	messages := map[messageKey]*transmitted{}
	add := func(key messageKey) *transmitted {
		if messages[key] == nil && senders[key.bus] != nil {
			messages[key] = newTransmitted(car, key)
			senders[key.bus].messages = append(senders[key.bus].messages, messages[key])
		}
		return messages[key]
	}
	for key := range car.transmitted {
		add(key)
	}
	for _, m := range car.Mappings {
		if m.Down == nil {
			continue
		}
		t := &target{down: m.Down, sender: senders[m.Down.Bus]}
		p.targets[m.Path()] = t
		switch {
		case t.sender == nil:
			t.refusal = fmt.Sprintf("the bus %s is not connected", car.Buses[m.Down.Bus].Name)
			continue
		case car.Policy == nil:
			t.refusal = "this car has no transmit policy, so nothing is sent to it"
			continue
		}
		t.message = add(messageKey{m.Down.Bus, m.Down.Message})
		s := &t.message.signals[m.Down.index]
		s.down, s.path = m.Down, m.Path()
		if m.Down.NoRequest != nil {
			s.rest = *m.Down.NoRequest
		}
	}
	for _, s := range senders {
		if s != nil && len(s.messages) > 0 && car.Policy != nil {
			p.senders = append(p.senders, s)
		}
	}
	return nil
}

func newTransmitted(car *Car, key messageKey) *transmitted {
	bus, m := &car.Buses[key.bus], key.message
	t := &transmitted{spec: car.spec(key, true), signals: make([]standing, len(m.Signals))}
	for _, plan := range bus.plan.Messages {
		if plan.Message == m {
			t.plan = plan
		}
	}
	if m.Extended {
		t.flags |= canbus.Extended
	}
	if m.FD {
		t.flags |= canbus.FD
		if bus.DataBitrate > bus.Bitrate {
			t.flags |= canbus.BitRateSwitch
		}
	}
	for i, s := range m.Signals {
		if s.HasInitial && !math.IsNaN(s.Initial) {
			t.signals[i].rest = int64(s.Initial)
		}
	}
	return t
}

// Actuate sends a command's request in its message and returns when the frame
// is on the bus. It does not wait for the report.
func (p *Port) Actuate(ctx context.Context, c vehicle.Command) error {
	t := p.targets[c.Path]
	refuse := func(reason string) error { return &vehicle.Refusal{Path: c.Path, Reason: reason} }
	if t == nil {
		return refuse("this car cannot be asked for it")
	}
	if t.refusal != "" {
		return refuse(t.refusal)
	}
	raw, reason := t.down.raw(c.Value)
	if reason != "" {
		return refuse(reason)
	}
	if t.down.NoRequest != nil && raw == *t.down.NoRequest {
		return refuse(fmt.Sprintf("this car cannot be asked for %s", c.Value))
	}
	r := &request{message: t.message, signal: t.down.index, raw: raw, origin: c.Origin, reply: make(chan error, 1)}
	select {
	case t.sender.requests <- r:
	case <-ctx.Done():
		return refuse("the bus did not take it in time")
	case <-t.sender.ended:
		return refuse("the bus is no longer served")
	}
	select {
	case err := <-r.reply: // the sender answers every request that it took
		var no *guard.RefusedError
		if errors.As(err, &no) {
			return refuse(sentence(no))
		}
		return err
	case <-ctx.Done():
		return fmt.Errorf("send on bus %s: %w", t.sender.name, ctx.Err())
	}
}

// sentence is a guard's no for a person.
func sentence(no *guard.RefusedError) string {
	switch no.Reason {
	case guard.ReasonCondition:
		if no.Detail == "parked" {
			return "only when the car is parked"
		}
		return fmt.Sprintf("the transmit policy allows it only under the condition %q", no.Detail)
	case guard.ReasonRate:
		return "too many requests; try again in a moment"
	case guard.ReasonValue:
		return "the transmit policy does not allow this value"
	case guard.ReasonOrigin:
		return "the transmit policy does not allow this asker"
	}
	return "the transmit policy does not allow it: " + no.Reason
}

// errEnded answers what was not sent when the sender ends.
var errEnded = &vehicle.Refusal{Reason: "the bus is no longer served"}

// run sends cyclic frames and requests until ctx ends.
func (s *sender) run(ctx context.Context) {
	defer s.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	now := s.port.now()
	for _, m := range s.messages {
		if m.spec.cycle > 0 {
			m.due = now.Add(m.spec.cycle)
		}
	}
	for {
		if wait, any := s.untilDue(s.port.now()); any {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case r := <-s.requests:
			m := r.message
			m.waiting = append(m.waiting, r)
			now := s.port.now()
			m.due = now
			if next := m.last.Add(leastGap); next.After(now) {
				m.due = next
			}
		case <-timer.C:
		}
		now := s.port.now()
		for _, m := range s.messages {
			if !m.due.IsZero() && !now.Before(m.due) {
				s.send(ctx, now, m)
			}
		}
	}
}

// end refuses what waits; nothing of it was sent.
func (s *sender) end() {
	for _, m := range s.messages {
		for _, r := range m.waiting {
			r.reply <- errEnded
		}
		m.waiting = nil
	}
	close(s.ended)
}

func (s *sender) untilDue(now time.Time) (wait time.Duration, any bool) {
	for _, m := range s.messages {
		if !m.due.IsZero() && (!any || m.due.Sub(now) < wait) {
			wait, any = m.due.Sub(now), true
		}
	}
	return max(wait, 0), any
}

// send sends the next frame of a message with all that waits for it. If the
// guard refuses several requests together, each is tried alone, so that one
// does not fail for another.
func (s *sender) send(ctx context.Context, now time.Time, m *transmitted) {
	waiting := m.waiting
	m.waiting = nil
	err := s.attempt(ctx, now, m, waiting)
	var no *guard.RefusedError
	if errors.As(err, &no) && len(waiting) > 1 {
		for _, r := range waiting {
			r.reply <- s.attempt(ctx, now, m, []*request{r})
		}
	} else {
		for _, r := range waiting {
			r.reply <- err
		}
	}
	m.schedule(now)
}

// schedule sets when the next frame is due after one at now.
func (m *transmitted) schedule(now time.Time) {
	m.last, m.due = now, time.Time{}
	switch {
	case m.spec.cycle > 0:
		m.due = now.Add(m.spec.cycle)
	case m.busy: // more of the request, or the frame that takes it back
		m.due = now.Add(leastGap)
	}
}

// attempt sends one frame with some requests in it. If the guard refuses it,
// they have never stood there.
func (s *sender) attempt(ctx context.Context, now time.Time, m *transmitted, requests []*request) error {
	before := make([]standing, len(requests))
	origin, counter := m.origin, m.counter
	for i, r := range requests {
		st := &m.signals[r.signal]
		before[i] = *st
		st.hold, st.asked, st.ever = m.spec.repeat, r.raw, true
		m.origin = r.origin
	}
	f, err := s.build(now, m)
	if err == nil {
		_, err = s.guard.For(m.origin).Send(ctx, []canbus.Frame{f})
	}
	var no *guard.RefusedError
	if errors.As(err, &no) {
		for i := len(requests) - 1; i >= 0; i-- {
			m.signals[requests[i].signal] = before[i]
		}
		m.counter = counter
		if len(requests) > 0 {
			m.origin = origin
			return err
		}
	}
	m.age()
	if err != nil && len(requests) == 0 && ctx.Err() == nil {
		s.port.log.Debug("frame not sent", "bus", s.name, "message", m.plan.Message.Name, "error", err)
	}
	return err
}

// age counts down the frames in which requests stand.
func (m *transmitted) age() {
	m.busy = false
	for i := range m.signals {
		if st := &m.signals[i]; st.hold > 0 {
			st.hold--
			m.busy = m.busy || st.down != nil && st.down.NoRequest != nil
		}
	}
}

// build makes the next frame of a message.
func (s *sender) build(now time.Time, m *transmitted) (canbus.Frame, error) {
	msg := m.plan.Message
	f := canbus.Frame{ID: msg.ID, Flags: m.flags, Len: uint8(msg.Len)}
	if m.flags&canbus.FD != 0 {
		f.Len = uint8(canbus.FDLen(msg.Len))
	}
	payload := f.Data[:msg.Len]
	counter, sum := m.spec.counter, m.spec.checksum
	for i := range m.signals {
		raw := m.signals[i].raw(now, s.port.store)
		if counter != nil && counter.signal == i {
			raw = m.counter
			m.counter = (m.counter + 1) % counter.modulo
		}
		if err := m.plan.EncodeRaw(payload, i, raw); err != nil {
			return f, err
		}
	}
	if sum != nil {
		payload[sum.at] = sum.sum(payload)
	}
	return f, nil
}

// raw is what the signal says now: the request that stands, no request, the
// last request, what its counterpart reports, or the start value.
func (st *standing) raw(now time.Time, store *vehicle.Store) int64 {
	switch {
	case st.hold > 0:
		return st.asked
	case st.down == nil || st.down.NoRequest != nil:
		return st.rest
	case st.ever:
		return st.asked
	}
	if sample := store.Sample(now, st.path); sample.Quality == vehicle.Valid {
		if raw, reason := st.down.raw(sample.Value); reason == "" {
			return raw
		}
	}
	return st.rest
}

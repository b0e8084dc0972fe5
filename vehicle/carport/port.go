package carport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/canbus/guard"
	"tandem/vehicle"
)

// Config is what a Port joins. Car and Store are needed.
type Config struct {
	Car    *Car
	Store  *vehicle.Store        // of Car.Signals or more
	Buses  map[string]canbus.Bus // by the car's names; a bus that is absent reports nothing and takes nothing
	Now    func() time.Time      // nil: time.Now
	Logger *slog.Logger          // nil: silent
}

// Port moves one car's frames to a Store and commands to its buses. It is a
// vehicle.Actuator. Everything that it sends goes through a guard with the
// car's policy.
type Port struct {
	store     *vehicle.Store
	now       func() time.Time
	log       *slog.Logger
	receivers []*receiver
	senders   []*sender
	targets   map[vehicle.Path]*target
	started   atomic.Bool
	counts    counts
}

// Counts is what became of the received frames so far.
type Counts struct {
	Frames   uint64 // all that came in
	Unknown  uint64 // of no message that the overlay maps
	Checksum uint64 // not used: wrong checksum
	Counter  uint64 // not used: counter out of order
	Short    uint64 // not used: too short for its checksum or counter
}

type counts struct{ frames, unknown, checksum, counter, short atomic.Uint64 }

// New joins a car to a store and to buses. It fails for a bus that the car
// does not have, a signal that the store does not have, and a policy that does
// not fit the databases.
func New(c Config) (*Port, error) {
	if c.Car == nil || c.Store == nil {
		return nil, errors.New("carport: a port needs a car and a store")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for name := range c.Buses {
		if _, ok := c.Car.Bus(name); !ok {
			return nil, fmt.Errorf("carport: car %s has no bus %q", c.Car.Name, name)
		}
	}
	p := &Port{store: c.Store, now: c.Now, log: c.Logger, targets: map[vehicle.Path]*target{}}
	senders := make([]*sender, len(c.Car.Buses))
	for i := range c.Car.Buses {
		b := &c.Car.Buses[i]
		bus := c.Buses[b.Name]
		if bus == nil {
			continue
		}
		g, err := newGuard(c.Car, b, bus, p)
		if err != nil {
			return nil, err
		}
		r, err := newReceiver(c.Car, i, g, p)
		if err != nil {
			return nil, err
		}
		p.receivers = append(p.receivers, r)
		senders[i] = newSender(b.Name, g, p)
	}
	if err := p.addTargets(c.Car, senders); err != nil {
		return nil, err
	}
	return p, nil
}

// newGuard puts the car's policy in front of a bus.
func newGuard(car *Car, b *Bus, bus canbus.Bus, p *Port) (*guard.Guard, error) {
	c := guardConfig(car, b)
	c.Bus, c.Now, c.Logger = bus, p.now, p.log
	c.Predicate = func(name string) bool {
		holds, ok := vehicle.Predicate(name)
		return ok && holds(p.now(), p.store)
	}
	return guard.New(c)
}

// guardConfig is what a guard of the bus checks the policy against.
func guardConfig(car *Car, b *Bus) guard.Config {
	known := vehicle.Predicates()
	if car.Policy != nil {
		for _, e := range car.Policy.Entries {
			for _, name := range e.When { // those with a number in them
				if _, ok := vehicle.Predicate(name); ok {
					known = append(known, name)
				}
			}
		}
	}
	return guard.Config{BusName: b.Name, Policy: car.Policy, Database: b.Database, Predicates: known}
}

// Counts is what became of the received frames so far.
func (p *Port) Counts() Counts {
	c := &p.counts
	return Counts{c.frames.Load(), c.unknown.Load(), c.checksum.Load(), c.counter.Load(), c.short.Load()}
}

// Run moves frames until ctx ends (nil) or a bus fails. A bus that is closed,
// or a recording that is at its end, fails nothing: its signals go stale. It
// runs once, and leaves the buses open.
func (p *Port) Run(ctx context.Context) error {
	if !p.started.CompareAndSwap(false, true) {
		return errors.New("carport: a port runs once")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, r := range p.receivers {
		wg.Go(func() {
			if err := r.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	for _, s := range p.senders {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Go(func() { p.sweep(ctx) })
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Bounds of the time between two sweeps: a signal is seen to be stale at most
// so late, and a store without traffic costs four wake-ups a second.
const (
	leastSweep = 10 * time.Millisecond
	mostSweep  = 250 * time.Millisecond
)

func (p *Port) sweep(ctx context.Context) {
	timer := time.NewTimer(leastSweep)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := p.now()
		wait := mostSweep
		if next := p.store.Sweep(now); !next.IsZero() {
			wait = min(max(next.Sub(now), leastSweep), mostSweep)
		}
		timer.Reset(wait)
	}
}

// receiver reads one bus. Its state belongs to its goroutine.
type receiver struct {
	name     string
	bus      canbus.Bus
	port     *Port
	standard *[canbus.MaxStandardID + 1]*received
	extended map[uint32]*received
	reports  []vehicle.Report
	readings []dbc.Reading
}

// received is one message that the overlay maps.
type received struct {
	plan    *dbc.MessagePlan
	spec    *messageSpec
	counter counterState
	ups     [][]link // by index into Message.Signals
	all     []vehicle.ID
}

// link is one DBC signal's way into the store.
type link struct {
	up   *Up
	id   vehicle.ID
	next time.Time // before it, changes are reported quietly
}

func newReceiver(car *Car, bus int, b canbus.Bus, p *Port) (*receiver, error) {
	r := &receiver{
		name: car.Buses[bus].Name, bus: b, port: p,
		standard: new([canbus.MaxStandardID + 1]*received), extended: map[uint32]*received{},
	}
	for _, m := range car.Mappings {
		if m.Up == nil || m.Up.Bus != bus {
			continue
		}
		id, ok := p.store.ID(m.Path())
		if !ok {
			return nil, fmt.Errorf("carport: the store has no signal %s; make it of Car.Signals", m.Path())
		}
		msg := m.Up.Message
		plan := car.Buses[bus].plan.Message(msg.ID, msg.Extended)
		if plan == nil || plan.Message != msg {
			return nil, fmt.Errorf("carport: %s: message %s of %s is not the one with its identifier %#x", m.Path(), msg.Name, car.Buses[bus].DBC, msg.ID)
		}
		e := r.find(msg.ID, msg.Extended)
		if e == nil {
			e = &received{plan: plan, spec: car.spec(messageKey{bus, msg}, false), ups: make([][]link, len(msg.Signals))}
			if msg.Extended {
				r.extended[msg.ID] = e
			} else if msg.ID <= canbus.MaxStandardID {
				r.standard[msg.ID] = e
			}
		}
		e.ups[m.Up.index] = append(e.ups[m.Up.index], link{up: m.Up, id: id})
		e.all = append(e.all, id)
	}
	return r, nil
}

func (r *receiver) find(id uint32, extended bool) *received {
	if extended {
		return r.extended[id]
	}
	if id > canbus.MaxStandardID {
		return nil
	}
	return r.standard[id]
}

// run reports what comes in, a batch of frames as one.
func (r *receiver) run(ctx context.Context) error {
	frames := make([]canbus.Frame, 64)
	for {
		n, err := r.bus.Receive(ctx, frames)
		if n > 0 {
			r.take(r.port.now(), frames[:n])
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, canbus.ErrClosed) || errors.Is(err, io.EOF):
			r.port.log.Info("bus ended", "bus", r.name)
			return nil
		default:
			return fmt.Errorf("receive on bus %s: %w", r.name, err)
		}
	}
}

// take reports a batch of frames.
func (r *receiver) take(now time.Time, frames []canbus.Frame) {
	r.reports = r.reports[:0]
	for i := range frames {
		r.frame(now, &frames[i])
	}
	r.port.counts.frames.Add(uint64(len(frames)))
	r.port.store.Report(now, r.reports)
}

func (r *receiver) frame(now time.Time, f *canbus.Frame) {
	if f.Flags&(canbus.Error|canbus.Remote|canbus.Sent) != 0 {
		return
	}
	m := r.find(f.ID, f.Flags&canbus.Extended != 0)
	if m == nil {
		r.port.counts.unknown.Add(1)
		return
	}
	source := now
	if f.Time != 0 {
		source = time.Unix(0, f.Time)
	}
	payload := f.Payload()
	r.readings = m.plan.Decode(payload, r.readings[:0])
	switch r.judge(now, m, payload) {
	case pass:
		return
	case invalid:
		for _, id := range m.all {
			r.reports = append(r.reports, vehicle.Report{ID: id, Quality: vehicle.Invalid, Source: source})
		}
		return
	}
	for i := range r.readings {
		reading := &r.readings[i]
		for j := range m.ups[reading.Signal] {
			r.value(now, source, m, &m.ups[reading.Signal][j], reading)
		}
	}
}

// judge checks length, checksum and counter of a frame whose readings are
// there.
func (r *receiver) judge(now time.Time, m *received, payload []byte) verdict {
	sum, counter := m.spec.checksum, m.spec.counter
	if sum != nil {
		if len(payload) < sum.length {
			r.port.counts.short.Add(1)
			return invalid
		}
		if payload[sum.at] != sum.sum(payload) {
			r.port.counts.checksum.Add(1)
			return invalid
		}
	}
	if counter != nil {
		n, ok := r.raw(int32(counter.signal))
		if !ok {
			r.port.counts.short.Add(1)
			return invalid
		}
		v := counter.next(&m.counter, now, m.spec.ttl, n)
		if v != use {
			r.port.counts.counter.Add(1)
		}
		return v
	}
	return use
}

// raw finds another signal's raw value in the frame at hand.
func (r *receiver) raw(signal int32) (int64, bool) {
	for i := range r.readings {
		if r.readings[i].Signal == signal {
			return r.readings[i].Raw, true
		}
	}
	return 0, false
}

// value reports one signal of a frame that is believed.
func (r *receiver) value(now, source time.Time, m *received, l *link, reading *dbc.Reading) {
	quality := vehicle.Valid
	for i := range l.up.flags {
		f := &l.up.flags[i]
		n, ok := r.raw(f.index)
		if ok && contains(f.in, n) {
			continue
		}
		if f.skip {
			return
		}
		quality = f.otherwise
	}
	var v vehicle.Value
	if quality == vehicle.Valid {
		v, quality = l.up.convert(reading.Raw, reading.Value)
	}
	quiet := l.up.Interval > 0 && now.Before(l.next)
	if !quiet && l.up.Interval > 0 {
		l.next = now.Add(l.up.Interval)
	}
	r.reports = append(r.reports, vehicle.Report{ID: l.id, Value: v, Quality: quality, Source: source, TTL: m.spec.ttl, Quiet: quiet})
}

func contains(list []int64, n int64) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

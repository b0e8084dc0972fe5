package vehicle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// DeskConfig says what a Desk works with. Store and Actuator are needed.
type DeskConfig struct {
	Store    *Store
	Actuator Actuator
	Logger   *slog.Logger // nil: silent
	Queue    int          // commands that may wait to be taken; 0: 32
}

// DefaultWithin is how long a Command waits for the report when it does not say.
const DefaultWithin = 2 * time.Second

// Desk takes commands to the car and says how they ended.
//
//	Ask --not valid, or the queue is full--------------> Refused
//	 |
//	queued --withdrawn, replaced, late, Desk ends------> Refused   (nothing was sent)
//	 |
//	Actuate --*Refusal---------------------------------> Refused
//	 |
//	sent --the report follows--------------------------> Done
//	 |
//	 +----replaced, asker left, deadline, Desk ends----> Uncertain (it may have happened)
//
// A command follows when a report that came after it was sent is Valid and
// within the signal's tolerance. A newer command for the same path replaces
// the older one, whoever asks: the last wish counts, and the older ends as
// Refused if nothing of it was sent yet, as Uncertain otherwise. An error of
// the Actuator that is not a *Refusal ends nothing: the report decides.
//
// While a command is under way, Sample.Asked of its path is its value.
type Desk struct {
	store    *Store
	actuator Actuator
	log      *slog.Logger
	queue    chan *request
	started  atomic.Bool
	ended    chan struct{}
}

// request is one command under way. The state decides between the asker, who
// may withdraw it, and the sender, who may take it: exactly one succeeds.
type request struct {
	Command
	id       ID
	sig      Signal
	asked    time.Time
	deadline time.Time
	state    atomic.Int32
	reply    chan Outcome // one slot; only Run's goroutine sends, once

	// Set by the sender before it hands the request back.
	baseline uint64 // reports of the signal before it was sent
	err      error  // of the Actuator

	sent bool // handed back; Run's goroutine only
}

const (
	queued int32 = iota
	taken
	withdrawn
)

// NewDesk makes a Desk; Run starts it.
func NewDesk(c DeskConfig) (*Desk, error) {
	if c.Store == nil || c.Actuator == nil {
		return nil, errors.New("vehicle: a desk needs a store and an actuator")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Queue <= 0 {
		c.Queue = 32
	}
	return &Desk{
		store: c.Store, actuator: c.Actuator, log: c.Logger,
		queue: make(chan *request, c.Queue), ended: make(chan struct{}),
	}, nil
}

// Ask takes a command to the car and returns how it ended: at once if it is
// refused, when the report follows, or after Command.Within. Any number of
// goroutines may ask. When ctx ends first, the command is withdrawn if nothing
// of it was sent yet, and is Uncertain otherwise.
func (d *Desk) Ask(ctx context.Context, c Command) Outcome {
	r, reason := d.request(c)
	if reason != "" {
		return Outcome{State: Refused, Reason: reason}
	}
	select {
	case d.queue <- r:
	default:
		return Outcome{State: Refused, Reason: "too many commands are waiting; try again"}
	}
	timer := time.NewTimer(time.Until(r.deadline))
	defer timer.Stop()
	why := ""
	select {
	case o := <-r.reply:
		return o
	case <-ctx.Done():
		why = "it was withdrawn before it was sent"
	case <-timer.C:
		why = "it could not be sent in time"
	case <-d.ended:
		why = "commands are no longer taken"
	}
	if r.withdraw() {
		return Outcome{State: Refused, Reason: why, Took: time.Since(r.asked)}
	}
	select {
	case o := <-r.reply: // Run settles what was taken, at its deadline or when it ends
		return o
	case <-ctx.Done():
	}
	select {
	case o := <-r.reply: // both were ready
		return o
	default:
		return Outcome{State: Uncertain, Reason: "nobody waited for the report; it may have happened", Took: time.Since(r.asked)}
	}
}

// request checks a command; reason is why not.
func (d *Desk) request(c Command) (r *request, reason string) {
	sig, ok := d.store.Signal(c.Path)
	if !ok {
		return nil, "this car has no such signal"
	}
	if reason := sig.refuses(c.Value); reason != "" {
		return nil, reason
	}
	if c.Within <= 0 {
		c.Within = DefaultWithin
	}
	id, _ := d.store.ID(c.Path)
	now := time.Now()
	return &request{
		Command: c, id: id, sig: sig,
		asked: now, deadline: now.Add(c.Within), reply: make(chan Outcome, 1),
	}, ""
}

// refuses says in a sentence why v may not be asked of the signal; "" if it may.
func (g *Signal) refuses(v Value) string {
	switch {
	case !g.Actuator:
		return "it can be read, not asked for"
	case v.kind != g.Type:
		return fmt.Sprintf("it takes %s; %s was asked for", typeWords[g.Type], typeWords[min(v.kind, List)])
	case g.admits(v):
		return ""
	case v.kind == Number && (math.IsNaN(v.num) || math.IsInf(v.num, 0)):
		return "it takes a finite number"
	case v.kind == Number:
		return fmt.Sprintf("it takes %s; %s was asked for", g.span(), v)
	}
	return fmt.Sprintf("it takes %s; %q was asked for", oneOf(g.Allowed), v.text)
}

var typeWords = [...]string{"nothing", "yes or no", "a number", "a text", "a list"}

// span is the signal's range in words.
func (g *Signal) span() string {
	unit := ""
	if g.Unit != "" {
		unit = " " + g.Unit
	}
	switch {
	case math.IsNaN(g.Min):
		return fmt.Sprintf("at most %g%s", g.Max, unit)
	case math.IsNaN(g.Max):
		return fmt.Sprintf("at least %g%s", g.Min, unit)
	}
	return fmt.Sprintf("%g to %g%s", g.Min, g.Max, unit)
}

func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// withdraw takes the request back; false if it is being sent, or was.
func (r *request) withdraw() bool {
	return r.state.CompareAndSwap(queued, withdrawn) || r.state.Load() == withdrawn
}

// follows says whether a report fulfils the request.
func (r *request) follows(s Sample) bool {
	if s.Quality != Valid {
		return false
	}
	want, ok := r.Value.Number()
	got, _ := s.Value.Number()
	if !ok {
		return s.Value == r.Value
	}
	tolerance := r.sig.Tolerance
	if tolerance == 0 {
		tolerance = math.Abs(want) * 1e-3
	}
	// The last digits of a sum of decimals are noise.
	return s.Value.Type() == Number && math.Abs(got-want) <= tolerance+math.Abs(want)*1e-9
}

// Run carries commands out until ctx ends, then settles what is under way and
// returns nil. It runs once.
func (d *Desk) Run(ctx context.Context) error {
	if !d.started.CompareAndSwap(false, true) {
		return errors.New("vehicle: a desk runs once")
	}
	l := &deskLoop{
		Desk: d, pending: map[ID]*request{},
		wake: &Watch{store: d.store, c: make(chan struct{}, 1)},
	}
	out, back := make(chan *request), make(chan *request)
	go func() {
		defer close(back)
		for r := range out {
			d.send(ctx, r)
			back <- r
		}
	}()
	l.run(ctx, out, back)
	close(out)
	for r := range back {
		l.handBack(r)
	}
	l.end()
	return nil
}

// send gives a request to the actuator, unless it was withdrawn.
func (d *Desk) send(ctx context.Context, r *request) {
	if !r.state.CompareAndSwap(queued, taken) {
		return
	}
	_, r.baseline, _ = d.store.followed(time.Now(), r.id)
	ctx, cancel := context.WithDeadline(ctx, r.deadline)
	defer cancel()
	r.err = d.actuator.Actuate(ctx, r.Command)
}

// deskLoop is the state of Run's goroutine.
type deskLoop struct {
	*Desk
	pending map[ID]*request // the newest of each signal
	outbox  []*request      // not yet with the sender
	wake    *Watch          // every report of a pending signal
}

func (l *deskLoop) run(ctx context.Context, out chan<- *request, back <-chan *request) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		var next *request
		var to chan<- *request
		if len(l.outbox) > 0 {
			next, to = l.outbox[0], out
		}
		timer.Reset(l.untilDeadline(time.Now()))
		select {
		case <-ctx.Done():
			return
		case r := <-l.queue:
			l.take(r)
		case to <- next:
			l.outbox = slices.Delete(l.outbox, 0, 1)
		case r := <-back:
			l.handBack(r)
		case <-l.wake.c:
		case <-timer.C:
		}
		l.check(time.Now())
	}
}

func (l *deskLoop) untilDeadline(now time.Time) time.Duration {
	wait := time.Hour
	for _, r := range l.pending {
		wait = min(wait, r.deadline.Sub(now))
	}
	return max(wait, 0)
}

// take begins a request: it replaces an older one of the same signal.
func (l *deskLoop) take(r *request) {
	if r.state.Load() == withdrawn {
		return
	}
	if old := l.pending[r.id]; old != nil { // Asked goes from one to the other
		if old.withdraw() {
			l.outbox = slices.DeleteFunc(l.outbox, func(o *request) bool { return o == old })
			l.answer(old, Refused, "a newer command replaced it before it was sent")
		} else {
			l.answer(old, Uncertain, "a newer command replaced it; it may have happened")
		}
	}
	l.pending[r.id] = r
	l.outbox = append(l.outbox, r)
	l.store.setFollow(r.id, l.wake, true)
	l.store.setAsked(r.id, r.Value)
}

// handBack notes that the sender is done with a request.
func (l *deskLoop) handBack(r *request) {
	if l.pending[r.id] != r {
		return // replaced meanwhile
	}
	var no *Refusal
	switch {
	case r.state.Load() == withdrawn:
		l.settle(r, Refused, "it was withdrawn before it was sent")
	case errors.As(r.err, &no):
		l.settle(r, Refused, no.Reason)
	default:
		r.sent = true
	}
}

// check settles what followed and what is late.
func (l *deskLoop) check(now time.Time) {
	for _, r := range l.pending {
		sample, reports, ages := l.store.followed(now, r.id)
		switch {
		// A signal that is only reported when it changes has no newer report
		// of a value that it has already.
		case r.sent && r.follows(sample) && (reports != r.baseline || !ages):
			l.settle(r, Done, "")
		case now.Before(r.deadline):
		case r.withdraw():
			l.settle(r, Refused, "it could not be sent in time")
		case r.err != nil && r.sent:
			l.settle(r, Uncertain, fmt.Sprintf("sending it ended with %q, and the car has not reported it; it may have happened", r.err))
		default:
			l.settle(r, Uncertain, fmt.Sprintf("the car has not reported it within %v; it may have happened", r.Within))
		}
	}
}

// settle ends the pending request of a signal.
func (l *deskLoop) settle(r *request, state OutcomeState, reason string) {
	delete(l.pending, r.id)
	l.store.setFollow(r.id, l.wake, false)
	l.store.setAsked(r.id, Value{})
	l.answer(r, state, reason)
}

func (l *deskLoop) answer(r *request, state OutcomeState, reason string) {
	o := Outcome{State: state, Reason: reason, Took: time.Since(r.asked)}
	r.reply <- o
	l.log.Debug("command ended", "path", r.Path, "value", r.Value, "origin", r.Origin, "state", state, "reason", reason, "took", o.Took)
}

// end settles everything that is under way when Run ends.
func (l *deskLoop) end() {
	l.check(time.Now())
	for _, r := range l.pending {
		if r.withdraw() {
			l.settle(r, Refused, "commands are no longer taken")
		} else {
			l.settle(r, Uncertain, "the desk closed before the car reported it; it may have happened")
		}
	}
	close(l.ended)
}

package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
)

// Reasons for which a frame is refused.
const (
	ReasonNoPolicy   = "no policy"
	ReasonError      = "error frame"
	ReasonRemote     = "remote frame"
	ReasonInvalid    = "not a valid frame"
	ReasonUnknown    = "unknown identifier"
	ReasonIdentifier = "wrong identifier format"
	ReasonFormat     = "wrong frame format"
	ReasonLength     = "wrong length"
	ReasonOrigin     = "origin not allowed"
	ReasonNoDatabase = "no database to check values"
	ReasonValue      = "value not allowed"
	ReasonUnused     = "unused bits not as required"
	ReasonCondition  = "condition not met"
	ReasonRate       = "rate exceeded"
)

// RefusedError says that a frame was not sent because the policy does not
// allow it. It certainly did not reach the bus.
type RefusedError struct {
	Bus    string
	Frame  canbus.Frame
	Reason string // one of the Reason constants
	Detail string // the signal or the predicate, where there is one
}

// Error names bus, identifier and reason.
func (e *RefusedError) Error() string {
	format := "%03x"
	if e.Frame.Flags&canbus.Extended != 0 {
		format = "%08x"
	}
	s := fmt.Sprintf("send "+format+" on %s: refused by policy: %s", e.Frame.ID, e.Bus, e.Reason)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Config is what a Guard needs.
type Config struct {
	Bus        canbus.Bus             // required
	BusName    string                 // selects the policy's entries
	Policy     *Policy                // nil: nothing may be sent
	Database   *dbc.Database          // nil: entries that name messages or ask for values refuse
	Predicate  func(name string) bool // true only if certainly so; nil: no condition is met
	Predicates []string               // the names that Predicate knows; nil: not checked
	Now        func() time.Time       // nil: time.Now
	Logger     *slog.Logger           // nil: no log
}

// Guard is a canbus.Bus that sends only what the policy allows.
type Guard struct {
	bus        canbus.Bus
	name       string
	policy     bool
	predicate  func(string) bool
	conditions []string // names of predicates, by the index that rules use
	now        func() time.Time
	start      time.Time
	logger     *slog.Logger
	rules      map[key]*rule
	free       chan *scratch // for the next Sends; a sync.Pool would lose them to the collector

	mu      sync.Mutex // guards what follows and rule.next
	refused map[string]*count
	passed  uint64
}

// count counts the refusals for one reason.
type count struct {
	total, quiet uint64        // quiet: since the last log line
	logged       time.Duration // since start
	ever         bool
}

// scratch is what one Send works on.
type scratch struct {
	frames   [16]canbus.Frame
	readings []dbc.Reading // grows to what the largest message needs
	met      []condition   // by index in Guard.conditions
}

// condition is what is known of a predicate during one Send.
type condition uint8

const (
	unread condition = iota
	met
	unmet
)

// New makes a guard of a policy. It fails if an entry for this bus cannot be
// understood: a message or a signal that the database does not have, a signal
// without a rule, a predicate that is not among the known ones.
func New(c Config) (*Guard, error) {
	if c.Bus == nil {
		return nil, errors.New("guard: no bus to guard")
	}
	g := &Guard{
		bus: c.Bus, name: c.BusName, policy: c.Policy != nil, predicate: c.Predicate, now: c.Now, logger: c.Logger,
		rules: map[key]*rule{}, refused: map[string]*count{}, free: make(chan *scratch, 8),
	}
	if g.now == nil {
		g.now = time.Now
	}
	if g.logger == nil {
		g.logger = slog.New(slog.DiscardHandler)
	}
	g.start = g.now()
	if c.Policy != nil {
		if err := g.compile(&c); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Receive passes on what the bus receives.
func (g *Guard) Receive(ctx context.Context, frames []canbus.Frame) (int, error) {
	return g.bus.Receive(ctx, frames)
}

// Close closes the bus.
func (g *Guard) Close() error { return g.bus.Close() }

// Send sends the frames that the policy allows to anybody. At the first frame
// that it refuses it stops with a *RefusedError; the frames before it are
// sent, those after it are not.
func (g *Guard) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	return g.send(ctx, frames, "")
}

// For is the same guard for frames that a named origin asks for. It shares
// counts and rates; closing it closes the bus.
func (g *Guard) For(origin string) canbus.Bus { return &view{g, origin} }

type view struct {
	*Guard
	origin string
}

func (v *view) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	return v.send(ctx, frames, v.origin)
}

func (g *Guard) send(ctx context.Context, frames []canbus.Frame, origin string) (int, error) {
	s := g.take()
	defer g.give(s)
	now := g.now().Sub(g.start)
	sent := 0
	for sent < len(frames) {
		batch := s.frames[:copy(s.frames[:], frames[sent:])]
		var refusal *RefusedError
		for i := range batch {
			if refusal = g.check(&batch[i], s, now, origin); refusal != nil {
				batch = batch[:i]
				break
			}
		}
		if len(batch) > 0 {
			n, err := g.bus.Send(ctx, batch)
			sent += n
			if err != nil || n < len(batch) {
				return sent, err
			}
		}
		if refusal != nil {
			return sent, refusal
		}
	}
	return sent, nil
}

// take gives a Send what it works on, with no predicate read.
func (g *Guard) take() *scratch {
	select {
	case s := <-g.free:
		clear(s.met)
		return s
	default:
		return &scratch{met: make([]condition, len(g.conditions))}
	}
}

func (g *Guard) give(s *scratch) {
	select {
	case g.free <- s:
	default:
	}
}

// Refused is how many frames were refused so far, by reason.
func (g *Guard) Refused() map[string]uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := make(map[string]uint64, len(g.refused))
	for reason, c := range g.refused {
		m[reason] = c.total
	}
	return m
}

// Passed is how many frames were allowed so far.
func (g *Guard) Passed() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.passed
}

// refuse counts and logs a refusal, at most once per reason and second.
func (g *Guard) refuse(f *canbus.Frame, now time.Duration, reason, detail string) *RefusedError {
	g.mu.Lock()
	c := g.refused[reason]
	if c == nil {
		c = &count{}
		g.refused[reason] = c
	}
	c.total++
	c.quiet++
	quiet := c.quiet
	loud := !c.ever || now-c.logged >= time.Second
	if loud {
		c.ever, c.logged, c.quiet = true, now, 0
	}
	g.mu.Unlock()
	if loud {
		g.logger.Warn("frame refused", "bus", g.name, "reason", reason, "detail", detail, "id", f.ID,
			"extended", f.Flags&canbus.Extended != 0, "length_bytes", f.Len, "refused", quiet)
	}
	return &RefusedError{Bus: g.name, Frame: *f, Reason: reason, Detail: detail}
}

// holds reads a predicate once per Send; a panic is a no.
func (g *Guard) holds(s *scratch, i int) bool {
	if s.met[i] == unread {
		s.met[i] = unmet
		if g.ask(g.conditions[i]) {
			s.met[i] = met
		}
	}
	return s.met[i] == met
}

func (g *Guard) ask(name string) (ok bool) {
	if g.predicate == nil {
		return false
	}
	defer func() {
		if r := recover(); r != nil {
			ok = false
			g.logger.Error("predicate panicked", "bus", g.name, "predicate", name, "panic", r)
		}
	}()
	return g.predicate(name)
}

// condition gives a predicate its index.
func (g *Guard) condition(name string) int {
	if i := slices.Index(g.conditions, name); i >= 0 {
		return i
	}
	g.conditions = append(g.conditions, name)
	return len(g.conditions) - 1
}

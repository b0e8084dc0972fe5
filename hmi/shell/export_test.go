package shell

import (
	"context"
	"time"

	"tandem/hmi"
)

// FrameForTest is the shell's part of a frame.
func (s *Shell) FrameForTest() func(now time.Time) { return s.frame }

// DoForTest takes a wish as if a control had sent it.
func (s *Shell) DoForTest(in hmi.Intent) { s.do(in) }

// Asker carries wishes.
type Asker = asker

// NewAsker is an open asker.
func NewAsker(ctx context.Context, car hmi.Vehicle, wake func()) *Asker {
	a := newAsker(car, wake)
	a.open(ctx)
	return a
}

// Ask takes a wish.
func (a *asker) Ask(w hmi.Ask) bool { return a.ask(w) }

// Close waits for the wishes under way.
func (a *asker) Close() { a.close() }

// MaxTells is how many requests to the phone link may be on their way.
const MaxTells = maxTells

// MaxAsks is how many wishes may be on their way.
const MaxAsks = maxAsks

// Package continuity tries to break the phone link's hand-off: it explores a
// small model of it to the last state, and lets random schedules of loss,
// repetition, reordering, partition, skewed clocks, crashes and torn writes
// loose on larger ones. It runs the real phonelink.Next and the real journal;
// it does not know how the machine works inside, only what it promises:
//
//	I1  at most one device holds a session
//	I2  no acknowledged operation is lost
//	I3  no operation is applied twice
//	I4  at most one device renders a session at any moment
//	I5  copies agree again within two round trips of a healed network
//	I6  a private session never leaves its profile, an ephemeral one the memory
//	I7  what is restricted is never rendered while moving
//
// and that no session is lost or outlives its owner's word, that every request is
// answered, an owner's own change at once, that nobody is refused a session that
// nobody gives away, that nothing is rendered before it is loaded and that no
// scene is set late.
package continuity

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tandem/phonelink"
)

// Config says what to simulate. Schedules is needed.
type Config struct {
	Schedules int
	Seed      uint64           // of the first schedule; the next has the next
	Workers   int              // 0: one for each processor
	Faults    phonelink.Faults // breaks of the protocol, to see that they are seen
	Progress  func(done int)   // nil: none; called by one goroutine at a time, now and then
}

// Report is what a run found.
type Report struct {
	Schedules int
	Events    int64         // events given to machines
	Took      time.Duration // of wall-clock time
	Violation *Violation    // of the lowest seed that was run; nil: none
}

// Run simulates Config.Schedules schedules, and stops at a violation. The
// error is ctx's, or that of the Config.
func Run(ctx context.Context, c Config) (Report, error) {
	if c.Schedules < 1 {
		return Report{}, errors.New("continuity: at least one schedule is needed")
	}
	workers := c.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	began := time.Now()
	var next, done, events atomic.Int64
	var mu sync.Mutex
	var found *Violation
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			var w world
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(c.Schedules) {
					return
				}
				bad := w.run(&c, c.Seed+uint64(i))
				events.Add(int64(w.events))
				n := done.Add(1)
				mu.Lock()
				if bad != nil && (found == nil || bad.Seed < found.Seed) {
					found = bad
				}
				stop := found != nil
				if c.Progress != nil && n%1000 == 0 {
					c.Progress(int(n))
				}
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	r := Report{int(done.Load()), events.Load(), time.Since(began), found}
	if found == nil && ctx.Err() != nil {
		return r, ctx.Err()
	}
	return r, nil
}

// Replay simulates one schedule and hands each line of what happens to trace.
func Replay(c Config, seed uint64, trace func(line string)) *Violation {
	w := world{trace: trace}
	return w.run(&c, seed)
}

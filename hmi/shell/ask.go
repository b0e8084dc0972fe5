package shell

import (
	"context"
	"sync"

	"tandem/hmi"
	"tandem/vehicle"
)

// maxAsks bounds the wishes that are on their way at once, and with them the
// goroutines: one per signal.
const maxAsks = 32

// asker takes wishes to the car, one at a time per signal. A newer wish for
// the same signal waits for the running one and replaces what waited, so that
// ten quick taps on "warmer" ask for the last temperature, not for ten.
//
//	idle --ask--> running --ask--> running, next --outcome--> running --outcome--> idle
type asker struct {
	car  hmi.Vehicle
	wake func() // called when an outcome is there

	mu     sync.Mutex // guards what follows
	ctx    context.Context
	under  map[vehicle.Path]*asking
	ended  []outcome
	closed bool
	wg     sync.WaitGroup
}

// asking is one signal's wishes.
type asking struct {
	want vehicle.Value // the last wish
	next bool          // want is not the one that is under way
}

// outcome is how a wish ended.
type outcome struct {
	path vehicle.Path
	vehicle.Outcome
}

func newAsker(car hmi.Vehicle, wake func()) *asker {
	return &asker{car: car, wake: wake, under: map[vehicle.Path]*asking{}}
}

// open lets wishes through until ctx ends.
func (a *asker) open(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx = ctx
}

// close lets no further wish through and waits for those under way.
func (a *asker) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.wg.Wait()
}

// ask takes a wish; false when too many are on their way or nobody takes them.
func (a *asker) ask(w hmi.Ask) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.under[w.Path]; u != nil {
		u.want, u.next = w.Value, true
		return true
	}
	if a.closed || a.ctx == nil || len(a.under) >= maxAsks {
		return false
	}
	u := &asking{want: w.Value}
	a.under[w.Path] = u
	a.wg.Go(func() { a.run(a.ctx, w.Path, w.Value) })
	return true
}

// run asks for one signal until no further wish waits.
func (a *asker) run(ctx context.Context, p vehicle.Path, v vehicle.Value) {
	for {
		o := a.car.Ask(ctx, vehicle.Command{Path: p, Value: v, Origin: "hmi"})
		a.mu.Lock()
		u := a.under[p]
		again := u.next && ctx.Err() == nil
		if again {
			v, u.next = u.want, false
		} else {
			delete(a.under, p)
			a.ended = append(a.ended, outcome{p, o})
		}
		a.mu.Unlock()
		if !again {
			a.wake()
			return
		}
	}
}

// mark puts the wishes that are on their way into a model.
func (a *asker) mark(m *hmi.Model) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p, u := range a.under {
		m.Ask(p, u.want)
	}
}

// take hands over the outcomes since the last call, appended to dst.
func (a *asker) take(dst []outcome) []outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	dst = append(dst, a.ended...)
	a.ended = a.ended[:0]
	return dst
}

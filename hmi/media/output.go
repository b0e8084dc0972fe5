package media

import (
	"context"
	"sync"
	"time"
)

// Output is where sound goes: frames at Rate. One goroutine uses it.
type Output interface {
	// Write takes frames and returns when the Output has room for as many more:
	// it sets the pace. It keeps nothing of the slice.
	Write(ctx context.Context, frames []Frame) error
	// Delay is how long after a Write now its first frame would be heard.
	Delay() time.Duration
}

// Null is an Output without a loudspeaker, at the pace of the clock: for a head
// unit without sound hardware, and for tests. Its zero value is ready.
type Null struct {
	// Heard is called with each block and the moment when its first frame would
	// be heard; nil for nobody.
	Heard func(at time.Time, frames []Frame)

	mu   sync.Mutex
	next time.Time // when what was written so far has been heard
}

// ahead is how much sound a Null takes before it is heard.
const ahead = 20 * time.Millisecond

// Delay is part of Output.
func (o *Null) Delay() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(0, time.Until(o.next))
}

// Write is part of Output.
func (o *Null) Write(ctx context.Context, frames []Frame) error {
	o.mu.Lock()
	now := time.Now()
	if o.next.Before(now) {
		o.next = now
	}
	at := o.next
	o.next = o.next.Add(time.Duration(len(frames)) * time.Second / Rate)
	wait := o.next.Sub(now) - ahead
	o.mu.Unlock()
	if o.Heard != nil {
		o.Heard(at, frames)
	}
	if wait <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Package sim is the rest of the world: a car and its control units, a driver,
// the weather, and what goes wrong. It is an independent oracle: what it sends
// is encoded by generated code or by hand and goes through brutella's bus, what
// the head unit reads goes through our own plans, so that a test between the two
// crosses two implementations. It knows the rooms of the head unit only from
// outside: as frames on a bus.
package sim

import (
	"context"
	"sync"

	"tandem/canbus"
)

// Recorder is a bus on which nobody else talks: it keeps what is sent, in
// order, for tests and for logs in virtual time.
type Recorder struct {
	closed chan struct{}

	mu     sync.Mutex
	done   bool
	frames []canbus.Frame
}

var _ canbus.Bus = (*Recorder)(nil)

// NewRecorder makes an empty recorder.
func NewRecorder() *Recorder { return &Recorder{closed: make(chan struct{})} }

// Receive waits for the end: nothing ever comes.
func (r *Recorder) Receive(ctx context.Context, _ []canbus.Frame) (int, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-r.closed:
		return 0, canbus.ErrClosed
	}
}

// Send keeps the frames.
func (r *Recorder) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return 0, canbus.ErrClosed
	}
	r.frames = append(r.frames, frames...)
	return len(frames), nil
}

// Take appends what was sent since the last Take to dst.
func (r *Recorder) Take(dst []canbus.Frame) []canbus.Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	dst = append(dst, r.frames...)
	r.frames = r.frames[:0]
	return dst
}

// Close ends a Receive that waits.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.done {
		r.done = true
		close(r.closed)
	}
	return nil
}

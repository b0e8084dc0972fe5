package canbus

import (
	"context"
	"errors"
)

// ErrClosed is returned by a Bus that has been closed.
var ErrClosed = errors.New("canbus: bus is closed")

// Bus is one attachment to one CAN bus.
//
// Receive blocks until at least one frame is there, fills the batch from its
// start and says how many; it allocates nothing. One goroutine receives at a
// time. Send hands the frames to the bus in order and says how many went;
// any number of goroutines may send. Both end with the context's error when
// it ends and with ErrClosed after Close, which any goroutine may call, more
// than once, and which wakes a blocked Receive.
type Bus interface {
	Receive(ctx context.Context, frames []Frame) (int, error)
	Send(ctx context.Context, frames []Frame) (int, error)
	Close() error
}

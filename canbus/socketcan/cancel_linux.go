package socketcan

import (
	"context"
	"sync"
	"time"
)

// canceller lets the end of a context end a blocked read, without an
// allocation for each read: most callers come with the same context again.
type canceller struct {
	set func(deadline time.Time) error // of the file's reads

	mu    sync.Mutex
	done  <-chan struct{} // of the context that is watched
	undo  func() bool
	epoch uint64
}

// watch makes the end of ctx, and of no earlier one, end the reads that follow.
func (c *canceller) watch(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Done() == c.done {
		return nil
	}
	c.stopLocked()
	if err := c.set(time.Time{}); err != nil {
		return err
	}
	c.done = ctx.Done()
	if c.done == nil {
		return nil
	}
	epoch := c.epoch
	c.undo = context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.epoch == epoch {
			_ = c.set(time.Unix(1, 0)) // a closed file wakes its readers itself
		}
	})
	return nil
}

func (c *canceller) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopLocked()
}

func (c *canceller) stopLocked() {
	c.epoch++
	if c.undo != nil {
		c.undo()
	}
	c.undo, c.done = nil, nil
}

package carport_test

import (
	"sync/atomic"
	"time"
)

// clock is a time that a test sets while others read it.
type clock struct{ ns atomic.Int64 }

func (c *clock) get() time.Time  { return time.Unix(0, c.ns.Load()) }
func (c *clock) set(t time.Time) { c.ns.Store(t.UnixNano()) }

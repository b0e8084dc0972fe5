package fynedriver

import (
	"sync"
	"time"
)

// Stats counts frames. Cost is the time from the start of a frame to the end
// of its Present.
type Stats struct {
	Frames    uint64 // turns of the loop
	Presented uint64 // frames in which something was shown
	Pixels    uint64 // damaged pixels
	Dropped   uint64 // input events that found the queue full
	// Cost counts frames by cost: bucket i holds those below 2^i * 62.5 µs,
	// the last one all others.
	Cost [12]uint64
}

const firstBucket = 62500 * time.Nanosecond

// counters are the stats with their lock.
type counters struct {
	mu sync.Mutex
	s  Stats
}

func (c *counters) frame(cost time.Duration, pixels int, shown bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.s
	s.Frames++
	if shown {
		s.Presented++
	}
	s.Pixels += uint64(pixels)
	b := 0
	for limit := firstBucket; b < len(s.Cost)-1 && cost >= limit; limit *= 2 {
		b++
	}
	s.Cost[b]++
}

func (c *counters) copy() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.s
}

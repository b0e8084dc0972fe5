package display

import (
	"sync"
	"time"
)

// DefaultPeriod is the beat of an output that has no clock of its own.
const DefaultPeriod = time.Second / 60

// Beater is an Output with a clock: a panel that flips on its own beat.
type Beater interface {
	// Period is the time between two flips, 0 when there is no such beat.
	Period() time.Duration
}

// Pacer is the clock of an output that has none. An idle output shows a frame
// at once; frames that follow come one period apart. The zero value beats at
// 60 Hz. Any goroutine may use it.
type Pacer struct {
	Period time.Duration // 0: DefaultPeriod

	mu   sync.Mutex
	last time.Time // when the last frame was, or is to be, seen
}

// Next is when a frame that is presented now is seen.
func (p *Pacer) Next(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nextLocked(now)
}

// Presented tells the pacer that a frame has been presented at now. A frame
// that came early counts from its beat, so that the beat does not drift.
func (p *Pacer) Presented(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = p.nextLocked(now)
}

func (p *Pacer) nextLocked(now time.Time) time.Time {
	period := p.Period
	if period <= 0 {
		period = DefaultPeriod
	}
	if next := p.last.Add(period); !p.last.IsZero() && next.After(now) {
		return next
	}
	return now
}

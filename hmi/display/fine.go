package display

import "time"

// Fine ends waits exactly. A time.Timer is up to a millisecond late when the
// process has nothing else to do, because the runtime then waits in whole
// milliseconds; a frame that is a millisecond late misses its flip. So a timer
// is set early, by Lead, and Wait sleeps through the rest in the kernel, to
// some tens of microseconds. The zero value is ready; one goroutine uses it.
type Fine struct {
	useless bool // the clock does not follow the kernel's sleep: virtual time, or no such sleep here
}

// Lead is how long before the moment a timer is to end.
func (f *Fine) Lead() time.Duration {
	if f.useless {
		return 0
	}
	return 1200 * time.Microsecond
}

// Wait returns at t, or at once when it has passed. It is meant for no more
// than Lead: nothing interrupts it.
func (f *Fine) Wait(t time.Time) {
	from := time.Now()
	left := t.Sub(from)
	if left <= 0 {
		return
	}
	if !f.useless {
		nap(left)
		f.useless = time.Since(from) < left/2
	}
	if left = time.Until(t); left > 0 {
		time.Sleep(left)
	}
}

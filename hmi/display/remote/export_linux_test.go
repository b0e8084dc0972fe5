package remote

import "time"

// Done is what a display says when it has taken a frame.
func Done(next time.Time, period time.Duration) []byte {
	return done{next: next, period: period}.append(nil, momentNow())
}

// Busy reports whether the display still reads the last frame.
func (l *Layer) Busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy != nil
}

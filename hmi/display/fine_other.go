//go:build !linux

package display

import "time"

// nap leaves the wait to the timers.
func nap(time.Duration) {}

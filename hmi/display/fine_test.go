package display_test

import (
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi/display"
)

func TestFineWaitsForTheMoment(t *testing.T) {
	var f display.Fine
	for _, d := range []time.Duration{-time.Second, 0, time.Microsecond, 300 * time.Microsecond, f.Lead()} {
		at := time.Now().Add(d)
		f.Wait(at)
		if now := time.Now(); now.Before(at) {
			t.Errorf("waiting %v ended %v early", d, at.Sub(now))
		}
	}
}

// In virtual time the kernel's sleep does not move the clock: Fine notices and
// leaves everything to the timers.
func TestFineInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f display.Fine
		for range 3 {
			at := time.Now().Add(time.Millisecond)
			f.Wait(at)
			if got := time.Now(); !got.Equal(at) {
				t.Errorf("ended at %v, want %v", got, at)
			}
		}
		if got := f.Lead(); got != 0 {
			t.Errorf("lead in virtual time: %v, want 0", got)
		}
	})
}

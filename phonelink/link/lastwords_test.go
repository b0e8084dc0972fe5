package link_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
)

// TestLastWords: what was sent just before a hub ends arrives; a peer that
// does not answer any more holds the end up for a second at most.
func TestLastWords(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		for i := range 20 {
			w.send(w.phone, w.car, phonelink.ClassMedia, fmt.Sprint("last ", i))
		}
		w.send(w.phone, w.car, phonelink.ClassCall, "word")
		w.phone.stop()
		w.expect(w.car, "word", true)
		for i := range 20 {
			w.expect(w.car, fmt.Sprint("last ", i), false)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, *seed, true)
		w.up()
		defer func() { w.stop() }()
		w.net.BlackHole(true)
		w.send(w.phone, w.car, phonelink.ClassMedia, "nobody hears it")
		began := time.Now()
		w.phone.stop()
		if took := time.Since(began); took > 1100*time.Millisecond {
			t.Errorf("the end took %v of a second", took)
		}
	})
}

package shell_test

import (
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi/shell"
	"tandem/phonelink"
	"tandem/vehicle"
)

// The shell's own part of a frame in which only the speed changes allocates
// nothing: snapshot, model, restrictions, every visible widget.
func TestSteadyFrameAllocatesNothing(t *testing.T) {
	for _, screen := range []string{"Home", "Drive", "Media", "Phone", "Climate", "Vehicle", "Settings"} {
		if raced && screen != "Drive" {
			continue
		}
		t.Run(screen, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, shell.Moving)
				l.view.Sessions[0].Doc.(*phonelink.MediaDoc).Playing = false // a playing one writes its time each second
				r := start(t, shell.Driving, func(c *shell.Config) { c.Phones = l })
				defer r.stop()
				r.tap(screen)
				time.Sleep(time.Second)
				id, _ := r.car.store.ID(vehicle.Speed)
				rs := []vehicle.Report{{ID: id, Quality: vehicle.Valid}}
				now, i := time.Now(), 0
				frame := r.s.FrameForTest()
				allocs := 0.0
				r.do(func() {
					step := func() {
						i++
						now = now.Add(time.Second / 60)
						rs[0].Value = vehicle.NumberOf(80 + float64(i%40)*0.7)
						r.car.store.Report(now, rs)
						frame(now)
					}
					for range 200 { // numbers are written once
						step()
					}
					now = now.Truncate(time.Minute).Add(time.Second) // the clock stands for a minute
					allocs = testing.AllocsPerRun(5, func() {
						for range 40 { // AllocsPerRun rounds down
							step()
						}
					})
				})
				if allocs != 0 {
					t.Errorf("got %v allocations in 40 frames, want 0", allocs)
				}
			})
		})
	}
}

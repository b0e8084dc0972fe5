package shell_test

import (
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"tandem/hmi"
	"tandem/hmi/input"
	"tandem/hmi/paint"
	"tandem/hmi/shell"
	"tandem/hmi/theme"
	"tandem/phonelink"
	"tandem/vehicle"
)

// Whatever ten fingers, keys, the wheel and the car do a hundred thousand
// times, the shell neither panics nor hangs, keeps no goroutine and no event
// too many, and Home can still be reached.
func TestWildInput(t *testing.T) {
	events := 100_000
	if testing.Short() || raced {
		events = 3000
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving, func(c *shell.Config) { c.DataDir = dir })
		defer r.stop()
		before := goleak.IgnoreCurrent()
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range events {
			r.ui.events <- wildEvent(rng)
			r.wildCar(rng, i)
			if pause := rng.IntN(120); pause < 10 { // else several arrive in a frame
				time.Sleep(time.Duration(pause) * time.Millisecond)
			}
		}
		r.car.behave(false, "")
		r.calm()
		goleak.VerifyNone(t, before)
		r.tapAt(52, 64)
		r.settle()
		if got := r.s.State().Screen; got != hmi.Home {
			t.Errorf("a touch on the dock after it: screen %v, want home", got)
		}
	})
}

// However much is touched while a frame hangs, what waits is bounded.
func TestWildInputWhileAFrameHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		const events, room = 20_000, 1024 + 10 // an end of each touch has a place in any case
		hang := make(chan struct{})
		go r.do(func() { <-hang })
		synctest.Wait()
		rng := rand.New(rand.NewPCG(3, 4))
		merged := uint64(0)
		for range events {
			ev := wildEvent(rng)
			if ev.Kind == input.TouchMove {
				merged++ // perhaps
			}
			r.ui.events <- ev
		}
		synctest.Wait()
		if got := r.s.Driver().Stats().Dropped; got+merged+room < events {
			t.Errorf("%d events, %d of them moves: %d dropped, want all but %d", events, merged, got, room)
		}
		close(hang)
		r.calm()
		r.tapAt(52, 64)
		r.settle()
		if got := r.s.State().Screen; got != hmi.Home {
			t.Errorf("a touch on the dock after it: screen %v, want home", got)
		}
	})
}

// wildEvent is anything that any source of input may say, and a little more.
func wildEvent(rng *rand.Rand) input.Event {
	kinds := [...]input.Kind{
		input.TouchDown, input.TouchMove, input.TouchUp, input.TouchUp, input.TouchDown, input.TouchMove, input.TouchUp, input.TouchDown,
		input.TouchCancel, input.Scroll, input.Rotate, input.KeyDown, input.KeyUp, input.Rune,
	}
	keys := [...]string{"Return", "Escape", "Left", "Right", "Up", "Down", "Tab", "Space", "BackSpace", "LeftShift", "F1", ""}
	return input.Event{
		Kind: kinds[rng.IntN(len(kinds))], Contact: rng.IntN(10), X: rng.Float32()*1.2 - 0.1, Y: rng.Float32()*1.2 - 0.1,
		DX: rng.Float32()*100 - 50, DY: rng.Float32()*100 - 50, Steps: rng.IntN(9) - 4, Key: keys[rng.IntN(len(keys))], Rune: rune(rng.IntN(0x300)),
	}
}

// wildCar changes the car now and then: its mood, whether it answers, and its
// speed and light with reports that go stale.
func (r *rig) wildCar(rng *rand.Rand, i int) {
	switch {
	case i%1000 == 0:
		r.car.mood(shell.Moods()[rng.IntN(len(shell.Moods()))])
	case i%500 == 250:
		r.car.report(time.Second, values{vehicle.ExteriorLightIntensity: vehicle.NumberOf(rng.Float64() * 100)})
	case i%300 == 0:
		r.car.behave(rng.IntN(2) == 0, []string{"", "no"}[rng.IntN(2)])
	case i%40 == 0:
		r.car.report(time.Second, values{vehicle.Speed: vehicle.NumberOf(rng.Float64() * 300)})
	}
}

// calm lifts all fingers and waits until wishes have ended one way or another.
func (r *rig) calm() {
	for c := range 10 {
		r.ui.events <- input.Event{Kind: input.TouchCancel, Contact: c}
	}
	time.Sleep(20 * time.Second)
}

// At night the screen must not blind: the average luminance of a usual drive
// stays within 8 % of full white.
func TestNightIsDark(t *testing.T) {
	test.NewTempApp(t)
	for i, s := range shell.Gallery() {
		pairs := s.Link == shell.Pairs || s.Link == shell.Compares // the code to scan shows only while parked
		if raced && i%3 != 0 || !s.Night || s.Mood != shell.Driving && !pairs || s.Settings.Language != "en" {
			continue
		}
		root, th := s.Build()
		p := paint.New(paint.Config{Size: s.Size, Scale: th.Panel.Scale})
		p.Frame(root)
		if got := average(p.Picture().RGBA()); got > 0.08 {
			t.Errorf("%v: average luminance %.1f %%, want at most 8 %%", s, got*100)
		}
	}
}

func average(img *image.RGBA) float64 {
	sum, n := 0.0, 0
	for y := 0; y < img.Rect.Dy(); y += 3 {
		for x := 0; x < img.Rect.Dx(); x += 3 {
			c := img.RGBAAt(x, y)
			sum += theme.Luminance(toNRGBA(c.R, c.G, c.B))
			n++
		}
	}
	return sum / float64(n)
}

// fickle is a phone link that says anything, and now and then does what it is
// asked.
type fickle struct {
	*link
	rng *rand.Rand
}

func (f fickle) Do(context.Context, phonelink.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch f.rng.IntN(4) {
	case 0:
		return &phonelink.Refusal{Code: phonelink.RefusedAbsent, Reason: "not in reach"}
	case 1:
		return errors.New("broken pipe")
	}
	return nil
}

// Whatever phones say while ten fingers touch the screens of phones, parked and
// driving, in any language and light, the shell neither panics nor hangs.
func TestWildPhones(t *testing.T) {
	events := 30_000
	if testing.Short() || raced {
		events = 2000
	}
	synctest.Test(t, func(t *testing.T) {
		l := fickle{newLink(t, shell.Busy), rand.New(rand.NewPCG(7, 8))}
		r := start(t, shell.Driving, func(c *shell.Config) { c.Phones = l })
		defer r.stop()
		rng := rand.New(rand.NewPCG(9, 10))
		for i := range events {
			r.ui.events <- wildEvent(rng)
			switch {
			case i%97 == 0:
				cond := shell.Links()[rng.IntN(len(shell.Links()))]
				l.change(func(v *phonelink.View) { *v = *cond.View(time.Now()) })
			case i%211 == 0:
				r.car.mood([]shell.Mood{shell.Driving, shell.Longest, shell.Alarm}[rng.IntN(3)])
			case i%61 == 0:
				in := []hmi.Intent{hmi.Show{Screen: hmi.MediaScreen}, hmi.Show{Screen: hmi.PhoneScreen}, hmi.ShowPart{Part: rng.IntN(9) - 1}, hmi.Select{Key: "x", Phone: "y"}, hmi.Turn{By: rng.IntN(9) - 4},
					hmi.Choose{Name: "light", Value: []string{"day", "night"}[rng.IntN(2)]}, hmi.Choose{Name: "language", Value: hmi.Choices("language")[rng.IntN(4)]}}
				r.do(func() { r.s.DoForTest(in[rng.IntN(len(in))]) })
			}
			if pause := rng.IntN(120); pause < 10 {
				time.Sleep(time.Duration(pause) * time.Millisecond)
			}
		}
		r.calm()
		r.tapAt(52, 64)
		r.settle()
		if got := r.s.State().Screen; got != hmi.Home {
			t.Errorf("a touch on the dock after it: screen %v, want home", got)
		}
	})
}

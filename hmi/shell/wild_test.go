package shell_test

import (
	"image"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2/test"

	"tandem/hmi/input"
	"tandem/hmi/paint"
	"tandem/hmi/shell"
	"tandem/hmi/theme"
	"tandem/vehicle"
)

// Whatever fingers, keys and the car do, the shell neither panics nor hangs,
// and Home can still be reached.
func TestWildInput(t *testing.T) {
	events := 3000
	if testing.Short() {
		events = 300
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving, func(c *shell.Config) { c.DataDir = dir })
		defer r.stop()
		rng := rand.New(rand.NewPCG(1, 2))
		keys := []string{"Return", "Escape", "Left", "Right", "Up", "Down", "Tab", "Space", "BackSpace", "F1", ""}
		kinds := []input.Kind{input.TouchDown, input.TouchMove, input.TouchUp, input.TouchUp, input.TouchDown, input.TouchCancel, input.Scroll, input.Rotate, input.KeyDown, input.KeyUp, input.Rune}
		moods := shell.Moods()
		for i := range events {
			r.ui.events <- input.Event{
				Kind: kinds[rng.IntN(len(kinds))], Contact: rng.IntN(3), X: rng.Float32()*1.2 - 0.1, Y: rng.Float32()*1.2 - 0.1,
				DX: rng.Float32()*100 - 50, DY: rng.Float32()*100 - 50, Steps: rng.IntN(9) - 4, Key: keys[rng.IntN(len(keys))], Rune: rune(rng.IntN(0x300)),
			}
			switch {
			case i%500 == 0:
				r.car.mood(moods[rng.IntN(len(moods))])
			case i%300 == 0:
				r.car.behave(rng.IntN(2) == 0, []string{"", "no"}[rng.IntN(2)])
			case i%40 == 0:
				r.car.report(time.Second, values{vehicle.Speed: vehicle.NumberOf(rng.Float64() * 300), vehicle.ExteriorLightIntensity: vehicle.NumberOf(rng.Float64() * 100)})
			}
			time.Sleep(time.Duration(rng.IntN(30)) * time.Millisecond)
		}
		r.car.behave(false, "")
		for c := range 3 {
			r.ui.events <- input.Event{Kind: input.TouchCancel, Contact: c}
		}
		time.Sleep(5 * time.Second)
		r.tapAt(52, 100)
		r.settle()
		if got := r.s.State().Screen; got != 0 {
			t.Errorf("a touch on the dock after it: screen %v, want home", got)
		}
	})
}

// At night the screen must not blind: the average luminance of a usual drive
// stays within 8 % of full white.
func TestNightIsDark(t *testing.T) {
	test.NewTempApp(t)
	for _, s := range shell.Gallery() {
		if !s.Night || s.Mood != shell.Driving || s.Settings.Language != "en" {
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

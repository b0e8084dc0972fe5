package widget_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"

	"tandem/hmi"
	"tandem/hmi/lint"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

func look(night bool) *theme.Theme { return theme.New(theme.PanelFor(image.Pt(1280, 720)), night) }

func sized[T fyne.CanvasObject](o T, w, h float32) T {
	o.Resize(fyne.NewSize(w, h))
	return o
}

// A control looks pressed while the finger is down, and taps by finger, Return
// and space.
func TestControlTaps(t *testing.T) {
	test.NewTempApp(t)
	n := 0
	b := widget.NewButton(look(true), widget.IconPlus, "More", "more", func() { n++ })
	b.TouchDown(&mobile.TouchEvent{})
	if !strings.Contains(b.Status(), "pressed") {
		t.Error("the finger is down, and it does not look pressed")
	}
	b.TouchUp(&mobile.TouchEvent{})
	if strings.Contains(b.Status(), "pressed") {
		t.Error("the finger is up, and it looks pressed")
	}
	b.TouchDown(&mobile.TouchEvent{})
	b.TouchCancel(&mobile.TouchEvent{})
	if strings.Contains(b.Status(), "pressed") {
		t.Error("the finger was withdrawn, and it looks pressed")
	}
	b.Tapped(&fyne.PointEvent{})
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
	b.TypedRune(' ')
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	b.TypedRune('x')
	if n != 4 {
		t.Errorf("taps: got %d, want 4", n)
	}
	b.FocusGained()
	if !strings.Contains(b.Status(), "focused") {
		t.Error("it does not look focused")
	}
	b.FocusLost()
	if strings.Contains(b.Status(), "focused") {
		t.Error("it still looks focused")
	}
}

// What is forbidden does nothing by any way but say why.
func TestForbidden(t *testing.T) {
	test.NewTempApp(t)
	n, why := 0, ""
	b := widget.NewButton(look(true), widget.IconPlus, "More", "more", func() { n++ })
	b.Denied = func(r string) { why = r }
	b.Forbid("Available when parked")
	b.TouchDown(&mobile.TouchEvent{})
	if strings.Contains(b.Status(), "pressed") || !b.Disabled() {
		t.Errorf("forbidden: got %q", b.Status())
	}
	b.Tapped(&fyne.PointEvent{})
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.TypedRune(' ')
	if n != 0 || why != "Available when parked" || b.Reason() != why {
		t.Errorf("forbidden: %d taps, said %q", n, why)
	}
	b.Forbid("")
	b.Tapped(&fyne.PointEvent{})
	if n != 1 || b.Disabled() {
		t.Errorf("allowed again: %d taps, want 1", n)
	}
	why = ""
	b.Disable()
	b.Tapped(&fyne.PointEvent{})
	if n != 1 || why != "" {
		t.Errorf("disabled without a reason: %d taps, said %q", n, why)
	}
	b.Enable()
	if b.Disabled() {
		t.Error("enabled: it is disabled")
	}
}

// Every state of every kind of control can be told from the others without
// colour of text alone, and is readable: lint has nothing to say.
func TestStatesAreReadableAndDiffer(t *testing.T) {
	test.NewTempApp(t)
	states := []widget.State{{}, {On: true}, {Pending: true}, {On: true, Pending: true}, {Unknown: true}}
	for _, night := range []bool{true, false} {
		th := look(night)
		for kind, build := range map[string]func() (fyne.CanvasObject, *widget.Control){
			"button": func() (fyne.CanvasObject, *widget.Control) {
				b := widget.NewButton(th, widget.IconLock, "Lock", "lock", nil)
				return b, &b.Control
			},
			"button on ground": func() (fyne.CanvasObject, *widget.Control) {
				b := widget.NewButton(th, widget.IconLock, "Lock", "lock", nil).OnGround()
				return b, &b.Control
			},
			"tile": func() (fyne.CanvasObject, *widget.Control) {
				b := widget.NewTile(th, widget.IconAC, "A/C", "A/C", 3, nil)
				return b, &b.Control
			},
			"wide tile": func() (fyne.CanvasObject, *widget.Control) {
				b := widget.NewTile(th, widget.IconSeat, "Seat", "seat", 3, nil).Wide()
				return b, &b.Control
			},
			"dock": func() (fyne.CanvasObject, *widget.Control) {
				b := widget.NewNav(th, widget.IconHome, "home", nil)
				return b, &b.Control
			},
		} {
			for _, disabled := range []bool{false, true} {
				for _, pressed := range []bool{false, true} {
					for _, s := range states {
						o, c := build()
						c.SetState(s)
						if disabled {
							c.Forbid("no")
						}
						if pressed {
							c.TouchDown(&mobile.TouchEvent{})
						}
						back := canvas.NewRectangle(th.Surface1)
						back.Resize(fyne.NewSize(400, 200))
						o.Resize(fyne.NewSize(280, 116))
						root := container.NewWithoutLayout(back, o)
						root.Resize(back.Size())
						for _, f := range lint.Check(root, lint.Display{Size: image.Pt(400, 200), Scale: 1}) {
							t.Errorf("night %v %s %+v disabled %v pressed %v: %v", night, kind, s, disabled, pressed, f)
						}
					}
				}
			}
		}
	}
}

// A pointer comes to its target fast, never goes past it, and stands still
// there.
func TestDamper(t *testing.T) {
	for _, hz := range []int{30, 60, 144} {
		var d widget.Damper
		now := time.Unix(0, 0)
		d.To(10)
		if x, moving := d.At(now, 80*time.Millisecond); x != 10 || moving {
			t.Fatalf("first: got %v %v, want 10 at once", x, moving)
		}
		d.To(110)
		last, frames := 10.0, 0
		for moving := true; moving && frames < 1000; frames++ {
			now = now.Add(time.Second / time.Duration(hz))
			var x float64
			x, moving = d.At(now, 80*time.Millisecond)
			if x < last || x > 110 {
				t.Fatalf("%d Hz frame %d: %v after %v, want a rise to 110 and no more", hz, frames, x, last)
			}
			last = x
		}
		if took := float64(frames) / float64(hz); last != 110 || took > 1.2 {
			t.Errorf("%d Hz: at %v after %.2f s, want 110 within 1.2 s", hz, last, took)
		}
	}
	// Turning back while moving fast must not shoot past either.
	var d widget.Damper
	now := time.Unix(0, 0)
	d.To(0)
	d.At(now, 80*time.Millisecond)
	d.To(100)
	for range 6 {
		now = now.Add(time.Second / 60)
		d.At(now, 80*time.Millisecond)
	}
	x, _ := d.At(now, 80*time.Millisecond)
	d.To(x + 1)
	for range 100 {
		now = now.Add(time.Second / 60)
		if y, _ := d.At(now, 80*time.Millisecond); y > x+1+1e-9 {
			t.Fatalf("went past: %v, target %v", y, x+1)
		}
	}
	d.To(50)
	if y, moving := d.At(now.Add(time.Second/60), 0); y != 50 || moving {
		t.Errorf("without motion: got %v %v, want 50 at once", y, moving)
	}
}

func TestDamperSettlesLikeTheLaw(t *testing.T) {
	// Critically damped: after t, what is left is (1+t/tau)*exp(-t/tau).
	var d widget.Damper
	now := time.Unix(0, 0)
	const tau = 80 * time.Millisecond
	d.To(0)
	d.At(now, tau)
	d.To(100)
	for i := 1; i <= 24; i++ {
		now = now.Add(10 * time.Millisecond)
		x, _ := d.At(now, tau)
		r := float64(i) * 10 / 80
		if want := 100 * (1 - (1+r)*math.Exp(-r)); math.Abs(x-want) > 0.01 {
			t.Errorf("after %d ms: got %.3f, want %.3f", i*10, x, want)
		}
	}
}

func TestGauge(t *testing.T) {
	test.NewTempApp(t)
	th := look(true)
	g := sized(widget.NewGauge(th, th.Panel.Type.Gauge, 200, 20, "km/h", func(v float64) string { return fmt.Sprint(int(v)) }), 432, 432)
	now := time.Unix(0, 0)
	settle := func() float32 {
		for range 200 {
			now = now.Add(time.Second / 60)
			g.Tick(now)
		}
		return g.Angle()
	}
	for _, c := range []struct {
		v    float64
		ok   bool
		want float32
	}{{0, true, -130}, {100, true, 0}, {200, true, 130}, {500, true, 130}, {-50, true, -65}, {100, false, -130}, {50, true, -65}} {
		g.Set(c.v, "x", c.ok)
		if got := settle(); math.Abs(float64(got-c.want)) > 0.05 {
			t.Errorf("%v %v: got %.2f degrees, want %.2f", c.v, c.ok, got, c.want)
		}
	}
	g.Set(150, "150", true)
	g.Set(0, "–", false)
	g.Set(20, "20", true)
	if g.Tick(now.Add(time.Millisecond)); g.Angle() != -104 {
		t.Errorf("after a gap: got %v, want -104 at once: it is a new fact, no movement", g.Angle())
	}
}

func TestPowerBar(t *testing.T) {
	test.NewTempApp(t)
	p := sized(widget.NewPowerBar(look(true), -70, 150), 220, 28)
	now := time.Unix(0, 0)
	for _, c := range []struct {
		v         float64
		ok        bool
		out, back float32
	}{{0, true, 0, 0}, {75, true, 75, 0}, {150, true, 150, 0}, {999, true, 150, 0}, {-35, true, 0, 35}, {-999, true, 0, 70}, {50, false, 0, 0}} {
		p.Set(c.v, c.ok)
		for range 200 {
			now = now.Add(time.Second / 60)
			p.Tick(now)
		}
		o := test.WidgetRenderer(p).Objects()
		if out, back := o[1].Size().Width, o[2].Size().Width; out != c.out || back != c.back {
			t.Errorf("%v %v: got %v out, %v back, want %v and %v", c.v, c.ok, out, back, c.out, c.back)
		}
	}
}

func TestStepper(t *testing.T) {
	test.NewTempApp(t)
	th := look(true)
	less, more := 0, 0
	s := sized(widget.NewStepper(th, th.Panel.Type.Title, "cooler", "warmer", func() { less++ }, func() { more++ }), 300, 80)
	s.Set("21.5°", widget.State{}, true, true)
	plain := lint.Dump(s)
	s.Set("22.0°", widget.State{Pending: true}, true, false)
	if s.Value() != "22.0°" || s.Less.Disabled() || !s.More.Disabled() {
		t.Errorf("asked: got %q, less %v, more %v", s.Value(), s.Less.Disabled(), s.More.Disabled())
	}
	accent := fmt.Sprintf("%02x%02x%02x", th.Accent.R, th.Accent.G, th.Accent.B)
	if got := lint.Dump(s); !strings.Contains(got, `"22.0°" 40 `+accent) || strings.Contains(plain, accent) {
		t.Errorf("asked does not look asked:\n%s\nreported:\n%s", got, plain)
	}
	s.Less.Tapped(nil)
	s.More.Tapped(nil)
	if less != 1 || more != 0 {
		t.Errorf("taps: less %d, more %d, want 1 and 0", less, more)
	}
}

func TestTileLevels(t *testing.T) {
	test.NewTempApp(t)
	th := look(true)
	tile := sized(widget.NewTile(th, widget.IconSeat, "", "seat", 3, nil), 80, 80)
	dots := func() (n int) {
		for _, o := range test.WidgetRenderer(tile).Objects() {
			if c, ok := o.(*canvas.Circle); ok && c.FillColor == color.Color(th.OnAccent) {
				n++
			}
		}
		return n
	}
	for level := 1; level <= 3; level++ {
		if tile.SetLevel(level, widget.State{}); dots() != level || !tile.State().On {
			t.Errorf("level %d: %d dots, on %v", level, dots(), tile.State().On)
		}
	}
	if tile.SetLevel(0, widget.State{}); tile.State().On {
		t.Error("level 0 is on")
	}
	if tile.SetLevel(2, widget.State{Unknown: true}); tile.State().On {
		t.Error("an unknown level is on")
	}
}

func TestLampsPackAndStay(t *testing.T) {
	test.NewTempApp(t)
	all := []hmi.Telltale{hmi.LampAirbag, hmi.LampBelt, hmi.LampABS, hmi.LampTyre}
	visible := func(l *widget.Lamps) (x []float32) {
		for _, o := range test.WidgetRenderer(l).Objects() {
			if o.Visible() {
				x = append(x, o.Position().X)
			}
		}
		return x
	}
	fixed := sized(widget.NewLamps(look(true), all, 40, 1, false), 400, 40)
	packed := sized(widget.NewLamps(look(true), all, 40, 1, true).Leading(), 100, 40)
	lit := hmi.Telltales(1<<hmi.LampBelt | 1<<hmi.LampTyre)
	fixed.Set(lit)
	packed.Set(lit)
	if got := visible(fixed); len(got) != 2 || got[0] < 100 || got[1] < 300 {
		t.Errorf("fixed: got %v, want the second and the fourth place", got)
	}
	if got := visible(packed); len(got) != 2 || got[0] != 0 || got[1] != 52 {
		t.Errorf("packed: got %v, want 0 and 52", got)
	}
	packed.Set(lit | 1<<hmi.LampAirbag)
	if got := visible(packed); len(got) != 2 {
		t.Errorf("three lamps in the room of two: got %v", got)
	}
	packed.Set(0)
	if got := visible(packed); len(got) != 0 {
		t.Errorf("none lit: got %v", got)
	}
}

func TestMessages(t *testing.T) {
	test.NewTempApp(t)
	th := look(true)
	note := func(i int) widget.Note {
		return widget.Note{Glyph: widget.IconWarning, Color: th.Warning, Title: fmt.Sprint("Trouble ", i), Advice: "Stop and look."}
	}
	m := sized(widget.NewMessages(th, func(n int) string { return fmt.Sprintf("and %d more", n) }), 400, 190)
	for _, c := range []struct {
		n    int
		want []string
		more string
	}{
		{0, nil, ""}, {1, []string{"Trouble 0"}, ""}, {2, []string{"Trouble 0", "Trouble 1"}, ""}, {5, []string{"Trouble 0"}, "and 4 more"},
	} {
		var notes []widget.Note
		for i := range c.n {
			notes = append(notes, note(i))
		}
		m.Set(notes)
		dump := lint.Dump(m)
		if fmt.Sprint(m.Titles()) != fmt.Sprint(c.want) || strings.Contains(dump, "more") != (c.more != "") || !strings.Contains(dump, c.more) {
			t.Errorf("%d: got %v in\n%s, want %v %s", c.n, m.Titles(), dump, c.want, c.more)
		}
	}
}

func TestToastWraps(t *testing.T) {
	test.NewTempApp(t)
	toast := sized(widget.NewToast(look(true)), 760, 96)
	if toast.Text() != "" || toast.Visible() {
		t.Error("a new toast is seen")
	}
	for _, s := range []string{"Short.", "Tyre low front left. Fill it up at the next stop, and have the wheel looked at."} {
		toast.Say(s)
		if !toast.Visible() || toast.Text() != s {
			t.Errorf("got %q, want %q", toast.Text(), s)
		}
	}
	toast.Say(strings.Repeat("word ", 100))
	if got := toast.Text(); !strings.HasSuffix(got, "…") {
		t.Errorf("too long: got %q, want it shortened", got)
	}
}

func TestWrap(t *testing.T) {
	test.NewTempApp(t)
	s := theme.Style{Size: 24}
	for _, c := range []struct {
		text string
		w    float32
		want int
	}{{"", 100, 1}, {"one", 1, 1}, {"one two", 1000, 1}, {"one two", 60, 2}, {"12 V low", 30, 3}, {"12\u00a0V low", 60, 2}} {
		lines := widget.Wrap(s, c.text, c.w)
		if len(lines) != c.want || strings.Join(lines, " ") != c.text {
			t.Errorf("%q in %v: got %q, want %d lines", c.text, c.w, lines, c.want)
		}
	}
}

// Every icon draws something, and no two draw the same.
func TestIconsDiffer(t *testing.T) {
	white := theme.Night().Text
	seen := map[string]widget.IconName{}
	names := []widget.IconName{
		widget.IconHome, widget.IconDrive, widget.IconClimate, widget.IconCar, widget.IconSettings, widget.IconBack, widget.IconPlus, widget.IconMinus,
		widget.IconCheck, widget.IconWarning, widget.IconInfo, widget.IconFan, widget.IconAC, widget.IconRecirculate, widget.IconSync, widget.IconFrontDefrost,
		widget.IconRearDefrost, widget.IconSeat, widget.IconWheel, widget.IconMirror, widget.IconWindscreen, widget.IconAirUp, widget.IconAirMiddle,
		widget.IconAirDown, widget.IconLock, widget.IconUnlock, widget.IconBattery, widget.IconBolt, widget.IconRoute, widget.IconCompass, widget.IconPin,
		widget.IconSun, widget.IconMoon,
	}
	for l := hmi.Telltale(0); l < hmi.Lamps; l++ {
		names = append(names, widget.LampIcon(l))
	}
	for _, n := range names {
		svg := string(widget.IconResource(n, white).Content())
		if other, twice := seen[svg]; twice {
			t.Errorf("%s draws the same as %s", n, other)
		}
		seen[svg] = n
		im := canvas.NewImageFromResource(widget.IconResource(n, white))
		im.Resize(fyne.NewSquareSize(48))
		if im.Aspect() != 1 {
			t.Errorf("%s: aspect %v, want 1: it does not parse", n, im.Aspect())
		}
	}
}

func TestCarShowsWhatIsOpen(t *testing.T) {
	test.NewTempApp(t)
	c := sized(widget.NewCar(look(true)), 400, 480)
	open := hmi.Known(true)
	seen := map[string]string{}
	for name, s := range map[string]widget.CarState{
		"nothing": {}, "fl": {Doors: [hmi.Wheels]hmi.Flag{open}}, "fr": {Doors: [hmi.Wheels]hmi.Flag{{}, open}}, "rl": {Doors: [hmi.Wheels]hmi.Flag{{}, {}, open}}, "rr": {Doors: [hmi.Wheels]hmi.Flag{{}, {}, {}, open}},
		"hood": {Hood: open}, "frunk": {Frunk: open}, "trunk": {Trunk: open}, "low": {Low: true}, "tyre": {TyreLow: [hmi.Wheels]bool{true}}, "left": {Left: true}, "right": {Right: true}, "hazard": {Hazard: true},
	} {
		c.Set(s)
		pic := test.WidgetRenderer(c).Objects()[0].(*canvas.Image).Resource
		if other, twice := seen[string(pic.Content())]; twice {
			t.Errorf("%s looks as %s", name, other)
		}
		if other, twice := seen[pic.Name()]; twice {
			t.Errorf("%s has the cache name of %s", name, other)
		}
		seen[string(pic.Content())], seen[pic.Name()] = name, name
	}
	c.Set(widget.CarState{Pressure: [hmi.Wheels]string{"2.4", "", "2.5", "2.5"}, Unit: "bar"})
	if got := lint.Dump(c); strings.Count(got, `"bar"`) != 3 || strings.Count(got, `"–"`) != 1 {
		t.Errorf("three known pressures: got\n%s", got)
	}
}

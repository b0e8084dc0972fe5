package fynedriver_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"go.uber.org/goleak"

	"tandem/hmi/display"
	"tandem/hmi/fynedriver"
	"tandem/hmi/input"
)

var _ fynedriver.Output = (*display.Layer)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func objects(o fyne.CanvasObject) []fyne.CanvasObject {
	switch v := o.(type) {
	case *fyne.Container:
		return v.Objects
	case fyne.Widget:
		return test.WidgetRenderer(v).Objects()
	}
	return nil
}

func TestIdleMakesNoFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, 400, 300, func() fyne.CanvasObject { return widget.NewLabel("still") })
		time.Sleep(time.Second)
		before := r.d.Stats()
		time.Sleep(time.Hour)
		if after := r.d.Stats(); after != before {
			t.Errorf("an hour of nothing: got %d frames, want %d", after.Frames, before.Frames)
		}
		r.stop()
	})
}

func TestRefreshInAFrameIsShownByThatFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := canvas.NewText("", color.White)
		r := start(t, 400, 300, func() fyne.CanvasObject { return text })
		n := 0
		r.do(func() {
			r.d.OnFrame(func(time.Time) {
				n++
				text.Text = fmt.Sprint(n)
				text.Refresh()
			})
		})
		time.Sleep(time.Second)
		before := r.d.Stats()
		r.d.Wake()
		time.Sleep(time.Second)
		if after := r.d.Stats(); after.Frames != before.Frames+1 || after.Presented != before.Presented+1 {
			t.Errorf("one wake: got %d frames, %d of them presented, want one", after.Frames-before.Frames, after.Presented-before.Presented)
		}
		r.stop()
	})
}

func TestWakesBetweenFlipsCostOneFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := canvas.NewText("", color.White)
		r := start(t, 400, 300, func() fyne.CanvasObject { return text })
		n := 0
		r.do(func() {
			r.d.OnFrame(func(time.Time) {
				n++
				text.Text = fmt.Sprint(n)
				text.Refresh()
			})
		})
		time.Sleep(time.Second)
		before := r.d.Stats()
		for range 8000 {
			r.d.Wake()
			time.Sleep(125 * time.Microsecond)
		}
		got := r.d.Stats().Frames - before.Frames
		if got < 58 || got > 63 {
			t.Errorf("8,000 wakes in a second: got %d frames, want 60", got)
		}
		r.stop()
	})
}

func TestDoRunsOnTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, 100, 100, func() fyne.CanvasObject { return widget.NewLabel("") })
		var order []int
		for i := range 5 {
			fyne.Do(func() { order = append(order, i) })
		}
		fyne.DoAndWait(func() {
			fyne.DoAndWait(func() { order = append(order, 5) }) // from the loop itself: at once
			order = append(order, 6)
		})
		if got, want := fmt.Sprint(order), "[0 1 2 3 4 5 6]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		r.stop()
		fyne.DoAndWait(func() { t.Error("ran after the end") }) // must not wait for ever
	})
}

func TestRunEndsOnceAndOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, 100, 100, func() fyne.CanvasObject { return widget.NewLabel("") })
		time.Sleep(time.Second)
		fyne.CurrentApp().Quit()
		r.stop()
		if err := r.d.Run(context.Background()); err == nil {
			t.Error("second run: got no error")
		}
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	s := newScreen(10, 10)
	for _, c := range []fynedriver.Config{
		{Output: s}, {Size: image.Pt(10, 10)}, {Size: image.Pt(-1, 10), Output: s}, {Size: image.Pt(1<<20, 10), Output: s},
		{Size: image.Pt(10, 10), Output: s, Scale: 100},
	} {
		if _, err := fynedriver.New(c); err == nil {
			t.Errorf("%+v: got no error", c)
		}
	}
}

func TestTextCanBeMeasuredBeforeThereIsAWindow(t *testing.T) {
	d, err := fynedriver.New(fynedriver.Config{Size: image.Pt(100, 100), Output: newScreen(100, 100)})
	if err != nil {
		t.Fatal(err)
	}
	before := fyne.MeasureText("Tandem", 24, fyne.TextStyle{})
	if n := len(d.AllWindows()); n != 0 || before.Width < 20 {
		t.Errorf("got %d windows and a text of %v, want none and some width", n, before)
	}
	d.App().NewWindow("w")
	if after := fyne.MeasureText("Tandem", 24, fyne.TextStyle{}); after != before {
		t.Errorf("with a window: got %v, want %v", after, before)
	}
}

func TestAnimationsFollowTheFlips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := canvas.NewRectangle(color.White)
		box.Resize(fyne.NewSize(20, 20))
		r := start(t, 400, 300, func() fyne.CanvasObject { return container.NewWithoutLayout(box) })
		time.Sleep(100 * time.Millisecond)
		var ticks []float32
		r.do(func() {
			a := fyne.NewAnimation(500*time.Millisecond, func(v float32) {
				ticks = append(ticks, v)
				box.Move(fyne.NewPos(v*100, 0))
			})
			a.Curve = fyne.AnimationLinear
			a.Start()
		})
		frames := r.s.count()
		time.Sleep(2 * time.Second)
		r.do(func() {
			if n := len(ticks); n < 30 || n > 33 {
				t.Errorf("500 ms of animation: got %d ticks, want 31", n)
			}
			if ticks[len(ticks)-1] != 1 {
				t.Errorf("last tick: got %v, want 1", ticks[len(ticks)-1])
			}
			for i := 1; i < len(ticks); i++ {
				if ticks[i] < ticks[i-1] {
					t.Errorf("ticks go back: %v", ticks)
				}
			}
		})
		if got := r.s.count() - frames; got < 29 || got > 33 {
			t.Errorf("got %d presented frames, want about 31", got)
		}
		r.stop()
	})
}

func TestLayoutFollowsItsContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := canvas.NewText("a", color.White)
		next := newPad()
		r := start(t, 400, 300, func() fyne.CanvasObject { return container.NewVBox(container.NewHBox(text, next)) })
		time.Sleep(50 * time.Millisecond)
		var before, after float32
		r.do(func() {
			before = next.Position().X
			text.Text = "a much longer text"
			text.Refresh()
		})
		time.Sleep(100 * time.Millisecond)
		r.do(func() { after = next.Position().X })
		if after < before+50 {
			t.Errorf("the neighbour moved from %v to %v, want it beyond the longer text", before, after)
		}
		r.do(func() { text.Hide() })
		time.Sleep(100 * time.Millisecond)
		r.do(func() { after = next.Position().X })
		if after != 0 {
			t.Errorf("after hiding: got neighbour at %v, want 0", after)
		}
		r.stop()
	})
}

func TestThemeChangeRepaints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, 100, 100, func() fyne.CanvasObject { return widget.NewLabel("x") })
		time.Sleep(100 * time.Millisecond)
		night := r.s.image().RGBAAt(90, 90)
		told := 0
		r.do(func() {
			r.d.App().Settings().AddListener(func(fyne.Settings) { told++ })
			r.d.SetVariant(theme.VariantLight)
		})
		time.Sleep(100 * time.Millisecond)
		if day := r.s.image().RGBAAt(90, 90); day == night || day.R < 200 {
			t.Errorf("background by day: got %v, by night %v", day, night)
		}
		if told != 1 {
			t.Errorf("listeners told: got %d, want 1", told)
		}
		r.stop()
	})
}

func TestTwoWindowsHaveTwoOutputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := newScreen(60, 40)
		lamp := canvas.NewRectangle(color.White)
		r := start(t, 100, 100, func() fyne.CanvasObject { return widget.NewLabel("x") })
		p := newPad()
		var w *fynedriver.Window
		r.do(func() {
			var err error
			if w, err = r.d.NewWindow("lamps", image.Pt(60, 40), 1, other); err != nil {
				t.Fatal(err)
			}
			w.SetBackground(color.Black)
			w.SetContent(container.NewStack(lamp, p))
			w.Show()
		})
		time.Sleep(100 * time.Millisecond)
		main, second := r.s.count(), other.count()
		if second == 0 {
			t.Fatal("the second window was not presented")
		}
		r.do(func() {
			p.Hide()
			lamp.FillColor = color.NRGBA{255, 0, 0, 255}
			lamp.Refresh()
			if c := fyne.CurrentApp().Driver().CanvasForObject(lamp); c != w.Canvas() {
				t.Error("the lamp is looked for on the wrong canvas")
			}
		})
		time.Sleep(100 * time.Millisecond)
		if got := other.image().RGBAAt(30, 20); got != (color.RGBA{255, 0, 0, 255}) {
			t.Errorf("second window: got %v, want red", got)
		}
		if r.s.count() != main {
			t.Errorf("the first window was presented %d times more, want 0", r.s.count()-main)
		}
		r.do(func() { p.Show() })
		w.Input(input.Event{Kind: input.TouchDown, X: 0.5, Y: 0.5})
		w.Input(input.Event{Kind: input.TouchUp, X: 0.5, Y: 0.5})
		time.Sleep(100 * time.Millisecond)
		r.do(func() {
			if len(p.log) == 0 {
				t.Error("the second window got no touch")
			}
		})
		r.stop()
	})
}

func TestQueueLosesNoUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pincher{}
		p.ExtendBaseWidget(p)
		r := start(t, 100, 100, func() fyne.CanvasObject { return p })
		time.Sleep(100 * time.Millisecond)
		go r.do(func() { time.Sleep(time.Second) }) // the loop is busy
		time.Sleep(time.Millisecond)
		for c := range 8 {
			r.event(input.TouchDown, c, 50, 50)
		}
		for i := range 20000 {
			r.event(input.TouchMove, i%8, float32(i%100), 50)
			if i%10 == 0 {
				r.d.Input(input.Event{Kind: input.Scroll, X: 0.5, Y: 0.5, DY: 1})
			}
		}
		for c := range 8 {
			r.event(input.TouchUp, c, 50, 50)
		}
		time.Sleep(3 * time.Second)
		r.do(func() {
			ups := 0
			for _, s := range p.log {
				if s[1:3] == ":2" {
					ups++
				}
			}
			if r.d.Stats().Dropped == 0 {
				t.Error("the queue never overflowed: the test tests nothing")
			}
			if ups != 8 || len(p.log) > 8*3 {
				t.Errorf("got %d ups in %d events, want 8 ups and merged moves", ups, len(p.log))
			}
		})
		r.stop()
	})
}

// monkeyHouse is a screen with everything that a finger can reach.
func monkeyHouse(r func() fyne.Window) fyne.CanvasObject {
	form := container.NewVBox(
		widget.NewEntry(), widget.NewMultiLineEntry(), widget.NewPasswordEntry(),
		widget.NewSelect([]string{"a", "b", "c"}, nil), widget.NewCheck("check", nil), widget.NewSlider(0, 10),
		widget.NewRadioGroup([]string{"x", "y"}, nil), widget.NewSelectEntry([]string{"p", "q"}),
		widget.NewButton("dialog", func() { widget.ShowModalPopUp(widget.NewButton("close", nil), r().Canvas()) }),
		widget.NewButton("popup", func() { widget.ShowPopUp(widget.NewLabel("hello"), r().Canvas()) }),
	)
	p := &pincher{}
	p.ExtendBaseWidget(p)
	return container.NewAppTabs(
		container.NewTabItem("form", container.NewVScroll(form)),
		container.NewTabItem("list", list(1000)),
		container.NewTabItem("raw", p),
		container.NewTabItem("split", container.NewHSplit(newRichPad(), container.NewScroll(widget.NewLabel("long\nlong\nlong\nlong")))),
	)
}

// TestMonkey throws 100,000 random events at a screen of everything.
func TestMonkey(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	var r *rig
	r = start(t, 480, 320, func() fyne.CanvasObject { return monkeyHouse(func() fyne.Window { return r.w }) })
	rng := rand.New(rand.NewPCG(7, 8))
	keys := []string{"Tab", "Return", "Escape", "Left", "Right", "Up", "Down", "BackSpace", "LeftShift", "Space"}
	goroutines := runtime.NumGoroutine()
	for i := range n {
		x, y := rng.Float32()*1.1*480-20, rng.Float32()*1.1*320-20
		switch k := rng.IntN(40); {
		case k < 36:
			r.event(input.Kind(rng.IntN(4)), rng.IntN(12), x, y)
		case k == 36:
			r.d.Input(input.Event{Kind: input.Scroll, X: x / 480, Y: y / 320, DX: x - 200, DY: y - 100})
		case k == 37:
			r.d.Input(input.Event{Kind: input.Rotate, Steps: rng.IntN(9) - 4})
		case k == 38:
			r.d.Input(input.Event{Kind: input.KeyDown + input.Kind(rng.IntN(2)), Key: keys[rng.IntN(len(keys))]})
		default:
			r.d.Input(input.Event{Kind: input.Rune, Rune: rng.Int32()})
		}
		if i%32 == 0 {
			r.do(func() {
				if len(r.w.Canvas().Overlays().List()) > 20 {
					for _, o := range r.w.Canvas().Overlays().List() {
						o.Hide()
						break
					}
				}
			})
		}
	}
	r.do(func() {})
	if got := runtime.NumGoroutine(); got > goroutines+2 {
		t.Errorf("goroutines: got %d, want %d", got, goroutines)
	}
	if s := r.d.Stats(); s.Frames == 0 || s.Dropped != 0 {
		t.Errorf("got %d frames and %d events dropped, want some and none", s.Frames, s.Dropped)
	}
}

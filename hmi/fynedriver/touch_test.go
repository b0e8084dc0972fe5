package fynedriver_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tandem/hmi/fynedriver"
	"tandem/hmi/input"
)

// pad writes down what it is told.
type pad struct {
	widget.BaseWidget
	log []string
}

func newPad() *pad {
	p := &pad{}
	p.ExtendBaseWidget(p)
	return p
}

func (p *pad) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(theme.Color(theme.ColorNamePrimary)))
}
func (p *pad) MinSize() fyne.Size { return fyne.NewSize(100, 100) }
func (p *pad) Tapped(e *fyne.PointEvent) {
	p.log = append(p.log, fmt.Sprintf("tap %.0f,%.0f", e.Position.X, e.Position.Y))
}
func (p *pad) TouchDown(*mobile.TouchEvent)   { p.log = append(p.log, "down") }
func (p *pad) TouchUp(*mobile.TouchEvent)     { p.log = append(p.log, "up") }
func (p *pad) TouchCancel(*mobile.TouchEvent) { p.log = append(p.log, "cancel") }
func (p *pad) MouseIn(*desktop.MouseEvent)    { p.log = append(p.log, "in") }
func (p *pad) MouseMoved(*desktop.MouseEvent) {}
func (p *pad) MouseOut()                      { p.log = append(p.log, "out") }

// richPad knows long and double taps as well.
type richPad struct{ pad }

func (p *richPad) TappedSecondary(*fyne.PointEvent) { p.log = append(p.log, "secondary") }
func (p *richPad) DoubleTapped(*fyne.PointEvent)    { p.log = append(p.log, "double") }

func newRichPad() *richPad {
	p := &richPad{}
	p.ExtendBaseWidget(p)
	return p
}

func at(k input.Kind, contact int, x, y float32, ms int, base time.Time) input.Event {
	return input.Event{Kind: k, Contact: contact, X: x / 400, Y: y / 300, Time: base.Add(time.Duration(ms) * time.Millisecond)}
}

func TestTouchBecomesFyneEvents(t *testing.T) {
	const d, m, u, c = input.TouchDown, input.TouchMove, input.TouchUp, input.TouchCancel
	nan := float32(math.NaN())
	type step struct {
		k    input.Kind
		x, y float32
		ms   int
	}
	for _, tc := range []struct {
		name  string
		rich  bool
		steps []step
		want  string
	}{
		{"tap", false, []step{{d, 50, 40, 0}, {u, 52, 41, 90}}, "[down in out up tap 52,41]"},
		{"slow tap without a second meaning", false, []step{{d, 50, 40, 0}, {u, 50, 40, 900}}, "[down in out up tap 50,40]"},
		{"finger slides off", false, []step{{d, 50, 40, 0}, {m, 50, 90, 30}, {u, 50, 90, 60}}, "[down in cancel out]"},
		{"wanders a little", false, []step{{d, 50, 40, 0}, {m, 54, 43, 30}, {u, 54, 43, 60}}, "[down in out up tap 54,43]"},
		{"palm", false, []step{{d, 50, 40, 0}, {c, 50, 40, 60}, {u, 50, 40, 70}}, "[down in cancel out]"},
		{"beside it", false, []step{{d, 250, 240, 0}, {u, 250, 240, 60}}, "[]"},
		{"nowhere", false, []step{{d, nan, 40, 0}, {u, 50, 40, 60}}, "[]"},
		{"up nowhere", false, []step{{d, 50, 40, 0}, {u, nan, nan, 60}}, "[down in out up tap 50,40]"},
		{"outside of the display", false, []step{{d, 4000, 40, 0}, {u, 50, 40, 60}}, "[]"},
		{"long press", true, []step{{d, 50, 40, 0}, {u, 50, 40, 700}}, "[down in cancel out secondary]"},
		{"single tap waits", true, []step{{d, 50, 40, 0}, {u, 50, 40, 50}}, "[down in out up tap 50,40]"},
		{"double tap", true, []step{{d, 50, 40, 0}, {u, 50, 40, 50}, {d, 50, 40, 150}, {u, 50, 40, 200}}, "[down in out up down in out up double]"},
		{"two taps", true, []step{{d, 50, 40, 0}, {u, 50, 40, 50}, {d, 50, 40, 550}, {u, 50, 40, 600}},
			"[down in out up tap 50,40 down in out up tap 50,40]"},
		{"down twice", false, []step{{d, 50, 40, 0}, {d, 60, 40, 20}, {u, 60, 40, 50}}, "[down in cancel out down in out up tap 60,40]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plain, rich := newPad(), newRichPad()
				var o fyne.CanvasObject = plain
				log := &plain.log
				if tc.rich {
					o, log = rich, &rich.log
				}
				r := start(t, 400, 300, func() fyne.CanvasObject {
					o.Resize(fyne.NewSize(200, 200))
					return container.NewWithoutLayout(o)
				})
				base := time.Now()
				for _, s := range tc.steps {
					time.Sleep(time.Until(base.Add(time.Duration(s.ms) * time.Millisecond)))
					r.d.Input(at(s.k, 3, s.x, s.y, s.ms, base))
				}
				time.Sleep(time.Second)
				r.do(func() {
					if got := fmt.Sprint(*log); got != tc.want {
						t.Errorf("got  %s\nwant %s", got, tc.want)
					}
				})
				r.stop()
			})
		})
	}
}

// TestTapKeepsItsTimeWhenTheLoopIsLate is what Fyne's embedded driver gets
// wrong: it measured a tap after painting.
func TestTapKeepsItsTimeWhenTheLoopIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newRichPad()
		r := start(t, 400, 300, func() fyne.CanvasObject {
			p.Resize(fyne.NewSize(200, 200))
			return container.NewWithoutLayout(p)
		})
		base := time.Now()
		go r.do(func() { time.Sleep(2 * time.Second) })
		time.Sleep(time.Millisecond)
		r.d.Input(at(input.TouchDown, 0, 50, 40, 5, base))
		r.d.Input(at(input.TouchUp, 0, 50, 40, 60, base))
		time.Sleep(4 * time.Second)
		r.do(func() {
			if got, want := fmt.Sprint(p.log), "[down in out up tap 50,40]"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
		r.stop()
	})
}

func list(n int) *widget.List {
	return widget.NewList(func() int { return n },
		func() fyne.CanvasObject { return widget.NewLabel("row") },
		func(i widget.ListItemID, o fyne.CanvasObject) { o.(*widget.Label).SetText(fmt.Sprint("row ", i)) })
}

// swipe moves a finger from y0 to y1 in steps of 8 ms.
func (r *rig) swipe(y0, y1 float32, steps int) {
	r.event(input.TouchDown, 0, 100, y0)
	for i := 1; i <= steps; i++ {
		time.Sleep(8 * time.Millisecond)
		r.event(input.TouchMove, 0, 100, y0+(y1-y0)*float32(i)/float32(steps))
	}
	time.Sleep(8 * time.Millisecond)
	r.event(input.TouchUp, 0, 100, y1)
}

func (r *rig) offset(l *widget.List) (y float32) {
	r.do(func() { y = l.GetScrollOffset() })
	return y
}

func TestDragScrollsAndGlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := list(500)
		tapped := -1
		l.OnSelected = func(i widget.ListItemID) { tapped = i }
		r := start(t, 400, 300, func() fyne.CanvasObject { return l })
		time.Sleep(50 * time.Millisecond)
		r.swipe(250, 100, 10)
		released := r.offset(l)
		if released < 130 || released > 170 {
			t.Errorf("after a drag of 150: got offset %v", released)
		}
		time.Sleep(100 * time.Millisecond)
		moving := r.offset(l)
		if moving < released+50 {
			t.Errorf("100 ms after release: got offset %v, want well beyond %v", moving, released)
		}
		r.event(input.TouchDown, 0, 100, 150) // grab
		time.Sleep(50 * time.Millisecond)
		held := r.offset(l)
		r.event(input.TouchUp, 0, 100, 150)
		time.Sleep(300 * time.Millisecond)
		if got := r.offset(l); got != held {
			t.Errorf("after a grab: got offset %v, want %v", got, held)
		}
		r.do(func() {
			if tapped >= 0 {
				t.Errorf("the grab selected row %d, want none", tapped)
			}
		})
		r.swipe(250, 50, 6)
		time.Sleep(5 * time.Second)
		end, frames := r.offset(l), r.s.count()
		if end < held+400 {
			t.Errorf("at rest: got offset %v, want beyond %v", end, held+400)
		}
		time.Sleep(time.Second)
		if r.offset(l) != end || r.s.count() != frames {
			t.Errorf("the list still moves after 5 s")
		}
		r.stop()
	})
}

func TestScrollingEndsAtTheEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := list(12)
		r := start(t, 400, 300, func() fyne.CanvasObject { return l })
		time.Sleep(50 * time.Millisecond)
		r.swipe(280, 20, 5)
		time.Sleep(2 * time.Second)
		end := r.offset(l)
		r.do(func() { l.ScrollToBottom() })
		if bottom := r.offset(l); end != bottom {
			t.Errorf("got offset %v, want the bottom at %v", end, bottom)
		}
		r.swipe(20, 290, 5)
		time.Sleep(2 * time.Second)
		if got := r.offset(l); got != 0 {
			t.Errorf("got offset %v, want the top", got)
		}
		r.stop()
	})
}

func TestWheelScrolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := list(100)
		r := start(t, 400, 300, func() fyne.CanvasObject { return l })
		time.Sleep(50 * time.Millisecond)
		r.d.Input(input.Event{Kind: input.Scroll, X: 0.5, Y: 0.5, DY: 120})
		time.Sleep(50 * time.Millisecond)
		if got := r.offset(l); got != 120 {
			t.Errorf("got offset %v, want 120", got)
		}
		r.stop()
	})
}

// pincher takes raw contacts.
type pincher struct {
	widget.BaseWidget
	log []string
}

func (p *pincher) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(theme.Color(theme.ColorNamePrimary)))
}

func (p *pincher) Touched(c fynedriver.Contact) {
	p.log = append(p.log, fmt.Sprintf("%d:%d@%.0f,%.0f", c.ID, c.Phase, c.Position.X, c.Position.Y))
}

func TestRawContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pincher{}
		p.ExtendBaseWidget(p)
		r := start(t, 400, 300, func() fyne.CanvasObject {
			p.Resize(fyne.NewSize(300, 200))
			p.Move(fyne.NewPos(10, 10))
			return container.NewWithoutLayout(p)
		})
		for _, e := range []struct {
			k    input.Kind
			c    int
			x, y float32
		}{{input.TouchDown, 0, 50, 50}, {input.TouchDown, 1, 110, 50}, {input.TouchMove, 0, 40, 50}, {input.TouchMove, 1, 150, 60},
			{input.TouchUp, 0, 40, 50}, {input.TouchCancel, 1, 150, 60}} {
			r.event(e.k, e.c, e.x, e.y)
			time.Sleep(20 * time.Millisecond)
		}
		r.do(func() {
			want := "[0:0@40,40 1:0@100,40 0:1@30,40 1:1@140,50 0:2@30,40 1:3@140,50]"
			if got := fmt.Sprint(p.log); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
		r.stop()
	})
}

func TestDialogTakesTouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := newPad()
		answer := ""
		r := start(t, 400, 300, func() fyne.CanvasObject { return behind })
		r.do(func() {
			dialog.ShowConfirm("Really?", "Reset the trip", func(ok bool) { answer = fmt.Sprint(ok) }, r.w)
		})
		time.Sleep(100 * time.Millisecond)
		r.s.dump(t, "dialog")
		r.event(input.TouchDown, 0, 5, 5)
		r.event(input.TouchUp, 0, 5, 5)
		time.Sleep(100 * time.Millisecond)
		var yes *widget.Button
		r.do(func() {
			if len(behind.log) != 0 {
				t.Errorf("what lies behind the dialog got %v", behind.log)
			}
			yes = findButton(r.w.Canvas().Overlays().Top(), "Yes")
		})
		r.tap(yes)
		time.Sleep(100 * time.Millisecond)
		r.do(func() {
			if answer != "true" || r.w.Canvas().Overlays().Top() != nil {
				t.Errorf("got answer %q, want true and no overlay", answer)
			}
		})
		r.stop()
	})
}

func TestTapOutsideDismissesAPopUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chosen := ""
		var s *widget.Select
		r := start(t, 400, 300, func() fyne.CanvasObject {
			s = widget.NewSelect([]string{"km", "mi"}, func(v string) { chosen = v })
			return container.NewVBox(s)
		})
		top := func() (o fyne.CanvasObject) {
			r.do(func() { o = r.w.Canvas().Overlays().Top() })
			return o
		}
		time.Sleep(50 * time.Millisecond)
		r.tap(s)
		time.Sleep(100 * time.Millisecond)
		if top() == nil {
			t.Fatal("the menu did not open")
		}
		r.s.dump(t, "menu")
		r.event(input.TouchDown, 0, 390, 290)
		r.event(input.TouchUp, 0, 390, 290)
		time.Sleep(100 * time.Millisecond)
		if top() != nil {
			t.Error("a tap outside did not close the menu")
		}
		r.tap(s)
		time.Sleep(100 * time.Millisecond)
		r.event(input.TouchDown, 0, 60, 60)
		r.event(input.TouchUp, 0, 60, 60)
		time.Sleep(100 * time.Millisecond)
		closed := top() == nil
		r.do(func() {
			if chosen == "" || !closed {
				t.Errorf("got %q chosen, closed %v, want an entry and a closed menu", chosen, closed)
			}
		})
		r.stop()
	})
}

func findButton(o fyne.CanvasObject, text string) *widget.Button {
	if b, ok := o.(*widget.Button); ok && b.Text == text {
		return b
	}
	for _, k := range objects(o) {
		if b := findButton(k, text); b != nil {
			return b
		}
	}
	return nil
}

package fynedriver_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tandem/hmi/fynedriver"
	"tandem/hmi/input"
	"tandem/hmi/paint"
)

// press taps the key of the on-screen keyboard that shows text.
func (r *rig) press(text string) {
	r.t.Helper()
	var x, y float32
	r.do(func() {
		for _, it := range r.w.(*fynedriver.Window).Painter().Items() {
			if b := it.Bounds; it.Kind == paint.Text && it.Text() == text && b.Min.Y > r.s.size.Y/4 {
				x, y = float32(b.Min.X+b.Max.X)/2, float32(b.Min.Y+b.Max.Y)/2
			}
		}
	})
	if x == 0 {
		r.t.Fatalf("no key %q on the screen", text)
	}
	r.event(input.TouchDown, 0, x, y)
	r.event(input.TouchUp, 0, x, y)
	time.Sleep(50 * time.Millisecond)
}

func TestTypingOnTheScreen(t *testing.T) {
	for _, tc := range []struct {
		lang, keys, want string
	}{
		{"en", "h i ⇧ Y English ?123 1 & ABC z", "hiY 1&z"},
		{"de", "g r ü ß Deutsch ⇧ Ä ö", "grüß Äö"},
		{"fr-FR", "a z é .", "azé."},
		{"en", "a b ⌫ c", "ac"},
		{"en", "⇧ ⇧ A B ⇪ c", "ABc"},
		{"en", "?123 =\\< √ ?123 7", "√7"},
		{"zz", "q w", "qw"},
		{"es", "áé á r b o l áé ñ", "árbolñ"},
		{"fr", "⇧ éè É t éè ê", "Étê"},
		{"fr", "éè ’ éè ABC a ?123 1 éè ç", "’a1ç"},
		{"de", "ü äö é äö œ", "üéœ"},
	} {
		t.Run(tc.lang+" "+tc.keys, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := widget.NewEntry()
				r := start(t, 800, 480, func() fyne.CanvasObject { return container.NewVBox(e, layout.NewSpacer()) },
					func(c *fynedriver.Config) { c.Language = tc.lang })
				time.Sleep(50 * time.Millisecond)
				r.tap(e)
				time.Sleep(100 * time.Millisecond)
				for _, k := range strings.Fields(tc.keys) {
					r.press(strings.ReplaceAll(k, "␣", " "))
				}
				r.do(func() {
					if e.Text != tc.want {
						t.Errorf("got %q, want %q", e.Text, tc.want)
					}
				})
				r.stop()
			})
		})
	}
}

// Another language's letters are there the next time the keyboard comes.
func TestKeyboardChangesLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := widget.NewEntry()
		r := start(t, 800, 480, func() fyne.CanvasObject { return container.NewVBox(e, layout.NewSpacer()) })
		time.Sleep(50 * time.Millisecond)
		r.tap(e)
		time.Sleep(100 * time.Millisecond)
		r.press("y")
		r.do(func() {
			r.w.Canvas().Unfocus()
			r.d.SetLanguage("de")
		})
		time.Sleep(time.Second) // or the next tap would be a second one, which selects the word
		r.tap(e)
		time.Sleep(100 * time.Millisecond)
		r.press("ß")
		r.do(func() {
			if e.Text != "yß" {
				t.Errorf("got %q, want yß", e.Text)
			}
		})
		r.stop()
	})
}

func TestHeldBackspaceDeletesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := widget.NewEntry()
		r := start(t, 800, 480, func() fyne.CanvasObject { return container.NewVBox(e) })
		r.tap(e)
		r.do(func() {
			e.SetText("0123456789abcdefghij")
			e.CursorColumn = 20
		})
		time.Sleep(100 * time.Millisecond)
		x, y := float32(740), float32(365)
		r.event(input.TouchDown, 0, x, y)
		time.Sleep(time.Second)
		r.event(input.TouchUp, 0, x, y)
		time.Sleep(50 * time.Millisecond)
		held := 0
		r.do(func() { held = len(e.Text) })
		if held < 8 || held > 14 {
			t.Errorf("held for a second: got %d characters left of 20, want about 11", held)
		}
		r.press("⌫")
		r.do(func() {
			if len(e.Text) != held-1 {
				t.Errorf("tapped once: got %d characters left, want %d", len(e.Text), held-1)
			}
		})
		r.stop()
	})
}

func TestKeyboardComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := widget.NewEntry()
		var submitted string
		e.OnSubmitted = func(s string) { submitted = s }
		r := start(t, 800, 480, func() fyne.CanvasObject { return container.NewBorder(nil, e, nil, nil, widget.NewLabel("above")) })
		area := func() (h float32) {
			r.do(func() { _, s := r.w.Canvas().InteractiveArea(); h = s.Height })
			return h
		}
		pos := func() (y float32) {
			r.do(func() { y = fyne.CurrentApp().Driver().AbsolutePositionForObject(e).Y })
			return y
		}
		time.Sleep(50 * time.Millisecond)
		before := pos()
		r.tap(e)
		time.Sleep(100 * time.Millisecond)
		shown := area()
		if shown >= 480 || shown < 100 {
			t.Errorf("with the keyboard: got %v free units, want some of 480", shown)
		}
		if y := pos(); y+e.Size().Height > shown {
			t.Errorf("the entry is at %v, behind the keyboard at %v", y, shown)
		}
		r.s.dump(t, "keyboard-raised")
		r.press("h")
		r.press("↵")
		time.Sleep(50 * time.Millisecond)
		r.do(func() {
			if submitted != "h" {
				t.Errorf("submitted: got %q, want h", submitted)
			}
		})
		if area() != 480 || pos() != before {
			t.Errorf("after enter: got %v free units and the entry at %v, want 480 and %v", area(), pos(), before)
		}
		r.tap(e)
		time.Sleep(50 * time.Millisecond)
		r.key("Escape")
		time.Sleep(50 * time.Millisecond)
		if area() != 480 {
			t.Error("escape did not hide the keyboard")
		}
		r.stop()
	})
}

func TestKeysAreLargeEnough(t *testing.T) {
	for _, size := range [][2]int{{800, 480}, {1280, 720}, {1920, 720}} {
		synctest.Test(t, func(t *testing.T) {
			e := widget.NewEntry()
			r := start(t, size[0], size[1], func() fyne.CanvasObject { return container.NewVBox(e) })
			time.Sleep(50 * time.Millisecond)
			r.tap(e)
			time.Sleep(100 * time.Millisecond)
			r.do(func() {
				_, s := r.w.Canvas().InteractiveArea()
				if row := (float32(size[1]) - s.Height) / 4; row < 76 {
					t.Errorf("%v: rows are %v high, want 76", size, row)
				}
			})
			r.s.dump(t, fmt.Sprintf("keyboard-%d", size[0]))
			r.do(func() { r.d.SetVariant(theme.VariantLight) })
			time.Sleep(100 * time.Millisecond)
			r.s.dump(t, fmt.Sprintf("keyboard-%d-day", size[0]))
			r.stop()
		})
	}
}

// grid is two rows of three buttons that write their names down.
func grid(log *[]string) fyne.CanvasObject {
	g := container.NewGridWithColumns(3)
	for _, s := range []string{"a", "b", "c", "d", "e", "f"} {
		g.Add(widget.NewButton(s, func() { *log = append(*log, s) }))
	}
	return container.NewPadded(g)
}

func TestRotaryAndKeysReachEverything(t *testing.T) {
	rotate := func(n int) input.Event { return input.Event{Kind: input.Rotate, Steps: n} }
	key := func(k string) input.Event { return input.Event{Kind: input.KeyDown, Key: k} }
	for _, tc := range []struct {
		name string
		evs  []input.Event
		want string
	}{
		{"first", []input.Event{rotate(1), key("Return")}, "[a]"},
		{"reading order", []input.Event{rotate(4), key("Return")}, "[d]"},
		{"around the end", []input.Event{rotate(7), key("Return")}, "[a]"},
		{"backwards", []input.Event{rotate(-1), key("Return")}, "[f]"},
		{"tab and arrows", []input.Event{key("Tab"), key("Down"), key("Right"), key("Left"), key("Return")}, "[b]"},
		{"shift tab", []input.Event{key("LeftShift"), key("Tab"), key("Return")}, "[f]"},
		{"nothing chosen", []input.Event{key("Return")}, "[]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log []string
				r := start(t, 400, 200, func() fyne.CanvasObject { return grid(&log) })
				time.Sleep(50 * time.Millisecond)
				for _, e := range tc.evs {
					r.d.Input(e)
				}
				time.Sleep(100 * time.Millisecond)
				r.s.dump(t, "ring")
				r.do(func() {
					if got := fmt.Sprint(log); got != tc.want {
						t.Errorf("got %s, want %s", got, tc.want)
					}
				})
				r.stop()
			})
		})
	}
}

func TestRotaryTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := widget.NewEntry()
		r := start(t, 800, 480, func() fyne.CanvasObject { return container.NewVBox(e) })
		turn := func(n int) {
			r.d.Input(input.Event{Kind: input.Rotate, Steps: n})
			r.key("Return")
			time.Sleep(50 * time.Millisecond)
		}
		turn(1) // the entry
		turn(2) // w, the second key
		turn(-1)
		turn(-1) // around the end: enter, which closes the keyboard
		r.s.dump(t, "rotary-typed")
		r.do(func() {
			if e.Text != "wq" {
				t.Errorf("got %q, want wq", e.Text)
			}
			if _, s := r.w.Canvas().InteractiveArea(); s.Height != 480 {
				t.Error("the keyboard is still there")
			}
		})
		r.stop()
	})
}

func TestRotaryScrollsAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := list(100)
		chosen := -1
		l.OnSelected = func(i widget.ListItemID) { chosen = i }
		r := start(t, 400, 300, func() fyne.CanvasObject { return l })
		time.Sleep(50 * time.Millisecond)
		for range 31 {
			r.d.Input(input.Event{Kind: input.Rotate, Steps: 1})
			time.Sleep(30 * time.Millisecond)
		}
		r.key("Return")
		time.Sleep(50 * time.Millisecond)
		r.s.dump(t, "ring-list")
		r.do(func() {
			if chosen != 30 {
				t.Errorf("31 detents: got row %d, want 30", chosen)
			}
		})
		r.stop()
	})
}

func TestTheRingLiesOverEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := widget.NewButton("b", nil)
		cover := canvas.NewRectangle(theme.Color(theme.ColorNameError))
		r := start(t, 200, 100, func() fyne.CanvasObject { return container.NewStack(b, cover) })
		time.Sleep(50 * time.Millisecond)
		r.d.Input(input.Event{Kind: input.Rotate, Steps: 1})
		time.Sleep(100 * time.Millisecond)
		r.do(func() {
			items := r.w.(*fynedriver.Window).Painter().Items()
			last := items[len(items)-1]
			if last.Kind != paint.Rectangle || last.Stroke.A == 0 {
				t.Errorf("topmost item: got %v, want the ring", last.Kind)
			}
		})
		r.event(input.TouchDown, 0, 190, 90)
		time.Sleep(100 * time.Millisecond)
		r.do(func() {
			items := r.w.(*fynedriver.Window).Painter().Items()
			if items[len(items)-1].Stroke.A != 0 {
				t.Error("the ring stays when a finger comes")
			}
		})
		r.stop()
	})
}

func TestEscapeLeavesWhatIsOnTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backs := 0
		r := start(t, 400, 300, func() fyne.CanvasObject { return widget.NewLabel("x") })
		r.do(func() {
			r.d.OnBack(func() { backs++ })
			widget.ShowPopUp(widget.NewLabel("hello"), r.w.Canvas())
		})
		r.key("Escape")
		time.Sleep(50 * time.Millisecond)
		r.do(func() {
			if r.w.Canvas().Overlays().Top() != nil || backs != 0 {
				t.Errorf("first escape: got overlay %v and %d backs, want none", r.w.Canvas().Overlays().Top(), backs)
			}
		})
		r.key("Escape")
		time.Sleep(50 * time.Millisecond)
		r.do(func() {
			if backs != 1 {
				t.Errorf("second escape: got %d backs, want 1", backs)
			}
		})
		r.stop()
	})
}

func TestShortcutsAndRunes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := widget.NewEntry()
		r := start(t, 400, 300, func() fyne.CanvasObject { return container.NewVBox(e) })
		r.do(func() { r.w.Canvas().Focus(e) })
		for _, c := range "abc" {
			r.d.Input(input.Event{Kind: input.Rune, Rune: c})
		}
		r.d.Input(input.Event{Kind: input.KeyDown, Key: "LeftControl"})
		r.key("A")
		r.key("C")
		r.d.Input(input.Event{Kind: input.KeyUp, Key: "LeftControl"})
		r.key("BackSpace")
		time.Sleep(50 * time.Millisecond)
		r.do(func() {
			if e.Text != "" || fyne.CurrentApp().Clipboard().Content() != "abc" {
				t.Errorf("got text %q and clipboard %q, want none and abc", e.Text, fyne.CurrentApp().Clipboard().Content())
			}
		})
		r.stop()
	})
}

package shell_test

import (
	"fmt"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	fynewidget "fyne.io/fyne/v2/widget"

	"tandem/hmi"
	"tandem/hmi/fynedriver"
	"tandem/hmi/input"
	"tandem/hmi/paint"
	"tandem/hmi/shell"
	"tandem/hmi/theme"
)

// A dialog over the shell's screens, in its theme: a finger puts the cursor
// into the entry, types on the keyboard that comes, and confirms; what lies
// behind gets nothing.
func TestTypingIntoADialog(t *testing.T) {
	for _, size := range []image.Point{{X: 1280, Y: 720}, {X: 800, Y: 480}} {
		for _, light := range []string{"night", "day"} {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, shell.Driving, func(c *shell.Config) { c.Size = size })
				defer r.stop()
				r.do(func() { r.s.DoForTest(hmi.Choose{Name: "light", Value: light}) })
				entry, answer := fynewidget.NewEntry(), ""
				r.do(func() {
					dialog.ShowForm("Name of the profile", "Save", "Cancel", []*fynewidget.FormItem{fynewidget.NewFormItem("Name", entry)}, func(ok bool) {
						if ok {
							answer = entry.Text
						}
					}, r.s.Driver().AllWindows()[0])
				})
				r.settle()
				r.tapObject(entry)
				r.settle()
				r.ui.save(t, fmt.Sprintf("kbd-%dx%d-%s", size.X, size.Y, light))
				r.do(func() {
					if y := r.s.Driver().AbsolutePositionForObject(r.s.Driver().AllWindows()[0].Content()).Y; y != 0 {
						t.Errorf("%v: the keyboard moves the screen behind the dialog by %v, want only the dialog raised", size, y)
					}
				})
				for _, key := range []string{"⇧", "A", "d", "a"} {
					r.tapText(key, size.Y/3)
				}
				r.ui.save(t, fmt.Sprintf("kbd-%dx%d-%s-typed", size.X, size.Y, light))
				r.tapText("↵", size.Y/3)
				r.settle()
				before := r.s.State().Screen
				r.touch(float32(size.X)/20, float32(size.Y)/2) // the dock, behind
				r.tapText("Save", 0)
				r.settle()
				if answer != "Ada" || r.s.State().Screen != before {
					t.Errorf("%v: got %q and screen %v, want Ada and %v", size, answer, r.s.State().Screen, before)
				}
			})
		}
	}
}

// touch is a finger at a place in pixels.
func (r *rig) touch(x, y float32) {
	size := r.ui.size
	for _, k := range []input.Kind{input.TouchDown, input.TouchUp} {
		r.ui.events <- input.Event{Kind: k, X: x / float32(size.X), Y: y / float32(size.Y)}
		time.Sleep(50 * time.Millisecond)
	}
}

func (r *rig) tapObject(o fyne.CanvasObject) {
	var p fyne.Position
	var scale float32
	r.do(func() {
		p = fyne.CurrentApp().Driver().AbsolutePositionForObject(o).AddXY(o.Size().Width/2, o.Size().Height/2)
		scale = theme.PanelFor(r.ui.size).Scale
	})
	r.touch(p.X*scale, p.Y*scale)
}

// tapText touches the lowest thing on the screen that reads text, below from.
func (r *rig) tapText(text string, from int) {
	r.t.Helper()
	var at image.Point
	r.do(func() {
		for _, it := range r.s.Driver().AllWindows()[0].(*fynedriver.Window).Painter().Items() {
			if it.Kind == paint.Text && it.Text() == text && it.Bounds.Min.Y >= max(from, at.Y) {
				at = it.Bounds.Min.Add(it.Bounds.Size().Div(2))
			}
		}
	})
	if at == (image.Point{}) {
		r.t.Fatalf("nothing reads %q", text)
	}
	r.touch(float32(at.X), float32(at.Y))
}

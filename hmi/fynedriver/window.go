package fynedriver

import (
	"fmt"
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"tandem/hmi/display"
	"tandem/hmi/input"
	"tandem/hmi/paint"
)

// Window is a fyne.Window that fills its output.
type Window struct {
	d       *Driver
	title   string
	out     Output
	size    image.Point
	canvas  *Canvas
	painter *paint.Painter
	ground  *canvas.Rectangle
	colour  color.Color // nil: the theme's background
	shown   bool
	raised  int
	padded  bool
	icon    fyne.Resource
	menu    *fyne.MainMenu

	onClosed, onClose func()
}

func (d *Driver) newWindow(title string, size image.Point, scale float32, out Output) *Window {
	w := &Window{d: d, title: title, out: out, size: size, ground: canvas.NewRectangle(color.Black)}
	w.painter = paint.New(paint.Config{Size: size, Scale: scale, Logger: d.log})
	w.canvas = newCanvas(w, fyne.NewSize(float32(size.X)/scale, float32(size.Y)/scale), scale)
	w.ground.Resize(w.canvas.size.AddWidthHeight(1, 1))
	w.tint()
	d.windows = append(d.windows, w)
	return w
}

// measurer is the painter that measures text: the first window's, whose shaped
// texts are then there to be drawn, or one for as long as there is no window.
func (d *Driver) measurer() *paint.Painter {
	if len(d.windows) > 0 {
		return d.windows[0].painter
	}
	if d.ruler == nil {
		d.ruler = paint.New(paint.Config{Scale: d.cfg.Scale, Logger: d.log})
	}
	return d.ruler
}

// Painter is the window's painter: its display list and picture, for tests and
// the lint. It belongs to the goroutine of Run.
func (w *Window) Painter() *paint.Painter { return w.painter }

// SetBackground sets what lies beneath the content; nil: the theme's colour.
func (w *Window) SetBackground(c color.Color) {
	w.colour = c
	w.tint()
	w.d.dirty = true
}

// tint gives the ground its colour; it is told when the theme changes.
func (w *Window) tint() {
	w.ground.FillColor = w.colour
	if w.colour == nil {
		w.ground.FillColor = theme.Color(theme.ColorNameBackground)
	}
}

// Input takes an event for this window from any goroutine. See Driver.Input.
func (w *Window) Input(ev input.Event) { w.d.inputTo(w, ev) }

// paint brings the picture up to date and presents what changed. It returns
// the number of pixels that did.
func (w *Window) paint() (int, error) {
	c := w.canvas
	c.arrange()
	w.painter.Tree(w.ground, fyne.Position{})
	for _, t := range c.layers() {
		w.painter.Tree(t.root, t.off)
	}
	damage := w.painter.Paint()
	if len(damage) == 0 {
		return 0, nil
	}
	n := 0
	for _, r := range damage {
		n += r.Dx() * r.Dy()
	}
	err := w.out.Present(display.Frame{Pix: w.painter.Pix(), Stride: w.painter.Stride(), Size: w.size, Damage: damage})
	if err != nil {
		return 0, fmt.Errorf("present window %s: %w", w.title, err)
	}
	return n, nil
}

// Title is fyne.Window's.
func (w *Window) Title() string { return w.title }

// SetTitle is fyne.Window's.
func (w *Window) SetTitle(t string) { w.title = t }

// FullScreen is fyne.Window's: always.
func (w *Window) FullScreen() bool { return true }

// SetFullScreen is fyne.Window's; there is nothing else than full screen.
func (w *Window) SetFullScreen(bool) {}

// Resize is fyne.Window's; a window has the size of its output.
func (w *Window) Resize(fyne.Size) {}

// RequestFocus is fyne.Window's: the window is seen.
func (w *Window) RequestFocus() { w.raise() }

// FixedSize is fyne.Window's: always.
func (w *Window) FixedSize() bool { return true }

// SetFixedSize is fyne.Window's; the size never changes.
func (w *Window) SetFixedSize(bool) {}

// CenterOnScreen is fyne.Window's; a window fills its output.
func (w *Window) CenterOnScreen() {}

// Padded is fyne.Window's.
func (w *Window) Padded() bool { return w.padded }

// SetPadded is fyne.Window's; unlike in Fyne's drivers false is the default.
func (w *Window) SetPadded(p bool) {
	w.padded = p
	w.canvas.fit()
}

// Icon is fyne.Window's.
func (w *Window) Icon() fyne.Resource { return w.icon }

// SetIcon is fyne.Window's.
func (w *Window) SetIcon(r fyne.Resource) { w.icon = r }

// SetMaster is fyne.Window's; closing a window never ends the driver.
func (w *Window) SetMaster() {}

// MainMenu is fyne.Window's.
func (w *Window) MainMenu() *fyne.MainMenu { return w.menu }

// SetMainMenu is fyne.Window's; a head unit shows no menu bar.
func (w *Window) SetMainMenu(m *fyne.MainMenu) { w.menu = m }

// SetOnClosed is fyne.Window's.
func (w *Window) SetOnClosed(f func()) { w.onClosed = f }

// SetCloseIntercept is fyne.Window's.
func (w *Window) SetCloseIntercept(f func()) { w.onClose = f }

// SetOnDropped is fyne.Window's; nothing is ever dropped.
func (w *Window) SetOnDropped(func(fyne.Position, []fyne.URI)) {}

// Show is fyne.Window's.
func (w *Window) Show() {
	w.shown = true
	w.raise()
}

func (w *Window) raise() {
	for _, o := range w.d.windows {
		w.raised = max(w.raised, o.raised+1)
	}
	w.painter.Invalidate()
	w.d.dirty = true
	w.d.Wake()
}

// Hide is fyne.Window's. The output keeps its last picture until another
// window is shown on it.
func (w *Window) Hide() {
	w.shown = false
	w.d.touch.leave(w)
	if top := w.d.top(w.out); top != nil {
		top.painter.Invalidate()
	}
	w.d.dirty = true
	w.d.Wake()
}

// Close is fyne.Window's.
func (w *Window) Close() {
	w.Hide()
	for i, o := range w.d.windows {
		if o == w && len(w.d.windows) > 1 {
			w.d.windows = append(w.d.windows[:i:i], w.d.windows[i+1:]...)
			break
		}
	}
	call(w.onClosed)
}

// ShowAndRun is fyne.Window's.
func (w *Window) ShowAndRun() {
	w.Show()
	w.d.app.Run()
}

// Content is fyne.Window's.
func (w *Window) Content() fyne.CanvasObject { return w.canvas.content }

// SetContent is fyne.Window's.
func (w *Window) SetContent(o fyne.CanvasObject) { w.canvas.SetContent(o) }

// Canvas is fyne.Window's.
func (w *Window) Canvas() fyne.Canvas { return w.canvas }

// Clipboard is fyne.Window's.
func (w *Window) Clipboard() fyne.Clipboard { return w.d.app.Clipboard() }

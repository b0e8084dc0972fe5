package fynedriver

import (
	"image"
	"reflect"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Canvas is the fyne.Canvas of a window: its content, the overlays above it,
// the on-screen keyboard and the focus ring above all.
type Canvas struct {
	w       *Window
	size    fyne.Size
	scale   float32
	content fyne.CanvasObject
	overs   overlays
	focus   map[fyne.CanvasObject]fyne.Focusable // focused object of each tree, by its root
	layout  layouter
	keys    *keyboard
	ring    *ring
	raised  fyne.CanvasObject // the tree that is moved up so that the keyboard does not hide its entry
	lift    float32           // by how much

	onRune    func(rune)
	onKey     func(*fyne.KeyEvent)
	onKeyDown func(*fyne.KeyEvent)
	onKeyUp   func(*fyne.KeyEvent)

	fyne.ShortcutHandler
}

var _ desktop.Canvas = (*Canvas)(nil)

// layer is a tree with its place on the canvas.
type layer struct {
	root fyne.CanvasObject
	off  fyne.Position
}

func newCanvas(w *Window, size fyne.Size, scale float32) *Canvas {
	c := &Canvas{w: w, size: size, scale: scale, focus: map[fyne.CanvasObject]fyne.Focusable{}}
	c.overs.c = c
	c.layout.init()
	c.ring = newRing(c)
	return c
}

// trees is the content and the overlays, bottom to top.
func (c *Canvas) trees() []fyne.CanvasObject {
	all := make([]fyne.CanvasObject, 0, 1+len(c.overs.list))
	if c.content != nil {
		all = append(all, c.content)
	}
	return append(all, c.overs.list...)
}

// layers is everything that is painted, bottom to top. The slice is used again.
func (c *Canvas) layers() []layer {
	ls := c.layout.layers[:0]
	if c.content != nil {
		ls = append(ls, layer{c.content, c.offset(c.content)})
	}
	for _, o := range c.overs.list {
		ls = append(ls, layer{o, c.offset(o)})
	}
	if c.keys != nil && c.keys.Visible() {
		ls = append(ls, layer{c.keys, fyne.Position{}})
	}
	if c.ring.update() {
		ls = append(ls, layer{c.ring.rect, fyne.Position{}})
	}
	c.layout.layers = ls
	return ls
}

// offset is where a tree is shown: what is beneath a dialog that the keyboard
// raises stays where it is, and with it the status bar.
func (c *Canvas) offset(root fyne.CanvasObject) fyne.Position {
	if root == c.raised {
		return fyne.NewPos(0, -c.lift)
	}
	return fyne.Position{}
}

// active is the tree that takes input: the topmost overlay, or the content.
func (c *Canvas) active() fyne.CanvasObject {
	if o := c.overs.Top(); o != nil {
		return o
	}
	return c.content
}

// changed notes that the canvas may look different. What a frame changes
// before it paints is shown by that frame.
func (c *Canvas) changed() {
	if c.w.d.framing {
		return
	}
	c.w.d.dirty = true
	c.w.d.Wake()
}

// Content is fyne.Canvas's.
func (c *Canvas) Content() fyne.CanvasObject { return c.content }

// SetContent is fyne.Canvas's.
func (c *Canvas) SetContent(o fyne.CanvasObject) {
	if c.content != nil && c.content != o {
		c.blur(c.content)
		delete(c.focus, c.content)
	}
	c.content = o
	c.fit()
	c.changed()
}

// fit gives content and overlays the size of the canvas.
func (c *Canvas) fit() {
	for _, o := range c.overs.list {
		c.fitOverlay(o)
	}
	if c.content == nil {
		return
	}
	pad := float32(0)
	if c.w.padded {
		pad = theme.Padding()
	}
	c.content.Resize(c.size.SubtractWidthHeight(2*pad, 2*pad))
	c.content.Move(fyne.NewSquareOffsetPos(pad))
}

// fitOverlay does what Fyne's own overlay stack does: a pop-up sees to its
// size itself, an overlay container (an internal type) fills the canvas.
func (c *Canvas) fitOverlay(o fyne.CanvasObject) {
	if p, ok := o.(*widget.PopUp); ok {
		p.Refresh()
		return
	}
	if reflect.TypeOf(o).String() == "*widget.OverlayContainer" {
		o.Resize(c.size)
		o.Move(fyne.Position{})
	}
}

// Refresh is fyne.Canvas's.
func (c *Canvas) Refresh(o fyne.CanvasObject) {
	for _, w := range c.w.d.windows {
		w.painter.Refresh(o)
		w.canvas.layout.refreshed(o)
	}
	c.changed()
}

// SetDirty is what Fyne calls when an object has moved or was hidden.
func (c *Canvas) SetDirty() { c.changed() }

// Size is fyne.Canvas's.
func (c *Canvas) Size() fyne.Size { return c.size }

// Scale is fyne.Canvas's.
func (c *Canvas) Scale() float32 { return c.scale }

// Overlays is fyne.Canvas's.
func (c *Canvas) Overlays() fyne.OverlayStack { return &c.overs }

// OnTypedRune is fyne.Canvas's.
func (c *Canvas) OnTypedRune() func(rune) { return c.onRune }

// SetOnTypedRune is fyne.Canvas's.
func (c *Canvas) SetOnTypedRune(f func(rune)) { c.onRune = f }

// OnTypedKey is fyne.Canvas's.
func (c *Canvas) OnTypedKey() func(*fyne.KeyEvent) { return c.onKey }

// SetOnTypedKey is fyne.Canvas's.
func (c *Canvas) SetOnTypedKey(f func(*fyne.KeyEvent)) { c.onKey = f }

// OnKeyDown is desktop.Canvas's.
func (c *Canvas) OnKeyDown() func(*fyne.KeyEvent) { return c.onKeyDown }

// SetOnKeyDown is desktop.Canvas's.
func (c *Canvas) SetOnKeyDown(f func(*fyne.KeyEvent)) { c.onKeyDown = f }

// OnKeyUp is desktop.Canvas's.
func (c *Canvas) OnKeyUp() func(*fyne.KeyEvent) { return c.onKeyUp }

// SetOnKeyUp is desktop.Canvas's.
func (c *Canvas) SetOnKeyUp(f func(*fyne.KeyEvent)) { c.onKeyUp = f }

// Capture is fyne.Canvas's: a copy of the picture as it was last painted.
func (c *Canvas) Capture() image.Image { return c.w.painter.Picture().RGBA() }

// PixelCoordinateForPosition is fyne.Canvas's.
func (c *Canvas) PixelCoordinateForPosition(p fyne.Position) (int, int) {
	return int(p.X * c.scale), int(p.Y * c.scale)
}

// InteractiveArea is fyne.Canvas's: all of it, less the on-screen keyboard.
func (c *Canvas) InteractiveArea() (fyne.Position, fyne.Size) {
	s := c.size
	if c.keys != nil && c.keys.Visible() {
		s.Height -= c.keys.Size().Height
	}
	return fyne.Position{}, s
}

// overlays is the stack of what lies above the content.
type overlays struct {
	c    *Canvas
	list []fyne.CanvasObject
}

func (s *overlays) Add(o fyne.CanvasObject) {
	if o == nil {
		return
	}
	s.list = append(s.list, o)
	s.c.fitOverlay(o)
	s.c.overlaysChanged()
}

func (s *overlays) List() []fyne.CanvasObject { return s.list }

func (s *overlays) Remove(o fyne.CanvasObject) {
	i := slices.Index(s.list, o)
	if i < 0 {
		return
	}
	for _, gone := range s.list[i:] {
		s.c.blur(gone)
		delete(s.c.focus, gone)
	}
	clear(s.list[i:])
	s.list = s.list[:i]
	s.c.overlaysChanged()
}

func (s *overlays) Top() fyne.CanvasObject {
	if len(s.list) == 0 {
		return nil
	}
	return s.list[len(s.list)-1]
}

// overlaysChanged lets the keyboard follow the focus of the tree that is now
// on top, and ends touches that began below it.
func (c *Canvas) overlaysChanged() {
	c.ring.clear()
	c.w.d.touch.leave(c.w)
	c.showKeyboardFor(c.Focused())
	c.changed()
}

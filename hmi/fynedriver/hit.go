package fynedriver

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/paint"
)

// area is a rectangle in Fyne units.
type area struct{ x0, y0, x1, y1 float32 }

func areaOf(p fyne.Position, s fyne.Size) area {
	return area{p.X, p.Y, p.X + s.Width, p.Y + s.Height}
}

func (a area) and(b area) area {
	return area{max(a.x0, b.x0), max(a.y0, b.y0), min(a.x1, b.x1), min(a.y1, b.y1)}
}

func (a area) empty() bool { return a.x1 <= a.x0 || a.y1 <= a.y0 }

func (a area) has(p fyne.Position) bool {
	return p.X >= a.x0 && p.X < a.x1 && p.Y >= a.y0 && p.Y < a.y1
}

// spot is an object with its place on the canvas.
type spot struct {
	o    fyne.CanvasObject
	pos  fyne.Position
	clip area // what its ancestors let through
}

// visit walks the visible objects of a tree, parents first, bottom to top;
// it ends when f returns false.
func (c *Canvas) visit(root fyne.CanvasObject, off fyne.Position, f func(spot) bool) bool {
	return visit(root, off, areaOf(fyne.Position{}, c.size), f)
}

func visit(o fyne.CanvasObject, off fyne.Position, clip area, f func(spot) bool) bool {
	if o == nil || !o.Visible() {
		return true
	}
	pos := o.Position().Add(off)
	switch v := o.(type) {
	case *fyne.Container:
		if !f(spot{o, pos, clip}) {
			return false
		}
		for _, k := range v.Objects {
			if !visit(k, pos, clip, f) {
				return false
			}
		}
		return true
	case fyne.Widget:
		r := test.WidgetRenderer(v)
		if r == nil {
			return true
		}
		if paint.Clips(v, r) {
			clip = clip.and(areaOf(pos, o.Size()))
		}
		if !f(spot{o, pos, clip}) {
			return false
		}
		for _, k := range r.Objects() {
			if !visit(k, pos, clip, f) {
				return false
			}
		}
		return true
	}
	return f(spot{o, pos, clip})
}

// hit is the topmost object at p that match accepts: in the keyboard where
// that is, else in the active tree.
func (c *Canvas) hit(p fyne.Position, match func(fyne.CanvasObject) bool) (spot, bool) {
	var found spot
	look := func(s spot) bool {
		if s.clip.has(p) && areaOf(s.pos, s.o.Size()).has(p) && match(s.o) {
			found = s
		}
		return true
	}
	if c.onKeyboard(p) {
		c.visit(c.keys, fyne.Position{}, look)
	} else if root := c.active(); root != nil {
		c.visit(root, c.offset(root), look)
	}
	return found, found.o != nil
}

// find looks an object up in everything that the canvas shows.
func (c *Canvas) find(o fyne.CanvasObject) (spot, bool) {
	var found spot
	look := func(s spot) bool {
		if s.o == o {
			found = s
			return false
		}
		return true
	}
	for _, root := range c.trees() {
		if !c.visit(root, c.offset(root), look) {
			return found, true
		}
	}
	if c.keys != nil && !c.visit(c.keys, fyne.Position{}, look) {
		return found, true
	}
	return found, false
}

// holds tells whether the last frame showed o. It must not walk the tree: Fyne
// asks while it is making renderers, and a walk would make them again.
func (c *Canvas) holds(o fyne.CanvasObject) bool {
	for i := range c.layout.nodes {
		if c.layout.nodes[i].o == o {
			return true
		}
	}
	return false
}

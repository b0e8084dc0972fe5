package fynedriver

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// ring shows where keys and the rotary controller are. It lies above
// everything, so that nothing hides it, and goes when a finger comes.
type ring struct {
	c    *Canvas
	at   fyne.CanvasObject // nil: not shown
	rect *canvas.Rectangle
}

const ringWidth = 4

func newRing(c *Canvas) *ring {
	r := canvas.NewRectangle(color.Transparent)
	r.StrokeWidth = ringWidth
	return &ring{c: c, rect: r}
}

func (r *ring) clear() { r.at = nil }

// update puts the ring around its target; false: there is none to be seen.
func (r *ring) update() bool {
	if r.at == nil {
		return false
	}
	s, ok := r.c.find(r.at)
	if !ok {
		r.at = nil
		return false
	}
	a := areaOf(s.pos, s.o.Size()).and(s.clip)
	if a.empty() {
		return false
	}
	r.rect.StrokeColor = theme.Color(theme.ColorNamePrimary)
	r.rect.CornerRadius = theme.Size(theme.SizeNameInputRadius) + ringWidth
	pos := fyne.NewPos(max(a.x0-ringWidth, ringWidth/2), max(a.y0-ringWidth, ringWidth/2))
	r.rect.Move(pos)
	r.rect.Resize(fyne.NewSize(min(a.x1+ringWidth, r.c.size.Width-ringWidth/2)-pos.X, min(a.y1+ringWidth, r.c.size.Height-ringWidth/2)-pos.Y))
	return true
}

// target is something that keys can go to.
type target struct {
	spot
	centre float32
	scroll *container.Scroll
}

// targets lists what can be reached in the active tree, in reading order: by
// rows, left to right. What contains other targets is not one itself, unless
// text is typed into it.
func (c *Canvas) targets() []target {
	root := c.active()
	if root == nil {
		return nil
	}
	var all []target
	c.collectTargets(root, c.offset(root), areaOf(fyne.Position{}, c.size), nil, &all)
	slices.SortStableFunc(all, func(a, b target) int { return cmp(a.centre, b.centre) })
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end].centre < all[i].pos.Y+all[i].o.Size().Height {
			end++
		}
		slices.SortStableFunc(all[i:end], func(a, b target) int { return cmp(a.pos.X, b.pos.X) })
		i = end
	}
	return all
}

func cmp(a, b float32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// collectTargets adds the targets below o and tells whether there was one.
func (c *Canvas) collectTargets(o fyne.CanvasObject, off fyne.Position, clip area, in *container.Scroll, all *[]target) bool {
	if o == nil || !o.Visible() {
		return false
	}
	if d, ok := o.(fyne.Disableable); ok && d.Disabled() {
		return false
	}
	pos := o.Position().Add(off)
	inner, kids := in, children(o)
	if s, ok := o.(*container.Scroll); ok { // not its bars
		inner, kids = s, []fyne.CanvasObject{s.Content}
	}
	found := false
	for _, k := range kids {
		found = c.collectTargets(k, pos, clip, inner, all) || found
	}
	_, types := o.(mobile.Keyboardable)
	_, focus := o.(fyne.Focusable)
	_, taps := o.(fyne.Tappable)
	if (found && !types) || (!focus && !taps) || o == c.active() {
		return found
	}
	if a := areaOf(pos, o.Size()).and(clip); a.empty() && in == nil {
		return found
	}
	*all = append(*all, target{spot{o, pos, clip}, pos.Y + o.Size().Height/2, in})
	return true
}

// rotate moves the ring by steps among the targets.
func (c *Canvas) rotate(steps int) {
	for ; steps > 0; steps-- {
		c.step(1)
	}
	for ; steps < 0; steps++ {
		c.step(-1)
	}
}

func (c *Canvas) step(by int) {
	if c.keys != nil && c.keys.Visible() {
		c.ring.at = c.keys.next(c.ring.at, by)
		c.changed()
		return
	}
	all := c.targets()
	if len(all) == 0 {
		c.ring.clear()
		return
	}
	at := c.current(all)
	if at >= 0 {
		all, at = c.scrollOn(all, at, by)
	}
	switch {
	case at < 0 && by < 0:
		at = len(all) - 1
	case at < 0:
		at = 0
	default:
		at = (at + by + len(all)) % len(all)
	}
	t := all[at]
	if t.scroll != nil {
		t = c.reveal(t)
	}
	c.ring.at = t.o
	_, types := t.o.(mobile.Keyboardable)
	if f, ok := t.o.(fyne.Focusable); ok && !types {
		c.Focus(f)
	} else {
		c.Unfocus()
	}
	c.changed()
}

// current is the index of the target with the ring, else of the focused one.
func (c *Canvas) current(all []target) int {
	for i := range all {
		if all[i].o == c.ring.at || c.ring.at == nil && all[i].o == asObject(c.Focused()) {
			return i
		}
	}
	return -1
}

// scrollOn makes room when the next target lies outside of the scrolled area
// that the ring is in, though that area goes on: a list has only the rows that
// are seen.
func (c *Canvas) scrollOn(all []target, at, by int) ([]target, int) {
	t, next := all[at], at+by
	if t.scroll == nil || next >= 0 && next < len(all) && all[next].scroll == t.scroll {
		return all, at
	}
	size := t.o.Size().AddWidthHeight(theme.Padding(), theme.Padding())
	off := t.scroll.Offset
	switch k := float32(by); t.scroll.Direction {
	case container.ScrollHorizontalOnly:
		off.X += k * size.Width
	default:
		off.Y += k * size.Height
	}
	moved := c.scrollTo(t.scroll, off)
	if moved == (fyne.Position{}) {
		return all, at
	}
	all = c.targets()
	return all, nearest(all, t, moved)
}

// nearest is the target that now stands where t has gone to: rows are used
// again, so that the object itself may be another row by now.
func nearest(all []target, t target, moved fyne.Position) int {
	best, least := -1, float32(0)
	for i := range all {
		if all[i].scroll != t.scroll {
			continue
		}
		d := all[i].pos.Subtract(t.pos.Subtract(moved))
		if far := d.X*d.X + d.Y*d.Y; best < 0 || far < least {
			best, least = i, far
		}
	}
	return best
}

// scrollTo scrolls and tells by how much.
func (c *Canvas) scrollTo(s *container.Scroll, off fyne.Position) fyne.Position {
	before := s.Offset
	s.ScrollToOffset(off)
	if s.Offset != before && s.OnScrolled != nil { // lists follow it
		s.OnScrolled(s.Offset)
	}
	return s.Offset.Subtract(before)
}

func asObject(f fyne.Focusable) fyne.CanvasObject {
	o, _ := f.(fyne.CanvasObject)
	return o
}

// reveal scrolls so that a target is seen whole, and returns what then stands
// in its place.
func (c *Canvas) reveal(t target) target {
	s, ok := c.find(t.scroll)
	if !ok {
		return t
	}
	view := areaOf(s.pos, t.scroll.Size())
	a := areaOf(t.pos, t.o.Size())
	off := t.scroll.Offset
	switch {
	case a.y0 < view.y0:
		off.Y -= view.y0 - a.y0
	case a.y1 > view.y1:
		off.Y += a.y1 - view.y1
	}
	switch {
	case a.x0 < view.x0:
		off.X -= view.x0 - a.x0
	case a.x1 > view.x1:
		off.X += a.x1 - view.x1
	}
	moved := c.scrollTo(t.scroll, off)
	if moved == (fyne.Position{}) {
		return t
	}
	all := c.targets()
	if i := nearest(all, t, moved); i >= 0 {
		return all[i]
	}
	return t
}

// activate does what a tap on the ring's target would.
func (c *Canvas) activate() bool {
	if c.keys != nil && c.keys.Visible() && c.keys.hit(c.ring.at) {
		return true
	}
	s, ok := c.find(c.ring.at)
	if c.ring.at == nil || !ok {
		return false
	}
	if f, is := s.o.(mobile.Keyboardable); is {
		c.Focus(f)
		return true
	}
	if t, is := s.o.(fyne.Tappable); is {
		half := fyne.NewPos(s.o.Size().Width/2, s.o.Size().Height/2)
		t.Tapped(&fyne.PointEvent{Position: half, AbsolutePosition: s.pos.Add(half)})
		return true
	}
	return false
}

// Focus is fyne.Canvas's. What is hidden, disabled or not on the canvas does
// not get the focus.
func (c *Canvas) Focus(f fyne.Focusable) {
	if f == nil {
		c.Unfocus()
		return
	}
	o, ok := f.(fyne.CanvasObject)
	if !ok {
		return
	}
	if d, is := f.(fyne.Disableable); is && d.Disabled() {
		return
	}
	for _, root := range c.trees() {
		in := !c.visit(root, fyne.Position{}, func(s spot) bool { return s.o != o })
		if in {
			c.setFocus(root, f)
			return
		}
	}
}

func (c *Canvas) setFocus(root fyne.CanvasObject, f fyne.Focusable) {
	old := c.focus[root]
	if old == f {
		c.showKeyboardFor(c.Focused())
		return
	}
	if old != nil {
		delete(c.focus, root)
		old.FocusLost()
	}
	if f != nil {
		c.focus[root] = f
		f.FocusGained()
	}
	c.showKeyboardFor(c.Focused())
	c.changed()
}

// blur takes the focus from a tree that goes.
func (c *Canvas) blur(root fyne.CanvasObject) {
	if f := c.focus[root]; f != nil {
		delete(c.focus, root)
		f.FocusLost()
	}
}

// Focused is fyne.Canvas's: the focused object of the tree on top.
func (c *Canvas) Focused() fyne.Focusable {
	root := c.active()
	if root == nil {
		return nil
	}
	return c.focus[root]
}

// Unfocus is fyne.Canvas's.
func (c *Canvas) Unfocus() {
	if root := c.active(); root != nil && c.focus[root] != nil {
		c.setFocus(root, nil)
	}
}

// FocusNext is fyne.Canvas's: the next focusable object in Fyne's order.
func (c *Canvas) FocusNext() { c.focusBy(1) }

// FocusPrevious is fyne.Canvas's.
func (c *Canvas) FocusPrevious() { c.focusBy(-1) }

func (c *Canvas) focusBy(by int) {
	root := c.active()
	if root == nil {
		return
	}
	var all []fyne.Focusable
	at := -1
	c.visit(root, fyne.Position{}, func(s spot) bool {
		f, ok := s.o.(fyne.Focusable)
		if d, is := s.o.(fyne.Disableable); !ok || is && d.Disabled() {
			return true
		}
		if f == c.focus[root] {
			at = len(all)
		}
		all = append(all, f)
		return true
	})
	switch {
	case len(all) == 0:
	case at < 0 && by < 0:
		c.setFocus(root, all[len(all)-1])
	case at < 0:
		c.setFocus(root, all[0])
	default:
		c.setFocus(root, all[(at+by+len(all))%len(all)])
	}
}

// back leaves what is on top: the keyboard, then an overlay; false: there is
// nothing to leave.
func (c *Canvas) back() bool {
	if c.keys != nil && c.keys.Visible() {
		c.Unfocus()
		return true
	}
	top := c.overs.Top()
	if top == nil {
		return false
	}
	if d, ok := top.(interface{ Dismiss() }); ok {
		d.Dismiss()
		return true
	}
	if p, ok := top.(*widget.PopUp); ok {
		p.Tapped(&fyne.PointEvent{Position: fyne.NewPos(-1, -1)}) // hides it unless it is modal
	} else if t, ok := top.(fyne.Tappable); ok {
		t.Tapped(&fyne.PointEvent{})
	}
	return c.overs.Top() != top
}

package fynedriver

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/mobile"

	"tandem/hmi/input"
)

const (
	longPress      = 500 * time.Millisecond
	doubleTapDelay = 300 * time.Millisecond
	dragStart      = 8                      // units that a finger may wander in a tap
	velocitySpan   = 100 * time.Millisecond // of moves that make the speed at release
)

// Phase is where a contact is in its life.
type Phase uint8

// Phases of a contact.
const (
	Down Phase = iota
	Move
	Up
	Cancel // withdrawn: as if it had never been
)

// Contact is one finger on a MultiTouchable. Position is relative to the
// object; Time is the event's own.
type Contact struct {
	ID                         int
	Phase                      Phase
	Position, AbsolutePosition fyne.Position
	Time                       time.Time
}

// MultiTouchable is an object that wants every finger that comes down on it,
// raw, such as a map that pinches. It gets no taps and drags besides. Every
// Down is followed by exactly one Up or Cancel.
type MultiTouchable interface {
	fyne.CanvasObject
	Touched(Contact)
}

// touches turns contacts into Fyne's events. Each contact goes its own way:
//
//	down ── raw ──────────────────────────► MultiTouchable
//	     └─ pressed ── up ────────────────► tap, or the first half of a double tap
//	           │ ├──── 500 ms ────────────► secondary tap, then nothing
//	           └ moves 8 units ── dragging ─ up ─► momentum
type touches struct {
	d       *Driver
	on      map[int]*contact
	pending *pendingTap
}

type contact struct {
	w        *Window
	id       int
	at, down fyne.Position
	began    time.Time

	raw     MultiTouchable
	touched mobile.Touchable
	hovered desktop.Hoverable
	tap     fyne.CanvasObject // what a tap would hit
	long    *timer
	spent   bool // became something else than a tap
	fixed   bool // will not become a drag
	drag    fyne.Draggable
	trail   []move
}

type move struct {
	p fyne.Position
	t time.Time
}

// pendingTap is a tap that may turn out to be the first of a double tap.
type pendingTap struct {
	o     fyne.CanvasObject
	ev    *fyne.PointEvent
	when  time.Time
	timer *timer
}

func (t *touches) init(d *Driver) { t.d, t.on = d, map[int]*contact{} }

// handle takes one event on the goroutine of Run.
func (d *Driver) handle(w *Window, ev input.Event) {
	if w == nil {
		if w = d.top(d.cfg.Output); w == nil {
			return
		}
	}
	switch ev.Kind {
	case input.TouchDown, input.TouchMove, input.TouchUp, input.TouchCancel:
		d.touch.event(w, ev)
	case input.Scroll:
		d.wheel(w, ev)
	case input.Rotate:
		w.canvas.rotate(ev.Steps)
	case input.KeyDown:
		d.keyDown(w, ev)
	case input.KeyUp:
		d.keyUp(w, ev)
	case input.Rune:
		w.canvas.typeRune(ev.Rune)
	}
}

// place is where an event is on the canvas; false: nowhere.
func (c *Canvas) place(ev input.Event) (fyne.Position, bool) {
	x, y := float64(ev.X), float64(ev.Y)
	if math.IsNaN(x) || math.IsNaN(y) || x < 0 || y < 0 || x > 1 || y > 1 {
		return fyne.Position{}, false
	}
	return fyne.NewPos(min(ev.X*c.size.Width, c.size.Width-0.5), min(ev.Y*c.size.Height, c.size.Height-0.5)), true
}

func (t *touches) event(w *Window, ev input.Event) {
	p, ok := w.canvas.place(ev)
	c := t.on[ev.Contact]
	switch ev.Kind {
	case input.TouchDown:
		if c != nil { // its up was lost
			t.cancel(c)
		}
		if ok && len(t.on) < 32 {
			t.press(w, ev, p)
		}
	case input.TouchMove:
		if c != nil && ok {
			t.move(c, ev, p)
		}
	case input.TouchUp:
		if c != nil {
			if !ok {
				p = c.at
			}
			t.release(c, ev, p)
		}
	case input.TouchCancel:
		if c != nil {
			t.cancel(c)
		}
	}
}

func (t *touches) press(w *Window, ev input.Event, p fyne.Position) {
	cv := w.canvas
	cv.ring.clear()
	c := &contact{w: w, id: ev.Contact, at: p, down: p, began: ev.Time}
	t.on[c.id] = c
	c.trail = append(c.trail, move{p, ev.Time})
	if t.d.stopGlide(w) {
		c.spent = true // the finger stopped the list, it did not mean what lies there now
		return
	}
	top, ok := cv.hit(p, interactive)
	if ok {
		if raw, is := top.o.(MultiTouchable); is {
			c.raw = raw
			t.raw(c, Down, ev.Time)
			return
		}
	}
	t.refocus(cv, p)
	if s, ok := cv.hit(p, touchable); ok {
		if m, is := s.o.(mobile.Touchable); is {
			c.touched = m
			m.TouchDown(touchEvent(s, p))
		}
	}
	s, ok := cv.hit(p, tappable)
	if !ok {
		return
	}
	c.tap = s.o
	if h, is := s.o.(desktop.Hoverable); is {
		c.hovered = h
		h.MouseIn(&desktop.MouseEvent{PointEvent: pointEvent(s, p), Button: desktop.MouseButtonPrimary})
	}
	if _, is := s.o.(fyne.SecondaryTappable); is {
		c.long = t.d.after(time.Now().Add(longPress), func() { t.longPress(c) })
	}
}

// refocus takes the focus away from what was not touched.
func (t *touches) refocus(cv *Canvas, p fyne.Position) {
	if cv.onKeyboard(p) {
		return
	}
	s, ok := cv.hit(p, func(o fyne.CanvasObject) bool {
		_, f := o.(fyne.Focusable)
		return f || touchable(o)
	})
	if f := cv.Focused(); f != nil && (!ok || s.o != f.(fyne.CanvasObject)) {
		cv.Unfocus()
	}
}

func (t *touches) move(c *contact, ev input.Event, p fyne.Position) {
	if p == c.at {
		return
	}
	last := c.at
	c.at = p
	if c.raw != nil {
		t.raw(c, Move, ev.Time)
		return
	}
	c.trail = append(c.trail, move{p, ev.Time})
	if len(c.trail) > 64 {
		c.trail = append(c.trail[:0], c.trail[32:]...)
	}
	if c.drag == nil {
		dx, dy := p.X-c.down.X, p.Y-c.down.Y
		if dx*dx+dy*dy < dragStart*dragStart || !t.startDrag(c) {
			return
		}
		last = c.down
	}
	ev2 := &fyne.DragEvent{Dragged: fyne.NewDelta(p.X-last.X, p.Y-last.Y)}
	ev2.AbsolutePosition = p
	if s, ok := c.w.canvas.find(c.drag.(fyne.CanvasObject)); ok {
		ev2.Position = p.Subtract(s.pos)
	}
	c.drag.Dragged(ev2)
}

// startDrag ends what the press has begun and looks for something to drag.
func (t *touches) startDrag(c *contact) bool {
	if c.fixed {
		return false
	}
	s, ok := c.w.canvas.hit(c.down, func(o fyne.CanvasObject) bool {
		_, is := o.(fyne.Draggable)
		return is
	})
	if !ok {
		t.let(c) // the finger slid off
		c.fixed = true
		return false
	}
	drag := s.o.(fyne.Draggable)
	t.let(c)
	for _, o := range t.on {
		if o != c && o.drag == drag { // one finger at a time
			c.fixed = true
			return false
		}
	}
	c.drag = drag
	return true
}

// let ends press feedback and the chance of a tap.
func (t *touches) let(c *contact) {
	c.spent = true
	c.long.stop()
	if c.touched != nil {
		ev := &mobile.TouchEvent{}
		ev.AbsolutePosition = c.at
		c.touched.TouchCancel(ev)
		c.touched = nil
	}
	if c.hovered != nil {
		c.hovered.MouseOut()
		c.hovered = nil
	}
}

func (t *touches) longPress(c *contact) {
	if t.on[c.id] != c || c.spent {
		return
	}
	s, ok := c.w.canvas.hit(c.at, tappable)
	if !ok || s.o != c.tap {
		return
	}
	pe := pointEvent(s, c.at)
	t.let(c)
	s.o.(fyne.SecondaryTappable).TappedSecondary(&pe)
}

func (t *touches) release(c *contact, ev input.Event, p fyne.Position) {
	delete(t.on, c.id)
	if c.raw != nil {
		c.at = p
		t.raw(c, Up, ev.Time)
		return
	}
	if c.drag != nil {
		if p != c.at {
			t.move(c, ev, p)
		}
		c.drag.DragEnd()
		t.fling(c, ev.Time)
		return
	}
	c.at = p
	c.long.stop()
	if c.hovered != nil {
		c.hovered.MouseOut()
	}
	if c.touched != nil {
		te := &mobile.TouchEvent{}
		te.AbsolutePosition = p
		if s, ok := c.w.canvas.find(c.touched.(fyne.CanvasObject)); ok {
			te.Position = p.Subtract(s.pos)
		}
		c.touched.TouchUp(te)
	}
	if c.spent || c.tap == nil {
		return
	}
	s, ok := c.w.canvas.hit(p, tappable)
	if !ok || s.o != c.tap {
		return
	}
	pe := pointEvent(s, p)
	if sec, is := s.o.(fyne.SecondaryTappable); is && ev.Time.Sub(c.began) >= longPress {
		sec.TappedSecondary(&pe)
		return
	}
	t.tapped(s.o, &pe, ev.Time)
}

// tapped delivers a tap, or holds it back while a second may follow.
func (t *touches) tapped(o fyne.CanvasObject, pe *fyne.PointEvent, when time.Time) {
	if p := t.pending; p != nil {
		t.pending = nil
		p.timer.stop()
		if p.o == o && when.Sub(p.when) <= doubleTapDelay {
			o.(fyne.DoubleTappable).DoubleTapped(pe)
			return
		}
		tap(p.o, p.ev)
	}
	if _, is := o.(fyne.DoubleTappable); !is {
		tap(o, pe)
		return
	}
	p := &pendingTap{o: o, ev: pe, when: when}
	p.timer = t.d.after(time.Now().Add(doubleTapDelay), func() {
		if t.pending == p {
			t.pending = nil
			tap(o, pe)
		}
	})
	t.pending = p
}

func tap(o fyne.CanvasObject, pe *fyne.PointEvent) {
	if w, ok := o.(fyne.Tappable); ok {
		w.Tapped(pe)
	}
}

// fling gives the speed of the last moves to what was dragged, if it scrolls.
func (t *touches) fling(c *contact, now time.Time) {
	if _, ok := c.drag.(fyne.Scrollable); !ok {
		return
	}
	var first, last move
	for _, m := range c.trail {
		if now.Sub(m.t) > velocitySpan {
			continue
		}
		if first.t.IsZero() {
			first = m
		}
		last = m
	}
	dt := float32(last.t.Sub(first.t).Seconds())
	if dt <= 0 || now.Sub(last.t) > 50*time.Millisecond { // it stood still
		return
	}
	v := fyne.NewDelta((last.p.X-first.p.X)/dt, (last.p.Y-first.p.Y)/dt)
	if s, ok := c.drag.(*container.Scroll); ok { // what cannot move has no speed
		switch s.Direction {
		case container.ScrollVerticalOnly:
			v.DX = 0
		case container.ScrollHorizontalOnly:
			v.DY = 0
		}
	}
	v.DX, v.DY = max(-fastest, min(fastest, v.DX)), max(-fastest, min(fastest, v.DY))
	if v.DX*v.DX+v.DY*v.DY < slowest*slowest {
		return
	}
	t.d.scrolls = append(t.d.scrolls, &momentum{o: c.drag, w: c.w, v: v, last: t.d.now})
}

func (t *touches) cancel(c *contact) {
	delete(t.on, c.id)
	if c.raw != nil {
		t.raw(c, Cancel, c.began)
		return
	}
	t.let(c)
	if c.drag != nil {
		c.drag.DragEnd()
	}
}

// cancelAll ends every contact, leave those on one window.
func (t *touches) cancelAll() {
	for _, c := range t.on {
		t.cancel(c)
	}
	if t.pending != nil {
		t.pending.timer.stop()
		t.pending = nil
	}
}

func (t *touches) leave(w *Window) {
	for _, c := range t.on {
		if c.w == w && c.raw == nil {
			t.let(c)
			c.fixed = true
		}
	}
	t.d.stopGlide(w)
}

func (t *touches) raw(c *contact, ph Phase, when time.Time) {
	ev := Contact{ID: c.id, Phase: ph, AbsolutePosition: c.at, Time: when}
	if s, ok := c.w.canvas.find(c.raw); ok {
		ev.Position = c.at.Subtract(s.pos)
	}
	c.raw.Touched(ev)
}

// wheel scrolls what is under the pointer.
func (d *Driver) wheel(w *Window, ev input.Event) {
	p, ok := w.canvas.place(ev)
	if !ok {
		return
	}
	s, ok := w.canvas.hit(p, func(o fyne.CanvasObject) bool {
		_, is := o.(fyne.Scrollable)
		return is
	})
	if !ok || math.IsNaN(float64(ev.DX)) || math.IsNaN(float64(ev.DY)) {
		return
	}
	d.stopGlide(w)
	s.o.(fyne.Scrollable).Scrolled(&fyne.ScrollEvent{
		PointEvent: pointEvent(s, p),
		Scrolled:   fyne.NewDelta(-ev.DX/w.canvas.scale, -ev.DY/w.canvas.scale),
	})
}

func pointEvent(s spot, p fyne.Position) fyne.PointEvent {
	return fyne.PointEvent{AbsolutePosition: p, Position: p.Subtract(s.pos)}
}

func touchEvent(s spot, p fyne.Position) *mobile.TouchEvent {
	return &mobile.TouchEvent{PointEvent: pointEvent(s, p)}
}

func tappable(o fyne.CanvasObject) bool {
	switch o.(type) {
	case fyne.Tappable, fyne.SecondaryTappable, fyne.DoubleTappable:
		return true
	}
	return false
}

func touchable(o fyne.CanvasObject) bool {
	_, ok := o.(mobile.Touchable)
	return ok
}

func interactive(o fyne.CanvasObject) bool {
	switch o.(type) {
	case MultiTouchable, fyne.Draggable, mobile.Touchable:
		return true
	}
	return tappable(o)
}

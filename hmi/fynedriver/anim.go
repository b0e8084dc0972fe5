package fynedriver

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// running is an animation on the frame clock. It starts with its first frame.
type running struct {
	a       *fyne.Animation
	start   time.Time
	turns   int
	reverse bool
	gone    bool
}

// StartAnimation is fyne.Driver's.
func (d *Driver) StartAnimation(a *fyne.Animation) {
	if d.cfg.ReducedMotion || a.Duration <= 0 {
		a.Tick(1)
		d.dirty = true
		return
	}
	for _, r := range d.anims {
		if r.a == a && !r.gone {
			return
		}
	}
	d.anims = append(d.anims, &running{a: a})
	d.Wake()
}

// StopAnimation is fyne.Driver's.
func (d *Driver) StopAnimation(a *fyne.Animation) {
	for _, r := range d.anims {
		if r.a == a {
			r.gone = true
		}
	}
}

// animate ticks every animation once. Ticks may start and stop animations.
func (d *Driver) animate(now time.Time) {
	for i := 0; i < len(d.anims); i++ {
		if r := d.anims[i]; !r.gone {
			r.tick(now)
		}
	}
	keep := d.anims[:0]
	for _, r := range d.anims {
		if !r.gone {
			keep = append(keep, r)
		}
	}
	clear(d.anims[len(keep):])
	d.anims = keep
}

func (r *running) tick(now time.Time) {
	if r.start.IsZero() {
		r.start = now
	}
	curve := r.a.Curve
	if curve == nil {
		curve = fyne.AnimationEaseInOut
	}
	done := now.Sub(r.start)
	v := float32(1)
	if done < r.a.Duration {
		v = float32(done) / float32(r.a.Duration)
	}
	if r.reverse {
		r.a.Tick(curve(1 - v))
	} else {
		r.a.Tick(curve(v))
	}
	if v < 1 {
		return
	}
	switch {
	case r.a.AutoReverse && !r.reverse:
		r.reverse, r.start = true, now
	case r.a.RepeatCount < 0 || r.turns < r.a.RepeatCount:
		r.turns++
		r.reverse, r.start = false, now
	default:
		r.gone = true
	}
}

const (
	friction  = 0.95 // of the speed that is left after each glideStep
	glideStep = 16 * time.Millisecond
	slowest   = 10   // units/s at which scrolling ends
	fastest   = 8000 // units/s
)

// momentum is scrolling that goes on after the finger has left.
type momentum struct {
	o    fyne.Draggable
	w    *Window
	v    fyne.Delta // units/s
	last time.Time
}

// glide moves what has momentum by the time since the last frame.
func (d *Driver) glide(now time.Time) {
	keep := d.scrolls[:0]
	for _, m := range d.scrolls {
		if m.step(now) {
			keep = append(keep, m)
		}
	}
	clear(d.scrolls[len(keep):])
	d.scrolls = keep
}

// step moves by one frame; false: it has come to rest, or to an end.
func (m *momentum) step(now time.Time) bool {
	dt := now.Sub(m.last)
	m.last = now
	if dt <= 0 {
		return true
	}
	dt = min(dt, 100*time.Millisecond)
	s := float32(dt.Seconds())
	k := float32(math.Pow(friction, float64(dt)/float64(glideStep)))
	s0, scrolls := m.o.(*container.Scroll)
	before := fyne.Position{}
	if scrolls {
		before = s0.Offset
	}
	ev := &fyne.DragEvent{Dragged: fyne.NewDelta(m.v.DX*s, m.v.DY*s)}
	m.o.Dragged(ev)
	if scrolls && s0.Offset == before {
		return false
	}
	m.v = fyne.NewDelta(m.v.DX*k, m.v.DY*k)
	return m.v.DX*m.v.DX+m.v.DY*m.v.DY >= slowest*slowest
}

// stopGlide ends the momentum on w; true: something moved faster than a reader
// could tap on purpose.
func (d *Driver) stopGlide(w *Window) (fast bool) {
	keep := d.scrolls[:0]
	for _, m := range d.scrolls {
		if m.w != w {
			keep = append(keep, m)
			continue
		}
		fast = fast || m.v.DX*m.v.DX+m.v.DY*m.v.DY > 60*60
	}
	clear(d.scrolls[len(keep):])
	d.scrolls = keep
	return fast
}

// timer is something to do later on the goroutine of Run.
type timer struct {
	at time.Time
	f  func()
}

func (d *Driver) after(at time.Time, f func()) *timer {
	t := &timer{at, f}
	d.timers = append(d.timers, t)
	return t
}

func (t *timer) stop() {
	if t != nil {
		t.f = nil
	}
}

// nextTimer is when the earliest timer runs, if there is one.
func (d *Driver) nextTimer() (at time.Time, ok bool) {
	for _, t := range d.timers {
		if t.f != nil && (!ok || t.at.Before(at)) {
			at, ok = t.at, true
		}
	}
	return at, ok
}

// expire runs the timers that are due.
func (d *Driver) expire(now time.Time) {
	d.now = now
	if len(d.timers) == 0 {
		return
	}
	for i := 0; i < len(d.timers); i++ {
		if t := d.timers[i]; t.f != nil && !t.at.After(now) {
			f := t.f
			t.f = nil
			f()
			d.dirty = true
		}
	}
	keep := d.timers[:0]
	for _, t := range d.timers {
		if t.f != nil {
			keep = append(keep, t)
		}
	}
	clear(d.timers[len(keep):])
	d.timers = keep
}

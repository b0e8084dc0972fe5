package web

import (
	"image"
	"sync"
	"time"

	"tandem/hmi/input"
)

// maxFingers is how many touches all viewers have together.
const maxFingers = 32

// maxKeys is how many keys a viewer holds down.
const maxKeys = 16

// fingers gives each viewer's touches numbers that no other viewer has.
type fingers struct {
	mu    sync.Mutex
	taken [maxFingers]bool
}

func (f *fingers) take() (int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, t := range f.taken {
		if !t {
			f.taken[i] = true
			return i, true
		}
	}
	return 0, false
}

func (f *fingers) give(i int) {
	f.mu.Lock()
	f.taken[i] = false
	f.mu.Unlock()
}

// hands is what one viewer holds: it turns records into events and lets go of
// everything when the viewer leaves. One goroutine uses it.
type hands struct {
	all  *fingers
	to   func(input.Event)
	down [maxContacts]touch
	keys []string
}

type touch struct {
	on   bool
	id   int // its number among all
	x, y float32
}

var touchKinds = [...]input.Kind{input.TouchDown, input.TouchMove, input.TouchUp, input.TouchCancel}

// do acts on a record that is not an ack.
func (h *hands) do(r Record, now time.Time) {
	x, y := float32(r.X)/65535, float32(r.Y)/65535
	switch r.Op {
	case OpTouch:
		h.touch(touchKinds[r.Kind], int(r.Contact), x, y, now)
	case OpWheel:
		h.to(input.Event{Kind: input.Scroll, X: x, Y: y, DX: float32(r.DX), DY: float32(r.DY), Time: now})
	case OpKey:
		h.key(r.Text, r.Down, now)
	case OpText:
		for _, c := range r.Text {
			h.to(input.Event{Kind: input.Rune, Rune: c, Time: now})
		}
	case OpRotate:
		if r.Steps != 0 {
			h.to(input.Event{Kind: input.Rotate, Steps: int(r.Steps), Time: now})
		}
	}
}

func (h *hands) touch(kind input.Kind, contact int, x, y float32, now time.Time) {
	t := &h.down[contact]
	if kind == input.TouchDown {
		if t.on {
			h.lift(t, input.TouchCancel, now)
		}
		id, ok := h.all.take()
		if !ok {
			return
		}
		*t = touch{on: true, id: id}
	}
	if !t.on { // it went down before this viewer connected, or found no number
		return
	}
	t.x, t.y = x, y
	if kind == input.TouchUp || kind == input.TouchCancel {
		h.lift(t, kind, now)
		return
	}
	h.to(input.Event{Kind: kind, Contact: t.id, X: x, Y: y, Time: now})
}

func (h *hands) lift(t *touch, kind input.Kind, now time.Time) {
	h.to(input.Event{Kind: kind, Contact: t.id, X: t.x, Y: t.y, Time: now})
	h.all.give(t.id)
	t.on = false
}

func (h *hands) key(name string, down bool, now time.Time) {
	at := -1
	for i, k := range h.keys {
		if k == name {
			at = i
		}
	}
	switch {
	case down && at < 0:
		if len(h.keys) == maxKeys {
			return
		}
		h.keys = append(h.keys, name)
	case !down && at < 0:
		return
	case !down:
		h.keys = append(h.keys[:at], h.keys[at+1:]...)
	}
	kind := input.KeyUp
	if down {
		kind = input.KeyDown
	}
	h.to(input.Event{Kind: kind, Key: name, Time: now})
}

// release lets go of all that the viewer holds.
func (h *hands) release(now time.Time) {
	for i := range h.down {
		if h.down[i].on {
			h.lift(&h.down[i], input.TouchCancel, now)
		}
	}
	for _, k := range h.keys {
		h.to(input.Event{Kind: input.KeyUp, Key: k, Time: now})
	}
	h.keys = nil
}

func imageRect(size image.Point) image.Rectangle { return image.Rectangle{Max: size} }

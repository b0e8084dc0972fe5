package display

import (
	"sync"

	"tandem/hmi/input"
)

const (
	eventQueue  = 256 // events that a layer's reader may be behind
	maxContacts = 32  // fingers at once, over all sources
)

// router remembers which layer a finger, a key and the focus belong to.
type router struct {
	mu       sync.Mutex
	contacts map[int]held      // fingers that are down
	keys     map[string]*Layer // keys that are down
	focus    *Layer            // the layer touched last takes keys; nil: UI
}

type held struct {
	layer *Layer
	last  input.Event // as the layer saw it
}

// Input hands ev to the layer that it is meant for. A touch goes to the
// topmost visible layer that takes input at that place, and stays with it
// until the finger leaves; the wheel goes by place too; keys, text and the
// rotary controller go to the layer touched last, else to the UI. Any
// goroutine may call it; it never blocks.
func (c *Compositor) Input(ev input.Event) {
	c.route.mu.Lock()
	defer c.route.mu.Unlock()
	switch ev.Kind {
	case input.TouchDown:
		c.downLocked(ev)
	case input.TouchMove, input.TouchUp, input.TouchCancel:
		h, ok := c.route.contacts[ev.Contact]
		if !ok {
			return
		}
		h.last = h.layer.local(ev)
		if ev.Kind == input.TouchMove {
			c.route.contacts[ev.Contact] = h
		} else {
			delete(c.route.contacts, ev.Contact)
		}
		h.layer.events.Push(h.last)
	case input.Scroll:
		if l := c.at(ev); l != nil {
			l.events.Push(l.local(ev))
		}
	case input.KeyDown, input.KeyUp:
		c.keyLocked(ev)
	default:
		c.focusLocked().events.Push(ev)
	}
}

func (c *Compositor) downLocked(ev input.Event) {
	if h, ok := c.route.contacts[ev.Contact]; ok { // the source lost its end
		h.last.Kind, h.last.Time = input.TouchCancel, ev.Time
		h.layer.events.Push(h.last)
		delete(c.route.contacts, ev.Contact)
	}
	l := c.at(ev)
	if l == nil || len(c.route.contacts) >= maxContacts {
		return
	}
	ev = l.local(ev)
	if !l.events.Push(ev) {
		return
	}
	if c.route.contacts == nil {
		c.route.contacts = make(map[int]held)
	}
	c.route.contacts[ev.Contact] = held{l, ev}
	c.route.focus = l
}

// keyLocked keeps a key with the layer where it went down.
func (c *Compositor) keyLocked(ev input.Event) {
	l, down := c.route.keys[ev.Key]
	if !down {
		l = c.focusLocked()
	}
	switch {
	case ev.Kind == input.KeyUp:
		delete(c.route.keys, ev.Key)
	case !down && len(c.route.keys) < maxContacts:
		if c.route.keys == nil {
			c.route.keys = make(map[string]*Layer)
		}
		c.route.keys[ev.Key] = l
	}
	l.events.Push(ev)
}

func (c *Compositor) focusLocked() *Layer {
	if l := c.route.focus; l != nil && l.takes() {
		return l
	}
	return c.layers[UI]
}

// at is the topmost layer that takes input at the event's place.
func (c *Compositor) at(ev input.Event) *Layer {
	x, y := int(ev.X*float32(c.size.X)), int(ev.Y*float32(c.size.Y))
	x, y = max(0, min(x, c.size.X-1)), max(0, min(y, c.size.Y-1))
	for i := len(c.layers) - 1; i >= 0; i-- {
		l := c.layers[i]
		l.mu.Lock()
		r := l.rectLocked()
		hit := !l.deaf && x >= r.Min.X && x < r.Max.X && y >= r.Min.Y && y < r.Max.Y
		l.mu.Unlock()
		if hit {
			return l
		}
	}
	return nil
}

// cancel takes the fingers off a layer that no longer takes input.
func (c *Compositor) cancel(l *Layer) {
	c.route.mu.Lock()
	defer c.route.mu.Unlock()
	for id, h := range c.route.contacts {
		if h.layer == l {
			h.last.Kind = input.TouchCancel
			l.events.Push(h.last)
			delete(c.route.contacts, id)
		}
	}
}

// takes reports whether the layer is seen and takes input.
func (l *Layer) takes() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.deaf && !l.rectLocked().Empty()
}

// local gives the event's place as a part of the layer's.
func (l *Layer) local(ev input.Event) input.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.place.Empty() || l.place.Size() == l.c.size && l.place.Min.X == 0 && l.place.Min.Y == 0 {
		return ev
	}
	ev.X = (ev.X*float32(l.c.size.X) - float32(l.place.Min.X)) / float32(l.place.Dx())
	ev.Y = (ev.Y*float32(l.c.size.Y) - float32(l.place.Min.Y)) / float32(l.place.Dy())
	return ev
}

package fynedriver

import (
	"sync"

	"tandem/hmi/input"
)

const maxQueue = 1024 // events that wait; a screen needs a few per frame

// queue holds input until the loop takes it. It never grows beyond maxQueue
// plus one up per contact, and never loses an up or a cancel.
type queue struct {
	mu    sync.Mutex
	evs   []queued
	spare []queued
	lost  uint64
}

type queued struct {
	w  *Window // nil: whichever window is on the main output
	ev input.Event
}

func (q *queue) put(w *Window, ev input.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if ev.Kind == input.TouchMove && q.merge(w, ev) {
		return
	}
	if len(q.evs) >= maxQueue {
		switch ev.Kind {
		case input.TouchUp, input.TouchCancel, input.KeyUp:
			q.dropOne()
		default:
			q.lost++
			return
		}
	}
	q.evs = append(q.evs, queued{w, ev})
}

// merge replaces the last event of the contact if that is a move.
func (q *queue) merge(w *Window, ev input.Event) bool {
	for i := len(q.evs) - 1; i >= 0; i-- {
		o := &q.evs[i]
		if o.w != w || o.ev.Contact != ev.Contact || o.ev.Kind > input.TouchCancel {
			continue
		}
		if o.ev.Kind != input.TouchMove {
			return false
		}
		o.ev = ev
		return true
	}
	return false
}

// dropOne makes room by dropping the oldest event that may be lost; failing
// that, the oldest down whose up waits as well, with it.
func (q *queue) dropOne() {
	for i, o := range q.evs {
		switch o.ev.Kind {
		case input.TouchUp, input.TouchCancel, input.KeyUp, input.TouchDown, input.KeyDown:
			continue
		}
		q.evs = append(q.evs[:i], q.evs[i+1:]...)
		q.lost++
		return
	}
	for i, o := range q.evs {
		if o.ev.Kind != input.TouchDown {
			continue
		}
		for j := i + 1; j < len(q.evs); j++ {
			u := q.evs[j]
			if u.ev.Contact == o.ev.Contact && (u.ev.Kind == input.TouchUp || u.ev.Kind == input.TouchCancel) {
				q.evs = append(q.evs[:j], q.evs[j+1:]...)
				q.evs = append(q.evs[:i], q.evs[i+1:]...)
				q.lost += 2
				return
			}
		}
	}
	q.evs = q.evs[1:]
	q.lost++
}

// take hands every waiting event to f, in order; false: there was none.
func (q *queue) take(f func(*Window, input.Event)) bool {
	q.mu.Lock()
	evs := q.evs
	q.evs, q.spare = q.spare[:0], nil
	q.mu.Unlock()
	for _, e := range evs {
		f(e.w, e.ev)
	}
	q.mu.Lock()
	if q.spare == nil {
		q.spare = evs[:0]
	}
	q.mu.Unlock()
	return len(evs) > 0
}

func (q *queue) dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

package input

// Queue holds events for one reader that may fall behind, and never makes the
// writer wait. Moves and wheel fill half of it and beginnings three quarters,
// so that ends find a place; when even that is full, the oldest goes.
type Queue struct{ c chan Event }

// NewQueue makes a queue of n events.
func NewQueue(n int) Queue { return Queue{make(chan Event, n)} }

// C is where the events are read; it is never closed.
func (q Queue) C() <-chan Event { return q.c }

// Push queues ev and reports whether it went in. A source whose TouchDown did
// not go in should leave out the rest of that touch. Any goroutine may push.
func (q Queue) Push(ev Event) bool {
	limit := cap(q.c)
	switch ev.Kind {
	case TouchMove, Scroll:
		limit /= 2
	case TouchDown, KeyDown, Rune, Rotate:
		limit = limit * 3 / 4
	}
	if len(q.c) >= limit && limit < cap(q.c) {
		return false
	}
	for {
		select {
		case q.c <- ev:
			return true
		default:
		}
		select {
		case <-q.c:
		default:
		}
	}
}

package vehicle

import (
	"slices"
	"time"
)

// Watch tells one reader that something of some signals changed. It has one
// slot, not a queue: a reader that is late reads the latest, and a writer
// never waits. One goroutine at a time uses it.
//
//	for {
//		select {
//		case <-w.C():
//			samples = w.Read(time.Now(), samples[:0])
//		case <-ctx.Done():
//			return
//		}
//	}
type Watch struct {
	store *Store
	ids   []ID
	c     chan struct{}
}

// C is readable when the value, the quality or the asked value of one of the
// signals changed since the last Read. That a signal went stale is seen by
// Sweep; a reader that looks at every frame need not wait for it.
func (w *Watch) C() <-chan struct{} { return w.c }

// Read appends the samples in the order of the watch's paths, all of one
// moment, and allocates nothing if dst has the room.
func (w *Watch) Read(now time.Time, dst []Sample) []Sample {
	select {
	case <-w.c: // before the reading: what changes meanwhile wakes again
	default:
	}
	w.store.mu.RLock()
	defer w.store.mu.RUnlock()
	for _, id := range w.ids {
		dst = append(dst, w.store.slots[id].sample(now))
	}
	return dst
}

// Close ends the wake-ups; C is never readable again, and never closed.
func (w *Watch) Close() {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, id := range w.ids {
		t := &w.store.slots[id]
		t.watches = slices.DeleteFunc(t.watches, func(o *Watch) bool { return o == w })
	}
	select {
	case <-w.c:
	default:
	}
}

// wake fills the one slot of each watch. It never blocks, so that it may be
// called under the Store's lock.
func wake(ws []*Watch) {
	for _, w := range ws {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

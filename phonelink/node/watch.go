package node

import (
	"sync"
	"sync/atomic"

	"tandem/phonelink"
)

// board shows the latest View to any number of watches. Only the loop writes.
type board struct {
	view atomic.Pointer[phonelink.View]

	mu      sync.Mutex
	watches map[*watch]struct{}
}

func newBoard(v *phonelink.View) *board {
	b := &board{watches: map[*watch]struct{}{}}
	b.view.Store(v)
	return b
}

// show replaces the View and wakes the watches.
func (b *board) show(v *phonelink.View) {
	b.view.Store(v)
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watches {
		select {
		case w.c <- struct{}{}:
		default: // it is readable already
		}
	}
}

func (b *board) watch() phonelink.Watch {
	w := &watch{b: b, c: make(chan struct{}, 1)}
	w.c <- struct{}{} // readable at once, so that a loop begins with a View
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watches[w] = struct{}{}
	return w
}

// watch is a phonelink.Watch on a board.
type watch struct {
	b *board
	c chan struct{}
}

func (w *watch) C() <-chan struct{}    { return w.c }
func (w *watch) View() *phonelink.View { return w.b.view.Load() }

func (w *watch) Close() {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	delete(w.b.watches, w)
}

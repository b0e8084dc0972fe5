package kdeconnect

import (
	"io"
	"reflect"
	"sync"

	"tandem/phonelink"
)

// board is where the View is published. Its methods are for any goroutine.
type board struct {
	mu      sync.Mutex
	view    *phonelink.View
	watches map[*watch]struct{}
}

// put publishes a View, unless it is the same as the last.
func (b *board) put(v *phonelink.View) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.view != nil && reflect.DeepEqual(b.view, v) {
		return
	}
	b.view = v
	for w := range b.watches {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

// watch adds a reader, whose slot is full at once.
func (b *board) watch() *watch {
	w := &watch{board: b, c: make(chan struct{}, 1)}
	w.c <- struct{}{}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watches == nil {
		b.watches = make(map[*watch]struct{})
	}
	b.watches[w] = struct{}{}
	return w
}

// watch is a phonelink.Watch.
type watch struct {
	board *board
	c     chan struct{}
}

// C says that the View changed.
func (w *watch) C() <-chan struct{} { return w.c }

// View is the latest.
func (w *watch) View() *phonelink.View {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	return w.board.view
}

// Close ends the watch; C says nothing more.
func (w *watch) Close() {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	delete(w.board.watches, w)
}

// counted tells how much was read.
type counted struct {
	r    io.Reader
	n    int64
	tell func(int64)
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}

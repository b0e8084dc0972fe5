package display

import (
	"fmt"
	"image"
	"sync"
	"time"

	"tandem/hmi/input"
)

// maxSide bounds a layer's picture, in pixels.
const maxSide = 8192

// Layer is one plane of the display with one producer. Its picture is opaque
// and not scaled: it is shown at the upper left of its place and cut off by
// it. A layer is shown from the first frame on, over the whole display, until
// Place or Show say otherwise. One goroutine presents; the other methods are
// for any goroutine.
type Layer struct {
	c      *Compositor
	kind   LayerKind
	events input.Queue

	mu      sync.Mutex
	pix     []byte // BGRX, stride 4*size.X; nil before the first frame
	size    image.Point
	place   image.Rectangle // on the display
	hidden  bool
	deaf    bool      // takes no input
	pending Damage    // in the picture's coordinates
	target  time.Time // the flip that shows the last presented frame
	gone    time.Time // since when the producer is gone; zero: it lives
	notice  *plane    // the strip over the picture of a producer that is gone
}

// Kind says which layer this is.
func (l *Layer) Kind() LayerKind { return l.kind }

// Present copies the frame's damage into the layer's picture and wakes the
// compositor. The first frame, and one of another size, is taken whole. A
// frame without damage only says that the producer lives.
func (l *Layer) Present(f Frame) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("present on layer %s: %w", l.kind, err)
	}
	if f.Size.X > maxSide || f.Size.Y > maxSide {
		return fmt.Errorf("present on layer %s: frame of %dx%d pixels, at most %d a side", l.kind, f.Size.X, f.Size.Y, maxSide)
	}
	now := time.Now()
	flip := l.c.outputs[0].NextFlip(now)
	l.mu.Lock()
	wake := l.liveLocked()
	if l.size != f.Size {
		l.exposeLocked()
		l.size, l.pix = f.Size, make([]byte, 4*f.Size.X*f.Size.Y)
		l.pending.Clear()
		l.takeLocked(f, f.Bounds())
	} else {
		for _, r := range f.Damage {
			l.takeLocked(f, r.Intersect(f.Bounds()))
		}
	}
	if !l.pending.Empty() {
		l.target, wake = flip, true
	}
	l.mu.Unlock()
	if wake {
		l.c.Wake()
	}
	return nil
}

func (l *Layer) takeLocked(f Frame, r image.Rectangle) {
	if r.Empty() {
		return
	}
	CopyRect(l.pix, 4*l.size.X, r.Min, f.Pix, f.Stride, r)
	l.pending.Add(r)
}

// NextFlip is the moment by which the next frame is to be presented: the
// coming flip that no presented frame waits for, less what composing takes.
func (l *Layer) NextFlip(now time.Time) time.Time {
	l.mu.Lock()
	target := l.target
	l.mu.Unlock()
	return l.c.deadline(now, target)
}

// Beat is the time between two flips, and whether that is a panel's own beat;
// if not, an idle display shows a frame at once.
func (l *Layer) Beat() (period time.Duration, own bool) { return l.c.beat() }

// Place says where on the display the layer is, in the display's pixels.
func (l *Layer) Place(r image.Rectangle) {
	l.mu.Lock()
	defer l.c.Wake()
	defer l.mu.Unlock()
	if r == l.place {
		return
	}
	l.exposeLocked()
	l.place = r
	l.exposeLocked()
}

// Show shows or hides the layer. A finger on a layer that is hidden is
// cancelled.
func (l *Layer) Show(on bool) {
	l.mu.Lock()
	if l.hidden == !on {
		l.mu.Unlock()
		return
	}
	l.hidden = false
	l.exposeLocked()
	l.hidden = !on
	l.mu.Unlock()
	if !on {
		l.c.cancel(l)
	}
	l.c.Wake()
}

// TakeInput says whether the layer takes touches and wheel. All layers do but
// Telltales, which lets them through to what is beneath.
func (l *Layer) TakeInput(on bool) {
	l.mu.Lock()
	l.deaf = !on
	l.mu.Unlock()
	if !on {
		l.c.cancel(l)
	}
}

// Gone marks the layer's producer as gone, or as back. The picture stays; one
// second later a strip over it says that it is an old one. The next Present
// takes the mark away.
func (l *Layer) Gone(gone bool) {
	l.mu.Lock()
	switch {
	case !gone:
		l.liveLocked()
	case l.gone.IsZero():
		l.gone = time.Now()
	}
	l.mu.Unlock()
	if gone {
		l.c.cancel(l)
	}
	l.c.Wake()
}

// IsGone reports whether the producer is marked as gone.
func (l *Layer) IsGone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.gone.IsZero()
}

// Events is what a person does on this layer; X and Y are 0 to 1 across the
// layer's place, and beyond while a finger that began inside is dragged out.
// The channel is never closed. A reader that falls behind loses moves first,
// then whole touches, never the end of a touch that it has seen begin.
func (l *Layer) Events() <-chan input.Event { return l.events.C() }

// liveLocked takes the mark away and reports whether that changes the picture.
func (l *Layer) liveLocked() bool {
	l.gone = time.Time{}
	if l.notice == nil {
		return false
	}
	l.c.expose(l.notice.rect)
	l.notice = nil
	return true
}

// rectLocked is what of the display the layer covers.
func (l *Layer) rectLocked() image.Rectangle {
	if l.hidden || l.pix == nil {
		return image.Rectangle{}
	}
	r := image.Rectangle{Min: l.place.Min, Max: l.place.Min.Add(l.size)}
	return r.Intersect(l.place).Intersect(image.Rectangle{Max: l.c.size})
}

// exposeLocked damages what the layer covers.
func (l *Layer) exposeLocked() {
	l.c.expose(l.rectLocked())
	if l.notice != nil {
		l.c.expose(l.notice.rect)
		l.notice = nil // it is made anew for the new place
	}
}

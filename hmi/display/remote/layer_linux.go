package remote

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tandem/hmi/display"
	"tandem/hmi/input"
)

const (
	takeWithin = time.Second // a frame; a display that takes longer is hung
	firstWait  = 50 * time.Millisecond
	longWait   = time.Second
	queueSize  = 256
)

// Config says which layer of which display.
type Config struct {
	Socket string            // the display's
	Layer  display.LayerKind // to paint
	Logger *slog.Logger      // nil: none
}

// Layer is a display's layer in another process; its methods do what those of
// display.Layer do. Before the display is there, and while it is away, frames
// are kept and nothing fails.
type Layer struct {
	cfg    Config
	log    *slog.Logger
	events input.Queue

	mu      sync.Mutex
	c       *net.UnixConn // nil: not connected
	mem     *memory
	damage  display.Damage // painted and not sent
	busy    chan struct{}  // the display reads the memory; closed when it is done; nil: it does not
	early   bool           // what it reads came before its beat: it replaces the frame before
	beat    done
	place   *image.Rectangle
	hidden  bool
	input   *bool
	size    image.Point   // the display's
	sized   chan struct{} // closed when size is known
	ended   bool          // Run has
	scratch []byte
}

// NewLayer makes a layer; Run connects it.
func NewLayer(cfg Config) (*Layer, error) {
	if cfg.Socket == "" {
		return nil, errors.New("new remote layer: no socket")
	}
	if cfg.Layer > display.Telltales {
		return nil, fmt.Errorf("new remote layer: no layer %d", cfg.Layer)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Layer{
		cfg: cfg, log: cfg.Logger, events: input.NewQueue(queueSize), sized: make(chan struct{}),
		beat: done{period: display.DefaultPeriod},
	}, nil
}

// Events is what a person does on this layer, as for display.Layer.
func (l *Layer) Events() <-chan input.Event { return l.events.C() }

// Size waits for the display and returns its size in pixels.
func (l *Layer) Size(ctx context.Context) (image.Point, error) {
	select {
	case <-l.sized:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.size, nil
	case <-ctx.Done():
		return image.Point{}, fmt.Errorf("wait for the display at %s: %w", l.cfg.Socket, ctx.Err())
	}
}

// Present copies the frame's damage to the shared memory and tells the
// display. It waits while the display still reads the frame before. It fails
// for a frame that cannot be, and after Run has ended.
func (l *Layer) Present(f display.Frame) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("present on remote layer %s: %w", l.cfg.Layer, err)
	}
	if f.Size.X > maxSide || f.Size.Y > maxSide {
		return fmt.Errorf("present on remote layer %s: frame of %dx%d pixels, at most %d a side", l.cfg.Layer, f.Size.X, f.Size.Y, maxSide)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	if l.ended {
		return fmt.Errorf("present on remote layer %s: %w", l.cfg.Layer, os.ErrClosed)
	}
	whole := l.mem == nil || l.mem.size != f.Size
	if whole {
		m, err := newMemory(f.Size)
		if err != nil {
			return fmt.Errorf("present on remote layer %s: %w", l.cfg.Layer, err)
		}
		if err := l.mem.close(); err != nil {
			l.log.Warn("drop shared memory", "err", err)
		}
		l.mem = m
		l.damage.Clear()
		display.CopyRect(m.pix, 4*f.Size.X, image.Point{}, f.Pix, f.Stride, f.Bounds())
		l.damage.Add(f.Bounds())
	}
	for _, r := range f.Damage {
		if r = r.Intersect(f.Bounds()); !whole && !r.Empty() {
			display.CopyRect(l.mem.pix, 4*f.Size.X, r.Min, f.Pix, f.Stride, r)
			l.damage.Add(r)
		}
	}
	if l.c == nil {
		return nil
	}
	if whole {
		l.sendLocked(request{op: opMemory, size: f.Size}, l.mem.fd)
	}
	l.frameLocked()
	return nil
}

// settleLocked waits until the display has done with the memory. One that
// takes very long is given up: Run connects anew.
func (l *Layer) settleLocked() {
	timer := time.NewTimer(takeWithin)
	defer timer.Stop()
	for l.busy != nil {
		busy := l.busy
		l.mu.Unlock()
		late := false
		select {
		case <-busy:
		case <-timer.C:
			late = true
		}
		l.mu.Lock()
		if late && l.busy == busy {
			l.log.Warn("the display does not take frames", "layer", l.cfg.Layer)
			l.dropLocked()
		}
	}
}

// dropLocked gives the connection up.
func (l *Layer) dropLocked() {
	if l.c != nil {
		l.c.Close()
		l.c = nil
	}
	l.freeLocked()
}

func (l *Layer) freeLocked() {
	if l.busy != nil {
		close(l.busy)
		l.busy = nil
	}
}

// frameLocked tells the display what is painted.
func (l *Layer) frameLocked() {
	if l.sendLocked(request{op: opFrame, rects: l.damage.Rects()}, -1) {
		l.damage.Clear()
		l.busy = make(chan struct{})
		l.early = time.Now().Before(l.beat.next.Add(-l.beat.period / 2))
	}
}

// sendLocked sends one message, with a file unless fd is -1. When that cannot
// be, the connection is given up: Run finds out.
func (l *Layer) sendLocked(r request, fd int) bool {
	if l.c == nil {
		return false
	}
	l.scratch = r.append(l.scratch[:0])
	var oob []byte
	if fd >= 0 {
		oob = unix.UnixRights(fd)
	}
	err := l.c.SetWriteDeadline(time.Now().Add(takeWithin))
	if err == nil {
		_, _, err = l.c.WriteMsgUnix(l.scratch, oob, nil)
	}
	if err != nil {
		l.dropLocked()
		return false
	}
	return true
}

// NextFlip is by when the next frame is to be presented, as for display.Layer.
func (l *Layer) NextFlip(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.beat.next
	if l.busy != nil && !l.early { // of the frame before the one that is under way
		next = next.Add(l.beat.period)
	}
	if next.After(now) {
		return next
	}
	if !l.beat.own {
		return now
	}
	return next.Add((now.Sub(next)/l.beat.period + 1) * l.beat.period)
}

// Place says where on the display the layer is.
func (l *Layer) Place(r image.Rectangle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.place = &r
	l.sendLocked(request{op: opPlace, place: r}, -1)
}

// Show shows or hides the layer.
func (l *Layer) Show(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden = !on
	l.sendLocked(request{op: opShow, on: on}, -1)
}

// TakeInput says whether the layer takes touches and wheel.
func (l *Layer) TakeInput(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.input = &on
	l.sendLocked(request{op: opInput, on: on}, -1)
}

// Run connects to the display, again and again, until ctx ends (then it
// returns nil) or the display does not want this producer (ErrReplaced,
// ErrRefused).
func (l *Layer) Run(ctx context.Context) error {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.dropLocked()
		if err := l.mem.close(); err != nil {
			l.log.Warn("drop shared memory", "err", err)
		}
		l.mem, l.ended = nil, true
	}()
	wait := firstWait
	for {
		start := time.Now()
		err := l.connection(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrReplaced) || errors.Is(err, ErrRefused) {
			return fmt.Errorf("layer %s of the display at %s: %w", l.cfg.Layer, l.cfg.Socket, err)
		}
		if time.Since(start) > longWait {
			wait = firstWait
		}
		l.log.Debug("display away", "socket", l.cfg.Socket, "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, longWait)
	}
}

// connection is one connection, from its beginning to its end.
func (l *Layer) connection(ctx context.Context) error {
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: l.cfg.Socket, Net: "unixpacket"})
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	defer func() {
		c.Close()
		l.mu.Lock()
		if l.c == c {
			l.dropLocked()
		}
		l.mu.Unlock()
	}()
	// A display that refuses us has said so already, and closed: read on.
	_, werr := c.Write(request{op: opHello, kind: l.cfg.Layer}.append(nil))
	var buf [maxMessage]byte
	for {
		n, fd, err := receive(c, buf[:])
		if fd >= 0 {
			unix.Close(fd)
		}
		if err != nil {
			return errors.Join(werr, err)
		}
		if err := l.take(c, buf[:n]); err != nil {
			return err
		}
	}
}

// take acts on one message of the display.
func (l *Layer) take(c *net.UnixConn, b []byte) error {
	switch op(b[0]) {
	case opWelcome:
		if len(b) != 6 || b[1] != Version {
			return fmt.Errorf("%w: version %d of the protocol, want %d", ErrRefused, b[min(1, len(b)-1)], Version)
		}
		l.welcome(c, image.Pt(int(le.Uint16(b[2:])), int(le.Uint16(b[4:]))))
	case opDone:
		d, err := parseDone(b, momentNow())
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.beat = d
		l.freeLocked()
		l.mu.Unlock()
	case opEvent:
		ev, err := parseEvent(b, momentNow())
		if err != nil {
			return err
		}
		l.events.Push(ev)
	case opRefused:
		if len(b) >= 2 && b[1] == 1 {
			return ErrReplaced
		}
		return fmt.Errorf("%w: %s", ErrRefused, b[min(2, len(b)):])
	default:
		return errMalformed
	}
	return nil
}

// welcome tells a display that has just come all that it must know.
func (l *Layer) welcome(c *net.UnixConn, size image.Point) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.c, l.size = c, size
	select {
	case <-l.sized:
	default:
		close(l.sized)
	}
	if l.place != nil {
		l.sendLocked(request{op: opPlace, place: *l.place}, -1)
	}
	if l.input != nil {
		l.sendLocked(request{op: opInput, on: *l.input}, -1)
	}
	l.sendLocked(request{op: opShow, on: !l.hidden}, -1)
	if l.mem != nil {
		l.sendLocked(request{op: opMemory, size: l.mem.size}, l.mem.fd)
		l.damage.Clear()
		l.damage.Add(image.Rectangle{Max: l.mem.size})
		l.frameLocked()
	}
}

package kms

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tandem/hmi/display"
)

const (
	buffers   = 3
	flipLate  = 500 * time.Millisecond // a flip's event is given up then
	lookEvery = 2 * time.Second        // for a panel that comes or goes without notice
)

// shown is a buffer and what it has missed.
type shown struct {
	*buffer
	stale display.Damage // what of the display changed since it was painted
	sent  display.Damage // what was painted since it was shown
}

// Output is one panel: a display.Output. Run must run for flips to go on, and
// to follow a panel that is unplugged and comes back: meanwhile Present paints
// without showing.
type Output struct {
	log   *slog.Logger
	card  *card
	saved []crtcInfo // what was on when we came

	mu     sync.Mutex
	route  route
	set    setter
	size   image.Point // of the display; the mode may differ after a change of panel
	bufs   [buffers]shown
	front  int       // the buffer on the panel
	queued int       // the one that waits for the beat; -1: none
	next   int       // the one that takes its place then; -1: none
	since  time.Time // when queued was
	direct bool      // no flips: paint the front buffer
	lost   bool      // no panel
	closed bool

	period time.Duration // 0: no beat of its own
	last   time.Time     // a beat
	pacer  display.Pacer
}

// Open takes a panel over and shows black on it.
func Open(cfg Config) (*Output, error) {
	if cfg.Dir == "" {
		cfg.Dir = "/dev/dri"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	c, r, err := openCard(cfg)
	if err != nil {
		return nil, err
	}
	o := &Output{log: cfg.Logger, card: c, size: r.size(), queued: -1, next: -1}
	if err := c.master(true); err != nil {
		o.log.Debug("become DRM master", "err", err) // the first to open is, unasked
	}
	if saved := (crtcInfo{ID: r.crtc}); ask(c.f, nrGetCrtc, &saved) == nil {
		o.saved = append(o.saved, saved)
	}
	if err := o.turnOn(r); err != nil {
		if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
			err = fmt.Errorf("%w; another program shows there: end it first", err)
		}
		return nil, errors.Join(fmt.Errorf("open DRM device %s (%s): %w", c.f.Name(), c.driver, err), o.Close())
	}
	o.log.Info("panel", "device", c.f.Name(), "driver", c.driver, "connector", r.name, "mode", r.modeText, "atomic", o.isAtomic(), "beat", o.period)
	return o, nil
}

// turnOn makes buffers for the route, if need be, and sets its mode, with the
// last picture on it. The caller holds mu or is alone.
func (o *Output) turnOn(r route) error {
	if o.bufs[0].buffer == nil || o.route.size() != r.size() {
		if err := o.allocate(r.size()); err != nil {
			return err
		}
	}
	show := o.front
	if o.next >= 0 {
		show = o.next
	}
	o.set, o.queued, o.next = legacy{o.card.f}, -1, -1
	if o.card.atomic {
		a, err := newAtomic(o.card, r)
		if err == nil {
			o.set = a
		} else {
			o.log.Warn("atomic mode setting not used", "err", err)
		}
	}
	err := o.set.mode(r, o.bufs[show].buffer)
	if _, tried := o.set.(*atomic); err != nil && tried {
		o.log.Warn("atomic mode setting not used", "err", err)
		o.set = legacy{o.card.f}
		err = o.set.mode(r, o.bufs[show].buffer)
	}
	if err != nil {
		return err
	}
	o.route, o.front, o.lost = r, show, false
	o.bufs[show].sent.Clear()
	o.period = 0
	if f := hz(r.mode); f > 1 && o.card.beats(r.index) {
		o.period = time.Duration(float64(time.Second) / f)
	}
	return nil
}

func (o *Output) isAtomic() bool { _, ok := o.set.(*atomic); return ok }

// allocate makes buffers of that size and carries the last picture over.
func (o *Output) allocate(size image.Point) error {
	var fresh [buffers]shown
	for i := range fresh {
		b, err := newBuffer(o.card.f, size.X, size.Y)
		if err != nil {
			for _, b := range fresh[:i] {
				err = errors.Join(err, b.free(o.card.f))
			}
			return err
		}
		fresh[i].buffer = b
		fresh[i].stale.Add(image.Rectangle{Max: o.size})
	}
	old := o.bufs[o.front]
	if o.next >= 0 {
		old = o.bufs[o.next]
	}
	if old.buffer != nil {
		a, b := offset(o.size, o.route.size()), offset(o.size, size)
		r := image.Rectangle{Max: o.size}.Intersect(image.Rectangle{Max: o.route.size()}.Sub(a)).Intersect(image.Rectangle{Max: size}.Sub(b))
		if !r.Empty() {
			display.CopyRect(fresh[0].pix, fresh[0].pitch, r.Min.Add(b), old.pix, old.pitch, r.Add(a))
		}
		fresh[0].stale.Clear()
	}
	err := o.release()
	o.bufs, o.front, o.next = fresh, 0, -1
	return err
}

// offset is where the display's corner is in a mode of another size: centred.
func offset(size, mode image.Point) image.Point { return mode.Sub(size).Div(2) }

func (o *Output) release() error {
	var errs []error
	for i := range o.bufs {
		if o.bufs[i].buffer != nil {
			errs = append(errs, o.bufs[i].free(o.card.f))
			o.bufs[i] = shown{}
		}
	}
	return errors.Join(errs...)
}

// Size is the size in pixels of the mode that was set first.
func (o *Output) Size() image.Point { return o.size }

// Period is the panel's beat, 0 when the device has none (virtual ones).
func (o *Output) Period() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.period
}

// NextFlip is the panel's next beat that no frame waits for.
func (o *Output) NextFlip(now time.Time) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.period == 0 || o.lost {
		return o.pacer.Next(now)
	}
	if o.last.IsZero() {
		return now.Add(o.period)
	}
	beats := now.Sub(o.last)/o.period + 1
	if o.queued >= 0 {
		beats++
	}
	return o.last.Add(beats * o.period)
}

// Present paints the damage into a free buffer and queues it for the next beat.
func (o *Output) Present(f display.Frame) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("present on panel: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return fmt.Errorf("present on panel: %w", os.ErrClosed)
	}
	now := time.Now()
	o.pacer.Presented(now)
	for i := range o.bufs {
		for _, r := range f.Damage {
			o.bufs[i].stale.Add(r.Intersect(f.Bounds()).Intersect(image.Rectangle{Max: o.size}))
		}
	}
	if o.queued >= 0 && now.Sub(o.since) > flipLate {
		o.log.Warn("flip took too long", "connector", o.route.name)
		o.front, o.queued = o.queued, -1
	}
	i := o.free()
	o.paint(i, f)
	switch {
	case o.lost:
		o.next = i
		return nil
	case o.direct:
		return o.show(i)
	case o.queued >= 0:
		o.next = i
		return nil
	}
	return o.commit(i)
}

// free is the buffer to paint: the one that waits behind the queued one, or
// one that is neither shown nor queued.
func (o *Output) free() int {
	if o.next >= 0 {
		return o.next
	}
	if o.direct {
		return o.front
	}
	for i := range o.bufs {
		if i != o.front && i != o.queued {
			return i
		}
	}
	panic("internal error: no free buffer of three")
}

// paint brings buffer i up to date.
func (o *Output) paint(i int, f display.Frame) {
	b, mode := &o.bufs[i], o.route.size()
	at := offset(o.size, mode)
	for _, r := range b.stale.Rects() {
		if r = r.Add(at).Intersect(image.Rectangle{Max: mode}); !r.Empty() {
			display.CopyRect(b.pix, b.pitch, r.Min, f.Pix, f.Stride, r.Sub(at))
			b.sent.Add(r)
		}
	}
	b.stale.Clear()
}

// commit queues buffer i; the caller holds mu.
func (o *Output) commit(i int) error {
	b := &o.bufs[i]
	err := o.set.flip(o.route, b.buffer, b.sent.Rects())
	switch {
	case errors.Is(err, errDirect):
		o.log.Info("no page flips: painting what is shown", "connector", o.route.name)
		o.direct = true
		if err := o.set.mode(o.route, b.buffer); err != nil {
			return err
		}
		o.front = i
		return o.show(i)
	case errors.Is(err, unix.EBUSY): // an earlier flip is not done: its event follows
		o.next = i
		return nil
	case err != nil:
		o.next = i // painted already
		return err
	}
	b.sent.Clear()
	o.queued, o.since, o.next = i, time.Now(), -1
	return nil
}

// show tells the driver what was painted on the buffer that is shown.
func (o *Output) show(i int) error {
	b := &o.bufs[i]
	defer b.sent.Clear()
	return dirty(o.card.f, b.buffer, b.sent.Rects())
}

// Run follows the panel's beat and its cable until ctx ends; it returns nil then.
func (o *Output) Run(ctx context.Context) error {
	if err := o.card.f.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("read the panel's events: %w", err)
	}
	notices := make(chan struct{}, 1)
	var group sync.WaitGroup
	events, err := listen()
	if err != nil {
		o.log.Warn("no notice of panels that come and go; looking every 2 s", "err", err)
	} else {
		group.Go(func() { follow(events, notices) })
	}
	group.Go(o.read)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-notices:
			o.look(true)
		case <-tick.C:
			o.look(false)
		}
	}
	if events != nil {
		events.Close()
	}
	// Wakes read, without an end to the device.
	if err := o.card.f.SetReadDeadline(time.Now()); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("end the panel's events: %w", err)
	}
	group.Wait()
	return nil
}

// look finds out whether the panel is there; probe asks it.
func (o *Output) look(probe bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	r, err := o.card.route(probe || o.lost)
	if errors.Is(err, errNoPanel) && !o.lost {
		o.log.Warn("panel lost", "connector", o.route.name)
		o.lost = true
		if o.queued >= 0 {
			o.front, o.queued = o.queued, -1
		}
		return
	}
	if err != nil || !o.lost && r.conn == o.route.conn && r.mode == o.route.mode {
		return
	}
	if err := o.turnOn(r); err != nil {
		o.log.Error("turn the panel on again", "err", err)
		o.lost = true // tried again
		return
	}
	o.log.Info("panel back", "connector", r.name, "mode", r.modeText)
}

// read takes flip events until the device is closed or Run ends.
func (o *Output) read() {
	var buf [1024]byte
	ne := binary.NativeEndian
	for {
		n, err := o.card.f.Read(buf[:])
		if err != nil {
			if !errors.Is(err, os.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				o.log.Error("read the panel's events", "err", err)
			}
			return
		}
		for b := buf[:n]; len(b) >= 8; {
			kind, size := ne.Uint32(b), int(ne.Uint32(b[4:]))
			if size < 8 || size > len(b) {
				break
			}
			if kind == eventFlip && size >= 24 {
				o.flipped(time.Duration(ne.Uint32(b[16:]))*time.Second + time.Duration(ne.Uint32(b[20:]))*time.Microsecond)
			}
			b = b[size:]
		}
	}
}

// flipped is a flip that was done at that CLOCK_MONOTONIC time.
func (o *Output) flipped(at time.Duration) {
	var ts unix.Timespec
	now := time.Now()
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("internal error: no monotonic clock: " + err.Error())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = now.Add(at - time.Duration(ts.Nano()))
	if o.queued < 0 || o.closed {
		return
	}
	o.front, o.queued = o.queued, -1
	if next := o.next; next >= 0 && !o.lost {
		o.next = -1
		if err := o.commit(next); err != nil {
			o.log.Error("flip", "err", err)
		}
	}
}

// Close gives the panel back to what it showed before. Run ends.
func (o *Output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	var errs []error
	for _, s := range o.saved {
		if s.Valid == 1 && s.FB != 0 && o.bufs[0].buffer != nil {
			errs = append(errs, o.restore(s))
		}
	}
	errs = append(errs, o.release())
	if err := o.card.master(false); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EACCES) {
		errs = append(errs, fmt.Errorf("drop DRM master: %w", err))
	}
	errs = append(errs, o.card.f.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close panel: %w", err)
	}
	return nil
}

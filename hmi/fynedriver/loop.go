package fynedriver

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

const (
	frameTime  = time.Second / 60
	margin     = 250 * time.Microsecond  // between the end of painting and when the output wants the frame
	mostCost   = 12 * time.Millisecond   // a frame never starts earlier than this before its flip
	outlier    = 1500 * time.Microsecond // by so much one frame moves the guess of the cost
	cleanAfter = 30 * time.Second        // between two looks at Fyne's caches
)

// Run owns the UI goroutine: it returns after ctx has ended or Quit was called,
// and leaves nothing behind. It runs once.
func (d *Driver) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	if d.ended || d.quit != nil {
		d.mu.Unlock()
		return errors.New("run driver: it has run already")
	}
	d.quit = cancel
	d.mu.Unlock()
	d.uiID.Store(goroutineID())
	d.running.Store(true)
	defer d.end()
	d.app.life.started()
	d.dirty = true
	return d.loop(ctx)
}

func (d *Driver) loop(ctx context.Context) error {
	clock := time.NewTimer(time.Hour)
	clock.Stop()
	defer clock.Stop()
	for ctx.Err() == nil {
		if !d.wanted() {
			if !d.sleep(ctx, clock) {
				break
			}
			continue
		}
		start := d.frameStart(time.Now())
		if !d.await(ctx, clock, start) {
			break
		}
		if err := d.frame(time.Now(), start); err != nil {
			return fmt.Errorf("run driver: %w", err)
		}
	}
	return nil
}

// wanted tells whether a frame is due. It takes the wish out of wake.
func (d *Driver) wanted() bool {
	select {
	case <-d.wake:
		d.dirty = true
	default:
	}
	return d.dirty || len(d.anims) > 0 || len(d.scrolls) > 0
}

// sleep waits until there is something to do; false: ctx ended.
func (d *Driver) sleep(ctx context.Context, clock *time.Timer) bool {
	if at, ok := d.nextTimer(); ok {
		clock.Reset(time.Until(at))
		defer clock.Stop()
	}
	select {
	case <-ctx.Done():
		return false
	case <-d.wake:
		d.dirty = true
	case <-d.work:
		d.drain()
	case <-clock.C:
		d.expire(time.Now())
	}
	return true
}

// await runs functions and takes input until start. Wakes stay where they are:
// the frame that is coming serves them.
func (d *Driver) await(ctx context.Context, clock *time.Timer, start time.Time) bool {
	for {
		left := time.Until(start) - d.fine.Lead()
		if left <= 0 {
			d.fine.Wait(start)
			return ctx.Err() == nil
		}
		clock.Reset(left)
		select {
		case <-ctx.Done():
			clock.Stop()
			return false
		case <-d.work:
			clock.Stop()
			d.drain()
		case <-clock.C:
		}
	}
}

// frameStart is when to begin so that painting ends just before the flip.
func (d *Driver) frameStart(now time.Time) time.Time {
	out := d.mainOutput()
	flip := out.NextFlip(now)
	if flip.Sub(d.pacing.flip) < 4*time.Millisecond { // that one is taken
		flip = d.pacing.flip.Add(frameTime)
	}
	start := flip.Add(-d.pacing.cost - margin)
	if start.Before(now) {
		if flip.Before(now) {
			flip = now
		}
		start = now
	}
	d.pacing.flip = flip
	return start
}

// pacing is what the loop knows of its own speed.
type pacing struct {
	flip time.Time     // the flip that the last frame aimed at
	cost time.Duration // a cautious guess of how long a frame takes
}

// measured moves the guess at once to a cost above it and slowly towards one
// below: a frame that misses its flip costs a whole period, one that is early
// only the time by which it is. A single outlier, such as a moment without a
// processor, counts for little.
func (p *pacing) measured(c time.Duration) {
	c = min(c, mostCost)
	if c > p.cost {
		p.cost = min(c, p.cost+outlier)
		return
	}
	p.cost -= (p.cost - c) / 128
}

// frame is one turn: everything that changes the picture, then the picture.
//
// start is when it was to begin: being woken late is part of its cost.
func (d *Driver) frame(now, start time.Time) error {
	begin := time.Now()
	d.now = now
	select {
	case <-d.wake:
	default:
	}
	d.framing = true
	d.drain()
	d.expire(now)
	for _, f := range d.onFrame {
		f(now)
	}
	d.animate(now)
	d.glide(now)
	d.framing, d.dirty = false, false
	pixels, shown := 0, false
	for _, w := range d.windows {
		if !d.visible(w) {
			continue
		}
		n, err := w.paint()
		if err != nil {
			return err
		}
		pixels += n
		shown = shown || n > 0
	}
	end := time.Now()
	d.pacing.measured(end.Sub(start))
	d.stats.frame(end.Sub(begin), pixels, shown)
	d.clean(now)
	return nil
}

// drain runs the queued functions and takes the queued input, in that order.
func (d *Driver) drain() {
	for {
		d.mu.Lock()
		fs := d.funcs
		d.funcs = nil
		d.mu.Unlock()
		for _, f := range fs {
			f()
		}
		if len(fs) > 0 {
			d.dirty = true
		}
		took := d.queue.take(d.take)
		if took {
			d.dirty = true
		}
		if len(fs) == 0 && !took {
			return
		}
	}
}

// clean lets Fyne drop the renderers of widgets that no canvas has shown for a
// minute: it does so only when some canvas is captured. What is on the screen
// has just been walked and so stays.
func (d *Driver) clean(now time.Time) {
	if now.Sub(d.cleaned) < cleanAfter {
		return
	}
	if !d.cleaned.IsZero() {
		c := test.NewCanvas()
		c.Resize(fyne.NewSquareSize(1))
		c.Capture()
	}
	d.cleaned = now
}

// end runs when Run returns: whoever waits is let go.
func (d *Driver) end() {
	d.touch.cancelAll()
	d.app.life.stopped()
	d.mu.Lock()
	d.ended = true
	fs := d.funcs
	d.funcs = nil
	d.mu.Unlock()
	for _, f := range fs { // so that nobody waits for ever
		f()
	}
	d.running.Store(false)
	d.over.Store(true)
}

// visible tells whether a window is seen: it is shown, and no window that came
// later covers the same output.
func (d *Driver) visible(w *Window) bool { return w.shown && d.top(w.out) == w }

func (d *Driver) top(out Output) *Window {
	var top *Window
	for _, w := range d.windows {
		if w.shown && w.out == out && (top == nil || w.raised >= top.raised) {
			top = w
		}
	}
	return top
}

func (d *Driver) mainOutput() Output {
	for _, w := range d.windows {
		if d.visible(w) {
			return w.out
		}
	}
	return d.cfg.Output
}

// onUI tells whether the caller is the goroutine of Run.
func (d *Driver) onUI() bool { return d.running.Load() && goroutineID() == d.uiID.Load() }

// goroutineID reads the number that stack traces show. Go has no better way
// to learn that a blocking call would wait for itself.
func goroutineID() (id uint64) {
	var buf [32]byte
	n := runtime.Stack(buf[:], false)
	for _, c := range buf[min(n, len("goroutine ")):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}

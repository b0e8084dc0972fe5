package display

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tandem/hmi/input"
)

// margin is what is kept free before a flip for the scheduler's whims.
const margin = 400 * time.Microsecond

// Config is what a Compositor is made of.
type Config struct {
	Outputs []Output             // at least one; the first one's clock is the display's
	Size    image.Point          // pixels; zero: the first output's
	Notices map[LayerKind]string // text over the picture of a producer that is gone; nil: English
	Logger  *slog.Logger         // nil: none
}

// Compositor puts the layers together and hands the picture to its outputs:
// only what changed and is seen, late, just before the flip.
//
//	producers                    Run (one goroutine)                outputs
//	Layer.Present --copy--> picture --compose damage--> composed --Present--> kms
//	                  wake --------------^                           \------> web
//
// The outputs belong to the giver, who closes them after Run has returned.
type Compositor struct {
	size    image.Point
	outputs []Output
	notices map[LayerKind]string
	log     *slog.Logger
	layers  [layerCount]*Layer
	wake    chan struct{}
	cost    atomic.Int64 // ns that composing and presenting takes, decaying maximum

	mu      sync.Mutex // after a layer's
	exposed Damage     // by Show and Place, in display coordinates

	route router

	// Owned by Run.
	fine   Fine
	pix    []byte
	stack  [2 * layerCount]plane
	depth  int
	damage Damage
	failed []bool // outputs that failed last time, so that it is logged once

	frames, pixels atomic.Uint64
}

// plane is an opaque picture at its place on the display.
type plane struct {
	pix    []byte
	stride int
	origin image.Point // where the picture's corner is
	rect   image.Rectangle
}

// Stats counts what a Compositor has done.
type Stats struct {
	Frames uint64 // presented
	Pixels uint64 // composed for them
}

// NewCompositor makes a display that shows nothing yet; Run makes it work.
func NewCompositor(cfg Config) (*Compositor, error) {
	if len(cfg.Outputs) == 0 {
		return nil, errors.New("new compositor: no output")
	}
	if cfg.Size == (image.Point{}) {
		cfg.Size = cfg.Outputs[0].Size()
	}
	if cfg.Size.X <= 0 || cfg.Size.Y <= 0 || cfg.Size.X > maxSide || cfg.Size.Y > maxSide {
		return nil, fmt.Errorf("new compositor: size %dx%d, from 1x1 to %dx%[3]d", cfg.Size.X, cfg.Size.Y, maxSide)
	}
	for i, o := range cfg.Outputs {
		if s := o.Size(); s != cfg.Size {
			return nil, fmt.Errorf("new compositor: output %d is %dx%d, the display is %dx%d", i, s.X, s.Y, cfg.Size.X, cfg.Size.Y)
		}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Compositor{
		size: cfg.Size, outputs: cfg.Outputs, notices: cfg.Notices, log: cfg.Logger,
		wake: make(chan struct{}, 1), pix: make([]byte, 4*cfg.Size.X*cfg.Size.Y),
		failed: make([]bool, len(cfg.Outputs)),
	}
	full := image.Rectangle{Max: cfg.Size}
	for k := range c.layers {
		c.layers[k] = &Layer{
			c: c, kind: LayerKind(k), place: full,
			events: input.NewQueue(eventQueue), deaf: LayerKind(k) == Telltales,
		}
	}
	c.exposed.Add(full)
	return c, nil
}

// Size is the display's size in pixels.
func (c *Compositor) Size() image.Point { return c.size }

// Layer returns the layer of that kind; kind must be one of the four.
func (c *Compositor) Layer(kind LayerKind) *Layer { return c.layers[kind] }

// Stats says what has been done so far.
func (c *Compositor) Stats() Stats { return Stats{c.frames.Load(), c.pixels.Load()} }

// Wake asks for a look at the layers; it never blocks.
func (c *Compositor) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run composes and presents until ctx ends, and returns nil then. An output
// that fails is logged and tried again with the next frame.
func (c *Compositor) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-timer.C:
		}
		if !c.pause(ctx, timer) {
			return nil
		}
		if due, ok := c.step(); ok {
			timer.Reset(time.Until(due))
		}
	}
}

// pause waits until just before the coming flip; false means that ctx ended.
func (c *Compositor) pause(ctx context.Context, timer *time.Timer) bool {
	now := time.Now()
	wait := c.outputs[0].NextFlip(now).Add(-margin - c.budget()).Sub(now)
	if wait <= 0 {
		return true
	}
	at := now.Add(wait)
	if early := wait - c.fine.Lead(); early > 0 {
		timer.Reset(early)
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
	}
	c.fine.Wait(at)
	return true
}

// step makes one frame, if there is anything to show, and says when the next
// notice is due, if one is.
func (c *Compositor) step() (due time.Time, ok bool) {
	start := time.Now()
	due, ok = c.compose(start)
	if c.damage.Empty() {
		return due, ok
	}
	f := Frame{Pix: c.pix, Stride: 4 * c.size.X, Size: c.size, Damage: c.damage.Rects()}
	for i, o := range c.outputs {
		err := o.Present(f)
		if err != nil && !c.failed[i] {
			c.log.Error("output failed", "output", i, "err", err)
		}
		c.failed[i] = err != nil
	}
	c.frames.Add(1)
	c.pixels.Add(uint64(c.damage.Pixels()))
	took := int64(time.Since(start))
	c.cost.Store(max(took, c.cost.Load()*15/16))
	return due, ok
}

// compose brings the composed picture up to date and leaves in c.damage what
// changed. All layers are locked meanwhile, so that a frame is one moment.
func (c *Compositor) compose(now time.Time) (due time.Time, ok bool) {
	for _, l := range c.layers {
		l.mu.Lock()
	}
	defer func() {
		for _, l := range c.layers {
			l.mu.Unlock()
		}
	}()
	due, ok = c.noticesLocked(now)
	c.stackLocked()
	c.collectLocked()
	for _, r := range c.damage.Rects() {
		c.paint(r, c.depth-1)
	}
	return due, ok
}

// stackLocked lists what covers the display, bottom to top.
func (c *Compositor) stackLocked() {
	c.depth = 0
	for _, l := range c.layers {
		if r := l.rectLocked(); !r.Empty() {
			c.stack[c.depth] = plane{pix: l.pix, stride: 4 * l.size.X, origin: l.place.Min, rect: r}
			c.depth++
			if l.notice != nil {
				c.stack[c.depth] = *l.notice
				c.depth++
			}
		}
	}
}

// collectLocked gathers what changed and is seen.
func (c *Compositor) collectLocked() {
	c.mu.Lock()
	c.damage = c.exposed
	c.exposed.Clear()
	c.mu.Unlock()
	above := 0
	for _, l := range c.layers {
		r := l.rectLocked()
		if !r.Empty() {
			above++
		}
		for _, p := range l.pending.Rects() {
			c.seen(p.Add(l.place.Min).Intersect(r), above)
		}
		l.pending.Clear()
		if !r.Empty() && l.notice != nil {
			above++
		}
	}
}

// seen adds to the damage what of r the planes from i up leave visible.
func (c *Compositor) seen(r image.Rectangle, i int) {
	for ; i < c.depth && !r.Empty(); i++ {
		if c.stack[i].rect.Overlaps(r) {
			var parts [4]image.Rectangle
			for _, p := range parts[:Subtract(r, c.stack[i].rect, &parts)] {
				c.seen(p, i+1)
			}
			return
		}
	}
	c.damage.Add(r)
}

// paint composes r from plane i and what is beneath it; each pixel is written
// once, from the topmost plane that has it.
func (c *Compositor) paint(r image.Rectangle, i int) {
	for ; i >= 0; i-- {
		p := &c.stack[i]
		x := r.Intersect(p.rect)
		if x.Empty() {
			continue
		}
		CopyRect(c.pix, 4*c.size.X, x.Min, p.pix, p.stride, x.Sub(p.origin))
		if x == r {
			return
		}
		var parts [4]image.Rectangle
		for _, q := range parts[:Subtract(r, x, &parts)] {
			c.paint(q, i-1)
		}
		return
	}
	fillRect(c.pix, 4*c.size.X, r)
}

// expose damages r of the display.
func (c *Compositor) expose(r image.Rectangle) {
	c.mu.Lock()
	c.exposed.Add(r)
	c.mu.Unlock()
}

// budget is what composing and presenting a frame takes.
func (c *Compositor) budget() time.Duration {
	return min(time.Duration(c.cost.Load()), DefaultPeriod/2)
}

// deadline is when a layer's frame must be there to be seen at the first flip
// after the one that its last frame waits for.
func (c *Compositor) deadline(now, target time.Time) time.Time {
	period, own := c.beat()
	flip := c.outputs[0].NextFlip(now)
	if !flip.After(target.Add(period / 2)) {
		flip = target.Add(period)
	}
	lead := c.budget() + margin
	if own && flip.Add(-lead).Before(now) {
		flip = flip.Add(period)
	}
	if at := flip.Add(-lead); at.After(now) {
		return at
	}
	return now
}

// beat is the display's period, and whether it is a panel's own clock.
func (c *Compositor) beat() (time.Duration, bool) {
	if b, ok := c.outputs[0].(Beater); ok {
		if p := b.Period(); p > 0 {
			return p, true
		}
	}
	return DefaultPeriod, false
}

// Package fynedriver runs Fyne on a head unit: a fyne.Driver and fyne.App that
// draw with hmi/paint, take touches, keys and the rotary controller from
// hmi/input, and hand pictures to an Output such as a layer of hmi/display.
// It uses Fyne's public API alone. It knows no screen of the product and
// nothing of the car.
//
// One goroutine, the one that calls Run, owns every Fyne object; others reach
// it through fyne.Do, Wake and Input. It sleeps until one of them calls, and
// paints late:
//
//	wake ─► wait until flip − cost − ¾ ms ─► input ─► frame functions ─►
//	animations ─► layout ─► diff ─► paint ─► present ─► sleep, or again
//
// so that a frame shows what is known a moment before it is seen, and any
// number of wakes between two flips costs one frame.
package fynedriver

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/display"
	"tandem/hmi/input"
	"tandem/hmi/paint"
)

// Output shows finished frames. A *display.Layer is one. Present is called
// from the goroutine of Run and copies what it needs. NextFlip is the moment
// at which a frame presented by then would be seen.
type Output interface {
	Present(f display.Frame) error
	NextFlip(now time.Time) time.Time
}

// Config says what to drive. Size and Output are needed.
type Config struct {
	Size     image.Point  // pixels of the main window
	Scale    float32      // pixels per Fyne unit; 0: 1
	Output   Output       // where the main window is shown
	Language string       // of the on-screen keyboard and Device.Locale, "de" or "en-GB"; "": "en"
	Store    Store        // keeps the app's preferences; nil: in memory only
	ID       string       // App.UniqueID; "": "tandem"
	Logger   *slog.Logger // nil: silent

	ReducedMotion bool // animations jump to their end
}

// Driver is the Fyne driver: App().Driver() is it in the form that Fyne wants.
// Its methods belong to the goroutine of Run; before Run, to the one that
// calls New. Wake, Input, Quit, Stats and DoFromGoroutine may be called by any.
type Driver struct {
	cfg  Config
	log  *slog.Logger
	app  *App
	base fyne.App // Fyne's test app: resets Fyne's caches when the theme changes

	work    chan struct{} // one slot: input or functions wait
	wake    chan struct{} // one slot: a frame is wanted
	queue   queue
	take    func(*Window, input.Event) // handle, bound once
	running atomic.Bool
	over    atomic.Bool   // Run has returned
	uiID    atomic.Uint64 // goroutine of Run

	mu    sync.Mutex // guards funcs, ended and quit
	funcs []func()
	ended bool
	quit  context.CancelFunc

	windows []*Window
	ruler   *paint.Painter // measures text while there is no window
	onFrame []func(time.Time)
	onBack  func()
	anims   []*running
	scrolls []*momentum
	timers  []*timer
	touch   touches
	mods    fyne.KeyModifier
	device  device
	dirty   bool // something may have changed since the last frame
	framing bool // a frame has begun and has not painted yet
	cleaned time.Time
	stats   counters
	pacing  pacing
	fine    display.Fine
	now     time.Time // of the running frame
}

// New makes a driver with its app, sets it as Fyne's current app and creates
// no window yet. It starts nothing. One driver lives at a time in a process,
// because Fyne has one current app.
func New(c Config) (*Driver, error) {
	if c.Size.X <= 0 || c.Size.Y <= 0 || c.Size.X > 1<<14 || c.Size.Y > 1<<14 {
		return nil, fmt.Errorf("new driver: size %v is not between 1x1 and 16384x16384", c.Size)
	}
	if c.Output == nil {
		return nil, errors.New("new driver: no output")
	}
	if c.Scale == 0 {
		c.Scale = 1
	}
	if c.Scale < 0.25 || c.Scale > 8 {
		return nil, fmt.Errorf("new driver: scale %v is not between 0.25 and 8", c.Scale)
	}
	if c.Language == "" {
		c.Language = "en"
	}
	if c.ID == "" {
		c.ID = "tandem"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Driver{
		pacing: pacing{cost: outlier}, // none has been measured: as one that goes wrong
		cfg:    c, log: c.Logger, base: test.NewApp(),
		work: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	d.device = device{d: d}
	d.touch.init(d)
	d.take = d.handle
	d.app = newApp(d)
	fyne.SetCurrentApp(d.app)
	return d, nil
}

// App is the fyne.App of this driver.
func (d *Driver) App() fyne.App { return d.app }

// Wake asks for a frame. It may be called by any goroutine, at any rate, and
// costs next to nothing while a frame is already on its way.
func (d *Driver) Wake() {
	if !d.over.Load() {
		signal(d.wake)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Input takes an event from any goroutine. Moves of a contact that wait are
// merged; when more than 1,024 events wait, moves and scrolls are dropped, but
// never an up or cancel. Events with a Window go through Window.Input.
func (d *Driver) Input(ev input.Event) { d.inputTo(nil, ev) }

func (d *Driver) inputTo(w *Window, ev input.Event) {
	if d.over.Load() {
		return
	}
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	d.queue.put(w, ev)
	signal(d.work)
}

// SetLanguage is Config.Language from now on: the keyboard has its letters when
// it shows next. Call it on the UI goroutine, or before Run.
func (d *Driver) SetLanguage(tag string) {
	if tag != "" {
		d.cfg.Language = tag
	}
}

// OnFrame adds a function that runs at the start of each frame: the place to
// take a snapshot of the world and to set widgets from it.
func (d *Driver) OnFrame(f func(now time.Time)) { d.onFrame = append(d.onFrame, f) }

// OnBack sets what the back key does when nothing on the screen takes it.
func (d *Driver) OnBack(f func()) { d.onBack = f }

// Stats is a copy of the counters since New.
func (d *Driver) Stats() Stats {
	s := d.stats.copy()
	s.Dropped = d.queue.dropped()
	return s
}

// CreateWindow is fyne.Driver's. All windows made by it share the main output:
// the one shown last is seen.
func (d *Driver) CreateWindow(title string) fyne.Window {
	return d.newWindow(title, d.cfg.Size, d.cfg.Scale, d.cfg.Output)
}

// NewWindow makes a window with an output of its own, such as the layer of the
// telltales. Its background is what the theme says unless SetBackground
// changes it.
func (d *Driver) NewWindow(title string, size image.Point, scale float32, out Output) (*Window, error) {
	if out == nil || size.X <= 0 || size.Y <= 0 {
		return nil, fmt.Errorf("new window %s: needs a size and an output", title)
	}
	if scale <= 0 {
		scale = 1
	}
	return d.newWindow(title, size, scale, out), nil
}

// AllWindows is fyne.Driver's.
func (d *Driver) AllWindows() []fyne.Window {
	all := make([]fyne.Window, len(d.windows))
	for i, w := range d.windows {
		all[i] = w
	}
	return all
}

// RenderedTextSize is fyne.Driver's; it shapes with the fonts and the code
// that draw the text.
func (d *Driver) RenderedTextSize(text string, size float32, style fyne.TextStyle, source fyne.Resource) (fyne.Size, float32) {
	return d.measurer().Measure(text, size, style, source)
}

// CanvasForObject is fyne.Driver's: the canvas that shows the object; while
// none does, that of the window on the main output.
func (d *Driver) CanvasForObject(o fyne.CanvasObject) fyne.Canvas {
	if len(d.windows) == 0 {
		return nil
	}
	if len(d.windows) > 1 {
		for _, w := range d.windows {
			if w.canvas.holds(o) {
				return w.canvas
			}
		}
		if w := d.top(d.cfg.Output); w != nil {
			return w.canvas
		}
	}
	return d.windows[0].canvas
}

// AbsolutePositionForObject is fyne.Driver's.
func (d *Driver) AbsolutePositionForObject(o fyne.CanvasObject) fyne.Position {
	for _, w := range d.windows {
		if s, ok := w.canvas.find(o); ok {
			return s.pos
		}
	}
	return fyne.Position{}
}

// Device is fyne.Driver's: a mobile device in landscape.
func (d *Driver) Device() fyne.Device { return &d.device }

// bridge is the Driver as Fyne wants it: Fyne's Run has no context.
type bridge struct{ *Driver }

// Run is fyne.Driver's; it returns after Quit.
func (b bridge) Run() {
	if err := b.Driver.Run(context.Background()); err != nil {
		b.log.Error("driver ended", "error", err)
	}
}

// Quit ends Run. Any goroutine may call it.
func (d *Driver) Quit() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.quit != nil {
		d.quit()
	}
}

// DoubleTapDelay is fyne.Driver's.
func (d *Driver) DoubleTapDelay() time.Duration { return doubleTapDelay }

// SetDisableScreenBlanking is fyne.Driver's; the display never blanks by itself.
func (d *Driver) SetDisableScreenBlanking(bool) {}

// DoFromGoroutine is fyne.Driver's: f runs on the goroutine of Run, in order.
// With wait it returns when f has; called from that goroutine itself, f runs
// at once. Before Run f runs at once with wait and later without; after Run it
// does not run at all.
func (d *Driver) DoFromGoroutine(f func(), wait bool) {
	if wait && d.onUI() {
		f()
		return
	}
	d.mu.Lock()
	if d.ended {
		d.mu.Unlock()
		return
	}
	if wait && !d.running.Load() {
		d.mu.Unlock()
		f()
		return
	}
	var done chan struct{}
	if wait {
		done = make(chan struct{})
		g := f
		f = func() { defer close(done); g() }
	}
	d.funcs = append(d.funcs, f)
	d.mu.Unlock()
	signal(d.work)
	if wait {
		<-done
	}
}

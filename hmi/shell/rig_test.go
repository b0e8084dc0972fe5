package shell_test

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/display"
	"tandem/hmi/input"
	"tandem/hmi/lint"
	"tandem/hmi/shell"
	"tandem/vehicle"
)

// layer is a display layer with a flip clock that keeps the picture as damage
// built it up.
type layer struct {
	events chan input.Event
	start  time.Time

	mu     sync.Mutex
	pix    []byte
	size   image.Point
	frames int
	pixels int
	place  image.Rectangle
	shown  bool
}

func newLayer() *layer {
	return &layer{events: make(chan input.Event, 16), start: time.Now(), shown: true}
}

func (l *layer) Present(f display.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size != f.Size {
		l.size, l.pix = f.Size, make([]byte, f.Size.X*f.Size.Y*4)
	}
	for _, r := range f.Damage {
		l.pixels += r.Dx() * r.Dy()
		for y := r.Min.Y; y < r.Max.Y; y++ {
			copy(l.pix[(y*l.size.X+r.Min.X)*4:(y*l.size.X+r.Max.X)*4], f.Pix[y*f.Stride+r.Min.X*4:])
		}
	}
	l.frames++
	return nil
}

func (l *layer) NextFlip(now time.Time) time.Time {
	const period = time.Second / 60
	return l.start.Add((now.Sub(l.start)/period + 1) * period)
}

func (l *layer) Events() <-chan input.Event { return l.events }

func (l *layer) Place(r image.Rectangle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.place = r
}

func (l *layer) Show(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = on
}

func (l *layer) count() (frames, pixels int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frames, l.pixels
}

func (l *layer) visible() (bool, image.Rectangle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shown, l.place
}

// save writes the picture where -shots says.
func (l *layer) save(t *testing.T, name string) {
	t.Helper()
	if *shots == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	img := image.NewRGBA(image.Rectangle{Max: l.size})
	for i := 0; i < len(l.pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = l.pix[i+2], l.pix[i+1], l.pix[i], 255
	}
	f, err := os.Create(filepath.Join(*shots, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// car is a car that behaves: what it is asked for it reports a moment later,
// unless it is told to refuse or to stay silent.
type car struct {
	store *vehicle.Store
	delay time.Duration

	mu     sync.Mutex
	deaf   bool
	refuse string
	asked  []vehicle.Command
	wg     sync.WaitGroup
}

func typeOf(p vehicle.Path) vehicle.Type {
	last := string(p[strings.LastIndexByte(string(p), '.')+1:])
	switch {
	case p == vehicle.LightsBrakeIsActive, strings.HasSuffix(last, "Status"), strings.HasSuffix(last, "Mode"), strings.HasSuffix(last, "Switch"), strings.HasSuffix(last, "Distribution"):
		return vehicle.Text
	case strings.HasPrefix(last, "Is"):
		return vehicle.Bool
	}
	return vehicle.Number
}

func newCar(t *testing.T) *car {
	t.Helper()
	var signals []vehicle.Signal
	for _, p := range hmi.Paths() {
		signals = append(signals, vehicle.Signal{Path: p, Type: typeOf(p), Actuator: true, Min: -1e12, Max: 1e12})
	}
	s, err := vehicle.NewStore(signals)
	if err != nil {
		t.Fatal(err)
	}
	return &car{store: s, delay: 100 * time.Millisecond}
}

// report sets signals; ttl 0 never goes stale.
func (c *car) report(ttl time.Duration, values map[vehicle.Path]vehicle.Value) {
	var rs []vehicle.Report
	for p, v := range values {
		id, _ := c.store.ID(p)
		rs = append(rs, vehicle.Report{ID: id, Value: v, Quality: vehicle.Valid, TTL: ttl})
	}
	c.store.Report(time.Now(), rs)
}

func (c *car) Actuate(_ context.Context, cmd vehicle.Command) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != "" {
		return &vehicle.Refusal{Path: cmd.Path, Reason: c.refuse}
	}
	c.asked = append(c.asked, cmd)
	if !c.deaf {
		c.wg.Go(func() {
			time.Sleep(c.delay)
			c.report(0, map[vehicle.Path]vehicle.Value{cmd.Path: cmd.Value})
		})
	}
	return nil
}

func (c *car) commands() []vehicle.Command {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]vehicle.Command(nil), c.asked...)
}

func (c *car) behave(deaf bool, refuse string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf, c.refuse = deaf, refuse
}

// mood reports all of a mood's samples.
func (c *car) mood(m shell.Mood) {
	values := map[vehicle.Path]vehicle.Value{}
	for i, s := range m.Samples() {
		if s.Quality == vehicle.Valid {
			values[hmi.Paths()[i]] = s.Value
		}
	}
	c.report(0, values)
}

// rig is a running shell with its car.
type rig struct {
	t     *testing.T
	s     *shell.Shell
	car   *car
	ui    *layer
	lamps *layer
	stop  func()
}

// start runs a shell in the present synctest bubble; call stop before it ends.
func start(t *testing.T, mood shell.Mood, change ...func(*shell.Config)) *rig {
	t.Helper()
	r := &rig{t: t, car: newCar(t), ui: newLayer(), lamps: newLayer()}
	desk, err := vehicle.NewDesk(vehicle.DeskConfig{Store: r.car.store, Actuator: r.car})
	if err != nil {
		t.Fatal(err)
	}
	c := shell.Config{Vehicle: hmi.Local{Store: r.car.store, Desk: desk}, Layer: r.ui, Telltales: r.lamps, Size: image.Pt(1280, 720)}
	for _, f := range change {
		f(&c)
	}
	if r.s, err = shell.New(c); err != nil {
		t.Fatal(err)
	}
	r.car.mood(mood)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := desk.Run(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("run desk: %v", err)
		}
	})
	wg.Go(func() {
		if err := r.s.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	r.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		r.car.wg.Wait()
	})
	t.Cleanup(r.stop)
	r.settle()
	return r
}

// settle lets everything that was begun come to rest.
func (r *rig) settle() { time.Sleep(500 * time.Millisecond) }

func (r *rig) root() fyne.CanvasObject {
	return r.s.Driver().AllWindows()[0].Canvas().Content()
}

// scene is the dump of what is shown.
func (r *rig) scene() (dump string) {
	fyne.DoAndWait(func() { dump = lint.Dump(r.root()) })
	return dump
}

// control finds a control by its name and returns its line of the dump and
// its middle in dp.
func (r *rig) control(name string) (line string, x, y float32) {
	r.t.Helper()
	fyne.DoAndWait(func() {
		lint.Walk(r.root(), func(o fyne.CanvasObject, pos fyne.Position) {
			c, ok := o.(interface {
				Called() string
				Status() string
			})
			if ok && c.Called() == name && line == "" {
				line = c.Called() + c.Status()
				x, y = pos.X+o.Size().Width/2, pos.Y+o.Size().Height/2
			}
		})
	})
	if line == "" {
		r.t.Errorf("no control %q in\n%s", name, r.scene())
	}
	return line, x, y
}

// tap touches a control as a finger would and waits a few frames.
func (r *rig) tap(name string) {
	r.t.Helper()
	_, x, y := r.control(name)
	for _, k := range []input.Kind{input.TouchDown, input.TouchUp} {
		r.ui.events <- input.Event{Kind: k, X: x / 1280, Y: y / 720}
		time.Sleep(50 * time.Millisecond)
	}
}

func (r *rig) key(name string) {
	r.ui.events <- input.Event{Kind: input.KeyDown, Key: name}
	r.ui.events <- input.Event{Kind: input.KeyUp, Key: name}
	time.Sleep(50 * time.Millisecond)
}

func (r *rig) rotate(steps int) {
	r.ui.events <- input.Event{Kind: input.Rotate, Steps: steps}
	time.Sleep(50 * time.Millisecond)
}

// want fails unless the scene has all these lines' parts.
func (r *rig) want(parts ...string) {
	r.t.Helper()
	got := r.scene()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			r.t.Errorf("no %s in\n%s", p, got)
		}
	}
}

// wantNot fails if the scene has one of these.
func (r *rig) wantNot(parts ...string) {
	r.t.Helper()
	got := r.scene()
	for _, p := range parts {
		if strings.Contains(got, p) {
			r.t.Errorf("%s in\n%s", p, got)
		}
	}
}

// do runs f on the UI goroutine.
func (r *rig) do(f func()) { fyne.DoAndWait(f) }

// tapAt touches a place in dp.
func (r *rig) tapAt(x, y float32) {
	for _, k := range []input.Kind{input.TouchDown, input.TouchUp} {
		r.ui.events <- input.Event{Kind: k, X: x / 1280, Y: y / 720}
		time.Sleep(50 * time.Millisecond)
	}
}

func toNRGBA(r, g, b uint8) color.NRGBA { return color.NRGBA{R: r, G: g, B: b, A: 255} }

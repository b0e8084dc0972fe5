package fynedriver_test

import (
	"context"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tandem/hmi/display"
	"tandem/hmi/fynedriver"
	"tandem/hmi/input"
)

var dump = flag.String("dump", "", "folder to write pictures to")

// screen is an output with a flip clock: a frame that is presented is seen at
// the next whole period. It keeps the picture as damage built it up.
type screen struct {
	mu      sync.Mutex
	pix     []byte
	size    image.Point
	frames  int
	seen    chan struct{} // a token per frame, if it is taken
	onFrame func(now time.Time)
	period  time.Duration
	start   time.Time
}

func newScreen(w, h int) *screen {
	return &screen{pix: make([]byte, w*h*4), size: image.Pt(w, h), seen: make(chan struct{}, 1), period: time.Second / 60, start: time.Now()}
}

func (s *screen) Present(f display.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range f.Damage {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			copy(s.pix[(y*s.size.X+r.Min.X)*4:(y*s.size.X+r.Max.X)*4], f.Pix[y*f.Stride+r.Min.X*4:])
		}
	}
	s.frames++
	if s.onFrame != nil {
		s.onFrame(time.Now())
	}
	select {
	case s.seen <- struct{}{}:
	default:
	}
	return nil
}

func (s *screen) NextFlip(now time.Time) time.Time {
	n := now.Sub(s.start)/s.period + 1
	return s.start.Add(n * s.period)
}

func (s *screen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames
}

func (s *screen) image() *image.RGBA {
	s.mu.Lock()
	defer s.mu.Unlock()
	img := image.NewRGBA(image.Rectangle{Max: s.size})
	for i := 0; i < len(s.pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = s.pix[i+2], s.pix[i+1], s.pix[i], 255
	}
	return img
}

func (s *screen) dump(t testing.TB, name string) {
	t.Helper()
	if *dump == "" {
		return
	}
	f, err := os.Create(filepath.Join(*dump, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, s.image()); err != nil {
		t.Fatal(err)
	}
}

// rig is a running driver with one window.
type rig struct {
	t    testing.TB
	s    *screen
	d    *fynedriver.Driver
	w    fyne.Window
	stop func()
}

// start runs a driver that shows content. In a synctest bubble call stop
// before the bubble ends.
func start(t testing.TB, w, h int, content func() fyne.CanvasObject, change ...func(*fynedriver.Config)) *rig {
	t.Helper()
	s := newScreen(w, h)
	c := fynedriver.Config{Size: image.Pt(w, h), Output: s}
	for _, f := range change {
		f(&c)
	}
	d, err := fynedriver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	d.App().Settings().SetTheme(theme.DefaultTheme())
	r := &rig{t: t, s: s, d: d, w: d.App().NewWindow("test")}
	r.w.SetContent(content())
	r.w.Show()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	<-s.seen
	return r
}

// do runs f on the UI goroutine.
func (r *rig) do(f func()) { fyne.DoAndWait(f) }

// event sends an input event at a place in pixels.
func (r *rig) event(k input.Kind, contact int, x, y float32) {
	r.d.Input(input.Event{Kind: k, Contact: contact, X: x / float32(r.s.size.X), Y: y / float32(r.s.size.Y)})
}

func (r *rig) key(name string) {
	r.d.Input(input.Event{Kind: input.KeyDown, Key: name})
	r.d.Input(input.Event{Kind: input.KeyUp, Key: name})
}

// tap taps the middle of an object.
func (r *rig) tap(o fyne.CanvasObject) {
	var p fyne.Position
	r.do(func() {
		p = fyne.CurrentApp().Driver().AbsolutePositionForObject(o).AddXY(o.Size().Width/2, o.Size().Height/2)
	})
	r.event(input.TouchDown, 0, p.X, p.Y)
	r.event(input.TouchUp, 0, p.X, p.Y)
	r.do(func() {})
}

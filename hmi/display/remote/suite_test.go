//go:build linux

package remote_test

import (
	"context"
	"encoding/binary"
	"image"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/hmi/display"
	"tandem/hmi/display/remote"
	"tandem/hmi/input"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// layer is what a producer sees, in the display's process or another one.
type layer interface {
	Present(display.Frame) error
	NextFlip(time.Time) time.Time
	Place(image.Rectangle)
	Show(bool)
	TakeInput(bool)
	Events() <-chan input.Event
}

var size = image.Pt(320, 180)

// screen is a running display.
type screen struct {
	*display.Compositor
	out *display.PNG
}

func newScreen(t testing.TB) *screen {
	t.Helper()
	out := display.NewPNG(t.TempDir(), size)
	c, err := display.NewCompositor(display.Config{Outputs: []display.Output{out}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	return &screen{c, out}
}

// run runs f until the test ends, or the function that is returned is called.
func run(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// serve gives the screen's layers out on sock.
func (s *screen) serve(t testing.TB, sock string) (stop func()) {
	t.Helper()
	srv, err := remote.NewServer(remote.ServerConfig{Socket: sock, Compositor: s.Compositor})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(); err != nil {
		t.Fatal(err)
	}
	return run(t, srv.Run)
}

// connect makes a remote layer that is connected.
func connect(t testing.TB, sock string, kind display.LayerKind) (l *remote.Layer, stop func()) {
	t.Helper()
	l, err := remote.NewLayer(remote.Config{Socket: sock, Layer: kind})
	if err != nil {
		t.Fatal(err)
	}
	stop = run(t, l.Run)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if got, err := l.Size(ctx); err != nil || got != size {
		t.Fatalf("size of the display: got %v, %v", got, err)
	}
	return l, stop
}

// eventually waits until ok says so.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range 30000 {
		if ok() {
			return
		}
		<-tick.C
	}
	t.Fatalf("%s: not within a minute", what)
}

// shows waits for a pixel of the screen.
func (s *screen) shows(t testing.TB, what string, x, y int, c uint32) {
	t.Helper()
	eventually(t, what, func() bool {
		p := s.out.Image().RGBAAt(x, y)
		return uint32(p.R)<<16|uint32(p.G)<<8|uint32(p.B) == c
	})
}

// fill paints r of a frame and damages it.
func fill(f *display.Frame, r image.Rectangle, c uint32) display.Frame {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			binary.LittleEndian.PutUint32(f.Pix[y*f.Stride+4*x:], c)
		}
	}
	f.Damage = []image.Rectangle{r}
	return *f
}

func frame(s image.Point) *display.Frame {
	return &display.Frame{Pix: make([]byte, 4*s.X*s.Y), Stride: 4 * s.X, Size: s}
}

func present(t testing.TB, l layer, f display.Frame) {
	t.Helper()
	if err := l.Present(f); err != nil {
		t.Fatal(err)
	}
}

// TestLayers runs one suite on a layer in the display's process and on one that
// is reached through the socket.
func TestLayers(t *testing.T) {
	for name, get := range map[string]func(t *testing.T, s *screen, kind display.LayerKind) layer{
		"in-process": func(_ *testing.T, s *screen, kind display.LayerKind) layer { return s.Layer(kind) },
		"remote": func(t *testing.T, s *screen, kind display.LayerKind) layer {
			sock := filepath.Join(t.TempDir(), "display.sock")
			s.serve(t, sock)
			l, _ := connect(t, sock, kind)
			return l
		},
	} {
		for what, test := range suite {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				s := newScreen(t)
				test(t, s, func(k display.LayerKind) layer { return get(t, s, k) })
			})
		}
	}
}

var suite = map[string]func(t *testing.T, s *screen, get func(display.LayerKind) layer){
	"frames":  testFrames,
	"place":   testPlace,
	"input":   testInput,
	"pacing":  testPacing,
	"refuses": testRefuses,
}

func testFrames(t *testing.T, s *screen, get func(display.LayerKind) layer) {
	l, f := get(display.UI), frame(size)
	present(t, l, fill(f, image.Rect(0, 0, 320, 180), 0x112233))
	s.shows(t, "first frame", 319, 179, 0x112233)
	fill(f, image.Rect(0, 0, 320, 180), 0x990000) // painted, but only a part is said to be damaged
	f.Damage = []image.Rectangle{image.Rect(10, 10, 20, 20)}
	present(t, l, *f)
	s.shows(t, "damage", 19, 19, 0x990000)
	s.shows(t, "not damaged", 20, 20, 0x112233)
	for i := range 300 { // as fast as it goes
		present(t, l, fill(f, image.Rect(i, 0, i+10, 10), uint32(i)))
	}
	s.shows(t, "the last of many", 305, 5, 299)
	s.shows(t, "the first of many", 0, 5, 0)
	big := frame(image.Pt(500, 400))
	present(t, l, fill(big, image.Rect(0, 0, 1, 1), 0))
	s.shows(t, "another size is taken whole", 100, 100, 0)
}

func testPlace(t *testing.T, s *screen, get func(display.LayerKind) layer) {
	ui := s.Layer(display.UI)
	present(t, ui, fill(frame(size), image.Rect(0, 0, 320, 180), 0x101010))
	l, f := get(display.Camera), frame(image.Pt(40, 40))
	l.Place(image.Rect(100, 100, 140, 140))
	present(t, l, fill(f, image.Rect(0, 0, 40, 40), 0x00ff00))
	s.shows(t, "at its place", 100, 100, 0x00ff00)
	s.shows(t, "beside it", 99, 100, 0x101010)
	l.Place(image.Rect(0, 0, 20, 20))
	s.shows(t, "at its new place", 19, 19, 0x00ff00)
	s.shows(t, "cut off by its place", 20, 20, 0x101010)
	s.shows(t, "where it was", 110, 110, 0x101010)
	l.Show(false)
	s.shows(t, "hidden", 10, 10, 0x101010)
	l.Show(true)
	s.shows(t, "shown again", 10, 10, 0x00ff00)
}

func testInput(t *testing.T, s *screen, get func(display.LayerKind) layer) {
	ui := s.Layer(display.UI)
	present(t, ui, fill(frame(size), image.Rect(0, 0, 320, 180), 0x101010))
	l := get(display.Video)
	l.Place(image.Rect(160, 0, 320, 180))
	present(t, l, fill(frame(image.Pt(160, 180)), image.Rect(0, 0, 160, 180), 0x00ff00))
	s.shows(t, "video", 200, 90, 0x00ff00)
	at := time.Now().Add(-30 * time.Millisecond)
	s.Input(input.Event{Kind: input.TouchDown, Contact: 3, X: 0.75, Y: 0.5, Time: at})
	s.Input(input.Event{Kind: input.TouchMove, Contact: 3, X: 0.25, Y: 0.5, Time: at}) // leaves the layer, and stays with it
	s.Input(input.Event{Kind: input.TouchUp, Contact: 3, X: 1, Y: 1, Time: at})
	s.Input(input.Event{Kind: input.KeyDown, Key: "Return", Time: at})
	s.Input(input.Event{Kind: input.Rotate, Steps: -3, Time: at})
	s.Input(input.Event{Kind: input.Rune, Rune: '語', Time: at})
	s.Input(input.Event{Kind: input.Scroll, X: 0.5, Y: 0, DX: 1.5, DY: -40, Time: at})
	for _, want := range []input.Event{
		{Kind: input.TouchDown, Contact: 3, X: 0.5, Y: 0.5}, {Kind: input.TouchMove, Contact: 3, X: -0.5, Y: 0.5},
		{Kind: input.TouchUp, Contact: 3, X: 1, Y: 1}, {Kind: input.KeyDown, Key: "Return"}, {Kind: input.Rotate, Steps: -3},
		{Kind: input.Rune, Rune: '語'}, {Kind: input.Scroll, X: 0, Y: 0, DX: 1.5, DY: -40},
	} {
		got := next(t, l)
		if d := got.Time.Sub(at); d < -5*time.Millisecond || d > 5*time.Millisecond {
			t.Errorf("%v: happened %v off", got.Kind, d)
		}
		if got.Time = (time.Time{}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	s.Input(input.Event{Kind: input.TouchDown, X: 0.75, Y: 0.5})
	if got := next(t, l); got.Kind != input.TouchDown {
		t.Errorf("got %v, want down", got.Kind)
	}
	l.TakeInput(false)
	if got := next(t, l); got.Kind != input.TouchCancel {
		t.Errorf("the layer takes no more input: got %v, want cancel", got.Kind)
	}
	s.Input(input.Event{Kind: input.TouchDown, X: 0.75, Y: 0.5})
	if got := next(t, ui); got.Kind != input.TouchDown {
		t.Errorf("beneath a layer that takes no input: got %v, want down", got.Kind)
	}
}

func next(t *testing.T, l layer) input.Event {
	t.Helper()
	select {
	case ev := <-l.Events():
		return ev
	case <-time.After(time.Minute):
		t.Fatal("no event within a minute")
		panic("unreachable")
	}
}

// testPacing checks that a producer that follows NextFlip neither spins nor sleeps.
func testPacing(t *testing.T, s *screen, get func(display.LayerKind) layer) {
	l, f := get(display.UI), frame(size)
	present(t, l, fill(f, image.Rect(0, 0, 320, 180), 1))
	s.shows(t, "first frame", 0, 0, 1)
	const beat, limit = time.Second / 60, 40 * time.Millisecond
	start, n := time.Now(), 0
	for ; time.Since(start) < 500*time.Millisecond || n < 5; n++ {
		present(t, l, fill(f, image.Rect(0, 0, 10, 10), uint32(n)))
		now := time.Now()
		wait := l.NextFlip(now).Sub(now)
		if wait > limit {
			t.Errorf("the next flip is %v away", wait)
		}
		<-time.After(wait)
	}
	// Half a second has 30 beats; a busy machine may make it a longer one.
	if took := time.Since(start); n > int(took/beat)+3 {
		t.Errorf("got %d frames in %v, want one a beat", n, took)
	}
}

func testRefuses(t *testing.T, s *screen, get func(display.LayerKind) layer) {
	l, good := get(display.UI), frame(image.Pt(10, 10))
	for name, spoil := range map[string]func(f *display.Frame){
		"no size":      func(f *display.Frame) { f.Size = image.Point{} },
		"short stride": func(f *display.Frame) { f.Stride = 36 },
		"short pixels": func(f *display.Frame) { f.Pix = f.Pix[:399] },
		"too big":      func(f *display.Frame) { f.Size.X, f.Stride, f.Pix = 9000, 36000, make([]byte, 360000) },
	} {
		f := *good
		spoil(&f)
		if err := l.Present(f); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	good.Damage = []image.Rectangle{image.Rect(-5, -5, 500, 500)}
	present(t, l, fill(good, image.Rect(0, 0, 10, 10), 0xabcdef))
	s.shows(t, "after refused frames", 9, 9, 0xabcdef)
}

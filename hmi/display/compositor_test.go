package display_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/hmi/display"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var size = image.Pt(320, 180)

// plain makes a frame of one colour, damaged all over.
func plain(s image.Point, c color.RGBA) display.Frame {
	pix := make([]byte, 4*s.X*s.Y)
	for i := 0; i < len(pix); i += 4 {
		pix[i], pix[i+1], pix[i+2] = c.B, c.G, c.R
	}
	return display.Frame{Pix: pix, Stride: 4 * s.X, Size: s, Damage: []image.Rectangle{{Max: s}}}
}

var (
	black = color.RGBA{0, 0, 0, 255}
	red   = color.RGBA{200, 10, 20, 255}
	green = color.RGBA{10, 200, 30, 255}
	blue  = color.RGBA{40, 50, 220, 255}
	amber = color.RGBA{255, 179, 0, 255}
)

// bench is a running display with one output that keeps the picture.
type bench struct {
	*display.Compositor
	out *display.PNG
}

// run makes a display in a synctest bubble and ends it after f.
func run(t *testing.T, f func(t *testing.T, b bench)) {
	synctest.Test(t, func(t *testing.T) {
		out := display.NewPNG(t.TempDir(), size)
		c, err := display.NewCompositor(display.Config{Outputs: []display.Output{out}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		f(t, bench{c, out})
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
	})
}

// settle lets the display show all that has been presented.
func settle() {
	time.Sleep(50 * time.Millisecond) // a bubble's time
	synctest.Wait()
}

func present(t *testing.T, l *display.Layer, f display.Frame) {
	t.Helper()
	if err := l.Present(f); err != nil {
		t.Fatal(err)
	}
}

func (b bench) want(t *testing.T, what string, at image.Point, c color.RGBA) {
	t.Helper()
	if got := b.out.Image().RGBAAt(at.X, at.Y); got != c {
		t.Errorf("%s: pixel at %v: got %v, want %v", what, at, got, c)
	}
}

func TestLayersCoverEachOther(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		ui, camera := b.Layer(display.UI), b.Layer(display.Camera)
		settle()
		b.want(t, "before any frame", image.Pt(5, 5), black)
		present(t, ui, plain(size, red))
		settle()
		b.want(t, "ui", image.Pt(5, 5), red)
		camera.Place(image.Rect(100, 50, 200, 150))
		present(t, camera, plain(image.Pt(100, 100), green))
		settle()
		b.want(t, "in the camera", image.Pt(100, 50), green)
		b.want(t, "left of the camera", image.Pt(99, 50), red)
		b.want(t, "below the camera", image.Pt(150, 150), red)
		present(t, ui, plain(size, blue))
		settle()
		b.want(t, "camera over a new ui", image.Pt(150, 100), green)
		b.want(t, "new ui", image.Pt(250, 100), blue)
		camera.Place(image.Rect(0, 0, 50, 50))
		settle()
		b.want(t, "where the camera was", image.Pt(150, 100), blue)
		b.want(t, "where the camera is, cut off", image.Pt(49, 49), green)
		b.want(t, "past its place", image.Pt(50, 49), blue)
		camera.Show(false)
		settle()
		b.want(t, "camera hidden", image.Pt(20, 20), blue)
		camera.Show(true)
		settle()
		b.want(t, "camera shown again with its last picture", image.Pt(20, 20), green)
	})
}

func TestCoveredDamageCostsNothing(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		ui, video := b.Layer(display.UI), b.Layer(display.Video)
		video.Place(image.Rect(0, 0, 160, 180))
		present(t, ui, plain(size, red))
		present(t, video, plain(image.Pt(160, 180), green))
		settle()
		cases := []struct {
			name   string
			damage image.Rectangle
			frames uint64
			pixels uint64
		}{
			{"covered", image.Rect(10, 10, 100, 100), 0, 0},
			{"half covered", image.Rect(150, 0, 170, 10), 1, 100},
			{"free", image.Rect(200, 0, 210, 10), 1, 100},
		}
		for _, c := range cases {
			before := b.Stats()
			f := plain(size, blue)
			f.Damage = []image.Rectangle{c.damage}
			present(t, ui, f)
			settle()
			after := b.Stats()
			if f, p := after.Frames-before.Frames, after.Pixels-before.Pixels; f != c.frames || p != c.pixels {
				t.Errorf("%s: got %d frames and %d pixels, want %d and %d", c.name, f, p, c.frames, c.pixels)
			}
		}
		video.Show(false)
		settle()
		b.want(t, "covered damage, once seen", image.Pt(50, 50), blue)
	})
}

func TestIdleDisplayPresentsNothing(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		present(t, b.Layer(display.UI), plain(size, red))
		settle()
		n := b.Stats().Frames
		time.Sleep(time.Hour)
		if got := b.Stats().Frames; got != n {
			t.Errorf("an idle hour: got %d frames, want 0", got-n)
		}
	})
}

// TestPacing checks that an idle display shows a frame at once and that a
// producer that follows NextFlip makes one frame per beat.
func TestPacing(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		ui := b.Layer(display.UI)
		present(t, ui, plain(size, red))
		settle()
		start, n := time.Now(), b.Stats().Frames
		if at := ui.NextFlip(start); at != start {
			t.Errorf("idle: the next flip is %v away, want now", at.Sub(start))
		}
		f := plain(size, blue)
		for time.Since(start) < time.Second {
			f.Pix[0]++
			f.Damage = []image.Rectangle{image.Rect(0, 0, 10, 10)}
			present(t, ui, f)
			next := ui.NextFlip(time.Now())
			if !next.After(time.Now()) {
				t.Fatal("the flip after a frame is now: its producer would spin")
			}
			time.Sleep(time.Until(next))
		}
		settle()
		if got := b.Stats().Frames - n; got < 59 || got > 61 {
			t.Errorf("a second of animation: got %d frames, want 60", got)
		}
	})
}

func TestGoneLayerIsMarked(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		ui := b.Layer(display.UI)
		present(t, ui, plain(size, red))
		settle()
		strip := image.Pt(3, 3)
		ui.Gone(true)
		time.Sleep(900 * time.Millisecond)
		b.want(t, "0.9 s without the shell", strip, red)
		time.Sleep(200 * time.Millisecond)
		b.want(t, "1.1 s without the shell", strip, amber)
		b.want(t, "the old picture", image.Pt(5, 100), red)
		if !ui.IsGone() {
			t.Error("IsGone: got false, want true")
		}
		if path := os.Getenv("TANDEM_PICTURES"); path != "" {
			if _, err := b.out.Save("notice"); err == nil {
				b.keep(t, path)
			}
		}
		f := plain(size, blue)
		f.Damage = []image.Rectangle{image.Rect(0, 100, 10, 110)}
		present(t, ui, f)
		settle()
		b.want(t, "the shell is back", strip, red)
		b.want(t, "and paints", image.Pt(5, 105), blue)
		if ui.IsGone() {
			t.Error("IsGone after a frame: got true, want false")
		}
	})
}

func (b bench) keep(t *testing.T, dir string) {
	out := display.NewPNG(dir, size)
	m := b.out.Image()
	f := plain(size, black)
	for i := 0; i < len(m.Pix); i += 4 {
		f.Pix[i], f.Pix[i+1], f.Pix[i+2] = m.Pix[i+2], m.Pix[i+1], m.Pix[i]
	}
	if err := out.Present(f); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Save("notice"); err != nil {
		t.Fatal(err)
	}
}

func TestPresentRefusesBrokenFrames(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		good := plain(image.Pt(10, 10), red)
		cases := map[string]func(f *display.Frame){
			"no size":      func(f *display.Frame) { f.Size = image.Point{} },
			"negative":     func(f *display.Frame) { f.Size.X = -1 },
			"short stride": func(f *display.Frame) { f.Stride = 36 },
			"short pixels": func(f *display.Frame) { f.Pix = f.Pix[:399] },
			"too big":      func(f *display.Frame) { f.Size.X, f.Stride, f.Pix = 9000, 36000, make([]byte, 360000) },
		}
		for name, spoil := range cases {
			f := good
			spoil(&f)
			if err := b.Layer(display.UI).Present(f); err == nil {
				t.Errorf("%s: got no error", name)
			}
		}
		good.Damage = []image.Rectangle{image.Rect(-50, -50, 500, 500)}
		for range 2 {
			if err := b.Layer(display.UI).Present(good); err != nil {
				t.Errorf("damage outside of the frame: got %v, want it cut off", err)
			}
		}
	})
}

func TestNewCompositorErrors(t *testing.T) {
	small, big := display.NewPNG("", image.Pt(10, 10)), display.NewPNG("", image.Pt(20, 10))
	for name, cfg := range map[string]display.Config{
		"no output":       {},
		"outputs differ":  {Outputs: []display.Output{small, big}},
		"size differs":    {Outputs: []display.Output{small}, Size: image.Pt(11, 10)},
		"output no size":  {Outputs: []display.Output{display.NewPNG("", image.Point{})}},
		"size impossible": {Outputs: []display.Output{small}, Size: image.Pt(-1, 10)},
	} {
		if _, err := display.NewCompositor(cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// deadOutput fails until it is told not to.
type deadOutput struct {
	*display.PNG
	broken bool
}

func (d *deadOutput) Present(f display.Frame) error {
	if d.broken {
		return errors.New("unplugged")
	}
	return d.PNG.Present(f)
}

func TestFailingOutputDoesNotStopTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := &deadOutput{PNG: display.NewPNG("", size), broken: true}
		good := display.NewPNG("", size)
		c, err := display.NewCompositor(display.Config{Outputs: []display.Output{bad, good}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		present(t, c.Layer(display.UI), plain(size, red))
		settle()
		if got := good.Image().RGBAAt(1, 1); got != red {
			t.Errorf("the good output shows %v, want %v", got, red)
		}
		cancel()
		<-done
	})
}

// TestSettle waits for the first picture as long as it takes, for one that
// moves only so long, and for one that stands still until it does.
func TestSettle(t *testing.T) {
	const quiet, within = 100 * time.Millisecond, 500 * time.Millisecond
	for _, tt := range []struct {
		name         string
		first, moves time.Duration // from the start to the first picture, and for how long it changes then
		want         time.Duration // from the start
	}{
		{"none for a minute", time.Minute, 0, time.Minute + quiet},
		{"moves a little", 0, 200 * time.Millisecond, 200*time.Millisecond + quiet},
		{"moves all the time", time.Second, time.Minute, time.Second + within},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out, start := display.NewPNG("", size), time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				var painter sync.WaitGroup
				painter.Go(func() {
					for time.Sleep(tt.first); ctx.Err() == nil && time.Since(start) <= tt.first+tt.moves; time.Sleep(50 * time.Millisecond) {
						if err := out.Present(plain(size, green)); err != nil {
							t.Error(err)
						}
					}
				})
				err := out.Settle(ctx, quiet, within)
				if took := time.Since(start); err != nil || took != tt.want {
					t.Errorf("settled after %v, %v, want %v", took, err, tt.want)
				}
				cancel()
				painter.Wait()
				if err := display.NewPNG("", size).Settle(ctx, quiet, within); !errors.Is(err, context.Canceled) {
					t.Errorf("no picture: got %v, want %v", err, context.Canceled)
				}
			})
		})
	}
}

func TestSavePNG(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	out := display.NewPNG(dir, size)
	if err := out.Present(plain(size, green)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"home": "home.png", "": "frame-0001.png"} {
		path, err := out.Save(name)
		if err != nil || path != filepath.Join(dir, want) {
			t.Errorf("Save(%q): got %s, %v; want %s", name, path, err, want)
		}
	}
	for _, name := range []string{"../home", "a/b", ".hidden"} {
		if _, err := out.Save(name); err == nil {
			t.Errorf("Save(%q): got no error", name)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("files in the folder: got %d, %v; want 2", len(left), err)
	}
}

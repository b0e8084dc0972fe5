package display_test

import (
	"context"
	"image"
	"testing"
	"time"

	"tandem/hmi/display"
)

// sink is an output that copies, as a panel does, and has no clock.
type sink struct {
	size image.Point
	pix  []byte
	seen chan struct{}
}

func newSink(size image.Point) *sink {
	return &sink{size: size, pix: make([]byte, 4*size.X*size.Y), seen: make(chan struct{}, 1)}
}

func (s *sink) Size() image.Point { return s.size }
func (s *sink) Present(f display.Frame) error {
	for _, r := range f.Damage {
		display.CopyRect(s.pix, 4*s.size.X, r.Min, f.Pix, f.Stride, r)
	}
	select {
	case s.seen <- struct{}{}:
	default:
	}
	return nil
}
func (s *sink) NextFlip(now time.Time) time.Time { return now }
func (s *sink) Close() error                     { return nil }

// play starts a display of 1280x720 with a UI, and a camera over its left half.
func play(tb testing.TB, camera bool) (*display.Compositor, *sink) {
	full := image.Pt(1280, 720)
	out := newSink(full)
	c, err := display.NewCompositor(display.Config{Outputs: []display.Output{out}})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		c.Run(ctx)
		close(done)
	}()
	tb.Cleanup(func() {
		cancel()
		<-done
	})
	if err := c.Layer(display.UI).Present(plain(full, red)); err != nil {
		tb.Fatal(err)
	}
	<-out.seen
	if camera {
		c.Layer(display.Camera).Place(image.Rect(0, 0, 640, 720))
		if err := c.Layer(display.Camera).Present(plain(image.Pt(640, 720), green)); err != nil {
			tb.Fatal(err)
		}
		<-out.seen
	}
	return c, out
}

// TestSteadyFramesAllocateNothing counts a whole frame: present, wake, compose,
// output.
func TestSteadyFramesAllocateNothing(t *testing.T) {
	for _, camera := range []bool{false, true} {
		c, out := play(t, camera)
		l, f := c.Layer(display.UI), plain(image.Pt(1280, 720), blue)
		f.Damage = []image.Rectangle{image.Rect(500, 200, 668, 367), image.Rect(900, 10, 960, 40)}
		got := testing.AllocsPerRun(200, func() {
			if err := l.Present(f); err != nil {
				t.Error(err)
			}
			<-out.seen
		})
		if got > 0 {
			t.Errorf("camera %v: got %v allocations per frame, want 0", camera, got)
		}
	}
}

// BenchmarkFrame measures a frame from Present to the output's copy, beside the
// bare copy of the same damage; a gauge's tick is 28 k pixels. Fyne's stock
// software painter takes 141 ms for any frame of this size.
func BenchmarkFrame(b *testing.B) {
	for name, c := range map[string]struct {
		damage image.Rectangle
		camera bool
	}{
		"gauge":        {image.Rect(500, 200, 668, 367), false},
		"gauge+camera": {image.Rect(500, 200, 668, 367), true},
		"full":         {image.Rect(0, 0, 1280, 720), false},
	} {
		b.Run(name, func(b *testing.B) {
			comp, out := play(b, c.camera)
			l, f := comp.Layer(display.UI), plain(image.Pt(1280, 720), blue)
			f.Damage = []image.Rectangle{c.damage}
			bare := make([]byte, len(f.Pix))
			b.ReportAllocs()
			var frame, copied time.Duration
			for b.Loop() {
				start := time.Now()
				if err := l.Present(f); err != nil {
					b.Fatal(err)
				}
				<-out.seen
				mid := time.Now()
				display.CopyRect(bare, 5120, c.damage.Min, f.Pix, 5120, c.damage)
				frame, copied = frame+mid.Sub(start), copied+time.Since(mid)
			}
			b.ReportMetric(float64(frame)/float64(copied), "frame/copy")
		})
	}
}

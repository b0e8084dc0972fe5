package display_test

import (
	"context"
	"image"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi/display"
)

// panel is an output with a beat of its own: a frame that is presented before
// a flip is seen at it. Presenting takes a while, as copying to a panel does.
type panel struct {
	start  time.Time
	period time.Duration
	takes  time.Duration

	mu    sync.Mutex
	flips []time.Time // at which a frame was seen
	pixel []byte      // the first pixel of each
}

// seen is a copy of what was seen so far.
func (p *panel) seen() ([]time.Time, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.flips), slices.Clone(p.pixel)
}

func (p *panel) Size() image.Point     { return size }
func (p *panel) Period() time.Duration { return p.period }
func (p *panel) Close() error          { return nil }
func (p *panel) NextFlip(now time.Time) time.Time {
	return p.start.Add((now.Sub(p.start)/p.period + 1) * p.period)
}
func (p *panel) Present(f display.Frame) error {
	time.Sleep(p.takes) // a bubble's time
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flips = append(p.flips, p.NextFlip(time.Now()))
	p.pixel = append(p.pixel, f.Pix[0])
	return nil
}

// onPanel runs f with a display on such a panel, in a bubble.
func onPanel(t *testing.T, period, takes time.Duration, f func(c *display.Compositor, p *panel)) {
	synctest.Test(t, func(t *testing.T) {
		p := &panel{start: time.Now(), period: period, takes: takes}
		c, err := display.NewCompositor(display.Config{Outputs: []display.Output{p}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		defer func() {
			cancel()
			<-done
		}()
		f(c, p)
	})
}

// TestFramesMakeTheNextFlip presents at random moments and looks how long it
// takes until that is seen: at most one beat and the time that is kept free
// before a flip, which is what presenting takes and a millisecond.
func TestFramesMakeTheNextFlip(t *testing.T) {
	const period, takes = 16667 * time.Microsecond, 300 * time.Microsecond
	onPanel(t, period, takes, func(c *display.Compositor, p *panel) {
		l, f, rng := c.Layer(display.UI), plain(size, red), rand.New(rand.NewPCG(1, 2))
		present(t, l, f)
		time.Sleep(time.Second)
		worst := time.Duration(0)
		for i := range 2000 {
			time.Sleep(20*time.Millisecond + time.Duration(rng.Int64N(int64(period))))
			f.Pix[0] = byte(i)
			start := time.Now()
			present(t, l, f)
			time.Sleep(2*period - 1)
			flips, pixels := p.seen()
			last := len(flips) - 1
			if pixels[last] != byte(i) {
				t.Fatalf("frame %d is not seen after two beats", i)
			}
			worst = max(worst, flips[last].Sub(start))
		}
		if limit := period + takes + 1200*time.Microsecond; worst > limit {
			t.Errorf("worst of 2000: %v from present to seen, want at most %v", worst, limit)
		}
		t.Logf("worst of 2000: %v from present to seen", worst)
	})
}

// TestProducerOnTheBeat follows NextFlip at several beats: each flip shows the
// next frame, and each frame is seen within the beat that it was made for.
func TestProducerOnTheBeat(t *testing.T) {
	for _, hz := range []int{30, 60, 75, 120} {
		period := time.Second / time.Duration(hz)
		onPanel(t, period, 500*time.Microsecond, func(c *display.Compositor, p *panel) {
			l, f := c.Layer(display.UI), plain(size, red)
			present(t, l, f)
			time.Sleep(time.Second)
			old, _ := p.seen()
			var made []time.Time
			for i := range 2 * hz {
				time.Sleep(time.Until(l.NextFlip(time.Now())))
				f.Pix[0] = byte(i)
				made = append(made, time.Now())
				present(t, l, f)
			}
			time.Sleep(3 * period)
			flips, pixels := p.seen()
			flips, pixels = flips[len(old):], pixels[len(old):]
			if len(flips) != len(made) {
				t.Fatalf("%d Hz: got %d frames of %d", hz, len(flips), len(made))
			}
			for i := range flips {
				if pixels[i] != byte(i) || i > 0 && flips[i].Sub(flips[i-1]) != period {
					t.Fatalf("%d Hz: flip %d shows frame %d, %v after the one before", hz, i, pixels[i], flips[i].Sub(flips[max(i, 1)-1]))
				}
				if late := flips[i].Sub(made[i]); late > 6*time.Millisecond {
					t.Fatalf("%d Hz: frame %d was seen %v after it was made", hz, i, late)
				}
			}
		})
	}
}

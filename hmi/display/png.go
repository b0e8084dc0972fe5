package display

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// PNG is an Output that keeps the picture and saves it when told to: for
// tests, scripts and documentation. It beats at 60 Hz.
type PNG struct {
	dir   string
	size  image.Point
	pacer Pacer

	mu     sync.Mutex
	pix    []byte
	frames uint64
	saved  int
	last   time.Time
	closed bool
	fresh  chan struct{} // closed and replaced with every frame
}

// NewPNG makes an output of that size that saves under dir.
func NewPNG(dir string, size image.Point) *PNG {
	return &PNG{dir: dir, size: size, pix: make([]byte, 4*size.X*size.Y), fresh: make(chan struct{})}
}

// Size is the picture's size in pixels.
func (p *PNG) Size() image.Point { return p.size }

// NextFlip is the output's 60 Hz beat.
func (p *PNG) NextFlip(now time.Time) time.Time { return p.pacer.Next(now) }

// Present keeps the frame.
func (p *PNG) Present(f Frame) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("present on png: %w", err)
	}
	now := time.Now()
	p.pacer.Presented(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("present on png: %w", os.ErrClosed)
	}
	for _, r := range f.Damage {
		r = r.Intersect(f.Bounds()).Intersect(image.Rectangle{Max: p.size})
		if !r.Empty() {
			CopyRect(p.pix, 4*p.size.X, r.Min, f.Pix, f.Stride, r)
		}
	}
	p.frames++
	p.last = now
	close(p.fresh)
	p.fresh = make(chan struct{})
	return nil
}

// Close ends the output; nothing is presented after it.
func (p *PNG) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// Frames counts the frames presented so far.
func (p *PNG) Frames() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames
}

// Settle waits for a picture, and then until it has not changed for quiet, but
// for that no longer than within. It fails when ctx ends first.
func (p *PNG) Settle(ctx context.Context, quiet, within time.Duration) error {
	var enough <-chan time.Time // nil before there is a picture
	for {
		p.mu.Lock()
		fresh, last := p.fresh, p.last
		p.mu.Unlock()
		var calm <-chan time.Time
		if !last.IsZero() {
			calm = time.After(time.Until(last.Add(quiet)))
			if enough == nil {
				enough = time.After(within)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a picture that stands still: %w", ctx.Err())
		case <-fresh:
		case <-calm:
			return nil
		case <-enough:
			return nil
		}
	}
}

// Image returns a copy of the picture.
func (p *PNG) Image() *image.RGBA {
	m := image.NewRGBA(image.Rectangle{Max: p.size})
	p.mu.Lock()
	copy(m.Pix, p.pix)
	p.mu.Unlock()
	for i := 0; i < len(m.Pix); i += 4 { // BGRX to RGBA
		m.Pix[i], m.Pix[i+2], m.Pix[i+3] = m.Pix[i+2], m.Pix[i], 0xff
	}
	return m
}

// Save writes the picture to NAME.png in the output's folder, which it makes,
// and returns the path. An empty name numbers the pictures.
func (p *PNG) Save(name string) (string, error) {
	if name == "" {
		p.mu.Lock()
		p.saved++
		name = fmt.Sprintf("frame-%04d", p.saved)
		p.mu.Unlock()
	}
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("save picture %q: a plain file name, please", name)
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return "", fmt.Errorf("save picture %s: %w", name, err)
	}
	path := filepath.Join(p.dir, name+".png")
	f, err := os.CreateTemp(p.dir, name+".*")
	if err != nil {
		return "", fmt.Errorf("save picture: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(f, p.Image()); err != nil {
		f.Close()
		return "", fmt.Errorf("save picture %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("save picture %s: %w", path, err)
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return "", fmt.Errorf("save picture %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("save picture %s: %w", path, err)
	}
	return path, nil
}

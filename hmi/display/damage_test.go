package display_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"tandem/hmi/display"
)

// TestDamageCoversAndNeverOverlaps compares the set with a bitmap.
func TestDamageCoversAndNeverOverlaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		var d display.Damage
		want := image.NewAlpha(image.Rect(0, 0, 64, 64))
		for range rng.IntN(80) {
			x, y := rng.IntN(60), rng.IntN(60)
			r := image.Rect(x, y, x+rng.IntN(12), y+rng.IntN(12)).Intersect(want.Rect)
			d.Add(r)
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					want.Pix[want.PixOffset(x, y)] = 1
				}
			}
		}
		got := make([]uint8, len(want.Pix))
		n := 0
		for _, r := range d.Rects() {
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					got[want.PixOffset(x, y)]++
					n++
				}
			}
		}
		for i := range got {
			if got[i] > 1 || got[i] == 0 && want.Pix[i] == 1 {
				t.Fatalf("round %d: pixel %d is in %d rectangles, damaged: %v", round, i, got[i], want.Pix[i] == 1)
			}
		}
		if n != d.Pixels() || len(d.Rects()) > 32 {
			t.Fatalf("round %d: %d pixels in %d rectangles, Pixels says %d", round, n, len(d.Rects()), d.Pixels())
		}
	}
}

func TestSubtract(t *testing.T) {
	r := image.Rect(0, 0, 10, 10)
	for name, c := range map[string]struct {
		x        image.Rectangle
		n, wants int
	}{
		"apart":   {image.Rect(20, 20, 30, 30), 1, 100},
		"covers":  {image.Rect(-1, -1, 11, 11), 0, 0},
		"hole":    {image.Rect(4, 4, 6, 6), 4, 96},
		"corner":  {image.Rect(5, 5, 15, 15), 2, 75},
		"left":    {image.Rect(0, 0, 3, 10), 1, 70},
		"nothing": {image.Rectangle{}, 1, 100},
	} {
		var out [4]image.Rectangle
		n, pixels := display.Subtract(r, c.x, &out), 0
		for _, p := range out[:n] {
			pixels += p.Dx() * p.Dy()
			if p.Overlaps(c.x) {
				t.Errorf("%s: %v overlaps what was taken away", name, p)
			}
		}
		if n != c.n || pixels != c.wants {
			t.Errorf("%s: got %d rectangles of %d pixels, want %d of %d", name, n, pixels, c.n, c.wants)
		}
	}
}

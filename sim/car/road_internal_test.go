package car

import (
	"math"
	"testing"
)

func TestSincosAgreesWithMath(t *testing.T) {
	for x := -50.0; x < 50; x += 0.0137 {
		s, c := sincos(x)
		if math.Abs(s-math.Sin(x)) > 1e-12 || math.Abs(c-math.Cos(x)) > 1e-12 {
			t.Fatalf("sincos(%v): got %v, %v, want %v, %v", x, s, c, math.Sin(x), math.Cos(x))
		}
	}
}

func TestRoadIsAClosedSmoothLoop(t *testing.T) {
	r := newRoad()
	if math.Abs(r.turn-2*math.Pi) > 1e-9 {
		t.Errorf("turn: got %v, want one round", r.turn)
	}
	t.Logf("length %.1f m", r.len)
	for i := 1; i < len(r.spots); i++ {
		a, b := r.spots[i-1], r.spots[i]
		if d := math.Hypot(b.x-a.x, b.y-a.y); math.Abs(d-roadStep) > 0.02 {
			t.Fatalf("spot %d: got %v m to the next, want %v", i, d, roadStep)
		}
		if math.Abs(b.slope) > 0.09 || math.Abs(b.z-a.z) > 0.2 {
			t.Fatalf("spot %d: got slope %v, height step %v: too steep", i, b.slope, b.z-a.z)
		}
		if dir := math.Atan2(b.y-a.y, b.x-a.x); math.Abs(math.Remainder(dir-a.heading, 2*math.Pi)) > 0.06 {
			t.Fatalf("spot %d: got heading %v, want %v", i, a.heading, dir)
		}
	}
	first, last := r.spots[0], r.spots[len(r.spots)-1]
	if math.Hypot(first.x-last.x, first.y-last.y) > 1e-6 || math.Abs(first.z-last.z) > 1e-6 {
		t.Errorf("end: got %v %v %v, want the start %v %v %v", last.x, last.y, last.z, first.x, first.y, first.z)
	}
	for _, s := range []float64{-1, 0, r.len, 3*r.len + 10} {
		p := r.at(s)
		if p.limit < 30 || math.IsNaN(p.x) {
			t.Errorf("at(%v): got %+v", s, p)
		}
	}
}

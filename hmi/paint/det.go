package paint

import "math"

// The functions here stand for those of package math wherever their result
// becomes a pixel: the compiler may fuse x*y+z on arm64 but not on amd64, also
// inside package math, and a last-bit difference would give frames of other
// bytes. An explicit conversion forbids the fusion (Go spec, "Floating-point
// operators"). math.Sqrt, Floor, Ceil and Abs are exact everywhere.

// mul is a product that is never fused with a sum.
func mul(a, b float64) float64 { return float64(a * b) }

// horner evaluates c[0] + c[1]x + c[2]x² + ...
func horner(x float64, c ...float64) float64 {
	s := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		s = mul(s, x) + c[i]
	}
	return s
}

// sincos is the sine and cosine of a (radians, any size that occurs in a
// picture), to about 1e-15.
func sincos(a float64) (sin, cos float64) {
	const hi, lo = 1.5707963267948966, 6.123233995736766e-17
	n := math.Floor(mul(a, 2/math.Pi) + 0.5)
	r := a - mul(n, hi) - mul(n, lo)
	z := mul(r, r)
	s := mul(r, horner(z, 1, -1.0/6, 1.0/120, -1.0/5040, 1.0/362880, -1.0/39916800, 1.0/6227020800))
	c := horner(z, 1, -1.0/2, 1.0/24, -1.0/720, 1.0/40320, -1.0/3628800, 1.0/479001600, -1.0/87178291200)
	switch int64(n) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// atan2 is the angle of the vector (x, y), to about 1e-14.
func atan2(y, x float64) float64 {
	ax, ay := math.Abs(x), math.Abs(y)
	if ax == 0 && ay == 0 {
		return 0
	}
	swap := ay > ax
	if swap {
		ax, ay = ay, ax
	}
	a := atan01(ay / ax)
	if swap {
		a = math.Pi/2 - a
	}
	if x < 0 {
		a = math.Pi - a
	}
	if y < 0 {
		a = -a
	}
	return a
}

// atan01 is the arc tangent for 0 <= t <= 1. Two half-angle steps bring t
// below 0.2, where the series is short.
func atan01(t float64) float64 {
	for range 2 {
		t = t / (1 + math.Sqrt(1+mul(t, t)))
	}
	z := mul(t, t)
	s := mul(t, horner(z, 1, -1.0/3, 1.0/5, -1.0/7, 1.0/9, -1.0/11, 1.0/13, -1.0/15, 1.0/17, -1.0/19))
	return 4 * s
}

// radians of an angle in degrees.
func radians(deg float64) float64 { return float64(mul(deg, math.Pi) / 180) }

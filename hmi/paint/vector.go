package paint

import "math"

// pathway is an outline as straight pieces, in pixels, before it is filled or
// stroked. Its memory is used again.
type pathway struct {
	pts  []point
	ends []int // where each closed part ends
}

type point struct{ x, y float64 }

func (w *pathway) reset()           { w.pts, w.ends = w.pts[:0], w.ends[:0] }
func (w *pathway) add(x, y float64) { w.pts = append(w.pts, point{x, y}) }
func (w *pathway) end()             { w.ends = append(w.ends, len(w.pts)) }
func (w *pathway) part(i int) []point {
	start := 0
	if i > 0 {
		start = w.ends[i-1]
	}
	return w.pts[start:w.ends[i]]
}

// turn adds chords around (cx, cy) from angle a by sweep, mathematically:
// counter-clockwise on the screen from 3 o'clock when positive.
func (w *pathway) turn(cx, cy, rad, a, sweep float64) {
	n := chords(rad, sweep)
	for i := 0; i <= n; i++ {
		s, c := sincos(a + mul(sweep, float64(i))/float64(n))
		w.add(cx+mul(rad, c), cy-mul(rad, s))
	}
}

func (w *pathway) fill(r *raster) {
	for i := range w.ends {
		for j, p := range w.part(i) {
			if j == 0 {
				r.moveTo(fix(p.x), fix(p.y))
			} else {
				r.lineTo(fix(p.x), fix(p.y))
			}
		}
		r.close()
	}
}

// stroke outlines every part with half width pen: one quad per piece and one
// triangle on the outer side of each joint (a bevel, as Fyne draws it), all of
// one direction, so that what overlaps counts once.
func (w *pathway) stroke(r *raster, pen float64) {
	for i := range w.ends {
		strokeClosed(r, w.part(i), pen)
	}
}

func strokeClosed(r *raster, pts []point, pen float64) {
	var last, first point // normals of the piece before, and of the first
	seen := false
	for i, a := range pts {
		b := pts[(i+1)%len(pts)]
		dx, dy := b.x-a.x, b.y-a.y
		n := math.Sqrt(mul(dx, dx) + mul(dy, dy))
		if n < 1e-6 {
			continue
		}
		nm := point{normal(-dy/n, pen), normal(dx/n, pen)}
		r.moveTo(fix(a.x+nm.x), fix(a.y+nm.y))
		r.lineTo(fix(a.x-nm.x), fix(a.y-nm.y))
		r.lineTo(fix(b.x-nm.x), fix(b.y-nm.y))
		r.lineTo(fix(b.x+nm.x), fix(b.y+nm.y))
		r.close()
		if seen {
			joint(r, a, last, nm)
		} else {
			first, seen = nm, true
		}
		last = nm
	}
	if seen && len(pts) > 0 {
		joint(r, pts[0], last, first)
	}
}

// joint closes the gap on the outer side where normals turn from a to b.
func joint(r *raster, p, a, b point) {
	cross := mul(a.x, b.y) - mul(a.y, b.x)
	if cross > 0 { // turns right: the gap is on the side of -normal
		r.moveTo(fix(p.x), fix(p.y))
		r.lineTo(fix(p.x-a.x), fix(p.y-a.y))
		r.lineTo(fix(p.x-b.x), fix(p.y-b.y))
	} else {
		r.moveTo(fix(p.x), fix(p.y))
		r.lineTo(fix(p.x+b.x), fix(p.y+b.y))
		r.lineTo(fix(p.x+a.x), fix(p.y+a.y))
	}
	r.close()
}

// polygon is the regular polygon of n sides, upright at angle 0.
func polygon(r *raster, cx, cy float64, s *shape, pen float64, stroke bool) {
	rad, round := float64(s.r[0]), float64(s.r[2])
	if s.n < 3 || rad <= 0 {
		return
	}
	if round >= rad {
		if stroke {
			ring(r, cx, cy, rad+pen, rad-pen)
		} else {
			ring(r, cx, cy, rad, 0)
		}
		return
	}
	w := &r.path
	w.reset()
	start, step := radians(float64(s.a))-math.Pi/2, 2*math.Pi/float64(s.n)
	for i := range int(s.n) {
		sin, cos := sincos(start + mul(step, float64(i)))
		if round <= 0 {
			w.add(cx+mul(rad, cos), cy+mul(rad, sin))
			continue
		}
		// The fillet's centre lies on the line from the centre to the vertex.
		half := math.Pi/2 - step/2 // half of the inner angle
		hs, _ := sincos(half)
		d := rad - round/hs
		at := start + mul(step, float64(i))
		w.turn(cx+mul(d, cos), cy+mul(d, sin), round, -(at - step/2), -step)
	}
	w.end()
	if stroke {
		w.stroke(r, pen)
	} else {
		w.fill(r)
	}
}

// arc is a ring segment or a slice of a pie, its corners rounded.
func arc(r *raster, cx, cy float64, s *shape, pen float64, stroke bool) {
	// Fyne rounds the angles to float32 on the way to radians.
	start := float64(float32(float32(-(s.a-90))*math.Pi) / 180)
	end := float64(float32(float32(-(s.b-90))*math.Pi) / 180)
	sweep := max(-2*math.Pi, min(2*math.Pi, end-start))
	if sweep == 0 {
		return
	}
	w := &r.path
	w.reset()
	arcPath(w, cx, cy, float64(s.r[0]), float64(s.r[1]), start, sweep, float64(s.r[2]))
	if stroke {
		w.stroke(r, pen)
	} else {
		w.fill(r)
	}
}

// arcPath follows the geometry of Fyne's painter, drawRoundArc.
func arcPath(w *pathway, cx, cy, outer, inner, start, sweep, round float64) {
	switch {
	case math.Abs(sweep) >= 2*math.Pi:
		w.turn(cx, cy, outer, 0, 2*math.Pi)
		w.end()
		if inner > 0 {
			w.turn(cx, cy, inner, 0, -2*math.Pi)
			w.end()
		}
	case round <= 0:
		w.turn(cx, cy, outer, start, sweep)
		if inner > 0 {
			w.turn(cx, cy, inner, start+sweep, -sweep)
		} else {
			w.add(cx, cy)
		}
		w.end()
	default:
		roundArc(w, cx, cy, outer, inner, start, sweep, round)
	}
}

// arcEnd is one end of a rounded arc: the radial side at angle at, whose
// rounding leaves the outer circle after trim and the inner after trimIn.
type arcEnd struct {
	cos, sin float64 // along the radius
	nx, ny   float64 // from the side into the arc
}

func newArcEnd(at, sign float64) arcEnd {
	s, c := sincos(at)
	return arcEnd{c, -s, mul(sign, -s), mul(sign, -c)}
}

// centre of a rounding of radius cr that touches the side at distance d.
func (e arcEnd) centre(cx, cy, d, cr float64) (x, y float64) {
	return cx + mul(d, e.cos) + mul(cr, e.nx), cy + mul(d, e.sin) + mul(cr, e.ny)
}

func roundArc(w *pathway, cx, cy, outer, inner, start, sweep, cr float64) {
	sign := 1.0
	if sweep < 0 {
		sign = -1
	}
	all := math.Abs(sweep)
	cr = min(cr, outer/2)
	sOut := math.Sqrt(max(0, mul(outer, outer-2*cr)))
	trim := max(0, min(atan2(cr, sOut), all/2-1e-6))
	crIn := min(cr, min(outer-inner, mul(all, inner))/2)
	sIn, trimIn := 0.0, 0.0
	if inner > 0 {
		sIn = math.Sqrt(max(0, mul(inner, inner+2*crIn)))
		trimIn = min(atan2(crIn, sIn), all/2-1e-6)
	}
	a, b := newArcEnd(start, sign), newArcEnd(start+sweep, -sign)
	on := func(r, ang float64) (x, y float64) {
		s, c := sincos(ang)
		return cx + mul(r, c), cy - mul(r, s)
	}
	// corner goes around a rounding from one point to another.
	corner := func(fx, fy, r, x0, y0, x1, y1 float64) {
		p := atan2(fy-y0, x0-fx)
		d := atan2(fy-y1, x1-fx) - p
		s, c := sincos(d)
		w.turn(fx, fy, r, p, atan2(s, c))
	}
	side := func(e arcEnd, d float64) (x, y float64) { return cx + mul(d, e.cos), cy + mul(d, e.sin) }

	w.turn(cx, cy, outer, start+mul(sign, trim), sweep-mul(sign, 2*trim))
	fx, fy := b.centre(cx, cy, sOut, cr)
	x0, y0 := on(outer, start+sweep-mul(sign, trim))
	x1, y1 := side(b, sOut)
	corner(fx, fy, cr, x0, y0, x1, y1)
	if inner > 0 {
		fx, fy = b.centre(cx, cy, sIn, crIn)
		x0, y0 = side(b, sIn)
		x1, y1 = on(inner, start+sweep-mul(sign, trimIn))
		corner(fx, fy, crIn, x0, y0, x1, y1)
		w.turn(cx, cy, inner, start+sweep-mul(sign, trimIn), -sweep+mul(sign, 2*trimIn))
		fx, fy = a.centre(cx, cy, sIn, crIn)
		x0, y0 = on(inner, start+mul(sign, trimIn))
		x1, y1 = side(a, sIn)
		corner(fx, fy, crIn, x0, y0, x1, y1)
	} else {
		w.add(cx, cy)
	}
	fx, fy = a.centre(cx, cy, sOut, cr)
	x0, y0 = side(a, sOut)
	x1, y1 = on(outer, start+mul(sign, trim))
	corner(fx, fy, cr, x0, y0, x1, y1)
	w.end()
}

package paint

import (
	"image"
	"image/color"
	"math"
)

// raster turns outlines into coverage by exact signed areas, in integers
// throughout. Coordinates are 24.8 fixed point. Each cell of acc holds the
// change of coverage at its pixel, so that the running sum along a row is the
// coverage; an edge adds to two cells per pixel that it crosses:
//
//	d    part of the row's height the edge spans in this pixel, signed
//	s    twice its mean distance from the pixel's left side, 0 to 512
//	acc[x] += d*(512-s)      acc[x+1] += d*s
//
// Overlapping outlines of one direction add up and are cut at full coverage,
// which is the non-zero rule but for anti-aliased edges that coincide.
type raster struct {
	w, h   int
	ox, oy int32 // origin, 24.8
	acc    []int32
	lo, hi []int32 // touched cells of each row; lo > hi: none

	sx, sy, px, py int32 // start of the outline and pen, 24.8, absolute
	open           bool
	stepped        bool // edges go as steppedEdge has it
	path           pathway
}

const (
	one      = 256     // one pixel, 24.8
	fullArea = 1 << 21 // coverage 1: 256*16 sub-rows times 512
	rowUnits = 16      // finer than 1/256 of a row, for flat edges
	maxCoord = 1 << 22 // 16384 px: what is further off is cut
	maxSteps = 1 << 10 // most pieces that one curve is cut into
)

// reset empties the raster for a picture of w times h pixels whose top left
// is at (x, y).
func (r *raster) reset(x, y, w, h int) {
	r.w, r.h = w, h
	r.ox, r.oy = int32(x)*one, int32(y)*one
	if n := (w + 2) * h; cap(r.acc) < n {
		r.acc = make([]int32, n)
	} else {
		r.acc = r.acc[:n] // the sweep leaves zeros behind
	}
	if cap(r.lo) < h {
		r.lo, r.hi = make([]int32, h), make([]int32, h)
	}
	r.lo, r.hi = r.lo[:h], r.hi[:h]
	for i := range r.lo {
		r.lo[i], r.hi[i] = math.MaxInt32, -1
	}
	r.open, r.stepped = false, false
}

// fix takes pixels to 24.8, cut down to a 64th of a pixel: the grid on which
// Fyne's rasteriser has its points. The little more keeps sums that should be
// whole from falling below.
func fix(v float64) int32 {
	f := math.Floor(mul(v+1e-7, 64))
	return int32(max(-maxCoord/4, min(maxCoord/4, f))) * 4
}

func (r *raster) moveTo(x, y int32) {
	r.close()
	r.sx, r.sy, r.px, r.py, r.open = x, y, x, y, true
}

func (r *raster) lineTo(x, y int32) {
	r.edge(r.px-r.ox, r.py-r.oy, x-r.ox, y-r.oy)
	r.px, r.py = x, y
}

func (r *raster) close() {
	if r.open && (r.px != r.sx || r.py != r.sy) {
		r.lineTo(r.sx, r.sy)
	}
	r.open = false
}

// quadTo and cubeTo cut the curve into chords, all in integers. The number of
// chords and the rounding of their ends, down to a 64th of a pixel, are those
// of rasterx, with which Fyne draws; finer chords would be heavier than Fyne's.
func (r *raster) quadTo(x1, y1, x2, y2 int32) {
	x0, y0 := int64(r.px), int64(r.py)
	n := steps(x0-2*int64(x1)+int64(x2), y0-2*int64(y1)+int64(y2))
	for i := int64(1); i < n; i++ {
		a, b, c := (n-i)*(n-i), 2*i*(n-i), i*i
		r.lineTo(grid(a*x0+b*int64(x1)+c*int64(x2), n*n), grid(a*y0+b*int64(y1)+c*int64(y2), n*n))
	}
	r.lineTo(x2, y2)
}

func (r *raster) cubeTo(x1, y1, x2, y2, x3, y3 int32) {
	x0, y0 := int64(r.px), int64(r.py)
	n := max(steps(x0-2*int64(x1)+int64(x3), y0-2*int64(y1)+int64(y3)),
		steps(x0-2*int64(x2)+int64(x3), y0-2*int64(y2)+int64(y3)))
	for i := int64(1); i < n; i++ {
		j := n - i
		a, b, c, d := j*j*j, 3*i*j*j, 3*i*i*j, i*i*i
		r.lineTo(
			grid(a*x0+b*int64(x1)+c*int64(x2)+d*int64(x3), n*n*n),
			grid(a*y0+b*int64(y1)+c*int64(y2)+d*int64(y3), n*n*n))
	}
	r.lineTo(x3, y3)
}

// steps is the number of chords for a curve whose second difference is
// (dx, dy), in 24.8.
func steps(dx, dy int64) int64 {
	dx, dy = dx/4, dy/4
	n := 1 + int64(math.Sqrt(math.Sqrt(float64(3*(dx*dx+dy*dy)))))
	return min(maxSteps, n)
}

// grid is a/b rounded down to a 64th of a pixel.
func grid(a, b int64) int32 {
	b *= 4
	q := a / b
	if a%b < 0 {
		q--
	}
	return int32(q * 4)
}

// arc adds chords around (cx, cy), in pixels, from angle a by sweep (radians,
// clockwise from 12 o'clock when positive), beginning with a line to its start.
func (r *raster) arc(cx, cy, rad, a, sweep float64) {
	if rad <= 0 {
		r.lineTo(fix(cx), fix(cy))
		return
	}
	n := chords(rad, sweep)
	for i := 0; i <= n; i++ {
		s, c := sincos(a + mul(sweep, float64(i))/float64(n))
		r.lineTo(fix(cx+mul(rad, s)), fix(cy-mul(rad, c)))
	}
}

// chords for an arc: 1/300 px between chord and circle.
func chords(rad, sweep float64) int {
	step := math.Sqrt(0.025 / max(rad, 0.5))
	return max(1, min(maxSteps, int(math.Ceil(math.Abs(sweep)/step))))
}

// edge adds a line, relative to the origin.
func (r *raster) edge(x0, y0, x1, y1 int32) {
	if y0 == y1 {
		return
	}
	dir := int32(rowUnits)
	if y0 > y1 {
		x0, y0, x1, y1, dir = x1, y1, x0, y0, -dir
	}
	bottom := int32(r.h) * one
	if y1 <= 0 || y0 >= bottom {
		return
	}
	if r.stepped {
		r.steppedEdge(x0, y0, x1, y1, dir)
		return
	}
	dx, dy := int64(x1)-int64(x0), int64(y1)-int64(y0)
	y, yStop := max(y0, 0), min(y1, bottom)
	x := x0 + int32(dx*int64(y-y0)/dy)
	for y < yStop {
		row := y >> 8
		ny := min((row+1)<<8, yStop)
		nx := x1
		if ny < y1 {
			nx = x0 + int32(dx*int64(ny-y0)/dy)
		}
		r.rowEdge(int(row), x, nx, dir*(ny-y))
		x, y = nx, ny
	}
}

// steppedEdge is edge with the arithmetic that x/image/vector has for pictures
// of up to 512 pixels: what x moves by in a row is cut to 1/512 px, so that a
// long slanting edge ends a tenth of a pixel beside its end. Fyne strokes its
// lines so, and a thin line is all edge. y0 is above y1.
func (r *raster) steppedEdge(x0, y0, x1, y1, dir int32) {
	dx, dy := int64(x1)-int64(x0), int64(y1)-int64(y0)
	x, bottom := 2*int64(x0), int32(r.h)*one
	for y := y0; y < min(y1, bottom); {
		ny := min((y>>8+1)<<8, y1)
		nx := x + int64(ny-y)*2*dx/dy
		if y >= 0 {
			r.rowEdge(int(y>>8), int32(x>>1), int32(nx>>1), dir*(ny-y))
		}
		x, y = nx, ny
	}
}

// rowEdge adds the part of an edge within one row; d is its signed height.
func (r *raster) rowEdge(row int, xa, xb, d int32) {
	if xa > xb {
		xa, xb = xb, xa
	}
	right := int32(r.w) * one
	if xa >= right {
		return
	}
	cells := r.acc[row*(r.w+2) : (row+1)*(r.w+2)]
	if xb <= 0 {
		cells[0] += d * 512
		r.touch(row, 0, 0)
		return
	}
	if xa < 0 {
		out := int32(int64(d) * int64(-xa) / int64(xb-xa))
		cells[0] += out * 512
		r.touch(row, 0, 0)
		d, xa = d-out, 0
	}
	if xb > right {
		d -= int32(int64(d) * int64(xb-right) / int64(xb-xa))
		xb = right
	}
	c, last := xa>>8, max(xa, xb-1)>>8
	r.touch(row, c, last+1)
	if c == last {
		s := xa + xb - c*512
		cells[c] += d * (512 - s)
		cells[c+1] += d * s
		return
	}
	done, w := int32(0), int64(xb-xa)
	for x := xa; c <= last; c++ {
		nx := min((c+1)<<8, xb)
		upTo := int32(int64(d) * int64(nx-xa) / w)
		s := x + nx - c*512
		cells[c] += (upTo - done) * (512 - s)
		cells[c+1] += (upTo - done) * s
		done, x = upTo, nx
	}
}

func (r *raster) touch(row int, lo, hi int32) {
	r.lo[row] = min(r.lo[row], lo)
	r.hi[row] = max(r.hi[row], hi)
}

// coverage of a running sum, 0 to 255.
func coverage(a int32) uint32 {
	if a < 0 {
		a = -a
	}
	return (uint32(min(a, fullArea))*255 + fullArea/2) >> 21
}

// paint sweeps the raster onto the surface, moved by at, in one colour with
// coverage times gain, and empties it.
func (r *raster) paint(s *surface, at image.Point, c color.NRGBA, gain uint32) {
	r.close()
	x0, y0 := int(r.ox/one)+at.X, int(r.oy/one)+at.Y
	r.sweep(gain, func(y, x, end int, cov uint32) {
		s.span(y0+y, x0+x, x0+end, c, cov)
	})
}

// mask sweeps the raster into a coverage mask and empties it.
func (r *raster) mask(gain uint32) *mask {
	r.close()
	m := &mask{w: r.w, h: r.h, x: int(r.ox / one), y: int(r.oy / one), pix: make([]uint8, r.w*r.h)}
	r.sweep(gain, func(y, x, end int, cov uint32) {
		row := m.pix[y*m.w+x : y*m.w+end]
		for i := range row {
			row[i] = uint8(cov)
		}
	})
	m.solid = solidRuns(m.pix, m.w, m.h, 1, 0)
	return m
}

// sweep calls emit for each run of one coverage above zero, left to right.
func (r *raster) sweep(gain uint32, emit func(y, x, end int, cov uint32)) {
	for y := range r.h {
		lo, hi := int(r.lo[y]), int(r.hi[y])
		if hi < 0 {
			continue
		}
		cells := r.acc[y*(r.w+2) : (y+1)*(r.w+2)]
		sum := int32(0)
		for x := lo; x <= hi; {
			sum += cells[x]
			cells[x] = 0
			end := x + 1
			for end <= hi && cells[end] == 0 {
				end++
			}
			if end > hi {
				end = r.w
			}
			if cov := min(255, coverage(sum)*gain); cov != 0 && x < r.w {
				emit(y, x, min(end, r.w), cov)
			}
			x = end
			if end >= r.w {
				clear(cells[min(x, hi+1) : hi+1])
				break
			}
		}
	}
}

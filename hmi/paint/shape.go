package paint

import (
	"image"
	"image/color"
	"math"
)

// shape is the geometry of a vector item as Fyne's painter understands it:
// everything is rounded to whole pixels before it is drawn, and the picture of
// w times h pixels has its top left at at.
type shape struct {
	at   image.Point
	w, h int32      // picture, with the room that the stroke needs
	box  [4]int32   // Rectangle: sides left, top, right, bottom; Line: both ends, 24.8
	r    [4]float32 // Rectangle: radii top left, top right, bottom right, bottom left; others: outer, inner, corner
	pen  int32      // stroke width, 0: none
	a, b float32    // Arc: start and end in degrees; Polygon: angle
	n    int32      // Polygon: sides
}

// shapeKey is a shape without its place, plus which part of it.
type shapeKey struct {
	kind   Kind
	stroke bool
	s      shape
}

// covers tells whether a filled rectangle hides all of r.
func (s *shape) covers(r image.Rectangle) bool {
	x0, y0 := s.at.X+int(s.box[0]), s.at.Y+int(s.box[1])
	x1, y1 := s.at.X+int(s.box[2]), s.at.Y+int(s.box[3])
	if s.r == [4]float32{} {
		return r.In(image.Rect(x0, y0, x1, y1))
	}
	most := int(max(s.r[0], s.r[1], s.r[2], s.r[3]) + 1)
	in := most*3/10 + 1 // 1-1/sqrt(2): the square inside the circle
	return r.In(image.Rect(x0+most, y0, x1-most, y1)) || r.In(image.Rect(x0, y0+most, x1, y1-most)) ||
		r.In(image.Rect(x0+in, y0+in, x1-in, y1-in))
}

// paintShape draws a vector item onto the surface.
func (p *Painter) paintShape(s *surface, it *Item) {
	sh := &it.shape
	if it.Kind == Rectangle && sh.pen == 0 && sh.r == [4]float32{} {
		s.fill(image.Rect(int(sh.box[0]), int(sh.box[1]), int(sh.box[2]), int(sh.box[3])).Add(sh.at), it.Fill)
		return
	}
	if it.Fill.A != 0 && it.Kind != Line {
		p.paintPart(s, it, false, it.Fill)
	}
	if sh.pen > 0 && it.Stroke.A != 0 {
		p.paintPart(s, it, true, it.Stroke)
	}
}

const maxMask = 256 * 256 // pixels; larger shapes are filled anew each time

func (p *Painter) paintPart(s *surface, it *Item, stroke bool, c color.NRGBA) {
	sh := it.shape
	if it.Kind == Rectangle {
		p.paintRound(s, sh, stroke, c)
		return
	}
	if it.Kind == Arc || sh.w*sh.h > maxMask {
		p.fillDirect(s, it.Kind, sh, stroke, c)
		return
	}
	s.mask(p.shapeMask(it.Kind, sh, stroke), sh.at, c)
}

// fillDirect fills the part of a shape that is inside the clip.
func (p *Painter) fillDirect(s *surface, kind Kind, sh shape, stroke bool, c color.NRGBA) {
	r := image.Rect(0, 0, int(sh.w), int(sh.h)).Add(sh.at).Intersect(s.clip)
	if r.Empty() {
		return
	}
	at := sh.at
	sh.at = image.Point{}
	p.raster.reset(r.Min.X-at.X, r.Min.Y-at.Y, r.Dx(), r.Dy())
	gain := outline(&p.raster, kind, &sh, stroke)
	p.raster.paint(s, at, c, gain)
}

func (p *Painter) shapeMask(kind Kind, sh shape, stroke bool) *mask {
	sh.at = image.Point{}
	k := shapeKey{kind, stroke, sh}
	if m := p.cache.shapes[k]; m != nil {
		m.used = p.tick
		return m
	}
	p.raster.reset(0, 0, int(sh.w), int(sh.h))
	m := p.raster.mask(outline(&p.raster, kind, &sh, stroke))
	p.cache.addShape(k, m, p.tick)
	return m
}

// paintRound draws a rectangle with round corners or a stroke from a mask of
// its smallest form, whose middle row and column stand for all between:
//
//	corner  edge  corner
//	edge    mid   edge
//	corner  edge  corner
func (p *Painter) paintRound(s *surface, sh shape, stroke bool, c color.NRGBA) {
	reach := sh.pen + 2
	l, rt := sh.box[0]+up(sh.r[0], sh.r[3])+reach, sh.w-sh.box[2]+up(sh.r[1], sh.r[2])+reach
	t, b := sh.box[1]+up(sh.r[0], sh.r[1])+reach, sh.h-sh.box[3]+up(sh.r[2], sh.r[3])+reach
	small := sh
	if cut := sh.w - (l + 1 + rt); cut > 0 {
		small.w, small.box[2] = sh.w-cut, sh.box[2]-cut
	}
	if cut := sh.h - (t + 1 + b); cut > 0 {
		small.h, small.box[3] = sh.h-cut, sh.box[3]-cut
	}
	m := p.shapeMask(Rectangle, small, stroke)
	cutX, cutY := int(sh.w-small.w), int(sh.h-small.h)
	x0, x1 := sh.at.X, sh.at.X+int(sh.w)
	for y := max(sh.at.Y, s.clip.Min.Y); y < min(sh.at.Y+int(sh.h), s.clip.Max.Y); y++ {
		my := y - sh.at.Y
		if my > int(t) {
			my = max(int(t), my-cutY)
		}
		if cutX <= 0 {
			s.maskRow(m, y, my, max(x0, s.clip.Min.X), min(x1, s.clip.Max.X), x0, c)
			continue
		}
		a, e := x0+int(l), x0+int(l)+cutX+1 // the middle column, stretched
		s.maskRow(m, y, my, max(x0, s.clip.Min.X), min(a, s.clip.Max.X), x0, c)
		if cov := uint32(m.pix[my*m.w+int(l)]); cov != 0 {
			s.span(y, a, e, c, cov)
		}
		s.maskRow(m, y, my, max(e, s.clip.Min.X), min(x1, s.clip.Max.X), x0+cutX, c)
	}
}

// up is the larger of two radii, in whole pixels.
func up(a, b float32) int32 { return int32(math.Ceil(float64(max(a, b)))) }

// outline draws the shape's fill or stroke into the raster, and tells how often
// coverage counts: Fyne's line is stroked there and back.
func outline(r *raster, kind Kind, s *shape, stroke bool) (gain uint32) {
	cx, cy := float64(s.w/2), float64(s.h/2) // Fyne halves whole numbers here, see the parity test
	pen := float64(s.pen) / 2
	switch kind {
	case Rectangle:
		roundRect(r, s, pen, stroke)
	case Circle:
		rad := float64(s.r[0])
		if stroke {
			ring(r, cx, cy, rad+pen, rad-pen)
		} else {
			ring(r, cx, cy, rad, 0)
		}
	case Line:
		strokeLine(r, s, pen)
		return 2
	case Polygon:
		polygon(r, cx, cy, s, pen, stroke)
	case Arc:
		arc(r, float64(s.w)/2, float64(s.h)/2, s, pen, stroke)
	}
	return 1
}

// ring is a disc with a hole, or without one if inner is 0 or less.
func ring(r *raster, cx, cy, outer, inner float64) {
	r.moveTo(fix(cx), fix(cy-outer))
	r.arc(cx, cy, outer, 0, 2*math.Pi)
	if inner > 0 {
		r.moveTo(fix(cx), fix(cy-inner))
		r.arc(cx, cy, inner, 0, -2*math.Pi)
	}
	r.close()
}

// roundRect is the rectangle or its outline. Fyne bevels the outer corners of
// a stroke without radius.
func roundRect(r *raster, s *shape, pen float64, stroke bool) {
	b := [4]float64{float64(s.box[0]), float64(s.box[1]), float64(s.box[2]), float64(s.box[3])}
	var rad [4]float64
	for i := range rad {
		rad[i] = float64(s.r[i])
	}
	if !stroke {
		corners(r, b, rad, 0, false)
		return
	}
	corners(r, b, rad, pen, false)
	inner := b
	inner[0], inner[1], inner[2], inner[3] = b[0]+pen, b[1]+pen, b[2]-pen, b[3]-pen
	if inner[0] < inner[2] && inner[1] < inner[3] {
		for i := range rad {
			rad[i] = max(0, rad[i]-pen)
		}
		corners(r, inner, rad, 0, true)
	}
}

// corners goes around a rectangle grown by grow, clockwise or back.
func corners(r *raster, b [4]float64, rad [4]float64, grow float64, back bool) {
	cx := [4]float64{b[0] + rad[0], b[2] - rad[1], b[2] - rad[2], b[0] + rad[3]}
	cy := [4]float64{b[1] + rad[0], b[1] + rad[1], b[3] - rad[2], b[3] - rad[3]}
	for k := range 4 {
		i, sweep := k, math.Pi/2
		start := -math.Pi/2 + mul(float64(k), math.Pi/2)
		if back {
			i = 3 - k
			start, sweep = mul(float64(i), math.Pi/2), -math.Pi/2
		}
		q := rad[i] + grow
		if k == 0 {
			sin, cos := sincos(start)
			r.moveTo(fix(cx[i]+mul(q, sin)), fix(cy[i]-mul(q, cos)))
		}
		if rad[i] == 0 && grow > 0 { // bevel
			for _, a := range [2]float64{start, start + sweep} {
				sin, cos := sincos(a)
				r.lineTo(fix(cx[i]+mul(q, sin)), fix(cy[i]-mul(q, cos)))
			}
			continue
		}
		r.arc(cx[i], cy[i], q, start, sweep)
	}
	r.close()
}

// normal is d*pen cut to 64ths of a pixel, as rasterx has it.
func normal(d, pen float64) float64 { return math.Trunc(mul(mul(d, pen), 64)) / 64 }

// strokeLine is a line with flat ends.
func strokeLine(r *raster, s *shape, pen float64) {
	x0, y0 := float64(s.box[0])/one, float64(s.box[1])/one
	x1, y1 := float64(s.box[2])/one, float64(s.box[3])/one
	dx, dy := x1-x0, y1-y0
	n := math.Sqrt(mul(dx, dx) + mul(dy, dy))
	if n == 0 {
		dx, n = 1, 1
	}
	nx, ny := normal(-dy/n, pen), normal(dx/n, pen)
	r.stepped = max(math.Abs(dx), math.Abs(dy)) <= 512
	r.moveTo(fix(x0+nx), fix(y0+ny))
	r.lineTo(fix(x1+nx), fix(y1+ny))
	r.lineTo(fix(x1-nx), fix(y1-ny))
	r.lineTo(fix(x0-nx), fix(y0-ny))
	r.close()
}

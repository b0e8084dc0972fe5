package paint

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
)

const (
	maxDamage = 16   // rectangles; more are merged
	slack     = 2048 // pixels that a merge may add, besides a quarter of its area
)

// region is a set of pixels as rectangles that do not overlap.
type region struct {
	bounds image.Rectangle
	rects  []image.Rectangle
	todo   []image.Rectangle
}

func (g *region) reset(bounds image.Rectangle) { g.bounds, g.rects = bounds, g.rects[:0] }

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }

// add takes r into the region. It is joined with rectangles where that costs
// little, and what then still overlaps others is cut off.
func (g *region) add(r image.Rectangle) {
	r = r.Intersect(g.bounds)
	if r.Empty() {
		return
	}
	for i := 0; i < len(g.rects); i++ {
		e := g.rects[i]
		if r.In(e) {
			return
		}
		u := e.Union(r)
		if waste := area(u) - area(e) - area(r); waste <= slack || waste <= area(u)/4 {
			g.drop(i)
			r, i = u, -1 // one less: this ends
		}
	}
	g.insert(r)
	for len(g.rects) > maxDamage {
		g.joinCheapest()
	}
}

// insert adds the parts of r that are in no rectangle yet.
func (g *region) insert(r image.Rectangle) {
	g.todo = append(g.todo[:0], r)
	have := len(g.rects)
next:
	for len(g.todo) > 0 {
		r := g.todo[len(g.todo)-1]
		g.todo = g.todo[:len(g.todo)-1]
		for _, e := range g.rects[:have] {
			if e.Overlaps(r) {
				g.cut(r, e)
				continue next
			}
		}
		g.rects = append(g.rects, r)
	}
}

// cut leaves the parts of r outside of e to be inserted.
func (g *region) cut(r, e image.Rectangle) {
	if e.Min.Y > r.Min.Y {
		g.todo = append(g.todo, image.Rect(r.Min.X, r.Min.Y, r.Max.X, e.Min.Y))
	}
	if e.Max.Y < r.Max.Y {
		g.todo = append(g.todo, image.Rect(r.Min.X, e.Max.Y, r.Max.X, r.Max.Y))
	}
	y0, y1 := max(r.Min.Y, e.Min.Y), min(r.Max.Y, e.Max.Y)
	if e.Min.X > r.Min.X {
		g.todo = append(g.todo, image.Rect(r.Min.X, y0, e.Min.X, y1))
	}
	if e.Max.X < r.Max.X {
		g.todo = append(g.todo, image.Rect(e.Max.X, y0, r.Max.X, y1))
	}
}

func (g *region) drop(i int) {
	g.rects[i] = g.rects[len(g.rects)-1]
	g.rects = g.rects[:len(g.rects)-1]
}

// joinCheapest joins the two rectangles whose union adds the fewest pixels,
// and swallows whatever the union touches.
func (g *region) joinCheapest() {
	bi, bj, best := 0, 1, math.MaxInt
	for i := range g.rects {
		for j := i + 1; j < len(g.rects); j++ {
			u := g.rects[i].Union(g.rects[j])
			if w := area(u) - area(g.rects[i]) - area(g.rects[j]); w < best {
				bi, bj, best = i, j, w
			}
		}
	}
	u := g.rects[bi].Union(g.rects[bj])
	g.drop(bj)
	g.drop(bi)
	for i := 0; i < len(g.rects); {
		if g.rects[i].Overlaps(u) {
			u = u.Union(g.rects[i])
			g.drop(i)
			i = 0
			continue
		}
		i++
	}
	g.rects = append(g.rects, u)
}

// diff compares the display list with the last one and collects what changed.
func (p *Painter) diff() {
	cur, old := p.cur, p.old
	lo := 0
	for lo < len(cur) && lo < len(old) && cur[lo].Object == old[lo].Object {
		p.compare(&cur[lo], &old[lo])
		lo++
	}
	n := 0
	for n < len(cur)-lo && n < len(old)-lo && cur[len(cur)-1-n].Object == old[len(old)-1-n].Object {
		p.compare(&cur[len(cur)-1-n], &old[len(old)-1-n])
		n++
	}
	cur, old = cur[lo:len(cur)-n], old[lo:len(old)-n]
	if len(cur) == 0 || len(old) == 0 {
		p.addAll(cur)
		p.addAll(old)
		return
	}
	p.match(cur, old)
}

func (p *Painter) addAll(items []Item) {
	for i := range items {
		p.damage.add(items[i].Visible())
	}
}

// match compares lists in which objects came, went or changed places. What
// changed its place among the others counts as changed.
func (p *Painter) match(cur, old []Item) {
	clear(p.index)
	for i := range old {
		p.index[old[i].Object] = i
	}
	last := -1
	for i := range cur {
		j, ok := p.index[cur[i].Object]
		switch {
		case !ok:
			p.damage.add(cur[i].Visible())
			continue
		case j < last:
			p.damage.add(cur[i].Visible())
			p.damage.add(old[j].Visible())
		default:
			p.compare(&cur[i], &old[j])
			last = j
		}
		delete(p.index, cur[i].Object)
	}
	for _, j := range p.index {
		p.damage.add(old[j].Visible())
	}
	clear(p.index)
}

// compare adds what changed between two states of one object.
func (p *Painter) compare(a, b *Item) {
	if *a == *b {
		if p.dirty[a.Object] {
			p.damage.add(a.Visible())
		}
		return
	}
	if a.Kind == Image || a.Kind == Raster || a.Kind == Captured {
		if a.shape != b.shape || a.mode != b.mode || a.fillm != b.fillm || a.fade != b.fade {
			p.cache.forget(a.Object)
		}
	}
	if a.Kind == Arc && p.wedge(a, b) {
		return
	}
	p.damage.add(a.Visible())
	p.damage.add(b.Visible())
}

// wedge adds the part of an arc between its old and new ends, if nothing else
// changed: a gauge that moves by a degree repaints a few pixels of its ring.
func (p *Painter) wedge(a, b *Item) bool {
	x, y := *a, *b
	x.shape.a, x.shape.b, x.shape.r[2] = 0, 0, 0
	y.shape.a, y.shape.b, y.shape.r[2] = 0, 0, 0
	if x != y || p.dirty[a.Object] {
		return false
	}
	s, t := &a.shape, &b.shape
	round := max(s.r[2], t.r[2])
	if s.r[1] < 2*round+4 || s.r[1] < 8 { // a slice: its tip may change, too
		return false
	}
	if math.Abs(float64(s.b-s.a)) > 300 || math.Abs(float64(t.b-t.a)) > 300 {
		if s.r[2] != t.r[2] {
			return false
		}
	}
	margin := float64(round+float32(max(s.pen, 2))) / float64(s.r[1]) * 90 // degrees: 90 > 180/pi
	if s.r[2] != t.r[2] {                                                  // both ends changed their form
		p.sector(a, float64(s.a), float64(s.a)+2*margin, margin)
		p.sector(a, float64(s.a), float64(s.a)-2*margin, margin)
	}
	if s.a != t.a {
		p.sector(a, float64(s.a), float64(t.a), margin)
	}
	p.sector(a, float64(s.b), float64(t.b), margin)
	return true
}

// sector adds the boxes around a ring between two angles (degrees, clockwise
// from 12 o'clock), in pieces of up to 30 degrees.
func (p *Painter) sector(it *Item, from, to, margin float64) {
	if from > to {
		from, to = to, from
	}
	from, to = from-margin, to+margin
	to = min(to, from+360)
	s := &it.shape
	cx, cy := float64(s.w)/2, float64(s.h)/2
	outer, inner := float64(s.r[0])+float64(s.pen)/2+1, float64(s.r[1])-float64(s.pen)/2-1
	n := max(1, math.Ceil((to-from)/30))
	for i := range int(n) {
		a0, a1 := from+mul(to-from, float64(i))/n, from+mul(to-from, float64(i+1))/n
		x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
		for k := range 9 {
			sin, cos := sincos(radians(a0 + mul(a1-a0, float64(k))/8))
			for _, r := range [2]float64{outer, inner} {
				x, y := cx+mul(r, sin), cy-mul(r, cos)
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
			}
		}
		bulge := mul(outer, (a1-a0)*(a1-a0)) * 5e-7 * 4 // between the sampled points
		r := image.Rect(int(math.Floor(x0-bulge))-1, int(math.Floor(y0-bulge))-1, int(math.Ceil(x1+bulge))+1, int(math.Ceil(y1+bulge))+1)
		p.damage.add(r.Add(s.at).Intersect(it.Visible()))
	}
}

// Refresh notes that what o shows may have changed without its geometry: the
// pixels of an image or raster. It is what canvas.Refresh comes down to.
func (p *Painter) Refresh(o fyne.CanvasObject) {
	if o == nil {
		return
	}
	p.cache.forget(o)
	p.dirty[o] = true
}

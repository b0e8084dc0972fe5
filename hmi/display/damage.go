package display

import "image"

// maxRects bounds a Damage: past it, the pair that wastes least becomes one.
const maxRects = 32

// Damage is a set of areas that changed: at most 32 rectangles that do not
// overlap. The zero value is empty. It allocates nothing, and is not safe for
// use by several goroutines.
type Damage struct {
	rects [maxRects]image.Rectangle
	n     int
}

// Add puts r into the set. What is already in it is not added again.
func (d *Damage) Add(r image.Rectangle) {
	if r.Empty() {
		return
	}
	for i := 0; i < d.n; {
		switch e := d.rects[i]; {
		case r.In(e):
			return
		case e.In(r):
			d.remove(i)
		default:
			i++
		}
	}
	for i := 0; i < d.n; i++ {
		if !d.rects[i].Overlaps(r) {
			continue
		}
		var parts [4]image.Rectangle
		for _, p := range parts[:Subtract(r, d.rects[i], &parts)] {
			d.Add(p)
		}
		return
	}
	if d.n == maxRects {
		d.merge()
		d.Add(r)
		return
	}
	d.rects[d.n] = r
	d.n++
}

// Rects returns the set; it is valid until the next Add or Clear.
func (d *Damage) Rects() []image.Rectangle { return d.rects[:d.n] }

// Clear empties the set.
func (d *Damage) Clear() { d.n = 0 }

// Empty reports whether nothing is in the set.
func (d *Damage) Empty() bool { return d.n == 0 }

// Pixels is the area of the set.
func (d *Damage) Pixels() int {
	n := 0
	for _, r := range d.Rects() {
		n += area(r)
	}
	return n
}

func (d *Damage) remove(i int) {
	d.n--
	d.rects[i] = d.rects[d.n]
}

// merge joins the two rectangles whose union adds least, and all that the
// union touches, so that the set stays free of overlap and gets smaller.
func (d *Damage) merge() {
	bi, bj, best := 0, 1, -1
	for i := 0; i < d.n; i++ {
		for j := i + 1; j < d.n; j++ {
			a, b := d.rects[i], d.rects[j]
			if w := area(a.Union(b)) - area(a) - area(b); best < 0 || w < best {
				bi, bj, best = i, j, w
			}
		}
	}
	u := d.rects[bi].Union(d.rects[bj])
	d.remove(bj) // the higher one first: remove moves the last one down
	d.remove(bi)
	for i := 0; i < d.n; {
		if !d.rects[i].Overlaps(u) {
			i++
			continue
		}
		u = u.Union(d.rects[i])
		d.remove(i)
		i = 0
	}
	d.rects[d.n] = u
	d.n++
}

// Subtract puts what is left of r without x into out and says how many
// rectangles that is: none when x covers r, at most four.
func Subtract(r, x image.Rectangle, out *[4]image.Rectangle) int {
	x = x.Intersect(r)
	if x.Empty() {
		out[0] = r
		return 1
	}
	n := 0
	put := func(p image.Rectangle) {
		if !p.Empty() {
			out[n] = p
			n++
		}
	}
	put(image.Rect(r.Min.X, r.Min.Y, r.Max.X, x.Min.Y))
	put(image.Rect(r.Min.X, x.Min.Y, x.Min.X, x.Max.Y))
	put(image.Rect(x.Max.X, x.Min.Y, r.Max.X, x.Max.Y))
	put(image.Rect(r.Min.X, x.Max.Y, r.Max.X, r.Max.Y))
	return n
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }

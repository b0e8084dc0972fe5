// Package paint draws Fyne object trees into one BGRX buffer and touches only
// the pixels that changed. It uses Fyne's public API alone and knows nothing
// of windows, input or time.
//
// A frame goes through four steps:
//
//	walk    the object trees, flat: one Item per canvas primitive
//	diff    against the last list: rectangles of damage that do not overlap
//	paint   each damaged rectangle, from the topmost opaque item upward
//	cache   what is costly (glyphs, corners, pictures) is drawn once
//
// What Fyne's own software painter shows is the measure: the parity test
// compares every primitive with it. All arithmetic that ends in a pixel is
// integer or free of fused multiply-add, so that frames are the same bytes on
// every architecture.
//
// A Painter belongs to one goroutine.
package paint

import (
	"image"
	"log/slog"

	"fyne.io/fyne/v2"
)

// Config says how to paint. Size is needed.
type Config struct {
	Size       image.Point  // pixels
	Scale      float32      // pixels per Fyne unit; 0: 1
	CacheBytes int          // most memory for glyphs, shapes and pictures; 0: 24 MB
	Logger     *slog.Logger // nil: silent
}

// Painter keeps the picture of one canvas up to date.
type Painter struct {
	size   image.Point
	scale  float32
	pix    []byte
	cur    []Item
	old    []Item
	damage region
	dirty  map[fyne.CanvasObject]bool
	index  map[fyne.CanvasObject]int
	cache  *cache
	book   *fontBook
	text   *typesetter
	raster raster
	tick   uint64
	whole  bool // the next frame repaints everything

	listing bool // between the first Tree and Paint
}

// New makes a painter for a picture of the given size.
func New(c Config) *Painter {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Scale <= 0 {
		c.Scale = 1
	}
	if c.CacheBytes <= 0 {
		c.CacheBytes = 24 << 20
	}
	book := newFontBook(c.Logger)
	p := &Painter{
		scale: c.Scale, book: book, text: newTypesetter(book), cache: newCache(c.CacheBytes),
		dirty: map[fyne.CanvasObject]bool{}, index: map[fyne.CanvasObject]int{},
	}
	p.Resize(c.Size)
	return p
}

// Resize changes the size of the picture; the next frame is painted whole.
func (p *Painter) Resize(size image.Point) {
	p.size = image.Pt(max(0, size.X), max(0, size.Y))
	p.pix = make([]byte, p.size.X*p.size.Y*4)
	fillRun(p.pix, 0xff000000)
	p.whole = true
}

// Size is the size of the picture in pixels, Scale the pixels per Fyne unit.
func (p *Painter) Size() image.Point { return p.size }

// Scale is the number of pixels per Fyne unit.
func (p *Painter) Scale() float32 { return p.scale }

// Pix is the picture: BGRX, rows top to bottom, Stride bytes apart. It belongs
// to the painter and changes with the next Paint.
func (p *Painter) Pix() []byte { return p.pix }

// Stride is the number of bytes from one row to the next.
func (p *Painter) Stride() int { return p.size.X * 4 }

// Invalidate makes the next frame repaint everything.
func (p *Painter) Invalidate() { p.whole = true }

// Items is the display list of the last frame, bottom to top. It is valid
// until the next one.
func (p *Painter) Items() []Item { return p.cur }

// CacheBytes is the memory that the caches hold now.
func (p *Painter) CacheBytes() int { return p.cache.bytes }

// Frame brings the picture up to date with the object trees, bottom to top,
// and returns what changed: at most 16 rectangles that do not overlap, none
// if nothing did. The slice is valid until the next frame.
func (p *Painter) Frame(trees ...fyne.CanvasObject) []image.Rectangle {
	p.begin()
	for _, t := range trees {
		p.Tree(t, fyne.Position{})
	}
	return p.Paint()
}

// Tree adds an object tree, moved by off, to the list that the next Paint
// shows. Frame is Tree for each tree, and Paint.
func (p *Painter) Tree(root fyne.CanvasObject, off fyne.Position) {
	if !p.listing {
		p.begin()
	}
	p.walk(root, off, image.Rectangle{Max: p.size}, nil)
}

// Paint ends the list and paints what changed. See Frame.
func (p *Painter) Paint() []image.Rectangle {
	if !p.listing {
		p.begin()
	}
	p.listing = false
	bounds := image.Rectangle{Max: p.size}
	p.damage.reset(bounds)
	if p.whole {
		p.whole = false
		p.damage.add(bounds)
	} else {
		p.diff()
	}
	clear(p.dirty)
	s := surface{pix: p.pix, stride: p.Stride()}
	for _, r := range p.damage.rects {
		s.clip = r
		p.paintRect(&s)
	}
	return p.damage.rects
}

// List makes the display list of the trees without painting, for those who
// only want to look at Items.
func (p *Painter) List(trees ...fyne.CanvasObject) []Item {
	p.begin()
	for _, t := range trees {
		p.Tree(t, fyne.Position{})
	}
	p.listing = false
	p.whole = true // the picture no longer belongs to the last list
	return p.cur
}

func (p *Painter) begin() {
	p.tick++
	p.listing = true
	clear(p.old) // lets go of objects that are no longer shown
	p.cur, p.old = p.old[:0], p.cur
}

// paintRect repaints the surface's clip from the topmost item that hides
// everything beneath.
func (p *Painter) paintRect(s *surface) {
	start := -1
	for i := len(p.cur) - 1; i >= 0; i-- {
		if p.opaque(&p.cur[i], s.clip) {
			start = i
			break
		}
	}
	if start < 0 {
		for y := s.clip.Min.Y; y < s.clip.Max.Y; y++ {
			fillRun(s.row(y, s.clip.Min.X, s.clip.Max.X), 0xff000000)
		}
		start = 0
	}
	damage := s.clip
	for i := start; i < len(p.cur); i++ {
		it := &p.cur[i]
		if r := it.Visible().Intersect(damage); !r.Empty() {
			s.clip = r
			p.paintItem(s, it)
		}
	}
	s.clip = damage
}

// paintItem draws one item inside the surface's clip.
func (p *Painter) paintItem(s *surface, it *Item) {
	switch it.Kind {
	case Text:
		l := p.text.line(it.line.text, it.line.size, it.line.scale, it.style, it.line.fonts)
		p.paintLine(s, l, it.at, it.Fill)
	case Image, Raster, LinearGradient, RadialGradient, Captured:
		p.paintPictureItem(s, it)
	default:
		p.paintShape(s, it)
	}
}

// Measure is the size of a text in Fyne's units and the distance of its base
// line from its top: what Fyne's own driver would say.
func (p *Painter) Measure(text string, size float32, style fyne.TextStyle, source fyne.Resource) (fyne.Size, float32) {
	l := p.text.line(text, size, p.scale, style, p.book.set(style, source, nil))
	return l.size, l.base
}

// Drop forgets everything that was drawn or shaped, as when fonts or sizes of
// the theme change, and makes the next frame repaint everything.
func (p *Painter) Drop() {
	limit := p.cache.limit
	p.cache = newCache(limit)
	p.text = newTypesetter(p.book)
	p.whole = true
}

// Inspect paints the display list of the last frame from the bottom up on a
// picture of its own, and calls visit before each item is painted: below shows
// what lies beneath it. Inspect ends early when visit returns false.
func (p *Painter) Inspect(visit func(it *Item, below Picture) bool) {
	pix := make([]byte, len(p.pix))
	fillRun(pix, 0xff000000)
	s := surface{pix: pix, stride: p.Stride()}
	for i := range p.cur {
		it := &p.cur[i]
		if !visit(it, Picture{Pix: pix, Stride: s.stride, Size: p.size}) {
			return
		}
		s.clip = it.Visible()
		p.paintItem(&s, it)
	}
}

// Picture is a BGRX picture that can be read.
type Picture struct {
	Pix    []byte
	Stride int
	Size   image.Point
}

// At is the colour of a pixel; black outside of the picture.
func (q Picture) At(x, y int) (r, g, b uint8) {
	if x < 0 || y < 0 || x >= q.Size.X || y >= q.Size.Y {
		return 0, 0, 0
	}
	o := y*q.Stride + x*4
	return q.Pix[o+2], q.Pix[o+1], q.Pix[o]
}

// RGBA copies the picture into an image of package image.
func (q Picture) RGBA() *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: q.Size})
	for y := range q.Size.Y {
		swap(img.Pix[y*img.Stride:y*img.Stride+q.Size.X*4], q.Pix[y*q.Stride:y*q.Stride+q.Size.X*4], 255)
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img
}

// Picture is the painter's picture as it is now.
func (p *Painter) Picture() Picture { return Picture{p.pix, p.Stride(), p.size} }

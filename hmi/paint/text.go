package paint

import (
	"image"
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"github.com/go-text/render"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// line is one shaped text: where each glyph stands, relative to the top left
// of the text, and how large the text is in Fyne's units.
type line struct {
	key    lineKey
	size   fyne.Size
	base   float32
	glyphs []glyph
	used   uint64
}

// lineKey is what a line depends on.
type lineKey struct {
	text  string
	size  float32
	scale float32
	tab   int
	mono  bool
	fonts *fontSet
}

// glyph is one sign in its place. x and y are whole pixels; fx and fy count
// 64ths of a pixel further right and down.
type glyph struct {
	face   *font.Face
	id     font.GID
	x, y   int32
	fx, fy uint8
	mask   *mask
}

const (
	lineSets = 512 // hash sets of the line cache
	lineWays = 4   // lines per set; the one longest unused goes

	mostGlyphs = 512 // whose memory a line keeps for the next text
	mostSizes  = 64  // of text whose measures are kept
)

// typesetter shapes texts as Fyne does and keeps the lines. Lines of digits,
// which change all the time, are put together from measured pairs into memory
// that is used again, so that a running number allocates nothing.
type typesetter struct {
	book   *fontBook
	lines  [lineSets][lineWays]*line
	clock  uint64
	shaper shaping.HarfbuzzShaper
	split  shaping.Segmenter
	spaces map[spaceKey]space
	pairs  map[spaceKey]*pairTable
	runes  []rune
}

type spaceKey struct {
	fonts *fontSet
	size  float32
}

// space is the measures of the font's space, from which Fyne takes the line
// height.
type space struct {
	advance, height, ascent fixed.Int26_6
}

func newTypesetter(b *fontBook) *typesetter {
	return &typesetter{book: b, spaces: map[spaceKey]space{}, pairs: map[spaceKey]*pairTable{}}
}

// line shapes a text, or finds it shaped.
func (t *typesetter) line(text string, size, scale float32, style fyne.TextStyle, fonts *fontSet) *line {
	k := lineKey{text, size, scale, style.TabWidth, style.Monospace, fonts}
	set := &t.lines[hash(text, size)%lineSets]
	t.clock++
	oldest := 0
	for i, l := range set {
		if l == nil {
			set[i] = &line{}
			oldest = i
			break
		}
		if l.key == k {
			l.used = t.clock
			return l
		}
		if l.used < set[oldest].used {
			oldest = i
		}
	}
	l := set[oldest]
	l.key, l.used = k, t.clock
	if cap(l.glyphs) > mostGlyphs {
		l.glyphs = nil
	}
	l.glyphs = l.glyphs[:0]
	if !t.compose(l) {
		l.glyphs = l.glyphs[:0]
		t.shape(l)
	}
	return l
}

// hash is FNV-1a.
func hash(s string, size float32) uint32 {
	h := uint32(2166136261) ^ math.Float32bits(size)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h ^ h>>15
}

func (t *typesetter) input(k lineKey, text []rune) shaping.Input {
	return shaping.Input{
		Text: text, RunStart: 0, RunEnd: len(text), Direction: di.DirectionLTR,
		Face: k.fonts.ResolveFace(' '), Size: toFixed(k.size),
	}
}

func (t *typesetter) space(k lineKey) space {
	sk := spaceKey{k.fonts, k.size}
	s, ok := t.spaces[sk]
	if !ok {
		if len(t.spaces) >= mostSizes {
			clear(t.spaces)
			clear(t.pairs)
		}
		out := t.shaper.Shape(t.input(k, []rune{' '}))
		s = space{out.Advance, out.LineBounds.LineThickness(), out.LineBounds.Ascent}
		t.spaces[sk] = s
	}
	return s
}

// shape lays a line out as Fyne's walkString and go-text's renderer do
// together: runs of one font start at whole pixels, glyphs within a run do not.
func (t *typesetter) shape(l *line) {
	k := l.key
	sp := t.space(k)
	t.runes = append(t.runes[:0], []rune(strings.ReplaceAll(k.text, "\r", ""))...)
	w := &lineWalk{t: t, l: l, y: math.MinInt32}
	tab := float32(10)
	if k.mono {
		tab = toFloat(sp.advance)
	}
	for _, in := range t.split.Split(t.input(k, t.runes), k.fonts) {
		end, pending := in.RunEnd, false
		for i, r := range in.Text[in.RunStart:in.RunEnd] {
			if r != '\t' {
				pending = true
				continue
			}
			if pending {
				in.RunEnd = i
				w.run(in)
			}
			w.x1, w.xs = tabStop(tab, w.x1, k.tab), tabStop(float32(k.scale*tab), w.xs, k.tab)
			in.RunStart, in.RunEnd, pending = i+1, end, false
		}
		w.run(in)
	}
	l.size = fyne.NewSize(w.x1, toFloat(sp.height))
	l.base = toFloat(sp.ascent)
}

// lineWalk is a line being laid out. x1 and xs are the pen in Fyne's units and
// in pixels.
type lineWalk struct {
	t      *typesetter
	l      *line
	x1, xs float32
	y      int32
}

// run shapes one run and places it in pieces: a character that no font has
// stands alone and is drawn as U+FFFD.
func (w *lineWalk) run(in shaping.Input) {
	if in.RunEnd <= in.RunStart {
		return
	}
	out := w.t.shaper.Shape(in)
	if w.y == math.MinInt32 {
		w.y = int32(math.Ceil(float64(toFloat(out.LineBounds.Ascent) * w.l.key.scale)))
	}
	start := 0
	for i, g := range out.Glyphs {
		if g.GlyphID != 0 {
			continue
		}
		w.place(out.Face, out.Glyphs[start:i])
		w.missing(g)
		start = i + 1
	}
	w.place(out.Face, out.Glyphs[start:])
}

// place puts glyphs in a row, beginning at a whole pixel.
func (w *lineWalk) place(face *font.Face, gs []shaping.Glyph) {
	scale := w.l.key.scale
	x := float32(int32(w.xs))
	adv := fixed.Int26_6(0)
	for _, g := range gs {
		px := x + float32(toFloat(g.XOffset)*scale)
		py := float32(w.y) - float32(toFloat(g.YOffset)*scale)
		w.l.put(face, g.GlyphID, px, py)
		x += float32(toFloat(g.XAdvance) * scale)
		adv += g.XAdvance
	}
	w.x1 += toFloat(adv)
	w.xs += float32(toFloat(adv) * scale)
}

func (w *lineWalk) missing(g shaping.Glyph) {
	scale := w.l.key.scale
	face := w.l.key.fonts.ResolveFace(0xfffd)
	if id, ok := face.NominalGlyph(0xfffd); ok {
		w.l.put(face, id, float32(int32(w.xs)), float32(w.y))
	}
	w.x1 += toFloat(g.XAdvance)
	w.xs += float32(toFloat(g.XAdvance) * scale)
}

func (l *line) put(face *font.Face, id font.GID, x, y float32) {
	ix, iy := math.Floor(float64(x)), math.Floor(float64(y))
	l.glyphs = append(l.glyphs, glyph{face: face, id: id, x: int32(ix), y: int32(iy),
		fx: uint8((float64(x) - ix) * 64), fy: uint8((float64(y) - iy) * 64)})
}

func tabStop(space, x float32, width int) float32 {
	if width <= 0 {
		width = 4
	}
	w := space * float32(width)
	n, _ := math.Modf(float64((x + w) / w))
	return w * float32(n)
}

func toFloat(i fixed.Int26_6) float32 { return float32(float64(i) / 64) }
func toFixed(f float32) fixed.Int26_6 { return fixed.Int26_6(float64(f) * 64) }

// paintLine draws a line with its top left at at.
func (p *Painter) paintLine(s *surface, l *line, at image.Point, c color.NRGBA) {
	for i := range l.glyphs {
		g := &l.glyphs[i]
		if g.mask == nil || g.mask.dead {
			g.mask = p.glyph(g, l.key)
		}
		g.mask.used = p.tick
		if g.mask.pix != nil {
			s.mask(g.mask, image.Pt(at.X+int(g.x), at.Y+int(g.y)), c)
			continue
		}
		if g.mask.w < 0 { // not an outline
			p.paintPicture(s, g, l.key, at, c)
		}
	}
}

type glyphKey struct {
	face   *font.Face
	id     font.GID
	size   float32 // pixels
	fx, fy uint8
}

// glyph finds or draws the coverage of a glyph. A mask without pixels is
// nothing to draw; with a width of -1 a glyph that is a picture.
func (p *Painter) glyph(g *glyph, k lineKey) *mask {
	gk := glyphKey{g.face, g.id, k.size * k.scale, g.fx, g.fy}
	if m, ok := p.cache.glyphs[gk]; ok {
		return m
	}
	m := &mask{}
	switch d := g.face.GlyphData(g.id).(type) {
	case font.GlyphOutline:
		if len(d.Segments) > 0 {
			m = p.outline(d, gk)
		}
	case font.GlyphBitmap, font.GlyphSVG:
		m.w = -1
	}
	p.cache.addGlyph(gk, m, p.tick)
	return m
}

// outline fills a glyph's outline in 24.8, from points rounded down to 64ths
// of a pixel as Fyne's renderer has them.
func (p *Painter) outline(d font.GlyphOutline, k glyphKey) *mask {
	scale := k.size / float32(k.face.Upem())
	fx, fy := float32(k.fx)/64, float32(k.fy)/64
	pt := func(a opentype.SegmentPoint) (int32, int32) {
		return floor64(float32(a.X*scale) + fx), floor64(float32(-a.Y*scale) + fy)
	}
	lo, hi := [2]int32{math.MaxInt32, math.MaxInt32}, [2]int32{math.MinInt32, math.MinInt32}
	for i := range d.Segments {
		for _, a := range d.Segments[i].ArgsSlice() {
			x, y := pt(a)
			lo[0], lo[1], hi[0], hi[1] = min(lo[0], x), min(lo[1], y), max(hi[0], x), max(hi[1], y)
		}
	}
	x0, y0 := int(lo[0]>>8), int(lo[1]>>8)
	r := &p.raster
	r.reset(x0, y0, int(hi[0]>>8)+1-x0, int(hi[1]>>8)+1-y0)
	for i := range d.Segments {
		s := &d.Segments[i]
		ax, ay := pt(s.Args[0])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			r.moveTo(ax, ay)
		case opentype.SegmentOpLineTo:
			r.lineTo(ax, ay)
		case opentype.SegmentOpQuadTo:
			bx, by := pt(s.Args[1])
			r.quadTo(ax, ay, bx, by)
		case opentype.SegmentOpCubeTo:
			bx, by := pt(s.Args[1])
			cx, cy := pt(s.Args[2])
			r.cubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	return r.mask(1)
}

// floor64 rounds pixels down to a 64th, in 24.8.
func floor64(v float32) int32 { return int32(math.Floor(float64(v)*64)) * 4 }

// paintPicture draws a glyph that is a bitmap or SVG (emoji) through go-text's
// renderer.
func (p *Painter) paintPicture(s *surface, g *glyph, k lineKey, at image.Point, c color.NRGBA) {
	sk := spriteKey{kind: pictureGlyph, face: g.face, gid: uint32(g.id), a: int32(math.Float32bits(k.size * k.scale))}
	pad := int(math.Ceil(float64(k.size * k.scale)))
	sp := p.cache.sprite(sk, p.tick)
	if sp == nil {
		img := image.NewRGBA(image.Rect(0, 0, 3*pad, 3*pad))
		in := shaping.Output{Face: g.face, Size: toFixed(k.size)}
		in.Glyphs = []shaping.Glyph{p.extents(g, k)}
		r := &render.Renderer{FontSize: k.size, PixScale: k.scale, Color: c}
		r.DrawShapedRunAt(in, img, pad, 2*pad)
		sp = spriteOf(img, 255)
		p.cache.addSprite(sk, sp, p.tick)
	}
	s.sprite(sp, image.Pt(at.X+int(g.x)-pad, at.Y+int(g.y)-2*pad))
}

// extents is the glyph's box in the form that the renderer wants.
func (p *Painter) extents(g *glyph, k lineKey) shaping.Glyph {
	out := shaping.Glyph{GlyphID: g.id}
	if e, ok := g.face.GlyphExtents(g.id); ok {
		f := float64(k.size) / float64(g.face.Upem()) * 64
		out.Width, out.Height = fixed.Int26_6(float64(e.Width)*f), fixed.Int26_6(float64(e.Height)*f)
		out.XBearing, out.YBearing = fixed.Int26_6(float64(e.XBearing)*f), fixed.Int26_6(float64(e.YBearing)*f)
	}
	return out
}

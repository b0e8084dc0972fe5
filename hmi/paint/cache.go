package paint

import (
	"slices"

	"fyne.io/fyne/v2"
	"github.com/go-text/typesetting/font"
)

// cache keeps what was drawn once: glyphs, shapes and pictures. When it holds
// more than limit bytes, what was used longest ago goes, down to three
// quarters of the limit. What the running frame used is never thrown out, so
// that a screen that needs more than the limit is slow but not wrong.
type cache struct {
	limit, bytes int
	glyphs       map[glyphKey]*mask
	shapes       map[shapeKey]*mask
	sprites      map[spriteKey]*sprite
}

// spriteKey names a picture: by the object that shows it, or by what it was
// made from.
type spriteKey struct {
	kind    spriteKind
	obj     fyne.CanvasObject
	face    *font.Face
	gid     uint32
	w, h, a int32
	c0, c1  uint32
	f, g    float64
}

type spriteKind uint8

const (
	pictureObject spriteKind = iota
	pictureGlyph
	pictureLinear
	pictureRadial
)

const entryOverhead = 160 // bytes of map entry, header and runs, roughly

func newCache(limit int) *cache {
	return &cache{limit: limit, glyphs: map[glyphKey]*mask{}, shapes: map[shapeKey]*mask{}, sprites: map[spriteKey]*sprite{}}
}

func (m *mask) bytes() int   { return len(m.pix) + 8*len(m.solid) + entryOverhead }
func (s *sprite) bytes() int { return len(s.pix) + 8*len(s.solid) + entryOverhead }

func (c *cache) addGlyph(k glyphKey, m *mask, tick uint64) {
	m.used = tick
	c.glyphs[k] = m
	c.grow(m.bytes(), tick)
}

func (c *cache) addShape(k shapeKey, m *mask, tick uint64) {
	m.used = tick
	c.shapes[k] = m
	c.grow(m.bytes(), tick)
}

func (c *cache) addSprite(k spriteKey, s *sprite, tick uint64) {
	if old := c.sprites[k]; old != nil {
		c.bytes -= old.bytes()
	}
	s.used = tick
	c.sprites[k] = s
	c.grow(s.bytes(), tick)
}

func (c *cache) sprite(k spriteKey, tick uint64) *sprite {
	s := c.sprites[k]
	if s != nil {
		s.used = tick
	}
	return s
}

// forget drops what was drawn from an object's content.
func (c *cache) forget(o fyne.CanvasObject) {
	k := spriteKey{kind: pictureObject, obj: o}
	if s := c.sprites[k]; s != nil {
		c.bytes -= s.bytes()
		delete(c.sprites, k)
	}
}

func (c *cache) grow(n int, tick uint64) {
	if c.bytes += n; c.bytes > c.limit {
		c.shrink(tick)
	}
}

// shrink throws out the longest unused.
func (c *cache) shrink(tick uint64) {
	type age struct {
		used  uint64
		bytes int
	}
	var all []age
	for _, m := range c.glyphs {
		all = append(all, age{m.used, m.bytes()})
	}
	for _, m := range c.shapes {
		all = append(all, age{m.used, m.bytes()})
	}
	for _, s := range c.sprites {
		all = append(all, age{s.used, s.bytes()})
	}
	slices.SortFunc(all, func(a, b age) int { return int(int64(a.used) - int64(b.used)) })
	before, left := uint64(0), c.bytes // everything used earlier than before goes
	for _, a := range all {
		if left <= c.limit*3/4 || a.used >= tick {
			break
		}
		left -= a.bytes
		before = a.used + 1
	}
	for k, m := range c.glyphs {
		if m.used < before {
			m.dead = true
			c.bytes -= m.bytes()
			delete(c.glyphs, k)
		}
	}
	for k, m := range c.shapes {
		if m.used < before {
			c.bytes -= m.bytes()
			delete(c.shapes, k)
		}
	}
	for k, s := range c.sprites {
		if s.used < before {
			c.bytes -= s.bytes()
			delete(c.sprites, k)
		}
	}
}

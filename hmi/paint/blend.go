package paint

import (
	"encoding/binary"
	"image"
	"image/color"
)

// surface is a BGRX picture with its top left at (0, 0). Every function that
// writes to it cuts at clip.
type surface struct {
	pix    []byte
	stride int
	clip   image.Rectangle
}

// mask is coverage, one byte per pixel; (x, y) is its place relative to the
// origin of whatever owns it.
type mask struct {
	w, h, x, y int
	pix        []uint8
	solid      [][2]int32 // longest run of full coverage in each row
	used       uint64
	dead       bool // thrown out of the cache
}

// sprite is a picture with alpha, BGRA premultiplied.
type sprite struct {
	w, h   int
	pix    []byte
	solid  [][2]int32 // longest run of opaque pixels in each row
	opaque bool
	empty  bool // every pixel transparent
	used   uint64
}

// Two channels of 8 bits are blended at once in one word:
//
//	word & pair   0x00RR00BB      word>>8 & pair   0x00XX00GG
const pair = 0x00ff00ff

// over255 divides both halves of v by 255, rounded to nearest, exact for
// halves up to 255*255.
func over255(v uint32) uint32 {
	v += 0x00800080
	return (v + v>>8&pair) >> 8 & pair
}

// mul255 is a*b/255, rounded to nearest.
func mul255(a, b uint32) uint32 {
	t := a*b + 128
	return (t + t>>8) >> 8
}

// bgrx packs a colour without its alpha.
func bgrx(c color.NRGBA) uint32 {
	return uint32(c.B) | uint32(c.G)<<8 | uint32(c.R)<<16 | 0xff000000
}

// fill paints a rectangle in one colour.
func (s *surface) fill(r image.Rectangle, c color.NRGBA) {
	r = r.Intersect(s.clip)
	if r.Empty() || c.A == 0 {
		return
	}
	if c.A != 255 {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			s.blendRun(y, r.Min.X, r.Max.X, bgrx(c), uint32(c.A))
		}
		return
	}
	first := s.row(r.Min.Y, r.Min.X, r.Max.X)
	fillRun(first, bgrx(c))
	for y := r.Min.Y + 1; y < r.Max.Y; y++ {
		copy(s.row(y, r.Min.X, r.Max.X), first)
	}
}

func (s *surface) row(y, x0, x1 int) []byte {
	o := y*s.stride + x0*4
	return s.pix[o : o+(x1-x0)*4 : o+(x1-x0)*4]
}

// fillRun sets every pixel of a row, by doubling copies.
func fillRun(row []byte, v uint32) {
	if len(row) < 4 {
		return
	}
	binary.LittleEndian.PutUint32(row, v)
	for n := 4; n < len(row); n *= 2 {
		copy(row[n:], row[:n])
	}
}

// span paints pixels x0 to x1 of row y with coverage cov, 0 to 255.
func (s *surface) span(y, x0, x1 int, c color.NRGBA, cov uint32) {
	if y < s.clip.Min.Y || y >= s.clip.Max.Y {
		return
	}
	x0, x1 = max(x0, s.clip.Min.X), min(x1, s.clip.Max.X)
	if x0 >= x1 {
		return
	}
	m := mul255(uint32(c.A), cov)
	if m == 255 {
		fillRun(s.row(y, x0, x1), bgrx(c))
		return
	}
	s.blendRun(y, x0, x1, bgrx(c), m)
}

// blendRun mixes m/255 of a colour into a run; it does not look at clip.
func (s *surface) blendRun(y, x0, x1 int, v, m uint32) {
	if m == 0 {
		return
	}
	rb, xg, im := v&pair*m, v>>8&pair*m, 255-m
	row := s.row(y, x0, x1)
	for ; len(row) >= 4; row = row[4:] {
		d := binary.LittleEndian.Uint32(row)
		binary.LittleEndian.PutUint32(row, over255(d&pair*im+rb)|over255(d>>8&pair*im+xg)<<8)
	}
}

// mask paints m in one colour with its origin at p.
func (s *surface) mask(m *mask, p image.Point, c color.NRGBA) {
	p = p.Add(image.Pt(m.x, m.y))
	r := image.Rect(p.X, p.Y, p.X+m.w, p.Y+m.h).Intersect(s.clip)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		s.maskRow(m, y, y-p.Y, r.Min.X, r.Max.X, p.X, c)
	}
}

// maskRow paints columns x0 to x1 of row my of m, whose column 0 is at mx, at y.
func (s *surface) maskRow(m *mask, y, my, x0, x1, mx int, c color.NRGBA) {
	if x0 >= x1 {
		return
	}
	lo, hi := x1, x1
	if run := m.solid[my]; run[1]-run[0] >= 8 {
		lo, hi = min(max(int(run[0])+mx, x0), x1), min(max(int(run[1])+mx, x0), x1)
	}
	src := m.pix[my*m.w : (my+1)*m.w]
	blendMask(s.row(y, x0, lo), src[x0-mx:lo-mx], c)
	if lo < hi {
		s.span(y, lo, hi, c, 255)
	}
	blendMask(s.row(y, hi, x1), src[hi-mx:x1-mx], c)
}

func blendMask(dst []byte, cov []uint8, c color.NRGBA) {
	v, a := bgrx(c), uint32(c.A)
	rb, xg := v&pair, v>>8&pair
	for _, k := range cov {
		if len(dst) < 4 {
			return
		}
		if k != 0 {
			m := mul255(uint32(k), a)
			d := binary.LittleEndian.Uint32(dst)
			im := 255 - m
			binary.LittleEndian.PutUint32(dst, over255(d&pair*im+rb*m)|over255(d>>8&pair*im+xg*m)<<8)
		}
		dst = dst[4:]
	}
}

// sprite paints p with its top left at at.
func (s *surface) sprite(p *sprite, at image.Point) {
	r := image.Rect(at.X, at.Y, at.X+p.w, at.Y+p.h).Intersect(s.clip)
	if p.empty || r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		sy := y - at.Y
		src := p.pix[sy*p.w*4 : (sy+1)*p.w*4]
		lo, hi := r.Max.X, r.Max.X
		if run := p.solid[sy]; run[1]-run[0] >= 8 {
			lo = min(max(int(run[0])+at.X, r.Min.X), r.Max.X)
			hi = min(max(int(run[1])+at.X, r.Min.X), r.Max.X)
		}
		over(s.row(y, r.Min.X, lo), src[(r.Min.X-at.X)*4:(lo-at.X)*4])
		copy(s.row(y, lo, hi), src[(lo-at.X)*4:(hi-at.X)*4])
		over(s.row(y, hi, r.Max.X), src[(hi-at.X)*4:(r.Max.X-at.X)*4])
	}
}

// over lays premultiplied pixels on top.
func over(dst, src []byte) {
	for len(src) >= 4 && len(dst) >= 4 {
		v := binary.LittleEndian.Uint32(src)
		switch a := v >> 24; a {
		case 0:
		case 255:
			binary.LittleEndian.PutUint32(dst, v)
		default:
			d, ia := binary.LittleEndian.Uint32(dst), 255-a
			binary.LittleEndian.PutUint32(dst, v+(over255(d&pair*ia)|over255(d>>8&pair*ia)<<8))
		}
		src, dst = src[4:], dst[4:]
	}
}

// solidRuns finds the longest run of 255 in each row of a picture with step
// bytes per pixel, the last of which (at offset at) counts.
func solidRuns(pix []byte, w, h, step, at int) [][2]int32 {
	runs := make([][2]int32, h)
	for y := range h {
		start := -1
		for x := 0; x <= w; x++ {
			if x < w && pix[(y*w+x)*step+at] == 255 {
				if start < 0 {
					start = x
				}
				continue
			}
			if start >= 0 && int32(x-start) > runs[y][1]-runs[y][0] {
				runs[y] = [2]int32{int32(start), int32(x)}
			}
			start = -1
		}
	}
	return runs
}

// newSprite takes pixels over and finds what of them is opaque.
func newSprite(w, h int, pix []byte) *sprite {
	p := &sprite{w: w, h: h, pix: pix, solid: solidRuns(pix, w, h, 4, 3), opaque: true, empty: true}
	for i := 3; i < len(pix); i += 4 {
		p.opaque = p.opaque && pix[i] == 255
		p.empty = p.empty && pix[i] == 0
	}
	return p
}

// spriteOf converts any picture, faded by alpha (0 to 255).
func spriteOf(img image.Image, alpha uint32) *sprite {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	pix := make([]byte, w*h*4)
	switch src := img.(type) {
	case *image.NRGBA:
		for y := range h {
			o := src.PixOffset(b.Min.X, b.Min.Y+y)
			premultiply(pix[y*w*4:(y+1)*w*4], src.Pix[o:o+w*4], alpha)
		}
	case *image.RGBA:
		for y := range h {
			o := src.PixOffset(b.Min.X, b.Min.Y+y)
			swap(pix[y*w*4:(y+1)*w*4], src.Pix[o:o+w*4], alpha)
		}
	default:
		for y := range h {
			for x := range w {
				r, g, bl, a := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
				d := pix[(y*w+x)*4:]
				d[0], d[1], d[2], d[3] = fade16(bl, alpha), fade16(g, alpha), fade16(r, alpha), fade16(a, alpha)
			}
		}
	}
	return newSprite(w, h, pix)
}

func premultiply(dst, src []byte, alpha uint32) {
	for i := 0; i+3 < len(src) && i+3 < len(dst); i += 4 {
		a := mul255(uint32(src[i+3]), alpha)
		dst[i] = byte(mul255(uint32(src[i+2]), a))
		dst[i+1] = byte(mul255(uint32(src[i+1]), a))
		dst[i+2] = byte(mul255(uint32(src[i]), a))
		dst[i+3] = byte(a)
	}
}

func swap(dst, src []byte, alpha uint32) {
	for i := 0; i+3 < len(src) && i+3 < len(dst); i += 4 {
		dst[i] = byte(mul255(uint32(src[i+2]), alpha))
		dst[i+1] = byte(mul255(uint32(src[i+1]), alpha))
		dst[i+2] = byte(mul255(uint32(src[i]), alpha))
		dst[i+3] = byte(mul255(uint32(src[i+3]), alpha))
	}
}

// fade16 takes a 16-bit premultiplied channel to 8 bits, faded.
func fade16(v, alpha uint32) byte { return byte((v*alpha + 32767) / 65535) }

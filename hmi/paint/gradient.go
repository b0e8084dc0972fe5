package paint

import (
	"image/color"
	"math"
)

// blender mixes two colours at a place between 0 and 1. Fyne mixes
// premultiplied 16-bit channels.
type blender struct {
	from, step [4]float64 // B, G, R, A: 0 to 65535
}

func newBlender(a, b color.NRGBA) blender {
	var m blender
	r0, g0, b0, a0 := a.RGBA()
	r1, g1, b1, a1 := b.RGBA()
	m.from = [4]float64{float64(b0), float64(g0), float64(r0), float64(a0)}
	m.step = [4]float64{float64(b1) - float64(b0), float64(g1) - float64(g0), float64(r1) - float64(r0), float64(a1) - float64(a0)}
	return m
}

func (m *blender) put(dst []byte, d float64) {
	for i := range 4 {
		v := uint32(max(0, min(65535, m.from[i]+mul(d, m.step[i]))))
		dst[i] = byte((v + 128) / 257)
	}
}

// linear is a gradient along one of Fyne's eight directions; every other
// angle is drawn as straight down.
func linear(w, h int, a, b color.NRGBA, angle float64) *sprite {
	pix := make([]byte, w*h*4)
	m := newBlender(a, b)
	fw, fh := float64(w), float64(h)
	diag := func(f func(x, y float64) float64) {
		for y := range h {
			for x := range w {
				m.put(pix[(y*w+x)*4:], math.Abs(f(float64(x)+0.5, float64(y)+0.5)/(fw+fh)))
			}
		}
	}
	switch angle {
	case 90, -270:
		rows(pix, w, h, &m, func(x float64) float64 { return (fw - x) / fw })
	case 270, -90:
		rows(pix, w, h, &m, func(x float64) float64 { return x / fw })
	case 45, -315:
		diag(func(x, y float64) float64 { return fw - x + y })
	case 225, -135:
		diag(func(x, y float64) float64 { return x + fh - y })
	case 135, -225:
		diag(func(x, y float64) float64 { return fw + fh - (x + y) })
	case 315, -45:
		diag(func(x, y float64) float64 { return x + y })
	case 180, -180:
		columns(pix, w, h, &m, func(y float64) float64 { return (fh - y) / fh })
	default:
		columns(pix, w, h, &m, func(y float64) float64 { return y / fh })
	}
	return newSprite(w, h, pix)
}

// rows fills a picture whose rows are all alike, columns one whose columns are.
func rows(pix []byte, w, h int, m *blender, f func(float64) float64) {
	for x := range w {
		m.put(pix[x*4:], f(float64(x)+0.5))
	}
	for y := 1; y < h; y++ {
		copy(pix[y*w*4:(y+1)*w*4], pix[:w*4])
	}
}

func columns(pix []byte, w, h int, m *blender, f func(float64) float64) {
	for y := range h {
		row := pix[y*w*4 : (y+1)*w*4]
		if len(row) == 0 {
			continue
		}
		m.put(row, f(float64(y)+0.5))
		for n := 4; n < len(row); n *= 2 {
			copy(row[n:], row[:n])
		}
	}
}

// radial is a gradient outward from the centre, moved by (ox, oy) of its size.
func radial(w, h int, c0, c1 color.NRGBA, ox, oy float64) *sprite {
	pix := make([]byte, w*h*4)
	m := newBlender(c0, c1)
	fw, fh := float64(w), float64(h)
	cx, cy := fw/2+mul(fw, ox), fh/2+mul(fh, oy)
	a, b := cx, cy
	if ox < 0 {
		a = fw - cx
	}
	if oy < 0 {
		b = fh - cy
	}
	for y := range h {
		for x := range w {
			dx, dy := cx-(float64(x)+0.5), cy-(float64(y)+0.5)
			k := mul(mul(mul(dy, dy), a), a) / b / b
			d := math.Sqrt(mul(dx, dx)+k) / a
			m.put(pix[(y*w+x)*4:], min(1, d))
		}
	}
	return newSprite(w, h, pix)
}

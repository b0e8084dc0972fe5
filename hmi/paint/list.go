package paint

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// walk adds what o shows to the display list. clip is what its ancestors
// confine it to; unlike Fyne's own painter, a clip within a clip shows only
// what both let through.
func (p *Painter) walk(o fyne.CanvasObject, off fyne.Position, clip image.Rectangle, w fyne.Widget) {
	if o == nil || !o.Visible() {
		return
	}
	pos := o.Position().Add(off)
	switch v := o.(type) {
	case *fyne.Container:
		for _, c := range v.Objects {
			p.walk(c, pos, clip, w)
		}
		return
	case fyne.Widget:
		r := test.WidgetRenderer(v)
		if r == nil {
			return
		}
		if Clips(v, r) {
			clip = clip.Intersect(p.pixels(pos, v.Size()))
		}
		for _, c := range r.Objects() {
			p.walk(c, pos, clip, v)
		}
		return
	}
	it := Item{Object: o, Widget: w, Clip: clip}
	if p.item(&it, o, pos) && !it.Visible().Empty() {
		p.cur = append(p.cur, it)
	}
}

// Clips tells whether a widget confines its children to its own area.
func Clips(w fyne.Widget, r fyne.WidgetRenderer) bool {
	if _, ok := w.(fyne.Scrollable); ok {
		return true
	}
	_, ok := r.(interface{ IsClip() })
	return ok
}

// pixels is the rectangle that Fyne's painter gives to an area.
func (p *Painter) pixels(pos fyne.Position, size fyne.Size) image.Rectangle {
	return image.Rect(p.up(pos.X), p.up(pos.Y), p.up(pos.X+size.Width), p.up(pos.Y+size.Height))
}

// far is beyond any picture: coordinates are cut there, and what is not a
// number lies there too.
const far = 1 << 20

// mostSide is the longest side of an object in pixels.
const mostSide = 1 << 14

// up takes a coordinate or length to pixels as Fyne does for pictures, round
// as it does inside of vector pictures.
func (p *Painter) up(v float32) int { return within(math.Ceil(float64(float32(v * p.scale)))) }

func (p *Painter) round(v float32) int32 {
	return int32(within(math.Round(mul(float64(v), float64(p.scale)))))
}

func within(f float64) int {
	if !(f > -far) { // NaN as well
		return -far
	}
	return int(min(f, far))
}

// finite tells whether an angle can be drawn.
func finite(v float32) bool { return v > -1e6 && v < 1e6 }

func side(n int) int { return max(0, min(n, mostSide)) }

// item fills in what o draws at pos; false: nothing.
func (p *Painter) item(it *Item, o fyne.CanvasObject, pos fyne.Position) bool {
	switch v := o.(type) {
	case *canvas.Rectangle:
		return p.rectItem(it, v, pos)
	case *canvas.Text:
		return p.textItem(it, v, pos)
	case *canvas.Image:
		return p.imageItem(it, v, pos)
	case *canvas.Line:
		return p.lineItem(it, v, pos)
	case *canvas.Circle:
		it.Kind, it.Fill, it.Stroke = Circle, nrgba(v.FillColor), nrgba(v.StrokeColor)
		pad := float32(1)
		if v.StrokeWidth > 0 && v.StrokeColor != nil {
			pad = v.StrokeWidth + 2
			it.shape.pen = p.round(v.StrokeWidth)
		}
		size := v.Size()
		it.shape.r[0] = float32(p.round(min(size.Width, size.Height) / 2))
		p.vector(it, pos, size, pad)
	case *canvas.Arc:
		if !finite(v.StartAngle) || !finite(v.EndAngle) {
			return false
		}
		p.arcItem(it, v, pos)
	case *canvas.Polygon:
		if !finite(v.Angle) {
			return false
		}
		it.Kind, it.Fill, it.Stroke = Polygon, nrgba(v.FillColor), nrgba(v.StrokeColor)
		pad, size := p.strokePad(it, v.StrokeWidth, v.StrokeColor != nil), v.Size()
		half := min(size.Width, size.Height) / 2
		it.shape.r[0] = float32(p.round(half))
		it.shape.r[2] = float32(p.round(min(half, v.CornerRadius)))
		it.shape.a, it.shape.n = v.Angle, int32(min(v.Sides, 1024))
		p.vector(it, pos, size, pad)
	case *canvas.Raster:
		it.Kind, it.mode = Raster, v.ScaleMode
		p.box(it, pos, v.Size())
		return v.Generator != nil
	case *canvas.LinearGradient:
		it.Kind, it.Fill, it.Stroke, it.turn = LinearGradient, nrgba(v.StartColor), nrgba(v.EndColor), v.Angle
		p.box(it, pos, v.Size())
	case *canvas.RadialGradient:
		it.Kind, it.Fill, it.Stroke = RadialGradient, nrgba(v.StartColor), nrgba(v.EndColor)
		it.turn, it.turn2 = v.CenterOffsetX, v.CenterOffsetY
		p.box(it, pos, v.Size())
	default:
		return p.unknown(it, o, pos)
	}
	return it.Fill.A != 0 || it.Stroke.A != 0
}

// unknown is an object of a foreign type. Layout spacers show nothing.
func (p *Painter) unknown(it *Item, o fyne.CanvasObject, pos fyne.Position) bool {
	if _, ok := o.(interface {
		ExpandVertical() bool
		ExpandHorizontal() bool
	}); ok {
		return false
	}
	it.Kind = Captured
	p.box(it, pos, o.Size())
	return true
}

// box is the place of a picture without padding.
func (p *Painter) box(it *Item, pos fyne.Position, size fyne.Size) {
	it.at = image.Pt(p.up(pos.X), p.up(pos.Y))
	w, h := side(p.up(size.Width)), side(p.up(size.Height))
	it.shape.w, it.shape.h = int32(w), int32(h)
	it.Bounds = image.Rect(it.at.X, it.at.Y, it.at.X+w, it.at.Y+h)
}

// vector is the place of a vector picture with pad around it.
func (p *Painter) vector(it *Item, pos fyne.Position, size fyne.Size, pad float32) {
	s := &it.shape
	s.at = image.Pt(p.up(pos.X-pad), p.up(pos.Y-pad))
	w, h := float32(size.Width+float32(pad*2)), float32(size.Height+float32(pad*2))
	s.w, s.h = int32(side(int(p.round(w)))), int32(side(int(p.round(h))))
	it.Bounds = image.Rect(0, 0, min(int(s.w), side(p.up(w))), min(int(s.h), side(p.up(h)))).Add(s.at)
}

func (p *Painter) strokePad(it *Item, width float32, coloured bool) float32 {
	if width <= 0 || !coloured {
		return 0
	}
	it.shape.pen = p.round(width)
	return width + 2
}

func (p *Painter) rectItem(it *Item, v *canvas.Rectangle, pos fyne.Position) bool {
	it.Kind, it.Fill, it.Stroke = Rectangle, nrgba(v.FillColor), nrgba(v.StrokeColor)
	size := v.Size()
	if v.Aspect != 0 && size.Height != 0 {
		switch is := size.Width / size.Height; {
		case is > v.Aspect:
			w := size.Height * v.Aspect
			pos.X += (size.Width - w) / 2
			size.Width = w
		case is < v.Aspect:
			h := size.Width / v.Aspect
			pos.Y += (size.Height - h) / 2
			size.Height = h
		}
	}
	s := &it.shape
	pad := p.strokePad(it, v.StrokeWidth, v.StrokeColor != nil)
	r := [4]float32{v.TopLeftCornerRadius, v.TopRightCornerRadius, v.BottomRightCornerRadius, v.BottomLeftCornerRadius}
	for i := range r {
		if r[i] == 0 {
			r[i] = v.CornerRadius
		}
	}
	if pad == 0 && r == [4]float32{} {
		p.box(it, pos, size)
		s.at, s.box = it.at, [4]int32{0, 0, s.w, s.h}
		return it.Fill.A != 0
	}
	p.vector(it, pos, size, pad)
	q := p.round(pad)
	s.box = [4]int32{q, q, q + p.round(size.Width), q + p.round(size.Height)}
	s.r = p.radii(r, size, float32(min(s.box[2]-q, s.box[3]-q))/2)
	return it.Fill.A != 0 || it.Stroke.A != 0 && s.pen > 0
}

// radii cuts corner radii to what the size allows, as Fyne does: a corner may
// use what its neighbours leave.
func (p *Painter) radii(r [4]float32, size fyne.Size, half float32) (out [4]float32) {
	hw, hh := size.Width/2, size.Height/2
	cut := func(v, besideW, besideH float32) float32 {
		if v <= min(hw, hh) {
			return v
		}
		return min(size.Width-min(hw, besideW), size.Height-min(hh, besideH), v)
	}
	// Fyne computes the corners one after another, each from the last's result.
	r[1] = cut(r[1], r[0], r[2])
	r[0] = cut(r[0], r[1], r[3])
	r[2] = cut(r[2], r[3], r[1])
	r[3] = cut(r[3], r[2], r[0])
	same := r[0] == r[1] && r[1] == r[2] && r[2] == r[3]
	for i := range r {
		out[i] = float32(p.round(r[i]))
		if same {
			out[i] = min(out[i], half)
		}
	}
	return out
}

func (p *Painter) lineItem(it *Item, v *canvas.Line, pos fyne.Position) bool {
	it.Kind, it.Stroke = Line, nrgba(v.StrokeColor)
	pad := float32(0)
	if v.StrokeWidth > 0 {
		pad = v.StrokeWidth + 2
	}
	s := &it.shape
	s.pen = max(1, p.round(v.StrokeWidth))
	p.vector(it, pos, v.Size(), pad)
	at := v.Position()
	s.box = [4]int32{
		p.round(v.Position1.X-at.X+pad) * one, p.round(v.Position1.Y-at.Y+pad) * one,
		p.round(v.Position2.X-at.X+pad) * one, p.round(v.Position2.Y-at.Y+pad) * one,
	}
	if s.pen == 1 { // onto whole pixels
		for i := range 2 {
			if s.box[i] == s.box[i+2] {
				s.box[i], s.box[i+2] = s.box[i]-one/2, s.box[i+2]-one/2
			}
		}
	}
	return it.Stroke.A != 0
}

func (p *Painter) arcItem(it *Item, v *canvas.Arc, pos fyne.Position) {
	it.Kind, it.Fill, it.Stroke = Arc, nrgba(v.FillColor), nrgba(v.StrokeColor)
	pad, size := p.strokePad(it, v.StrokeWidth, v.StrokeColor != nil), v.Size()
	outer := min(size.Width, size.Height) / 2
	inner := float32(mul(float64(outer), min(1, max(0, float64(v.CutoutRatio)))))
	span, _ := sincos(min(radians(math.Abs(float64(v.EndAngle-v.StartAngle))), math.Pi) / 2)
	length := float32(mul(1.5*float64(outer), span) / (1 + span))
	s := &it.shape
	s.r = [4]float32{
		float32(p.round(outer)), float32(p.round(inner)),
		float32(p.round(min(min(outer-inner, length)/2, v.CornerRadius))),
	}
	s.a, s.b = v.StartAngle, v.EndAngle
	p.vector(it, pos, size, pad)
}

func (p *Painter) textItem(it *Item, v *canvas.Text, pos fyne.Position) bool {
	if v.Text == "" {
		return false
	}
	it.Kind, it.Fill, it.style = Text, nrgba(v.Color), v.TextStyle
	if v.Color == nil {
		it.Fill = nrgba(theme.Color(theme.ColorNameForeground))
	}
	l := p.text.line(v.Text, v.TextSize, p.scale, v.TextStyle, p.book.set(v.TextStyle, v.FontSource, v))
	it.line = l.key
	size := v.Size()
	switch v.Alignment {
	case fyne.TextAlignTrailing:
		pos.X += size.Width - l.size.Width
	case fyne.TextAlignCenter:
		pos.X += (size.Width - l.size.Width) / 2
	}
	if size.Height > l.size.Height {
		pos.Y += (size.Height - l.size.Height) / 2
	}
	w := l.size
	if v.TextStyle.Italic {
		w.Width += v.TextSize / 5
	}
	p.box(it, pos, w)
	return it.Fill.A != 0
}

func (p *Painter) imageItem(it *Item, v *canvas.Image, pos fyne.Position) bool {
	size := v.Size()
	if v.Image == nil || size.IsZero() {
		return false
	}
	it.Kind, it.mode, it.fillm = Image, v.ScaleMode, v.FillMode
	p.box(it, pos, size)
	s := &it.shape
	w, h := s.w, s.h
	s.box[2], s.box[3] = w, h
	if aspect := v.Aspect(); v.FillMode == canvas.ImageFillContain && w > 0 && h > 0 && aspect > 0 {
		switch is := float32(w) / float32(h); {
		case is > aspect:
			s.w = int32(float32(h) * aspect)
			it.at.X += int(w-s.w) / 2
		case is < aspect:
			s.h = int32(float32(w) / aspect)
			it.at.Y += int(h-s.h) / 2
		}
		it.Bounds = image.Rect(0, 0, int(s.w), int(s.h)).Add(it.at)
	}
	s.a = float32(min(min(size.Width, size.Height)/2, v.CornerRadius) * p.scale)
	it.fade = 255
	if a := v.Alpha(); a != 1 {
		it.fade = uint8(255 * max(0, min(1, a)))
	}
	return it.fade != 0
}

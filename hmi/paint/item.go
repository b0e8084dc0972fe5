package paint

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Kind is what an item of the display list draws.
type Kind uint8

// Kinds of item.
const (
	Rectangle Kind = iota // rectangle, with or without rounded corners and stroke
	Circle
	Line
	Arc
	Polygon
	Text
	Image
	Raster
	LinearGradient
	RadialGradient
	Captured // an object of a type that this package does not know
)

func (k Kind) String() string {
	names := [...]string{"rectangle", "circle", "line", "arc", "polygon", "text", "image", "raster", "lineargradient", "radialgradient", "captured"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Item is one thing that the display list draws. Items are in the order in
// which they are painted.
type Item struct {
	Object fyne.CanvasObject // the Fyne object that it draws
	Widget fyne.Widget       // the innermost widget that the object belongs to; nil outside of any
	Kind   Kind
	Bounds image.Rectangle // pixels that it may touch, before clipping
	Clip   image.Rectangle // pixels that it is confined to
	Fill   color.NRGBA     // main colour; the text's for Text, the start colour of a gradient
	Stroke color.NRGBA     // colour of the outline; the end colour of a gradient

	shape shape   // geometry of vector kinds
	line  lineKey // Text
	style fyne.TextStyle
	at    image.Point // Text: top left of the text's picture
	turn  float64     // gradients: angle or centre offset
	turn2 float64
	fade  uint8 // Image: 255 is opaque
	mode  canvas.ImageScale
	fillm canvas.ImageFill
}

// Visible is the pixels that the item may touch.
func (it *Item) Visible() image.Rectangle { return it.Bounds.Intersect(it.Clip) }

// Text is the item's text, "" for other kinds.
func (it *Item) Text() string { return it.line.text }

// TextSize is the text's size in Fyne's units, 0 for other kinds.
func (it *Item) TextSize() float32 { return it.line.size }

// opaque tells whether the item leaves nothing of what lies beneath r.
func (p *Painter) opaque(it *Item, r image.Rectangle) bool {
	if !r.In(it.Visible()) {
		return false
	}
	switch it.Kind {
	case Rectangle:
		return it.Fill.A == 255 && it.shape.covers(r)
	case LinearGradient, RadialGradient:
		return it.Fill.A == 255 && it.Stroke.A == 255
	case Image, Raster:
		s := p.cache.sprites[spriteKey{kind: pictureObject, obj: it.Object}]
		return s != nil && s.opaque && r.In(image.Rectangle{it.at, it.at.Add(image.Pt(s.w, s.h))})
	}
	return false
}

// nrgba is c without premultiplication, as color.NRGBAModel has it but without
// its allocation.
func nrgba(c color.Color) color.NRGBA {
	switch v := c.(type) {
	case nil:
		return color.NRGBA{}
	case color.NRGBA:
		return v
	}
	r, g, b, a := c.RGBA()
	switch a {
	case 0xffff:
		return color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xff}
	case 0:
		return color.NRGBA{}
	}
	return color.NRGBA{uint8(r * 0xffff / a >> 8), uint8(g * 0xffff / a >> 8), uint8(b * 0xffff / a >> 8), uint8(a >> 8)}
}

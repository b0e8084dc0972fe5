package widget

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/theme"
)

// Cover is the picture of what plays, square, and a calm symbol in its place
// while there is none. It takes pictures that have its size in pixels already,
// with their corners cut: nothing is scaled while a frame is made.
type Cover struct {
	compound
	plate   *canvas.Rectangle
	glyph   *canvas.Image
	picture *canvas.Image
}

// NewCover is a Cover without a picture.
func NewCover(th *theme.Theme) *Cover {
	c := &Cover{plate: Plate(th.Surface2, 0), glyph: Icon(IconMedia, th.TextDisabled), picture: canvas.NewImageFromImage(nil)}
	c.picture.Hide()
	c.init(c, th, fyne.NewSize(64, 64), c.place, c.plate, c.glyph, c.picture)
	return c
}

func (c *Cover) place(b Box) {
	side := min(b.W, b.H)
	b = b.Centre(side, side)
	c.plate.CornerRadius = side * hmi.CoverRadius
	b.Place(c.plate, c.picture)
	b.Centre(side*0.4, side*0.4).Place(c.glyph)
}

// Pixels is the side that a picture must have, in pixels.
func (c *Cover) Pixels() int {
	s := c.Size()
	return int(math.Ceil(float64(float32(min(s.Width, s.Height) * c.th.Panel.Scale))))
}

// Set shows a picture; nil for none. Another one costs a repaint, the same none.
func (c *Cover) Set(img image.Image) {
	if c.picture.Image == img {
		return
	}
	c.picture.Image = img
	setVisible(c.picture, img != nil)
	setVisible(c.plate, img == nil)
	setVisible(c.glyph, img == nil)
	c.picture.Refresh()
}

// Picture is what is shown; nil for none.
func (c *Cover) Picture() image.Image { return c.picture.Image }

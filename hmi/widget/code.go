package widget

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"rsc.io/qr"

	"tandem/hmi/theme"
)

// Code is a QR code (ISO/IEC 18004): dark modules of whole pixels on a light
// plate, which is also the quiet zone. At night the plate is dimmed; dark on
// light it stays, because many readers take nothing else.
type Code struct {
	compound
	plate *canvas.Rectangle
	image *canvas.Image
	text  string
	code  *qr.Code
	each  int // pixels of a module that the picture was drawn with
}

// quiet is the least light border, in modules.
const quiet = 4

// NewCode is a code that says nothing yet.
func NewCode(th *theme.Theme) *Code {
	c := &Code{plate: Plate(codeLight(th), theme.RadiusTile), image: &canvas.Image{ScaleMode: canvas.ImageScalePixels, FillMode: canvas.ImageFillStretch}}
	c.image.Hide()
	c.plate.Hide()
	c.init(c, th, fyne.NewSize(200, 200), c.place, c.plate, c.image)
	return c
}

func codeLight(th *theme.Theme) colour {
	if th.IsNight {
		return theme.Blend(th.Text, th.Background, 0.45)
	}
	return color.NRGBA{255, 255, 255, 255}
}

// Set shows a text as a code; what cannot be one shows nothing.
func (c *Code) Set(text string) {
	if c.text == text {
		return
	}
	c.text, c.code, c.each = text, nil, 0
	if text != "" {
		if code, err := qr.Encode(text, qr.M); err == nil {
			c.code = code
		}
	}
	setVisible(c.image, c.code != nil)
	setVisible(c.plate, c.code != nil)
	if s := c.Size(); s.Width > 0 {
		c.place(BoxOf(s))
	}
}

// Text is what the code says.
func (c *Code) Text() string { return c.text }

func (c *Code) place(b Box) {
	side := min(b.W, b.H)
	b = b.Centre(side, side)
	b.Place(c.plate)
	if c.code == nil {
		return
	}
	scale := c.th.Panel.Scale
	each := int(side * scale / float32(c.code.Size+2*quiet))
	if each < 1 {
		setVisible(c.image, false)
		return
	}
	if each != c.each {
		c.each = each
		c.image.Image = modules(c.code, each, codeLight(c.th))
		c.image.Refresh()
	}
	px := (float32(c.code.Size*each) - 0.25) / scale // whole pixels, however a painter rounds
	at := b.Centre(px, px)
	snap := func(v float32) float32 { return float32(math.Round(float64(v*scale))) / scale }
	at.X, at.Y = snap(at.X), snap(at.Y)
	at.Place(c.image)
}

// modules is the code's picture, each module so many pixels wide.
func modules(code *qr.Code, each int, light colour) image.Image {
	n := code.Size * each
	im := image.NewPaletted(image.Rect(0, 0, n, n), color.Palette{light, color.NRGBA{0, 0, 0, 255}})
	for y := range n {
		for x := range n {
			if code.Black(x/each, y/each) {
				im.Pix[y*im.Stride+x] = 1
			}
		}
	}
	return im
}

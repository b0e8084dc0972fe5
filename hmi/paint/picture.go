package paint

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"
	"golang.org/x/image/draw"
)

// paintPictureItem draws an item that is a picture.
func (p *Painter) paintPictureItem(s *surface, it *Item) {
	k := p.pictureKey(it)
	sp := p.cache.sprite(k, p.tick)
	if sp == nil || (k.kind == pictureObject && (sp.w != int(it.shape.w) || sp.h != int(it.shape.h))) {
		sp = p.picture(it)
		p.cache.addSprite(k, sp, p.tick)
	}
	s.sprite(sp, it.at)
}

func (p *Painter) pictureKey(it *Item) spriteKey {
	switch it.Kind {
	case LinearGradient:
		return spriteKey{kind: pictureLinear, w: it.shape.w, h: it.shape.h, c0: packed(it.Fill), c1: packed(it.Stroke), f: it.turn}
	case RadialGradient:
		return spriteKey{kind: pictureRadial, w: it.shape.w, h: it.shape.h, c0: packed(it.Fill), c1: packed(it.Stroke), f: it.turn, g: it.turn2}
	}
	return spriteKey{kind: pictureObject, obj: it.Object}
}

func packed(c color.NRGBA) uint32 {
	return uint32(c.A)<<24 | uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B)
}

// picture makes the sprite of an item.
func (p *Painter) picture(it *Item) *sprite {
	w, h := int(it.shape.w), int(it.shape.h)
	switch it.Kind {
	case LinearGradient:
		return linear(w, h, it.Fill, it.Stroke, it.turn)
	case RadialGradient:
		return radial(w, h, it.Fill, it.Stroke, it.turn, it.turn2)
	case Image:
		return imageSprite(it, w, h)
	case Raster:
		img := it.Object.(*canvas.Raster).Generator(w, h)
		if img == nil {
			return newSprite(w, h, make([]byte, w*h*4))
		}
		if b := img.Bounds(); b.Dx() != w || b.Dy() != h {
			img = scaled(img, w, h, it.mode)
		}
		return spriteOf(img, 255)
	}
	return captured(it, w, h)
}

// scaled resizes as Fyne's painter does.
func scaled(img image.Image, w, h int, mode canvas.ImageScale) *image.NRGBA {
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	var by draw.Scaler = draw.CatmullRom
	switch mode {
	case canvas.ImageScalePixels:
		by = draw.NearestNeighbor
	case canvas.ImageScaleFastest:
		by = draw.ApproxBiLinear
	}
	by.Scale(dst, dst.Bounds(), img, img.Bounds(), draw.Over, nil)
	return dst
}

// imageSprite draws an image into the item's box: w times h is already the
// fitted size for ImageFillContain.
func imageSprite(it *Item, w, h int) *sprite {
	o := it.Object.(*canvas.Image)
	img := o.Image
	if img == nil || w <= 0 || h <= 0 {
		return newSprite(max(w, 0), max(h, 0), make([]byte, max(w, 0)*max(h, 0)*4))
	}
	full := image.Pt(int(it.shape.box[2]), int(it.shape.box[3]))
	if it.fillm == canvas.ImageFillCover {
		img = coverPart(img, o.Aspect(), w, h)
	} else if b := img.Bounds(); it.mode == canvas.ImageScaleSmooth && (b.Dx() != full.X || b.Dy() != full.Y) {
		// Fyne scales down to the object's box first, then into its place.
		img = scaled(img, min(full.X, b.Dx()), min(full.Y, b.Dy()), it.mode)
	}
	radius := it.shape.a
	if b := img.Bounds(); b.Dx() != w || b.Dy() != h || radius >= 0.5 {
		n := scaled(img, w, h, it.mode)
		if radius > 0.5 {
			roundOff(n, w, h, radius)
		}
		img = n
	}
	return spriteOf(img, uint32(it.fade))
}

// coverPart is the middle of the image that has the object's proportions.
func coverPart(img image.Image, aspect float32, w, h int) image.Image {
	in := img.Bounds()
	obj := float32(w) / float32(h)
	switch {
	case obj > aspect:
		nh := float32(w) / aspect
		pad := int(((nh - float32(h)) / 2 / nh) * float32(in.Dy()))
		in.Min.Y, in.Max.Y = in.Min.Y+pad, in.Max.Y-pad
	case obj < aspect:
		nw := float32(float32(h) * aspect)
		pad := int(((nw - float32(w)) / 2 / nw) * float32(in.Dx()))
		in.Min.X, in.Max.X = in.Min.X+pad, in.Max.X-pad
	}
	sub := image.NewRGBA(in)
	draw.Copy(sub, in.Min, img, in, draw.Over, nil)
	return sub
}

// roundOff makes the corners of an image transparent.
func roundOff(img *image.NRGBA, w, h int, radius float32) {
	n := min(int(math.Ceil(float64(radius))), w, h)
	out, in := float32((radius+0.5)*(radius+0.5)), float32((radius-0.5)*(radius-0.5))
	corner := func(x0, x1, y0, y1 int, cx, cy float32) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				dx, dy := float32(x)-cx, float32(y)-cy
				d := float32(dx*dx) + float32(dy*dy)
				a := &img.Pix[img.PixOffset(x, y)+3]
				if d >= out {
					*a = 0
				} else if d > in {
					*a = uint8(float32(*a) * ((out - d) / (out - in)))
				}
			}
		}
	}
	r, b := float32(w)-radius, float32(h)-radius
	corner(0, n, 0, n, radius, radius)
	corner(w-n, w, 0, n, r, radius)
	corner(0, n, h-n, h, radius, b)
	corner(w-n, w, h-n, h, r, b)
}

// captured lets Fyne's own painter draw an object of a type unknown here.
func captured(it *Item, w, h int) *sprite {
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	o := it.Object
	pos, size := o.Position(), o.Size()
	c.SetContent(container.NewWithoutLayout(o))
	c.Resize(fyne.NewSize(float32(w), float32(h)))
	o.Move(fyne.Position{})
	o.Resize(size)
	img := c.Capture()
	o.Move(pos)
	return spriteOf(img, 255)
}

package display

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// noticeAfter is how long a picture may stand without its producer before a
// strip over it says so: longer than a quick restart, too short to mislead.
const noticeAfter = time.Second

var (
	noticeGround = color.RGBA{0xff, 0xb3, 0x00, 0xff} // warning amber
	noticeInk    = color.RGBA{0x20, 0x16, 0x00, 0xff} // 9:1 on it
)

// noticesLocked puts the strip on every layer whose producer has been gone
// long enough, and says when the next one is due.
func (c *Compositor) noticesLocked(now time.Time) (due time.Time, ok bool) {
	for _, l := range c.layers {
		if l.gone.IsZero() || l.notice != nil || l.rectLocked().Empty() {
			continue
		}
		if at := l.gone.Add(noticeAfter); at.After(now) {
			if !ok || at.Before(due) {
				due, ok = at, true
			}
			continue
		}
		p, err := noticePlane(l.rectLocked(), c.noticeText(l.kind))
		if err != nil { // an embedded font that does not parse
			c.log.Error("draw notice", "err", err)
			continue
		}
		l.notice = p
		c.expose(p.rect)
	}
	return due, ok
}

func (c *Compositor) noticeText(k LayerKind) string {
	if s, ok := c.notices[k]; ok {
		return s
	}
	switch k {
	case Video:
		return "Projection restarting"
	case Camera:
		return "Camera picture lost"
	case Telltales:
		return "Warning lights restarting"
	default:
		return "Display restarting"
	}
}

// noticePlane draws the strip along the upper edge of r.
func noticePlane(r image.Rectangle, text string) (*plane, error) {
	r.Max.Y = min(r.Max.Y, r.Min.Y+max(24, r.Dy()/13))
	m := image.NewRGBA(image.Rectangle{Max: r.Size()})
	draw.Draw(m, m.Rect, image.NewUniform(noticeGround), image.Point{}, draw.Src)
	ttf, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("parse the notice's font: %w", err)
	}
	face, err := opentype.NewFace(ttf, &opentype.FaceOptions{Size: float64(r.Dy()) * 0.58, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("scale the notice's font: %w", err)
	}
	d := font.Drawer{Dst: m, Src: image.NewUniform(noticeInk), Face: face}
	d.Dot = fixed.Point26_6{
		X: (fixed.I(r.Dx()) - d.MeasureString(text)) / 2,
		Y: (fixed.I(r.Dy()) + face.Metrics().CapHeight) / 2,
	}
	d.DrawString(text)
	if err := face.Close(); err != nil {
		return nil, fmt.Errorf("close the notice's font: %w", err)
	}
	for i := 0; i < len(m.Pix); i += 4 { // RGBA to BGRX
		m.Pix[i], m.Pix[i+2] = m.Pix[i+2], m.Pix[i]
	}
	return &plane{pix: m.Pix, stride: m.Stride, origin: r.Min, rect: r}, nil
}

package theme

import (
	"image/color"
	"math"
)

// Palette is one set of colours. Elevation is by grey steps (Surface1 to
// Surface3), not by shadows. Every text and icon colour reaches 4.5:1 on
// Background, Surface1 and Surface2; OnX reaches it on X.
type Palette struct {
	IsNight bool

	Background color.NRGBA // behind everything
	Surface1   color.NRGBA // cards, dock, strips
	Surface2   color.NRGBA // controls on cards
	Surface3   color.NRGBA // pressed controls, tracks, separators

	Text         color.NRGBA // what is read first
	TextSecond   color.NRGBA // units, captions, advice
	TextDisabled color.NRGBA // what cannot be used now; still readable, so that its reason can be

	Accent     color.NRGBA // active, asked: lines, arcs, icons, texts
	AccentFill color.NRGBA // selected: plates; at night dim, so that a row of them does not blind
	OnAccent   color.NRGBA // on AccentFill
	Focus      color.NRGBA // ring of the rotary focus

	Warning, OnWarning   color.NRGBA // amber: act soon
	Critical, OnCritical color.NRGBA // red: act now
	OK                   color.NRGBA // green: on, or back in order
	Charging             color.NRGBA // cyan: energy into the battery
	Mark                 color.NRGBA // amber of large shapes, such as an open door; too light for texts by day
	Beam                 color.NRGBA // blue: high beam
}

// Night is light on dark, built up from black.
func Night() Palette {
	return Palette{
		IsNight:    true,
		Background: rgb(0x06090d), Surface1: rgb(0x131921), Surface2: rgb(0x1f2733), Surface3: rgb(0x303b4a),
		Text: rgb(0xf2f5f8), TextSecond: rgb(0xa9b4c2), TextDisabled: rgb(0x8793a3),
		Accent: rgb(0x4fc3ff), AccentFill: rgb(0x1d74a5), OnAccent: rgb(0xf2f5f8), Focus: rgb(0xf2f5f8),
		Warning: rgb(0xffb300), OnWarning: rgb(0x1f1500), Critical: rgb(0xff6b6b), OnCritical: rgb(0x240404),
		OK: rgb(0x4cd07d), Charging: rgb(0x26d7e8), Mark: rgb(0xffb300), Beam: rgb(0x86a8ff),
	}
}

// Day is dark on light.
func Day() Palette {
	return Palette{
		Background: rgb(0xe9edf1), Surface1: rgb(0xffffff), Surface2: rgb(0xeef1f5), Surface3: rgb(0xd3dae2),
		Text: rgb(0x10151b), TextSecond: rgb(0x445062), TextDisabled: rgb(0x5b6777),
		Accent: rgb(0x0061a4), AccentFill: rgb(0x0061a4), OnAccent: rgb(0xffffff), Focus: rgb(0x10151b),
		Warning: rgb(0x9c4f00), OnWarning: rgb(0xffffff), Critical: rgb(0xb3261e), OnCritical: rgb(0xffffff),
		OK: rgb(0x0f7438), Charging: rgb(0x00626e), Mark: rgb(0xffb300), Beam: rgb(0x2450c8),
	}
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

// Contrast is the WCAG 2 contrast ratio of two opaque colours, 1 to 21.
func Contrast(a, b color.NRGBA) float64 {
	x, y := Luminance(a), Luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// Luminance is the relative luminance of an opaque sRGB colour, 0 to 1 (WCAG 2).
func Luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

// Blend is c mixed toward d: 0 is c, 1 is d.
func Blend(c, d color.NRGBA, t float64) color.NRGBA {
	mix := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t + 0.5) }
	return color.NRGBA{R: mix(c.R, d.R), G: mix(c.G, d.G), B: mix(c.B, d.B), A: mix(c.A, d.A)}
}

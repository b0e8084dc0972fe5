package widget

import "image/color"

// colour is every colour of the palette.
type colour = color.NRGBA

// colours is the plate of a control. Selected is filled with the accent;
// asked for is only outlined with it, so that a wish never looks like a fact;
// disabled is flat.
func (c *Control) colours() (fill, stroke color.NRGBA) {
	t := c.th
	switch {
	case c.disabled:
		return t.Surface1, t.Surface3
	case c.state.Pending:
		fill = t.Surface2
		if c.pressed {
			fill = t.Surface3
		}
		return fill, t.Accent
	case c.state.On && c.pressed:
		return blend(t.Accent, t.OnAccent), blend(t.Accent, t.OnAccent)
	case c.state.On:
		return t.Accent, t.Accent
	case c.pressed:
		return t.Surface3, t.Surface3
	}
	return t.Surface2, t.Surface2
}

// ink is the colour of what stands on the plate.
func (c *Control) ink() color.NRGBA {
	t := c.th
	switch {
	case c.disabled:
		return t.TextDisabled
	case c.state.Pending:
		return t.Accent
	case c.state.On:
		return t.OnAccent
	case c.state.Unknown:
		return t.TextSecond
	}
	return t.Text
}

// blend is a pressed accent: a step toward the ink that stands on it, small
// enough to keep the ink readable.
func blend(a, ink color.NRGBA) color.NRGBA {
	mix := func(x, y uint8) uint8 { return uint8((int(x)*7 + int(y)) / 8) }
	return color.NRGBA{mix(a.R, ink.R), mix(a.G, ink.G), mix(a.B, ink.B), 255}
}

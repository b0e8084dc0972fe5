package widget

import "image/color"

// colour is every colour of the palette.
type colour = color.NRGBA

// ground is what a control lies on, which decides its grey.
type ground int

const (
	onCard   ground = iota // Surface2 on a card
	onGround               // Surface1 on the background
	inDock                 // nothing, until it is selected
	bare                   // never a plate: the control draws itself
)

// colours is the plate of a control. Selected is filled with the accent;
// asked for is only outlined with it, so that a wish never looks like a fact;
// disabled is flat.
func (c *Control) colours() (fill, stroke color.NRGBA) {
	t := c.th
	rest := t.Surface2
	switch c.ground {
	case onGround:
		rest = t.Surface1
	case inDock:
		return c.dockColours()
	case bare:
		return fill, stroke
	}
	switch {
	case c.disabled && c.state.On:
		return t.Surface3, t.Surface3
	case c.disabled:
		return t.Surface1, t.Surface3
	case c.state.Pending:
		fill = rest
		if c.pressed {
			fill = t.Surface3
		}
		return fill, t.Accent
	case c.state.On && c.pressed:
		return darker(t.AccentFill), darker(t.AccentFill)
	case c.state.On:
		return t.AccentFill, t.AccentFill
	case c.pressed:
		return t.Surface3, t.Surface3
	}
	return rest, rest
}

// dockColours is the plate of a tile of the dock: only the present screen and
// the pressed tile have one.
func (c *Control) dockColours() (fill, stroke color.NRGBA) {
	t := c.th
	switch {
	case c.pressed:
		fill = t.Surface3
	case c.state.On && t.IsNight:
		fill = t.Surface2
	case c.state.On:
		fill = t.Surface1
	default:
		fill = t.Background
	}
	return fill, fill
}

// ink is the colour of what stands on the plate.
func (c *Control) ink() color.NRGBA {
	t := c.th
	switch {
	case c.disabled && c.state.On:
		return t.Text
	case c.disabled:
		return t.TextDisabled
	case c.ground == inDock && c.state.On:
		return t.Accent
	case c.ground == inDock:
		return t.TextSecond
	case c.state.Pending:
		return t.Accent
	case c.state.On:
		return t.OnAccent
	case c.state.Unknown:
		return t.TextSecond
	}
	return t.Text
}

// darker is a pressed plate: away from the light ink that stands on it.
func darker(c color.NRGBA) color.NRGBA {
	part := func(x uint8) uint8 { return uint8(int(x) * 3 / 4) }
	return color.NRGBA{part(c.R), part(c.G), part(c.B), 255}
}

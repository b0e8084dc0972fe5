package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/mobile"
	fwidget "fyne.io/fyne/v2/widget"

	"tandem/hmi/theme"
)

// State is how a control is to be shown.
type State struct {
	On      bool // selected or active
	Pending bool // asked for, not yet reported
	Unknown bool // nothing is known of it
}

// Control is the base of everything that can be touched: a plate, pressed for
// as long as the finger is down, and unreachable by touch, rotary and key while
// it is disabled. The ring around the focused one is drawn by hmi/fynedriver.
type Control struct {
	fwidget.BaseWidget

	Name   string              // what it is called when spoken, and in tests
	Denied func(reason string) // called when a person touches what is forbidden; may be nil
	th     *theme.Theme
	tap    func()
	show   func() // draws what depends on the state
	state  State
	reason string

	pressed, focused, disabled bool
	ground                     ground
	foreign                    bool

	plate *canvas.Rectangle
	rend  renderer
}

// init prepares the control with its plate; extra objects are drawn over it.
func (c *Control) init(super fyne.Widget, th *theme.Theme, name string, tap func()) {
	c.ExtendBaseWidget(super)
	c.th, c.Name, c.tap = th, name, tap
	c.plate = Plate(th.Surface2, theme.RadiusButton)
	c.rend.min = th.Panel.Button
}

// draws sets what lies on the plate, how it is placed and how it is shown.
func (c *Control) draws(place func(Box), show func(), objects ...fyne.CanvasObject) {
	c.show = show
	c.rend.objects = append([]fyne.CanvasObject{c.plate}, objects...)
	c.rend.layout = func(b Box) {
		b.Place(c.plate)
		place(b)
	}
	c.restyle()
}

// CreateRenderer is part of fyne.Widget.
func (c *Control) CreateRenderer() fyne.WidgetRenderer { return &c.rend }

// MinSize is the least size of a target, or more.
func (c *Control) MinSize() fyne.Size { return c.rend.min }

// SetState shows another state if it is another.
func (c *Control) SetState(s State) {
	if c.state == s {
		return
	}
	c.state = s
	c.restyle()
}

// State is what is shown.
func (c *Control) State() State { return c.state }

// Tapped is part of fyne.Tappable.
func (c *Control) Tapped(*fyne.PointEvent) { c.activate() }

func (c *Control) activate() {
	switch {
	case c.disabled:
		if c.Denied != nil && c.reason != "" {
			c.Denied(c.reason)
		}
	case c.tap != nil:
		c.tap()
	}
}

// TouchDown is part of mobile.Touchable: the control looks pressed at once.
func (c *Control) TouchDown(*mobile.TouchEvent) { c.press(true) }

// TouchUp is part of mobile.Touchable.
func (c *Control) TouchUp(*mobile.TouchEvent) { c.press(false) }

// TouchCancel is part of mobile.Touchable.
func (c *Control) TouchCancel(*mobile.TouchEvent) { c.press(false) }

func (c *Control) press(on bool) {
	if on = on && !c.disabled; c.pressed != on {
		c.pressed = on
		c.restyle()
	}
}

// FocusGained is part of fyne.Focusable: the rotary controller is here.
func (c *Control) FocusGained() { c.focus(true) }

// FocusLost is part of fyne.Focusable.
func (c *Control) FocusLost() { c.focus(false) }

func (c *Control) focus(on bool) { c.focused = on }

// TypedRune is part of fyne.Focusable.
func (c *Control) TypedRune(r rune) {
	if r == ' ' {
		c.activate()
	}
}

// TypedKey is part of fyne.Focusable: Return, Enter and the press of a rotary
// controller tap the control.
func (c *Control) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		c.activate()
	}
}

// Enable makes the control usable. Part of fyne.Disableable.
func (c *Control) Enable() { c.Forbid("") }

// Disable makes the control unusable without a reason. Part of fyne.Disableable.
func (c *Control) Disable() { c.setDisabled(true) }

// Disabled is part of fyne.Disableable.
func (c *Control) Disabled() bool { return c.disabled }

// Forbid makes the control unusable for a reason that a person can read;
// an empty reason makes it usable again.
func (c *Control) Forbid(reason string) {
	c.reason = reason
	c.setDisabled(reason != "")
}

// Usable says whether there is anything to use: a control of something of which
// nothing is known is disabled without a reason.
func (c *Control) Usable(on bool) { c.setDisabled(!on || c.reason != "") }

// Reason is why the control is forbidden.
func (c *Control) Reason() string { return c.reason }

func (c *Control) setDisabled(off bool) {
	if c.disabled == off {
		return
	}
	c.disabled, c.pressed = off, false
	if off && c.focused {
		if cv := fyne.CurrentApp().Driver().CanvasForObject(c.plate); cv != nil {
			cv.Unfocus()
		}
		c.focus(false)
	}
	c.restyle()
}

// restyle draws the plate for the state and lets the widget draw the rest.
func (c *Control) restyle() {
	fill, stroke := c.colours()
	if c.plate.StrokeColor != stroke || c.plate.FillColor != fill {
		c.plate.FillColor, c.plate.StrokeColor = fill, stroke
		c.plate.StrokeWidth = 0
		if stroke != fill {
			c.plate.StrokeWidth = 3
		}
		c.plate.Refresh()
	}
	if c.show != nil {
		c.show()
	}
}

// Foreign reports whether the control's words are from outside and may be
// shortened, for hmi/lint.
func (c *Control) Foreign() bool { return c.foreign }

// Called is what the control is called when spoken, and in dumps.
func (c *Control) Called() string { return c.Name }

// Status is the state in words for dumps: "on pending unknown disabled
// pressed focused", those that hold.
func (c *Control) Status() string {
	s := ""
	for _, w := range []struct {
		on   bool
		word string
	}{{c.state.On, " on"}, {c.state.Pending, " pending"}, {c.state.Unknown, " unknown"}, {c.disabled, " disabled"}, {c.pressed, " pressed"}, {c.focused, " focused"}} {
		if w.on {
			s += w.word
		}
	}
	return s
}

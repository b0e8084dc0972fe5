// Package screen holds the shell's screens, one file per screen, and what
// stands around them: status bar, dock, climate strip. A screen is made for
// one look from a Kit, is shown Views of the car, and sends wishes; it does
// not know where Views come from or what becomes of wishes.
package screen

import (
	"image"
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
	"tandem/vehicle"
)

// About is what the settings say of the software.
type About struct {
	Version string // of the build
	Car     string // name of the car model
}

// Kit is what every screen is made with.
type Kit struct {
	Theme  *theme.Theme
	Format *lang.Format
	Model  *hmi.Model       // what a touch starts from; the one that Views show
	Send   func(hmi.Intent) // takes a wish; called on the UI goroutine
	About  About

	Profile phonelink.Profile // the driver's; "": DriverProfile

	// Cover is the picture of a source, square, so many pixels wide and with
	// its corners cut (hmi.CoverRadius); nil while there is none. It is
	// asked in every frame, on the UI goroutine. A nil Cover has none at all.
	Cover func(c hmi.Cover, px int) image.Image
}

// DriverProfile is the profile of a car with one driver.
const DriverProfile phonelink.Profile = "owner"

// View is what a screen is shown: one moment.
type View struct {
	Model *hmi.Model
	State hmi.State
	Allow restrict.Restrictions
}

// Screen is one screen or fixed part. Update shows a View and costs nothing
// for what has not changed; Tick moves pointers to a moment and reports
// whether one still moves. Both are called on the UI goroutine.
type Screen interface {
	Object() fyne.CanvasObject
	Needs() []Need
	Update(v *View)
	Tick(now time.Time) bool
}

// Need is a control that driving restrictions may take away.
type Need struct {
	Flags  restrict.Flags
	Forbid func(reason string) // "" allows it
}

// ticker is a widget with a pointer.
type ticker interface{ Tick(now time.Time) bool }

// base is what the screens share.
type base struct {
	*Kit
	root    fyne.CanvasObject
	needs   []Need
	tickers []ticker
	updates []func(v *View)

	moreText [32]string
}

// Object is the screen's root.
func (b *base) Object() fyne.CanvasObject { return b.root }

// Needs are the screen's controls that may be taken away.
func (b *base) Needs() []Need { return b.needs }

// Update is part of Screen.
func (b *base) Update(v *View) {
	for _, u := range b.updates {
		u(v)
	}
	for _, n := range b.needs {
		if v.Allow.Allows(n.Flags) {
			n.Forbid("")
		} else {
			n.Forbid(b.Format.Words.ParkFirst)
		}
	}
}

// Tick is part of Screen.
func (b *base) Tick(now time.Time) bool {
	moving := false
	for _, t := range b.tickers {
		if t.Tick(now) {
			moving = true
		}
	}
	return moving
}

// on adds what an Update does.
func (b *base) on(u func(v *View)) { b.updates = append(b.updates, u) }

func (b *base) words() *lang.Words { return b.Format.Words }

func (b *base) panel() theme.Panel { return b.Theme.Panel }

func (b *base) ask(p vehicle.Path, v vehicle.Value) { b.Send(hmi.Ask{Path: p, Value: v}) }

// explain tells a person why something is forbidden.
func (b *base) explain(reason string) { b.Send(hmi.Explain{Text: reason}) }

// toggle is a tile for something that is on or off.
func (b *base) toggle(glyph widget.IconName, label, name string, path vehicle.Path, c func(*hmi.Model) *hmi.Control[bool]) *widget.Tile {
	t := widget.NewTile(b.Theme, glyph, label, name, 0, func() {
		if r, _ := c(b.Model).Shown(); r.OK {
			b.ask(path, vehicle.BoolOf(!r.Value))
		}
	})
	b.on(func(v *View) {
		r, pending := c(v.Model).Shown()
		t.SetState(widget.State{On: r.Is(true), Pending: pending, Unknown: !r.OK})
		t.Usable(r.OK)
	})
	return t
}

// heat is a tile for heating in three levels; a tap goes down from high.
func (b *base) heat(glyph widget.IconName, label, name string, path vehicle.Path, c func(*hmi.Model) *hmi.Control[float64]) *widget.Tile {
	t := widget.NewTile(b.Theme, glyph, label, name, 3, func() {
		if v, ok := hmi.NextHeat(*c(b.Model)); ok {
			b.ask(path, vehicle.NumberOf(v))
		}
	})
	b.on(func(v *View) {
		r, pending := c(v.Model).Shown()
		t.SetLevel(hmi.HeatLevel(r.Value), widget.State{Pending: pending, Unknown: !r.OK})
		t.Usable(r.OK)
	})
	return t
}

// temperature is a stepper for a set temperature.
func (b *base) temperature(style theme.Style, who string, path vehicle.Path, c func(*hmi.Model) *hmi.Control[float64]) *widget.Stepper {
	w := b.words()
	step := func(by float64) (float64, bool) {
		return hmi.StepNumber(*c(b.Model), by, hmi.TemperatureStep, hmi.TemperatureMin, hmi.TemperatureMax)
	}
	tap := func(by float64) func() {
		return func() {
			if v, ok := step(by); ok {
				b.ask(path, vehicle.NumberOf(v))
			}
		}
	}
	s := widget.NewStepper(b.Theme, style, who+": "+w.Cooler, who+": "+w.Warmer, tap(-1), tap(1))
	var last stepperView
	b.on(func(v *View) {
		r, pending := c(v.Model).Shown()
		now := stepperView{r, pending, true}
		if now == last {
			return
		}
		last = now
		_, less := step(-1)
		_, more := step(1)
		s.Set(b.Format.Temperature(r, 1), widget.State{Pending: pending, Unknown: !r.OK}, less, more)
	})
	return s
}

type stepperView struct {
	r       hmi.Num
	pending bool
	drawn   bool
}

// fan is the selector of the fan, which is one for both sides.
func (b *base) fan() *widget.Levels {
	w := b.words()
	c := func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Driver.Fan }
	step := func(by float64) (float64, bool) {
		return hmi.StepNumber(*c(b.Model), by, hmi.FanStep, 0, 100)
	}
	tap := func(by float64) func() {
		return func() {
			if v, ok := step(by); ok {
				b.ask(vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(v))
			}
		}
	}
	l := widget.NewLevels(b.Theme, widget.IconFan, 10, w.FanLess, w.FanMore, tap(-1), tap(1))
	b.on(func(v *View) {
		r, pending := c(v.Model).Shown()
		_, less := step(-1)
		_, more := step(1)
		l.Set(fanLevel(r), b.fanText(r), widget.State{Pending: pending, Unknown: !r.OK}, less, more)
	})
	return l
}

func fanLevel(r hmi.Num) int { return int(r.Value/hmi.FanStep + 0.5) }

func (b *base) fanText(r hmi.Num) string {
	switch {
	case !r.OK:
		return lang.Dash
	case fanLevel(r) == 0:
		return b.words().Off
	}
	return b.Format.Whole(float64(fanLevel(r)))
}

// New makes a screen.
func New(k *Kit, which hmi.Screen) Screen {
	switch which {
	case hmi.Instruments:
		return NewInstruments(k)
	case hmi.MediaScreen:
		return NewMedia(k)
	case hmi.PhoneScreen:
		return NewPhone(k)
	case hmi.ClimateScreen:
		return NewClimate(k)
	case hmi.VehicleScreen:
		return NewVehicle(k)
	case hmi.SettingsScreen:
		return NewSettings(k)
	}
	return NewHome(k)
}

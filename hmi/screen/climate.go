package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/vehicle"
)

// NewClimate is the climate screen: a zone at each side, fan and air between
// them, everything that is on or off below.
func NewClimate(k *Kit) Screen {
	s := &base{Kit: k}
	p := s.panel()
	fan, air := s.fan(), s.air()
	tiles := s.climateTiles()
	grid := func(b widget.Box) {
		for i, t := range tiles {
			b.Row(i/5, 2, p.Gap).Column(i%5, 5, p.Gap).Place(t)
		}
	}
	if p.Class == theme.Compact {
		s.root = widget.Free(func(b widget.Box) {
			b = b.Inset(p.Margin, p.Margin)
			top, b := b.Top(p.Button.Height, p.Gap)
			top.Column(0, 2, p.Gap).Place(fan)
			top.Column(1, 2, p.Gap).Place(air)
			grid(b)
		}, append([]fyne.CanvasObject{fan, air}, tiles...)...)
		return s
	}
	w := s.words()
	left := s.zone(w.Driver, vehicle.ClimateDriverTemperature, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Driver.Temperature })
	right := s.zone(w.Passenger, vehicle.ClimatePassengerTemperature, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Passenger.Temperature })
	mid := widget.NewCard(k.Theme, widget.IconFan, w.Air, func(b widget.Box) {
		top, b := b.Top(p.Button.Height, theme.Space4)
		top.Place(fan)
		row, _ := b.Top(p.Button.Height, 0)
		row.Place(air)
	}, fan, air)
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		top, b := b.Top(256, p.Gap)
		side := (top.W - 2*p.Gap) * 0.31
		l, top := top.Left(side, p.Gap)
		l.Place(left)
		r, top := top.Right(side, p.Gap)
		r.Place(right)
		top.Place(mid)
		grid(b)
	}, append([]fyne.CanvasObject{left, mid, right}, tiles...)...)
	return s
}

// zone is one side's set temperature, large.
func (s *base) zone(who string, path vehicle.Path, c func(*hmi.Model) *hmi.Control[float64]) fyne.CanvasObject {
	t := s.temperature(s.panel().Type.Headline, who, path, c)
	return widget.NewCard(s.Theme, widget.IconClimate, who, func(b widget.Box) {
		b.Centre(b.W, s.panel().Button.Height+theme.Space4).Place(t)
	}, t)
}

// air is where the air goes; one for both sides.
func (s *base) air() *widget.Choice {
	w := s.words()
	values := []string{"UP", "MIDDLE", "DOWN"}
	c := widget.NewChoice(s.Theme, []widget.Option{
		{Glyph: widget.IconAirUp, Name: w.Air + ": " + w.AirUp}, {Glyph: widget.IconAirMiddle, Name: w.Air + ": " + w.AirMiddle}, {Glyph: widget.IconAirDown, Name: w.Air + ": " + w.AirDown},
	}, func(i int) { s.ask(vehicle.ClimateDriverAirDistribution, vehicle.TextOf(values[i])) })
	s.on(func(v *View) {
		r, pending := v.Model.Climate.Driver.Air.Shown()
		chosen := -1
		for i, x := range values {
			if r.Is(x) {
				chosen = i
			}
		}
		c.Set(chosen, pending)
	})
	return c
}

// climateTiles are the ten tiles, in two rows of five.
func (s *base) climateTiles() []fyne.CanvasObject {
	w := s.words()
	sync := widget.NewTile(s.Theme, widget.IconSync, w.Sync, w.Sync, 0, func() { s.Send(hmi.ToggleSync{}) })
	s.on(func(v *View) { sync.SetState(widget.State{On: v.State.Settings.Sync}) })
	return []fyne.CanvasObject{
		s.toggle(widget.IconAC, w.AC, w.AC, vehicle.IsAirConditioningActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.AC }),
		sync,
		s.toggle(widget.IconRecirculate, w.Recirculation, w.Recirculation, vehicle.IsRecirculationActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.Recirculation }),
		s.toggle(widget.IconFrontDefrost, w.FrontDefrost, w.FrontDefrost, vehicle.IsFrontDefrosterActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.FrontDefrost }),
		s.toggle(widget.IconRearDefrost, w.RearDefrost, w.RearDefrost, vehicle.IsRearDefrosterActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.RearDefrost }),
		s.heat(widget.IconSeat, w.SeatDriver, w.SeatDriver, vehicle.SeatRow1DriverHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Driver.Seat }),
		s.heat(widget.IconSeat, w.SeatPassenger, w.SeatPassenger, vehicle.SeatRow1PassengerHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Passenger.Seat }),
		s.heat(widget.IconWheel, w.Wheel, w.Wheel, vehicle.SteeringWheelHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Wheel }),
		s.toggle(widget.IconMirror, w.Mirrors, w.Mirrors, vehicle.MirrorsDriverIsHeatingOn, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.Mirrors }),
		s.toggle(widget.IconWindscreen, w.Windscreen, w.Windscreen, vehicle.WindshieldFrontIsHeatingOn, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.Windscreen }),
	}
}

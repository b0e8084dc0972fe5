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
	tiles, per := s.climateTiles(p.Class == theme.Compact)
	grid := func(b widget.Box) {
		for i, t := range tiles {
			b.Row(i/per, 2, p.Gap).Column(i%per, per, p.Gap).Place(t)
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
	left := s.zone(w.Driver, w.SeatDriver, vehicle.ClimateDriverTemperature, vehicle.SeatRow1DriverHeating, func(m *hmi.Model) *hmi.Zone { return &m.Climate.Driver })
	right := s.zone(w.Passenger, w.SeatPassenger, vehicle.ClimatePassengerTemperature, vehicle.SeatRow1PassengerHeating, func(m *hmi.Model) *hmi.Zone { return &m.Climate.Passenger })
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

// zone is one side: its temperature and its seat.
func (s *base) zone(who, seatName string, temp, seat vehicle.Path, z func(*hmi.Model) *hmi.Zone) fyne.CanvasObject {
	p, w := s.panel(), s.words()
	t := s.temperature(p.Type.Headline, who, temp, func(m *hmi.Model) *hmi.Control[float64] { return &z(m).Temperature })
	h := s.heat(widget.IconSeat, w.SeatHeat, seatName, seat, func(m *hmi.Model) *hmi.Control[float64] { return &z(m).Seat }).Wide()
	return widget.NewCard(s.Theme, widget.IconClimate, who, func(b widget.Box) {
		row, b := b.Top(p.Button.Height, theme.Space4)
		row.Place(t)
		row, _ = b.Top(p.Button.Height, 0)
		row.Place(h)
	}, t, h)
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
		c.Usable(r.OK)
	})
	return c
}

// climateTiles are what is on or off, for two rows of so many each; with the
// seats where the zones have no room for them.
func (s *base) climateTiles(seats bool) (tiles []fyne.CanvasObject, per int) {
	w := s.words()
	sync := widget.NewTile(s.Theme, widget.IconSync, w.Sync, w.Sync, 0, func() { s.Send(hmi.ToggleSync{}) })
	s.on(func(v *View) { sync.SetState(widget.State{On: v.State.Settings.Sync}) })
	all := []*widget.Tile{
		s.toggle(widget.IconAC, w.AC, w.AC, vehicle.IsAirConditioningActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.AC }),
		sync,
		s.toggle(widget.IconRecirculate, w.Recirculation, w.Recirculation, vehicle.IsRecirculationActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.Recirculation }),
		s.toggle(widget.IconFrontDefrost, w.FrontDefrost, w.Defrost+": "+w.FrontDefrost, vehicle.IsFrontDefrosterActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.FrontDefrost }),
		s.toggle(widget.IconRearDefrost, w.RearDefrost, w.Defrost+": "+w.RearDefrost, vehicle.IsRearDefrosterActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.RearDefrost }),
		s.heat(widget.IconWheel, w.Wheel, w.Wheel, vehicle.SteeringWheelHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Wheel }),
		s.toggle(widget.IconMirror, w.Mirrors, w.Mirrors, vehicle.MirrorsDriverIsHeatingOn, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.Mirrors }),
		s.toggle(widget.IconWindscreen, w.Windscreen, w.Windscreen, vehicle.WindshieldFrontIsHeatingOn, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.Windscreen }),
	}
	if seats {
		all = append(all,
			s.heat(widget.IconSeat, w.SeatDriver, w.SeatDriver, vehicle.SeatRow1DriverHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Driver.Seat }),
			s.heat(widget.IconSeat, w.SeatPassenger, w.SeatPassenger, vehicle.SeatRow1PassengerHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Passenger.Seat }))
	}
	for _, t := range all {
		tiles = append(tiles, t.OnGround())
	}
	return tiles, len(all) / 2
}

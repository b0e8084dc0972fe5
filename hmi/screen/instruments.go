package screen

import (
	"math"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// lampsOfCluster are the telltales of the instruments in their places.
func lampsOfCluster() []hmi.Telltale {
	return []hmi.Telltale{
		hmi.LampLeft, hmi.LampAirbag, hmi.LampBelt, hmi.LampParkingBrake, hmi.LampDoor, hmi.LampBatteryHot, hmi.LampSupply, hmi.LampABS,
		hmi.LampESC, hmi.LampESCOff, hmi.LampTyre, hmi.LampChargeLow, hmi.LampBulb, hmi.LampLane, hmi.LampService, hmi.LampFogRear,
		hmi.LampFogFront, hmi.LampParking, hmi.LampLow, hmi.LampHigh, hmi.LampCruise, hmi.LampRight,
	}
}

// gauge is the speed gauge in the chosen unit.
func (b *base) gauge(style theme.Style) *widget.Gauge {
	f := b.Format
	top := 200.0
	if f.Miles() {
		top = 120
	}
	g := widget.NewGauge(b.Theme, style, top, 20, f.SpeedUnit(), f.Whole)
	b.on(func(v *View) {
		r := v.Model.Drive.Speed
		g.Set(f.SpeedIn(r.Value), f.Speed(r), r.OK)
	})
	b.tickers = append(b.tickers, g)
	return g
}

// gears is the row P R N D with the present one bright.
func (b *base) gears() fyne.CanvasObject {
	st := theme.Style{Size: 32, Bold: true}
	all := [...]hmi.Gear{hmi.GearP, hmi.GearR, hmi.GearN, hmi.GearD}
	var objects []fyne.CanvasObject
	mark := widget.Plate(b.Theme.AccentFill, 14)
	objects = append(objects, mark)
	for _, g := range all {
		objects = append(objects, widget.CentreText(st, b.Theme.TextDisabled, g.String()))
	}
	present := hmi.Gear(-1)
	row := widget.Free(func(area widget.Box) {
		for i := range all {
			c := area.Column(i, len(all), 0)
			c.Place(objects[i+1])
			if all[i] == present {
				c.Centre(48, min(48, area.H)).Place(mark)
			}
		}
	}, objects...)
	b.on(func(v *View) {
		if v.Model.Gear == present {
			return
		}
		present = v.Model.Gear
		mark.Hide()
		for i, g := range all {
			c := b.Theme.TextDisabled
			if g == present {
				c = b.Theme.OnAccent
				mark.Show()
			}
			widget.SetText(widget.TextOf(objects[i+1]), g.String(), c)
		}
		row.Layout.Layout(row.Objects, row.Size())
	})
	return row
}

// fact is a captioned figure that follows a reading.
func (b *base) fact(caption string, style theme.Style, align fyne.TextAlign, read func(*hmi.Model) hmi.Num, text func(hmi.Num) string, unit string) *widget.Fact {
	f := widget.NewFact(b.Theme, caption, style, align)
	last := hmi.Num{Value: math.Inf(1)}
	b.on(func(v *View) {
		if r := read(v.Model); r != last {
			last = r
			f.Set(text(r), unit)
		}
	})
	return f
}

// power is the present power with its bar.
func (b *base) power() (*widget.Fact, *widget.PowerBar) {
	f := b.fact(b.words().Power, b.panel().Type.Headline, fyne.TextAlignLeading, rounded(powerOf), b.Format.Power, "kW")
	bar := widget.NewPowerBar(b.Theme, -70, 150)
	b.on(func(v *View) {
		r := powerOf(v.Model)
		bar.Set(r.Value, r.OK)
	})
	b.tickers = append(b.tickers, bar)
	return f, bar
}

// powerOf is the power that moves the car, in kW: the motor's where it is
// known, the battery's otherwise.
func powerOf(m *hmi.Model) hmi.Num {
	if m.Drive.MotorPower.OK {
		return m.Drive.MotorPower
	}
	return hmi.Num{Value: m.Battery.Power.Value / 1000, OK: m.Battery.Power.OK}
}

// rounded is a reading in whole units, so that a figure changes only when its
// digits do.
func rounded(read func(*hmi.Model) hmi.Num) func(*hmi.Model) hmi.Num {
	return func(m *hmi.Model) hmi.Num {
		r := read(m)
		r.Value = math.Round(r.Value)
		return r
	}
}

// tenths is a reading rounded to so much per unit shown.
func tenths(read func(*hmi.Model) hmi.Num, per float64) func(*hmi.Model) hmi.Num {
	return func(m *hmi.Model) hmi.Num {
		r := read(m)
		r.Value = math.Round(r.Value*per) / per
		return r
	}
}

// charge is the battery: range, percent, and the bar.
func (b *base) charge(style theme.Style, align fyne.TextAlign) (rng, percent *widget.Fact, bar *widget.ChargeBar) {
	w, f := b.words(), b.Format
	rng = b.fact(w.Range, style, fyne.TextAlignLeading, tenths(func(m *hmi.Model) hmi.Num { return m.Battery.Range }, 0.01),
		func(r hmi.Num) string { return f.Distance(r, 0) }, f.DistanceUnit())
	percent = b.fact(w.Battery, style, align, rounded(func(m *hmi.Model) hmi.Num { return m.Battery.Charge }),
		func(r hmi.Num) string { return whole(f.Whole, r) }, "%")
	bar = widget.NewChargeBar(b.Theme)
	b.on(func(v *View) {
		bt := &v.Model.Battery
		limit, _ := bt.Limit.Shown()
		bar.Set(bt.Charge.Value, limit.Value, bt.Charge.OK, bt.Charging.Is(true))
	})
	return rng, percent, bar
}

func whole(f func(float64) string, r hmi.Num) string {
	if !r.OK {
		return "–"
	}
	return f(r.Value)
}

// cruise is the set speed and whether cruise control drives.
func (b *base) cruise(align fyne.TextAlign) *widget.Fact {
	w, f := b.words(), b.Format
	c := widget.NewFact(b.Theme, w.Cruise, b.panel().Type.Headline, align)
	var last cruiseView
	b.on(func(v *View) {
		a := &v.Model.Assist
		now := cruiseView{a.CruiseOn, a.CruiseActive, a.CruiseSpeed}
		if now == last {
			return
		}
		last = now
		switch {
		case a.CruiseActive.Is(true) && a.CruiseSpeed.OK:
			c.SetIn(f.Speed(a.CruiseSpeed), f.SpeedUnit(), b.Theme.OK)
		case a.CruiseActive.OK && a.CruiseOn.Is(true):
			c.Set(w.Standby, "")
		case a.CruiseActive.OK || a.CruiseOn.OK:
			c.Set(w.Off, "")
		default:
			c.Set("–", "")
		}
	})
	return c
}

type cruiseView struct {
	on, active hmi.Flag
	speed      hmi.Num
}

// trip is the trip, the average and the odometer.
func (b *base) trip(align fyne.TextAlign, style theme.Style) (trip, average, odometer *widget.Fact) {
	w, f := b.words(), b.Format
	trip = b.fact(w.Trip, style, align, tenths(func(m *hmi.Model) hmi.Num { r, _ := m.Trip.Trip.Shown(); return r }, 0.1),
		func(r hmi.Num) string { return f.Distance(r, 1) }, f.DistanceUnit())
	average = b.fact(w.Average, style, align, tenths(func(m *hmi.Model) hmi.Num { return m.Trip.Average }, 10), f.Speed, f.SpeedUnit())
	odometer = b.fact(w.Odometer, style, align, tenths(func(m *hmi.Model) hmi.Num { return m.Trip.Odometer }, 0.01),
		func(r hmi.Num) string { return f.Distance(r, 0) }, f.DistanceUnit())
	return trip, average, odometer
}

// NewInstruments is the drive screen: the gauge in the middle, energy at its
// left, the way at its right, telltales below. On a wide panel, where the
// cluster is always there, it shows power and energy instead.
func NewInstruments(k *Kit) Screen {
	s := &base{Kit: k}
	switch k.Theme.Panel.Class {
	case theme.Wide:
		return s.energy()
	case theme.Compact:
		return s.compactInstruments()
	}
	p, t := s.panel(), s.panel().Type
	g, gears := s.gauge(t.Gauge), s.gears()
	pf, pb := s.power()
	lead := fyne.TextAlignLeading
	rng, percent, bar := s.charge(t.Headline, lead)
	trip, average, odometer := s.trip(lead, t.Headline)
	cruise := s.cruise(lead)
	lamps := widget.NewLamps(k.Theme, lampsOfCluster(), 36, 1, false)
	s.on(func(v *View) { lamps.Set(v.Model.Telltales) })

	left := widget.NewCard(k.Theme, "", "", func(b widget.Box) {
		gap := (b.H - 3*pf.MinSize().Height - 28 - 20 - 2*theme.Space2) / 2
		row, b := b.Top(pf.MinSize().Height, theme.Space2)
		row.Place(pf)
		row, b = b.Top(28, gap)
		row.Place(pb)
		row, b = b.Top(rng.MinSize().Height, gap)
		row.Place(rng)
		row, b = b.Top(percent.MinSize().Height, theme.Space2)
		row.Place(percent)
		row, _ = b.Top(20, 0)
		row.Place(bar)
	}, pf, pb, rng, percent, bar)
	right := widget.NewCard(k.Theme, "", "", func(b widget.Box) {
		for i, o := range []fyne.CanvasObject{cruise, trip, average, odometer} {
			b.Row(i, 4, 0).Place(o)
		}
	}, cruise, trip, average, odometer)
	row := widget.NewCard(k.Theme, "", "", func(b widget.Box) { b.Place(lamps) }, lamps)
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		foot, b := b.Bottom(72, p.Gap)
		foot.Place(row)
		l, b := b.Left(300, p.Gap)
		l.Place(left)
		r, b := b.Right(300, p.Gap)
		r.Place(right)
		b.Place(g)
		gear, _ := b.Bottom(52, 0)
		gear.Centre(260, 52).Place(gears)
	}, left, right, row, g, gears)
	return s
}

// compactInstruments is the drive screen of a small panel.
func (s *base) compactInstruments() Screen {
	p, t := s.panel(), s.panel().Type
	g, gears := s.gauge(t.Gauge), s.gears()
	pf, pb := s.power()
	rng, percent, bar := s.charge(t.Headline, fyne.TextAlignTrailing)
	trip, _, _ := s.trip(fyne.TextAlignLeading, t.Headline)
	cruise := s.cruise(fyne.TextAlignTrailing)
	lamps := s.lampRow(32)
	side := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		top, b := b.Top(pf.MinSize().Height, theme.Space1)
		l, r := top.Column(0, 2, p.Gap), top.Column(1, 2, p.Gap)
		l.Place(pf)
		r.Place(cruise)
		row, b := b.Top(28, theme.Space2)
		row.Place(pb)
		top, b = b.Top(rng.MinSize().Height, theme.Space1)
		top.Column(0, 2, p.Gap).Place(rng)
		top.Column(1, 2, p.Gap).Place(percent)
		row, b = b.Top(20, theme.Space2)
		row.Place(bar)
		b.Place(trip)
	}, pf, pb, rng, percent, bar, trip, cruise)
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		foot, b := b.Bottom(36, theme.Space2)
		foot.Place(lamps)
		r, b := b.Right(400, p.Gap)
		r.Place(side)
		b.Place(g)
		gear, _ := b.Bottom(44, 0)
		gear.Centre(220, 44).Place(gears)
	}, side, g, gears, lamps)
	return s
}

// lampRow is the lit telltales side by side between the two indicators.
func (b *base) lampRow(size float32) fyne.CanvasObject {
	var between []hmi.Telltale
	for t := hmi.Telltale(0); t < hmi.Lamps; t++ {
		if t != hmi.LampLeft && t != hmi.LampRight {
			between = append(between, t)
		}
	}
	left := widget.NewLamps(b.Theme, []hmi.Telltale{hmi.LampLeft}, size, 1, false)
	right := widget.NewLamps(b.Theme, []hmi.Telltale{hmi.LampRight}, size, 1, false)
	mid := widget.NewLamps(b.Theme, between, size, 1, true)
	b.on(func(v *View) {
		left.Set(v.Model.Telltales)
		right.Set(v.Model.Telltales)
		mid.Set(v.Model.Telltales)
	})
	return widget.Free(func(box widget.Box) {
		l, box := box.Left(size, theme.Space4)
		l.Place(left)
		r, box := box.Right(size, theme.Space4)
		r.Place(right)
		box.Place(mid)
	}, left, mid, right)
}

// NewCluster is the fixed instruments of a wide panel.
func NewCluster(k *Kit) Screen {
	s := &base{Kit: k}
	p, f := s.panel(), k.Format
	g, gears := s.gauge(theme.Style{Size: 96, Bold: true}), s.gears()
	_, pb := s.power()
	lamps := s.lampRow(36)
	number := theme.Style{Size: 40}
	rng, percent := widget.NewFigure(k.Theme, number, fyne.TextAlignLeading), widget.NewFigure(k.Theme, number, fyne.TextAlignTrailing)
	_, _, bar := s.charge(number, fyne.TextAlignTrailing)
	ranges := tenths(func(m *hmi.Model) hmi.Num { return m.Battery.Range }, 0.01)
	last := hmi.Num{Value: math.Inf(1)}
	s.on(func(v *View) {
		if r := ranges(v.Model); r != last {
			last = r
			rng.Set(f.Distance(r, 0), f.DistanceUnit())
		}
		percent.Set(whole(f.Whole, v.Model.Battery.Charge), "%")
	})
	back := widget.Plate(k.Theme.Surface1, theme.RadiusCard)
	s.root = widget.Free(func(b widget.Box) {
		b.X, b.W = b.X+theme.Space2, b.W-theme.Space2
		b = b.Inset(0, p.Margin)
		b.Place(back)
		b = b.Inset(p.Pad, theme.Space4)
		top, b := b.Top(36, theme.Space2)
		top.Place(lamps)
		foot, b := b.Bottom(20, 0)
		foot.Place(bar)
		foot, b = b.Bottom(52, theme.Space2)
		foot.Column(0, 2, 0).Place(rng)
		foot.Column(1, 2, 0).Place(percent)
		foot, b = b.Bottom(28, theme.Space2)
		foot.Place(pb)
		b.Place(g)
		gear, _ := b.Bottom(52, 0)
		gear.Centre(240, 48).Place(gears)
	}, back, lamps, g, gears, pb, rng, percent, bar)
	return s
}

// energy is the drive screen beside a fixed cluster.
func (s *base) energy() Screen {
	p, t, w, f := s.panel(), s.panel().Type, s.words(), s.Format
	lead := fyne.TextAlignLeading
	pf, pb := s.power()
	rng, percent, bar := s.charge(t.Display, fyne.TextAlignTrailing)
	trip, average, odometer := s.trip(lead, t.Headline)
	cruise := s.cruise(lead)
	temp := s.fact(w.BatteryTemp, t.Headline, lead, tenths(func(m *hmi.Model) hmi.Num { return m.Battery.Temp }, 10), f.Degrees, f.TemperatureUnit())
	full := s.chargeFact()
	power := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		b = b.Centre(b.W, pf.MinSize().Height+theme.Space3+28)
		a, b := b.Top(pf.MinSize().Height, theme.Space3)
		a.Place(pf)
		b.Place(pb)
	}, pf, pb)
	battery := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(temp.MinSize().Height, theme.Space4)
		foot.Column(0, 2, p.Gap).Place(temp)
		foot.Column(1, 2, p.Gap).Place(full)
		foot, b = b.Bottom(20, theme.Space2)
		foot.Place(bar)
		b.Column(0, 2, 0).Place(rng)
		b.Column(1, 2, 0).Place(percent)
	}, rng, percent, bar, temp, full)
	way := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		for i, o := range []fyne.CanvasObject{cruise, trip, average, odometer} {
			b.Row(i, 4, 0).Place(o)
		}
	}, cruise, trip, average, odometer)
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		r, b := b.Right(416, p.Gap)
		r.Place(way)
		top, b := b.Top(196, p.Gap)
		top.Place(power)
		b.Place(battery)
	}, power, battery, way)
	return s
}

// chargeFact is what the charger does: how long until full, or that it does
// nothing.
func (b *base) chargeFact() *widget.Fact {
	w, f := b.words(), b.Format
	c := widget.NewFact(b.Theme, w.Charging, b.panel().Type.Headline, fyne.TextAlignTrailing)
	var charging hmi.Flag
	left := hmi.Num{Value: -1}
	first := true
	b.on(func(v *View) {
		bt := &v.Model.Battery
		t := bt.TimeToFull
		t.Value = math.Ceil(t.Value / 60)
		if bt.Charging == charging && t == left && !first {
			return
		}
		charging, left, first = bt.Charging, t, false
		switch {
		case charging.Is(true):
			c.SetIn(f.Duration(bt.TimeToFull), "", b.Theme.Charging)
		case charging.OK:
			c.Set(w.Off, "")
		default:
			c.Set("–", "")
		}
	})
	return c
}

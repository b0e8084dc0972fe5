package screen

import (
	"slices"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/restrict"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/vehicle"
)

// NewVehicle is the vehicle screen: the car from above with doors and tyres,
// what is wrong in plain words, locks and lights.
func NewVehicle(k *Kit) Screen {
	s := &base{Kit: k}
	p, w := s.panel(), s.words()
	car := s.carView()
	list := s.messages(false)
	warnings := widget.NewCard(k.Theme, widget.IconWarning, w.Warnings, func(b widget.Box) { b.Place(list) }, list)
	top := widget.NewCard(k.Theme, "", "", func(b widget.Box) { b.Place(car) }, car)
	lock, trip := s.lock(), s.resetTrip()
	lights := s.lights()
	if p.Class == theme.Compact {
		settings := widget.NewButton(k.Theme, widget.IconSettings, w.Settings, w.Settings, func() { s.Send(hmi.Show{Screen: hmi.SettingsScreen}) }).OnGround()
		s.root = widget.Free(func(b widget.Box) {
			b = b.Inset(p.Margin, p.Margin)
			l, b := b.Left(b.W*0.42, p.Gap)
			foot, l := l.Bottom(p.Button.Height, p.Gap)
			foot.Place(settings)
			l.Place(top)
			foot, b = b.Bottom(p.Button.Height, p.Gap)
			foot.Column(0, 2, p.Gap).Place(lock)
			foot.Column(1, 2, p.Gap).Place(trip)
			b.Place(warnings)
		}, top, warnings, lock, trip, settings)
		return s
	}
	service := s.service()
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		l, b := b.Left(440, p.Gap)
		l.Place(top)
		foot, b := b.Bottom(88, p.Gap)
		foot.Column(0, 2, p.Gap).Place(lock)
		foot.Column(1, 2, p.Gap).Place(trip)
		foot, b = b.Bottom(116, p.Gap)
		foot.Column(0, 2, p.Gap).Place(lights)
		foot.Column(1, 2, p.Gap).Place(service)
		b.Place(warnings)
	}, top, warnings, lights, service, lock, trip)
	return s
}

// carView is the top view with what the model knows.
func (s *base) carView() *widget.Car {
	f := s.Format
	car := widget.NewCar(s.Theme)
	var pressures [hmi.Wheels]hmi.Num
	var texts [hmi.Wheels]string
	s.on(func(v *View) {
		m := v.Model
		st := widget.CarState{Unit: f.PressureUnit(), Hood: m.Body.Hood, Frunk: m.Body.Frunk, Trunk: m.Body.Trunk, Doors: m.Body.Doors,
			Low: m.Lights.Low.Is(true), High: m.Lights.High.Is(true), Hazard: m.Lights.Hazard.Is(true), Left: m.Lights.Left.Is(true), Right: m.Lights.Right.Is(true)}
		for i := range m.Tyres {
			r := m.Tyres[i].Pressure
			if r != pressures[i] || texts[i] == "" {
				pressures[i], texts[i] = r, f.Pressure(r)
			}
			st.Pressure[i], st.TyreLow[i] = texts[i], m.Tyres[i].Low.Is(true)
		}
		car.Set(st)
	})
	return car
}

// locks are the doors' locks.
func locks() []vehicle.Path {
	return []vehicle.Path{vehicle.DoorRow1DriverIsLocked, vehicle.DoorRow1PassengerIsLocked, vehicle.DoorRow2DriverIsLocked, vehicle.DoorRow2PassengerIsLocked}
}

// IsLock reports whether a signal is a door's lock.
func IsLock(p vehicle.Path) bool { return slices.Contains(locks(), p) }

// lock locks all doors, or unlocks them; unlocking needs a car that stands
// parked.
func (s *base) lock() *widget.Button {
	w := s.words()
	b := widget.NewButton(s.Theme, widget.IconLock, w.LockDoors, w.LockDoors, func() {
		locked, known, _ := s.Model.AllLocked()
		if !known {
			return
		}
		for _, p := range locks() {
			s.ask(p, vehicle.BoolOf(!locked))
		}
	})
	b.OnGround().Denied = s.explain
	s.on(func(v *View) {
		locked, known, pending := v.Model.AllLocked()
		glyph, label := widget.IconLock, w.LockDoors
		if locked {
			glyph, label = widget.IconUnlock, w.UnlockDoors
		}
		b.Set(glyph, label)
		b.SetState(widget.State{Pending: pending, Unknown: !known})
		reason := ""
		if locked && !v.Allow.Allows(restrict.NoSetup) {
			reason = w.ParkFirst
		}
		b.Forbid(reason)
		b.Usable(known)
	})
	return b
}

// resetTrip sets the trip meter to nought.
func (s *base) resetTrip() *widget.Button {
	w := s.words()
	b := widget.NewButton(s.Theme, widget.IconRoute, w.ResetTrip, w.ResetTrip, func() { s.ask(vehicle.TripMeterReading, vehicle.NumberOf(0)) })
	b.OnGround()
	s.on(func(v *View) {
		r, pending := v.Model.Trip.Trip.Shown()
		b.SetState(widget.State{Pending: pending, Unknown: !r.OK})
		b.Usable(r.OK)
	})
	return b
}

// lights is which outer lights shine.
func (s *base) lights() fyne.CanvasObject {
	w := s.words()
	lamps := widget.NewLamps(s.Theme, []hmi.Telltale{hmi.LampLow, hmi.LampHigh, hmi.LampParking, hmi.LampFogFront, hmi.LampFogRear}, 40, 1, true).Leading()
	state := widget.Text(s.panel().Type.Body, s.Theme.Text, "")
	s.on(func(v *View) {
		l := v.Model.Telltales
		shine := l&(1<<hmi.LampLow|1<<hmi.LampHigh|1<<hmi.LampParking|1<<hmi.LampFogFront|1<<hmi.LampFogRear) != 0
		lamps.Set(l)
		text := ""
		switch {
		case !v.Model.Lights.Low.OK:
			text = "–"
		case !shine:
			text = w.Off
		}
		widget.SetText(state, text, s.Theme.Text)
	})
	return widget.NewCard(s.Theme, "", w.Lights, func(b widget.Box) {
		b.Place(lamps, state)
	}, lamps, state)
}

// service is how far it is to the next service.
func (s *base) service() fyne.CanvasObject {
	w, f := s.words(), s.Format
	fig := widget.NewFigure(s.Theme, s.panel().Type.Title, fyne.TextAlignLeading)
	last := hmi.Num{Value: -1}
	s.on(func(v *View) {
		r := v.Model.Service.Distance
		r.Value *= 1000
		if r != last {
			last = r
			fig.Set(f.Distance(r, 0), f.DistanceUnit())
		}
	})
	return widget.NewCard(s.Theme, "", w.Service, func(b widget.Box) { b.Place(fig) }, fig)
}

package screen

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/vehicle"
)

// UrgentLamps are the telltales of the status bar and of the telltale layer,
// most urgent first.
func UrgentLamps() []hmi.Telltale {
	var ts []hmi.Telltale
	for t := hmi.Telltale(0); t < hmi.Lamps; t++ {
		if hmi.Telltales(1<<t).Urgent() != 0 {
			ts = append(ts, t)
		}
	}
	return ts
}

// LampStrip is where the urgent telltales are in the status bar, in dp.
func LampStrip(p theme.Panel) widget.Box {
	const lamps = 7
	size := LampSize(p)
	w := lamps*(size+theme.Space3) - theme.Space3
	x := p.Dock + p.Instruments
	return widget.Box{X: x + (p.Size.Width-x-w)/2, Y: 0, W: w, H: p.Status}
}

// LampSize is the size of a lamp in the status bar, in dp.
func LampSize(theme.Panel) float32 { return 36 }

// NewStatus is the status bar: where one is, what is wrong, how warm it is
// outside, what time it is.
func NewStatus(k *Kit) Screen {
	s := &base{Kit: k}
	p := k.Theme.Panel
	title := widget.Text(theme.Style{Size: theme.TextMin}, k.Theme.Text, "")
	lamps := widget.NewLamps(k.Theme, UrgentLamps(), LampSize(p), 1, true)
	outside := widget.Text(theme.Style{Size: theme.TextMin}, k.Theme.TextSecond, "")
	clock := widget.Text(theme.Style{Size: theme.TextMin}, k.Theme.Text, "")
	link, chip := widget.NewGlyph(k.Theme), widget.Text(theme.Style{Size: theme.TextMin}, k.Theme.TextSecond, "")
	link.Hide()
	outside.Alignment, clock.Alignment = fyne.TextAlignTrailing, fyne.TextAlignTrailing
	clockWidth := widget.Width(theme.Style{Size: theme.TextMin}, k.Format.Clock(time.Date(2026, 1, 1, 22, 44, 0, 0, time.UTC)))
	room := float32(0) // for the words of the chip
	s.root = widget.Free(func(b widget.Box) {
		LampStrip(p).Place(lamps)
		b.X, b.W = p.Dock+p.Margin, b.W-p.Dock-2*p.Margin
		left, rest := b.Left(200, 0)
		left.Place(title)
		right, rest := rest.Right(clockWidth, theme.Space5)
		right.Place(clock)
		right, _ = rest.Right(96, 0)
		right.Place(outside)
		strip := LampStrip(p)
		free := widget.Box{X: strip.X + strip.W, H: p.Status}
		free.W = right.X - free.X
		pic, words := free.Left(LampSize(p), theme.Space2)
		pic.Centre(LampSize(p), LampSize(p)).Place(link)
		words.Place(chip)
		room = free.W
	}, title, lamps, link, chip, outside, clock)
	var phones *hmi.Phones
	var minute int64 = -1
	var out hmi.Num
	first := true
	s.on(func(v *View) {
		widget.SetText(title, s.title(v.State.Screen), k.Theme.Text)
		lamps.Set(v.Model.Telltales)
		if v.Model.Phones != phones {
			phones = v.Model.Phones
			s.setChip(link, chip, room)
		}
		if now := v.Model.Now.Unix() / 60; now != minute {
			minute = now
			widget.SetText(clock, k.Format.Clock(v.Model.Now), k.Theme.Text)
		}
		if o := v.Model.Place.Outside; o != out || first {
			out, first = o, false
			widget.SetText(outside, outsideText(o, k), k.Theme.TextSecond)
		}
	})
	return s
}

// setChip shows what is under way on the phones: a symbol, and a word where
// there is room for it.
func (s *base) setChip(link *widget.Glyph, chip *canvas.Text, room float32) {
	glyph, word, urgent := s.chip(s.phones(&View{Model: s.Model}))
	if room < LampSize(s.panel()) {
		glyph, word = "", "" // a small panel with a long clock
	}
	show(link, glyph != "")
	ink := s.Theme.TextSecond
	if urgent {
		ink = s.Theme.Accent
	}
	if glyph != "" {
		link.Set(glyph, ink)
	}
	if widget.Width(theme.Style{Size: theme.TextMin}, word) > room-LampSize(s.panel())-theme.Space2 {
		word = ""
	}
	widget.SetText(chip, word, ink)
}

// outsideText is the temperature outside with its unit.
func outsideText(r hmi.Num, k *Kit) string {
	if !r.OK {
		return k.Format.Degrees(r)
	}
	return k.Format.Degrees(r) + "\u00a0" + k.Format.TemperatureUnit()
}

func (b *base) title(s hmi.Screen) string {
	w := b.words()
	return [...]string{w.Home, w.Instruments, w.Phones.Media, w.Phones.Phone, w.Climate, w.Vehicle, w.Settings}[s]
}

// DockBox is where the dock is, in dp. It reaches up into the status bar, and
// on a compact panel down to the edge: its tiles need the height.
func DockBox(p theme.Panel) widget.Box {
	if p.Class == theme.Compact {
		return widget.Box{Y: theme.Space2, W: p.Dock, H: p.Size.Height - theme.Space2}
	}
	const above = 22 // of the status bar's height
	return widget.Box{Y: p.Status - above, W: p.Dock, H: p.Size.Height - p.Status - p.Climate + above}
}

// dockScreens is how many screens have a tile: a compact panel has no room for
// the settings, which are behind the vehicle there.
func dockScreens(p theme.Panel) hmi.Screen {
	if p.Class == theme.Compact {
		return hmi.SettingsScreen
	}
	return hmi.Screens
}

// NewDock is the column of tiles.
func NewDock(k *Kit) Screen {
	s := &base{Kit: k}
	icons := [...]widget.IconName{widget.IconHome, widget.IconDrive, widget.IconMedia, widget.IconPhone, widget.IconClimate, widget.IconCar, widget.IconSettings}
	var tiles []*widget.Tile
	var objects []fyne.CanvasObject
	last := dockScreens(k.Theme.Panel)
	for i := hmi.Screen(0); i < last; i++ {
		t := widget.NewNav(k.Theme, icons[i], s.title(i), func() { k.Send(hmi.Show{Screen: i}) })
		tiles = append(tiles, t)
		objects = append(objects, t)
	}
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(theme.Space2, 0)
		_, b = b.Bottom(0, theme.Space2)
		for i, t := range tiles {
			b.Row(i, len(tiles), theme.Space2).Place(t)
		}
	}, objects...)
	s.on(func(v *View) {
		present := min(v.State.Screen, last)
		if present == last {
			present = hmi.VehicleScreen
		}
		for i, t := range tiles {
			t.SetState(widget.State{On: hmi.Screen(i) == present})
		}
		ringing, offered := false, false
		for _, t := range s.phones(v).Things {
			ringing = ringing || t.Do == hmi.Ringing
			offered = offered || t.Do == hmi.Offered
		}
		tiles[hmi.PhoneScreen].Badge(ringing && present != hmi.PhoneScreen)
		tiles[hmi.Home].Badge(offered && present != hmi.Home)
	})
	return s
}

// NewStrip is the climate strip: what must be one touch away everywhere.
func NewStrip(k *Kit) Screen {
	s := &base{Kit: k}
	w, p := k.Format.Words, k.Theme.Panel
	driver := s.temperature(p.Type.Title, w.Driver, vehicle.ClimateDriverTemperature, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Driver.Temperature })
	passenger := s.temperature(p.Type.Title, w.Passenger, vehicle.ClimatePassengerTemperature, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Passenger.Temperature })
	seatL := s.heat(widget.IconSeat, "", w.SeatDriver, vehicle.SeatRow1DriverHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Driver.Seat })
	seatR := s.heat(widget.IconSeat, "", w.SeatPassenger, vehicle.SeatRow1PassengerHeating, func(m *hmi.Model) *hmi.Control[float64] { return &m.Climate.Passenger.Seat })
	front := s.toggle(widget.IconFrontDefrost, "", w.Defrost+": "+w.FrontDefrost, vehicle.IsFrontDefrosterActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.FrontDefrost })
	rear := s.toggle(widget.IconRearDefrost, "", w.Defrost+": "+w.RearDefrost, vehicle.IsRearDefrosterActive, func(m *hmi.Model) *hmi.Control[bool] { return &m.Climate.RearDefrost })

	items := []fyne.CanvasObject{driver, seatL, s.fan(), front, seatR, passenger}
	switch p.Class {
	case theme.Wide:
		items = []fyne.CanvasObject{driver, seatL, front, s.fan(), rear, seatR, passenger}
	case theme.Compact:
		items = []fyne.CanvasObject{driver, seatL, s.fanTile(), front, passenger}
	}
	back := widget.Plate(k.Theme.Surface1, 0)
	s.root = widget.Free(func(b widget.Box) {
		b.Place(back)
		spread(b.Inset(p.Margin, (p.Climate-p.Button.Height)/2), items)
	}, append([]fyne.CanvasObject{back}, items...)...)
	return s
}

// spread places objects at their least width with equal gaps between.
func spread(b widget.Box, items []fyne.CanvasObject) {
	free := b.W
	for _, o := range items {
		free -= o.MinSize().Width
	}
	gap := free / float32(len(items)-1)
	for _, o := range items {
		var piece widget.Box
		piece, b = b.Left(o.MinSize().Width, gap)
		piece.Place(o)
	}
}

// fanTile is the fan on a small panel: each touch is two steps more, and off
// after the last.
func (b *base) fanTile() *widget.Tile {
	t := widget.NewTile(b.Theme, widget.IconFan, "", b.words().Fan, 5, func() {
		r, _ := b.Model.Climate.Driver.Fan.Shown()
		if !r.OK {
			return
		}
		next := float64(fanLevel(r)/2*2+2) * hmi.FanStep
		if next > 100 {
			next = 0
		}
		b.ask(vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(next))
	})
	b.on(func(v *View) {
		r, pending := v.Model.Climate.Driver.Fan.Shown()
		t.SetLevel((fanLevel(r)+1)/2, widget.State{Pending: pending, Unknown: !r.OK})
		t.Usable(r.OK)
	})
	return t
}

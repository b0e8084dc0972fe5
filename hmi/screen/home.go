package screen

import (
	"fmt"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// NewHome is the first screen: cards of three facts at most. The trip makes room
// for what is under way on a phone, and the climate, which is below all screens
// anyway, for where the car is to go; they come back when nothing is. On a small
// panel both take turns, and what waits for an answer comes first.
func NewHome(k *Kit) Screen {
	s := &base{Kit: k}
	p := s.panel()
	drive, way, car, air := s.driveCard(), s.wayCard(), s.carCard(), s.airCard()
	things, goal := s.continuity(way), s.goal(air)
	switch p.Class {
	case theme.Compact:
		s.root = widget.Free(func(b widget.Box) {
			b = b.Inset(p.Margin, p.Margin)
			r, b := b.Right(b.W*0.47, p.Gap)
			r.Row(0, 2, p.Gap).Place(car)
			r.Row(1, 2, p.Gap).Place(way, things)
			b.Place(drive)
		}, drive, way, things, car)
	case theme.Wide:
		energy := s.energyCard()
		s.root = widget.Free(func(b widget.Box) {
			b = b.Inset(p.Margin, p.Margin)
			r, b := b.Right(432, p.Gap)
			r.Row(0, 2, p.Gap).Place(car)
			r.Row(1, 2, p.Gap).Place(air, goal)
			b.Row(0, 2, p.Gap).Place(energy)
			b.Row(1, 2, p.Gap).Place(way, things)
		}, energy, way, things, car, air, goal)
	default:
		s.root = widget.Free(func(b widget.Box) {
			b = b.Inset(p.Margin, p.Margin)
			r, b := b.Right(400, p.Gap)
			r.Row(0, 2, p.Gap).Place(car)
			r.Row(1, 2, p.Gap).Place(air, goal)
			top, b := b.Top(300, p.Gap)
			top.Place(drive)
			b.Place(way, things)
		}, drive, way, things, car, air, goal)
	}
	return s
}

// driveCard is speed, gear, power, range and charge at a glance.
func (s *base) driveCard() fyne.CanvasObject {
	p, f := s.panel(), s.Format
	big := widget.NewFigure(s.Theme, p.Type.Gauge, fyne.TextAlignLeading)
	s.on(func(v *View) { big.Set(f.Speed(v.Model.Drive.Speed), f.SpeedUnit()) })
	gears := s.gears()
	_, pb := s.power()
	rng, percent, bar := s.charge(p.Type.Headline, fyne.TextAlignTrailing)
	return widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(20, theme.Space3)
		foot.Place(bar)
		foot, b = b.Bottom(rng.MinSize().Height, theme.Space1)
		foot.Column(0, 2, 0).Place(rng)
		foot.Column(1, 2, 0).Place(percent)
		foot, b = b.Bottom(28, theme.Space2)
		foot.Place(pb)
		if p.Class == theme.Compact {
			var top widget.Box
			top, b = b.Top(44, 0)
			top.Place(gears)
			b.Place(big)
			return
		}
		right, b := b.Right(240, 0)
		right.Place(gears)
		b.Place(big)
	}, big, gears, pb, rng, percent, bar)
}

// energyCard is range and charge beside a fixed cluster.
func (s *base) energyCard() fyne.CanvasObject {
	pf, pb := s.power()
	rng, percent, bar := s.charge(s.panel().Type.Display, fyne.TextAlignTrailing)
	return widget.NewCard(s.Theme, widget.IconBattery, s.words().Energy, func(b widget.Box) {
		foot, b := b.Bottom(20, theme.Space3)
		foot.Place(bar)
		b.Column(0, 3, 0).Place(rng)
		mid := b.Column(1, 3, 0)
		mid = mid.Centre(mid.W, pf.MinSize().Height+28)
		a, mid := mid.Top(pf.MinSize().Height, 0)
		a.Place(pf)
		mid.Place(pb)
		b.Column(2, 3, 0).Place(percent)
	}, pf, pb, rng, percent, bar)
}

// wayCard is the trip and where the car is heading.
func (s *base) wayCard() fyne.CanvasObject {
	p, w, f := s.panel(), s.words(), s.Format
	trip, average, _ := s.trip(fyne.TextAlignLeading, p.Type.Headline)
	heading := s.fact(w.Heading, p.Type.Headline, fyne.TextAlignLeading, tenths(func(m *hmi.Model) hmi.Num { return m.Place.Heading }, 0.2), f.Heading, "")
	if p.Class == theme.Compact {
		return widget.NewCard(s.Theme, "", "", func(b widget.Box) {
			b.Column(0, 2, p.Gap).Place(trip)
			b.Column(1, 2, p.Gap).Place(heading)
		}, trip, heading)
	}
	position := widget.Text(p.Type.Second, s.Theme.TextSecond, "")
	var lat, lon hmi.Num
	first := true
	s.on(func(v *View) {
		a, o := tenth(v.Model.Place.Latitude), tenth(v.Model.Place.Longitude)
		if a != lat || o != lon || first {
			lat, lon, first = a, o, false
			text := ""
			if a.OK && o.OK {
				text = f.Position(a, o)
			}
			widget.SetText(position, text, s.Theme.TextSecond)
		}
	})
	return widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		b = b.Inset(0, theme.Space2)
		foot, b := b.Bottom(widget.Line(p.Type.Second), theme.Space1)
		foot.Place(position)
		for i, o := range []fyne.CanvasObject{trip, average, heading} {
			b.Column(i, 3, p.Gap).Place(o)
		}
	}, trip, average, heading, position)
}

// tenth is a degree of latitude or longitude in the steps that are shown.
func tenth(r hmi.Num) hmi.Num {
	r.Value = float64(int(r.Value*1000)) / 1000
	return r
}

// carCard is what is wrong, in plain words, or that nothing is.
func (s *base) carCard() fyne.CanvasObject {
	small := s.panel().Class == theme.Compact
	list := s.messages(small)
	if small { // what is wrong says by itself what it is about
		return widget.NewCard(s.Theme, "", "", func(b widget.Box) { b.Place(list) }, list)
	}
	return widget.NewCard(s.Theme, widget.IconCar, s.words().Vehicle, func(b widget.Box) { b.Place(list) }, list)
}

// messages is the list of the present warnings, or one line that says that
// there are none; if so asked, also where the car is to go while that has no
// card of its own.
func (s *base) messages(goal bool) *widget.Messages {
	w, th := s.words(), s.Theme
	list := widget.NewMessages(th, s.more)
	var notes []widget.Note
	var aside goalNote
	s.on(func(v *View) {
		notes = notes[:0]
		for _, x := range v.Model.Warnings {
			t := w.Troubles[x.Trouble]
			notes = append(notes, widget.Note{Glyph: widget.SeverityIcon(x.Severity), Color: widget.SeverityColour(th, x.Severity), Title: t.Title, Advice: t.Advice})
		}
		switch {
		case len(notes) > 0:
		case v.Model.Known():
			notes = append(notes, widget.Note{Glyph: widget.IconCheck, Color: th.OK, Title: w.AllGood, Advice: w.AllGoodAdvice})
		default:
			notes = append(notes, widget.Note{Glyph: widget.IconInfo, Color: th.TextSecond, Title: w.NoData})
		}
		if n, on := aside.note(s, v.Model.Phones); goal && on {
			notes = append(notes, n)
		}
		list.Set(notes)
	})
	return list
}

// goalNote is where the car is to go, while something that waits for an answer
// is in the place of its card; it is worked out once for each model.
type goalNote struct {
	phones *hmi.Phones
	what   widget.Note
	on     bool
}

func (g *goalNote) note(s *base, m *hmi.Phones) (widget.Note, bool) {
	if m == g.phones || m == nil {
		return g.what, g.on
	}
	g.phones = m
	if all := s.homeThings(m, true); m.Goal != nil && all[0].Session != m.Goal.Session {
		p := s.panel()
		title := widget.Fit(p.Type.Body, ThingTitle(s.Format, m.Goal), p.Content().Width*0.47-2*p.Margin-2*p.Pad-p.Icon-theme.Space4)
		g.what, g.on = widget.Note{Glyph: widget.IconPin, Color: s.Theme.Text, Title: title}, true
	} else {
		g.on = false
	}
	return g.what, g.on
}

// more says how many further warnings there are, from a table
// so that a steady warning costs nothing.
func (s *base) more(n int) string {
	if n >= 0 && n < len(s.moreText) {
		if s.moreText[n] == "" {
			s.moreText[n] = fmt.Sprintf(s.words().More, n)
		}
		return s.moreText[n]
	}
	return fmt.Sprintf(s.words().More, n)
}

// airCard is the climate at a glance.
func (s *base) airCard() fyne.CanvasObject {
	p, w, f := s.panel(), s.words(), s.Format
	cabin := s.fact(w.Cabin, p.Type.Headline, fyne.TextAlignLeading, tenths(func(m *hmi.Model) hmi.Num { return m.Climate.Cabin }, 10), f.Degrees, f.TemperatureUnit())
	out := s.fact(w.Outside, p.Type.Headline, fyne.TextAlignLeading, tenths(func(m *hmi.Model) hmi.Num { return m.Place.Outside }, 10), f.Degrees, f.TemperatureUnit())
	return widget.NewCard(s.Theme, widget.IconClimate, w.Climate, func(b widget.Box) {
		b.Column(0, 2, p.Gap).Place(cabin)
		b.Column(1, 2, p.Gap).Place(out)
	}, cabin, out)
}

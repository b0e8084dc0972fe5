package screen

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// Parts of the settings.
const (
	PartUnits = iota
	PartDisplay
	PartLanguage
	PartProfile
	PartAbout
	parts
)

// NewSettings is the settings: five parts, none of which needs scrolling.
// Setting up needs a parked car; brightness is a driving essential.
func NewSettings(k *Kit) Screen {
	s := &base{Kit: k}
	p, w := s.panel(), s.words()
	tabs := widget.NewChoice(k.Theme, []widget.Option{{Label: w.Units, Name: w.Units}, {Label: w.Display, Name: w.Display}, {Label: w.Language, Name: w.Language}, {Label: w.Phones.Profile, Name: w.Phones.Profile}, {Label: w.About, Name: w.About}},
		func(i int) { s.Send(hmi.ShowPart{Part: i}) }).OnGround()
	pages := []fyne.CanvasObject{s.unitsPage(), s.displayPage(), s.languagePage(), s.profilePage(), s.aboutPage()}
	hint := widget.NewMessages(k.Theme, s.more)
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		top, b := b.Top(p.Button.Height, p.Gap)
		top.Place(tabs)
		foot, b := b.Bottom(hintHeight(p), p.Gap)
		foot.Inset(p.Pad, 0).Place(hint)
		b.Place(pages...)
	}, append([]fyne.CanvasObject{tabs, hint}, pages...)...)
	hint.Set([]widget.Note{{Glyph: widget.IconInfo, Color: k.Theme.TextSecond, Title: w.ParkFirst}})
	s.on(func(v *View) {
		part := max(0, min(v.State.Part, parts-1))
		tabs.Set(part, false)
		for i, o := range pages {
			show(o, i == part)
		}
		show(hint, !v.Allow.Allows(restrict.NoSetup) && part != PartAbout)
	})
	return s
}

func hintHeight(p theme.Panel) float32 { return max(p.Icon, widget.Line(p.Type.Body)) }

func show(o fyne.CanvasObject, on bool) {
	switch {
	case on && !o.Visible():
		o.Show()
	case !on && o.Visible():
		o.Hide()
	}
}

// setting is a named choice of a setting's values with the words for them.
func (s *base) setting(name string, needs restrict.Flags, labels ...string) *widget.Choice {
	values := hmi.Choices(name)
	var options []widget.Option
	for i := range values {
		options = append(options, widget.Option{Label: labels[i], Name: labels[i]})
	}
	c := widget.NewChoice(s.Theme, options, func(i int) { s.Send(hmi.Choose{Name: name, Value: values[i]}) })
	s.on(func(v *View) {
		for i, x := range values {
			if v.State.Settings.Get(name) == x {
				c.Set(i, false)
			}
		}
	})
	if needs != 0 {
		c.Denied(s.explain)
		s.needs = append(s.needs, Need{needs, c.Forbid})
	}
	return c
}

// row is a setting with its name at the left.
type row struct {
	name   string
	choice fyne.CanvasObject
}

// page is a card with one setting per row.
func (s *base) page(rows ...row) fyne.CanvasObject {
	p := s.panel()
	var objects []fyne.CanvasObject
	var names []*canvas.Text
	for _, r := range rows {
		t := widget.Text(p.Type.Body, s.Theme.Text, r.name)
		names = append(names, t)
		objects = append(objects, t, r.choice)
	}
	return s.sheet(func(b widget.Box) {
		gap, h := theme.Space3, p.Button.Height
		if p.Class == theme.Compact {
			gap = theme.TargetGap
		}
		for i, r := range rows {
			line := widget.Box{X: b.X, Y: b.Y + float32(i)*(h+gap), W: b.W, H: h}
			name, line := line.Left(line.W*0.34, p.Gap)
			name.Place(names[i])
			line.Place(r.choice)
		}
	}, objects...)
}

// sheet is what a page lies on: a card, or nothing where a card's border would
// take the room that targets need.
func (s *base) sheet(place func(widget.Box), objects ...fyne.CanvasObject) fyne.CanvasObject {
	if s.panel().Class == theme.Compact {
		return widget.Free(func(b widget.Box) { place(b.Inset(theme.Space2, 0)) }, objects...)
	}
	return widget.NewCard(s.Theme, "", "", place, objects...)
}

func (s *base) unitsPage() fyne.CanvasObject {
	w := s.words()
	return s.page(
		row{w.UnitSpeed, s.setting("speed", restrict.NoSetup, "km/h", "mph")},
		row{w.UnitTemperature, s.setting("temperature", restrict.NoSetup, "°C", "°F")},
		row{w.UnitPressure, s.setting("pressure", restrict.NoSetup, "kPa", "bar", "psi")},
	)
}

func (s *base) displayPage() fyne.CanvasObject {
	w := s.words()
	return s.page(
		row{w.Light, s.setting("light", 0, w.Auto, w.Day, w.Night)},
		row{w.Clock, s.setting("clock", restrict.NoSetup, w.Hours24, w.Hours12)},
		row{w.Motion, s.setting("motion", restrict.NoSetup, w.MotionFull, w.MotionReduced)},
	)
}

func (s *base) languagePage() fyne.CanvasObject {
	p := s.panel()
	var objects []fyne.CanvasObject
	for _, tag := range hmi.Choices("language") {
		name := lang.For(tag).Name
		b := widget.NewButton(s.Theme, "", name, name, func() { s.Send(hmi.Choose{Name: "language", Value: tag}) })
		b.Denied = s.explain
		s.needs = append(s.needs, Need{restrict.NoSetup, b.Forbid})
		s.on(func(v *View) { b.SetState(widget.State{On: v.State.Settings.Language == tag}) })
		objects = append(objects, b)
	}
	return s.sheet(func(b widget.Box) {
		b, _ = b.Top(2*p.Button.Height+p.Gap, 0)
		for i, o := range objects {
			b.Row(i/2, 2, p.Gap).Column(i%2, 2, p.Gap).Place(o)
		}
	}, objects...)
}

// profilePage is whose phones and contents are here: the driver's, a guest's,
// which are forgotten, or none while somebody else parks the car.
func (s *base) profilePage() fyne.CanvasObject {
	p, w := s.panel(), &s.words().Phones
	driver := s.Profile
	if driver == "" {
		driver = DriverProfile
	}
	profiles := []phonelink.Profile{driver, phonelink.Guest, phonelink.Valet}
	advice := []string{w.DriverAdvice, w.GuestAdvice, w.ValetAdvice}
	c := widget.NewChoice(s.Theme, []widget.Option{{Label: w.Driver, Name: w.Driver}, {Label: w.Guest, Name: w.Guest}, {Label: w.Valet, Name: w.Valet}},
		func(i int) { s.tell(phonelink.SetProfile{Profile: profiles[i]}) })
	c.Denied(s.explain)
	s.needs = append(s.needs, Need{restrict.NoSetup, c.Forbid})
	notes := widget.NewMessages(s.Theme, s.more)
	var last *hmi.Phones
	s.on(func(v *View) {
		if v.Model.Phones == last {
			return
		}
		last = v.Model.Phones
		m := s.phones(v)
		ready := m.Link == hmi.LinkReady
		show(c, ready)
		chosen := 0
		if at := slices.Index(profiles[1:], m.Profile); at >= 0 {
			chosen = at + 1
		} else if m.Profile != "" {
			profiles[0] = m.Profile // another driver's now, to come back to
		}
		c.Set(chosen, false)
		note := widget.Note{Glyph: widget.IconPerson, Color: s.Theme.TextSecond, Title: advice[chosen]}
		if !ready {
			note = s.linkNote(m)
		}
		notes.Set([]widget.Note{note})
	})
	return s.sheet(func(b widget.Box) {
		top, rest := b.Top(p.Button.Height, p.Gap)
		top.Place(c)
		if !c.Visible() {
			rest = b
		}
		rest.Place(notes)
	}, c, notes)
}

// aboutPage says what the software is and under which terms its parts come.
func (s *base) aboutPage() fyne.CanvasObject {
	p, w := s.panel(), s.words()
	lines := [][2]string{{w.Version, s.About.Version}, {w.Car, s.About.Car}}
	var objects []fyne.CanvasObject
	for _, l := range lines {
		v := strings.TrimSpace(l[1])
		if v == "" {
			v = lang.Dash
		}
		objects = append(objects, widget.Text(p.Type.Body, s.Theme.TextSecond, l[0]), widget.Text(p.Type.Body, s.Theme.Text, v))
	}
	head := widget.Text(p.Type.Body, s.Theme.TextSecond, w.Licences)
	objects = append(objects, head)
	area := p.Content().Width - 2*p.Margin - 2*p.Pad
	var terms []fyne.CanvasObject
	for _, t := range widget.Wrap(p.Type.Second, w.LicencesText, area*0.66-p.Gap) {
		terms = append(terms, widget.Text(p.Type.Second, s.Theme.Text, t))
	}
	return s.sheet(func(b widget.Box) {
		h := widget.Line(p.Type.Body) + theme.Space2
		for i := range lines {
			line, rest := b.Top(h, 0)
			a, v := line.Left(line.W*0.34, p.Gap)
			a.Place(objects[2*i])
			v.Place(objects[2*i+1])
			b = rest
		}
		line, _ := b.Top(h, 0)
		a, v := line.Left(line.W*0.34, p.Gap)
		a.Place(head)
		th := widget.Line(p.Type.Second)
		for i, t := range terms {
			widget.Box{X: v.X, Y: v.Y + (h-th)/2 + float32(i)*th, W: v.W, H: th}.Place(t)
		}
	}, append(objects, terms...)...)
}

package screen

import (
	"slices"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// kindGlyph is the symbol of what a session is about.
func kindGlyph(k phonelink.Kind) widget.IconName {
	switch k {
	case phonelink.Media:
		return widget.IconMedia
	case phonelink.Navigation:
		return widget.IconPin
	case phonelink.Call:
		return widget.IconCall
	case phonelink.Draft:
		return widget.IconDraft
	case phonelink.Page:
		return widget.IconPage
	case phonelink.Clipboard:
		return widget.IconClipboard
	case phonelink.File:
		return widget.IconFile
	}
	return widget.IconHome
}

// ThingTitle is what a thing is: its title, a destination's coordinates, or at
// least its kind.
func ThingTitle(f *lang.Format, t *hmi.Thing) string {
	switch {
	case t.Title != "":
		return t.Title
	case t.At.OK:
		return f.Position(hmi.Known(t.At.Latitude), hmi.Known(t.At.Longitude))
	}
	return f.Words.Phones.Kind(t.Kind)
}

// thingTexts is a thing in words: what it is, and where it is or goes.
func (s *base) thingTexts(t *hmi.Thing) (title, caption string) {
	w := &s.words().Phones
	title = ThingTitle(s.Format, t)
	switch t.Do {
	case hmi.Ringing:
		caption = dots(w.Ringing, t.Phone)
	case hmi.Offered:
		caption = w.Why(t.Why, t.Phone)
	case hmi.Coming:
		caption = lang.With(w.Coming, t.Phone)
	case hmi.Going:
		caption = lang.With(w.Going, t.Phone)
	case hmi.TakeBack:
		caption = lang.With(w.BackUntil, t.Phone)
	case hmi.SendThere:
		caption = dots(t.By, w.ThisCar)
	case hmi.Stays:
		caption = w.GoalNoPhone
	case hmi.Away:
		caption = dots(t.By, lang.With(w.On, t.Phone), w.Absent)
	default:
		caption = dots(t.By, lang.With(w.On, t.Phone))
	}
	if t.At.OK && t.Title == "" && t.Do != hmi.Stays {
		caption = dots(w.Kind(t.Kind), caption)
	}
	return title, caption
}

// thingButton is the symbol and the word of a thing's first button.
func (s *base) thingButton(t *hmi.Thing) (widget.IconName, string) {
	w := &s.words().Phones
	switch t.Do {
	case hmi.Ringing:
		return widget.IconMute, w.Mute
	case hmi.Offered:
		return "", w.Accept
	case hmi.TakeBack:
		return widget.IconReturn, w.TakeBack
	case hmi.PlayHere:
		return widget.IconTake, w.PlayHere
	case hmi.SendThere:
		return widget.IconSend, w.Send
	}
	return widget.IconTake, w.Continue
}

// thingRow is one thing with its buttons, or with its progress. What can be read
// here is opened by one of them.
type thingRow struct {
	root           *fyne.Container
	icon           *widget.Glyph
	title, caption *widget.Label
	open, yes, no  *widget.Button
	small          *widget.Button // yes, as a symbol beside open
	bar            *widget.Progress
	thing          hmi.Thing
	texts          bool // what somebody wrote may be shown
	drawn          bool
}

// newThing is an empty row.
func (s *base) newThing() *thingRow {
	p, w := s.panel(), &s.words().Phones
	r := &thingRow{icon: widget.NewGlyph(s.Theme), title: widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1), caption: widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1), bar: widget.NewProgress(s.Theme)}
	r.yes = widget.NewButton(s.Theme, widget.IconTake, w.Continue, w.Continue, func() { s.goOn(&r.thing) })
	r.yes.Denied = s.explain
	r.no = widget.NewButton(s.Theme, "", w.NotNow, w.NotNow, func() { s.tell(r.thing.No) })
	r.open = widget.NewButton(s.Theme, widget.IconPage, w.Read, w.Read, func() { s.Send(hmi.Read{Key: r.thing.Session.String()}) })
	r.small = widget.NewButton(s.Theme, widget.IconSend, "", w.Send, func() { s.tell(r.thing.Yes) })
	r.root = widget.Free(func(b widget.Box) {
		if b.H > p.Button.Height+2*widget.Line(p.Type.Body) {
			r.stacked(b, p)
			return
		}
		r.beside(b, p)
	}, r.icon, r.title, r.caption, r.bar, r.small, r.open, r.yes, r.no)
	return r
}

// goOn does what a thing's first button says; a draft or a page that comes here
// by it is opened, if it may be read now.
func (s *base) goOn(t *hmi.Thing) {
	s.tell(t.Yes)
	comes := t.Do == hmi.TakeHere || t.Do == hmi.Offered || t.Do == hmi.TakeBack
	if comes && reads(t.Kind) && s.Model.Phones.Limits.Texts {
		s.Send(hmi.Read{Key: t.Session.String()})
	}
}

// reads reports whether what a session is about is read.
func reads(k phonelink.Kind) bool { return k == phonelink.Draft || k == phonelink.Page }

// place places symbol and texts.
func (r *thingRow) place(b widget.Box, p theme.Panel) {
	icon, b := b.Left(p.Icon, theme.Space4)
	icon.Place(r.icon)
	b = b.Centre(b.W, widget.Line(p.Type.Body)+widget.Line(p.Type.Second)-2)
	head, b := b.Top(widget.Line(p.Type.Body), -2)
	head.Place(r.title)
	b.Place(r.caption)
}

// beside is texts at the left, buttons at the right.
func (r *thingRow) beside(b widget.Box, p theme.Panel) {
	if r.bar.Visible() {
		line, _ := b.Right(160, 0)
		line.Place(r.bar)
		_, b = b.Right(160, theme.Space4)
	}
	for _, x := range []*widget.Button{r.no, r.yes, r.small, r.open} {
		if x.Visible() {
			width := float32(216)
			switch {
			case x == r.small:
				width = p.Button.Width
			case x == r.no && p.Class == theme.Compact:
				width = 144
			case x == r.no:
				width = 168
			case p.Class == theme.Compact:
				width = 184
			}
			var one widget.Box
			one, b = b.Right(width, theme.TargetGap)
			one.Centre(one.W, p.Button.Height).Place(x)
		}
	}
	b.W -= theme.Space2
	r.place(b, p)
}

// stacked is texts above buttons.
func (r *thingRow) stacked(b widget.Box, p theme.Panel) {
	var shown []*widget.Button
	for _, x := range []*widget.Button{r.open, r.small, r.yes, r.no} {
		if x.Visible() {
			shown = append(shown, x)
		}
	}
	foot, b := b.Bottom(p.Button.Height, theme.Space2)
	if len(shown) == 0 && !r.bar.Visible() {
		b.H += foot.H
	}
	for i, x := range shown {
		foot.Column(i, len(shown), theme.TargetGap).Place(x)
	}
	foot.Place(r.bar)
	r.place(b, p)
}

func (s *base) setThing(r *thingRow, t *hmi.Thing) {
	texts := s.Model.Phones != nil && s.Model.Phones.Limits.Texts
	if r.drawn && r.thing == *t && r.texts == texts {
		return
	}
	r.thing, r.texts, r.drawn = *t, texts, true
	ink := s.Theme.Text
	if t.Do == hmi.Ringing || t.Do == hmi.Offered {
		ink = s.Theme.Accent
	}
	r.icon.Set(kindGlyph(t.Kind), ink)
	title, caption := s.thingTexts(t)
	r.title.Set(title)
	r.caption.Set(caption)
	glyph, label := s.thingButton(t)
	r.yes.Set(glyph, label)
	r.yes.SetState(widget.State{On: t.Do == hmi.Offered})
	r.yes.Forbid(s.parkFirst(t.Parked))
	no := s.words().Phones.NotNow
	if t.Do != hmi.Offered {
		no = s.words().Phones.End
	}
	r.no.Set("", no)
	r.open.Set(kindGlyph(t.Kind), s.words().Phones.Read)
	opens := texts && reads(t.Kind) && (t.Do == hmi.SendThere || t.Do == hmi.Stays)
	show(r.open, opens)
	show(r.small, opens && t.Yes != nil)
	show(r.yes, !opens && t.Yes != nil)
	show(r.no, t.No != nil)
	moving := t.Do == hmi.Coming || t.Do == hmi.Going
	show(r.bar, moving)
	if moving {
		r.bar.Set(float32(t.Progress))
	}
	r.root.Layout.Layout(r.root.Objects, r.root.Size())
}

// continuity is the card of what is under way, in the place of another object
// while there is something.
func (s *base) continuity(instead fyne.CanvasObject) fyne.CanvasObject {
	p := s.panel()
	n := 2
	if p.Class == theme.Compact {
		n = 1
	}
	var rows []*thingRow
	var objects []fyne.CanvasObject
	for range n {
		r := s.newThing()
		rows = append(rows, r)
		objects = append(objects, r.root)
	}
	shown := 0
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		if shown <= 1 {
			rows[0].root.Resize(b.Size())
			b.Place(rows[0].root)
			return
		}
		for i, r := range rows {
			b.Row(i, n, theme.TargetGap).Place(r.root)
		}
	}, objects...)
	card.Hide()
	var last *hmi.Phones
	s.on(func(v *View) {
		if v.Model.Phones == last {
			return
		}
		last = v.Model.Phones
		things := s.homeThings(s.phones(v), n == 1)
		k := min(n, len(things))
		if k > 0 && things[0].Do <= hmi.Offered {
			k = 1 // what waits for an answer is alone
		}
		for i, r := range rows {
			on := i < k
			if on {
				s.setThing(r, &things[i])
			}
			show(r.root, on)
		}
		show(card, len(things) > 0)
		show(instead, len(things) == 0)
		if k != shown {
			shown = k
			card.Relayout()
		}
	})
	return card
}

// homeThings is what the card of what is under way shows: all but where the car
// is to go, which has a card of its own, unless there is room for one card only;
// then it comes before what merely can be done.
func (s *base) homeThings(m *hmi.Phones, single bool) []hmi.Thing {
	if m.Goal == nil {
		return m.Things
	}
	var all []hmi.Thing
	for _, t := range m.Things {
		if t.Session != m.Goal.Session {
			all = append(all, t)
		}
	}
	if single && (len(all) == 0 || all[0].Do > hmi.Going) {
		all = slices.Insert(all, 0, *m.Goal)
	}
	return all
}

// goal is the card of where this car is to go, in the place of another object
// while it is to go somewhere, with or without a phone.
func (s *base) goal(instead fyne.CanvasObject) fyne.CanvasObject {
	r := s.newThing()
	card := widget.NewCard(s.Theme, widget.IconPin, s.words().Phones.KindNavigation, func(b widget.Box) { b.Place(r.root) }, r.root)
	card.Hide()
	var last *hmi.Phones
	s.on(func(v *View) {
		if v.Model.Phones == last {
			return
		}
		last = v.Model.Phones
		goal := s.phones(v).Goal
		if goal != nil {
			s.setThing(r, goal)
		}
		show(card, goal != nil)
		show(instead, goal == nil)
	})
	return card
}

// chip is what the status bar says of the phones, and how urgent it is.
func (s *base) chip(m *hmi.Phones) (glyph widget.IconName, text string, urgent bool) {
	w := &s.words().Phones
	for i := range m.Things {
		switch t := &m.Things[i]; t.Do {
		case hmi.Ringing:
			return widget.IconCall, w.KindCall, true
		case hmi.Offered:
			return kindGlyph(t.Kind), w.Offer, true
		case hmi.Coming, hmi.Going:
			return kindGlyph(t.Kind), w.Kind(t.Kind), true
		case hmi.TakeHere, hmi.PlayHere:
			if t.Parked {
				continue
			}
			return kindGlyph(t.Kind), w.Continue, false
		}
	}
	for i := range m.List {
		if m.List[i].Reached() {
			return widget.IconPhone, "", false
		}
	}
	return "", "", false
}

package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// pairingPart is the pairing screen: the code to scan as large as the screen
// allows, how else a phone gets in, and whoever asks, with the code to compare.
// It is open only while parked and for as long as the phone link says.
func (s *base) pairingPart() phonePart {
	p, w := s.panel(), &s.words().Phones
	code := widget.NewCode(s.Theme)
	back := widget.NewButton(s.Theme, widget.IconBack, "", s.words().Back, func() { s.Send(hmi.Back{}) }).OnGround()
	title := widget.Text(p.Type.Body, s.Theme.Text, w.PairTitle)
	left := widget.Text(p.Type.Second, s.Theme.TextSecond, "")
	how := widget.NewMessages(s.Theme, s.more)
	ask, setAsk := s.candidate()
	guide := s.sheet(func(b widget.Box) { b.Place(how) }, how)
	root := widget.Free(func(b widget.Box) {
		pic, b := b.Left(min(b.H, b.W*0.46), p.Gap)
		pic.Place(code)
		top, b := b.Top(p.Button.Height, p.Gap)
		x, top := top.Left(p.Button.Width, theme.Space4)
		x.Place(back)
		top = top.Centre(top.W, widget.Line(p.Type.Body)+widget.Line(p.Type.Second))
		a, c := top.Top(widget.Line(p.Type.Body), 0)
		a.Place(title)
		c.Place(left)
		b.Place(guide, ask)
	}, code, back, title, left, guide, ask)
	return phonePart{root, func(m *hmi.Phones, v *View) {
		if m.Pairing == nil {
			code.Set("")
			widget.SetText(left, "", s.Theme.TextSecond)
			how.Set([]widget.Note{{Glyph: widget.IconInfo, Color: s.Theme.TextSecond, Title: s.pairingWait(v)}})
			show(ask, false)
			show(guide, true)
			return
		}
		code.Set(m.Pairing.QR)
		widget.SetText(left, w.ClosesIn+" "+s.Format.Minutes(m.Pairing.Until.Sub(v.Model.Now)), s.Theme.TextSecond)
		scan := w.ScanAdvice
		if p.Class == theme.Compact {
			scan = ""
		}
		how.Set([]widget.Note{
			{Glyph: widget.IconPhone, Color: s.Theme.Text, Title: w.Scan, Advice: scan},
			{Glyph: widget.IconLaptop, Color: s.Theme.TextSecond, Title: w.OrKDE, Advice: lang.With(w.OrKDEAdvice, m.Name)},
		})
		show(ask, len(m.Pairing.Tries) > 0)
		show(guide, len(m.Pairing.Tries) == 0)
		if len(m.Pairing.Tries) > 0 {
			setAsk(m.Pairing.Tries)
		}
	}}
}

// pairingWait is why there is no code.
func (s *base) pairingWait(v *View) string {
	if !s.phones(v).Limits.Setup {
		return s.words().ParkFirst
	}
	return s.words().Phones.OneMoment
}

// candidate is the phone that asks, with its code as large as there is room:
// two people in two seats compare it.
func (s *base) candidate() (fyne.CanvasObject, func(all []hmi.Candidate)) {
	p, w := s.panel(), &s.words().Phones
	who := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1)
	digits := widget.CentreText(p.Type.Display, s.Theme.Text, "")
	question := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 2).Centre()
	var now hmi.Candidate
	same := s.setup(widget.NewButton(s.Theme, widget.IconCheck, w.Same, w.Same, func() { s.tell(phonelink.Confirm{Device: now.Device, Accept: true}) }))
	refuse := widget.NewButton(s.Theme, widget.IconClose, w.Refuse, w.Refuse, func() { s.tell(phonelink.Confirm{Device: now.Device}) })
	start := s.setup(widget.NewButton(s.Theme, widget.IconPlus, w.AskThere, w.AskThere, func() { s.tell(phonelink.RequestPair{Device: now.Device}) }))
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(p.Button.Height, theme.Space2)
		foot.Column(0, 2, theme.TargetGap).Place(same, start)
		foot.Column(1, 2, theme.TargetGap).Place(refuse)
		head, b := b.Top(widget.Line(p.Type.Body), 0)
		head.Place(who)
		line, b := b.Bottom(widget.Line(p.Type.Second), 0)
		if b.H > 2.5*widget.Line(p.Type.Display) {
			b = b.Centre(b.W, 2*widget.Line(p.Type.Display))
		}
		line.Place(question)
		b.Place(digits)
	}, who, digits, question, same, refuse, start)
	return card, func(all []hmi.Candidate) {
		now = all[0]
		name := now.Name
		if len(all) > 1 {
			name = dots(name, s.more(len(all)-1))
		}
		who.Set(name)
		widget.SetText(digits, now.Grouped, s.Theme.Text)
		known := now.Grouped != "" && now.Problem == ""
		switch {
		case now.Problem != "":
			question.SetIn(now.Problem, s.Theme.Warning)
		case known:
			question.Say(w.Compare, s.Theme.TextSecond)
		default:
			question.Say(w.WaitCode, s.Theme.TextSecond)
		}
		show(same, known)
		show(start, now.Grouped == "" && now.Problem == "")
	}
}

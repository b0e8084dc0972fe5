package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// replies is the canned replies, each one tap.
type replies struct {
	buttons []*widget.Button
	rows    int
	send    func(text string) phonelink.Request
}

// newReplies is the canned replies in so many rows of two.
func (s *base) newReplies() *replies {
	r := &replies{rows: 2}
	if s.panel().Class == theme.Compact {
		r.rows = 1
	}
	for i := range 2 * r.rows {
		text := s.words().Phones.Replies[i]
		r.buttons = append(r.buttons, widget.NewButton(s.Theme, "", text, text, func() {
			if r.send != nil {
				s.tell(r.send(text))
			}
		}))
	}
	return r
}

func (r *replies) objects() (all []fyne.CanvasObject) {
	for _, b := range r.buttons {
		all = append(all, b)
	}
	return all
}

// place takes the room of the buttons from the bottom and gives the rest.
func (r *replies) place(b widget.Box, p theme.Panel) (rest widget.Box) {
	area, rest := b.Bottom(float32(r.rows)*(p.Button.Height+theme.TargetGap)-theme.TargetGap, theme.Space3)
	for i, x := range r.buttons {
		area.Row(i/2, r.rows, theme.TargetGap).Column(i%2, 2, theme.TargetGap).Place(x)
	}
	return rest
}

func (r *replies) set(send func(text string) phonelink.Request) {
	r.send = send
	for _, b := range r.buttons {
		show(b, send != nil)
	}
}

// notesPart is the notifications of the phones.
func (s *base) notesPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Phones
	l := s.list(height, func(key string) { s.Send(hmi.Select{Key: key}) })
	from := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	title := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1)
	text := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.Text, 4).Top()
	var now hmi.PhoneNote
	dismiss := widget.NewButton(s.Theme, widget.IconClose, "", w.Dismiss, func() { s.tell(now.Dismiss) })
	r := s.newReplies()
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		b = r.place(b, p)
		head, b := b.Top(p.Button.Height, theme.Space1)
		x, head := head.Right(p.Button.Width, theme.Space3)
		x.Place(dismiss)
		a, c := head.Top(widget.Line(p.Type.Second), 0)
		a.Place(from)
		c, _ = c.Top(widget.Line(p.Type.Body), 0)
		c.Place(title)
		b.Place(text)
	}, append(r.objects(), from, title, text, dismiss)...)
	body := s.splitList(l, card, nil, widget.Note{Glyph: widget.IconBell, Color: s.Theme.TextSecond, Title: w.NoNotes, Advice: w.NoNotesAdvice})
	return phonePart{body.root, func(m *hmi.Phones, v *View) {
		var entries []entry
		for _, x := range m.Notes {
			entries = append(entries, entry{key: x.Key, glyph: widget.IconBell, title: x.Title, caption: dots(x.App, s.clock(x.Time, v.Model.Now.Location()))})
		}
		at := chosenOf(entries, v.State.Pick.Key)
		if len(entries) == 0 {
			body.set(nil, "", 0)
			return
		}
		body.set(entries, entries[at].key, v.State.Pick.Page)
		now = m.Notes[at]
		from.Set(dots(now.App, now.Phone))
		title.Set(now.Title)
		switch {
		case now.Hidden:
			text.Say(w.Hidden, s.Theme.TextSecond)
		case now.Text == "":
			text.Say(w.NoText, s.Theme.TextSecond)
		default:
			text.SetIn(now.Text, s.Theme.Text)
		}
		show(dismiss, now.Dismiss != nil)
		r.set(now.Reply)
	}}
}

// messagesPart is the conversations of the phones.
func (s *base) messagesPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Phones
	l := s.list(height, func(key string) { s.Send(hmi.Select{Key: key}) })
	title := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1)
	about := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	talk := widget.NewTalk(s.Theme, 8)
	r := s.newReplies()
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		b = r.place(b, p)
		head, b := b.Top(widget.Line(p.Type.Body), 0)
		head.Place(title)
		head, b = b.Top(widget.Line(p.Type.Second), theme.Space2)
		head.Place(about)
		b.Place(talk)
	}, append(r.objects(), title, about, talk)...)
	body := s.splitList(l, card, nil, widget.Note{Glyph: widget.IconMessage, Color: s.Theme.TextSecond, Title: w.NoThreads, Advice: w.NoThreadsAdvice})
	return phonePart{body.root, func(m *hmi.Phones, v *View) {
		var entries []entry
		for _, x := range m.Threads {
			entries = append(entries, entry{key: x.Key, glyph: widget.IconMessage, title: x.Title, caption: dots(s.clock(x.Time, v.Model.Now.Location()), s.count(w.Unread, x.Unread)), fresh: x.Unread > 0})
		}
		at := chosenOf(entries, v.State.Pick.Key)
		if len(entries) == 0 {
			body.set(nil, "", 0)
			return
		}
		body.set(entries, entries[at].key, v.State.Pick.Page)
		x := m.Threads[at]
		title.Set(x.Title)
		about.Set(dots(x.Phone, s.count(w.Unread, x.Unread)))
		var paras []widget.Para
		for _, line := range x.Messages {
			who := line.From
			if who == "" {
				who = w.You
			}
			paras = append(paras, widget.Para{Text: who + ": " + line.Text, Own: line.From == ""})
		}
		if x.Hidden {
			paras = []widget.Para{{Text: w.Hidden, Own: true}}
		}
		talk.Set(paras)
		r.set(x.Reply)
	}}
}

// callsPart is the calls of the phones: a car without the phone's sound shows
// them and silences the ringing, no more, and says so.
func (s *base) callsPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Phones
	l := s.list(height, func(key string) { s.Send(hmi.Select{Key: key}) })
	lines := 2
	if p.Class == theme.Compact {
		lines = 1
	}
	who := widget.NewLabel(s.Theme, p.Type.Title, s.Theme.Text, lines)
	about := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	hint := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.Text, 3).Top()
	var now hmi.PhoneCall
	mute := widget.NewButton(s.Theme, widget.IconMute, w.Mute, w.Mute, func() { s.tell(now.Mute) })
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(p.Button.Height, theme.Space3)
		foot.Place(mute)
		head, b := b.Top(widget.Line(p.Type.Second), theme.Space2)
		head.Place(about)
		head, b = b.Top(float32(lines)*widget.Line(p.Type.Title), 0)
		head.Place(who)
		b.Place(hint)
	}, about, who, hint, mute)
	body := s.splitList(l, card, nil, widget.Note{Glyph: widget.IconCall, Color: s.Theme.TextSecond, Title: w.NoCalls, Advice: w.NoCallsAdvice})
	return phonePart{body.root, func(m *hmi.Phones, v *View) {
		var entries []entry
		for _, x := range m.Calls {
			entries = append(entries, entry{key: x.Key, glyph: widget.IconCall, title: x.Who, caption: dots(w.Call(x.State), x.Phone), fresh: x.State == phonelink.CallRinging})
		}
		at := chosenOf(entries, v.State.Pick.Key)
		if len(entries) == 0 {
			body.set(nil, "", 0)
			return
		}
		body.set(entries, entries[at].key, v.State.Pick.Page)
		now = m.Calls[at]
		state := w.Call(now.State)
		if now.Muted {
			state = dots(state, w.Muted)
		}
		about.Set(dots(state, now.Phone, s.clock(now.Start, v.Model.Now.Location())))
		who.Set(now.Who)
		text := ""
		if now.State == phonelink.CallRinging {
			if text = w.AnswerThere; now.Mute != nil {
				text = w.AnswerThereMute
			}
		}
		hint.Say(text, s.Theme.TextSecond)
		show(mute, now.Mute != nil)
	}}
}

package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
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

// filesPart is files on their way, the clipboard of a phone, and what can be
// sent from here.
func (s *base) filesPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Phones
	l := s.list(height, func(key string) { s.Send(hmi.Select{Key: key}) })
	empty := widget.NewEmpty(s.Theme)
	empty.Set(widget.Note{Glyph: widget.IconFile, Color: s.Theme.TextSecond, Title: w.NoFiles, Advice: w.NoFilesAdvice}, "")
	none := widget.NewCard(s.Theme, "", "", func(b widget.Box) { b.Place(empty) }, empty)
	file, setFile := s.fileCard()
	clip, setClip := s.clipCard()
	root := widget.Free(func(b widget.Box) {
		left, right := b.Left(b.W*0.42, p.Gap)
		left.Place(l.root)
		left.Place(none)
		top, rest := right.Top(s.fileHeight(), p.Gap)
		top.Place(file)
		if !file.Visible() {
			rest = right
		}
		rest.Place(clip)
	}, l.root, none, file, clip)
	return phonePart{root, func(m *hmi.Phones, v *View) {
		var entries []entry
		for i := range m.Transfers {
			x := &m.Transfers[i]
			glyph := widget.IconSend
			if x.Incoming {
				glyph = widget.IconTake
			}
			entries = append(entries, entry{key: x.Key, glyph: glyph, title: x.Name, caption: s.transferText(x)})
		}
		show(none, len(entries) == 0)
		at := chosenOf(entries, v.State.Pick.Key)
		chosen := ""
		if len(entries) > 0 {
			chosen = entries[at].key
			setFile(&m.Transfers[at])
		}
		l.set(entries, chosen, v.State.Pick.Page)
		if on := len(entries) > 0; on != file.Visible() {
			show(file, on)
			root.Layout.Layout(root.Objects, root.Size())
		}
		setClip(m, v)
	}}
}

// fileHeight is how high the card of a file is.
func (s *base) fileHeight() float32 {
	p := s.panel()
	return p.Pad*1.5 + p.Button.Height + theme.Space2 + 8
}

// transferText is how far a file is.
func (s *base) transferText(x *hmi.Transfer) string {
	w := &s.words().Phones
	switch {
	case x.Problem != "":
		return x.Problem
	case x.Finished && x.Incoming:
		return dots(w.Received, s.Format.Bytes(x.Size))
	case x.Finished:
		return dots(w.Delivered, s.Format.Bytes(x.Size))
	case x.Size > 0:
		return s.Format.Whole(100*float64(x.Done)/float64(x.Size)) + "\u00a0% · " + s.Format.Bytes(x.Size)
	}
	return s.Format.Bytes(x.Done)
}

func (s *base) fileCard() (fyne.CanvasObject, func(x *hmi.Transfer)) {
	p, w := s.panel(), &s.words().Phones
	name := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1)
	about := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	bar := widget.NewProgress(s.Theme)
	var now hmi.Transfer
	cancel := widget.NewButton(s.Theme, widget.IconClose, "", w.Cancel, func() { s.tell(now.Cancel) })
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(8, theme.Space2)
		foot.Place(bar)
		x, b := b.Right(p.Button.Width, theme.Space3)
		x, _ = x.Top(p.Button.Height, 0)
		x.Place(cancel)
		head, b := b.Top(widget.Line(p.Type.Body), 0)
		head.Place(name)
		head, _ = b.Top(widget.Line(p.Type.Second), 0)
		head.Place(about)
	}, name, about, bar, cancel)
	return card, func(x *hmi.Transfer) {
		now = *x
		name.Set(x.Name)
		way := w.To
		if x.Incoming {
			way = w.From
		}
		phone := x.Phone
		if phone != "" {
			phone = lang.With(way, phone)
		}
		about.Set(dots(s.transferText(x), phone))
		share := float32(0)
		switch {
		case x.Finished:
			share = 1
		case x.Size > 0:
			share = float32(float64(x.Done) / float64(x.Size))
		}
		bar.Set(share)
		show(cancel, x.Cancel != nil)
	}
}

// clipCard is the clipboard that a phone gave, to be passed on, and the car's
// place to be sent.
func (s *base) clipCard() (fyne.CanvasObject, func(m *hmi.Phones, v *View)) {
	p, w := s.panel(), &s.words().Phones
	head := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	text := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.Text, 3).Top()
	var pass, place phonelink.Request
	give := widget.NewButton(s.Theme, widget.IconClipboard, w.Pass, w.Pass, func() { s.tell(pass) })
	send := widget.NewButton(s.Theme, widget.IconPin, w.SendPlace, w.SendPlace, func() { s.tell(place) })
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(p.Button.Height, theme.Space2)
		foot.Column(0, 2, theme.TargetGap).Place(give)
		foot.Column(1, 2, theme.TargetGap).Place(send)
		room := b.H >= 2*widget.Line(p.Type.Second)
		if show(head, room); room {
			var line widget.Box
			line, b = b.Top(widget.Line(p.Type.Second), 0)
			line.Place(head)
		}
		b.Place(text)
	}, head, text, give, send)
	return card, func(m *hmi.Phones, v *View) {
		pass, place = nil, nil
		from, to := clipOf(m)
		head.Say(w.KindClipboard, s.Theme.TextSecond)
		text.Say(w.ClipNone, s.Theme.TextSecond)
		if from != nil {
			head.Set(lang.With(w.ClipOf, from.Name))
			if text.Say(w.ClipHidden, s.Theme.TextSecond); !from.HidesClip {
				text.SetIn(from.Clipboard, s.Theme.Text)
			}
			if to != nil {
				pass = phonelink.SendClipboard{Device: to.Device, Text: from.Clip}
				give.SetNamed(widget.IconClipboard, lang.With(w.Pass, to.Name))
			}
		}
		show(give, pass != nil)
		at := v.Model.Place
		for i := range m.List {
			x := &m.List[i]
			if place == nil && at.Latitude.OK && at.Longitude.OK && x.Reached() && x.Can&(phonelink.CanFiles|phonelink.CanHandOff) != 0 && (x.Device == v.State.Pick.Phone || v.State.Pick.Phone == "") {
				place = phonelink.SendText{Device: x.Device, Text: hmi.GeoLink(at.Latitude.Value, at.Longitude.Value)}
			}
		}
		show(send, place != nil)
	}
}

// clipOf is the phone that gave a clipboard, and another that can take it; nil
// for none.
func clipOf(m *hmi.Phones) (from, to *hmi.Phone) {
	for i := range m.List {
		if m.List[i].Clip != "" {
			from = &m.List[i]
			break
		}
	}
	for i := range m.List {
		x := &m.List[i]
		if from != nil && x != from && x.Reached() && x.Can&(phonelink.CanClipboard|phonelink.CanClipboardTap) != 0 {
			return from, x
		}
	}
	return from, nil
}

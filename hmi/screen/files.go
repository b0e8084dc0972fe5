package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

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
			switch {
			case x.Problem != "":
				glyph = widget.IconWarning
			case x.Finished:
				glyph = widget.IconFile
			case x.Incoming:
				glyph = widget.IconTake
			}
			entries = append(entries, entry{key: x.Key, glyph: glyph, title: x.Name, caption: s.transferText(x), fresh: x.Yes != nil})
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
	texts := widget.Line(p.Type.Body) + float32(s.fileLines())*widget.Line(p.Type.Second)
	return p.Pad*1.5 + max(p.Button.Height, texts) + theme.Space2 + 8
}

// fileLines is how many lines are below a file's name.
func (s *base) fileLines() int {
	if s.panel().Class == theme.Compact {
		return 1
	}
	return 2
}

// transferText is how far a file is.
func (s *base) transferText(x *hmi.Transfer) string {
	w := &s.words().Phones
	switch {
	case x.Problem != "":
		return w.Failed
	case x.Yes != nil:
		return dots(w.FileWaits, s.Format.Bytes(x.Size))
	case x.Finished && x.Incoming:
		return dots(w.Received, s.Format.Bytes(x.Size))
	case x.Finished:
		return dots(w.Delivered, s.Format.Bytes(x.Size))
	case x.Size > 0:
		return s.Format.Whole(100*float64(min(x.Done, x.Size))/float64(x.Size)) + "\u00a0% · " + s.Format.Bytes(x.Size)
	}
	return s.Format.Bytes(x.Done)
}

// fileCard is one file: what it is called, how far it is, whose it is, and why
// it failed or where it is; what waits for a yes is taken or refused here.
func (s *base) fileCard() (fyne.CanvasObject, func(x *hmi.Transfer)) {
	p, w := s.panel(), &s.words().Phones
	name := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1)
	about := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	more := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	bar := widget.NewProgress(s.Theme)
	var now hmi.Transfer
	button := func(glyph widget.IconName, name string, r func() phonelink.Request) *widget.Button {
		return widget.NewButton(s.Theme, glyph, "", name, func() { s.tell(r()) })
	}
	cancel := button(widget.IconClose, w.Cancel, func() phonelink.Request { return now.Cancel })
	yes := button(widget.IconCheck, w.Accept, func() phonelink.Request { return now.Yes })
	yes.SetState(widget.State{On: true})
	no := button(widget.IconClose, w.NotNow, func() phonelink.Request { return now.No })
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(8, theme.Space2)
		foot.Place(bar)
		for _, x := range []*widget.Button{cancel, no, yes} {
			if x.Visible() {
				var one widget.Box
				one, b = b.Right(p.Button.Width, theme.TargetGap)
				one, _ = one.Top(p.Button.Height, 0)
				one.Place(x)
			}
		}
		b.W -= theme.Space1
		line, b := b.Top(widget.Line(p.Type.Body), 0)
		line.Place(name)
		line, b = b.Top(widget.Line(p.Type.Second), 0)
		line.Place(about)
		line, _ = b.Top(widget.Line(p.Type.Second), 0)
		line.Place(more)
	}, name, about, more, bar, cancel, yes, no)
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
		last := x.Problem
		if x.Folder != "" {
			last = lang.With(w.InFolder, x.Folder)
		}
		first := s.transferText(x)
		switch {
		case s.fileLines() == 1 && last != "": // which says more than whose it is
			first = dots(first, last)
		case s.fileLines() == 1:
			first = dots(first, phone)
		case x.Problem != "":
			first = dots(first, phone)
		default:
			last = dots(phone, last)
		}
		about.Set(first)
		more.Set(last)
		show(more, s.fileLines() > 1)
		share := float32(0)
		switch {
		case x.Finished:
			share = 1
		case x.Size > 0:
			share = float32(float64(x.Done) / float64(x.Size))
		}
		bar.Set(share)
		show(bar, x.Problem == "" && !x.Finished && x.Yes == nil)
		show(cancel, x.Cancel != nil)
		show(yes, x.Yes != nil)
		show(no, x.No != nil)
		card.Relayout()
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

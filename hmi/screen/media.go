package screen

import (
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// Parts of the media screen.
const (
	PartQueue = iota
	PartSources
	PartMusic // of this car itself
	MediaParts
)

// NewMedia is the media screen: what plays, here or on a phone, and what comes
// next or plays elsewhere.
func NewMedia(k *Kit) Screen {
	s := &base{Kit: k}
	p, w := s.panel(), &s.words().Phones
	player, setPlayer := s.player()
	tabs := s.mediaTabs()
	height := p.Content().Height - 2*p.Margin - p.Button.Height - p.Gap
	var sources []hmi.Source
	var present hmi.Source
	var albums []hmi.Track
	split := false // something is beside what plays
	music := s.list(height, func(key string) {
		for i := range albums {
			if trackKey(i) == key {
				s.tell(albums[i].Play)
			}
		}
	})
	queue := s.list(height, func(key string) {
		for i := range present.Queue {
			if trackKey(i) == key {
				s.tell(present.Queue[i].Play)
			}
		}
	})
	others := s.list(height, func(key string) { s.Send(hmi.Select{Key: key}) })
	nothing := widget.NewEmpty(k.Theme)
	none := widget.NewCard(k.Theme, "", "", func(b widget.Box) { b.Place(nothing) }, nothing)
	end := widget.NewEmpty(k.Theme)
	end.Set(widget.Note{Glyph: widget.IconMedia, Color: k.Theme.TextSecond, Title: w.EndOfQueue}, "")
	root := widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		whole := b
		left, b := b.Left(b.W*0.58, p.Gap)
		left.Place(player)
		if left.Place(none); !tabs.Visible() {
			whole.Place(none)
		}
		top, b := b.Top(p.Button.Height, p.Gap)
		top.Place(tabs)
		b.Place(queue.root, others.root, music.root)
		b.Place(end)
	}, player, tabs, queue.root, others.root, music.root, none, end)
	s.root = root
	var last phoneView
	s.on(func(v *View) {
		now := phoneView{phones: v.Model.Phones, music: v.Model.Music, screen: v.State.Screen, part: v.State.Part, pick: v.State.Pick, allow: v.Allow.Flags}
		if now != last {
			last = now
			m := s.phones(v)
			sources = m.Sources
			if albums = nil; m.Link == hmi.LinkReady { // whose sessions the player follows
				albums = v.Model.Music.List(m.Limits)
			}
			any, own := len(sources) > 0, len(albums) > 0
			part := mediaPart(v.State.Part, any, own)
			show(none, !any)
			show(player, any)
			if show(tabs, any || own); tabs.Visible() != split {
				split = tabs.Visible()
				root.Layout.Layout(root.Objects, root.Size())
			}
			nothing.Set(s.nothingNote(m), m.Trouble)
			tabs.Set(part, false)
			tabs.Options[PartQueue].Usable(any)
			tabs.Options[PartSources].Usable(any)
			tabs.Options[PartMusic].Usable(own)
			present = hmi.Source{}
			if any {
				present = sources[sourceOf(sources, v.State.Pick.Key)]
			}
			queue.set(trackEntries(present.Queue), "", v.State.Pick.Page)
			others.set(s.sourceEntries(sources), present.Key, v.State.Pick.Page)
			music.set(trackEntries(albums), "", v.State.Pick.Page)
			show(music.root, own && part == PartMusic)
			show(queue.root, any && part == PartQueue)
			show(others.root, any && part == PartSources)
			show(end, any && part == PartQueue && len(present.Queue) == 0)
		}
		if len(sources) > 0 {
			setPlayer(&present, v.Model.Now)
		}
	})
	return s
}

// mediaTabs are the parts of the media screen.
func (s *base) mediaTabs() *widget.Choice {
	w := &s.words().Phones
	options := []widget.Option{{Label: w.Queue, Name: w.Queue}, {Label: w.Sources, Name: w.Sources}, {Label: w.Music, Name: w.Music}}
	if s.panel().Class == theme.Compact {
		for i, g := range []widget.IconName{widget.IconQueue, widget.IconPhone, widget.IconMedia} {
			options[i].Label, options[i].Glyph = "", g
		}
	}
	return widget.NewChoice(s.Theme, options, func(i int) { s.Send(hmi.ShowPart{Part: i}) }).OnGround()
}

// mediaPart is the part to show: one that has something.
func mediaPart(part int, any, own bool) int {
	part = max(0, min(part, MediaParts-1))
	switch {
	case !any && own:
		return PartMusic
	case part == PartMusic && !own:
		return PartQueue
	}
	return part
}

// nothingNote is why nothing is shown.
func (s *base) nothingNote(m *hmi.Phones) widget.Note {
	if m.Link != hmi.LinkReady {
		return s.linkNote(m)
	}
	w := &s.words().Phones
	return widget.Note{Glyph: widget.IconMedia, Color: s.Theme.TextSecond, Title: w.NothingPlays, Advice: w.NothingPlaysAdvice}
}

func sourceOf(all []hmi.Source, key string) int {
	for i := range all {
		if all[i].Key == key {
			return i
		}
	}
	return 0
}

func trackKey(i int) string { return string(rune('0' + i)) }

func trackEntries(tracks []hmi.Track) (all []entry) {
	for i, t := range tracks {
		all = append(all, entry{key: trackKey(i), glyph: widget.IconMedia, title: t.Title, caption: t.Artist})
	}
	return all
}

func (s *base) sourceEntries(all []hmi.Source) (rows []entry) {
	for i := range all {
		x := &all[i]
		glyph := widget.IconPause
		if x.Playing {
			glyph = widget.IconPlay
		}
		rows = append(rows, entry{key: x.Key, glyph: glyph, title: x.Title, caption: dots(s.where(x), x.App)})
	}
	return rows
}

// where is what plays a source.
func (s *base) where(x *hmi.Source) string {
	w := &s.words().Phones
	if x.Here() {
		return w.ThisCar
	}
	return lang.With(w.On, x.Phone)
}

// player is what plays now, with its controls and the way to the other side.
func (s *base) player() (fyne.CanvasObject, func(x *hmi.Source, now time.Time)) {
	p, w := s.panel(), &s.words().Phones
	where := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	title := widget.NewLabel(s.Theme, p.Type.Headline, s.Theme.Text, 2)
	artist := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.TextSecond, 2).Top()
	bar := widget.NewProgress(s.Theme)
	at := widget.Text(p.Type.Second, s.Theme.TextSecond, "")
	length := widget.Text(p.Type.Second, s.Theme.TextSecond, "")
	length.Alignment = fyne.TextAlignTrailing
	var x hmi.Source
	var shown time.Duration // the position
	play := widget.NewButton(s.Theme, widget.IconPlay, "", w.Play, func() {
		if x.Playing {
			s.tell(x.Pause)
			return
		}
		s.tell(x.Play)
	})
	previous := widget.NewButton(s.Theme, widget.IconPrevious, "", w.Previous, func() { s.tell(x.Previous) })
	next := widget.NewButton(s.Theme, widget.IconNext, "", w.Next, func() { s.tell(x.Next) })
	var move phonelink.Request
	take, send := widget.IconTake, widget.IconSend
	if p.Class == theme.Compact { // no room beside the words
		take, send = "", ""
	}
	hand := widget.NewButton(s.Theme, widget.IconTake, w.Continue, w.Continue, func() { s.tell(move) })
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		head, b := b.Top(widget.Line(p.Type.Second), theme.Space2)
		head.Place(where)
		foot, b := b.Bottom(p.Button.Height, theme.Space4)
		for _, o := range []fyne.CanvasObject{previous, play, next} {
			var one widget.Box
			one, foot = foot.Left(p.Button.Width, theme.TargetGap)
			one.Place(o)
		}
		foot, _ = foot.Right(min(foot.W, 336), 0)
		foot.Place(hand)
		times, b := b.Bottom(widget.Line(p.Type.Second), 0)
		times.Place(at, length)
		line, b := b.Bottom(16, theme.Space2)
		line.Place(bar)
		lines := float32(max(1, title.Lines()))
		big, small := widget.Line(p.Type.Headline), widget.Line(p.Type.Body)
		if b.H < lines*big+small {
			lines = 1
		}
		high := min(b.H, lines*big+2*small)
		b = widget.Box{X: b.X, Y: b.Y + (b.H-high)/2, W: b.W, H: high}
		name, by := b.Top(lines*big, 0)
		name.Place(title)
		by.Place(artist)
	}, where, title, artist, bar, at, length, play, previous, next, hand)
	return card, func(now *hmi.Source, t time.Time) {
		same := sameSource(now, &x)
		if pos := now.Position(t); pos != shown || !same {
			shown = pos
			if now.Length > 0 {
				bar.Set(float32(pos.Seconds() / now.Length.Seconds()))
			}
			widget.SetText(at, s.Format.Minutes(pos), s.Theme.TextSecond)
		}
		if same {
			return
		}
		x = *now
		where.Set(dots(s.where(&x), x.App))
		title.Set(x.Title)
		artist.Set(dots(x.Artist, x.Album))
		card.Relayout()
		end := ""
		if x.Length > 0 {
			end = s.Format.Minutes(x.Length)
		}
		widget.SetText(length, end, s.Theme.TextSecond)
		show(bar, x.Length > 0)
		glyph, label, can := widget.IconPlay, w.Play, x.Play
		if x.Playing {
			glyph, label, can = widget.IconPause, w.Pause, x.Pause
		}
		play.Set(glyph, label)
		play.SetState(widget.State{On: x.Playing})
		play.Usable(can != nil)
		previous.Usable(x.Previous != nil)
		next.Usable(x.Next != nil)
		move = nil
		switch {
		case x.Take != nil:
			label := w.Continue
			if x.Take.Do == hmi.PlayHere {
				label = w.PlayHere
			}
			hand.Set(take, label)
			move = x.Take.Yes
			hand.Forbid(s.parkFirst(x.Take.Parked))
		case len(x.Send) > 0:
			hand.SetNamed(send, lang.With(w.SendTo, x.Send[0].Phone))
			move = x.Send[0].Yes
			hand.Forbid("")
		}
		show(hand, move != nil)
	}
}

// parkFirst is the reason for what waits until the car is parked.
func (s *base) parkFirst(yes bool) string {
	if yes {
		return s.words().ParkFirst
	}
	return ""
}

// sameSource reports whether two sources look the same but for their position.
func sameSource(a, b *hmi.Source) bool {
	return a.Key == b.Key && a.Title == b.Title && a.Artist == b.Artist && a.Album == b.Album && a.App == b.App && a.Phone == b.Phone && a.Playing == b.Playing && a.Length == b.Length &&
		a.Play == b.Play && a.Pause == b.Pause && a.Next == b.Next && a.Previous == b.Previous && a.Take == b.Take && len(a.Send) == len(b.Send) && (len(a.Send) == 0 || a.Send[0] == b.Send[0])
}

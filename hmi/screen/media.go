package screen

import (
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
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
	playing := s.player()
	player := playing.card
	show(playing.back, false)
	show(playing.on, false)
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
			playing.set(&present, v.Model.Now, v.Allow.Allows(restrict.LimitContent))
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

// playerCard is what plays now, with its controls and the way to the other side.
//
//	where it plays
//	+-------+  title
//	| cover |  artist, album
//	+-------+
//	[-15 s]  ====(O)---------  [+15 s]     the steps while driving, the thumb
//	         3:12         8:40             while not
//	[<] [>] [>|]            [ continue ]
type playerCard struct {
	*base
	card                 *widget.Card
	where, title, artist *widget.Label
	cover                *widget.Cover
	seek                 *widget.Seek
	back, on             *widget.Button
	previous, play, next *widget.Button
	hand                 *widget.Button

	x     hmi.Source
	steps bool              // in the place of the thumb
	move  phonelink.Request // what hand asks for
}

func (s *base) player() *playerCard {
	p, w, r := s.panel(), &s.words().Phones, &s.words().Remote
	c := &playerCard{base: s,
		where:  widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1),
		title:  widget.NewLabel(s.Theme, p.Type.Title, s.Theme.Text, 2),
		artist: widget.NewLabel(s.Theme, p.Type.Body, s.Theme.TextSecond, 2).Top(),
		cover:  widget.NewCover(s.Theme),
	}
	c.seek = widget.NewSeek(s.Theme, r.Where, s.Format.Minutes, func(to time.Duration) {
		if c.x.Seek != nil {
			s.tell(c.x.Seek(to))
		}
	})
	step := func(sign string, by time.Duration, name string) *widget.Button {
		label := sign + s.Format.Whole(by.Abs().Seconds()) + "\u00a0s"
		return widget.NewButton(s.Theme, "", label, name, func() { c.seek.Step(by) })
	}
	c.back, c.on = step("\u2013", -widget.SeekStep, r.Earlier), step("+", widget.SeekStep, r.Later)
	c.play = widget.NewButton(s.Theme, widget.IconPlay, "", w.Play, func() {
		if c.x.Playing {
			s.tell(c.x.Pause)
			return
		}
		s.tell(c.x.Play)
	})
	c.previous = widget.NewButton(s.Theme, widget.IconPrevious, "", w.Previous, func() { s.tell(c.x.Previous) })
	c.next = widget.NewButton(s.Theme, widget.IconNext, "", w.Next, func() { s.tell(c.x.Next) })
	c.hand = widget.NewButton(s.Theme, widget.IconTake, w.Continue, w.Continue, func() { s.tell(c.move) })
	c.card = widget.NewCard(s.Theme, "", "", c.place, c.where, c.cover, c.title, c.artist, c.seek, c.back, c.on, c.previous, c.play, c.next, c.hand)
	return c
}

func (c *playerCard) place(b widget.Box) {
	p := c.panel()
	head, b := b.Top(widget.Line(p.Type.Second), theme.Space2)
	head.Place(c.where)
	foot, b := b.Bottom(p.Button.Height, theme.Space2)
	for _, o := range []fyne.CanvasObject{c.previous, c.play, c.next} {
		var one widget.Box
		one, foot = foot.Left(p.Button.Width, theme.TargetGap)
		one.Place(o)
	}
	foot, _ = foot.Right(min(foot.W, 336), 0)
	foot.Place(c.hand)
	line, b := b.Bottom(c.seek.MinSize().Height, theme.Space2)
	if c.steps {
		const width = 104
		var one widget.Box
		one, line = line.Left(width, theme.Space4)
		one.Place(c.back)
		one, line = line.Right(width, theme.Space4)
		one.Place(c.on)
	}
	line.Place(c.seek)
	if side := min(b.H, b.W*0.4); side >= 64 {
		var pic widget.Box
		pic, b = b.Left(side, theme.Space4)
		pic, _ = pic.Top(side, 0)
		pic.Place(c.cover)
		b, _ = b.Top(side, 0)
	}
	big, small := widget.Line(p.Type.Title), widget.Line(p.Type.Body)
	lines := float32(1)
	if b.H >= 2*big+small {
		c.title.Resize(fyne.NewSize(b.W, 2*big)) // it says how many it needs
		lines = float32(max(1, c.title.Lines()))
	}
	high := min(b.H, lines*big+2*small)
	b = widget.Box{X: b.X, Y: b.Y + (b.H-high)/2, W: b.W, H: high}
	name, by := b.Top(lines*big, 0)
	name.Place(c.title)
	by.Place(c.artist)
}

// set shows a source at a moment; drag is whether the line may be dragged: that
// takes looking at it, so while driving there are steps instead, of which each
// is one tap on a large target.
func (c *playerCard) set(now *hmi.Source, t time.Time, drag bool) {
	same := sameSource(now, &c.x)
	if now.Key != c.x.Key || now.Title != c.x.Title || now.Artist != c.x.Artist {
		c.seek.Other()
	}
	if !same {
		c.x = *now
		c.describe()
	}
	c.seek.Set(now.Position(t), now.Length, t)
	if c.Cover != nil {
		c.cover.Set(c.Cover(now.Cover, c.cover.Pixels()))
	}
	steps := now.Seek != nil && (!drag || now.Length == 0)
	c.seek.Usable(now.Seek != nil && !steps)
	if steps != c.steps {
		c.steps = steps
		show(c.back, steps)
		show(c.on, steps)
		c.card.Relayout()
	}
}

// describe shows all that is not the time.
func (c *playerCard) describe() {
	x, w := &c.x, &c.words().Phones
	lost := ""
	if x.Lost {
		lost = w.Absent
	}
	c.where.Set(dots(c.base.where(x), x.App, lost))
	c.title.Set(x.Title)
	c.artist.Set(dots(x.Artist, x.Album))
	c.card.Relayout()
	glyph, label, can := widget.IconPlay, w.Play, x.Play
	if x.Playing {
		glyph, label, can = widget.IconPause, w.Pause, x.Pause
	}
	c.play.Set(glyph, label)
	c.play.SetState(widget.State{On: x.Playing})
	c.play.Usable(can != nil)
	c.previous.Usable(x.Previous != nil)
	c.next.Usable(x.Next != nil)
	take, send := widget.IconTake, widget.IconSend
	if c.panel().Class == theme.Compact { // no room beside the words
		take, send = "", ""
	}
	c.move = nil
	switch {
	case x.Take != nil:
		label := w.Continue
		if x.Take.Do == hmi.PlayHere {
			label = w.PlayHere
		}
		c.hand.Set(take, label)
		c.move = x.Take.Yes
		c.hand.Forbid(c.parkFirst(x.Take.Parked))
	case len(x.Send) > 0:
		c.hand.SetNamed(send, lang.With(w.SendTo, x.Send[0].Phone))
		c.move = x.Send[0].Yes
		c.hand.Forbid("")
	}
	show(c.hand, c.move != nil)
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
	return a.Key == b.Key && a.Title == b.Title && a.Artist == b.Artist && a.Album == b.Album && a.App == b.App && a.Phone == b.Phone && a.Playing == b.Playing && a.Lost == b.Lost && a.Length == b.Length &&
		a.Play == b.Play && a.Pause == b.Pause && a.Next == b.Next && a.Previous == b.Previous && (a.Seek == nil) == (b.Seek == nil) && a.Take == b.Take && len(a.Send) == len(b.Send) && (len(a.Send) == 0 || a.Send[0] == b.Send[0])
}

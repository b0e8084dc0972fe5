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

const (
	volumeStep = 5 // percent
	volumeHope = 3 * time.Second
)

// control is the part of the phone screen that commands one phone. What its
// software cannot do is not there. A command is run only after a second
// question, and parked: nobody here knows what it does.
//
//	[<] Control X, how it is
//	commands      | sound: output  [-] 45 % [+] [mute] [other]
//	 [row]        | or the question whether to run the chosen command
//	 [row]        |
//	 [row]        | [ring] [ping] [lock]
type control struct {
	*base
	root        *fyne.Container
	back        *widget.Button
	title, how  *widget.Label
	list        *lister
	none        *widget.Card
	sound, sure *widget.Card
	buttons     []*widget.Button // ring, ping, lock

	output       *widget.Label
	level        *widget.Stepper
	mute, other  *widget.Button
	question     *widget.Label
	x            hmi.Phone
	command      phonelink.PhoneCommand
	at           int       // of the outputs
	want         int       // percent that was asked for; -1: none
	until        time.Time // want is shown
	now          time.Time
	listed, asks bool
}

func (s *base) controlPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Remote
	c := &control{base: s, want: -1,
		title: widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 1),
		how:   widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1),
	}
	c.back = widget.NewButton(s.Theme, widget.IconBack, "", s.words().Back, func() { s.Send(hmi.Back{}) }).OnGround()
	c.list = s.list(height, func(key string) {
		s.Send(hmi.Select{Key: key})
		s.Send(hmi.Doubt{On: true})
	})
	empty := widget.NewEmpty(s.Theme)
	empty.Set(widget.Note{Glyph: widget.IconCommand, Color: s.Theme.TextSecond, Title: w.NoCommands, Advice: w.NoCommandsAdvice}, "")
	c.none = widget.NewCard(s.Theme, "", "", func(b widget.Box) { b.Place(empty) }, empty)
	c.sound, c.sure = c.soundCard(), c.sureCard()
	c.buttons = []*widget.Button{
		widget.NewButton(s.Theme, widget.IconBell, c.word(w.RingIt), s.words().Phones.FindPhone, func() { s.tell(phonelink.Ring{Device: c.x.Device}) }).OnGround(),
		widget.NewButton(s.Theme, widget.IconPing, c.word(w.PingIt), w.PingIt, func() { s.tell(phonelink.Ping{Device: c.x.Device}) }).OnGround(),
		s.setup(widget.NewButton(s.Theme, widget.IconLock, c.word(w.LockIt), w.LockIt, func() { s.tell(phonelink.Lock{Device: c.x.Device}) }).OnGround()),
	}
	objects := []fyne.CanvasObject{c.back, c.title, c.how, c.list.root, c.none, c.sound, c.sure}
	for _, b := range c.buttons {
		objects = append(objects, b)
	}
	c.root = widget.Free(c.place, objects...)
	return phonePart{c.root, c.set}
}

// word is the word of a button that has one where there is room.
func (c *control) word(word string) string {
	if c.panel().Class == theme.Compact {
		return ""
	}
	return word
}

func (c *control) place(b widget.Box) {
	p := c.panel()
	top, b := b.Top(p.Button.Height, p.Gap)
	x, top := top.Left(p.Button.Width, theme.Space4)
	x.Place(c.back)
	top = top.Centre(top.W, widget.Line(p.Type.Body)+widget.Line(p.Type.Second))
	name, how := top.Top(widget.Line(p.Type.Body), 0)
	name.Place(c.title)
	how.Place(c.how)
	if c.listed {
		var left widget.Box
		share := float32(0.42)
		if p.Class == theme.Compact {
			share = 0.36 // the volume needs the room
		}
		left, b = b.Left(b.W*share, p.Gap)
		left.Place(c.list.root, c.none)
	}
	var shown []*widget.Button
	for _, x := range c.buttons {
		if x.Visible() {
			shown = append(shown, x)
		}
	}
	switch {
	case c.sure.Visible():
		b.Place(c.sure)
	default: // sound above, the rest below
		if c.sound.Visible() {
			var card widget.Box
			card, b = b.Top(min(b.H-p.Button.Height-p.Gap, c.soundHeight()), p.Gap)
			card.Place(c.sound)
		}
		b, _ = b.Top(p.Button.Height, 0)
		for i, x := range shown {
			b.Column(i, len(shown), theme.TargetGap).Place(x)
		}
	}
}

// soundHeight is how high the card of the sound is: its name and two rows.
func (c *control) soundHeight() float32 {
	p := c.panel()
	if p.Class == theme.Compact {
		return p.Pad*1.5 + widget.Line(p.Type.Second) + p.Button.Height + theme.Space3
	}
	return p.Pad*1.5 + widget.Line(p.Type.Second) + 2*p.Button.Height + 2*theme.Space3
}

// soundCard is one output of the phone's sound.
func (c *control) soundCard() *widget.Card {
	p, w := c.panel(), &c.words().Remote
	c.output = widget.NewLabel(c.Theme, p.Type.Second, c.Theme.TextSecond, 1)
	c.level = widget.NewStepper(c.Theme, p.Type.Title, w.Softer, w.Louder, func() { c.turn(-volumeStep) }, func() { c.turn(volumeStep) })
	c.mute = widget.NewButton(c.Theme, widget.IconSilent, c.word(w.Mute), w.Mute, func() {
		if o := c.out(); o != nil {
			c.tell(phonelink.SetMuted{Device: c.x.Device, Output: o.Name, Muted: !o.Muted})
		}
	})
	c.other = widget.NewButton(c.Theme, widget.IconQueue, c.word(w.NextOutput), w.NextOutput, func() {
		c.at++
		c.want = -1
		c.showSound()
	})
	return widget.NewCard(c.Theme, "", "", func(b widget.Box) {
		head, b := b.Top(widget.Line(p.Type.Second), theme.Space3)
		head.Place(c.output)
		if p.Class == theme.Compact { // one row
			b, _ = b.Top(p.Button.Height, 0)
			for _, x := range []*widget.Button{c.other, c.mute} {
				if x.Visible() {
					var one widget.Box
					one, b = b.Right(p.Button.Width, theme.TargetGap)
					one.Place(x)
				}
			}
			b.Place(c.level)
			return
		}
		line, b := b.Top(p.Button.Height, theme.Space3)
		line.Place(c.level)
		b, _ = b.Top(p.Button.Height, 0)
		n := 1
		if c.other.Visible() {
			n = 2
			b.Column(1, 2, theme.TargetGap).Place(c.other)
		}
		b.Column(0, n, theme.TargetGap).Place(c.mute)
	}, c.output, c.level, c.mute, c.other)
}

// sureCard is the question before a command is run.
func (c *control) sureCard() *widget.Card {
	p, w := c.panel(), &c.words().Remote
	c.question = widget.NewLabel(c.Theme, p.Type.Title, c.Theme.Text, 2)
	advice := widget.NewLabel(c.Theme, p.Type.Second, c.Theme.TextSecond, 3).Top()
	advice.Say(w.RunAdvice, c.Theme.TextSecond)
	run := c.setup(widget.NewButton(c.Theme, widget.IconCheck, w.Run, w.Run, func() {
		c.tell(phonelink.Run{Device: c.x.Device, Key: c.command.Key})
	}))
	keep := widget.NewButton(c.Theme, "", w.Keep, w.Keep, func() { c.Send(hmi.Doubt{}) })
	keep.SetState(widget.State{On: true}) // the safe answer stands out
	return widget.NewCard(c.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(p.Button.Height, theme.Space3)
		foot.Column(0, 2, theme.TargetGap).Place(run)
		foot.Column(1, 2, theme.TargetGap).Place(keep)
		head, b := b.Top(min(2*widget.Line(p.Type.Title), b.H-widget.Line(p.Type.Second)), theme.Space2)
		head.Place(c.question)
		b.Place(advice)
	}, c.question, advice, run, keep)
}

// out is the output that is shown; nil for none.
func (c *control) out() *phonelink.Output {
	if n := len(c.x.Outputs); n > 0 {
		return &c.x.Outputs[c.at%n]
	}
	return nil
}

// turn makes it louder or softer, from what was asked for if that is on its way.
func (c *control) turn(by int) {
	o := c.out()
	if o == nil {
		return
	}
	from := o.Volume
	if c.want >= 0 {
		from = c.want
	}
	c.want, c.until = max(0, min(from+by, 100)), c.now.Add(volumeHope)
	c.tell(phonelink.SetVolume{Device: c.x.Device, Output: o.Name, Percent: c.want})
	c.showSound()
}

func (c *control) showSound() {
	o := c.out()
	if show(c.sound, o != nil && !c.asks); o == nil {
		return
	}
	w := &c.words().Remote
	if c.want >= 0 && (o.Volume == c.want || c.now.After(c.until)) {
		c.want = -1
	}
	percent, state := o.Volume, widget.State{Pending: c.want >= 0}
	if state.Pending {
		percent = c.want
	}
	c.level.Set(c.Format.Whole(float64(percent))+"\u00a0%", state, percent > 0, percent < 100)
	title := o.Title
	if title == "" {
		title = o.Name
	}
	c.output.Set(dots(w.Sound, title))
	if o.Muted {
		c.mute.Set(widget.IconSound, w.Unmute)
	} else {
		c.mute.Set(widget.IconSilent, w.Mute)
	}
	c.mute.SetState(widget.State{On: o.Muted})
	show(c.other, len(c.x.Outputs) > 1)
	c.sound.Relayout()
}

// set shows the chosen phone.
func (c *control) set(m *hmi.Phones, v *View) {
	x := controlled(m, v.State.Pick.Phone)
	w := &c.words().Remote
	c.now = v.Model.Now
	if x == nil {
		x = &hmi.Phone{}
		x.Battery, x.Signal = -1, -1
	}
	if x.Device != c.x.Device {
		c.at, c.want = 0, -1
	}
	c.x = *x
	reached := x.Reached()
	c.title.Set(lang.With(w.ControlsOf, x.Name))
	c.how.Set(c.stateText(x))
	var entries []entry
	c.command = phonelink.PhoneCommand{}
	for _, k := range x.Commands {
		entries = append(entries, entry{key: k.Key, glyph: widget.IconCommand, title: k.Name})
		if k.Key == v.State.Pick.Key {
			c.command = k
		}
	}
	c.listed = reached && x.Can&phonelink.CanCommands != 0
	c.asks = v.State.Pick.Doubt && c.command.Key != ""
	chosen := ""
	if c.asks {
		chosen = c.command.Key
	}
	c.list.set(entries, chosen, v.State.Pick.Page)
	show(c.list.root, c.listed && len(entries) > 0)
	show(c.none, c.listed && len(entries) == 0)
	c.question.Set(lang.With(w.RunSure, c.command.Name))
	show(c.sure, c.asks)
	for i, on := range []bool{x.Can&phonelink.CanRing != 0, true, x.Can&phonelink.CanLock != 0} {
		show(c.buttons[i], on && reached && !c.asks)
	}
	c.showSound()
	c.place(widget.BoxOf(c.root.Size()))
}

// controlled is the phone that is commanded: the chosen one, else the first.
func controlled(m *hmi.Phones, d phonelink.Device) *hmi.Phone {
	for i := range m.List {
		if m.List[i].Device == d {
			return &m.List[i]
		}
	}
	if len(m.List) > 0 {
		return &m.List[0]
	}
	return nil
}

// stateText is how a phone is: reached, battery, reception.
func (s *base) stateText(x *hmi.Phone) string {
	w := &s.words().Phones
	signal := ""
	if x.Can&phonelink.CanSignal != 0 && x.Signal >= 0 && x.Signal <= 4 {
		signal = w.Signal + "\u00a0" + s.Format.Whole(float64(x.Signal)) + "/4"
	}
	charge := s.batteryText(x)
	if charge != "" {
		charge = w.Charge + "\u00a0" + charge
	}
	return dots(w.Presence(x.Presence), charge, dots(x.Network, signal))
}

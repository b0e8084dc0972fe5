package screen

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// phoneView is all that the phone and media screens depend on: while it is the
// same there is nothing to do.
type phoneView struct {
	phones *hmi.Phones
	music  *hmi.Music
	screen hmi.Screen
	part   int
	pick   hmi.Pick
	allow  restrict.Flags
	second int64 // only where a clock shows

	writing string // the draft that is being changed
}

// phonePart is one part of the phone screen.
type phonePart struct {
	root fyne.CanvasObject
	set  func(p *hmi.Phones, v *View)
}

// phoneTabs are the parts of the phone screen that have a tab, in its order. The
// others take the whole screen.
func phoneTabs() []int {
	return []int{hmi.PartPhones, hmi.PartWork, hmi.PartNotes, hmi.PartMessages, hmi.PartCalls, hmi.PartFiles}
}

// NewPhone is the phone screen: phones, what is under way, notifications,
// messages, calls, files; the reader of a draft or a page; and the pairing
// screen, which is only for a parked car.
func NewPhone(k *Kit) Screen {
	s := &base{Kit: k}
	p, w, order := s.panel(), &s.words().Phones, phoneTabs()
	names := []string{w.Phones, w.Ongoing, w.Notifications, w.Messages, w.Calls, w.Files}
	glyphs := []widget.IconName{widget.IconPhone, widget.IconQueue, widget.IconBell, widget.IconMessage, widget.IconCall, widget.IconFile}
	var options []widget.Option
	for i, n := range names {
		o := widget.Option{Label: n, Name: n}
		if p.Class == theme.Compact {
			o = widget.Option{Glyph: glyphs[i], Name: n}
		}
		options = append(options, o)
	}
	tabs := widget.NewChoice(k.Theme, options, func(i int) { s.Send(hmi.ShowPart{Part: order[i]}) }).OnGround()
	height := p.Content().Height - 2*p.Margin - p.Button.Height - p.Gap
	parts := []phonePart{s.phonesPart(height), s.notesPart(height), s.messagesPart(height), s.callsPart(height), s.filesPart(height), s.pairingPart(), s.ongoingPart(height), s.readerPart(), s.controlPart(height), s.lockedPart()}
	const locked = hmi.PhoneParts // one more, in the place of all others
	trouble := widget.NewEmpty(k.Theme)
	wrong := widget.NewCard(k.Theme, "", "", func(b widget.Box) { b.Place(trouble) }, trouble)
	objects := []fyne.CanvasObject{tabs, wrong}
	for _, x := range parts {
		objects = append(objects, x.root)
	}
	s.root = widget.Free(func(b widget.Box) {
		b = b.Inset(p.Margin, p.Margin)
		b.Place(parts[hmi.PartPairing].root, parts[hmi.PartReader].root, parts[hmi.PartControl].root, parts[locked].root)
		top, b := b.Top(p.Button.Height, p.Gap)
		top.Place(tabs)
		b.Place(wrong)
		for _, i := range order {
			b.Place(parts[i].root)
		}
	}, objects...)
	var last phoneView
	s.on(func(v *View) {
		now := s.phoneView(v)
		if now == last {
			return
		}
		last = now
		m := s.phones(v)
		part := max(0, min(v.State.Part, hmi.PhoneParts-1))
		if m.Locked {
			part = locked
		}
		ok := m.Link == hmi.LinkReady
		if !ok {
			trouble.Set(s.linkNote(m), m.Trouble)
		}
		show(wrong, !ok)
		tab := slices.Index(order, part)
		show(tabs, tab >= 0 || !ok)
		tabs.Set(tab, false)
		for i, x := range parts {
			on := ok && i == part
			if show(x.root, on); on {
				x.set(m, v)
			}
		}
	})
	return s
}

// phoneView is what the screen depends on at a moment. Seconds matter only
// where a time runs.
func (s *base) phoneView(v *View) phoneView {
	now := phoneView{phones: v.Model.Phones, screen: v.State.Screen, part: v.State.Part, pick: v.State.Pick, allow: v.Allow.Flags, writing: v.State.Writing.Key}
	if now.part == hmi.PartPairing || now.part == hmi.PartControl {
		now.second = v.Model.Now.Unix()
	}
	return now
}

// phones is the model of the phone link, never nil.
func (s *base) phones(v *View) *hmi.Phones {
	if v.Model.Phones == nil {
		return &hmi.Phones{}
	}
	return v.Model.Phones
}

// linkNote is what is wrong with the link as a whole, while something is.
func (s *base) linkNote(p *hmi.Phones) widget.Note {
	w, th := &s.words().Phones, s.Theme
	if p.Link == hmi.LinkTrouble {
		for _, c := range p.Troubles {
			if text := w.Trouble(c); text != "" && !c.Partial() {
				return widget.Note{Glyph: widget.IconWarning, Color: th.Warning, Title: w.Broken, Advice: text}
			}
		}
		return widget.Note{Glyph: widget.IconWarning, Color: th.Warning, Title: w.Broken, Advice: w.BrokenAdvice}
	}
	return widget.Note{Glyph: widget.IconPhone, Color: th.TextSecond, Title: w.NoLink, Advice: w.NoLinkAdvice}
}

// tell sends a request to the phone link, if there is one to send.
func (s *base) tell(r phonelink.Request) {
	if r != nil {
		s.Send(hmi.Tell{Request: r})
	}
}

// setup makes a button one that needs a parked car.
func (s *base) setup(b *widget.Button) *widget.Button {
	b.Denied = s.explain
	s.needs = append(s.needs, Need{restrict.NoSetup, b.Forbid})
	return b
}

// phoneGlyph is the symbol of a phone's model.
func phoneGlyph(model string) widget.IconName {
	if model == "laptop" || model == "desktop" {
		return widget.IconLaptop
	}
	return widget.IconPhone
}

// dots joins facts that are known.
func dots(facts ...string) string {
	var known []string
	for _, f := range facts {
		if f != "" {
			known = append(known, f)
		}
	}
	return strings.Join(known, " · ")
}

// phonesPart is the paired phones, and for each what its software can do.
func (s *base) phonesPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Phones
	l := s.list(height-p.Button.Height-theme.TargetGap, func(key string) { s.Send(hmi.Select{Phone: phonelink.Device(key)}) })
	open := func() { s.Send(hmi.ShowPart{Part: hmi.PartPairing}) }
	pair := &foot{
		whole: s.setup(widget.NewButton(s.Theme, widget.IconPlus, w.PairPhone, w.PairPhone, open).OnGround()),
		small: s.setup(widget.NewButton(s.Theme, widget.IconPlus, "", w.PairPhone, open).OnGround()),
	}
	detail, set := s.phoneDetail()
	body := s.splitList(l, detail, pair, widget.Note{Glyph: widget.IconPhone, Color: s.Theme.TextSecond, Title: w.NoPhones, Advice: w.NoPhonesAdvice})
	return phonePart{body.root, func(m *hmi.Phones, v *View) {
		var entries []entry
		for i := range m.List {
			x := &m.List[i]
			entries = append(entries, entry{key: string(x.Device), glyph: phoneGlyph(x.Model), title: x.Name, caption: dots(w.Presence(x.Presence), s.batteryText(x))})
		}
		at := chosenOf(entries, string(v.State.Pick.Phone))
		chosen := ""
		if len(entries) > 0 {
			chosen = entries[at].key
		}
		if body.set(entries, chosen, v.State.Pick.Page) {
			set(&m.List[at], v.State.Pick.Doubt, slices.Contains(m.Troubles, phonelink.TroubleOthers))
		}
	}}
}

// batteryText is how full a phone is; "" when it does not say.
func (s *base) batteryText(x *hmi.Phone) string {
	if x.Battery < 0 || x.Battery > 100 || x.Can&phonelink.CanBattery == 0 {
		return ""
	}
	return s.Format.Whole(float64(x.Battery)) + "\u00a0%"
}

// phoneDetail is one phone: how it is, what it can do, and its buttons.
func (s *base) phoneDetail() (fyne.CanvasObject, func(x *hmi.Phone, doubt, others bool)) {
	p, w := s.panel(), &s.words().Phones
	name := widget.NewLabel(s.Theme, p.Type.Title, s.Theme.Text, 1)
	state := widget.NewLabel(s.Theme, p.Type.Second, s.Theme.TextSecond, 1)
	can := widget.NewTalk(s.Theme, 9).Top()
	sure := widget.NewLabel(s.Theme, p.Type.Body, s.Theme.Text, 2)
	var x hmi.Phone
	control := widget.NewButton(s.Theme, widget.IconSettings, s.words().Remote.Controls, s.words().Remote.Controls, func() {
		s.Send(hmi.Select{Phone: x.Device})
		s.Send(hmi.ShowPart{Part: hmi.PartControl})
	})
	unpair := s.setup(widget.NewButton(s.Theme, widget.IconClose, w.Unpair, w.Unpair, func() { s.Send(hmi.Doubt{On: true}) }))
	really := s.setup(widget.NewButton(s.Theme, widget.IconCheck, w.Unpair, w.Unpair, func() { s.tell(phonelink.Unpair{Device: x.Device}) }))
	keep := widget.NewButton(s.Theme, "", w.Keep, w.Keep, func() { s.Send(hmi.Doubt{}) })
	keep.SetState(widget.State{On: true}) // the safe answer stands out
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		foot, b := b.Bottom(p.Button.Height, theme.Space3)
		for _, pair := range [][2]*widget.Button{{control, unpair}, {really, keep}} {
			foot.Column(0, 2, theme.TargetGap).Place(pair[0])
			foot.Column(1, 2, theme.TargetGap).Place(pair[1])
		}
		head, b := b.Top(widget.Line(p.Type.Title), 0)
		head.Place(name)
		head, b = b.Top(widget.Line(p.Type.Second), theme.Space2)
		head.Place(state)
		b.Place(can, sure)
	}, name, state, can, sure, control, unpair, really, keep)
	return card, func(now *hmi.Phone, doubt, others bool) {
		x = *now
		name.Set(x.Name)
		state.Set(s.stateText(&x))
		can.Set(s.abilities(&x, others))
		sure.Set(lang.With(w.UnpairSure, x.Name))
		show(can, !doubt)
		show(sure, doubt)
		show(control, !doubt)
		control.Usable(x.Reached())
		show(unpair, !doubt)
		show(really, doubt)
		show(keep, doubt)
	}
}

// abilities says what a phone's software can do and, as plainly, what not; what
// matters most comes first. Others is whether phones with other software cannot
// be reached.
func (s *base) abilities(x *hmi.Phone, others bool) []widget.Para {
	w := &s.words().Phones
	var all []widget.Para
	say := func(on bool, text string) {
		if on && text != "" {
			all = append(all, widget.Para{Text: text, Own: true})
		}
	}
	can := func(a phonelink.Ability) bool { return x.Can&a != 0 }
	if x.Hint != "" {
		all = append(all, widget.Para{Text: x.Hint})
	}
	say(others && !x.Tandem(), w.TroubleOthers)
	say(slices.Contains(x.Hints, phonelink.HintBattery), w.BatterySaving)
	say(slices.Contains(x.Hints, phonelink.HintForeground), w.KeepOpen)
	say(can(phonelink.CanHandOff), w.CanHandOff)
	say(can(phonelink.CanMedia) && !can(phonelink.CanHandOff), w.CanMedia)
	say(can(phonelink.CanClipboardTap), w.CanClipTap)
	say(can(phonelink.CanCall), w.CanCalls)
	say(can(phonelink.CanSMS), w.CanTexts)
	say(can(phonelink.CanClipboard), w.CanClip)
	say(can(phonelink.CanNotify), w.CanNotify)
	say(can(phonelink.CanFiles), w.CanFiles)
	return all
}

// clock is the time of day of something that happened; "" when it is not known.
func (s *base) clock(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return s.Format.Clock(t.In(zone))
}

// count is a number in words with one %s.
func (s *base) count(word string, n int) string {
	if n <= 0 {
		return ""
	}
	return lang.With(word, s.Format.Whole(float64(n)))
}

package screen

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	ftheme "fyne.io/fyne/v2/theme"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// maxTyped is how many bytes a draft may become here.
const maxTyped = phonelink.MaxDocument / 8

// reader is the screen of one draft, page or copied text: what it says, as far
// as it may be shown, and what can be done with it. A draft that is here is
// changed in a field above the keyboard.
//
//	[back] title                     [back] title
//	       caption                          caption        [field      ] [done]
//	+--------------------+           +-------------+-----+ [           ]  to
//	| text               |           | honest words| QR  | [           ]
//	+--------------------+           +-------------+-----+ [ keyboard         ]
//	[edit] [send now] [to a phone]   [to a phone]    [end]
type reader struct {
	*base
	now hmi.Work

	title, caption, about, text *widget.Label
	say                         *widget.Talk
	code                        *widget.Code
	gone                        *widget.Empty
	card, none                  *widget.Card
	back                        *widget.Button
	yes, no, edit, send, end    *widget.Button
	pass                        [2]*widget.Button
	sends                       [2]phonelink.Request
	field                       *widget.Field
	paper                       *container.ThemeOverride
	done                        *widget.Button
	whom                        *widget.Label
	writing                     string // what is in the field
	root                        *fyne.Container
}

// paper is the theme of what is written on: as light as a card.
type paper struct{ *theme.Theme }

// Color is part of fyne.Theme.
func (t paper) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if n == ftheme.ColorNameInputBackground {
		return t.Surface1
	}
	return t.Theme.Color(n, v)
}

// readerPart is the reader as a part of the phone screen.
func (s *base) readerPart() phonePart {
	r := &reader{base: s}
	r.make()
	r.root = widget.Free(r.place, r.objects()...)
	return phonePart{r.root, r.set}
}

// make makes what the reader consists of.
func (r *reader) make() {
	th, p, w := r.Theme, r.panel(), &r.words().Phones
	r.title = widget.NewLabel(th, p.Type.Body, th.Text, 1)
	r.caption = widget.NewLabel(th, p.Type.Second, th.TextSecond, 1)
	r.about = widget.NewLabel(th, p.Type.Second, th.TextSecond, 1)
	r.text = widget.NewLabel(th, p.Type.Body, th.Text, 8).Top()
	r.say = widget.NewTalk(th, 6).Top()
	r.code = widget.NewCode(th)
	r.gone = widget.NewEmpty(th)
	r.gone.Set(widget.Note{Glyph: widget.IconInfo, Color: th.TextSecond, Title: w.Gone, Advice: w.GoneAdvice}, "")
	r.none = widget.NewCard(th, "", "", func(b widget.Box) { b.Place(r.gone) }, r.gone)
	r.card = widget.NewCard(th, "", "", r.inside, r.about, r.text, r.say, r.code)
	button := func(glyph widget.IconName, label string, tap func()) *widget.Button {
		if p.Class == theme.Compact {
			glyph = ""
		}
		return widget.NewButton(th, glyph, label, label, tap).OnGround()
	}
	r.back = widget.NewButton(th, widget.IconBack, "", r.Format.Words.Back, func() { r.Send(hmi.Back{}) }).OnGround()
	r.yes = button(widget.IconTake, w.Continue, func() { r.tell(r.now.Yes) })
	r.yes.Denied = r.explain
	r.no = button("", w.NotNow, func() { r.tell(r.now.No) })
	r.edit = button(widget.IconDraft, w.Edit, func() { r.Send(hmi.Write{}) })
	r.edit.Denied = r.explain
	r.needs = append(r.needs, Need{restrict.NoKeyboard | restrict.NoTextMessage, r.edit.Forbid})
	r.send = button(widget.IconMessage, w.SendMessage, func() { r.tell(r.now.Send) })
	r.end = button(widget.IconClose, w.End, func() { r.tell(r.now.End) })
	for i := range r.pass {
		r.pass[i] = button(widget.IconSend, w.Send, func() { r.tell(r.sends[i]) })
	}
	r.field = widget.NewField(w.KindDraft, maxTyped, func(text string, cursor int) { r.Send(hmi.Typed{Text: text, Cursor: cursor}) })
	r.paper = container.NewThemeOverride(r.field, paper{th})
	r.done = widget.NewButton(th, widget.IconCheck, w.Done, w.Done, func() { r.Send(hmi.Written{}) }).OnGround()
	r.done.SetState(widget.State{On: true})
	r.whom = widget.NewLabel(th, p.Type.Second, th.TextSecond, 3).Top()
}

// footers are the buttons below, in their order.
func (r *reader) footers() []*widget.Button {
	return []*widget.Button{r.edit, r.send, r.yes, r.pass[0], r.pass[1], r.no, r.end}
}

func (r *reader) objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{r.back, r.title, r.caption, r.card, r.none, r.paper, r.done, r.whom}
	for _, b := range r.footers() {
		all = append(all, b)
	}
	return all
}

func (r *reader) place(b widget.Box) {
	p := r.panel()
	b.H = min(b.H, p.Content().Height-2*p.Margin)
	r.placeField(b)
	top, b := b.Top(p.Button.Height, p.Gap)
	x, top := top.Left(p.Button.Width, theme.Space4)
	x.Place(r.back)
	top = top.Centre(top.W, widget.Line(p.Type.Body)+widget.Line(p.Type.Second))
	line, rest := top.Top(widget.Line(p.Type.Body), 0)
	line.Place(r.title)
	rest.Place(r.caption)
	whole := b
	var shown []*widget.Button
	for _, x := range r.footers() {
		if x.Visible() {
			shown = append(shown, x)
		}
	}
	if len(shown) > 0 {
		var foot widget.Box
		foot, b = b.Bottom(p.Button.Height, p.Gap)
		for i, x := range shown {
			foot.Column(i, max(2, len(shown)), theme.TargetGap).Place(x)
		}
	}
	b.Place(r.card)
	whole.Place(r.none)
}

// placeField places the field in what the keyboard leaves.
func (r *reader) placeField(b widget.Box) {
	p := r.panel()
	room, _ := b.Top(keyboardTop(p)-p.Status-p.Margin-theme.Space3, 0)
	side, room := room.Right(min(216, room.W*0.26), theme.Space4)
	room.Place(r.paper)
	done, side := side.Top(p.Button.Height, theme.Space2)
	done.Place(r.done)
	side.Place(r.whom)
}

// keyboardTop is where the on-screen keyboard begins, in dp: four rows and a
// gap, as hmi/fynedriver makes them.
func keyboardTop(p theme.Panel) float32 {
	row := min(88, max(theme.TargetMin, p.Size.Height/8), p.Size.Height/6)
	return p.Size.Height - 4*row - 6
}

// inside places what the session says.
func (r *reader) inside(b widget.Box) {
	p := r.panel()
	if r.code.Visible() {
		var pic widget.Box
		pic, b = b.Right(min(b.H, b.W*0.4), p.Gap)
		pic.Place(r.code)
	}
	if r.about.Text() != "" {
		var line widget.Box
		line, b = b.Top(widget.Line(p.Type.Second), theme.Space2)
		line.Place(r.about)
	}
	b.Place(r.say)
	b.Place(r.text)
}

// set shows the session that is read, or the field while it is written.
func (r *reader) set(m *hmi.Phones, v *View) {
	now := m.WorkOf(v.State.Pick.Key)
	writing := v.State.Writing
	if now != nil {
		r.now = *now
		r.show(m)
	} else {
		r.now = hmi.Work{}
	}
	on := writing.On()
	for _, o := range r.objects() {
		show(o, false)
	}
	show(r.paper, on)
	show(r.done, on)
	show(r.whom, on)
	show(r.back, !on)
	show(r.title, !on && now != nil)
	show(r.caption, !on && now != nil)
	show(r.card, !on && now != nil)
	show(r.none, !on && now == nil)
	if !on && now != nil {
		r.buttons(now)
	}
	begins := on && r.writing != writing.Key
	if begins { // Fyne forgets what it draws a hidden field with, and lays out only what has another size
		r.paper.Resize(fyne.Size{})
	}
	r.card.Relayout()
	r.root.Layout.Layout(r.root.Objects, r.root.Size())
	if begins {
		r.field.Fill(writing.Text)
		r.field.Grab()
	}
	r.writing = writing.Key
}

// show fills in the words.
func (r *reader) show(m *hmi.Phones) {
	w, x := &r.words().Phones, &r.now
	title, caption := r.thingTexts(&x.Thing)
	if x.Kind != phonelink.Page { // its words are below
		title = w.Kind(x.Kind)
	}
	r.title.Set(title)
	r.caption.Set(caption)
	about, text := "", ""
	var own []widget.Para
	say := func(on bool, text string) {
		if on {
			own = append(own, widget.Para{Text: text, Own: true})
		}
	}
	say(x.Copy, w.BothChanged)
	switch x.Kind {
	case phonelink.Page:
		read := ""
		if x.Read > 0 {
			read = lang.With(w.ReadTo, r.Format.Whole(float64(x.Read))+"\u00a0%")
		}
		about = dots(x.Link, read)
		say(!x.Hidden, w.LinkOnly)
		say(!x.Hidden && x.Full != "", w.LinkScan)
	case phonelink.Draft:
		if x.To != "" {
			about = lang.With(w.ToWhom, x.To)
		}
		say(x.Sent, w.Sent)
		text = x.Text
		say(text == "" && !x.Hidden, w.Empty)
	default:
		text = x.Text
		say(text == "" && !x.Hidden, w.NoText)
	}
	say(x.Hidden, w.Hidden)
	r.about.Set(about)
	r.whom.Set(about)
	r.text.Set(text)
	r.say.Set(own)
	if x.Kind == phonelink.Page && m.Limits.Texts && m.Limits.Setup {
		r.code.Set(x.Full)
	} else {
		r.code.Set("")
	}
	show(r.code, r.code.Text() != "")
	show(r.text, text != "")
	show(r.say, text == "" || len(own) > 0)
}

// buttons shows those that do something now.
func (r *reader) buttons(x *hmi.Work) {
	w := &r.words().Phones
	show(r.edit, x.Edit)
	r.edit.SetState(widget.State{On: x.Edit})
	show(r.send, x.Send != nil)
	takes := x.Yes != nil && x.Do != hmi.SendThere
	if takes {
		glyph, label := r.thingButton(&x.Thing)
		if r.panel().Class == theme.Compact {
			glyph = ""
		}
		r.yes.Set(glyph, label)
		r.yes.SetState(widget.State{On: true})
		r.yes.Forbid(r.parkFirst(x.Parked))
	}
	show(r.yes, takes)
	show(r.no, x.Do == hmi.Offered)
	show(r.end, x.End != nil && !x.Hidden)
	for i, b := range r.pass {
		r.sends[i] = nil
		if i < len(x.Sends) && x.Do == hmi.SendThere {
			r.sends[i] = x.Sends[i].Yes
			glyph := widget.IconSend
			if r.panel().Class == theme.Compact {
				glyph = ""
			}
			b.SetNamed(glyph, lang.With(w.SendTo, x.Sends[i].Phone))
		}
		show(b, r.sends[i] != nil)
	}
}

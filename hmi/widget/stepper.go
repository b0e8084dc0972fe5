package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"tandem/hmi/theme"
)

// compound is a widget made of controls and drawings: it is placed by a
// function and cannot be touched itself.
type compound struct {
	fwidget.BaseWidget
	th   *theme.Theme
	rend renderer
}

func (c *compound) init(super fyne.Widget, th *theme.Theme, min fyne.Size, place func(Box), objects ...fyne.CanvasObject) {
	c.ExtendBaseWidget(super)
	c.th = th
	c.rend = renderer{objects: objects, layout: place, min: min}
}

// CreateRenderer is part of fyne.Widget.
func (c *compound) CreateRenderer() fyne.WidgetRenderer { return &c.rend }

// MinSize is the least size at which the widget is whole.
func (c *compound) MinSize() fyne.Size { return c.rend.min }

// Stepper is a value between a button for less and one for more.
type Stepper struct {
	compound
	Less, More *Button
	value      *canvas.Text
	mark       *canvas.Rectangle // beneath a value that is only asked for
}

// NewStepper is a stepper in a style for the value; less and more are called.
func NewStepper(th *theme.Theme, style theme.Style, lessName, moreName string, less, more func()) *Stepper {
	s := &Stepper{
		Less:  NewButton(th, IconMinus, "", lessName, less),
		More:  NewButton(th, IconPlus, "", moreName, more),
		value: CentreText(style, th.Text, "–"),
		mark:  Plate(th.Accent, 2),
	}
	s.mark.Hide()
	b := th.Panel.Button
	s.init(s, th, fyne.NewSize(2*b.Width+Width(style, "88,8°")+2*theme.Space3, b.Height), s.place, s.value, s.mark, s.Less, s.More)
	return s
}

func (s *Stepper) place(b Box) {
	w := s.th.Panel.Button.Width
	less, rest := b.Left(w, theme.Space2)
	more, mid := rest.Right(w, theme.Space2)
	less.Place(s.Less)
	more.Place(s.More)
	mid.Place(s.value)
	h := min(mid.H, Line(theme.Style{Size: s.value.TextSize}))
	Box{mid.X + mid.W/2 - 24, min(mid.Y+(mid.H+h)/2-6, mid.Y+mid.H-6), 48, 4}.Place(s.mark)
}

// Set shows a value and whether it is only asked for. can tells which way it
// can still go.
func (s *Stepper) Set(value string, st State, canLess, canMore bool) {
	c := s.th.Text
	switch {
	case st.Pending:
		c = s.th.Accent
	case st.Unknown:
		c = s.th.TextSecond
	}
	SetText(s.value, value, c)
	setVisible(s.mark, st.Pending)
	s.Less.setDisabled(!canLess)
	s.More.setDisabled(!canMore)
}

// Value is the text that is shown.
func (s *Stepper) Value() string { return s.value.Text }

// Levels is a row of bars between a button for less and one for more, with an
// icon and its value in words.
type Levels struct {
	compound
	Less, More *Button
	icon       *canvas.Image
	glyph      IconName
	value      *canvas.Text
	bars       []*canvas.Rectangle
	level      int
	state      State
}

// NewLevels is a selector of n levels above none.
func NewLevels(th *theme.Theme, glyph IconName, n int, lessName, moreName string, less, more func()) *Levels {
	l := &Levels{
		Less:  NewButton(th, IconMinus, "", lessName, less),
		More:  NewButton(th, IconPlus, "", moreName, more),
		glyph: glyph, icon: Icon(glyph, th.Text), level: -1,
		value: Text(theme.Style{Size: theme.TextMin}, th.Text, "–"),
	}
	objects := []fyne.CanvasObject{l.icon, l.value}
	for range n {
		r := Plate(th.Surface3, 3)
		l.bars = append(l.bars, r)
		objects = append(objects, r)
	}
	b := th.Panel.Button
	l.init(l, th, fyne.NewSize(2*b.Width+116+2*theme.Space2, b.Height), l.place, append(objects, l.Less, l.More)...)
	return l
}

func (l *Levels) place(b Box) {
	w := l.th.Panel.Button.Width
	less, rest := b.Left(w, theme.Space2)
	more, mid := rest.Right(w, theme.Space2)
	less.Place(l.Less)
	more.Place(l.More)
	mid = mid.Inset(theme.Space1, 0)
	const icon = theme.IconSecond
	mid = mid.Centre(mid.W, icon+theme.Space2+12)
	top, bars := mid.Top(icon, theme.Space2)
	text := l.value.MinSize().Width
	head := top.Centre(icon+theme.Space2+max(text, 44), icon)
	pic, num := head.Left(icon, theme.Space2)
	pic.Place(l.icon)
	num.Place(l.value)
	for i, r := range l.bars {
		bars.Column(i, len(l.bars), 4).Place(r)
	}
}

// Set shows a level and its value in words.
func (l *Levels) Set(level int, value string, s State, canLess, canMore bool) {
	l.Less.setDisabled(!canLess)
	l.More.setDisabled(!canMore)
	if l.level == level && l.state == s && l.value.Text == value {
		return
	}
	l.level, l.state = level, s
	ink, on := l.th.Text, l.th.Accent
	switch {
	case s.Pending:
		ink = l.th.Accent
	case s.Unknown:
		ink = l.th.TextSecond
	}
	setIcon(l.icon, l.glyph, ink)
	SetText(l.value, value, ink)
	for i, r := range l.bars {
		fill, stroke, width := l.th.Surface3, colour{}, float32(0)
		switch {
		case i < level && s.Pending:
			fill, stroke, width = l.th.Surface1, on, 2
		case i < level:
			fill = on
		}
		if r.FillColor != fill || r.StrokeWidth != width {
			r.FillColor, r.StrokeColor, r.StrokeWidth = fill, stroke, width
			r.Refresh()
		}
	}
	if sz := l.Size(); sz.Width > 0 {
		l.place(BoxOf(sz))
	}
}

// Choice is a few options side by side, one of them chosen.
type Choice struct {
	compound
	Options []*Button
}

// Option is one option of a Choice: an icon, a word, or both.
type Option struct {
	Glyph       IconName
	Label, Name string
}

// NewChoice is a choice; choose is called with the index of the touched one.
func NewChoice(th *theme.Theme, options []Option, choose func(i int)) *Choice {
	c := &Choice{}
	var objects []fyne.CanvasObject
	for i, o := range options {
		b := NewButton(th, o.Glyph, o.Label, o.Name, func() { choose(i) })
		c.Options = append(c.Options, b)
		objects = append(objects, b)
	}
	n := float32(len(options))
	c.init(c, th, fyne.NewSize(n*theme.TargetMin+(n-1)*theme.TargetGap, th.Panel.Button.Height), c.place, objects...)
	return c
}

func (c *Choice) place(b Box) {
	for i, o := range c.Options {
		b.Column(i, len(c.Options), theme.TargetGap).Place(o)
	}
}

// OnGround is for a choice that lies on the background instead of a card.
func (c *Choice) OnGround() *Choice {
	for _, o := range c.Options {
		o.OnGround()
	}
	return c
}

// Denied says what happens when a person touches what is forbidden.
func (c *Choice) Denied(f func(reason string)) {
	for _, o := range c.Options {
		o.Denied = f
	}
}

// Usable says whether there is anything to choose for.
func (c *Choice) Usable(on bool) {
	for _, o := range c.Options {
		o.Usable(on)
	}
}

// Set shows which option is chosen, -1 for none, and whether only asked for.
func (c *Choice) Set(chosen int, pending bool) {
	for i, o := range c.Options {
		o.SetState(State{On: i == chosen, Pending: i == chosen && pending})
	}
}

// Forbid makes every option unusable for a reason; empty: usable.
func (c *Choice) Forbid(reason string) {
	for _, o := range c.Options {
		o.Forbid(reason)
	}
}

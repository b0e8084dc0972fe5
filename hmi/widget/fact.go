package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi/theme"
)

// ascent is the height of the face above its baseline, per size.
const ascent = 1.069

// Figure is a number with its unit on one baseline.
type Figure struct {
	compound
	number, unit *canvas.Text
	style        theme.Style
	align        fyne.TextAlign
}

// NewFigure is a figure in a style, aligned in its box.
func NewFigure(th *theme.Theme, style theme.Style, align fyne.TextAlign) *Figure {
	f := &Figure{style: style, align: align,
		number: Text(style, th.Text, "–"), unit: Text(th.Panel.Type.Second, th.TextSecond, "")}
	f.init(f, th, fyne.NewSize(Width(style, "888"), Line(style)), f.place, f.number, f.unit)
	return f
}

func (f *Figure) place(b Box) {
	num, unit := f.number.MinSize(), f.unit.MinSize()
	gap := theme.Space2
	if f.unit.Text == "" {
		gap, unit.Width = 0, 0
	}
	w, h := num.Width+gap+unit.Width, Line(f.style)
	x, y := b.X, b.Y+(b.H-h)/2
	switch f.align {
	case fyne.TextAlignCenter:
		x += (b.W - w) / 2
	case fyne.TextAlignTrailing:
		x += b.W - w
	}
	right := x + num.Width + gap
	Box{x, y, num.Width, h}.Place(f.number)
	u := f.unit.TextSize
	Box{right, y + ascent*(f.style.Size-u), unit.Width, Line(theme.Style{Size: u})}.Place(f.unit)
}

// Set shows a number and its unit; a Dash has no unit.
func (f *Figure) Set(number, unit string) { f.SetIn(number, unit, f.th.Text) }

// SetIn is Set with the number in a colour.
func (f *Figure) SetIn(number, unit string, c colour) {
	if number == "–" {
		unit = ""
	}
	if old, ok := f.number.Color.(colour); f.number.Text == number && f.unit.Text == unit && ok && old == c {
		return
	}
	SetText(f.number, number, c)
	SetText(f.unit, unit, f.th.TextSecond)
	if s := f.Size(); s.Width > 0 {
		f.place(BoxOf(s))
	}
}

// Needs is how wide the figure is; hmi/lint compares it with the room it has.
func (f *Figure) Needs() float32 {
	w := f.number.MinSize().Width
	if f.unit.Text != "" {
		w += theme.Space2 + f.unit.MinSize().Width
	}
	return w
}

// Number is the text that is shown.
func (f *Figure) Number() string { return f.number.Text }

// Fact is a caption above a figure.
type Fact struct {
	compound
	caption *canvas.Text
	figure  *Figure
}

// NewFact is a fact with the figure in a style.
func NewFact(th *theme.Theme, caption string, style theme.Style, align fyne.TextAlign) *Fact {
	f := &Fact{caption: Text(th.Panel.Type.Second, th.TextSecond, caption), figure: NewFigure(th, style, align)}
	f.caption.Alignment = align
	h := Line(th.Panel.Type.Second) + Line(style)
	f.init(f, th, fyne.NewSize(f.figure.MinSize().Width, h), f.place, f.caption, f.figure)
	return f
}

func (f *Fact) place(b Box) {
	c := b.Centre(b.W, f.rend.min.Height)
	head, rest := c.Top(Line(f.th.Panel.Type.Second), 0)
	head.Place(f.caption)
	rest.Place(f.figure)
}

// Set shows a number and its unit.
func (f *Fact) Set(number, unit string) { f.figure.Set(number, unit) }

// SetIn is Set with the number in a colour.
func (f *Fact) SetIn(number, unit string, c colour) { f.figure.SetIn(number, unit, c) }

// Number is the text that is shown.
func (f *Fact) Number() string { return f.figure.Number() }

package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi/theme"
)

// Empty says in the middle of an empty place why it is empty, and what brings
// something there: a large symbol, a title, an advice, and, smaller, what the
// cause is in the words of whoever knows it.
type Empty struct {
	compound
	icon   *canvas.Image
	title  []*canvas.Text
	advice []*canvas.Text
	cause  *Label
	note   Note
}

// emptyIcon is the size of the symbol.
const emptyIcon = 72

// NewEmpty is a place of which nothing is said yet.
func NewEmpty(th *theme.Theme) *Empty {
	e := &Empty{icon: Icon(IconInfo, th.TextSecond), cause: NewLabel(th, th.Panel.Type.Second, th.TextSecond, 1).Centre()}
	objects := []fyne.CanvasObject{e.icon, e.cause}
	line := func(s theme.Style, ink colour) *canvas.Text {
		t := CentreText(s, ink, "")
		objects = append(objects, t)
		return t
	}
	for range 2 {
		e.title = append(e.title, line(th.Panel.Type.Body, th.Text))
	}
	for range 3 {
		e.advice = append(e.advice, line(th.Panel.Type.Second, th.TextSecond))
	}
	e.init(e, th, fyne.NewSize(160, emptyIcon), e.place, objects...)
	return e
}

// Set shows a note, and the cause in words from outside, which may be empty.
func (e *Empty) Set(n Note, cause string) {
	if e.note == n && e.cause.Text() == cause {
		return
	}
	e.note = n
	setIcon(e.icon, n.Glyph, n.Color)
	e.cause.Set(cause)
	if s := e.Size(); s.Width > 0 {
		e.place(BoxOf(s))
	}
}

func (e *Empty) place(b Box) {
	p := e.th.Panel.Type
	w := min(b.W, 640)
	heads, tails := Wrap(p.Body, e.note.Title, w), Wrap(p.Second, e.note.Advice, w)
	h := emptyIcon + theme.Space4 + float32(len(heads))*Line(p.Body) + float32(len(tails))*Line(p.Second)
	if e.cause.Text() != "" {
		h += theme.Space2 + Line(p.Second)
	}
	in := b.Centre(w, min(b.H, h))
	pic, in := in.Top(emptyIcon, theme.Space4)
	pic.Centre(emptyIcon, emptyIcon).Place(e.icon)
	in = lines(in, e.title, heads, p.Body, e.th.Text)
	in = lines(in, e.advice, tails, p.Second, e.th.TextSecond)
	in.Y += theme.Space2
	in, _ = in.Top(Line(p.Second), 0)
	in.Place(e.cause)
}

// lines places texts from the top and gives what is left.
func lines(b Box, texts []*canvas.Text, words []string, s theme.Style, ink colour) Box {
	for i, t := range texts {
		word := ""
		if i < len(words) {
			word = words[i]
		}
		SetText(t, word, ink)
		if word != "" {
			var line Box
			line, b = b.Top(Line(s), 0)
			line.Place(t)
		}
	}
	return b
}

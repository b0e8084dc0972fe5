package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"tandem/hmi"
	"tandem/hmi/theme"
)

// Note is one thing to say: a symbol in its colour, what is the matter, and
// what to do about it, which may be empty.
type Note struct {
	Glyph         IconName
	Color         colour
	Title, Advice string
}

// Messages is a list of notes, most urgent first. Long ones take more lines;
// what has no room is counted in the last line.
type Messages struct {
	fwidget.BaseWidget
	th    *theme.Theme
	notes []Note
	more  func(n int) string
	rend  messagesRenderer
}

// NewMessages is an empty list; more says that there are n further notes.
func NewMessages(th *theme.Theme, more func(n int) string) *Messages {
	m := &Messages{th: th, more: more}
	m.rend.m = m
	m.ExtendBaseWidget(m)
	return m
}

// CreateRenderer is part of fyne.Widget.
func (m *Messages) CreateRenderer() fyne.WidgetRenderer { return &m.rend }

// Set shows notes if they are others.
func (m *Messages) Set(notes []Note) {
	same := len(notes) == len(m.notes)
	for i := 0; same && i < len(notes); i++ {
		same = notes[i] == m.notes[i]
	}
	if same {
		return
	}
	m.notes = append(m.notes[:0], notes...)
	m.rend.build(m.Size())
	m.Refresh()
}

type messagesRenderer struct {
	m       *Messages
	objects []fyne.CanvasObject
	titles  []string
}

func (r *messagesRenderer) Layout(s fyne.Size)           { r.build(s) }
func (r *messagesRenderer) MinSize() fyne.Size           { return fyne.NewSize(160, theme.IconPrimary) }
func (r *messagesRenderer) Refresh()                     { canvas.Refresh(r.m) }
func (r *messagesRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *messagesRenderer) Destroy()                     {}

// build places the notes from the top. Notes change rarely, so the texts are
// made anew.
func (r *messagesRenderer) build(s fyne.Size) {
	r.objects, r.titles = nil, nil
	if s.Width <= 0 {
		return
	}
	t := r.m.th
	title, advice := t.Panel.Type.Body, t.Panel.Type.Second
	left := BoxOf(s)
	text := s.Width - t.Panel.Icon - theme.Space4
	for i, n := range r.m.notes {
		heads, tails := Wrap(title, n.Title, text), []string(nil)
		if n.Advice != "" {
			tails = Wrap(advice, n.Advice, text)
		}
		h := float32(len(heads))*Line(title) + float32(len(tails))*Line(advice)
		rest := len(r.m.notes) - i
		need := h
		if rest > 1 {
			need += theme.Space3 + Line(advice)
		}
		if i > 0 && need > left.H+0.5 {
			r.text(Box{left.X, left.Y, left.W, Line(advice)}, advice, t.TextSecond, r.m.more(rest))
			return
		}
		r.titles = append(r.titles, n.Title)
		var box Box
		box, left = left.Top(h, theme.Space3)
		pic, lines := box.Left(t.Panel.Icon, theme.Space4)
		icon := Icon(n.Glyph, n.Color)
		pic, _ = pic.Top(min(h, Line(title)+Line(advice)), 0)
		pic.Centre(t.Panel.Icon, t.Panel.Icon).Place(icon)
		r.objects = append(r.objects, icon)
		for _, l := range heads {
			box, lines = lines.Top(Line(title), 0)
			r.text(box, title, t.Text, l)
		}
		for _, l := range tails {
			box, lines = lines.Top(Line(advice), 0)
			r.text(box, advice, t.TextSecond, l)
		}
	}
}

func (r *messagesRenderer) text(b Box, s theme.Style, c colour, text string) {
	t := Text(s, c, text)
	b.Place(t)
	r.objects = append(r.objects, t)
}

// SeverityColour is the colour of a severity.
func SeverityColour(th *theme.Theme, s hmi.Severity) colour {
	switch s {
	case hmi.Critical:
		return th.Critical
	case hmi.Caution:
		return th.Warning
	}
	return th.TextSecond
}

// SeverityIcon is the symbol of a severity: never the colour alone.
func SeverityIcon(s hmi.Severity) IconName {
	if s == hmi.Notice {
		return IconInfo
	}
	return IconWarning
}

package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/theme"
)

// Card is a raised area with a heading; its content is placed by a function
// in what the heading leaves.
type Card struct {
	compound
	plate   *canvas.Rectangle
	icon    *canvas.Image
	heading *canvas.Text
	inside  func(Box)
}

// NewCard is a card. glyph and heading may be empty; place gets the inside.
func NewCard(th *theme.Theme, glyph IconName, heading string, place func(Box), objects ...fyne.CanvasObject) *Card {
	c := &Card{plate: Plate(th.Surface1, theme.RadiusCard), inside: place}
	all := []fyne.CanvasObject{c.plate}
	if glyph != "" {
		c.icon = Icon(glyph, th.TextSecond)
		all = append(all, c.icon)
	}
	if heading != "" {
		c.heading = Text(th.Panel.Type.Second, th.TextSecond, heading)
		all = append(all, c.heading)
	}
	c.init(c, th, fyne.NewSize(120, 80), c.place, append(all, objects...)...)
	return c
}

func (c *Card) place(b Box) {
	b.Place(c.plate)
	in := b.Inset(c.th.Panel.Pad, c.th.Panel.Pad*0.75)
	if c.heading != nil {
		var head Box
		head, in = in.Top(Line(c.th.Panel.Type.Second), theme.Space2)
		if c.icon != nil {
			var pic Box
			pic, head = head.Left(28, theme.Space3)
			pic.Centre(28, 28).Place(c.icon)
		}
		head.Place(c.heading)
	}
	if c.inside != nil {
		c.inside(in)
	}
}

// Relayout places the inside anew, when what is in it has changed.
func (c *Card) Relayout() {
	if s := c.Size(); s.Width > 0 {
		c.place(BoxOf(s))
	}
}

// HueColour is the colour of a telltale.
func HueColour(th *theme.Theme, h hmi.Hue) colour {
	switch h {
	case hmi.Red:
		return th.Critical
	case hmi.Amber:
		return th.Warning
	case hmi.Blue:
		return th.Beam
	}
	return th.OK
}

// Lamps is telltales in fixed places, dark while they are off, as on a
// cluster; or, packed, only the lit ones side by side.
type Lamps struct {
	compound
	which   []hmi.Telltale
	icons   []*canvas.Image
	size    float32
	rows    int
	packed  bool
	leading bool
	lit     hmi.Telltales
	drawn   bool
}

// NewLamps is the lamps in so many rows, each of a size.
func NewLamps(th *theme.Theme, which []hmi.Telltale, size float32, rows int, packed bool) *Lamps {
	l := &Lamps{which: which, size: size, rows: rows, packed: packed}
	var objects []fyne.CanvasObject
	for _, t := range which {
		im := Icon(LampIcon(t), HueColour(th, t.Hue()))
		im.Hide()
		l.icons = append(l.icons, im)
		objects = append(objects, im)
	}
	l.init(l, th, fyne.NewSize(size*4, size*float32(rows)), l.place, objects...)
	return l
}

func (l *Lamps) place(b Box) {
	per := (len(l.which) + l.rows - 1) / l.rows
	if !l.packed {
		for i, im := range l.icons {
			b.Row(i/per, l.rows, theme.Space2).Column(i%per, per, theme.Space2).Centre(l.size, l.size).Place(im)
		}
		return
	}
	fit := max(1, int((b.W+theme.Space3)/(l.size+theme.Space3)))
	all := 0
	for _, t := range l.which {
		if l.lit.Lit(t) {
			all++
		}
	}
	shown := float32(min(all, fit))
	left := b.X
	if !l.leading {
		left += (b.W - shown*l.size - (shown-1)*theme.Space3) / 2
	}
	n := 0
	for i, t := range l.which {
		if !l.lit.Lit(t) {
			continue
		}
		if n < fit {
			Box{left + float32(n)*(l.size+theme.Space3), b.Y + (b.H-l.size)/2, l.size, l.size}.Place(l.icons[i])
		}
		setVisible(l.icons[i], n < fit)
		n++
	}
}

// Leading packs the lamps from the left instead of the middle.
func (l *Lamps) Leading() *Lamps { l.leading = true; return l }

// Set lights the lamps of a set.
func (l *Lamps) Set(lit hmi.Telltales) {
	if l.drawn && l.lit == lit {
		return
	}
	l.lit, l.drawn = lit, true
	for i, t := range l.which {
		setVisible(l.icons[i], lit.Lit(t))
	}
	if s := l.Size(); l.packed && s.Width > 0 {
		l.place(BoxOf(s))
	}
}

// Toast is a message over the screen for a few seconds.
type Toast struct {
	compound
	plate *canvas.Rectangle
	icon  *canvas.Image
	lines [2]*canvas.Text
}

// NewToast is a hidden toast.
func NewToast(th *theme.Theme) *Toast {
	t := &Toast{plate: Plate(th.Surface3, theme.RadiusSheet), icon: Icon(IconWarning, th.Text)}
	for i := range t.lines {
		t.lines[i] = Text(theme.Style{Size: theme.TextMin}, th.Text, "")
	}
	t.init(t, th, fyne.NewSize(480, 96), t.place, t.plate, t.icon, t.lines[0], t.lines[1])
	t.Hide()
	return t
}

func (t *Toast) place(b Box) {
	b.Place(t.plate)
	pic, rest := b.Inset(theme.Space5, theme.Space3).Left(theme.IconSecond, theme.Space4)
	pic.Centre(theme.IconSecond, theme.IconSecond).Place(t.icon)
	if t.lines[1].Text == "" {
		rest.Place(t.lines[0])
		return
	}
	rest.Row(0, 2, 0).Place(t.lines[0])
	rest.Row(1, 2, 0).Place(t.lines[1])
}

// Mark sets the symbol before the message.
func (t *Toast) Mark(glyph IconName) { setIcon(t.icon, glyph, t.th.Text) }

// Say shows a message in at most two lines; what does not fit ends in an
// ellipsis, which only a reason from outside can cause.
func (t *Toast) Say(text string) {
	w := t.Size().Width - 2*theme.Space5 - theme.IconSecond - theme.Space4
	st := theme.Style{Size: theme.TextMin}
	lines := Wrap(st, text, w)
	if len(lines) > 2 {
		lines = append(lines[:1], lines[1]+"…")
	}
	for i := range t.lines {
		s := ""
		if i < len(lines) {
			s = lines[i]
		}
		SetText(t.lines[i], s, t.th.Text)
	}
	t.place(BoxOf(t.Size()))
	setVisible(t, true)
}

// Text is what the toast says; "" while it is hidden.
func (t *Toast) Text() string {
	if !t.Visible() {
		return ""
	}
	if t.lines[1].Text == "" {
		return t.lines[0].Text
	}
	return t.lines[0].Text + " " + t.lines[1].Text
}

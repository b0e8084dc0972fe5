package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi/theme"
)

// Button is an icon, a word, or both side by side.
type Button struct {
	Control
	icon  *canvas.Image
	glyph IconName
	label *canvas.Text
	full  string // what a Foreign button's label says in full
}

// NewButton is a button; glyph or label may be empty, name is what it does.
func NewButton(th *theme.Theme, glyph IconName, label, name string, tap func()) *Button {
	b := &Button{glyph: glyph}
	b.init(b, th, name, tap)
	var objects []fyne.CanvasObject
	if glyph != "" {
		b.icon = Icon(glyph, th.Text)
		objects = append(objects, b.icon)
	}
	if label != "" {
		b.label, b.full = CentreText(theme.Style{Size: theme.TextMin}, th.Text, label), label
		objects = append(objects, b.label)
	}
	b.draws(b.place, b.paint, objects...)
	return b
}

// Large is for a button whose word is a digit: as large as a title.
func (b *Button) Large() *Button {
	if b.label != nil {
		b.label.TextSize = b.th.Panel.Type.Title.Size
	}
	return b
}

// SetNamed is Set with a word that has a name from outside in it: it is
// shortened where there is no room.
func (b *Button) SetNamed(glyph IconName, label string) {
	b.foreign = true
	b.set(glyph, label)
}

func (b *Button) place(box Box) {
	size := b.th.Panel.Icon
	if b.foreign && b.label != nil {
		w := box.W - 2*theme.Space3
		if b.icon != nil && b.icon.Visible() {
			w -= size + theme.Space3
		}
		SetText(b.label, Fit(theme.Style{Size: theme.TextMin}, b.full, w), b.ink())
	}
	switch {
	case b.label == nil:
		box.Centre(size, size).Place(b.icon)
	case b.icon == nil || !b.icon.Visible():
		box.Place(b.label)
	default:
		w := size + theme.Space3 + b.label.MinSize().Width
		icon, rest := box.Centre(w, box.H).Left(size, theme.Space3)
		icon.Centre(size, size).Place(b.icon)
		rest.Place(b.label)
	}
}

func (b *Button) paint() {
	if b.icon != nil && b.glyph != "" {
		setIcon(b.icon, b.glyph, b.ink())
	}
	if b.label != nil {
		SetText(b.label, b.label.Text, b.ink())
	}
}

// Set shows another icon, or none, and word, and takes the word for its name.
func (b *Button) Set(glyph IconName, label string) {
	if b.foreign {
		b.foreign, b.full = false, ""
	}
	b.set(glyph, label)
}

func (b *Button) set(glyph IconName, label string) {
	b.Name = label
	if b.icon != nil && b.glyph != glyph {
		b.glyph = glyph
		if setVisible(b.icon, glyph != ""); glyph != "" {
			setIcon(b.icon, glyph, b.ink())
		}
		b.full = ""
	}
	if b.label != nil && b.full != label {
		b.full = label
		SetText(b.label, label, b.ink())
		if s := b.Size(); s.Width > 0 {
			b.place(BoxOf(s))
		}
	}
}

// OnGround is for buttons that lie on the background instead of a card.
func (b *Button) OnGround() *Button { b.ground = onGround; b.restyle(); return b }

// Tile is an icon above a word: something that is on or off, or has up to
// three levels, shown as dots.
type Tile struct {
	Control
	icon  *canvas.Image
	glyph IconName
	label *canvas.Text // nil: icon only
	dots  []*canvas.Circle
	bar   *canvas.Rectangle // marks the present screen in the dock
	badge *canvas.Circle    // marks something waiting, in the dock
	level int
	wide  bool
}

// NewTile is a tile. Without a label it is only the icon; levels is how many
// dots it has, 0 for on and off.
func NewTile(th *theme.Theme, glyph IconName, label, name string, levels int, tap func()) *Tile {
	t := &Tile{glyph: glyph}
	t.init(t, th, name, tap)
	t.plate.CornerRadius = theme.RadiusTile
	t.icon = Icon(glyph, th.Text)
	objects := []fyne.CanvasObject{t.icon}
	if label != "" {
		t.label = CentreText(theme.Style{Size: theme.TextMin}, th.Text, label)
		objects = append(objects, t.label)
	}
	for range levels {
		d := canvas.NewCircle(th.Surface3)
		t.dots = append(t.dots, d)
		objects = append(objects, d)
	}
	t.draws(t.place, t.paint, objects...)
	return t
}

// NewNav is a tile of the dock: an icon, marked by a bar while its screen is
// the present one.
func NewNav(th *theme.Theme, glyph IconName, name string, tap func()) *Tile {
	t := NewTile(th, glyph, "", name, 0, tap)
	t.ground = inDock
	t.bar = Plate(th.Accent, 3)
	t.badge = canvas.NewCircle(th.Accent)
	t.badge.Hide()
	t.rend.objects = append(t.rend.objects, t.bar, t.badge)
	t.restyle()
	return t
}

// Badge marks that something waits behind a tile of the dock.
func (t *Tile) Badge(on bool) { setVisible(t.badge, on) }

// Wide places icon, word and dots side by side.
func (t *Tile) Wide() *Tile { t.wide = true; return t }

// OnGround is for tiles that lie on the background instead of a card.
func (t *Tile) OnGround() *Tile { t.ground = onGround; t.restyle(); return t }

func (t *Tile) placeWide(b Box) {
	const dot = 10
	size, n := t.th.Panel.Icon, float32(len(t.dots))
	icon, b := b.Inset(theme.Space4, 0).Left(size, theme.Space3)
	icon.Centre(size, size).Place(t.icon)
	row, b := b.Right(n*dot+(n-1)*theme.Space2, theme.Space2)
	row = row.Centre(row.W, dot)
	for i, d := range t.dots {
		row.Column(i, len(t.dots), theme.Space2).Place(d)
	}
	t.label.Alignment = fyne.TextAlignLeading
	b.Place(t.label)
}

func (t *Tile) place(b Box) {
	if t.bar != nil {
		Box{b.X, b.Y + b.H/2 - 20, 6, 40}.Place(t.bar)
		Box{b.X + b.W - 28, b.Y + 8, rowDot, rowDot}.Place(t.badge)
	}
	if t.wide {
		t.placeWide(b)
		return
	}
	size := t.th.Panel.Icon
	h := size
	text, dot := Line(theme.Style{Size: theme.TextMin}), float32(10)
	if t.label != nil {
		h += theme.Space1 + text
	} else if len(t.dots) > 0 {
		h += theme.Space2 + dot
	}
	col := b.Centre(b.W, h)
	icon, rest := col.Top(size, theme.Space1)
	icon.Centre(size, size).Place(t.icon)
	if t.label != nil {
		line, _ := rest.Top(text, 0)
		line.Place(t.label)
		_, rest = b.Bottom(5, 0)
	}
	n, gap := len(t.dots), theme.Space2
	if n > 3 {
		gap = theme.Space1
	}
	if n > 0 {
		row, _ := rest.Bottom(dot, 0)
		row = row.Centre(float32(n)*dot+float32(n-1)*gap, dot)
		for i, d := range t.dots {
			row.Column(i, n, gap).Place(d)
		}
	}
}

func (t *Tile) paint() {
	ink := t.ink()
	setIcon(t.icon, t.glyph, ink)
	if t.bar != nil {
		setVisible(t.bar, t.state.On)
	}
	if t.label != nil {
		SetText(t.label, t.label.Text, ink)
	}
	for i, d := range t.dots {
		c := ink
		if i >= t.level {
			c = theme.Blend(ink, t.plate.FillColor.(colour), 0.72)
		}
		if d.FillColor != c {
			d.FillColor = c
			d.Refresh()
		}
	}
}

// SetLevel shows a level, 0 to the number of dots, as on from 1 up.
func (t *Tile) SetLevel(level int, s State) {
	s.On = level > 0 && !s.Unknown
	if t.level == level && t.state == s {
		return
	}
	t.level, t.state = level, s
	t.restyle()
}

// SetIcon shows another icon and word.
func (t *Tile) SetIcon(glyph IconName, label string) {
	t.glyph = glyph
	setIcon(t.icon, glyph, t.ink())
	if t.label != nil {
		SetText(t.label, label, t.ink())
	}
}

package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi/theme"
)

// Fit is a text from outside, shortened with an ellipsis where it is wider
// than w. Only words that the shell did not choose may be shortened.
func Fit(s theme.Style, text string, w float32) string {
	if text == "" || Width(s, text) <= w {
		return text
	}
	runes := []rune(text)
	lo, hi := 0, len(runes)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if Width(s, string(runes[:mid])+"…") <= w {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return strings.TrimRight(string(runes[:lo]), " ,.;:") + "…"
}

// FitLines is Fit on at most n lines, broken at spaces.
func FitLines(s theme.Style, text string, w float32, n int) []string {
	var lines []string
	words := fields(text)
	for len(words) > 0 && len(lines) < n-1 {
		k := 1
		for k < len(words) && Width(s, strings.Join(words[:k+1], " ")) <= w {
			k++
		}
		lines = append(lines, Fit(s, strings.Join(words[:k], " "), w))
		words = words[k:]
	}
	if len(words) > 0 {
		lines = append(lines, Fit(s, strings.Join(words, " "), w))
	}
	return lines
}

// Label is a text from outside, such as the title of a song, on a few lines.
type Label struct {
	compound
	style theme.Style
	ink   colour
	full  string
	lines []*canvas.Text
	width float32 // that the lines were broken for
	room  int     // and how many there was room for
	top   bool
	own   bool // the words are the shell's
}

// NewLabel is an empty label of at most so many lines.
func NewLabel(th *theme.Theme, style theme.Style, ink colour, lines int) *Label {
	l := &Label{style: style, ink: ink}
	var objects []fyne.CanvasObject
	for range lines {
		t := Text(style, ink, "")
		l.lines = append(l.lines, t)
		objects = append(objects, t)
	}
	l.init(l, th, fyne.NewSize(80, Line(style)), l.place, objects...)
	return l
}

// Top places the lines from the top of the box instead of in its middle.
func (l *Label) Top() *Label { l.top = true; return l }

// Centre centres each line in the box.
func (l *Label) Centre() *Label {
	for _, t := range l.lines {
		t.Alignment = fyne.TextAlignCenter
	}
	return l
}

// Foreign tells hmi/lint whether the text is from outside and may be shortened.
func (l *Label) Foreign() bool { return !l.own }

// Set shows a text from outside.
func (l *Label) Set(text string) { l.SetIn(text, l.ink) }

// Say shows words of the shell, which must have room.
func (l *Label) Say(text string, ink colour) {
	l.SetIn(text, ink)
	l.own = true
}

// SetIn shows a text from outside in a colour.
func (l *Label) SetIn(text string, ink colour) {
	l.own = false
	if l.full == text && l.ink == ink {
		return
	}
	l.full, l.ink, l.width = text, ink, 0
	if s := l.Size(); s.Width > 0 {
		l.place(BoxOf(s))
	}
}

// Text is the whole text.
func (l *Label) Text() string { return l.full }

// Lines is how many lines are shown.
func (l *Label) Lines() (n int) {
	for _, t := range l.lines {
		if t.Text != "" {
			n++
		}
	}
	return n
}

func (l *Label) place(b Box) {
	room := max(1, min(len(l.lines), int(b.H/Line(l.style)+0.1)))
	if l.width != b.W || l.room != room {
		l.width, l.room = b.W, room
		lines := FitLines(l.style, l.full, b.W, room)
		for i, t := range l.lines {
			s := ""
			if i < len(lines) {
				s = lines[i]
			}
			SetText(t, s, l.ink)
		}
	}
	h := Line(l.style)
	y := b.Y
	if n := float32(max(1, l.Lines())); !l.top {
		y += (b.H - n*h) / 2
	}
	for i, t := range l.lines {
		Box{b.X, y + float32(i)*h, b.W, h}.Place(t)
	}
}

// Row is an entry of a list: a symbol, a title over a caption, and a mark at
// the end. Its texts are from outside.
type Row struct {
	Control
	icon           *canvas.Image
	glyph          IconName
	title, caption *canvas.Text
	dot            *canvas.Circle
	full, below    string
	ink            theme.Style
	second         theme.Style
}

// NewRow is an empty row.
func NewRow(th *theme.Theme, tap func()) *Row {
	p := th.Panel
	r := &Row{glyph: IconInfo, ink: p.Type.Body, second: p.Type.Second}
	r.init(r, th, "", tap)
	r.foreign = true
	r.icon = Icon(r.glyph, th.Text)
	r.title, r.caption = Text(r.ink, th.Text, ""), Text(r.second, th.TextSecond, "")
	r.dot = canvas.NewCircle(th.Accent)
	r.dot.Hide()
	r.draws(r.place, r.paint, r.icon, r.title, r.caption, r.dot)
	return r
}

// OnGround is for rows that lie on the background instead of a card.
func (r *Row) OnGround() *Row { r.ground = onGround; r.restyle(); return r }

// rowDot is the size of the mark of something new.
const rowDot = 14

func (r *Row) place(b Box) {
	in := b.Inset(theme.Space4, 0)
	pic, in := in.Left(r.th.Panel.Icon, theme.Space4)
	pic.Centre(pic.W, pic.W).Place(r.icon)
	if r.dot.Visible() {
		var end Box
		end, in = in.Right(rowDot, theme.Space3)
		end.Centre(rowDot, rowDot).Place(r.dot)
	}
	SetText(r.title, Fit(r.ink, r.full, in.W), r.inks(false))
	SetText(r.caption, Fit(r.second, r.below, in.W), r.inks(true))
	h := Line(r.ink)
	if r.below == "" {
		in.Centre(in.W, h).Place(r.title)
		return
	}
	in = in.Centre(in.W, h+Line(r.second)-4)
	head, rest := in.Top(h, -4)
	head.Place(r.title)
	rest.Place(r.caption)
}

// inks is the colour of the title, or of the second line.
func (r *Row) inks(second bool) colour {
	if c := r.Control.ink(); !second || r.state.On || r.disabled {
		return c
	}
	return r.th.TextSecond
}

func (r *Row) paint() {
	setIcon(r.icon, r.glyph, r.inks(false))
	SetText(r.title, r.title.Text, r.inks(false))
	SetText(r.caption, r.caption.Text, r.inks(true))
}

// Set shows an entry; fresh marks it.
func (r *Row) Set(glyph IconName, title, caption string, fresh bool) {
	if r.glyph == glyph && r.full == title && r.below == caption && r.dot.Visible() == fresh {
		return
	}
	r.Name, r.full, r.below = title, title, caption
	if r.glyph != glyph {
		r.glyph = glyph
		setIcon(r.icon, glyph, r.inks(false))
	}
	setVisible(r.dot, fresh)
	if s := r.Size(); s.Width > 0 {
		r.place(BoxOf(s))
	}
}

// Progress is a bar of how much is done.
type Progress struct {
	compound
	track, bar *canvas.Rectangle
	share      float32
}

// NewProgress is an empty bar.
func NewProgress(th *theme.Theme) *Progress {
	p := &Progress{track: Plate(th.Surface3, 4), bar: Plate(th.Accent, 4)}
	p.init(p, th, fyne.NewSize(80, 8), p.place, p.track, p.bar)
	return p
}

func (p *Progress) place(b Box) {
	b = b.Centre(b.W, 8)
	b.Place(p.track)
	b.W = max(0, b.W*p.share)
	setVisible(p.bar, b.W >= 1)
	b.Place(p.bar)
}

// Set shows a share, 0 to 1. It moves in whole dp, so that a slow one costs
// nothing most of the time.
func (p *Progress) Set(share float32) {
	s := p.Size()
	share = min(1, max(0, share))
	if s.Width > 0 {
		share = float32(int(share*s.Width)) / s.Width
	}
	if share == p.share {
		return
	}
	p.share = share
	if s.Width > 0 {
		p.place(BoxOf(s))
		p.bar.Refresh()
	}
}

// Para is one message of a Talk.
type Para struct {
	Text string
	Own  bool // told apart by colour
}

// Talk is the end of a conversation: the last messages, as many lines as have
// room, the newest at the bottom.
type Talk struct {
	compound
	style theme.Style
	paras []Para
	lines []*canvas.Text
	top   bool
}

// NewTalk is an empty talk of at most so many lines.
func NewTalk(th *theme.Theme, lines int) *Talk {
	t := &Talk{style: th.Panel.Type.Second}
	var objects []fyne.CanvasObject
	for range lines {
		l := Text(t.style, th.Text, "")
		t.lines = append(t.lines, l)
		objects = append(objects, l)
	}
	t.init(t, th, fyne.NewSize(120, Line(t.style)), t.place, objects...)
	return t
}

// Top fills the talk from the top and with whole paragraphs only.
func (t *Talk) Top() *Talk { t.top = true; return t }

// Foreign tells hmi/lint whether the texts may be shortened; see Label.
func (t *Talk) Foreign() bool { return !t.top }

// Set shows messages, oldest first.
func (t *Talk) Set(paras []Para) {
	same := len(paras) == len(t.paras)
	for i := 0; same && i < len(paras); i++ {
		same = paras[i] == t.paras[i]
	}
	if same {
		return
	}
	t.paras = append(t.paras[:0], paras...)
	if s := t.Size(); s.Width > 0 {
		t.place(BoxOf(s))
	}
}

func (t *Talk) place(b Box) {
	h := Line(t.style)
	room := min(len(t.lines), int(b.H/h+0.01))
	type line struct {
		text string
		own  bool
	}
	var all []line
	for i := 0; i < len(t.paras) && len(all) < room; i++ {
		p := t.paras[i]
		if !t.top {
			p = t.paras[len(t.paras)-1-i]
		}
		if t.top {
			lines := Wrap(t.style, p.Text, b.W)
			if len(lines) > room-len(all) {
				continue
			}
			for _, s := range lines {
				all = append(all, line{s, p.Own})
			}
			continue
		}
		var part []line
		for _, s := range FitLines(t.style, p.Text, b.W, min(4, room-len(all))) {
			part = append(part, line{s, p.Own})
		}
		all = append(part, all...)
	}
	y := b.Y
	if !t.top {
		y += b.H - float32(len(all))*h
	}
	for i, l := range t.lines {
		text, ink := "", t.th.Text
		if i < len(all) {
			text = all[i].text
			if all[i].own {
				ink = t.th.TextSecond
			}
		}
		SetText(l, text, ink)
		Box{b.X, y + float32(i)*h, b.W, h}.Place(l)
	}
}

// Glyph is an icon that can become another one in another colour.
type Glyph struct {
	compound
	image *canvas.Image
}

// NewGlyph is an icon of the panel's size, or smaller where its box is.
func NewGlyph(th *theme.Theme) *Glyph {
	g := &Glyph{image: Icon(IconInfo, th.Text)}
	size := th.Panel.Icon
	g.init(g, th, fyne.NewSize(size, size), func(b Box) {
		side := min(size, b.W, b.H)
		b.Centre(side, side).Place(g.image)
	}, g.image)
	return g
}

// Set shows another icon.
func (g *Glyph) Set(n IconName, c colour) { setIcon(g.image, n, c) }

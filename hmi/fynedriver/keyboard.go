package fynedriver

import (
	"image/color"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// keyboard is the on-screen keyboard. It shows itself when something that text
// is typed into gets the focus, and goes with it. Several fingers may type at
// once; a key counts when its finger leaves, and a finger may slide to the
// right one before.
type keyboard struct {
	widget.BaseWidget
	c        *Canvas
	lang     string
	page     keyPage
	shift    shiftState
	multi    bool // Enter makes a new line
	digits   bool // only numbers are asked for
	cells    []*keyCell
	ground   *canvas.Rectangle
	edge     *canvas.Rectangle
	on       map[int]*keyCell
	repeat   *timer
	repeated bool // the held backspace has deleted already
}

type keyPage uint8

const (
	letters keyPage = iota
	symbols
	more
	accents
)

type shiftState uint8

const (
	lower shiftState = iota
	once
	locked
)

// Codes of keys that type no letter, beside the text that they show.
const (
	keyShift  = "\x01"
	keyBack   = "\x02"
	keyEnter  = "\x03"
	keyPages  = "\x04" // letters or symbols
	keyMore   = "\x05" // the other page of symbols
	keyMarks  = "\x06" // letters with marks
	keySpace  = " "
	rowCount  = 4
	keyGap    = 6
	leastRow  = 76 // units; what Android's driver guidelines ask of a target
	mostRow   = 88
	repeatAt  = 450 * time.Millisecond
	repeatGap = 60 * time.Millisecond
)

// keyRows are the keys of each page; a key is one character or a code, and
// codes are wider. layouts holds the letters of each language.
var (
	layouts = map[string][rowCount - 1]string{
		"en": {"qwertyuiop", "asdfghjkl", "\x01zxcvbnm\x02"},
		"de": {"qwertzuiopü", "asdfghjklöä", "\x01yxcvbnmß\x02"},
		"fr": {"azertyuiop", "qsdfghjklm", "\x01wxcvbné\x02"},
		"es": {"qwertyuiop", "asdfghjklñ", "\x01zxcvbnm\x02"},
	}
	// markRows are letters with marks and quotes, those of the language first;
	// after one of them the letters come back.
	markRows = map[string][rowCount - 1]string{
		"en": {"éèêëàâäçîï", "ôöùûüñáíóú", "\x01'’“”–…\x02"},
		"de": {"äöüßéèêàâç", "ëïôûñáíóúœ", "\x01'„“”–…\x02"},
		"fr": {"éèêëàâçîïô", "ùûüÿœæáíóñ", "\x01'’«»–…\x02"},
		"es": {"áéíóúüñ¿¡ç", "àèòïâêôùöä", "\x01'«»“”…\x02"},
	}
	symbolRows = [2][rowCount - 1]string{
		{"1234567890", "@#€_&-+()/", "\x05*\"':;!?\x02"},
		{"~`|•√π÷×§°", "£$¥^={}[]\\", "\x05<>%©®¿¡\x02"},
	}
	digitRows = [rowCount]string{"123", "456", "789", "-0.\x02"}
	spaceName = map[string]string{"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
)

// keyCell is one key: its place, its picture and what it types.
type keyCell struct {
	code string
	at   area
	face *canvas.Rectangle
	text *canvas.Text
}

func newKeyboard(c *Canvas) *keyboard {
	k := &keyboard{c: c, on: map[int]*keyCell{}}
	k.ground, k.edge = canvas.NewRectangle(color.Black), canvas.NewRectangle(color.Black)
	k.ExtendBaseWidget(k)
	k.Hide()
	return k
}

// speak takes the letters of the driver's language.
func (k *keyboard) speak() {
	k.lang, _, _ = strings.Cut(strings.ToLower(k.c.w.d.cfg.Language), "-")
	if _, ok := layouts[k.lang]; !ok {
		k.lang = "en"
	}
}

// rowHeight lets the keyboard take at most two thirds of a small display.
func (k *keyboard) rowHeight() float32 {
	return max(leastRow-8, min(mostRow, max(leastRow, k.c.size.Height/8), k.c.size.Height*2/3/rowCount))
}

// showKeyboardFor shows the keyboard if f takes text, and hides it if not.
func (c *Canvas) showKeyboardFor(f fyne.Focusable) {
	kb, ok := f.(mobile.Keyboardable)
	if d, is := f.(fyne.Disableable); is && d.Disabled() {
		ok = false
	}
	if !ok {
		c.hideKeyboard()
		return
	}
	if c.keys == nil {
		c.keys = newKeyboard(c)
	}
	k := c.keys
	k.speak()
	e, isEntry := f.(*widget.Entry)
	lines, isLines := f.(interface{ Lines() bool }) // a widget that is more than an Entry
	k.multi, k.digits = isEntry && e.MultiLine || isLines && lines.Lines(), kb.Keyboard() == mobile.NumberKeyboard
	k.page, k.shift = letters, lower
	h := k.rowHeight()*rowCount + keyGap
	k.Move(fyne.NewPos(0, c.size.Height-h))
	k.Resize(fyne.NewSize(c.size.Width, h))
	k.arrange()
	k.Show()
	c.raise(f.(fyne.CanvasObject))
	c.changed()
}

func (c *Canvas) hideKeyboard() {
	if c.keys == nil || !c.keys.Visible() {
		return
	}
	c.keys.repeat.stop()
	for _, cell := range c.keys.on {
		cell.press(false)
	}
	clear(c.keys.on)
	c.keys.Hide()
	c.raised = nil
	c.changed()
}

// raise moves the tree that takes input up so that the keyboard does not hide
// o in it.
func (c *Canvas) raise(o fyne.CanvasObject) {
	c.raised = nil
	s, ok := c.find(o)
	if !ok {
		return
	}
	free := c.size.Height - c.keys.Size().Height
	bottom := s.pos.Y + min(o.Size().Height, free-16) + 8
	c.raised, c.lift = c.active(), max(0, min(bottom-free, s.pos.Y-8))
}

func (c *Canvas) onKeyboard(p fyne.Position) bool {
	return c.keys != nil && c.keys.Visible() && p.Y >= c.keys.Position().Y
}

// rows of the page that is shown, without the last.
func (k *keyboard) rows() []string {
	if k.digits {
		return digitRows[:]
	}
	if k.page == letters {
		l := layouts[k.lang]
		return l[:]
	}
	if k.page == accents {
		l := markRows[k.lang]
		return l[:]
	}
	return symbolRows[k.page-symbols][:]
}

// arrange places the keys of the page.
func (k *keyboard) arrange() {
	h := k.rowHeight()
	used := 0
	add := func(code string, x0, x1 float32, row int) {
		k.place(used, code, area{x0, float32(row)*h + keyGap/2, x1, float32(row+1)*h + keyGap/2})
		used++
	}
	width := k.c.size.Width - keyGap
	for row, keys := range k.rows() {
		n := 0.0
		for _, r := range keys {
			n += keyWidth(string(r))
		}
		unit := width / float32(max(n, k.rowUnits()))
		x := keyGap/2 + (width-unit*float32(n))/2
		for _, r := range keys {
			w := unit * float32(keyWidth(string(r)))
			add(string(r), x, x+w, row)
			x += w
		}
		if k.digits && row == 2 { // Enter beside the 9
			add(keyEnter, x, x+unit, row)
		}
	}
	if !k.digits {
		u := width / 10
		x := float32(keyGap / 2)
		for _, e := range []struct {
			code  string
			units float32
		}{{keyPages, 1.5}, {keyMarks, 1.2}, {",", 1}, {keySpace, 3.8}, {".", 1}, {keyEnter, 1.5}} {
			add(e.code, x, x+e.units*u, rowCount-1)
			x += e.units * u
		}
	}
	for _, c := range k.cells[used:] {
		c.face.Hide()
		c.text.Hide()
	}
	k.style()
	k.Refresh()
}

func (k *keyboard) rowUnits() float64 {
	if k.digits {
		return 4
	}
	return 10
}

func keyWidth(code string) float64 {
	if code < " " {
		return 1.5
	}
	return 1
}

// place puts a key where it belongs: the i-th, made anew or used again.
func (k *keyboard) place(i int, code string, at area) {
	if i == len(k.cells) {
		c := &keyCell{face: canvas.NewRectangle(color.Black), text: canvas.NewText("", color.White)}
		c.text.Alignment = fyne.TextAlignCenter
		k.cells = append(k.cells, c)
	}
	c := k.cells[i]
	c.code, c.at = code, at
	c.face.Show()
	c.text.Show()
	c.face.Move(fyne.NewPos(at.x0+keyGap/2, at.y0+keyGap/2))
	c.face.Resize(fyne.NewSize(at.x1-at.x0-keyGap, at.y1-at.y0-keyGap))
	c.text.Move(c.face.Position())
	c.text.Resize(c.face.Size())
	c.press(false)
}

// style gives the keys their colours and texts.
func (k *keyboard) style() {
	k.ground.FillColor = theme.Color(theme.ColorNameOverlayBackground)
	k.edge.FillColor = theme.Color(theme.ColorNameSeparator)
	for _, c := range k.cells {
		if !c.face.Visible() {
			continue
		}
		c.face.CornerRadius = 10
		c.text.Color = theme.Color(theme.ColorNameForeground)
		c.text.TextStyle = fyne.TextStyle{}
		c.text.TextSize = 30
		c.text.Text = k.label(c)
		switch {
		case c.text.TextStyle.Symbol:
			c.text.TextSize = 36
		case c.code < " " || c.code == keySpace:
			c.text.TextSize = 24
		}
		c.press(false)
	}
}

func (k *keyboard) label(c *keyCell) string {
	switch c.code {
	case keyShift:
		c.text.TextStyle.Symbol = true
		if k.shift == locked {
			return "⇪"
		}
		return "⇧"
	case keyBack:
		c.text.TextStyle.Symbol = true
		return "⌫"
	case keyEnter:
		c.text.TextStyle.Symbol = true
		return "↵"
	case keyPages:
		if k.page == letters || k.page == accents {
			return "?123"
		}
		return "ABC"
	case keyMarks:
		if k.page == accents {
			return "ABC"
		}
		return string([]rune(markRows[k.lang][0])[:2])
	case keyMore:
		if k.page == symbols {
			return "=\\<"
		}
		return "?123"
	case keySpace:
		return spaceName[k.lang]
	}
	if k.shift != lower {
		return upper(c.code)
	}
	return c.code
}

// upper is the capital of a letter.
func upper(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r))
}

// press shows a key pressed or not.
func (c *keyCell) press(on bool) {
	name := theme.ColorNameButton
	switch {
	case on:
		name = theme.ColorNamePrimary
	case c.code < " ":
		name = theme.ColorNameInputBorder
	}
	c.face.FillColor = theme.Color(name)
	c.text.Color = theme.Color(theme.ColorNameForeground)
	if on {
		c.text.Color = theme.Color(theme.ColorNameForegroundOnPrimary)
	}
}

// Touched takes every finger on the keyboard.
func (k *keyboard) Touched(ev Contact) {
	cell := k.under(ev.Position)
	held := k.on[ev.ID]
	switch ev.Phase {
	case Down, Move:
		if ev.Phase == Move && (held == nil || cell == held) {
			break
		}
		if held != nil {
			held.press(false)
		}
		if cell != nil {
			cell.press(true)
			k.on[ev.ID] = cell
		}
		k.repeat.stop()
		if cell != nil && cell.code == keyBack {
			k.repeated = false
			k.repeat = k.c.w.d.after(time.Now().Add(repeatAt), k.again)
		}
	case Up, Cancel:
		if held == nil {
			break
		}
		delete(k.on, ev.ID)
		held.press(false)
		if ev.Phase == Up && !(held.code == keyBack && k.repeated) {
			k.typed(held.code)
		}
		if held.code == keyBack {
			k.repeat.stop()
		}
	}
	k.c.changed()
}

// again deletes while the backspace key is held.
func (k *keyboard) again() {
	k.repeated = true
	k.typed(keyBack)
	k.repeat = k.c.w.d.after(time.Now().Add(repeatGap), k.again)
}

func (k *keyboard) under(p fyne.Position) *keyCell {
	for _, c := range k.cells {
		if c.face.Visible() && c.at.has(p) {
			return c
		}
	}
	return nil
}

// next is the key before or after the one whose face is at, for the rotary
// controller.
func (k *keyboard) next(at fyne.CanvasObject, by int) fyne.CanvasObject {
	i, n := -1, 0
	for _, c := range k.cells {
		if !c.face.Visible() {
			break
		}
		if c.face == at {
			i = n
		}
		n++
	}
	switch {
	case i < 0 && by > 0:
		i = 0
	case i < 0:
		i = n - 1
	default:
		i = (i + by + n) % n
	}
	return k.cells[i].face
}

// hit types the key whose face is at; false: there is none.
func (k *keyboard) hit(at fyne.CanvasObject) bool {
	for _, c := range k.cells {
		if c.face == at && c.face.Visible() {
			k.typed(c.code)
			return true
		}
	}
	return false
}

// typed does what a key stands for.
func (k *keyboard) typed(code string) {
	switch code {
	case keyShift:
		k.shift = (k.shift + 1) % 3
		k.style()
	case keyBack:
		k.c.typeKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	case keyEnter:
		k.c.typeKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if !k.multi {
			k.c.Unfocus()
		}
	case keyPages:
		if k.page == letters || k.page == accents {
			k.page = symbols
		} else {
			k.page = letters
		}
		k.arrange()
	case keyMarks:
		if k.page == accents {
			k.page = letters
		} else {
			k.page = accents
		}
		k.arrange()
	case keyMore:
		k.page = symbols + more - k.page
		k.arrange()
	default:
		if k.shift != lower {
			code = upper(code)
		}
		r, _ := utf8.DecodeRuneInString(code)
		k.c.typeRune(r)
		capital := k.shift == once
		if capital {
			k.shift = lower
		}
		switch {
		case k.page == accents && code != keySpace:
			k.page = letters
			k.arrange()
		case capital:
			k.style()
		}
	}
}

// CreateRenderer is fyne.Widget's.
func (k *keyboard) CreateRenderer() fyne.WidgetRenderer { return &keyboardRenderer{k: k} }

type keyboardRenderer struct {
	k   *keyboard
	all []fyne.CanvasObject
}

func (r *keyboardRenderer) Layout(s fyne.Size) {
	r.k.ground.Resize(s)
	r.k.edge.Resize(fyne.NewSize(s.Width, 1))
}
func (r *keyboardRenderer) MinSize() fyne.Size { return fyne.NewSize(320, rowCount*(leastRow-8)) }
func (r *keyboardRenderer) Refresh()           { r.k.style() }
func (r *keyboardRenderer) Destroy()           {}

func (r *keyboardRenderer) Objects() []fyne.CanvasObject {
	r.all = append(r.all[:0], r.k.ground, r.k.edge)
	for _, c := range r.k.cells {
		r.all = append(r.all, c.face, c.text)
	}
	return r.all
}

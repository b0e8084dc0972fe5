package paint

import (
	"math"

	"github.com/go-text/typesetting/font"
	"golang.org/x/image/math/fixed"
)

// composable are the characters of running numbers. A text of only these is
// laid out from the advances of its pairs; the table test proves that this
// equals shaping for each pair of every bundled font.
var composable = [...]rune{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.', ',', ':', '-', '–', '+', '%', '°', ' '}

const maxComposed = 32 // characters; longer texts are shaped

// pairTable holds, for one font and size, how far the pen moves after a
// character when another follows (the last column: when none does).
type pairTable struct {
	face   *font.Face
	gid    [len(composable)]font.GID
	adv    [len(composable)][len(composable) + 1]fixed.Int26_6
	known  [len(composable)][len(composable) + 1]bool
	refuse bool // this font does more with such pairs than move the pen
}

func composableIndex(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r == ' ':
		return len(composable) - 1
	}
	for i := 10; i < len(composable)-1; i++ {
		if composable[i] == r {
			return i
		}
	}
	return -1
}

// compose lays out a line of digits without shaping it, if it is one.
func (t *typesetter) compose(l *line) bool {
	k := l.key
	n := 0
	for _, r := range k.text {
		if n++; n > maxComposed || composableIndex(r) < 0 {
			return false
		}
	}
	if n == 0 {
		return false
	}
	sp := t.space(k)
	tab := t.pairs[spaceKey{k.fonts, k.size}]
	if tab == nil {
		tab = &pairTable{face: k.fonts.faces[0]}
		t.pairs[spaceKey{k.fonts, k.size}] = tab
	}
	y := float32(math.Ceil(float64(toFloat(sp.ascent) * k.scale)))
	x, sum, last := float32(0), fixed.Int26_6(0), -1
	step := func(next int) bool {
		if !t.pair(tab, k, last, next) {
			return false
		}
		col := next
		if next < 0 {
			col = len(composable)
		}
		l.put(tab.face, tab.gid[last], x, y)
		a := tab.adv[last][col]
		x += float32(toFloat(a) * k.scale)
		sum += a
		return true
	}
	for _, r := range k.text {
		i := composableIndex(r)
		if last >= 0 && !step(i) {
			return false
		}
		last = i
	}
	if !step(-1) {
		return false
	}
	l.size.Width, l.size.Height, l.base = toFloat(sum), toFloat(sp.height), toFloat(sp.ascent)
	return true
}

// pair makes sure that the table knows the pair a, b (b < 0: a at the end).
func (t *typesetter) pair(tab *pairTable, k lineKey, a, b int) bool {
	col := b
	if b < 0 {
		col = len(composable)
	}
	if tab.refuse || tab.known[a][col] {
		return !tab.refuse
	}
	text := []rune{composable[a]}
	if b >= 0 {
		text = append(text, composable[b])
	}
	runs := t.split.Split(t.input(k, text), k.fonts)
	tab.refuse = true
	if len(runs) != 1 || runs[0].Face != tab.face {
		return false
	}
	out := t.shaper.Shape(runs[0])
	if len(out.Glyphs) != len(text) || out.LineBounds.Ascent != t.space(k).ascent {
		return false
	}
	for i, g := range out.Glyphs {
		if gid, ok := tab.face.NominalGlyph(text[i]); !ok || gid != g.GlyphID || g.XOffset != 0 || g.YOffset != 0 {
			return false
		}
	}
	tab.refuse = false
	tab.gid[a], tab.adv[a][col], tab.known[a][col] = out.Glyphs[0].GlyphID, out.Glyphs[0].XAdvance, true
	return true
}

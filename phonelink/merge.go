package phonelink

import (
	"unicode"
	"unicode/utf8"
)

// The three-way merge of drafts. The three texts are cut at words that each of
// them has exactly once, in the same order; what is between two of these is
// taken from whoever changed it:
//
//	base    Meet | at the bridge , at | noon
//	ours    Meet | at the church , at | noon        ours changed it
//	theirs  Meet | at the bridge , at | noon  !     theirs did
//
// and is cut again, at words that occur once in that piece. If both changed it,
// in different ways, the texts conflict. A word that repeats itself never tells
// one place from another, so no text gets into the middle of what the other side
// wrote; which one is called ours makes no difference. The effort grows with the
// length alone.

// maxCuts is how often a piece is cut again.
const maxCuts = 8

// merge joins two texts that were made from base. cursor, in bytes, is one of
// theirs; at is where it stands then. Not ok: they conflict.
func merge(base, ours, theirs string, cursor int) (text string, at int, ok bool) {
	cursor = min(max(0, cursor), len(theirs))
	switch {
	case base == ours || ours == theirs:
		return theirs, cursor, true
	case base == theirs:
		return ours, min(cursor, len(ours)), true
	}
	m := merger{texts: [3]string{base, ours, theirs}, cursor: cursor}
	names := map[string]int{}
	var whole piece
	for i, s := range m.texts {
		m.borders[i] = words(s)
		for k := range len(m.borders[i]) - 1 {
			w := s[m.borders[i][k]:m.borders[i][k+1]]
			n, known := names[w]
			if !known {
				n = len(names)
				names[w] = n
				m.anchor = append(m.anchor, hasWord(w))
			}
			m.words[i] = append(m.words[i], n)
		}
		whole[i] = span{0, len(m.words[i])}
	}
	m.seen = make([][3]seen, len(names))
	if !m.join(whole, maxCuts) {
		return "", 0, false
	}
	return string(m.out), m.at, true
}

// merger is a merge under way: of base, ours and theirs.
type merger struct {
	texts   [3]string
	borders [3][]int // where each word begins, and where the last ends
	words   [3][]int // words, as numbers
	anchor  []bool   // of a word: the texts may be cut there
	seen    [][3]seen
	cursor  int
	out     []byte
	at      int
}

// seen is how often a piece has a word, and where last.
type seen struct{ n, at int }

// span is some words of a text; piece is what belongs together of the three.
type span struct{ from, to int }
type piece [3]span

func (m *merger) text(i int, s span) string {
	return m.texts[i][m.borders[i][s.from]:m.borders[i][s.to]]
}

// join puts out the merge of a piece; false: it conflicts.
func (m *merger) join(p piece, cuts int) bool {
	base, ours, theirs := m.text(0, p[0]), m.text(1, p[1]), m.text(2, p[2])
	switch {
	case base == ours || ours == theirs:
		m.put(theirs, p[2], theirs)
		return true
	case base == theirs:
		m.put(ours, p[2], theirs)
		return true
	case cuts == 0:
		return false
	}
	same := m.same(p)
	if len(same) == 0 {
		return false
	}
	for _, w := range append(same, piece{{p[0].to, p[0].to}, {p[1].to, p[1].to}, {p[2].to, p[2].to}}) {
		var before piece
		for i := range before {
			before[i] = span{p[i].from, w[i].from}
			p[i].from = w[i].to
		}
		if !m.join(before, cuts-1) {
			return false
		}
		m.put(m.text(2, w[2]), w[2], m.text(2, w[2]))
	}
	return true
}

// same is the words at which a piece is cut, in order: those that all begin and
// end with, and those that each has once, as far as their order is the same.
func (m *merger) same(p piece) (out []piece) {
	head, tail := 0, 0
	word := func(i, k int) int { return m.words[i][k] }
	n := min(p[0].to-p[0].from, p[1].to-p[1].from, p[2].to-p[2].from)
	for ; head < n; head++ {
		if w := word(0, p[0].from+head); w != word(1, p[1].from+head) || w != word(2, p[2].from+head) {
			break
		}
	}
	for ; tail < n-head; tail++ {
		if w := word(0, p[0].to-1-tail); w != word(1, p[1].to-1-tail) || w != word(2, p[2].to-1-tail) {
			break
		}
	}
	if head > 0 {
		out = append(out, piece{{p[0].from, p[0].from + head}, {p[1].from, p[1].from + head}, {p[2].from, p[2].from + head}})
	}
	for i := range p {
		for k := p[i].from + head; k < p[i].to-tail; k++ {
			x := &m.seen[word(i, k)][i]
			x.n, x.at = x.n+1, k
		}
	}
	last := [3]int{-1, -1, -1}
	for k := p[0].from + head; k < p[0].to-tail; k++ {
		x := m.seen[word(0, k)]
		if !m.anchor[word(0, k)] || x[0].n != 1 || x[1].n != 1 || x[2].n != 1 || x[1].at <= last[1] || x[2].at <= last[2] {
			continue // or it was moved
		}
		last = [3]int{k, x[1].at, x[2].at}
		out = append(out, piece{{k, k + 1}, {last[1], last[1] + 1}, {last[2], last[2] + 1}})
	}
	for i := range p {
		for k := p[i].from + head; k < p[i].to-tail; k++ {
			m.seen[word(i, k)] = [3]seen{}
		}
	}
	if tail > 0 {
		out = append(out, piece{{p[0].to - tail, p[0].to}, {p[1].to - tail, p[1].to}, {p[2].to - tail, p[2].to}})
	}
	return out
}

// put puts text out, where theirs has the words of s. A cursor among them stays
// where it is if that is still there, else it stands behind.
func (m *merger) put(text string, s span, theirs string) {
	from, to := m.borders[2][s.from], m.borders[2][s.to]
	if from <= m.cursor && m.cursor <= to {
		c := m.cursor - from
		switch {
		case c == 0 && from != 0:
		case c <= len(text) && text[:c] == theirs[:c]:
			m.at = len(m.out) + c
		default:
			m.at = len(m.out) + len(text)
		}
	}
	m.out = append(m.out, text...)
}

// words are the borders of the words of s, 0 and len(s) among them.
func words(s string) []int {
	at := []int{0}
	for i := range s {
		if i > 0 && wordBorder(s, i) {
			at = append(at, i)
		}
	}
	if len(s) > 0 {
		at = append(at, len(s))
	}
	return at
}

// sort is how a character stands with the next: letters and digits make a word,
// blanks a gap, everything else stands alone, and so do the characters of scripts
// that have no gaps between words.
type sort uint8

const (
	alone sort = iota
	letter
	blank
)

func sortOf(r rune) sort {
	switch {
	case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'):
		return letter
	case r == ' ' || r == '\t':
		return blank
	case r < utf8.RuneSelf || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return alone
	case unicode.In(r, unicode.L, unicode.M, unicode.N):
		return letter
	case unicode.IsSpace(r):
		return blank
	}
	return alone
}

// wordBorder reports whether a word begins or ends at s[i]. A mark belongs to
// what it stands on. It looks at the two characters there alone.
func wordBorder(s string, i int) bool {
	if i <= 0 || i >= len(s) {
		return true
	}
	if !utf8.RuneStart(s[i]) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	next, _ := utf8.DecodeRuneInString(s[i:])
	if next >= utf8.RuneSelf && (unicode.In(next, unicode.M) || next == joiner) || before == joiner {
		return false
	}
	kind := sortOf(before)
	return kind == alone || kind != sortOf(next)
}

// joiner makes one picture of two (Unicode, ZERO WIDTH JOINER).
const joiner = '\u200d'

// hasWord reports whether s has a letter, or a character that is a word.
func hasWord(s string) bool {
	for _, r := range s {
		if k := sortOf(r); k == letter || k == alone && unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

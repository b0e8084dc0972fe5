package dbc

import (
	"strings"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	end    kind = iota // end of the text
	word               // name, keyword or number
	quoted             // string, without its quotes
	punct              // one of : ; , | @ ( ) [ ]
)

// token is a piece of the text and where it stands.
type token struct {
	kind  kind
	text  string
	pos   int  // byte offset of its start
	end   int  // byte offset after it
	first bool // nothing but blanks stands before it on its line
}

// is reports whether the token is this punctuation.
func (t token) is(p string) bool { return t.kind == punct && t.text == p }

// scanner cuts a DBC text into tokens. Blanks, line ends, // and /* */
// comments separate; nothing makes it stop before the end.
type scanner struct {
	text  string
	pos   int
	first bool // at the start of a line
	open  bool // a comment was found that nothing closes
	note  func(pos int, sev Severity, message string)
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0 || c == '\f' || c == '\v' || c == 0x1a
}

func isPunct(c byte) bool {
	switch c {
	case ':', ';', ',', '|', '@', '(', ')', '[', ']':
		return true
	}
	return false
}

// skip moves to the start of the next token.
func (s *scanner) skip() {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == '\n':
			s.first = true
			s.pos++
		case isBlank(c):
			s.pos++
		case strings.HasPrefix(s.text[s.pos:], "//"):
			if i := strings.IndexByte(s.text[s.pos:], '\n'); i >= 0 {
				s.pos += i
			} else {
				s.pos = len(s.text)
			}
		case strings.HasPrefix(s.text[s.pos:], "/*"):
			s.comment()
		default:
			return
		}
	}
}

func (s *scanner) comment() {
	i := -1
	if !s.open {
		i = strings.Index(s.text[s.pos+2:], "*/")
	}
	if i < 0 {
		s.open = true
		s.note(s.pos, Warning, "comment /* is never closed; only its first line is taken as a comment")
		if i = strings.IndexByte(s.text[s.pos:], '\n'); i < 0 {
			i = len(s.text) - s.pos
		}
		s.pos += i
		return
	}
	s.pos += 2 + i + 2
}

// next returns the next token. An end token repeats.
func (s *scanner) next() token {
	s.skip()
	t := token{pos: s.pos, first: s.first}
	s.first = false
	if s.pos >= len(s.text) {
		t.first, t.end = true, s.pos
		return t
	}
	switch c := s.text[s.pos]; {
	case c == '"':
		t.kind = quoted
		t.text = s.str()
	case isPunct(c):
		t.kind = punct
		t.text = s.text[s.pos : s.pos+1]
		s.pos++
	default:
		t.kind = word
		from := s.pos
		for s.pos < len(s.text) {
			c := s.text[s.pos]
			if isBlank(c) || isPunct(c) || c == '"' {
				break
			}
			s.pos++
		}
		t.text = s.text[from:s.pos]
	}
	t.end = s.pos
	return t
}

// str reads a string at its opening quote. A string may span lines; but
// where a line inside it looks like a definition and the closing quote is not
// followed by what ends a definition, the closing quote was forgotten and the
// string ends with the line before.
func (s *scanner) str() string {
	from := s.pos + 1
	to, closed := closingQuote(s.text, from)
	if line := strings.IndexByte(s.text[from:to], '\n'); line >= 0 || !closed {
		if at := definitionLine(s.text, from, to); at >= 0 && !(closed && endsDefinition(s.text, to+1)) {
			to, closed = at, false
		} else if !closed && line >= 0 {
			to = from + line
		}
		if !closed {
			s.note(s.pos, Warning, "string is never closed; it is taken to end with its line")
			s.pos = to
			return strings.TrimRight(unescape(s.text[from:to]), "\r\n\t ;")
		}
	}
	s.pos = to + 1
	return unescape(s.text[from:to])
}

// closingQuote is the offset of the quote that ends the string that starts at
// from, or the end of the text and false.
func closingQuote(text string, from int) (int, bool) {
	for i := from; i < len(text); {
		j := strings.IndexByte(text[i:], '"')
		if j < 0 {
			return len(text), false
		}
		i += j
		back := 0
		for i-1-back >= from && text[i-1-back] == '\\' {
			back++
		}
		// A backslash before the quote escapes it, unless that leaves nothing
		// to close the string: "C:\" ends there.
		if back%2 == 0 || endsDefinition(text, i+1) && !strings.Contains(line(text, i+1), `"`) {
			return i, true
		}
		i++
	}
	return len(text), false
}

// line is the rest of the line from a place.
func line(text string, from int) string {
	if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
		return text[from : from+i]
	}
	return text[from:]
}

// endsDefinition reports whether the next thing from a place is a semicolon.
func endsDefinition(text string, from int) bool {
	for from < len(text) && isBlank(text[from]) {
		from++
	}
	return from < len(text) && text[from] == ';'
}

// definitionLine finds the first line after from and before to that starts as
// a definition does, and returns the offset of the line end before it, or -1.
func definitionLine(text string, from, to int) int {
	for {
		i := strings.IndexByte(text[from:to], '\n')
		if i < 0 {
			return -1
		}
		from += i + 1
		fields := strings.Fields(line(text, from))
		if len(fields) >= 2 && isSection(fields[0]) || len(fields) == 1 && strings.HasSuffix(fields[0], ":") && isSection(strings.TrimSuffix(fields[0], ":")) {
			return from - 1
		}
	}
}

func unescape(s string) string {
	if !strings.Contains(s, `\"`) {
		return s
	}
	return strings.ReplaceAll(s, `\"`, `"`)
}

// position turns an offset into line and column, both from 1.
func position(text string, starts []int, pos int) (lineNo, col int) {
	lo, hi := 0, len(starts)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if starts[mid] <= pos {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1, utf8.RuneCountInString(text[starts[lo]:min(pos, len(text))]) + 1
}

package dbc

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxDiagnostics bounds what a hostile file can make Load remember.
const maxDiagnostics = 10_000

// Load reads a DBC file. It goes on after whatever is broken and says so in
// the diagnostics, which are in file order. It fails only if no message was
// found in something that is not a sound but empty database; the error then
// begins with file:line:col and ends with what to do. name is used in
// messages only.
func Load(name string, data []byte) (*Database, []Diagnostic, error) {
	text, encoding := decodeText(data)
	if !strings.Contains(text, "\n") { // line ends of the old Macintosh
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	p := newParser(name, text)
	if strings.HasPrefix(encoding, "UTF-16") || strings.HasPrefix(encoding, "code") {
		p.note(0, Info, "the file is not all UTF-8; what is not is read as "+encoding)
	}
	p.file()
	p.finish()
	slices.SortStableFunc(p.diags, func(a, b Diagnostic) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
	if len(p.db.Messages) == 0 && (!p.sound || p.lost) {
		return nil, p.diags, p.nothing(data)
	}
	if len(p.db.Messages) == 0 {
		p.note(0, Warning, "the database has no message")
	}
	return p.db, p.diags, nil
}

// nothing is the error for a file without any usable message.
func (p *parser) nothing(data []byte) error {
	for _, d := range p.diags {
		if d.Severity == Error && p.sound {
			return fmt.Errorf("%s:%d:%d: no usable message in the file; the first problem is: %s; correct it there", d.File, d.Line, d.Col, d.Message)
		}
	}
	if len(data) == 0 {
		return fmt.Errorf("%s:1:1: the file is empty; give a DBC file with at least one BO_ definition", p.name)
	}
	begin := strings.TrimLeftFunc(p.scan.text, unicode.IsSpace)
	at := len(p.scan.text) - len(begin)
	lineNo, col := position(p.scan.text, p.starts, at)
	return fmt.Errorf("%s:%d:%d: no BO_ message definition found, the file begins with %q; check that it is a DBC text file", p.name, lineNo, col, clip(begin, 24))
}

// clip shortens a text of a file for a message.
func clip(s string, n int) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	if r := []rune(s[:min(len(s), 4*n)]); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}

// parser builds a Database from tokens. What refers to messages is put off
// until all messages are known.
type parser struct {
	name   string
	scan   scanner
	starts []int // offsets of the lines
	tok    token
	ahead  []token // read but not yet current
	diags  []Diagnostic
	db     *Database

	sound   bool                  // some section keyword was understood
	lost    bool                  // something was left out
	message *Message              // that SG_ lines belong to; nil after a broken BO_
	byRaw   map[uint32][]*Message // by the number in the file, with its flag bits
	signals map[signalKey][]*Signal
	nodes   map[string]*Node
	envs    map[string]*EnvironmentVariable
	later   []func()
	muxes   map[*Message][]muxNote
	origin  map[*Signal]int // offset in the text, for diagnostics
}

type signalKey struct {
	message *Message
	name    string
}

func newParser(name, text string) *parser {
	p := &parser{
		name: name, starts: []int{0},
		byRaw: map[uint32][]*Message{}, nodes: map[string]*Node{}, signals: map[signalKey][]*Signal{}, envs: map[string]*EnvironmentVariable{},
		muxes: map[*Message][]muxNote{}, origin: map[*Signal]int{},
		db: &Database{File: name, ValueTables: map[string]map[int64]string{}, Definitions: map[string]*Definition{}, Attributes: map[string]Attribute{}},
	}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			p.starts = append(p.starts, i+1)
		}
	}
	p.scan = scanner{text: text, first: true, note: p.note}
	p.tok = p.scan.next()
	return p
}

func (p *parser) note(pos int, sev Severity, message string) {
	if sev == Error {
		p.lost = true
	}
	if len(p.diags) > maxDiagnostics {
		return
	}
	if len(p.diags) == maxDiagnostics {
		message = "too many remarks; the rest is not listed"
	}
	lineNo, col := position(p.scan.text, p.starts, pos)
	p.diags = append(p.diags, Diagnostic{File: p.name, Line: lineNo, Col: col, Severity: sev, Message: message})
}

func (p *parser) notef(pos int, sev Severity, format string, args ...any) {
	p.note(pos, sev, fmt.Sprintf(format, args...))
}

// advance makes the next token current and returns the one before.
func (p *parser) advance() token {
	t := p.tok
	if len(p.ahead) > 0 {
		p.tok, p.ahead = p.ahead[0], p.ahead[1:]
	} else {
		p.tok = p.scan.next()
	}
	return t
}

// peek is the token after the current one.
func (p *parser) peek() token {
	if len(p.ahead) == 0 {
		p.ahead = append(p.ahead, p.scan.next())
	}
	return p.ahead[0]
}

// atSection reports whether the current token opens a definition.
func (p *parser) atSection() bool { return p.tok.kind == word && p.tok.first && isSection(p.tok.text) }

// isSection reports whether a word opens a definition.
func isSection(name string) bool {
	switch name {
	case "VERSION", "NS_", "BS_", "BU_", "BO_", "SG_", "VAL_TABLE_", "BO_TX_BU_", "EV_", "ENVVAR_DATA_", "EV_DATA_",
		"SGTYPE_", "SIGTYPE_VALTYPE_", "SGTYPE_VAL_", "CM_", "BA_DEF_", "BA_DEF_DEF_", "BA_", "BA_DEF_REL_", "BA_DEF_DEF_REL_",
		"BA_REL_", "BA_DEF_SGTYPE_", "BA_SGTYPE_", "SIG_TYPE_REF_", "VAL_", "SIG_GROUP_", "SIG_VALTYPE_", "SG_MUL_VAL_",
		"CAT_DEF_", "CAT_", "FILTER", "NS_DESC_", "BU_SG_REL_", "BU_EV_REL_", "BU_BO_REL_":
		return true
	}
	return false
}

// file reads the whole text.
func (p *parser) file() {
	for p.tok.kind != end {
		if p.tok.kind != word || !isSection(p.tok.text) {
			p.unknown()
			continue
		}
		t := p.advance()
		p.section(t)
	}
}

// section reads one definition whose keyword has been read.
func (p *parser) section(t token) {
	ok := true
	switch t.text {
	case "VERSION":
		ok = p.version()
	case "NS_":
		p.newSymbols()
	case "BS_":
		p.skipLine()
	case "BU_":
		p.nodeList()
	case "BO_":
		ok = p.frame(t)
	case "SG_":
		ok = p.signal(t)
	case "VAL_TABLE_":
		ok = p.valueTable()
	case "BO_TX_BU_":
		ok = p.senders()
	case "EV_":
		ok = p.environment()
	case "CM_":
		ok = p.comment()
	case "BA_DEF_":
		ok = p.definition()
	case "BA_DEF_DEF_":
		ok = p.defaultValue()
	case "BA_":
		ok = p.attribute()
	case "VAL_":
		ok = p.values()
	case "SIG_GROUP_":
		ok = p.group()
	case "SIG_VALTYPE_":
		ok = p.valueType()
	case "SG_MUL_VAL_":
		ok = p.muxRanges()
	default: // relations, categories, signal types, environment data: nothing of it is needed to read frames
		p.skipStatement()
		return
	}
	p.sound = p.sound || ok || t.first
	if !ok {
		p.recover()
	}
}

// unknown skips what no section keyword opens, up to the next that does.
func (p *parser) unknown() {
	p.notef(p.tok.pos, Error, "%q opens no known definition; skipped up to the next one", clip(p.tok.text, 24))
	p.recover()
}

// recover skips to the next line that opens a definition.
func (p *parser) recover() {
	for p.tok.kind != end && !p.atSection() {
		p.advance()
	}
}

// skipLine skips what is left of the line.
func (p *parser) skipLine() {
	for !p.tok.first {
		p.advance()
	}
}

// skipStatement skips to after the next semicolon, or to the next line that
// opens a definition.
func (p *parser) skipStatement() {
	for p.tok.kind != end && !p.atSection() {
		if p.advance().is(";") {
			return
		}
	}
}

// semicolon ends a statement.
func (p *parser) semicolon() {
	switch {
	case p.tok.is(";"):
		p.advance()
	case p.tok.first:
		p.note(p.tok.pos, Info, "the definition before this has no semicolon; taken as ended here")
	default:
		p.notef(p.tok.pos, Warning, "%q is not expected here; skipped up to the semicolon", clip(p.tok.text, 24))
		p.skipStatement()
	}
}

// fail reports a broken definition; its caller returns false.
func (p *parser) fail(what string) bool {
	if p.tok.kind == end {
		p.notef(p.tok.pos, Error, "%s expected, found the end of the file; definition left out", what)
	} else {
		p.notef(p.tok.pos, Error, "%s expected, found %q; definition left out", what, clip(p.tok.text, 24))
	}
	return false
}

// nameOf reads a word that is on the line still.
func (p *parser) nameOf(what string) (token, bool) {
	if p.tok.kind != word || p.tok.first {
		return p.tok, p.fail(what)
	}
	return p.advance(), true
}

// str reads a quoted string.
func (p *parser) str(what string) (token, bool) {
	if p.tok.kind != quoted {
		return p.tok, p.fail(what)
	}
	return p.advance(), true
}

// integer reads a whole number from low to high.
func (p *parser) integer(what string, low, high int64) (int64, bool) {
	v, ok := parseInteger(p.tok.text)
	if p.tok.kind != word || p.tok.first || !ok || v < low || v > high {
		return 0, p.fail(fmt.Sprintf("%s (%d to %d)", what, low, high))
	}
	p.advance()
	return v, true
}

// messageID reads a message number with its flag bits.
func (p *parser) messageID() (uint32, bool) {
	v, ok := p.integer("message number", 0, math.MaxUint32)
	return uint32(v), ok
}

// parseNumber reads a number in any spelling that tools write.
func parseNumber(s string) (float64, bool) {
	if i, ok := parseInteger(s); ok {
		return float64(i), true
	}
	if strings.HasPrefix(strings.TrimLeft(s, "+-"), "1.#") { // as the Microsoft C library prints infinity and NaN
		switch {
		case !strings.Contains(s, "INF"):
			return math.NaN(), true
		case s[0] == '-':
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) || strings.ContainsAny(s, "_pP") {
		return 0, false
	}
	return v, true
}

// parseInteger reads a decimal or 0x number, also one written as 12.0.
func parseInteger(s string) (int64, bool) {
	digits, base := strings.TrimPrefix(s, "+"), 10
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		digits, base = digits[2:], 16
	}
	v, err := strconv.ParseInt(digits, base, 64)
	if err == nil && !strings.HasPrefix(digits, "+") {
		return v, true
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 && !strings.ContainsAny(s, "_pPxX") {
		return int64(f), true
	}
	return 0, false
}

// parseValue reads a raw value; unsigned 64-bit values wrap as Reading.Raw does.
func parseValue(s string) (int64, bool) {
	if v, ok := parseInteger(s); ok {
		return v, true
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64)
	return int64(v), err == nil
}

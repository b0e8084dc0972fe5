package dbc

import (
	"math"
	"regexp"
	"strings"
)

// noNode is what tools write where no node is named.
const noNode = "Vector__XXX"

// independent is the pseudo-message that holds signals of no message.
const independent = "VECTOR__INDEPENDENT_SIG_MSG"

// muxMark is the multiplexing mark of a signal: M, m3 or m3M.
var muxMark = regexp.MustCompile(`^(?:M|m(\d+)(M?))$`)

// muxNote is what an SG_ or SG_MUL_VAL_ line says about multiplexing, until
// all signals of the message are known.
type muxNote struct {
	signal *Signal // of an SG_ mark
	value  int64   // of an SG_ mark
	name   string  // of SG_MUL_VAL_
	by     string
	ranges []Range
	pos    int
}

func (p *parser) version() bool {
	t, ok := p.str("version string")
	if ok {
		p.db.Version = t.text
	}
	return ok
}

// newSymbols reads NS_: words that stand alone on their lines, or in a row.
func (p *parser) newSymbols() {
	if p.tok.is(":") {
		p.advance()
	}
	for p.tok.kind == word {
		next := p.peek()
		if !next.first && !(next.kind == word && isSection(next.text)) {
			return
		}
		p.advance()
	}
}

func (p *parser) nodeList() {
	if p.tok.is(":") {
		p.advance()
	}
	for p.tok.kind == word && !p.atSection() || p.tok.is(",") {
		t := p.advance()
		if t.kind != word {
			continue
		}
		if p.nodes[t.text] != nil {
			p.notef(t.pos, Info, "node %s is listed twice", t.text)
			continue
		}
		n := &Node{Name: t.text, Attributes: map[string]Attribute{}}
		p.nodes[t.text] = n
		p.db.Nodes = append(p.db.Nodes, n)
	}
	if p.tok.is(";") {
		p.advance()
	}
}

// words reads the words up to a colon on this line. Brackets that touch a
// word belong to it.
func (p *parser) words() []token {
	var ws []token
	for !p.tok.first && (p.tok.kind == word || p.tok.kind == punct && strings.Contains("()[]", p.tok.text)) {
		t := p.advance()
		if n := len(ws); n > 0 && t.pos == ws[n-1].end {
			ws[n-1].text, ws[n-1].end = p.scan.text[ws[n-1].pos:t.end], t.end
			continue
		}
		ws = append(ws, t)
	}
	return ws
}

// joined makes one name of words that should not have been several.
func (p *parser) joined(ws []token) string {
	parts := make([]string, len(ws))
	for i, w := range ws {
		parts[i] = w.text
	}
	name := strings.Join(parts, "_")
	if len(ws) > 1 {
		p.notef(ws[0].pos, Warning, "blanks in the name %q; taken as %s", strings.Join(parts, " "), name)
	}
	return name
}

// frame reads BO_.
func (p *parser) frame(at token) bool {
	p.message = nil
	raw, ok := p.messageID()
	if !ok {
		return false
	}
	ws := p.words()
	var length int64
	sender := ""
	switch {
	case len(ws) > 0 && p.tok.is(":"):
		p.advance()
		if length, ok = p.integer("message length", 0, 1<<16); !ok {
			return false
		}
		if p.tok.kind == word && !p.tok.first {
			sender = p.advance().text
		}
	case len(ws) >= 2: // the colon was forgotten
		if length, ok = parseInteger(ws[1].text); !ok || length < 0 || length > 1<<16 {
			return p.fail("colon")
		}
		p.note(ws[1].pos, Warning, "no colon after the message's name; read as if there were one")
		if len(ws) > 2 {
			sender = ws[2].text
		}
		ws = ws[:1]
	default:
		return p.fail("message name and colon")
	}
	if !p.tok.first && !(p.tok.kind == word && p.tok.text == "SG_") {
		p.notef(p.tok.pos, Warning, "%q after the message is ignored", clip(p.tok.text, 24))
		p.skipLine()
	}
	line, _ := position(p.scan.text, p.starts, at.pos)
	m := &Message{Name: p.joined(ws), Len: int(length), Line: line, Attributes: map[string]Attribute{}}
	if sender != "" && sender != noNode {
		m.Senders = []string{sender}
	}
	p.addMessage(at, raw, m)
	return true
}

// addMessage gives a message its identifier and its place.
func (p *parser) addMessage(at token, raw uint32, m *Message) {
	const flag, all = 1 << 31, 1<<29 - 1
	p.message = m
	m.ID, m.Extended = raw&^flag, raw&flag != 0
	p.byRaw[raw] = append(p.byRaw[raw], m)
	if m.Name == independent {
		return
	}
	if !m.Extended && m.ID > 1<<11-1 {
		m.Extended = true
		p.notef(at.pos, Warning, "message %s: %#x does not fit in 11 bits and lacks the extended flag; taken as a 29-bit identifier", m.Name, m.ID)
	}
	if m.ID > all {
		m.doubtful = true
		p.notef(at.pos, Warning, "message %s: %#x does not fit in 29 bits; its lower 29 bits are taken", m.Name, m.ID)
		m.ID &= all
	}
	p.db.Messages = append(p.db.Messages, m)
}

// signal reads SG_.
func (p *parser) signal(at token) bool {
	ws := p.words()
	if len(ws) == 0 || !p.tok.is(":") {
		return p.fail("signal name and colon")
	}
	p.advance()
	line, _ := position(p.scan.text, p.starts, at.pos)
	s := &Signal{Line: line, Scale: 1, Attributes: map[string]Attribute{}}
	mux, ws := splitMux(ws)
	s.Name = p.joined(ws)
	if !p.layout(s) || !p.scaling(s) {
		return false
	}
	if p.tok.kind == quoted {
		s.Unit = p.advance().text
	} else {
		p.note(p.tok.pos, Warning, "signal "+s.Name+" has no unit string; taken as empty")
	}
	for p.tok.kind == word && !p.tok.first || p.tok.is(",") {
		comma := p.tok.is(",")
		t := p.advance()
		if t.kind == word && t.text != noNode {
			s.Receivers = append(s.Receivers, t.text)
		}
		if comma && p.tok.first && p.tok.kind == word && !p.atSection() { // a list that goes on after a line end
			p.tok.first = false
		}
	}
	if p.tok.is(";") {
		p.advance()
	}
	if !p.tok.first && !(p.tok.kind == word && p.tok.text == "SG_") {
		p.notef(p.tok.pos, Warning, "%q after signal %s is ignored", clip(p.tok.text, 24), s.Name)
		p.skipLine()
	}
	p.addSignal(at, s, mux)
	return true
}

// splitMux takes the multiplexing mark off the words before the colon.
func splitMux(ws []token) (mark string, names []token) {
	n := len(ws)
	if n >= 3 && ws[n-1].text == "M" && muxMark.MatchString(ws[n-2].text) && ws[n-2].text != "M" {
		return ws[n-2].text + "M", ws[:n-2]
	}
	if n >= 2 && muxMark.MatchString(ws[n-1].text) {
		return ws[n-1].text, ws[:n-1]
	}
	return "", ws
}

// layout reads start|length@order and sign.
func (p *parser) layout(s *Signal) bool {
	start, ok := p.integer("start bit", 0, 1<<16-1)
	if !ok {
		return false
	}
	if !p.tok.is("|") {
		return p.fail("|")
	}
	p.advance()
	length, ok := p.integer("signal length in bits", 1, 1<<16)
	if !ok {
		return false
	}
	if !p.tok.is("@") {
		return p.fail("@")
	}
	p.advance()
	t, ok := p.nameOf("byte order and sign")
	if !ok {
		return false
	}
	order := t.text
	if len(order) == 1 && p.tok.kind == word && (p.tok.text == "+" || p.tok.text == "-") {
		order += p.advance().text
	}
	switch order {
	case "1+", "1-", "0+", "0-":
	case "1", "0":
		p.notef(t.pos, Warning, "signal %s: no sign after the byte order; taken as unsigned", s.Name)
	default:
		p.notef(t.pos, Error, "signal %s: byte order and sign must be one of 0+ 0- 1+ 1-, not %q; signal left out", s.Name, clip(order, 24))
		return false
	}
	s.Start, s.Length = int(start), int(length)
	s.BigEndian, s.Signed = order[0] == '0', strings.HasSuffix(order, "-")
	return true
}

// scaling reads (scale,offset) and [min|max], either of which may be missing.
func (p *parser) scaling(s *Signal) bool {
	if p.tok.is("(") {
		at := p.advance()
		vs, ok := p.list(")")
		if !ok {
			return false
		}
		if vs = p.decimalCommas(at, vs); len(vs) != 2 {
			p.notef(at.pos, Error, "signal %s: (scale,offset) must be two numbers; signal left out", s.Name)
			return false
		}
		var ok1, ok2 bool
		s.Scale, ok1 = parseNumber(vs[0])
		s.Offset, ok2 = parseNumber(vs[1])
		if !ok1 || !ok2 || math.IsNaN(s.Scale+s.Offset) || math.IsInf(s.Scale, 0) || math.IsInf(s.Offset, 0) {
			p.notef(at.pos, Error, "signal %s: scale %q and offset %q must be finite numbers; signal left out", s.Name, clip(vs[0], 24), clip(vs[1], 24))
			return false
		}
		if s.Scale == 0 {
			p.notef(at.pos, Warning, "signal %s: scale is 0, so that its value is always %g", s.Name, s.Offset)
		}
	} else {
		p.notef(p.tok.pos, Warning, "signal %s has no (scale,offset); taken as (1,0)", s.Name)
	}
	if !p.tok.is("[") {
		p.notef(p.tok.pos, Warning, "signal %s has no [min|max]; taken as [0|0]", s.Name)
		return true
	}
	at := p.advance()
	vs, ok := p.list("]")
	if !ok {
		return false
	}
	if len(vs) == 2 {
		var ok1, ok2 bool
		s.Min, ok1 = parseNumber(vs[0])
		s.Max, ok2 = parseNumber(vs[1])
		if ok1 && ok2 && !math.IsNaN(s.Min) && !math.IsNaN(s.Max) {
			return true
		}
	}
	p.notef(at.pos, Warning, "signal %s: [min|max] must be two numbers; taken as [0|0]", s.Name)
	s.Min, s.Max = 0, 0
	return true
}

// list reads words between commas or bars up to a closing bracket.
func (p *parser) list(closing string) ([]string, bool) {
	var vs []string
	for !p.tok.is(closing) {
		switch {
		case p.tok.kind == word && !p.tok.first:
			vs = append(vs, p.advance().text)
		case p.tok.is(",") || p.tok.is("|"):
			p.advance()
		default:
			return nil, p.fail(closing)
		}
	}
	p.advance()
	return vs, true
}

// decimalCommas repairs (0,1,0) and (0,1,0,0), written by tools that took the
// decimal sign from the country's settings.
func (p *parser) decimalCommas(at token, vs []string) []string {
	if len(vs) != 3 && len(vs) != 4 {
		return vs
	}
	out := []string{vs[0] + "." + vs[1], strings.Join(vs[2:], ".")}
	p.notef(at.pos, Warning, "decimal commas; taken as (%s, %s)", clip(out[0], 24), clip(out[1], 24))
	return out
}

// addSignal puts a signal in its message.
func (p *parser) addSignal(at token, s *Signal, mark string) {
	m := p.message
	if m == nil {
		p.notef(at.pos, Error, "signal %s belongs to no message; left out", s.Name)
		return
	}
	key := signalKey{m, s.Name}
	if p.signals[key] != nil {
		p.notef(at.pos, Warning, "message %s has a signal %s already; both are kept", m.Name, s.Name)
	}
	p.signals[key] = append(p.signals[key], s)
	p.origin[s] = at.pos
	m.Signals = append(m.Signals, s)
	if g := muxMark.FindStringSubmatch(mark); g != nil {
		s.Switch = strings.HasSuffix(mark, "M")
		if g[1] != "" {
			v, ok := parseInteger(g[1])
			if !ok {
				p.notef(at.pos, Warning, "signal %s: multiplexor value %s is too big; the signal will never be there", s.Name, clip(g[1], 24))
				v = -1
			}
			p.muxes[m] = append(p.muxes[m], muxNote{signal: s, value: v, pos: at.pos})
		}
	}
}

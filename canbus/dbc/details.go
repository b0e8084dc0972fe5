package dbc

import (
	"slices"
	"strings"
)

// postpone puts off what refers to messages until all of them are known.
func (p *parser) postpone(f func()) { p.later = append(p.later, f) }

// refer finds the messages with a number of the file, or reports none. A
// number that differs in the extended flag only is taken, with a remark.
func (p *parser) refer(pos int, raw uint32, what string) []*Message {
	if ms := p.byRaw[raw]; ms != nil {
		return ms
	}
	if ms := p.byRaw[raw^1<<31]; ms != nil {
		p.notef(pos, Info, "%s refers to message %d; message %d is meant", what, raw, raw^1<<31)
		return ms
	}
	p.notef(pos, Warning, "%s refers to message %d, which is not defined; ignored", what, raw)
	return nil
}

// referSignals finds the signals with a name in the messages with a number.
func (p *parser) referSignals(pos int, raw uint32, name, what string) []*Signal {
	ms := p.refer(pos, raw, what)
	var out []*Signal
	for _, m := range ms {
		out = append(out, p.signals[signalKey{m, name}]...)
	}
	if ms != nil && out == nil {
		p.notef(pos, Warning, "%s refers to signal %s, which message %s (%d) does not have; ignored", what, clip(name, 40), ms[0].Name, raw)
	}
	return out
}

// signalName reads a message's number and the name of one of its signals.
func (p *parser) signalName() (raw uint32, name token, ok bool) {
	if raw, ok = p.messageID(); !ok {
		return raw, name, false
	}
	name, ok = p.nameOf("signal name")
	return raw, name, ok
}

// pairs reads number and text pairs up to the semicolon.
func (p *parser) pairs() map[int64]string {
	vs := map[int64]string{}
	for p.tok.kind == word && !p.atSection() {
		t := p.tok
		key, ok := parseValue(t.text)
		p.advance()
		if p.tok.kind != quoted {
			p.notef(t.pos, Warning, "value %q has no text; ignored", clip(t.text, 24))
			continue
		}
		text := p.advance().text
		if !ok {
			p.notef(t.pos, Warning, "%q is no whole number; its text %q is ignored", clip(t.text, 24), clip(text, 40))
			continue
		}
		if old, double := vs[key]; double && old != text {
			p.notef(t.pos, Info, "value %d has two texts; the later stands", key)
		}
		vs[key] = text
	}
	p.semicolon()
	return vs
}

// valueTable reads VAL_TABLE_.
func (p *parser) valueTable() bool {
	t, ok := p.nameOf("table name")
	if !ok {
		return false
	}
	p.db.ValueTables[t.text] = p.pairs()
	return true
}

// values reads VAL_, of a signal or of an environment variable.
func (p *parser) values() bool {
	if _, number := parseInteger(p.tok.text); p.tok.kind == word && !number {
		t, ok := p.nameOf("message number or variable")
		if !ok {
			return false
		}
		vs := p.pairs()
		p.postpone(func() {
			if e := p.envs[t.text]; e != nil {
				e.Values = vs
			}
		})
		return true
	}
	raw, t, ok := p.signalName()
	if !ok {
		return false
	}
	var vs map[int64]string
	if _, number := parseNumber(p.tok.text); p.tok.kind == word && !number && !p.tok.first { // by the name of a table
		table := p.advance()
		p.semicolon()
		p.postpone(func() {
			if vs = p.db.ValueTables[table.text]; vs == nil {
				p.notef(table.pos, Warning, "value table %s is not defined; ignored", clip(table.text, 40))
			}
		})
	} else {
		vs = p.pairs()
	}
	p.postpone(func() {
		for _, s := range p.referSignals(t.pos, raw, t.text, "VAL_") {
			s.Values = vs
		}
	})
	return true
}

// environment reads EV_.
func (p *parser) environment() bool {
	t, ok := p.nameOf("variable name")
	if !ok {
		return false
	}
	e := &EnvironmentVariable{Name: t.text, Attributes: map[string]Attribute{}}
	if p.tok.is(":") {
		p.advance()
	}
	if typ, ok := p.integer("variable type", 0, 1<<16); ok {
		e.Type = int(typ)
	} else {
		return false
	}
	if p.tok.is("[") {
		p.advance()
		if vs, ok := p.list("]"); !ok {
			return false
		} else if len(vs) == 2 {
			e.Min, _ = parseNumber(vs[0])
			e.Max, _ = parseNumber(vs[1])
		}
	}
	if p.tok.kind == quoted {
		e.Unit = p.advance().text
	}
	p.skipStatement() // start value, number, access, nodes
	p.envs[e.Name] = e
	p.db.Environment = append(p.db.Environment, e)
	return true
}

// nameList reads names between commas or blanks up to the semicolon.
func (p *parser) nameList() []string {
	var names []string
	for p.tok.kind == word && !p.atSection() || p.tok.is(",") || p.tok.is(":") {
		if t := p.advance(); t.kind == word {
			names = append(names, t.text)
		}
	}
	p.semicolon()
	return names
}

// senders reads BO_TX_BU_.
func (p *parser) senders() bool {
	at := p.tok.pos
	raw, ok := p.messageID()
	if !ok {
		return false
	}
	names := p.nameList()
	p.postpone(func() {
		for _, m := range p.refer(at, raw, "BO_TX_BU_") {
			for _, n := range names {
				if n != noNode && !slices.Contains(m.Senders, n) {
					m.Senders = append(m.Senders, n)
				}
			}
		}
	})
	return true
}

// group reads SIG_GROUP_.
func (p *parser) group() bool {
	at := p.tok.pos
	raw, ok := p.messageID()
	if !ok {
		return false
	}
	t, ok := p.nameOf("group name")
	if !ok {
		return false
	}
	g := &Group{Name: t.text, Repetitions: 1}
	if n, ok := parseInteger(p.tok.text); ok && p.tok.kind == word {
		g.Repetitions = int(n)
		p.advance()
	}
	g.Signals = p.nameList()
	p.postpone(func() {
		for _, m := range p.refer(at, raw, "SIG_GROUP_") {
			m.Groups = append(m.Groups, g)
		}
	})
	return true
}

// valueType reads SIG_VALTYPE_.
func (p *parser) valueType() bool {
	raw, t, ok := p.signalName()
	if !ok {
		return false
	}
	if p.tok.is(":") {
		p.advance()
	}
	v, ok := p.integer("signal type", 0, 3)
	if !ok {
		return false
	}
	p.semicolon()
	p.postpone(func() {
		for _, s := range p.referSignals(t.pos, raw, t.text, "SIG_VALTYPE_") {
			p.setFloat(s, t.pos, int(v))
		}
	})
	return true
}

// setFloat makes a signal IEEE 754 if its length allows it. Half precision has
// no type of its own; tools that know it write type 1 with 16 bits.
func (p *parser) setFloat(s *Signal, pos, typ int) {
	switch {
	case typ == 0:
	case typ == 3:
		p.notef(pos, Warning, "signal %s has type 3, which is not defined; taken as an integer", s.Name)
	case s.Length == 32 && typ == 1, s.Length == 64 && typ == 2:
		s.Float = s.Length
	case s.Length == 16, s.Length == 32, s.Length == 64:
		s.Float = s.Length
		p.notef(pos, Info, "signal %s is said to be a %d-bit float but has %d bits; taken as a %d-bit float", s.Name, 32*typ, s.Length, s.Length)
	default:
		p.notef(pos, Warning, "signal %s is said to be a %d-bit float but has %d bits; taken as an integer", s.Name, 32*typ, s.Length)
	}
}

// muxRanges reads SG_MUL_VAL_.
func (p *parser) muxRanges() bool {
	raw, t, ok := p.signalName()
	if !ok {
		return false
	}
	by, ok := p.nameOf("multiplexor name")
	if !ok {
		return false
	}
	n := muxNote{name: t.text, by: by.text, pos: t.pos}
	var text strings.Builder
	for p.tok.kind == word && !p.atSection() || p.tok.is(",") {
		text.WriteString(p.advance().text)
	}
	for part := range strings.SplitSeq(text.String(), ",") {
		low, high, found := strings.Cut(part, "-")
		if !found {
			high = low
		}
		l, ok1 := parseValue(low)
		h, ok2 := parseValue(high)
		if !ok1 || !ok2 || l > h {
			p.notef(by.end, Warning, "multiplexor values %q of signal %s are no range; ignored", clip(part, 24), n.name)
			continue
		}
		n.ranges = append(n.ranges, Range{l, h})
	}
	p.semicolon()
	p.postpone(func() {
		for _, m := range p.refer(t.pos, raw, "SG_MUL_VAL_") {
			p.muxes[m] = append(p.muxes[m], n)
		}
	})
	return true
}

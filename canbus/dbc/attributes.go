package dbc

import (
	"math"
	"slices"
	"strings"
)

// object is what a comment or an attribute is attached to.
type object struct {
	kind string // "", BU_, BO_, SG_ or EV_
	id   uint32
	name string
	pos  int
}

// objectOf reads the object of CM_ and BA_.
func (p *parser) objectOf() (object, bool) {
	o := object{pos: p.tok.pos}
	if p.tok.kind != word {
		return o, true
	}
	ok := true
	switch p.tok.text {
	case "BU_", "EV_":
		o.kind = p.advance().text
	case "BO_", "SG_":
		o.kind = p.advance().text
		if o.id, ok = p.messageID(); !ok {
			return o, false
		}
	default:
		return o, true
	}
	if o.kind != "BO_" {
		var t token
		t, ok = p.nameOf("name")
		o.name = t.text
	}
	return o, ok
}

// comment reads CM_.
func (p *parser) comment() bool {
	o, ok := p.objectOf()
	if !ok {
		return false
	}
	t, ok := p.str("comment string")
	if !ok {
		return false
	}
	text := t.text
	if !p.tok.is(";") && !p.tok.first { // quotes inside that are not escaped
		rest := line(p.scan.text, t.end)
		if i := strings.LastIndex(rest, `"`); i >= 0 && strings.HasPrefix(strings.TrimLeft(rest[i+1:], " \t"), ";") {
			text += p.scan.text[t.end-1 : t.end+i]
			p.note(t.pos, Info, "the comment has quotes inside that are not escaped; taken up to the last")
			p.jump(t.end + i + 1)
		}
	}
	p.semicolon()
	p.postpone(func() { p.setComment(o, text) })
	return true
}

// jump goes on reading at an offset.
func (p *parser) jump(pos int) {
	p.ahead = nil
	p.scan.pos, p.scan.first = pos, false
	p.tok = p.scan.next()
}

func (p *parser) setComment(o object, text string) {
	switch o.kind {
	case "":
		p.db.Comment = text
	case "BU_":
		if n := p.nodes[o.name]; n != nil {
			n.Comment = text
		}
	case "EV_":
		if e := p.envs[o.name]; e != nil {
			e.Comment = text
		}
	case "BO_":
		for _, m := range p.refer(o.pos, o.id, "a comment") {
			m.Comment = text
		}
	case "SG_":
		for _, s := range p.referSignals(o.pos, o.id, o.name, "a comment") {
			s.Comment = text
		}
	}
}

// definition reads BA_DEF_.
func (p *parser) definition() bool {
	d := &Definition{}
	if p.tok.kind == word {
		switch p.tok.text {
		case "BU_", "BO_", "SG_", "EV_":
			d.Object = p.advance().text
		}
	}
	t, ok := p.str("attribute name")
	if !ok {
		return false
	}
	d.Name = t.text
	typ, ok := p.nameOf("attribute type")
	if !ok {
		return false
	}
	d.Type = typ.text
	switch d.Type {
	case "INT", "HEX", "FLOAT":
		if p.tok.kind == word && !p.tok.first {
			d.Min, _ = parseNumber(p.advance().text)
		}
		if p.tok.kind == word && !p.tok.first {
			d.Max, _ = parseNumber(p.advance().text)
		}
	case "ENUM":
		for p.tok.kind == quoted || p.tok.is(",") || p.tok.kind == word && !p.tok.first {
			if t := p.advance(); t.kind != punct {
				d.Choices = append(d.Choices, t.text)
			}
		}
	case "STRING":
	default:
		p.notef(typ.pos, Warning, "attribute %s has the unknown type %q; read as text", clip(d.Name, 40), clip(d.Type, 24))
		d.Type = "STRING"
		p.skipStatement()
		p.db.Definitions[d.Name] = d
		return true
	}
	p.semicolon()
	p.db.Definitions[d.Name] = d
	return true
}

// defaultValue reads BA_DEF_DEF_.
func (p *parser) defaultValue() bool {
	t, ok := p.str("attribute name")
	if !ok {
		return false
	}
	v := p.tok
	if v.kind != word && v.kind != quoted || v.kind == word && v.first {
		return p.fail("default value")
	}
	p.advance()
	p.semicolon()
	p.postpone(func() {
		d := p.db.Definitions[t.text]
		if d == nil {
			p.notef(t.pos, Warning, "default for attribute %s, which is not defined; ignored", clip(t.text, 40))
			return
		}
		d.Default, d.HasDefault = p.attributeValue(d, v), true
	})
	return true
}

// attributeValue reads a value by its definition.
func (p *parser) attributeValue(d *Definition, v token) Attribute {
	a := Attribute{Text: v.text}
	if n, ok := parseNumber(v.text); ok && !math.IsNaN(n) {
		a.Number = n
	}
	if d == nil || d.Type != "ENUM" {
		return a
	}
	if i := slices.Index(d.Choices, v.text); i >= 0 && v.kind == quoted {
		return Attribute{Text: v.text, Number: float64(i)}
	}
	if i := int(min(max(a.Number, -1), 1e6)); i >= 0 && i < len(d.Choices) && float64(i) == a.Number && v.text != "" {
		return Attribute{Text: d.Choices[i], Number: a.Number}
	}
	return a
}

// attribute reads BA_.
func (p *parser) attribute() bool {
	t, ok := p.str("attribute name")
	if !ok {
		return false
	}
	o, ok := p.objectOf()
	if !ok {
		return false
	}
	v := p.tok
	if v.kind != word && v.kind != quoted || v.kind == word && v.first {
		return p.fail("attribute value")
	}
	p.advance()
	p.semicolon()
	p.postpone(func() { p.setAttribute(o, t, v) })
	return true
}

func (p *parser) setAttribute(o object, name, v token) {
	d := p.db.Definitions[name.text]
	if d == nil {
		p.notef(name.pos, Info, "attribute %s is used but not defined", clip(name.text, 40))
	}
	a := p.attributeValue(d, v)
	switch o.kind {
	case "":
		p.db.Attributes[name.text] = a
	case "BU_":
		if n := p.nodes[o.name]; n != nil {
			n.Attributes[name.text] = a
		}
	case "EV_":
		if e := p.envs[o.name]; e != nil {
			e.Attributes[name.text] = a
		}
	case "BO_":
		for _, m := range p.refer(o.pos, o.id, "attribute "+clip(name.text, 40)) {
			m.Attributes[name.text] = a
		}
	case "SG_":
		for _, s := range p.referSignals(o.pos, o.id, o.name, "attribute "+clip(name.text, 40)) {
			s.Attributes[name.text] = a
		}
	}
}

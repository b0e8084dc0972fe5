package dbc

import (
	"math"
	"slices"
	"strings"
	"time"
)

// finish resolves what was put off and checks what only the whole shows.
func (p *parser) finish() {
	for _, f := range p.later {
		f()
	}
	db := p.db
	db.BusType = p.text(db.Attributes, "BusType")
	for raw, ms := range p.byRaw {
		if ms[0].Name == independent {
			for _, m := range p.byRaw[raw] {
				p.finishSignals(m)
				db.Independent = append(db.Independent, m.Signals...)
			}
		}
	}
	long := p.longNames()
	for _, m := range db.Messages {
		p.finishMessage(m, long)
	}
	for _, n := range db.Nodes {
		n.Name = long(n.Name)
	}
	p.duplicates()
	db.index()
}

// text is an attribute's text, or its default.
func (p *parser) text(attributes map[string]Attribute, name string) string {
	if a, ok := attributes[name]; ok {
		return a.Text
	}
	if d := p.db.Definitions[name]; d != nil && d.HasDefault {
		return d.Default.Text
	}
	return ""
}

// value is an attribute's number, or its default.
func (p *parser) value(attributes map[string]Attribute, name string) (float64, bool) {
	if a, ok := attributes[name]; ok {
		return a.Number, true
	}
	if d := p.db.Definitions[name]; d != nil && d.HasDefault {
		return d.Default.Number, true
	}
	return 0, false
}

// longNames gives the function that lengthens node names: names of more than
// 32 characters stand in attributes.
func (p *parser) longNames() func(string) string {
	longs := map[string]string{}
	for _, n := range p.db.Nodes {
		if l := n.Attributes["SystemNodeLongSymbol"].Text; l != "" {
			longs[n.Name] = l
		}
	}
	return func(name string) string {
		if l, ok := longs[name]; ok {
			return l
		}
		return name
	}
}

func (p *parser) finishMessage(m *Message, long func(string) string) {
	if l := m.Attributes["SystemMessageLongSymbol"].Text; l != "" {
		m.Name = l
	}
	for i := range m.Senders {
		m.Senders[i] = long(m.Senders[i])
	}
	if len(m.Senders) > 0 {
		m.Sender = m.Senders[0]
	}
	if ms, ok := p.value(m.Attributes, "GenMsgCycleTime"); ok && ms > 0 && ms < math.MaxInt32 {
		m.Cycle = time.Duration(ms * float64(time.Millisecond))
	}
	switch format := p.text(m.Attributes, "VFrameFormat"); {
	case strings.HasSuffix(format, "CAN_FD"), format == "14", format == "15":
		m.FD = true
	default:
		m.FD = m.Len > 8 && m.Len <= 64
	}
	p.finishSignals(m)
	for _, s := range m.Signals {
		for i := range s.Receivers {
			s.Receivers[i] = long(s.Receivers[i])
		}
	}
	p.layoutRemarks(m)
}

// finishSignals completes a message's signals: multiplexing, then names.
func (p *parser) finishSignals(m *Message) {
	p.multiplex(m)
	renamed := map[string]string{}
	for _, s := range m.Signals {
		same := p.signals[signalKey{m, s.Name}] // of several of one name, writers leave the attribute of the last
		if l := s.Attributes["SystemSignalLongSymbol"].Text; l != "" && l != s.Name && same[len(same)-1] == s {
			renamed[s.Name] = l
			s.Name = l
		}
		s.Initial, s.HasInitial = p.value(s.Attributes, "GenSigStartValue")
	}
	for _, g := range m.Groups {
		for i, n := range g.Signals {
			if l, ok := renamed[n]; ok {
				g.Signals[i] = l
			}
		}
	}
}

// multiplex joins the marks of the SG_ lines with the SG_MUL_VAL_ lines. With
// one multiplexor, marks and ranges add up, as CANdb++ writes both; with
// several, SG_MUL_VAL_ says which is meant, and a mark alone means the root.
func (p *parser) multiplex(m *Message) {
	notes := p.muxes[m]
	if len(notes) == 0 {
		return
	}
	index := make(map[string]int, len(m.Signals))
	switches, root := []int{}, -1
	marked := map[*Signal]bool{}
	for _, n := range notes {
		marked[n.signal] = n.signal != nil
	}
	for i, s := range m.Signals {
		if _, ok := index[s.Name]; !ok {
			index[s.Name] = i
		}
		if s.Switch {
			switches = append(switches, i)
			if !marked[s] && root < 0 {
				root = i
			}
		}
	}
	single := len(switches) == 1
	if single {
		root = switches[0]
	}
	said := map[string]bool{}
	for _, n := range notes {
		if n.signal == nil {
			said[n.name] = p.muxByRange(m, n, index) || said[n.name]
		}
	}
	for _, n := range notes {
		switch {
		case n.signal == nil || !single && said[n.signal.Name]:
		case root < 0:
			p.notef(n.pos, Warning, "signal %s is multiplexed but message %s has no multiplexor; taken as always there", n.signal.Name, m.Name)
		case m.Signals[root] == n.signal:
			if !said[n.signal.Name] {
				p.notef(n.pos, Warning, "multiplexor %s is its own multiplexor; taken as always there", n.signal.Name)
			}
		default:
			if !single {
				p.notef(n.pos, Warning, "signal %s: message %s has several multiplexors and no SG_MUL_VAL_ says which one selects it; taken as %s", n.signal.Name, m.Name, m.Signals[root].Name)
			}
			n.signal.addMux(root, Range{n.value, n.value})
		}
	}
	p.cutLoops(m)
}

// muxByRange applies one SG_MUL_VAL_ line.
func (p *parser) muxByRange(m *Message, n muxNote, index map[string]int) bool {
	i, ok1 := index[n.name]
	by, ok2 := index[n.by]
	switch {
	case !ok1 || !ok2:
		p.notef(n.pos, Warning, "SG_MUL_VAL_ refers to signals %s and %s, which message %s does not both have; ignored", clip(n.name, 40), clip(n.by, 40), m.Name)
	case i == by || len(n.ranges) == 0:
		p.notef(n.pos, Warning, "SG_MUL_VAL_ of signal %s selects nothing; ignored", clip(n.name, 40))
	case m.Signals[i].Mux != nil && m.Signals[i].Mux.Switch != by:
		p.notef(n.pos, Warning, "signal %s has two multiplexors; the first stands", clip(n.name, 40))
	default:
		if !m.Signals[by].Switch {
			p.notef(n.pos, Info, "signal %s selects others but has no M mark", clip(n.by, 40))
			m.Signals[by].Switch = true
		}
		for _, r := range n.ranges {
			m.Signals[i].addMux(by, r)
		}
		return true
	}
	return false
}

// addMux adds raw values of a multiplexor at which the signal is there.
func (s *Signal) addMux(by int, r Range) {
	if s.Mux == nil {
		s.Mux = &Mux{Switch: by}
	}
	if len(s.Mux.Ranges) > 64 || !slices.Contains(s.Mux.Ranges, r) {
		s.Mux.Ranges = append(s.Mux.Ranges, r)
	}
}

// maxDepth is how many multiplexors may select each other in a row.
const maxDepth = 16

// cutLoops makes the multiplexors a forest.
func (p *parser) cutLoops(m *Message) {
	for _, s := range m.Signals {
		depth := 0
		for at := s; at.Mux != nil && depth <= maxDepth; depth++ {
			at = m.Signals[at.Mux.Switch]
		}
		if depth > maxDepth {
			p.notef(p.origin[s], Warning, "signal %s: multiplexors select each other in a circle, or more than %d deep; taken as always there", s.Name, maxDepth)
			s.Mux = nil
		}
	}
}

// duplicates remarks identifiers and names that stand for several messages.
func (p *parser) duplicates() {
	ids := map[messageKey]*Message{}
	names := map[string]*Message{}
	for _, m := range p.db.Messages {
		key := messageKey{m.ID, m.Extended}
		at := p.starts[m.Line-1]
		if o := ids[key]; o != nil {
			p.notef(at, Warning, "message %s has the identifier %#x of message %s in line %d; look-up by identifier finds the later one", m.Name, m.ID, o.Name, o.Line)
		}
		if o := names[m.Name]; o != nil {
			p.notef(at, Warning, "a message %s stands in line %d already; look-up by name finds that one", m.Name, o.Line)
		} else {
			names[m.Name] = m
		}
		ids[key] = m
	}
}

// layoutRemarks reports signals that cannot be decoded, do not fit, or share
// bits at the same time.
func (p *parser) layoutRemarks(m *Message) {
	owners := map[int][]*Signal{} // by bit, counted in the order of the bytes
	budget := 1 << 20             // comparisons; a hostile file does not get more
	for _, s := range m.Signals {
		if s.Length > 64 {
			p.notef(p.origin[s], Warning, "signal %s has %d bits; kept, but only signals up to 64 bits are decoded", s.Name, s.Length)
			continue
		}
		if need := s.need(); need > m.Len {
			p.notef(p.origin[s], Warning, "signal %s ends in byte %d, message %s has %d; decoded only from longer frames", s.Name, need-1, m.Name, m.Len)
		}
		var other *Signal
		for i := range s.Length {
			bit := s.bit(i)
			for _, o := range owners[bit] {
				if other == nil && budget > 0 && together(m, s, o, &budget) {
					other = o
				}
			}
			if len(owners[bit]) < 1024 {
				owners[bit] = append(owners[bit], s)
			}
		}
		if other != nil {
			p.notef(p.origin[s], Warning, "signal %s shares bits with signal %s of message %s; both are kept", s.Name, other.Name, m.Name)
		}
	}
}

// bit is the i-th bit of the signal, from the most significant for big-endian
// signals and from the least for others, as byte*8 + bit in the byte.
func (s *Signal) bit(i int) int {
	if !s.BigEndian {
		return s.Start + i
	}
	n := s.Start&^7 + 7 - s.Start&7 + i // counted along the wire
	return n&^7 + 7 - n&7
}

// need is how many payload bytes the signal needs.
func (s *Signal) need() int { return s.bit(s.Length-1)>>3 + 1 }

// together reports whether two signals can be in one frame: no multiplexor
// that both depend on must have different values for them.
func together(m *Message, a, b *Signal, budget *int) bool {
	*budget--
	for x := a; x.Mux != nil; x = m.Signals[x.Mux.Switch] {
		for y := b; y.Mux != nil; y = m.Signals[y.Mux.Switch] {
			if x.Mux.Switch != y.Mux.Switch {
				continue
			}
			if *budget -= len(x.Mux.Ranges) * len(y.Mux.Ranges); !meet(x.Mux.Ranges, y.Mux.Ranges) {
				return false
			}
		}
	}
	return true
}

func meet(as, bs []Range) bool {
	for _, a := range as {
		for _, b := range bs {
			if a.Low <= b.High && b.Low <= a.High {
				return true
			}
		}
	}
	return false
}

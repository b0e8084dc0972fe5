package dbc

import (
	"math/bits"
	"slices"
)

// Plan is a database compiled for speed: a look-up by identifier without a
// Go map, and per message the masks and shifts of its signals. It is
// read-only and may be shared between goroutines.
type Plan struct {
	Messages []*MessagePlan // in the order of Database.Messages

	standard *[2048]*MessagePlan
	extended []slot // open addressing, a power of two, at most half full
	shift    uint8  // of the hash
}

type slot struct {
	id   uint32
	plan *MessagePlan
}

// MessagePlan decodes and encodes one message. It is read-only; any number of
// goroutines may use it at once.
type MessagePlan struct {
	Message *Message

	blocks  []block
	ops     []op // in the order of the blocks
	conds   []cond
	place   []int32 // by signal: index into ops, or -1
	longest int     // payload bytes that every op is content with
}

// block is a run of ops that are there under the same conditions.
type block struct {
	from, to         int32 // in ops
	condFrom, condTo int32 // in conds; all must hold, outermost first
}

// cond is one multiplexor and the values that it must have.
type cond struct {
	op        op
	low, high int64   // of the first range
	more      []Range // the others
}

// op is one signal: read 8 bytes at off, shift, mask, extend the sign, scale.
type op struct {
	mask, sign    uint64 // sign is the sign bit, 0 for unsigned
	scale, offset float64
	signal        int32
	need          uint16 // payload bytes that the signal needs
	off           uint16 // first byte of the word; 0 while need <= 8
	shift         uint8  // of the word in the signal's byte order
	order         uint8  // 0 little-endian, 1 big-endian
	kind          uint8
}

// Kinds of op.
const (
	integer    uint8 = iota // fits an int64
	unsigned64              // 64 bits without sign
	float16
	float32bit
	float64bit
)

// straddles reports whether the signal touches 9 bytes: then the word is at
// off and one more byte follows it.
func (o *op) straddles() bool { return o.need > 8 && int(o.need)-int(o.off) == 9 }

// Compile makes the plan of a database. Signals of more than 64 bits, and
// signals whose multiplexors run in a circle (which Load cuts), are left out.
func Compile(db *Database) *Plan {
	p := &Plan{standard: new([2048]*MessagePlan)}
	byMessage := make(map[*Message]*MessagePlan, len(db.Messages))
	for _, m := range db.Messages {
		mp := compileMessage(m)
		p.Messages = append(p.Messages, mp)
		byMessage[m] = mp
	}
	var wide []slot
	for _, m := range db.Messages {
		switch chosen := db.Message(m.ID, m.Extended); {
		case chosen != m && chosen != nil:
		case m.Extended:
			wide = append(wide, slot{m.ID, byMessage[m]})
		case m.ID < 2048:
			p.standard[m.ID] = byMessage[m]
		}
	}
	size := max(2, 1<<bits.Len(uint(2*len(wide))))
	p.extended = make([]slot, size)
	p.shift = uint8(32 - bits.Len(uint(size-1)))
	for _, s := range wide {
		i := p.hash(s.id)
		for p.extended[i].plan != nil {
			i = (i + 1) & (len(p.extended) - 1)
		}
		p.extended[i] = s
	}
	return p
}

// hash is Fibonacci hashing: the top bits of a product with 2^32/phi.
func (p *Plan) hash(id uint32) int { return int(id * 2654435769 >> (p.shift & 31)) }

// Message is the plan for an identifier, or nil if the database has none.
func (p *Plan) Message(id uint32, extended bool) *MessagePlan {
	if !extended {
		if id >= uint32(len(p.standard)) {
			return nil
		}
		return p.standard[id]
	}
	for i := p.hash(id); ; i = (i + 1) & (len(p.extended) - 1) {
		s := &p.extended[i]
		if s.plan == nil || s.id == id {
			return s.plan
		}
	}
}

func compileMessage(m *Message) *MessagePlan {
	p := &MessagePlan{Message: m, place: make([]int32, len(m.Signals))}
	type group struct {
		conds   []cond
		signals []int
	}
	var groups []*group
	byMux := map[string]*group{}
	for i, s := range m.Signals {
		p.place[i] = -1
		conds, ok := conditions(m, s)
		if !ok || !s.decodable() {
			continue
		}
		key := muxKey(m, s)
		g := byMux[key]
		if g == nil {
			g = &group{conds: conds}
			byMux[key] = g
			groups = append(groups, g)
		}
		g.signals = append(g.signals, i)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return min(len(a.conds), 1) - min(len(b.conds), 1) })
	for _, g := range groups {
		b := block{from: int32(len(p.ops)), condFrom: int32(len(p.conds))}
		for _, i := range g.signals {
			o := compileSignal(m.Signals[i], i)
			p.place[i] = int32(len(p.ops))
			p.ops = append(p.ops, o)
			p.longest = max(p.longest, int(o.need))
		}
		p.conds = append(p.conds, g.conds...)
		b.to, b.condTo = int32(len(p.ops)), int32(len(p.conds))
		p.blocks = append(p.blocks, b)
	}
	return p
}

// decodable reports whether a plan can hold the signal.
func (s *Signal) decodable() bool {
	return s.Length >= 1 && s.Length <= 64 && s.Start >= 0 && s.Start < 1<<16
}

// conditions lists what must hold for a signal to be there, outermost first.
func conditions(m *Message, s *Signal) ([]cond, bool) {
	var conds []cond
	for depth := 0; s.Mux != nil; depth++ {
		i := s.Mux.Switch
		if depth > maxDepth || i < 0 || i >= len(m.Signals) || len(s.Mux.Ranges) == 0 || !m.Signals[i].decodable() {
			return nil, false
		}
		conds = append(conds, cond{
			op: compileSignal(m.Signals[i], i), low: s.Mux.Ranges[0].Low, high: s.Mux.Ranges[0].High, more: s.Mux.Ranges[1:],
		})
		s = m.Signals[i]
	}
	slices.Reverse(conds)
	return conds, true
}

// muxKey is equal for signals that are there under the same conditions.
func muxKey(m *Message, s *Signal) string {
	var key []byte
	for ; s.Mux != nil; s = m.Signals[s.Mux.Switch] {
		key = appendInt(key, int64(s.Mux.Switch))
		key = appendInt(key, int64(len(s.Mux.Ranges)))
		for _, r := range s.Mux.Ranges {
			key = appendInt(appendInt(key, r.Low), r.High)
		}
	}
	return string(key)
}

func appendInt(b []byte, v int64) []byte {
	for range 8 {
		b = append(b, byte(v))
		v >>= 8
	}
	return b
}

func compileSignal(s *Signal, index int) op {
	o := op{
		mask: 1<<(s.Length&63) - 1, scale: s.Scale, offset: s.Offset,
		signal: int32(index), need: uint16(s.need()),
	}
	if s.Length == 64 {
		o.mask = ^uint64(0)
	}
	switch {
	case s.Float == 16 && s.Length == 16:
		o.kind = float16
	case s.Float == 32 && s.Length == 32:
		o.kind = float32bit
	case s.Float == 64 && s.Length == 64:
		o.kind = float64bit
	case s.Signed:
		o.sign = 1 << (s.Length - 1)
	case s.Length == 64:
		o.kind = unsigned64
	}
	first := s.bit(0) >> 3
	if need := int(o.need); need > 8 {
		o.off = uint16(max(need-8, 0))
		if need-first > 8 {
			o.off = uint16(first)
		}
	}
	if s.BigEndian {
		o.order = 1
		lead := s.Start&^7 + 7 - s.Start&7 - 8*int(o.off) // bits of the word before the signal
		o.shift = uint8(max(64-lead-s.Length, 0))
		if o.straddles() {
			o.shift = uint8(72 - lead - s.Length) // of the 9 bytes
		}
	} else {
		o.shift = uint8(s.Start - 8*int(o.off))
	}
	return o
}

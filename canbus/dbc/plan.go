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

	always  block   // what no multiplexor selects
	fans    []fan   // what they do
	ops     []op    // in the order of the blocks
	spots   []spot  // by op: what only few decodes need
	place   []int32 // by signal: index into ops, or -1
	longest int     // payload bytes that every op is content with
}

// block is a run of ops that are there under the same conditions.
type block struct {
	conds   []cond  // all must hold, outermost first
	little  []op    // in the plan's ops
	big     []op    // right behind them
	spots   []spot  // of both
	special []int32 // those of both that are no plain integers, rising
}

// fan is an outermost multiplexor and all blocks that depend on it.
type fan struct {
	cond   // the multiplexor, from the lowest to the highest of all values
	blocks []block
	table  []span // by raw value less low: where in chosen the blocks stand; nil: try all
	chosen []int32
}

type span struct{ from, to int32 }

// maxTable is how many values of a multiplexor are looked up in a table.
const maxTable = 1024

// cond is one multiplexor and the values that it must have.
type cond struct {
	op        op
	spot      spot
	low, high int64   // of the first range
	more      []Range // the others
}

// op is one signal: take a word of 8 bytes, shift, mask, extend the sign,
// scale. It is kept small: decoding is bound by reading these.
type op struct {
	mask, sign    uint64 // sign is the sign bit, 0 for unsigned
	scale, offset float64
	signal        int32
	shift         uint8 // of the word in the signal's byte order
	order         uint8 // 0 little-endian, 1 big-endian
}

// spot is where an op's word is and what its bits are.
type spot struct {
	need uint16 // payload bytes that the signal needs
	off  uint16 // first byte of the word; 0 while need <= 8
	kind uint8
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
func (s spot) straddles() bool { return s.need-s.off == 9 }

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
	n := len(m.Signals) // the blocks share these arrays, which therefore must not move
	p := &MessagePlan{Message: m, place: make([]int32, n), ops: make([]op, 0, n), spots: make([]spot, 0, n)}
	var always []int
	byFan := map[int32]int{}
	byConds := map[string]*[]int{}
	var groups [][]*[]int
	for i, s := range m.Signals {
		p.place[i] = -1
		conds, ok := conditions(m, s)
		if !ok || !s.decodable() {
			continue
		}
		if conds == nil {
			always = append(always, i)
			continue
		}
		key := muxKey(m, s)
		if byConds[key] == nil {
			byConds[key] = new([]int)
			at, known := byFan[conds[0].op.signal]
			if !known {
				at = len(groups)
				byFan[conds[0].op.signal] = at
				groups = append(groups, nil)
			}
			groups[at] = append(groups[at], byConds[key])
		}
		*byConds[key] = append(*byConds[key], i)
	}
	p.always = p.block(nil, always)
	for _, signals := range groups {
		var f fan
		for _, g := range signals {
			conds, _ := conditions(m, m.Signals[(*g)[0]])
			f.blocks = append(f.blocks, p.block(conds, *g))
		}
		f.index()
		p.fans = append(p.fans, f)
	}
	return p
}

// block makes a block of signals and adds its ops to the plan's.
func (p *MessagePlan) block(conds []cond, signals []int) block {
	m := p.Message
	slices.SortStableFunc(signals, func(a, b int) int { return order(m.Signals[a]) - order(m.Signals[b]) })
	b := block{conds: conds}
	from := len(p.ops)
	for i, signal := range signals {
		o, at := compileSignal(m.Signals[signal], signal)
		if at.kind != integer {
			b.special = append(b.special, int32(i))
		}
		p.place[signal] = int32(len(p.ops))
		p.ops = append(p.ops, o)
		p.spots = append(p.spots, at)
		p.longest = max(p.longest, int(at.need))
	}
	ops := p.ops[from:]
	middle := slices.IndexFunc(ops, func(o op) bool { return o.order != 0 })
	if middle < 0 {
		middle = len(ops)
	}
	b.little, b.big, b.spots = ops[:middle:middle], ops[middle:len(ops):len(ops)], p.spots[from:]
	return b
}

// index makes the table of a fan whose blocks are there.
func (f *fan) index() {
	f.cond = f.blocks[0].conds[0]
	f.more = nil
	ranges := uint64(0)
	for _, b := range f.blocks {
		c := &b.conds[0]
		ranges += uint64(1 + len(c.more))
		f.low, f.high = min(f.low, c.low), max(f.high, c.high)
		for _, r := range c.more {
			f.low, f.high = min(f.low, r.Low), max(f.high, r.High)
		}
	}
	if values := uint64(f.high) - uint64(f.low); values >= maxTable || values*ranges > 1<<20 {
		return
	}
	for raw := f.low; raw <= f.high; raw++ {
		from := int32(len(f.chosen))
		for i := range f.blocks {
			if f.blocks[i].conds[0].holds(raw) {
				f.chosen = append(f.chosen, int32(i))
			}
		}
		f.table = append(f.table, span{from, int32(len(f.chosen))})
		if raw == f.high { // which may be the highest of all
			break
		}
	}
	for i := range f.blocks {
		f.blocks[i].conds = f.blocks[i].conds[1:]
	}
}

func order(s *Signal) int {
	if s.BigEndian {
		return 1
	}
	return 0
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
		o, at := compileSignal(m.Signals[i], i)
		conds = append(conds, cond{op: o, spot: at, low: s.Mux.Ranges[0].Low, high: s.Mux.Ranges[0].High, more: s.Mux.Ranges[1:]})
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

func compileSignal(s *Signal, index int) (op, spot) {
	o := op{mask: 1<<(s.Length&63) - 1, scale: s.Scale, offset: s.Offset, signal: int32(index)}
	at := spot{need: uint16(s.need())}
	if s.Length == 64 {
		o.mask = ^uint64(0)
	}
	switch {
	case s.Float == 16 && s.Length == 16:
		at.kind = float16
	case s.Float == 32 && s.Length == 32:
		at.kind = float32bit
	case s.Float == 64 && s.Length == 64:
		at.kind = float64bit
	case s.Signed:
		o.sign = 1 << (s.Length - 1)
	case s.Length == 64:
		at.kind = unsigned64
	}
	if first := s.bit(0) >> 3; at.need > 8 {
		at.off = min(at.need-8, uint16(first)) // the first byte only if it needs nine
	}
	if !s.BigEndian {
		o.shift = uint8(s.Start - 8*int(at.off))
		return o, at
	}
	o.order = 1
	lead := s.Start&^7 + 7 - s.Start&7 - 8*int(at.off) // bits of the word before the signal
	o.shift = uint8(8*min(int(at.need-at.off), 9) - lead - s.Length)
	if at.need < 8 {
		o.shift = uint8(64 - lead - s.Length)
	}
	return o, at
}

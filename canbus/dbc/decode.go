package dbc

import (
	"encoding/binary"
	"math"
	"slices"
)

// Reading is one decoded signal.
type Reading struct {
	Signal int32   // index into Message.Signals
	Raw    int64   // as on the wire, sign extended; the bits of floats; unsigned 64-bit values wrap
	Value  float64 // physical: Raw*Scale + Offset
}

// Decode appends the readings of a payload to out and returns it: all signals
// that are there, those without a multiplexor first. Signals whose
// multiplexor has another value, and signals that do not fit in the payload,
// are left out. It allocates nothing if out has room for all signals.
func (p *MessagePlan) Decode(payload []byte, out []Reading) []Reading {
	n := len(out)
	if cap(out)-n < len(p.ops) {
		out = slices.Grow(out, len(p.ops))
	}
	room := out[n : n+len(p.ops)]
	if p.longest > 8 || len(payload) < p.longest {
		return out[:n+p.decodeLong(payload, room)]
	}
	var little, big uint64
	if len(payload) >= 8 {
		little, big = binary.LittleEndian.Uint64(payload), binary.BigEndian.Uint64(payload)
	} else {
		var pad [8]byte
		copy(pad[:], payload)
		little, big = binary.LittleEndian.Uint64(pad[:]), binary.BigEndian.Uint64(pad[:])
	}
	from := p.always.decode(little, big, room)
	for i := range p.fans {
		f := &p.fans[i]
		if f.table == nil {
			for j := range f.blocks {
				if b := &f.blocks[j]; hold(b.conds, little, big) {
					from += b.decode(little, big, room[from:])
				}
			}
			continue
		}
		raw := f.op.raw64(little, big)
		if raw < f.low || raw > f.high {
			continue
		}
		at := f.table[raw-f.low]
		for _, j := range f.chosen[at.from:at.to] {
			if b := &f.blocks[j]; len(b.conds) == 0 || hold(b.conds, little, big) {
				from += b.decode(little, big, room[from:])
			}
		}
	}
	return out[:n+from]
}

// raw64 is the raw value, sign extended, from a payload of up to 8 bytes.
func (o *op) raw64(little, big uint64) int64 {
	if o.order != 0 {
		little = big
	}
	return int64((little>>(o.shift&63)&o.mask ^ o.sign) - o.sign)
}

// decode decodes a block whose conditions hold.
func (b *block) decode(little, big uint64, out []Reading) int {
	n := 0
	if len(b.little) > 0 {
		n = decodeWord(b.little, little, out)
	}
	if len(b.big) > 0 {
		n += decodeWord(b.big, big, out[n:])
	}
	if len(b.special) > 0 {
		b.numbers(out[:n])
	}
	return n
}

// decodeWord decodes signals of one byte order from the payload as a number.
func decodeWord(ops []op, word uint64, out []Reading) int {
	out = out[:len(ops)]
	for i := range ops {
		o := &ops[i]
		raw := (word>>(o.shift&63)&o.mask ^ o.sign) - o.sign
		r := &out[i]
		r.Signal, r.Raw, r.Value = o.signal, int64(raw), float64(float64(int64(raw))*o.scale)+o.offset
	}
	return len(ops)
}

// numbers corrects the values of the block's signals that are no plain
// integers.
func (b *block) numbers(readings []Reading) {
	for _, i := range b.special {
		o := b.op(i)
		readings[i].Value = float64(number(b.spots[i].kind, uint64(readings[i].Raw))*o.scale) + o.offset
	}
}

func (b *block) op(i int32) *op {
	if n := int32(len(b.little)); i >= n {
		return &b.big[i-n]
	}
	return &b.little[i]
}

// hold reports whether all conditions hold.
func hold(conds []cond, little, big uint64) bool {
	for i := range conds {
		if c := &conds[i]; !c.holds(c.op.raw64(little, big)) {
			return false
		}
	}
	return true
}

func (c *cond) holds(raw int64) bool {
	if c.low <= raw && raw <= c.high {
		return true
	}
	for _, r := range c.more {
		if r.Low <= raw && raw <= r.High {
			return true
		}
	}
	return false
}

// decodeLong decodes any payload, leaving out what does not fit.
func (p *MessagePlan) decodeLong(payload []byte, out []Reading) int {
	size := len(payload)
	var pad [8]byte
	if size < 8 {
		copy(pad[:], payload)
		payload = pad[:]
	}
	n := p.always.decodeLong(payload, size, out)
	for i := range p.fans {
		f := &p.fans[i]
		if int(f.spot.need) > size {
			continue
		}
		raw := int64(f.op.extract(f.spot, payload))
		for j := range f.blocks {
			b := &f.blocks[j]
			if f.chooses(j, raw) && holdLong(b.conds, payload, size) {
				n += b.decodeLong(payload, size, out[n:])
			}
		}
	}
	return n
}

// chooses reports whether a block is one of those that a raw value selects,
// as far as the table says.
func (f *fan) chooses(block int, raw int64) bool {
	if f.table == nil {
		return true
	}
	if raw < f.low || raw > f.high {
		return false
	}
	at := f.table[raw-f.low]
	return slices.Contains(f.chosen[at.from:at.to], int32(block))
}

// decodeLong decodes those signals of a block that fit.
func (b *block) decodeLong(payload []byte, size int, out []Reading) int {
	n := 0
	for j, at := range b.spots {
		if int(at.need) > size {
			continue
		}
		o := b.op(int32(j))
		raw := o.extract(at, payload)
		value := float64(int64(raw))
		if at.kind != integer {
			value = number(at.kind, raw)
		}
		out[n] = Reading{o.signal, int64(raw), float64(value*o.scale) + o.offset}
		n++
	}
	return n
}

func holdLong(conds []cond, payload []byte, size int) bool {
	for i := range conds {
		c := &conds[i]
		if int(c.spot.need) > size || !c.holds(int64(c.op.extract(c.spot, payload))) {
			return false
		}
	}
	return true
}

// extract is the raw value, sign extended, from a payload of at least 8 bytes
// that holds the signal.
func (o *op) extract(at spot, payload []byte) uint64 {
	word := payload[at.off:][:8]
	var v uint64
	switch {
	case at.straddles() && o.order == 0:
		v = binary.LittleEndian.Uint64(word)>>o.shift | uint64(payload[at.off+8])<<(64-o.shift)
	case at.straddles():
		v = binary.BigEndian.Uint64(word)<<(8-o.shift) | uint64(payload[at.off+8])>>o.shift
	case o.order == 0:
		v = binary.LittleEndian.Uint64(word) >> (o.shift & 63)
	default:
		v = binary.BigEndian.Uint64(word) >> (o.shift & 63)
	}
	return (v&o.mask ^ o.sign) - o.sign
}

// number is the number of a raw value of any kind.
func number(kind uint8, raw uint64) float64 {
	switch kind {
	case integer:
		return float64(int64(raw))
	case unsigned64:
		return float64(raw)
	case float32bit:
		return float64(math.Float32frombits(uint32(raw)))
	case float64bit:
		return math.Float64frombits(raw)
	}
	return halfToFloat(uint16(raw))
}

// halfToFloat is the number of an IEEE 754 binary16.
func halfToFloat(h uint16) float64 {
	sign := 1.0
	if h>>15 != 0 {
		sign = -1
	}
	exp, frac := int(h>>10&31), float64(h&1023)
	switch {
	case exp == 31 && frac != 0:
		return math.NaN()
	case exp == 31:
		return math.Inf(int(sign))
	case exp == 0:
		return sign * math.Ldexp(frac, -24)
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

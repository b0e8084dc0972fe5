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
	out = slices.Grow(out, len(p.ops))[:n+len(p.ops)]
	if p.longest <= 8 && len(payload) >= p.longest {
		var words [2]uint64
		if len(payload) >= 8 {
			words[0] = binary.LittleEndian.Uint64(payload)
			words[1] = binary.BigEndian.Uint64(payload)
		} else {
			var pad [8]byte
			copy(pad[:], payload)
			words[0] = binary.LittleEndian.Uint64(pad[:])
			words[1] = binary.BigEndian.Uint64(pad[:])
		}
		return out[:n+p.decodeWords(&words, out[n:])]
	}
	return out[:n+p.decodeLong(payload, out[n:])]
}

// decodeWords decodes a payload that is 8 bytes or less and holds every
// signal.
func (p *MessagePlan) decodeWords(words *[2]uint64, out []Reading) int {
	n := 0
	for i := range p.blocks {
		b := &p.blocks[i]
		if !p.holdWords(b, words) {
			continue
		}
		ops := p.ops[b.from:b.to]
		dst := out[n:]
		dst = dst[:len(ops)]
		for j := range ops {
			o := &ops[j]
			raw := (words[o.order&1]>>(o.shift&63)&o.mask ^ o.sign) - o.sign
			value := float64(int64(raw))
			if o.kind != integer {
				value = o.special(raw)
			}
			dst[j] = Reading{o.signal, int64(raw), float64(value*o.scale) + o.offset}
		}
		n += len(ops)
	}
	return n
}

// holdWords reports whether a block's conditions hold.
func (p *MessagePlan) holdWords(b *block, words *[2]uint64) bool {
	for i := b.condFrom; i < b.condTo; i++ {
		c := &p.conds[i]
		raw := (words[c.op.order&1]>>(c.op.shift&63)&c.op.mask ^ c.op.sign) - c.op.sign
		if !c.holds(int64(raw)) {
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
	n := 0
	for i := range p.blocks {
		b := &p.blocks[i]
		if !p.holdLong(b, payload, size) {
			continue
		}
		for j := b.from; j < b.to; j++ {
			o := &p.ops[j]
			if int(o.need) > size {
				continue
			}
			raw := o.extract(payload)
			value := float64(int64(raw))
			if o.kind != integer {
				value = o.special(raw)
			}
			out[n] = Reading{o.signal, int64(raw), float64(value*o.scale) + o.offset}
			n++
		}
	}
	return n
}

func (p *MessagePlan) holdLong(b *block, payload []byte, size int) bool {
	for i := b.condFrom; i < b.condTo; i++ {
		c := &p.conds[i]
		if int(c.op.need) > size || !c.holds(int64(c.op.extract(payload))) {
			return false
		}
	}
	return true
}

// extract is the raw value, sign extended, from a payload of at least 8 bytes
// that holds the signal.
func (o *op) extract(payload []byte) uint64 {
	word := payload[o.off:][:8]
	var v uint64
	switch {
	case o.straddles() && o.order == 0:
		v = binary.LittleEndian.Uint64(word)>>o.shift | uint64(payload[o.off+8])<<(64-o.shift)
	case o.straddles():
		v = binary.BigEndian.Uint64(word)<<(8-o.shift) | uint64(payload[o.off+8])>>o.shift
	case o.order == 0:
		v = binary.LittleEndian.Uint64(word) >> (o.shift & 63)
	default:
		v = binary.BigEndian.Uint64(word) >> (o.shift & 63)
	}
	return (v&o.mask ^ o.sign) - o.sign
}

// special is the number of a raw value that is not a plain integer.
func (o *op) special(raw uint64) float64 {
	switch o.kind {
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

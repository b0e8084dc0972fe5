package dbc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrRange is wrapped by the errors of Encode and EncodeRaw for a value that
// the signal's bits cannot hold.
var ErrRange = errors.New("value out of the signal's range")

// Encode writes a physical value into a payload, leaving all other bits. The
// nearest raw value is taken, ties to even. It does not touch multiplexors:
// write those as signals of their own. It fails, without having written, for
// a value that the bits cannot hold (ErrRange), a signal index that the plan
// does not have, or a payload that is too short.
func (p *MessagePlan) Encode(payload []byte, signal int, value float64) error {
	o, at, err := p.op(payload, signal)
	if err != nil {
		return err
	}
	raw, ok := o.raw(at.kind, value)
	if !ok {
		low, high := o.limits(at.kind)
		return fmt.Errorf("encode %s.%s: %g is not between %g and %g: %w",
			p.Message.Name, p.Message.Signals[signal].Name, value, low, high, ErrRange)
	}
	o.insert(at, payload, raw)
	return nil
}

// EncodeRaw writes a raw value, as Decode reads it, into a payload, leaving
// all other bits. For floats raw is the bits; unsigned 64-bit values wrap. It
// fails as Encode does.
func (p *MessagePlan) EncodeRaw(payload []byte, signal int, raw int64) error {
	o, at, err := p.op(payload, signal)
	if err != nil {
		return err
	}
	if (uint64(raw)&o.mask^o.sign)-o.sign != uint64(raw) {
		return fmt.Errorf("encode %s.%s: raw value %d does not fit in %d bits: %w",
			p.Message.Name, p.Message.Signals[signal].Name, raw, p.Message.Signals[signal].Length, ErrRange)
	}
	o.insert(at, payload, uint64(raw))
	return nil
}

// Fill sets all bits of a signal to those of fill (0 or 0xff), if the payload
// has room for it.
func (p *MessagePlan) Fill(payload []byte, signal int, fill byte) {
	if signal < 0 || signal >= len(p.place) || p.place[signal] < 0 {
		return
	}
	o, at := &p.ops[p.place[signal]], p.spots[p.place[signal]]
	if len(payload) < int(at.need) {
		return
	}
	if fill != 0 {
		o.insert(at, payload, o.mask)
		return
	}
	o.insert(at, payload, 0)
}

// Limits are the lowest and highest physical values that a signal's bits can
// hold, or NaN if the plan does not have the signal.
func (p *MessagePlan) Limits(signal int) (low, high float64) {
	if signal < 0 || signal >= len(p.place) || p.place[signal] < 0 {
		return math.NaN(), math.NaN()
	}
	return p.ops[p.place[signal]].limits(p.spots[p.place[signal]].kind)
}

// op finds a signal's op and checks that the payload has room for it.
func (p *MessagePlan) op(payload []byte, signal int) (*op, spot, error) {
	if signal < 0 || signal >= len(p.place) {
		return nil, spot{}, fmt.Errorf("encode %s: no signal with index %d, it has %d", p.Message.Name, signal, len(p.place))
	}
	if p.place[signal] < 0 {
		return nil, spot{}, fmt.Errorf("encode %s.%s: signal cannot be encoded: over 64 bits, or its multiplexors run in a circle", p.Message.Name, p.Message.Signals[signal].Name)
	}
	at := p.spots[p.place[signal]]
	if len(payload) < int(at.need) {
		return nil, at, fmt.Errorf("encode %s.%s: payload has %d bytes, the signal needs %d", p.Message.Name, p.Message.Signals[signal].Name, len(payload), at.need)
	}
	return &p.ops[p.place[signal]], at, nil
}

// raw is the raw value nearest to a physical one.
func (o *op) raw(kind uint8, value float64) (uint64, bool) {
	v := (value - o.offset) / o.scale
	switch kind {
	case float16:
		h, ok := floatToHalf(v)
		return uint64(h), ok
	case float32bit:
		f := float32(v)
		return uint64(math.Float32bits(f)), !math.IsInf(float64(f), 0) || math.IsInf(v, 0)
	case float64bit:
		return math.Float64bits(v), true
	}
	v = math.RoundToEven(v)
	low, high := -float64(o.sign), float64(o.mask)
	if o.sign != 0 {
		high = float64(o.sign - 1)
	}
	switch {
	case !(v >= low && v <= high): // NaN too
		return 0, false
	case v == 1<<64: // what the highest unsigned 64-bit value rounds to
		return math.MaxUint64, true
	case v == 1<<63 && o.sign != 0:
		return math.MaxInt64, true
	case o.sign != 0:
		return uint64(int64(v)), true
	}
	return uint64(v), true
}

// limits are the physical values of the lowest and the highest raw value.
func (o *op) limits(kind uint8) (low, high float64) {
	switch kind {
	case float16:
		low, high = -65504, 65504
	case float32bit:
		low, high = -math.MaxFloat32, math.MaxFloat32
	case float64bit:
		low, high = -math.MaxFloat64, math.MaxFloat64
	default:
		low, high = -float64(o.sign), float64(o.mask)
		if o.sign != 0 {
			high = float64(o.sign - 1)
		}
	}
	low, high = float64(low*o.scale)+o.offset, float64(high*o.scale)+o.offset
	return min(low, high), max(low, high)
}

// insert writes the signal's bits into a payload that has room for them.
func (o *op) insert(at spot, payload []byte, raw uint64) {
	raw &= o.mask
	if len(payload) < 8 {
		var pad [8]byte
		copy(pad[:], payload)
		o.insertWord(at, pad[:], raw)
		copy(payload, pad[:])
		return
	}
	o.insertWord(at, payload, raw)
}

func (o *op) insertWord(at spot, payload []byte, raw uint64) {
	word := payload[at.off:][:8]
	le, be := binary.LittleEndian, binary.BigEndian
	switch {
	case at.straddles() && o.order == 0:
		le.PutUint64(word, le.Uint64(word)&^(o.mask<<o.shift)|raw<<o.shift)
		last := &payload[at.off+8]
		*last = *last&^byte(o.mask>>(64-o.shift)) | byte(raw>>(64-o.shift))
	case at.straddles():
		be.PutUint64(word, be.Uint64(word)&^(o.mask>>(8-o.shift))|raw>>(8-o.shift))
		last := &payload[at.off+8]
		*last = *last&^byte(o.mask<<o.shift) | byte(raw<<o.shift)
	case o.order == 0:
		le.PutUint64(word, le.Uint64(word)&^(o.mask<<(o.shift&63))|raw<<(o.shift&63))
	default:
		be.PutUint64(word, be.Uint64(word)&^(o.mask<<(o.shift&63))|raw<<(o.shift&63))
	}
}

// floatToHalf is the IEEE 754 binary16 nearest to a number, ties to even.
func floatToHalf(v float64) (uint16, bool) {
	var sign uint16
	if math.Signbit(v) {
		sign = 1 << 15
	}
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return 0x7e00, true
	case math.IsInf(v, 0):
		return sign | 31<<10, true
	case a < math.Ldexp(1, -14): // subnormal
		return sign | uint16(math.RoundToEven(math.Ldexp(a, 24))), true
	}
	frac, exp := math.Frexp(a) // a = frac * 2^exp, frac in [0.5, 1)
	m := math.RoundToEven(math.Ldexp(frac, 11))
	if m == 2048 {
		m, exp = 1024, exp+1
	}
	if exp > 16 {
		return 0, false
	}
	return sign | uint16(exp+14)<<10 | uint16(m-1024), true
}

package car

import (
	"math"

	einride "go.einride.tech/can"
	"go.einride.tech/can/pkg/descriptor"
)

// Meaning is what a control unit meant with one signal of one frame: the value
// before it was rounded to the signal's step. NaN is "not available", +Inf is
// "the sensor has failed".
type Meaning struct {
	Bus, Message, Signal string
	Value                float64 // in the signal's unit, within its limits
	Raw                  int64   // as it stands in the frame
}

// encoder turns values into raw values: rounding, limits, the values for "not
// available" and "sensor error", and the faults of single signals.
type encoder struct {
	faults  *faultBook
	meant   func(Meaning)
	bus     string
	message string
	stuck   map[string]int64
}

// whole are the types that generated setters of numbers take.
type whole interface {
	~uint8 | ~uint16 | ~uint32 | ~int8 | ~int16 | ~int32
}

// put sets a signal to a physical value.
func put[T whole, R any](e *encoder, set func(T) R, s *descriptor.Signal, v float64) {
	set(T(e.raw(limitsOf(s), v)))
}

// pick sets a signal to a raw value, such as that of a value table.
func pick[T, V whole, R any](e *encoder, set func(T) R, s *descriptor.Signal, v V) {
	set(T(e.asIs(limitsOf(s), int64(v))))
}

// flag sets a signal of one bit.
func flag[R any](e *encoder, set func(bool) R, s *descriptor.Signal, v bool) {
	raw := int64(0)
	if v {
		raw = 1
	}
	set(e.asIs(limitsOf(s), raw) != 0)
}

// limits is what it takes to make a raw value; the same for a signal of the
// generated code and for one written by hand.
type limits struct {
	name          string
	scale, offset float64
	lo, hi        float64 // physical
	none, broken  int64   // raw values for "not available" and "sensor error"
	hasNone       bool
	hasBroken     bool
}

func limitsOf(s *descriptor.Signal) limits {
	l := limits{name: s.Name, scale: s.Scale, offset: s.Offset, lo: s.Min, hi: s.Max}
	for _, d := range s.ValueDescriptions {
		switch d.Description {
		case "NotAvailable":
			l.none, l.hasNone = d.Value, true
		case "SensorError":
			l.broken, l.hasBroken = d.Value, true
		}
	}
	return l
}

func (e *encoder) raw(l limits, v float64) int64 {
	v, raw := e.round(l, v)
	return e.finish(l, v, raw)
}

// round is the value within its limits and its raw value.
func (e *encoder) round(l limits, v float64) (float64, int64) {
	switch {
	case math.IsNaN(v) && l.hasNone:
		return v, l.none
	case math.IsInf(v, 1) && l.hasBroken:
		return v, l.broken
	case math.IsNaN(v):
		v = l.lo
	}
	v = clamp(v, l.lo, l.hi)
	return v, int64(math.Floor((v-l.offset)/l.scale + 0.5))
}

func (e *encoder) asIs(l limits, raw int64) int64 {
	v := float64(float64(raw)*l.scale) + l.offset
	switch {
	case l.hasNone && raw == l.none:
		v = math.NaN()
	case l.hasBroken && raw == l.broken:
		v = math.Inf(1)
	}
	return e.finish(l, v, raw)
}

// finish applies the faults of the signal and tells what was meant.
func (e *encoder) finish(l limits, v float64, raw int64) int64 {
	if len(e.faults.list) > 0 || len(e.stuck) > 0 {
		v, raw = e.spoil(l, v, raw)
	}
	if e.meant != nil {
		e.meant(Meaning{e.bus, e.message, l.name, v, raw})
	}
	return raw
}

func (e *encoder) spoil(l limits, v float64, raw int64) (float64, int64) {
	switch e.faults.signal(l.name) {
	case "stuck":
		old, ok := e.stuck[l.name]
		if !ok {
			e.stuck[l.name], old = raw, raw
		}
		return float64(float64(old)*l.scale) + l.offset, old
	case "error":
		if l.hasBroken {
			return math.Inf(1), l.broken
		}
	case "unavailable":
		if l.hasNone {
			return math.NaN(), l.none
		}
	}
	delete(e.stuck, l.name)
	return v, raw
}

// protect is AUTOSAR E2E profile 1, variant 1A: the counter, 0 to 14, in the
// low half of byte 1 has been encoded; the checksum goes to byte 0.
func protect(data []byte, id uint16) { data[0] = checksum(data, id) }

// checksum is CRC-8 with the polynomial 1D (SAE J1850), start and final value
// 0 as profile 1 has them, over the data id, low byte first, and the data
// without the checksum itself.
func checksum(data []byte, id uint16) byte {
	crc := crc8(0, byte(id))
	crc = crc8(crc, byte(id>>8))
	for _, b := range data[1:] {
		crc = crc8(crc, b)
	}
	return crc
}

func crc8(crc, b byte) byte {
	crc ^= b
	for range 8 {
		if crc&0x80 != 0 {
			crc = crc<<1 ^ 0x1d
		} else {
			crc <<= 1
		}
	}
	return crc
}

// field is a signal of an FD frame: these are laid out by hand, because cantool
// quietly miscompiles what is longer than eight bytes.
type field struct {
	limits
	start, length int // start: of the least significant bit, of a big-endian field of the most
	big           bool
}

// put writes a physical value into the payload.
func (f *field) put(e *encoder, data []byte, v float64) { f.set(data, e.raw(f.limits, v)) }

// flag writes a bit.
func (f *field) flag(e *encoder, data []byte, v bool) {
	raw := int64(0)
	if v {
		raw = 1
	}
	f.set(data, e.asIs(f.limits, raw))
}

// set writes the raw value, bit by bit.
func (f *field) set(data []byte, raw int64) {
	bit := f.start
	if f.big {
		for i := f.length - 1; i >= 0; i-- {
			setBit(data, bit, raw>>i&1 != 0)
			if bit%8 == 0 {
				bit += 15
			} else {
				bit--
			}
		}
		return
	}
	for i := range f.length {
		setBit(data, bit+i, raw>>i&1 != 0)
	}
}

func setBit(data []byte, bit int, on bool) {
	if on {
		data[bit/8] |= 1 << (bit % 8)
	} else {
		data[bit/8] &^= 1 << (bit % 8)
	}
}

// out is one frame on its way from a control unit to its bus.
type out struct {
	id   uint32
	fd   bool
	len  int
	data [64]byte
}

func classic(f einride.Frame) out {
	o := out{id: f.ID, len: int(f.Length)}
	copy(o.data[:], f.Data[:f.Length])
	return o
}

package carport

import (
	"time"

	"go.yaml.in/yaml/v3"

	"tandem/canbus/dbc"
)

// counterSpec is how a message's frames are numbered.
type counterSpec struct {
	signal   int   // index into Message.Signals
	modulo   int64 // the counter runs from 0 to modulo-1
	maxJump  int64 // this much further is still in order: frames may be lost
	tolerate int   // so many in a row may be out of order before the signals are Invalid
}

// counterState is where a sender's numbering stands.
type counterState struct {
	known bool
	last  int64
	bad   int // frames out of order in a row
	at    time.Time
}

// verdict is what becomes of a frame.
type verdict uint8

const (
	use     verdict = iota // take its values
	pass                   // leave it; what is known stays, and ages
	invalid                // the message's signals are Invalid
)

// next judges the counter of a frame that came at now. ttl is the silence
// after which any counter is a fresh start; 0: none is.
func (c *counterSpec) next(s *counterState, now time.Time, ttl time.Duration, counter int64) verdict {
	if counter >= 0 && counter < c.modulo { // else no number that the next could follow
		fresh := !s.known || ttl > 0 && now.Sub(s.at) > ttl
		delta := (counter - s.last + c.modulo) % c.modulo
		s.known, s.last, s.at = true, counter, now
		if fresh || delta >= 1 && delta <= c.maxJump {
			s.bad = 0
			return use
		}
	}
	s.bad++
	if s.bad > c.tolerate {
		return invalid
	}
	return pass
}

// checksumSpec is where a message's checksum is and how it is made.
type checksumSpec struct {
	at     int    // byte of the payload
	length int    // bytes of the payload that count
	prefix []byte // of the sum: the data id
	crc    bool   // CRC-8 with the polynomial 0x1D
	xored  bool   // exclusive or; otherwise the sum
	init   byte
	xor    byte
}

// sum is the checksum that the payload should have. The payload has at least
// length bytes.
func (c *checksumSpec) sum(payload []byte) byte {
	s := c.init
	for _, b := range c.prefix {
		s = c.step(s, b)
	}
	for _, b := range payload[:c.at] {
		s = c.step(s, b)
	}
	for _, b := range payload[c.at+1 : c.length] {
		s = c.step(s, b)
	}
	return s ^ c.xor
}

func (c *checksumSpec) step(s, b byte) byte {
	switch {
	case c.crc:
		return crcTable[s^b]
	case c.xored:
		return s ^ b
	}
	return s + b
}

// crcTable is one byte of CRC-8/SAE-J1850.
var crcTable = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		for range 8 {
			if c&0x80 != 0 {
				c = c<<1 ^ 0x1D
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

// counter reads the key counter: a signal's name, or a table.
func (t *table) counter(m *dbc.Message) *counterSpec {
	if !t.has("counter") {
		return nil
	}
	c := t
	key := "counter"
	if t.values[key].Kind == yaml.MappingNode {
		c, key = t.report.table(t.values[key], t.subject), "signal"
		c.only("signal", "modulo", "max_jump", "tolerate")
	}
	index, ok := c.signal(m, key)
	if !ok {
		return nil
	}
	s := m.Signals[index]
	if s.Length > 32 || s.Signed || s.Float != 0 || s.Mux != nil {
		c.add(c.at(key), t.subject, "counter %s must be unsigned, at most 32 bits, and not multiplexed", s.Name)
		return nil
	}
	spec := &counterSpec{signal: index, modulo: 1 << s.Length, maxJump: 3, tolerate: 2}
	if key == "signal" {
		spec.modulo = c.whole("modulo", spec.modulo, 2, spec.modulo)
		spec.tolerate = int(c.whole("tolerate", 2, 0, 1000))
		spec.maxJump = c.whole("max_jump", min(3, spec.modulo-1), 1, spec.modulo-1)
	}
	spec.maxJump = min(spec.maxJump, spec.modulo-1)
	return spec
}

// checksum reads the key checksum.
func (t *table) checksum(m *dbc.Message) *checksumSpec {
	if !t.has("checksum") {
		return nil
	}
	c := t.report.table(t.values["checksum"], t.subject)
	c.only("signal", "kind", "data_id", "init", "xor")
	index, ok := c.signal(m, "signal")
	if !ok {
		return nil
	}
	s := m.Signals[index]
	aligned := s.Start%8 == 0 && !s.BigEndian || s.Start%8 == 7 && s.BigEndian
	if s.Length != 8 || !aligned || s.Float != 0 || s.Mux != nil || s.Start/8 >= m.Len {
		c.add(c.at("signal"), t.subject, "checksum %s must be one whole byte of the message, and not multiplexed", s.Name)
		return nil
	}
	spec := &checksumSpec{at: s.Start / 8, length: m.Len}
	switch kind := c.text("kind", true); kind {
	case "crc8-sae-j1850":
		spec.crc, spec.init, spec.xor = true, 0xFF, 0xFF
	case "xor8":
		spec.xored = true
	case "sum8":
	default:
		c.add(c.at("kind"), t.subject, "checksum kind %q is not known; crc8-sae-j1850, xor8 and sum8 are", kind)
		return nil
	}
	spec.init = byte(c.whole("init", int64(spec.init), 0, 255))
	spec.xor = byte(c.whole("xor", int64(spec.xor), 0, 255))
	if c.has("data_id") {
		id := c.whole("data_id", 0, 0, 0xFFFF)
		spec.prefix = []byte{byte(id), byte(id >> 8)}
	}
	return spec
}

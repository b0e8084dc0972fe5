package web

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Version is the protocol's.
const Version = 1

// Op is the first byte of a message or record.
type Op uint8

// Messages of the display, then records of a viewer.
const (
	OpHello Op = 1
	OpFrame Op = 2
	OpAlive Op = 3

	OpAck    Op = 16
	OpTouch  Op = 17
	OpWheel  Op = 18
	OpKey    Op = 19
	OpText   Op = 20
	OpRotate Op = 21
)

const (
	maxKey      = 32  // bytes of a key's name
	maxText     = 128 // bytes of text in a record
	maxContacts = 10  // fingers of a viewer
	maxMessage  = 4096
)

// Record is one thing that a viewer says; Op tells which fields count.
type Record struct {
	Op      Op
	Seq     uint32 // OpAck
	Kind    uint8  // OpTouch: 0 down, 1 move, 2 up, 3 cancel
	Contact uint8  // OpTouch: below 10
	X, Y    uint16 // OpTouch, OpWheel: 0 to 65535 across the display
	DX, DY  int16  // OpWheel: pixels
	Down    bool   // OpKey
	Text    string // OpKey: its name; OpText
	Steps   int8   // OpRotate
}

var errShort = errors.New("record is cut off")

// ParseRecord reads the first record of b and returns what follows it.
func ParseRecord(b []byte) (r Record, rest []byte, err error) {
	if len(b) == 0 {
		return r, nil, errShort
	}
	r.Op = Op(b[0])
	n := map[Op]int{OpAck: 5, OpTouch: 7, OpWheel: 9, OpKey: 3, OpText: 2, OpRotate: 2}[r.Op]
	if n == 0 {
		return r, nil, fmt.Errorf("unknown record %d", b[0])
	}
	if len(b) < n {
		return r, nil, errShort
	}
	switch r.Op {
	case OpAck:
		r.Seq = binary.LittleEndian.Uint32(b[1:])
	case OpTouch:
		r.Kind, r.Contact = b[1], b[2]
		r.X, r.Y = binary.LittleEndian.Uint16(b[3:]), binary.LittleEndian.Uint16(b[5:])
		if r.Kind > 3 || r.Contact >= maxContacts {
			return r, nil, fmt.Errorf("touch of kind %d by finger %d", r.Kind, r.Contact)
		}
	case OpWheel:
		r.X, r.Y = binary.LittleEndian.Uint16(b[1:]), binary.LittleEndian.Uint16(b[3:])
		r.DX, r.DY = int16(binary.LittleEndian.Uint16(b[5:])), int16(binary.LittleEndian.Uint16(b[7:]))
	case OpKey:
		r.Down = b[1] == 1
		if b[1] > 1 {
			return r, nil, fmt.Errorf("key that is neither up nor down: %d", b[1])
		}
		return r.text(b[2], b[3:], maxKey)
	case OpText:
		return r.text(b[1], b[2:], maxText)
	case OpRotate:
		r.Steps = int8(b[1])
	}
	return r, b[n:], nil
}

func (r Record) text(n uint8, b []byte, limit int) (Record, []byte, error) {
	switch {
	case int(n) > len(b):
		return r, nil, errShort
	case n == 0 || int(n) > limit:
		return r, nil, fmt.Errorf("text of %d bytes, from 1 to %d", n, limit)
	case !utf8.Valid(b[:n]):
		return r, nil, errors.New("text is not UTF-8")
	}
	r.Text = string(b[:n])
	return r, b[n:], nil
}

// Append writes the record behind b.
func (r Record) Append(b []byte) []byte {
	le := binary.LittleEndian
	b = append(b, byte(r.Op))
	switch r.Op {
	case OpAck:
		b = le.AppendUint32(b, r.Seq)
	case OpTouch:
		b = append(b, r.Kind, r.Contact)
		b = le.AppendUint16(le.AppendUint16(b, r.X), r.Y)
	case OpWheel:
		b = le.AppendUint16(le.AppendUint16(b, r.X), r.Y)
		b = le.AppendUint16(le.AppendUint16(b, uint16(r.DX)), uint16(r.DY))
	case OpKey:
		down := byte(0)
		if r.Down {
			down = 1
		}
		b = append(append(b, down, byte(len(r.Text))), r.Text...)
	case OpText:
		b = append(append(b, byte(len(r.Text))), r.Text...)
	case OpRotate:
		b = append(b, byte(r.Steps))
	}
	return b
}

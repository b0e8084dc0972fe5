// Package remote lets a layer's producer live in another process than the
// display: the Server stands in the display's process, the Layer in the
// producer's. Pixels go through memory that both have, by the name of a memfd;
// a damage message says what changed. The package knows layers and bytes, not
// what they show.
//
// # Who may
//
// The socket's other end is asked of the kernel for its user: the display's
// own, root, or one of those in ServerConfig. Nothing else of the peer is
// trusted. Its memory must be sealed against shrinking, so that reading it
// cannot fault; sizes, places and counts are checked; its text is shown to
// nobody. A producer that says anything malformed is disconnected.
//
// # Who ends
//
// When the producer goes, its layer keeps the last picture and is marked
// (display.Layer.Gone). When the display goes, the producer connects again by
// itself and gives it the last picture. When a second producer comes for the
// same layer it takes over, and the first one's Run ends with ErrReplaced.
//
// # Protocol
//
// A unix socket that keeps message borders (SOCK_SEQPACKET), numbers
// little-endian, times in nanoseconds of CLOCK_MONOTONIC.
//
//	from the producer                     from the display
//	hello   1  version u8, layer u8       welcome 16  version u8, width u16, height u16
//	memory  2  width u16, height u16, fd  done    17  next i64, period i64, own u8
//	frame   3  n u8, n times x y w h u16  event   18  kind u8, contact u16, steps i32, rune i32, time i64,
//	place   4  x0 y0 x1 y1 i32                        x y dx dy f32, n u8, n bytes key
//	show    5  u8                         refused 19  replaced u8, text
//	input   6  u8
//
// After memory the first frame is whole. After frame the producer leaves the
// memory alone until done.
package remote

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"tandem/hmi/display"
	"tandem/hmi/input"
)

// Version is the protocol's.
const Version = 1

// ErrReplaced ends the Run of a Layer whose place another process has taken.
var ErrReplaced = errors.New("remote: another producer has taken the layer")

// ErrRefused ends the Run of a Layer that the display does not want.
var ErrRefused = errors.New("remote: the display refuses this producer")

// op is a message's first byte.
type op uint8

const (
	opHello   op = 1
	opMemory  op = 2
	opFrame   op = 3
	opPlace   op = 4
	opShow    op = 5
	opInput   op = 6
	opWelcome op = 16
	opDone    op = 17
	opEvent   op = 18
	opRefused op = 19
)

const (
	maxSide    = 8192
	maxRects   = 32
	maxMessage = 512
	eventHead  = 36
)

var le = binary.LittleEndian

// errMalformed is what a peer said that cannot be.
var errMalformed = errors.New("malformed message")

// request is what a producer says; op tells which fields count.
type request struct {
	op    op
	kind  display.LayerKind // hello
	size  image.Point       // memory
	rects []image.Rectangle // frame
	place image.Rectangle
	on    bool // show, input
}

// parseRequest reads a producer's message; rects are appended to room.
func parseRequest(b []byte, room []image.Rectangle) (request, error) {
	r := request{rects: room[:0]}
	if len(b) == 0 {
		return r, errMalformed
	}
	r.op, b = op(b[0]), b[1:]
	switch {
	case r.op == opHello && len(b) == 2:
		r.kind = display.LayerKind(b[1])
		if b[0] != Version {
			return r, fmt.Errorf("version %d of the protocol, want %d", b[0], Version)
		}
		if r.kind > display.Telltales {
			return r, fmt.Errorf("no layer %d", r.kind)
		}
	case r.op == opMemory && len(b) == 4:
		r.size = image.Pt(int(le.Uint16(b)), int(le.Uint16(b[2:])))
		if r.size.X == 0 || r.size.Y == 0 || r.size.X > maxSide || r.size.Y > maxSide {
			return r, fmt.Errorf("picture of %dx%d pixels", r.size.X, r.size.Y)
		}
	case r.op == opFrame && len(b) >= 1 && b[0] <= maxRects && len(b) == 1+8*int(b[0]):
		for b = b[1:]; len(b) > 0; b = b[8:] {
			at := image.Pt(int(le.Uint16(b)), int(le.Uint16(b[2:])))
			r.rects = append(r.rects, image.Rectangle{at, at.Add(image.Pt(int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))))})
		}
	case r.op == opPlace && len(b) == 16:
		at := func(i int) int { return int(int32(le.Uint32(b[4*i:]))) }
		r.place = image.Rectangle{image.Pt(at(0), at(1)), image.Pt(at(2), at(3))}
		far := image.Rect(-maxSide, -maxSide, 2*maxSide, 2*maxSide)
		if !r.place.Min.In(far) || !r.place.Max.In(far) || r.place.Dx() < 0 || r.place.Dy() < 0 {
			return r, fmt.Errorf("place %v", r.place)
		}
	case (r.op == opShow || r.op == opInput) && len(b) == 1 && b[0] <= 1:
		r.on = b[0] == 1
	default:
		return r, errMalformed
	}
	return r, nil
}

// append writes the request behind b.
func (r request) append(b []byte) []byte {
	b = append(b, byte(r.op))
	switch r.op {
	case opHello:
		b = append(b, Version, byte(r.kind))
	case opMemory:
		b = le.AppendUint16(le.AppendUint16(b, uint16(r.size.X)), uint16(r.size.Y))
	case opFrame:
		b = append(b, byte(len(r.rects)))
		for _, x := range r.rects {
			b = le.AppendUint16(le.AppendUint16(b, uint16(x.Min.X)), uint16(x.Min.Y))
			b = le.AppendUint16(le.AppendUint16(b, uint16(x.Dx())), uint16(x.Dy()))
		}
	case opPlace:
		for _, v := range [...]int{r.place.Min.X, r.place.Min.Y, r.place.Max.X, r.place.Max.Y} {
			b = le.AppendUint32(b, uint32(int32(v)))
		}
	case opShow, opInput:
		on := byte(0)
		if r.on {
			on = 1
		}
		b = append(b, on)
	}
	return b
}

// appendEvent writes an event message behind b; base is a moment and its
// CLOCK_MONOTONIC.
func appendEvent(b []byte, ev input.Event, base moment) []byte {
	key := ev.Key[:min(len(ev.Key), 64)]
	b = append(b, byte(opEvent), byte(ev.Kind))
	b = le.AppendUint16(b, uint16(ev.Contact))
	b = le.AppendUint32(le.AppendUint32(b, uint32(int32(ev.Steps))), uint32(ev.Rune))
	b = le.AppendUint64(b, uint64(base.mono(ev.Time)))
	for _, v := range [...]float32{ev.X, ev.Y, ev.DX, ev.DY} {
		b = le.AppendUint32(b, math.Float32bits(v))
	}
	return append(append(b, byte(len(key))), key...)
}

// parseEvent reads an event message.
func parseEvent(b []byte, base moment) (input.Event, error) {
	if len(b) < eventHead+1 || op(b[0]) != opEvent || len(b) != eventHead+1+int(b[eventHead]) {
		return input.Event{}, errMalformed
	}
	f := func(i int) float32 { return math.Float32frombits(le.Uint32(b[20+4*i:])) }
	return input.Event{
		Kind: input.Kind(b[1]), Contact: int(le.Uint16(b[2:])), Steps: int(int32(le.Uint32(b[4:]))), Rune: rune(le.Uint32(b[8:])),
		Time: base.time(time.Duration(le.Uint64(b[12:]))),
		X:    f(0), Y: f(1), DX: f(2), DY: f(3), Key: string(b[eventHead+1:]),
	}, nil
}

// done is that the display has taken a frame.
type done struct {
	next   time.Time // by when the next frame is to be there
	period time.Duration
	own    bool // the panel's own beat
}

func (d done) append(b []byte, base moment) []byte {
	b = le.AppendUint64(append(b, byte(opDone)), uint64(base.mono(d.next)))
	own := byte(0)
	if d.own {
		own = 1
	}
	return append(le.AppendUint64(b, uint64(d.period)), own)
}

func parseDone(b []byte, base moment) (done, error) {
	if len(b) != 18 || op(b[0]) != opDone {
		return done{}, errMalformed
	}
	d := done{next: base.time(time.Duration(le.Uint64(b[1:]))), period: time.Duration(le.Uint64(b[9:])), own: b[17] == 1}
	if d.period <= 0 || d.period > time.Second {
		return done{}, errMalformed
	}
	return d, nil
}

// moment is one instant by both clocks, so that times can cross processes.
type moment struct {
	at   time.Time
	tick time.Duration // CLOCK_MONOTONIC
}

func (m moment) mono(t time.Time) time.Duration { return m.tick + t.Sub(m.at) }

func (m moment) time(tick time.Duration) time.Time { return m.at.Add(tick - m.tick) }

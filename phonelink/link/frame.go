package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// A frame is what travels on a stream of a carrier.
//
//	0      1        3                3+n
//	+------+--------+----------------+
//	| type | length | body           |   length: of the body, big endian
//	+------+--------+----------------+
//
// The bodies of hello and go are CBOR, so that they can grow; those of the
// others have a fixed form, since they are what costs power on an idle link.
//
//	bye   | code 1 | text, UTF-8, at most 200 bytes |
//	beat  | own clock 8 | echo 8 | held 8 |                microseconds
//	ack   | class 1 | received 8 | limit 8 |               bytes since the link began
//	data  | class 1 | offset 8 | 1 to 4,096 bytes |
//
// A frame of a type that is not known is skipped.
type frameType byte

const (
	frameHello frameType = 1 + iota
	frameGo
	frameBye
	frameBeat
	frameAck
	frameData
)

// Limits of the frames.
const (
	frameHeader = 3
	maxChunk    = 4 << 10      // bytes of a message in one data frame
	dataHeader  = 9            // class and offset
	maxBody     = 9 + maxChunk // of any frame
	maxGreeting = 1 << 10      // bytes of a hello or go
	maxByeText  = 200

	classes    = 4
	maxMessage = 256 << 10 // bytes of a message
	lengthSize = 4         // bytes of a message's length, before it in its class
)

// version is the highest version of the protocol that is spoken here.
const version = 1

// linkID names what two processes have in common: the place of every class, in
// both directions. Zero is none.
type linkID [16]byte

// offsets are places in the four classes of one direction.
type offsets [classes]uint64

// hello is what both sides say first on a carrier.
type hello struct {
	Version     uint16   `cbor:"1,keyasint"`
	Incarnation uint64   `cbor:"2,keyasint"`           // random, once for each process and peer
	Link        []byte   `cbor:"3,keyasint,omitempty"` // 16 bytes, none at first
	Round       uint64   `cbor:"4,keyasint,omitempty"` // of the last go that was taken
	Have        []uint64 `cbor:"5,keyasint,omitempty"` // received, by class
	Limit       []uint64 `cbor:"6,keyasint,omitempty"` // what may be sent to it, by class
	Name        string   `cbor:"7,keyasint,omitempty"` // for a person
	Addresses   [][]byte `cbor:"8,keyasint,omitempty"` // its own: 4 or 16 bytes of address, 2 of port
}

// election is the go frame: the elector takes this carrier.
type election struct {
	Version uint16   `cbor:"1,keyasint"` // the one that both speak from now on
	Link    []byte   `cbor:"2,keyasint"`
	Round   uint64   `cbor:"3,keyasint"`           // counts the elections of the elector's process
	Have    []uint64 `cbor:"4,keyasint,omitempty"` // none: zeros
	Limit   []uint64 `cbor:"5,keyasint,omitempty"`
}

// beat keeps a link alive and measures it.
type beat struct {
	Clock uint64 // of the sender, microseconds since 1970
	Echo  uint64 // Clock of the last beat that the sender received; 0: none yet
	Held  uint64 // microseconds since the sender received that
}

// ack says what was received of a class and how far more may be sent.
type ack struct {
	class           int
	received, limit uint64
}

// byeCode is why a side ends a carrier.
type byeCode byte

const (
	byeEnding    byeCode = iota // the process ends
	byeRedundant                // another carrier was taken
	bySuspended                 // the owner does not want a link now
	byeUnpaired                 // the peer is not trusted any more
	byeProtocol                 // the peer broke a rule
	byeBroken                   // this carrier does not work any more
)

var (
	errFrame     = errors.New("link: malformed frame")
	errDowngrade = errors.New("link: the peer speaks an older version than before")
)

var encoding = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

var decoding = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 16, MaxArrayElements: 4096, MaxMapPairs: 4096, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

// appendFrame adds a frame to b.
func appendFrame(b []byte, t frameType, body []byte) []byte {
	b = append(b, byte(t), byte(len(body)>>8), byte(len(body)))
	return append(b, body...)
}

// readFrame reads one frame. The body lies in buf, which has room for limit
// bytes, until the next call.
func readFrame(r io.Reader, buf []byte, limit int) (frameType, []byte, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint16(head[1:]))
	if n > limit {
		return 0, nil, fmt.Errorf("%w: type %d has %d bytes, at most %d are allowed here", errFrame, head[0], n, limit)
	}
	if _, err := io.ReadFull(r, buf[:n]); err != nil {
		return 0, nil, err
	}
	return frameType(head[0]), buf[:n], nil
}

// appendCBOR adds a frame whose body is v.
func appendCBOR(b []byte, t frameType, v any) []byte {
	body, err := encoding.Marshal(v)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return appendFrame(b, t, body)
}

func decodeHello(body []byte) (h hello, err error) {
	if err := decoding.Unmarshal(body, &h); err != nil {
		return h, fmt.Errorf("%w: hello: %v", errFrame, err)
	}
	switch {
	case h.Version == 0:
		err = fmt.Errorf("%w: hello: version 0", errFrame)
	case h.Incarnation == 0:
		err = fmt.Errorf("%w: hello: no incarnation", errFrame)
	case len(h.Link) != 0 && len(h.Link) != len(linkID{}):
		err = fmt.Errorf("%w: hello: a link id of %d bytes, want 16", errFrame, len(h.Link))
	case !validOffsets(h.Have) || !validOffsets(h.Limit):
		err = fmt.Errorf("%w: hello: %d places received, %d limits, want none or %d below 2^62", errFrame, len(h.Have), len(h.Limit), classes)
	case len(h.Addresses) > maxAddresses:
		err = fmt.Errorf("%w: hello: %d addresses, want at most %d", errFrame, len(h.Addresses), maxAddresses)
	}
	h.Name = cleanName(h.Name)
	return h, err
}

func decodeElection(body []byte) (g election, err error) {
	if err := decoding.Unmarshal(body, &g); err != nil {
		return g, fmt.Errorf("%w: go: %v", errFrame, err)
	}
	switch {
	case g.Version == 0 || g.Version > version:
		err = fmt.Errorf("%w: go: version %d is not spoken here", errFrame, g.Version)
	case len(g.Link) != len(linkID{}) || linkID(g.Link) == linkID{}:
		err = fmt.Errorf("%w: go: a link id of %d bytes, want 16, not all zero", errFrame, len(g.Link))
	case g.Round == 0:
		err = fmt.Errorf("%w: go: round 0", errFrame)
	case !validOffsets(g.Have) || !validOffsets(g.Limit):
		err = fmt.Errorf("%w: go: %d places received, %d limits, want none or %d below 2^62", errFrame, len(g.Have), len(g.Limit), classes)
	}
	return g, err
}

// validOffsets: no list, or one place for every class; so far from the end of
// the numbers that nothing that is added to one can go round.
func validOffsets(o []uint64) bool {
	if len(o) != 0 && len(o) != classes {
		return false
	}
	for _, v := range o {
		if v >= 1<<62 {
			return false
		}
	}
	return true
}

func offsetsOf(o []uint64) (out offsets) {
	copy(out[:], o)
	return out
}

func appendBye(b []byte, code byeCode, text string) []byte {
	if len(text) > maxByeText {
		text = strings.ToValidUTF8(text[:maxByeText], "")
	}
	return appendFrame(b, frameBye, append([]byte{byte(code)}, text...))
}

func decodeBye(body []byte) (byeCode, string, error) {
	if len(body) < 1 || len(body) > 1+maxByeText {
		return 0, "", fmt.Errorf("%w: bye of %d bytes, want 1 to %d", errFrame, len(body), 1+maxByeText)
	}
	return byeCode(body[0]), cleanName(string(body[1:])), nil
}

func appendBeat(b []byte, v beat) []byte {
	b = append(b, byte(frameBeat), 0, 24)
	b = binary.BigEndian.AppendUint64(b, v.Clock)
	b = binary.BigEndian.AppendUint64(b, v.Echo)
	return binary.BigEndian.AppendUint64(b, v.Held)
}

func decodeBeat(body []byte) (beat, error) {
	if len(body) != 24 {
		return beat{}, fmt.Errorf("%w: beat of %d bytes, want 24", errFrame, len(body))
	}
	return beat{
		Clock: binary.BigEndian.Uint64(body),
		Echo:  binary.BigEndian.Uint64(body[8:]),
		Held:  binary.BigEndian.Uint64(body[16:]),
	}, nil
}

func appendAck(b []byte, a ack) []byte {
	b = append(b, byte(frameAck), 0, 17, byte(a.class))
	b = binary.BigEndian.AppendUint64(b, a.received)
	return binary.BigEndian.AppendUint64(b, a.limit)
}

func decodeAck(body []byte) (ack, error) {
	if len(body) != 17 || body[0] >= classes {
		return ack{}, fmt.Errorf("%w: ack of %d bytes, want 17 that begin with a class below %d", errFrame, len(body), classes)
	}
	a := ack{class: int(body[0]), received: binary.BigEndian.Uint64(body[1:]), limit: binary.BigEndian.Uint64(body[9:])}
	if a.received >= 1<<62 || a.limit >= 1<<62 {
		return ack{}, fmt.Errorf("%w: ack of place %d, limit %d: beyond 2^62", errFrame, a.received, a.limit)
	}
	return a, nil
}

func appendData(b []byte, class int, offset uint64, data []byte) []byte {
	n := dataHeader + len(data)
	b = append(b, byte(frameData), byte(n>>8), byte(n), byte(class))
	b = binary.BigEndian.AppendUint64(b, offset)
	return append(b, data...)
}

func decodeData(body []byte) (class int, offset uint64, data []byte, err error) {
	if len(body) <= dataHeader || len(body) > dataHeader+maxChunk || body[0] >= classes {
		return 0, 0, nil, fmt.Errorf("%w: data of %d bytes, want %d to %d that begin with a class below %d", errFrame, len(body), dataHeader+1, dataHeader+maxChunk, classes)
	}
	offset = binary.BigEndian.Uint64(body[1:])
	if offset >= 1<<62 {
		return 0, 0, nil, fmt.Errorf("%w: data at place %d: beyond 2^62", errFrame, offset)
	}
	return int(body[0]), offset, body[dataHeader:], nil
}

// maxAddresses is how many addresses of a peer are told and kept.
const maxAddresses = 8

func packAddress(a netip.AddrPort) []byte {
	return binary.BigEndian.AppendUint16(a.Addr().Unmap().AsSlice(), a.Port())
}

// unpackAddress refuses what nobody can be reached at. An address without a
// zone only: a zone means something on the sender's side only.
func unpackAddress(b []byte) (netip.AddrPort, bool) {
	if len(b) != 6 && len(b) != 18 {
		return netip.AddrPort{}, false
	}
	ip, _ := netip.AddrFromSlice(b[:len(b)-2])
	a := netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(b[len(b)-2:]))
	return a, usable(a)
}

// usable: an address that a peer can be at.
func usable(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.IsValid() && a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// cleanName leaves what can be shown of a text from a peer, at most 200 bytes.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	for len(s) > maxByeText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

package web

import (
	"encoding/binary"
	"image"
	"slices"
	"sync"

	"tandem/hmi/display"
)

// Codings of a rectangle's pixels.
const (
	CodingRaw uint8 = 0 // B, G, R
	CodingQOI uint8 = 1
)

// codec makes frame messages, one at a time, and remembers the last one:
// viewers that keep up want the same.
type codec struct {
	mu      sync.Mutex // before the Server's
	stage   []byte     // pixels of the message, copied out of the picture
	message []byte
	version uint64 // of the picture in message
	rects   []image.Rectangle
	size    image.Point
}

func newCodec(size image.Point) codec {
	return codec{size: size}
}

// frame appends the message that brings v up to date to buf, and takes v's
// damage; nil when there is none.
func (s *Server) frame(v *viewer, buf []byte) []byte {
	c := &s.codec
	c.mu.Lock()
	defer c.mu.Unlock()
	s.mu.Lock()
	if v.pending.Empty() {
		s.mu.Unlock()
		return nil
	}
	rects := v.pending.Rects()
	if c.message != nil && c.version == s.version && slices.Equal(c.rects, rects) {
		v.pending.Clear()
		s.mu.Unlock()
		return append(buf, c.message...)
	}
	c.version = s.version
	c.rects = append(c.rects[:0], rects...)
	n := v.pending.Pixels() * 4
	c.stage = slices.Grow(c.stage[:0], n)[:n]
	at := 0
	for _, r := range c.rects {
		display.CopyRect(c.stage[at:], 4*r.Dx(), image.Point{}, s.pix, 4*c.size.X, r)
		at += 4 * r.Dx() * r.Dy()
	}
	v.pending.Clear()
	s.mu.Unlock()
	c.encode()
	return append(buf, c.message...)
}

// encode makes the message from the stage.
func (c *codec) encode() {
	le := binary.LittleEndian
	b := append(c.message[:0], byte(OpFrame), 0, 0, 0, 0)
	b = le.AppendUint16(b, uint16(len(c.rects)))
	at := 0
	for _, r := range c.rects {
		n := 4 * r.Dx() * r.Dy()
		for _, v := range [...]int{r.Min.X, r.Min.Y, r.Dx(), r.Dy()} {
			b = le.AppendUint16(b, uint16(v))
		}
		b = append(b, CodingQOI, 0, 0, 0, 0)
		start := len(b)
		pix := c.stage[at : at+n]
		b = AppendQOI(b, pix)
		if len(b)-start > n/4*3 {
			b[start-5] = CodingRaw
			b = appendRaw(b[:start], pix)
		}
		le.PutUint32(b[start-4:], uint32(len(b)-start))
		at += n
	}
	c.message = b
}

func appendRaw(b, pix []byte) []byte {
	for i := 0; i < len(pix); i += 4 {
		b = append(b, pix[i], pix[i+1], pix[i+2])
	}
	return b
}

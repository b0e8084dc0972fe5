package web_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"testing"

	"tandem/hmi/display/web"
	"tandem/hmi/input"
)

// FuzzMessage reads any bytes as records: no panic, and what is a record is
// the same when it is written again.
func FuzzMessage(f *testing.F) {
	for _, r := range []web.Record{
		{Op: web.OpAck, Seq: 7}, {Op: web.OpTouch, Kind: 2, Contact: 9, X: 1, Y: 65535}, {Op: web.OpWheel, X: 1, Y: 2, DX: -3, DY: 4},
		{Op: web.OpKey, Down: true, Text: "Return"}, {Op: web.OpText, Text: "é"}, {Op: web.OpRotate, Steps: -1},
	} {
		f.Add(r.Append(r.Append(nil)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			r, rest, err := web.ParseRecord(b)
			if err != nil {
				return
			}
			if again := r.Append(nil); !bytes.Equal(again, b[:len(b)-len(rest)]) {
				t.Fatalf("%+v: read from % x, written as % x", r, b[:len(b)-len(rest)], again)
			}
			b = rest
		}
	})
}

// randomRecord is any record that is well formed.
func randomRecord(rng *rand.Rand) web.Record {
	u := rng.Uint64()
	switch rng.IntN(12) {
	case 0:
		return web.Record{Op: web.OpWheel, X: uint16(u), Y: uint16(u >> 16), DX: int16(u >> 32), DY: int16(u >> 48)}
	case 1:
		return web.Record{Op: web.OpKey, Down: u&1 == 0, Text: string(rune('A' + u>>8%40))}
	case 2:
		return web.Record{Op: web.OpText, Text: string(rune('a' + u%500))}
	case 3:
		return web.Record{Op: web.OpRotate, Steps: int8(u)}
	default:
		return web.Record{Op: web.OpTouch, Kind: uint8(u & 3), Contact: uint8(u >> 8 % 10), X: uint16(u >> 16), Y: uint16(u >> 32)}
	}
}

// TestHundredThousandTouches sends 10^5 random records and wants every touch
// to be paired, all let go of at the end, and the viewer to be there still.
func TestHundredThousandTouches(t *testing.T) {
	s := start(t, web.Config{MessageRate: 1 << 20})
	s.present(t, newPainter(s.Size()).fill(image.Rect(0, 0, 320, 180), 7))
	v := s.dial(t)
	v.frame()
	v.ack()
	rng := rand.New(rand.NewPCG(3, 4))
	var batch []web.Record
	for i := range 100_000 {
		batch = append(batch, randomRecord(rng))
		if rng.IntN(5) == 0 || i == 99_999 {
			v.send(batch...)
			batch = batch[:0]
		}
	}
	v.send(web.Record{Op: web.OpKey, Down: true, Text: "last"})
	eventuallyLast(t, s, "last")
	s.present(t, newPainter(s.Size()).fill(image.Rect(0, 0, 1, 1), 9))
	if v.frame(); v.seq != 2 {
		t.Errorf("after 10^5 records: got frame %d, want 2", v.seq)
	}
	v.conn.CloseNow()
	eventually(t, "the viewer to go", func() bool { return s.Viewers() == 0 })
	down, keys := map[int]bool{}, map[string]bool{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, ev := range s.events {
		switch ev.Kind {
		case input.TouchDown:
			if down[ev.Contact] {
				t.Fatalf("event %d: finger %d is down twice", i, ev.Contact)
			}
			down[ev.Contact] = true
		case input.TouchMove, input.TouchUp, input.TouchCancel:
			if !down[ev.Contact] {
				t.Fatalf("event %d: %v of finger %d, which is not down", i, ev.Kind, ev.Contact)
			}
			down[ev.Contact] = ev.Kind == input.TouchMove
		case input.KeyDown:
			keys[ev.Key] = true
		case input.KeyUp:
			keys[ev.Key] = false
		}
	}
	for c, on := range down {
		if on {
			t.Errorf("finger %d stays", c)
		}
	}
	for k, on := range keys {
		if on {
			t.Errorf("key %s stays", k)
		}
	}
	if len(s.events) < 40_000 {
		t.Errorf("got %d events of 10^5 records", len(s.events))
	}
}

func eventuallyLast(t *testing.T, s *stand, key string) {
	t.Helper()
	eventually(t, "the last record", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.events) > 0 && s.events[len(s.events)-1].Key == key
	})
}

// FuzzQOI reads any bytes as pixels and any pixels as bytes.
func FuzzQOI(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 1, 2, 3, 9, 2, 2, 3, 0, 200, 100, 0, 0})
	f.Add(bytes.Repeat([]byte{0, 0, 0, 0}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		web.DecodeQOI(make([]byte, 4*64), b) // must not panic
		pix := b[:len(b)/4*4]
		code := web.AppendQOI(nil, pix)
		got := make([]byte, len(pix))
		if err := web.DecodeQOI(got, code); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(pix); i += 4 {
			if w, g := binary.LittleEndian.Uint32(pix[i:])|0xff000000, binary.LittleEndian.Uint32(got[i:]); w != g {
				t.Fatalf("pixel %d: got %08x, want %08x", i/4, g, w)
			}
		}
	})
}

// TestQOIVector checks the chunks against ones worked out by hand from the
// specification.
func TestQOIVector(t *testing.T) {
	pix := []byte{
		0, 0, 0, 9, 0, 0, 0, 0, // black twice: a run of 2
		1, 0, 255, 0, // b+1, g+0, r-1 (wraps): diff
		21, 20, 19, 0, // dg 20, dr-dg 20-... from 255 to 19 is +20, db 20: luma 20, 0, 0
		200, 10, 99, 0, // far: rgb
		1, 0, 255, 0, // seen: index (255*3+0*5+1*7+255*11)%64
	}
	want := []byte{0xc1, 0x40 | 1<<4 | 2<<2 | 3, 0x80 | 52, 0x88, 0xfe, 99, 10, 200, (255*3 + 7 + 255*11) % 64}
	if got := web.AppendQOI(nil, pix); !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
}

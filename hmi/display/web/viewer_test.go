package web_test

import (
	"context"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tandem/hmi/display"
	"tandem/hmi/display/web"
	"tandem/hmi/input"
)

// eventually waits until ok says so.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range 30000 {
		if ok() {
			return
		}
		<-tick.C
	}
	t.Fatalf("waited a minute for %s", what)
}

// TestViewersLeaveMidFrame has pages come and go while frames are under way.
func TestViewersLeaveMidFrame(t *testing.T) {
	s := start(t, web.Config{Viewers: 4})
	p := newPainter(s.Size())
	rng := rand.New(rand.NewPCG(5, 6))
	for range len(p.Pix) / 8 { // hard to compress: frames of many kilobytes
		p.Pix[rng.IntN(len(p.Pix))] = byte(rng.Uint32())
	}
	for i := range 40 {
		v := s.dial(t)
		s.present(t, p.fill(image.Rect(0, i, 320, 180), rng.Uint32()))
		if i%3 == 0 {
			v.frame()
		}
		if i%2 == 0 {
			v.send(web.Record{Op: web.OpTouch, Contact: 1, X: 5, Y: 5})
		}
		s.present(t, p.fill(image.Rect(0, 0, 320, 180), rng.Uint32()))
		v.conn.CloseNow()
		eventually(t, "the viewer to go", func() bool { return s.Viewers() == 0 })
	}
	downs := 0
	for _, ev := range s.wait(t, 0) {
		switch ev.Kind {
		case input.TouchDown:
			downs++
		case input.TouchCancel, input.TouchUp:
			downs--
		}
	}
	if downs != 0 {
		t.Errorf("%d fingers stay after all viewers have left", downs)
	}
}

func TestTooManyViewers(t *testing.T) {
	s := start(t, web.Config{Viewers: 2})
	a := s.dial(t)
	s.dial(t)
	if _, err := s.tryDial(t); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("third viewer of two: got %v, want 503", err)
	}
	a.conn.CloseNow()
	eventually(t, "room", func() bool { return s.Viewers() < 2 })
	s.dial(t)
}

// TestEndOfRun checks that a viewer is told that the display ends, and that a
// viewer that does not listen does not hold the end up.
func TestEndOfRun(t *testing.T) {
	s, err := web.New(web.Config{Listen: "127.0.0.1:0", Size: image.Pt(320, 180)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, func(input.Event) {}) }()
	st := &stand{Server: s, url: s.URL()}
	v := st.dial(t)
	st.dial(t) // never reads again
	cancel()
	if ce := v.closed(); ce.Code != websocket.StatusGoingAway {
		t.Errorf("the viewer was told %v, want going away", ce.Code)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Run has not ended after 5 s")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Present(newPainter(image.Pt(320, 180)).Frame); err == nil {
		t.Error("Present after Close: got no error")
	}
}

// TestAliveWithoutFrames checks that an idle display says that it lives.
func TestAliveWithoutFrames(t *testing.T) {
	s := start(t, web.Config{})
	v := s.dial(t)
	v.frame()
	v.ack()
	if b := v.read(); len(b) != 1 || b[0] != byte(web.OpAlive) {
		t.Errorf("an idle display said % x, want alive", b)
	}
}

// TestSilence checks that only a viewer that acks nothing is given up: not one
// that has been a frame behind for minutes and then stalls for some seconds.
func TestSilence(t *testing.T) {
	const frame = time.Second / 60
	var quiet web.Silence
	now, sent := time.Now(), uint32(0)
	for range 10 * 60 * 60 {
		now, sent = now.Add(frame), sent+1
		if got := web.Look(&quiet, now, sent, sent-1); got > frame {
			t.Fatalf("frame %d, always one behind: got %v of silence", sent, got)
		}
	}
	sent++
	for _, wait := range []time.Duration{time.Second, 14 * time.Second, 20 * time.Second} {
		if got := web.Look(&quiet, now.Add(wait), sent, sent-2); got != wait {
			t.Errorf("%v after the last ack: got %v", wait, got)
		}
	}
	if got := web.Look(&quiet, now.Add(time.Hour), sent, sent); got != 0 {
		t.Errorf("nothing owed: got %v", got)
	}
}

// TestFlood checks that a viewer that says too much is heard no faster than it
// may speak, and not thrown out.
func TestFlood(t *testing.T) {
	s := start(t, web.Config{MessageRate: 400})
	v, from := s.dial(t), time.Now()
	for range 600 { // a second's worth at once, and half a second more
		v.send(web.Record{Op: web.OpRotate, Steps: 1})
	}
	s.wait(t, 600)
	if took := time.Since(from); took < 450*time.Millisecond {
		t.Errorf("600 messages at 400 a second were heard in %v", took)
	}
}

// TestCompositorToPage goes the whole way: layer, compositor, page and back.
func TestCompositorToPage(t *testing.T) {
	size := image.Pt(320, 180)
	s, err := web.New(web.Config{Listen: "127.0.0.1:0", Size: size})
	if err != nil {
		t.Fatal(err)
	}
	c, err := display.NewCompositor(display.Config{Outputs: []display.Output{s}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- c.Run(ctx) }()
	go func() { done <- s.Run(ctx, c.Input) }()
	l, p := c.Layer(display.UI), newPainter(size)
	if err := l.Present(p.fill(image.Rect(0, 0, 320, 180), 0x123456)); err != nil {
		t.Fatal(err)
	}
	v := (&stand{Server: s, url: s.URL()}).dial(t)
	eventually(t, "the layer's picture", func() bool {
		v.frame()
		v.ack()
		return binary.LittleEndian.Uint32(v.pix)&0xffffff == 0x123456
	})
	v.send(web.Record{Op: web.OpTouch, X: 32768, Y: 32768})
	if ev := <-l.Events(); ev.Kind != input.TouchDown || ev.X < 0.49 || ev.X > 0.51 {
		t.Errorf("touch: got %+v", ev)
	}
	cancel()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkEncode measures what a frame of 1280x720 costs, beside a copy of it.
func BenchmarkEncode(b *testing.B) {
	pix := make([]byte, 4*1280*720)
	ui(pix, 1280, 720)
	for name, r := range map[string]image.Rectangle{
		"full": image.Rect(0, 0, 1280, 720), "gauge": image.Rect(400, 150, 568, 317), "digits": image.Rect(100, 100, 180, 140),
	} {
		b.Run(name, func(b *testing.B) {
			part := make([]byte, 4*r.Dx()*r.Dy())
			display.CopyRect(part, 4*r.Dx(), image.Point{}, pix, 4*1280, r)
			buf, plain := make([]byte, 0, len(part)+16), make([]byte, len(part))
			var enc, cp time.Duration
			for b.Loop() {
				t0 := time.Now()
				buf = web.AppendQOI(buf[:0], part)
				t1 := time.Now()
				copy(plain, part)
				enc, cp = enc+t1.Sub(t0), cp+time.Since(t1)
			}
			b.ReportMetric(float64(len(buf)), "bytes")
			b.ReportMetric(float64(len(buf))*8/float64(r.Dx()*r.Dy()), "bits/pixel")
			b.ReportMetric(float64(enc)/float64(cp), "encode/copy")
		})
	}
}

// ui paints something like a dashboard: plain areas, a gradient, a round edge.
func ui(pix []byte, w, h int) {
	for y := range h {
		for x := range w {
			c := uint32(0x0b0f14)
			switch dx, dy := x-480, y-240; {
			case y < 48:
				c = 0x171d26
			case y > h-104:
				c = 0x212936 + uint32(x*16/w)*0x010101
			case dx*dx+dy*dy < 110*110 && dx*dx+dy*dy > 90*90:
				c = uint32(0x4f+(dx*dx+dy*dy)/200)<<16 | 0xc3ff
			case x > 900 && (x/8+y/12)%7 == 0:
				c = 0xf2f5f8 - uint32(x%8)*0x101010
			}
			binary.LittleEndian.PutUint32(pix[4*(y*w+x):], c)
		}
	}
}

package web_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"tandem/hmi/display"
	"tandem/hmi/display/web"
	"tandem/hmi/input"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// stand is a running server, and what was touched on it.
type stand struct {
	*web.Server
	url string

	mu     sync.Mutex
	events []input.Event
	fresh  chan struct{}
}

// start runs a server on a free loopback port until the test ends.
func start(t testing.TB, cfg web.Config) *stand {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Size == (image.Point{}) {
		cfg.Size = image.Pt(320, 180)
	}
	s, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	st := &stand{Server: s, url: s.URL(), fresh: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, st.note) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	if r, err := http.Get(s.URL()); err != nil { // an answer, whichever: Run is running
		t.Fatal(err)
	} else {
		_ = r.Body.Close()
	}
	return st
}

func (s *stand) note(ev input.Event) {
	s.mu.Lock()
	s.events = append(s.events, ev)
	s.mu.Unlock()
	select {
	case s.fresh <- struct{}{}:
	default:
	}
}

// wait returns the events once there are n.
func (s *stand) wait(t testing.TB, n int) []input.Event {
	t.Helper()
	late := time.After(time.Minute)
	for {
		s.mu.Lock()
		evs := append([]input.Event(nil), s.events...)
		s.mu.Unlock()
		if len(evs) >= n {
			return evs
		}
		select {
		case <-s.fresh:
		case <-late:
			t.Fatalf("got %d events, want %d: %v", len(evs), n, evs)
		}
	}
}

// viewer is a page written in Go.
type viewer struct {
	t    testing.TB
	conn *websocket.Conn
	size image.Point
	pix  []byte
	seq  uint32
}

func (s *stand) dial(t testing.TB) *viewer {
	t.Helper()
	v, err := s.tryDial(t)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *stand) tryDial(t testing.TB) (*viewer, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Origin": {"http://" + u.Host}}
	conn, _, err := websocket.Dial(ctx, "ws://"+u.Host+"/socket", &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(64 << 20)
	v := &viewer{t: t, conn: conn}
	b := v.read()
	if len(b) != 6 || b[0] != byte(web.OpHello) || b[1] != web.Version {
		t.Fatalf("hello: got % x", b)
	}
	v.size = image.Pt(int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint16(b[4:])))
	v.pix = make([]byte, 4*v.size.X*v.size.Y)
	return v, nil
}

func (v *viewer) read() []byte {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, b, err := v.conn.Read(ctx)
	if err != nil {
		v.t.Fatalf("read from the display: %v", err)
	}
	return b
}

// frame waits for the next frame, draws it and returns its rectangles.
func (v *viewer) frame() []image.Rectangle {
	v.t.Helper()
	for {
		b := v.read()
		if b[0] == byte(web.OpAlive) {
			continue
		}
		v.seq = binary.LittleEndian.Uint32(b[1:])
		rects, err := draw(v.pix, v.size, b)
		if err != nil {
			v.t.Fatal(err)
		}
		return rects
	}
}

// draw paints a frame message.
func draw(pix []byte, size image.Point, b []byte) ([]image.Rectangle, error) {
	le := binary.LittleEndian
	if b[0] != byte(web.OpFrame) {
		return nil, fmt.Errorf("message %d where a frame should be", b[0])
	}
	n, b := int(le.Uint16(b[5:])), b[7:]
	var rects []image.Rectangle
	for range n {
		x, y, w, h := int(le.Uint16(b)), int(le.Uint16(b[2:])), int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))
		coding, length := b[8], int(le.Uint32(b[9:]))
		data := b[13 : 13+length]
		b = b[13+length:]
		part := make([]byte, 4*w*h)
		if coding == web.CodingQOI {
			if err := web.DecodeQOI(part, data); err != nil {
				return nil, err
			}
		} else {
			for i := range w * h {
				copy(part[4*i:], data[3*i:3*i+3])
			}
		}
		display.CopyRect(pix, 4*size.X, image.Pt(x, y), part, 4*w, image.Rect(0, 0, w, h))
		rects = append(rects, image.Rect(x, y, x+w, y+h))
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("%d bytes behind the frame", len(b))
	}
	return rects, nil
}

func (v *viewer) ack() { v.send(web.Record{Op: web.OpAck, Seq: v.seq}) }

func (v *viewer) send(rs ...web.Record) {
	v.t.Helper()
	var b []byte
	for _, r := range rs {
		b = r.Append(b)
	}
	v.sendBytes(b)
}

func (v *viewer) sendBytes(b []byte) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := v.conn.Write(ctx, websocket.MessageBinary, b); err != nil {
		v.t.Fatalf("send to the display: %v", err)
	}
}

// closed waits for the display to close the connection and returns its reason.
func (v *viewer) closed() websocket.CloseError {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		if _, _, err := v.conn.Read(ctx); err != nil {
			var ce websocket.CloseError
			if !errors.As(err, &ce) {
				v.t.Fatalf("the display did not say why it closed: %v", err)
			}
			return ce
		}
	}
}

func (v *viewer) want(what string, at image.Point, c uint32) {
	v.t.Helper()
	if got := binary.LittleEndian.Uint32(v.pix[4*(at.Y*v.size.X+at.X):]) & 0xffffff; got != c {
		v.t.Errorf("%s: pixel %v: got %06x, want %06x", what, at, got, c)
	}
}

// painter makes frames of one picture.
type painter struct {
	display.Frame
}

func newPainter(size image.Point) *painter {
	return &painter{display.Frame{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Size: size}}
}

func (p *painter) fill(r image.Rectangle, c uint32) display.Frame {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			binary.LittleEndian.PutUint32(p.Pix[y*p.Stride+4*x:], c)
		}
	}
	p.Damage = []image.Rectangle{r}
	return p.Frame
}

func (s *stand) present(t testing.TB, f display.Frame) {
	t.Helper()
	if err := s.Present(f); err != nil {
		t.Fatal(err)
	}
}

func TestFramesAndTouches(t *testing.T) {
	s := start(t, web.Config{})
	p := newPainter(s.Size())
	s.present(t, p.fill(image.Rect(0, 0, 320, 180), 0x102030))
	v := s.dial(t)
	if r := v.frame(); len(r) != 1 || r[0] != image.Rect(0, 0, 320, 180) {
		t.Errorf("first frame: got %v, want the whole picture", r)
	}
	v.want("first frame", image.Pt(319, 179), 0x102030)
	v.ack()
	s.present(t, p.fill(image.Rect(10, 20, 60, 50), 0xff8000))
	if r := v.frame(); len(r) != 1 || r[0] != image.Rect(10, 20, 60, 50) {
		t.Errorf("second frame: got %v, want only the damage", r)
	}
	v.want("damage", image.Pt(59, 49), 0xff8000)
	v.want("beside it", image.Pt(60, 49), 0x102030)
	v.ack()

	v.send(web.Record{Op: web.OpTouch, Kind: 0, Contact: 1, X: 32768, Y: 16384},
		web.Record{Op: web.OpTouch, Kind: 1, Contact: 1, X: 65535, Y: 0},
		web.Record{Op: web.OpTouch, Kind: 2, Contact: 1, X: 65535, Y: 65535},
		web.Record{Op: web.OpWheel, X: 0, Y: 65535, DX: -3, DY: 40},
		web.Record{Op: web.OpKey, Down: true, Text: "Return"},
		web.Record{Op: web.OpKey, Text: "Return"},
		web.Record{Op: web.OpText, Text: "é"},
		web.Record{Op: web.OpRotate, Steps: -2})
	want := []string{
		"down 0 0.50 0.25", "move 0 1.00 0.00", "up 0 1.00 1.00", "scroll 0.00 1.00 -3 40",
		"keydown Return", "keyup Return", "rune é", "rotate -2",
	}
	for i, ev := range s.wait(t, len(want)) {
		if got := describe(ev); got != want[i] {
			t.Errorf("event %d: got %s, want %s", i, got, want[i])
		}
		if d := time.Since(ev.Time); d < 0 || d > time.Minute {
			t.Errorf("event %d happened %v ago", i, d)
		}
	}
}

func describe(ev input.Event) string {
	switch ev.Kind {
	case input.Scroll:
		return fmt.Sprintf("scroll %.2f %.2f %.0f %.0f", ev.X, ev.Y, ev.DX, ev.DY)
	case input.KeyDown, input.KeyUp:
		return fmt.Sprint(ev.Kind, " ", ev.Key)
	case input.Rune:
		return "rune " + string(ev.Rune)
	case input.Rotate:
		return fmt.Sprint("rotate ", ev.Steps)
	default:
		return fmt.Sprintf("%v %d %.2f %.2f", ev.Kind, ev.Contact, ev.X, ev.Y)
	}
}

// TestSlowViewer checks that a viewer that does not ack gets two frames, then
// all that it missed as one, while another one sees every frame.
func TestSlowViewer(t *testing.T) {
	s := start(t, web.Config{})
	p := newPainter(s.Size())
	s.present(t, p.fill(image.Rect(0, 0, 320, 180), 0x111111))
	slow, quick := s.dial(t), s.dial(t)
	slow.frame()
	quick.frame()
	quick.ack()
	for i := range 20 {
		s.present(t, p.fill(image.Rect(i*10, 0, i*10+10, 10), uint32(0xff0000+i)))
		if r := quick.frame(); len(r) != 1 || r[0].Min.X != i*10 {
			t.Fatalf("quick viewer, frame %d: got %v", i, r)
		}
		quick.ack()
		if i == 0 {
			slow.frame() // the second of the window
		}
	}
	slow.ack()
	slow.frame()
	slow.ack()
	if slow.seq != 3 {
		t.Errorf("slow viewer: got %d frames, want 3", slow.seq)
	}
	for i := range 20 {
		slow.want("slow viewer in the end", image.Pt(i*10+5, 5), uint32(0xff0000+i))
	}
}

func TestSecondViewerHasItsOwnFingers(t *testing.T) {
	s := start(t, web.Config{})
	a, b := s.dial(t), s.dial(t)
	down := web.Record{Op: web.OpTouch, Kind: 0, Contact: 0, X: 100, Y: 100}
	a.send(down)
	s.wait(t, 1)
	b.send(down, web.Record{Op: web.OpKey, Down: true, Text: "A"})
	evs := s.wait(t, 3)
	if evs[0].Contact == evs[1].Contact {
		t.Errorf("two viewers touch as contact %d", evs[0].Contact)
	}
	b.conn.CloseNow() // it holds a finger and a key
	evs = s.wait(t, 5)[3:]
	if got := describe(evs[0]); !strings.HasPrefix(got, "cancel 1") {
		t.Errorf("after the viewer left: got %s, want its touch cancelled", got)
	}
	if got := describe(evs[1]); got != "keyup A" {
		t.Errorf("after the viewer left: got %s, want its key up", got)
	}
}

func TestMalformedMessagesCloseThatViewer(t *testing.T) {
	s := start(t, web.Config{})
	s.present(t, newPainter(s.Size()).fill(image.Rect(0, 0, 320, 180), 1))
	good := s.dial(t)
	good.frame()
	good.ack() // it owes nothing, however long this takes
	for name, b := range map[string][]byte{
		"unknown record 99":    {99},
		"record is cut off":    {byte(web.OpTouch), 0},
		"touch of kind 7":      {byte(web.OpTouch), 7, 0, 0, 0, 0, 0},
		"by finger 10":         {byte(web.OpTouch), 0, 10, 0, 0, 0, 0},
		"ack of frame 4000":    web.Record{Op: web.OpAck, Seq: 4000}.Append(nil),
		"text is not UTF-8":    {byte(web.OpText), 1, 0xff},
		"neither up nor down":  {byte(web.OpKey), 2, 1, 'a'},
		"text of 0 bytes":      {byte(web.OpText), 0},
		"text of 33 bytes":     append([]byte{byte(web.OpKey), 1, 33}, make([]byte, 33)...),
		"cut off":              {byte(web.OpText), 5, 'a'},
		"cut off, key":         {byte(web.OpKey), 1, 200, 'a'},
		"unknown record 1":     {1},
		"text of 0 bytes, key": {byte(web.OpKey), 0, 0},
	} {
		v := s.dial(t)
		v.sendBytes(b)
		name, _, _ = strings.Cut(name, ",")
		if ce := v.closed(); ce.Code != websocket.StatusInvalidFramePayloadData || !strings.Contains(ce.Reason, name) {
			t.Errorf("%s: closed with %v %q", name, ce.Code, ce.Reason)
		}
	}
	v := s.dial(t)
	v.sendBytes(make([]byte, 5000))
	if ce := v.closed(); ce.Code != websocket.StatusMessageTooBig {
		t.Errorf("a message of 5000 bytes: closed with %v", ce.Code)
	}
	v = s.dial(t)
	if err := v.conn.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if ce := v.closed(); !strings.Contains(ce.Reason, "binary") {
		t.Errorf("a text message: closed with %q", ce.Reason)
	}
	good.send(web.Record{Op: web.OpRotate, Steps: 1})
	s.wait(t, 1) // the good viewer is still heard
}

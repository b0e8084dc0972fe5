//go:build linux

package remote_test

import (
	"errors"
	"image"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/hmi/display"
	"tandem/hmi/display/remote"
)

// TestProducerDies checks that the layer keeps its picture and is marked, and
// that a new producer takes over.
func TestProducerDies(t *testing.T) {
	s, sock := newScreen(t), filepath.Join(t.TempDir(), "display.sock")
	s.serve(t, sock)
	l, die := connect(t, sock, display.UI)
	present(t, l, fill(frame(size), image.Rect(0, 0, 320, 180), 0x334455))
	s.shows(t, "picture", 5, 5, 0x334455)
	die()
	eventually(t, "mark", s.Layer(display.UI).IsGone)
	s.shows(t, "strip", 5, 2, 0xffb300)
	s.shows(t, "old picture", 5, 100, 0x334455)
	l, _ = connect(t, sock, display.UI)
	present(t, l, fill(frame(size), image.Rect(0, 0, 320, 180), 0x556677))
	s.shows(t, "new producer", 5, 2, 0x556677)
	if s.Layer(display.UI).IsGone() {
		t.Error("the layer is marked with a producer that lives")
	}
}

// TestDisplayRestarts checks that a producer gives its last picture, its place
// and what it painted meanwhile to a display that comes back.
func TestDisplayRestarts(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "display.sock")
	first := newScreen(t)
	stop := first.serve(t, sock)
	l, _ := connect(t, sock, display.Video)
	l.Place(image.Rect(100, 0, 140, 40))
	f := frame(image.Pt(40, 40))
	present(t, l, fill(f, image.Rect(0, 0, 40, 40), 0x334455))
	first.shows(t, "picture", 100, 0, 0x334455)
	stop()
	present(t, l, fill(f, image.Rect(0, 0, 10, 10), 0x990099))
	second := newScreen(t)
	second.serve(t, sock)
	second.shows(t, "what was painted without a display", 100, 0, 0x990099)
	second.shows(t, "last picture", 139, 39, 0x334455)
	second.shows(t, "beside it", 99, 0, 0)
	present(t, l, fill(f, image.Rect(0, 0, 40, 40), 0x00ff00))
	second.shows(t, "goes on", 120, 20, 0x00ff00)
}

func TestSecondProducerTakesOver(t *testing.T) {
	s, sock := newScreen(t), filepath.Join(t.TempDir(), "display.sock")
	s.serve(t, sock)
	old, err := remote.NewLayer(remote.Config{Socket: sock, Layer: display.UI})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- old.Run(t.Context()) }()
	if _, err := old.Size(t.Context()); err != nil {
		t.Fatal(err)
	}
	painting := make(chan struct{})
	go func() { // the first one paints all the time
		defer close(painting)
		for f := frame(size); len(ended) == 0; {
			err := old.Present(fill(f, image.Rect(0, 0, 320, 180), 0x111111))
			if errors.Is(err, os.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
			}
		}
	}()
	l, _ := connect(t, sock, display.UI)
	<-painting
	if err := <-ended; !errors.Is(err, remote.ErrReplaced) {
		t.Errorf("the first producer ended with %v, want ErrReplaced", err)
	}
	present(t, l, fill(frame(size), image.Rect(0, 0, 320, 180), 0x556677))
	s.shows(t, "second producer", 5, 2, 0x556677)
	if s.Layer(display.UI).IsGone() {
		t.Error("the layer is marked, although its second producer lives")
	}
}

// raw is a peer that does not keep to the protocol.
func raw(t *testing.T, sock string) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: sock, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

func memfd(t *testing.T, n int64, seals int) int {
	t.Helper()
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Ftruncate(fd, n); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		t.Fatal(err)
	}
	return fd
}

// TestPeersAreNotTrusted says wrong things and wants to be thrown out, with the
// reason, while the display goes on.
func TestPeersAreNotTrusted(t *testing.T) {
	s, sock := newScreen(t), filepath.Join(t.TempDir(), "display.sock")
	s.serve(t, sock)
	plain, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	hello := []byte{1, remote.Version, byte(display.Video)}
	type message struct {
		b  []byte
		fd int
	}
	cases := map[string]struct {
		say  []message
		want string
	}{
		"another version":       {[]message{{[]byte{1, 9, 0}, 0}}, "version 9"},
		"no such layer":         {[]message{{[]byte{1, 1, 4}, 0}}, "no layer"},
		"frame first":           {[]message{{[]byte{3, 0}, 0}}, "malformed"},
		"frame without memory":  {[]message{{hello, 0}, {[]byte{3, 0}, 0}}, "frame before its memory"},
		"memory without a file": {[]message{{hello, 0}, {[]byte{2, 10, 0, 10, 0}, 0}}, "without memory"},
		"memory not sealed":     {[]message{{hello, 0}, {[]byte{2, 10, 0, 10, 0}, memfd(t, 400, unix.F_SEAL_GROW)}}, "not sealed"},
		"memory too small":      {[]message{{hello, 0}, {[]byte{2, 10, 0, 10, 0}, memfd(t, 399, unix.F_SEAL_SHRINK)}}, "399 bytes"},
		"a plain file":          {[]message{{hello, 0}, {[]byte{2, 10, 0, 10, 0}, int(plain.Fd())}}, "not sealed"},
		"no size":               {[]message{{hello, 0}, {[]byte{2, 0, 0, 10, 0}, memfd(t, 400, unix.F_SEAL_SHRINK)}}, "picture of 0x10"},
		"huge":                  {[]message{{hello, 0}, {[]byte{2, 255, 255, 255, 255}, 0}}, "picture of 65535x65535"},
		"too many rectangles":   {[]message{{hello, 0}, {append([]byte{3, 33}, make([]byte, 33*8)...), 0}}, "malformed"},
		"rectangles missing":    {[]message{{hello, 0}, {[]byte{3, 2, 0, 0}, 0}}, "malformed"},
		"a far place":           {[]message{{hello, 0}, {append([]byte{4}, 255, 255, 255, 127, 0, 0, 0, 0, 255, 255, 255, 127, 1, 0, 0, 0), 0}}, "place"},
		"show 7":                {[]message{{hello, 0}, {[]byte{5, 7}, 0}}, "malformed"},
		"long":                  {[]message{{hello, 0}, {make([]byte, 2000), 0}}, "malformed"},
		"hello again":           {[]message{{hello, 0}, {hello, 0}}, "malformed"},
	}
	for name, c := range cases {
		conn := raw(t, sock)
		for _, m := range c.say {
			var oob []byte
			if m.fd != 0 {
				oob = unix.UnixRights(m.fd)
			}
			if _, _, err := conn.WriteMsgUnix(m.b, oob, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if got := refusal(conn); !strings.Contains(got, c.want) {
			t.Errorf("%s: refused with %q, want %q", name, got, c.want)
		}
		conn.Close()
	}
	l, _ := connect(t, sock, display.Video)
	f := frame(image.Pt(40, 40))
	present(t, l, fill(f, image.Rect(0, 0, 40, 40), 0x334455))
	s.shows(t, "the display after all that", 39, 39, 0x334455)
}

// refusal reads until the display says why it ends the connection.
func refusal(c *net.UnixConn) string {
	buf := make([]byte, 512)
	for {
		n, err := c.Read(buf)
		if err != nil || n == 0 {
			return "nothing"
		}
		if buf[0] == 19 {
			return string(buf[2:n])
		}
	}
}

// TestDamageBeyondThePicture checks that a frame's rectangles are cut to the picture.
func TestDamageBeyondThePicture(t *testing.T) {
	s, sock := newScreen(t), filepath.Join(t.TempDir(), "display.sock")
	s.serve(t, sock)
	c := raw(t, sock)
	fd := memfd(t, 400, unix.F_SEAL_SHRINK)
	if _, err := unix.Pwrite(fd, []byte{1, 2, 3, 0}, 0); err != nil {
		t.Fatal(err)
	}
	write := func(b []byte, oob []byte) {
		t.Helper()
		if _, _, err := c.WriteMsgUnix(b, oob, nil); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte{1, remote.Version, byte(display.UI)}, nil)
	write([]byte{2, 10, 0, 10, 0}, unix.UnixRights(fd))
	for range 2 {
		write([]byte{3, 1, 0, 0, 0, 0, 255, 255, 255, 255}, nil)
	}
	s.shows(t, "pixel", 0, 0, 0x030201)
	if s.Layer(display.UI).IsGone() {
		t.Error("the producer was thrown out")
	}
}

func TestBusySocket(t *testing.T) {
	s, sock := newScreen(t), filepath.Join(t.TempDir(), "display.sock")
	s.serve(t, sock)
	srv, err := remote.NewServer(remote.ServerConfig{Socket: sock, Compositor: s.Compositor})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(); err == nil || !strings.Contains(err.Error(), "another display") || !strings.Contains(err.Error(), sock) {
		t.Errorf("a second display on one socket: got %v", err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "display.sock")
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: sock, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close() // a display that died
	s := newScreen(t)
	s.serve(t, sock)
	connect(t, sock, display.UI)
}

// TestFrameUnderWay asks for the next flip while the display still reads the
// frame before. A frame that came on its beat has that beat, and the next one
// comes after; a frame that came early replaces the one that waited for the
// beat, which stays the next. The display is one that says when.
func TestFrameUnderWay(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "display.sock")
	lis, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: sock, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	l, err := remote.NewLayer(remote.Config{Socket: sock, Layer: display.UI})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, l.Run)
	c, err := lis.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	write := func(b []byte) {
		t.Helper()
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte{16, remote.Version, 64, 1, 180, 0}) // 320x180
	if _, err := l.Size(t.Context()); err != nil {
		t.Fatal(err)
	}
	const period = time.Second
	f := fill(frame(image.Pt(10, 10)), image.Rect(0, 0, 10, 10), 1)
	for _, tt := range []struct {
		name string
		due  time.Duration // the beat of the frame under way, from its presentation
		more time.Duration // from that beat to the next flip
	}{
		{"a beat that has passed", 0, period}, {"a beat far away", time.Minute, 0},
	} {
		present(t, l, f)
		next := time.Now().Add(tt.due)
		write(remote.Done(next, period))
		eventually(t, "the display's word", func() bool { return !l.Busy() })
		present(t, l, f) // and this one the display reads for ever
		// To a millisecond: the beat has been written by another clock.
		if got, want := l.NextFlip(next), next.Add(tt.more); got.Sub(want).Abs() > time.Millisecond {
			t.Errorf("%s: the next flip is %v after it, want %v", tt.name, got.Sub(next), tt.more)
		}
		write(remote.Done(next, period))
		eventually(t, "the display's word", func() bool { return !l.Busy() })
	}
	stop()
}

// BenchmarkPresent compares handing over a gauge's damage (28 k pixels of
// 1280x720) to a layer in this process and in another one.
func BenchmarkPresent(b *testing.B) {
	out := display.NewPNG(b.TempDir(), image.Pt(1280, 720))
	c, err := display.NewCompositor(display.Config{Outputs: []display.Output{out}})
	if err != nil {
		b.Fatal(err)
	}
	sock := filepath.Join(b.TempDir(), "display.sock")
	srv, err := remote.NewServer(remote.ServerConfig{Socket: sock, Compositor: c})
	if err != nil {
		b.Fatal(err)
	}
	run(b, srv.Run)
	l, err := remote.NewLayer(remote.Config{Socket: sock, Layer: display.UI})
	if err != nil {
		b.Fatal(err)
	}
	run(b, l.Run)
	if _, err := l.Size(b.Context()); err != nil {
		b.Fatal(err)
	}
	f := frame(image.Pt(1280, 720))
	present(b, c.Layer(display.UI), *f)
	f.Damage = []image.Rectangle{image.Rect(500, 200, 668, 367)}
	b.ReportAllocs()
	var near, far time.Duration
	for b.Loop() {
		start := time.Now()
		present(b, c.Layer(display.UI), *f)
		mid := time.Now()
		present(b, l, *f)
		near, far = near+mid.Sub(start), far+time.Since(mid)
	}
	b.ReportMetric(float64(far)/float64(near), "remote/in-process")
	b.ReportMetric(float64(near.Nanoseconds())/float64(b.N), "ns/in-process")
	b.ReportMetric(float64(far.Nanoseconds())/float64(b.N), "ns/remote")
}

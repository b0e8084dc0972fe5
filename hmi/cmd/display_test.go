package cmd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/hmi/cmd"
	"tandem/hmi/display"
	"tandem/hmi/display/remote"
	"tandem/hmi/input"
)

// shown is a running display command: a finger taps its middle left again and
// again, and what it shows is saved again and again.
type shown struct {
	t   *testing.T
	ctx context.Context
	dir string
}

// show runs the display until the test ends.
func show(t *testing.T, size string) *shown {
	t.Helper()
	s := &shown{t: t, dir: t.TempDir()}
	var script strings.Builder
	for i := range 1000 { // far longer than any machine needs
		fmt.Fprintf(&script, "%d.1 tap 0.25 0.5\n%[1]d.2 shot now\n%[1]d.5 shot now\n%[1]d.8 shot now\n", i)
	}
	file := filepath.Join(s.dir, "script")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	s.ctx = ctx
	c := cmd.DisplayCommand()
	c.SetArgs([]string{"--run", s.dir, "--display", "png", "--png", s.dir, "--size", size, "--script", file})
	ended := make(chan error, 1)
	go func() {
		defer end() // whoever waits for a picture waits in vain
		ended <- c.ExecuteContext(ctx)
	}()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the display ended with %v", err)
		}
	})
	return s
}

// shows waits for pixels, which are "X,Y" and RRGGBB, all in one picture.
func (s *shown) shows(what string, want map[image.Point]uint32) image.Image {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var missing string
	for {
		if m := s.picture("now.png"); m != nil {
			if missing = differences(m, want); missing == "" {
				return m
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("waited in vain for %s: %s", what, missing)
		}
	}
}

// differences says where the picture is not as wanted.
func differences(m image.Image, want map[image.Point]uint32) string {
	var all []string
	for at, c := range want {
		r, g, b, _ := m.At(at.X, at.Y).RGBA()
		if got := r>>8<<16 | g>>8<<8 | b>>8; got != c {
			all = append(all, fmt.Sprintf("got %06x at %v, want %06x", got, at, c))
		}
	}
	return strings.Join(all, ", ")
}

// picture is one that was saved; nil: not yet.
func (s *shown) picture(name string) image.Image {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// producer paints a layer from outside.
type producer struct {
	t *testing.T
	*remote.Layer
	f    display.Frame
	stop func() // ends it, as when its process dies
}

func (s *shown) producer(kind display.LayerKind, size image.Point) *producer {
	s.t.Helper()
	l, err := remote.NewLayer(remote.Config{Socket: filepath.Join(s.dir, "display.sock"), Layer: kind})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Run(ctx) // the display may end before it
	}()
	stop := func() { cancel(); <-done }
	s.t.Cleanup(stop)
	if _, err := l.Size(ctx); err != nil {
		s.t.Fatal(err)
	}
	f := display.Frame{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Size: size}
	return &producer{s.t, l, f, stop}
}

// fill paints r in one colour.
func (p *producer) fill(r image.Rectangle, c uint32) {
	p.t.Helper()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			binary.LittleEndian.PutUint32(p.f.Pix[y*p.f.Stride+4*x:], c)
		}
	}
	p.f.Damage = []image.Rectangle{r}
	if err := p.Present(p.f); err != nil {
		p.t.Fatal(err)
	}
}

// touch waits for a finger and tells where it is, in pixels.
func (p *producer) touch(ctx context.Context) image.Point {
	p.t.Helper()
	for {
		select {
		case ev := <-p.Events():
			if ev.Kind == input.TouchDown {
				return image.Pt(int(ev.X*float32(p.f.Size.X)), int(ev.Y*float32(p.f.Size.Y)))
			}
		case <-ctx.Done():
			p.t.Fatal("no touch came before the display ended")
		}
	}
}

// TestDisplayCommand paints a layer from outside and touches it by a script
// that saves what is seen.
func TestDisplayCommand(t *testing.T) {
	s := show(t, "320x180")
	shell := s.producer(display.UI, image.Pt(320, 180))
	shell.fill(image.Rect(0, 0, 320, 180), 0x0000ff)
	at := image.Pt(80, 90)
	m := s.shows("the layer", map[image.Point]uint32{at: 0x0000ff, {319, 179}: 0x0000ff})
	if got := m.Bounds(); got != image.Rect(0, 0, 320, 180) {
		t.Errorf("picture: got %v, want 320x180", got)
	}
	if got := shell.touch(s.ctx); got != at {
		t.Errorf("touched at %v, want %v", got, at)
	}
	shell.fill(image.Rect(75, 85, 85, 95), 0xff0000)
	s.shows("what follows the touch", map[image.Point]uint32{at: 0xff0000, {90, 90}: 0x0000ff})
}

// TestDisplayEndsWithItsScript: a picture that is wanted at once is waited for.
func TestDisplayEndsWithItsScript(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("0 shot only\n0.01 end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := cmd.DisplayCommand()
	c.SetArgs([]string{"--run", dir, "--display", "png", "--png", dir, "--size", "320x180", "--script", script})
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &shown{t: t, dir: dir}
	if m := s.picture("only.png"); m == nil || m.Bounds() != image.Rect(0, 0, 320, 180) {
		t.Errorf("got %v, want a picture of 320x180", m)
	}
}

// TestTelltalesOutliveTheShell ends the process that paints the UI, as far as
// the display can tell: its picture stays with a strip over it that says so,
// and the lamps of the other producer still change.
func TestTelltalesOutliveTheShell(t *testing.T) {
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	s := show(t, "640x360")
	shell := s.producer(display.UI, image.Pt(640, 360))
	shell.fill(image.Rect(0, 0, 640, 360), 0x0000ff)
	lamps := s.producer(display.Telltales, image.Pt(40, 20))
	lamps.Place(image.Rect(600, 0, 640, 20))
	lamps.fill(image.Rect(0, 0, 40, 20), 0x00ff00)
	corner, screens, lamp := image.Pt(2, 2), image.Pt(10, 300), image.Pt(620, 5)
	s.shows("both", map[image.Point]uint32{corner: 0x0000ff, screens: 0x0000ff, lamp: 0x00ff00})
	shell.stop()
	s.shows("the strip over the old screens, and the lamps", map[image.Point]uint32{corner: 0xffb300, screens: 0x0000ff, lamp: 0x00ff00})
	lamps.fill(image.Rect(0, 0, 40, 20), 0xff0000)
	alone := s.shows("other lamps", map[image.Point]uint32{corner: 0xffb300, screens: 0x0000ff, lamp: 0xff0000})
	strip, ink := image.Rect(0, 0, 600, 24), 0
	for y := strip.Min.Y; y < strip.Max.Y; y++ {
		for x := strip.Min.X; x < strip.Max.X; x++ {
			if r, _, _, _ := alone.At(x, y).RGBA(); r>>8 < 0x60 {
				ink++
			}
		}
	}
	if ink < 100 {
		t.Errorf("strip: %d dark pixels, want some words", ink)
	}
}

func TestNoticesInTheLanguageOfTheUser(t *testing.T) {
	for _, c := range []struct{ all, messages, lang, want string }{
		{"", "", "de_AT.UTF-8", "Anzeige startet neu"}, {"", "fr_FR", "de_DE", "L'affichage redémarre"}, {"es_ES.UTF-8", "fr", "de", "La pantalla se reinicia"},
		{"", "", "", "Screens are restarting"}, {"C.UTF-8", "", "de", "Screens are restarting"}, {"", "", "tlh", "Screens are restarting"},
	} {
		env := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		if got := cmd.Notices(cmd.Language(func(n string) string { return env[n] }))[display.UI]; got != c.want {
			t.Errorf("%v: got %q, want %q", env, got, c.want)
		}
	}
}

func TestDisplayCommandErrors(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("1 jump"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"no folder":     {nil, []string{`"run" not set`}},
		"busy port":     {[]string{"--run", dir, "--listen", busy.Addr().String()}, []string{busy.Addr().String(), "--listen"}},
		"no port":       {[]string{"--run", dir, "--listen", "here"}, []string{`"here"`, "HOST:PORT"}},
		"no panel":      {[]string{"--run", dir, "--display", "kms", "--card", "/dev/dri/card77"}, []string{"/dev/dri/card77", "--display web"}},
		"no display":    {[]string{"--run", dir, "--display", "x11"}, []string{`"x11"`, "web, kms or png"}},
		"no size":       {[]string{"--run", dir, "--size", "big"}, []string{`"big"`, "1280x720"}},
		"no script":     {[]string{"--run", dir, "--display", "png", "--script", "/no/such"}, []string{"/no/such"}},
		"broken script": {[]string{"--run", dir, "--display", "png", "--script", bad}, []string{bad + ":1", "jump"}},
	} {
		d := cmd.DisplayCommand()
		d.SetArgs(append([]string{}, c.args...)) // nil would be those of the test binary
		d.SetOut(io.Discard)
		d.SetErr(&bytes.Buffer{})
		err := d.ExecuteContext(t.Context())
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s in it", name, err, want)
			}
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]image.Point{
		"1280x720": {X: 1280, Y: 720}, "1x1": {X: 1, Y: 1}, "8192x8192": {X: 8192, Y: 8192},
		"": {}, "1280": {}, "x720": {}, "1280x": {}, "1280x720x": {}, "0x5": {}, "-1x5": {}, "9000x10": {}, "1280 x 720": {}, "1280x720 ": {},
	} {
		got, err := cmd.ParseSize(s)
		if got != want || (err == nil) != (want != image.Point{}) {
			t.Errorf("%q: got %v, %v; want %v", s, got, err, want)
		}
	}
}

func TestContactsOfSeveralSources(t *testing.T) {
	var got []string
	pass := cmd.Contacts(func(ev input.Event) { got = append(got, fmt.Sprint(ev.Kind, " ", ev.Contact)) })
	const down, move, up, cancel = input.TouchDown, input.TouchMove, input.TouchUp, input.TouchCancel
	for _, e := range []struct {
		source  int
		kind    input.Kind
		contact int
	}{
		{0, down, 16}, {1, down, 16}, {1, move, 16}, {0, up, 16}, {0, move, 16}, {0, up, 16}, // the end of 0/16 is final
		{2, down, 3}, {1, down, 16}, {1, cancel, 16}, {2, move, 3}, {0, input.Rotate, 0},
	} {
		pass(e.source, input.Event{Kind: e.kind, Contact: e.contact})
	}
	want := "down 0, down 1, move 1, up 0, down 0, down 1, cancel 1, move 0, rotate 0"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
}

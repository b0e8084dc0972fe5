package cmd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"io"
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

// TestDisplayCommand paints a layer from outside and touches it by a script
// that saves what is seen.
func TestDisplayCommand(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("0.3 shot before\n0.5 tap 0.25 0.5\n0.8 shot after\n1 end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go paint(ctx, t, filepath.Join(dir, "display.sock"))
	c := cmd.DisplayCommand()
	c.SetArgs([]string{"--run", dir, "--display", "png", "--png", dir, "--size", "320x180", "--script", script})
	if err := c.ExecuteContext(ctx); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{"before.png": 0x0000ff, "after.png": 0xff0000} {
		m := picture(t, filepath.Join(dir, name))
		if r, g, b, _ := m.At(80, 90).RGBA(); m.Bounds().Dx() != 320 || r>>8<<16|g>>8<<8|b>>8 != want {
			t.Errorf("%s: got %v at the touched place of %v, want %06x", name, m.At(80, 90), m.Bounds(), want)
		}
	}
}

// paint is a shell: blue, and red where it was touched.
func paint(ctx context.Context, t *testing.T, sock string) {
	l, err := remote.NewLayer(remote.Config{Socket: sock, Layer: display.UI})
	if err != nil {
		t.Error(err)
		return
	}
	go l.Run(ctx)
	size, err := l.Size(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	f := display.Frame{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Size: size}
	fill := func(r image.Rectangle, c uint32) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				binary.LittleEndian.PutUint32(f.Pix[y*f.Stride+4*x:], c)
			}
		}
		f.Damage = []image.Rectangle{r}
		if err := l.Present(f); err != nil {
			t.Error(err)
		}
	}
	fill(image.Rectangle{Max: size}, 0x0000ff)
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-l.Events():
			if ev.Kind == input.TouchDown {
				x, y := int(ev.X*float32(size.X)), int(ev.Y*float32(size.Y))
				fill(image.Rect(x-5, y-5, x+5, y+5), 0xff0000)
			}
		}
	}
}

// TestTelltalesOutliveTheShell ends the process that paints the UI, as far as
// the display can tell: its picture stays with a strip over it that says so,
// and the lamps of the other producer still change.
func TestTelltalesOutliveTheShell(t *testing.T) {
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("0.3 shot both\n0.5 tap 0.5 0.5\n2 shot alone\n2.1 end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go lampsAndShell(ctx, t, filepath.Join(dir, "display.sock"))
	c := cmd.DisplayCommand()
	c.SetArgs([]string{"--run", dir, "--display", "png", "--png", dir, "--size", "640x360", "--script", script})
	if err := c.ExecuteContext(ctx); err != nil {
		t.Fatal(err)
	}
	both, alone := picture(t, filepath.Join(dir, "both.png")), picture(t, filepath.Join(dir, "alone.png"))
	strip, ink := image.Rect(0, 0, 600, 24), 0
	for y := strip.Min.Y; y < strip.Max.Y; y++ {
		for x := strip.Min.X; x < strip.Max.X; x++ {
			if r, _, _, _ := alone.At(x, y).RGBA(); r>>8 < 0x60 {
				ink++
			}
		}
	}
	for _, w := range []struct {
		what string
		m    image.Image
		at   image.Point
		want uint32
	}{
		{"screens", both, image.Pt(2, 2), 0x0000ff}, {"lamps", both, image.Pt(620, 5), 0x00ff00},
		{"strip", alone, image.Pt(2, 2), 0xffb300}, {"old screens", alone, image.Pt(10, 300), 0x0000ff}, {"lamps after it", alone, image.Pt(620, 5), 0xff0000},
	} {
		if r, g, b, _ := w.m.At(w.at.X, w.at.Y).RGBA(); r>>8<<16|g>>8<<8|b>>8 != w.want {
			t.Errorf("%s: got %v at %v, want %06x", w.what, w.m.At(w.at.X, w.at.Y), w.at, w.want)
		}
	}
	if ink < 100 {
		t.Errorf("strip: %d dark pixels, want some words", ink)
	}
}

// lampsAndShell are two producers: the shell goes when it is touched, and the
// lamps turn from green to red a moment after the strip has come.
func lampsAndShell(ctx context.Context, t *testing.T, sock string) {
	one := func(kind display.LayerKind, size image.Point, colour uint32) (*remote.Layer, func(uint32), func()) {
		ctx, stop := context.WithCancel(ctx)
		l, err := remote.NewLayer(remote.Config{Socket: sock, Layer: kind})
		if err != nil {
			t.Error(err)
		}
		go l.Run(ctx)
		if _, err := l.Size(ctx); err != nil {
			t.Error(err)
		}
		f := display.Frame{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Size: size, Damage: []image.Rectangle{{Max: size}}}
		show := func(c uint32) {
			for i := 0; i < len(f.Pix); i += 4 {
				binary.LittleEndian.PutUint32(f.Pix[i:], c)
			}
			if err := l.Present(f); err != nil {
				t.Error(err)
			}
		}
		show(colour)
		return l, show, stop
	}
	ui, _, stop := one(display.UI, image.Pt(640, 360), 0x0000ff)
	lamps, show, _ := one(display.Telltales, image.Pt(40, 20), 0x00ff00)
	lamps.Place(image.Rect(600, 0, 640, 20))
	select {
	case <-ctx.Done():
		return
	case <-ui.Events():
	}
	stop()
	select {
	case <-ctx.Done():
	case <-time.After(1200 * time.Millisecond):
		show(0xff0000)
	}
}

func picture(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
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
		d.SetArgs(c.args)
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

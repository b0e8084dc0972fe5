package canlog_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"tandem/canbus"
	"tandem/canbus/canlog"
)

// everyKind is one frame of each kind that a log holds.
var everyKind = []string{
	"123#DEADBEEF", "7FF#", "000#0102030405060708", "18DAF110#1122", "00000001#",
	"123#R", "123#R5", "18DAF110#R8", "20000004#0004000000000000",
	"123##01122", "123##1112233445566778899AABBCC", "18DAF110##3", "456##2" + strings.Repeat("A5", 64),
}

func frames(t testing.TB) []canbus.Frame {
	t.Helper()
	fs := make([]canbus.Frame, len(everyKind))
	for i, s := range everyKind {
		f, err := canlog.ParseFrame(s)
		if err != nil {
			t.Fatal(err)
		}
		f.Time = 1436509052249713000 + int64(i)*1001000
		fs[i] = f
	}
	return fs
}

func writeLog(t testing.TB, cfg canlog.WriterConfig, fs ...canbus.Frame) string {
	t.Helper()
	var b strings.Builder
	w := canlog.NewWriter(&b, cfg)
	for _, f := range fs {
		if err := w.Write("", &f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriter(t *testing.T) {
	f := canbus.Frame{Time: 1436509052249713999, ID: 0x44, Len: 2, Data: [64]byte{0x2A, 0x36}, Flags: canbus.Sent}
	for _, c := range []struct {
		cfg  canlog.WriterConfig
		want string
	}{
		{canlog.WriterConfig{}, "(1436509052.249713) can0 044#2A36\n"},
		{canlog.WriterConfig{Interface: "vcan1"}, "(1436509052.249713) vcan1 044#2A36\n"},
		{canlog.WriterConfig{Directions: true}, "(1436509052.249713) can0 044#2A36 T\n"},
		{canlog.WriterConfig{Nanoseconds: true}, "(1436509052.249713999) can0 044#2A36\n"},
	} {
		if got := writeLog(t, c.cfg, f); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	f.Time, f.Flags = 1000, 0
	if got, want := writeLog(t, canlog.WriterConfig{Directions: true}, f), "(0000000000.000001) can0 044#2A36 R\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriterRoundTrip(t *testing.T) {
	text := writeLog(t, canlog.WriterConfig{Interface: "vcan0"}, frames(t)...)
	r := newReader(t, text)
	for i, want := range frames(t) {
		var f canbus.Frame
		iface, err := r.Next(&f)
		if err != nil || iface != "vcan0" || f != want {
			t.Errorf("got %s %+v, %v; want frame %s", iface, f, err, everyKind[i])
		}
	}
}

func TestWriterErrors(t *testing.T) {
	var b bytes.Buffer
	w := canlog.NewWriter(&b, canlog.WriterConfig{})
	for name, err := range map[string]error{
		"frame":       w.Write("can0", &canbus.Frame{ID: 0x800}),
		"time":        w.Write("can0", &canbus.Frame{Time: -1}),
		"space":       w.Write("my can", &canbus.Frame{}),
		"hash":        w.Write("can#", &canbus.Frame{}),
		"end of line": w.Write("can\n", &canbus.Frame{}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "write log: ") {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
	if err := w.Flush(); err != nil || b.Len() != 0 {
		t.Errorf("got %q, %v; want that nothing was written", b.String(), err)
	}
	full := canlog.NewWriter(fullDisk{}, canlog.WriterConfig{})
	if err := full.Write("can0", &canbus.Frame{}); err != nil {
		t.Errorf("got %v while there is room in the buffer", err)
	}
	if err := full.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v, want %v", err, io.ErrShortWrite)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestParseFrame(t *testing.T) {
	for _, s := range everyKind {
		f, err := canlog.ParseFrame(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if got := string(canlog.AppendFrame(nil, &f)); got != s {
			t.Errorf("got %s, want %s", got, s)
		}
	}
	for _, s := range []string{"", "123", "#", "123#1", "800#", "xyz#", "can0 123#11"} {
		if f, err := canlog.ParseFrame(s); err == nil {
			t.Errorf("%q: got %+v, want an error", s, f)
		}
	}
}

func TestAllocations(t *testing.T) {
	fs := frames(t)
	w := canlog.NewWriter(io.Discard, canlog.WriterConfig{Directions: true})
	if got := testing.AllocsPerRun(500, func() {
		for i := range fs {
			if err := w.Write("vcan0", &fs[i]); err != nil {
				t.Fatal(err)
			}
		}
	}); got != 0 {
		t.Errorf("writer: got %v allocations per %d frames, want 0", got, len(fs))
	}
	for name, text := range map[string]string{"log": dumpLog, "console": dumpExtra, "dates": dumpDate, "deltas": dumpDelta, "colours": dumpColour} {
		r := newReader(t, strings.Repeat(text, 1000))
		var f canbus.Frame
		if got := testing.AllocsPerRun(2000, func() {
			if _, err := r.Next(&f); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("reader, %s: got %v allocations per frame, want 0", name, got)
		}
	}
}

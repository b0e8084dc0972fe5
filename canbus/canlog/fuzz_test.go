package canlog_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"tandem/canbus"
	"tandem/canbus/canlog"
)

// FuzzReader reads anything: no panic, an end, and whatever was read is valid
// and the same after it was written as a log and read again.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{dumpLog, dumpExtra, dumpDate, dumpDelta, dumpZero, dumpColour,
		"(1.5) can0 123#1122334455667788_E R\n  can0  123   {E}  11 22 33 44 55 66 77 88\n",
		"(1.0) can0 123#1\n(1.0 can0\n\x1b[\n(2015-01-01 00:00:00) x 1#\n[[[\n {\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := canlog.NewReader("fuzz.log", bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		w := canlog.NewWriter(&again, canlog.WriterConfig{Directions: true, Nanoseconds: true})
		var frames []canbus.Frame
		for calls := 0; ; calls++ {
			if calls > len(b)+1 {
				t.Fatalf("no end after %d calls on %d bytes", calls, len(b))
			}
			var v canbus.Frame
			iface, err := r.Next(&v)
			var broken *canlog.ParseError
			if errors.Is(err, io.EOF) {
				break
			}
			if errors.As(err, &broken) {
				if broken.Line < 1 || broken.Col < 1 || broken.Message == "" {
					t.Fatalf("an error without its place: %+v", broken)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Validate(); err != nil {
				t.Fatalf("line %d: read a frame that is not valid: %v", r.Line(), err)
			}
			if w.Write(iface, &v) == nil {
				frames = append(frames, v)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r, err = canlog.NewReader("again.log", &again)
		if err != nil {
			t.Fatal(err)
		}
		r.Times = canlog.Plain
		for _, want := range frames {
			var v canbus.Frame
			if _, err := r.Next(&v); err != nil || v != want {
				t.Fatalf("got %+v, %v; want %+v", v, err, want)
			}
		}
	})
}

package canlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tandem/canbus"
	"tandem/canbus/canlog"
)

// show is a frame in one form for all dialects: the log line without its time.
func show(iface string, f canbus.Frame) string {
	s := iface + " " + string(canlog.AppendFrame(nil, &f))
	if f.Flags&canbus.Sent != 0 {
		s += " T"
	}
	return s
}

// read reads a whole log; broken lines stand in it as their errors.
func read(t testing.TB, r *canlog.Reader) (lines []string, times []int64) {
	t.Helper()
	for {
		f := canbus.Frame{Data: [64]byte{63: 0xEE}} // all of it must be overwritten
		iface, err := r.Next(&f)
		var broken *canlog.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return lines, times
		case errors.As(err, &broken):
			lines = append(lines, broken.Error())
			continue
		case err != nil:
			t.Fatal(err)
		}
		if f.Data[63] == 0xEE {
			t.Errorf("line %d: the frame's data was not cleared", r.Line())
		}
		lines = append(lines, show(iface, f))
		times = append(times, f.Time)
	}
}

func newReader(t testing.TB, text string) *canlog.Reader {
	t.Helper()
	r, err := canlog.NewReader("x.log", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func equalLines(t testing.TB, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("line %d: got\n  %s\nwant\n  %s", i+1, g, w)
		}
	}
}

func TestReaderLog(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"(1436509052.249713) vcan0 044#2A366C2BBA", "vcan0 044#2A366C2BBA"},
		{"(1436509052.249713)  can0 044#", "can0 044#"},
		{"(1436509052.249713) can0 044#2a366c", "can0 044#2A366C"},
		{"(1436509052.249713) can0 044#2A.36.6C", "can0 044#2A366C"},
		{"(1436509052.249713) can0 18DAF110#01", "can0 18DAF110#01"},
		{"(1436509052.249713) can0 00000001#01", "can0 00000001#01"},
		{"(1436509052.249713) can0 123#R", "can0 123#R"},
		{"(1436509052.249713) can0 123#r8", "can0 123#R8"},
		{"(1436509052.249713) can0 123#R8_E", "can0 123#R8"},
		{"(1436509052.249713) can0 123#1122334455667788_9", "can0 123#1122334455667788"},
		{"(1436509052.249713) can0 123#1122334455667788_F R", "can0 123#1122334455667788"},
		{"(1436509052.249713) can0 123##0", "can0 123##0"},
		{"(1436509052.249713) can0 123##1112233", "can0 123##1112233"},
		{"(1436509052.249713) can0 123##711", "can0 123##311"},
		{"(1436509052.249713) can0 123##3.11.22", "can0 123##31122"},
		{"(1436509052.249713) can0 123##0" + strings.Repeat("AB", 9), "can0 123##0" + strings.Repeat("AB", 9) + "000000"},
		{"(1436509052.249713) can0 123##0" + strings.Repeat("AB", 64), "can0 123##0" + strings.Repeat("AB", 64)},
		{"(1436509052.249713) can0 20000004#0004000000000000", "can0 20000004#0004000000000000"},
		{"(1436509052.249713) can0 044#11 R", "can0 044#11"},
		{"(1436509052.249713) can0 044#11 T", "can0 044#11 T"},
		{"(1436509052.249713) can0 18DAF110##3AA T ", "can0 18DAF110##3AA T"},
		{"(1436509052.249713) 044#11", " 044#11"},
		{"044#11", " 044#11"},
		{"can0 044#11", "can0 044#11"},
		{"(1436509052.249713) can0 1F334#11", "can0 0001F334#11"},
		{"(1436509052.249713) can0 7#11", "can0 007#11"},
		{"(1436509052.249713)\tcan0\t044#11\r", "can0 044#11"},
		{"\ufeff(1436509052.249713) can0 044#11", "can0 044#11"},
	} {
		got, _ := read(t, newReader(t, c.line+"\n"))
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestReaderTimes(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for _, c := range []struct {
		stamp string
		want  int64
	}{
		{"(1436509052.249713)", 1436509052249713000},
		{"(1436509052.249713123)", 1436509052249713123},
		{"(1436509052.5)", 1436509052500000000},
		{"(1436509052)", 1436509052000000000},
		{"(0000000166.000001)", 166000001000},
		{"( 12.250000)", 12250000000},
		{"(2015-07-10 08:17:32.249713)", 1436509052249713000},
		{"(2016-02-29 00:00:00.000000)", 1456696800000000000},
	} {
		r := newReader(t, c.stamp+" can0 123#\n")
		r.Zone = zone
		if _, got := read(t, r); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: got %v, want %d", c.stamp, got, c.want)
		}
	}
	r := newReader(t, "(2015-07-10 08:17:32.249713) can0 123#\n")
	if _, got := read(t, r); got[0] != 1436509052249713000+2*3600e9 {
		t.Errorf("got %d without a zone, want UTC", got[0])
	}
}

// TestReaderDeltas tells times from differences, and can be told.
func TestReaderDeltas(t *testing.T) {
	log := func(times ...string) string {
		var b strings.Builder
		for _, at := range times {
			fmt.Fprintf(&b, " (%s)  can0  123   [0] \n", at)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, text string
		times      canlog.Times
		want       []int64 // ms
	}{
		{"deltas", log("000.000000", "000.010000", "000.009000", "000.011000", "000.010000"), 0, []int64{0, 10, 19, 30, 40}},
		{"from zero", log("000.000000", "000.010000", "000.019000", "000.030000"), 0, []int64{0, 10, 19, 30}},
		{"from zero, disorder of two sockets", log("000.000000", "000.010000", "000.009000", "000.011000", "000.012000",
			"000.013000", "000.014000", "000.015000", "000.016000", "000.017000"), 0, []int64{0, 10, 9, 11, 12, 13, 14, 15, 16, 17}},
		{"equal times", log("166.000000", "166.000000", "166.000000", "167.000000"), 0, []int64{166000, 166000, 166000, 167000}},
		{"disorder of two sockets", log("1436509052.000000", "1436509052.002000", "1436509052.001000", "1436509052.003000"), 0,
			[]int64{1436509052000, 1436509052002, 1436509052001, 1436509052003}},
		{"told deltas", log("000.010000", "000.010000", "000.010000"), canlog.Deltas, []int64{10, 20, 30}},
		{"told times", log("000.000000", "000.010000", "000.009000", "000.011000", "000.010000"), canlog.Plain, []int64{0, 10, 9, 11, 10}},
	} {
		r := newReader(t, c.text)
		r.Times = c.times
		_, got := read(t, r)
		for i := range got {
			got[i] /= 1e6
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReaderErrors(t *testing.T) {
	const good = "(1.000000) can0 123#11\n"
	for _, c := range []struct{ line, want string }{
		{"(1.000000) can0 123#1", "x.log:2:21: expected two hexadecimal digits per byte"},
		{"(1.000000) can0 123#11G", "x.log:2:23: expected data in hexadecimal digits"},
		{"(1.000000) can0 123#112233445566778899", "x.log:2:37: more than 8 bytes in a classic frame; an FD frame has ## and a flags digit"},
		{"(1.000000) can0 123##0" + strings.Repeat("00", 65), "x.log:2:151: more than 64 bytes in an FD frame"},
		{"(1.000000) can0 123##", "x.log:2:22: expected one hexadecimal digit of FD flags after ##"},
		{"(1.000000) can0 123###00", "x.log:2:22: CAN XL frames (###) are not supported; classic is ID#DATA, FD is ID##FLAGS DATA"},
		{"(1.000000) can0 123#R9", "x.log:2:22: a remote frame asks for at most 8 bytes"},
		{"(1.000000) can0 12G#11", "x.log:2:19: expected a hexadecimal digit of the id"},
		{"(1.000000) can0 #11", "x.log:2:17: expected an id of 3 or 8 hexadecimal digits"},
		{"(1.000000) can0 123456789#11", "x.log:2:17: expected an id of 3 or 8 hexadecimal digits"},
		{"(1.000000) can0 800#11", "x.log:2:17: an id of 3 digits is at most 7FF; an extended id has 8 digits"},
		{"(1.000000) can0 80000000#11", "x.log:2:17: an id of 8 digits is at most 1FFFFFFF, or 3FFFFFFF for an error frame"},
		{"(1.000000) can0 123#11_9", "x.log:2:24: a raw length code needs a frame of 8 bytes"},
		{"(1.000000) can0 123#1122334455667788_8", "x.log:2:38: expected a raw length code 9 to F after _"},
		{"(1.000000) can0 123#11 X", "x.log:2:24: expected R, T or nothing behind the frame"},
		{"(1.000000) can0 123#11 T x", "x.log:2:26: unexpected text behind the direction"},
		{"(1.000000) can0 123#Rx", "x.log:2:22: unexpected text behind the frame"},
		{"(1.000000)", "x.log:2:11: the line ends before its frame: expected INTERFACE ID#DATA or INTERFACE ID [LENGTH] DATA, as candump writes it"},
		{"(x) can0 123#11", "x.log:2:2: expected a time in seconds, as in (1436509052.249713)"},
		{"(1.) can0 123#11", "x.log:2:4: expected 1 to 9 digits of a second after the point"},
		{"(1.1 can0 123#11", "x.log:2:6: expected ) after the time"},
		{"(14365090522.0) can0 123#11", "x.log:2:13: a time of more than 10 digits before the point is not in seconds"},
		{"(9999999999.0) can0 123#11", "x.log:2:14: a time after the year 2261"},
		{"(2015-13-10 08:17:32.2) can0 123#11", "x.log:2:21: expected a date, as in (2006-01-02 15:04:05.000000)"},
		{"(1.000000) can0", "x.log:2:12: expected INTERFACE ID#DATA or INTERFACE ID [LENGTH] DATA, as candump writes it"},
		{"  can0  123   [9]  11", "x.log:2:16: a classic frame has at most 8 bytes, an FD frame 64"},
		{"  can0  123   [65]  11", "x.log:2:16: a classic frame has at most 8 bytes, an FD frame 64"},
		{"  can0  123   [x]  11", "x.log:2:16: expected a length, as in [8] or, for FD, [08]"},
		{"  can0  123   {8}  11", "x.log:2:16: expected a raw length code, as in {E}"},
		{"  can0  123   [3]  11 22", "x.log:2:25: expected as many bytes as the length says, two hexadecimal digits each"},
		{"  can0  123   [2]  11 22 33", "x.log:2:26: unexpected text behind the data"},
		{"  can0  123   [1]  1", "x.log:2:20: expected as many bytes as the length says, two hexadecimal digits each"},
		{"  can0  x 123   [1]  11", "x.log:2:9: unexpected word between interface and id: expected INTERFACE ID#DATA or INTERFACE ID [LENGTH] DATA, as candump writes it"},
		{"   [1]  11", "x.log:2:4: no id before the length: expected INTERFACE ID#DATA or INTERFACE ID [LENGTH] DATA, as candump writes it"},
		{"hello", "x.log:2:1: expected INTERFACE ID#DATA or INTERFACE ID [LENGTH] DATA, as candump writes it"},
	} {
		// Between two good lines: both must be read, the second after the error.
		got, _ := read(t, newReader(t, good+c.line+"\n"+good))
		if len(got) != 3 || got[0] != "can0 123#11" || got[2] != got[0] {
			t.Errorf("%s\ngot  %q, want its neighbours too", c.line, got)
			continue
		}
		if got[1] != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got[1], c.want)
		}
	}
}

func TestReaderPassesOverTalk(t *testing.T) {
	got, _ := read(t, newReader(t, "# a comment\n\n   \n  # another\n(1.0) can0 123#11\n"+
		"DROPCOUNT: dropped 3 CAN frames on 'can0' socket (total drops 3)\n"+
		"\terror-counter-tx-rx{{8}{0}}\n\r\n(2.0) can0 124#22"))
	equalLines(t, got, []string{"can0 123#11", "can0 124#22"})
}

func TestReaderLineNumbers(t *testing.T) {
	r := newReader(t, "# a comment\n\n(1.0) can0 123#11\n# b\n(1.0) can0 123#1\n")
	var f canbus.Frame
	if _, err := r.Next(&f); err != nil || r.Line() != 3 {
		t.Errorf("got line %d, %v; want 3", r.Line(), err)
	}
	var broken *canlog.ParseError
	if _, err := r.Next(&f); !errors.As(err, &broken) || broken.Line != 5 || r.Line() != 5 {
		t.Errorf("got line %d, %v; want an error in 5", r.Line(), err)
	}
	for range 2 {
		if _, err := r.Next(&f); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want io.EOF", err)
		}
	}
}

func TestReaderLongLine(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	got, _ := read(t, newReader(t, "(1.0) can0 123#11\n"+long+"\n(2.0) can0 124#22\n"+long))
	want := "line longer than 65536 bytes: not a candump log, or its line ends are lost"
	equalLines(t, got, []string{"can0 123#11", "x.log:2:1: " + want, "can0 124#22", "x.log:4:1: " + want})
}

func TestNewReaderRefuses(t *testing.T) {
	for _, text := range []string{"hello world\nthis is prose\n", "\x00\x01\x02MDF     4.10\n", "a,b,c\n1,2,3\n"} {
		_, err := canlog.NewReader("x.log", strings.NewReader(text))
		var broken *canlog.ParseError
		if err == nil || !strings.HasPrefix(err.Error(), "not a candump log: x.log:1:") || !errors.As(err, &broken) {
			t.Errorf("%q: got %v, want that it is no candump log, and where", text, err)
		}
	}
	for _, text := range []string{"", "\n\n", "# only a comment\n"} {
		r, err := canlog.NewReader("x.log", strings.NewReader(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, _ := read(t, r); len(got) != 0 {
			t.Errorf("%q: got %q, want nothing", text, got)
		}
	}
}

func TestReaderReadError(t *testing.T) {
	broken := errors.New("disk gone")
	if _, err := canlog.NewReader("x.log", iotest.ErrReader(broken)); err != nil {
		t.Fatalf("got %v, want the error at the first Next", err)
	}
	r, err := canlog.NewReader("x.log", io.MultiReader(strings.NewReader("(1.0) can0 123#11\n"), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	var f canbus.Frame
	if _, err := r.Next(&f); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Next(&f); !errors.Is(err, broken) || !strings.Contains(err.Error(), "read x.log after line 1") {
			t.Errorf("got %v, want %v with its place", err, broken)
		}
	}
}

// TestReaderAnyBlocks reads through readers that give odd pieces.
func TestReaderAnyBlocks(t *testing.T) {
	want, _ := read(t, newReader(t, dumpLog+dumpExtra))
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		r, err := canlog.NewReader("x.log", wrap(strings.NewReader(dumpLog+dumpExtra)))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := read(t, r)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// corpus opens a recording of the corpus.
func corpus(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("TANDEM_CORPUS")
	if dir == "" {
		t.Skip("TANDEM_CORPUS is not set: it names the folder with recordings")
	}
	b, err := os.ReadFile(filepath.Join(dir, "logs", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReaderCorpus reads real recordings and writes them again: the log of
// candump must come out byte for byte.
func TestReaderCorpus(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames int
		first  string
		seconds,
		ifaces int
		padded bool // its times have ten digits, as candump's
	}{
		{"gps-drive-10min.candump.log", 73799, "can1 009#97E4CF400102707F", 600, 2, true},
		{"savvycan-candump.log", 12974, "vcan0 21A#FE3612FE690507AD", 8, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := corpus(t, c.name)
			r, err := canlog.NewReader(c.name, bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			w := canlog.NewWriter(&again, canlog.WriterConfig{})
			n, ifaces := 0, map[string]bool{}
			var f canbus.Frame
			var first, last int64
			for {
				iface, err := r.Next(&f)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Validate(); err != nil {
					t.Fatalf("line %d: %v", r.Line(), err)
				}
				if n == 0 {
					first = f.Time
					if got := show(iface, f); got != c.first {
						t.Errorf("got first frame %s, want %s", got, c.first)
					}
				}
				n, last = n+1, f.Time
				ifaces[iface] = true
				if err := w.Write(iface, &f); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if seconds := int(time.Duration(last - first).Round(time.Second).Seconds()); n != c.frames || len(ifaces) != c.ifaces || seconds != c.seconds {
				t.Errorf("got %d frames on %d interfaces in %d s, want %d, %d and %d", n, len(ifaces), seconds, c.frames, c.ifaces, c.seconds)
			}
			want := b
			if !c.padded {
				want = bytes.ReplaceAll(want, []byte("("), []byte("(0000000"))
			}
			if !bytes.Equal(again.Bytes(), want) {
				t.Error("written again, the log is another")
			}
		})
	}
}

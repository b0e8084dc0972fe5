package cmd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/cmd"
	"tandem/vehicle"
)

// shell runs command lines of `tandem phone` on one node, each as a process of
// its own would.
type shell struct {
	t    *testing.T
	dir  string
	open func(data, name string) (cmd.PhoneNode, error)
}

func newShell(t *testing.T, n cmd.PhoneNode) *shell {
	dir, err := os.MkdirTemp("", "phone") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &shell{t: t, dir: dir, open: func(string, string) (cmd.PhoneNode, error) { return n, nil }}
}

func (s *shell) run(stdin string, args ...string) (stdout, stderr string, err error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	return s.runIn(ctx, stdin, args...)
}

func (s *shell) runIn(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = s.runTo(ctx, stdin, &out, &errs, args...)
	return out.String(), errs.String(), err
}

func (s *shell) runTo(ctx context.Context, stdin string, out, errs io.Writer, args ...string) error {
	c := cmd.PhoneCommand(s.open)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetOut(out)
	c.SetErr(errs)
	c.SetIn(strings.NewReader(stdin))
	c.SetArgs(append([]string{"--data", s.dir, "--run", s.dir, "--name", "Ada's phone"}, args...))
	return c.ExecuteContext(ctx)
}

// listens waits for a companion that was started.
func (s *shell) listens() {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 12000 { // two minutes at least
		if _, err := os.Stat(filepath.Join(s.dir, "phone.sock")); err == nil {
			return
		}
		<-tick.C
	}
	s.t.Fatal("the companion does not listen")
}

// must runs a command line that has to succeed, and returns its output.
func (s *shell) must(args ...string) string {
	s.t.Helper()
	out, errs, err := s.run("", args...)
	if err != nil {
		s.t.Fatalf("tandem phone %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
	return out
}

// wav writes a file of silence of so many seconds.
func wav(t *testing.T, name string, seconds int) string {
	t.Helper()
	const rate = 8000
	data := make([]byte, 2*rate*seconds)
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, uint32(36+len(data)))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, append(b, data...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPhoneErrors are command lines that fail, and the step that each names.
func TestPhoneErrors(t *testing.T) {
	p := newPretend()
	s := newShell(t, p)
	for _, tc := range []struct{ args, want string }{
		{"send music", "tandem phone pair"},
		{"take", "which session"},
		{"play", "expected FILE or URL"},
		{"play /nowhere/song.flac", "no such file"},
		{"play --output alsa x.wav", "prints positions"},
		{"pause", "tandem phone play"},
		{"seek soon", "nothing to play"},
		{"go 95,10", "latitude must be a number from -90 to 90"},
		{"go geo:1,181", "longitude must be a number from -180 to 180"},
		{"page ftp://x/", "as https://example.org/"},
		{"pair", "code on the car's screen"},
		{"pair tandem:used", "open 'Add phone'"},
		{"unpair Nobody", "tandem phone status"},
		{"file /nowhere", "no such file"},
		{"clip", "nothing was copied"},
		{"sesions", `did you mean sessions`},
	} {
		t.Run(tc.args, func(t *testing.T) {
			_, _, err := s.run("", strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

// TestPhoneCommands goes through what a script can do.
func TestPhoneCommands(t *testing.T) {
	p := newPretend()
	s := newShell(t, p)
	expect := func(got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want it to have %q", got, want)
		}
	}
	if _, errs, err := s.run("n\n", "pair", "--code", "10.0.0.1:4040"); err == nil || !strings.Contains(errs, "482 913") {
		t.Errorf("pairing after no: got %v with %q, want an error and the digits", err, errs)
	}
	if _, errs, err := s.run("", "pair", "--code", "10.0.0.1:4040", "--expect", "482914"); err == nil {
		t.Errorf("pairing with other digits: got %q, want an error", errs)
	}
	expect(s.must("pair", "--code", "10.0.0.1:4040", "--expect", "482 913"), "paired with Tandem One")
	expect(s.must("status"), "Tandem One: linked")
	expect(s.must("car", "--json"), `"Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed":64`)
	expect(s.must("car"), "64 %, 287 km, charging, done in 42 min\n")
	expect(s.must("car"), "locked, boot open")
	expect(s.must("car", "temperature", "21.5"), "temperature at the driver's seat 21.5: done")
	for args, want := range map[string]string{
		"car unlock": "unknown wish", "car lock now": "takes no value", "car fan fast": "0 to 100", "car seat 50": "while the car is parked", "car fan 99": "may have happened: no report",
	} {
		if _, _, err := s.run("", strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", args, err, want)
		}
	}

	// Music: the session of a companion that goes on running.
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		_, _, err := s.runIn(ctx, "", "serve")
		served <- err
	}()
	s.listens()
	song, began := wav(t, "song.wav", 30), time.Now()
	expect(s.must("play", song), "song")
	plays := s.must("sessions")
	if took := int(time.Since(began).Seconds()); took == 0 {
		expect(plays, "playing 0:00/0:30")
	} else { // a busy machine
		expect(plays, "playing 0:")
	}
	expect(s.must("__complete", "send", ""), "media song (here)")
	expect(s.must("__complete", "take", ""), ":4") // nothing to take, no files
	expect(s.must("send", "music"), "Tandem One")
	expect(s.must("pause"), "paused")
	expect(s.must("seek", "0:12"), "0:12/0:30")
	expect(s.must("volume", "40%"), "song")
	expect(s.must("back", "song"), "here")
	expect(s.must("resume", "--json"), `"playing":true`)
	var j struct {
		ID       string  `json:"id"`
		Here     bool    `json:"here"`
		Position float64 `json:"position_s"`
	}
	if err := json.Unmarshal([]byte(s.must("sessions", "--json")), &j); err != nil || !j.Here || j.Position < 12 {
		t.Errorf("sessions --json: got %+v, %v, want it here and after 12 s", j, err)
	}
	expect(s.must("go", "52.5251,13.3694", "Berlin Hbf"), "navigation Berlin Hbf: Tandem One")
	expect(s.must("draft", "write", "--to", "Ada", "late"), "draft to Ada: here")
	if _, _, err := s.run("", "draft", "write", "--to", "Bob,Carol", "two"); err != nil {
		t.Error(err)
	}
	if out, _, err := s.run("from a pipe\n", "draft", "edit", "ada", "-"); err != nil || !strings.Contains(out, "to Ada") {
		t.Errorf("draft edit: got %q, %v", out, err)
	}
	expect(s.must("draft", "show", "ada"), "from a pipe")
	expect(s.must("file", song), "song.wav: in Tandem One")
	expect(s.must("file"), "to the car: done")
	if _, errs, err := s.run("y\n", "pair", "--code", "10.0.0.1:4040"); err != nil || !strings.Contains(errs, "482 913") {
		t.Errorf("pairing through the companion: got %v with %q", err, errs)
	}
	attachedCalls(t, s.dir)
	expect(s.must("end", j.ID), "")
	if _, _, err := s.run("", "serve"); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Errorf("a second companion: got %v, want an error", err)
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("serve: got %v, want nil", err)
	}
	if out := s.must("sessions"); strings.Contains(out, "song") {
		t.Errorf("after end: got %q", out)
	}
}

// TestPlayAlone plays a file of a second without a running companion.
func TestPlayAlone(t *testing.T) {
	s := newShell(t, newPretend())
	out := s.must("play", "--json", wav(t, "short.wav", 1))
	var on, off struct {
		Sounding bool    `json:"sounding"`
		Position float64 `json:"position_s"`
		Track    string  `json:"track"`
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if json.Unmarshal([]byte(lines[0]), &on) != nil || json.Unmarshal([]byte(lines[len(lines)-1]), &off) != nil {
		t.Fatalf("got %q", out)
	}
	if !on.Sounding || on.Position > 0.9 || on.Track != "short" || off.Sounding || off.Position < 1 {
		t.Errorf("got %+v to %+v, want sound from 0 to 1 s of short", on, off)
	}
}

func TestPlaceArg(t *testing.T) {
	for _, tc := range []struct {
		args     []string
		lat, lon float64
		name     string
		uri      string
	}{
		{[]string{"52.5251, 13.3694"}, 52.5251, 13.3694, "", "geo:52.5251,13.3694"},
		{[]string{"-33.85,151.2", "Opera"}, -33.85, 151.2, "Opera", "geo:-33.85,151.2"},
		{[]string{"geo:48.8584,2.2945,35;u=10?q=Eiffel+Tower"}, 48.8584, 2.2945, "Eiffel Tower", "geo:48.8584,2.2945"},
		{[]string{"Unter den Linden 1, Berlin"}, 0, 0, "Unter den Linden 1, Berlin", "geo:0,0?q=Unter+den+Linden+1%2C+Berlin"},
	} {
		p, uri, err := cmd.PlaceArg(tc.args)
		if err != nil || p.Latitude != tc.lat || p.Longitude != tc.lon || p.Name != tc.name || uri != tc.uri {
			t.Errorf("%q: got %+v, %q, %v, want %v, %v, %q, %q", tc.args, p, uri, err, tc.lat, tc.lon, tc.name, tc.uri)
		}
	}
	for _, bad := range []string{"geo:", "geo:1", "91,0", "0,181", "1,2,3,4", "geo:NaN,1", "1e999,1"} {
		if p, _, err := cmd.PlaceArg([]string{bad}); err == nil && p.Name == "" {
			t.Errorf("%q: got %+v, want an error", bad, p)
		}
	}
}

func TestSeekTo(t *testing.T) {
	doc := &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "a", Length: 200 * time.Second}}, Position: 60 * time.Second}
	for arg, want := range map[string]time.Duration{
		"1:30": 90 * time.Second, "90s": 90 * time.Second, "90": 90 * time.Second, "0:01:00": time.Minute,
		"+10s": 70 * time.Second, "-1:10": 0, "1h": 200 * time.Second,
	} {
		if got, err := cmd.SeekTo(doc, arg); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", arg, got, err, want)
		}
	}
	for _, bad := range []string{"soon", "1:x", "-", "NaN", "1:-3"} {
		if got, err := cmd.SeekTo(doc, bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, got)
		}
	}
}

func TestClean(t *testing.T) {
	if got, want := cmd.Clean("a\x1b[31mb\nc\u202ed\x07"), "a[31mb cd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, tc := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 5, "abc  "}, {"abcdef", 4, "abc…"}, {"日本語", 4, "日… "}, {"", 2, "  "}} {
		if got := cmd.Fit(tc.s, tc.n); got != tc.want {
			t.Errorf("fit %q to %d: got %q, want %q", tc.s, tc.n, got, tc.want)
		}
	}
}

// attachedCalls is what the screen of another process does with the running
// companion: the Service, and what is not of it.
func attachedCalls(t *testing.T, dir string) {
	t.Helper()
	n, err := cmd.Attach(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	until(t, n, "the car", func(v *phonelink.View) bool { return len(v.Phones) == 1 })
	if v, err := n.CarValues(ctx, theCar); err != nil || v[vehicle.StateOfChargeDisplayed] != vehicle.NumberOf(64) || v[vehicle.IsCharging] != vehicle.BoolOf(true) {
		t.Errorf("attached: values of the car: got %v, %v", v, err)
	}
	if _, err := n.AskCar(ctx, theCar, vehicle.ClimateDriverTemperature, vehicle.NumberOf(21)); err != nil {
		t.Errorf("attached: a wish: got %v", err)
	}
	if _, err := n.AskCar(ctx, theCar, vehicle.SeatRow1DriverHeating, vehicle.NumberOf(50)); err == nil || !strings.Contains(err.Error(), "parked") {
		t.Errorf("attached: a refused wish: got %v", err)
	}
	if err := n.PairWith(ctx, "tandem:used"); err == nil || !strings.Contains(err.Error(), "used already") {
		t.Errorf("attached: a used code: got %v", err)
	}
	shown := ""
	if err := n.PairCode(ctx, "10.0.0.1:4040", func(code string) bool { shown = code; return true }); err != nil || shown != "482913" {
		t.Errorf("attached: pairing by digits: got %v with %q", err, shown)
	}
	if err := n.PairCode(ctx, "10.0.0.1:4040", func(string) bool { return false }); err == nil {
		t.Error("attached: other digits paired")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("attached: got %v, want nil", err)
	}
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	hmicmd "tandem/hmi/cmd"
	"tandem/hmi/input"
	"tandem/hmi/lint"
	"tandem/hmi/shell"
	"tandem/vehicle"
	vehiclecmd "tandem/vehicle/cmd"
)

// patience bounds every wait; nothing is expected to take so long.
const patience = 2 * time.Minute

// unit is a head unit that runs in the test's process, in real time.
type unit struct {
	t     *testing.T
	room  *vehiclecmd.Room
	shell *shell.Shell
	outs  *hmicmd.Outputs
	size  image.Point
	pause atomic.Int64 // the longest that this process had no processor, since it was last asked, in ns
}

// start runs a head unit with these flags until the test ends, and fails the
// test if it ends badly or leaves a goroutine.
func start(t *testing.T, args ...string) *unit {
	t.Helper()
	return startCommand(t, (*headUnit).command, args...)
}

func startCommand(t *testing.T, command func(*headUnit) *cobra.Command, args ...string) *unit {
	t.Helper()
	u := &unit{t: t, size: image.Pt(1280, 720)}
	shown := make(chan struct{})
	var h headUnit
	h.ready = func(r *vehiclecmd.Room) { u.room = r }
	h.screen.Shown = func(s *shell.Shell, o *hmicmd.Outputs) {
		u.shell, u.outs = s, o
		close(shown)
	}
	cmd := command(&h)
	cmd.SetArgs(append([]string{"--data", t.TempDir(), "--png", t.TempDir()}, args...))
	cmd.SetOut(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	var late sync.WaitGroup
	late.Go(func() { u.watchPauses(ctx) })
	t.Cleanup(func() {
		cancel()
		late.Wait()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("head unit ended with: %v", err)
			}
		case <-time.After(patience):
			t.Error("head unit did not end when told to")
		}
		goleak.VerifyNone(t)
	})
	select {
	case <-shown:
	case err := <-ended:
		ended <- err
		t.Fatalf("head unit did not start: %v", err)
	}
	u.wait("the first frame", func() bool { return u.shell.Driver().Stats().Frames > 0 })
	return u
}

// watchPauses notes how long this process stands still.
func (u *unit) watchPauses(ctx context.Context) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for last := time.Now(); ctx.Err() == nil; {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		u.pause.Store(max(u.pause.Load(), int64(time.Since(last))))
		last = time.Now()
	}
}

func (u *unit) wait(what string, ok func() bool) {
	u.t.Helper()
	waitFor(u.t, what, ok)
}

// waitFor waits for something that nobody announces.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// until waits for a signal to satisfy ok.
func (u *unit) until(p vehicle.Path, what string, ok func(vehicle.Sample) bool) vehicle.Sample {
	u.t.Helper()
	s, reached := u.within(patience, p, ok)
	if !reached {
		u.t.Fatalf("%s is %v (%v), want %s", p, s.Value, s.Quality, what)
	}
	return s
}

// within is the first sample that satisfies ok, or the last one.
func (u *unit) within(d time.Duration, p vehicle.Path, ok func(vehicle.Sample) bool) (vehicle.Sample, bool) {
	u.t.Helper()
	w, err := u.room.Store.Watch(p)
	if err != nil {
		u.t.Fatal(err)
	}
	defer w.Close()
	end := time.After(d)
	for {
		s := w.Read(time.Now(), nil)[0]
		if ok(s) {
			return s, true
		}
		select {
		case <-w.C():
		case <-end:
			return s, false
		}
	}
}

// warmer taps, and the car's set temperature must rise above before, by half a
// degree for a tap. A car that stands still for a tenth of a second may be stale
// on the screen, which then takes no tap: only for that it is tapped again.
func (u *unit) warmer(p vehicle.Path, before float64, tap func()) {
	u.t.Helper()
	for taps := 1; taps <= 10; taps++ {
		u.pause.Store(0)
		tap()
		most := before + 0.5*float64(taps)
		s, changed := u.within(patience/10, p, func(s vehicle.Sample) bool { v, ok := s.Number(); return ok && v != before })
		if v, _ := s.Number(); changed && (v < before+0.49 || v > most+0.01) {
			u.t.Errorf("%s after %d taps: got %v, want %v, or more to %v", p, taps, v, before+0.5, most)
		}
		if changed {
			return
		}
		pause := time.Duration(u.pause.Load())
		if pause < 100*time.Millisecond {
			break
		}
		u.t.Logf("tap %d was not taken, with a pause of %v", taps, pause)
	}
	u.t.Fatalf("%s is still %v", p, before)
}

// number waits for a signal to be valid and gives its value.
func (u *unit) number(p vehicle.Path) float64 {
	u.t.Helper()
	v, _ := u.until(p, "a valid number", func(s vehicle.Sample) bool { _, ok := s.Number(); return ok }).Number()
	return v
}

// control finds a control of the screen by its name, as soon as it can be used;
// its middle is in fractions of the screen.
func (u *unit) control(name string) (x, y float64) {
	u.t.Helper()
	u.wait(fmt.Sprintf("a control %q that can be used", name), func() bool {
		fyne.DoAndWait(func() { x, y = u.find(name) })
		return x != 0
	})
	return x, y
}

func (u *unit) find(name string) (x, y float64) {
	c := u.shell.Driver().AllWindows()[0].Canvas()
	lint.Walk(c.Content(), func(o fyne.CanvasObject, pos fyne.Position) {
		n, ok := o.(interface {
			Called() string
			Status() string
		})
		if ok && n.Called() == name && x == 0 && !strings.Contains(n.Status(), "disabled") {
			x = float64((pos.X + o.Size().Width/2) / c.Size().Width)
			y = float64((pos.Y + o.Size().Height/2) / c.Size().Height)
		}
	})
	return x, y
}

func (u *unit) picture() *image.RGBA { return u.outs.PNG().Image() }

// changed waits until the picture around a place differs from before.
func (u *unit) changed(before *image.RGBA, r image.Rectangle) {
	u.t.Helper()
	u.wait(fmt.Sprintf("a change of the picture in %v", r), func() bool {
		now := u.picture()
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if now.RGBAAt(x, y) != before.RGBAAt(x, y) {
					return true
				}
			}
		}
		return false
	})
}

// A tap becomes a command, a frame, a reaction of the simulated ECU, a report
// and another pixel.
func TestTapReachesTheCarAndComesBack(t *testing.T) {
	u := start(t, "--display", "png")
	const set = vehicle.Path("Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature")
	before := u.number(set)
	received := u.room.Port.Counts().Frames
	x, y := u.control("Driver: Warmer")
	picture := u.picture()

	u.warmer(set, before, func() {
		for _, k := range []input.Kind{input.TouchDown, input.TouchUp} {
			u.shell.Input(input.Event{Kind: k, X: float32(x), Y: float32(y), Time: time.Now()})
		}
	})
	if got := u.room.Port.Counts(); got.Frames <= received || got.Checksum+got.Counter+got.Short > 0 {
		t.Errorf("received frames: %+v, want more than %d and none broken", got, received)
	}
	// The number stands left of the button.
	u.changed(picture, image.Rect(int(x*1280)-150, int(y*720)-30, int(x*1280)-45, int(y*720)+30))
}

// What is shown moves by itself, because the simulated car drives.
func TestScreenMovesWithTheCar(t *testing.T) {
	u := start(t, "--display", "png", "--size", "800x480")
	u.until(vehicle.Speed, "above 5 km/h", func(s vehicle.Sample) bool { v, ok := s.Number(); return ok && v > 5 })
	u.changed(u.picture(), image.Rect(0, 0, 800, 480))
}

// A recorded drive of a real car moves the same instruments.
func TestReplayOfARealDrive(t *testing.T) {
	corpus := corpus(t)
	u := startCommand(t, (*headUnit).replayCommand, "--display", "png", "--car", "canmod-gps", "--rate", "5",
		"--dbc", "gps="+filepath.Join(corpus, "dbc", "CSS-Electronics+api-examples__canmod-gps.dbc"),
		"--log", filepath.Join(corpus, "logs", "gps-drive-10min.candump.log"))
	for range 20 {
		if v := u.number(vehicle.Speed); v < 5.7*3.6-0.1 || v > 23.8*3.6+0.1 {
			t.Fatalf("speed of the recorded drive: %v km/h, want 20.5 to 85.7", v)
		}
	}
	u.changed(u.picture(), image.Rect(128, 72, 840, 372))
}

// corpus is the folder of real databases and recordings.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TANDEM_CORPUS")
	if dir == "" {
		t.Skip("TANDEM_CORPUS is not set: no recordings to play")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// missing skips a test for want of a peer, or fails it where all must be there.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("TANDEM_RIG") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// browser is Chromium, driven by .ci/browser.mjs.
type browser struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	chromium := os.Getenv("CHROMIUM")
	if chromium == "" {
		chromium = "/usr/bin/chromium"
	}
	if _, err := os.Stat(chromium); err != nil {
		missing(t, "no browser: %v", err)
	}
	if err := exec.Command("node", "-e", "require('playwright-core')").Run(); err != nil {
		missing(t, "node with playwright-core: %v (npm install playwright-core, NODE_PATH)", err)
	}
	cmd := exec.Command("node", ".ci/browser.mjs")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	talk, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer talk.Close()
	cmd.Stderr = talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			said, _ := os.ReadFile(talk.Name())
			t.Errorf("browser: %v\n%s", err, said)
		}
	})
	s := bufio.NewScanner(out)
	s.Buffer(nil, 1<<20)
	return &browser{t, in, s}
}

// do has one command done; see .ci/browser.mjs.
func (b *browser) do(command string, args map[string]any) map[string]any {
	b.t.Helper()
	m := map[string]any{"do": command}
	for k, v := range args {
		m[k] = v
	}
	line, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		b.t.Fatal(err)
	}
	if !b.out.Scan() {
		b.t.Fatalf("browser ended at %s: %v", line, errors.Join(b.out.Err(), io.ErrUnexpectedEOF))
	}
	var answer map[string]any
	if err := json.Unmarshal(b.out.Bytes(), &answer); err != nil {
		b.t.Fatalf("%v in %s", err, b.out.Bytes())
	}
	if answer["ok"] != true {
		b.t.Fatalf("browser: %s: %v", line, answer["error"])
	}
	return answer
}

// A person opens the page, sees the speed change, taps temperature up and sees
// it reported.
func TestBrowser(t *testing.T) {
	b := startBrowser(t)
	u := start(t, "--listen", "127.0.0.1:0")
	b.do("open", map[string]any{"url": u.outs.URL()})
	u.until(vehicle.Speed, "above 5 km/h", func(s vehicle.Sample) bool { v, ok := s.Number(); return ok && v > 5 })

	changes := func(what string, area map[string]any, since any) {
		t.Helper()
		for end := time.Now().Add(patience); time.Now().Before(end); {
			if b.do("hash", area)["hash"] != since {
				return
			}
		}
		t.Fatalf("%s did not change on the page", what)
	}
	speed := map[string]any{"x": 0.11, "y": 0.12, "w": 0.12, "h": 0.15}
	changes("the speed", speed, b.do("hash", speed)["hash"])

	const set = vehicle.Path("Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature")
	before := u.number(set)
	x, y := u.control("Driver: Warmer")
	number := map[string]any{"x": x - 0.12, "y": y - 0.04, "w": 0.08, "h": 0.08}
	was := b.do("hash", number)["hash"]
	u.warmer(set, before, func() { b.do("tap", map[string]any{"x": x, "y": y}) })
	changes("the temperature", number, was)

	shot := filepath.Join(t.TempDir(), "page.png")
	if dir := os.Getenv("TANDEM_SHOTS"); dir != "" {
		shot = filepath.Join(dir, "page.png")
	}
	b.do("shot", map[string]any{"file": shot})
	f, err := os.Open(shot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.Decode(f); err != nil || img.Bounds().Size() != image.Pt(1280, 720) {
		t.Errorf("screenshot: %v, want 1280x720", err)
	}
	if p := b.do("problems", nil)["problems"].([]any); len(p) > 0 {
		t.Errorf("the page complained: %v", p)
	}
}

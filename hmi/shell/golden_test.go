package shell_test

import (
	"flag"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2/test"

	"tandem/hmi"
	"tandem/hmi/lint"
	"tandem/hmi/shell"
	"tandem/vehicle"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Errorf("%s line %d: got %q, want %q (go test -update writes it anew)", name, i+1, at(g, i), at(w, i))
			return
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// Every screen as text: what can be read and touched, and where.
func TestScenesAsText(t *testing.T) {
	test.NewTempApp(t)
	for _, size := range []image.Point{{X: 1280, Y: 720}, {X: 800, Y: 480}, {X: 1920, Y: 720}} {
		for s := hmi.Home; s < hmi.Screens; s++ {
			if raced && size.X != 800 {
				continue
			}
			mood := shell.Driving
			if size.X == 800 {
				mood = shell.Alarm
			}
			root, _ := shell.Scene{Screen: s, Size: size, Settings: hmi.Defaults(), Night: true, Mood: mood}.Build()
			golden(t, fmt.Sprintf("%v-%d", s, size.X), lint.Dump(root))
		}
	}
}

// The screens of phones and media as text, in the conditions of the phone link
// that each is about: driving on the large panel, parked on the small one.
func TestPhonesAsText(t *testing.T) {
	test.NewTempApp(t)
	for _, sc := range shell.Gallery() {
		if sc.Link == shell.NoLink && sc.Screen != hmi.PhoneScreen || sc.Link == shell.Full || !sc.Night || sc.Size.X == 1920 || (sc.Size.X == 800) != (sc.Mood == shell.Longest) {
			continue
		}
		if raced && sc.Link != shell.Busy {
			continue
		}
		root, _ := sc.Build()
		link := string(sc.Link)
		if link == "" {
			link = "none"
		}
		golden(t, fmt.Sprintf("phones/%v%d-%s-%d", sc.Screen, sc.Part, link, sc.Size.X), content(lint.Dump(root)))
	}
}

// content is a dump without what surrounds every screen: it ends where the
// status bar begins with its title, which other goldens have.
func content(dump string) string {
	var b strings.Builder
	for l := range strings.Lines(dump) {
		if strings.HasPrefix(l, `control "Home"`) {
			break
		}
		b.WriteString(l)
	}
	return b.String()
}

// One drive as text: what a person does and the car reports, and after each of
// them the lines of the scene that changed.
func TestDriveAsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Asked)
		defer r.stop()
		var log strings.Builder
		before := r.scene()
		step := func(what string, do func(), wait time.Duration) {
			do()
			time.Sleep(wait)
			after := r.scene()
			fmt.Fprintf(&log, "# %s\n%s", what, changes(before, after))
			before = after
		}
		report := func(p vehicle.Path, v vehicle.Value) func() {
			return func() { r.car.report(0, values{p: v}) }
		}
		r.car.mu.Lock()
		r.car.delay = time.Second
		r.car.mu.Unlock()
		step("touch warmer", func() { r.tap("Driver: Warmer") }, 100*time.Millisecond)
		step("the car reports it", func() {}, 1500*time.Millisecond)
		step("touch the dock: drive", func() { r.tap("Drive") }, time.Second)
		step("select D", report(vehicle.CurrentGear, vehicle.NumberOf(1)), time.Second)
		step("set off", report(vehicle.Speed, vehicle.NumberOf(30)), time.Second)
		step("a tyre loses air", report(vehicle.FrontWheelLeftTireIsPressureLow, vehicle.BoolOf(true)), time.Second)
		step("the message goes", func() {}, 7*time.Second)
		step("the speed is lost", func() { r.car.report(time.Second, values{vehicle.Speed: vehicle.NumberOf(31)}) }, 3*time.Second)
		golden(t, "a-drive", log.String())
	})
}

// changes is the lines that went and came between two dumps.
func changes(before, after string) string {
	count := map[string]int{}
	for l := range strings.Lines(before) {
		count[l]++
	}
	var b strings.Builder
	var came []string
	for l := range strings.Lines(after) {
		if count[l] > 0 {
			count[l]--
			continue
		}
		came = append(came, l)
	}
	for l := range strings.Lines(before) {
		if count[l] > 0 {
			count[l]--
			b.WriteString("- " + l)
		}
	}
	for _, l := range came {
		b.WriteString("+ " + l)
	}
	return b.String()
}

package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/canbus/canlog"
	"tandem/canbus/dbc"
	"tandem/sim/car"
	"tandem/sim/rig"
	"tandem/vehicle/cars"
)

// onKernel is what runs inside user-mode Linux: the simulated car and the head
// unit as two processes on three virtual buses, and candump as the witness. The
// drive ends when it was long enough, the set temperature in the car's reports
// has changed, and two more pictures have been saved. All files lie in the
// guest's memory meanwhile, where their times are those of the frames.
const onKernel = `
set -e
dir=$PWD; mkdir /run/drive; cd /run/drive
can=powertrain=vcan0,body=vcan1,adas=vcan2
candump -r 32000000 -L vcan0 vcan1 vcan2 >candump.log & witness=$!
$dir/tandem sim serve --can $can 2>$dir/car.err & car=$!
$dir/tandem --can $can --size 1280x720 --display png --png . --data data --script $dir/finger 2>$dir/unit.err & unit=$!
enough() {
	[ $(grep -c 'vcan0 0A0#' candump.log) -ge 600 ] || return 1
	[ $(grep -o 'vcan1 220#..' candump.log | sort -u | wc -l) -ge 2 ] || return 1
	[ -e changed ] || touch changed
	[ $(find . -name 'after*.png' -newer changed | wc -l) -ge 2 ]
}
set +e
until enough || ! kill -0 $unit; do sleep 0.5; done
kill -INT $unit; wait $unit; echo "unit $?"
kill -INT $car; wait $car; echo "car $?"
kill -INT $witness; wait $witness
stat -c '%n %.9Y' *.png >times
cp candump.log times *.png $dir`

// finger touches "Driver: Warmer" in the climate strip again and again, and has
// a picture before and after.
func finger() string {
	var b strings.Builder
	for i := range 200 { // far longer than any machine needs
		fmt.Fprintf(&b, "%d shot before%d\n%[1]d.1 tap 0.207 0.93\n%[1]d.5 shot after%[2]d\n", 4+3*i, i)
	}
	return b.String()
}

// TestOnKernel crosses a real kernel both ways: a tap becomes a frame on a CAN
// interface, the car in another process reacts and reports, and the report
// changes the picture. On a machine that is too busy for it the car stutters,
// and the head unit rightly takes what it shows for stale and no taps: then the
// next tap may do.
func TestOnKernel(t *testing.T) {
	if err := rig.Missing("linux.uml", "insmod", "ip", "candump", "go"); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	dir := t.TempDir()
	if err := rig.BuildStatic(ctx, "tandem", filepath.Join(dir, "tandem")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "finger"), []byte(finger()), 0o600); err != nil {
		t.Fatal(err)
	}
	driveOnKernel(ctx, t, dir)
	all := readDump(t, filepath.Join(dir, "candump.log"))
	checkMessages(t, common(all))
	checkTap(t, dir, all)
}

// driveOnKernel runs car and head unit in a guest.
func driveOnKernel(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
	var out bytes.Buffer
	guest := rig.UML{
		Memory:  512,
		Modules: []string{"vcan", "can-raw"},
		Dir:     dir,
		Output:  &out,
	}
	for _, iface := range []string{"vcan0", "vcan1", "vcan2"} {
		guest.Setup = append(guest.Setup, "ip link add dev "+iface+" type vcan", "ip link set "+iface+" mtu 72 up")
	}
	err := guest.Run(ctx, "sh", "-c", onKernel)
	for name, want := range map[string]string{"unit.err": "", "car.err": "driving on powertrain=vcan0,body=vcan1,adas=vcan2; Ctrl-C ends it\n"} {
		if talk, e := os.ReadFile(filepath.Join(dir, name)); e != nil || string(talk) != want {
			t.Errorf("%s: got %q, %v; want %q", name, talk, e, want)
		}
	}
	if err != nil || out.String() != "unit 0\ncar 0\n" {
		t.Fatalf("got %v and %q, want a head unit and a car that end with 0", err, out.String())
	}
}

// seen is a frame and where candump saw it.
type seen struct {
	iface string
	canbus.Frame
}

func readDump(t *testing.T, name string) []seen {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := canlog.NewReader(name, f)
	if err != nil {
		t.Fatal(err)
	}
	var all []seen
	for {
		var s seen
		if s.iface, err = r.Next(&s.Frame); errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
}

// isClock says whether a frame is EspMotion, which the car sends in every step
// of 10 ms.
func (s *seen) isClock() bool { return s.iface == "vcan0" && s.ID == 0xA0 }

// driven is how long the car has driven, by its own clock.
func driven(all []seen) (d time.Duration) {
	for _, s := range all {
		if s.isClock() {
			d += 10 * time.Millisecond
		}
	}
	return d
}

// common is what was seen until the first interface has no more: a witness that
// lags reads them in turn, and is ended with its most busy one unread.
func common(all []seen) []seen {
	last := map[string]int64{}
	for _, s := range all {
		last[s.iface] = s.Time
	}
	until := slices.Min(slices.Collect(maps.Values(last)))
	return slices.DeleteFunc(slices.Clone(all), func(s seen) bool { return s.Time > until })
}

// checkMessages holds what was on the wire to the databases: every message that
// the car sends, on its bus, in its format, in its cycle.
func checkMessages(t *testing.T, all []seen) {
	t.Helper()
	type key struct {
		iface string
		id    uint32
		fd    bool
		len   uint8
	}
	count, driven := map[key]int{}, driven(all)
	for _, s := range all {
		count[key{s.iface, s.ID, s.Flags&canbus.FD != 0, s.Len}]++
	}
	for iface, bus := range map[string]string{"vcan0": car.Powertrain, "vcan1": car.Body, "vcan2": car.ADAS} {
		name := cars.Default + "/" + bus + ".dbc"
		data, err := cars.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		db, _, err := dbc.Load(name, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range db.Messages {
			if m.Sender == "HU" || m.Cycle == 0 {
				continue
			}
			n, want := count[key{iface, m.ID, bus == car.ADAS, uint8(m.Len)}], int(driven/m.Cycle)
			if n < want-2 || n > want+2 {
				t.Errorf("%s: %s: got %d frames in %s, want about %d", iface, m.Name, n, driven, want)
			}
		}
	}
}

// checkTap looks for one half of a degree more, asked for by the head unit, then
// reported by the climate control unit, then on the screen.
func checkTap(t *testing.T, dir string, all []seen) {
	t.Helper()
	const request, state = 0x300, 0x220
	var asked, before, after byte
	var askedAt, afterAt int64
	for _, s := range all {
		switch {
		case s.iface != "vcan1":
		case s.ID == request && askedAt == 0:
			asked, askedAt = s.Data[2], s.Time
		case s.ID == state && askedAt == 0:
			before = s.Data[0]
		case s.ID == state && s.Data[0] != before && afterAt == 0:
			after, afterAt = s.Data[0], s.Time
		}
	}
	if before == 0 || afterAt == 0 || asked != before+1 || after != asked {
		t.Fatalf("the head unit asked for %d, and the state was %d, then %d; want one step more in both", asked, before, after)
	}
	checkPictures(t, dir, askedAt, afterAt)
}

// checkPictures compares the last picture before the request with those after
// the report.
func checkPictures(t *testing.T, dir string, asked, reported int64) {
	t.Helper()
	times, err := os.ReadFile(filepath.Join(dir, "times"))
	if err != nil {
		t.Fatal(err)
	}
	var before string
	var last float64
	var after []string
	for line := range strings.Lines(string(times)) {
		var name string
		var saved float64
		if _, err := fmt.Sscan(line, &name, &saved); err != nil {
			t.Fatalf("times: %q: %v", line, err)
		}
		switch {
		case strings.HasPrefix(name, "after") && saved > float64(reported)/1e9:
			after = append(after, name)
		case strings.HasPrefix(name, "before") && saved < float64(asked)/1e9 && saved > last:
			before, last = name, saved
		}
	}
	if before == "" || len(after) < 2 {
		t.Fatalf("got the pictures\n%s, want one before %d and two after %d", times, asked, reported)
	}
	was := temperature(t, filepath.Join(dir, before))
	if !slices.ContainsFunc(after, func(name string) bool { return !bytes.Equal(temperature(t, filepath.Join(dir, name)), was) }) {
		t.Error("the temperature on the screen did not change")
	}
}

// temperature is the part of a picture where that of the driver's side stands,
// left of the button.
func temperature(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if want := image.Rect(0, 0, 1280, 720); m.Bounds() != want {
		t.Fatalf("%s: got %v, want %v", name, m.Bounds(), want)
	}
	strip := image.NewRGBA(image.Rect(115, 635, 235, 705))
	draw.Draw(strip, strip.Rect, m, strip.Rect.Min, draw.Src)
	return strip.Pix
}

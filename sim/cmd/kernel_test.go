package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"io"
	"os"
	"path/filepath"
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
// unit as two processes on three virtual buses, and candump as the witness. It
// ends with the head unit's exit code. The finger touches "Driver: Warmer" in
// the climate strip.
const onKernel = `
cat >finger <<END
6    shot before
6.5  tap 0.207 0.93
9    shot after
9.2  end
END
can=powertrain=vcan0,body=vcan1,adas=vcan2
candump -r 4000000 -L vcan0 vcan1 vcan2 >candump.log & witness=$!
./tandem sim serve --can $can 2>car.err & car=$!
./tandem --can $can --size 1280x720 --display png --png . --data data --script finger 2>unit.err
unit=$?
kill -INT $car; wait $car; echo "car $?"
kill -INT $witness; wait $witness
exit $unit`

// TestOnKernel crosses a real kernel both ways: a tap becomes a frame on a CAN
// interface, the car in another process reacts and reports, and the report
// changes the picture. On a machine that is too busy for it the car stutters,
// and the head unit rightly takes what it shows for stale and no taps: then it
// is tried again.
func TestOnKernel(t *testing.T) {
	if err := rig.Missing("linux.uml", "insmod", "ip", "candump", "go"); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	if err := rig.BuildStatic(ctx, "tandem", filepath.Join(dir, "tandem")); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		all := driveOnKernel(ctx, t, dir)
		if pause := longestPause(all); pause > 150*time.Millisecond {
			t.Logf("the car paused for %s: the machine is too busy", pause)
			continue
		}
		checkMessages(t, all)
		checkTap(t, all)
		checkPictures(t, dir)
		return
	}
	t.Fatal("the machine is too busy for a car in real time")
}

// driveOnKernel runs car and head unit in a guest, and is what candump saw.
func driveOnKernel(ctx context.Context, t *testing.T, dir string) []seen {
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
	if err != nil || out.String() != "car 0\n" {
		t.Fatalf("got %v and %q, want a head unit and a car that end with 0", err, out.String())
	}
	return readDump(t, filepath.Join(dir, "candump.log"))
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

// longestPause is how long the car stood still in between.
func longestPause(all []seen) time.Duration {
	var last, pause int64
	for _, s := range all {
		if s.isClock() {
			if last != 0 {
				pause = max(pause, s.Time-last)
			}
			last = s.Time
		}
	}
	return time.Duration(pause)
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
	count := map[key]int{}
	var driven time.Duration
	for _, s := range all {
		count[key{s.iface, s.ID, s.Flags&canbus.FD != 0, s.Len}]++
		if s.isClock() {
			driven += 10 * time.Millisecond
		}
	}
	if driven < 5*time.Second {
		t.Fatalf("got frames of a drive of %s, want about as long as the finger's script", driven)
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

// checkTap looks for one half of a degree more, asked for by the head unit and
// then reported by the climate control unit.
func checkTap(t *testing.T, all []seen) {
	t.Helper()
	const request, state = 0x300, 0x220
	var asked, before, after byte
	requests := 0
	for _, s := range all {
		switch {
		case s.iface != "vcan1":
		case s.ID == request:
			if requests++; requests == 1 {
				asked = s.Data[2]
			}
		case s.ID == state && requests == 0:
			before = s.Data[0]
		case s.ID == state:
			after = s.Data[0]
		}
	}
	if requests == 0 || before == 0 || asked != before+1 || after != before+1 {
		t.Errorf("got %d requests, the first for %d, and a state of %d, then %d; want one step more in both", requests, asked, before, after)
	}
}

// checkPictures compares where the temperature of the driver's side stands, left
// of the button.
func checkPictures(t *testing.T, dir string) {
	t.Helper()
	strip := image.Rect(115, 635, 235, 705)
	var crops [2]*image.RGBA
	for i, name := range []string{"before.png", "after.png"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if want := image.Rect(0, 0, 1280, 720); m.Bounds() != want {
			t.Fatalf("%s: got %v, want %v", name, m.Bounds(), want)
		}
		crops[i] = image.NewRGBA(strip)
		draw.Draw(crops[i], strip, m, strip.Min, draw.Src)
	}
	if bytes.Equal(crops[0].Pix, crops[1].Pix) {
		t.Error("the temperature on the screen did not change")
	}
}

package car_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/sim"
	"tandem/sim/car"
	"tandem/sim/scenario"
)

// record makes a car whose frames are kept.
func record(t testing.TB, seed uint64, s *scenario.Scenario) (*car.Car, map[string]*sim.Recorder) {
	t.Helper()
	recorders, buses := map[string]*sim.Recorder{}, map[string]canbus.Bus{}
	for _, name := range busNames {
		recorders[name] = sim.NewRecorder()
		buses[name] = recorders[name]
	}
	c, err := car.New(car.Config{Seed: seed, Scenario: s, Buses: buses, Start: newYear})
	if err != nil {
		t.Fatal(err)
	}
	return c, recorders
}

// digest drives for two minutes and hashes every frame with its time. chunk is
// how much is asked of one Step, which must not matter.
func digest(t testing.TB, seed uint64, s *scenario.Scenario, chunk time.Duration) string {
	t.Helper()
	c, recorders := record(t, seed, s)
	for c.Elapsed() < 2*time.Minute {
		c.Step(chunk)
	}
	h := sha256.New()
	for _, name := range busNames {
		for _, f := range recorders[name].Take(nil) {
			var b [16]byte
			binary.LittleEndian.PutUint64(b[:], uint64(f.Time))
			binary.LittleEndian.PutUint32(b[8:], f.ID)
			binary.LittleEndian.PutUint16(b[12:], uint16(f.Flags))
			b[14] = f.Len
			h.Write(b[:])
			h.Write(f.Payload())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// TestSameSeedSameFrames logs its digests, which are the same on every machine:
//
//	GOARCH=arm64 go test -c ./sim/car && qemu-aarch64-static car.test -test.run SameSeed -test.v
func TestSameSeedSameFrames(t *testing.T) {
	for name, s := range map[string]*scenario.Scenario{"demo": scenario.Demo(), "tour": tour(t)} {
		one, two, other := digest(t, 7, s, 10*time.Millisecond), digest(t, 7, s, time.Second), digest(t, 8, s, time.Second)
		t.Logf("%s: %s", name, one)
		if one != two {
			t.Errorf("%s: same seed: got %s and %s, want the same frames", name, one, two)
		}
		if one == other {
			t.Errorf("%s: got the same frames for seeds 7 and 8", name)
		}
	}
}

// TestNoFusedMultiplyAdd looks at the code for arm64, which has an instruction
// that rounds once where amd64 rounds twice.
func TestNoFusedMultiplyAdd(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for arm64")
	}
	cmd := exec.Command("go", "build", "-gcflags=tandem/sim/car=-S", ".")
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	listing, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("compile for arm64: %v\n%s", err, listing)
	}
	if !bytes.Contains(listing, []byte("FMULD")) {
		t.Fatal("the listing has no products: it is not what it should be")
	}
	for _, line := range regexp.MustCompile(`(?m)^.*\bFN?M(ADD|SUB)[DS]\b.*$`).FindAll(listing, -1) {
		t.Errorf("%s", line)
	}
}

// TestFramesFitTheirBus checks the stamps of virtual time: in order, apart by
// what a frame takes on the wire, and no bus behind its schedule.
func TestFramesFitTheirBus(t *testing.T) {
	c, recorders := record(t, 1, nil)
	for range 500 {
		c.Step(10 * time.Millisecond)
		end := newYear.Add(c.Elapsed()).UnixNano()
		for name, least := range map[string]int64{car.Powertrain: 120_000, car.Body: 500_000, car.ADAS: 90_000} {
			frames := recorders[name].Take(nil)
			for i, f := range frames {
				if i > 0 && f.Time-frames[i-1].Time < least {
					t.Fatalf("%s: %#x comes %d ns after its predecessor, want at least %d", name, f.ID, f.Time-frames[i-1].Time, least)
				}
				if late := f.Time - end; late > int64(4*time.Millisecond) {
					t.Fatalf("%s: %#x ends %s after its step", name, f.ID, time.Duration(late))
				}
			}
		}
	}
}

// BenchmarkStep reports how many times faster than real time the car runs; the
// goal is 100. ICSim, the simulator that most people know, runs in real time
// with three signals.
func BenchmarkStep(b *testing.B) {
	c, recorders := record(b, 1, nil)
	var frames []canbus.Frame
	b.ReportAllocs()
	for b.Loop() {
		c.Step(100 * time.Millisecond)
		for _, r := range recorders {
			frames = r.Take(frames[:0])
		}
	}
	b.ReportMetric(0.1*float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}

// BenchmarkModel is Step without a bus: what the model itself costs. It
// allocates nothing.
func BenchmarkModel(b *testing.B) {
	c, err := car.New(car.Config{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Step(100 * time.Millisecond)
	}
	b.ReportMetric(0.1*float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}

package car

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestWildEvents throws events at the car at random: nothing may panic, leave
// its range or stop being a number.
func TestWildEvents(t *testing.T) {
	c, err := New(Config{Seed: 5, Meant: func(Meaning) {}})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	for range 4000 {
		n := r.IntN(101)
		event := pick("gear "+pick("P", "R", "N", "D"), fmt.Sprintf("drive %d", n), "drive limit", "stop", fmt.Sprintf("pedal %d", n), fmt.Sprintf("brake %d", n),
			fmt.Sprintf("steer %d", 10*n-500), "steer road", "drift "+pick("left", "right", "off"), fmt.Sprintf("lead %d %d", n+2, n), "lead off",
			"surface "+pick("dry", "wet", "snow", "ice"), "mode "+pick("normal", "sport", "economy", "snow", "rain"), "cruise "+pick("on", "off", "cancel", "90"),
			"power "+pick("off", "accessory", "on"), fmt.Sprintf("soc %d", n), "charge "+pick("plug", "unplug", "power 250"), fmt.Sprintf("ambient %d", n-40),
			fmt.Sprintf("rain %d", n), "obstacle rear "+pick("off", "0.1", "5"), fmt.Sprintf("place %d", n*900), "fault contactor error 1s", "fault abs error 2s",
			"fault battery12v low 3s", "crash", "clear all", "night", "day", fmt.Sprintf("sunroof %d", 2*n-100))
		if err := c.Command(event); err != nil {
			t.Fatal(err)
		}
		c.Step(time.Duration(1+r.IntN(40)) * tick)
		w := c.world
		for name, v := range map[string]struct{ got, lo, hi float64 }{
			"speed": {w.motion.v, -60, 70}, "place": {w.motion.s, 0, w.road.len}, "offset": {w.motion.d, -4, 4}, "charge": {w.energy.soc, 0, 100},
			"pack voltage": {w.energy.voltage, 150, 470}, "pack temperature": {w.energy.temp, -60, 120}, "cabin": {w.cabin.air, -45, 90},
			"motor temperature": {w.drive.motorTemp, -60, 220}, "pedal": {w.drive.pedal, 0, 100}, "brake pedal": {w.brakes.pedal, 0, 100},
			"12 V": {w.energy.low, 9, 16}, "steering": {w.motion.steering, -545, 545}, "odometer": {w.trip.odometer, 0, 1e12},
		} {
			if math.IsNaN(v.got) || v.got < v.lo || v.got > v.hi {
				t.Fatalf("after %s, %q: got %s %v, want %v to %v", c.Elapsed(), event, name, v.got, v.lo, v.hi)
			}
		}
	}
}

// FuzzRequest puts any frame into the inbox.
func FuzzRequest(f *testing.F) {
	f.Add(uint8(1), uint16(0x300), uint8(8), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(uint8(2), uint16(0x440), uint8(3), []byte{0, 0, 0})
	f.Add(uint8(0), uint16(0x3a0), uint8(200), []byte{})
	c, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, bus uint8, id uint16, length uint8, data []byte) {
		r := request{bus: busNames[bus%3], id: uint32(id & 0x7ff), len: int(min(length, 8))}
		copy(r.data[:], data)
		for _, dataID := range []uint16{0, 0x2A00, 0x2A02, 0x2B00, 0x2B02, 0x2B04, 0x2B06, 0x2B08, 0x3B40} {
			if dataID != 0 && r.len > 1 {
				r.data[0] = checksum(r.data[:r.len], dataID)
			}
			c.post(r)
			c.Step(tick)
		}
		w := c.world
		for _, z := range w.cabin.zones {
			if z.set < 16 || z.set > 28 || z.fan < 0 || z.fan > 100 {
				t.Fatalf("got a set point of %v degrees, fan %v", z.set, z.fan)
			}
		}
		if w.energy.limit < 50 || w.energy.limit > 100 || w.drive.mode > modeRain {
			t.Fatalf("got a charge limit of %v, mode %v", w.energy.limit, w.drive.mode)
		}
	})
}

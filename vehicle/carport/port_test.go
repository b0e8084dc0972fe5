package carport_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tandem/canbus"
	"tandem/vehicle"
	"tandem/vehicle/carport"
)

// rig is a running Port with the car's end of its bus in our hand.
type rig struct {
	t     testing.TB
	store *vehicle.Store
	port  *carport.Port
	car   *canbus.Port
	count int64
}

// newRig makes a Port of the test car, not yet running.
func newRig(t testing.TB, more map[string]string) *rig {
	t.Helper()
	car := loadTest(t, more)
	store, err := vehicle.NewStore(car.Signals())
	if err != nil {
		t.Fatal(err)
	}
	pipe := canbus.NewPipe()
	r := &rig{t: t, store: store, car: pipe.Join("car")}
	r.port, err = carport.New(carport.Config{Car: car, Store: store, Buses: map[string]canbus.Bus{"main": pipe.Join("port")}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bubble runs a rig in a bubble of virtual time.
func bubble(t *testing.T, more map[string]string, use func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, more)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.port.Run(ctx) }()
		synctest.Wait()
		use(t, r)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// send sends a frame as the car; id with the top bit set is a 29-bit one.
func (r *rig) send(id uint32, payload ...byte) {
	f := canbus.Frame{ID: id &^ (1 << 31), Len: uint8(len(payload))}
	if id>>31 != 0 {
		f.Flags = canbus.Extended
	}
	copy(f.Data[:], payload)
	if _, err := r.car.Send(context.Background(), []canbus.Frame{f}); err != nil {
		r.t.Error(err)
	}
	synctest.Wait()
}

// motion is a Motion frame in order: velocity in steps of 0.01 m/s.
func (r *rig) motion(gear byte, velocity uint16, lock byte) {
	r.send(256, motionFrame(r.count, gear, velocity, lock)...)
	r.count = (r.count + 1) % 15
}

func motionFrame(counter int64, gear byte, velocity uint16, lock byte) []byte {
	p := []byte{0, byte(counter) | gear<<4, byte(velocity), byte(velocity >> 8), lock, 0, 0, 0}
	p[0] = bitwiseCRC(append([]byte{0x12, 0}, p[1:]...))
	return p
}

// bitwiseCRC is CRC-8/SAE-J1850 as the standard has it, a bit at a time.
func bitwiseCRC(data []byte) byte {
	c := byte(0xFF)
	for _, b := range data {
		for bit := 7; bit >= 0; bit-- {
			top := c>>7 ^ b>>bit&1
			c <<= 1
			if top != 0 {
				c ^= 0x1D
			}
		}
	}
	return ^c
}

func (r *rig) expect(what string, p vehicle.Path, want any) {
	r.t.Helper()
	s := r.store.Sample(time.Now(), p)
	got := fmt.Sprint(s.Quality)
	if s.Quality == vehicle.Valid {
		got = s.Value.String()
	}
	if got != fmt.Sprint(want) {
		r.t.Errorf("%s: %s: got %s, want %v", what, p, got, want)
	}
}

func TestTheChecksumIsTheOneOfTheManual(t *testing.T) {
	if got := bitwiseCRC([]byte("123456789")); got != 0x4B { // catalogue of CRC algorithms
		t.Fatalf("got %#x, want 0x4b", got)
	}
	if got := bitwiseCRC([]byte{0x12, 0, 1, 2, 3, 4, 5, 6, 7}); got != 0xE6 { // README.md
		t.Fatalf("got %#x, want 0xe6", got)
	}
}

func TestFramesBecomeSamples(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		const ok = 1 << 2
		r.expect("before", vehicle.Speed, "unknown")
		for _, c := range []struct {
			what     string
			gear     byte
			velocity uint16
			lock     byte
			speed    any
			wantGear any
			wantLock any
		}{
			{"plain", 1, 1000, ok | 1, 36, 1, true},
			{"reverse", 15, 0, ok, 0, -1, false},
			{"park, at the limit", 14, 10000, ok | 1, 360, 126, true},
			{"beyond the limit", 14, 10001, ok | 1, "invalid", 126, true},
			{"not available", 13, 0xFFFF, ok | 1, "not available", "not available", true},
			{"sensor failed, unmapped gear", 5, 0xFFFE, ok | 2, "error", "invalid", "invalid"},
			{"flag off", 0, 1000, 3, "error", 0, "invalid"},
		} {
			r.motion(c.gear, c.velocity, c.lock)
			r.expect(c.what, vehicle.Speed, c.speed)
			r.expect(c.what, vehicle.CurrentGear, c.wantGear)
			r.expect(c.what, vehicle.IsParkLockEngaged, c.wantLock)
		}
		r.send(512, 0, 0x09, 0xC4) // 250.0 kPa, big-endian
		r.send(512, 1, 0x09, 0xCA) // 250.6: VSS has whole numbers
		r.send(512, 2, 0x00, 0x01)
		r.expect("first tyre", vehicle.FrontWheelLeftTirePressure, 250)
		r.expect("second tyre", vehicle.FrontWheelRightTirePressure, 251)
		r.send(768+1<<31, 1, 1, 1, 1) // no such message in 29 bits
		r.send(1<<31|0x300, 40, 55, 1, 0xF6)
		r.expect("29 bits", vehicle.ClimateDriverTemperature, 20)
		r.expect("29 bits", vehicle.ClimateDriverFanSpeed, 55)
		r.expect("29 bits", vehicle.ClimateDriverAirDistribution, "MIDDLE")
		r.expect("29 bits", vehicle.SeatRow1DriverHeating, -10)
		r.send(1<<31|0x300, 60, 101, 7, 0x9B)
		r.expect("over the overlay's limit", vehicle.ClimateDriverTemperature, "invalid")
		r.expect("over the database's limit", vehicle.ClimateDriverFanSpeed, "invalid")
		r.expect("label that says so", vehicle.ClimateDriverAirDistribution, "not available")
		r.expect("under the limit", vehicle.SeatRow1DriverHeating, "invalid")
	})
}

func TestSignalsGoStaleByThemselves(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		w, err := r.store.Watch(vehicle.Speed)
		if err != nil {
			t.Fatal(err)
		}
		r.motion(1, 1000, 4)
		r.send(1<<31|0x300, 40, 55, 1, 0) // cycle 200 ms: 600 ms
		r.send(512, 0, 0x09, 0xC4)        // no cycle time: 2 s
		w.Read(time.Now(), nil)
		time.Sleep(299 * time.Millisecond)
		r.expect("at 299 ms", vehicle.Speed, 36)
		select {
		case <-w.C():
			t.Error("woke before the end of the time to live")
		default:
		}
		time.Sleep(12 * time.Millisecond)
		r.expect("at 311 ms", vehicle.Speed, "stale")
		synctest.Wait()
		select {
		case <-w.C():
		default:
			t.Error("nobody was told that it went stale")
		}
		time.Sleep(288 * time.Millisecond)
		r.expect("at 599 ms", vehicle.ClimateDriverFanSpeed, 55)
		time.Sleep(time.Millisecond)
		r.expect("at 600 ms", vehicle.ClimateDriverFanSpeed, "stale")
		time.Sleep(1399 * time.Millisecond)
		r.expect("at 1999 ms", vehicle.FrontWheelLeftTirePressure, 250)
		time.Sleep(time.Millisecond)
		r.expect("at 2 s", vehicle.FrontWheelLeftTirePressure, "stale")
	})
}

func TestAWrongChecksumIsInvalidAtOnce(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		for bit := range 64 {
			r.motion(1, 1000, 4)
			r.expect("good frame", vehicle.Speed, 36)
			bad := motionFrame(r.count, 1, 1000, 4)
			bad[bit/8] ^= 1 << (bit % 8)
			r.send(256, bad...)
			r.expect(fmt.Sprintf("bit %d turned", bit), vehicle.Speed, "invalid")
			r.expect(fmt.Sprintf("bit %d turned", bit), vehicle.IsParkLockEngaged, "invalid")
		}
		r.motion(1, 1000, 4)
		r.send(256, motionFrame(r.count, 1, 1000, 4)[:7]...)
		r.expect("a byte short", vehicle.Speed, "invalid")
		if c := r.port.Counts(); c.Checksum != 64 || c.Short != 1 || c.Frames != 64*2+2 {
			t.Errorf("got %+v, want 64 wrong checksums and one short frame of 130", c)
		}
	})
}

func TestCounters(t *testing.T) {
	for _, c := range []struct {
		name     string
		counters []int64
		want     []string // after each frame; the n-th frame says n m/s * 10
	}{
		{"in order and around", []int64{13, 14, 0, 1}, []string{"36", "72", "108", "144"}},
		{"up to two lost", []int64{0, 3, 4, 7}, []string{"36", "72", "108", "144"}},
		{"stands still", []int64{5, 5, 5, 5, 5, 6}, []string{"36", "36", "36", "invalid", "invalid", "216"}},
		{"repetitions that are not in a row", []int64{5, 5, 5, 6, 6, 7}, []string{"36", "36", "36", "144", "144", "216"}},
		{"one repetition", []int64{5, 5, 6}, []string{"36", "36", "108"}},
		{"jump, then in order", []int64{5, 9, 10}, []string{"36", "36", "108"}},
		{"jumps back", []int64{5, 4, 3, 2, 3}, []string{"36", "36", "36", "invalid", "180"}},
		{"never 15", []int64{14, 15, 0}, []string{"36", "36", "108"}},
	} {
		bubble(t, nil, func(t *testing.T, r *rig) {
			for i, n := range c.counters {
				r.send(256, motionFrame(n, 1, uint16(i+1)*1000, 4)...)
				r.expect(fmt.Sprintf("%s: frame %d", c.name, i), vehicle.Speed, c.want[i])
				time.Sleep(20 * time.Millisecond)
			}
			time.Sleep(time.Second)
			r.send(256, motionFrame(c.counters[len(c.counters)-1], 1, 500, 4)...)
			r.expect(c.name+": after a silence", vehicle.Speed, 18)
		})
	}
}

func TestIntervalLimitsTheWakeUps(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		w, err := r.store.Watch(vehicle.Speed)
		if err != nil {
			t.Fatal(err)
		}
		woken := 0
		for i := range 100 { // a second of frames each 10 ms, all different
			r.motion(1, uint16(i), 4)
			select {
			case <-w.C():
				woken++
			default:
			}
			time.Sleep(10 * time.Millisecond)
		}
		if woken < 9 || woken > 14 {
			t.Errorf("got %d wake-ups in a second, want about ten (interval_ms: 100)", woken)
		}
		r.expect("the newest is there all the same", vehicle.Speed, "3.564")
	})
}

func TestForeignFramesChangeNothing(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.motion(1, 1000, 4)
		for _, f := range []canbus.Frame{
			{ID: 256, Flags: canbus.Remote, Len: 8},
			{ID: 256, Flags: canbus.Error, Len: 8},
			{ID: 256, Flags: canbus.Extended, Len: 8},
			{ID: 1, Len: 8},
			{ID: canbus.MaxExtendedID, Flags: canbus.Extended},
			{ID: 0xFFFFFFFF, Len: 8},
		} {
			if _, err := r.car.Send(t.Context(), []canbus.Frame{f}); err != nil {
				continue // the pipe does not take what no bus could carry
			}
			synctest.Wait()
			r.expect(fmt.Sprintf("%+v", f.Flags), vehicle.Speed, 36)
		}
	})
}

// A bus that fails ends Run; one that is closed does not.
func TestBusesThatEnd(t *testing.T) {
	broken := errors.New("network is down")
	for _, c := range []struct {
		err, want error
	}{{broken, broken}, {canbus.ErrClosed, nil}} {
		synctest.Test(t, func(t *testing.T) {
			car := loadTest(t, nil)
			store, err := vehicle.NewStore(car.Signals())
			if err != nil {
				t.Fatal(err)
			}
			port, err := carport.New(carport.Config{Car: car, Store: store, Buses: map[string]canbus.Bus{"main": failing{c.err}}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			if err := port.Run(ctx); !errors.Is(err, c.want) || (c.want == nil) != (time.Since(start) == time.Minute) {
				t.Errorf("bus gives %v: Run gives %v after %v", c.err, err, time.Since(start))
			}
			if err := port.Run(ctx); err == nil {
				t.Error("a second Run began")
			}
			var no *vehicle.Refusal
			if err := port.Actuate(t.Context(), vehicle.Command{Path: vehicle.ClimateDriverTemperature, Value: vehicle.NumberOf(20)}); !errors.As(err, &no) {
				t.Errorf("after Run: got %v, want a refusal", err)
			}
		})
	}
}

// failing is a bus that gives nothing but an error.
type failing struct{ err error }

func (f failing) Receive(context.Context, []canbus.Frame) (int, error) { return 0, f.err }
func (f failing) Send(context.Context, []canbus.Frame) (int, error)    { return 0, f.err }
func (f failing) Close() error                                         { return nil }

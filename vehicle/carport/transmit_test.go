package carport_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/vehicle"
	"tandem/vehicle/carport"
)

// collect receives what the Port sends until nothing comes for a while.
func (r *rig) collect(quiet time.Duration) []canbus.Frame {
	var all []canbus.Frame
	for {
		ctx, cancel := context.WithTimeout(context.Background(), quiet)
		frames := make([]canbus.Frame, 16)
		n, err := r.car.Receive(ctx, frames)
		cancel()
		if err != nil {
			return all
		}
		all = append(all, frames[:n]...)
	}
}

func (r *rig) ask(p vehicle.Path, v vehicle.Value) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return r.port.Actuate(ctx, vehicle.Command{Path: p, Value: v, Origin: "test"})
}

func TestTransmittedFrames(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.send(1<<31|0x300, 40, 55, 1, 0xF6) // 20 degrees, fan 55, MIDDLE, heat -10
		if err := r.ask(vehicle.ClimateDriverTemperature, vehicle.NumberOf(21.3)); err != nil {
			t.Fatal(err)
		}
		if err := r.ask(vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(70)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(450 * time.Millisecond)
		frames := make([]canbus.Frame, 16)
		n, err := r.car.Receive(t.Context(), frames)
		if err != nil {
			t.Fatal(err)
		}
		// signal by signal: counter, temperature, fan, air, heat, start
		want := [][6]byte{
			{0, 43, 55, 7, 10, 77}, // heat: the report, through "-x"
			{1, 43, 70, 7, 10, 77}, // second request 20 ms later, the first stands
			{2, 255, 70, 7, 10, 77},
			{3, 255, 70, 7, 10, 77},
			{4, 255, 70, 7, 10, 77},
			{5, 255, 70, 7, 10, 77},
		}
		if n != len(want) {
			t.Fatalf("got %d frames, want %d", n, len(want))
		}
		var last int64
		for i, f := range frames[:n] {
			d := f.Data
			got := [6]byte{d[1] & 15, d[2], d[3], d[4], d[5], d[6]}
			if f.ID != 768 || f.Flags != 0 || f.Len != 8 || got != want[i] {
				t.Errorf("frame %d: got %x#%v, want %v", i, f.ID, got, want[i])
			}
			if sum := d[1] ^ d[2] ^ d[3] ^ d[4] ^ d[5] ^ d[6] ^ d[7]; sum != d[0] {
				t.Errorf("frame %d: checksum %#x, want %#x", i, d[0], sum)
			}
			gap := time.Duration(f.Time - last)
			if wantGap := map[int]time.Duration{0: gap, 1: 20 * time.Millisecond}[i]; i > 1 && gap != 100*time.Millisecond || i <= 1 && gap != wantGap {
				t.Errorf("frame %d came %v after the last", i, gap)
			}
			last = f.Time
		}
	})
}

func TestRefusals(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			path vehicle.Path
			v    vehicle.Value
			want string
		}{
			{vehicle.Speed, vehicle.NumberOf(1), "this car cannot be asked for it"},
			{vehicle.ClimateDriverTemperature, vehicle.NumberOf(40.5), "this car takes 0 to 40 Celsius; 40.5 was asked for"},
			{vehicle.ClimateDriverTemperature, vehicle.TextOf("warm"), "this car does not take warm"},
			{vehicle.ClimateDriverTemperature, vehicle.NumberOf(math.NaN()), "this car takes 0 to 40 Celsius; NaN was asked for"},
			{vehicle.ClimateDriverAirDistribution, vehicle.TextOf("None"), "this car takes UP, MIDDLE, DOWN; None was asked for"},
			{vehicle.SeatRow1DriverHeating, vehicle.NumberOf(101), "this car takes -100 to 100 %, and 101 is -101"},
			{vehicle.ESCIsEnabled, vehicle.BoolOf(false), "only when the car is parked"},
		} {
			err := r.ask(c.path, c.v)
			var no *vehicle.Refusal
			if !errors.As(err, &no) || no.Reason != c.want || no.Path != c.path {
				t.Errorf("%s = %v: got %v, want refused: %s", c.path, c.v, err, c.want)
			}
		}
		r.motion(14, 0, 5) // parked
		if err := r.ask(vehicle.ESCIsEnabled, vehicle.BoolOf(false)); err != nil {
			t.Errorf("parked: got %v, want it sent", err)
		}
		time.Sleep(time.Second) // the speed is stale: parked no longer
		var no *vehicle.Refusal
		if err := r.ask(vehicle.ESCIsEnabled, vehicle.BoolOf(true)); !errors.As(err, &no) {
			t.Errorf("stale: got %v, want a refusal", err)
		}
	})
}

// A refused request must not stand in a later frame.
func TestARefusedRequestLeavesNoTrace(t *testing.T) {
	policy := `transmit:
  - bus: main
    message: Ask
    rate: {per_second: 100, burst: 100}
    signals: {AskCrc: {any: true}, AskCount: {any: true}, AskTemp: {any: true}, AskFan: {min: 0, max: 50}, AskAir: {any: true}, AskHeat: {any: true}, AskStart: {any: true}}
    unused: any
`
	bubble(t, map[string]string{"policy.yaml": policy}, func(t *testing.T, r *rig) {
		var no *vehicle.Refusal
		if err := r.ask(vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(60)); !errors.As(err, &no) || no.Reason != "the transmit policy does not allow this value" {
			t.Fatalf("got %v, want a refusal of the value", err)
		}
		bad := make(chan error, 1)
		go func() { bad <- r.ask(vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(60)) }()
		if err := r.ask(vehicle.ClimateDriverTemperature, vehicle.NumberOf(20)); err != nil {
			t.Errorf("another request in the same frame: %v", err)
		}
		if err := <-bad; !errors.As(err, &no) {
			t.Errorf("got %v, want a refusal", err)
		}
		time.Sleep(300 * time.Millisecond)
		frames := make([]canbus.Frame, 16)
		n, err := r.car.Receive(t.Context(), frames)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		for i, f := range frames[:n] {
			if f.Data[3] != 0 || int(f.Data[1]&15) != i {
				t.Errorf("frame %d: fan %d and counter %d, want no trace of the refused one", i, f.Data[3], f.Data[1]&15)
			}
		}
	})
}

func TestNothingIsSentWithoutAPolicyOrABus(t *testing.T) {
	bubble(t, map[string]string{"policy.yaml": ""}, func(t *testing.T, r *rig) {
		var no *vehicle.Refusal
		if err := r.ask(vehicle.ClimateDriverTemperature, vehicle.NumberOf(20)); !errors.As(err, &no) || !strings.Contains(no.Reason, "no transmit policy") {
			t.Errorf("got %v", err)
		}
		if f := r.collect(time.Second); len(f) != 0 {
			t.Errorf("got %d frames, want none", len(f))
		}
	})
	car := loadTest(t, nil)
	store, err := vehicle.NewStore(car.Signals())
	if err != nil {
		t.Fatal(err)
	}
	port, err := carport.New(carport.Config{Car: car, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	var no *vehicle.Refusal
	err = port.Actuate(t.Context(), vehicle.Command{Path: vehicle.ClimateDriverTemperature, Value: vehicle.NumberOf(20)})
	if !errors.As(err, &no) || no.Reason != "the bus main is not connected" {
		t.Errorf("got %v", err)
	}
	for _, c := range []carport.Config{{}, {Car: car}, {Store: store}, {Car: car, Store: store, Buses: map[string]canbus.Bus{"moon": nil}}} {
		if _, err := carport.New(c); err == nil {
			t.Errorf("%+v: got a port", c)
		}
	}
}

// A message without a cycle is sent as often as a request stands, and once
// more to take it back.
func TestARequestWithoutACycle(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.motion(14, 0, 5) // parked
		if err := r.ask(vehicle.ESCIsEnabled, vehicle.BoolOf(false)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		frames := make([]canbus.Frame, 64)
		n, err := r.car.Receive(t.Context(), frames)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		var last int64
		for _, f := range frames[:n] {
			if f.ID == 770 {
				if got = append(got, f.Data[0]); len(got) > 1 && f.Time-last != int64(20*time.Millisecond) {
					t.Errorf("frame %d came %v after the last, want 20 ms", len(got), time.Duration(f.Time-last))
				}
				last = f.Time
			}
		}
		if string(got) != "\x00\x00\x00\x03" {
			t.Errorf("got %v, want the request three times, then no request", got)
		}
	})
}

func TestNoRequestCannotBeAskedFor(t *testing.T) {
	overlay := strings.Replace(testOverlay, "no_request: 255", "no_request: 40", 1)
	bubble(t, map[string]string{"overlay.vspec": overlay}, func(t *testing.T, r *rig) {
		var no *vehicle.Refusal
		if err := r.ask(vehicle.ClimateDriverTemperature, vehicle.NumberOf(20)); !errors.As(err, &no) || no.Reason != "this car cannot be asked for 20" {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

func TestABooleanIsZeroOrOne(t *testing.T) {
	overlay := strings.Replace(testOverlay, "dbc2vss: {signal: Lock}", `dbc2vss: {signal: Lock, transform: {math: "x*2"}}`, 1)
	bubble(t, map[string]string{"overlay.vspec": overlay}, func(t *testing.T, r *rig) {
		r.motion(1, 0, 4)
		r.expect("0", vehicle.IsParkLockEngaged, false)
		r.motion(1, 0, 5)
		r.expect("2", vehicle.IsParkLockEngaged, "invalid")
	})
}

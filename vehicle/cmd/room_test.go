package cmd_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"tandem/canbus"
	"tandem/sim/car"
	"tandem/vehicle"
	"tandem/vehicle/carport"
	"tandem/vehicle/cars"
	"tandem/vehicle/cmd"
)

// drive runs the simulated Tandem One and a Room on it for the length of use.
func drive(t *testing.T, use func(t *testing.T, room *cmd.Room, model *carport.Car)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		model, err := carport.LoadCar(cars.FS, cars.Default, carport.Overrides{})
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := map[string]canbus.Bus{}, map[string]canbus.Bus{}
		for _, b := range model.Buses {
			pipe := canbus.NewPipe()
			ours[b.Name], theirs[b.Name] = pipe.Join("head unit"), pipe.Join("car")
		}
		sim, err := car.New(car.Config{Seed: 1, Buses: theirs})
		if err != nil {
			t.Fatal(err)
		}
		room, err := cmd.New(cmd.Config{Car: model, Buses: ours})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- sim.Run(ctx) }()
		go func() { ended <- room.Run(ctx) }()
		use(t, room, model)
		cancel()
		for range 2 {
			if err := <-ended; err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
}

func TestEverySignalOfTheReferenceCarBecomesValid(t *testing.T) {
	drive(t, func(t *testing.T, room *cmd.Room, model *carport.Car) {
		time.Sleep(5 * time.Second)
		now := time.Now()
		for _, m := range model.Mappings {
			if m.Up == nil {
				continue
			}
			s := room.Store.Sample(now, m.Path())
			if s.Quality != vehicle.Valid && s.Quality != vehicle.NotAvailable {
				t.Errorf("%s: got quality %v after five seconds, want valid", m.Path(), s.Quality)
			}
		}
		if c := room.Port.Counts(); c.Checksum != 0 || c.Counter != 0 || c.Short != 0 || c.Frames < 1000 {
			t.Errorf("got counts %+v, want over 1000 frames and none refused", c)
		}
	})
}

func TestACommandGoesRoundThroughTheCar(t *testing.T) {
	drive(t, func(t *testing.T, room *cmd.Room, model *carport.Car) {
		time.Sleep(2 * time.Second)
		for _, c := range []struct {
			path vehicle.Path
			v    vehicle.Value
		}{
			{vehicle.ClimateDriverTemperature, vehicle.NumberOf(24.5)},
			{vehicle.ClimateDriverTemperature, vehicle.NumberOf(19)},
			{vehicle.ClimatePassengerFanSpeed, vehicle.NumberOf(70)},
			{vehicle.ClimateDriverAirDistribution, vehicle.TextOf("DOWN")},
			{vehicle.IsRecirculationActive, vehicle.BoolOf(true)},
			{vehicle.IsRecirculationActive, vehicle.BoolOf(false)},
			{vehicle.SeatRow1DriverHeating, vehicle.NumberOf(66)},
			{vehicle.ChargeLimit, vehicle.NumberOf(80)},
			{vehicle.PerformanceMode, vehicle.TextOf("SPORT")},
			{vehicle.LaneDepartureIsEnabled, vehicle.BoolOf(false)},
			{vehicle.TripMeterReading, vehicle.NumberOf(0)},
		} {
			o := room.Desk.Ask(t.Context(), vehicle.Command{Path: c.path, Value: c.v, Origin: "test"})
			if o.State != vehicle.Done {
				t.Errorf("%s = %v: got %v, want done", c.path, c.v, o)
			}
		}
		if n := room.Port.Counts(); n.Frames == 0 {
			t.Error("no frames came")
		}
		for _, c := range []struct {
			path vehicle.Path
			v    vehicle.Value
			want string
		}{
			{vehicle.ClimateDriverTemperature, vehicle.NumberOf(40), "it takes 16 to 28 Celsius; 40 was asked for"},
			{vehicle.Speed, vehicle.NumberOf(40), "it can be read, not asked for"},
			{vehicle.LightsHazardIsSignaling, vehicle.BoolOf(true), "it can be read, not asked for"},
			{vehicle.ClimateDriverAirDistribution, vehicle.TextOf("SIDEWAYS"), `it takes UP, MIDDLE or DOWN; "SIDEWAYS" was asked for`},
			{vehicle.ChargeLimit, vehicle.NumberOf(10), "it takes 50 to 100 percent; 10 was asked for"},
		} {
			o := room.Desk.Ask(t.Context(), vehicle.Command{Path: c.path, Value: c.v})
			if o.State != vehicle.Refused || o.Reason != c.want {
				t.Errorf("%s = %v: got %v, want refused: %s", c.path, c.v, o, c.want)
			}
		}
	})
}

func TestWhatNeedsAParkedCarIsRefusedWhileItMoves(t *testing.T) {
	drive(t, func(t *testing.T, room *cmd.Room, model *carport.Car) {
		moving := false
		for range 600 {
			time.Sleep(time.Second)
			if moving = vehicle.Moving(time.Now(), room.Store); moving {
				break
			}
		}
		if !moving {
			t.Fatal("the car did not move in ten minutes")
		}
		for _, p := range []vehicle.Path{vehicle.ESCIsEnabled, vehicle.TrunkRearIsOpen} {
			o := room.Desk.Ask(t.Context(), vehicle.Command{Path: p, Value: vehicle.BoolOf(p == vehicle.TrunkRearIsOpen)})
			if o.State != vehicle.Refused || o.Reason != "only when the car is parked" {
				t.Errorf("%s while moving: got %v", p, o)
			}
		}
		if s := room.Store.Sample(time.Now(), vehicle.ESCIsEnabled); s.Asked != (vehicle.Value{}) {
			t.Errorf("got asked %v after the refusal, want none", s.Asked)
		}
	})
}

package car_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/canbus"
	"tandem/sim/car"
	"tandem/sim/scenario"
	"tandem/vehicle"
	"tandem/vehicle/carport"
)

func loadCar(t testing.TB) *carport.Car {
	t.Helper()
	c, err := carport.LoadCar(os.DirFS(model), ".", carport.Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDirectoryLoads(t *testing.T) {
	c := loadCar(t)
	for _, d := range c.Diagnostics {
		t.Errorf("%v", d)
	}
	for _, w := range c.Warnings {
		t.Errorf("%v", w)
	}
}

// headUnit is the simulated car with the vehicle room on its buses.
type headUnit struct {
	sim   *car.Car
	model *carport.Car
	store *vehicle.Store
	desk  *vehicle.Desk
}

// live runs both ends in a bubble, and f in it.
func live(t *testing.T, text string, f func(*testing.T, *headUnit)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := scenario.Parse("live", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		h := &headUnit{model: loadCar(t)}
		ours, theirs := map[string]canbus.Bus{}, map[string]canbus.Bus{}
		for _, name := range busNames {
			p := canbus.NewPipe()
			ours[name], theirs[name] = p.Join("HU"), p.Join("car")
		}
		if h.sim, err = car.New(car.Config{Scenario: s, Buses: theirs}); err != nil {
			t.Fatal(err)
		}
		if h.store, err = vehicle.NewStore(h.model.Signals()); err != nil {
			t.Fatal(err)
		}
		port, err := carport.New(carport.Config{Car: h.model, Store: h.store, Buses: ours})
		if err != nil {
			t.Fatal(err)
		}
		if h.desk, err = vehicle.NewDesk(vehicle.DeskConfig{Store: h.store, Actuator: port}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, run := range []func(context.Context) error{port.Run, h.desk.Run, h.sim.Run} {
			wg.Go(func() { _ = run(ctx) })
		}
		time.Sleep(3 * time.Second) // of the bubble
		f(t, h)
		cancel()
		wg.Wait()
		for _, b := range ours {
			_ = b.Close()
		}
	})
}

// TestEveryPathIsReported: three seconds after the start the car has said
// something of every path of the overlay: a value, or that it has none.
func TestEveryPathIsReported(t *testing.T) {
	live(t, string(scenario.DemoText()), func(t *testing.T, h *headUnit) {
		valid, none := 0, 0
		for _, m := range h.model.Mappings {
			switch s := h.store.Sample(time.Now(), m.Path()); s.Quality {
			case vehicle.Valid:
				valid++
			case vehicle.NotAvailable:
				none++
			default:
				t.Errorf("%s: got %s, want valid or not available", m.Path(), s.Quality)
			}
		}
		t.Logf("%d valid, %d not available", valid, none)
		if v, ok := h.store.Sample(time.Now(), vehicle.Speed).Number(); !ok || v < 3 {
			t.Errorf("speed: got %v %v, want the demo to move", v, ok)
		}
	})
}

// TestCommandsAreDone asks for everything that may be asked of a parked car:
// from the desk through overlay, policy, guard and bus to the control unit and
// back.
func TestCommandsAreDone(t *testing.T) {
	on, off := vehicle.BoolOf(true), vehicle.BoolOf(false)
	tests := []struct {
		path  vehicle.Path
		value vehicle.Value
	}{
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(23.5)}, {vehicle.ClimatePassengerTemperature, vehicle.NumberOf(16)},
		{vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(100)}, {vehicle.ClimatePassengerFanSpeed, vehicle.NumberOf(0)},
		{vehicle.ClimateDriverAirDistribution, vehicle.TextOf("UP")}, {vehicle.ClimatePassengerAirDistribution, vehicle.TextOf("DOWN")},
		{vehicle.IsAirConditioningActive, off}, {vehicle.IsFrontDefrosterActive, on}, {vehicle.IsRearDefrosterActive, on}, {vehicle.IsRecirculationActive, on},
		{vehicle.SeatRow1DriverHeating, vehicle.NumberOf(66)}, {vehicle.SeatRow1PassengerHeating, vehicle.NumberOf(100)}, {vehicle.SteeringWheelHeating, vehicle.NumberOf(33)},
		{vehicle.MirrorsDriverIsFolded, on}, {vehicle.MirrorsPassengerIsFolded, on}, {vehicle.MirrorsDriverIsHeatingOn, on}, {vehicle.MirrorsPassengerIsHeatingOn, on},
		{vehicle.WindshieldFrontIsHeatingOn, on}, {vehicle.WindshieldRearIsHeatingOn, off},
		{vehicle.DoorRow1DriverIsLocked, on}, {vehicle.DoorRow1PassengerIsLocked, on}, {vehicle.DoorRow2DriverIsLocked, on}, {vehicle.DoorRow2PassengerIsLocked, on},
		{vehicle.DoorRow1DriverWindowPosition, vehicle.NumberOf(20)}, {vehicle.DoorRow1PassengerWindowPosition, vehicle.NumberOf(20)},
		{vehicle.DoorRow2DriverWindowPosition, vehicle.NumberOf(20)}, {vehicle.DoorRow2PassengerWindowPosition, vehicle.NumberOf(20)},
		{vehicle.LightSwitch, vehicle.TextOf("BEAM")}, {vehicle.ChargeLimit, vehicle.NumberOf(90)}, {vehicle.PerformanceMode, vehicle.TextOf("SNOW")},
		{vehicle.TripMeterReading, vehicle.NumberOf(0)}, {vehicle.LaneDepartureIsEnabled, off}, {vehicle.ESCIsEnabled, off}, {vehicle.TrunkRearIsOpen, on},
	}
	live(t, "0 gear P", func(t *testing.T, h *headUnit) {
		slowest := time.Duration(0)
		for _, tt := range tests {
			got := h.desk.Ask(t.Context(), vehicle.Command{Path: tt.path, Value: tt.value, Origin: "hmi", Within: 4 * time.Second})
			if got.State != vehicle.Done {
				t.Errorf("%s = %s: got %s", tt.path, tt.value, got)
			}
			slowest = max(slowest, got.Took)
		}
		t.Logf("%d commands, slowest %s", len(tests), slowest)
		if n := h.sim.Refused(); n != 0 {
			t.Errorf("the car refused %d requests", n)
		}
	})
}

// TestCommandsAreRefused: the policy and the overlay say no before anything is
// sent.
func TestCommandsAreRefused(t *testing.T) {
	tests := []struct {
		path  vehicle.Path
		value vehicle.Value
	}{
		{vehicle.TrunkRearIsOpen, vehicle.BoolOf(true)},            // not parked
		{vehicle.ESCIsEnabled, vehicle.BoolOf(false)},              // not parked
		{vehicle.LightsHazardIsSignaling, vehicle.BoolOf(true)},    // a switch of its own
		{vehicle.CruiseControlIsActive, vehicle.BoolOf(true)},      // the driver's alone
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(35)},   // out of range
		{vehicle.ChargeLimit, vehicle.NumberOf(20)},                // out of range
		{vehicle.PerformanceMode, vehicle.TextOf("LUDICROUS")},     // no such mode
		{vehicle.Speed, vehicle.NumberOf(200)},                     // a sensor
		{vehicle.SeatRow1DriverHeating, vehicle.NumberOf(50)},      // no such level
		{vehicle.SeatRow1DriverHeating, vehicle.NumberOf(-50)},     // no cooling
		{vehicle.ClimateDriverFanSpeed, vehicle.NumberOf(55)},      // no such step
		{vehicle.DoorRow1DriverIsOpen, vehicle.BoolOf(true)},       // doors open by hand
		{vehicle.TripMeterReading, vehicle.NumberOf(1000)},         // only to zero
		{vehicle.ClimateDriverTemperature, vehicle.TextOf("warm")}, // no number
	}
	live(t, "0 gear D\n0 belt driver on\n0.5 drive 50", func(t *testing.T, h *headUnit) {
		for _, tt := range tests {
			got := h.desk.Ask(t.Context(), vehicle.Command{Path: tt.path, Value: tt.value, Origin: "hmi"})
			if got.State != vehicle.Refused || got.Reason == "" {
				t.Errorf("%s = %s: got %s, want a refusal with its reason", tt.path, tt.value, got)
			}
		}
	})
}

// TestFaultsAreNoticed: what a fault does to the quality of a signal.
func TestFaultsAreNoticed(t *testing.T) {
	tests := []struct {
		fault string
		path  vehicle.Path
		want  vehicle.Quality
	}{
		{"signal.VehicleSpeed error", vehicle.Speed, vehicle.Error},
		{"signal.VehicleSpeed unavailable", vehicle.Speed, vehicle.NotAvailable},
		{"message.EspMotion crc", vehicle.Speed, vehicle.Invalid},
		{"message.EspMotion counter", vehicle.Speed, vehicle.Invalid},
		{"message.EspMotion silence", vehicle.Speed, vehicle.Stale},
		{"ecu.VCU silence", vehicle.CurrentGear, vehicle.Stale},
		{"bus.adas silence", vehicle.ObstacleFrontCenterIsWarning, vehicle.Stale},
		{"ecu.TPMS silence", vehicle.FrontWheelLeftTirePressure, vehicle.Stale},
		{"esc error", vehicle.ESCIsError, vehicle.Valid},
	}
	live(t, "0 gear P", func(t *testing.T, h *headUnit) {
		for _, tt := range tests {
			if err := h.sim.Command(fmt.Sprintf("fault %s 3s", tt.fault)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2500 * time.Millisecond)
			if got := h.store.Sample(time.Now(), tt.path).Quality; got != tt.want {
				t.Errorf("fault %s: %s: got %s, want %s", tt.fault, tt.path, got, tt.want)
			}
			time.Sleep(1500 * time.Millisecond)
			if got := h.store.Sample(time.Now(), tt.path).Quality; got != vehicle.Valid {
				t.Errorf("after fault %s: %s: got %s, want valid", tt.fault, tt.path, got)
			}
		}
	})
}

package car_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/sim/car"
	"tandem/sim/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a car on three pipes, and the head unit's end of them, which encodes
// and decodes with our own plans.
type rig struct {
	t       *testing.T
	car     *car.Car
	db      map[string]*dbc.Database
	plan    map[string]*dbc.Plan
	port    map[string]*canbus.Port
	last    map[string]int64 // raw values by signal
	counter uint8
}

func newRig(t *testing.T, text string) *rig {
	t.Helper()
	s, err := scenario.Parse("rig", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, db: map[string]*dbc.Database{}, plan: map[string]*dbc.Plan{}, port: map[string]*canbus.Port{}, last: map[string]int64{}}
	buses := map[string]canbus.Bus{}
	for _, name := range busNames {
		p := canbus.NewPipe()
		r.db[name] = database(t, name)
		r.plan[name] = dbc.Compile(r.db[name])
		r.port[name] = p.Join("HU")
		buses[name] = p.Join("car")
	}
	if r.car, err = car.New(car.Config{Scenario: s, Buses: buses}); err != nil {
		t.Fatal(err)
	}
	return r
}

// listen runs f with the car listening, in a bubble.
func listen(t *testing.T, text string, f func(*testing.T, *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, text)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.car.Listen(ctx) }()
		r.step(2 * time.Second)
		f(t, r)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Listen: %v", err)
		}
	})
}

// step moves the car on and reads what it says.
func (r *rig) step(d time.Duration) {
	synctest.Wait()
	r.car.Step(d)
	frames := make([]canbus.Frame, 4096)
	for name, p := range r.port {
		p.Send(context.Background(), nil)
		ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
		n, _ := p.Receive(ctx, frames)
		cancel()
		for i := range frames[:n] {
			m := r.plan[name].Message(frames[i].ID, false)
			for _, v := range m.Decode(frames[i].Payload(), nil) {
				r.last[m.Message.Signals[v.Signal].Name] = v.Raw
			}
		}
	}
}

// request is a frame with one request, everything else as the database starts
// it, and with counter and checksum as AUTOSAR E2E profile 1 wants them.
func (r *rig) request(bus, message, signal string, raw int64) canbus.Frame {
	r.t.Helper()
	m := r.db[bus].MessageByName(message)
	p := r.plan[bus].Message(m.ID, false)
	f := canbus.Frame{ID: m.ID, Len: uint8(m.Len)}
	if m.FD {
		f.Flags = canbus.FD | canbus.BitRateSwitch
	}
	for i, s := range m.Signals {
		v := int64(s.Initial)
		if s.Name == signal {
			v = raw
		}
		if err := p.EncodeRaw(f.Data[:m.Len], i, v); err != nil {
			r.t.Fatal(err)
		}
	}
	r.counter = (r.counter + 1) % 15
	f.Data[1] = f.Data[1]&0xf0 | r.counter
	f.Data[0] = profile1(f.Data[:m.Len], dataIDs[message])
	return f
}

func (r *rig) send(bus string, f canbus.Frame) {
	r.t.Helper()
	if _, err := r.port[bus].Send(context.Background(), []canbus.Frame{f}); err != nil {
		r.t.Fatal(err)
	}
}

// dataIDs are those of car.yaml, as people would copy them.
var dataIDs = map[string]uint16{
	"HuVehicleRequest": 0x2A00, "HuChassisRequest": 0x2A02, "HuClimateRequest": 0x2B00, "HuComfortRequest": 0x2B02,
	"HuAccessRequest": 0x2B04, "HuLightRequest": 0x2B06, "HuTrunkRequest": 0x2B08, "HuAdasRequest": 0x3B40,
}

// profile1 is the checksum by table, another way than the simulator's.
func profile1(data []byte, id uint16) byte {
	var table [256]byte
	for i := range table {
		c := byte(i)
		for range 8 {
			c = c<<1 ^ 0x1d*(c>>7)
		}
		table[i] = c
	}
	crc := table[table[byte(id)]^byte(id>>8)]
	for _, b := range data[1:] {
		crc = table[crc^b]
	}
	return crc
}

func TestRequests(t *testing.T) {
	tests := []struct {
		bus, message, request string
		raw                   int64
		report                string
		want                  int64
		within                time.Duration
	}{
		{car.Powertrain, "HuVehicleRequest", "DriveModeRequest", 2, "DriveMode", 2, 30 * time.Millisecond},
		{car.Powertrain, "HuVehicleRequest", "TripResetRequest", 1, "TripDistance", 0, 220 * time.Millisecond},
		{car.Powertrain, "HuVehicleRequest", "ChargeLimitRequest", 90, "ChargeLimit", 90, 220 * time.Millisecond},
		{car.Powertrain, "HuChassisRequest", "EscRequest", 0, "IsEscEnabled", 0, 40 * time.Millisecond},
		{car.Body, "HuClimateRequest", "TemperatureDriverRequest", 45, "SetTemperatureDriver", 45, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "TemperaturePassengerRequest", 32, "SetTemperaturePassenger", 32, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "FanDriverRequest", 100, "FanSpeedDriver", 100, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "FanPassengerRequest", 0, "FanSpeedPassenger", 0, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "AirConditioningRequest", 0, "IsAirConditioningOn", 0, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "RecirculationRequest", 1, "IsRecirculationOn", 1, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "FrontDefrostRequest", 1, "IsFrontDefrostOn", 1, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "RearDefrostRequest", 1, "IsRearWindowHeated", 1, 120 * time.Millisecond},
		{car.Body, "HuClimateRequest", "AirDriverRequest", 0, "AirDistributionDriver", 0, 100 * time.Millisecond},
		{car.Body, "HuClimateRequest", "AirPassengerRequest", 2, "AirDistributionPassenger", 2, 100 * time.Millisecond},
		{car.Body, "HuComfortRequest", "SeatHeatDriverRequest", 66, "SeatHeatDriver", 66, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "SeatHeatPassengerRequest", 33, "SeatHeatPassenger", 33, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "WheelHeatRequest", 100, "WheelHeat", 100, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "MirrorDriverFoldRequest", 1, "IsMirrorDriverFolded", 1, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "MirrorPassengerFoldRequest", 1, "IsMirrorPassengerFolded", 1, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "MirrorDriverHeatRequest", 1, "IsMirrorDriverHeated", 1, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "MirrorPassengerHeatRequest", 1, "IsMirrorPassengerHeated", 1, 120 * time.Millisecond},
		{car.Body, "HuComfortRequest", "WindshieldHeatRequest", 1, "IsWindshieldHeated", 1, 120 * time.Millisecond},
		{car.Body, "HuAccessRequest", "LockRow1DriverRequest", 1, "IsDoorRow1DriverLocked", 1, 120 * time.Millisecond},
		{car.Body, "HuAccessRequest", "LockRow1PassengerRequest", 1, "IsDoorRow1PassengerLocked", 1, 120 * time.Millisecond},
		{car.Body, "HuAccessRequest", "LockRow2DriverRequest", 1, "IsDoorRow2DriverLocked", 1, 120 * time.Millisecond},
		{car.Body, "HuAccessRequest", "LockRow2PassengerRequest", 1, "IsDoorRow2PassengerLocked", 1, 120 * time.Millisecond},
		{car.Body, "HuAccessRequest", "WindowRow1DriverRequest", 40, "WindowRow1Driver", 40, 3 * time.Second},
		{car.Body, "HuAccessRequest", "WindowRow1PassengerRequest", 100, "WindowRow1Passenger", 100, 7500 * time.Millisecond},
		{car.Body, "HuAccessRequest", "WindowRow2DriverRequest", 10, "WindowRow2Driver", 10, time.Second},
		{car.Body, "HuAccessRequest", "WindowRow2PassengerRequest", 10, "WindowRow2Passenger", 10, time.Second},
		{car.Body, "HuTrunkRequest", "TrunkRearRequest", 1, "IsTrunkRearOpen", 1, 300 * time.Millisecond},
		{car.Body, "HuTrunkRequest", "TrunkRearLockRequest", 1, "IsTrunkRearLocked", 1, 120 * time.Millisecond},
		{car.Body, "HuLightRequest", "LightSwitchRequest", 4, "IsLowBeamOn", 1, 100 * time.Millisecond},
		{car.ADAS, "HuAdasRequest", "LaneDepartureRequest", 0, "IsLaneDepartureEnabled", 0, 100 * time.Millisecond},
	}
	asked := map[string]bool{}
	listen(t, "0 gear P", func(t *testing.T, r *rig) {
		for _, tt := range tests {
			asked[tt.request] = true
			if tt.request != "TripResetRequest" && r.last[tt.report] == tt.want {
				t.Errorf("%s is %d before the request: the test cannot see it", tt.report, tt.want)
			}
			r.send(tt.bus, r.request(tt.bus, tt.message, tt.request, tt.raw))
			r.step(tt.within)
			if got := r.last[tt.report]; got != tt.want {
				t.Errorf("%s = %d: got %s %d after %s, want %d", tt.request, tt.raw, tt.report, got, tt.within, tt.want)
			}
		}
		if n := r.car.Refused(); n != 0 {
			t.Errorf("refused: got %d, want 0", n)
		}
		for _, name := range busNames {
			for _, m := range r.db[name].Messages {
				for _, s := range m.Signals {
					if m.Sender == "HU" && s.Start > 11 && !asked[s.Name] {
						t.Errorf("%s.%s is not tested", m.Name, s.Name)
					}
				}
			}
		}
	})
}

func TestRequestsThatAreRefused(t *testing.T) {
	listen(t, "0 gear P", func(t *testing.T, r *rig) {
		good := r.request(car.Body, "HuLightRequest", "LightSwitchRequest", 4)
		spoilt := good
		spoilt.Data[0] ^= 1
		short := good
		short.Len = 2
		late := r.request(car.Body, "HuLightRequest", "LightSwitchRequest", 0)
		fifteen := good
		fifteen.Data[1] = fifteen.Data[1]&0xf0 | 15
		fifteen.Data[0] = profile1(fifteen.Data[:3], dataIDs["HuLightRequest"])
		refused := uint64(0)
		tests := []struct {
			name    string
			frame   canbus.Frame
			refused uint64
			lights  int64
		}{
			{"wrong checksum", spoilt, 1, 3},
			{"wrong length", short, 1, 3},
			{"counter 15", fifteen, 1, 3},
			{"in order", good, 0, 4},
			{"the same again", good, 1, 4},
			{"the next", late, 0, 0},
		}
		for _, tt := range tests {
			refused += tt.refused
			r.send(car.Body, tt.frame)
			r.step(100 * time.Millisecond)
			if got := r.car.Refused(); got != refused || r.last["LightSwitchPosition"] != tt.lights {
				t.Errorf("%s: got %d refused, light switch %d, want %d, %d", tt.name, got, r.last["LightSwitchPosition"], refused, tt.lights)
			}
		}
		r.step(time.Second) // a head unit that starts again may begin with any counter
		r.send(car.Body, late)
		r.step(100 * time.Millisecond)
		if r.car.Refused() != refused {
			t.Errorf("after a silence: got %d refused, want %d", r.car.Refused(), refused)
		}
	})
}

func TestCarGuardsItselfWhileMoving(t *testing.T) {
	listen(t, "0 gear D\n0.5 drive 40", func(t *testing.T, r *rig) {
		r.step(4 * time.Second)
		r.send(car.Body, r.request(car.Body, "HuTrunkRequest", "TrunkRearRequest", 1))
		r.send(car.Powertrain, r.request(car.Powertrain, "HuChassisRequest", "EscRequest", 0))
		r.step(time.Second)
		if r.last["VehicleSpeed"] < 1000 || r.last["IsTrunkRearOpen"] != 0 || r.last["IsEscEnabled"] != 1 {
			t.Errorf("at %d: got tailgate %d, stability control %d, want 0, 1", r.last["VehicleSpeed"], r.last["IsTrunkRearOpen"], r.last["IsEscEnabled"])
		}
	})
}

package car_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/sim"
	"tandem/sim/car"
	"tandem/sim/scenario"
)

// drive runs a scenario for a while and gives each signal's last physical
// value, and how many frames of each message there were. Of a long drive only
// the last 20 seconds are read.
func drive(t *testing.T, text string, d time.Duration, then ...string) (values map[string]float64, frames map[string]int) {
	t.Helper()
	s, err := scenario.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, recorders := record(t, 1, s)
	if late := d - 20*time.Second; late > 0 {
		for range late / time.Second {
			c.Step(time.Second)
			for _, name := range busNames {
				recorders[name].Take(nil)
			}
		}
		d -= late.Truncate(time.Second)
	}
	c.Step(d)
	for _, event := range then {
		if err := c.Command(event); err != nil {
			t.Fatal(err)
		}
		c.Step(time.Second)
	}
	values, frames = map[string]float64{}, map[string]int{}
	for _, name := range busNames {
		plan := dbc.Compile(database(t, name))
		for _, f := range recorders[name].Take(nil) {
			m := plan.Message(f.ID, false)
			frames[m.Message.Name]++
			for _, r := range m.Decode(f.Payload(), nil) {
				s := m.Message.Signals[r.Signal]
				values[s.Name] = r.Value
				switch s.Values[r.Raw] {
				case "NotAvailable":
					values[s.Name] = math.NaN()
				case "SensorError":
					values[s.Name] = math.Inf(1)
				}
			}
		}
	}
	return values, frames
}

func TestPhysics(t *testing.T) {
	none, inf := math.NaN(), math.Inf(1)
	tests := []struct {
		name, scenario string
		after          time.Duration
		signal         string
		lo, hi         float64
	}{
		{"accelerates as a car does", "0 gear D\n1 drive 100", 6 * time.Second, "VehicleSpeed", 25, 45},
		{"holds the speed", "0 gear D\n1 drive 50", 20 * time.Second, "VehicleSpeed", 47, 52},
		{"stops and holds", "0 gear D\n1 drive 50\n12 stop", 22 * time.Second, "VehicleSpeed", 0, 0},
		{"all power", "0 gear D\n0.5 mode sport\n1 pedal 100", 12 * time.Second, "VehicleSpeed", 105, 145},
		{"no gear, no motion", "0 pedal 100", 5 * time.Second, "VehicleSpeed", 0, 0},
		{"wheels turn with the car", "0 gear D\n1 drive 50", 20 * time.Second, "WheelSpeedFrontLeft", 46, 53},
		{"motor turns with the wheels", "0 gear D\n1 drive 50", 20 * time.Second, "MotorSpeed", 3350, 3800},
		{"coasting recuperates", "0 gear D\n1 drive 60\n15 pedal 0", 16500 * time.Millisecond, "PackPower", 8000, 40000},
		{"driving takes power", "0 gear D\n1 drive 50", 4 * time.Second, "PackPower", -90000, -8000},
		{"reverse goes back", "0 gear R\n1 drive 5", 6 * time.Second, "MotorSpeed", -500, -100},
		{"range fits the charge", "0 soc 50", 2 * time.Second, "RangeRemaining", 150000, 280000},
		{"ice lets wheels spin", "0 surface ice\n2 gear D\n3 pedal 100", 5 * time.Second, "IsTcsEngaged", 1, 1},
		{"ice lets wheels lock", "0 gear D\n1 drive 50\n14 surface ice\n15 brake 100", 16500 * time.Millisecond, "IsAbsEngaged", 1, 1},
		{"charging", "0 charge plug", 10 * time.Second, "PackPower", 8000, 11000},
		{"charging takes its time", "0 soc 50\n0 charge plug\n0 charge limit 80", 10 * time.Second, "ChargeTimeRemaining", 6500, 8500},
		{"charging ends at the limit", "0 soc 80\n0 charge limit 80\n0 charge plug", 10 * time.Second, "ChargeState", 3, 3},
		{"a plugged car stays", "0 charge plug\n1 gear D\n2 pedal 100", 6 * time.Second, "VehicleSpeed", 0, 0},
		{"no set speed", "0 gear P", time.Second, "CruiseSetSpeed", none, none},
		{"cruise holds without feet", "0 gear D\n1 drive 60\n15 cruise 60", 25 * time.Second, "AcceleratorPosition", 0, 0},
		{"cruise holds the speed", "0 gear D\n1 drive 60\n15 cruise 60\n16 drive 160\n", 25 * time.Second, "CruiseSetSpeed", 60, 60},
		{"the cabin warms up", "0 ambient -10", 10 * time.Minute, "CabinTemperature", 17, 23},
		{"open doors let heat out", "0 ambient -10\n0 door row1.driver open\n0 door row2.driver open", 10 * time.Minute, "CabinTemperature", -5, 14},
		{"a leak is noticed", "0 fault tyre.row1.left leak", 40 * time.Second, "IsTyreLowFrontLeft", 1, 1},
		{"the others are well", "0 fault tyre.row1.left leak", 40 * time.Second, "TyrePressureFrontRight", 220, 260},
		{"night lights", "0 night", 5 * time.Second, "IsLowBeamOn", 1, 1},
		{"day lights", "0 day", 5 * time.Second, "IsLowBeamOn", 0, 0},
		{"windows take time", "0 window row1.driver 100", 3 * time.Second, "WindowRow1Driver", 30, 60},
		{"a blocked window stays", "0 window row1.driver 60\n8 fault window.driver blocked\n9 window row1.driver 0", 14 * time.Second, "WindowRow1Driver", 59, 60},
		{"a free window shuts", "0 window row1.driver 60\n9 window row1.driver 0", 14 * time.Second, "WindowRow1Driver", 0, 0},
		{"one lock", "0 lock row2.driver\n0 lock trunk", time.Second, "CentralLockState", 2, 2},
		{"locks itself when driving off", "0 gear D\n1 drive 40", 6 * time.Second, "IsDoorRow1DriverLocked", 1, 1},
		{"12 V from the battery alone", "0 fault battery12v low", 10 * time.Second, "LowVoltage", 10, 11},
		{"obstacles come nearer", "0 obstacle rear 3\n0 gear R\n1 drive 3", 4 * time.Second, "ObstacleRearCenter", 0.5, 2.5},
		{"radar follows the lead vehicle", "0 lead 40 0", time.Second, "Object1Distance", 39, 41},
		{"nothing ahead", "0 gear P", time.Second, "LeadDistance", none, none},
		{"time of day", "0 time 07:45", 2 * time.Second, "ClockHour", 7, 7},
		{"an unset signal", "0 fault signal.OutsideTemperature unavailable", 2 * time.Second, "OutsideTemperature", none, none},
		{"a broken sensor", "0 fault signal.OutsideTemperature error", 2 * time.Second, "OutsideTemperature", inf, inf},
		{"a stuck sensor", "0 gear D\n1 drive 50\n3 fault signal.VehicleSpeed stuck", 12 * time.Second, "VehicleSpeed", 5, 25},
		{"a fault ends", "0 fault signal.VehicleSpeed error 1s", 3 * time.Second, "VehicleSpeed", 0, 0},
		{"a fault is cleared", "0 fault esc error\n1 clear esc", 3 * time.Second, "IsEscError", 0, 0},
		{"a place on the road", "0 place 3000", time.Second, "Altitude", 455, 475},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, _ := drive(t, tt.scenario, tt.after)
			got := values[tt.signal]
			if ok := got >= tt.lo && got <= tt.hi || math.IsNaN(tt.lo) && math.IsNaN(got); !ok {
				t.Errorf("%s: got %v, want %v to %v", tt.signal, got, tt.lo, tt.hi)
			}
		})
	}
}

func TestRestBusTiming(t *testing.T) {
	_, frames := drive(t, "0 gear P", 10*time.Second)
	for _, name := range busNames {
		for _, m := range database(t, name).Messages {
			want := 0
			if m.Cycle > 0 {
				want = int(10 * time.Second / m.Cycle)
			}
			if got := frames[m.Name]; got != want {
				t.Errorf("%s: got %d frames in 10 s, want %d", m.Name, got, want)
			}
		}
	}
}

func TestSilenceAndSpoiltFrames(t *testing.T) {
	tests := []struct {
		fault   string
		silent  []string
		talking []string
	}{
		{"message.EspMotion silence", []string{"EspMotion"}, []string{"EspWheels", "VcuDrive"}},
		{"ecu.ESP silence", []string{"EspMotion", "EspWheels", "EspPads"}, []string{"VcuDrive", "BcmLights"}},
		{"bus.powertrain silence", []string{"EspMotion", "VcuDrive", "BmsPack"}, []string{"BcmLights", "RadarObjects"}},
		{"bus.adas silence", []string{"RadarObjects", "CamLane"}, []string{"EspMotion"}},
	}
	for _, tt := range tests {
		_, frames := drive(t, "0 fault "+tt.fault, 2*time.Second)
		for _, m := range tt.silent {
			if frames[m] != 0 {
				t.Errorf("%s: got %d frames of %s, want 0", tt.fault, frames[m], m)
			}
		}
		for _, m := range tt.talking {
			if frames[m] == 0 {
				t.Errorf("%s: got no frames of %s", tt.fault, m)
			}
		}
	}
}

func TestCounterAndChecksum(t *testing.T) {
	frames := func(text string) (good, advanced, all int) {
		s, err := scenario.Parse("test", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		c, recorders := record(t, 1, s)
		c.Step(time.Second)
		last := byte(14)
		for _, f := range recorders[car.Powertrain].Take(nil) {
			if f.ID != 0xa0 {
				continue
			}
			all++
			if f.Data[0] == profile1(f.Data[:8], 0x1A01) {
				good++
			}
			if f.Data[1]&15 == (last+1)%15 {
				advanced++
			}
			last = f.Data[1] & 15
		}
		return good, advanced, all
	}
	if good, advanced, all := frames("0 gear P"); good != 100 || advanced != 100 || all != 100 {
		t.Errorf("got %d of %d good, %d in order, want 100", good, all, advanced)
	}
	if good, advanced, _ := frames("0 fault message.EspMotion crc"); good != 0 || advanced != 100 {
		t.Errorf("spoilt checksum: got %d good, %d in order, want 0, 100", good, advanced)
	}
	if good, advanced, _ := frames("0.5 fault message.EspMotion counter"); good != 100 || advanced != 51 {
		t.Errorf("frozen counter: got %d good, %d in order, want 100, 51", good, advanced)
	}
}

// TestProfile1Vectors are sums that another implementation of AUTOSAR E2E
// profile 1 (zariiii9003/autosar-e2e) makes of these data.
func TestProfile1Vectors(t *testing.T) {
	tests := []struct {
		id   uint16
		data []byte
	}{
		{0x1A01, []byte{0xee, 0x03, 0x27, 0x38, 0x49, 0x5a, 0x6b, 0x7c}},
		{0x2A02, []byte{0xcc, 0x00, 0x27}},
		{0x3A04, []byte{0xa1, 0x0e, 0x27, 0x38, 0x49, 0x5a, 0x6b, 0x7c, 0x8d, 0x9e, 0xaf, 0xc0, 0xd1, 0xe2, 0xf3, 0x04}},
	}
	for _, tt := range tests {
		if got := profile1(tt.data, tt.id); got != tt.data[0] {
			t.Errorf("%#x: got %#x, want %#x", tt.id, got, tt.data[0])
		}
	}
}

func TestIndicatorsFlash(t *testing.T) {
	s, err := scenario.Parse("test", []byte("0 indicator left"))
	if err != nil {
		t.Fatal(err)
	}
	c, recorders := record(t, 1, s)
	c.Step(10 * time.Second)
	plan := dbc.Compile(database(t, car.Body))
	flashes, lit := 0, false
	for _, f := range recorders[car.Body].Take(nil) {
		m := plan.Message(f.ID, false)
		for _, r := range m.Decode(f.Payload(), nil) {
			if m.Message.Signals[r.Signal].Name == "IsIndicatorLeftLit" {
				if r.Raw == 1 && !lit {
					flashes++
				}
				lit = r.Raw == 1
			}
		}
	}
	if flashes != 15 {
		t.Errorf("flashes in 10 s: got %d, want 15", flashes)
	}
}

func TestDemoIsAliveAtOnce(t *testing.T) {
	values, _ := drive(t, string(scenario.DemoText()), 3*time.Second)
	if v := values["VehicleSpeed"]; v < 3 {
		t.Errorf("speed after 3 s: got %v, want the car to move", v)
	}
}

func TestDemoStartsOver(t *testing.T) {
	top, crashed := 0.0, false
	c, err := car.New(car.Config{Seed: 1, Meant: func(m car.Meaning) {
		switch m.Signal {
		case "VehicleSpeed":
			top = max(top, m.Value)
		case "IsEscEngaged":
			crashed = crashed || m.Raw == 1
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.Step(21 * time.Minute)
	if top < 100 || top > 125 || crashed {
		t.Errorf("two rounds: got at most %v km/h, stability control %v, want about 118, false", top, crashed)
	}
}

func TestCommand(t *testing.T) {
	values, _ := drive(t, "0 gear P", time.Second, "door row1.driver open", "fault ecu.TPMS silence")
	if values["IsDoorRow1DriverOpen"] != 1 {
		t.Error("the door did not open")
	}
	c, _ := record(t, 1, nil)
	for event, want := range map[string]string{
		"dor row1.driver open":              "unknown event",
		"fault ecu.XYZ silence":             "known: ADCU, BCM,",
		"fault message.EspMotian crc":       "known: AdcuAssist,",
		"fault message.BcmLights crc":       "has no checksum",
		"fault signal.Speed stuck":          "known: CruiseSetSpeed, FanSpeedDriver,",
		"fault signal.NoSuchThing stuck":    "the car has no signal",
		"fault signal.VehicleSpeed flutter": "unknown kind",
	} {
		if err := c.Command(event); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want ...%s...", event, err, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	bad, err := scenario.Parse("s", []byte("3 fault ecu.XYZ silence"))
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]car.Config{
		"bus":      {Buses: map[string]canbus.Bus{"lin": canbus.NewPipe().Join("x")}},
		"rate":     {Rate: -1},
		"scenario": {Scenario: bad},
	} {
		if _, err := car.New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error that names it", name, err)
		}
	}
}

// sulking is a bus that takes nothing while it is down.
type sulking struct {
	canbus.Bus
	down bool
}

func (s *sulking) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	if s.down {
		return 0, errors.New("no buffer space")
	}
	return s.Bus.Send(ctx, frames)
}

func TestBusThatTakesNothing(t *testing.T) {
	for _, name := range []string{car.Body, car.ADAS} {
		bus := &sulking{Bus: sim.NewRecorder(), down: true}
		var log bytes.Buffer
		c, err := car.New(car.Config{Buses: map[string]canbus.Bus{name: bus}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		c.Step(time.Second)
		lost := c.Lost()
		bus.down = false
		c.Step(time.Second)
		if lost < 90 || c.Lost() != lost {
			t.Errorf("%s: got %d frames lost, then %d, want about 100 and no more", name, lost, c.Lost())
		}
		if lines := strings.Count(log.String(), "\n"); lines != 2 {
			t.Errorf("%s: got %d lines of log, want one for down and one for up:\n%s", name, lines, &log)
		}
	}
}

func TestRunKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := scenario.Parse("s", []byte("0 gear P"))
		if err != nil {
			t.Fatal(err)
		}
		buses, ports := map[string]canbus.Bus{}, map[string]*canbus.Port{}
		for _, name := range busNames {
			p := canbus.NewPipe()
			ports[name], buses[name] = p.Join("HU"), p.Join("car")
		}
		c, err := car.New(car.Config{Scenario: s, Buses: buses, Rate: 2})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := c.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		began := time.Now()
		time.Sleep(3 * time.Second) // of the bubble
		synctest.Wait()
		if got := c.Elapsed(); got < 5900*time.Millisecond || got > 6*time.Second {
			t.Errorf("after 3 s at rate 2: got %s, want 6s", got)
		}
		frames := make([]canbus.Frame, 4096)
		n, err := ports[car.Body].Receive(ctx, frames)
		if err != nil || n < 700 {
			t.Errorf("got %d frames, %v, want 750", n, err)
		}
		if at := time.Unix(0, frames[n-1].Time).Sub(began); at < 2900*time.Millisecond || at > 3*time.Second {
			t.Errorf("stamp of the last frame: got %s after the start, want the bus's own clock, 3 s", at)
		}
		for range 3 { // any goroutine may command
			wg.Go(func() { _ = c.Command("horn on") })
		}
		cancel()
		wg.Wait()
		if err := c.Run(context.Background()); err == nil {
			t.Error("a second Run: got no error")
		}
	})
}

func TestRunEndsWhenABusIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := canbus.NewPipe().Join("car")
		c, err := car.New(car.Config{Buses: map[string]canbus.Bus{car.Body: bus}})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { _ = bus.Close() })
		if err := c.Run(t.Context()); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
}

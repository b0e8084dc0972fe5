package car_test

import (
	"context"
	"maps"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/sim/car"
	"tandem/sim/scenario"
)

const model = "../../vehicle/cars/tandem-one/"

// newYear is near: the tour passes midnight.
var newYear = time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC)

var busNames = []string{car.Powertrain, car.Body, car.ADAS}

func database(t testing.TB, bus string) *dbc.Database {
	t.Helper()
	data, err := os.ReadFile(model + bus + ".dbc")
	if err != nil {
		t.Fatal(err)
	}
	db, problems, err := dbc.Load(bus+".dbc", data)
	if err != nil || len(problems) > 0 {
		t.Fatalf("%s: %v %v", bus, err, problems)
	}
	return db
}

// oracle is a bus that reads every frame with our plans and compares it with
// what the control unit said that it means.
type oracle struct {
	canbus.Bus
	t        *testing.T
	plan     *dbc.Plan
	said     map[string]car.Meaning // of the frame that comes next
	seen     map[string]map[int64]bool
	readings []dbc.Reading
	frames   int
}

func (o *oracle) Send(_ context.Context, frames []canbus.Frame) (int, error) {
	for i := range frames {
		o.check(&frames[i])
	}
	return len(frames), nil
}

func (o *oracle) check(f *canbus.Frame) {
	o.frames++
	m := o.plan.Message(f.ID, false)
	if m == nil || m.Message.FD != (f.Flags&canbus.FD != 0) || m.Message.Len != int(f.Len) {
		o.t.Fatalf("frame %#x: not as in the database", f.ID)
	}
	o.readings = m.Decode(f.Payload(), o.readings[:0])
	for _, r := range o.readings {
		s := m.Message.Signals[r.Signal]
		said, ok := o.said[s.Name]
		if strings.HasSuffix(s.Name, "Crc") {
			said, ok = o.said["CRC"]
		}
		delete(o.said, said.Signal)
		switch {
		case !ok:
			o.t.Errorf("%s.%s: in the frame, but nobody meant it", m.Message.Name, s.Name)
		case said.Raw != r.Raw:
			o.t.Errorf("%s.%s: raw value: got %d, want %d", m.Message.Name, s.Name, r.Raw, said.Raw)
		case math.IsNaN(said.Value) && s.Values[r.Raw] != "NotAvailable", math.IsInf(said.Value, 1) && s.Values[r.Raw] != "SensorError":
			o.t.Errorf("%s.%s: got %v (%s), want %v", m.Message.Name, s.Name, r.Value, s.Values[r.Raw], said.Value)
		case math.Abs(said.Value-r.Value) > s.Scale*0.5000001:
			o.t.Errorf("%s.%s: got %v, want %v within half a step of %v", m.Message.Name, s.Name, r.Value, said.Value, s.Scale)
		}
		if o.seen[s.Name] == nil {
			o.seen[s.Name] = map[int64]bool{}
		}
		o.seen[s.Name][r.Raw] = true
	}
	for name := range o.said {
		o.t.Errorf("%s.%s: meant, but not in the frame", m.Message.Name, name)
	}
	if o.t.Failed() {
		o.t.FailNow()
	}
}

// watch makes a car whose frames are all checked.
func watch(t *testing.T, s *scenario.Scenario) (*car.Car, map[string]*oracle) {
	t.Helper()
	oracles, buses := map[string]*oracle{}, map[string]canbus.Bus{}
	for _, name := range busNames {
		o := &oracle{t: t, plan: dbc.Compile(database(t, name)), said: map[string]car.Meaning{}, seen: map[string]map[int64]bool{}}
		oracles[name], buses[name] = o, o
	}
	c, err := car.New(car.Config{Seed: 1, Scenario: s, Buses: buses, Start: newYear, Meant: func(m car.Meaning) { oracles[m.Bus].said[m.Signal] = m }})
	if err != nil {
		t.Fatal(err)
	}
	return c, oracles
}

func tour(t testing.TB) *scenario.Scenario {
	t.Helper()
	data, err := os.ReadFile("testdata/tour.scenario")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse("tour.scenario", data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFramesMeanWhatTheModelMeant reads a minute of frames, encoded by cantool's
// code or by hand and sent through brutella, with our own plans.
func TestFramesMeanWhatTheModelMeant(t *testing.T) {
	for name, s := range map[string]*scenario.Scenario{"demo": nil, "tour": tour(t)} {
		t.Run(name, func(t *testing.T) {
			c, oracles := watch(t, s)
			c.Step(60 * time.Second)
			for bus, o := range oracles {
				t.Logf("%s: %d frames, %d signals", bus, o.frames, len(o.seen))
			}
		})
	}
}

// constant are the signals that stand still in the tour, and why.
var constant = map[string]string{
	"StateOfHealth":            "a battery ages over years",
	"PadWearFrontLeft":         "pads wear over thousands of kilometres",
	"PadWearFrontRight":        "pads wear over thousands of kilometres",
	"PadWearRearLeft":          "pads wear over thousands of kilometres",
	"PadWearRearRight":         "pads wear over thousands of kilometres",
	"DriveDerating":            "takes a motor of 140 degrees, minutes of full power",
	"PackHeaterPower":          "takes a battery below 4 degrees, hours in the cold",
	"IsClockSet":               "the clock is set for good",
	"IsEscEnabled":             "only the head unit switches it: TestRequests",
	"IsLaneDepartureEnabled":   "only the head unit switches it: TestRequests",
	"IsMirrorDriverHeated":     "only the head unit switches it: TestRequests",
	"IsMirrorPassengerHeated":  "only the head unit switches it: TestRequests",
	"IsWindshieldHeated":       "only the head unit switches it: TestRequests",
	"AirDistributionDriver":    "only the head unit switches it: TestRequests",
	"AirDistributionPassenger": "only the head unit switches it: TestRequests",
}

func TestEverySignalMoves(t *testing.T) {
	c, oracles := watch(t, tour(t))
	c.Step(2 * time.Minute)
	slow, more := watch(t, nil) // the demo, for what takes its time
	slow.Step(10 * time.Minute)
	for bus, o := range more {
		for name, values := range o.seen {
			maps.Copy(oracles[bus].seen[name], values)
		}
	}
	moving := 0
	for _, bus := range busNames {
		for _, m := range database(t, bus).Messages {
			for _, s := range m.Signals {
				values := len(oracles[bus].seen[s.Name])
				reason, still := constant[s.Name]
				switch {
				case m.Sender == "HU":
					// sent by the head unit, see TestRequests
				case values > 1 && still:
					t.Errorf("%s.%s: moves, though %q", m.Name, s.Name, reason)
				case values > 1:
					moving++
				case !still:
					t.Errorf("%s.%s: got %d values, want it to move or a reason", m.Name, s.Name, values)
				}
			}
		}
	}
	t.Logf("%d signals move", moving)
	if moving < 300 {
		t.Errorf("moving signals: got %d, want 300 of the database", moving)
	}
}

package hmi_test

import (
	"math"
	"testing"
	"time"

	"tandem/hmi"
	"tandem/vehicle"
)

// snapshot is samples of hmi.Paths with some values, all of a quality.
func snapshot(q vehicle.Quality, values map[vehicle.Path]vehicle.Value) []vehicle.Sample {
	paths := hmi.Paths()
	s := make([]vehicle.Sample, len(paths))
	for i, p := range paths {
		if v, ok := values[p]; ok {
			s[i] = vehicle.Sample{Value: v, Quality: q}
		}
	}
	return s
}

func model(values map[vehicle.Path]vehicle.Value) *hmi.Model {
	m := &hmi.Model{}
	m.Update(time.Time{}, snapshot(vehicle.Valid, values))
	return m
}

type values = map[vehicle.Path]vehicle.Value

var (
	num  = vehicle.NumberOf
	yes  = vehicle.BoolOf(true)
	no   = vehicle.BoolOf(false)
	text = vehicle.TextOf
)

func TestPathsAreUnique(t *testing.T) {
	seen := map[vehicle.Path]bool{}
	for _, p := range hmi.Paths() {
		if seen[p] {
			t.Errorf("%s twice", p)
		}
		seen[p] = true
	}
}

// Whatever is not valid has no value, so that no screen can show an old one.
func TestOnlyValidHasAValue(t *testing.T) {
	for q := vehicle.Unknown; q <= vehicle.Error; q++ {
		m := &hmi.Model{}
		m.Update(time.Time{}, snapshot(q, values{vehicle.Speed: num(87), vehicle.LightsBeamLowIsOn: yes, vehicle.SeatRow1DriverOccupancyStatus: text("OCCUPIED"), vehicle.ClimateDriverTemperature: num(21)}))
		ok := q == vehicle.Valid
		lost := q == vehicle.Stale || q == vehicle.Invalid || q == vehicle.Error
		if m.Drive.Speed.OK != ok || m.Lights.Low.OK != ok || m.Seats.DriverSeat.OK != ok || m.Climate.Driver.Temperature.Reported.OK != ok {
			t.Errorf("%v: a reading is not as OK as %v", q, ok)
		}
		if !ok && (m.Drive.Speed.Value != 0 || m.Lights.Low.Value || m.Seats.DriverSeat.Value != "" || m.Climate.Driver.Temperature.Reported.Value != 0) {
			t.Errorf("%v: an old value is left", q)
		}
		if m.Drive.Speed.Lost != lost || m.Lights.Low.Lost != lost || m.Seats.DriverSeat.Lost != lost {
			t.Errorf("%v: lost is %v, want %v", q, m.Drive.Speed.Lost, lost)
		}
	}
	for _, v := range []vehicle.Value{num(math.NaN()), num(math.Inf(1)), text("87"), yes} {
		if m := model(values{vehicle.Speed: v}); m.Drive.Speed.OK || m.Drive.Speed.Value != 0 {
			t.Errorf("%v: taken for a speed", v)
		}
	}
}

func TestEveryPathReachesTheModel(t *testing.T) {
	var empty hmi.Model
	empty.Update(time.Time{}, nil)
	for _, p := range hmi.Paths() {
		for _, v := range []vehicle.Value{num(5), yes, text("X")} {
			m := model(values{p: v})
			m.Warnings, m.Telltales, m.Gear = nil, 0, 0
			changed := m.Drive != empty.Drive || m.Battery != empty.Battery || m.Trip != empty.Trip || m.Place != empty.Place || m.Climate != empty.Climate ||
				m.Body != empty.Body || m.Lights != empty.Lights || m.Assist != empty.Assist || m.Tyres != empty.Tyres || m.Seats != empty.Seats || m.Service != empty.Service
			if changed {
				goto next
			}
		}
		t.Errorf("%s changes nothing in the model", p)
	next:
	}
}

func TestAskedAndReported(t *testing.T) {
	c := func(reported, asked hmi.Num) hmi.Control[float64] {
		return hmi.Control[float64]{Reported: reported, Asked: asked}
	}
	unknown := hmi.Num{}
	for _, x := range []struct {
		name    string
		c       hmi.Control[float64]
		show    hmi.Num
		pending bool
	}{
		{"known", c(hmi.Known(21.0), unknown), hmi.Known(21.0), false},
		{"asked", c(hmi.Known(21.0), hmi.Known(22.0)), hmi.Known(22.0), true},
		{"followed", c(hmi.Known(22.0), hmi.Known(22.0)), hmi.Known(22.0), false},
		{"asked of an unknown", c(unknown, hmi.Known(22.0)), hmi.Known(22.0), true},
		{"unknown", c(unknown, unknown), unknown, false},
		{"asked nought of an unknown", c(unknown, hmi.Known(0.0)), hmi.Known(0.0), true},
	} {
		if r, p := x.c.Shown(); r != x.show || p != x.pending {
			t.Errorf("%s: got %v %v, want %v %v", x.name, r, p, x.show, x.pending)
		}
	}
	m := model(values{vehicle.IsAirConditioningActive: no})
	if !m.Ask(vehicle.IsAirConditioningActive, yes) || !m.Climate.AC.Pending() {
		t.Error("a wish does not show")
	}
	if m.Ask(vehicle.Speed, num(1)) || m.Ask("Vehicle.NoSuch", num(1)) {
		t.Error("the speed, or nothing, can be asked for")
	}
	m.Ask(vehicle.IsAirConditioningActive, num(3))
	if m.Climate.AC.Pending() {
		t.Error("a wish of the wrong type shows")
	}
}

func TestGear(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{{126, "P"}, {0, "N"}, {-1, "R"}, {-2, "R"}, {1, "D"}, {6, "D"}, {127, "–"}, {125, "D"}} {
		if got := model(values{vehicle.CurrentGear: num(c.v)}).Gear.String(); got != c.want {
			t.Errorf("gear %v: got %s, want %s", c.v, got, c.want)
		}
	}
	if got := model(nil).Gear; got != hmi.GearUnknown {
		t.Errorf("unknown: got %v", got)
	}
}

func TestMovingUnlessKnown(t *testing.T) {
	for _, c := range []struct {
		v    values
		want bool
	}{{nil, true}, {values{vehicle.Speed: num(0)}, false}, {values{vehicle.Speed: num(0.49)}, false}, {values{vehicle.Speed: num(0.5)}, true}, {values{vehicle.Speed: num(-3)}, true}} {
		if got := model(c.v).Moving(); got != c.want {
			t.Errorf("%v: got %v, want %v", c.v, got, c.want)
		}
	}
}

func TestAllLocked(t *testing.T) {
	all := []vehicle.Path{vehicle.DoorRow1DriverIsLocked, vehicle.DoorRow1PassengerIsLocked, vehicle.DoorRow2DriverIsLocked, vehicle.DoorRow2PassengerIsLocked}
	v := values{}
	for _, p := range all {
		v[p] = yes
	}
	if l, k, p := model(v).AllLocked(); !l || !k || p {
		t.Errorf("all locked: got %v %v %v", l, k, p)
	}
	for _, p := range all {
		v[p] = no
		if l, k, _ := model(v).AllLocked(); l || !k {
			t.Errorf("%s open: got %v %v", p, l, k)
		}
		delete(v, p)
		if l, k, _ := model(v).AllLocked(); l || k {
			t.Errorf("%s unknown: got %v %v", p, l, k)
		}
		v[p] = yes
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	m := &hmi.Model{}
	s := snapshot(vehicle.Valid, values{vehicle.Speed: num(87), vehicle.ABSIsError: yes, vehicle.DoorRow1DriverIsOpen: yes})
	now := time.Time{}
	m.Update(now, s)
	if n := testing.AllocsPerRun(100, func() { m.Update(now, s) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// Nothing is "in order" of which nothing is known: a car that reports only its
// place and speed says nothing of doors, tyres and brakes.
func TestKnown(t *testing.T) {
	if model(values{vehicle.Speed: num(50), vehicle.Latitude: num(1)}).Known() || model(nil).Known() {
		t.Error("place and speed are taken for knowledge of the car's state")
	}
	for _, p := range []vehicle.Path{vehicle.DoorRow1DriverIsOpen, vehicle.FrontWheelLeftTireIsPressureLow, vehicle.ABSIsError} {
		if !model(values{p: no}).Known() {
			t.Errorf("%s is known, and yet nothing is", p)
		}
	}
}

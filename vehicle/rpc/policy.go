package rpc

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/vehicle"
)

// Policy is what the clients of one socket may read and ask. Its zero value
// allows nothing. Who has the socket is decided by the socket's owner and mode.
type Policy struct {
	// Origins are what a command's Origin must begin with: "phone:". Who asks
	// is the client's word, but it cannot give itself out for the screen.
	Origins []string
	// Read are the signals that may be watched; one that ends in ".*" stands
	// for all below.
	Read []vehicle.Path
	// Ask are the commands that may be given.
	Ask []Rule
	// Commands is how many an Origin may give within a minute; 0: 30.
	Commands int
}

// Rule allows one command.
type Rule struct {
	Path   vehicle.Path
	Values []vehicle.Value // the only ones; nil: all that the signal takes
	Parked bool            // only while vehicle.Parked
}

// All is the policy for the car's own screen: everything.
func All() Policy {
	return Policy{Origins: []string{""}, Read: []vehicle.Path{"Vehicle.*"}, Ask: []Rule{{Path: "Vehicle.*"}}, Commands: 1 << 30}
}

// Phone is the policy for the phone link: it reads what a phone's owner may
// know and what decides about get-in and get-out, and asks for comfort and for
// locking. It never drives, unlocks or opens: for that a phone needs a key of
// its own, which the link is not.
func Phone() Policy {
	yes := []vehicle.Value{vehicle.BoolOf(true)}
	return Policy{
		Origins: []string{"phone:"},
		Read: []vehicle.Path{
			vehicle.Speed, vehicle.IsMoving, vehicle.CurrentGear, vehicle.IsParkLockEngaged, vehicle.ParkingBrakeIsEngaged,
			vehicle.LowVoltageSystemState, vehicle.Range, vehicle.TraveledDistance, vehicle.ExteriorAirTemperature,
			"Vehicle.Powertrain.TractionBattery.*", "Vehicle.Cabin.Door.*", "Vehicle.Cabin.HVAC.*", "Vehicle.Cabin.Seat.*",
			"Vehicle.CurrentLocation.*", vehicle.TrunkRearIsOpen, vehicle.TrunkRearIsLocked, vehicle.HoodIsOpen,
		},
		Ask: []Rule{
			{Path: vehicle.ChargeLimit, Parked: true},
			{Path: "Vehicle.Cabin.HVAC.*", Parked: true},
			{Path: vehicle.DoorRow1DriverIsLocked, Values: yes, Parked: true},
			{Path: vehicle.DoorRow1PassengerIsLocked, Values: yes, Parked: true},
			{Path: vehicle.DoorRow2DriverIsLocked, Values: yes, Parked: true},
			{Path: vehicle.DoorRow2PassengerIsLocked, Values: yes, Parked: true},
			{Path: vehicle.TrunkRearIsLocked, Values: yes, Parked: true},
			{Path: vehicle.LightsHazardIsSignaling, Parked: true},
			{Path: vehicle.WindshieldFrontIsHeatingOn, Parked: true},
			{Path: vehicle.WindshieldRearIsHeatingOn, Parked: true},
			{Path: vehicle.SeatRow1DriverHeating, Parked: true},
			{Path: vehicle.SeatRow1PassengerHeating, Parked: true},
		},
	}
}

func covers(rule, p vehicle.Path) bool {
	prefix, all := strings.CutSuffix(string(rule), ".*")
	return rule == p || all && strings.HasPrefix(string(p), prefix+".")
}

// mayRead says which of the paths may not be read.
func (p Policy) mayNotRead(paths []vehicle.Path) (no []vehicle.Path) {
	for _, path := range paths {
		if !slices.ContainsFunc(p.Read, func(r vehicle.Path) bool { return covers(r, path) }) {
			no = append(no, path)
		}
	}
	return no
}

// refuses says in a sentence why a command may not be given; "" if it may.
// Unknown means no: a car of which it is not known that it is parked is not.
func (p Policy) refuses(c vehicle.Command, parked func() bool) string {
	if !slices.ContainsFunc(p.Origins, func(o string) bool { return strings.HasPrefix(c.Origin, o) }) {
		return fmt.Sprintf("commands of %q are not taken here", c.Origin)
	}
	i := slices.IndexFunc(p.Ask, func(r Rule) bool { return covers(r.Path, c.Path) })
	if i < 0 {
		return fmt.Sprintf("%s may not be asked for from here", c.Path)
	}
	r := p.Ask[i]
	if r.Values != nil && !slices.Contains(r.Values, c.Value) {
		return fmt.Sprintf("%s may not be set to %s from here", c.Path, c.Value)
	}
	if r.Parked && !parked() {
		return fmt.Sprintf("%s is only for a parked car", c.Path)
	}
	return ""
}

// pace counts commands of origins, pure: at most n in any minute of each, and
// of all together ten times as many, since an origin is the client's word.
type pace struct {
	n    int
	last map[string][]time.Time
	all  []time.Time
}

func (p *pace) take(now time.Time, origin string) bool {
	since := now.Add(-time.Minute)
	old := func(t time.Time) bool { return !t.After(since) }
	for o, times := range p.last {
		if times = slices.DeleteFunc(times, old); len(times) == 0 {
			delete(p.last, o)
		} else {
			p.last[o] = times
		}
	}
	p.all = slices.DeleteFunc(p.all, old)
	if len(p.last[origin]) >= p.n || len(p.all) >= 10*p.n {
		return false
	}
	if p.last == nil {
		p.last = map[string][]time.Time{}
	}
	p.last[origin] = append(p.last[origin], now)
	p.all = append(p.all, now)
	return true
}

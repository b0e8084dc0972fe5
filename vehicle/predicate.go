package vehicle

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reader is where predicates read; *Store is one. Any goroutine may call it.
type Reader interface {
	Sample(now time.Time, p Path) Sample
}

// StandstillBelow is the speed in km/h under which the car counts as standing:
// below what a wheel sensor can tell from zero.
const StandstillBelow = 0.5

// SpeedKnown: the speed is valid.
func SpeedKnown(now time.Time, r Reader) bool {
	_, ok := speed(now, r)
	return ok
}

// Stationary: the speed is valid and below StandstillBelow.
func Stationary(now time.Time, r Reader) bool { return below(now, r, StandstillBelow) }

// Moving: the speed is valid and at least StandstillBelow. !Moving is not
// Stationary: both are false when the speed is not known.
func Moving(now time.Time, r Reader) bool {
	v, ok := speed(now, r)
	return ok && v >= StandstillBelow
}

// SpeedBelow makes a predicate: the speed is valid and below that many km/h.
func SpeedBelow(kmh float64) func(now time.Time, r Reader) bool {
	return func(now time.Time, r Reader) bool { return below(now, r, kmh) }
}

// SpeedAbove makes a predicate: the speed is valid and above that many km/h.
func SpeedAbove(kmh float64) func(now time.Time, r Reader) bool {
	return func(now time.Time, r Reader) bool {
		v, ok := speed(now, r)
		return ok && v > kmh
	}
}

// Parked: the car stands (Stationary), and gear P or the engaged park lock
// holds it, and neither of the two says otherwise. A car that has only one of
// them (the other Unknown) is judged by that one; one that is there but not
// valid makes the answer no.
//
// Never use !Parked as "is being driven": it is also true when nothing is
// known. Ask the positive question (Moving, Reversing) and let unknown mean no
// there too.
func Parked(now time.Time, r Reader) bool {
	gear, lock := r.Sample(now, CurrentGear), r.Sample(now, IsParkLockEngaged)
	g, gearOK := gear.Number()
	l, lockOK := lock.Bool()
	switch {
	case !gearOK && !absent(gear), !lockOK && !absent(lock):
		return false
	case !gearOK && !lockOK:
		return false
	case gearOK && g != GearPark, lockOK && !l:
		return false
	}
	return Stationary(now, r)
}

// Reversing: a reverse gear is valid and in.
func Reversing(now time.Time, r Reader) bool {
	g, ok := r.Sample(now, CurrentGear).Number()
	return ok && g <= GearReverse
}

// Charging: the battery is charging.
func Charging(now time.Time, r Reader) bool { return isTrue(now, r, IsCharging) }

// Plugged: a charging cable is in.
func Plugged(now time.Time, r Reader) bool { return isTrue(now, r, IsChargingCableConnected) }

// Belted: the driver's belt is closed.
func Belted(now time.Time, r Reader) bool { return isTrue(now, r, SeatRow1DriverIsBelted) }

// predicates by name, without the parametric ones.
var predicates = map[string]func(now time.Time, r Reader) bool{
	"parked":      Parked,
	"stationary":  Stationary,
	"moving":      Moving,
	"reversing":   Reversing,
	"charging":    Charging,
	"plugged":     Plugged,
	"belted":      Belted,
	"speed_known": SpeedKnown,
}

// Predicate finds a predicate by its name in a policy: "parked", "stationary",
// "moving", "reversing", "charging", "plugged", "belted", "speed_known",
// "speed_below_N" and "speed_above_N" with N in km/h. ok is false for any
// other name, which a policy must take for a mistake, not for a no.
func Predicate(name string) (p func(now time.Time, r Reader) bool, ok bool) {
	if p, ok := predicates[name]; ok {
		return p, true
	}
	limit := SpeedBelow
	digits, found := strings.CutPrefix(name, "speed_below_")
	if !found {
		limit = SpeedAbove
		digits, found = strings.CutPrefix(name, "speed_above_")
	}
	n, err := strconv.ParseFloat(digits, 64)
	if !found || err != nil || !(n >= 0 && n <= 1000) {
		return nil, false
	}
	return limit(n), true
}

// Predicates lists the names, for messages.
func Predicates() []string {
	return append(slices.Sorted(maps.Keys(predicates)), "speed_above_N", "speed_below_N")
}

// speed is the valid speed without its sign, in km/h.
func speed(now time.Time, r Reader) (kmh float64, ok bool) {
	v, ok := r.Sample(now, Speed).Number()
	return math.Abs(v), ok && !math.IsNaN(v)
}

func below(now time.Time, r Reader, kmh float64) bool {
	v, ok := speed(now, r)
	return ok && v < kmh
}

// absent: nothing has ever reported the signal.
func absent(s Sample) bool { return s.Quality == Unknown }

func isTrue(now time.Time, r Reader, p Path) bool {
	b, ok := r.Sample(now, p).Bool()
	return ok && b
}

// Package hmi is the shell's vocabulary and its pure model: what is known of
// the car in the form that screens need (Model), what a person wants (Intent),
// and what follows from it (State.Step). It knows nothing of widgets, pixels
// or goroutines.
//
//	vehicle watch -> Model.Update -> screens
//	taps -> Intent -> State.Step -> new State, commands for the car
//
// What cannot be trusted now is never a number here: a Reading that is not OK
// has no value to show, and a screen shows an en dash.
package hmi

import (
	"context"
	"time"

	"tandem/vehicle"
)

// Vehicle is what the shell needs of the car. Both calls may be made from any
// goroutine. Watch fails for a path that the catalogue does not have; the
// caller closes the Watch. Ask blocks until the outcome is known or ctx ends.
type Vehicle interface {
	Watch(paths ...vehicle.Path) (Watch, error)
	Ask(ctx context.Context, c vehicle.Command) vehicle.Outcome
}

// Watch is a latest-value view of some signals. C is readable when one of them
// changed or went stale since the last Read; Read appends the samples in the
// order of the paths. One goroutine reads. It is an alias, so that a client of
// another process is a Vehicle without knowing this package.
type Watch = interface {
	C() <-chan struct{}
	Read(now time.Time, dst []vehicle.Sample) []vehicle.Sample
	Close()
}

// Reading is one fact of the car. OK is false when it is unknown, stale,
// invalid or reported as failed; Value is then the zero value.
type Reading[T comparable] struct {
	Value T
	OK    bool
	Lost  bool // not OK, although the car had reported the signal before
}

// Is reports whether the reading is known and equals v.
func (r Reading[T]) Is(v T) bool { return r.OK && r.Value == v }

// Known is a reading that is OK.
func Known[T comparable](v T) Reading[T] { return Reading[T]{Value: v, OK: true} }

// Control is something that can be asked for: what is, and what was asked.
type Control[T comparable] struct {
	Reported Reading[T]
	Asked    Reading[T] // OK from the wish until the report follows or the wish has failed
}

// Pending reports whether the car has not yet followed a wish.
func (c Control[T]) Pending() bool {
	return c.Asked.OK && !c.Reported.Is(c.Asked.Value)
}

// Shown is what to show and whether it is only asked for.
func (c Control[T]) Shown() (r Reading[T], pending bool) {
	if c.Pending() {
		return c.Asked, true
	}
	return c.Reported, false
}

// Gear is the position of the selector as a driver reads it.
type Gear int

// Gears. The zero value is not known.
const (
	GearUnknown Gear = iota
	GearP
	GearR
	GearN
	GearD
)

func (g Gear) String() string { return [...]string{"–", "P", "R", "N", "D"}[max(0, min(g, GearD))] }

// gearOf turns VSS CurrentGear into the selector's position.
func gearOf(r Reading[float64]) Gear {
	switch {
	case !r.OK:
		return GearUnknown
	case r.Value == vehicle.GearPark:
		return GearP
	case r.Value <= vehicle.GearReverse:
		return GearR
	case r.Value == vehicle.GearNeutral:
		return GearN
	case r.Value < vehicle.GearPark:
		return GearD
	}
	return GearUnknown
}

// Wheel is one corner of the car, seen in driving direction.
type Wheel int

// Wheels and, for doors, the corner that a door belongs to.
const (
	FrontLeft Wheel = iota
	FrontRight
	RearLeft
	RearRight
	Wheels // how many
)

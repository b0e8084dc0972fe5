// Package restrict decides what the shell may offer while driving: the
// user-experience restrictions of Android Automotive (CarUxRestrictions), by
// gear, speed and belt. It knows signals and flags, no screens.
//
// It fails closed: what is unknown, stale or invalid counts as moving, and
// moving is fully restricted. Driving essentials (climate, brightness, the
// instruments, warnings) need nothing and are never taken away.
//
//	gear P, standing             -> Parked   nothing restricted
//	standing, in gear, belted    -> Idling   what takes more than a moment
//	standing, in gear, unbelted  -> Moving   about to set off, or left in gear
//	anything else                -> Moving   everything
package restrict

import (
	"math"
	"strings"

	"tandem/vehicle"
)

// Flags are what is restricted, with the values of CarUxRestrictions.
type Flags uint16

// Restrictions. While NoTextMessage is set nothing that somebody wrote is
// shown: no message, no text of a notification, no draft, page or clipboard.
// Who wrote, and that there is something, is; and an answer that the shell
// worded beforehand may be sent, because it is one tap and no reading.
const (
	NoDialpad            Flags = 1
	NoFiltering          Flags = 2
	LimitStringLength    Flags = 4
	NoKeyboard           Flags = 8
	NoVideo              Flags = 16
	LimitContent         Flags = 32
	NoSetup              Flags = 64
	NoTextMessage        Flags = 128
	NoVoiceTranscription Flags = 256

	Baseline        Flags = 0
	FullyRestricted Flags = 511
)

func (f Flags) String() string {
	if f&FullyRestricted == Baseline {
		return "none"
	}
	names := [...]string{"no-dialpad", "no-filtering", "limit-string-length", "no-keyboard", "no-video", "limit-content", "no-setup", "no-text-message", "no-voice-transcription"}
	var on []string
	for i, n := range names {
		if f&(1<<i) != 0 {
			on = append(on, n)
		}
	}
	return strings.Join(on, " ")
}

// State is the driving state.
type State int

// Driving states, with the values of CarDrivingStateEvent.
const (
	Unknown State = -1 // not even asked yet; treated as Moving
	Parked  State = 0
	Idling  State = 1
	Moving  State = 2
)

func (s State) String() string {
	switch s {
	case Parked:
		return "parked"
	case Idling:
		return "idling"
	case Moving:
		return "moving"
	}
	return "unknown"
}

// Limits of content while LimitStringLength and LimitContent are set.
const (
	MaxString = 120 // characters of one text
	MaxItems  = 21  // items of one list
	MaxDepth  = 3   // levels below Home
)

// standing is the speed in km/h below which the car stands: what a wheel
// sensor cannot tell from zero.
const standing = 0.5

// Restrictions are what holds now. The zero value allows nothing that needs
// something; a usable one comes from Of.
type Restrictions struct {
	State State
	Flags Flags
	valid bool
}

// Of decides from the present samples of speed (km/h), gear (VSS CurrentGear)
// and the driver's belt.
func Of(speed, gear, belt vehicle.Sample) Restrictions {
	s := state(speed, gear, belt)
	return Restrictions{State: s, Flags: flags(s), valid: true}
}

// state is the driving state; only what is known and valid leads away from
// Moving.
func state(speed, gear, belt vehicle.Sample) State {
	v, ok := speed.Number()
	if !ok || math.IsNaN(v) || math.Abs(v) >= standing {
		return Moving
	}
	g, ok := gear.Number()
	if !ok {
		return Moving
	}
	if g == vehicle.GearPark {
		return Parked
	}
	if belted, ok := belt.Bool(); !ok || !belted {
		return Moving
	}
	return Idling
}

// flags is what a state restricts. At a traffic light reading a list is
// allowed; typing, video and setting up are not.
func flags(s State) Flags {
	switch s {
	case Parked:
		return Baseline
	case Idling:
		return NoVideo | NoKeyboard | NoSetup | NoTextMessage | NoFiltering | LimitStringLength
	}
	return FullyRestricted
}

// Allows reports whether a control or screen with these needs may be used. A
// need of several flags is allowed when none of them is restricted.
func (r Restrictions) Allows(needs Flags) bool {
	if !r.valid {
		return needs == 0
	}
	return r.Flags&needs == 0
}

// StringLimit is how long a text may be now; 0 for any length.
func (r Restrictions) StringLimit() int {
	if r.Allows(LimitStringLength) {
		return 0
	}
	return MaxString
}

// ItemLimit is how many items a list may have now; 0 for any number.
func (r Restrictions) ItemLimit() int {
	if r.Allows(LimitContent) {
		return 0
	}
	return MaxItems
}

// DepthLimit is how many levels below Home may be shown now; 0 for any.
func (r Restrictions) DepthLimit() int {
	if r.Allows(LimitContent) {
		return 0
	}
	return MaxDepth
}

package hmi

import (
	"math"
	"time"

	"tandem/vehicle"
)

// Num, Flag and Word are the readings that VSS has.
type (
	Num  = Reading[float64]
	Flag = Reading[bool]
	Word = Reading[string]
)

// Model is everything that the first screens show. Units are those of VSS.
// Its zero value knows nothing. One goroutine uses it.
type Model struct {
	Now     time.Time
	Drive   Drive
	Battery Battery
	Trip    Trip
	Place   Place
	Climate Climate
	Body    Body
	Lights  Lights
	Assist  Assist
	Tyres   [Wheels]Tyre
	Seats   Seats
	Service Service
	Music   *Music  // what this car itself can play; nil: nothing
	Phones  *Phones // another one whenever something changed; nil: no phone link

	Gear      Gear
	Warnings  []Warning // most urgent first
	Telltales Telltales
}

// Drive is motion and power.
type Drive struct {
	Speed        Num // km/h
	Gear         Num // VSS CurrentGear
	MotorPower   Num // kW, negative while recuperating
	MotorTemp    Num // Celsius
	Acceleration Num // m/s^2
	ParkingBrake Flag
	Mode         Control[string]
}

// Battery is the high-voltage battery, charging, and the 12 V supply.
type Battery struct {
	Charge      Num // percent, as shown to the driver
	Range       Num // m
	Power       Num // W, negative while charging
	Temp        Num // Celsius, average
	TempMax     Num // Celsius
	Charging    Flag
	Cable       Flag
	Limit       Control[float64] // percent
	TimeToFull  Num              // s
	ChargePower Num              // kW
	LowVoltage  Num              // V
	Health      Num              // percent
}

// Trip is distances.
type Trip struct {
	Odometer Num              // m
	Trip     Control[float64] // m; asking for 0 resets it
	Average  Num              // km/h
}

// Place is where the car is and what is around it.
type Place struct {
	Latitude, Longitude Num // degrees
	Heading             Num // degrees from north, clockwise
	Altitude            Num // m
	Outside             Num // Celsius
	Light               Num // percent
}

// Zone is one side of the climate control.
type Zone struct {
	Temperature Control[float64] // Celsius
	Fan         Control[float64] // percent
	Air         Control[string]  // UP, MIDDLE, DOWN
	Seat        Control[float64] // percent of heating
}

// Climate is the cabin's air, and what else is heated.
type Climate struct {
	Cabin             Num // Celsius
	Driver, Passenger Zone
	AC                Control[bool]
	FrontDefrost      Control[bool]
	RearDefrost       Control[bool]
	Recirculation     Control[bool]
	Wheel             Control[float64] // percent
	Mirrors           Control[bool]    // the driver's side stands for both
	Windscreen        Control[bool]
}

// Body is doors and lids. Doors are by corner; a car with the driver on the
// left is assumed.
type Body struct {
	Doors              [Wheels]Flag // true: open
	Locks              [Wheels]Control[bool]
	Hood, Frunk, Trunk Flag // true: open
	WasherLow          Flag
}

// Lights is what shines.
type Lights struct {
	Low, High, Parking, Running, FogFront, FogRear Flag
	Hazard, Left, Right                            Flag
	LowDefect, BrakeDefect                         Flag
	Switch                                         Control[string]
}

// Assist is driver assistance.
type Assist struct {
	ABSActive, ABSError      Flag
	ESCActive, ESCError, TCS Flag
	ESCOn                    Control[bool]
	CruiseOn, CruiseActive   Flag
	CruiseSpeed              Num // km/h
	LaneOn                   Control[bool]
	LaneWarning              Flag
}

// Tyre is one tyre.
type Tyre struct {
	Pressure Num // kPa
	Temp     Num // Celsius
	Low      Flag
}

// Seats is who sits where, as far as belts matter.
type Seats struct {
	DriverBelt, PassengerBelt     Flag
	DriverSeat, PassengerSeat     Word // UNKNOWN, OCCUPIED, EMPTY
	RearBelt                      [3]Flag
	RearSeat                      [3]Word
	DriverAirbag, PassengerAirbag Flag
}

// Service is what the workshop is needed for.
type Service struct {
	Due      Flag
	Distance Num // km
}

// Paths are the signals that the Model reads, in the order in which Update
// takes their samples.
func Paths() []vehicle.Path {
	ps := make([]vehicle.Path, len(bindings))
	for i := range bindings {
		ps[i] = bindings[i].path
	}
	return ps
}

// Update takes one snapshot: a sample for each of Paths, in that order.
// Missing samples are unknown. It allocates nothing in the steady state.
func (m *Model) Update(now time.Time, samples []vehicle.Sample) {
	m.Now = now
	for i := range bindings {
		var s vehicle.Sample
		if i < len(samples) {
			s = samples[i]
		}
		bindings[i].set(m, s)
	}
	m.Derive()
}

// Ask marks a wish that is on its way but not yet in the samples. It reports
// whether the path is something that can be asked for. Call Derive after the
// last one.
func (m *Model) Ask(p vehicle.Path, v vehicle.Value) bool {
	for i := range bindings {
		if bindings[i].path == p && bindings[i].ask != nil {
			bindings[i].ask(m, v)
			return true
		}
	}
	return false
}

// Derive works out what follows from the readings: gear, warnings, telltales.
// Update calls it; whoever fills a Model by hand calls it after.
func (m *Model) Derive() {
	m.Gear = gearOf(m.Drive.Gear)
	m.Warnings = warnings(m, m.Warnings[:0])
	m.Telltales = telltales(m)
}

// Moving reports whether the car moves or may move: an unknown speed counts.
func (m *Model) Moving() bool {
	return !m.Drive.Speed.OK || math.Abs(m.Drive.Speed.Value) >= 0.5
}

// AllLocked reports whether every door is known to be locked, and whether
// anything is known at all.
func (m *Model) AllLocked() (locked, known, pending bool) {
	locked, known = true, true
	for i := range m.Body.Locks {
		r, p := m.Body.Locks[i].Shown()
		pending = pending || p
		known = known && r.OK
		locked = locked && r.Value
	}
	return locked && known, known, pending
}

// Known reports whether the car says anything of what most warnings come from:
// only then may a screen say that nothing is wrong.
func (m *Model) Known() bool {
	return m.Body.Doors[FrontLeft].OK || m.Tyres[FrontLeft].Low.OK || m.Assist.ABSError.OK
}

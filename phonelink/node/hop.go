package node

import (
	"slices"
	"time"

	"tandem/phonelink"
	"tandem/vehicle"
)

// hop knows whether the driver is in the car, and says when that changes.
//
//	          door open, nobody in the seat           door shut, and somebody in the
//	unknown ---------------------------------> out    seat, or power on, or driving
//	   |                                       ^  \_______________________
//	   | door shut and                         |                          v   get in
//	   | power on or driving                   +---------------------- in
//	   +----> in (nothing is said:               parked, door opens         get out
//	             the program began late)
//
// Unknown signals decide nothing. A seat that is known to be empty means that
// nobody is in.
//
// Only the driver hops, by the driver's door and seat: whoever sits there is
// whose profile is open. A passenger's phone has nothing to hop with. Paired
// with this profile it is one of its phones, and a door on another side says
// nothing of it. Paired with another one it is not linked at all: its key is
// refused in the handshake, and the process of the phone link cannot read the
// pins of a profile that is not open (PROTOCOL.md, section 1), so it cannot know
// that the phone is in the car; nor may a passenger's device own a session
// (phonelink.PeerInfo.Inside). What passengers do have is that the music stays
// with them: see company.
type hop struct {
	Seat seat
}

// seat is whether somebody sits at the wheel.
type seat uint8

const (
	seatUnknown seat = iota
	seatOut
	seatIn
)

// hopEvent is what happened.
type hopEvent uint8

const (
	hopNone hopEvent = iota
	gotIn
	gotOut
)

// next follows the car.
func (h *hop) next(now time.Time, car vehicle.Reader) hopEvent {
	open, doorKnown := car.Sample(now, vehicle.DoorRow1DriverIsOpen).Bool()
	if !doorKnown {
		return hopNone
	}
	occupancy, occupancyKnown := car.Sample(now, vehicle.SeatRow1DriverOccupancyStatus).Text()
	empty := occupancyKnown && occupancy == "EMPTY"
	driving := vehicle.Moving(now, car) || gearIn(now, car)
	present := occupancyKnown && occupancy == "OCCUPIED" || !empty && powered(now, car) || driving
	switch {
	case h.Seat != seatIn && !open && present && !empty:
		before := h.Seat
		h.Seat = seatIn
		if before == seatOut {
			return gotIn
		}
	case h.Seat == seatIn && open && vehicle.Parked(now, car):
		h.Seat = seatOut
		return gotOut
	case h.Seat == seatUnknown && open && (empty || !powered(now, car)):
		h.Seat = seatOut
	}
	return hopNone
}

// company: somebody is known to sit in the car besides the driver.
func company(now time.Time, car vehicle.Reader) bool {
	return slices.ContainsFunc(passengerSeats, func(p vehicle.Path) bool {
		occupancy, ok := car.Sample(now, p).Text()
		return ok && occupancy == "OCCUPIED"
	})
}

var passengerSeats = []vehicle.Path{
	vehicle.SeatRow1PassengerOccupancyStatus, vehicle.SeatRow2DriverOccupancyStatus, vehicle.SeatRow2MiddleOccupancyStatus,
	vehicle.SeatRow2PassengerOccupancyStatus,
}

// powered: the low-voltage system says that somebody uses the car.
func powered(now time.Time, car vehicle.Reader) bool {
	state, ok := car.Sample(now, vehicle.LowVoltageSystemState).Text()
	return ok && (state == "ACC" || state == "ON" || state == "START")
}

// gearIn: a gear for driving is in, forwards or backwards.
func gearIn(now time.Time, car vehicle.Reader) bool {
	gear, ok := car.Sample(now, vehicle.CurrentGear).Number()
	return ok && gear != vehicle.GearPark && gear != vehicle.GearNeutral
}

// conditions is what of the car the loop compares between two looks. Neither
// Moving nor Still: the speed is not known.
type conditions struct {
	Moving, Still, Parked bool
}

func conditionsOf(now time.Time, car phonelink.Car) conditions {
	if car == nil {
		return conditions{Still: true, Parked: true} // a phone is not driven
	}
	return conditions{Moving: vehicle.Moving(now, car), Still: vehicle.Stationary(now, car), Parked: vehicle.Parked(now, car)}
}

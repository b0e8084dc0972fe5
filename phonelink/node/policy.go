package node

import (
	"slices"
	"time"

	"tandem/phonelink"
	"tandem/vehicle"
)

// wish is something that a phone may ask of the car.
type wish struct {
	allow func(v vehicle.Value) bool
	while func(now time.Time, r vehicle.Reader) bool // nil: always
}

func anyBool(v vehicle.Value) bool  { _, ok := v.Bool(); return ok }
func onlyTrue(v vehicle.Value) bool { b, ok := v.Bool(); return ok && b }

func between(low, high float64) func(vehicle.Value) bool {
	return func(v vehicle.Value) bool { n, ok := v.Number(); return ok && n >= low && n <= high }
}

// wishes is all that a phone may ask. What is not in it is refused: it opens
// no door and no window, moves nothing, and never unlocks. (A phone that was
// stolen unlocked must not be a key; the car's own key is another program's.)
// The vehicle's own policy comes after this one.
var wishes = map[vehicle.Path]wish{
	vehicle.ClimateDriverTemperature:    {between(16, 28), nil},
	vehicle.ClimatePassengerTemperature: {between(16, 28), nil},
	vehicle.ClimateDriverFanSpeed:       {between(0, 100), nil},
	vehicle.ClimatePassengerFanSpeed:    {between(0, 100), nil},
	vehicle.IsAirConditioningActive:     {anyBool, nil},
	vehicle.IsFrontDefrosterActive:      {anyBool, nil},
	vehicle.IsRearDefrosterActive:       {anyBool, nil},
	vehicle.WindshieldFrontIsHeatingOn:  {anyBool, vehicle.Parked},
	vehicle.WindshieldRearIsHeatingOn:   {anyBool, vehicle.Parked},
	vehicle.SeatRow1DriverHeating:       {between(0, 100), vehicle.Parked},
	vehicle.SeatRow1PassengerHeating:    {between(0, 100), vehicle.Parked},
	vehicle.ChargeLimit:                 {between(50, 100), nil},
	vehicle.DoorRow1DriverIsLocked:      {onlyTrue, vehicle.Parked},
	vehicle.DoorRow1PassengerIsLocked:   {onlyTrue, vehicle.Parked},
	vehicle.DoorRow2DriverIsLocked:      {onlyTrue, vehicle.Parked},
	vehicle.DoorRow2PassengerIsLocked:   {onlyTrue, vehicle.Parked},
	vehicle.LightsHazardIsSignaling:     {anyBool, vehicle.Parked},
}

// mayAsk is why a phone may not ask for this; nil: it may.
func mayAsk(now time.Time, car vehicle.Reader, c vehicle.Command) *phonelink.Refusal {
	w, ok := wishes[c.Path]
	switch {
	case !ok:
		return refuse(phonelink.RefusedPolicy, "a phone may not ask for "+string(c.Path))
	case !w.allow(c.Value):
		return refuse(phonelink.RefusedPolicy, "a phone may not ask for "+string(c.Path)+" to be "+c.Value.String())
	case w.while != nil && !w.while(now, car):
		return refuse(phonelink.RefusedMoving, "a phone may ask for "+string(c.Path)+" only while the car is parked")
	}
	return nil
}

func refuse(code phonelink.RefusalCode, reason string) *phonelink.Refusal {
	return &phonelink.Refusal{Code: code, Reason: reason}
}

// told is what a phone of the profile is told of the car.
var told = []vehicle.Path{
	vehicle.StateOfChargeDisplayed, vehicle.BatteryRange, vehicle.Range, vehicle.IsCharging, vehicle.ChargingTimeToComplete,
	vehicle.IsChargingCableConnected, vehicle.ChargeLimit, vehicle.CabinTemperature, vehicle.ExteriorAirTemperature,
	vehicle.ClimateDriverTemperature, vehicle.IsAirConditioningActive,
	vehicle.DoorRow1DriverIsLocked, vehicle.DoorRow1DriverIsOpen, vehicle.DoorRow1PassengerIsOpen, vehicle.DoorRow2DriverIsOpen,
	vehicle.DoorRow2PassengerIsOpen, vehicle.TrunkRearIsOpen, vehicle.HoodIsOpen, vehicle.IsParkLockEngaged, vehicle.CurrentGear,
	vehicle.Latitude, vehicle.Longitude, vehicle.TraveledDistance,
}

// Signals are all that a node reads of the car, for one that knows the car
// from another process.
func Signals() []vehicle.Path {
	return slices.Concat([]vehicle.Path{
		vehicle.Speed, vehicle.LowVoltageSystemState, vehicle.SeatRow1DriverOccupancyStatus,
	}, passengerSeats, told)
}

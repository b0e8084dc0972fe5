package hmi

import (
	"math"

	"tandem/vehicle"
)

// binding joins one signal to its field of the Model. ask is nil for what
// cannot be asked for.
type binding struct {
	path vehicle.Path
	set  func(*Model, vehicle.Sample)
	ask  func(*Model, vehicle.Value)
}

// bindings is the table of the signals that the first screens use.
var bindings = [...]binding{
	num(vehicle.Speed, func(m *Model) *Num { return &m.Drive.Speed }),
	num(vehicle.CurrentGear, func(m *Model) *Num { return &m.Drive.Gear }),
	num(vehicle.MotorPower, func(m *Model) *Num { return &m.Drive.MotorPower }),
	num(vehicle.MotorTemperature, func(m *Model) *Num { return &m.Drive.MotorTemp }),
	num(vehicle.AccelerationLongitudinal, func(m *Model) *Num { return &m.Drive.Acceleration }),
	flag(vehicle.ParkingBrakeIsEngaged, func(m *Model) *Flag { return &m.Drive.ParkingBrake }),
	askText(vehicle.PerformanceMode, func(m *Model) *Control[string] { return &m.Drive.Mode }),

	num(vehicle.StateOfChargeDisplayed, func(m *Model) *Num { return &m.Battery.Charge }),
	num(vehicle.Range, func(m *Model) *Num { return &m.Battery.Range }),
	num(vehicle.BatteryPower, func(m *Model) *Num { return &m.Battery.Power }),
	num(vehicle.BatteryTemperatureAverage, func(m *Model) *Num { return &m.Battery.Temp }),
	num(vehicle.BatteryTemperatureMax, func(m *Model) *Num { return &m.Battery.TempMax }),
	num(vehicle.BatteryStateOfHealth, func(m *Model) *Num { return &m.Battery.Health }),
	flag(vehicle.IsCharging, func(m *Model) *Flag { return &m.Battery.Charging }),
	flag(vehicle.IsChargingCableConnected, func(m *Model) *Flag { return &m.Battery.Cable }),
	askNum(vehicle.ChargeLimit, func(m *Model) *Control[float64] { return &m.Battery.Limit }),
	num(vehicle.ChargingTimeToComplete, func(m *Model) *Num { return &m.Battery.TimeToFull }),
	num(vehicle.ChargingAveragePower, func(m *Model) *Num { return &m.Battery.ChargePower }),
	num(vehicle.LowVoltageBatteryVoltage, func(m *Model) *Num { return &m.Battery.LowVoltage }),

	num(vehicle.TraveledDistance, func(m *Model) *Num { return &m.Trip.Odometer }),
	askNum(vehicle.TripMeterReading, func(m *Model) *Control[float64] { return &m.Trip.Trip }),
	num(vehicle.AverageSpeed, func(m *Model) *Num { return &m.Trip.Average }),

	num(vehicle.Latitude, func(m *Model) *Num { return &m.Place.Latitude }),
	num(vehicle.Longitude, func(m *Model) *Num { return &m.Place.Longitude }),
	num(vehicle.Heading, func(m *Model) *Num { return &m.Place.Heading }),
	num(vehicle.Altitude, func(m *Model) *Num { return &m.Place.Altitude }),
	num(vehicle.ExteriorAirTemperature, func(m *Model) *Num { return &m.Place.Outside }),
	num(vehicle.ExteriorLightIntensity, func(m *Model) *Num { return &m.Place.Light }),

	num(vehicle.CabinTemperature, func(m *Model) *Num { return &m.Climate.Cabin }),
	askNum(vehicle.ClimateDriverTemperature, func(m *Model) *Control[float64] { return &m.Climate.Driver.Temperature }),
	askNum(vehicle.ClimateDriverFanSpeed, func(m *Model) *Control[float64] { return &m.Climate.Driver.Fan }),
	askText(vehicle.ClimateDriverAirDistribution, func(m *Model) *Control[string] { return &m.Climate.Driver.Air }),
	askNum(vehicle.SeatRow1DriverHeating, func(m *Model) *Control[float64] { return &m.Climate.Driver.Seat }),
	askNum(vehicle.ClimatePassengerTemperature, func(m *Model) *Control[float64] { return &m.Climate.Passenger.Temperature }),
	askNum(vehicle.ClimatePassengerFanSpeed, func(m *Model) *Control[float64] { return &m.Climate.Passenger.Fan }),
	askText(vehicle.ClimatePassengerAirDistribution, func(m *Model) *Control[string] { return &m.Climate.Passenger.Air }),
	askNum(vehicle.SeatRow1PassengerHeating, func(m *Model) *Control[float64] { return &m.Climate.Passenger.Seat }),
	askFlag(vehicle.IsAirConditioningActive, func(m *Model) *Control[bool] { return &m.Climate.AC }),
	askFlag(vehicle.IsFrontDefrosterActive, func(m *Model) *Control[bool] { return &m.Climate.FrontDefrost }),
	askFlag(vehicle.IsRearDefrosterActive, func(m *Model) *Control[bool] { return &m.Climate.RearDefrost }),
	askFlag(vehicle.IsRecirculationActive, func(m *Model) *Control[bool] { return &m.Climate.Recirculation }),
	askNum(vehicle.SteeringWheelHeating, func(m *Model) *Control[float64] { return &m.Climate.Wheel }),
	askFlag(vehicle.MirrorsDriverIsHeatingOn, func(m *Model) *Control[bool] { return &m.Climate.Mirrors }),
	askFlag(vehicle.WindshieldFrontIsHeatingOn, func(m *Model) *Control[bool] { return &m.Climate.Windscreen }),

	flag(vehicle.DoorRow1DriverIsOpen, func(m *Model) *Flag { return &m.Body.Doors[FrontLeft] }),
	flag(vehicle.DoorRow1PassengerIsOpen, func(m *Model) *Flag { return &m.Body.Doors[FrontRight] }),
	flag(vehicle.DoorRow2DriverIsOpen, func(m *Model) *Flag { return &m.Body.Doors[RearLeft] }),
	flag(vehicle.DoorRow2PassengerIsOpen, func(m *Model) *Flag { return &m.Body.Doors[RearRight] }),
	askFlag(vehicle.DoorRow1DriverIsLocked, func(m *Model) *Control[bool] { return &m.Body.Locks[FrontLeft] }),
	askFlag(vehicle.DoorRow1PassengerIsLocked, func(m *Model) *Control[bool] { return &m.Body.Locks[FrontRight] }),
	askFlag(vehicle.DoorRow2DriverIsLocked, func(m *Model) *Control[bool] { return &m.Body.Locks[RearLeft] }),
	askFlag(vehicle.DoorRow2PassengerIsLocked, func(m *Model) *Control[bool] { return &m.Body.Locks[RearRight] }),
	flag(vehicle.HoodIsOpen, func(m *Model) *Flag { return &m.Body.Hood }),
	flag(vehicle.TrunkFrontIsOpen, func(m *Model) *Flag { return &m.Body.Frunk }),
	flag(vehicle.TrunkRearIsOpen, func(m *Model) *Flag { return &m.Body.Trunk }),
	flag(vehicle.WasherFluidIsLevelLow, func(m *Model) *Flag { return &m.Body.WasherLow }),

	flag(vehicle.LightsBeamLowIsOn, func(m *Model) *Flag { return &m.Lights.Low }),
	flag(vehicle.LightsBeamHighIsOn, func(m *Model) *Flag { return &m.Lights.High }),
	flag(vehicle.LightsParkingIsOn, func(m *Model) *Flag { return &m.Lights.Parking }),
	flag(vehicle.LightsRunningIsOn, func(m *Model) *Flag { return &m.Lights.Running }),
	flag(vehicle.LightsFogFrontIsOn, func(m *Model) *Flag { return &m.Lights.FogFront }),
	flag(vehicle.LightsFogRearIsOn, func(m *Model) *Flag { return &m.Lights.FogRear }),
	flag(vehicle.LightsHazardIsSignaling, func(m *Model) *Flag { return &m.Lights.Hazard }),
	flag(vehicle.IndicatorLeftIsSignaling, func(m *Model) *Flag { return &m.Lights.Left }),
	flag(vehicle.IndicatorRightIsSignaling, func(m *Model) *Flag { return &m.Lights.Right }),
	flag(vehicle.LightsBeamLowIsDefect, func(m *Model) *Flag { return &m.Lights.LowDefect }),
	flag(vehicle.LightsBrakeIsDefect, func(m *Model) *Flag { return &m.Lights.BrakeDefect }),
	askText(vehicle.LightSwitch, func(m *Model) *Control[string] { return &m.Lights.Switch }),

	flag(vehicle.ABSIsEngaged, func(m *Model) *Flag { return &m.Assist.ABSActive }),
	flag(vehicle.ABSIsError, func(m *Model) *Flag { return &m.Assist.ABSError }),
	flag(vehicle.ESCIsEngaged, func(m *Model) *Flag { return &m.Assist.ESCActive }),
	flag(vehicle.ESCIsError, func(m *Model) *Flag { return &m.Assist.ESCError }),
	askFlag(vehicle.ESCIsEnabled, func(m *Model) *Control[bool] { return &m.Assist.ESCOn }),
	flag(vehicle.TCSIsEngaged, func(m *Model) *Flag { return &m.Assist.TCS }),
	flag(vehicle.CruiseControlIsEnabled, func(m *Model) *Flag { return &m.Assist.CruiseOn }),
	flag(vehicle.CruiseControlIsActive, func(m *Model) *Flag { return &m.Assist.CruiseActive }),
	num(vehicle.CruiseControlSpeedSet, func(m *Model) *Num { return &m.Assist.CruiseSpeed }),
	askFlag(vehicle.LaneDepartureIsEnabled, func(m *Model) *Control[bool] { return &m.Assist.LaneOn }),
	flag(vehicle.LaneDepartureIsWarning, func(m *Model) *Flag { return &m.Assist.LaneWarning }),

	num(vehicle.FrontWheelLeftTirePressure, func(m *Model) *Num { return &m.Tyres[FrontLeft].Pressure }),
	num(vehicle.FrontWheelRightTirePressure, func(m *Model) *Num { return &m.Tyres[FrontRight].Pressure }),
	num(vehicle.RearWheelLeftTirePressure, func(m *Model) *Num { return &m.Tyres[RearLeft].Pressure }),
	num(vehicle.RearWheelRightTirePressure, func(m *Model) *Num { return &m.Tyres[RearRight].Pressure }),
	flag(vehicle.FrontWheelLeftTireIsPressureLow, func(m *Model) *Flag { return &m.Tyres[FrontLeft].Low }),
	flag(vehicle.FrontWheelRightTireIsPressureLow, func(m *Model) *Flag { return &m.Tyres[FrontRight].Low }),
	flag(vehicle.RearWheelLeftTireIsPressureLow, func(m *Model) *Flag { return &m.Tyres[RearLeft].Low }),
	flag(vehicle.RearWheelRightTireIsPressureLow, func(m *Model) *Flag { return &m.Tyres[RearRight].Low }),

	flag(vehicle.SeatRow1DriverIsBelted, func(m *Model) *Flag { return &m.Seats.DriverBelt }),
	flag(vehicle.SeatRow1PassengerIsBelted, func(m *Model) *Flag { return &m.Seats.PassengerBelt }),
	text(vehicle.SeatRow1DriverOccupancyStatus, func(m *Model) *Word { return &m.Seats.DriverSeat }),
	text(vehicle.SeatRow1PassengerOccupancyStatus, func(m *Model) *Word { return &m.Seats.PassengerSeat }),
	flag(vehicle.SeatRow2DriverIsBelted, func(m *Model) *Flag { return &m.Seats.RearBelt[0] }),
	flag(vehicle.SeatRow2MiddleIsBelted, func(m *Model) *Flag { return &m.Seats.RearBelt[1] }),
	flag(vehicle.SeatRow2PassengerIsBelted, func(m *Model) *Flag { return &m.Seats.RearBelt[2] }),
	text(vehicle.SeatRow2DriverOccupancyStatus, func(m *Model) *Word { return &m.Seats.RearSeat[0] }),
	text(vehicle.SeatRow2MiddleOccupancyStatus, func(m *Model) *Word { return &m.Seats.RearSeat[1] }),
	text(vehicle.SeatRow2PassengerOccupancyStatus, func(m *Model) *Word { return &m.Seats.RearSeat[2] }),
	flag(vehicle.SeatRow1DriverAirbagIsDeployed, func(m *Model) *Flag { return &m.Seats.DriverAirbag }),
	flag(vehicle.SeatRow1PassengerAirbagIsDeployed, func(m *Model) *Flag { return &m.Seats.PassengerAirbag }),

	flag(vehicle.ServiceIsServiceDue, func(m *Model) *Flag { return &m.Service.Due }),
	num(vehicle.ServiceDistanceToService, func(m *Model) *Num { return &m.Service.Distance }),
}

func num(p vehicle.Path, f func(*Model) *Num) binding {
	return binding{path: p, set: func(m *Model, s vehicle.Sample) { *f(m) = number(s) }}
}

func flag(p vehicle.Path, f func(*Model) *Flag) binding {
	return binding{path: p, set: func(m *Model, s vehicle.Sample) { *f(m) = boolean(s) }}
}

func text(p vehicle.Path, f func(*Model) *Word) binding {
	return binding{path: p, set: func(m *Model, s vehicle.Sample) { *f(m) = word(s) }}
}

func askNum(p vehicle.Path, f func(*Model) *Control[float64]) binding {
	return control(p, f, number, vehicle.Value.Number)
}

func askFlag(p vehicle.Path, f func(*Model) *Control[bool]) binding {
	return control(p, f, boolean, vehicle.Value.Bool)
}

func askText(p vehicle.Path, f func(*Model) *Control[string]) binding {
	return control(p, f, word, vehicle.Value.Text)
}

func control[T comparable](p vehicle.Path, f func(*Model) *Control[T], read func(vehicle.Sample) Reading[T], value func(vehicle.Value) (T, bool)) binding {
	ask := func(m *Model, v vehicle.Value) {
		t, ok := value(v)
		if !ok {
			var none T
			t = none
		}
		f(m).Asked = Reading[T]{Value: t, OK: ok}
	}
	return binding{path: p, ask: ask, set: func(m *Model, s vehicle.Sample) {
		f(m).Reported = read(s)
		ask(m, s.Asked)
	}}
}

func number(s vehicle.Sample) Num {
	v, ok := s.Number()
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return Num{Lost: lost(s)}
	}
	return Num{Value: v, OK: true}
}

func boolean(s vehicle.Sample) Flag {
	v, ok := s.Bool()
	return Flag{Value: v && ok, OK: ok, Lost: !ok && lost(s)}
}

func word(s vehicle.Sample) Word {
	v, ok := s.Text()
	if !ok {
		return Word{Lost: lost(s)}
	}
	return Word{Value: v, OK: true}
}

// lost tells a signal that was there and cannot be trusted now from one that
// the car does not have.
func lost(s vehicle.Sample) bool {
	return s.Quality != vehicle.Unknown && s.Quality != vehicle.NotAvailable
}

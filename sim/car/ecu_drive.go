package car

import (
	"math"

	pt "tandem/sim/car/tandemone/powertraincan"
)

// The control units of the powertrain bus that move the car: ESP, EPS, VCU and
// INV. Each function encodes one message from the state of the world.

// ptd and bdd are what the generated code knows of its databases.
var ptd = pt.Messages()

const kmh = 3.6

func (c *Car) espMotion(count uint8) out {
	w, m, d := c.world, &c.pt.motion, ptd.EspMotion
	v := w.motion.v
	direction := pt.EspMotion_MotionDirection_Standstill
	switch {
	case w.motion.moving && v > 0:
		direction = pt.EspMotion_MotionDirection_Forward
	case w.motion.moving && v < 0:
		direction = pt.EspMotion_MotionDirection_Backward
	}
	pick(&c.enc, m.SetRawMotionCounter, d.MotionCounter, count)
	pick(&c.enc, m.SetMotionDirection, d.MotionDirection, direction)
	flag(&c.enc, m.SetIsVehicleMoving, d.IsVehicleMoving, w.motion.moving)
	flag(&c.enc, m.SetIsSpeedQualified, d.IsSpeedQualified, !w.faults.on("abs"))
	put(&c.enc, m.SetRawVehicleSpeed, d.VehicleSpeed, math.Abs(v)*kmh)
	put(&c.enc, m.SetRawLongitudinalAcceleration, d.LongitudinalAcceleration, w.motion.a+w.noise(0.02))
	put(&c.enc, m.SetRawLateralAcceleration, d.LateralAcceleration, w.motion.lateral+w.noise(0.02))
	return classic(m.Frame())
}

func (c *Car) espWheels(uint8) out {
	w, m, d := c.world, &c.pt.wheels, ptd.EspWheels
	speed := func(i int) float64 { return math.Abs(w.motion.wheel[i]) * kmh }
	put(&c.enc, m.SetRawWheelSpeedFrontLeft, d.WheelSpeedFrontLeft, speed(0))
	put(&c.enc, m.SetRawWheelSpeedFrontRight, d.WheelSpeedFrontRight, speed(1))
	put(&c.enc, m.SetRawWheelSpeedRearLeft, d.WheelSpeedRearLeft, speed(2))
	put(&c.enc, m.SetRawWheelSpeedRearRight, d.WheelSpeedRearRight, speed(3))
	return classic(m.Frame())
}

func (c *Car) espYaw(count uint8) out {
	w, m, d := c.world, &c.pt.yaw, ptd.EspYaw
	pick(&c.enc, m.SetRawYawCounter, d.YawCounter, count)
	flag(&c.enc, m.SetIsYawQualified, d.IsYawQualified, w.now > perSec/2) // calibrates after power-up
	put(&c.enc, m.SetRawYawRate, d.YawRate, float64(w.motion.yaw*radiansToDegrees)+w.noise(0.03))
	put(&c.enc, m.SetRawRoadSlope, d.RoadSlope, w.motion.slope*100)
	return classic(m.Frame())
}

func (c *Car) espBrake(count uint8) out {
	w, b, m, d := c.world, &c.world.brakes, &c.pt.brake, ptd.EspBrake
	pick(&c.enc, m.SetRawBrakeCounter, d.BrakeCounter, count)
	flag(&c.enc, m.SetIsBrakePressed, d.IsBrakePressed, b.pressed())
	flag(&c.enc, m.SetIsAbsEngaged, d.IsAbsEngaged, b.absOn)
	flag(&c.enc, m.SetIsEscEngaged, d.IsEscEngaged, b.escActs)
	flag(&c.enc, m.SetIsTcsEngaged, d.IsTcsEngaged, b.tcsActs)
	put(&c.enc, m.SetRawBrakePedalPosition, d.BrakePedalPosition, b.pedal)
	put(&c.enc, m.SetRawBrakePressure, d.BrakePressure, b.pressure)
	flag(&c.enc, m.SetIsAbsError, d.IsAbsError, w.faults.on("abs"))
	flag(&c.enc, m.SetIsEscError, d.IsEscError, w.faults.on("esc"))
	flag(&c.enc, m.SetIsEscEnabled, d.IsEscEnabled, b.escOn)
	flag(&c.enc, m.SetIsBrakeFluidLow, d.IsBrakeFluidLow, w.faults.on("brakefluid"))
	flag(&c.enc, m.SetIsHillHoldActive, d.IsHillHoldActive, b.hillHolding())
	flag(&c.enc, m.SetIsParkingBrakeEngaged, d.IsParkingBrakeEngaged, b.engaged())
	pick(&c.enc, m.SetParkingBrakeState, d.ParkingBrakeState, uint8(b.parking))
	return classic(m.Frame())
}

func (c *Car) espPads(uint8) out {
	wear, m, d := &c.world.brakes.wear, &c.pt.pads, ptd.EspPads
	put(&c.enc, m.SetRawPadWearFrontLeft, d.PadWearFrontLeft, wear[0])
	put(&c.enc, m.SetRawPadWearFrontRight, d.PadWearFrontRight, wear[1])
	put(&c.enc, m.SetRawPadWearRearLeft, d.PadWearRearLeft, wear[2])
	put(&c.enc, m.SetRawPadWearRearRight, d.PadWearRearRight, wear[3])
	return classic(m.Frame())
}

func (c *Car) epsSteering(count uint8) out {
	w, m, d := c.world, &c.pt.steering, ptd.EpsSteering
	broken := w.faults.on("steering")
	pick(&c.enc, m.SetRawSteeringCounter, d.SteeringCounter, count)
	flag(&c.enc, m.SetIsSteeringAssistActive, d.IsSteeringAssistActive, !broken && w.drive.power == powerOn && math.Abs(w.motion.effort) > 0.8)
	flag(&c.enc, m.SetIsSteeringAssistError, d.IsSteeringAssistError, broken)
	put(&c.enc, m.SetRawSteeringWheelAngle, d.SteeringWheelAngle, w.motion.steering)
	put(&c.enc, m.SetRawSteeringWheelRate, d.SteeringWheelRate, w.motion.rate)
	put(&c.enc, m.SetRawSteeringTorque, d.SteeringTorque, w.motion.effort)
	return classic(m.Frame())
}

func (c *Car) vcuDrive(count uint8) out {
	w, v, m, d := c.world, &c.world.drive, &c.pt.drive, ptd.VcuDrive
	pick(&c.enc, m.SetRawDriveCounter, d.DriveCounter, count)
	pick(&c.enc, m.SetCurrentGear, d.CurrentGear, uint8(v.current))
	flag(&c.enc, m.SetIsParkLockEngaged, d.IsParkLockEngaged, v.current == park)
	pick(&c.enc, m.SetSelectedGear, d.SelectedGear, uint8(v.selected))
	pick(&c.enc, m.SetDriveMode, d.DriveMode, uint8(v.mode))
	flag(&c.enc, m.SetIsReadyToDrive, d.IsReadyToDrive, v.ready(w))
	flag(&c.enc, m.SetIsPowerLimited, d.IsPowerLimited, v.derating > 0 || w.energy.dischargeLimit < 60 || v.mode == modeEconomy)
	put(&c.enc, m.SetRawAcceleratorPosition, d.AcceleratorPosition, v.pedal)
	put(&c.enc, m.SetRawTorqueRequest, d.TorqueRequest, v.request)
	pick(&c.enc, m.SetSystemState, d.SystemState, uint8(v.power))
	pick(&c.enc, m.SetRegenerationLevel, d.RegenerationLevel, c.world.regenLevel())
	return classic(m.Frame())
}

// regenLevel is the recuperation of the drive mode, in the database's steps.
func (w *world) regenLevel() uint8 {
	switch s := coastShare[w.drive.mode]; {
	case s < 0.2:
		return uint8(pt.VcuDrive_RegenerationLevel_Coast)
	case s < 0.5:
		return uint8(pt.VcuDrive_RegenerationLevel_Low)
	}
	return uint8(pt.VcuDrive_RegenerationLevel_High)
}

func (c *Car) vcuCruise(uint8) out {
	w, v, m, d := c.world, &c.world.drive, &c.pt.cruise, ptd.VcuCruise
	broken := w.faults.on("cruise")
	flag(&c.enc, m.SetIsCruiseEnabled, d.IsCruiseEnabled, v.cruiseOn && !broken)
	flag(&c.enc, m.SetIsCruiseActive, d.IsCruiseActive, v.cruiseActive && !broken)
	flag(&c.enc, m.SetIsCruiseError, d.IsCruiseError, broken)
	put(&c.enc, m.SetRawCruiseSetSpeed, d.CruiseSetSpeed, v.cruiseSet)
	return classic(m.Frame())
}

func (c *Car) invMotor(uint8) out {
	w, v, m, d := c.world, &c.world.drive, &c.pt.motor, ptd.InvMotor
	n := v.speed(w)
	put(&c.enc, m.SetRawMotorSpeed, d.MotorSpeed, n*9.549296585513721) // rpm
	put(&c.enc, m.SetRawMotorTorque, d.MotorTorque, v.torque+w.noise(0.2))
	put(&c.enc, m.SetRawMotorPower, d.MotorPower, v.torque*n/1000)
	put(&c.enc, m.SetRawPhaseCurrent, d.PhaseCurrent, float64(math.Abs(v.torque)*1.35)+3)
	return classic(m.Frame())
}

func (c *Car) invThermal(uint8) out {
	w, v, m, d := c.world, &c.world.drive, &c.pt.thermal, ptd.InvThermal
	put(&c.enc, m.SetRawMotorTemperature, d.MotorTemperature, v.motorTemp)
	put(&c.enc, m.SetRawInverterTemperature, d.InverterTemperature, v.inverterTemp)
	put(&c.enc, m.SetRawDriveCoolantTemperature, d.DriveCoolantTemperature, v.coolantTemp)
	put(&c.enc, m.SetRawDriveCoolantFlow, d.DriveCoolantFlow, 4+float64(max(0, v.coolantTemp-20)*0.3)+w.noise(0.1))
	put(&c.enc, m.SetRawDriveDerating, d.DriveDerating, v.derating)
	return classic(m.Frame())
}

func (c *Car) vcuRange(uint8) out {
	w, m, d := c.world, &c.pt.rng, ptd.VcuRange
	put(&c.enc, m.SetRawRangeRemaining, d.RangeRemaining, w.energy.remaining(w))
	put(&c.enc, m.SetRawTimeRemaining, d.TimeRemaining, w.energy.secondsLeft(w))
	put(&c.enc, m.SetRawAverageConsumption, d.AverageConsumption, w.trip.average*100)
	return classic(m.Frame())
}

func (c *Car) vcuOdometer(uint8) out {
	t, m, d := &c.world.trip, &c.pt.odometer, ptd.VcuOdometer
	put(&c.enc, m.SetOdometer, d.Odometer, math.Floor(t.odometer))
	put(&c.enc, m.SetTripDistance, d.TripDistance, math.Floor(t.distance))
	return classic(m.Frame())
}

func (c *Car) vcuTrip(uint8) out {
	t, m, d := &c.world.trip, &c.pt.trip, ptd.VcuTrip
	put(&c.enc, m.SetRawTripAverageSpeed, d.TripAverageSpeed, t.speedAverage())
	put(&c.enc, m.SetRawTripEnergy, d.TripEnergy, max(0, t.energy/1000))
	put(&c.enc, m.SetRawTripTime, d.TripTime, math.Floor(t.seconds))
	return classic(m.Frame())
}

func (c *Car) vcuService(uint8) out {
	t, m, d := &c.world.trip, &c.pt.service, ptd.VcuService
	put(&c.enc, m.SetRawServiceDistance, d.ServiceDistance, math.Ceil(t.serviceKm))
	put(&c.enc, m.SetServiceTime, d.ServiceTime, math.Ceil(t.serviceSeconds))
	flag(&c.enc, m.SetIsServiceDue, d.IsServiceDue, t.serviceKm <= 0 || t.serviceSeconds <= 0)
	return classic(m.Frame())
}

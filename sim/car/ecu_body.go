package car

import (
	"math"

	bd "tandem/sim/car/tandemone/bodycan"
)

// The control units of the body bus: GW, BCM, DDM, PDM, HVAC, SEAT, TPMS, TCU.

var bdd = bd.Messages()

func (c *Car) gwVehicle(uint8) out {
	w, m, d := c.world, &c.bd.vehicle, bdd.GwVehicle
	put(&c.enc, m.SetRawRelayedSpeed, d.RelayedSpeed, math.Abs(w.motion.v)*kmh)
	pick(&c.enc, m.SetRelayedGear, d.RelayedGear, uint8(w.drive.current))
	pick(&c.enc, m.SetRelayedSystemState, d.RelayedSystemState, uint8(w.drive.power))
	flag(&c.enc, m.SetIsRelayedBrakePressed, d.IsRelayedBrakePressed, w.brakes.pressed())
	flag(&c.enc, m.SetIsRelayedCharging, d.IsRelayedCharging, w.energy.charging())
	return classic(m.Frame())
}

func (c *Car) bcmLights(uint8) out {
	w, l, m, d := c.world, &c.world.lights, &c.bd.lights, bdd.BcmLights
	lamp := func(on bool, name string) bool { return on && !w.faults.on(name) }
	flag(&c.enc, m.SetIsLowBeamOn, d.IsLowBeamOn, lamp(l.low, "lamp.lowbeam"))
	flag(&c.enc, m.SetIsHighBeamOn, d.IsHighBeamOn, lamp(l.high, "lamp.highbeam"))
	flag(&c.enc, m.SetIsParkingLightOn, d.IsParkingLightOn, lamp(l.parking, "lamp.parking"))
	flag(&c.enc, m.SetIsRunningLightOn, d.IsRunningLightOn, l.running)
	flag(&c.enc, m.SetIsFogFrontOn, d.IsFogFrontOn, l.fogFront && l.parking)
	flag(&c.enc, m.SetIsFogRearOn, d.IsFogRearOn, l.fogRear && l.parking)
	flag(&c.enc, m.SetIsBrakeLightOn, d.IsBrakeLightOn, lamp(l.brake, "lamp.brake"))
	flag(&c.enc, m.SetIsBackupLightOn, d.IsBackupLightOn, l.backup)
	flag(&c.enc, m.SetIsHazardActive, d.IsHazardActive, l.hazard)
	flag(&c.enc, m.SetIsIndicatorLeftActive, d.IsIndicatorLeftActive, l.leftActive())
	flag(&c.enc, m.SetIsIndicatorRightActive, d.IsIndicatorRightActive, l.rightActive())
	flag(&c.enc, m.SetIsHazardLit, d.IsHazardLit, l.hazard && l.leftLit)
	flag(&c.enc, m.SetIsIndicatorLeftLit, d.IsIndicatorLeftLit, l.leftLit)
	flag(&c.enc, m.SetIsIndicatorRightLit, d.IsIndicatorRightLit, l.rightLit)
	pick(&c.enc, m.SetLightSwitchPosition, d.LightSwitchPosition, uint8(l.sw))
	flag(&c.enc, m.SetIsLowBeamDefect, d.IsLowBeamDefect, w.faults.on("lamp.lowbeam"))
	flag(&c.enc, m.SetIsHighBeamDefect, d.IsHighBeamDefect, w.faults.on("lamp.highbeam"))
	flag(&c.enc, m.SetIsBrakeLightDefect, d.IsBrakeLightDefect, w.faults.on("lamp.brake"))
	flag(&c.enc, m.SetIsParkingLightDefect, d.IsParkingLightDefect, w.faults.on("lamp.parking"))
	flag(&c.enc, m.SetIsIndicatorLeftDefect, d.IsIndicatorLeftDefect, w.faults.on("lamp.indicator.left"))
	flag(&c.enc, m.SetIsIndicatorRightDefect, d.IsIndicatorRightDefect, w.faults.on("lamp.indicator.right"))
	flag(&c.enc, m.SetIsHornActive, d.IsHornActive, w.body.horn)
	flag(&c.enc, m.SetIsInteriorLightOn, d.IsInteriorLightOn, w.body.lightLevel > 0)
	put(&c.enc, m.SetRawInstrumentDimming, d.InstrumentDimming, l.dimming)
	put(&c.enc, m.SetRawInteriorDimming, d.InteriorDimming, w.body.lightLevel)
	return classic(m.Frame())
}

func (c *Car) bcmAccess(uint8) out {
	b, m, d := &c.world.body, &c.bd.access, bdd.BcmAccess
	flag(&c.enc, m.SetIsDoorRow1DriverOpen, d.IsDoorRow1DriverOpen, b.doors[row1Driver].open)
	flag(&c.enc, m.SetIsDoorRow1PassengerOpen, d.IsDoorRow1PassengerOpen, b.doors[row1Passenger].open)
	flag(&c.enc, m.SetIsDoorRow2DriverOpen, d.IsDoorRow2DriverOpen, b.doors[row2Driver].open)
	flag(&c.enc, m.SetIsDoorRow2PassengerOpen, d.IsDoorRow2PassengerOpen, b.doors[row2Passenger].open)
	flag(&c.enc, m.SetIsHoodOpen, d.IsHoodOpen, b.hood)
	flag(&c.enc, m.SetIsTrunkFrontOpen, d.IsTrunkFrontOpen, b.trunkFront)
	flag(&c.enc, m.SetIsTrunkRearOpen, d.IsTrunkRearOpen, b.trunk > 1)
	flag(&c.enc, m.SetIsTrunkRearLocked, d.IsTrunkRearLocked, b.trunkLocked)
	flag(&c.enc, m.SetIsDoorRow1DriverLocked, d.IsDoorRow1DriverLocked, b.doors[row1Driver].locked)
	flag(&c.enc, m.SetIsDoorRow1PassengerLocked, d.IsDoorRow1PassengerLocked, b.doors[row1Passenger].locked)
	flag(&c.enc, m.SetIsDoorRow2DriverLocked, d.IsDoorRow2DriverLocked, b.doors[row2Driver].locked)
	flag(&c.enc, m.SetIsDoorRow2PassengerLocked, d.IsDoorRow2PassengerLocked, b.doors[row2Passenger].locked)
	pick(&c.enc, m.SetCentralLockState, d.CentralLockState, b.lockState())
	flag(&c.enc, m.SetIsAlarmArmed, d.IsAlarmArmed, !b.keyInside && b.lockState() == bd.BcmAccess_CentralLockState_Locked)
	flag(&c.enc, m.SetIsKeyInside, d.IsKeyInside, b.keyInside)
	put(&c.enc, m.SetRawTrunkRearPosition, d.TrunkRearPosition, b.trunk)
	put(&c.enc, m.SetRawSunroofPosition, d.SunroofPosition, b.sunroof)
	return classic(m.Frame())
}

func (b *body) lockState() bd.BcmAccess_CentralLockState {
	n := 0
	for i := range b.doors {
		if b.doors[i].locked {
			n++
		}
	}
	switch {
	case n == len(b.doors) && b.trunkLocked:
		return bd.BcmAccess_CentralLockState_Locked
	case n == 0 && !b.trunkLocked:
		return bd.BcmAccess_CentralLockState_Unlocked
	}
	return bd.BcmAccess_CentralLockState_Partial
}

func (c *Car) ddmState(uint8) out {
	w, b, m, d := c.world, &c.world.body, &c.bd.driverDoors, bdd.DdmState
	put(&c.enc, m.SetRawWindowRow1Driver, d.WindowRow1Driver, b.doors[row1Driver].window)
	put(&c.enc, m.SetRawWindowRow2Driver, d.WindowRow2Driver, b.doors[row2Driver].window)
	flag(&c.enc, m.SetIsMirrorDriverFolded, d.IsMirrorDriverFolded, b.mirrors[0].folded)
	flag(&c.enc, m.SetIsMirrorDriverHeated, d.IsMirrorDriverHeated, b.mirrors[0].heated)
	flag(&c.enc, m.SetIsWindowDriverMoving, d.IsWindowDriverMoving, b.doors[row1Driver].moving || b.doors[row2Driver].moving)
	flag(&c.enc, m.SetIsWindowDriverBlocked, d.IsWindowDriverBlocked, w.faults.on("window.driver"))
	put(&c.enc, m.SetRawDdmSupply, d.DdmSupply, w.energy.low-0.15)
	return classic(m.Frame())
}

func (c *Car) pdmState(uint8) out {
	w, b, m, d := c.world, &c.world.body, &c.bd.passengerDoors, bdd.PdmState
	put(&c.enc, m.SetRawWindowRow1Passenger, d.WindowRow1Passenger, b.doors[row1Passenger].window)
	put(&c.enc, m.SetRawWindowRow2Passenger, d.WindowRow2Passenger, b.doors[row2Passenger].window)
	flag(&c.enc, m.SetIsMirrorPassengerFolded, d.IsMirrorPassengerFolded, b.mirrors[1].folded)
	flag(&c.enc, m.SetIsMirrorPassengerHeated, d.IsMirrorPassengerHeated, b.mirrors[1].heated)
	flag(&c.enc, m.SetIsWindowPassengerMoving, d.IsWindowPassengerMoving, b.doors[row1Passenger].moving || b.doors[row2Passenger].moving)
	flag(&c.enc, m.SetIsWindowPassengerBlocked, d.IsWindowPassengerBlocked, w.faults.on("window.passenger"))
	put(&c.enc, m.SetRawPdmSupply, d.PdmSupply, w.energy.low-0.2)
	return classic(m.Frame())
}

func (c *Car) bcmWiper(uint8) out {
	w, b, m, d := c.world, &c.world.body, &c.bd.wiper, bdd.BcmWiper
	pick(&c.enc, m.SetWiperMode, d.WiperMode, uint8(b.wiper))
	flag(&c.enc, m.SetIsWiperMoving, d.IsWiperMoving, b.sweep > 0)
	flag(&c.enc, m.SetIsWasherActive, d.IsWasherActive, b.washer && b.washerLeft > 0)
	flag(&c.enc, m.SetIsWasherFluidLow, d.IsWasherFluidLow, b.washerLeft < 0.8 || w.faults.on("washerfluid"))
	flag(&c.enc, m.SetIsWindshieldHeated, d.IsWindshieldHeated, w.cabin.windshield)
	flag(&c.enc, m.SetIsRearWindowHeated, d.IsRearWindowHeated, w.cabin.rearWindow)
	put(&c.enc, m.SetRawRainIntensity, d.RainIntensity, w.env.rainSensor)
	put(&c.enc, m.SetRawWiperAngle, d.WiperAngle, b.wiperAngle())
	return classic(m.Frame())
}

func (c *Car) bcmAmbient(uint8) out {
	w, e, m, d := c.world, &c.world.env, &c.bd.ambient, bdd.BcmAmbient
	put(&c.enc, m.SetRawOutsideTemperature, d.OutsideTemperature, e.ambientSensor)
	put(&c.enc, m.SetRawOutsideHumidity, d.OutsideHumidity, e.humidity+float64(e.rainSensor*0.3)+w.noise(0.3))
	put(&c.enc, m.SetRawOutsideLight, d.OutsideLight, e.light)
	put(&c.enc, m.SetRawSolarLoad, d.SolarLoad, e.solar)
	put(&c.enc, m.SetRawAirPressure, d.AirPressure, e.pressure)
	return classic(m.Frame())
}

func (c *Car) bcmClock(uint8) out {
	t, m, d := c.world.clock(), &c.bd.clock, bdd.BcmClock
	put(&c.enc, m.SetRawClockYear, d.ClockYear, float64(t.Year()))
	put(&c.enc, m.SetRawClockMonth, d.ClockMonth, float64(t.Month()))
	put(&c.enc, m.SetRawClockDay, d.ClockDay, float64(t.Day()))
	put(&c.enc, m.SetRawClockHour, d.ClockHour, float64(t.Hour()))
	put(&c.enc, m.SetRawClockMinute, d.ClockMinute, float64(t.Minute()))
	put(&c.enc, m.SetRawClockSecond, d.ClockSecond, float64(t.Second()))
	flag(&c.enc, m.SetIsClockSet, d.IsClockSet, true)
	return classic(m.Frame())
}

func (c *Car) hvacState(uint8) out {
	b, m, d := &c.world.cabin, &c.bd.hvac, bdd.HvacState
	put(&c.enc, m.SetRawSetTemperatureDriver, d.SetTemperatureDriver, b.zones[driverSide].set)
	put(&c.enc, m.SetRawSetTemperaturePassenger, d.SetTemperaturePassenger, b.zones[passengerSide].set)
	put(&c.enc, m.SetRawFanSpeedDriver, d.FanSpeedDriver, b.zones[driverSide].fan)
	put(&c.enc, m.SetRawFanSpeedPassenger, d.FanSpeedPassenger, b.zones[passengerSide].fan)
	pick(&c.enc, m.SetAirDistributionDriver, d.AirDistributionDriver, uint8(b.zones[driverSide].air))
	pick(&c.enc, m.SetAirDistributionPassenger, d.AirDistributionPassenger, uint8(b.zones[passengerSide].air))
	flag(&c.enc, m.SetIsAirConditioningOn, d.IsAirConditioningOn, b.ac)
	flag(&c.enc, m.SetIsRecirculationOn, d.IsRecirculationOn, b.recirculate)
	flag(&c.enc, m.SetIsFrontDefrostOn, d.IsFrontDefrostOn, b.defrostFront)
	flag(&c.enc, m.SetIsCompressorRunning, d.IsCompressorRunning, b.compressor > 60)
	return classic(m.Frame())
}

func (c *Car) hvacCabin(uint8) out {
	b, m, d := &c.world.cabin, &c.bd.cabin, bdd.HvacCabin
	put(&c.enc, m.SetRawCabinTemperature, d.CabinTemperature, b.air)
	put(&c.enc, m.SetRawVentTemperatureDriver, d.VentTemperatureDriver, b.zones[driverSide].vent)
	put(&c.enc, m.SetRawVentTemperaturePassenger, d.VentTemperaturePassenger, b.zones[passengerSide].vent)
	put(&c.enc, m.SetRawEvaporatorTemperature, d.EvaporatorTemperature, b.evaporator)
	put(&c.enc, m.SetRawHeaterPower, d.HeaterPower, b.heater/1000)
	put(&c.enc, m.SetRawCompressorPower, d.CompressorPower, b.compressor/1000)
	return classic(m.Frame())
}

func (c *Car) seatComfort(uint8) out {
	b, m, d := &c.world.cabin, &c.bd.seats, bdd.SeatComfort
	put(&c.enc, m.SetRawSeatHeatDriver, d.SeatHeatDriver, b.seatHeat[driverSide])
	put(&c.enc, m.SetRawSeatHeatPassenger, d.SeatHeatPassenger, b.seatHeat[passengerSide])
	put(&c.enc, m.SetRawWheelHeat, d.WheelHeat, b.wheelHeat)
	put(&c.enc, m.SetRawSeatTemperatureDriver, d.SeatTemperatureDriver, b.seatTemp[driverSide])
	put(&c.enc, m.SetRawSeatTemperaturePassenger, d.SeatTemperaturePassenger, b.seatTemp[passengerSide])
	put(&c.enc, m.SetRawWheelTemperature, d.WheelTemperature, b.wheelTemp)
	return classic(m.Frame())
}

// tpmsTyre is one tyre after the other, in a multiplexed frame.
func (c *Car) tpmsTyre(uint8) out {
	w, m, d := c.world, &c.bd.tyre, bdd.TpmsTyre
	i := c.nextTyre
	c.nextTyre = (i + 1) % len(w.tyres)
	t := &w.tyres[i]
	low, weak := t.low(w), w.faults.is(tyreNames[i], "weak")
	pick(&c.enc, m.SetTyreIndex, d.TyreIndex, uint8(i))
	switch i {
	case 0:
		flag(&c.enc, m.SetIsTyreLowFrontLeft, d.IsTyreLowFrontLeft, low)
		flag(&c.enc, m.SetIsTyreSensorWeakFrontLeft, d.IsTyreSensorWeakFrontLeft, weak)
		put(&c.enc, m.SetRawTyrePressureFrontLeft, d.TyrePressureFrontLeft, t.pressure(w))
		put(&c.enc, m.SetRawTyreTemperatureFrontLeft, d.TyreTemperatureFrontLeft, t.temp)
	case 1:
		flag(&c.enc, m.SetIsTyreLowFrontRight, d.IsTyreLowFrontRight, low)
		flag(&c.enc, m.SetIsTyreSensorWeakFrontRight, d.IsTyreSensorWeakFrontRight, weak)
		put(&c.enc, m.SetRawTyrePressureFrontRight, d.TyrePressureFrontRight, t.pressure(w))
		put(&c.enc, m.SetRawTyreTemperatureFrontRight, d.TyreTemperatureFrontRight, t.temp)
	case 2:
		flag(&c.enc, m.SetIsTyreLowRearLeft, d.IsTyreLowRearLeft, low)
		flag(&c.enc, m.SetIsTyreSensorWeakRearLeft, d.IsTyreSensorWeakRearLeft, weak)
		put(&c.enc, m.SetRawTyrePressureRearLeft, d.TyrePressureRearLeft, t.pressure(w))
		put(&c.enc, m.SetRawTyreTemperatureRearLeft, d.TyreTemperatureRearLeft, t.temp)
	case 3:
		flag(&c.enc, m.SetIsTyreLowRearRight, d.IsTyreLowRearRight, low)
		flag(&c.enc, m.SetIsTyreSensorWeakRearRight, d.IsTyreSensorWeakRearRight, weak)
		put(&c.enc, m.SetRawTyrePressureRearRight, d.TyrePressureRearRight, t.pressure(w))
		put(&c.enc, m.SetRawTyreTemperatureRearRight, d.TyreTemperatureRearRight, t.temp)
	}
	return classic(m.Frame())
}

func (c *Car) tcuPosition(uint8) out {
	w, m, d := c.world, &c.bd.position, bdd.TcuPosition
	put(&c.enc, m.SetRawLatitude, d.Latitude, startLatitude+(w.motion.y+w.noise(0.05))/metresPerLat)
	put(&c.enc, m.SetRawLongitude, d.Longitude, startLongitude+(w.motion.x+w.noise(0.05))/metresPerLon)
	return classic(m.Frame())
}

func (c *Car) tcuMotion(uint8) out {
	w, m, d := c.world, &c.bd.travel, bdd.TcuMotion
	north := 90 - float64(w.motion.heading*radiansToDegrees)
	north -= float64(math.Floor(north/360) * 360)
	put(&c.enc, m.SetRawHeading, d.Heading, math.Floor(north*100)/100)
	put(&c.enc, m.SetRawAltitude, d.Altitude, w.motion.altitude+w.noise(0.3))
	put(&c.enc, m.SetRawGnssSpeed, d.GnssSpeed, max(0, float64(math.Abs(w.motion.v)*kmh)+w.noise(0.2)))
	pick(&c.enc, m.SetRawGnssSatellites, d.GnssSatellites, uint8(11+w.rng.IntN(4)))
	put(&c.enc, m.SetRawGnssDilution, d.GnssDilution, 0.9+w.noise(0.15))
	return classic(m.Frame())
}

package car

import (
	"math"

	pt "tandem/sim/car/tandemone/powertraincan"
)

// The control units of the powertrain bus that hold and charge: BMS, OBC, DCDC,
// and SRS.

func (c *Car) bmsPack(uint8) out {
	w, e, m, d := c.world, &c.world.energy, &c.pt.pack, ptd.BmsPack
	contactors := pt.BmsPack_ContactorState_Open
	switch {
	case w.faults.on("contactor"):
		contactors = pt.BmsPack_ContactorState_Welded
	case e.closed > 0.4:
		contactors = pt.BmsPack_ContactorState_Closed
	case e.closed > 0:
		contactors = pt.BmsPack_ContactorState_Precharge
	}
	put(&c.enc, m.SetRawPackVoltage, d.PackVoltage, e.voltage+w.noise(0.08))
	put(&c.enc, m.SetRawPackCurrent, d.PackCurrent, e.current)
	put(&c.enc, m.SetRawPackPower, d.PackPower, e.power)
	pick(&c.enc, m.SetContactorState, d.ContactorState, contactors)
	flag(&c.enc, m.SetIsIsolationFault, d.IsIsolationFault, w.faults.on("isolation"))
	flag(&c.enc, m.SetIsBatteryWarning, d.IsBatteryWarning, w.faults.on("isolation") || w.faults.on("contactor"))
	return classic(m.Frame())
}

func (c *Car) bmsCharge(uint8) out {
	e, m, d := &c.world.energy, &c.pt.charge, ptd.BmsCharge
	put(&c.enc, m.SetRawStateOfCharge, d.StateOfCharge, e.soc)
	put(&c.enc, m.SetRawStateOfChargeDisplayed, d.StateOfChargeDisplayed, e.displayed())
	put(&c.enc, m.SetRawRemainingEnergy, d.RemainingEnergy, e.left())
	put(&c.enc, m.SetRawStateOfHealth, d.StateOfHealth, e.health)
	return classic(m.Frame())
}

func (c *Car) bmsThermal(uint8) out {
	e, m, d := &c.world.energy, &c.pt.packThermal, ptd.BmsThermal
	put(&c.enc, m.SetRawPackTemperatureMin, d.PackTemperatureMin, e.temp-float64(e.spread*0.45))
	put(&c.enc, m.SetRawPackTemperatureAverage, d.PackTemperatureAverage, e.temp)
	put(&c.enc, m.SetRawPackTemperatureMax, d.PackTemperatureMax, e.temp+float64(e.spread*0.55))
	put(&c.enc, m.SetRawPackCoolantInlet, d.PackCoolantInlet, e.coolant)
	put(&c.enc, m.SetRawPackCoolantOutlet, d.PackCoolantOutlet, e.coolant+float64((e.temp-e.coolant)*0.35))
	put(&c.enc, m.SetRawPackPumpSpeed, d.PackPumpSpeed, e.pump)
	put(&c.enc, m.SetRawPackHeaterPower, d.PackHeaterPower, e.heater/1000)
	return classic(m.Frame())
}

func (c *Car) bmsCells(uint8) out {
	w, e, m, d := c.world, &c.world.energy, &c.pt.cells, ptd.BmsCells
	mean := e.voltage / cells
	spread := 0.006 + float64(math.Abs(e.current)*4e-5)
	put(&c.enc, m.SetRawCellVoltageMin, d.CellVoltageMin, mean-spread)
	put(&c.enc, m.SetRawCellVoltageMax, d.CellVoltageMax, mean+float64(spread*0.8))
	pick(&c.enc, m.SetRawCellIndexMin, d.CellIndexMin, uint8(17+w.rng.IntN(3)))
	pick(&c.enc, m.SetRawCellIndexMax, d.CellIndexMax, uint8(61+w.rng.IntN(4)))
	return classic(m.Frame())
}

func (c *Car) bmsLimits(uint8) out {
	e, m, d := &c.world.energy, &c.pt.limits, ptd.BmsLimits
	put(&c.enc, m.SetRawDischargeLimit, d.DischargeLimit, e.dischargeLimit)
	put(&c.enc, m.SetRawRegenerationLimit, d.RegenerationLimit, e.regenLimit)
	return classic(m.Frame())
}

func (c *Car) obcCharging(uint8) out {
	e, m, d := &c.world.energy, &c.pt.charging, ptd.ObcCharging
	state := pt.ObcCharging_ChargeState_Idle
	switch {
	case e.plugged && e.charging():
		state = pt.ObcCharging_ChargeState_Charging
	case e.full:
		state = pt.ObcCharging_ChargeState_Complete
	case e.plugged:
		state = pt.ObcCharging_ChargeState_Waiting
	}
	mean := math.NaN()
	if e.plugged {
		mean = e.gridMean
	}
	flag(&c.enc, m.SetIsChargeCableConnected, d.IsChargeCableConnected, e.plugged)
	flag(&c.enc, m.SetIsCharging, d.IsCharging, e.charging())
	flag(&c.enc, m.SetIsChargeCableLocked, d.IsChargeCableLocked, e.plugged && e.session > 0.8)
	flag(&c.enc, m.SetIsChargeFlapOpen, d.IsChargeFlapOpen, e.plugged)
	pick(&c.enc, m.SetChargeState, d.ChargeState, state)
	put(&c.enc, m.SetRawChargeLimit, d.ChargeLimit, e.limit)
	put(&c.enc, m.SetRawChargePower, d.ChargePower, e.grid)
	put(&c.enc, m.SetRawChargePowerAverage, d.ChargePowerAverage, mean)
	put(&c.enc, m.SetRawChargeTimeRemaining, d.ChargeTimeRemaining, e.toLimit())
	return classic(m.Frame())
}

func (c *Car) obcGrid(uint8) out {
	w, e, m, d := c.world, &c.world.energy, &c.pt.grid, ptd.ObcGrid
	volts, most := math.NaN(), math.NaN()
	if e.plugged {
		volts, most = 231-float64(e.grid*0.15)+w.noise(0.4), e.offer
	}
	put(&c.enc, m.SetRawGridVoltage, d.GridVoltage, volts)
	put(&c.enc, m.SetRawGridCurrent, d.GridCurrent, min(e.grid, 22)*1000/3/230)
	put(&c.enc, m.SetRawChargePowerMax, d.ChargePowerMax, most)
	put(&c.enc, m.SetRawChargerTemperature, d.ChargerTemperature, e.chargerTemp)
	put(&c.enc, m.SetRawChargePlugTemperature, d.ChargePlugTemperature, e.plugTemp)
	return classic(m.Frame())
}

func (c *Car) dcdcSupply(uint8) out {
	e, m, d := &c.world.energy, &c.pt.supply, ptd.DcdcSupply
	put(&c.enc, m.SetRawLowVoltage, d.LowVoltage, e.low)
	put(&c.enc, m.SetRawLowVoltageCurrent, d.LowVoltageCurrent, e.lowAmps)
	put(&c.enc, m.SetRawDcdcPower, d.DcdcPower, e.dcdc)
	put(&c.enc, m.SetRawDcdcTemperature, d.DcdcTemperature, e.dcdcTemp)
	put(&c.enc, m.SetRawLowVoltageCharge, d.LowVoltageCharge, e.lowSoc)
	return classic(m.Frame())
}

func (c *Car) srsRestraints(count uint8) out {
	w, p, m, d := c.world, &c.world.people, &c.pt.restraints, ptd.SrsRestraints
	one := func(b bool) uint8 {
		if b {
			return 1
		}
		return 0
	}
	s := &p.seats
	pick(&c.enc, m.SetRawRestraintCounter, d.RestraintCounter, count)
	flag(&c.enc, m.SetIsAirbagWarning, d.IsAirbagWarning, p.crashed || w.faults.on("airbag"))
	flag(&c.enc, m.SetIsCrashDetected, d.IsCrashDetected, p.crashed)
	flag(&c.enc, m.SetIsAirbagDriverDeployed, d.IsAirbagDriverDeployed, p.crashed && s[0].occupied)
	flag(&c.enc, m.SetIsAirbagPassengerDeployed, d.IsAirbagPassengerDeployed, p.crashed && s[1].occupied)
	pick(&c.enc, m.SetBeltDriver, d.BeltDriver, one(s[0].belted))
	pick(&c.enc, m.SetBeltPassenger, d.BeltPassenger, one(s[1].belted))
	pick(&c.enc, m.SetBeltRearDriver, d.BeltRearDriver, one(s[2].belted))
	pick(&c.enc, m.SetBeltRearMiddle, d.BeltRearMiddle, one(s[3].belted))
	pick(&c.enc, m.SetBeltRearPassenger, d.BeltRearPassenger, one(s[4].belted))
	pick(&c.enc, m.SetOccupancyDriver, d.OccupancyDriver, one(s[0].occupied))
	pick(&c.enc, m.SetOccupancyPassenger, d.OccupancyPassenger, one(s[1].occupied))
	pick(&c.enc, m.SetOccupancyRearDriver, d.OccupancyRearDriver, one(s[2].occupied))
	pick(&c.enc, m.SetOccupancyRearMiddle, d.OccupancyRearMiddle, one(s[3].occupied))
	pick(&c.enc, m.SetOccupancyRearPassenger, d.OccupancyRearPassenger, one(s[4].occupied))
	return classic(m.Frame())
}

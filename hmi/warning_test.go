package hmi_test

import (
	"testing"
	"time"

	"tandem/hmi"
	"tandem/vehicle"
)

// Each trouble: what causes it, how bad it is, which lamp is lit, and the next
// thing to it that does not cause it.
func TestTroubles(t *testing.T) {
	rolling, drive := num(30), num(1)
	for _, c := range []struct {
		name  string
		on    values
		want  hmi.Trouble
		sev   hmi.Severity
		lamp  hmi.Telltale // -1: none
		quiet values       // the same but for a detail: no such trouble
	}{
		{"airbag", values{vehicle.SeatRow1DriverAirbagIsDeployed: yes}, hmi.AirbagDeployed, hmi.Critical, hmi.LampAirbag, values{vehicle.SeatRow1DriverAirbagIsDeployed: no}},
		{"airbag 2", values{vehicle.SeatRow1PassengerAirbagIsDeployed: yes}, hmi.AirbagDeployed, hmi.Critical, hmi.LampAirbag, nil},
		{"battery", values{vehicle.BatteryTemperatureMax: num(58.1)}, hmi.BatteryHot, hmi.Critical, hmi.LampBatteryHot, values{vehicle.BatteryTemperatureMax: num(58)}},
		{"motor", values{vehicle.MotorTemperature: num(140.1)}, hmi.MotorHot, hmi.Critical, hmi.LampBatteryHot, values{vehicle.MotorTemperature: num(140)}},
		{"abs", values{vehicle.ABSIsError: yes}, hmi.ABSFault, hmi.Caution, hmi.LampABS, values{vehicle.ABSIsError: no}},
		{"esc", values{vehicle.ESCIsError: yes}, hmi.ESCFault, hmi.Caution, hmi.LampESC, values{vehicle.ESCIsError: no}},
		{"belt standing", values{vehicle.SeatRow1DriverIsBelted: no, vehicle.CurrentGear: drive, vehicle.Speed: num(0)}, hmi.DriverUnbelted, hmi.Caution, hmi.LampBelt,
			values{vehicle.SeatRow1DriverIsBelted: no, vehicle.CurrentGear: num(126), vehicle.Speed: num(0)}},
		{"belt rolling", values{vehicle.SeatRow1DriverIsBelted: no, vehicle.CurrentGear: drive, vehicle.Speed: rolling}, hmi.DriverUnbelted, hmi.Critical, hmi.LampBelt,
			values{vehicle.SeatRow1DriverIsBelted: yes, vehicle.CurrentGear: drive, vehicle.Speed: rolling}},
		{"belt, gear unknown", values{vehicle.SeatRow1DriverIsBelted: no, vehicle.CurrentGear: drive}, hmi.DriverUnbelted, hmi.Caution, hmi.LampBelt, values{vehicle.SeatRow1DriverIsBelted: no}},
		{"passenger", values{vehicle.SeatRow1PassengerIsBelted: no, vehicle.SeatRow1PassengerOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: drive}, hmi.PassengerUnbelted, hmi.Caution, hmi.LampBelt,
			values{vehicle.SeatRow1PassengerIsBelted: no, vehicle.SeatRow1PassengerOccupancyStatus: text("EMPTY"), vehicle.CurrentGear: drive}},
		{"rear", values{vehicle.SeatRow2MiddleIsBelted: no, vehicle.SeatRow2MiddleOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: drive}, hmi.RearUnbelted, hmi.Caution, hmi.LampBelt,
			values{vehicle.SeatRow2MiddleIsBelted: no, vehicle.SeatRow2DriverOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: drive}},
		{"passenger in P", values{vehicle.SeatRow1PassengerIsBelted: no, vehicle.SeatRow1PassengerOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: num(-1)}, hmi.PassengerUnbelted, hmi.Caution, hmi.LampBelt,
			values{vehicle.SeatRow1PassengerIsBelted: no, vehicle.SeatRow1PassengerOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: num(126)}},
		{"rear in P", values{vehicle.SeatRow2DriverIsBelted: no, vehicle.SeatRow2DriverOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: num(0)}, hmi.RearUnbelted, hmi.Caution, hmi.LampBelt,
			values{vehicle.SeatRow2DriverIsBelted: no, vehicle.SeatRow2DriverOccupancyStatus: text("OCCUPIED"), vehicle.CurrentGear: num(126)}},
		{"brake", values{vehicle.ParkingBrakeIsEngaged: yes, vehicle.Speed: num(5.1)}, hmi.ParkingBrakeOn, hmi.Critical, hmi.LampParkingBrake, values{vehicle.ParkingBrakeIsEngaged: yes, vehicle.Speed: num(5)}},
		{"brake back", values{vehicle.ParkingBrakeIsEngaged: yes, vehicle.Speed: num(-5.1)}, hmi.ParkingBrakeOn, hmi.Critical, hmi.LampParkingBrake, values{vehicle.ParkingBrakeIsEngaged: yes}},
		{"door standing", values{vehicle.DoorRow1DriverIsOpen: yes, vehicle.Speed: num(0)}, hmi.DoorOpenFL, hmi.Notice, hmi.LampDoor, values{vehicle.DoorRow1DriverIsOpen: no}},
		{"door rolling", values{vehicle.DoorRow2PassengerIsOpen: yes, vehicle.Speed: rolling}, hmi.DoorOpenRR, hmi.Critical, hmi.LampDoor, values{vehicle.DoorRow1PassengerIsOpen: yes}},
		{"bonnet", values{vehicle.HoodIsOpen: yes}, hmi.HoodOpen, hmi.Notice, hmi.LampDoor, values{vehicle.TrunkFrontIsOpen: yes}},
		{"front boot", values{vehicle.TrunkFrontIsOpen: yes}, hmi.FrunkOpen, hmi.Notice, hmi.LampDoor, values{vehicle.TrunkRearIsOpen: yes}},
		{"boot", values{vehicle.TrunkRearIsOpen: yes, vehicle.Speed: rolling}, hmi.TrunkOpen, hmi.Critical, hmi.LampDoor, values{vehicle.HoodIsOpen: yes}},
		{"tyre", values{vehicle.RearWheelLeftTireIsPressureLow: yes}, hmi.TyreLowRL, hmi.Caution, hmi.LampTyre, values{vehicle.RearWheelRightTireIsPressureLow: yes}},
		{"12 V", values{vehicle.LowVoltageBatteryVoltage: num(11.7)}, hmi.LowVoltageLow, hmi.Caution, hmi.LampSupply, values{vehicle.LowVoltageBatteryVoltage: num(11.8)}},
		{"charge", values{vehicle.StateOfChargeDisplayed: num(9.9)}, hmi.ChargeLow, hmi.Caution, hmi.LampChargeLow, values{vehicle.StateOfChargeDisplayed: num(10)}},
		{"charge at the charger", values{vehicle.StateOfChargeDisplayed: num(5), vehicle.IsCharging: no}, hmi.ChargeLow, hmi.Caution, hmi.LampChargeLow, values{vehicle.StateOfChargeDisplayed: num(5), vehicle.IsCharging: yes}},
		{"low beam", values{vehicle.LightsBeamLowIsDefect: yes}, hmi.LowBeamDefect, hmi.Caution, hmi.LampBulb, values{vehicle.LightsBrakeIsDefect: yes}},
		{"brake light", values{vehicle.LightsBrakeIsDefect: yes}, hmi.BrakeLampDefect, hmi.Caution, hmi.LampBulb, values{vehicle.LightsBeamLowIsDefect: yes}},
		{"esc off", values{vehicle.ESCIsEnabled: no}, hmi.ESCOff, hmi.Notice, hmi.LampESCOff, values{vehicle.ESCIsEnabled: yes}},
		{"washer", values{vehicle.WasherFluidIsLevelLow: yes}, hmi.WasherLow, hmi.Notice, -1, nil},
		{"ice", values{vehicle.ExteriorAirTemperature: num(3)}, hmi.IceRisk, hmi.Notice, -1, values{vehicle.ExteriorAirTemperature: num(3.1)}},
		{"service", values{vehicle.ServiceIsServiceDue: yes}, hmi.ServiceDue, hmi.Notice, hmi.LampService, nil},
	} {
		m := model(c.on)
		if got, ok := find(m, c.want); !ok || got.Severity != c.sev {
			t.Errorf("%s: got %v, want %v of severity %v", c.name, m.Warnings, c.want, c.sev)
		}
		if c.lamp >= 0 && !m.Telltales.Lit(c.lamp) {
			t.Errorf("%s: lamp %d is dark", c.name, c.lamp)
		}
		if got, ok := find(model(c.quiet), c.want); ok {
			t.Errorf("%s, but for a detail: got %v, want none", c.name, got)
		}
	}
}

func find(m *hmi.Model, t hmi.Trouble) (hmi.Warning, bool) {
	for _, w := range m.Warnings {
		if w.Trouble == t {
			return w, true
		}
	}
	return hmi.Warning{}, false
}

// The signal of a fault lamp that was lost lights the lamp; one that the car
// never had does not.
func TestLostFaultSignals(t *testing.T) {
	for q, want := range map[vehicle.Quality]bool{vehicle.Unknown: false, vehicle.NotAvailable: false, vehicle.Stale: true, vehicle.Invalid: true, vehicle.Error: true} {
		m := &hmi.Model{}
		m.Update(time.Time{}, snapshot(q, values{vehicle.ABSIsError: no, vehicle.ESCIsError: no, vehicle.Speed: num(0)}))
		_, speed := find(m, hmi.SpeedLost)
		if got := m.Telltales.Lit(hmi.LampABS); got != want || m.Telltales.Lit(hmi.LampESC) != want || speed != want {
			t.Errorf("%v: got %v, speed lost %v, want %v", q, got, speed, want)
		}
	}
}

func TestMostUrgentFirst(t *testing.T) {
	m := model(values{vehicle.ServiceIsServiceDue: yes, vehicle.ABSIsError: yes, vehicle.BatteryTemperatureMax: num(90), vehicle.FrontWheelLeftTireIsPressureLow: yes})
	want := []hmi.Trouble{hmi.BatteryHot, hmi.ABSFault, hmi.TyreLowFL, hmi.ServiceDue}
	if len(m.Warnings) != len(want) {
		t.Fatalf("got %v, want %v", m.Warnings, want)
	}
	for i, w := range want {
		if m.Warnings[i].Trouble != w {
			t.Errorf("%d: got %v, want %v", i, m.Warnings[i], w)
		}
	}
	if got := m.Warnings[0].Severity; got != hmi.Critical {
		t.Errorf("severity of the first: got %v, want critical", got)
	}
	if got := model(nil).Warnings; len(got) != 0 {
		t.Errorf("nothing wrong: got %v", got)
	}
}

func TestLamps(t *testing.T) {
	for _, c := range []struct {
		name string
		v    values
		on   []hmi.Telltale
	}{
		{"none", nil, nil},
		{"left", values{vehicle.IndicatorLeftIsSignaling: yes}, []hmi.Telltale{hmi.LampLeft}},
		{"right", values{vehicle.IndicatorRightIsSignaling: yes}, []hmi.Telltale{hmi.LampRight}},
		{"hazard", values{vehicle.LightsHazardIsSignaling: yes}, []hmi.Telltale{hmi.LampLeft, hmi.LampRight}},
		{"low beam", values{vehicle.LightsBeamLowIsOn: yes, vehicle.LightsParkingIsOn: yes}, []hmi.Telltale{hmi.LampLow}},
		{"side lights", values{vehicle.LightsParkingIsOn: yes}, []hmi.Telltale{hmi.LampParking}},
		{"high beam", values{vehicle.LightsBeamHighIsOn: yes}, []hmi.Telltale{hmi.LampHigh}},
		{"fog", values{vehicle.LightsFogFrontIsOn: yes, vehicle.LightsFogRearIsOn: yes}, []hmi.Telltale{hmi.LampFogFront, hmi.LampFogRear}},
		{"cruise", values{vehicle.CruiseControlIsActive: yes}, []hmi.Telltale{hmi.LampCruise}},
		{"parking brake", values{vehicle.ParkingBrakeIsEngaged: yes}, []hmi.Telltale{hmi.LampParkingBrake}},
		{"abs works", values{vehicle.ABSIsEngaged: yes}, []hmi.Telltale{hmi.LampABS}},
		{"traction", values{vehicle.TCSIsEngaged: yes}, []hmi.Telltale{hmi.LampESC}},
		{"stability", values{vehicle.ESCIsEngaged: yes}, []hmi.Telltale{hmi.LampESC}},
		{"lane", values{vehicle.LaneDepartureIsWarning: yes}, []hmi.Telltale{hmi.LampLane}},
	} {
		var want hmi.Telltales
		for _, l := range c.on {
			want |= 1 << l
		}
		got := model(c.v).Telltales
		if got != want || got.Count() != len(c.on) {
			t.Errorf("%s: got %b, want %b", c.name, got, want)
		}
	}
	hues := map[hmi.Hue]int{}
	for l := hmi.Telltale(0); l < hmi.Lamps; l++ {
		hues[l.Hue()]++
		if urgent := hmi.Telltales(1<<l).Urgent() != 0; urgent != (l.Hue() == hmi.Red || l.Hue() == hmi.Amber) {
			t.Errorf("lamp %d: urgent %v of hue %v", l, urgent, l.Hue())
		}
	}
	if hues[hmi.Red] != 6 || hues[hmi.Blue] != 1 {
		t.Errorf("hues: got %v", hues)
	}
}

package hmi

// Severity is how soon a person must act.
type Severity int

// Severities.
const (
	Notice   Severity = iota // good to know
	Caution                  // amber: act soon
	Critical                 // red: act now
)

// Trouble is something that the driver should know. Its words are in hmi/lang.
type Trouble int

// Troubles, most urgent first within a severity. The four of a kind are in
// the order of Wheel.
const (
	AirbagDeployed Trouble = iota
	BatteryHot
	MotorHot
	SpeedLost
	ABSFault
	ESCFault
	DriverUnbelted
	PassengerUnbelted
	RearUnbelted
	ParkingBrakeOn // while moving
	DoorOpenFL
	DoorOpenFR
	DoorOpenRL
	DoorOpenRR
	HoodOpen
	FrunkOpen
	TrunkOpen
	TyreLowFL
	TyreLowFR
	TyreLowRL
	TyreLowRR
	LowVoltageLow
	ChargeLow
	LowBeamDefect
	BrakeLampDefect
	ESCOff
	WasherLow
	IceRisk
	ServiceDue
	Troubles // how many
)

// Warning is one trouble that is there now.
type Warning struct {
	Trouble  Trouble
	Severity Severity
}

// Limits behind the warnings. A car that reports its own verdict is believed
// before these.
const (
	batteryHot   = 58.0 // Celsius, hottest cell
	motorHot     = 140  // Celsius
	supplyLow    = 11.8 // V
	chargeLow    = 10   // percent
	iceBelow     = 3.0  // Celsius
	walkingSpeed = 5.0  // km/h
)

// warnings appends what is wrong, critical first; within a severity in the
// order of Trouble. A fault lamp whose signal was lost counts as a fault.
func warnings(m *Model, dst []Warning) []Warning {
	for sev := Critical; sev >= Notice; sev-- {
		for t := Trouble(0); t < Troubles; t++ {
			if s, on := trouble(m, t); on && s == sev {
				dst = append(dst, Warning{t, s})
			}
		}
	}
	return dst
}

// trouble is whether t is there, and how bad it is.
func trouble(m *Model, t Trouble) (Severity, bool) {
	rolling := m.Drive.Speed.OK && (m.Drive.Speed.Value > walkingSpeed || m.Drive.Speed.Value < -walkingSpeed)
	door := Notice
	if rolling {
		door = Critical
	}
	switch t {
	case AirbagDeployed:
		return Critical, m.Seats.DriverAirbag.Is(true) || m.Seats.PassengerAirbag.Is(true)
	case BatteryHot:
		return Critical, above(m.Battery.TempMax, batteryHot)
	case MotorHot:
		return Critical, above(m.Drive.MotorTemp, motorHot)
	case SpeedLost:
		return Critical, m.Drive.Speed.Lost
	case ABSFault:
		return Caution, m.Assist.ABSError.Is(true) || m.Assist.ABSError.Lost
	case ESCFault:
		return Caution, m.Assist.ESCError.Is(true) || m.Assist.ESCError.Lost
	case DriverUnbelted:
		return belt(rolling), m.Seats.DriverBelt.Is(false) && m.inGear()
	case PassengerUnbelted:
		return belt(rolling), m.Seats.PassengerBelt.Is(false) && m.Seats.PassengerSeat.Is("OCCUPIED") && m.inGear()
	case RearUnbelted:
		return Caution, m.rearUnbelted() && m.inGear()
	case ParkingBrakeOn:
		return Critical, m.Drive.ParkingBrake.Is(true) && rolling
	case DoorOpenFL, DoorOpenFR, DoorOpenRL, DoorOpenRR:
		return door, m.Body.Doors[t-DoorOpenFL].Is(true)
	case HoodOpen:
		return door, m.Body.Hood.Is(true)
	case FrunkOpen:
		return door, m.Body.Frunk.Is(true)
	case TrunkOpen:
		return door, m.Body.Trunk.Is(true)
	case TyreLowFL, TyreLowFR, TyreLowRL, TyreLowRR:
		return Caution, m.Tyres[t-TyreLowFL].Low.Is(true)
	case LowVoltageLow:
		return Caution, m.Battery.LowVoltage.OK && m.Battery.LowVoltage.Value < supplyLow
	case ChargeLow:
		return Caution, m.Battery.Charge.OK && m.Battery.Charge.Value < chargeLow && !m.Battery.Charging.Is(true)
	case LowBeamDefect:
		return Caution, m.Lights.LowDefect.Is(true)
	case BrakeLampDefect:
		return Caution, m.Lights.BrakeDefect.Is(true)
	case ESCOff:
		return Notice, m.Assist.ESCOn.Reported.Is(false)
	case WasherLow:
		return Notice, m.Body.WasherLow.Is(true)
	case IceRisk:
		return Notice, m.Place.Outside.OK && m.Place.Outside.Value <= iceBelow
	case ServiceDue:
		return Notice, m.Service.Due.Is(true)
	}
	return Notice, false
}

func above(r Num, limit float64) bool { return r.OK && r.Value > limit }

// belt is the severity of an open belt.
func belt(rolling bool) Severity {
	if rolling {
		return Critical
	}
	return Caution
}

// inGear reports whether the car may set off: a gear is known and not P.
func (m *Model) inGear() bool { return m.Gear != GearUnknown && m.Gear != GearP }

func (m *Model) rearUnbelted() bool {
	for i := range m.Seats.RearBelt {
		if m.Seats.RearBelt[i].Is(false) && m.Seats.RearSeat[i].Is("OCCUPIED") {
			return true
		}
	}
	return false
}

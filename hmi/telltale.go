package hmi

// Telltale is a lamp of the instruments.
type Telltale int

// Telltales by urgency: red, amber, then green and blue.
const (
	LampAirbag Telltale = iota
	LampBelt
	LampParkingBrake
	LampDoor
	LampBatteryHot
	LampSupply // 12 V
	LampABS
	LampESC
	LampESCOff
	LampTyre
	LampChargeLow
	LampBulb
	LampLane
	LampFogRear
	LampService
	LampLeft
	LampRight
	LampLow
	LampParking
	LampFogFront
	LampCruise
	LampHigh
	Lamps // how many
)

// Hue is the colour family of a lamp; a symbol always goes with it.
type Hue int

// Hues, as the standards for telltales have them.
const (
	Red Hue = iota
	Amber
	Green
	Blue
)

// Hue is the colour of the lamp.
func (t Telltale) Hue() Hue {
	switch {
	case t <= LampSupply:
		return Red
	case t <= LampService:
		return Amber
	case t == LampHigh:
		return Blue
	}
	return Green
}

// Telltales is the set of lamps that are lit.
type Telltales uint32

// Lit reports whether the lamp is on.
func (s Telltales) Lit(t Telltale) bool { return s&(1<<t) != 0 }

// Urgent is the red and amber lamps of the set.
func (s Telltales) Urgent() Telltales { return s & (1<<LampLeft - 1) }

// Count is how many lamps are on.
func (s Telltales) Count() (n int) {
	for ; s != 0; s &= s - 1 {
		n++
	}
	return n
}

// telltales is the lamps of a model. The lamp of a fault is lit also when its
// signal was lost, as a bulb check would have it; one that the car never
// reported stays dark, because the car does not have it.
func telltales(m *Model) (s Telltales) {
	light := func(t Telltale, on bool) {
		if on {
			s |= 1 << t
		}
	}
	for _, w := range m.Warnings {
		if t, ok := lampOf(w.Trouble); ok {
			light(t, true)
		}
	}
	a, l := &m.Assist, &m.Lights
	light(LampParkingBrake, m.Drive.ParkingBrake.Is(true))
	light(LampABS, a.ABSActive.Is(true))
	light(LampESC, a.ESCActive.Is(true) || a.TCS.Is(true))
	light(LampLane, a.LaneWarning.Is(true))
	light(LampFogRear, l.FogRear.Is(true))
	light(LampLeft, l.Left.Is(true) || l.Hazard.Is(true))
	light(LampRight, l.Right.Is(true) || l.Hazard.Is(true))
	light(LampLow, l.Low.Is(true))
	light(LampParking, l.Parking.Is(true) && !l.Low.Is(true))
	light(LampFogFront, l.FogFront.Is(true))
	light(LampCruise, a.CruiseActive.Is(true))
	light(LampHigh, l.High.Is(true))
	return s
}

// lampOf is the lamp that stands for a trouble.
func lampOf(t Trouble) (Telltale, bool) {
	switch t {
	case AirbagDeployed:
		return LampAirbag, true
	case DriverUnbelted, PassengerUnbelted, RearUnbelted:
		return LampBelt, true
	case ParkingBrakeOn:
		return LampParkingBrake, true
	case DoorOpenFL, DoorOpenFR, DoorOpenRL, DoorOpenRR, HoodOpen, FrunkOpen, TrunkOpen:
		return LampDoor, true
	case BatteryHot, MotorHot:
		return LampBatteryHot, true
	case LowVoltageLow:
		return LampSupply, true
	case ABSFault:
		return LampABS, true
	case ESCFault:
		return LampESC, true
	case ESCOff:
		return LampESCOff, true
	case TyreLowFL, TyreLowFR, TyreLowRL, TyreLowRR:
		return LampTyre, true
	case ChargeLow:
		return LampChargeLow, true
	case LowBeamDefect, BrakeLampDefect:
		return LampBulb, true
	case ServiceDue:
		return LampService, true
	}
	return 0, false
}

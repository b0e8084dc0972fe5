package car

import (
	"math"
)

// The control units of the adas bus: ADCU, RADAR, CAM, PDC. CAN FD, laid out by
// hand.

// u16, s16 and u8 are fields with the databases' raw values for "not available"
// and "sensor error" of their width; bits is one without.
func u16(name string, start int, scale, hi float64) field {
	return field{limits{name: name, scale: scale, hi: hi, none: 0xffff, broken: 0xfffe, hasNone: true, hasBroken: true}, start, 16, false}
}

func s16(name string, start int, scale, hi float64) field {
	return field{limits{name: name, scale: scale, lo: -hi, hi: hi, none: -0x8000, broken: 0x7fff, hasNone: true, hasBroken: true}, start, 16, false}
}

func u8(name string, start int, scale, hi float64) field {
	return field{limits{name: name, scale: scale, hi: hi, none: 0xff, broken: 0xfe, hasNone: true, hasBroken: true}, start, 8, false}
}

func bits(name string, start, length int) field {
	return field{limits{name: name, scale: 1, hi: float64(int(1)<<length - 1)}, start, length, false}
}

// motorola makes a big-endian field of it; start is then the bit of highest
// value.
func (f field) motorola() field { f.big = true; return f }

var (
	obstacles = [...]field{
		u16("ObstacleFrontLeft", 0, 0.01, 300), u16("ObstacleFrontCenter", 16, 0.01, 300), u16("ObstacleFrontRight", 32, 0.01, 300),
		u16("ObstacleRearLeft", 48, 0.01, 300), u16("ObstacleRearCenter", 64, 0.01, 300), u16("ObstacleRearRight", 80, 0.01, 300),
	}
	warnings = [...]field{
		bits("IsObstacleWarningFrontLeft", 96, 1), bits("IsObstacleWarningFrontCenter", 97, 1), bits("IsObstacleWarningFrontRight", 98, 1),
		bits("IsObstacleWarningRearLeft", 99, 1), bits("IsObstacleWarningRearCenter", 100, 1), bits("IsObstacleWarningRearRight", 101, 1),
	}
	parkActive = bits("IsParkAssistActive", 102, 1)
	parkTone   = bits("ParkAssistTone", 103, 3)

	assistCounter = field{limits{name: "AssistCounter", scale: 1, hi: 14}, 8, 4, false}
	laneEnabled   = bits("IsLaneDepartureEnabled", 12, 1)
	laneWarning   = bits("IsLaneDepartureWarning", 13, 1)
	laneError     = bits("IsLaneDepartureError", 14, 1)
	hasLead       = bits("HasLeadVehicle", 15, 1)
	leadDistance  = u16("LeadDistance", 16, 0.01, 300)
	leadSpeed     = u16("LeadSpeed", 32, 0.01, 320)
	timeGap       = u8("TimeGap", 48, 0.1, 25)
	limitSign     = u8("SpeedLimitSign", 56, 5, 250)

	objectDistance = [...]field{u16("Object1Distance", 0, 0.01, 300), u16("Object2Distance", 64, 0.01, 300), u16("Object3Distance", 128, 0.01, 300), u16("Object4Distance", 192, 0.01, 300)}
	objectOffset   = [...]field{s16("Object1Offset", 16, 0.01, 100), s16("Object2Offset", 87, 0.01, 100).motorola(), s16("Object3Offset", 144, 0.01, 100), s16("Object4Offset", 215, 0.01, 100).motorola()}
	objectSpeed    = [...]field{s16("Object1Speed", 32, 0.01, 100), s16("Object2Speed", 96, 0.01, 100), s16("Object3Speed", 160, 0.01, 100), s16("Object4Speed", 224, 0.01, 100)}
	objectKind     = [...]field{bits("Object1Kind", 48, 3), bits("Object2Kind", 112, 3), bits("Object3Kind", 176, 3), bits("Object4Kind", 240, 3)}
	objectTrust    = [...]field{u8("Object1Confidence", 56, 0.5, 100), u8("Object2Confidence", 120, 0.5, 100), u8("Object3Confidence", 184, 0.5, 100), u8("Object4Confidence", 248, 0.5, 100)}

	laneLeft      = s16("LaneOffsetLeft", 7, 0.001, 10).motorola()
	laneRight     = s16("LaneOffsetRight", 23, 0.001, 10).motorola()
	laneHeading   = s16("LaneHeading", 39, 0.001, 1).motorola()
	laneCurvature = field{limits{name: "LaneCurvature", scale: 1e-8, lo: -0.2, hi: 0.2, none: -0x80000000, hasNone: true}, 48, 32, false}
	trustLeft     = u8("LaneQualityLeft", 80, 0.5, 100)
	trustRight    = u8("LaneQualityRight", 88, 0.5, 100)
	blindness     = u8("CameraBlindness", 96, 0.5, 100)

	// The sensors are numbered clockwise from the left side of the front;
	// every other one is big-endian, as its maker had it.
	echoes = [...]field{
		u16("EchoFrontLeftSide", 0, 0.001, 6), u16("EchoFrontLeftOuter", 23, 0.001, 6).motorola(), u16("EchoFrontLeftInner", 32, 0.001, 6),
		u16("EchoFrontRightInner", 55, 0.001, 6).motorola(), u16("EchoFrontRightOuter", 64, 0.001, 6), u16("EchoFrontRightSide", 87, 0.001, 6).motorola(),
		u16("EchoRearRightSide", 96, 0.001, 6), u16("EchoRearRightOuter", 119, 0.001, 6).motorola(), u16("EchoRearRightInner", 128, 0.001, 6),
		u16("EchoRearLeftInner", 151, 0.001, 6).motorola(), u16("EchoRearLeftOuter", 160, 0.001, 6), u16("EchoRearLeftSide", 183, 0.001, 6).motorola(),
	}
)

func fdFrame(id uint32, n int) out { return out{id: id, fd: true, len: n} }

func (c *Car) adcuObstacles(uint8) out {
	o, a := fdFrame(0x400, 16), &c.world.around
	data := o.data[:o.len]
	for i := range obstacles {
		obstacles[i].put(&c.enc, data, a.shown[i])
		warnings[i].flag(&c.enc, data, a.warning[i])
	}
	parkActive.flag(&c.enc, data, math.Abs(c.world.motion.v) <= 5 && c.world.drive.current != park)
	parkTone.set(data, c.enc.asIs(parkTone.limits, int64(a.tone(c.world))))
	return o
}

func (c *Car) adcuAssist(count uint8) out {
	o, w := fdFrame(0x404, 16), c.world
	data := o.data[:o.len]
	l := &w.around.lead
	distance, speed, gap := math.NaN(), math.NaN(), math.NaN()
	if l.there {
		distance, speed = l.gap, max(0, l.v)*kmh
		if w.motion.v > 1 {
			gap = l.gap / w.motion.v
		}
	}
	blind := w.faults.on("camera")
	assistCounter.set(data, c.enc.asIs(assistCounter.limits, int64(count)))
	laneEnabled.flag(&c.enc, data, c.laneOn)
	laneWarning.flag(&c.enc, data, w.laneWarning(c.laneOn))
	laneError.flag(&c.enc, data, w.faults.on("lane") || blind)
	hasLead.flag(&c.enc, data, l.there)
	leadDistance.put(&c.enc, data, distance)
	leadSpeed.put(&c.enc, data, speed)
	timeGap.put(&c.enc, data, gap)
	sign := w.road.at(w.motion.s).limit
	if blind {
		sign = math.NaN()
	}
	limitSign.put(&c.enc, data, sign)
	return o
}

func (c *Car) radarObjects(uint8) out {
	o := fdFrame(0x410, 48)
	data := o.data[:o.len]
	for i := range c.world.around.targets {
		t := &c.world.around.targets[i]
		objectDistance[i].put(&c.enc, data, t.distance)
		objectOffset[i].put(&c.enc, data, t.offset)
		objectSpeed[i].put(&c.enc, data, t.speed)
		objectKind[i].set(data, c.enc.asIs(objectKind[i].limits, int64(t.kind)))
		objectTrust[i].put(&c.enc, data, t.confidence)
	}
	return o
}

func (c *Car) camLane(uint8) out {
	o, w := fdFrame(0x414, 20), c.world
	data := o.data[:o.len]
	left, right := 1.75-w.motion.d+w.noise(0.01), -1.75-w.motion.d+w.noise(0.01)
	turn, bend := w.motion.psi, w.road.at(w.motion.s).curvature
	trust := clamp(96-float64(w.env.rainSensor*0.5)+w.noise(2), 0, 100)
	blind := 2 + float64(w.env.rainSensor*0.1)
	if w.faults.on("camera") {
		left, right, turn, bend, trust, blind = math.NaN(), math.NaN(), math.NaN(), math.NaN(), 0, 100
	}
	laneLeft.put(&c.enc, data, left)
	laneRight.put(&c.enc, data, right)
	laneHeading.put(&c.enc, data, turn)
	laneCurvature.put(&c.enc, data, bend)
	trustLeft.put(&c.enc, data, trust)
	trustRight.put(&c.enc, data, max(0, trust-3))
	blindness.put(&c.enc, data, blind)
	return o
}

func (c *Car) pdcSensors(uint8) out {
	o := fdFrame(0x418, 24)
	data := o.data[:o.len]
	for i := range echoes {
		echoes[i].put(&c.enc, data, c.world.around.echoes[i])
	}
	return o
}

package car

import "math"

// Doors; windows go with them.
const (
	row1Driver = iota
	row1Passenger
	row2Driver
	row2Passenger
)

type door struct {
	open   bool
	locked bool
	window float64 // percent open
	goal   float64
	moving bool
}

type mirror struct {
	folded, heated bool
}

// seat is one place: row 1 driver, passenger, row 2 driver side, middle,
// passenger side.
type seat struct {
	occupied, belted bool
}

type people struct {
	seats   [5]seat
	crashed bool
}

// Wiper modes; the numbers are the databases'.
const (
	wiperOff = iota
	wiperSlow
	wiperMedium
	wiperFast
	wiperInterval
	wiperAuto
)

// body is everything that opens, locks, moves or wipes.
type body struct {
	doors       [4]door
	hood        bool
	trunkFront  bool
	trunkWanted bool
	trunk       float64 // percent
	trunkLocked bool
	sunroof     float64 // percent, negative tilted
	sunroofGoal float64
	mirrors     [2]mirror
	keyInside   bool
	autoLocked  bool // locked by driving off, in this drive
	horn        bool
	cabinLight  bool
	lightLevel  float64

	wiper      int
	washer     bool
	washerLeft float64 // litres
	sweep      float64 // of the wiper's way out and back, 0 to 2; 0 at rest
	pause      float64 // s until the next wipe
}

// washerTank is what the tank of the washer holds, litres.
const washerTank = 2.8

func newBody() body {
	return body{keyInside: true, wiper: wiperAuto, washerLeft: washerTank}
}

func (b *body) lockAll(locked bool) {
	for i := range b.doors {
		b.doors[i].locked = locked
	}
	b.trunkLocked = locked
}

func (b *body) anyOpen() bool {
	for i := range b.doors {
		if b.doors[i].open {
			return true
		}
	}
	return false
}

func (b *body) step(w *world) {
	for i := range b.doors {
		b.doors[i].step(w.faults.on(windowFault(i)))
	}
	goal := 0.0
	if b.trunkWanted {
		goal = 100
	}
	b.trunk = toward(b.trunk, goal, 100*dt/3.5)
	b.sunroof = toward(b.sunroof, b.sunroofGoal, 100*dt/6)
	if w.motion.v > 4.2 && !b.autoLocked {
		b.lockAll(true)
		b.autoLocked = true
	}
	if w.drive.current == park && b.autoLocked {
		b.lockAll(false)
		b.autoLocked = false
	}
	glow := 0.0
	if b.cabinLight || b.anyOpen() {
		glow = 100
	}
	b.lightLevel = toward(b.lightLevel, glow, 100*dt/0.8)
	b.wipe(w)
}

func windowFault(door int) string {
	if door == row1Driver || door == row2Driver {
		return "window.driver"
	}
	return "window.passenger"
}

func (d *door) step(blocked bool) {
	d.moving = d.window != d.goal
	if blocked && d.goal < d.window {
		d.goal = d.window // stops where it met the obstacle
	}
	d.window = toward(d.window, d.goal, 100*dt/7)
}

func (b *body) wipe(w *world) {
	if b.washer {
		b.washerLeft = max(0, b.washerLeft-0.05*dt)
	}
	speed, pause := 0.0, 0.0 // ways per second, s between wipes
	switch b.wiper {
	case wiperSlow:
		speed = 1.4
	case wiperMedium:
		speed = 1.8
	case wiperFast:
		speed = 2.6
	case wiperInterval:
		speed, pause = 1.6, 4
	case wiperAuto:
		if r := w.env.rainSensor; r > 3 {
			speed, pause = 1.4+float64(r*0.014), max(0, 5-float64(r*0.12))
		}
	}
	if b.washer {
		speed, pause = max(speed, 1.6), 0
	}
	if b.sweep == 0 {
		if b.pause -= dt; speed == 0 || b.pause > 0 {
			return
		}
	}
	b.sweep += float64(max(speed, 1.4) * dt)
	if b.sweep >= 2 {
		b.sweep, b.pause = 0, pause
	}
}

// wiperAngle is degrees from the rest.
func (b *body) wiperAngle() float64 {
	way := b.sweep
	if way > 1 {
		way = 2 - way
	}
	return float64(way * way * (3 - float64(2*way)) * 105)
}

// Light switch; the numbers are the databases'.
const (
	lightsOff = iota
	lightsPosition
	lightsDaytime
	lightsAuto
	lightsBeam
)

// lights is switches and lamps.
type lights struct {
	sw        int
	highWish  bool
	fogFront  bool
	fogRear   bool
	indicator int // -1 left, 1 right
	hazard    bool
	begun     int64 // tick at which the indicators began

	low, high, parking, running bool
	brake, backup               bool
	leftLit, rightLit           bool
	dark                        bool
	dimming                     float64
}

func (l *lights) step(w *world) {
	switch on := w.env.light; { // with hysteresis, so that trees do not switch it
	case on < 16:
		l.dark = true
	case on > 24:
		l.dark = false
	}
	powered := w.drive.power == powerOn
	dark := l.dark || w.env.rainSensor > 40
	l.low = l.sw == lightsBeam || l.sw == lightsAuto && dark && powered
	l.parking = l.low || l.sw == lightsPosition
	l.running = powered && !l.low && (l.sw == lightsDaytime || l.sw == lightsAuto)
	l.high = l.highWish && l.low
	l.brake = w.brakes.pressed() || w.brakes.assist > 2500 || w.drive.torque*w.drive.direction() < -130
	l.backup = w.drive.current == reverse
	l.blink(w)
	target := 100.0
	if l.dark {
		target = 35
	}
	l.dimming = toward(l.dimming, target, 100*dt/2)
}

// blink flashes 1.5 times a second, twice as fast with a dead lamp.
func (l *lights) blink(w *world) {
	if !l.hazard && l.indicator == 0 {
		l.begun = w.now
	}
	since := w.now - l.begun
	phase := func(defect bool) bool {
		if defect && !l.hazard {
			return since*6%200 < 100
		}
		return since*3%200 < 100
	}
	l.leftLit = (l.hazard || l.indicator < 0) && phase(w.faults.on("lamp.indicator.left"))
	l.rightLit = (l.hazard || l.indicator > 0) && phase(w.faults.on("lamp.indicator.right"))
}

func (l *lights) leftActive() bool  { return l.indicator < 0 }
func (l *lights) rightActive() bool { return l.indicator > 0 }

// tyre is one tyre.
type tyre struct {
	gas  float64 // kPa absolute at 20 degrees: the amount of air
	temp float64
}

func newTyre(i int) tyre {
	return tyre{gas: 351 + float64([...]float64{0, -3, 4, 1}[i]), temp: 16}
}

var tyreNames = [...]string{"tyre.row1.left", "tyre.row1.right", "tyre.row2.left", "tyre.row2.right"}

// pressure is gauge pressure, kPa.
func (t *tyre) pressure(w *world) float64 {
	return max(0, float64(t.gas*((t.temp+273.15)/293.15))-w.env.pressure)
}

func (t *tyre) low(w *world) bool { return t.pressure(w) < 210 }

func (t *tyre) step(w *world, i int) {
	warm := w.env.ambientSensor + float64(math.Abs(w.motion.v)*0.55) + float64(math.Abs(w.motion.lateral)*1.5)
	t.temp = lag(t.temp, warm, 240)
	if w.faults.is(tyreNames[i], "leak") {
		t.gas = max(w.env.pressure, t.gas-3*dt) // 3 kPa a second
	}
}

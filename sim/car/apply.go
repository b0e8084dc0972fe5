package car

import (
	"math"
	"slices"
	"strings"
	"time"

	"tandem/sim/scenario"
)

// apply does what an event says, and is false for a verb that it does not know.
// The event has been checked by its package and by Car.check.
func (w *world) apply(e scenario.Event) bool {
	return w.applyDrive(e) || w.applyBody(e) || w.applyComfort(e) || w.applyWorld(e) || w.applyFault(e)
}

func (w *world) applyDrive(e scenario.Event) bool {
	n, isNumber := e.Number(0)
	switch e.Verb {
	case "gear":
		w.drive.selected = strings.Index("NDRP", e.Arg(0))
	case "drive":
		w.drv.how, w.drv.target = holdSpeed, n
		if !isNumber {
			w.drv.how, w.drv.target = holdLimit, 160
		}
	case "stop":
		w.drv.how = stand
	case "pedal":
		w.drv.byFoot(w)
		w.drv.pedal = n
	case "brake":
		w.drv.byFoot(w)
		w.drv.brake = n
	case "steer":
		w.drv.byHand, w.drv.wheel = isNumber, n
	case "drift":
		w.drv.drift = map[string]float64{"left": 1.1, "right": -1.1}[e.Arg(0)]
	case "mode":
		w.drive.mode = slices.Index([]string{"normal", "sport", "economy", "snow", "rain"}, e.Arg(0))
	case "cruise":
		w.applyCruise(e)
	case "parkbrake":
		w.brakes.setParking(e.On())
	case "power":
		w.drive.power = map[string]int{"off": powerOff, "accessory": powerAccessory, "on": powerOn}[e.Arg(0)]
	case "charge":
		w.applyCharge(e)
	default:
		return false
	}
	return true
}

// byFoot hands the pedals to the scenario, as they are.
func (d *driver) byFoot(w *world) {
	if d.how != pedals {
		d.how, d.pedal, d.brake = pedals, 0, 0
	}
}

func (w *world) applyCruise(e scenario.Event) {
	d := &w.drive
	v, isNumber := e.Number(0)
	switch {
	case isNumber:
		d.cruiseOn, d.cruiseActive, d.cruiseSet = true, d.current == driveGear, v
	case e.Arg(0) == "cancel":
		d.cruiseActive = false
	default:
		d.cruiseOn, d.cruiseActive = e.On(), false
		if !d.cruiseOn {
			d.cruiseSet = math.NaN()
		}
	}
}

func (w *world) applyCharge(e scenario.Event) {
	n, _ := e.Number(1)
	switch e.Arg(0) {
	case "power":
		w.energy.offer = n
	case "limit":
		w.energy.limit = n
	default:
		w.energy.plugged = e.On()
	}
}

var (
	doorNames = []string{"row1.driver", "row1.passenger", "row2.driver", "row2.passenger"}
	seatNames = []string{"driver", "passenger", "row2.driver", "row2.middle", "row2.passenger"}
	sideNames = []string{"driver", "passenger"}
)

func (w *world) applyBody(e scenario.Event) bool {
	b := &w.body
	n, _ := e.Number(1)
	switch e.Verb {
	case "belt":
		w.people.seats[slices.Index(seatNames, e.Arg(0))].belted = e.On()
	case "seat":
		w.people.seats[slices.Index(seatNames, e.Arg(0))].occupied = e.On()
	case "door":
		b.doors[slices.Index(doorNames, e.Arg(0))].open = e.On()
	case "trunk":
		if e.Arg(0) == "rear" {
			b.trunkWanted = e.On()
		} else {
			b.trunkFront = e.On()
		}
	case "hood":
		b.hood = e.On()
	case "lock", "unlock":
		w.applyLock(e.Arg(0), e.Verb == "lock")
	case "key":
		b.keyInside = e.On()
	case "window":
		b.doors[slices.Index(doorNames, e.Arg(0))].goal = n
	case "sunroof":
		b.sunroofGoal, _ = e.Number(0)
	case "mirror":
		b.mirrors[slices.Index(sideNames, e.Arg(0))].folded = e.On()
	case "horn":
		b.horn = e.On()
	case "cabinlight":
		b.cabinLight = e.On()
	case "wiper":
		b.wiper = slices.Index([]string{"off", "slow", "medium", "fast", "interval", "auto"}, e.Arg(0))
	case "washer":
		b.washer = e.On()
		if e.Arg(0) == "fill" {
			b.washerLeft = washerTank
		}
	default:
		return w.applyLights(e)
	}
	return true
}

func (w *world) applyLock(which string, locked bool) {
	switch which {
	case "all":
		w.body.lockAll(locked)
	case "trunk":
		w.body.trunkLocked = locked
	default:
		w.body.doors[slices.Index(doorNames, which)].locked = locked
	}
}

func (w *world) applyLights(e scenario.Event) bool {
	l := &w.lights
	switch e.Verb {
	case "indicator":
		l.indicator = map[string]int{"left": -1, "right": 1}[e.Arg(0)]
		l.begun = w.now
	case "hazard":
		l.hazard = e.On()
		l.begun = w.now
	case "lights":
		l.sw = slices.Index([]string{"off", "position", "daytime", "auto", "beam"}, e.Arg(0))
	case "highbeam":
		l.highWish = e.On()
	case "fog":
		if e.Arg(0) == "front" {
			l.fogFront = e.On()
		} else {
			l.fogRear = e.On()
		}
	default:
		return false
	}
	return true
}

func (w *world) applyComfort(e scenario.Event) bool {
	c := &w.cabin
	side := max(slices.Index(sideNames, e.Arg(0)), 0)
	n, _ := e.Number(1)
	switch e.Verb {
	case "climate":
		c.zones[side].set = float64(math.Floor(n*2+0.5) / 2)
	case "fan":
		c.zones[side].fan = n
	case "ac":
		c.ac = e.On()
	case "recirculation":
		c.recirculate = e.On()
	case "defrost":
		if e.Arg(0) == "front" {
			c.defrostFront = e.On()
		} else {
			c.rearWindow = e.On()
		}
	case "seatheat":
		c.seatHeat[side] = n
	case "wheelheat":
		c.wheelHeat, _ = e.Number(0)
	default:
		return false
	}
	return true
}

func (w *world) applyWorld(e scenario.Event) bool {
	n, _ := e.Number(0)
	switch e.Verb {
	case "lead":
		v, there := e.Number(1)
		switch {
		case e.Arg(0) == "speed":
			w.around.lead.goal = v / 3.6
		case there:
			w.around.lead = lead{there: true, gap: n, v: v / 3.6, goal: v / 3.6}
		default:
			w.around.lead = lead{}
		}
	case "obstacle":
		w.applyObstacle(e)
	case "surface":
		w.env.surface = map[string]string{"wet": "wet", "snow": "snow", "ice": "ice"}[e.Arg(0)]
	case "ambient":
		w.env.ambient = n
	case "humidity":
		w.env.humidity = n
	case "rain":
		w.env.rain = n
	case "time":
		t, _ := time.Parse("15:04", e.Arg(0))
		w.setClock(t.Hour(), t.Minute())
	case "day":
		w.setClock(12, 0)
	case "night":
		w.setClock(23, 0)
	case "place":
		w.motion.s, w.motion.d, w.motion.psi = n, 0, 0
		for w.motion.s >= w.road.len {
			w.motion.s -= w.road.len
		}
	case "soc":
		w.energy.soc = float64(n*usable) + 3
	case "odometer":
		w.trip.odometer = float64(n * 1000)
	case "service":
		w.trip.serviceKm = n
	default:
		return false
	}
	return true
}

func (w *world) applyFault(e scenario.Event) bool {
	switch e.Verb {
	case "crash":
		w.people.crashed = true
		w.lights.hazard = true
	case "fault":
		f := fault{target: e.Arg(0), kind: e.Arg(1)}
		if e.For > 0 {
			f.until = w.now + int64(e.For/tick)
		}
		w.faults.set(f)
	case "clear":
		if e.Arg(0) == "all" {
			w.faults.list, w.people.crashed = w.faults.list[:0], false
		} else {
			w.faults.clear(e.Arg(0), "")
		}
	default:
		return false
	}
	return true
}

func (w *world) setClock(hour, minute int) {
	t := w.clock()
	day := time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, time.UTC)
	w.env.clockOffset += day.Sub(t)
}

func (w *world) applyObstacle(e scenario.Event) {
	d, there := e.Number(1)
	if !there {
		d = math.NaN()
	}
	end, sector, one := strings.Cut(e.Arg(0), ".")
	base := 0
	if end == "rear" {
		base = 3
	}
	for i, name := range []string{"left", "center", "right"} {
		if !one || sector == name {
			w.around.near[base+i] = d + float64([]float64{0.25, 0, 0.12}[i])
			if one {
				w.around.near[base+i] = d
			}
		}
	}
}

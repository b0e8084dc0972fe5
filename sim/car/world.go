package car

import (
	"math"
	"math/rand/v2"
	"time"
)

// tick is the model's step.
const (
	tick    = 10 * time.Millisecond
	dt      = 0.01 // s
	perSec  = 100  // ticks
	gravity = 9.81
)

// world is the car and what is around it. Units are SI unless a field says
// otherwise; temperatures are degrees Celsius, shares 0 to 100 percent.
type world struct {
	now  int64 // ticks since the start
	wall time.Time
	rng  *rand.Rand
	road *road

	drv    driver
	env    environment
	motion motion
	drive  drive
	brakes brakes
	energy energy
	cabin  cabin
	body   body
	lights lights
	people people
	tyres  [4]tyre // front left, front right, rear left, rear right
	around around
	trip   trip
	faults faultBook
}

// Gears. The numbers are those of the databases' value table.
const (
	neutral = iota
	driveGear
	reverse
	park
)

func newWorld(seed uint64, start time.Time) *world {
	w := &world{
		wall: start,
		rng:  rand.New(rand.NewPCG(seed, 0x7a6e64656d)),
		road: newRoad(),
	}
	w.env = environment{ambient: 14, ambientSensor: 14, humidity: 62, grip: 1, light: 70, pressure: 96.4}
	w.motion = motion{s: 40}
	w.drive = drive{current: park, selected: park, power: powerOn, mode: modeNormal, motorTemp: 31, inverterTemp: 28, coolantTemp: 26, cruiseSet: math.NaN()}
	w.brakes = brakes{parking: epbApplied, escOn: true, wear: [4]float64{18, 18.5, 12, 12.5}}
	w.energy = newEnergy()
	w.cabin = newCabin()
	w.body = newBody()
	w.lights.sw, w.lights.dimming = lightsAuto, 100
	w.people.seats[0] = seat{occupied: true}
	w.people.seats[1] = seat{occupied: true}
	w.around = newAround(w.road)
	w.trip = trip{odometer: 18431200, serviceKm: 11560, serviceSeconds: 211 * 24 * 3600}
	for i := range w.tyres {
		w.tyres[i] = newTyre(i)
	}
	return w
}

// step moves the world on by one tick: intentions first, then forces, then
// what follows from them.
func (w *world) step() {
	w.now++
	w.wall = w.wall.Add(tick)
	w.faults.expire(w.now)
	w.env.step(w)
	w.around.step(w)
	w.drv.step(w)
	w.drive.stepGear(w)
	w.brakes.step(w)
	w.drive.stepTorque(w)
	w.motion.step(w)
	w.energy.step(w)
	w.cabin.step(w)
	w.body.step(w)
	w.lights.step(w)
	for i := range w.tyres {
		w.tyres[i].step(w, i)
	}
	w.trip.step(w)
}

// noise is even noise from -a to a.
func (w *world) noise(a float64) float64 {
	u := float64(w.rng.Float64())
	return float64((u + u - 1) * a)
}

// toward moves x to target by at most step. Like lag, it may be inlined where
// an argument is a product, and so converts.
func toward(x, target, step float64) float64 {
	target, step = float64(target), float64(step)
	switch {
	case x < target-step:
		return x + step
	case x > target+step:
		return x - step
	}
	return target
}

// lag is x a tick later on its way to target with time constant tau, s.
func lag(x, target, tau float64) float64 {
	return x + float64((float64(target)-x)*(dt/tau))
}

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// environment is weather, light and time of day.
type environment struct {
	ambient       float64 // outside air
	ambientSensor float64 // as the slow sensor has it
	humidity      float64
	rain          float64 // asked for by the scenario
	rainSensor    float64
	light         float64 // of the sky, percent of bright sun
	solar         float64 // W/m^2 on the glass
	pressure      float64 // kPa
	grip          float64 // friction between tyre and road, 1 dry
	surface       string
	clockOffset   time.Duration // scenario's time of day, against wall
}

// clock is the car's date and time.
func (w *world) clock() time.Time { return w.wall.Add(w.env.clockOffset) }

func (e *environment) step(w *world) {
	t := w.clock()
	hour := float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
	// A day from 5 to 21 o'clock, brightest at 13.
	x := (hour - 13) / 8
	day := clamp(1-float64(x*x), 0, 1)
	cloud := 1 - float64(e.rain*0.006)
	e.light = lag(e.light, clamp(float64(float64(day*110)*cloud), 0, 100), 1.5)
	e.solar = lag(e.solar, float64(float64(day*820)*cloud*cloud), 2)
	e.rainSensor = lag(e.rainSensor, e.rain, 1.2)
	e.ambientSensor = lag(e.ambientSensor, e.ambient, 20)
	e.pressure = 101.3 - float64(w.motion.altitude*0.0117)
	wet := 1.0
	if e.rainSensor > 15 && e.surface == "" {
		wet = 0.75
	}
	switch e.surface {
	case "wet":
		wet = 0.65
	case "snow":
		wet = 0.3
	case "ice":
		wet = 0.13
	}
	e.grip = lag(e.grip, wet, 0.5)
}

// trip is what is counted.
type trip struct {
	odometer       float64 // m
	distance       float64 // m, of the trip meter
	seconds        float64 // driven, of the trip meter
	energy         float64 // Wh, of the trip meter
	average        float64 // Wh/m of the last kilometres
	serviceKm      float64
	serviceSeconds float64
}

func (t *trip) reset() { t.distance, t.seconds, t.energy = 0, 0, 0 }

func (t *trip) step(w *world) {
	d := float64(math.Abs(w.motion.v) * dt)
	t.odometer += d
	t.distance += d
	t.serviceKm -= d / 1000
	t.serviceSeconds -= dt
	if w.drive.current != park {
		t.seconds += dt
	}
	used := float64(-w.energy.power * (dt / 3600)) // Wh
	if !w.energy.charging() {
		t.energy += used
	}
	if t.average == 0 {
		t.average = 0.172
	}
	if d > 0.001 {
		// A filter over eight kilometres, so that the range does not jump.
		t.average += float64((clamp(used/d, -0.4, 1.2) - t.average) * (d / 8000))
	}
}

// speedAverage is km/h, NaN before the first metres.
func (t *trip) speedAverage() float64 {
	if t.seconds < 1 {
		return math.NaN()
	}
	return t.distance / t.seconds * 3.6
}

package car

import "math"

// Kinds of objects; the numbers are the databases'.
const (
	kindNone = iota
	kindCar
	kindTruck
	kindBicycle
	kindPedestrian
)

// thing is something on or beside the road.
type thing struct {
	s, offset float64 // m along the road, m left of our lane
	v         float64 // m/s along the road
	kind      int
}

// target is what the radar tells of a thing.
type target struct {
	distance, offset, speed float64 // m, m, m/s relative
	kind                    int
	confidence              float64 // percent
}

type lead struct {
	there bool
	gap   float64 // m
	v     float64 // m/s
	goal  float64 // m/s
}

// around is the other traffic and what stands near the car.
type around struct {
	things  []thing
	targets [4]target
	lead    lead
	near    [6]float64 // m; front left, center, right, rear left, center, right; NaN: nothing
	shown   [6]float64 // as the assistance unit reports it: ultrasound and, in front, radar
	warning [6]bool
	echoes  [12]float64
}

func newAround(r *road) around {
	a := around{}
	for i := range a.near {
		a.near[i], a.shown[i] = math.NaN(), math.NaN()
	}
	for i := range a.echoes {
		a.echoes[i] = math.NaN()
	}
	for s := 120.0; s+40 < r.len; s += 430 { // groups beside the road, parked or on foot
		for _, t := range [...]thing{{0, -3.6, 0, kindCar}, {11, -3.4, 0, kindTruck}, {24, -4.2, 1.1, kindPedestrian}, {33, -2.9, 4.5, kindBicycle}} {
			t.s += s
			a.things = append(a.things, t)
		}
	}
	for i := range 9 { // oncoming
		kind := kindCar
		if i%4 == 3 {
			kind = kindTruck
		}
		a.things = append(a.things, thing{s: float64(i)*r.len/9 + 200, offset: 3.5, v: -14 - float64(i), kind: kind})
	}
	return a
}

func (a *around) step(w *world) {
	for i := range a.things {
		t := &a.things[i]
		t.s += float64(t.v * dt)
		if t.s < 0 {
			t.s += w.road.len
		} else if t.s >= w.road.len {
			t.s -= w.road.len
		}
	}
	if l := &a.lead; l.there {
		l.v = toward(l.v, l.goal, 2.2*dt)
		l.gap += float64((l.v - w.motion.v) * dt)
		l.there = l.gap < 300
	}
	for i := range a.near {
		moved := float64(w.motion.v * dt)
		if i < 3 {
			moved = -moved
		}
		a.near[i] = max(a.near[i]+moved, 0.12)
		if a.near[i] > 6 {
			a.near[i] = math.NaN()
		}
	}
	if w.now%5 == 0 { // the sensors' cycle
		a.scan(w)
		a.sound(w)
		a.fuse(w)
	}
}

// scan is the radar: the four nearest things within 150 m ahead.
func (a *around) scan(w *world) {
	for i := range a.targets {
		a.targets[i] = target{distance: math.NaN(), offset: math.NaN(), speed: math.NaN(), confidence: math.NaN()}
	}
	if l := &a.lead; l.there {
		a.insert(target{l.gap + w.noise(0.05), w.noise(0.1), l.v - w.motion.v + w.noise(0.03), kindCar, 98})
	}
	for i := range a.things {
		t := &a.things[i]
		gap := t.s - w.motion.s
		if gap < -w.road.len/2 {
			gap += w.road.len
		}
		if gap > 4 && gap < 150 {
			a.insert(target{gap + w.noise(0.05), t.offset + w.noise(0.1), t.v - w.motion.v + w.noise(0.03), t.kind, 99 - float64(gap*0.3)})
		}
	}
}

func (a *around) insert(t target) {
	for i := range a.targets {
		if math.IsNaN(a.targets[i].distance) || t.distance < a.targets[i].distance {
			a.targets[i], t = t, a.targets[i]
			if t.kind == kindNone {
				return
			}
		}
	}
}

// sound is the twelve ultrasonic sensors, clockwise from the left front side:
// each sector has two or so, the outer ones look past its edge.
func (a *around) sound(w *world) {
	sector := [...]int{0, 0, 1, 1, 2, 2, 5, 5, 4, 4, 3, 3}
	longer := [...]float64{0.35, 0.06, 0, 0, 0.06, 0.35, 0.35, 0.06, 0, 0, 0.06, 0.35}
	for i := range a.echoes {
		d := a.near[sector[i]]
		if math.Abs(w.motion.v) > 5 {
			d = math.NaN()
		}
		a.echoes[i] = max(d+longer[i]+w.noise(0.008), 0.1)
	}
}

// fuse is what the assistance unit makes of both.
func (a *around) fuse(w *world) {
	warn := [...]float64{0.45, 0.6, 0.45, 0.45, 0.6, 0.45}
	for i := range a.shown {
		a.shown[i] = a.near[i]
		if math.Abs(w.motion.v) > 5 {
			a.shown[i] = math.NaN()
		}
		a.warning[i] = a.shown[i] < warn[i]
	}
	if l := &a.lead; l.there && math.IsNaN(a.shown[1]) {
		a.shown[1] = l.gap
		closing := w.motion.v - l.v
		a.warning[1] = closing > 1 && l.gap < float64(closing*2.6)
	}
}

// tone is the rhythm of the parking signal, 0 silent to 4 continuous.
func (a *around) tone(w *world) int {
	if math.Abs(w.motion.v) > 5 || w.drive.current == park {
		return 0
	}
	nearest := math.Inf(1)
	for _, d := range a.near {
		if d < nearest {
			nearest = d
		}
	}
	for level, d := range [...]float64{0.35, 0.7, 1.1, 1.7} {
		if nearest < d {
			return 4 - level
		}
	}
	return 0
}

// laneWarning says that the car is leaving its lane without indicating.
func (w *world) laneWarning(enabled bool) bool {
	return enabled && !w.faults.on("lane") && math.Abs(w.motion.v) > 16 && math.Abs(w.motion.d) > 0.75 &&
		w.lights.indicator == 0 && !w.lights.hazard
}

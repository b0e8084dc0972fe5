package car

import "math"

// driver turns what the scenario says into pedals and steering.
type driver struct {
	how    driveMode
	target float64 // km/h, of holdSpeed
	pedal  float64 // percent, by hand
	brake  float64
	byHand bool    // the steering wheel is where the scenario put it
	wheel  float64 // degrees, byHand
	drift  float64 // m to the left that the driver does not notice
	mood   float64 // m/s more than wished: nobody holds a speed exactly
}

type driveMode uint8

const (
	stand     driveMode = iota // hold the car, or brake to a standstill
	holdSpeed                  // target, or less where the road asks for it
	holdLimit                  // what the signs allow
	pedals                     // by hand
)

func (d *driver) step(w *world) {
	switch {
	case d.how == pedals:
		w.drive.pedal = toward(w.drive.pedal, d.pedal, 2.5)
		w.brakes.pedal = toward(w.brakes.pedal, d.brake, 2.5)
		w.brakes.assist = 0
	case d.how == stand || w.drive.direction() == 0 || w.drive.selected != w.drive.current:
		d.stopCar(w)
	default:
		d.follow(w)
	}
	if w.brakes.pressed() {
		w.drive.cruiseActive = false
	}
}

// stopCar brakes comfortably, eases off at the end, and holds.
func (d *driver) stopCar(w *world) {
	w.drive.cruiseActive, w.brakes.assist = false, 0
	w.drive.pedal = toward(w.drive.pedal, 0, 3)
	v := math.Abs(w.motion.v)
	want := 22.0 // holds the car
	switch {
	case v > 3:
		want = 21
	case v > 0.3:
		want = 9
	}
	if w.drive.current == park {
		want = 0 // the pawl holds
		if w.drive.selected != park {
			want = 25
		}
	}
	w.brakes.pedal = toward(w.brakes.pedal, want, 0.7)
}

// follow holds the wished speed with both pedals, or by cruise control.
func (d *driver) follow(w *world) {
	dir := w.drive.direction()
	v := float64(w.motion.v * dir)
	wish := d.wish(w)
	if d.mood = lag(d.mood, w.noise(9), 2.5); wish > 4 && !w.drive.cruiseActive {
		wish += d.mood
	}
	a := clamp(float64((wish-v)*0.55), -2.6, d.eager(w))
	if wish < 0.3 && v < 0.5 {
		a = -1
	}
	slope := float64(mass * gravity * w.motion.slope * dir)
	need := float64(mass*rotating*a) + float64(rolling*mass*gravity) + float64(0.5*airDensity*dragArea*v*math.Abs(v)) + slope
	if w.drive.cruiseActive {
		d.cruise(w, need)
		return
	}
	w.brakes.assist = 0
	up, _ := w.drive.limits(w)
	coast := w.drive.coast(w)
	torque := float64(need * (wheelRadius / reduction / 0.96))
	if torque > -coast && wish > 0 {
		w.brakes.pedal = toward(w.brakes.pedal, 0, 3)
		w.drive.pedal = toward(w.drive.pedal, clamp((torque+coast)/(up+coast)*100, 0, 100), 1.4)
		return
	}
	w.drive.pedal = toward(w.drive.pedal, 0, 3)
	brake := -need - float64(coast*(reduction/wheelRadius))
	w.brakes.pedal = toward(w.brakes.pedal, clamp(brake/maxBrake*100, 3, 100), 1.2)
}

// cruise lets cruise control do it: feet off, the car brakes by itself.
func (d *driver) cruise(w *world, need float64) {
	w.drive.pedal = toward(w.drive.pedal, 0, 2)
	w.brakes.pedal = toward(w.brakes.pedal, 0, 3)
	w.drive.cruiseForce = need
	w.brakes.assist = max(0, -need-float64(w.drive.coast(w)*(reduction/wheelRadius)))
}

// eager is the greatest wished acceleration.
func (d *driver) eager(w *world) float64 {
	switch {
	case w.env.grip < 0.5:
		return 0.9
	case w.drive.mode == modeSport:
		return 3.2
	case w.drive.mode == modeEconomy:
		return 1.4
	}
	return 2.1
}

// wish is the speed that driver, road and traffic agree on, m/s.
func (d *driver) wish(w *world) float64 {
	wish := d.target / 3.6
	if w.drive.cruiseActive {
		wish = w.drive.cruiseSet / 3.6
	}
	if w.drive.current == reverse {
		return min(wish, 2.5)
	}
	grip := 2.4 * min(1, w.env.grip+0.15)
	for ahead := 0.0; ahead < 140; ahead += 14 {
		at := w.road.at(w.motion.s + ahead)
		slack := float64(2 * 1.3 * ahead)
		if c := math.Abs(at.curvature); c > 1e-4 {
			wish = min(wish, math.Sqrt(grip/c+slack))
		}
		if d.how == holdLimit {
			l := at.limit / 3.6 * 0.98
			wish = min(wish, math.Sqrt(float64(l*l)+slack))
		}
	}
	if lead := &w.around.lead; lead.there {
		gap := lead.gap - 4 - float64(w.motion.v*1.5)
		wish = clamp(lead.v+float64(gap*0.3), 0, wish)
	}
	return wish
}

// wheelAngle is where the driver wants the steering wheel, degrees: ahead
// along the road, back to the middle of the lane.
func (d *driver) wheelAngle(w *world, at spot) float64 {
	if d.byHand {
		return d.wheel
	}
	m := &w.motion
	look := at.curvature
	if m.v > 0 {
		look = w.road.at(m.s + float64(m.v*0.25)).curvature
	}
	back := math.Copysign(1, m.v)
	bend := look - float64((m.d-d.drift)*0.004) - float64(m.psi*back*0.11)
	if math.Abs(m.v) < 0.2 {
		return m.steering
	}
	tremor := w.noise(0.25)
	return clamp(float64(bend*wheelbase*steeringGear/degree)+tremor, -500, 500)
}

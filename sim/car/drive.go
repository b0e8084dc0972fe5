package car

import "math"

// States of the 12 V system and drive modes; the numbers are the databases'.
const (
	powerOff       = 1
	powerAccessory = 2
	powerOn        = 3

	modeNormal  = 0
	modeSport   = 1
	modeEconomy = 2
	modeSnow    = 3
	modeRain    = 4
)

// coastShare is how much recuperation the drive modes take with free pedals.
var coastShare = [...]float64{modeNormal: 0.4, modeSport: 0.55, modeEconomy: 0.5, modeSnow: 0.15, modeRain: 0.25}

// drive is gear, motor and cruise control.
type drive struct {
	current, selected int
	shifting          float64 // s until the selected gear is in
	power             int
	mode              int
	pedal             float64 // percent
	request           float64 // Nm asked of the inverter
	torque            float64 // Nm at the shaft
	slip              float64 // m/s
	motorTemp         float64
	inverterTemp      float64
	coolantTemp       float64
	derating          float64 // percent

	cruiseOn     bool
	cruiseActive bool
	cruiseSet    float64 // km/h, NaN: none
	cruiseForce  float64 // N asked for by cruise control
}

// ready says that a gear may be engaged.
func (d *drive) ready(w *world) bool {
	return d.power == powerOn && !w.energy.plugged && !w.faults.on("contactor")
}

// stepGear brings the selected gear in, when the car is slow enough for it.
func (d *drive) stepGear(w *world) {
	if d.selected == d.current {
		d.shifting = 0.25
		return
	}
	slow := math.Abs(w.motion.v) < 0.6
	if (d.selected == park || d.selected == reverse || d.current == reverse) && !slow {
		return
	}
	if d.selected != park && d.selected != neutral && !d.ready(w) {
		return
	}
	if d.shifting -= dt; d.shifting > 0 {
		return
	}
	d.current = d.selected
	switch d.current {
	case park:
		w.brakes.setParking(true)
		d.cruiseActive = false
	case driveGear, reverse:
		w.brakes.setParking(false)
	}
}

func (d *drive) direction() float64 {
	switch d.current {
	case driveGear:
		return 1
	case reverse:
		return -1
	}
	return 0
}

// speed is of the motor, rad/s.
func (d *drive) speed(w *world) float64 {
	return float64((w.motion.v + w.motion.spin) * (reduction / wheelRadius))
}

// limits are the greatest torques, Nm, in and against the driving direction.
func (d *drive) limits(w *world) (up, down float64) {
	n := max(math.Abs(d.speed(w)), 1)
	p := min(maxPower, float64(w.energy.dischargeLimit*1000))
	p = float64(p * (1 - d.derating/100))
	if d.mode == modeEconomy {
		p = float64(p * 0.65)
	}
	r := min(maxRegen, float64(w.energy.regenLimit*1000))
	fade := clamp((math.Abs(w.motion.v)-0.8)/2.5, 0, 1)
	return min(maxTorque, p/n), float64(fade * min(230, r/n))
}

// coast is the recuperation torque with both pedals free, Nm.
func (d *drive) coast(w *world) float64 {
	_, down := d.limits(w)
	return min(down, float64(230*coastShare[d.mode]))
}

// blended is how much of a wanted brake force, N, recuperation takes over.
func (d *drive) blended(w *world, want float64) float64 {
	if d.direction() == 0 || w.brakes.absOn {
		return 0
	}
	_, down := d.limits(w)
	spare := max(0, down-d.coast(w))
	return min(want, float64(spare*(reduction/wheelRadius)))
}

func (d *drive) stepTorque(w *world) {
	up, down := d.limits(w)
	dir := d.direction()
	wish := 0.0
	if dir != 0 && d.ready(w) {
		coast := d.coast(w)
		wish = float64(d.pedal/100*(up+coast)) - coast
		if d.cruiseActive {
			wish = max(wish, clamp(float64(d.cruiseForce*(wheelRadius/reduction/0.96)), -down, up))
		}
		if brake := max(float64(w.brakes.pedal/100*maxBrake), w.brakes.assist); brake > 0 {
			wish = max(-down, min(wish, -coast)-float64(d.blended(w, brake)*(wheelRadius/reduction)))
		}
		if float64(w.motion.v*dir) < 0.05 && wish < 0 {
			wish = 0 // recuperation ends at standstill
		}
	}
	d.request = float64(wish * dir)
	d.torque = toward(d.torque, d.grip(w, d.request), 26) // 2600 Nm/s
	d.heat(w)
}

// grip is traction control: what the driven wheels can bring down.
func (d *drive) grip(w *world, torque float64) float64 {
	limit := float64(w.env.grip * mass * gravity * 0.54 * wheelRadius / reduction)
	d.slip = 0
	if math.Abs(torque) <= limit {
		return torque
	}
	w.brakes.events[2] = w.now + 30
	d.slip = math.Copysign(0.4+math.Abs(w.noise(0.5)), torque)
	return math.Copysign(limit, torque)
}

func (d *drive) heat(w *world) {
	n := d.speed(w)
	power := math.Abs(float64(d.torque * n))
	loss := float64(power*0.05) + float64(d.torque*d.torque*0.02) + float64(math.Abs(n)*0.5)
	d.motorTemp += float64((float64(loss*0.7) - float64((d.motorTemp-d.coolantTemp)*55)) * (dt / 26000))
	d.inverterTemp += float64((float64(loss*0.3) - float64((d.inverterTemp-d.coolantTemp)*70)) * (dt / 5000))
	flow := 12 + float64(math.Abs(w.motion.v)*4)
	in := float64((d.motorTemp-d.coolantTemp)*55) + float64((d.inverterTemp-d.coolantTemp)*70)
	d.coolantTemp += float64((in - float64((d.coolantTemp-w.env.ambient)*flow)) * (dt / 24000))
	d.derating = clamp((d.motorTemp-140)*2, 0, 80)
}

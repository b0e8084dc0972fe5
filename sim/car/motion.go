package car

import "math"

// The car.
const (
	mass         = 1910.0 // kg with two people
	rotating     = 1.04   // share of the mass that turns as well
	dragArea     = 0.60   // m^2, cd times A
	airDensity   = 1.2    // kg/m^3
	rolling      = 0.0095 // rolling resistance
	wheelRadius  = 0.336  // m
	wheelbase    = 2.87   // m
	track        = 1.59   // m
	reduction    = 9.1    // motor turns per wheel turn
	maxTorque    = 330.0  // Nm
	maxPower     = 160e3  // W
	maxRegen     = 75e3   // W
	maxBrake     = 17500.0
	steeringGear = 15.2 // steering wheel angle per road wheel angle
)

// motion is where the car is and how it moves.
type motion struct {
	v        float64 // m/s, forward positive
	a        float64 // m/s^2, along the car
	s        float64 // m along the road
	d        float64 // m left of the lane's middle
	psi      float64 // rad, heading against the road's
	yaw      float64 // rad/s
	lateral  float64 // m/s^2
	altitude float64
	slope    float64
	heading  float64 // rad, counter-clockwise from east
	x, y     float64
	wheel    [4]float64 // m/s, of each wheel
	moving   bool
	still    float64 // s below the limit of moving
	steering float64 // degrees at the steering wheel
	rate     float64 // degrees/s
	effort   float64 // Nm of the driver's hands
	spin     float64 // slip of the driven wheels, m/s
}

func (m *motion) step(w *world) {
	at := w.road.at(m.s)
	m.slope, m.altitude = at.slope, at.z
	m.longitudinal(w)
	m.sideways(w, at)
	m.wheels(w)
	speed := math.Abs(m.v) * 3.6
	if speed >= 0.5 {
		m.moving, m.still = true, 0
	} else if m.still += dt; m.still >= 0.3 {
		m.moving = false
	}
}

func (m *motion) longitudinal(w *world) {
	push := float64(w.drive.torque * (reduction * 0.96 / wheelRadius))
	drag := float64(0.5 * airDensity * dragArea * m.v * math.Abs(m.v))
	hill := float64(mass * gravity * m.slope)
	free := push - drag - hill
	hold := w.brakes.force + float64(rolling*mass*gravity)
	if w.drive.current == park {
		hold += 20000
	}
	before := m.v
	if m.v == 0 && math.Abs(free) <= hold {
		m.a = lag(m.a, 0, 0.05)
		return
	}
	direction := 1.0
	if m.v < 0 || m.v == 0 && free < 0 {
		direction = -1
	}
	a := (free - float64(direction*hold)) / (mass * rotating)
	m.v += float64(a * dt)
	if before*m.v < 0 {
		m.v = 0 // brakes stop, they do not push
	}
	m.a = lag(m.a, (m.v-before)/dt, 0.04)
	m.s += float64((m.v + before) / 2 * dt)
	if m.s >= w.road.len {
		m.s -= w.road.len
	} else if m.s < 0 {
		m.s += w.road.len
	}
}

// sideways is a bicycle on the road: the steering bends the path, the path
// against the road gives heading and offset.
func (m *motion) sideways(w *world, at spot) {
	target := w.drv.wheelAngle(w, at)
	before := m.steering
	m.steering += clamp(float64((target-m.steering)*(dt/0.12)), -5.5, 5.5)
	m.rate = lag(m.rate, (m.steering-before)/dt, 0.03)
	bend := m.steering / steeringGear * degree / wheelbase // curvature of the path, 1/m
	m.yaw = lag(m.yaw, float64(m.v*bend), 0.05)
	m.lateral = lag(m.lateral, float64(m.v*m.v)*bend, 0.05)
	m.psi = clamp(m.psi+float64(m.v*(bend-at.curvature)*dt), -0.9, 0.9)
	m.d = clamp(m.d+float64(m.v*m.psi*dt), -4, 4)
	m.heading = at.heading + m.psi
	m.x = at.x - float64(at.sinh*m.d)
	m.y = at.y + float64(at.cosh*m.d)
	m.effort = lag(m.effort, clamp(float64(m.lateral*0.9)+float64(m.rate*0.006), -11, 11), 0.1)
}

func (m *motion) wheels(w *world) {
	m.spin = lag(m.spin, w.drive.slip, 0.05)
	for i := range m.wheel {
		side := -1.0 // left wheels run the inner circle of a left curve
		if i%2 == 1 {
			side = 1
		}
		v := m.v + float64(side*track/2*m.yaw)
		if i >= 2 {
			v += m.spin // rear wheel drive
		}
		if w.brakes.absOn && (w.now/8+int64(i))%3 == 0 {
			v = float64(v * 0.86)
		}
		m.wheel[i] = v
	}
}

// brakes is pedal, pressure, stability functions and parking brake.
type brakes struct {
	pedal    float64 // percent
	pressure float64 // bar
	force    float64 // N at the wheels, of friction brakes and parking brake
	assist   float64 // N asked for by cruise control
	absOn    bool
	escOn    bool // switched on
	escActs  bool
	tcsActs  bool
	hillHold float64 // s left
	parking  epbState
	moving   float64 // s until the parking brake has arrived
	wear     [4]float64
	events   [3]int64 // ticks until which ABS, ESC, TCS count as acting
}

type epbState uint8

const (
	epbReleased epbState = iota
	epbApplied
	epbReleasing
	epbApplying
)

func (b *brakes) pressed() bool { return b.pedal > 2 }

// setParking starts the parking brake's motors.
func (b *brakes) setParking(on bool) {
	switch {
	case on && (b.parking == epbReleased || b.parking == epbReleasing):
		b.parking, b.moving = epbApplying, 0.8
	case !on && (b.parking == epbApplied || b.parking == epbApplying):
		b.parking, b.moving = epbReleasing, 0.6
	}
}

func (b *brakes) arrive() {
	switch b.parking {
	case epbApplying:
		b.parking = epbApplied
	case epbReleasing:
		b.parking = epbReleased
	}
}

func (b *brakes) engaged() bool { return b.parking == epbApplied || b.parking == epbReleasing }

func (b *brakes) step(w *world) {
	if b.moving > 0 {
		if b.moving -= dt; b.moving <= 0 {
			b.arrive()
		}
	}
	want := max(float64(b.pedal/100*maxBrake), b.assist)
	want = max(0, want-w.drive.blended(w, want))
	b.hold(w, &want)
	limit := float64(w.env.grip * mass * gravity * 0.95)
	if want > limit && math.Abs(w.motion.v) > 1.5 && !w.faults.on("abs") {
		want = limit
		b.events[0] = w.now + 25
	}
	if grip := float64(w.env.grip * gravity * 0.42); math.Abs(w.motion.lateral) > grip && math.Abs(w.motion.v) > 4 && b.escOn && !w.faults.on("esc") {
		b.events[1] = w.now + 60
	}
	b.absOn, b.escActs, b.tcsActs = b.events[0] > w.now, b.events[1] > w.now, b.events[2] > w.now
	b.force = lag(b.force, want, 0.06)
	if b.engaged() {
		b.force = max(b.force, 9000)
	}
	b.pressure = lag(b.pressure, max(float64(b.pedal*1.15), want/maxBrake*115), 0.05)
	for i := range b.wear {
		b.wear[i] += float64(b.force * math.Abs(w.motion.v) * 1e-12)
	}
}

// hold keeps the car on a slope for a moment when the pedal is let go.
func (b *brakes) hold(w *world, want *float64) {
	if b.pressed() && w.motion.v == 0 && math.Abs(w.motion.slope) > 0.015 && w.drive.current != park {
		b.hillHold = 1.5
	}
	if !b.pressed() && b.hillHold > 0 {
		b.hillHold -= dt
		*want = max(*want, 4500)
		if w.motion.v != 0 || w.drive.torque > 60 {
			b.hillHold = 0
		}
	}
}

// hillHolding says that the car stands by hill hold alone.
func (b *brakes) hillHolding() bool { return b.hillHold > 0 && !b.pressed() }

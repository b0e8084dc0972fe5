package car

import "math"

const (
	packCapacity = 210.0 // Ah
	usable       = 0.94  // share of the capacity that is shown as 0 to 100
	cells        = 108
)

// energy is traction battery, charger and 12 V system.
type energy struct {
	soc     float64 // percent of the capacity
	health  float64
	voltage float64
	current float64 // A into the battery
	power   float64 // W into the battery
	temp    float64 // mean
	spread  float64 // hottest against coldest, K
	coolant float64
	heater  float64 // W
	pump    float64 // percent

	dischargeLimit float64 // kW
	regenLimit     float64 // kW
	closed         float64 // s since the contactors were asked to close

	plugged     bool
	offer       float64 // kW that the station gives
	limit       float64 // percent displayed
	full        bool    // the limit was reached; not charged again for a percent
	grid        float64 // kW from the grid
	gridMean    float64
	session     float64 // s of charging
	chargerTemp float64
	plugTemp    float64

	low      float64 // V
	lowAmps  float64 // A into the 12 V battery
	lowSoc   float64
	dcdc     float64 // W
	dcdcTemp float64
}

func newEnergy() energy {
	return energy{
		soc: 78, health: 97.5, temp: 21.27, spread: 1.5, coolant: 20, voltage: 395, dischargeLimit: 160, regenLimit: 75,
		offer: 11, limit: 80, chargerTemp: 17, plugTemp: 15, low: 13.9, lowSoc: 88.2, dcdcTemp: 27,
	}
}

// displayed is the state of charge as the driver sees it.
func (e *energy) displayed() float64 { return clamp((e.soc-3)/usable, 0, 100) }

// left is the usable energy, kWh.
func (e *energy) left() float64 { return float64(e.displayed() / 100 * 72 * (e.health / 100)) }

// remaining is the range, m: as the last kilometres went.
func (e *energy) remaining(w *world) float64 {
	perMetre := clamp(float64(w.trip.average*0.5)+0.5*0.172, 0.09, 0.5)
	return e.left() * 1000 / perMetre
}

// secondsLeft is the time until the battery is empty at the trip's mean speed.
func (e *energy) secondsLeft(w *world) float64 {
	v := w.trip.speedAverage()
	if math.IsNaN(v) {
		return v
	}
	return min(e.remaining(w)/max(v/3.6, 5), 999999)
}

func (e *energy) charging() bool { return e.grid > 0.05 }

// toLimit is the time until the charge limit is reached, s; NaN while idle.
func (e *energy) toLimit() float64 {
	if !e.charging() {
		return math.NaN()
	}
	missing := max(0, e.limit-e.displayed()) / 100 * 72
	return min(missing/float64(e.grid*0.92)*3600, 654000)
}

func (e *energy) step(w *world) {
	e.charger(w)
	e.supply(w)
	motor := float64(w.drive.torque * w.drive.speed(w))
	if motor > 0 {
		motor = motor / 0.93
	} else {
		motor = float64(motor * 0.9)
	}
	aux := 240 + w.cabin.power() + e.dcdc + e.heater
	out := motor + aux - float64(e.grid*920)
	if w.drive.power != powerOn && !e.plugged {
		out = 0
	}
	e.pack(w, out)
}

// pack solves for the current that gives out watts at the terminals.
func (e *energy) pack(w *world, out float64) {
	open := openVoltage(e.soc)
	r := 0.085 + float64(max(0, 20-e.temp)*0.0035)
	root := max(0, float64(open*open)-float64(4*r*out))
	amps := (open - math.Sqrt(root)) / (2 * r)
	e.current = -amps
	e.voltage = open - float64(r*amps)
	e.power = float64(e.voltage * e.current)
	e.soc = clamp(e.soc+float64(e.current*(dt/3600/packCapacity*100)), 0, 100)
	e.health -= float64(math.Abs(e.current) * 1e-11)

	loss := float64(r*amps*amps) + float64(e.heater*0.9)
	e.pump = lag(e.pump, clamp(25+float64((e.temp-24)*6)+float64(loss*0.02), 25, 100), 1)
	cool := float64((e.temp - e.coolant) * (120 + float64(e.pump*4)))
	e.temp += float64((loss - cool) * (dt / 420000))
	e.coolant += float64((cool - float64((e.coolant-float64(0.5*(w.env.ambient+22)))*90)) * (dt / 25000))
	e.spread = lag(e.spread, 1.2+float64(loss*0.0008), 30)
	e.heater = 0
	if e.temp < 4 && w.drive.power == powerOn {
		e.heater = 3000
	}
	cold := clamp((e.temp+15)/25, 0.1, 1)
	e.dischargeLimit = float64(clamp(e.soc*3.2, 5, 180) * cold)
	e.regenLimit = float64(clamp((101-e.soc)*9, 0, 80) * cold)
	if w.drive.power == powerOn || e.plugged {
		e.closed += dt
	} else {
		e.closed = 0
	}
}

// openVoltage is the pack's voltage without load at a state of charge.
func openVoltage(soc float64) float64 {
	cell := [...]float64{3.02, 3.41, 3.53, 3.6, 3.65, 3.7, 3.78, 3.86, 3.95, 4.05, 4.17} // every 10 percent
	i := min(int(soc/10), 9)
	f := soc/10 - float64(i)
	return float64(cells * (cell[i] + float64(f*(cell[i+1]-cell[i]))))
}

func (e *energy) charger(w *world) {
	want := 0.0
	if !e.plugged || e.displayed() < e.limit-1 {
		e.full = false
	} else if e.displayed() >= e.limit {
		e.full = true
	}
	if e.plugged && w.drive.current == park && !e.full && !w.faults.on("contactor") {
		want = e.offer
	}
	if e.plugged {
		e.session += dt
	} else {
		e.session, e.gridMean = 0, 0
	}
	e.grid = toward(e.grid, want, e.offer*dt/2) // full after two seconds
	if e.session > 0 {
		e.gridMean += float64((e.grid - e.gridMean) * (dt / max(e.session, dt)))
	}
	e.chargerTemp = lag(e.chargerTemp, w.env.ambient+3+float64(min(e.grid, 22)*2.2), 90)
	e.plugTemp = lag(e.plugTemp, w.env.ambient+float64(min(e.grid, 60)*1.1), 60)
}

// supply is the 12 V system.
func (e *energy) supply(w *world) {
	load := 210.0
	if w.lights.low {
		load += 90
	}
	load += w.cabin.lowPower()
	switch {
	case w.faults.on("battery12v"):
		e.dcdc = 0
		e.low = lag(e.low, 10.6+w.noise(0.05), 1.5)
	case w.drive.power == powerOn || e.charging():
		e.lowAmps = lag(e.lowAmps, clamp((95-e.lowSoc)*1.1, 0.5, 40), 2)
		e.dcdc = lag(e.dcdc, load+float64(e.lowAmps*14), 0.3)
		e.low = lag(e.low, 14.1-float64(load*0.0004)+w.noise(0.03), 0.4)
	default:
		e.dcdc = lag(e.dcdc, 0, 0.3)
		e.low = lag(e.low, 12.55, 6)
	}
	if e.dcdc < 50 {
		e.lowAmps = lag(e.lowAmps, -load/12.4, 0.5)
	}
	e.lowSoc = clamp(e.lowSoc+float64(e.lowAmps*(dt/3600/60*100)), 5, 100)
	e.dcdcTemp = lag(e.dcdcTemp, w.env.ambient+8+float64(e.dcdc*0.012), 120)
}

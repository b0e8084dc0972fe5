package car

// zones of the cabin and seats of the first row.
const (
	driverSide = iota
	passengerSide
)

// Outlets; the numbers are the databases'.
const (
	airUp = iota
	airMiddle
	airDown
)

// zone is one side of the climate control.
type zone struct {
	set  float64 // degrees asked for
	fan  float64 // percent
	air  int
	vent float64 // degrees at the outlets
	blow float64 // percent that the fan has reached
}

// cabin is climate, seat heating and heated glass.
type cabin struct {
	zones        [2]zone
	ac           bool
	recirculate  bool
	defrostFront bool
	rearWindow   bool // heated
	windshield   bool // heated

	air        float64 // degrees
	shell      float64 // of seats and panels
	evaporator float64
	heater     float64 // W
	compressor float64 // W

	seatHeat  [2]float64 // percent
	seatTemp  [2]float64
	wheelHeat float64
	wheelTemp float64
}

func newCabin() cabin {
	return cabin{
		zones: [2]zone{{set: 21, fan: 40, air: airMiddle, vent: 18}, {set: 21, fan: 40, air: airMiddle, vent: 18}},
		ac:    true, air: 17.5, shell: 17, evaporator: 14, seatTemp: [2]float64{19, 18}, wheelTemp: 18,
	}
}

// power is what climate takes from high voltage, W.
func (c *cabin) power() float64 { return c.heater + c.compressor }

// lowPower is what seats, glass and fans take from 12 V, W.
func (c *cabin) lowPower() float64 {
	p := float64((c.zones[0].blow + c.zones[1].blow) * 1.6)
	p += float64((c.seatHeat[0]+c.seatHeat[1])*0.6) + float64(c.wheelHeat*0.5)
	if c.rearWindow {
		p += 180
	}
	if c.windshield {
		p += 420
	}
	return p
}

func (c *cabin) step(w *world) {
	on := w.drive.power == powerOn
	inlet := w.env.ambient
	if c.recirculate {
		inlet += float64((c.air - inlet) * 0.8)
	}
	var heat, cool, gain float64
	for i := range c.zones {
		h, k, g := c.zones[i].step(c, on, inlet)
		heat, cool, gain = heat+h, cool+k, gain+g
	}
	c.heater = lag(c.heater, min(heat, 7000), 3)
	c.compressor = lag(c.compressor, min(cool*0.4, 4000), 3)
	c.evaporator = lag(c.evaporator, w.env.ambient-float64(min(c.compressor*0.02, max(0, w.env.ambient-3))), 8)

	leak := 42.0
	for _, d := range w.body.doors {
		if d.open {
			leak += 160
		}
		leak += float64(d.window * 0.9)
	}
	people := 0.0
	for _, s := range w.people.seats {
		if s.occupied {
			people += 85
		}
	}
	walls := float64((c.shell - c.air) * 70)
	gain += float64((w.env.ambient-c.air)*leak) + walls + people
	c.air += float64(gain * (dt / 16000))
	c.shell += float64((float64(w.env.solar*1.1) - walls - float64((c.shell-w.env.ambient)*22)) * (dt / 90000))

	for i := range c.seatTemp {
		c.seatTemp[i] = lag(c.seatTemp[i], c.shell+float64(c.seatHeat[i]*0.24), 45)
	}
	c.wheelTemp = lag(c.wheelTemp, c.air+float64(c.wheelHeat*0.2), 30)
}

// step is one zone: what its air takes in heating and cooling power, W, and
// brings to the cabin, W.
func (z *zone) step(c *cabin, on bool, inlet float64) (heat, cool, gain float64) {
	blow := z.fan
	if c.defrostFront {
		blow = max(blow, 80)
	}
	if !on {
		blow = 0
	}
	z.blow = lag(z.blow, blow, 0.7)
	flow := float64(z.blow * 0.0007) // kg/s
	want := z.set + float64((z.set-c.air)*6)
	if c.defrostFront {
		want = max(want, 42)
	}
	low := inlet
	if c.ac {
		low = min(inlet, 5)
	}
	want = clamp(want, low, 58)
	z.vent = lag(z.vent, want, 9)
	power := float64(flow * 1005 * (z.vent - inlet))
	if power > 0 {
		heat = power
	} else {
		cool = -power
	}
	return heat, cool, float64(flow * 1005 * (z.vent - c.air))
}

package hmi

import (
	"math"

	"tandem/vehicle"
)

// Screen is one of the shell's screens.
type Screen int

// Screens, in the order of the dock.
const (
	Home Screen = iota
	Instruments
	ClimateScreen
	VehicleScreen
	SettingsScreen
	Screens // how many
)

func (s Screen) String() string {
	return [...]string{"home", "instruments", "climate", "vehicle", "settings", "none"}[max(0, min(s, Screens))]
}

// Intent is one wish of a person at the screen.
type Intent interface{ intent() }

// Ask wants the car to do something.
type Ask struct {
	Path  vehicle.Path
	Value vehicle.Value
}

// Show wants another screen.
type Show struct{ Screen Screen }

// ShowPart wants another part (a tab) of the present screen.
type ShowPart struct{ Part int }

// Back wants the screen before.
type Back struct{}

// Choose wants a setting changed; names and values as in Choices.
type Choose struct{ Name, Value string }

// ToggleSync couples or uncouples the two temperatures.
type ToggleSync struct{}

// Explain wants to be told something: why a control is forbidden.
type Explain struct{ Text string }

func (Explain) intent()    {}
func (Ask) intent()        {}
func (Show) intent()       {}
func (ShowPart) intent()   {}
func (Back) intent()       {}
func (Choose) intent()     {}
func (ToggleSync) intent() {}

// State is what the shell itself remembers.
type State struct {
	Screen   Screen
	Part     int // tab of the present screen
	Before   []Screen
	Settings Settings
	Night    bool
}

// depth is how many screens Back remembers: the driving rules allow three
// levels, and more than a few would only be a maze.
const depth = 8

// Step is what follows from a wish: the new state, and what to ask of the car.
// It is pure: s is not changed.
func (s State) Step(m *Model, in Intent) (State, []Ask) {
	switch v := in.(type) {
	case Ask:
		return s, s.asks(m, v)
	case Show:
		if v.Screen < 0 || v.Screen >= Screens || v.Screen == s.Screen {
			return s, nil
		}
		keep := s.Before[max(0, len(s.Before)-depth+1):]
		s.Before = append(append([]Screen{}, keep...), s.Screen)
		s.Screen, s.Part = v.Screen, 0
	case ShowPart:
		s.Part = v.Part
	case Back:
		switch n := len(s.Before); {
		case s.Part != 0:
			s.Part = 0
		case n > 0:
			s.Screen, s.Before = s.Before[n-1], append([]Screen{}, s.Before[:n-1]...)
		default:
			s.Screen = Home
		}
	case Choose:
		s.Settings, _ = s.Settings.With(v.Name, v.Value)
		s.Night = s.Settings.Night(s.Night, m.Place.Light)
	case ToggleSync:
		s.Settings.Sync = !s.Settings.Sync
		if t, _ := m.Climate.Driver.Temperature.Shown(); s.Settings.Sync && t.OK {
			return s, []Ask{{vehicle.ClimatePassengerTemperature, vehicle.NumberOf(t.Value)}}
		}
	}
	return s, nil
}

// asks is a wish with what goes along with it: while synchronised, the
// driver's temperature is the passenger's too; the passenger's own ends that
// only in the car, not in the setting. Fan and air are one for both sides, and
// so are the mirrors.
func (s State) asks(m *Model, a Ask) []Ask {
	along := map[vehicle.Path]vehicle.Path{
		vehicle.ClimateDriverFanSpeed:        vehicle.ClimatePassengerFanSpeed,
		vehicle.ClimateDriverAirDistribution: vehicle.ClimatePassengerAirDistribution,
		vehicle.MirrorsDriverIsHeatingOn:     vehicle.MirrorsPassengerIsHeatingOn,
	}
	if s.Settings.Sync {
		along[vehicle.ClimateDriverTemperature] = vehicle.ClimatePassengerTemperature
	}
	asks := []Ask{a}
	if p, ok := along[a.Path]; ok {
		asks = append(asks, Ask{p, a.Value})
	}
	return asks
}

// Limits of what the climate controls offer.
const (
	TemperatureMin  = 16.0 // Celsius
	TemperatureMax  = 28.0
	TemperatureStep = 0.5
	FanStep         = 10.0 // percent
)

// StepNumber is the value one step up (by positive) or down from what is
// shown, on the step's grid and within lo and hi; ok is false when nothing is
// known to step from, or at the end.
func StepNumber(c Control[float64], by, step, lo, hi float64) (v float64, ok bool) {
	r, _ := c.Shown()
	if !r.OK {
		return 0, false
	}
	v = math.Round(r.Value/step)*step + by*step
	v = max(lo, min(hi, v))
	return v, v != r.Value
}

// HeatLevels are the steps of seat and wheel heating, in percent.
func HeatLevels() []float64 { return []float64{0, 33, 66, 100} }

// HeatLevel is the level, 0 to 3, of a heating percentage.
func HeatLevel(percent float64) int {
	switch {
	case percent < 17:
		return 0
	case percent < 50:
		return 1
	case percent < 83:
		return 2
	}
	return 3
}

// NextHeat is the level that a tap leads to: off, high, medium, low, off.
// ok is false when nothing is known to step from.
func NextHeat(c Control[float64]) (percent float64, ok bool) {
	r, _ := c.Shown()
	if !r.OK {
		return 0, false
	}
	l := HeatLevels()
	return l[(HeatLevel(r.Value)+3)%4], true
}

package hmi

import (
	"math"

	"tandem/phonelink"
	"tandem/vehicle"
)

// Screen is one of the shell's screens.
type Screen int

// Screens, in the order of the dock.
const (
	Home Screen = iota
	Instruments
	MediaScreen
	PhoneScreen
	ClimateScreen
	VehicleScreen
	SettingsScreen
	Screens // how many
)

func (s Screen) String() string {
	return [...]string{"home", "instruments", "media", "phone", "climate", "vehicle", "settings", "none"}[max(0, min(s, Screens))]
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

// Tell wants the phone link to do something.
type Tell struct{ Request phonelink.Request }

// Select wants the details of a phone, or of an entry of the present list, by
// its key.
type Select struct {
	Phone phonelink.Device
	Key   string
}

// Turn wants other pages of the present list, later ones if positive.
type Turn struct{ By int }

// Doubt wants a person asked, or no longer asked, whether to really unpair.
type Doubt struct{ On bool }

func (Explain) intent()    {}
func (Tell) intent()       {}
func (Select) intent()     {}
func (Turn) intent()       {}
func (Doubt) intent()      {}
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
	Pick     Pick
}

// Parts of the phone screen.
const (
	PartPhones = iota
	PartNotes
	PartMessages
	PartCalls
	PartFiles
	PartPairing // open only while parked; leaving it closes the pairing window
	PhoneParts
)

// Pick is what is chosen on the phone and media screens. What is not there any
// more counts as not chosen.
type Pick struct {
	Phone phonelink.Device // "": the first
	Key   string           // of the entry; "": the first
	Page  int              // of the list
	Doubt bool             // a person is asked whether to unpair
}

// depth is how many screens Back remembers: the driving rules allow three
// levels, and more than a few would only be a maze.
const depth = 8

// Step is what follows from a wish: the new state, what to ask of the car, and
// what to ask of the phone link. It is pure: s is not changed.
func (s State) Step(m *Model, in Intent) (State, []Ask, []phonelink.Request) {
	pairing := s.pairing()
	next, asks, requests := s.step(m, in)
	switch {
	case next.pairing() && !pairing:
		requests = append(requests, phonelink.OpenPairing{})
	case pairing && !next.pairing():
		requests = append(requests, phonelink.ClosePairing{})
	}
	return next, asks, requests
}

func (s State) pairing() bool { return s.Screen == PhoneScreen && s.Part == PartPairing }

func (s State) step(m *Model, in Intent) (State, []Ask, []phonelink.Request) {
	switch v := in.(type) {
	case Ask:
		return s, s.asks(m, v), nil
	case Tell:
		if v.Request == nil {
			return s, nil, nil
		}
		s.Pick.Doubt = false
		return s, nil, []phonelink.Request{v.Request}
	case Select:
		return s.selected(m, v)
	case Turn:
		s.Pick.Page = max(0, s.Pick.Page+v.By)
	case Doubt:
		s.Pick.Doubt = v.On
	case Show, ShowPart, Back:
		return s.moved(m, in), nil, nil
	case Choose:
		s.Settings, _ = s.Settings.With(v.Name, v.Value)
		s.Night = s.Settings.Night(s.Night, m.Place.Light)
	case ToggleSync:
		s.Settings.Sync = !s.Settings.Sync
		if t, _ := m.Climate.Driver.Temperature.Shown(); s.Settings.Sync && t.OK {
			return s, []Ask{{vehicle.ClimatePassengerTemperature, vehicle.NumberOf(t.Value)}}, nil
		}
	}
	return s, nil, nil
}

// moved is where a wish for another place leads. A phone screen that is opened
// while a call rings shows the call.
func (s State) moved(m *Model, in Intent) State {
	switch v := in.(type) {
	case Show:
		if v.Screen < 0 || v.Screen >= Screens || v.Screen == s.Screen {
			return s
		}
		keep := s.Before[max(0, len(s.Before)-depth+1):]
		s.Before = append(append([]Screen{}, keep...), s.Screen)
		s.Screen, s.Part = v.Screen, 0
		if v.Screen == PhoneScreen && m.Phones.rings() {
			s.Part = PartCalls
		}
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
	}
	s.Pick = Pick{Phone: s.Pick.Phone}
	return s
}

// selected shows details; a conversation whose messages are not here yet is
// asked for.
func (s State) selected(m *Model, v Select) (State, []Ask, []phonelink.Request) {
	s.Pick.Doubt = false
	if v.Phone != "" {
		s.Pick.Phone = v.Phone
	}
	if v.Key == "" {
		return s, nil, nil
	}
	s.Pick.Key = v.Key
	if m.Phones != nil && s.Screen == PhoneScreen && s.Part == PartMessages {
		for _, t := range m.Phones.Threads {
			if t.Key == v.Key && len(t.Messages) == 0 && !t.Hidden {
				return s, nil, []phonelink.Request{t.Read}
			}
		}
	}
	return s, nil, nil
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

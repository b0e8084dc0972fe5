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

// Read wants the screen of one session, by its key.
type Read struct{ Key string }

// Write wants to begin changing the draft that is read; Typed is what it says
// now, with the cursor's place in bytes; Keep hands that on while it goes on,
// and Written ends it. What was typed is kept either way.
type (
	Write struct{}
	Typed struct {
		Text   string
		Cursor int
	}
	Keep    struct{}
	Written struct{}
)

// Doubt wants a person asked, or no longer asked, whether to really unpair.
type Doubt struct{ On bool }

func (Explain) intent()    {}
func (Tell) intent()       {}
func (Select) intent()     {}
func (Turn) intent()       {}
func (Doubt) intent()      {}
func (Read) intent()       {}
func (Write) intent()      {}
func (Typed) intent()      {}
func (Keep) intent()       {}
func (Written) intent()    {}
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
	Writing  Writing
}

// Parts of the phone screen.
const (
	PartPhones = iota
	PartNotes
	PartMessages
	PartCalls
	PartFiles
	PartPairing // open only while parked; leaving it closes the pairing window
	PartWork    // all that is under way
	PartReader  // one session of it
	PartControl // what of one phone is commanded from here
	PhoneParts
)

// Pick is what is chosen on the phone and media screens. What is not there any
// more counts as not chosen.
type Pick struct {
	Phone phonelink.Device // "": the first
	Key   string           // of the entry; "": the first
	Page  int              // of the list
	Doubt bool             // a person is asked whether to unpair
	List  bool             // the reader was opened from the list, and leads back to it
}

// Writing is a draft that is being changed here. What was typed is sent as an
// operation when it ends, however that comes about, and whenever the typing
// rests: nothing typed is lost with the screen.
type Writing struct {
	Key    string // of the session; "": nothing is being changed
	Text   string // as it is now
	Base   string // as the phone link knows it: Text was made from it
	Cursor int    // byte of Text
}

// On reports whether something is being changed.
func (w Writing) On() bool { return w.Key != "" }

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
	if next.Writing.On() && (next.Screen != PhoneScreen || next.Part != PartReader || next.Pick.Key != next.Writing.Key) {
		requests = append(requests, next.Writing.keep()...)
		next.Writing = Writing{}
	}
	return next, asks, requests
}

// keep is the request that makes what was typed the draft's text; none if it is
// already. Of a draft that is not here any more the operation finds the owner.
func (w Writing) keep() []phonelink.Request {
	id, err := phonelink.ParseSessionID(w.Key)
	if err != nil || w.Text == w.Base {
		return nil
	}
	return []phonelink.Request{phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: w.Text, Base: w.Base, Cursor: w.Cursor}}}}
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
	case Read:
		return s.reads(v.Key), nil, nil
	case Write:
		if x := m.Phones.WorkOf(s.Pick.Key); s.Part == PartReader && s.Screen == PhoneScreen && x != nil && x.Edit {
			s.Writing = Writing{Key: x.Key, Text: x.Full, Base: x.Full, Cursor: len(x.Full)}
		}
	case Typed:
		if s.Writing.On() {
			s.Writing.Text, s.Writing.Cursor = v.Text, v.Cursor
		}
	case Keep:
		requests := s.Writing.keep()
		s.Writing.Base = s.Writing.Text
		return s, nil, requests
	case Written:
		return s.written()
	case Show, ShowPart, Back:
		if _, back := in.(Back); back && s.Writing.On() {
			return s.written()
		}
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

// reads opens the reader.
func (s State) reads(key string) State {
	list := s.Screen == PhoneScreen && s.Part == PartWork
	if s.Screen != PhoneScreen {
		s = s.moved(&Model{}, Show{PhoneScreen})
	}
	s.Part, s.Pick = PartReader, Pick{Phone: s.Pick.Phone, Key: key, List: list}
	return s
}

// written ends the changing of a draft.
func (s State) written() (State, []Ask, []phonelink.Request) {
	requests := s.Writing.keep()
	s.Writing = Writing{}
	return s, nil, requests
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
		case s.Part == PartReader && s.Screen == PhoneScreen && s.Pick.List:
			s.Part = PartWork
		case s.Part != 0 && (s.Part != PartReader || s.Screen != PhoneScreen):
			s.Part = 0
		case n > 0:
			s.Screen, s.Part, s.Before = s.Before[n-1], 0, append([]Screen{}, s.Before[:n-1]...)
		default:
			s.Screen, s.Part = Home, 0
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

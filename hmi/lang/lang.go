// Package lang holds the shell's words in its languages and writes numbers
// and units as each language does. It does not know the screens.
//
// Words are a struct, not a table of keys: a word that is missing does not
// compile where it is used, a lookup costs nothing in a frame, and the
// language changes at run time by taking another struct. Fyne's own lang
// package was not taken because it chooses one language per process, from the
// environment, when it starts.
package lang

import "tandem/hmi"

// Dash stands for what is not known now.
const Dash = "–"

// Words is everything that the shell says, in one language. Words on buttons
// and tiles are short: three words at most.
type Words struct {
	Tag  string // as in hmi.Choices("language")
	Name string // of the language, in itself

	Decimal, Group string // separators of numbers

	// Screens.
	Home, Instruments, Climate, Vehicle, Settings, Back string

	// Facts.
	Speed, Range, Battery, Power, Trip, Average, Odometer, Outside, Cabin, Heading, Position, Energy string
	Charging, Cable, FullIn, Regen, Cruise, Gear, BatteryTemp, Service, Tyres, Lights, Doors         string
	On, Off, Auto, Locked, Unlocked, Open, Closed, Ready, Standby                                    string
	AllGood, AllGoodAdvice, NoData, More                                                             string // More: %d further warnings

	// Climate.
	Driver, Passenger, Fan, Air, AirUp, AirMiddle, AirDown, SeatHeat, SeatDriver, SeatPassenger string
	AC, Sync, Recirculation, Defrost, FrontDefrost, RearDefrost, Wheel, Mirrors, Windscreen     string
	Warmer, Cooler, FanMore, FanLess                                                            string

	// Vehicle.
	Lock, Unlock, LockDoors, UnlockDoors, Trunk, LowBeam, HighBeam, FogLights, ParkingLights string
	Warnings, Pressure, ResetTrip, ParkFirst                                                 string

	// Settings.
	Units, Display, Language, About, UnitSpeed, UnitTemperature, UnitPressure, Clock, Hours24, Hours12 string
	Light, Day, Night, Motion, MotionFull, MotionReduced, Version, Licences, LicencesText, Car         string

	Phones PhoneWords
	Remote RemoteWords

	// What went wrong with a wish.
	Refused, Uncertain, TooMany string

	// Over the picture of a producer that is gone.
	LostScreens, LostVideo, LostCamera, LostLamps string

	Compass  [8]string // N, NE, E, ... clockwise
	AM, PM   string
	Troubles [hmi.Troubles]Trouble
}

// Trouble is what is wrong, and what to do about it.
type Trouble struct{ Title, Advice string }

// For is the words of a language by its tag; English for an unknown one.
func For(tag string) *Words {
	switch tag {
	case "de":
		return German()
	case "fr":
		return French()
	case "es":
		return Spanish()
	}
	return English()
}

// four fills four neighbouring troubles that differ in the corner only.
func (w *Words) four(first hmi.Trouble, before string, corners [hmi.Wheels]string, advice string) {
	for i, c := range corners {
		w.Troubles[int(first)+i] = Trouble{before + c, advice}
	}
}

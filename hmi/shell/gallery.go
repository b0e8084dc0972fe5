package shell

import (
	"fmt"
	"image"
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
	"tandem/hmi/screen"
	"tandem/hmi/theme"
	"tandem/vehicle"
)

// Scene is one picture that the shell can show: for lint, golden files and
// documents.
type Scene struct {
	Screen   hmi.Screen
	Part     int
	Size     image.Point
	Settings hmi.Settings
	Night    bool
	Mood     Mood
	Link     Link
}

// Mood is a condition of the car that a scene is made in.
type Mood string

// Moods.
const (
	Driving Mood = "driving" // in order, on the way
	Asked   Mood = "asked"   // parked, with wishes on their way
	Lost    Mood = "lost"    // everything was reported once and is stale now
	Nothing Mood = "nothing" // nothing has been reported yet
	Alarm   Mood = "alarm"   // many warnings at once
	Longest Mood = "longest" // the widest values that can occur
)

// Moods are all of them.
func Moods() []Mood { return []Mood{Driving, Asked, Lost, Nothing, Alarm, Longest} }

// Gallery is every screen and part by day and night, at the designed sizes, in
// every language and mood that makes a difference.
func Gallery() []Scene {
	var all []Scene
	for _, size := range []image.Point{{X: 1280, Y: 720}, {X: 1920, Y: 720}, {X: 800, Y: 480}} {
		for screen := hmi.Home; screen < hmi.Screens; screen++ {
			if ofPhones(screen) {
				continue
			}
			for part := range Parts(screen) {
				for _, mood := range Moods() {
					all = append(all, words(Scene{Screen: screen, Part: part, Size: size, Mood: mood})...)
				}
			}
		}
		all = append(all, phoneScenes(size)...)
	}
	return all
}

// ofPhones reports whether a screen is about phones and not about the car.
func ofPhones(s hmi.Screen) bool { return s == hmi.MediaScreen || s == hmi.PhoneScreen }

// place is a part of a screen.
type place struct {
	screen hmi.Screen
	part   int
}

// placesOf are the parts of screens on which a condition of the phone link
// makes a difference.
func placesOf(l Link) []place {
	home, player, sources, music, profile := place{hmi.Home, 0}, place{hmi.MediaScreen, screen.PartQueue}, place{hmi.MediaScreen, screen.PartSources}, place{hmi.MediaScreen, screen.PartMusic}, place{hmi.SettingsScreen, screen.PartProfile}
	phone := func(parts ...int) (all []place) {
		for _, p := range parts {
			all = append(all, place{hmi.PhoneScreen, p})
		}
		return all
	}
	lists := phone(hmi.PartPhones, hmi.PartNotes, hmi.PartMessages, hmi.PartCalls, hmi.PartFiles)
	switch l {
	case NoLink, Broken:
		return append(phone(hmi.PartPhones), player)
	case Alone:
		return append(append(lists, phone(hmi.PartWork, hmi.PartReader)...), player)
	case Calm:
		return append(lists, home, player, profile)
	case Busy:
		return append(lists, home, player, sources, music)
	case Offers:
		return []place{home}
	case Moving:
		return []place{home, player}
	case Rings:
		return append(phone(hmi.PartCalls), home)
	case Pairs, Compares:
		return phone(hmi.PartPairing)
	case Doubts, Locked:
		return phone(hmi.PartPhones)
	case Controls, Runs:
		return phone(hmi.PartControl)
	case Works, Lone:
		return append(phone(hmi.PartWork), home)
	case Reads, Writes, Pages:
		return phone(hmi.PartReader)
	}
	return append(append(lists, phone(hmi.PartPairing, hmi.PartWork, hmi.PartControl)...), home, player, sources, music)
}

// phoneScenes are the screens that show phones in the conditions of the phone
// link: driving by day and night, parked in every language too. What has room
// on the standard panel has it on the wide one.
func phoneScenes(size image.Point) (all []Scene) {
	for _, link := range append([]Link{NoLink}, Links()...) {
		for _, at := range placesOf(link) {
			s := Scene{Screen: at.screen, Part: at.part, Size: size, Mood: Longest, Link: link}
			for _, x := range words(s) {
				if size.X < 1920 || x.Settings.Language == "en" {
					all = append(all, x)
				}
			}
			s.Settings, s.Mood = hmi.Defaults(), Driving
			for _, s.Night = range []bool{false, true} {
				all = append(all, s)
			}
		}
	}
	return all
}

// words is a scene by day and night, and in the other languages where that can
// make a difference: colours do not depend on words, and the shorter moods
// have no words of their own.
func words(s Scene) (all []Scene) {
	for _, tag := range hmi.Choices("language") {
		s.Settings = hmi.Defaults()
		s.Settings.Language = tag
		if s.Mood == Longest {
			s.Settings.Speed, s.Settings.Temperature, s.Settings.Pressure, s.Settings.Clock = "mph", "F", "kPa", "12"
		}
		if tag != "en" && (s.Mood == Asked || s.Mood == Nothing || s.Mood == Lost) {
			continue
		}
		s.Night = false
		all = append(all, s)
		if s.Night = true; tag == "en" {
			all = append(all, s)
		}
	}
	return all
}

func (s Scene) String() string {
	light := "day"
	if s.Night {
		light = "night"
	}
	name := fmt.Sprintf("%dx%d-%v%d-%s-%s-%s", s.Size.X, s.Size.Y, s.Screen, s.Part, light, s.Mood, s.Settings.Language)
	if s.Link != NoLink {
		name += "-" + string(s.Link)
	}
	return name
}

// Parts is how many parts a screen has.
func Parts(s hmi.Screen) int {
	switch s {
	case hmi.SettingsScreen:
		return screen.PartAbout + 1
	case hmi.PhoneScreen:
		return hmi.PhoneParts
	case hmi.MediaScreen:
		return screen.MediaParts
	}
	return 1
}

// Build makes the scene's widgets, shown at rest. It needs a current Fyne app
// for measuring texts.
func (s Scene) Build() (fyne.CanvasObject, *theme.Theme) {
	th := theme.New(theme.PanelFor(s.Size), s.Night)
	m := &hmi.Model{}
	samples := s.Mood.Samples()
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	if s.Mood == Longest {
		now = time.Date(2026, 11, 22, 12, 44, 44, 0, time.UTC)
	}
	m.Update(now, samples)
	allow := restrictions(samples)
	m.Phones, m.Music = s.phonesFor(limits(allow), now), s.Link.Music()
	k := &screen.Kit{Theme: th, Format: lang.NewFormat(s.Settings), Model: m, Send: func(hmi.Intent) {}, About: screen.About{Version: "1.0.0", Car: "tandem-one"}, Cover: sceneCover}
	st := newStage(k, s.Screen)
	st.root.Resize(th.Panel.Size)
	pick, writing := s.Link.state(now)
	v := &screen.View{Model: m, State: hmi.State{Screen: s.Screen, Part: s.Part, Settings: s.Settings, Night: s.Night, Pick: pick}, Allow: allow}
	if allow.Allows(restrict.NoKeyboard) {
		v.State.Writing = writing
	}
	st.update(v)
	st.tick(now) // the first value of a pointer is taken at once
	return st.root, th
}

// restrictions are the driving restrictions of a snapshot of hmi.Paths.
func restrictions(samples []vehicle.Sample) restrict.Restrictions {
	var speed, gear, belt vehicle.Sample
	for i, p := range hmi.Paths() {
		if i >= len(samples) {
			break
		}
		switch p {
		case vehicle.Speed:
			speed = samples[i]
		case vehicle.CurrentGear:
			gear = samples[i]
		case vehicle.SeatRow1DriverIsBelted:
			belt = samples[i]
		}
	}
	return restrict.Of(speed, gear, belt)
}

// Samples is the snapshot of hmi.Paths in this mood.
func (mood Mood) Samples() []vehicle.Sample {
	values := ordinary()
	asked := map[vehicle.Path]vehicle.Value{}
	quality := vehicle.Valid
	switch mood {
	case Lost:
		quality = vehicle.Stale
	case Nothing:
		values = nil
	case Asked:
		values[vehicle.Speed], values[vehicle.CurrentGear], values[vehicle.MotorPower] = vehicle.NumberOf(0), vehicle.NumberOf(vehicle.GearPark), vehicle.NumberOf(0)
		asked[vehicle.ClimateDriverTemperature] = vehicle.NumberOf(22.5)
		asked[vehicle.ClimateDriverFanSpeed] = vehicle.NumberOf(70)
		asked[vehicle.IsFrontDefrosterActive] = vehicle.BoolOf(true)
		asked[vehicle.SeatRow1DriverHeating] = vehicle.NumberOf(100)
		asked[vehicle.ClimateDriverAirDistribution] = vehicle.TextOf("DOWN")
		asked[vehicle.DoorRow1DriverIsLocked] = vehicle.BoolOf(false)
		asked[vehicle.TripMeterReading] = vehicle.NumberOf(0)
	case Alarm:
		alarm(values)
	case Longest:
		longest(values)
	}
	paths := hmi.Paths()
	samples := make([]vehicle.Sample, len(paths))
	for i, p := range paths {
		if v, ok := values[p]; ok {
			samples[i] = vehicle.Sample{Value: v, Quality: quality, Asked: asked[p]}
		}
	}
	return samples
}

// ordinary is an evening on a country road.
func ordinary() map[vehicle.Path]vehicle.Value {
	num, yes, no, text := vehicle.NumberOf, vehicle.BoolOf(true), vehicle.BoolOf(false), vehicle.TextOf
	v := map[vehicle.Path]vehicle.Value{
		vehicle.Speed: num(87.4), vehicle.CurrentGear: num(1), vehicle.MotorPower: num(23.2), vehicle.MotorTemperature: num(61), vehicle.AccelerationLongitudinal: num(0.1),
		vehicle.PerformanceMode: text("NORMAL"), vehicle.StateOfChargeDisplayed: num(68), vehicle.Range: num(287400), vehicle.BatteryPower: num(24100),
		vehicle.BatteryTemperatureAverage: num(27), vehicle.BatteryTemperatureMax: num(29), vehicle.BatteryStateOfHealth: num(96), vehicle.ChargeLimit: num(80),
		vehicle.ChargingTimeToComplete: num(0), vehicle.ChargingAveragePower: num(0), vehicle.LowVoltageBatteryVoltage: num(13.9),
		vehicle.TraveledDistance: num(18432600), vehicle.TripMeterReading: num(46730), vehicle.AverageSpeed: num(62),
		vehicle.Latitude: num(48.137), vehicle.Longitude: num(11.575), vehicle.Heading: num(312), vehicle.Altitude: num(519),
		vehicle.ExteriorAirTemperature: num(8.3), vehicle.ExteriorLightIntensity: num(12), vehicle.CabinTemperature: num(20.8),
		vehicle.ClimateDriverTemperature: num(21.5), vehicle.ClimateDriverFanSpeed: num(40), vehicle.ClimateDriverAirDistribution: text("MIDDLE"), vehicle.SeatRow1DriverHeating: num(66),
		vehicle.ClimatePassengerTemperature: num(20), vehicle.ClimatePassengerFanSpeed: num(40), vehicle.ClimatePassengerAirDistribution: text("MIDDLE"), vehicle.SeatRow1PassengerHeating: num(0),
		vehicle.IsAirConditioningActive: yes, vehicle.SteeringWheelHeating: num(0), vehicle.LightsBeamLowIsOn: yes, vehicle.LightsParkingIsOn: yes, vehicle.LightSwitch: text("AUTO"),
		vehicle.ESCIsEnabled: yes, vehicle.CruiseControlIsEnabled: yes, vehicle.CruiseControlIsActive: yes, vehicle.CruiseControlSpeedSet: num(90), vehicle.LaneDepartureIsEnabled: yes,
		vehicle.FrontWheelLeftTirePressure: num(242), vehicle.FrontWheelRightTirePressure: num(244), vehicle.RearWheelLeftTirePressure: num(251), vehicle.RearWheelRightTirePressure: num(249),
		vehicle.SeatRow1DriverIsBelted: yes, vehicle.SeatRow1PassengerIsBelted: yes, vehicle.SeatRow1DriverOccupancyStatus: text("OCCUPIED"), vehicle.SeatRow1PassengerOccupancyStatus: text("OCCUPIED"),
		vehicle.ServiceDistanceToService: num(11400),
	}
	for _, p := range []vehicle.Path{vehicle.DoorRow1DriverIsLocked, vehicle.DoorRow1PassengerIsLocked, vehicle.DoorRow2DriverIsLocked, vehicle.DoorRow2PassengerIsLocked} {
		v[p] = yes
	}
	for _, p := range []vehicle.Path{
		vehicle.ParkingBrakeIsEngaged, vehicle.IsCharging, vehicle.IsChargingCableConnected, vehicle.IsFrontDefrosterActive, vehicle.IsRearDefrosterActive, vehicle.IsRecirculationActive,
		vehicle.MirrorsDriverIsHeatingOn, vehicle.WindshieldFrontIsHeatingOn, vehicle.DoorRow1DriverIsOpen, vehicle.DoorRow1PassengerIsOpen, vehicle.DoorRow2DriverIsOpen, vehicle.DoorRow2PassengerIsOpen,
		vehicle.HoodIsOpen, vehicle.TrunkFrontIsOpen, vehicle.TrunkRearIsOpen, vehicle.WasherFluidIsLevelLow, vehicle.LightsBeamHighIsOn, vehicle.LightsRunningIsOn, vehicle.LightsFogFrontIsOn, vehicle.LightsFogRearIsOn,
		vehicle.LightsHazardIsSignaling, vehicle.IndicatorLeftIsSignaling, vehicle.IndicatorRightIsSignaling, vehicle.LightsBeamLowIsDefect, vehicle.LightsBrakeIsDefect,
		vehicle.ABSIsEngaged, vehicle.ABSIsError, vehicle.ESCIsEngaged, vehicle.ESCIsError, vehicle.TCSIsEngaged, vehicle.LaneDepartureIsWarning,
		vehicle.FrontWheelLeftTireIsPressureLow, vehicle.FrontWheelRightTireIsPressureLow, vehicle.RearWheelLeftTireIsPressureLow, vehicle.RearWheelRightTireIsPressureLow,
		vehicle.SeatRow1DriverAirbagIsDeployed, vehicle.SeatRow1PassengerAirbagIsDeployed, vehicle.ServiceIsServiceDue,
	} {
		v[p] = no
	}
	return v
}

// alarm adds troubles of every severity, while parked with doors open.
func alarm(v map[vehicle.Path]vehicle.Value) {
	yes := vehicle.BoolOf(true)
	v[vehicle.Speed], v[vehicle.MotorPower], v[vehicle.CurrentGear] = vehicle.NumberOf(12), vehicle.NumberOf(-31), vehicle.NumberOf(-1)
	v[vehicle.FrontWheelLeftTirePressure], v[vehicle.StateOfChargeDisplayed], v[vehicle.Range] = vehicle.NumberOf(168), vehicle.NumberOf(7), vehicle.NumberOf(21000)
	v[vehicle.ExteriorAirTemperature] = vehicle.NumberOf(-4.5)
	v[vehicle.SeatRow1DriverIsBelted] = vehicle.BoolOf(false)
	for _, p := range []vehicle.Path{
		vehicle.DoorRow1DriverIsOpen, vehicle.DoorRow2PassengerIsOpen, vehicle.TrunkRearIsOpen, vehicle.FrontWheelLeftTireIsPressureLow, vehicle.ABSIsError, vehicle.LightsBeamLowIsDefect,
		vehicle.ServiceIsServiceDue, vehicle.WasherFluidIsLevelLow, vehicle.LightsHazardIsSignaling, vehicle.LightsBeamHighIsOn, vehicle.LightsFogRearIsOn, vehicle.HoodIsOpen, vehicle.SeatRow1DriverAirbagIsDeployed, vehicle.ParkingBrakeIsEngaged,
	} {
		v[p] = yes
	}
}

// longest are the widest values that can occur, while charging.
func longest(v map[vehicle.Path]vehicle.Value) {
	num := vehicle.NumberOf
	for p, x := range map[vehicle.Path]float64{
		vehicle.Speed: 0, vehicle.CurrentGear: vehicle.GearPark, vehicle.MotorPower: -188, vehicle.Range: 888888, vehicle.StateOfChargeDisplayed: 100, vehicle.ChargingTimeToComplete: 88 * 3600,
		vehicle.TraveledDistance: 888888888, vehicle.TripMeterReading: 8888888, vehicle.AverageSpeed: 188, vehicle.Heading: 315, vehicle.Latitude: -88.888, vehicle.Longitude: -178.888,
		vehicle.ExteriorAirTemperature: -38.8, vehicle.CabinTemperature: -28, vehicle.ClimateDriverTemperature: 28, vehicle.ClimatePassengerTemperature: 28, vehicle.ClimateDriverFanSpeed: 100,
		vehicle.FrontWheelLeftTirePressure: 388, vehicle.CruiseControlSpeedSet: 188, vehicle.ServiceDistanceToService: 88888, vehicle.BatteryTemperatureAverage: -28, vehicle.SteeringWheelHeating: 100,
		vehicle.SeatRow1DriverHeating: 100, vehicle.SeatRow1PassengerHeating: 100,
	} {
		v[p] = num(x)
	}
	for _, p := range []vehicle.Path{vehicle.IsCharging, vehicle.IsFrontDefrosterActive, vehicle.IsRearDefrosterActive, vehicle.IsRecirculationActive, vehicle.MirrorsDriverIsHeatingOn,
		vehicle.WindshieldFrontIsHeatingOn, vehicle.LightsBeamHighIsOn, vehicle.LightsFogFrontIsOn, vehicle.LightsFogRearIsOn} {
		v[p] = vehicle.BoolOf(true)
	}
	v[vehicle.LightsBeamLowIsOn] = vehicle.BoolOf(true)
	v[vehicle.ESCIsError] = vehicle.BoolOf(true)
	v[vehicle.CruiseControlIsActive] = vehicle.BoolOf(false)
}

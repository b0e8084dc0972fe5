package lang

import "tandem/hmi"

// English is the shell's words in English.
func English() *Words {
	w := &Words{
		Tag: "en", Name: "English", Decimal: ".", Group: ",",
		Home: "Home", Instruments: "Drive", Climate: "Climate", Vehicle: "Vehicle", Settings: "Settings", Back: "Back",
		Speed: "Speed", Range: "Range", Battery: "Battery", Power: "Power", Trip: "Trip", Average: "Average", Odometer: "Odometer",
		Outside: "Outside", Cabin: "Cabin", Heading: "Heading", Position: "Position", Energy: "Energy",
		Charging: "Charging", Cable: "Cable plugged in", FullIn: "Full in", Regen: "Regen", Cruise: "Cruise", Gear: "Gear", BatteryTemp: "Battery temp.",
		Service: "Service", Tyres: "Tyres", Lights: "Lights", Doors: "Doors",
		On: "On", Off: "Off", Auto: "Auto", Locked: "Locked", Unlocked: "Unlocked", Open: "Open", Closed: "Closed", Ready: "Ready", Standby: "Standby",
		AllGood: "All in order", AllGoodAdvice: "Nothing needs your attention.", NoData: "No data on warnings", More: "and %d more",
		Driver: "Driver", Passenger: "Passenger", Fan: "Fan", Air: "Air flow", AirUp: "Up", AirMiddle: "Face", AirDown: "Feet",
		SeatHeat: "Seat heat", SeatDriver: "Seat left", SeatPassenger: "Seat right",
		AC: "A/C", Sync: "Sync", Recirculation: "Recirc.", Defrost: "Defrost", FrontDefrost: "Front", RearDefrost: "Rear", Wheel: "Wheel", Mirrors: "Mirrors", Windscreen: "Windscreen",
		Warmer: "Warmer", Cooler: "Cooler", FanMore: "More fan", FanLess: "Less fan",
		Lock: "Lock", Unlock: "Unlock", LockDoors: "Lock doors", UnlockDoors: "Unlock doors", Trunk: "Boot",
		LowBeam: "Low beam", HighBeam: "High beam", FogLights: "Fog lights", ParkingLights: "Side lights",
		Warnings: "Warnings", Pressure: "Pressure", ResetTrip: "Reset trip", ParkFirst: "Available when parked",
		Units: "Units", Display: "Display", Language: "Language", About: "About",
		UnitSpeed: "Speed", UnitTemperature: "Temperature", UnitPressure: "Pressure", Clock: "Clock", Hours24: "24 h", Hours12: "12 h",
		Light: "Brightness", Day: "Day", Night: "Night", Motion: "Motion", MotionFull: "Full", MotionReduced: "Reduced",
		Version: "Version", Licences: "Licences", LicencesText: "Fyne: BSD 3-clause licence. Noto Sans: Open Font License 1.1.", Car: "Car",
		Refused: "Not done: the car refused.", Uncertain: "Not confirmed. It may have happened.", TooMany: "Still busy. Please try again.",
		LostScreens: "Screens are restarting", LostVideo: "Projection is restarting", LostCamera: "Camera picture lost", LostLamps: "Warning lights are restarting",
		Compass: [8]string{"N", "NE", "E", "SE", "S", "SW", "W", "NW"}, AM: "am", PM: "pm",
	}
	w.Phones = englishPhones()
	w.Remote = remoteWords("en")
	corners := [hmi.Wheels]string{"front left", "front right", "rear left", "rear right"}
	w.four(hmi.DoorOpenFL, "Door open ", corners, "Stop and close the door.")
	w.four(hmi.TyreLowFL, "Tyre low ", corners, "Fill it up at the next stop.")
	for t, v := range map[hmi.Trouble]Trouble{
		hmi.AirbagDeployed:    {"Airbag has fired", "Stop. Call for help if you need it."},
		hmi.BatteryHot:        {"Drive battery too hot", "Stop, get out, keep away from the car."},
		hmi.MotorHot:          {"Motor too hot", "Drive gently and let it cool down."},
		hmi.SpeedLost:         {"Speed not known", "Keep to the traffic. Have it checked."},
		hmi.ABSFault:          {"ABS does not work", "Brake early and gently."},
		hmi.ESCFault:          {"Stability control off", "It has a fault. Drive with care."},
		hmi.DriverUnbelted:    {"Driver not belted", "Fasten your seat belt."},
		hmi.PassengerUnbelted: {"Passenger not belted", "Fasten the seat belt."},
		hmi.RearUnbelted:      {"Rear seat not belted", "Fasten the seat belt."},
		hmi.ParkingBrakeOn:    {"Parking brake is on", "Stop and release it."},
		hmi.HoodOpen:          {"Bonnet open", "Stop and close it."},
		hmi.FrunkOpen:         {"Front boot open", "Stop and close it."},
		hmi.TrunkOpen:         {"Boot open", "Stop and close it."},
		hmi.LowVoltageLow:     {"12 V battery low", "Have it checked soon."},
		hmi.ChargeLow:         {"Charge is low", "Charge at the next station."},
		hmi.LowBeamDefect:     {"Low beam broken", "Replace the lamp."},
		hmi.BrakeLampDefect:   {"Brake light broken", "Replace the lamp."},
		hmi.ESCOff:            {"Stability control off", "Switched off. Drive with care."},
		hmi.WasherLow:         {"Washer fluid low", "Fill it up."},
		hmi.IceRisk:           {"Road may be icy", "Slow down, keep your distance."},
		hmi.ServiceDue:        {"Service is due", "Book a date with the workshop."},
	} {
		w.Troubles[t] = v
	}
	return w
}

package lang

import "tandem/hmi"

// German is the shell's words in German.
func German() *Words {
	w := &Words{
		Tag: "de", Name: "Deutsch", Decimal: ",", Group: ".",
		Home: "Start", Instruments: "Fahren", Climate: "Klima", Vehicle: "Fahrzeug", Settings: "Einstellungen", Back: "Zurück",
		Speed: "Tempo", Range: "Reichweite", Battery: "Batterie", Power: "Leistung", Trip: "Strecke", Average: "Schnitt", Odometer: "Gesamt",
		Outside: "Außen", Cabin: "Innen", Heading: "Richtung", Position: "Position", Energy: "Energie",
		Charging: "Lädt", Cable: "Kabel steckt", FullIn: "Voll in", Regen: "Rückgew.", Cruise: "Tempomat", Gear: "Gang", BatteryTemp: "Batterietemp.",
		Service: "Service", Tyres: "Reifen", Lights: "Licht", Doors: "Türen",
		On: "An", Off: "Aus", Auto: "Auto", Locked: "Verriegelt", Unlocked: "Entriegelt", Open: "Offen", Closed: "Zu", Ready: "Bereit", Standby: "Bereit",
		AllGood: "Alles in Ordnung", AllGoodAdvice: "Nichts braucht Ihre Aufmerksamkeit.", NoData: "Keine Warndaten", More: "und %d weitere",
		Driver: "Fahrer", Passenger: "Beifahrer", Fan: "Gebläse", Air: "Luftstrom", AirUp: "Oben", AirMiddle: "Mitte", AirDown: "Füße",
		SeatHeat: "Sitzheizung", SeatDriver: "Sitz links", SeatPassenger: "Sitz rechts",
		AC: "A/C", Sync: "Sync", Recirculation: "Umluft", Defrost: "Enteisen", FrontDefrost: "Front", RearDefrost: "Heck", Wheel: "Lenkrad", Mirrors: "Spiegel", Windscreen: "Scheibe",
		Warmer: "Wärmer", Cooler: "Kühler", FanMore: "Mehr Gebläse", FanLess: "Weniger Gebläse",
		Lock: "Schließen", Unlock: "Öffnen", LockDoors: "Verriegeln", UnlockDoors: "Entriegeln", Trunk: "Heckklappe",
		LowBeam: "Abblendlicht", HighBeam: "Fernlicht", FogLights: "Nebellicht", ParkingLights: "Standlicht",
		Warnings: "Warnungen", Pressure: "Druck", ResetTrip: "Auf null", ParkFirst: "Im Stand verfügbar",
		Units: "Einheiten", Display: "Anzeige", Language: "Sprache", About: "Info",
		UnitSpeed: "Tempo", UnitTemperature: "Temperatur", UnitPressure: "Druck", Clock: "Uhr", Hours24: "24 h", Hours12: "12 h",
		Light: "Helligkeit", Day: "Tag", Night: "Nacht", Motion: "Bewegung", MotionFull: "Voll", MotionReduced: "Weniger",
		Version: "Version", Licences: "Lizenzen", LicencesText: "Fyne: BSD-Lizenz mit drei Klauseln. Noto Sans: Open Font License 1.1.", Car: "Auto",
		Refused: "Nicht getan: Das Auto lehnt ab.", Uncertain: "Nicht bestätigt. Es kann geschehen sein.", TooMany: "Noch beschäftigt. Bitte noch einmal.",
		LostScreens: "Anzeige startet neu", LostVideo: "Projektion startet neu", LostCamera: "Kamerabild verloren", LostLamps: "Warnleuchten starten neu",
		Compass: [8]string{"N", "NO", "O", "SO", "S", "SW", "W", "NW"}, AM: "vorm.", PM: "nachm.",
	}
	w.Phones = germanPhones()
	w.Remote = remoteWords("de")
	corners := [hmi.Wheels]string{"vorn links", "vorn rechts", "hinten links", "hinten rechts"}
	w.four(hmi.DoorOpenFL, "Tür offen ", corners, "Anhalten und Tür schließen.")
	w.four(hmi.TyreLowFL, "Reifen weich ", corners, "Beim nächsten Halt Luft auffüllen.")
	for t, v := range map[hmi.Trouble]Trouble{
		hmi.AirbagDeployed:    {"Airbag hat ausgelöst", "Anhalten. Bei Bedarf Hilfe rufen."},
		hmi.BatteryHot:        {"Fahrbatterie zu heiß", "Anhalten, aussteigen, Abstand halten."},
		hmi.MotorHot:          {"Motor zu heiß", "Sanft fahren und abkühlen lassen."},
		hmi.SpeedLost:         {"Tempo nicht bekannt", "Mit dem Verkehr fahren. Prüfen lassen."},
		hmi.ABSFault:          {"ABS arbeitet nicht", "Früh und sanft bremsen."},
		hmi.ESCFault:          {"Stabilitätshilfe aus", "Sie ist gestört. Vorsichtig fahren."},
		hmi.DriverUnbelted:    {"Fahrer nicht angegurtet", "Bitte anschnallen."},
		hmi.PassengerUnbelted: {"Beifahrer ohne Gurt", "Bitte anschnallen."},
		hmi.RearUnbelted:      {"Rücksitz ohne Gurt", "Bitte anschnallen."},
		hmi.ParkingBrakeOn:    {"Parkbremse ist fest", "Anhalten und lösen."},
		hmi.HoodOpen:          {"Motorhaube offen", "Anhalten und schließen."},
		hmi.FrunkOpen:         {"Vordere Klappe offen", "Anhalten und schließen."},
		hmi.TrunkOpen:         {"Heckklappe offen", "Anhalten und schließen."},
		hmi.LowVoltageLow:     {"12-V-Batterie schwach", "Bald prüfen lassen."},
		hmi.ChargeLow:         {"Ladung ist niedrig", "Bei nächster Gelegenheit laden."},
		hmi.LowBeamDefect:     {"Abblendlicht defekt", "Lampe ersetzen."},
		hmi.BrakeLampDefect:   {"Bremslicht defekt", "Lampe ersetzen."},
		hmi.ESCOff:            {"Stabilitätshilfe aus", "Ausgeschaltet. Vorsichtig fahren."},
		hmi.WasherLow:         {"Waschwasser fehlt", "Bitte auffüllen."},
		hmi.IceRisk:           {"Glätte möglich", "Langsamer fahren, Abstand halten."},
		hmi.ServiceDue:        {"Service ist fällig", "Termin in der Werkstatt machen."},
	} {
		w.Troubles[t] = v
	}
	return w
}

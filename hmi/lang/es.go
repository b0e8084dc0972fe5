package lang

import "tandem/hmi"

// Spanish is the shell's words in Spanish.
func Spanish() *Words {
	w := &Words{
		Tag: "es", Name: "Español", Decimal: ",", Group: "\u00a0",
		Home: "Inicio", Instruments: "Conducir", Climate: "Clima", Vehicle: "Vehículo", Settings: "Ajustes", Back: "Atrás",
		Speed: "Velocidad", Range: "Autonomía", Battery: "Batería", Power: "Potencia", Trip: "Trayecto", Average: "Media", Odometer: "Total",
		Outside: "Exterior", Cabin: "Interior", Heading: "Rumbo", Position: "Posición", Energy: "Energía",
		Charging: "Cargando", Cable: "Cable conectado", FullIn: "Llena en", Regen: "Recup.", Cruise: "Crucero", Gear: "Marcha", BatteryTemp: "Temp. batería",
		Service: "Servicio", Tyres: "Ruedas", Lights: "Luces", Doors: "Puertas",
		On: "Sí", Off: "No", Auto: "Auto", Locked: "Bloqueado", Unlocked: "Abierto", Open: "Abierto", Closed: "Cerrado", Ready: "Listo", Standby: "En espera",
		AllGood: "Todo en orden", AllGoodAdvice: "Nada requiere su atención.", NoData: "Avisos desconocidos", More: "y %d más",
		Driver: "Conductor", Passenger: "Pasajero", Fan: "Ventilador", Air: "Flujo de aire", AirUp: "Arriba", AirMiddle: "Cara", AirDown: "Pies",
		SeatHeat: "Asiento", SeatDriver: "Asiento izq.", SeatPassenger: "Asiento der.",
		AC: "A/C", Sync: "Sinc.", Recirculation: "Recirc.", Defrost: "Desempañar", FrontDefrost: "Delante", RearDefrost: "Detrás", Wheel: "Volante", Mirrors: "Espejos", Windscreen: "Parabrisas",
		Warmer: "Más calor", Cooler: "Más frío", FanMore: "Más aire", FanLess: "Menos aire",
		Lock: "Cerrar", Unlock: "Abrir", LockDoors: "Bloquear", UnlockDoors: "Desbloquear", Trunk: "Maletero",
		LowBeam: "Cruce", HighBeam: "Largas", FogLights: "Antiniebla", ParkingLights: "Posición",
		Warnings: "Avisos", Pressure: "Presión", ResetTrip: "Poner a cero", ParkFirst: "Disponible al aparcar",
		Units: "Unidades", Display: "Pantalla", Language: "Idioma", About: "Info",
		UnitSpeed: "Velocidad", UnitTemperature: "Temperatura", UnitPressure: "Presión", Clock: "Reloj", Hours24: "24 h", Hours12: "12 h",
		Light: "Brillo", Day: "Día", Night: "Noche", Motion: "Movimiento", MotionFull: "Completo", MotionReduced: "Reducido",
		Version: "Versión", Licences: "Licencias", LicencesText: "Fyne: licencia BSD de tres cláusulas. Noto Sans: Open Font License 1.1.", Car: "Coche",
		Refused: "No hecho: el coche lo rechaza.", Uncertain: "Sin confirmar. Puede haber ocurrido.", TooMany: "Aún ocupado. Inténtelo otra vez.",
		LostScreens: "La pantalla se reinicia", LostVideo: "La proyección se reinicia", LostCamera: "Imagen de cámara perdida", LostLamps: "Los testigos se reinician",
		Compass: [8]string{"N", "NE", "E", "SE", "S", "SO", "O", "NO"}, AM: "am", PM: "pm",
	}
	w.Phones = spanishPhones()
	w.Remote = remoteWords("es")
	corners := [hmi.Wheels]string{"delantera izq.", "delantera der.", "trasera izq.", "trasera der."}
	w.four(hmi.DoorOpenFL, "Puerta abierta ", corners, "Pare y cierre la puerta.")
	w.four(hmi.TyreLowFL, "Rueda baja ", corners, "Ínflela en la próxima parada.")
	for t, v := range map[hmi.Trouble]Trouble{
		hmi.AirbagDeployed:    {"Airbag disparado", "Pare. Pida ayuda si la necesita."},
		hmi.BatteryHot:        {"Batería muy caliente", "Pare, salga y aléjese del coche."},
		hmi.MotorHot:          {"Motor muy caliente", "Conduzca suave y deje que se enfríe."},
		hmi.SpeedLost:         {"Velocidad desconocida", "Siga el tráfico. Hágalo revisar."},
		hmi.ABSFault:          {"El ABS no funciona", "Frene pronto y con suavidad."},
		hmi.ESCFault:          {"Fallo de estabilidad", "Conduzca con cuidado."},
		hmi.DriverUnbelted:    {"Conductor sin cinturón", "Abróchese el cinturón."},
		hmi.PassengerUnbelted: {"Pasajero sin cinturón", "Abroche el cinturón."},
		hmi.RearUnbelted:      {"Asiento trasero", "Abroche el cinturón."},
		hmi.ParkingBrakeOn:    {"Freno de mano puesto", "Pare y suéltelo."},
		hmi.HoodOpen:          {"Capó abierto", "Pare y ciérrelo."},
		hmi.FrunkOpen:         {"Maletero delantero", "Está abierto. Pare y ciérrelo."},
		hmi.TrunkOpen:         {"Maletero abierto", "Pare y ciérrelo."},
		hmi.LowVoltageLow:     {"Batería de 12 V baja", "Hágala revisar pronto."},
		hmi.ChargeLow:         {"Carga baja", "Cargue en la próxima estación."},
		hmi.LowBeamDefect:     {"Luz de cruce rota", "Cambie la bombilla."},
		hmi.BrakeLampDefect:   {"Luz de freno rota", "Cambie la bombilla."},
		hmi.ESCOff:            {"Estabilidad apagada", "Conduzca con cuidado."},
		hmi.WasherLow:         {"Falta lavacristales", "Rellénelo."},
		hmi.IceRisk:           {"Posible hielo", "Vaya más despacio."},
		hmi.ServiceDue:        {"Toca revisión", "Pida cita en el taller."},
	} {
		w.Troubles[t] = v
	}
	return w
}

package lang

import "tandem/hmi"

// French is the shell's words in French.
func French() *Words {
	w := &Words{
		Tag: "fr", Name: "Français", Decimal: ",", Group: "\u00a0",
		Home: "Accueil", Instruments: "Conduite", Climate: "Climat", Vehicle: "Véhicule", Settings: "Réglages", Back: "Retour",
		Speed: "Vitesse", Range: "Autonomie", Battery: "Batterie", Power: "Puissance", Trip: "Trajet", Average: "Moyenne", Odometer: "Total",
		Outside: "Extérieur", Cabin: "Intérieur", Heading: "Cap", Position: "Position", Energy: "Énergie",
		Charging: "En charge", Cable: "Câble branché", FullIn: "Pleine dans", Regen: "Récup.", Cruise: "Régulateur", Gear: "Rapport", BatteryTemp: "Temp. batterie",
		Service: "Entretien", Tyres: "Pneus", Lights: "Feux", Doors: "Portes",
		On: "Oui", Off: "Non", Auto: "Auto", Locked: "Verrouillé", Unlocked: "Déverrouillé", Open: "Ouvert", Closed: "Fermé", Ready: "Prêt", Standby: "En veille",
		AllGood: "Tout est en ordre", AllGoodAdvice: "Rien ne demande votre attention.", NoData: "Alertes inconnues", More: "et %d autres",
		Driver: "Conducteur", Passenger: "Passager", Fan: "Ventilation", Air: "Flux d'air", AirUp: "Haut", AirMiddle: "Face", AirDown: "Pieds",
		SeatHeat: "Siège", SeatDriver: "Siège g.", SeatPassenger: "Siège d.",
		AC: "A/C", Sync: "Sync", Recirculation: "Recyclage", Defrost: "Dégivrage", FrontDefrost: "Avant", RearDefrost: "Arrière", Wheel: "Volant", Mirrors: "Rétros", Windscreen: "Pare-brise",
		Warmer: "Plus chaud", Cooler: "Plus frais", FanMore: "Ventiler plus", FanLess: "Ventiler moins",
		Lock: "Fermer", Unlock: "Ouvrir", LockDoors: "Verrouiller", UnlockDoors: "Déverrouiller", Trunk: "Coffre",
		LowBeam: "Croisement", HighBeam: "Route", FogLights: "Antibrouillard", ParkingLights: "Position",
		Warnings: "Alertes", Pressure: "Pression", ResetTrip: "Mettre à zéro", ParkFirst: "Disponible à l'arrêt",
		Units: "Unités", Display: "Affichage", Language: "Langue", About: "Infos",
		UnitSpeed: "Vitesse", UnitTemperature: "Température", UnitPressure: "Pression", Clock: "Heure", Hours24: "24 h", Hours12: "12 h",
		Light: "Luminosité", Day: "Jour", Night: "Nuit", Motion: "Mouvement", MotionFull: "Complet", MotionReduced: "Réduit",
		Version: "Version", Licences: "Licences", LicencesText: "Fyne : licence BSD à trois clauses. Noto Sans : Open Font License 1.1.", Car: "Voiture",
		Refused: "Non fait : la voiture refuse.", Uncertain: "Non confirmé. C'est peut-être fait.", TooMany: "Encore occupé. Réessayez.",
		LostScreens: "L'affichage redémarre", LostVideo: "La projection redémarre", LostCamera: "Image de caméra perdue", LostLamps: "Les témoins redémarrent",
		Compass: [8]string{"N", "NE", "E", "SE", "S", "SO", "O", "NO"}, AM: "am", PM: "pm",
	}
	w.Phones = frenchPhones()
	w.Remote = remoteWords("fr")
	corners := [hmi.Wheels]string{"avant gauche", "avant droite", "arrière gauche", "arrière droite"}
	w.four(hmi.DoorOpenFL, "Porte ouverte ", corners, "Arrêtez-vous et fermez la porte.")
	w.four(hmi.TyreLowFL, "Pneu bas ", corners, "Gonflez-le au prochain arrêt.")
	for t, v := range map[hmi.Trouble]Trouble{
		hmi.AirbagDeployed:    {"Airbag déclenché", "Arrêtez-vous. Appelez de l'aide."},
		hmi.BatteryHot:        {"Batterie trop chaude", "Arrêtez-vous, sortez, éloignez-vous."},
		hmi.MotorHot:          {"Moteur trop chaud", "Roulez doucement, laissez refroidir."},
		hmi.SpeedLost:         {"Vitesse inconnue", "Suivez le trafic. Faites contrôler."},
		hmi.ABSFault:          {"L'ABS ne marche pas", "Freinez tôt et doucement."},
		hmi.ESCFault:          {"Contrôle de stabilité", "En panne. Roulez avec prudence."},
		hmi.DriverUnbelted:    {"Conducteur non attaché", "Bouclez votre ceinture."},
		hmi.PassengerUnbelted: {"Passager non attaché", "Bouclez la ceinture."},
		hmi.RearUnbelted:      {"Arrière non attaché", "Bouclez la ceinture."},
		hmi.ParkingBrakeOn:    {"Frein à main serré", "Arrêtez-vous et desserrez-le."},
		hmi.HoodOpen:          {"Capot ouvert", "Arrêtez-vous et fermez-le."},
		hmi.FrunkOpen:         {"Coffre avant ouvert", "Arrêtez-vous et fermez-le."},
		hmi.TrunkOpen:         {"Coffre ouvert", "Arrêtez-vous et fermez-le."},
		hmi.LowVoltageLow:     {"Batterie 12 V faible", "Faites-la contrôler bientôt."},
		hmi.ChargeLow:         {"Charge faible", "Rechargez à la prochaine borne."},
		hmi.LowBeamDefect:     {"Feu de croisement", "Remplacez l'ampoule."},
		hmi.BrakeLampDefect:   {"Feu stop en panne", "Remplacez l'ampoule."},
		hmi.ESCOff:            {"Stabilité désactivée", "Roulez avec prudence."},
		hmi.WasherLow:         {"Lave-glace bas", "Remplissez-le."},
		hmi.IceRisk:           {"Risque de verglas", "Ralentissez, gardez vos distances."},
		hmi.ServiceDue:        {"Entretien à faire", "Prenez rendez-vous à l'atelier."},
	} {
		w.Troubles[t] = v
	}
	return w
}

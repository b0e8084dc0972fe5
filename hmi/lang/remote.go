package lang

// RemoteWords is what the shell says of seeking, and of what of a phone is
// commanded from the car. %s is the name of a phone or of a command.
type RemoteWords struct {
	Where, Earlier, Later string // of what plays: the line, and a step back and on

	Controls, ControlsOf string // the button, and the part of the phone screen
	Sound, Louder, Softer, Mute, Unmute,
	NextOutput string // of the phone's sound
	RingIt, LockIt, PingIt, Pinged, Locked    string
	Commands, NoCommands, NoCommandsAdvice    string
	RunSure, RunAdvice, Run, Keep, NoneToShow string
	Started                                   string
}

func remoteWords(tag string) RemoteWords {
	switch tag {
	case "de":
		return RemoteWords{
			Where: "Stelle im Titel", Earlier: "15 Sekunden zurück", Later: "15 Sekunden weiter",
			Controls: "Steuern", ControlsOf: "%s steuern",
			Sound: "Lautstärke", Louder: "Lauter", Softer: "Leiser", Mute: "Ton aus", Unmute: "Ton an", NextOutput: "Anderer Ausgang",
			RingIt: "Klingeln", LockIt: "Sperren", PingIt: "Ping", Pinged: "Der Ping ist gesendet.", Locked: "Sperren ist verlangt.",
			Commands: "Befehle", NoCommands: "Keine Befehle", NoCommandsAdvice: "Befehle werden in der App KDE Connect angelegt.",
			RunSure: "„%s“ ausführen?", RunAdvice: "Was der Befehl dort tut, weiß das Auto nicht.", Run: "Ausführen", Keep: "Lassen", NoneToShow: "Es ist nicht in Reichweite.", Started: "Befehl gesendet.",
		}
	case "fr":
		return RemoteWords{
			Where: "Position dans le titre", Earlier: "Reculer de 15 s", Later: "Avancer de 15 s",
			Controls: "Commander", ControlsOf: "Commander %s",
			Sound: "Volume", Louder: "Plus fort", Softer: "Moins fort", Mute: "Couper", Unmute: "Rétablir", NextOutput: "Autre sortie",
			RingIt: "Sonner", LockIt: "Verrouiller", PingIt: "Signaler", Pinged: "Signal envoyé.", Locked: "Verrouillage demandé.",
			Commands: "Commandes", NoCommands: "Aucune commande", NoCommandsAdvice: "Elles se créent dans l'application KDE Connect.",
			RunSure: "Exécuter « %s » ?", RunAdvice: "La voiture ne sait pas ce que fait cette commande.", Run: "Exécuter", Keep: "Laisser", NoneToShow: "Hors de portée.", Started: "Commande envoyée.",
		}
	case "es":
		return RemoteWords{
			Where: "Posición en el título", Earlier: "15 segundos atrás", Later: "15 segundos adelante",
			Controls: "Controlar", ControlsOf: "Controlar %s",
			Sound: "Volumen", Louder: "Más alto", Softer: "Más bajo", Mute: "Silenciar", Unmute: "Con sonido", NextOutput: "Otra salida",
			RingIt: "Sonar", LockIt: "Bloquear", PingIt: "Avisar", Pinged: "Aviso enviado.", Locked: "Bloqueo pedido.",
			Commands: "Órdenes", NoCommands: "Sin órdenes", NoCommandsAdvice: "Se crean en la aplicación KDE Connect.",
			RunSure: "¿Ejecutar «%s»?", RunAdvice: "El coche no sabe qué hace esta orden allí.", Run: "Ejecutar", Keep: "Dejar", NoneToShow: "Fuera de alcance.", Started: "Orden enviada.",
		}
	}
	return RemoteWords{
		Where: "Place in the track", Earlier: "15 seconds back", Later: "15 seconds on",
		Controls: "Control", ControlsOf: "Control %s",
		Sound: "Volume", Louder: "Louder", Softer: "Softer", Mute: "Mute", Unmute: "Sound on", NextOutput: "Other output",
		RingIt: "Ring", LockIt: "Lock", PingIt: "Ping", Pinged: "The ping was sent.", Locked: "Asked to lock.",
		Commands: "Commands", NoCommands: "No commands", NoCommandsAdvice: "Commands are made in the KDE Connect app.",
		RunSure: "Run “%s”?", RunAdvice: "The car does not know what the command does there.", Run: "Run", Keep: "Leave it", NoneToShow: "It is not in reach.", Started: "The command was sent.",
	}
}

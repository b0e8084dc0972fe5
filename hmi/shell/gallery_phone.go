package shell

import (
	"time"

	"tandem/hmi"
	"tandem/phonelink"
)

// Link is a condition of the phone link that a scene is made in.
type Link string

// Conditions of the phone link. The zero value is a car without one.
const (
	NoLink   Link = ""         // the car has none
	Broken   Link = "broken"   // it does not work
	Alone    Link = "alone"    // no phone is paired
	Calm     Link = "calm"     // a phone is there, and nothing is under way
	Busy     Link = "busy"     // music on the phone, messages, a file, a phone that is absent
	Offers   Link = "offers"   // a destination and a get-in hop wait for a yes
	Moving   Link = "moving"   // a song is on its way here, another was given away
	Rings    Link = "rings"    // a call
	Pairs    Link = "pairs"    // the pairing screen is open
	Compares Link = "compares" // and two phones ask
	Doubts   Link = "doubts"   // a person is asked whether to unpair
	Locked   Link = "locked"   // the profile's contents wait for its PIN
	Full     Link = "full"     // long words and long lists
	Works    Link = "works"    // a destination, drafts, a page and a copied text, on both sides
	Reads    Link = "reads"    // a draft is read here
	Writes   Link = "writes"   // and changed
	Pages    Link = "pages"    // a page is read here
	Controls Link = "controls" // a computer at home is commanded from here
	Runs     Link = "runs"     // a person is asked whether to run a command there
	Lone     Link = "lone"     // where the car is to go, and no phone in reach
)

// Links are all of them but NoLink.
func Links() []Link {
	return []Link{Broken, Alone, Calm, Busy, Offers, Moving, Rings, Pairs, Compares, Doubts, Locked, Full, Works, Reads, Writes, Pages, Lone, Controls, Runs}
}

// Music is what the car itself can play in this condition; nil for nothing.
func (l Link) Music() *hmi.Music {
	switch l {
	case Busy, Calm:
		m := &hmi.Music{}
		for _, a := range [][2]string{{"Landstraße", "Die Uferlosen"}, {"Winterreise", "Franz Schubert"}, {"Kreuzungen", "Trio Halbmond"}, {"Nordlicht", "Inga Sund"}, {"Frühe Stücke", "Inga Sund"}, {"Werkstattlieder", "Chor Rosenheim"}} {
			m.Albums = append(m.Albums, hmi.Album{Title: a[0], Artist: a[1]})
		}
		return m
	case Full:
		m := &hmi.Music{}
		for range 90 {
			m.Albums = append(m.Albums, hmi.Album{Title: longName, Artist: longName})
		}
		return m
	}
	return nil
}

// longName is a name that no place has room for.
const longName = "Donaudampfschifffahrtsgesellschaftskapitän Maximilian-Alexander von und zu Hohenwaldeck-Reichersbeuern"

// Devices of the scenes.
const (
	anas  phonelink.Device = "tdanas"
	stock phonelink.Device = "kde:bens"
	desk  phonelink.Device = "kde:desk"
)

// View is the phone link's view in this condition at a moment; nil for NoLink.
func (l Link) View(now time.Time) *phonelink.View {
	v := &phonelink.View{Self: "tdcar", Name: "Tandem One", Profile: "owner"}
	switch l {
	case NoLink:
		return nil
	case Broken:
		v.Trouble, v.Troubles = "The phone link cannot write to its disk: no space left on device", []phonelink.TroubleCode{phonelink.TroubleDisk}
		return v
	case Alone:
		return v
	case Locked:
		v.Locked = true
		return v
	}
	v.Phones = linkPhones(now)
	switch l {
	case Busy:
		busy(v, now)
	case Offers:
		busy(v, now)
		v.Offers = []phonelink.Offer{
			{Session: destination(now, "Café am Rosengarten", stock), From: stock, Why: phonelink.OfferSent, Until: now.Add(9 * time.Minute)},
			{Session: song(now, anas, false), From: anas, Why: phonelink.OfferGetIn, Until: now.Add(time.Minute)},
		}
	case Moving:
		busy(v, now)
		v.Sessions[0].Handoff, v.Sessions[0].Progress = phonelink.Preparing, 0.6
		back := destination(now, "Marienplatz 1", anas)
		back.TakeBack = now.Add(7 * time.Minute)
		v.Sessions = append(v.Sessions, back)
	case Rings:
		busy(v, now)
		v.Calls = []phonelink.CallView{{Device: stock, CallDoc: phonelink.CallDoc{State: phonelink.CallRinging, Name: "Clara Hoffmann", Number: "+49 89 1234567", Start: now}}}
	case Pairs, Compares:
		v.Pairing = &phonelink.Pairing{Until: now.Add(104 * time.Second), QR: "tandem:1?k=Zm9yIGEgc2NlbmUgb25seSwgbm90IGEga2V5IG9mIGFueW9uZQ&s=MTIzNDU2Nzg5MGFiY2RlZg&a=192.168.44.7:45127&n=Tandem%20One"}
		if l == Compares {
			v.Pairing.Tries = []phonelink.Candidate{
				{Device: "kde:new", Name: "Davids Fairphone", Code: "7A3F09C2", Adapter: "kdeconnect"},
				{Device: "tdnew", Name: "Pixel", Code: "482913"},
			}
		}
	case Full:
		full(v, now)
	case Works, Reads, Writes, Pages:
		works(v, now)
	case Controls, Runs:
		controls(&v.Phones[2])
	case Lone:
		v.Phones = v.Phones[2:]
		goal := destination(now, "Werkstatt Lindner", "tdcar")
		goal.Local, goal.OnPhone = true, ""
		v.Sessions = []phonelink.SessionView{goal}
	}
	return v
}

func linkPhones(now time.Time) []phonelink.Phone {
	const stockCan = phonelink.CanMedia | phonelink.CanNotify | phonelink.CanReply | phonelink.CanSMS | phonelink.CanCall | phonelink.CanMute | phonelink.CanClipboardTap |
		phonelink.CanFiles | phonelink.CanRing | phonelink.CanBattery | phonelink.CanSignal | phonelink.CanContacts
	return []phonelink.Phone{
		{Device: anas, Name: "Anas Telefon", Model: "phone", Presence: phonelink.Linked, Since: now.Add(-time.Hour), Battery: 82, Signal: 3, Network: "5G",
			Can: phonelink.CanHandOff | phonelink.CanMedia | phonelink.CanNotify | phonelink.CanReply | phonelink.CanClipboard | phonelink.CanFiles | phonelink.CanRing | phonelink.CanBattery | phonelink.CanSignal},
		{Device: stock, Name: "Bens Galaxy", Model: "phone", Adapter: "kdeconnect", Presence: phonelink.Quiet, Since: now.Add(-time.Minute), Battery: 37, Charging: true, Signal: 2, Network: "LTE", Can: stockCan, Hints: []phonelink.HintCode{phonelink.HintBattery, phonelink.HintTap, phonelink.HintMedia}},
		{Device: desk, Name: "Arbeitszimmer", Model: "laptop", Adapter: "kdeconnect", Presence: phonelink.Absent, Since: now.Add(-3 * time.Hour), Battery: -1, Signal: -1, Can: phonelink.CanMedia | phonelink.CanClipboard | phonelink.CanFiles},
	}
}

func sessionID(n byte) (id phonelink.SessionID) {
	id[0], id[15] = 1, n
	return id
}

// song is an album under way.
func song(now time.Time, owner phonelink.Device, local bool) phonelink.SessionView {
	var q []phonelink.Track
	for i, t := range []string{"Nachtfahrt", "Am Wasser entlang", "Fünf Uhr früh", "Ohne Karte", "Lichter von Prien", "Heimweg"} {
		q = append(q, phonelink.Track{ID: string(rune('a' + i)), Title: t, Artist: "Die Uferlosen", Album: "Landstraße", Length: time.Duration(180+i*23) * time.Second})
	}
	doc := &phonelink.MediaDoc{Queue: q, Index: 1, Position: 71 * time.Second, At: phonelink.Stamp(now.UnixMilli()) << 16, Rate: 1, Volume: 1, Playing: true}
	s := phonelink.SessionView{Session: phonelink.Session{ID: sessionID(1), Kind: phonelink.Media, Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: owner}}, Doc: doc, Icon: [32]byte{1}, Title: "Landstraße", App: "Tandem Player", Needs: phonelink.NeedsAudio}, Local: local, OnPhone: anas}
	return s
}

func destination(_ time.Time, name string, owner phonelink.Device) phonelink.SessionView {
	doc := &phonelink.NavigationDoc{Destination: phonelink.Place{ID: "d", Name: name, Latitude: 48.14, Longitude: 11.6}}
	return phonelink.SessionView{Session: phonelink.Session{ID: sessionID(2), Kind: phonelink.Navigation, Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: owner}}, Doc: doc, Title: name, App: "Maps"}, OnPhone: owner}
}

// busy is an ordinary evening with two phones in the car.
func busy(v *phonelink.View, now time.Time) {
	v.Sessions = []phonelink.SessionView{song(now, anas, false), destination(now, "Werkstatt Lindner", anas)}
	v.Phones[1].Players = []phonelink.Player{{Name: "Antennapod", Title: "Folge 212: Wie Brücken schwingen", Artist: "Bauwerke", Position: 10 * time.Minute, At: now, Length: 48 * time.Minute, Volume: 60, CanPause: true, CanPlay: true, CanNext: true, CanPrevious: true, CanSeek: true}}
	v.Phones[0].Clipboard = "Ziegelstraße 14, 2. Hof, bei Lindner klingeln"
	v.Notifications = []phonelink.Notification{
		{ID: "1", Device: anas, App: "Kalender", Title: "Elternabend um 19:30", Text: "Aula, Haupteingang. Bitte die Unterlagen mitbringen.", Time: now.Add(-4 * time.Minute), CanDismiss: true},
		{ID: "2", Device: stock, App: "Signal", Title: "Clara Hoffmann", Text: "Seid ihr schon unterwegs? Ich stelle den Ofen an, sobald ihr bei Rosenheim seid.", Time: now.Add(-11 * time.Minute), CanReply: true, CanDismiss: true},
		{ID: "3", Device: stock, App: "Paketdienst", Title: "Zustellung morgen", Time: now.Add(-50 * time.Minute), CanDismiss: true},
	}
	v.Threads = []phonelink.Thread{
		{Device: stock, ID: "7", Names: []string{"Clara Hoffmann"}, Addresses: []string{"+49891234567"}, Unread: 2, Messages: []phonelink.Message{
			{From: "Clara", Text: "Bringt ihr Brot mit?", Time: now.Add(-40 * time.Minute)},
			{Text: "Machen wir.", Time: now.Add(-38 * time.Minute)},
			{From: "Clara", Text: "Und sagt Bescheid, wenn ihr da seid.", Time: now.Add(-12 * time.Minute)},
		}},
		{Device: stock, ID: "8", Names: []string{"Werkstatt Lindner"}, Addresses: []string{"+4980317766"}, Messages: []phonelink.Message{{From: "Lindner", Text: "Ihr Wagen ist ab 16 Uhr fertig.", Time: now.Add(-5 * time.Hour)}}},
	}
	v.Transfers = []phonelink.Transfer{
		{ID: "t1", Device: anas, Name: "Anfahrt.pdf", Size: 3_400_000, Done: 1_900_000, Incoming: true},
		{ID: "t2", Device: stock, Name: "IMG_2041.jpg", Size: 5_210_000, Done: 5_210_000, Incoming: true, Finished: true, Path: "/data/tandem/profiles/owner/files/IMG_2041.jpg"},
		{ID: "t3", Device: stock, Name: "Urlaub.zip", Size: 812_000_000, Done: 66_000_000, Incoming: true, Problem: "no space left on device"},
	}
	v.Calls = []phonelink.CallView{{Device: stock, CallDoc: phonelink.CallDoc{State: phonelink.CallMissed, Name: "Clara Hoffmann", Number: "+49891234567", Start: now.Add(-30 * time.Minute)}}}
}

// controls makes a phone one that lets itself be commanded.
func controls(p *phonelink.Phone) {
	p.Presence, p.Battery, p.Charging = phonelink.Linked, 64, true
	p.Can |= phonelink.CanCommands | phonelink.CanVolume | phonelink.CanLock | phonelink.CanRing | phonelink.CanBattery
	for i, name := range []string{"Bildschirm aus", "Rollladen zu", "Sicherung starten", "Herunterfahren", "Drucker wecken", "Musik an", "Standby"} {
		p.Commands = append(p.Commands, phonelink.PhoneCommand{Key: "k" + string(rune('0'+i)), Name: name})
	}
	p.Outputs = []phonelink.Output{{Name: "analog", Title: "Lautsprecher am Schreibtisch", Volume: 45}, {Name: "hdmi", Title: "Fernseher", Volume: 20, Muted: true}}
}

// works is what is under way on both sides.
func works(v *phonelink.View, now time.Time) {
	busy(v, now)
	goal := destination(now, "Café am Rosengarten", "tdcar")
	goal.ID, goal.Local, goal.OnPhone = sessionID(6), true, anas
	is := func(n byte, owner phonelink.Device, kind phonelink.Kind, doc phonelink.Document) phonelink.SessionView {
		return phonelink.SessionView{Session: phonelink.Session{ID: sessionID(n), Kind: kind, Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: owner}}, Doc: doc}, Local: owner == "tdcar", OnPhone: anas}
	}
	draft := is(draftID, "tdcar", phonelink.Draft, &phonelink.DraftDoc{To: []string{"Clara Hoffmann"}, Via: anas, Text: "Wir sind gerade erst los, auf der A8 steht alles. Stell den Ofen ruhig eine halbe Stunde später an, ich melde mich ab Rosenheim noch einmal.\nBrot ist dabei!"})
	draft.App, draft.Needs = "Signal", phonelink.NeedsKeyboard
	page := is(pageID, "tdcar", phonelink.Page, &phonelink.PageDoc{URL: "https://www.example.org/wandern/chiemgau/hochfelln-ueberschreitung?etappe=3", Title: "Hochfelln-Überschreitung: Etappe 3", Scroll: 42})
	page.App, page.Needs = "Firefox", phonelink.NeedsDisplay|phonelink.NeedsParked
	page.Title = "Hochfelln-Überschreitung: Etappe 3"
	other := is(9, anas, phonelink.Draft, &phonelink.DraftDoc{To: []string{"Ben"}, Text: "Morgen um acht?"})
	other.App, other.Needs = "Signal", phonelink.NeedsKeyboard
	clip := is(10, "tdcar", phonelink.Clipboard, &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte("Ziegelstraße 14, 2. Hof")})
	v.Sessions = append([]phonelink.SessionView{goal, draft, page}, append(v.Sessions, other, clip)...)
}

// Sessions of works that are read.
const draftID, pageID = 7, 8

// state is what the shell remembers in a scene of this condition.
func (l Link) state(now time.Time) (pick hmi.Pick, writing hmi.Writing) {
	switch l {
	case Doubts:
		pick.Doubt = true
	case Reads, Writes:
		pick.Key = sessionID(draftID).String()
	case Controls, Full:
		pick.Phone = desk
	case Runs:
		pick.Phone, pick.Key, pick.Doubt = desk, "k2", true
	case Pages:
		pick.Key = sessionID(pageID).String()
	}
	if w := hmi.PhonesOf(l.View(now), hmi.Limits{Setup: true, Texts: true}, now).WorkOf(pick.Key); l == Writes && w != nil {
		writing = hmi.Writing{Key: w.Key, Text: w.Full, Base: w.Full, Cursor: len(w.Full)}
	}
	return pick, writing
}

// full is more, and longer, than there is room for.
func full(v *phonelink.View, now time.Time) {
	busy(v, now)
	const long = longName
	v.Name = long
	for i := range 6 {
		p := v.Phones[1]
		p.Hints = nil
		p.Device, p.Name, p.Hint = phonelink.Device("kde:long"+string(rune('a'+i))), long, "Battery saving is on for the app on this phone: switch it off in the phone's settings, or the link drops when the screen is dark."
		p.Network, p.Battery = "LTE", 100
		v.Phones = append(v.Phones, p)
	}
	v.Phones[0].Name, v.Phones[1].Name, v.Phones[2].Name = long, long, long
	controls(&v.Phones[2])
	for i := range v.Phones[2].Commands {
		v.Phones[2].Commands[i].Name = long
	}
	v.Phones[2].Outputs[0].Title, v.Phones[2].Outputs[0].Volume = long, 100
	doc := v.Sessions[0].Doc.(*phonelink.MediaDoc)
	for i := range doc.Queue {
		doc.Queue[i].Title, doc.Queue[i].Artist, doc.Queue[i].Length = long, long, 11*time.Hour
	}
	for i := range 40 {
		doc.Queue = append(doc.Queue, phonelink.Track{ID: "x" + string(rune('0'+i)), Title: long, Artist: long})
		v.Notifications = append(v.Notifications, phonelink.Notification{ID: "n" + string(rune('0'+i)), Device: stock, App: long, Title: long, Text: long + " " + long + " " + long, Time: now, CanReply: true, CanDismiss: true})
		v.Threads = append(v.Threads, phonelink.Thread{Device: stock, ID: "m" + string(rune('0'+i)), Names: []string{long, long}, Addresses: []string{"1"}, Unread: 888, Messages: []phonelink.Message{{From: long, Text: long + " " + long, Time: now}, {Text: long, Time: now}}})
		v.Transfers = append(v.Transfers, phonelink.Transfer{ID: "f" + string(rune('0'+i)), Device: stock, Name: long + ".tar", Size: 888_800_000_000, Done: 1, Problem: long})
	}
	v.Notifications = append(v.Notifications[3:], v.Notifications[:3]...)
	v.Threads = append(v.Threads[2:], v.Threads[:2]...)
	v.Transfers = append(v.Transfers[2:], v.Transfers[:2]...)
	v.Phones[0].Clipboard = long + " " + long
	v.Calls = []phonelink.CallView{{Device: stock, CallDoc: phonelink.CallDoc{State: phonelink.CallRinging, Name: long, Number: long}}, {Device: stock, CallDoc: phonelink.CallDoc{State: phonelink.CallMissed, Number: long}}}
	v.Offers = []phonelink.Offer{{Session: destination(now, long, stock), From: stock, Why: phonelink.OfferSent, Until: now.Add(time.Minute)}}
	v.Pairing = &phonelink.Pairing{Until: now.Add(2 * time.Minute), QR: "tandem:1?k=" + long + long, Tries: []phonelink.Candidate{{Device: "tdx", Name: long, Code: "DDDDDDDD", Adapter: "kdeconnect"}, {Device: "tdy", Name: long, Problem: long}}}
}

// phonesFor is the model of a scene's phones.
func (s Scene) phonesFor(l hmi.Limits, now time.Time) *hmi.Phones {
	return hmi.PhonesOf(s.Link.View(now), l, now)
}

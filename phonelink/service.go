package phonelink

import (
	"context"
	"time"

	"tandem/vehicle"
)

// Service is the phone link as the shell and other clients see it: in the same
// process, or another one behind phonelink/rpc. Both methods are for any
// goroutine.
type Service interface {
	// Watch follows what is known of phones and sessions. The caller closes it.
	Watch() Watch
	// Do carries a request out and returns when it is done, was refused (a
	// *Refusal) or ctx has ended; any other error may have happened.
	Do(ctx context.Context, r Request) error
}

// Pictures is what a Service, and an Adapter, may have beside: the pictures that
// sessions (Session.Icon) and players (Player.Icon) name. It is for any
// goroutine.
type Pictures interface {
	// Picture is the bytes with this hash, at most MaxPicture, as another device
	// sent them: whether they are a picture, and how large a one, is for the
	// reader to find out with care. A *Refusal with RefusedUnknown: it is not
	// here, or not yet.
	Picture(ctx context.Context, sha256 [32]byte) ([]byte, error)
}

// MaxPicture is the longest picture, in bytes.
const MaxPicture = 4 << 20

// Watch tells one reader that the View changed. It has one slot: a reader that
// is late reads the latest, and a writer never waits.
type Watch interface {
	C() <-chan struct{}
	View() *View // never nil; shared, not to be changed
	Close()
}

// Refusal says that a request was not carried out, and why, to a person.
type Refusal struct {
	Code   RefusalCode
	Reason string // a sentence, in English; the code is what a shell translates
}

func (r *Refusal) Error() string { return r.Reason }

// RefusalCode is why a request was refused.
type RefusalCode string

// Codes of refusals.
const (
	RefusedMoving      RefusalCode = "moving"      // only while parked
	RefusedAbsent      RefusalCode = "absent"      // the phone is not in reach
	RefusedUnknown     RefusalCode = "unknown"     // no such phone, session or notification
	RefusedOwner       RefusalCode = "owner"       // not this device's to give
	RefusedMismatch    RefusalCode = "mismatch"    // the other side cannot go on with it
	RefusedDeclined    RefusalCode = "declined"    // a person said no to the offer
	RefusedExpired     RefusalCode = "expired"     // too late
	RefusedProfile     RefusalCode = "profile"     // not in this profile, or locked
	RefusedPairing     RefusalCode = "pairing"     // the pairing screen is not open, or pairing failed
	RefusedUnsupported RefusalCode = "unsupported" // the phone's software cannot do it
	RefusedPolicy      RefusalCode = "policy"      // not allowed to ask this of the car
)

// View is one snapshot of all that a shell shows. It is immutable.
type View struct {
	Self          Device
	Name          string // of this car
	Profile       Profile
	Locked        bool          // the profile's contents cannot be read yet
	Pairing       *Pairing      // nil: the pairing screen is not open
	Phones        []Phone       // paired ones, by name
	Sessions      []SessionView // most recent first
	Offers        []Offer
	Notifications []Notification // newest first
	Calls         []CallView
	Threads       []Thread // newest first
	Transfers     []Transfer
	Trouble       string        // what does not work of the link, and why; "" for none
	Troubles      []TroubleCode // of Trouble; none for a Trouble without a code: the link as a whole
}

// TroubleCode is what does not work of the link, for a shell to translate.
type TroubleCode string

// Codes of troubles.
const (
	TroubleDisk    TroubleCode = "disk"    // nothing can be kept
	TroubleProfile TroubleCode = "profile" // the profile cannot be opened
	TroubleSilent  TroubleCode = "silent"  // the link does not answer
	TroubleDamaged TroubleCode = "damaged" // a record was damaged; sessions come back from the phones
	TroubleOthers  TroubleCode = "others"  // phones with other software cannot be reached
)

// Partial reports whether the rest of the link works.
func (c TroubleCode) Partial() bool { return c == TroubleDamaged || c == TroubleOthers }

// Pairing is the open pairing screen.
type Pairing struct {
	Until time.Time
	QR    string      // what the code on the screen says
	Tries []Candidate // who asks to be paired
}

// Candidate is a phone that asks to be paired.
type Candidate struct {
	Device  Device
	Name    string
	Code    string // six digits, or eight hex digits of KDE Connect, to be compared; "" while it is not known
	Adapter string // "" for a Tandem peer, "kdeconnect"
	Problem string // why it cannot go on; "" for none
}

// Presence is how well a phone is reached.
type Presence uint8

// Presences.
const (
	Absent     Presence = iota // not reached
	Connecting                 // an address is known
	Linked                     // a trusted link is up
	Quiet                      // linked, but overdue: about to be absent
)

var presenceNames = [...]string{"absent", "connecting", "linked", "quiet"}

func (p Presence) String() string {
	if int(p) < len(presenceNames) {
		return presenceNames[p]
	}
	return "unknown"
}

// Ability is what a phone's software can do, so that a screen offers no more.
type Ability uint32

// Abilities.
const (
	CanHandOff       Ability = 1 << iota // sessions with exactly one owner
	CanMedia                             // reports and controls its players
	CanNotify                            // mirrors notifications
	CanReply                             // replies to them
	CanSMS                               // threads and sending
	CanCall                              // reports calls
	CanMute                              // silences the ringing
	CanClipboard                         // gives its clipboard by itself
	CanClipboardTap                      // gives its clipboard only on a tap there (Android 10 and later)
	CanFiles                             // sends and receives files
	CanRing                              // can be made to ring
	CanBattery                           // reports its battery
	CanSignal                            // reports its reception
	CanContacts                          // gives its contacts
	CanCommands                          // has commands to run
	CanVolume                            // lets its volume be set
	CanLock                              // can be locked
	CanRemoteControl                     // takes pointer and keys
)

// Phone is one paired phone.
type Phone struct {
	Device    Device
	Name      string
	Model     string // "phone", "tablet", "laptop", "desktop"
	Adapter   string // "" for a Tandem peer, "kdeconnect"
	Presence  Presence
	Since     time.Time // of the Presence
	Can       Ability
	Battery   int // percent; -1: not known
	Charging  bool
	Network   string // "5G", "LTE"; "" not known
	Signal    int    // 0 to 4; -1: not known
	Players   []Player
	Clipboard string // what the phone gave; "" for none
	Commands  []PhoneCommand
	Outputs   []Output   // of its sound, the one in use first; none: it does not let them be set
	Hint      string     // what a person should do, or know, on the phone; "" for nothing
	Hints     []HintCode // of Hint, in its order; none for a Hint without codes
}

// HintCode is a line of a phone's Hint, for a shell to translate.
type HintCode string

// Codes of hints.
const (
	HintBattery    HintCode = "battery"    // exempt the app from battery saving
	HintForeground HintCode = "foreground" // keep the app open on the screen
	HintTap        HintCode = "tap"        // the clipboard takes a tap there
	HintMedia      HintCode = "media"      // media goes over by pausing there and playing here
)

// PhoneCommand is something that the phone offers to run.
type PhoneCommand struct{ Key, Name string }

// Output is where a phone's sound goes.
type Output struct {
	Name   string // unique on the phone
	Title  string // for a person; "" for none
	Volume int    // percent
	Muted  bool
}

// Player is a media player on a phone whose sessions are not Tandem's: it can
// be told to pause, no more.
type Player struct {
	Name                                             string
	Title                                            string
	Artist                                           string
	Album                                            string
	URL                                              string
	Position                                         time.Duration // at At
	At                                               time.Time
	Length                                           time.Duration // 0: not known
	Playing                                          bool
	Volume                                           int      // percent; -1: not known
	Icon                                             [32]byte // SHA-256 of its picture, which a Pictures has; zero for none
	CanPause, CanPlay, CanNext, CanPrevious, CanSeek bool
}

// HandoffState is what is happening to a session's ownership.
type HandoffState uint8

// States of a hand-off.
const (
	Settled   HandoffState = iota
	Preparing              // the receiver loads; the owner goes on
	Moving                 // committed; the receiver is about to go on
)

// SessionView is a session as a shell shows it.
type SessionView struct {
	Session
	Local    bool   // this device owns it
	OnPhone  Device // the peer that has a copy or owns it; "" for none
	Handoff  HandoffState
	TakeBack time.Time // until when it can be taken back from here; zero: not
	Alone    bool      // the owner is out of reach
	Copy     bool      // kept beside another because both were changed
	Progress float64   // 0 to 1 of its assets

	// What this device's player is to do with it.
	Load     bool      // get ready to render and say so with Loaded; be silent
	Render   bool      // render, from RenderAt on; not Render: be silent, from RenderAt on
	RenderAt time.Time // this device's clock; zero: at once
}

// Offer is a session that waits for a person to say yes.
type Offer struct {
	Session SessionView
	From    Device
	Why     OfferWhy
	Until   time.Time
}

// OfferWhy is what led to an offer.
type OfferWhy string

// Reasons of offers.
const (
	OfferSent      OfferWhy = "sent"      // the phone sent it
	OfferGetIn     OfferWhy = "get-in"    // the driver got in with it on the phone
	OfferGetOut    OfferWhy = "get-out"   // the driver leaves: to the phone
	OfferReturned  OfferWhy = "returned"  // the phone is back in reach; a person here wanted it when it was not
	OfferCollision OfferWhy = "collision" // both sides changed it; this is what was written here, kept there as a session of its own
)

// Notification is one of the phone's. Text is hidden by the shell while moving.
type Notification struct {
	ID         string // unique with Device
	Device     Device
	App        string
	Title      string
	Text       string
	Time       time.Time
	CanReply   bool
	CanDismiss bool
	Actions    []string
}

// CallView is a call on a phone.
type CallView struct {
	Device  Device
	Session SessionID // zero when the adapter has no session for it
	CallDoc
}

// Thread is a conversation.
type Thread struct {
	Device    Device
	ID        string
	Names     []string
	Addresses []string
	Messages  []Message // oldest first
	Unread    int
}

// Message is one text of a Thread.
type Message struct {
	ID   string
	From string // "" for the phone's own
	Text string
	Time time.Time
}

// Transfer is a file on its way.
type Transfer struct {
	ID       string
	Device   Device
	Name     string
	Size     int64 // bytes; -1: not known
	Done     int64 // bytes
	Incoming bool
	Finished bool
	Problem  string // "" for none
	Path     string // where an incoming file is; "" until finished
}

// Request is what a person, or a rule, wants of the phone link. Each is one of
// the structs below.
type Request interface{ request() }

// Requests about pairing and profiles. While the car is not parked those that
// set something up are refused.
type (
	OpenPairing  struct{} // for 120 s
	ClosePairing struct{}
	Confirm      struct {
		Device Device
		Accept bool
	} // the code was compared
	RequestPair struct{ Device Device } // ask a candidate from here
	Unpair      struct{ Device Device }
	SetProfile  struct{ Profile Profile } // Guest and Valet too
	Unlock      struct{ PIN string }      // of the profile
)

// Requests about sessions.
type (
	Take struct{ Session SessionID } // continue here
	Send struct {
		Session SessionID
		To      Device
	} // continue there
	TakeBack struct{ Session SessionID }
	Accept   struct{ Session SessionID } // an Offer
	Decline  struct{ Session SessionID }
	Open     struct{ Session Session } // a new one, owned here; ID and Rev are filled in
	Edit     struct {
		Session SessionID
		Op      Op
	}
	End  struct{ Session SessionID }
	Copy struct{ Session SessionID } // go on with a new session that starts as this one is known here
)

// Reports of the device's player, which follows SessionView's Load and Render.
type (
	Loaded struct { // ready to render at once
		Session SessionID
		Problem string // why it cannot be rendered here; "" for none
	}
	Playhead struct { // on every change, and once a second while playing
		Session  SessionID
		Position time.Duration
		Playing  bool // sound is really coming out
		At       time.Time
	}
)

// Requests about a phone and what it shows.
type (
	Control struct { // of a player
		Device Device
		Player string
		Action string        // "play", "pause", "next", "previous", "stop"
		Seek   time.Duration // absolute position if Action is "seek"
		Volume int           // percent if Action is "volume"
	}
	Dismiss struct {
		Device Device
		ID     string
	}
	Reply struct {
		Device   Device
		ID, Text string
	} // to a notification
	Act struct {
		Device     Device
		ID, Action string
	}
	SendMessage struct {
		Device Device
		To     []string
		Text   string
	}
	ReadThread struct {
		Device Device
		ID     string
	} // ask for its messages
	MuteRinger    struct{ Device Device }
	SendClipboard struct {
		Device Device
		Text   string
	}
	SendFile struct {
		Device Device
		Path   string
	}
	SendText struct {
		Device Device
		Text   string
	} // text, link or geo: URI
	Cancel struct{ Transfer string }
	Ring   struct{ Device Device }
	Ping   struct {
		Device Device
		Text   string
	}
	Run struct {
		Device Device
		Key    string
	}
	Lock      struct{ Device Device }
	SetVolume struct { // of an Output
		Device  Device
		Output  string
		Percent int
	}
	SetMuted struct { // an Output
		Device Device
		Output string
		Muted  bool
	}
	Input struct { // pointer and keys, for one that has CanRemoteControl
		Device                  Device
		DX, DY                  float64 // pixels; of a wheel if Scroll
		Scroll                  bool
		Button                  string // "left", "double", "middle", "right", "hold", "release"; "" none
		Key                     string // one character; "" none
		Special                 int    // a key without one, in KDE Connect's count: 1 backspace, 2 tab, 4 left, 5 up, 6 right, 7 down, 12 enter
		Alt, Ctrl, Shift, Super bool
	}
)

func (OpenPairing) request()   {}
func (ClosePairing) request()  {}
func (Confirm) request()       {}
func (RequestPair) request()   {}
func (Unpair) request()        {}
func (SetProfile) request()    {}
func (Unlock) request()        {}
func (Take) request()          {}
func (Send) request()          {}
func (TakeBack) request()      {}
func (Accept) request()        {}
func (Decline) request()       {}
func (Open) request()          {}
func (Edit) request()          {}
func (End) request()           {}
func (Copy) request()          {}
func (Loaded) request()        {}
func (Playhead) request()      {}
func (Control) request()       {}
func (Dismiss) request()       {}
func (Reply) request()         {}
func (Act) request()           {}
func (SendMessage) request()   {}
func (ReadThread) request()    {}
func (MuteRinger) request()    {}
func (SendClipboard) request() {}
func (SendFile) request()      {}
func (SendText) request()      {}
func (Cancel) request()        {}
func (Ring) request()          {}
func (Ping) request()          {}
func (Run) request()           {}
func (Lock) request()          {}
func (SetVolume) request()     {}
func (SetMuted) request()      {}
func (Input) request()         {}

// Adapter translates a foreign protocol to sessions and status. New starts
// nothing; Run owns its goroutines and sockets. Watch, Do and Incoming are for
// any goroutine. Its View has only what is its own: phones, candidates,
// notifications, calls, threads, transfers.
type Adapter interface {
	Run(ctx context.Context) error
	Watch() Watch
	// Do takes the requests that name one of its devices, and OpenPairing,
	// ClosePairing and SetProfile, which every adapter is told.
	Do(ctx context.Context, r Request) error
	// Incoming is what its phones sent: a destination, a page, a text, a file.
	Incoming() <-chan Incoming
}

// Incoming is a session that an adapter's phone sent. It has an owner only
// once a person here accepts it.
type Incoming struct {
	From    Device
	Session Session
	Path    string // of a received file; "" for none
}

// Car is what the phone link may know and ask of the car: signals by name, and
// typed wishes that policy may refuse. It never sees a bus.
type Car interface {
	Sample(now time.Time, p vehicle.Path) vehicle.Sample
	Ask(ctx context.Context, c vehicle.Command) vehicle.Outcome
}

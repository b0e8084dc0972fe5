package phonelink

import "time"

// Now is the time of an event, on this device's two clocks.
type Now struct {
	Wall time.Time
	Mono time.Duration // since any moment of this process; never goes back
}

// Event is what the machine is told: one of the structs below, Loaded or
// Playhead.
type Event interface{ event() }

// Events.
type (
	// Boot is the first event after New or Recover. Seed is random.
	Boot struct{ Seed [32]byte }
	// Tick says only that time has passed; see Deadline.
	Tick struct{}
	// Peers is the whole list of trusted devices, whenever it changes, and whose
	// device this one is (nil: anybody's): others' sessions can be looked at,
	// not changed or taken.
	Peers struct {
		List []PeerInfo
		Own  []Profile
	}
	// PeerUp says that a trusted link stands. Fresh: the peer may have
	// forgotten what was said before, so all is compared anew.
	PeerUp struct {
		Device Device
		Fresh  bool
		RTT    time.Duration // 0: not known
	}
	PeerDown struct{ Device Device }
	Received struct {
		From    Device
		Message Msg
	}
	// Ask is a request of this device's person; it is answered by a Done or a
	// Refuse with the same Tag, at once or later. Requests that are not about
	// sessions are refused.
	Ask struct {
		Tag     uint64
		Request Request
	}
	// Conditions is what is known of the vehicle. Not Known counts as moving.
	Conditions struct{ Known, Moving bool }
	// Performed says that what a Perform asked for has been done.
	Performed struct {
		Session SessionID
		Op      OpID
	}
)

// PeerInfo says what a trusted device may know.
type PeerInfo struct {
	Device   Device
	Profiles []Profile // whose device it is
	Inside   bool      // a passenger's: shareable sessions only, and never to own
}

func (Boot) event()       {}
func (Tick) event()       {}
func (Peers) event()      {}
func (PeerUp) event()     {}
func (PeerDown) event()   {}
func (Received) event()   {}
func (Ask) event()        {}
func (Conditions) event() {}
func (Performed) event()  {}
func (Loaded) event()     {}
func (Playhead) event()   {}

// Effect is what the caller of Next has to do, in order: one of the structs
// below.
type Effect interface{ effect() }

// Effects.
type (
	// Persist wants the record on the disk. Nothing after it in the slice may
	// happen before it is durable; records that follow each other may be made
	// durable together.
	Persist struct{ Record []byte }
	// Transmit sends a message; it may be lost.
	Transmit struct {
		To      Device
		Class   Class
		Message Msg
	}
	// Load gets the player ready, silently; it answers with Loaded.
	Load struct{ Session SessionID }
	// Render lets this device be seen and heard with the session from At on;
	// zero: at once.
	Render struct {
		Session SessionID
		At      time.Time
	}
	// Silence ends Render at At; zero: at once.
	Silence struct {
		Session SessionID
		At      time.Time
	}
	// NeedAsset asks for a blob that From has.
	NeedAsset struct {
		Session SessionID
		From    Device
		Asset   Asset
	}
	// Perform asks for something that happens outside: a draft is to be sent,
	// a scene to be set. It may be asked for again with the same Op until
	// Performed; the doer leaves out what it has done.
	Perform struct {
		Session Session
		Op      OpID
	}
	// Done and Refuse answer an Ask.
	Done   struct{ Tag uint64 }
	Refuse struct {
		Tag     uint64
		Refusal *Refusal
	}
	// Changed says that Views differs.
	Changed struct{}
)

func (Persist) effect()   {}
func (Transmit) effect()  {}
func (Load) effect()      {}
func (Render) effect()    {}
func (Silence) effect()   {}
func (NeedAsset) effect() {}
func (Perform) effect()   {}
func (Done) effect()      {}
func (Refuse) effect()    {}
func (Changed) effect()   {}

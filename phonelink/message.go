package phonelink

import "time"

// Msg is what two machines say to each other: one of the structs below. Each
// may be lost, repeated and overtaken; the one who needs an answer repeats it.
type Msg interface{ msg() }

// Replica is a session with what travels with it.
type Replica struct {
	Session
	Applied []OpID // the last operation of each origin and incarnation that Doc contains, sorted
	Ended   bool   // the session is over; Doc is nil
}

// Moment is a point in time on the monotonic clock of the device that made it,
// in one incarnation. Others only echo it.
type Moment struct {
	Boot uint64        `cbor:"1,keyasint,omitempty"`
	At   time.Duration `cbor:"2,keyasint,omitempty"`
}

// Mark names one state of one session.
type Mark struct {
	ID    SessionID `cbor:"1,keyasint,omitempty"`
	Epoch Epoch     `cbor:"2,keyasint,omitzero"`
	Seq   uint64    `cbor:"3,keyasint,omitempty"`
}

// Messages of a hand-off. Try names the attempt; it is chosen by whoever
// starts it, and only ever compared.
type (
	OfferMsg struct { // owner: go on with this
		Try   uint64
		State Replica
	}
	TakeMsg struct { // I want to go on with it
		Try  uint64
		Mark Mark // what is known of it here
	}
	PrepareMsg struct { // owner: load this, be silent
		Try   uint64
		State Replica
	}
	ReadyMsg struct { // loaded
		Try  uint64
		ID   SessionID
		Sent Moment // on the receiver's clock; its lease counts from here
	}
	CommitMsg struct { // the owner before: it is yours
		Try   uint64
		State Replica // the last of the epoch before
		Epoch Epoch   // the new one
		Echo  Moment  // ReadyMsg.Sent
	}
	DoneMsg struct { // the new owner has it on disk
		ID    SessionID
		Epoch Epoch
	}
	MismatchMsg struct { // the receiver cannot go on with it
		Try  uint64
		ID   SessionID
		Need string // what it lacks, for a person
	}
	RefuseMsg struct {
		Try  uint64
		ID   SessionID
		Code RefusalCode
	}
	CancelMsg struct { // the one who started it gives it up
		Try uint64
		ID  SessionID
	}
)

// Messages that keep copies alike.
type (
	StateMsg struct{ State Replica }
	HaveMsg  struct { // this state, or a later one, is on disk here
		Mark   Mark
		Refuse bool   // it is not wanted here: say no more of it until it changes
		Boot   uint64 // incarnation of the sender: what is never on disk is forgotten with it
	}
	OpsMsg struct { // to the owner
		ID    SessionID
		Epoch Epoch // as known to the sender
		Ops   []Op  // in order
	}
	AppliedMsg struct { // owner: these are on disk here
		ID      SessionID
		Applied []OpID // the last operation of each origin and incarnation asked about
	}
	DigestMsg struct { // all that is known here
		Sync  uint64 // the sender's incarnation in the upper 32 bits
		Part  uint64
		Marks []Mark
	}
	WantMsg struct { // answer to a part: these are not known there, or older
		Sync uint64
		Part uint64
		IDs  []SessionID
	}
	GoneMsg struct { // this device owns it in no epoch up to this one
		ID    SessionID
		Epoch Epoch
	}
)

// Messages of the lease.
type (
	RenewMsg struct { // owner to heir
		ID    SessionID
		Epoch Epoch
		Sent  Moment
	}
	RenewedMsg struct {
		ID    SessionID
		Epoch Epoch
		Echo  Moment
	}
)

func (OfferMsg) msg()    {}
func (TakeMsg) msg()     {}
func (PrepareMsg) msg()  {}
func (ReadyMsg) msg()    {}
func (CommitMsg) msg()   {}
func (DoneMsg) msg()     {}
func (MismatchMsg) msg() {}
func (RefuseMsg) msg()   {}
func (CancelMsg) msg()   {}
func (StateMsg) msg()    {}
func (HaveMsg) msg()     {}
func (OpsMsg) msg()      {}
func (AppliedMsg) msg()  {}
func (DigestMsg) msg()   {}
func (WantMsg) msg()     {}
func (GoneMsg) msg()     {}
func (RenewMsg) msg()    {}
func (RenewedMsg) msg()  {}

// Class is how urgent a message is; the link keeps the order within one.
type Class uint8

// Classes, most urgent first.
const (
	ClassCall Class = iota
	ClassNavigation
	ClassMedia
	ClassBulk
)

var classNames = [...]string{"call", "navigation", "media", "bulk"}

func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// classOf is the class of what concerns a session of kind k.
func classOf(k Kind) Class {
	switch k {
	case Call:
		return ClassCall
	case Navigation:
		return ClassNavigation
	case File:
		return ClassBulk
	}
	return ClassMedia
}

package phonelink

import "time"

// OpID names one operation for ever: who made it, and its count there, from 1
// within the session. The upper 24 bits of Seq are the origin's incarnation: a
// device that has forgotten its count (only of a session that is never on
// disk), or misses one of its operations, starts again in a later incarnation.
// An origin's operations of one incarnation are applied in its order, each once.
type OpID struct {
	Origin Device `cbor:"1,keyasint,omitempty"`
	Seq    uint64 `cbor:"2,keyasint,omitempty"`
}

// Op is one change of a session that is acknowledged only when it is on the
// owner's disk, and applied exactly once. Act is one of the structs below.
type Op struct {
	ID  OpID // filled in by the machine that makes it
	At  Stamp
	Act Action
}

// Action is what an operation does.
type Action interface{ act() }

// Operations of media, navigation, drafts and the others.
type (
	Play struct {
		Playing bool `cbor:"1,keyasint,omitempty"`
	}
	Seek struct {
		To time.Duration `cbor:"1,keyasint,omitempty"`
	}
	Skip struct {
		To string `cbor:"1,keyasint,omitempty"`
	} // id of a track
	Enqueue struct {
		Track Track  `cbor:"1,keyasint,omitzero"`
		After string `cbor:"2,keyasint,omitempty"`
	} // After: id of a track; "" first
	Dequeue struct {
		Track string `cbor:"1,keyasint,omitempty"`
	}
	Move struct {
		Track string `cbor:"1,keyasint,omitempty"`
		After string `cbor:"2,keyasint,omitempty"`
	}
	SetLevel struct {
		Volume float64 `cbor:"1,keyasint,omitempty"`
	}
	SetMode struct {
		Shuffle bool `cbor:"1,keyasint,omitempty"`
		Loop    Loop `cbor:"2,keyasint,omitempty"`
	}
	SetGoal struct {
		Destination Place `cbor:"1,keyasint,omitzero"`
	}
	AddStop struct {
		Stop  Place  `cbor:"1,keyasint,omitzero"`
		After string `cbor:"2,keyasint,omitempty"`
	}
	DropStop struct {
		Stop string `cbor:"1,keyasint,omitempty"`
	}
	Arrive struct {
		Leg int `cbor:"1,keyasint,omitempty"`
	}
	SetText struct {
		Text   string `cbor:"1,keyasint,omitempty"`
		Cursor int    `cbor:"2,keyasint,omitempty"`
		Base   string `cbor:"3,keyasint,omitempty"` // what Text was made from; "": what is known here now
	} // of a draft; merged three-way
	Dispatch struct{} // send the draft, exactly once
	Scroll   struct {
		Percent float64 `cbor:"1,keyasint,omitempty"`
	}
	Replace struct{ Doc Document } // the whole document: by the owner, or of a page or the clipboard by anybody
	Route   struct {
		Audio Device `cbor:"1,keyasint,omitempty"`
	} // where the sound of a call is
	Finish struct{} // the session ends
)

func (Play) act()     {}
func (Seek) act()     {}
func (Skip) act()     {}
func (Enqueue) act()  {}
func (Dequeue) act()  {}
func (Move) act()     {}
func (SetLevel) act() {}
func (SetMode) act()  {}
func (SetGoal) act()  {}
func (AddStop) act()  {}
func (DropStop) act() {}
func (Arrive) act()   {}
func (SetText) act()  {}
func (Dispatch) act() {}
func (Scroll) act()   {}
func (Replace) act()  {}
func (Route) act()    {}
func (Finish) act()   {}

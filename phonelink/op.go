package phonelink

import "time"

// OpID names one operation for ever: who made it, and its count there. An
// origin's operations are applied in its order, each once.
type OpID struct {
	Origin Device
	Seq    uint64
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
	Play    struct{ Playing bool }
	Seek    struct{ To time.Duration }
	Skip    struct{ To string } // id of a track
	Enqueue struct {
		Track Track
		After string
	} // After: id of a track; "" first
	Dequeue  struct{ Track string }
	Move     struct{ Track, After string }
	SetLevel struct{ Volume float64 }
	SetMode  struct {
		Shuffle bool
		Loop    Loop
	}
	SetGoal struct{ Destination Place }
	AddStop struct {
		Stop  Place
		After string
	}
	DropStop struct{ Stop string }
	Arrive   struct{ Leg int }
	SetText  struct {
		Text   string
		Cursor int
	} // of a draft; merged three-way
	Dispatch struct{} // send the draft, exactly once
	Scroll   struct{ Percent float64 }
	Replace  struct{ Doc Document } // the whole document, by the owner
	Finish   struct{}               // the session ends
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
func (Finish) act()   {}

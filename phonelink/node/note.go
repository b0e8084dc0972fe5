package node

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"tandem/phonelink"
	"tandem/vehicle"
)

// A payload of the link is one byte that says whose it is, and then either a
// message of the session machine or a note between two nodes.
const (
	forMachine byte = iota
	forNode
)

// noteKind is what a note is about.
type noteKind uint8

// Kinds of notes. Each may come at any time on a trusted link; one that is not
// known is skipped.
const (
	noteHello   noteKind = iota + 1 // who I am: Name, Model, Can, Battery, Locked
	noteUnlock                      // Key: opens what you keep for me
	noteWant                        // Hash, Index, Count: send me these chunks
	noteChunk                       // Hash, Index, Data
	noteMissing                     // Hash: not here any more
	notePing                        // Text
	noteRing                        // let yourself be found
	noteTell                        // Tag: tell me how the car is
	noteTold                        // Tag, Values
	noteWish                        // Tag, Values (one): I ask this of the car
	noteFate                        // Tag, State, Text, Code: how the wish ended
)

// note is a message between two nodes. Limits: 256 KiB by the link; Data at
// most chunkSize; Values at most maxValues.
type note struct {
	Kind    noteKind          `cbor:"1,keyasint"`
	Name    string            `cbor:"2,keyasint,omitempty"`
	Model   string            `cbor:"3,keyasint,omitempty"`
	Can     phonelink.Ability `cbor:"4,keyasint,omitempty"`
	Battery int               `cbor:"5,keyasint,omitempty"` // percent and one: 0 is not known
	Key     []byte            `cbor:"6,keyasint,omitempty"`
	Hash    []byte            `cbor:"7,keyasint,omitempty"`
	Index   int64             `cbor:"8,keyasint,omitempty"`
	Count   int64             `cbor:"9,keyasint,omitempty"`
	Data    []byte            `cbor:"10,keyasint,omitempty"`
	Text    string            `cbor:"11,keyasint,omitempty"`
	Tag     uint64            `cbor:"12,keyasint,omitempty"`
	Values  []noteValue       `cbor:"13,keyasint,omitempty"`
	State   uint8             `cbor:"14,keyasint,omitempty"` // vehicle.OutcomeState
	Code    string            `cbor:"15,keyasint,omitempty"` // phonelink.RefusalCode
	Locked  bool              `cbor:"16,keyasint,omitempty"` // waits for noteUnlock
}

// noteValue is one signal. Exactly one of Bool, Number and Text is there, or
// none for "not known".
type noteValue struct {
	Path   string   `cbor:"1,keyasint"`
	Bool   *bool    `cbor:"2,keyasint,omitempty"`
	Number *float64 `cbor:"3,keyasint,omitempty"`
	Text   *string  `cbor:"4,keyasint,omitempty"`
}

const (
	maxValues   = 64
	maxNoteText = 4 << 10
	maxWanted   = 64 // chunks of one noteWant
)

var noteEncoding = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

var noteDecoding = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 16, MaxArrayElements: 4096, MaxMapPairs: 4096, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

// encodeNote makes the link's payload.
func encodeNote(n note) ([]byte, error) {
	b, err := noteEncoding.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("encode a note: %w", err)
	}
	return append([]byte{forNode}, b...), nil
}

// decodeNote reads what a peer sent, after the first byte.
func decodeNote(data []byte) (n note, err error) {
	if err := noteDecoding.Unmarshal(data, &n); err != nil {
		return note{}, fmt.Errorf("read a note: %w", err)
	}
	if err := n.check(); err != nil {
		return note{}, fmt.Errorf("read a note of kind %d: %w", n.Kind, err)
	}
	return n, nil
}

func (n *note) check() error {
	switch {
	case len(n.Data) > chunkSize:
		return fmt.Errorf("has %d bytes of data, want at most %d", len(n.Data), chunkSize)
	case len(n.Text) > maxNoteText || len(n.Name) > 64 || len(n.Model) > 64 || len(n.Code) > 32:
		return errors.New("a text is too long")
	case len(n.Values) > maxValues:
		return fmt.Errorf("has %d values, want at most %d", len(n.Values), maxValues)
	case n.Index < 0 || n.Index > maxAsset/chunkSize || n.Count < 0 || n.Count > maxWanted:
		return errors.New("chunk out of range")
	case n.Battery < 0 || n.Battery > 101:
		return fmt.Errorf("battery %d, want 0 to 101", n.Battery)
	}
	switch n.Kind {
	case noteWant, noteChunk, noteMissing:
		if len(n.Hash) != 32 {
			return fmt.Errorf("hash of %d bytes, want 32", len(n.Hash))
		}
	case noteUnlock:
		if len(n.Key) != 32 {
			return fmt.Errorf("key of %d bytes, want 32", len(n.Key))
		}
	case noteWish:
		if len(n.Values) != 1 {
			return fmt.Errorf("has %d wishes, want 1", len(n.Values))
		}
	}
	for _, v := range n.Values {
		if len(v.Path) > 256 || v.Text != nil && len(*v.Text) > 256 {
			return errors.New("a value is too long")
		}
	}
	return nil
}

// valueOf is a signal as a note has it.
func valueOf(p vehicle.Path, v vehicle.Value) noteValue {
	out := noteValue{Path: string(p)}
	if b, ok := v.Bool(); ok {
		out.Bool = &b
	} else if n, ok := v.Number(); ok {
		out.Number = &n
	} else if t, ok := v.Text(); ok && v.Type() == vehicle.Text {
		out.Text = &t
	}
	return out
}

// value is the signal's value; no value if none is there.
func (v noteValue) value() vehicle.Value {
	switch {
	case v.Bool != nil:
		return vehicle.BoolOf(*v.Bool)
	case v.Number != nil:
		return vehicle.NumberOf(*v.Number)
	case v.Text != nil:
		return vehicle.TextOf(*v.Text)
	}
	return vehicle.Value{}
}

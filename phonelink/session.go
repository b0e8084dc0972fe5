package phonelink

import (
	"fmt"
	"time"
)

// SessionID is a ULID: 48 bits of milliseconds since 1970, 80 random bits.
type SessionID [16]byte

// crockford is the alphabet of a ULID's text.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewSessionID makes an id from a time and ten random bytes.
func NewSessionID(now time.Time, random [10]byte) (id SessionID) {
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	copy(id[6:], random[:])
	return id
}

// String is the ULID's text: 26 characters of Crockford's base 32.
func (id SessionID) String() string {
	var out [26]byte
	var acc uint64
	bits, n := 2, 0 // 130 bits of text for 128: two zero bits lead
	for _, b := range id {
		acc = acc<<8 | uint64(b)
		bits += 8
		for bits >= 5 {
			bits -= 5
			out[n] = crockford[acc>>bits&31]
			n++
		}
	}
	return string(out[:])
}

// ParseSessionID reads the text of a ULID, in upper case.
func ParseSessionID(s string) (id SessionID, err error) {
	if len(s) != 26 || s[0] > '7' {
		return id, fmt.Errorf("session id %q: want 26 characters of Crockford's base 32, the first at most 7", s)
	}
	var acc uint64
	bits, n := -2, 0
	for i := range len(s) {
		v := -1
		for j := range len(crockford) {
			if crockford[j] == s[i] {
				v = j
			}
		}
		if v < 0 {
			return id, fmt.Errorf("session id %q: character %q is not of Crockford's base 32", s, s[i])
		}
		acc = acc<<5 | uint64(v)
		bits += 5
		if bits >= 8 {
			bits -= 8
			id[n] = byte(acc >> bits)
			n++
		}
	}
	return id, nil
}

// Kind is what a session is about; it decides the document and the rules.
type Kind uint8

// Kinds.
const (
	Media Kind = iota + 1
	Navigation
	Call
	Draft
	Page
	Clipboard
	File
	Scene
)

var kindNames = [...]string{"none", "media", "navigation", "call", "draft", "page", "clipboard", "file", "scene"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Epoch says which ownership it is. The order is total: N first, then Device,
// so that two devices that claim at once never hold the same epoch.
type Epoch struct {
	N      uint64 `cbor:"1,keyasint,omitempty"`
	Device Device `cbor:"2,keyasint,omitempty"` // who owns in this epoch
}

// After reports whether e is the later ownership.
func (e Epoch) After(f Epoch) bool {
	return e.N > f.N || e.N == f.N && e.Device > f.Device
}

// Stamp is a hybrid logical clock: 48 bits of milliseconds since 1970 and a
// counter of 16 bits (Kulkarni and others, "Logical Physical Clocks", 2014).
// 0 is no time, and never wins.
type Stamp uint64

// Rev says which state of a session it is: epoch, then the owner's count of
// changes within it; Stamp is for rules between different owners.
type Rev struct {
	Epoch Epoch
	Seq   uint64
	Stamp Stamp
}

// Lease is the owner's exclusive right. An owner with an heir stops rendering
// when it could not renew for TTL; only the heir may then claim. Without an
// heir nobody may claim, and the owner goes on without its peer.
type Lease struct {
	TTL  time.Duration // 0: no lease, ownership lasts
	Heir Device        // who may claim when the lease has lapsed; "": nobody
}

// Privacy is who may know of a session.
type Privacy uint8

// Privacies.
const (
	Private   Privacy = iota // the profile's own devices
	Shareable                // also passengers' devices in the car
	Ephemeral                // as Private, and never written to disk
)

// Needs is what a device must have to go on with a session.
type Needs uint8

// Needs.
const (
	NeedsAudio Needs = 1 << iota
	NeedsDisplay
	NeedsKeyboard
	NeedsParked
	NeedsVideo
)

// Asset is a blob that belongs to a session, named by its content.
type Asset struct {
	SHA256 [32]byte `cbor:"1,keyasint,omitzero"`
	Size   int64    `cbor:"2,keyasint,omitempty"` // bytes
	MIME   string   `cbor:"3,keyasint,omitempty"` // media type, RFC 6838
	Name   string   `cbor:"4,keyasint,omitempty"` // file name without folders; "" for none
}

// Session is one thing that a person is doing, in a form that another device
// can go on with.
type Session struct {
	ID      SessionID
	Kind    Kind
	Profile Profile
	Rev     Rev
	Lease   Lease
	Doc     Document // of the Kind; nil only where the document is not known yet
	Assets  []Asset
	URI     string // deep link into the app, RFC 3986; "" for none
	Web     string // https page that shows the same; "" for none
	Title   string
	App     string   // the app that it came from, for a person
	Icon    [32]byte // SHA-256 of the asset that is its picture; zero for none
	Needs   Needs
	Privacy Privacy
	Expires time.Time // zero: never
	CopyOf  SessionID // the session that this was copied from; zero for none
}

// Owner is the device that owns the session.
func (s Session) Owner() Device { return s.Rev.Epoch.Device }

// Document is the typed content of a session: *MediaDoc, *NavigationDoc,
// *CallDoc, *DraftDoc, *PageDoc, *ClipboardDoc, *FileDoc or *SceneDoc.
type Document interface {
	Kind() Kind
}

// Track is one entry of a queue. ID is unique within the queue: queue
// operations name it.
type Track struct {
	ID     string        `cbor:"1,keyasint,omitempty"`
	URL    string        `cbor:"2,keyasint,omitempty"`
	Title  string        `cbor:"3,keyasint,omitempty"`
	Artist string        `cbor:"4,keyasint,omitempty"`
	Album  string        `cbor:"5,keyasint,omitempty"`
	Length time.Duration `cbor:"6,keyasint,omitempty"` // 0: not known
}

// Loop is what happens at the end of a queue.
type Loop uint8

// Loops.
const (
	LoopNone Loop = iota
	LoopTrack
	LoopQueue
)

// MediaDoc is music, speech or video under way. Where it is now is Position
// plus, while Playing, the time since At times Rate: never the larger of two.
type MediaDoc struct {
	Queue    []Track       `cbor:"1,keyasint,omitempty"`
	Index    int           `cbor:"2,keyasint,omitempty"` // of Queue
	Position time.Duration `cbor:"3,keyasint,omitempty"` // at At
	At       Stamp         `cbor:"4,keyasint,omitempty"`
	Rate     float64       `cbor:"5,keyasint,omitempty"` // 1 is normal speed
	Volume   float64       `cbor:"6,keyasint,omitempty"` // 0 to 1
	Playing  bool          `cbor:"7,keyasint,omitempty"`
	Shuffle  bool          `cbor:"8,keyasint,omitempty"`
	Loop     Loop          `cbor:"9,keyasint,omitempty"`
	Source   Device        `cbor:"10,keyasint,omitempty"` // where the sound comes from, if not from URLs; "" for URLs
	Player   string        `cbor:"11,keyasint,omitempty"` // name of the player at Source
	Gone     []GoneTrack   `cbor:"12,keyasint,omitempty"` // taken out before they were there, at most maxGone, the latest last
}

// GoneTrack is a track that was taken out of a queue that did not have it: its
// Enqueue is still on its way, from an owner whose lease ran out. An Enqueue of
// it that is earlier than At does nothing.
type GoneTrack struct {
	ID string `cbor:"1,keyasint,omitempty"`
	At Stamp  `cbor:"2,keyasint,omitempty"`
}

// Place is a point on the earth.
type Place struct {
	ID        string  `cbor:"1,keyasint,omitempty"` // unique within a route: operations name it
	Name      string  `cbor:"2,keyasint,omitempty"`
	Latitude  float64 `cbor:"3,keyasint,omitempty"` // degrees, WGS 84
	Longitude float64 `cbor:"4,keyasint,omitempty"` // degrees, WGS 84
}

// NavigationDoc is a way to somewhere.
type NavigationDoc struct {
	Destination Place     `cbor:"1,keyasint,omitzero"`
	Via         []Place   `cbor:"2,keyasint,omitempty"`
	Preference  string    `cbor:"3,keyasint,omitempty"` // "fast", "short", "economic"
	Leg         int       `cbor:"4,keyasint,omitempty"` // index of the next stop: Via, then Destination
	Arrival     time.Time `cbor:"5,keyasint,omitzero"`  // estimate; zero: not known
	Walking     bool      `cbor:"6,keyasint,omitempty"` // the leg on foot after parking
	Active      bool      `cbor:"7,keyasint,omitempty"` // guidance is running
}

// CallState is how far a call is.
type CallState uint8

// States of a call.
const (
	CallRinging CallState = iota + 1
	CallDialing
	CallActive
	CallHeld
	CallEnded
	CallMissed
)

// CallDoc is a telephone call. The phone always owns it; a car holds only its
// audio.
type CallDoc struct {
	State  CallState `cbor:"1,keyasint,omitempty"`
	Number string    `cbor:"2,keyasint,omitempty"` // as the phone reports it
	Name   string    `cbor:"3,keyasint,omitempty"` // from the phone's contacts; "" for none
	Start  time.Time `cbor:"4,keyasint,omitzero"`
	Audio  Device    `cbor:"5,keyasint,omitempty"` // where the sound is
	Muted  bool      `cbor:"6,keyasint,omitempty"`
}

// DraftDoc is a message being written. Base is the text that both sides knew
// last; a three-way merge starts from it.
type DraftDoc struct {
	Thread string   `cbor:"1,keyasint,omitempty"` // conversation, in the words of its owner
	To     []string `cbor:"2,keyasint,omitempty"`
	Text   string   `cbor:"3,keyasint,omitempty"`
	Base   string   `cbor:"4,keyasint,omitempty"`
	Cursor int      `cbor:"5,keyasint,omitempty"` // byte of Text
	Sent   bool     `cbor:"6,keyasint,omitempty"`
	Via    Device   `cbor:"7,keyasint,omitempty"` // the device that sends it, whoever owns it then; "" when it is opened: the one that opens it
	SentBy OpID     `cbor:"8,keyasint,omitzero"`  // the Dispatch that sent it
}

// PageDoc is a web page being read.
type PageDoc struct {
	URL    string  `cbor:"1,keyasint,omitempty"`
	Title  string  `cbor:"2,keyasint,omitempty"`
	Scroll float64 `cbor:"3,keyasint,omitempty"` // percent
}

// ClipboardDoc is what was copied.
type ClipboardDoc struct {
	MIME string `cbor:"1,keyasint,omitempty"` // media type; text/plain for text
	Data []byte `cbor:"2,keyasint,omitempty"`
}

// FileDoc is a file on its way. Its content is the session's first asset.
type FileDoc struct {
	Name string `cbor:"1,keyasint,omitempty"` // without folders
	Size int64  `cbor:"2,keyasint,omitempty"` // bytes
	Have int64  `cbor:"3,keyasint,omitempty"` // bytes that the receiver has
}

// SceneDoc is a wish to a home.
type SceneDoc struct {
	Entity string `cbor:"1,keyasint,omitempty"`
	State  string `cbor:"2,keyasint,omitempty"`
	Done   bool   `cbor:"3,keyasint,omitempty"`
}

// Kind is part of Document.
func (*MediaDoc) Kind() Kind { return Media }

// Kind is part of Document.
func (*NavigationDoc) Kind() Kind { return Navigation }

// Kind is part of Document.
func (*CallDoc) Kind() Kind { return Call }

// Kind is part of Document.
func (*DraftDoc) Kind() Kind { return Draft }

// Kind is part of Document.
func (*PageDoc) Kind() Kind { return Page }

// Kind is part of Document.
func (*ClipboardDoc) Kind() Kind { return Clipboard }

// Kind is part of Document.
func (*FileDoc) Kind() Kind { return File }

// Kind is part of Document.
func (*SceneDoc) Kind() Kind { return Scene }

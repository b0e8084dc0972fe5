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
	N      uint64
	Device Device // who owns in this epoch
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
	SHA256 [32]byte
	Size   int64  // bytes
	MIME   string // media type, RFC 6838
	Name   string // file name without folders; "" for none
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
	ID     string
	URL    string
	Title  string
	Artist string
	Album  string
	Length time.Duration // 0: not known
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
	Queue    []Track
	Index    int           // of Queue
	Position time.Duration // at At
	At       Stamp
	Rate     float64 // 1 is normal speed
	Volume   float64 // 0 to 1
	Playing  bool
	Shuffle  bool
	Loop     Loop
	Source   Device // where the sound comes from, if not from URLs; "" for URLs
	Player   string // name of the player at Source
}

// Place is a point on the earth.
type Place struct {
	ID        string // unique within a route: operations name it
	Name      string
	Latitude  float64 // degrees, WGS 84
	Longitude float64 // degrees, WGS 84
}

// NavigationDoc is a way to somewhere.
type NavigationDoc struct {
	Destination Place
	Via         []Place
	Preference  string    // "fast", "short", "economic"
	Leg         int       // index of the next stop: Via, then Destination
	Arrival     time.Time // estimate; zero: not known
	Walking     bool      // the leg on foot after parking
	Active      bool      // guidance is running
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
	State  CallState
	Number string // as the phone reports it
	Name   string // from the phone's contacts; "" for none
	Start  time.Time
	Audio  Device // where the sound is
	Muted  bool
}

// DraftDoc is a message being written. Base is the text that both sides knew
// last; a three-way merge starts from it.
type DraftDoc struct {
	Thread string // conversation, in the words of its owner
	To     []string
	Text   string
	Base   string
	Cursor int // byte of Text
	Sent   bool
}

// PageDoc is a web page being read.
type PageDoc struct {
	URL    string
	Title  string
	Scroll float64 // percent
}

// ClipboardDoc is what was copied.
type ClipboardDoc struct {
	MIME string // media type; text/plain for text
	Data []byte
}

// FileDoc is a file on its way. Its content is the session's first asset.
type FileDoc struct {
	Name string // without folders
	Size int64  // bytes
	Have int64  // bytes that the receiver has
}

// SceneDoc is a wish to a home.
type SceneDoc struct {
	Entity string
	State  string
	Done   bool
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

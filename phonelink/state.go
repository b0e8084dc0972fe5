package phonelink

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// Config says what this device is. Self is needed; the rest may be zero.
type Config struct {
	Self     Device
	Player   bool   // a player follows Load and Render; without one a session counts as loaded at once
	Cannot   Needs  // what this device lacks; sessions that need it are refused as mismatch
	AskFirst bool   // a session sent here waits for a person's Accept
	Relay    bool   // tells its peers of sessions that others own: the car, where phones meet
	HeirPlay bool   // the owner before stays heir of media too; no product sets it, sim/continuity does
	Timing   Timing // zero: DefaultTiming
	Faults   Faults // fault injection: broken on purpose, for tests of tests
}

// Timing is how long the machine waits. All devices use the same values of TTL
// and Margin.
type Timing struct {
	Retry    time.Duration // least wait before a message is repeated
	RetryCap time.Duration // longest
	Prepare  time.Duration // a hand-off that is not committed by then is given up
	Offer    time.Duration // how long an offer waits for a person
	Grace    time.Duration // after its link is lost, the sound of a call goes back to the phone
	Relay    time.Duration // wait before telling of another's session
	TakeBack time.Duration // how long the owner before is heir
	Margin   int           // share of a TTL, in percent, that both sides keep from its end
	Scale    int           // divides the TTLs of the kinds; 0: 1
}

// DefaultTiming is the protocol's timing.
var DefaultTiming = Timing{
	Retry: 60 * time.Millisecond, RetryCap: 2 * time.Second, Prepare: 10 * time.Second, Offer: 2 * time.Minute,
	Grace: 500 * time.Millisecond, Relay: time.Second, TakeBack: TakeBackWithin, Margin: 10,
}

// ttls is how long a lease of the kind lasts; 0: ownership lasts.
var ttls = [...]time.Duration{Media: 5 * time.Second, Draft: 10 * time.Second, Page: 10 * time.Second, Scene: 30 * time.Second}

// ttl is how long a lease of kind k lasts; 0: no lease.
func (c *Config) ttl(k Kind) time.Duration {
	if int(k) >= len(ttls) {
		return 0
	}
	return ttls[k] / time.Duration(max(1, c.Timing.Scale))
}

// keepsHeir reports whether who hands a session of kind k over is its heir for
// the time in which it may be taken back. Of media it is that only until the
// new owner knows that the hand-off is done: a phone that is carried off, or
// dozes, must not silence the car. Of the other leased kinds a lapse costs
// nothing that is heard, and no change.
func (c *Config) keepsHeir(k Kind) bool { return c.ttl(k) > 0 && (k != Media || c.HeirPlay) }

func (c *Config) margin(k Kind) time.Duration {
	return c.ttl(k) * time.Duration(c.Timing.Margin) / 100
}

// Limits of a State.
const (
	MaxSessions = 4096 // sessions, ended ones included
	maxOut      = 256  // unacknowledged operations of one session
	maxLog      = 256  // operations that the heir has not got
	maxOrigins  = 64   // counts of devices that change one session
)

// State is all that a device knows of sessions. The zero value is not one: see
// New and Recover. One goroutine uses it.
type State struct {
	cfg      Config
	boot     uint64 // incarnation of this device
	seed     [32]byte
	drawn    uint64 // numbers drawn from seed
	clock    Stamp
	sessions []*entry  // by ID
	peers    []*peer   // by Device
	own      []Profile // whose device this is; nil: anybody's
	cond     Conditions

	now     Now // of the event under way
	touched []*entry
	persist []Effect
	quiet   []Effect
	sends   []Effect
	rest    []Effect
}

// New is the state of a device that has never run.
func New(c Config) *State {
	if c.Timing == (Timing{}) {
		c.Timing = DefaultTiming
	}
	return &State{cfg: c}
}

// peer is what is known of a trusted device.
type peer struct {
	PeerInfo
	up   bool
	rtt  time.Duration
	life uint64 // its incarnation
	met  bool   // knowledge of what it has is good
	sync digest
}

// digest is a comparison of all that both sides know, under way.
type digest struct {
	id    uint64
	parts []part
	retry retry
}

type part struct {
	n     uint64
	marks []Mark
}

// retry is when a message is repeated next.
type retry struct {
	at time.Duration
	n  uint8
}

// entry is a session with what this device must remember of it. What stands in
// saved is on the disk before anything that follows from it is done.
type entry struct {
	saved
	dirty   bool // saved differs from the disk
	touched bool

	give       give
	get        get
	claim      claim
	hint       hint
	lease      time.Duration // owner with an heir: renders before this
	renewAt    time.Duration // owner with an heir: next renewal
	dropAt     time.Duration // owner with an heir: when the heir's right ends; 0: not counted
	heard      time.Duration // when the owner was heard of last, or this device started
	routeAt    time.Duration // call: when its sound goes back; 0: not
	loaded     bool
	asked      bool   // Load was asked for
	problem    string // why it cannot be rendered here
	shown      bool   // rendering
	performing OpID
	know       []know
	out        retry
	acked      []OpID // the last operations made here that this owner has, though its copy may not be here yet
	tags       []tag
	due        time.Duration // when something is to be done; 0: nothing
}

// saved is the part of an entry that a record holds.
type saved struct {
	Replica
	by      uint64 // Try of the hand-off that this device owns it by; 0: opened or claimed
	relayed bool   // told by one who does not own it
	to      promise
	heir    Device // owner: the heir that was dropped but does not know it yet
	heirSeq uint64 // Seq that tells it
	log     []logged
	queue   []Op      // operations that no owner has acknowledged
	last    uint64    // Seq of the last operation made here
	back    time.Time // until when it may be taken back from here
	refused uint64    // Try of the last offer that was declined here
	done    OpID      // what has been performed here
	doing   OpID      // draft: what it was first to be sent for; it may have been, so it is never sent for another
	over    time.Time // when it ended, as seen here
}

// promise is a hand-off that this device has committed: it owns no more.
type promise struct {
	Device Device
	Epoch  Epoch
	Try    uint64
	Echo   Moment
}

// logged is an acknowledged operation that the heir may not have.
type logged struct {
	Op  Op
	Seq uint64 // of the state that has it
}

// give is a hand-off away from here.
type give struct {
	to    Device // "": none
	try   uint64
	offer bool
	ready bool
	echo  Moment
	since time.Duration
	retry retry
	tag   uint64 // 0: nobody here asked
}

// getStage is how far a hand-off towards here is.
type getStage uint8

const (
	getNone getStage = iota
	getOffered
	getAsked
	getLoading
	getReady
	getLater // wanted back before the hand-off away from here was done
)

// get is a hand-off towards here.
type get struct {
	stage getStage
	from  Device
	try   uint64
	since time.Duration
	want  bool          // a person here wants it, whoever has it; not only the one who sent it
	began time.Duration // want: since when
	retry retry
	tag   uint64
}

// hint is a session of another device that a person here may want, unasked.
type hint struct {
	why   OfferWhy // "": none
	from  Device
	until time.Duration
	shown bool
}

// claim is the wish of the heir to own.
type claim struct {
	want bool
	tag  uint64
}

// know is what a peer has of a session.
type know struct {
	device Device
	known  bool
	want   bool // it asked, or believes something older
	said   Rev  // what it was told last, as far as Epoch and Seq
	epoch  Epoch
	seq    uint64
	retry  retry
}

// tag is who waits for an operation.
type tag struct {
	seq uint64
	tag uint64
}

// owner reports whether this device owns the session, though perhaps with a
// lapsed lease.
func (s *State) owns(e *entry) bool {
	return e.Rev.Epoch.Device == s.cfg.Self && e.to.Device == "" && !e.Ended
}

// heirOf is the device that could claim the session from this owner.
func (e *entry) heirOf() Device { return cmp.Or(e.Lease.Heir, e.saved.heir) }

// holds reports whether this device owns the session and nobody can have
// claimed it.
func (s *State) holds(e *entry) bool {
	if !s.owns(e) {
		return false
	}
	return e.heirOf() == "" || s.now.Mono < e.lease
}

// volatile reports whether the session must never be written to disk.
func (e *entry) volatile() bool { return ephemeral(&e.Session) }

func ephemeral(s *Session) bool { return s.Privacy == Ephemeral || s.Kind == Clipboard }

func (e *entry) mark() Mark { return Mark{e.ID, e.Rev.Epoch, e.Rev.Seq} }

func compareID(a *entry, id SessionID) int {
	for i := range id {
		if a.ID[i] != id[i] {
			return int(a.ID[i]) - int(id[i])
		}
	}
	return 0
}

func (s *State) find(id SessionID) *entry {
	if i, ok := slices.BinarySearchFunc(s.sessions, id, compareID); ok {
		return s.sessions[i]
	}
	return nil
}

// insert makes an entry; nil if there are too many.
func (s *State) insert(id SessionID) *entry {
	i, ok := slices.BinarySearchFunc(s.sessions, id, compareID)
	if ok {
		return s.sessions[i]
	}
	if len(s.sessions) >= MaxSessions && !s.forgetOldest() {
		return nil
	}
	i, _ = slices.BinarySearchFunc(s.sessions, id, compareID)
	e := &entry{heard: s.now.Mono}
	e.ID = id
	s.sessions = slices.Insert(s.sessions, i, e)
	s.touch(e)
	return e
}

// forgetOldest makes room by dropping the session that ended first.
func (s *State) forgetOldest() bool {
	old := -1
	for i, e := range s.sessions {
		if e.Ended && len(e.queue) == 0 && (old < 0 || e.over.Before(s.sessions[old].over)) {
			old = i
		}
	}
	if old < 0 {
		return false
	}
	s.drop(old)
	return true
}

func (s *State) drop(i int) {
	e := s.sessions[i]
	if !e.volatile() {
		s.persist = append(s.persist, Persist{encodeForget(e.ID)})
	}
	e.dirty = false
	s.touched = slices.DeleteFunc(s.touched, func(t *entry) bool { return t == e })
	s.sessions = slices.Delete(s.sessions, i, i+1)
}

func comparePeer(p *peer, d Device) int { return cmp.Compare(p.Device, d) }

func (s *State) peer(d Device) *peer {
	if i, ok := slices.BinarySearchFunc(s.peers, d, comparePeer); ok {
		return s.peers[i]
	}
	return nil
}

func (s *State) up(d Device) bool {
	p := s.peer(d)
	return p != nil && p.up
}

// mayKnow reports whether the peer may be told of the session.
func (p *peer) mayKnow(s *Session) bool {
	return p.mine(s) || s.Privacy == Shareable && p.Inside
}

// mine reports whether the peer is a device of the session's profile.
func (p *peer) mine(s *Session) bool {
	return !p.Inside && slices.Contains(p.Profiles, s.Profile)
}

// foreign reports whether the session is of a profile whose device this is not.
func (s *State) foreign(e *entry) bool { return s.own != nil && !slices.Contains(s.own, e.Profile) }

func (s *State) touch(e *entry) {
	if !e.touched {
		e.touched = true
		s.touched = append(s.touched, e)
	}
}

func (s *State) touchAll() {
	for _, e := range s.sessions {
		s.touch(e)
	}
}

// draw is the next random number.
func (s *State) draw() (out [32]byte) {
	s.drawn++
	var b [40]byte
	copy(b[:], s.seed[:])
	binary.BigEndian.PutUint64(b[32:], s.drawn)
	return sha256.Sum256(b[:])
}

// attempt names a new hand-off attempt: even; the receiver's own are odd, so
// that the two never have the same.
func (s *State) attempt() uint64 {
	s.drawn++
	return s.boot<<32 | s.drawn<<1&(1<<32-1)
}

func (s *State) moment() Moment { return Moment{s.boot, s.now.Mono} }

// stamp is the next time of the hybrid clock.
func (s *State) stamp() Stamp {
	s.clock = max(s.clock+1, stampOf(s.now.Wall))
	return s.clock
}

// stampOf is the stamp of a wall-clock time.
func stampOf(t time.Time) Stamp { return Stamp(max(0, t.UnixMilli())) << 16 }

// Time is the wall-clock time of a stamp.
func (t Stamp) Time() time.Time { return time.UnixMilli(int64(t >> 16)) }

// maxAhead is how far another's clock may be ahead and still be followed.
const maxAhead = 5 * time.Minute

// sane bounds a stamp that somebody else made.
func (s *State) sane(t Stamp) Stamp { return min(t, stampOf(s.now.Wall.Add(maxAhead))) }

func (s *State) hear(t Stamp) { s.clock = max(s.clock, s.sane(t)) }

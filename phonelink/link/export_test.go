package link

import (
	"bytes"
	"net/netip"
	"time"

	"tandem/phonelink"
)

// Pending is how many handshakes of others are under way.
func (h *Hub) Pending() int {
	h.guard.mu.Lock()
	defer h.guard.mu.Unlock()
	return h.guard.pending
}

// Carriers counts those that are open.
func (h *Hub) Carriers() int64 { return h.open.Load() }

// Constants for the tests.
const (
	MaxPending       = maxPending
	MaxPendingSource = maxPendingSource
	MaxStrangers     = maxStrangers
	HandshakeWithin  = handshakeWithin
	MaxGreeting      = maxGreeting
	DeadAfter        = deadAfter
	ProbeSize        = probeSize
	MaxChunk         = maxChunk
	Window           = window
	GuardRate        = guardRate
	GuardBurst       = guardBurst
	MaxSources       = maxSources
	Bulk             = bulk
)

// Event and effects of the state machine.
type (
	StateEvent   = stateEvent
	StateEffects = stateEffects
)

// All of them.
const (
	Sign, Up, Heard, Overdue, Dead, Lost, GaveUp, Suspended = evSign, evUp, evHeard, evOverdue, evDead, evLost, evGaveUp, evSuspended
	Dial, Rest, Close, Tell                                 = doDial, doRest, doClose, doTell
)

// NextState is the machine.
func NextState(p phonelink.Presence, e StateEvent) (phonelink.Presence, StateEffects) {
	return nextState(p, e)
}

// Guard for its test.
type Guard = guard

// NewGuard makes one.
func NewGuard() *Guard                                         { return newGuard() }
func (g *guard) Admit(now time.Time, a netip.Addr) bool        { return g.admit(now, a) }
func (g *guard) Release(a netip.Addr)                          { g.release(a) }
func (g *guard) Befriend(a netip.Addr)                         { g.befriend(a) }
func (g *guard) Prove(now time.Time, a netip.AddrPort)         { g.prove(now, a) }
func (g *guard) IsProved(now time.Time, a netip.AddrPort) bool { return g.isProved(now, a) }

// The frames, for vectors and fuzz.
type (
	Hello    = hello
	Election = election
	Beat     = beat
)

// EncodeHello and the others make whole frames.
func EncodeHello(h Hello) []byte              { return appendCBOR(nil, frameHello, h) }
func EncodeElection(g Election) []byte        { return appendCBOR(nil, frameGo, g) }
func EncodeBye(code byte, text string) []byte { return appendBye(nil, byeCode(code), text) }
func EncodeBeat(b Beat) []byte                { return appendBeat(nil, b) }
func EncodeAck(class int, received, limit uint64) []byte {
	return appendAck(nil, ack{class, received, limit})
}
func EncodeData(class int, offset uint64, data []byte) []byte {
	return appendData(nil, class, offset, data)
}

// Decode reads a frame and everything in it, and encodes it again; known is
// false for a type that is skipped.
func Decode(b []byte) (again []byte, known bool, err error) {
	t, body, err := readFrame(bytes.NewReader(b), make([]byte, maxBody), maxBody)
	if err != nil {
		return nil, false, err
	}
	switch t {
	case frameHello:
		h, err := decodeHello(body)
		return EncodeHello(h), true, err
	case frameGo:
		g, err := decodeElection(body)
		return EncodeElection(g), true, err
	case frameBye:
		code, text, err := decodeBye(body)
		return EncodeBye(byte(code), text), true, err
	case frameBeat:
		v, err := decodeBeat(body)
		return EncodeBeat(v), true, err
	case frameAck:
		a, err := decodeAck(body)
		return appendAck(nil, a), true, err
	case frameData:
		class, offset, data, err := decodeData(body)
		return EncodeData(class, offset, data), true, err
	}
	return nil, false, nil
}

// EncodeProbe makes a probe.
func EncodeProbe(kind byte, nonce, echo [12]byte, key []byte, sender string) []byte {
	return probe{kind, nonce, echo}.encode(key, sender)
}

// ParseProbe reads one.
func ParseProbe(b []byte) (kind byte, nonce, echo [12]byte, err error) {
	p, err := parseProbe(b)
	return p.kind, p.nonce, p.echo, err
}

// VerifyProbe tells who made it.
func VerifyProbe(b, key []byte, sender string) bool { return verifyProbe(b, key, sender) }

// ProbeKey is that of two devices.
func ProbeKey(a, b []byte) []byte { return probeKey(a, b) }

// Announcement is the text of a device's record.
func Announcement(salt [8]byte, d phonelink.Device) map[string]string { return announcement(salt, d) }

// IsAnnouncement finds it.
func IsAnnouncement(text map[string]string, d phonelink.Device) bool { return isAnnouncement(text, d) }

// UnpackAddress and PackAddress are an address of a hello.
func UnpackAddress(b []byte) (netip.AddrPort, bool) { return unpackAddress(b) }
func PackAddress(a netip.AddrPort) []byte           { return packAddress(a) }

// Clock for its test.
type Clock = clock

func (c *clock) Send(now time.Time) Beat               { return c.send(now) }
func (c *clock) Receive(now time.Time, b Beat)         { c.receive(now, b) }
func (c *clock) Estimate() (rtt, offset time.Duration) { return c.rtt, c.offset }

// Pace for its test.
type Pace = pace

// NewPace makes one.
func NewPace() *Pace                                  { p := newPace(); return &p }
func (p *pace) Room(congestion int) int               { return p.room(congestion) }
func (p *pace) Sent(now time.Time, end uint64, n int) { p.sent(now, end, n) }
func (p *pace) Acked(now time.Time, received uint64)  { p.acked(now, received) }

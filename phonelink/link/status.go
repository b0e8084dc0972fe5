package link

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/phonelink"
)

// Status is what is known of one peer's link.
type Status struct {
	Device    phonelink.Device
	Name      string // as the peer says
	State     phonelink.Presence
	Transport string         // "quic", "tcp"; "" without a link
	Address   netip.AddrPort // the peer's, or its last
	RTT       time.Duration  // smoothed; 0: not measured yet
	Offset    time.Duration  // the peer's clock minus ours
	Since     time.Time      // of State
	Link      uint64         // counts the links that began anew: a change means that what was queued may be lost
	Version   int            // the highest protocol version that the peer has spoken
	Addresses []netip.AddrPort
}

// board holds the latest statuses for its watches.
type board struct {
	mu      sync.Mutex
	latest  map[phonelink.Device]Status
	watches map[*Watch]struct{}
}

func newBoard() *board {
	return &board{latest: map[phonelink.Device]Status{}, watches: map[*Watch]struct{}{}}
}

func (b *board) put(s Status) {
	b.mu.Lock()
	b.latest[s.Device] = s
	b.tellLocked()
	b.mu.Unlock()
}

func (b *board) get(d phonelink.Device) Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest[d]
}

func (b *board) drop(d phonelink.Device) {
	b.mu.Lock()
	delete(b.latest, d)
	b.tellLocked()
	b.mu.Unlock()
}

func (b *board) tellLocked() {
	for w := range b.watches {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

// Watch follows the statuses with one slot: a reader that is late reads the
// latest.
type Watch struct {
	hub *Hub
	c   chan struct{}
}

// Watch starts to follow; the caller closes it. The first value is there at
// once. C is told when a link comes, goes, or begins to be doubtful; RTT and
// Offset are the latest whenever they are read.
func (h *Hub) Watch() *Watch {
	w := &Watch{h, make(chan struct{}, 1)}
	w.c <- struct{}{}
	h.status.mu.Lock()
	h.status.watches[w] = struct{}{}
	h.status.mu.Unlock()
	return w
}

// C has a value when Statuses have changed.
func (w *Watch) C() <-chan struct{} { return w.c }

// Statuses are those of all peers, by device.
func (w *Watch) Statuses() []Status {
	b := w.hub.status
	b.mu.Lock()
	var out []Status
	for _, s := range b.latest {
		out = append(out, s)
	}
	b.mu.Unlock()
	for i := range out {
		if p := w.hub.peer(out[i].Device); p != nil {
			p.measure(&out[i])
		}
	}
	slices.SortFunc(out, func(a, b Status) int { return strings.Compare(string(a.Device), string(b.Device)) })
	return out
}

// Close ends it.
func (w *Watch) Close() {
	w.hub.status.mu.Lock()
	delete(w.hub.status.watches, w)
	w.hub.status.mu.Unlock()
}

// measure fills in what changes all the time.
func (p *peer) measure(s *Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.RTT, s.Offset = p.clock.rtt, p.clock.offset
	s.Link, s.Version = p.s.generation, p.version
	if p.name != "" {
		s.Name = p.name
	}
	if p.active != nil {
		s.Transport, s.Address = p.active.transport(), p.active.remoteAddr()
	}
}

// publish tells the watches of a state; only the loop calls it.
func (p *peer) publish(state phonelink.Presence) {
	s := Status{Device: p.device, State: state, Since: p.since, Addresses: p.book.best(maxEntries)}
	if len(s.Addresses) > 0 {
		s.Address = s.Addresses[0]
	}
	p.measure(&s)
	p.hub.status.put(s)
}

// Package link is the lasting channel between paired peers: whatever happens to
// addresses, sockets and sleep, messages arrive once and in order, the urgent
// ones first, and a peer that is gone is noticed within 1.5 s. It knows keys
// (phonelink/trust), not what a message means or what a session is.
//
//	Send -> session: 4 classes, kept until acknowledged -> carrier -> peer
//	            |                                            ^
//	            `--- survives its carriers                   | one of many is elected
//	                                                QUIC, TCP + TLS 1.3; dialed, accepted
//
// A carrier is one authenticated connection. Both sides make them: to the
// addresses where the peer was, to those that it told, that mDNS shows or that
// somebody hints, and whenever a probe is answered. Of those that succeed one
// side, the elector, takes one; the others are closed. Section 2 of PROTOCOL.md
// is the specification.
//
// Trust: a carrier belongs to a peer by the key that TLS 1.3 pinned, never by
// an address or a name. Nothing that a stranger sends is parsed beyond TLS,
// except that, while the owner pairs, a stranger's stream is handed to
// Config.Pairing. Order: the loop of a peer alone makes, elects and drops its
// carriers; readers and writers share the session with it under one mutex; no
// lock is held across a call out of the package.
package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// Errors of Send and Dial that a caller tells apart.
var (
	ErrUnknown = errors.New("link: no such peer")
	ErrFull    = errors.New("link: the peer is not linked, and what waits for it is full")
	ErrClosed  = errors.New("link: the hub has ended")
)

var errUnpaired = errors.New("link: the peer is not trusted any more")

// Limits of a Hub.
const (
	MaxMessage = maxMessage // bytes of one message
	MaxQueued  = 512 << 10  // bytes of a class that wait for one peer, beyond which Send waits
)

// Config is what a Hub is made of.
type Config struct {
	Self     trust.Identity
	Name     string // for a person at the other end, at most 64 bytes
	Listen   string // UDP and TCP address; "": ":0", a port of the system's choice
	Peers    func() []trust.Peer
	Announce bool // by mDNS, and look for peers by it
	// Pairing takes a stranger whose TLS handshake is done, on a goroutine of
	// its own that may last until ctx ends; it closes the connection. nil, or
	// PairingOpen saying no: strangers are refused.
	Pairing     func(ctx context.Context, s Stranger)
	PairingOpen func() bool // nil: always
	Network     Network     // nil: the operating system's
	Logger      *slog.Logger
}

// Network is where a Hub's sockets come from; addresses of its sockets are
// *net.UDPAddr and *net.TCPAddr.
type Network interface {
	ListenPacket(address string) (net.PacketConn, error)
	// Listen and DialStream may return errors.ErrUnsupported: QUIC only then.
	Listen(address string) (net.Listener, error)
	DialStream(ctx context.Context, a netip.AddrPort) (net.Conn, error)
	// Changes calls changed after each change of addresses or routes, until ctx
	// ends. errors.ErrUnsupported: it cannot tell.
	Changes(ctx context.Context, changed func()) error
	// Addresses are this device's own that others may reach.
	Addresses() []netip.Addr
}

// Hub keeps the links to all peers. Its methods are for any goroutine.
type Hub struct {
	cfg      Config
	log      *slog.Logger
	net      Network
	start    time.Time
	packets  net.PacketConn
	listener net.Listener // nil: no TCP
	quic     *quic.Transport
	tokens   quic.TokenStore
	guard    *guard
	arrivals *arrivals
	status   *board
	asks     probeBudget
	open     atomic.Int64  // carriers
	ending   chan struct{} // closed when Run begins to end
	closed   chan struct{} // closed when it has ended

	strangers chan struct{} // slots
	refresh   chan struct{}
	changed   chan struct{} // the network did; for discover

	mu      sync.Mutex
	peers   map[phonelink.Device]*peer
	running bool
	wg      sync.WaitGroup
}

// maxStrangers is how many pair at once.
const maxStrangers = 4

// New opens the sockets; Run uses and closes them.
func New(cfg Config) (*Hub, error) {
	if len(cfg.Self.SPKI) == 0 || len(cfg.Self.Certificate.Certificate) == 0 {
		return nil, errors.New("link: Config.Self has no key: make one with trust.NewIdentity")
	}
	if cfg.Peers == nil {
		return nil, errors.New("link: Config.Peers is nil")
	}
	if len(cfg.Name) > trust.MaxName {
		return nil, fmt.Errorf("link: a name of %d bytes, want at most %d", len(cfg.Name), trust.MaxName)
	}
	if cfg.Listen == "" {
		cfg.Listen = ":0"
	}
	h := &Hub{
		cfg: cfg, log: cfg.Logger, net: cfg.Network, start: time.Now(),
		guard: newGuard(), arrivals: newArrivals(), status: newBoard(), ending: make(chan struct{}), closed: make(chan struct{}),
		tokens:    quic.NewLRUTokenStore(64, 2),
		strangers: make(chan struct{}, maxStrangers), refresh: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		peers: map[phonelink.Device]*peer{},
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.net == nil {
		h.net = System{}
	}
	if err := h.listen(); err != nil {
		return nil, err
	}
	h.load()
	return h, nil
}

// listen binds UDP, and TCP to the same port.
func (h *Hub) listen() (err error) {
	for range 16 { // a port of the system's choice may be taken for TCP
		if h.packets, err = h.net.ListenPacket(h.cfg.Listen); err != nil {
			return fmt.Errorf("listen on UDP %s: %w", h.cfg.Listen, err)
		}
		host, port, _ := net.SplitHostPort(h.cfg.Listen)
		at := net.JoinHostPort(host, fmt.Sprint(addrPortOf(h.packets.LocalAddr()).Port()))
		h.listener, err = h.net.Listen(at)
		if err == nil || errors.Is(err, errors.ErrUnsupported) {
			h.quic = h.transport(h.packets)
			return nil
		}
		h.packets.Close()
		if port != "0" && port != "" {
			break
		}
	}
	return fmt.Errorf("listen on TCP %s: %w", h.cfg.Listen, err)
}

// Addr is where the hub listens, UDP and TCP.
func (h *Hub) Addr() netip.AddrPort { return addrPortOf(h.packets.LocalAddr()) }

// load brings the peers in line with the trust store: a peer that is not in it
// any more is cut off. launch starts the new ones.
func (h *Hub) load() {
	want := map[phonelink.Device]trust.Peer{}
	for _, p := range h.cfg.Peers() {
		if p.Adapter == "" && p.Device != h.cfg.Self.Device && phonelink.DeviceOf(p.SPKI) == p.Device {
			want[p.Device] = p
		}
	}
	var gone []*peer
	h.mu.Lock()
	for d, p := range h.peers {
		if _, ok := want[d]; !ok {
			delete(h.peers, d)
			gone = append(gone, p)
		}
	}
	for d, info := range want {
		p := h.peers[d]
		if p == nil {
			p = newPeer(h, info)
			h.peers[d] = p
		}
	}
	h.mu.Unlock()
	for _, p := range gone {
		if p.cancel != nil {
			p.cancel(errUnpaired)
			<-p.ended
		}
		h.status.drop(p.device)
	}
}

// launch runs the peers that do not run yet.
func (h *Hub) launch(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.peers {
		if p.cancel == nil {
			h.launchLocked(ctx, p)
		}
	}
}

func (h *Hub) launchLocked(ctx context.Context, p *peer) {
	sub, cancel := context.WithCancelCause(ctx)
	p.cancel = cancel
	h.wg.Go(func() { p.run(sub) })
}

// Run keeps the links until ctx ends. It can run once.
func (h *Hub) Run(ctx context.Context) error {
	h.mu.Lock()
	if h.running {
		h.mu.Unlock()
		return errors.New("link: Run was called twice")
	}
	h.running = true
	h.mu.Unlock()
	defer close(h.closed)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener, err := h.quic.Listen(h.serverTLS(), quicConfig())
	if err != nil {
		h.packets.Close()
		return fmt.Errorf("listen for QUIC: %w", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { h.acceptQUIC(ctx, listener) })
	wg.Go(func() { h.readProbes(ctx) })
	wg.Go(func() { h.follow(ctx) })
	if h.listener != nil {
		wg.Go(func() { h.acceptTCP(ctx) })
	}
	if h.cfg.Announce {
		wg.Go(func() { h.discover(ctx) })
	}
	for ctx.Err() == nil {
		h.load()
		h.launch(ctx)
		select {
		case <-ctx.Done():
		case <-h.refresh:
		}
	}
	close(h.ending)
	if h.listener != nil {
		h.listener.Close()
	}
	wg.Wait()   // nothing new begins
	h.wg.Wait() // the peers say goodbye on a socket that is open
	listener.Close()
	h.quic.Close()
	h.packets.Close()
	return ctx.Err()
}

// follow wakes the peers when the network changes.
func (h *Hub) follow(ctx context.Context) {
	err := h.net.Changes(ctx, func() {
		h.log.Debug("the network changed")
		h.each(peerEvent{kind: peerNetwork})
		select {
		case h.changed <- struct{}{}:
		default:
		}
	})
	if err != nil && ctx.Err() == nil {
		h.log.Warn("changes of the network are not seen: peers are found by probes alone", "error", err)
	}
}

// each posts an event to every peer that runs.
func (h *Hub) each(e peerEvent) {
	for _, p := range h.all() {
		p.post(e)
	}
}

func (h *Hub) all() []*peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*peer
	for _, p := range h.peers {
		if p.cancel != nil {
			out = append(out, p)
		}
	}
	return out
}

func (h *Hub) peer(d phonelink.Device) *peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.peers[d]
}

// Send queues a message for a peer and returns; the link sends it as soon as
// its class may, in the order of its class, once. While the class is full it
// waits for room if the peer is linked, else it returns ErrFull. What was
// queued is lost only if the peer's process, or this one, ends (Message.Fresh),
// or if the peer is not trusted any more.
func (h *Hub) Send(ctx context.Context, to phonelink.Device, c phonelink.Class, payload []byte) error {
	if len(payload) > MaxMessage {
		return fmt.Errorf("send to %s: a message of %d bytes, want at most %d", to, len(payload), MaxMessage)
	}
	if int(c) >= classes {
		return fmt.Errorf("send to %s: no class %d", to, c)
	}
	p := h.peer(to)
	if p == nil {
		return fmt.Errorf("send to %s: %w", to, ErrUnknown)
	}
	for {
		room, err := p.queue(int(c), payload)
		if err != nil {
			return fmt.Errorf("send to %s: %w", to, err)
		}
		if room == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			return fmt.Errorf("send to %s: %w", to, ErrUnknown)
		case <-h.closed:
			return ErrClosed
		case <-room:
		}
	}
}

// queue adds a message, or gives a channel to wait for.
func (p *peer) queue(class int, payload []byte) (room chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &p.s.out[class]
	if n := o.queued(); n > 0 && n+len(payload) > MaxQueued {
		if p.active == nil {
			return nil, ErrFull
		}
		return p.room, nil
	}
	o.push(payload)
	if p.active != nil {
		p.active.poke(class)
	}
	return nil, nil
}

// Receive waits for a message: the most urgent class first, each class of a
// peer in order.
func (h *Hub) Receive(ctx context.Context) (Message, error) {
	m, err := h.arrivals.take(ctx, h.closed)
	if err != nil {
		return Message{}, err
	}
	return Message{From: m.from.device, Class: phonelink.Class(m.class), Payload: m.payload, Fresh: m.from.received(m)}, nil
}

// Hint says that the device may be at addr now: from a DHCP lease, a scanned
// code, or a person.
func (h *Hub) Hint(d phonelink.Device, addr netip.AddrPort) {
	if p := h.peer(d); p != nil {
		p.tell(peerEvent{kind: peerHint, addr: addr})
	}
}

// Refresh reads Config.Peers again.
func (h *Hub) Refresh() {
	select {
	case h.refresh <- struct{}{}:
	default:
	}
}

// Suspend ends the link with a device and leaves it alone until Resume.
func (h *Hub) Suspend(d phonelink.Device) {
	if p := h.peer(d); p != nil {
		p.tell(peerEvent{kind: peerSuspend})
	}
}

// Resume is the end of Suspend.
func (h *Hub) Resume(d phonelink.Device) {
	if p := h.peer(d); p != nil {
		p.tell(peerEvent{kind: peerResume})
	}
}

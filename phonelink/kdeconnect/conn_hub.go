package kdeconnect

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// hubConfig is what a hub needs. Keeper must be set.
type hubConfig struct {
	Keeper   keeper
	Name     string   // of this car, as phones show it; "" is "Tandem"
	Incoming []string // types of packets that the plugins take
	Outgoing []string // types of packets that the plugins send
	AllowV7  bool     // a first pairing with protocol version 7 is allowed
	Dir      string   // where received files go; "" refuses them
	MDNS     bool     // announce and browse _kdeconnect._udp too
	Logger   *slog.Logger

	// For tests and unusual networks.
	Bind    netip.Addr   // of every socket; the zero address is all of them
	Targets []netip.Addr // announced to by unicast, whoever is there
}

// keeper keeps what must outlast the process. Its methods are called by one
// goroutine at a time and outside of locks.
type keeper interface {
	// certificate is this device's own, made on first use and then the same.
	certificate() (certificate, error)
	pins() ([]pin, error)
	put(pin) error
	remove(id string) error
}

// pin is what is kept of a paired device.
type pin struct {
	ID          string // KDE Connect's
	Name        string
	Kind        string // phone, tablet, laptop, desktop, tv
	Certificate []byte // DER; the device is whoever has its key
	Version     int    // highest protocol version seen: it never goes down
	Addresses   []netip.AddrPort
	Paired      time.Time
	Seen        time.Time
}

// event is something that a hub tells the adapter, in order. Each is one of the
// structs below.
type event interface{ event() }

type (
	// upEvent: a trusted link is up. Without a downEvent before it the link is
	// a fresh one in place of the last: state should be asked for again.
	upEvent struct {
		Device   phonelink.Device
		Identity identity
		Address  netip.AddrPort
	}
	// downEvent: the trusted link is gone.
	downEvent struct {
		Device phonelink.Device
		Err    error
	}
	// quietEvent: a linked device is overdue, or is back.
	quietEvent struct {
		Device phonelink.Device
		Quiet  bool
	}
	// packetEvent: a trusted device sent a packet. Payload is nil for none.
	packetEvent struct {
		Device  phonelink.Device
		Packet  packet.Packet
		Payload *payloadReader
	}
	// candidateEvent: an unpaired device is in reach while the pairing window is
	// open. Problem says why it cannot be paired; "" for none.
	candidateEvent struct {
		Device   phonelink.Device
		Identity identity
		Problem  string
		Gone     bool
	}
	// pairAskEvent: the person is to compare Code and to answer by confirm.
	pairAskEvent struct {
		Device   phonelink.Device
		Identity identity
		Code     string // eight hex digits in upper case
		Outgoing bool   // asked from here
		Until    time.Time
	}
	// pairDoneEvent: a pairing has ended; nil Err: paired, an upEvent follows.
	pairDoneEvent struct {
		Device phonelink.Device
		Err    error
	}
	// unpairedEvent: the device is trusted no longer.
	unpairedEvent struct {
		Device phonelink.Device
		ByPeer bool
	}
	// refusedEvent: something that says it is a paired device was refused; a
	// person should know.
	refusedEvent struct {
		Device phonelink.Device
		Err    error
	}
)

func (upEvent) event()        {}
func (downEvent) event()      {}
func (quietEvent) event()     {}
func (packetEvent) event()    {}
func (candidateEvent) event() {}
func (pairAskEvent) event()   {}
func (pairDoneEvent) event()  {}
func (unpairedEvent) event()  {}
func (refusedEvent) event()   {}

// Errors that a caller branches on.
var (
	errAbsent     = errors.New("kdeconnect: device is not linked")
	errBusy       = errors.New("kdeconnect: device does not take what is sent")
	errWindow     = errors.New("kdeconnect: the pairing window is not open")
	errImpostor   = errors.New("kdeconnect: same id as a paired device, but another key")
	errDowngrade  = errors.New("kdeconnect: paired device speaks an older protocol than before")
	errVersion    = errors.New("kdeconnect: protocol version is not supported")
	errClock      = errors.New("kdeconnect: clocks differ by more than 30 minutes")
	errRejected   = errors.New("kdeconnect: pairing was rejected")
	errPairTime   = errors.New("kdeconnect: pairing was not answered in time")
	errReplaced   = errors.New("kdeconnect: link was replaced by a newer one")
	errUnpaired   = errors.New("kdeconnect: unpaired")
	errLockedOut  = errors.New("kdeconnect: too many connections")
	errUnexpected = errors.New("kdeconnect: peer does not speak the protocol")
)

// device is the name of a KDE Connect peer.
func device(id string) phonelink.Device { return phonelink.Device("kde:" + id) }

// idOf is the KDE Connect id of a device; "" if it is another adapter's.
func idOf(d phonelink.Device) string {
	if d.Adapter() != "kde" {
		return ""
	}
	return string(d[len("kde:"):])
}

// hub finds devices, links them, pairs them and carries packets and payloads.
// Methods are for any goroutine and do not wait for a peer, but offerPayload
// and those of a payloadReader. The events must be taken all the time: a link
// whose event waits reads no more.
//
//	announcer --UDP--> phones --UDP--> hear -- dial --+
//	accept -------------------------------------------+-> handshake -> link.serve -> events
type hub struct {
	c       hubConfig
	log     *slog.Logger
	self    certificate
	spki    []byte
	events  chan event
	wakes   chan wake     // to the announcer
	up      chan struct{} // closed when the sockets are open
	changed chan struct{} // one slot, to the responder of DNS-SD
	gate    *admission
	hears   *throttle
	fetch   chan struct{} // a place for each payload that is fetched
	offer   chan struct{} // and for each that is offered

	ctx    context.Context // of run
	group  sync.WaitGroup  // all goroutines but run's
	udp    *net.UDPConn
	tcp    *net.TCPListener
	keepMu sync.Mutex // held while the keeper works; never with mu

	mu      sync.Mutex
	running bool
	pinned  map[string]pin
	links   map[string]*link
	calls   map[string]int // handshakes under way that count as calls, by id
	comings map[string]int // those of whoever calls with this id, which is not shown yet
	window  time.Time      // end of the open pairing window; zero: closed
	asks    int            // requests to pair since the window opened

	announced time.Time // the last broadcast
}

// newHub checks c and reads what is kept. It starts nothing.
func newHub(c hubConfig) (*hub, error) {
	if c.Keeper == nil {
		return nil, errors.New("kdeconnect: no keeper")
	}
	if c.Name = cleanDeviceName(c.Name); c.Name == "" {
		c.Name = "Tandem"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	self, err := c.Keeper.certificate()
	if err != nil {
		return nil, fmt.Errorf("kdeconnect: own certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(self.DER)
	if err != nil {
		return nil, fmt.Errorf("kdeconnect: own certificate: %w", err)
	}
	pins, err := c.Keeper.pins()
	if err != nil {
		return nil, fmt.Errorf("kdeconnect: paired devices: %w", err)
	}
	h := &hub{c: c, log: c.Logger, self: self, spki: leaf.RawSubjectPublicKeyInfo, events: make(chan event, 64), wakes: make(chan wake, 64), up: make(chan struct{}), changed: make(chan struct{}, 1),
		gate: newAdmission(), hears: newThrottle(), fetch: make(chan struct{}, maxFetches), offer: make(chan struct{}, maxOffers), pinned: make(map[string]pin), links: make(map[string]*link), calls: make(map[string]int), comings: make(map[string]int)}
	for _, p := range pins {
		h.pinned[p.ID] = p
	}
	return h, nil
}

// emit tells the adapter. It waits until the adapter takes it.
func (h *hub) emit(e event) {
	select {
	case h.events <- e:
	case <-h.ctx.Done():
	}
}

// spawn runs f as one of the hub's goroutines. Once run is ending it does not,
// and returns false.
func (h *hub) spawn(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running {
		h.group.Go(f)
	}
	return h.running
}

// send queues a packet for a linked device.
func (h *hub) send(d phonelink.Device, p packet.Packet) error {
	line, err := p.Line()
	if err != nil {
		return fmt.Errorf("send to %s: %w", d, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.links[idOf(d)]
	if l == nil || !l.trusted.Load() {
		return errAbsent
	}
	return l.send(line)
}

// openPairing lets strangers in until then, and says that it is here.
func (h *hub) openPairing(until time.Time) {
	h.mu.Lock()
	h.window, h.asks = until, 0
	h.mu.Unlock()
	h.wake(wake{broadcast: true})
}

// closePairing sends strangers away.
func (h *hub) closePairing() {
	h.mu.Lock()
	h.window = time.Time{}
	links := slices.Collect(maps.Values(h.links))
	h.mu.Unlock()
	for _, l := range links {
		l.wake()
	}
}

// requestPair asks a candidate to be paired.
func (h *hub) requestPair(d phonelink.Device) error {
	if !h.windowOpen() {
		return errWindow
	}
	return h.command(d, sayAsk)
}

// confirm answers a pairAskEvent.
func (h *hub) confirm(d phonelink.Device, accept bool) error {
	if !accept {
		return h.command(d, sayNo)
	}
	if !h.windowOpen() {
		return errWindow
	}
	return h.command(d, sayYes)
}

// unpair ends the trust in a device, whether it is in reach or not.
func (h *hub) unpair(d phonelink.Device) error {
	id := idOf(d)
	h.mu.Lock()
	_, known := h.pinned[id]
	h.mu.Unlock()
	if !known {
		return errAbsent
	}
	if h.command(d, sayDrop) == nil {
		return nil
	}
	if err := h.drop(id); err != nil {
		return err
	}
	h.spawn(func() { h.emit(unpairedEvent{Device: d}) })
	return nil
}

// refresh announces anew: the network has changed.
func (h *hub) refresh() { h.wake(wake{broadcast: true, network: true}) }

// hint says that a device has just got this address: a new DHCP lease, a
// station that associated. Paired phones that are absent may be there.
func (h *hub) hint(a netip.Addr) { h.wake(wake{hint: a}) }

// paired lists what is kept, in no order.
func (h *hub) paired() []pin {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.pinned))
}

func (h *hub) linkOf(d phonelink.Device) *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.links[idOf(d)]
}

// command hands a person's decision to the link of a device, or its heir.
func (h *hub) command(d phonelink.Device, w pairWhat) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.links[idOf(d)]
	if l == nil {
		return errAbsent
	}
	select {
	case l.commands <- w:
		return nil
	default:
		return errBusy
	}
}

func (h *hub) windowOpen() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.windowOpenLocked()
}

func (h *hub) windowOpenLocked() bool { return time.Now().Before(h.window) }

// maxAsks is how many requests to pair are shown while the window is open: the
// code has 32 bits and no commitment, and each request is one guess.
const maxAsks = 10

// mayAsk counts a request to pair.
func (h *hub) mayAsk() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asks++
	return h.asks <= maxAsks
}

// keep pins a device, on disk first.
func (h *hub) keep(p pin) error {
	h.keepMu.Lock()
	defer h.keepMu.Unlock()
	h.mu.Lock()
	before, known := h.pinned[p.ID]
	h.mu.Unlock()
	if known && !bytes.Equal(before.Certificate, p.Certificate) {
		return errImpostor
	}
	if err := h.c.Keeper.put(p); err != nil {
		return fmt.Errorf("keep %s: %w", p.ID, err)
	}
	h.mu.Lock()
	h.pinned[p.ID] = p
	h.mu.Unlock()
	return nil
}

// drop forgets a device. It is trusted no longer even if the disk refuses.
func (h *hub) drop(id string) error {
	h.keepMu.Lock()
	defer h.keepMu.Unlock()
	h.mu.Lock()
	delete(h.pinned, id)
	h.mu.Unlock()
	if err := h.c.Keeper.remove(id); err != nil {
		return fmt.Errorf("forget %s: %w", id, err)
	}
	return nil
}

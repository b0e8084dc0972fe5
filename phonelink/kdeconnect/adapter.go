// Package kdeconnect speaks the protocol of KDE Connect, versions 7 and 8, so
// that a stock phone works with Tandem today: it finds and pairs phones, and
// translates what they report and send to phonelink's vocabulary, and back. It
// does not know who shows that, and it never reaches the car: what a phone wants
// of it becomes an Incoming or a Request that somebody else decides about.
//
//	wire_, discover_, conn_, pair_, payload_    hub: sockets, TLS, trust, files
//	plugin_                                     state: pure, one packet after another
//	adapter.go                                  the goroutine that joins the two
//
//	hub.events --> loop -> state.handle -> effects -> hub.send, Incoming, files
//	Do, SetMedia ----^                  -> View -> one-slot watches
//
// Trust comes before everything: the hub hands on packets only of a device whose
// pinned key it has verified, and the state takes packets only of a device that
// the hub has said is up. Of those it reads only the types that are announced,
// within their limits and rates.
//
// A stock phone has no hand-off with exactly one owner. Media goes over by
// pausing there and playing here, from what the phone reports.
package kdeconnect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
	"tandem/phonelink/trust"
)

// Config is what an Adapter needs. Store must be set.
type Config struct {
	Store   *trust.Store
	Profile phonelink.Profile // whose phones; "" is "owner"
	Name    string            // of this car, as phones show it; "" is "Tandem"
	Dir     string            // where received files go, made if missing; "": files are refused
	AllowV7 bool              // a first pairing with protocol version 7 is allowed
	MDNS    bool              // announce and browse _kdeconnect._udp too
	Car     phonelink.Car     // nil: no battery is reported, and pairing is allowed at any time
	Logger  *slog.Logger      // nil: discard

	// For tests and unusual networks.
	Bind    netip.Addr   // of every socket; the zero address is all of them
	Targets []netip.Addr // announced to by unicast, whoever is there
}

// Adapter is a phonelink.Adapter. Phones that it shows are paired in the
// profile in force.
type Adapter struct {
	c        Config
	log      *slog.Logger
	open     func(phonelink.Profile) (transport, error)
	board    board
	asks     chan ask
	media    chan []Media
	reports  chan progress
	arts     arts
	artsCome chan artEvent
	incoming chan phonelink.Incoming
	requests chan phonelink.Request

	mu   sync.Mutex
	link transport // of the profile in force; nil: none
}

// transport is what the loop needs of a hub.
type transport interface {
	run(ctx context.Context) error
	news() <-chan event
	paired() []pin
	send(d phonelink.Device, p packet.Packet) error
	offerPayload(ctx context.Context, d phonelink.Device, p packet.Packet, r io.Reader, size int64) error
	openPairing(until time.Time)
	closePairing()
	requestPair(d phonelink.Device) error
	confirm(d phonelink.Device, accept bool) error
	unpair(d phonelink.Device) error
	refresh()
	hint(a netip.Addr)
}

func (h *hub) news() <-chan event { return h.events }

// ask is a request on its way to the loop.
type ask struct {
	request phonelink.Request
	file    *openFile
	reply   chan error // one slot
}

// openFile is a file to be sent.
type openFile struct {
	file *os.File
	info os.FileInfo
}

const (
	waitingIncoming = 32 // sessions and requests that nobody has taken yet
	windowFor       = 120 * time.Second
	sampleEvery     = 30 * time.Second // the car's battery
	retryAfter      = 5 * time.Second  // when the network could not be opened
	reportEvery     = 100 * time.Millisecond
)

// New checks c. It opens no socket.
func New(c Config) (*Adapter, error) {
	if c.Store == nil {
		return nil, errors.New("kdeconnect: no trust store")
	}
	if c.Profile == "" {
		c.Profile = "owner"
	}
	if err := c.Profile.Check(); err != nil {
		return nil, fmt.Errorf("kdeconnect: %w", err)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	a := newAdapter(c)
	a.open = func(p phonelink.Profile) (transport, error) {
		return newHub(hubConfig{Keeper: storeKeeper{c.Store, p}, Name: c.Name, Incoming: incomingTypes, Outgoing: outgoingTypes, AllowV7: c.AllowV7,
			Dir: c.Dir, MDNS: c.MDNS, Logger: c.Logger, Bind: c.Bind, Targets: c.Targets})
	}
	return a, nil
}

func newAdapter(c Config) *Adapter {
	a := &Adapter{c: c, log: c.Logger, asks: make(chan ask), media: make(chan []Media, 1), reports: make(chan progress), artsCome: make(chan artEvent),
		incoming: make(chan phonelink.Incoming, waitingIncoming), requests: make(chan phonelink.Request, waitingIncoming)}
	a.board.put(&phonelink.View{Profile: c.Profile})
	return a
}

// Watch follows the adapter's part of the View. The caller closes it.
func (a *Adapter) Watch() phonelink.Watch { return a.board.watch() }

// Incoming is what phones sent: destinations, pages, texts and files. What
// nobody takes is dropped when 32 wait.
func (a *Adapter) Incoming() <-chan phonelink.Incoming { return a.incoming }

// Requests is what phones want of this device's own players: Edits of the
// sessions that SetMedia named. What nobody takes is dropped when 32 wait.
func (a *Adapter) Requests() <-chan phonelink.Request { return a.requests }

// SetMedia says which players are here and what they do; phones that are linked
// see and control them. The latest call wins; the slice is the adapter's then.
func (a *Adapter) SetMedia(media []Media) {
	for {
		select {
		case a.media <- media:
			return
		default:
		}
		select { // the one before was not taken yet: it is of no use now
		case <-a.media:
		default:
		}
	}
}

// Refresh says that the network has changed: phones are looked for anew.
func (a *Adapter) Refresh() {
	if t := a.transport(); t != nil {
		t.refresh()
	}
}

// Hint says that a device has just got this address (a new DHCP lease, a
// station that associated): it is told by unicast that this car is here, because
// phones that doze miss broadcasts.
func (a *Adapter) Hint(addr netip.Addr) {
	if t := a.transport(); t != nil {
		t.hint(addr)
	}
}

func (a *Adapter) transport() transport {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.link
}

// Do carries a request out. It needs Run. A request that was sent to a phone is
// done when it is on its way: what came of it is in the View.
func (a *Adapter) Do(ctx context.Context, r phonelink.Request) error {
	q := ask{request: r, reply: make(chan error, 1)}
	if f, ok := r.(phonelink.SendFile); ok {
		file, err := openRegular(f.Path)
		if err != nil {
			return err
		}
		q.file = file
	}
	select {
	case a.asks <- q:
	case <-ctx.Done():
		q.close()
		return ctx.Err()
	}
	select {
	case err := <-q.reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("request may have been carried out: %w", ctx.Err())
	}
}

// close closes a file that nobody sends.
func (q *ask) close() {
	if q.file != nil {
		q.file.file.Close()
	}
}

func openRegular(path string) (*openFile, error) {
	info, err := os.Stat(path) // before open: a pipe would wait for ever
	if err != nil {
		return nil, fmt.Errorf("send file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, refuse(phonelink.RefusedMismatch, "%s is not a file that can be sent.", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("send file: %w", err)
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, refuse(phonelink.RefusedMismatch, "%s is not a file that can be sent.", path)
	}
	return &openFile{f, info}, nil
}

// Run links phones until ctx ends; it returns nil then, after all that it
// started has ended. A network that cannot be opened is View.Trouble, and tried
// again.
func (a *Adapter) Run(ctx context.Context) error {
	l := &loop{a: a, state: newState(a.log, a.c.Profile)}
	for ctx.Err() == nil {
		l.serve(ctx)
	}
	return nil
}

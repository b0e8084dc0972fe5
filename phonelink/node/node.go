// Package node is the running phone link: it owns the goroutines of the link,
// the journals, the trust store and the adapters, and carries out what the
// session machine (phonelink.Next) decides. The same node is the car's end and
// the phone's. It does not know how a foreign protocol talks (its adapter
// does), what a screen looks like, or how a player makes sound: View says what
// to render, and Loaded and Playhead say what became of it.
//
//	Do, link, adapters, car, disk --inbox--> loop --Next--> State, Effects
//	                                           |
//	          1 what needs no disk             |  batch of all that came meanwhile
//	          2 journal.Append, one sync       |
//	          3 send, render, answer  <--------'
//	          4 View, to one-slot watches
//
// Order: nothing that follows from a decision, be it a message, an answer or a
// View, leaves the loop before the decision is on the disk. If the disk fails,
// the whole room is closed, those who wait are told that it may have happened,
// and it is opened again from what the disk has.
//
// Trust: the link tells who speaks; a peer of the open profile may do what its
// device may, nobody else anything. What a peer sends is bounded before it is
// decoded. A profile's contents (journal, assets) are sealed by its vault: until
// a phone has released its secret over the link, or a PIN was given, there is
// ciphertext and View.Locked. Names of profiles and pins of peers are sealed by
// the board alone, so that the link comes up first. Received files have readable
// copies in Config.Files while their profile is open; give it a folder in memory
// where the disk must not have them. They are the node's user's (0640, in a
// folder of 0750): a shell that runs as another user reads them if Config.Files
// has a group that it is in, hands it on (setgid) and lets it pass, as a folder
// made with mode 2750 does. Without Config.Files nobody else reads them (0600).
//
// Folders below Data: device.key, identity, device/, profiles/ID/{peers, slots,
// secrets, vault} are phonelink/trust's; profiles/ID/KEY/{journal, assets} are
// this package's, KEY naming the content key.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/phonelink"
	"tandem/phonelink/journal"
	"tandem/phonelink/link"
	"tandem/phonelink/trust"
)

// Owner is the profile of a device that has one person.
const Owner phonelink.Profile = "owner"

// Config says what a node is. Data and Name are needed.
type Config struct {
	Data     string            // folder of this node alone
	Name     string            // for a person at the other end, at most trust.MaxName bytes
	Model    string            // "car", "phone", "tablet", "laptop", "desktop"; "": "phone", or "car" with a Car
	Profile  phonelink.Profile // to begin with; "": Owner
	Only     bool              // no other profile is opened, but Guest and Valet: for a sandbox; Prepare comes first
	Listen   string            // UDP and TCP address of the link; "": any port
	Announce bool              // let peers find it by mDNS
	Car      phonelink.Car     // nil for a phone
	Player   bool              // somebody follows Load and Render
	Cannot   phonelink.Needs   // what this device lacks
	AskFirst bool              // a session that a peer sends waits for Accept

	// Adapters makes the adapters, once; nil: none.
	Adapters func(store *trust.Store) ([]phonelink.Adapter, error)
	// Perform does what a session asks of the world outside: sends a draft,
	// sets a scene. It may be asked again for the same op after a crash. nil:
	// by an adapter that can, else it waits.
	Perform func(ctx context.Context, s phonelink.Session, op phonelink.OpID) error

	Files     string           // readable copies of what was received, for a car while the profile is open; "": in the profile's folder
	MaxStore  int64            // bytes of assets on the disk; 0: 2 GiB
	Timing    phonelink.Timing // zero: phonelink.DefaultTiming
	Network   link.Network     // nil: the operating system's
	Disk      journal.FS       // of the journals; nil: the operating system's
	DeviceKey []byte           // seals everything, 32 bytes; nil: a file in Data
	Logger    *slog.Logger     // nil: silent
}

func (c *Config) fill() error {
	switch {
	case c.Data == "":
		return errors.New("phone link: no data folder given")
	case c.Name == "":
		return errors.New("phone link: no name given")
	case len(c.Name) > trust.MaxName || trust.CleanName(c.Name) != c.Name:
		return fmt.Errorf("phone link: name %q: want at most %d bytes that can be shown", c.Name, trust.MaxName)
	}
	if c.Model == "" {
		c.Model = "phone"
		if c.Car != nil {
			c.Model = "car"
		}
	}
	if c.Profile == "" {
		c.Profile = Owner
	}
	if err := c.Profile.Check(); err != nil {
		return fmt.Errorf("phone link: %w", err)
	}
	if c.MaxStore == 0 {
		c.MaxStore = 2 << 30
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// only are the profiles that the node may open; nil: all.
func (c *Config) only() []phonelink.Profile {
	if !c.Only {
		return nil
	}
	return []phonelink.Profile{c.Profile, phonelink.Guest}
}

// Private are the folders and files below Data that a node with Only writes,
// and those that it reads, once Prepare has made them.
func (c *Config) Private() (write, read []string) {
	for _, p := range c.only() {
		if p != phonelink.Valet {
			write = append(write, filepath.Join(c.Data, "profiles", string(p)))
		}
	}
	in := func(name string) string { return filepath.Join(c.Data, name) }
	return append(write, in("device"), in("lock")), []string{in("device.key"), in("identity")}
}

// Prepare makes what a node with Only cannot make from within a sandbox: the
// device key, the identity and the folders of its profiles. It removes the
// readable copies that a killed process left in any profile.
func Prepare(c Config) error {
	if err := c.fill(); err != nil {
		return err
	}
	lock, err := lockFolder(c.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := trust.Open(trust.Config{Dir: c.Data, DeviceKey: c.DeviceKey, Profiles: c.only(), Logger: c.Logger}); err != nil {
		return err
	}
	(&Node{c: c, log: c.Logger}).removeCopies()
	write, _ := c.Private()
	for _, dir := range write[:len(write)-1] {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("phone link: %w", err)
		}
	}
	return nil
}

// Node is a phone link. It is a phonelink.Service; its methods are for any
// goroutine.
type Node struct {
	c        Config
	log      *slog.Logger
	store    *trust.Store
	self     trust.Identity
	hub      *link.Hub
	adapters []phonelink.Adapter
	gate     trust.Gate
	pairings pairings
	board    *board
	start    time.Time // of the monotonic clock
	lock     *os.File
	inbox    chan func(*loop)
	done     chan struct{} // closed when Run has returned
	peers    peerList
}

var _ phonelink.Service = (*Node)(nil)

// New opens the trust store and the sockets, and locks Data for this process.
// Run uses and closes them.
func New(c Config) (*Node, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	lock, err := lockFolder(c.Data)
	if err != nil {
		return nil, err
	}
	n := &Node{
		c: c, log: c.Logger, start: time.Now(), lock: lock,
		inbox: make(chan func(*loop), 64), done: make(chan struct{}),
	}
	if err := n.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return n, nil
}

func (n *Node) open() (err error) {
	n.store, err = trust.Open(trust.Config{Dir: n.c.Data, DeviceKey: n.c.DeviceKey, Profiles: n.c.only(), Logger: n.log})
	if err != nil {
		return err
	}
	n.self = n.store.Identity()
	n.board = newBoard(&phonelink.View{Self: n.self.Device, Name: n.c.Name, Profile: n.c.Profile})
	n.peers.set(n.store.Peers(n.c.Profile))
	if n.c.Adapters != nil {
		if n.adapters, err = n.c.Adapters(n.store); err != nil {
			return fmt.Errorf("phone link: %w", err)
		}
	}
	n.hub, err = link.New(link.Config{
		Self: n.self, Name: n.c.Name, Listen: n.c.Listen, Peers: n.peers.get, Announce: n.c.Announce,
		Pairing: n.stranger, PairingOpen: n.pairingOpen, Network: n.c.Network, Logger: n.log,
	})
	return err
}

// Addr is where the link listens, UDP and TCP.
func (n *Node) Addr() netip.AddrPort { return n.hub.Addr() }

// Self is this device.
func (n *Node) Self() phonelink.Device { return n.self.Device }

// Watch is part of phonelink.Service.
func (n *Node) Watch() phonelink.Watch { return n.board.watch() }

// errEnded says that the node does not run any more.
var errEnded = errors.New("phone link: it has ended")

// Do is part of phonelink.Service.
func (n *Node) Do(ctx context.Context, r phonelink.Request) error {
	reply := make(chan error, 1)
	if err := n.post(ctx, func(l *loop) { l.request(ctx, r, reply) }); err != nil {
		return err
	}
	return n.wait(ctx, reply)
}

func (n *Node) wait(ctx context.Context, reply <-chan error) error {
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-n.done:
		select {
		case err := <-reply:
			return err
		default:
			return errEnded
		}
	}
}

// post gives the loop something to do.
func (n *Node) post(ctx context.Context, f func(*loop)) error {
	select {
	case n.inbox <- f:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.done:
		return errEnded
	}
}

// call lets the loop do something and waits for it.
func (n *Node) call(ctx context.Context, f func(*loop) error) error {
	reply := make(chan error, 1)
	if err := n.post(ctx, func(l *loop) { reply <- f(l) }); err != nil {
		return err
	}
	return n.wait(ctx, reply)
}

// Run keeps the phone link up until ctx ends. It runs once.
func (n *Node) Run(ctx context.Context) error {
	defer n.lock.Close()
	defer close(n.done)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return unlessEnded(ctx, n.hub.Run(ctx)) })
	g.Go(func() error { return n.receive(ctx) })
	g.Go(func() error { return n.follow(ctx) })
	for i, a := range n.adapters {
		g.Go(func() error { return n.runAdapter(ctx, i, a) })
	}
	g.Go(func() error { return newLoop(ctx, n).run() })
	return g.Wait()
}

// unlessEnded is nil for what a component returns because ctx has ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// receive brings messages of the link to the loop.
func (n *Node) receive(ctx context.Context) error {
	for {
		m, err := n.hub.Receive(ctx)
		if err != nil {
			return unlessEnded(ctx, err)
		}
		if err := n.post(ctx, func(l *loop) { l.receive(m) }); err != nil {
			return nil
		}
	}
}

// follow brings the states of the links to the loop.
func (n *Node) follow(ctx context.Context) error {
	w := n.hub.Watch()
	defer w.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.C():
		}
		// They are read by the loop, so that an older list never follows a later.
		if err := n.post(ctx, func(l *loop) { l.links(l.status.Statuses()) }); err != nil {
			return nil
		}
	}
}

// lockFolder makes sure that one process at a time has the folder.
func lockFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("phone link: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("phone link: %w", err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("phone link: another process uses %s: end it, or give this one a folder of its own: %w", dir, err), f.Close())
	}
	return f, nil
}

// Package faultnet is a network that misbehaves on request: a userspace proxy
// for UDP and TCP between one listening address and one target. It delays,
// jitters, loses, duplicates and reorders, limits the rate, holds packets back
// as Wi-Fi power save does, swallows everything, resets, and moves a flow to
// another source port as a NAT does. It does not know what it carries.
//
//	client --> Listen [ up:   loss, rate, delay, power save ] --> Target
//	client <--        [ down: loss, rate, delay, power save ] <--
//
// What happens to the n-th datagram of the m-th flow of a direction follows
// from Seed alone; when it happens follows from the clock.
//
// # TCP
//
// A proxy has two TCP connections with a kernel at each end: it cannot lose a
// segment, only bytes, which TCP never does. Loss is therefore modelled by what
// an application sees of it: the bytes of a read count as segments of 1460
// bytes, and for each lost one the stream stands still for a retransmission
// timeout, doubled while the retransmission is lost too (RFC 6298; no fast
// retransmit, no tail loss probe, no congestion window, so bulk transfer is not
// modelled well). A black hole stops the stream until the first retransmission
// after it healed. Connecting costs one and a half round trips before the
// target sees it, and a second for each lost SYN. Duplication and reordering
// are TCP's own to repair and have no effect. The client's connect succeeds at
// once whatever the network is like: the kernel answers for the proxy.
package faultnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Networks of a Config.
const (
	UDP = "udp"
	TCP = "tcp"
)

// Limits of a Net.
const (
	maxFlows     = 1024    // flows at once; the longest idle one goes first
	maxWaiting   = 4 << 20 // bytes of datagrams on their way, per direction
	maxStream    = 256 << 10
	defaultQueue = 256 << 10
	defaultLate  = 10 * time.Millisecond
)

// Config is one Net. Only Target must be given.
type Config struct {
	Seed    uint64
	Listen  string // HOST:PORT; "": a free port of 127.0.0.1
	Target  string // HOST:PORT
	Network string // UDP, TCP; "": both, on the same port
	Up      Path   // from the client to the target
	Down    Path   // from the target to the client
	Logger  *slog.Logger
}

// Path is how one direction behaves. The zero value is a perfect cable.
type Path struct {
	Delay     time.Duration // one way
	Jitter    time.Duration // up to this much more or less than Delay, evenly; the order is kept
	Loss      float64       // share of packets, 0 to 1
	Burst     float64       // mean length of a loss in packets (Gilbert's model); up to 1: each by itself
	Duplicate float64       // share of datagrams that come twice, 0 to 1
	Reorder   float64       // share of datagrams that later ones overtake, 0 to 1
	Late      time.Duration // how much longer such a datagram takes; 0: 10 ms
	Rate      int64         // bits per second of all flows together; 0: no limit
	Queue     int           // bytes that wait for Rate before the rest is dropped; 0: 256 KiB
	PowerSave PowerSave
}

// PowerSave holds packets until the receiving station wakes up, as an access
// point does for a dozing one (IEEE 802.11-2020, 11.2.3): the time from one
// waking to the next is drawn evenly from Min to Max. The zero value is off.
type PowerSave struct{ Min, Max time.Duration }

// Check refuses a path that means nothing.
func (p Path) Check() error {
	for _, s := range []struct {
		name string
		v    float64
	}{{"loss", p.Loss}, {"duplicate", p.Duplicate}, {"reorder", p.Reorder}} {
		if !(s.v >= 0 && s.v <= 1) {
			return fmt.Errorf("%s %v: want a share from 0 to 1", s.name, s.v)
		}
	}
	switch {
	case p.Delay < 0 || p.Jitter < 0 || p.Late < 0:
		return fmt.Errorf("delay %v, jitter %v, late %v: want times of 0 or more", p.Delay, p.Jitter, p.Late)
	case p.Rate < 0 || p.Queue < 0 || !(p.Burst >= 0):
		return fmt.Errorf("rate %d, queue %d, burst %v: want 0 or more", p.Rate, p.Queue, p.Burst)
	case p.PowerSave.Min < 0 || p.PowerSave.Max < p.PowerSave.Min:
		return fmt.Errorf("power save from %v to %v: want 0 <= min <= max", p.PowerSave.Min, p.PowerSave.Max)
	}
	return nil
}

// Net is one misbehaving network. Its methods are for any goroutine.
type Net struct {
	cfg      Config
	packets  *net.UDPConn
	listener *net.TCPListener
	up, down *lane

	mu      sync.Mutex
	target  netip.AddrPort
	udp     map[netip.AddrPort]*udpFlow
	tcp     map[*tcpFlow]struct{}
	started uint64 // flows so far
	closed  bool

	flows sync.WaitGroup // goroutines of the flows
}

// New takes the addresses; datagrams and connections wait there until Run.
func New(cfg Config) (*Net, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	n := &Net{cfg: cfg, udp: map[netip.AddrPort]*udpFlow{}, tcp: map[*tcpFlow]struct{}{}}
	if cfg.Network != "" && cfg.Network != UDP && cfg.Network != TCP {
		return nil, fmt.Errorf("faultnet: network %q: want %q, %q, or nothing for both", cfg.Network, UDP, TCP)
	}
	if err := errors.Join(cfg.Up.Check(), cfg.Down.Check()); err != nil {
		return nil, fmt.Errorf("faultnet: %w", err)
	}
	if err := n.SetTarget(cfg.Target); err != nil {
		return nil, err
	}
	n.up, n.down = newLane(cfg.Seed, 0, cfg.Up), newLane(cfg.Seed, 1, cfg.Down)
	n.up.precise, n.down.precise = true, true
	if err := n.listen(); err != nil {
		_ = n.Close()
		return nil, fmt.Errorf("faultnet: %w", err)
	}
	return n, nil
}

// listen takes the port; for both networks at once it may have to try again,
// as a port that is free for one may be taken for the other.
func (n *Net) listen() error {
	var last error
	for range 16 {
		at, err := net.ResolveUDPAddr("udp", n.cfg.Listen)
		if err != nil {
			return err
		}
		if n.cfg.Network != TCP {
			if n.packets, err = net.ListenUDP("udp", at); err != nil {
				return err
			}
			_ = n.packets.SetReadBuffer(4 << 20) // less is what the system allows
			at = n.packets.LocalAddr().(*net.UDPAddr)
		}
		if n.cfg.Network == UDP {
			return nil
		}
		n.listener, err = net.ListenTCP("tcp", &net.TCPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone})
		if err == nil {
			return nil
		}
		if last = err; n.packets != nil {
			_ = n.packets.Close()
			n.packets = nil
		}
	}
	return last
}

// Addr is where clients send to.
func (n *Net) Addr() netip.AddrPort {
	if n.packets != nil {
		return n.packets.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return n.listener.Addr().(*net.TCPAddr).AddrPort()
}

// Run carries packets until ctx ends, closes everything and returns nil.
func (n *Net) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var own sync.WaitGroup
	own.Go(func() { n.up.run(ctx) })
	own.Go(func() { n.down.run(ctx) })
	if n.packets != nil {
		own.Go(func() { n.readClients(ctx) })
	}
	if n.listener != nil {
		own.Go(func() { n.accept(ctx) })
	}
	<-ctx.Done()
	err := n.Close()
	own.Wait()
	n.flows.Wait()
	return err
}

// Close releases the addresses of a Net that is not run; Run does it itself.
func (n *Net) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	var errs []error
	if n.packets != nil {
		errs = append(errs, n.packets.Close())
	}
	if n.listener != nil {
		errs = append(errs, n.listener.Close())
	}
	for _, f := range n.udp {
		_ = f.conn.Close()
	}
	for f := range n.tcp {
		f.close(false)
	}
	return errors.Join(errs...)
}

// Set changes how both directions behave, for what comes from now on. A path
// that Check refuses is a panic: it is a mistake in the test that asks for it.
func (n *Net) Set(p Path) { n.SetUp(p); n.SetDown(p) }

// SetUp changes the way to the target.
func (n *Net) SetUp(p Path) { n.up.set(p) }

// SetDown changes the way to the client.
func (n *Net) SetDown(p Path) { n.down.set(p) }

// BlackHole swallows everything in both directions, also what is on its way,
// until it is told false. Nobody gets an error.
func (n *Net) BlackHole(on bool) { n.up.blackHole(on); n.down.blackHole(on) }

// SetTarget sends new flows to another HOST:PORT, such as a server that came
// back elsewhere. Flows that exist stay; Rebind moves those of UDP.
func (n *Net) SetTarget(target string) error {
	at, err := net.ResolveUDPAddr("udp", target)
	if err != nil || at.Port == 0 || target == "" {
		return fmt.Errorf("faultnet: target %q: want HOST:PORT", target)
	}
	n.mu.Lock()
	n.target = at.AddrPort()
	n.target = netip.AddrPortFrom(n.target.Addr().Unmap(), n.target.Port())
	n.mu.Unlock()
	return nil
}

// Reset ends every TCP connection with a RST to both ends. UDP knows no such
// thing.
func (n *Net) Reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for f := range n.tcp {
		f.close(true)
	}
}

// Rebind forgets the mappings, as a NAT does: every UDP flow goes on from a new
// source port towards the target, and what is sent to the old one is lost. TCP
// connections do not survive it and are reset.
func (n *Net) Rebind() error {
	n.Reset()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range n.udp {
		if err := n.dialLocked(f); err != nil {
			return fmt.Errorf("faultnet: rebind: %w", err)
		}
	}
	return nil
}

// Counters are what happened so far.
type Counters struct {
	Up, Down Count
	Flows    uint64 // that ever were
}

// Count is what happened in one direction, in packets: datagrams, or what TCP
// delivered at once.
type Count struct {
	Forwarded  uint64
	Bytes      uint64 // of Forwarded
	Lost       uint64
	Duplicated uint64 // copies, which are in Forwarded too
	Reordered  uint64
	Overflowed uint64 // no room to wait
	Swallowed  uint64 // by the black hole
	Stalls     uint64 // retransmissions of TCP
}

// Counters returns what happened so far.
func (n *Net) Counters() Counters {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Counters{Up: n.up.counted(), Down: n.down.counted(), Flows: n.started}
}

// roundTrip is the delay there and back, without jitter.
func (n *Net) roundTrip() time.Duration { return n.up.delay() + n.down.delay() }

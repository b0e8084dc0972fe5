package faultnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Memory is a Net for datagrams without sockets: its two ends are in this
// process, so that in a testing/synctest bubble its time is virtual and ten
// minutes of a black hole take none. Target and Listen of its Config are unused.
type Memory struct {
	up, down       *lane
	client, server *end
}

// NewMemory makes the network and its two ends. Nothing moves before Run.
func NewMemory(cfg Config) (*Memory, error) {
	for _, p := range []Path{cfg.Up, cfg.Down} {
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("faultnet: %w", err)
		}
	}
	m := &Memory{up: newLane(cfg.Seed, 0, cfg.Up), down: newLane(cfg.Seed, 1, cfg.Down)}
	m.client = newEnd(netip.MustParseAddrPort("192.0.2.1:40001"), m.up, newFate(cfg.Seed, 0, 0))
	m.server = newEnd(netip.MustParseAddrPort("198.51.100.1:443"), m.down, newFate(cfg.Seed, 1, 0))
	m.client.peer, m.server.peer = m.server, m.client
	return m, nil
}

// Run carries datagrams until ctx ends, and closes both ends.
func (m *Memory) Run(ctx context.Context) error {
	var own sync.WaitGroup
	own.Go(func() { m.up.run(ctx) })
	own.Go(func() { m.down.run(ctx) })
	own.Wait()
	return m.Close()
}

// Close ends the reads at both ends.
func (m *Memory) Close() error {
	_ = m.client.Close()
	return m.server.Close()
}

// Client is the end whose datagrams go up; what it sends goes to the server,
// whatever the address. Rebind changes its address.
func (m *Memory) Client() net.PacketConn { return m.client }

// Server is the end whose datagrams go down; what it sends to another address
// than the client's present one is lost.
func (m *Memory) Server() net.PacketConn { return m.server }

// Set changes how both directions behave, as Net's does.
func (m *Memory) Set(p Path) { m.up.set(p); m.down.set(p) }

// BlackHole swallows everything, as Net's does.
func (m *Memory) BlackHole(on bool) { m.up.blackHole(on); m.down.blackHole(on) }

// Rebind gives the client another port, as a NAT does.
func (m *Memory) Rebind() {
	m.client.mu.Lock()
	defer m.client.mu.Unlock()
	m.client.addr = netip.AddrPortFrom(m.client.addr.Addr(), m.client.addr.Port()+1)
}

// Counters returns what happened so far.
func (m *Memory) Counters() Counters {
	return Counters{Up: m.up.counted(), Down: m.down.counted(), Flows: 1}
}

// end is one side of a Memory, a net.PacketConn.
type end struct {
	lane *lane
	peer *end

	sending sync.Mutex // one writer at a time draws
	luck    *fate

	mu      sync.Mutex
	addr    netip.AddrPort
	inbox   []letter
	by      time.Time     // read deadline
	changed chan struct{} // closed and replaced when something above changes
	closed  bool
}

// letter is a datagram that has arrived.
type letter struct {
	b    []byte
	from netip.AddrPort
}

// maxInbox is what a receiver's socket buffer holds, in datagrams.
const maxInbox = 1024

func newEnd(addr netip.AddrPort, l *lane, f *fate) *end {
	return &end{addr: addr, lane: l, luck: f, changed: make(chan struct{})}
}

func (e *end) where() netip.AddrPort {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.addr
}

func (e *end) changedLocked() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// ReadFrom is part of net.PacketConn.
func (e *end) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		e.mu.Lock()
		by, changed := e.by, e.changed
		switch {
		case e.closed:
			e.mu.Unlock()
			return 0, nil, net.ErrClosed
		case !by.IsZero() && !time.Now().Before(by):
			e.mu.Unlock()
			return 0, nil, os.ErrDeadlineExceeded
		case len(e.inbox) > 0:
			l := e.inbox[0]
			e.inbox = e.inbox[1:]
			e.mu.Unlock()
			return copy(b, l.b), net.UDPAddrFromAddrPort(l.from), nil
		}
		e.mu.Unlock()
		await(changed, by)
	}
}

// await waits until c is closed, or by if that is not zero.
func await(c <-chan struct{}, by time.Time) {
	if by.IsZero() {
		<-c
		return
	}
	timer := time.NewTimer(time.Until(by))
	defer timer.Stop()
	select {
	case <-c:
	case <-timer.C:
	}
}

// WriteTo is part of net.PacketConn.
func (e *end) WriteTo(b []byte, to net.Addr) (int, error) {
	e.mu.Lock()
	closed, from := e.closed, e.addr
	e.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("faultnet: write to %v: want a UDP address", to)
	}
	at := udp.AddrPort()
	e.sending.Lock()
	defer e.sending.Unlock()
	e.lane.send(e.luck, b, func(b []byte) { e.peer.deliver(b, from, at) })
	return len(b), nil
}

// deliver puts a datagram into the inbox if it is for this end's address.
func (e *end) deliver(b []byte, from, to netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || to.Port() != e.addr.Port() || len(e.inbox) >= maxInbox {
		return
	}
	e.inbox = append(e.inbox, letter{b: append([]byte(nil), b...), from: from})
	e.changedLocked()
}

// Close is part of net.PacketConn.
func (e *end) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		e.changedLocked()
	}
	return nil
}

// LocalAddr is part of net.PacketConn.
func (e *end) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(e.where()) }

// SetDeadline is part of net.PacketConn; writes never wait.
func (e *end) SetDeadline(t time.Time) error { return e.SetReadDeadline(t) }

// SetReadDeadline is part of net.PacketConn.
func (e *end) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.by = t
	e.changedLocked()
	return nil
}

// SetWriteDeadline is part of net.PacketConn; writes never wait.
func (e *end) SetWriteDeadline(time.Time) error { return nil }

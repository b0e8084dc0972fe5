package faultnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// udpFlow is one client address and its socket towards the target.
type udpFlow struct {
	client   netip.AddrPort
	up, down *fate
	conn     *net.UDPConn // guarded by Net.mu
	used     time.Time    // guarded by Net.mu
	out      func([]byte) // sends towards the target
}

// readClients carries what clients send until the socket is closed.
func (n *Net) readClients(ctx context.Context) {
	buf := make([]byte, 64<<10)
	for ctx.Err() == nil {
		size, from, err := n.packets.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error about an earlier datagram
		}
		f, err := n.flow(from)
		if err != nil {
			n.cfg.Logger.Warn("no flow for a client", "client", from, "err", err)
			continue
		}
		n.up.send(f.up, buf[:size], f.out)
	}
}

// flow finds the client's flow, or makes one.
func (n *Net) flow(client netip.AddrPort) (*udpFlow, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f := n.udp[client]; f != nil {
		f.used = time.Now()
		return f, nil
	}
	if len(n.udp) >= maxFlows {
		n.dropIdlestLocked()
	}
	f := &udpFlow{
		client: client, used: time.Now(),
		up: newFate(n.cfg.Seed, 0, n.started), down: newFate(n.cfg.Seed, 1, n.started),
	}
	f.out = func(b []byte) {
		n.mu.Lock()
		conn := f.conn
		n.mu.Unlock()
		_, _ = conn.Write(b) // the target may be away; UDP does not tell
	}
	if err := n.dialLocked(f); err != nil {
		return nil, err
	}
	n.started++
	n.udp[client] = f
	return f, nil
}

func (n *Net) dropIdlestLocked() {
	var idlest *udpFlow
	for _, f := range n.udp {
		if idlest == nil || f.used.Before(idlest.used) {
			idlest = f
		}
	}
	_ = idlest.conn.Close()
	delete(n.udp, idlest.client)
}

// dialLocked gives a flow a new socket towards the target.
func (n *Net) dialLocked(f *udpFlow) error {
	if n.closed {
		return net.ErrClosed
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(n.target))
	if err != nil {
		return fmt.Errorf("dial target %s: %w", n.target, err)
	}
	_ = conn.SetReadBuffer(1 << 20)
	if f.conn != nil {
		_ = f.conn.Close()
	}
	f.conn = conn
	n.flows.Go(func() { n.readTarget(f, conn) })
	return nil
}

// readTarget carries what the target answers until the socket is closed.
func (n *Net) readTarget(f *udpFlow, conn *net.UDPConn) {
	buf := make([]byte, 64<<10)
	back := func(b []byte) { _, _ = n.packets.WriteToUDPAddrPort(b, f.client) }
	for {
		size, err := conn.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			n.down.send(f.down, buf[:size], back)
		}
	}
}

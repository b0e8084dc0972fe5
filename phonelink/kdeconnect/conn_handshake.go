package kdeconnect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

// Times of a handshake.
const (
	callWithin     = 3 * time.Second // TCP: the first SYN and one or two more
	identityWithin = time.Second     // the caller's identity in clear (as stock peers demand)
	secureWithin   = 5 * time.Second // TLS and the identity inside
	writeWithin    = 10 * time.Second
	closeWithin    = 2 * time.Second
	retireWithin   = 500 * time.Millisecond // of a link that was replaced
)

// maxStrangers is how many links without trust there are at once, while the
// pairing window is open.
const maxStrangers = 8

// target is somebody to call.
//
//	caller                                     called
//	  TCP connect  ------------------------------>
//	  identity in clear, with Target ------------>   within 1 s
//	  TLS server   <--------- hello ------------  TLS client: the roles are inverted
//	  identity <------------------------------->  identity, inside TLS, from version 8 on
type target struct {
	address netip.AddrPort
	peer    identity // as its datagram says, or as it is kept
	// credit is how many bytes came from this address, which nobody has shown
	// to be its sender's: no more is sent there before TLS. -1: the device was
	// authenticated at this address before.
	credit int
}

// accept takes connections until the listener is closed.
func (h *hub) accept() {
	for {
		conn, err := h.tcp.AcceptTCP()
		if err != nil {
			if h.ctx.Err() != nil {
				return
			}
			h.log.Warn("accept", "err", err) // no more descriptors: wait for some
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-h.ctx.Done():
				return
			}
		}
		from := addressOf(conn)
		if !h.gate.enter(time.Now(), from.Addr(), h.knownAddress(from.Addr())) {
			conn.SetLinger(0)
			conn.Close()
			continue
		}
		if !h.spawn(func() { h.answer(conn, from) }) {
			h.gate.leave(from.Addr())
			conn.Close()
		}
	}
}

// answer is the called side: TCP server, TLS client.
func (h *hub) answer(conn *net.TCPConn, from netip.AddrPort) {
	left := false
	leave := func() {
		if !left {
			left = true
			h.gate.leave(from.Addr())
		}
	}
	defer leave()
	stop := context.AfterFunc(h.ctx, func() { conn.Close() })
	defer stop()
	err := func() error {
		conn.SetDeadline(time.Now().Add(identityWithin))
		line, err := readPlainLine(conn, packet.MaxIdentity)
		if err != nil {
			return err
		}
		peer, err := parseIdentity(line)
		if err != nil {
			return err
		}
		if peer.Target != "" && peer.Target != h.self.ID || peer.TargetVersion != 0 && peer.TargetVersion != ownVersion {
			return fmt.Errorf("%w: caller means %s, version %d", errUnexpected, peer.Target, peer.TargetVersion)
		}
		stop := h.coming(peer.ID, from.Addr())
		l, r, err := h.secure(conn, peer, netip.AddrPortFrom(from.Addr(), peer.Port), true)
		stop()
		if err != nil {
			return err
		}
		leave()
		l.serve(r)
		return nil
	}()
	if err != nil {
		conn.Close()
		h.log.Debug("connection refused", "from", from, "err", err)
	}
}

// call is the calling side: TCP client, TLS server. It returns after the
// handshake; the link goes on by itself.
func (h *hub) call(t target) {
	err := func() error {
		line := h.opening(t)
		if line == nil {
			return fmt.Errorf("%w: %d bytes received are less than an identity", errUnexpected, t.credit)
		}
		d := net.Dialer{Timeout: callWithin}
		if h.c.Bind.IsValid() {
			d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.c.Bind, 0))
		}
		c, err := d.DialContext(h.ctx, "tcp", t.address.String())
		if err != nil {
			return err
		}
		conn := c.(*net.TCPConn)
		conn.SetDeadline(time.Now().Add(secureWithin))
		if _, err := conn.Write(line); err != nil {
			conn.Close()
			return err
		}
		l, r, err := h.secure(conn, t.peer, t.address, false)
		if err != nil {
			conn.Close()
			return err
		}
		if !h.spawn(func() { l.serve(r) }) {
			l.serve(r) // which ends at once, and lets go of whoever waits for that
		}
		return nil
	}()
	if err != nil {
		h.log.Debug("call", "to", t.address, "err", err)
	}
}

// opening is the identity that a caller says in clear: with what the plugins
// can do only where the peer would not hear it otherwise, and never longer than
// what came from there. Nil: nothing is short enough.
func (h *hub) opening(t target) []byte {
	i := h.identity()
	i.Target, i.TargetVersion = t.peer.ID, t.peer.Version
	if t.peer.Version >= secureVersion {
		i.Incoming, i.Outgoing = nil, nil
	}
	line := i.line()
	if t.credit >= 0 && len(line) > t.credit {
		i.Incoming, i.Outgoing = nil, nil
		line = i.line()
	}
	if t.credit >= 0 && len(line) > t.credit {
		return nil
	}
	return line
}

// identity is this device's own.
func (h *hub) identity() identity {
	return identity{ID: h.self.ID, Name: h.c.Name, Kind: "tv", Version: ownVersion, Incoming: h.c.Incoming, Outgoing: h.c.Outgoing}
}

// secure does the handshake after the identity in clear, which is believed by
// nobody, and returns a link that is registered and not yet served.
func (h *hub) secure(conn *net.TCPConn, peer identity, address netip.AddrPort, called bool) (*link, *lineReader, error) {
	pinned, err := h.vet(peer)
	if err != nil {
		h.report(peer, err)
		return nil, nil, err
	}
	conn.SetDeadline(time.Now().Add(secureWithin))
	config := h.self.tlsConfig(func(leaf *x509.Certificate) error { return checkCertificate(leaf, peer.ID, pinned) })
	role := tls.Server
	if called {
		role = tls.Client
	}
	secure := role(conn, config)
	if err := secure.HandshakeContext(h.ctx); err != nil {
		h.report(peer, err)
		return nil, nil, err
	}
	r := &lineReader{r: secure}
	if peer.Version >= secureVersion {
		inside, err := h.exchange(secure, r, peer, called)
		if err != nil {
			return nil, nil, err
		}
		inside.Port, peer = peer.Port, inside
	}
	conn.SetDeadline(time.Time{})
	watchClosely(conn)
	l := h.newLink(h.ctx, conn, secure, peer, address)
	l.called = called
	if err := h.adopt(l, r); err != nil {
		if pinned != nil && errors.Is(err, errWindow) {
			l.disown()
		}
		l.cancel(err)
		return nil, nil, err
	}
	return l, r, nil
}

// disown tells a device that was unpaired during its handshake that it is not
// paired any longer: what was said on the link before may have been lost with
// that.
func (l *link) disown() {
	select {
	case <-time.After(firstWrite):
	case <-l.h.ctx.Done():
		return
	}
	l.tcp.SetDeadline(time.Now().Add(closeWithin))
	if _, err := l.conn.Write(pairRequest{Pair: false}.line()); err != nil || closeWrite(l.conn) != nil {
		return
	}
	io.Copy(io.Discard, io.LimitReader(l.conn, maxStrangerLine)) // closing with unread data would throw the no away
}

// exchange says the identity inside TLS and compares what the peer says there.
// The called side is done with TLS first, and a stock caller does not see what
// arrives before it is too: so the called side waits for the caller's.
func (h *hub) exchange(conn *tls.Conn, r *lineReader, plain identity, called bool) (identity, error) {
	say := func() error {
		_, err := conn.Write(h.identity().line())
		return err
	}
	if !called {
		if err := say(); err != nil {
			return identity{}, err
		}
	}
	line, err := r.next(func() int { return packet.MaxIdentity })
	if err != nil {
		return identity{}, err
	}
	inside, err := parseIdentity(line)
	if err != nil {
		return identity{}, err
	}
	if inside.ID != plain.ID || inside.Version != plain.Version {
		return identity{}, fmt.Errorf("%w: %s version %d in clear, %s version %d inside TLS", errUnexpected, plain.ID, plain.Version, inside.ID, inside.Version)
	}
	if called {
		err = say()
	}
	return inside, err
}

// vet decides before TLS whether a device of this id and version is wanted, and
// returns the certificate that it must show; nil for a stranger.
func (h *hub) vet(peer identity) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if peer.ID == h.self.ID {
		return nil, fmt.Errorf("%w: it has this device's id", errUnexpected)
	}
	if p, ok := h.pinned[peer.ID]; ok {
		if peer.Version < p.Version {
			return nil, fmt.Errorf("%w: %d after %d", errDowngrade, peer.Version, p.Version)
		}
		return p.Certificate, nil
	}
	switch {
	case !h.windowOpenLocked():
		return nil, errWindow
	case peer.Version < oldestVersion, peer.Version < secureVersion && !h.c.AllowV7:
		return nil, fmt.Errorf("%w: %d", errVersion, peer.Version)
	case h.strangersLocked() >= maxStrangers:
		return nil, errLockedOut
	}
	return nil, nil
}

func (h *hub) strangersLocked() (n int) {
	for _, l := range h.links {
		if !l.trusted.Load() {
			n++
		}
	}
	return n
}

// report tells the adapter why somebody was refused, if a person should know:
// a few times a minute at most.
func (h *hub) report(peer identity, err error) {
	d := device(peer.ID)
	switch {
	case errors.Is(err, errImpostor), errors.Is(err, errDowngrade):
		kind := "impostor "
		if errors.Is(err, errDowngrade) {
			kind = "downgrade "
		}
		if h.hears.allow(time.Now(), kind+peer.ID, 1.0/10, 2) {
			h.log.Warn("refused", "device", d, "err", err)
			h.emit(refusedEvent{d, err})
		}
	case errors.Is(err, errVersion):
		if h.hears.allow(time.Now(), "version "+peer.ID, 1.0/10, 1) && h.hears.allow(time.Now(), "versions", 1, 10) {
			h.emit(candidateEvent{Device: d, Identity: peer, Problem: err.Error()})
		}
	}
}

// seen keeps what the link has shown of a paired device.
func (h *hub) seen(l *link, p pin) {
	next := p
	next.Name, next.Kind, next.Version = l.peer.Name, l.peer.Kind, max(p.Version, l.peer.Version)
	next.Addresses = addAddress(p.Addresses, l.address)
	next.Seen = time.Now()
	if next.Name == p.Name && next.Kind == p.Kind && next.Version == p.Version && slices.Equal(next.Addresses, p.Addresses) && next.Seen.Sub(p.Seen) < time.Hour {
		return
	}
	if err := h.keep(next); err != nil {
		h.log.Warn("keep address of paired device", "device", l.device, "err", err)
	}
}

// maxAddresses is how many of a device's addresses are kept, latest first.
const maxAddresses = 4

// addAddress puts a in front. Without a port it takes the one that is known for
// this address, or the usual one.
func addAddress(list []netip.AddrPort, a netip.AddrPort) []netip.AddrPort {
	out := make([]netip.AddrPort, 1, maxAddresses)
	for _, b := range list {
		if b.Addr() == a.Addr() {
			if a.Port() == 0 {
				a = b
			}
			continue
		}
		if len(out) < maxAddresses {
			out = append(out, b)
		}
	}
	if a.Port() == 0 {
		a = netip.AddrPortFrom(a.Addr(), firstPort)
	}
	out[0] = a
	return out
}

// knownAddress reports whether a paired device was at this address.
func (h *hub) knownAddress(a netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.pinned {
		if hasAddress(p, a) {
			return true
		}
	}
	return false
}

func hasAddress(p pin, a netip.Addr) bool {
	return slices.ContainsFunc(p.Addresses, func(b netip.AddrPort) bool { return b.Addr() == a })
}

// count keeps how many handshakes with a device are under way.
func (h *hub) count(id string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	add(h.calls, id, n)
}

func add(to map[string]int, id string, n int) {
	if to[id] += n; to[id] <= 0 {
		delete(to, id)
	}
}

// coming counts the handshake of a caller that says that it is id, until stop.
// Anybody can say so and then be silent: only at an address where the device has
// been does it keep this side from calling the device itself.
func (h *hub) coming(id string, from netip.Addr) (stop func()) {
	proven := h.provenAt(id, from)
	change := func(n int) {
		h.mu.Lock()
		defer h.mu.Unlock()
		add(h.comings, id, n)
		if proven {
			add(h.calls, id, n)
		}
	}
	change(1)
	return func() { change(-1) }
}

// addressOf is where a connection comes from, IPv4 as such.
func addressOf(c net.Conn) netip.AddrPort {
	a := c.RemoteAddr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

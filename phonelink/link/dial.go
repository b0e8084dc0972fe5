package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// transport is the one UDP socket: connections both ways, and probes.
func (h *Hub) transport(pc net.PacketConn) *quic.Transport {
	return &quic.Transport{
		Conn:               pc,
		ConnectionIDLength: 8,
		// A peer that was restarted tells its old connections so at once.
		StatelessResetKey:                h.resetKey(),
		DisableVersionNegotiationPackets: true,
		// RFC 9000, 8.1: before an address is proved, a server may send three
		// times what it received. We send a Retry, which is smaller than what
		// asks for it, unless the address has answered a challenge of ours.
		VerifySourceAddress: func(a net.Addr) bool { return !h.guard.isProved(time.Now(), addrPortOf(a)) },
		ConnContext:         h.admitQUIC,
	}
}

// attempt makes one carrier to an address, in a goroutine of its own.
func (p *peer) attempt(ctx context.Context, l launch) {
	p.wg.Go(func() {
		within := attemptWithin
		if l.tcp {
			within = streamWithin
		}
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		c, err := p.connect(ctx, l)
		if err != nil {
			p.log.Debug("attempt", "address", l.addr.String(), "tcp", l.tcp, "error", err)
			p.post(peerEvent{kind: peerLanded, addr: l.addr, err: err})
			return
		}
		p.post(peerEvent{kind: peerReady, c: c, addr: l.addr})
	})
}

// connect dials and says hello.
func (p *peer) connect(ctx context.Context, l launch) (*carrier, error) {
	w, err := p.hub.dialWire(ctx, l, trust.ProtocolLink, func(spki []byte) error {
		if d := phonelink.DeviceOf(spki); d != p.device {
			return fmt.Errorf("there is %s", d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := newCarrier(w, true, &p.hub.open)
	c.remote = l.addr
	stop := context.AfterFunc(ctx, func() { c.end(byeRedundant, "too late") })
	c.deadline(time.Now().Add(handshakeWithin))
	if err = c.say(p.greeting()); err == nil {
		err = wordOf(c.hear())
	}
	if err == nil {
		err = p.check(c)
	}
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		c.end(codeOf(err), err.Error())
		return nil, err
	}
	c.deadline(time.Time{})
	return c, nil
}

// greeting is our hello as the session is now.
func (p *peer) greeting() hello {
	var own [][]byte
	port := p.hub.Addr().Port()
	for _, ip := range p.hub.net.Addresses() {
		if len(own) < maxAddresses {
			own = append(own, packAddress(netip.AddrPortFrom(ip, port)))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s.greet(p.hub.cfg.Name, own)
}

// check refuses a peer that speaks less than it once did.
func (p *peer) check(c *carrier) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(c.theirs.Version) < p.version {
		return fmt.Errorf("%w: %d, it was %d", errDowngrade, c.theirs.Version, p.version)
	}
	return nil
}

// dialWire connects, by QUIC or TCP, to whom verify accepts.
func (h *Hub) dialWire(ctx context.Context, l launch, protocol string, verify func(spki []byte) error) (wire, error) {
	conf := trust.TLSConfig(h.cfg.Self, verify)
	conf.NextProtos = []string{protocol}
	if !l.tcp {
		w, err := dialQUIC(ctx, h.quic, l.addr, conf, h.tokens)
		if err != nil {
			return nil, err // not a nil *quicWire in an interface
		}
		return w, nil
	}
	conn, err := h.net.DialStream(ctx, l.addr)
	if err != nil {
		return nil, err
	}
	tuneTCP(conn)
	t := tls.Client(conn, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	if t.ConnectionState().NegotiatedProtocol != protocol {
		conn.Close()
		return nil, errors.New("link: the peer does not speak " + protocol)
	}
	return newTCPWire(t), nil
}

// migrate moves a QUIC link that we dialed to the address that we have now
// (RFC 9000, 9): the new path is probed from a socket of its own, and taken
// only if it answers. Without it the link still follows: the next packet comes
// from the new address, and the server checks it.
func (p *peer) migrate(ctx context.Context, c *carrier) {
	w, ok := c.wire.(*quicWire)
	if !ok || !c.dialed {
		return
	}
	p.wg.Go(func() {
		if err := p.hub.migrate(ctx, w, c.done); err != nil && ctx.Err() == nil {
			p.log.Debug("migrate", "error", err)
		}
	})
}

func (h *Hub) migrate(ctx context.Context, w *quicWire, done <-chan struct{}) error {
	pc, err := h.net.ListenPacket(":0")
	if err != nil {
		return err
	}
	tr := &quic.Transport{Conn: pc, ConnectionIDLength: 8}
	defer pc.Close()
	defer tr.Close()
	path, err := w.conn.AddPath(tr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, quietAfter)
	defer cancel()
	if err := path.Probe(ctx); err != nil {
		path.Close()
		return err
	}
	if err := path.Switch(); err != nil {
		return err
	}
	<-done // the link lives on this socket
	return nil
}

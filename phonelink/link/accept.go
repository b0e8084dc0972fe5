package link

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// serverTLS lets in who is trusted, on the link's protocol, and while the owner
// pairs anybody on that of pairing. The key is looked up before the peer has
// proved to have it; the handshake ends with that proof.
func (h *Hub) serverTLS() *tls.Config {
	link := trust.TLSConfig(h.cfg.Self, func(spki []byte) error {
		if h.peer(phonelink.DeviceOf(spki)) == nil {
			return errors.New("not a paired device")
		}
		return nil
	})
	pair := trust.TLSConfig(h.cfg.Self, func([]byte) error {
		if !h.pairing() {
			return errors.New("the pairing screen is not open")
		}
		return nil
	})
	pair.NextProtos = []string{trust.ProtocolPair}
	// A client that offers none of ours must not get as far as a certificate
	// request: GetConfigForClient's error ends the handshake (RFC 7301, 3.2).
	link.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		for _, proto := range hello.SupportedProtos {
			switch {
			case proto == trust.ProtocolLink:
				return nil, nil
			case proto == trust.ProtocolPair && h.pairing():
				return pair, nil
			}
		}
		return nil, errors.New("offers no protocol that is spoken now")
	}
	return link
}

// pairing reports whether strangers are let in.
func (h *Hub) pairing() bool {
	return h.cfg.Pairing != nil && (h.cfg.PairingOpen == nil || h.cfg.PairingOpen()) && len(h.strangers) < maxStrangers
}

type admitKey struct{}

// admitQUIC counts a handshake in before anything is kept for it.
func (h *Hub) admitQUIC(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	ip := addrPortOf(info.RemoteAddr).Addr()
	if !h.guard.admit(time.Now(), ip) {
		return nil, errors.New("link: too many handshakes")
	}
	release := sync.OnceFunc(func() { h.guard.release(ip) })
	context.AfterFunc(ctx, release)
	return context.WithValue(ctx, admitKey{}, release), nil
}

func (h *Hub) acceptQUIC(ctx context.Context, l *quic.Listener) {
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			return
		}
		release, _ := conn.Context().Value(admitKey{}).(func())
		h.wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, handshakeWithin)
			defer cancel()
			w, err := acceptQUIC(ctx, conn)
			if err == nil {
				h.welcome(ctx, w)
			}
			if release != nil {
				release()
			}
		})
	}
}

func (h *Hub) acceptTCP(ctx context.Context) {
	conf := h.serverTLS()
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of file descriptors, most likely: the links that are up do not care
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		ip := addrPortOf(conn.RemoteAddr()).Addr()
		if !h.guard.admit(time.Now(), ip) {
			if t, ok := conn.(*net.TCPConn); ok {
				t.SetLinger(0)
			}
			conn.Close()
			continue
		}
		h.wg.Go(func() {
			defer h.guard.release(ip)
			tuneTCP(conn)
			ctx, cancel := context.WithTimeout(ctx, handshakeWithin)
			defer cancel()
			t := tls.Server(conn, conf)
			if err := t.HandshakeContext(ctx); err != nil {
				h.log.Debug("refused", "address", conn.RemoteAddr().String(), "error", err)
				conn.Close()
				return
			}
			h.welcome(ctx, newTCPWire(t))
		})
	}
}

// welcome takes an authenticated connection that somebody else made.
func (h *Hub) welcome(ctx context.Context, w wire) {
	state := w.state()
	spki, err := trust.PeerSPKI(state)
	if err != nil {
		w.close(byeProtocol, "no key")
		return
	}
	if state.NegotiatedProtocol == trust.ProtocolPair {
		h.meet(w, spki)
		return
	}
	p := h.peer(phonelink.DeviceOf(spki))
	if p == nil || state.NegotiatedProtocol != trust.ProtocolLink {
		w.close(byeUnpaired, "not a paired device")
		return
	}
	if p.mute.Load() {
		w.close(bySuspended, "suspended")
		return
	}
	c := newCarrier(w, false, &h.open)
	stop := context.AfterFunc(ctx, func() { c.end(byeRedundant, "too slow") })
	err = c.hear()
	if err == nil {
		err = p.check(c)
	}
	if err == nil {
		err = c.say(p.greeting())
	}
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		h.log.Debug("hello", "peer", string(p.device), "address", w.remoteAddr().String(), "error", err)
		c.end(codeOf(err), err.Error())
		return
	}
	p.post(peerEvent{kind: peerReady, c: c})
}

// resetKey is the same after a restart, and nobody else's: made of the private
// key. A device whose key cannot be read out does without stateless resets.
func (h *Hub) resetKey() *quic.StatelessResetKey {
	der, err := x509.MarshalPKCS8PrivateKey(h.cfg.Self.Certificate.PrivateKey)
	if err != nil {
		return nil
	}
	key := quic.StatelessResetKey(sha256.Sum256(append([]byte("tandem stateless reset 1"), der...)))
	return &key
}

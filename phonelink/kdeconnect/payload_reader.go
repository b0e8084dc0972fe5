package kdeconnect

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

// Limits of payloads.
const (
	maxPayload  = 4 << 30 // bytes of one
	maxFetches  = 4       // at once, from all devices
	fetchRate   = 5       // payloads a second from one device
	fetchBurst  = 50
	payloadWait = 10 * time.Second // for the next bytes
	payloadCall = 5 * time.Second  // for the connection and TLS
)

// errPayload is a payload that is not what its packet says, or too large.
var errPayload = errors.New("kdeconnect: payload refused")

// payloadReader is the bytes that follow a packet. Nothing is fetched until
// read or save is called, and only once: the sender waits for half a minute.
//
//	sender    listens on TCP 1739 to 1764, names the port and size in the packet
//	receiver  connects, is the TLS client, pins, reads exactly size bytes
type payloadReader struct {
	l    *link
	size int64 // bytes; -1: the sender does not know
	port uint16
}

func newPayload(l *link, p packet.Packet) *payloadReader {
	if !p.HasPayload() {
		return nil
	}
	return &payloadReader{l, *p.PayloadSize, p.Port}
}

// read fetches a payload of at most limit bytes into memory.
func (p *payloadReader) read(ctx context.Context, limit int64) ([]byte, error) {
	var b bytes.Buffer
	if err := p.copy(ctx, &b, limit, nil); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// check says whether a payload of this size and port may be fetched at all.
func (p *payloadReader) check(limit int64) error {
	switch {
	case p.size < 0:
		return fmt.Errorf("%w: its size is not known", errPayload)
	case p.size > limit:
		return fmt.Errorf("%w: %d bytes, want at most %d", errPayload, p.size, limit)
	case p.port < firstPayload || p.port > lastPayload:
		return fmt.Errorf("%w: port %d is not from %d to %d", errPayload, p.port, firstPayload, lastPayload)
	case !p.l.h.trusts(p.l):
		return errUnpaired
	case !p.l.h.hears.allow(time.Now(), "fetch "+p.l.peer.ID, fetchRate, fetchBurst):
		return fmt.Errorf("%w: more than %d in a row", errPayload, fetchBurst)
	}
	return nil
}

// copy fetches exactly size bytes into w. progress is told how many there are.
func (p *payloadReader) copy(ctx context.Context, w io.Writer, limit int64, progress func(int64)) error {
	if err := p.check(limit); err != nil {
		return err
	}
	h := p.l.h
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	select {
	case h.fetch <- struct{}{}:
		defer func() { <-h.fetch }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.size == 0 {
		return nil
	}
	conn, err := p.call(ctx)
	if err != nil {
		return fmt.Errorf("fetch payload from %s: %w", p.l.device, err)
	}
	defer context.AfterFunc(ctx, func() { conn.NetConn().Close() })()
	defer conn.NetConn().Close()
	if err := p.receive(conn, w, progress); err != nil {
		return errors.Join(fmt.Errorf("fetch payload from %s: %w", p.l.device, err), ctx.Err())
	}
	return nil
}

func (p *payloadReader) call(ctx context.Context) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, payloadCall)
	defer cancel()
	var d net.Dialer
	if b := p.l.h.c.Bind; b.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(b, 0))
	}
	c, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(p.l.address.Addr(), p.port).String())
	if err != nil {
		return nil, err
	}
	conn := tls.Client(c, p.l.pinConfig())
	if err := conn.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return conn, nil
}

// pinConfig is for connections that belong to the link: the same certificate.
func (l *link) pinConfig() *tls.Config {
	return l.h.self.tlsConfig(func(leaf *x509.Certificate) error { return checkCertificate(leaf, l.peer.ID, l.leaf.Raw) })
}

func (p *payloadReader) receive(conn *tls.Conn, w io.Writer, progress func(int64)) error {
	buf := make([]byte, 32<<10)
	for got := int64(0); got < p.size; {
		conn.SetReadDeadline(time.Now().Add(payloadWait))
		n, err := conn.Read(buf[:min(int64(len(buf)), p.size-got)])
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			got += int64(n)
			if progress != nil {
				progress(got)
			}
		}
		if got < p.size && err != nil {
			return fmt.Errorf("%w: %d of %d bytes came: %w", errPayload, got, p.size, err)
		}
		if !p.l.h.trusts(p.l) {
			return errUnpaired
		}
	}
	// A sender that says less than it sends is lying about something.
	conn.SetReadDeadline(time.Now().Add(closeWithin))
	if n, _ := conn.Read(buf[:1]); n > 0 {
		return fmt.Errorf("%w: more than the %d bytes that were announced", errPayload, p.size)
	}
	return nil
}

// trusts reports whether the link's device is still paired.
func (h *hub) trusts(l *link) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.pinned[l.peer.ID]
	return ok && bytes.Equal(p.Certificate, l.leaf.Raw)
}

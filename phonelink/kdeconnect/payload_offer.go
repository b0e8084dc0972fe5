package kdeconnect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// Limits of payloads that are sent.
const (
	maxOffers  = 8                // at once
	offerFor   = 30 * time.Second // until the device comes for it
	maxKnocked = 64               // connections by others while it waits
)

// errNotFetched is a payload that the device did not come for.
var errNotFetched = errors.New("kdeconnect: the device did not fetch the payload")

// offerPayload sends p with size bytes of r behind it, and returns when the
// device has them all. It listens only while it waits, and only the device's
// address and key get anything.
func (h *hub) offerPayload(ctx context.Context, d phonelink.Device, p packet.Packet, r io.Reader, size int64) error {
	l := h.linkOf(d)
	if l == nil || !l.trusted.Load() {
		return errAbsent
	}
	select {
	case h.offer <- struct{}{}:
		defer func() { <-h.offer }()
	default:
		return errBusy
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	listener, err := h.listenPayload()
	if err != nil {
		return err
	}
	defer listener.Close()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	p.PayloadSize, p.Port = &size, listener.Addr().(*net.TCPAddr).AddrPort().Port()
	if err := h.send(d, p); err != nil {
		return err
	}
	conn, err := l.admit(ctx, listener)
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	listener.Close()
	defer conn.NetConn().Close()
	defer context.AfterFunc(ctx, func() { conn.NetConn().Close() })()
	if err := l.pour(conn, r, size); err != nil {
		return errors.Join(fmt.Errorf("send payload to %s: %w", d, err), ctx.Err())
	}
	return nil
}

// listenPayload takes the first free port of the range.
func (h *hub) listenPayload() (*net.TCPListener, error) {
	var err error
	for port := uint16(firstPayload); port <= lastPayload; port++ {
		var l *net.TCPListener
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.c.Bind, port)))
		if err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("kdeconnect: no TCP port from %d to %d is free: %w", firstPayload, lastPayload, err)
}

// admit waits for the device: same address, same certificate. Others are sent
// away, a bounded number of them.
func (l *link) admit(ctx context.Context, listener *net.TCPListener) (*tls.Conn, error) {
	listener.SetDeadline(time.Now().Add(offerFor))
	for range maxKnocked {
		c, err := listener.AcceptTCP()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotFetched, err)
		}
		if addressOf(c).Addr() != l.address.Addr() {
			c.SetLinger(0)
			c.Close()
			continue
		}
		watchClosely(c)
		conn := tls.Server(c, l.pinConfig())
		within, cancel := context.WithTimeout(ctx, payloadCall)
		err = conn.HandshakeContext(within)
		cancel()
		if err == nil {
			return conn, nil
		}
		c.Close()
	}
	return nil, fmt.Errorf("%w: %d connections were not the device", errNotFetched, maxKnocked)
}

// pour writes exactly size bytes and waits until the device has taken them.
func (l *link) pour(conn *tls.Conn, r io.Reader, size int64) error {
	buf := make([]byte, 32<<10)
	for sent := int64(0); sent < size; {
		n, err := io.ReadFull(r, buf[:min(int64(len(buf)), size-sent)])
		if err != nil {
			return fmt.Errorf("%d of %d bytes could be read: %w", sent+int64(n), size, err)
		}
		if !l.h.trusts(l) {
			return errUnpaired
		}
		conn.SetWriteDeadline(time.Now().Add(payloadWait))
		if _, err := conn.Write(buf[:n]); err != nil {
			return err
		}
		sent += int64(n)
	}
	if err := closeWrite(conn); err != nil {
		return err
	}
	// Closing with unread data would throw away what is on its way.
	conn.SetReadDeadline(time.Now().Add(payloadWait))
	_, err := io.Copy(io.Discard, io.LimitReader(conn, 1<<10))
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("the device did not confirm the end: %w", err)
	}
	return nil
}

// closeWrite says that nothing more comes, to TLS and to TCP: stock peers wait
// for the latter.
func closeWrite(conn *tls.Conn) error {
	err := conn.CloseWrite()
	if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
		err = errors.Join(err, tcp.CloseWrite())
	}
	return err
}

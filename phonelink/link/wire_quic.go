package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
)

// quicWire carries every class on a stream of its own, so that what is lost of
// one holds no other back, and quic-go fills packets strictly by class.
//
//	stream                    opened by     carries
//	first bidirectional       the dialer    hello, go, bye, beat, ack; urgency 0
//	unidirectional, 4 a side  each side     data of one class;         urgency 1 to 4
type quicWire struct {
	conn  *quic.Conn
	first *quic.Stream
}

const (
	quicControlUrgency = 0
	quicUnknownStream  = 1
)

// quicConfig bounds what a connection may hold. Nothing travels in 0-RTT.
func quicConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           handshakeWithin,
		MaxIdleTimeout:                 6 * time.Second, // the beats notice sooner
		InitialStreamReceiveWindow:     64 << 10,
		MaxStreamReceiveWindow:         window,
		InitialConnectionReceiveWindow: 128 << 10,
		MaxConnectionReceiveWindow:     2 * window,
		MaxIncomingStreams:             1,
		MaxIncomingUniStreams:          classes,
		RequireStreamCreditRelease:     true, // a peer that closes a lane gets no other
	}
}

func (w *quicWire) transport() string          { return "quic" }
func (w *quicWire) control() io.ReadWriter     { return w.first }
func (w *quicWire) deadline(t time.Time)       { w.first.SetDeadline(t) }
func (w *quicWire) lanes() [][]int             { return quicLanes }
func (w *quicWire) state() tls.ConnectionState { return w.conn.ConnectionState().TLS }
func (w *quicWire) congestion() int            { return int(w.conn.ConnectionStats().CongestionWindow) }
func (w *quicWire) remoteAddr() netip.AddrPort { return addrPortOf(w.conn.RemoteAddr()) }

var quicLanes = [][]int{{-1}, {0}, {1}, {2}, {3}}

func (w *quicWire) writer(ctx context.Context, lane int) (io.Writer, error) {
	if lane == 0 {
		return w.first, nil
	}
	s, err := w.conn.OpenUniStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	s.SetPriority(int8(lane), false)
	return s, nil
}

func (w *quicWire) accept(ctx context.Context) (io.Reader, error) {
	return w.conn.AcceptUniStream(ctx)
}

func (w *quicWire) close(code byeCode, text string) {
	w.conn.CloseWithError(quic.ApplicationErrorCode(code), text)
}

// dialQUIC connects and opens the control stream.
func dialQUIC(ctx context.Context, tr *quic.Transport, addr netip.AddrPort, conf *tls.Config, store quic.TokenStore) (*quicWire, error) {
	qc := quicConfig()
	qc.TokenStore = store
	conn, err := tr.Dial(ctx, net.UDPAddrFromAddrPort(addr), conf, qc)
	if err != nil {
		return nil, err
	}
	s, err := conn.OpenStream()
	if err != nil {
		conn.CloseWithError(quic.ApplicationErrorCode(byeProtocol), "")
		return nil, fmt.Errorf("open the control stream: %w", err)
	}
	s.SetPriority(quicControlUrgency, false)
	return &quicWire{conn, s}, nil
}

// acceptQUIC waits for the control stream of a connection.
func acceptQUIC(ctx context.Context, conn *quic.Conn) (*quicWire, error) {
	s, err := conn.AcceptStream(ctx)
	if err != nil {
		conn.CloseWithError(quic.ApplicationErrorCode(byeProtocol), "no stream came")
		return nil, err
	}
	s.SetPriority(quicControlUrgency, false)
	return &quicWire{conn, s}, nil
}

func addrPortOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

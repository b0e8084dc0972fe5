package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"tandem/phonelink/trust"
)

// Stranger is a connection to a device that is not paired. Its holder closes
// Conn, which waits a second at most for the other side to have read all.
type Stranger struct {
	Conn     io.ReadWriteCloser // also has SetDeadline(time.Time) error
	Exporter []byte             // 32 bytes that bind to this connection (trust.Exporter)
	SPKI     []byte             // the other side's key: proved to be there, not who it is
	Addr     netip.AddrPort
}

// pairPreface is the one byte that the dialer of a stranger's stream sends
// first: a stream of QUIC exists for the other side only once something was
// sent on it.
const pairPreface = 0x01

// meet hands a stranger to the owner's pairing.
func (h *Hub) meet(w wire, spki []byte) {
	select {
	case h.strangers <- struct{}{}:
	default:
		w.close(byeRedundant, "too many are pairing")
		return
	}
	w.deadline(time.Now().Add(handshakeWithin))
	var preface [1]byte
	_, err := io.ReadFull(w.control(), preface[:])
	if err == nil && preface[0] != pairPreface {
		err = fmt.Errorf("%w: pairing begins with %#x", errFrame, preface[0])
	}
	w.deadline(time.Time{})
	s, err2 := strangerOf(w, spki)
	if err = errors.Join(err, err2); err != nil {
		w.close(byeProtocol, "pairing")
		<-h.strangers
		return
	}
	h.wg.Go(func() {
		defer func() { <-h.strangers }()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stop := make(chan struct{})
		defer close(stop)
		h.wg.Go(func() { // Run ends, or this pairing does
			select {
			case <-stop:
			case <-h.ending:
				cancel()
				w.close(byeEnding, "ending")
			}
		})
		h.cfg.Pairing(ctx, s)
	})
}

func strangerOf(w wire, spki []byte) (Stranger, error) {
	e, err := trust.Exporter(w.state())
	if err != nil {
		return Stranger{}, err
	}
	return Stranger{Conn: &strangerConn{wire: w}, Exporter: e, SPKI: append([]byte(nil), spki...), Addr: w.remoteAddr()}, nil
}

// Dial connects to a device that is not paired, by QUIC and by TCP at once, for
// pairing; verify says whether the key is the one that is wanted.
func (h *Hub) Dial(ctx context.Context, addr netip.AddrPort, verify func(spki []byte) error) (Stranger, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		w   wire
		err error
	}
	results := make(chan result, 2)
	dial := func(l launch) {
		w, err := h.dialWire(ctx, l, trust.ProtocolPair, verify)
		results <- result{w, err}
	}
	go dial(launch{addr: addr})
	go func() {
		select {
		case <-ctx.Done():
			results <- result{nil, ctx.Err()}
		case <-time.After(tcpHeadStart):
			dial(launch{addr: addr, tcp: true})
		}
	}()
	var won wire
	var errs []error
	for range 2 {
		r := <-results
		switch {
		case r.err != nil:
			errs = append(errs, r.err)
		case won != nil:
			r.w.close(byeRedundant, "the other connection was faster")
		default:
			won = r.w
			cancel()
		}
	}
	if won == nil {
		return Stranger{}, fmt.Errorf("connect to %s: %w", addr, errors.Join(errs...))
	}
	spki, err := trust.PeerSPKI(won.state())
	if err == nil {
		_, err = won.control().Write([]byte{pairPreface})
	}
	if err != nil {
		won.close(byeProtocol, "pairing")
		return Stranger{}, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return strangerOf(won, spki)
}

// strangerConn closes politely: what was written arrives.
type strangerConn struct {
	wire
	once    sync.Once
	reading sync.Mutex // Close may read while a Read has not ended yet
}

func (c *strangerConn) Read(b []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.control().Read(b)
}

func (c *strangerConn) Write(b []byte) (int, error) { return c.control().Write(b) }

// SetDeadline ends reads and writes at a time; zero: never.
func (c *strangerConn) SetDeadline(t time.Time) error {
	c.deadline(t)
	return nil
}

// Close ends the sending side, waits for the other's, and then everything.
func (c *strangerConn) Close() error {
	c.once.Do(func() {
		c.deadline(time.Now().Add(time.Second))
		switch w := c.wire.(type) {
		case *quicWire:
			w.first.Close()
		case *tcpWire:
			w.conn.CloseWrite()
		}
		c.reading.Lock() // a Read ends by the deadline at the latest
		io.Copy(io.Discard, io.LimitReader(c.control(), 64<<10))
		c.reading.Unlock()
		c.wire.close(byeEnding, "pairing ended")
	})
	return nil
}

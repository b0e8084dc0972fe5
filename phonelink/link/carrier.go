package link

import (
	"context"
	"crypto/tls"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// carrier is one authenticated connection to a peer: QUIC, or TCP with TLS. It
// carries frames on streams; which class goes on which stream is its own
// business.
type carrier struct {
	wire
	dialed bool
	remote netip.AddrPort
	open   *atomic.Int64
	theirs hello

	taken     chan struct{}   // closed when it has been elected
	done      <-chan struct{} // closed when it has ended
	ctx       context.Context // that ends with it
	cancel    context.CancelFunc
	endOnce   sync.Once
	round     uint64 // of its election; guarded by the peer's mutex, as is
	confirmed bool   // the peer has sent something since the election
	wake      []chan struct{}
}

// wire is what the two transports have in common.
type wire interface {
	// transport is "quic" or "tcp".
	transport() string
	// control is the stream that hello, go, bye, beat and ack travel on.
	control() io.ReadWriter
	// deadline ends reads and writes of the control stream; zero: never.
	deadline(time.Time)
	// lanes are which classes share an outgoing stream, control being -1.
	lanes() [][]int
	// writer is the outgoing stream of a lane.
	writer(ctx context.Context, lane int) (io.Writer, error)
	// accept waits for an incoming stream besides control; io.EOF: there are none.
	accept(ctx context.Context) (io.Reader, error)
	// congestion is the congestion window in bytes; 0: not known.
	congestion() int
	// state is that of TLS.
	state() tls.ConnectionState
	// close ends it at once, and wakes everybody who reads or writes.
	close(code byeCode, text string)
	// remoteAddr follows a peer whose address changes.
	remoteAddr() netip.AddrPort
}

// newCarrier makes one and counts it in open until it ends.
func newCarrier(w wire, dialed bool, open *atomic.Int64) *carrier {
	open.Add(1)
	c := &carrier{wire: w, dialed: dialed, remote: w.remoteAddr(), open: open, taken: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.done = c.ctx.Done()
	for range w.lanes() {
		c.wake = append(c.wake, make(chan struct{}, 1))
	}
	return c
}

// end closes it once.
func (c *carrier) end(code byeCode, text string) {
	c.endOnce.Do(func() {
		c.cancel()
		c.open.Add(-1)
		c.wire.close(code, text)
	})
}

func (c *carrier) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// poke wakes the writer of a class; -1 is control.
func (c *carrier) poke(class int) {
	for i, lane := range c.lanes() {
		for _, l := range lane {
			if l == class {
				select {
				case c.wake[i] <- struct{}{}:
				default:
				}
			}
		}
	}
}

// say writes our hello.
func (c *carrier) say(h hello) error {
	_, err := c.control().Write(appendCBOR(nil, frameHello, h))
	return err
}

// hear reads the peer's hello.
func (c *carrier) hear() error {
	buf := make([]byte, maxGreeting)
	t, body, err := readFrame(c.control(), buf, maxGreeting)
	if err != nil {
		return err
	}
	if t == frameBye {
		return byeOf(body)
	}
	if t != frameHello {
		return errFrame
	}
	c.theirs, err = decodeHello(body)
	return err
}

// byeError is a peer that ended a carrier in words.
type byeError struct {
	code byeCode
	text string
}

func (e *byeError) Error() string { return "the peer ended the connection: " + e.text }

// away: the peer does not want a link now.
func (e *byeError) away() bool {
	return e.code == byeEnding || e.code == bySuspended || e.code == byeUnpaired
}

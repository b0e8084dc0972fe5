package faultnet

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// What TCP is modelled with (RFC 6298 as Linux does it).
const (
	segment    = 1460                   // bytes
	minRTO     = 200 * time.Millisecond // more than the round trip
	synRTO     = time.Second
	maxRTO     = 120 * time.Second
	maxRetries = 15
)

// tcpFlow is one connection of a client, and ours to the target.
type tcpFlow struct {
	client *net.TCPConn
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	target *net.TCPConn // nil until connected
	closed bool
}

// close ends both connections; with a RST if reset.
func (f *tcpFlow) close(reset bool) {
	f.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	for _, c := range []*net.TCPConn{f.client, f.target} {
		if c == nil {
			continue
		}
		if reset {
			_ = c.SetLinger(0)
		}
		_ = c.Close()
	}
}

// accept takes connections until the listener is closed.
func (n *Net) accept(ctx context.Context) {
	for {
		conn, err := n.listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, for example: others may give some back
			n.cfg.Logger.Warn("accept", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		n.mu.Lock()
		if n.closed || len(n.tcp) >= maxFlows {
			n.mu.Unlock()
			_ = conn.Close()
			continue
		}
		f := &tcpFlow{client: conn}
		f.ctx, f.cancel = context.WithCancel(ctx)
		up, down := newFate(n.cfg.Seed, 0, n.started), newFate(n.cfg.Seed, 1, n.started)
		n.started++
		n.tcp[f] = struct{}{}
		n.flows.Go(func() {
			n.carry(f, up, down)
			f.close(false)
			n.mu.Lock()
			delete(n.tcp, f)
			n.mu.Unlock()
		})
		n.mu.Unlock()
	}
}

// carry connects to the target and carries both ways until both have ended.
func (n *Net) carry(f *tcpFlow, up, down *fate) {
	if !n.handshake(f.ctx, up, down) {
		return
	}
	n.mu.Lock()
	to := n.target
	n.mu.Unlock()
	conn, err := new(net.Dialer).DialContext(f.ctx, "tcp", to.String())
	if err != nil {
		n.cfg.Logger.Info("target refuses", "target", to, "err", err)
		f.close(true) // as the target's RST would
		return
	}
	f.mu.Lock()
	f.target = conn.(*net.TCPConn)
	gone := f.closed
	f.mu.Unlock()
	if gone {
		_ = conn.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { n.stream(f, n.up, up, f.client, f.target) })
	both.Go(func() { n.stream(f, n.down, down, f.target, f.client) })
	both.Wait()
}

// handshake waits as long as SYN, SYN-ACK and ACK take; false if ctx ended.
func (n *Net) handshake(ctx context.Context, up, down *fate) bool {
	wait, rto := n.up.delay()+n.roundTrip(), synRTO
	for tries := 0; tries < maxRetries && (n.up.loses(up) || n.down.loses(down)); tries++ {
		wait, rto = wait+rto, min(2*rto, maxRTO)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for rto = synRTO; ; rto = min(2*rto, maxRTO) {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		if !n.up.holed() {
			return true
		}
		timer.Reset(rto)
	}
}

// chunk is what one read gave. The last one says how the stream ended.
type chunk struct {
	b     []byte
	at    time.Time
	end   bool
	reset bool
}

// most is what one read of a stream takes.
const most = 16 << 10

// stream carries one direction of a connection until it ends. The reader stops
// reading when maxStream bytes are on their way, so that the sender feels it.
func (n *Net) stream(f *tcpFlow, l *lane, luck *fate, from, to *net.TCPConn) {
	chunks := make(chan chunk, maxStream/most)
	var reader sync.WaitGroup
	reader.Go(func() { n.readStream(f, l, luck, from, chunks) })
	defer reader.Wait()
	for c := range chunks {
		if !l.hold(f.ctx, c.at, n.roundTrip()) {
			return
		}
		if _, err := to.Write(c.b); err != nil || c.reset {
			f.close(true)
			return
		}
		if c.end {
			_ = to.CloseWrite()
			return
		}
		l.forwarded(len(c.b))
	}
}

// readStream reads until the stream ends or the flow is closed.
func (n *Net) readStream(f *tcpFlow, l *lane, luck *fate, from *net.TCPConn, chunks chan<- chunk) {
	defer close(chunks)
	for {
		b := make([]byte, most)
		size, err := from.Read(b)
		c := chunk{b: b[:size], at: l.sendStream(luck, size, n.roundTrip())}
		c.end = err != nil
		c.reset = c.end && !errors.Is(err, io.EOF)
		select {
		case chunks <- c:
		case <-f.ctx.Done():
			return
		}
		if c.end {
			return
		}
	}
}

// loses draws whether one small segment is lost.
func (l *lane) loses(f *fate) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return f.lost(l.shape.path, f.draw().loss)
}

func (l *lane) holed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hole
}

// sendStream says when bytes of a stream that came now are delivered: after
// those before them, and after their lost segments were sent again.
func (l *lane) sendStream(f *fate, size int, roundTrip time.Duration) time.Time {
	rto := minRTO + roundTrip
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.shape.path
	now := time.Now()
	sent, ok := l.shape.transmit(now, size)
	if !ok {
		sent = l.shape.busy // TCP waits where a datagram is dropped
	}
	u := f.draw()
	at := sent.Add(vary(p, u.jitter))
	for i := 0; i < size; i += segment {
		for wait, tries := rto, 0; tries < maxRetries && f.lost(p, u.loss); tries++ {
			l.count.Stalls++
			at, wait = at.Add(wait), min(2*wait, maxRTO)
			u = f.draw()
		}
		if i+segment < size {
			u = f.draw()
		}
	}
	return l.shape.awake(f.inOrder(at))
}

// hold waits until at, and then for the first retransmission after a black
// hole; false if ctx ended.
func (l *lane) hold(ctx context.Context, at time.Time, roundTrip time.Duration) bool {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for rto := minRTO + roundTrip; ; rto = min(2*rto, maxRTO) {
		for {
			wait := time.Until(at)
			if wait <= 0 {
				break
			}
			if wait < fine {
				nap(min(wait, slice))
				continue
			}
			timer.Reset(wait - fine/2)
			select {
			case <-ctx.Done():
				return false
			case <-timer.C:
			}
		}
		l.mu.Lock()
		hole := l.hole
		if hole {
			l.count.Stalls++
		}
		l.mu.Unlock()
		if !hole {
			return ctx.Err() == nil
		}
		at = at.Add(rto)
	}
}

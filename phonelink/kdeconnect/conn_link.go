package kdeconnect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// Limits of a link.
const (
	maxQueued   = 8 << 20 // bytes that wait to be sent
	maxPackets  = 1024    // packets that wait to be sent
	maxNonsense = 64      // lines that are not understood, until the link is closed
	checkEvery  = time.Second

	// Stock peers begin to listen for lines some time after the handshake, and
	// one that came before is not seen until another follows.
	firstWrite = 50 * time.Millisecond

	lingerTick   = 5 * time.Millisecond
	lingerWithin = time.Second
)

// link is one authenticated connection. Its own goroutine (serve) holds its
// state; reader and writer only move bytes.
//
//	reader --lines--> serve --events--> adapter
//	                    |
//	adapter --queue--> writer --> TLS
type link struct {
	h       *hub
	tcp     *net.TCPConn
	conn    *tls.Conn
	peer    identity
	leaf    *x509.Certificate
	device  phonelink.Device
	address netip.AddrPort // of the peer; the port is where it listens, 0 if it did not say

	called bool       // the peer made the connection
	peek   chan error // the first read, if it was begun before serve

	heirs int  // links that wait to take this one's place; the hub's mutex guards it
	heir  bool // one has; the same

	retireOnce sync.Once

	lines    chan []byte // one line; the reader waits for more
	more     chan struct{}
	queue    chan []byte // lines to send; nil: close after what stands before it
	queued   atomic.Int64
	pen      chan struct{} // one: whoever holds it decides whether a line is written
	unsent   []byte        // taken from queue and not written
	retired  chan struct{} // closed by an heir: write no more, and read what is left
	hangUp   chan error    // one: the peer is not heard any longer
	commands chan pairWhat
	poke     chan struct{} // the window has changed
	trusted  atomic.Bool
	ctx      context.Context
	cancel   context.CancelCauseFunc
	stopped  chan struct{} // closed when nothing more is read, written or decided

	// Of serve alone.
	pair      pairState
	nonsense  int
	quiet     bool
	shown     bool // as a candidate
	finishing bool
}

func (h *hub) newLink(ctx context.Context, tcp *net.TCPConn, conn *tls.Conn, peer identity, address netip.AddrPort) *link {
	l := &link{h: h, tcp: tcp, conn: conn, peer: peer, leaf: conn.ConnectionState().PeerCertificates[0], device: device(peer.ID), address: address,
		lines: make(chan []byte), more: make(chan struct{}), queue: make(chan []byte, maxPackets), hangUp: make(chan error, 1), commands: make(chan pairWhat, 4),
		poke: make(chan struct{}, 1), pen: make(chan struct{}, 1), retired: make(chan struct{}), stopped: make(chan struct{}), pair: pairState{Version: min(peer.Version, ownVersion)}}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	return l
}

// limit is the longest line that is taken now.
func (l *link) limit() int {
	if l.trusted.Load() {
		return packet.MaxLine
	}
	return maxStrangerLine
}

// send queues a line. It does not wait: a peer that does not take what it is
// sent loses the link. Others than serve hold the hub's mutex and have found
// the link in its list: what is queued then is sent over this link or its heir,
// or the end of the link is told.
func (l *link) send(line []byte) error {
	if l.queued.Add(int64(len(line))) > maxQueued {
		l.cancel(errBusy)
		return errBusy
	}
	select {
	case l.queue <- line:
		return nil
	default:
		l.cancel(errBusy)
		return errBusy
	}
}

func (l *link) wake() {
	select {
	case l.poke <- struct{}{}:
	default:
	}
}

// read moves lines to serve, one at a time, until the connection ends.
func (l *link) read(r *lineReader) error {
	if l.peek != nil {
		if err := <-l.peek; err != nil {
			return err
		}
	}
	for {
		line, err := r.next(l.limit)
		if err != nil {
			return err
		}
		select {
		case l.lines <- line:
		case <-l.ctx.Done():
			return nil
		}
		select {
		case <-l.more:
		case <-l.ctx.Done():
			return nil
		}
	}
}

// write moves queued lines to the connection.
func (l *link) write() error {
	select {
	case <-time.After(firstWrite):
	case <-l.retired:
	case <-l.ctx.Done():
		return nil
	}
	for {
		select {
		case line := <-l.queue:
			if line == nil {
				return closeWrite(l.conn)
			}
			select {
			case l.pen <- struct{}{}:
			case <-l.retired:
				l.unsent = line
				return closeWrite(l.conn)
			case <-l.ctx.Done():
				l.unsent = line
				return nil
			}
			l.conn.SetWriteDeadline(time.Now().Add(writeWithin))
			_, err := l.conn.Write(line)
			<-l.pen
			if err != nil {
				return err
			}
			l.queued.Add(-int64(len(line)))
		case <-l.retired:
			return closeWrite(l.conn)
		case <-l.ctx.Done():
			return nil
		}
	}
}

// serve is the life of the link after the handshake. It returns when the link
// has ended and either the adapter has been told or another has its place.
func (l *link) serve(r *lineReader) {
	group := make(chan struct{}, 2)
	move := func(f func() error) {
		if err := f(); err != nil {
			l.cancel(err)
		}
		group <- struct{}{}
	}
	go move(func() error {
		err := l.read(r)
		if errors.Is(err, errLine) {
			l.hangUp <- err // what is queued is still sent: the peer should hear a no
			return nil
		}
		return err
	})
	go move(l.write)
	stop := context.AfterFunc(l.ctx, func() { l.tcp.Close() })
	l.begin()
	l.loop()
	l.cancel(nil)
	stop()
	l.tcp.Close()
	<-group
	<-group
	close(l.stopped)
	l.linger()
	l.end(context.Cause(l.ctx))
}

// linger waits, while another link may take this one's place, for that to
// happen: a stock peer closes the old link before the new one is through at this
// side. What is sent and asked for meanwhile goes over to the new one.
func (l *link) linger() {
	ticks := time.NewTicker(lingerTick)
	defer ticks.Stop()
	end := time.Now().Add(lingerWithin)
	for l.h.expected(l) && time.Now().Before(end) {
		select {
		case <-ticks.C:
		case <-l.h.ctx.Done():
			return
		}
	}
}

func (l *link) begin() {
	if l.trusted.Load() {
		l.pair.Phase = paired
		l.h.emit(upEvent{l.device, l.peer, l.address})
		return
	}
	l.shown = true
	l.h.emit(candidateEvent{Device: l.device, Identity: l.peer})
	if l.pair.Phase == asked || l.pair.Phase == agreed {
		l.do(pairEffect{Do: doAsk}) // the link before may have swallowed it
	}
}

// loop is where the state of the link changes.
func (l *link) loop() {
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	held := false // a line was handled, and the next is not wanted yet
	for {
		more, lines := l.more, l.lines
		if !held {
			more = nil
		}
		if l.pair.Phase == answered { // what the peer says now waits for the person here
			more, lines = nil, nil
		}
		select {
		case more <- struct{}{}:
			held = false
		case line := <-lines:
			l.take(line)
			held = true
		case w := <-l.commands:
			l.step(pairInput{What: w})
		case err := <-l.hangUp:
			l.finish(err)
		case <-l.poke:
			l.tick()
		case <-check.C:
			l.tick()
			l.watch()
		case <-l.ctx.Done():
			return
		}
	}
}

// tick lets time pass.
func (l *link) tick() {
	l.step(pairInput{What: sayTick})
	if l.pair.Phase != paired && !l.h.windowOpen() {
		l.finish(errWindow)
	}
}

// watch tells the adapter when the peer is overdue.
func (l *link) watch() {
	quiet, ok := overdue(l.tcp)
	if !ok || quiet == l.quiet || !l.trusted.Load() {
		return
	}
	l.quiet = quiet
	l.h.emit(quietEvent{l.device, quiet})
}

// take handles one line.
func (l *link) take(line []byte) {
	if !l.trusted.Load() {
		l.takeStranger(line)
		return
	}
	p, err := packet.Parse(line)
	if err != nil {
		l.puzzled(err)
		return
	}
	switch p.Type {
	case pairType:
		b, err := pairBody(p.Body)
		if err != nil {
			l.puzzled(err)
			return
		}
		l.takePair(b)
	case identityType:
		l.puzzled(fmt.Errorf("%w: identity on an open link", errUnexpected))
	default:
		l.h.emit(packetEvent{l.device, p, newPayload(l, p)})
	}
}

// takeStranger reads the one type that is read before trust.
func (l *link) takeStranger(line []byte) {
	b, err := parsePair(line)
	if errors.Is(err, errNotPair) && l.nonsense == 0 {
		// The peer believes that it is paired. It is told, once, that it is not.
		l.send(pairRequest{Pair: false}.line())
	}
	if err != nil {
		l.puzzled(err)
		return
	}
	l.takePair(b)
}

func (l *link) takePair(b pairRequest) {
	if !b.Pair {
		l.step(pairInput{What: peerNo})
		return
	}
	if l.pair.Phase == unpaired || l.pair.Phase == paired {
		if !l.h.mayAsk() {
			l.send(pairRequest{Pair: false}.line())
			return
		}
	}
	l.step(pairInput{What: peerYes, Time: b.Time})
}

// puzzled counts what is not understood.
func (l *link) puzzled(err error) {
	l.nonsense++
	l.h.log.Debug("line not understood", "device", l.device, "err", err)
	if l.nonsense > maxNonsense {
		l.cancel(fmt.Errorf("%w: %w", errUnexpected, err))
	}
}

// step runs the machine of pairing and does what it says.
func (l *link) step(in pairInput) {
	in.Window = l.h.windowOpen()
	next, effects := l.pair.next(time.Now(), in)
	l.pair = next
	for _, e := range effects {
		if err := l.do(e); err != nil {
			l.pair = pairState{Version: l.pair.Version}
			l.send(pairRequest{Pair: false}.line())
			l.h.emit(pairDoneEvent{l.device, err})
			return
		}
	}
}

func (l *link) do(e pairEffect) error {
	switch e.Do {
	case doAsk:
		l.send(pairRequest{Pair: true, Time: l.pair.Time}.line())
	case doYes:
		l.send(pairRequest{Pair: true}.line())
	case doNo:
		l.send(pairRequest{Pair: false}.line())
	case doShow:
		l.h.emit(pairAskEvent{l.device, l.peer, l.code(), l.pair.Phase == asked, l.pair.Until})
	case doTrust:
		return l.trust()
	case doForget, doLose:
		return l.forget(e.Do == doLose)
	case doDone:
		l.h.emit(pairDoneEvent{l.device, e.Err})
		if e.Err == nil {
			l.shown = false
			l.h.emit(upEvent{l.device, l.peer, l.address})
		}
	case doRefuse:
		if errors.Is(e.Err, errForgotten) {
			l.h.emit(refusedEvent{l.device, e.Err})
		} else {
			l.h.emit(pairDoneEvent{l.device, e.Err})
		}
	}
	return nil
}

func (l *link) code() string {
	return verificationKey(l.h.spki, l.leaf.RawSubjectPublicKeyInfo, l.pair.Version, l.pair.Time)
}

// trust pins the peer's certificate, on disk before anything is said.
func (l *link) trust() error {
	now := time.Now()
	p := pin{ID: l.peer.ID, Name: l.peer.Name, Kind: l.peer.Kind, Certificate: l.leaf.Raw, Version: l.peer.Version, Paired: now, Seen: now}
	p.Addresses = addAddress(nil, l.address)
	if err := l.h.keep(p); err != nil {
		return err
	}
	l.nonsense = 0
	l.trusted.Store(true)
	return nil
}

// forget takes the trust away. The link goes on as a stranger's, if strangers
// are let in.
func (l *link) forget(byPeer bool) error {
	l.trusted.Store(false)
	err := l.h.drop(l.peer.ID)
	l.h.emit(downEvent{l.device, errUnpaired})
	l.h.emit(unpairedEvent{l.device, byPeer})
	if !l.h.windowOpen() || l.pair.Phase == unpaired {
		l.finish(errUnpaired)
	}
	return err
}

// finish closes the link once what is queued has been sent.
func (l *link) finish(why error) {
	if l.finishing {
		return
	}
	l.finishing = true
	select {
	case l.queue <- nil:
		time.AfterFunc(closeWithin, func() { l.cancel(why) })
	default:
		l.cancel(why)
	}
}

// end tells the adapter that the link is gone, unless another has its place.
func (l *link) end(why error) {
	if !l.h.unlink(l) {
		l.h.log.Debug("link replaced", "device", l.device, "was", l.tcp.RemoteAddr())
		return
	}
	l.h.log.Debug("link ended", "device", l.device, "err", why)
	switch l.pair.Phase {
	case unpaired:
	case paired:
		l.h.emit(downEvent{l.device, why})
	default:
		l.h.emit(pairDoneEvent{l.device, fmt.Errorf("kdeconnect: pairing: link ended: %w", why)})
	}
	if l.shown && l.pair.Phase != paired {
		l.h.emit(candidateEvent{Device: l.device, Identity: l.peer, Gone: true})
	}
	l.leftOver(why)
}

// leftOver answers what a person has asked for and serve has not come to.
func (l *link) leftOver(why error) {
	for len(l.commands) > 0 {
		switch <-l.commands {
		case sayDrop:
			if err := l.h.drop(l.peer.ID); err != nil {
				l.h.log.Error("forget a device", "device", l.device, "err", err)
			}
			l.h.emit(unpairedEvent{Device: l.device})
		case sayAsk:
			l.h.emit(pairDoneEvent{l.device, fmt.Errorf("kdeconnect: pairing: link ended: %w", why)})
		}
	}
}

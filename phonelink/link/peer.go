package link

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// peer keeps up the link with one device. Its loop (run) alone decides about
// addresses and carriers; the readers and writers of a carrier share the
// session with it under mu.
type peer struct {
	hub    *Hub
	device phonelink.Device
	spki   []byte
	key    []byte // of the probes
	log    *slog.Logger
	events chan peerEvent
	ended  chan struct{} // closed when run has returned
	cancel context.CancelCauseFunc

	heard  atomic.Int64 // when the last frame came, nanoseconds of the hub's clock
	beatAt atomic.Int64 // when the last beat was due, likewise
	quiet  atomic.Bool  // the loop wants to know of the next frame
	mute   atomic.Bool  // suspended: probes get no answer

	mu        sync.Mutex
	s         session
	active    *carrier
	pace      pace
	clock     clock
	beatDue   bool
	ackDue    [classes]bool
	unacked   [classes]int
	delivered uint64        // generation of the last message that was received
	room      chan struct{} // closed and made anew when queued bytes were acknowledged
	asked     nonces
	version   int // the highest that the peer has spoken
	name      string

	// The loop's own.
	state     phonelink.Presence
	since     time.Time
	suspended bool
	book      book
	dialing   bool
	dialCtx   context.Context
	dialStop  context.CancelFunc
	lost      time.Time // when the last link ended, or the peer was added
	lastTCP   bool
	launches  []launch
	waiting   []*carrier // follower: hellos exchanged, no go yet
	held      []heldOne  // elector: not decided yet
	retired   []heldOne  // elector: replaced, and the follower may not know yet
	nextBeat  time.Time
	quick     int
	nextProbe time.Time
	nextTCP   time.Time
	nextQUIC  time.Time
	giveUp    time.Time
	refused   time.Time // until when an answer to a probe is no reason to connect: the peer does not want it
	wg        sync.WaitGroup
}

type heldOne struct {
	c     *carrier
	until time.Time
}

// launch is an attempt to be made.
type launch struct {
	at   time.Time
	addr netip.AddrPort
	tcp  bool
}

// Times of a race. QUIC goes first; a packet that was lost is not waited for
// (quic-go repeats it after 200 ms at first), TCP and a second attempt follow.
const (
	tcpHeadStart    = 50 * time.Millisecond
	secondAttempt   = 110 * time.Millisecond
	proofHeadStart  = 60 * time.Millisecond // the side that got the answer dials first
	attemptWithin   = 3 * time.Second
	streamWithin    = 1200 * time.Millisecond
	handshakeWithin = 3 * time.Second
	holdFor         = 250 * time.Millisecond
	retireAfter     = time.Second
	quickBeats      = 4
	quickEvery      = 60 * time.Millisecond
	quicEvery       = 15 * time.Second // a new QUIC attempt while there is none, or only TCP
	raceAddresses   = 6
	refusedFor      = 2 * time.Second
	lastWordsWithin = time.Second // a hub that ends: what it said last is acknowledged by then, or lost
)

type peerEvent struct {
	kind  eventKind
	c     *carrier
	addr  netip.AddrPort
	err   error
	quiet bool // of a hint: told by the peer itself; no reason to dial by itself
}

type eventKind uint8

const (
	peerReady    eventKind = iota // hellos were exchanged on c
	peerTaken                     // follower: c was elected and is in use
	peerLost                      // c ended
	peerHeard                     // a frame came after quiet
	peerHint                      // addr may be the peer's
	peerAnswered                  // addr answered a probe
	peerProved                    // addr answered our answer
	peerLanded                    // an attempt at addr failed
	peerNetwork                   // the network changed
	peerSuspend
	peerResume
)

func newPeer(h *Hub, info trust.Peer) *peer {
	p := &peer{
		hub: h, device: info.Device, spki: info.SPKI, key: probeKey(h.cfg.Self.SPKI, info.SPKI),
		log: h.log.With("peer", string(info.Device)), events: make(chan peerEvent, 32), ended: make(chan struct{}),
		room: make(chan struct{}), version: info.Version, name: info.Name, since: time.Now(), lost: time.Now(),
		s: newSession(h.cfg.Self.Device, info.Device, randomID()),
	}
	for _, a := range slices.Backward(info.Addresses) {
		p.book.add(a, p.since, true)
		h.guard.befriend(a.Addr())
	}
	return p
}

// post gives the loop an event. A carrier for a loop that has ended is ended.
func (p *peer) post(e peerEvent) {
	select {
	case p.events <- e:
	case <-p.ended:
	}
	select {
	case <-p.ended: // perhaps after its last look at the events
		if e.c != nil {
			e.c.end(byeEnding, "ending")
		}
	default:
	}
}

// tell gives the loop an event from outside, which may be before it runs. A
// hint too many is dropped.
func (p *peer) tell(e peerEvent) {
	if e.kind == peerHint {
		select {
		case p.events <- e:
		default:
		}
		return
	}
	select {
	case p.events <- e:
	case <-p.ended:
	case <-p.hub.closed:
	}
}

// run is the loop.
func (p *peer) run(ctx context.Context) {
	defer func() {
		p.stop(ctx)
		close(p.ended)
		for len(p.events) > 0 {
			if e := <-p.events; e.c != nil {
				e.c.end(byeEnding, "ending")
			}
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	p.publish(p.state)
	if len(p.book.entries) > 0 {
		p.apply(ctx, evSign, time.Now())
	} else {
		p.dial(ctx, time.Now())
	}
	for {
		now := time.Now()
		p.tick(ctx, now)
		timer.Reset(max(0, p.deadline().Sub(now)))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case e := <-p.events:
			p.handle(ctx, e)
		}
	}
}

// stop ends everything of the peer.
func (p *peer) stop(ctx context.Context) {
	code := byeEnding
	if context.Cause(ctx) == errUnpaired {
		code = byeUnpaired
	}
	if p.dialStop != nil {
		p.dialStop()
	}
	if code == byeEnding {
		p.lastWords()
	}
	p.drop(code, "ending")
	for _, c := range p.pendingCarriers() {
		c.end(code, "ending")
	}
	for _, r := range p.retired {
		r.c.end(code, "ending")
	}
	done := make(chan struct{})
	go func() { p.wg.Wait(); close(done) }()
	for {
		select {
		case e := <-p.events: // a carrier that was just made
			if e.c != nil {
				e.c.end(code, "ending")
			}
		case <-done:
			p.publish(phonelink.Absent)
			return
		}
	}
}

// lastWords lets what is queued for the peer arrive before the link is closed.
func (p *peer) lastWords() {
	timer := time.NewTimer(lastWordsWithin)
	defer timer.Stop()
	for {
		p.mu.Lock()
		c, room, left := p.active, p.room, 0
		for i := range p.s.out {
			left += p.s.out[i].queued()
		}
		p.mu.Unlock()
		if c == nil || left == 0 {
			return
		}
		select {
		case <-room: // something was acknowledged
		case <-c.done:
			return
		case <-timer.C:
			return
		case e := <-p.events: // nothing new begins
			if e.c != nil && e.c != c {
				e.c.end(byeEnding, "ending")
			}
		}
	}
}

func (p *peer) pendingCarriers() []*carrier {
	out := append([]*carrier(nil), p.waiting...)
	for _, h := range p.held {
		out = append(out, h.c)
	}
	p.waiting, p.held = nil, nil
	return out
}

// drop closes the carrier in use.
func (p *peer) drop(code byeCode, text string) {
	p.mu.Lock()
	c := p.active
	p.active = nil
	p.mu.Unlock()
	if c != nil {
		p.lastTCP = c.transport() == "tcp"
		p.lost = time.Now()
		c.end(code, text)
	}
}

// apply runs the state machine and does what it says.
func (p *peer) apply(ctx context.Context, e stateEvent, now time.Time) {
	if p.suspended && e != evSuspended {
		return
	}
	next, effects := nextState(p.state, e)
	if effects&doClose != 0 {
		if e == evSuspended {
			p.drop(bySuspended, "suspended")
		} else {
			p.drop(byeBroken, "nothing heard")
		}
	}
	p.state = next
	if effects&doTell != 0 {
		p.since = now
		p.log.Debug("presence", "state", next.String())
	}
	p.quiet.Store(next == phonelink.Quiet)
	if effects&doRest != 0 {
		p.rest()
	}
	if effects&doDial != 0 {
		p.giveUp = now.Add(connectingFor)
		p.dial(ctx, now)
	}
	if effects != 0 {
		p.publish(p.state)
	}
}

// dial starts to look for the peer, or looks everywhere again at once.
func (p *peer) dial(ctx context.Context, now time.Time) {
	if !p.dialing {
		p.dialing = true
		p.dialCtx, p.dialStop = context.WithCancel(ctx)
	}
	for _, a := range p.book.best(raceAddresses) {
		p.race(a, now)
	}
	p.nextProbe, p.nextTCP, p.nextQUIC = now, now.Add(p.tcpAfter(now)), now.Add(quicEvery)
}

// race plans the attempts at one address.
func (p *peer) race(a netip.AddrPort, now time.Time) {
	p.launches = slices.DeleteFunc(p.launches, func(l launch) bool { return l.addr == a })
	p.launches = append(p.launches,
		launch{now, a, false}, launch{now.Add(tcpHeadStart), a, true}, launch{now.Add(secondAttempt), a, false})
}

func (p *peer) tcpAfter(now time.Time) time.Duration {
	_, stream := cadence(now.Sub(p.lost), p.lastTCP)
	return stream + jitter(stream/4)
}

func (p *peer) rest() {
	if p.dialing {
		p.dialing = false
		p.dialStop()
	}
	p.launches = nil
}

// deadline is when the loop has to look again.
func (p *peer) deadline() time.Time {
	t := time.Now().Add(time.Hour)
	sooner := func(u time.Time) {
		if u.Before(t) {
			t = u
		}
	}
	switch p.state {
	case phonelink.Linked, phonelink.Quiet:
		sooner(p.nextBeat)
		heard := p.hub.start.Add(time.Duration(p.heard.Load()))
		if p.state == phonelink.Linked {
			sooner(heard.Add(quietAfter))
		} else {
			sooner(heard.Add(deadAfter))
		}
	case phonelink.Connecting:
		sooner(p.giveUp)
	}
	if p.dialing {
		sooner(p.nextProbe)
		sooner(p.nextTCP)
		sooner(p.nextQUIC)
		for _, l := range p.launches {
			sooner(l.at)
		}
	}
	for _, h := range slices.Concat(p.held, p.retired) {
		sooner(h.until)
	}
	return t
}

// tick does what is due.
func (p *peer) tick(ctx context.Context, now time.Time) {
	switch p.state {
	case phonelink.Linked, phonelink.Quiet:
		silent := now.Sub(p.hub.start.Add(time.Duration(p.heard.Load())))
		switch {
		case silent >= deadAfter:
			p.apply(ctx, evDead, now)
		case silent >= quietAfter && p.state == phonelink.Linked:
			p.apply(ctx, evOverdue, now)
		}
		p.beat(now)
		p.upgrade(ctx, now)
	case phonelink.Connecting:
		if !now.Before(p.giveUp) {
			p.apply(ctx, evGaveUp, now)
		}
	}
	for len(p.held) > 0 && !now.Before(p.held[0].until) {
		c := p.held[0].c
		p.held = p.held[1:]
		p.take(ctx, c, now)
	}
	for len(p.retired) > 0 && !now.Before(p.retired[0].until) {
		p.retired[0].c.end(byeRedundant, "another connection was taken")
		p.retired = p.retired[1:]
	}
	if p.dialing {
		p.search(now)
	}
}

// beat sends a heartbeat when it is due.
func (p *peer) beat(now time.Time) {
	if now.Before(p.nextBeat) {
		return
	}
	last := p.hub.start.Add(time.Duration(p.beatAt.Load()))
	if p.quick == 0 && now.Sub(last) < beatEvery/2 { // the peer's was answered meanwhile
		p.nextBeat = last.Add(followEvery)
		return
	}
	p.nextBeat = p.hub.beatAfter(now)
	if p.quick > 0 {
		p.quick--
		p.nextBeat = now.Add(quickEvery)
	}
	p.beatAt.Store(int64(now.Sub(p.hub.start)))
	p.mu.Lock()
	p.beatDue = true
	c := p.active
	p.mu.Unlock()
	if c != nil {
		c.poke(-1)
	}
}

// upgrade tries QUIC again on a TCP link.
func (p *peer) upgrade(ctx context.Context, now time.Time) {
	if !p.lastTCP || now.Before(p.nextQUIC) || p.state != phonelink.Linked {
		return
	}
	p.nextQUIC = now.Add(quicEvery)
	if best := p.book.best(1); len(best) > 0 && p.book.fly(best[0]) {
		p.attempt(ctx, launch{addr: best[0]})
	}
}

// beatAfter is when to beat again. Who has several links beats on all of them at
// the same moments, and a little faster than who has one: so it is the one that
// leads, the others answer, and their acknowledgements travel with the answers.
func (h *Hub) beatAfter(now time.Time) time.Time {
	if h.open.Load() < 2 {
		return now.Add(followEvery)
	}
	return now.Add(beatEvery - now.Sub(h.start)%beatEvery)
}

// answerLocked beats at once after a beat of the peer, unless that was an answer
// itself or crossed one of ours.
func (p *peer) answerLocked(c *carrier, b beat, now time.Time) {
	since := now.Sub(p.hub.start) - time.Duration(p.beatAt.Load())
	if time.Duration(b.Held)*time.Microsecond < beatEvery/4 || since < beatEvery/4 {
		return
	}
	p.beatAt.Store(int64(now.Sub(p.hub.start)))
	p.beatDue = true
	c.poke(-1)
}

// search sends probes and makes the attempts that are due.
func (p *peer) search(now time.Time) {
	for i := 0; i < len(p.launches); i++ {
		if l := p.launches[i]; !now.Before(l.at) {
			p.launches = slices.Delete(p.launches, i, i+1)
			i--
			if p.book.fly(l.addr) {
				p.attempt(p.dialCtx, l)
			}
		}
	}
	every, _ := cadence(now.Sub(p.lost), p.lastTCP)
	if !now.Before(p.nextProbe) {
		p.nextProbe = now.Add(every)
		n := raceAddresses
		if now.Sub(p.lost) > time.Minute {
			n = 3
		}
		for _, a := range p.book.best(n) {
			p.ask(a)
		}
	}
	if !now.Before(p.nextTCP) {
		p.nextTCP = now.Add(p.tcpAfter(now))
		for _, a := range p.book.best(3) {
			p.launches = append(p.launches, launch{now, a, true})
		}
	}
	if !now.Before(p.nextQUIC) {
		p.nextQUIC = now.Add(quicEvery)
		for _, a := range p.book.best(3) {
			p.launches = append(p.launches, launch{now, a, false})
		}
	}
}

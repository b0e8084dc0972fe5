package link

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/big"
	"slices"
	"time"

	"tandem/phonelink"
)

// maxWaiting bounds the carriers of one peer that are neither in use nor
// refused.
const maxWaiting = 6

// handle takes one event of the loop.
func (p *peer) handle(ctx context.Context, e peerEvent) {
	now := time.Now()
	switch e.kind {
	case peerReady:
		p.book.land(e.addr)
		p.ready(ctx, e.c, now)
	case peerTaken:
		p.linked(ctx, e.c, now)
	case peerLost:
		p.ending(ctx, e, now)
	case peerHeard:
		p.apply(ctx, evHeard, now)
	case peerLanded:
		p.book.land(e.addr)
		if bye := (*byeError)(nil); errors.As(e.err, &bye) && bye.away() {
			p.refused = now.Add(refusedFor)
		}
	case peerHint:
		if p.book.add(e.addr, now, !e.quiet) && !e.quiet || !e.quiet && p.dialing {
			p.apply(ctx, evSign, now)
			p.raceNow(e, now, 0)
		}
	case peerAnswered:
		p.book.add(e.addr, now, false)
		p.raceNow(e, now, 0)
	case peerProved:
		p.book.add(e.addr, now, false)
		p.raceNow(e, now, proofHeadStart)
	case peerNetwork:
		p.network(ctx, now)
	case peerSuspend:
		p.mute.Store(true)
		p.apply(ctx, evSuspended, now)
		p.suspended = true
	case peerResume:
		p.suspended = false
		p.mute.Store(false)
		p.apply(ctx, evSign, now)
	}
}

// raceNow goes for one address, unless there is a link.
func (p *peer) raceNow(e peerEvent, now time.Time, after time.Duration) {
	if !p.dialing || p.suspended || now.Before(p.refused) && e.kind != peerHint {
		return
	}
	if !slices.ContainsFunc(p.launches, func(l launch) bool { return l.addr == unmap(e.addr) && !l.tcp }) {
		p.race(unmap(e.addr), now.Add(after))
	}
}

// network looks for the peer anew, or lets it see our new address.
func (p *peer) network(ctx context.Context, now time.Time) {
	switch p.state {
	case phonelink.Linked:
		p.nextBeat, p.quick = now, max(1, p.quick)
		p.mu.Lock()
		c := p.active
		p.mu.Unlock()
		if c != nil {
			p.migrate(ctx, c)
		}
	default:
		if p.dialing {
			p.apply(ctx, evSign, now)
			p.dial(ctx, now)
		}
	}
}

// ready decides about a carrier on which both hellos were said.
func (p *peer) ready(ctx context.Context, c *carrier, now time.Time) {
	if p.suspended {
		c.end(bySuspended, "suspended")
		return
	}
	for _, b := range c.theirs.Addresses {
		if a, ok := unpackAddress(b); ok {
			p.book.add(a, now, false)
		}
	}
	if !p.s.elector {
		if p.waiting = append(p.waiting, c); len(p.waiting) > maxWaiting {
			p.waiting[0].end(byeRedundant, "too many connections")
			p.waiting = p.waiting[1:]
		}
		p.serve(c)
		return
	}
	p.mu.Lock()
	active := p.active
	v := p.s.judge(c.theirs, active != nil && !active.ended(), active != nil && active.confirmed)
	p.mu.Unlock()
	switch v {
	case take:
		p.take(ctx, c, now)
	case refuse:
		c.end(byeRedundant, "another connection is in use")
	case hold:
		if p.held = append(p.held, heldOne{c, now.Add(holdFor)}); len(p.held) > maxWaiting {
			p.held[0].c.end(byeRedundant, "too many connections")
			p.held = p.held[1:]
		}
	}
}

// take elects a carrier.
func (p *peer) take(ctx context.Context, c *carrier, now time.Time) {
	if c.ended() {
		return
	}
	var id linkID
	rand.Read(id[:])
	p.mu.Lock()
	generation := p.s.generation
	g := p.s.elect(c.theirs, id)
	c.round = p.s.round
	old := p.attachLocked(c, now)
	p.freshLocked(generation)
	p.mu.Unlock()
	close(c.taken)
	if old != nil { // the follower ends it when the go has arrived, so that it sees no gap
		p.retired = append(p.retired, heldOne{old, now.Add(retireAfter)})
	}
	c.deadline(now.Add(handshakeWithin))
	if _, err := c.control().Write(appendCBOR(nil, frameGo, g)); err != nil {
		p.ending(ctx, peerEvent{c: c, err: err}, now)
		return
	}
	c.deadline(time.Time{})
	p.serve(c)
	p.linked(ctx, c, now)
}

// chosen is the follower's side of take: it runs on the reader of the carrier
// that the go came on.
func (p *peer) chosen(c *carrier, body []byte) error {
	g, err := decodeElection(body)
	if err != nil {
		return err
	}
	p.mu.Lock()
	if p.s.elector || c.round != 0 {
		p.mu.Unlock()
		return errors.New("link: go from a side that does not elect, or twice")
	}
	generation := p.s.generation
	if err := p.s.follow(c.theirs, g); err != nil {
		p.mu.Unlock()
		return err
	}
	c.round = g.Round
	old := p.attachLocked(c, time.Now())
	p.freshLocked(generation)
	p.mu.Unlock()
	close(c.taken)
	if old != nil {
		old.end(byeRedundant, "another connection was taken")
	}
	p.post(peerEvent{kind: peerTaken, c: c})
	return nil
}

// attachLocked puts a carrier in use and gives back the one before.
func (p *peer) attachLocked(c *carrier, now time.Time) (old *carrier) {
	old = p.active
	p.active = c
	p.pace = newPace()
	p.beatDue = true
	p.ackDue, p.unacked = [classes]bool{}, [classes]int{}
	p.heard.Store(int64(now.Sub(p.hub.start)))
	return old
}

// freshLocked: a new link brings its messages after all that are here already,
// and room for what was dropped.
func (p *peer) freshLocked(before uint64) {
	if p.s.generation == before {
		return
	}
	p.hub.arrivals.settle(p)
	close(p.room)
	p.room = make(chan struct{})
}

// linked is what the loop does once a carrier is in use.
func (p *peer) linked(ctx context.Context, c *carrier, now time.Time) {
	p.mu.Lock()
	current := p.active == c
	p.name = c.theirs.Name
	p.version = max(p.version, int(c.theirs.Version))
	p.mu.Unlock()
	if !current {
		return
	}
	for _, o := range p.pendingCarriers() {
		if o != c {
			o.end(byeRedundant, "another connection was taken")
		}
	}
	p.lastTCP = c.transport() == "tcp"
	if c.dialed || !p.lastTCP {
		p.book.linked(c.remote, now)
	}
	p.hub.guard.befriend(c.remote.Addr())
	if !p.lastTCP {
		p.hub.guard.prove(now, c.remote)
	}
	p.nextBeat, p.quick, p.nextQUIC = now, quickBeats, now.Add(quicEvery)
	p.log.Info("linked", "transport", c.transport(), "address", c.remote.String(), "dialed", c.dialed, "round", c.round)
	p.apply(ctx, evUp, now)
	p.publish(p.state)
}

// ending is a carrier that broke or was ended by the peer.
func (p *peer) ending(ctx context.Context, e peerEvent, now time.Time) {
	e.c.end(byeBroken, "")
	p.waiting = slices.DeleteFunc(p.waiting, func(c *carrier) bool { return c == e.c })
	p.held = slices.DeleteFunc(p.held, func(h heldOne) bool { return h.c == e.c })
	p.retired = slices.DeleteFunc(p.retired, func(h heldOne) bool { return h.c == e.c })
	p.mu.Lock()
	current := p.active == e.c
	if current {
		p.active = nil
	}
	p.mu.Unlock()
	if !current {
		return
	}
	p.lost = now
	p.log.Info("link lost", slog.Any("error", e.err))
	p.apply(ctx, evLost, now)
	if bye := (*byeError)(nil); errors.As(e.err, &bye) && bye.away() {
		p.apply(ctx, evGaveUp, now)
	}
}

func randomID() uint64 {
	var b [8]byte
	for {
		rand.Read(b[:])
		if v := binary.BigEndian.Uint64(b[:]); v != 0 {
			return v
		}
	}
}

// jitter is a random time below d, so that two sides do not move in step.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d)))
	if err != nil {
		return 0
	}
	return time.Duration(n.Int64())
}

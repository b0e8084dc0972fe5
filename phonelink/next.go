package phonelink

import (
	"slices"
	"time"
)

// Next tells the machine of an event and returns what is to be done. It may
// change s in place; it reads no clock, draws no random number and does no
// input or output, so the same events give the same effects.
func Next(s *State, now Now, event Event) []Effect {
	s.now = now
	switch e := event.(type) {
	case Boot:
		s.start(e)
	case Tick:
		s.touchDue()
	case Peers:
		s.setPeers(e.List)
		s.own = slices.Clone(e.Own)
	case PeerUp:
		s.peerUp(e)
	case PeerDown:
		if p := s.peer(e.Device); p != nil {
			p.up = false
			s.touchAll()
		}
	case Received:
		s.receive(e.From, e.Message)
	case Ask:
		s.ask(e.Tag, e.Request)
	case Loaded:
		s.loaded(e)
	case Playhead:
		s.playhead(e)
	case Conditions:
		s.cond = e
		s.touchAll()
	case Performed:
		s.performed(e)
	}
	s.settle()
	return s.flush()
}

// flush is the effects of the event: what is to be durable, then what ends a
// rendering, then the rest.
func (s *State) flush() []Effect {
	n := len(s.persist) + len(s.quiet) + len(s.sends) + len(s.rest)
	if n == 0 {
		return nil
	}
	out := make([]Effect, 0, n+1)
	out = append(append(append(append(out, s.persist...), s.quiet...), s.sends...), s.rest...)
	if len(s.persist)+len(s.quiet)+len(s.rest) > 0 {
		out = append(out, Changed{})
	}
	s.persist, s.quiet, s.sends, s.rest = s.persist[:0], s.quiet[:0], s.sends[:0], s.rest[:0]
	return out
}

func (s *State) start(b Boot) {
	s.boot++
	s.seed, s.drawn = b.Seed, 0
	s.persist = append(s.persist, Persist{encodeBoot(s.boot)})
	for _, e := range s.sessions {
		e.heard = s.now.Mono
		e.lease = 0
		if s.cfg.Faults.Has(RenderUnrenewed) {
			e.lease = s.now.Mono + s.cfg.ttl(e.Kind)
		}
		if s.cfg.Faults.Has(ClaimAtRestart) {
			e.heard = s.now.Mono - time.Hour
		}
	}
	s.touchAll()
}

func (s *State) setPeers(list []PeerInfo) {
	var peers []*peer
	for _, info := range list {
		if info.Device == s.cfg.Self || info.Device == "" {
			continue
		}
		p := s.peer(info.Device)
		if p == nil {
			p = &peer{}
		}
		p.PeerInfo = info
		p.Profiles = slices.Clone(info.Profiles)
		peers = append(peers, p)
	}
	slices.SortFunc(peers, func(a, b *peer) int { return comparePeer(a, b.Device) })
	s.peers = slices.CompactFunc(peers, func(a, b *peer) bool { return a.Device == b.Device })
	for _, e := range s.sessions {
		e.know = slices.DeleteFunc(e.know, func(k know) bool { return s.peer(k.device) == nil })
		s.unpaired(e)
	}
	s.touchAll()
}

// unpaired frees an owned session from a device that is trusted no more: what
// it does is none of this device's business from here on.
func (s *State) unpaired(e *entry) {
	if e.to.Device != "" && s.peer(e.to.Device) == nil {
		s.seize(e)
	}
	if h := e.heirOf(); h != "" && s.owns(e) && s.peer(h) == nil {
		e.Lease.Heir, e.saved.heir, e.log, e.dropAt = "", "", nil, 0
		s.advance(e)
	}
}

func (s *State) peerUp(u PeerUp) {
	p := s.peer(u.Device)
	if p == nil {
		return
	}
	p.up = true
	if u.RTT > 0 {
		p.rtt = u.RTT
	}
	if (u.Fresh || !p.met) && !s.cfg.Faults.Has(NoDigest) {
		s.compare(p)
	}
	p.sync.retry = retry{}
	for _, e := range s.sessions { // what was not acknowledged goes out again at once
		if k := e.knows(p.Device); k != nil {
			k.retry = retry{}
		}
		if len(e.queue) > 0 {
			e.out = retry{}
		}
		if e.give.to == p.Device || e.to.Device == p.Device {
			e.give.retry = retry{}
		}
		if e.get.from == p.Device {
			e.get.retry = retry{}
		}
		if e.heirOf() == p.Device {
			e.renewAt = 0
		}
	}
	s.touchAll()
}

// touchDue wakes what its time has come for.
func (s *State) touchDue() {
	for _, e := range s.sessions {
		if e.due != 0 && e.due <= s.now.Mono {
			s.touch(e)
		}
	}
}

// Deadline is when the next Tick is wanted, on the monotonic clock of Now; 0:
// never.
func (s *State) Deadline() time.Duration {
	var due time.Duration
	for _, e := range s.sessions {
		due = sooner(due, e.due)
	}
	for _, p := range s.peers {
		if p.up && len(p.sync.parts) > 0 {
			due = sooner(due, max(1, p.sync.retry.at))
		}
	}
	return due
}

// sooner is the earlier of two moments, of which 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// due reports whether it is time to say something (again) to the peer, and
// sets when the next time is.
func (s *State) again(r *retry, to Device) bool {
	p := s.peer(to)
	if p == nil || !p.up {
		return false
	}
	if r.at > s.now.Mono {
		return false
	}
	if r.n > 0 && s.cfg.Faults.Has(NoRepeat) {
		r.at = s.now.Mono + time.Hour
		return false
	}
	wait := max(s.cfg.Timing.Retry, min(2*p.rtt+s.cfg.Timing.Retry/3, time.Second))
	wait = min(wait<<min(r.n, 6), s.cfg.Timing.RetryCap)
	r.at = s.now.Mono + wait
	if r.n < 6 {
		r.n++
	}
	return true
}

func (s *State) send(to Device, c Class, m Msg) {
	s.sends = append(s.sends, Transmit{to, c, m})
}

// settle brings everything that was touched to rest: what can be done is done,
// what must be durable is written, and the next moment is set.
func (s *State) settle() {
	for i := 0; i < len(s.touched); i++ { // settling one may touch another
		e := s.touched[i]
		s.settleOwner(e)
		s.settleGive(e)
		s.settleGet(e)
		s.settleClaim(e)
		s.settleRoute(e)
		s.settleShown(e)
		s.settleHint(e)
		s.settlePerform(e)
		s.settleQueue(e)
		s.settleCopies(e)
		e.due = s.dueOf(e)
		e.touched = false
	}
	for _, e := range s.touched { // a copy of text first: the operation that made it is not done twice
		if e.CopyOf != (SessionID{}) {
			s.save(e)
		}
	}
	for _, e := range s.touched {
		s.save(e)
	}
	s.touched = s.touched[:0]
	for _, p := range s.peers {
		s.settleSync(p)
	}
	s.forget()
}

// save writes the entry if it changed.
func (s *State) save(e *entry) {
	if !e.dirty {
		return
	}
	e.dirty = false
	if e.volatile() && !s.cfg.Faults.Has(PersistEphemeral) {
		s.rest = append(s.rest, Changed{}) // no record says so
		return
	}
	s.persist = append(s.persist, Persist{encodeEntry(&e.saved)})
}

// dueOf is when the entry is to be looked at again.
func (s *State) dueOf(e *entry) time.Duration {
	var due time.Duration
	at := func(t time.Duration) { due = sooner(due, max(1, t)) }
	if s.owns(e) {
		if !e.Expires.IsZero() {
			at(s.now.Mono + max(time.Millisecond, e.Expires.Sub(s.now.Wall)))
		}
		if h := e.heirOf(); h != "" {
			if s.up(h) {
				at(e.renewAt)
			}
			if e.shown {
				at(e.lease)
			}
			if e.dropAt != 0 && e.Lease.Heir != "" {
				at(e.dropAt)
			}
		}
	} else if e.shown && !e.Expires.IsZero() {
		at(s.now.Mono + max(time.Millisecond, e.Expires.Sub(s.now.Wall)))
	}
	if e.give.to != "" && e.to.Device == "" {
		at(e.give.since + s.giveFor(e))
		if s.up(e.give.to) && !e.give.ready {
			at(e.give.retry.at)
		}
	}
	if e.to.Device != "" {
		if s.up(e.to.Device) {
			at(e.give.retry.at)
		}
		if s.cfg.ttl(e.Kind) > 0 {
			at(s.claimAt(e))
		}
	}
	if e.get.stage != getNone && (e.to.Device == "" || s.cfg.ttl(e.Kind) == 0) {
		at(e.get.since + s.getFor(e))
		if (e.get.stage == getAsked || e.get.stage == getReady) && s.up(e.get.from) {
			at(e.get.retry.at)
		}
	}
	if e.hint.why != "" {
		at(e.hint.until)
	}
	if e.claim.want {
		at(s.claimAt(e))
	}
	if e.routeAt > s.now.Mono {
		at(e.routeAt)
	}
	if !s.owns(e) && e.to.Device == "" && !e.Ended && len(s.unsent(e)) > 0 && s.reaches(e) {
		at(e.out.at)
	}
	for i := range e.know {
		if k := &e.know[i]; s.stale(e, k) {
			at(k.retry.at)
		}
	}
	return due
}

// reaches reports whether an operation could reach the session's owner now.
func (s *State) reaches(e *entry) bool {
	for _, p := range s.peers {
		if p.up && (p.Device == e.Owner() || p.mine(&e.Session)) {
			return true
		}
	}
	return false
}

// forget drops what ended long ago.
func (s *State) forget() {
	for i := 0; i < len(s.sessions); i++ {
		e := s.sessions[i]
		if e.Ended && !e.over.IsZero() && s.now.Wall.Sub(e.over) > keepEnded {
			s.drop(i)
			i--
		}
	}
}

// keepEnded is how long a session that ended is remembered, so that a peer
// that was away that long learns of it.
const keepEnded = 30 * 24 * time.Hour

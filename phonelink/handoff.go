package phonelink

import "time"

// A hand-off, the owner on the left:
//
//	         OFFER  ->              (send: the owner's person began)
//	         <- TAKE                (take: the receiver's person began)
//	         PREPARE ->             the receiver loads, silently
//	         <- READY               its lease would count from here
//	[disk]   COMMIT ->   [disk]     the owner is silent, whatever happens now
//	         <- DONE                the receiver renders
//
// Until COMMIT is on the owner's disk either side may give up; after that the
// owner owns no more and repeats it until DONE, or, as the heir of the new
// epoch, claims the next one when nothing was heard for a lease.

// giveFor is how long a hand-off away may take before it is given up.
func (s *State) giveFor(e *entry) time.Duration {
	if e.give.offer && !e.give.ready {
		return s.cfg.Timing.Offer
	}
	return s.cfg.Timing.Prepare
}

func (s *State) getFor(e *entry) time.Duration {
	if e.get.stage == getOffered {
		return s.cfg.Timing.Offer
	}
	return s.cfg.Timing.Prepare + time.Second
}

// offer is the owner's wish that somebody else goes on.
func (s *State) offered(from *peer, m OfferMsg) {
	st := &m.State
	e := s.find(st.ID)
	if e != nil && (e.get.stage != getNone && e.get.try == m.Try) {
		e.get.retry = retry{} // say READY again
		s.touch(e)
		return
	}
	if e != nil && e.refused == m.Try {
		s.send(from.Device, classOf(st.Kind), RefuseMsg{m.Try, st.ID, RefusedDeclined})
		return
	}
	if e = s.believe(from, st); e == nil || e.Owner() != from.Device || e.Ended || e.to.Device != "" {
		return
	}
	s.send(from.Device, classOf(e.Kind), HaveMsg{Mark: e.mark(), Boot: s.boot})
	if need := s.lacks(&e.Session); need != "" {
		s.send(from.Device, classOf(e.Kind), MismatchMsg{m.Try, e.ID, need})
		return
	}
	s.touch(e)
	g := e.get
	if g.want && g.from == from.Device && g.try&1 != 0 { // both want it: TAKE is on its way, and replaces the offer
		return
	}
	if g.stage != getNone && !s.owns(e) {
		e.loaded, e.asked, e.problem = false, false, ""
	}
	e.get = get{stage: getLoading, from: from.Device, try: m.Try, want: g.want, since: s.now.Mono, began: g.began, tag: g.tag}
	if s.cfg.AskFirst && !g.want {
		e.get.stage = getOffered
		s.rest = append(s.rest, Changed{})
	}
	s.touch(e)
}

// lacks says what this device would need to go on with the session; "" for
// nothing.
func (s *State) lacks(x *Session) string {
	names := [...]string{"audio", "a display", "a keyboard", "to be parked", "video"}
	for i, n := range names {
		if x.Needs&s.cfg.Cannot&(1<<i) != 0 {
			return "it needs " + n
		}
	}
	return ""
}

// taken is the wish of somebody else to go on.
func (s *State) taken(from *peer, m TakeMsg) {
	e := s.find(m.Mark.ID)
	if e == nil || !from.mayKnow(&e.Session) {
		s.revoke(e, from, m.Mark)
		s.send(from.Device, ClassMedia, RefuseMsg{m.Try, m.Mark.ID, RefusedUnknown})
		return
	}
	refuse := func(c RefusalCode) { s.send(from.Device, classOf(e.Kind), RefuseMsg{m.Try, e.ID, c}) }
	s.touch(e)
	switch {
	case e.to.Device == from.Device:
		e.give.retry = retry{} // it is its already
	case e.to.Device != "": // it asks again, and hears then whose it is
	case !s.owns(e):
		s.revoke(e, from, m.Mark)
		if k := s.knowOf(e, from.Device); k != nil {
			*k = know{device: from.Device, known: true, want: true, epoch: m.Mark.Epoch, seq: m.Mark.Seq}
		}
	case !from.mine(&e.Session):
		refuse(RefusedProfile)
	case e.Kind == Call || e.Kind == Clipboard:
		refuse(RefusedUnsupported)
	case e.give.to == from.Device && e.give.try == m.Try:
		e.give.retry = retry{}
	case e.give.to != "" && e.give.to != from.Device:
		refuse(RefusedOwner)
	default:
		t := e.give.tag
		e.give = give{to: from.Device, try: m.Try, since: s.now.Mono, tag: t}
	}
}

// prepared is the owner's order to load.
func (s *State) prepared(from *peer, m PrepareMsg) {
	e := s.find(m.State.ID)
	if e == nil || e.get.stage == getNone || e.get.from != from.Device || e.get.try != m.Try {
		s.send(from.Device, ClassMedia, CancelMsg{m.Try, m.State.ID})
		return
	}
	if e = s.believe(from, &m.State); e == nil || e.Owner() != from.Device {
		return
	}
	s.touch(e)
	s.send(from.Device, classOf(e.Kind), HaveMsg{Mark: e.mark(), Boot: s.boot})
	if need := s.lacks(&e.Session); need != "" {
		s.send(from.Device, classOf(e.Kind), MismatchMsg{m.Try, e.ID, need})
		s.dropGet(e, RefusedMismatch)
		return
	}
	if e.get.stage == getAsked {
		e.get.stage = getLoading
		e.get.retry = retry{}
	} else if e.get.stage == getReady {
		e.get.retry = retry{}
	}
}

// ready is the receiver's word that it has loaded.
func (s *State) ready(from *peer, m ReadyMsg) {
	e := s.find(m.ID)
	if e == nil || e.to.Device == from.Device {
		return
	}
	if !s.owns(e) || e.give.to != from.Device || e.give.try != m.Try {
		s.send(from.Device, ClassMedia, CancelMsg{m.Try, m.ID})
		s.correct(e, from)
		return
	}
	e.give.echo = m.Sent
	if !e.give.ready {
		e.give.ready = true
		e.give.since = s.now.Mono
	}
	s.touch(e)
}

// settleGive does the owner's part of a hand-off.
func (s *State) settleGive(e *entry) {
	g := &e.give
	if e.to.Device != "" {
		if s.again(&g.retry, e.to.Device) {
			s.send(e.to.Device, classOf(e.Kind), CommitMsg{e.to.Try, e.Replica, e.to.Epoch, e.to.Echo})
		}
		return
	}
	if g.to == "" {
		return
	}
	if !s.owns(e) {
		s.dropGive(e, RefusedOwner)
		return
	}
	if s.now.Mono >= g.since+s.giveFor(e) {
		s.send(g.to, classOf(e.Kind), CancelMsg{g.try, e.ID})
		s.dropGive(e, RefusedAbsent)
		return
	}
	if e.Lease.Heir != "" {
		s.dropHeir(e)
	}
	early := s.cfg.Faults.Has(CommitUnready)
	if g.ready || early {
		if s.mayCommit(e) {
			s.commit(e)
		}
		return
	}
	if s.again(&g.retry, g.to) {
		if g.offer {
			s.send(g.to, classOf(e.Kind), OfferMsg{g.try, e.Replica})
		} else {
			s.send(g.to, classOf(e.Kind), PrepareMsg{g.try, e.Replica})
		}
	}
}

// mayCommit reports whether nobody could claim. An heir that could is dropped
// as soon as a hand-off begins, and has to say that it knows; even the one
// that the session goes to, or it could claim what is committed to it, and own
// it on other terms than the one who committed it believes.
func (s *State) mayCommit(e *entry) bool {
	return e.heirOf() == "" || s.cfg.Faults.Has(CommitWithHeir)
}

// dropHeir tells the heir that it is heir no more; until it has that on disk
// the owner honours its right.
func (s *State) dropHeir(e *entry) {
	e.saved.heir, e.Lease.Heir = e.Lease.Heir, ""
	s.advance(e)
	e.heirSeq = e.Rev.Seq
	e.dropAt = 0
}

// advance makes the next state of an owned session.
func (s *State) advance(e *entry) {
	e.Rev.Seq++
	if !latest(e.Kind) || e.Rev.Stamp == 0 { // there it is the content's
		e.Rev.Stamp = s.stamp()
	}
	e.dirty = true
	s.touch(e)
}

// commit gives the session away. From here on this device is silent.
func (s *State) commit(e *entry) {
	g := &e.give
	s.freeze(e)
	e.log = nil
	e.to = promise{Device: g.to, Epoch: Epoch{e.Rev.Epoch.N + 1, g.to}, Try: g.try, Echo: g.echo}
	s.advance(e)
	e.dirty = !s.cfg.Faults.Has(CommitUnsaved)
	e.heard = s.now.Mono
	g.retry = retry{}
	s.again(&g.retry, g.to)
	s.send(g.to, classOf(e.Kind), CommitMsg{e.to.Try, s.handed(e), e.to.Epoch, e.to.Echo})
}

// handed is what the new owner gets.
func (s *State) handed(e *entry) Replica {
	r := e.Replica
	if s.cfg.Faults.Has(CommitNoCounters) {
		r.Applied = nil
	}
	return r
}

// freeze writes down where a media session is now.
func (s *State) freeze(e *entry) {
	if d, ok := e.Doc.(*MediaDoc); ok && d.Playing {
		c := *d
		c.Position, c.At = positionAt(d, s.now.Wall), s.stamp()
		e.Doc = &c
	}
}

// committed makes this device the owner.
func (s *State) committed(from *peer, m CommitMsg) {
	st := &m.State
	if !from.mine(&st.Session) || st.Rev.Epoch.Device != from.Device || st.Ended || st.Kind == Call || st.Kind == Clipboard ||
		m.Epoch != (Epoch{st.Rev.Epoch.N + 1, s.cfg.Self}) {
		return
	}
	e := s.find(st.ID)
	switch {
	case e != nil && e.Rev.Epoch == m.Epoch:
		if e.by == m.Try && m.Try != 0 {
			s.sendDone(e, from.Device, m.Epoch)
		} else {
			s.resend(e, from.Device)
		}
		return
	case e != nil && e.Rev.Epoch.After(m.Epoch) && !s.cfg.Faults.Has(IgnoreEpoch):
		s.resend(e, from.Device)
		return
	case e != nil && !s.fits(e, st):
		return
	case e != nil && e.Rev.Epoch.Device == s.cfg.Self && e.to.Device == "" && e.heirOf() != from.Device && !s.cfg.Faults.Has(IgnoreEpoch):
		s.resend(e, from.Device) // nobody could have it but us
		return
	}
	if ephemeral(&st.Session) && m.Echo.Boot != s.boot {
		s.send(from.Device, classOf(st.Kind), GoneMsg{st.ID, m.Epoch})
		return
	}
	if e == nil {
		if e = s.insert(st.ID); e == nil {
			return
		}
	}
	s.adopt(e, from.Device, m)
}

// adopt takes over what was committed to this device.
func (s *State) adopt(e *entry, from Device, m CommitMsg) {
	s.queueLog(e) // of an epoch that the sender claimed
	s.replace(e, &m.State)
	e.relayed = false
	e.saved.heir, e.to, e.acked, e.log = "", promise{}, nil, nil
	e.Rev = Rev{m.Epoch, 0, s.stamp()}
	e.Lease = Lease{TTL: s.cfg.ttl(e.Kind)}
	e.lease, e.dropAt = 0, 0
	if e.Lease.TTL > 0 {
		if s.cfg.keepsHeir(e.Kind) {
			e.Lease.Heir = from
			e.dropAt = s.now.Mono + s.cfg.Timing.TakeBack + s.cfg.margin(e.Kind)
		} else { // until it knows the state that names none
			e.saved.heir, e.heirSeq = from, 1
		}
		e.renewAt = 0
		switch {
		case s.cfg.Faults.Has(LeaseFromCommit):
			e.lease = s.leaseEnd(e, s.now.Mono)
		case m.Echo.Boot == s.boot && m.Echo.At <= s.now.Mono:
			e.lease = s.leaseEnd(e, m.Echo.At)
		}
	}
	e.by = m.Try
	s.setKnow(e, from, Mark{e.ID, e.Rev.Epoch, 0})
	s.restamp(e)
	if e.get.stage != getNone {
		s.answer(e.get.tag, nil)
		e.get = get{}
	}
	s.applyQueue(e)
	e.dirty = !s.cfg.Faults.Has(DoneUnsaved)
	s.sendDone(e, from, m.Epoch)
	s.touch(e)
}

func (s *State) sendDone(e *entry, to Device, epoch Epoch) {
	s.send(to, classOf(e.Kind), DoneMsg{e.ID, epoch})
}

// restamp counts a playing position from now, on this device's clock.
func (s *State) restamp(e *entry) {
	if d, ok := e.Doc.(*MediaDoc); ok && d.Playing {
		c := *d
		c.At = s.stamp()
		e.Doc = &c
	}
	s.advance(e)
}

// doneFrom ends a hand-off away: the receiver has it.
func (s *State) doneFrom(from *peer, id SessionID, epoch Epoch) {
	e := s.find(id)
	if e == nil || e.to.Device != from.Device || e.to.Epoch != epoch {
		return
	}
	e.Rev.Epoch, e.Rev.Seq = epoch, 0
	e.Lease = Lease{TTL: s.cfg.ttl(e.Kind)}
	if s.cfg.keepsHeir(e.Kind) {
		e.Lease.Heir = s.cfg.Self
	}
	e.to, e.acked = promise{}, nil
	e.saved.heir, e.log, e.by, e.dirty = "", nil, 0, true
	e.back = s.now.Wall.Add(s.cfg.Timing.TakeBack)
	e.heard = s.now.Mono
	s.answer(e.give.tag, nil)
	e.give = give{}
	s.setKnow(e, from.Device, e.mark())
	s.touch(e)
}

// settleGet does the receiver's part of a hand-off.
func (s *State) settleGet(e *entry) {
	s.follow(e)
	g := &e.get
	if g.stage == getNone || g.stage == getLater {
		return
	}
	if s.now.Mono >= g.since+s.getFor(e) {
		s.send(g.from, classOf(e.Kind), CancelMsg{g.try, e.ID})
		s.dropGet(e, RefusedExpired)
		return
	}
	if g.stage == getAsked && s.again(&g.retry, g.from) {
		s.send(g.from, classOf(e.Kind), TakeMsg{g.try, e.mark()})
	}
	if g.stage == getLoading {
		s.load(e)
		if e.problem != "" {
			s.send(g.from, classOf(e.Kind), MismatchMsg{g.try, e.ID, e.problem})
			s.dropGet(e, RefusedMismatch)
			return
		}
		if e.loaded {
			g.stage, g.retry, g.since = getReady, retry{}, s.now.Mono
		}
	}
	if g.stage == getReady && s.again(&g.retry, g.from) {
		s.send(g.from, classOf(e.Kind), ReadyMsg{g.try, e.ID, s.moment()})
	}
}

// load asks the player to get ready, once.
func (s *State) load(e *entry) {
	if e.loaded || e.asked {
		return
	}
	for _, a := range e.Assets {
		s.rest = append(s.rest, NeedAsset{e.ID, e.get.from, a})
	}
	if !s.cfg.Player || e.Kind != Media {
		e.loaded = true
		return
	}
	e.asked = true
	s.rest = append(s.rest, Load{e.ID})
}

// loaded is the player's answer.
func (s *State) loaded(l Loaded) {
	e := s.find(l.Session)
	if e == nil || !e.asked && e.loaded {
		return
	}
	e.asked = false
	e.loaded, e.problem = l.Problem == "", l.Problem
	s.touch(e)
}

// dropGet ends a hand-off towards here that will not be.
func (s *State) dropGet(e *entry, c RefusalCode) {
	if e.get.stage == getNone {
		return
	}
	s.answer(e.get.tag, refusal(c))
	e.get = get{}
	if !s.owns(e) {
		e.loaded, e.asked, e.problem = false, false, ""
	}
	s.rest = append(s.rest, Changed{})
}

// dropGive ends a hand-off away that will not be.
func (s *State) dropGive(e *entry, c RefusalCode) {
	s.answer(e.give.tag, refusal(c))
	e.give = give{}
}

// cancelled, refused and mismatched end an attempt that is not committed.
func (s *State) stopped(from *peer, id SessionID, try uint64, c RefusalCode) {
	e := s.find(id)
	if e == nil {
		return
	}
	s.touch(e)
	if e.get.stage != getNone && e.get.from == from.Device && e.get.try == try {
		s.dropGet(e, c)
	} else if e.give.try != try {
		s.correct(e, from)
	}
	if e.give.to == from.Device && e.give.try == try && e.to.Device == "" {
		s.dropGive(e, c)
	}
}

// correct tells a peer whose it is that takes this device for the owner: an offer
// that came late, after a restart, may be all that it knows.
func (s *State) correct(e *entry, from *peer) {
	if !s.owns(e) && e.to.Device == "" {
		s.resend(e, from.Device)
	}
}

// answer ends an Ask.
func (s *State) answer(tag uint64, r *Refusal) {
	switch {
	case tag == 0:
	case r == nil:
		s.rest = append(s.rest, Done{tag})
	default:
		s.rest = append(s.rest, Refuse{tag, r})
	}
}

var reasons = map[RefusalCode]string{
	RefusedMoving:      "only while the vehicle is parked",
	RefusedAbsent:      "the other device is not in reach",
	RefusedUnknown:     "there is no such session",
	RefusedOwner:       "another device has it",
	RefusedMismatch:    "the other side cannot go on with it",
	RefusedDeclined:    "it was declined there",
	RefusedExpired:     "it took too long",
	RefusedProfile:     "it belongs to another profile",
	RefusedUnsupported: "that cannot be done with it",
	RefusedPolicy:      "it is not allowed",
}

func refusal(c RefusalCode) *Refusal {
	r, ok := reasons[c]
	if !ok {
		c, r = RefusedOwner, reasons[RefusedOwner]
	}
	return &Refusal{Code: c, Reason: r}
}

package phonelink

import (
	"slices"
	"time"
)

// receive hands a message to what it concerns. A stranger's is dropped.
func (s *State) receive(from Device, m Msg) {
	p := s.peer(from)
	if p == nil || s.boot == 0 {
		return
	}
	switch m := m.(type) {
	case OfferMsg:
		s.offered(p, m)
	case TakeMsg:
		s.taken(p, m)
	case PrepareMsg:
		s.prepared(p, m)
	case ReadyMsg:
		s.ready(p, m)
	case CommitMsg:
		s.committed(p, m)
	case DoneMsg:
		s.doneFrom(p, m.ID, m.Epoch)
	case MismatchMsg:
		s.stopped(p, m.ID, m.Try, RefusedMismatch)
	case RefuseMsg:
		s.stopped(p, m.ID, m.Try, m.Code)
	case CancelMsg:
		s.stopped(p, m.ID, m.Try, RefusedExpired)
	case StateMsg:
		s.state(p, &m.State)
	case HaveMsg:
		s.have(p, m)
	case OpsMsg:
		s.ops(p, m)
	case AppliedMsg:
		s.appliedBy(p, m)
	case DigestMsg:
		s.digested(p, m)
	case WantMsg:
		s.wanted(p, m)
	case GoneMsg:
		s.gone(p, m)
	case RenewMsg:
		s.renew(p, m)
	case RenewedMsg:
		s.renewed(p, m)
	}
}

// state is a copy that a peer sent.
func (s *State) state(from *peer, st *Replica) {
	e := s.believe(from, st)
	if e != nil && s.cfg.Faults.Has(HaveUnsaved) && !s.owns(e) {
		e.dirty = false
	}
	if e == nil && st.Owner() == s.cfg.Self && !st.Ended && from.mayKnow(&st.Session) {
		return // GONE was said; it tells again until it has that
	}
	if e == nil {
		s.send(from.Device, ClassMedia, HaveMsg{Mark{st.ID, st.Rev.Epoch, st.Rev.Seq}, true, s.boot})
		return
	}
	s.send(from.Device, classOf(e.Kind), HaveMsg{Mark: e.mark(), Boot: s.boot})
}

// believe takes over a copy if it is later than what is known. The owner itself
// believes only its heir, and whom it has handed the session to; the heir only
// the owner, within its epoch; a copy that somebody else told of is marked as
// relayed, and its owner can revoke it (GONE). It returns what is known now,
// nil if that is nothing.
func (s *State) believe(from *peer, st *Replica) *entry {
	if !from.mayKnow(&st.Session) {
		return nil
	}
	e := s.find(st.ID)
	owner := st.Owner()
	if e == nil {
		if owner == s.cfg.Self {
			s.revoke(nil, from, Mark{st.ID, st.Rev.Epoch, st.Rev.Seq})
			return nil
		}
		if e = s.insert(st.ID); e == nil {
			return nil
		}
		s.replace(e, st)
		e.relayed = owner != from.Device
		s.setKnow(e, from.Device, e.mark())
		s.verify(e)
		if owner != s.cfg.Self && s.wrote(e) {
			e.hint = hint{why: OfferCollision, from: owner, until: s.now.Mono + s.cfg.Timing.TakeBack}
		}
		return e
	}
	if !s.fits(e, st) {
		return nil
	}
	s.setKnow(e, from.Device, Mark{st.ID, st.Rev.Epoch, st.Rev.Seq})
	s.touch(e)
	s.revoke(e, from, Mark{st.ID, st.Rev.Epoch, st.Rev.Seq})
	forgotten := owner == s.cfg.Self && st.Ended && !s.owns(e) && e.to.Device == "" // it was this device's, and was never on disk
	if owner == s.cfg.Self && !forgotten || !s.later(e, st, from.Device) {
		return e
	}
	if st.Rev.Epoch == e.Rev.Epoch && e.Lease.Heir == s.cfg.Self && from.Device != owner {
		return e
	}
	if s.owns(e) && from.Device != e.heirOf() && !s.cfg.Faults.Has(BelieveAnybody) {
		s.resend(e, from.Device)
		return e
	}
	if e.to.Device != "" {
		if from.Device != e.to.Device {
			return e
		}
		s.doneFrom(from, st.ID, st.Rev.Epoch)
	}
	s.supersede(e, st, from.Device)
	return e
}

// fits refuses what would turn the session into another one.
func (s *State) fits(e *entry, st *Replica) bool {
	return st.Kind == e.Kind && st.Profile == e.Profile
}

// later reports whether st comes after what is known.
func (s *State) later(e *entry, st *Replica, from Device) bool {
	if s.cfg.Faults.Has(IgnoreEpoch) {
		return true
	}
	if st.Rev.Epoch != e.Rev.Epoch {
		return st.Rev.Epoch.After(e.Rev.Epoch)
	}
	if s.cfg.Faults.Has(IgnoreSeq) {
		return st.Rev.Seq != e.Rev.Seq
	}
	return st.Rev.Seq > e.Rev.Seq || st.Rev.Seq == e.Rev.Seq && (e.relayed && from == st.Owner() || st.Ended && !e.Ended)
}

// verify asks the owner of a state that somebody else told of.
func (s *State) verify(e *entry) {
	if e.relayed && s.up(e.Owner()) {
		s.send(e.Owner(), ClassMedia, DigestMsg{Sync: s.boot << 32, Marks: []Mark{e.mark()}})
	}
}

// revoke tells a peer that has a state of this device that never was.
func (s *State) revoke(e *entry, to *peer, m Mark) {
	if m.Epoch.Device != s.cfg.Self {
		return
	}
	if e == nil || m.Epoch.After(e.Rev.Epoch) || m.Epoch == e.Rev.Epoch && m.Seq > e.Rev.Seq {
		s.send(to.Device, ClassMedia, GoneMsg{m.ID, m.Epoch})
	}
}

// supersede takes over a later state of a known session.
func (s *State) supersede(e *entry, st *Replica, from Device) {
	if st.Rev.Epoch != e.Rev.Epoch {
		s.queueLog(e)
		s.dropGive(e, RefusedOwner)
		e.log, e.saved.heir, e.by, e.to = nil, "", 0, promise{}
		e.out, e.acked = retry{}, nil
		e.back = time.Time{}
		e.lease, e.dropAt = 0, 0
	}
	s.replace(e, st)
	e.relayed = from != st.Owner()
	s.verify(e)
	if from == st.Owner() {
		e.heard = s.now.Mono
	}
	s.settled(e)
}

// queueLog puts what an heir did not have back into the queue, in the order in
// which it was applied, and before the rest: there is a new owner.
func (s *State) queueLog(e *entry) {
	if len(e.log) == 0 || s.cfg.Faults.Has(DropDivergent) {
		return
	}
	queue := make([]Op, 0, len(e.log)+len(e.queue))
	for _, l := range e.log {
		queue = append(queue, l.Op)
	}
	e.queue, e.log = append(queue, e.queue...), nil
}

// replace writes a state over what is known.
func (s *State) replace(e *entry, st *Replica) {
	s.hear(st.Rev.Stamp)
	e.Replica = *st
	if e.Ended && e.over.IsZero() {
		e.over = s.now.Wall
	}
	e.dirty = true
	s.touch(e)
}

// settled takes out of the queue what a state has applied.
func (s *State) settled(e *entry) {
	e.queue = slices.DeleteFunc(slices.Clone(e.queue), func(o Op) bool {
		return done(e.Applied, o.ID) || e.Ended || e.volatile() && o.ID.Seq <= lastOf(e.Applied, o.ID.Origin)
	})
	s.answerOps(e)
}

// knows is what a peer has of the session; nil if nothing is known of that.
func (e *entry) knows(d Device) *know {
	for i := range e.know {
		if e.know[i].device == d {
			return &e.know[i]
		}
	}
	return nil
}

// knowOf is knows, made if it is not there; nil if the peer may not know.
func (s *State) knowOf(e *entry, d Device) *know {
	p := s.peer(d)
	if p == nil || !p.mayKnow(&e.Session) && !s.cfg.Faults.Has(IgnoreProfile) {
		return nil
	}
	if k := e.knows(d); k != nil {
		return k
	}
	e.know = append(e.know, know{device: d, known: p.met})
	return &e.know[len(e.know)-1]
}

// setKnow notes that the peer has this state on disk.
func (s *State) setKnow(e *entry, d Device, m Mark) {
	k := s.knowOf(e, d)
	if k == nil {
		return
	}
	if !k.known || m.Epoch.After(k.epoch) || m.Epoch == k.epoch && m.Seq > k.seq {
		k.known, k.want, k.epoch, k.seq = true, false, m.Epoch, m.Seq
		k.retry = retry{}
		s.touch(e)
	}
	if m.Epoch != e.Rev.Epoch || !s.owns(e) {
		return
	}
	if d == e.heirOf() && len(e.log) > 0 && e.log[0].Seq <= m.Seq {
		e.log = slices.DeleteFunc(slices.Clone(e.log), func(l logged) bool { return l.Seq <= m.Seq })
		e.dirty = true
		s.touch(e)
	}
	if d == e.saved.heir && m.Seq >= e.heirSeq {
		e.saved.heir, e.log, e.dirty = "", nil, true
		s.touch(e)
	}
}

// resend makes the peer be told of the session again.
func (s *State) resend(e *entry, d Device) {
	if k := s.knowOf(e, d); k != nil {
		*k = know{device: d, known: true, want: true, said: k.said, retry: k.retry}
		s.touch(e)
	}
}

// stale reports whether the peer is to be told.
func (s *State) stale(e *entry, k *know) bool {
	if !k.known || e.to.Device != "" || k.epoch == e.Rev.Epoch && k.seq >= e.Rev.Seq || k.epoch.After(e.Rev.Epoch) {
		return false
	}
	if e.Owner() != s.cfg.Self && !k.want && (e.Owner() == k.device || !s.cfg.Relay) {
		return false
	}
	return s.up(k.device)
}

// settleCopies tells every peer that may know what it does not have.
func (s *State) settleCopies(e *entry) {
	for _, p := range s.peers {
		if !p.up {
			continue
		}
		k := s.knowOf(e, p.Device)
		if k == nil || !s.stale(e, k) {
			continue
		}
		if e.Owner() == s.cfg.Self && (k.said.Seq != e.Rev.Seq || k.said.Epoch != e.Rev.Epoch) {
			k.retry = retry{} // news does not wait
		}
		if e.Owner() != s.cfg.Self && !k.want && k.retry == (retry{}) && s.cfg.Timing.Relay > 0 {
			k.retry.at = s.now.Mono + s.cfg.Timing.Relay // its owner may tell it by itself
		}
		if s.again(&k.retry, p.Device) {
			k.said = e.Rev
			s.send(p.Device, classOf(e.Kind), StateMsg{e.Replica})
		}
	}
}

// have is a peer's acknowledgement of a copy.
func (s *State) have(from *peer, m HaveMsg) {
	s.newLife(from, m.Boot)
	e := s.find(m.Mark.ID)
	s.revoke(e, from, m.Mark)
	if e == nil || e.volatile() && m.Boot < from.life {
		return
	}
	if m.Refuse && e.Rev.Epoch == m.Mark.Epoch && e.Rev.Seq == m.Mark.Seq {
		if k := s.knowOf(e, from.Device); k != nil {
			k.known, k.epoch, k.seq = true, m.Mark.Epoch, m.Mark.Seq // no acknowledgement: only silence
		}
		s.touch(e)
		return
	}
	if m.Refuse {
		return
	}
	s.setKnow(e, from.Device, m.Mark)
	if k := e.knows(from.Device); k != nil && e.Rev.Epoch.After(m.Mark.Epoch) {
		k.epoch, k.seq = m.Mark.Epoch, m.Mark.Seq
		k.want = k.want || e.Owner() == from.Device // it has forgotten that it owns, or this is old
		s.touch(e)
	}
}

// digestPart is how many sessions one part of a digest has.
const digestPart = 256

// compare begins to compare all sessions with a peer.
func (s *State) compare(p *peer) {
	p.met = true
	p.sync = digest{id: s.attempt()}
	var marks []Mark
	flush := func() {
		if len(marks) > 0 {
			p.sync.parts = append(p.sync.parts, part{uint64(len(p.sync.parts)), marks})
			marks = nil
		}
	}
	for _, e := range s.sessions {
		k := s.knowOf(e, p.Device)
		if k == nil {
			continue
		}
		*k = know{device: p.Device}
		if marks = append(marks, e.mark()); len(marks) == digestPart {
			flush()
		}
	}
	flush()
}

// settleSync sends what the peer has not answered of a digest.
func (s *State) settleSync(p *peer) {
	if len(p.sync.parts) == 0 || !s.again(&p.sync.retry, p.Device) {
		return
	}
	for _, d := range p.sync.parts {
		s.send(p.Device, ClassMedia, DigestMsg{p.sync.id, d.n, d.marks})
	}
}

// digested compares a part of the peer's digest with what is known here.
func (s *State) digested(from *peer, m DigestMsg) {
	var want []SessionID
	s.newLife(from, m.Sync>>32)
	for _, mark := range m.Marks {
		e := s.find(mark.ID)
		switch {
		case e == nil && mark.Epoch.Device == s.cfg.Self:
			s.send(from.Device, ClassMedia, GoneMsg{mark.ID, mark.Epoch})
			want = append(want, mark.ID) // so that it tells until it has GONE
		case e == nil:
			want = append(want, mark.ID)
		case !from.mayKnow(&e.Session):
		default:
			if k := s.knowOf(e, from.Device); k != nil && !k.known {
				*k = know{device: from.Device, known: true}
			}
			s.setKnow(e, from.Device, mark)
			if mark.Epoch.Device == s.cfg.Self && e.Rev.Epoch.After(mark.Epoch) { // it asks whom it takes for the owner
				s.resend(e, from.Device)
			}
			s.revoke(e, from, mark)
			s.touch(e)
			if mark.Epoch.After(e.Rev.Epoch) || mark.Epoch == e.Rev.Epoch && mark.Seq > e.Rev.Seq {
				want = append(want, mark.ID)
			}
		}
	}
	s.send(from.Device, ClassMedia, WantMsg{m.Sync, m.Part, want})
}

// newLife notes the peer's incarnation. In a new one it has nothing of what is
// never on disk, whatever an acknowledgement says that was on its way. What it
// asked for it still wants: that may have arrived before this was known.
func (s *State) newLife(p *peer, boot uint64) {
	if boot <= p.life {
		return
	}
	p.life = boot
	for _, e := range s.sessions {
		if k := e.knows(p.Device); k != nil && e.volatile() {
			*k = know{device: p.Device, known: true, want: k.want && !s.cfg.Faults.Has(WantForgotten)}
			s.touch(e)
		}
	}
}

// wanted is the peer's answer to a part: it has all of it but these.
func (s *State) wanted(from *peer, m WantMsg) {
	if m.Sync != from.sync.id {
		return
	}
	i := slices.IndexFunc(from.sync.parts, func(p part) bool { return p.n == m.Part })
	if i < 0 {
		return
	}
	for _, mark := range from.sync.parts[i].marks {
		e := s.find(mark.ID)
		if e == nil {
			continue
		}
		s.touch(e)
		// It may not want it because it knows of a later epoch: for an heir that
		// is no acknowledgement.
		if slices.Contains(m.IDs, mark.ID) || s.owns(e) && e.heirOf() == from.Device {
			if k := s.knowOf(e, from.Device); k != nil {
				*k = know{device: k.device, known: true, want: true, said: k.said, retry: k.retry}
			}
			continue
		}
		s.setKnow(e, from.Device, mark)
	}
	from.sync.parts = slices.Delete(from.sync.parts, i, i+1)
}

// gone is the owner's word that it has forgotten the session: it was never on
// its disk, or ended long ago.
func (s *State) gone(from *peer, m GoneMsg) {
	e := s.find(m.ID)
	if e == nil || e.Ended {
		return
	}
	if e.to.Device == from.Device && e.to.Epoch == m.Epoch {
		s.seize(e)
		return
	}
	if e.Owner() != from.Device || e.Rev.Epoch.After(m.Epoch) {
		return
	}
	if e.relayed && len(e.queue) == 0 && !e.volatile() { // whoever told of it was wrong
		s.dropGet(e, RefusedUnknown)
		i, _ := slices.BinarySearchFunc(s.sessions, e.ID, compareID)
		s.drop(i)
		return
	}
	e.Ended, e.Doc, e.over, e.dirty = true, nil, s.now.Wall, true
	if !s.cfg.Faults.Has(GoneUncounted) { // an acknowledgement of the state before, still on its way, is none of this
		e.Rev.Seq++
	}
	for i := range e.know { // nobody else may know: the owner does not, whoever passes on may have it from here
		k := &e.know[i]
		k.want = k.known && k.device != from.Device
	}
	s.settled(e)
	s.touch(e)
}

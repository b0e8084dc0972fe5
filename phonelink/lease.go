package phonelink

import "time"

// A lease, on each side's own monotonic clock; m is the margin, a tenth of
// TTL on either side, so that clocks that drift by less cannot make two owners:
//
//	owner  RENEW sent |------------------ renders -----------------| silent
//	                  0                                     TTL - m
//	heir   RENEW heard  |---------------- may not claim --------------------| may
//	                    0                                            TTL + m
//
// The owner counts from when it sent the renewal that was answered, the heir
// from when it heard one; neither remembers that over a restart: the owner has
// to renew first, the heir waits a whole TTL + m.

// leaseEnd is until when an owner renders whose renewal was sent at t.
func (s *State) leaseEnd(e *entry, t time.Duration) time.Duration {
	m := s.cfg.margin(e.Kind)
	if s.cfg.Faults.Has(NoMargin) {
		m = 0
	}
	return t + s.cfg.ttl(e.Kind) - m
}

// claimAt is when the heir may claim.
func (s *State) claimAt(e *entry) time.Duration {
	ttl, m := s.cfg.ttl(e.Kind), s.cfg.margin(e.Kind)
	if s.cfg.Faults.Has(NoMargin) {
		m = 0
	}
	if s.cfg.Faults.Has(ClaimEarly) {
		return e.heard + ttl/2
	}
	return e.heard + ttl + m
}

// settleOwner renews the lease, ends the heir's right and the session.
func (s *State) settleOwner(e *entry) {
	if !s.owns(e) {
		return
	}
	if !e.Expires.IsZero() && !s.now.Wall.Before(e.Expires) && !s.cfg.Faults.Has(SceneLate) {
		s.end(e)
		return
	}
	h := e.heirOf()
	if h == "" {
		return
	}
	if p := s.peer(h); p == nil && s.cfg.Faults.Has(ForgetHeir) {
		e.Lease.Heir, e.saved.heir = "", ""
		s.advance(e)
		return
	}
	if e.Lease.Heir != "" && e.dropAt != 0 && s.now.Mono >= e.dropAt {
		s.dropHeir(e)
	}
	if s.up(h) && s.now.Mono >= e.renewAt {
		wait := s.cfg.ttl(e.Kind) / 5
		if s.now.Mono >= e.lease { // nothing is heard until it is renewed
			wait = s.cfg.Timing.Retry
		}
		e.renewAt = s.now.Mono + wait
		s.send(h, classOf(e.Kind), RenewMsg{e.ID, e.Rev.Epoch, s.moment()})
	}
}

// renew is the owner's sign of life to its heir.
func (s *State) renew(from *peer, m RenewMsg) {
	e := s.find(m.ID)
	if e == nil {
		if m.Epoch.Device == from.Device { // known to nobody here: let it tell
			s.send(from.Device, ClassMedia, HaveMsg{Mark: Mark{ID: m.ID}, Boot: s.boot})
		}
		return
	}
	if m.Epoch.Device != from.Device || !from.mine(&e.Session) {
		return
	}
	if e.to.Device == from.Device && e.to.Epoch == m.Epoch {
		s.doneFrom(from, m.ID, m.Epoch)
	}
	switch {
	case e.Rev.Epoch == m.Epoch || s.cfg.Faults.Has(RenewAny):
		e.heard = s.now.Mono
		s.touch(e)
		s.send(from.Device, classOf(e.Kind), RenewedMsg{m.ID, m.Epoch, m.Sent})
	case e.Rev.Epoch.After(m.Epoch):
		s.resend(e, from.Device)
	default:
		s.send(from.Device, classOf(e.Kind), HaveMsg{Mark: e.mark(), Boot: s.boot})
	}
}

// renewed is the heir's answer.
func (s *State) renewed(from *peer, m RenewedMsg) {
	e := s.find(m.ID)
	if e == nil || !s.owns(e) || e.Rev.Epoch != m.Epoch || from.Device != e.heirOf() || m.Echo.Boot != s.boot || m.Echo.At > s.now.Mono {
		return
	}
	at := m.Echo.At
	if s.cfg.Faults.Has(LeaseFromAnswer) {
		at = s.now.Mono
	}
	lapsed := s.now.Mono >= e.lease
	e.lease = max(e.lease, s.leaseEnd(e, at))
	if lapsed {
		e.renewAt = s.now.Mono + s.cfg.ttl(e.Kind)/5
	}
	s.touch(e)
}

// heir reports whether this device may claim the session when its owner is
// not heard of.
func (s *State) isHeir(e *entry) bool {
	if e.Ended || s.cfg.ttl(e.Kind) == 0 {
		return false
	}
	if e.to.Device != "" {
		return true
	}
	return e.Lease.Heir == s.cfg.Self && !e.relayed || s.cfg.Faults.Has(ClaimByAnybody) && e.Owner() != s.cfg.Self
}

// settleClaim makes the heir the owner once the lease has run out: when a
// person wants it, or a hand-off from here was never answered.
func (s *State) settleClaim(e *entry) {
	if s.owns(e) {
		s.answer(e.claim.tag, nil)
		e.claim = claim{}
		return
	}
	if !e.claim.want && e.to.Device == "" {
		return
	}
	if !s.isHeir(e) {
		if e.claim.want {
			s.answer(e.claim.tag, refusal(RefusedAbsent))
			e.claim = claim{}
		}
		return
	}
	if e.claim.want && s.up(e.Owner()) && e.to.Device == "" { // it can be asked after all
		t := e.claim.tag
		e.claim = claim{}
		s.dropGet(e, RefusedExpired)
		s.askFor(e, t)
		s.settleGet(e)
		return
	}
	if s.now.Mono >= s.claimAt(e) {
		s.seize(e)
	}
}

// seize makes this device the owner of the next epoch. Nobody is heir of that.
func (s *State) seize(e *entry) {
	n := e.Rev.Epoch.N
	if e.to.Device != "" {
		n = e.to.Epoch.N
	}
	if !s.cfg.Faults.Has(ClaimSameEpoch) {
		n++
	}
	e.Rev = Rev{Epoch{n, s.cfg.Self}, 0, s.stamp()}
	e.Lease = Lease{TTL: s.cfg.ttl(e.Kind)}
	e.saved.heir, e.to, e.by, e.log = "", promise{}, 0, nil
	e.back = time.Time{}
	s.answer(e.claim.tag, nil)
	s.answer(e.get.tag, nil)
	s.answer(e.give.tag, refusal(RefusedAbsent))
	e.claim, e.get, e.give = claim{}, get{}, give{}
	s.restamp(e)
	s.applyQueue(e)
	s.touch(e)
}

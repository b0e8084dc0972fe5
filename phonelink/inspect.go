package phonelink

// Facts is what a simulation checks of one session on one device.
type Facts struct {
	State  *Replica // not to be changed
	Owns   bool     // owns, though the lease may have lapsed
	Holds  bool     // owns, and nobody can have claimed it
	Shown  bool     // renders
	Unsure bool     // an heir that was dropped does not know it yet
	Busy   bool     // a hand-off, a claim or unacknowledged operations are under way
	Gives  bool     // has committed to give it away and not heard of it yet
	Queued int      // operations that no owner has acknowledged
}

// Inspect is what is known of the session, ended ones included.
func (s *State) Inspect(id SessionID, now Now) (Facts, bool) {
	e := s.find(id)
	if e == nil {
		return Facts{}, false
	}
	s.now = now
	return Facts{
		State: &e.Replica, Owns: s.owns(e), Holds: s.holds(e), Shown: e.shown, Unsure: e.saved.heir != "", Gives: e.to.Device != "", Queued: len(e.queue),
		Busy: e.give.to != "" || e.get.stage != getNone || e.claim.want || e.to.Device != "" || len(e.queue) > 0,
	}, true
}

// Each calls f with every session, ended ones included, by id.
func (s *State) Each(f func(r *Replica)) {
	for _, e := range s.sessions {
		f(&e.Replica)
	}
}

// Clone is a copy that shares nothing that either of them changes.
func (s *State) Clone() *State {
	c := *s
	c.touched, c.persist, c.quiet, c.sends, c.rest = nil, nil, nil, nil, nil
	entries := make([]entry, len(s.sessions))
	c.sessions = make([]*entry, len(s.sessions))
	for i, e := range s.sessions {
		entries[i] = *e
		x := &entries[i]
		x.know = append([]know(nil), e.know...)
		x.tags = append([]tag(nil), e.tags...)
		c.sessions[i] = x
	}
	peers := make([]peer, len(s.peers))
	c.peers = make([]*peer, len(s.peers))
	for i, p := range s.peers {
		peers[i] = *p
		peers[i].sync.parts = append([]part(nil), p.sync.parts...)
		c.peers[i] = &peers[i]
	}
	return &c
}

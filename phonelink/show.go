package phonelink

import "cmp"

// settleShown decides whether this device is to be seen and heard with the
// session, and says so when that changes.
func (s *State) settleShown(e *entry) {
	want := s.mayShow(e)
	if want && e.Kind == Media && !e.loaded && !s.cfg.Faults.Has(RenderUnloaded) {
		s.load(e)
		want = e.loaded
	}
	if want == e.shown {
		return
	}
	e.shown = want
	if want {
		s.rest = append(s.rest, Render{Session: e.ID})
		return
	}
	if s.cfg.Faults.Has(NoSilence) && e.to.Device != "" {
		e.shown = true
		return
	}
	s.quiet = append(s.quiet, Silence{Session: e.ID})
	if !s.owns(e) {
		e.loaded, e.asked = false, false
	}
}

// mayShow reports whether the session is this device's to render.
func (s *State) mayShow(e *entry) bool {
	switch {
	case e.Ended || !e.Expires.IsZero() && !s.now.Wall.Before(e.Expires) && !s.cfg.Faults.Has(SceneLate):
		return false
	case s.restricted(e.Needs):
		return false
	case e.Kind == Call:
		return s.heard(e)
	case e.get.stage == getReady && s.cfg.Faults.Has(RenderReady):
		return true
	}
	return s.holds(e)
}

// restricted reports whether what the session needs may not be rendered now:
// unknown counts as moving.
func (s *State) restricted(n Needs) bool {
	if n&(NeedsParked|NeedsVideo) == 0 {
		return false
	}
	if s.cfg.Faults.Has(UnknownParked) && !s.cond.Known || s.cfg.Faults.Has(IgnoreMoving) {
		return false
	}
	return !s.cond.Known || s.cond.Moving
}

// heard reports whether a call's sound is to be here: the phone that owns it
// says so, and is in reach.
func (s *State) heard(e *entry) bool {
	d, ok := e.Doc.(*CallDoc)
	if !ok || d.State == CallEnded || d.State == CallMissed {
		return false
	}
	if s.owns(e) {
		return d.Audio == "" || d.Audio == s.cfg.Self
	}
	return d.Audio == s.cfg.Self && (e.routeAt == 0 || s.now.Mono < e.routeAt)
}

// settleRoute gives a call's sound back to the phone when the link between
// them is lost: each side does its half by itself.
func (s *State) settleRoute(e *entry) {
	d, ok := e.Doc.(*CallDoc)
	if !ok {
		return
	}
	far := e.Owner()
	if s.owns(e) {
		far = d.Audio
	} else if d.Audio != s.cfg.Self {
		far = ""
	}
	if far == "" || far == s.cfg.Self || s.up(far) {
		e.routeAt = 0
		return
	}
	if e.routeAt == 0 {
		e.routeAt = s.now.Mono + s.cfg.Timing.Grace
	}
	if s.owns(e) && s.now.Mono >= e.routeAt && !s.cfg.Faults.Has(NoRouteBack) {
		s.do(e, s.ownOp(e, Route{s.cfg.Self}))
		e.routeAt = 0
	}
}

// ownOp is an operation of the machine itself, as the owner.
func (s *State) ownOp(e *entry, a Action) Op {
	return Op{s.nextID(e), s.stamp(), a}
}

// settlePerform asks for what a draft or a scene does outside, once for each
// operation, on the device that is to do it.
func (s *State) settlePerform(e *entry) {
	id, mine := OpID{}, s.owns(e)
	switch d := e.Doc.(type) {
	case *DraftDoc:
		if d.Sent && e.done == (OpID{}) { // a draft is sent once
			id = cmp.Or(e.doing, d.SentBy)
		}
		mine = d.Via == s.cfg.Self && (len(e.log) == 0 || !s.owns(e)) // not before the heir knows
	case *SceneDoc:
		if !d.Done {
			id = OpID{Origin: "scene", Seq: 1}
		}
		if !e.Expires.IsZero() && !s.now.Wall.Before(e.Expires) && !s.cfg.Faults.Has(SceneLate) {
			id = OpID{} // never late
		}
		mine = s.holds(e)
	}
	if id == (OpID{}) || !mine || e.done == id || e.performing == id {
		return
	}
	if e.performing = id; e.Kind == Draft && e.doing != id {
		e.doing, e.dirty = id, true
	}
	s.rest = append(s.rest, Perform{e.Session, id})
}

// performed notes that it is done, for ever.
func (s *State) performed(p Performed) {
	e := s.find(p.Session)
	if e == nil || p.Op == (OpID{}) || e.done == p.Op {
		return
	}
	e.done, e.dirty = p.Op, true
	if d, ok := e.Doc.(*SceneDoc); ok && s.owns(e) && !d.Done {
		c := *d
		c.Done = true
		e.Doc = &c
		s.advance(e)
	}
	s.touch(e)
}

// Views is what a shell shows of the sessions, the latest first in order of
// their last change; Alone, Progress and the like as far as they are known
// here.
func (s *State) Views(now Now) []SessionView {
	views := make([]SessionView, 0, len(s.sessions))
	for _, e := range s.sessions {
		if !e.Ended && (e.Expires.IsZero() || now.Wall.Before(e.Expires)) {
			views = append(views, s.view(e, now))
		}
	}
	sortViews(views)
	return views
}

// Session is what is known of one session.
func (s *State) Session(id SessionID, now Now) (SessionView, bool) {
	e := s.find(id)
	if e == nil || e.Ended {
		return SessionView{}, false
	}
	return s.view(e, now), true
}

func (s *State) view(e *entry, now Now) SessionView {
	v := SessionView{Session: e.Session, Local: s.owns(e), Copy: e.CopyOf != SessionID{}}
	v.Doc = s.seen(e)
	if v.Local {
		v.Lease.Heir = e.heirOf() // one that was dropped too, until it knows
	}
	switch {
	case !v.Local:
		v.OnPhone = e.Owner()
		if e.to.Device != "" {
			v.OnPhone = e.to.Device
		}
		v.Alone = !s.up(v.OnPhone)
		if now.Wall.Before(e.back) {
			v.TakeBack = e.back
		}
	default:
		for _, k := range e.know {
			if k.known && k.epoch == e.Rev.Epoch && v.OnPhone == "" {
				v.OnPhone = k.device
			}
		}
	}
	switch {
	case e.to.Device != "":
		v.Handoff = Moving
	case e.give.to != "" || e.get.stage > getOffered || e.claim.want:
		v.Handoff = Preparing
	}
	v.Load = e.asked
	v.Render = e.shown
	return v
}

// Offers are the sessions that wait for a person here: sent ones, and those of
// others that may be wanted.
func (s *State) Offers(now Now) []Offer {
	var out []Offer
	for _, e := range s.sessions {
		if e.get.stage == getOffered {
			until := now.Wall.Add(e.get.since + s.getFor(e) - now.Mono)
			out = append(out, Offer{Session: s.view(e, now), From: e.get.from, Why: OfferSent, Until: until})
		} else if e.hint.shown {
			until := now.Wall.Add(e.hint.until - now.Mono)
			out = append(out, Offer{Session: s.view(e, now), From: e.hint.from, Why: e.hint.why, Until: until})
		}
	}
	return out
}

// settleHint offers what a person here may want while it can be had.
func (s *State) settleHint(e *entry) {
	h := &e.hint
	shown := h.why != "" && s.now.Mono < h.until && !e.Ended && !s.foreign(e) && e.Owner() == h.from && h.from != s.cfg.Self && s.up(h.from) &&
		e.to.Device == "" && e.get.stage == getNone && !e.claim.want
	if shown != h.shown {
		h.shown = shown
		s.rest = append(s.rest, Changed{})
	}
	if h.why != "" && s.now.Mono >= h.until {
		e.hint = hint{}
	}
}

// wrote reports whether a copy of a draft is what was written here and could not
// be merged there.
func (s *State) wrote(c *entry) bool {
	e := s.find(c.CopyOf)
	if e == nil || c.Kind != Draft {
		return false
	}
	for seq := e.last; seq&counting != 0 && e.last-seq < maxOut; seq-- {
		if derivedID(e.ID, OpID{s.cfg.Self, seq}) == c.ID {
			return true
		}
	}
	return false
}

// Rendering reports whether this device renders the session now.
func (s *State) Rendering(id SessionID) bool {
	e := s.find(id)
	return e != nil && e.shown
}

// Restricted reports whether a session with these needs may not be rendered
// now.
func (s *State) Restricted(n Needs) bool { return s.restricted(n) }

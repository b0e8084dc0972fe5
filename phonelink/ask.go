package phonelink

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// ask carries out what this device's person wants.
func (s *State) ask(t uint64, r Request) {
	if s.boot == 0 {
		s.answer(t, refusal(RefusedAbsent))
		return
	}
	switch r := r.(type) {
	case Take:
		s.take(t, s.find(r.Session), false)
	case TakeBack:
		s.take(t, s.find(r.Session), true)
	case Send:
		s.sendTo(t, s.find(r.Session), r.To)
	case Accept:
		s.accepted(t, s.find(r.Session))
	case Decline:
		s.decline(t, s.find(r.Session))
	case Open:
		s.openNew(t, r.Session)
	case Edit:
		s.edit(t, s.find(r.Session), r.Op.Act)
	case End:
		s.edit(t, s.find(r.Session), Finish{})
	case Copy:
		s.copyOf(t, s.find(r.Session))
	default:
		s.answer(t, refusal(RefusedUnsupported))
	}
}

// take begins a hand-off towards here, or waits to claim.
func (s *State) take(t uint64, e *entry, back bool) {
	code := RefusalCode("")
	if e != nil {
		e.hint.until = 0
		s.touch(e)
	}
	switch {
	case e == nil || e.Ended:
		code = RefusedUnknown
	case s.foreign(e):
		code = RefusedProfile
	case e.Kind == Call && !s.owns(e):
		s.edit(t, e, Route{s.cfg.Self})
		return
	case s.owns(e) && e.give.to == "":
		s.answer(t, nil)
		return
	case s.owns(e): // it changed its mind
		s.send(e.give.to, classOf(e.Kind), CancelMsg{e.give.try, e.ID})
		s.dropGive(e, RefusedExpired)
		s.answer(t, nil)
		s.touch(e)
		return
	case e.to.Device != "" && s.cfg.Faults.Has(TakeRefused):
		code = RefusedOwner
	case e.to.Device != "": // until it is known whose it is
		s.dropGet(e, RefusedExpired)
		e.get = get{stage: getLater, want: true, since: s.now.Mono, began: s.now.Mono, tag: t}
		s.touch(e)
		return
	case back && s.now.Wall.After(e.back):
		code = RefusedExpired
	case e.Kind == Call || e.Kind == Clipboard:
		code = RefusedUnsupported
	case s.lacks(&e.Session) != "":
		code = RefusedMismatch
	case e.get.stage == getOffered:
		s.yes(e, t)
		return
	case !s.up(e.Owner()) && s.isHeir(e):
		s.answer(e.claim.tag, refusal(RefusedExpired))
		e.claim = claim{true, t}
		s.touch(e)
		return
	case !s.up(e.Owner()):
		code = RefusedAbsent
		e.hint = hint{why: OfferReturned, from: e.Owner(), until: s.now.Mono + s.cfg.Timing.TakeBack, shown: e.hint.shown}
	}
	if code != "" {
		s.answer(t, refusal(code))
		return
	}
	s.dropGet(e, RefusedExpired)
	s.askFor(e, t)
	s.touch(e)
}

// askFor asks the owner for the session.
func (s *State) askFor(e *entry, t uint64) {
	now := s.now.Mono
	e.get = get{stage: getAsked, from: e.Owner(), try: s.attempt() | 1, want: true, since: now, began: now, tag: t}
}

// yes goes on with what was offered.
func (s *State) yes(e *entry, t uint64) {
	g, now := &e.get, s.now.Mono
	g.stage, g.want, g.tag, g.since, g.began = getLoading, true, t, now, now
	s.touch(e)
}

// follow turns to the session's owner of now, if that changed while somebody
// here waited to go on with it, within the time that the request has.
func (s *State) follow(e *entry) {
	g := e.get
	switch {
	case g.stage == getNone:
	case e.Ended:
		s.dropGet(e, RefusedUnknown)
	case e.to.Device != "": // getLater; a lease that runs out settles it too
		if s.cfg.ttl(e.Kind) == 0 && s.now.Mono >= g.since+s.getFor(e) {
			s.dropGet(e, RefusedAbsent)
		}
	case s.owns(e):
		s.answer(g.tag, nil)
		e.get = get{}
	case e.Owner() == g.from:
	case !g.want || s.cfg.Faults.Has(TakeNotFollowed):
		s.dropGet(e, RefusedOwner)
	default:
		e.get = get{}
		e.loaded, e.asked, e.problem = false, false, ""
		s.take(g.tag, e, false)
		if e.get.stage != getNone {
			e.get.since, e.get.began = g.began, g.began
		}
	}
}

// sendTo begins a hand-off away from here.
func (s *State) sendTo(t uint64, e *entry, to Device) {
	p := s.peer(to)
	code := RefusalCode("")
	switch {
	case e == nil || e.Ended:
		code = RefusedUnknown
	case to == s.cfg.Self:
		s.take(t, e, false)
		return
	case p == nil || !p.mine(&e.Session):
		code = RefusedProfile
	case !s.owns(e) || e.give.to != "":
		code = RefusedOwner
	case e.Kind == Call || e.Kind == Clipboard:
		code = RefusedUnsupported
	case !p.up:
		code = RefusedAbsent
	}
	if code != "" {
		s.answer(t, refusal(code))
		return
	}
	e.give = give{to: to, try: s.attempt(), offer: true, since: s.now.Mono, tag: t}
	s.touch(e)
}

// accepted says yes to an offer.
func (s *State) accepted(t uint64, e *entry) {
	switch {
	case e != nil && e.get.stage == getOffered:
		s.yes(e, t)
	case e != nil && e.hint.shown:
		s.take(t, e, false)
	default:
		s.answer(t, refusal(RefusedExpired))
	}
}

func (s *State) decline(t uint64, e *entry) {
	if e != nil && e.get.stage != getOffered && e.hint.shown {
		e.hint.until = 0
		s.answer(t, nil)
		s.touch(e)
		return
	}
	if e == nil || e.get.stage != getOffered {
		s.answer(t, refusal(RefusedExpired))
		return
	}
	e.refused, e.dirty = e.get.try, true
	s.send(e.get.from, classOf(e.Kind), RefuseMsg{e.get.try, e.ID, RefusedDeclined})
	s.dropGet(e, RefusedExpired)
	s.answer(t, nil)
	s.touch(e)
}

// openNew makes a session that this device owns.
func (s *State) openNew(t uint64, x Session) {
	if err := checkSession(&x); err != nil {
		s.answer(t, &Refusal{Code: RefusedUnsupported, Reason: err.Error()})
		return
	}
	id := x.ID
	if id == (SessionID{}) {
		r := s.draw()
		id = NewSessionID(s.now.Wall, [10]byte(r[:10]))
	}
	if s.find(id) != nil {
		s.answer(t, &Refusal{Code: RefusedOwner, Reason: "there is a session with this id"})
		return
	}
	e := s.insert(id)
	if e == nil {
		s.answer(t, &Refusal{Code: RefusedUnsupported, Reason: "there are 4096 sessions; end one first"})
		return
	}
	if x.Expires.IsZero() {
		switch x.Kind {
		case Clipboard:
			x.Expires = s.now.Wall.Add(clipboardFor)
		case Scene:
			x.Expires = s.now.Wall.Add(sceneFor)
		}
	}
	if d, ok := x.Doc.(*DraftDoc); ok && d.Via == "" { // one device sends it, whoever owns it then
		c := *d
		c.Via = s.cfg.Self
		x.Doc = &c
	}
	x.Expires = x.Expires.Truncate(time.Second).UTC()
	s.open(e, x, x.Doc, SessionID{})
	s.answer(t, nil)
}

// How long sessions of some kinds last unless they say so.
const (
	clipboardFor = 10 * time.Minute
	sceneFor     = 30 * time.Second
)

// copyOf goes on with a new session that starts as this one is seen here.
func (s *State) copyOf(t uint64, e *entry) {
	if e == nil || e.Ended || e.Doc == nil || e.Kind == Call {
		s.answer(t, refusal(RefusedUnknown))
		return
	}
	r := s.draw()
	c := s.insert(NewSessionID(s.now.Wall, [10]byte(r[:10])))
	if c == nil {
		s.answer(t, refusal(RefusedUnsupported))
		return
	}
	s.open(c, e.Session, s.seen(e), e.ID)
	s.answer(t, nil)
}

// derivedID is the id of what an operation on a session made: the time of the
// session, and 80 bits of SHA-256 of session, origin and count.
func derivedID(of SessionID, by OpID) (id SessionID) {
	b := append(of[:len(of):len(of)], by.Origin...)
	b = binary.BigEndian.AppendUint64(b, by.Seq)
	sum := sha256.Sum256(b)
	copy(id[:6], of[:6])
	copy(id[6:], sum[:10])
	return id
}

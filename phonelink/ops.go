package phonelink

import (
	"slices"
	"time"
)

// incarnation is the part of an OpID's Seq that says in which life of its
// origin it was counted; counting is the rest.
const counting = 1<<40 - 1

// follows reports whether seq may be applied next after the last one: the
// next, or the first of a later incarnation.
func follows(seq, last uint64) bool {
	return seq == last+1 || seq&counting == 1 && seq>>40 > last>>40
}

// appliedTo is the last operation of the origin that was applied.
func appliedTo(list []OpID, origin Device) uint64 {
	for _, id := range list {
		if id.Origin == origin {
			return id.Seq
		}
	}
	return 0
}

// withApplied is list with one more operation; list itself stays.
func withApplied(list []OpID, id OpID) []OpID {
	out := slices.Clone(list)
	for i := range out {
		if out[i].Origin == id.Origin {
			out[i].Seq = id.Seq
			return out
		}
	}
	i, _ := slices.BinarySearchFunc(out, id.Origin, func(o OpID, d Device) int {
		if o.Origin < d {
			return -1
		}
		return 1
	})
	return slices.Insert(out, i, id)
}

// edit is this device's person changing a session.
func (s *State) edit(t uint64, e *entry, act Action) {
	if e == nil || e.Ended {
		s.answer(t, refusal(RefusedUnknown))
		return
	}
	if s.foreign(e) {
		s.answer(t, refusal(RefusedProfile))
		return
	}
	doc := s.seen(e)
	if !suits(e.Kind, act, s.owns(e)) || len(e.queue) >= maxOut {
		s.answer(t, refusal(RefusedUnsupported))
		return
	}
	if set, ok := act.(SetText); ok {
		if max(len(set.Text), len(set.Base)) > MaxDocument/4 {
			s.answer(t, refusal(RefusedUnsupported))
			return
		}
		if d, ok := doc.(*DraftDoc); ok {
			if set.Base == "" {
				set.Base = d.Text
			}
			act = set
		}
	}
	o := Op{At: s.stamp(), Act: act}
	o.ID = s.nextID(e)
	if after, _ := s.apply(doc, o, s.owns(e)); after != doc && tooBig(after) {
		e.last--
		s.answer(t, refusal(RefusedUnsupported))
		return
	}
	s.touch(e)
	// One before it may have been acknowledged by an owner whose epoch is past,
	// and be on its way here: it would be dropped if this one were done first.
	next := follows(o.ID.Seq, appliedTo(e.Applied, s.cfg.Self)) || e.volatile()
	if s.owns(e) && len(e.queue) == 0 && next {
		s.do(e, o)
		s.answer(t, nil)
		return
	}
	e.queue = append(slices.Clone(e.queue), o)
	e.dirty = !s.cfg.Faults.Has(QueueUnsaved)
	e.out = retry{}
	if t != 0 {
		e.tags = append(e.tags, tag{o.ID.Seq, t})
	}
}

// nextID names the next operation that is made here.
func (s *State) nextID(e *entry) OpID {
	if e.last == 0 {
		e.last = appliedTo(e.Applied, s.cfg.Self)
		if !s.cfg.Faults.Has(SeqForgotten) {
			e.last = max(e.last, s.boot<<40)
		}
	}
	e.last++
	return OpID{s.cfg.Self, e.last}
}

// do applies an operation that follows, as the owner.
func (s *State) do(e *entry, o Op) {
	e.Applied = withApplied(e.Applied, o.ID)
	at := s.sane(o.At)
	s.hear(at)
	if _, end := o.Act.(Finish); end {
		s.advance(e)
		s.log(e, o)
		s.end(e)
		return
	}
	wins := !latest(e.Kind) || at > e.Rev.Stamp && at != 0 || s.cfg.Faults.Has(StampZeroWins)
	if _, scroll := o.Act.(Scroll); wins && (suits(e.Kind, o.Act, o.ID.Origin == s.cfg.Self) || scroll) {
		after, spare := s.apply(e.Doc, o, o.ID.Origin == s.cfg.Self)
		if after != e.Doc && !tooBig(after) {
			e.Doc = after
		}
		if spare != nil {
			s.keepBoth(e, o, spare)
		}
	}
	s.advance(e)
	if latest(e.Kind) && wins {
		e.Rev.Stamp = at
	}
	s.log(e, o)
}

// log remembers what the heir does not have, so that its claim loses nothing.
func (s *State) log(e *entry, o Op) {
	if e.heirOf() == "" {
		return
	}
	e.log = append(slices.Clone(e.log), logged{o, e.Rev.Seq})
}

// end ends a session that is owned here.
func (s *State) end(e *entry) {
	if e.Kind != Draft { // one that was sent may still have to be
		e.Doc = nil
	}
	e.Ended, e.over = true, s.now.Wall
	e.Assets = nil
	s.advance(e)
	s.dropGive(e, RefusedUnknown)
	s.settled(e)
}

// keepBoth makes a draft of its own from text that could not be merged. Its id
// follows from the operation, so that doing it twice makes one.
func (s *State) keepBoth(e *entry, o Op, text *SetText) {
	id := derivedID(e.ID, o.ID)
	if s.find(id) != nil {
		return
	}
	c := s.insert(id)
	if c == nil {
		return
	}
	d, _ := e.Doc.(*DraftDoc)
	doc := *d
	doc.Text, doc.Base, doc.Cursor = text.Text, text.Text, min(max(0, text.Cursor), len(text.Text))
	doc.Sent, doc.SentBy = false, OpID{}
	s.open(c, e.Session, &doc, e.ID)
}

// open fills in a new session that is owned here.
func (s *State) open(c *entry, from Session, doc Document, of SessionID) {
	id := c.ID
	c.Replica = Replica{Session: from}
	c.ID, c.CopyOf, c.Doc = id, of, doc
	c.Rev = Rev{Epoch{1, s.cfg.Self}, 0, 0}
	c.Lease = Lease{TTL: s.cfg.ttl(from.Kind)}
	s.advance(c)
}

// ops are operations that a peer sends to the owner.
func (s *State) ops(from *peer, m OpsMsg) {
	e := s.find(m.ID)
	if e == nil {
		s.revoke(nil, from, Mark{ID: m.ID, Epoch: m.Epoch})
	}
	if e == nil || !from.mine(&e.Session) {
		return
	}
	if !s.owns(e) {
		switch {
		case e.to.Device != "":
		case s.cfg.Relay && !e.Ended && e.Owner() != from.Device && s.up(e.Owner()) && s.peer(e.Owner()).mine(&e.Session):
			s.send(e.Owner(), classOf(e.Kind), m)
		default:
			s.resend(e, from.Device)
		}
		return
	}
	for _, o := range m.Ops {
		s.accept(from, e, o)
	}
	var ids []OpID
	for _, o := range m.Ops {
		id := OpID{o.ID.Origin, appliedTo(e.Applied, o.ID.Origin)}
		if s.cfg.Faults.Has(AckEarly) {
			id = o.ID
		}
		if id.Seq != 0 && !slices.ContainsFunc(ids, func(x OpID) bool { return x.Origin == id.Origin }) {
			ids = append(ids, id)
		}
	}
	s.send(from.Device, classOf(e.Kind), AppliedMsg{e.ID, ids})
}

// accept applies another's operation if it is the next of its origin.
func (s *State) accept(from *peer, e *entry, o Op) {
	if o.ID.Origin != from.Device {
		if p := s.peer(o.ID.Origin); o.ID.Origin != s.cfg.Self && p != nil && !p.mine(&e.Session) {
			return
		}
	}
	last := appliedTo(e.Applied, o.ID.Origin)
	// What was never on disk may be lost with a crash, for good: no gap is waited for.
	ok := follows(o.ID.Seq, last) || e.volatile() && o.ID.Seq > last
	if s.cfg.Faults.Has(AcceptGaps) {
		ok = o.ID.Seq > last
	}
	if s.cfg.Faults.Has(NoDedupe) {
		ok = true
	}
	if !ok || e.Ended || last == 0 && len(e.Applied) >= maxOrigins || len(e.log) >= maxLog {
		return
	}
	s.do(e, o)
	s.applyQueue(e)
	if s.cfg.Faults.Has(OpUnsaved) {
		e.dirty = false
	}
	s.touch(e)
}

// appliedBy is the owner's acknowledgement.
func (s *State) appliedBy(from *peer, m AppliedMsg) {
	e := s.find(m.ID)
	if e == nil || e.Owner() != from.Device || len(e.queue) == 0 {
		return
	}
	// What was made here is kept until its copy is here too: if this device
	// claims the session before that, it has it.
	e.acked = max(e.acked, appliedTo(m.Applied, s.cfg.Self))
	n := len(e.queue)
	e.queue = slices.DeleteFunc(slices.Clone(e.queue), func(o Op) bool {
		return o.ID.Origin != s.cfg.Self && o.ID.Seq <= appliedTo(m.Applied, o.ID.Origin)
	})
	e.dirty = e.dirty || len(e.queue) != n
	e.out = retry{}
	s.answerOps(e)
	s.touch(e)
}

// answerOps answers who waited for operations that are no longer queued.
func (s *State) answerOps(e *entry) {
	e.tags = slices.DeleteFunc(e.tags, func(t tag) bool {
		if t.seq > e.acked && slices.ContainsFunc(e.queue, func(o Op) bool { return o.ID == OpID{s.cfg.Self, t.seq} }) {
			return false
		}
		if e.Ended && t.seq > appliedTo(e.Applied, s.cfg.Self) {
			s.answer(t.tag, refusal(RefusedUnknown))
		} else {
			s.answer(t.tag, nil)
		}
		return true
	})
}

// opsPart is how many operations one message has.
const opsPart = 16

// settleQueue sends what no owner has acknowledged.
func (s *State) settleQueue(e *entry) {
	if len(e.queue) == 0 || s.owns(e) || e.to.Device != "" || e.Ended {
		return
	}
	m := OpsMsg{e.ID, e.Rev.Epoch, s.unsent(e)}
	if len(m.Ops) == 0 {
		return
	}
	if s.up(e.Owner()) {
		if s.again(&e.out, e.Owner()) {
			s.send(e.Owner(), classOf(e.Kind), m)
		}
		return
	}
	now := e.out
	for _, p := range s.peers { // whoever reaches the owner passes it on
		if out := now; p.mine(&e.Session) && s.again(&out, p.Device) {
			s.send(p.Device, classOf(e.Kind), m)
			e.out = out
		}
	}
}

// unsent is the first part of what the owner has not acknowledged.
func (s *State) unsent(e *entry) []Op {
	n := 0
	for n < len(e.queue) && e.queue[n].ID.Origin == s.cfg.Self && e.queue[n].ID.Seq <= e.acked {
		n++
	}
	return e.queue[n:min(len(e.queue), n+opsPart)]
}

// applyQueue does what waited for an owner, once this device is that.
func (s *State) applyQueue(e *entry) {
	if !s.owns(e) || len(e.queue) == 0 {
		return
	}
	queue := e.queue
	e.queue, e.dirty = nil, true
	for _, o := range queue {
		switch last := appliedTo(e.Applied, o.ID.Origin); {
		case e.Ended || o.ID.Seq <= last:
		case follows(o.ID.Seq, last) || e.volatile():
			s.do(e, o)
		default: // one that another owner acknowledged is on its way here
			e.queue = append(e.queue, o)
		}
	}
	s.answerOps(e)
}

// seen is the document as this device's person sees it: with what still waits
// for the owner.
func (s *State) seen(e *entry) Document {
	doc := e.Doc
	if doc == nil {
		return doc
	}
	for _, o := range e.queue {
		doc, _ = s.apply(doc, o, false)
	}
	return doc
}

// playhead keeps the owner's position.
func (s *State) playhead(p Playhead) {
	e := s.find(p.Session)
	if e == nil || !s.owns(e) {
		return
	}
	d, ok := e.Doc.(*MediaDoc)
	if !ok || !e.shown {
		return
	}
	c := *d
	c.Position = max(0, p.Position)
	if late := s.now.Wall.Sub(p.At); p.Playing && !p.At.IsZero() && late > 0 && late < 10*time.Second {
		c.Position += time.Duration(float64(late) * c.Rate)
	}
	c.At = s.stamp()
	e.Doc = &c
	s.advance(e)
}

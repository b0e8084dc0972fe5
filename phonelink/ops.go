package phonelink

import (
	"cmp"
	"slices"
	"time"
)

// incarnation is the part of an OpID's Seq that says in which life of its
// origin it was counted; counting is the rest.
const counting = 1<<40 - 1

// one reports whether two operations are of one origin in one incarnation: these
// are counted without gaps.
func (id OpID) one(o OpID) bool { return id.Origin == o.Origin && id.Seq>>40 == o.Seq>>40 }

// follows reports whether an operation is the next of its count, of which list
// has the last that was applied.
func follows(list []OpID, id OpID) bool {
	last := appliedTo(list, id)
	return last != 0 && id.Seq == last+1 || last == 0 && id.Seq&counting == 1
}

// appliedTo is the last operation that was applied of this one's count; 0: none.
func appliedTo(list []OpID, id OpID) uint64 {
	for _, x := range list {
		if x.one(id) {
			return x.Seq
		}
	}
	return 0
}

// done reports whether an operation was applied.
func done(list []OpID, id OpID) bool { return id.Seq <= appliedTo(list, id) }

// lastOf is the last operation of the origin in its last incarnation.
func lastOf(list []OpID, origin Device) (seq uint64) {
	for _, x := range list {
		if x.Origin == origin {
			seq = max(seq, x.Seq)
		}
	}
	return seq
}

// withApplied is list with one more operation, or with this one in place of those
// of earlier incarnations; list itself stays.
func withApplied(list []OpID, id OpID, alone bool) []OpID {
	out := slices.DeleteFunc(slices.Clone(list), func(o OpID) bool { return o.one(id) || alone && o.Origin == id.Origin })
	i, _ := slices.BinarySearchFunc(out, id, func(a, b OpID) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Seq, b.Seq))
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
	o, last := Op{At: s.stamp(), Act: act}, e.last
	o.ID = s.nextID(e)
	if after, _ := s.apply(doc, o, s.owns(e)); after != doc && tooBig(after) {
		e.last = last
		s.answer(t, refusal(RefusedUnsupported))
		return
	}
	s.touch(e)
	if s.owns(e) && (follows(e.Applied, o.ID) || e.volatile()) {
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

// nextID names the next operation that is made here. One before it may have been
// acknowledged by an owner whose epoch is past, and be known to that one alone:
// it comes back with it, some day or never. The next one does not wait for that,
// and must not take its place: it begins a count of its own.
func (s *State) nextID(e *entry) OpID {
	if e.last == 0 {
		e.last = lastOf(e.Applied, s.cfg.Self)
		if !s.cfg.Faults.Has(SeqForgotten) {
			e.last = max(e.last, s.boot<<40)
		}
	}
	if s.missing(e) && !s.cfg.Faults.Has(CountOn) {
		e.last = (e.last>>40 + 1) << 40
	}
	e.last++
	return OpID{s.cfg.Self, e.last}
}

// missing reports whether what is known here of the session lacks an operation
// that was made here, acknowledged, and is not here any more.
func (s *State) missing(e *entry) bool {
	last := OpID{s.cfg.Self, e.last}
	if last.Seq&counting == 0 || e.volatile() {
		return false
	}
	first := last.Seq + 1 // of those that are here
	if i := slices.IndexFunc(e.queue, func(o Op) bool { return o.ID.one(last) }); i >= 0 {
		first = e.queue[i].ID.Seq
	}
	return first&counting-1 > appliedTo(e.Applied, last)&counting
}

// do applies an operation that follows, as the owner.
func (s *State) do(e *entry, o Op) {
	e.Applied = withApplied(e.Applied, o.ID, e.volatile())
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
		id := OpID{o.ID.Origin, appliedTo(e.Applied, o.ID)}
		if s.cfg.Faults.Has(AckEarly) {
			id.Seq++
		}
		if id.Seq != 0 && !slices.ContainsFunc(ids, func(x OpID) bool { return x.one(id) }) {
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
	last := appliedTo(e.Applied, o.ID)
	ok := follows(e.Applied, o.ID)
	if e.volatile() { // what was never on disk may be lost with a crash, for good: no gap is waited for
		ok = o.ID.Seq > lastOf(e.Applied, o.ID.Origin)
	}
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
	for _, id := range m.Applied {
		if id.Origin == s.cfg.Self && !done(e.acked, id) && len(e.acked) < maxOrigins {
			e.acked = withApplied(e.acked, id, false)
		}
	}
	n := len(e.queue)
	e.queue = slices.DeleteFunc(slices.Clone(e.queue), func(o Op) bool {
		return o.ID.Origin != s.cfg.Self && done(m.Applied, o.ID)
	})
	e.dirty = e.dirty || len(e.queue) != n
	e.out = retry{}
	s.answerOps(e)
	s.touch(e)
}

// answerOps answers who waited for operations that are no longer queued.
func (s *State) answerOps(e *entry) {
	e.tags = slices.DeleteFunc(e.tags, func(t tag) bool {
		id := OpID{s.cfg.Self, t.seq}
		if !done(e.acked, id) && slices.ContainsFunc(e.queue, func(o Op) bool { return o.ID == id }) {
			return false
		}
		if e.Ended && !done(e.Applied, id) {
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
	var list []Op
	for _, o := range e.queue {
		if o.ID.Origin != s.cfg.Self || !done(e.acked, o.ID) {
			list = append(list, o)
		}
	}
	if len(list) <= opsPart {
		return list
	}
	part := list[:opsPart:opsPart]
	for _, o := range list[opsPart:] { // those before may wait for one that is not here; these do not
		if !slices.ContainsFunc(part, func(p Op) bool { return p.ID.one(o.ID) }) && len(part) < 2*opsPart {
			part = append(part, o)
		}
	}
	return part
}

// applyQueue does what waited for an owner, once this device is that.
func (s *State) applyQueue(e *entry) {
	if !s.owns(e) || len(e.queue) == 0 {
		return
	}
	queue := e.queue
	e.queue, e.dirty = nil, true
	for _, o := range queue {
		switch {
		case e.Ended || done(e.Applied, o.ID) || e.volatile() && o.ID.Seq <= lastOf(e.Applied, o.ID.Origin):
		case follows(e.Applied, o.ID) || e.volatile():
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

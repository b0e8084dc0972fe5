package link

import (
	"fmt"

	"tandem/phonelink"
)

// session is what two processes have in common, and survives their carriers:
// the link id, and the place of every class in both directions. It has no clock
// and no socket; its peer's mutex guards it.
//
// Of the two devices the one with the smaller id is the elector: of all
// carriers that were made, by whichever side, it takes one by a go frame, and
// so both always agree which one is in use and whether the link goes on.
//
//	dialer     acceptor (elector)         dialer (elector)     acceptor
//	   |--- hello --->|                         |--- hello --->|
//	   |<-- hello ----|                         |<-- hello ----|
//	   |<-- go -------|                         |--- go ------>|
//	   |<-- data ---->|                         |<-- data ---->|
//
// A link lasts as long as both processes: the elector keeps it whatever the
// follower's hello says of it, since that hello may have been written before
// the go that began it arrived. Each side then sends from the place that the
// other is known to have; what comes twice is left out by its place. Only a
// process that is new to the other (its incarnation) begins a new link. What
// was queued for a process that was never met before goes over to it; what was
// queued for one that has ended is dropped, since only that one knew what it
// did with it, and the two have to compare their states (Message.Fresh).
type session struct {
	elector     bool
	incarnation uint64 // ours
	theirs      uint64 // the peer's; 0: not met yet
	link        linkID
	round       uint64 // elections: held by us, or the last that we took
	out         [classes]outbox
	in          [classes]inbox
	generation  uint64 // counts the links that began with nothing in common
}

func newSession(self, peer phonelink.Device, incarnation uint64) session {
	return session{elector: self < peer, incarnation: incarnation}
}

// greet is our hello.
func (s *session) greet(name string, addresses [][]byte) hello {
	h := hello{Version: version, Incarnation: s.incarnation, Name: name, Addresses: addresses}
	if s.link != (linkID{}) {
		h.Link, h.Round = append([]byte(nil), s.link[:]...), s.round
		h.Have, h.Limit = s.places()
	}
	return h
}

func (s *session) places() (have, limit []uint64) {
	for c := range s.in {
		have = append(have, s.in[c].received)
		limit = append(limit, s.in[c].grant())
	}
	return have, limit
}

// verdict is what the elector does with a carrier whose hellos were exchanged
// while another one is in use.
type verdict uint8

const (
	take verdict = iota
	hold         // until it is clear whether the last go arrived
	refuse
)

// judge decides about a carrier; active: one is in use; confirmed: the peer has
// sent something on that one, so it took the go.
func (s *session) judge(h hello, active, confirmed bool) verdict {
	switch {
	case !active, h.Incarnation != s.theirs:
		return take
	case len(h.Link) != 0 && linkID(h.Link) == s.link && h.Round == s.round:
		return take // the peer knows the one in use, and wants another
	case confirmed:
		return refuse // it was on its way when the other one was taken
	default:
		return hold
	}
}

// elect takes a carrier: it makes the go frame for it, and leaves the session
// ready to send on it. fresh is the id for a new link if one has to begin.
func (s *session) elect(h hello, fresh linkID) election {
	s.round++
	var have, limit offsets
	if len(h.Link) != 0 && linkID(h.Link) == s.link {
		have, limit = offsetsOf(h.Have), offsetsOf(h.Limit)
	}
	if s.link == (linkID{}) || h.Incarnation != s.theirs || s.rewind(have, limit) != nil {
		s.begin(h.Incarnation, fresh)
	}
	g := election{Version: min(version, h.Version), Link: append([]byte(nil), s.link[:]...), Round: s.round}
	g.Have, g.Limit = s.places()
	return g
}

// follow takes the elector's go on a carrier on which it said h.
func (s *session) follow(h hello, g election) error {
	if h.Incarnation == s.theirs && g.Round <= s.round && s.link != (linkID{}) {
		return fmt.Errorf("%w: go: round %d after %d", errFrame, g.Round, s.round)
	}
	id := linkID(g.Link)
	if id == s.link && h.Incarnation == s.theirs {
		if err := s.rewind(offsetsOf(g.Have), offsetsOf(g.Limit)); err != nil {
			return err
		}
	} else {
		if offsetsOf(g.Have) != (offsets{}) {
			return fmt.Errorf("%w: go: has places %v of a link that is new", errFrame, g.Have)
		}
		s.begin(h.Incarnation, id)
		for c, l := range offsetsOf(g.Limit) {
			s.out[c].limit = max(s.out[c].limit, l)
		}
	}
	s.round = g.Round
	return nil
}

// rewind goes back to what the peer has, in every class or in none.
func (s *session) rewind(have, limit offsets) error {
	for c := range s.out {
		if have[c] > s.out[c].high {
			return fmt.Errorf("%w: has place %d of class %d, sent were %d", errFrame, have[c], c, s.out[c].high)
		}
	}
	for c := range s.out {
		if err := s.out[c].resume(have[c], limit[c]); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a new link with the peer's process of that incarnation.
func (s *session) begin(theirs uint64, id linkID) {
	s.generation++
	for c := range s.out {
		if s.theirs == 0 {
			s.out[c].limit = window
		} else {
			s.out[c] = outbox{limit: window}
		}
		s.in[c] = inbox{limit: window, waiting: s.in[c].waiting}
	}
	s.theirs, s.link = theirs, id
}

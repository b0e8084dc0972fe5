package kdeconnect

import (
	"fmt"
	"time"
)

// Times of pairing (protocol version 8).
const (
	pairWithin = 30 * time.Second   // from the request to the last answer
	clockSkew  = 1800 * time.Second // how far the clocks may differ
)

// pairPhase is how far the pairing of one link is.
//
//	            ask                    peer: yes
//	unpaired ---------> asked ----------------------> answered
//	   |                  |                               |
//	   |                  | person: yes                   | person: yes
//	   |                  v           peer: yes           v
//	   |               agreed -----------------------> paired
//	   |   peer asks                                      ^
//	   +-------------> peerAsks ---- person: yes ---------+
//
// Everything but paired falls back to unpaired by a no of either side, after
// 30 s, or when the pairing window closes. In answered the peer believes that
// it is paired and this side does not yet: nothing more is read from it.
type pairPhase uint8

const (
	unpaired pairPhase = iota
	asked
	agreed
	answered
	peerAsks
	paired
)

var phaseNames = [...]string{"unpaired", "asked", "agreed", "answered", "peer asks", "paired"}

func (p pairPhase) String() string { return phaseNames[p] }

// pairState is the pairing of one link.
type pairState struct {
	Phase   pairPhase
	Version int       // protocol of the link
	Time    int64     // of the request, seconds since 1970; 0 before version 8
	Until   time.Time // when the request ends
}

// pairInput is what happens to it. Window says whether the pairing window is
// open at that time.
type pairInput struct {
	What   pairWhat
	Time   int64 // of peerYes, from version 8 on
	Window bool
}

type pairWhat uint8

const (
	sayAsk  pairWhat = iota // the person here wants to pair
	sayYes                  // the person here says that the codes are equal
	sayNo                   // the person here says no
	sayDrop                 // the person here unpairs
	peerYes                 // kdeconnect.pair, pair true
	peerNo                  // kdeconnect.pair, pair false
	sayTick                 // time has passed, or the window has changed
)

// pairEffect is what is to be done, in order.
type pairEffect struct {
	Do  pairDo
	Err error // of doDone and doRefuse
}

type pairDo uint8

const (
	doAsk    pairDo = iota // pair true with the request's time
	doYes                  // pair true
	doNo                   // pair false
	doShow                 // the code, to the person
	doTrust                // keep the peer's certificate
	doForget               // remove it; the person here wanted it
	doLose                 // remove it; the peer wanted it
	doDone                 // tell the person how the request ended
	doRefuse               // tell the person about a request that was not shown
)

// errForgotten is a paired device that asks to be paired anew while the window
// is closed.
var errForgotten = fmt.Errorf("kdeconnect: the phone has forgotten this car; pair it again: %w", errWindow)

// next is the whole machine.
func (s pairState) next(now time.Time, in pairInput) (pairState, []pairEffect) {
	free := pairState{Version: s.Version}
	ended := func(err error, before ...pairEffect) (pairState, []pairEffect) {
		return free, append(before, pairEffect{doDone, err})
	}
	no1 := pairEffect{Do: doNo}
	if in.What != sayDrop && in.What != peerNo && s.Phase != unpaired && s.Phase != paired {
		if !now.Before(s.Until) {
			return ended(errPairTime, no1)
		}
		if !in.Window {
			return ended(errWindow, no1)
		}
	}
	switch s.Phase {
	case unpaired:
		return s.fromUnpaired(now, in)
	case paired:
		return s.fromPaired(now, in)
	}
	switch in.What {
	case sayNo, sayDrop:
		return ended(errRejected, no1)
	case peerNo:
		return ended(errRejected)
	case sayYes:
		switch s.Phase {
		case asked:
			s.Phase = agreed
		case answered:
			s.Phase = paired
			return s, []pairEffect{{Do: doTrust}, {Do: doDone}}
		case peerAsks:
			s.Phase = paired
			return s, []pairEffect{{Do: doTrust}, {Do: doYes}, {Do: doDone}}
		}
	case peerYes:
		switch s.Phase {
		case asked:
			s.Phase = answered
		case agreed:
			s.Phase = paired
			return s, []pairEffect{{Do: doTrust}, {Do: doDone}}
		}
	}
	return s, nil // asked again, or answered twice: a repetition changes nothing
}

func (s pairState) fromUnpaired(now time.Time, in pairInput) (pairState, []pairEffect) {
	switch in.What {
	case sayAsk:
		if !in.Window {
			return s, []pairEffect{{doRefuse, errWindow}}
		}
		s.Phase, s.Until = asked, now.Add(pairWithin)
		if s.Version >= secureVersion {
			s.Time = now.Unix()
		}
		return s, []pairEffect{{Do: doAsk}, {Do: doShow}}
	case peerYes:
		if !in.Window {
			return s, []pairEffect{{Do: doNo}, {doRefuse, errWindow}}
		}
		if s.Version >= secureVersion {
			apart := now.Sub(time.Unix(in.Time, 0))
			if in.Time <= 0 || apart > clockSkew || apart < -clockSkew {
				return s, []pairEffect{{Do: doNo}, {doRefuse, errClock}}
			}
			s.Time = in.Time
		}
		s.Phase, s.Until = peerAsks, now.Add(pairWithin)
		return s, []pairEffect{{Do: doShow}}
	}
	return s, nil
}

func (s pairState) fromPaired(now time.Time, in pairInput) (pairState, []pairEffect) {
	free := pairState{Version: s.Version}
	switch in.What {
	case sayDrop:
		return free, []pairEffect{{Do: doNo}, {Do: doForget}}
	case peerNo:
		return free, []pairEffect{{Do: doLose}}
	case peerYes:
		// The request that led here, heard once more: over a new link, or because
		// somebody says it again.
		if s.Version >= secureVersion && in.Time > 0 && in.Time == s.Time || s.Version < secureVersion && now.Before(s.Until) {
			return s, nil
		}
		// The phone has forgotten the pairing and asks anew: only the holder of
		// the pinned key can. Its old pairing ends, and a person decides again.
		if !in.Window {
			return s, []pairEffect{{Do: doNo}, {doRefuse, errForgotten}}
		}
		next, effects := free.fromUnpaired(now, in)
		if next.Phase != peerAsks {
			return s, effects
		}
		return next, append([]pairEffect{{Do: doLose}}, effects...)
	}
	return s, nil
}

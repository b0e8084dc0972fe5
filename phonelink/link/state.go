package link

import (
	"time"

	"tandem/phonelink"
)

// The states of a peer.
//
//	          sign               up
//	absent ---------> connecting ----------> linked <------.
//	  ^  ^                |  ^                 |  |  heard |
//	  |  `---- gave up ---'  |       overdue   |  v        |
//	  |                      `--- lost, dead --+-quiet ----'
//	  `------------------ suspended, from anywhere
//
// Absent does not mean that nobody tries: only a suspended peer is left alone.
type stateEvent uint8

const (
	evSign    stateEvent = iota // an address is known, was hinted or answered; or the link is wanted again
	evUp                        // a carrier was elected
	evHeard                     // a frame came
	evOverdue                   // none came for quietAfter
	evDead                      // none came for deadAfter
	evLost                      // the carrier broke
	evGaveUp                    // no success for connectingFor
	evSuspended
)

// stateEffects are what is to be done after an event, as bits.
type stateEffects uint8

const (
	doDial  stateEffects = 1 << iota // try all addresses at once, from now on
	doRest                           // stop dialing
	doClose                          // close the carrier
	doTell                           // the presence changed
)

// Times of a link. A peer that is silent is dead to the link before 1.5 s, also
// when the beat before its last frame was lost: a carrier repeats what is lost
// well within the rest.
const (
	beatEvery     = 550 * time.Millisecond
	followEvery   = 600 * time.Millisecond // of a side whose beats answer the other's
	quietAfter    = 900 * time.Millisecond
	deadAfter     = 1400 * time.Millisecond
	connectingFor = 15 * time.Second
)

// nextState is the machine of one peer.
func nextState(p phonelink.Presence, e stateEvent) (phonelink.Presence, stateEffects) {
	if e == evSuspended {
		effects := doRest | doClose
		if p != phonelink.Absent {
			effects |= doTell
		}
		return phonelink.Absent, effects
	}
	switch p {
	case phonelink.Absent, phonelink.Connecting:
		switch {
		case e == evUp:
			return phonelink.Linked, doRest | doTell
		case e == evSign && p == phonelink.Absent:
			return phonelink.Connecting, doDial | doTell
		case e == evSign:
			return p, doDial
		case e == evGaveUp && p == phonelink.Connecting:
			return phonelink.Absent, doTell
		}
	case phonelink.Linked, phonelink.Quiet:
		switch {
		case e == evUp:
			effects := doRest
			if p == phonelink.Quiet {
				effects |= doTell
			}
			return phonelink.Linked, effects
		case e == evHeard && p == phonelink.Quiet:
			return phonelink.Linked, doRest | doTell
		case e == evOverdue && p == phonelink.Linked:
			return phonelink.Quiet, doDial | doTell
		case e == evSign && p == phonelink.Quiet:
			return p, doDial
		case e == evDead:
			return phonelink.Connecting, doClose | doDial | doTell
		case e == evLost:
			return phonelink.Connecting, doDial | doTell
		}
	}
	return p, 0
}

// cadence is how often a peer that is not linked is looked for, by how long it
// has been away: the probe of 42 bytes to each address, and the attempt to
// connect by TCP. A link that was last on TCP has no answer to its probes, so
// the attempts are as frequent as they.
//
//	away          probe     TCP      bits/s up, one address (with UDP and IPv4 headers)
//	  < 20 min    250 ms    2 s      2240
//	  < 2 h       500 ms    2 s      1120
//	  longer      2 s       2 s       280
func cadence(away time.Duration, tcp bool) (probe, stream time.Duration) {
	switch {
	case away < 20*time.Minute:
		probe, stream = 250*time.Millisecond, 2*time.Second
	case away < 2*time.Hour:
		probe, stream = 500*time.Millisecond, 2*time.Second
	default:
		return 2 * time.Second, 2 * time.Second
	}
	if tcp {
		stream = probe
	}
	return probe, stream
}

package shell

import (
	"time"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/phonelink"
)

// pairing is what the shell has seen of the present pairing screen, so that it
// ends with a word of what became of it: the phone link shows a phone that is
// paired, or a window that is closed, and not always both at once.
type pairing struct {
	on     bool // the screen is open
	opened bool // and its window was
	until  time.Time
	before map[phonelink.Device]bool // phones that were paired when it opened
	asks   []hmi.Candidate           // who asked when last seen
	gone   *hmi.Candidate            // one who asked and asks no more; nil for none
	lost   time.Time                 // when it was gone, or the window closed; zero: neither
}

// lateWithin is how long after a window has closed, or a candidate has gone, a
// phone may still turn out to be paired.
const lateWithin = time.Second

// heedPairing follows the pairing screen. It is left when a phone was paired or
// the window is closed, and does not stay open once the car may move.
func (s *Shell) heedPairing() {
	m := s.model.Phones
	if on := s.state.Screen == hmi.PhoneScreen && s.state.Part == hmi.PartPairing; on != s.pairing.on {
		s.pairing = pairing{on: on}
		if on {
			s.pairing.before = map[phonelink.Device]bool{}
			for i := range m.List {
				s.pairing.before[m.List[i].Device] = true
			}
		}
	}
	if !s.pairing.on {
		return
	}
	p, w := &s.pairing, &s.stage.kit.Format.Words.Phones
	if !m.Limits.Setup {
		s.endPairing(w.PairMoved, "")
		return
	}
	for i := range m.List {
		if x := &m.List[i]; !p.before[x.Device] {
			s.endPairing(lang.With(w.PairedWith, x.Name), x.Device)
			return
		}
	}
	p.see(m.Pairing, s.now)
	switch {
	case p.lost.IsZero() || s.now.Before(p.lost.Add(lateWithin)):
	case p.gone != nil && m.Pairing != nil:
		s.mention(lang.With(w.NotPaired, p.gone.Name))
		p.gone, p.lost = nil, time.Time{}
	case p.gone != nil && p.before[p.gone.Device] && p.until.After(p.lost): // once more
		s.endPairing(lang.With(w.PairedWith, p.gone.Name), p.gone.Device)
	case p.gone != nil:
		s.endPairing(lang.With(w.NotPaired, p.gone.Name), "")
	case p.until.After(p.lost):
		s.endPairing(w.PairClosed, "")
	default:
		s.endPairing(w.PairTime, "")
	}
}

// see notes what is there and what is there no more.
func (p *pairing) see(now *hmi.Pairing, at time.Time) {
	if now == nil {
		p.miss(nil, at)
		if p.opened && p.lost.IsZero() {
			p.lost = at
		}
		return
	}
	if p.opened = true; p.gone == nil {
		p.lost = time.Time{} // it may have been closed, and opened again
	}
	p.until = now.Until
	p.miss(now.Tries, at)
}

// miss notes who has gone.
func (p *pairing) miss(now []hmi.Candidate, at time.Time) {
	for i := range p.asks {
		if p.gone == nil && !asks(now, p.asks[i].Device) {
			p.gone, p.lost = &p.asks[i], at
		}
	}
	p.asks = now
}

func asks(all []hmi.Candidate, d phonelink.Device) bool {
	for i := range all {
		if all[i].Device == d {
			return true
		}
	}
	return false
}

// endPairing leaves the pairing screen for the list of phones, where it can be
// opened again, and says why. A phone that is named is the one shown there.
func (s *Shell) endPairing(why string, phone phonelink.Device) {
	s.do(hmi.Back{})
	if phone != "" {
		s.do(hmi.Select{Phone: phone})
	}
	s.pairing = pairing{}
	s.mention(why)
}

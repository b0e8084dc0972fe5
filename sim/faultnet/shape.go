package faultnet

import (
	"math/rand/v2"
	"time"
)

// fate draws what happens to the packets of one flow in one direction. Each
// packet takes the same number of draws whatever the path is, so that a change
// of the path does not change the luck of later packets.
type fate struct {
	rng  *rand.Rand
	last time.Time // the latest packet that keeps the order leaves then
	bad  bool      // within a loss (Gilbert's model)
}

func newFate(seed, direction, flow uint64) *fate {
	return &fate{rng: rand.New(rand.NewPCG(seed, flow<<1|direction))}
}

// luck is what was drawn for one packet, each from 0 to 1.
type luck struct{ loss, duplicate, reorder, jitter, second float64 }

func (f *fate) draw() (u luck) {
	u.loss, u.duplicate, u.reorder = f.rng.Float64(), f.rng.Float64(), f.rng.Float64()
	u.jitter, u.second = f.rng.Float64(), f.rng.Float64()
	return u
}

// lost says whether the packet with this luck is lost.
func (f *fate) lost(p Path, u float64) bool {
	if p.Burst <= 1 || p.Loss == 0 || p.Loss == 1 {
		return u < p.Loss
	}
	if f.bad {
		f.bad = u >= 1/p.Burst
	} else {
		f.bad = u < p.Loss/(p.Burst*(1-p.Loss))
	}
	return f.bad
}

// verdict is what happens to a packet: n copies of it leave at at.
type verdict struct {
	n          int
	at         [2]time.Time
	overflowed bool
	reordered  bool
}

// shape is the state that the flows of a direction share: the rate and the
// receiver's waking.
type shape struct {
	path Path
	rng  *rand.Rand // of the waking
	busy time.Time  // until then the link is sending
	wake time.Time  // the receiver wakes up next
}

// judge decides about one datagram of so many bytes that came now. It reads no
// clock: the same calls give the same verdicts.
func (s *shape) judge(f *fate, now time.Time, size int) (v verdict) {
	u, p := f.draw(), s.path
	if f.lost(p, u.loss) {
		return v
	}
	sent, ok := s.transmit(now, size)
	if !ok {
		v.overflowed = true
		return v
	}
	v.n, v.at[0] = 1, sent.Add(vary(p, u.jitter))
	if u.reorder < p.Reorder {
		v.reordered = true
		late := p.Late
		if late == 0 {
			late = defaultLate
		}
		v.at[0] = v.at[0].Add(late)
	} else {
		v.at[0] = f.inOrder(v.at[0])
	}
	v.at[0] = s.awake(v.at[0])
	if u.duplicate < p.Duplicate {
		v.n, v.at[1] = 2, s.awake(f.inOrder(sent.Add(vary(p, u.second))))
	}
	return v
}

// inOrder is at, or the time of the packet before it if that is later.
func (f *fate) inOrder(at time.Time) time.Time {
	if at.Before(f.last) {
		return f.last
	}
	f.last = at
	return at
}

// vary is the delay of a packet.
func vary(p Path, u float64) time.Duration {
	return max(0, p.Delay+time.Duration((2*u-1)*float64(p.Jitter)))
}

// transmit puts a packet on the link and says when its last bit is sent; false
// if it does not fit into the queue any more.
func (s *shape) transmit(now time.Time, size int) (time.Time, bool) {
	p := s.path
	if p.Rate == 0 {
		return now, true
	}
	queue := p.Queue
	if queue == 0 {
		queue = defaultQueue
	}
	if s.busy.Before(now) {
		s.busy = now
	}
	waiting := s.busy.Sub(now).Seconds() * float64(p.Rate) / 8
	if int(waiting)+size > queue {
		return now, false
	}
	s.busy = s.busy.Add(time.Duration(float64(size) * 8 / float64(p.Rate) * float64(time.Second)))
	return s.busy, true
}

// awake is when a packet that came to the receiver at at is heard.
func (s *shape) awake(at time.Time) time.Time {
	ps := s.path.PowerSave
	if ps.Max == 0 {
		return at
	}
	if s.wake.IsZero() {
		s.wake = at.Add(s.doze())
	}
	for s.wake.Before(at) {
		s.wake = s.wake.Add(max(s.doze(), time.Millisecond))
	}
	return s.wake
}

func (s *shape) doze() time.Duration {
	ps := s.path.PowerSave
	return ps.Min + time.Duration(s.rng.Float64()*float64(ps.Max-ps.Min))
}

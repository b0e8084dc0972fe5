package link

import "time"

// pace bounds how many bytes of bulk are under way, so that what is urgent does
// not stand in a queue behind them: as much as the path takes without its delay
// rising by more than paceTarget. It is LEDBAT (RFC 6817, 2.4.2) with a slow
// start, over the carrier's own loss recovery: what is lost shows as delay.
type pace struct {
	window  int // bytes
	flying  []flight
	inside  int // bytes of flying
	base    time.Duration
	recent  [4]time.Duration // the least of these is the delay now
	n       int
	started bool // the slow start is over
}

type flight struct {
	end uint64 // place after it
	at  time.Time
	n   int
}

const (
	paceTarget = 25 * time.Millisecond
	paceMin    = 2 * maxChunk
	paceStart  = 8 * maxChunk
	paceMax    = 1 << 20
)

func newPace() pace { return pace{window: paceStart} }

// room is how many more bytes may be sent; congestion is the window of the
// carrier (0: not known), of which a quarter is left to the other classes.
func (p *pace) room(congestion int) int {
	w := p.window
	if congestion > 0 {
		w = min(w, max(paceMin, congestion*3/4))
	}
	return max(0, w-p.inside)
}

func (p *pace) sent(now time.Time, end uint64, n int) {
	p.flying = append(p.flying, flight{end, now, n})
	p.inside += n
}

// acked takes what the peer has received.
func (p *pace) acked(now time.Time, received uint64) {
	n, done := 0, 0
	var delay time.Duration
	for done < len(p.flying) && p.flying[done].end <= received {
		delay = now.Sub(p.flying[done].at) // of the youngest: it waited least for its ack
		n += p.flying[done].n
		done++
	}
	if done == 0 {
		return
	}
	p.flying = append(p.flying[:0], p.flying[done:]...)
	full := p.inside*2 >= p.window
	p.inside -= n
	if p.n == 0 || delay < p.base {
		p.base = delay
	}
	p.recent[p.n%len(p.recent)] = delay
	p.n++
	now4 := p.recent[0]
	for _, d := range p.recent[:min(p.n, len(p.recent))] {
		now4 = min(now4, d)
	}
	p.adjust(now4-p.base, n, full)
}

// adjust moves the window after n bytes came through with a queue of delay
// before them. A window that was not used does not grow.
func (p *pace) adjust(queue time.Duration, n int, full bool) {
	off := float64(paceTarget-queue) / float64(paceTarget)
	switch {
	case !p.started && queue < paceTarget/2:
		if full {
			p.window += n
		}
	case off > 0 && !full:
	default:
		p.started = true
		p.window += int(max(off, -4) * float64(n) * float64(maxChunk) / float64(p.window))
	}
	p.window = max(paceMin, min(p.window, paceMax))
}

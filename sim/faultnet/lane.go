package faultnet

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// lane is one direction: what its packets suffer, and those that are on their
// way, in a heap by the time they leave.
type lane struct {
	precise bool // wait below the resolution of the runtime's timers

	mu      sync.Mutex
	shape   shape
	queue   []packet // binary heap by (at, order)
	order   uint64
	bytes   int
	writing bool // run is handing packets out
	hole    bool
	healed  chan struct{} // closed while there is no hole
	count   Count

	wake chan struct{} // one slot: the head of the queue changed
	free sync.Pool     // *[]byte of 2 KiB
}

// packet is one datagram on its way.
type packet struct {
	at    time.Time
	order uint64
	buf   *[]byte
	n     int
	out   func([]byte)
}

func newLane(seed, direction uint64, p Path) *lane {
	l := &lane{wake: make(chan struct{}, 1), healed: make(chan struct{})}
	close(l.healed)
	l.shape = shape{path: p, rng: rand.New(rand.NewPCG(seed, 1<<63|direction))}
	l.free.New = func() any { b := make([]byte, 0, 2048); return &b }
	return l
}

func (l *lane) set(p Path) {
	if err := p.Check(); err != nil {
		panic("internal error: faultnet: " + err.Error())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shape.path.PowerSave != p.PowerSave {
		l.shape.wake = time.Time{}
	}
	l.shape.path = p
}

func (l *lane) blackHole(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if on && !l.hole {
		l.healed = make(chan struct{})
	} else if !on && l.hole {
		close(l.healed)
	}
	l.hole = on
}

func (l *lane) delay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shape.path.Delay
}

func (l *lane) counted() Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// send takes a datagram that came now; b is the caller's again afterwards. out
// gets it when it leaves, perhaps twice, perhaps never.
func (l *lane) send(f *fate, b []byte, out func([]byte)) {
	l.mu.Lock()
	now := time.Now()
	v := l.shape.judge(f, now, len(b))
	switch {
	case l.hole:
		l.count.Swallowed++
		v.n = 0
	case v.overflowed || v.n > 0 && l.bytes+v.n*len(b) > maxWaiting:
		l.count.Overflowed++
		v.n = 0
	case v.n == 0:
		l.count.Lost++
	}
	if v.n == 1 && !v.at[0].After(now) && len(l.queue) == 0 && !l.writing {
		l.forwardedLocked(len(b))
		l.mu.Unlock()
		out(b) // a perfect cable: nobody waits in front of it
		return
	}
	if v.n > 0 && v.reordered {
		l.count.Reordered++
	}
	if v.n > 1 {
		l.count.Duplicated++
	}
	first := len(l.queue) == 0
	for i := range v.n {
		buf := l.free.Get().(*[]byte)
		*buf = append((*buf)[:0], b...)
		l.order++
		l.bytes += len(b)
		first = l.pushLocked(packet{at: v.at[i], order: l.order, buf: buf, n: len(b), out: out}) || first
	}
	l.mu.Unlock()
	if v.n > 0 && first {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (l *lane) forwardedLocked(n int) {
	l.count.Forwarded++
	l.count.Bytes += uint64(n)
}

func (l *lane) forwarded(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forwardedLocked(n)
}

// run hands packets out when their time has come, until ctx ends.
func (l *lane) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		p, wait, ok := l.next(time.Now())
		if ok {
			l.hand(p)
			continue
		}
		if l.precise && wait > 0 && wait < fine {
			nap(min(wait, slice))
			continue
		}
		if wait == 0 {
			wait = time.Hour // nothing waits
		} else if l.precise {
			wait -= fine
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
	}
}

// Waiting in user space: the runtime's timers are late by up to a millisecond
// on an idle machine, as epoll_wait counts in milliseconds. The last part of a
// wait is therefore slept in slices in the kernel.
const (
	fine  = 1500 * time.Microsecond
	slice = 200 * time.Microsecond
)

// next takes the packet whose time has come, or says how long the first has to
// wait; 0 if there is none.
func (l *lane) next(now time.Time) (p packet, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = false
	if len(l.queue) == 0 {
		return p, 0, false
	}
	if wait = l.queue[0].at.Sub(now); wait > 0 {
		return p, wait, false
	}
	p = l.popLocked()
	l.bytes -= p.n
	if l.hole {
		l.count.Swallowed++
		p.out = nil
	} else {
		l.forwardedLocked(p.n)
	}
	l.writing = true
	return p, 0, true
}

func (l *lane) hand(p packet) {
	if p.out != nil {
		p.out((*p.buf)[:p.n])
	}
	if cap(*p.buf) <= 4096 {
		l.free.Put(p.buf)
	}
}

func (p packet) before(q packet) bool {
	return p.at.Before(q.at) || p.at.Equal(q.at) && p.order < q.order
}

// pushLocked reports whether the packet is the first to leave.
func (l *lane) pushLocked(p packet) bool {
	l.queue = append(l.queue, p)
	i := len(l.queue) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !p.before(l.queue[parent]) {
			break
		}
		l.queue[i] = l.queue[parent]
		i = parent
	}
	l.queue[i] = p
	return i == 0
}

func (l *lane) popLocked() packet {
	top, last := l.queue[0], len(l.queue)-1
	p := l.queue[last]
	l.queue[last] = packet{}
	l.queue = l.queue[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && l.queue[child+1].before(l.queue[child]) {
			child++
		}
		if !l.queue[child].before(p) {
			break
		}
		l.queue[i] = l.queue[child]
		i = child
	}
	if last > 0 {
		l.queue[i] = p
	}
	return top
}

package continuity

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/journal"
)

// kind is what happens at a moment of the simulated time.
type kind uint8

const (
	deliver kind = iota
	tick
	act
	restart
	notice  // a device learns that a link stands
	absence // a device learns that it does not
	loaded
	report // a player says where it is
	plan   // of a schedule with a purpose
	heal
	check
	finish
)

// happening is one thing that is to happen.
type happening struct {
	at   int64 // µs of true time
	seq  uint32
	kind kind
	node uint8
	from uint8
	n    uint32 // life of the node, link or index of a message
	msg  phonelink.Msg
	id   phonelink.SessionID
	do   func()
}

// node is one device.
type node struct {
	index   int
	device  phonelink.Device
	config  phonelink.Config
	state   *phonelink.State
	life    uint32
	running bool
	began   int64   // µs: start of this life
	rate    float64 // of its clocks
	skew    time.Duration
	late    int64 // µs that its ticks come late at most

	disk    [][]byte
	memory  *journal.Memory // nil: disk is the disk
	journal *journal.Journal
	crashIn int  // writes until it crashes; 0: not
	torn    bool // the write at which it crashes is lost

	wake   int64 // µs: when the next tick was asked for
	loaded map[phonelink.SessionID]bool
	shown  map[phonelink.SessionID]bool
	cond   phonelink.Conditions
	down   [3]int64  // when it was told that a peer is absent; 0: it is not
	met    [3]uint32 // the life of each peer that was met last, plus 1
}

// world is one schedule.
type world struct {
	c     *Config
	seed  uint64
	rnd   *rand.Rand
	now   int64
	seq   uint32
	queue []happening
	nodes []*node
	role  role // of the third
	star  bool // only the car is linked with the others
	up    [3][3]bool
	line  [3][3]uint32 // which link it is
	rtt   int64        // µs, twice the least delay
	loss  float64
	dup   float64
	slow  float64
	twice bool // messages may come again, long after
	codec bool
	calm  bool // the faults are over

	plots  []*plot
	asks   map[uint64]*wish
	tag    uint64
	bad    *Violation
	trace  func(string)
	events int
}

var start = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

const (
	ms     = 1000
	second = 1000 * ms
)

func (w *world) reset(c *Config, seed uint64) {
	*w = world{c: c, seed: seed, queue: w.queue[:0], asks: map[uint64]*wish{}, trace: w.trace}
	w.rnd = rand.New(rand.NewPCG(seed, 0x7461_6e64_656d))
}

// chance is true with probability p.
func (w *world) chance(p float64) bool { return w.rnd.Float64() < p }

// between is a number of µs.
func (w *world) between(lo, hi int64) int64 { return lo + w.rnd.Int64N(hi-lo+1) }

func (w *world) say(format string, args ...any) {
	if w.trace != nil {
		w.trace(fmt.Sprintf("%9.3f s  ", float64(w.now)/second) + fmt.Sprintf(format, args...))
	}
}

// at puts a happening into the queue, which is a heap.
func (w *world) at(t int64, h happening) {
	w.seq++
	h.at, h.seq = max(t, w.now), w.seq
	q := append(w.queue, h)
	i := len(q) - 1
	for i > 0 {
		p := (i - 1) / 2
		if !before(&q[i], &q[p]) {
			break
		}
		q[i], q[p] = q[p], q[i]
		i = p
	}
	w.queue = q
}

func before(a, b *happening) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (w *world) next() (h happening, ok bool) {
	q := w.queue
	if len(q) == 0 {
		return h, false
	}
	h = q[0]
	n := len(q) - 1
	q[0] = q[n]
	q[n] = happening{}
	q = q[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && before(&q[c+1], &q[c]) {
			c++
		}
		if !before(&q[c], &q[i]) {
			break
		}
		q[i], q[c] = q[c], q[i]
		i = c
	}
	w.queue = q
	return h, true
}

// mono is the node's monotonic clock.
func (w *world) mono(n *node) time.Duration {
	return time.Second + time.Duration(float64(w.now-n.began)*n.rate)*time.Microsecond
}

func (w *world) clock(n *node) phonelink.Now {
	return phonelink.Now{
		Wall: start.Add(n.skew + time.Duration(float64(w.now)*n.rate)*time.Microsecond),
		Mono: w.mono(n),
	}
}

// tell gives an event to a node and does what it wants, up to a crash.
func (w *world) tell(n *node, e phonelink.Event) {
	if !n.running || w.bad != nil {
		return
	}
	if w.events++; w.events > 50000 {
		w.fail("storm", "%d events, and no end", w.events)
		return
	}
	life := n.life
	for _, f := range phonelink.Next(n.state, w.clock(n), e) {
		if n.life != life || !n.running {
			return
		}
		w.effect(n, f)
	}
	w.watch()
	w.rouse(n)
}

// rouse asks for the tick that the node wants next.
func (w *world) rouse(n *node) {
	if !n.running {
		return
	}
	d := n.state.Deadline()
	if d == 0 {
		n.wake = 0
		return
	}
	t := n.began + int64(float64(d-time.Second)/1000/n.rate) + 1
	t = max(t, w.now+1)
	if n.wake != 0 && n.wake <= t && n.wake > w.now {
		return
	}
	n.wake = t
	w.at(t+w.between(0, n.late), happening{kind: tick, node: uint8(n.index), n: n.life})
}

func (w *world) effect(n *node, f phonelink.Effect) {
	switch f := f.(type) {
	case phonelink.Persist:
		w.write(n, f.Record)
	case phonelink.Transmit:
		w.transmit(n, f.To, f.Message)
	case phonelink.Load:
		w.at(w.now+w.between(0, 300*ms), happening{kind: loaded, node: uint8(n.index), n: n.life, id: f.Session})
	case phonelink.Render:
		w.say("%s renders %s", n.device, name(f.Session))
		n.shown[f.Session] = true
		w.rendered(n, f.Session)
		if p := w.plot(f.Session); p != nil && p.kind == phonelink.Media && !p.quiet {
			w.at(w.now+second, happening{kind: report, node: uint8(n.index), n: n.life, id: f.Session})
		}
	case phonelink.Silence:
		w.say("%s is silent with %s", n.device, name(f.Session))
		delete(n.shown, f.Session)
	case phonelink.Done:
		w.answered(n, f.Tag, nil)
	case phonelink.Refuse:
		w.answered(n, f.Tag, f.Refusal)
	case phonelink.Perform:
		w.perform(n, f)
	}
}

// write puts a record on the node's disk, unless the power goes at this write.
func (w *world) write(n *node, record []byte) {
	w.private(n, record)
	if n.crashIn > 0 {
		if n.crashIn--; n.crashIn == 0 {
			if !n.torn {
				w.put(n, record)
			} else if n.memory != nil {
				n.memory.CrashIn(1)
				w.put(n, record)
			}
			w.crash(n)
			return
		}
	}
	w.put(n, record)
}

func (w *world) put(n *node, record []byte) {
	if n.journal == nil {
		n.disk = append(n.disk, record)
		return
	}
	if err := n.journal.Append(record); err != nil && !n.memory.Crashed() {
		w.fail("journal", "%s cannot write: %v", n.device, err)
	}
}

// crash cuts the node's power, and lets it start again later.
func (w *world) crash(n *node) {
	if !n.running {
		return
	}
	w.say("%s CRASHES", n.device)
	n.running = false
	n.life++
	clear(n.loaded)
	clear(n.shown)
	n.wake, n.crashIn = 0, 0
	if n.memory != nil {
		n.memory.Crash()
	}
	for _, o := range w.nodes {
		if o != n {
			w.cutLink(n, o)
		}
	}
	for _, x := range w.asks { // who asked will not be answered
		if x.node == n.index && x.state == asked {
			x.state = lost
		}
	}
	w.at(w.now+w.between(20*ms, 4*second), happening{kind: restart, node: uint8(n.index), n: n.life})
}

// boot starts a node from its disk.
func (w *world) boot(n *node) {
	records := n.disk
	if n.memory != nil {
		n.memory.Restart()
		var err error
		if n.journal, records, err = journal.Open(journal.Config{Dir: "/", FS: n.memory}); err != nil {
			w.fail("journal", "%s cannot open its journal: %v", n.device, err)
			return
		}
	}
	s, err := phonelink.Recover(n.config, records)
	if err != nil {
		w.fail("journal", "%s cannot read its journal: %v", n.device, err)
		return
	}
	if len(records) > 40 { // as the node does it
		if n.journal != nil {
			err = n.journal.Compact(s.Snapshot())
		} else {
			n.disk = [][]byte{s.Snapshot()}
		}
		if err != nil {
			w.fail("journal", "%s cannot compact: %v", n.device, err)
		}
	}
	n.state, n.running, n.began = s, true, w.now
	n.met, n.down = [3]uint32{}, [3]int64{}
	w.say("%s starts", n.device)
	var seed [32]byte
	for i := range 4 {
		v := w.rnd.Uint64()
		for j := range 8 {
			seed[8*i+j] = byte(v >> (8 * j))
		}
	}
	w.tell(n, phonelink.Boot{Seed: seed})
	w.tell(n, phonelink.Peers{List: w.peersOf(n), Own: w.profilesOf(n)})
	w.tell(n, n.cond)
	for _, o := range w.nodes {
		if o != n && o.running && !w.calm {
			if w.linked(n, o) {
				w.joinLink(n, o)
			}
		} else if o != n && o.running {
			w.joinLink(n, o)
		}
	}
}

// linked reports whether the two may ever reach each other.
func (w *world) linked(a, b *node) bool { return !w.star || a.index == 0 || b.index == 0 }

func (w *world) cutLink(a, b *node) {
	if !w.up[a.index][b.index] {
		return
	}
	w.up[a.index][b.index], w.up[b.index][a.index] = false, false
	w.line[a.index][b.index]++
	w.line[b.index][a.index]++
	w.say("link %s - %s is cut", a.device, b.device)
	for _, x := range [2][2]*node{{a, b}, {b, a}} {
		w.at(w.now+w.between(0, 1500*ms), happening{kind: absence, node: uint8(x[0].index), from: uint8(x[1].index), n: w.line[a.index][b.index]})
	}
}

func (w *world) joinLink(a, b *node) {
	if w.up[a.index][b.index] || !a.running || !b.running || !w.linked(a, b) {
		return
	}
	w.up[a.index][b.index], w.up[b.index][a.index] = true, true
	w.line[a.index][b.index]++
	w.line[b.index][a.index]++
	w.say("link %s - %s stands", a.device, b.device)
	for _, x := range [2][2]*node{{a, b}, {b, a}} {
		wait := int64(0)
		if !w.calm {
			wait = w.between(0, 50*ms)
		}
		w.at(w.now+wait, happening{kind: notice, node: uint8(x[0].index), from: uint8(x[1].index), n: w.line[a.index][b.index]})
	}
}

// transmit loses, delays, repeats and delivers a message.
func (w *world) transmit(n *node, to phonelink.Device, m phonelink.Msg) {
	w.leak(n, to, m)
	o := w.byName(to)
	if o == nil || !w.up[n.index][o.index] {
		return
	}
	if w.codec {
		back, err := phonelink.DecodeMessage(phonelink.EncodeMessage(m))
		if err != nil {
			w.fail("codec", "%s sends %s a %T that cannot be read: %v", n.device, to, m, err)
			return
		}
		m = back
	}
	if w.chance(w.loss) {
		w.say("%s -> %s %s LOST", n.device, to, describe(m))
		return
	}
	copies := 1
	if w.chance(w.dup) {
		copies = 2
	}
	for i := range copies {
		delay := w.rtt / 2
		if !w.calm {
			delay += w.between(0, w.rtt)
			if w.chance(w.slow) {
				delay += w.between(0, 400*ms)
			}
			if i > 0 {
				delay += w.between(0, 3*second)
				if w.chance(0.1) {
					delay += w.between(0, 12*second)
				}
			}
		}
		w.at(w.now+delay, happening{kind: deliver, node: uint8(o.index), from: uint8(n.index), msg: m})
	}
	w.say("%s -> %s %s%s", n.device, to, describe(m), map[bool]string{true: " TWICE"}[copies == 2])
}

func (w *world) byName(d phonelink.Device) *node {
	for _, n := range w.nodes {
		if n.device == d {
			return n
		}
	}
	return nil
}

// private fails if a record has what must not be written.
func (w *world) private(n *node, record []byte) {
	for _, p := range w.plots {
		if p.ephemeral && bytes.Contains(record, p.marker) {
			w.fail("I6", "%s writes %s to disk, which is ephemeral", n.device, name(p.id))
		}
	}
}

func name(id phonelink.SessionID) string { return fmt.Sprintf("s%d", id[15]) }

package continuity

import (
	"time"

	"tandem/phonelink"
	"tandem/phonelink/journal"
)

// role is what the third device is.
type role uint8

const (
	absent    role = iota
	companion      // another device of the same person
	stranger       // the phone of somebody else who also drives
	passenger      // the phone of a passenger
)

var names = [3]phonelink.Device{"car", "phone", "tablet"}

// has reports whether the node is a device of the profile.
func (w *world) has(n *node, p phonelink.Profile) bool {
	switch n.index {
	case 0:
		return true
	case 1:
		return p == "ana"
	}
	return w.role == companion && p == "ana" || w.role == stranger && p == "bob"
}

func (w *world) profilesOf(n *node) []phonelink.Profile {
	list := []phonelink.Profile{}
	for _, p := range []phonelink.Profile{"ana", "bob"} {
		if w.has(n, p) {
			list = append(list, p)
		}
	}
	return list
}

// peersOf is whom the node trusts.
func (w *world) peersOf(n *node) (list []phonelink.PeerInfo) {
	for _, o := range w.nodes {
		if o == n || n.index != 0 && o.index != 0 && w.role != companion {
			continue
		}
		info := phonelink.PeerInfo{Device: o.device}
		for _, p := range []phonelink.Profile{"ana", "bob"} {
			if w.has(o, p) && (w.has(n, p) || n.index == 2 && w.role == passenger) {
				info.Profiles = append(info.Profiles, p)
			}
		}
		info.Inside = o.index == 2 && w.role == passenger
		list = append(list, info)
	}
	return list
}

// run simulates one schedule.
func (w *world) run(c *Config, seed uint64) *Violation {
	w.reset(c, seed)
	w.setUp()
	for _, n := range w.nodes {
		w.boot(n)
	}
	if w.chance(0.15) {
		w.divide()
		return w.play()
	}
	if w.star && w.role == companion && w.chance(0.2) {
		w.forget()
		return w.play()
	}
	end := w.between(3*second, 9*second)
	for t := w.between(0, 300*ms); t < end; t += w.between(5*ms, 900*ms) {
		w.at(t, happening{kind: act})
		if w.chance(0.3) { // two at once
			w.at(t+w.between(0, 30*ms), happening{kind: act})
		}
	}
	w.at(end, happening{kind: heal})
	return w.play()
}

// play lets happen what is planned.
func (w *world) play() *Violation {
	for w.bad == nil {
		h, ok := w.next()
		if !ok {
			break
		}
		w.now = h.at
		if h.kind == finish {
			w.finish()
			if w.bad != nil && (w.bad.Invariant == "I5" || w.bad.Invariant == "ghost") && h.n == 0 { // a scene may just have expired: once more
				w.bad = nil
				w.at(w.now+3*second, happening{kind: finish, n: 1})
				continue
			}
			break
		}
		w.happen(h)
	}
	return w.bad
}

func (w *world) setUp() {
	count := 2
	if x := w.rnd.IntN(10); x >= 5 {
		count = 3
		w.role = role(1 + (x-5)%3)
	}
	w.star = count == 3 && (w.role != companion || w.chance(0.5))
	w.rtt = w.between(2*ms, 60*ms)
	w.loss = []float64{0, 0.01, 0.1, 0.3}[w.rnd.IntN(4)]
	w.dup = []float64{0, 0.05, 0.3}[w.rnd.IntN(3)]
	w.twice = w.dup > 0
	w.slow = []float64{0, 0.1, 0.5}[w.rnd.IntN(3)]
	w.codec = w.chance(1. / 16)
	timing := phonelink.DefaultTiming
	timing.Offer = 6 * time.Second
	timing.Scale = []int{1, 1, 4}[w.rnd.IntN(3)]
	if w.chance(0.3) {
		timing.TakeBack = 4 * time.Second // so that the end of an heir's right is seen
	}
	onDisk := w.chance(1. / 8)
	heirs := w.chance(0.5) // so that the leases are proved by what can be heard
	for i := range count {
		n := &node{index: i, device: names[i], loaded: map[phonelink.SessionID]bool{}, shown: map[phonelink.SessionID]bool{}}
		n.rate = 1 + (w.rnd.Float64()-0.5)*0.06
		n.skew = time.Duration(w.between(-20*second, 20*second)) * time.Microsecond
		n.late = []int64{0, 5 * ms, 20 * ms}[w.rnd.IntN(3)]
		n.cond = phonelink.Conditions{Known: true}
		n.config = phonelink.Config{
			Self: n.device, Player: w.chance(0.7), AskFirst: w.chance(0.2), Relay: i == 0, Timing: timing, Faults: w.c.Faults,
			HeirPlay: heirs,
		}
		if onDisk {
			n.memory = journal.NewMemory(w.seed*3 + uint64(i))
		}
		w.nodes = append(w.nodes, n)
	}
	w.makePlots()
}

func (w *world) happen(h happening) {
	n := w.nodes[h.node]
	switch h.kind {
	case deliver:
		w.denied(n, h.msg)
		w.tell(n, phonelink.Received{From: w.nodes[h.from].device, Message: h.msg})
	case tick:
		if h.n == n.life {
			n.wake = 0
			w.tell(n, phonelink.Tick{})
			w.rouse(n)
		}
	case act:
		if !w.calm {
			w.act()
		}
	case restart:
		if h.n == n.life && !n.running {
			w.boot(n)
		}
	case notice:
		w.meet(n, w.nodes[h.from], h.n)
	case plan:
		h.do()
	case absence:
		if w.line[h.node][h.from] == h.n {
			n.down[h.from] = w.now
			w.tell(n, phonelink.PeerDown{Device: w.nodes[h.from].device})
		}
	case loaded:
		if h.n == n.life && n.running {
			problem := ""
			if w.chance(0.03) && !w.calm {
				problem = "the file cannot be played"
			} else {
				n.loaded[h.id] = true
			}
			w.tell(n, phonelink.Loaded{Session: h.id, Problem: problem})
		}
	case report:
		w.report(n, h)
	case heal:
		w.heal()
	case check:
		w.converged("I5", false)
	}
}

// meet tells a node that a link stands.
func (w *world) meet(n, o *node, line uint32) {
	if w.line[n.index][o.index] != line || !n.running {
		return
	}
	fresh := n.met[o.index] != o.life+1 || w.chance(0.2)
	n.met[o.index] = o.life + 1
	n.down[o.index] = 0
	w.tell(n, phonelink.PeerUp{Device: o.device, Fresh: fresh, RTT: time.Duration(w.rtt) * time.Microsecond})
}

// report is the player's word of where it is.
func (w *world) report(n *node, h happening) {
	if h.n != n.life || !n.running || !n.shown[h.id] || w.calm {
		return
	}
	w.tell(n, phonelink.Playhead{Session: h.id, Position: time.Duration(w.rnd.IntN(200)) * time.Second, Playing: true, At: w.clock(n).Wall})
	w.at(w.now+second, h)
}

// heal ends all faults, and sets when the world must be whole again.
func (w *world) heal() {
	w.calm = true
	w.loss, w.dup, w.slow = 0, 0, 0
	w.say("all heals")
	for _, n := range w.nodes {
		n.crashIn = 0
		n.cond = phonelink.Conditions{Known: true}
		if !n.running {
			n.life++ // the restart that was planned is not needed
			w.boot(n)
		} else {
			w.tell(n, n.cond)
		}
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			if !w.up[a.index][b.index] {
				w.joinLink(a, b)
			} else { // what was lost on it is known at the next sign of life
				for _, x := range [2][2]*node{{a, b}, {b, a}} {
					w.at(w.now, happening{kind: notice, node: uint8(x[0].index), from: uint8(x[1].index), n: w.line[a.index][b.index]})
				}
			}
		}
	}
	w.at(w.now+int64(w.window()/time.Microsecond), happening{kind: check})
	w.at(w.now+14*second, happening{kind: finish})
}

// divide is a schedule with a purpose: a session is handed over, its owner and
// the heir lose each other, all change it, and the heir claims it.
func (w *world) divide() {
	w.plots = w.plots[:1]
	p := w.plots[0]
	if p.kind != phonelink.Draft {
		p.kind = phonelink.Media
	}
	p.ephemeral, p.privacy, p.needs, p.profile = false, phonelink.Private, 0, "ana"
	p.began, p.via = true, ""
	at := int64(0)
	then := func(least, most int64, do func()) {
		at += w.between(least, most)
		w.at(at, happening{kind: plan, do: do})
	}
	a, b := w.nodes[w.rnd.IntN(2)], w.nodes[0]
	if a == b {
		b = w.nodes[1]
	}
	c := w.nodes[len(w.nodes)-1] // the third, or one of them
	all := []*node{a, b, c}
	edits := func() {
		for range w.rnd.IntN(5) {
			then(0, 200*ms, func() { w.edit(all[w.rnd.IntN(3)], p) })
		}
	}
	then(0, 100*ms, func() { w.ask(a, p, nil, phonelink.Open{Session: w.session(p, a)}) })
	edits()
	then(200*ms, 900*ms, func() { w.ask(b, p, nil, phonelink.Take{Session: p.id}) })
	then(0, second, func() { w.edit(c, p) })
	edits()
	if c != a && c != b && w.chance(0.3) {
		then(0, 600*ms, func() { w.ask(c, p, nil, phonelink.Take{Session: p.id}) })
	}
	then(0, 200*ms, func() { w.cutLink(a, b) })
	if w.chance(0.3) {
		then(0, 200*ms, func() { w.fault(b) })
	}
	edits()
	then(0, second, func() { w.ask(a, p, nil, phonelink.Take{Session: p.id}) })
	if w.chance(0.5) {
		then(0, 3*second, func() { w.crash(a) })
	}
	if w.chance(0.3) {
		then(0, 3*second, func() { w.crash(b) })
	}
	then(0, second, func() { w.ask(a, p, nil, phonelink.Take{Session: p.id}) })
	then(3*second, 8*second, func() { w.edit(c, p) })
	edits()
	if w.chance(0.3) {
		then(0, second, func() { w.joinLink(a, b) })
		edits()
	}
	w.at(at+w.between(0, second), happening{kind: heal})
}

// forget is a schedule with a purpose: two devices at the ends of a star change
// a session that is never on disk, while its owner and who passes it on forget
// it, each at any moment of being told by the other.
func (w *world) forget() {
	p := w.plots[0]
	if p.kind != phonelink.Draft && p.kind != phonelink.Navigation {
		p.kind = phonelink.Media
	}
	p.ephemeral, p.privacy, p.needs, p.profile = true, phonelink.Ephemeral, 0, "ana"
	p.marker = []byte("private-ram")
	p.began, p.via = true, ""
	other := &plot{kind: phonelink.File, profile: "ana", marker: []byte("private-other"), began: true} // so that there is something to compare
	other.id[15] = 2
	w.plots = append(w.plots[:1], other)
	w.loss = []float64{0, 0.1, 0.3}[w.rnd.IntN(3)]
	at := int64(0)
	then := func(least, most int64, do func()) {
		at += w.between(least, most)
		w.at(at, happening{kind: plan, do: do})
	}
	owner, car, far := w.nodes[1], w.nodes[0], w.nodes[2]
	w.ask(car, other, nil, phonelink.Open{Session: w.session(other, car)})
	if w.chance(0.5) {
		owner, far = far, owner
	}
	then(0, 100*ms, func() { w.ask(owner, p, nil, phonelink.Open{Session: w.session(p, owner)}) })
	then(0, 2*second, func() { w.edit(far, p) })
	for range 2 + w.rnd.IntN(5) {
		switch w.rnd.IntN(5) {
		case 0:
			then(0, 2*second, func() { w.crash(car) })
		case 1:
			then(0, second, func() { w.edit(far, p) })
		case 2:
			then(0, second, func() { w.cutLink(car, far) })
		case 3:
			then(0, second, func() { w.joinLink(car, far) })
		default:
			then(0, 2*second, func() { w.crash(owner) })
		}
	}
	then(0, second, func() { w.edit(far, p) })
	w.at(at+w.between(0, 2*second), happening{kind: heal})
}

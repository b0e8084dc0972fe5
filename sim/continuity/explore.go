package continuity

import (
	"context"
	"fmt"
	"hash/maphash"
	"sort"
	"time"

	"tandem/phonelink"
)

// Bounds of the small model. Zero fields take the default in brackets.
//
// Two devices, "car" and "phone", and two sessions: s1 is media that the car
// opened, s2 navigation that the phone opened. A state has two branches for
// each message on its way (it arrives, it is lost), one for each next thing
// that a person of the program may do, one for the link being cut or healed, one
// for the time going on to the next moment that a device waits for, and one for
// each device losing power, at rest or before and after each record of what it
// is doing. Everything that can follow from these is visited once.
type Bounds struct {
	Crashes  int  // in all [3]; -1: none
	Losses   int  // in all [4]; -1: none
	Ticks    int  // moments that devices wait for [7]
	InFlight int  // messages on their way in one direction [2]; one more is lost
	Cuts     int  // of the link [1]; -1: none
	Acts     int  // of each session's program [3]
	States   int  // give up after this many [50,000,000]
	HeirPlay bool // phonelink.Config.HeirPlay of both
	Faults   phonelink.Faults
}

func (b Bounds) defaults() Bounds {
	set := func(n *int, to int) {
		switch {
		case *n == 0:
			*n = to
		case *n < 0:
			*n = 0
		}
	}
	set(&b.Crashes, 3)
	set(&b.Losses, 4)
	set(&b.Ticks, 7)
	set(&b.InFlight, 2)
	set(&b.Cuts, 1)
	set(&b.Acts, 3)
	set(&b.States, 50_000_000)
	return b
}

// String is the bounds as "tandem phonelink simulate --bounds" takes them.
func (b Bounds) String() string {
	b = b.defaults()
	heirs := 0
	if b.HeirPlay {
		heirs = 1
	}
	return fmt.Sprintf("crashes=%d,losses=%d,ticks=%d,inflight=%d,cuts=%d,acts=%d,heirs=%d", b.Crashes, b.Losses, b.Ticks, b.InFlight, b.Cuts,
		b.Acts, heirs)
}

// Ladder is larger and larger bounds. The first few are done in seconds; the
// last, the defaults, would take days.
func Ladder() []Bounds {
	return []Bounds{
		{Crashes: -1, Losses: 4, Ticks: 3, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: -1, Losses: 4, Ticks: 3, InFlight: 1, Cuts: -1, Acts: 1, HeirPlay: true},
		{Crashes: 1, Losses: 1, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: 1, Losses: 1, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1, HeirPlay: true},
		{Crashes: -1, Losses: -1, Ticks: 1, InFlight: 2, Cuts: -1, Acts: 1},
		{Crashes: 1, Losses: 4, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: 2, Losses: 2, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: 3, Losses: 4, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: 3, Losses: 4, Ticks: 2, InFlight: 1, Cuts: 1, Acts: 2},
		{},
	}
}

// Exploration is what an exploration found.
type Exploration struct {
	States      int // distinct, but for what may still go wrong
	Transitions int
	Whole       bool // all states within the bounds were visited
	Took        time.Duration
	Violation   *Violation // with the steps that lead to it in What; nil: none
}

// model is one state of the small model. It is never changed: a step makes a
// new one that shares what it did not touch.
type model struct {
	devices [2]*half
	flight  []letter // sorted by its hash
	now     time.Duration
	crashes int8
	losses  int8
	ticks   int8
	cuts    int8
	cut     bool
	acts    [2]int8 // how far each session's program is
	trail   *trail
	step    string
}

// trail is how a state came about.
type trail struct {
	from *trail
	step string
}

// half is one device of the model: its machine, its disk and what it shows.
type half struct {
	state *phonelink.State
	disk  []([]byte)
	shown [2]bool
	ready [2]bool // Load was answered
	load  [2]bool // Load is to be answered
}

// letter is a message on its way.
type letter struct {
	to   int
	m    phonelink.Msg
	text string
}

var (
	modelNames = [2]phonelink.Device{"car", "phone"}
	modelIDs   = [2]phonelink.SessionID{{15: 1}, {15: 2}}
)

// left is what may still go wrong, and how often time may still go on. Of two
// states that differ in nothing else the one with more of each can do all that
// the other can.
type left struct{ crashes, losses, ticks, cuts int8 }

func (l left) covers(o left) bool {
	return l.crashes >= o.crashes && l.losses >= o.losses && l.ticks >= o.ticks && l.cuts >= o.cuts
}

// spent orders the visits: those that have most left come first.
func (x *explorer) spent(m *model) int {
	return x.b.Crashes + x.b.Losses + x.b.Ticks + x.b.Cuts - int(m.crashes) - int(m.losses) - int(m.ticks) - int(m.cuts)
}

// explorer explores.
type explorer struct {
	b     Bounds
	seen  map[uint64][]left
	seed  maphash.Seed
	queue [][]*model // by what was spent
	buf   []byte
	out   Exploration
}

// Explore visits every state of the small model within the bounds, or all up
// to the first violation. The error is ctx's; what was found until then comes
// with it.
func Explore(ctx context.Context, b Bounds) (Exploration, error) {
	x := &explorer{b: b.defaults(), seen: map[uint64][]left{}, seed: maphash.MakeSeed()}
	began := time.Now()
	x.queue = make([][]*model, x.b.Crashes+x.b.Losses+x.b.Ticks+x.b.Cuts+1)
	x.visit(x.begin())
	whole := true
	for i := range x.queue {
		for len(x.queue[i]) > 0 && x.out.Violation == nil {
			if ctx.Err() != nil || len(x.seen) >= x.b.States {
				whole = false
				break
			}
			last := len(x.queue[i]) - 1
			m := x.queue[i][last]
			x.queue[i] = x.queue[i][:last]
			x.expand(m)
		}
	}
	x.out.States = len(x.seen)
	x.out.Whole = whole && x.out.Violation == nil
	x.out.Took = time.Since(began)
	if x.out.Violation == nil && !whole {
		return x.out, ctx.Err()
	}
	return x.out, nil
}

func (x *explorer) clock(m *model) phonelink.Now {
	return phonelink.Now{Wall: start.Add(m.now), Mono: m.now}
}

// begin is the first state: both sessions are open, both devices know them.
func (x *explorer) begin() *model {
	m := &model{now: time.Second, crashes: int8(x.b.Crashes), losses: int8(x.b.Losses), ticks: int8(x.b.Ticks), cuts: int8(x.b.Cuts)}
	for i := range m.devices {
		m.devices[i] = &half{state: phonelink.New(x.config(i))}
	}
	for i := range m.devices {
		x.wake(m, i)
	}
	open := []phonelink.Session{
		{ID: modelIDs[0], Kind: phonelink.Media, Profile: "ana", Doc: &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "a"}}, Rate: 1}},
		{ID: modelIDs[1], Kind: phonelink.Navigation, Profile: "ana", Doc: &phonelink.NavigationDoc{Destination: phonelink.Place{ID: "g"}, Active: true}},
	}
	for i, s := range open {
		x.tell(m, i, phonelink.Ask{Request: phonelink.Open{Session: s}}, nil)
	}
	for len(m.flight) > 0 {
		l := m.flight[0]
		m.flight = m.flight[1:]
		x.tell(m, l.to, phonelink.Received{From: modelNames[1-l.to], Message: l.m}, nil)
	}
	for i := range m.devices {
		x.answerLoad(m, i, 0)
	}
	return m
}

// wake starts a device from its disk, in place.
func (x *explorer) wake(m *model, i int) {
	x.tell(m, i, phonelink.Boot{}, nil)
	x.tell(m, i, phonelink.Peers{List: []phonelink.PeerInfo{{Device: modelNames[1-i], Profiles: []phonelink.Profile{"ana"}}}}, nil)
	x.tell(m, i, phonelink.Conditions{Known: true}, nil)
	if !m.cut {
		x.tell(m, i, phonelink.PeerUp{Device: modelNames[1-i], Fresh: true, RTT: 20 * time.Millisecond}, nil)
	}
}

// tell lets a device have an event, in place. fork is called at each place
// where the power may go, with the model as it is then.
func (x *explorer) tell(m *model, i int, e phonelink.Event, fork func(*model)) {
	h := *m.devices[i]
	h.state = h.state.Clone()
	m.devices[i] = &h
	effects := phonelink.Next(h.state, x.clock(m), e)
	if fork != nil {
		for _, f := range effects {
			if _, ok := f.(phonelink.Persist); ok {
				fork(m)
				break
			}
		}
	}
	for _, f := range effects {
		switch f := f.(type) {
		case phonelink.Persist:
			h.disk = append(h.disk[:len(h.disk):len(h.disk)], f.Record)
			if fork != nil {
				fork(m)
			}
		case phonelink.Transmit:
			x.post(m, 1-i, f.Message)
		case phonelink.Render:
			h.shown[indexOf(f.Session)] = true
		case phonelink.Silence:
			h.shown[indexOf(f.Session)] = false
		case phonelink.Load:
			h.load[indexOf(f.Session)] = true
		}
	}
}

func indexOf(id phonelink.SessionID) int { return int(id[15]) - 1 }

// post puts a message on its way; one that is on its way already is the same.
func (x *explorer) post(m *model, to int, msg phonelink.Msg) {
	if m.cut {
		return
	}
	text := string(phonelink.FingerprintOf(nil, x.clock(m), msg))
	n := 0
	for _, l := range m.flight {
		if l.to == to {
			if l.text == text {
				return
			}
			n++
		}
	}
	if n >= x.b.InFlight && m.trail != nil {
		return
	}
	flight := append(append([]letter(nil), m.flight...), letter{to, msg, text})
	sort.Slice(flight, func(i, j int) bool {
		return flight[i].to < flight[j].to || flight[i].to == flight[j].to && flight[i].text < flight[j].text
	})
	m.flight = flight
}

// next is a copy of m to take a step in.
func next(m *model, step string) *model {
	c := *m
	c.trail, c.step = &trail{m.trail, m.step}, step
	return &c
}

// visit checks a state and puts it on the stack if it is new.
func (x *explorer) visit(m *model) {
	x.out.Transitions++
	b := x.buf[:0]
	for i, h := range m.devices {
		b = h.state.Fingerprint(b, x.clock(m))
		for k := range 2 {
			b = append(b, bit(h.shown[k])|bit(h.ready[k])<<1|bit(h.load[k])<<2)
		}
		_ = i
	}
	for _, l := range m.flight {
		b = append(b, byte(l.to))
		b = phonelink.FingerprintOf(b, x.clock(m), l.m)
	}
	b = append(b, bit(m.cut), byte(m.acts[0]), byte(m.acts[1]))
	x.buf = b
	key := maphash.Bytes(x.seed, b)
	l := left{m.crashes, m.losses, m.ticks, m.cuts}
	for _, o := range x.seen[key] {
		if o.covers(l) {
			return
		}
	}
	x.seen[key] = append(x.seen[key], l)
	x.check(m)
	i := x.spent(m)
	x.queue[i] = append(x.queue[i], m)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// check is what must hold in every state.
func (x *explorer) check(m *model) {
	for k, id := range modelIDs {
		holds, shown := 0, 0
		for i, h := range m.devices {
			f, ok := h.state.Inspect(id, x.clock(m))
			if !ok {
				x.fail(m, "lost", string(modelNames[i])+" does not know "+name(id))
				continue
			}
			if f.Holds {
				holds++
			}
			if h.shown[k] {
				shown++
				if k == 0 && i == 0 && !h.ready[k] {
					x.fail(m, "load", "the car renders what is not loaded")
				}
			}
		}
		if holds > 1 {
			x.fail(m, "I1", "both own "+name(id))
		}
		if shown > 1 {
			x.fail(m, "I4", "both render "+name(id))
		}
	}
}

func (x *explorer) fail(m *model, invariant, what string) {
	if x.out.Violation != nil {
		return
	}
	what = m.step + "; " + what
	for t := m.trail; t != nil && t.from != nil; t = t.from {
		what = t.step + "; " + what
	}
	x.out.Violation = &Violation{Invariant: invariant, What: what, At: m.now.Seconds()}
}

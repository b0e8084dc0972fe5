package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// modelEnd is one device of the model: a session, and the checks of what comes
// out of it.
type modelEnd struct {
	t        *testing.T
	name     string
	s        session
	pushed   [classes]uint32
	expected map[uint64]*[classes]uint32 // by the sender's incarnation: the next number
}

// modelCarrier is a connection: what is on its way, in order, each way.
type modelCarrier struct {
	heard hello // the follower's hello, as the elector has it
	said  hello // the elector's
	ways  [2][]func() error
	taken [2]bool
}

// model is two sessions, and carriers that begin, end and lie in wait.
type model struct {
	t    *testing.T
	ends [2]*modelEnd // 0 elects
	all  []*modelCarrier
	use  [2]*modelCarrier
	next uint64
}

func newModel(t *testing.T) *model {
	m := &model{t: t}
	for i := range m.ends {
		m.ends[i] = m.process(i)
	}
	return m
}

func (m *model) process(i int) *modelEnd {
	m.next++
	names := []string{"a", "b"}
	e := &modelEnd{t: m.t, name: names[i], expected: map[uint64]*[classes]uint32{}}
	if i == 0 {
		e.s = newSession("a", "b", m.next)
	} else {
		e.s = newSession("b", "a", m.next)
	}
	return e
}

// push queues a message that says who sent it and its number.
func (e *modelEnd) push(class, size int) {
	b := binary.BigEndian.AppendUint64(nil, e.s.incarnation)
	b = binary.BigEndian.AppendUint32(b, e.pushed[class])
	e.pushed[class]++
	e.s.out[class].push(append(b, make([]byte, size)...))
}

// deliver checks a message: the next of its sender and class, none twice, none
// left out (but before the first that a new process gets).
func (e *modelEnd) deliver(class int, b []byte) error {
	from, n := binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	want := e.expected[from]
	if want == nil {
		want = &[classes]uint32{}
		for c := range want {
			want[c] = ^uint32(0)
		}
		e.expected[from] = want
	}
	if want[class] != ^uint32(0) && n != want[class] {
		return fmt.Errorf("%s: class %d: got message %d of %d, want %d", e.name, class, n, from, want[class])
	}
	want[class] = n + 1
	return nil
}

// dial makes a carrier: both hellos are said now, and used whenever.
func (m *model) dial() {
	c := &modelCarrier{heard: m.ends[1].s.greet("", nil), said: m.ends[0].s.greet("", nil)}
	if m.all = append(m.all, c); len(m.all) > 5 {
		m.cut(m.all[0])
	}
}

// cut ends a carrier and what is on it.
func (m *model) cut(c *modelCarrier) {
	for i, o := range m.all {
		if o == c {
			m.all = append(m.all[:i:i], m.all[i+1:]...)
			break
		}
	}
	c.ways = [2][]func() error{}
	for i := range m.use {
		if m.use[i] == c {
			m.use[i] = nil
		}
	}
}

// elect takes a carrier, old or new; its go is on its way.
func (m *model) elect(c *modelCarrier) {
	if c.taken[0] {
		return
	}
	e := m.ends[0]
	m.next++
	var id linkID
	binary.BigEndian.PutUint64(id[:], m.next)
	g := e.s.elect(c.heard, id)
	c.taken[0] = true
	if m.use[0] != nil {
		m.cut(m.use[0])
	}
	m.use[0] = c
	b := m.ends[1]
	c.ways[0] = append(c.ways[0], func() error {
		if m.ends[1] != b {
			return errors.New("gone")
		}
		if err := b.s.follow(c.said, g); err != nil {
			return err
		}
		c.taken[1] = true
		m.use[1] = c
		return nil
	})
}

// send puts a piece on its way.
func (m *model) send(from, class, n int) {
	c := m.use[from]
	if c == nil {
		return
	}
	o := &m.ends[from].s.out[class]
	piece := o.peek(n)
	if piece == nil {
		return
	}
	data, offset := append([]byte(nil), piece...), o.next
	o.sent(len(piece))
	to := m.ends[1-from]
	c.ways[from] = append(c.ways[from], func() error {
		if m.use[1-from] != c || m.ends[1-from] != to {
			return errors.New("another connection is in use")
		}
		var bad error
		in := &to.s.in[class]
		if err := in.accept(offset, data, func(b []byte) { bad = errors.Join(bad, to.deliver(class, b)); in.waiting -= len(b) }); err != nil {
			m.t.Fatalf("%s: %v", to.name, err) // two honest sides never break a rule
		}
		if bad != nil {
			m.t.Fatal(bad)
		}
		a := ack{class, in.received, in.grant()}
		c.ways[1-from] = append(c.ways[1-from], func() error {
			if m.use[from] != c {
				return errors.New("another connection is in use")
			}
			if err := m.ends[from].s.out[class].ack(a.received, a.limit); err != nil {
				m.t.Fatalf("%s: %v", m.ends[from].name, err)
			}
			return nil
		})
		return nil
	})
}

// arrive takes the next thing that is on its way.
func (m *model) arrive(c *modelCarrier, way int) {
	if len(c.ways[way]) == 0 {
		return
	}
	f := c.ways[way][0]
	c.ways[way] = c.ways[way][1:]
	if f() != nil {
		m.cut(c)
	}
}

// step does what one number says.
func (m *model) step(v uint32) {
	op, class, n := v%16, int(v>>4%4), int(v>>8%4096)+1
	var c *modelCarrier
	if len(m.all) > 0 {
		c = m.all[int(v>>20)%len(m.all)]
	}
	switch op {
	case 0, 1:
		m.ends[op].push(class, n*int(v>>28%3))
	case 2, 3, 4, 5:
		m.send(int(op%2), class, n)
	case 6, 7, 8, 9, 10:
		if c != nil {
			m.arrive(c, int(op%2))
		}
	case 11:
		m.dial()
	case 12, 13:
		if c != nil {
			m.elect(c)
		}
	case 14:
		if c != nil {
			m.cut(c)
		}
	case 15:
		if v>>24%8 == 0 { // a restart
			i := int(v >> 8 % 2)
			for len(m.all) > 0 {
				m.cut(m.all[0])
			}
			m.ends[i] = m.process(i)
		}
	}
}

// drain lets everything through, and checks that it came.
func (m *model) drain() {
	for len(m.all) > 0 {
		m.cut(m.all[0])
	}
	m.dial()
	c := m.all[0]
	m.elect(c)
	for range 1 << 20 {
		busy := false
		for way := range 2 {
			if m.use[way] == c {
				for class := range classes {
					m.send(way, class, maxChunk)
				}
			}
			for len(c.ways[way]) > 0 {
				m.arrive(c, way)
				busy = true
			}
		}
		if !busy {
			break
		}
	}
	for i, e := range m.ends {
		for class := range classes {
			if n := e.s.out[class].queued(); n != 0 {
				m.t.Fatalf("%s: class %d: %d bytes are left after everything went through", e.name, class, n)
			}
			if want := m.ends[1-i].expected[e.s.incarnation]; e.pushed[class] > 0 && (want == nil || want[class] != e.pushed[class]) && m.met(i, class) {
				m.t.Fatalf("%s: class %d: pushed %d messages, the other side has %v", e.name, class, e.pushed[class], want)
			}
		}
	}
}

// met: something of this class was pushed since both processes know each other.
func (m *model) met(i, class int) bool {
	want := m.ends[1-i].expected[m.ends[i].s.incarnation]
	return want != nil && want[class] != ^uint32(0)
}

// FuzzSession: whatever is lost, late, elected twice or restarted, messages
// come once, in order, and all of them between two processes that live on.
func FuzzSession(f *testing.F) {
	for s := range uint64(8) {
		r := rand.New(rand.NewPCG(s, 1))
		var b []byte
		for range 200 {
			b = binary.BigEndian.AppendUint32(b, r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 16<<10 {
			return
		}
		m := newModel(t)
		for ; len(b) >= 4; b = b[4:] {
			m.step(binary.BigEndian.Uint32(b))
		}
		m.drain()
	})
}

// TestSessionModel is the same over many random histories.
func TestSessionModel(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	for s := range uint64(n) {
		r := rand.New(rand.NewPCG(s, 2))
		m := newModel(t)
		for range 50 + r.IntN(400) {
			m.step(r.Uint32())
		}
		m.drain()
		if t.Failed() {
			t.Fatalf("seed %d", s)
		}
	}
}

// TestFollowRefuses: a go that breaks a rule ends the carrier and changes
// nothing.
func TestFollowRefuses(t *testing.T) {
	link1 := make([]byte, 16)
	link1[0] = 1
	link2 := append([]byte(nil), link1...)
	link2[0] = 2
	said := hello{Version: 1, Incarnation: 7}
	for _, c := range []struct {
		name string
		h    hello
		g    election
		ok   bool
	}{
		{"the next round", said, election{Version: 1, Link: link1, Round: 3}, true},
		{"the same round", said, election{Version: 1, Link: link1, Round: 2}, false},
		{"a round before", said, election{Version: 1, Link: link1, Round: 1}, false},
		{"more received than was sent", said, election{Version: 1, Link: link1, Round: 3, Have: []uint64{1, 0, 0, 0}}, false},
		{"another elector's first round", hello{Version: 1, Incarnation: 8}, election{Version: 1, Link: link2, Round: 1}, true},
		{"places of a new link", hello{Version: 1, Incarnation: 8}, election{Version: 1, Link: link2, Round: 1, Have: []uint64{0, 0, 5, 0}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession("b", "a", 1)
			if err := s.follow(said, election{Version: 1, Link: link1, Round: 2}); err != nil {
				t.Fatal(err)
			}
			err := s.follow(c.h, c.g)
			if (err == nil) != c.ok {
				t.Errorf("got %v, want ok %v", err, c.ok)
			}
			if err != nil && (s.link != linkID(link1) || s.round != 2 || s.theirs != 7 || s.generation != 1) {
				t.Errorf("the session changed to link %x, round %d", s.link, s.round)
			}
		})
	}
}

// TestJudge: what the elector does with a carrier while another is in use.
func TestJudge(t *testing.T) {
	s := newSession("a", "b", 1)
	g := s.elect(hello{Version: 1, Incarnation: 7}, linkID{1})
	for _, c := range []struct {
		name              string
		h                 hello
		active, confirmed bool
		want              verdict
	}{
		{"none in use", hello{Incarnation: 7}, false, false, take},
		{"a new process", hello{Incarnation: 8}, true, true, take},
		{"it knows the one in use", hello{Incarnation: 7, Link: g.Link, Round: g.Round}, true, true, take},
		{"it was on its way", hello{Incarnation: 7}, true, true, refuse},
		{"an old round", hello{Incarnation: 7, Link: g.Link, Round: g.Round - 1}, true, true, refuse},
		{"the go may be lost", hello{Incarnation: 7}, true, false, hold},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.judge(c.h, c.active, c.confirmed); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

package link_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
)

func TestStates(t *testing.T) {
	const (
		absent, connecting, up, quiet = phonelink.Absent, phonelink.Connecting, phonelink.Linked, phonelink.Quiet
		none                          = link.StateEffects(0)
	)
	for _, c := range []struct {
		from    phonelink.Presence
		e       link.StateEvent
		to      phonelink.Presence
		effects link.StateEffects
	}{
		{absent, link.Sign, connecting, link.Dial | link.Tell},
		{absent, link.Up, up, link.Rest | link.Tell},
		{absent, link.Heard, absent, none},
		{absent, link.Overdue, absent, none},
		{absent, link.Dead, absent, none},
		{absent, link.Lost, absent, none},
		{absent, link.GaveUp, absent, none},
		{absent, link.Suspended, absent, link.Rest | link.Close},

		{connecting, link.Sign, connecting, link.Dial},
		{connecting, link.Up, up, link.Rest | link.Tell},
		{connecting, link.Heard, connecting, none},
		{connecting, link.Overdue, connecting, none},
		{connecting, link.Dead, connecting, none},
		{connecting, link.Lost, connecting, none},
		{connecting, link.GaveUp, absent, link.Tell},
		{connecting, link.Suspended, absent, link.Rest | link.Close | link.Tell},

		{up, link.Sign, up, none},
		{up, link.Up, up, link.Rest},
		{up, link.Heard, up, none},
		{up, link.Overdue, quiet, link.Dial | link.Tell},
		{up, link.Dead, connecting, link.Close | link.Dial | link.Tell},
		{up, link.Lost, connecting, link.Dial | link.Tell},
		{up, link.GaveUp, up, none},
		{up, link.Suspended, absent, link.Rest | link.Close | link.Tell},

		{quiet, link.Sign, quiet, link.Dial},
		{quiet, link.Up, up, link.Rest | link.Tell},
		{quiet, link.Heard, up, link.Rest | link.Tell},
		{quiet, link.Overdue, quiet, none},
		{quiet, link.Dead, connecting, link.Close | link.Dial | link.Tell},
		{quiet, link.Lost, connecting, link.Dial | link.Tell},
		{quiet, link.GaveUp, quiet, none},
		{quiet, link.Suspended, absent, link.Rest | link.Close | link.Tell},
	} {
		t.Run(fmt.Sprint(c.from, " ", c.e), func(t *testing.T) {
			if to, effects := link.NextState(c.from, c.e); to != c.to || effects != c.effects {
				t.Errorf("got %v, effects %b; want %v, %b", to, effects, c.to, c.effects)
			}
		})
	}
}

// TestClock: two devices whose clocks differ exchange beats over ways of
// different length.
func TestClock(t *testing.T) {
	start := time.Now()
	for _, c := range []struct {
		name     string
		up, down time.Duration
		offset   time.Duration // of theirs
		set      time.Duration // their clock is set by this half way
	}{
		{"same clocks", 10 * time.Millisecond, 10 * time.Millisecond, 0, 0},
		{"an hour ahead", 10 * time.Millisecond, 10 * time.Millisecond, time.Hour, 0},
		{"a day behind, uneven ways", 5 * time.Millisecond, 35 * time.Millisecond, -24 * time.Hour, 0},
		{"set in between", 10 * time.Millisecond, 10 * time.Millisecond, time.Second, 7 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ours, theirs link.Clock
			offset := c.offset
			now := start
			for i := range 24 { // fewer after the setting than samples are kept
				if i == 20 {
					offset += c.set
				}
				b := ours.Send(now)
				theirs.Receive(now.Add(c.up).Add(offset), b)
				back := theirs.Send(now.Add(c.up + 100*time.Millisecond).Add(offset))
				now = now.Add(c.up + 100*time.Millisecond + c.down)
				ours.Receive(now, back)
				now = now.Add(200 * time.Millisecond)
			}
			rtt, got := ours.Estimate()
			if d := rtt - c.up - c.down; d < -time.Millisecond || d > time.Millisecond {
				t.Errorf("round trip: got %v, want %v", rtt, c.up+c.down)
			}
			if d, most := got-offset, (c.up+c.down)/2+time.Millisecond; d < -most || d > most {
				t.Errorf("offset: got %v, want %v within half a round trip", got, offset)
			}
		})
	}
}

// TestClockRefusesLies: echoes that were never sent say nothing.
func TestClockRefusesLies(t *testing.T) {
	var c link.Clock
	now := time.Now()
	b := c.Send(now)
	for _, lie := range []link.Beat{
		{Clock: 5, Echo: 1}, {Clock: 5, Echo: b.Clock + 1}, {Clock: 5, Echo: b.Clock, Held: 1 << 60}, {Clock: 1 << 63, Echo: b.Clock},
		{Clock: 5, Echo: b.Clock, Held: uint64(time.Hour / time.Microsecond)},
	} {
		c.Receive(now.Add(20*time.Millisecond), lie)
		if rtt, offset := c.Estimate(); rtt != 0 || offset != 0 {
			t.Errorf("%+v: got %v, %v, want nothing", lie, rtt, offset)
		}
	}
}

// TestPace: a path of a given rate and delay; the queue before it stays short
// and the path is used.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		rate float64 // bytes per second
		way  time.Duration
	}{{125e3, 10 * time.Millisecond}, {1e6, 10 * time.Millisecond}, {5e6, 50 * time.Millisecond}} {
		t.Run(fmt.Sprintf("%.0f kbit per s, %v", c.rate/125, c.way), func(t *testing.T) {
			p := link.NewPace()
			now := time.Now()
			end := now.Add(20 * time.Second)
			type flying struct {
				place uint64
				back  time.Time
			}
			var way []flying
			free := now // when the bottleneck is
			var place, done uint64
			var worst time.Duration
			for now.Before(end) {
				for p.Room(0) >= link.MaxChunk {
					place += link.MaxChunk
					p.Sent(now, place, link.MaxChunk)
					if free.Before(now) {
						free = now
					}
					if now.Sub(end) > -10*time.Second {
						worst = max(worst, free.Sub(now))
					}
					free = free.Add(time.Duration(float64(link.MaxChunk) / c.rate * 1e9))
					way = append(way, flying{place, free.Add(2 * c.way)})
				}
				now = way[0].back
				done = way[0].place
				way = way[1:]
				p.Acked(now, done)
			}
			share := float64(done) / 20 / c.rate
			chunk := time.Duration(float64(link.MaxChunk) / c.rate * 1e9)
			t.Logf("queue at most %v, a chunk takes %v, %.0f %% used", worst, chunk, share*100)
			if most := 60*time.Millisecond + 2*chunk; worst > most {
				t.Errorf("queue: got %v, want at most %v", worst, most)
			}
			if share < 0.6 {
				t.Errorf("used: got %.2f of the path, want 0.6", share)
			}
		})
	}
}

func TestPaceLeavesRoomInTheCongestionWindow(t *testing.T) {
	p := link.NewPace()
	if got, want := p.Room(16<<10), 12<<10; got != want {
		t.Errorf("of a window of 16 KiB: got %d, want %d", got, want)
	}
	if got, want := p.Room(1), 2*link.MaxChunk; got != want {
		t.Errorf("of a window of 1 byte: got %d, want two chunks, %d", got, want)
	}
}

func TestGuard(t *testing.T) {
	now := time.Now()
	ip := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	t.Run("one source", func(t *testing.T) {
		g := link.NewGuard()
		n := 0
		for g.Admit(now, ip(1)) {
			n++
		}
		if n != link.MaxPendingSource {
			t.Errorf("under way: got %d, want %d", n, link.MaxPendingSource)
		}
		for range n {
			g.Release(ip(1))
		}
		for g.Admit(now, ip(1)) {
			g.Release(ip(1))
			n++
		}
		if n != link.GuardBurst {
			t.Errorf("at once: got %d, want %d", n, link.GuardBurst)
		}
		for n = 0; g.Admit(now.Add(time.Second), ip(1)); n++ {
			g.Release(ip(1))
		}
		if n != link.GuardRate {
			t.Errorf("a second later: got %d, want %d", n, link.GuardRate)
		}
	})
	t.Run("many sources", func(t *testing.T) {
		g := link.NewGuard()
		g.Befriend(ip(9999))
		n := 0
		for i := range 2000 {
			if g.Admit(now, ip(i)) {
				n++
			}
		}
		if n != link.MaxPending {
			t.Errorf("under way: got %d, want %d", n, link.MaxPending)
		}
		if !g.Admit(now, ip(9999)) {
			t.Error("a peer's address is kept out by the flood")
		}
	})
	t.Run("sources are forgotten", func(t *testing.T) {
		g := link.NewGuard()
		for i := range link.MaxSources {
			if !g.Admit(now, ip(i)) {
				t.Fatalf("source %d is refused", i)
			}
			g.Release(ip(i))
		}
		if g.Admit(now, ip(link.MaxSources)) {
			t.Error("got one more than are kept, want a refusal")
		}
		if !g.Admit(now.Add(3*time.Second), ip(link.MaxSources)) {
			t.Error("3 s later: got a refusal")
		}
	})
	t.Run("a /64 is one source", func(t *testing.T) {
		g := link.NewGuard()
		n := 0
		for i := range 100 {
			if g.Admit(now, netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1))) {
				n++
			}
		}
		if n != link.MaxPendingSource {
			t.Errorf("got %d, want %d", n, link.MaxPendingSource)
		}
	})
	t.Run("proved addresses", func(t *testing.T) {
		g := link.NewGuard()
		a := netip.MustParseAddrPort("10.0.0.1:5")
		g.Prove(now, a)
		for _, c := range []struct {
			a    netip.AddrPort
			at   time.Duration
			want bool
		}{{a, 0, true}, {a, 59 * time.Second, true}, {a, 61 * time.Second, false}, {netip.MustParseAddrPort("10.0.0.1:6"), 0, false}} {
			if got := g.IsProved(now.Add(c.at), c.a); got != c.want {
				t.Errorf("%v after %v: got %v, want %v", c.a, c.at, got, c.want)
			}
		}
	})
}

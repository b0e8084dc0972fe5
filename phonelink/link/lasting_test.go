package link_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
)

func (w *world) receive(d *device, within time.Duration) (link.Message, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return d.hub.Receive(ctx)
}

func (w *world) send(from, to *device, c phonelink.Class, text string) {
	w.t.Helper()
	if err := from.hub.Send(context.Background(), to.id.Device, c, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// expect takes a message and checks it.
func (w *world) expect(d *device, text string, fresh bool) {
	w.t.Helper()
	m, err := w.receive(d, 30*time.Second)
	if err != nil || string(m.Payload) != text || m.Fresh != fresh {
		w.t.Fatalf("%s: got %.40q, fresh %v, %v; want %q, fresh %v", d.name, m.Payload, m.Fresh, err, text, fresh)
	}
}

// eachElector runs a test in a bubble with either side as the elector.
func eachElector(t *testing.T, f func(t *testing.T, w *world)) {
	for _, carElects := range []bool{true, false} {
		t.Run(fmt.Sprintf("car elects %v", carElects), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, home, *seed, carElects)
				w.up()
				defer func() { w.stop() }()
				f(t, w)
			})
		})
	}
}

// TestRestartIsFresh: what is sent after the restart of one side arrives, its
// first message marked; what was not yet received of the old process comes
// before.
func TestRestartIsFresh(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		w.send(w.phone, w.car, phonelink.ClassMedia, "one")
		w.expect(w.car, "one", true)
		w.send(w.car, w.phone, phonelink.ClassMedia, "two")
		w.expect(w.phone, "two", true)
		w.send(w.phone, w.car, phonelink.ClassBulk, "not yet received")
		time.Sleep(time.Second)

		w.phone.stop()
		w.car.await(w.phone, 3*time.Second, func(s link.Status) bool { return s.State == phonelink.Absent })
		w.phone.up(":0")
		w.link(10 * time.Second)
		w.send(w.phone, w.car, phonelink.ClassCall, "three")
		time.Sleep(time.Second)
		w.expect(w.car, "not yet received", false)
		w.expect(w.car, "three", true)
		w.send(w.car, w.phone, phonelink.ClassCall, "four")
		w.expect(w.phone, "four", true)
		w.send(w.car, w.phone, phonelink.ClassCall, "five")
		w.expect(w.phone, "five", false)
	})
}

// TestKilledPeerComesBack: a process that dies without a word.
func TestKilledPeerComesBack(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		w.net.BlackHole(true)
		w.phone.stop() // its goodbye is lost
		w.net.BlackHole(false)
		start := time.Now()
		w.phone.up(":0")
		w.phone.await(w.car, 10*time.Second, linked)
		w.car.await(w.phone, 10*time.Second, func(s link.Status) bool { return s.State == phonelink.Linked && s.Link == 2 })
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("linked again after %v, want 500 ms at most", took)
		}
	})
}

// TestTunnelIsNotFresh: the same processes, so nothing begins anew.
func TestTunnelIsNotFresh(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		w.send(w.phone, w.car, phonelink.ClassMedia, "one")
		w.expect(w.car, "one", true)
		w.net.BlackHole(true)
		time.Sleep(5 * time.Second)
		w.send(w.phone, w.car, phonelink.ClassMedia, "two") // while it is away
		w.send(w.car, w.phone, phonelink.ClassMedia, "three")
		w.net.BlackHole(false)
		w.expect(w.car, "two", false)
		w.expect(w.phone, "three", true)
	})
}

// TestSimultaneousDial: both sides know each other and start at once; after a
// moment there is one connection, and it stays.
func TestSimultaneousDial(t *testing.T) {
	for s := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, home, s, s%2 == 0)
			w.car.trust(w.phone, w.net.Client().LocalAddr().(*net.UDPAddr).AddrPort())
			w.up()
			defer w.stop()
			time.Sleep(time.Second)
			if c, p := w.car.hub.Carriers(), w.phone.hub.Carriers(); c != 1 || p != 1 {
				t.Errorf("seed %d: connections: car has %d, phone has %d, want 1 and 1", s, c, p)
			}
			a, b := w.car.status(w.phone).Since, w.phone.status(w.car).Since
			time.Sleep(time.Minute)
			if !a.Equal(w.car.status(w.phone).Since) || !b.Equal(w.phone.status(w.car).Since) {
				t.Errorf("seed %d: the link did not last a minute", s)
			}
		})
	}
}

func TestSuspendAndResume(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		absent := func(s link.Status) bool { return s.State == phonelink.Absent }
		w.car.hub.Suspend(w.phone.id.Device)
		w.car.await(w.phone, time.Second, absent)
		w.phone.await(w.car, time.Second, absent)
		before := w.net.Counters().Up
		time.Sleep(time.Minute)
		if s := w.car.status(w.phone); s.State != phonelink.Absent {
			t.Fatalf("a minute later: got %+v, want absent", s)
		}
		if sent := w.net.Counters().Up.Forwarded - before.Forwarded; sent > 350 {
			t.Errorf("the phone sent %d packets in a minute to who does not want it, want four probes a second and little more", sent)
		}
		w.car.hub.Resume(w.phone.id.Device)
		w.link(3 * time.Second)
	})
}

// TestUnpairingCutsOff: a peer that is trusted no more is out at once, and stays
// out.
func TestUnpairingCutsOff(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		w.car.mu.Lock()
		kept := w.car.peers
		w.car.peers = nil
		w.car.mu.Unlock()
		w.car.hub.Refresh()
		w.phone.await(w.car, time.Second, func(s link.Status) bool { return s.State == phonelink.Absent })
		if err := w.car.hub.Send(t.Context(), w.phone.id.Device, 0, nil); !errors.Is(err, link.ErrUnknown) {
			t.Errorf("send: got %v, want ErrUnknown", err)
		}
		time.Sleep(time.Minute)
		if s := w.phone.status(w.car); s.State == phonelink.Linked {
			t.Errorf("a minute later: got %+v", s)
		}
		w.car.mu.Lock()
		w.car.peers = kept
		w.car.mu.Unlock()
		w.car.hub.Refresh()
		w.link(20 * time.Second)
		w.send(w.phone, w.car, phonelink.ClassCall, "paired again")
		w.expect(w.car, "paired again", true)
	})
}

// TestAbsentPeerFillsUp: what waits for an absent peer is bounded, and arrives.
func TestAbsentPeerFillsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, *seed, true)
		w.car.up(":0")
		n := 0
		for ; n < 100; n++ {
			err := w.car.hub.Send(t.Context(), w.phone.id.Device, phonelink.ClassBulk, make([]byte, 100<<10))
			if errors.Is(err, link.ErrFull) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if most := link.MaxQueued / (100 << 10); n != most {
			t.Errorf("got %d messages of 100 KiB in, want %d", n, most)
		}
		if err := w.car.hub.Send(t.Context(), w.phone.id.Device, phonelink.ClassBulk, make([]byte, link.MaxMessage+1)); err == nil || errors.Is(err, link.ErrFull) {
			t.Errorf("a message too large: got %v", err)
		}
		w.phone.up(":0")
		defer w.stop()
		for i := range n {
			if m, err := w.receive(w.phone, 30*time.Second); err != nil || m.Fresh != (i == 0) || len(m.Payload) != 100<<10 {
				t.Fatalf("message %d: %d bytes, fresh %v, %v", i, len(m.Payload), m.Fresh, err)
			}
		}
	})
}

// TestSlowReaderHoldsUpOnlyItsClass: nobody receives; bulk stops at its window
// and the link lives.
func TestSlowReaderHoldsUpOnlyItsClass(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		sent := 0
		for w.phone.hub.Send(ctx, w.car.id.Device, phonelink.ClassBulk, make([]byte, 50<<10)) == nil {
			sent++
		}
		if most := (link.MaxQueued+link.Window)/(50<<10) + 2; sent > most {
			t.Errorf("got %d messages of 50 KiB rid of, want at most %d", sent, most)
		}
		w.send(w.phone, w.car, phonelink.ClassCall, "call")
		time.Sleep(time.Second)
		w.expect(w.car, "call", true)
		for range sent {
			if m, err := w.receive(w.car, 30*time.Second); err != nil || len(m.Payload) != 50<<10 {
				t.Fatalf("got %d bytes, %v", len(m.Payload), err)
			}
		}
	})
}

// TestDowngradeIsRefused: a peer that spoke version 2 once.
func TestDowngradeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, *seed, true)
		w.car.peers[0].Version = 2
		w.car.up(":0")
		w.phone.up(":0")
		defer w.stop()
		time.Sleep(10 * time.Second)
		if s := w.car.status(w.phone); s.State == phonelink.Linked || s.State == phonelink.Quiet {
			t.Errorf("got %+v, want no link", s)
		}
	})
}

// TestOffsetAndRTT are measured soon after a link is up.
func TestOffsetAndRTT(t *testing.T) {
	eachElector(t, func(t *testing.T, w *world) {
		time.Sleep(time.Second)
		for _, s := range []link.Status{w.car.status(w.phone), w.phone.status(w.car)} {
			if s.RTT < 19*time.Millisecond || s.RTT > 60*time.Millisecond {
				t.Errorf("round trip: got %v, want about 20 ms", s.RTT)
			}
			if s.Offset < -2*time.Millisecond || s.Offset > 2*time.Millisecond {
				t.Errorf("offset: got %v, want about 0", s.Offset)
			}
		}
	})
}

package kdeconnect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// TestHintsGoByUnicast has a device get an address while a phone is missed: it
// is told by a datagram of its own, at a bounded pace.
func TestHintsGoByUnicast(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	at := nextLoopback()
	u, err := listenUDP(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	const soon, never = 20 * time.Second, 300 * time.Millisecond // no datagram is proved only by waiting
	heard := func(within time.Duration) (identity, bool) {
		buf := make([]byte, 8192)
		u.SetReadDeadline(time.Now().Add(within))
		n, err := u.Read(buf)
		if err != nil {
			return identity{}, false
		}
		i, err := parseIdentity(buf[:n])
		if err != nil {
			t.Fatal(err)
		}
		return i, true
	}
	car.hint(at)
	if i, ok := heard(never); ok {
		t.Errorf("nobody is missed: got %+v", i)
	}
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	for range 20 {
		car.hint(at)
	}
	if i, ok := heard(soon); !ok || i.ID != car.self.ID || i.Port != car.port() {
		t.Errorf("a new lease: got %+v, %v; want the car's identity", i, ok)
	}
	if i, ok := heard(never); ok {
		t.Errorf("20 hints at once: got a second datagram %+v", i)
	}
}

// TestAbsentPhonesAreToldByUnicast: a phone that misses every broadcast is
// found at its last address.
func TestAbsentPhonesAreToldByUnicast(t *testing.T) {
	phone, car := pairOfEnds(t, nil) // the one that is called car there has no fixed targets
	pairEnds(t, phone, car)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	u, err := listenUDP(t.Context(), phone.c.Bind)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	u.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 8192)
	for range 2 {
		n, err := u.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if i, err := parseIdentity(buf[:n]); err != nil || i.ID != car.self.ID {
			t.Errorf("got %+v, %v", i, err)
		}
		if n > 1200 {
			t.Errorf("datagram of %d bytes does not fit a frame", n)
		}
	}
}

func TestPace(t *testing.T) {
	for tries, want := range map[int]time.Duration{0: 250 * time.Millisecond, 1: 500 * time.Millisecond, 4: 4 * time.Second, 5: slowest, 30: slowest, 31: 3 * slowest, 1 << 30: 3 * slowest} {
		if got := pace(tries); got != want {
			t.Errorf("try %d: got %v, want %v", tries, got, want)
		}
	}
}

func TestAdmission(t *testing.T) {
	a, now := newAdmission(), time.Unix(1_800_000_000, 0)
	one := netip.MustParseAddr("10.0.0.1")
	for n := range 2 * maxFromOne {
		if got := a.enter(now, one, false); got != (n < maxFromOne) {
			t.Errorf("connection %d from one address: got %v", n, got)
		}
	}
	a.leave(one)
	if !a.enter(now, one, false) {
		t.Error("a place was given back and is not free")
	}
	for n := range 2 * maxHandshakes {
		from := netip.AddrFrom4([4]byte{10, 1, byte(n), 1})
		if got := a.enter(now, from, false); got != (n < maxHandshakes-keptForPaired-maxFromOne) {
			t.Errorf("connection %d from many addresses: got %v", n, got)
		}
	}
	for n := range keptForPaired + 1 {
		if got := a.enter(now, netip.AddrFrom4([4]byte{10, 2, byte(n), 1}), true); got != (n < keptForPaired) {
			t.Errorf("connection %d from a known address: got %v", n, got)
		}
	}
	six := newAdmission()
	for n := range 2 * maxFromOne { // one host may have any address of its network
		from := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(n)})
		if got := six.enter(now, from, false); got != (n < maxFromOne) {
			t.Errorf("connection %d from one IPv6 network: got %v", n, got)
		}
	}
}

// TestSource is what counts as one sender.
func TestSource(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"10.0.0.1", "10.0.0.1", true}, {"10.0.0.1", "10.0.0.2", false}, {"10.0.0.1", "::ffff:10.0.0.1", true}, {"fe80::1%a", "fe80::2%b", true},
		{"2001:db8::1", "2001:db8::ffff:0:0:2", true}, {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
	} {
		if got := source(netip.MustParseAddr(c.a)) == source(netip.MustParseAddr(c.b)); got != c.same {
			t.Errorf("%s and %s: got %v, want %v", c.a, c.b, got, c.same)
		}
	}
}

// TestAdmissionForgets: nothing is kept of who has left.
func TestAdmissionForgets(t *testing.T) {
	a, now, one := newAdmission(), time.Unix(1_800_000_000, 0), netip.MustParseAddr("10.0.0.1")
	a.enter(now, one, false)
	a.enter(now, one, false)
	a.leave(one)
	if a.now != 1 || a.from[source(one)] != 1 {
		t.Errorf("one has left of two: got %d, %v", a.now, a.from)
	}
	a.leave(one)
	if a.now != 0 || len(a.from) != 0 {
		t.Errorf("both have left: got %d, %v", a.now, a.from)
	}
	for range 2 * burstFromOne {
		if a.enter(now, one, false) {
			a.leave(one)
		}
	}
	if a.enter(now, one, false) || !a.enter(now.Add(time.Second), one, false) {
		t.Error("want as many in a row as the rate lets through, and more a second later")
	}
}

// TestThrottleForgets: a full throttle looks for buckets that are full again, and
// not for each of a flood.
func TestThrottleForgets(t *testing.T) {
	th, now := newThrottle(), time.Unix(1_800_000_000, 0)
	fill := func(at time.Time) {
		for n := range maxSources {
			th.allow(at, fmt.Sprint(n), 1, 1)
		}
	}
	fill(now)
	if th.allow(now.Add(30*time.Second), "new", 1, 1) {
		t.Error("busy buckets were forgotten")
	}
	if th.allow(now.Add(30*time.Second+999*time.Millisecond), "new", 1, 1) || th.swept != now.Add(30*time.Second) {
		t.Error("it looked again within a second")
	}
	if th.allow(now.Add(time.Minute), "new", 1, 1) {
		t.Error("buckets of a minute were forgotten")
	}
	if !th.allow(now.Add(time.Minute+time.Second), "new", 1, 1) || len(th.buckets) != 1 {
		t.Errorf("%d buckets are left, want the new one", len(th.buckets))
	}
	if th.allow(now, "new", 1, 1) { // a clock that goes back
		t.Error("time that goes back fills buckets")
	}
}

func TestThrottle(t *testing.T) {
	th, now := newThrottle(), time.Unix(1_800_000_000, 0)
	for n := range 5 {
		if got := th.allow(now, "a", 2, 3); got != (n < 3) {
			t.Errorf("token %d: got %v", n, got)
		}
	}
	now = now.Add(500 * time.Millisecond)
	if !th.allow(now, "a", 2, 3) || th.allow(now, "a", 2, 3) {
		t.Error("half a second at two a second: want one token")
	}
	for n := range 3 * maxSources {
		th.allow(now, netip.AddrFrom4([4]byte{1, byte(n >> 16), byte(n >> 8), byte(n)}).String(), 1, 1)
	}
	if len(th.buckets) > maxSources {
		t.Errorf("%d buckets are kept, want at most %d", len(th.buckets), maxSources)
	}
	if !th.allow(now.Add(2*time.Minute), "new", 1, 1) {
		t.Error("old buckets are not forgotten")
	}
}

func TestAddAddress(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, c := range []struct{ list, add, want string }{
		{"", "10.0.0.1:1720", "[10.0.0.1:1720]"},
		{"", "10.0.0.1:0", "[10.0.0.1:1716]"},
		{"10.0.0.1:1720", "10.0.0.1:0", "[10.0.0.1:1720]"},
		{"10.0.0.1:1720", "10.0.0.1:1716", "[10.0.0.1:1716]"},
		{"10.0.0.1:1720", "10.0.0.2:1716", "[10.0.0.2:1716 10.0.0.1:1720]"},
	} {
		var list []netip.AddrPort
		if c.list != "" {
			list = append(list, at(c.list))
		}
		if got := addAddress(list, at(c.add)); sprint(got) != c.want {
			t.Errorf("%s and %s: got %s, want %s", c.list, c.add, sprint(got), c.want)
		}
	}
	var list []netip.AddrPort
	for n := range 20 {
		list = addAddress(list, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), 1716))
	}
	if len(list) != maxAddresses || list[0].Addr().As4()[3] != 19 {
		t.Errorf("got %v", list)
	}
}

// TestOnlyAChangeIsBroadcast: the system tells much about the network that has
// not changed, and each broadcast has stock phones make their links anew.
func TestOnlyAChangeIsBroadcast(t *testing.T) {
	at := nextLoopback()
	u, err := listenUDP(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	car := startCar(t, func(c *hubConfig) { c.Targets = []netip.Addr{at} })
	heard := func(within time.Duration) bool {
		u.SetReadDeadline(time.Now().Add(within))
		_, err := u.Read(make([]byte, 8192))
		return err == nil
	}
	if !heard(20 * time.Second) {
		t.Fatal("the start was not announced")
	}
	for range 3 {
		car.wake(wake{network: true})
		<-car.changed // DNS-SD, which asks only here, is told
	}
	if heard(broadcastPace + 300*time.Millisecond) {
		t.Error("nothing has changed: it was announced anew")
	}
	car.refresh()
	if !heard(20 * time.Second) {
		t.Error("the network has changed: it was not announced")
	}
}

package kdeconnect

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// attacker is a peer made by hand, that says what it likes.
type attacker struct {
	t    testing.TB
	self certificate
	addr netip.Addr
	car  *end
}

func newAttacker(t testing.TB, car *end) *attacker {
	t.Helper()
	return &attacker{t, newMemoryKeeper(t).self, nextLoopback(), car}
}

func (a *attacker) identity() identity {
	return identity{ID: a.self.ID, Name: "attacker", Kind: "phone", Version: 8}
}

// dial connects as a caller, without a word.
func (a *attacker) dial() *net.TCPConn {
	a.t.Helper()
	c, err := a.tryDial()
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

func (a *attacker) tryDial() (*net.TCPConn, error) {
	c, err := net.DialTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.addr, 0)), net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.car.c.Bind, a.car.port())))
	if err != nil {
		return nil, err
	}
	a.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c, nil
}

// link connects, says plain in clear and inside, inside TLS, and returns the
// connection with the car's identity read from it.
func (a *attacker) link(plain, inside identity) (*tls.Conn, error) {
	s, err := a.begin(plain)
	if err != nil {
		return nil, err
	}
	if _, err := s.Write(inside.line()); err != nil {
		return nil, err
	}
	_, err = (&lineReader{r: s}).next(func() int { return 8192 })
	return s, err
}

// begin is link up to the end of TLS.
func (a *attacker) begin(plain identity) (*tls.Conn, error) {
	c := a.dial()
	if _, err := c.Write(plain.line()); err != nil {
		return nil, err
	}
	s := tls.Server(c, a.self.tlsConfig(func(*x509.Certificate) error { return nil }))
	return s, s.Handshake()
}

// refused waits until the other side has closed, and reports what it said
// before.
func refused(t testing.TB, c net.Conn) []byte {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	said, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the connection was not closed")
	}
	return said
}

func startCar(t testing.TB, change func(*hubConfig)) *end {
	t.Helper()
	c := hubConfig{Name: "car", Bind: nextLoopback(), Dir: t.TempDir(), Incoming: []string{"kdeconnect.ping"}, Outgoing: []string{"kdeconnect.ping"}}
	if change != nil {
		change(&c)
	}
	return startEnd(t, newMemoryKeeper(t), c)
}

// TestFloodOfSockets holds 1,000 silent connections: they are few at a time and
// short, and a paired phone comes through.
func TestFloodOfSockets(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	a := newAttacker(t, car)
	var conns []net.Conn
	for n := range 1000 {
		if n%100 == 0 {
			a.addr = nextLoopback()
		}
		if c, err := a.tryDial(); err == nil { // a reset is the answer, too
			conns = append(conns, c)
		}
	}
	car.gate.mu.Lock()
	held := car.gate.now
	car.gate.mu.Unlock()
	if held > maxHandshakes-keptForPaired {
		t.Errorf("%d handshakes are under way, want at most %d", held, maxHandshakes-keptForPaired)
	}
	startEnd(t, phone.keeper, phone.c)
	await[upEvent](car, from, "the phone in the flood", nil)
	for _, c := range conns {
		if said := refused(t, c); len(said) > 0 {
			t.Fatalf("a silent connection was told %q", said)
		}
	}
}

func TestSlowIdentity(t *testing.T) {
	car := startCar(t, nil)
	c := newAttacker(t, car).dial()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var sent atomic.Int32
	go func() {
		for range 200 { // a byte at a time would take 10 s
			if _, err := c.Write([]byte{' '}); err != nil {
				return
			}
			sent.Add(1)
			select {
			case <-tick.C:
			case <-t.Context().Done():
				return
			}
		}
	}()
	refused(t, c)
	if sent.Load() == 200 {
		t.Error("the slow caller was heard out")
	}
}

// TestEndlessLine sends a line without end, before TLS and inside it: each is
// given up after its limit, and not more than that is read.
func TestEndlessLine(t *testing.T) {
	car := startCar(t, nil)
	car.openPairing(time.Now().Add(time.Minute))
	a := newAttacker(t, car)
	c := a.dial()
	if n := pourUntilClosed(c); n > 8<<20 {
		t.Errorf("in clear: %d bytes were taken of 1 GB", n)
	}
	s, err := a.link(a.identity(), a.identity())
	if err != nil {
		t.Fatal(err)
	}
	if n := pourUntilClosed(s); n > 16<<20 {
		t.Errorf("inside TLS: %d bytes were taken of 1 GB", n)
	}
}

func pourUntilClosed(c net.Conn) (n int64) {
	chunk := bytes.Repeat([]byte{'x'}, 64<<10)
	for n < 1<<30 {
		k, err := c.Write(chunk)
		n += int64(k)
		if err != nil {
			return n
		}
	}
	return n
}

// TestNoTLSForStrangersWhileTheWindowIsClosed: whoever is not paired is sent
// away before any key is used.
func TestNoTLSForStrangersWhileTheWindowIsClosed(t *testing.T) {
	car := startCar(t, nil)
	a := newAttacker(t, car)
	c := a.dial()
	c.Write(a.identity().line())
	if said := refused(t, c); len(said) != 0 {
		t.Errorf("got %d bytes, want none", len(said))
	}
}

// TestHandshakeLies goes through what a caller can lie about.
func TestHandshakeLies(t *testing.T) {
	car := startCar(t, func(c *hubConfig) { c.AllowV7 = true })
	car.openPairing(time.Now().Add(time.Minute))
	a := newAttacker(t, car)
	good := a.identity()
	with := func(change func(*identity)) identity {
		i := good
		change(&i)
		return i
	}
	for name, c := range map[string]struct{ plain, inside identity }{
		"id swapped inside":      {good, with(func(i *identity) { i.ID = newID() })},
		"id of the certificate":  {with(func(i *identity) { i.ID = newID() }), with(func(i *identity) { i.ID = newID() })},
		"version raised inside":  {good, with(func(i *identity) { i.Version = 9 })},
		"version lowered inside": {good, with(func(i *identity) { i.Version = 7 })},
		"the car's own id":       {with(func(i *identity) { i.ID = car.self.ID }), good},
		"meant for another":      {with(func(i *identity) { i.Target = newID() }), good},
		"for another version":    {with(func(i *identity) { i.TargetVersion = 7 }), good},
		"version 6":              {with(func(i *identity) { i.Version = 6 }), good},
	} {
		s, err := a.link(c.plain, c.inside)
		if err == nil {
			_, err = s.Read(make([]byte, 1))
			var timeout net.Error
			if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("%s: the link stays", name)
			}
		}
		car.mu.Lock()
		for _, v := range car.list {
			if v, ok := v.(candidateEvent); ok && v.Problem == "" {
				t.Errorf("%s: became a candidate", name)
			}
		}
		car.mu.Unlock()
	}
	if _, err := a.link(good, good); err != nil {
		t.Fatalf("without a lie: %v", err)
	}
	await(car, 0, "candidate", func(v candidateEvent) bool { return v.Device == device(a.self.ID) && v.Problem == "" })
}

// TestImpostorAndDowngrade has a stranger use the id of a paired phone, and one
// with the phone's key speak an older version.
func TestImpostorAndDowngrade(t *testing.T) {
	car, phone := pairOfEnds(t, func(car, phone *hubConfig) { car.AllowV7 = true })
	pairEnds(t, car, phone)
	d := device(phone.self.ID)
	for _, window := range []bool{false, true} {
		if window {
			car.openPairing(time.Now().Add(time.Minute))
		}
		from := car.mark()
		a := newAttacker(t, car)
		fake, err := newCertificate(phone.self.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		a.self = fake
		if s, err := a.link(a.identity(), a.identity()); err == nil {
			refused(t, s)
		}
		if v := await[refusedEvent](car, from, "impostor", nil); !errors.Is(v.Err, errImpostor) || v.Device != d {
			t.Errorf("window %v: got %+v, want %v", window, v, errImpostor)
		}
		if saw[downEvent](car, from) || saw[candidateEvent](car, from) {
			t.Errorf("window %v: the impostor had an effect", window)
		}
	}
	from := car.mark()
	a := newAttacker(t, car)
	a.self = phone.self
	old := a.identity()
	old.Version = 7
	c := a.dial()
	c.Write(old.line())
	if said := refused(t, c); len(said) != 0 {
		t.Errorf("downgrade: got %d bytes of TLS, want none", len(said))
	}
	if v := await(car, from, "downgrade", func(v refusedEvent) bool { return errors.Is(v.Err, errDowngrade) }); v.Device != d {
		t.Errorf("got %+v", v)
	}
	if err := car.send(d, ping("still there")); err != nil {
		t.Errorf("the phone's link: %v", err)
	}
}

// TestStrangersAreFew opens many links without trust.
func TestStrangersAreFew(t *testing.T) {
	car := startCar(t, nil)
	car.openPairing(time.Now().Add(time.Minute))
	var first *attacker
	for n := range 3 * maxStrangers {
		a := newAttacker(t, car)
		if first == nil {
			first = a
		}
		s, err := a.link(a.identity(), a.identity())
		if n < maxStrangers {
			if err != nil {
				t.Fatalf("stranger %d: %v", n, err)
			}
			await(car, 0, "candidate", func(v candidateEvent) bool { return v.Device == device(a.self.ID) })
		} else if err == nil {
			refused(t, s)
		}
	}
	car.hub.mu.Lock()
	n := len(car.links)
	car.hub.mu.Unlock()
	if n != maxStrangers {
		t.Errorf("got %d links, want %d", n, maxStrangers)
	}
	// Somebody else with the id of the first one does not push it out.
	from := car.mark()
	second := newAttacker(t, car)
	second.self, _ = newCertificate(first.self.ID, time.Now())
	if s, err := second.link(second.identity(), second.identity()); err == nil {
		refused(t, s)
	}
	if saw[candidateEvent](car, from) {
		t.Error("a candidate was replaced by one with another key")
	}
}

// TestNothingIsParsedBeforeTrust sends every kind of packet without trust. What
// is not about pairing reaches no parser: parsePair refuses it by its bytes,
// and no event comes of it.
func TestNothingIsParsedBeforeTrust(t *testing.T) {
	car := startCar(t, nil)
	car.openPairing(time.Now().Add(time.Minute))
	a := newAttacker(t, car)
	s, err := a.link(a.identity(), a.identity())
	if err != nil {
		t.Fatal(err)
	}
	await[candidateEvent](car, 0, "candidate", nil)
	from := car.mark()
	for _, line := range []string{
		`{"id":1,"type":"kdeconnect.ping","body":{"message":"hi"}}`,
		`{"id":1,"type":"kdeconnect.share.request","body":{"filename":"x"},"payloadSize":5,"payloadTransferInfo":{"port":1739}}`,
		`{"id":1,"type":"kdeconnect.mpris","body":{"player":"\"kdeconnect.pair\""}}`,
		`{"id":1,"type":"\u006bdeconnect.pair","body":{"pair":true}}`,
		`not even JSON`,
		strings.Repeat(`[`, 1000),
	} {
		if _, err := parsePair([]byte(line)); !errors.Is(err, errNotPair) && !strings.Contains(line, "kdeconnect.pair") {
			t.Errorf("%s: got %v, want %v", line, err, errNotPair)
		}
		io.WriteString(s, line+"\n")
	}
	now := time.Now().Unix()
	s.Write(pairRequest{true, now}.line())
	await[pairAskEvent](car, from, "the request after all that", nil)
	car.hub.mu.Lock()
	l := car.links[a.self.ID]
	car.hub.mu.Unlock()
	if saw[packetEvent](car, 0) || saw[upEvent](car, 0) || l.trusted.Load() {
		t.Error("a packet of a stranger came through")
	}
	line, err := (&lineReader{r: s}).next(func() int { return 1024 })
	if err != nil || !bytes.Contains(line, []byte(`"pair":false`)) {
		t.Errorf("a peer that believes it is paired is told %q, %v; want a no", line, err)
	}
	// Nonsense without end closes the link.
	go func() {
		for range 10 * maxNonsense {
			if _, err := io.WriteString(s, "x\n"); err != nil {
				return
			}
		}
	}()
	refused(t, s)
}

// TestReplayedPairing repeats a request, and makes many new ones.
func TestReplayedPairing(t *testing.T) {
	car := startCar(t, nil)
	car.openPairing(time.Now().Add(time.Minute))
	a := newAttacker(t, car)
	s, err := a.link(a.identity(), a.identity())
	if err != nil {
		t.Fatal(err)
	}
	yes := pairRequest{true, time.Now().Unix()}
	for range 20 {
		s.Write(yes.line())
	}
	s.Write(pairRequest{Pair: false}.line())
	await[pairDoneEvent](car, 0, "end of the first request", nil)
	if n := count[pairAskEvent](car); n != 1 {
		t.Errorf("20 equal requests: %d were shown, want 1", n)
	}
	for range 2 * maxAsks {
		s.Write(yes.line())
		s.Write(pairRequest{Pair: false}.line())
	}
	s.Write([]byte("{}\n"))
	await(car, 0, "all of them", func(pairDoneEvent) bool { return count[pairDoneEvent](car) >= maxAsks })
	car.closePairing()
	await(car, 0, "end of the link", func(v candidateEvent) bool { return v.Gone })
	if n := count[pairAskEvent](car); n != maxAsks {
		t.Errorf("%d requests were shown, want %d", n, maxAsks)
	}
	if saw[upEvent](car, 0) {
		t.Error("somebody was trusted")
	}
	// A recorded request on a link of its own, after the window has closed.
	if s, err := a.link(a.identity(), a.identity()); err == nil {
		refused(t, s)
	}
}

func count[E event](e *end) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.list {
		if _, ok := v.(E); ok {
			n++
		}
	}
	return n
}

// TestDatagramStorm sends datagrams as fast as they go, with an id and a source
// of their own each: few lead to a call, and a paired phone is still heard.
func TestDatagramStorm(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	car.openPairing(time.Now().Add(time.Minute))
	var group sync.WaitGroup
	storm, stop := context.WithCancel(t.Context())
	defer group.Wait()
	defer stop()
	for range 4 {
		source := nextLoopback()
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(source, 0)))
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			defer u.Close()
			for storm.Err() == nil {
				i := identity{ID: newID(), Name: "x", Kind: "phone", Version: 8, Port: firstPort, padding: 300}
				u.WriteToUDPAddrPort(i.line(), netip.AddrPortFrom(car.c.Bind, firstPort))
			}
		})
	}
	startEnd(t, phone.keeper, phone.c)
	await[upEvent](car, from, "the phone in the storm", nil)
	car.hub.mu.Lock()
	n := len(car.calls)
	car.hub.mu.Unlock()
	if n > maxCalls+1 {
		t.Errorf("%d calls are under way, want at most %d", n, maxCalls+1)
	}
}

// TestAmplification counts bytes: an address that has not been shown to be the
// sender's gets no more than came from it. A false sender is played by a
// listener that only counts.
func TestAmplification(t *testing.T) {
	types := make([]string, 60)
	for n := range types {
		types[n] = fmt.Sprintf("kdeconnect.%s", strings.Repeat("x", 20))
	}
	car := startCar(t, func(c *hubConfig) { c.AllowV7, c.Incoming, c.Outgoing = true, types, types })
	car.openPairing(time.Now().Add(time.Minute))
	const victimPort = 1757 // the first of the range may be taken by another program
	for _, version := range []int{7, 8} {
		for _, padding := range []int{0, 40, 100, 3000} {
			victim := nextLoopback()
			l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(victim, victimPort)))
			if err != nil {
				t.Fatal(err)
			}
			u, err := listenUDP(t.Context(), victim)
			if err != nil {
				t.Fatal(err)
			}
			sent := identity{ID: newID(), Name: "victim", Kind: "phone", Version: version, Port: victimPort, padding: padding}.line()
			u.WriteToUDPAddrPort(sent, netip.AddrPortFrom(car.c.Bind, firstPort))
			got := 0
			l.SetDeadline(time.Now().Add(map[bool]time.Duration{true: 10 * time.Second, false: 300 * time.Millisecond}[padding == 3000])) // no answer is proved only by waiting
			if c, err := l.AcceptTCP(); err == nil {
				c.SetDeadline(time.Now().Add(10 * time.Second))
				first, _ := c.Read(make([]byte, 1))
				c.SetDeadline(time.Now().Add(200 * time.Millisecond))
				data, _ := io.ReadAll(c)
				got += first + len(data)
				c.Close()
			}
			u.SetDeadline(time.Now().Add(50 * time.Millisecond))
			if n, _, err := u.ReadFromUDP(make([]byte, 8192)); err == nil {
				got += n
			}
			u.Close()
			l.Close()
			if got > len(sent)+headers {
				t.Errorf("version %d, %d bytes received: %d sent, ratio %.2f", version, len(sent), got, float64(got)/float64(len(sent)+headers))
			}
			if padding == 3000 && got == 0 {
				t.Errorf("version %d: nothing was sent though there was room", version)
			}
		}
	}
}

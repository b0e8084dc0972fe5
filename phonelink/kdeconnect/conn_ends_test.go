package kdeconnect

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/phonelink/kdeconnect/packet"
)

func TestMain(m *testing.M) {
	if id := os.Getenv(rigNeighbour); id != "" {
		neighbourMain(id)
		return
	}
	if os.Getenv(rigChild) != "" {
		os.Exit(m.Run()) // the library of the bus leaves its reader behind
	}
	goleak.VerifyTestMain(m)
}

// loopback gives each end an address of its own in 127/8, so that all of them
// can have the ports of the protocol.
var loopback atomic.Uint32

func init() {
	loopback.Store(uint32(os.Getpid()) << 6)
}

func nextLoopback() netip.Addr {
	n := loopback.Add(1)
	return netip.AddrFrom4([4]byte{127, byte(n>>16)%200 + 20, byte(n >> 8), byte(n)%250 + 2})
}

// pairOfEnds starts a car and a phone that can reach each other.
func pairOfEnds(t testing.TB, change func(car, phone *hubConfig)) (car, phone *end) {
	t.Helper()
	a, b := nextLoopback(), nextLoopback()
	types := []string{"kdeconnect.ping", "kdeconnect.share.request"}
	cc := hubConfig{Name: "car", Bind: a, Targets: []netip.Addr{b}, Incoming: types, Outgoing: types, Dir: t.TempDir()}
	pc := hubConfig{Name: "phone", Bind: b, Incoming: types, Outgoing: types, Dir: t.TempDir()}
	if change != nil {
		change(&cc, &pc)
	}
	phone = startEnd(t, newMemoryKeeper(t), pc)
	car = startEnd(t, newMemoryKeeper(t), cc)
	return car, phone
}

// meet opens both windows and waits for the candidates.
func meet(t testing.TB, car, phone *end) {
	t.Helper()
	a, b := car.mark(), phone.mark()
	phone.openPairing(time.Now().Add(time.Minute))
	car.openPairing(time.Now().Add(time.Minute))
	await(car, a, "phone as candidate", func(v candidateEvent) bool { return !v.Gone })
	await(phone, b, "car as candidate", func(v candidateEvent) bool { return !v.Gone })
}

// pairEnds pairs by a request from the car.
func pairEnds(t testing.TB, car, phone *end) {
	t.Helper()
	meet(t, car, phone)
	a, b := car.mark(), phone.mark()
	if err := car.requestPair(device(phone.self.ID)); err != nil {
		t.Fatal(err)
	}
	asked := await[pairAskEvent](car, a, "code", nil)
	heard := await[pairAskEvent](phone, b, "request", nil)
	if asked.Code != heard.Code || len(asked.Code) != 8 || !asked.Outgoing || heard.Outgoing {
		t.Fatalf("codes: car shows %+v, phone shows %+v", asked, heard)
	}
	if err := errors.Join(phone.confirm(device(car.self.ID), true), car.confirm(device(phone.self.ID), true)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []pairDoneEvent{await[pairDoneEvent](car, a, "pairing", nil), await[pairDoneEvent](phone, b, "pairing", nil)} {
		if v.Err != nil {
			t.Fatal(v.Err)
		}
	}
	await[upEvent](car, a, "link", nil)
	await[upEvent](phone, b, "link", nil)
	car.closePairing()
	phone.closePairing()
}

func ping(text string) packet.Packet {
	body, _ := json.Marshal(map[string]string{"message": text})
	return packet.Packet{Type: "kdeconnect.ping", Body: body}
}

func TestPairAndTalk(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	up := await[upEvent](car, 0, "link", nil)
	if up.Identity.Version != ownVersion || up.Identity.Name != "phone" || len(up.Identity.Incoming) != 2 || up.Address.Addr() != phone.c.Bind {
		t.Errorf("identity inside TLS: got %+v at %v", up.Identity, up.Address)
	}
	from := phone.mark()
	for _, text := range []string{"one", "two"} {
		if err := car.send(device(phone.self.ID), ping(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"one", "two"} {
		await(phone, from, text, func(v packetEvent) bool { return bytes.Contains(v.Packet.Body, []byte(text)) })
	}
	if p, ok := car.keeper.pin(phone.self.ID); !ok || p.Version != ownVersion || !bytes.Equal(p.Certificate, phone.self.DER) || len(p.Addresses) != 1 || p.Addresses[0].Addr() != phone.c.Bind {
		t.Errorf("pin: got %+v", p)
	}
	a, b := car.mark(), phone.mark()
	if err := phone.unpair(device(car.self.ID)); err != nil {
		t.Fatal(err)
	}
	if v := await[unpairedEvent](car, a, "end of trust", nil); !v.ByPeer {
		t.Error("unpaired: want by the peer")
	}
	if v := await[unpairedEvent](phone, b, "end of trust", nil); v.ByPeer {
		t.Error("unpaired: want by the person here")
	}
	if err := car.send(device(phone.self.ID), ping("three")); !errors.Is(err, errAbsent) {
		t.Errorf("send to an unpaired device: got %v, want %v", err, errAbsent)
	}
}

// TestNothingIsLostOrReadBeforeTheYesHere has the phone agree first and talk at
// once: what it says waits, unread, until the person here agrees too.
func TestNothingIsLostOrReadBeforeTheYesHere(t *testing.T) {
	for _, agrees := range []bool{true, false} {
		car, phone := pairOfEnds(t, nil)
		meet(t, car, phone)
		a, b := car.mark(), phone.mark()
		if err := phone.requestPair(device(car.self.ID)); err != nil {
			t.Fatal(err)
		}
		await[pairAskEvent](car, a, "request", nil)
		await[pairAskEvent](phone, b, "code", nil)
		if err := car.confirm(device(phone.self.ID), true); err != nil { // the car trusts, the phone does not yet
			t.Fatal(err)
		}
		await[upEvent](car, a, "link", nil)
		for _, text := range []string{"one", "two", strings.Repeat("three", 1000)} {
			if err := car.send(device(phone.self.ID), ping(text)); err != nil {
				t.Fatal(err)
			}
		}
		await(phone, b, "the car's yes", func(pairAskEvent) bool { l := phone.linkOf(device(car.self.ID)); return l != nil })
		if saw[packetEvent](phone, b) || saw[upEvent](phone, b) {
			t.Error("packets were read before the person agreed")
		}
		if err := phone.confirm(device(car.self.ID), agrees); err != nil {
			t.Fatal(err)
		}
		done := await[pairDoneEvent](phone, b, "end of the pairing", nil)
		if !agrees {
			if !errors.Is(done.Err, errRejected) || saw[packetEvent](phone, b) {
				t.Errorf("no: got %v", done.Err)
			}
			if v := await[unpairedEvent](car, a, "end of trust", nil); !v.ByPeer {
				t.Error("the car trusts a phone that said no")
			}
			continue
		}
		await(phone, b, "the last packet", func(v packetEvent) bool { return bytes.Contains(v.Packet.Body, []byte("threethree")) })
		if n := count[packetEvent](phone); n != 3 {
			t.Errorf("got %d packets, want 3", n)
		}
	}
}

// TestRequestSurvivesANewLink replaces the link in the middle of a pairing, as
// every announcement does with stock peers.
func TestRequestSurvivesANewLink(t *testing.T) {
	car, phone := pairOfEnds(t, func(car, phone *hubConfig) { car.Logger, phone.Logger = testLogger(t), testLogger(t) })
	meet(t, car, phone)
	a, b := car.mark(), phone.mark()
	c, p := device(car.self.ID), device(phone.self.ID)
	if err := car.requestPair(p); err != nil {
		t.Fatal(err)
	}
	code := await[pairAskEvent](car, a, "code", nil).Code
	await[pairAskEvent](phone, b, "request", nil)
	caller, called := car, phone // of two links that nobody uses yet the larger id's stays
	if car.self.ID < phone.self.ID {
		caller, called = phone, car
	}
	d, from := device(called.self.ID), called.mark()
	before := caller.linkOf(d)
	caller.call(target{address: netip.AddrPortFrom(called.c.Bind, called.port()), peer: identity{ID: called.self.ID, Version: ownVersion}, credit: -1})
	await(called, from, "the new link", func(v candidateEvent) bool { return !v.Gone })
	if l := caller.linkOf(d); l == before {
		t.Fatal("the link was not replaced")
	}
	if err := errors.Join(phone.confirm(c, true), car.confirm(p, true)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []pairDoneEvent{await[pairDoneEvent](car, a, "pairing", nil), await[pairDoneEvent](phone, b, "pairing", nil)} {
		if v.Err != nil {
			t.Fatal(v.Err)
		}
	}
	if n := count[pairAskEvent](phone); n != 1 {
		t.Errorf("the request was shown %d times, want once", n)
	}
	if again := await[pairAskEvent](car, a, "code", nil).Code; again != code {
		t.Errorf("the code changed from %s to %s", code, again)
	}
}

// TestRequestWaitsForTheLinkUnderWay asks to pair when the peer has closed one
// link and the next is still in its handshake.
func TestRequestWaitsForTheLinkUnderWay(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	meet(t, car, phone)
	from, shown := phone.mark(), car.mark()
	p := device(phone.self.ID)
	car.count(phone.self.ID, 1)
	old := car.linkOf(p)
	phone.linkOf(device(car.self.ID)).cancel(errReplaced)
	<-old.ctx.Done()
	if err := car.requestPair(p); err != nil {
		t.Fatal(err)
	}
	car.call(target{address: netip.AddrPortFrom(phone.c.Bind, phone.port()), peer: identity{ID: phone.self.ID, Version: ownVersion}, credit: -1})
	car.count(phone.self.ID, -1)
	await[pairAskEvent](phone, from, "request", nil)
	if await[candidateEvent](car, shown, "candidate", nil).Gone {
		t.Error("the phone was shown as gone")
	}
}

func TestUnpairAnAbsentDevice(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	if err := car.unpair(device(phone.self.ID)); err != nil {
		t.Fatal(err)
	}
	await[unpairedEvent](car, from, "end of trust", nil)
	if err := car.unpair(device(phone.self.ID)); !errors.Is(err, errAbsent) {
		t.Errorf("again: got %v, want %v", err, errAbsent)
	}
}

func TestLinksComeBack(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	phone = startEnd(t, phone.keeper, phone.c)
	await[upEvent](car, from, "link", nil) // the car looks for it where it was
	await[upEvent](phone, 0, "link", nil)
}

func TestNobodyPairsWhileTheWindowIsClosed(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	d := device(phone.self.ID)
	phone.openPairing(time.Now().Add(time.Minute))
	if err := car.requestPair(d); !errors.Is(err, errWindow) {
		t.Errorf("request: got %v, want %v", err, errWindow)
	}
	if err := car.confirm(d, true); !errors.Is(err, errWindow) {
		t.Errorf("confirm: got %v, want %v", err, errWindow)
	}
	meet(t, car, phone)
	a, b := car.mark(), phone.mark()
	if err := phone.requestPair(device(car.self.ID)); err != nil {
		t.Fatal(err)
	}
	await[pairAskEvent](car, a, "request", nil)
	car.closePairing()
	if v := await[pairDoneEvent](car, a, "end of the request", nil); !errors.Is(v.Err, errWindow) {
		t.Errorf("closing the window: got %v, want %v", v.Err, errWindow)
	}
	await(car, a, "the candidate to be gone", func(v candidateEvent) bool { return v.Gone })
	if v := await[pairDoneEvent](phone, b, "end of the request", nil); !errors.Is(v.Err, errRejected) {
		t.Errorf("the phone hears %v, want %v", v.Err, errRejected)
	}
	if saw[upEvent](car, 0) {
		t.Error("a link was trusted")
	}
}

func TestVersion7OnlyIfAllowed(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		car, phone := pairOfEnds(t, func(car, phone *hubConfig) { car.AllowV7, phone.AllowV7 = allowed, allowed })
		car.openPairing(time.Now().Add(time.Minute))
		old := identity{ID: newID(), Name: "old phone", Kind: "phone", Version: 7, Port: firstPort}
		_, err := car.vet(old)
		if errors.Is(err, errVersion) == allowed {
			t.Errorf("allowed %v: got %v", allowed, err)
		}
		from := car.mark()
		phone.tell(old.line(), car.c.Bind)
		if !allowed {
			if v := await[candidateEvent](car, from, "why it cannot be paired", nil); v.Problem == "" || v.Device != device(old.ID) {
				t.Errorf("got %+v, want a problem", v)
			}
		}
		car.stop()
		phone.stop()
	}
}

func TestPayloads(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	data := make([]byte, 300_001)
	rand.Read(data)
	from := phone.mark()
	sent := make(chan error, 1)
	go func() {
		p := packet.Packet{Type: "kdeconnect.share.request", Body: json.RawMessage(`{"filename":"../../x/.profile"}`)}
		sent <- car.offerPayload(t.Context(), device(phone.self.ID), p, bytes.NewReader(data), int64(len(data)))
	}()
	v := await[packetEvent](phone, from, "packet", nil)
	path, err := v.Payload.save(t.Context(), "../../x/.profile", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if path != filepath.Join(phone.c.Dir, "_profile") {
		t.Errorf("got %s, want _profile in %s", path, phone.c.Dir)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v; want those that were sent", len(got), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, %v; want 0600", info.Mode(), err)
	}

	from = phone.mark()
	go func() {
		p := packet.Packet{Type: "kdeconnect.mpris", Body: json.RawMessage(`{}`)}
		sent <- car.offerPayload(t.Context(), device(phone.self.ID), p, bytes.NewReader(data), int64(len(data)))
	}()
	v = await[packetEvent](phone, from, "packet", nil)
	if _, err := v.Payload.read(t.Context(), 1000); !errors.Is(err, errPayload) {
		t.Errorf("above the limit: got %v, want %v", err, errPayload)
	}
	if got, err := v.Payload.read(t.Context(), 1<<20); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := car.offerPayload(ctx, device(phone.self.ID), ping(""), bytes.NewReader(data), 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody fetches: got %v", err)
	}
}

// TestBothCallAtOnce has both sides announce at the same time, many times: in
// the end there is one link, and it works.
func TestBothCallAtOnce(t *testing.T) {
	car, phone := pairOfEnds(t, func(car, phone *hubConfig) { phone.Targets = []netip.Addr{car.Bind} })
	pairEnds(t, car, phone)
	for range 10 {
		for _, e := range []*end{car, phone} {
			e.hub.mu.Lock()
			e.announced = time.Time{}
			l := e.links[map[*end]string{car: phone.self.ID, phone: car.self.ID}[e]]
			e.hub.mu.Unlock()
			if l != nil {
				l.cancel(errReplaced)
			}
		}
		car.refresh()
		phone.refresh()
		from := phone.mark()
		deadline := time.Now().Add(10 * time.Second)
		for got := false; !got && time.Now().Before(deadline); {
			car.send(device(phone.self.ID), ping("here"))
			select {
			case <-time.After(20 * time.Millisecond):
			case <-t.Context().Done():
			}
			got = saw[packetEvent](phone, from)
		}
		if !saw[packetEvent](phone, from) {
			t.Fatal("no link after both called at once")
		}
	}
}

// TestEndsWhileCalling ends a side in the middle of two calls: it ends, and
// leaves nothing behind.
func TestEndsWhileCalling(t *testing.T) {
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			car, phone := pairOfEnds(t, func(car, phone *hubConfig) { phone.Targets = []netip.Addr{car.Bind} })
			pairEnds(t, car, phone)
			for _, e := range []*end{car, phone} {
				e.hub.mu.Lock()
				e.announced = time.Time{}
				e.hub.mu.Unlock()
			}
			car.refresh()
			phone.refresh()
			select {
			case <-time.After(time.Duration(i) * 8 * time.Millisecond):
			case <-t.Context().Done():
			}
			phone.stop()
			car.stop()
		})
	}
}

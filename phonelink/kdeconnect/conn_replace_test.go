package kdeconnect

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"
)

// dial has one end call another, as after its announcement, and returns when
// the handshake has ended.
func (e *end) dial(to *end) {
	e.call(target{address: netip.AddrPortFrom(to.c.Bind, to.port()), peer: identity{ID: to.self.ID, Version: ownVersion}, credit: -1})
}

// talk is one direction of a traffic of numbered packets.
type talk struct {
	from, to *end
	sent     []int // numbers that send took
	next     int
}

// say sends one packet, if there is a link.
func (k *talk) say() error {
	err := k.from.send(device(k.to.self.ID), ping(fmt.Sprint("n", k.next)))
	if err == nil {
		k.sent = append(k.sent, k.next)
	}
	k.next++
	return err
}

// heard lists the numbers that arrived.
func (k *talk) heard(t *testing.T) (out []int) {
	t.Helper()
	k.to.mu.Lock()
	defer k.to.mu.Unlock()
	for _, v := range k.to.list {
		v, ok := v.(packetEvent)
		if !ok {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(string(v.Packet.Body), `{"message":"n%d"}`, &n); err != nil {
			t.Fatalf("%s: %v", v.Packet.Body, err)
		}
		out = append(out, n)
	}
	return out
}

// check says what was lost, and fails if something came twice or in another
// order.
func (k *talk) check(t *testing.T, what string) (lost []int) {
	t.Helper()
	last, got := -1, map[int]bool{}
	for _, n := range k.heard(t) {
		if n <= last {
			t.Fatalf("%s: packet %d came after %d", what, n, last)
		}
		last, got[n] = n, true
	}
	for _, n := range k.sent {
		if !got[n] {
			lost = append(lost, n)
		}
	}
	return lost
}

// TestTrafficOverReplacedLinks has both sides make new links all the time while
// packets go both ways. What was taken for a link that is up arrives once and in
// order, over that link or the one that has its place; and in the end there is
// one link, that works both ways.
func TestTrafficOverReplacedLinks(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	ways := []*talk{{from: car, to: phone}, {from: phone, to: car}}
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	for _, k := range ways {
		traffic.Go(func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-stop:
					return
				}
				if err := k.say(); err != nil && !errors.Is(err, errAbsent) {
					t.Errorf("send: %v", err)
				}
			}
		})
	}
	downs := count[downEvent](car) + count[downEvent](phone)
	var calls sync.WaitGroup
	for n := range 12 {
		if n%3 != 1 {
			calls.Go(func() { car.dial(phone) })
		}
		if n%3 != 0 {
			calls.Go(func() { phone.dial(car) })
		}
		calls.Wait()
	}
	close(stop)
	traffic.Wait()
	for _, k := range ways {
		from := k.to.mark()
		k.next = max(k.next, 1_000_000)
		for k.say() != nil {
			await[upEvent](k.from, 0, "link", nil)
		}
		want := fmt.Sprintf(`{"message":"n%d"}`, k.sent[len(k.sent)-1])
		await(k.to, from, "the last packet", func(v packetEvent) bool { return string(v.Packet.Body) == want })
	}
	downs = count[downEvent](car) + count[downEvent](phone) - downs
	for i, k := range ways {
		if lost := k.check(t, fmt.Sprint(i)); len(lost) > 0 && downs == 0 {
			t.Errorf("direction %d: %d of %d packets were lost and no link ended: %v", i, len(lost), len(k.sent), lost)
		}
		t.Logf("direction %d: %d packets, %d new links, %d ends", i, len(k.sent), count[upEvent](k.from), downs)
	}
}

// dying ends the car's link with the phone from the other side while a call of
// the phone seems to be under way, and returns when the link has stopped.
func dying(t *testing.T, car, phone *end) (end func()) {
	t.Helper()
	car.count(phone.self.ID, 1)
	old := car.linkOf(device(phone.self.ID))
	phone.linkOf(device(car.self.ID)).cancel(errReplaced)
	<-old.ctx.Done()
	return func() { car.count(phone.self.ID, -1) }
}

// TestADyingLinkPassesOnWhatItWasGiven: a stock peer closes its old link before
// the new one is through here.
func TestADyingLinkPassesOnWhatItWasGiven(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from, shown := phone.mark(), car.mark()
	end := dying(t, car, phone)
	k := &talk{from: car, to: phone}
	for range 20 {
		if err := k.say(); err != nil {
			t.Fatal(err)
		}
	}
	car.dial(phone)
	end()
	await(phone, from, "the last packet", func(v packetEvent) bool { return string(v.Packet.Body) == `{"message":"n19"}` })
	if lost := k.check(t, "car to phone"); len(lost) > 0 {
		t.Errorf("lost %v of 20 packets", lost)
	}
	await[upEvent](car, shown, "the new link", nil)
	if saw[downEvent](car, shown) {
		t.Error("the link seemed to be gone")
	}
}

// TestADyingLinkIsGoneIfNothingFollows: what it was given while it waited is
// answered, and the end of a trust is not forgotten.
func TestADyingLinkIsGoneIfNothingFollows(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	d, from := device(phone.self.ID), car.mark()
	end := dying(t, car, phone)
	if err := errors.Join(car.send(d, ping("")), car.unpair(d)); err != nil {
		t.Fatal(err)
	}
	end()
	await[downEvent](car, from, "end of the link", nil)
	await[unpairedEvent](car, from, "end of trust", nil)
	if _, ok := car.keeper.pin(phone.self.ID); ok {
		t.Error("the pin is still kept")
	}
	if err := car.send(d, ping("")); !errors.Is(err, errAbsent) {
		t.Errorf("send: got %v, want %v", err, errAbsent)
	}
}

// TestTheEndIsToldWhenTheHeirGivesUp has both links of a device end: one while
// the other waits for its place.
func TestTheEndIsToldWhenTheHeirGivesUp(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	old := car.linkOf(device(phone.self.ID))
	heir := &link{h: car.hub, peer: old.peer, leaf: old.leaf}
	if got, _, err := car.install(heir); got != old || err != nil {
		t.Fatalf("install: got %p, %v; want %p", got, err, old)
	}
	phone.stop()
	<-old.stopped
	car.leave(old)
	await[downEvent](car, from, "end of the link", nil)
}

// ending has a hub start nothing more, as in its last moments.
func ending(e *end) {
	e.hub.mu.Lock()
	defer e.hub.mu.Unlock()
	e.running = false
}

// TestCallDoneWhileEnding: a call that is through when the hub ends is let go
// of.
func TestCallDoneWhileEnding(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	before, from := car.mark(), phone.mark()
	phone.linkOf(device(car.self.ID)).cancel(errReplaced)
	await[downEvent](car, before, "end of the link", nil)
	await[downEvent](phone, from, "end of the link", nil)
	from = phone.mark()
	ending(car)
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		car.dial(phone)
	}()
	await[upEvent](phone, from, "the call", nil)
	l := car.linkOf(device(phone.self.ID))
	car.stop()
	await[downEvent](phone, from, "end of the link", nil)
	<-returned
	runtime.KeepAlive(l) // or the collector would close it
}

// TestSecondCallDoneWhileEnding: one that finds a link before it does not wait
// for a word of the peer that nobody reads any longer.
func TestSecondCallDoneWhileEnding(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	if car.self.ID < phone.self.ID { // of two links that nobody uses yet the larger id's stays
		car, phone = phone, car
	}
	ending(car)
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		car.dial(phone)
	}()
	select {
	case <-returned:
	case <-time.After(20 * time.Second):
		t.Fatal("the call does not end")
	}
}

// TestCalledWhileEnding: who calls then is sent away.
func TestCalledWhileEnding(t *testing.T) {
	car := startCar(t, nil)
	ending(car)
	if said := refused(t, newAttacker(t, car).dial()); len(said) > 0 {
		t.Errorf("got %q, want nothing", said)
	}
	car.gate.mu.Lock()
	defer car.gate.mu.Unlock()
	if car.gate.now != 0 {
		t.Errorf("%d places are taken, want none", car.gate.now)
	}
}

// TestUnpairedDuringAHandshake: the phone makes a new link, with which the word
// that it is unpaired is lost on the old one.
func TestUnpairedDuringAHandshake(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	a := newAttacker(t, car)
	a.self = phone.self
	s, err := a.begin(a.identity())
	if err != nil {
		t.Fatal(err)
	}
	if err := car.drop(phone.self.ID); err != nil {
		t.Fatal(err)
	}
	s.Write(a.identity().line())
	r := &lineReader{r: s}
	r.next(func() int { return 8192 }) // the car's identity
	if line, err := r.next(func() int { return 1024 }); err != nil || !bytes.Contains(line, []byte(`"pair":false`)) {
		t.Errorf("the phone is told %q, %v; want a no", line, err)
	}
	if saw[candidateEvent](car, from) {
		t.Error("the phone became a candidate in a closed window")
	}
}

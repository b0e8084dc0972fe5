package link_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/phonelink"
	"tandem/phonelink/link"
	"tandem/phonelink/trust"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("os/signal.loop"))
}

// device is one end: a key, the peers that it trusts, and its hub.
type device struct {
	t    testing.TB
	id   trust.Identity
	name string
	net  link.Network

	announce bool

	mu    sync.Mutex
	peers []trust.Peer
	pair  func(context.Context, link.Stranger)

	hub  *link.Hub
	stop func()
}

func newDevice(t testing.TB, name string) *device {
	id, err := trust.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return &device{t: t, id: id, name: name}
}

func (d *device) trust(o *device, at ...netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range d.peers {
		if p.Device == o.id.Device {
			d.peers[i].Addresses = at
			return
		}
	}
	d.peers = append(d.peers, trust.Peer{Device: o.id.Device, Name: o.name, SPKI: o.id.SPKI, Addresses: at})
}

func (d *device) trusted() []trust.Peer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]trust.Peer(nil), d.peers...)
}

// up makes the hub and runs it until the test ends or down.
func (d *device) up(listen string) {
	d.t.Helper()
	var log *slog.Logger
	if os.Getenv("LINK_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("at", d.name)
	}
	h, err := link.New(link.Config{Self: d.id, Name: d.name, Listen: listen, Peers: d.trusted, Pairing: d.pair, Network: d.net, Announce: d.announce, Logger: log})
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Run(ctx)
	}()
	d.hub = h
	d.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	d.t.Cleanup(d.stop)
}

func (d *device) status(o *device) link.Status {
	w := d.hub.Watch()
	defer w.Close()
	for _, s := range w.Statuses() {
		if s.Device == o.id.Device {
			return s
		}
	}
	return link.Status{}
}

// await waits until the link of d to o is as wanted.
func (d *device) await(o *device, within time.Duration, want func(link.Status) bool) link.Status {
	d.t.Helper()
	w := d.hub.Watch()
	defer w.Close()
	limit := time.NewTimer(within)
	defer limit.Stop()
	for {
		for _, s := range w.Statuses() {
			if s.Device == o.id.Device && want(s) {
				return s
			}
		}
		select {
		case <-w.C():
		case <-limit.C:
			d.t.Fatalf("%s: the link to %s is %+v after %v", d.name, o.name, d.status(o), within)
		}
	}
}

func linked(s link.Status) bool { return s.State == phonelink.Linked }

func TestTwoDevicesLinkAndTalk(t *testing.T) {
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	car.trust(phone)
	car.up("127.0.0.1:0")
	phone.trust(car, car.hub.Addr())
	phone.up("127.0.0.1:0")
	phone.await(car, 5*time.Second, linked)
	car.await(phone, 5*time.Second, linked)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for i := range 100 {
		text := fmt.Sprint("message ", i)
		if err := phone.hub.Send(ctx, car.id.Device, phonelink.ClassMedia, []byte(text)); err != nil {
			t.Fatal(err)
		}
		m, err := car.hub.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if string(m.Payload) != text || m.From != phone.id.Device || m.Class != phonelink.ClassMedia || m.Fresh != (i == 0) {
			t.Fatalf("got %q from %s, class %d, fresh %v; want %q", m.Payload, m.From, m.Class, m.Fresh, text)
		}
	}
}

package link_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
)

// roaming is the system's network, and says that it changed when it is told.
type roaming struct {
	link.System
	change chan struct{}
}

func (r roaming) Changes(ctx context.Context, changed func()) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.change:
			changed()
		}
	}
}

// DialStream leads nowhere: only a QUIC connection can move.
func (roaming) DialStream(context.Context, netip.AddrPort) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}

// TestMigration: after a change of its network the dialer moves its QUIC
// connection to another socket; the link does not notice.
func TestMigration(t *testing.T) {
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	there := roaming{change: make(chan struct{})}
	phone.net = there
	car.trust(phone)
	car.up("127.0.0.1:0")
	phone.trust(car, car.hub.Addr())
	phone.up("127.0.0.1:0")
	phone.await(car, 5*time.Second, linked)
	before := car.await(phone, 5*time.Second, linked)
	if !before.Address.IsValid() || before.Transport != "quic" {
		t.Fatalf("got %+v, want a QUIC link", before)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	there.change <- struct{}{}
	var after link.Status
	for after = car.status(phone); after.Address == before.Address; after = car.status(phone) {
		if err := phone.hub.Send(ctx, car.id.Device, phonelink.ClassCall, []byte("still here")); err != nil {
			t.Fatal(err)
		}
		if m, err := car.hub.Receive(ctx); err != nil || string(m.Payload) != "still here" {
			t.Fatalf("got %q, %v", m.Payload, err)
		}
	}
	if !after.Since.Equal(before.Since) || after.Link != before.Link || after.State != phonelink.Linked {
		t.Errorf("got %+v, want the link of %+v at another address", after, before)
	}
}

// TestHintOfAnotherAddress: where it was last is wrong, the hint is right.
func TestHintOfAnotherAddress(t *testing.T) {
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	car.trust(phone)
	car.up("127.0.0.1:0")
	phone.trust(car, netip.MustParseAddrPort("127.0.0.1:9"))
	phone.up("127.0.0.1:0")
	phone.hub.Hint(car.id.Device, car.hub.Addr())
	phone.await(car, 2*time.Second, linked)
}

// TestFoundByMDNS: two devices that trust each other and know no address.
func TestFoundByMDNS(t *testing.T) {
	t.Parallel()
	if !multicast() {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal("no interface for multicast")
		}
		t.Skip("no interface for multicast")
	}
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	car.announce, phone.announce = true, true
	car.trust(phone)
	phone.trust(car)
	car.up(":0")
	phone.up(":0")
	phone.await(car, 20*time.Second, linked)
	car.await(phone, 5*time.Second, linked)
}

func multicast() bool {
	all, err := net.Interfaces()
	if err != nil {
		return false
	}
	for _, i := range all {
		addrs, _ := i.Addrs()
		if i.Flags&(net.FlagUp|net.FlagMulticast|net.FlagLoopback) == net.FlagUp|net.FlagMulticast && len(addrs) > 0 {
			return true
		}
	}
	return false
}

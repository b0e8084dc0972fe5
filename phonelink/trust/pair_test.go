package trust_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"tandem/phonelink/trust"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// end is one end of a TLS connection between strangers.
type end struct {
	conn     io.ReadWriteCloser
	exporter []byte
	self     trust.Identity
	peer     []byte
}

// strangers connects a phone and a car by TLS; verify is the phone's.
func strangers(t *testing.T, verify func([]byte) error) (phone, car end) {
	t.Helper()
	anybody := func([]byte) error { return nil }
	if verify == nil {
		verify = anybody
	}
	phone.self, car.self = identity(t), identity(t)
	a, b := wire(t)
	client := tls.Client(a, trust.TLSConfig(phone.self, verify))
	server := tls.Server(b, trust.TLSConfig(car.self, anybody))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := server.Handshake(); err != nil {
			t.Error(err)
		}
	})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	fill := func(e *end, c *tls.Conn) {
		cs := c.ConnectionState()
		var err error
		if e.exporter, err = trust.Exporter(cs); err != nil {
			t.Fatal(err)
		}
		if e.peer, err = trust.PeerSPKI(cs); err != nil {
			t.Fatal(err)
		}
		e.conn = c
	}
	fill(&phone, client)
	fill(&car, server)
	return phone, car
}

// wire is a connection with room in it: with net.Pipe two ends that both
// write would wait for each other.
func wire(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func identity(t testing.TB) trust.Identity {
	t.Helper()
	id, err := trust.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (e end) config(role trust.Role) trust.PairConfig {
	c := trust.PairConfig{
		Conn: e.conn, Exporter: e.exporter, Self: e.self.SPKI, Peer: e.peer, Role: role,
		Name: "One", Model: "car",
	}
	if role == trust.RolePhone {
		c.Name, c.Model = "Anna's", "phone"
	} else {
		c.Admit = func(trust.Mode) error { return nil }
	}
	return c
}

// both runs the two sides.
func both(phone, car trust.PairConfig) (p, c trust.PairResult, perr, cerr error) {
	var wg sync.WaitGroup
	wg.Go(func() { p, perr = trust.Pair(context.Background(), phone) })
	c, cerr = trust.Pair(context.Background(), car)
	wg.Wait()
	return p, c, perr, cerr
}

func yes(context.Context, string) bool { return true }

func TestPair(t *testing.T) {
	secret := []byte("sixteen bytes !!")
	cases := []struct {
		name   string
		change func(phone, car *trust.PairConfig)
		mode   trust.Mode
		phone  error // nil: pairs
		car    error
	}{
		{name: "code on the screen", mode: trust.ModeQR, change: func(p, c *trust.PairConfig) { p.Secret, c.Secret = secret, secret }},
		{name: "digits", mode: trust.ModeDigits, change: func(p, c *trust.PairConfig) { p.Compare, c.Compare = yes, yes }},
		{name: "digits while a code is shown", mode: trust.ModeDigits, change: func(p, c *trust.PairConfig) { p.Compare, c.Compare, c.Secret = yes, yes, secret }},
		{name: "another secret", phone: trust.ErrProof, car: trust.ErrProof, change: func(p, c *trust.PairConfig) { p.Secret, c.Secret = []byte("sixteen other !!"), secret }},
		{name: "no code is shown", phone: trust.ErrClosed, car: trust.ErrClosed, change: func(p, c *trust.PairConfig) { p.Secret = secret }},
		{name: "the driver says no", phone: trust.ErrDeclined, car: trust.ErrDeclined, change: func(p, c *trust.PairConfig) { p.Compare = yes }},
		{name: "the phone says no", phone: trust.ErrDeclined, car: trust.ErrDeclined, change: func(p, c *trust.PairConfig) { c.Compare = yes }},
		{name: "the screen is closed", phone: trust.ErrClosed, car: trust.ErrClosed, change: func(p, c *trust.PairConfig) {
			c.Admit = func(trust.Mode) error { return trust.ErrClosed }
		}},
		{name: "too often", phone: trust.ErrOften, car: trust.ErrOften, change: func(p, c *trust.PairConfig) {
			c.Admit = func(trust.Mode) error { return trust.ErrOften }
		}},
		{name: "the disk is full", phone: trust.ErrRefused, car: errFull, change: func(p, c *trust.PairConfig) {
			p.Secret, c.Secret = secret, secret
			c.Save = func(trust.PairResult) error { return errFull }
		}},
		{name: "two exporters", phone: trust.ErrProof, car: trust.ErrProof, change: func(p, c *trust.PairConfig) {
			p.Secret, c.Secret = secret, secret
			p.Exporter = make([]byte, 32)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			phone, car := strangers(t, nil)
			pc, cc := phone.config(trust.RolePhone), car.config(trust.RoleCar)
			c.change(&pc, &cc)
			p, r, perr, cerr := both(pc, cc)
			if !errors.Is(perr, c.phone) || !errors.Is(cerr, c.car) {
				t.Fatalf("got %v at the phone and %v at the car, want %v and %v", perr, cerr, c.phone, c.car)
			}
			if c.phone != nil {
				return
			}
			if p.Mode != c.mode || r.Mode != c.mode {
				t.Errorf("got modes %d and %d, want %d", p.Mode, r.Mode, c.mode)
			}
			if p.Secret != r.Secret || p.Secret == (trust.Key{}) {
				t.Errorf("got secrets % x and % x, want the same", p.Secret, r.Secret)
			}
			if p.Peer.Device != car.self.Device || r.Peer.Device != phone.self.Device {
				t.Errorf("got peers %s and %s, want %s and %s", p.Peer.Device, r.Peer.Device, car.self.Device, phone.self.Device)
			}
			if p.Peer.Name != "One" || r.Peer.Name != "Anna's" || r.Peer.Model != "phone" {
				t.Errorf("got names %q and %q (%q)", p.Peer.Name, r.Peer.Name, r.Peer.Model)
			}
		})
	}
}

var errFull = errors.New("disk full")

func TestPairShowsTheSameCode(t *testing.T) {
	phone, car := strangers(t, nil)
	pc, cc := phone.config(trust.RolePhone), car.config(trust.RoleCar)
	var shown [2]atomic.Value
	pc.Compare = func(_ context.Context, code string) bool { shown[0].Store(code); return true }
	cc.Compare = func(_ context.Context, code string) bool { shown[1].Store(code); return true }
	if _, _, perr, cerr := both(pc, cc); perr != nil || cerr != nil {
		t.Fatal(perr, cerr)
	}
	if a, b := shown[0].Load(), shown[1].Load(); a != b || len(a.(string)) != 6 {
		t.Errorf("got codes %v and %v, want the same six digits", a, b)
	}
}

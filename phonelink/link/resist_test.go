package link_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"tandem/phonelink"
	"tandem/phonelink/link"
	"tandem/phonelink/trust"
)

// TestFloodOfSockets: a thousand sockets from eight sources say nothing; the
// paired phone, at an address where it has never been, still gets in at once.
func TestFloodOfSockets(t *testing.T) {
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	car.trust(phone, netip.MustParseAddrPort("127.0.0.1:9"))
	car.up("127.0.0.1:0")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range 1000 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%8))}, Timeout: time.Second}
		if c, err := d.Dial("tcp", car.hub.Addr().String()); err == nil {
			conns = append(conns, c)
			c.Write([]byte{0x16, 3, 1}) // the beginning of a TLS record
		}
	}
	if got := car.hub.Pending(); got > link.MaxPending {
		t.Errorf("handshakes under way: got %d, want at most %d", got, link.MaxPending)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d sockets: %d handshakes under way, heap grew by %d KiB", len(conns), car.hub.Pending(), (int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024)
	if grew := int64(after.HeapAlloc) - int64(before.HeapAlloc); grew > 8<<20 {
		t.Errorf("heap: grew by %d bytes, want at most 8 MiB", grew)
	}
	phone.trust(car, car.hub.Addr())
	phone.up("127.0.0.1:0")
	phone.await(car, 5*time.Second, linked)
}

// TestSlowHandshakeEnds: who does not finish is thrown out.
func TestSlowHandshakeEnds(t *testing.T) {
	t.Parallel()
	car := newDevice(t, "car")
	car.up("127.0.0.1:0")
	c, err := net.Dial("tcp", car.hub.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte{0x16, 3, 1, 2, 0, 1})
	c.SetReadDeadline(time.Now().Add(link.HandshakeWithin + 5*time.Second))
	if _, err := io.Copy(io.Discard, c); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.Errorf("the connection is still open after %v", link.HandshakeWithin+5*time.Second)
	}
	limit, again := time.After(5*time.Second), time.NewTicker(5*time.Millisecond)
	defer again.Stop()
	for car.hub.Pending() != 0 {
		select {
		case <-again.C:
		case <-limit:
			t.Fatalf("handshakes under way: got %d, want none", car.hub.Pending())
		}
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// TestPeerThatBreaksRules: a paired device sends what it must not; its
// connection ends, and the next one works.
func TestPeerThatBreaksRules(t *testing.T) {
	t.Parallel()
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	car.trust(phone)
	car.up("127.0.0.1:0")
	for _, c := range []struct {
		name string
		send []byte
	}{
		{"hello of 64 KiB", append([]byte{1, 0xff, 0xff}, make([]byte, 0xffff)...)},
		{"hello of garbage", append([]byte{1, 0, 8}, make([]byte, 8)...)},
		{"data before hello", append([]byte{6, 0, 10}, make([]byte, 10)...)},
		{"deep nesting", append([]byte{1, 0, 200}, bytes.Repeat([]byte{0x81}, 200)...)},
		{"an array of 2^32", []byte{1, 0, 10, 0xa1, 0x05, 0x9a, 0xff, 0xff, 0xff, 0xff, 0, 0, 0}},
		{"nothing known", bytes.Repeat([]byte{0xee}, 4096)},
		{"silence", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := trust.TLSConfig(phone.id, func([]byte) error { return nil })
			conn, err := tls.Dial("tcp", car.hub.Addr().String(), conf)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.Write(c.send)
			conn.SetReadDeadline(time.Now().Add(link.HandshakeWithin + 3*time.Second))
			if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
				t.Error("the connection is still open")
			}
		})
	}
	phone.trust(car, car.hub.Addr())
	phone.up("127.0.0.1:0")
	phone.await(car, 5*time.Second, linked)
}

// TestStrangersAreRefused: an unknown key gets nowhere on the link's protocol,
// and on that of pairing only while the owner pairs.
func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	car, stranger := newDevice(t, "car"), newDevice(t, "stranger")
	car.up("127.0.0.1:0")
	stranger.up("127.0.0.1:0")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if s, err := stranger.hub.Dial(ctx, car.hub.Addr(), func([]byte) error { return nil }); err == nil {
		s.Conn.Close()
		t.Error("pairing while the screen is closed: got a connection")
	}
	for _, proto := range []string{trust.ProtocolLink, "h2", ""} {
		conf := trust.TLSConfig(stranger.id, func([]byte) error { return nil })
		conf.NextProtos = nil
		if proto != "" {
			conf.NextProtos = []string{proto}
		}
		conn, err := tls.Dial("tcp", car.hub.Addr().String(), conf)
		if err == nil { // the client's side is done before the server has seen the key
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err = conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
				t.Errorf("protocol %q: still open: %v", proto, err)
			}
			conn.Close()
		}
	}
}

// TestStrangersPair: while the owner pairs, a few at once are handed over, with
// the same exporter at both ends.
func TestStrangersPair(t *testing.T) {
	t.Parallel()
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	met := make(chan link.Stranger, link.MaxStrangers+1)
	car.pair = func(ctx context.Context, s link.Stranger) {
		met <- s
		io.WriteString(s.Conn, "hello stranger")
		<-ctx.Done()
		s.Conn.Close()
	}
	car.up("127.0.0.1:0")
	phone.up("127.0.0.1:0")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range link.MaxStrangers {
		s, err := phone.hub.Dial(ctx, car.hub.Addr(), func(spki []byte) error {
			if !bytes.Equal(spki, car.id.SPKI) {
				return errors.New("another car")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Conn.Close()
		got := make([]byte, 14)
		if _, err := io.ReadFull(s.Conn, got); err != nil || string(got) != "hello stranger" {
			t.Fatalf("got %q, %v", got, err)
		}
		m := <-met
		if !bytes.Equal(m.Exporter, s.Exporter) || !bytes.Equal(m.SPKI, phone.id.SPKI) || len(m.Exporter) != 32 {
			t.Errorf("exporters %x and %x, key %x: want the same, and the phone's", m.Exporter, s.Exporter, m.SPKI)
		}
	}
	if s, err := phone.hub.Dial(ctx, car.hub.Addr(), func([]byte) error { return nil }); err == nil {
		if n, err := s.Conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("stranger %d: got %d bytes, want to be refused", link.MaxStrangers+1, n)
		}
		s.Conn.Close()
	}
}

// TestImpostorIsRefused: another key at the phone's address.
func TestImpostorIsRefused(t *testing.T) {
	t.Parallel()
	car, phone, impostor := newDevice(t, "car"), newDevice(t, "phone"), newDevice(t, "impostor")
	impostor.trust(car)
	impostor.up("127.0.0.1:0")
	car.trust(phone, impostor.hub.Addr())
	car.up("127.0.0.1:0")
	impostor.hub.Hint(car.id.Device, car.hub.Addr())
	w := car.hub.Watch()
	defer w.Close()
	limit := time.After(time.Second)
	for {
		for _, s := range w.Statuses() {
			if s.State == phonelink.Linked || s.Device == impostor.id.Device {
				t.Fatalf("got %+v", s)
			}
		}
		select {
		case <-w.C():
		case <-limit:
			return
		}
	}
}

// counted counts what passes a socket, and loses everything that comes.
type counted struct {
	net.PacketConn
	sent, received atomic.Int64
}

func (c *counted) WriteTo(b []byte, a net.Addr) (int, error) {
	c.sent.Add(int64(len(b)))
	return c.PacketConn.WriteTo(b, a)
}

func (c *counted) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, _, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			return 0, nil, err
		}
		c.received.Add(int64(n))
	}
}

// TestAmplification: a source that never answers gets no more bytes than it
// sent, whatever it sends (RFC 9000, 8.1, allows three times as much).
func TestAmplification(t *testing.T) {
	t.Parallel()
	car, phone := newDevice(t, "car"), newDevice(t, "phone")
	car.trust(phone)
	car.up("127.0.0.1:0")
	to := net.UDPAddrFromAddrPort(car.hub.Addr())
	socket := func() *counted {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return &counted{PacketConn: pc}
	}
	for _, c := range []struct {
		name string
		most float64 // bytes for one
		send func(c *counted)
	}{
		{"handshakes", 0.25, func(c *counted) { // a Retry, and no more
			tr := &quic.Transport{Conn: c}
			defer tr.Close()
			var wg sync.WaitGroup
			for range 10 {
				ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
				defer cancel()
				wg.Go(func() { tr.Dial(ctx, to, trust.TLSConfig(phone.id, func([]byte) error { return nil }), nil) })
			}
			wg.Wait()
		}},
		{"garbage", 0.25, func(c *counted) { flood(c, to, 20, 24, 42, 100, 1200, 1252) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := socket()
			done := make(chan struct{})
			go func() {
				defer close(done)
				s.ReadFrom(make([]byte, 2048))
			}()
			c.send(s)
			s.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			<-done
			s.Close()
			sent, received := s.sent.Load(), s.received.Load()
			t.Logf("sent %d, received %d: %.3f", sent, received, float64(received)/float64(sent))
			if sent == 0 || float64(received) > c.most*float64(sent) {
				t.Errorf("got %d bytes for %d, want at most %.2f of them", received, sent, c.most)
			}
		})
	}
}

// flood sends packets of all first bytes.
func flood(c *counted, to net.Addr, sizes ...int) {
	for first := range 256 {
		for _, n := range sizes {
			b := bytes.Repeat([]byte{0x5a}, n)
			b[0] = byte(first)
			c.WriteTo(b, to)
		}
	}
}

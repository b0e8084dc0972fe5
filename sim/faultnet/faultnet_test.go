package faultnet_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/sim/faultnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is when a test gives up; nothing is measured against it.
const patience = 20 * time.Second

func start(t testing.TB, cfg faultnet.Config) *faultnet.Net {
	t.Helper()
	n, err := faultnet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	return n
}

// echoUDP answers every datagram and keeps the sources it saw, in order.
func echoUDP(t testing.TB) (string, func() []netip.AddrPort) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(4 << 20)
	var seen atomic.Pointer[[]netip.AddrPort]
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		var all []netip.AddrPort
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if len(all) == 0 || all[len(all)-1] != from {
				all = append(all[:len(all):len(all)], from)
				seen.Store(&all)
			}
			_, _ = conn.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return conn.LocalAddr().String(), func() []netip.AddrPort {
		if p := seen.Load(); p != nil {
			return *p
		}
		return nil
	}
}

func dialUDP(t testing.TB, n *faultnet.Net) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(n.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadBuffer(4 << 20)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// exchange sends numbered datagrams and counts how often each came back.
func exchange(t testing.TB, c *net.UDPConn, n *faultnet.Net, count int) map[uint32]int {
	t.Helper()
	const window = 64 // no more on their way than the sockets can hold
	got := map[uint32]int{}
	buf := make([]byte, 64)
	read := func(within time.Duration) bool {
		_ = c.SetReadDeadline(time.Now().Add(within))
		size, err := c.Read(buf)
		if err != nil {
			return false
		}
		if size == 4 {
			got[binary.BigEndian.Uint32(buf)]++
		}
		return true
	}
	for i := range count {
		_, err := c.Write(binary.BigEndian.AppendUint32(nil, uint32(i)))
		if err != nil {
			t.Fatal(err)
		}
		if i%window == window-1 {
			for read(5 * time.Millisecond) {
			}
		}
	}
	for settled := time.Now().Add(patience); time.Now().Before(settled); {
		if !read(100*time.Millisecond) && n.Counters().Up.Forwarded+n.Counters().Up.Lost-n.Counters().Up.Duplicated >= uint64(count) {
			break
		}
	}
	return got
}

func TestPerfectCable(t *testing.T) {
	addr, _ := echoUDP(t)
	n := start(t, faultnet.Config{Target: addr, Network: faultnet.UDP})
	c := dialUDP(t, n)
	got := exchange(t, c, n, 2000)
	for i := range uint32(2000) {
		if got[i] != 1 {
			t.Fatalf("datagram %d came back %d times, want once", i, got[i])
		}
	}
	want := faultnet.Count{Forwarded: 2000, Bytes: 8000}
	if cs := n.Counters(); cs.Up != want || cs.Down != want || cs.Flows != 1 {
		t.Errorf("counters: got %+v, want %+v each way and 1 flow", cs, want)
	}
}

// TestCountersTellTheTruth compares what the proxy says it did with what both
// ends saw.
func TestCountersTellTheTruth(t *testing.T) {
	addr, _ := echoUDP(t)
	p := faultnet.Path{Loss: 0.1, Duplicate: 0.1, Reorder: 0.1, Late: time.Millisecond}
	n := start(t, faultnet.Config{Seed: 4, Target: addr, Network: faultnet.UDP, Up: p, Down: faultnet.Path{}})
	const count = 3000
	got := exchange(t, dialUDP(t, n), n, count)
	total := 0
	for _, times := range got {
		total += times
	}
	cs := n.Counters()
	if cs.Up.Lost == 0 || cs.Up.Duplicated == 0 || cs.Up.Reordered == 0 {
		t.Fatalf("nothing went wrong: %+v", cs.Up)
	}
	if got := cs.Up.Forwarded + cs.Up.Lost - cs.Up.Duplicated; got != count {
		t.Errorf("forwarded + lost - copies: got %d, want %d", got, count)
	}
	if uint64(total) != cs.Down.Forwarded || cs.Down.Forwarded != cs.Up.Forwarded {
		t.Errorf("came back: got %d, want %d (up forwarded %d)", total, cs.Down.Forwarded, cs.Up.Forwarded)
	}
	if missing := count - len(got); uint64(missing) != cs.Up.Lost {
		t.Errorf("missing: got %d, want %d", missing, cs.Up.Lost)
	}
}

func TestDelayIsNeverShort(t *testing.T) {
	addr, _ := echoUDP(t)
	p := faultnet.Path{Delay: 10 * time.Millisecond}
	n := start(t, faultnet.Config{Target: addr, Up: p, Down: p})
	c := dialUDP(t, n)
	buf := make([]byte, 16)
	for range 20 {
		began := time.Now()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
		if rtt := time.Since(began); rtt < 20*time.Millisecond {
			t.Fatalf("round trip: got %v, want 20ms or more", rtt)
		}
	}
}

// answered sends until something comes back.
func answered(t testing.TB, c *net.UDPConn, text string) {
	t.Helper()
	buf := make([]byte, 64)
	for giveUp := time.Now().Add(patience); time.Now().Before(giveUp); {
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if size, err := c.Read(buf); err == nil && string(buf[:size]) == text {
			return
		}
	}
	t.Fatalf("no answer to %q", text)
}

func TestBlackHole(t *testing.T) {
	addr, _ := echoUDP(t)
	n := start(t, faultnet.Config{Target: addr, Network: faultnet.UDP})
	c := dialUDP(t, n)
	answered(t, c, "before")
	n.BlackHole(true)
	buf := make([]byte, 64)
	for range 10 {
		if _, err := c.Write([]byte("within")); err != nil {
			t.Fatal(err)
		}
	}
	for giveUp := time.Now().Add(patience); n.Counters().Up.Swallowed < 10; {
		if time.Now().After(giveUp) {
			t.Fatalf("swallowed: got %d, want 10", n.Counters().Up.Swallowed)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if size, err := c.Read(buf); err == nil && string(buf[:size]) == "within" {
			t.Fatal("something came out of a black hole")
		}
	}
	n.BlackHole(false)
	answered(t, c, "after")
}

// TestBlackHoleTakesWhatIsOnItsWay closes the road while a datagram is on it.
func TestBlackHoleTakesWhatIsOnItsWay(t *testing.T) {
	addr, seen := echoUDP(t)
	n := start(t, faultnet.Config{Target: addr, Network: faultnet.UDP, Up: faultnet.Path{Delay: 300 * time.Millisecond}})
	c := dialUDP(t, n)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for giveUp := time.Now().Add(patience); n.Counters().Flows == 0 && time.Now().Before(giveUp); {
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _ = c.Read(make([]byte, 1))
	}
	n.BlackHole(true)
	for giveUp := time.Now().Add(patience); n.Counters().Up.Swallowed == 0; {
		if time.Now().After(giveUp) {
			t.Fatal("the datagram was not swallowed")
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _ = c.Read(make([]byte, 1))
	}
	if got := seen(); got != nil {
		t.Errorf("the target saw %v, want nothing", got)
	}
}

func TestRebind(t *testing.T) {
	addr, seen := echoUDP(t)
	n := start(t, faultnet.Config{Target: addr, Network: faultnet.UDP})
	c := dialUDP(t, n)
	answered(t, c, "before")
	if err := n.Rebind(); err != nil {
		t.Fatal(err)
	}
	answered(t, c, "after")
	if got := seen(); len(got) != 2 || got[0].Port() == got[1].Port() {
		t.Errorf("sources at the target: got %v, want two ports", got)
	}
	if got := n.Counters().Flows; got != 1 {
		t.Errorf("flows: got %d, want 1", got)
	}
}

func TestManyFlowsAreApart(t *testing.T) {
	addr, seen := echoUDP(t)
	n := start(t, faultnet.Config{Target: addr, Network: faultnet.UDP})
	for i := range 50 {
		answered(t, dialUDP(t, n), strings.Repeat("x", i+1))
	}
	if got := len(seen()); got != 50 {
		t.Errorf("sources at the target: got %d, want 50", got)
	}
}

func echoTCP(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func dialTCP(t testing.TB, n *faultnet.Net) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", n.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// TestStreamStaysWhole sends a megabyte each way over a road that loses.
func TestStreamStaysWhole(t *testing.T) {
	p := faultnet.Path{Delay: time.Millisecond, Loss: 0.002}
	n := start(t, faultnet.Config{Seed: 2, Target: echoTCP(t), Network: faultnet.TCP, Up: p, Down: p})
	c := dialTCP(t, n)
	sent := make([]byte, 1<<20)
	for i := range sent {
		sent[i] = byte(i * 31 >> 3)
	}
	go func() {
		_, _ = c.Write(sent)
		_ = c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(sent) {
		t.Errorf("came back: %d bytes that differ, want the %d that were sent", len(got), len(sent))
	}
}

func TestStreamStalls(t *testing.T) {
	n := start(t, faultnet.Config{Seed: 2, Target: echoTCP(t), Network: faultnet.TCP})
	c := dialTCP(t, n)
	buf := make([]byte, 1)
	ping := func() time.Duration {
		began := time.Now()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			t.Fatal(err)
		}
		return time.Since(began)
	}
	ping()
	n.SetUp(faultnet.Path{Loss: 0.3})
	took := time.Duration(0)
	for n.Counters().Up.Stalls == 0 {
		took = ping()
	}
	if took < 200*time.Millisecond {
		t.Errorf("a lost segment: got %v, want 200ms or more", took)
	}
}

func TestStreamBlackHole(t *testing.T) {
	n := start(t, faultnet.Config{Target: echoTCP(t), Network: faultnet.TCP})
	c := dialTCP(t, n)
	if _, err := c.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1)
	if _, err := io.ReadFull(c, buf); err != nil {
		t.Fatal(err)
	}
	n.BlackHole(true)
	if _, err := c.Write([]byte("b")); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if _, err := c.Read(buf); err == nil {
		t.Fatal("something came out of a black hole")
	}
	n.BlackHole(false)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(c, buf); err != nil || buf[0] != 'b' {
		t.Fatalf("after the black hole: got %q, %v, want b", buf, err)
	}
}

func TestReset(t *testing.T) {
	n := start(t, faultnet.Config{Target: echoTCP(t)})
	c := dialTCP(t, n)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	n.Reset()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read after a reset: got %v, want ECONNRESET", err)
	}
}

// TestRefusedTarget has nobody at the target: the client learns it by a reset.
func TestRefusedTarget(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	n := start(t, faultnet.Config{Target: addr, Network: faultnet.TCP})
	c, err := net.Dial("tcp", n.Addr().String())
	if err == nil { // else it was reset before connect returned
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want ECONNRESET", err)
	}
}

func TestBothNetworksOnOnePort(t *testing.T) {
	n := start(t, faultnet.Config{Target: echoTCP(t)})
	c := dialTCP(t, n)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	addr, _ := echoUDP(t)
	if err := n.SetTarget(addr); err != nil {
		t.Fatal(err)
	}
	answered(t, dialUDP(t, n), "x")
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  faultnet.Config
		want string
	}{
		{"no target", faultnet.Config{}, "target"},
		{"network", faultnet.Config{Target: "127.0.0.1:1", Network: "sctp"}, "network"},
		{"loss", faultnet.Config{Target: "127.0.0.1:1", Up: faultnet.Path{Loss: 1.5}}, "loss 1.5"},
		{"delay", faultnet.Config{Target: "127.0.0.1:1", Down: faultnet.Path{Delay: -1}}, "delay"},
		{"power save", faultnet.Config{Target: "127.0.0.1:1", Down: faultnet.Path{PowerSave: faultnet.PowerSave{Min: 2, Max: 1}}}, "power save"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := faultnet.New(tc.cfg)
			if err == nil {
				_ = n.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New: got %v, want an error about %q", err, tc.want)
			}
		})
	}
}

// BenchmarkAddedLatency is a round trip through a perfect cable, and the same
// without the proxy: the difference is what the proxy adds to a measurement.
func BenchmarkAddedLatency(b *testing.B) {
	addr, _ := echoUDP(b)
	n := start(b, faultnet.Config{Target: addr, Network: faultnet.UDP})
	direct, err := net.Dial("udp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = direct.Close() })
	for _, bc := range []struct {
		name string
		c    net.Conn
	}{{"direct", direct}, {"proxy", dialUDP(b, n)}} {
		b.Run(bc.name, func(b *testing.B) {
			buf := make([]byte, 1200)
			for b.Loop() {
				if _, err := bc.c.Write(buf); err != nil {
					b.Fatal(err)
				}
				_ = bc.c.SetReadDeadline(time.Now().Add(patience))
				if _, err := bc.c.Read(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDelay reports how much later than asked a round trip of 20 ms is.
func BenchmarkDelay(b *testing.B) {
	addr, _ := echoUDP(b)
	p := faultnet.Path{Delay: 10 * time.Millisecond}
	n := start(b, faultnet.Config{Target: addr, Network: faultnet.UDP, Up: p, Down: p})
	c := dialUDP(b, n)
	buf := make([]byte, 1200)
	var over time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
		over += time.Since(began) - 2*p.Delay
	}
	b.ReportMetric(float64(over.Microseconds())/float64(b.N), "late-us/op")
}

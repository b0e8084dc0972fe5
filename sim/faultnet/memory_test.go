package faultnet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"tandem/sim/faultnet"
)

// memory runs a network in the bubble of the test.
func memory(t *testing.T, cfg faultnet.Config) *faultnet.Memory {
	t.Helper()
	m, err := faultnet.NewMemory(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	return m
}

// TestMemoryDelay has virtual time: the delay is exact.
func TestMemoryDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := faultnet.Path{Delay: 10 * time.Millisecond}
		m := memory(t, faultnet.Config{Up: p, Down: p})
		buf := make([]byte, 10)
		for range 100 {
			began := time.Now()
			write(t, m.Client(), "ping", m.Server().LocalAddr())
			_, from, err := m.Server().ReadFrom(buf)
			if err != nil {
				t.Fatal(err)
			}
			write(t, m.Server(), "pong", from)
			if n, _, err := m.Client().ReadFrom(buf); err != nil || string(buf[:n]) != "pong" {
				t.Fatalf("got %q, %v, want pong", buf[:n], err)
			}
			if rtt := time.Since(began); rtt != 20*time.Millisecond {
				t.Fatalf("round trip: got %v, want 20ms", rtt)
			}
		}
	})
}

func write(t *testing.T, c net.PacketConn, text string, to net.Addr) {
	t.Helper()
	if _, err := c.WriteTo([]byte(text), to); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, faultnet.Config{})
		buf := make([]byte, 10)
		old := m.Client().LocalAddr()
		m.Rebind()
		_ = m.Client().SetReadDeadline(time.Now().Add(time.Minute))
		write(t, m.Server(), "to the old address", old)
		if _, _, err := m.Client().ReadFrom(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read at the old address: got %v, want a deadline", err)
		}
		_ = m.Client().SetReadDeadline(time.Time{})
		write(t, m.Server(), "new", m.Client().LocalAddr())
		if n, _, err := m.Client().ReadFrom(buf); err != nil || string(buf[:n]) != "new" {
			t.Errorf("read at the new address: got %q, %v, want new", buf[:n], err)
		}
		m.BlackHole(true)
		write(t, m.Client(), "lost", m.Server().LocalAddr())
		if got := m.Counters().Up.Swallowed; got != 1 {
			t.Errorf("swallowed: got %d, want 1", got)
		}
		_ = m.Server().Close()
		if _, _, err := m.Server().ReadFrom(buf); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read of a closed end: got %v, want %v", err, net.ErrClosed)
		}
	})
}

// TestMemoryCarriesQUIC has a stranger's protocol cross a lossy road with a
// black hole of a minute and a NAT that forgets, in virtual time.
func TestMemoryCarriesQUIC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := faultnet.Path{Delay: 10 * time.Millisecond, Loss: 0.05, Duplicate: 0.05, Reorder: 0.05}
		m := memory(t, faultnet.Config{Seed: 1, Up: p, Down: p})
		server, client := &quic.Transport{Conn: m.Server()}, &quic.Transport{Conn: m.Client()}
		defer server.Close()
		defer client.Close()
		cfg := &quic.Config{MaxIdleTimeout: 5 * time.Minute}
		l, err := server.Listen(tlsConfig(t), cfg)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			if s, err := conn.AcceptStream(context.Background()); err == nil {
				_, _ = io.Copy(s, s)
			}
		}()
		conn, err := client.Dial(t.Context(), m.Server().LocalAddr(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"echo"}}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		s, err := conn.OpenStreamSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		echo(t, s, 'a')
		m.Rebind()
		echo(t, s, 'b')
		m.BlackHole(true)
		go func() {
			time.Sleep(time.Minute) // virtual
			m.BlackHole(false)
		}()
		began := time.Now()
		echo(t, s, 'c')
		if took := time.Since(began); took < time.Minute {
			t.Errorf("through a black hole of a minute: got %v", took)
		}
		_ = conn.CloseWithError(0, "")
	})
}

func echo(t *testing.T, s io.ReadWriter, c byte) {
	t.Helper()
	if _, err := s.Write([]byte{c}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1)
	if _, err := io.ReadFull(s, buf); err != nil || buf[0] != c {
		t.Fatalf("got %q, %v, want %q", buf, err, c)
	}
}

func tlsConfig(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"echo"}}
}

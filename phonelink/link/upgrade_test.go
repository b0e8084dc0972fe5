package link_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
)

// pipes adds streams to a memoryNetwork: pipes without delay to one listener,
// which can be cut.
type pipes struct {
	memoryNetwork
	to *pipeListener // where DialStream leads; nil: nowhere
	on *pipeListener // what Listen gives; nil: no TCP
}

func (p pipes) Listen(string) (net.Listener, error) {
	if p.on == nil {
		return nil, errors.ErrUnsupported
	}
	return p.on, nil
}

func (p pipes) DialStream(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	if p.to == nil {
		return nil, errors.ErrUnsupported
	}
	ours, theirs := net.Pipe()
	select {
	case p.to.conns <- pipe{theirs}:
		p.to.mu.Lock()
		p.to.open = append(p.to.open, ours, theirs)
		p.to.mu.Unlock()
		return pipe{ours}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.to.closed:
		return nil, net.ErrClosed
	}
}

type pipe struct{ net.Conn }

func (pipe) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 7} }

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	mu     sync.Mutex
	open   []net.Conn
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 7} }

// cut ends all streams.
func (l *pipeListener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		c.Close()
	}
	l.open = nil
}

// TestUpgradeToQUIC: a link that had to begin by TCP moves to QUIC once
// datagrams pass, and back when they do not; nothing is lost or new.
func TestUpgradeToQUIC(t *testing.T) {
	for _, carElects := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, home, *seed, carElects)
			l := newPipeListener()
			w.car.net = pipes{memoryNetwork: w.car.net.(memoryNetwork), on: l}
			w.phone.net = pipes{memoryNetwork: w.phone.net.(memoryNetwork), to: l}
			w.net.BlackHole(true)
			w.up()
			defer w.stop()
			if got := w.phone.status(w.car).Transport; got != "tcp" {
				t.Fatalf("transport: got %q, want tcp", got)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			got := make(chan error, 1)
			go func() { got <- receiveNumbered(ctx, w.car, 600) }()
			var wg sync.WaitGroup
			defer wg.Wait()
			for class := range phonelink.Class(4) {
				wg.Go(func() { sendNumbered(ctx, t, w.phone, w.car, class, 600) }) // a minute
			}
			time.Sleep(2 * time.Second)
			w.net.BlackHole(false)
			isQUIC := func(s link.Status) bool { return linked(s) && s.Transport == "quic" }
			since := w.phone.status(w.car).Since
			w.phone.await(w.car, 20*time.Second, isQUIC)
			if s := w.phone.status(w.car); !s.Since.Equal(since) {
				t.Errorf("linked since %v, want %v: without a gap", s.Since, since)
			}
			w.car.await(w.phone, time.Second, isQUIC)
			if s := w.car.status(w.phone); s.Link != 1 {
				t.Errorf("got link %d, want the first", s.Link)
			}
			w.net.BlackHole(true)
			w.phone.await(w.car, 5*time.Second, func(s link.Status) bool { return linked(s) && s.Transport == "tcp" })
			l.cut()
			w.link(5 * time.Second)
			if err := <-got; err != nil {
				t.Error(err)
			}
		})
	}
}

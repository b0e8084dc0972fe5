package kdeconnect

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// linkFor is a link as after a handshake, with this certificate.
func linkFor(h *hub, id, key string) *link {
	l := &link{h: h, peer: identity{ID: id, Name: "phone", Kind: "phone", Version: 8}, device: device(id), leaf: &x509.Certificate{Raw: []byte(key)},
		queue: make(chan []byte, maxPackets), pen: make(chan struct{}, 1), retired: make(chan struct{}), stopped: make(chan struct{}), commands: make(chan pairWhat, 4)}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

// TestInstall is who may have a link after its handshake.
func TestInstall(t *testing.T) {
	full := func(h *hub, n int) {
		for range n {
			h.links[newID()] = &link{}
		}
	}
	shut := func(h *hub) { h.window = time.Time{} }
	for name, c := range map[string]struct {
		pinned, old string // keys; "": none
		hub         func(*hub)
		want        error
		trusted     bool
	}{
		"a stranger":                       {"", "", nil, nil, false},
		"the window closed meanwhile":      {"", "", shut, errWindow, false},
		"one too many":                     {"", "", func(h *hub) { full(h, maxStrangers) }, errLockedOut, false},
		"the last one":                     {"", "", func(h *hub) { full(h, maxStrangers-1) }, nil, false},
		"a stranger again":                 {"", "key", nil, nil, false},
		"again, when no more may":          {"", "key", func(h *hub) { full(h, maxStrangers) }, nil, false},
		"again, with another key":          {"", "other", nil, errImpostor, false},
		"paired":                           {"key", "", nil, nil, true},
		"paired, the window closed":        {"key", "", shut, nil, true},
		"paired, when no more may":         {"key", "", func(h *hub) { full(h, maxStrangers) }, nil, true},
		"paired meanwhile, by another key": {"other", "", nil, errImpostor, false},
		"paired, after a false stranger":   {"key", "other", nil, nil, true},
	} {
		h := deafHub(t)
		l := linkFor(h, goodID, "key")
		var before *link
		if c.old != "" {
			before = linkFor(h, goodID, c.old)
			h.links[goodID] = before
		}
		if c.pinned != "" {
			h.pinned[goodID] = pin{ID: goodID, Certificate: []byte(c.pinned), Version: 8}
		}
		if c.hub != nil {
			c.hub(h)
		}
		old, _, err := h.install(l)
		if !errors.Is(err, c.want) || c.want == nil && (err != nil || old != before || l.trusted.Load() != c.trusted) {
			t.Errorf("%s: got %p, %v, trusted %v; want %p, %v, %v", name, old, err, l.trusted.Load(), before, c.want, c.trusted)
		}
		if c.want == nil && before == nil && h.links[goodID] != l || c.want != nil && h.links[goodID] == l {
			t.Errorf("%s: registered %v", name, h.links[goodID] == l)
		}
	}
}

// TestSucceed puts one link into the place of another.
func TestSucceed(t *testing.T) {
	h := deafHub(t)
	old, l, late := linkFor(h, goodID, "key"), linkFor(h, goodID, "key"), linkFor(h, goodID, "key")
	h.links[goodID] = old
	for _, heir := range []*link{l, late} {
		if got, _, err := h.install(heir); got != old || err != nil {
			t.Fatal(got, err)
		}
	}
	old.unsent = []byte("first")
	for _, line := range [][]byte{[]byte("second"), nil, []byte("third")} {
		old.queue <- line
	}
	old.pair = pairState{Phase: agreed, Version: 8, Time: 7}
	if err := h.command(device(goodID), sayYes); err != nil {
		t.Fatal(err)
	}
	if done, _, err := h.succeed(l, old); !done || err != nil || h.links[goodID] != l {
		t.Fatalf("got %v, %v", done, err)
	}
	if h.unlink(old) {
		t.Error("the old link took the new one out")
	}
	for _, want := range []string{"first", "second", "third"} {
		if got := <-l.queue; string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if len(l.queue) != 0 || len(l.commands) != 1 || l.pair != old.pair {
		t.Errorf("got %d lines, %d decisions, %+v", len(l.queue), len(l.commands), l.pair)
	}
	if done, _, err := h.succeed(late, old); done || err != nil || h.links[goodID] != l {
		t.Errorf("the second heir: got %v, %v", done, err)
	}
	if old.heirs != 0 {
		t.Errorf("%d still wait for its place", old.heirs)
	}
	h.window = time.Time{}
	h.install(late)
	if _, _, err := h.install(linkFor(h, goodID, "key")); !errors.Is(err, errWindow) {
		t.Errorf("the window is closed: got %v", err)
	}
}

// TestOutlives is which of two links goes on, and that the old one may write
// again if it does.
func TestOutlives(t *testing.T) {
	h := deafHub(t)
	at := netip.MustParseAddrPort("10.0.0.7:1716")
	larger, smaller := "z"+h.self.ID[1:], "-"+h.self.ID[1:]
	for name, c := range map[string]struct {
		peer                  string
		called, before        bool
		elsewhere, gone, used bool
		fails                 error
		want                  bool
	}{
		"the old one has ended":          {peer: smaller, called: true, gone: true, want: true},
		"the new one is used":            {peer: smaller, called: true, used: true, want: true},
		"the new one has ended":          {peer: larger, called: true, fails: io.EOF, want: false},
		"from another address":           {peer: smaller, called: true, elsewhere: true, want: true},
		"the larger id called":           {peer: larger, called: true, want: true},
		"the smaller id called":          {peer: smaller, called: true, want: false},
		"the larger id was called":       {peer: smaller, before: true, want: true},
		"the smaller id was called":      {peer: larger, before: true, want: false},
		"the smaller id called twice":    {peer: smaller, called: true, before: true, want: true},
		"the larger id was called twice": {peer: larger, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			old, l := linkFor(h, c.peer, "key"), linkFor(h, c.peer, "key")
			a := watched(t)
			old.tcp, old.address, old.called, l.address, l.called = a, at, c.before, at, c.called
			l.peek = make(chan error, 1)
			if c.elsewhere {
				l.address = netip.MustParseAddrPort("10.0.0.8:1716")
			}
			if c.gone {
				close(old.stopped)
			}
			if c.used || c.fails != nil {
				l.peek <- c.fails
			}
			if got := l.outlives(old); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if c.elsewhere != (old.ctx.Err() != nil) {
				t.Errorf("the old one is cut: %v", old.ctx.Err())
			}
			if held := len(old.pen) == 1; held && !c.want {
				t.Error("the old link goes on and may not write")
			}
			if (c.used || c.fails != nil) && len(l.peek) != 1 {
				t.Error("the reader does not hear how the first read ended")
			}
		})
	}
}

// watched is one end of a connection whose other end answers.
func watched(t *testing.T) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); d.Close() })
	watchClosely(c.(*net.TCPConn))
	return c.(*net.TCPConn)
}

// TestOpening is what a caller says in clear: never more than it was sent.
func TestOpening(t *testing.T) {
	h := deafHub(t)
	h.c.Incoming = []string{"kdeconnect.ping"}
	say := func(version, credit int) []byte {
		return h.opening(target{peer: identity{ID: goodID, Version: version}, credit: credit})
	}
	full, short := len(say(7, -1)), len(say(8, -1))
	if !bytes.Contains(say(7, -1), []byte("kdeconnect.ping")) || bytes.Contains(say(8, -1), []byte("kdeconnect.ping")) || !bytes.Contains(say(8, -1), []byte(goodID)) {
		t.Errorf("got %s and %s", say(7, -1), say(8, -1))
	}
	for _, c := range []struct{ version, credit, want int }{
		{7, full, full}, {7, full - 1, short}, {7, short, short}, {7, short - 1, 0}, {7, 0, 0}, {8, short, short}, {8, short - 1, 0}, {8, 0, 0}, {8, 1 << 20, short},
	} {
		if got := len(say(c.version, c.credit)); got != c.want {
			t.Errorf("version %d, %d bytes to spend: got %d, want %d", c.version, c.credit, got, c.want)
		}
	}
}

// TestRefusalsAreToldNowAndThen: who is refused can do it as often as he likes.
func TestRefusalsAreToldNowAndThen(t *testing.T) {
	h := deafHub(t)
	h.ctx = t.Context()
	many := func(err error, id func() string, want int) {
		t.Helper()
		for range 30 {
			h.report(identity{ID: id(), Version: 6}, err)
		}
		if len(h.events) != want {
			t.Errorf("%v: told %d times, want %d", err, len(h.events), want)
		}
		for len(h.events) > 0 {
			<-h.events
		}
	}
	one := func() string { return goodID }
	many(errImpostor, one, 2)
	many(errDowngrade, one, 2)
	many(errVersion, one, 1)
	many(errVersion, newID, 9) // ten in all
	many(errWindow, newID, 0)
}

// TestSeen is what is kept of a paired device when it links.
func TestSeen(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.7:1716")
	for name, c := range map[string]struct {
		change func(l *link, p *pin)
		kept   bool
	}{
		"nothing new":   {func(*link, *pin) {}, false},
		"name":          {func(l *link, _ *pin) { l.peer.Name = "new" }, true},
		"kind":          {func(l *link, _ *pin) { l.peer.Kind = "tablet" }, true},
		"version":       {func(l *link, _ *pin) { l.peer.Version = 9 }, true},
		"older version": {func(l *link, _ *pin) { l.peer.Version = 7 }, false},
		"address":       {func(l *link, _ *pin) { l.address = netip.MustParseAddrPort("10.0.0.8:1716") }, true},
		"long ago":      {func(_ *link, p *pin) { p.Seen = time.Now().Add(-2 * time.Hour) }, true},
	} {
		h := deafHub(t)
		k := h.c.Keeper.(*memoryKeeper)
		l := linkFor(h, goodID, "key")
		l.address = at
		p := pin{ID: goodID, Name: "phone", Kind: "phone", Version: 8, Certificate: []byte("key"), Addresses: []netip.AddrPort{at}, Seen: time.Now()}
		c.change(l, &p)
		h.seen(l, p)
		got, kept := k.pin(goodID)
		if kept != c.kept || kept && (got.Name != l.peer.Name || got.Kind != l.peer.Kind || got.Version < 8 || got.Addresses[0] != l.address || !bytes.Equal(got.Certificate, p.Certificate) || time.Since(got.Seen) > time.Hour) {
			t.Errorf("%s: kept %v, %+v; want %v", name, kept, got, c.kept)
		}
	}
}

// TestSilentCallersDoNotHideAPhone: callers that say they are a paired phone, or
// anybody, and then nothing, do not keep the car from calling.
func TestSilentCallersDoNotHideAPhone(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := car.mark()
	phone.stop()
	await[downEvent](car, from, "end of the link", nil)
	car.openPairing(time.Now().Add(time.Minute))
	a := newAttacker(t, car)
	said := []identity{{ID: phone.self.ID, Name: "x", Kind: "phone", Version: 8}, a.identity(), a.identity()}
	said[2].ID = newID()
	for _, i := range said {
		c := a.dial()
		c.Write(i.line())
		c.Read(make([]byte, 1)) // the hello of TLS: the handshake is under way
	}
	car.hub.mu.Lock()
	coming, n := len(car.comings), 0
	for id := range car.calls {
		if id != phone.self.ID { // which the car itself may just be calling
			n++
		}
	}
	car.hub.mu.Unlock()
	if coming != len(said) || n != 0 {
		t.Errorf("%d handshakes under way, want %d; %d of them as calls, want none", coming, len(said), n)
	}
	startEnd(t, phone.keeper, phone.c)
	await[upEvent](car, from, "the phone", nil)
}

// TestPlacesAreGivenBack: a handshake's place is free when it is through, and
// free once when the link ends; a candidate is kept nowhere.
func TestPlacesAreGivenBack(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	places := func() (n int) {
		for _, e := range []*end{car, phone} {
			e.gate.mu.Lock()
			n += e.gate.now * e.gate.now
			e.gate.mu.Unlock()
		}
		return n
	}
	meet(t, car, phone)
	if pins, _ := car.keeper.pins(); len(pins) > 0 || len(car.paired()) > 0 {
		t.Errorf("a candidate is kept: %+v", pins)
	}
	a := car.mark()
	phone.stop()
	await(car, a, "end of the link", func(v candidateEvent) bool { return v.Gone })
	car.closePairing()
	if n := places(); n != 0 {
		t.Errorf("%d places are taken", n)
	}
}

package kdeconnect

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memoryKeeper keeps nothing on disk.
type memoryKeeper struct {
	mu   sync.Mutex
	self certificate
	list map[string]pin
}

func newMemoryKeeper(t testing.TB) *memoryKeeper {
	t.Helper()
	c, err := newCertificate(newID(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &memoryKeeper{self: c, list: make(map[string]pin)}
}

func (k *memoryKeeper) certificate() (certificate, error) { return k.self, nil }

func (k *memoryKeeper) pins() (out []pin, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.list {
		out = append(out, p)
	}
	return out, nil
}

func (k *memoryKeeper) put(p pin) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list[p.ID] = p
	return nil
}

func (k *memoryKeeper) remove(id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.list, id)
	return nil
}

func (k *memoryKeeper) pin(id string) (pin, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.list[id]
	return p, ok
}

// end is a running hub whose events are kept.
type end struct {
	*hub
	t      testing.TB
	keeper *memoryKeeper
	stop   func()

	mu   sync.Mutex
	list []event
	more chan struct{} // closed and replaced at each event
}

func startEnd(t testing.TB, k *memoryKeeper, c hubConfig) *end {
	t.Helper()
	c.Keeper = k
	h, err := newHub(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &end{hub: h, t: t, keeper: k, more: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- h.run(ctx) }()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case v := <-h.events:
				e.mu.Lock()
				e.list = append(e.list, v)
				close(e.more)
				e.more = make(chan struct{})
				e.mu.Unlock()
			case <-ctx.Done():
				return
			}
		}
	}()
	e.stop = sync.OnceFunc(func() {
		cancel()
		<-gone
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(e.stop)
	select {
	case <-h.up:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return e
}

// mark is a place in the list of events: await looks from there on.
func (e *end) mark() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.list)
}

// await waits for the first event of type E from the mark on that fits.
func await[E event](e *end, from int, what string, fits func(E) bool) E {
	e.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		e.mu.Lock()
		list, more := slices.Clone(e.list[from:]), e.more
		e.mu.Unlock()
		for _, v := range list {
			if v, ok := v.(E); ok && (fits == nil || fits(v)) {
				return v
			}
		}
		select {
		case <-more:
		case <-deadline:
			e.t.Fatalf("waited for %s; events: %+v", what, list)
		}
	}
}

// saw reports whether an event of type E is there from the mark on.
func saw[E event](e *end, from int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.list[from:], func(v event) bool { _, ok := v.(E); return ok })
}

func rigEnd(t *testing.T, r *Rig, k *memoryKeeper) *end {
	return startEnd(t, k, hubConfig{Name: "Tandem", AllowV7: true, Dir: t.TempDir(), Incoming: []string{"kdeconnect.ping", "kdeconnect.share.request"},
		Outgoing: []string{"kdeconnect.ping", "kdeconnect.share.request"}, Logger: testLogger(t)})
}

// pairFromCar pairs by a request from here; the codes must be equal.
func pairFromCar(t *testing.T, r *Rig, e *end) {
	t.Helper()
	from := e.mark()
	e.openPairing(time.Now().Add(2 * time.Minute))
	d := device(r.ID)
	await(e, from, "candidate", func(v candidateEvent) bool { return v.Device == d && !v.Gone })
	if err := e.requestPair(d); err != nil {
		t.Fatal(err)
	}
	ask := await(e, from, "code", func(v pairAskEvent) bool { return v.Device == d && v.Outgoing })
	r.Wait("request at the daemon", func() bool { return r.Get(e.self.ID, "", "hasPairingRequests") == true })
	rigCode(t, r, e, ask.Code)
	if err := e.confirm(d, true); err != nil {
		t.Fatal(err)
	}
	if err := r.Call(e.self.ID, "", "acceptPairing"); err != nil {
		t.Fatal(err)
	}
	if v := await(e, from, "pairing", func(v pairDoneEvent) bool { return v.Device == d }); v.Err != nil {
		t.Fatal(v.Err)
	}
	await(e, from, "link", func(v upEvent) bool { return v.Device == d })
	r.Wait("trust at the daemon", func() bool { return r.Get(e.self.ID, "", "isTrusted") == true })
}

// rigCode compares the code with the daemon's.
func rigCode(t *testing.T, r *Rig, e *end, code string) {
	t.Helper()
	var theirs []byte
	if err := r.Device(e.self.ID, "").Call("org.kde.kdeconnect.device.verificationKey", 0).Store(&theirs); err != nil {
		t.Fatal(err)
	}
	if len(theirs) < 8 || !strings.EqualFold(string(theirs[:8]), code) {
		t.Errorf("verification key: got %s, the daemon shows %s", code, theirs)
	}
}

func TestRigPairing(t *testing.T) {
	if !InRig(t) {
		return
	}
	r := NewRig(t)
	e := rigEnd(t, r, newMemoryKeeper(t))
	pairFromCar(t, r, e)
}

var _ = netip.Addr{}

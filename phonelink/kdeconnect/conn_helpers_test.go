package kdeconnect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
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

func testLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// keyByHand is the verification key of these bytes.
func keyByHand(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToUpper(hex.EncodeToString(sum[:])[:8])
}

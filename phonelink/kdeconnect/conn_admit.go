package kdeconnect

import (
	"net/netip"
	"sync"
	"time"
)

// Limits before authentication. They are small: a car has a handful of phones,
// and each place is held for a second or two at most.
const (
	maxHandshakes = 64 // at once
	keptForPaired = 16 // of these, only for addresses where a paired device was
	maxFromOne    = 8  // at once from one address
	burstFromOne  = 30 // handshakes from one address, then ratePerOne
	ratePerOne    = 5  // a second
	maxSources    = 4096
)

// admission says who may begin a handshake.
type admission struct {
	mu   sync.Mutex
	now  int
	from map[netip.Prefix]int
	rate *throttle
}

func newAdmission() *admission {
	return &admission{from: make(map[netip.Prefix]int), rate: newThrottle()}
}

// enter takes a place; leave must follow if it says yes.
func (a *admission) enter(now time.Time, from netip.Addr, known bool) bool {
	p := source(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	limit := maxHandshakes
	if !known {
		limit -= keptForPaired
	}
	if a.now >= limit || a.from[p] >= maxFromOne || !a.rate.allow(now, p.String(), ratePerOne, burstFromOne) {
		return false
	}
	a.now++
	a.from[p]++
	return true
}

func (a *admission) leave(from netip.Addr) {
	p := source(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now--
	if a.from[p]--; a.from[p] <= 0 {
		delete(a.from, p)
	}
}

// source is what counts as one sender: an IPv4 address, or an IPv6 network of
// 64 bits, within which one host may take any address (RFC 8981).
func source(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// throttle is token buckets by key, at most maxSources of them. When it is full
// of busy ones a new key is refused: the flood pays, not the memory.
type throttle struct {
	mu      sync.Mutex
	buckets map[string]fill
	swept   time.Time
}

type fill struct {
	tokens float64
	at     time.Time
}

func newThrottle() *throttle { return &throttle{buckets: make(map[string]fill)} }

// allow takes a token of the bucket of key, which fills with rate a second up to
// burst.
func (t *throttle) allow(now time.Time, key string, rate, burst float64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.buckets[key]
	if !ok {
		if len(t.buckets) >= maxSources && !t.sweepLocked(now) {
			return false
		}
		b = fill{tokens: burst, at: now}
	}
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.tokens, b.at = min(burst, b.tokens+d*rate), now
	}
	yes := b.tokens >= 1
	if yes {
		b.tokens--
	}
	t.buckets[key] = b
	return yes
}

// sweepLocked forgets the buckets that were not asked for a minute: they are
// full again.
func (t *throttle) sweepLocked(now time.Time) bool {
	if now.Sub(t.swept) < time.Second {
		return false
	}
	t.swept = now
	for k, b := range t.buckets {
		if now.Sub(b.at) > time.Minute {
			delete(t.buckets, k)
		}
	}
	return len(t.buckets) < maxSources
}

package link

import (
	"net/netip"
	"sync"
	"time"
)

// guard bounds what somebody who has proved nothing can cost: handshakes under
// way in all, and new ones from one source. A source is an IPv4 address or an
// IPv6 /64.
//
// The bucket of a source is full again after guardForget, so that forgetting it
// then gives nobody anything.
type guard struct {
	mu      sync.Mutex
	pending int
	sources map[netip.Prefix]*bucket
	friends map[netip.Addr]bool          // where peers have been: they are not kept out by a flood from elsewhere
	proved  map[netip.AddrPort]time.Time // addresses that answered a challenge, and until when that counts
}

type bucket struct {
	tokens  float64
	at      time.Time
	pending int
}

const (
	maxPending       = 64 // handshakes under way
	maxPendingSource = 16 // of one source
	guardRate        = 20 // new handshakes per second of one source
	guardBurst       = 40
	guardForget      = 2 * time.Second // guardBurst / guardRate
	maxSources       = 1024
	maxFriends       = 256
	maxProved        = 256
	provedFor        = time.Minute
)

func newGuard() *guard {
	return &guard{sources: map[netip.Prefix]*bucket{}, friends: map[netip.Addr]bool{}, proved: map[netip.AddrPort]time.Time{}}
}

func sourceOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

// admit counts one handshake in, or refuses it. What it admitted is given to
// release, once.
func (g *guard) admit(now time.Time, a netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	friend := g.friends[a.Unmap()]
	if g.pending >= maxPending && !friend {
		return false
	}
	b := g.sources[sourceOf(a)]
	if b == nil {
		if len(g.sources) >= maxSources && !friend && !g.forgetLocked(now) {
			return false
		}
		b = &bucket{tokens: guardBurst, at: now}
		g.sources[sourceOf(a)] = b
	}
	b.tokens = min(guardBurst, b.tokens+now.Sub(b.at).Seconds()*guardRate)
	b.at = now
	if b.tokens < 1 || b.pending >= maxPendingSource {
		return false
	}
	b.tokens--
	b.pending++
	g.pending++
	return true
}

// forgetLocked makes room for a source, if one has been quiet for long enough.
func (g *guard) forgetLocked(now time.Time) bool {
	for s, b := range g.sources {
		if b.pending == 0 && now.Sub(b.at) >= guardForget {
			delete(g.sources, s)
		}
	}
	return len(g.sources) < maxSources
}

func (g *guard) release(a netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending--
	if b := g.sources[sourceOf(a)]; b != nil {
		b.pending--
	}
}

// befriend notes that a peer is or was at a.
func (g *guard) befriend(a netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.friends) >= maxFriends {
		clear(g.friends) // those that matter come back with their next link
	}
	g.friends[a.Unmap()] = true
}

// prove notes that whoever is at a answers there: it needs no Retry (RFC 9000,
// 8.1) when it connects.
func (g *guard) prove(now time.Time, a netip.AddrPort) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.proved) >= maxProved {
		for p, until := range g.proved {
			if now.After(until) {
				delete(g.proved, p)
			}
		}
		if len(g.proved) >= maxProved {
			return
		}
	}
	g.proved[a] = now.Add(provedFor)
}

// isProved reports whether a answered a challenge not long ago.
func (g *guard) isProved(now time.Time, a netip.AddrPort) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return now.Before(g.proved[a])
}

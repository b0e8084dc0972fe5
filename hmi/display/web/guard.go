package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	cookieName  = "tandem_display"
	failBurst   = 10              // wrong tokens at once
	failRefill  = 5 * time.Second // then one every
	failTracked = 1024            // addresses; more share the last place
)

// guard decides who may see and touch the display.
type guard struct {
	token [sha256.Size]byte
	need  bool            // a token is needed
	local bool            // reachable by loopback names only
	hosts map[string]bool // further names, lower case

	mu    sync.Mutex
	fails map[netip.Addr]*bucket
}

// bucket counts what an address has left of its wrong tokens.
type bucket struct {
	used float64
	at   time.Time
}

func newGuard(token string, hosts []string, local bool) *guard {
	g := &guard{
		token: sha256.Sum256([]byte(token)), need: token != "", local: local,
		hosts: make(map[string]bool), fails: make(map[netip.Addr]*bucket),
	}
	for _, h := range hosts {
		g.hosts[strings.ToLower(h)] = true
	}
	return g
}

// hostOK reports whether the request asks for a host that is this display. A
// name of another site that resolves here is not; a bare address is, since
// nobody can make a foreign site's address ours.
func (g *guard) hostOK(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(host), "["), "]")
	if isLoopback(host) || g.hosts[host] && host != "" {
		return true
	}
	return !g.local && net.ParseIP(host) != nil
}

// originOK reports whether the page that opens the WebSocket is ours. A
// request without an Origin is no browser's.
func originOK(r *http.Request) bool {
	o := r.Header.Get("Origin")
	if o == "" {
		return true
	}
	u, err := url.Parse(o)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}

// verdict is what the guard says about a token.
type verdict int

const (
	denied  verdict = iota // no token
	wrong                  // not the token
	limited                // not looked at: too many wrong ones
	granted
)

// check looks at the token that the request brings, if one is needed.
func (g *guard) check(r *http.Request, token string, now time.Time) verdict {
	if !g.need {
		return granted
	}
	if token == "" {
		return denied
	}
	from := netip.Addr{}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		from = ap.Addr().Unmap()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.bucketLocked(from, now)
	if b.used > failBurst-1 {
		return limited
	}
	sum := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 {
		return granted
	}
	b.used++
	return wrong
}

func (g *guard) bucketLocked(from netip.Addr, now time.Time) *bucket {
	b := g.fails[from]
	if b == nil {
		if len(g.fails) >= failTracked {
			for a, old := range g.fails {
				if now.Sub(old.at) > failBurst*failRefill {
					delete(g.fails, a)
				}
			}
		}
		if len(g.fails) >= failTracked {
			from = netip.Addr{}
		}
		if b = g.fails[from]; b == nil {
			b = &bucket{at: now}
			g.fails[from] = b
		}
	}
	b.used = max(0, b.used-now.Sub(b.at).Seconds()/failRefill.Seconds())
	b.at = now
	return b
}

// cookie is the token that the browser has kept.
func cookie(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return c.Value
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// ownAddress is an address that others on the network may reach us by.
func ownAddress() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "localhost"
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return "localhost"
}

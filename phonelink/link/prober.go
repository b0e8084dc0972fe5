package link

import (
	"context"
	"crypto/rand"
	"net/netip"
	"sync"
	"time"
)

// nonces are those that we sent and that have not come back, oldest out.
type nonces struct {
	ring [32]sentNonce
	n    int
}

type sentNonce struct {
	nonce probeNonce
	at    time.Time
}

// probeWithin is how long an answer may take.
const probeWithin = 10 * time.Second

func (s *nonces) fresh(now time.Time) (out probeNonce) {
	rand.Read(out[:])
	out[0] |= 1 // never all zero
	s.ring[s.n%len(s.ring)] = sentNonce{out, now}
	s.n++
	return out
}

// spend reports whether a nonce is ours, once.
func (s *nonces) spend(n probeNonce, now time.Time) bool {
	for i := range s.ring {
		if e := s.ring[i]; e.nonce == n && e.nonce != (probeNonce{}) {
			s.ring[i] = sentNonce{}
			return now.Sub(e.at) < probeWithin
		}
	}
	return false
}

// probeBudget bounds the probes that are looked at, so that a flood of them
// costs no more than its packets.
type probeBudget struct {
	mu     sync.Mutex
	tokens float64
	at     time.Time
}

const probesPerSecond = 400

func (b *probeBudget) spend(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(probesPerSecond, b.tokens+now.Sub(b.at).Seconds()*probesPerSecond)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// ask sends a probe to where the peer may be.
func (p *peer) ask(a netip.AddrPort) {
	p.mu.Lock()
	n := p.asked.fresh(time.Now())
	p.mu.Unlock()
	p.sendProbe(probe{kind: probeAsk, nonce: n}, a)
}

func (p *peer) sendProbe(b probe, a netip.AddrPort) {
	p.hub.quic.WriteTo(b.encode(p.key, string(p.hub.cfg.Self.Device)), netUDP(a)) // lost is lost
}

// readProbes answers what comes on the socket and is not QUIC.
func (h *Hub) readProbes(ctx context.Context) {
	buf := make([]byte, 2048)
	for {
		n, from, err := h.quic.ReadNonQUICPacket(ctx, buf)
		if err != nil {
			return
		}
		now := time.Now()
		b, err := parseProbe(buf[:n])
		if err != nil || !h.asks.spend(now) {
			continue
		}
		for _, p := range h.all() {
			if verifyProbe(buf[:n], p.key, string(p.device)) {
				p.probed(b, addrPortOf(from), now)
				break
			}
		}
	}
}

// probed takes a probe that the peer made, perhaps long ago and sent again by
// somebody else: an address counts only once it has sent back a nonce.
func (p *peer) probed(b probe, from netip.AddrPort, now time.Time) {
	if p.mute.Load() {
		return
	}
	p.mu.Lock()
	known := b.kind != probeAsk && p.asked.spend(b.echo, now)
	var challenge probeNonce
	if b.kind == probeAsk {
		challenge = p.asked.fresh(now)
	}
	p.mu.Unlock()
	switch {
	case b.kind == probeAsk:
		p.sendProbe(probe{kind: probeAnswer, nonce: challenge, echo: b.nonce}, from)
	case !known:
	case b.kind == probeAnswer:
		p.hub.guard.prove(now, from)
		p.sendProbe(probe{kind: probeProof, echo: b.nonce}, from)
		p.tell(peerEvent{kind: peerHint, quiet: true, addr: from})
		p.try(peerEvent{kind: peerAnswered, addr: from})
	case b.kind == probeProof:
		p.hub.guard.prove(now, from)
		p.try(peerEvent{kind: peerProved, addr: from})
	}
}

// try posts an event unless the loop is busy: there will be another.
func (p *peer) try(e peerEvent) {
	select {
	case p.events <- e:
	default:
	}
}

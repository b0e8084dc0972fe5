package kdeconnect

import (
	"net"
	"net/netip"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

// Limits of what is heard. Datagrams cost an address nothing to fake.
const (
	heardRate  = 10 // datagrams a second from one address
	heardBurst = 20
	allRate    = 200 // from all that are not known
	allBurst   = 400
	againRate  = 2 // calls a second to one device, as stock peers limit it
	maxCalls   = 8 // to devices that are not paired, at once
	headers    = 28
)

// hearAll reads datagrams until the socket is closed. Nothing is ever answered
// by a datagram.
func (h *hub) hearAll() {
	buf := make([]byte, packet.MaxIdentity+1)
	for {
		n, from, err := h.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			if h.ctx.Err() != nil {
				return
			}
			continue // an ICMP error of something sent before
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		h.hear(time.Now(), buf[:n], from)
	}
}

// hear handles one datagram: who is there, and is it somebody to call?
func (h *hub) hear(now time.Time, data []byte, from netip.AddrPort) {
	if len(data) > packet.MaxIdentity || from.Addr().IsLoopback() && !h.c.Bind.IsLoopback() {
		return
	}
	known := h.knownAddress(from.Addr())
	if !h.hears.allow(now, "heard "+source(from.Addr()).String(), heardRate, heardBurst) || !known && !h.hears.allow(now, "heard", allRate, allBurst) {
		return
	}
	peer, err := parseIdentity(data)
	if err != nil || peer.ID == h.self.ID || peer.Port < firstPort || peer.Port > lastPort {
		return
	}
	if _, err := h.vet(peer); err != nil {
		if h.hears.allow(now, "report", 2, 10) {
			h.spawn(func() { h.report(peer, err) })
		}
		return
	}
	if h.linkedAt(peer.ID, from.Addr()) || !h.hears.allow(now, "call "+peer.ID, againRate, 2) {
		return
	}
	t := target{address: netip.AddrPortFrom(from.Addr(), peer.Port), peer: peer, credit: len(data) + headers}
	if h.provenAt(peer.ID, from.Addr()) {
		t.credit = -1
	}
	if !h.calledSoon() {
		h.callBack(t)
		return
	}
	h.spawn(func() {
		select {
		case <-time.After(callAfter):
		case <-h.ctx.Done():
		}
		if !h.linkedAt(peer.ID, from.Addr()) {
			h.callBack(t)
		}
	})
}

// calledSoon reports whether this device has just announced itself: then the
// other one is about to call, and two calls at once make stock peers and this
// one each drop the one that the other keeps.
func (h *hub) calledSoon() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.announced) < broadcastPace
}

// callBack calls a device that announced itself, unless it is being called or
// is calling.
func (h *hub) callBack(t target) {
	if !h.beginCall(t.peer.ID) {
		return
	}
	h.spawn(func() {
		defer h.count(t.peer.ID, -1)
		h.call(t)
	})
}

// linkedAt reports whether the device has a link to this address that works:
// its announcement tells nothing new.
func (h *hub) linkedAt(id string, a netip.Addr) bool {
	l := h.linkOf(device(id))
	if l == nil || l.address.Addr() != a {
		return false
	}
	late, ok := overdue(l.tcp)
	return ok && !late
}

// provenAt reports whether the device was authenticated at this address.
func (h *hub) provenAt(id string, a netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.pinned[id]
	return ok && hasAddress(p, a)
}

// beginCall counts a call to a device that announced itself. A paired one is
// called even if all places for others are taken.
func (h *hub) beginCall(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls[id] > 0 {
		return false
	}
	if _, ok := h.pinned[id]; !ok && len(h.calls) >= maxCalls {
		return false
	}
	h.calls[id]++
	return true
}

// zoned gives a link-local address the interface that it was seen on.
func zoned(a netip.Addr, index int) netip.Addr {
	if !a.Is6() || !a.IsLinkLocalUnicast() {
		return a
	}
	i, err := net.InterfaceByIndex(index)
	if err != nil {
		return netip.Addr{}
	}
	return a.WithZone(i.Name)
}

package kdeconnect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Ports of the protocol. UDP is always the first.
const (
	firstPort    = 1716 // TCP 1716 to 1764, the first that is free
	lastPort     = 1764
	firstPayload = 1739 // TCP 1739 to 1764
	lastPayload  = 1764
)

// wake tells the announcer why it should act now.
type wake struct {
	broadcast bool       // somebody is to be paired, or the network has changed
	network   bool       // the system says that something about the network has changed
	hint      netip.Addr // a device has just got this address
}

// Pace of announcing. A broadcast makes every phone in reach call back, so that
// there are few; absent phones are asked one by one, at their last addresses,
// because a dozing phone misses broadcasts and wakes for what is sent to it.
const (
	settle        = 100 * time.Millisecond // of a network that changes
	callAfter     = 200 * time.Millisecond // a datagram did not bring the phone: call it
	broadcastPace = time.Second            // between broadcasts: stock phones take one a second
	slowest       = 5 * time.Second        // between attempts at absent phones
	alonePeriod   = 30 * time.Second       // between broadcasts while nobody is linked
	windowPeriod  = 15 * time.Second       // between broadcasts while the window is open
	hintPace      = 5 * time.Second        // for one address
)

// run opens the sockets and works until ctx ends.
func (h *hub) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	h.ctx = ctx
	if err := h.listen(); err != nil {
		cancel()
		return err
	}
	if err := sweepParts(h.c.Dir); err != nil {
		h.log.Warn("remove unfinished files", "dir", h.c.Dir, "err", err)
	}
	h.mu.Lock()
	h.running = true
	h.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		h.udp.Close()
		h.tcp.Close()
	})
	h.spawn(h.accept)
	h.spawn(h.hearAll)
	h.spawn(func() { h.follow(ctx) })
	if h.c.MDNS {
		h.spawn(func() { h.respond(ctx) })
	}
	close(h.up)
	h.announce(ctx)
	cancel()
	h.mu.Lock()
	h.running = false
	h.mu.Unlock()
	stop()
	h.udp.Close()
	h.tcp.Close()
	h.group.Wait()
	return nil
}

// listen opens UDP 1716 and the first free TCP port of the range.
func (h *hub) listen() error {
	var err error
	if h.udp, err = listenUDP(h.ctx, h.c.Bind); err != nil {
		return fmt.Errorf("kdeconnect: UDP port %d: does another program keep it for itself? %w", firstPort, err)
	}
	for port := uint16(firstPort); port <= lastPort; port++ {
		var l *net.TCPListener
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.c.Bind, port)))
		if err == nil {
			h.tcp = l
			return nil
		}
	}
	h.udp.Close()
	return fmt.Errorf("kdeconnect: no TCP port from %d to %d is free: %w", firstPort, lastPort, err)
}

func listenUDP(ctx context.Context, bind netip.Addr) (*net.UDPConn, error) {
	host := ""
	if bind.IsValid() {
		host = bind.String()
	}
	c, err := (&net.ListenConfig{Control: shareAddress}).ListenPacket(ctx, "udp", net.JoinHostPort(host, strconv.Itoa(firstPort)))
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

// port is the TCP port in use.
func (h *hub) port() uint16 { return h.tcp.Addr().(*net.TCPAddr).AddrPort().Port() }

// wake hands the announcer a reason; one that finds no room is one too many.
func (h *hub) wake(w wake) {
	select {
	case h.wakes <- w:
	default:
	}
}

// announce is the announcer's loop.
func (h *hub) announce(ctx context.Context) {
	h.broadcast()
	last, tries, due := time.Now(), 0, false // due: a broadcast waits for its time
	network := networkNow()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-h.wakes:
			if w.hint.IsValid() {
				h.tryHint(w.hint)
				continue
			}
			if w = h.settled(ctx, w); w.network {
				select {
				case h.changed <- struct{}{}:
				default:
				}
				if now := networkNow(); now != network {
					network, w.broadcast = now, true
				}
			}
			due = w.broadcast || due
			tries = 0
		case <-timer.C:
		}
		absent, linked := h.absent()
		since, period := time.Since(last), h.broadcastPeriod(linked)
		if due && since >= broadcastPace || period > 0 && since >= period {
			h.broadcast()
			last, due, since = time.Now(), false, 0
		}
		for _, p := range absent {
			h.seek(ctx, p)
		}
		wait := pace(tries)
		if due {
			wait = min(wait, broadcastPace-since)
		}
		timer.Reset(wait)
		tries++
	}
}

// networkNow is what a broadcast depends on: which interfaces carry something,
// and this machine's addresses. Much else is told as a change of the network,
// such as each scan of a Wi-Fi interface, and a broadcast has every phone in
// reach make its link anew.
func networkNow() string {
	var b strings.Builder
	interfaces, _ := net.Interfaces() // none is a network, too
	for _, i := range interfaces {
		addrs, _ := i.Addrs()
		fmt.Fprintln(&b, i.Index, i.Name, i.Flags&(net.FlagUp|net.FlagRunning), addrs)
	}
	return b.String()
}

// pace is the wait after an attempt: 250 ms, doubled up to slowest; after two
// minutes without success three times that, because what is left then is a
// phone that is away, and whoever comes back says so.
func pace(tries int) time.Duration {
	if tries > 30 {
		return 3 * slowest
	}
	return min(slowest, 250*time.Millisecond<<min(tries, 8))
}

// settled gathers the wakes of a network that is still changing.
func (h *hub) settled(ctx context.Context, w wake) wake {
	if !w.broadcast && !w.network {
		return w
	}
	after := time.NewTimer(settle)
	defer after.Stop()
	for {
		select {
		case more := <-h.wakes:
			if more.hint.IsValid() {
				h.tryHint(more.hint)
			}
			w.network, w.broadcast = w.network || more.network, w.broadcast || more.broadcast
		case <-after.C:
			return w
		case <-ctx.Done():
			return w
		}
	}
}

// broadcastPeriod is how often to broadcast now; 0: not by itself.
func (h *hub) broadcastPeriod(linked int) time.Duration {
	switch {
	case h.windowOpen():
		return windowPeriod
	case linked == 0:
		return alonePeriod
	}
	return 0
}

// absent lists the paired devices that are not linked, and counts the linked.
func (h *hub) absent() (absent []pin, linked int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, p := range h.pinned {
		if h.links[id] != nil {
			linked++
		} else if h.calls[id] == 0 {
			absent = append(absent, p)
		}
	}
	return absent, linked
}

// datagram is the identity as UDP carries it. A peer of version 7 learns from
// it what the plugins can do; later ones learn that inside TLS, and it stays
// within one frame.
func (h *hub) datagram(version int) []byte {
	i := h.identity()
	i.Port = h.port()
	if version >= secureVersion {
		i.Incoming, i.Outgoing, i.padding = nil, nil, 200 // a peer may send no more back than it was sent
	}
	return i.line()
}

// broadcast announces on every interface that is up, and to fixed targets.
func (h *hub) broadcast() {
	version := ownVersion
	for _, p := range h.paired() {
		version = min(version, p.Version)
	}
	if h.c.AllowV7 {
		version = oldestVersion
	}
	line := h.datagram(version)
	h.mu.Lock()
	h.announced = time.Now()
	h.mu.Unlock()
	for _, a := range h.c.Targets {
		h.tell(line, a)
	}
	if h.c.Bind.IsValid() && h.c.Bind.IsLoopback() {
		return
	}
	to, err := broadcastAddresses()
	if err != nil {
		h.log.Warn("list interfaces", "err", err)
	}
	for _, a := range to {
		h.tell(line, a)
	}
	if h.c.MDNS {
		h.spawn(func() { h.browse(h.ctx) })
	}
}

func (h *hub) tell(line []byte, a netip.Addr) {
	if _, err := h.udp.WriteToUDPAddrPort(line, netip.AddrPortFrom(a, firstPort)); err != nil && !errors.Is(err, net.ErrClosed) {
		h.log.Debug("announce", "to", a, "err", err)
	}
}

// broadcastAddresses lists the IPv4 broadcast address of each network on an
// interface that is up.
func broadcastAddresses() ([]netip.Addr, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagBroadcast == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addrs {
			n, ok := a.(*net.IPNet)
			if !ok || n.IP.To4() == nil || len(n.Mask) != 4 {
				continue
			}
			ip := n.IP.To4()
			var b [4]byte
			for k := range b {
				b[k] = ip[k] | ^n.Mask[k]
			}
			if ones, _ := n.Mask.Size(); ones < 31 { // RFC 3021: no broadcast on these
				out = append(out, netip.AddrFrom4(b))
			}
		}
	}
	return out, nil
}

// seek tries to reach an absent device where it was: a datagram, and if that
// does not bring it, a call. Version 7 is not called: it would not say who it
// is.
func (h *hub) seek(ctx context.Context, p pin) {
	line := h.datagram(p.Version)
	for _, a := range p.Addresses {
		h.tell(line, a.Addr())
	}
	if p.Version < secureVersion {
		return
	}
	peer := identity{ID: p.ID, Name: p.Name, Kind: p.Kind, Version: p.Version}
	for _, a := range p.Addresses {
		peer.Port = a.Port()
		t := target{address: a, peer: peer, credit: -1}
		h.spawn(func() {
			select {
			case <-time.After(callAfter):
			case <-ctx.Done():
				return
			}
			if h.begin(p.ID) {
				defer h.count(p.ID, -1)
				h.call(t)
			}
		})
	}
}

// begin counts a handshake with an absent device, if there is none yet.
func (h *hub) begin(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.links[id] != nil || h.calls[id] > 0 {
		return false
	}
	h.calls[id]++
	return true
}

// tryHint tells a device that has just got this address who is here, if
// somebody is missed. Nobody can make this device send more of these than the
// throttle lets through, however many addresses there are.
func (h *hub) tryHint(a netip.Addr) {
	a = a.Unmap()
	absent, _ := h.absent()
	if len(absent) == 0 && !h.windowOpen() || a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() && !h.c.Bind.IsLoopback() {
		return
	}
	now := time.Now()
	if !h.hears.allow(now, "hint "+a.String(), 1/hintPace.Seconds(), 1) || !h.hears.allow(now, "hints", 2, 10) {
		return
	}
	version := ownVersion
	for _, p := range absent {
		version = min(version, p.Version)
	}
	if h.windowOpen() && h.c.AllowV7 {
		version = oldestVersion
	}
	h.tell(h.datagram(version), a)
}

// onLink reports whether a is in a network of one of this machine's interfaces.
func onLink(a netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, i := range addrs {
		if n, ok := i.(*net.IPNet); ok && n.Contains(a.WithZone("").AsSlice()) {
			return true
		}
	}
	return false
}

package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
	"tandem/phonelink/trust"
)

// pairings are the strangers that ask to be paired while the screen is open.
type pairings struct {
	mu    sync.Mutex
	shown bool // a window was opened and its end was not told yet
	tries []*try
}

// try is one of them.
type try struct {
	phonelink.Candidate
	answer chan bool
	end    context.CancelFunc
}

func (p *pairings) opened() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown
}

func (p *pairings) show(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = on
	if on {
		return
	}
	for _, t := range p.tries {
		t.end()
	}
}

// candidates are the tries as a shell shows them.
func (p *pairings) candidates() (out []phonelink.Candidate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tries {
		out = append(out, t.Candidate)
	}
	return out
}

func (p *pairings) add(t *try) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries = append(p.tries, t)
}

func (p *pairings) remove(t *try) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries = slices.DeleteFunc(p.tries, func(o *try) bool { return o == t })
}

func (p *pairings) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// confirm gives a try that shows its code a person's answer.
func (p *pairings) confirm(d phonelink.Device, yes bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tries {
		if t.Device == d && t.Code != "" {
			select {
			case t.answer <- yes:
			default: // it was answered
			}
			return true
		}
	}
	return false
}

// pairingRequest is about the pairing screen and who is paired: only while the
// car is parked.
func (l *loop) pairingRequest(ctx context.Context, r phonelink.Request, reply chan<- error) {
	if _, closing := r.(phonelink.ClosePairing); !closing && !l.cond.Parked {
		reply <- refuse(phonelink.RefusedMoving, "only while the car is parked")
		return
	}
	switch r := r.(type) {
	case phonelink.OpenPairing:
		l.openPairing(ctx, reply)
	case phonelink.ClosePairing:
		l.closePairing()
		reply <- nil
	case phonelink.Confirm:
		if l.n.pairings.confirm(r.Device, r.Accept) {
			reply <- nil
			return
		}
		l.toAdapters(ctx, r, r.Device, reply)
	case phonelink.Unpair:
		l.unpair(ctx, r, reply)
	default:
		l.toAdapters(ctx, r, deviceOf(r), reply)
	}
}

func (l *loop) openPairing(ctx context.Context, reply chan<- error) {
	if l.profile == phonelink.Valet || l.room == nil {
		reply <- l.closed()
		return
	}
	l.n.gate.Open()
	l.n.pairings.show(true)
	l.dirty, l.urgent = true, true
	l.tellAdapters(ctx, phonelink.OpenPairing{}, nil, reply)
}

// closePairing closes the screen: it was left, the time is over, a phone was
// paired, the car moves, or another person drives.
func (l *loop) closePairing() {
	if !l.n.pairings.opened() {
		return
	}
	l.n.gate.Close()
	l.n.pairings.show(false)
	l.dirty, l.urgent = true, true
	l.tellAdapters(l.ctx, phonelink.ClosePairing{}, nil, make(chan error, 1))
}

// pairing is the screen as a shell shows it; nil: closed.
func (l *loop) pairing() *phonelink.Pairing {
	w, open := l.n.gate.Window()
	if !open {
		return nil
	}
	p := &phonelink.Pairing{Until: w.Until, Tries: l.n.pairings.candidates()}
	text, err := trust.QRText(l.n.invitation(w))
	if err != nil {
		l.log.Error("there is no code to scan", "error", err)
	}
	p.QR = text
	for _, v := range l.views {
		if v != nil && v.Pairing != nil {
			p.Tries = append(p.Tries, v.Pairing.Tries...)
		}
	}
	return p
}

// invitation is what the code on the screen says.
func (n *Node) invitation(w trust.Window) trust.Invitation {
	v := trust.Invitation{Key: sha256.Sum256(n.self.SPKI), Secret: w.Secret, Port: n.hub.Addr().Port(), Name: n.c.Name}
	if a := n.hub.Addr().Addr(); a.IsValid() && !a.IsUnspecified() {
		v.Addresses = []netip.Addr{a.Unmap()}
		return v
	}
	var network link.Network = link.System{}
	if n.c.Network != nil {
		network = n.c.Network
	}
	for _, a := range network.Addresses() {
		if a = a.Unmap(); a.Zone() == "" && !a.IsLinkLocalUnicast() && len(v.Addresses) < 8 {
			v.Addresses = append(v.Addresses, a)
		}
	}
	return v
}

// unpair forgets a peer and destroys its key. If it was the last way into the
// profile, the contents go with it.
func (l *loop) unpair(ctx context.Context, r phonelink.Unpair, reply chan<- error) {
	if l.isAdapters(r.Device) {
		l.toAdapters(ctx, r, r.Device, reply)
		return
	}
	l.flush()
	err := l.n.store.Remove(l.profile, r.Device)
	if errors.Is(err, trust.ErrUnknown) {
		reply <- refuse(phonelink.RefusedUnknown, "no such phone is paired with this profile")
		return
	}
	if err != nil {
		reply <- fmt.Errorf("unpair: it may have happened: %w", err)
		return
	}
	if vault, err := l.n.store.Vault(l.profile); l.room != nil && (err != nil || vault.ID() != l.room.key) {
		l.closeRoom()
		l.open()
	}
	l.peersChanged()
	reply <- nil
}

func (n *Node) pairingOpen() bool {
	_, open := n.gate.Window()
	return open
}

// stranger pairs with somebody who came to the open screen.
func (n *Node) stranger(ctx context.Context, s link.Stranger) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, open := n.gate.Window()
	if !open || bytes.Equal(s.SPKI, n.self.SPKI) {
		s.Conn.Close()
		return
	}
	t := &try{Candidate: phonelink.Candidate{Device: phonelink.DeviceOf(s.SPKI)}, answer: make(chan bool, 1), end: cancel}
	shown := false
	c := trust.PairConfig{
		Conn: s.Conn, Exporter: s.Exporter, Self: n.self.SPKI, Peer: s.SPKI, Role: trust.RoleCar, Secret: w.Secret[:],
		Name: n.c.Name, Model: n.c.Model,
		Admit: func(m trust.Mode) error { return n.admit(ctx, m, w.Secret) },
		Met: func(name, model string) {
			t.Name, shown = name, true
			n.pairings.add(t)
			n.repaint(ctx)
		},
		Compare: func(ctx context.Context, code string) bool {
			n.pairings.change(func() { t.Code = code })
			n.repaint(ctx)
			select {
			case yes := <-t.answer:
				return yes
			case <-ctx.Done():
				return false
			}
		},
		Save: func(r trust.PairResult) error { return n.complete(ctx, r, s.Addr) },
	}
	_, err := trust.Pair(ctx, c)
	if err != nil {
		n.log.Info("pairing ended", "with", t.Device, "address", s.Addr, "error", err)
	}
	if shown {
		n.pairings.remove(t)
		n.repaint(ctx)
	}
}

// admit lets a stranger in if the screen is open and the car still parked.
func (n *Node) admit(ctx context.Context, m trust.Mode, secret [16]byte) error {
	err := n.call(ctx, func(l *loop) error {
		l.look(time.Now())
		if !l.cond.Parked || l.room == nil {
			return trust.ErrClosed
		}
		return nil
	})
	if err != nil {
		return err
	}
	if m == trust.ModeQR {
		return n.gate.Claim(secret)
	}
	return n.gate.Digits()
}

// repaint shows a new View.
func (n *Node) repaint(ctx context.Context) {
	n.post(ctx, func(l *loop) { l.dirty, l.urgent = true, true })
}

// complete keeps a new peer. At the car's end the screen closes.
func (n *Node) complete(ctx context.Context, r trust.PairResult, addr netip.AddrPort) error {
	return n.call(ctx, func(l *loop) error {
		if r.Role == trust.RoleCar {
			l.look(time.Now())
			if _, open := n.gate.Window(); !open || !l.cond.Parked {
				return trust.ErrClosed // a yes in the moment after the screen's time
			}
		} else {
			r.Peer.Addresses = []netip.AddrPort{addr}
		}
		if err := n.store.Complete(l.profile, r); err != nil {
			return err
		}
		n.log.Info("paired", "with", r.Peer.Device, "name", r.Peer.Name, "profile", l.profile)
		if r.Role == trust.RoleCar {
			// The pairing that asks is among the tries: it ends by itself.
			n.pairings.change(func() {
				n.pairings.tries = slices.DeleteFunc(n.pairings.tries, func(t *try) bool { return t.Device == r.Peer.Device })
			})
			l.closePairing()
		}
		l.peersChanged()
		return nil
	})
}

// PairWith pairs with the device whose screen shows a code with this text, and
// returns when both have kept each other.
func (n *Node) PairWith(ctx context.Context, qrText string) error {
	v, err := trust.ParseQR(strings.TrimSpace(qrText))
	if err != nil {
		return refuse(phonelink.RefusedPairing, err.Error())
	}
	var errs []error
	for _, a := range v.Addresses {
		at := netip.AddrPortFrom(a, v.Port)
		err := n.pair(ctx, at, v.Match, v.Secret[:], nil)
		var refused *phonelink.Refusal
		if err == nil || errors.As(err, &refused) {
			return err
		}
		errs = append(errs, fmt.Errorf("%s: %w", at, err))
	}
	return fmt.Errorf("pair with %s: is it in reach, and its pairing screen still open?: %w", v.Name, errors.Join(errs...))
}

// PairCode pairs with the device at HOST:PORT by six digits that a person
// compares: compare says whether they are the same on both.
func (n *Node) PairCode(ctx context.Context, addr string, compare func(code string) bool) error {
	ips, port, err := resolve(ctx, addr)
	if err != nil {
		return fmt.Errorf("pair with %s: %w; want HOST:PORT as the pairing screen shows it", addr, err)
	}
	var errs []error
	for _, ip := range ips {
		err := n.pair(ctx, netip.AddrPortFrom(ip, port), func([]byte) error { return nil }, nil, compare)
		var refused *phonelink.Refusal
		if err == nil || errors.As(err, &refused) {
			return err
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("pair with %s: is it in reach, and its pairing screen open?: %w", addr, errors.Join(errs...))
}

func resolve(ctx context.Context, addr string) ([]netip.Addr, uint16, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, 0, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, 0, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips, uint16(number), err
}

// pair is the phone's side of a pairing. An error that is a *phonelink.Refusal
// would be the same at another address.
func (n *Node) pair(ctx context.Context, at netip.AddrPort, verify func([]byte) error, secret []byte, compare func(string) bool) error {
	s, err := n.hub.Dial(ctx, at, verify)
	if err != nil {
		return err
	}
	c := trust.PairConfig{
		Conn: s.Conn, Exporter: s.Exporter, Self: n.self.SPKI, Peer: s.SPKI, Role: trust.RolePhone, Secret: secret,
		Name: n.c.Name, Model: n.c.Model,
		Save: func(r trust.PairResult) error { return n.complete(ctx, r, at) },
	}
	if compare != nil {
		c.Compare = func(_ context.Context, code string) bool { return compare(code) }
	}
	r, err := trust.Pair(ctx, c)
	if err != nil {
		return pairRefusal(err)
	}
	n.hub.Hint(r.Peer.Device, at)
	return nil
}

// pairRefusal says to a person why a pairing ended.
func pairRefusal(err error) error {
	for _, known := range []struct {
		err  error
		text string
	}{
		{trust.ErrClosed, "the pairing screen of the car is not open; it must be parked"},
		{trust.ErrUsed, "this code was used already; open the pairing screen again"},
		{trust.ErrOften, "another phone tried just now; wait ten seconds"},
		{trust.ErrProof, "the code on the screen is another one; scan it again"},
		{trust.ErrDeclined, "the codes were not confirmed on both sides"},
		{trust.ErrVersion, "the other side speaks another version; update the older one"},
		{trust.ErrCommitment, "somebody is between the two devices; do not pair here"},
		{trust.ErrReflected, "this device cannot be paired with itself"},
		{trust.ErrRefused, "the other side refused"},
	} {
		if errors.Is(err, known.err) {
			return refuse(phonelink.RefusedPairing, known.text)
		}
	}
	return err
}

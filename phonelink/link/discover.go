package link

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/discover"
)

// Discovery by multicast DNS (RFC 6762, 6763). Who listens learns that there is
// a Tandem device, not which: the names and the text are random, made anew each
// time that the network changes, and only somebody who knows the device's id
// finds it in the text.
//
//	tandem-SALT._tandem._udp.local  TXT  v=1  s=SALT  h=HASH
//
// SALT is 8 random bytes in hexadecimal; HASH the first 8 bytes, in
// hexadecimal, of SHA-256("tandem mdns 1" || salt || device id).
const (
	serviceType  = "_tandem._udp"
	browseWithin = 8 * time.Second
	browseEvery  = 20 * time.Second
)

func announced(salt [8]byte, d phonelink.Device) [8]byte {
	sum := sha256.Sum256(append(append([]byte("tandem mdns 1"), salt[:]...), d...))
	return [8]byte(sum[:8])
}

// announcement is the text of our own record.
func announcement(salt [8]byte, d phonelink.Device) map[string]string {
	h := announced(salt, d)
	return map[string]string{"v": strconv.Itoa(version), "s": hex.EncodeToString(salt[:]), "h": hex.EncodeToString(h[:])}
}

// isAnnouncement reports whether a text is a device's.
func isAnnouncement(text map[string]string, d phonelink.Device) bool {
	salt, err := hex.DecodeString(text["s"])
	if err != nil || len(salt) != 8 {
		return false
	}
	hash, err := hex.DecodeString(text["h"])
	if err != nil || len(hash) != 8 {
		return false
	}
	want := announced([8]byte(salt), d)
	return subtle.ConstantTimeCompare(hash, want[:]) == 1
}

// discover announces this device, under a new name after each change of the
// network, and looks for the peers that are not linked.
func (h *Hub) discover(ctx context.Context) {
	for ctx.Err() == nil {
		sub, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.announce(sub)
		}()
		h.lookout(ctx)
		cancel()
		<-done
	}
}

// lookout looks for peers until the network changes.
func (h *Hub) lookout(ctx context.Context) {
	for {
		if h.searching() {
			h.browse(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-h.changed:
			return
		case <-time.After(browseEvery):
		}
	}
}

// searching reports whether any peer is not linked.
func (h *Hub) searching() bool {
	for _, p := range h.all() {
		if h.status.get(p.device).State != phonelink.Linked {
			return true
		}
	}
	return false
}

// announce answers questions until ctx ends.
func (h *Hub) announce(ctx context.Context) {
	var salt [8]byte
	rand.Read(salt[:])
	name := "tandem-" + hex.EncodeToString(salt[:])
	for ctx.Err() == nil {
		err := h.respond(ctx, name, announcement(salt, h.cfg.Self.Device))
		if ctx.Err() != nil {
			return
		}
		h.log.Debug("announce by mDNS", "error", err) // no multicast interface yet, most likely
		select {
		case <-ctx.Done():
		case <-time.After(browseEvery):
		}
	}
}

func (h *Hub) respond(ctx context.Context, name string, text map[string]string) error {
	return discover.Announce(ctx, discover.Service{Instance: name, Type: serviceType, Host: name, Port: h.Addr().Port(), Text: text})
}

// browse asks once who is there, and listens for a while.
func (h *Hub) browse(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, browseWithin)
	defer cancel()
	if err := discover.Browse(ctx, serviceType, h.found); err != nil {
		h.log.Debug("look for peers by mDNS", "error", err)
	}
}

// found is a device that announces itself.
func (h *Hub) found(f discover.Found) {
	if f.Addr.Addr().IsLinkLocalUnicast() {
		return
	}
	for _, p := range h.all() {
		if isAnnouncement(f.Text, p.device) {
			p.try(peerEvent{kind: peerHint, addr: f.Addr})
		}
	}
}

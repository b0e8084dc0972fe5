package kdeconnect

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/brutella/dnssd" // responder and browser of DNS-SD (RFC 6763)
)

// service is the name of the protocol in DNS-SD.
const service = "_kdeconnect._udp"

// Times of DNS-SD.
const (
	browseFor  = 3 * time.Second  // after a broadcast; its cache ends with it
	againAfter = 10 * time.Second // a responder that has failed
)

// respond announces this device by DNS-SD until ctx ends.
func (h *hub) respond(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.respondOnce(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("announce by mDNS", "err", err)
		}
		select {
		case <-time.After(againAfter): // no interface yet, say
		case <-ctx.Done():
		}
	}
}

func (h *hub) respondOnce(ctx context.Context) error {
	s, err := dnssd.NewService(dnssd.Config{Name: h.self.ID, Type: service, Host: h.self.ID, Port: firstPort,
		Text: map[string]string{"id": h.self.ID, "name": h.c.Name, "type": h.identity().Kind, "protocol": "8"}})
	if err != nil {
		return err
	}
	r, err := dnssd.NewResponder()
	if err != nil {
		return err
	}
	if _, err := r.Add(s); err != nil {
		return err
	}
	return r.Respond(ctx)
}

// browse asks once who is there, and tells each whom it may call. Answers are
// as easy to fake as datagrams: only neighbours are told, at the pace of hints.
func (h *hub) browse(ctx context.Context) {
	if !h.hears.allow(time.Now(), "browse", 1/browseFor.Seconds(), 1) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, browseFor)
	defer cancel()
	found := func(e dnssd.BrowseEntry) {
		if strings.EqualFold(e.Name, h.self.ID) || !validID(e.Name) {
			return
		}
		for _, ip := range e.IPs {
			if a, ok := netip.AddrFromSlice(ip); ok && onLink(a.Unmap()) {
				h.hint(a.Unmap())
			}
		}
	}
	if err := dnssd.LookupType(ctx, service+".local.", found, func(dnssd.BrowseEntry) {}); err != nil && ctx.Err() == nil {
		h.log.Debug("browse by mDNS", "err", err)
	}
}

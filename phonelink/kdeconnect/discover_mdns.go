package kdeconnect

import (
	"context"
	"strings"
	"time"

	"tandem/phonelink/discover"
)

// service is the name of the protocol in DNS-SD.
const service = "_kdeconnect._udp"

// Times of DNS-SD.
const (
	browseFor  = 3 * time.Second  // after a broadcast; its cache ends with it
	againAfter = 10 * time.Second // a responder that has failed
)

// respond announces this device by DNS-SD until ctx ends, anew on the
// interfaces that are up after each change of the network.
func (h *hub) respond(ctx context.Context) {
	for ctx.Err() == nil {
		during, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		h.spawn(func() { ended <- h.respondOnce(during) })
		select {
		case <-h.changed:
			cancel()
			<-ended
			continue
		case <-ctx.Done():
		case err := <-ended: // no interface yet, say
			h.log.Info("announce by mDNS", "err", err) // most likely no interface that can multicast
			select {
			case <-time.After(againAfter):
			case <-h.changed:
			case <-ctx.Done():
			}
		}
		cancel()
	}
}

func (h *hub) respondOnce(ctx context.Context) error {
	return discover.Announce(ctx, discover.Service{Instance: h.self.ID, Type: service, Host: h.self.ID, Port: firstPort,
		Text: map[string]string{"id": h.self.ID, "name": h.c.Name, "type": h.identity().Kind, "protocol": "8"}})
}

// browse asks once who is there, and tells each whom it may call. Answers are
// as easy to fake as datagrams: only neighbours are told, at the pace of hints.
func (h *hub) browse(ctx context.Context) {
	if !h.hears.allow(time.Now(), "browse", 1/browseFor.Seconds(), 1) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, browseFor)
	defer cancel()
	found := func(f discover.Found) {
		if !strings.EqualFold(f.Instance, h.self.ID) && validID(f.Instance) && onLink(f.Addr.Addr()) {
			h.hint(f.Addr.Addr())
		}
	}
	if err := discover.Browse(ctx, service, found); err != nil {
		h.log.Debug("browse by mDNS", "err", err)
	}
}

//go:build !linux

package kdeconnect

import (
	"context"
	"net"
	"slices"
	"time"
)

// follow wakes the announcer when the addresses of this machine change: asked
// for every two seconds, because each system tells it differently.
func (h *hub) follow(ctx context.Context) {
	list := func() (out []string) {
		addrs, _ := net.InterfaceAddrs()
		for _, a := range addrs {
			out = append(out, a.String())
		}
		slices.Sort(out)
		return out
	}
	before := list()
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if now := list(); !slices.Equal(now, before) {
			before = now
			h.wake(wake{network: true})
		}
	}
}

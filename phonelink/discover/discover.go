// Package discover announces and finds services on the local network by
// multicast DNS (RFC 6762) and DNS-SD (RFC 6763). It knows no protocol of
// ours: who announces what, and what an entry means, is its caller's.
//
// The wire is pion/mdns's: it ends every goroutine that it starts, where
// brutella/dnssd leaves some behind at each end of a search.
package discover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/mdns/v2"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Service is what to announce. Instance and Host are at most 63 bytes; Host is
// a name without domain.
type Service struct {
	Instance string
	Type     string // "_tandem._udp"
	Host     string
	Port     uint16
	Text     map[string]string // RFC 6763, 6
}

// Found is a service that somebody announces. Whoever is on the network can
// claim anything in it.
type Found struct {
	Instance string
	Addr     netip.AddrPort
	Text     map[string]string
}

// Announce answers for a service until ctx ends, on the interfaces that are up
// now: who calls it again when they change is found on the new ones too.
func Announce(ctx context.Context, s Service) error {
	c, err := open(mdns.WithLocalNames(s.Host + ".local"))
	if err != nil {
		return fmt.Errorf("announce %s: %w", s.Type, err)
	}
	var text []mdns.TXTEntry
	for _, k := range slices.Sorted(maps.Keys(s.Text)) {
		text = append(text, mdns.NewTXTString(k, s.Text[k]))
	}
	err = c.Register(mdns.ServiceInstance{Instance: s.Instance, Service: s.Type, Host: s.Host + ".local.", Port: s.Port, Text: text})
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, c.Close())
}

// Browse asks for a type of service until ctx ends, and tells of each instance
// once for each address and change. found is called by one goroutine at a time
// and must not block; none is running when Browse returns.
func Browse(ctx context.Context, kind string, found func(Found)) error {
	c, err := open()
	if err != nil {
		return fmt.Errorf("browse %s: %w", kind, err)
	}
	c.OnServiceDiscovered(func(e mdns.ServiceEvent) {
		text := map[string]string{}
		for _, t := range e.Instance.Text {
			text[t.Key] = string(t.Value)
		}
		if e.Addr.IsValid() && e.Instance.Port != 0 && ctx.Err() == nil {
			found(Found{Instance: e.Instance.Instance, Addr: netip.AddrPortFrom(e.Addr.Unmap(), e.Instance.Port), Text: text})
		}
	})
	err = c.Browse(ctx, kind)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, c.Close())
}

// open makes a peer of multicast DNS on all interfaces, IPv4 and IPv6 as the
// machine has them.
func open(opts ...mdns.ServerOption) (*mdns.Conn, error) {
	var v4 *ipv4.PacketConn
	var v6 *ipv6.PacketConn
	l4, err4 := listen("udp4", mdns.DefaultAddressIPv4)
	if err4 == nil {
		v4 = ipv4.NewPacketConn(l4)
	}
	l6, err6 := listen("udp6", mdns.DefaultAddressIPv6)
	if err6 == nil {
		v6 = ipv6.NewPacketConn(l6)
	}
	if v4 == nil && v6 == nil {
		return nil, errors.Join(err4, err6)
	}
	c, err := mdns.NewServer(v4, v6, opts...)
	if err != nil {
		for _, l := range []*net.UDPConn{l4, l6} {
			if l != nil {
				_ = l.Close()
			}
		}
		return nil, err
	}
	return c, nil
}

func listen(network, address string) (*net.UDPConn, error) {
	a, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, err
	}
	return net.ListenUDP(network, a)
}

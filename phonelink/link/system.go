package link

import (
	"context"
	"net"
	"net/netip"
)

// System is the network of the operating system.
type System struct{}

// ListenPacket opens a UDP socket.
func (System) ListenPacket(address string) (net.PacketConn, error) {
	return net.ListenPacket("udp", address)
}

// Listen opens a TCP socket.
func (System) Listen(address string) (net.Listener, error) {
	return net.Listen("tcp", address)
}

// DialStream connects by TCP.
func (System) DialStream(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", a.String())
}

// Addresses are those of all interfaces, without loopback and link-local ones.
func (System) Addresses() []netip.Addr {
	var out []netip.Addr
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			ip, _ := netip.AddrFromSlice(n.IP)
			if ip = ip.Unmap(); ip.IsGlobalUnicast() {
				out = append(out, ip)
			}
		}
	}
	return out
}

func netUDP(a netip.AddrPort) *net.UDPAddr { return net.UDPAddrFromAddrPort(a) }

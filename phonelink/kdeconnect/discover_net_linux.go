package kdeconnect

import (
	"context"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// follow wakes the announcer when the network changes (rtnetlink(7)): links and
// addresses of this machine, and neighbours that turn up. A neighbour is how
// this machine, as access point, first sees a phone that has just associated
// and got its lease.
func (h *hub) follow(ctx context.Context) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		h.log.Warn("follow the network", "err", err)
		return
	}
	defer unix.Close(fd)
	const groups = 1<<(unix.RTNLGRP_LINK-1) | 1<<(unix.RTNLGRP_NEIGH-1) | 1<<(unix.RTNLGRP_IPV4_IFADDR-1) | 1<<(unix.RTNLGRP_IPV6_IFADDR-1)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		h.log.Warn("follow the network", "err", err)
		return
	}
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		h.log.Warn("follow the network", "err", err)
		return
	}
	defer unix.Close(stop)
	after := context.AfterFunc(ctx, func() { unix.Write(stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) })
	defer after()
	buf := make([]byte, 32<<10)
	for ctx.Err() == nil {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			h.log.Warn("follow the network", "err", err)
			return
		}
		if ctx.Err() != nil || fds[0].Revents == 0 {
			continue
		}
		n, _, err := unix.Recvfrom(fd, buf, 0)
		switch err {
		case nil:
		case unix.ENOBUFS: // some were lost: assume the worst
			h.wake(wake{network: true})
			continue
		case unix.EAGAIN, unix.EINTR:
			continue
		default:
			h.log.Warn("follow the network", "err", err)
			return
		}
		for _, w := range networkNews(buf[:n]) {
			h.wake(w)
		}
	}
}

// networkNews reads rtnetlink messages.
//
//	nlmsghdr: length(4) type(2) flags(2) seq(4) pid(4) | ndmsg: family(1) pad(3) index(4) state(2) flags(1) type(1) | rtattr...
func networkNews(data []byte) (out []wake) {
	for len(data) >= unix.SizeofNlMsghdr {
		n := int(binary.NativeEndian.Uint32(data))
		if n < unix.SizeofNlMsghdr || n > len(data) {
			return out
		}
		body := data[unix.SizeofNlMsghdr:n]
		switch binary.NativeEndian.Uint16(data[4:]) {
		case unix.RTM_NEWLINK, unix.RTM_NEWADDR, unix.RTM_DELADDR:
			out = append(out, wake{network: true})
		case unix.RTM_NEWNEIGH:
			if a := neighbour(body); a.IsValid() {
				out = append(out, wake{hint: a})
			}
		}
		data = data[min(len(data), (n+3)&^3):]
	}
	return out
}

// neighbour is the address of a neighbour that was heard; the zero address for
// one that was only asked for.
func neighbour(body []byte) netip.Addr {
	const size, state = 12, 8
	if len(body) < size || binary.NativeEndian.Uint16(body[state:])&(unix.NUD_REACHABLE|unix.NUD_STALE|unix.NUD_DELAY|unix.NUD_PROBE) == 0 {
		return netip.Addr{}
	}
	link := binary.NativeEndian.Uint32(body[4:])
	for body = body[size:]; len(body) >= 4; {
		n := int(binary.NativeEndian.Uint16(body))
		if n < 4 || n > len(body) {
			break
		}
		if binary.NativeEndian.Uint16(body[2:]) == unix.NDA_DST {
			a, ok := netip.AddrFromSlice(body[4:n])
			if !ok {
				break
			}
			return zoned(a, int(link))
		}
		body = body[min(len(body), (n+3)&^3):]
	}
	return netip.Addr{}
}

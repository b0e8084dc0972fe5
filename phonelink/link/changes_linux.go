package link

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// settle is how long changes are gathered: a new address comes with several
// messages.
const settle = 50 * time.Millisecond

// Changes listens to the kernel (rtnetlink(7)): links, addresses and routes.
func (System) Changes(ctx context.Context, changed func()) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	const groups = unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return fmt.Errorf("bind netlink: %w", err)
	}
	f := os.NewFile(uintptr(fd), "netlink")
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) })()
	buf := make([]byte, 16<<10)
	for {
		_, err := f.Read(buf)
		if err != nil && !errors.Is(err, unix.ENOBUFS) && ctx.Err() == nil { // overrun: something changed
			return fmt.Errorf("read netlink: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.SetReadDeadline(time.Now().Add(settle))
		for ctx.Err() == nil {
			if _, err := f.Read(buf); err != nil {
				break
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.SetReadDeadline(time.Time{})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		changed()
	}
}

//go:build unix

package kdeconnect

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// shareAddress lets several programs on one machine hear the same broadcasts,
// as stock peers do: on a laptop theirs is often running already.
func shareAddress(_, _ string, c syscall.RawConn) error {
	var set error
	if err := c.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }); err != nil {
		return err
	}
	return set
}

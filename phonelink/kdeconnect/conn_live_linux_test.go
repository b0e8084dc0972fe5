package kdeconnect

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLinksAreWatched: the kernel is to notice a dead phone in seconds.
func TestLinksAreWatched(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	for name, l := range map[string]*link{"called": car.linkOf(device(phone.self.ID)), "calling": phone.linkOf(device(car.self.ID))} {
		raw, err := l.tcp.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		get := func(level, option int) (n int) {
			raw.Control(func(fd uintptr) { n, _ = unix.GetsockoptInt(int(fd), level, option) })
			return n
		}
		within := time.Duration(get(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)+get(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL)*get(unix.IPPROTO_TCP, unix.TCP_KEEPCNT)) * time.Second
		if get(unix.SOL_SOCKET, unix.SO_KEEPALIVE) != 1 || within > 5*time.Second || get(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT) != 5000 {
			t.Errorf("%s: an idle peer is given up after %v, a busy one after %d ms; want 5 s", name, within, get(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
		}
	}
}

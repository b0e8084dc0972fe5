package kdeconnect

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// watchClosely has the kernel ask an idle peer whether it is there, and give up
// one that does not acknowledge. The peer's kernel answers: no app is woken,
// nothing is shown. Two seconds before the first question let a phone's radio
// sleep between the beacons of a quiet link; three unanswered ones, a second
// apart, end it. TCP_USER_TIMEOUT (RFC 5482) does the same while data is
// waiting, where keep-alive does not run.
func watchClosely(c *net.TCPConn) {
	c.SetNoDelay(true)
	c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepIdle, Interval: keepInterval, Count: keepCount})
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int((keepIdle + keepCount*keepInterval).Milliseconds()))
	})
}

// overdue reports whether the peer has left a question or data unacknowledged
// for a second; ok is false where the kernel does not say.
func overdue(c *net.TCPConn) (late, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false, false
	}
	raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		sinceAck := time.Duration(info.Last_ack_recv) * time.Millisecond
		ok = true
		late = sinceAck > keepIdle+keepInterval || info.Backoff > 0 && sinceAck > keepInterval
	})
	return late, ok
}

//go:build !linux

package kdeconnect

import "net"

// watchClosely has the kernel ask an idle peer whether it is there.
func watchClosely(c *net.TCPConn) {
	c.SetNoDelay(true)
	c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepIdle, Interval: keepInterval, Count: keepCount})
}

// overdue is not known here.
func overdue(*net.TCPConn) (late, ok bool) { return false, false }

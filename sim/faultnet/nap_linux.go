package faultnet

import (
	"time"

	"golang.org/x/sys/unix"
)

// nap sleeps in the kernel, which is good for some 60 us.
func nap(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil) // an interrupted one is only shorter
}

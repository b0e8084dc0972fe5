package display

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// nap sleeps in the kernel; the runtime's own signals do not end it early.
func nap(d time.Duration) {
	left := unix.NsecToTimespec(int64(d))
	for errors.Is(unix.Nanosleep(&left, &left), unix.EINTR) {
	}
}

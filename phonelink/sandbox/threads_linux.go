package sandbox

import "kernel.org/pub/linux/libs/security/libcap/psx"

// allThreads makes one system call on every thread of the process, also in a
// program with C in it, where the Go runtime knows only its own.
func allThreads(nr, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall3(nr, a, b, c); errno != 0 {
		return errno
	}
	return nil
}

package rpc

import (
	"os"
	"syscall"
)

// lockFolder waits until it alone has the folder; closing gives it back.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err {
		case nil:
			return f, nil
		case syscall.EINTR:
		default:
			f.Close()
			return nil, err
		}
	}
}

// private makes bind(2) give the socket's file the mode of its descriptor
// (net/unix/af_unix.c, unix_bind_bsd), whatever the umask is.
func private(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), 0o600) })
	if err != nil {
		return err
	}
	return failed
}

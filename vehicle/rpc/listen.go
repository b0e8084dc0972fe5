package rpc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Listen makes a unix socket that those may use whom mode lets write to it; its
// folder is made if it is missing. A socket that a crash left is replaced; one
// at which somebody listens, or may listen, is not.
//
// It is for the sockets of every room: a room's commands listen, and hand the
// listener to the room's Server.
func Listen(path string, mode fs.FileMode) (_ net.Listener, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	// Of two that start at once both may see the old socket: the second must not
	// remove what the first has made.
	folder, err := lockFolder(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	defer folder.Close()
	if err := removeStale(path); err != nil {
		return nil, err
	}
	c := net.ListenConfig{Control: private} // nobody else connects until chmod
	l, err := c.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	return l, nil
}

// removeStale removes a socket at which nobody listens. A full queue and a
// socket that one may not use are somebody's.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("listen: %w", err)
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("listen on %s: it is there and no socket: move it away", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return fmt.Errorf("listen on %s: another process answers there: end it first", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listen on %s: another process seems to be there (%w): end it, or remove the socket", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

package rpc_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"tandem/vehicle/rpc"
)

// TestListenLeavesTheBusyOne: a server that is late with accepting, and one
// that the starter may not ask, is not taken for one that crashed.
func TestListenLeavesTheBusyOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "busy.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	full := false
	for range 16 {
		c, err := net.Dial("unix", path)
		if err != nil {
			full = true
			break
		}
		defer c.Close()
	}
	if !full {
		t.Fatal("the queue takes everybody: nothing is shown here")
	}
	if l, err := rpc.Listen(path, 0o600); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v, %v, want that somebody is there", l, err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket of another process is gone: %v", err)
	}
}

// TestListenTwiceAtOnce: of many who find what a crash left, one listens, and
// its socket is the one that is there.
func TestListenTwiceAtOnce(t *testing.T) {
	for range 50 {
		path := filepath.Join(t.TempDir(), "stale.sock")
		old, err := rpc.Listen(path, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		old.(*net.UnixListener).SetUnlinkOnClose(false) // as after a crash
		old.Close()
		var wg sync.WaitGroup
		var listen atomic.Int32
		for range 4 {
			wg.Go(func() {
				if l, err := rpc.Listen(path, 0o600); err == nil {
					listen.Add(1)
					t.Cleanup(func() { l.Close() })
				}
			})
		}
		wg.Wait()
		if listen.Load() != 1 {
			t.Fatalf("%d listen, want one", listen.Load())
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
}

// TestSocketIsPrivateFromTheBeginning: also with a umask that hides nothing.
func TestSocketIsPrivateFromTheBeginning(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "new.sock")
	c := net.ListenConfig{Control: rpc.Private}
	l, err := c.Listen(context.Background(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v before anybody has changed it, want 0600", info.Mode())
	}
}

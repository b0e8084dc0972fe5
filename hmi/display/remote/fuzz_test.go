//go:build linux

package remote_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/hmi/display/remote"
)

func FuzzRequest(f *testing.F) {
	f.Add([]byte{1, 1, 2})
	f.Add([]byte{2, 10, 0, 10, 0})
	f.Add([]byte{3, 1, 1, 0, 2, 0, 3, 0, 4, 0})
	f.Add(append([]byte{4}, make([]byte, 16)...))
	f.Add([]byte{5, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		valid, ok, rects := remote.RoundTripRequest(b)
		if !ok {
			t.Fatalf("% x is another message when written again", b)
		}
		if valid && len(rects) > 32 {
			t.Fatalf("%d rectangles", len(rects))
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add(append([]byte{18, 0, 1, 0}, make([]byte, 33)...))
	f.Add(append(append([]byte{18, 6}, make([]byte, 34)...), 2, 'O', 'K'))
	f.Add(bytes.Repeat([]byte{17}, 18))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !remote.RoundTripReply(b) {
			t.Fatalf("% x is another message when written again", b)
		}
	})
}

// TestForeignUser connects as a user that is not on the list.
func TestForeignUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	dir := t.TempDir()
	s, sock := newScreen(t), filepath.Join(dir, "display.sock")
	for _, d := range []string{dir, filepath.Dir(dir)} { // others must get as far as the socket
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := remote.NewServer(remote.ServerConfig{Socket: sock, Compositor: s.Compositor, Users: []int{12345}})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(); err != nil {
		t.Fatal(err)
	}
	run(t, srv.Run)
	for user, want := range map[int]string{65534: "user 65534 may not paint", 12345: "", 0: ""} {
		got := make(chan string)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(user), ^uintptr(0)); e != 0 {
				got <- e.Error()
				return
			}
			got <- knock(sock)
		}()
		if g := <-got; !strings.Contains(g, want) || want == "" && g != "welcome" {
			t.Errorf("user %d: got %q, want %q", user, g, want)
		}
	}
}

// knock says hello and returns the answer.
func knock(sock string) string {
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: sock, Net: "unixpacket"})
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err.Error()
	}
	c.Write([]byte{1, remote.Version, 1}) // may be refused by then
	b := make([]byte, 512)
	n, err := c.Read(b)
	if err != nil || n == 0 {
		return "nothing"
	}
	if b[0] == 16 {
		return "welcome"
	}
	return string(b[2:n])
}

//go:build linux

package socketcan_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tandem/canbus"
	"tandem/canbus/socketcan"
)

const nSLCAN = 17 // N_SLCAN, the line discipline of serial CAN adapters

// adapter is a CAN adapter on a serial line, played by the test: the kernel
// makes a real interface of it, with a controller's states and error frames.
type adapter struct {
	*os.File        // the adapter's end of the line
	iface    string // the kernel's
}

// plugIn makes a pseudo terminal, puts the kernel's driver on it and sets the
// interface up that comes of it.
func plugIn(t *testing.T) adapter {
	t.Helper()
	needKernel(t)
	before := canInterfaces(t)
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	raw, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	raw.Iflag, raw.Oflag, raw.Lflag, raw.Cflag = 0, 0, 0, unix.CS8|unix.CREAD
	if err := unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, raw); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(line.Fd()), unix.TIOCSETD, nSLCAN); err != nil {
		t.Fatal(err)
	}
	for name := range canInterfaces(t) {
		if !before[name] {
			run(t, "ip", "link", "set", name, "txqueuelen", "10", "up")
			return adapter{master, name}
		}
	}
	t.Fatal("the kernel made no interface of the adapter")
	return adapter{}
}

func canInterfaces(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("/sys/class/net/*can*")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range paths {
		names[filepath.Base(p)] = true
	}
	return names
}

// says is what comes from the adapter, one command of its protocol.
func (a adapter) says(t *testing.T, command string) {
	t.Helper()
	if _, err := a.WriteString(command + "\r"); err != nil {
		t.Fatal(err)
	}
}

// TestKernelErrorFrames has an adapter report everything from a warning to
// bus-off: who asks for error frames gets them, and nobody else.
func TestKernelErrorFrames(t *testing.T) {
	a := plugIn(t)
	b := open(t, socketcan.Config{Interface: a.iface, Errors: true})
	plain := open(t, socketcan.Config{Interface: a.iface})
	if b.FD() {
		t.Error("got FD for an adapter that has none")
	}
	if _, err := socketcan.Open(socketcan.Config{Interface: a.iface, NeedFD: true}); !errors.Is(err, socketcan.ErrNotFD) || !strings.Contains(err.Error(), "fd on") {
		t.Errorf("got %v, want %v with the next step", err, socketcan.ErrNotFD)
	}
	a.says(t, "t1232AABB")
	a.says(t, "T18DAF110411223344")
	a.says(t, "sw100098") // state warning, 100 errors receiving and 98 sending
	a.says(t, "sp130128") // state passive
	a.says(t, "e1a")      // one error: no acknowledgement
	a.says(t, "sb000000") // bus-off
	equal(t, receive(t, b, 6), []string{
		"123#AABB", "18DAF110#11223344",
		"20000204#0004000000006264", // controller: warning; sent and received errors in the last two bytes
		"20000204#0010000000008082", // controller: passive
		"200000A8#0000001900000000", // protocol, no acknowledgement, bus error
		"20000040#0000000000000000", // bus-off
	})
	equal(t, receive(t, plain, 2), []string{"123#AABB", "18DAF110#11223344"})
}

// TestKernelAdapter sends through an adapter, lets it stall until its queue is
// full, and pulls it out.
func TestKernelAdapter(t *testing.T) {
	a := plugIn(t)
	b := open(t, socketcan.Config{Interface: a.iface})
	if _, err := b.Send(soon(t), frames(t, "123#AABB")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	n, err := a.Read(buf)
	if got := string(buf[:n]); err != nil || !strings.HasPrefix(got, "t1232AABB\r") {
		t.Errorf("the adapter got %q, %v", got, err)
	}

	stalled := make([]canbus.Frame, 10000)
	for i := range stalled {
		stalled[i] = canbus.Frame{ID: 1, Len: 8}
	}
	if n, err := b.Send(soon(t), stalled); !errors.Is(err, socketcan.ErrQueueFull) || n < 10 || n == len(stalled) {
		t.Errorf("got %d sent, %v; want some and %v", n, err, socketcan.ErrQueueFull)
	}

	a.Close()
	for { // it goes down, then away
		_, err := b.Receive(soon(t), stalled[:1])
		if errors.Is(err, socketcan.ErrDown) {
			continue
		}
		if !errors.Is(err, socketcan.ErrGone) {
			t.Errorf("got %v after the adapter was pulled out, want %v", err, socketcan.ErrGone)
		}
		break
	}
}

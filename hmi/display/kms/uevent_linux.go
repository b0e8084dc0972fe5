package kms

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// listen opens the kernel's notices about devices.
func listen() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("open device notices: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		return nil, errors.Join(fmt.Errorf("open device notices: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "uevent"), nil
}

// follow passes on that a notice about displays came, until events is closed.
// Anybody may send notices: they are a reason to look, and no more.
func follow(events *os.File, notices chan<- struct{}) {
	var buf [8192]byte
	for {
		n, err := events.Read(buf[:])
		if errors.Is(err, unix.ENOBUFS) { // some were lost: look
			n = copy(buf[:], "\x00SUBSYSTEM=drm\x00")
		} else if err != nil {
			return
		}
		if !bytes.Contains(buf[:n], []byte("\x00SUBSYSTEM=drm\x00")) {
			continue
		}
		select {
		case notices <- struct{}{}:
		default:
		}
	}
}

// restore shows what was shown before us.
func (o *Output) restore(s crtcInfo) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	conns := []uint32{o.route.conn}
	s.Connectors, s.NumConnectors = ptr(&pin, conns), 1
	err := ask(o.card.f, nrSetCrtc, &s)
	if errors.Is(err, unix.ENOENT) { // the framebuffer has gone: the console makes its own
		return nil
	}
	return err
}

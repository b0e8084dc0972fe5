package remote

import (
	"errors"
	"fmt"
	"image"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// memory is a picture that two processes have: BGRX, rows without gaps.
type memory struct {
	fd   int // -1: not ours to hand on
	size image.Point
	pix  []byte
}

// newMemory makes a picture to share.
func newMemory(size image.Point) (*memory, error) {
	fd, err := unix.MemfdCreate("tandem-layer", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make shared memory: %w", err)
	}
	m := &memory{fd: fd, size: size}
	n := 4 * size.X * size.Y
	if err = unix.Ftruncate(fd, int64(n)); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err == nil {
		m.pix, err = unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make shared memory of %dx%d pixels: %w", size.X, size.Y, err), m.close())
	}
	return m, nil
}

// openMemory maps a peer's picture, and takes fd over. Memory that could still
// shrink is refused: reading what is no longer there would end the process.
func openMemory(fd int, size image.Point) (*memory, error) {
	defer unix.Close(fd) // the mapping holds it
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals&unix.F_SEAL_SHRINK == 0 {
		return nil, errors.New("memory that is not sealed against shrinking")
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("look at the memory: %w", err)
	}
	n := 4 * size.X * size.Y
	if st.Size < int64(n) {
		return nil, fmt.Errorf("memory of %d bytes for a picture of %dx%d", st.Size, size.X, size.Y)
	}
	pix, err := unix.Mmap(fd, 0, n, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the memory: %w", err)
	}
	return &memory{fd: -1, size: size, pix: pix}, nil
}

func (m *memory) close() error {
	if m == nil {
		return nil
	}
	var errs []error
	if m.pix != nil {
		errs = append(errs, unix.Munmap(m.pix))
		m.pix = nil
	}
	if m.fd >= 0 {
		errs = append(errs, unix.Close(m.fd))
		m.fd = -1
	}
	return errors.Join(errs...)
}

// receive reads one message and the file that may come with it (-1: none).
func receive(c *net.UnixConn, b []byte) (n, fd int, err error) {
	fd = -1
	var oob [64]byte
	n, on, flags, _, err := c.ReadMsgUnix(b, oob[:])
	if err != nil {
		return 0, -1, err
	}
	if on > 0 {
		if fd, err = file(oob[:on]); err != nil {
			return 0, -1, err
		}
	}
	if n == 0 || flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		if fd >= 0 {
			unix.Close(fd)
		}
		if n == 0 {
			return 0, -1, net.ErrClosed
		}
		return 0, -1, errMalformed
	}
	return n, fd, nil
}

// file is the one that came along; more are closed.
func file(oob []byte) (int, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return -1, errMalformed
	}
	fd := -1
	for _, m := range msgs {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, f := range fds {
			if fd < 0 {
				fd = f
			} else {
				unix.Close(f)
			}
		}
	}
	return fd, nil
}

// peer is the user at the other end.
func peer(c *net.UnixConn) (uid uint32, pid int32, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var cred *unix.Ucred
	if cerr := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); cerr != nil {
		err = cerr
	}
	if err != nil {
		return 0, 0, fmt.Errorf("ask for the peer's user: %w", err)
	}
	return cred.Uid, cred.Pid, nil
}

// momentNow is now by both clocks, to a tenth of a millisecond: a thread that
// loses its processor between the two readings reads again.
func momentNow() (m moment) {
	for range 10 {
		before := time.Now()
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
			panic("internal error: no monotonic clock: " + err.Error())
		}
		m = moment{time.Now(), time.Duration(ts.Nano())}
		if m.at.Sub(before) < 100*time.Microsecond {
			break
		}
	}
	return m
}

package socketcan

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Figures of linux/can.h, linux/if_arp.h and linux/sock_diag.h that x/sys/unix
// does not have.
const (
	canErrMask     = 0x1fffffff
	canFDMTU       = 72
	skMeminfoDrops = 8
	skMeminfoVars  = 9
)

// setUp checks the interface, sets the socket's options and binds it. The
// options come first: a bound socket begins to collect frames.
func (b *Bus) setUp(s int) error {
	index, err := b.checkInterface(s)
	if err != nil {
		return err
	}
	on := []struct{ level, option int }{
		{unix.SOL_CAN_RAW, unix.CAN_RAW_FD_FRAMES},
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS},
		{unix.SOL_SOCKET, unix.SO_RXQ_OVFL},
	}
	if b.cfg.Echo {
		on = append(on, struct{ level, option int }{unix.SOL_CAN_RAW, unix.CAN_RAW_RECV_OWN_MSGS})
	}
	for _, o := range on {
		if err := unix.SetsockoptInt(s, o.level, o.option, 1); err != nil {
			return fmt.Errorf("set socket option %d of level %d: %w", o.option, o.level, err)
		}
	}
	if b.cfg.Errors {
		if err := unix.SetsockoptInt(s, unix.SOL_CAN_RAW, unix.CAN_RAW_ERR_FILTER, canErrMask); err != nil {
			return fmt.Errorf("ask for error frames: %w", err)
		}
	}
	if err := b.setFilters(s); err != nil {
		return err
	}
	if err := b.setReceiveBuffer(s); err != nil {
		return err
	}
	if err := unix.Bind(s, &unix.SockaddrCAN{Ifindex: index}); err != nil {
		return bindError(b.cfg.Interface, err)
	}
	return nil
}

// checkInterface finds out what bind would not say, or not well.
func (b *Bus) checkInterface(s int) (index int, err error) {
	name := b.cfg.Interface
	ask := func(request uint) (*unix.Ifreq, error) {
		ifr, err := unix.NewIfreq(name)
		if err != nil {
			return nil, err
		}
		return ifr, unix.IoctlIfreq(s, request, ifr)
	}
	ifr, err := ask(unix.SIOCGIFINDEX)
	if err != nil {
		return 0, bindError(name, err)
	}
	index = int(ifr.Uint32())
	if ifr, err = ask(unix.SIOCGIFHWADDR); err != nil {
		return 0, bindError(name, err)
	}
	if kind := ifr.Uint16(); kind != unix.ARPHRD_CAN {
		return 0, fmt.Errorf("it is not a CAN interface (link type %d); `ip -br link show type can` lists those", kind)
	}
	if ifr, err = ask(unix.SIOCGIFFLAGS); err != nil {
		return 0, bindError(name, err)
	}
	if ifr.Uint16()&unix.IFF_UP == 0 {
		return 0, bindError(name, unix.ENETDOWN)
	}
	if ifr, err = ask(unix.SIOCGIFMTU); err != nil {
		return 0, bindError(name, err)
	}
	if b.fd = ifr.Uint32() >= canFDMTU; b.cfg.NeedFD && !b.fd {
		return 0, fmt.Errorf("%w; %s", ErrNotFD, fdHint(name))
	}
	return index, nil
}

func (b *Bus) setFilters(s int) error {
	if len(b.cfg.Filters) == 0 {
		return nil
	}
	filters := make([]unix.CanFilter, len(b.cfg.Filters))
	for i, f := range b.cfg.Filters {
		filters[i] = unix.CanFilter{Id: f.ID, Mask: f.Mask}
	}
	if err := unix.SetsockoptCanRawFilter(s, unix.SOL_CAN_RAW, unix.CAN_RAW_FILTER, filters); err != nil {
		return fmt.Errorf("set %d filters (at most 512): %w", len(filters), err)
	}
	return nil
}

// setReceiveBuffer takes what was asked for, or what an ordinary user gets.
func (b *Bus) setReceiveBuffer(s int) error {
	want := b.cfg.ReceiveBuffer
	if want == 0 {
		want = DefaultReceiveBuffer
	}
	if err := unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, want); err != nil {
		if err = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUF, want); err != nil {
			return fmt.Errorf("set receive buffer of %d bytes: %w", want, err)
		}
	}
	got, err := unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return fmt.Errorf("read back receive buffer: %w", err)
	}
	b.rcvbuf = got / 2 // it tells its own doubled figure
	return nil
}

func socketError(err error) error {
	switch {
	case errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EPROTONOSUPPORT):
		return fmt.Errorf("this kernel has no CAN; `modprobe can-raw` loads it where it was built: %w", err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("no permission for CAN sockets; allow the address family AF_CAN to this process (RestrictAddressFamilies=, seccomp, SELinux): %w", err)
	}
	return err
}

func bindError(name string, err error) error {
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w; %s", ErrGone, createHint(name))
	case errors.Is(err, unix.ENETDOWN):
		return fmt.Errorf("%w; set it up: %s", ErrDown, setUpHint(name))
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("no permission; run as a user that may use CAN sockets: %w", err)
	}
	return err
}

// kernelDrops asks the socket for its count of lost frames.
func kernelDrops(fd uintptr) (uint32, error) {
	var info [skMeminfoVars]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info[0])), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	return info[skMeminfoDrops], nil
}

// Package socketcan is the Linux kernel's CAN as a canbus.Bus: raw AF_CAN
// sockets, classic and FD, with the kernel's receive times and an honest count
// of what was lost. It knows one socket on one interface; it configures no
// interface and repairs no link.
//
// Kernel documentation: Documentation/networking/can.rst.
package socketcan

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with the bus while it is open. Send and Receive wrap them;
// the Bus stays usable after ErrQueueFull and ErrDown.
var (
	// ErrQueueFull: the interface's transmit queue has no room (ENOBUFS): the
	// bus is slower than the sender, or nobody acknowledges. The frame was not
	// sent; try again a little later.
	ErrQueueFull = errors.New("socketcan: transmit queue is full")
	// ErrDown: the interface is down (ENETDOWN). When it is up again, the
	// same Bus goes on.
	ErrDown = errors.New("socketcan: interface is down")
	// ErrGone: the interface does not exist, or no more (ENODEV, ENXIO). Only
	// a new Bus helps, once it is back.
	ErrGone = errors.New("socketcan: no such interface")
	// ErrNotFD: the interface is set up for classic frames only.
	ErrNotFD = errors.New("socketcan: interface is not set up for CAN FD")
)

// DefaultReceiveBuffer is the socket's receive buffer where Config does not say,
// in the bytes that SO_RCVBUF takes: the kernel doubles them for its overhead,
// and then keeps some 20,000 frames, seconds of a full 1 Mbit/s bus.
const DefaultReceiveBuffer = 8 << 20

// MaxBatch is how many frames one system call moves at most.
const MaxBatch = 64

// Filter lets frames through whose id equals ID in the bits of Mask. Both are
// as in struct can_filter: bit 31 is the extended flag, bit 30 the remote flag.
type Filter struct {
	ID, Mask uint32
}

// Config says which interface to open and how.
type Config struct {
	// Interface is the name of a CAN interface that is up; needed.
	Interface string
	// Bus is set in every received frame.
	Bus uint8
	// NeedFD refuses an interface that is set up for classic frames only.
	NeedFD bool
	// Filters limits what is received to frames that pass one of them; none
	// means everything.
	Filters []Filter
	// Errors asks for the controller's error reports as frames with the flag
	// canbus.Error.
	Errors bool
	// Echo gives back frames that were sent through this Bus when they have
	// been on the wire, marked canbus.Sent.
	Echo bool
	// ReceiveBuffer is how much the kernel may keep for a late receiver, as
	// SO_RCVBUF takes it; 0 means DefaultReceiveBuffer. Without CAP_NET_ADMIN
	// the kernel gives at most net.core.rmem_max: see Bus.ReceiveBuffer.
	ReceiveBuffer int
}

func (c *Config) check() error {
	switch {
	case c.Interface == "":
		return errors.New("open CAN interface: no name given, as in can0; `ip -br link show type can` lists them")
	case len(c.Interface) > maxName:
		return fmt.Errorf("open CAN interface %q: a name has at most %d bytes", c.Interface, maxName)
	case c.ReceiveBuffer < 0:
		return fmt.Errorf("open CAN interface %s: receive buffer of %d bytes", c.Interface, c.ReceiveBuffer)
	}
	return nil
}

const maxName = 15 // IFNAMSIZ without its zero

// setUpHint is the next step for an interface that is there and down.
func setUpHint(name string) string {
	if strings.HasPrefix(name, "vcan") {
		return fmt.Sprintf("`ip link set %s mtu 72 up`", name)
	}
	return fmt.Sprintf("`ip link set %s up type can bitrate 500000`", name)
}

// fdHint is the next step for an interface that has no CAN FD.
func fdHint(name string) string {
	if strings.HasPrefix(name, "vcan") {
		return fmt.Sprintf("`ip link set %s down; ip link set %s mtu 72 up`", name, name)
	}
	return fmt.Sprintf("`ip link set %s down; ip link set %s up type can bitrate 500000 dbitrate 2000000 fd on`", name, name)
}

// createHint is the next step for an interface that is not there.
func createHint(name string) string {
	if strings.HasPrefix(name, "vcan") {
		return fmt.Sprintf("create it: `ip link add %s type vcan && ip link set %s mtu 72 up`", name, name)
	}
	return fmt.Sprintf("plug the adapter in, look with `ip -br link`, then %s", setUpHint(name))
}

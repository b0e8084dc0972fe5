package link

import "golang.org/x/sys/unix"

// setLowWater bounds the unsent bytes that the kernel holds (tcp(7) of FreeBSD
// and Darwin describe the option; Linux has it since 3.12).
func setLowWater(fd uintptr) {
	unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, lowWater)
}

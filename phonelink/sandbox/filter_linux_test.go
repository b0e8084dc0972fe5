package sandbox_test

import (
	"encoding/binary"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"tandem/phonelink/sandbox"
)

// call is struct seccomp_data (linux/seccomp.h): number, architecture, address,
// six arguments. The virtual machine loads words big endian, the kernel in its
// own order; only the order of the two halves of an argument is the kernel's.
type call struct {
	nr   uint32
	arch uint32
	args [6]uint64
}

func (c call) packet() []byte {
	b := make([]byte, 64)
	binary.BigEndian.PutUint32(b, c.nr)
	binary.BigEndian.PutUint32(b[4:], c.arch)
	for i, a := range c.args {
		binary.BigEndian.PutUint32(b[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(b[20+8*i:], uint32(a>>32))
	}
	return b
}

const (
	retAllow  = 0x7fff0000
	retErrno  = 0x00050000
	retKill   = 0x80000000
	retAction = 0xffff0000
)

// TestFilter runs the program of the kernel on calls that a test cannot make.
func TestFilter(t *testing.T) {
	info, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	run := func(network bool, c call) uint32 {
		program, err := sandbox.Filter(network)
		if err != nil {
			t.Fatal(err)
		}
		vm, err := bpf.NewVM(program)
		if err != nil {
			t.Fatal(err)
		}
		n, err := vm.Run(c.packet())
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	here := uint32(info.ID)
	nr := func(name string) uint32 { return uint32(info.SyscallNames[name]) }

	for _, other := range []uint32{unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_ARM, unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_AARCH64} {
		if other == here {
			continue
		}
		// 102 is socketcall of i386 and getuid of x86-64.
		if got := run(true, call{nr: 102, arch: other}); got != retKill {
			t.Errorf("a call of architecture %#x: got %#x, want the end of the process", other, got)
		}
	}
	if here == unix.AUDIT_ARCH_X86_64 {
		if got := run(true, call{nr: nr("socket") | 1<<30, arch: here, args: [6]uint64{unix.AF_CAN}}); got != retErrno|uint32(unix.ENOSYS) {
			t.Errorf("socket by x32: got %#x, want ENOSYS", got)
		}
	}
	for family := range uint64(64) {
		for _, network := range []bool{true, false} {
			want := uint32(retErrno)
			if family == unix.AF_UNIX || network && (family == unix.AF_INET || family == unix.AF_INET6 || family == unix.AF_NETLINK) {
				want = retAllow
			}
			c := call{nr: nr("socket"), arch: here, args: [6]uint64{family, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC}}
			if got := run(network, c) & retAction; got != want {
				t.Errorf("family %d, network %t: got %#x, want %#x", family, network, got, want)
			}
			// The kernel takes 32 bits; what stands above them must not help.
			c.args[0] |= 1 << 40
			if got := run(network, c) & retAction; got != retErrno {
				t.Errorf("family %d with high bits, network %t: got %#x, want %#x", family, network, got, retErrno)
			}
		}
	}
	for _, name := range []string{"read", "write", "openat", "futex", "mmap", "clone", "epoll_pwait", "accept4", "sendmsg", "recvmmsg", "getrandom", "exit_group"} {
		if got := run(false, call{nr: nr(name), arch: here}); got != retAllow {
			t.Errorf("%s: got %#x, want it allowed", name, got)
		}
	}
	if got := run(true, call{nr: nr("clone"), arch: here, args: [6]uint64{unix.CLONE_NEWUSER | unix.CLONE_VM}}); got&retAction != retErrno {
		t.Errorf("clone of a name space: got %#x, want EPERM", got)
	}
	if got := run(true, call{nr: nr("clone3"), arch: here}); got != retErrno|uint32(unix.ENOSYS) {
		t.Errorf("clone3: got %#x, want ENOSYS", got)
	}
}

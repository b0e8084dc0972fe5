package sandbox

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// denied are calls that a phone link never makes: those that reach the kernel
// itself, other processes, other programs, or go around the rules for sockets
// and files. A name that the architecture does not have is left out.
var denied = []string{
	// file systems and name spaces
	"mount", "umount2", "umount", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
	"mount_setattr", "unshare", "setns", "mknod", "mknodat", "name_to_handle_at", "open_by_handle_at", "quotactl", "quotactl_fd",
	"swapon", "swapoff", "fanotify_init",
	// other processes and programs
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp", "execve", "execveat", "uselib",
	"personality", "vhangup", "acct",
	// the kernel
	"init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open",
	"keyctl", "add_key", "request_key", "userfaultfd", "reboot", "syslog", "iopl", "ioperm", "modify_ldt", "lookup_dcookie",
	"nfsservctl", "_sysctl", "sysfs", "ustat", "vm86", "vm86old", "move_pages", "migrate_pages",
	// a ring makes sockets without the call that is filtered
	"io_uring_setup", "io_uring_enter", "io_uring_register",
	// clock and name of the machine
	"settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
	// becoming somebody again
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset",
}

// namespaces are the flags of clone(2) that make one.
const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

const (
	deny    = seccomp.ActionErrno // EPERM
	without = seccomp.ActionErrno&^0xffff | seccomp.Action(unix.ENOSYS)
)

// filter is the program that the kernel runs at every call.
func filter(network bool) ([]bpf.Instruction, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return nil, fmt.Errorf("build the system call filter: %w", err)
	}
	var names []string
	for _, n := range denied {
		if _, ok := info.SyscallNames[n]; ok {
			names = append(names, n)
		}
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{Action: deny, Names: names, NamesWithCondtions: append(sockets(network), clones()...)},
			// Its flags are in memory, where a filter cannot look. Go and C go
			// back to clone when it is not there.
			{Action: without, Names: []string{"clone3"}},
		},
	}
	body, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("build the system call filter: %w", err)
	}
	// The library lets calls of another architecture pass to the default
	// action, which here is to allow: a 64-bit process on x86 can make 32-bit
	// calls, with other numbers. Nobody of ours does.
	const archOffset = 4
	return append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: archOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(info.ID), SkipTrue: 1},
		bpf.RetConstant{Val: uint32(seccomp.ActionKillProcess)},
	}, body...), nil
}

// sockets denies all families but those named. The conditions compare all 64
// bits of the argument, of which the kernel takes 32: what has high bits set is
// none of the named, and denied.
func sockets(network bool) []seccomp.NameWithConditions {
	families := []uint64{unix.AF_UNIX}
	if network {
		families = append(families, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK)
	}
	is := func(arg uint32, op seccomp.Operation, v uint64) seccomp.Condition {
		return seccomp.Condition{Argument: arg, Operation: op, Value: v}
	}
	var other seccomp.ArgumentConditions
	for _, f := range families {
		other = append(other, is(0, seccomp.NotEqual, f))
	}
	return []seccomp.NameWithConditions{
		{Name: "socket", Conditions: other},
		// Interfaces and addresses are asked for by NETLINK_ROUTE; to change
		// them takes a capability that is gone.
		{Name: "socket", Conditions: seccomp.ArgumentConditions{
			is(0, seccomp.Equal, unix.AF_NETLINK), is(2, seccomp.NotEqual, unix.NETLINK_ROUTE),
		}},
		// Raw and packet sockets of the internet families, by the low bits of
		// the type; flags stand above them.
		{Name: "socket", Conditions: seccomp.ArgumentConditions{
			is(0, seccomp.NotEqual, unix.AF_NETLINK), is(0, seccomp.NotEqual, unix.AF_UNIX),
			is(1, seccomp.BitsNotSet, unix.SOCK_STREAM), is(1, seccomp.BitsNotSet, unix.SOCK_DGRAM),
		}},
		{Name: "socket", Conditions: seccomp.ArgumentConditions{
			is(0, seccomp.NotEqual, unix.AF_NETLINK), is(0, seccomp.NotEqual, unix.AF_UNIX),
			is(1, seccomp.BitsSet, unix.SOCK_STREAM), is(1, seccomp.BitsSet, unix.SOCK_DGRAM),
		}},
		{Name: "socketpair", Conditions: seccomp.ArgumentConditions{is(0, seccomp.NotEqual, unix.AF_UNIX)}},
	}
}

// clones denies processes in new name spaces.
func clones() []seccomp.NameWithConditions {
	return []seccomp.NameWithConditions{
		{Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: namespaces}}},
	}
}

// restrictCalls puts the filter on every thread at once.
func restrictCalls(network bool) error {
	program, err := filter(network)
	if err != nil {
		return err
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return fmt.Errorf("assemble the system call filter: %w", err)
	}
	code := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	// No new privileges goes to the other threads with the filter (seccomp(2),
	// SECCOMP_FILTER_FLAG_TSYNC), so only this thread needs it before.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	thread, _, errno := syscall.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return fmt.Errorf("set the system call filter: %w", errno)
	}
	if thread != 0 {
		return fmt.Errorf("set the system call filter: thread %d has another", thread)
	}
	return nil
}

// dropCapabilities empties all sets of all threads. It is not needed after a
// change of user, and does no harm.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return allThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0)
}

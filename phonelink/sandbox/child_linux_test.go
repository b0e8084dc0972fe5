package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"tandem/phonelink"
	"tandem/phonelink/sandbox"
	"tandem/phonelink/trust"
)

// inChild marks the test binary that is the process to be looked at: its value
// is a childConfig.
const inChild = "TANDEM_SANDBOX_CHILD"

type childConfig struct {
	Enter   bool // else it stays free
	User    string
	Own     string // folder of its profile
	Other   string // a file of another profile
	Network bool
	Store   string // folder of a trust store with the profiles anna and ben; "": none
}

// childResult is what a process could do: "ok" or the error.
type childResult struct {
	Report  string
	Missing []string
	Can     map[string]string
}

// inServe marks the test binary that tries `tandem phonelink serve` in a rig: its
// value is the program's path.
const inServe = "TANDEM_SANDBOX_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(inServe) != "" {
		os.Exit(direct())
	}
	if os.Getenv(inVM) != "" {
		os.Exit(machine())
	}
	if text := os.Getenv(inChild); text != "" {
		os.Exit(child(text))
	}
	os.Exit(m.Run())
}

// child tries everything, in the sandbox or free, and prints a childResult.
func child(text string) int {
	var c childConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		fmt.Println(err)
		return 2
	}
	old := threads(8) // older than the sandbox
	var r childResult
	if c.Enter {
		cfg := sandbox.Config{User: c.User, Write: []string{c.Own}, Network: c.Network}
		if c.Store != "" {
			cfg.Read = append(cfg.Read, filepath.Join(c.Store, "device.key"), filepath.Join(c.Store, "identity"))
			cfg.Write = append(cfg.Write, filepath.Join(c.Store, "device"), filepath.Join(c.Store, "profiles", "anna"), filepath.Join(c.Store, "profiles", "guest"))
		}
		report, err := sandbox.Enter(cfg)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		r.Report, r.Missing = report.String(), report.Missing
	}
	r.Can = map[string]string{}
	for name, try := range tries(c) {
		r.Can[name] = word(try())
	}
	if c.Store != "" {
		r.Can["store of anna"], r.Can["store of ben"] = word(store(c.Store, "anna")), word(store(c.Store, "ben"))
	}
	for i, do := range old {
		done := make(chan error)
		do <- func() { done <- canSocket() }
		r.Can[fmt.Sprintf("can from thread %d", i)] = word(<-done)
		close(do)
	}
	json.NewEncoder(os.Stdout).Encode(r)
	return 0
}

func word(err error) string {
	var errno syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// threads are goroutines each with a thread of its own.
func threads(n int) []chan func() {
	var out []chan func()
	var up sync.WaitGroup
	for range n {
		c := make(chan func())
		up.Add(1)
		go func() {
			runtime.LockOSThread()
			up.Done()
			for f := range c {
				f()
			}
		}()
		out = append(out, c)
	}
	up.Wait()
	return out
}

func canSocket() error {
	fd, err := unix.Socket(unix.AF_CAN, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.CAN_RAW)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	all := 0 // a kernel with the protocol and no interface
	if iface, err := net.InterfaceByName("vcan0"); err == nil {
		all = iface.Index
	}
	return unix.Bind(fd, &unix.SockaddrCAN{Ifindex: all})
}

// store uses a trust store as the phone link does, for one profile.
func store(dir string, p phonelink.Profile) error {
	s, err := trust.Open(trust.Config{Dir: dir, Profiles: []phonelink.Profile{p}})
	if err != nil {
		return err
	}
	if err := s.Problem(p); err != nil {
		return err
	}
	v, err := s.Vault(p)
	if err != nil {
		return err
	}
	if err := v.WriteFile("drafts", []byte("text")); err != nil {
		return err
	}
	if err := s.WriteProfileFile(p, "adapter", []byte("certificate")); err != nil {
		return err
	}
	// A guest comes and goes, twice: the folder may be emptied, not removed.
	for range 2 {
		g, err := s.Vault(phonelink.Guest)
		if err != nil {
			return err
		}
		if err := errors.Join(g.WriteFile("queue", []byte("songs")), s.Wipe(phonelink.Guest)); err != nil {
			return err
		}
	}
	return s.WriteFile("seat", []byte("taken"))
}

func raw(nr uintptr, args ...uintptr) func() error {
	a := append(args, make([]uintptr, 6)...)
	return func() error {
		_, _, errno := syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno != 0 {
			return errno
		}
		return nil
	}
}

func socket(family, kind, proto int) func() error {
	return func() error {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, proto)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
}

// tries are all that a process is asked to try. Arguments of what must be
// denied are wrong, so that a kernel that allows it says so by another error
// and nothing happens.
func tries(c childConfig) map[string]func() error {
	const wrong = ^uintptr(0) >> 1
	return map[string]func() error{
		"can":     canSocket,
		"other":   func() error { _, err := os.ReadFile(c.Other); return err },
		"own":     func() error { return os.WriteFile(filepath.Join(c.Own, "kept"), []byte("x"), 0o600) },
		"udp":     func() error { return udp("udp4", "127.0.0.1:0") },
		"tcp":     func() error { return tcp("tcp4", "127.0.0.1:0") },
		"unix":    func() error { return tcp("unix", filepath.Join(c.Own, "phonelink.sock")) },
		"ifaces":  func() error { _, err := net.Interfaces(); return err },
		"process": func() error { _, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{}); return err },

		"packet":      socket(unix.AF_PACKET, unix.SOCK_RAW, 0),
		"bluetooth":   socket(unix.AF_BLUETOOTH, unix.SOCK_RAW, 1),
		"vsock":       socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0),
		"alg":         socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0),
		"raw inet":    socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_UDP),
		"netlink gen": socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC),
		"netlink sys": socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT),
		"high bits":   raw(unix.SYS_SOCKET, 1<<32|unix.AF_CAN, unix.SOCK_RAW, unix.CAN_RAW),

		"mount":       raw(unix.SYS_MOUNT, 0, wrong, 0),
		"ptrace":      raw(unix.SYS_PTRACE, unix.PTRACE_ATTACH, wrong),
		"module":      raw(unix.SYS_INIT_MODULE, wrong, 0, wrong),
		"bpf":         raw(unix.SYS_BPF, 999, 0, 0),
		"perf":        raw(unix.SYS_PERF_EVENT_OPEN, wrong, 0, 0, 0, 0),
		"keyctl":      raw(unix.SYS_KEYCTL, 999),
		"io_uring":    raw(unix.SYS_IO_URING_SETUP, 0, wrong),
		"vm_readv":    raw(unix.SYS_PROCESS_VM_READV, wrong, 0, 0, 0, 0, wrong),
		"unshare":     raw(unix.SYS_UNSHARE, unix.CLONE_NEWUSER|unix.CLONE_NEWNET|0x1),
		"clone ns":    raw(unix.SYS_CLONE, unix.CLONE_NEWUSER|unix.CLONE_FS),
		"userfaultfd": raw(unix.SYS_USERFAULTFD, wrong),
		"kexec":       raw(unix.SYS_KEXEC_LOAD, 0, wrong, 0, wrong),
		"setuid":      raw(unix.SYS_SETRESUID, wrong, wrong, wrong-1),
		"mknod":       func() error { return unix.Mknod(filepath.Join(c.Own, "dev"), unix.S_IFCHR|0o600, 0x0101) },
	}
}

func udp(network, address string) error {
	p, err := net.ListenPacket(network, address)
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := p.WriteTo([]byte("x"), p.LocalAddr()); err != nil {
		return err
	}
	_, _, err = p.ReadFrom(make([]byte, 1))
	return err
}

func tcp(network, address string) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Write([]byte("x"))
			c.Close()
		}
	}()
	c, err := net.Dial(network, l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	return err
}

// want says what a process in the sandbox may; all else it may not.
func allowedInside(name string, network bool) bool {
	switch name {
	case "own", "unix", "store of anna":
		return true
	case "udp", "tcp", "ifaces":
		return network
	}
	return false
}

// judge says what is wrong with the result of a process in the sandbox.
func judge(r childResult, network bool) (wrong []string) {
	for name, got := range r.Can {
		switch ok := allowedInside(name, network); {
		case ok && got != "ok":
			wrong = append(wrong, fmt.Sprintf("%s: got %s, want it allowed", name, got))
		case !ok && got != "EPERM" && got != "EACCES":
			wrong = append(wrong, fmt.Sprintf("%s: got %s, want EPERM or EACCES", name, got))
		}
	}
	return wrong
}

func marshal(t testing.TB, c childConfig) string {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t testing.TB, out string) childResult {
	t.Helper()
	var r childResult
	if err := json.Unmarshal([]byte(strings.TrimSpace(out)), &r); err != nil {
		t.Fatalf("the process says %q: %v", out, err)
	}
	return r
}

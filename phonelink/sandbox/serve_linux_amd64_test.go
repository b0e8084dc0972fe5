package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/sim/rig"
)

// serveResult is what an intruder in the phone link's process could do.
type serveResult struct {
	Name     string
	Landlock bool
	Threads  int
	Can      map[string]string // of all threads: "ok" if any could
	Frames   int               // that arrived at the other end of the bus
	Error    string
}

// guest is the world in which the phone link is tried: as root on a kernel with
// vcan0, in a folder of its own.
type guest struct {
	dir, program string
	bus          int // a socket that hears the bus
	iface        int
}

// direct is the test binary in a rig: it starts `tandem phonelink serve` as a
// head unit does, makes calls from within it, and prints a serveResult each.
func direct() int {
	runtime.LockOSThread() // one thread traces
	g := &guest{dir: "/run/t", program: os.Getenv(inServe)}
	if err := g.open(); err != nil {
		fmt.Println("RESULT-ERROR", err)
		return 1
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"shut in, as a user", []string{"--user", "2001"}},
		{"shut in, as root", nil},
		{"free, as a user", []string{"--user", "2001", "--sandbox", "off"}},
	} {
		r := g.try(c.name, c.args)
		text, _ := json.Marshal(r)
		fmt.Printf("RESULT %s\n", text)
	}
	return 0
}

func (g *guest) open() (err error) {
	iface, err := net.InterfaceByName("vcan0")
	if err != nil {
		if err = newVCAN("vcan0"); err == nil { // a machine without ip(8)
			iface, err = net.InterfaceByName("vcan0")
		}
	}
	if err != nil {
		return err
	}
	g.iface = iface.Index
	if g.bus, err = unix.Socket(unix.AF_CAN, unix.SOCK_RAW|unix.SOCK_NONBLOCK, unix.CAN_RAW); err != nil {
		return err
	}
	if err := unix.Bind(g.bus, &unix.SockaddrCAN{Ifindex: g.iface}); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(g.dir, 0o755), os.Chmod(g.dir, 0o755))
}

// newVCAN makes a virtual CAN interface (rtnetlink(7), RTM_NEWLINK) and turns it
// on.
func newVCAN(name string) error {
	attribute := func(kind uint16, value []byte) []byte {
		b := binary.LittleEndian.AppendUint16(nil, uint16(4+len(value)))
		b = append(binary.LittleEndian.AppendUint16(b, kind), value...)
		return append(b, make([]byte, -len(b)&3)...)
	}
	body := make([]byte, 16) // struct ifinfomsg
	body = append(body, attribute(unix.IFLA_IFNAME, append([]byte(name), 0))...)
	body = append(body, attribute(unix.IFLA_LINKINFO, attribute(unix.IFLA_INFO_KIND, []byte("vcan")))...)
	m := binary.LittleEndian.AppendUint32(nil, uint32(16+len(body)))
	m = binary.LittleEndian.AppendUint16(m, unix.RTM_NEWLINK)
	m = binary.LittleEndian.AppendUint16(m, unix.NLM_F_REQUEST|unix.NLM_F_CREATE|unix.NLM_F_ACK)
	m = append(append(m, 1, 0, 0, 0, 0, 0, 0, 0), body...)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil || n < 20 {
		return fmt.Errorf("make %s: %d bytes, %w", name, n, err)
	}
	if code := int32(binary.LittleEndian.Uint32(reply[16:])); code != 0 {
		return fmt.Errorf("make %s: %w", name, unix.Errno(-code))
	}
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	inet, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(inet)
	return unix.IoctlIfreq(inet, unix.SIOCSIFFLAGS, r)
}

// serving is a `tandem phonelink serve`.
type serving struct {
	cmd *exec.Cmd
	log bytes.Buffer
	up  chan bool
}

func (g *guest) serve(data, profile string, args []string) (*serving, error) {
	s := &serving{up: make(chan bool, 1)}
	s.cmd = exec.Command(g.program, append([]string{"phonelink", "serve", "--run", filepath.Join(g.dir, "run"), "--data", data,
		"--listen", "127.0.0.1:0", "--announce=false", "--kdeconnect", "off", "--profile", profile}, args...)...)
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		lines := bufio.NewScanner(out)
		s.up <- lines.Scan() && strings.Contains(lines.Text(), "phone link of")
		for lines.Scan() {
		}
	}()
	if !<-s.up {
		return nil, fmt.Errorf("the phone link did not start: %v: %s", s.cmd.Wait(), s.log.String())
	}
	return s, nil
}

func (s *serving) end() error {
	if err := s.cmd.Process.Signal(unix.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// try starts the phone link for Anna where Ben has used it before, and intrudes.
func (g *guest) try(name string, args []string) (r serveResult) {
	r = serveResult{Name: name, Can: map[string]string{}}
	fail := func(err error) serveResult {
		r.Error = err.Error()
		return r
	}
	data := filepath.Join(g.dir, strings.ReplaceAll(name, " ", "-"))
	// What phones send is kept in memory; an earlier try had another user.
	files := filepath.Join(g.dir, "run", "files")
	if err := os.RemoveAll(files); err != nil {
		return fail(err)
	}
	ben, err := g.serve(data, "ben", args)
	if err == nil {
		err = ben.end()
	}
	if err != nil {
		return fail(fmt.Errorf("for Ben: %w", err))
	}
	profiles, public := filepath.Join(data, "phonelink", "profiles"), filepath.Join(g.dir, "public")
	contacts, photo := filepath.Join(profiles, "ben", "contacts"), filepath.Join(g.dir, "run", "files", "ben", "photo")
	if err := errors.Join(os.MkdirAll(filepath.Dir(photo), 0o755), os.WriteFile(photo, []byte("Ben's"), 0o644), os.WriteFile(contacts, []byte("Ben's"), 0o644), os.WriteFile(public, []byte("anybody's"), 0o644)); err != nil {
		return fail(err)
	}
	s, err := g.serve(data, "anna", args)
	if err != nil {
		return fail(fmt.Errorf("for Anna: %w", err))
	}
	pid := s.cmd.Process.Pid
	if worker := childOf(pid); worker != 0 {
		pid = worker
	}
	in, err := intrude(pid)
	if err != nil {
		return fail(fmt.Errorf("intrude: %w", err))
	}
	r.Threads, r.Landlock = len(in.tids), !strings.Contains(s.log.String(), "no Landlock")
	for i, tid := range in.tids {
		if how := in.sends(tid, g.iface, uint32(0x100+i)); r.Can["can"] != "ok" {
			r.Can["can"] = how
		}
	}
	slot, _ := filepath.Glob(filepath.Join(profiles, "ben", "slots", "*"))
	if len(slot) != 1 {
		return fail(fmt.Errorf("Ben has the keys %q, want one", slot))
	}
	one := func(data []byte, nr uint64, a ...uint64) string { return outcome(in.call(in.tids[0], data, nr, a...)) }
	for what, do := range map[string]func() string{
		"ben's contacts": func() string { return in.opens(contacts, unix.O_RDONLY) },
		"ben's photo":    func() string { return in.opens(photo, unix.O_RDONLY) }, // that his phone sent
		"ben's key":      func() string { return in.opens(slot[0], unix.O_RDONLY) },
		"ben's folder":   func() string { return in.opens(filepath.Join(profiles, "ben"), unix.O_RDONLY|unix.O_DIRECTORY) },
		"public":         func() string { return in.opens(public, unix.O_RDONLY) },
		"own":            func() string { return in.opens(filepath.Join(profiles, "anna", "slots", "board"), unix.O_RDONLY) },
		"inet":           func() string { return one(nil, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) },
		"packet":         func() string { return one(nil, unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW, 0) },
		"setuid":         func() string { return one(nil, unix.SYS_SETUID, 0) },
		"show ben": func() string {
			return one(append([]byte(filepath.Join(profiles, "ben")), 0), unix.SYS_UMOUNT2, in.scratch, 0)
		},
		"exec": func() string { return one([]byte("/nothing\x00"), unix.SYS_EXECVE, in.scratch, 0, 0) },
	} {
		r.Can[what] = do()
	}
	r.Frames = g.heard()
	// It goes on as if nothing had been, and ends when it is told to.
	if err := errors.Join(in.leave(), s.end()); err != nil {
		return fail(fmt.Errorf("afterwards: %w: %s", err, s.log.String()))
	}
	return r
}

// heard counts the intruder's frames on the bus.
func (g *guest) heard() (n int) {
	for {
		var frame [16]byte
		if _, err := unix.Read(g.bus, frame[:]); err != nil {
			return n
		}
		if frame[8] == 0x2a && binary.LittleEndian.Uint32(frame[:]) >= 0x100 {
			n++
		}
	}
}

func childOf(parent int) int {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) > 1 && f[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			return pid
		}
	}
	return 0
}

// judgeServe holds the three against each other.
func judgeServe(t *testing.T, output string, landlock bool) {
	t.Helper()
	var results []serveResult
	for _, m := range regexp.MustCompile(`(?m)RESULT (\{.*\})\r?$`).FindAllStringSubmatch(output, -1) {
		var r serveResult
		if err := json.Unmarshal([]byte(m[1]), &r); err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	if len(results) != 3 {
		t.Fatalf("got %d results, want three, of\n%s", len(results), output)
	}
	may := func(r serveResult, what string, want ...string) {
		t.Helper()
		for _, w := range want {
			if r.Can[what] == w {
				return
			}
		}
		t.Errorf("%s: %s: got %s, want one of %q", r.Name, what, r.Can[what], want)
	}
	for i, r := range results {
		t.Logf("%s: %d threads, %d frames, %v", r.Name, r.Threads, r.Frames, r.Can)
		if r.Error != "" || r.Threads < 2 {
			t.Errorf("%s: %d threads, %s", r.Name, r.Threads, r.Error)
			continue
		}
		may(r, "own", "ok")
		may(r, "inet", "ok")
		if i == 2 {
			for _, what := range []string{"can", "ben's contacts", "ben's photo", "ben's key", "ben's folder", "public"} {
				may(r, what, "ok") // else the others prove nothing
			}
			may(r, "exec", "ENOENT")
			if r.Frames != r.Threads {
				t.Errorf("%s: %d frames on the bus, want one of each of %d threads", r.Name, r.Frames, r.Threads)
			}
			continue
		}
		for _, what := range []string{"can", "packet", "setuid", "show ben", "exec"} {
			may(r, what, "EPERM")
		}
		for _, what := range []string{"ben's contacts", "ben's photo", "ben's key", "ben's folder"} {
			may(r, what, "EACCES")
		}
		if r.Landlock != landlock {
			t.Errorf("%s: Landlock %t, want %t", r.Name, r.Landlock, landlock)
		}
		if landlock {
			may(r, "public", "EACCES")
		} else {
			may(r, "public", "ok") // and this kernel's process says so on standard error
		}
		if r.Frames != 0 {
			t.Errorf("%s: %d frames on the bus", r.Name, r.Frames)
		}
	}
}

// buildServe builds the program and this test binary, for a rig.
func buildServe(t *testing.T, ctx context.Context, dir string) (program, director string) {
	t.Helper()
	program, director = filepath.Join(dir, "tandem"), filepath.Join(dir, "sandbox.test")
	if err := rig.BuildStatic(ctx, "tandem", program); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-o", director, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the tests: %v\n%s", err, out)
	}
	return program, director
}

// TestServeOnUML is the proof on the process itself: `tandem phonelink serve`
// runs in user-mode Linux with a CAN bus, and the kernel answers calls that are
// made from within each of its threads. Shut in it can neither open a CAN socket
// nor read a file of the other profile, of the same user; free, the same program
// can, and its frames arrive. This kernel has no Landlock: seccomp keeps CAN
// away, and mounts of its own hide the other profile.
func TestServeOnUML(t *testing.T) {
	if err := rig.Missing("linux.uml", "insmod", "ip", "go"); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	dir := t.TempDir()
	program, director := buildServe(t, ctx, dir)
	var out bytes.Buffer
	guest := rig.UML{
		Memory:  384,
		Modules: []string{"vcan", "can-raw"},
		Setup:   []string{"ip link add dev vcan0 type vcan", "ip link set vcan0 up", "ip link set lo up"},
		Env:     []string{inServe + "=" + program},
		Dir:     dir,
		Output:  &out,
	}
	if err := guest.Run(ctx, director); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	judgeServe(t, out.String(), false)
}

// TestServeOnVM is the same on Debian's own kernel, which has Landlock: what
// anybody may read is kept away too.
func TestServeOnVM(t *testing.T) {
	kernel := needVM(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	program, director := buildServe(t, ctx, t.TempDir())
	vm, err := rig.StartVM(ctx, rig.VMConfig{
		Kernel: kernel, Program: director, Files: map[string]string{"rig/tandem": program}, Env: []string{inServe + "=/rig/tandem"},
		Modules: []string{"vcan", "can-raw", "af_packet"}, Wait: []string{"/dev/null"}, Memory: 768,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if code, err := vm.Wait(ctx); err != nil || code != 0 {
		t.Fatalf("got code %d, %v:\n%s", code, err, vm.Console())
	}
	judgeServe(t, vm.Console(), true)
}

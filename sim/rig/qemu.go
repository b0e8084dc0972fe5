package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// VMConfig is a virtual machine and the one program that it runs.
type VMConfig struct {
	Kernel  string            // folder of an unpacked linux-image package
	Program string            // a static program's path
	Args    []string          // its arguments
	Env     []string          // beside HOME, PATH, LANG and XDG_RUNTIME_DIR
	Files   map[string]string // more files: path in the machine, path here
	Modules []string          // kernel modules; nil: DisplayModules
	Wait    []string          // device nodes that must be there first; nil: card and input
	Size    image.Point       // of the panel; zero: 1280x720
	Memory  int               // MiB; 0: 512
}

// DisplayModules drive the machine's panel, tablet and keyboard.
var DisplayModules = []string{"virtio_pci", "virtio-gpu", "virtio_input", "evdev"}

// VM is a running virtual machine: an x86 PC, emulated, with one panel, a
// tablet that is touched by Tap, and a keyboard.
type VM struct {
	cfg    VMConfig
	dir    string
	cmd    *exec.Cmd
	qmp    *qmp
	serial serial
	ended  chan struct{} // closed when the emulator has ended
	err    error         // then
}

// StartVM boots a machine; it runs until its program ends, ctx ends or Close.
// Close must be called.
func StartVM(ctx context.Context, cfg VMConfig) (*VM, error) {
	if err := Missing("qemu-system-x86_64", "go"); err != nil {
		return nil, err
	}
	if cfg.Modules == nil {
		cfg.Modules = DisplayModules
	}
	if cfg.Wait == nil {
		cfg.Wait = []string{"/dev/dri/card0", "/dev/input/event0"}
	}
	if cfg.Size == (image.Point{}) {
		cfg.Size = image.Pt(1280, 720)
	}
	if cfg.Memory == 0 {
		cfg.Memory = 512
	}
	dir, err := os.MkdirTemp("", "rig-vm-")
	if err != nil {
		return nil, fmt.Errorf("start machine: %w", err)
	}
	vm := &VM{cfg: cfg, dir: dir, ended: make(chan struct{})}
	vm.serial.more = make(chan struct{})
	if err := vm.start(ctx); err != nil {
		vm.Close()
		return nil, fmt.Errorf("start machine: %w", err)
	}
	return vm, nil
}

func (vm *VM) start(ctx context.Context) error {
	kernel, modules, err := kernelIn(vm.cfg.Kernel)
	if err != nil {
		return err
	}
	initProgram, initrd := filepath.Join(vm.dir, "init"), filepath.Join(vm.dir, "initrd")
	if err := BuildStatic(ctx, "tandem/sim/rig/initrd", initProgram); err != nil {
		return err
	}
	f, err := os.Create(initrd)
	if err != nil {
		return err
	}
	if err := errors.Join(writeInitrd(f, initProgram, vm.cfg, modules), f.Close()); err != nil {
		return err
	}
	kernel = unpackKernel(ctx, kernel, filepath.Join(vm.dir, "vmlinux"))
	sock := filepath.Join(vm.dir, "qmp")
	vm.cmd = exec.CommandContext(ctx, "qemu-system-x86_64",
		"-M", "q35", "-accel", "tcg,thread=multi", "-smp", "1", "-m", fmt.Sprint(vm.cfg.Memory),
		"-display", "none", "-nodefaults", "-no-user-config", "-no-reboot", "-serial", "stdio",
		"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
		"-device", fmt.Sprintf("virtio-gpu-pci,xres=%d,yres=%d", vm.cfg.Size.X, vm.cfg.Size.Y),
		"-device", "virtio-tablet-pci", "-device", "virtio-keyboard-pci",
		"-qmp", "unix:"+sock+",server=on,wait=off")
	ownGroup(vm.cmd)
	vm.cmd.Cancel = func() error { endGroup(vm.cmd); return nil }
	out, err := vm.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var complaints bytes.Buffer
	vm.cmd.Stderr = &complaints
	if err := vm.cmd.Start(); err != nil {
		vm.cmd = nil
		return err
	}
	go func() {
		vm.serial.read(out)
		if err := vm.cmd.Wait(); err != nil {
			vm.err = fmt.Errorf("qemu: %w: %s", err, bytes.TrimSpace(complaints.Bytes()))
		}
		close(vm.ended)
	}()
	vm.qmp, err = vm.dial(ctx, sock)
	return err
}

// BuildStatic builds a main package of this module for the machine.
func BuildStatic(ctx context.Context, pkg, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", pkg, err, bytes.TrimSpace(b))
	}
	return nil
}

// unpackKernel makes the bare kernel of a compressed one, which boots in half
// of the time under emulation; where that cannot be, it is the one given.
func unpackKernel(ctx context.Context, kernel, out string) string {
	b, err := os.ReadFile(kernel)
	if err != nil {
		return kernel
	}
	payload, ok := xzPayload(b)
	if !ok {
		return kernel
	}
	cmd := exec.CommandContext(ctx, "xz", "-dc", "--single-stream")
	cmd.Stdin = bytes.NewReader(payload)
	raw, err := cmd.Output()
	if err != nil || !bytes.HasPrefix(raw, []byte("\x7fELF")) || os.WriteFile(out, raw, 0o600) != nil {
		return kernel
	}
	return out
}

// WaitSerial waits until the console has printed a whole line that matches, at
// any time since the start, and returns the first match and its groups.
func (vm *VM) WaitSerial(ctx context.Context, re *regexp.Regexp) ([]string, error) {
	for {
		m, more := vm.serial.find(re)
		if m != nil {
			return m, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %q on the console: %w; it ends with:\n%s", re, ctx.Err(), vm.serial.tail())
		case <-vm.ended:
			if m, _ := vm.serial.find(re); m != nil {
				return m, nil
			}
			return nil, fmt.Errorf("wait for %q on the console: the machine has ended; it said:\n%s", re, vm.serial.tail())
		}
	}
}

// Wait waits for the machine to turn itself off and returns its program's exit code.
func (vm *VM) Wait(ctx context.Context) (int, error) {
	m, err := vm.WaitSerial(ctx, regexp.MustCompile(`RIG exit (\d+)`))
	if err != nil {
		return 0, err
	}
	var code int
	if _, err := fmt.Sscan(m[1], &code); err != nil {
		return 0, fmt.Errorf("read the exit code: %w", err)
	}
	select {
	case <-vm.ended:
		return code, vm.err
	case <-ctx.Done():
		return code, fmt.Errorf("wait for the machine to turn off: %w", ctx.Err())
	}
}

// Console is all that the console has printed.
func (vm *VM) Console() string { return vm.serial.all() }

// CPU is how much processor time the emulator has used, 0 once it has ended:
// what to compare, since wall time depends on who else is busy.
func (vm *VM) CPU() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", vm.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var user, system int64
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 13 {
		return 0
	}
	fmt.Sscan(string(f[11]), &user)
	fmt.Sscan(string(f[12]), &system)
	return time.Duration(user+system) * time.Second / 100 // clock ticks
}

// Close ends the machine at once and waits for it.
func (vm *VM) Close() error {
	if vm.qmp != nil {
		vm.qmp.conn.Close()
	}
	if vm.cmd != nil {
		endGroup(vm.cmd)
		<-vm.ended
	}
	return os.RemoveAll(vm.dir)
}

// Input events of QMP.
type (
	inputEvent struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}
	absMove struct {
		Axis  string `json:"axis"`
		Value int    `json:"value"`
	}
	button struct {
		Down   bool   `json:"down"`
		Button string `json:"button"`
	}
	keyPress struct {
		Down bool `json:"down"`
		Key  any  `json:"key"`
	}
	qcode struct {
		Type string `json:"type"`
		Data string `json:"data"`
	}
)

func (vm *VM) input(evs ...inputEvent) error {
	_, err := vm.qmp.do("input-send-event", map[string]any{"events": evs})
	return err
}

// Move moves the tablet's pen to x, y, from 0 to 1.
func (vm *VM) Move(x, y float64) error {
	return vm.input(inputEvent{"abs", absMove{"x", int(x * 32767)}}, inputEvent{"abs", absMove{"y", int(y * 32767)}})
}

// Press puts the pen down, or lifts it.
func (vm *VM) Press(down bool) error {
	return vm.input(inputEvent{"btn", button{down, "left"}})
}

// Tap touches x, y, from 0 to 1, and lifts.
func (vm *VM) Tap(x, y float64) error {
	return errors.Join(vm.Move(x, y), vm.Press(true), vm.Press(false))
}

// Key presses and releases a key by QEMU's name ("ret", "a", "left").
func (vm *VM) Key(name string) error {
	for _, down := range []bool{true, false} {
		if err := vm.input(inputEvent{"key", keyPress{down, qcode{"qcode", name}}}); err != nil {
			return err
		}
	}
	return nil
}

// Screendump saves what the panel shows as PNG.
func (vm *VM) Screendump(path string) error {
	_, err := vm.qmp.do("screendump", map[string]any{"filename": path, "format": "png"})
	return err
}

// Screen is what the panel shows.
func (vm *VM) Screen() (image.Image, error) {
	path := filepath.Join(vm.dir, "screen.png")
	if err := vm.Screendump(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read screendump: %w", err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read screendump: %w", err)
	}
	return m, nil
}

// serial is the console's text.
type serial struct {
	mu   sync.Mutex
	text []byte
	more chan struct{} // closed and replaced with every piece
}

func (s *serial) read(r io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			s.mu.Lock()
			s.text = append(s.text, buf[:n]...)
			close(s.more)
			s.more = make(chan struct{})
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// find looks for a match in whole lines; more is closed when there is more text.
func (s *serial) find(re *regexp.Regexp) (match []string, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var m []string
	for _, b := range re.FindSubmatch(s.text[:bytes.LastIndexByte(s.text, '\n')+1]) {
		m = append(m, string(b))
	}
	return m, s.more
}

func (s *serial) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

func (s *serial) tail() string {
	t := s.all()
	return t[max(0, len(t)-2000):]
}

// qmp is the emulator's control connection.
type qmp struct {
	mu   sync.Mutex
	conn net.Conn
	r    *bufio.Reader
}

// dial connects to the emulator as soon as it listens.
func (vm *VM) dial(ctx context.Context, sock string) (*qmp, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("unix", sock)
		if err == nil {
			q := &qmp{conn: conn, r: bufio.NewReader(conn)}
			if _, err := q.r.ReadBytes('\n'); err != nil { // its greeting
				conn.Close()
				return nil, fmt.Errorf("connect to qemu: %w", err)
			}
			if _, err := q.do("qmp_capabilities", nil); err != nil {
				conn.Close()
				return nil, err
			}
			return q, nil
		}
		select {
		case <-tick.C:
		case <-vm.ended:
			return nil, fmt.Errorf("the machine ended at once: %w", vm.err)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// do runs a command; events that come meanwhile are passed over.
func (q *qmp) do(command string, args any) (json.RawMessage, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	req := map[string]any{"execute": command}
	if args != nil {
		req["arguments"] = args
	}
	b, err := json.Marshal(req)
	if err == nil {
		err = q.conn.SetDeadline(time.Now().Add(time.Minute))
	}
	if err == nil {
		_, err = q.conn.Write(append(b, '\n'))
	}
	for err == nil {
		var line []byte
		if line, err = q.r.ReadBytes('\n'); err != nil {
			break
		}
		var reply struct {
			Return json.RawMessage `json:"return"`
			Error  *struct {
				Desc string `json:"desc"`
			} `json:"error"`
		}
		if err = json.Unmarshal(line, &reply); err != nil {
			break
		}
		if reply.Error != nil {
			return nil, fmt.Errorf("qemu %s: %s", command, reply.Error.Desc)
		}
		if reply.Return != nil {
			return reply.Return, nil
		}
	}
	return nil, fmt.Errorf("qemu %s: %w", command, err)
}

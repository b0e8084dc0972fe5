package rig

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// UMLPackages are the Debian packages that the user-mode Linux rig and the
// tests on it need: the kernel with its modules, insmod, ip, and can-utils as
// the other end.
var UMLPackages = []string{"user-mode-linux", "kmod", "iproute2", "can-utils"}

// ErrMissing is wrapped by errors that say which program is not installed, and
// which package brings it.
var ErrMissing = errors.New("rig: program not installed")

// ExitError is a program inside a rig that ended with a code other than 0.
type ExitError struct {
	Program string
	Code    int
}

// Error is the program and the code.
func (e *ExitError) Error() string { return fmt.Sprintf("%s: exit code %d", e.Program, e.Code) }

// UML is a user-mode Linux: a whole kernel as one process, with the host's
// files as its own, read-only. It needs no privileges. A Go program or test
// binary runs in it unmodified, if built without -race.
//
//	host                            guest
//	Dir (nil: a temporary one) <--> the same path, writable, the working directory
//	everything else            ---> the same path, read-only
//	Output                     <--- the program's stdout and stderr, when it has ended
type UML struct {
	// Kernel is the user-mode Linux program; "" means linux.uml in PATH.
	Kernel string
	// ModuleDir holds one directory of modules for each kernel version; ""
	// means Debian's, /usr/lib/uml/modules.
	ModuleDir string
	// Memory is the guest's, in MiB; 0 means 192.
	Memory int
	// Modules are the kernel modules to load, by name as in "vcan"; what they
	// depend on comes along.
	Modules []string
	// Setup are shell lines that run as root before the program, such as
	// "ip link add vcan0 type vcan". The first that fails ends the run.
	Setup []string
	// Env is added to the program's environment, as in "NAME=value".
	Env []string
	// Dir is where the program runs and may write; "" means a directory that is
	// removed after the run.
	Dir string
	// Output gets what the program and the set-up lines printed; nil throws it
	// away.
	Output io.Writer
}

// Missing says which of the programs is neither in PATH nor where root has its
// own, with ErrMissing, or nil.
func Missing(programs ...string) error {
	for _, p := range programs {
		found := false
		for _, place := range []string{p, "/usr/sbin/" + p, "/sbin/" + p} {
			_, err := exec.LookPath(place)
			found = found || err == nil
		}
		if !found {
			return fmt.Errorf("%w: %s; `apt-get install %s` brings all that this rig needs", ErrMissing, p, strings.Join(UMLPackages, " "))
		}
	}
	return nil
}

// Run boots the kernel, runs the program in it as root and returns when the
// kernel has halted. A program that failed gives an *ExitError. The end of ctx
// ends the whole guest; the output so far is still handed out.
func (u UML) Run(ctx context.Context, program string, args ...string) error {
	u, err := u.withDefaults()
	if err != nil {
		return fmt.Errorf("start user-mode linux: %w", err)
	}
	stage, err := os.MkdirTemp("", "tandem-uml-")
	if err != nil {
		return fmt.Errorf("start user-mode linux: %w", err)
	}
	defer os.RemoveAll(stage)
	if u.Dir == "" {
		u.Dir = filepath.Join(stage, "work")
		if err := os.Mkdir(u.Dir, 0o755); err != nil {
			return fmt.Errorf("start user-mode linux: %w", err)
		}
	}
	modules, err := u.moduleFiles()
	if err != nil {
		return fmt.Errorf("start user-mode linux: %w", err)
	}
	script := u.script(stage, modules, append([]string{program}, args...))
	if err := os.WriteFile(filepath.Join(stage, "init"), []byte(script), 0o755); err != nil {
		return fmt.Errorf("start user-mode linux: %w", err)
	}
	console, err := u.boot(ctx, stage)
	if e := u.copyOutput(stage); e != nil && err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("run %s in user-mode linux: %w", program, err)
	}
	return result(stage, program, console)
}

func (u UML) withDefaults() (UML, error) {
	if u.Kernel == "" {
		u.Kernel = "linux.uml"
	}
	if err := Missing(u.Kernel, "ip", "insmod"); err != nil {
		return u, err
	}
	if u.ModuleDir == "" {
		u.ModuleDir = "/usr/lib/uml/modules"
	}
	if u.Memory == 0 {
		u.Memory = 192
	}
	if u.Dir != "" {
		dir, err := filepath.Abs(u.Dir)
		if err != nil {
			return u, err
		}
		u.Dir = dir
	}
	return u, nil
}

// boot runs the kernel until it halts. What it prints is for errors only.
func (u UML) boot(ctx context.Context, stage string) (console string, err error) {
	cmd := exec.CommandContext(ctx, u.Kernel,
		"mem="+strconv.Itoa(u.Memory)+"M",
		"root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
		"init="+filepath.Join(stage, "init"),
		"con0=null,fd:1", "con=null", "ssl=null",
		"uml_dir="+stage+"/", "umid=guest",
		"quiet", "loglevel=1", "panic=-1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "TMPDIR="+shm())
	ownGroup(cmd)
	err = cmd.Run()
	endGroup(cmd)
	if ctx.Err() != nil {
		return out.String(), ctx.Err()
	}
	return out.String(), ignoreExit(err)
}

// shm is where the guest's memory lies: a file that must not reach a disk.
func shm() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// ignoreExit forgives the kernel its own exit code, which depends on how it
// halted; the program's is in a file.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// script is the guest's first process.
func (u UML) script(stage string, modules, argv []string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("#!/bin/sh")
	line("export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	line("stage=%s", quote(stage))
	line("end() { echo $1 >$stage/status; sync; echo o >/proc/sysrq-trigger; sleep 60; }")
	line("mount -t proc proc /proc")
	line("mount -t hostfs none $stage -o $stage")
	line("exec >$stage/output 2>&1 </dev/null")
	line("try() { echo \"+ $1\" >>$stage/setup; eval \"$1\" || { echo \"rig: set-up failed: $1\"; end 125; }; }")
	line("mount -t sysfs sys /sys; mount -t tmpfs tmpfs /run; ip link set lo up")
	line("mount -t devtmpfs dev /dev 2>/dev/null; mkdir -p /dev/pts; mount -t devpts devpts /dev/pts 2>/dev/null")
	for _, m := range modules {
		line("try %s", quote("insmod "+quote(m)))
	}
	if u.Dir != filepath.Join(stage, "work") {
		line("try %s", quote("mount -t hostfs none "+quote(u.Dir)+" -o "+quote(u.Dir)))
	}
	for _, s := range u.Setup {
		line("try %s", quote(s))
	}
	line("cd %s || end 125", quote(u.Dir))
	line("export HOME=%[1]s TMPDIR=%[1]s", quote(u.Dir))
	for _, e := range u.Env {
		name, value, _ := strings.Cut(e, "=")
		line("export %s=%s", name, quote(value))
	}
	words := make([]string, len(argv))
	for i, a := range argv {
		words[i] = quote(a)
	}
	line("%s", strings.Join(words, " "))
	line("end $?")
	return b.String()
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (u UML) copyOutput(stage string) error {
	if u.Output == nil {
		return nil
	}
	f, err := os.Open(filepath.Join(stage, "output"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // it did not come that far: result tells
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(u.Output, f)
	return err
}

// result reads the exit code that the guest left behind.
func result(stage, program, console string) error {
	b, err := os.ReadFile(filepath.Join(stage, "status"))
	code, convErr := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || convErr != nil {
		return fmt.Errorf("user-mode linux halted before %s ended; its console says:\n%s", program, console)
	}
	if code != 0 {
		return &ExitError{Program: program, Code: code}
	}
	return nil
}

// moduleFiles are the files of u.Modules and all they need, in loading order.
func (u UML) moduleFiles() ([]string, error) {
	if len(u.Modules) == 0 {
		return nil, nil
	}
	deps, err := filepath.Glob(filepath.Join(u.ModuleDir, "*", "modules.dep"))
	if err != nil || len(deps) != 1 {
		return nil, fmt.Errorf("want one kernel's modules.dep below %s, got %d (%v)", u.ModuleDir, len(deps), err)
	}
	needs, err := readDeps(deps[0])
	if err != nil {
		return nil, err
	}
	var files []string
	for _, name := range u.Modules {
		file, ok := findModule(needs, name)
		if !ok {
			return nil, fmt.Errorf("the kernel of %s has no module %s", filepath.Dir(deps[0]), name)
		}
		// modules.dep lists what is needed, the nearest first.
		for _, f := range slices.Backward(append([]string{file}, needs[file]...)) {
			full := filepath.Join(filepath.Dir(deps[0]), f)
			if !slices.Contains(files, full) {
				files = append(files, full)
			}
		}
	}
	return files, nil
}

// readDeps reads lines as "kernel/net/can/can-raw.ko: kernel/net/can/can.ko".
func readDeps(name string) (map[string][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	needs := map[string][]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if file, rest, ok := strings.Cut(lines.Text(), ":"); ok {
			needs[file] = strings.Fields(rest)
		}
	}
	return needs, lines.Err()
}

func findModule(needs map[string][]string, name string) (string, bool) {
	want := strings.ReplaceAll(name, "_", "-")
	for file := range needs {
		base := strings.TrimSuffix(path.Base(file), ".ko")
		if strings.ReplaceAll(base, "_", "-") == want {
			return file, true
		}
	}
	return "", false
}

//go:build linux

// Command initrd is the first process of a virtual machine of package rig: it
// mounts what programs expect, loads the listed kernel modules in order, runs
// one program, says how it ended on the console, and turns the machine off. It
// knows nothing of the program.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// job is what /etc/rig.json says.
type job struct {
	Args    []string
	Env     []string
	Modules []string
	Wait    []string // device nodes to wait for
}

func main() {
	code := 1
	if err := run(&code); err != nil {
		fmt.Printf("RIG error: %v\n", err)
	}
	fmt.Printf("RIG exit %d\n", code)
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Printf("RIG error: power off: %v\n", err)
	}
	select {} // the first process must not end
}

func run(code *int) error {
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"tmpfs", "/run"}} {
		if err := os.MkdirAll(m[1], 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	b, err := os.ReadFile("/etc/rig.json")
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("read /etc/rig.json: %w", err)
	}
	for _, m := range j.Modules {
		if err := load("/lib/modules/" + m + ".ko"); err != nil {
			return err
		}
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	for _, p := range j.Wait {
		if err := waitFor(p); err != nil {
			return err
		}
	}
	fmt.Println("RIG start")
	*code, err = start(j)
	return err
}

func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("load module %s: %w", path, err)
	}
	return nil
}

// waitFor waits for a device node: drivers probe in their own time.
func waitFor(path string) error {
	for range 1000 {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("no %s after 5 s", path)
}

// loopbackUp turns the lo interface on.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("turn lo on: %w", err)
	}
	return nil
}

// start runs the program and reaps whatever ends meanwhile.
func start(j job) (int, error) {
	cmd := exec.Command("/rig/program", j.Args...)
	cmd.Env = append([]string{"HOME=/tmp", "PATH=/bin", "LANG=C.UTF-8", "XDG_RUNTIME_DIR=/run"}, j.Env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Dir = "/tmp"
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start %s: %w", strings.Join(cmd.Args, " "), err)
	}
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 1, fmt.Errorf("wait for the program: %w", err)
		case pid == cmd.Process.Pid && ws.Signaled():
			return 128 + int(syscall.Signal(ws.Signal())), nil
		case pid == cmd.Process.Pid && ws.Exited():
			return ws.ExitStatus(), nil
		}
	}
}

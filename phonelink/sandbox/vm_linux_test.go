package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/sim/rig"
)

// inVM marks the test binary that is the only program of a virtual machine.
const inVM = "TANDEM_SANDBOX_VM"

// machine is that program: it runs itself free and in the sandbox, as root and
// as a user, with a file of another profile that its mode lets everybody read.
func machine() int {
	if err := loopbackUp(); err != nil {
		fmt.Println(err)
		return 1
	}
	for _, c := range []childConfig{
		{},
		{Enter: true, User: "2001"},
		{Enter: true},
	} {
		os.RemoveAll("/tmp/t")
		own, other := "/tmp/t/anna", "/tmp/t/ben/contacts"
		if os.MkdirAll("/tmp/t/ben", 0o755) != nil || os.WriteFile(other, []byte("Ben's"), 0o644) != nil {
			fmt.Println("no room")
			return 1
		}
		if !c.Enter {
			os.Mkdir(own, 0o700)
		}
		os.Chmod("/tmp", 0o755)
		c.Own, c.Other, c.Network = own, other, true
		text, _ := json.Marshal(c)
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{inChild + "=" + string(text)}
		out, err := cmd.CombinedOutput()
		fmt.Printf("RESULT %s %v\n", out[:max(0, len(out)-1)], err)
	}
	return 0
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}

// needVM is the folder of the kernel, or the end of the test where there is no
// machine to run it in.
func needVM(t *testing.T) string {
	t.Helper()
	kernel, why := os.Getenv("TANDEM_KERNEL"), ""
	if err := rig.Missing("qemu-system-x86_64", "go"); err != nil {
		why = err.Error()
	} else if kernel == "" {
		why = "TANDEM_KERNEL does not name the folder of an unpacked linux-image package"
	}
	if why != "" && os.Getenv("TANDEM_RIG") == "1" {
		t.Fatal(why)
	} else if why != "" {
		t.Skip(why)
	}
	return kernel
}

// TestOnVM is the proof on Debian's own kernel, which has both CAN and
// Landlock: also a file that everybody may read is kept away, and also from
// root.
func TestOnVM(t *testing.T) {
	kernel := needVM(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	binary := filepath.Join(t.TempDir(), "sandbox.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the tests: %v\n%s", err, out)
	}
	vm, err := rig.StartVM(ctx, rig.VMConfig{
		Kernel: kernel, Program: binary, Env: []string{inVM + "=1"},
		Modules: []string{"vcan", "can-raw", "af_packet"}, Wait: []string{"/dev/null"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	code, err := vm.Wait(ctx)
	results := regexp.MustCompile(`(?m)RESULT (\{.*\}) <nil>`).FindAllStringSubmatch(vm.Console(), -1)
	if err != nil || code != 0 || len(results) != 3 {
		t.Fatalf("got code %d, %v, %d results:\n%s", code, err, len(results), vm.Console())
	}
	free := parse(t, results[0][1])
	for _, name := range []string{"can", "other", "own", "udp", "tcp", "unix", "ifaces", "packet", "can from thread 3"} {
		if free.Can[name] != "ok" {
			t.Errorf("free: %s: got %s, want ok: else the sandbox proves nothing", name, free.Can[name])
		}
	}
	for i, who := range []string{"a user", "root"} {
		r := parse(t, results[i+1][1])
		t.Log(r.Report)
		for _, w := range judge(r, true) {
			t.Errorf("as %s: %s", who, w)
		}
	}
}

package rig_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tandem/sim/rig"
)

// kernel is the folder of an unpacked linux-image package; without it the test
// is skipped, unless the run is to prove it.
func kernel(t *testing.T) string {
	t.Helper()
	dir, why := os.Getenv("TANDEM_KERNEL"), ""
	if err := rig.Missing("qemu-system-x86_64"); err != nil {
		why = err.Error()
	} else if dir == "" {
		why = "TANDEM_KERNEL does not name the folder of an unpacked linux-image package"
	}
	if why != "" && os.Getenv("TANDEM_RIG") == "1" {
		t.Fatal(why)
	} else if why != "" {
		t.Skip(why)
	}
	return dir
}

// TestVMRunsProgram boots Debian's kernel with a program that looks at where it is.
func TestVMRunsProgram(t *testing.T) {
	dir := kernel(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tmp := t.TempDir()
	program, extra := filepath.Join(tmp, "look"), filepath.Join(tmp, "extra")
	if err := rig.BuildStatic(ctx, "./testdata/look", program); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(extra, []byte("carried along"), 0o600); err != nil {
		t.Fatal(err)
	}
	vm, err := rig.StartVM(ctx, rig.VMConfig{
		Kernel: dir, Program: program, Args: []string{"one", "two words"}, Env: []string{"COLOUR=blue"},
		Files: map[string]string{"/data/deep/extra": extra},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := vm.WaitSerial(ctx, regexp.MustCompile(`LOOK (.*)`)); err != nil {
		t.Fatal(err)
	}
	if err := vm.Key("ret"); err != nil {
		t.Fatal(err)
	}
	code, err := vm.Wait(ctx)
	if err != nil || code != 42 {
		t.Errorf("got exit code %d, %v; want 42\n%s", code, err, vm.Console())
	}
	for _, want := range []string{`LOOK args ["one" "two words"]`, "LOOK colour blue", "LOOK extra carried along", "LOOK lo up", "LOOK card true"} {
		if !strings.Contains(vm.Console(), want) {
			t.Errorf("the program did not say %s\n%s", want, vm.Console())
		}
	}
}

func TestVMErrors(t *testing.T) {
	if err := rig.Missing("qemu-system-x86_64"); err != nil {
		t.Skip(err)
	}
	empty := t.TempDir()
	for name, c := range map[string]struct {
		cfg  rig.VMConfig
		want string
	}{
		"no kernel": {rig.VMConfig{Kernel: empty}, "no kernel boot/vmlinuz-*"},
	} {
		vm, err := rig.StartVM(t.Context(), c.cfg)
		if err == nil {
			vm.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestVMUnknownModule(t *testing.T) {
	dir := kernel(t)
	vm, err := rig.StartVM(t.Context(), rig.VMConfig{Kernel: dir, Program: "/bin/true", Modules: []string{"virtio-gpu", "warp_drive"}})
	if err == nil {
		vm.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "kernel module warp_drive, needed by the machine") {
		t.Errorf("got %v", err)
	}
}

//go:build linux

package input_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi/input"
	"tandem/sim/rig"
)

// TestFingersInQEMU has a kernel of its own with a touchscreen that comes, is
// touched by two fingers and is pulled out with one finger on it.
func TestFingersInQEMU(t *testing.T) {
	kernel, why := os.Getenv("TANDEM_KERNEL"), ""
	if err := rig.Missing("qemu-system-x86_64"); err != nil {
		why = err.Error()
	} else if kernel == "" {
		why = "TANDEM_KERNEL does not name the folder of an unpacked linux-image package"
	}
	if why != "" && os.Getenv("TANDEM_RIG") == "1" {
		t.Fatal(why)
	} else if why != "" {
		t.Skip(why)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute) // an emulated machine on a busy one
	defer cancel()
	program := filepath.Join(t.TempDir(), "fingers")
	if err := rig.BuildStatic(ctx, "./testdata/fingers", program); err != nil {
		t.Fatal(err)
	}
	vm, err := rig.StartVM(ctx, rig.VMConfig{
		Kernel: kernel, Program: program, Modules: []string{"evdev", "uinput"}, Wait: []string{"/dev/uinput"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	}()
	if code, err := vm.Wait(ctx); err != nil || code != 0 {
		t.Errorf("the program ended with %d, %v", code, err)
	}
	var got []string
	for line := range strings.Lines(vm.Console()) {
		if strings.HasPrefix(line, "FINGERS ") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := `FINGERS down 0 0.25 0.25 fresh true
FINGERS down 1 1.00 1.00 fresh true
FINGERS up 0 0.25 0.25 fresh true
FINGERS move 1 0.50 1.00 fresh true
FINGERS cancel 1 0.50 1.00 fresh true
FINGERS end <nil>`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got\n%s\nwant\n%s\nconsole\n%s", g, want, vm.Console())
	}
}

// TestEvdevWithoutDevices checks that no folder and no device are no error.
func TestEvdevWithoutDevices(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{filepath.Join(dir, "none"), dir, "/dev/null/x"} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- input.NewEvdev(input.EvdevConfig{Dir: d}).Run(ctx, func(input.Event) {}) }()
		if err := os.WriteFile(filepath.Join(dir, "event0"), []byte("no device"), 0o600); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: got %v, want nil", d, err)
		}
	}
}

func TestQueueKeepsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := input.NewQueue(16)
		for range 100 {
			q.Push(input.Event{Kind: input.TouchMove})
		}
		if n := len(q.C()); n != 8 {
			t.Errorf("moves: got %d of 16 places, want 8", n)
		}
		for range 100 {
			q.Push(input.Event{Kind: input.TouchDown})
		}
		if n := len(q.C()); n != 12 {
			t.Errorf("beginnings: got %d of 16 places, want 12", n)
		}
		for i := range 100 {
			if !q.Push(input.Event{Kind: input.TouchUp, Contact: i}) {
				t.Fatal("an end found no place")
			}
		}
		var last input.Event
		for len(q.C()) > 0 {
			last = <-q.C()
		}
		if last.Contact != 99 {
			t.Errorf("the last end: got %d, want 99", last.Contact)
		}
	})
}

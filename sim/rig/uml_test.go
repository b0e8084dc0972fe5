package rig_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/sim/rig"
)

// needUML skips where user-mode Linux is not installed, unless the run is to
// prove it.
func needUML(t *testing.T, more ...string) context.Context {
	t.Helper()
	if err := rig.Missing(append(more, "linux.uml", "insmod", "ip")...); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestUMLRunsProgram(t *testing.T) {
	ctx := needUML(t)
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	u := rig.UML{
		Modules: []string{"vcan", "can_raw"},
		Setup:   []string{"ip link add dev vcan0 type vcan", "ip link set vcan0 mtu 72 up"},
		Env:     []string{"GREETING=it's here"},
		Dir:     dir,
		Output:  &out,
	}
	err := u.Run(ctx, "sh", "-c", `pwd; echo "$GREETING"; ip -br link show vcan0; echo kept >kept; touch /etc/tandem-rig 2>/dev/null && echo host is writable; echo "$1"`, "sh", "a 'b' $c")
	if err != nil {
		t.Fatalf("run: %v\n%s", err, out.String())
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != 4 || got[0] != dir || got[1] != "it's here" || !strings.HasPrefix(got[2], "vcan0 ") || got[3] != "a 'b' $c" {
		t.Errorf("got output %q", got)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "kept")); string(b) != "kept\n" {
		t.Errorf("got file %q, %v; want what the guest wrote", b, err)
	}
}

func TestUMLExitCode(t *testing.T) {
	ctx := needUML(t)
	t.Parallel()
	err := rig.UML{}.Run(ctx, "sh", "-c", "exit 7")
	var exit *rig.ExitError
	if !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("got %v, want exit code 7", err)
	}
}

func TestUMLSetupFails(t *testing.T) {
	ctx := needUML(t)
	t.Parallel()
	var out bytes.Buffer
	err := rig.UML{Setup: []string{"ip link set nosuch0 up"}, Output: &out}.Run(ctx, "echo", "ran")
	var exit *rig.ExitError
	if !errors.As(err, &exit) || exit.Code != 125 {
		t.Errorf("got %v, want exit code 125", err)
	}
	if got := out.String(); !strings.Contains(got, "set-up failed: ip link set nosuch0 up") || strings.Contains(got, "ran\n") {
		t.Errorf("got output %q", got)
	}
}

func TestUMLEndsWithContext(t *testing.T) {
	parent := needUML(t)
	t.Setenv("TMPDIR", t.TempDir()) // stands in the command line of all its processes
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	dir := t.TempDir()
	go func() {
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		for ctx.Err() == nil {
			<-ticks.C
			if _, err := os.Stat(filepath.Join(dir, "running")); err == nil {
				cancel()
			}
		}
	}()
	var out bytes.Buffer
	u := rig.UML{Dir: dir, Output: &out}
	err := u.Run(ctx, "sh", "-c", "echo started; sleep 100 & echo >running; sleep 100; echo not reached")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if got := out.String(); got != "started\n" {
		t.Errorf("got output %q, want what came before the end", got)
	}
	if left := processesWith(t, os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("guest processes outlived the run: %v", left)
	}
}

func TestUMLModuleUnknown(t *testing.T) {
	ctx := needUML(t)
	err := rig.UML{Modules: []string{"no-such-module"}}.Run(ctx, "true")
	if err == nil || !strings.Contains(err.Error(), "no module no-such-module") {
		t.Errorf("got %v, want an error that names the module", err)
	}
}

func TestMissing(t *testing.T) {
	if err := rig.Missing("sh"); err != nil {
		t.Errorf("got %v for sh, want nil", err)
	}
	err := rig.Missing("no-such-program-here")
	if !errors.Is(err, rig.ErrMissing) || !strings.Contains(err.Error(), "no-such-program-here") {
		t.Errorf("got %v, want ErrMissing with the name", err)
	}
}

// TestUMLPackages holds the check's list of packages to ours.
func TestUMLPackages(t *testing.T) {
	b, err := os.ReadFile("../../.ci/run")
	if err != nil {
		t.Skip("no .ci/run in this tree")
	}
	words := strings.Fields(string(b))
	for _, p := range rig.UMLPackages {
		if !slices.Contains(words, p) {
			t.Errorf(".ci/run does not install %s", p)
		}
	}
}

// processesWith lists live processes whose command line has the word.
func processesWith(t *testing.T, word string) []string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, n := range names {
		if b, err := os.ReadFile(n); err == nil && bytes.Contains(b, []byte(word)) {
			found = append(found, n+" "+string(bytes.ReplaceAll(b, []byte{0}, []byte{' '})))
		}
	}
	return found
}

package socketcan_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/sim/rig"
)

// inGuest marks the test binary that TestOnKernel runs inside user-mode Linux,
// where all that the tests need is there, so that nothing may be skipped.
const inGuest = "TANDEM_IN_GUEST"

// TestOnKernel builds this package's tests and runs those named TestKernel on a
// real kernel: user-mode Linux, with can-utils as the other end.
func TestOnKernel(t *testing.T) {
	if os.Getenv(inGuest) != "" {
		t.Skip("already inside")
	}
	if err := rig.Missing("linux.uml", "insmod", "ip", "candump", "cansend", "cangen", "go"); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "socketcan.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the tests: %v\n%s", err, out)
	}
	var out bytes.Buffer
	guest := rig.UML{
		Modules: []string{"vcan", "slcan", "can-raw", "sch_tbf"},
		Setup: []string{
			"ip link add dev vcan0 type vcan", "ip link set vcan0 mtu 72 up",
			"ip link add dev vcan1 type vcan", "ip link set vcan1 mtu 16 up",
		},
		Env:    []string{inGuest + "=1"},
		Dir:    dir,
		Output: &out,
	}
	args := []string{"-test.run=^TestKernel", "-test.v", "-test.timeout=8m", "-test.count=1"}
	if testing.Verbose() {
		args = append(args, "-test.bench=^BenchmarkKernel", "-test.benchtime=500x")
	}
	err := guest.Run(ctx, binary, args...)
	t.Logf("inside user-mode Linux:\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "--- SKIP") || !strings.Contains(out.String(), "--- PASS: TestKernelBurst") {
		t.Error("a test was skipped inside, or none ran")
	}
}

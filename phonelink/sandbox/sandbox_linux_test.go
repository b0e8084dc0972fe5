package sandbox_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
	"tandem/sim/rig"
)

// furnish makes the folders of two profiles; the other's file is readable for
// everybody, so that only the sandbox stands before it.
func furnish(t *testing.T) (own, other string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tandem-sandbox-") // t.TempDir is for its owner alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, p := range []string{dir, filepath.Join(dir, "ben")} {
		if err := os.MkdirAll(p, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	other = filepath.Join(dir, "ben", "contacts")
	if err := os.WriteFile(other, []byte("Ben's"), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "anna"), other
}

func run(t *testing.T, c childConfig) childResult {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), inChild+"="+marshal(t, c))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the process: %v\n%s", err, out)
	}
	return parse(t, string(out))
}

// TestEnter is the sandbox on this machine's kernel. Without Landlock the
// other profile's file cannot be denied here, since its mode is for everybody.
func TestEnter(t *testing.T) {
	for _, network := range []bool{true, false} {
		own, other := furnish(t)
		if err := os.Mkdir(own, 0o700); err != nil {
			t.Fatal(err)
		}
		free := run(t, childConfig{Own: own, Other: other})
		for _, name := range []string{"own", "other", "udp", "tcp", "unix", "ifaces", "process"} {
			if free.Can[name] != "ok" {
				t.Errorf("free: %s: got %s, want ok: else the sandbox proves nothing", name, free.Can[name])
			}
		}
		os.RemoveAll(own)
		r := run(t, childConfig{Enter: true, Own: own, Other: other, User: "65533", Network: network})
		t.Log(r.Report)
		if strings.Contains(r.Report, "landlock 0") {
			delete(r.Can, "other")
		}
		for _, w := range judge(r, network) {
			t.Errorf("network %t: %s", network, w)
		}
	}
}

// TestStoreInside: the trust store of one profile works in a sandbox that has
// no other, for the user that the test has.
func TestStoreInside(t *testing.T) {
	own, other := furnish(t)
	dir := filepath.Join(filepath.Dir(own), "trust")
	s, err := trust.Open(trust.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []phonelink.Profile{"anna", "ben"} {
		if _, err := s.Vault(p); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, childConfig{Enter: true, Own: own, Other: other, Network: true, Store: dir})
	if strings.Contains(r.Report, "landlock 0") {
		t.Skip("the kernel has no Landlock: one user's files cannot be kept from that user")
	}
	for _, w := range judge(r, true) {
		t.Error(w)
	}
}

// guestScript runs the same binary free and in the sandbox: as root on vcan0,
// with the folder of each profile owned by its own user.
const guestScript = `
mkdir -p /run/t/anna /run/t/ben
echo secret >/run/t/ben/contacts
chmod 700 /run/t/anna /run/t/ben; chmod 600 /run/t/ben/contacts
chown -R 2001 /run/t/anna; chown -R 2002 /run/t/ben
TANDEM_SANDBOX_CHILD="$FREE" "$1"
rm -f /run/t/anna/*
TANDEM_SANDBOX_CHILD="$INSIDE" "$1"
`

// TestOnUML is the proof on a kernel with a CAN bus: the same binary can open
// it and read the other profile's file when it is free, and neither in the
// sandbox. Debian's user-mode kernel has seccomp filters and no Landlock, so
// here owner and mode keep the file.
func TestOnUML(t *testing.T) {
	if err := rig.Missing("linux.uml", "insmod", "ip", "go"); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "sandbox.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the tests: %v\n%s", err, out)
	}
	c := childConfig{Own: "/run/t/anna", Other: "/run/t/ben/contacts", Network: true}
	inside := c
	inside.Enter, inside.User = true, "2001"
	var out bytes.Buffer
	guest := rig.UML{
		Modules: []string{"vcan", "can-raw"},
		Setup:   []string{"ip link add dev vcan0 type vcan", "ip link set vcan0 up"},
		Env:     []string{"FREE=" + marshal(t, c), "INSIDE=" + marshal(t, inside)},
		Dir:     dir,
		Output:  &out,
	}
	err := guest.Run(ctx, "sh", "-c", guestScript, "sh", binary)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %q, want two results", lines)
	}
	free := parse(t, lines[0])
	for _, name := range []string{"can", "other", "own", "udp", "tcp", "unix", "ifaces", "packet", "can from thread 3"} {
		if free.Can[name] != "ok" {
			t.Errorf("free: %s: got %s, want ok: else the sandbox proves nothing", name, free.Can[name])
		}
	}
	r := parse(t, lines[1])
	t.Log(r.Report)
	for _, w := range judge(r, true) {
		t.Error(w)
	}
}

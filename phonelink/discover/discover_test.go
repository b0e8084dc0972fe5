package discover_test

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/phonelink/discover"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait.
const patience = 30 * time.Second

// multicast skips where there is no network to announce on.
func multicast(t *testing.T) {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&(net.FlagUp|net.FlagMulticast|net.FlagLoopback) == net.FlagUp|net.FlagMulticast {
			return
		}
	}
	t.Skip("no network interface that can multicast")
}

var service = discover.Service{
	Instance: "tandem-test-1", Type: "_tandemtest._udp", Host: "tandem-test-host", Port: 4711,
	Text: map[string]string{"v": "1", "empty": "", "long": strings.Repeat("x", 200)},
}

// announce runs until the returned function is called.
func announce(t *testing.T, s discover.Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- discover.Announce(ctx, s) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("announce: %v", err)
		}
	})
}

func TestFindsEachOther(t *testing.T) {
	multicast(t)
	stop := announce(t, service)
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got discover.Found
	err := discover.Browse(ctx, service.Type, func(f discover.Found) {
		if f.Instance == service.Instance {
			got = f
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Addr.Port() != service.Port || !maps.Equal(got.Text, service.Text) {
		t.Errorf("got %v, want %v", got, service)
	}
}

func TestAnnounceRefuses(t *testing.T) {
	multicast(t)
	for name, s := range map[string]discover.Service{
		"no type":       {Instance: "a", Host: "a", Port: 1},
		"long instance": {Instance: strings.Repeat("a", 64), Type: "_a._udp", Host: "a", Port: 1},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := discover.Announce(ctx, s); err == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want an error at once", name, err)
		}
		cancel()
	}
}

// zeroconfBrowse and zeroconfAnnounce are the other side, written by others:
// python-zeroconf.
const (
	zeroconfBrowse = `
import sys, time
from zeroconf import Zeroconf
z = Zeroconf()
for _ in range(10):
    i = z.get_service_info(sys.argv[1], sys.argv[2], timeout=3000)
    if i and i.properties: # the text may come after the rest
        print(i.port, i.server, i.properties.get(b"v"), len(i.properties.get(b"long")), len(i.addresses) > 0)
        break
z.close()
`
	zeroconfAnnounce = `
import socket, sys
from zeroconf import Zeroconf, ServiceInfo
z = Zeroconf()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("224.0.0.251", 9))
z.register_service(ServiceInfo(sys.argv[1], sys.argv[2], port=1234, properties={"k": "w"}, server="python-test.local.", addresses=[socket.inet_aton(s.getsockname()[0])]))
print("ready", flush=True)
sys.stdin.read()
z.close()
`
)

func python(t *testing.T) {
	t.Helper()
	multicast(t)
	if err := exec.Command("python3", "-c", "import zeroconf").Run(); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatalf("python3 with zeroconf: %v", err)
		}
		t.Skip("python3 with the package zeroconf is not installed")
	}
}

func TestPythonFindsUs(t *testing.T) {
	python(t)
	stop := announce(t, service)
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "python3", "-c", zeroconfBrowse, service.Type+".local.", service.Instance+"."+service.Type+".local.").CombinedOutput()
	if got, want := strings.TrimSpace(string(out)), "4711 tandem-test-host.local. b'1' 200 True"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestWeFindPython(t *testing.T) {
	python(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", "-c", zeroconfAnnounce, "_tandempy._udp.local.", "snake._tandempy._udp.local.")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("python said %q, %v", line, err)
	}
	var got discover.Found
	browse, found := context.WithCancel(ctx)
	err = discover.Browse(browse, "_tandempy._udp", func(f discover.Found) {
		got = f
		found()
	})
	if err != nil || got.Instance != "snake" || got.Addr.Port() != 1234 || got.Text["k"] != "w" {
		t.Errorf("got %v, %v; want snake at port 1234 with k=w", got, err)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

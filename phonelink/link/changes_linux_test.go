package link_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/phonelink/link"
)

// TestChangesOfTheNetwork brings an interface up in a network namespace of its
// own.
func TestChangesOfTheNetwork(t *testing.T) {
	lacks := func(what string) {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	ip, err := exec.LookPath("ip")
	if err != nil {
		lacks("no ip command")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	result := make(chan error, 1)
	seen := make(chan struct{}, 8)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		// A process that this thread starts is in its namespace.
		up := exec.CommandContext(ctx, "sh", "-c", "while :; do "+ip+" link set lo up; sleep 0.2; "+ip+" link set lo down; done")
		if err := up.Start(); err != nil {
			result <- err
			return
		}
		err := link.System{}.Changes(ctx, func() {
			seen <- struct{}{}
			cancel()
		})
		up.Wait()
		result <- err
	}()
	err = <-result
	if errors.Is(err, unix.EPERM) {
		lacks("may not make a network namespace")
	}
	if len(seen) == 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d changes and %v, want one and the end of the context", len(seen), err)
	}
}

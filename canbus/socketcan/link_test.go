//go:build linux

package socketcan_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/canbus/socketcan"
)

func TestKernelOpenErrors(t *testing.T) {
	needKernel(t)
	run(t, "ip", "link", "add", "dev", "vcan7", "type", "vcan")
	t.Cleanup(func() { run(t, "ip", "link", "del", "vcan7") })
	for _, c := range []struct {
		iface string
		is    error
		says  string
	}{
		{"vcan1", socketcan.ErrNotFD, "`ip link set vcan1 down; ip link set vcan1 mtu 72 up`"},
		{"can0", socketcan.ErrGone, "`ip link set can0 up type can bitrate 500000`"},
		{"vcan9", socketcan.ErrGone, "`ip link add vcan9 type vcan && ip link set vcan9 mtu 72 up`"},
		{"vcan7", socketcan.ErrDown, "`ip link set vcan7 mtu 72 up`"},
		{"lo", nil, "not a CAN interface"},
	} {
		b, err := socketcan.Open(socketcan.Config{Interface: c.iface, NeedFD: true})
		if err == nil {
			b.Close()
			t.Errorf("%s: opened", c.iface)
			continue
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want %v", c.iface, err, c.is)
		}
		if !strings.Contains(err.Error(), "open CAN interface "+c.iface+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %q, want it to say %q", c.iface, err, c.says)
		}
	}
}

func TestKernelClassicInterface(t *testing.T) {
	b := open(t, socketcan.Config{Interface: "vcan1"})
	if b.FD() {
		t.Error("got FD for an interface with mtu 16")
	}
	n, err := b.Send(soon(t), frames(t, "123#11", "124##011", "125#"))
	if n != 1 || !errors.Is(err, socketcan.ErrNotFD) || !strings.Contains(err.Error(), "mtu 72 up") {
		t.Errorf("got %d sent, %v; want 1 and %v with the next step", n, err, socketcan.ErrNotFD)
	}
}

func TestKernelSendInvalid(t *testing.T) {
	b := open(t, socketcan.Config{Interface: "vcan0"})
	rx := open(t, socketcan.Config{Interface: "vcan0"})
	fs := frames(t, "123#11", "124#22", "125#33")
	fs[1].Len = 9
	if n, err := b.Send(soon(t), fs); n != 1 || err == nil {
		t.Errorf("got %d sent, %v; want 1 and an error", n, err)
	}
	equal(t, receive(t, rx, 1), []string{"123#11"})
}

func TestKernelGoesDownAndUp(t *testing.T) {
	needKernel(t)
	run(t, "ip", "link", "add", "dev", "vcan5", "type", "vcan")
	run(t, "ip", "link", "set", "vcan5", "up")
	b := open(t, socketcan.Config{Interface: "vcan5"})
	tx := open(t, socketcan.Config{Interface: "vcan5"})
	var f [1]canbus.Frame

	run(t, "ip", "link", "set", "vcan5", "down")
	if _, err := b.Receive(soon(t), f[:]); !errors.Is(err, socketcan.ErrDown) || !strings.Contains(err.Error(), "vcan5") {
		t.Fatalf("receive while down: got %v, want %v", err, socketcan.ErrDown)
	}
	if _, err := b.Send(soon(t), frames(t, "123#11")); !errors.Is(err, socketcan.ErrDown) {
		t.Fatalf("send while down: got %v, want %v", err, socketcan.ErrDown)
	}
	run(t, "ip", "link", "set", "vcan5", "up")
	for { // the sender's socket also reports once that it was down
		if _, err := tx.Send(soon(t), frames(t, "123#22")); err == nil {
			break
		} else if !errors.Is(err, socketcan.ErrDown) {
			t.Fatal(err)
		}
	}
	equal(t, receive(t, b, 1), []string{"123#22"})

	run(t, "ip", "link", "del", "vcan5")
	for {
		_, err := b.Receive(soon(t), f[:])
		if errors.Is(err, socketcan.ErrDown) {
			continue // it goes down before it goes away
		}
		if !errors.Is(err, socketcan.ErrGone) {
			t.Fatalf("receive after removal: got %v, want %v", err, socketcan.ErrGone)
		}
		break
	}
}

func TestKernelQueueFull(t *testing.T) {
	needKernel(t)
	run(t, "ip", "link", "add", "dev", "vcan6", "type", "vcan")
	t.Cleanup(func() { run(t, "ip", "link", "del", "vcan6") })
	run(t, "ip", "link", "set", "vcan6", "up")
	run(t, "tc", "qdisc", "add", "dev", "vcan6", "root", "tbf", "rate", "1kbit", "burst", "100", "limit", "160")
	b := open(t, socketcan.Config{Interface: "vcan6"})
	all := make([]canbus.Frame, 200)
	n, err := b.Send(soon(t), all)
	if !errors.Is(err, socketcan.ErrQueueFull) || n < 1 || n >= len(all) {
		t.Errorf("got %d sent, %v; want some and %v", n, err, socketcan.ErrQueueFull)
	}
}

// TestKernelSendWaits fills the socket's send buffer behind a slow queue: Send
// waits for room, and for its context.
func TestKernelSendWaits(t *testing.T) {
	needKernel(t)
	run(t, "ip", "link", "add", "dev", "vcan8", "type", "vcan")
	t.Cleanup(func() { run(t, "ip", "link", "del", "vcan8") })
	run(t, "ip", "link", "set", "vcan8", "up")
	// 500 frames in a second, and no limit but the socket's own.
	run(t, "tc", "qdisc", "add", "dev", "vcan8", "root", "tbf", "rate", "64kbit", "burst", "1600", "limit", "10000000")
	b := open(t, socketcan.Config{Interface: "vcan8"})
	rx := open(t, socketcan.Config{Interface: "vcan8"})
	all := make([]canbus.Frame, 3000)
	n := 0
	for n < 100 { // more than once, where the machine gives little in a tenth of a second
		ctx, cancel := context.WithTimeout(soon(t), 100*time.Millisecond)
		more, err := b.Send(ctx, all)
		cancel()
		if n += more; !errors.Is(err, context.DeadlineExceeded) || more >= len(all) {
			t.Fatalf("got %d sent, %v; want some and %v", more, err, context.DeadlineExceeded)
		}
	}
	if more, err := b.Send(soon(t), all[:300]); more != 300 || err != nil {
		t.Fatalf("got %d sent, %v; want all once there is room", more, err)
	}
	receive(t, rx, n+300)

	done := make(chan error, 1)
	go func() {
		for {
			if _, err := b.Send(context.Background(), all); err != nil {
				done <- err
				return
			}
		}
	}()
	receive(t, rx, 400) // by now it has filled its buffer
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("blocked send: got %v, want %v", err, canbus.ErrClosed)
	}
}

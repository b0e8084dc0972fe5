//go:build linux

package socketcan_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	brutella "github.com/brutella/can"
	"go.uber.org/goleak"

	"tandem/canbus"
	"tandem/canbus/canlog"
	"tandem/canbus/socketcan"
)

// open opens a bus on a virtual interface, where the machine has one.
func open(t testing.TB, cfg socketcan.Config) *socketcan.Bus {
	t.Helper()
	needKernel(t)
	b, err := socketcan.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func needKernel(t testing.TB) {
	t.Helper()
	if _, err := os.Stat("/sys/class/net/vcan0"); err != nil && os.Getenv(inGuest) == "" {
		t.Skip("no interface vcan0 here; TestOnKernel runs this in user-mode Linux")
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// frames parses frames as cansend takes them.
func frames(t testing.TB, texts ...string) []canbus.Frame {
	t.Helper()
	fs := make([]canbus.Frame, len(texts))
	for i, s := range texts {
		f, err := canlog.ParseFrame(s)
		if err != nil {
			t.Fatal(err)
		}
		fs[i] = f
	}
	return fs
}

// receive waits for n frames and gives them as text, without their times.
func receive(t testing.TB, b canbus.Bus, n int) []string {
	t.Helper()
	ctx := soon(t)
	var got []string
	batch := make([]canbus.Frame, n)
	for len(got) < n {
		k, err := b.Receive(ctx, batch[:n-len(got)])
		if err != nil {
			t.Fatalf("receive after %d of %d frames: %v", len(got), n, err)
		}
		for _, f := range batch[:k] {
			got = append(got, string(canlog.AppendFrame(nil, &f)))
		}
	}
	return got
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got frames\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// everyKind is one frame of each kind that a bus carries.
var everyKind = []string{
	"123#DEADBEEF", "7FF#", "000#0102030405060708",
	"18DAF110#1122", "00000001#", "123#R", "123#R5", "18DAF110#R8",
	"123##01122", "123##1112233445566778899AABBCC", "18DAF110##3",
	"456##2" + strings.Repeat("A5", 64),
}

func TestKernelReceivesCansend(t *testing.T) {
	b := open(t, socketcan.Config{Interface: "vcan0", Bus: 3})
	before := time.Now()
	for _, s := range everyKind {
		run(t, "cansend", "vcan0", s)
	}
	equal(t, receive(t, b, len(everyKind)), everyKind)

	var f [1]canbus.Frame
	run(t, "cansend", "vcan0", "001#11")
	if _, err := b.Receive(soon(t), f[:]); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(0, f[0].Time)
	if at.Before(before) || at.After(time.Now()) || f[0].Bus != 3 || f[0].Flags != 0 {
		t.Errorf("got time %v, bus %d, flags %v; want now, 3 and none", at, f[0].Bus, f[0].Flags)
	}
}

// dump is a running candump that is known to listen.
type dump struct {
	t     testing.TB
	b     *socketcan.Bus
	cmd   *exec.Cmd
	lines *bufio.Reader
}

const marker = "1FFFFFFF#"

func startDump(t testing.TB, args ...string) *dump {
	t.Helper()
	d := &dump{t: t, b: open(t, socketcan.Config{Interface: "vcan0"})}
	d.cmd = exec.CommandContext(soon(t), "candump", args...)
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.cmd.Process.Kill(); d.cmd.Wait() })
	d.lines = bufio.NewReader(out)

	ready := make(chan error, 1)
	go func() {
		_, err := d.lines.ReadString('\n')
		ready <- err
	}()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case err := <-ready:
			if err != nil {
				t.Fatalf("candump: %v", err)
			}
			return d
		case <-ticks.C:
			if _, err := d.b.Send(soon(t), frames(t, marker)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// next is the next frame that candump printed and that is no marker.
func (d *dump) next() (f canbus.Frame, text string) {
	d.t.Helper()
	for {
		line, err := d.lines.ReadString('\n')
		if err != nil {
			d.t.Fatalf("candump: %v", err)
		}
		r, err := canlog.NewReader("candump", strings.NewReader(line))
		if err != nil {
			d.t.Fatal(err)
		}
		if _, err = r.Next(&f); err != nil {
			d.t.Fatal(err)
		}
		if text := string(canlog.AppendFrame(nil, &f)); text != marker {
			return f, text
		}
	}
}

func TestKernelSendsToCandump(t *testing.T) {
	for _, args := range [][]string{{"-L", "vcan0"}, {"-x", "-ta", "vcan0"}} {
		d := startDump(t, args...)
		n, err := d.b.Send(soon(t), frames(t, everyKind...))
		if n != len(everyKind) || err != nil {
			t.Fatalf("sent %d frames, %v; want %d", n, err, len(everyKind))
		}
		var got []string
		for range everyKind {
			_, s := d.next()
			got = append(got, s)
		}
		equal(t, got, everyKind)
	}
}

// TestKernelCangen compares what we receive with what candump logs, frame by
// frame and microsecond by microsecond.
func TestKernelCangen(t *testing.T) {
	const n = 2000
	d := startDump(t, "-L", "-r", "8388608", "vcan0")
	b := open(t, socketcan.Config{Interface: "vcan0"})
	for _, kind := range [][]string{nil, {"-e"}, {"-f"}, {"-R"}} {
		run(t, "cangen", append([]string{"vcan0", "-g", "0", "-n", fmt.Sprint(n / 4), "-I", "r", "-L", "r", "-D", "r"}, kind...)...)
	}
	batch := make([]canbus.Frame, n)
	for have := 0; have < n; {
		k, err := b.Receive(soon(t), batch[have:])
		if err != nil {
			t.Fatalf("receive after %d frames: %v", have, err)
		}
		have += k
	}
	var fd, extended int
	for i := range batch {
		want, _ := d.next()
		got := batch[i]
		got.Time -= got.Time % 1000
		if got != want {
			t.Fatalf("frame %d: got %+v, candump has %+v", i, got, want)
		}
		if got.Flags&canbus.FD != 0 {
			fd++
		}
		if got.Flags&canbus.Extended != 0 {
			extended++
		}
	}
	if fd != n/4 || extended == 0 {
		t.Errorf("got %d FD and %d extended frames of %d", fd, extended, n)
	}
}

// TestKernelBurst floods a receiver that does not read: what it gets in the end
// and what the kernel says it threw away must be all that was sent.
func TestKernelBurst(t *testing.T) {
	const n = 20000
	for _, c := range []struct {
		name   string
		buffer int
		lossy  bool
	}{{"small buffer", 64 << 10, true}, {"default buffer", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			rx := open(t, socketcan.Config{Interface: "vcan0", ReceiveBuffer: c.buffer})
			tx := open(t, socketcan.Config{Interface: "vcan0"})
			all := make([]canbus.Frame, n)
			for i := range all {
				all[i] = canbus.Frame{ID: uint32(i % 0x800), Len: 8, Data: [64]byte{byte(i >> 8), byte(i)}}
			}
			start := time.Now()
			if sent, err := tx.Send(soon(t), all); sent != n || err != nil {
				t.Fatalf("sent %d, %v; want %d", sent, err, n)
			}
			took := time.Since(start)
			got := 0
			batch := make([]canbus.Frame, 256)
			for got+int(rx.Dropped()) < n {
				k, err := rx.Receive(soon(t), batch)
				if err != nil {
					t.Fatalf("received %d, dropped %d of %d: %v", got, rx.Dropped(), n, err)
				}
				got += k
			}
			dropped := int(rx.Dropped())
			t.Logf("sent %d in %v, received %d, dropped %d, receive buffer %d", n, took, got, dropped, rx.ReceiveBuffer())
			if got+dropped != n {
				t.Errorf("got %d received and %d dropped, want %d together", got, dropped, n)
			}
			if c.lossy != (dropped > 0) {
				t.Errorf("dropped %d frames, want some: %v", dropped, c.lossy)
			}
			if err := rx.Close(); err != nil || int(rx.Dropped()) != dropped {
				t.Errorf("after close: %v, %d dropped, want %d still", err, rx.Dropped(), dropped)
			}
		})
	}
}

func TestKernelBurstFromCangen(t *testing.T) {
	const n = 20000
	rx := open(t, socketcan.Config{Interface: "vcan0", ReceiveBuffer: 256 << 10})
	done := make(chan error, 1)
	go func() {
		done <- exec.Command("cangen", "vcan0", "-g", "0", "-n", fmt.Sprint(n), "-i").Run()
	}()
	got := 0
	batch := make([]canbus.Frame, 64)
	for got+int(rx.Dropped()) < n {
		k, err := rx.Receive(soon(t), batch)
		if err != nil {
			t.Fatalf("received %d, dropped %d of %d: %v", got, rx.Dropped(), n, err)
		}
		got += k
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("cangen sent %d, received %d, dropped %d", n, got, rx.Dropped())
	if got+int(rx.Dropped()) != n {
		t.Errorf("got %d received and %d dropped, want %d together", got, rx.Dropped(), n)
	}
}

func TestKernelCloseWakes(t *testing.T) {
	needKernel(t)
	defer goleak.VerifyNone(t)
	for range 50 { // descriptor numbers come round: a stale reader would steal
		b := open(t, socketcan.Config{Interface: "vcan0"})
		done := make(chan error, 1)
		go func() {
			var f [4]canbus.Frame
			_, err := b.Receive(context.Background(), f[:])
			done <- err
		}()
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if !errors.Is(err, canbus.ErrClosed) {
				t.Fatalf("got %v, want %v", err, canbus.ErrClosed)
			}
		case <-soon(t).Done():
			t.Fatal("receive still blocked after close")
		}
		if _, err := b.Send(context.Background(), frames(t, "123#")); !errors.Is(err, canbus.ErrClosed) {
			t.Fatalf("send: got %v, want %v", err, canbus.ErrClosed)
		}
		if err := b.Close(); err != nil {
			t.Fatalf("second close: %v", err)
		}
	}
}

func TestKernelContextWakes(t *testing.T) {
	b := open(t, socketcan.Config{Interface: "vcan0"})
	tx := open(t, socketcan.Config{Interface: "vcan0"})
	var f [4]canbus.Frame
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		if _, err := b.Receive(ctx, f[:]); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if _, err := b.Receive(ctx, f[:]); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("again: got %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
		if _, err := tx.Send(context.Background(), frames(t, "123#11")); err != nil {
			t.Fatal(err)
		}
		equal(t, receive(t, b, 1), []string{"123#11"})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tx.Send(ctx, frames(t, "123#11")); !errors.Is(err, context.Canceled) {
		t.Errorf("send: got %v, want %v", err, context.Canceled)
	}
}

func TestKernelOptions(t *testing.T) {
	tx := open(t, socketcan.Config{Interface: "vcan0"})
	filtered := open(t, socketcan.Config{Interface: "vcan0", Filters: []socketcan.Filter{{ID: 0x120, Mask: 0x7f0}, {ID: 0x80000000 | 0x55, Mask: 0x9fffffff}}})
	withErrors := open(t, socketcan.Config{Interface: "vcan0", Errors: true})
	echo := open(t, socketcan.Config{Interface: "vcan0", Echo: true})

	if _, err := tx.Send(soon(t), frames(t, "123#01", "133#02", "00000055#03", "055#04", "20000004#0004000000000000", "12F#05")); err != nil {
		t.Fatal(err)
	}
	equal(t, receive(t, filtered, 3), []string{"123#01", "00000055#03", "12F#05"})
	equal(t, receive(t, withErrors, 6), []string{"123#01", "133#02", "00000055#03", "055#04", "20000004#0004000000000000", "12F#05"})
	equal(t, receive(t, echo, 5), []string{"123#01", "133#02", "00000055#03", "055#04", "12F#05"})

	if _, err := echo.Send(soon(t), frames(t, "321#")); err != nil {
		t.Fatal(err)
	}
	var f [1]canbus.Frame
	if _, err := echo.Receive(soon(t), f[:]); err != nil || f[0].ID != 0x321 || f[0].Flags != canbus.Sent {
		t.Errorf("got %v, %+v; want the sent frame, marked", err, f[0])
	}
}

func TestKernelAllocations(t *testing.T) {
	rx := open(t, socketcan.Config{Interface: "vcan0"})
	tx := open(t, socketcan.Config{Interface: "vcan0"})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := frames(t, everyKind...)
	in := make([]canbus.Frame, len(out))
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := tx.Send(ctx, out); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(out); {
			k, err := rx.Receive(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations per %d frames, want 0", allocs, len(out))
	}
}

// TestKernelPlaysLog sends a recording with canplayer and writes what comes in
// as a log: the two logs must have the same frames.
func TestKernelPlaysLog(t *testing.T) {
	b := open(t, socketcan.Config{Interface: "vcan0"})
	var log bytes.Buffer
	w := canlog.NewWriter(&log, canlog.WriterConfig{Interface: "vcan0"})
	want := frames(t, everyKind...)
	for i := range want {
		want[i].Time = int64(1436509052e9) + int64(i)*1e6
		if err := w.Write("", &want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	player := exec.Command("canplayer", "-t")
	player.Stdin = &log
	if out, err := player.CombinedOutput(); err != nil {
		t.Fatalf("canplayer: %v\n%s", err, out)
	}
	equal(t, receive(t, b, len(everyKind)), everyKind)
}

// TestKernelBrutella runs a brutella bus on one of ours, on a real interface:
// there it hears what is classic, is heard, and ends when it is told to.
func TestKernelBrutella(t *testing.T) {
	b := open(t, socketcan.Config{Interface: "vcan0"})
	other := open(t, socketcan.Config{Interface: "vcan0"})
	bus := brutella.NewBus(brutella.NewReadWriteCloser(canbus.ClassicStream(b)))
	heard := make(chan brutella.Frame, 10)
	bus.SubscribeFunc(func(f brutella.Frame) { heard <- f })
	ended := make(chan error, 1)
	go func() { ended <- bus.ConnectAndPublish() }()

	run(t, "cansend", "vcan0", "456##1"+strings.Repeat("11", 64))
	run(t, "cansend", "vcan0", "18DAF110#1122")
	if got := <-heard; got.ID != 0x80000000|0x18DAF110 || got.Length != 2 || got.Data[1] != 0x22 {
		t.Errorf("brutella heard %+v", got)
	}
	receive(t, other, 2)
	if err := bus.Publish(brutella.Frame{ID: 0x123, Length: 1, Data: [8]byte{7}}); err != nil {
		t.Fatal(err)
	}
	equal(t, receive(t, other, 1), []string{"123#07"})
	if err := bus.Disconnect(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, canbus.ErrClosed) {
			t.Errorf("got %v, want %v", err, canbus.ErrClosed)
		}
	case <-soon(t).Done():
		t.Error("brutella's reader did not end")
	}
}

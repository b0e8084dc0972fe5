//go:build linux

package socketcan_test

import (
	"context"
	"net"
	"testing"
	"time"

	einride "go.einride.tech/can"
	einridesocket "go.einride.tech/can/pkg/socketcan"

	"tandem/canbus"
	"tandem/canbus/socketcan"
)

// BenchmarkKernel moves batches of 64 frames through a virtual interface, ours
// and einride's socketcan in turn, which needs a system call for each frame.
// Measured in user-mode Linux, whose system calls are slow: 7 to 12 us per frame
// sent and received, einride's 11 to 20 times that. A real kernel brings both
// down.
func BenchmarkKernel(b *testing.B) {
	rx := open(b, socketcan.Config{Interface: "vcan0"})
	tx := open(b, socketcan.Config{Interface: "vcan0"})
	out := make([]canbus.Frame, socketcan.MaxBatch)
	in := make([]canbus.Frame, socketcan.MaxBatch)
	ours := func() {
		if _, err := tx.Send(context.Background(), out); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < len(out); {
			k, err := rx.Receive(context.Background(), in)
			if err != nil {
				b.Fatal(err)
			}
			n += k
		}
	}
	theirs := einrideRound(b, len(out))
	var us, them time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		ours()
		us += time.Since(start)
		b.StopTimer()
		start = time.Now()
		theirs()
		them += time.Since(start)
		for n := 0; n < len(out); { // ours hears theirs
			k, err := rx.Receive(context.Background(), in)
			if err != nil {
				b.Fatal(err)
			}
			n += k
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(us.Nanoseconds())/float64(b.N*len(out)), "ns/frame")
	b.ReportMetric(float64(them)/float64(us), "x-einride")
}

// einrideRound sends and receives n frames through einride's socketcan.
func einrideRound(b *testing.B, n int) func() {
	dial := func() net.Conn {
		c, err := einridesocket.DialContext(context.Background(), "can", "vcan0")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		return c
	}
	sender, conn := einridesocket.NewTransmitter(dial()), dial()
	receiver := einridesocket.NewReceiver(conn)
	return func() {
		for range n {
			if err := sender.TransmitFrame(context.Background(), einride.Frame{}); err != nil {
				b.Fatal(err)
			}
		}
		for have := 0; have < n; have++ {
			if !receiver.Receive() {
				b.Fatal(receiver.Err())
			}
		}
	}
}

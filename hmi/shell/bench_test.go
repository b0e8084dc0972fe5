package shell_test

import (
	"context"
	"image"
	"testing"
	"time"

	"tandem/hmi"
	"tandem/hmi/shell"
	"tandem/vehicle"
)

// firstFrame is a layer that ends a run at its first frame.
type firstFrame struct {
	*layer
}

// BenchmarkFirstFrame is from New to the first presented frame of Home. The
// goal is 150 ms from exec; Fyne's stock embedded driver needed 280 ms.
func BenchmarkFirstFrame(b *testing.B) {
	for b.Loop() {
		l := &firstFrame{layer: newLayer()}
		run(b, l, func(s *shell.Shell, car *car, stop func()) {
			for n := 0; n == 0; n, _ = l.count() {
				time.Sleep(time.Millisecond)
			}
			stop()
		})
	}
}

// BenchmarkFrame is the shell's part of a frame in which the speed changes.
func BenchmarkFrame(b *testing.B) {
	l := &firstFrame{layer: newLayer()}
	run(b, l, func(s *shell.Shell, car *car, stop func()) {
		for n := 0; n == 0; n, _ = l.count() {
			time.Sleep(time.Millisecond)
		}
		stop()
		id, _ := car.store.ID(vehicle.Speed)
		rs := []vehicle.Report{{ID: id, Quality: vehicle.Valid}}
		now, i := time.Now(), 0
		frame := s.FrameForTest()
		b.ReportAllocs()
		b.ResetTimer()
		for b.Loop() {
			i++
			now = now.Add(time.Second / 60)
			rs[0].Value = vehicle.NumberOf(80 + float64(i%40)*0.7)
			car.store.Report(now, rs)
			frame(now)
		}
	})
}

func run(b *testing.B, l *firstFrame, f func(*shell.Shell, *car, func())) {
	var signals []vehicle.Signal
	for _, p := range hmi.Paths() {
		signals = append(signals, vehicle.Signal{Path: p, Type: typeOf(p), Actuator: true, Min: -1e12, Max: 1e12})
	}
	store, err := vehicle.NewStore(signals)
	if err != nil {
		b.Fatal(err)
	}
	c := &car{store: store}
	c.mood(shell.Driving)
	s, err := shell.New(shell.Config{Vehicle: hmi.Local{Store: store}, Layer: l, Size: image.Pt(1280, 720)})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	f(s, c, func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
}

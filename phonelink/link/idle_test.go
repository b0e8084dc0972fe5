package link_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// BenchmarkIdle is what four linked phones cost that have nothing to say: the
// share of a core of all five devices, and the memory of all. What the car's
// process alone costs is phonelink/node's BenchmarkIdle to say.
func BenchmarkIdle(b *testing.B) {
	car := newDevice(b, "car")
	var phones []*device
	for range 4 {
		p := newDevice(b, "phone")
		car.trust(p)
		phones = append(phones, p)
	}
	car.up("127.0.0.1:0")
	for _, p := range phones {
		p.trust(car, car.hub.Addr())
		p.up("127.0.0.1:0")
	}
	for _, p := range phones {
		p.await(car, 5*time.Second, linked)
	}
	timer := time.NewTimer(2 * time.Second)
	<-timer.C
	var cpu, wall time.Duration
	for b.Loop() {
		before, start := used(b), time.Now()
		timer.Reset(10 * time.Second)
		<-timer.C
		cpu += used(b) - before
		wall += time.Since(start)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(cpu.Seconds()/wall.Seconds()*100, "%cpu-all")
	b.ReportMetric(float64(m.HeapAlloc+m.StackInuse)/(1<<20), "MiB-all")
	b.ReportMetric(float64(runtime.NumGoroutine()), "goroutines")
}

// used is the processor time of this process.
func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip("no getrusage: ", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

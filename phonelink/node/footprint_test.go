package node_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/node"
)

// BenchmarkFootprint is a car's process with 4 linked phones and 1,000 sessions
// that rest: its resident memory, how much of that came with them, and its
// share of one core. The goals are 40 MiB and 0.3 %. (HarmonyOS is content with
// 16 devices and says nothing of memory.) It runs once: -bench Footprint
// -benchtime 1x.
func BenchmarkFootprint(b *testing.B) {
	tr := &truth{tried: map[string]bool{}, acked: map[string]bool{}, owner: map[string]string{}}
	car := &end{t: b, truth: tr, c: workerConfig{Role: "car", Data: b.TempDir(), Listen: "127.0.0.1:0"}}
	car.launch()
	b.Cleanup(car.kill)
	empty := memory(b, car)
	for i := range 4 {
		phone := newPhone(b, fmt.Sprintf("Phone %d", i), node.Config{})
		must(b, phone.PairWith(within(b), strings.TrimPrefix(car.command("qr"), "qr ")))
		for k := range 250 {
			s := []phonelink.Session{song("One"), route("Home"), draft("Hello")}[k%3]
			if k > 0 {
				if d, ok := s.Doc.(*phonelink.MediaDoc); ok {
					d.Playing = false
				}
			}
			phone.must(phonelink.Open{Session: s})
		}
	}
	for late := time.Now().Add(3 * patience); !strings.Contains(car.command("state"), "state 1000 sessions"); {
		if time.Now().After(late) {
			b.Fatalf("not all sessions are at the car: %.100s", car.command("state"))
		}
	}
	used := share(b, car, *restFor)
	for b.Loop() { // the figures are of one process, whatever b.N
	}
	b.ReportMetric(memory(b, car), "MiB")
	b.ReportMetric(memory(b, car)-empty, "MiB-more")
	b.ReportMetric(used, "%cpu")
	b.ReportMetric(0, "ns/op")
}

// memory is the resident set of a worker in MiB.
func memory(t testing.TB, e *end) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	if err != nil {
		t.Skipf("the memory of a process cannot be seen here: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kb float64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}

// restFor is how long a car's idle processor time is counted.
var restFor = flag.Duration("rest", 20*time.Second, "how long the benchmarks of an idle car last")

// share is how much of one core a worker's process uses that is left alone, in
// percent. The phones are another process, and not counted.
func share(t testing.TB, e *end, d time.Duration) float64 {
	t.Helper()
	time.Sleep(5 * time.Second) // what was set in motion comes to rest: this measures, it does not test
	before, began := processor(t, e), time.Now()
	time.Sleep(d)
	return 100 * (processor(t, e) - before).Seconds() / time.Since(began).Seconds()
}

// processor is the processor time of a worker's threads, user and system, as
// the scheduler counts it; what ended threads have used is not in it.
func processor(t testing.TB, e *end) (sum time.Duration) {
	t.Helper()
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", e.cmd.Process.Pid))
	for _, name := range threads {
		text, err := os.ReadFile(name)
		must(t, err)
		var ns int64
		if _, err := fmt.Sscan(string(text), &ns); err != nil {
			t.Skipf("the processor time of a process cannot be seen here: %v", err)
		}
		sum += time.Duration(ns)
	}
	if sum == 0 {
		t.Skip("the processor time of a process cannot be seen here")
	}
	return sum
}

// BenchmarkIdle is the processor time of a car's process with 4 linked phones
// that have nothing to say. The goal is 0.3 % of one core.
func BenchmarkIdle(b *testing.B) {
	tr := &truth{tried: map[string]bool{}, acked: map[string]bool{}, owner: map[string]string{}}
	car := &end{t: b, truth: tr, c: workerConfig{Role: "car", Data: b.TempDir(), Listen: "127.0.0.1:0"}}
	car.launch()
	b.Cleanup(car.kill)
	for i := range 4 {
		phone := newPhone(b, fmt.Sprintf("Phone %d", i), node.Config{})
		must(b, phone.PairWith(within(b), strings.TrimPrefix(car.command("qr"), "qr ")))
		phone.until("the car", func(v *phonelink.View) bool { return presence(v, car.device) == phonelink.Linked })
	}
	used := share(b, car, *restFor)
	for b.Loop() { // the figure is of one process, whatever b.N
	}
	b.ReportMetric(used, "%cpu")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkHandOver is a session that goes to the car and back over loopback:
// two taps, each until both know.
func BenchmarkHandOver(b *testing.B) {
	car, phone := newCar(b, node.Config{}), newPhone(b, "Ana's phone", node.Config{})
	pair(b, car, phone)
	id := phone.open(draft("Hello"))
	car.has(id, false)
	for b.Loop() {
		car.must(phonelink.Take{Session: id})
		phone.has(id, false)
		phone.must(phonelink.Take{Session: id})
		car.has(id, false)
	}
}

// BenchmarkRestart is a node that is started again on a journal that is about
// to be compacted: the most that is ever read. Resume after kill -9 has a goal
// of 300 ms for all.
func BenchmarkRestart(b *testing.B) {
	phone := newPhone(b, "Ana's phone", node.Config{})
	id := phone.open(draft("Hello"))
	size := func() (sum int64) {
		names, _ := filepath.Glob(filepath.Join(phone.c.Data, "profiles", "owner", "*", "journal*"))
		for _, name := range names {
			if info, err := os.Stat(name); err == nil {
				sum += info.Size()
			}
		}
		return sum
	}
	peak, cut, edits := int64(0), false, 0
	for ; !cut || size() < peak*9/10; edits++ {
		phone.must(phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: fmt.Sprint(strings.Repeat("word ", 60), edits)}}})
		now := size()
		cut = cut || now < peak
		peak = max(peak, now)
	}
	read := float64(size()) / 1024
	for b.Loop() {
		phone = phone.again()
		phone.until("the session", func(v *phonelink.View) bool { return find(v, id) != nil })
	}
	b.ReportMetric(read, "KiB")
}

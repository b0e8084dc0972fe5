package node_test

import (
	"fmt"
	"os"
	"strconv"
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
	const rest = 20 * time.Second
	time.Sleep(5 * time.Second) // what was set in motion comes to rest: this measures, it does not test
	before := ticks(b, car)
	time.Sleep(rest)
	used := float64(ticks(b, car)-before) / 100
	for b.Loop() { // the figures are of one process, whatever b.N
	}
	b.ReportMetric(memory(b, car), "MiB")
	b.ReportMetric(memory(b, car)-empty, "MiB-more")
	b.ReportMetric(100*used/rest.Seconds(), "%cpu")
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

// ticks is the processor time of a worker in hundredths of a second.
func ticks(t testing.TB, e *end) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.cmd.Process.Pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	user, err := strconv.Atoi(f[11])
	must(t, err)
	system, err := strconv.Atoi(f[12])
	must(t, err)
	return user + system
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

package vehicle_test

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/vehicle"
)

const (
	mode vehicle.Path = "Vehicle.Mode"
	flag vehicle.Path = "Vehicle.Flag"
	open vehicle.Path = "Vehicle.Open"
)

var epoch = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }

// newStore has IDs 0 Speed (0 to 250), 1 CurrentGear, 2 park lock, 3 mode (A,
// B), 4 flag, 5 open (free text, read-only).
func newStore(t testing.TB) *vehicle.Store {
	t.Helper()
	nan := math.NaN()
	s, err := vehicle.NewStore([]vehicle.Signal{
		{Path: vehicle.Speed, Type: vehicle.Number, Unit: "km/h", Min: 0, Max: 250, Actuator: true, Tolerance: 0.5},
		{Path: vehicle.CurrentGear, Type: vehicle.Number, Min: nan, Max: nan, Actuator: true},
		{Path: vehicle.IsParkLockEngaged, Type: vehicle.Bool, Min: nan, Max: nan, Actuator: true},
		{Path: mode, Type: vehicle.Text, Min: nan, Max: nan, Allowed: []string{"A", "B", "C"}, Actuator: true},
		{Path: flag, Type: vehicle.Bool, Min: nan, Max: nan, Actuator: true},
		{Path: open, Type: vehicle.Text, Min: nan, Max: nan},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// report reports one signal that never goes stale.
func report(s *vehicle.Store, now time.Time, p vehicle.Path, v vehicle.Value) {
	reportFor(s, now, p, v, 0)
}

func reportFor(s *vehicle.Store, now time.Time, p vehicle.Path, v vehicle.Value, ttl time.Duration) {
	id, ok := s.ID(p)
	if !ok {
		panic("no such signal: " + p)
	}
	s.Report(now, []vehicle.Report{{ID: id, Value: v, Quality: vehicle.Valid, TTL: ttl}})
}

func TestNewStoreRefuses(t *testing.T) {
	ok := vehicle.Signal{Path: "A", Type: vehicle.Bool}
	for _, c := range []struct {
		name    string
		signals []vehicle.Signal
		want    string
	}{
		{"twice", []vehicle.Signal{ok, ok}, "twice"},
		{"no path", []vehicle.Signal{{Type: vehicle.Bool}}, "no path"},
		{"no type", []vehicle.Signal{{Path: "A"}}, "no type"},
	} {
		if _, err := vehicle.NewStore(c.signals); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestQualityOfASampleOverTime(t *testing.T) {
	s := newStore(t)
	if got := s.Sample(at(0), vehicle.Speed); got != (vehicle.Sample{}) {
		t.Errorf("before the first report: got %+v, want nothing known", got)
	}
	if got := s.Sample(at(0), "Vehicle.Nowhere"); got.Quality != vehicle.Unknown {
		t.Errorf("of an unknown path: got %v, want unknown", got.Quality)
	}
	reportFor(s, at(0), vehicle.Speed, vehicle.NumberOf(50), 300*time.Millisecond)
	for _, c := range []struct {
		ms   int
		want vehicle.Quality
		ok   bool
	}{{0, vehicle.Valid, true}, {299, vehicle.Valid, true}, {300, vehicle.Stale, false}, {5000, vehicle.Stale, false}} {
		got := s.Sample(at(c.ms), vehicle.Speed)
		if n, ok := got.Number(); got.Quality != c.want || ok != c.ok || n != 50 {
			t.Errorf("after %d ms: got %v, %v, %v, want 50, %v, %v", c.ms, n, ok, got.Quality, c.ok, c.want)
		}
	}
	reportFor(s, at(6000), vehicle.Speed, vehicle.NumberOf(50), 300*time.Millisecond)
	got := s.Sample(at(6001), vehicle.Speed)
	if got.Quality != vehicle.Valid || !got.Since.Equal(at(0)) || !got.Source.Equal(at(6000)) {
		t.Errorf("the same value again: got %+v, want valid since 0, source 6000", got)
	}
	reportFor(s, at(7000), vehicle.Speed, vehicle.NumberOf(51), 0)
	got = s.Sample(at(7_000_000), vehicle.Speed)
	if got.Quality != vehicle.Valid || !got.Since.Equal(at(7000)) {
		t.Errorf("without a time to live: got %+v, want valid since 7000", got)
	}
}

func TestWhatIsNotValidKeepsTheOldValueAndSaysNo(t *testing.T) {
	for _, q := range []vehicle.Quality{vehicle.Unknown, vehicle.Stale, vehicle.Invalid, vehicle.NotAvailable, vehicle.Error, 99} {
		s := newStore(t)
		report(s, at(0), vehicle.Speed, vehicle.NumberOf(50))
		s.Report(at(1), []vehicle.Report{{ID: 0, Value: vehicle.NumberOf(7), Quality: q}})
		got := s.Sample(at(2), vehicle.Speed)
		want := min(q, vehicle.Error)
		if q == 99 {
			want = vehicle.Invalid
		}
		if n, ok := got.Number(); ok || n != 50 || got.Quality != want {
			t.Errorf("%v: got %v, %v, %v, want 50, false, %v", q, n, ok, got.Quality, want)
		}
	}
}

func TestAValidReportMustFitItsSignal(t *testing.T) {
	for _, c := range []struct {
		path vehicle.Path
		v    vehicle.Value
		want vehicle.Quality
	}{
		{vehicle.Speed, vehicle.NumberOf(0), vehicle.Valid},
		{vehicle.Speed, vehicle.NumberOf(250), vehicle.Valid},
		{vehicle.Speed, vehicle.NumberOf(250.1), vehicle.Invalid},
		{vehicle.Speed, vehicle.NumberOf(-0.1), vehicle.Invalid},
		{vehicle.Speed, vehicle.NumberOf(math.NaN()), vehicle.Invalid},
		{vehicle.Speed, vehicle.BoolOf(true), vehicle.Invalid},
		{vehicle.Speed, vehicle.Value{}, vehicle.Invalid},
		{vehicle.CurrentGear, vehicle.NumberOf(-1e9), vehicle.Valid},
		{vehicle.CurrentGear, vehicle.NumberOf(math.Inf(1)), vehicle.Invalid},
		{mode, vehicle.TextOf("A"), vehicle.Valid},
		{mode, vehicle.TextOf("a"), vehicle.Invalid},
		{mode, vehicle.ListOf("A"), vehicle.Invalid},
		{open, vehicle.TextOf("anything"), vehicle.Valid},
		{flag, vehicle.BoolOf(false), vehicle.Valid},
		{flag, vehicle.NumberOf(1), vehicle.Invalid},
	} {
		s := newStore(t)
		report(s, at(0), c.path, c.v)
		if got := s.Sample(at(0), c.path); got.Quality != c.want {
			t.Errorf("%s = %v: got %v, want %v", c.path, c.v, got.Quality, c.want)
		}
	}
	s := newStore(t)
	s.Report(at(0), []vehicle.Report{{ID: -1}, {ID: 6}, {ID: math.MaxInt32}}) // dropped
}

// ready says whether the watch is readable.
func ready(w *vehicle.Watch) bool {
	select {
	case <-w.C():
		return true
	default:
		return false
	}
}

func watch(t *testing.T, s *vehicle.Store, paths ...vehicle.Path) *vehicle.Watch {
	t.Helper()
	w, err := s.Watch(paths...)
	if err != nil {
		t.Fatal(err)
	}
	if !ready(w) {
		t.Fatal("a new watch is not readable")
	}
	return w
}

func TestWatchWakesOnChangesOnly(t *testing.T) {
	s := newStore(t)
	w := watch(t, s, vehicle.Speed, flag)
	ttl := 100 * time.Millisecond
	for _, c := range []struct {
		name string
		do   func()
		want bool
	}{
		{"first value", func() { reportFor(s, at(0), vehicle.Speed, vehicle.NumberOf(1), ttl) }, true},
		{"same value", func() { reportFor(s, at(50), vehicle.Speed, vehicle.NumberOf(1), ttl) }, false},
		{"other signal", func() { report(s, at(50), mode, vehicle.TextOf("A")) }, false},
		{"new value", func() { reportFor(s, at(60), vehicle.Speed, vehicle.NumberOf(2), ttl) }, true},
		{"sweep before the end", func() { s.Sweep(at(159)) }, false},
		{"sweep at the end", func() { s.Sweep(at(160)) }, true},
		{"sweep again", func() { s.Sweep(at(161)) }, false},
		{"fresh again", func() { reportFor(s, at(200), vehicle.Speed, vehicle.NumberOf(2), ttl) }, true},
		{"quality", func() { s.Report(at(210), []vehicle.Report{{ID: 0, Quality: vehicle.Error}}) }, true},
		{"same quality", func() { s.Report(at(220), []vehicle.Report{{ID: 0, Quality: vehicle.Error}}) }, false},
		{"an error does not go stale", func() { s.Sweep(at(900)) }, false},
		{"second signal", func() { report(s, at(230), flag, vehicle.BoolOf(true)) }, true},
		{"expired unseen, then fresh", func() {
			reportFor(s, at(1000), flag, vehicle.BoolOf(true), ttl)
			w.Read(at(1000), nil)
			reportFor(s, at(2000), flag, vehicle.BoolOf(true), ttl)
		}, true},
		{"closed", func() {
			report(s, at(2010), flag, vehicle.BoolOf(false))
			w.Close()
			report(s, at(2020), flag, vehicle.BoolOf(true))
		}, false},
	} {
		c.do()
		if got := ready(w); got != c.want {
			t.Errorf("%s: got readable %v, want %v", c.name, got, c.want)
		}
	}
}

func TestQuietReportsWakeLater(t *testing.T) {
	s := newStore(t)
	w := watch(t, s, vehicle.Speed)
	quiet := func(v float64, quiet bool) {
		s.Report(at(0), []vehicle.Report{{ID: 0, Value: vehicle.NumberOf(v), Quality: vehicle.Valid, Quiet: quiet}})
	}
	quiet(1, true)
	if ready(w) {
		t.Error("a quiet change woke the watch")
	}
	if n, ok := w.Read(at(0), nil)[0].Number(); !ok || n != 1 {
		t.Errorf("a quiet change is not there: %v, %v", n, ok)
	}
	quiet(1, false)
	if !ready(w) {
		t.Error("the report after a quiet change did not wake")
	}
	quiet(2, true)
	if s.Sweep(at(0)); !ready(w) {
		t.Error("the sweep after a quiet change did not wake")
	}
	if s.Sweep(at(0)); ready(w) {
		t.Error("the second sweep woke too")
	}
}

func TestWatchKeepsOneSlotAndTheLatest(t *testing.T) {
	s := newStore(t)
	w := watch(t, s, flag, vehicle.Speed)
	for i := range 100 {
		report(s, at(i), vehicle.Speed, vehicle.NumberOf(float64(i)))
	}
	got := w.Read(at(100), nil)
	if n, _ := got[1].Number(); len(got) != 2 || n != 99 || got[0].Quality != vehicle.Unknown {
		t.Errorf("got %+v, want unknown and 99", got)
	}
	if ready(w) {
		t.Error("readable after the read")
	}
	if _, err := s.Watch(flag, "Vehicle.A", "Vehicle.B"); err == nil || !strings.Contains(err.Error(), "Vehicle.A") || !strings.Contains(err.Error(), "Vehicle.B") {
		t.Errorf("got %v, want an error that names both unknown paths", err)
	}
}

func TestSweepSaysWhenTheNextGoesStale(t *testing.T) {
	s := newStore(t)
	if got := s.Sweep(at(0)); !got.IsZero() {
		t.Errorf("nothing reported: got %v, want none", got)
	}
	reportFor(s, at(0), vehicle.Speed, vehicle.NumberOf(1), 300*time.Millisecond)
	reportFor(s, at(0), flag, vehicle.BoolOf(true), 200*time.Millisecond)
	report(s, at(0), mode, vehicle.TextOf("A"))
	for _, c := range []struct{ now, want int }{{0, 200}, {199, 200}, {200, 300}, {250, 300}} {
		if got := s.Sweep(at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("at %d: got %v, want %v", c.now, got, at(c.want))
		}
	}
	if got := s.Sweep(at(300)); !got.IsZero() {
		t.Errorf("all stale: got %v, want none", got)
	}
}

func TestABatchIsSeenWhole(t *testing.T) {
	s := newStore(t)
	w := watch(t, s, vehicle.Speed, vehicle.CurrentGear)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		for i := range 20_000 {
			v := vehicle.NumberOf(float64(i % 200))
			s.Report(at(i), []vehicle.Report{{ID: 0, Value: v, Quality: vehicle.Valid}, {ID: 1, Value: v, Quality: vehicle.Valid}})
		}
	})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				s.Sample(at(0), vehicle.Speed)
				s.Sweep(at(0))
			}
		})
	}
	var dst []vehicle.Sample
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if dst = w.Read(at(0), dst[:0]); dst[0].Value != dst[1].Value {
			t.Fatalf("got %v and %v of one batch", dst[0].Value, dst[1].Value)
		}
	}
	wg.Wait()
}

func TestTheHotPathAllocatesNothing(t *testing.T) {
	s := newStore(t)
	w := watch(t, s, vehicle.Speed, vehicle.CurrentGear, mode)
	rs := []vehicle.Report{{ID: 0, Quality: vehicle.Valid, TTL: time.Second}, {ID: 3, Quality: vehicle.Valid}}
	dst := make([]vehicle.Sample, 0, 3)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		i++
		rs[0].Value, rs[1].Value = vehicle.NumberOf(float64(i%250)), vehicle.TextOf("A")
		s.Report(at(i), rs)
		s.Sample(at(i), vehicle.Speed)
		dst = w.Read(at(i), dst[:0])
		s.Sweep(at(i))
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// BenchmarkReport is one Set in a batch of eight, as a frame makes them, on a
// store of the catalogue's size with one watch on all eight.
func BenchmarkReport(b *testing.B) {
	var signals []vehicle.Signal
	var rs []vehicle.Report
	var paths []vehicle.Path
	for i := range 1263 {
		signals = append(signals, vehicle.Signal{Path: vehicle.Path(rune('A' + i)), Type: vehicle.Number, Min: math.NaN(), Max: math.NaN()})
		if len(rs) < 8 {
			rs = append(rs, vehicle.Report{ID: vehicle.ID(i), Quality: vehicle.Valid, TTL: time.Second})
			paths = append(paths, signals[i].Path)
		}
	}
	s, err := vehicle.NewStore(signals)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Watch(paths...); err != nil {
		b.Fatal(err)
	}
	v := 0.0
	for b.Loop() {
		v++
		for i := range rs {
			rs[i].Value = vehicle.NumberOf(v)
		}
		s.Report(epoch, rs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8, "ns/set")
}

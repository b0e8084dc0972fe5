package faultnet

import (
	"math"
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// binomial fails the test if got of n is further from share than 6 standard
// deviations, which happens by itself once in 500 million.
func binomial(t *testing.T, what string, got, n int, share float64) {
	t.Helper()
	want, bound := share*float64(n), 6*math.Sqrt(float64(n)*share*(1-share))
	if math.Abs(float64(got)-want) > bound {
		t.Errorf("%s: got %d of %d, want %.0f +- %.0f", what, got, n, want, bound)
	}
}

// TestShares sends a hundred thousand packets a millisecond apart and counts.
func TestShares(t *testing.T) {
	const packets = 100_000
	for _, tc := range []struct {
		name string
		path Path
	}{
		{"nothing", Path{}},
		{"loss", Path{Loss: 0.01}},
		{"more loss", Path{Loss: 0.3, Delay: 10 * time.Millisecond}},
		{"all", Path{Loss: 1}},
		{"duplicates", Path{Duplicate: 0.05}},
		{"reordering", Path{Reorder: 0.1, Delay: 10 * time.Millisecond}},
		{"everything", Path{Loss: 0.02, Duplicate: 0.03, Reorder: 0.04, Delay: 10 * time.Millisecond, Jitter: 3 * time.Millisecond}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, f := newLane(7, 0, tc.path), newFate(7, 0, 0)
			lost, twice, late := 0, 0, 0
			for i := range packets {
				v := l.shape.judge(f, epoch.Add(time.Duration(i)*time.Millisecond), 100)
				switch v.n {
				case 0:
					lost++
				case 2:
					twice++
				}
				if v.reordered {
					late++
				}
			}
			binomial(t, "lost", lost, packets, tc.path.Loss)
			binomial(t, "twice", twice, packets-lost, tc.path.Duplicate)
			binomial(t, "reordered", late, packets-lost, tc.path.Reorder)
		})
	}
}

// TestBursts checks Gilbert's model: the share of losses and their mean length.
func TestBursts(t *testing.T) {
	const packets = 400_000
	p := Path{Loss: 0.05, Burst: 4}
	l, f := newLane(3, 0, p), newFate(3, 0, 0)
	lost, bursts, in := 0, 0, false
	for i := range packets {
		gone := l.shape.judge(f, epoch.Add(time.Duration(i)), 1).n == 0
		if gone {
			lost++
		}
		if gone && !in {
			bursts++
		}
		in = gone
	}
	// The bursts are independent: their number is binomial over the chances to
	// begin one, and their lengths are geometric.
	binomial(t, "bursts", bursts, packets-lost, p.Loss/(p.Burst*(1-p.Loss)))
	mean := float64(lost) / float64(bursts)
	bound := 6 * math.Sqrt(p.Burst*(p.Burst-1)/float64(bursts))
	if math.Abs(mean-p.Burst) > bound {
		t.Errorf("length of a burst: got %.3f, want %.3f +- %.3f", mean, p.Burst, bound)
	}
}

// TestDelay checks the bounds and the mean of the delay, and that only packets
// that were picked for it are overtaken.
func TestDelay(t *testing.T) {
	const packets = 50_000
	p := Path{Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond}
	l, f := newLane(5, 1, p), newFate(5, 1, 0)
	var sum time.Duration
	var last time.Time
	for i := range packets {
		now := epoch.Add(time.Duration(i) * 20 * time.Millisecond) // apart: the order does not bind
		v := l.shape.judge(f, now, 100)
		d := v.at[0].Sub(now)
		if d < p.Delay-p.Jitter || d > p.Delay+p.Jitter {
			t.Fatalf("packet %d: got a delay of %v, want %v +- %v", i, d, p.Delay, p.Jitter)
		}
		if v.at[0].Before(last) {
			t.Fatalf("packet %d overtakes", i)
		}
		last, sum = v.at[0], sum+d
	}
	// An even distribution of width 2j has a standard deviation of j/sqrt(3).
	bound := 6 * float64(p.Jitter) / math.Sqrt(3*packets)
	if mean := float64(sum) / packets; math.Abs(mean-float64(p.Delay)) > bound {
		t.Errorf("mean delay: got %v, want %v +- %v", time.Duration(mean), p.Delay, time.Duration(bound))
	}
}

func TestReorderedAreOvertaken(t *testing.T) {
	p := Path{Delay: 20 * time.Millisecond, Reorder: 0.2, Late: 7 * time.Millisecond}
	l, f := newLane(5, 0, p), newFate(5, 0, 0)
	for i := range 1000 {
		now := epoch.Add(time.Duration(i) * time.Millisecond)
		want := p.Delay
		v := l.shape.judge(f, now, 100)
		if v.reordered {
			want += p.Late
		}
		if got := v.at[0].Sub(now); got != want {
			t.Fatalf("packet %d, reordered %v: got %v, want %v", i, v.reordered, got, want)
		}
	}
}

// TestRate fills a link of 8 Mbit/s: 1000 bytes take a millisecond.
func TestRate(t *testing.T) {
	l, f := newLane(1, 0, Path{Rate: 8_000_000, Queue: 10_000}), newFate(1, 0, 0)
	for i := range 12 {
		v := l.shape.judge(f, epoch, 1000)
		if want := i >= 10; v.overflowed != want {
			t.Fatalf("packet %d: overflowed %v, want %v", i, v.overflowed, want)
		}
		if want := time.Duration(i+1) * time.Millisecond; i < 10 && v.at[0].Sub(epoch) != want {
			t.Errorf("packet %d: leaves after %v, want %v", i, v.at[0].Sub(epoch), want)
		}
	}
	if v := l.shape.judge(f, epoch.Add(time.Second), 1000); v.at[0].Sub(epoch) != time.Second+time.Millisecond {
		t.Errorf("after a pause: leaves after %v, want 1.001s", v.at[0].Sub(epoch))
	}
}

// TestPowerSave checks that packets come in bursts, each 100 to 300 ms after
// the one before, and none before its time.
func TestPowerSave(t *testing.T) {
	p := Path{Delay: time.Millisecond, PowerSave: PowerSave{Min: 100 * time.Millisecond, Max: 300 * time.Millisecond}}
	l, f := newLane(9, 1, p), newFate(9, 1, 0)
	var bursts []time.Time
	for i := range 10_000 {
		now := epoch.Add(time.Duration(i) * 10 * time.Millisecond)
		at := l.shape.judge(f, now, 100).at[0]
		if at.Before(now.Add(p.Delay)) || at.Sub(now) > p.Delay+p.PowerSave.Max {
			t.Fatalf("packet %d: heard after %v, want %v to %v", i, at.Sub(now), p.Delay, p.Delay+p.PowerSave.Max)
		}
		if len(bursts) == 0 || !bursts[len(bursts)-1].Equal(at) {
			bursts = append(bursts, at)
		}
	}
	var gaps []time.Duration
	for i := range bursts[1:] {
		gaps = append(gaps, bursts[i+1].Sub(bursts[i]))
	}
	lo, hi := slices.Min(gaps), slices.Max(gaps)
	if lo < p.PowerSave.Min || hi > p.PowerSave.Max {
		t.Errorf("bursts: %v to %v apart, want 100ms to 300ms", lo, hi)
	}
	if lo > 110*time.Millisecond || hi < 290*time.Millisecond {
		t.Errorf("bursts: %v to %v apart, want the whole width", lo, hi)
	}
}

// TestSameSeed asks two flows of the same seed, and one of another.
func TestSameSeed(t *testing.T) {
	p := Path{Loss: 0.3, Duplicate: 0.2, Reorder: 0.2, Jitter: time.Millisecond, Delay: time.Millisecond}
	run := func(seed, flow uint64) (out []verdict) {
		l, f := newLane(seed, 0, p), newFate(seed, 0, flow)
		for i := range 500 {
			out = append(out, l.shape.judge(f, epoch.Add(time.Duration(i)), 10))
		}
		return out
	}
	a := run(1, 0)
	if !slices.Equal(a, run(1, 0)) {
		t.Error("the same seed decides differently")
	}
	for _, other := range [][2]uint64{{2, 0}, {1, 1}} {
		if slices.Equal(a, run(other[0], other[1])) {
			t.Errorf("seed %d flow %d decides as seed 1 flow 0", other[0], other[1])
		}
	}
}

// TestHeap sends packets in a bad order through the queue.
func TestHeap(t *testing.T) {
	l := newLane(1, 0, Path{})
	f := newFate(1, 0, 0)
	var want []packet
	for i := range 500 {
		p := packet{at: epoch.Add(time.Duration(f.rng.IntN(50)) * time.Millisecond), order: uint64(i)}
		want = append(want, p)
		l.pushLocked(p)
	}
	slices.SortFunc(want, func(a, b packet) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	for i, w := range want {
		if got := l.popLocked(); got.order != w.order {
			t.Fatalf("packet %d: got number %d, want %d", i, got.order, w.order)
		}
	}
}

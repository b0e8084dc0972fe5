package canlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/canbus"
	"tandem/canbus/canlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drive is a small log of two interfaces, 10 frames in 0.9 s.
func drive() string {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, "(1436509052.%d00000) can%d 10%d#%02X\n", i, i%2, i, i)
	}
	return b.String()
}

func newReplay(t testing.TB, cfg canlog.ReplayConfig) *canlog.Replay {
	t.Helper()
	cfg.Name = "drive.log"
	if cfg.Log == nil {
		cfg.Log = strings.NewReader(drive())
	}
	r, err := canlog.NewReplay(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// play receives up to n frames one by one: "id@milliseconds" since the start.
func play(t testing.TB, r *canlog.Replay, start time.Time, n int) (got []string, err error) {
	t.Helper()
	buf := make([]canbus.Frame, 1)
	for len(got) < n {
		if _, err := r.Receive(context.Background(), buf); err != nil {
			return got, err
		}
		now := time.Since(start)
		got = append(got, fmt.Sprintf("%x@%d", buf[0].ID, now.Milliseconds()))
	}
	return got, nil
}

func TestReplayTiming(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  canlog.ReplayConfig
		want string
	}{
		{"as recorded", canlog.ReplayConfig{},
			"100@0 101@100 102@200 103@300 104@400 105@500 106@600 107@700 108@800 109@900"},
		{"twice as fast", canlog.ReplayConfig{Rate: 2},
			"100@0 101@50 102@100 103@150 104@200 105@250 106@300 107@350 108@400 109@450"},
		{"at once", canlog.ReplayConfig{Rate: math.Inf(1)},
			"100@0 101@0 102@0 103@0 104@0 105@0 106@0 107@0 108@0 109@0"},
		{"a part", canlog.ReplayConfig{From: 250 * time.Millisecond, Until: 500 * time.Millisecond},
			"103@50 104@150 105@250"},
		{"one interface", canlog.ReplayConfig{Interface: "can1"},
			"101@100 103@300 105@500 107@700 109@900"},
		{"a part of one interface, slowly", canlog.ReplayConfig{Interface: "can0", From: 300 * time.Millisecond, Rate: 0.5},
			"104@200 106@600 108@1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := play(t, newReplay(t, c.cfg), time.Now(), 100)
				if s := strings.Join(got, " "); s != c.want || !errors.Is(err, io.EOF) {
					t.Errorf("got %s, %v\nwant %s, EOF", s, err, c.want)
				}
			})
		})
	}
}

func TestReplayLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, canlog.ReplayConfig{Interface: "can0", From: 600 * time.Millisecond, Loop: true})
		got, err := play(t, r, time.Now(), 6)
		if want := "106@0 108@200 106@300 108@500 106@600 108@800"; strings.Join(got, " ") != want || err != nil {
			t.Errorf("got %v, %v; want %s", got, err, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, canlog.ReplayConfig{Interface: "can0", From: 300 * time.Millisecond, Until: 550 * time.Millisecond, Loop: true})
		got, err := play(t, r, time.Now(), 3)
		if want := "104@100 104@350 104@600"; strings.Join(got, " ") != want || err != nil {
			t.Errorf("got %v, %v; want %s", got, err, want)
		}
	})
	// A log that somebody empties meanwhile must not be read for ever.
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, canlog.ReplayConfig{Log: &emptied{Reader: strings.NewReader(drive())}, Loop: true})
		if got, err := play(t, r, time.Now(), 11); len(got) != 10 || !errors.Is(err, io.EOF) {
			t.Errorf("got %v, %v; want one pass and EOF", got, err)
		}
	})
	// A log without times must not be endless at one instant.
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, canlog.ReplayConfig{Log: strings.NewReader("can0 123#\n"), Loop: true})
		got, err := play(t, r, time.Now(), 3)
		if want := "123@0 123@1 123@2"; strings.Join(got, " ") != want || err != nil {
			t.Errorf("got %v, %v; want %s", got, err, want)
		}
	})
}

// emptied is a file that has nothing any more when it is read again.
type emptied struct{ *strings.Reader }

func (e *emptied) Seek(int64, int) (int64, error) {
	e.Reset("")
	return 0, nil
}

// TestReplayKeepsStep plays the two interfaces of a log on two buses.
func TestReplayKeepsStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().Add(time.Second)
		a := newReplay(t, canlog.ReplayConfig{Interface: "can0", Start: start, Loop: true})
		b := newReplay(t, canlog.ReplayConfig{Interface: "can1", Start: start, Loop: true})
		gotA, _ := play(t, a, start, 6)
		if want := "100@0 102@200 104@400 106@600 108@800 100@900"; strings.Join(gotA, " ") != want {
			t.Errorf("got %v, want %s", gotA, want)
		}
		time.Sleep(80 * time.Millisecond) // b was not received so far: it catches up
		buf := make([]canbus.Frame, 10)
		n, err := b.Receive(context.Background(), buf)
		if n != 5 || err != nil || buf[4].ID != 0x109 || buf[4].Time != start.Add(900*time.Millisecond).UnixNano() {
			t.Errorf("got %d, %v, %+v; want the five frames that are due, the last of 0.9 s", n, err, buf[4])
		}
		gotB, _ := play(t, b, start, 1)
		if want := "101@1000"; strings.Join(gotB, " ") != want {
			t.Errorf("got %v, want %s", gotB, want)
		}
	})
}

func TestReplayStamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf := make([]canbus.Frame, 1)
		for _, keep := range []bool{false, true} {
			r := newReplay(t, canlog.ReplayConfig{KeepTimes: keep, Bus: 2, From: 100 * time.Millisecond})
			now := time.Now()
			want := now.UnixNano()
			if keep {
				want = 1436509052100000000
			}
			if _, err := r.Receive(context.Background(), buf); err != nil {
				t.Fatal(err)
			}
			if buf[0].Time != want || buf[0].Bus != 2 || buf[0].Data[0] != 1 {
				t.Errorf("keep %v: got %+v, want time %d and bus 2", keep, buf[0], want)
			}
		}
	})
}

// TestReplayOddTimes: small disorder changes nothing, a step back joins on.
func TestReplayOddTimes(t *testing.T) {
	const log = "(1436509052.000) can0 001#\n(1436509052.500) can0 002#\n(1436509052.498) can0 003#\n" +
		"(1436509052.600) can0 004#\n(1436500000.000) can0 005#\n(1436500000.100) can0 006#\n"
	synctest.Test(t, func(t *testing.T) {
		got, err := play(t, newReplay(t, canlog.ReplayConfig{Log: strings.NewReader(log)}), time.Now(), 10)
		if want := "1@0 2@500 3@500 4@600 5@600 6@700"; strings.Join(got, " ") != want || !errors.Is(err, io.EOF) {
			t.Errorf("got %v, %v; want %s", got, err, want)
		}
	})
}

func TestReplayBrokenLines(t *testing.T) {
	const log = "(1.0) can0 001#\nrubbish\n(1.0) can0 1#1\n(1.1) can0 002#\n"
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, canlog.ReplayConfig{Log: strings.NewReader(log)})
		got, _ := play(t, r, time.Now(), 10)
		if strings.Join(got, " ") != "1@0 2@100" || r.Broken() != 2 {
			t.Errorf("got %v and %d broken lines, want both frames and 2", got, r.Broken())
		}
	})
}

func TestReplayEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*canlog.Replay, context.CancelFunc)
		want error
	}{
		{"context", func(_ *canlog.Replay, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"close", func(r *canlog.Replay, _ context.CancelFunc) { r.Close(); r.Close() }, canbus.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newReplay(t, canlog.ReplayConfig{Start: time.Now().Add(time.Hour)})
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				done := make(chan error)
				go func() {
					_, err := r.Receive(ctx, make([]canbus.Frame, 1))
					done <- err
				}()
				synctest.Wait()
				c.end(r, cancel)
				if err := <-done; !errors.Is(err, c.want) {
					t.Errorf("blocked receive: got %v, want %v", err, c.want)
				}
				if _, err := r.Receive(ctx, make([]canbus.Frame, 1)); !errors.Is(err, c.want) {
					t.Errorf("receive: got %v, want %v", err, c.want)
				}
				if _, err := r.Send(ctx, nil); !errors.Is(err, c.want) {
					t.Errorf("send: got %v, want %v", err, c.want)
				}
			})
		})
	}
}

// TestReplayGoesOnAfterContext: a frame that was waited for in vain is not lost.
func TestReplayGoesOnAfterContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := newReplay(t, canlog.ReplayConfig{From: 50 * time.Millisecond})
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if n, err := r.Receive(ctx, make([]canbus.Frame, 1)); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %d, %v; want %v", n, err, context.DeadlineExceeded)
		}
		if got, _ := play(t, r, start, 1); strings.Join(got, "") != "101@50" {
			t.Errorf("got %v, want 101@50", got)
		}
	})
}

func TestReplaySend(t *testing.T) {
	r := newReplay(t, canlog.ReplayConfig{})
	if n, err := r.Send(context.Background(), make([]canbus.Frame, 1)); n != 0 || !errors.Is(err, canlog.ErrReadOnly) {
		t.Errorf("got %d, %v; want %v", n, err, canlog.ErrReadOnly)
	}
	if n, err := r.Receive(context.Background(), nil); n != 0 || err != nil {
		t.Errorf("got %d, %v for an empty batch", n, err)
	}
}

func TestReplayMisuse(t *testing.T) {
	log := func() io.Reader { return strings.NewReader(drive()) }
	for _, c := range []struct {
		cfg  canlog.ReplayConfig
		want string
	}{
		{canlog.ReplayConfig{}, "replay: no log given"},
		{canlog.ReplayConfig{Name: "x", Log: log(), Rate: -1}, "replay x: rate -1: it must be above 0"},
		{canlog.ReplayConfig{Name: "x", Log: log(), Rate: math.NaN()}, "replay x: rate NaN: it must be above 0"},
		{canlog.ReplayConfig{Name: "x", Log: log(), From: 2, Until: 1}, "replay x: from 2ns until 1ns is no part of a log"},
		{canlog.ReplayConfig{Name: "x", Log: io.MultiReader(log()), Loop: true}, "replay x: only a file can be looped, not a stream"},
		{canlog.ReplayConfig{Name: "x", Log: strings.NewReader("prose\n")}, "replay: not a candump log: x:1:1: expected INTERFACE"},
	} {
		if _, err := canlog.NewReplay(c.cfg); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	for _, c := range []struct {
		cfg  canlog.ReplayConfig
		want string
	}{
		{canlog.ReplayConfig{Interface: "can7"}, "replay drive.log: no frame of interface can7; the log has can0, can1: unexpected EOF"},
		{canlog.ReplayConfig{Interface: "can7", Loop: true}, "replay drive.log: no frame of interface can7; the log has can0, can1: unexpected EOF"},
		{canlog.ReplayConfig{From: time.Hour, Loop: true}, "EOF"},
	} {
		r := newReplay(t, c.cfg)
		for range 2 {
			if _, err := r.Receive(context.Background(), make([]canbus.Frame, 1)); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		}
	}
}

// TestReplayCorpus plays ten minutes of a real drive in synthetic time: every
// frame of both interfaces, at its time.
func TestReplayCorpus(t *testing.T) {
	log := corpus(t, "gps-drive-10min.candump.log")
	var want []string
	r, err := canlog.NewReader("gps", bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	var first int64
	var f canbus.Frame
	for {
		iface, err := r.Next(&f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if first == 0 {
			first = f.Time
		}
		if iface == "can1" {
			want = append(want, fmt.Sprint((f.Time-first)/1e6, f.ID, f.Payload()))
		}
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := newReplay(t, canlog.ReplayConfig{Log: bytes.NewReader(log), Interface: "can1", Start: start})
		var got []string
		buf := make([]canbus.Frame, 64)
		for {
			n, err := p.Receive(context.Background(), buf)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range buf[:n] {
				if late := time.Since(start) - time.Duration(f.Time-start.UnixNano()); late < 0 || late > time.Microsecond {
					t.Fatalf("frame %d came %v after it was due", len(got), late)
				}
				got = append(got, fmt.Sprint((f.Time-start.UnixNano())/1e6, f.ID, f.Payload()))
			}
		}
		if !slices.Equal(got, want) || time.Since(start).Round(time.Second) != 600*time.Second {
			t.Errorf("got %d frames in %v, want %d in 10 min", len(got), time.Since(start), len(want))
		}
	})
}

func TestReplayAllocations(t *testing.T) {
	log := bigLog(t, 20000)
	r := newReplay(t, canlog.ReplayConfig{Log: bytes.NewReader(log), Rate: 1e6, Loop: true})
	buf := make([]canbus.Frame, 4)
	got := testing.AllocsPerRun(2000, func() {
		if _, err := r.Receive(context.Background(), buf); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations per batch, want 0", got)
	}
}

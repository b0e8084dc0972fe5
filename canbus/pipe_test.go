package canbus_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/canbus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

func frame(id uint32, data ...byte) canbus.Frame {
	f := canbus.Frame{ID: id, Len: uint8(len(data))}
	copy(f.Data[:], data)
	return f
}

func send(t testing.TB, b canbus.Bus, frames ...canbus.Frame) {
	t.Helper()
	if n, err := b.Send(background, frames); n != len(frames) || err != nil {
		t.Fatalf("sent %d, %v; want %d", n, err, len(frames))
	}
}

// drain receives what is there, in batches of a given size, until n frames.
func drain(t testing.TB, b canbus.Bus, n, batch int) []canbus.Frame {
	t.Helper()
	var got []canbus.Frame
	buf := make([]canbus.Frame, batch)
	for len(got) < n {
		k, err := b.Receive(background, buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:k]...)
	}
	return got
}

func TestPipeFansOut(t *testing.T) {
	at := time.Unix(1700000000, 5)
	p := canbus.NewPipe()
	p.Now = func() time.Time { return at }
	a, b, c := p.Join("a"), p.Join("b"), p.Join("c")
	if a.Name() != "a" {
		t.Errorf("got name %q, want a", a.Name())
	}
	stamped := frame(2, 0xBB)
	stamped.Time, stamped.Flags = 77, canbus.Sent
	send(t, a, frame(1, 0xAA), stamped)
	send(t, b, frame(3))

	for _, port := range []*canbus.Port{b, c} {
		got := drain(t, port, 2, 1)
		if got[0].ID != 1 || got[0].Data[0] != 0xAA || got[0].Time != at.UnixNano() {
			t.Errorf("port %s: got %+v, want id 1 stamped %d", port.Name(), got[0], at.UnixNano())
		}
		if got[1].ID != 2 || got[1].Time != 77 || got[1].Flags != 0 {
			t.Errorf("port %s: got %+v, want id 2 with its own time and not marked as sent", port.Name(), got[1])
		}
	}
	for _, port := range []*canbus.Port{a, c} {
		if got := drain(t, port, 1, 8); len(got) != 1 || got[0].ID != 3 {
			t.Errorf("port %s: got %+v, want only id 3", port.Name(), got)
		}
	}
}

// TestPipeOrder lets many senders race and compares what each port saw: each
// pair must agree on the order of the frames that both received, and each
// sender's frames must be in its order, batches unbroken.
func TestPipeOrder(t *testing.T) {
	const senders, rounds, batch = 4, 200, 3
	p := canbus.NewPipe()
	watchers := []*canbus.Port{p.Join("w0"), p.Join("w1"), p.Join("w2")}
	var wg sync.WaitGroup
	for s := range senders {
		port := p.Join(fmt.Sprint("s", s))
		wg.Go(func() {
			for r := range rounds {
				var fs [batch]canbus.Frame
				for i := range fs {
					fs[i] = frame(uint32(s), byte(r), byte(r>>8), byte(i))
				}
				send(t, port, fs[:]...)
			}
		})
	}
	wg.Wait()
	all := drain(t, watchers[0], senders*rounds*batch, 64)
	for _, w := range watchers[1:] {
		for i, f := range drain(t, w, len(all), 50) {
			f.Time, all[i].Time = 0, 0
			if f != all[i] {
				t.Fatalf("port %s: frame %d is %+v, port w0 has %+v", w.Name(), i, f, all[i])
			}
		}
	}
	var next [senders]int
	for i, f := range all {
		if want := next[f.ID]; int(f.Data[0])|int(f.Data[1])<<8 != want/batch || int(f.Data[2]) != want%batch {
			t.Fatalf("frame %d: sender %d out of order: %+v", i, f.ID, f)
		}
		if f.Data[2] > 0 && all[i-1].ID != f.ID {
			t.Fatalf("frame %d: a batch was broken up", i)
		}
		next[f.ID]++
	}
}

func TestPortDropsOldest(t *testing.T) {
	p := canbus.NewPipe()
	p.Capacity = 100
	tx, rx := p.Join("tx"), p.Join("rx")
	for i := range 250 {
		send(t, tx, frame(uint32(i)))
	}
	if got := rx.Dropped(); got != 150 {
		t.Errorf("got %d dropped, want 150", got)
	}
	for i, f := range drain(t, rx, 100, 33) {
		if f.ID != uint32(150+i) {
			t.Fatalf("got id %d at place %d, want %d", f.ID, i, 150+i)
		}
	}
	if tx.Dropped() != 0 {
		t.Errorf("got %d dropped by the sender, want 0", tx.Dropped())
	}
}

// TestPortRing compares the ring with a slice that does the same.
func TestPortRing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	p := canbus.NewPipe()
	p.Capacity = 70
	tx, rx := p.Join("tx"), p.Join("rx")
	var model []uint32
	dropped := uint64(0)
	for id := uint32(0); id < 2000; {
		for range rnd.IntN(50) {
			send(t, tx, frame(id))
			model = append(model, id)
			id = (id + 1) & 0x7ff
			if id == 0 {
				return
			}
		}
		if over := len(model) - p.Capacity; over > 0 {
			model = model[over:]
			dropped += uint64(over)
		}
		if rx.Dropped() != dropped {
			t.Fatalf("got %d dropped, want %d", rx.Dropped(), dropped)
		}
		if n := rnd.IntN(60); n > 0 && len(model) > 0 {
			buf := make([]canbus.Frame, n)
			k, err := rx.Receive(background, buf)
			if err != nil || k != min(n, len(model)) {
				t.Fatalf("got %d frames, %v; want %d", k, err, min(n, len(model)))
			}
			for i := range k {
				if buf[i].ID != model[i] {
					t.Fatalf("got id %d, want %d", buf[i].ID, model[i])
				}
			}
			model = model[k:]
		}
	}
}

func TestPortReceiveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := canbus.NewPipe()
		tx, rx := p.Join("tx"), p.Join("rx")
		var got []canbus.Frame
		go func() { got = drain(t, rx, 2, 8) }()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("received before anything was sent")
		}
		time.Sleep(time.Second)
		send(t, tx, frame(1))
		send(t, tx, frame(2))
		synctest.Wait()
		if len(got) != 2 || time.Unix(0, got[0].Time) != time.Now() {
			t.Errorf("got %+v, want two frames stamped now", got)
		}
	})
}

func TestPortReceiveEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*canbus.Port, context.CancelFunc)
		want error
	}{
		{"context", func(_ *canbus.Port, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"close", func(p *canbus.Port, _ context.CancelFunc) { p.Close() }, canbus.ErrClosed},
		{"deadline", func(*canbus.Port, context.CancelFunc) { time.Sleep(time.Hour) }, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := canbus.NewPipe()
				rx, tx := p.Join("rx"), p.Join("tx")
				ctx, cancel := context.WithTimeout(background, time.Minute)
				defer cancel()
				var n int
				var err error
				done := make(chan struct{})
				go func() {
					defer close(done)
					n, err = rx.Receive(ctx, make([]canbus.Frame, 4))
				}()
				synctest.Wait()
				c.end(rx, cancel)
				<-done
				if n != 0 || !errors.Is(err, c.want) {
					t.Fatalf("got %d, %v; want 0, %v", n, err, c.want)
				}
				// From here on every call ends the same way, frames or not.
				send(t, tx, frame(1))
				if n, err = rx.Receive(ctx, make([]canbus.Frame, 4)); n != 0 || !errors.Is(err, c.want) {
					t.Errorf("receive again: got %d, %v; want 0, %v", n, err, c.want)
				}
				if n, err = rx.Send(ctx, []canbus.Frame{frame(2)}); n != 0 || !errors.Is(err, c.want) {
					t.Errorf("send: got %d, %v; want 0, %v", n, err, c.want)
				}
			})
		})
	}
}

func TestPortClose(t *testing.T) {
	p := canbus.NewPipe()
	p.Capacity = 1
	a, b := p.Join("a"), p.Join("b")
	send(t, a, frame(1))
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := b.Receive(background, make([]canbus.Frame, 1)); n != 0 || !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("got %d, %v; want 0, %v although a frame was waiting", n, err, canbus.ErrClosed)
	}
	send(t, a, frame(2), frame(2), frame(2)) // to nobody
	if b.Dropped() != 0 {
		t.Errorf("got %d dropped by a port that had left", b.Dropped())
	}
	c := p.Join("c")
	send(t, a, frame(3))
	if got := drain(t, c, 1, 4); len(got) != 1 || got[0].ID != 3 {
		t.Errorf("got %+v, want what was sent since joining", got)
	}
}

func TestPortSendInvalid(t *testing.T) {
	p := canbus.NewPipe()
	tx, rx := p.Join("tx"), p.Join("rx")
	n, err := tx.Send(background, []canbus.Frame{frame(1), {ID: 0x800}, frame(2)})
	if n != 1 || err == nil {
		t.Errorf("got %d, %v; want 1 and an error", n, err)
	}
	if got := drain(t, rx, 1, 4); len(got) != 1 || got[0].ID != 1 {
		t.Errorf("got %+v, want only the frame before", got)
	}
}

func TestPortEmptyBatch(t *testing.T) {
	p := canbus.NewPipe()
	rx := p.Join("rx")
	if n, err := rx.Receive(background, nil); n != 0 || err != nil {
		t.Errorf("receive: got %d, %v; want nothing at once", n, err)
	}
	if n, err := rx.Send(background, nil); n != 0 || err != nil {
		t.Errorf("send: got %d, %v; want nothing", n, err)
	}
}

func TestPortCloseWhileSending(t *testing.T) {
	for range 100 {
		p := canbus.NewPipe()
		a, b := p.Join("a"), p.Join("b")
		var wg sync.WaitGroup
		wg.Go(func() { b.Close() })
		wg.Go(func() { a.Close() })
		wg.Go(func() {
			buf := make([]canbus.Frame, 2)
			for {
				if _, err := b.Receive(background, buf); err != nil {
					return
				}
			}
		})
		wg.Go(func() {
			for {
				if _, err := a.Send(background, []canbus.Frame{frame(1)}); err != nil {
					return
				}
			}
		})
		wg.Wait()
	}
}

func TestPipeAllocations(t *testing.T) {
	p := canbus.NewPipe()
	tx, rx, other := p.Join("tx"), p.Join("rx"), p.Join("other")
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	out, in := make([]canbus.Frame, 8), make([]canbus.Frame, 8)
	round := func() {
		if _, err := tx.Send(ctx, out); err != nil {
			t.Fatal(err)
		}
		for _, port := range []*canbus.Port{rx, other} {
			if n, err := port.Receive(ctx, in); n != len(in) || err != nil {
				t.Fatal(n, err)
			}
		}
	}
	if got := testing.AllocsPerRun(1000, round); got != 0 {
		t.Errorf("got %v allocations per batch, want 0", got)
	}
}

// BenchmarkPipe sends batches to two other ports, which receive them. For
// comparison in the same run: a Go channel with one receiver, which does less.
func BenchmarkPipe(b *testing.B) {
	for _, batch := range []int{1, 16} {
		b.Run(fmt.Sprint("batch-", batch), func(b *testing.B) {
			p := canbus.NewPipe()
			tx, rx, other := p.Join("tx"), p.Join("rx"), p.Join("other")
			out, in := make([]canbus.Frame, batch), make([]canbus.Frame, batch)
			b.ReportAllocs()
			for b.Loop() {
				tx.Send(background, out)
				rx.Receive(background, in)
				other.Receive(background, in)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/frame")
		})
	}
	b.Run("channel", func(b *testing.B) {
		c := make(chan canbus.Frame, 16)
		var f canbus.Frame
		for b.Loop() {
			c <- f
			f = <-c
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/frame")
	})
}

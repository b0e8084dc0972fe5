package canbus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	brutella "github.com/brutella/can"

	"tandem/canbus"
)

// bytesOf is the frames as a program writes them to a CAN socket.
func bytesOf(t testing.TB, fs ...canbus.Frame) []byte {
	t.Helper()
	var all []byte
	for _, f := range fs {
		var b [canbus.KernelLenFD]byte
		n, err := canbus.Marshal(b[:], &f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b[:n]...)
	}
	return all
}

func withoutTimes(fs []canbus.Frame) []canbus.Frame {
	for i := range fs {
		fs[i].Time = 0
	}
	return fs
}

func TestStreamWritesInAnyPieces(t *testing.T) {
	want := everyKind()
	all := bytesOf(t, want...)
	for _, piece := range []int{1, 2, 7, 16, 17, 72, 100, len(all)} {
		p := canbus.NewPipe()
		s, rx := canbus.Stream(p.Join("stream")), p.Join("rx")
		for rest := all; len(rest) > 0; {
			n, err := s.Write(rest[:min(piece, len(rest))])
			if n != min(piece, len(rest)) || err != nil {
				t.Fatalf("pieces of %d: wrote %d, %v", piece, n, err)
			}
			rest = rest[n:]
		}
		if got := withoutTimes(drain(t, rx, len(want), 5)); !slices.Equal(got, want) {
			t.Errorf("pieces of %d: got %+v, want %+v", piece, got, want)
		}
	}
}

func TestStreamReadsInAnyPieces(t *testing.T) {
	want := bytesOf(t, everyKind()...)
	for _, piece := range []int{1, 5, 16, 72, 256} {
		p := canbus.NewPipe()
		s, tx := canbus.Stream(p.Join("stream")), p.Join("tx")
		send(t, tx, everyKind()...)
		got, b := []byte(nil), make([]byte, piece)
		for len(got) < len(want) {
			n, err := s.Read(b)
			if err != nil || n == 0 {
				t.Fatalf("pieces of %d: read %d, %v", piece, n, err)
			}
			if n > canbus.KernelLenFD {
				t.Fatalf("one read gave %d bytes, more than a frame", n)
			}
			got = append(got, b[:n]...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("pieces of %d: got % x, want % x", piece, got, want)
		}
	}
}

// TestStreamReadIsOneFrame is what brutella lives on: it throws away whatever
// a Read gives beyond the first frame.
func TestStreamReadIsOneFrame(t *testing.T) {
	p := canbus.NewPipe()
	s, tx := canbus.Stream(p.Join("stream")), p.Join("tx")
	send(t, tx, everyKind()...)
	b := make([]byte, 1024)
	for i, f := range everyKind() {
		n, err := s.Read(b)
		if err != nil || !bytes.Equal(b[:n], bytesOf(t, f)) {
			t.Fatalf("read %d: got % x, %v; want frame %+v", i, b[:n], err, f)
		}
	}
	if n, err := s.Read(nil); n != 0 || err != nil {
		t.Errorf("empty read: got %d, %v", n, err)
	}
}

func TestClassicStream(t *testing.T) {
	p := canbus.NewPipe()
	s, other := canbus.ClassicStream(p.Join("stream")), p.Join("other")
	all := append(everyKind(), frame(0x700)) // behind the others: they are passed over
	send(t, other, all...)
	b := make([]byte, 256)
	for _, f := range classic(all) {
		n, err := s.Read(b)
		if err != nil || !bytes.Equal(b[:n], bytesOf(t, f)) {
			t.Fatalf("got % x, %v; want frame %+v", b[:n], err, f)
		}
	}
	fd := canbus.Frame{ID: 1, Flags: canbus.FD, Len: 64}
	if _, err := s.Write(bytesOf(t, fd)); err == nil {
		t.Error("got no error for writing an FD frame")
	}
	if _, err := s.Write(bytesOf(t, frame(7))); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, other, 1, 4); len(got) != 1 || got[0].ID != 7 {
		t.Errorf("got %+v, want the frame after the refused one", got)
	}
}

func TestStreamWriteErrors(t *testing.T) {
	p := canbus.NewPipe()
	s, rx := canbus.Stream(p.Join("stream")), p.Join("rx")
	wide := make([]byte, canbus.KernelLen)
	binary.NativeEndian.PutUint32(wide, 0x18DAF110) // no extended flag
	long := make([]byte, canbus.KernelLenFD)
	long[4] = 65
	for _, b := range [][]byte{wide, long} {
		n, err := s.Write(append(slices.Clone(b), bytesOf(t, frame(1))...))
		if n != len(b) || err == nil {
			t.Errorf("got %d, %v; want %d and an error", n, err, len(b))
		}
	}
	if _, err := s.Write(bytesOf(t, frame(2))); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, rx, 1, 4); len(got) != 1 || got[0].ID != 2 {
		t.Errorf("got %+v, want only what was written after the errors", got)
	}
}

func TestStreamClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := canbus.NewPipe()
		s := canbus.Stream(p.Join("stream"))
		done := make(chan error)
		go func() {
			_, err := s.Read(make([]byte, 64))
			done <- err
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, canbus.ErrClosed) {
			t.Errorf("blocked read: got %v, want %v", err, canbus.ErrClosed)
		}
		if _, err := s.Read(make([]byte, 64)); !errors.Is(err, canbus.ErrClosed) {
			t.Errorf("read: got %v, want %v", err, canbus.ErrClosed)
		}
		if _, err := s.Write(bytesOf(t, frame(1))); !errors.Is(err, canbus.ErrClosed) {
			t.Errorf("write: got %v, want %v", err, canbus.ErrClosed)
		}
	})
}

// recording is a bus at the end of a recording.
type recording struct{ canbus.Bus }

func (recording) Receive(context.Context, []canbus.Frame) (int, error) { return 0, io.EOF }

// TestStreamEndIsNotEOF: brutella would call Read again at once, for ever.
func TestStreamEndIsNotEOF(t *testing.T) {
	s := canbus.Stream(recording{})
	_, err := s.Read(make([]byte, 64))
	if err == nil || errors.Is(err, io.EOF) || !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("got %v, want %v and no EOF", err, canbus.ErrClosed)
	}
}

// TestBrutellaBus runs a real brutella Bus on a stream, against a port.
func TestBrutellaBus(t *testing.T) {
	p := canbus.NewPipe()
	port := p.Join("ours")
	bus := brutella.NewBus(brutella.NewReadWriteCloser(canbus.ClassicStream(p.Join("brutella"))))
	heard := make(chan brutella.Frame, 100)
	bus.SubscribeFunc(func(f brutella.Frame) { heard <- f })
	ended := make(chan error, 1)
	go func() { ended <- bus.ConnectAndPublish() }()

	// Ours to theirs: classic frames arrive, one by one; the others do not.
	all := append(everyKind(), frame(0x700))
	send(t, port, all...)
	for _, want := range classic(all) {
		got, err := canbus.FromBrutella(<-heard)
		if err != nil || got != want {
			t.Errorf("brutella heard %+v, %v; want %+v", got, err, want)
		}
	}
	// Theirs to ours, from several goroutines.
	var wg sync.WaitGroup
	for _, f := range classic(everyKind()) {
		wg.Go(func() {
			b, err := canbus.ToBrutella(f)
			if err != nil {
				t.Error(err)
			}
			if err := bus.Publish(b); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := withoutTimes(drain(t, port, len(classic(everyKind())), 3))
	for _, want := range classic(everyKind()) {
		if !slices.Contains(got, want) {
			t.Errorf("%+v did not arrive: got %+v", want, got)
		}
	}
	// Disconnect must end its reader; on a real socket it does not.
	if err := bus.Disconnect(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, canbus.ErrClosed) {
			t.Errorf("got %v, want %v", err, canbus.ErrClosed)
		}
	case <-time.After(10 * time.Second):
		t.Error("brutella's reader did not end")
	}
	if err := bus.Publish(brutella.Frame{ID: 1}); !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("publish after disconnect: got %v, want %v", err, canbus.ErrClosed)
	}
}

// FuzzStream cuts a stream of arbitrary bytes at arbitrary places: the frames
// that come out must not depend on the cuts.
func FuzzStream(f *testing.F) {
	f.Add(bytesOf(f, everyKind()...), uint64(1))
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"), uint64(2))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		if len(b) > 4096 {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		whole, wholeErrs := writeAll(b, func() int { return len(b) })
		cut, cutErrs := writeAll(b, func() int { return 1 + rnd.IntN(30) })
		if !slices.Equal(whole, cut) || wholeErrs != cutErrs {
			t.Fatalf("got %d frames and %d errors in pieces, %d and %d at once", len(cut), cutErrs, len(whole), wholeErrs)
		}
	})
}

// writeAll writes b in pieces and gives the frames that came out, and how
// many were refused.
func writeAll(b []byte, piece func() int) (fs []canbus.Frame, refused int) {
	p := canbus.NewPipe()
	p.Now = func() time.Time { return time.Unix(0, 0) }
	s, rx := canbus.Stream(p.Join("stream")), p.Join("rx")
	for len(b) > 0 {
		n, err := s.Write(b[:min(piece(), len(b))])
		if err != nil {
			refused++
		}
		b = b[n:]
	}
	end := []canbus.Frame{frame(1)} // so that there is something to receive
	if _, err := p.Join("end").Send(background, end); err != nil {
		return nil, -1
	}
	buf := make([]canbus.Frame, 4096)
	n, err := rx.Receive(background, buf)
	if err != nil {
		return nil, -1
	}
	return buf[:n-1], refused
}

func TestStreamAllocations(t *testing.T) {
	p := canbus.NewPipe()
	s, echo := canbus.Stream(p.Join("stream")), canbus.Stream(p.Join("echo"))
	out, in := bytesOf(t, everyKind()...), make([]byte, canbus.KernelLenFD)
	got := testing.AllocsPerRun(200, func() {
		if _, err := s.Write(out); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(out); {
			k, err := echo.Read(in)
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func TestStreamIsAReader(t *testing.T) {
	p := canbus.NewPipe()
	s, tx := canbus.Stream(p.Join("stream")), p.Join("tx")
	send(t, tx, everyKind()...)
	want := bytesOf(t, everyKind()...)
	got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(s, int64(len(want)))))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got % x, %v; want % x", got, err, want)
	}
}

// BenchmarkStream is a write and a read of one classic frame.
func BenchmarkStream(b *testing.B) {
	p := canbus.NewPipe()
	s, echo := canbus.Stream(p.Join("stream")), canbus.Stream(p.Join("echo"))
	out, in := bytesOf(b, frame(1, 2, 3)), make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		s.Write(out)
		echo.Read(in)
	}
}

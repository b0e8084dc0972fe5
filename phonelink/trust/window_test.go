package trust_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink/trust"
)

func TestWindow(t *testing.T) {
	a, b := [16]byte{1}, [16]byte{2}
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	steps := []struct {
		at   time.Duration
		what string
		want error
	}{
		{0, "digits", trust.ErrClosed},
		{0, "claim a", trust.ErrClosed},
		{0, "open a", nil},
		{1 * time.Second, "digits", nil},
		{10 * time.Second, "digits", trust.ErrOften},
		{11 * time.Second, "digits", nil},
		{12 * time.Second, "claim b", trust.ErrClosed},
		{12 * time.Second, "claim a", nil},
		{12 * time.Second, "claim a", trust.ErrUsed},
		{13 * time.Second, "close", nil},
		{13 * time.Second, "claim a", trust.ErrClosed},
		{14 * time.Second, "open b", nil},
		{14 * time.Second, "digits", trust.ErrOften}, // opening again is no way around the pause
		{15 * time.Second, "claim a", trust.ErrClosed},
		{16 * time.Second, "claim b", nil},
		{133 * time.Second, "digits", nil},
		{134 * time.Second, "digits", trust.ErrClosed},
		{134 * time.Second, "claim b", trust.ErrClosed},
	}
	var w trust.Window
	for _, s := range steps {
		now := start.Add(s.at)
		var err error
		switch s.what {
		case "digits":
			err = w.Digits(now)
		case "claim a":
			err = w.Claim(now, a)
		case "claim b":
			err = w.Claim(now, b)
		case "open a":
			w.Open(now, a)
		case "open b":
			w.Open(now, b)
		case "close":
			w.Close()
		}
		if !errors.Is(err, s.want) {
			t.Errorf("%s at %s: got %v, want %v", s.what, s.at, err, s.want)
		}
	}
}

func TestGateClaimsOnce(t *testing.T) {
	var g trust.Gate
	if err := g.Claim([16]byte{}); !errors.Is(err, trust.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	w := g.Open()
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if g.Claim(w.Secret) == nil {
				got.Add(1)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 {
		t.Errorf("got %d who claimed the code, want 1", got.Load())
	}
	if again := g.Open(); again.Secret == w.Secret {
		t.Error("the next screen shows the same secret")
	}
	g.Close()
	if _, open := g.Window(); open {
		t.Error("open after Close")
	}
}

func TestGateClosesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g trust.Gate
		w := g.Open()
		time.Sleep(trust.WindowOpen - time.Millisecond)
		if _, open := g.Window(); !open {
			t.Error("closed before its time")
		}
		time.Sleep(time.Millisecond)
		if err := g.Claim(w.Secret); !errors.Is(err, trust.ErrClosed) {
			t.Errorf("got %v after %s, want ErrClosed", err, trust.WindowOpen)
		}
	})
}

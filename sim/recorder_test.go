package sim_test

import (
	"context"
	"errors"
	"testing"

	"tandem/canbus"
	"tandem/sim"
)

func TestRecorder(t *testing.T) {
	r := sim.NewRecorder()
	for id := range uint32(3) {
		if n, err := r.Send(t.Context(), []canbus.Frame{{ID: id}}); n != 1 || err != nil {
			t.Fatalf("Send: got %d, %v", n, err)
		}
	}
	if got := r.Take(nil); len(got) != 3 || got[2].ID != 2 {
		t.Errorf("Take: got %v, want ids 0 to 2", got)
	}
	if got := r.Take(nil); len(got) != 0 {
		t.Errorf("Take again: got %v, want nothing", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Receive(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Receive: got %v, want the context's error", err)
	}
	ended := make(chan error)
	go func() {
		_, err := r.Receive(t.Context(), nil)
		ended <- err
	}()
	_, _ = r.Close(), r.Close()
	if err := <-ended; !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("Receive after Close: got %v, want ErrClosed", err)
	}
	if _, err := r.Send(t.Context(), nil); !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("Send after Close: got %v, want ErrClosed", err)
	}
}

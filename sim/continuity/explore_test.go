package continuity_test

import (
	"context"
	"testing"

	"tandem/phonelink"
	"tandem/sim/continuity"
)

// TestExplore visits all states of the small model within each of these
// bounds. Larger ones: tandem phonelink simulate --explore.
func TestExplore(t *testing.T) {
	steps := continuity.Ladder()[:5]
	if raced {
		steps = steps[:1]
	}
	for _, b := range steps {
		r, err := continuity.Explore(context.Background(), b)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: %d states, %d steps, %v", b, r.States, r.Transitions, r.Took)
		if r.Violation != nil {
			t.Error(r.Violation)
		}
		if !r.Whole && r.Violation == nil {
			t.Errorf("%v: not all states were visited", b)
		}
	}
	r, err := continuity.Explore(context.Background(), continuity.Bounds{States: 100})
	if err != nil || r.Whole || r.States < 100 {
		t.Errorf("cut short: got %+v, %v; want that it is not whole", r, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err = continuity.Explore(ctx, continuity.Bounds{}); err == nil || r.Whole || r.States == 0 {
		t.Errorf("cancelled: got %+v, %v; want what was seen, and why not all", r, err)
	}
}

// TestExploreSees breaks the protocol and expects the explorer to find it.
func TestExploreSees(t *testing.T) {
	for _, f := range []phonelink.Fault{phonelink.NoSilence, phonelink.RenderReady, phonelink.RenderUnloaded, phonelink.CommitForgotten, phonelink.CommitUnsaved} {
		b := continuity.Bounds{Crashes: 1, Losses: 1, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1, Faults: phonelink.Faults(0).With(f)}
		r, err := continuity.Explore(context.Background(), b)
		if err != nil {
			t.Fatal(err)
		}
		if r.Violation == nil {
			t.Errorf("%v: survives %d states", f, r.States)
		} else {
			t.Logf("%v: %v", f, r.Violation)
		}
	}
}

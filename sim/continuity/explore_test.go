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
	for _, b := range []continuity.Bounds{
		{Crashes: -1, Losses: 4, Ticks: 3, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: 1, Losses: 1, Ticks: 1, InFlight: 1, Cuts: -1, Acts: 1},
		{Crashes: -1, Losses: -1, Ticks: 1, InFlight: 2, Cuts: -1, Acts: 1},
	} {
		r, err := continuity.Explore(context.Background(), b)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v: %d states, %d steps, %v", b, r.States, r.Transitions, r.Took)
		if r.Violation != nil {
			t.Error(r.Violation)
		}
		if !r.Whole && r.Violation == nil {
			t.Errorf("%+v: not all states were visited", b)
		}
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

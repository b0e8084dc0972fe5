package continuity_test

import (
	"context"
	"testing"

	"tandem/phonelink"
	"tandem/sim/continuity"
)

// TestMutants breaks the protocol in each way it knows, and expects the
// simulation to see it. Most are seen within a hundred schedules, some need a
// rare coincidence: those are skipped where schedules are slow.
func TestMutants(t *testing.T) {
	most := 100000
	if testing.Short() || raced {
		most = 300
	}
	for _, f := range phonelink.AllFaults() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			c := continuity.Config{Schedules: most, Seed: 1, Workers: 1, Faults: phonelink.Faults(0).With(f)}
			r, err := continuity.Run(context.Background(), c)
			switch {
			case err != nil:
				t.Fatal(err)
			case r.Violation == nil && most < 100000:
				t.Skipf("survives %d schedules; without -short and -race it gets 100000", most)
			case r.Violation == nil:
				t.Fatalf("survives %d schedules", r.Schedules)
			}
			t.Logf("after %d schedules: %v", r.Schedules, r.Violation)
		})
	}
}

package continuity_test

import (
	"context"
	"testing"

	"tandem/phonelink"
	"tandem/sim/continuity"
)

// TestMutants breaks the protocol in each way it knows, and expects the
// simulation to see it.
func TestMutants(t *testing.T) {
	for _, f := range phonelink.AllFaults() {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			c := continuity.Config{Schedules: 40000, Seed: 1, Workers: 1, Faults: phonelink.Faults(0).With(f)}
			r, err := continuity.Run(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			if r.Violation == nil {
				t.Fatalf("survives %d schedules", r.Schedules)
			}
			t.Logf("after %d schedules: %v", r.Schedules, r.Violation)
		})
	}
}

package continuity_test

import (
	"context"
	"testing"

	"tandem/sim/continuity"
)

func TestSchedules(t *testing.T) {
	n := 20000
	if testing.Short() || raced {
		n = 2000
	}
	r, err := continuity.Run(context.Background(), continuity.Config{Schedules: n, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d schedules, %d events, %v", r.Schedules, r.Events, r.Took)
	if r.Violation != nil {
		continuity.Replay(continuity.Config{}, r.Violation.Seed, func(line string) { t.Log(line) })
		t.Error(r.Violation)
	}
}

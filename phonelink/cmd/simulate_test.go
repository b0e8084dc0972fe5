package cmd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func runSimulate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := simulateCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors = true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestSimulate(t *testing.T) {
	out, err := runSimulate(t, "--schedules", "50", "--seed", "5", "--json")
	var s simulateSummary
	if err != nil || json.Unmarshal([]byte(out), &s) != nil || s.Schedules != 50 || s.Seed != nil {
		t.Errorf("got %s, %v; want 50 schedules and no violation", out, err)
	}
	_, err = runSimulate(t, "--schedules", "500", "--mutant", "no-silence")
	if err == nil || !strings.Contains(err.Error(), "--replay ") {
		t.Fatalf("a broken protocol: got %v, want the seed to replay", err)
	}
	_, seed, _ := strings.Cut(strings.TrimSuffix(err.Error(), ")"), "--replay ")
	out, again := runSimulate(t, "--mutant", "no-silence", "--replay", strings.Fields(seed)[0])
	if again == nil || !strings.HasPrefix(err.Error(), again.Error()) || !strings.Contains(out, "VIOLATION") {
		t.Errorf("replayed: got %v, want %v", again, err)
	}
	out, err = runSimulate(t, "--explore", "--bounds", "crashes=0,losses=1,ticks=1,inflight=1,cuts=0,acts=1")
	if err != nil || !strings.Contains(out, " states, all of them, ") {
		t.Errorf("explore: got %q, %v; want all states", out, err)
	}
	out, err = runSimulate(t, "--explore", "--for", "1ms")
	if err != nil || !strings.Contains(out, "NOT ALL") {
		t.Errorf("explore for a moment: got %q, %v; want that it is not whole", out, err)
	}
	_, err = runSimulate(t, "--explore", "--mutant", "no-silence")
	if err == nil || !strings.Contains(err.Error(), "both render") {
		t.Errorf("explore a broken protocol: got %v", err)
	}
	for _, args := range [][]string{{"--mutant", "none-such"}, {"--schedules", "0"}, {"extra"}, {"--explore", "--bounds", "wings=2"}} {
		if _, err := runSimulate(t, args...); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
}

package scenario_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/sim/scenario"
)

func TestParse(t *testing.T) {
	s, err := scenario.Parse("x", []byte("# drive\n 2.5 drive 50 # km/h\n\n0 gear D\n2.5 indicator left\n80 fault bus.body silence 2s\n100 loop\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range s.Events {
		got = append(got, e.At.String()+" "+e.String())
	}
	want := []string{"0s gear D", "2.5s drive 50", "2.5s indicator left", "1m20s fault bus.body silence 2s"}
	if !slices.Equal(got, want) || s.Period != 100*time.Second {
		t.Errorf("got %q, period %s, want %q, 1m40s", got, s.Period, want)
	}
	if v, ok := s.Events[1].Number(0); v != 50 || !ok {
		t.Errorf("speed: got %v %v, want 50", v, ok)
	}
}

func TestParseSaysWhereAndWhat(t *testing.T) {
	tests := []struct{ text, want string }{
		{"gear D", `f:1: "gear" is no time: a line starts with seconds`},
		{"0 gear D\n1 geer D", `f:2: unknown event "geer"; known events: ac, ambient,`},
		{"1 gear X", `f:1: gear: unknown word "X"; allowed: D, N, P, R`},
		{"1 gear", `f:1: "gear": expected gear (P|R|N|D)`},
		{"1 drive fast", `f:1: drive: "fast" is not allowed; expected a number from 0 to 160, or limit`},
		{"1 drive 900", `f:1: drive: "900" is not allowed`},
		{"1 drive NaN", `f:1: drive: "NaN" is not allowed`},
		{"-1 stop", `"-1" is no time`},
		{"NaN stop", `"NaN" is no time`},
		{"1", "f:1: no event after the time"},
		{"1 lead", `expected: lead (a number from 2 to 250) (a number from 0 to 160), lead (off)`},
		{"1 lead 30", `f:1: "lead 30": expected lead (a number from 2 to 250) (a number from 0 to 160)`},
		{"1 fault tyre.row3.left leak", `unknown target "tyre.row3.left"; allowed: abs,`},
		{"1 fault esc leak", `fault esc: unknown kind "leak"; allowed: error`},
		{"1 fault esc error 5", `"5" is no duration; as in 500ms, 2s, 1m`},
		{"1 fault esc", "expected fault TARGET KIND [TIME]"},
		{"1 clear nothing", `unknown target "nothing"`},
		{"1 time 25:00", `"25:00" is no time of day; as in 07:30`},
		{"1 loop\n2 loop", "f:2: a second loop"},
		{"0 loop", "f:1: loop needs a time of 1 s at least"},
		{"5 loop\n7 stop", `f:1: event "stop" at 7s is never reached`},
	}
	for _, tt := range tests {
		_, err := scenario.Parse("f", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want ...%s...", tt.text, err, tt.want)
		}
	}
}

func TestParseReportsEveryLine(t *testing.T) {
	_, err := scenario.Parse("f", []byte("0 x\n1 stop\n2 y\n"))
	var e *scenario.Error
	if !errors.As(err, &e) || e.Line != 1 || !strings.Contains(err.Error(), "f:3: ") {
		t.Errorf("got %v, want errors for lines 1 and 3", err)
	}
}

func TestParseEvent(t *testing.T) {
	e, err := scenario.ParseEvent("door row1.driver open # now")
	if err != nil || e.String() != "door row1.driver open" || !e.On() {
		t.Errorf("got %v %v", e, err)
	}
	for _, text := range []string{"", "loop", "door", "3 gear D"} {
		if _, err := scenario.ParseEvent(text); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func TestDemoFillsTenMinutes(t *testing.T) {
	s := scenario.Demo()
	if s.Period != 10*time.Minute || s.Events[0].At != 0 || len(s.Events) < 60 {
		t.Errorf("got %d events, period %s", len(s.Events), s.Period)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(scenario.DemoText())
	f.Add([]byte("0 fault signal.VehicleSpeed stuck 1s\n1e3 lead 30 20\n9 time 07:30\n"))
	f.Add([]byte("0.0 gear D # x\n\t\r\n1 cruise 80\n2 loop"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenario.Parse("f", data)
		if err != nil {
			return
		}
		for i, e := range s.Events {
			if i > 0 && e.At < s.Events[i-1].At {
				t.Fatalf("event %d before its predecessor", i)
			}
			again, err := scenario.ParseEvent(e.String())
			if err != nil || again.String() != e.String() {
				t.Fatalf("%q: read again as %q, %v", e, again, err)
			}
		}
	})
}

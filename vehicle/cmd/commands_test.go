package cmd_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/vehicle/cmd"
)

// run runs "vehicle ARGS".
func run(args ...string) (stdout string, err error) {
	c := cmd.Commands()[0]
	c.SilenceErrors, c.SilenceUsage = true, true
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs(args)
	err = c.Execute()
	return out.String(), err
}

func TestCheckOfTheReferenceCar(t *testing.T) {
	out, err := run("check", "tandem-one")
	if err != nil || !strings.Contains(out, "Tandem One: 3 buses") || !strings.HasSuffix(out, " 0 warnings\n") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestCheckNamesEveryProblemWithItsLine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"car.yaml":      "name: X\nbuses:\n  - {name: a, dbc: a.dbc, speed: 3}\n",
		"a.dbc":         "VERSION \"\"\nBU_: E\nBO_ 1 M: 8 E\n SG_ V : 0|8@1+ (1,0) [0|0] \"\" E\n",
		"overlay.vspec": "Vehicle.Sped:\n  type: sensor\n  datatype: float\n  dbc2vss: {signal: V}\nVehicle.Speed:\n  type: sensor\n  datatype: float\n  dbc2vss: {signal: W}\n",
		"policy.yaml":   "transmit:\n  - bus: a\n    message: M\n    rate: {per_second: 1, burst: 1}\n    when: [asleep]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := run("check", dir)
	if err == nil {
		t.Fatalf("got no error; output %q", out)
	}
	for _, want := range []string{
		`car.yaml:3: bus a: unknown key "speed"; known are name, dbc`,
		"overlay.vspec:1: Vehicle.Sped: VSS 6.0 has no such signal; did you mean Vehicle.Speed?",
		`overlay.vspec:8: Vehicle.Speed: no message has a signal "W"; it has V`,
		`policy.yaml:2: unknown predicate "asleep"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%swant a line with %q", out, want)
		}
	}
}

func TestSignalsAsJSON(t *testing.T) {
	out, err := run("signals", "--json")
	if err != nil {
		t.Fatal(err)
	}
	lines, asked := 0, 0
	for line := range strings.Lines(out) {
		var l struct{ Path, Reported, Asked string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Path == "" {
			t.Fatalf("line %q: %v", line, err)
		}
		lines++
		if l.Asked != "" {
			asked++
		}
	}
	if lines < 150 || asked < 30 {
		t.Errorf("got %d signals and %d to ask for, want over 150 and over 30", lines, asked)
	}
	text, err := run("signals")
	if err != nil || strings.Count(text, "\n") != lines {
		t.Errorf("got %d lines of text (%v), want %d", strings.Count(text, "\n"), err, lines)
	}
}

func TestMisuseNamesTheNextStep(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"check", "/nowhere"}, "give a directory with car.yaml, or one of: canmod-gps, tandem-one"},
		{[]string{"check", "canmod-gps"}, "1 problem"},
		{[]string{"check", "tandem-one", "--dbc", "x"}, "BUS=FILE"},
		{[]string{"signals", "canmod-gps"}, "--dbc gps=FILE"},
		{[]string{"check", "tandem-one", "--dbc", "moon=x.dbc"}, "1 problem"},
	} {
		if _, err := run(c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.args, err, c.want)
		}
	}
}

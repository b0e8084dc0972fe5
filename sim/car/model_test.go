package car_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	einride "go.einride.tech/can/pkg/dbc"
	"go.einride.tech/can/pkg/dbc/analysis"
	"go.einride.tech/can/pkg/dbc/analysis/passes/boolprefix"
	"go.einride.tech/can/pkg/dbc/analysis/passes/definitiontypeorder"
	"go.einride.tech/can/pkg/dbc/analysis/passes/intervals"
	"go.einride.tech/can/pkg/dbc/analysis/passes/lineendings"
	"go.einride.tech/can/pkg/dbc/analysis/passes/messagenames"
	"go.einride.tech/can/pkg/dbc/analysis/passes/multiplexedsignals"
	"go.einride.tech/can/pkg/dbc/analysis/passes/newsymbols"
	"go.einride.tech/can/pkg/dbc/analysis/passes/nodereferences"
	"go.einride.tech/can/pkg/dbc/analysis/passes/noreservedsignals"
	"go.einride.tech/can/pkg/dbc/analysis/passes/requireddefinitions"
	"go.einride.tech/can/pkg/dbc/analysis/passes/signalbounds"
	"go.einride.tech/can/pkg/dbc/analysis/passes/signalnames"
	"go.einride.tech/can/pkg/dbc/analysis/passes/singletondefinitions"
	"go.einride.tech/can/pkg/dbc/analysis/passes/uniquemessageids"
	"go.einride.tech/can/pkg/dbc/analysis/passes/uniquenodenames"
	"go.einride.tech/can/pkg/dbc/analysis/passes/uniquesignalnames"
	"go.einride.tech/can/pkg/dbc/analysis/passes/valuedescriptions"
	"go.einride.tech/can/pkg/dbc/analysis/passes/version"

	"go.yaml.in/yaml/v3"

	"tandem/canbus"
	"tandem/canbus/guard"
)

// TestDatabasesAsEinrideReadsThem runs einride's linter, but for its rules that
// put units into names.
func TestDatabasesAsEinrideReadsThem(t *testing.T) {
	passes := []*analysis.Analyzer{
		boolprefix.Analyzer(), definitiontypeorder.Analyzer(), intervals.Analyzer(), lineendings.Analyzer(), messagenames.Analyzer(),
		multiplexedsignals.Analyzer(), newsymbols.Analyzer(), nodereferences.Analyzer(), noreservedsignals.Analyzer(),
		requireddefinitions.Analyzer(), signalbounds.Analyzer(), signalnames.Analyzer(), singletondefinitions.Analyzer(),
		uniquemessageids.Analyzer(), uniquenodenames.Analyzer(), uniquesignalnames.Analyzer(), valuedescriptions.Analyzer(), version.Analyzer(),
	}
	for _, name := range busNames {
		data, err := os.ReadFile(model + name + ".dbc")
		if err != nil {
			t.Fatal(err)
		}
		p := einride.NewParser(name+".dbc", data)
		if err := p.Parse(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, a := range passes {
			pass := &analysis.Pass{Analyzer: a, File: &einride.File{Name: name, Data: data, Defs: p.Defs()}}
			if err := a.Run(pass); err != nil {
				t.Errorf("%s: %s: %v", name, a.Name, err)
			}
			for _, d := range pass.Diagnostics {
				t.Errorf("%s: %s: %s", d.Pos, a.Name, d.Message)
			}
		}
	}
}

// TestDatabasesAsCantoolsReadsThem loads them strictly: no signals that overlap
// or stand out of their message.
func TestDatabasesAsCantoolsReadsThem(t *testing.T) {
	const script = `
import sys, cantools
for name in sys.argv[1:]:
    db = cantools.database.load_file(name, strict=True)
    print(len(db.messages), sum(len(m.signals) for m in db.messages), all(m.is_fd for m in db.messages))
`
	args := []string{"-c", script}
	want := ""
	for _, name := range busNames {
		args = append(args, model+name+".dbc")
	}
	if err := exec.Command("python3", "-c", "import cantools").Run(); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatalf("cantools is not here: %v", err)
		}
		t.Skip("python3 with cantools is not here")
	}
	out, err := exec.Command("python3", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("cantools: %v\n%s", err, out)
	}
	for _, line := range []string{"25 145 False", "19 166 False", "6 66 True"} {
		want += line + "\n"
	}
	if string(out) != want {
		t.Errorf("messages, signals, FD: got\n%swant\n%s", out, want)
	}
}

// TestEverySignalHasAReader: no signal is sent to nobody, none lacks a word of
// explanation, and names are unique over all buses, as overlays need it.
func TestEverySignalHasAReader(t *testing.T) {
	seen := map[string]string{}
	for _, name := range busNames {
		for _, m := range database(t, name).Messages {
			if m.Comment == "" || m.Sender == "" {
				t.Errorf("%s: no comment or no sender", m.Name)
			}
			for _, s := range m.Signals {
				if len(s.Receivers) == 0 || s.Comment == "" {
					t.Errorf("%s.%s: no receiver or no comment", m.Name, s.Name)
				}
				for _, r := range s.Receivers {
					if r == m.Sender {
						t.Errorf("%s.%s: its sender %s reads it", m.Name, s.Name, r)
					}
				}
				if other, ok := seen[s.Name]; ok {
					t.Errorf("%s stands in %s and %s", s.Name, other, m.Name)
				}
				seen[s.Name] = m.Name
			}
		}
	}
	if len(seen) < 150 {
		t.Errorf("got %d signals, want 150", len(seen))
	}
}

// TestOverlayHasEveryPathOfTheProduct checks the overlay against the paths that
// the product names.
func TestOverlayHasEveryPathOfTheProduct(t *testing.T) {
	overlay, err := os.ReadFile(model + "overlay.vspec")
	if err != nil {
		t.Fatal(err)
	}
	mapped := map[string]struct {
		DBC2VSS struct{ Signal string } `yaml:"dbc2vss"`
	}{}
	if err := yaml.Unmarshal(overlay, &mapped); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../../vehicle/paths.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(source)) {
		_, rest, ok := strings.Cut(line, `Path = "`)
		if !ok {
			continue
		}
		path, _, _ := strings.Cut(rest, `"`)
		n++
		if mapped[path].DBC2VSS.Signal == "" {
			t.Errorf("%s has no entry in the overlay", path)
		}
	}
	if n < 150 {
		t.Errorf("paths.go: found %d paths, want 150: has its form changed?", n)
	}
}

// TestPolicyAllowsRequestsOnly puts the policy before each bus and sends one
// frame of every message.
func TestPolicyAllowsRequestsOnly(t *testing.T) {
	data, err := os.ReadFile(model + "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := guard.LoadPolicy("policy.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	parked := map[string]bool{"HuChassisRequest": true, "HuTrunkRequest": true}
	for _, name := range busNames {
		r := newRig(t, "0 gear P")
		standing := true
		g, err := guard.New(guard.Config{Bus: r.port[name], BusName: name, Policy: policy, Database: r.db[name],
			Predicate: func(string) bool { return standing }})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.db[name].Messages {
			f := canbus.Frame{ID: m.ID, Len: uint8(m.Len)}
			if m.FD {
				f.Flags = canbus.FD
			}
			if m.Sender == "HU" {
				f = r.request(name, m.Name, "", 0)
			}
			for _, standing = range []bool{true, false} {
				want := m.Sender == "HU" && (standing || !parked[m.Name])
				_, err := g.Send(t.Context(), []canbus.Frame{f})
				if (err == nil) != want {
					t.Errorf("%s, parked %v: got %v, want allowed %v", m.Name, standing, err, want)
				}
			}
		}
		if name == climateBus {
			f := r.request(name, "HuClimateRequest", "TemperatureDriverRequest", 60)
			if _, err := g.Send(t.Context(), []canbus.Frame{f}); err == nil {
				t.Error("30 degrees: got no refusal")
			}
		}
		for _, b := range r.port {
			_ = b.Close()
		}
	}
}

// climateBus is where the climate control is.
const climateBus = "body"

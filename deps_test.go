package main_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the module path, the first element of every import of ours.
const module = "tandem"

// policy is the house plan: which package may import which of our packages,
// in code that is not a test. Changing it is a design decision and is said in
// the commit. A name ending in /* stands for the packages below it; "any" is
// for the places where the rooms are wired.
var policy = []struct {
	pkg string
	may string
}{
	{"", "any"}, // main.go and headunit.go

	// The car, from the wire up.
	{"canbus", ""},
	{"canbus/socketcan", "canbus"},
	{"canbus/dbc", "canbus"},
	{"canbus/canlog", "canbus"},
	{"canbus/isotp", "canbus"},
	{"canbus/uds", "canbus canbus/isotp"},
	{"canbus/obd", "canbus canbus/isotp"},
	{"canbus/j1939", "canbus"},
	{"canbus/guard", "canbus canbus/dbc"},
	{"canbus/remote", "canbus"},
	{"vehicle", ""},
	{"vehicle/vss", ""},
	{"vehicle/cars", ""}, // the embedded car directories
	{"vehicle/carport", "vehicle vehicle/vss canbus canbus/dbc canbus/guard canbus/isotp canbus/uds canbus/obd canbus/j1939"},
	{"vehicle/kuksa", "vehicle vehicle/vss"},
	{"vehicle/viss", "vehicle vehicle/vss"},

	// Phone and update: never the screen, never each other, never a bus.
	{"phonelink", "vehicle"},
	{"phonelink/trust", "phonelink"},
	{"phonelink/discover", ""}, // multicast DNS for link and adapters
	{"phonelink/link", "phonelink phonelink/trust phonelink/discover"},
	{"phonelink/player", "phonelink"}, // follows a session by the clock
	{"phonelink/journal", "phonelink"},
	{"phonelink/node", "vehicle phonelink phonelink/*"},
	{"phonelink/kdeconnect", "phonelink phonelink/trust phonelink/discover phonelink/kdeconnect/packet vehicle"},
	{"phonelink/kdeconnect/packet", ""}, // the packets alone: pure
	{"phonelink/sandbox", ""},           // what a process may still do
	{"phonelink/home", "phonelink phonelink/trust vehicle"},
	{"phonelink/projection", "phonelink phonelink/trust vehicle"},
	{"phonelink/projection/*", "phonelink phonelink/trust phonelink/projection phonelink/projection/* vehicle"},
	{"ota", "vehicle"},
	{"ota/agent", "vehicle ota ota/*"},
	{"ota/uptane", "ota"},
	{"ota/fetch", "ota"},
	{"ota/delta", "ota"},
	{"ota/slot", "ota"},
	{"ota/boot", "ota"},
	{"ota/ecu", "ota canbus canbus/isotp canbus/uds"},
	{"ota/depot", "ota ota/uptane ota/delta"},
	{"ota/image", "ota/boot ota/slot"},
	{"ota/pid1", "ota/boot ota/slot hmi/display"},

	// The screen.
	{"hmi", "vehicle phonelink ota"},
	{"hmi/shell", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/paint", "hmi/display"},
	{"hmi/fynedriver", "hmi/paint hmi/display hmi/input"},
	{"hmi/display", "hmi/input"},
	{"hmi/display/*", "hmi/display hmi/input"},
	{"hmi/input", ""},
	{"hmi/locale", ""},
	{"hmi/audio", ""},
	{"hmi/camera", "hmi/display"},
	{"hmi/theme", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/widget", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/screen", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/lang", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/media", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/voice", "vehicle phonelink ota hmi hmi/*"},
	{"hmi/restrict", "vehicle"},
	{"hmi/lint", "vehicle hmi hmi/*"},
	{"hmi/crawl", "vehicle hmi hmi/*"},

	// The rest of the world.
	{"sim", "canbus canbus/dbc"},
	{"sim/*", "sim sim/* canbus canbus/dbc"},
	{"sim/phone", "sim sim/* canbus canbus/dbc phonelink phonelink/*"},
	{"sim/continuity", "phonelink phonelink/journal"}, // explores and simulates the hand-off
	{"sim/depot", "sim sim/* canbus canbus/dbc ota/depot"},

	// A room's commands are exempt from laws 2 and 3.
	{"*/cmd", "any"},
	{"*/rpc", "vehicle phonelink ota vehicle/rpc/vehiclepb phonelink/rpc/phonelinkpb"},
	{"vehicle/rpc/vehiclepb", ""}, // generated messages
	{"phonelink/rpc/phonelinkpb", ""},
}

// forbidden overrides a wild card above: who may not, whatever the row says.
var forbidden = []struct{ pkg, not string }{
	{"hmi/theme", "hmi/shell"},
	{"hmi/widget", "hmi/shell"},
	{"hmi/screen", "hmi/shell"},
	{"hmi/lang", "hmi/shell"},
	{"hmi/media", "hmi/shell"},
	{"hmi/voice", "hmi/shell"},
}

func matches(pattern, pkg string) bool {
	if pattern == pkg {
		return true
	}
	if room, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(pkg, room+"/") && path.Base(pkg) != "cmd"
	}
	if base, ok := strings.CutPrefix(pattern, "*/"); ok {
		return strings.Count(pkg, "/") == 1 && path.Base(pkg) == base
	}
	return false
}

// violations are the breaches of the policy in one package, given the packages
// of ours that it imports, both without the module path.
func violations(pkg string, imports []string) (out []string) {
	row := slices.IndexFunc(policy, func(r struct{ pkg, may string }) bool { return r.pkg == pkg })
	if row < 0 {
		row = slices.IndexFunc(policy, func(r struct{ pkg, may string }) bool { return matches(r.pkg, pkg) })
	}
	if row < 0 {
		return []string{fmt.Sprintf("package %s has no row in the policy table: add one in the commit that brings it", pkg)}
	}
	may := strings.Fields(policy[row].may)
	for _, imp := range imports {
		allowed := policy[row].may == "any" || slices.ContainsFunc(may, func(p string) bool { return matches(p, imp) })
		for _, f := range forbidden {
			allowed = allowed && !(f.pkg == pkg && f.not == imp)
		}
		if !allowed {
			out = append(out, fmt.Sprintf("package %s may not import %s: its row allows [%s]", pkg, imp, policy[row].may))
		}
	}
	return out
}

// imports lists the packages of ours that each package imports outside tests,
// under every build constraint.
func imports(root string) (map[string][]string, error) {
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); p != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(rel), ".")
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		found[pkg] = slices.Clip(found[pkg])
		for _, spec := range f.Imports {
			if imp, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/"); ok && !slices.Contains(found[pkg], imp) {
				found[pkg] = append(found[pkg], imp)
			}
		}
		return nil
	})
	return found, err
}

func TestImportsFollowTheHousePlan(t *testing.T) {
	found, err := imports(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("found %d packages, want the whole tree", len(found))
	}
	for pkg, imps := range found {
		for _, v := range violations(pkg, imps) {
			t.Error(v)
		}
	}
}

func TestPolicyCatchesBreaches(t *testing.T) {
	for _, tc := range []struct {
		name, pkg, imp string
		want           bool // a violation
	}{
		{"law 1: canbus knows no room", "canbus", "vehicle", true},
		{"law 1: vehicle knows no room", "vehicle", "canbus", true},
		{"law 1: carport joins them", "vehicle/carport", "canbus/dbc", false},
		{"law 2: phonelink never shows", "phonelink", "hmi", true},
		{"law 2: ota never touches a bus", "ota/agent", "canbus", true},
		{"law 2: but ota/ecu does", "ota/ecu", "canbus/uds", false},
		{"law 3: sim never uses the port", "sim/car", "vehicle/carport", true},
		{"law 3: sim never sees the screen", "sim/scenario", "hmi", true},
		{"law 4: nothing imports sim", "hmi/shell", "sim/car", true},
		{"law 4: but a command", "vehicle/cmd", "sim/car", false},
		{"screens do not know the shell", "hmi/screen", "hmi/shell", true},
		{"screens use widgets", "hmi/screen", "hmi/widget", false},
		{"a wild card is no command", "hmi/shell", "hmi/cmd", true},
		{"outputs know pixels only", "hmi/display/web", "vehicle", true},
		{"a package needs a row", "hmi/extra", "", true},
	} {
		var imps []string
		if tc.imp != "" {
			imps = []string{tc.imp}
		}
		if got := len(violations(tc.pkg, imps)) > 0; got != tc.want {
			t.Errorf("%s: %s importing %q: violation = %v, want %v", tc.name, tc.pkg, tc.imp, got, tc.want)
		}
	}
}

func TestTopLevelKeepsItsShape(t *testing.T) {
	rooms := []string{"vehicle", "canbus", "hmi", "phonelink", "ota", "sim", ".ci", ".git"}
	files := []string{"go.mod", "go.sum", "README.md", "LICENSE", ".gitignore", "main.go", "headunit.go"}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir() && !slices.Contains(rooms, name):
			t.Errorf("folder %s at the top level, want one of %v", name, rooms)
		case !e.IsDir() && !slices.Contains(files, name) && !strings.HasSuffix(name, "_test.go") && name != "tandem":
			t.Errorf("file %s at the top level, want one of %v or a test", name, files)
		}
	}
}

package vss_test

import (
	"math"
	"strings"
	"testing"

	"tandem/vehicle/vss"
)

func TestCatalogueHasTheWholeOfVSS6(t *testing.T) {
	counts := map[vss.Kind]int{}
	seen := map[string]bool{}
	for n := range vss.Catalogue().Root.Leaves() {
		counts[n.Kind]++
		if seen[n.Path] {
			t.Errorf("%s is there twice", n.Path)
		}
		seen[n.Path] = true
	}
	want := map[vss.Kind]int{vss.Actuator: 643, vss.Sensor: 490, vss.Attribute: 130}
	for kind, n := range want {
		if counts[kind] != n {
			t.Errorf("got %d of kind %v, want %d", counts[kind], kind, n)
		}
	}
	if got := vss.Catalogue().Len(); got != 1263 || len(seen) != got {
		t.Errorf("got %d leaves by Len and %d by walking, want 1263", got, len(seen))
	}
}

func TestFacts(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		path     string
		kind     vss.Kind
		typ      string
		unit     string
		min, max float64
		allowed  string
		def      string
	}{
		{"Vehicle.Speed", vss.Sensor, "float", "km/h", nan, nan, "", ""},
		{"Vehicle.CurrentLocation.Latitude", vss.Sensor, "double", "degrees", -90, 90, "", ""},
		{"Vehicle.ADAS.ObstacleDetection.Front.Left.Distance", vss.Sensor, "float", "m", 0, nan, "", ""},
		{"Vehicle.Body.Raindetection.Intensity", vss.Sensor, "uint8", "percent", nan, 100, "", ""},
		{"Vehicle.Cabin.HVAC.Station.Row1.Driver.AirDistribution", vss.Actuator, "string", "", nan, nan, "UP|MIDDLE|DOWN", ""},
		{"Vehicle.Powertrain.TractionBattery.Charging.ChargeLimit", vss.Actuator, "uint8", "percent", 0, 100, "", "100"},
		{"Vehicle.Cabin.SeatPosCount", vss.Attribute, "uint8[]", "", nan, nan, "", "2|3"},
		{"Vehicle.Powertrain.Transmission.CurrentGear", vss.Sensor, "int8", "", nan, nan, "", ""},
		{"Vehicle.Acceleration.Lateral", vss.Sensor, "float", "m/s^2", nan, nan, "", ""},
	} {
		n, ok := vss.Catalogue().Lookup(c.path)
		if !ok {
			t.Errorf("%s is missing", c.path)
			continue
		}
		if n.Kind != c.kind || n.Type.String() != c.typ || n.Unit != c.unit || !same(n.Min, c.min) || !same(n.Max, c.max) ||
			strings.Join(n.Allowed, "|") != c.allowed || n.Default != c.def {
			t.Errorf("got %+v, want %+v", n, c)
		}
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestNavigation(t *testing.T) {
	tree := vss.Catalogue()
	n, ok := tree.Lookup("Vehicle.Cabin.HVAC")
	if !ok || n.Kind != vss.Branch || n.Leaf() {
		t.Fatalf("got %+v, want the branch Vehicle.Cabin.HVAC", n)
	}
	if n.Parent.Path != "Vehicle.Cabin" || n.Parent.Parent != tree.Root || tree.Root.Parent != nil {
		t.Errorf("the parents of %s do not lead to the root", n.Path)
	}
	c, ok := n.Child("IsRecirculationActive")
	if !ok || c.Path != "Vehicle.Cabin.HVAC.IsRecirculationActive" || !c.Leaf() {
		t.Errorf("got child %+v", c)
	}
	for _, missing := range []string{"", "Aaa", "Station2", "isRecirculationActive", "zzz"} {
		if c, ok := n.Child(missing); ok {
			t.Errorf("got child %s for %q, want none", c.Path, missing)
		}
	}
	for n := range tree.Root.Leaves() {
		if got, ok := tree.Lookup(n.Path); !ok || got != n {
			t.Fatalf("lookup of %s gives %v", n.Path, got)
		}
		if p, ok := n.Parent.Child(n.Name); !ok || p != n {
			t.Fatalf("%s is not found in its parent", n.Path)
		}
		if n.Unit != "" {
			if _, ok := vss.LookupUnit(n.Unit); !ok {
				t.Errorf("%s: unit %s is not in the table", n.Path, n.Unit)
			}
		}
	}
	seen := 0
	for range tree.Root.Leaves() {
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("a broken-off walk saw %d leaves, want 3", seen)
	}
}

func TestRange(t *testing.T) {
	for _, c := range []struct {
		path   string
		lo, hi float64
	}{
		{"Vehicle.Body.Raindetection.Intensity", 0, 100}, // uint8, ..100
		{"Vehicle.Powertrain.Transmission.CurrentGear", -128, 127},
		{"Vehicle.TraveledDistance", 0, 4294967295},
		{"Vehicle.Chassis.SteeringWheel.Angle", -32768, 32767},
		{"Vehicle.Service.TimeToService", -2147483648, 2147483647},
		{"Vehicle.ADAS.ObstacleDetection.Front.Left.Distance", 0, math.NaN()},
		{"Vehicle.Speed", math.NaN(), math.NaN()},
	} {
		n, _ := vss.Catalogue().Lookup(c.path)
		if lo, hi := n.Range(); !same(lo, c.lo) || !same(hi, c.hi) {
			t.Errorf("%s: got %g to %g, want %g to %g", c.path, lo, hi, c.lo, c.hi)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Vehicle.Sped", "Vehicle.Speed"},
		{"Vehicle.CurrentLocation.Lattitude", "Vehicle.CurrentLocation.Latitude"},
		{"Vehicle.Speed", "Vehicle.Speed"},
		{"Nothing.Like.It.At.All.In.The.Catalogue", ""},
		{"", ""},
	} {
		if got := vss.Catalogue().Nearest(c.in); got != c.want {
			t.Errorf("nearest of %q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestConvert(t *testing.T) {
	for _, c := range []struct {
		v        float64
		from, to string
		want     float64
	}{
		{10, "m/s", "km/h", 36},
		{100, "km/h", "mph", 62.13711922},
		{20, "Celsius", "Fahrenheit", 68},
		{-40, "Fahrenheit", "Celsius", -40},
		{250, "kPa", "bar", 2.5},
		{1, "bar", "psi", 14.50377377},
		{180, "degrees/s", "rad/s", math.Pi},
		{60, "rpm", "rad/s", 2 * math.Pi},
		{1, "mile", "km", 1.609344},
		{1, "kWh", "kWh", 1},
	} {
		got, ok := vss.Convert(c.v, c.from, c.to)
		if !ok || math.Abs(got-c.want) > 1e-7 {
			t.Errorf("%g %s: got %g %s (%v), want %g", c.v, c.from, got, c.to, ok, c.want)
		}
	}
	for _, c := range [][2]string{{"km/h", "km"}, {"furlong", "km"}, {"km", "furlong"}} {
		if got, ok := vss.Convert(1, c[0], c[1]); ok {
			t.Errorf("%s to %s: got %g, want a refusal", c[0], c[1], got)
		}
	}
}

func TestTypeNamesRoundTrip(t *testing.T) {
	for typ := vss.Boolean; typ <= vss.String; typ++ {
		for _, typ := range []vss.Type{typ, typ | vss.Array} {
			if got, ok := vss.ParseType(typ.String()); !ok || got != typ {
				t.Errorf("%v: read back as %v (%v)", typ, got, ok)
			}
		}
	}
	for _, bad := range []string{"", "none", "[]", "int", "uint8[][]"} {
		if got, ok := vss.ParseType(bad); ok {
			t.Errorf("%q: got %v, want a refusal", bad, got)
		}
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "no root"},
		{"Vehicle\nVehicle2\n", "line 2"},
		{"Vehicle\n  Speed s float\n", "line 2"},
		{"Vehicle\n B s float\n A s float\n", "line 3"},
		{"Vehicle\n A s float\n A s float\n", "line 3"},
		{"Vehicle\n A x float\n", "kind"},
		{"Vehicle\n A s flot\n", "type"},
		{"Vehicle\n A s float furlong\n", "unit"},
		{"Vehicle\n A s float km 0..x\n", "range"},
		{"Vehicle\n A s float  km\n", "spaces"},
		{"Vehicle\n A.B s float\n", "name"},
	} {
		_, err := vss.Parse(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error with %q", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Vehicle\n Speed s float km/h 0..250 {a|b} =1\n")
	f.Add("A\n B\n  C t uint8[] =2|3\n D a string {X}\n")
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := vss.Parse(text)
		if err != nil {
			return
		}
		n := 0
		for leaf := range tree.Root.Leaves() {
			n++
			if got, ok := tree.Lookup(leaf.Path); !ok || got != leaf {
				t.Fatalf("lookup of %q gives %v", leaf.Path, got)
			}
		}
		if n != tree.Len() {
			t.Fatalf("walked %d leaves of %d", n, tree.Len())
		}
	})
}

// BenchmarkParse is the whole catalogue, once per program start: to stay under
// 2 ms.
func BenchmarkParse(b *testing.B) {
	text := vss.Text()
	for b.Loop() {
		if _, err := vss.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

package carport_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tandem/vehicle"
	"tandem/vehicle/carport"
	"tandem/vehicle/cars"
	"tandem/vehicle/vss"
)

const testDBC = `VERSION ""
BU_: HU ECU
BO_ 256 Motion: 8 ECU
 SG_ Crc : 0|8@1+ (1,0) [0|255] "" HU
 SG_ Count : 8|4@1+ (1,0) [0|15] "" HU
 SG_ Gear : 12|4@1+ (1,0) [0|15] "" HU
 SG_ Velocity : 16|16@1+ (0.01,0) [0|100] "m/s" HU
 SG_ Lock : 32|2@1+ (1,0) [0|1] "" HU
 SG_ VelocityOk : 34|1@1+ (1,0) [0|1] "" HU
BO_ 512 Tyre: 3 ECU
 SG_ Which : 0|8@1+ (1,0) [0|3] "" HU
 SG_ Pressure : 15|16@0+ (0.1,0) [0|0] "kPa" HU
BO_ 2147484416 Climate: 8 ECU
 SG_ Temp : 0|8@1+ (0.5,0) [0|40] "degC" HU
 SG_ Fan : 8|8@1+ (1,0) [0|100] "%" HU
 SG_ Air : 16|3@1+ (1,0) [0|7] "" HU
 SG_ Heat : 24|8@1- (1,0) [-100|100] "%" HU
BO_ 768 Ask: 8 HU
 SG_ AskCrc : 0|8@1+ (1,0) [0|255] "" ECU
 SG_ AskCount : 8|4@1+ (1,0) [0|15] "" ECU
 SG_ AskTemp : 16|8@1+ (0.5,0) [0|40] "degC" ECU
 SG_ AskFan : 24|8@1+ (1,0) [0|100] "%" ECU
 SG_ AskAir : 32|3@1+ (1,0) [0|7] "" ECU
 SG_ AskHeat : 40|8@1- (1,0) [-100|100] "%" ECU
 SG_ AskStart : 48|8@1+ (1,0) [0|255] "" ECU
BO_ 770 Esc: 1 HU
 SG_ AskEsc : 0|2@1+ (1,0) [0|3] "" ECU
BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;
BA_DEF_ SG_ "GenSigStartValue" FLOAT 0 100000;
BA_DEF_DEF_ "GenMsgCycleTime" 0;
BA_ "GenMsgCycleTime" BO_ 256 20;
BA_ "GenMsgCycleTime" BO_ 2147484416 200;
BA_ "GenMsgCycleTime" BO_ 768 100;
BA_ "GenSigStartValue" SG_ 768 AskStart 77;
VAL_ 256 Gear 0 "N" 1 "D" 14 "P" 15 "R" 13 "SNA" ;
VAL_ 2147484416 Air 0 "UP" 1 "MIDDLE" 2 "DOWN" 7 "SNA" ;
VAL_ 768 AskAir 0 "UP" 1 "MIDDLE" 2 "DOWN" 7 "None" ;
`

const testCar = `name: Test
node: HU
buses:
  - {name: main, dbc: main.dbc, bitrate: 500000}
messages:
  - bus: main
    message: Motion
    ttl_ms: 300
    counter: {signal: Count, modulo: 15}
    checksum: {signal: Crc, kind: crc8-sae-j1850, data_id: 0x12}
transmit:
  - bus: main
    message: Ask
    repeat: 2
    counter: AskCount
    checksum: {signal: AskCrc, kind: xor8}
`

const testOverlay = `Vehicle.Speed:
  type: sensor
  datatype: float
  unit: km/h
  dbc2vss:
    signal: Velocity
    interval_ms: 100
    not_available: [0xFFFF]
    error: [0xFFFE]
    valid: {signal: VelocityOk, in: [1], otherwise: error}
    transform: {math: "x*3.6"}
Vehicle.Powertrain.Transmission.CurrentGear:
  type: sensor
  datatype: int8
  dbc2vss:
    signal: Gear
    transform:
      mapping:
        - {from: P, to: 126}
        - {from: R, to: -1}
        - {from: N, to: 0}
        - {from: 1, to: 1}
Vehicle.Powertrain.Transmission.IsParkLockEngaged:
  type: actuator
  datatype: boolean
  dbc2vss: {signal: Lock}
Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure:
  type: sensor
  datatype: uint16
  dbc2vss:
    signal: Pressure
    multiplexer: [{signal: Which, value: 0}]
Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.Pressure:
  type: sensor
  datatype: uint16
  dbc2vss:
    signal: Pressure
    multiplexer: [{signal: Which, value: 1}]
Vehicle:
  type: branch
  Cabin:
    type: branch
    HVAC.Station.Row1.Driver:
      Temperature:
        type: actuator
        datatype: float
        unit: Celsius
        min: 16
        max: 28
        dbc2vss: {signal: Temp}
        vss2dbc: {signal: AskTemp, no_request: 255}
      FanSpeed:
        type: actuator
        datatype: uint8
        dbc: {signal: Fan}
        vss2dbc: {signal: AskFan}
      AirDistribution:
        type: actuator
        datatype: string
        dbc2vss: {signal: Air}
        vss2dbc: {signal: AskAir, no_request: 7}
    Seat.Row1.DriverSide.HeatingCooling:
      type: actuator
      datatype: int8
      dbc2vss: {signal: Heat}
      vss2dbc: {signal: AskHeat, tolerance: 3, transform: {math: "-x"}}
Vehicle.ADAS.ESC.IsEnabled:
  type: actuator
  datatype: boolean
  vss2dbc:
    signal: AskEsc
    no_request: 3
    transform: {mapping: [{from: false, to: 0}, {from: true, to: 1}]}
`

const testPolicy = `transmit:
  - bus: main
    message: Ask
    rate: {per_second: 100, burst: 100}
  - bus: main
    message: Esc
    rate: {per_second: 100, burst: 100}
    when: [parked]
`

// files is a car directory; more replaces or (empty) removes files.
func files(more map[string]string) fstest.MapFS {
	all := map[string]string{"car.yaml": testCar, "main.dbc": testDBC, "overlay.vspec": testOverlay, "policy.yaml": testPolicy}
	for name, text := range more {
		all[name] = text
	}
	out := fstest.MapFS{}
	for name, text := range all {
		if text != "" {
			out["car/"+name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return out
}

func loadTest(t testing.TB, more map[string]string) *carport.Car {
	t.Helper()
	c, err := carport.LoadCar(files(more), "car", carport.Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSignalsOfACar(t *testing.T) {
	byPath := map[vehicle.Path]vehicle.Signal{}
	for _, s := range loadTest(t, nil).Signals() {
		byPath[s.Path] = s
	}
	if len(byPath) != 1263 {
		t.Errorf("got %d signals, want the 1263 of the catalogue", len(byPath))
	}
	for _, c := range []struct {
		path      vehicle.Path
		actuator  bool
		min, max  float64
		tolerance float64
	}{
		{vehicle.Speed, false, math.NaN(), math.NaN(), 0},
		{vehicle.ClimateDriverTemperature, true, 16, 28, 0.25},
		{vehicle.ClimateDriverFanSpeed, true, 0, 100, 0.5},
		{vehicle.SeatRow1DriverHeating, true, -100, 100, 3},
		{vehicle.IsParkLockEngaged, false, math.NaN(), math.NaN(), 0}, // an actuator in VSS; this car does not take it
		{vehicle.ESCIsEnabled, true, math.NaN(), math.NaN(), 0},
		{vehicle.Range, false, 0, math.MaxUint32, 0},
	} {
		s := byPath[c.path]
		if s.Actuator != c.actuator || !same(s.Min, c.min) || !same(s.Max, c.max) || s.Tolerance != c.tolerance {
			t.Errorf("got %+v, want %+v", s, c)
		}
	}
	if got := len(carport.Signals(vss.Catalogue())); got != 1263 {
		t.Errorf("got %d signals of the catalogue", got)
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// The constants of vehicle/paths.go are paths of VSS 6.0.
func TestThePathConstantsAreInTheCatalogue(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../paths.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(f, func(node ast.Node) bool {
		lit, ok := node.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		path, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		if leaf, ok := vss.Catalogue().Lookup(path); !ok || !leaf.Leaf() {
			t.Errorf("%s is no signal of VSS 6.0", path)
		}
		n++
		return true
	})
	if n < 150 {
		t.Errorf("found %d paths, want over 150", n)
	}
}

func TestEmbeddedCars(t *testing.T) {
	car, err := carport.LoadCar(cars.FS, cars.Default, carport.Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	if len(car.Buses) != 3 || len(car.Mappings) < 150 || car.Policy == nil || len(car.Warnings) != 0 {
		t.Errorf("got %d buses, %d mappings, policy %v, warnings %v", len(car.Buses), len(car.Mappings), car.Policy != nil, car.Warnings)
	}
	_, err = carport.LoadCar(cars.FS, "canmod-gps", carport.Overrides{})
	if got := carport.Problems(err); len(got) != 1 || !strings.Contains(got[0].Error(), "car.yaml:11: bus gps: has no database: give one with --dbc gps=FILE") {
		t.Errorf("got %v, want only that the database is missing", got)
	}
}

// Each mistake gives exactly one problem, at its line, with the next step.
func TestEveryProblemIsNamed(t *testing.T) {
	replace := func(text, old, with string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in the text", old)
		}
		return strings.Replace(text, old, with, 1)
	}
	for _, c := range []struct {
		file, old, with string
		want            string
	}{
		{"car.yaml", "node: HU", "nodes: HU", `car/car.yaml:2: unknown key "nodes"`},
		{"car.yaml", "name: Test\n", "", `car/car.yaml:1: key "name" is missing`},
		{"car.yaml", "dbc: main.dbc", "dbc: man.dbc", "car/car.yaml:4: bus main: database car/man.dbc cannot be read: file does not exist; correct the path"},
		{"car.yaml", "bitrate: 500000", "bitrate: fast", `car/car.yaml:4: bus main: bitrate: a whole number from 1 to 1000000 is expected, not "fast"`},
		{"car.yaml", "bitrate: 500000", "data_bitrate: 500000", "car/car.yaml:4: bus main: data_bitrate needs fd: true"},
		{"car.yaml", "message: Motion", "message: Motoin", "car/car.yaml:7: Motoin: car/main.dbc has no such message; did you mean Motion?"},
		{"car.yaml", "bus: main\n    message: Motion", "bus: body\n    message: Motion", `car/car.yaml:6: Motion: bus "body" is not known; this car has main`},
		{"car.yaml", "signal: Count", "signal: Counter", `car/car.yaml:9: Motion: Motion has no signal "Counter"; did you mean Count?`},
		{"car.yaml", "modulo: 15", "modulo: 17", "car/car.yaml:9: Motion: modulo: a whole number from 2 to 16"},
		{"car.yaml", "signal: Crc", "signal: Gear", "car/car.yaml:10: Motion: checksum Gear must be one whole byte"},
		{"car.yaml", "kind: crc8-sae-j1850", "kind: crc9", `car/car.yaml:10: Motion: checksum kind "crc9" is not known; crc8-sae-j1850, xor8 and sum8 are`},
		{"car.yaml", "message: Ask", "message: Tyre", `car/car.yaml:12: Tyre: is sent by ECU in car/main.dbc, and our node is "HU": it belongs under messages`},
		{"car.yaml", "ttl_ms: 300", "ttl_ms: -1", "car/car.yaml:8: Motion: ttl_ms: a whole number from 0 to"},
		{"car.yaml", "name: Test", "name: [", "car/car.yaml:"},
		{"overlay.vspec", "Vehicle.Speed:", "Vehicle.Speeed:", "car/overlay.vspec:1: Vehicle.Speeed: VSS 6.0 has no such signal; did you mean Vehicle.Speed?"},
		{"overlay.vspec", "type: sensor", "type: actuator", "car/overlay.vspec:2: Vehicle.Speed: type is sensor in VSS, not actuator"},
		{"overlay.vspec", "datatype: float", "datatype: double", "car/overlay.vspec:3: Vehicle.Speed: datatype is float in VSS, not double"},
		{"overlay.vspec", "unit: km/h", "unit: m/s", "car/overlay.vspec:4: Vehicle.Speed: unit is km/h in VSS, not m/s; use transform"},
		{"overlay.vspec", "signal: Velocity\n", "signal: Velocitty\n", `car/overlay.vspec:6: Vehicle.Speed: no message has a signal "Velocitty"; did you mean Velocity?`},
		{"overlay.vspec", "signal: Velocity\n", "signal: AskTemp\n", "we send ourselves"},
		{"overlay.vspec", `math: "x*3.6"`, `math: "x*3.6)"`, `car/overlay.vspec:11: Vehicle.Speed: formula "x*3.6)", column 6: ")" is one too many`},
		{"overlay.vspec", "from: P,", "from: Q,", `car/overlay.vspec:19: Vehicle.Powertrain.Transmission.CurrentGear: mapping: Gear has no label "Q" in the database`},
		{"overlay.vspec", "to: 126", "to: 200", "car/overlay.vspec:19: Vehicle.Powertrain.Transmission.CurrentGear: mapping: 200 is no int8 between -128 and 127"},
		{"overlay.vspec", "from: N,", "from: R,", "mapping: R is there twice"},
		{"overlay.vspec", "from: 1,", "from: 16,", "mapping: Gear cannot be 16: its 4 bits"},
		{"overlay.vspec", "min: 16", "min: warm", `min: a number is expected, not "warm"`},
		{"overlay.vspec", "no_request: 255", "no_request: 256", "no_request: 256 does not fit in the 8 bits of AskTemp"},
		{"overlay.vspec", "no_request: 3", "no_request: 1", "no_request 1 is also what true is sent as"},
		{"overlay.vspec", "{from: true, to: 1}", "{from: yes please, to: 1}", `true or false is expected, not "yes please"`},
		{"overlay.vspec", "signal: AskEsc", "signal: Lock", `signal Lock is in Motion on main, which our node "HU" does not send`},
		{"overlay.vspec", "otherwise: error", "otherwise: maybe", `otherwise is not_available, invalid or error, not "maybe"`},
		{"overlay.vspec", "in: [1], ", "", `valid: key "in" is missing`},
		{"overlay.vspec", "not_available: [0xFFFF]", "not_available: [none]", `not_available: a whole number is expected, not "none"`},
		{"overlay.vspec", "interval_ms: 100", "interval: 100", `unknown key "interval"; known are signal`},
		{"overlay.vspec", "dbc2vss: {signal: Lock}", "dbc2vss: 3", "a table of keys is expected here"},
		{"overlay.vspec", "tolerance: 3", "tolerance: -3", "tolerance must not be negative"},
		{"policy.yaml", "when: [parked]", "when: [asleep]", `car/policy.yaml:5: unknown predicate "asleep"`},
		{"policy.yaml", "bus: main\n    message: Esc", "bus: body\n    message: Esc", `car/policy.yaml:5: bus "body" is not known; this car has main`},
		{"policy.yaml", "message: Esc", "message: Abs", "car/policy.yaml:5"},
	} {
		original := map[string]string{"car.yaml": testCar, "overlay.vspec": testOverlay, "policy.yaml": testPolicy}[c.file]
		_, err := carport.LoadCar(files(map[string]string{c.file: replace(original, c.old, c.with)}), "car", carport.Overrides{})
		problems := carport.Problems(err)
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.Error(), c.want)
		}
		if !found {
			t.Errorf("%s with %q: got %v, want %q", c.file, c.with, err, c.want)
		}
	}
}

func TestMissingFilesAndManyProblemsAtOnce(t *testing.T) {
	for _, name := range []string{"car.yaml", "overlay.vspec"} {
		_, err := carport.LoadCar(files(map[string]string{name: ""}), "car", carport.Overrides{})
		if err == nil || !strings.Contains(err.Error(), "car/"+name+": cannot be read: file does not exist; a car directory needs it") {
			t.Errorf("without %s: got %v", name, err)
		}
	}
	if c := loadTest(t, map[string]string{"policy.yaml": ""}); c.Policy != nil {
		t.Error("got a policy from nowhere")
	}
	bad := strings.NewReplacer("km/h", "mph", "Velocity\n", "Nothing\n", "from: R", "from: Z").Replace(testOverlay)
	_, err := carport.LoadCar(files(map[string]string{"overlay.vspec": bad, "policy.yaml": "x: 1"}), "car", carport.Overrides{DBC: map[string]string{"moon": "x"}})
	var lines []string
	for _, p := range carport.Problems(err) {
		lines = append(lines, p.Error())
	}
	if len(lines) < 5 {
		t.Errorf("got %d problems, want all five: %q", len(lines), lines)
	}
}

func TestAUnitThatNobodyConvertsIsAWarning(t *testing.T) {
	c := loadTest(t, map[string]string{"overlay.vspec": strings.Replace(testOverlay, `    transform: {math: "x*3.6"}`+"\n", "", 1)})
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Error(), "Velocity is in m/s in the database and in km/h in VSS") {
		t.Errorf("got %v, want one warning", c.Warnings)
	}
}

func TestAmbiguousSignalNames(t *testing.T) {
	dbc := strings.Replace(testDBC, "BO_ 512", "BO_ 300 Other: 8 ECU\n SG_ Velocity : 0|16@1+ (0.02,0) [0|100] \"m/s\" HU\nBO_ 512", 1)
	_, err := carport.LoadCar(files(map[string]string{"main.dbc": dbc}), "car", carport.Overrides{})
	if err == nil || !strings.Contains(err.Error(), "signal Velocity is in Motion on main and in Other on main; say which with message: and bus:") {
		t.Errorf("got %v", err)
	}
	overlay := strings.Replace(testOverlay, "signal: Velocity\n", "signal: Velocity\n    message: Motion\n    bus: main\n", 1)
	loadTest(t, map[string]string{"main.dbc": dbc, "overlay.vspec": overlay})
}

// KUKSA's own mapping file is the whole VSS as JSON with the keys in it.
func TestAnOverlayAsKuksaJSON(t *testing.T) {
	json := `{"Vehicle": {"type": "branch", "description": "x", "children": {
		"Speed": {"type": "sensor", "datatype": "float", "unit": "km/h", "uuid": "1", "dbc2vss": {"signal": "Velocity", "interval_ms": 100, "transform": {"math": "x*3.6"}}},
		"IsMoving": {"type": "sensor", "datatype": "boolean", "description": "not mapped"}}}}`
	c := loadTest(t, map[string]string{"overlay.vspec": json})
	if len(c.Mappings) != 1 || c.Mappings[0].Path() != vehicle.Speed || c.Mappings[0].Up.Interval != 100*time.Millisecond {
		t.Errorf("got %d mappings", len(c.Mappings))
	}
}

func FuzzLoadCar(f *testing.F) {
	f.Add(testCar, testOverlay)
	f.Add("name: x\nbuses: [{name: main, dbc: main.dbc}]\n", "Vehicle: {children: {Speed: {dbc: {signal: Velocity}}}}")
	f.Add("a: &a [*a]", "&x Vehicle: {y: *x}")
	f.Fuzz(func(t *testing.T, car, overlay string) {
		c, err := carport.LoadCar(files(map[string]string{"car.yaml": car, "overlay.vspec": overlay}), "car", carport.Overrides{})
		if (c == nil) == (err == nil) {
			t.Fatalf("got car %v and error %v", c, err)
		}
		if err == nil {
			if _, err := vehicle.NewStore(c.Signals()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

package guard_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/canbus/guard"
)

const rate = "rate: {per_second: 1, burst: 1}"

func TestLoadPolicy(t *testing.T) {
	p := mustPolicy(t, policy)
	if len(p.Entries) != 7 || p.File != "policy.yaml" {
		t.Fatalf("got %d entries of %s, want 7 of policy.yaml", len(p.Entries), p.File)
	}
	e := p.Entries[1]
	if e.Line != 9 || e.Bus != "body" || e.Message != "Wide" || e.Length != -1 || e.FD != nil || e.Unused != guard.One ||
		e.PerSecond != 1000 || e.Burst != 1000 || !slices.Equal(e.When, []string{"parked", "belted"}) || !slices.Equal(e.Origin, []string{"driver", "update"}) {
		t.Errorf("second entry: got %+v", e)
	}
	rules := p.Entries[0].Signals
	if len(rules) != 3 || rules[0].Min != 16.1 || rules[0].Max != 28 || !slices.Equal(rules[1].Values, []int64{0, 3, 15}) || rules[0].Line != 5 {
		t.Errorf("rules of the first entry: got %+v", rules)
	}
	if e := p.Entries[5]; e.ID != 0x7df || e.Extended || e.Signals != nil || e.Length != 8 {
		t.Errorf("entry by id: got %+v", e)
	}
}

func TestLoadPolicyLimits(t *testing.T) {
	for _, text := range []string{
		"transmit: []",
		"transmit: [{bus: b, id: 0x7ff, length: 0, rate: {per_second: 0.001, burst: 1}}]",
		"transmit: [{bus: b, id: 0, length: 64, fd: true, rate: {per_second: 100000, burst: 100000}}]",
		"transmit: [{bus: b, id: 0x1fffffff, extended: true, " + rate + "}]",
		"transmit: [{bus: b, message: M, signals: {S: {min: 1, max: 1}}, unused: zero, " + rate + "}]",
		"transmit: [{bus: b, id: 1, " + rate + "}, {bus: b, id: 2, " + rate + "}, {bus: c, id: 1, " + rate + "}, {bus: b, id: 1, extended: true, " + rate + "}]",
		"transmit: [{bus: b, id: 1, rate: &r {per_second: 1, burst: 1}}, {bus: b, id: 2, rate: *r}]",
	} {
		if _, err := guard.LoadPolicy("p.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestLoadPolicyErrors(t *testing.T) {
	entry := func(more string) string { return "transmit:\n  - bus: b\n    id: 1\n    " + rate + "\n    " + more }
	for _, tt := range []struct{ text, want string }{
		{"", "p.yaml:1:1: the policy is empty"},
		{"# nothing\n", "p.yaml:1:1: the policy is empty"},
		{"transmit: [", "p.yaml: yaml: line 1"},
		{"[]", "p.yaml:1:1: the policy must be a mapping"},
		{"{}", "p.yaml:1:1: the policy has no transmit; add one"},
		{"transmit: []\n---\ntransmit: []", "p.yaml:2:1: a policy is one YAML document"},
		{"transmit: []\n---\n[", "read policy p.yaml: yaml: line"},
		{"transmit: []\nreceive: []", `p.yaml:2:1: the policy has no key "receive"; known are transmit`},
		{"transmit: []\ntransmit: []", `p.yaml:2:1: key "transmit" stands twice`},
		{"transmit: 5", "p.yaml:1:11: transmit must be a list"},
		{"transmit: [5]", "p.yaml:1:12: an entry must be a mapping"},
		{"transmit:\n  - {id: 1, " + rate + "}", "p.yaml:2:5: an entry has no bus"},
		{"transmit:\n  - {bus: b, id: 1}", "p.yaml:2:5: an entry has no rate"},
		{"transmit:\n  - {bus: b, " + rate + "}", "p.yaml:2:5: an entry names its message by either message or id"},
		{"transmit:\n  - {bus: '', id: 1, " + rate + "}", "p.yaml:2:11: bus must be a text"},
		{"transmit:\n  - {bus: 5, id: 1, " + rate + "}", "p.yaml:2:11: bus must be a text"},
		{"transmit:\n  - {bus: b, id: 1, rate: {burst: 1}}", "p.yaml:2:27: rate has no per_second"},
		{"transmit:\n  - {bus: b, id: 1, rate: {per_second: 1}}", "p.yaml:2:27: rate has no burst"},
		{"transmit:\n  - {bus: b, id: 1, rate: {per_second: 0, burst: 1}}", "p.yaml:2:40: per_second must be from"},
		{"transmit:\n  - {bus: b, id: 1, rate: {per_second: 100001, burst: 1}}", "p.yaml:2:40: per_second must be from"},
		{"transmit:\n  - {bus: b, id: 1, rate: {per_second: .nan, burst: 1}}", "p.yaml:2:40: per_second must be a number"},
		{"transmit:\n  - {bus: b, id: 1, rate: {per_second: 1, burst: 0}}", "p.yaml:2:50: burst must be a whole number from 1"},
		{"transmit:\n  - {bus: b, id: 1, rate: {per_second: 1, burst: 100001}}", "p.yaml:2:50: burst must be a whole number from 1"},
		{entry("message: M"), "p.yaml:2:5: an entry names its message by either"},
		{entry("lenght: 8"), `p.yaml:5:5: an entry has no key "lenght"; known are bus, extended, fd, id, length,`},
		{entry("length: 65"), "p.yaml:5:13: length must be a whole number from 0 to 64"},
		{entry("length: -1"), "p.yaml:5:13: length must be a whole number"},
		{entry("length: 1.5"), "p.yaml:5:13: length must be a whole number"},
		{entry("fd: 1"), "p.yaml:5:9: fd must be true or false"},
		{entry("unused: some"), "p.yaml:5:13: unused must be zero, one or any"},
		{entry("when: parked"), "p.yaml:5:11: when must be a list"},
		{entry("when: []"), "p.yaml:5:11: when is empty"},
		{entry("when: [a, a]"), `p.yaml:5:15: when names "a" twice`},
		{entry("origin: []"), "p.yaml:5:13: origin is empty"},
		{entry("signals: []"), "p.yaml:5:14: signals must be a mapping"},
		{entry("signals: {S: 5}"), "p.yaml:5:18: the rule of signal S must be a mapping"},
		{entry("signals: {S: {}}"), "p.yaml:5:18: the rule of signal S must be one of"},
		{entry("signals: {S: {min: 1}}"), "p.yaml:5:18: the rule of signal S needs both min and max"},
		{entry("signals: {S: {max: 1}}"), "p.yaml:5:18: the rule of signal S needs both min and max"},
		{entry("signals: {S: {min: 2, max: 1}}"), "p.yaml:5:18: the rule of signal S has min 2 above max 1"},
		{entry("signals: {S: {min: 1, max: .inf}}"), "p.yaml:5:32: max must be a number"},
		{entry("signals: {S: {min: -.inf, max: 1}}"), "p.yaml:5:24: min must be a number"},
		{entry("signals: {S: {min: x, max: 1}}"), "p.yaml:5:24: min must be a number"},
		{entry("signals: {S: {min: 1, max: 1, any: true}}"), "p.yaml:5:18: the rule of signal S must be one of"},
		{entry("signals: {S: {values: [1], any: true}}"), "p.yaml:5:18: the rule of signal S must be one of"},
		{entry("signals: {S: {values: [1], max: 1}}"), "p.yaml:5:18: the rule of signal S must be one of"},
		{entry("signals: {S: {any: false}}"), "p.yaml:5:24: any can only be true"},
		{entry("signals: {S: {values: []}}"), "p.yaml:5:27: values is empty"},
		{entry("signals: {S: {values: [a]}}"), "p.yaml:5:28: each of values must be a whole number"},
		{entry("signals: {S: {any: true}, S: {any: true}}"), "p.yaml:5:31: signal S stands twice"},
		{"transmit: [{bus: b, id: 0x800, " + rate + "}]", "p.yaml:1:12: id 0x800 does not fit in 11 bits"},
		{"transmit: [{bus: b, id: 0x20000000, extended: true, " + rate + "}]", "p.yaml:1:25: id must be a whole number from 0 to 536870911"},
		{"transmit: [{bus: b, message: M, extended: true, " + rate + "}]", "p.yaml:1:12: extended belongs to id"},
		{"transmit:\n  - {bus: b, id: 1, " + rate + "}\n  - {bus: b, id: 1, " + rate + "}", "p.yaml:3:1: the message has an entry in line 2 already"},
	} {
		_, err := guard.LoadPolicy("p.yaml", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func TestNewErrors(t *testing.T) {
	entry := func(text string) func(*guard.Config) {
		return func(c *guard.Config) { c.Policy = mustPolicy(t, "transmit:\n  - {bus: body, "+text+"}") }
	}
	signals := func(text string) func(*guard.Config) {
		return entry("message: Climate, " + rate + ", signals: {" + text + "}")
	}
	inCode := func(low, high float64) func(*guard.Config) {
		return func(c *guard.Config) {
			c.Policy = &guard.Policy{File: "code", Entries: []guard.Entry{{Bus: "body", Message: "Plain", Length: -1, PerSecond: 1, Burst: 1,
				Signals: []guard.SignalRule{{Name: "X", Min: low, Max: high}}}}}
		}
	}
	all := "Temperature: {any: true}, Fan: {any: true}, Trim: {any: true}"
	for _, tt := range []struct {
		name   string
		change func(*guard.Config)
		want   string // empty: no error
	}{
		{"no bus", func(c *guard.Config) { c.Bus = nil }, "guard: no bus"},
		{"all signals", signals(all), ""},
		{"unknown message", entry("message: Clima, " + rate), "policy.yaml:2: the database body.dbc has no message Clima"},
		{"unknown id", entry("id: 5, length: 8, " + rate), ""},
		{"unknown id, signals", entry("id: 5, length: 8, signals: {S: {any: true}}, " + rate), "policy.yaml:2: the database body.dbc has no message 0x5"},
		{"id in the other format", entry("id: 300, extended: true, signals: {Kind: {any: true}}, " + rate), "policy.yaml:2: the database body.dbc has no message 0x12c"},
		{"known id", entry("id: 256, " + rate), ""},
		{"unknown id without length", entry("id: 5, " + rate), "policy.yaml:2: the length must be given and be 0 to 8"},
		{"too long", entry("id: 5, length: 9, " + rate), "policy.yaml:2: the length must be given and be 0 to 8"},
		{"long enough for FD", entry("id: 5, length: 64, fd: true, " + rate), ""},
		{"no FD length", entry("id: 5, length: 9, fd: true, " + rate), "policy.yaml:2: FD has no length of 9 bytes; the next is 12"},
		{"unknown predicate", entry("id: 256, when: [parkd], " + rate), `policy.yaml:2: unknown predicate "parkd"; known are belted, parked`},
		{"unknown signal", signals(all + ", Extra: {any: true}"), "policy.yaml:2: message Climate has no signal Extra"},
		{"value on the line after", func(c *guard.Config) {
			c.Policy = mustPolicy(t, "transmit:\n  - bus: body\n    message: Flat\n    "+rate+"\n    signals:\n      F:\n        {min: 1, max: 2}")
		}, "policy.yaml:2: message Flat, signal F in line 6: its scale is 0"},
		{"forgotten signal", signals("Temperature: {any: true}, Fan: {any: true}"), "policy.yaml:2: message Climate: signal Trim has no rule"},
		{"range out of reach", signals("Temperature: {min: 52, max: 60}, Fan: {any: true}, Trim: {any: true}"), "signal Temperature in line 2: 52 to 60 is outside"},
		{"range below reach", signals("Temperature: {min: -3, max: -1}, Fan: {any: true}, Trim: {any: true}"), "signal Temperature in line 2: -3 to -1 is outside"},
		{"range partly out of reach", signals("Temperature: {min: -3, max: 600}, Fan: {any: true}, Trim: {any: true}"), ""},
		{"range at the end of reach", signals("Temperature: {min: 51.1, max: 60}, Fan: {min: -1, max: 0}, Trim: {any: true}"), ""},
		{"range between raw values", signals("Temperature: {min: 20.01, max: 20.09}, Fan: {any: true}, Trim: {any: true}"), "signal Temperature in line 2: no raw value lies between 20.01 and 20.09"},
		{"value out of reach", signals("Temperature: {any: true}, Fan: {values: [16]}, Trim: {any: true}"), "signal Fan in line 2: encode Climate.Fan: raw value 16"},
		{"scale 0", entry("message: Flat, signals: {F: {min: 5, max: 5}}, " + rate), "signal F in line 2: its scale is 0"},
		{"scale 0, values", entry("message: Flat, signals: {F: {values: [5]}}, " + rate), ""},
		{"min above max in code", inCode(2, 1), "signal X in line 0: min 2 is above max 1"},
		{"min not a number in code", inCode(math.NaN(), 1), "signal X in line 0: min NaN is above max 1"},
		{"max not a number in code", inCode(1, math.NaN()), "signal X in line 0: min 1 is above max NaN"},
		{"min as max in code", inCode(1, 1), ""},
		{"values of a float", entry("message: Fast, signals: {Wish: {values: [0]}, Big: {any: true}}, " + rate), "signal Wish in line 2: values are raw integers"},
		{"two entries for one message", func(c *guard.Config) {
			c.Policy = mustPolicy(t, "transmit:\n  - {bus: body, message: Climate, "+rate+"}\n  - {bus: body, id: 256, "+rate+"}")
		}, "policy.yaml:3: the message with identifier 0x100 has an entry already"},
		{"name without database", func(c *guard.Config) { c.Database = nil }, "policy.yaml:2: message Climate cannot be found without a database"},
		{"rate not set in code", func(c *guard.Config) {
			c.Policy = &guard.Policy{File: "code", Entries: []guard.Entry{{Bus: "body", ID: 1, Burst: 1}}}
		}, "code:0: the rate must be above 0"},
		{"burst not set in code", func(c *guard.Config) {
			c.Policy = &guard.Policy{File: "code", Entries: []guard.Entry{{Bus: "body", ID: 1, PerSecond: 1}}}
		}, "code:0: the rate must be above 0"},
		{"predicates not known", func(c *guard.Config) { c.Predicates = nil }, ""},
		{"no predicates known", func(c *guard.Config) { c.Predicates = []string{} }, "unknown predicate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := guard.Config{Bus: &recorder{}, BusName: "body", Policy: mustPolicy(t, policy), Database: mustDatabase(t, database), Predicates: []string{"belted", "parked"}}
			tt.change(&c)
			_, err := guard.New(c)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Signals that no plan can decode have no rule; their bits count as unused.
func TestLongSignal(t *testing.T) {
	db := mustDatabaseWithRemarks(t, "BO_ 5 Text: 16 N\n SG_ VIN : 0|120@1+ (1,0) [0|0] \"\" N\n SG_ Page : 120|8@1+ (1,0) [0|0] \"\" N\n")
	for _, tt := range []struct{ rules, want string }{
		{"Page: {any: true}", ""},
		{"Page: {any: true}, VIN: {any: true}", "policy.yaml:1: message Text, signal VIN in line 1: the signal cannot be checked"},
	} {
		c := guard.Config{Bus: &recorder{}, BusName: "b", Database: db,
			Policy: mustPolicy(t, "transmit: [{bus: b, message: Text, signals: {"+tt.rules+"}, "+rate+"}]")}
		g, err := guard.New(c)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.rules, err, tt.want)
		}
		if err == nil {
			f := frame(5, canbus.FD, make([]byte, 16)...)
			f.Data[3] = 1
			if _, err := g.Send(t.Context(), []canbus.Frame{f}); err == nil {
				t.Error("bits of the long signal passed as unused zeros")
			}
		}
	}
}

// FuzzPolicy: no panic, and what loads makes a guard or an error.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(policy))
	f.Add([]byte("transmit: [{bus: body, id: &a 1, when: [*a], rate: {per_second: 1, burst: 1}}]"))
	f.Add([]byte("transmit: &t [*t]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := guard.LoadPolicy("p.yaml", data)
		if err != nil {
			if p != nil || !strings.Contains(err.Error(), "p.yaml") {
				t.Errorf("got %v with policy %v, want the file named", err, p)
			}
			return
		}
		g, err := guard.New(guard.Config{Bus: &recorder{}, BusName: "body", Policy: p, Database: mustDatabase(t, database)})
		if err != nil {
			return
		}
		for _, fr := range []canbus.Frame{climate(200, 3, 0), frame(0x7df, 0, ones...)} {
			_, _ = g.Send(t.Context(), []canbus.Frame{fr})
		}
	})
}

func mustDatabaseWithRemarks(t testing.TB, text string) *dbc.Database {
	t.Helper()
	db, _, err := dbc.Load("body.dbc", []byte(text))
	if err != nil {
		t.Fatalf("load database: %v", err)
	}
	return db
}

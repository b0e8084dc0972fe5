package carport

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/canbus/dbc"
	"tandem/vehicle"
	"tandem/vehicle/vss"
)

// special is a raw value that stands for no value.
type special struct {
	raw     int64
	quality vehicle.Quality
}

// upward turns a decoded signal into a value.
type upward struct {
	kind      vehicle.Type
	whole     bool // round to whole numbers
	special   []special
	low, high float64 // physical range of the database
	formula   Formula // nil: none
	labels    *lookup // from raw to value; nil: none
}

// lookup finds a value by a raw one: a table where the raw values are few and
// near each other, a map otherwise.
type lookup struct {
	base   int64
	dense  []vehicle.Value
	sparse map[int64]vehicle.Value
}

func newLookup(values map[int64]vehicle.Value) *lookup {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for raw := range values {
		lo, hi = min(lo, raw), max(hi, raw)
	}
	if len(values) == 0 || uint64(hi)-uint64(lo) >= 1024 {
		return &lookup{sparse: values}
	}
	l := &lookup{base: lo, dense: make([]vehicle.Value, hi-lo+1)}
	for raw, v := range values {
		l.dense[raw-lo] = v
	}
	return l
}

func (l *lookup) find(raw int64) (vehicle.Value, bool) {
	if l.sparse != nil {
		v, ok := l.sparse[raw]
		return v, ok
	}
	i := uint64(raw) - uint64(l.base)
	if i >= uint64(len(l.dense)) {
		return vehicle.Value{}, false
	}
	v := l.dense[i]
	return v, v.Type() != vehicle.None
}

func newUpward(n *vss.Node, s *dbc.Signal) upward {
	u := upward{kind: valueType(n.Type), whole: n.Type.Integer()}
	u.low, u.high = physicalRange(s)
	return u
}

// physicalRange is what the database admits, a thousandth of a step wider so
// that rounding does not count.
func physicalRange(s *dbc.Signal) (low, high float64) {
	if s.Min == 0 && s.Max == 0 || s.Max < s.Min {
		return math.Inf(-1), math.Inf(1)
	}
	slack := math.Abs(s.Scale) / 1000
	if s.Float != 0 {
		slack = math.Max(math.Abs(s.Min), math.Abs(s.Max)) * 1e-6
	}
	return s.Min - slack, s.Max + slack
}

// convert is total: what has no value has a quality that says so.
func (u *upward) convert(raw int64, physical float64) (vehicle.Value, vehicle.Quality) {
	for _, s := range u.special {
		if s.raw == raw {
			return vehicle.Value{}, s.quality
		}
	}
	if u.labels != nil {
		if v, ok := u.labels.find(raw); ok {
			return v, vehicle.Valid
		}
		return vehicle.Value{}, vehicle.Invalid
	}
	if !(physical >= u.low && physical <= u.high) {
		return vehicle.Value{}, vehicle.Invalid
	}
	if u.formula != nil {
		physical = u.formula(physical)
	}
	switch {
	case math.IsNaN(physical) || math.IsInf(physical, 0):
		return vehicle.Value{}, vehicle.Invalid
	case u.kind == vehicle.Number && u.whole:
		return vehicle.NumberOf(math.Round(physical)), vehicle.Valid
	case u.kind == vehicle.Number:
		return vehicle.NumberOf(physical), vehicle.Valid
	case u.kind == vehicle.Bool && (physical == 0 || physical == 1):
		return vehicle.BoolOf(physical == 1), vehicle.Valid
	}
	return vehicle.Value{}, vehicle.Invalid
}

// downward turns an asked value into a raw one.
type downward struct {
	kind      vehicle.Type
	signal    *dbc.Signal
	unit      string
	low, high float64
	formula   Formula
	pairs     []pair // nil: none
}

type pair struct {
	value vehicle.Value
	raw   int64
}

func newDownward(n *vss.Node, s *dbc.Signal) downward {
	d := downward{kind: valueType(n.Type), signal: s, unit: n.Unit}
	d.low, d.high = physicalRange(s)
	return d
}

// raw is what is sent for v; reason says in a sentence why nothing can be.
func (d *downward) raw(v vehicle.Value) (raw int64, reason string) {
	if d.pairs != nil {
		var words []string
		for _, p := range d.pairs {
			if p.value == v {
				return p.raw, ""
			}
			words = append(words, p.value.String())
		}
		return 0, fmt.Sprintf("this car takes %s; %s was asked for", strings.Join(words, ", "), v)
	}
	physical, isNumber := v.Number()
	if b, ok := v.Bool(); ok {
		isNumber, physical = true, 0
		if b {
			physical = 1
		}
	}
	if !isNumber || v.Type() != d.kind {
		return 0, fmt.Sprintf("this car does not take %s", v)
	}
	if d.formula != nil {
		physical = d.formula(physical)
	}
	raw, ok := rawOf(d.signal, physical)
	if !ok || !(physical >= d.low && physical <= d.high) || !d.fits(raw) {
		return 0, d.tooFar(v, physical)
	}
	return raw, ""
}

func (d *downward) tooFar(v vehicle.Value, physical float64) string {
	low, high := d.signal.Min, d.signal.Max
	if math.IsInf(d.low, 0) {
		return fmt.Sprintf("%s is more than the car's signal can say", v)
	}
	if d.formula != nil {
		return fmt.Sprintf("this car takes %g to %g %s, and %s is %g", low, high, d.signal.Unit, v, physical)
	}
	return fmt.Sprintf("this car takes %s; %s was asked for", strings.TrimSpace(fmt.Sprintf("%g to %g %s", low, high, d.unit)), v)
}

// fits says whether the signal's bits can hold raw.
func (d *downward) fits(raw int64) bool {
	n := d.signal.Length
	switch {
	case n >= 64 || d.signal.Float != 0:
		return true
	case d.signal.Signed:
		return raw >= -1<<(n-1) && raw < 1<<(n-1)
	}
	return raw >= 0 && raw < 1<<n
}

// rawOf is the raw value nearest to a physical one.
func rawOf(s *dbc.Signal, physical float64) (int64, bool) {
	v := (physical - s.Offset) / s.Scale
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, false
	case s.Float == 32:
		return int64(math.Float32bits(float32(v))), true
	case s.Float == 64:
		return int64(math.Float64bits(v)), true
	case s.Float != 0 || math.Abs(v) >= 1<<62:
		return 0, false
	}
	return int64(math.RoundToEven(v)), true
}

// valueType is the type of Value that holds a VSS type.
func valueType(t vss.Type) vehicle.Type {
	switch {
	case t&vss.Array != 0:
		return vehicle.List
	case t == vss.Boolean:
		return vehicle.Bool
	case t == vss.String:
		return vehicle.Text
	case t.Numeric():
		return vehicle.Number
	}
	return vehicle.None
}

// readTransform reads the key transform: a formula, or the pairs of a mapping.
func (l *loader) readTransform(t *table) (f Formula, pairs []*table) {
	if !t.has("transform") {
		return nil, nil
	}
	x := t.report.table(t.values["transform"], t.subject)
	x.only("math", "mapping")
	if x.has("math") == x.has("mapping") {
		x.add(x.line, t.subject, "transform has either math or mapping")
		return nil, nil
	}
	if x.has("math") {
		f, err := ParseFormula(x.text("math", true))
		if err != nil {
			x.add(x.at("math"), t.subject, "%v", err)
		}
		return f, nil
	}
	for _, n := range x.list("mapping") {
		p := t.report.table(n, t.subject)
		p.only("from", "to")
		if p.has("from") && p.has("to") {
			pairs = append(pairs, p)
		} else {
			p.add(p.line, t.subject, "mapping: each entry needs from and to")
		}
	}
	if len(pairs) == 0 {
		x.add(x.at("mapping"), t.subject, "the mapping is empty")
	}
	return nil, pairs
}

func (l *loader) readUpTransform(t *table, m *Mapping, u *Up) {
	f, pairs := l.readTransform(t)
	u.formula = f
	mapped := map[int64]vehicle.Value{}
	for _, p := range pairs {
		raw, ok := rawValue(p, "from", u.Signal)
		v, okTo := vssValue(p, "to", m)
		if ok && okTo {
			if _, twice := mapped[raw]; twice {
				p.add(p.line, t.subject, "mapping: %s is there twice", p.text("from", false))
			}
			mapped[raw] = v
		}
	}
	for raw, label := range u.Signal.Values { // what the database itself calls not available
		if _, isMapped := mapped[raw]; !isMapped && saysNotAvailable(label) {
			u.special = append(u.special, special{raw, vehicle.NotAvailable})
		}
	}
	switch {
	case pairs != nil:
		u.labels = newLookup(mapped)
	case f != nil && u.kind == vehicle.Text:
		t.add(t.at("transform"), t.subject, "a string needs a mapping, not math")
	case u.kind == vehicle.Text:
		u.labels = newLookup(l.labels(t, m, u))
	case f == nil:
		l.checkUnits(t, m, u.Signal)
	}
}

// labels maps the labels of the database to the texts of VSS of the same name.
func (l *loader) labels(t *table, m *Mapping, u *Up) map[int64]vehicle.Value {
	out := map[int64]vehicle.Value{}
	for raw, label := range u.Signal.Values {
		if isSpecial(u.special, raw) {
			continue
		}
		if !allows(m.Node, label) {
			t.add(t.at("signal"), t.subject, "label %q of %s is none of %s; add transform: mapping", label, u.Signal.Name, strings.Join(m.Node.Allowed, ", "))
			continue
		}
		out[raw] = vehicle.TextOf(label)
	}
	if len(u.Signal.Values) == 0 {
		t.add(t.at("signal"), t.subject, "%s has no labels (VAL_) in the database; a string needs transform: mapping", u.Signal.Name)
	}
	return out
}

func isSpecial(list []special, raw int64) bool {
	for _, s := range list {
		if s.raw == raw {
			return true
		}
	}
	return false
}

func saysNotAvailable(label string) bool {
	switch strings.ToLower(strings.NewReplacer("_", "", " ", "", "-", "").Replace(label)) {
	case "sna", "notavailable", "signalnotavailable":
		return true
	}
	return false
}

// checkUnits warns of a database unit that VSS writes otherwise and nobody
// converts.
func (l *loader) checkUnits(t *table, m *Mapping, s *dbc.Signal) {
	if m.Node.Unit == "" || s.Unit == "" {
		return
	}
	from, ok := vss.LookupUnit(s.Unit)
	to, _ := vss.LookupUnit(m.Node.Unit)
	if ok && from.Quantity == to.Quantity && from.Scale != to.Scale {
		l.car.Warnings = append(l.car.Warnings, &Problem{File: t.file, Line: t.at("signal"), Subject: t.subject,
			Reason: fmt.Sprintf("%s is in %s in the database and in %s in VSS; is a transform missing?", s.Name, s.Unit, m.Node.Unit)})
	}
}

func (l *loader) readDownTransform(t *table, m *Mapping, d *Down) {
	f, pairs := l.readTransform(t)
	d.formula = f
	for _, p := range pairs {
		v, okFrom := vssValue(p, "from", m)
		raw, ok := rawValue(p, "to", d.Signal)
		if ok && okFrom {
			d.pairs = append(d.pairs, pair{v, raw})
		}
	}
	if pairs == nil && d.kind == vehicle.Text {
		if f != nil || len(d.Signal.Values) == 0 {
			t.add(t.line, t.subject, "a string needs transform: mapping")
		}
		for _, raw := range slices.Sorted(maps.Keys(d.Signal.Values)) {
			if label := d.Signal.Values[raw]; allows(m.Node, label) {
				d.pairs = append(d.pairs, pair{vehicle.TextOf(label), raw})
			}
		}
	}
	for _, p := range d.pairs {
		if d.NoRequest != nil && p.raw == *d.NoRequest {
			t.add(t.at("no_request"), t.subject, "no_request %d is also what %s is sent as; the two must differ", p.raw, p.value)
		}
	}
}

func allows(n *vss.Node, text string) bool {
	for _, a := range n.Allowed {
		if a == text {
			return true
		}
	}
	return n.Allowed == nil
}

// rawValue reads a label or a physical number of the DBC side.
func rawValue(t *table, key string, s *dbc.Signal) (raw int64, ok bool) {
	v := t.values[key]
	text := t.text(key, true)
	for raw, label := range s.Values {
		if label == text {
			return raw, true
		}
	}
	var physical float64
	if v.Kind != yaml.ScalarNode || v.Tag != "!!int" && v.Tag != "!!float" || v.Decode(&physical) != nil {
		var labels []string
		for _, raw := range slices.Sorted(maps.Keys(s.Values)) {
			labels = append(labels, s.Values[raw])
		}
		t.add(v.Line, t.subject, "mapping: %s has no label %q in the database%s", s.Name, text, suggest(text, labels))
		return 0, false
	}
	raw, ok = rawOf(s, physical)
	if !ok || s.Float != 0 || math.Abs(float64(raw)*s.Scale+s.Offset-physical) > math.Abs(s.Scale)/1000 || !(&downward{signal: s}).fits(raw) {
		t.add(v.Line, t.subject, "mapping: %s cannot be %s: its %d bits count in steps of %g from %g", s.Name, text, s.Length, s.Scale, s.Offset)
		return 0, false
	}
	return raw, true
}

// vssValue reads a value of the VSS side.
func vssValue(t *table, key string, m *Mapping) (vehicle.Value, bool) {
	v := t.values[key]
	text := t.text(key, true)
	switch kind := valueType(m.Node.Type); kind {
	case vehicle.Bool:
		var b bool
		if v.Tag == "!!bool" && v.Decode(&b) == nil {
			return vehicle.BoolOf(b), true
		}
		t.add(v.Line, t.subject, "mapping: true or false is expected, not %q", text)
	case vehicle.Number:
		f := t.number(key, math.NaN())
		lo, hi := m.Node.Range()
		switch {
		case math.IsNaN(f): // said already
		case f < lo || f > hi || m.Node.Type.Integer() && f != math.Trunc(f):
			t.add(v.Line, t.subject, "mapping: %s is no %s between %g and %g", text, m.Node.Type, lo, hi)
		default:
			return vehicle.NumberOf(f), true
		}
	case vehicle.Text:
		if allows(m.Node, text) {
			return vehicle.TextOf(text), true
		}
		t.add(v.Line, t.subject, "mapping: %q is none of %s", text, strings.Join(m.Node.Allowed, ", "))
	}
	return vehicle.Value{}, false
}

package carport

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tandem/canbus/dbc"
	"tandem/vehicle"
	"tandem/vehicle/vss"
)

// Mapping is what the overlay says of one VSS signal.
type Mapping struct {
	Node     *vss.Node
	Line     int
	Min, Max float64 // what VSS says, or the overlay's narrower limits; NaN for none
	Up       *Up     // dbc2vss; nil: nothing reports it
	Down     *Down   // vss2dbc; nil: it cannot be asked for
}

// Path is the signal's name.
func (m *Mapping) Path() vehicle.Path { return vehicle.Path(m.Node.Path) }

// Up is how a signal is read from frames.
type Up struct {
	Bus      int // index into Car.Buses
	Message  *dbc.Message
	Signal   *dbc.Signal
	Interval time.Duration // least time between two wake-ups; 0: none

	index int32 // of Signal in Message.Signals
	flags []flag
	upward
}

// flag is another signal of the frame on which a value depends.
type flag struct {
	index     int32
	in        []int64
	skip      bool // a multiplexer: the frame is not about this signal
	otherwise vehicle.Quality
}

// Down is how a signal is asked for.
type Down struct {
	Bus       int // index into Car.Buses
	Message   *dbc.Message
	Signal    *dbc.Signal
	NoRequest *int64  // raw value for "nothing is asked"; nil: there is none
	Tolerance float64 // how near the report must come; 0: half a step

	index int
	downward
}

// maxMappings and maxNesting bound what an overlay can make the loader do.
const (
	maxMappings = 20_000
	maxNesting  = 32
)

// leafKeys are the keys of a signal. Those of VSS that say nothing about a
// car's frames are passed over.
var leafKeys = []string{"type", "datatype", "unit", "min", "max", "dbc2vss", "dbc", "vss2dbc",
	"description", "comment", "default", "allowed", "uuid", "fqn", "deprecation", "pattern", "arraysize"}

var branchKeys = []string{"type", "description", "comment", "uuid", "fqn", "children", "instances"}

func (l *loader) readOverlay() error {
	r := &report{file: l.name("overlay.vspec")}
	if data, ok := l.read(r); ok {
		if root := r.parse(data); root != nil {
			l.readBranch(r, root, "", 0)
		}
	}
	return r.err()
}

// readBranch reads a table of signals and branches, flat or nested.
func (l *loader) readBranch(r *report, n *yaml.Node, prefix string, depth int) {
	if depth > maxNesting || len(l.car.Mappings) > maxMappings {
		r.add(n.Line, prefix, "more than %d levels or %d signals", maxNesting, maxMappings)
		return
	}
	t := r.table(n, prefix)
	for _, k := range t.keys {
		v := t.values[k.Value]
		if prefix != "" && slices.Contains(branchKeys, k.Value) {
			if k.Value == "children" {
				l.readBranch(r, v, prefix, depth+1)
			}
			continue
		}
		path := k.Value
		if prefix != "" {
			path = prefix + "." + k.Value
		}
		if v.Kind == yaml.MappingNode && !isLeaf(v) {
			l.readBranch(r, v, path, depth+1)
			continue
		}
		l.readLeaf(r, k.Line, v, path)
	}
}

// isLeaf tells a signal from a branch.
func isLeaf(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "datatype", "dbc", "dbc2vss", "vss2dbc":
			return true
		case "type":
			return n.Content[i+1].Value != "branch"
		}
	}
	return false
}

func (l *loader) readLeaf(r *report, line int, n *yaml.Node, path string) {
	t := r.table(n, path)
	t.line = line
	t.only(leafKeys...)
	if !t.has("dbc2vss") && !t.has("dbc") && !t.has("vss2dbc") {
		return // VSS without frames: not ours
	}
	node, ok := l.car.tree.Lookup(path)
	if !ok || !node.Leaf() {
		hint := ""
		if near := l.car.tree.Nearest(path); near != "" {
			hint = "; did you mean " + near + "?"
		}
		r.add(line, path, "VSS 6.0 has no such signal%s", hint)
		return
	}
	if i := slices.IndexFunc(l.car.Mappings, func(m *Mapping) bool { return m.Node == node }); i >= 0 {
		r.add(line, path, "is there twice, first in line %d; several DBC signals cannot be one VSS signal", l.car.Mappings[i].Line)
		return
	}
	m := &Mapping{Node: node, Line: line, Min: node.Min, Max: node.Max}
	l.checkFacts(t, m)
	if t.has("dbc") && t.has("dbc2vss") {
		r.add(t.at("dbc"), path, "dbc is the old name of dbc2vss; keep one of the two")
	}
	if t.has("dbc2vss") {
		m.Up = l.readUp(t, m, "dbc2vss")
	} else if t.has("dbc") {
		m.Up = l.readUp(t, m, "dbc")
	}
	if t.has("vss2dbc") {
		m.Down = l.readDown(t, m)
	}
	l.car.Mappings = append(l.car.Mappings, m)
}

// checkFacts holds what the overlay says of the signal against VSS.
func (l *loader) checkFacts(t *table, m *Mapping) {
	n := m.Node
	if kind := t.text("type", true); kind != "" && kind != n.Kind.String() {
		t.add(t.at("type"), t.subject, "type is %s in VSS, not %s", n.Kind, kind)
	}
	if typ := t.text("datatype", true); typ != "" && typ != n.Type.String() {
		t.add(t.at("datatype"), t.subject, "datatype is %s in VSS, not %s", n.Type, typ)
	}
	if unit := t.text("unit", false); unit != "" && unit != n.Unit {
		t.add(t.at("unit"), t.subject, "unit is %s in VSS, not %s; use transform to convert", orNone(n.Unit), unit)
	}
	lo, hi := n.Range()
	if lo := t.number("min", lo); t.has("min") {
		if m.Min = lo; !(lo >= orInf(n.Min, -1)) {
			t.add(t.at("min"), t.subject, "min %g is below %g of VSS; it can only narrow", lo, n.Min)
		}
	}
	if hi := t.number("max", hi); t.has("max") {
		if m.Max = hi; !(hi <= orInf(n.Max, 1)) || hi < m.Min {
			t.add(t.at("max"), t.subject, "max %g is above %g of VSS or below min; it can only narrow", hi, n.Max)
		}
	}
	if n.Type&vss.Array != 0 {
		t.add(t.line, t.subject, "datatype %s cannot be mapped to one DBC signal", n.Type)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func orInf(v float64, sign int) float64 {
	if math.IsNaN(v) {
		return math.Inf(sign)
	}
	return v
}

func (l *loader) readUp(leaf *table, m *Mapping, key string) *Up {
	t := leaf.report.table(leaf.values[key], leaf.subject)
	t.only("signal", "message", "bus", "interval_ms", "on_change", "transform", "not_available", "error", "valid", "multiplexer")
	t.yes("on_change")
	found, index, ok := l.findSignal(t, false)
	if !ok {
		return nil
	}
	u := &Up{
		Bus: found.bus, Message: found.message, Signal: found.message.Signals[index], index: int32(index),
		Interval: time.Duration(t.whole("interval_ms", 0, 0, 86_400_000)) * time.Millisecond,
	}
	u.upward = newUpward(m.Node, u.Signal)
	for _, raw := range t.wholes("not_available") {
		u.special = append(u.special, special{raw, vehicle.NotAvailable})
	}
	for _, raw := range t.wholes("error") {
		u.special = append(u.special, special{raw, vehicle.Error})
	}
	l.readFlags(t, u)
	l.readUpTransform(t, m, u)
	return u
}

// readFlags reads valid and multiplexer.
func (l *loader) readFlags(t *table, u *Up) {
	if t.has("valid") {
		v := t.report.table(t.values["valid"], t.subject)
		v.only("signal", "in", "otherwise")
		f := flag{in: v.wholes("in"), otherwise: vehicle.NotAvailable}
		if len(f.in) == 0 {
			v.add(v.line, t.subject, "valid: key \"in\" is missing: list the raw values that mean valid")
		}
		switch how := v.text("otherwise", false); how {
		case "", "not_available":
		case "invalid":
			f.otherwise = vehicle.Invalid
		case "error":
			f.otherwise = vehicle.Error
		default:
			v.add(v.at("otherwise"), t.subject, "valid: otherwise is not_available, invalid or error, not %q", how)
		}
		if i, ok := v.signal(u.Message, "signal"); ok {
			f.index = int32(i)
			u.flags = append(u.flags, f)
		}
	}
	for _, n := range t.list("multiplexer") {
		x := t.report.table(n, t.subject)
		x.only("signal", "value")
		if !x.has("value") {
			x.add(x.line, t.subject, "multiplexer: key \"value\" is missing")
		}
		value := x.whole("value", 0, math.MinInt64, math.MaxInt64)
		if i, ok := x.signal(u.Message, "signal"); ok {
			u.flags = append(u.flags, flag{index: int32(i), in: []int64{value}, skip: true})
		}
	}
}

func (l *loader) readDown(leaf *table, m *Mapping) *Down {
	t := leaf.report.table(leaf.values["vss2dbc"], leaf.subject)
	t.only("signal", "message", "bus", "interval_ms", "on_change", "transform", "no_request", "tolerance")
	if m.Node.Kind != vss.Actuator {
		t.add(t.line, t.subject, "vss2dbc is for actuators; VSS says %s", m.Node.Kind)
		return nil
	}
	found, index, ok := l.findSignal(t, true)
	if !ok {
		return nil
	}
	d := &Down{
		Bus: found.bus, Message: found.message, Signal: found.message.Signals[index], index: index,
		Tolerance: t.number("tolerance", 0),
	}
	if d.Tolerance < 0 {
		t.add(t.at("tolerance"), t.subject, "tolerance must not be negative")
	}
	if d.Signal.Mux != nil || d.Signal.Switch {
		t.add(t.at("signal"), t.subject, "%s is multiplexed; such messages cannot be transmitted", d.Signal.Name)
	}
	d.downward = newDownward(m.Node, d.Signal)
	if t.has("no_request") {
		raw := t.whole("no_request", 0, math.MinInt64, math.MaxInt64)
		if !d.fits(raw) {
			t.add(t.at("no_request"), t.subject, "no_request: %d does not fit in the %d bits of %s", raw, d.Signal.Length, d.Signal.Name)
		}
		d.NoRequest = &raw
	}
	l.readDownTransform(t, m, d)
	return d
}

// findSignal finds the DBC signal that the keys signal, message and bus name,
// among our own messages or those of others.
func (l *loader) findSignal(t *table, ours bool) (key messageKey, index int, ok bool) {
	name, message, bus := t.text("signal", true), t.text("message", false), t.text("bus", false)
	if name == "" {
		return key, 0, false
	}
	if _, known := l.car.Bus(bus); bus != "" && !known {
		t.add(t.at("bus"), t.subject, "bus %q is not known; this car has %s", bus, l.busNames())
		return key, 0, false
	}
	var found, wrong []string
	var names []string
	complete := true
	for b := range l.car.Buses {
		if bus != "" && l.car.Buses[b].Name != bus {
			continue
		}
		complete = complete && len(l.car.Buses[b].Database.Messages) > 0
		for _, m := range l.car.Buses[b].Database.Messages {
			s, i := m.Signal(name)
			switch {
			case message != "" && m.Name != message:
			case s == nil:
				names = append(names, signalNames(m)...)
			case l.ours(m) != ours:
				wrong = append(wrong, fmt.Sprintf("%s on %s", m.Name, l.car.Buses[b].Name))
			default:
				found = append(found, fmt.Sprintf("%s on %s", m.Name, l.car.Buses[b].Name))
				key, index = messageKey{b, m}, i
			}
		}
	}
	switch {
	case len(found) == 1:
		return key, index, true
	case len(found) > 1:
		t.add(t.at("signal"), t.subject, "signal %s is in %s; say which with message: and bus:", name, strings.Join(found, " and in "))
	case len(wrong) > 0 && ours:
		t.add(t.at("signal"), t.subject, "signal %s is in %s, which our node %q does not send; name a signal of one of our messages", name, strings.Join(wrong, " and in "), l.car.Node)
	case len(wrong) > 0:
		t.add(t.at("signal"), t.subject, "signal %s is in %s, which we send ourselves; name a signal that the car reports", name, strings.Join(wrong, " and in "))
	case complete: // without a database there was a better message
		t.add(t.at("signal"), t.subject, "no message%s has a signal %q%s", inMessage(message), name, suggest(name, names))
	}
	return key, 0, false
}

func inMessage(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}

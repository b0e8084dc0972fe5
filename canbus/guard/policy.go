package guard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Policy says what may be sent. The zero value, like nil, allows nothing.
type Policy struct {
	File    string
	Entries []Entry
}

// Entry allows one message on one bus.
type Entry struct {
	Line      int    // in the policy file
	Bus       string // name of the bus
	Message   string // name in the database; empty: by ID
	ID        uint32
	Extended  bool
	Length    int          // exact payload bytes; -1: the database's
	FD        *bool        // nil: the database's
	Signals   []SignalRule // with a non-nil empty list every payload signal is still required to have a rule; nil: payload not looked at
	Unused    Fill
	PerSecond float64  // tokens per second
	Burst     int      // size of the bucket
	When      []string // predicates that must be true
	Origin    []string // who may ask; nil: anybody
}

// SignalRule allows values of one signal. Exactly one of the three kinds is
// set: Any, Values, or Min and Max.
type SignalRule struct {
	Line     int
	Name     string
	Any      bool
	Values   []int64 // raw
	Min, Max float64 // physical, both ends included
}

// Fill says what the bits of a payload that belong to no signal must be.
type Fill uint8

// Fills.
const (
	Zero Fill = iota
	One
	Either
)

// LoadPolicy reads a policy file; the package comment has its form. All
// errors name file, line and column. name is used in messages only.
func LoadPolicy(name string, data []byte) (*Policy, error) {
	r := &reader{file: name}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read policy %s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("%s:1:1: the policy is empty; write \"transmit: []\" to allow nothing", name)
	}
	switch err := d.Decode(&more); {
	case err == nil:
		return nil, fmt.Errorf("%s:%d:%d: a policy is one YAML document; remove what follows it", name, more.Line, more.Column)
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read policy %s: %w", name, err)
	}
	p := &Policy{File: name}
	root := doc.Content[0]
	r.mapping(root, "the policy", map[string]func(*yaml.Node){
		"transmit": func(n *yaml.Node) {
			for _, e := range r.list(n, "transmit") {
				p.Entries = append(p.Entries, r.entry(e))
			}
		},
	}, "transmit")
	r.duplicates(p)
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

// reader walks a YAML tree and keeps the first error.
type reader struct {
	file string
	err  error
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s:%d:%d: %s", r.file, n.Line, n.Column, fmt.Sprintf(format, args...))
	}
}

// mapping calls a function for each key. It fails for what is no mapping, for
// unknown and repeated keys, and for required keys that are missing.
func (r *reader) mapping(n *yaml.Node, what string, keys map[string]func(*yaml.Node), required ...string) {
	n = target(n)
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s must be a mapping of keys to values", what)
		return
	}
	seen := map[string]bool{}
	for pair := range slices.Chunk(n.Content, 2) {
		key := pair[0]
		f := keys[key.Value]
		switch {
		case f == nil || key.Kind != yaml.ScalarNode:
			r.fail(key, "%s has no key %q; known are %s", what, key.Value, strings.Join(sortedKeys(keys), ", "))
		case seen[key.Value]:
			r.fail(key, "key %q stands twice", key.Value)
		default:
			seen[key.Value] = true
			f(pair[1])
		}
	}
	for _, k := range required {
		if !seen[k] {
			r.fail(n, "%s has no %s; add one", what, k)
		}
	}
}

func sortedKeys(m map[string]func(*yaml.Node)) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

// target follows an alias.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (r *reader) list(n *yaml.Node, what string) []*yaml.Node {
	if n = target(n); n.Kind != yaml.SequenceNode {
		r.fail(n, "%s must be a list", what)
		return nil
	}
	return n.Content
}

func (r *reader) text(n *yaml.Node, what string) string {
	if n = target(n); n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Value == "" {
		r.fail(n, "%s must be a text that is not empty", what)
		return ""
	}
	return n.Value
}

func (r *reader) texts(n *yaml.Node, what string) []string {
	vs := []string{}
	for _, e := range r.list(n, what) {
		v := r.text(e, "each of "+what)
		if slices.Contains(vs, v) {
			r.fail(e, "%s names %q twice", what, v)
		}
		vs = append(vs, v)
	}
	if len(vs) == 0 {
		r.fail(n, "%s is empty; leave it out", what)
	}
	return vs
}

func (r *reader) truth(n *yaml.Node, what string) bool {
	var v bool
	if n = target(n); n.Tag != "!!bool" || n.Decode(&v) != nil {
		r.fail(n, "%s must be true or false", what)
	}
	return v
}

func (r *reader) integer(n *yaml.Node, what string, low, high int64) int64 {
	var v int64
	if n = target(n); n.Tag != "!!int" || n.Decode(&v) != nil || v < low || v > high {
		r.fail(n, "%s must be a whole number from %d to %d", what, low, high)
		return low
	}
	return v
}

func (r *reader) number(n *yaml.Node, what string) float64 {
	var v float64
	if n = target(n); n.Tag != "!!int" && n.Tag != "!!float" || n.Decode(&v) != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail(n, "%s must be a number", what)
	}
	return v
}

// entry reads one element of transmit.
func (r *reader) entry(n *yaml.Node) Entry {
	e := Entry{Line: n.Line, Length: -1}
	hasID, hasExtended := false, false
	r.mapping(n, "an entry", map[string]func(*yaml.Node){
		"bus":      func(n *yaml.Node) { e.Bus = r.text(n, "bus") },
		"message":  func(n *yaml.Node) { e.Message = r.text(n, "message") },
		"id":       func(n *yaml.Node) { e.ID, hasID = uint32(r.integer(n, "id", 0, 1<<29-1)), true },
		"extended": func(n *yaml.Node) { e.Extended, hasExtended = r.truth(n, "extended"), true },
		"length":   func(n *yaml.Node) { e.Length = int(r.integer(n, "length", 0, 64)) },
		"fd":       func(n *yaml.Node) { v := r.truth(n, "fd"); e.FD = &v },
		"signals":  func(n *yaml.Node) { e.Signals = r.signals(n) },
		"unused":   func(n *yaml.Node) { e.Unused = r.fill(n) },
		"rate":     func(n *yaml.Node) { e.PerSecond, e.Burst = r.rate(n) },
		"when":     func(n *yaml.Node) { e.When = r.texts(n, "when") },
		"origin":   func(n *yaml.Node) { e.Origin = r.texts(n, "origin") },
	}, "bus", "rate")
	switch {
	case hasID == (e.Message != ""):
		r.fail(n, "an entry names its message by either message or id")
	case hasExtended && !hasID:
		r.fail(n, "extended belongs to id; the database knows it of a message")
	case hasID && !e.Extended && e.ID > 1<<11-1:
		r.fail(n, "id %#x does not fit in 11 bits; add \"extended: true\" if it has 29", e.ID)
	}
	return e
}

func (r *reader) fill(n *yaml.Node) Fill {
	switch n = target(n); n.Value {
	case "zero":
		return Zero
	case "one":
		return One
	case "any":
		return Either
	}
	r.fail(n, "unused must be zero, one or any")
	return Zero
}

func (r *reader) rate(n *yaml.Node) (perSecond float64, burst int) {
	r.mapping(n, "rate", map[string]func(*yaml.Node){
		"per_second": func(n *yaml.Node) {
			if perSecond = r.number(n, "per_second"); !(perSecond >= 0.001 && perSecond <= 100_000) {
				r.fail(n, "per_second must be from 0.001 to 100000")
			}
		},
		"burst": func(n *yaml.Node) { burst = int(r.integer(n, "burst", 1, 100_000)) },
	}, "per_second", "burst")
	return perSecond, burst
}

func (r *reader) signals(n *yaml.Node) []SignalRule {
	rules := []SignalRule{}
	if n = target(n); n.Kind != yaml.MappingNode {
		r.fail(n, "signals must be a mapping of signal names to rules")
		return rules
	}
	for pair := range slices.Chunk(n.Content, 2) {
		rule := SignalRule{Line: pair[0].Line, Name: r.text(pair[0], "a signal name")}
		for _, o := range rules {
			if o.Name == rule.Name {
				r.fail(pair[0], "signal %s stands twice", rule.Name)
			}
		}
		r.signal(pair[1], &rule)
		rules = append(rules, rule)
	}
	return rules
}

func (r *reader) signal(n *yaml.Node, rule *SignalRule) {
	what := "the rule of signal " + rule.Name
	hasMin, hasMax, hasValues := false, false, false
	r.mapping(n, what, map[string]func(*yaml.Node){
		"any": func(n *yaml.Node) {
			if rule.Any = r.truth(n, "any"); !rule.Any {
				r.fail(n, "any can only be true; remove the signal's rule or give values")
			}
		},
		"min": func(n *yaml.Node) { rule.Min, hasMin = r.number(n, "min"), true },
		"max": func(n *yaml.Node) { rule.Max, hasMax = r.number(n, "max"), true },
		"values": func(n *yaml.Node) {
			hasValues = true
			for _, v := range r.list(n, "values") {
				rule.Values = append(rule.Values, r.integer(v, "each of values", math.MinInt64, math.MaxInt64))
			}
			if len(rule.Values) == 0 {
				r.fail(n, "values is empty; remove the signal's rule to allow none")
			}
		},
	})
	kinds := 0
	for _, k := range []bool{rule.Any, hasMin || hasMax, hasValues} {
		if k {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		r.fail(n, "%s must be one of {min, max}, {values} and {any: true}", what)
	case hasMin != hasMax:
		r.fail(n, "%s needs both min and max", what)
	case rule.Min > rule.Max:
		r.fail(n, "%s has min %g above max %g", what, rule.Min, rule.Max)
	}
}

// duplicates refuses two entries for one message: it would not be clear which
// of them counts.
func (r *reader) duplicates(p *Policy) {
	type key struct {
		bus, message string
		id           uint32
		extended     bool
	}
	seen := map[key]int{}
	for _, e := range p.Entries {
		k := key{e.Bus, e.Message, e.ID, e.Extended}
		if line, ok := seen[k]; ok && r.err == nil {
			r.err = fmt.Errorf("%s:%d:1: the message has an entry in line %d already; join them", r.file, e.Line, line)
		}
		seen[k] = e.Line
	}
}

package carport

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is a mistake in a car directory: where, about what, and what to do.
type Problem struct {
	File    string // as a person would give it
	Line    int    // from 1; 0: the file as a whole
	Subject string // the signal, message or bus; may be empty
	Reason  string // what is wrong and the next step
}

func (p *Problem) Error() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Subject != "" {
		where += ": " + p.Subject
	}
	return where + ": " + p.Reason
}

// Problems are the single mistakes that LoadCar's error joins, file by file.
func Problems(err error) []error {
	many, ok := err.(interface{ Unwrap() []error }) // errors.As would stop at the first
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var out []error
	for _, e := range many.Unwrap() {
		out = append(out, Problems(e)...)
	}
	return out
}

// report collects the problems of one file.
type report struct {
	file string
	list []*Problem
}

func (r *report) add(line int, subject, format string, args ...any) {
	r.list = append(r.list, &Problem{File: r.file, Line: line, Subject: subject, Reason: fmt.Sprintf(format, args...)})
}

// err joins the problems in the order of their lines.
func (r *report) err() error {
	slices.SortStableFunc(r.list, func(a, b *Problem) int { return a.Line - b.Line })
	errs := make([]error, len(r.list))
	for i, p := range r.list {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// parse reads a YAML document; nil if it is broken or empty.
func (r *report) parse(data []byte) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		line, reason := 0, strings.TrimPrefix(err.Error(), "yaml: ")
		if n, err := fmt.Sscanf(reason, "line %d:", &line); n == 1 && err == nil {
			_, reason, _ = strings.Cut(reason, ": ")
		}
		r.add(line, "", "not YAML: %s", reason)
		return nil
	}
	if len(doc.Content) == 0 {
		r.add(0, "", "the file is empty; see vehicle/carport/README.md for what belongs here")
		return nil
	}
	return doc.Content[0]
}

// table is a YAML mapping being read: every key must be asked for.
type table struct {
	*report
	subject string
	line    int
	keys    []*yaml.Node
	values  map[string]*yaml.Node
}

// table opens a mapping; what it holds in place of one is a problem.
func (r *report) table(n *yaml.Node, subject string) *table {
	t := &table{report: r, subject: subject, line: n.Line, values: map[string]*yaml.Node{}}
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		r.add(n.Line, subject, "a table of keys is expected here, not %q", n.Value)
		return t
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if _, twice := t.values[key.Value]; twice {
			r.add(key.Line, subject, "key %q is there twice; keep one", key.Value)
		}
		t.keys = append(t.keys, key)
		t.values[key.Value] = resolve(n.Content[i+1])
	}
	return t
}

// only makes a problem of every key that is not known.
func (t *table) only(known ...string) {
	for _, k := range t.keys {
		if !slices.Contains(known, k.Value) {
			t.add(k.Line, t.subject, "unknown key %q; known are %s", k.Value, strings.Join(known, ", "))
		}
	}
}

func (t *table) has(key string) bool { return t.values[key] != nil }

// at is the line of a key's value, or the table's.
func (t *table) at(key string) int {
	if v := t.values[key]; v != nil {
		return v.Line
	}
	return t.line
}

// text is a key's text; needed makes its absence a problem.
func (t *table) text(key string, needed bool) string {
	v := t.values[key]
	switch {
	case v == nil && needed:
		t.add(t.line, t.subject, "key %q is missing", key)
		return ""
	case v == nil:
		return ""
	case v.Kind != yaml.ScalarNode:
		t.add(v.Line, t.subject, "%s: one word is expected, not a list or a table", key)
		return ""
	case v.Value == "" && needed:
		t.add(v.Line, t.subject, "%s is empty", key)
	}
	return v.Value
}

// whole is a key's whole number within limits, or otherwise.
func (t *table) whole(key string, otherwise, least, most int64) int64 {
	v := t.values[key]
	if v == nil {
		return otherwise
	}
	n, ok := wholeOf(v)
	if !ok || n < least || n > most {
		t.add(v.Line, t.subject, "%s: a whole number from %d to %d is expected, not %q", key, least, most, v.Value)
		return otherwise
	}
	return n
}

// number is a key's number, or otherwise.
func (t *table) number(key string, otherwise float64) float64 {
	v := t.values[key]
	if v == nil {
		return otherwise
	}
	var f float64
	if v.Kind != yaml.ScalarNode || v.Tag == "!!str" || v.Decode(&f) != nil || f != f {
		t.add(v.Line, t.subject, "%s: a number is expected, not %q", key, v.Value)
		return otherwise
	}
	return f
}

func (t *table) yes(key string) bool {
	v := t.values[key]
	if v == nil {
		return false
	}
	var b bool
	if v.Kind != yaml.ScalarNode || v.Tag != "!!bool" || v.Decode(&b) != nil {
		t.add(v.Line, t.subject, "%s: true or false is expected, not %q", key, v.Value)
	}
	return b
}

// list is a key's list; what it holds in place of one is a problem.
func (t *table) list(key string) []*yaml.Node {
	v := t.values[key]
	if v == nil {
		return nil
	}
	if v.Kind != yaml.SequenceNode {
		t.add(v.Line, t.subject, "%s: a list is expected", key)
		return nil
	}
	out := make([]*yaml.Node, len(v.Content))
	for i, n := range v.Content {
		out[i] = resolve(n)
	}
	return out
}

// wholes is a key's list of whole numbers.
func (t *table) wholes(key string) []int64 {
	var out []int64
	for _, n := range t.list(key) {
		i, ok := wholeOf(n)
		if !ok {
			t.add(n.Line, t.subject, "%s: a whole number is expected, not %q", key, n.Value)
		}
		out = append(out, i)
	}
	return out
}

func wholeOf(n *yaml.Node) (int64, bool) {
	var i int64
	ok := n.Kind == yaml.ScalarNode && n.Tag == "!!int" && n.Decode(&i) == nil
	return i, ok
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

package vss

import (
	_ "embed"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is what a Node is.
type Kind uint8

// Kinds of Node.
const (
	Branch    Kind = iota // holds other nodes
	Sensor                // reported by the car
	Actuator              // reported by the car, and may be asked for
	Attribute             // a fact of the car that does not change while driving
)

func (k Kind) String() string {
	return [...]string{"branch", "sensor", "actuator", "attribute"}[min(k, Attribute)]
}

// Node is one entry of the tree. Do not change it: the tree is shared.
type Node struct {
	Path     string // "Vehicle.Cabin.HVAC"
	Name     string // last step of Path
	Kind     Kind
	Type     Type     // of a leaf; None for a branch
	Unit     string   // a key of the unit table; "" for none
	Min, Max float64  // NaN where VSS gives none
	Allowed  []string // allowed values as text; nil for any
	Default  string   // as text; "" for none; of an array the elements with | between
	Parent   *Node    // nil for the root
	Children []*Node  // in alphabetical order; nil for a leaf
}

// Leaf says whether the node is a signal.
func (n *Node) Leaf() bool { return n.Kind != Branch }

// Child finds a child by its name.
func (n *Node) Child(name string) (*Node, bool) {
	i, ok := slices.BinarySearchFunc(n.Children, name, func(c *Node, name string) int { return strings.Compare(c.Name, name) })
	if !ok {
		return nil, false
	}
	return n.Children[i], true
}

// Leaves are the signals at and under the node, in alphabetical order.
func (n *Node) Leaves() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.leaves(yield) }
}

func (n *Node) leaves(yield func(*Node) bool) bool {
	if n.Leaf() {
		return yield(n)
	}
	for _, c := range n.Children {
		if !c.leaves(yield) {
			return false
		}
	}
	return true
}

// Range is what a value may be: Min and Max, and where VSS gives none the
// limits of an integer type; NaN where there is neither.
func (n *Node) Range() (lo, hi float64) {
	lo, hi = n.Type.Range()
	if !math.IsNaN(n.Min) {
		lo = n.Min
	}
	if !math.IsNaN(n.Max) {
		hi = n.Max
	}
	return lo, hi
}

// Tree is the catalogue. It does not change; any goroutine may read it.
type Tree struct {
	Root   *Node
	byPath map[string]*Node
	leaves []*Node
}

//go:embed vss.txt
var text string

// catalogue is read once, on first use; the text is a constant of the program.
var catalogue = sync.OnceValue(func() *Tree {
	t, err := Parse(text)
	if err != nil {
		panic("internal error: embedded VSS catalogue: " + err.Error())
	}
	return t
})

// Catalogue is VSS 6.0: 1,263 signals.
func Catalogue() *Tree { return catalogue() }

// Lookup finds a node, branch or leaf, by its whole path.
func (t *Tree) Lookup(path string) (*Node, bool) {
	n, ok := t.byPath[path]
	return n, ok
}

// Leaves are all signals, in alphabetical order by step.
func (t *Tree) Leaves() []*Node { return slices.Clone(t.leaves) }

// Len is the number of signals.
func (t *Tree) Len() int { return len(t.leaves) }

// Nearest is the path of the signal whose name is most like path, for messages;
// "" if none is near.
func (t *Tree) Nearest(path string) string {
	best, at := "", len(path)/3+1
	for _, n := range t.leaves {
		if d := distance(path, n.Path, at); d < at {
			best, at = n.Path, d
		}
	}
	return best
}

// distance is the edit distance of a and b, or limit if it is not less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal, least := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
			least = min(least, row[j+1])
		}
		if least >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}

// Parse reads the compact text: a line for each node, one more space of indent
// for each level, children below their branch in alphabetical order.
//
//	Cabin
//	 HVAC
//	  IsRecirculationActive a boolean
//	  Temperature s float Celsius 10..40 {...|...} =20
//	  (name, then for a leaf: kind a, s or t; type; unit; range; allowed; default)
//
// Lines that begin with # and empty lines are passed over. An error names the line.
func Parse(text string) (*Tree, error) {
	t := &Tree{byPath: make(map[string]*Node, strings.Count(text, "\n"))}
	var open []*Node // the branches above the current line
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		body := strings.TrimLeft(line, " ")
		depth := len(line) - len(body)
		if depth > len(open) || depth == 0 && t.Root != nil {
			return nil, fmt.Errorf("line %d: %q stands at level %d, under no branch", number, body, depth)
		}
		open = open[:depth]
		n, err := parseNode(body)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if err := t.add(n, open); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if !n.Leaf() {
			open = append(open, n)
		}
	}
	if t.Root == nil {
		return nil, fmt.Errorf("line %d: no root branch", number)
	}
	return t, nil
}

func (t *Tree) add(n *Node, open []*Node) error {
	n.Path = n.Name
	if len(open) == 0 {
		t.Root = n
	} else {
		p := open[len(open)-1]
		n.Parent, n.Path = p, p.Path+"."+n.Name
		if last := len(p.Children) - 1; last >= 0 && p.Children[last].Name >= n.Name {
			return fmt.Errorf("%s stands after %s: not in alphabetical order, or twice", n.Path, p.Children[last].Path)
		}
		p.Children = append(p.Children, n)
	}
	t.byPath[n.Path] = n
	if n.Leaf() {
		t.leaves = append(t.leaves, n)
	}
	return nil
}

func parseNode(body string) (*Node, error) {
	name, rest, isLeaf := strings.Cut(body, " ")
	n := &Node{Name: name, Min: math.NaN(), Max: math.NaN()}
	if name == "" || strings.Contains(name, ".") {
		return nil, fmt.Errorf("%q is no name", name)
	}
	if !isLeaf {
		return n, nil
	}
	kind, rest, _ := strings.Cut(rest, " ")
	switch kind {
	case "s":
		n.Kind = Sensor
	case "a":
		n.Kind = Actuator
	case "t":
		n.Kind = Attribute
	default:
		return nil, fmt.Errorf("%s: kind %q; a, s or t are known", name, kind)
	}
	datatype, rest, _ := strings.Cut(rest, " ")
	var ok bool
	if n.Type, ok = ParseType(datatype); !ok {
		return nil, fmt.Errorf("%s: unknown type %q", name, datatype)
	}
	for rest != "" {
		var field string
		field, rest, _ = strings.Cut(rest, " ")
		if err := n.parseField(field); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return n, nil
}

func (n *Node) parseField(field string) error {
	if field == "" {
		return fmt.Errorf("two spaces in a row")
	}
	if allowed, ok := strings.CutPrefix(field, "{"); ok {
		n.Allowed = strings.Split(strings.TrimSuffix(allowed, "}"), "|")
		return nil
	}
	if def, ok := strings.CutPrefix(field, "="); ok {
		n.Default = def
		return nil
	}
	lo, hi, ok := strings.Cut(field, "..")
	if !ok {
		if _, known := units[field]; !known {
			return fmt.Errorf("unknown unit %q", field)
		}
		n.Unit = field
		return nil
	}
	var err error
	if lo != "" {
		if n.Min, err = strconv.ParseFloat(lo, 64); err != nil {
			return fmt.Errorf("range %q: %w", field, err)
		}
	}
	if hi != "" {
		if n.Max, err = strconv.ParseFloat(hi, 64); err != nil {
			return fmt.Errorf("range %q: %w", field, err)
		}
	}
	return nil
}

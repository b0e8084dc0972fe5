package carport

import (
	"math"

	"tandem/vehicle"
	"tandem/vehicle/vss"
)

// Signals describes every leaf of the catalogue as vehicle signals, in its
// order. Where VSS gives no range, an integer has that of its type.
func Signals(t *vss.Tree) []vehicle.Signal {
	var out []vehicle.Signal
	for _, n := range t.Leaves() {
		lo, hi := n.Range()
		out = append(out, vehicle.Signal{
			Path: vehicle.Path(n.Path), Actuator: n.Kind == vss.Actuator, Type: valueType(n.Type),
			Unit: n.Unit, Min: lo, Max: hi, Allowed: n.Allowed,
		})
	}
	return out
}

// Signals is the catalogue as this car has it: an Actuator only where the
// overlay says how to ask, the overlay's limits, and the tolerance of its
// steps. A signal that the car does not have stays in, for ever Unknown, so
// that a screen can ask for any.
func (c *Car) Signals() []vehicle.Signal {
	byPath := make(map[vehicle.Path]*Mapping, len(c.Mappings))
	for _, m := range c.Mappings {
		byPath[m.Path()] = m
	}
	out := Signals(c.tree)
	for i := range out {
		g := &out[i]
		m := byPath[g.Path]
		g.Actuator = m != nil && m.Down != nil
		if m == nil {
			continue
		}
		if !math.IsNaN(m.Min) {
			g.Min = m.Min
		}
		if !math.IsNaN(m.Max) {
			g.Max = m.Max
		}
		if g.Actuator && g.Type == vehicle.Number {
			g.Tolerance = m.tolerance()
		}
	}
	return out
}

// tolerance is half of the coarser of the two steps, there and back.
func (m *Mapping) tolerance() float64 {
	if m.Down.Tolerance > 0 {
		return m.Down.Tolerance
	}
	step := 0.0
	if m.Down.pairs == nil && m.Down.formula == nil && m.Down.Signal.Float == 0 {
		step = math.Abs(m.Down.Signal.Scale)
	}
	if u := m.Up; u != nil && u.labels == nil && u.Signal.Float == 0 {
		from, to := u.Signal.Offset, u.Signal.Offset+u.Signal.Scale
		if u.formula != nil {
			from, to = u.formula(from), u.formula(to)
		}
		if s := math.Abs(to - from); s > step && !math.IsInf(s, 0) {
			step = s
		}
		if u.whole {
			step = max(step, 1)
		}
	}
	return step / 2
}

package guard

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
)

// key finds the rule of a frame.
type key struct {
	id       uint32
	extended bool
}

// rule is an entry made ready for checking frames.
type rule struct {
	length   int
	fd       bool
	values   bool             // the payload is to be checked
	plan     *dbc.MessagePlan // nil: no database
	signals  []check          // by signal of the plan
	unused   Fill
	when     []int // indices of conditions
	origin   []string
	interval time.Duration // between tokens
	slack    time.Duration // how far ahead of its time a full bucket lets frames go

	next time.Duration // when the next token would be due at a steady rate; guarded by Guard.mu
}

// checkKind is how a signal's value is checked.
type checkKind uint8

const (
	none checkKind = iota // no rule: never allowed
	allow
	rawRange
	valueRange // floats, and integers that do not fit an int64
	rawValues
)

// check is a signal's rule.
type check struct {
	kind      checkKind
	low, high int64
	min, max  float64
	values    []int64
}

func (c *check) allows(r *dbc.Reading) bool {
	switch c.kind {
	case allow:
		return true
	case rawRange:
		return c.low <= r.Raw && r.Raw <= c.high
	case valueRange:
		return c.min <= r.Value && r.Value <= c.max // false for NaN
	case rawValues:
		return slices.Contains(c.values, r.Raw)
	}
	return false
}

// compile makes the rules of the policy's entries for this bus.
func (g *Guard) compile(c *Config) error {
	var plan *dbc.Plan
	if c.Database != nil {
		plan = dbc.Compile(c.Database)
	}
	for i := range c.Policy.Entries {
		e := &c.Policy.Entries[i]
		if e.Bus != c.BusName {
			continue
		}
		k, r, err := g.rule(e, c, plan)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", c.Policy.File, e.Line, err)
		}
		if g.rules[k] != nil {
			return fmt.Errorf("%s:%d: the message with identifier %#x has an entry already; join them", c.Policy.File, e.Line, k.id)
		}
		g.rules[k] = r
	}
	return nil
}

func (g *Guard) rule(e *Entry, c *Config, plan *dbc.Plan) (key, *rule, error) {
	k := key{e.ID, e.Extended}
	r := &rule{length: e.Length, values: e.Signals != nil, unused: e.Unused, origin: e.Origin}
	var m *dbc.Message
	switch {
	case e.Message != "" && c.Database == nil:
		return k, nil, fmt.Errorf("message %s cannot be found without a database; give one, or the message's id", e.Message)
	case e.Message != "":
		if m = c.Database.MessageByName(e.Message); m == nil {
			return k, nil, fmt.Errorf("the database %s has no message %s", c.Database.File, e.Message)
		}
		k = key{m.ID, m.Extended}
	case c.Database != nil:
		m = c.Database.Message(e.ID, e.Extended)
	}
	if m == nil && c.Database != nil && r.values {
		return k, nil, fmt.Errorf("the database %s has no message %#x, so that the signals cannot be checked", c.Database.File, e.ID)
	}
	if m != nil {
		r.plan = plan.Message(m.ID, m.Extended)
		r.fd = m.FD
		if r.length < 0 {
			r.length = m.Len
		}
	}
	if e.FD != nil {
		r.fd = *e.FD
	}
	longest := canbus.MaxLen
	if r.fd {
		longest = canbus.MaxLenFD
	}
	if r.length < 0 || r.length > longest {
		return k, nil, fmt.Errorf("the length must be given and be 0 to %d bytes", longest)
	}
	if r.fd && canbus.FDLen(r.length) != r.length {
		return k, nil, fmt.Errorf("FD has no length of %d bytes; the next is %d", r.length, canbus.FDLen(r.length))
	}
	if !(e.PerSecond > 0) || e.Burst < 1 {
		return k, nil, fmt.Errorf("the rate must be above 0 per second with a burst of at least 1")
	}
	r.interval = time.Duration(float64(time.Second) / e.PerSecond)
	r.slack = time.Duration(e.Burst-1) * r.interval
	for _, name := range e.When {
		if c.Predicates != nil && !slices.Contains(c.Predicates, name) {
			return k, nil, fmt.Errorf("unknown predicate %q; known are %s", name, strings.Join(c.Predicates, ", "))
		}
		r.when = append(r.when, g.condition(name))
	}
	if r.values && r.plan != nil {
		return k, r, r.compileSignals(e, r.plan.Message)
	}
	return k, r, nil
}

// compileSignals makes the checks of all signals of a message.
func (r *rule) compileSignals(e *Entry, m *dbc.Message) error {
	r.signals = make([]check, len(m.Signals))
	for i := range e.Signals {
		rule := &e.Signals[i]
		found := false
		for j, s := range m.Signals {
			if s.Name != rule.Name {
				continue
			}
			found = true
			var err error
			if r.signals[j], err = compileCheck(rule, r.plan, j); err != nil {
				return fmt.Errorf("message %s, signal %s in line %d: %w", m.Name, s.Name, rule.Line, err)
			}
		}
		if !found {
			return fmt.Errorf("message %s has no signal %s, which line %d names", m.Name, rule.Name, rule.Line)
		}
	}
	for j, s := range m.Signals {
		if low, _ := r.plan.Limits(j); r.signals[j].kind == none && !math.IsNaN(low) {
			return fmt.Errorf("message %s: signal %s has no rule; add a range, values, or {any: true}", m.Name, s.Name)
		}
	}
	return nil
}

// compileCheck makes one check. Physical ranges of integers become raw ones,
// so that no rounding of a scaled value decides.
func compileCheck(rule *SignalRule, plan *dbc.MessagePlan, signal int) (check, error) {
	s := plan.Message.Signals[signal]
	low, high := plan.Limits(signal)
	switch {
	case math.IsNaN(low):
		return check{}, fmt.Errorf("the signal cannot be checked: it is over 64 bits, or its multiplexors run in a circle")
	case rule.Any:
		return check{kind: allow}, nil
	case rule.Values != nil && s.Float != 0:
		return check{}, fmt.Errorf("values are raw integers, the signal is a float; use min and max")
	case rule.Values != nil:
		return checkValues(rule.Values, plan, signal)
	case rule.Min > rule.Max || math.IsNaN(rule.Min) || math.IsNaN(rule.Max):
		return check{}, fmt.Errorf("min %g is above max %g", rule.Min, rule.Max)
	case s.Scale == 0:
		return check{}, fmt.Errorf("its scale is 0, so that it has no range; use values")
	case s.Float != 0:
		return check{kind: valueRange, min: rule.Min, max: rule.Max}, nil
	case rule.Max < low || rule.Min > high:
		return check{}, fmt.Errorf("%g to %g is outside of what its bits can hold, %g to %g", rule.Min, rule.Max, low, high)
	}
	const tolerance = 1e-6 // of a step
	if s.Length > 52 {     // a float64 does not hold its raw values
		slack := tolerance * math.Abs(s.Scale)
		return check{kind: valueRange, min: rule.Min - slack, max: rule.Max + slack}, nil
	}
	a, b := (max(rule.Min, low)-s.Offset)/s.Scale, (min(rule.Max, high)-s.Offset)/s.Scale
	c := check{kind: rawRange, low: int64(math.Ceil(min(a, b) - tolerance)), high: int64(math.Floor(max(a, b) + tolerance))}
	if c.low > c.high {
		return check{}, fmt.Errorf("no raw value lies between %g and %g", rule.Min, rule.Max)
	}
	return c, nil
}

// checkValues makes the check of listed raw values.
func checkValues(values []int64, plan *dbc.MessagePlan, signal int) (check, error) {
	room := make([]byte, canbus.MaxLenFD)
	for _, v := range values {
		if err := plan.EncodeRaw(room, signal, v); err != nil {
			return check{}, err
		}
	}
	return check{kind: rawValues, values: values}, nil
}

// check decides about one frame and takes its token.
func (g *Guard) check(f *canbus.Frame, s *scratch, now time.Duration, origin string) *RefusedError {
	switch {
	case !g.policy:
		return g.refuse(f, now, ReasonNoPolicy, "")
	case f.Flags&canbus.Error != 0:
		return g.refuse(f, now, ReasonError, "")
	case f.Flags&canbus.Remote != 0:
		return g.refuse(f, now, ReasonRemote, "")
	case f.Validate() != nil:
		return g.refuse(f, now, ReasonInvalid, f.Validate().Error())
	}
	extended := f.Flags&canbus.Extended != 0
	r := g.rules[key{f.ID, extended}]
	switch {
	case r == nil && g.rules[key{f.ID, !extended}] != nil:
		return g.refuse(f, now, ReasonIdentifier, "")
	case r == nil:
		return g.refuse(f, now, ReasonUnknown, "")
	case f.Flags&canbus.FD != 0 != r.fd || f.Flags&^(canbus.Extended|canbus.FD|canbus.BitRateSwitch|canbus.Sent) != 0:
		return g.refuse(f, now, ReasonFormat, "")
	case int(f.Len) != r.length:
		return g.refuse(f, now, ReasonLength, "")
	case r.origin != nil && !slices.Contains(r.origin, origin):
		return g.refuse(f, now, ReasonOrigin, origin)
	}
	if r.values {
		if reason, detail := r.checkPayload(f.Payload(), s); reason != "" {
			return g.refuse(f, now, reason, detail)
		}
	}
	for _, i := range r.when {
		if !g.holds(s, i) {
			return g.refuse(f, now, ReasonCondition, g.conditions[i])
		}
	}
	if !g.spend(r, now) {
		return g.refuse(f, now, ReasonRate, "")
	}
	return nil
}

// checkPayload checks the signals that are in a payload, and the other bits.
func (r *rule) checkPayload(payload []byte, s *scratch) (reason, detail string) {
	if r.plan == nil {
		return ReasonNoDatabase, ""
	}
	s.readings = r.plan.Decode(payload, s.readings[:0])
	var rest [canbus.MaxLenFD]byte
	n := copy(rest[:], payload)
	var fill byte
	if r.unused == One {
		fill = 0xff
	}
	for i := range s.readings {
		reading := &s.readings[i]
		c := &r.signals[reading.Signal]
		if !c.allows(reading) {
			return ReasonValue, r.plan.Message.Signals[reading.Signal].Name
		}
		r.plan.Fill(rest[:n], int(reading.Signal), fill)
	}
	if r.unused != Either {
		for _, b := range rest[:n] {
			if b != fill {
				return ReasonUnused, ""
			}
		}
	}
	return "", ""
}

// spend takes a token from a rule's bucket, if there is one.
func (g *Guard) spend(r *rule, now time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now+r.slack < r.next {
		return false
	}
	r.next = max(r.next, now) + r.interval
	g.passed++
	return true
}

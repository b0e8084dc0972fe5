package carport

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Formula is the compiled maths of a transform: one number in, one out. It is
// total: it never fails and never loops, and gives NaN or an infinity where
// there is no answer.
//
// It is an evaluator of our own rather than a library because what overlays
// are written in is py-expression-eval, whose binding strengths are its own
// (below), because a formula runs for each frame and must not allocate, and
// because an overlay is input that must not be able to do anything but
// arithmetic.
//
//	sum     = product { ("+" | "-") product }
//	product = quotient { "*" quotient }          weaker than / and %: 6*7%4 is 6*3
//	quotient= sign { ("/" | "%") sign }
//	sign    = { "-" | "+" } power                -3^2 is -9
//	power   = atom { "^" atom }                  from the left: 2^3^2 is 64
//	atom    = number | "x" | "PI" | "E" | name "(" sum { "," sum } ")" | "(" sum ")"
type Formula func(x float64) float64

// maxDepth bounds the nesting of brackets and signs.
const maxDepth = 100

// FormulaError is a mistake in a formula.
type FormulaError struct {
	Text   string
	Column int // from 1, in bytes
	Reason string
}

func (e *FormulaError) Error() string {
	return fmt.Sprintf("formula %q, column %d: %s", e.Text, e.Column, e.Reason)
}

// ParseFormula compiles a formula in x. The error is a *FormulaError.
func ParseFormula(text string) (Formula, error) {
	p := &formulaParser{text: text}
	p.next()
	t := p.sum()
	if p.err == nil && p.tok.kind != endToken {
		p.fail(p.tok.at, "%s is one too many", p.tok)
	}
	if p.err != nil {
		return nil, p.err
	}
	return t.formula(), nil
}

// term is a part of a formula: a constant or a function of x.
type term struct {
	value float64
	f     Formula // nil for a constant
}

func (t term) formula() Formula {
	if t.f == nil {
		v := t.value
		return func(float64) float64 { return v }
	}
	return t.f
}

// binary joins two terms, at once if both are constants.
func binary(op func(a, b float64) float64, a, b term) term {
	switch {
	case a.f == nil && b.f == nil:
		return term{value: op(a.value, b.value)}
	case a.f == nil:
		v, g := a.value, b.f
		return term{f: func(x float64) float64 { return op(v, g(x)) }}
	case b.f == nil:
		f, v := a.f, b.value
		return term{f: func(x float64) float64 { return op(f(x), v) }}
	}
	f, g := a.f, b.f
	return term{f: func(x float64) float64 { return op(f(x), g(x)) }}
}

func unary(op func(a float64) float64, a term) term {
	if a.f == nil {
		return term{value: op(a.value)}
	}
	f := a.f
	return term{f: func(x float64) float64 { return op(f(x)) }}
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	numberToken
	nameToken
	signToken // one of + - * / % ^ ( ) ,
)

type formulaToken struct {
	kind  tokenKind
	text  string
	value float64
	at    int
}

func (t formulaToken) String() string {
	if t.kind == endToken {
		return "the end"
	}
	return strconv.Quote(t.text)
}

type formulaParser struct {
	text  string
	pos   int
	depth int
	tok   formulaToken
	err   *FormulaError // the first
}

func (p *formulaParser) fail(at int, format string, args ...any) {
	if p.err == nil {
		p.err = &FormulaError{Text: p.text, Column: at + 1, Reason: fmt.Sprintf(format, args...)}
	}
	p.tok = formulaToken{kind: endToken, at: len(p.text)}
	p.pos = len(p.text)
}

// next reads one token into p.tok.
func (p *formulaParser) next() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	start := p.pos
	if start == len(p.text) {
		p.tok = formulaToken{at: start}
		return
	}
	switch c := p.text[start]; {
	case isDigit(c) || c == '.':
		p.number(start)
	case isLetter(c):
		for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || isDigit(p.text[p.pos])) {
			p.pos++
		}
		p.tok = formulaToken{kind: nameToken, text: p.text[start:p.pos], at: start}
	case strings.IndexByte("+-*/%^(),", c) >= 0:
		p.pos++
		p.tok = formulaToken{kind: signToken, text: p.text[start:p.pos], at: start}
	default:
		p.fail(start, "%q has no meaning here; + - * / %% ^ ( ) and functions are known", []rune(p.text[start:])[0])
	}
}

func (p *formulaParser) number(start int) {
	digits := func() {
		for p.pos < len(p.text) && (isDigit(p.text[p.pos]) || p.text[p.pos] == '.') {
			p.pos++
		}
	}
	digits()
	if rest := p.text[p.pos:]; len(rest) > 1 && (rest[0] == 'e' || rest[0] == 'E') {
		n := 1
		if rest[1] == '-' || rest[1] == '+' {
			n = 2
		}
		if len(rest) > n && isDigit(rest[n]) {
			p.pos += n
			digits()
		}
	}
	v, err := strconv.ParseFloat(p.text[start:p.pos], 64)
	if err != nil {
		p.fail(start, "%q is no number", p.text[start:p.pos])
		return
	}
	p.tok = formulaToken{kind: numberToken, text: p.text[start:p.pos], value: v, at: start}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// is says whether the current token is that sign.
func (p *formulaParser) is(sign string) bool {
	return p.tok.kind == signToken && p.tok.text == sign
}

func (p *formulaParser) sum() term {
	t := p.product()
	for p.is("+") || p.is("-") {
		op := add
		if p.is("-") {
			op = sub
		}
		p.next()
		t = binary(op, t, p.product())
	}
	return t
}

func (p *formulaParser) product() term {
	t := p.quotient()
	for p.is("*") {
		p.next()
		t = binary(mul, t, p.quotient())
	}
	return t
}

func (p *formulaParser) quotient() term {
	t := p.sign()
	for p.is("/") || p.is("%") {
		op := div
		if p.is("%") {
			op = mod
		}
		p.next()
		t = binary(op, t, p.sign())
	}
	return t
}

func (p *formulaParser) sign() term {
	negative := false
	for p.is("-") || p.is("+") {
		negative = negative != p.is("-")
		p.next()
	}
	t := p.power()
	if negative {
		return unary(neg, t)
	}
	return t
}

func (p *formulaParser) power() term {
	t := p.atom()
	for p.is("^") {
		p.next()
		negative := false
		for p.is("-") {
			negative = !negative
			p.next()
		}
		exponent := p.atom()
		if negative {
			exponent = unary(neg, exponent)
		}
		t = binary(math.Pow, t, exponent)
	}
	return t
}

func (p *formulaParser) atom() term {
	t := p.tok
	switch {
	case t.kind == numberToken:
		p.next()
		return term{value: t.value}
	case t.kind == nameToken:
		p.next()
		return p.named(t)
	case p.is("("):
		p.next()
		in := p.inside(t.at)
		p.close(t.at)
		return in
	}
	p.fail(t.at, "a number, x, a function or a bracket is missing before %s", t)
	return term{}
}

// inside is a sum one bracket deeper.
func (p *formulaParser) inside(at int) term {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		p.fail(at, "more than %d brackets deep", maxDepth)
		return term{}
	}
	return p.sum()
}

func (p *formulaParser) close(opened int) {
	if !p.is(")") {
		p.fail(p.tok.at, "\")\" is missing before %s, for the bracket of column %d", p.tok, opened+1)
		return
	}
	p.next()
}

func (p *formulaParser) named(name formulaToken) term {
	switch name.text {
	case "x":
		return term{f: func(x float64) float64 { return x }}
	case "PI":
		return term{value: math.Pi}
	case "E":
		return term{value: math.E}
	}
	one, two := functions1[name.text], functions2[name.text]
	if one == nil && two == nil {
		p.fail(name.at, "%q is not known; x, PI, E, %s are", name.text, functionNames)
		return term{}
	}
	if !p.is("(") {
		p.fail(p.tok.at, "\"(\" is missing after %s", name.text)
		return term{}
	}
	opened := p.tok.at
	p.next()
	args := []term{p.inside(opened)}
	for p.is(",") {
		p.next()
		args = append(args, p.inside(opened))
	}
	p.close(opened)
	switch {
	case one != nil && len(args) == 1:
		return unary(one, args[0])
	case one != nil:
		p.fail(name.at, "%s takes one argument, not %d", name.text, len(args))
		return term{}
	case len(args) < 2 || len(args) > 2 && name.text != "min" && name.text != "max":
		p.fail(name.at, "%s does not take %d arguments", name.text, len(args))
		return term{}
	}
	t := args[0]
	for _, a := range args[1:] {
		t = binary(two, t, a)
	}
	return t
}

func add(a, b float64) float64 { return a + b }
func sub(a, b float64) float64 { return a - b }
func mul(a, b float64) float64 { return a * b }
func neg(a float64) float64    { return -a }

// div has no answer for a division by zero.
func div(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

// mod has the sign of b, as in Python.
func mod(a, b float64) float64 {
	r := math.Mod(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

var functions1 = map[string]func(float64) float64{
	"abs": math.Abs, "ceil": math.Ceil, "floor": math.Floor, "round": math.RoundToEven, "sqrt": math.Sqrt, "exp": math.Exp, "log": math.Log,
	"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "asin": math.Asin, "acos": math.Acos, "atan": math.Atan,
}

var functions2 = map[string]func(a, b float64) float64{
	"min":   func(a, b float64) float64 { return min(a, b) },
	"max":   func(a, b float64) float64 { return max(a, b) },
	"pow":   math.Pow,
	"atan2": math.Atan2,
	"pyt":   math.Hypot,
}

const functionNames = "abs, ceil, floor, round, sqrt, exp, log, sin, cos, tan, asin, acos, atan, min, max, pow, atan2, pyt"

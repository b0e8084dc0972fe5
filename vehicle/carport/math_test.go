package carport_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"tandem/vehicle/carport"
)

// The expectations are what py-expression-eval gives, which is what KUKSA
// evaluates overlays with.
func TestFormula(t *testing.T) {
	for _, c := range []struct {
		text string
		x    float64
		want float64
	}{
		{"x", 3, 3},
		{"x*3.6", 10, 36},
		{"floor((x*40)-100)", 2.01, -20},
		{"(x+100)/40", 20, 3},
		{"2-3^x", 4, -79},
		{"-2-3^x", 4, -83},
		{"-3^x", 4, -81},
		{"(-3)^x", 4, 81},
		{"2^3^x", 2, 64},
		{"x*7%4", 6, 18}, // % binds more tightly than *
		{"x/2*4", 6, 12},
		{"8/x/2", 2, 2},
		{"x-1-1", 5, 3},
		{"-x/2", 3, -1.5},
		{"2^-x", 1, 0.5},
		{"x% 5", -3, 2},
		{"x%-5", 3, -2},
		{"round(x)", 2.5, 2},
		{"round(x)", 3.5, 4},
		{"abs(x)^2", -3, 9},
		{"min(x, 2, 1)+max(3,x)", 5, 6},
		{"pow(x,3)", 2, 8},
		{"pyt(x,4)", 3, 5},
		{"atan2(x,1)", 1, math.Pi / 4},
		{"log(E^x)", 3, 3},
		{"cos(PI*x)", 1, -1},
		{"sqrt(x)+exp(0)+ceil(1.2)", 4, 5},
		{"1.5e3 + x", 1, 1501},
		{"2 * 3", 9, 6},
		{"+x - -x", 2, 4},
		{"x/0", 1, math.NaN()},
		{"sqrt(x)", -1, math.NaN()},
		{"x%0", 1, math.NaN()},
	} {
		f, err := carport.ParseFormula(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := f(c.x); math.Abs(got-c.want) > 1e-12 && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%q at %g: got %g, want %g", c.text, c.x, got, c.want)
		}
	}
}

func TestFormulaErrorsNameTheColumn(t *testing.T) {
	for _, c := range []struct {
		text   string
		column int
		want   string
	}{
		{"", 1, "missing before the end"},
		{"x +", 4, "missing before the end"},
		{"x 3", 3, `"3" is one too many`},
		{"(x", 3, "for the bracket of column 1"},
		{"x)", 2, "one too many"},
		{"y*2", 1, `"y" is not known`},
		{"2*foo(x)", 3, `"foo" is not known`},
		{"abs x", 5, `"(" is missing after abs`},
		{"abs(x,1)", 1, "takes one argument, not 2"},
		{"min(x)", 1, "does not take 1 arguments"},
		{"pow(x,1,2)", 1, "does not take 3 arguments"},
		{"min(x (2", 7, `")" is missing`},
		{"x # 3", 3, `'#' has no meaning`},
		{"1.2.3", 1, "is no number"},
		{"x*", 3, "missing"},
		{strings.Repeat("(", 200) + "x", 101, "brackets deep"},
	} {
		_, err := carport.ParseFormula(c.text)
		var fe *carport.FormulaError
		if !errors.As(err, &fe) || fe.Column != c.column || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want column %d: %s", c.text, err, c.column, c.want)
		}
	}
}

func TestFormulaAllocatesNothing(t *testing.T) {
	f, err := carport.ParseFormula("min(max(x*3.6-2, 0)^2/7, 100) % 13 + abs(-x)")
	if err != nil {
		t.Fatal(err)
	}
	x := 0.0
	if n := testing.AllocsPerRun(1000, func() { x += f(x + 1) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func FuzzParseFormula(f *testing.F) {
	for _, s := range []string{"x*3.6", "floor((x*40)-100)", "min(x,2,1)^-E", "-3^x%4/PI", "((((x", "1e", "pow(x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		formula, err := carport.ParseFormula(s)
		if err != nil {
			var fe *carport.FormulaError
			if !errors.As(err, &fe) || fe.Column < 1 || fe.Column > len(s)+1 {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		a, b := formula(1.25), formula(1.25)
		if a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
			t.Fatalf("%q: %g, then %g", s, a, b)
		}
	})
}

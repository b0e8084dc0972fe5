//go:build mutation

package guard_test

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// equivalent are mutations that change nothing that can be seen, with the
// reason, by file and mutated expression.
var equivalent = map[string]string{
	"rule.go: return false: false becomes the other":                                                                    "New refuses signals without a rule, so that no frame meets this one",
	"rule.go: if s.Length > 52 {     // a float64 does not hold its raw values: > becomes >=":                           "both ways agree for signals of this length",
	"rule.go: if s.Length > 52 {     // a float64 does not hold its raw values: 52 becomes one more":                    "both ways agree for signals of this length",
	"guard.go: rules: map[key]*rule{}, refused: map[string]*count{}, free: make(chan *scratch, 8),: 8 becomes one more": "how much is kept for later",
	"guard.go: frames   [16]canbus.Frame: 16 becomes one more":                                                          "the size of a batch, which only sets how often the bus is called",
}

// TestMutations changes one comparison, constant or connective of the guard
// at a time and runs the package's tests on the change. A change that no test
// notices is a missing test.
//
//	go test -tags mutation -run TestMutations -timeout 60m ./canbus/guard
//
// TANDEM_MUTATE=rule.go limits it to a file.
func TestMutations(t *testing.T) {
	files := []string{"guard.go", "rule.go", "policy.go"}
	if only := os.Getenv("TANDEM_MUTATE"); only != "" {
		files = strings.Split(only, ",")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	killed, met := 0, map[string]bool{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			mutant, what := mutate(t, name, source, i)
			if mutant == nil {
				break
			}
			switch result := try(t, root, name, mutant); {
			case result == broken:
			case result == dead:
				killed++
			case equivalent[what] != "":
				met[what] = true
			default:
				t.Errorf("survivor: %s", what)
			}
		}
	}
	for what := range equivalent {
		if name, _, _ := strings.Cut(what, ":"); slices.Contains(files, name) && !met[what] {
			t.Errorf("listed as equivalent but never survived: %s", what)
		}
	}
	t.Logf("%d mutants killed, %d equivalent", killed, len(met))
}

// What became of a mutant.
const (
	broken = iota // it does not compile
	dead          // a test failed
	alive
)

// try runs the tests with the file replaced.
func try(t *testing.T, root, name string, mutant []byte) int {
	dir := t.TempDir()
	changed := filepath.Join(dir, name)
	overlay := filepath.Join(dir, "overlay.json")
	here, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, mutant, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace": {%q: %q}}`, here, changed), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-failfast", "-vet=off", "-timeout", "30s", "-overlay", overlay, "./canbus/guard")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return alive
	case bytes.Contains(out, []byte("[build failed]")):
		return broken
	}
	return dead
}

// opposite are the changed operators: each comparison becomes its neighbour
// and its opposite.
var opposite = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
	token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL},
	token.AND: {token.OR}, token.AND_NOT: {token.AND},
}

// mutate makes the n-th mutation of a file, or nil when there are no more.
func mutate(t *testing.T, name string, source []byte, n int) ([]byte, string) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	what, at := "", 0
	try := func(node ast.Node, detail string, change func()) {
		if at == n && what == "" {
			pos := fset.Position(node.Pos())
			line := strings.TrimSpace(strings.Split(string(source), "\n")[pos.Line-1])
			change()
			what = fmt.Sprintf("%s: %s: %s", name, line, detail)
		}
		at++
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch e := node.(type) {
		case *ast.GenDecl:
			return e.Tok != token.IMPORT && !isReasons(e)
		case *ast.BinaryExpr:
			for _, op := range opposite[e.Op] {
				if e.Op == token.ADD && (isText(e.X) || isText(e.Y)) {
					continue
				}
				try(e, e.Op.String()+" becomes "+op.String(), func() { e.Op = op })
			}
		case *ast.UnaryExpr:
			if e.Op == token.NOT {
				try(e, "! removed", func() { e.X = &ast.UnaryExpr{Op: token.NOT, X: e.X} })
			}
		case *ast.BasicLit:
			if e.Kind == token.INT {
				v, err := strconv.ParseInt(e.Value, 0, 64)
				if err == nil {
					try(e, e.Value+" becomes one more", func() { e.Value = strconv.FormatInt(v+1, 10) })
				}
			}
			if e.Kind == token.FLOAT {
				try(e, e.Value+" becomes a tenth more", func() { e.Value = "(1.1*" + e.Value + ")" })
			}
		case *ast.Ident:
			if e.Name == "true" || e.Name == "false" {
				try(e, e.Name+" becomes the other", func() { e.Name = map[string]string{"true": "false", "false": "true"}[e.Name] })
			}
		case *ast.IfStmt:
			if e.Init == nil {
				try(e, "condition becomes never", func() {
					e.Cond = &ast.BinaryExpr{X: &ast.Ident{Name: "false"}, Op: token.LAND, Y: &ast.ParenExpr{X: e.Cond}}
				})
			}
		case *ast.CaseClause:
			if len(e.List) == 1 && isBool(e.List[0]) {
				try(e, "case becomes never", func() {
					e.List[0] = &ast.BinaryExpr{X: &ast.Ident{Name: "false"}, Op: token.LAND, Y: &ast.ParenExpr{X: e.List[0]}}
				})
			}
		}
		return true
	})
	if what == "" {
		return nil, ""
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, file); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), what
}

// isReasons reports a declaration of texts only: nothing is decided by them.
func isReasons(d *ast.GenDecl) bool {
	return d.Tok == token.CONST && slices.ContainsFunc(d.Specs, func(s ast.Spec) bool {
		v := s.(*ast.ValueSpec)
		return len(v.Values) == 1 && isText(v.Values[0])
	})
}

func isText(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return isText(e.X) || isText(e.Y)
	case *ast.SelectorExpr:
		return e.Sel.Name == "Detail"
	}
	return false
}

// isBool reports whether a case is a condition rather than a value.
func isBool(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return true
	case *ast.UnaryExpr:
		return e.Op == token.NOT
	case *ast.SelectorExpr:
		return e.Sel.Name == "Any"
	}
	return false
}

package shell_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"tandem/hmi/lint"
	"tandem/hmi/shell"
)

func TestHmimLint(t *testing.T) {
	app := test.NewTempApp(t)
	n := 0
	for _, s := range shell.Gallery() {
		name := s.String()
		if !strings.Contains(name, "-media0-") && !strings.Contains(name, "-phone8-") && !strings.Contains(name, "-phone0-") {
			continue
		}
		root, th := s.Build()
		app.Settings().SetTheme(th)
		n++
		for _, f := range lint.Check(root, lint.Display{Size: s.Size, Scale: th.Panel.Scale, Status: th.Panel.Status}) {
			t.Errorf("%v: %v", s, f)
		}
	}
	t.Log(n, "scenes")
}

package shell_test

import (
	"testing"

	"fyne.io/fyne/v2/test"

	"tandem/hmi/lint"
	"tandem/hmi/shell"
)

// Every screen, by day and night, at every size, in every language and in
// every mood of the car keeps every rule.
func TestNoFindings(t *testing.T) {
	test.NewTempApp(t)
	scenes, bad := 0, 0
	for _, s := range shell.Gallery() {
		if scenes++; raced && scenes%32 != 0 {
			continue
		}
		root, th := s.Build()
		for _, f := range lint.Check(root, lint.Display{Size: s.Size, Scale: th.Panel.Scale, Status: th.Panel.Status}) {
			if bad++; bad <= 60 {
				t.Errorf("%v: %v", s, f)
			}
		}
	}
	t.Logf("%d scenes, %d findings", scenes, bad)
	const cars, phones = 9, 59 // parts of screens; with the conditions of the phone link
	if want := 3*cars*(len(shell.Moods())*2+3*3) + phones*(3*(2+2)+2*3); scenes != want {
		t.Errorf("got %d scenes, want %d: sizes, screens with their parts, moods by day and night, and three languages more in three moods; for phones driving and parked, and three languages more parked on two sizes", scenes, want)
	}
}

package fynedriver_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"tandem/hmi/fynedriver"
)

// memory is a Store that keeps its last save.
type memory struct {
	values map[string]any
	broken bool
}

func (m *memory) Load() (map[string]any, error) {
	if m.broken {
		return nil, errors.New("load: broken")
	}
	return maps.Clone(m.values), nil
}

func (m *memory) Save(v map[string]any) error {
	if m.broken {
		return errors.New("save: broken")
	}
	m.values = v
	return nil
}

func TestPreferencesAreKept(t *testing.T) {
	for _, broken := range []bool{false, true} {
		store := &memory{values: map[string]any{"old": 7}, broken: broken}
		r := start(t, 100, 100, func() fyne.CanvasObject { return widget.NewLabel("") }, func(c *fynedriver.Config) { c.Store = store })
		p := r.d.App().Preferences()
		told := 0
		p.AddChangeListener(func() { told++ })
		if got := p.IntWithFallback("old", 1); got == 7 == broken {
			t.Errorf("broken %v: old value: got %d", broken, got)
		}
		p.SetString("s", "x")
		p.SetBool("b", true)
		p.SetFloat("f", 1.5)
		p.SetIntList("l", []int{1, 2})
		p.RemoveValue("b")
		got := fmt.Sprint(p.String("s"), p.BoolWithFallback("b", false), p.Float("f"), p.IntList("l"), p.Int("s"), told)
		if want := "xfalse 1.5 [1 2] 0 5"; got != want {
			t.Errorf("broken %v: got %s, want %s", broken, got, want)
		}
		if _, ok := store.values["s"]; ok == broken {
			t.Errorf("broken %v: stored: got %v", broken, store.values)
		}
		r.stop()
	}
}

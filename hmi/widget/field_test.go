package widget_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/widget"
)

// A field tells what is typed and where the cursor is in bytes, not what it is
// filled with, and takes no more than it has room for.
func TestField(t *testing.T) {
	test.NewTempApp(t)
	said, at, n := "", 0, 0
	f := widget.NewField("note", 8, func(text string, cursor int) { said, at, n = text, cursor, n+1 })
	f.Resize(fyne.NewSize(400, 200))
	f.Fill("añb")
	if n != 0 {
		t.Errorf("filled: told of %q", said)
	}
	f.TypedRune('c')
	if said != "añbc" || at != 5 {
		t.Errorf("at the end: got %q and %d, want añbc and 5", said, at)
	}
	for range 2 {
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	}
	f.TypedRune('é')
	if said != "añébc" || at != 5 {
		t.Errorf("within: got %q and %d, want añébc and 5", said, at)
	}
	f.TypedRune('x')
	f.TypedRune('y')
	if said != "añéxbc" || f.Text != "añéxbc" || n != 3 {
		t.Errorf("full: got %q and %q, %d times, want the one before", said, f.Text, n)
	}
}

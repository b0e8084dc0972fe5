package widget

import (
	"fyne.io/fyne/v2"
	fwidget "fyne.io/fyne/v2/widget"

	"tandem/hmi/theme"
)

// Field is a place that a few lines are typed into. The keyboard comes with the
// focus, and goes with it.
type Field struct {
	fwidget.Entry
	name    string
	most    int // bytes
	typed   func(text string, cursor int)
	setting bool
	before  string
}

// NewField is an empty field for at most so many bytes; typed hears of every
// change, with the cursor's place in bytes.
func NewField(name string, most int, typed func(text string, cursor int)) *Field {
	f := &Field{name: name, most: most, typed: typed}
	f.MultiLine, f.Wrapping, f.Scroll = true, fyne.TextWrapWord, fyne.ScrollVerticalOnly
	f.ExtendBaseWidget(f)
	f.OnChanged = f.changed
	return f
}

// Called is what the field is for.
func (f *Field) Called() string { return f.name }

// Status is for people who look at dumps.
func (f *Field) Status() string { return "" }

// Lines reports that Enter makes a new line.
func (f *Field) Lines() bool { return true }

// MinSize is the least size of a target.
func (f *Field) MinSize() fyne.Size { return fyne.NewSize(theme.TargetMin, theme.TargetMin) }

// Fill shows a text with the cursor at its end; typed does not hear of it.
func (f *Field) Fill(text string) {
	f.setting = true
	f.SetText(text)
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown})
	f.setting, f.before = false, text
}

// changed takes what was typed, unless there is no more room.
func (f *Field) changed(text string) {
	if f.setting {
		return
	}
	if len(text) > f.most {
		f.Fill(f.before)
		return
	}
	f.before = text
	f.typed(text, f.at(text))
}

// at is the byte of the text that the cursor is before.
func (f *Field) at(text string) int {
	n := f.CursorTextOffset()
	for i := range text {
		if n--; n < 0 {
			return i
		}
	}
	return len(text)
}

// Grab gives the field the focus, and so the keyboard, if it is on a canvas;
// Release takes it away.
func (f *Field) Grab() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(f); c != nil {
		c.Focus(f)
	}
}

// Release takes the focus from the field.
func (f *Field) Release() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(f); c != nil && c.Focused() == fyne.Focusable(f) {
		c.Unfocus()
	}
}

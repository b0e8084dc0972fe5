package fynedriver

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"tandem/hmi/input"
)

var modifiers = map[fyne.KeyName]fyne.KeyModifier{
	desktop.KeyShiftLeft: fyne.KeyModifierShift, desktop.KeyShiftRight: fyne.KeyModifierShift,
	desktop.KeyControlLeft: fyne.KeyModifierControl, desktop.KeyControlRight: fyne.KeyModifierControl,
	desktop.KeyAltLeft: fyne.KeyModifierAlt, desktop.KeyAltRight: fyne.KeyModifierAlt,
	desktop.KeySuperLeft: fyne.KeyModifierSuper, desktop.KeySuperRight: fyne.KeyModifierSuper,
}

func children(o fyne.CanvasObject) []fyne.CanvasObject {
	switch v := o.(type) {
	case *fyne.Container:
		return v.Objects
	case fyne.Widget:
		if r := test.WidgetRenderer(v); r != nil {
			return r.Objects()
		}
	}
	return nil
}

func (d *Driver) keyDown(w *Window, ev input.Event) {
	c := w.canvas
	k := &fyne.KeyEvent{Name: fyne.KeyName(ev.Key)}
	d.mods |= modifiers[k.Name]
	if f, ok := c.Focused().(desktop.Keyable); ok {
		f.KeyDown(k)
	} else if c.onKeyDown != nil {
		c.onKeyDown(k)
	}
	if d.shortcut(c, k.Name) {
		return
	}
	switch k.Name {
	case fyne.KeyTab:
		if t, ok := c.Focused().(fyne.Tabbable); ok && t.AcceptsTab() && d.mods == 0 {
			break
		}
		by := 1
		if d.mods&fyne.KeyModifierShift != 0 {
			by = -1
		}
		c.step(by)
		return
	case fyne.KeyEscape, mobile.KeyBack:
		d.backKey(c, k)
		return
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		_, typing := c.Focused().(mobile.Keyboardable)
		if (!typing || k.Name != fyne.KeySpace && c.ring.at != nil) && c.activate() {
			return
		}
	case fyne.KeyUp, fyne.KeyLeft, fyne.KeyDown, fyne.KeyRight:
		if c.arrowsMove() {
			by := 1
			if k.Name == fyne.KeyUp || k.Name == fyne.KeyLeft {
				by = -1
			}
			c.step(by)
			return
		}
	}
	c.typeKey(k)
}

func (d *Driver) keyUp(w *Window, ev input.Event) {
	k := &fyne.KeyEvent{Name: fyne.KeyName(ev.Key)}
	d.mods &^= modifiers[k.Name]
	if f, ok := w.canvas.Focused().(desktop.Keyable); ok {
		f.KeyUp(k)
	} else if w.canvas.onKeyUp != nil {
		w.canvas.onKeyUp(k)
	}
}

// backKey leaves something, or tells the canvas and then the app.
func (d *Driver) backKey(c *Canvas, k *fyne.KeyEvent) {
	switch {
	case c.back():
	case c.onKey != nil:
		c.onKey(k)
	case d.onBack != nil:
		d.onBack()
	}
}

// arrowsMove tells whether arrow keys move the ring rather than something in
// the focused widget.
func (c *Canvas) arrowsMove() bool {
	switch c.Focused().(type) {
	case nil, *widget.Button, *widget.Check, *widget.Hyperlink:
		return true
	}
	return false
}

func (c *Canvas) typeKey(k *fyne.KeyEvent) {
	if f := c.Focused(); f != nil {
		f.TypedKey(k)
	} else if c.onKey != nil {
		c.onKey(k)
	}
}

func (c *Canvas) typeRune(r rune) {
	if r < ' ' || r == 0x7f {
		return
	}
	if f := c.Focused(); f != nil {
		f.TypedRune(r)
	} else if c.onRune != nil {
		c.onRune(r)
	}
}

// shortcut gives a key with a modifier to whoever knows it.
func (d *Driver) shortcut(c *Canvas, k fyne.KeyName) bool {
	if d.mods&^fyne.KeyModifierShift == 0 || modifiers[k] != 0 {
		return false
	}
	var s fyne.Shortcut = &desktop.CustomShortcut{KeyName: k, Modifier: d.mods}
	if d.mods == fyne.KeyModifierControl {
		clip := d.app.Clipboard()
		switch k {
		case fyne.KeyC, fyne.KeyInsert:
			s = &fyne.ShortcutCopy{Clipboard: clip}
		case fyne.KeyV:
			s = &fyne.ShortcutPaste{Clipboard: clip}
		case fyne.KeyX:
			s = &fyne.ShortcutCut{Clipboard: clip}
		case fyne.KeyA:
			s = &fyne.ShortcutSelectAll{}
		case fyne.KeyZ:
			s = &fyne.ShortcutUndo{}
		case fyne.KeyY:
			s = &fyne.ShortcutRedo{}
		}
	}
	if f, ok := c.Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(s)
	} else {
		c.TypedShortcut(s)
	}
	return true
}

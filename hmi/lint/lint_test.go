package lint_test

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/lint"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

var display = lint.Display{Size: image.Pt(640, 480), Scale: 1, Status: 48}

// at puts an object at a place.
func at(o fyne.CanvasObject, x, y, w, h float32) fyne.CanvasObject {
	widget.Box{X: x, Y: y, W: w, H: h}.Place(o)
	return o
}

func tree(objects ...fyne.CanvasObject) fyne.CanvasObject {
	back := canvas.NewRectangle(theme.Night().Background)
	c := container.NewWithoutLayout(append([]fyne.CanvasObject{at(back, 0, 0, 640, 480)}, objects...)...)
	c.Resize(fyne.NewSize(640, 480))
	return c
}

func th() *theme.Theme { return theme.New(theme.PanelFor(image.Pt(1280, 720)), true) }

func text(s string, size float32, c color.NRGBA) *canvas.Text {
	return widget.Text(theme.Style{Size: size}, c, s)
}

func figure(number, unit string) fyne.CanvasObject {
	f := widget.NewFigure(th(), theme.Style{Size: 32}, fyne.TextAlignLeading)
	f.Set(number, unit)
	return f
}

// label is a label of words of the shell, or from outside.
func label(s string, own bool) fyne.CanvasObject {
	l := widget.NewLabel(th(), theme.Style{Size: 32}, theme.Night().Text, 1)
	if l.Set(s); own {
		l.Say(s, theme.Night().Text)
	}
	return l
}

func button(name string) fyne.CanvasObject {
	return widget.NewButton(th(), widget.IconPlus, "", name, nil)
}

// Each rule finds the screen that breaks it; the same screen put right has no
// finding at all.
func TestEachRuleFires(t *testing.T) {
	test.NewTempApp(t)
	p := theme.Night()
	white := p.Text
	grey := func() *canvas.Rectangle { return canvas.NewRectangle(p.Surface1) }
	for _, c := range []struct {
		name      string
		rule      lint.Rule
		bad, good func() fyne.CanvasObject
	}{
		{"grey on grey", lint.Contrast,
			func() fyne.CanvasObject {
				return at(text("Range", 32, color.NRGBA{0x50, 0x58, 0x60, 255}), 20, 100, 200, 44)
			},
			func() fyne.CanvasObject { return at(text("Range", 32, white), 20, 100, 200, 44) }},
		{"half on a bright plate", lint.Contrast,
			func() fyne.CanvasObject {
				return tree(at(canvas.NewRectangle(p.Accent), 60, 100, 60, 44), at(text("Range of car", 32, white), 20, 100, 300, 44))
			},
			func() fyne.CanvasObject {
				return tree(at(grey(), 60, 100, 60, 44), at(text("Range of car", 32, white), 20, 100, 300, 44))
			}},
		{"icon", lint.Contrast,
			func() fyne.CanvasObject { return at(widget.Icon(widget.IconFan, p.Surface3), 20, 100, 44, 44) },
			func() fyne.CanvasObject { return at(widget.Icon(widget.IconFan, p.Text), 20, 100, 44, 44) }},
		{"beneath a card", lint.Covered,
			func() fyne.CanvasObject {
				return tree(at(text("Range", 32, white), 20, 100, 200, 44), at(grey(), 30, 90, 200, 60))
			},
			func() fyne.CanvasObject {
				return tree(at(grey(), 30, 90, 200, 60), at(text("Range", 32, white), 20, 100, 200, 44))
			}},
		{"over another text", lint.Covered,
			func() fyne.CanvasObject {
				return tree(at(text("Range", 32, white), 20, 100, 200, 44), at(text("Charge", 32, white), 60, 110, 200, 44))
			},
			func() fyne.CanvasObject {
				return tree(at(text("Range", 32, white), 20, 100, 200, 44), at(text("Charge", 32, white), 20, 150, 200, 44))
			}},
		{"small text", lint.TextSize,
			func() fyne.CanvasObject { return at(text("Range", 23, white), 20, 100, 200, 44) },
			func() fyne.CanvasObject { return at(text("Range", 24, white), 20, 100, 200, 44) }},
		{"small text in the status bar", lint.TextSize,
			func() fyne.CanvasObject { return at(text("Range", 19, white), 20, 4, 200, 40) },
			func() fyne.CanvasObject { return at(text("Range", 20, white), 20, 4, 200, 40) }},
		{"too wide", lint.TextFit,
			func() fyne.CanvasObject { return at(text("Range of the car", 32, white), 20, 100, 100, 44) },
			func() fyne.CanvasObject { return at(text("Range of the car", 32, white), 20, 100, 300, 44) }},
		{"too high", lint.TextFit,
			func() fyne.CanvasObject { return at(text("Range", 32, white), 20, 100, 200, 20) },
			func() fyne.CanvasObject { return at(text("Range", 32, white), 20, 100, 200, 36) }},
		{"word beyond its button", lint.TextFit,
			func() fyne.CanvasObject {
				return at(widget.NewButton(th(), widget.IconLock, "Lock all doors", "lock", nil), 20, 100, 180, 80)
			},
			func() fyne.CanvasObject {
				return at(widget.NewButton(th(), widget.IconLock, "Lock all doors", "lock", nil), 20, 100, 250, 80)
			}},
		{"figure with its unit", lint.TextFit,
			func() fyne.CanvasObject { return at(figure("888", "km/h"), 20, 100, 100, 44) },
			func() fyne.CanvasObject { return at(figure("888", "km/h"), 20, 100, 140, 44) }},
		{"shortened", lint.TextFit,
			func() fyne.CanvasObject { return at(text("Range of…", 32, white), 20, 100, 300, 44) },
			func() fyne.CanvasObject { return at(text("Range of", 32, white), 20, 100, 300, 44) }},
		{"the shell's own words shortened", lint.TextFit,
			func() fyne.CanvasObject { return at(label("Range of the whole car", true), 20, 100, 150, 44) },
			func() fyne.CanvasObject { return at(label("Range of the whole car", false), 20, 100, 150, 44) }},
		{"cut off by the edge", lint.TextFit,
			func() fyne.CanvasObject { return at(text("Range", 32, white), 600, 100, 200, 44) },
			func() fyne.CanvasObject { return at(text("Range", 32, white), 400, 100, 200, 44) }},
		{"cut off by a scroller", lint.TextFit,
			func() fyne.CanvasObject {
				return at(container.NewScroll(tree(at(text("Range", 32, white), 60, 100, 200, 44))), 0, 0, 100, 300)
			},
			func() fyne.CanvasObject {
				return at(container.NewScroll(tree(at(text("Range", 32, white), 60, 100, 200, 44))), 0, 0, 300, 300)
			}},
		{"long", lint.TextLong,
			func() fyne.CanvasObject { return at(text(strings.Repeat("i", 121), 24, white), 0, 100, 2000, 44) },
			func() fyne.CanvasObject { return at(text(strings.Repeat("i", 50), 24, white), 0, 100, 600, 44) }},
		{"small icon", lint.IconSize,
			func() fyne.CanvasObject { return at(widget.Icon(widget.IconFan, p.Text), 20, 100, 23, 40) },
			func() fyne.CanvasObject { return at(widget.Icon(widget.IconFan, p.Text), 20, 100, 24, 40) }},
		{"icon beyond the edge", lint.Outside,
			func() fyne.CanvasObject { return at(widget.Icon(widget.IconFan, p.Text), 610, 100, 44, 44) },
			func() fyne.CanvasObject { return at(widget.Icon(widget.IconFan, p.Text), 590, 100, 44, 44) }},
		{"narrow target", lint.Target,
			func() fyne.CanvasObject { return at(button("more"), 20, 100, 75, 100) },
			func() fyne.CanvasObject { return at(button("more"), 20, 100, 76, 100) }},
		{"low target", lint.Target,
			func() fyne.CanvasObject { return at(button("more"), 20, 100, 100, 75) },
			func() fyne.CanvasObject { return at(button("more"), 20, 100, 100, 76) }},
		{"targets side by side", lint.Gap,
			func() fyne.CanvasObject {
				return tree(at(button("less"), 20, 100, 80, 80), at(button("more"), 107, 100, 80, 80))
			},
			func() fyne.CanvasObject {
				return tree(at(button("less"), 20, 100, 80, 80), at(button("more"), 108, 100, 80, 80))
			}},
		{"targets on each other", lint.Gap,
			func() fyne.CanvasObject {
				return tree(at(button("less"), 20, 100, 80, 80), at(button("more"), 60, 150, 80, 80))
			},
			func() fyne.CanvasObject {
				return tree(at(button("less"), 20, 100, 80, 80), at(button("more"), 20, 188, 80, 80))
			}},
		{"target beyond the edge", lint.Outside,
			func() fyne.CanvasObject { return at(button("more"), 560, 410, 80, 80) },
			func() fyne.CanvasObject { return at(button("more"), 560, 400, 80, 80) }},
		{"nameless target", lint.Unnamed,
			func() fyne.CanvasObject { return at(button(""), 20, 100, 80, 80) },
			func() fyne.CanvasObject { return at(button("more"), 20, 100, 80, 80) }},
	} {
		bad := lint.Check(tree(c.bad()), display)
		if !has(bad, c.rule) {
			t.Errorf("%s: got %v, want a finding of %s", c.name, bad, c.rule)
		}
		if got := lint.Check(tree(c.good()), display); len(got) != 0 {
			t.Errorf("%s put right: got %v, want none", c.name, got)
		}
	}
}

func has(fs []lint.Finding, r lint.Rule) bool {
	for _, f := range fs {
		if f.Rule == r {
			return true
		}
	}
	return false
}

// What is hidden is not looked at, and scale does not change the rules.
func TestHiddenAndScaled(t *testing.T) {
	test.NewTempApp(t)
	small := at(text("Range", 10, theme.Night().Text), 20, 100, 200, 44)
	small.Hide()
	if got := lint.Check(tree(small), display); len(got) != 0 {
		t.Errorf("hidden: got %v, want none", got)
	}
	d := lint.Display{Size: image.Pt(576, 432), Scale: 0.9}
	if got := lint.Check(tree(at(button("more"), 20, 100, 76, 76), at(text("Range", 24, theme.Night().Text), 20, 200, 200, 40)), d); len(got) != 0 {
		t.Errorf("at 0.9: got %v, want none", got)
	}
}

func TestDump(t *testing.T) {
	test.NewTempApp(t)
	b := widget.NewTile(th(), widget.IconAC, "A/C", "A/C", 0, nil)
	b.SetState(widget.State{On: true, Pending: true})
	got := lint.Dump(at(b, 10, 20, 100, 90))
	want := "control \"A/C\" on pending 10,20 100x90\nicon ac4fc3ff.svg 38,25 44x44\ntext \"A/C\" 24 4fc3ff 10,73 100x33\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What shows where a field is scrolled to is not a target of its own: the field
// is dragged; something else over it would be.
func TestFieldsScroll(t *testing.T) {
	test.NewTempApp(t)
	f := widget.NewField("note", 4000, func(string, int) {})
	root := tree(at(container.NewThemeOverride(f, th()), 16, 60, 400, 120))
	f.Fill(strings.Repeat("word ", 200))
	count := func() (n int) {
		for _, x := range lint.Check(root, display) {
			if x.Rule == lint.Target || x.Rule == lint.Unnamed || x.Rule == lint.Gap {
				n++
			}
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d findings of targets, want none", n)
	}
	root.(*fyne.Container).Add(at(button("near"), 420, 60, 80, 80))
	if n := count(); n != 1 {
		t.Errorf("a button 4 dp beside it: %d findings, want 1", n)
	}
}

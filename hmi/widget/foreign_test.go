package widget_test

import (
	"image"
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/lint"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// shown is the texts of an object that can be seen, from the top.
func shown(o fyne.CanvasObject) (all []string) {
	lint.Walk(o, func(o fyne.CanvasObject, _ fyne.Position) {
		if t, ok := o.(*canvas.Text); ok && t.Text != "" {
			all = append(all, t.Text)
		}
	})
	return all
}

// A text is shortened only where it must be, at a whole character, and is then
// no wider than its place.
func TestFit(t *testing.T) {
	test.NewTempApp(t)
	st := theme.Style{Size: 24}
	for _, text := range []string{"", "short", "a rather long title of something", "Ärgerübung mit Umlauten äöüÄÖÜ", "oneverylongwordwithoutanyspacesinit"} {
		for _, w := range []float32{0, 10, 60, 150, 1000} {
			got := widget.Fit(st, text, w)
			whole := widget.Width(st, text) <= w || text == ""
			if whole && got != text || !whole && !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
				t.Errorf("%q in %v: got %q", text, w, got)
			}
			if w >= 60 && widget.Width(st, got) > w {
				t.Errorf("%q in %v: got %q, which is %v wide", text, w, got, widget.Width(st, got))
			}
		}
	}
	if got := widget.FitLines(st, "one two three four five six", widget.Width(st, "one two"), 2); len(got) != 2 || got[0] != "one two" || !strings.HasPrefix(got[1], "three") || !strings.HasSuffix(got[1], "…") {
		t.Errorf("two lines: got %q", got)
	}
}

func TestLabelTellsItsOwnWords(t *testing.T) {
	test.NewTempApp(t)
	th := theme.New(theme.PanelFor(image.Pt(1280, 720)), true)
	l := widget.NewLabel(th, th.Panel.Type.Second, th.Text, 2)
	l.Set("The quick brown fox jumps over the lazy dog")
	l.Resize(fyne.NewSize(200, 100))
	if got := shown(l); len(got) != 2 || !strings.HasSuffix(got[1], "…") || !l.Foreign() {
		t.Errorf("a text from outside: got %q, foreign %v", got, l.Foreign())
	}
	l.Resize(fyne.NewSize(200, 40))
	if got := shown(l); len(got) != 1 {
		t.Errorf("room for one line: got %q", got)
	}
	if l.Say("Own", th.Text); l.Foreign() || l.Text() != "Own" {
		t.Error("the shell's own words count as foreign")
	}
}

// A talk shows its end; filled from the top it shows whole paragraphs only.
func TestTalk(t *testing.T) {
	test.NewTempApp(t)
	th := theme.New(theme.PanelFor(image.Pt(1280, 720)), true)
	paras := []widget.Para{{Text: "first"}, {Text: "a second one that needs more than a line"}, {Text: "third", Own: true}}
	talk := widget.NewTalk(th, 6)
	talk.Set(paras)
	talk.Resize(fyne.NewSize(300, 3*widget.Line(th.Panel.Type.Second)))
	if got := shown(talk); len(got) != 3 || got[2] != "third" || got[0] == "first" {
		t.Errorf("from the end: got %q", got)
	}
	top := widget.NewTalk(th, 6).Top()
	top.Set(paras)
	top.Resize(fyne.NewSize(300, 2*widget.Line(th.Panel.Type.Second)))
	if got := shown(top); len(got) != 2 || got[0] != "first" || got[1] != "third" {
		t.Errorf("from the top: got %q, want what has room as a whole", got)
	}
}

func TestRow(t *testing.T) {
	test.NewTempApp(t)
	th := theme.New(theme.PanelFor(image.Pt(1280, 720)), true)
	taps := 0
	r := widget.NewRow(th, func() { taps++ })
	r.Resize(fyne.NewSize(300, 80))
	r.Set(widget.IconBell, "A title that is much too long for its row", "below", true)
	if got := shown(r); len(got) != 2 || !strings.HasSuffix(got[0], "…") || got[1] != "below" {
		t.Errorf("got %q", got)
	}
	if r.Called() != "A title that is much too long for its row" {
		t.Errorf("called %q, want the whole title", r.Called())
	}
	r.Tapped(&fyne.PointEvent{})
	if taps != 1 {
		t.Errorf("%d taps, want 1", taps)
	}
}

// A bar is as long as its share, in whole dp, and never beyond its track.
func TestProgress(t *testing.T) {
	test.NewTempApp(t)
	th := theme.New(theme.PanelFor(image.Pt(1280, 720)), true)
	p := widget.NewProgress(th)
	p.Resize(fyne.NewSize(200, 16))
	for _, c := range []struct{ share, want float32 }{{0.5, 100}, {-1, 0}, {7, 200}, {0.333, 66}, {0.001, 0}} {
		p.Set(c.share)
		bar := test.WidgetRenderer(p).Objects()[1]
		if got := bar.Size().Width; bar.Visible() && got != c.want || bar.Visible() != (c.want > 0) {
			t.Errorf("%v: got %v, visible %v, want %v", c.share, got, bar.Visible(), c.want)
		}
	}
}

func TestEmpty(t *testing.T) {
	test.NewTempApp(t)
	th := theme.New(theme.PanelFor(image.Pt(800, 480)), false)
	e := widget.NewEmpty(th)
	e.Resize(fyne.NewSize(400, 280))
	e.Set(widget.Note{Glyph: widget.IconBell, Color: th.TextSecond, Title: "Nothing", Advice: "Some words that say at length what brings something here."}, "cause")
	if got := strings.Join(shown(e), " "); got != "cause Nothing Some words that say at length what brings something here." {
		t.Errorf("got %q", got)
	}
}

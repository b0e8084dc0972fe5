package paint_test

import (
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// gallery is Fyne's own widgets: clips, scrolls, shadows, icons, selections.
func gallery() fyne.CanvasObject {
	entry := widget.NewEntry()
	entry.SetText("typed text")
	check := widget.NewCheck("Check", nil)
	check.Checked = true
	slider := widget.NewSlider(0, 10)
	slider.Value = 4
	progress := widget.NewProgressBar()
	progress.Value = 0.37
	warn := widget.NewButtonWithIcon("Warning", theme.WarningIcon(), nil)
	warn.Importance = widget.WarningImportance
	off := widget.NewButton("Disabled", nil)
	off.Disable()
	list := widget.NewList(func() int { return 30 }, func() fyne.CanvasObject {
		return container.NewHBox(widget.NewIcon(theme.MediaMusicIcon()), widget.NewLabel("row of a list"))
	}, func(widget.ListItemID, fyne.CanvasObject) {})
	list.Select(2)
	rich := widget.NewRichTextFromMarkdown("# Title\n\nSome *emphasis*, **strong** and `code`.\n\n* one\n* two")
	form := container.NewVBox(entry, check, slider, progress, container.NewHBox(warn, off),
		widget.NewSelect([]string{"a"}, nil), widget.NewRadioGroup([]string{"left", "right"}, nil), widget.NewSeparator())
	tabs := container.NewAppTabs(container.NewTabItemWithIcon("First", theme.HomeIcon(), rich), container.NewTabItem("Second", widget.NewLabel("2")))
	scroll := container.NewScroll(widget.NewLabel("a\nvery\nlong\ntext\nthat\nmust\nbe\ncut\noff\nhere"))
	return container.NewHSplit(container.NewVSplit(form, scroll), container.NewVSplit(tabs, list))
}

// TestScreensEqualThoseOfFyne compares whole screens of widgets.
func TestScreensEqualThoseOfFyne(t *testing.T) {
	test.NewApp().Settings().SetTheme(dark{theme.DefaultTheme()})
	for _, scale := range []float32{1, 1.5} {
		for name, root := range map[string]fyne.CanvasObject{"gallery": gallery(), "dashboard": newDashboard().root} {
			size := image.Pt(int(dashWidth*scale), int(dashHeight*scale))
			root.Resize(fyne.NewSize(dashWidth, dashHeight))
			want := reference(size, scale, root)
			got := ours(size, scale, root)
			mean, worst, n := difference(want, got)
			t.Logf("%s at scale %v: mean %.3f, worst %d, over %d pixels", name, scale, mean, worst, n)
			if *dump != "" {
				save(t, name+"-fyne", want)
				save(t, name+"-ours", got)
			}
			if mean > parityLimit || n < 50_000 {
				t.Errorf("%s at scale %v: got a mean difference of %.2f over %d pixels, want at most %v over many", name, scale, mean, n, parityLimit)
			}
		}
	}
}

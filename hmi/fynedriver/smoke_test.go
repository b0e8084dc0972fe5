package fynedriver_test

import (
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

func TestShowsWidgetsAndTakesATap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taps := 0
		var b *widget.Button
		var e *widget.Entry
		r := start(t, 800, 480, func() fyne.CanvasObject {
			b = widget.NewButton("Press me", func() { taps++ })
			e = widget.NewEntry()
			return container.NewVBox(widget.NewLabel("Hello, Tandem"), b, e, widget.NewSlider(0, 10), widget.NewCheck("Check", nil))
		})
		time.Sleep(100 * time.Millisecond)
		r.tap(b)
		time.Sleep(100 * time.Millisecond)
		r.do(func() {
			if taps != 1 {
				t.Errorf("taps: got %d, want 1", taps)
			}
		})
		r.tap(e)
		time.Sleep(time.Second)
		r.s.dump(t, "smoke")
		r.stop()
	})
}

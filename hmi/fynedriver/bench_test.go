package fynedriver_test

import (
	"image/color"
	"strconv"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// BenchmarkFrame is a whole turn of the loop, from the wake to the presented
// picture, with a gauge and a number that change. The output is ready at once.
func BenchmarkFrame(b *testing.B) {
	numbers := make([]string, 240)
	for i := range numbers {
		numbers[i] = strconv.Itoa(i)
	}
	arc := canvas.NewArc(-135, 0, 0.88, color.White)
	text := canvas.NewText("0", color.White)
	text.TextSize, text.Alignment = 110, fyne.TextAlignCenter
	r := start(b, 1280, 720, func() fyne.CanvasObject { return container.NewStack(arc, text) })
	r.s.period = time.Microsecond
	n := 0
	r.do(func() {
		r.d.OnFrame(func(time.Time) {
			n++
			arc.EndAngle = -135 + float32(n%240)
			text.Text = numbers[n%240]
			arc.Refresh()
			text.Refresh()
		})
	})
	turn := func() {
		r.d.Wake()
		<-r.s.seen
	}
	for range 480 {
		turn()
	}
	b.ReportAllocs()
	for b.Loop() {
		turn()
	}
}

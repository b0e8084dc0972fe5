package shell

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/fynedriver"
	"tandem/hmi/screen"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// lampWindow is the producer of the telltale layer: a window of its own that
// lies over the status bar's lamps, so that a camera, a video or a stuck
// screen cannot cover them. The layer is hidden while no urgent lamp is lit.
type lampWindow struct {
	layer  Layer
	window *fynedriver.Window
	panel  theme.Panel
	area   widget.Box // of the lamps, in dp
	lamps  *widget.Lamps
	lit    hmi.Telltales
	shown  bool
}

func newLampWindow(d *fynedriver.Driver, l Layer, p theme.Panel) (*lampWindow, error) {
	w := &lampWindow{layer: l, panel: p, area: screen.LampStrip(p)}
	px := func(v float32) int { return int(math.Round(float64(v * p.Scale))) }
	at := image.Rect(px(w.area.X), px(w.area.Y), px(w.area.X+w.area.W), px(w.area.Y+w.area.H))
	var err error
	if w.window, err = d.NewWindow("telltales", at.Size(), p.Scale, l); err != nil {
		return nil, err
	}
	w.window.SetPadded(false)
	l.Place(at)
	l.Show(false)
	w.window.Show()
	return w, nil
}

// dress builds the lamps in a look.
func (w *lampWindow) dress(th *theme.Theme) {
	back := canvas.NewRectangle(th.Background)
	w.lamps = widget.NewLamps(th, screen.UrgentLamps(), screen.LampSize(w.panel), 1, true)
	w.window.SetContent(widget.Free(func(b widget.Box) {
		b.Place(back)
		b.Place(w.lamps)
	}, []fyne.CanvasObject{back, w.lamps}...))
	w.lamps.Set(w.lit)
}

// set lights lamps and shows the layer while an urgent one is lit.
func (w *lampWindow) set(lit hmi.Telltales) {
	w.lit = lit.Urgent()
	w.lamps.Set(w.lit)
	if on := w.lit != 0; on != w.shown {
		w.shown = on
		w.layer.Show(on)
	}
}

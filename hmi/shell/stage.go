// Package shell runs the screens: one snapshot of the car per frame, wishes to
// the car and their outcome, day and night, restrictions, and the telltales on
// a layer of their own. It does not know frames or buses.
package shell

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/screen"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// stage is the tree of widgets in one look: the fixed parts, the screens, the
// curtain that a new screen fades in from, and the toast. A change of look
// (day, night, units, language) builds another stage; everything that must
// survive is in the model and the state.
type stage struct {
	kit     *screen.Kit
	root    *fyne.Container
	fixed   []screen.Screen
	screens [hmi.Screens]screen.Screen
	present hmi.Screen
	content *fyne.Container
	curtain *canvas.Rectangle
	fade    time.Time // when the present screen came; zero: no fade runs
	toast   *widget.Toast
}

// newStage builds the fixed parts and the first screen.
func newStage(k *screen.Kit, first hmi.Screen) *stage {
	th := k.Theme
	s := &stage{kit: k, present: -1, content: widget.Free(func(widget.Box) {}), toast: widget.NewToast(th), curtain: canvas.NewRectangle(th.Background)}
	s.curtain.Hide()
	back := canvas.NewRectangle(th.Background)
	status, dock, strip := screen.NewStatus(k), screen.NewDock(k), screen.NewStrip(k)
	s.fixed = []screen.Screen{status, dock, strip}
	objects := []fyne.CanvasObject{back, s.content, s.curtain, status.Object(), dock.Object(), strip.Object()}
	var cluster fyne.CanvasObject
	if th.Panel.Class == theme.Wide {
		c := screen.NewCluster(k)
		s.fixed = append(s.fixed, c)
		cluster = c.Object()
		objects = append(objects, cluster)
	}
	s.root = widget.Free(func(b widget.Box) {
		p := th.Panel
		b.Place(back)
		top, b := b.Top(p.Status, 0)
		top.Place(status.Object())
		screen.DockBox(p).Place(dock.Object())
		if p.Class == theme.Compact {
			_, b = b.Left(p.Dock, 0)
		}
		foot, b := b.Bottom(p.Climate, 0)
		foot.Place(strip.Object())
		if p.Class != theme.Compact {
			_, b = b.Left(p.Dock, 0)
		}
		if cluster != nil {
			var left widget.Box
			left, b = b.Left(p.Instruments, 0)
			left.Place(cluster)
		}
		b.Place(s.content, s.curtain)
		for _, o := range s.content.Objects {
			o.Resize(b.Size())
		}
		t, _ := b.Bottom(96, 0)
		t.Y -= theme.Space4
		t.Centre(min(760, t.W-2*theme.Space5), 96).Place(s.toast)
	}, append(objects, s.toast)...)
	s.show(first, time.Time{})
	return s
}

// show brings a screen; now is when its fade begins, the zero time for none.
func (s *stage) show(which hmi.Screen, now time.Time) {
	if which == s.present {
		return
	}
	if s.present >= 0 {
		s.screens[s.present].Object().Hide()
	}
	s.present = which
	if s.screens[which] == nil {
		s.screens[which] = screen.New(s.kit, which)
		o := s.screens[which].Object()
		s.content.Add(o)
		o.Resize(s.content.Size())
	}
	s.screens[which].Object().Show()
	if s.kit.Theme.Screen > 0 && !now.IsZero() {
		s.fade = now
		s.drawCurtain(0)
	}
}

// update shows a view on everything that can be seen.
func (s *stage) update(v *screen.View) {
	for _, f := range s.fixed {
		f.Update(v)
	}
	s.screens[s.present].Update(v)
}

// tick moves what moves and reports whether something still does.
func (s *stage) tick(now time.Time) bool {
	moving := s.screens[s.present].Tick(now)
	for _, f := range s.fixed {
		if f.Tick(now) {
			moving = true
		}
	}
	if !s.fade.IsZero() {
		t := float32(now.Sub(s.fade)) / float32(s.kit.Theme.Screen)
		if t >= 1 || t < 0 {
			s.fade = time.Time{}
			s.curtain.Hide()
		} else {
			s.drawCurtain(t)
			moving = true
		}
	}
	return moving
}

// drawCurtain covers the content less and less: Fyne has no group opacity, so
// a screen fades in from the background instead of across.
func (s *stage) drawCurtain(t float32) {
	c := s.kit.Theme.Background
	c.A = uint8(255 * (1 - theme.Ease(t)))
	s.curtain.FillColor = c
	if !s.curtain.Visible() {
		s.curtain.Show()
	}
	s.curtain.Refresh()
}

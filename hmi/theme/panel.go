package theme

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	ftheme "fyne.io/fyne/v2/theme"
)

// Style is one step of the type scale.
type Style struct {
	Size float32 // dp
	Bold bool
}

// Face is the font of the style. Texts carry their face instead of asking the
// Fyne theme for it, because the latter searches the system's fonts first.
// Noto Sans has tabular digits, so numbers do not jump.
func (s Style) Face() fyne.Resource {
	if s.Bold {
		return ftheme.DefaultTextBoldFont()
	}
	return ftheme.DefaultTextFont()
}

// Type is the type scale of a panel. Nothing but Status is below 24 dp.
type Type struct {
	Gauge    Style // speed
	Display  Style // one number that a screen is about
	Headline Style // numbers of a card
	Title    Style // screen titles, set temperatures
	Body     Style // what is read first in a row
	Second   Style // captions, units, advice: the least decisive size
	Status   Style // status bar captions
}

// Class is the shape of a panel, which decides the arrangement.
type Class int

// Classes.
const (
	Standard Class = iota // 1280x720
	Wide                  // 1920x720: instruments always at the left
	Compact               // 800x480
)

func (c Class) String() string {
	return [...]string{"standard", "wide", "compact"}[min(max(c, 0), Compact)]
}

// Panel is the measures of one panel size, in dp.
//
//	+------------------------ Status ------------------------+
//	| Dock | Instruments (wide only) |        content        |
//	|      |                         |  Margin around it     |
//	+------------------------ Climate -----------------------+
//
// A Compact panel lets the dock reach down to the edge, because five targets
// of 76 dp with their gaps do not fit above the climate strip.
type Panel struct {
	Class       Class
	Pixels      image.Point
	Scale       float32 // pixels per dp
	Size        fyne.Size
	Status      float32 // height of the status bar
	Dock        float32 // width of the dock
	Climate     float32 // height of the climate strip
	Instruments float32 // width of the fixed instruments; 0: none
	Margin      float32 // around the content
	Gap         float32 // between cards
	Pad         float32 // inside cards
	Button      fyne.Size
	Icon        float32
	Type        Type
}

// PanelFor is the panel for a display of so many pixels. Sizes between the
// designed ones take the nearest design, scaled so that it fits.
//
// 800x480 is a 7 inch panel with 5.2 px/mm: 0.9 px per dp keeps a target of
// 76 dp at 13 mm and a text of 24 dp at 12 arc minutes, the same as on the
// larger panels, and leaves 889x533 dp to arrange. So the compact panel does
// not shrink what a finger or an eye needs; it shows less at a time.
func PanelFor(px image.Point) Panel {
	w, h := float32(px.X), float32(px.Y)
	var p Panel
	switch {
	case w < 1100 || h < 600:
		p = compact()
	case w >= 1680:
		p = wide()
	default:
		p = standard()
	}
	p.Pixels = px
	p.Scale = min(w/p.Size.Width, h/p.Size.Height)
	p.Size = fyne.NewSize(w/p.Scale, h/p.Scale)
	return p
}

// Content is the size of the area that belongs to a screen, margins included.
func (p Panel) Content() fyne.Size {
	return fyne.NewSize(p.Size.Width-p.Dock-p.Instruments, p.Size.Height-p.Status-p.Climate)
}

func standard() Panel {
	return Panel{
		Class: Standard, Size: fyne.NewSize(1280, 720),
		Status: 48, Dock: 104, Climate: 104, Margin: 24, Gap: 16, Pad: 24,
		Button: fyne.NewSize(80, 80), Icon: IconPrimary,
		Type: Type{
			Gauge: Style{112, true}, Display: Style{72, false}, Headline: Style{48, false}, Title: Style{40, false},
			Body: Style{28, false}, Second: Style{24, false}, Status: Style{TextStatus, false},
		},
	}
}

func wide() Panel {
	p := standard()
	p.Class, p.Size = Wide, fyne.NewSize(1920, 720)
	p.Dock, p.Instruments, p.Margin = 112, 480, 16
	return p
}

func compact() Panel {
	p := standard()
	p.Class, p.Size = Compact, fyne.NewSize(800/0.9, 480/0.9)
	p.Status, p.Dock, p.Climate = 44, 96, 92
	p.Margin, p.Gap, p.Pad = 12, 12, 16
	p.Button, p.Icon = fyne.NewSize(76, 76), IconSecond
	p.Type.Gauge = Style{88, true}
	p.Type.Display, p.Type.Headline, p.Type.Title, p.Type.Body = Style{56, false}, Style{36, false}, Style{32, false}, Style{24, false}
	return p
}

// Motion is how long things take. The zero value does not move at all, which
// is reduced motion.
type Motion struct {
	State  time.Duration // a control changes state
	Sheet  time.Duration // a card or sheet comes in
	Screen time.Duration // one screen follows another
	Gauge  time.Duration // time constant of critically damped pointers
	Toast  time.Duration // how long a message stays; not a motion
}

// DefaultMotion is the motion of the design.
func DefaultMotion() Motion {
	return Motion{
		State: 120 * time.Millisecond, Sheet: 200 * time.Millisecond, Screen: 250 * time.Millisecond,
		Gauge: 80 * time.Millisecond, Toast: 5 * time.Second,
	}
}

// ReducedMotion is no motion: everything is at its end at once.
func ReducedMotion() Motion { return Motion{Toast: 5 * time.Second} }

// Ease is the standard easing, cubic-bezier(0.2, 0, 0, 1), for t from 0 to 1.
func Ease(t float32) float32 {
	if t <= 0 {
		return 0
	}
	if t >= 1 {
		return 1
	}
	lo, hi := float32(0), float32(1)
	for range 20 {
		u := (lo + hi) / 2
		if bezier(u, 0.2, 0) < t {
			lo = u
		} else {
			hi = u
		}
	}
	return bezier((lo+hi)/2, 0, 1)
}

// bezier is one coordinate of the curve from 0 to 1 with the control values a, b.
func bezier(u, a, b float32) float32 {
	v := 1 - u
	return 3*v*v*u*a + 3*v*u*u*b + u*u*u
}

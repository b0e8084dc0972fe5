// Package lint looks at a screen as a person in a moving car must be able to:
// contrast of texts and icons against what really lies beneath them, size and
// distance of what can be touched, size and fit of texts. It works on the
// display list of hmi/paint and on the object tree, and knows no screen.
package lint

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/paint"
	"tandem/hmi/theme"
)

// Rule names a check.
type Rule string

// Rules.
const (
	Contrast Rule = "contrast" // below 4.5:1 against the worst pixel beneath
	Covered  Rule = "covered"  // a text lies under something, or over another text
	TextSize Rule = "textsize" // below 24 dp; 20 in the status bar
	TextFit  Rule = "textfit"  // wider or higher than its place, cut off, or shortened
	TextLong Rule = "textlong" // more than 120 characters
	IconSize Rule = "iconsize" // below 24 dp
	Target   Rule = "target"   // below 76x76 dp
	Gap      Rule = "gap"      // less than 8 dp to the next target
	Outside  Rule = "outside"  // not wholly on the screen
	Unnamed  Rule = "unnamed"  // a target that says nothing when spoken
)

// Finding is one thing that is not as it must be.
type Finding struct {
	Rule   Rule
	What   string // the text, icon or control
	Detail string // what was measured, and where in dp
}

func (f Finding) String() string { return fmt.Sprintf("%s: %q %s", f.Rule, f.What, f.Detail) }

// Display is what a screen is shown on.
type Display struct {
	Size   image.Point // pixels
	Scale  float32     // pixels per dp
	Status float32     // height in dp of the status bar at the top, where captions of 20 dp are allowed
}

// Check looks at an object tree that is laid out at the upper left of the
// display. It needs a current Fyne app, for measuring texts.
func Check(root fyne.CanvasObject, d Display) []Finding {
	c := &check{d: d, scale: d.Scale, touch: map[fyne.Widget]image.Rectangle{}}
	Walk(root, func(o fyne.CanvasObject, pos fyne.Position) {
		if w, ok := o.(fyne.Widget); ok {
			if _, ok := o.(fyne.Tappable); ok {
				c.touch[w] = c.pixels(pos, o.Size())
			}
		}
	})
	p := paint.New(paint.Config{Size: d.Size, Scale: d.Scale})
	p.Frame(root)
	p.Inspect(func(it *paint.Item, below paint.Picture) bool {
		c.item(it, below)
		return true
	})
	c.targets(root)
	return c.found
}

type check struct {
	d     Display
	scale float32
	found []Finding
	inks  []ink
	touch map[fyne.Widget]image.Rectangle // controls and where they are
}

// ink is a text that was drawn: the box of its letters in pixels.
type ink struct {
	text string
	box  image.Rectangle
	told bool
}

func (c *check) add(r Rule, what, format string, a ...any) {
	c.found = append(c.found, Finding{r, what, fmt.Sprintf(format, a...)})
}

// pixels is the area of an object.
func (c *check) pixels(pos fyne.Position, s fyne.Size) image.Rectangle {
	px := func(v float32) int { return int(v*c.scale + 0.5) }
	return image.Rect(px(pos.X), px(pos.Y), px(pos.X+s.Width), px(pos.Y+s.Height))
}

// at is a place in dp for a person.
func (c *check) at(r image.Rectangle) string {
	return fmt.Sprintf("at %.0f,%.0f", float32(r.Min.X)/c.scale, float32(r.Min.Y)/c.scale)
}

func (c *check) item(it *paint.Item, below paint.Picture) {
	switch it.Kind {
	case paint.Text:
		c.textItem(it, below)
	case paint.Image:
		c.iconItem(it, below)
	default:
		c.covers(it)
	}
}

func (c *check) textItem(it *paint.Item, below paint.Picture) {
	s := it.Text()
	if strings.TrimSpace(s) == "" {
		return
	}
	box := inkBox(it)
	least := theme.TextMin
	if float32(it.Bounds.Max.Y) <= c.d.Status*c.scale+1 {
		least = theme.TextStatus
	}
	if it.TextSize() < least {
		c.add(TextSize, s, "%.0f dp, at least %.0f %s", it.TextSize(), least, c.at(box))
	}
	if n := utf8.RuneCountInString(s); n > theme.StringMax {
		c.add(TextLong, s, "%d characters, at most %d", n, theme.StringMax)
	}
	if (strings.HasSuffix(s, "…") || strings.HasSuffix(s, "...")) && !foreign(it.Widget) {
		c.add(TextFit, s, "shortened %s", c.at(box))
	}
	if !box.In(it.Clip) {
		c.add(TextFit, s, "cut off %s", c.at(box))
	}
	if t, ok := it.Object.(*canvas.Text); ok {
		need, has := t.MinSize(), t.Size()
		if need.Width > has.Width+1 {
			c.add(TextFit, s, "%.0f dp wide in a place of %.0f %s", need.Width, has.Width, c.at(box))
		}
		if need.Height > has.Height+it.TextSize()*0.36 { // what is above and below the letters
			c.add(TextFit, s, "%.0f dp high in a place of %.0f %s", need.Height, has.Height, c.at(box))
		}
	}
	if plate, ok := c.touch[it.Widget]; ok && !box.In(plate.Inset(int(theme.Space1*c.scale))) {
		c.add(TextFit, s, "too near the edge of its control, or beyond it %s", c.at(box))
	}
	if worst := worst(below, box, it.Fill); worst < theme.ContrastMin {
		c.add(Contrast, s, "%.2f, at least %.1f %s", worst, theme.ContrastMin, c.at(box))
	}
	for i := range c.inks {
		if o := &c.inks[i]; !o.told && o.box.Overlaps(box) {
			o.told = true
			c.add(Covered, s, "over %q %s", o.text, c.at(box))
		}
	}
	c.inks = append(c.inks, ink{text: s, box: box})
}

// foreign reports whether a widget's words are from outside: the shell cannot
// choose shorter ones.
func foreign(w fyne.Widget) bool {
	f, ok := w.(interface{ Foreign() bool })
	return ok && f.Foreign()
}

// covers reports texts that an opaque shape was painted over.
func (c *check) covers(it *paint.Item) {
	if it.Fill.A < 128 || it.Kind == paint.Line {
		return
	}
	for i := range c.inks {
		if o := &c.inks[i]; !o.told && o.box.Overlaps(it.Visible()) {
			if it.Kind == paint.Arc || it.Kind == paint.Circle {
				continue // their boxes are mostly empty
			}
			o.told = true
			c.add(Covered, o.text, "by a %v %s", it.Kind, c.at(o.box))
		}
	}
}

func (c *check) iconItem(it *paint.Item, below paint.Picture) {
	im, ok := it.Object.(*canvas.Image)
	if !ok || im.Resource == nil {
		return
	}
	name := im.Resource.Name()
	ink, ok := iconColour(name)
	if !ok {
		return
	}
	if s := im.Size(); min(s.Width, s.Height) < theme.IconTertiary {
		c.add(IconSize, name, "%.0f dp, at least %.0f %s", min(s.Width, s.Height), theme.IconTertiary, c.at(it.Bounds))
	}
	if !it.Bounds.In(image.Rectangle{Max: c.d.Size}) {
		c.add(Outside, name, "%s", c.at(it.Bounds))
	}
	if w := worst(below, it.Visible(), ink); w < theme.ContrastMin {
		c.add(Contrast, name, "%.2f, at least %.1f %s", w, theme.ContrastMin, c.at(it.Bounds))
	}
}

// iconColour is the colour at the end of an icon's resource name:
// "fan4fc3ff.svg".
func iconColour(name string) (color.NRGBA, bool) {
	base, ok := strings.CutSuffix(name, ".svg")
	if !ok || len(base) < 7 {
		return color.NRGBA{}, false
	}
	v, err := strconv.ParseUint(base[len(base)-6:], 16, 32)
	if err != nil {
		return color.NRGBA{}, false
	}
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}, true
}

// inkBox is the part of a text's line that letters without accents fill.
func inkBox(it *paint.Item) image.Rectangle {
	h := float32(it.Bounds.Dy())
	r := it.Bounds
	r.Min.Y += int(h * 0.26)
	r.Max.Y -= int(h * 0.20)
	if r.Dx() > 4 {
		r.Min.X, r.Max.X = r.Min.X+1, r.Max.X-2
	}
	return r
}

// worst is the least contrast of a colour against the pixels of a picture. A
// few pixels, the smoothed edge of a shape, do not count.
func worst(below paint.Picture, r image.Rectangle, c color.NRGBA) float64 {
	r = r.Intersect(image.Rectangle{Max: below.Size})
	counts := map[uint32]int{}
	run, last := 0, uint32(0)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			cr, cg, cb := below.At(x, y)
			if p := uint32(cr)<<16 | uint32(cg)<<8 | uint32(cb); p != last {
				counts[last] += run
				run, last = 0, p
			}
			run++
		}
	}
	counts[last] += run
	least := 21.0
	few := max(2, r.Dx()*r.Dy()/200)
	for p, n := range counts {
		if n > few {
			least = min(least, theme.Contrast(c, color.NRGBA{R: uint8(p >> 16), G: uint8(p >> 8), B: uint8(p), A: 255}))
		}
	}
	return least
}

// target is something that can be touched.
type target struct {
	name string
	pos  fyne.Position
	size fyne.Size
}

// within reports whether a target lies in another.
func (t target) within(o target) bool {
	return t.pos.X >= o.pos.X && t.pos.Y >= o.pos.Y && t.pos.X+t.size.Width <= o.pos.X+o.size.Width+1 && t.pos.Y+t.size.Height <= o.pos.Y+o.size.Height+1
}

// targets checks everything that takes a tap, and widgets that say how much
// room they need.
func (c *check) targets(root fyne.CanvasObject) {
	var all, fields []target
	Walk(root, func(o fyne.CanvasObject, pos fyne.Position) {
		if n, ok := o.(interface {
			Needs() float32
			Number() string
		}); ok && n.Needs() > o.Size().Width+1 {
			c.add(TextFit, n.Number(), "with its unit %.0f dp wide in a place of %.0f at %.0f,%.0f", n.Needs(), o.Size().Width, pos.X, pos.Y)
		}
		if _, ok := o.(fyne.Tappable); !ok {
			return
		}
		t := target{pos: pos, size: o.Size()}
		if _, ok := o.(mobile.Keyboardable); ok {
			fields = append(fields, t)
		} else if slices.ContainsFunc(fields, t.within) {
			return // a bar that shows where a field is scrolled to: the field itself is dragged
		}
		if n, ok := o.(interface{ Called() string }); ok {
			t.name = n.Called()
		}
		if t.name == "" {
			t.name = fmt.Sprintf("%T", o)
			c.add(Unnamed, t.name, "at %.0f,%.0f", pos.X, pos.Y)
		}
		all = append(all, t)
	})
	w, h := float32(c.d.Size.X)/c.scale, float32(c.d.Size.Y)/c.scale
	const eps = 0.01
	for i, t := range all {
		if t.size.Width < theme.TargetMin-eps || t.size.Height < theme.TargetMin-eps {
			c.add(Target, t.name, "%.0fx%.0f dp, at least %.0fx%.0f, at %.0f,%.0f", t.size.Width, t.size.Height, theme.TargetMin, theme.TargetMin, t.pos.X, t.pos.Y)
		}
		if t.pos.X < -eps || t.pos.Y < -eps || t.pos.X+t.size.Width > w+eps || t.pos.Y+t.size.Height > h+eps {
			c.add(Outside, t.name, "%.0fx%.0f at %.0f,%.0f", t.size.Width, t.size.Height, t.pos.X, t.pos.Y)
		}
		for _, o := range all[i+1:] {
			dx := max(o.pos.X-t.pos.X-t.size.Width, t.pos.X-o.pos.X-o.size.Width)
			dy := max(o.pos.Y-t.pos.Y-t.size.Height, t.pos.Y-o.pos.Y-o.size.Height)
			if gap := max(dx, dy); gap < theme.TargetGap-eps {
				c.add(Gap, t.name, "%.1f dp to %q, at least %.0f, at %.0f,%.0f", gap, o.name, theme.TargetGap, t.pos.X, t.pos.Y)
			}
		}
	}
}

// Walk visits everything visible in an object tree, parents first, with its
// place on the canvas.
func Walk(root fyne.CanvasObject, visit func(o fyne.CanvasObject, pos fyne.Position)) {
	var walk func(o fyne.CanvasObject, off fyne.Position)
	walk = func(o fyne.CanvasObject, off fyne.Position) {
		if o == nil || !o.Visible() {
			return
		}
		pos := off.Add(o.Position())
		visit(o, pos)
		switch v := o.(type) {
		case *fyne.Container:
			for _, x := range v.Objects {
				walk(x, pos)
			}
		case fyne.Widget:
			for _, x := range test.WidgetRenderer(v).Objects() {
				walk(x, pos)
			}
		}
	}
	walk(root, fyne.Position{})
}

// Dump writes what a person sees and can touch as text, one line each, for
// golden files: controls with their state, texts, icons.
func Dump(root fyne.CanvasObject) string {
	var b strings.Builder
	Walk(root, func(o fyne.CanvasObject, pos fyne.Position) {
		place := fmt.Sprintf("%.0f,%.0f %.0fx%.0f", pos.X, pos.Y, o.Size().Width, o.Size().Height)
		switch v := o.(type) {
		case *canvas.Text:
			if v.Text != "" {
				r, g, bl, _ := v.Color.RGBA()
				fmt.Fprintf(&b, "text %q %.0f %02x%02x%02x %s\n", v.Text, v.TextSize, r>>8, g>>8, bl>>8, place)
			}
		case *canvas.Image:
			if v.Resource != nil {
				fmt.Fprintf(&b, "icon %s %s\n", v.Resource.Name(), place)
			}
		case *canvas.Arc:
			fmt.Fprintf(&b, "arc %.0f..%.0f %s\n", v.StartAngle, v.EndAngle, place)
		case interface {
			Called() string
			Status() string
		}:
			fmt.Fprintf(&b, "control %q%s %s\n", v.Called(), v.Status(), place)
		}
	})
	return b.String()
}

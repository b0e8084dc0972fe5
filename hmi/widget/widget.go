// Package widget holds the car's widgets: gauges, buttons, steppers, tiles and
// cards, drawn with Fyne's canvas objects from the tokens of hmi/theme. A
// widget is told what to show and says when it was touched; it knows no car,
// no screen and no language. Setting what is already shown costs nothing.
//
// A look (day, night, size) is fixed when a widget is made; the shell makes
// the widgets anew when it changes.
package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"tandem/hmi/theme"
)

// Box is a rectangle in dp that layouts cut pieces from.
type Box struct{ X, Y, W, H float32 }

// BoxOf is the whole of a size.
func BoxOf(s fyne.Size) Box { return Box{0, 0, s.Width, s.Height} }

// Inset is the box without a border on each side.
func (b Box) Inset(x, y float32) Box { return Box{b.X + x, b.Y + y, b.W - 2*x, b.H - 2*y} }

// Top cuts h and a gap from the top: the piece and what is left.
func (b Box) Top(h, gap float32) (piece, rest Box) {
	return Box{b.X, b.Y, b.W, h}, Box{b.X, b.Y + h + gap, b.W, b.H - h - gap}
}

// Bottom cuts h and a gap from the bottom: the piece and what is left.
func (b Box) Bottom(h, gap float32) (piece, rest Box) {
	return Box{b.X, b.Y + b.H - h, b.W, h}, Box{b.X, b.Y, b.W, b.H - h - gap}
}

// Left cuts w and a gap from the left: the piece and what is left.
func (b Box) Left(w, gap float32) (piece, rest Box) {
	return Box{b.X, b.Y, w, b.H}, Box{b.X + w + gap, b.Y, b.W - w - gap, b.H}
}

// Right cuts w and a gap from the right: the piece and what is left.
func (b Box) Right(w, gap float32) (piece, rest Box) {
	return Box{b.X + b.W - w, b.Y, w, b.H}, Box{b.X, b.Y, b.W - w - gap, b.H}
}

// Column is the i-th of n equal columns with gaps.
func (b Box) Column(i, n int, gap float32) Box {
	w := (b.W - gap*float32(n-1)) / float32(n)
	return Box{b.X + float32(i)*(w+gap), b.Y, w, b.H}
}

// Row is the i-th of n equal rows with gaps.
func (b Box) Row(i, n int, gap float32) Box {
	h := (b.H - gap*float32(n-1)) / float32(n)
	return Box{b.X, b.Y + float32(i)*(h+gap), b.W, h}
}

// Centre is a box of the size in the middle.
func (b Box) Centre(w, h float32) Box {
	return Box{b.X + (b.W-w)/2, b.Y + (b.H-h)/2, w, h}
}

// Size is the size of the box.
func (b Box) Size() fyne.Size { return fyne.NewSize(b.W, b.H) }

// Place moves and resizes objects to the box. Texts are centred vertically by
// Fyne, and horizontally as their Alignment says.
func (b Box) Place(objects ...fyne.CanvasObject) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(b.W, b.H))
		o.Move(fyne.NewPos(b.X, b.Y))
	}
}

// free is a layout by a function.
type free struct {
	min   fyne.Size
	place func(Box)
}

func (f free) MinSize([]fyne.CanvasObject) fyne.Size        { return f.min }
func (f free) Layout(_ []fyne.CanvasObject, size fyne.Size) { f.place(BoxOf(size)) }

// Free is a container whose children are placed by a function.
func Free(place func(Box), objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(free{place: place}, objects...)
}

// Text is a text in a style. It carries its own face; see theme.Style.
func Text(s theme.Style, c color.NRGBA, text string) *canvas.Text {
	t := canvas.NewText(text, c)
	t.TextSize, t.FontSource = s.Size, s.Face()
	return t
}

// CentreText is a Text that is centred in its box.
func CentreText(s theme.Style, c color.NRGBA, text string) *canvas.Text {
	t := Text(s, c, text)
	t.Alignment = fyne.TextAlignCenter
	return t
}

// SetText changes a text and its colour if they are others.
func SetText(t *canvas.Text, text string, c color.NRGBA) {
	old, ok := t.Color.(color.NRGBA)
	if !ok || old != c {
		t.Color = c // allocates
	} else if t.Text == text {
		return
	}
	t.Text = text
	t.Refresh()
}

// Width is how wide a text would be.
func Width(s theme.Style, text string) float32 {
	size, _ := fyne.CurrentApp().Driver().RenderedTextSize(text, s.Size, fyne.TextStyle{}, s.Face())
	return size.Width
}

// Line is the height of a line of the style.
func Line(s theme.Style) float32 { return s.Size * 1.3625 }

// Wrap breaks a text at spaces into lines that are no wider than w. A word
// that is wider stays whole; hmi/lint reports it.
func Wrap(s theme.Style, text string, w float32) []string {
	var lines []string
	line := ""
	for _, word := range fields(text) {
		switch {
		case line == "":
			line = word
		case Width(s, line+" "+word) <= w:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// fields splits at plain spaces only: a no-break space keeps words together.
func fields(s string) (out []string) {
	start := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' {
			if i > start {
				out = append(out, s[start:i])
			}
			start = i + 1
		}
	}
	return out
}

// Plate is a filled rectangle with round corners.
func Plate(c color.NRGBA, radius float32) *canvas.Rectangle {
	r := canvas.NewRectangle(c)
	r.CornerRadius = radius
	return r
}

// setFill changes the colour of a rectangle if it is another.
func setFill(r *canvas.Rectangle, c color.NRGBA) {
	if old, ok := r.FillColor.(color.NRGBA); ok && old == c {
		return
	}
	r.FillColor = c
	r.Refresh()
}

// setVisible shows or hides an object if it is not so yet.
func setVisible(o fyne.CanvasObject, on bool) {
	if o.Visible() == on {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}

// renderer draws a widget that keeps its objects itself.
type renderer struct {
	objects []fyne.CanvasObject
	layout  func(Box)
	min     fyne.Size
}

func (r *renderer) Layout(s fyne.Size)           { r.layout(BoxOf(s)) }
func (r *renderer) MinSize() fyne.Size           { return r.min }
func (r *renderer) Refresh()                     {}
func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *renderer) Destroy()                     {}

// TextOf is an object that is known to be a text.
func TextOf(o fyne.CanvasObject) *canvas.Text {
	t, _ := o.(*canvas.Text)
	return t
}

package widget_test

import (
	"image"
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"rsc.io/qr"

	"tandem/hmi/paint"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// Each module of a code is a square of whole pixels, dark on light by day and
// night, with at least four modules of light around; at any size of panel.
func TestCodeIsCrisp(t *testing.T) {
	test.NewTempApp(t)
	const text = "tandem:1?k=Zm9yIGEgdGVzdCBvbmx5&s=MTIzNDU2Nzg5MGFiY2RlZg"
	want, err := qr.Encode(text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []image.Point{{X: 1280, Y: 720}, {X: 800, Y: 480}, {X: 1024, Y: 600}} {
		for _, night := range []bool{true, false} {
			th := theme.New(theme.PanelFor(size), night)
			c := widget.NewCode(th)
			c.Set(text)
			side := float32(333)
			c.Resize(fyne.NewSize(side, side))
			p := paint.New(paint.Config{Size: size, Scale: th.Panel.Scale})
			p.Frame(c)
			img := p.Picture().RGBA()
			lum := func(x, y int) float64 {
				k := img.RGBAAt(x, y)
				return theme.Luminance(rgb(k.R, k.G, k.B))
			}
			px := int(side * th.Panel.Scale)
			each := px / (want.Size + 8)
			x0, y0 := firstDark(px, lum)
			if x0 < 4*each || y0 < 4*each {
				t.Errorf("%v night %v: %d pixels of light at the edge, want at least %d", size, night, min(x0, y0), 4*each)
			}
			for y := range want.Size * each {
				for x := range want.Size * each {
					l := lum(x0+x, y0+y)
					if dark := want.Black(x/each, y/each); dark != (l < 0.1) || !dark && l < 0.2 {
						t.Fatalf("%v night %v: pixel %d,%d has luminance %.2f, dark %v", size, night, x, y, l, dark)
					}
				}
			}
		}
	}
}

// firstDark is the upper left corner of the code.
func firstDark(px int, lum func(x, y int) float64) (x0, y0 int) {
	for i := range px { // the finder pattern's corner lies on the diagonal
		if i > px/20 && lum(i, i) < 0.1 {
			return i, i
		}
	}
	return 0, 0
}

func TestCodeOfNothing(t *testing.T) {
	test.NewTempApp(t)
	th := theme.New(theme.PanelFor(image.Pt(1280, 720)), true)
	c := widget.NewCode(th)
	c.Resize(fyne.NewSize(300, 300))
	p := paint.New(paint.Config{Size: image.Pt(1280, 720), Scale: 1})
	for _, text := range []string{"x", ""} {
		c.Set(text)
		p.Frame(c)
		if got, want := len(p.Items()) > 0, text != ""; got != want {
			t.Errorf("%q: anything drawn %v, want %v", text, got, want)
		}
	}
	c.Set(string(make([]byte, 5000)))
	if p.Frame(c); len(p.Items()) != 0 {
		t.Error("a text that is too long for any code draws something")
	}
}

func rgb(r, g, b uint8) color.NRGBA { return color.NRGBA{R: r, G: g, B: b, A: 255} }

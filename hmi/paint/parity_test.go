package paint_test

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"

	"tandem/hmi/paint"
)

var dump = flag.String("dump", "", "folder to write pictures of Fyne's painter and ours to")

var (
	ground = color.NRGBA{0x17, 0x1d, 0x26, 0xff}
	blue   = color.NRGBA{0x4f, 0xc3, 0xff, 0xff}
	glass  = color.NRGBA{0xff, 0x52, 0x52, 0x80}
	faint  = color.NRGBA{0xff, 0xff, 0xff, 0x21}
	white  = color.NRGBA{0xf2, 0xf5, 0xf8, 0xff}
)

// parityCase is one object, placed and sized.
type parityCase struct {
	name string
	o    fyne.CanvasObject
	pos  fyne.Position
	size fyne.Size
	// limit replaces 2/255 where Fyne itself draws what the object does not
	// say; why tells what.
	limit float64
	why   string
}

const parityLimit = 2.0 // of 255, mean over the touched pixels

// reference draws objects with Fyne's own software painter.
func reference(size image.Point, scale float32, os ...fyne.CanvasObject) *image.NRGBA {
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	c.SetScale(scale)
	bg := canvas.NewRectangle(ground)
	all := container.NewWithoutLayout(append([]fyne.CanvasObject{bg}, os...)...)
	c.SetContent(all)
	c.Resize(fyne.NewSize(float32(size.X)/scale, float32(size.Y)/scale))
	bg.Resize(c.Size())
	return c.Capture().(*image.NRGBA)
}

// ours draws them with the painter under test.
func ours(size image.Point, scale float32, os ...fyne.CanvasObject) *image.RGBA {
	p := paint.New(paint.Config{Size: size, Scale: scale})
	bg := canvas.NewRectangle(ground)
	bg.Resize(fyne.NewSize(float32(size.X)/scale, float32(size.Y)/scale))
	p.Frame(append([]fyne.CanvasObject{bg}, os...)...)
	return p.Picture().RGBA()
}

// difference is the mean absolute difference of the channels over the pixels
// that differ from the ground in either picture, and the number of those.
func difference(a *image.NRGBA, b *image.RGBA) (mean float64, worst, n int) {
	sum := 0
	for i := 0; i+3 < len(a.Pix) && i+3 < len(b.Pix); i += 4 {
		if same3(a.Pix[i:], ground) && same3(b.Pix[i:], ground) {
			continue
		}
		n++
		for k := range 3 {
			d := int(math.Abs(float64(a.Pix[i+k]) - float64(b.Pix[i+k])))
			sum += d
			worst = max(worst, d)
		}
	}
	if n == 0 {
		return 0, 0, 0
	}
	return float64(sum) / float64(3*n), worst, n
}

func same3(p []byte, c color.NRGBA) bool { return p[0] == c.R && p[1] == c.G && p[2] == c.B }

func save(t *testing.T, name string, img image.Image) {
	t.Helper()
	f, err := os.Create(filepath.Join(*dump, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

func TestParity(t *testing.T) {
	groups := map[string][]parityCase{
		"rectangle": rectangles(), "circle": circles(), "line": lines(), "arc": arcs(),
		"polygon": polygons(), "text": texts(), "image": images(), "raster": rasters(), "gradient": gradients(),
	}
	for name, cases := range groups {
		t.Run(name, func(t *testing.T) {
			sum, count := 0.0, 0
			for _, scale := range []float32{1, 1.5} {
				for i, c := range cases {
					if raced && i%8 != 0 {
						continue
					}
					sum += parity(t, fmt.Sprintf("%s-%02d-%s-x%v", name, i, c.name, scale), c, scale)
					count++
				}
			}
			t.Logf("%d cases, mean difference %.3f of 255", count, sum/float64(count))
		})
	}
}

func parity(t *testing.T, name string, c parityCase, scale float32) float64 {
	t.Helper()
	c.o.Resize(c.size)
	c.o.Move(c.pos)
	size := image.Pt(240, 160)
	want := reference(size, scale, c.o)
	got := ours(size, scale, c.o)
	mean, worst, n := difference(want, got)
	limit := max(parityLimit, c.limit)
	if n == 0 {
		t.Errorf("%s: neither painter drew anything", name)
	}
	if mean > limit {
		t.Errorf("%s: got a mean difference of %.2f (worst %d) over %d pixels, want at most %.2f %s", name, mean, worst, n, limit, c.why)
	}
	if *dump != "" {
		save(t, name+"-fyne", want)
		save(t, name+"-ours", got)
	}
	return mean
}

func rectangles() []parityCase {
	var cs []parityCase
	add := func(name string, r *canvas.Rectangle, x, y, w, h float32) {
		cs = append(cs, parityCase{name: name, o: r, pos: fyne.NewPos(x, y), size: fyne.NewSize(w, h)})
	}
	for _, c := range []color.Color{blue, glass, faint} {
		for _, p := range [][4]float32{{10, 10, 80, 50}, {3.3, 4.7, 61.5, 33.2}, {0, 0, 100, 60}, {-20, -10, 70, 50}, {100, 60, 200, 200}} {
			add("plain", canvas.NewRectangle(c), p[0], p[1], p[2], p[3])
			for _, rad := range []float32{1, 5, 12.5, 24, 300} {
				r := canvas.NewRectangle(c)
				r.CornerRadius = rad
				add(fmt.Sprintf("radius%v", rad), r, p[0], p[1], p[2], p[3])
			}
			for _, sw := range []float32{1, 2, 3, 7} {
				r := canvas.NewRectangle(c)
				r.StrokeColor, r.StrokeWidth = white, sw
				add(fmt.Sprintf("stroke%v", sw), r, p[0], p[1], p[2], p[3])
				r = canvas.NewRectangle(c)
				r.StrokeColor, r.StrokeWidth, r.CornerRadius = glass, sw, 14
				add(fmt.Sprintf("stroke%vround", sw), r, p[0], p[1], p[2], p[3])
				r = canvas.NewRectangle(color.Transparent)
				r.StrokeColor, r.StrokeWidth, r.CornerRadius = white, sw, 3
				add(fmt.Sprintf("outline%v", sw), r, p[0], p[1], p[2], p[3])
			}
		}
		r := canvas.NewRectangle(c)
		r.TopLeftCornerRadius, r.TopRightCornerRadius, r.BottomRightCornerRadius, r.BottomLeftCornerRadius = 4, 20, 9, 40
		add("corners", r, 15, 12, 90, 61)
		r = canvas.NewRectangle(c)
		r.TopLeftCornerRadius, r.CornerRadius = 30, 6
		r.StrokeColor, r.StrokeWidth = white, 3
		add("cornersstroke", r, 15, 12, 91, 60)
		r = canvas.NewSquare(c)
		add("square", r, 5, 5, 91, 60)
		r = canvas.NewRectangle(c)
		r.Aspect, r.CornerRadius = 2.5, 8
		add("aspect", r, 5, 5, 91, 60)
	}
	return cs
}

func circles() []parityCase {
	var cs []parityCase
	for _, c := range []color.Color{blue, glass} {
		for _, sw := range []float32{0, 1, 2, 5} {
			for _, p := range [][4]float32{{10, 10, 60, 60}, {7, 3, 25, 25}, {7, 3, 31, 48}, {3.5, 4.5, 20.5, 20.5}, {-20, -20, 70, 70}, {2, 2, 9, 9}} {
				o := canvas.NewCircle(c)
				if sw > 0 {
					o.StrokeColor, o.StrokeWidth = white, sw
				}
				cs = append(cs, parityCase{name: fmt.Sprintf("stroke%v", sw), o: o, pos: fyne.NewPos(p[0], p[1]), size: fyne.NewSize(p[2], p[3])})
			}
		}
	}
	return cs
}

// lineCase keeps its ends: Resize and Move would lose the direction.
func lines() []parityCase {
	var cs []parityCase
	for _, c := range []color.Color{blue, glass} {
		for _, sw := range []float32{0.5, 1, 2, 3, 8} {
			for _, p := range [][4]float32{{10, 10, 90, 10}, {10, 10, 10, 70}, {10, 10, 90, 70}, {90, 15, 12, 66}, {20, 80, 25, 12}, {3.3, 4.4, 77.7, 44.4}, {40, 40, 40.6, 52}} {
				o := canvas.NewLine(c)
				o.StrokeWidth = sw
				o.Position1, o.Position2 = fyne.NewPos(p[0], p[1]), fyne.NewPos(p[2], p[3])
				cs = append(cs, parityCase{name: fmt.Sprintf("width%v", sw), o: o, pos: o.Position(), size: o.Size()})
			}
		}
	}
	return cs
}

func arcs() []parityCase {
	var cs []parityCase
	angles := [][2]float32{{0, 90}, {-135, 135}, {-135, -130}, {-135, -134}, {30, 290}, {0, 360}, {10, 400}, {90, 45}, {-20, -300}, {0, 180}}
	for _, cut := range []float32{0, 0.5, 0.88, 0.97} {
		for _, round := range []float32{0, 4, 10, 200} {
			for _, a := range angles {
				for _, p := range [][4]float32{{10, 4, 96, 96}, {5, 3, 61, 83}} {
					o := canvas.NewArc(a[0], a[1], cut, blue)
					o.CornerRadius = round
					cs = append(cs, parityCase{name: fmt.Sprintf("cut%v-round%v-%v", cut, round, a), o: o, pos: fyne.NewPos(p[0], p[1]), size: fyne.NewSize(p[2], p[3])})
				}
			}
		}
	}
	for _, sw := range []float32{1, 3, 6} {
		for _, a := range angles {
			o := canvas.NewArc(a[0], a[1], 0.6, glass)
			o.StrokeColor, o.StrokeWidth, o.CornerRadius = white, sw, 5
			pc := parityCase{name: fmt.Sprintf("stroke%v-%v", sw, a), o: o, pos: fyne.NewPos(10, 4), size: fyne.NewSize(90, 90)}
			if a[1]-a[0] == 5 {
				// The corners are rounder than the sector is wide: rasterx
				// strokes pieces shorter than a pixel with normals cut to
				// 1/64 px, which point anywhere.
				pc.limit, pc.why = 3, "Fyne strokes tiny pieces with rounded normals"
			}
			cs = append(cs, pc)
		}
	}
	return cs
}

func polygons() []parityCase {
	var cs []parityCase
	for _, sides := range []uint{3, 4, 5, 6, 8, 12} {
		for _, round := range []float32{0, 5, 15, 100} {
			for _, sw := range []float32{0, 1, 4} {
				for _, ang := range []float32{0, 17, -45} {
					o := canvas.NewPolygon(sides, blue)
					o.CornerRadius, o.Angle = round, ang
					if sw > 0 {
						o.StrokeColor, o.StrokeWidth = glass, sw
					}
					cs = append(cs, parityCase{name: fmt.Sprintf("sides%d-round%v-stroke%v-%v", sides, round, sw, ang), o: o, pos: fyne.NewPos(11, 7), size: fyne.NewSize(83, 78)})
				}
			}
		}
	}
	return cs
}

func texts() []parityCase {
	var cs []parityCase
	samples := []string{"Hello, Tandem", "0123456789", "87", "21.5°", "AVATAR To fi ffl", "Größe ñ ç Å", "a\tb\tc", "Привет", "(10:45) 50%", "  x  ", "Wj|gpqy"}
	styles := []fyne.TextStyle{{}, {Bold: true}, {Italic: true}, {Bold: true, Italic: true}, {Monospace: true}}
	for _, s := range samples {
		for _, st := range styles {
			for _, size := range []float32{11, 14, 24, 33.5, 60} {
				o := canvas.NewText(s, white)
				o.TextSize, o.TextStyle = size, st
				cs = append(cs, parityCase{name: fmt.Sprintf("%q-%v-%+v", s, size, st), o: o, pos: fyne.NewPos(5, 3), size: o.MinSize()})
			}
		}
	}
	for _, al := range []fyne.TextAlign{fyne.TextAlignLeading, fyne.TextAlignCenter, fyne.TextAlignTrailing} {
		o := canvas.NewText("Align 42", glass)
		o.TextSize, o.Alignment = 20, al
		cs = append(cs, parityCase{name: fmt.Sprintf("align%d", al), o: o, pos: fyne.NewPos(3.4, 6.7), size: fyne.NewSize(140.3, 55)})
	}
	o := canvas.NewText("⇧⌫", white)
	o.TextSize, o.TextStyle = 30, fyne.TextStyle{Symbol: true}
	cs = append(cs, parityCase{name: "symbol", o: o, pos: fyne.NewPos(8, 8), size: o.MinSize()})
	return cs
}

// photo is a picture with fine and coarse detail and a transparent part.
func photo(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) * 4), uint8(min(255, 40+x*6))})
		}
	}
	return img
}

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#f80" d="M12 2C6.5 2 2 6.5 2 12s4.5 10 10 10 10-4.5 10-10S17.5 2 12 2zm-2 14.5v-9l6 4.5-6 4.5z"/></svg>`

func images() []parityCase {
	var cs []parityCase
	fills := []canvas.ImageFill{canvas.ImageFillStretch, canvas.ImageFillContain, canvas.ImageFillCover}
	for _, fill := range fills {
		for _, mode := range []canvas.ImageScale{canvas.ImageScaleSmooth, canvas.ImageScalePixels, canvas.ImageScaleFastest} {
			for _, round := range []float32{0, 12} {
				for _, p := range [][4]float32{{10, 10, 60, 40}, {3.5, 4.5, 91, 33}, {-15, 20, 40, 70}} {
					o := canvas.NewImageFromImage(photo(60, 40))
					o.FillMode, o.ScaleMode, o.CornerRadius = fill, mode, round
					cs = append(cs, parityCase{name: fmt.Sprintf("fill%d-mode%d-round%v", fill, mode, round), o: o, pos: fyne.NewPos(p[0], p[1]), size: fyne.NewSize(p[2], p[3])})
				}
			}
		}
		o := canvas.NewImageFromImage(photo(60, 40))
		o.FillMode, o.Translucency = fill, 0.4
		cs = append(cs, parityCase{name: "translucent", o: o, pos: fyne.NewPos(9, 9), size: fyne.NewSize(77, 44)})
		o = canvas.NewImageFromResource(fyne.NewStaticResource("drawing.svg", []byte(drawing)))
		o.FillMode = fill
		cs = append(cs, parityCase{name: "svg", o: o, pos: fyne.NewPos(9, 9), size: fyne.NewSize(71, 44)})
	}
	return cs
}

func rasters() []parityCase {
	exact := canvas.NewRaster(func(w, h int) image.Image { return photo(w, h) })
	small := canvas.NewRaster(func(w, h int) image.Image { return photo(20, 10) })
	pixels := canvas.NewRaster(func(w, h int) image.Image { return photo(20, 10) })
	pixels.ScaleMode = canvas.ImageScalePixels
	return []parityCase{
		{name: "exact", o: exact, pos: fyne.NewPos(10, 10), size: fyne.NewSize(60, 40)},
		{name: "small", o: small, pos: fyne.NewPos(3.5, -10), size: fyne.NewSize(81, 40)},
		{name: "pixels", o: pixels, pos: fyne.NewPos(10, 10), size: fyne.NewSize(60.5, 40.2)},
	}
}

func gradients() []parityCase {
	var cs []parityCase
	pairs := [][2]color.Color{{blue, ground}, {glass, faint}, {white, color.Transparent}, {nil, blue}}
	for _, c := range pairs {
		for _, a := range []float64{0, 45, 90, 135, 180, 225, 270, 315, -45, -90, -135, -180, -225, -270, -315, 33} {
			o := canvas.NewLinearGradient(c[0], c[1], a)
			cs = append(cs, parityCase{name: fmt.Sprintf("linear%v", a), o: o, pos: fyne.NewPos(7.5, 3), size: fyne.NewSize(83, 61.5)})
		}
		for _, off := range [][2]float64{{0, 0}, {0.3, -0.2}, {-0.4, 0.1}} {
			o := canvas.NewRadialGradient(c[0], c[1])
			o.CenterOffsetX, o.CenterOffsetY = off[0], off[1]
			cs = append(cs, parityCase{name: fmt.Sprintf("radial%v", off), o: o, pos: fyne.NewPos(7.5, 3), size: fyne.NewSize(83, 61)})
		}
	}
	return cs
}

package paint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tandem/hmi/paint"
)

// zoo is one object of every kind.
func zoo() []fyne.CanvasObject {
	r := canvas.NewRectangle(blue)
	r.CornerRadius = 16
	r2 := canvas.NewRectangle(glass)
	r2.StrokeColor, r2.StrokeWidth, r2.CornerRadius = white, 3, 9
	l := canvas.NewLine(white)
	l.StrokeWidth = 3
	a := canvas.NewArc(-135, 20, 0.8, blue)
	a.CornerRadius = 4
	p := canvas.NewPolygon(5, glass)
	p.StrokeColor, p.StrokeWidth = white, 2
	t := canvas.NewText("87 km/h", white)
	t.TextSize, t.TextStyle.Bold = 32, true
	n := canvas.NewText("0:15", white)
	n.TextSize = 24
	i := canvas.NewImageFromResource(fyne.NewStaticResource("drawing.svg", []byte(drawing)))
	c := canvas.NewCircle(glass)
	c.StrokeColor, c.StrokeWidth = white, 2
	return []fyne.CanvasObject{
		canvas.NewRectangle(ground), r, r2, c, l, a, p, t, n, i, canvas.NewImageFromImage(photo(30, 20)),
		canvas.NewRaster(func(w, h int) image.Image { return photo(w, h) }),
		canvas.NewLinearGradient(blue, color.Transparent, 45), canvas.NewRadialGradient(glass, ground),
	}
}

// TestDamageEqualsFullRepaint changes a scene at random and compares what the
// damage painter made of it with a picture painted anew.
func TestDamageEqualsFullRepaint(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	size := image.Pt(320, 200)
	steps := 400
	if raced {
		steps = 80
	}
	for _, scale := range []float32{1, 1.25} {
		os := zoo()
		for _, o := range os {
			scatter(rng, o)
		}
		scroll := container.NewScroll(container.NewWithoutLayout(os[7], os[8]))
		scroll.Move(fyne.NewPos(40, 30))
		scroll.Resize(fyne.NewSize(150, 90))
		all := append(append([]fyne.CanvasObject{}, os[:7]...), os[9:]...)
		all = append(all, scroll)
		root := container.NewWithoutLayout(all...)
		p := paint.New(paint.Config{Size: size, Scale: scale, CacheBytes: 200 << 10})
		for step := range steps {
			disturb(rng, p, root, os)
			damage := p.Frame(root)
			checkDamage(t, damage, size)
			fresh := paint.New(paint.Config{Size: size, Scale: scale})
			fresh.Frame(root)
			if at := firstDifference(p.Pix(), fresh.Pix(), size); at != nil {
				t.Fatalf("scale %v, step %d: pixel %v differs from a full repaint; damage %v", scale, step, *at, damage)
			}
		}
	}
}

func scatter(rng *rand.Rand, o fyne.CanvasObject) {
	o.Resize(fyne.NewSize(20+rng.Float32()*100, 20+rng.Float32()*80))
	o.Move(fyne.NewPos(rng.Float32()*300-20, rng.Float32()*180-20))
}

func disturb(rng *rand.Rand, p *paint.Painter, root *fyne.Container, os []fyne.CanvasObject) {
	for range 1 + rng.IntN(3) {
		o := os[rng.IntN(len(os))]
		switch rng.IntN(6) {
		case 0:
			scatter(rng, o)
		case 1:
			if o.Visible() {
				o.Hide()
			} else {
				o.Show()
			}
		case 2:
			i, j := rng.IntN(len(root.Objects)), rng.IntN(len(root.Objects))
			root.Objects[i], root.Objects[j] = root.Objects[j], root.Objects[i]
		default:
			change(rng, o)
		}
		p.Refresh(o)
	}
}

func change(rng *rand.Rand, o fyne.CanvasObject) {
	switch v := o.(type) {
	case *canvas.Rectangle:
		v.CornerRadius = float32(rng.IntN(40))
		v.FillColor = color.NRGBA{uint8(rng.IntN(256)), 80, 90, uint8(rng.IntN(256))}
	case *canvas.Arc:
		switch rng.IntN(4) {
		case 0:
			v.StartAngle = rng.Float32()*300 - 150
		case 1:
			v.CutoutRatio = rng.Float32()
		default:
			v.EndAngle = v.StartAngle + rng.Float32()*360 - 100
		}
	case *canvas.Text:
		v.Text = fmt.Sprint(rng.IntN(240))
	case *canvas.Circle:
		v.StrokeWidth = float32(rng.IntN(6))
	case *canvas.Image:
		v.Translucency = rng.Float64()
	case *canvas.LinearGradient:
		v.Angle = float64(rng.IntN(8) * 45)
	}
}

func checkDamage(t *testing.T, rs []image.Rectangle, size image.Point) {
	t.Helper()
	if len(rs) > 16 {
		t.Fatalf("got %d rectangles, want at most 16", len(rs))
	}
	for i, r := range rs {
		if r.Empty() || !r.In(image.Rectangle{Max: size}) {
			t.Fatalf("rectangle %v is empty or outside of the picture", r)
		}
		for _, q := range rs[:i] {
			if r.Overlaps(q) {
				t.Fatalf("rectangles %v and %v overlap", r, q)
			}
		}
	}
}

func firstDifference(a, b []byte, size image.Point) *image.Point {
	if bytes.Equal(a, b) {
		return nil
	}
	for i := range a {
		if a[i] != b[i] {
			return &image.Point{i / 4 % size.X, i / 4 / size.X}
		}
	}
	return nil
}

func TestNothingChangedNothingDamaged(t *testing.T) {
	os := zoo()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, o := range os {
		scatter(rng, o)
	}
	root := container.NewWithoutLayout(os...)
	p := paint.New(paint.Config{Size: image.Pt(320, 200)})
	p.Frame(root)
	if d := p.Frame(root); len(d) != 0 {
		t.Errorf("second frame: got damage %v, want none", d)
	}
	if n := testing.AllocsPerRun(50, func() { p.Frame(root) }); n != 0 {
		t.Errorf("idle frame: got %v allocations, want 0", n)
	}
}

func TestWedgeDamageIsSmall(t *testing.T) {
	a := canvas.NewArc(-135, 10, 0.88, blue)
	a.CornerRadius = 10
	a.Resize(fyne.NewSize(560, 560))
	p := paint.New(paint.Config{Size: image.Pt(600, 600)})
	p.Frame(a)
	a.EndAngle = 12
	n := 0
	for _, r := range p.Frame(a) {
		n += r.Dx() * r.Dy()
	}
	if n == 0 || n > 8000 {
		t.Errorf("two degrees of a 560 px gauge: got %d damaged pixels, want 1 to 8000", n)
	}
}

// TestMeasureEqualsFyne compares text sizes with those of Fyne's own driver.
func TestMeasureEqualsFyne(t *testing.T) {
	p := paint.New(paint.Config{Size: image.Pt(10, 10), Scale: 1.5})
	fyneDriver := test.NewDriver()
	for _, s := range []string{"", "0", "12:45", "Hello, world", "a\tb\tc", "AVATAR", "fi", "100 %", "Größe", "-5.5°", "1+1", " 7 ", "x\ry"} {
		for _, st := range []fyne.TextStyle{{}, {Bold: true}, {Italic: true}, {Monospace: true}, {Bold: true, Italic: true}} {
			for _, size := range []float32{9, 14, 24, 33.5, 110} {
				want, wantBase := fyneDriver.RenderedTextSize(s, size, st, nil)
				got, base := p.Measure(s, size, st, nil)
				if got != want || base != wantBase {
					t.Errorf("%q %v %+v: got %v base %v, want %v base %v", s, size, st, got, base, want, wantBase)
				}
			}
		}
	}
}

// TestComposedNumbersEqualShapedOnes compares each pair of characters that the
// painter puts together itself with the same pair shaped by Fyne.
func TestComposedNumbersEqualShapedOnes(t *testing.T) {
	const chars = "0123456789.,:-–+%° "
	p := paint.New(paint.Config{Size: image.Pt(10, 10)})
	fyneDriver := test.NewDriver()
	for _, st := range []fyne.TextStyle{{}, {Bold: true}, {Italic: true}, {Monospace: true}, {Bold: true, Italic: true}} {
		for _, a := range chars {
			for _, b := range chars {
				s := string([]rune{a, b, a})
				want, _ := fyneDriver.RenderedTextSize(s, 24, st, nil)
				if got, _ := p.Measure(s, 24, st, nil); got != want {
					t.Errorf("%q %+v: got %v, want %v", s, st, got, want)
				}
			}
		}
	}
}

func TestCacheStaysWithinItsLimit(t *testing.T) {
	p := paint.New(paint.Config{Size: image.Pt(400, 300), CacheBytes: 300 << 10})
	g := canvas.NewLinearGradient(blue, ground, 45)
	s := canvas.NewText("", white)
	root := container.NewWithoutLayout(g, s)
	for i := range 200 {
		g.Resize(fyne.NewSize(float32(100+i), 90))
		s.Text, s.TextSize = fmt.Sprintf("Text %d", i), float32(10+i%40)
		p.Frame(root)
		if n := p.CacheBytes(); n > 300<<10 {
			t.Fatalf("frame %d: cache holds %d bytes, want at most %d", i, n, 300<<10)
		}
	}
}

// stranger is an object that the painter has never heard of.
type stranger struct{ canvas.Rectangle }

func TestUnknownObjectsAreLeftToFyne(t *testing.T) {
	o := &stranger{}
	o.FillColor = blue
	o.Resize(fyne.NewSize(20, 20))
	p := paint.New(paint.Config{Size: image.Pt(40, 40)})
	p.Frame(o)
	if k := p.Items()[0].Kind; k != paint.Captured {
		t.Errorf("got kind %v, want captured", k)
	}
}

func TestInspectShowsWhatLiesBeneath(t *testing.T) {
	under, over := canvas.NewRectangle(blue), canvas.NewText("Hi", white)
	under.Resize(fyne.NewSize(60, 60))
	p := paint.New(paint.Config{Size: image.Pt(60, 60)})
	p.Frame(under, over)
	p.Inspect(func(it *paint.Item, below paint.Picture) bool {
		if it.Kind != paint.Text {
			return true
		}
		if r, g, b := below.At(1, 1); r != blue.R || g != blue.G || b != blue.B {
			t.Errorf("beneath the text: got %d %d %d, want %v", r, g, b, blue)
		}
		if it.Text() != "Hi" || it.Object != over || it.Fill != white {
			t.Errorf("text item: got %q %v", it.Text(), it.Fill)
		}
		return true
	})
}

// scene is a screen with everything on it, for the golden hash.
func scene() fyne.CanvasObject {
	rng := rand.New(rand.NewPCG(5, 6))
	os := zoo()
	for _, o := range os[1:] {
		scatter(rng, o)
	}
	os[0].Resize(fyne.NewSize(480, 320))
	for i := range 12 {
		tx := canvas.NewText(fmt.Sprintf("Größe %d – fi 1:%02d", i*7, i*5), white)
		tx.TextSize = float32(9 + i*2)
		tx.TextStyle = fyne.TextStyle{Bold: i%2 == 1, Italic: i%3 == 1, Monospace: i%5 == 4}
		tx.Move(fyne.NewPos(200+float32(i)*0.37, float32(i*24)))
		os = append(os, tx)
		a := canvas.NewArc(float32(-i*20), float32(i*31), float32(i)/12, glass)
		a.CornerRadius, a.StrokeColor, a.StrokeWidth = float32(i%4), white, float32(i%3)
		a.Resize(fyne.NewSize(50+float32(i), 53))
		a.Move(fyne.NewPos(float32(i%6)*60, 150+float32(i/6)*60))
		os = append(os, a)
	}
	b := widget.NewButtonWithIcon("Play", theme.MediaPlayIcon(), nil)
	b.Importance = widget.HighImportance
	b.Resize(fyne.NewSize(120, 40))
	b.Move(fyne.NewPos(10, 270))
	return container.NewWithoutLayout(append(os, b)...)
}

// TestFramesAreTheSameBytesEverywhere pins the bytes of a scene: they must not
// depend on the architecture. Run it on arm64 too:
//
//	GOARCH=arm64 go test -c ./hmi/paint && qemu-aarch64-static paint.test -test.run SameBytes
func TestFramesAreTheSameBytesEverywhere(t *testing.T) {
	const want = "2b56b89dd8fbac66"
	p := paint.New(paint.Config{Size: image.Pt(600, 400), Scale: 1.25})
	p.Frame(scene())
	sum := sha256.Sum256(p.Pix())
	if got := hex.EncodeToString(sum[:8]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if *dump != "" {
		save(t, "scene", p.Picture().RGBA())
	}
}

// TestNonsenseDoesNoHarm gives every kind of object sizes and places that no
// layout should ask for.
func TestNonsenseDoesNoHarm(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	odd := []float32{0, -5, -1e9, 1e9, nan, inf, -inf, 0.001, math.MaxFloat32, 70000}
	p := paint.New(paint.Config{Size: image.Pt(64, 48), CacheBytes: 1 << 20})
	for _, v := range odd {
		for _, w := range odd {
			os := zoo()
			for _, o := range os {
				switch x := o.(type) {
				case *canvas.Raster, *canvas.Image, *canvas.LinearGradient, *canvas.RadialGradient:
					if v > 1000 || w > 1000 { // Fyne itself makes a picture of that size
						continue
					}
				case *canvas.Rectangle:
					x.CornerRadius, x.StrokeWidth, x.Aspect = v, w, v
				case *canvas.Arc:
					x.EndAngle, x.CutoutRatio, x.CornerRadius, x.StrokeWidth = v, w, v, w
				case *canvas.Polygon:
					x.CornerRadius, x.Angle, x.StrokeWidth = v, w, v
				case *canvas.Line:
					x.StrokeWidth = w
				case *canvas.Circle:
					x.StrokeWidth = w
				}
				if i, ok := o.(*canvas.Image); !ok || i.Resource == nil {
					o.Resize(fyne.NewSize(v, w))
				}
				o.Move(fyne.NewPos(w, v))
			}
			for _, d := range p.Frame(container.NewWithoutLayout(os...)) {
				if !d.In(image.Rect(0, 0, 64, 48)) {
					t.Fatalf("%v, %v: damage %v outside of the picture", v, w, d)
				}
			}
			if p.CacheBytes() > 2<<20 {
				t.Fatalf("%v, %v: cache holds %d bytes", v, w, p.CacheBytes())
			}
		}
	}
}

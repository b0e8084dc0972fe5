package theme_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/theme"
)

func TestContrastOfKnownColours(t *testing.T) {
	white, black := color.NRGBA{255, 255, 255, 255}, color.NRGBA{0, 0, 0, 255}
	grey := color.NRGBA{0x77, 0x77, 0x77, 255} // 4.48:1 on white, the classic near miss
	for _, c := range []struct {
		name string
		a, b color.NRGBA
		want float64
	}{
		{"black on white", black, white, 21},
		{"white on black", white, black, 21},
		{"same", grey, grey, 1},
		{"#777 on white", grey, white, 4.478},
	} {
		if got := theme.Contrast(c.a, c.b); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s: got %.3f, want %.3f", c.name, got, c.want)
		}
	}
}

func TestPaletteContrast(t *testing.T) {
	for name, p := range map[string]theme.Palette{"night": theme.Night(), "day": theme.Day()} {
		under := map[string]color.NRGBA{"background": p.Background, "surface 1": p.Surface1, "surface 2": p.Surface2}
		over := map[string]color.NRGBA{"text": p.Text, "second": p.TextSecond, "disabled": p.TextDisabled, "accent": p.Accent,
			"warning": p.Warning, "critical": p.Critical, "ok": p.OK, "charging": p.Charging, "beam": p.Beam, "focus": p.Focus}
		for on, o := range over {
			for un, u := range under {
				if c := theme.Contrast(o, u); c < theme.ContrastMin {
					t.Errorf("%s: %s on %s is %.2f, want >= %.1f", name, on, un, c, theme.ContrastMin)
				}
			}
		}
		pairs := map[string][2]color.NRGBA{"accent": {p.OnAccent, p.AccentFill}, "warning": {p.OnWarning, p.Warning}, "critical": {p.OnCritical, p.Critical}, "text on surface 3": {p.Text, p.Surface3}}
		for n, c := range pairs {
			if got := theme.Contrast(c[0], c[1]); got < theme.ContrastMin {
				t.Errorf("%s: on %s is %.2f, want >= %.1f", name, n, got, theme.ContrastMin)
			}
		}
	}
}

// At night no plate is brighter than a fifth of full white.
func TestNightPlatesAreDim(t *testing.T) {
	p := theme.Night()
	for name, c := range map[string]color.NRGBA{"background": p.Background, "surface 1": p.Surface1, "surface 2": p.Surface2, "surface 3": p.Surface3, "accent": p.AccentFill} {
		if l := theme.Luminance(c); l > 0.2 {
			t.Errorf("%s: luminance %.2f, want at most 0.20", name, l)
		}
	}
}

func TestPanels(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		class theme.Class
		scale float32
	}{
		{1280, 720, theme.Standard, 1},
		{1920, 720, theme.Wide, 1},
		{800, 480, theme.Compact, 0.9},
		{1024, 600, theme.Compact, 1.125},
		{1920, 1080, theme.Wide, 1},
		{2560, 1440, theme.Wide, 1.3333},
	} {
		p := theme.PanelFor(image.Pt(c.w, c.h))
		if p.Class != c.class || math.Abs(float64(p.Scale-c.scale)) > 1e-3 {
			t.Errorf("%dx%d: got %v at %.3f, want %v at %.3f", c.w, c.h, p.Class, p.Scale, c.class, c.scale)
		}
		if w, h := p.Size.Width*p.Scale, p.Size.Height*p.Scale; math.Abs(float64(w)-float64(c.w)) > 0.01 || math.Abs(float64(h)-float64(c.h)) > 0.01 {
			t.Errorf("%dx%d: %v dp at %.3f is %.2fx%.2f pixels", c.w, c.h, p.Size, p.Scale, w, h)
		}
		sum := p.Dock + p.Instruments + p.Content().Width
		if sum != p.Size.Width || p.Content().Height+p.Status+p.Climate != p.Size.Height {
			t.Errorf("%dx%d: parts do not add up to the panel", c.w, c.h)
		}
	}
}

func TestTypeScale(t *testing.T) {
	for _, px := range []image.Point{{X: 1280, Y: 720}, {X: 1920, Y: 720}, {X: 800, Y: 480}} {
		p := theme.PanelFor(px)
		for n, s := range map[string]theme.Style{"gauge": p.Type.Gauge, "display": p.Type.Display, "headline": p.Type.Headline,
			"title": p.Type.Title, "body": p.Type.Body, "second": p.Type.Second} {
			if s.Size < theme.TextMin || math.Mod(float64(s.Size), 4) != 0 {
				t.Errorf("%v %s: %v dp, want >= %v on the 4 dp grid", px, n, s.Size, theme.TextMin)
			}
		}
		if p.Button.Width < theme.TargetMin || p.Button.Height < theme.TargetMin {
			t.Errorf("%v: button %v is below %v", px, p.Button, theme.TargetMin)
		}
	}
}

// Numbers must not jump: all digits of both faces are equally wide.
func TestTabularDigits(t *testing.T) {
	test.NewTempApp(t)
	for _, s := range []theme.Style{{Size: 112, Bold: true}, {Size: 112}} {
		width := func(text string) float32 {
			size, _ := fyne.CurrentApp().Driver().RenderedTextSize(text, s.Size, fyne.TextStyle{}, s.Face())
			return size.Width
		}
		want := width("0000")
		for _, d := range []string{"1111", "2222", "3333", "4444", "5555", "6666", "7777", "8888", "9999"} {
			if got := width(d); got != want {
				t.Errorf("bold %v: %s is %v wide, want %v as 0000", s.Bold, d, got, want)
			}
		}
	}
}

func TestEase(t *testing.T) {
	last := float32(-1)
	for i := 0; i <= 100; i++ {
		v := theme.Ease(float32(i) / 100)
		if v < last || v < 0 || v > 1 {
			t.Fatalf("at %d: %v after %v, want a rise from 0 to 1", i, v, last)
		}
		last = v
	}
	if theme.Ease(0) != 0 || theme.Ease(1) != 1 || theme.Ease(0.3) < 0.6 {
		t.Errorf("got %v %v %v, want 0, 1 and a fast start", theme.Ease(0), theme.Ease(1), theme.Ease(0.3))
	}
}

func TestThemeIsWhole(t *testing.T) {
	test.NewTempApp(t)
	for _, night := range []bool{false, true} {
		th := theme.New(theme.PanelFor(image.Pt(1280, 720)), night)
		if th.Color("background", 0) != th.Background || th.Color("no such colour", 0) == nil {
			t.Errorf("night %v: colours are not the palette's", night)
		}
		if th.Size("text") < theme.TextMin || th.Font(fyne.TextStyle{}) == nil || th.Icon("cancel") == nil {
			t.Errorf("night %v: a size, font or icon is missing", night)
		}
		if theme.ReducedMotion().Screen != 0 || theme.DefaultMotion().Screen == 0 {
			t.Error("reduced motion moves, or motion does not")
		}
	}
}

package shell_test

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"tandem/hmi"
	"tandem/hmi/shell"
)

var (
	shots = flag.String("shots", "", "write a picture of every screen into this folder")
	only  = flag.String("only", "*", "pattern of the pictures to write")
)

func sizes() []image.Point {
	return []image.Point{{X: 1280, Y: 720}, {X: 1920, Y: 720}, {X: 800, Y: 480}}
}

// TestShots draws pictures for people to look at; Fyne's own software painter
// draws them.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("no -shots DIR given")
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		t.Fatal(err)
	}
	app := test.NewTempApp(t)
	for _, size := range sizes() {
		for _, night := range []bool{true, false} {
			for _, mood := range shell.Moods() {
				for s := hmi.Home; s < hmi.Screens; s++ {
					for part := range shell.Parts(s) {
						light := map[bool]string{true: "night", false: "day"}[night]
						name := fmt.Sprintf("%dx%d-%v%d-%s-%s.png", size.X, size.Y, s, part, light, mood)
						if ok, err := filepath.Match(*only, name); err != nil || !ok {
							continue
						}
						set := hmi.Defaults()
						if mood == shell.Longest {
							set.Language = "de"
						}
						root, th := shell.Scene{Screen: s, Part: part, Size: size, Settings: set, Night: night, Mood: mood}.Build()
						app.Settings().SetTheme(th)
						c := software.NewCanvas()
						c.SetPadded(false)
						c.SetScale(th.Panel.Scale)
						c.SetContent(root)
						c.Resize(th.Panel.Size)
						f, err := os.Create(filepath.Join(*shots, name))
						if err != nil {
							t.Fatal(err)
						}
						if err := png.Encode(f, c.Capture()); err != nil {
							t.Fatal(err)
						}
						if err := f.Close(); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
	}
}

package shell_test

import (
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"

	"tandem/hmi/paint"
	"tandem/hmi/shell"
)

var (
	shots = flag.String("shots", "", "write a picture of every screen into this folder")
	only  = flag.String("only", "*", "pattern of the pictures to write")
)

// TestShots draws pictures for people to look at, by the painter of the car.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("no -shots DIR given")
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		t.Fatal(err)
	}
	app := test.NewTempApp(t)
	for _, sc := range shell.Gallery() {
		want := "en"
		if sc.Mood == shell.Longest {
			want = "de"
		}
		name := sc.String() + ".png"
		if ok, err := filepath.Match(*only, name); err != nil || !ok || *only == "*" && sc.Settings.Language != want {
			continue
		}
		root, th := sc.Build()
		app.Settings().SetTheme(th)
		p := paint.New(paint.Config{Size: sc.Size, Scale: th.Panel.Scale})
		p.Frame(root)
		f, err := os.Create(filepath.Join(*shots, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, p.Picture().RGBA()); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

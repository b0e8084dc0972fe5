package hmi_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/hmi"
)

func TestSettingsRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "hmi")
	want := hmi.Settings{Speed: "mph", Temperature: "F", Pressure: "psi", Clock: "12", Light: "day", Language: "es", Motion: "reduced", Sync: true}
	if err := want.Save(dir); err != nil {
		t.Fatal(err)
	}
	if got := hmi.LoadSettings(dir, nil); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v %v, want settings.json alone", files, err)
	}
	if err := want.Save(""); err != nil || hmi.LoadSettings("", nil) != hmi.Defaults() {
		t.Error("no folder: something was kept")
	}
}

func TestBrokenSettingsAreKeptAside(t *testing.T) {
	for name, data := range map[string]string{
		"empty":      "",
		"half":       `{"speed": "km/`,
		"not ours":   `[1, 2]`,
		"two":        `{} {}`,
		"bad value":  `{"speed": "knots"}`,
		"bad field":  `{"sped": "mph"}`,
		"bad type":   `{"sync": "yes"}`,
		"zero bytes": "\x00\x00\x00\x00",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "settings.json")
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if got := hmi.LoadSettings(dir, slog.New(slog.NewTextHandler(&log, nil))); got != hmi.Defaults() {
			t.Errorf("%s: got %+v, want the defaults", name, got)
		}
		aside, err := os.ReadFile(file + ".broken")
		if err != nil || string(aside) != data {
			t.Errorf("%s: kept aside %q %v, want the file as it was", name, aside, err)
		}
		if !strings.Contains(log.String(), "settings not usable") {
			t.Errorf("%s: log is %q", name, log.String())
		}
		if err := hmi.Defaults().Save(dir); err != nil {
			t.Errorf("%s: save after it: %v", name, err)
		}
	}
}

// An older file that lacks a field keeps what it has.
func TestMissingFieldsAreDefaults(t *testing.T) {
	want := hmi.Defaults()
	want.Language = "de"
	if got, err := hmi.ParseSettings([]byte(`{"language": "de"}`)); err != nil || got != want {
		t.Errorf("got %+v %v, want %+v", got, err, want)
	}
}

// A power cut leaves a temporary file beside the old settings; those hold.
func TestPowerCutBeforeRename(t *testing.T) {
	dir := t.TempDir()
	want := hmi.Defaults()
	want.Language = "fr"
	if err := want.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, torn := range []string{"", `{"speed": "m`} {
		if err := os.WriteFile(filepath.Join(dir, "settings.json.123"), []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := hmi.LoadSettings(dir, nil); got != want {
			t.Errorf("with a torn %q beside it: got %+v, want %+v", torn, got, want)
		}
	}
}

func TestSaveSaysWhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := hmi.Defaults().Save(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error that names %s", err, file)
	}
}

func TestNight(t *testing.T) {
	s := func(light string) hmi.Settings { x := hmi.Defaults(); x.Light = light; return x }
	for _, c := range []struct {
		light string
		was   bool
		now   hmi.Num
		want  bool
	}{
		{"auto", false, hmi.Known(19.9), true}, {"auto", false, hmi.Known(20.0), false}, {"auto", true, hmi.Known(20.0), true},
		{"auto", true, hmi.Known(35.0), true}, {"auto", true, hmi.Known(35.1), false}, {"auto", false, hmi.Num{}, false}, {"auto", true, hmi.Num{}, true},
		{"day", true, hmi.Known(0.0), false}, {"night", false, hmi.Known(100.0), true},
	} {
		if got := s(c.light).Night(c.was, c.now); got != c.want {
			t.Errorf("%s, was %v, light %v: got %v, want %v", c.light, c.was, c.now, got, c.want)
		}
	}
}

func TestChoices(t *testing.T) {
	for _, name := range []string{"speed", "temperature", "pressure", "clock", "light", "language", "motion"} {
		if !contains(hmi.Choices(name), hmi.Defaults().Get(name)) {
			t.Errorf("%s: the default %q is not offered", name, hmi.Defaults().Get(name))
		}
	}
	if hmi.Choices("sync") != nil || hmi.Defaults().Get("sync") != "" {
		t.Error("sync has choices")
	}
	a := hmi.Defaults()
	b, _ := a.With("light", "night")
	b.Sync = true
	if a.Look() != b.Look() {
		t.Error("brightness or sync changes the look")
	}
	if b, _ = a.With("speed", "mph"); a.Look() == b.Look() {
		t.Error("units do not change the look")
	}
}

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

// What is read can be written and is read the same again.
func FuzzParseSettings(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"speed": "mph", "sync": true}`))
	f.Add([]byte(`{"speed": "knots"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := hmi.ParseSettings(data)
		if err != nil {
			if s != hmi.Defaults() {
				t.Fatalf("an error, and yet %+v", s)
			}
			return
		}
		dir := t.TempDir()
		if err := s.Save(dir); err != nil {
			t.Fatal(err)
		}
		if got := hmi.LoadSettings(dir, nil); got != s {
			t.Fatalf("got %+v, want %+v", got, s)
		}
	})
}

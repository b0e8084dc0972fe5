package hmi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
)

// Settings is what a person chose. The JSON names are the file's.
type Settings struct {
	Speed       string `json:"speed"`       // km/h, mph: also decides km or miles
	Temperature string `json:"temperature"` // C, F
	Pressure    string `json:"pressure"`    // kPa, bar, psi
	Clock       string `json:"clock"`       // 24, 12
	Light       string `json:"light"`       // auto, day, night
	Language    string `json:"language"`    // en, de, fr, es
	Motion      string `json:"motion"`      // full, reduced
	Sync        bool   `json:"sync"`        // the passenger's temperature follows the driver's
}

// Defaults are the settings of a new car.
func Defaults() Settings {
	return Settings{Speed: "km/h", Temperature: "C", Pressure: "bar", Clock: "24", Light: "auto", Language: "en", Motion: "full"}
}

// Choices are the allowed values of a setting by its JSON name, in the order
// in which they are offered; nil for any other name.
func Choices(name string) []string {
	switch name {
	case "speed":
		return []string{"km/h", "mph"}
	case "temperature":
		return []string{"C", "F"}
	case "pressure":
		return []string{"kPa", "bar", "psi"}
	case "clock":
		return []string{"24", "12"}
	case "light":
		return []string{"auto", "day", "night"}
	case "language":
		return []string{"en", "de", "fr", "es"}
	case "motion":
		return []string{"full", "reduced"}
	}
	return nil
}

// Get is the value of a setting by its JSON name; "" for no such setting.
func (s Settings) Get(name string) string {
	if p := s.field(name); p != nil {
		return *p
	}
	return ""
}

// With is the settings with one changed by its JSON name; false, and no
// change, for a name or value that is not offered.
func (s Settings) With(name, value string) (Settings, bool) {
	p := s.field(name)
	if p == nil || !slices.Contains(Choices(name), value) {
		return s, false
	}
	*p = value
	return s, true
}

func (s *Settings) field(name string) *string {
	switch name {
	case "speed":
		return &s.Speed
	case "temperature":
		return &s.Temperature
	case "pressure":
		return &s.Pressure
	case "clock":
		return &s.Clock
	case "light":
		return &s.Light
	case "language":
		return &s.Language
	case "motion":
		return &s.Motion
	}
	return nil
}

// Look is the settings that decide how everything is drawn and worded: when it
// changes, the screens are built anew.
func (s Settings) Look() Settings {
	s.Light, s.Sync = "", false
	return s
}

// Night decides day or night: by choice, or by the light outside with a
// hysteresis from 20 to 35 percent, so that a bridge does not flash the
// screen. An unknown light keeps what was.
func (s Settings) Night(was bool, light Num) bool {
	switch {
	case s.Light == "day":
		return false
	case s.Light == "night":
		return true
	case !light.OK:
		return was
	case light.Value < 20:
		return true
	case light.Value > 35:
		return false
	}
	return was
}

// settingsFile is the name within the shell's data folder.
const settingsFile = "settings.json"

// LoadSettings reads the settings from a folder. No file means Defaults. A
// file that cannot be used is kept aside as settings.json.broken, with a line
// in the log, and Defaults are returned: a person must be able to drive on.
// An empty dir keeps nothing.
func LoadSettings(dir string, log *slog.Logger) Settings {
	if dir == "" {
		return Defaults()
	}
	name := filepath.Join(dir, settingsFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Defaults()
	}
	if err == nil {
		var s Settings
		if s, err = ParseSettings(data); err == nil {
			return s
		}
	}
	aside := name + ".broken"
	if e := os.Rename(name, aside); e != nil {
		err = errors.Join(err, e)
	}
	if log != nil {
		log.Warn("settings not usable, defaults taken", "file", name, "kept", aside, "error", err)
	}
	return Defaults()
}

// ParseSettings reads settings from JSON. Fields that are not there keep
// their default, so that an older file works; an unknown field or value is an
// error.
func ParseSettings(data []byte) (Settings, error) {
	s := Defaults()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Defaults(), fmt.Errorf("parse settings: %w", err)
	}
	if dec.More() {
		return Defaults(), errors.New("parse settings: more than one value")
	}
	for _, name := range []string{"speed", "temperature", "pressure", "clock", "light", "language", "motion"} {
		if _, ok := s.With(name, s.Get(name)); !ok {
			return Defaults(), fmt.Errorf("parse settings: %s cannot be %q", name, s.Get(name))
		}
	}
	return s, nil
}

// Save writes the settings into a folder, which is made if it is not there:
// a temporary file, synced, renamed over the old one, the folder synced. After
// a power cut either the old or the new settings are there. An empty dir
// keeps nothing.
func (s Settings) Save(dir string) error {
	if dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make settings folder: %w", err)
	}
	if err := replaceFile(dir, settingsFile, append(data, '\n')); err != nil {
		return fmt.Errorf("write settings in %s: %w", dir, err)
	}
	return nil
}

// replaceFile puts data in the place of dir/name, all or nothing.
func replaceFile(dir, name string, data []byte) (err error) {
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err = os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil // the rename is done; a folder that cannot be opened cannot be synced
	}
	defer d.Close()
	return d.Sync()
}

package lang_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/phonelink"
)

// Every word exists in every language and keeps to the limits that hold while
// driving. That it fits on its screen is a test of hmi/shell, on the real
// layout.
func TestEveryWordInEveryLanguage(t *testing.T) {
	for _, tag := range hmi.Choices("language") {
		w := lang.For(tag)
		if w.Tag != tag {
			t.Fatalf("words for %q are tagged %q", tag, w.Tag)
		}
		walk(t, tag, reflect.ValueOf(*w))
		if strings.Count(w.More, "%d") != 1 {
			t.Errorf("%s: More is %q, want one %%d", tag, w.More)
		}
	}
}

func walk(t *testing.T, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			walk(t, path, v.Index(i))
		}
	case reflect.String:
		s := v.String()
		if s == "" {
			t.Errorf("%s: empty", path)
		}
		if n := utf8.RuneCountInString(s); n > 120 {
			t.Errorf("%s: %d characters, want <= 120", path, n)
		}
		if strings.TrimSpace(s) != s && s != "\u00a0" {
			t.Errorf("%s: %q has spaces around it", path, s)
		}
	}
}

// Words with a name in them have one place for it, the same ones in every
// language; the prepared answers differ.
func TestNamesInWords(t *testing.T) {
	en := reflect.ValueOf(lang.For("en").Phones)
	for _, tag := range hmi.Choices("language") {
		w := lang.For(tag).Phones
		v := reflect.ValueOf(w)
		for i := range v.NumField() {
			if v.Field(i).Kind() != reflect.String {
				continue
			}
			n, want := strings.Count(v.Field(i).String(), "%"), strings.Count(en.Field(i).String(), "%s")
			if n != want || want > 1 {
				t.Errorf("%s.%s: %q has %d places for a name, want %d", tag, v.Type().Field(i).Name, v.Field(i), n, want)
			}
		}
		seen := map[string]bool{}
		for _, r := range w.Replies {
			if seen[r] {
				t.Errorf("%s: answer %q twice", tag, r)
			}
			seen[r] = true
		}
		for s := phonelink.CallRinging; s <= phonelink.CallMissed; s++ {
			if w.Call(s) == "" || w.Call(s+100) == "" {
				t.Errorf("%s: no word for call state %d", tag, s)
			}
		}
		for k := phonelink.Media; k <= phonelink.Scene; k++ {
			if w.Kind(k) == "" || w.Kind(k+100) != "" {
				t.Errorf("%s: no word for %v, or one for nothing", tag, k)
			}
		}
		if w.Presence(200) == "" || w.Why("new", "Ada") == "" || lang.With("on %s", "100 %s") != "on 100 %s" {
			t.Errorf("%s: what is not known has no words", tag)
		}
	}
}

// Two languages that say the same everywhere would be a copy, not a translation.
func TestLanguagesDiffer(t *testing.T) {
	tags := hmi.Choices("language")
	for i, a := range tags {
		for _, b := range tags[i+1:] {
			x, y := reflect.ValueOf(*lang.For(a)), reflect.ValueOf(*lang.For(b))
			same := 0
			for f := range x.NumField() {
				if x.Field(f).Kind() == reflect.String && x.Field(f).String() == y.Field(f).String() {
					same++
				}
			}
			if same > x.NumField()/3 {
				t.Errorf("%s and %s share %d of %d words", a, b, same, x.NumField())
			}
		}
	}
	if lang.For("xx").Tag != "en" {
		t.Error("an unknown language is not English")
	}
}

func TestFormat(t *testing.T) {
	en, de, fr := hmi.Defaults(), hmi.Defaults(), hmi.Defaults()
	de.Language, fr.Language = "de", "fr"
	us := hmi.Settings{Speed: "mph", Temperature: "F", Pressure: "psi", Clock: "12", Language: "en"}
	no := hmi.Num{Value: 77}
	k := func(v float64) hmi.Num { return hmi.Known(v) }
	noon, night := time.Date(2026, 1, 2, 12, 5, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 5, 0, 0, time.UTC)
	for _, c := range []struct {
		what string
		set  hmi.Settings
		got  func(f *lang.Format) string
		want string
	}{
		{"speed", en, func(f *lang.Format) string { return f.Speed(k(87.4)) + f.SpeedUnit() }, "87km/h"},
		{"speed back", en, func(f *lang.Format) string { return f.Speed(k(-6)) }, "6"},
		{"speed mph", us, func(f *lang.Format) string { return f.Speed(k(160.9344)) + f.SpeedUnit() }, "100mph"},
		{"speed unknown", en, func(f *lang.Format) string { return f.Speed(no) }, "–"},
		{"distance", en, func(f *lang.Format) string { return f.Distance(k(312400), 0) + f.DistanceUnit() }, "312km"},
		{"distance decimal de", de, func(f *lang.Format) string { return f.Distance(k(12345678.9), 1) }, "12.345,7"},
		{"distance decimal en", en, func(f *lang.Format) string { return f.Distance(k(1234567890), 1) }, "1,234,567.9"},
		{"distance decimal fr", fr, func(f *lang.Format) string { return f.Distance(k(12345678.9), 1) }, "12\u00a0345,7"},
		{"four digits", en, func(f *lang.Format) string { return f.Distance(k(4321000), 0) }, "4321"},
		{"distance mi", us, func(f *lang.Format) string { return f.Distance(k(1609.344), 1) + f.DistanceUnit() }, "1.0mi"},
		{"distance unknown", us, func(f *lang.Format) string { return f.Distance(no, 1) }, "–"},
		{"temperature", en, func(f *lang.Format) string { return f.Temperature(k(21.5), 1) + f.TemperatureUnit() }, "21.5°°C"},
		{"temperature de", de, func(f *lang.Format) string { return f.Temperature(k(-3.5), 1) }, "-3,5°"},
		{"temperature no minus zero", en, func(f *lang.Format) string { return f.Temperature(k(-0.2), 0) }, "0°"},
		{"temperature half", en, func(f *lang.Format) string { return f.Degrees(k(-4.5)) + f.Degrees(no) }, "-5–"},
		{"temperature F", us, func(f *lang.Format) string { return f.Temperature(k(-40), 0) }, "-40°"},
		{"temperature F 2", us, func(f *lang.Format) string { return f.Temperature(k(21.5), 1) }, "70.7°"},
		{"temperature unknown", us, func(f *lang.Format) string { return f.Temperature(no, 1) }, "–"},
		{"pressure bar", en, func(f *lang.Format) string { return f.Pressure(k(243)) + f.PressureUnit() }, "2.4bar"},
		{"pressure psi", us, func(f *lang.Format) string { return f.Pressure(k(240)) }, "35"},
		{"pressure unknown", us, func(f *lang.Format) string { return f.Pressure(no) }, "–"},
		{"power", en, func(f *lang.Format) string { return f.Power(k(-23.4)) }, "-23"},
		{"power unknown", en, func(f *lang.Format) string { return f.Power(no) }, "–"},
		{"heading", en, func(f *lang.Format) string { return f.Heading(k(359)) + f.Heading(k(-90)) + f.Heading(k(46)) }, "NWNE"},
		{"heading de", de, func(f *lang.Format) string { return f.Heading(k(90)) }, "O"},
		{"heading unknown", de, func(f *lang.Format) string { return f.Heading(no) }, "–"},
		{"position", en, func(f *lang.Format) string { return f.Position(k(48.13743), k(-11.57549)) }, "48.137° N  11.575° W"},
		{"position south", de, func(f *lang.Format) string { return f.Position(k(-33.9), k(18.4)) }, "33,900° S  18,400° O"},
		{"position unknown", en, func(f *lang.Format) string { return f.Position(k(1), no) }, "–"},
		{"minutes", en, func(f *lang.Format) string { return f.Duration(k(59 * 60)) }, "59\u00a0min"},
		{"hours", en, func(f *lang.Format) string { return f.Duration(k(3601)) }, "1\u00a0h\u00a01\u00a0min"},
		{"duration unknown", en, func(f *lang.Format) string { return f.Duration(no) }, "–"},
		{"clock", en, func(f *lang.Format) string { return f.Clock(noon) }, "12:05"},
		{"clock 12 noon", us, func(f *lang.Format) string { return f.Clock(noon) }, "12:05 pm"},
		{"clock 12 night", us, func(f *lang.Format) string { return f.Clock(night) }, "12:05 am"},
		{"bytes", en, func(f *lang.Format) string {
			return f.Bytes(-1) + f.Bytes(0) + " " + f.Bytes(999) + " " + f.Bytes(4200) + " " + f.Bytes(5_210_000) + " " + f.Bytes(888_000_000) + " " + f.Bytes(7_300_000_000)
		}, "0\u00a0B 999\u00a0B 4\u00a0kB 5.2\u00a0MB 888\u00a0MB 7.3\u00a0GB"},
		{"minutes within", en, func(f *lang.Format) string {
			return f.Minutes(-time.Second) + " " + f.Minutes(71*time.Second) + " " + f.Minutes(3600*time.Second) + " " + f.Minutes(59*time.Minute+59*time.Second)
		}, "0:00 1:11 1:00:00 59:59"},
		{"clock unknown", us, func(f *lang.Format) string { return f.Clock(time.Time{}) }, "–"},
	} {
		if got := c.got(lang.NewFormat(c.set)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestSpeedAllocatesNothing(t *testing.T) {
	f := lang.NewFormat(hmi.Defaults())
	v := 0.0
	run := func() {
		for i := range 260 {
			v += float64(len(f.Speed(hmi.Known(float64(i)))))
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 || math.IsNaN(v) {
		t.Errorf("got %v allocations, want 0", n)
	}
}

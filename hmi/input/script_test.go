package input_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/hmi/input"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const drive = `# a comment

1.5 tap 0.5 0.9
2 drag 0.5 0.8 0.5 0.2 0.05
3 down 1 0.4 0.5
3.1 move 1 0.45 0.5
3.2 up 1
4 wheel 0.5 0.5 0 120
5 rotate -2
6 key Return
7 type Hi ö
8 shot home
9 end
`

func TestScriptPlays(t *testing.T) {
	want := `1.500 down 0 0.500 0.900
1.560 up 0 0.500 0.900
2.000 down 0 0.500 0.800
2.017 move 0 0.500 0.600
2.033 move 0 0.500 0.400
2.050 move 0 0.500 0.200
2.050 move 0 0.500 0.200
2.050 up 0 0.500 0.200
3.000 down 1 0.400 0.500
3.100 move 1 0.450 0.500
3.200 up 1 0.450 0.500
4.000 scroll 0.500 0.500 0 120
5.000 rotate -2
6.000 keydown Return
6.000 keyup Return
7.000 rune H
7.000 rune i
7.000 rune  
7.000 rune ö
8.000 shot home
`
	synctest.Test(t, func(t *testing.T) {
		s, err := input.ParseScript("drive", strings.NewReader(drive))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var got strings.Builder
		note := func(what string) { fmt.Fprintf(&got, "%.3f %s\n", time.Since(start).Seconds(), what) }
		err = s.Play(t.Context(), func(ev input.Event) { note(describe(ev)) }, func(name string) error {
			note("shot " + name)
			return nil
		})
		if err != nil || got.String() != want {
			t.Errorf("got %v\n%swant\n%s", err, got.String(), want)
		}
		if d := time.Since(start); d != 9*time.Second || s.Duration() != d {
			t.Errorf("it took %v, Duration says %v; want 9s", d, s.Duration())
		}
	})
}

func TestScriptEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := input.ParseScript("x", strings.NewReader("1 shot a\n5 tap 0 0"))
		if err != nil {
			t.Fatal(err)
		}
		full := errors.New("disk full")
		if err := s.Play(t.Context(), nil, func(string) error { return full }); !errors.Is(err, full) {
			t.Errorf("a shot that fails: got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := s.Play(ctx, nil, func(string) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: got %v", err)
		}
	})
}

func TestScriptErrors(t *testing.T) {
	for line, want := range map[string]string{
		"soon tap 0 0":       `"soon" is no time`,
		"-1 tap 0 0":         `"-1" is no time`,
		"NaN tap 0 0":        `"NaN" is no time`,
		"1 jump":             `"jump" is none of tap`,
		"1":                  `"" is none of tap`,
		"1 tap 0.5":          "got 1 numbers, want 2 to 3",
		"1 tap 0.5 x":        `"x" is no number`,
		"1 tap 0.5 1.5":      "off the display",
		"1 tap 0.5 0.5 -3":   "-3 seconds",
		"1 drag 0 0 1 2":     "off the display",
		"1 drag 0 0 1 1 99":  "99 seconds",
		"1 down 0.5 0.5 0.5": "finger 0.5",
		"1 up 12":            "finger 12",
		"1 wheel 2 0 0 0":    "off the display",
		"1 rotate much":      `"much" is no number`,
		"1 key":              "want one key name",
		"1 type":             "no text",
		"1 shot a b":         "want one name",
		"1 end\n2 tap 0 0":   `script:3: "2 tap 0 0" after end`,
	} {
		_, err := input.ParseScript("script", strings.NewReader("# first\n"+line))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "script:") {
			t.Errorf("%s: got %v, want line and %s", line, err, want)
		}
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add(drive)
	f.Add("1e3 tap 1e-9 0.1 60")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := input.ParseScript("f", strings.NewReader(text))
		if err == nil && (s.Duration() < 0 || s.Duration() > 24*time.Hour+time.Minute) {
			t.Fatalf("lasts %v", s.Duration())
		}
	})
}

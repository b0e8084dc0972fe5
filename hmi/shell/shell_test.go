package shell_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi"
	"tandem/hmi/shell"
	"tandem/vehicle"
)

type values = map[vehicle.Path]vehicle.Value

// A touch becomes a command, is shown as asked, and becomes a fact when the
// car reports it.
func TestTapToReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		r.want(`text "21.5°"`, `control "Driver: Warmer"`)
		r.car.mu.Lock()
		r.car.delay = time.Second
		r.car.mu.Unlock()
		r.tap("Driver: Warmer")
		r.want(`text "22.0°" 40`)
		got := r.car.commands()
		if len(got) != 1 || got[0].Path != vehicle.ClimateDriverTemperature || got[0].Value != vehicle.NumberOf(22) || got[0].Origin != "hmi" {
			t.Fatalf("commands: got %v, want the driver's temperature at 22 from the hmi", got)
		}
		r.ui.save(t, "live-asked")
		time.Sleep(1500 * time.Millisecond)
		r.want(`text "22.0°" 40`)
		r.ui.save(t, "live-reported")
	})
}

// Ten quick touches ask for the last temperature, not ten times.
func TestQuickTapsCoalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		r.car.mu.Lock()
		r.car.delay = time.Second
		r.car.mu.Unlock()
		for range 10 {
			r.tap("Driver: Warmer")
		}
		r.want(`text "26.5°" 40`)
		time.Sleep(3 * time.Second)
		r.want(`text "26.5°" 40`)
		got := r.car.commands()
		if len(got) != 2 || got[1].Value != vehicle.NumberOf(26.5) {
			t.Errorf("commands: got %v, want the first and the last", got)
		}
	})
}

func TestSyncAsksBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		r.tap("Climate")
		r.settle()
		r.tap("Sync")
		r.settle()
		r.want(`control "Sync" on`)
		r.tap("Driver: Warmer")
		r.settle()
		last := r.car.commands()
		if len(last) != 3 || last[0].Value != vehicle.NumberOf(21.5) || last[1].Value != vehicle.NumberOf(22) || last[2].Value != vehicle.NumberOf(22) {
			t.Errorf("commands: got %v, want the passenger at 21.5, then both at 22", last)
		}
	})
}

// What the car refuses or leaves open is said in a plain sentence, and what is
// shown goes back to what is reported.
func TestRefusedAndUncertain(t *testing.T) {
	for _, c := range []struct {
		name   string
		deaf   bool
		refuse string
		after  time.Duration
		says   string
	}{
		{"refused", false, "the ignition is off", 300 * time.Millisecond, "Not done: the car refused."},
		{"uncertain", true, "", 2500 * time.Millisecond, "Not confirmed. It may have happened."},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, shell.Driving)
				defer r.stop()
				r.car.behave(c.deaf, c.refuse)
				r.tap("Defrost: Front")
				time.Sleep(c.after)
				r.want(c.says)
				if line, _, _ := r.control("Defrost: Front"); strings.Contains(line, "pending") || strings.Contains(line, " on") {
					t.Errorf("after it: got %q, want it off and not pending", line)
				}
				r.ui.save(t, "live-"+c.name)
				time.Sleep(7 * time.Second)
				r.wantNot(c.says)
			})
		})
	}
}

// A stale value is a dash, never an old number, even if nobody sweeps.
func TestStaleIsADash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		r.car.report(300*time.Millisecond, values{vehicle.Speed: vehicle.NumberOf(88)})
		time.Sleep(100 * time.Millisecond)
		r.want(`text "88" 112`)
		time.Sleep(1500 * time.Millisecond)
		r.want(`text "–" 112`)
		r.wantNot(`text "88"`, `text "87"`)
	})
}

func TestNavigationAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		for _, c := range []struct {
			do   func()
			want hmi.Screen
		}{
			{func() { r.tap("Vehicle") }, hmi.VehicleScreen},
			{func() { r.tap("Drive") }, hmi.Instruments},
			{func() { r.tap("Drive") }, hmi.Instruments},
			{func() { r.key("Escape") }, hmi.VehicleScreen},
			{func() { r.key("Escape") }, hmi.Home},
			{func() { r.key("Escape") }, hmi.Home},
		} {
			c.do()
			r.settle()
			if got := r.s.State().Screen; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		}
	})
}

// Day and night follow the light outside with a hysteresis, and the choice.
func TestDayAndNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		for _, c := range []struct {
			light float64
			night bool
		}{{12, true}, {30, true}, {36, false}, {25, false}, {19, true}} {
			r.car.report(0, values{vehicle.ExteriorLightIntensity: vehicle.NumberOf(c.light)})
			r.settle()
			if got := r.s.State().Night; got != c.night {
				t.Errorf("at %v %%: night %v, want %v", c.light, got, c.night)
			}
		}
		r.tap("Settings")
		r.settle()
		r.tap("Display")
		r.settle()
		r.tap("Day") // a driving essential: allowed while moving
		r.settle()
		if r.s.State().Night {
			t.Error("after choosing day: it is night")
		}
		r.ui.save(t, "live-day")
	})
}

// What driving forbids is disabled with its reason and cannot be reached by
// finger, rotary or key.
func TestForbiddenWhileMoving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		r.tap("Settings")
		r.settle()
		r.want(`control "mph" disabled`, `text "Available when parked"`)
		r.tap("mph")
		r.settle()
		for range 40 { // round the whole screen by rotary, pressing everything but the dock
			r.rotate(1)
			if line := focused(r); line == "" || strings.Contains(line, "disabled") {
				if strings.Contains(line, "disabled") {
					t.Fatalf("the rotary reached %q", line)
				}
			}
		}
		if got := r.s.State().Settings.Speed; got != "km/h" {
			t.Errorf("speed unit: got %s, want it unchanged", got)
		}
		r.car.report(0, values{vehicle.Speed: vehicle.NumberOf(0), vehicle.CurrentGear: vehicle.NumberOf(vehicle.GearPark)})
		r.settle()
		r.wantNot(`control "mph" disabled`, `text "Available when parked" 28`)
		r.tap("mph")
		r.settle()
		if got := r.s.State().Settings.Speed; got != "mph" {
			t.Errorf("parked: speed unit %s, want mph", got)
		}
	})
}

// focused is the dump line of the focused control.
func focused(r *rig) string {
	for l := range strings.Lines(r.scene()) {
		if strings.HasPrefix(l, "control") && strings.Contains(l, " focused") {
			return l
		}
	}
	return ""
}

// The rotary controller reaches the climate strip, and its press taps.
func TestRotaryTaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		for range 60 {
			r.rotate(1)
			if strings.Contains(focused(r), "Driver: Warmer") {
				r.key("Return")
				r.settle()
				if got := r.car.commands(); len(got) != 1 {
					t.Errorf("commands: got %v, want one", got)
				}
				return
			}
		}
		t.Errorf("60 detents did not reach the driver's temperature; focus at %q", focused(r))
	})
}

func TestSettingsAreKept(t *testing.T) {
	dir := t.TempDir()
	with := func(c *shell.Config) { c.DataDir = dir }
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Asked, with)
		defer r.stop()
		r.tap("Settings")
		r.settle()
		r.tap("Language")
		r.settle()
		r.tap("Deutsch")
		r.settle()
		r.want(`text "Einstellungen"`, `control "Deutsch" on`)
		r.ui.save(t, "live-language")
	})
	if _, err := os.Stat(filepath.Join(dir, "settings.json")); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Asked, with)
		defer r.stop()
		r.want(`text "Reichweite"`)
	})
}

// Urgent telltales are on a layer of their own, shown only while one is lit.
func TestTelltaleLayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		on, place := r.lamps.visible()
		if on || place.Empty() || place.Max.Y > 48 {
			t.Fatalf("in order: shown %v at %v, want hidden within the status bar", on, place)
		}
		r.car.report(0, values{vehicle.ABSIsError: vehicle.BoolOf(true)})
		r.settle()
		if on, _ := r.lamps.visible(); !on {
			t.Error("with a fault: the layer is hidden")
		}
		r.want(`text "ABS does not work. Brake early and gently."`)
		r.lamps.save(t, "live-telltales")
		r.car.report(0, values{vehicle.ABSIsError: vehicle.BoolOf(false)})
		r.settle()
		if on, _ := r.lamps.visible(); on {
			t.Error("in order again: the layer is shown")
		}
	})
}

// A car at rest costs no frame; a changing speed costs only its wedge and its
// digits.
func TestFramesAndPixels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving, func(c *shell.Config) { c.Telltales = nil })
		defer r.stop()
		r.tap("Drive")
		time.Sleep(2 * time.Second)
		f0, _ := r.ui.count()
		time.Sleep(10 * time.Second)
		if f1, _ := r.ui.count(); f1 != f0 {
			t.Errorf("at rest: %d frames in 10 s, want 0", f1-f0)
		}
		f0, p0 := r.ui.count()
		for i := range 60 {
			r.car.report(0, values{vehicle.Speed: vehicle.NumberOf(87 + float64(i)*0.2)})
			time.Sleep(time.Second / 60)
		}
		f1, p1 := r.ui.count()
		per := (p1 - p0) / max(1, f1-f0)
		if f1-f0 < 30 || per > 45000 {
			t.Errorf("speed changing: %d frames of %d pixels, want about 60 of at most 45,000", f1-f0, per)
		}
		t.Logf("%d frames of %d pixels", f1-f0, per)
	})
}

func TestBadConfig(t *testing.T) {
	car := newCar(t)
	for _, c := range []struct {
		name string
		cfg  shell.Config
		want string
	}{
		{"nothing", shell.Config{}, "needs a vehicle and a layer"},
		{"no size", shell.Config{Vehicle: hmi.Local{Store: car.store}, Layer: newLayer()}, "too small"},
	} {
		if _, err := shell.New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}

package screen_test

import (
	"flag"
	"fmt"
	"image"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/lint"
	"tandem/hmi/restrict"
	"tandem/hmi/screen"
	"tandem/hmi/theme"
	"tandem/vehicle"
)

var update = flag.Bool("update", false, "write the golden files anew")

// kit is a kit for a panel with a record of what it was asked.
func kit(w, h int) (*screen.Kit, *[]string) {
	var log []string
	m := &hmi.Model{}
	k := &screen.Kit{Theme: theme.New(theme.PanelFor(image.Pt(w, h)), true), Format: lang.NewFormat(hmi.Defaults()), Model: m}
	k.Send = func(in hmi.Intent) { log = append(log, fmt.Sprintf("%T%v", in, in)) }
	return k, &log
}

// parked and moving are what restrict says of a parked and of a moving car.
func parked() restrict.Restrictions {
	return restrict.Of(valid(vehicle.NumberOf(0)), valid(vehicle.NumberOf(vehicle.GearPark)), valid(vehicle.BoolOf(true)))
}

func moving() restrict.Restrictions {
	return restrict.Of(valid(vehicle.NumberOf(50)), valid(vehicle.NumberOf(1)), valid(vehicle.BoolOf(true)))
}

func valid(v vehicle.Value) vehicle.Sample { return vehicle.Sample{Value: v, Quality: vehicle.Valid} }

// cosy is a car in which everything can be stepped both ways.
func cosy(m *hmi.Model) {
	samples := make([]vehicle.Sample, len(hmi.Paths()))
	for i, p := range hmi.Paths() {
		switch p {
		case vehicle.ClimateDriverTemperature, vehicle.ClimatePassengerTemperature:
			samples[i] = valid(vehicle.NumberOf(20))
		case vehicle.ClimateDriverAirDistribution:
			samples[i] = valid(vehicle.TextOf("UP"))
		case vehicle.TripMeterReading:
			samples[i] = valid(vehicle.NumberOf(900))
		case vehicle.ClimateDriverFanSpeed:
			samples[i] = valid(vehicle.NumberOf(50))
		case vehicle.SeatRow1DriverHeating, vehicle.SeatRow1PassengerHeating, vehicle.SteeringWheelHeating:
			samples[i] = valid(vehicle.NumberOf(66))
		case vehicle.IsAirConditioningActive, vehicle.IsRearDefrosterActive, vehicle.DoorRow1DriverIsLocked, vehicle.DoorRow1PassengerIsLocked, vehicle.DoorRow2DriverIsLocked, vehicle.DoorRow2PassengerIsLocked:
			samples[i] = valid(vehicle.BoolOf(true))
		case vehicle.IsFrontDefrosterActive, vehicle.IsRecirculationActive, vehicle.MirrorsDriverIsHeatingOn, vehicle.WindshieldFrontIsHeatingOn:
			samples[i] = valid(vehicle.BoolOf(false))
		}
	}
	m.Update(time.Time{}, samples)
}

// taps touches every control of a screen and says what each asked for.
func taps(s screen.Screen, size fyne.Size, v *screen.View, log *[]string) string {
	s.Object().Resize(size)
	s.Update(v)
	var lines []string
	lint.Walk(s.Object(), func(o fyne.CanvasObject, _ fyne.Position) {
		t, ok := o.(fyne.Tappable)
		if !ok {
			return
		}
		*log = (*log)[:0]
		t.Tapped(&fyne.PointEvent{})
		lines = append(lines, fmt.Sprintf("%s -> %s\n", o.(interface{ Called() string }).Called(), strings.Join(*log, " ")))
	})
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// What every control of every screen asks for, parked and moving.
func TestWhatControlsAskFor(t *testing.T) {
	test.NewTempApp(t)
	var b strings.Builder
	for _, size := range []image.Point{{X: 1280, Y: 720}, {X: 800, Y: 480}} {
		for i := range int(hmi.Screens) + 2 {
			for part := range 4 {
				k, log := kit(size.X, size.Y)
				cosy(k.Model)
				name, s := "dock", screen.Screen(nil)
				switch {
				case i < int(hmi.Screens):
					name, s = hmi.Screen(i).String(), screen.New(k, hmi.Screen(i))
				case i == int(hmi.Screens):
					s = screen.NewDock(k)
				default:
					name, s = "strip", screen.NewStrip(k)
				}
				if part > 0 && name != "settings" {
					continue
				}
				v := &screen.View{Model: k.Model, State: hmi.State{Screen: hmi.Screen(i), Part: part, Settings: hmi.Defaults()}, Allow: parked()}
				still := taps(s, k.Theme.Panel.Content(), v, log)
				v.Allow = moving()
				fmt.Fprintf(&b, "# %d %s %d parked\n%s", size.X, name, part, still)
				if drive := taps(s, k.Theme.Panel.Content(), v, log); drive != still {
					fmt.Fprintf(&b, "# %d %s %d moving\n%s", size.X, name, part, drive)
				}
			}
		}
	}
	const file = "testdata/controls.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%swant\n%s(go test -update writes it anew)", b.String(), want)
	}
}

// An unknown car can be asked for nothing: there is nothing to step from.
func TestUnknownAsksNothing(t *testing.T) {
	test.NewTempApp(t)
	for i := range hmi.SettingsScreen {
		k, log := kit(1280, 720)
		k.Model.Update(time.Time{}, nil)
		got := taps(screen.New(k, i), k.Theme.Panel.Content(), &screen.View{Model: k.Model, State: hmi.State{Settings: hmi.Defaults()}, Allow: parked()}, log)
		for l := range strings.Lines(got) {
			if strings.Contains(l, "hmi.Ask") {
				t.Errorf("%v: %s", i, l)
			}
		}
	}
}

// The needs of a screen are declared, and forbid what they say.
func TestNeeds(t *testing.T) {
	test.NewTempApp(t)
	want := map[hmi.Screen]int{hmi.PhoneScreen: 6 + 15, hmi.SettingsScreen: 6 + len(hmi.Choices("language"))} // all settings but brightness
	for s := hmi.Home; s < hmi.Screens; s++ {
		k, _ := kit(1280, 720)
		needs := screen.New(k, s).Needs()
		if len(needs) != want[s] {
			t.Errorf("%v: %d needs, want %d", s, len(needs), want[s])
		}
		for _, n := range needs {
			if n.Flags&(restrict.NoSetup|restrict.NoKeyboard) == 0 {
				t.Errorf("%v: needs %v, want no-setup or no-keyboard", s, n.Flags)
			}
		}
	}
}

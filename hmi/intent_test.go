package hmi_test

import (
	"reflect"
	"testing"

	"tandem/hmi"
	"tandem/vehicle"
)

func TestStep(t *testing.T) {
	m := model(values{vehicle.ClimateDriverTemperature: num(21.5), vehicle.ExteriorLightIntensity: num(10)})
	base := hmi.State{Settings: hmi.Defaults(), Night: true}
	synced := base
	synced.Settings.Sync = true
	light := base
	light.Settings.Light, light.Night = "day", false
	french := base
	french.Settings.Language = "fr"
	there := hmi.State{Settings: hmi.Defaults(), Night: true, Screen: hmi.VehicleScreen, Before: []hmi.Screen{hmi.Home}}
	tab := base
	tab.Screen, tab.Part = hmi.SettingsScreen, 2
	tab0 := tab
	tab0.Part = 0
	for _, c := range []struct {
		name string
		s    hmi.State
		in   hmi.Intent
		want hmi.State
		asks []hmi.Ask
	}{
		{"show", base, hmi.Show{Screen: hmi.VehicleScreen}, there, nil},
		{"show the same", there, hmi.Show{Screen: hmi.VehicleScreen}, there, nil},
		{"show nothing", base, hmi.Show{Screen: hmi.Screens}, base, nil},
		{"show less than nothing", base, hmi.Show{Screen: -1}, base, nil},
		{"back", there, hmi.Back{}, hmi.State{Settings: hmi.Defaults(), Night: true, Before: []hmi.Screen{}}, nil},
		{"back at the start", base, hmi.Back{}, base, nil},
		{"back from a part", tab, hmi.Back{}, tab0, nil},
		{"part", tab0, hmi.ShowPart{Part: 2}, tab, nil},
		{"one wish", base, hmi.Ask{Path: vehicle.IsAirConditioningActive, Value: yes}, base, []hmi.Ask{{Path: vehicle.IsAirConditioningActive, Value: yes}}},
		{"driver alone", base, hmi.Ask{Path: vehicle.ClimateDriverTemperature, Value: num(22)}, base, []hmi.Ask{{Path: vehicle.ClimateDriverTemperature, Value: num(22)}}},
		{"driver in sync", synced, hmi.Ask{Path: vehicle.ClimateDriverTemperature, Value: num(22)}, synced,
			[]hmi.Ask{{Path: vehicle.ClimateDriverTemperature, Value: num(22)}, {Path: vehicle.ClimatePassengerTemperature, Value: num(22)}}},
		{"passenger in sync", synced, hmi.Ask{Path: vehicle.ClimatePassengerTemperature, Value: num(22)}, synced, []hmi.Ask{{Path: vehicle.ClimatePassengerTemperature, Value: num(22)}}},
		{"fan", base, hmi.Ask{Path: vehicle.ClimateDriverFanSpeed, Value: num(50)}, base,
			[]hmi.Ask{{Path: vehicle.ClimateDriverFanSpeed, Value: num(50)}, {Path: vehicle.ClimatePassengerFanSpeed, Value: num(50)}}},
		{"mirrors", base, hmi.Ask{Path: vehicle.MirrorsDriverIsHeatingOn, Value: yes}, base,
			[]hmi.Ask{{Path: vehicle.MirrorsDriverIsHeatingOn, Value: yes}, {Path: vehicle.MirrorsPassengerIsHeatingOn, Value: yes}}},
		{"sync", base, hmi.ToggleSync{}, synced, []hmi.Ask{{Path: vehicle.ClimatePassengerTemperature, Value: num(21.5)}}},
		{"sync off", synced, hmi.ToggleSync{}, base, nil},
		{"choose day", base, hmi.Choose{Name: "light", Value: "day"}, light, nil},
		{"choose a language", base, hmi.Choose{Name: "language", Value: "fr"}, french, nil},
		{"choose nonsense", base, hmi.Choose{Name: "language", Value: "xx"}, base, nil},
		{"choose nothing", base, hmi.Choose{Name: "colour", Value: "red"}, base, nil},
		{"explain", base, hmi.Explain{Text: "no"}, base, nil},
	} {
		got, asks, _ := c.s.Step(m, c.in)
		if !reflect.DeepEqual(got, c.want) || !reflect.DeepEqual(asks, c.asks) {
			t.Errorf("%s: got %+v %v, want %+v %v", c.name, got, asks, c.want, c.asks)
		}
	}
	if _, asks, _ := base.Step(model(nil), hmi.ToggleSync{}); asks != nil {
		t.Errorf("sync with an unknown temperature: got %v, want no wish", asks)
	}
}

// However long one wanders about, Back remembers few screens and ends at Home.
func TestBackEndsAtHome(t *testing.T) {
	var s hmi.State
	m := &hmi.Model{}
	for i := range 100 {
		s, _, _ = s.Step(m, hmi.Show{Screen: hmi.Screen(i % int(hmi.Screens))})
	}
	if len(s.Before) > 8 {
		t.Errorf("remembers %d screens", len(s.Before))
	}
	for range 10 {
		s, _, _ = s.Step(m, hmi.Back{})
	}
	if s.Screen != hmi.Home {
		t.Errorf("ends at %v, want home", s.Screen)
	}
}

func TestStepNumber(t *testing.T) {
	c := func(v float64) hmi.Control[float64] { return hmi.Control[float64]{Reported: hmi.Known(v)} }
	for _, x := range []struct {
		name string
		c    hmi.Control[float64]
		by   float64
		want float64
		ok   bool
	}{
		{"up", c(21.5), 1, 22, true},
		{"down", c(21.5), -1, 21, true},
		{"off the grid", c(21.3), 1, 22, true},
		{"at the top", c(28), 1, 28, false},
		{"at the bottom", c(16), -1, 16, false},
		{"beyond the top", c(30), 1, 28, true},
		{"unknown", hmi.Control[float64]{}, 1, 0, false},
		{"from what is asked", hmi.Control[float64]{Reported: hmi.Known(20.0), Asked: hmi.Known(24.0)}, 1, 24.5, true},
	} {
		got, ok := hmi.StepNumber(x.c, x.by, hmi.TemperatureStep, hmi.TemperatureMin, hmi.TemperatureMax)
		if ok != x.ok || ok && got != x.want {
			t.Errorf("%s: got %v %v, want %v %v", x.name, got, ok, x.want, x.ok)
		}
	}
}

func TestHeat(t *testing.T) {
	for i, want := range []int{0, 0, 1, 1, 2, 2, 3, 3} {
		v := []float64{0, 16, 17, 49, 50, 82, 83, 100}[i]
		if got := hmi.HeatLevel(v); got != want {
			t.Errorf("%v %%: got level %d, want %d", v, got, want)
		}
	}
	c := hmi.Control[float64]{Reported: hmi.Known(0.0)}
	for _, want := range []float64{100, 66, 33, 0} {
		v, ok := hmi.NextHeat(c)
		if !ok || v != want {
			t.Fatalf("got %v %v, want %v", v, ok, want)
		}
		c.Reported = hmi.Known(v)
	}
	if _, ok := hmi.NextHeat(hmi.Control[float64]{}); ok {
		t.Error("an unknown level can be stepped")
	}
}

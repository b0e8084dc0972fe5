package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
	"tandem/vehicle"
)

// carJSON is the object of car --json: signals by their VSS paths, in the units
// of the catalogue.
type carJSON struct {
	peerJSON
	Signals map[string]any `json:"signals"`
}

// wishes are what a person may ask of the car by a short name.
var wishes = map[string]struct {
	path  vehicle.Path
	about string
	unit  string // "" on|off, "now": no value
}{
	"temperature": {vehicle.ClimateDriverTemperature, "temperature at the driver's seat", "16 to 28 (degrees Celsius)"},
	"fan":         {vehicle.ClimateDriverFanSpeed, "fan at the driver's seat", "0 to 100 (percent)"},
	"cooling":     {vehicle.IsAirConditioningActive, "air conditioning", ""},
	"defrost":     {vehicle.IsFrontDefrosterActive, "front defroster", ""},
	"seat":        {vehicle.SeatRow1DriverHeating, "heating of the driver's seat", "0 to 100 (percent)"},
	"limit":       {vehicle.ChargeLimit, "charge up to", "50 to 100 (percent)"},
	"hazard":      {vehicle.LightsHazardIsSignaling, "hazard lights, to find it", ""},
	"lock":        {vehicle.DoorRow1DriverIsLocked, "lock the doors (never unlocks)", "now"},
}

func (p *phone) carCommand() *cobra.Command {
	var name string
	cmd := p.jsonFlag(&cobra.Command{
		Use:   "car [WISH [VALUE]]",
		Short: "Say how the car is, or ask it for something",
		Long: "Say how the car is, or ask it for something. The car decides: some things it does only while parked,\n" +
			"and a phone never unlocks it.\n\nWishes:\n" + wishList(),
		Example: "  tandem phone car\n  tandem phone car temperature 21\n  tandem phone car defrost on",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			_, _, err := wishArg(args)
			return err
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return slices.Sorted(maps.Keys(wishes)), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			ph, err := c.reach(ctx, name)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			if len(args) > 0 {
				return c.askCar(ctx, cmd, ph, args)
			}
			values, err := c.node.CarValues(ctx, ph.Device)
			if err != nil {
				return explain(err)
			}
			if p.asJSON {
				j := carJSON{peerJSON: peerJSON{Device: string(ph.Device), Name: ph.Name, Model: ph.Model, Presence: ph.Presence.String()}, Signals: map[string]any{}}
				for path, v := range values {
					j.Signals[string(path)] = jsonValue(v)
				}
				return printJSON(cmd.OutOrStdout(), j)
			}
			for _, line := range carLines(ph, values, time.Now()) {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		}),
	})
	cmd.Flags().StringVar(&name, "car", "", "which car, by name (default the one in reach)")
	return cmd
}

func wishList() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(wishes)) {
		w := wishes[name]
		value := w.unit
		switch value {
		case "":
			value = "on|off"
		case "now":
			value = ""
		}
		fmt.Fprintf(&b, "  %-13s%-36s%s\n", name, w.about, value)
	}
	return strings.TrimRight(b.String(), "\n")
}

// wishArg reads a wish of the command line.
func wishArg(args []string) (path vehicle.Path, v vehicle.Value, err error) {
	w, ok := wishes[args[0]]
	if !ok {
		return path, v, fmt.Errorf("unknown wish %q; expected one of %s", args[0], strings.Join(slices.Sorted(maps.Keys(wishes)), ", "))
	}
	if w.unit == "now" {
		if len(args) != 1 {
			return path, v, fmt.Errorf("%s takes no value", args[0])
		}
		return w.path, vehicle.BoolOf(true), nil
	}
	if len(args) != 2 {
		return path, v, fmt.Errorf("%s: expected %s", args[0], orElse(w.unit, "on or off"))
	}
	if w.unit == "" {
		if args[1] != "on" && args[1] != "off" {
			return path, v, fmt.Errorf("%s %q: expected on or off", args[0], args[1])
		}
		return w.path, vehicle.BoolOf(args[1] == "on"), nil
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(args[1], "%"), 64)
	if err != nil || n != n {
		return path, v, fmt.Errorf("%s %q: expected %s", args[0], args[1], w.unit)
	}
	return w.path, vehicle.NumberOf(n), nil
}

// askCar asks and says how it ended.
func (c *companion) askCar(ctx context.Context, cmd *cobra.Command, ph *phonelink.Phone, args []string) error {
	path, v, err := wishArg(args)
	if err != nil {
		return err
	}
	o, err := c.node.AskCar(ctx, ph.Device, path, v)
	if err != nil {
		return explain(err)
	}
	what := wishes[args[0]].about
	if len(args) > 1 {
		what += " " + args[1]
	}
	if o.State != vehicle.Done {
		return errors.New(what + ": " + o.State.String() + ": " + orElse(clean(o.Reason), "no reason was given"))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: done\n", what)
	return nil
}

func jsonValue(v vehicle.Value) any {
	if n, ok := v.Number(); ok {
		return n
	}
	if b, ok := v.Bool(); ok {
		return b
	}
	s, _ := v.Text()
	return s
}

// carLines is what a car says of itself, in a person's words; what it does not
// say is left out.
func carLines(ph *phonelink.Phone, values map[vehicle.Path]vehicle.Value, now time.Time) []string {
	lines := []string{fmt.Sprintf("%s: %s", clean(ph.Name), presenceText(ph, now))}
	number := func(p vehicle.Path) (float64, bool) { return values[p].Number() }
	is := func(p vehicle.Path) bool { b, ok := values[p].Bool(); return ok && b }
	known := func(p vehicle.Path) bool { _, ok := values[p].Bool(); return ok }
	add := func(name string, parts ...string) {
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
		if len(parts) > 0 {
			lines = append(lines, fmt.Sprintf("%-10s%s", name, strings.Join(parts, ", ")))
		}
	}
	text := func(p vehicle.Path, format string, scale float64) string {
		if n, ok := number(p); ok {
			return fmt.Sprintf(format, n*scale)
		}
		return ""
	}
	yes := func(p vehicle.Path, word string) string {
		if is(p) {
			return word
		}
		return ""
	}
	charging := yes(vehicle.IsCharging, "charging")
	if left, ok := number(vehicle.ChargingTimeToComplete); ok && charging != "" && left > 0 {
		charging += ", done in " + ago(time.Duration(left)*time.Second)
	}
	if charging == "" {
		charging = yes(vehicle.IsChargingCableConnected, "cable plugged")
	}
	add("battery", text(vehicle.StateOfChargeDisplayed, "%.0f %%", 1), text(vehicle.BatteryRange, "%.0f km", 0.001), charging, text(vehicle.ChargeLimit, "limit %.0f %%", 1))
	add("climate", text(vehicle.CabinTemperature, "%.0f °C inside", 1), text(vehicle.ExteriorAirTemperature, "%.0f °C outside", 1),
		text(vehicle.ClimateDriverTemperature, "set to %.1f °C", 1), yes(vehicle.IsAirConditioningActive, "cooling"))
	doors := ""
	if known(vehicle.DoorRow1DriverIsLocked) {
		doors = "unlocked"
		if is(vehicle.DoorRow1DriverIsLocked) {
			doors = "locked"
		}
	}
	add("doors", doors, yes(vehicle.DoorRow1DriverIsOpen, "driver's open"), yes(vehicle.DoorRow1PassengerIsOpen, "passenger's open"),
		yes(vehicle.DoorRow2DriverIsOpen, "rear left open"), yes(vehicle.DoorRow2PassengerIsOpen, "rear right open"),
		yes(vehicle.TrunkRearIsOpen, "boot open"), yes(vehicle.HoodIsOpen, "hood open"))
	add("car", gearText(values), placeOfCar(values), text(vehicle.TraveledDistance, "%.0f km driven", 0.001))
	if values != nil && len(values) == 0 && ph.Presence == phonelink.Linked {
		lines = append(lines, "          it says nothing to this phone: is another profile open there, or is it locked?")
	}
	return lines
}

func gearText(values map[vehicle.Path]vehicle.Value) string {
	switch g, ok := values[vehicle.CurrentGear].Number(); {
	case !ok:
		return ""
	case g == vehicle.GearPark:
		return "parked"
	}
	return "in gear"
}

func placeOfCar(values map[vehicle.Path]vehicle.Value) string {
	lat, latOK := values[vehicle.Latitude].Number()
	lon, lonOK := values[vehicle.Longitude].Number()
	if !latOK || !lonOK {
		return ""
	}
	return fmt.Sprintf("at %.5f,%.5f", lat, lon)
}

package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tandem/canbus/dbc"
	"tandem/vehicle"
	"tandem/vehicle/carport"
	"tandem/vehicle/cars"
)

// Commands are "tandem vehicle ...".
func Commands() []*cobra.Command {
	vehicle := &cobra.Command{
		Use:   "vehicle",
		Short: "Check car models and list what they map",
		Args:  cobra.NoArgs,
	}
	vehicle.AddCommand(checkCommand(), signalsCommand())
	return []*cobra.Command{vehicle}
}

// dbcFlag adds --dbc BUS=FILE.
func dbcFlag(c *cobra.Command) *[]string {
	return c.Flags().StringArray("dbc", nil, "read the database of a bus from another file: `BUS=FILE`")
}

// load is LoadCar with the flags --dbc BUS=FILE.
func load(name string, overrides []string) (*carport.Car, error) {
	dbc := map[string]string{}
	for _, s := range overrides {
		bus, file, ok := strings.Cut(s, "=")
		if !ok || bus == "" || file == "" {
			return nil, misuse{fmt.Errorf("--dbc %s: write it as BUS=FILE", s)}
		}
		dbc[bus] = file
	}
	return LoadCar(name, dbc)
}

// LoadCar reads a car model: a directory if there is one of that name, else an
// embedded car. dbc has databases by bus, in place of the car's.
func LoadCar(name string, dbc map[string]string) (*carport.Car, error) {
	o := carport.Overrides{DBC: dbc}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		dir := filepath.Clean(name)
		return carport.LoadCar(os.DirFS(filepath.Dir(dir)), filepath.Base(dir), o)
	case slices.Contains(cars.Names(), name):
		return carport.LoadCar(cars.FS, name, o)
	case err == nil:
		err = errors.New("is a file")
	case errors.Is(err, fs.ErrNotExist):
		err = fs.ErrNotExist
	}
	return nil, misuse{fmt.Errorf("car %s: %w; give a directory with car.yaml, or one of: %s", name, err, strings.Join(cars.Names(), ", "))}
}

// misuse is an error of the arguments, rather than of the car.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check a car directory and print every problem with file and line",
		Long: `Check reads a car directory (car.yaml, the databases, overlay.vspec,
policy.yaml) as the head unit does, and prints every problem with file, line
and what to do. It ends with 1 if the car cannot be used. Warnings are printed
and do not count.`,
		Example: "  tandem vehicle check tandem-one\n  tandem vehicle check ./mycar --dbc gps=canmod-gps.dbc",
		Args:    cobra.ExactArgs(1),
	}
	overrides := dbcFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		car, err := load(args[0], *overrides)
		if err != nil {
			var m misuse
			if errors.As(err, &m) {
				return err
			}
			problems := carport.Problems(err)
			for _, p := range problems {
				fmt.Fprintln(c.OutOrStdout(), p)
			}
			return fmt.Errorf("check %s: %s", args[0], count(len(problems), "problem"))
		}
		warned := 0
		for _, d := range car.Diagnostics {
			if d.Severity >= dbc.Warning {
				fmt.Fprintln(c.OutOrStdout(), d)
				warned++
			}
		}
		for _, w := range car.Warnings {
			fmt.Fprintf(c.OutOrStdout(), "%v (warning)\n", w)
			warned++
		}
		up, down := 0, 0
		for _, m := range car.Mappings {
			if m.Up != nil {
				up++
			}
			if m.Down != nil {
				down++
			}
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %s, %d signals reported, %d can be asked for, %s\n",
			car.Name, count(len(car.Buses), "bus"), up, down, count(warned, "warning"))
		return nil
	}
	return c
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func signalsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "signals [DIR]",
		Short: "List the VSS signals that a car maps, and to which DBC signals",
		Args:  cobra.MaximumNArgs(1),
	}
	asJSON := c.Flags().Bool("json", false, "one JSON object per line")
	overrides := dbcFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		dir := cars.Default
		if len(args) == 1 {
			dir = args[0]
		}
		car, err := load(dir, *overrides)
		if err != nil {
			return err
		}
		return listSignals(c.OutOrStdout(), car, *asJSON)
	}
	return c
}

// signalLine is one signal of "signals --json".
type signalLine struct {
	Path     vehicle.Path `json:"path"`
	Kind     string       `json:"kind"`
	Datatype string       `json:"datatype"`
	Unit     string       `json:"unit,omitempty"`
	Min      *float64     `json:"min"`
	Max      *float64     `json:"max"`
	Reported string       `json:"reported,omitempty"` // BUS.MESSAGE.SIGNAL
	Asked    string       `json:"asked,omitempty"`
}

func listSignals(w io.Writer, car *carport.Car, asJSON bool) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, m := range car.Mappings {
		line := signalLine{
			Path: m.Path(), Kind: m.Node.Kind.String(), Datatype: m.Node.Type.String(), Unit: m.Node.Unit,
			Min: number(m.Min), Max: number(m.Max),
		}
		if u := m.Up; u != nil {
			line.Reported = place(car, u.Bus, u.Message, u.Signal)
		}
		if d := m.Down; d != nil {
			line.Asked = place(car, d.Bus, d.Message, d.Signal)
		}
		if asJSON {
			if err := out.Encode(line); err != nil {
				return err
			}
			continue
		}
		asked := ""
		if line.Asked != "" {
			asked = " <- " + line.Asked
		}
		if _, err := fmt.Fprintf(w, "%-70s %-9s %s%s\n", line.Path, line.Unit, line.Reported, asked); err != nil {
			return err
		}
	}
	return nil
}

// number is nil for NaN, which JSON does not know.
func number(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func place(car *carport.Car, bus int, m *dbc.Message, s *dbc.Signal) string {
	return car.Buses[bus].Name + "." + m.Name + "." + s.Name
}

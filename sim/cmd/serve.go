package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tandem/canbus"
	"tandem/canbus/socketcan"
	"tandem/sim/car"
	"tandem/sim/scenario"
)

// Config is what Serve needs; the zero value is the built-in drive on no bus.
type Config struct {
	Seed     uint64                // of the noise
	Scenario *scenario.Scenario    // nil: the built-in drive
	Buses    map[string]canbus.Bus // the car's attachments by name; Serve closes them
	Rate     float64               // seconds of the car per second; 0 means 1
	Ready    func(*car.Car)        // is told the car before it moves, for its Command; nil for none
	Logger   *slog.Logger          // nil discards
}

// Buses are the names of the car's buses, in the order of its car.yaml.
func Buses() []string { return slices.Clone(busNames) }

// Serve drives a simulated car with the clock until the context ends or a bus
// is closed. It returns nil then, and an error if the car cannot be made or a
// bus fails.
func Serve(ctx context.Context, cfg Config) error {
	c, err := car.New(car.Config{Seed: cfg.Seed, Scenario: cfg.Scenario, Buses: cfg.Buses, Rate: cfg.Rate, Logger: cfg.Logger})
	if err != nil {
		closeAll(cfg.Buses)
		return fmt.Errorf("simulate a car: %w", err)
	}
	if cfg.Ready != nil {
		cfg.Ready(c)
	}
	return c.Run(ctx)
}

func serveCommand() *cobra.Command {
	var (
		seed  uint64
		rate  = rateValue(1)
		buses busesValue
	)
	cmd := &cobra.Command{
		Use:   "serve [SCENARIO] --can BUS=IFACE,...",
		Short: "Put the car on CAN interfaces",
		Long: "Put the simulated car on CAN interfaces, such as vcan0, for a head unit in another process or on another machine.\n" +
			"The buses are powertrain, body and adas (CAN FD). Never attach it to a real car.",
		Example: "  tandem sim serve --can powertrain=vcan0,body=vcan1,adas=vcan2",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := scenarioArg(args)
			if err != nil {
				return err
			}
			if rate == 0 {
				return errors.New("--rate 0: interfaces have a clock; expected a number above 0, to 1000")
			}
			open, err := buses.open()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "driving on %s; Ctrl-C ends it\n", &buses)
			logger := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return Serve(cmd.Context(), Config{Seed: seed, Scenario: s, Buses: open, Rate: float64(rate), Logger: logger})
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the noise")
	cmd.Flags().Var(&rate, "rate", "seconds of the car per second, to 1000")
	cmd.Flags().Var(&buses, "can", "CAN interfaces of the buses: BUS=IFACE,...")
	_ = cmd.MarkFlagRequired("can")
	return cmd
}

// busesValue is the flag --can.
type busesValue map[string]string

var busNames = []string{car.Powertrain, car.Body, car.ADAS}

func (b *busesValue) Type() string { return "BUS=IFACE,..." }

func (b *busesValue) String() string {
	var parts []string
	for _, name := range busNames {
		if iface, ok := (*b)[name]; ok {
			parts = append(parts, name+"="+iface)
		}
	}
	return strings.Join(parts, ",")
}

func (b *busesValue) Set(s string) error {
	m := map[string]string{}
	for part := range strings.SplitSeq(s, ",") {
		name, iface, ok := strings.Cut(part, "=")
		if !ok || iface == "" || !slices.Contains(busNames, name) {
			return fmt.Errorf("%q: expected BUS=IFACE with a bus of %s", part, strings.Join(busNames, ", "))
		}
		if _, twice := m[name]; twice {
			return fmt.Errorf("%q: bus %s has an interface already", part, name)
		}
		m[name] = iface
	}
	*b = m
	return nil
}

func (b busesValue) open() (map[string]canbus.Bus, error) {
	open := map[string]canbus.Bus{}
	for name, iface := range b {
		bus, err := socketcan.Open(socketcan.Config{Interface: iface, NeedFD: name == car.ADAS})
		if err != nil {
			closeAll(open)
			return nil, fmt.Errorf("bus %s: %w", name, err)
		}
		open[name] = bus
	}
	return open, nil
}

func closeAll(buses map[string]canbus.Bus) {
	for _, b := range buses {
		_ = b.Close()
	}
}

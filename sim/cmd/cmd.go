// Package cmd has the simulator's part of the command line, and Serve, by which
// the head unit gets a car to talk to.
package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"tandem/sim/car"
	"tandem/sim/scenario"
)

// Commands are the commands of the simulator.
func Commands() []*cobra.Command {
	root := &cobra.Command{
		Use:   "sim",
		Short: "Simulate the reference car: drives, faults, logs",
		Long: "Simulate Tandem One, the reference car. What happens is said by a scenario, a text with one event per line;\n" +
			"'tandem sim demo' prints the built-in one as an example.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(runCommand(), serveCommand(), checkCommand(), demoCommand())
	return []*cobra.Command{root}
}

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Print the built-in scenario",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(scenario.DemoText())
			return err
		},
	}
}

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Check scenario files",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var problems []error
			for _, name := range args {
				s, err := loadScenario(name)
				if err == nil {
					_, err = car.New(car.Config{Scenario: s})
				}
				if err != nil {
					problems = append(problems, err)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events%s\n", name, len(s.Events), loopText(s))
			}
			return errors.Join(problems...)
		},
	}
}

func loopText(s *scenario.Scenario) string {
	if s.Period == 0 {
		return ", once"
	}
	return ", starts over after " + s.Period.String()
}

// scenarioArg loads the scenario of a command line, nil for the built-in one.
func scenarioArg(args []string) (*scenario.Scenario, error) {
	if len(args) == 0 {
		return nil, nil
	}
	return loadScenario(args[0])
}

func loadScenario(name string) (*scenario.Scenario, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w; 'tandem sim demo' prints one to start from", err)
	}
	return scenario.Parse(name, data)
}

// rateValue is the flag --rate.
type rateValue float64

func (r *rateValue) String() string { return strconv.FormatFloat(float64(*r), 'g', -1, 64) }
func (r *rateValue) Type() string   { return "N" }

func (r *rateValue) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v <= 1000) {
		return errors.New("expected a number from 0 to 1000")
	}
	*r = rateValue(v)
	return nil
}

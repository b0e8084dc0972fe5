package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tandem/canbus"
	"tandem/canbus/canlog"
	"tandem/sim"
	"tandem/sim/car"
)

// runOptions are the flags of sim run.
type runOptions struct {
	seed     uint64
	length   time.Duration
	rate     rateValue
	log      string
	asJSON   bool
	scenario []string
}

func runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [SCENARIO]",
		Short: "Drive without a head unit, and write a log",
		Long: "Drive the reference car for a while, in virtual time, and write what its buses carry as a candump log with the\n" +
			"names of the buses as interfaces. The same seed and scenario give the same log.",
		Example: "  tandem sim run --for 10m --log drive.log\n  tandem sim run storm.scenario --seed 7 --for 90s --log - | head",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.scenario = args
			return run(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&o.seed, "seed", 1, "seed of the noise")
	f.Var((*lengthValue)(&o.length), "for", "how long to drive, in the car's time")
	f.Var(&o.rate, "rate", "seconds of the car per second, to 1000; 0 is as fast as it goes")
	f.StringVar(&o.log, "log", "", "write a candump log to `FILE` (- for standard output)")
	f.BoolVar(&o.asJSON, "json", false, "print the summary as a JSON object")
	o.length = 10 * time.Minute
	return cmd
}

// lengthValue is the flag --for.
type lengthValue time.Duration

func (l *lengthValue) String() string { return time.Duration(*l).String() }
func (l *lengthValue) Type() string   { return "TIME" }

func (l *lengthValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 10*time.Millisecond {
		return fmt.Errorf("expected a time of 10ms or more, such as 90s, 10m or 1h")
	}
	*l = lengthValue(d)
	return nil
}

// start is the car's clock at the beginning of a run.
var start = time.Date(2026, 6, 1, 10, 30, 0, 0, time.UTC)

// summary is what a run says at its end.
type summary struct {
	Driven  float64        `json:"driven_s"`
	Took    float64        `json:"took_s"`
	Frames  map[string]int `json:"frames"`
	Lost    uint64         `json:"lost"`
	LogFile string         `json:"log,omitempty"`
}

func run(ctx context.Context, o runOptions, stdout, stderr io.Writer) (err error) {
	s, err := scenarioArg(o.scenario)
	if err != nil {
		return err
	}
	recorders, buses := map[string]*sim.Recorder{}, map[string]canbus.Bus{}
	for _, name := range busNames {
		recorders[name] = sim.NewRecorder()
		buses[name] = recorders[name]
	}
	c, err := car.New(car.Config{Seed: o.seed, Scenario: s, Buses: buses, Start: start})
	if err != nil {
		return err
	}
	out, talk := io.Discard, stdout
	switch o.log {
	case "":
	case "-":
		out, talk = stdout, stderr
	default:
		f, err := os.Create(o.log)
		if err != nil {
			return fmt.Errorf("write the log: %w", err)
		}
		defer func() { err = cmp.Or(err, f.Close()) }()
		out = f
	}
	sum := summary{Frames: map[string]int{}, LogFile: o.log}
	began := time.Now()
	if err := drive(ctx, c, o, recorders, canlog.NewWriter(out, canlog.WriterConfig{}), sum.Frames); err != nil {
		return err
	}
	sum.Driven, sum.Took, sum.Lost = c.Elapsed().Seconds(), time.Since(began).Seconds(), c.Lost()
	return sum.print(talk, o.asJSON)
}

// drive steps the car and writes what it sends, in the order of time.
func drive(ctx context.Context, c *car.Car, o runOptions, recorders map[string]*sim.Recorder, w *canlog.Writer, count map[string]int) error {
	const step = 10 * time.Millisecond
	began := time.Now()
	var frames []canbus.Frame
	for c.Elapsed() < o.length {
		if o.rate > 0 {
			due := began.Add(time.Duration(float64(c.Elapsed()+step) / float64(o.rate)))
			select {
			case <-ctx.Done():
			case <-time.After(time.Until(due)):
			}
		}
		if ctx.Err() != nil {
			break
		}
		c.Step(step)
		for i, name := range busNames {
			from := len(frames)
			frames = recorders[name].Take(frames)
			for k := range frames[from:] {
				frames[from+k].Bus = uint8(i)
			}
			count[name] += len(frames) - from
		}
		slices.SortStableFunc(frames, func(a, b canbus.Frame) int { return cmp.Compare(a.Time, b.Time) })
		// A slow bus may still be busy when the step ends: those frames wait.
		end := start.Add(c.Elapsed()).UnixNano()
		n := 0
		for n < len(frames) && (frames[n].Time <= end || c.Elapsed() >= o.length) {
			if err := w.Write(busNames[frames[n].Bus], &frames[n]); err != nil {
				return err
			}
			n++
		}
		frames = slices.Delete(frames, 0, n)
	}
	return w.Flush()
}

func (s *summary) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	total, parts := 0, ""
	for _, name := range busNames {
		total += s.Frames[name]
		parts += fmt.Sprintf(", %s %d", name, s.Frames[name])
	}
	_, err := fmt.Fprintf(w, "drove %s in %.2f s (%.0f times real time): %d frames%s\n",
		time.Duration(s.Driven*float64(time.Second)).Round(10*time.Millisecond), s.Took, s.Driven/max(s.Took, 1e-3), total, parts)
	if err == nil && s.LogFile != "" && s.LogFile != "-" {
		_, err = fmt.Fprintf(w, "log: %s\n", s.LogFile)
	}
	return err
}

package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
	"tandem/sim/continuity"
)

// simulateOptions are the flags of phonelink simulate.
type simulateOptions struct {
	schedules int
	seed      uint64
	workers   int
	replay    uint64
	mutant    string
	explore   bool
	bounds    map[string]int
	limit     time.Duration
	asJSON    bool
}

// simulateSummary is what a simulation says at its end.
type simulateSummary struct {
	Schedules int     `json:"schedules"`
	Events    int64   `json:"events,omitempty"`
	Bounds    string  `json:"bounds,omitempty"`
	States    int     `json:"states,omitempty"`
	Whole     *bool   `json:"whole,omitempty"` // of an exploration: all states within the bounds were visited
	Took      float64 `json:"took_s"`
	Rate      float64 `json:"schedules_per_s,omitempty"`
	Seed      *uint64 `json:"seed,omitempty"` // of a violation
	Broken    string  `json:"broken,omitempty"`
	What      string  `json:"what,omitempty"`
}

func simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Try to break the hand-off between phone and car",
		Long: "Run random schedules of loss, repetition, reordering, partition, skewed clocks, crashes and torn writes against the\n" +
			"state machine that hands sessions from one device to another, in virtual time, and check after each event that no\n" +
			"session has two owners, that nothing acknowledged is lost or applied twice and that nothing leaves its profile. The\n" +
			"same seed makes the same schedule. A broken promise is printed with its seed, and the exit status is 1.",
		Example: "  tandem phonelink simulate --schedules 1000000 --seed 1\n" +
			"  tandem phonelink simulate --replay 4711\n" +
			"  tandem phonelink simulate --mutant no-margin",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return simulate(cmd, o) },
	}
	f := cmd.Flags()
	f.IntVar(&o.schedules, "schedules", 20000, "how many schedules to run")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the first; each next has the next")
	f.IntVar(&o.workers, "workers", 0, "how many to run at once; 0 is one per processor")
	f.Uint64Var(&o.replay, "replay", 0, "run the schedule with this `SEED` alone and print all that happens")
	f.StringVar(&o.mutant, "mutant", "", "break the protocol on purpose, in the way that has this `NAME` (\"list\" lists them)")
	f.BoolVar(&o.explore, "explore", false, "explore a small model to its last state instead, then larger ones; a line for each says whether all was seen")
	f.DurationVar(&o.limit, "for", 2*time.Minute, "of --explore without --bounds: how long to go on to larger ones")
	f.StringToIntVar(&o.bounds, "bounds", nil, "of --explore, as in crashes=3,losses=4,ticks=2,inflight=1,cuts=0,acts=1,heirs=1,states=1000000")
	f.BoolVar(&o.asJSON, "json", false, "print the summary as a JSON object")
	return cmd
}

func simulate(cmd *cobra.Command, o simulateOptions) error {
	out := cmd.OutOrStdout()
	if o.mutant == "list" {
		for _, f := range phonelink.AllFaults() {
			fmt.Fprintln(out, f)
		}
		return nil
	}
	var faults phonelink.Faults
	if o.mutant != "" {
		all := phonelink.AllFaults()
		i := slices.IndexFunc(all, func(f phonelink.Fault) bool { return f.String() == o.mutant })
		if i < 0 {
			return fmt.Errorf("mutant %q is not known; see tandem phonelink simulate --mutant list", o.mutant)
		}
		faults = faults.With(all[i])
	}
	if o.schedules < 1 {
		return fmt.Errorf("%d schedules: run at least one, as with --schedules 20000", o.schedules)
	}
	cmd.SilenceUsage = true // from here on it is not about the flags
	if cmd.Flags().Changed("replay") {
		v := continuity.Replay(continuity.Config{Faults: faults}, o.replay, func(line string) { fmt.Fprintln(out, line) })
		if v != nil {
			return v
		}
		return nil
	}
	if o.explore {
		return simulateExplore(cmd, o, faults)
	}
	c := continuity.Config{Schedules: o.schedules, Seed: o.seed, Workers: o.workers, Faults: faults}
	began := time.Now()
	next := began.Add(5 * time.Second)
	c.Progress = func(done int) {
		if now := time.Now(); now.After(next) {
			next = now.Add(5 * time.Second)
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d schedules, %.0f per second\n", done, o.schedules, float64(done)/now.Sub(began).Seconds())
		}
	}
	r, err := continuity.Run(cmd.Context(), c)
	if err != nil {
		return err
	}
	s := simulateSummary{Schedules: r.Schedules, Events: r.Events, Took: r.Took.Seconds(), Rate: float64(r.Schedules) / r.Took.Seconds()}
	return s.print(out, o.asJSON, r.Violation)
}

// simulateExplore explores within the bounds of the flag, or within larger and
// larger ones for as long as --for says.
func simulateExplore(cmd *cobra.Command, o simulateOptions, faults phonelink.Faults) error {
	if len(o.bounds) > 0 {
		b, err := exploreBounds(o.bounds)
		if err != nil {
			return err
		}
		_, err = simulateBounds(cmd.Context(), cmd, o, b, faults)
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), o.limit)
	defer cancel()
	for _, b := range continuity.Ladder() {
		whole, err := simulateBounds(ctx, cmd, o, b, faults)
		if ended := ctx.Err() != nil && cmd.Context().Err() == nil; ended && errors.Is(err, context.DeadlineExceeded) {
			return nil // it has said that it is not whole
		}
		if err != nil || !whole {
			return err
		}
	}
	return nil
}

// simulateBounds explores within one set of bounds and prints what it found.
func simulateBounds(ctx context.Context, cmd *cobra.Command, o simulateOptions, b continuity.Bounds, faults phonelink.Faults) (whole bool, err error) {
	b.Faults = faults
	r, err := continuity.Explore(ctx, b)
	s := simulateSummary{Bounds: b.String(), States: r.States, Whole: &r.Whole, Took: r.Took.Seconds()}
	if broken := s.print(cmd.OutOrStdout(), o.asJSON, r.Violation); broken != nil {
		return r.Whole, broken
	}
	return r.Whole, err
}

// exploreBounds is what --bounds says.
func exploreBounds(flag map[string]int) (b continuity.Bounds, err error) {
	fields := map[string]*int{
		"crashes": &b.Crashes, "losses": &b.Losses, "ticks": &b.Ticks, "inflight": &b.InFlight, "cuts": &b.Cuts, "acts": &b.Acts, "states": &b.States,
	}
	for name, n := range flag {
		field := fields[name]
		switch {
		case name == "heirs":
			b.HeirPlay = n != 0
		case field == nil || n < 0:
			return b, fmt.Errorf("bound %s=%d is not known; see --help", name, n)
		case n == 0:
			*field = -1
		default:
			*field = n
		}
	}
	return b, nil
}

// print writes the summary; a violation is the error.
func (s *simulateSummary) print(w io.Writer, asJSON bool, v *continuity.Violation) error {
	if v != nil {
		s.Broken, s.What = v.Invariant, v.What
		if s.States == 0 {
			s.Seed = &v.Seed
		}
	}
	if asJSON {
		if err := json.NewEncoder(w).Encode(s); err != nil {
			return err
		}
	} else if s.States > 0 {
		all := "all of them"
		if !*s.Whole {
			all = "NOT ALL of them"
		}
		fmt.Fprintf(w, "%s: %d states, %s, in %.1f s\n", s.Bounds, s.States, all, s.Took)
	} else {
		fmt.Fprintf(w, "%d schedules, %d events, %.1f s, %.0f schedules per second\n", s.Schedules, s.Events, s.Took, s.Rate)
	}
	if v == nil {
		return nil
	}
	if s.Seed != nil {
		return fmt.Errorf("%w (see it with: tandem phonelink simulate --replay %d)", v, v.Seed)
	}
	return v
}

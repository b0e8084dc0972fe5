// Command tandem is a vehicle infotainment system in one binary: the head
// unit with its screen, the simulated car that it can be tried with, and the
// tools around them. Without a subcommand it starts the head unit.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	hmicmd "tandem/hmi/cmd"
	_ "tandem/hmi/locale" // before Fyne reads the locale
	phonelinkcmd "tandem/phonelink/cmd"
	simcmd "tandem/sim/cmd"
	vehiclecmd "tandem/vehicle/cmd"
)

// Exit codes. A command may have others, which its error then tells by a method
// CommandExit.
const (
	exitDone    = 0
	exitFailed  = 1
	exitMisused = 2
)

// memoryLimit is when the collector works harder: a head unit shares its memory
// with others, and the garbage of a minute of moving pictures would double what
// is in use.
const memoryLimit = 80 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	started := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		err := cmd.ValidateRequiredFlags() // cobra would ask later than this
		started = err == nil
		return err
	}
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitDone
	case !started || errors.As(err, new(misuse)):
		fmt.Fprintf(stderr, "tandem: %v\nSee '%s --help'.\n", err, cmd.CommandPath())
		return exitMisused
	}
	fmt.Fprintf(stderr, "tandem: %v\n", err)
	if told := interface{ CommandExit() int }(nil); errors.As(err, &told) {
		return told.CommandExit()
	}
	return exitFailed
}

// misuse is an error of the command line rather than of the world.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

func rootCommand() *cobra.Command {
	root := headUnitCommand()
	root.Use = "tandem"
	root.Version = version()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: "drive", Title: "Drive:"},
		&cobra.Group{ID: "build", Title: "Build and check:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("drive", replayCommand())
	add("drive", hmicmd.Commands()...)
	add("drive", phonelinkcmd.Commands()...)
	add("build", simcmd.Commands()...)
	add("build", vehiclecmd.Commands()...)
	return root
}

func replayCommand() *cobra.Command { return new(headUnit).replayCommand() }

// replayCommand is the head unit on a recording.
func (h *headUnit) replayCommand() *cobra.Command {
	var can []string
	cmd := &cobra.Command{
		Use:   "replay --log FILE",
		Short: "Play a recorded drive through the head unit",
		Long: `Play a recorded drive (a candump log) through the same head unit.

A car with one bus takes the frames of every interface of the recording. For a
car with several, an interface of a bus's name is that bus; --can BUS=IFACE says
it where the names differ.`,
		Example: `  tandem replay --car canmod-gps --dbc gps=canmod-gps.dbc --log drive.log`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(h.rate > 0 && h.rate <= 1000) {
				return misuse{fmt.Errorf("--rate %v: expected a number above 0, to 1000", h.rate)}
			}
			if err := h.addInterfaces(can); err != nil {
				return err
			}
			return h.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	h.flags(cmd)
	cmd.Flags().StringVar(&h.log, "log", "", "the recording: a candump log `FILE`")
	cmd.Flags().StringSliceVar(&can, "can", nil, "which interface of the recording is which bus: `BUS=IFACE,...`")
	cmd.Flags().Float64Var(&h.rate, "rate", 1, "seconds of the recording per second")
	cmd.Flags().BoolVar(&h.loop, "loop", false, "start over at the end")
	_ = cmd.MarkFlagRequired("log")
	return cmd
}

// version is the module's version and the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = " " + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+"
		}
	}
	return info.Main.Version + revision + modified
}

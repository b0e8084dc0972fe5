package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// phone is the command line of the phone's end. Outside of a running companion
// its subcommands go to that one through RUN/phone.sock, or start a node for
// as long as they take; within it they use it.
type phone struct {
	data, run, name, listen string
	announce, verbose       bool
	asJSON                  bool

	companion *companion // within a running companion; else nil
	dir       string     // what relative paths are relative to; "": the process's own
	open      func(phoneConfig) (phoneNode, error)
}

func (p *phone) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "phone",
		Short: "Be the phone: sessions, music, destinations, drafts, files",
		Long: `Be the phone's end of the link, on any computer or phone shell.

Without a subcommand it opens a screen in the terminal. Subcommands do one thing
and are made for scripts. Both go to the companion that is running ('tandem
phone' or 'tandem phone serve'), or else start one for as long as they take.

A session is something under way: music, a destination, a message, a page. It
has one owner at any time, here or in the car; 'take' brings it here, 'send'
gives it away, 'back' takes it back within ten minutes. Name a session by the
beginning or end of its id, by its kind, or by a word of its title.`,
		Example: `  tandem phone pair 'tandem://pair/...'  the text of the code on the car's screen
  tandem phone                           the screen
  tandem phone play song.flac            plays here, and goes on in the car
  tandem phone send music                ...when it is sent there
  tandem phone go 52.5251,13.3694`,
		Args: noSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.screen(cmd) },
	}
	f := root.PersistentFlags()
	f.StringVar(&p.data, "data", phoneData(os.Getenv), "folder of keys and sessions")
	f.StringVar(&p.run, "run", phoneRun(os.Getenv), "folder of the running companion's socket (default the data folder)")
	f.StringVar(&p.name, "name", phoneName(), "what the car calls this phone")
	f.StringVar(&p.listen, "listen", ":0", "HOST:PORT at which the car may call back")
	f.BoolVar(&p.announce, "announce", true, "look for the car and be found on the local network")
	f.BoolVarP(&p.verbose, "verbose", "v", false, "say more on standard error")
	root.AddGroup(
		&cobra.Group{ID: "link", Title: "Link:"}, &cobra.Group{ID: "sessions", Title: "Sessions:"},
		&cobra.Group{ID: "media", Title: "Media:"}, &cobra.Group{ID: "things", Title: "Destinations, messages, files:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("link", p.serveCommand(), p.pairCommand(), p.unpairCommand(), p.statusCommand(), p.carCommand(), p.watchCommand())
	add("sessions", p.sessionsCommand(), p.takeCommand(), p.sendCommand(), p.backCommand(), p.answerCommand(true), p.answerCommand(false), p.endCommand())
	add("media", p.playCommand(), p.playPauseCommand("pause"), p.playPauseCommand("resume"), p.stepCommand("next"), p.stepCommand("previous"), p.seekCommand(), p.volumeCommand())
	add("things", p.goCommand(), p.draftCommand(), p.pageCommand(), p.clipCommand(), p.fileCommand())
	return root
}

// noSubcommand refuses words that are no subcommand, and suggests.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)
}

// phoneData is where a phone's state belongs by the XDG Base Directory
// Specification 0.8.
func phoneData(getenv func(string) string) string {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tandem", "phone")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "tandem", "phone")
	}
	return ""
}

func phoneRun(getenv func(string) string) string {
	if dir := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tandem")
	}
	return ""
}

func phoneName() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "phone"
}

// socket is where a running companion listens.
func (p *phone) socket() string {
	dir := p.run
	if dir == "" {
		dir = p.data
	}
	return filepath.Join(dir, "phone.sock")
}

// logger says warnings, and more with --verbose, on standard error.
func (p *phone) logger(cmd *cobra.Command) *slog.Logger {
	level := slog.LevelError
	if p.verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
}

// path is a path of the command line, which may have been typed elsewhere.
func (p *phone) path(name string) string {
	if p.dir != "" && !filepath.IsAbs(name) {
		return filepath.Join(p.dir, name)
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// action is what a subcommand does with a companion.
type action func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error

// with makes a subcommand's RunE of an action.
func (p *phone) with(a action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if p.companion != nil {
			return a(cmd.Context(), p.companion, cmd, args)
		}
		err := p.forward(cmd, args)
		if !errors.Is(err, errNobody) {
			return err
		}
		return p.alone(cmd, func(ctx context.Context, c *companion) error { return a(ctx, c, cmd, args) })
	}
}

// alone runs a companion for as long as f takes.
func (p *phone) alone(cmd *cobra.Command, f func(context.Context, *companion) error) error {
	c, err := p.newCompanion(p.logger(cmd))
	if err != nil {
		return err
	}
	return p.aloneWith(cmd.Context(), c, f)
}

// aloneWith runs c for as long as f takes; f's context ends when c does.
func (p *phone) aloneWith(ctx context.Context, c *companion, f func(context.Context, *companion) error) error {
	running, end := context.WithCancel(context.WithoutCancel(ctx)) // f ends first, and may say a last word
	defer end()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- c.serve(running)
		cancel()
	}()
	err := f(ctx, c)
	end()
	if ended := <-done; ended != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = ended // it could not start, or broke: f's error is a consequence
	}
	return err
}

// serveCommand is the companion without a screen.
func (p *phone) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the companion without a screen",
		Long: `Run the companion without a screen: it keeps the link, plays, and does what the
other subcommands ask of it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.companion != nil {
				return errors.New("a companion is running here already")
			}
			c, err := p.newCompanion(p.logger(cmd))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "the companion listens at %s; Ctrl-C ends it\n", p.socket())
			return c.serve(cmd.Context())
		},
	}
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

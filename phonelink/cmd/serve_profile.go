package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
)

// profileWithin is how long another profile may take to be there, with a
// process that ends and one that begins.
const profileWithin = 30 * time.Second

func profileCommand() *cobra.Command {
	run := ""
	cmd := &cobra.Command{
		Use:   "profile --run DIR [ID]",
		Short: "Say who drives, or let another one",
		Long: `Say for whom the phone link of a process of its own is, or let another profile
drive: its phones and contents are there then, and nothing of the one before.
ID is 1 to 32 of a-z, 0-9 and '-'; a new one begins empty. guest has media and
destinations, forgotten at the end, and valet no link at all.`,
		Example: `  tandem phonelink profile --run /run/tandem
  tandem phonelink profile --run /run/tandem ben`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			link, err := Connect(run, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			defer link.Close()
			ctx, cancel := context.WithTimeout(cmd.Context(), profileWithin)
			defer cancel()
			if len(args) == 1 {
				if err := phonelink.Profile(args[0]).Check(); err != nil {
					return err
				}
				if err := link.Do(ctx, phonelink.SetProfile{Profile: phonelink.Profile(args[0])}); err != nil {
					return err
				}
			}
			p, err := profileOf(ctx, link, args)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), p)
			return nil
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "`DIR`ectory of the processes' sockets")
	return cmd
}

// profileOf waits until the link is there, for the profile that is wanted.
func profileOf(ctx context.Context, link phonelink.Service, want []string) (phonelink.Profile, error) {
	w := link.Watch()
	defer w.Close()
	for {
		v := w.View()
		silent := slices.Contains(v.Troubles, phonelink.TroubleSilent) // other troubles are not about who drives
		if !silent && (len(want) == 0 || string(v.Profile) == want[0]) {
			return v.Profile, nil
		}
		select {
		case <-w.C():
		case <-ctx.Done():
			if !silent {
				return "", fmt.Errorf("the phone link is for %s", v.Profile)
			}
			return "", errors.New(v.Trouble + ": is 'tandem phonelink serve' running with this --run?")
		}
	}
}

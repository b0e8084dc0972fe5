// Package cmd runs the phonelink room: the phone link of a car, in this process
// or in a `tandem phonelink serve` of its own, and the phone's end, `tandem
// phone`. It also has the room's part of the command line.
package cmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Commands are the commands of the room.
func Commands() []*cobra.Command {
	return []*cobra.Command{phonelinkCommand(), phoneCommand()}
}

func phonelinkCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "phonelink",
		Short: "Run the phone link by itself, or its proof",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(serveCommand(), profileCommand(), simulateCommand())
	return root
}

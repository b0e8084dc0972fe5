package cmd

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tandem/hmi/display"
	"tandem/hmi/fynedriver"
	"tandem/hmi/lint"
	"tandem/hmi/shell"
)

// nowhere is an output for looking at screens without showing them.
type nowhere struct{}

func (nowhere) Present(display.Frame) error      { return nil }
func (nowhere) NextFlip(now time.Time) time.Time { return now }

// lintCommand is "tandem hmi lint": findings on standard output, one a line,
// and exit 1 if there are any.
func lintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "Check every screen for contrast, size and fit",
		Long: `Lint builds every screen by day and night, at every designed size, in every
language and in several conditions of the car, and checks what a driver needs:
contrast of at least 4.5:1, targets of at least 76x76 dp with 8 dp between
them, texts of at least 24 dp that fit their place.

It prints one finding a line and ends with exit code 1 if there are any.`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(c *cobra.Command, _ []string) error {
			scenes, findings := shell.Gallery(), 0
			if _, err := fynedriver.New(fynedriver.Config{Size: scenes[0].Size, Output: nowhere{}}); err != nil {
				return fmt.Errorf("lint screens: %w", err)
			}
			for _, s := range scenes {
				root, th := s.Build()
				for _, f := range lint.Check(root, lint.Display{Size: s.Size, Scale: th.Panel.Scale, Status: th.Panel.Status}) {
					findings++
					fmt.Fprintf(c.OutOrStdout(), "%v: %v\n", s, f)
				}
			}
			fmt.Fprintf(c.ErrOrStderr(), "%d scenes, %d findings\n", len(scenes), findings)
			if findings > 0 {
				return fmt.Errorf("lint screens: %d findings", findings)
			}
			return nil
		},
	}
}

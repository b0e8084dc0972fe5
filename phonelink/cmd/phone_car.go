package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
)

// carJSON is the object of car --json; what is not known is null.
type carJSON struct {
	peerJSON
	Charge   *int  `json:"charge_percent"`
	Charging *bool `json:"charging"`
}

func (p *phone) carCommand() *cobra.Command {
	var name string
	cmd := p.jsonFlag(&cobra.Command{
		Use: "car", Short: "Say what the car says of itself", Args: cobra.NoArgs,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, _ []string) error {
			ph, err := car(c.settled(ctx), name)
			if err != nil {
				return err
			}
			now := time.Now()
			if p.asJSON {
				j := carJSON{peerJSON: peerJSON{Device: string(ph.Device), Name: ph.Name, Model: ph.Model, Presence: ph.Presence.String()}}
				if ph.Battery >= 0 {
					j.Charge, j.Charging = &ph.Battery, &ph.Charging
				}
				return printJSON(cmd.OutOrStdout(), j)
			}
			for _, line := range carLines(ph, now) {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		}),
	})
	cmd.Flags().StringVar(&name, "car", "", "which car, by name (default the one in reach)")
	return cmd
}

// carLines is what is known of a car.
func carLines(ph *phonelink.Phone, now time.Time) []string {
	lines := []string{fmt.Sprintf("%s: %s", clean(ph.Name), presenceText(ph, now))}
	if ph.Battery >= 0 {
		word := ""
		if ph.Charging {
			word = ", charging"
		}
		lines = append(lines, fmt.Sprintf("battery: %d %%%s", ph.Battery, word))
	}
	if ph.Hint != "" {
		lines = append(lines, clean(ph.Hint))
	}
	return lines
}

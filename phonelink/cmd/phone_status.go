package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
)

func (p *phone) pairCommand() *cobra.Command {
	var code bool
	var expect string
	cmd := &cobra.Command{
		Use:   "pair TEXT | pair --code HOST:PORT",
		Short: "Pair with a car",
		Long: `Pair with a car, while it is parked and its pairing screen is open.

TEXT is what the code on the car's screen says; it works once. With --code the
address of the car is enough, and a person compares six digits on both screens.`,
		Example: "  tandem phone pair 'tandem://pair/...'\n  tandem phone pair --code 192.168.1.20:40401",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("expected the text of the code on the car's screen, or --code HOST:PORT")
			}
			return nil
		},
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			before := len(c.view().Phones)
			var err error
			if code {
				err = c.node.PairCode(ctx, args[0], func(digits string) bool { return compare(cmd, digits, expect) })
			} else {
				err = c.node.PairWith(ctx, strings.TrimSpace(args[0]))
			}
			if err != nil {
				return explain(err)
			}
			c.await(ctx, 2*time.Second, func(v *phonelink.View) bool { return len(v.Phones) > before })
			for _, ph := range c.view().Phones[min(before, len(c.view().Phones)):] {
				fmt.Fprintf(cmd.OutOrStdout(), "paired with %s\n", clean(ph.Name))
			}
			return nil
		}),
	}
	cmd.Flags().BoolVar(&code, "code", false, "compare six digits with the car's screen")
	cmd.Flags().StringVar(&expect, "expect", "", "with --code: the digits that the car shows, in place of the question")
	return cmd
}

// compare asks a person whether both sides show the same digits.
func compare(cmd *cobra.Command, digits, expect string) bool {
	plain := strings.ReplaceAll(digits, " ", "")
	if expect != "" {
		same := strings.ReplaceAll(expect, " ", "") == plain
		if !same {
			fmt.Fprintf(cmd.ErrOrStderr(), "this side shows %s\n", grouped(plain))
		}
		return same
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Does the car's screen show  %s ? [y/N] ", grouped(plain))
	line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}

// grouped is a code as people read it.
func grouped(code string) string {
	if n := len(code); n >= 6 && n%2 == 0 {
		return code[:n/2] + " " + code[n/2:]
	}
	return code
}

func (p *phone) unpairCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unpair CAR", Short: "Forget a car and destroy its key", Args: cobra.ExactArgs(1),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			v := c.settled(ctx)
			i := slices.IndexFunc(v.Phones, func(ph phonelink.Phone) bool {
				return strings.EqualFold(ph.Name, args[0]) || string(ph.Device) == args[0]
			})
			if i < 0 {
				return fmt.Errorf("no car %q is paired; 'tandem phone status' lists them", args[0])
			}
			if err := c.do(ctx, phonelink.Unpair{Device: v.Phones[i].Device}); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is forgotten\n", clean(v.Phones[i].Name))
			return nil
		}),
	}
}

// statusJSON is the object of status --json.
type statusJSON struct {
	Device   string     `json:"device"`
	Name     string     `json:"name"`
	Profile  string     `json:"profile"`
	Locked   bool       `json:"locked"`
	Trouble  string     `json:"trouble,omitempty"`
	Cars     []peerJSON `json:"cars"`
	Sessions int        `json:"sessions"`
	Here     int        `json:"sessions_here"`
	Offers   int        `json:"offers"`
}

type peerJSON struct {
	Device   string  `json:"device"`
	Name     string  `json:"name"`
	Model    string  `json:"model"`
	Presence string  `json:"presence"`
	Since    float64 `json:"since"` // seconds since 1970; 0: not known
}

func (p *phone) statusCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use: "status", Short: "Say which car is in reach, and what is under way", Args: cobra.NoArgs,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, _ []string) error {
			v, now, w := c.settled(ctx), time.Now(), cmd.OutOrStdout()
			here := 0
			for i := range v.Sessions {
				if v.Sessions[i].Local {
					here++
				}
			}
			if p.asJSON {
				j := statusJSON{string(v.Self), v.Name, string(v.Profile), v.Locked, v.Trouble, []peerJSON{}, len(v.Sessions), here, len(v.Offers)}
				for _, ph := range v.Phones {
					since := 0.0
					if !ph.Since.IsZero() {
						since = float64(ph.Since.UnixMilli()) / 1000
					}
					j.Cars = append(j.Cars, peerJSON{string(ph.Device), ph.Name, ph.Model, ph.Presence.String(), since})
				}
				return printJSON(w, j)
			}
			fmt.Fprintf(w, "%s (%s)\n", clean(v.Name), v.Self)
			if v.Trouble != "" {
				fmt.Fprintf(w, "trouble: %s\n", clean(v.Trouble))
			}
			if len(v.Phones) == 0 {
				fmt.Fprintln(w, errNoCar)
			}
			for i := range v.Phones {
				fmt.Fprintf(w, "%s: %s\n", clean(v.Phones[i].Name), presenceText(&v.Phones[i], now))
			}
			fmt.Fprintf(w, "%d sessions, %d of them here; %d offers\n", len(v.Sessions), here, len(v.Offers))
			if s, doc, err := current(v); err == nil && doc.Playing {
				fmt.Fprintf(w, "%s (%s): %s\n", titleOf(s), where(v, s), doing(v, s, now))
			}
			return nil
		}),
	})
}

// presenceText is how well a car is reached, and since when.
func presenceText(ph *phonelink.Phone, now time.Time) string {
	word := map[phonelink.Presence]string{
		phonelink.Absent: "out of reach", phonelink.Connecting: "connecting", phonelink.Linked: "linked", phonelink.Quiet: "does not answer",
	}[ph.Presence]
	if since := now.Sub(ph.Since); !ph.Since.IsZero() && since > 0 && since < 30*24*time.Hour {
		word += " for " + ago(since)
	}
	return word
}

// ago is a length of time in the largest unit that fits.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func (p *phone) watchCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:   "watch",
		Short: "Print what changes, until Ctrl-C",
		Args:  cobra.NoArgs,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, _ []string) error {
			w := c.node.Watch()
			defer w.Close()
			last := map[string]string{}
			for {
				now := time.Now()
				lines := p.watchLines(w.View(), now)
				for _, l := range lines {
					if last[l.key] != l.was {
						last[l.key] = l.was
						fmt.Fprintln(cmd.OutOrStdout(), l.text)
					}
				}
				for key := range last {
					if !slices.ContainsFunc(lines, func(l watchLine) bool { return l.key == key }) {
						delete(last, key)
						p.printGone(cmd, key, now)
					}
				}
				select {
				case <-ctx.Done():
					return nil
				case <-w.C():
				}
			}
		}),
	})
}

// watchLine is one thing that watch follows; was is what it compares.
type watchLine struct{ key, was, text string }

func (p *phone) watchLines(v *phonelink.View, now time.Time) (out []watchLine) {
	stamp := now.Local().Format("15:04:05.000")
	at := float64(now.UnixMilli()) / 1000
	add := func(key, was, text string, object any) {
		line := stamp + "  " + text
		if p.asJSON {
			var b strings.Builder
			_ = printJSON(&b, object)
			line = strings.TrimSuffix(b.String(), "\n")
		}
		out = append(out, watchLine{key, was, line})
	}
	for i := range v.Phones {
		ph := &v.Phones[i]
		word := ph.Presence.String()
		add("car "+string(ph.Device), word, clean(ph.Name)+": "+word, struct {
			Time float64 `json:"time"`
			What string  `json:"what"`
			peerJSON
		}{at, "car", peerJSON{string(ph.Device), ph.Name, ph.Model, word, at}})
	}
	for i := range v.Sessions {
		s := &v.Sessions[i]
		j := jsonOf(v, s, now)
		was := j
		was.Position, was.TakeBack = nil, 0
		if d, ok := s.Doc.(*phonelink.NavigationDoc); ok {
			was.Title = fmt.Sprint(was.Title, d.Active, d.Leg)
		}
		var key strings.Builder
		_ = printJSON(&key, was)
		add("session "+j.ID, key.String(), fmt.Sprintf("%s %s %s: %s  %s", short(s.ID), s.Kind, titleOf(s), where(v, s), doing(v, s, now)), struct {
			Time float64 `json:"time"`
			What string  `json:"what"`
			sessionJSON
		}{at, "session", j})
	}
	for i := range v.Offers {
		o := &v.Offers[i]
		add("offer "+o.Session.ID.String(), string(o.Why), fmt.Sprintf("%s offered by %s: %s (%s)", short(o.Session.ID), peerName(v, o.From), titleOf(&o.Session), o.Why), struct {
			Time float64 `json:"time"`
			What string  `json:"what"`
			Why  string  `json:"why"`
			sessionJSON
		}{at, "offer", string(o.Why), jsonOf(v, &o.Session, now)})
	}
	for _, t := range v.Transfers {
		was := fmt.Sprint(t.Finished, t.Problem, t.Path)
		add("file "+t.ID, was, clean(t.Name)+": "+transferText(t), struct {
			Time float64 `json:"time"`
			What string  `json:"what"`
			transferJSON
		}{at, "file", transferJSON{t.ID, t.Name, t.Size, t.Done, t.Incoming, t.Finished, t.Problem, t.Path}})
	}
	return out
}

func (p *phone) printGone(cmd *cobra.Command, key string, now time.Time) {
	what, id, _ := strings.Cut(key, " ")
	if p.asJSON {
		_ = printJSON(cmd.OutOrStdout(), struct {
			Time float64 `json:"time"`
			What string  `json:"what"`
			ID   string  `json:"id"`
		}{float64(now.UnixMilli()) / 1000, what + " gone", id})
		return
	}
	if len(id) == 26 {
		id = id[20:]
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s  %s %s is gone\n", now.Local().Format("15:04:05.000"), what, id)
}

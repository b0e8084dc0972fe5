package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
)

func (p *phone) sessionsCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:   "sessions",
		Short: "List the sessions on either side, and what waits for a yes",
		Args:  cobra.NoArgs,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, _ []string) error {
			v, now := c.settled(ctx), time.Now()
			w := cmd.OutOrStdout()
			if p.asJSON {
				for i := range v.Sessions {
					if err := printJSON(w, jsonOf(v, &v.Sessions[i], now)); err != nil {
						return err
					}
				}
				return nil
			}
			if len(v.Sessions) == 0 && len(v.Offers) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "no sessions; 'tandem phone play FILE' or 'tandem phone go PLACE' begins one")
				return nil
			}
			rows := [][]string{{"ID", "KIND", "WHERE", "WHAT", ""}}
			for i := range v.Sessions {
				s := &v.Sessions[i]
				rows = append(rows, []string{short(s.ID), s.Kind.String(), where(v, s), cut(titleOf(s), 40), doing(v, s, now)})
			}
			for i := range v.Offers {
				o := &v.Offers[i]
				rows = append(rows, []string{short(o.Session.ID), "offer", peerName(v, o.From), cut(titleOf(&o.Session), 40), "accept or decline, within " + clock(o.Until.Sub(now))})
			}
			table(w, rows)
			return nil
		}),
	})
}

// oneSession wants one argument, and says where to find it.
func oneSession(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("which session? 'tandem phone sessions' lists them; %s takes an id, a kind or a word of the title", cmd.Name())
	}
	return nil
}

func (p *phone) takeCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:   "take SESSION",
		Short: "Go on here with what the car has",
		Args:  oneSession, ValidArgsFunction: p.completeSessions(func(s sessionJSON) bool { return !s.Here }),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			if _, err := c.reach(ctx, ""); err != nil {
				return err
			}
			return p.move(ctx, c, cmd, args[0], func(s *phonelink.SessionView) bool { return !s.Local },
				func(s *phonelink.SessionView) error { return c.do(ctx, phonelink.Take{Session: s.ID}) })
		}),
	})
}

func (p *phone) sendCommand() *cobra.Command {
	var to string
	var wait time.Duration
	cmd := p.jsonFlag(&cobra.Command{
		Use:   "send SESSION",
		Short: "Go on in the car with what is here",
		Long: `Go on in the car with what is here. For ten minutes it can be taken back. Music
plays on whatever becomes of this phone. A message or page that was sent is not
shown in the car while this phone is away, until then; no change of it is lost.` + offerHelp,
		Args: oneSession, ValidArgsFunction: p.completeSessions(func(s sessionJSON) bool { return s.Here }),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			car, err := c.reach(ctx, to)
			if err != nil {
				return err
			}
			return p.move(ctx, c, cmd, args[0], func(s *phonelink.SessionView) bool { return s.Local },
				func(s *phonelink.SessionView) error { return c.offer(ctx, cmd, s, car, wait) })
		}),
	})
	waitFlag(cmd, &wait)
	cmd.Flags().StringVar(&to, "to", "", "which car, by name (default the one in reach)")
	return cmd
}

func (p *phone) backCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:   "back SESSION",
		Short: "Take back what was given away, within ten minutes",
		Args:  oneSession, ValidArgsFunction: p.completeSessions(func(s sessionJSON) bool { return s.TakeBack > 0 }),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			c.settled(ctx)
			return p.move(ctx, c, cmd, args[0], func(s *phonelink.SessionView) bool { return !s.Local },
				func(s *phonelink.SessionView) error { return c.do(ctx, phonelink.TakeBack{Session: s.ID}) })
		}),
	})
}

// move asks for a change of owner and tells how it went.
func (p *phone) move(ctx context.Context, c *companion, cmd *cobra.Command, key string,
	good func(*phonelink.SessionView) bool, ask func(*phonelink.SessionView) error,
) (err error) {
	var s *phonelink.SessionView
	c.await(ctx, 2*time.Second, func(v *phonelink.View) bool {
		s, err = find(v, key, good)
		return err == nil
	})
	if err != nil {
		return err
	}
	sounds, done := c.listen()
	defer done()
	began := time.Now()
	if err := ask(s); err != nil {
		return err
	}
	v, s := c.moved(ctx, s)
	if doc, ok := s.Doc.(*phonelink.MediaDoc); ok && p.companion == nil && s.Local && doc.Playing {
		defer func() { // nobody else would play it
			if err == nil {
				err = p.follow(ctx, c, cmd, s.ID, sounds)
			}
		}()
	}
	if p.asJSON {
		return printJSON(cmd.OutOrStdout(), struct {
			sessionJSON
			Took float64 `json:"took_s"`
		}{jsonOf(v, s, time.Now()), seconds(time.Since(began))})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s, after %v\n", s.Kind, titleOf(s), where(v, s), time.Since(began).Round(time.Millisecond))
	return nil
}

// moved waits until a session has another owner than before, and the first
// state of that one is here: the new owner waits for the word of it, and nobody
// would say it again once this process has ended. (The node ends when what it
// said has arrived.)
func (c *companion) moved(ctx context.Context, was *phonelink.SessionView) (v *phonelink.View, now *phonelink.SessionView) {
	now = was
	c.await(ctx, patience, func(latest *phonelink.View) bool {
		v = latest
		if s := sessionOf(v, was.ID); s != nil {
			now = s
		}
		return now.Rev.Epoch != was.Rev.Epoch && now.Handoff == phonelink.Settled && now.Rev.Seq > 0
	})
	return v, now
}

// answerCommand is accept or decline.
func (p *phone) answerCommand(yes bool) *cobra.Command {
	name, about := "accept", "Say yes to what the car offers"
	if !yes {
		name, about = "decline", "Say no to what the car offers"
	}
	return &cobra.Command{
		Use:   name + " SESSION",
		Short: about,
		Args:  oneSession,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			var s *phonelink.SessionView
			var err error
			c.settled(ctx)
			c.await(ctx, 2*time.Second, func(v *phonelink.View) bool {
				offered := &phonelink.View{}
				for i := range v.Offers {
					offered.Sessions = append(offered.Sessions, v.Offers[i].Session)
				}
				s, err = find(offered, args[0], nil)
				return err == nil
			})
			if err != nil {
				return fmt.Errorf("no such offer: %w", err)
			}
			if !yes {
				return c.do(ctx, phonelink.Decline{Session: s.ID})
			}
			if err := c.do(ctx, phonelink.Accept{Session: s.ID}); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s: here\n", s.Kind, titleOf(s))
			return nil
		}),
	}
}

func (p *phone) endCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "end SESSION",
		Short: "End a session for good",
		Args:  oneSession, ValidArgsFunction: p.completeSessions(nil),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			s, err := find(c.settled(ctx), args[0], nil)
			if err != nil {
				return err
			}
			return c.do(ctx, phonelink.End{Session: s.ID})
		}),
	}
}

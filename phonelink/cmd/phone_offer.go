package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
)

// offerFor is how long an offer waits for a person at the other end.
const offerFor = 2 * time.Minute

// Exit codes of commands that offer something to the car, besides 1 for all
// that goes wrong.
const (
	exitUnanswered = 3 // nobody in the car said yes or no in time
	exitDeclined   = 4 // somebody in the car said no
)

// offerHelp is what every command that offers says of that.
const offerHelp = `

A car may ask its driver first. The command then says so on standard error and
waits for the answer, at most --wait; after that the offer is withdrawn. Either
way what was not accepted stays here. Exit codes: 0 accepted, 3 no answer in
time, 4 declined, 1 anything else.`

// notAccepted is an offer that ended without a yes.
type notAccepted struct {
	code int
	text string
}

func (e *notAccepted) Error() string { return e.text }

// CommandExit is the exit code of the process that ends with this error.
func (e *notAccepted) CommandExit() int { return e.code }

// waitFlag adds --wait to a command that offers.
func waitFlag(cmd *cobra.Command, wait *time.Duration) {
	cmd.Flags().DurationVar(wait, "wait", offerFor, "how long to wait for a yes in the car, at most 2m0s")
}

func checkWait(wait time.Duration) error {
	if wait <= 0 || wait > offerFor {
		return fmt.Errorf("--wait %v: want more than 0 and at most %v, which is how long an offer stands", wait, offerFor)
	}
	return nil
}

// offer gives a session to the car and returns when it is there. While the car
// asks its driver it says so.
func (c *companion) offer(ctx context.Context, cmd *cobra.Command, s *phonelink.SessionView, car *phonelink.Phone, wait time.Duration) error {
	if err := checkWait(wait); err != nil {
		return err
	}
	sending, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.node.Do(sending, phonelink.Send{Session: s.ID, To: car.Device}) }()
	w := c.node.Watch()
	defer w.Close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	end, said := time.Now().Add(wait), ""
	var next time.Time
	for {
		select {
		case err := <-done:
			return c.offerEnd(ctx, s, car, wait, err)
		case <-w.C():
			continue // it is looked at once a second: most offers are answered sooner
		case now := <-tick.C:
			state := offerState(w.View(), s.ID, car)
			if state == "" || state == said && now.Before(next) {
				continue
			}
			said, next = state, now.Add(30*time.Second)
			fmt.Fprintf(cmd.ErrOrStderr(), "%s %s: %s (%v left)\n", s.Kind, titleOf(s), state, end.Sub(now).Round(time.Second))
		}
	}
}

// offerState is what an offer waits for; "" if it does not.
func offerState(v *phonelink.View, id phonelink.SessionID, car *phonelink.Phone) string {
	s := sessionOf(v, id)
	if s == nil || !s.Local || s.Handoff != phonelink.Preparing {
		return ""
	}
	for i := range v.Phones {
		if v.Phones[i].Device == car.Device && v.Phones[i].Presence != phonelink.Linked {
			return clean(car.Name) + " is out of reach; the offer goes on when it is back"
		}
	}
	return "offered; it waits for a yes in " + clean(car.Name)
}

// offerEnd says how an offer ended. One that nobody answered is withdrawn, so
// that a late yes does not take what a person has gone on with here.
func (c *companion) offerEnd(ctx context.Context, s *phonelink.SessionView, car *phonelink.Phone, wait time.Duration, err error) error {
	var r *phonelink.Refusal
	kept := fmt.Sprintf("; it is kept here, as %s", short(s.ID))
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r) && r.Code == phonelink.RefusedDeclined:
		return &notAccepted{exitDeclined, clean(car.Name) + " declined " + s.Kind.String() + " " + titleOf(s) + kept}
	case ctx.Err() != nil:
		c.withdraw(ctx, s)
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &r) && r.Code == phonelink.RefusedExpired:
		if !c.withdraw(ctx, s) {
			return nil // the yes came in that moment
		}
		return &notAccepted{exitUnanswered, fmt.Sprintf("nobody in %s said yes within %v; the offer is withdrawn%s", clean(car.Name), wait, kept)}
	}
	return fmt.Errorf("%w%s", explain(err), kept)
}

// withdraw takes an offer back; false: the session has gone over meanwhile.
func (c *companion) withdraw(ctx context.Context, s *phonelink.SessionView) bool {
	if now := sessionOf(c.view(), s.ID); now == nil || !now.Local {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = c.node.Do(ctx, phonelink.Take{Session: s.ID}) // what is owned here already: ends the offer alone
	now := sessionOf(c.view(), s.ID)
	return now != nil && now.Local
}

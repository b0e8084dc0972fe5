package cmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
)

func (p *phone) goCommand() *cobra.Command {
	var to string
	var keep, fast bool
	var wait time.Duration
	cmd := p.jsonFlag(&cobra.Command{
		Use:   "go PLACE|geo:URI|LAT,LON [NAME]",
		Short: "Send a destination to the car",
		Long: `Send a destination to the car, where it waits for a yes or starts the guidance.

A place is coordinates, as 52.5251,13.3694 or geo:52.5251,13.3694 (RFC 5870), and
may have a name. A name alone is sent too: the car looks it up.` + offerHelp,
		Example: "  tandem phone go 52.5251,13.3694 'Berlin Hauptbahnhof'\n  tandem phone go 'geo:48.8584,2.2945?q=Eiffel+Tower'",
		Args:    cobra.RangeArgs(1, 2),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			place, uri, err := placeArg(args)
			if err != nil {
				return err
			}
			doc := &phonelink.NavigationDoc{Destination: place, Preference: "fast"}
			if !fast {
				doc.Preference = "economic"
			}
			s := phonelink.Session{Kind: phonelink.Navigation, Doc: doc, Title: place.Name, URI: uri, App: "Tandem"}
			return p.openAndSend(ctx, c, cmd, s, to, keep, wait)
		}),
	})
	cmd.Flags().StringVar(&to, "to", "", "which car, by name (default the one in reach)")
	cmd.Flags().BoolVar(&keep, "keep", false, "only begin it here; send it later")
	waitFlag(cmd, &wait)
	cmd.Flags().BoolVar(&fast, "fast", true, "the fastest way; --fast=false for the most economic")
	return cmd
}

// placeArg reads a place as a person writes it.
func placeArg(args []string) (p phonelink.Place, uri string, err error) {
	text, name := strings.TrimSpace(args[0]), ""
	if len(args) > 1 {
		name = args[1]
	}
	if rest, ok := strings.CutPrefix(text, "geo:"); ok {
		point, query, _ := strings.Cut(rest, "?")
		point, _, _ = strings.Cut(point, ";")
		if p, err = coordinates(point); err != nil {
			return p, "", fmt.Errorf("%s: %w", text, err)
		}
		if q, err := url.ParseQuery(query); err == nil && name == "" {
			name = q.Get("q")
		}
	} else if p, err = coordinates(text); err != nil {
		if strings.ContainsAny(text, "0123456789") && strings.Count(text, ",") == 1 && !strings.ContainsFunc(text, isLetter) {
			return p, "", err // meant as coordinates
		}
		p, name = phonelink.Place{}, text
		p.ID, p.Name = "goal", cut(clean(name), 100)
		return p, "geo:0,0?q=" + url.QueryEscape(text), nil
	}
	p.ID, p.Name = "goal", cut(clean(name), 100)
	uri = fmt.Sprintf("geo:%s,%s", strconv.FormatFloat(p.Latitude, 'f', -1, 64), strconv.FormatFloat(p.Longitude, 'f', -1, 64))
	return p, uri, nil
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127 }

// coordinates reads LAT,LON in degrees (WGS 84); an altitude may follow.
func coordinates(s string) (p phonelink.Place, err error) {
	parts := strings.Split(s, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return p, fmt.Errorf("%q is no place; expected LAT,LON in degrees, as 52.5251,13.3694", s)
	}
	for i, to := range []*float64{&p.Latitude, &p.Longitude} {
		v, err := strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
		if most := []float64{90, 180}[i]; err != nil || !(math.Abs(v) <= most) {
			return p, fmt.Errorf("%q is no place: %s must be a number from -%g to %g", s, []string{"the latitude", "the longitude"}[i], most, most)
		}
		*to = v
	}
	return p, nil
}

// openAndSend begins a session here and, unless it is to be kept, gives it to
// the car if that is in reach.
func (p *phone) openAndSend(ctx context.Context, c *companion, cmd *cobra.Command, s phonelink.Session, to string, keep bool, wait time.Duration) error {
	if !keep {
		if err := checkWait(wait); err != nil {
			return err
		}
	}
	v := c.settled(ctx)
	known := map[phonelink.SessionID]bool{}
	for i := range v.Sessions {
		known[v.Sessions[i].ID] = true
	}
	s.Profile = v.Profile
	if err := c.do(ctx, phonelink.Open{Session: s}); err != nil {
		return err
	}
	var opened *phonelink.SessionView
	ok := c.await(ctx, patience, func(now *phonelink.View) bool {
		for i := range now.Sessions {
			if n := &now.Sessions[i]; !known[n.ID] && n.Kind == s.Kind && n.Local {
				opened, v = n, now
				return true
			}
		}
		return false
	})
	if !ok {
		return errors.New("the new session does not show up; 'tandem phone sessions' lists what there is")
	}
	if !keep {
		car, err := c.reach(ctx, to)
		if err != nil {
			return fmt.Errorf("%s is kept here, as %s: %w", s.Kind, short(opened.ID), err)
		}
		if err := c.offer(ctx, cmd, opened, car, wait); err != nil {
			return err
		}
		v, opened = c.moved(ctx, opened)
	}
	if p.asJSON {
		return printJSON(cmd.OutOrStdout(), jsonOf(v, opened, time.Now()))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s (%s)\n", opened.Kind, titleOf(opened), where(v, opened), short(opened.ID))
	return nil
}

func (p *phone) draftCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "draft",
		Short: "Write messages that are never lost: here, then in the car",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var to []string
	write := p.jsonFlag(&cobra.Command{
		Use: "write TEXT|-", Short: "Begin a message", Args: cobra.ExactArgs(1), Example: "  tandem phone draft write --to Ada 'I will be ten minutes late'",
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			text, err := textArg(cmd, args[0])
			if err != nil {
				return err
			}
			s := phonelink.Session{Kind: phonelink.Draft, App: "Tandem", Needs: phonelink.NeedsKeyboard}
			s.Doc = &phonelink.DraftDoc{To: to, Text: text, Base: text, Cursor: len(text)}
			if len(to) > 0 {
				s.Title = cut(clean("to "+strings.Join(to, ", ")), 80)
			}
			return p.openAndSend(ctx, c, cmd, s, "", true, 0)
		}),
	})
	write.Flags().StringSliceVar(&to, "to", nil, "who it is for")
	edit := p.jsonFlag(&cobra.Command{
		Use: "edit SESSION TEXT|-", Short: "Replace the text of a message, wherever it is", Args: cobra.ExactArgs(2),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			text, err := textArg(cmd, args[1])
			if err != nil {
				return err
			}
			return p.changeDraft(ctx, c, cmd, args[0], phonelink.SetText{Text: text, Cursor: len(text)})
		}),
	})
	post := p.jsonFlag(&cobra.Command{
		Use: "post SESSION", Short: "Send the message, exactly once", Args: oneSession,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			return p.changeDraft(ctx, c, cmd, args[0], phonelink.Dispatch{})
		}),
	})
	show := &cobra.Command{
		Use: "show SESSION", Short: "Print the text of a message", Args: oneSession,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			s, err := find(c.settled(ctx), args[0], isDraft)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), s.Doc.(*phonelink.DraftDoc).Text)
			return nil
		}),
	}
	root.AddCommand(write, edit, post, show)
	return root
}

func isDraft(s *phonelink.SessionView) bool { _, ok := s.Doc.(*phonelink.DraftDoc); return ok }

func (p *phone) changeDraft(ctx context.Context, c *companion, cmd *cobra.Command, key string, a phonelink.Action) error {
	s, err := find(c.settled(ctx), key, isDraft)
	if err != nil {
		return err
	}
	if err := c.edit(ctx, s.ID, a); err != nil {
		return err
	}
	v := c.view()
	if after := sessionOf(v, s.ID); after != nil {
		s = after
	}
	if p.asJSON {
		return printJSON(cmd.OutOrStdout(), jsonOf(v, s, time.Now()))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "message %s (%s): %s\n", short(s.ID), where(v, s), titleOf(s))
	return nil
}

// textArg is a text of the command line, or standard input for "-".
func textArg(cmd *cobra.Command, arg string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	text, err := input(cmd, []string{arg})
	text = strings.TrimSuffix(text, "\n")
	if err == nil && len(text) > phonelink.MaxDocument-1024 {
		err = fmt.Errorf("the text has %d bytes; a document has room for %d", len(text), phonelink.MaxDocument-1024)
	}
	return text, err
}

func (p *phone) pageCommand() *cobra.Command {
	var to, title string
	var keep bool
	var wait time.Duration
	cmd := p.jsonFlag(&cobra.Command{
		Use: "page URL", Short: "Send a web page to the car, to be read while parked", Args: cobra.ExactArgs(1),
		Long: "Send a web page to the car, to be read while parked." + offerHelp,
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			u, err := url.Parse(args[0])
			if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
				return fmt.Errorf("%q is no page; expected an address, as https://example.org/", args[0])
			}
			s := phonelink.Session{Kind: phonelink.Page, Title: orElse(title, u.Host+u.Path), Web: args[0], Needs: phonelink.NeedsDisplay | phonelink.NeedsParked}
			s.Doc = &phonelink.PageDoc{URL: args[0], Title: title}
			return p.openAndSend(ctx, c, cmd, s, to, keep, wait)
		}),
	})
	cmd.Flags().StringVar(&to, "to", "", "which car, by name (default the one in reach)")
	cmd.Flags().StringVar(&title, "title", "", "what the page is called")
	cmd.Flags().BoolVar(&keep, "keep", false, "only begin it here; send it later")
	waitFlag(cmd, &wait)
	return cmd
}

func (p *phone) clipCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "clip [TEXT|-]",
		Short: "Give the car this text to paste, or print what was copied there",
		Args:  cobra.MaximumNArgs(1),
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				text, ok := clipboard(c.settled(ctx))
				if !ok {
					return errors.New("nothing was copied in the last ten minutes")
				}
				fmt.Fprintln(cmd.OutOrStdout(), text)
				return nil
			}
			text, err := textArg(cmd, args[0])
			if err != nil {
				return err
			}
			car, err := c.reach(ctx, to)
			if err != nil {
				return err
			}
			return c.do(ctx, phonelink.SendClipboard{Device: car.Device, Text: text})
		}),
	}
	cmd.Flags().StringVar(&to, "to", "", "which car, by name (default the one in reach)")
	return cmd
}

// clipboard is the latest text that was copied on either side.
func clipboard(v *phonelink.View) (string, bool) {
	var best *phonelink.SessionView
	for i := range v.Sessions {
		s := &v.Sessions[i]
		if d, ok := s.Doc.(*phonelink.ClipboardDoc); ok && strings.HasPrefix(d.MIME, "text/") && (best == nil || s.Rev.Stamp > best.Rev.Stamp) {
			best = s
		}
	}
	if best != nil {
		return string(best.Doc.(*phonelink.ClipboardDoc).Data), true
	}
	for i := range v.Phones {
		if t := v.Phones[i].Clipboard; t != "" {
			return t, true
		}
	}
	return "", false
}

func (p *phone) fileCommand() *cobra.Command {
	var to string
	cmd := p.jsonFlag(&cobra.Command{
		Use:   "file [PATH...]",
		Short: "Send files to the car, or list those on their way",
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.listTransfers(cmd, c.settled(ctx))
			}
			for _, a := range args {
				path := p.path(a)
				if info, err := os.Stat(path); err != nil {
					return fmt.Errorf("send %s: %w", a, err)
				} else if !info.Mode().IsRegular() {
					return fmt.Errorf("send %s: it is no file; pack a folder first", a)
				}
				car, err := c.reach(ctx, to)
				if err != nil {
					return err
				}
				if err := p.sendFile(ctx, c, cmd, car, path); err != nil {
					return fmt.Errorf("send %s: %w", a, err)
				}
			}
			return nil
		}),
	})
	cmd.Flags().StringVar(&to, "to", "", "which car, by name (default the one in reach)")
	return cmd
}

// transferJSON is a transfer on a line of --json.
type transferJSON struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Done     int64  `json:"done"`
	Incoming bool   `json:"incoming"`
	Finished bool   `json:"finished"`
	Problem  string `json:"problem,omitempty"`
	Path     string `json:"path,omitempty"`
}

func (p *phone) listTransfers(cmd *cobra.Command, v *phonelink.View) error {
	var rows [][]string
	for _, t := range v.Transfers {
		if p.asJSON {
			if err := printJSON(cmd.OutOrStdout(), transferJSON{t.ID, t.Name, t.Size, t.Done, t.Incoming, t.Finished, t.Problem, t.Path}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{peerName(v, t.Device), clean(t.Name), transferText(t)})
	}
	table(cmd.OutOrStdout(), rows)
	return nil
}

func transferText(t phonelink.Transfer) string {
	way := "to the car"
	if t.Incoming {
		way = "from the car"
	}
	switch {
	case t.Problem != "":
		return way + ": " + clean(t.Problem)
	case t.Finished && t.Path != "":
		return way + ": in " + clean(t.Path)
	case t.Finished:
		return way + ": done"
	case t.Size > 0:
		return fmt.Sprintf("%s: %d %% of %s", way, 100*t.Done/t.Size, bytesText(t.Size))
	}
	return way + ": " + bytesText(t.Done)
}

func bytesText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// stall is how long a file may stand still before a command stops waiting.
const stall = 30 * time.Second

// sendFile sends one file and waits until it is there.
func (p *phone) sendFile(ctx context.Context, c *companion, cmd *cobra.Command, car *phonelink.Phone, path string) error {
	known := map[string]bool{}
	for _, t := range c.view().Transfers {
		known[t.ID] = true
	}
	if err := c.do(ctx, phonelink.SendFile{Device: car.Device, Path: path}); err != nil {
		return err
	}
	w := c.node.Watch()
	defer w.Close()
	shown, moved, asked, told, began := -1, int64(-1), "", false, time.Now()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	stalled := time.NewTimer(stall)
	defer stalled.Stop()
	for {
		v := w.View()
		for _, t := range v.Transfers {
			if known[t.ID] || t.Incoming || t.Name != filepath.Base(path) {
				continue
			}
			id, _ := phonelink.ParseSessionID(t.ID) // else it is nobody's, and no session is found
			if state := offerState(v, id, car); t.Done != moved || state != asked {
				within := stall
				if state != "" {
					within = offerFor
				}
				moved, asked = t.Done, state
				stalled.Reset(within)
			}
			if asked != "" && !told && time.Since(began) > time.Second {
				told = true
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", clean(t.Name), asked)
			}
			percent := 0
			if t.Size > 0 {
				percent = int(10*t.Done/t.Size) * 10
			}
			if percent != shown && !p.asJSON && !t.Finished {
				shown = percent
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d %%\n", clean(t.Name), percent)
			}
			if t.Problem != "" {
				return errors.New(clean(t.Problem))
			}
			if t.Finished && p.asJSON {
				return printJSON(cmd.OutOrStdout(), transferJSON{t.ID, t.Name, t.Size, t.Done, t.Incoming, t.Finished, t.Problem, t.Path})
			} else if t.Finished {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: in %s, %s\n", clean(t.Name), clean(car.Name), bytesText(t.Size))
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stalled.C:
			return fmt.Errorf("no progress for %v: it may have arrived, or goes on when the car asks for it; 'tandem phone file' lists those on their way", stall)
		case <-w.C():
		case <-look.C:
		}
	}
}

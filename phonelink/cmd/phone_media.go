package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dhowden/tag"
	"github.com/gopxl/beep/v2"
	"github.com/gopxl/beep/v2/flac"
	"github.com/gopxl/beep/v2/mp3"
	"github.com/gopxl/beep/v2/vorbis"
	"github.com/gopxl/beep/v2/wav"
	"github.com/spf13/cobra"

	"tandem/phonelink"
	"tandem/phonelink/player"
)

func (p *phone) playCommand() *cobra.Command {
	var follow bool
	var output string
	cmd := p.jsonFlag(&cobra.Command{
		Use:   "play FILE|URL...",
		Short: "Play music here, ready to go on in the car",
		Long: `Play music here, ready to go on in the car: several are a queue.

The player has no loudspeaker: it is sounding and silent by the clock, and says
where it is. With --follow it keeps saying so; without a running companion it
does so anyway, until the music has gone to the car, has ended, or Ctrl-C.`,
		Example: "  tandem phone play ~/Music/album/*.flac\n  tandem phone play https://example.org/stream.mp3 --follow",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("what is to be played? expected FILE or URL")
			}
			if output != "none" {
				return fmt.Errorf("--output %q: this player has none but \"none\", which prints positions", output)
			}
			return nil
		},
		RunE: p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
			doc := &phonelink.MediaDoc{Rate: 1, Volume: 1, Playing: true, At: stampOf(time.Now())}
			for _, a := range args {
				t, err := p.track(a)
				if err != nil {
					return err
				}
				doc.Queue = append(doc.Queue, t)
			}
			return p.play(ctx, c, cmd, doc, follow || p.companion == nil)
		}),
	})
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "stay, and print the position once a second")
	cmd.Flags().StringVar(&output, "output", "none", "loudspeaker: none")
	return cmd
}

// play opens a session in place of what plays here, and follows it if asked.
func (p *phone) play(ctx context.Context, c *companion, cmd *cobra.Command, doc *phonelink.MediaDoc, follow bool) error {
	sounds, done := c.listen()
	defer done()
	id, err := c.openMedia(ctx, doc)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if !follow {
		v := c.view()
		for i := range v.Sessions {
			if s := &v.Sessions[i]; s.ID == id && p.asJSON {
				return printJSON(w, jsonOf(v, s, time.Now()))
			} else if s.ID == id {
				fmt.Fprintf(w, "%s plays: %s\n", short(id), titleOf(s))
			}
		}
		return nil
	}
	return p.follow(ctx, c, cmd, id, sounds)
}

// openMedia pauses what plays here and opens a session; its id is found by the
// first track, which is new.
func (c *companion) openMedia(ctx context.Context, doc *phonelink.MediaDoc) (id phonelink.SessionID, err error) {
	v := c.settled(ctx)
	for i := range v.Sessions {
		s := &v.Sessions[i]
		if d, ok := s.Doc.(*phonelink.MediaDoc); ok && s.Local && d.Playing {
			if err := c.edit(ctx, s.ID, phonelink.Play{}); err != nil {
				return id, fmt.Errorf("pause %s: %w", titleOf(s), err)
			}
		}
	}
	title := orElse(doc.Queue[0].Title, base(doc.Queue[0].URL))
	open := phonelink.Open{Session: phonelink.Session{
		Kind: phonelink.Media, Profile: v.Profile, Doc: doc, Title: cut(title, 80), App: "Tandem", Needs: phonelink.NeedsAudio,
	}}
	if u := doc.Queue[0].URL; strings.HasPrefix(u, "https:") {
		open.Session.Web = u
	}
	if err := c.do(ctx, open); err != nil {
		return id, err
	}
	ok := c.await(ctx, patience, func(v *phonelink.View) bool {
		for i := range v.Sessions {
			if d, media := v.Sessions[i].Doc.(*phonelink.MediaDoc); media && len(d.Queue) > 0 && d.Queue[0].ID == doc.Queue[0].ID {
				id = v.Sessions[i].ID
				return true
			}
		}
		return false
	})
	if !ok {
		return id, errors.New("the new session does not show up; 'tandem phone sessions' lists what there is")
	}
	return id, nil
}

func (c *companion) edit(ctx context.Context, id phonelink.SessionID, a phonelink.Action) error {
	return c.do(ctx, phonelink.Edit{Session: id, Op: phonelink.Op{Act: a}})
}

// soundJSON is a line of play --json.
type soundJSON struct {
	Time     float64 `json:"time"` // since 1970
	Session  string  `json:"session"`
	Sounding bool    `json:"sounding"`
	Where    string  `json:"where"`
	Track    string  `json:"track"`
	Position float64 `json:"position_s"`
}

// follow says what is heard until the session has gone, or has ended.
func (p *phone) follow(ctx context.Context, c *companion, cmd *cobra.Command, id phonelink.SessionID, sounds <-chan player.Sound) error {
	w := cmd.OutOrStdout()
	watch := c.node.Watch()
	defer watch.Close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	say := func(s *phonelink.SessionView, v *phonelink.View, at time.Time, on bool, t phonelink.Track, pos time.Duration) {
		if p.asJSON {
			_ = printJSON(w, soundJSON{float64(at.UnixMilli()) / 1000, s.ID.String(), on, where(v, s), orElse(t.Title, base(t.URL)), seconds(pos)})
			return
		}
		word := "silent "
		if on {
			word = "playing"
		}
		length := ""
		if t.Length > 0 {
			length = "/" + clock(t.Length)
		}
		fmt.Fprintf(w, "%s  %s  %s%s  %s  (%s)\n", at.Local().Format("15:04:05.000"), word, clock(pos), length, clean(orElse(t.Title, base(t.URL))), where(v, s))
	}
	heard := false
	for {
		v := watch.View()
		s := sessionOf(v, id)
		if s == nil {
			return nil // ended
		}
		doc, _ := s.Doc.(*phonelink.MediaDoc)
		if doc == nil {
			return nil
		}
		if heard && !s.Local && s.Handoff == phonelink.Settled && s.Rev.Seq > 0 && p.companion == nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s goes on in %s\n", titleOf(s), where(v, s))
			return nil
		}
		select {
		case <-ctx.Done():
			return p.pauseAtEnd(c, s, doc)
		case <-watch.C():
		case sound := <-sounds:
			if sound.Session == id {
				heard = heard || sound.On
				say(s, v, sound.At, sound.On, sound.Track, sound.Position)
			}
			if t := trackOf(doc); sound.Session == id && !sound.On && doc.Index == len(doc.Queue)-1 && t != nil && t.Length > 0 && sound.Position >= t.Length {
				return nil // the end of the queue
			}
		case now := <-tick.C:
			if t := trackOf(doc); t != nil && doc.Playing {
				say(s, v, now, s.Render, *t, player.Where(doc, now))
			}
		}
	}
}

// pauseAtEnd leaves the session paused when its only player is interrupted.
func (p *phone) pauseAtEnd(c *companion, s *phonelink.SessionView, doc *phonelink.MediaDoc) error {
	if p.companion != nil || !s.Local || !doc.Playing {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := c.edit(ctx, s.ID, phonelink.Play{}); err != nil {
		return fmt.Errorf("pause at the end: %w", err)
	}
	return nil
}

func sessionOf(v *phonelink.View, id phonelink.SessionID) *phonelink.SessionView {
	for i := range v.Sessions {
		if v.Sessions[i].ID == id {
			return &v.Sessions[i]
		}
	}
	return nil
}

// current is the music that a command without a session means: what plays, here
// before there, else the most recent.
func current(v *phonelink.View) (*phonelink.SessionView, *phonelink.MediaDoc, error) {
	var best *phonelink.SessionView
	var doc *phonelink.MediaDoc
	score := -1
	for i := range v.Sessions {
		s := &v.Sessions[i]
		d, ok := s.Doc.(*phonelink.MediaDoc)
		if !ok || len(d.Queue) == 0 {
			continue
		}
		n := 0
		if d.Playing {
			n += 2
		}
		if s.Local {
			n++
		}
		if n > score {
			best, doc, score = s, d, n
		}
	}
	if best == nil {
		return nil, nil, errors.New("nothing to play; begin with 'tandem phone play FILE'")
	}
	return best, doc, nil
}

// control is a subcommand that changes the current music, wherever it is.
func (p *phone) control(cmd *cobra.Command, act func(doc *phonelink.MediaDoc, args []string) (phonelink.Action, error)) *cobra.Command {
	cmd.RunE = p.with(func(ctx context.Context, c *companion, cmd *cobra.Command, args []string) error {
		c.settled(ctx)
		s, doc, err := current(c.view())
		if err != nil {
			return err
		}
		a, err := act(doc, args)
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
		fmt.Fprintf(cmd.OutOrStdout(), "%s (%s): %s\n", titleOf(s), where(v, s), doing(v, s, time.Now()))
		return nil
	})
	return p.jsonFlag(cmd)
}

func (p *phone) playPauseCommand(name string) *cobra.Command {
	about := map[string]string{"pause": "Pause the music, wherever it plays", "resume": "Go on with the music, wherever it is"}
	return p.control(&cobra.Command{Use: name, Short: about[name], Args: cobra.NoArgs}, func(*phonelink.MediaDoc, []string) (phonelink.Action, error) {
		return phonelink.Play{Playing: name == "resume"}, nil
	})
}

func (p *phone) stepCommand(name string) *cobra.Command {
	step := map[string]int{"next": 1, "previous": -1}[name]
	return p.control(&cobra.Command{Use: name, Short: "Go to the " + name + " track", Args: cobra.NoArgs}, func(doc *phonelink.MediaDoc, _ []string) (phonelink.Action, error) {
		return skip(doc, step)
	})
}

func skip(doc *phonelink.MediaDoc, step int) (phonelink.Action, error) {
	to := doc.Index + step
	if doc.Loop == phonelink.LoopQueue {
		to = (to + len(doc.Queue)) % len(doc.Queue)
	}
	switch {
	case to < 0:
		return phonelink.Seek{}, nil
	case to >= len(doc.Queue):
		return nil, errors.New("this is the last track of the queue")
	}
	return phonelink.Skip{To: doc.Queue[to].ID}, nil
}

func (p *phone) seekCommand() *cobra.Command {
	return p.control(&cobra.Command{
		Use: "seek TIME", Short: "Go to a place in the track: 1:30, 90s, +10s, -10s", Args: cobra.ExactArgs(1), DisableFlagParsing: false,
		Example: "  tandem phone seek 1:30\n  tandem phone seek -- -10s",
	}, func(doc *phonelink.MediaDoc, args []string) (phonelink.Action, error) {
		to, err := seekTo(doc, args[0])
		return phonelink.Seek{To: to}, err
	})
}

// seekTo reads M:SS, H:MM:SS or a duration; with a sign it is from here.
func seekTo(doc *phonelink.MediaDoc, s string) (time.Duration, error) {
	var d time.Duration
	text := strings.TrimLeft(s, "+-")
	if strings.Contains(text, ":") {
		for part := range strings.SplitSeq(text, ":") {
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n > 1e6 {
				return 0, fmt.Errorf("%q is no time; expected 1:30, 90s, +10s or -10s", s)
			}
			d = d*60 + time.Duration(n)*time.Second
		}
	} else if v, err := time.ParseDuration(text); err == nil {
		d = v
	} else if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < 1e6 {
		d = time.Duration(n * float64(time.Second))
	} else {
		return 0, fmt.Errorf("%q is no time; expected 1:30, 90s, +10s or -10s", s)
	}
	switch s[0] {
	case '+':
		d = player.Where(doc, time.Now()) + d
	case '-':
		d = player.Where(doc, time.Now()) - d
	}
	if t := trackOf(doc); t != nil && t.Length > 0 {
		d = min(d, t.Length)
	}
	return max(0, d), nil
}

func (p *phone) volumeCommand() *cobra.Command {
	return p.control(&cobra.Command{Use: "volume PERCENT", Short: "Set how loud the music is", Args: cobra.ExactArgs(1)}, func(_ *phonelink.MediaDoc, args []string) (phonelink.Action, error) {
		n, err := strconv.ParseFloat(strings.TrimSuffix(args[0], "%"), 64)
		if err != nil || !(n >= 0 && n <= 100) {
			return nil, fmt.Errorf("volume %q: expected a number from 0 to 100", args[0])
		}
		return phonelink.SetLevel{Volume: n / 100}, nil
	})
}

// track makes a queue's entry of a file or URL.
func (p *phone) track(arg string) (phonelink.Track, error) {
	t := phonelink.Track{ID: rand.Text()[:12]}
	if u, err := url.Parse(arg); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		t.URL, t.Title = arg, base(u.Path)
		return t, nil
	}
	path := p.path(strings.TrimPrefix(arg, "file://"))
	f, err := os.Open(path)
	if err != nil {
		return t, fmt.Errorf("play %s: %w; expected a file (MP3, FLAC, Vorbis, WAV) or an https URL", arg, err)
	}
	defer f.Close()
	t.URL = (&url.URL{Scheme: "file", Path: path}).String()
	t.Title = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if m, err := tag.ReadFrom(f); err == nil {
		t.Title, t.Artist, t.Album = orElse(m.Title(), t.Title), m.Artist(), m.Album()
	}
	if t.Length, err = length(path); err != nil {
		return t, fmt.Errorf("play %s: %w", arg, err)
	}
	return t, nil
}

// length decodes as much of a file as tells how long it is.
func length(path string) (time.Duration, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var s beep.StreamSeekCloser
	var format beep.Format
	switch strings.ToLower(filepath.Ext(path)) {
	case ".mp3":
		s, format, err = mp3.Decode(f)
	case ".flac":
		s, format, err = flac.Decode(f)
	case ".ogg", ".oga":
		s, format, err = vorbis.Decode(f)
	case ".wav":
		s, format, err = wav.Decode(f)
	default:
		return 0, fmt.Errorf("%s files cannot be played; expected .mp3, .flac, .ogg or .wav", orElse(filepath.Ext(path), "such"))
	}
	if err != nil {
		return 0, fmt.Errorf("decode: %w", err)
	}
	defer s.Close()
	return format.SampleRate.D(s.Len()), nil
}

// openTrack says whether a track can be rendered here: a file that is there, or
// an address of the web.
func openTrack(_ context.Context, t phonelink.Track) error {
	u, err := url.Parse(t.URL)
	if err != nil {
		return fmt.Errorf("open %s: %w", clean(t.URL), err)
	}
	switch u.Scheme {
	case "http", "https":
		return nil
	case "file":
		if _, err := os.Stat(u.Path); err != nil {
			return fmt.Errorf("open track: %w", err)
		}
		return nil
	}
	return fmt.Errorf("a %q address cannot be played here", clean(u.Scheme))
}

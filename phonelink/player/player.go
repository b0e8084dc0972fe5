// Package player renders media sessions by the clock, for a device without a
// loudspeaker of its own here: it is silent and sounding, and where in a track,
// at the moments at which a sound card would be. It follows what
// phonelink.SessionView says of Load, Render and RenderAt, answers with Loaded
// and Playhead, and goes to the next track at the end of one. It knows neither
// samples nor files.
//
// The rules that a player follows are pure, in phonelink (playback.go), and the
// same for hmi/media.Player, which has a decoder and an Output. The two keep loops of
// their own: here any number of sessions is rendered by one timer, as many
// scripted phones need, and a track ends when its length is over; there one
// track is decoded ahead by a goroutine, from the place where it is wanted, and
// begins, ends and fails when the samples do. A seam between the two would be
// load-from, play-at, stop-at, position and four events, with a decoder made of
// timers behind it that is longer than what it saves, and it would put decoding
// under this package's one goroutine.
//
//	          Load: open the track, say Loaded
//	silent ------------------------------------> ready, silent
//	   ^                                            |  Render and Playing,
//	   |  not Render, not Playing, or gone:         v  from RenderAt on
//	   +---- from RenderAt on ----------------- sounding --+ Playhead: on each change,
//	                                                ^      | and once a second
//	                                                +------+
package player

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tandem/phonelink"
)

// Config says what a Player follows. Service is needed.
type Config struct {
	Service phonelink.Service
	// Open finds out whether a track can be rendered here, and how long it
	// takes to be ready; it may block, and is called by a goroutine of its own.
	// nil: everything can, at once.
	Open func(ctx context.Context, t phonelink.Track) error
	// Heard is told when sound begins, moves and ends, by the goroutine of Run;
	// it must not block. nil: nobody is.
	Heard  func(Sound)
	Logger *slog.Logger
}

// Sound is a change of what is heard.
type Sound struct {
	Session  phonelink.SessionID
	Epoch    phonelink.Epoch
	Track    phonelink.Track
	On       bool          // sound comes out from At on
	At       time.Time     // when it really began or ended, by this device's clock
	Due      time.Time     // when it was to; zero: at once
	Position time.Duration // of Track, at At
}

// beat is how often a sounding Player says where it is.
const beat = time.Second

// drift is how far document and sound may be apart before the document is
// taken for a wish to be elsewhere. An owner's own Playheads make it smaller.
const drift = 400 * time.Millisecond

// Player renders the media sessions of one device.
type Player struct {
	cfg  Config
	reqs chan phonelink.Request
	open chan opened
	wg   sync.WaitGroup

	// Owned by Run.
	voices map[phonelink.SessionID]*voice
	begun  bool // a View with sessions was followed
}

// opened is the answer of Config.Open.
type opened struct {
	id    phonelink.SessionID
	track string
	err   error
}

// New makes a Player; Run starts it.
func New(cfg Config) (*Player, error) {
	if cfg.Service == nil {
		return nil, errors.New("player: needs a service to follow")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Player{
		cfg: cfg, reqs: make(chan phonelink.Request, 256), open: make(chan opened),
		voices: map[phonelink.SessionID]*voice{},
	}, nil
}

// Run follows the sessions until ctx ends; then all is silent.
func (p *Player) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer p.wg.Wait()
	defer cancel()
	w := p.cfg.Service.Watch()
	defer w.Close()
	p.wg.Go(func() { p.carry(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			p.silence()
			return nil
		case <-w.C():
		case <-timer.C:
		case o := <-p.open:
			if v := p.voices[o.id]; v != nil && v.opening == o.track {
				v.opening, v.ready, v.err = "", o.track, o.err
			}
		}
		next := p.follow(ctx, time.Now(), w.View())
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// carry takes reports to the service, in their order.
func (p *Player) carry(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-p.reqs:
			if err := p.cfg.Service.Do(ctx, r); err != nil && ctx.Err() == nil {
				p.cfg.Logger.Debug("report refused", "err", err)
			}
		}
	}
}

// say queues a report. When the service has not taken the last 256, one more
// would tell it nothing.
func (p *Player) say(r phonelink.Request) {
	select {
	case p.reqs <- r:
	default:
		p.cfg.Logger.Warn("report dropped: the phone link does not keep up")
	}
}

// silence ends all sound.
func (p *Player) silence() {
	now := time.Now()
	for id, v := range p.voices {
		p.stop(id, v, now, time.Time{})
	}
}

// follow brings the voices to where the View wants them and says when to look
// again; zero: when the View changes.
func (p *Player) follow(ctx context.Context, now time.Time, view *phonelink.View) (next time.Time) {
	seen := map[phonelink.SessionID]bool{}
	silent := slices.Contains(view.Troubles, phonelink.TroubleSilent)
	for i := range view.Sessions {
		s := &view.Sessions[i]
		doc, ok := s.Doc.(*phonelink.MediaDoc)
		if !ok || doc.Index < 0 || doc.Index >= len(doc.Queue) {
			continue
		}
		v := p.voices[s.ID]
		if v == nil {
			if !s.Load && !s.Render {
				continue
			}
			if v = new(voice); !p.begun && s.Render && s.RenderAt.IsZero() {
				v.place = phonelink.ResumedFrom(doc, now)
				v.from = v.place.From()
			}
			p.voices[s.ID] = v
		}
		seen[s.ID] = true
		next = earlier(next, p.attend(ctx, now, s, doc, v, silent))
	}
	p.begun = p.begun || len(view.Sessions) > 0
	for id, v := range p.voices {
		if !seen[id] {
			p.stop(id, v, now, time.Time{})
			delete(p.voices, id)
		}
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

package media

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tandem/phonelink"
)

// Config says what a Player works with. Phones, Output and Open are needed.
type Config struct {
	Phones phonelink.Service // whose sessions are played
	Output Output
	Open   Opener
	Logger *slog.Logger
}

// Player plays the media session that the phone link says is to be heard here.
type Player struct {
	cfg  Config
	log  *slog.Logger
	deck *deck

	requests chan phonelink.Request
	wg       sync.WaitGroup

	// Owned by the goroutine of Run from here on.
	voice   *voice
	session phonelink.SessionID
	track   string
	loaded  phonelink.Readiness
	place   phonelink.Resumed
	begun   bool            // a View with sessions was followed
	playing bool            // the deck was told to play
	failed  map[string]bool // tracks of the session that could not be played
	spare   *spare          // nil: none

	displaced phonelink.SessionID // was told to stand still and does not yet
}

// NewPlayer makes a Player; Run starts it.
func NewPlayer(c Config) (*Player, error) {
	if c.Phones == nil || c.Output == nil || c.Open == nil {
		return nil, errors.New("new player: needs a phone link, an output and an opener")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Player{cfg: c, log: c.Logger, deck: newDeck(c.Output), requests: make(chan phonelink.Request, 64), failed: map[string]bool{}}, nil
}

// beat is how often a playing Player says where it is.
const beat = time.Second

// drift is how far the document and the loudspeaker may be apart before the
// player takes it for a wish to be elsewhere.
const drift = 600 * time.Millisecond

// Run plays until ctx ends or the Output fails.
func (p *Player) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer p.wg.Wait()
	defer cancel()
	w := p.cfg.Phones.Watch()
	defer w.Close()
	broken := make(chan error, 1)
	p.wg.Go(func() { broken <- p.deck.run(ctx) })
	p.wg.Go(func() { p.carry(ctx) })
	tick := time.NewTicker(beat)
	tick.Stop()
	defer tick.Stop()
	p.follow(ctx, w.View())
	for {
		var ready <-chan struct{}
		if p.voice != nil && p.loaded.Due() {
			ready = p.voice.ready
		}
		select {
		case <-w.C():
			p.follow(ctx, w.View())
		case <-ready:
			p.tellLoaded(ctx, w.View())
			p.follow(ctx, w.View())
		case <-p.spareReady():
			p.tellSpare(ctx)
		case ev := <-p.deck.events:
			p.heard(ctx, ev, w.View(), tick)
		case <-tick.C:
			p.tellPlayhead(ctx)
		case err := <-broken:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// carry takes requests to the phone link, one after another.
func (p *Player) carry(ctx context.Context) {
	for {
		select {
		case r := <-p.requests:
			if err := p.cfg.Phones.Do(ctx, r); err != nil && ctx.Err() == nil {
				p.log.Debug("player's report was refused", "report", r, "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (p *Player) ask(ctx context.Context, r phonelink.Request) {
	select {
	case p.requests <- r:
	case <-ctx.Done():
	}
}

// wanted is the session that the player is to care for: one to be heard now, a
// newcomer before the one in hand, else one that stands still here, else one to
// get ready. One that was just displaced counts as standing still.
func (p *Player) wanted(v *phonelink.View) (s *phonelink.SessionView, doc *phonelink.MediaDoc) {
	best := 0
	for i := range v.Sessions {
		c := &v.Sessions[i]
		d, ok := playableDoc(c)
		if !ok {
			continue
		}
		rank := 0
		switch {
		case c.Render && d.Playing && c.ID != p.displaced && c.ID != p.session:
			rank = 4
		case c.Render && d.Playing && c.ID != p.displaced:
			rank = 3
		case c.Render:
			rank = 2
		case c.Load:
			rank = 1
		}
		if rank > best {
			s, doc, best = c, d, rank
		}
	}
	return s, doc
}

// settled forgets what was displaced once it stands still.
func (p *Player) settled(v *phonelink.View) {
	for i := range v.Sessions {
		c := &v.Sessions[i]
		if d, ok := playableDoc(c); ok && c.ID == p.displaced && c.Render && d.Playing {
			return
		}
	}
	p.displaced = phonelink.SessionID{}
}

// follow does what the View says.
func (p *Player) follow(ctx context.Context, view *phonelink.View) {
	p.settled(view)
	s, doc := p.wanted(view)
	if s == nil {
		p.dropSpare()
		at := time.Now()
		for i := range view.Sessions {
			if c := &view.Sessions[i]; c.ID == p.session && !c.Render && !c.RenderAt.IsZero() {
				at = c.RenderAt // handed over: silent from then on
			}
		}
		p.hush(at)
		return
	}
	now := time.Now()
	track := doc.Queue[doc.Index]
	if s.ID != p.session {
		if s.Render && doc.Playing {
			p.displace(ctx, view, s)
		}
		p.session, p.track, p.loaded, p.place = s.ID, "", phonelink.Readiness{}, phonelink.Resumed{}
		clear(p.failed)
		if !p.begun && s.Render && s.RenderAt.IsZero() {
			p.place = phonelink.ResumedFrom(doc, now)
		}
		p.adopt(s, track)
	}
	p.begun = true
	p.prepare(ctx, view, s.ID, now)
	p.loaded.Follow(s, slices.Contains(view.Troubles, phonelink.TroubleSilent))
	pos := p.where(doc, now)
	if p.voice == nil || p.track != track.ID || p.voice.url != track.URL || p.elsewhere(pos) {
		p.load(ctx, track, pos)
	}
	p.deck.setVolume(doc.Volume)
	switch {
	case !s.Render || !doc.Playing:
		p.hush(now)
	case !p.playing && p.isReady() && p.voice.failed == nil:
		at := s.RenderAt
		if at.Before(now) {
			at = now
		}
		p.playing = true
		p.deck.play(p.where(doc, at), at)
	}
}

// where is where the voice is to be at a moment.
func (p *Player) where(doc *phonelink.MediaDoc, now time.Time) time.Duration {
	own := p.place.From()
	if p.voice != nil && p.track == doc.Queue[doc.Index].ID {
		own, _ = p.deck.position()
	}
	return p.place.Where(doc, now, own)
}

// elsewhere reports whether the voice cannot reach a position by leaving out
// what it has decoded ahead.
func (p *Player) elsewhere(pos time.Duration) bool {
	at, _ := p.deck.position()
	if p.playing {
		return (pos - at).Abs() > drift
	}
	return pos < at-drift || pos > at+buffered*block*time.Second/Rate+drift
}

func (p *Player) isReady() bool {
	select {
	case <-p.voice.ready:
		return true
	default:
		return false
	}
}

// load begins to decode a track.
func (p *Player) load(ctx context.Context, t phonelink.Track, pos time.Duration) {
	if p.voice != nil {
		p.voice.cancel()
	}
	p.voice, p.track, p.playing = p.decode(ctx, t.URL, pos), t.ID, false
	p.loaded.Again()
	p.deck.put(p.voice)
}

// decode begins to decode from a position.
func (p *Player) decode(ctx context.Context, u string, pos time.Duration) *voice {
	v, vctx := newVoice(ctx, u, pos)
	p.wg.Go(func() {
		defer v.cancel()
		v.run(vctx, p.cfg.Open)
	})
	return v
}

// tellLoaded says that the voice is ready, or why it never will be.
func (p *Player) tellLoaded(ctx context.Context, view *phonelink.View) {
	p.loaded.Say()
	problem := ""
	if err := p.voice.failed; err != nil {
		problem = err.Error()
		p.failed[p.track] = true
		p.log.Warn("track cannot be played", "track", name(p.voice.url), "err", err)
	}
	if s, _ := p.wanted(view); s != nil && s.ID == p.session && s.Render {
		if problem != "" {
			p.advance(ctx, view)
		}
		return
	}
	p.ask(ctx, phonelink.Loaded{Session: p.session, Problem: problem})
}

// hush stops what is heard at a moment.
func (p *Player) hush(at time.Time) {
	if p.playing {
		p.playing = false
		p.deck.end(at)
	}
}

// heard takes what the deck tells.
func (p *Player) heard(ctx context.Context, ev deckEvent, view *phonelink.View, tick *time.Ticker) {
	if ev.voice != p.voice {
		return
	}
	switch ev.kind {
	case began:
		tick.Reset(beat)
		p.tellPlayhead(ctx)
	case stopped:
		tick.Stop()
		p.tellPlayhead(ctx)
	case ended:
		tick.Stop()
		p.playing = false
		if ev.voice.err != nil {
			p.failed[p.track] = true
		}
		p.advance(ctx, view)
	}
}

func (p *Player) tellPlayhead(ctx context.Context) {
	pos, sounding := p.deck.position()
	p.ask(ctx, phonelink.Playhead{Session: p.session, Position: pos, Playing: sounding, At: time.Now()})
}

// advance goes to the next track, or stops at the end.
func (p *Player) advance(ctx context.Context, view *phonelink.View) {
	s, doc := p.wanted(view)
	if s == nil || s.ID != p.session || !s.Render {
		return
	}
	act := phonelink.AfterTrack(s.ID, doc, p.failed)
	if _, again := act.(phonelink.Seek); again {
		p.track = "" // the same once more
	}
	p.ask(ctx, phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: act}})
}

// Next is phonelink.NextTrack.
func Next(id phonelink.SessionID, doc *phonelink.MediaDoc, bad map[string]bool) (int, bool) {
	return phonelink.NextTrack(id, doc, bad)
}

// Order is phonelink.QueueOrder.
func Order(id phonelink.SessionID, doc *phonelink.MediaDoc) []int {
	return phonelink.QueueOrder(id, doc)
}

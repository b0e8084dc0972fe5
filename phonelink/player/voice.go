package player

import (
	"context"
	"time"

	"tandem/phonelink"
)

// voice is the rendering of one session.
type voice struct {
	epoch   phonelink.Epoch
	loaded  phonelink.Readiness
	opening string // id of the track that Open has
	ready   string // id of the track that it gave back
	err     error  // of ready

	on    bool
	track phonelink.Track
	since time.Time     // when sound began
	from  time.Duration // position at since
	rate  float64
	told  time.Time       // the last Playhead
	over  string          // id of the track whose end was told
	bad   map[string]bool // tracks that could not be opened
	place phonelink.Resumed
}

func (v *voice) position(now time.Time) time.Duration {
	if !v.on {
		return v.from
	}
	return v.from + time.Duration(float64(now.Sub(v.since))*v.rate)
}

// where is where the document wants the voice to be.
func (v *voice) where(doc *phonelink.MediaDoc, now time.Time) time.Duration {
	return within(doc, v.place.Where(doc, now, v.position(now)))
}

// attend brings one voice to where its session wants it and says when to look
// again.
func (p *Player) attend(ctx context.Context, now time.Time, s *phonelink.SessionView, doc *phonelink.MediaDoc, v *voice, silent bool) time.Time {
	track := doc.Queue[doc.Index]
	v.epoch = s.Rev.Epoch
	v.loaded.Follow(s, silent)
	if (s.Load || s.Render) && v.ready != track.ID && v.opening != track.ID {
		p.begin(ctx, s.ID, v, track)
	}
	ready := v.ready == track.ID
	if ready && s.Load && v.loaded.Due() {
		v.loaded.Say()
		problem := ""
		if v.err != nil {
			problem = v.err.Error()
		}
		p.say(phonelink.Loaded{Session: s.ID, Problem: problem})
	}
	sound := s.Render && doc.Playing && ready && v.err == nil && v.over != track.ID
	due := s.RenderAt
	switch {
	case sound && v.on && v.track.ID == track.ID && (v.where(doc, now)-v.position(now)).Abs() < drift:
		return p.run(now, s, doc, v)
	case sound && v.on: // another track, or another place in it
		p.stop(s.ID, v, now, time.Time{})
		p.start(s, doc, v, now, time.Time{})
		return p.run(now, s, doc, v)
	case sound && due.After(now):
		return due
	case sound:
		p.start(s, doc, v, now, due)
		return p.run(now, s, doc, v)
	case v.on && !s.Render && due.After(now):
		return due
	}
	if v.over != "" && v.over != track.ID || v.over != "" && v.where(doc, now) < v.from-drift {
		v.over = "" // gone on, or back to the beginning
		return now
	}
	if ready && v.err != nil && s.Render && doc.Playing {
		p.advance(s.ID, doc, v)
	}
	if s.Render {
		due = time.Time{} // it was for the beginning
	}
	p.stop(s.ID, v, now, due)
	return time.Time{}
}

// begin opens a track beside.
func (p *Player) begin(ctx context.Context, id phonelink.SessionID, v *voice, t phonelink.Track) {
	if p.cfg.Open == nil {
		v.ready, v.err = t.ID, nil
		return
	}
	v.opening = t.ID
	p.wg.Go(func() {
		err := p.cfg.Open(ctx, t)
		select {
		case p.open <- opened{id, t.ID, err}:
		case <-ctx.Done():
		}
	})
}

// run keeps a sounding voice: Playheads, and the end of the track.
func (p *Player) run(now time.Time, s *phonelink.SessionView, doc *phonelink.MediaDoc, v *voice) time.Time {
	pos := v.position(now)
	if v.track.Length > 0 && pos >= v.track.Length {
		p.stop(s.ID, v, now, time.Time{})
		p.advance(s.ID, doc, v)
		return time.Time{}
	}
	if now.Sub(v.told) >= beat {
		v.told = now
		p.say(phonelink.Playhead{Session: s.ID, Position: pos, Playing: true, At: now})
	}
	next := v.told.Add(beat)
	if v.track.Length > 0 {
		left := time.Duration(float64(v.track.Length-pos) / v.rate)
		next = earlier(next, now.Add(max(left, time.Millisecond)))
	}
	return next
}

func (p *Player) start(s *phonelink.SessionView, doc *phonelink.MediaDoc, v *voice, now, due time.Time) {
	v.from = v.where(doc, now)
	v.on, v.since, v.rate, v.track = true, now, rate(doc), doc.Queue[doc.Index]
	v.told, v.over = now, ""
	p.heard(s.ID, v, now, due)
	p.say(phonelink.Playhead{Session: s.ID, Position: v.from, Playing: true, At: now})
}

func (p *Player) stop(id phonelink.SessionID, v *voice, now, due time.Time) {
	if !v.on {
		return
	}
	v.from = v.position(now)
	v.on = false
	p.heard(id, v, now, due)
	p.say(phonelink.Playhead{Session: id, Position: v.from, Playing: false, At: now})
}

func (p *Player) heard(id phonelink.SessionID, v *voice, now, due time.Time) {
	if p.cfg.Heard != nil {
		p.cfg.Heard(Sound{Session: id, Epoch: v.epoch, Track: v.track, On: v.on, At: now, Due: due, Position: v.from})
	}
}

// advance asks for what comes after the present track, once.
func (p *Player) advance(id phonelink.SessionID, doc *phonelink.MediaDoc, v *voice) {
	track := doc.Queue[doc.Index].ID
	if v.over == track {
		return
	}
	v.over = track
	if v.err != nil {
		if v.bad == nil {
			v.bad = map[string]bool{}
		}
		v.bad[track] = true
	}
	p.say(phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.AfterTrack(id, doc, v.bad)}})
}

// Where is the position of a document at a moment, within its track.
func Where(doc *phonelink.MediaDoc, now time.Time) time.Duration {
	return within(doc, phonelink.PositionAt(doc, now))
}

// within is a position that a track has, as far as its length is known.
func within(doc *phonelink.MediaDoc, pos time.Duration) time.Duration {
	if doc.Index >= 0 && doc.Index < len(doc.Queue) {
		if l := doc.Queue[doc.Index].Length; l > 0 {
			return min(pos, l)
		}
	}
	return pos
}

func rate(doc *phonelink.MediaDoc) float64 {
	if doc.Rate <= 0 {
		return 1
	}
	return doc.Rate
}

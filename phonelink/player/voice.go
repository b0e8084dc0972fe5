package player

import (
	"context"
	"time"

	"tandem/phonelink"
)

// voice is the rendering of one session.
type voice struct {
	epoch   phonelink.Epoch
	said    bool   // Loaded, in this epoch
	opening string // id of the track that Open has
	ready   string // id of the track that it gave back
	err     error  // of ready

	on    bool
	track phonelink.Track
	since time.Time     // when sound began
	from  time.Duration // position at since
	rate  float64
	told  time.Time // the last Playhead
	over  string    // id of the track whose end was told

	// A session that was sounding here when this program ended: its document
	// went on by the clock, the sound did not. Until the document has another
	// stamp, the position is ours.
	stale phonelink.Stamp
}

func (v *voice) position(now time.Time) time.Duration {
	if !v.on {
		return v.from
	}
	return v.from + time.Duration(float64(now.Sub(v.since))*v.rate)
}

// where is where the document wants the voice to be.
func (v *voice) where(doc *phonelink.MediaDoc, now time.Time) time.Duration {
	if v.stale != 0 && doc.At == v.stale {
		return v.position(now)
	}
	return Where(doc, now)
}

// resumed is a voice of a session that is ours as this program begins. Playheads
// come each second while it sounds: if the last is older, nobody heard what
// came after it.
func resumed(doc *phonelink.MediaDoc, now time.Time) *voice {
	v := &voice{}
	if at := time.UnixMilli(int64(doc.At >> 16)); doc.Playing && doc.At != 0 && now.Sub(at) > 2*beat {
		v.stale, v.from = doc.At, doc.Position
	}
	return v
}

// attend brings one voice to where its session wants it and says when to look
// again.
func (p *Player) attend(ctx context.Context, now time.Time, s *phonelink.SessionView, doc *phonelink.MediaDoc, v *voice) time.Time {
	track := doc.Queue[doc.Index]
	if v.epoch != s.Rev.Epoch || !s.Load && !s.Render {
		v.epoch, v.said = s.Rev.Epoch, false
	}
	if (s.Load || s.Render) && v.ready != track.ID && v.opening != track.ID {
		p.begin(ctx, s.ID, v, track)
	}
	ready := v.ready == track.ID
	if ready && s.Load && !v.said {
		v.said = true
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
	var act phonelink.Action
	switch {
	case doc.Loop == phonelink.LoopTrack && v.err == nil:
		act = phonelink.Seek{}
	case doc.Index+1 < len(doc.Queue):
		act = phonelink.Skip{To: doc.Queue[doc.Index+1].ID}
	case doc.Loop == phonelink.LoopQueue && len(doc.Queue) > 1:
		act = phonelink.Skip{To: doc.Queue[0].ID}
	case doc.Loop == phonelink.LoopQueue && v.err == nil:
		act = phonelink.Seek{}
	default:
		act = phonelink.Play{Playing: false}
	}
	p.say(phonelink.Edit{Session: id, Op: phonelink.Op{Act: act}})
}

// Where is the position of a document at a moment: its Position, and while it
// is Playing the time since its stamp.
func Where(doc *phonelink.MediaDoc, now time.Time) time.Duration {
	pos := doc.Position
	if doc.Playing && doc.At != 0 {
		if since := now.Sub(time.UnixMilli(int64(doc.At >> 16))); since > 0 {
			pos += time.Duration(float64(since) * rate(doc))
		}
	}
	if doc.Index >= 0 && doc.Index < len(doc.Queue) {
		if l := doc.Queue[doc.Index].Length; l > 0 {
			pos = min(pos, l)
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

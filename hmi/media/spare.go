package media

import (
	"context"
	"slices"
	"time"

	"tandem/phonelink"
)

// spare is a session that is to be got ready while another one is heard, or
// stands still here: the car takes the phone's music without ending its own.
//
//	none --Load of another session--> decoding --ready--> Loaded said
//	  ^                                                      |
//	  +---- it is not asked for any more, or it is heard: <--+
//	        the deck has its voice then, without a gap
type spare struct {
	session phonelink.SessionID
	track   string
	voice   *voice
	loaded  phonelink.Readiness
}

// prepare gets ready what a View says to load beside the session in hand.
func (p *Player) prepare(ctx context.Context, view *phonelink.View, inHand phonelink.SessionID, now time.Time) {
	for i := range view.Sessions {
		s := &view.Sessions[i]
		doc, ok := playableDoc(s)
		if !ok || !s.Load || s.Render || s.ID == inHand {
			continue
		}
		track := doc.Queue[doc.Index]
		if x := p.spare; x == nil || x.session != s.ID || x.track != track.ID || x.voice.url != track.URL {
			p.dropSpare()
			p.spare = &spare{session: s.ID, track: track.ID, voice: p.decode(ctx, track.URL, phonelink.PositionAt(doc, now))}
		}
		p.spare.loaded.Follow(s, slices.Contains(view.Troubles, phonelink.TroubleSilent))
		return
	}
	if p.spare != nil && p.spare.session != inHand {
		p.dropSpare()
	}
}

func (p *Player) dropSpare() {
	if p.spare != nil {
		p.spare.voice.cancel()
		p.spare = nil
	}
}

// adopt takes the spare voice in hand, if it is that of the track.
func (p *Player) adopt(s *phonelink.SessionView, track phonelink.Track) {
	x := p.spare
	if x == nil || x.session != s.ID {
		return
	}
	p.spare = nil
	if x.track != track.ID || x.voice.url != track.URL || x.voice.failedNow() {
		x.voice.cancel()
		return
	}
	if p.voice != nil {
		p.voice.cancel()
	}
	p.voice, p.track, p.loaded, p.playing = x.voice, x.track, x.loaded, false
	p.deck.put(x.voice)
}

// spareReady is when the spare has to be told of; nil: there is nothing to tell.
func (p *Player) spareReady() <-chan struct{} {
	if p.spare == nil || !p.spare.loaded.Due() {
		return nil
	}
	return p.spare.voice.ready
}

func (p *Player) tellSpare(ctx context.Context) {
	p.spare.loaded.Say()
	problem := ""
	if err := p.spare.voice.failed; err != nil {
		problem = err.Error()
	}
	p.ask(ctx, phonelink.Loaded{Session: p.spare.session, Problem: problem})
}

// displace pauses the session in hand when another one begins: there is one
// loudspeaker, and what was begun last has it. A document that went on by the
// clock, unheard, would say what is not so.
func (p *Player) displace(ctx context.Context, view *phonelink.View, by *phonelink.SessionView) {
	for i := range view.Sessions {
		s := &view.Sessions[i]
		if doc, ok := playableDoc(s); ok && s.ID == p.session && s.ID != by.ID && s.Render && doc.Playing {
			p.displaced = s.ID
			p.ask(ctx, phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: phonelink.Play{}}})
		}
	}
}

// playableDoc is the document of a session that has something to play.
func playableDoc(s *phonelink.SessionView) (*phonelink.MediaDoc, bool) {
	doc, ok := s.Doc.(*phonelink.MediaDoc)
	return doc, ok && doc != nil && doc.Index >= 0 && doc.Index < len(doc.Queue)
}

// failedNow reports whether it is known that nothing will come.
func (v *voice) failedNow() bool {
	select {
	case <-v.ready:
		return v.failed != nil
	default:
		return false
	}
}

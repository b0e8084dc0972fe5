package hmi

import (
	"strings"
	"unicode/utf8"

	"tandem/phonelink"
)

// Work is something under way on either side, with what can be read of it here
// and how it is worked on. A file is a Transfer and a call a PhoneCall instead.
type Work struct {
	Thing        // what it is, what is happening to it, and what can be done
	Key   string // of the session
	Here  bool   // this car owns it
	Alone bool   // its owner is out of reach
	Copy  bool   // kept beside another, because both sides changed it

	Sends []Thing           // how it goes to each phone in reach
	End   phonelink.Request // ends it on both sides; nil: not from here

	Hidden bool   // it has words, and they must not be shown now
	Text   string // of a draft or of the clipboard
	To     string // of a draft: whom it is for
	Sent   bool   // of a draft: it was sent
	Link   string // of a page: its address, as a person reads it
	Full   string // what a draft says exactly, to be changed; or a page's whole address
	Read   int    // of a page: percent

	Edit bool              // a draft that may be changed here and now
	Send phonelink.Request // sends a draft as a message; nil: not now
}

// Readable reports whether the session has a screen of its own.
func (w *Work) Readable() bool {
	return w.Kind == phonelink.Draft || w.Kind == phonelink.Page || w.Kind == phonelink.Clipboard
}

// maxWork is how many sessions are listed; maxWritten is how many bytes of a
// draft are changed here.
const (
	maxWork    = 30
	maxWritten = phonelink.MaxDocument / 8
)

// WorkOf is the session with a key; nil when it is not there any more.
func (p *Phones) WorkOf(key string) *Work {
	if p == nil {
		return nil
	}
	for i := range p.Work {
		if p.Work[i].Key == key {
			return &p.Work[i]
		}
	}
	return nil
}

// works lists what is under way: what waits for a yes first, then the sessions
// as the link orders them, the latest first.
func (p *Phones) works(v *phonelink.View) {
	room := p.Limits.items(maxWork)
	at := map[phonelink.SessionID]int{}
	for i := range p.Things {
		if t := &p.Things[i]; t.Do == Offered && listed(t.Kind) && len(p.Work) < room {
			at[t.Session] = len(p.Work)
			p.Work = append(p.Work, Work{Thing: *t, Key: t.Session.String()})
		}
	}
	offers := map[phonelink.SessionID]*phonelink.SessionView{}
	for i := range v.Offers {
		offers[v.Offers[i].Session.ID] = &v.Offers[i].Session
	}
	for id, i := range at {
		if s := offers[id]; s != nil {
			p.words(&p.Work[i], s)
		}
	}
	for i := range v.Sessions {
		s := &v.Sessions[i]
		if _, offered := at[s.ID]; offered || !listed(s.Kind) || p.over(s) {
			continue
		}
		isGoal := p.Goal == nil && s.Kind == phonelink.Navigation && s.Local
		if !isGoal && len(p.Work) >= room {
			continue
		}
		w := p.work(s)
		p.words(&w, s)
		if isGoal {
			goal := w.Thing
			p.Goal = &goal
		}
		if len(p.Work) < room {
			p.Work = append(p.Work, w)
		}
	}
}

// listed reports whether a session of the kind is Work.
func listed(k phonelink.Kind) bool {
	switch k {
	case phonelink.Media, phonelink.Navigation, phonelink.Draft, phonelink.Page, phonelink.Clipboard:
		return true
	}
	return false
}

// over reports whether a session has expired.
func (p *Phones) over(s *phonelink.SessionView) bool {
	return !s.Expires.IsZero() && p.until(s.Expires, p.now)
}

// work is a session with what can be done with it.
func (p *Phones) work(s *phonelink.SessionView) Work {
	w := Work{Key: s.ID.String(), Here: s.Local, Alone: s.Alone, Copy: s.Copy, Sends: p.sendable(s)}
	if s.Local && s.Handoff == phonelink.Settled && (s.Kind == phonelink.Navigation || s.Kind == phonelink.Page || s.Kind == phonelink.Clipboard) {
		w.End = phonelink.End{Session: s.ID}
	}
	take, takes := p.takeable(s)
	switch {
	case s.Handoff != phonelink.Settled:
		w.Thing = p.moving(s)
	case !s.Local && s.TakeBack.After(p.now):
		p.until(s.TakeBack, p.now)
		w.Thing = p.takeBack(s)
	case takes:
		w.Thing = take
	case len(w.Sends) > 0:
		w.Thing = w.Sends[0]
	case s.Local:
		w.Thing = p.thing(Stays, s)
		w.Parked = false
	default:
		w.Thing = p.thing(Away, s)
	}
	if w.End != nil && s.Kind == phonelink.Navigation {
		w.No = w.End
	}
	return w
}

// words adds what a session says, as far as it may be shown.
func (p *Phones) words(w *Work, s *phonelink.SessionView) {
	here := s.Local && s.Handoff == phonelink.Settled && p.Limits.Texts && p.Limits.Setup
	switch d := s.Doc.(type) {
	case *phonelink.DraftDoc:
		if d == nil {
			return
		}
		w.To, w.Sent, w.Hidden = p.Limits.title(join(d.To, nil)), d.Sent, !p.Limits.Texts
		if w.Hidden {
			return
		}
		w.Text = p.Limits.text(d.Text)
		if here && !d.Sent && len(d.Text) <= maxWritten && utf8.ValidString(d.Text) {
			w.Full, w.Edit = d.Text, true
			if strings.TrimSpace(d.Text) != "" && len(d.To) > 0 {
				w.Send = phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: phonelink.Dispatch{}}}
			}
		}
	case *phonelink.PageDoc:
		if d == nil {
			return
		}
		if w.Read = int(min(100, max(0, d.Scroll))); !p.Limits.Texts {
			w.Hidden = true
			return
		}
		w.Link, w.Full = p.Limits.title(d.URL), clean(d.URL, maxLink)
	case *phonelink.ClipboardDoc:
		if d == nil || !strings.HasPrefix(d.MIME, "text/") {
			return
		}
		if w.Hidden = !p.Limits.Texts; !w.Hidden {
			w.Text = p.Limits.text(string(d.Data))
		}
	}
}

// maxLink is how long an address may be that is made a code to scan.
const maxLink = 900

// takeBack is a session that went to a phone lately.
func (p *Phones) takeBack(s *phonelink.SessionView) Thing {
	t := p.thing(TakeBack, s)
	t.Until, t.Yes = s.TakeBack, phonelink.TakeBack{Session: s.ID}
	return t
}

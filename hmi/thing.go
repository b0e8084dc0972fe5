package hmi

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"tandem/phonelink"
)

// Doing is what is happening to a Thing, or what can be done with it.
type Doing int

// Doings, most urgent first.
const (
	Ringing   Doing = iota // a call; Yes mutes it
	Offered                // Yes accepts, No declines
	Coming                 // on its way here
	Going                  // on its way to the phone
	TakeBack               // went to the phone lately; Yes takes it back
	TakeHere               // on a phone; Yes continues it here
	PlayHere               // on a phone whose app cannot hand over: pause there, play here
	SendThere              // here; Yes continues it on the phone
	CopyHere               // on a phone that is out of reach; Yes begins a copy of it here
	Stays                  // here, and no phone is in reach that it could go to
	Away                   // on a phone that is out of reach, and stays there
)

func (d Doing) String() string {
	names := [...]string{"Ringing", "Offered", "Coming", "Going", "TakeBack", "TakeHere", "PlayHere", "SendThere", "CopyHere", "Stays", "Away"}
	return names[max(0, min(int(d), len(names)-1))]
}

// Thing is something under way that can go on on the other side.
type Thing struct {
	Do       Doing
	Session  phonelink.SessionID
	Kind     phonelink.Kind
	Title    string // "" when there is none, or it must not be shown now
	At       Spot   // of a destination without a name
	By       string // artist or app
	Phone    string // name of the phone
	Why      phonelink.OfferWhy
	Until    time.Time // when it is too late; zero: never
	Progress float64   // 0 to 1 of what Coming and Going need
	Moving   bool      // Coming, Going: the moment itself
	Parked   bool      // Yes only while parked, and the car is not
	Yes, No  phonelink.Request
}

// Spot is a place that has only coordinates; the zero value is none.
type Spot struct {
	Latitude, Longitude float64 // degrees
	OK                  bool
}

// Key names a thing among the present ones.
func (t *Thing) Key() string { return fmt.Sprintf("%d/%v/%s", t.Do, t.Session, t.Phone) }

// maxSame is how many things of a kind are looked at, the latest first: a strip
// has room for two, and a phone may have a thousand sessions.
const maxSame = 8

// things is what the continuity strip shows.
func (p *Phones) things(v *phonelink.View, now time.Time) {
	for _, c := range p.Calls {
		if c.State == phonelink.CallRinging {
			p.Things = append(p.Things, Thing{Do: Ringing, Kind: phonelink.Call, Title: c.Who, Phone: c.Phone, Yes: c.Mute})
		}
	}
	offered := map[phonelink.SessionID]bool{}
	for i := range v.Offers {
		if o := &v.Offers[i]; !p.until(o.Until, now) {
			offered[o.Session.ID] = true
			p.Things = append(p.Things, p.offer(o))
		}
	}
	var same [CopyHere + 1]int // things that only can be done, not waiting or under way
	add := func(t Thing) {
		same[t.Do]++
		p.Things = append(p.Things, t)
	}
	for i := range v.Sessions {
		s := &v.Sessions[i]
		if offered[s.ID] || !s.Expires.IsZero() && p.until(s.Expires, now) {
			continue
		}
		if s.Handoff != phonelink.Settled {
			p.Things = append(p.Things, p.moving(s))
			continue
		}
		if s.TakeBack.After(now) && !s.Local {
			p.until(s.TakeBack, now)
			p.Things = append(p.Things, p.takeBack(s))
			continue
		}
		if same[TakeHere]+same[PlayHere] < maxSame {
			if t, ok := p.takeable(s); ok && t.Do != CopyHere { // the media screen offers copies
				add(t)
			}
		}
		if s.Local && same[SendThere] < maxSame {
			if to := p.sendable(s); len(to) > 0 {
				add(to[0])
			}
		}
	}
	slices.SortStableFunc(p.Things, func(a, b Thing) int { return cmp.Compare(a.urgency(), b.urgency()) })
	p.Things = first(p.Things, p.Limits.items(maxList))
}

// urgency is lower for what comes first: what waits for a parked car comes after
// what can be done, unless somebody waits for an answer.
func (t *Thing) urgency() Doing {
	if t.Parked && t.Do > Offered {
		return Away + 1 + t.Do
	}
	return t.Do
}

// thing is a session in words that may be shown now.
func (p *Phones) thing(do Doing, s *phonelink.SessionView) Thing {
	t := Thing{Do: do, Session: s.ID, Kind: s.Kind, Title: p.sessionTitle(&s.Session), By: p.Limits.app(s.App), Phone: p.nameOf(peerOf(s))}
	if doc, ok := s.Doc.(*phonelink.NavigationDoc); ok && doc != nil && t.Title == "" {
		t.At = spotOf(doc.Destination)
	}
	if doc, ok := s.Doc.(*phonelink.MediaDoc); ok && doc != nil && doc.Index >= 0 && doc.Index < len(doc.Queue) {
		if x := doc.Queue[doc.Index]; x.Artist != "" {
			t.By = p.Limits.title(x.Artist)
		}
	}
	const stands = phonelink.NeedsParked | phonelink.NeedsVideo | phonelink.NeedsKeyboard
	t.Parked = s.Needs&stands != 0 && !p.Limits.Setup
	return t
}

// sessionTitle is what a session is about. Titles of what somebody wrote or
// copied are somebody's words: not shown while texts are hidden.
func (p *Phones) sessionTitle(s *phonelink.Session) string {
	switch doc := s.Doc.(type) {
	case *phonelink.MediaDoc:
		if doc != nil && doc.Index >= 0 && doc.Index < len(doc.Queue) && doc.Queue[doc.Index].Title != "" {
			return p.Limits.title(doc.Queue[doc.Index].Title)
		}
	case *phonelink.NavigationDoc:
		return p.placeTitle(doc, s.Title)
	case *phonelink.CallDoc:
		if doc != nil && doc.Name != "" {
			return p.Limits.title(doc.Name)
		}
	case *phonelink.DraftDoc:
		if doc != nil && p.Limits.Texts && s.Title == "" {
			return p.Limits.title(doc.Text)
		}
	case *phonelink.PageDoc:
		if doc != nil && p.Limits.Texts && doc.Title == "" && s.Title == "" {
			return p.Limits.title(webTitle(doc.URL))
		}
	case *phonelink.FileDoc:
		if doc != nil && doc.Name != "" {
			return p.Limits.spoken(doc.Name)
		}
	}
	switch s.Kind {
	case phonelink.Draft, phonelink.Page, phonelink.Clipboard:
		if !p.Limits.Texts {
			return ""
		}
	case phonelink.File:
		return p.Limits.spoken(s.Title)
	}
	return p.Limits.title(s.Title)
}

// placeTitle is what a destination is called; "" for one that has only
// coordinates, also if they are its title, or the whole of a link.
func (p *Phones) placeTitle(doc *phonelink.NavigationDoc, title string) string {
	if doc != nil && doc.Destination.Name != "" {
		title = doc.Destination.Name
	}
	if !strings.ContainsFunc(title, unicode.IsLetter) || strings.HasPrefix(strings.ToLower(title), "geo:") {
		return ""
	}
	return p.Limits.title(title)
}

// spotOf is where a place is, if that can be on Earth.
func spotOf(x phonelink.Place) Spot {
	ok := math.Abs(x.Latitude) <= 90 && math.Abs(x.Longitude) <= 180 && (x.Latitude != 0 || x.Longitude != 0)
	if !ok {
		return Spot{}
	}
	return Spot{x.Latitude, x.Longitude, true}
}

func (p *Phones) offer(o *phonelink.Offer) Thing {
	t := p.thing(Offered, &o.Session)
	t.Why, t.Until = o.Why, o.Until
	if name := p.nameOf(o.From); name != "" {
		t.Phone = name
	}
	t.Yes, t.No = phonelink.Accept{Session: o.Session.ID}, phonelink.Decline{Session: o.Session.ID}
	return t
}

// moving is a session whose owner is about to change: while it prepares, the
// owner is the one that gives it away, and so is whoever shows it as committed.
func (p *Phones) moving(s *phonelink.SessionView) Thing {
	do := Coming
	if s.Local || s.Handoff == phonelink.Moving {
		do = Going
	}
	t := p.thing(do, s)
	t.Progress, t.Moving = min(1, max(0, s.Progress)), s.Handoff == phonelink.Moving
	return t
}

// takeable is how a session on a reachable phone comes here.
func (p *Phones) takeable(s *phonelink.SessionView) (Thing, bool) {
	if s.Local || s.Handoff != phonelink.Settled {
		return Thing{}, false
	}
	switch s.Kind {
	case phonelink.Call, phonelink.File, phonelink.Scene: // a phone's own, or nothing to go on with
		return Thing{}, false
	}
	ph := p.phoneOf(peerOf(s))
	switch {
	case ph == nil:
		return Thing{}, false
	case !ph.Reached() && ph.Tandem() && s.Alone:
		t := p.thing(CopyHere, s)
		t.Yes = phonelink.Copy{Session: s.ID}
		return t, true
	case !ph.Reached():
		return Thing{}, false
	}
	do := TakeHere
	if !ph.Tandem() {
		do = PlayHere
	}
	t := p.thing(do, s)
	t.Yes = phonelink.Take{Session: s.ID}
	return t, true
}

// sendable is how a session here goes to each phone in reach: with its owner
// to a Tandem peer; to a stock phone only a destination or a page, as a link.
func (p *Phones) sendable(s *phonelink.SessionView) (all []Thing) {
	if !s.Local || s.Handoff != phonelink.Settled || s.Kind == phonelink.Call || s.Kind == phonelink.Scene {
		return nil
	}
	for i := range p.List {
		ph := &p.List[i]
		if !ph.Reached() {
			continue
		}
		t := p.thing(SendThere, s)
		t.Parked = false // the phone goes on, not the car
		t.Phone = ph.Name
		switch {
		case ph.Can&phonelink.CanHandOff != 0, ph.Can&phonelink.CanFiles != 0 && isLink(s):
			t.Yes = phonelink.Send{Session: s.ID, To: ph.Device}
		}
		if t.Yes != nil {
			all = append(all, t)
		}
	}
	return all
}

// isLink reports whether a session can be said as a link that any phone opens.
func isLink(s *phonelink.SessionView) bool {
	return s.Kind == phonelink.Navigation || s.Kind == phonelink.Page
}

// GeoLink is a place as a URI that phones open on a map (RFC 5870).
func GeoLink(lat, lon float64) string { return fmt.Sprintf("geo:%.6f,%.6f", lat, lon) }

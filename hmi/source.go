package hmi

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
)

// Source is something that plays, or could: a media session, or a player on a
// phone whose app cannot hand it over.
type Source struct {
	Key   string // unique among the present ones
	Phone string // name of the phone that plays; "" for this car
	App   string

	Title, Artist, Album string
	Playing              bool
	Lost                 bool          // whoever plays it is not reached: this is what was known last
	Length               time.Duration // 0: not known
	Queue                []Track       // from the present one on
	More                 int           // further tracks that Queue has no room for

	Play, Pause, Next, Previous phonelink.Request // nil: cannot
	Seek                        func(to time.Duration) phonelink.Request
	Take                        *Thing  // how it comes here; nil: it is here, or cannot
	Send                        []Thing // how it goes to a phone

	// Cover is its picture; the zero one for none.
	Cover Cover

	position time.Duration
	at       time.Time
	rate     float64
}

// Cover names a picture without having it: by its content, or the music file
// that has it in its tags. It is comparable, so that what was looked for once is
// not looked for again.
type Cover struct {
	SHA256 [32]byte // of an asset, or of what a phone sent; zero for none
	URL    string   // of a music file here, for when there is no SHA256 or it has not come; "" for none
}

// Track is one entry of a queue. Play goes to it; nil for the present one.
type Track struct {
	Title, Artist string
	Length        time.Duration
	Play          phonelink.Request
}

// Here reports whether this car plays it.
func (s *Source) Here() bool { return s.Phone == "" }

// Position is how far it is, in whole seconds, so that it changes only when
// what is shown does. Of a source that nobody reaches it is the last that was
// reported: whether it still plays is not known.
func (s *Source) Position(now time.Time) time.Duration {
	p := s.position
	if s.Playing && !s.at.IsZero() {
		p += time.Duration(float64(max(0, now.Sub(s.at))) * s.rate)
	}
	if s.Length > 0 {
		p = min(p, s.Length)
	}
	return max(0, p).Truncate(time.Second)
}

// CoverRadius is the radius of a cover's corners, as a share of its side.
const CoverRadius = 0.07

// maxURL is the longest name of a music file that is looked for.
const maxURL = 4096

// sources are the media sessions and the players that no session stands for;
// what plays comes first, what plays here before the rest.
func (p *Phones) sources(v *phonelink.View) {
	type player struct {
		device phonelink.Device
		name   string
	}
	seen := map[player]bool{}
	for i := range v.Sessions {
		s := &v.Sessions[i]
		doc, ok := s.Doc.(*phonelink.MediaDoc)
		if !ok || doc == nil {
			continue
		}
		if doc.Source != "" {
			seen[player{doc.Source, doc.Player}] = true
		}
		if len(p.Sources) < p.Limits.items(maxList) {
			p.Sources = append(p.Sources, p.source(v, s, doc))
		}
	}
	for _, ph := range v.Phones {
		for _, pl := range ph.Players {
			if !seen[player{ph.Device, pl.Name}] && pl.Title != "" && len(p.Sources) < p.Limits.items(maxList) {
				p.Sources = append(p.Sources, p.player(ph, pl))
			}
		}
	}
	slices.SortStableFunc(p.Sources, func(a, b Source) int { return cmp.Compare(rank(a), rank(b)) })
}

func rank(s Source) int {
	switch {
	case s.Playing && s.Here():
		return 0
	case s.Playing:
		return 1
	case s.Here():
		return 2
	}
	return 3
}

// source is a media session.
func (p *Phones) source(v *phonelink.View, s *phonelink.SessionView, doc *phonelink.MediaDoc) Source {
	x := Source{Key: s.ID.String(), App: p.Limits.app(s.App), Title: p.Limits.title(s.Title), Playing: doc.Playing, position: doc.Position, at: when(doc.At), rate: doc.Rate}
	if !s.Local {
		x.Phone = p.nameOf(peerOf(s))
		if x.Phone == "" {
			x.Phone = string(peerOf(s))
		}
	}
	edit := func(a phonelink.Action) phonelink.Request {
		return phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: a}}
	}
	if !x.Here() && !p.reaches(peerOf(s)) {
		edit, x.rate, x.Lost = nil, 0, true
	}
	if doc.Source != "" && doc.Source.Adapter() != "" { // what a stock phone plays, its player obeys
		edit = nil
		for _, ph := range v.Phones {
			for _, pl := range ph.Players {
				if ph.Device == doc.Source && pl.Name == doc.Player {
					x.controls(ph, pl)
				}
			}
		}
	}
	p.tracks(&x, doc, edit)
	if edit != nil {
		x.Play, x.Pause = edit(phonelink.Play{Playing: true}), edit(phonelink.Play{})
		x.Seek = func(to time.Duration) phonelink.Request { return edit(phonelink.Seek{To: to}) }
	}
	if t, ok := p.takeable(s); ok {
		x.Take = &t
	}
	x.Send = p.sendable(s)
	x.Cover.SHA256 = s.Icon
	return x
}

// reaches reports whether a phone answers.
func (p *Phones) reaches(d phonelink.Device) bool {
	ph := p.phoneOf(d)
	return ph != nil && ph.Reached()
}

// tracks fills in the present track and the queue after it.
func (p *Phones) tracks(x *Source, doc *phonelink.MediaDoc, edit func(phonelink.Action) phonelink.Request) {
	if doc.Index < 0 || doc.Index >= len(doc.Queue) {
		return
	}
	skip := func(i int) phonelink.Request {
		if edit == nil || i < 0 || i >= len(doc.Queue) || i == doc.Index {
			return nil
		}
		return edit(phonelink.Skip{To: doc.Queue[i].ID})
	}
	now := doc.Queue[doc.Index]
	x.Artist, x.Album, x.Length = p.Limits.title(now.Artist), p.Limits.title(now.Album), max(0, now.Length)
	if now.Title != "" {
		x.Title = p.Limits.title(now.Title)
	}
	x.Cover.URL = musicFile(now.URL)
	if edit != nil {
		x.Next, x.Previous = skip(doc.Index+1), skip(doc.Index-1)
	}
	rest := doc.Queue[doc.Index+1:]
	shown := first(rest, p.Limits.items(maxList))
	for i, t := range shown {
		x.Queue = append(x.Queue, Track{p.Limits.title(t.Title), p.Limits.title(t.Artist), max(0, t.Length), skip(doc.Index + 1 + i)})
	}
	x.More = min(len(rest), maxQueue) - len(shown)
}

// player is a player on a phone that has no session.
func (p *Phones) player(ph phonelink.Phone, pl phonelink.Player) Source {
	x := Source{Key: string(ph.Device) + "/" + pl.Name, Phone: p.nameOf(ph.Device), App: p.Limits.title(pl.Name), Title: p.Limits.title(pl.Title), Artist: p.Limits.title(pl.Artist), Album: p.Limits.title(pl.Album)}
	x.Cover.SHA256 = pl.Icon
	x.controls(ph, pl)
	return x
}

// controls takes state and controls of a phone's player; one that nobody
// reaches has none, and its time stands still.
func (s *Source) controls(ph phonelink.Phone, pl phonelink.Player) {
	reached := ph.Presence == phonelink.Linked || ph.Presence == phonelink.Quiet
	can := func(ok bool, action string) phonelink.Request {
		if !ok || !reached {
			return nil
		}
		return phonelink.Control{Device: ph.Device, Player: pl.Name, Action: action}
	}
	s.Playing, s.Length, s.position, s.at, s.rate = pl.Playing, max(0, pl.Length), pl.Position, pl.At, 1
	if s.Lost = !reached; s.Lost {
		s.rate = 0
	}
	s.Play, s.Pause = can(pl.CanPlay, "play"), can(pl.CanPause, "pause")
	s.Next, s.Previous = can(pl.CanNext, "next"), can(pl.CanPrevious, "previous")
	if pl.CanSeek && reached {
		s.Seek = func(to time.Duration) phonelink.Request {
			return phonelink.Control{Device: ph.Device, Player: pl.Name, Action: "seek", Seek: to}
		}
	}
}

// musicFile is the URL if it is a file here.
func musicFile(u string) string {
	if strings.HasPrefix(u, "file:///") && len(u) <= maxURL {
		return u
	}
	return ""
}

// when is the time of a stamp; the zero time for none.
func when(s phonelink.Stamp) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return s.Time()
}

// peerOf is the phone that a session is about, from here.
func peerOf(s *phonelink.SessionView) phonelink.Device {
	if s.OnPhone != "" {
		return s.OnPhone
	}
	return s.Owner()
}

// webTitle is a page's host, for a page without a title.
func webTitle(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

package node

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"tandem/phonelink"
)

// getInFor is how long after the driver got in a phone's sessions are offered:
// a phone in a pocket needs some seconds to be linked.
const getInFor = 2 * time.Minute

// offer is a session that waits for a person here, besides those that the
// machine knows of.
type offer struct {
	do      offerDo
	session phonelink.Session // for offerOpen
	from    phonelink.Device  // whose it is, or for get-out: to whom
	why     phonelink.OfferWhy
	until   time.Time
}

// offerDo is what a yes does.
type offerDo uint8

const (
	offerTake offerDo = iota // take it: get-in
	offerSent                // nothing: it was sent, and the phone asks its person: get-out
	offerOpen                // open it: an adapter's phone sent it
	offerAway                // send it to an adapter's phone: get-out
)

// answer is a person's yes or no; false: r is something else.
func (o offer) answer(l *loop, r phonelink.Request, reply chan<- error) bool {
	id := sessionOf(r)
	yes := false
	switch r.(type) {
	case phonelink.Accept:
		yes = true
	case phonelink.Decline:
	case phonelink.Take:
		if o.do != offerOpen {
			return false
		}
		yes = true
	default:
		return false
	}
	delete(l.offers, id)
	l.declined[id] = true
	l.dirty, l.urgent = true, true
	switch {
	case !yes && o.do == offerSent:
		l.ask(phonelink.Take{Session: id}, reply) // takes the offer back
	case !yes, o.do == offerSent:
		reply <- nil
	case o.do == offerOpen:
		l.openSession(o.session, reply)
	case o.do == offerAway:
		l.sendForeign(l.ctx, phonelink.Send{Session: id, To: o.from}, reply)
	default:
		l.ask(phonelink.Take{Session: id}, reply)
	}
	return true
}

func (l *loop) expireOffers(now time.Time) {
	for id, o := range l.offers {
		if now.After(o.until) {
			delete(l.offers, id)
			l.dirty = true
		}
	}
}

// sendFailed forgets a get-out offer that the phone did not take.
func (l *loop) sendFailed(id phonelink.SessionID, err error) {
	if o, ok := l.offers[id]; ok && o.do == offerSent {
		delete(l.offers, id)
		l.dirty = true
	}
	if l.room != nil {
		if out := l.room.sent[id]; out != nil {
			out.problem = err.Error()
			l.dirty = true
		}
	}
}

const hopFile = "seat" // in the trust store: where the driver was when the program ended

func (l *loop) loadHop() {
	data, err := l.n.store.ReadFile(hopFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.log.Warn("it is not known whether the driver was in", "error", err)
	}
	if len(data) == 1 && seat(data[0]) <= seatIn {
		l.hop.Seat = seat(data[0])
	}
}

// hopped follows the driver.
func (l *loop) hopped(now time.Time) {
	if l.n.c.Car == nil {
		return
	}
	before := l.hop.Seat
	event := l.hop.next(now, l.n.c.Car)
	if l.hop.Seat != before {
		if err := l.n.store.WriteFile(hopFile, []byte{byte(l.hop.Seat)}); err != nil {
			l.log.Warn("that the driver got in or out is not kept", "error", err)
		}
	}
	switch event {
	case gotIn:
		l.log.Info("the driver got in")
		l.in = now.Add(getInFor)
		clear(l.declined)
		l.stay()
		l.dirty, l.urgent = true, true
	case gotOut:
		l.log.Info("the driver gets out")
		l.in = time.Time{}
		l.drop(phonelink.OfferGetIn)
		l.leaving(now)
		l.dirty, l.urgent = true, true
	}
}

func (l *loop) drop(why phonelink.OfferWhy) {
	for id, o := range l.offers {
		if o.why == why {
			delete(l.offers, id)
		}
	}
}

// underway reports whether a session is one that a driver would go on with.
func underway(s *phonelink.Session) bool {
	switch d := s.Doc.(type) {
	case *phonelink.MediaDoc:
		return d.Playing
	case *phonelink.NavigationDoc:
		return d.Active
	}
	return false
}

// getIn offers what goes on at the phones, for a while after the driver got in.
func (l *loop) getIn(now time.Time, views []phonelink.SessionView) {
	for id, o := range l.offers {
		i := slices.IndexFunc(views, func(v phonelink.SessionView) bool { return v.ID == id })
		gone := o.do != offerOpen && (i < 0 || views[i].Local == (o.do == offerTake))
		if gone {
			delete(l.offers, id)
		}
	}
	if !now.Before(l.in) {
		return
	}
	for i := range views {
		v := &views[i]
		if v.Local || v.Alone || v.Handoff != phonelink.Settled || l.declined[v.ID] || !underway(&v.Session) {
			continue
		}
		if _, ok := l.offers[v.ID]; !ok {
			l.offers[v.ID] = offer{do: offerTake, from: v.OnPhone, why: phonelink.OfferGetIn, until: l.in}
			l.declined[v.ID] = true // offered once
		}
	}
}

// leaving offers what goes on here to the phone of the driver, who walks away:
// the way on foot, and the music unless others stay and hear it.
func (l *loop) leaving(now time.Time) {
	if l.room == nil {
		return
	}
	shared := company(now, l.n.c.Car)
	for _, v := range l.room.state.Views(l.now()) {
		if !v.Local || v.Handoff != phonelink.Settled || !underway(&v.Session) || shared && v.Kind == phonelink.Media {
			continue
		}
		to, foreign := l.phoneFor(&v)
		if to == "" {
			continue
		}
		o := offer{do: offerSent, from: to, why: phonelink.OfferGetOut, until: now.Add(getInFor)}
		if foreign {
			o.do = offerAway
			l.offers[v.ID] = o
			continue
		}
		l.walk(&v.Session, true)
		sent := make(chan error, 1)
		l.ask(phonelink.Send{Session: v.ID, To: to}, sent)
		l.offers[v.ID] = o
		l.watchSend(v.ID, to, sent)
	}
}

// walk makes a way one on foot, or by car again.
func (l *loop) walk(s *phonelink.Session, walking bool) {
	d, ok := s.Doc.(*phonelink.NavigationDoc)
	if !ok || d.Walking == walking {
		return
	}
	c := *d
	c.Walking = walking
	l.ask(phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: phonelink.Replace{Doc: &c}}}, make(chan error, 1))
}

// stay takes back what was offered when the driver seemed to leave.
func (l *loop) stay() {
	for id, o := range l.offers {
		if o.why != phonelink.OfferGetOut {
			continue
		}
		delete(l.offers, id)
		if o.do == offerSent {
			l.ask(phonelink.Take{Session: id}, make(chan error, 1))
		}
	}
	if l.room == nil {
		return
	}
	for _, v := range l.room.state.Views(l.now()) {
		if v.Local {
			l.walk(&v.Session, false)
		}
	}
}

// phoneFor is the linked phone that a session goes to when the driver leaves:
// the one that has it already, else one of the profile's, a Tandem peer before
// an adapter's.
func (l *loop) phoneFor(v *phonelink.SessionView) (d phonelink.Device, foreign bool) {
	if s, ok := l.peers[v.OnPhone]; ok && up(s.State) && l.hellos[v.OnPhone].Model != "car" {
		return v.OnPhone, false
	}
	for _, p := range l.n.store.Peers(l.profile) {
		if s, ok := l.peers[p.Device]; ok && up(s.State) && p.Adapter == "" && p.Model != "car" {
			return p.Device, false
		}
	}
	for _, view := range l.views {
		if view == nil {
			continue
		}
		for _, p := range view.Phones {
			if up(p.Presence) {
				return p.Device, true
			}
		}
	}
	return "", false
}

// incoming is a session that an adapter's phone sent.
func (l *loop) incoming(in phonelink.Incoming) {
	s := in.Session
	if s.Kind == phonelink.File || !allowed(l.profile, s.Kind) && s.Kind != phonelink.Page {
		return // a file stands in the adapter's transfers
	}
	if d, ok := s.Doc.(*phonelink.PageDoc); ok {
		if place, isPlace := placeOf(d.URL); isPlace {
			s = navigationTo(place, d.URL)
		}
	}
	if !allowed(l.profile, s.Kind) {
		return
	}
	now := time.Now()
	if s.ID == (phonelink.SessionID{}) {
		s.ID = newID(now)
	}
	if len(l.offers) >= maxOffers {
		l.log.Warn("too many offers, one is dropped", "from", in.From)
		return
	}
	l.offers[s.ID] = offer{do: offerOpen, session: s, from: in.From, why: phonelink.OfferSent, until: now.Add(getInFor)}
	l.dirty, l.urgent = true, true
}

// maxOffers is how many sessions of adapters wait for a person.
const maxOffers = 32

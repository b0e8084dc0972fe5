package node

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
)

// show publishes what is known, unless a View that was not urgent is so young
// that the next one can wait.
func (l *loop) show() {
	now := time.Now()
	if !l.dirty || !l.urgent && now.Sub(l.shown) < viewEvery {
		return
	}
	v := &phonelink.View{
		Self: l.n.self.Device, Name: l.n.c.Name, Profile: l.profile, Locked: l.locked,
		Pairing: l.pairing(), Trouble: strings.Join(append(l.problems[:len(l.problems):len(l.problems)], nonEmpty(l.trouble)...), " "),
	}
	if len(l.problems) > 0 {
		v.Troubles = append(v.Troubles, phonelink.TroubleOthers)
	}
	if l.trouble != "" {
		v.Troubles = append(v.Troubles, l.code)
	}
	if l.room != nil {
		l.showSessions(v, now)
	}
	v.Phones = l.phones(v.Sessions)
	v.Notifications = append(v.Notifications, l.pings...)
	for _, a := range l.views {
		if a != nil && !l.locked && l.profile != phonelink.Valet {
			v.Phones = append(v.Phones, a.Phones...)
			v.Notifications = append(v.Notifications, a.Notifications...)
			v.Calls = append(v.Calls, a.Calls...)
			v.Threads = append(v.Threads, a.Threads...)
			v.Transfers = append(v.Transfers, a.Transfers...)
		}
	}
	slices.SortStableFunc(v.Phones, func(a, b phonelink.Phone) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(v.Notifications, func(a, b phonelink.Notification) int { return b.Time.Compare(a.Time) })
	l.n.board.show(v)
	l.dirty, l.urgent, l.shown = false, false, now
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// showSessions fills in what the open profile has.
func (l *loop) showSessions(v *phonelink.View, now time.Time) {
	sessions := l.room.state.Views(l.now())
	for i := range sessions {
		s := &sessions[i]
		if len(s.Assets) > 0 {
			l.fetchOf(s)
			if s.Local && s.Kind == phonelink.Media { // an asset may have been found only now
				l.fetchOf(s)
			}
		}
		l.fill(s)
		if d, ok := s.Doc.(*phonelink.CallDoc); ok {
			v.Calls = append(v.Calls, phonelink.CallView{Device: s.Owner(), Session: s.ID, CallDoc: *d})
		}
	}
	l.eachPlayer(func(p playerRef) {
		if l.profile != phonelink.Valet {
			sessions = append(sessions, p.view(l.profile))
		}
	})
	l.getIn(now, sessions)
	v.Sessions = sessions
	v.Offers = l.offersView(sessions)
	v.Transfers = l.transfers()
}

// fill adds to a session what the node knows of it.
func (l *loop) fill(s *phonelink.SessionView) {
	r := l.room
	s.Progress = r.progress(s)
	doc, ready := r.located(s.Doc)
	s.Doc = doc
	s.Load = s.Load && ready
	s.Render = s.Render && ready
	s.RenderAt = r.renders[s.ID]
}

// offersView are all offers: the machine's, and those of the node.
func (l *loop) offersView(sessions []phonelink.SessionView) []phonelink.Offer {
	out := l.room.state.Offers(l.now())
	for i := range out {
		l.fill(&out[i].Session)
	}
	for id, o := range l.offers {
		if slices.ContainsFunc(out, func(x phonelink.Offer) bool { return x.Session.ID == id }) {
			continue
		}
		view := phonelink.SessionView{Session: o.session, OnPhone: o.from}
		if i := slices.IndexFunc(sessions, func(s phonelink.SessionView) bool { return s.ID == id }); i >= 0 {
			view = sessions[i]
		}
		out = append(out, phonelink.Offer{Session: view, From: o.from, Why: o.why, Until: o.until})
	}
	slices.SortFunc(out, func(a, b phonelink.Offer) int {
		return cmp.Or(a.Until.Compare(b.Until), strings.Compare(a.Session.ID.String(), b.Session.ID.String()))
	})
	return out
}

// phones are the Tandem peers of the profile.
func (l *loop) phones(sessions []phonelink.SessionView) (out []phonelink.Phone) {
	for _, p := range l.n.store.Peers(l.profile) {
		if p.Adapter != "" {
			continue
		}
		phone := phonelink.Phone{Device: p.Device, Name: p.Name, Model: p.Model, Since: p.Seen, Battery: -1, Signal: -1}
		if s, ok := l.peers[p.Device]; ok {
			phone.Presence, phone.Since = s.State, s.Since
		}
		if h, ok := l.hellos[p.Device]; ok {
			phone.Can, phone.Battery = h.Can, h.Battery-1
		}
		for i := range sessions {
			if d, ok := sessions[i].Doc.(*phonelink.ClipboardDoc); ok && sessions[i].Owner() == p.Device && phone.Clipboard == "" {
				phone.Clipboard = string(d.Data)
			}
		}
		out = append(out, phone)
	}
	return out
}

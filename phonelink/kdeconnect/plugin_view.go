package kdeconnect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
)

// view is what a shell shows of all this: an immutable snapshot.
func (s *state) view(now time.Time) *phonelink.View {
	v := &phonelink.View{Profile: s.profile, Trouble: s.trouble}
	if now.Before(s.window) {
		v.Pairing = &phonelink.Pairing{Until: s.window}
		for _, c := range s.tries {
			v.Pairing.Tries = append(v.Pairing.Tries, c)
		}
		slices.SortFunc(v.Pairing.Tries, func(a, b phonelink.Candidate) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.Device), string(b.Device)))
		})
	}
	for _, p := range s.sorted() {
		v.Phones = append(v.Phones, p.shown())
		for _, n := range p.notes {
			shown := n.Notification
			shown.Actions = slices.Clone(shown.Actions)
			v.Notifications = append(v.Notifications, shown)
		}
		if p.call != nil {
			v.Calls = append(v.Calls, *p.call)
		}
		v.Calls = append(v.Calls, p.missed...)
		v.Threads = append(v.Threads, p.views()...)
	}
	slices.SortStableFunc(v.Notifications, func(a, b phonelink.Notification) int {
		return cmp.Or(b.Time.Compare(a.Time), strings.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(v.Threads, func(a, b phonelink.Thread) int { return lastOf(b).Compare(lastOf(a)) })
	for _, t := range s.transfers {
		v.Transfers = append(v.Transfers, t.Transfer)
	}
	return v
}

func lastOf(t phonelink.Thread) time.Time {
	if len(t.Messages) == 0 {
		return time.Time{}
	}
	return t.Messages[len(t.Messages)-1].Time
}

// sorted is the phones by name.
func (s *state) sorted() []*phone {
	out := make([]*phone, 0, len(s.phones))
	for _, p := range s.phones {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *phone) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(string(a.device), string(b.device)))
	})
	return out
}

// shown is the phone as a shell shows it.
func (p *phone) shown() phonelink.Phone {
	out := phonelink.Phone{Device: p.device, Name: p.name, Model: p.kind, Adapter: adapterName, Presence: p.presence, Since: p.since,
		Can: p.can(), Battery: p.battery, Charging: p.charging, Network: p.network, Signal: p.signal, Clipboard: p.clipboard.text,
		Commands: slices.Clone(p.live.commands), Outputs: p.outputs()}
	out.Hint, out.Hints = p.hints()
	for _, pl := range p.players {
		out.Players = append(out.Players, pl.Player)
	}
	return out
}

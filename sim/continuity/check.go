package continuity

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
)

// Violation says that a promise was broken.
type Violation struct {
	Seed      uint64
	Invariant string // "I1" to "I7", or what else was promised
	What      string
	At        float64 // s
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d: %s broken at %.3f s: %s", v.Seed, v.Invariant, v.At, v.What)
}

func (w *world) fail(invariant, format string, args ...any) {
	if w.bad != nil {
		return
	}
	w.bad = &Violation{w.seed, invariant, fmt.Sprintf(format, args...), float64(w.now) / second}
	w.say("VIOLATION of %s: %s", invariant, w.bad.What)
}

// watch checks what must hold at every moment.
func (w *world) watch() {
	for _, p := range w.plots {
		holders, shown := 0, 0
		var who [2]*node
		for _, n := range w.nodes {
			if !n.running {
				continue
			}
			if f, ok := n.state.Inspect(p.id, w.clock(n)); ok && f.Holds {
				if holders < 2 {
					who[holders] = n
				}
				holders++
			}
			if n.shown[p.id] {
				shown++
			}
			if p.kind == phonelink.Call {
				w.routed(n, p)
			}
		}
		if holders > 1 {
			w.fail("I1", "%s and %s own %s at once", who[0].device, who[1].device, name(p.id))
		}
		if shown > 1 && p.kind != phonelink.Call { // of a call, see finish
			w.fail("I4", "%d devices render %s at once", shown, name(p.id))
		}
	}
	for _, n := range w.nodes {
		if !n.running || n.cond.Known && !n.cond.Moving {
			continue
		}
		for id := range n.shown {
			if p := w.plot(id); p != nil && p.needs&(phonelink.NeedsVideo|phonelink.NeedsParked) != 0 {
				w.fail("I7", "%s renders %s while it moves or may move", n.device, name(id))
			}
		}
	}
}

// routed checks that a call's sound is back at its phone a second after the
// phone knew that the link was lost.
func (w *world) routed(n *node, p *plot) {
	f, ok := n.state.Inspect(p.id, w.clock(n))
	if !ok || !f.Owns {
		return
	}
	d, ok := f.State.Doc.(*phonelink.CallDoc)
	if !ok {
		return
	}
	if p.audio != d.Audio || p.ear != n.index {
		p.audio, p.ear, p.since = d.Audio, n.index, w.now
	}
	if o := w.byName(d.Audio); o != nil && n.down[o.index] != 0 && w.now-max(p.since, n.down[o.index]) > second {
		w.fail("route", "%s leaves the sound of %s with %s, which is out of reach", n.device, name(p.id), o.device)
	}
}

// rendered checks a rendering that begins.
func (w *world) rendered(n *node, id phonelink.SessionID) {
	if p := w.plot(id); p != nil && p.kind == phonelink.Media && n.config.Player && !n.loaded[id] {
		w.fail("load", "%s renders %s, which is not loaded", n.device, name(id))
	}
	if p := w.plot(id); p != nil {
		if f, ok := n.state.Inspect(id, w.clock(n)); ok && !f.State.Expires.IsZero() && !w.clock(n).Wall.Before(f.State.Expires) {
			w.fail("late", "%s renders %s after it expired", n.device, name(id))
		}
	}
}

// denied notes that an owner gives the session to somebody else.
func (w *world) denied(n *node, m phonelink.Msg) {
	if r, ok := m.(phonelink.RefuseMsg); ok && r.Code == phonelink.RefusedOwner {
		if p := w.plot(r.ID); p != nil {
			p.denied[n.index] = true
		}
	}
}

// mayRefuse fails if who wants to go on with a session is told that another
// device has it, although no owner said that it is being given away.
func (w *world) mayRefuse(n *node, x *wish, code phonelink.RefusalCode) {
	if code != phonelink.RefusedOwner || x.plot.denied[n.index] {
		return
	}
	switch x.what.(type) {
	case phonelink.Take, phonelink.TakeBack:
		w.fail("take", "%s cannot have %s, which nobody gives away", n.device, name(x.plot.id))
	}
}

// leak fails if a device is told of what it must not know.
func (w *world) leak(n *node, to phonelink.Device, m phonelink.Msg) {
	var r *phonelink.Replica
	switch m := m.(type) {
	case phonelink.OfferMsg:
		r = &m.State
	case phonelink.PrepareMsg:
		r = &m.State
	case phonelink.CommitMsg:
		r = &m.State
	case phonelink.StateMsg:
		r = &m.State
	case phonelink.DigestMsg:
		for _, x := range m.Marks {
			if p := w.plot(x.ID); p != nil {
				w.leakOf(n, to, p.profile, p.privacy, p.id)
			}
		}
		return
	default:
		return
	}
	w.leakOf(n, to, r.Profile, r.Privacy, r.ID)
}

func (w *world) leakOf(n *node, to phonelink.Device, profile phonelink.Profile, privacy phonelink.Privacy, id phonelink.SessionID) {
	o := w.byName(to)
	if o == nil {
		w.fail("I6", "%s tells %s, whom nobody knows, of %s", n.device, to, name(id))
		return
	}
	if w.has(o, profile) || o.index == 2 && w.role == passenger && privacy == phonelink.Shareable {
		return
	}
	w.fail("I6", "%s tells %s of %s, which belongs to profile %s", n.device, to, name(id), profile)
}

// converged checks that all devices that can know of a session agree, where
// nothing is under way.
func (w *world) converged(invariant string, all bool) {
	for _, p := range w.plots {
		if !p.began {
			continue
		}
		var first *phonelink.Replica
		var whose *node
		for _, n := range w.nodes {
			f, ok := n.state.Inspect(p.id, w.clock(n))
			if !all && (!ok || f.Busy || w.star && n.index != 0) {
				continue
			}
			if !ok {
				if p.opened && !p.ephemeral && w.has(n, p.profile) {
					w.fail("lost", "%s does not know %s", n.device, name(p.id))
				}
				continue
			}
			if first == nil {
				first, whose = f.State, n
				continue
			}
			if p.ephemeral && (first.Ended || f.State.Ended) {
				// Of what nobody keeps, a message that comes again after a restart may be
				// all that is known; the next comparison tells, which is not due here.
				if all && !w.twice && first.Ended != f.State.Ended {
					w.fail("ghost", "%s has %s, ended: %v, and %s, ended: %v", whose.device, name(p.id), first.Ended, n.device, f.State.Ended)
				}
				continue
			}
			if first.Rev != f.State.Rev || first.Ended != f.State.Ended || !slices.Equal(first.Applied, f.State.Applied) {
				if !all && w.underWay(p) {
					continue
				}
				w.fail(invariant, "%s has %s at epoch %d of %s, change %d, and %s at epoch %d of %s, change %d", whose.device, name(p.id),
					first.Rev.Epoch.N, first.Owner(), first.Rev.Seq, n.device, f.State.Rev.Epoch.N, f.State.Owner(), f.State.Rev.Seq)
			} else if !reflect.DeepEqual(first.Doc, f.State.Doc) {
				w.fail(invariant, "%s and %s have different documents of %s at the same change", whose.device, n.device, name(p.id))
			}
		}
	}
}

// underWay reports whether a hand-off or claim of the session goes on, or its
// owner has just changed it.
func (w *world) underWay(p *plot) bool {
	if p.kind == phonelink.Page || p.kind == phonelink.Clipboard {
		return true // their stamps do not tell when the owner changed them; finish checks them
	}
	for _, n := range w.nodes {
		f, ok := n.state.Inspect(p.id, w.clock(n))
		if ok && (f.Busy || f.Owns && !f.Holds) {
			return true
		}
		if ok && f.State.Owner() == n.device && w.clock(n).Wall.Sub(f.State.Rev.Stamp.Time()) < w.window() {
			return true
		}
		if n.shown[p.id] && p.kind == phonelink.Media { // the player reports
			return true
		}
	}
	return false
}

// window is two round trips and a repetition of each message between.
func (w *world) window() time.Duration { return time.Duration(2*w.rtt+400*ms) * time.Microsecond }

// finish checks what must hold at the end, when all is calm.
func (w *world) finish() {
	w.converged("I5", true)
	for _, p := range w.plots {
		if !p.opened {
			continue
		}
		owners, holders := 0, 0
		var r *phonelink.Replica
		for _, n := range w.nodes {
			f, ok := n.state.Inspect(p.id, w.clock(n))
			if !ok {
				continue
			}
			if r == nil || f.Owns {
				r = f.State
			}
			if f.Owns {
				owners++
			}
			if f.Holds {
				holders++
			}
		}
		if r == nil || r.Ended {
			if !p.ended && p.expires == 0 && !p.ephemeral {
				w.fail("lost", "%s ended, and nobody wanted it to", name(p.id))
			}
			continue
		}
		if (owners != 1 || holders != 1) && !p.ephemeral {
			w.fail("I1", "%s has %d owners at the end, %d of them sure of it", name(p.id), owners, holders)
		}
		if !p.ephemeral {
			w.content(p, r)
		}
	}
	for tag, x := range w.asks {
		if x.state == asked {
			w.fail("answer", "request %d of %s (%T %s) was never answered", tag, w.nodes[x.node].device, x.what, name(x.plot.id))
		}
	}
}

// content checks that what was acknowledged is there, once.
func (w *world) content(p *plot, r *phonelink.Replica) {
	texts := []string{}
	var once func(m *mark) int
	switch d := r.Doc.(type) {
	case *phonelink.MediaDoc:
		once = func(m *mark) (k int) {
			for _, t := range d.Queue {
				if t.ID == m.text {
					k++
				}
			}
			return k
		}
	case *phonelink.NavigationDoc:
		once = func(m *mark) (k int) {
			for _, t := range d.Via {
				if t.ID == m.text {
					k++
				}
			}
			return k
		}
	case *phonelink.DraftDoc:
		texts = append(texts, d.Text)
		for _, n := range w.nodes {
			n.state.Each(func(c *phonelink.Replica) {
				if x, ok := c.Doc.(*phonelink.DraftDoc); ok && w.plot(c.ID) == nil && !slices.Contains(texts, x.Text) {
					texts = append(texts, x.Text)
				}
			})
		}
		once = func(m *mark) int {
			k := 0
			for _, t := range texts {
				switch c := strings.Count(t, m.text); {
				case c > 1:
					return c
				case c == 1:
					k = 1
				}
			}
			return k
		}
		if p.sent && !d.Sent {
			w.fail("I2", "%s was sent, and is not", name(p.id))
		}
		if p.sent && len(p.performed) == 0 {
			w.fail("I2", "%s was to be sent, and never was", name(p.id))
		}
	case *phonelink.PageDoc:
		if d.URL == timeless {
			w.fail("stamp", "%s is what a change without a time made of it", name(p.id))
		}
		return
	default:
		return
	}
	for _, m := range p.marks {
		switch k := once(m); {
		case k > 1:
			w.fail("I3", "%s of %s was applied %d times", m.text, name(p.id), k)
		case k == 0 && m.acked && !m.dropped:
			w.fail("I2", "%s of %s was acknowledged, and is lost", m.text, name(p.id))
		case k == 1 && m.gone:
			w.fail("I3", "%s of %s was taken out, and is there again", m.text, name(p.id))
		}
	}
}

func describe(m phonelink.Msg) string {
	switch m := m.(type) {
	case phonelink.StateMsg:
		return fmt.Sprintf("STATE %s epoch %d of %s, change %d, heir %q", name(m.State.ID), m.State.Rev.Epoch.N, m.State.Owner(), m.State.Rev.Seq, m.State.Lease.Heir)
	case phonelink.CommitMsg:
		return fmt.Sprintf("COMMIT %s to epoch %d of %s", name(m.State.ID), m.Epoch.N, m.Epoch.Device)
	case phonelink.HaveMsg:
		return fmt.Sprintf("HAVE %s epoch %d of %s, change %d", name(m.Mark.ID), m.Mark.Epoch.N, m.Mark.Epoch.Device, m.Mark.Seq)
	case phonelink.OpsMsg:
		return fmt.Sprintf("OPS %s %v", name(m.ID), m.Ops)
	case phonelink.OfferMsg:
		return "OFFER " + name(m.State.ID)
	case phonelink.PrepareMsg:
		return "PREPARE " + name(m.State.ID)
	case phonelink.TakeMsg:
		return "TAKE " + name(m.Mark.ID)
	case phonelink.ReadyMsg:
		return "READY " + name(m.ID)
	case phonelink.DoneMsg:
		return "DONE " + name(m.ID)
	case phonelink.RenewMsg:
		return fmt.Sprintf("RENEW %s epoch %d", name(m.ID), m.Epoch.N)
	case phonelink.RenewedMsg:
		return fmt.Sprintf("RENEWED %s epoch %d", name(m.ID), m.Epoch.N)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T %+v", m, m), "phonelink.")
}

package continuity

import (
	"fmt"
	"time"

	"tandem/phonelink"
)

// program is what the persons want of each session, in this order, at any
// moments: the car's media goes to the phone while both change it, and comes
// back; the phone's route is sent to the car, and changed.
func program(k, n int) (device int, r phonelink.Request) {
	id := modelIDs[k]
	edit := func(a phonelink.Action) phonelink.Request {
		return phonelink.Edit{Session: id, Op: phonelink.Op{Act: a}}
	}
	if k == 0 {
		return [...]int{1, 0, 0, 1}[n], [...]phonelink.Request{
			phonelink.Take{Session: id}, edit(phonelink.Enqueue{Track: phonelink.Track{ID: "b"}}), phonelink.Take{Session: id},
			edit(phonelink.Dequeue{Track: "b"}),
		}[n]
	}
	return [...]int{1, 0, 1, 1}[n], [...]phonelink.Request{
		phonelink.Send{Session: id, To: modelNames[0]}, edit(phonelink.AddStop{Stop: phonelink.Place{ID: "x"}}),
		edit(phonelink.AddStop{Stop: phonelink.Place{ID: "y"}}), phonelink.Take{Session: id},
	}[n]
}

// expand visits all that can follow from m.
func (x *explorer) expand(m *model) {
	x.letters(m)
	x.persons(m)
	x.crashes(m)
	x.time(m)
	x.link(m)
}

// happens lets a device have an event, with and without a loss of power at
// each record that it writes.
func (x *explorer) happens(m *model, i int, e phonelink.Event) {
	before := *m
	x.tell(m, i, e, func(now *model) {
		if before.crashes <= 0 {
			return
		}
		c := *now
		d := *now.devices[i]
		c.devices[i] = &d
		c.crashes--
		c.step += fmt.Sprintf(" (%s loses power after %d records)", modelNames[i], len(d.disk)-len(before.devices[i].disk))
		x.restart(&c, i)
		x.visit(&c)
	})
	x.answerLoad(m, i, 0)
	x.visit(m)
}

// answerLoad answers the car's player at once: a load that takes longer only
// waits, as a READY that is late does.
func (x *explorer) answerLoad(m *model, i, depth int) {
	for k, id := range modelIDs {
		if h := m.devices[i]; h.load[k] && depth < 4 {
			c := *h
			c.load[k], c.ready[k] = false, true
			m.devices[i] = &c
			x.tell(m, i, phonelink.Loaded{Session: id}, nil)
			x.answerLoad(m, i, depth+1)
		}
	}
}

func (x *explorer) letters(m *model) {
	for j, l := range m.flight {
		rest := append(append([]letter(nil), m.flight[:j]...), m.flight[j+1:]...)
		c := next(m, fmt.Sprintf("%s gets %s", modelNames[l.to], describe(l.m)))
		c.flight = rest
		x.happens(c, l.to, phonelink.Received{From: modelNames[1-l.to], Message: l.m})
		if m.losses > 0 {
			c := next(m, fmt.Sprintf("%s to %s is lost", describe(l.m), modelNames[l.to]))
			c.flight = rest
			c.losses--
			x.visit(c)
		}
	}
}

func (x *explorer) persons(m *model) {
	for k := range m.acts {
		if int(m.acts[k]) >= min(4, x.b.Acts) {
			continue
		}
		i, r := program(k, int(m.acts[k]))
		c := next(m, fmt.Sprintf("%s: %T s%d", modelNames[i], r, k+1))
		c.acts[k]++
		x.happens(c, i, phonelink.Ask{Request: r})
	}
}

func (x *explorer) crashes(m *model) {
	if m.crashes <= 0 {
		return
	}
	for i := range m.devices {
		c := next(m, string(modelNames[i])+" loses power")
		c.crashes--
		x.restart(c, i)
		x.visit(c)
	}
}

// restart starts a device again, and both learn of that.
func (x *explorer) restart(m *model, i int) {
	old := m.devices[i]
	s, err := phonelink.Recover(x.config(i), old.disk)
	if err != nil {
		x.fail(m, "journal", err.Error())
		return
	}
	m.devices[i] = &half{state: s, disk: [][]byte{s.Snapshot()}}
	x.wake(m, i)
	if !m.cut {
		x.tell(m, 1-i, phonelink.PeerUp{Device: modelNames[i], Fresh: true, RTT: 20 * time.Millisecond}, nil)
	}
	x.answerLoad(m, i, 0)
}

func (x *explorer) config(i int) phonelink.Config {
	timing := phonelink.DefaultTiming
	timing.Retry, timing.RetryCap, timing.Prepare = time.Second, time.Second, 4*time.Second
	return phonelink.Config{Self: modelNames[i], Player: i == 0, Timing: timing, HeirPlay: x.b.HeirPlay, Faults: x.b.Faults}
}

// time goes on to the next moment that a device waits for.
func (x *explorer) time(m *model) {
	if m.ticks <= 0 {
		return
	}
	var due time.Duration
	for _, h := range m.devices {
		if d := h.state.Deadline(); d != 0 && (due == 0 || d < due) {
			due = d
		}
	}
	if due == 0 {
		return
	}
	c := next(m, "")
	c.now, c.ticks = max(m.now, due), m.ticks-1
	c.step = fmt.Sprintf("%.1f s", c.now.Seconds())
	for i, h := range m.devices {
		if d := h.state.Deadline(); d != 0 && d <= c.now {
			x.tell(c, i, phonelink.Tick{}, nil)
			x.answerLoad(c, i, 0)
		}
	}
	x.visit(c)
}

// link cuts the link, or heals it.
func (x *explorer) link(m *model) {
	if !m.cut && m.cuts <= 0 {
		return
	}
	c := next(m, "the link is cut")
	c.cut = !m.cut
	if c.cut {
		c.cuts--
	} else {
		c.step = "the link heals"
	}
	for i := range c.devices {
		if c.cut {
			x.tell(c, i, phonelink.PeerDown{Device: modelNames[1-i]}, nil)
		} else {
			x.tell(c, i, phonelink.PeerUp{Device: modelNames[1-i], RTT: 20 * time.Millisecond}, nil)
		}
		x.answerLoad(c, i, 0)
	}
	x.visit(c)
}

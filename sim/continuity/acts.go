package continuity

import (
	"fmt"
	"slices"
	"time"

	"tandem/phonelink"
)

// plot is one session of the schedule, and what must become of it.
type plot struct {
	id        phonelink.SessionID
	kind      phonelink.Kind
	profile   phonelink.Profile
	privacy   phonelink.Privacy
	needs     phonelink.Needs
	ephemeral bool
	quiet     bool // paused: nothing is heard of it
	marker    []byte
	via       phonelink.Device
	opened    bool // the answer came: it must never be lost
	began     bool // somebody asked for it
	ended     bool // somebody asked for its end
	expires   int64
	tokens    int
	audio     phonelink.Device // of a call: where its sound is, on whose word, since when
	ear       int
	since     int64
	marks     []*mark
	performed map[phonelink.Device]bool // who sent the draft
	sends     map[phonelink.OpID]bool   // and for what
	sent      bool                      // Dispatch was acknowledged
	denied    [3]bool                   // an owner that gives it to another told this device so
}

// mark is something that one operation left in the document.
type mark struct {
	text    string
	acked   bool
	dropped bool // somebody asked to take it out again
	gone    bool // that was acknowledged
}

type wishState uint8

const (
	asked wishState = iota
	granted
	denied
	lost // the device crashed before it answered
)

// wish is a request of a person.
type wish struct {
	node  int
	plot  *plot
	what  phonelink.Request
	mark  *mark
	state wishState
}

func (w *world) plot(id phonelink.SessionID) *plot {
	for _, p := range w.plots {
		if p.id == id {
			return p
		}
	}
	return nil
}

// ask lets the node's person want something.
func (w *world) ask(n *node, p *plot, m *mark, r phonelink.Request) {
	if !n.running {
		return
	}
	w.tag++
	w.asks[w.tag] = &wish{node: n.index, plot: p, what: r, mark: m}
	w.say("%s's person wants %T %s", n.device, r, name(p.id))
	f, _ := n.state.Inspect(p.id, w.clock(n))
	life, x := n.life, w.asks[w.tag]
	w.tell(n, phonelink.Ask{Tag: w.tag, Request: r})
	if _, edit := r.(phonelink.Edit); edit && f.Owns && n.life == life && x.state == asked {
		w.fail("wait", "%s has %s, and its person's change of it waits", n.device, name(p.id))
	}
}

// answered notes what was promised: from here on it must hold.
func (w *world) answered(n *node, tag uint64, refused *phonelink.Refusal) {
	x := w.asks[tag]
	if x == nil || x.state != asked || x.node != n.index {
		w.fail("answer", "%s answers request %d, which waits for no answer", n.device, tag)
		return
	}
	if refused != nil {
		x.state = denied
		w.say("%s refuses %T %s: %s", n.device, x.what, name(x.plot.id), refused.Reason)
		w.mayRefuse(n, x, refused.Code)
		return
	}
	x.state = granted
	w.say("%s has done %T %s", n.device, x.what, name(x.plot.id))
	switch r := x.what.(type) {
	case phonelink.Open:
		x.plot.opened = true
	case phonelink.Edit:
		switch r.Op.Act.(type) {
		case phonelink.Dequeue, phonelink.DropStop:
			x.mark.gone = true
		case phonelink.Dispatch:
			x.plot.sent = true
		default:
			if x.mark != nil {
				x.mark.acked = true
			}
		}
	}
}

// sessions are what a schedule is about.
func (w *world) makePlots() {
	count := 1 + w.rnd.IntN(3)
	for i := range count {
		p := &plot{kind: phonelink.Media, profile: "ana", performed: map[phonelink.Device]bool{}, sends: map[phonelink.OpID]bool{}}
		if w.role == stranger && w.chance(0.3) {
			p.profile = "bob"
		}
		p.id[15] = byte(i + 1)
		switch x := w.rnd.IntN(100); {
		case x < 40:
		case x < 55:
			p.kind = phonelink.Navigation
		case x < 80:
			p.kind = phonelink.Draft
		case x < 86:
			p.kind = phonelink.Page
		case x < 90:
			p.kind = phonelink.Scene
		case x < 94:
			p.kind = phonelink.Call
		case x < 97:
			p.kind = phonelink.Clipboard
		default:
			p.kind = phonelink.File
		}
		if p.kind != phonelink.Clipboard {
			switch x := w.rnd.IntN(100); {
			case x < 8:
				p.privacy = phonelink.Ephemeral
			case x < 16:
				p.privacy = phonelink.Shareable
			}
		}
		p.ephemeral = p.privacy == phonelink.Ephemeral || p.kind == phonelink.Clipboard
		p.marker = fmt.Appendf(nil, "private-%d-%s", i, map[bool]string{true: "ram"}[p.ephemeral])
		if w.chance(0.15) {
			p.needs = phonelink.NeedsVideo
		}
		if p.kind == phonelink.Draft && w.chance(0.5) {
			if n := w.nodes[w.rnd.IntN(len(w.nodes))]; w.has(n, p.profile) {
				p.via = n.device
			}
		}
		w.plots = append(w.plots, p)
	}
}

func (w *world) session(p *plot, n *node) phonelink.Session {
	x := phonelink.Session{ID: p.id, Kind: p.kind, Profile: p.profile, Privacy: p.privacy, Needs: p.needs, Title: string(p.marker)}
	switch p.kind {
	case phonelink.Media:
		p.quiet = w.chance(0.2)
		x.Doc = &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "first", URL: "file:///first"}}, Rate: 1, Volume: 0.5, Playing: !p.quiet}
	case phonelink.Navigation:
		x.Doc = &phonelink.NavigationDoc{Destination: phonelink.Place{ID: "goal", Latitude: 48, Longitude: 11}, Active: true}
	case phonelink.Call:
		x.Doc = &phonelink.CallDoc{State: phonelink.CallActive, Number: "123"}
	case phonelink.Draft:
		x.Doc = &phonelink.DraftDoc{Thread: "t", Via: p.via}
	case phonelink.Page:
		x.Doc = &phonelink.PageDoc{URL: "https://example.org/"}
	case phonelink.Clipboard:
		x.Doc = &phonelink.ClipboardDoc{MIME: "text/plain", Data: p.marker}
	case phonelink.File:
		x.Doc = &phonelink.FileDoc{Name: "f", Size: 10}
	case phonelink.Scene:
		x.Doc = &phonelink.SceneDoc{Entity: "light", State: "on"}
		x.Expires = w.clock(n).Wall.Add(time.Duration(2+w.rnd.IntN(8)) * time.Second)
		p.expires = 1
	}
	return x
}

// act is one random wish, or one random fault.
func (w *world) act() {
	n := w.nodes[w.rnd.IntN(len(w.nodes))]
	p := w.plots[w.rnd.IntN(len(w.plots))]
	if !p.began {
		p.began = true
		if !n.running || !w.has(n, p.profile) {
			p.began = false
			return
		}
		w.ask(n, p, nil, phonelink.Open{Session: w.session(p, n)})
		return
	}
	switch x := w.rnd.IntN(100); {
	case x < 22:
		w.ask(n, p, nil, phonelink.Take{Session: p.id})
	case x < 36:
		o := w.nodes[w.rnd.IntN(len(w.nodes))]
		w.ask(n, p, nil, phonelink.Send{Session: p.id, To: o.device})
	case x < 42:
		w.ask(n, p, nil, phonelink.TakeBack{Session: p.id})
	case x < 70:
		w.edit(n, p)
	case x < 72:
		if w.chance(0.3) {
			p.ended = true
			w.ask(n, p, nil, phonelink.End{Session: p.id})
		}
	case x < 76:
		if n.running {
			for _, o := range n.state.Offers(w.clock(n)) {
				if q := w.plot(o.Session.ID); q != nil {
					if w.chance(0.8) {
						w.ask(n, q, nil, phonelink.Accept{Session: q.id})
					} else {
						w.ask(n, q, nil, phonelink.Decline{Session: q.id})
					}
				}
			}
		}
	case x < 80:
		n.cond = phonelink.Conditions{Known: w.chance(0.8), Moving: w.chance(0.5)}
		w.say("%s: known %v, moving %v", n.device, n.cond.Known, n.cond.Moving)
		w.tell(n, n.cond)
	default:
		w.fault(n)
	}
}

// edit is a random operation.
func (w *world) edit(n *node, p *plot) {
	p.tokens++
	m := &mark{text: fmt.Sprintf("<%d.%d>", p.id[15], p.tokens)}
	if p.kind == phonelink.Draft { // a text that repeats itself
		m.text = fmt.Sprintf("<no %d.%d no>", p.id[15], p.tokens)
	}
	edit := func(a phonelink.Action) {
		w.ask(n, p, m, phonelink.Edit{Session: p.id, Op: phonelink.Op{Act: a}})
	}
	switch p.kind {
	case phonelink.Media:
		w.editMedia(n, p, m, edit)
	case phonelink.Navigation:
		if old := w.some(n, p); old != nil && w.chance(0.3) {
			old.dropped, m = true, old
			edit(phonelink.DropStop{Stop: old.text})
			return
		}
		p.marks = append(p.marks, m)
		edit(phonelink.AddStop{Stop: phonelink.Place{ID: m.text, Latitude: 48, Longitude: 11}})
	case phonelink.Draft:
		if w.chance(0.1) {
			m = nil
			edit(phonelink.Dispatch{})
			return
		}
		w.editDraft(n, p, m, edit)
	case phonelink.Page:
		if w.chance(0.2) {
			w.timeless(n, p)
			return
		}
		m = nil
		edit(phonelink.Scroll{Percent: float64(w.rnd.IntN(100))})
	case phonelink.Call:
		m = nil
		edit(phonelink.Route{Audio: n.device})
	case phonelink.Clipboard:
		m = nil
		edit(phonelink.Replace{Doc: &phonelink.ClipboardDoc{MIME: "text/plain", Data: p.marker}})
	}
}

func (w *world) editMedia(n *node, p *plot, m *mark, edit func(phonelink.Action)) {
	switch x := w.rnd.IntN(10); {
	case x < 5:
		p.marks = append(p.marks, m)
		after := ""
		if old := w.some(n, p); old != nil {
			after = old.text
		}
		edit(phonelink.Enqueue{Track: phonelink.Track{ID: m.text}, After: after})
	case x < 8:
		if old := w.some(n, p); old != nil {
			old.dropped = true
			w.ask(n, p, old, phonelink.Edit{Session: p.id, Op: phonelink.Op{Act: phonelink.Dequeue{Track: old.text}}})
		}
	default:
		edit(phonelink.Seek{To: time.Duration(w.rnd.IntN(100)) * time.Second})
	}
}

// some is a random mark that nobody has asked to take out, and that the person
// at the node sees.
func (w *world) some(n *node, p *plot) *mark {
	if len(p.marks) == 0 || !n.running {
		return nil
	}
	m := p.marks[w.rnd.IntN(len(p.marks))]
	v, ok := n.state.Session(p.id, w.clock(n))
	if !ok || m.dropped {
		return nil
	}
	switch d := v.Doc.(type) {
	case *phonelink.MediaDoc:
		ok = slices.ContainsFunc(d.Queue, func(t phonelink.Track) bool { return t.ID == m.text })
	case *phonelink.NavigationDoc:
		ok = slices.ContainsFunc(d.Via, func(t phonelink.Place) bool { return t.ID == m.text })
	}
	if !ok {
		return nil
	}
	return m
}

// editDraft puts a token before, behind or into what the person sees.
func (w *world) editDraft(n *node, p *plot, m *mark, edit func(phonelink.Action)) {
	if !n.running {
		return
	}
	v, ok := n.state.Session(p.id, w.clock(n))
	if !ok {
		return
	}
	d, ok := v.Doc.(*phonelink.DraftDoc)
	if !ok || d.Sent {
		return
	}
	at := 0
	switch w.rnd.IntN(3) {
	case 1:
		at = len(d.Text)
	case 2:
		if i := len(d.Text) / 2; i > 0 {
			for i < len(d.Text) && d.Text[i] != '<' {
				i++
			}
			at = i
		}
	}
	p.marks = append(p.marks, m)
	edit(phonelink.SetText{Text: d.Text[:at] + m.text + d.Text[at:], Cursor: at + len(m.text)})
}

// timeless is the page that changes without a time set; none may win.
const timeless = "https://timeless.example/"

// timeless sends the owner a change that a foreign device made, without a time.
func (w *world) timeless(n *node, p *plot) {
	for _, o := range w.nodes {
		if !o.running || o == n || !w.has(n, p.profile) || !w.linked(n, o) || o.index != 0 && n.index != 0 && w.role != companion {
			continue
		}
		if f, ok := o.state.Inspect(p.id, w.clock(o)); ok && f.Owns {
			id := phonelink.OpID{Origin: phonelink.Device(fmt.Sprintf("kde:%d", p.tokens)), Seq: 1}
			doc := &phonelink.PageDoc{URL: timeless}
			w.tell(o, phonelink.Received{From: n.device, Message: phonelink.OpsMsg{ID: p.id, Epoch: f.State.Rev.Epoch,
				Ops: []phonelink.Op{{ID: id, Act: phonelink.Replace{Doc: doc}}}}})
		}
	}
}

// lie lets the node claim, to the owner, that it owns the session now.
func (w *world) lie(n *node) {
	p := w.plots[w.rnd.IntN(len(w.plots))]
	for _, o := range w.nodes {
		if !o.running || o == n || !w.has(n, p.profile) || !w.linked(n, o) || o.index != 0 && n.index != 0 && w.role != companion {
			continue
		}
		if f, ok := o.state.Inspect(p.id, w.clock(o)); ok && f.Owns && f.State.Lease.Heir == "" && !f.Unsure {
			r := *f.State
			r.Rev.Epoch = phonelink.Epoch{N: r.Rev.Epoch.N + 5, Device: n.device}
			w.say("%s lies to %s that it owns %s", n.device, o.device, name(p.id))
			w.tell(o, phonelink.Received{From: n.device, Message: phonelink.StateMsg{State: r}})
		}
	}
}

// fault is something that goes wrong.
func (w *world) fault(n *node) {
	switch x := w.rnd.IntN(11); {
	case x == 10:
		w.lie(n)
	case x < 3:
		if n.crashIn == 0 {
			n.crashIn, n.torn = 1+w.rnd.IntN(6), w.chance(0.5)
			w.say("%s will lose power at write %d from here%s", n.device, n.crashIn, map[bool]string{true: ", torn"}[n.torn])
		}
	case x < 4:
		w.crash(n)
	case x < 8:
		o := w.nodes[w.rnd.IntN(len(w.nodes))]
		if o != n && w.linked(n, o) {
			if w.up[n.index][o.index] {
				w.cutLink(n, o)
			} else {
				w.joinLink(n, o)
			}
		}
	default:
		w.loss = []float64{0, 0.01, 0.1, 0.3}[w.rnd.IntN(4)]
	}
}

// perform notes what a draft or scene asks for. A doer leaves out what it has
// done for the same operation, so only different ones count.
func (w *world) perform(n *node, f phonelink.Perform) {
	w.say("%s performs %s", n.device, name(f.Session.ID))
	p := w.plot(f.Session.ID)
	if p != nil && p.kind == phonelink.Draft {
		if f.Op.Origin == "" {
			w.fail("perform", "%s sends draft %s for no operation", n.device, name(p.id))
		}
		p.performed[n.device] = true
		if len(p.performed) > 1 {
			w.fail("I3", "draft %s is sent by two devices", name(p.id))
		}
		if p.sends[f.Op] = true; len(p.sends) > 1 && p.via != "" {
			w.fail("I3", "draft %s is sent for two operations", name(p.id))
		}
	}
	if p != nil && p.kind == phonelink.Scene && !f.Session.Expires.After(w.clock(n).Wall) {
		w.fail("late", "%s sets scene %s after it expired", n.device, name(p.id))
	}
	if w.chance(0.9) {
		w.tell(n, phonelink.Performed{Session: f.Session.ID, Op: f.Op})
	}
}

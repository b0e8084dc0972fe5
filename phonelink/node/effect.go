package node

import (
	"context"
	"slices"

	"tandem/phonelink"
)

// perform carries out one effect, after all records before it are durable.
func (l *loop) perform(e phonelink.Effect) {
	r := l.room
	if r == nil {
		return
	}
	switch e := e.(type) {
	case phonelink.Transmit:
		l.transmit(e)
	case phonelink.Load:
		l.urgent = true
	case phonelink.Render:
		r.renders[e.Session] = e.At
		l.urgent = true
	case phonelink.Silence:
		r.renders[e.Session] = e.At
		l.urgent = true
	case phonelink.NeedAsset:
		l.need(e)
	case phonelink.Perform:
		l.outside(e)
	case phonelink.Done:
		l.answer(e.Tag, nil)
	case phonelink.Refuse:
		l.answer(e.Tag, e.Refusal)
	case phonelink.Changed:
		l.dirty = true
	}
}

func (l *loop) transmit(t phonelink.Transmit) {
	l.send(t.To, t.Class, append([]byte{forMachine}, phonelink.EncodeMessage(t.Message)...))
}

// send queues a payload, or lets it be lost: whoever needs it asks again.
func (l *loop) send(to phonelink.Device, c phonelink.Class, payload []byte) {
	if err := l.n.hub.Send(l.atOnce, to, c, payload); err != nil {
		l.log.Debug("message not sent", "to", to, "class", c, "error", err)
	}
}

// note sends a note, as send does.
func (l *loop) note(to phonelink.Device, c phonelink.Class, n note) {
	b, err := encodeNote(n)
	if err != nil {
		l.log.Error("note cannot be encoded", "to", to, "error", err)
		return
	}
	l.send(to, c, b)
}

// answered is the end of a request that is told once the View shows it: who
// reads the View after Do reads what Do did.
type answered struct {
	reply chan<- error
	err   error
}

// answer ends a request.
func (l *loop) answer(tag uint64, refusal *phonelink.Refusal) {
	reply, ok := l.room.tags[tag]
	if !ok {
		return
	}
	delete(l.room.tags, tag)
	a := answered{reply: reply}
	if refusal != nil {
		a.err = refusal
	} else {
		l.dirty, l.urgent = true, true
	}
	l.answers = append(l.answers, a)
}

// ask gives the machine a request; reply, which has room for one, gets the end
// of it.
func (l *loop) ask(r phonelink.Request, reply chan<- error) {
	if l.room == nil {
		reply <- l.closed()
		return
	}
	l.nextTag++
	l.room.tags[l.nextTag] = reply
	l.step(phonelink.Ask{Tag: l.nextTag, Request: r})
}

// closed is why nothing can be done with sessions now.
func (l *loop) closed() error {
	switch {
	case l.locked:
		return refuse(phonelink.RefusedProfile, "the profile is locked until its phone is here or its PIN was given")
	case l.profile == phonelink.Valet:
		return refuse(phonelink.RefusedProfile, "there is no phone link in valet mode")
	}
	return refuse(phonelink.RefusedProfile, "the profile cannot be opened: "+l.trouble)
}

// outside does what a session asks of the world, on a goroutine of its own, and
// tells the machine when it has happened.
func (l *loop) outside(p phonelink.Perform) {
	do := l.n.c.Perform
	if do == nil {
		do = l.byAdapter(p.Session)
	}
	if do == nil {
		return // it waits: nobody here can
	}
	room := l.room
	l.background(func() {
		err := do(l.ctx, p.Session, p.Op)
		l.n.post(l.ctx, func(l *loop) {
			if err != nil {
				l.log.Error("not done", "session", p.Session.ID, "kind", p.Session.Kind, "error", err)
				return
			}
			if l.room == room {
				l.step(phonelink.Performed{Session: p.Session.ID, Op: p.Op})
			}
		})
	})
}

// byAdapter sends a draft by a phone that can send messages; nil: none can.
func (l *loop) byAdapter(s phonelink.Session) func(context.Context, phonelink.Session, phonelink.OpID) error {
	d, ok := s.Doc.(*phonelink.DraftDoc)
	if !ok || len(d.To) == 0 {
		return nil
	}
	for i, v := range l.views {
		if v == nil {
			continue
		}
		at := slices.IndexFunc(v.Phones, func(p phonelink.Phone) bool {
			return p.Can&phonelink.CanSMS != 0 && up(p.Presence)
		})
		if at >= 0 {
			a, device := l.n.adapters[i], v.Phones[at].Device
			return func(ctx context.Context, _ phonelink.Session, _ phonelink.OpID) error {
				return a.Do(ctx, phonelink.SendMessage{Device: device, To: d.To, Text: d.Text})
			}
		}
	}
	return nil
}

// background runs f until it returns; Run waits for it.
func (l *loop) background(f func()) {
	l.wg.Go(f)
}

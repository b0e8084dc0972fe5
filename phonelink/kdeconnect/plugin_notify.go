package kdeconnect

import (
	"slices"
	"strconv"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// note is a notification of a phone's, or a notice of ours about the phone.
type note struct {
	phonelink.Notification
	replyID string
	own     bool      // made here: dismissing it asks nobody
	until   time.Time // when it goes by itself; zero: never
}

// notification takes one, or that one is gone. The icon, if there is one as a
// payload, is not fetched: no screen shows it, and it costs the phone's
// battery. A silent one was there before; it is listed with its own time and
// nothing tells it from the others, since the list is all that there is.
func (p *phone) notification(now time.Time, b *packet.Notification) {
	id := "n:" + b.ID
	if b.Cancel {
		delete(p.notes, id)
		return
	}
	n := &note{replyID: b.ReplyID, Notification: phonelink.Notification{ID: id, Device: p.device, App: line(b.App, maxTitle),
		Title: line(b.Title, maxTitle), Text: short(b.Text, maxBody), Time: stamped(now, b.Time), CanReply: b.ReplyID != "" && may(p.takes, "kdeconnect.notification.reply"),
		CanDismiss: b.Clearable}}
	if n.Title == "" && n.Text == "" {
		n.Text = short(b.Ticker, maxBody)
	}
	for _, a := range b.Actions {
		if a != "" && may(p.takes, "kdeconnect.notification.action") {
			n.Actions = append(n.Actions, a)
		}
	}
	if old := p.notes[id]; old != nil && b.Time == "" {
		n.Time = old.Time // changed, and does not say when: it keeps its place
	}
	p.put(n)
}

// stamped is a time in digits of milliseconds since 1970, or now; nothing is
// from the future.
func stamped(now time.Time, digits string) time.Time {
	ms, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || ms <= 0 || ms > now.UnixMilli() {
		return now
	}
	return time.UnixMilli(ms)
}

// put adds a notification; the oldest that can be dismissed makes room, then
// the oldest.
func (p *phone) put(n *note) {
	if p.notes[n.ID] == nil && len(p.notes) >= maxNotifications {
		var oldest *note
		for _, o := range p.notes {
			if oldest == nil || o.CanDismiss && !oldest.CanDismiss || o.CanDismiss == oldest.CanDismiss && (o.Time.Before(oldest.Time) || o.Time.Equal(oldest.Time) && o.ID < oldest.ID) {
				oldest = o
			}
		}
		delete(p.notes, oldest.ID)
	}
	p.notes[n.ID] = n
}

// ping shows that the phone has knocked.
func (p *phone) ping(now time.Time, b *packet.Ping) {
	p.put(&note{own: true, until: now.Add(noticeFor), Notification: phonelink.Notification{ID: "ping", Device: p.device, App: p.name,
		Title: "Ping", Text: short(b.Message, maxBody), Time: now, CanDismiss: true}})
}

// find shows that the phone looks for this device, until it is dismissed or
// asked a second time, which by custom ends it. It sounds nothing by itself and
// asks nothing of the car.
func (p *phone) find(now time.Time) {
	if p.notes["find"] != nil {
		delete(p.notes, "find")
		return
	}
	p.put(&note{own: true, Notification: phonelink.Notification{ID: "find", Device: p.device, App: p.name,
		Title: "Find this device", Text: p.name + " is looking for this device.", Time: now, CanDismiss: true}})
}

func (p *phone) note(id string) (*note, error) {
	if n := p.notes[id]; n != nil {
		return n, nil
	}
	return nil, refuse(phonelink.RefusedUnknown, "This notification is no longer on %s.", p.name)
}

// dismiss asks the phone to close a notification; it goes from the list when
// the phone says so.
func (s *state) dismiss(now time.Time, p *phone, id string) error {
	n, err := p.note(id)
	switch {
	case err != nil:
		return err
	case n.own:
		delete(p.notes, id)
		return nil
	case !n.CanDismiss:
		return refuse(phonelink.RefusedUnsupported, "This notification stays as long as %s is busy with it.", n.App)
	}
	return s.tell(now, p, &packet.NotificationRequest{Cancel: id[len("n:"):]})
}

func (s *state) reply(now time.Time, p *phone, id, text string) error {
	n, err := p.note(id)
	switch {
	case err != nil:
		return err
	case !n.CanReply:
		return refuse(phonelink.RefusedUnsupported, "This notification cannot be replied to.")
	case text == "":
		return refuse(phonelink.RefusedMismatch, "The reply is empty.")
	}
	return s.tell(now, p, &packet.NotificationReply{ReplyID: n.replyID, Message: text})
}

func (s *state) act(now time.Time, p *phone, id, action string) error {
	n, err := p.note(id)
	switch {
	case err != nil:
		return err
	case !slices.Contains(n.Actions, action):
		return refuse(phonelink.RefusedUnknown, "This notification has no action %q.", action)
	}
	return s.tell(now, p, &packet.NotificationAction{Key: id[len("n:"):], Action: action})
}

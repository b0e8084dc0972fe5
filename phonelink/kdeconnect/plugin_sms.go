package kdeconnect

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// pageOf is how many messages of a thread are asked for at once.
const pageOf = 50

// thread is a conversation, by its messages.
type thread struct {
	id        int64
	addresses []string
	messages  map[int64]packet.SMSMessage
}

// messages takes messages of any threads. A phone sends the latest of each when
// asked for conversations, a page when asked for one, and new ones unasked.
func (p *phone) messages(b *packet.SMSMessages) {
	p.shownThreads = nil
	for _, m := range b.Messages {
		if len(m.Attachments) > 0 {
			m.Attachments = nil // pictures stay on the phone
		}
		m.Body = short(m.Body, maxBody)
		m.Rest = nil
		t := p.threads[m.Thread]
		if t == nil {
			t = &thread{id: m.Thread, messages: map[int64]packet.SMSMessage{}}
			p.threads[m.Thread] = t
		}
		t.messages[m.ID] = m
		t.trim()
	}
	for _, t := range newest(p.threads)[min(len(p.threads), maxThreads):] {
		delete(p.threads, t.id)
	}
}

// newest is the threads, the one with the latest message first.
func newest(threads map[int64]*thread) []*thread {
	date := make(map[*thread]int64, len(threads))
	out := make([]*thread, 0, len(threads))
	for _, t := range threads {
		date[t] = t.latest().Date
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *thread) int {
		return cmp.Or(cmp.Compare(date[b], date[a]), cmp.Compare(a.id, b.id))
	})
	return out
}

// sorted is the thread's messages, oldest first.
func (t *thread) sorted() []packet.SMSMessage {
	out := make([]packet.SMSMessage, 0, len(t.messages))
	for _, m := range t.messages {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b packet.SMSMessage) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (t *thread) latest() (out packet.SMSMessage) {
	for _, m := range t.messages {
		if m.Date > out.Date || m.Date == out.Date && m.ID > out.ID {
			out = m
		}
	}
	return out
}

// trim keeps the newest messages, and whom the thread is with.
func (t *thread) trim() {
	for len(t.messages) > maxMessages {
		var oldest *packet.SMSMessage
		for _, m := range t.messages {
			if oldest == nil || m.Date < oldest.Date || m.Date == oldest.Date && m.ID < oldest.ID {
				oldest = &m
			}
		}
		delete(t.messages, oldest.ID)
	}
	t.addresses = nil
	for _, a := range t.latest().Addresses {
		if a := line(a.Address, maxTitle); a != "" && !slices.Contains(t.addresses, a) {
			t.addresses = append(t.addresses, a)
		}
	}
}

// views is the threads as a shell shows them, newest first; made anew only when
// a message or a contact has changed.
func (p *phone) views() []phonelink.Thread {
	if p.shownThreads == nil {
		p.shownThreads = []phonelink.Thread{}
		for _, t := range newest(p.threads) {
			p.shownThreads = append(p.shownThreads, p.view(t))
		}
	}
	return p.shownThreads
}

func (p *phone) view(t *thread) phonelink.Thread {
	out := phonelink.Thread{Device: p.device, ID: strconv.FormatInt(t.id, 10), Addresses: slices.Clone(t.addresses)}
	for _, a := range t.addresses {
		out.Names = append(out.Names, p.book.name(a))
	}
	for _, m := range t.sorted() {
		v := phonelink.Message{ID: strconv.FormatInt(m.ID, 10), Text: m.Body, Time: time.UnixMilli(m.Date)}
		if m.Kind == packet.SMSInbox {
			if len(m.Addresses) > 0 {
				v.From = line(m.Addresses[0].Address, maxTitle)
			}
			if m.Read == 0 {
				out.Unread++
			}
		}
		out.Messages = append(out.Messages, v)
	}
	return out
}

// readThread asks for the messages of one conversation.
func (s *state) readThread(now time.Time, p *phone, id string) error {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || p.threads[n] == nil {
		return refuse(phonelink.RefusedUnknown, "%s has no such conversation.", p.name)
	}
	return s.tell(now, p, &packet.SMSRequestConversation{Thread: n, Number: pageOf})
}

// sendMessage asks the phone to send a text. It is the phone that sends: what
// it has sent comes back as a message of the thread.
func (s *state) sendMessage(now time.Time, p *phone, to []string, text string) error {
	body := &packet.SMSRequest{Version: 2, Message: text}
	for _, a := range to {
		if a = strings.TrimSpace(a); a != "" {
			body.Addresses = append(body.Addresses, packet.Address{Address: a})
		}
	}
	switch {
	case len(body.Addresses) == 0:
		return refuse(phonelink.RefusedMismatch, "The message has nobody to go to.")
	case text == "":
		return refuse(phonelink.RefusedMismatch, "The message is empty.")
	}
	return s.tell(now, p, body)
}

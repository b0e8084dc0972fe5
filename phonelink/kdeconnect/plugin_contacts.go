package kdeconnect

import (
	"strings"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

// vCardsAtOnce is how many contacts are asked for in one packet, and vCardsAsked
// how many of a phone's in all.
const (
	vCardsAtOnce = 100
	vCardsAsked  = 2000
)

// book is a phone's contacts: in RAM only, and forgotten after a day.
type book struct {
	until  time.Time
	stamps map[string]int64  // when a contact that is here changed
	people map[string]person // by the contact's id
	names  map[string]string // by the number's last digits
}

// person is what is kept of a contact.
type person struct {
	name    string
	numbers []string
}

// contactIDs asks for the contacts that are new or have changed, and forgets
// those that are gone.
func (s *state) contactIDs(now time.Time, p *phone, b *packet.ContactsTimestamps) {
	if p.book.until.IsZero() {
		p.book = book{until: now.Add(contactsFor), stamps: map[string]int64{}, people: map[string]person{}}
	}
	stamps := b.Stamps()
	for uid := range p.book.stamps { // asked for, whether it came or not
		if _, ok := stamps[uid]; !ok {
			delete(p.book.people, uid)
			delete(p.book.stamps, uid)
		}
	}
	var want []string
	for _, uid := range b.UIDs {
		old, ok := p.book.stamps[uid]
		if uid == "" || ok && old == stamps[uid] || !ok && len(p.book.stamps) >= vCardsAsked {
			continue
		}
		want = append(want, uid)
		p.book.stamps[uid] = stamps[uid]
	}
	p.book.index()
	p.shownThreads = nil
	for len(want) > 0 {
		n := min(len(want), vCardsAtOnce)
		s.hint(now, p, &packet.ContactsRequestVCards{UIDs: want[:n]})
		want = want[n:]
	}
}

// contacts takes vCards that were asked for.
func (s *state) contacts(now time.Time, p *phone, b *packet.ContactsVCards) {
	if p.book.until.IsZero() {
		return
	}
	for uid, text := range b.VCards() {
		if _, asked := p.book.stamps[uid]; !asked {
			continue
		}
		name, numbers, err := parseVCard(text)
		if err != nil {
			s.log.Debug("contact not understood", "device", p.device, "err", err)
			continue
		}
		p.book.people[uid] = person{name: line(name, maxTitle), numbers: numbers}
	}
	p.book.index()
	p.shownThreads = nil
}

func (b *book) index() {
	b.names = make(map[string]string, len(b.people))
	for _, who := range b.people {
		for _, n := range who.numbers {
			key := digits(n)
			// Two people with one number: the first of the alphabet, always.
			if old, ok := b.names[key]; key != "" && (!ok || who.name < old) {
				b.names[key] = who.name
			}
		}
	}
}

// name is who has the number; "" if nobody is known.
func (b *book) name(number string) string { return b.names[digits(number)] }

// digits is what tells numbers apart: the last nine digits, so that +43 1 and
// 01 are the same, or all of a short number. A number without a digit has none.
func digits(number string) string {
	d := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	return d[max(0, len(d)-9):]
}

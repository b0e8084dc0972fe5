package kdeconnect

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// Limits of what is kept of one phone.
const (
	maxPlayers       = 16
	maxNotifications = 100
	maxMissed        = 10
	maxThreads       = 50
	maxMessages      = 50 // of one thread
	maxCommands      = 64
	maxSinks         = 16
	maxTitle         = phonelink.MaxTitle // bytes of a title, artist or name
	maxBody          = 4 << 10            // bytes of a notification's or message's text

	missedFor    = 24 * time.Hour
	contactsFor  = 24 * time.Hour // research 7.3: in RAM only, forgotten after a day
	clipboardFor = 10 * time.Minute
	noticeFor    = 10 * time.Minute // a ping; a search lasts until it is ended
)

// state is all that the adapter knows. One goroutine owns it; its methods take
// the time and start nothing. What they want done they leave in out.
//
//	event (hub) ---+                    +--> out: send, deliver, ask, fetch, offer, close
//	Request -------+--> state.handle ---+
//	time ----------+                    +--> view
type state struct {
	log       *slog.Logger
	profile   phonelink.Profile
	phones    map[phonelink.Device]*phone
	tries     map[phonelink.Device]phonelink.Candidate
	window    time.Time // end of the pairing window; zero: closed
	transfers []*transfer
	media     []Media
	car       carBattery
	trouble   string
	counter   uint64 // of transfers
	out       []effect
}

// effect is something that the loop does for the state, in order.
type effect interface{ effect() }

type (
	sendEffect struct {
		to     phonelink.Device
		packet packet.Packet
	}
	deliverEffect struct{ incoming phonelink.Incoming }
	askEffect     struct{ request phonelink.Request }
	// fetchEffect receives the payload into a file.
	fetchEffect struct {
		transfer *transfer
		payload  payload
	}
	// offerEffect sends the file as the payload of the packet, and closes it.
	offerEffect struct {
		transfer *transfer
		file     *os.File
		packet   packet.Packet
	}
	stopEffect struct{ transfer *transfer }
)

func (sendEffect) effect()    {}
func (deliverEffect) effect() {}
func (askEffect) effect()     {}
func (fetchEffect) effect()   {}
func (offerEffect) effect()   {}
func (stopEffect) effect()    {}

// phone is a paired device. What is live is forgotten when its link goes.
type phone struct {
	device   phonelink.Device
	name     string
	kind     string // phone, tablet, laptop, desktop, tv
	presence phonelink.Presence
	since    time.Time
	takes    map[string]bool // types of packets; nil: it does not say
	sends    map[string]bool

	live
	book      book
	clipboard clip // the phone's
	given     clip // what it was given last from here
	missed    []phonelink.CallView
	threads   map[int64]*thread
	// Made of threads and book; nil: to be made.
	shownThreads []phonelink.Thread
	limits       map[string]*allowance
	dropped      int  // packets above their rate
	told         bool // of players that are or were here
}

// live is what is known of a phone only while it is linked.
type live struct {
	battery   int // percent; -1: not known
	charging  bool
	network   string
	signal    int // 0 to 4; -1: not known
	players   []*player
	sendsArt  bool // of its players, when asked
	artsUnder int  // of the fetches of art
	notes     map[string]*note
	call      *phonelink.CallView
	commands  []phonelink.PhoneCommand
	sinks     []packet.Sink
	locked    *bool
	keyboard  bool // keys can be typed there now
}

func newLive() live {
	return live{battery: -1, signal: -1, notes: map[string]*note{}}
}

func newState(log *slog.Logger, profile phonelink.Profile) *state {
	return &state{log: log, profile: profile, phones: map[phonelink.Device]*phone{}, tries: map[phonelink.Device]phonelink.Candidate{}}
}

// know adds a paired phone, absent until it is linked.
func (s *state) know(now time.Time, d phonelink.Device, name, kind string) *phone {
	p := s.phones[d]
	if p == nil {
		p = &phone{device: d, since: now, live: newLive(), threads: map[int64]*thread{}, limits: map[string]*allowance{}}
		s.phones[d] = p
	}
	if name != "" {
		p.name, p.kind = name, kind
	}
	return p
}

func (p *phone) set(now time.Time, to phonelink.Presence) {
	if p.presence != to {
		p.presence, p.since = to, now
	}
}

// linked reports whether packets reach the phone.
func (p *phone) linked() bool {
	return p.presence == phonelink.Linked || p.presence == phonelink.Quiet
}

// may reports whether the list has the type; a list that was not given has all.
func may(list map[string]bool, kind string) bool { return list == nil || list[kind] }

func setOf(list []string) map[string]bool {
	if list == nil {
		return nil
	}
	out := make(map[string]bool, len(list))
	for _, t := range list {
		out[t] = true
	}
	return out
}

// refuse is the answer to a request that cannot be carried out.
func refuse(code phonelink.RefusalCode, format string, args ...any) error {
	return &phonelink.Refusal{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// tell sends the body to the phone, or says why it cannot be sent.
func (s *state) tell(now time.Time, p *phone, body any) error {
	pk, err := s.pack(now, p, body)
	if err != nil {
		return err
	}
	s.out = append(s.out, sendEffect{p.device, pk})
	return nil
}

// pack makes the packet, if the phone is there and takes it.
func (s *state) pack(now time.Time, p *phone, body any) (packet.Packet, error) {
	pk, err := packet.Encode(body)
	if err != nil {
		return pk, refuse(phonelink.RefusedMismatch, "%s cannot be sent this: %v.", p.name, err)
	}
	if !p.linked() {
		return pk, refuse(phonelink.RefusedAbsent, "%s is not in reach.", p.name)
	}
	if !may(p.takes, pk.Type) {
		return pk, refuse(phonelink.RefusedUnsupported, "KDE Connect on %s does not do this, or its plugin is switched off there.", p.name)
	}
	pk.ID = now.UnixMilli()
	return pk, nil
}

// hint sends the body if the phone takes it, and is silent if not.
func (s *state) hint(now time.Time, p *phone, body any) {
	if err := s.tell(now, p, body); err != nil {
		s.log.Debug("not asked", "device", p.device, "err", err)
	}
}

// handle takes one event of the hub.
func (s *state) handle(now time.Time, e event) {
	switch e := e.(type) {
	case upEvent:
		s.up(now, e)
	case downEvent:
		if p := s.phones[e.Device]; p != nil {
			s.down(now, p)
		}
	case quietEvent:
		s.quiet(now, e)
	case packetEvent:
		if e.Payload == nil {
			s.packet(now, e.Device, e.Packet, nil)
		} else {
			s.packet(now, e.Device, e.Packet, e.Payload)
		}
	case candidateEvent:
		s.candidate(e)
	case pairAskEvent:
		s.tries[e.Device] = phonelink.Candidate{Device: e.Device, Name: e.Identity.Name, Code: e.Code, Adapter: adapterName}
	case pairDoneEvent:
		s.paired(e)
	case unpairedEvent:
		s.forget(e.Device)
	case refusedEvent:
		s.refused(now, e)
	}
}

func (s *state) nameOf(d phonelink.Device) string {
	if p := s.phones[d]; p != nil {
		return p.name
	}
	return s.tries[d].Name
}

// up is a link that has come up: the first, or a fresh one in place of the last.
// What the phone does not say again, a call above all, outlives its link then;
// lists are asked for anew.
func (s *state) up(now time.Time, e upEvent) {
	s.log.Debug("linked", "device", e.Device, "address", e.Address)
	p := s.know(now, e.Device, e.Identity.Name, e.Identity.Kind)
	p.takes, p.sends = setOf(e.Identity.Incoming), setOf(e.Identity.Outgoing)
	if !p.linked() {
		p.live = newLive()
	}
	for _, pl := range p.players {
		pl.asked = false
	}
	p.set(now, phonelink.Linked)
	delete(s.tries, e.Device)
	s.greet(now, p)
}

// greet asks a phone that has just been linked for what is not sent unasked.
func (s *state) greet(now time.Time, p *phone) {
	ask := func(gives string, body any) {
		if may(p.sends, gives) {
			s.hint(now, p, body)
		}
	}
	ask("kdeconnect.mpris", &packet.MPRISRequest{RequestPlayerList: true})
	ask("kdeconnect.battery", &packet.BatteryRequest{Request: true}) // of peers that are older than the rule to send it unasked
	if s.profile == phonelink.Guest {
		s.greetMedia(now, p)
		return
	}
	ask("kdeconnect.connectivity_report", &packet.ConnectivityRequest{})
	ask("kdeconnect.notification", &packet.NotificationRequest{Request: true})
	ask("kdeconnect.runcommand", &packet.RunCommandRequest{RequestCommandList: true})
	ask("kdeconnect.systemvolume", &packet.SystemVolumeRequest{RequestSinks: true})
	ask("kdeconnect.lock", &packet.LockRequest{RequestLocked: true})
	ask("kdeconnect.contacts.response_uids_timestamps", &packet.ContactsRequestAll{})
	ask("kdeconnect.sms.messages", &packet.SMSRequestConversations{})
	s.greetMedia(now, p)
	s.greetBattery(now, p)
	s.greetClipboard(now, p)
}

func (s *state) down(now time.Time, p *phone) {
	p.set(now, phonelink.Absent)
	p.live = newLive()
	for _, t := range s.transfers {
		if t.Device == p.device && !t.Finished && t.Problem == "" {
			t.Problem = "the phone went out of reach"
			s.out = append(s.out, stopEffect{t})
		}
	}
}

func (s *state) quiet(now time.Time, e quietEvent) {
	p := s.phones[e.Device]
	if p == nil || !p.linked() {
		return
	}
	if e.Quiet {
		p.set(now, phonelink.Quiet)
	} else {
		p.set(now, phonelink.Linked)
	}
}

func (s *state) candidate(e candidateEvent) {
	if e.Gone {
		delete(s.tries, e.Device)
		return
	}
	if len(s.tries) >= maxTries && s.tries[e.Device].Device == "" {
		return
	}
	s.tries[e.Device] = phonelink.Candidate{Device: e.Device, Name: e.Identity.Name, Adapter: adapterName, Problem: e.Problem}
}

// maxTries is how many candidates are listed: the protocol's own bound of
// unpaired links.
const maxTries = 42

func (s *state) paired(e pairDoneEvent) {
	if e.Err == nil {
		delete(s.tries, e.Device)
		return
	}
	c, ok := s.tries[e.Device]
	if !ok {
		return
	}
	c.Code, c.Problem = "", problem(e.Err)
	s.tries[e.Device] = c
}

// refused shows that something said it is a paired phone, and was not believed.
func (s *state) refused(now time.Time, e refusedEvent) {
	p := s.phones[e.Device]
	if p == nil {
		return
	}
	p.put(&note{own: true, until: now.Add(missedFor), Notification: phonelink.Notification{ID: "refused", Device: p.device, App: p.name,
		Title: "Connection refused", Text: "A device that says it is " + p.name + " was refused: " + problem(e.Err) + ".", Time: now, CanDismiss: true}})
}

// problem is an error for a person.
func problem(err error) string {
	return strings.TrimPrefix(err.Error(), "kdeconnect: ")
}

// forget removes all that is known of a phone.
func (s *state) forget(d phonelink.Device) {
	delete(s.phones, d)
	for _, t := range s.transfers {
		if t.Device == d && !t.Finished {
			s.out = append(s.out, stopEffect{t})
		}
	}
	s.transfers = without(s.transfers, func(t *transfer) bool { return t.Device == d })
}

// payload is the bytes behind a packet. Nothing is fetched until one of the two
// is called, once.
type payload interface {
	// save fetches them into a file that is called like what was said, tells how
	// many there are by now, and returns where the file is.
	save(ctx context.Context, said string, progress func(int64)) (file string, err error)
	// read fetches at most limit of them into memory.
	read(ctx context.Context, limit int64) ([]byte, error)
}

// packet hands one packet to its plugin. One of a phone that is not linked, or
// that is not understood, too frequent or not for this profile leads to nothing.
func (s *state) packet(now time.Time, d phonelink.Device, pk packet.Packet, load payload) {
	p := s.phones[d]
	if p == nil || !p.linked() {
		s.log.Debug("packet of a device that is not linked", "device", d, "type", pk.Type)
		return
	}
	if !announced(pk.Type) || s.profile == phonelink.Guest && !forGuests[pk.Type] {
		s.log.Debug("packet not taken", "device", d, "type", pk.Type)
		return
	}
	if !p.allow(now, pk.Type) {
		p.dropped++
		s.log.Debug("packet above its rate", "device", d, "type", pk.Type, "dropped", p.dropped)
		return
	}
	body, err := packet.Decode(pk)
	if err != nil {
		s.log.Debug("packet not understood", "device", d, "err", err)
		return
	}
	s.log.Debug("packet taken", "device", d, "type", pk.Type)
	s.dispatch(now, p, pk, body, load)
}

// dispatch is the table of the plugins.
func (s *state) dispatch(now time.Time, p *phone, pk packet.Packet, body any, load payload) {
	switch b := body.(type) {
	case *packet.BatteryRequest:
		s.greetBattery(now, p)
	case *packet.Battery:
		p.battery, p.charging = int(b.Charge), b.Charging
	case *packet.Connectivity:
		p.reception(b)
	case *packet.MPRIS:
		s.players(now, p, b, load)
	case *packet.MPRISRequest:
		s.control(now, p, b)
	case *packet.Telephony:
		p.telephony(now, b)
	case *packet.Notification:
		p.notification(now, b)
	case *packet.SMSMessages:
		p.messages(b)
	case *packet.ContactsTimestamps:
		s.contactIDs(now, p, b)
	case *packet.ContactsVCards:
		s.contacts(now, p, b)
	case *packet.Clipboard:
		p.copied(now, now.UnixMilli(), b.Content)
	case *packet.ClipboardConnect:
		p.copied(now, int64(b.Timestamp), b.Content)
	case *packet.Share:
		s.share(now, p, pk, b, load)
	case *packet.Ping:
		p.ping(now, b)
	case *packet.FindMyPhone:
		p.find(now)
	case *packet.RunCommand:
		s.commands(p, b)
	case *packet.SystemVolume:
		p.volume(b)
	case *packet.SystemVolumeRequest:
		s.volumeAsked(now, p, b)
	case *packet.Lock:
		p.locked = &b.Locked
	case *packet.KeyboardState:
		p.keyboard = b.State
	}
}

// expire forgets what has had its time, and says when to come again; zero:
// nothing waits.
func (s *state) expire(now time.Time) (next time.Time) {
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if !s.window.IsZero() {
		if !now.Before(s.window) {
			s.window = time.Time{}
			clear(s.tries)
		} else {
			sooner(s.window)
		}
	}
	for _, p := range s.phones {
		p.expire(now, sooner)
	}
	return next
}

func (p *phone) expire(now time.Time, sooner func(time.Time)) {
	for _, c := range []*clip{&p.clipboard, &p.given} {
		switch {
		case c.until.IsZero():
		case now.Before(c.until):
			sooner(c.until)
		default:
			*c = clip{stamp: c.stamp}
		}
	}
	switch {
	case p.book.until.IsZero():
	case now.Before(p.book.until):
		sooner(p.book.until)
	default:
		p.book, p.shownThreads = book{}, nil
	}
	for id, n := range p.notes {
		switch {
		case n.until.IsZero():
		case now.Before(n.until):
			sooner(n.until)
		default:
			delete(p.notes, id)
		}
	}
	p.missed = without(p.missed, func(c phonelink.CallView) bool {
		end := c.Start.Add(missedFor)
		if now.Before(end) {
			sooner(end)
		}
		return !now.Before(end)
	})
}

// without is the list without what drop names, in its own memory.
func without[T any](list []T, drop func(T) bool) []T {
	out := list[:0:0]
	for _, v := range list {
		if !drop(v) {
			out = append(out, v)
		}
	}
	return out
}

// clean makes a peer's text fit to be shown: no control characters but line
// breaks and tabs, none that turn the direction of what follows, and at most so
// many bytes, cut between characters.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for len(s) > 0 && !utf8.ValidString(s[len(s)-min(len(s), utf8.UTFMax):]) {
		s = s[:len(s)-1]
	}
	return s
}

// short is clean for what a person wrote: a text that was cut says so.
func short(s string, most int) string {
	out := clean(s, most)
	if len(s) > most && len(out) > most-utf8.UTFMax {
		return clean(out, most-len("…")) + "…"
	}
	return out
}

// line is clean for what stands in one line.
func line(s string, most int) string {
	return clean(strings.Join(strings.Fields(s), " "), most)
}

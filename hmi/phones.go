package hmi

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/phonelink"
)

// Limits is what driving leaves of what phones say. The zero value is for a
// car of which nothing is known: no texts, nothing to set up.
type Limits struct {
	Setup bool // pairing, unpairing, profiles
	Texts bool // what messages, notifications, drafts, pages and the clipboard say
	Chars int  // of one text; 0: as many as a screen has room for
	Items int  // of one list; 0: as many
}

// Room of the screens, whatever the car does: what a phone sends is cut to it.
const (
	maxTitle = 120  // characters of a title or name
	maxText  = 600  // characters of a message
	maxList  = 60   // entries of a list
	maxQueue = 500  // entries of a queue that are counted
	maxShort = 40   // characters of a title that may be somebody's words, while texts are hidden
	sayTimes = 2000 // characters of a text that are looked at
)

// LinkState is whether there is a phone link.
type LinkState int

// States of the link.
const (
	LinkNone    LinkState = iota // the car has none
	LinkTrouble                  // it does not work
	LinkReady
)

// Phones is a phonelink.View in the form that screens need: cut to what may be
// shown now, without what has expired, with the requests that its controls
// send. It is immutable; a nil one is a car without a phone link.
type Phones struct {
	Link     LinkState
	Trouble  string                  // why the link does not work, in English, as the link says it; "" where Troubles do
	Troubles []phonelink.TroubleCode // what does not work; with LinkReady: of a part
	Name     string                  // of this car
	Profile  phonelink.Profile
	Locked   bool // the profile's contents cannot be read yet
	Limits   Limits

	Pairing   *Pairing // nil: the pairing screen is not open, or not allowed now
	List      []Phone
	Things    []Thing // what is under way and can go on elsewhere, most urgent first
	Work      []Work  // all that is under way, on either side
	Goal      *Thing  // where this car is to go; No ends that; nil: nowhere
	Sources   []Source
	Notes     []PhoneNote
	Threads   []Thread
	Calls     []PhoneCall
	Transfers []Transfer

	next, now time.Time
}

// Phone is a paired phone.
type Phone struct {
	phonelink.Phone        // its Name, Network, Hint and Clipboard are cut; Hint is only what Hints do not say
	HidesClip       bool   // it gave a clipboard that must not be shown now
	Clip            string // the whole of what it gave, to pass on; never shown
}

// Reached reports whether the phone answers.
func (p *Phone) Reached() bool {
	return p.Presence == phonelink.Linked || p.Presence == phonelink.Quiet
}

// Tandem reports whether the phone speaks Tandem's own protocol.
func (p *Phone) Tandem() bool { return p.Adapter == "" }

// Pairing is the open pairing screen.
type Pairing struct {
	Until time.Time
	QR    string // what the code says
	Tries []Candidate
}

// Candidate is a phone that asks to be paired.
type Candidate struct {
	phonelink.Candidate        // its Name and Problem are cut
	Grouped             string // the code as a person reads it: "482 913", "A1B2 C3D4"
}

// PhoneNote is a notification.
type PhoneNote struct {
	Key     string // unique among the present ones
	Phone   string // name of the phone
	App     string
	Title   string
	Text    string // "" when it must not be shown
	Hidden  bool   // there is a text, and it must not be shown now
	Time    time.Time
	Reply   func(text string) phonelink.Request // nil: it takes no reply
	Dismiss phonelink.Request                   // nil: it cannot be dismissed
}

// Thread is a conversation.
type Thread struct {
	Key      string
	Phone    string
	Title    string // with whom
	Unread   int
	Time     time.Time // of the last message; zero: not known
	Messages []Line    // oldest first; none while texts are hidden
	Hidden   bool      // there are messages, and they must not be shown now
	Read     phonelink.Request
	Reply    func(text string) phonelink.Request // nil: the phone sends no messages
}

// Line is one message.
type Line struct {
	From string // "" for one's own
	Text string
	Time time.Time
}

// PhoneCall is a call on a phone.
type PhoneCall struct {
	Key   string
	Phone string
	Who   string // name, else number, else ""
	State phonelink.CallState
	Start time.Time
	Muted bool
	Mute  phonelink.Request // silences the ringing; nil: it does not ring, or the phone cannot
}

// Transfer is a file on its way.
type Transfer struct {
	Key      string
	Phone    string
	Name     string
	Size     int64 // bytes; -1: not known
	Done     int64
	Incoming bool
	Finished bool
	Problem  string            // why it failed, in the words of whoever knows; "": it did not
	Folder   string            // the end of where an incoming file is; "" until it is there
	Cancel   phonelink.Request // nil: it is over
	Yes, No  phonelink.Request // takes and refuses a file that is offered; nil: it is not
}

// Next is when the model changes by itself, because something expires; the
// zero time for never.
func (p *Phones) Next() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.next
}

// rings reports whether a call rings on a phone.
func (p *Phones) rings() bool {
	if p == nil {
		return false
	}
	for _, c := range p.Calls {
		if c.State == phonelink.CallRinging {
			return true
		}
	}
	return false
}

// until notes that something ends at t and reports whether it is over.
func (p *Phones) until(t, now time.Time) (over bool) {
	if t.IsZero() {
		return false
	}
	if !now.Before(t) {
		return true
	}
	if p.next.IsZero() || t.Before(p.next) {
		p.next = t
	}
	return false
}

// PhonesOf makes the model of a view; a nil view is a car without a link.
func PhonesOf(v *phonelink.View, l Limits, now time.Time) *Phones {
	if v == nil {
		return &Phones{Limits: l}
	}
	p := &Phones{Link: LinkReady, Name: l.title(v.Name), Profile: v.Profile, Locked: v.Locked, Limits: l, now: now}
	p.trouble(v)
	if v.Pairing != nil && l.Setup && !p.until(v.Pairing.Until, now) {
		p.Pairing = l.pairing(v.Pairing)
	}
	for _, x := range first(v.Phones, l.items(maxList)) {
		p.List = append(p.List, l.phone(x))
	}
	p.notes(v)
	p.threads(v)
	p.calls(v)
	p.transfers(v)
	p.sources(v)
	p.things(v, now)
	p.works(v)
	return p
}

// trouble is what does not work: all of the link, unless every cause is known to
// be one of a part.
func (p *Phones) trouble(v *phonelink.View) {
	whole := func(c phonelink.TroubleCode) bool { return !c.Partial() }
	switch {
	case v.Trouble == "" && len(v.Troubles) == 0:
		return
	case len(v.Troubles) == 0:
		p.Trouble = p.Limits.title(v.Trouble)
	default:
		p.Troubles = first(v.Troubles, maxList)
	}
	if len(v.Troubles) == 0 || slices.ContainsFunc(v.Troubles, whole) {
		p.Link = LinkTrouble
	}
}

func (l Limits) pairing(v *phonelink.Pairing) *Pairing {
	p := &Pairing{Until: v.Until, QR: v.QR}
	for _, c := range first(v.Tries, l.items(maxList)) {
		c.Name, c.Problem, c.Code = l.title(c.Name), l.title(c.Problem), clean(c.Code, 16)
		p.Tries = append(p.Tries, Candidate{c, grouped(c.Code)})
	}
	return p
}

// grouped is a code in two halves, so that two people can read it aloud.
func grouped(code string) string {
	if n := len(code); n == 6 || n == 8 {
		return code[:n/2] + " " + code[n/2:]
	}
	return code
}

func (l Limits) phone(x phonelink.Phone) Phone {
	p := Phone{Phone: x, Clip: x.Clipboard, HidesClip: x.Clipboard != "" && !l.Texts}
	p.Name, p.Network, p.Hint = l.title(x.Name), clean(x.Network, 12), l.title(x.Hint)
	if len(x.Hints) > 0 {
		p.Hint = ""
	}
	p.Clipboard = ""
	if l.Texts {
		p.Clipboard = l.text(x.Clipboard)
	}
	p.Players = nil // sources has them
	l.commanded(&p, x)
	return p
}

// phoneOf is the paired phone of a device; nil when it is not paired any more.
func (p *Phones) phoneOf(d phonelink.Device) *Phone {
	for i := range p.List {
		if p.List[i].Device == d {
			return &p.List[i]
		}
	}
	return nil
}

// nameOf is what a phone is called; "" for one that is not known.
func (p *Phones) nameOf(d phonelink.Device) string {
	if x := p.phoneOf(d); x != nil {
		return x.Name
	}
	return ""
}

func (p *Phones) notes(v *phonelink.View) {
	for _, n := range first(v.Notifications, p.Limits.items(maxList)) {
		x := PhoneNote{Key: string(n.Device) + "/" + n.ID, Phone: p.nameOf(n.Device), App: p.Limits.title(n.App), Title: p.Limits.spoken(n.Title), Time: n.Time}
		if p.Limits.Texts {
			x.Text = p.Limits.text(n.Text)
		}
		x.Hidden = !p.Limits.Texts && n.Text != ""
		d := n.Device
		if n.CanReply {
			x.Reply = func(text string) phonelink.Request { return phonelink.Reply{Device: d, ID: n.ID, Text: text} }
		}
		if n.CanDismiss {
			x.Dismiss = phonelink.Dismiss{Device: d, ID: n.ID}
		}
		p.Notes = append(p.Notes, x)
	}
}

// shownMessages is how many of a thread's messages a screen can have room for.
const shownMessages = 8

func (p *Phones) threads(v *phonelink.View) {
	for _, t := range first(v.Threads, p.Limits.items(maxList)) {
		x := Thread{Key: string(t.Device) + "/" + t.ID, Phone: p.nameOf(t.Device), Title: p.Limits.title(join(t.Names, t.Addresses)), Unread: max(0, t.Unread), Read: phonelink.ReadThread{Device: t.Device, ID: t.ID}}
		if n := len(t.Messages); n > 0 {
			x.Time, x.Hidden = t.Messages[n-1].Time, !p.Limits.Texts
			if p.Limits.Texts {
				for _, m := range t.Messages[max(0, n-shownMessages):] {
					x.Messages = append(x.Messages, Line{p.Limits.title(m.From), p.Limits.text(m.Text), m.Time})
				}
			}
		}
		if ph := p.phoneOf(t.Device); ph != nil && ph.Can&phonelink.CanSMS != 0 && ph.Reached() && len(t.Addresses) > 0 {
			x.Reply = func(text string) phonelink.Request {
				return phonelink.SendMessage{Device: t.Device, To: t.Addresses, Text: text}
			}
		}
		p.Threads = append(p.Threads, x)
	}
}

func (p *Phones) calls(v *phonelink.View) {
	for i, c := range first(v.Calls, p.Limits.items(maxList)) {
		x := PhoneCall{Key: string(c.Device) + "/" + strconv.Itoa(i), Phone: p.nameOf(c.Device), State: c.State, Start: c.Start, Muted: c.Muted, Who: p.Limits.title(c.Name)}
		if x.Who == "" {
			x.Who = clean(c.Number, 24)
		}
		if ph := p.phoneOf(c.Device); ph != nil && ph.Can&phonelink.CanMute != 0 && c.State == phonelink.CallRinging && !c.Muted {
			x.Mute = phonelink.MuteRinger{Device: c.Device}
		}
		p.Calls = append(p.Calls, x)
	}
}

// transfers are the files: those that wait for a yes, those on their way, and
// those that have arrived or failed.
func (p *Phones) transfers(v *phonelink.View) {
	room := p.Limits.items(maxList)
	seen := map[string]bool{}
	for i := range v.Transfers {
		seen[v.Transfers[i].ID] = true
	}
	for i := range v.Offers {
		o := &v.Offers[i]
		if id := o.Session.ID.String(); o.Session.Kind == phonelink.File && !seen[id] && !p.until(o.Until, p.now) && len(p.Transfers) < room {
			seen[id] = true
			x := p.file(&o.Session, o.From)
			x.Yes, x.No = phonelink.Accept{Session: o.Session.ID}, phonelink.Decline{Session: o.Session.ID}
			p.Transfers = append(p.Transfers, x)
		}
	}
	for i := range v.Sessions {
		s := &v.Sessions[i]
		if id := s.ID.String(); s.Kind == phonelink.File && !seen[id] && s.Handoff != phonelink.Settled && !s.Local && len(p.Transfers) < room {
			x := p.file(s, peerOf(s))
			x.Done, x.Cancel = int64(min(1, max(0, s.Progress))*float64(max(0, x.Size))), phonelink.Cancel{Transfer: id}
			p.Transfers = append(p.Transfers, x)
		}
	}
	for _, t := range first(v.Transfers, room-len(p.Transfers)) {
		x := Transfer{Key: t.ID, Phone: p.nameOf(t.Device), Name: p.Limits.spoken(t.Name), Size: t.Size, Done: t.Done, Incoming: t.Incoming, Finished: t.Finished, Problem: p.Limits.title(t.Problem)}
		switch {
		case !t.Finished && t.Problem == "":
			x.Cancel = phonelink.Cancel{Transfer: t.ID}
		case t.Finished && t.Incoming:
			x.Folder = p.Limits.title(folder(t.Path))
		}
		p.Transfers = append(p.Transfers, x)
	}
}

// file is the session of a file that is not a transfer yet.
func (p *Phones) file(s *phonelink.SessionView, from phonelink.Device) Transfer {
	x := Transfer{Key: s.ID.String(), Phone: p.nameOf(from), Name: p.Limits.spoken(s.Title), Size: -1, Incoming: true}
	if d, ok := s.Doc.(*phonelink.FileDoc); ok && d != nil {
		x.Size = d.Size
		if d.Name != "" {
			x.Name = p.Limits.spoken(d.Name)
		}
	}
	return x
}

// folder is the last folders of where a file is, which say the most.
func folder(path string) string {
	const last = 3
	dir, _ := filepath.Split(path)
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	if n := len(parts); n > last {
		return "…/" + strings.Join(parts[n-last:], "/")
	}
	return strings.TrimSuffix(dir, "/")
}

// join is the names of those in a conversation, or their addresses.
func join(names, addresses []string) string {
	if len(names) == 0 {
		names = addresses
	}
	s := ""
	for _, n := range first(names, 4) {
		if s != "" {
			s += ", "
		}
		s += n
	}
	return s
}

// first is at most n of a list.
func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

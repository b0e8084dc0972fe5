package node

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// request takes a request of the Service; reply has room for one.
func (l *loop) request(ctx context.Context, r phonelink.Request, reply chan<- error) {
	switch r := r.(type) {
	case phonelink.OpenPairing, phonelink.ClosePairing, phonelink.Confirm, phonelink.RequestPair, phonelink.Unpair:
		l.pairingRequest(ctx, r, reply)
	case phonelink.SetProfile:
		l.setProfile(ctx, r.Profile, reply)
	case phonelink.Unlock:
		l.unlockPIN(r.PIN, reply)
	case phonelink.Loaded:
		l.step(r)
		reply <- nil
	case phonelink.Playhead:
		l.step(r)
		reply <- nil
	case phonelink.Take, phonelink.TakeBack, phonelink.Send, phonelink.Accept, phonelink.Decline, phonelink.Open, phonelink.Edit, phonelink.End, phonelink.Copy:
		l.sessionRequest(ctx, r, reply)
	case phonelink.Cancel:
		l.cancel(ctx, r, reply)
	default:
		l.deviceRequest(ctx, r, reply)
	}
}

// sessionRequest is about one session: the machine's, or of an adapter's player,
// or one that an adapter's phone sent.
func (l *loop) sessionRequest(ctx context.Context, r phonelink.Request, reply chan<- error) {
	id := sessionOf(r)
	if p, ok := l.player(id); ok {
		l.playerRequest(ctx, p, r, reply)
		return
	}
	if o, ok := l.offers[id]; ok && o.answer(l, r, reply) {
		return
	}
	switch r := r.(type) {
	case phonelink.Open:
		l.openSession(r.Session, reply)
		return
	case phonelink.Send:
		if r.To.Adapter() != "" {
			l.sendForeign(ctx, r, reply)
			return
		}
	}
	l.ask(r, reply)
}

func sessionOf(r phonelink.Request) phonelink.SessionID {
	switch r := r.(type) {
	case phonelink.Take:
		return r.Session
	case phonelink.TakeBack:
		return r.Session
	case phonelink.Send:
		return r.Session
	case phonelink.Accept:
		return r.Session
	case phonelink.Decline:
		return r.Session
	case phonelink.Edit:
		return r.Session
	case phonelink.End:
		return r.Session
	case phonelink.Copy:
		return r.Session
	}
	return phonelink.SessionID{}
}

// openSession begins a session of this device.
func (l *loop) openSession(s phonelink.Session, reply chan<- error) {
	if !allowed(l.profile, s.Kind) {
		reply <- refuse(phonelink.RefusedProfile, "a guest has media and navigation only")
		return
	}
	s.Profile = l.profile
	room := l.room
	if room == nil || !hasFiles(&s) {
		l.ask(phonelink.Open{Session: s}, reply)
		return
	}
	l.background(func() {
		s := room.share(s)
		if l.n.post(l.ctx, func(l *loop) { l.ask(phonelink.Open{Session: s}, reply) }) != nil {
			reply <- errEnded
		}
	})
}

// newID makes a session's id.
func newID(now time.Time) phonelink.SessionID {
	var random [10]byte
	rand.Read(random[:]) // never fails
	return phonelink.NewSessionID(now, random)
}

// openAndSend begins a session and offers it to a peer; the end of the offer is
// not waited for.
func (l *loop) openAndSend(s phonelink.Session, to phonelink.Device, reply chan<- error) {
	if s.ID == (phonelink.SessionID{}) {
		s.ID = newID(time.Now())
	}
	opened := make(chan error, 1)
	l.openSession(s, opened)
	l.after(opened, reply, func() {
		sent := make(chan error, 1)
		l.ask(phonelink.Send{Session: s.ID, To: to}, sent)
		l.watchSend(s.ID, to, sent)
		reply <- nil
	})
}

// after runs then on the loop when first has ended well; else reply gets its
// error.
func (l *loop) after(first <-chan error, reply chan<- error, then func()) {
	l.background(func() {
		select {
		case err := <-first:
			if err != nil {
				reply <- err
			} else if l.n.post(l.ctx, func(*loop) { then() }) != nil {
				reply <- errEnded
			}
		case <-l.ctx.Done():
			reply <- errEnded
		}
	})
}

// watchSend logs an offer that was not taken.
func (l *loop) watchSend(id phonelink.SessionID, to phonelink.Device, sent <-chan error) {
	l.background(func() {
		select {
		case err := <-sent:
			if err != nil {
				l.log.Info("offer was not taken", "session", id, "to", to, "reason", err)
				l.n.post(l.ctx, func(l *loop) { l.sendFailed(id, err) })
			}
		case <-l.ctx.Done():
		}
	})
}

// deviceRequest is about a phone and what it shows.
func (l *loop) deviceRequest(ctx context.Context, r phonelink.Request, reply chan<- error) {
	d := deviceOf(r)
	if l.isAdapters(d) || d == "" {
		l.toAdapters(ctx, r, d, reply)
		return
	}
	if _, ok := l.peers[d]; !ok {
		reply <- refuse(phonelink.RefusedUnknown, "no phone "+string(d)+" is paired with this profile")
		return
	}
	switch r := r.(type) {
	case phonelink.SendClipboard:
		l.clipboard(r.Text, reply)
	case phonelink.SendText:
		if s, ok := sessionOfText(r.Text); ok {
			l.openAndSend(s, d, reply)
		} else {
			l.clipboard(r.Text, reply)
		}
	case phonelink.SendFile:
		l.sendFile(r, reply)
	case phonelink.Ping:
		l.reach(d, note{Kind: notePing, Text: cut(r.Text, maxNoteText)}, reply)
	case phonelink.Ring:
		l.reach(d, note{Kind: noteRing}, reply)
	default:
		reply <- refuse(phonelink.RefusedUnsupported, "the phone's software cannot do this")
	}
}

func deviceOf(r phonelink.Request) phonelink.Device {
	switch r := r.(type) {
	case phonelink.Control:
		return r.Device
	case phonelink.Dismiss:
		return r.Device
	case phonelink.Reply:
		return r.Device
	case phonelink.Act:
		return r.Device
	case phonelink.SendMessage:
		return r.Device
	case phonelink.ReadThread:
		return r.Device
	case phonelink.MuteRinger:
		return r.Device
	case phonelink.SendClipboard:
		return r.Device
	case phonelink.SendFile:
		return r.Device
	case phonelink.SendText:
		return r.Device
	case phonelink.Ring:
		return r.Device
	case phonelink.Ping:
		return r.Device
	case phonelink.Run:
		return r.Device
	case phonelink.Lock:
		return r.Device
	case phonelink.SetVolume:
		return r.Device
	case phonelink.SetMuted:
		return r.Device
	case phonelink.Confirm:
		return r.Device
	case phonelink.RequestPair:
		return r.Device
	case phonelink.Unpair:
		return r.Device
	}
	return ""
}

// reach sends a note to a peer that must be linked now.
func (l *loop) reach(d phonelink.Device, n note, reply chan<- error) {
	if !up(l.peers[d].State) {
		reply <- refuse(phonelink.RefusedAbsent, "the phone is not in reach")
		return
	}
	l.note(d, phonelink.ClassMedia, n)
	reply <- nil
}

// clipboard makes a text what was copied last, here and on the profile's
// devices.
func (l *loop) clipboard(text string, reply chan<- error) {
	if len(text) > phonelink.MaxDocument-1024 {
		reply <- refuse(phonelink.RefusedUnsupported, "the text is too long for the clipboard")
		return
	}
	if l.room != nil {
		for _, v := range l.room.state.Views(l.now()) {
			if v.Kind == phonelink.Clipboard && v.Local {
				l.ask(phonelink.End{Session: v.ID}, make(chan error, 1))
			}
		}
	}
	l.openSession(phonelink.Session{
		Kind: phonelink.Clipboard, Privacy: phonelink.Ephemeral, Expires: time.Now().Add(10 * time.Minute),
		Doc: &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte(text)},
	}, reply)
}

// sessionOfText is the place or the page that a text names; ok is false for any
// other text.
func sessionOfText(text string) (s phonelink.Session, ok bool) {
	if place, ok := placeOf(text); ok {
		return navigationTo(place, text), true
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(text) > maxLink {
		return s, false
	}
	s = phonelink.Session{
		Kind: phonelink.Page, Title: cut(u.Host, phonelink.MaxTitle), Needs: phonelink.NeedsDisplay | phonelink.NeedsParked,
		Doc: &phonelink.PageDoc{URL: text},
	}
	if u.Scheme == "https" {
		s.Web = text
	}
	return s, true
}

// navigationTo is a way to a place that somebody sent.
func navigationTo(place phonelink.Place, link string) phonelink.Session {
	place.ID = "destination"
	title := place.Name
	if title == "" {
		title = link
	}
	s := phonelink.Session{
		Kind: phonelink.Navigation, Title: cut(title, phonelink.MaxTitle), URI: cut(link, maxLink),
		Doc: &phonelink.NavigationDoc{Destination: place, Preference: "fast", Active: true},
	}
	if u, err := url.Parse(link); err == nil && u.Scheme == "https" {
		s.Web, s.URI = link, ""
	}
	return s
}

// setProfile lets another person drive. What was open is closed, and its key
// forgotten if a phone or a PIN can bring it back.
func (l *loop) setProfile(ctx context.Context, p phonelink.Profile, reply chan<- error) {
	if err := p.Check(); err != nil {
		reply <- refuse(phonelink.RefusedProfile, err.Error())
		return
	}
	if only := l.n.c.only(); only != nil && p != phonelink.Valet && !slices.Contains(only, p) {
		reply <- refuse(phonelink.RefusedProfile, "the phone link runs for profile "+string(l.n.c.Profile)+" alone; start it again for another")
		return
	}
	l.closePairing()
	err := l.leave()
	l.profile = p
	l.enroll()
	l.links(l.status.Statuses())
	clear(l.hellos)
	l.pings = nil
	l.open()
	for d, s := range l.peers {
		if up(s.State) {
			l.greet(d) // a phone of both profiles stays linked
		}
	}
	l.tellAdapters(ctx, phonelink.SetProfile{Profile: p}, err, reply)
}

// leave closes the open profile.
func (l *loop) leave() error {
	l.flush()
	var errs []error
	if l.room != nil {
		for _, reply := range l.room.tags {
			reply <- refuse(phonelink.RefusedProfile, "another profile was opened")
		}
		errs = append(errs, l.closeRoom())
	}
	switch protected, _ := l.n.store.Protected(l.profile); {
	case l.profile == phonelink.Guest:
		errs = append(errs, l.n.store.Wipe(phonelink.Guest))
	case protected:
		vault, err := l.n.store.Vault(l.profile)
		if err == nil {
			vault.Lock()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// unlockPIN opens the profile by its PIN.
func (l *loop) unlockPIN(pin string, reply chan<- error) {
	if !l.locked {
		reply <- nil
		return
	}
	profile := l.profile
	l.background(func() { // it takes a while on purpose
		err := l.n.store.UnlockPIN(profile, pin)
		var wait *trust.WaitError
		switch {
		case errors.Is(err, trust.ErrWrongPIN):
			err = refuse(phonelink.RefusedProfile, "the PIN is wrong")
		case errors.Is(err, trust.ErrNoPIN):
			err = refuse(phonelink.RefusedProfile, "the profile has no PIN; its phone opens it")
		case errors.As(err, &wait):
			err = refuse(phonelink.RefusedProfile, "too many wrong PINs; try again at "+wait.Until.Format("15:04:05"))
		}
		if err != nil {
			reply <- err
			return
		}
		if l.n.post(l.ctx, func(l *loop) { l.unlocked(profile); reply <- nil }) != nil {
			reply <- errEnded
		}
	})
}

// SetPIN lets a PIN of 4 to 64 bytes open the profile, beside its phones; "" takes
// it away. Only while the car is parked and the profile is open.
func (n *Node) SetPIN(ctx context.Context, pin string) error {
	return n.call(ctx, func(l *loop) error {
		switch {
		case !l.cond.Parked:
			return refuse(phonelink.RefusedMoving, "only while the car is parked")
		case l.room == nil:
			return l.closed()
		}
		return n.store.SetPIN(l.profile, pin)
	})
}

// unlocked opens the profile if it still waits for that.
func (l *loop) unlocked(p phonelink.Profile) {
	if l.locked && l.profile == p {
		l.open()
	}
}

// unlockKey opens the profile by the key that a phone released.
func (l *loop) unlockKey(from phonelink.Device, key trust.Key) {
	if !l.locked || !slices.ContainsFunc(l.n.store.Peers(l.profile), func(p trust.Peer) bool { return p.Device == from }) {
		return
	}
	if err := l.n.store.Unlock(l.profile, key); err != nil {
		l.log.Warn("the phone's key does not open the profile", "phone", from, "profile", l.profile, "error", err)
		return
	}
	l.unlocked(l.profile)
}

package shell_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tandem/hmi/shell"
	"tandem/phonelink"
)

// link is a phone link that behaves: it follows a script's view, does what it
// is asked a moment later, and refuses what it is told to refuse.
type link struct {
	t *testing.T

	mu      sync.Mutex
	view    *phonelink.View
	watches []*linkWatch
	asked   []phonelink.Request
	refuse  map[string]error // by the request's type
	wg      sync.WaitGroup
}

type linkWatch struct {
	l *link
	c chan struct{}
}

func newLink(t *testing.T, l shell.Link) *link {
	return &link{t: t, view: l.View(time.Now()), refuse: map[string]error{}}
}

func (l *link) Watch() phonelink.Watch {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &linkWatch{l: l, c: make(chan struct{}, 1)}
	l.watches = append(l.watches, w)
	return w
}

func (w *linkWatch) C() <-chan struct{} { return w.c }

func (w *linkWatch) View() *phonelink.View {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	return w.l.view
}

func (w *linkWatch) Close() {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	w.l.watches = slices.DeleteFunc(w.l.watches, func(x *linkWatch) bool { return x == w })
}

// change shows another view; the one before is not touched.
func (l *link) change(f func(v *phonelink.View)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := *l.view
	v.Phones, v.Sessions, v.Offers = slices.Clone(v.Phones), slices.Clone(v.Sessions), slices.Clone(v.Offers)
	v.Notifications, v.Calls = slices.Clone(v.Notifications), slices.Clone(v.Calls)
	f(&v)
	l.view = &v
	for _, w := range l.watches {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

// later changes the view after a while.
func (l *link) later(d time.Duration, f func(v *phonelink.View)) {
	l.wg.Go(func() {
		time.Sleep(d)
		l.change(f)
	})
}

func (l *link) requests() []phonelink.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}

// got fails unless exactly these were asked since the last call.
func (l *link) got(want ...phonelink.Request) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if g, w := fmt.Sprintf("%#v", l.asked), fmt.Sprintf("%#v", want); g != w && len(l.asked)+len(want) > 0 {
		l.t.Errorf("requests: got %s, want %s", g, w)
	}
	l.asked = nil
}

func (l *link) no(request string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse[request] = err
}

func session(v *phonelink.View, id phonelink.SessionID) *phonelink.SessionView {
	for i := range v.Sessions {
		if v.Sessions[i].ID == id {
			return &v.Sessions[i]
		}
	}
	return &phonelink.SessionView{}
}

func (l *link) Do(_ context.Context, r phonelink.Request) error {
	l.mu.Lock()
	l.asked = append(l.asked, r)
	err := l.refuse[fmt.Sprintf("%T", r)]
	l.mu.Unlock()
	if err != nil {
		return err
	}
	switch r := r.(type) {
	case phonelink.Take:
		l.handOver(r.Session, true)
	case phonelink.TakeBack:
		l.handOver(r.Session, true)
	case phonelink.Send:
		l.handOver(r.Session, false)
	case phonelink.Accept:
		l.change(func(v *phonelink.View) {
			i := slices.IndexFunc(v.Offers, func(o phonelink.Offer) bool { return o.Session.ID == r.Session })
			s := v.Offers[i].Session
			s.Local = true
			v.Offers = slices.Delete(v.Offers, i, i+1)
			v.Sessions = append(slices.DeleteFunc(v.Sessions, func(x phonelink.SessionView) bool { return x.ID == r.Session }), s)
		})
	case phonelink.Decline:
		l.change(func(v *phonelink.View) {
			v.Offers = slices.DeleteFunc(v.Offers, func(o phonelink.Offer) bool { return o.Session.ID == r.Session })
		})
	case phonelink.End:
		l.change(func(v *phonelink.View) {
			v.Sessions = slices.DeleteFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.ID == r.Session })
		})
	case phonelink.Edit:
		l.change(func(v *phonelink.View) { edit(session(v, r.Session), r.Op.Act) })
	case phonelink.MuteRinger:
		l.change(func(v *phonelink.View) { v.Calls[0].Muted = true })
	case phonelink.Dismiss:
		l.change(func(v *phonelink.View) {
			v.Notifications = slices.DeleteFunc(v.Notifications, func(n phonelink.Notification) bool { return n.ID == r.ID })
		})
	default:
		l.pairing(r)
	}
	return nil
}

// handOver moves a session in two steps, as the real thing does.
func (l *link) handOver(id phonelink.SessionID, here bool) {
	l.change(func(v *phonelink.View) { session(v, id).Handoff = phonelink.Preparing })
	l.later(200*time.Millisecond, func(v *phonelink.View) { session(v, id).Progress = 0.7 })
	l.later(400*time.Millisecond, func(v *phonelink.View) {
		s := session(v, id)
		s.Handoff, s.Local, s.Progress, s.TakeBack = phonelink.Settled, here, 0, time.Time{}
		if !here {
			s.TakeBack = time.Now().Add(phonelink.TakeBackWithin)
		}
	})
}

func edit(s *phonelink.SessionView, a phonelink.Action) {
	if d, ok := s.Doc.(*phonelink.DraftDoc); ok {
		draft := *d
		switch a := a.(type) {
		case phonelink.SetText:
			draft.Text = a.Text
		case phonelink.Dispatch:
			draft.Sent = true
		}
		s.Doc = &draft
		return
	}
	doc := *s.Doc.(*phonelink.MediaDoc)
	doc.At = phonelink.Stamp(time.Now().UnixMilli()) << 16
	switch a := a.(type) {
	case phonelink.Play:
		doc.Playing = a.Playing
	case phonelink.Skip:
		doc.Index = slices.IndexFunc(doc.Queue, func(t phonelink.Track) bool { return t.ID == a.To })
		doc.Position = 0
	}
	s.Doc = &doc
}

func (l *link) pairing(r phonelink.Request) {
	l.change(func(v *phonelink.View) {
		switch r := r.(type) {
		case phonelink.OpenPairing:
			v.Pairing = &phonelink.Pairing{Until: time.Now().Add(120 * time.Second), QR: "tandem:1?k=test"}
		case phonelink.ClosePairing:
			v.Pairing = nil
		case phonelink.Confirm:
			if r.Accept {
				v.Phones = slices.Insert(v.Phones, 0, phonelink.Phone{Device: r.Device, Name: "Fairphone", Presence: phonelink.Linked, Battery: -1, Signal: -1, Can: phonelink.CanHandOff})
			}
			v.Pairing = &phonelink.Pairing{Until: v.Pairing.Until, QR: v.Pairing.QR}
		case phonelink.Unpair:
			v.Phones = slices.DeleteFunc(v.Phones, func(p phonelink.Phone) bool { return p.Device == r.Device })
		case phonelink.SetProfile:
			v.Profile = r.Profile
		case phonelink.Unlock:
			v.Locked = r.PIN != "2468"
		}
	})
}

// ask is a candidate at the open pairing screen.
func (l *link) ask(c phonelink.Candidate) {
	l.change(func(v *phonelink.View) {
		p := *v.Pairing
		p.Tries = append(slices.Clone(p.Tries), c)
		v.Pairing = &p
	})
}

package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/restrict"
	"tandem/hmi/screen"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// Bounds of the requests that are on their way to the phone link.
const (
	maxTells   = 16
	tellWithin = 30 * time.Second // a person at the other end may have to answer
)

// teller takes requests to the phone link, each in a goroutine of its own: they
// are few, and none depends on another.
type teller struct {
	link phonelink.Service
	wake func() // called when an outcome is there

	mu     sync.Mutex // guards what follows
	ctx    context.Context
	under  int
	ended  []told
	closed bool
	wg     sync.WaitGroup
}

// told is how a request ended.
type told struct {
	request phonelink.Request
	err     error
}

// open lets requests through until ctx ends.
func (t *teller) open(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx = ctx
}

// close lets no further request through and waits for those under way.
func (t *teller) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wg.Wait()
}

// tell takes a request; false when too many are on their way or nobody takes
// them.
func (t *teller) tell(r phonelink.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.link == nil || t.closed || t.ctx == nil || t.under >= maxTells {
		return false
	}
	t.under++
	ctx := t.ctx
	t.wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, tellWithin)
		defer cancel()
		err := t.link.Do(ctx, r)
		t.mu.Lock()
		t.under--
		t.ended = append(t.ended, told{r, err})
		t.mu.Unlock()
		t.wake()
	})
	return true
}

// take hands over the outcomes since the last call, appended to dst.
func (t *teller) take(dst []told) []told {
	t.mu.Lock()
	defer t.mu.Unlock()
	dst = append(dst, t.ended...)
	t.ended = t.ended[:0]
	return dst
}

// outcomeText is what to tell a person of a request that ended: nothing where
// the screen shows it anyway.
func outcomeText(w *lang.Words, o told) string {
	var refusal *phonelink.Refusal
	switch {
	case errors.As(o.err, &refusal):
		return w.Phones.Refused(refusal.Code)
	case o.err != nil:
		return w.Phones.RefUncertain
	}
	switch o.request.(type) {
	case phonelink.Ping:
		return w.Remote.Pinged
	case phonelink.Lock:
		return w.Remote.Locked
	case phonelink.Run:
		return w.Remote.Started
	case phonelink.Reply, phonelink.SendMessage, phonelink.SendText, phonelink.SendClipboard:
		return w.Phones.Sent
	}
	return ""
}

// limits is what the restrictions leave of phones.
func limits(r restrict.Restrictions) hmi.Limits {
	return hmi.Limits{Setup: r.Allows(restrict.NoSetup), Texts: r.Allows(restrict.NoTextMessage), Chars: r.StringLimit(), Items: r.ItemLimit()}
}

// requestNeeds is what a request to the phone link needs of the driving
// restrictions. A reply is one tap as long as it is one of the canned ones.
func requestNeeds(w *lang.Words, p *hmi.Phones, r phonelink.Request) restrict.Flags {
	canned := func(text string) restrict.Flags {
		if slices.Contains(w.Phones.Replies[:], text) {
			return 0
		}
		return restrict.NoTextMessage | restrict.NoKeyboard
	}
	switch v := r.(type) {
	case phonelink.OpenPairing, phonelink.RequestPair, phonelink.Unpair, phonelink.SetProfile, phonelink.Unlock, phonelink.Run, phonelink.Lock:
		return restrict.NoSetup
	case phonelink.Confirm:
		if v.Accept {
			return restrict.NoSetup
		}
	case phonelink.Reply:
		return canned(v.Text)
	case phonelink.SendMessage:
		return canned(v.Text)
	case phonelink.Edit:
		switch v.Op.Act.(type) {
		case phonelink.SetText:
			return restrict.NoTextMessage | restrict.NoKeyboard
		case phonelink.Dispatch: // nobody can have read what is sent
			return restrict.NoTextMessage
		}
	case phonelink.Take, phonelink.TakeBack, phonelink.Accept, phonelink.Copy:
		return parkedNeeds(p, r)
	}
	return 0
}

// parkedNeeds is what a request needs that goes on with something here.
func parkedNeeds(p *hmi.Phones, r phonelink.Request) restrict.Flags {
	if p == nil {
		return 0
	}
	for i := range p.Things {
		if p.Things[i].Yes == r && p.Things[i].Parked {
			return restrict.NoSetup
		}
	}
	for i := range p.Work {
		if p.Work[i].Yes == r && p.Work[i].Parked {
			return restrict.NoSetup
		}
	}
	return 0
}

// tellPhones shows how requests to the phone link ended and, where no card
// shows it, that a phone offers something or rings.
func (s *Shell) tellPhones() {
	w := s.stage.kit.Format.Words
	s.answered = s.teller.take(s.answered[:0])
	for _, o := range s.answered {
		if o.err != nil {
			s.log.Info("phone request not done", "request", fmt.Sprintf("%T", o.request), "error", o.err)
		}
		if text := outcomeText(w, o); text != "" {
			s.mention(text)
		}
		if _, open := o.request.(phonelink.OpenPairing); open && o.err != nil && s.pairing.on {
			s.do(hmi.Back{}) // why was told
		}
	}
	if s.heeded == s.model.Phones {
		return
	}
	s.heeded = s.model.Phones
	s.tellTroubles(w)
	now := map[string]bool{}
	for i := range s.heeded.Things {
		t := &s.heeded.Things[i]
		if t.Do > hmi.Offered {
			break
		}
		now[t.Key()] = true
		if s.offered[t.Key()] || !s.started || s.state.Screen == hmi.Home {
			continue
		}
		word := w.Phones.Offer
		if t.Do == hmi.Ringing {
			word = w.Phones.Ringing
		}
		s.mention(word + ": " + screen.ThingTitle(s.stage.kit.Format, t))
		s.carded = s.waiting == ""
	}
	s.offered = now
}

// tellTroubles shows once what of a part of the link does not work; what keeps
// all of it from working is on its screens.
func (s *Shell) tellTroubles(w *lang.Words) {
	for _, c := range s.heeded.Troubles {
		if c.Partial() && !slices.Contains(s.hurts, c) {
			s.mention(w.Phones.Trouble(c))
		}
	}
	s.hurts = s.heeded.Troubles
}

// mention shows a message that a warning of the car comes before.
func (s *Shell) mention(text string) {
	if s.urgent && !s.toastEnd.IsZero() {
		s.waiting = text
		return
	}
	s.show(widget.IconInfo, text)
}

// say warns for a few seconds.
func (s *Shell) say(text string) { s.show(widget.IconWarning, text) }

// show shows a message for a few seconds.
func (s *Shell) show(glyph widget.IconName, text string) {
	s.urgent, s.waiting, s.carded = false, "", false
	s.stage.toast.Mark(glyph)
	s.stage.toast.Say(text)
	s.toastEnd = s.now.Add(s.stage.kit.Theme.Toast)
	s.driver.Wake()
}

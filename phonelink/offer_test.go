package phonelink_test

import (
	"testing"
	"time"

	"tandem/phonelink"
)

func (w *world) offers(d phonelink.Device) []phonelink.Offer {
	return w.dev[d].s.Offers(phonelink.Now{Wall: epochTime.Add(w.now), Mono: w.now})
}

// TestOfferReturned wants a session of a phone that is out of reach: it is offered
// when the phone is back, once, for some minutes.
func TestOfferReturned(t *testing.T) {
	for name, c := range map[string]struct {
		away time.Duration
		say  func(id phonelink.SessionID) phonelink.Request // nil: nothing
		want bool                                           // offered
		here bool
	}{
		"yes":      {time.Minute, func(id phonelink.SessionID) phonelink.Request { return phonelink.Accept{Session: id} }, true, true},
		"no":       {time.Minute, func(id phonelink.SessionID) phonelink.Request { return phonelink.Decline{Session: id} }, true, false},
		"taken":    {time.Minute, func(id phonelink.SessionID) phonelink.Request { return phonelink.Take{Session: id} }, true, true},
		"nothing":  {time.Minute, nil, true, false},
		"too late": {phonelink.TakeBackWithin + time.Second, nil, false, false},
	} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		x := song()
		w.ask("phone", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		w.link("car", "phone", false)
		w.ask("car", 2, phonelink.Take{Session: x.ID})
		if got := w.dev["car"].refused[2]; got != phonelink.RefusedAbsent || len(w.offers("car")) != 0 {
			t.Fatalf("%s: refused %q, offers %v", name, got, w.offers("car"))
		}
		w.run(c.away)
		w.dev["car"].other = nil
		w.link("car", "phone", true)
		offers := w.offers("car")
		if got := len(offers) == 1 && offers[0].Why == phonelink.OfferReturned && offers[0].From == "phone" && offers[0].Session.ID == x.ID; got != c.want {
			t.Errorf("%s: offers %+v", name, offers)
		}
		if c.want && !changed(w, "car") {
			t.Errorf("%s: nobody is told of the offer", name)
		}
		if c.say != nil {
			w.ask("car", 3, c.say(x.ID))
			if len(w.offers("car")) != 0 {
				t.Errorf("%s: offered still: %v", name, w.offers("car"))
			}
		}
		w.run(phonelink.TakeBackWithin)
		if got := w.view("car", x.ID).Local; got != c.here || len(w.offers("car")) != 0 || w.dev["car"].refused[3] != "" {
			t.Errorf("%s: the car has it: %v, refused %q, offers %v", name, got, w.dev["car"].refused[3], w.offers("car"))
		}
		w.link("car", "phone", false)
		if w.link("car", "phone", true); len(w.offers("car")) != 0 {
			t.Errorf("%s: offered again: %v", name, w.offers("car"))
		}
	}
}

func changed(w *world, d phonelink.Device) bool {
	for _, f := range w.dev[d].other {
		if _, ok := f.(phonelink.Changed); ok {
			return true
		}
	}
	return false
}

// TestOfferCollision changes a draft on both sides so that it becomes two: who
// wrote the second is offered that.
func TestOfferCollision(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"}, phonelink.Config{Self: "tablet"})
	id := phonelink.SessionID{7}
	write := func(d phonelink.Device, tag uint64, text string) {
		w.ask(d, tag, phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: text}}})
	}
	w.ask("car", 1, phonelink.Open{Session: phonelink.Session{ID: id, Kind: phonelink.Draft, Profile: "ana", Doc: &phonelink.DraftDoc{Text: "see you"}}})
	w.run(time.Second)
	w.link("car", "phone", false)
	w.link("phone", "tablet", false)
	write("car", 2, "see me")
	write("phone", 3, "see us")
	w.run(time.Second)
	w.link("car", "phone", true)
	w.run(time.Second)
	for d, want := range map[phonelink.Device]int{"car": 0, "tablet": 0, "phone": 1} {
		if got := w.offers(d); len(got) != want {
			t.Fatalf("%s: %d offers, want %d", d, len(got), want)
		}
	}
	o := w.offers("phone")[0]
	if o.Why != phonelink.OfferCollision || o.From != "car" || !o.Session.Copy || o.Session.Doc.(*phonelink.DraftDoc).Text != "see us" {
		t.Errorf("got %+v", o)
	}
	w.ask("phone", 4, phonelink.Accept{Session: o.Session.ID})
	w.run(time.Second)
	if v := w.view("phone", o.Session.ID); !v.Local || len(w.offers("phone")) != 0 {
		t.Errorf("accepted: local %v, offers %v", v.Local, w.offers("phone"))
	}
}

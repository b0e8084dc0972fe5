package phonelink_test

import (
	"testing"
	"time"

	"tandem/phonelink"
)

// memory is a song that is never on disk.
func memory() phonelink.Session {
	x := song()
	x.Privacy = phonelink.Ephemeral
	return x
}

// star is a phone that has opened x, and a tablet that knows of it through the
// car alone.
func star(t *testing.T, x phonelink.Session) *world {
	w := newWorld(t, phonelink.Config{Self: "car", Relay: true}, phonelink.Config{Self: "phone"}, phonelink.Config{Self: "tablet"})
	w.link("phone", "tablet", false)
	other := song()
	other.ID = phonelink.SessionID{2}
	w.ask("car", 1, phonelink.Open{Session: other})
	w.ask("phone", 2, phonelink.Open{Session: x})
	w.run(5 * time.Second)
	if v := w.view("tablet", x.ID); v.Owner() != "phone" {
		t.Fatalf("the tablet was not told: %+v", v)
	}
	return w
}

// holds takes the messages that are of type M and on their way to the device
// out of the mail.
func holds[M phonelink.Msg](w *world, to phonelink.Device) (held []mail) {
	rest := w.mail[:0:0]
	for _, x := range w.mail {
		m, err := phonelink.DecodeMessage(x.m)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, is := m.(M); is && x.to == to {
			held = append(held, x)
		} else {
			rest = append(rest, x)
		}
	}
	w.mail = rest
	return held
}

// TestAskedInNewLife has owner and car forget a session that the tablet still
// changes. The car asks for it; the tablet learns only after that in which life
// it asked, and what it told is lost: it tells again, and hears that all is over.
func TestAskedInNewLife(t *testing.T) {
	x := memory()
	w := star(t, x)
	w.link("car", "phone", false)
	w.link("car", "tablet", false)
	w.crash("phone")
	w.crash("car")
	w.ask("tablet", 3, phonelink.Edit{Session: x.ID, Op: phonelink.Op{Act: phonelink.Seek{}}})
	w.cut = map[[2]phonelink.Device]bool{{"phone", "tablet"}: true, {"tablet", "phone"}: true}
	for _, d := range []phonelink.Device{"phone", "car", "tablet"} {
		w.meet(d)
	}
	late := holds[phonelink.DigestMsg](w, "tablet")
	if len(late) == 0 {
		t.Fatal("the car compares nothing")
	}
	for lost := 0; lost == 0; {
		if len(w.mail) == 0 {
			t.Fatal("the tablet tells the car nothing")
		}
		w.step()
		lost = len(holds[phonelink.StateMsg](w, "car"))
	}
	w.mail = append(w.mail, late...)
	w.run(5 * time.Second)
	if got := w.dev["tablet"].refused[3]; got != phonelink.RefusedUnknown {
		t.Errorf("the tablet's change: refused %q, done %v; want %q", got, w.dev["tablet"].done, phonelink.RefusedUnknown)
	}
}

// TestGoneAndHave has an acknowledgement of the state before arrive when the
// owner has said that it is gone: it is none of the end.
func TestGoneAndHave(t *testing.T) {
	x := memory()
	w := star(t, x)
	v := w.view("tablet", x.ID)
	w.crash("phone")
	for len(w.mail) > 0 && w.view("car", x.ID).ID == x.ID {
		w.step()
	}
	w.on("car", phonelink.Received{From: "tablet", Message: phonelink.HaveMsg{Mark: phonelink.Mark{ID: x.ID, Epoch: v.Rev.Epoch, Seq: v.Rev.Seq}, Boot: 1}})
	w.run(5 * time.Second)
	if v := w.view("tablet", x.ID); v.ID == x.ID {
		t.Errorf("the tablet believes that it goes on at %v", v.Owner())
	}
}

// TestGoneToOthers has a third device believe the owner before, when the owner
// has forgotten all: whoever hears that it is gone tells the others.
func TestGoneToOthers(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"}, phonelink.Config{Self: "tablet"})
	x := memory()
	w.ask("tablet", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	w.link("car", "phone", false)
	w.link("car", "tablet", false)
	w.ask("phone", 2, phonelink.Take{Session: x.ID})
	w.run(time.Second)
	w.link("car", "tablet", true)
	w.run(time.Second)
	w.crash("phone")
	w.run(3 * time.Second)
	for d := range w.dev {
		if v := w.view(d, x.ID); v.ID == x.ID {
			t.Errorf("the %s believes that it goes on at %v", d, v.Owner())
		}
	}
}

// TestDigestOfOne asks a device of an epoch of its own that is past: it says
// what came after it, though another owns that.
func TestDigestOfOne(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"}, phonelink.Config{Self: "tablet"})
	x := song()
	w.ask("phone", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	w.ask("car", 2, phonelink.Take{Session: x.ID})
	w.run(time.Second)
	w.seen = nil
	w.on("phone", phonelink.Received{From: "tablet", Message: phonelink.DigestMsg{Sync: 1 << 32,
		Marks: []phonelink.Mark{{ID: x.ID, Epoch: phonelink.Epoch{N: 1, Device: "phone"}, Seq: 1}}}})
	for _, m := range w.seen {
		if s, ok := m.(phonelink.StateMsg); ok && s.State.Owner() == "car" {
			return
		}
	}
	t.Errorf("the phone answers %v", w.seen)
}

// TestLateOffer brings an offer of an epoch that is past to a device that has
// forgotten all since: it learns whose the session is when it says READY, or
// when it gives the offer up.
func TestLateOffer(t *testing.T) {
	for name, first := range map[string]bool{"ready": false, "given up": true} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone", AskFirst: first})
		x := memory()
		w.ask("car", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		w.seen = nil
		w.ask("car", 2, phonelink.Send{Session: x.ID, To: "phone"})
		w.run(time.Second)
		if first {
			w.ask("phone", 3, phonelink.Accept{Session: x.ID})
			w.run(time.Second)
		}
		offer := w.seen[0].(phonelink.OfferMsg)
		w.crash("phone")
		w.run(time.Second)
		w.on("phone", phonelink.Received{From: "car", Message: offer})
		holds[phonelink.HaveMsg](w, "car")
		w.run(3 * time.Minute)
		if v := w.view("phone", x.ID); v.ID == x.ID {
			t.Errorf("%s: the phone believes that it goes on at %v", name, v.Owner())
		}
	}
}

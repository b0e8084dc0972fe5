package phonelink_test

import (
	"slices"
	"testing"
	"time"

	"tandem/phonelink"
)

// drops takes all messages of type M that are on their way out of the mail, in
// every step, until stop reports true.
func drops[M phonelink.Msg](w *world, stop func() bool) {
	for i := 0; !stop(); i++ {
		if i > 1000 || len(w.mail) == 0 {
			w.t.Fatalf("it never comes to that; %d messages on their way", len(w.mail))
		}
		w.step()
		for d := range w.dev {
			holds[M](w, d)
		}
	}
}

func place() phonelink.Session {
	return phonelink.Session{ID: phonelink.SessionID{3}, Kind: phonelink.Navigation, Profile: "ana", Title: "home",
		Doc: &phonelink.NavigationDoc{Destination: phonelink.Place{ID: "home"}, Active: true}}
}

// TestTakeBeforeDone wants a session back when the hand-off away is committed
// and DONE has not come: it waits until it is known whose the session is.
func TestTakeBeforeDone(t *testing.T) {
	for name, tc := range map[string]struct {
		x      phonelink.Session
		r      func(id phonelink.SessionID) phonelink.Request
		lost   bool // the receiver, for ever, with COMMIT
		want   phonelink.RefusalCode
		within time.Duration
	}{
		"take back":                       {x: song(), within: time.Second},
		"take":                            {x: song(), within: time.Second, r: func(id phonelink.SessionID) phonelink.Request { return phonelink.Take{Session: id} }},
		"take back a route":               {x: place(), within: time.Second},
		"receiver lost: the lease ends":   {x: song(), lost: true, within: 6 * time.Second},
		"receiver lost: there is no heir": {x: place(), lost: true, want: phonelink.RefusedAbsent, within: 12 * time.Second},
	} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		w.ask("phone", 1, phonelink.Open{Session: tc.x})
		w.run(time.Second)
		w.ask("car", 2, phonelink.Take{Session: tc.x.ID})
		if tc.lost {
			drops[phonelink.CommitMsg](w, func() bool { return w.view("phone", tc.x.ID).Handoff == phonelink.Moving })
			w.link("car", "phone", false)
		} else {
			drops[phonelink.DoneMsg](w, func() bool { return w.view("car", tc.x.ID).Local })
		}
		if v := w.view("phone", tc.x.ID); v.Local || v.Handoff != phonelink.Moving {
			t.Fatalf("%s: got local %v, %v; want a hand-off that is committed and not done", name, v.Local, v.Handoff)
		}
		var r phonelink.Request = phonelink.TakeBack{Session: tc.x.ID}
		if tc.r != nil {
			r = tc.r(tc.x.ID)
		}
		w.ask("phone", 3, r)
		w.run(tc.within)
		got := w.dev["phone"].refused[3]
		if done := slices.Contains(w.dev["phone"].done, 3); got != tc.want || done != (tc.want == "") {
			t.Errorf("%s: refused %q, done %v; want refused %q", name, got, done, tc.want)
		}
		if v := w.view("phone", tc.x.ID); v.Local != (tc.want == "") {
			t.Errorf("%s: the phone has it: %v", name, v.Local)
		}
	}
}

// TestTakeFollows asks an owner that has just committed the session to another
// device, and one that has handed it over unnoticed: whoever asks learns whose
// it is, and asks there.
func TestTakeFollows(t *testing.T) {
	for name, settled := range map[string]bool{"committed": false, "handed over": true} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"}, phonelink.Config{Self: "tablet"})
		x := song()
		w.ask("phone", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		w.ask("car", 2, phonelink.Take{Session: x.ID})
		if settled {
			for w.view("phone", x.ID).TakeBack.IsZero() {
				w.step()
				holds[phonelink.StateMsg](w, "tablet")
			}
		} else {
			drops[phonelink.CommitMsg](w, func() bool { return w.view("phone", x.ID).Handoff == phonelink.Moving })
		}
		if v := w.view("tablet", x.ID); v.Owner() != "phone" {
			t.Fatalf("%s: the tablet takes %q for the owner", name, v.Owner())
		}
		w.ask("tablet", 3, phonelink.Take{Session: x.ID})
		w.run(3 * time.Second)
		if d := w.dev["tablet"]; !slices.Contains(d.done, 3) || !w.view("tablet", x.ID).Local || !d.shown[x.ID] {
			t.Errorf("%s: refused %q, owner %q; want the tablet's", name, d.refused[3], w.view("tablet", x.ID).Owner())
		}
		if !slices.Contains(w.dev["car"].done, 2) {
			t.Errorf("%s: the car's own taking was not answered", name)
		}
	}
}

// TestTakeMeetsSend has one side take what the other sends at that moment.
func TestTakeMeetsSend(t *testing.T) {
	for name, c := range map[string]phonelink.Config{"asks nobody": {Self: "car"}, "asks first": {Self: "car", AskFirst: true}} {
		w := newWorld(t, c, phonelink.Config{Self: "phone"})
		x := song()
		w.ask("phone", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		w.ask("phone", 2, phonelink.Send{Session: x.ID, To: "car"})
		w.ask("car", 3, phonelink.Take{Session: x.ID})
		w.run(time.Second)
		if p, q := w.dev["phone"], w.dev["car"]; !slices.Contains(p.done, 2) || !slices.Contains(q.done, 3) || !w.view("car", x.ID).Local {
			t.Errorf("%s: sent %v %v, taken %v %v; want both done", name, p.done, p.refused, q.done, q.refused)
		}
	}
}

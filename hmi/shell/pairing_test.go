package shell_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/shell"
	"tandem/phonelink"
)

// Pairing: only while parked, both compare a code, and the window is closed
// when the screen is left or the car sets off.
func TestPairing(t *testing.T) {
	withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
		r.tap("Phone")
		r.settle()
		r.tap("Pair a phone")
		r.settle()
		l.got(phonelink.OpenPairing{})
		r.want(`text "Closes in 1:59"`, `text "Scan with Tandem"`)
		time.Sleep(10 * time.Second)
		r.want(`text "Closes in 1:50"`)
		l.ask(phonelink.Candidate{Device: "tdnew", Name: "Fairphone", Code: "482913"})
		r.settle()
		r.want(`text "482 913" 72`, `text "Fairphone"`)
		r.ui.save(t, "live-pairing")
		r.tap("The same")
		r.settle()
		l.got(phonelink.Confirm{Device: "tdnew", Accept: true}, phonelink.ClosePairing{})
		r.want(`text "Paired with Fairphone"`, `control "Fairphone" on`, `control "Phones" on`)
		r.tap("Pair a phone")
		r.settle()
		l.got(phonelink.OpenPairing{})
		r.drive()
		l.got(phonelink.ClosePairing{})
		r.want(`control "Pair a phone" disabled`, "Pairing ended: the car is not parked any more.")
		r.tap("Pair a phone")
		r.do(func() {
			r.s.DoForTest(hmi.ShowPart{Part: hmi.PartPairing})
			r.s.DoForTest(hmi.Tell{Request: phonelink.OpenPairing{}})
			r.s.DoForTest(hmi.Tell{Request: phonelink.Confirm{Device: "tdnew", Accept: true}})
			r.s.DoForTest(hmi.Tell{Request: phonelink.Unpair{Device: "tdnew"}})
			r.s.DoForTest(hmi.Tell{Request: phonelink.SetProfile{Profile: phonelink.Guest}})
			r.s.DoForTest(hmi.Tell{Request: phonelink.Unlock{PIN: "1"}})
		})
		r.settle()
		l.got()
	})
}

// However the window of the pairing screen ends, the screen goes back to where
// it can be opened again and says which end it was; what is only late does not
// count as an end.
func TestPairingEnds(t *testing.T) {
	phone := phonelink.Phone{Device: "tdnew", Name: "Fairphone", Presence: phonelink.Connecting, Battery: -1, Signal: -1}
	ask := phonelink.Candidate{Device: "tdnew", Name: "Fairphone", Code: "482913"}
	shut := func(v *phonelink.View) { v.Pairing = nil }
	for _, c := range []struct {
		name string
		do   func(r *rig, l *link)
		says string // "": the screen stays
	}{
		{"time is over", func(r *rig, l *link) { time.Sleep(121 * time.Second) }, "The time to pair is over."},
		{"closed there", func(r *rig, l *link) { l.change(shut) }, "Pairing has ended."},
		{"moving", func(r *rig, l *link) { r.drive() }, "Pairing ended: the car is not parked any more."},
		{"paired by the code", func(r *rig, l *link) {
			l.change(func(v *phonelink.View) { v.Pairing, v.Phones = nil, append(v.Phones, phone) })
		}, "Paired with Fairphone"},
		{"window closes before the phone is there", func(r *rig, l *link) {
			l.ask(ask)
			r.settle()
			l.change(shut)
			time.Sleep(600 * time.Millisecond)
			r.want("One moment")
			l.change(func(v *phonelink.View) { v.Phones = append(v.Phones, phone) })
		}, "Paired with Fairphone"},
		{"a phone that was paired is paired again", func(r *rig, l *link) {
			l.ask(phonelink.Candidate{Device: anas, Name: "Anas Telefon", Code: "482913"})
			r.settle()
			l.change(shut)
		}, "Paired with Anas Telefon"},
		{"closed while one asks", func(r *rig, l *link) {
			l.ask(ask)
			r.settle()
			l.change(shut)
		}, "Not paired with Fairphone"},
		{"closed and open again", func(r *rig, l *link) {
			open := l.view.Pairing
			l.change(shut)
			time.Sleep(600 * time.Millisecond)
			l.change(func(v *phonelink.View) { v.Pairing = open })
		}, ""},
	} {
		withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
			r.tap("Phone")
			r.settle()
			r.tap("Pair a phone")
			r.settle()
			c.do(r, l)
			time.Sleep(3 * time.Second)
			if c.says == "" {
				r.want(`text "Scan with Tandem"`)
				return
			}
			t.Log(c.name)
			r.want(c.says, `control "Pair a phone"`, `control "Phones" on`)
			if all := l.requests(); !slices.Contains(all, phonelink.Request(phonelink.ClosePairing{})) {
				t.Errorf("%s: requests %v, want the window closed", c.name, all)
			}
		})
	}
}

// Who goes without being paired is said, and the next one may come.
func TestPairingRefusedThere(t *testing.T) {
	withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
		r.tap("Phone")
		r.settle()
		r.tap("Pair a phone")
		r.settle()
		l.ask(phonelink.Candidate{Device: "tdnew", Name: "Fairphone", Code: "482913"})
		r.settle()
		l.change(func(v *phonelink.View) {
			v.Pairing = &phonelink.Pairing{Until: v.Pairing.Until, QR: v.Pairing.QR}
		})
		time.Sleep(3 * time.Second)
		r.want("Not paired with Fairphone", `text "Scan with Tandem"`)
	})
}

// lateLink is a phone link that opens the pairing screen late, or never.
type lateLink struct {
	*link
	no error
}

func (s lateLink) Do(ctx context.Context, r phonelink.Request) error {
	if _, open := r.(phonelink.OpenPairing); open {
		time.Sleep(2 * time.Second)
		if s.no != nil {
			return s.no
		}
	}
	return s.link.Do(ctx, r)
}

// Until the window is there nothing is said of a code; if it never comes, why.
func TestPairingOpens(t *testing.T) {
	for _, no := range []error{nil, &phonelink.Refusal{Code: phonelink.RefusedProfile}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLink(t, shell.Calm)
			r := start(t, shell.Asked, func(c *shell.Config) { c.Phones = lateLink{l, no} })
			defer r.stop()
			r.tap("Phone")
			r.settle()
			r.tap("Pair a phone")
			r.settle()
			r.want("One moment")
			r.wantNot("code")
			time.Sleep(3 * time.Second)
			if no == nil {
				r.want(`text "Scan with Tandem"`)
				return
			}
			r.want("Not in this profile, or it is locked.", `control "Phones" on`)
		})
	}
}

// What a part of the link cannot do is told once, and by those it concerns; the
// rest works.
func TestPartialTrouble(t *testing.T) {
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		const says = "Phones with KDE Connect cannot be reached."
		l.change(func(v *phonelink.View) {
			v.Trouble, v.Troubles = "Other phones cannot be reached: x", []phonelink.TroubleCode{phonelink.TroubleOthers}
		})
		r.settle()
		r.want(says, `control "Continue"`)
		r.tap("Phone")
		time.Sleep(10 * time.Second)
		r.want(`control "Bens Galaxy"`)
		r.wantNot(says, "Phone link does not work")
		r.tap("Bens Galaxy")
		r.settle()
		r.want(says)
	})
}

// Every trouble and hint that has a code has its words in every language.
func TestTroubleWords(t *testing.T) {
	codes := []phonelink.TroubleCode{phonelink.TroubleDisk, phonelink.TroubleProfile, phonelink.TroubleSilent, phonelink.TroubleDamaged, phonelink.TroubleOthers}
	for _, tag := range hmi.Choices("language") {
		seen := map[string]bool{"": true}
		for _, c := range codes {
			s := lang.For(tag).Phones.Trouble(c)
			if seen[s] {
				t.Errorf("%s %s: %q is empty or another's", tag, c, s)
			}
			seen[s] = true
		}
	}
	if lang.For("en").Phones.Trouble("new one") != "" {
		t.Error("a code that is not known has words")
	}
}

// The phone's hints are in the language of the screen; one without a code is
// shown as it came.
func TestHints(t *testing.T) {
	withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
		hint := func(text string, codes ...phonelink.HintCode) {
			l.change(func(v *phonelink.View) { v.Phones[1].Hint, v.Phones[1].Hints = text, codes })
			r.settle()
		}
		r.tap("Phone")
		r.settle()
		r.tap("Bens Galaxy")
		hint("English words", phonelink.HintForeground)
		r.want("Keep KDE Connect open")
		r.wantNot("English words", "If the link drops")
		hint("English words", phonelink.HintBattery)
		r.want("If the link drops: exempt KDE Connect")
		hint("English words")
		r.want("English words")
	})
}

// A destination without a name is its coordinates, on the card and in a word.
func TestNamelessDestination(t *testing.T) {
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		o := shell.Offers.View(time.Now()).Offers[0]
		o.Session.Title = "48.13720, 11.57560"
		o.Session.Doc = &phonelink.NavigationDoc{Destination: phonelink.Place{Latitude: 48.1372, Longitude: 11.5756}}
		r.tap("Vehicle")
		r.settle()
		l.change(func(v *phonelink.View) { v.Offers = []phonelink.Offer{o} })
		r.settle()
		r.want(`text "Offer: 48.137° N 11.576° E"`)
		r.tap("Home")
		r.settle()
		r.wantNot("Offer: ") // the card says it, and its buttons are free
		r.want(`text "48.137° N 11.576° E"`, `text "Destination · sent by Bens Galaxy"`)
	})
}

// What can be done comes before what waits until the car is parked, which the
// status bar does not invite to. A draft is known by its words, when they may be
// read.
func TestDoableFirst(t *testing.T) {
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		l.change(func(v *phonelink.View) {
			from := phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: anas}}
			draft := phonelink.SessionView{Session: phonelink.Session{Kind: phonelink.Draft, Rev: from, Doc: &phonelink.DraftDoc{Text: "Bin gleich da"}, Needs: phonelink.NeedsKeyboard}, OnPhone: anas}
			v.Sessions = append(v.Sessions, draft)
		})
		r.settle()
		r.want(`text "Message draft"`, `control "Continue" disabled`)
		r.wantNot(`text "Continue" 24 a9b4c2 8`, "gleich") // of the status bar
		l.change(func(v *phonelink.View) {
			v.Sessions = append(v.Sessions, shell.Busy.View(time.Now()).Sessions...)
		})
		r.settle()
		r.want(`text "Am Wasser entlang"`, `text "Werkstatt Lindner"`)
		r.wantNot(`text "Message draft"`)
		r.park()
		r.want(`text "Bin gleich da"`)
	})
}

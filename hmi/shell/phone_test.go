package shell_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi"
	"tandem/hmi/lang"
	"tandem/hmi/shell"
	"tandem/phonelink"
	"tandem/vehicle"
)

// withLink runs a test with a shell on a scripted phone link.
func withLink(t *testing.T, mood shell.Mood, cond shell.Link, f func(r *rig, l *link), change ...func(*shell.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, cond)
		r := start(t, mood, append([]func(*shell.Config){func(c *shell.Config) { c.Phones = l }}, change...)...)
		defer l.wg.Wait()
		defer r.stop()
		f(r, l)
	})
}

func (r *rig) drive() {
	r.car.report(0, values{vehicle.Speed: vehicle.NumberOf(50), vehicle.CurrentGear: vehicle.NumberOf(1)})
	r.settle()
}

func (r *rig) park() {
	r.car.report(0, values{vehicle.Speed: vehicle.NumberOf(0), vehicle.CurrentGear: vehicle.NumberOf(vehicle.GearPark)})
	r.settle()
}

const anas phonelink.Device = "tdanas"

// What plays on the phone is taken with one tap, its way here is shown, then
// it can be sent and taken back.
func TestContinueHereAndBack(t *testing.T) {
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		id := l.view.Sessions[0].ID
		r.want(`text "Am Wasser entlang"`, `text "Die Uferlosen · on Anas Telefon"`)
		r.tap("Continue")
		time.Sleep(100 * time.Millisecond)
		r.want(`text "Coming from Anas Telefon"`)
		l.got(phonelink.Take{Session: id})
		r.settle()
		r.tap("Media")
		r.settle()
		r.want(`text "This car · Tandem Player"`, `control "Send to Anas Telefon"`)
		r.tap("Send to Anas Telefon")
		l.got(phonelink.Send{Session: id, To: anas})
		time.Sleep(time.Second)
		r.tap("Home")
		r.settle()
		r.want(`text "now on Anas Telefon"`, `control "Take back"`)
		r.tap("Take back")
		l.got(phonelink.TakeBack{Session: id})
		time.Sleep(time.Second)
		r.tap("Media")
		r.settle()
		r.want(`text "This car · Tandem Player"`)
	})
}

// The right to take back ends by the clock, even if nobody says so.
func TestTakeBackEnds(t *testing.T) {
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		l.change(func(v *phonelink.View) {
			s := shell.Moving.View(time.Now()).Sessions[2]
			s.TakeBack = time.Now().Add(3 * time.Second)
			v.Sessions = append(v.Sessions, s)
		})
		r.settle()
		r.want(`control "Take back"`)
		time.Sleep(4 * time.Second)
		r.wantNot(`control "Take back"`)
		r.want(`control "Continue"`)
	})
}

// An offer is a card on the first screen and a word elsewhere; a warning of the
// car comes before the word.
func TestOffers(t *testing.T) {
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		r.tap("Vehicle")
		r.settle()
		r.car.report(0, values{vehicle.ABSIsError: vehicle.BoolOf(true)})
		r.settle()
		offers := shell.Offers.View(time.Now()).Offers
		l.change(func(v *phonelink.View) { v.Offers = offers })
		r.settle()
		r.want(`text "ABS does not work. Brake early and gently."`)
		time.Sleep(6 * time.Second)
		r.want(`text "Offer: Am Wasser entlang"`)
		r.tap("Home")
		r.settle()
		r.want(`text "Café am Rosengarten"`, `text "sent by Bens Galaxy"`)
		r.tap("Accept")
		r.settle()
		l.got(phonelink.Accept{Session: offers[0].Session.ID})
		r.want(`text "go on from Anas Telefon?"`)
		r.tap("Not now")
		r.settle()
		l.got(phonelink.Decline{Session: offers[1].Session.ID})
		r.wantNot(`control "Accept"`, `control "Not now"`)
	})
}

// Every refusal has its words in every language, and an outcome that is not
// known is said to be so.
func TestRefusals(t *testing.T) {
	codes := []phonelink.RefusalCode{phonelink.RefusedMoving, phonelink.RefusedAbsent, phonelink.RefusedUnknown, phonelink.RefusedOwner, phonelink.RefusedDeclined, phonelink.RefusedMismatch,
		phonelink.RefusedExpired, phonelink.RefusedProfile, phonelink.RefusedPairing, phonelink.RefusedUnsupported, phonelink.RefusedPolicy, "new one"}
	for _, tag := range hmi.Choices("language") {
		seen := map[string]bool{}
		for _, c := range codes {
			s := lang.For(tag).Phones.Refused(c)
			if s == "" || seen[s] {
				t.Errorf("%s %s: %q is empty or another's", tag, c, s)
			}
			seen[s] = true
		}
	}
	for _, c := range []struct {
		err  error
		says string
	}{
		{&phonelink.Refusal{Code: phonelink.RefusedAbsent, Reason: "gone"}, "The phone is not in reach."},
		{errors.New("broken pipe"), "Not confirmed. It may have happened."},
	} {
		withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
			l.no("phonelink.Take", c.err)
			r.tap("Continue")
			r.settle()
			r.want(c.says)
			time.Sleep(6 * time.Second)
			r.wantNot(c.says)
		})
	}
}

// A ringing call is on the first screen, on the dock and where the phone screen
// opens; muting is all that a stock phone allows.
func TestRinging(t *testing.T) {
	withLink(t, shell.Driving, shell.Rings, func(r *rig, l *link) {
		r.want(`text "Clara Hoffmann"`, `text "Ringing · Bens Galaxy"`)
		r.tap("Phone")
		r.settle()
		r.want(`control "Calls" on`, `text "Answer on the phone. From here it can be muted."`)
		r.tap("Mute")
		r.settle()
		l.got(phonelink.MuteRinger{Device: "kde:bens"})
		r.wantNot(`control "Mute"`)
		r.want(`text "Ringing · Muted · Bens Galaxy · `)
	})
}

// While moving the text of a notification is hidden and an answer is one tap;
// anything but the prepared answers is refused.
func TestNotifications(t *testing.T) {
	const body = "Seid ihr schon unterwegs?"
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		r.tap("Phone")
		r.settle()
		r.tap("Notifications")
		r.settle()
		r.tap("Clara Hoffmann")
		r.settle()
		r.want(`text "Its text shows when parked"`, `text "Signal · Bens Galaxy"`)
		r.wantNot(body)
		r.tap("I am driving")
		r.settle()
		l.got(phonelink.Reply{Device: "kde:bens", ID: "2", Text: "I am driving"})
		r.want(`text "Sent"`)
		r.do(func() {
			r.s.DoForTest(hmi.Tell{Request: phonelink.Reply{Device: "kde:bens", ID: "2", Text: "typed"}})
			r.s.DoForTest(hmi.Tell{Request: phonelink.SendMessage{Device: "kde:bens", To: []string{"1"}, Text: "typed"}})
		})
		r.settle()
		l.got()
		r.park()
		r.want(body)
		r.drive()
		r.wantNot(body)
		r.tap("Dismiss")
		r.settle()
		l.got(phonelink.Dismiss{Device: "kde:bens", ID: "2"})
		r.wantNot(`control "Clara Hoffmann"`)
	})
}

func TestMessages(t *testing.T) {
	withLink(t, shell.Asked, shell.Busy, func(r *rig, l *link) {
		l.change(func(v *phonelink.View) {
			v.Threads = append(v.Threads[:1:1], phonelink.Thread{Device: "kde:bens", ID: "9", Names: []string{"Dora"}, Addresses: []string{"7"}})
		})
		r.tap("Phone")
		r.settle()
		r.tap("Messages")
		r.settle()
		r.want(`text "Clara: Bringt ihr Brot mit?"`, `text "You: Machen wir."`)
		r.tap("Dora")
		r.settle()
		l.got(phonelink.ReadThread{Device: "kde:bens", ID: "9"})
		r.tap("On my way")
		r.settle()
		l.got(phonelink.SendMessage{Device: "kde:bens", To: []string{"7"}, Text: "On my way"})
	})
}

func TestUnpairAsksFirst(t *testing.T) {
	withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
		r.tap("Phone")
		r.settle()
		r.tap("Bens Galaxy")
		r.settle()
		r.want(`text "Media: paused there, played here."`, `text "The clipboard comes with a tap there."`, "If the link drops: exempt KDE Connect")
		r.tap("Unpair")
		r.settle()
		l.got()
		r.want(`text "Unpair Bens Galaxy? Its keys are destroyed."`)
		r.tap("Keep")
		r.settle()
		r.wantNot("destroyed")
		r.tap("Unpair")
		r.settle()
		r.tap("Unpair")
		r.settle()
		l.got(phonelink.Unpair{Device: "kde:bens"})
		r.wantNot(`control "Bens Galaxy"`)
	})
}

func TestProfileAndPIN(t *testing.T) {
	withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
		r.tap("Settings")
		r.settle()
		r.tap("Profile")
		r.settle()
		r.tap("Guest")
		r.settle()
		r.want(`control "Guest" on`, "Forgotten at the end")
		r.tap("Driver")
		r.settle()
		l.got(phonelink.SetProfile{Profile: phonelink.Guest}, phonelink.SetProfile{Profile: "owner"})
		l.change(func(v *phonelink.View) { v.Locked = true })
		r.tap("Phone")
		r.settle()
		r.want("Profile is locked")
		for _, d := range []string{"2", "4", "6", "8"} {
			r.tap(d)
		}
		r.want(`text "••••"`)
		r.wantNot(`text "2468"`)
		r.tap("Unlock")
		r.settle()
		l.got(phonelink.Unlock{PIN: "2468"})
		r.wantNot("Profile is locked")
	})
}

// A car without a phone link, or with a broken one, says so, and what to do.
func TestNoPhoneLink(t *testing.T) {
	for _, c := range []struct {
		name string
		with func(c *shell.Config)
		says []string
	}{
		{"none", func(c *shell.Config) { c.Phones = nil }, []string{"No phone link", "Start Tandem with the phone link to use phones."}},
		{"broken", func(c *shell.Config) {}, []string{"Phone link does not work", "Its disk cannot be written.", "restart the system"}},
		{"broken by what has no words", func(c *shell.Config) {
			l := c.Phones.(*link)
			l.change(func(v *phonelink.View) { v.Trouble, v.Troubles = "no network interface to listen on", nil })
		}, []string{"Phone link does not work", "no network interface to listen on", "tried again by itself"}},
	} {
		withLink(t, shell.Driving, shell.Broken, func(r *rig, l *link) {
			for _, screen := range []string{"Media", "Phone"} {
				r.tap(screen)
				r.settle()
				for _, s := range c.says {
					r.want(s)
				}
			}
		}, c.with)
	}
}

// What the phone plays obeys through its player; what is a session obeys
// through its owner.
func TestMediaControls(t *testing.T) {
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		id := l.view.Sessions[0].ID
		edit := func(a phonelink.Action) phonelink.Request {
			return phonelink.Edit{Session: id, Op: phonelink.Op{Act: a}}
		}
		r.tap("Media")
		r.settle()
		r.tap("Pause")
		r.tap("Next")
		r.tap("Lichter von Prien")
		r.settle()
		l.got(edit(phonelink.Play{}), edit(phonelink.Skip{To: "c"}), edit(phonelink.Skip{To: "e"}))
		r.want(`text "Lichter von Prien" 40`, `text "0:00"`)
		r.tap("Sources")
		r.settle()
		r.tap("Folge 212: Wie Brücken schwingen")
		r.settle()
		r.want(`text "on Bens Galaxy · Antennapod"`)
		r.tap("Play")
		r.tap("Previous")
		r.settle()
		control := phonelink.Control{Device: "kde:bens", Player: "Antennapod", Action: "play"}
		back := control
		back.Action = "previous"
		l.got(control, back)
	})
}

// Nothing paused costs a frame; what plays costs one a second at most, and only
// its time and bar; on other screens nothing.
func TestMediaFrames(t *testing.T) {
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		frames := func(wait time.Duration) (frames, pixels int) {
			f0, p0 := r.ui.count()
			time.Sleep(wait)
			f1, p1 := r.ui.count()
			return f1 - f0, p1 - p0
		}
		time.Sleep(2 * time.Second)
		if n, _ := frames(10 * time.Second); n != 0 {
			t.Errorf("home, something plays on the phone: %d frames in 10 s, want 0", n)
		}
		r.tap("Media")
		time.Sleep(2 * time.Second)
		n, px := frames(20 * time.Second)
		if n < 18 || n > 20 || px/n > 12000 {
			t.Errorf("playing: %d frames in 20 s of %d pixels, want one a second of at most 12,000", n, px/max(1, n))
		}
		t.Logf("playing: %d frames of %d pixels", n, px/max(1, n))
		r.tap("Pause")
		time.Sleep(2 * time.Second)
		if n, _ := frames(10 * time.Second); n != 0 {
			t.Errorf("paused: %d frames in 10 s, want 0", n)
		}
	}, func(c *shell.Config) { c.Telltales = nil })
}

// A change of one phone repaints that phone's words, not the screen; a view
// that shows nothing else costs no frame.
func TestPhoneRepaintsWhatChanged(t *testing.T) {
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		r.tap("Phone")
		time.Sleep(2 * time.Second)
		f0, p0 := r.ui.count()
		l.change(func(v *phonelink.View) { v.Phones[1].Battery = 36 })
		r.settle()
		f1, p1 := r.ui.count()
		if f1-f0 != 1 || p1-p0 > 20000 {
			t.Errorf("battery of a phone: %d frames, %d pixels, want 1 of at most 20,000", f1-f0, p1-p0)
		}
		l.change(func(v *phonelink.View) { v.Sessions[0].Rev.Seq++ })
		r.settle()
		if f2, _ := r.ui.count(); f2 != f1 {
			t.Errorf("nothing that shows: %d frames, want 0", f2-f1)
		}
	}, func(c *shell.Config) { c.Telltales = nil })
}

// What asks to be parked is not taken while the car moves.
func TestParkedOnly(t *testing.T) {
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		l.change(func(v *phonelink.View) {
			s := phonelink.SessionView{Session: phonelink.Session{Kind: phonelink.Draft, Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: anas}}, Doc: &phonelink.DraftDoc{Text: "secret words"}, Title: "secret words", Needs: phonelink.NeedsKeyboard}, OnPhone: anas}
			v.Sessions = append(v.Sessions, s)
		})
		r.settle()
		r.want(`text "Message draft"`, `control "Continue" disabled`)
		r.wantNot("secret")
		r.tap("Continue")
		r.do(func() { r.s.DoForTest(hmi.Tell{Request: phonelink.Take{}}) })
		r.settle()
		l.got()
		r.want(`text "Available when parked"`)
		r.park()
		r.want(`text "secret words"`)
		r.tap("Continue")
		r.settle()
		l.got(phonelink.Take{})
	})
}

// Files: the place of the car and a clipboard are sent, a transfer is ended.
func TestFiles(t *testing.T) {
	withLink(t, shell.Asked, shell.Busy, func(r *rig, l *link) {
		r.tap("Phone")
		r.settle()
		r.tap("Files")
		r.settle()
		r.want(`text "56\u00a0% · 3.4\u00a0MB"`, "Ziegelstraße 14")
		r.tap("to Bens Galaxy")
		r.tap("Send place")
		r.tap("Cancel")
		r.settle()
		l.got(phonelink.SendClipboard{Device: "kde:bens", Text: "Ziegelstraße 14, 2. Hof, bei Lindner klingeln"},
			phonelink.SendText{Device: anas, Text: "geo:48.137000,11.575000"}, phonelink.Cancel{Transfer: "t1"})
		r.drive()
		r.wantNot("Ziegelstraße")
		r.want(`text "Shows when parked"`)
	})
}

// silent is a phone link that never answers.
type silent struct{ *link }

func (s silent) Do(ctx context.Context, r phonelink.Request) error {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

// A phone link that never answers gets a bounded number of requests, holds
// nothing up, and what became of them is said to be unknown.
func TestSilentLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, shell.Busy)
		r := start(t, shell.Driving, func(c *shell.Config) { c.Phones = silent{l} })
		defer r.stop()
		for range 40 {
			r.do(func() { r.s.DoForTest(hmi.Tell{Request: phonelink.Ring{Device: anas}}) })
		}
		r.settle()
		if n := len(l.requests()); n != shell.MaxTells {
			t.Errorf("%d requests on their way, want %d", n, shell.MaxTells)
		}
		r.want("Still busy. Please try again.")
		r.tap("Media")
		r.settle()
		r.want(`control "Media" on`)
		time.Sleep(31 * time.Second)
		r.want("Not confirmed. It may have happened.")
	})
}

// The car's own music comes when it has been found, and one tap plays it; with
// no phone link there is nothing that could.
func TestMusic(t *testing.T) {
	var music atomic.Pointer[hmi.Music]
	with := func(c *shell.Config) { c.Music = music.Load }
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		r.tap("Media")
		r.settle()
		r.want("Nothing is playing")
		r.wantNot(`control "Music"`)
		doc := &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "1", Title: "One"}}, Playing: true}
		music.Store(&hmi.Music{Albums: []hmi.Album{{Title: "First", Artist: "Ada", Open: phonelink.Session{Kind: phonelink.Media, Doc: doc}}}})
		time.Sleep(2 * time.Second)
		r.want(`control "Music" on`, `control "Queue" disabled`, `text "Ada"`)
		r.tap("First")
		r.settle()
		all := l.requests()
		if len(all) != 1 || all[0].(phonelink.Open).Session.Doc != doc {
			t.Errorf("requests: got %v, want to open the album", all)
		}
	}, with)
	withLink(t, shell.Driving, shell.Calm, func(r *rig, l *link) {
		r.tap("Media")
		r.settle()
		r.want("No phone link")
		r.wantNot("First")
	}, with, func(c *shell.Config) { c.Phones = nil })
}

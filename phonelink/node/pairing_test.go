package node_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/journal"
	"tandem/phonelink/node"
)

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestPairByDigits(t *testing.T) {
	for _, agree := range []bool{true, false} {
		car, phone := newCar(t, node.Config{}), newPhone(t, "Ana's phone", node.Config{})
		car.must(phonelink.OpenPairing{})
		shown := make(chan string, 1)
		result := make(chan error, 1)
		go func() {
			result <- phone.PairCode(within(t), car.Addr().String(), func(code string) bool { shown <- code; return true })
		}()
		var try phonelink.Candidate
		car.until("a code to compare", func(v *phonelink.View) bool {
			if v.Pairing != nil && len(v.Pairing.Tries) == 1 {
				try = v.Pairing.Tries[0]
			}
			return try.Code != ""
		})
		if code := <-shown; code != try.Code || len(code) != 6 || try.Name != "Ana's phone" || try.Device != phone.Self() {
			t.Errorf("got %s at the phone and %+v at the car", code, try)
		}
		car.must(phonelink.Confirm{Device: phone.Self(), Accept: agree})
		if err := <-result; (err == nil) != agree || !agree && codeOf(err) != phonelink.RefusedPairing {
			t.Errorf("confirmed %v: got %v", agree, err)
		}
		if agree {
			linked(car, phone)
		} else if v := car.view(); len(v.Phones) != 0 {
			t.Errorf("not confirmed: got %d phones", len(v.Phones))
		}
	}
}

// TestPairingNeedsParked: the screen opens only while the car is parked, and
// closes when that ends.
func TestPairingNeedsParked(t *testing.T) {
	car, phone := newCar(t, node.Config{}), newPhone(t, "Ana's phone", node.Config{})
	for _, s := range []string{driving, "- - - - -", "shut on D occupied 0"} {
		car.car.set(t, s)
		car.until("a closed screen", func(v *phonelink.View) bool { return v.Pairing == nil })
		for _, r := range []phonelink.Request{phonelink.OpenPairing{}, phonelink.Confirm{Device: phone.Self(), Accept: true}, phonelink.Unpair{Device: phone.Self()}} {
			if err := eventually(car, r, phonelink.RefusedMoving); err != nil {
				t.Errorf("%s: %T: %v", s, r, err)
			}
		}
	}
	car.car.set(t, parked)
	if err := eventually(car, phonelink.OpenPairing{}, ""); err != nil {
		t.Fatal(err)
	}
	qr := car.until("a code", func(v *phonelink.View) bool { return v.Pairing != nil }).Pairing.QR
	car.car.set(t, driving)
	car.until("a closed screen", func(v *phonelink.View) bool { return v.Pairing == nil })
	if err := phone.PairWith(within(t), qr); err == nil || len(car.view().Phones) > 0 {
		t.Errorf("paired while driving: %v, %d phones", err, len(car.view().Phones))
	}
}

// eventually asks again until the answer is the code, since the car is looked
// at only some times a second.
func eventually(d *device, r phonelink.Request, code phonelink.RefusalCode) error {
	var err error
	for late := time.Now().Add(patience); time.Now().Before(late); {
		if err = d.do(r); codeOf(err) == code && (code != "" || err == nil) {
			return nil
		}
	}
	return errors.Join(errors.New("want "+string(code)), err)
}

// TestCodeWorksOnce: a second phone cannot use the code that a first one used.
func TestCodeWorksOnce(t *testing.T) {
	car := newCar(t, node.Config{})
	one, two := newPhone(t, "One", node.Config{}), newPhone(t, "Two", node.Config{})
	car.must(phonelink.OpenPairing{})
	qr := car.until("a code", func(v *phonelink.View) bool { return v.Pairing != nil }).Pairing.QR
	must(t, one.PairWith(within(t), qr))
	car.until("a closed screen", func(v *phonelink.View) bool { return v.Pairing == nil })
	if err := two.PairWith(within(t), qr); err == nil {
		t.Error("the code was used twice")
	}
	car.must(phonelink.OpenPairing{})
	if err := two.PairWith(within(t), qr); codeOf(err) != phonelink.RefusedPairing {
		t.Errorf("the code of an earlier screen: got %v, want %s", err, phonelink.RefusedPairing)
	}
	for _, text := range []string{"", "https://example.org", "tandem://pair/AAAA"} {
		if err := two.PairWith(within(t), text); codeOf(err) != phonelink.RefusedPairing {
			t.Errorf("%q: got %v, want %s", text, err, phonelink.RefusedPairing)
		}
	}
}

// TestUnpair: the phone is cut off at once, and cannot come back.
func TestUnpair(t *testing.T) {
	car, phone := pairOf(t)
	id := car.open(draft("private"))
	phone.has(id, false)
	car.must(phonelink.Unpair{Device: phone.Self()})
	if v := car.until("no phone", func(v *phonelink.View) bool { return len(v.Phones) == 0 }); find(v, id) != nil {
		t.Error("the last key was destroyed, and what it sealed is there")
	}
	phone.until("no link", func(v *phonelink.View) bool { return presence(v, car.Self()) != phonelink.Linked })
	if err := car.do(phonelink.Unpair{Device: phone.Self()}); codeOf(err) != phonelink.RefusedUnknown {
		t.Errorf("again: got %v, want %s", err, phonelink.RefusedUnknown)
	}
	pair(t, car, phone)
}

// TestProfilesDoNotMix: nothing of one person is to be seen by another.
func TestProfilesDoNotMix(t *testing.T) {
	car := newCar(t, node.Config{Profile: "ana"})
	ana, ben := newPhone(t, "Ana's phone", node.Config{}), newPhone(t, "Ben's phone", node.Config{})
	pair(t, car, ana)
	hers := ana.open(draft("of Ana"))
	car.has(hers, false)

	car.must(phonelink.SetProfile{Profile: "ben"})
	v := car.until("Ben", func(v *phonelink.View) bool { return v.Profile == "ben" })
	if len(v.Phones) != 0 || len(v.Sessions) != 0 {
		t.Errorf("Ben sees %d phones and %d sessions of Ana", len(v.Phones), len(v.Sessions))
	}
	ana.until("no link", func(v *phonelink.View) bool { return presence(v, car.Self()) != phonelink.Linked })
	pair(t, car, ben)
	his := ben.open(draft("of Ben"))
	car.has(his, false)
	if v := car.view(); find(v, hers) != nil {
		t.Error("Ben sees Ana's draft")
	}

	car.must(phonelink.SetProfile{Profile: "ana"})
	car.has(hers, false) // her phone has opened the profile
	if v := car.view(); find(v, his) != nil || len(v.Phones) != 1 {
		t.Errorf("Ana sees Ben's draft or phone: %+v", v.Phones)
	}
}

// TestGuestIsForgotten: a guest has music and ways, and leaves nothing.
func TestGuestIsForgotten(t *testing.T) {
	car := newCar(t, node.Config{Profile: phonelink.Guest})
	phone := newPhone(t, "Guest's phone", node.Config{})
	pair(t, car, phone)
	text := phone.open(draft("private"))
	music := phone.open(song("One"))
	car.has(music, false)
	if find(car.view(), text) != nil {
		t.Error("the guest's draft came to the car")
	}
	if err := car.do(phonelink.Open{Session: draft("x")}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("a draft of a guest: got %v, want %s", err, phonelink.RefusedProfile)
	}
	if _, err := phone.AskCar(within(t), car.Self(), "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature", numberOf(21)); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("a guest's wish: got %v, want %s", err, phonelink.RefusedProfile)
	}
	car.must(phonelink.SetProfile{Profile: node.Owner})
	car.must(phonelink.SetProfile{Profile: phonelink.Guest})
	v := car.until("a guest", func(v *phonelink.View) bool { return v.Profile == phonelink.Guest })
	if len(v.Phones) != 0 || len(v.Sessions) != 0 {
		t.Errorf("the next guest sees %d phones and %d sessions", len(v.Phones), len(v.Sessions))
	}
}

// TestFormerPeerIsNotHeard: what somebody sent who was trusted a moment ago does
// not reach the next person's profile.
func TestFormerPeerIsNotHeard(t *testing.T) {
	car, phone := pairOf(t)
	id := phone.open(draft("of the owner"))
	s := *car.has(id, false)
	car.must(phonelink.SetProfile{Profile: "ben"})
	node.Inject(car.Node, phone.Self(), phonelink.StateMsg{State: phonelink.Replica{Session: s.Session}})
	if v := car.view(); len(v.Sessions) != 0 {
		t.Errorf("got %d sessions of another person", len(v.Sessions))
	}
	car.must(phonelink.SetProfile{Profile: node.Owner})
	car.has(id, false)
}

// TestPIN: it opens a profile whose phone is away.
func TestPIN(t *testing.T) {
	car, phone := pairOf(t)
	id := car.open(draft("private"))
	must(t, car.SetPIN(within(t), "4711"))
	phone.stop()
	car = car.again()
	car.until("a locked profile", func(v *phonelink.View) bool { return v.Locked })
	if err := car.do(phonelink.Unlock{PIN: "4712"}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("a wrong PIN: got %v, want %s", err, phonelink.RefusedProfile)
	}
	if err := eventually(car, phonelink.Unlock{PIN: "4711"}, ""); err != nil {
		t.Fatal(err)
	}
	car.has(id, true)
	car.car.set(t, driving)
	node.WaitForLook(car.Node)
	if err := car.SetPIN(within(t), "0000"); codeOf(err) != phonelink.RefusedMoving {
		t.Errorf("driving: got %v, want %s", err, phonelink.RefusedMoving)
	}
}

func TestValetHasNoLink(t *testing.T) {
	car, phone := pairOf(t)
	id := phone.open(song("One"))
	car.has(id, false)
	car.must(phonelink.SetProfile{Profile: phonelink.Valet})
	v := car.until("a valet", func(v *phonelink.View) bool { return v.Profile == phonelink.Valet })
	if len(v.Phones)+len(v.Sessions) != 0 {
		t.Errorf("got %d phones and %d sessions", len(v.Phones), len(v.Sessions))
	}
	phone.until("no link", func(v *phonelink.View) bool { return presence(v, car.Self()) != phonelink.Linked })
	if err := car.do(phonelink.OpenPairing{}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("pairing: got %v, want %s", err, phonelink.RefusedProfile)
	}
	if err := car.do(phonelink.SetProfile{Profile: "../etc"}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("a bad name: got %v, want %s", err, phonelink.RefusedProfile)
	}
	car.must(phonelink.SetProfile{Profile: node.Owner})
	car.has(id, false)
}

// badDisk is a disk that fails when it is told.
type badDisk struct {
	journal.OS
	fails *atomic.Bool
}

type badFile struct {
	journal.File
	fails *atomic.Bool
}

var errDisk = errors.New("input/output error")

func (d badDisk) wrap(f journal.File, err error) (journal.File, error) {
	if err == nil && d.fails.Load() {
		return nil, errors.Join(errDisk, f.Close())
	}
	return badFile{f, d.fails}, err
}

func (d badDisk) Create(name string) (journal.File, error) { return d.wrap(d.OS.Create(name)) }
func (d badDisk) Extend(name string) (journal.File, error) { return d.wrap(d.OS.Extend(name)) }

func (f badFile) Sync() error {
	if f.fails.Load() {
		return errDisk
	}
	return f.File.Sync()
}

// TestDiskFails: what could not be made durable is not said to be done, the
// View tells of it, and the profile comes back with the disk.
func TestDiskFails(t *testing.T) {
	fails := new(atomic.Bool)
	phone := newPhone(t, "Ana's phone", node.Config{Disk: badDisk{fails: fails}})
	id := phone.open(draft("kept"))
	fails.Store(true)
	if err := phone.do(phonelink.Open{Session: draft("lost")}); err == nil || codeOf(err) != "" || !strings.Contains(err.Error(), "it may have happened") {
		t.Errorf("got %v, want that it may have happened", err)
	}
	v := phone.until("the trouble", func(v *phonelink.View) bool { return strings.Contains(v.Trouble, "input/output error") })
	if len(v.Sessions) != 0 || !slices.Equal(v.Troubles, []phonelink.TroubleCode{phonelink.TroubleDisk}) {
		t.Errorf("got %d sessions that nobody may rely on, troubles %v", len(v.Sessions), v.Troubles)
	}
	if err := phone.do(phonelink.End{Session: id}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("got %v, want %s", err, phonelink.RefusedProfile)
	}
	fails.Store(false)
	phone.has(id, true)
}

// TestDamagedJournal: it is kept aside, the View tells of it, and the sessions
// come back from the phone that has them.
func TestDamagedJournal(t *testing.T) {
	car, phone := pairOf(t)
	id := phone.open(draft("Hello"))
	car.has(id, false)
	for range 3 {
		car.open(song("x"))
	}
	phone.stop()
	car.stop()
	damage(t, car.c.Data)
	car, phone = start(t, atSamePort(car)), start(t, atSamePort(phone))
	v := car.until("the session again", func(v *phonelink.View) bool { return find(v, id) != nil })
	if !strings.Contains(v.Trouble, "damaged") || len(v.Troubles) != 1 || !v.Troubles[0].Partial() {
		t.Errorf("got trouble %q, %v", v.Trouble, v.Troubles)
	}
	if !slices.ContainsFunc(phone.view().Sessions, func(s phonelink.SessionView) bool { return s.ID == id && s.Local }) {
		t.Error("the phone does not own its session any more")
	}
}

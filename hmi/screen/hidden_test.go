package screen_test

import (
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"

	"tandem/hmi"
	"tandem/hmi/lint"
	"tandem/hmi/paint"
	"tandem/hmi/restrict"
	"tandem/hmi/screen"
	"tandem/phonelink"
	"tandem/vehicle"
)

// Words that only occur in what must not be shown while driving, and in what
// may be.
const (
	secret = "zqx"
	public = "pub"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// anyView is a view of the phone link with anything in it; what somebody wrote
// or copied is made of secret words.
func anyView(r *rand.Rand) *phonelink.View {
	words := func(w string) string { return strings.TrimSpace(strings.Repeat(w+" ", r.IntN(80))) }
	devices := []phonelink.Device{"tda", "kde:b", "kde:c", "tdz"}
	device := func() phonelink.Device { return devices[r.IntN(len(devices))] }
	v := &phonelink.View{Name: words(public), Profile: "owner", Locked: r.IntN(9) == 0}
	if r.IntN(12) == 0 {
		v.Trouble = words(public)
	}
	if r.IntN(2) == 0 {
		v.Pairing = &phonelink.Pairing{Until: now.Add(time.Minute), QR: secret, Tries: []phonelink.Candidate{{Device: "tdn", Name: words(public), Code: "482913"}}}
	}
	for i := range r.IntN(4) {
		v.Phones = append(v.Phones, phonelink.Phone{Device: devices[i], Name: words(public), Presence: phonelink.Presence(r.IntN(5)), Can: phonelink.Ability(r.Uint32()), Battery: r.IntN(300) - 100, Signal: r.IntN(9) - 3,
			Clipboard: words(secret), Hint: words(public), Players: []phonelink.Player{{Name: "p", Title: words(public), Playing: r.IntN(2) == 0, Length: time.Duration(r.Int64()), Position: time.Duration(r.Int64() - 1<<62)}}})
	}
	sessions := r.IntN(40)
	if r.IntN(2) == 0 {
		sessions = r.IntN(3)
	}
	for range sessions {
		v.Sessions = append(v.Sessions, anySession(r, device(), words))
	}
	for range r.IntN(3) {
		v.Offers = append(v.Offers, phonelink.Offer{Session: anySession(r, device(), words), From: device(), Until: now.Add(time.Minute)})
	}
	for i := range r.IntN(60) {
		d, id := device(), fmt.Sprint(i)
		v.Notifications = append(v.Notifications, phonelink.Notification{ID: id, Device: d, App: words(public), Title: public, Text: words(secret), Time: now, CanReply: r.IntN(2) == 0, CanDismiss: r.IntN(2) == 0})
		v.Threads = append(v.Threads, phonelink.Thread{ID: id, Device: d, Names: []string{public}, Addresses: []string{"1"}, Unread: r.IntN(9) - 2, Messages: []phonelink.Message{{From: public, Text: words(secret), Time: now}, {Text: words(secret)}}[:r.IntN(3)]})
		v.Transfers = append(v.Transfers, phonelink.Transfer{ID: id, Device: d, Name: words(public), Size: r.Int64N(1<<40) - 5, Done: r.Int64N(1 << 40), Problem: words(public)})
	}
	for range r.IntN(4) {
		v.Calls = append(v.Calls, phonelink.CallView{Device: device(), CallDoc: phonelink.CallDoc{State: phonelink.CallState(r.IntN(8)), Name: words(public), Number: public}})
	}
	return v
}

func anySession(r *rand.Rand, d phonelink.Device, words func(string) string) phonelink.SessionView {
	s := phonelink.SessionView{Local: r.IntN(2) == 0, OnPhone: d, Handoff: phonelink.HandoffState(r.IntN(3)), Progress: r.Float64()*4 - 2, Alone: r.IntN(3) == 0}
	s.ID[0], s.ID[1], s.Kind, s.Needs = byte(r.IntN(256)), byte(r.IntN(256)), phonelink.Kind(r.IntN(11)), phonelink.Needs(r.IntN(32))
	s.App, s.Title = words(public), words(public)
	if r.IntN(4) == 0 {
		s.TakeBack = now.Add(time.Minute)
	}
	switch s.Kind {
	case phonelink.Media:
		doc := &phonelink.MediaDoc{Index: r.IntN(60) - 5, Position: time.Duration(r.Int64()), At: phonelink.Stamp(r.Uint64()), Rate: r.Float64()*10 - 5, Playing: r.IntN(2) == 0}
		for i := range r.IntN(50) {
			doc.Queue = append(doc.Queue, phonelink.Track{ID: fmt.Sprint(i), Title: words(public), Artist: words(public), Length: time.Duration(r.Int64() - 1<<62)})
		}
		s.Doc = doc
	case phonelink.Draft:
		s.Title, s.Doc = words(secret), &phonelink.DraftDoc{Text: words(secret), Base: words(secret)}
	case phonelink.Page:
		doc := &phonelink.PageDoc{URL: "https://" + secret + "/"}
		if s.Title, s.Doc = "", doc; r.IntN(2) == 0 {
			s.Title, doc.Title = words(secret), words(secret)
		}
	case phonelink.Clipboard:
		s.Title, s.Doc = words(secret), &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte(words(secret))}
	case phonelink.File:
		s.Doc = &phonelink.FileDoc{Name: words(public)}
	}
	return s
}

// restricted are the states in which nothing that somebody wrote may be shown.
func restricted() map[string]restrict.Restrictions {
	return map[string]restrict.Restrictions{
		"moving":  moving(),
		"idling":  restrict.Of(valid(vehicle.NumberOf(0)), valid(vehicle.NumberOf(1)), valid(vehicle.BoolOf(true))),
		"unknown": restrict.Of(vehicle.Sample{}, vehicle.Sample{}, vehicle.Sample{}),
		"stale":   restrict.Of(vehicle.Sample{Value: vehicle.NumberOf(0), Quality: vehicle.Stale}, valid(vehicle.NumberOf(vehicle.GearPark)), valid(vehicle.BoolOf(true))),
		"none":    {},
	}
}

// Whatever phones send, while the car moves, may move, or is not known, the
// display list has no message, no text of a notification, no draft, page or
// clipboard; there is no pairing and nothing to type into; no list is longer
// than the driving rules allow. Parked, it is all there.
func TestNothingWrittenWhileDriving(t *testing.T) {
	test.NewTempApp(t)
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	r := rand.New(rand.NewPCG(5, 6))
	shown := 0
	for i := range rounds {
		v := anyView(r)
		for name, allow := range restricted() {
			for place, texts := range everywhere(t, v, allow, r) {
				for _, s := range texts {
					if strings.Contains(s, secret) || strings.Contains(s, "482 913") {
						t.Fatalf("view %d, %s, %s: shows %q", i, name, place, s)
					}
				}
			}
		}
		for _, texts := range everywhere(t, v, parked(), r) {
			if strings.Contains(strings.Join(texts, " "), secret) {
				shown++
			}
		}
	}
	if shown == 0 {
		t.Error("parked, nothing is shown either: the test sees nothing")
	}
}

// The model alone, many times: what it does not have no screen can show.
func TestModelWhileDriving(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		v := anyView(r)
		for _, allow := range restricted() {
			modelFor(t, v, allow)
		}
	}
}

// modelFor is the model of the phones, after a look whether it keeps the limits.
func modelFor(t *testing.T, v *phonelink.View, allow restrict.Restrictions) *hmi.Phones {
	t.Helper()
	l := hmi.Limits{Setup: allow.Allows(restrict.NoSetup), Texts: allow.Allows(restrict.NoTextMessage), Chars: allow.StringLimit(), Items: allow.ItemLimit()}
	m := hmi.PhonesOf(v, l, now)
	if n := allow.ItemLimit(); n > 0 {
		for what, got := range map[string]int{"phones": len(m.List), "things": len(m.Things), "sources": len(m.Sources), "notes": len(m.Notes), "threads": len(m.Threads), "calls": len(m.Calls), "transfers": len(m.Transfers), "works": len(m.Work)} {
			if got > n {
				t.Fatalf("%d %s, want at most %d", got, what, n)
			}
		}
		for _, s := range m.Sources { // of what comes next
			if len(s.Queue) > n {
				t.Fatalf("%d tracks, want at most %d", len(s.Queue), n)
			}
		}
	}
	if m.Pairing != nil && !l.Setup {
		t.Fatal("the pairing screen is open")
	}
	if said := *m; !l.Texts {
		said.List = slices.Clone(said.List)
		for i := range said.List {
			said.List[i].Clip = "" // passed on, never shown
		}
		if dump := fmt.Sprintf("%+v", said); strings.Contains(dump, secret) {
			t.Fatalf("the model has what somebody wrote: %s", dump)
		}
	}
	return m
}

// everywhere is what can be read or is spoken on every screen that has
// something of phones, by place.
func everywhere(t *testing.T, v *phonelink.View, allow restrict.Restrictions, r *rand.Rand) map[string][]string {
	t.Helper()
	m := modelFor(t, v, allow)
	l := m.Limits
	out := map[string][]string{}
	size := image.Pt(1280, 720)
	if r.IntN(2) == 0 {
		size = image.Pt(800, 480)
	}
	for _, at := range []struct {
		s     hmi.Screen
		parts int
	}{{hmi.Home, 1}, {hmi.MediaScreen, screen.MediaParts}, {hmi.PhoneScreen, hmi.PhoneParts}} {
		k, _ := kit(size.X, size.Y)
		k.Model.Update(now, nil)
		k.Model.Phones = m
		s := screen.New(k, at.s)
		s.Object().Resize(k.Theme.Panel.Content())
		for part := range at.parts {
			pick := hmi.Pick{Page: r.IntN(8)}
			if len(m.Notes) > 0 && r.IntN(2) == 0 {
				pick.Key = m.Notes[r.IntN(len(m.Notes))].Key
			}
			state := hmi.State{Screen: at.s, Part: part, Pick: pick, Settings: hmi.Defaults()}
			if part == hmi.PartReader && len(m.Work) > 0 {
				w := &m.Work[r.IntN(len(m.Work))]
				if state.Pick.Key = w.Key; w.Edit && r.IntN(2) == 0 {
					state.Writing = hmi.Writing{Key: w.Key, Text: w.Full, Base: w.Full}
				}
			}
			s.Update(&screen.View{Model: k.Model, State: state, Allow: allow})
			out[fmt.Sprintf("%v %d", at.s, part)] = readable(t, s.Object(), size, k.Theme.Panel.Scale, l.Setup)
		}
		bar := screen.NewStatus(k)
		bar.Object().Resize(fyne.NewSize(k.Theme.Panel.Size.Width, k.Theme.Panel.Status))
		bar.Update(&screen.View{Model: k.Model, State: hmi.State{Screen: at.s}, Allow: allow})
		out["status"] = readable(t, bar.Object(), size, k.Theme.Panel.Scale, l.Setup)
	}
	return out
}

// readable is the texts of the display list and the names of the controls.
// Where nothing may be set up there is no code to scan and nothing to type into.
func readable(t *testing.T, root fyne.CanvasObject, size image.Point, scale float32, setup bool) (all []string) {
	t.Helper()
	p := paint.New(paint.Config{Size: size, Scale: scale})
	p.Frame(root)
	for _, it := range p.Items() {
		if it.Kind == paint.Text {
			all = append(all, it.Text())
		}
		if im, ok := it.Object.(*canvas.Image); ok && im.Resource == nil && !setup {
			t.Fatal("a code to scan is shown")
		}
	}
	lint.Walk(root, func(o fyne.CanvasObject, _ fyne.Position) {
		if c, ok := o.(interface{ Called() string }); ok {
			all = append(all, c.Called())
		}
		if _, ok := o.(mobile.Keyboardable); ok && !setup {
			t.Fatal("there is something to type into")
		}
	})
	return all
}

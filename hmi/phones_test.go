package hmi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"tandem/hmi"
	"tandem/phonelink"
)

var (
	open   = hmi.Limits{Setup: true, Texts: true}
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	driven = hmi.Limits{Chars: 120, Items: 21}
)

func media(local, playing bool) phonelink.SessionView {
	doc := &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "a", Title: "One", Length: time.Minute}, {ID: "b", Title: "Two", Artist: "Ada"}, {ID: "c", Title: "Three"}}, Index: 1, Position: 50 * time.Second, At: phonelink.Stamp(noon.UnixMilli()) << 16, Rate: 1, Playing: playing}
	return phonelink.SessionView{Session: phonelink.Session{ID: phonelink.SessionID{1}, Kind: phonelink.Media, Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: "tda"}}, Doc: doc, Title: "Album"}, Local: local, OnPhone: "tda"}
}

func view(s ...phonelink.SessionView) *phonelink.View {
	return &phonelink.View{Name: "car", Sessions: s, Phones: []phonelink.Phone{
		{Device: "tda", Name: "Ada", Presence: phonelink.Linked, Can: phonelink.CanHandOff},
		{Device: "kde:b", Name: "Ben", Adapter: "kdeconnect", Presence: phonelink.Quiet, Can: phonelink.CanMedia | phonelink.CanFiles | phonelink.CanSMS | phonelink.CanMute},
		{Device: "tdc", Name: "Cy", Presence: phonelink.Absent, Can: phonelink.CanHandOff},
	}}
}

// What can be done with a session follows from who owns it, where the phones
// are, what their software can, and what is happening to it already.
func TestThings(t *testing.T) {
	is := func(f func(*phonelink.SessionView)) phonelink.SessionView {
		s := media(false, true)
		f(&s)
		return s
	}
	nav := func(s *phonelink.SessionView) {
		s.Kind, s.Doc = phonelink.Navigation, &phonelink.NavigationDoc{Destination: phonelink.Place{Name: "Home"}}
	}
	id := phonelink.SessionID{1}
	for _, c := range []struct {
		name string
		s    phonelink.SessionView
		l    hmi.Limits
		want string // do, title, phone, request
	}{
		{"on a phone", media(false, true), open, fmt.Sprintf("TakeHere Two Ada %#v", phonelink.Take{Session: id})},
		{"here", media(true, true), open, fmt.Sprintf("SendThere Two Ada %#v", phonelink.Send{Session: id, To: "tda"})},
		{"on a stock phone", is(func(s *phonelink.SessionView) { s.OnPhone = "kde:b" }), open, fmt.Sprintf("PlayHere Two Ben %#v", phonelink.Take{Session: id})},
		{"on an absent phone", is(func(s *phonelink.SessionView) { s.OnPhone, s.Alone = "tdc", true }), open, ""},
		{"on a phone that is not paired", is(func(s *phonelink.SessionView) { s.OnPhone = "tdz" }), open, ""},
		{"preparing, from there", is(func(s *phonelink.SessionView) { s.Handoff, s.Progress = phonelink.Preparing, 7 }), open, "Coming Two Ada <nil>"},
		{"preparing, from here", is(func(s *phonelink.SessionView) { s.Handoff, s.Local = phonelink.Preparing, true }), open, "Going Two Ada <nil>"},
		{"committed", is(func(s *phonelink.SessionView) { s.Handoff = phonelink.Moving }), open, "Going Two Ada <nil>"},
		{"to take back", is(func(s *phonelink.SessionView) { s.TakeBack = noon.Add(time.Minute) }), open, fmt.Sprintf("TakeBack Two Ada %#v", phonelink.TakeBack{Session: id})},
		{"too late to take back", is(func(s *phonelink.SessionView) { s.TakeBack = noon }), open, fmt.Sprintf("TakeHere Two Ada %#v", phonelink.Take{Session: id})},
		{"expired", is(func(s *phonelink.SessionView) { s.Expires = noon }), open, ""},
		{"a call", is(func(s *phonelink.SessionView) { s.Kind, s.Doc = phonelink.Call, &phonelink.CallDoc{} }), open, ""},
		{"a destination", is(nav), driven, fmt.Sprintf("TakeHere Home Ada %#v", phonelink.Take{Session: id})},
		{"without a document", is(func(s *phonelink.SessionView) { s.Doc = nil }), open, fmt.Sprintf("TakeHere Album Ada %#v", phonelink.Take{Session: id})},
		{"with an index outside", is(func(s *phonelink.SessionView) { s.Doc = &phonelink.MediaDoc{Index: 9} }), open, fmt.Sprintf("TakeHere Album Ada %#v", phonelink.Take{Session: id})},
		{"a draft, driving", is(func(s *phonelink.SessionView) {
			s.Kind, s.Doc, s.Title = phonelink.Draft, &phonelink.DraftDoc{}, "words"
		}), driven, fmt.Sprintf("TakeHere  Ada %#v", phonelink.Take{Session: id})},
	} {
		m := hmi.PhonesOf(view(c.s), c.l, noon)
		got := ""
		if len(m.Things) > 0 {
			x := m.Things[0]
			got = fmt.Sprintf("%v %s %s %#v", x.Do, x.Title, x.Phone, x.Yes)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		for _, x := range m.Things {
			if x.Progress < 0 || x.Progress > 1 {
				t.Errorf("%s: progress %v", c.name, x.Progress)
			}
		}
	}
}

// What asks for a parked car is forbidden unless the car is known to be parked.
func TestThingsThatNeedParking(t *testing.T) {
	for _, n := range []phonelink.Needs{0, phonelink.NeedsAudio, phonelink.NeedsParked, phonelink.NeedsVideo, phonelink.NeedsKeyboard} {
		s := media(false, true)
		s.Needs = n
		want := n > phonelink.NeedsAudio
		if got := hmi.PhonesOf(view(s), driven, noon).Things[0].Parked; got != want {
			t.Errorf("needs %d, driving: forbidden %v, want %v", n, got, want)
		}
		if hmi.PhonesOf(view(s), open, noon).Things[0].Parked {
			t.Errorf("needs %d, parked: forbidden", n)
		}
	}
}

// The model says when it changes by itself, and does then.
func TestNext(t *testing.T) {
	v := view(media(false, true))
	s := media(false, true)
	s.ID = phonelink.SessionID{2}
	v.Offers = []phonelink.Offer{{Session: s, From: "tda", Until: noon.Add(time.Minute)}, {Session: s, From: "tda", Until: noon.Add(time.Hour)}}
	v.Pairing = &phonelink.Pairing{Until: noon.Add(30 * time.Second), QR: "x"}
	now := noon
	for _, want := range []struct {
		offers  int
		pairing bool
		in      time.Duration
	}{{2, true, 30 * time.Second}, {2, false, 30 * time.Second}, {1, false, 59 * time.Minute}, {0, false, 0}} {
		m := hmi.PhonesOf(v, open, now)
		offers := 0
		for _, x := range m.Things {
			if x.Do == hmi.Offered {
				offers++
			}
		}
		in := time.Duration(0)
		if next := m.Next(); !next.IsZero() {
			in = next.Sub(now)
		}
		if offers != want.offers || m.Pairing != nil != want.pairing || in != want.in {
			t.Errorf("at %v: %d offers, pairing %v, next in %v; want %+v", now.Sub(noon), offers, m.Pairing != nil, in, want)
		}
		now = now.Add(in)
	}
	if !(*hmi.Phones)(nil).Next().IsZero() {
		t.Error("no phones change by themselves")
	}
}

// Where something is comes from its position and the time since, not beyond
// its end, and not from the future.
func TestPosition(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(d *phonelink.MediaDoc)
		at      time.Duration
		seconds float64
	}{
		{"playing", func(d *phonelink.MediaDoc) {}, 10*time.Second + 999*time.Millisecond, 60},
		{"paused", func(d *phonelink.MediaDoc) { d.Playing = false }, 10 * time.Second, 50},
		{"faster", func(d *phonelink.MediaDoc) { d.Rate = 2 }, 10 * time.Second, 70},
		{"at the end", func(d *phonelink.MediaDoc) { d.Index = 0 }, time.Hour, 60},
		{"from the future", func(d *phonelink.MediaDoc) {}, -time.Hour, 50},
		{"without a time", func(d *phonelink.MediaDoc) { d.At = 0 }, time.Hour, 50},
		{"before the start", func(d *phonelink.MediaDoc) { d.Position = -time.Hour }, 0, 0},
	} {
		s := media(true, true)
		c.change(s.Doc.(*phonelink.MediaDoc))
		src := hmi.PhonesOf(view(s), open, noon).Sources[0]
		if got := src.Position(noon.Add(c.at)).Seconds(); got != c.seconds {
			t.Errorf("%s: got %v s, want %v", c.name, got, c.seconds)
		}
	}
}

// What plays comes first, here before elsewhere; a player that a session
// stands for is not told twice.
func TestSources(t *testing.T) {
	here := media(true, false)
	there := media(false, true)
	there.ID, there.OnPhone = phonelink.SessionID{2}, "kde:b"
	there.Doc.(*phonelink.MediaDoc).Source, there.Doc.(*phonelink.MediaDoc).Player = "kde:b", "vlc"
	v := view(here, there)
	v.Phones[1].Players = []phonelink.Player{
		{Name: "vlc", Title: "Two", Playing: true, CanPause: true, CanNext: true},
		{Name: "pod", Title: "Talk", CanPlay: true, CanSeek: true},
		{Name: "idle"},
	}
	m := hmi.PhonesOf(v, open, noon)
	var got []string
	for _, s := range m.Sources {
		got = append(got, fmt.Sprintf("%s/%s/%v", s.Title, s.Phone, s.Playing))
	}
	if want := "Two/Ben/true Two//false Talk/Ben/false"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
	control := phonelink.Control{Device: "kde:b", Player: "vlc", Action: "pause"}
	if x := m.Sources[0]; x.Pause != control || x.Play != nil || x.Previous != nil || x.Take == nil || x.Take.Do != hmi.PlayHere {
		t.Errorf("a stock phone's player: got %+v, want its own controls, and to play here", x)
	}
	if x := m.Sources[1]; x.Next != (phonelink.Edit{Session: here.ID, Op: phonelink.Op{Act: phonelink.Skip{To: "c"}}}) || x.Take != nil || len(x.Send) != 1 {
		t.Errorf("a session here: got %+v, want operations, and to send it to one phone", x)
	}
	if x := m.Sources[2]; x.Seek(time.Second) != (phonelink.Control{Device: "kde:b", Player: "pod", Action: "seek", Seek: time.Second}) {
		t.Errorf("seek: got %+v", x.Seek(time.Second))
	}
	away := media(false, true)
	away.OnPhone, away.Alone = "tdc", true
	if x := hmi.PhonesOf(view(away), open, noon).Sources[0]; x.Take == nil || x.Take.Yes != (phonelink.Copy{Session: away.ID}) {
		t.Errorf("on a phone out of reach: got %+v, want a copy", x.Take)
	}
}

func TestCodesAreGrouped(t *testing.T) {
	v := view()
	for code, want := range map[string]string{"482913": "482 913", "7A3F09C2": "7A3F 09C2", "": "", "123": "123"} {
		v.Pairing = &phonelink.Pairing{Until: noon.Add(time.Minute), Tries: []phonelink.Candidate{{Code: code}}}
		if got := hmi.PhonesOf(v, open, noon).Pairing.Tries[0].Grouped; got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
		if hmi.PhonesOf(v, driven, noon).Pairing != nil {
			t.Error("driving: the pairing screen is open")
		}
	}
}

// The pairing window follows the screen, a conversation is read when it is
// looked at, a ringing call leads to the calls.
func TestStepForPhones(t *testing.T) {
	v := view()
	v.Threads = []phonelink.Thread{{Device: "kde:b", ID: "1", Names: []string{"Dora"}}, {Device: "kde:b", ID: "2", Messages: []phonelink.Message{{Text: "x"}}}}
	m := &hmi.Model{Phones: hmi.PhonesOf(v, open, noon)}
	home := hmi.State{}
	phones := hmi.State{Screen: hmi.PhoneScreen}
	pairing := hmi.State{Screen: hmi.PhoneScreen, Part: hmi.PartPairing}
	messages := hmi.State{Screen: hmi.PhoneScreen, Part: hmi.PartMessages}
	for _, c := range []struct {
		name string
		s    hmi.State
		in   hmi.Intent
		want string
	}{
		{"to the pairing screen", phones, hmi.ShowPart{Part: hmi.PartPairing}, "[phonelink.OpenPairing{}]"},
		{"back from it", pairing, hmi.Back{}, "[phonelink.ClosePairing{}]"},
		{"away from it", pairing, hmi.Show{Screen: hmi.Home}, "[phonelink.ClosePairing{}]"},
		{"to it again", pairing, hmi.ShowPart{Part: hmi.PartPairing}, "[]"},
		{"the same part of another screen", home, hmi.ShowPart{Part: hmi.PartPairing}, "[]"},
		{"a request", home, hmi.Tell{Request: phonelink.Ring{Device: "tda"}}, `[phonelink.Ring{Device:"tda"}]`},
		{"no request", home, hmi.Tell{}, "[]"},
		{"a conversation without messages", messages, hmi.Select{Key: "kde:b/1"}, `[phonelink.ReadThread{Device:"kde:b", ID:"1"}]`},
		{"one with messages", messages, hmi.Select{Key: "kde:b/2"}, "[]"},
		{"one that is gone", messages, hmi.Select{Key: "kde:b/3"}, "[]"},
	} {
		_, asks, requests := c.s.Step(m, c.in)
		var all []string
		for _, r := range requests {
			all = append(all, fmt.Sprintf("%#v", r))
		}
		if got := "[" + strings.Join(all, " ") + "]"; got != c.want || asks != nil {
			t.Errorf("%s: got %s %v, want %s", c.name, got, asks, c.want)
		}
	}
	v.Calls = []phonelink.CallView{{Device: "kde:b", CallDoc: phonelink.CallDoc{State: phonelink.CallRinging, Number: "1"}}}
	m.Phones = hmi.PhonesOf(v, open, noon)
	if s, _, _ := home.Step(m, hmi.Show{Screen: hmi.PhoneScreen}); s.Part != hmi.PartCalls {
		t.Errorf("while it rings: part %d, want the calls", s.Part)
	}
	s, _, _ := phones.Step(m, hmi.Turn{By: 2})
	s, _, _ = s.Step(m, hmi.Turn{By: -5})
	if s.Pick.Page != 0 {
		t.Errorf("page %d, want 0", s.Pick.Page)
	}
	if s, _, _ := phones.Step(&hmi.Model{}, hmi.Show{Screen: hmi.MediaScreen}); s.Screen != hmi.MediaScreen {
		t.Error("without a phone link no screen comes")
	}
}

// Whatever text a phone sends, what is shown is one line of ordinary letters,
// no longer than allowed.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "two\nlines\tand more", "\u202eright to left\u200b", "e\u0301\u0301\u0301\u0301", "\xff\xfe", "🙂 ok", strings.Repeat("ä", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := view()
		v.Notifications = []phonelink.Notification{{Title: s, Text: s, App: s}}
		for _, l := range []hmi.Limits{open, driven} {
			n := hmi.PhonesOf(v, l, noon).Notes[0]
			limit := 600
			if l.Chars > 0 {
				limit = l.Chars
			}
			for _, got := range []string{n.Title, n.Text, n.App} {
				if utf8.RuneCountInString(got) > limit || !utf8.ValidString(got) || strings.TrimSpace(got) != got {
					t.Fatalf("got %q, want at most %d characters and no space around", got, limit)
				}
				marks := 0
				for _, r := range got {
					if r == ' ' {
						marks = 0
						continue
					}
					if marks++; !unicode.Is(unicode.Mn, r) {
						marks = 0
					}
					if unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || marks > 1 {
						t.Fatalf("%q has %U", got, r)
					}
				}
			}
			if !l.Texts && (n.Text != "" || utf8.RuneCountInString(n.Title) > 40) {
				t.Fatalf("hidden: got text %q and title %q", n.Text, n.Title)
			}
		}
	})
}

// BenchmarkPhonesOf is the model made anew with 4 phones and 1,000 sessions, as
// it is when anything of them changes: once a second while something plays.
func BenchmarkPhonesOf(b *testing.B) {
	v := view()
	for i := range 1000 {
		s := media(i%2 == 0, i == 0)
		s.ID = phonelink.SessionID{byte(i), byte(i >> 8)}
		v.Sessions = append(v.Sessions, s)
	}
	b.ReportAllocs()
	for b.Loop() {
		hmi.PhonesOf(v, driven, noon)
	}
}

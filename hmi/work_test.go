package hmi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/hmi"
	"tandem/phonelink"
)

func under(kind phonelink.Kind, doc phonelink.Document, local bool) phonelink.SessionView {
	owner := phonelink.Device("tda")
	if local {
		owner = "tdcar"
	}
	return phonelink.SessionView{Session: phonelink.Session{ID: phonelink.SessionID{3}, Kind: kind, Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: owner}}, Doc: doc}, Local: local, OnPhone: "tda"}
}

// What a session says is there parked, and can be worked on where it is owned;
// while driving it is said to be hidden, and it can still be sent.
func TestWork(t *testing.T) {
	draft := func(local bool, change ...func(*phonelink.DraftDoc)) phonelink.SessionView {
		d := &phonelink.DraftDoc{To: []string{"Ada", "Ben"}, Text: "one\ntwo"}
		for _, f := range change {
			f(d)
		}
		return under(phonelink.Draft, d, local)
	}
	page := under(phonelink.Page, &phonelink.PageDoc{URL: "https://example.org/a", Scroll: 41.7}, true)
	copied := under(phonelink.Clipboard, &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte("word")}, true)
	for _, c := range []struct {
		name string
		s    phonelink.SessionView
		l    hmi.Limits
		want string // do, here, hidden, to, text, link, full, read, edit, send, end
	}{
		{"a draft here", draft(true), open, `SendThere true false Ada, Ben|one two||"one\ntwo" 0 true true false`},
		{"driving", draft(true), driven, `SendThere true true Ada, Ben|||"" 0 false false false`},
		{"at a traffic light", draft(true), hmi.Limits{Texts: true}, `SendThere true false Ada, Ben|one two||"" 0 false false false`},
		{"on the phone", draft(false), open, `TakeHere false false Ada, Ben|one two||"" 0 false false false`},
		{"sent", draft(true, func(d *phonelink.DraftDoc) { d.Sent = true }), open, `SendThere true false Ada, Ben|one two||"" 0 false false false`},
		{"empty", draft(true, func(d *phonelink.DraftDoc) { d.Text = " " }), open, `SendThere true false Ada, Ben|||" " 0 true false false`},
		{"for nobody", draft(true, func(d *phonelink.DraftDoc) { d.To = nil }), open, `SendThere true false |one two||"one\ntwo" 0 true false false`},
		{"too long to change", draft(true, func(d *phonelink.DraftDoc) { d.Text = strings.Repeat("x", 9000) }), open, `SendThere true false Ada, Ben|` + strings.Repeat("x", 600) + `||"" 0 false false false`},
		{"not text", draft(true, func(d *phonelink.DraftDoc) { d.Text = "a\xff" }), open, `SendThere true false Ada, Ben|a||"" 0 false false false`},
		{"a page", page, open, `SendThere true false ||https://example.org/a|"https://example.org/a" 41 false false true`},
		{"a page, driving", page, driven, `SendThere true true |||"" 41 false false true`},
		{"copied", copied, open, `SendThere true false |word||"" 0 false false true`},
		{"copied, driving", copied, driven, `SendThere true true |||"" 0 false false true`},
		{"a destination", under(phonelink.Navigation, &phonelink.NavigationDoc{}, true), driven, `SendThere true false |||"" 0 false false true`},
	} {
		m := hmi.PhonesOf(view(c.s), c.l, noon)
		if len(m.Work) != 1 {
			t.Errorf("%s: %d sessions, want 1", c.name, len(m.Work))
			continue
		}
		w := m.Work[0]
		got := fmt.Sprintf("%v %v %v %s|%s|%s|%q %d %v %v %v", w.Do, w.Here, w.Hidden, w.To, w.Text, w.Link, w.Full, w.Read, w.Edit, w.Send != nil, w.End != nil)
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if m.WorkOf(w.Key) == nil || m.WorkOf("x") != nil {
			t.Errorf("%s: not found by its key", c.name)
		}
	}
}

// What is not Work: calls, files, homes, and what has expired.
func TestNotWork(t *testing.T) {
	gone := under(phonelink.Page, nil, true)
	gone.Expires = noon
	for _, s := range []phonelink.SessionView{under(phonelink.Call, nil, true), under(phonelink.File, nil, true), under(phonelink.Scene, nil, true), gone} {
		if m := hmi.PhonesOf(view(s), open, noon); len(m.Work) != 0 {
			t.Errorf("%v: got %+v, want nothing", s.Kind, m.Work)
		}
	}
}

// Where the car is to go is there with and without a phone, and can be ended.
func TestGoal(t *testing.T) {
	nav := under(phonelink.Navigation, &phonelink.NavigationDoc{Destination: phonelink.Place{Name: "Home"}}, true)
	there := under(phonelink.Navigation, &phonelink.NavigationDoc{Destination: phonelink.Place{Name: "Work"}}, false)
	v := view(there, nav)
	for i := range v.Phones {
		want := fmt.Sprintf("SendThere Home %#v %#v", phonelink.Send{Session: nav.ID, To: "tda"}, phonelink.End{Session: nav.ID})
		if i == 1 { // the first phone is gone
			want = fmt.Sprintf("Stays Home <nil> %#v", phonelink.End{Session: nav.ID})
			v.Phones[0].Presence, v.Phones[1].Presence = phonelink.Absent, phonelink.Absent
		}
		if i == 2 {
			v.Phones = nil
			want = fmt.Sprintf("Stays Home <nil> %#v", phonelink.End{Session: nav.ID})
		}
		m := hmi.PhonesOf(v, driven, noon)
		if m.Goal == nil {
			t.Fatalf("%d: no goal", i)
		}
		if got := fmt.Sprintf("%v %s %#v %#v", m.Goal.Do, m.Goal.Title, m.Goal.Yes, m.Goal.No); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
	if m := hmi.PhonesOf(view(there), open, noon); m.Goal != nil {
		t.Errorf("on the phone: got %+v, want no goal", m.Goal)
	}
	nav.Handoff = phonelink.Preparing
	if m := hmi.PhonesOf(view(nav), open, noon); m.Goal == nil || m.Goal.Do != hmi.Going {
		t.Errorf("going: got %+v", m.Goal)
	}
}

// A file is listed from the offer on: waiting for a yes, coming, on its way,
// failed, and there.
func TestTransfers(t *testing.T) {
	offered := under(phonelink.File, &phonelink.FileDoc{Name: "a.pdf", Size: 10}, false)
	coming := under(phonelink.File, &phonelink.FileDoc{Name: "b.pdf", Size: 1000}, false)
	coming.ID, coming.Handoff, coming.Progress = phonelink.SessionID{4}, phonelink.Preparing, 0.25
	v := view(coming)
	v.Offers = []phonelink.Offer{{Session: offered, From: "tda", Until: noon.Add(time.Minute)}, {Session: offered, From: "tda", Until: noon}}
	v.Transfers = []phonelink.Transfer{
		{ID: "1", Device: "kde:b", Name: "c", Size: 10, Done: 3, Incoming: true},
		{ID: "2", Device: "kde:b", Name: "d", Problem: "disk full"},
		{ID: "3", Device: "kde:b", Name: "e", Size: 10, Done: 10, Incoming: true, Finished: true, Path: "/var/lib/tandem/owner/files/e"},
	}
	var got []string
	for _, x := range hmi.PhonesOf(v, driven, noon).Transfers {
		got = append(got, fmt.Sprintf("%s %s %d/%d in=%v %s %s yes=%v cancel=%v", x.Name, x.Phone, x.Done, x.Size, x.Incoming, x.Problem, x.Folder, x.Yes, x.Cancel))
	}
	want := []string{
		fmt.Sprintf("a.pdf Ada 0/10 in=true   yes=%v cancel=<nil>", phonelink.Accept{Session: offered.ID}),
		fmt.Sprintf("b.pdf Ada 250/1000 in=true   yes=<nil> cancel=%v", phonelink.Cancel{Transfer: coming.ID.String()}),
		fmt.Sprintf("c Ben 3/10 in=true   yes=<nil> cancel=%v", phonelink.Cancel{Transfer: "1"}),
		"d Ben 0/0 in=false disk full  yes=<nil> cancel=<nil>",
		"e Ben 10/10 in=true  …/tandem/owner/files yes=<nil> cancel=<nil>",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is typed is sent once, when the changing ends, however that comes about.
func TestStepForWriting(t *testing.T) {
	s := under(phonelink.Draft, &phonelink.DraftDoc{To: []string{"Ada"}, Text: "old"}, true)
	key := s.ID.String()
	m := &hmi.Model{Phones: hmi.PhonesOf(view(s), open, noon)}
	ask := func(text, base string) string {
		return fmt.Sprintf("%#v", phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: phonelink.SetText{Text: text, Base: base, Cursor: len(text)}}})
	}
	typed := hmi.Typed{Text: "new", Cursor: 3}
	for _, c := range []struct {
		name  string
		steps []hmi.Intent
		want  string // requests
		on    bool
		part  int
	}{
		{"done", []hmi.Intent{hmi.Write{}, typed, hmi.Written{}}, ask("new", "old"), false, hmi.PartReader},
		{"done, unchanged", []hmi.Intent{hmi.Write{}, hmi.Written{}}, "", false, hmi.PartReader},
		{"back", []hmi.Intent{hmi.Write{}, typed, hmi.Back{}}, ask("new", "old"), false, hmi.PartReader},
		{"to another screen", []hmi.Intent{hmi.Write{}, typed, hmi.Show{Screen: hmi.ClimateScreen}}, ask("new", "old"), false, 0},
		{"to another part", []hmi.Intent{hmi.Write{}, typed, hmi.ShowPart{Part: hmi.PartCalls}}, ask("new", "old"), false, hmi.PartCalls},
		{"to another session", []hmi.Intent{hmi.Write{}, typed, hmi.Read{Key: "x"}}, ask("new", "old"), false, hmi.PartReader},
		{"resting, then more", []hmi.Intent{hmi.Write{}, typed, hmi.Keep{}, hmi.Keep{}, hmi.Typed{Text: "newer", Cursor: 5}, hmi.Written{}}, ask("new", "old") + ask("newer", "new"), false, hmi.PartReader},
		{"going on", []hmi.Intent{hmi.Write{}, typed}, "", true, hmi.PartReader},
		{"typed without writing", []hmi.Intent{typed, hmi.Written{}}, "", false, hmi.PartReader},
	} {
		st, _, _ := hmi.State{}.Step(m, hmi.Read{Key: key})
		got := ""
		for _, in := range c.steps {
			next, _, requests := st.Step(m, in)
			st = next
			for _, r := range requests {
				got += fmt.Sprintf("%#v", r)
			}
		}
		if got != c.want || st.Writing.On() != c.on || st.Part != c.part {
			t.Errorf("%s: got %s, writing %v, part %d; want %s, %v, %d", c.name, got, st.Writing.On(), st.Part, c.want, c.on, c.part)
		}
	}
	away := &hmi.Model{Phones: hmi.PhonesOf(view(under(phonelink.Draft, &phonelink.DraftDoc{Text: "old"}, false)), open, noon)}
	st, _, _ := hmi.State{}.Step(away, hmi.Read{Key: key})
	if st, _, _ = st.Step(away, hmi.Write{}); st.Writing.On() {
		t.Error("a draft on the phone is changed here")
	}
}

// The reader leads back to where it was opened.
func TestReaderLeadsBack(t *testing.T) {
	m := &hmi.Model{Phones: hmi.PhonesOf(view(), open, noon)}
	st, _, _ := hmi.State{}.Step(m, hmi.Read{Key: "k"})
	if st.Screen != hmi.PhoneScreen || st.Part != hmi.PartReader || st.Pick.Key != "k" {
		t.Fatalf("from the first screen: got %+v", st)
	}
	if st, _, _ = st.Step(m, hmi.Back{}); st.Screen != hmi.Home || st.Part != 0 {
		t.Errorf("back: got %v %d, want the first screen", st.Screen, st.Part)
	}
	st = hmi.State{Screen: hmi.PhoneScreen, Part: hmi.PartWork, Before: []hmi.Screen{hmi.Home}}
	st, _, _ = st.Step(m, hmi.Read{Key: "k"})
	if st, _, _ = st.Step(m, hmi.Back{}); st.Screen != hmi.PhoneScreen || st.Part != hmi.PartWork {
		t.Errorf("back: got %v %d, want the list", st.Screen, st.Part)
	}
}

package phonelink_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
)

// after is the document once its owner did these, one after the other.
func after(t *testing.T, x phonelink.Session, acts ...phonelink.Action) (*world, phonelink.Document) {
	t.Helper()
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	x.ID, x.Profile = phonelink.SessionID{1}, "ana"
	w.ask("car", 1, phonelink.Open{Session: x})
	for i, a := range acts {
		w.ask("car", uint64(i+2), phonelink.Edit{Session: x.ID, Op: phonelink.Op{Act: a}})
	}
	w.run(100 * time.Millisecond)
	if len(w.dev["car"].refused) > 0 {
		t.Fatalf("refused: %v", w.dev["car"].refused)
	}
	doc := w.view("car", x.ID).Doc
	if there := w.view("phone", x.ID).Doc; !reflect.DeepEqual(doc, there) {
		t.Errorf("the copy differs: got %+v, want %+v", there, doc)
	}
	return w, doc
}

func TestMediaRules(t *testing.T) {
	tr := func(id string) phonelink.Track { return phonelink.Track{ID: id} }
	media := phonelink.Session{Kind: phonelink.Media, Doc: &phonelink.MediaDoc{
		Queue: []phonelink.Track{tr("a"), tr("b"), tr("c")}, Index: 1, Rate: 1, Volume: 0.5, Position: time.Minute}}
	for name, c := range map[string]struct {
		acts []phonelink.Action
		want string // queue, what plays, position
	}{
		"first":            {[]phonelink.Action{phonelink.Enqueue{Track: tr("x")}}, "xabc b 1m0s"},
		"behind":           {[]phonelink.Action{phonelink.Enqueue{Track: tr("x"), After: "b"}}, "abxc b 1m0s"},
		"behind a lost":    {[]phonelink.Action{phonelink.Enqueue{Track: tr("x"), After: "?"}}, "abcx b 1m0s"},
		"twice":            {[]phonelink.Action{phonelink.Enqueue{Track: tr("x")}, phonelink.Enqueue{Track: tr("x"), After: "c"}}, "xabc b 1m0s"},
		"out before":       {[]phonelink.Action{phonelink.Dequeue{Track: "a"}}, "bc b 1m0s"},
		"out what plays":   {[]phonelink.Action{phonelink.Dequeue{Track: "b"}}, "ac c 0s"},
		"out twice":        {[]phonelink.Action{phonelink.Dequeue{Track: "c"}, phonelink.Dequeue{Track: "c"}}, "ab b 1m0s"},
		"move":             {[]phonelink.Action{phonelink.Move{Track: "c"}}, "cab b 1m0s"},
		"move what plays":  {[]phonelink.Action{phonelink.Move{Track: "b", After: "c"}}, "acb b 1m0s"},
		"move behind self": {[]phonelink.Action{phonelink.Move{Track: "b", After: "b"}}, "abc b 1m0s"},
		"skip":             {[]phonelink.Action{phonelink.Skip{To: "c"}}, "abc c 0s"},
		"skip to none":     {[]phonelink.Action{phonelink.Skip{To: "z"}}, "abc b 1m0s"},
		"seek":             {[]phonelink.Action{phonelink.Seek{To: time.Second}}, "abc b 1s"},
	} {
		_, doc := after(t, media, c.acts...)
		d := doc.(*phonelink.MediaDoc)
		got := ""
		for _, x := range d.Queue {
			got += x.ID
		}
		if got += fmt.Sprintf(" %s %v", d.Queue[d.Index].ID, d.Position); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestNavigationRules(t *testing.T) {
	p := func(id string) phonelink.Place { return phonelink.Place{ID: id, Latitude: 48, Longitude: 11} }
	nav := phonelink.Session{Kind: phonelink.Navigation, Doc: &phonelink.NavigationDoc{Destination: p("z"), Via: []phonelink.Place{p("a"), p("b")}, Leg: 1, Active: true}}
	for name, c := range map[string]struct {
		acts []phonelink.Action
		want string // via, goal, next, active
	}{
		"stop next":    {[]phonelink.Action{phonelink.AddStop{Stop: p("x"), After: "a"}}, "axb z 1 true"},
		"stop passed":  {[]phonelink.Action{phonelink.AddStop{Stop: p("x")}}, "xab z 2 true"},
		"stop last":    {[]phonelink.Action{phonelink.AddStop{Stop: p("x"), After: "b"}}, "abx z 1 true"},
		"drop passed":  {[]phonelink.Action{phonelink.DropStop{Stop: "a"}}, "b z 0 true"},
		"drop next":    {[]phonelink.Action{phonelink.DropStop{Stop: "b"}}, "a z 1 true"},
		"arrive":       {[]phonelink.Action{phonelink.Arrive{Leg: 1}, phonelink.Arrive{Leg: 1}}, "ab z 2 true"},
		"arrive there": {[]phonelink.Action{phonelink.Arrive{Leg: 1}, phonelink.Arrive{Leg: 2}}, "ab z 2 false"},
		"new goal":     {[]phonelink.Action{phonelink.SetGoal{Destination: p("y")}}, "ab y 1 true"},
	} {
		_, doc := after(t, nav, c.acts...)
		d := doc.(*phonelink.NavigationDoc)
		got := ""
		for _, x := range d.Via {
			got += x.ID
		}
		if got += fmt.Sprintf(" %s %d %v", d.Destination.ID, d.Leg, d.Active); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestDraftMerge lets both sides change a draft while they are apart.
func TestDraftMerge(t *testing.T) {
	for name, c := range map[string]struct{ base, car, phone, want, copy string }{
		"both ends":      {"see you", "ok, see you", "see you at 8", "ok, see you at 8", ""},
		"one side":       {"see you", "see you", "see you at 8", "see you at 8", ""},
		"the same":       {"see you", "see you all", "see you all", "see you all", ""},
		"conflict":       {"see you", "see me", "see us", "see me", "see us"},
		"same place":     {"ab", "axb", "ayb", "axb", "ayb"},
		"umlauts":        {"grün", "größe grün", "grünlich", "größe grün", "grünlich"}, // the same word
		"other words":    {"grün ist", "größe grün ist", "grün ißt", "größe grün ißt", ""},
		"two each":       {"a b c d e f g", "A b c d E f g", "a b C d e f G", "A b C d E f G", ""},
		"one more no":    {"no no no and yes", "no no no no and yes", "no no maybe no and yes", "no no no no and yes", "no no maybe no and yes"},
		"one more apart": {"no no no and yes", "no no no no and yes", "no no no and yes yes", "no no no no and yes yes", ""},
		"all else":       {"we meet, at noon", "they went, in rain", "we meet, at noon and later", "they went, in rain", "we meet, at noon and later"},
		"taken out":      {"one two three", "one three", "one two three four", "one three four", ""},
		"half umlauts":   {"ü", "ö", "ü!", "ö", "ü!"},
		"all and a word": {"hello", "", "hello there", "", "hello there"},
	} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		id := phonelink.SessionID{7}
		w.ask("car", 1, phonelink.Open{Session: phonelink.Session{ID: id, Kind: phonelink.Draft, Profile: "ana", Doc: &phonelink.DraftDoc{Text: c.base}}})
		w.run(time.Second)
		w.link("car", "phone", false)
		w.ask("car", 2, phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: c.car}}})
		w.ask("phone", 3, phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: c.phone}}})
		if got := w.view("phone", id).Doc.(*phonelink.DraftDoc).Text; got != c.phone {
			t.Errorf("%s: the phone shows %q while it waits, want %q", name, got, c.phone)
		}
		w.crash("phone")
		w.link("car", "phone", true)
		w.run(time.Second)
		for _, d := range []phonelink.Device{"car", "phone"} {
			text, spare := "", ""
			for _, v := range w.dev[d].s.Views(phonelink.Now{Wall: epochTime.Add(w.now), Mono: w.now}) {
				if v.ID == id {
					text = v.Doc.(*phonelink.DraftDoc).Text
				} else if v.Copy && v.CopyOf == id {
					spare += v.Doc.(*phonelink.DraftDoc).Text
				}
			}
			if text != c.want || spare != c.copy {
				t.Errorf("%s on %s: got %q and copy %q, want %q and %q", name, d, text, spare, c.want, c.copy)
			}
		}
	}
}

func TestStampZeroNeverWins(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	id := phonelink.SessionID{1}
	clip := func(s string) *phonelink.ClipboardDoc {
		return &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte(s)}
	}
	w.ask("car", 1, phonelink.Open{Session: phonelink.Session{ID: id, Kind: phonelink.Clipboard, Profile: "ana", Doc: clip("first")}})
	w.run(time.Second)
	n := uint64(0)
	for _, c := range []struct {
		at   phonelink.Stamp
		text string
		want string
	}{
		{0, "no time", "first"}, {1, "long ago", "first"}, {phonelink.Stamp(epochTime.Add(w.now).UnixMilli()) << 16, "now", "now"},
		{0, "no time", "now"}, {math.MaxUint64, "far ahead", "far ahead"}, {math.MaxUint64, "as far", "far ahead"},
	} {
		n++
		w.on("car", phonelink.Received{From: "phone", Message: phonelink.OpsMsg{ID: id, Epoch: phonelink.Epoch{N: 1, Device: "car"},
			Ops: []phonelink.Op{{ID: phonelink.OpID{Origin: "kde:x", Seq: n}, At: c.at, Act: phonelink.Replace{Doc: clip(c.text)}}}}})
		if got := string(w.view("car", id).Doc.(*phonelink.ClipboardDoc).Data); got != c.want {
			t.Errorf("%q at %d: got %q, want %q", c.text, c.at, got, c.want)
		}
	}
}

func TestEphemeralIsNeverOnDisk(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	x := song()
	x.Privacy, x.Title = phonelink.Ephemeral, "unwritten"
	w.ask("phone", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	w.ask("car", 2, phonelink.Take{Session: x.ID})
	w.run(time.Second)
	if !w.dev["car"].shown[x.ID] {
		t.Fatal("the car does not render it")
	}
	for d, v := range w.dev {
		for _, r := range append(v.records, v.s.Snapshot()) {
			if bytes.Contains(r, []byte("unwritten")) {
				t.Errorf("%s writes it to disk", d)
			}
		}
	}
}

func TestRestrictedOnlyWhileParked(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	x := song()
	x.Needs = phonelink.NeedsVideo
	w.ask("car", 1, phonelink.Open{Session: x})
	for _, c := range []struct {
		cond phonelink.Conditions
		want bool
	}{{phonelink.Conditions{Known: true}, true}, {phonelink.Conditions{Known: true, Moving: true}, false}, {phonelink.Conditions{}, false},
		{phonelink.Conditions{Known: true}, true}, {phonelink.Conditions{Moving: true}, false}} {
		w.on("car", c.cond)
		if got := w.dev["car"].shown[x.ID]; got != c.want {
			t.Errorf("%+v: rendered %v, want %v", c.cond, got, c.want)
		}
	}
}

func TestMismatchAndDecline(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car", AskFirst: true, Cannot: phonelink.NeedsKeyboard}, phonelink.Config{Self: "phone"})
	x := song()
	w.ask("phone", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	w.ask("phone", 2, phonelink.Send{Session: x.ID, To: "car"})
	w.run(time.Second)
	now := phonelink.Now{Wall: epochTime.Add(w.now), Mono: w.now}
	if o := w.dev["car"].s.Offers(now); len(o) != 1 || o[0].From != "phone" || !w.dev["phone"].shown[x.ID] {
		t.Fatalf("got offers %+v, phone renders %v; want one, and it does", o, w.dev["phone"].shown[x.ID])
	}
	w.ask("car", 3, phonelink.Decline{Session: x.ID})
	w.run(time.Second)
	if w.dev["phone"].refused[2] != phonelink.RefusedDeclined || !w.dev["phone"].shown[x.ID] {
		t.Errorf("declined: got %v, phone renders %v", w.dev["phone"].refused, w.dev["phone"].shown[x.ID])
	}
	w.ask("phone", 4, phonelink.Send{Session: x.ID, To: "car"})
	w.run(time.Second)
	w.ask("car", 5, phonelink.Accept{Session: x.ID})
	w.run(time.Second)
	if v := w.view("phone", x.ID); v.Owner() != "car" || v.TakeBack.IsZero() {
		t.Errorf("accepted: got owner %s, take back until %v", v.Owner(), v.TakeBack)
	}
	y := song()
	y.ID, y.Needs = phonelink.SessionID{9}, phonelink.NeedsKeyboard
	w.ask("phone", 6, phonelink.Open{Session: y})
	w.run(time.Second)
	w.ask("phone", 7, phonelink.Send{Session: y.ID, To: "car"})
	w.run(time.Second)
	if got := w.dev["phone"].refused[7]; got != phonelink.RefusedMismatch {
		t.Errorf("what the car cannot: got %q, want %q", got, phonelink.RefusedMismatch)
	}
}

// TestLiesAndStrangers sends what an honest peer would not.
func TestLiesAndStrangers(t *testing.T) {
	x := song()
	x.Rev, x.Lease = phonelink.Rev{Epoch: phonelink.Epoch{N: 1, Device: "car"}, Seq: 1}, phonelink.Lease{}
	with := func(f func(r *phonelink.Replica)) phonelink.Replica {
		r := phonelink.Replica{Session: x}
		f(&r)
		return r
	}
	later := with(func(r *phonelink.Replica) { r.Rev.Epoch = phonelink.Epoch{N: 1 << 39, Device: "phone"} })
	for name, c := range map[string]struct {
		from phonelink.Device
		m    phonelink.Msg
	}{
		"owns it now":         {"phone", phonelink.StateMsg{State: later}},
		"owner is a third":    {"phone", phonelink.StateMsg{State: with(func(r *phonelink.Replica) { r.Rev.Epoch = phonelink.Epoch{N: 9, Device: "x"} })}},
		"more of ours":        {"phone", phonelink.StateMsg{State: with(func(r *phonelink.Replica) { r.Rev.Seq = 99; r.Title = "lie" })}},
		"ended":               {"phone", phonelink.StateMsg{State: with(func(r *phonelink.Replica) { r.Rev.Seq = 99; r.Ended = true; r.Doc = nil })}},
		"another kind":        {"phone", phonelink.StateMsg{State: with(func(r *phonelink.Replica) { r.Kind = phonelink.Page; r.Doc = &phonelink.PageDoc{}; r.Rev.Seq = 9 })}},
		"commits ours to us":  {"phone", phonelink.CommitMsg{State: later, Epoch: phonelink.Epoch{N: 1<<39 + 1, Device: "car"}}},
		"done, unasked":       {"phone", phonelink.DoneMsg{ID: x.ID, Epoch: phonelink.Epoch{N: 2, Device: "phone"}}},
		"gone":                {"phone", phonelink.GoneMsg{ID: x.ID, Epoch: phonelink.Epoch{N: 5, Device: "car"}}},
		"ready, unasked":      {"phone", phonelink.ReadyMsg{ID: x.ID}},
		"a stranger":          {"thief", phonelink.StateMsg{State: later}},
		"a stranger takes":    {"thief", phonelink.TakeMsg{Try: 1, Mark: phonelink.Mark{ID: x.ID}}},
		"the passenger takes": {"guest", phonelink.TakeMsg{Try: 1, Mark: phonelink.Mark{ID: x.ID}}},
		"bob takes":           {"bob", phonelink.TakeMsg{Try: 1, Mark: phonelink.Mark{ID: x.ID}}},
		"bob edits":           {"bob", phonelink.OpsMsg{ID: x.ID, Ops: []phonelink.Op{{ID: phonelink.OpID{Origin: "bob", Seq: 1}, Act: phonelink.Finish{}}}}},
		"bob tells of it":     {"bob", phonelink.StateMsg{State: later}},
	} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		w.on("car", phonelink.Peers{List: []phonelink.PeerInfo{
			{Device: "phone", Profiles: []phonelink.Profile{"ana"}}, {Device: "bob", Profiles: []phonelink.Profile{"bob"}},
			{Device: "guest", Profiles: []phonelink.Profile{"ana"}, Inside: true}}})
		w.ask("car", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		before := w.view("car", x.ID)
		w.on("car", phonelink.Received{From: c.from, Message: c.m})
		after := w.view("car", x.ID)
		if !reflect.DeepEqual(before, after) && (after.Owner() != "car" || !after.Local || !after.Render || after.Title != before.Title || after.Rev.Epoch != before.Rev.Epoch) {
			t.Errorf("%s: got %+v, want %+v", name, after, before)
		}
	}
}

func TestLimits(t *testing.T) {
	s := phonelink.New(phonelink.Config{Self: "car"})
	now := phonelink.Now{Wall: epochTime, Mono: time.Second}
	phonelink.Next(s, now, phonelink.Boot{})
	refused := func(tag uint64, r phonelink.Request) (code phonelink.RefusalCode) {
		for _, e := range phonelink.Next(s, now, phonelink.Ask{Tag: tag, Request: r}) {
			if x, ok := e.(phonelink.Refuse); ok {
				code = x.Refusal.Code
			}
		}
		return code
	}
	big := song()
	big.Doc = &phonelink.DraftDoc{Text: strings.Repeat("x", phonelink.MaxDocument+1)}
	big.Kind = phonelink.Draft
	if got := refused(1, phonelink.Open{Session: big}); got == "" {
		t.Error("a document that is too big is taken")
	}
	for i := range phonelink.MaxSessions {
		x := song()
		x.ID = phonelink.SessionID{1, byte(i >> 8), byte(i)}
		if got := refused(2, phonelink.Open{Session: x}); got != "" {
			t.Fatalf("session %d is refused: %s", i, got)
		}
	}
	x := song()
	x.ID = phonelink.SessionID{2}
	if got := refused(3, phonelink.Open{Session: x}); got == "" {
		t.Error("session 4,097 is taken")
	}
	refused(4, phonelink.End{Session: phonelink.SessionID{1}})
	if got := refused(5, phonelink.Open{Session: x}); got != "" {
		t.Errorf("after one has ended the next is refused: %s", got)
	}
	back, err := phonelink.Recover(phonelink.Config{Self: "car"}, [][]byte{s.Snapshot()})
	if err != nil || !bytes.Equal(back.Snapshot(), s.Snapshot()) {
		t.Errorf("the snapshot comes back differently, %v", err)
	}
}

// TestGoneTrack takes a track out before it is there: the Enqueue that is
// still on its way does nothing, a later one does.
func TestGoneTrack(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	x := song()
	w.ask("car", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	at := phonelink.Stamp(epochTime.UnixMilli()) << 16
	enqueue := phonelink.Enqueue{Track: phonelink.Track{ID: "x"}, After: "b"}
	for i, c := range []struct {
		origin phonelink.Device
		seq    uint64
		at     phonelink.Stamp
		act    phonelink.Action
		want   int
	}{
		{"phone", 1, at + 2, phonelink.Dequeue{Track: "x"}, 2},
		{"tablet", 1, at + 1, enqueue, 2},
		{"tablet", 2, at + 3, enqueue, 3},
		{"phone", 2, at + 4, phonelink.Dequeue{Track: "x"}, 2},
		{"tablet", 3, at + 5, enqueue, 3},
	} {
		op := phonelink.Op{ID: phonelink.OpID{Origin: c.origin, Seq: c.seq}, At: c.at, Act: c.act}
		w.on("car", phonelink.Received{From: "phone", Message: phonelink.OpsMsg{ID: x.ID, Epoch: phonelink.Epoch{N: 1, Device: "car"}, Ops: []phonelink.Op{op}}})
		w.run(100 * time.Millisecond)
		if d := w.view("phone", x.ID).Doc.(*phonelink.MediaDoc); len(d.Queue) != c.want {
			t.Errorf("operation %d: got %+v, want %d tracks", i, d.Queue, c.want)
		}
	}
	for i := range 40 {
		w.ask("car", uint64(10+i), phonelink.Edit{Session: x.ID, Op: phonelink.Op{Act: phonelink.Dequeue{Track: fmt.Sprint("no", i)}}})
	}
	if d := w.view("car", x.ID).Doc.(*phonelink.MediaDoc); len(d.Gone) != 16 || d.Gone[15].ID != "no39" {
		t.Errorf("got %d tracks that never were, the last %+v; want 16", len(d.Gone), d.Gone[len(d.Gone)-1])
	}
}

// TestSentForOne begins to send a draft for an operation that the next owner
// does not know, and crashes: it is never sent for another one.
func TestSentForOne(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	first, second := phonelink.OpID{Origin: "car", Seq: 1}, phonelink.OpID{Origin: "car", Seq: 2}
	tell := func(n uint64, by phonelink.OpID) {
		w.on("phone", phonelink.Received{From: "car", Message: phonelink.StateMsg{State: phonelink.Replica{Session: phonelink.Session{
			ID: phonelink.SessionID{1}, Kind: phonelink.Draft, Profile: "ana", Title: "x", Lease: phonelink.Lease{TTL: 10 * time.Second},
			Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: n, Device: "car"}, Seq: 1},
			Doc: &phonelink.DraftDoc{Text: "late", Sent: by != phonelink.OpID{}, SentBy: by, Via: "phone"},
		}}}})
	}
	var sent []phonelink.OpID
	look := func() {
		for _, f := range w.dev["phone"].other {
			if p, ok := f.(phonelink.Perform); ok {
				sent = append(sent, p.Op)
			}
		}
		w.dev["phone"].other = nil
	}
	tell(1, first)
	look()
	w.crash("phone")
	look()
	tell(2, phonelink.OpID{})
	tell(3, second)
	look()
	if len(sent) < 2 {
		t.Fatalf("got sent for %v, want once before and once after the crash", sent)
	}
	for _, id := range sent {
		if id != first {
			t.Errorf("got sent for %v, want only %v", sent, first)
		}
	}
	w.on("phone", phonelink.Performed{Session: phonelink.SessionID{1}, Op: first})
	tell(4, second)
	if look(); sent[len(sent)-1] != first {
		t.Errorf("sent again for %v", sent[len(sent)-1])
	}
}

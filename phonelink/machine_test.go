package phonelink_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/phonelink"
)

// device is one machine with its journal, in a world.
type device struct {
	s       *phonelink.State
	c       phonelink.Config
	records [][]byte
	shown   map[phonelink.SessionID]bool
	done    []uint64
	refused map[uint64]phonelink.RefusalCode
	other   []phonelink.Effect // all other effects, in order
}

// world has devices whose messages arrive in order unless a link is cut.
type world struct {
	t    *testing.T
	now  time.Duration
	dev  map[phonelink.Device]*device
	mail []mail
	cut  map[[2]phonelink.Device]bool
	seen []phonelink.Msg
}

type mail struct {
	from, to phonelink.Device
	m        []byte
}

var epochTime = time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, configs ...phonelink.Config) *world {
	w := &world{t: t, now: time.Second, dev: map[phonelink.Device]*device{}, cut: map[[2]phonelink.Device]bool{}}
	for _, c := range configs {
		w.dev[c.Self] = &device{s: phonelink.New(c), c: c, shown: map[phonelink.SessionID]bool{}, refused: map[uint64]phonelink.RefusalCode{}}
	}
	for _, c := range configs {
		w.start(c.Self)
	}
	for _, c := range configs {
		w.meet(c.Self)
	}
	w.run(0)
	return w
}

func (w *world) start(d phonelink.Device) {
	w.on(d, phonelink.Boot{Seed: [32]byte{byte(d[0])}})
	var peers []phonelink.PeerInfo
	for p := range w.dev {
		peers = append(peers, phonelink.PeerInfo{Device: p, Profiles: []phonelink.Profile{"ana"}})
	}
	w.on(d, phonelink.Peers{List: peers})
	w.on(d, phonelink.Conditions{Known: true})
}

func (w *world) meet(d phonelink.Device) {
	for p := range w.dev {
		if p != d && !w.cut[[2]phonelink.Device{d, p}] {
			w.on(d, phonelink.PeerUp{Device: p, Fresh: true, RTT: 20 * time.Millisecond})
		}
	}
}

// crash loses all but the journal, and starts again.
func (w *world) crash(d phonelink.Device) {
	v := w.dev[d]
	s, err := phonelink.Recover(v.c, v.records)
	if err != nil {
		w.t.Fatal(err)
	}
	v.s, v.shown = s, map[phonelink.SessionID]bool{}
	w.start(d)
	w.meet(d)
	for p := range w.dev {
		if p != d && !w.cut[[2]phonelink.Device{d, p}] {
			w.on(p, phonelink.PeerUp{Device: d, Fresh: true, RTT: 20 * time.Millisecond})
		}
	}
}

func (w *world) link(a, b phonelink.Device, up bool) {
	w.cut[[2]phonelink.Device{a, b}], w.cut[[2]phonelink.Device{b, a}] = !up, !up
	for _, x := range [][2]phonelink.Device{{a, b}, {b, a}} {
		if up {
			w.on(x[0], phonelink.PeerUp{Device: x[1], RTT: 20 * time.Millisecond})
		} else {
			w.on(x[0], phonelink.PeerDown{Device: x[1]})
		}
	}
}

func (w *world) on(d phonelink.Device, e phonelink.Event) {
	v := w.dev[d]
	for _, f := range phonelink.Next(v.s, phonelink.Now{Wall: epochTime.Add(w.now), Mono: w.now}, e) {
		switch f := f.(type) {
		case phonelink.Persist:
			v.records = append(v.records, f.Record)
		case phonelink.Transmit:
			if !w.cut[[2]phonelink.Device{d, f.To}] {
				w.mail = append(w.mail, mail{d, f.To, phonelink.EncodeMessage(f.Message)})
				w.seen = append(w.seen, f.Message)
			}
		case phonelink.Render:
			v.shown[f.Session] = true
		case phonelink.Silence:
			v.shown[f.Session] = false
		case phonelink.Done:
			v.done = append(v.done, f.Tag)
		case phonelink.Refuse:
			v.refused[f.Tag] = f.Refusal.Code
		default:
			v.other = append(v.other, f)
		}
	}
}

// step delivers the messages that are on their way, 10 ms later.
func (w *world) step() {
	batch := w.mail
	w.mail = nil
	w.now += 10 * time.Millisecond
	for _, m := range batch {
		if w.cut[[2]phonelink.Device{m.from, m.to}] {
			continue
		}
		msg, err := phonelink.DecodeMessage(m.m)
		if err != nil {
			w.t.Fatalf("own message: %v", err)
		}
		w.on(m.to, phonelink.Received{From: m.from, Message: msg})
	}
}

// run delivers all messages, 10 ms after they are sent, and lets time pass.
func (w *world) run(for_ time.Duration) {
	end := w.now + for_
	for i := 0; ; i++ {
		if i > 100000 {
			w.t.Fatal("the devices never come to rest")
		}
		if len(w.mail) > 0 {
			w.step()
			continue
		}
		next := time.Duration(0)
		for _, v := range w.dev {
			if d := v.s.Deadline(); d != 0 && (next == 0 || d < next) {
				next = d
			}
		}
		if next == 0 || next > end {
			break
		}
		w.now = max(w.now, next)
		for d := range w.dev {
			if x := w.dev[d].s.Deadline(); x != 0 && x <= w.now {
				w.on(d, phonelink.Tick{})
			}
		}
	}
	w.now = max(w.now, end)
}

func (w *world) ask(d phonelink.Device, tag uint64, r phonelink.Request) {
	w.on(d, phonelink.Ask{Tag: tag, Request: r})
}

func (w *world) view(d phonelink.Device, id phonelink.SessionID) phonelink.SessionView {
	v, _ := w.dev[d].s.Session(id, phonelink.Now{Wall: epochTime.Add(w.now), Mono: w.now})
	return v
}

func song() phonelink.Session {
	return phonelink.Session{ID: phonelink.SessionID{1}, Kind: phonelink.Media, Profile: "ana", Title: "song",
		Doc: &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "a", URL: "file:///a"}, {ID: "b", URL: "file:///b"}}, Rate: 1, Volume: 0.5, Playing: true}}
}

func TestTakeAndTakeBack(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
	x := song()
	w.ask("phone", 1, phonelink.Open{Session: x})
	w.run(100 * time.Millisecond)
	if v := w.view("car", x.ID); v.Owner() != "phone" || v.Local {
		t.Fatalf("car's copy: got owner %q, local %v; want phone's", v.Owner(), v.Local)
	}
	start := w.now
	w.ask("car", 2, phonelink.Take{Session: x.ID})
	w.run(100 * time.Millisecond)
	t.Log("took", w.now-start)
	for d, want := range map[phonelink.Device]bool{"car": true, "phone": false} {
		if v := w.view(d, x.ID); v.Owner() != "car" || v.Local != want || v.Render != want || w.dev[d].shown[x.ID] != want {
			t.Errorf("%s: got owner %q, local %v, renders %v, was told %v; want %v", d, v.Owner(), v.Local, v.Render, w.dev[d].shown[x.ID], want)
		}
	}
	if fmt.Sprint(w.dev["car"].done) != "[2]" {
		t.Errorf("car's answers: got %v, refused %v; want 2 done", w.dev["car"].done, w.dev["car"].refused)
	}
	w.run(time.Minute)
	if !w.dev["car"].shown[x.ID] {
		t.Error("after a minute the car is silent")
	}
	w.ask("phone", 3, phonelink.TakeBack{Session: x.ID})
	w.run(time.Second)
	if v := w.view("car", x.ID); v.Owner() != "phone" || v.Render || !w.dev["phone"].shown[x.ID] {
		t.Errorf("taken back: got owner %q, car renders %v, phone renders %v", v.Owner(), v.Render, w.dev["phone"].shown[x.ID])
	}
}

// TestLease cuts the link after a hand-off: the owner falls silent before the
// heir may claim, and is told when the link is back.
func TestLease(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car", HeirPlay: true}, phonelink.Config{Self: "phone", HeirPlay: true})
	x := song()
	w.ask("phone", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	w.ask("car", 2, phonelink.Take{Session: x.ID})
	w.run(time.Second)
	w.link("car", "phone", false)
	w.ask("phone", 3, phonelink.TakeBack{Session: x.ID})
	for range 60 {
		w.run(100 * time.Millisecond)
		if w.dev["car"].shown[x.ID] && w.dev["phone"].shown[x.ID] {
			t.Fatalf("both render at %v", w.now)
		}
	}
	if w.dev["car"].shown[x.ID] || !w.dev["phone"].shown[x.ID] || !w.view("phone", x.ID).Local {
		t.Errorf("after 6 s: car renders %v, phone %v; want the phone alone", w.dev["car"].shown[x.ID], w.dev["phone"].shown[x.ID])
	}
	w.crash("car")
	w.link("car", "phone", true)
	w.run(time.Second)
	if got := w.view("car", x.ID); got.Owner() != "phone" || got.Rev.Epoch.N != 3 {
		t.Errorf("the car believes %+v, want epoch 3 of the phone", got.Rev.Epoch)
	}
}

// TestWalkAway cuts the link at each message of a hand-off of music and after
// it: once it is done the new owner plays on, whatever becomes of the one
// before, and before that one of them does.
func TestWalkAway(t *testing.T) {
	for cut := range 10 {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		x := song()
		w.ask("phone", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		w.ask("car", 2, phonelink.Take{Session: x.ID})
		for range cut { // each is one way of all messages
			w.step()
		}
		done := w.view("phone", x.ID).Owner() == "car"
		free := w.view("car", x.ID).Local && w.view("car", x.ID).Lease.Heir == ""
		w.link("car", "phone", false)
		w.ask("phone", 3, phonelink.TakeBack{Session: x.ID})
		for range 600 {
			w.run(100 * time.Millisecond)
			if w.dev["car"].shown[x.ID] && w.dev["phone"].shown[x.ID] {
				t.Fatalf("cut after %d: both render at %v", cut, w.now)
			}
		}
		car, phone := w.dev["car"].shown[x.ID], w.dev["phone"].shown[x.ID]
		t.Logf("cut after %d: done %v, free %v; car renders %v, phone %v", cut, done, free, car, phone)
		if free != car || !done && !phone {
			t.Errorf("cut after %d, done %v, free %v: got car renders %v, phone %v", cut, done, free, car, phone)
		}
		if cut == 9 && !car {
			t.Error("the hand-off is done, and the car falls silent")
		}
		w.link("car", "phone", true)
		w.run(5 * time.Second)
		if car, phone = w.dev["car"].shown[x.ID], w.dev["phone"].shown[x.ID]; car == phone {
			t.Errorf("cut after %d, healed: got car renders %v, phone %v", cut, car, phone)
		}
	}
}

// TestHeirByKind says of which kinds the owner before can claim, when a link
// is lost after a hand-off.
func TestHeirByKind(t *testing.T) {
	docs := []struct {
		doc  phonelink.Document
		want bool
	}{
		{song().Doc, false},
		{&phonelink.DraftDoc{Text: "late"}, true},
		{&phonelink.PageDoc{URL: "https://example.org/"}, true},
		{&phonelink.SceneDoc{Entity: "light", State: "on"}, true},
		{&phonelink.NavigationDoc{Active: true}, false},
	}
	for _, tc := range docs {
		k := tc.doc.Kind()
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		x := phonelink.Session{ID: phonelink.SessionID{1}, Kind: k, Profile: "ana", Title: "x", Doc: tc.doc, Expires: epochTime.Add(time.Hour)}
		w.ask("phone", 1, phonelink.Open{Session: x})
		w.run(time.Second)
		w.ask("car", 2, phonelink.Take{Session: x.ID})
		w.run(time.Second)
		w.link("car", "phone", false)
		w.ask("phone", 3, phonelink.TakeBack{Session: x.ID})
		w.run(time.Minute)
		refused := w.dev["phone"].refused[3]
		if got := w.view("phone", x.ID).Local; got != tc.want || !got && refused != phonelink.RefusedAbsent {
			t.Errorf("%v: got taken %v, refused %q; want %v", k, got, refused, tc.want)
		}
		if got := w.view("car", x.ID).Render; got == tc.want {
			t.Errorf("%v: the car renders %v", k, got)
		}
		if w.ask("phone", 4, phonelink.Copy{Session: x.ID}); w.dev["phone"].refused[4] != "" {
			t.Errorf("%v: copy: %v", k, w.dev["phone"].refused[4])
		}
	}
}

// TestNoHeirNoSilence carries the phone off when nobody is heir: music goes on.
func TestNoHeirNoSilence(t *testing.T) {
	for name, release := range map[string]func(w *world){
		"opened here":    nil,
		"after 10 min":   func(w *world) { w.run(11 * time.Minute) },
		"heir unpaired":  func(w *world) { w.on("car", phonelink.Peers{}) },
		"without a link": func(w *world) { w.run(11 * time.Minute); w.crash("car") },
	} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		x := song()
		if release == nil {
			w.ask("car", 1, phonelink.Open{Session: x})
			w.run(time.Second)
		} else {
			w.ask("phone", 1, phonelink.Open{Session: x})
			w.run(time.Second)
			w.ask("car", 2, phonelink.Take{Session: x.ID})
			w.run(time.Second)
			release(w)
		}
		w.link("car", "phone", false)
		w.run(time.Hour)
		if !w.dev["car"].shown[x.ID] {
			t.Errorf("%s: the car is silent", name)
		}
		if name == "heir unpaired" { // what that one does is its own business
			continue
		}
		if w.ask("phone", 9, phonelink.Take{Session: x.ID}); w.dev["phone"].refused[9] != phonelink.RefusedAbsent {
			t.Errorf("%s: the phone may take it: %v", name, w.dev["phone"].refused)
		}
	}
}

// TestGoneIsLost crashes the owner of a session that is never on disk, and
// loses its first word of that: it says it until it is heard.
func TestGoneIsLost(t *testing.T) {
	for name, old := range map[string]bool{"forgotten": false, "an older copy came late": true} {
		w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"})
		x := song()
		x.Privacy = phonelink.Ephemeral
		w.ask("car", 1, phonelink.Open{Session: x})
		var first phonelink.Msg
		for _, m := range w.seen {
			if s, ok := m.(phonelink.StateMsg); ok {
				first = s
			}
		}
		w.run(time.Second)
		w.ask("phone", 2, phonelink.Take{Session: x.ID})
		w.run(time.Second)
		w.crash("phone")
		if old {
			w.on("phone", phonelink.Received{From: "car", Message: first})
		}
		for range 4 { // ways of all messages
			kept := w.mail[:0]
			for _, m := range w.mail {
				if msg, err := phonelink.DecodeMessage(m.m); err == nil {
					if _, gone := msg.(phonelink.GoneMsg); !gone {
						kept = append(kept, m)
					}
				}
			}
			w.mail = kept
			w.step()
		}
		w.run(5 * time.Second)
		if v := w.view("car", x.ID); v.Owner() == "phone" {
			t.Errorf("%s: the car still believes that the phone has it: epoch %d", name, v.Rev.Epoch.N)
		}
	}
}

// TestOwnOperations acknowledges the phone's first operation in an epoch that is
// past, and makes the phone owner without it: its second one is done at once,
// and the first when it comes back, if it does; a crash changes nothing.
func TestOwnOperations(t *testing.T) {
	w := newWorld(t, phonelink.Config{Self: "car"}, phonelink.Config{Self: "phone"}, phonelink.Config{Self: "tablet"})
	x := song()
	w.ask("car", 1, phonelink.Open{Session: x})
	w.run(time.Second)
	enqueue := func(id string) phonelink.Request {
		return phonelink.Edit{Session: x.ID, Op: phonelink.Op{Act: phonelink.Enqueue{Track: phonelink.Track{ID: id}}}}
	}
	w.ask("phone", 2, enqueue("one"))
	var one phonelink.Op
	for _, m := range w.seen {
		if o, ok := m.(phonelink.OpsMsg); ok {
			one = o.Ops[0]
		}
	}
	w.run(time.Second)
	past := phonelink.Session{ID: x.ID, Kind: x.Kind, Profile: x.Profile, Title: x.Title, Doc: x.Doc, Lease: phonelink.Lease{TTL: 5 * time.Second}}
	past.Rev = phonelink.Rev{Epoch: phonelink.Epoch{N: 2, Device: "tablet"}, Seq: 1} // claimed without it
	w.on("phone", phonelink.Received{From: "tablet", Message: phonelink.CommitMsg{Try: 3, State: phonelink.Replica{Session: past}, Epoch: phonelink.Epoch{N: 3, Device: "phone"}}})
	w.ask("phone", 3, enqueue("two"))
	w.ask("phone", 4, enqueue("three"))
	if fmt.Sprint(w.dev["phone"].done) != "[2 3 4]" {
		t.Errorf("done %v; the owner's own changes wait", w.dev["phone"].done)
	}
	w.run(100 * time.Millisecond)
	w.crash("phone")
	w.ask("phone", 5, enqueue("four"))
	w.on("phone", phonelink.Received{From: "car", Message: phonelink.OpsMsg{ID: x.ID, Epoch: phonelink.Epoch{N: 3, Device: "phone"}, Ops: []phonelink.Op{one}}})
	w.run(time.Second)
	got := ""
	for _, tr := range w.view("phone", x.ID).Doc.(*phonelink.MediaDoc).Queue {
		got += tr.ID + " "
	}
	if got != "one four three two a b " || fmt.Sprint(w.dev["phone"].done) != "[2 3 4 5]" {
		t.Errorf("got %q, done %v; want all tracks", got, w.dev["phone"].done)
	}
}

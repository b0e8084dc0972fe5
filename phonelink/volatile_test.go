package phonelink_test

import (
	"slices"
	"testing"
	"time"

	"tandem/phonelink"
)

// TestVolatileChanges: who watches is told of sessions that no record tells of.
func TestVolatileChanges(t *testing.T) {
	now := phonelink.Now{Wall: epochTime, Mono: time.Second}
	devices := map[phonelink.Device]*phonelink.State{}
	for _, d := range []phonelink.Device{"car", "phone"} {
		s := phonelink.New(phonelink.Config{Self: d})
		other := map[phonelink.Device]phonelink.Device{"car": "phone", "phone": "car"}[d]
		phonelink.Next(s, now, phonelink.Boot{Seed: [32]byte{1}})
		phonelink.Next(s, now, phonelink.Peers{List: []phonelink.PeerInfo{{Device: other, Profiles: []phonelink.Profile{"owner"}}}})
		phonelink.Next(s, now, phonelink.PeerUp{Device: other})
		devices[d] = s
	}
	var state []phonelink.Msg
	tell := func(d phonelink.Device, e phonelink.Event) (changed bool) {
		now.Mono += time.Millisecond
		for _, f := range phonelink.Next(devices[d], now, e) {
			switch f := f.(type) {
			case phonelink.Changed:
				changed = true
			case phonelink.Persist:
				t.Errorf("%s: %T makes a record", d, e)
			case phonelink.Transmit:
				if m, ok := f.Message.(phonelink.StateMsg); ok && d == "phone" {
					state = append(state, m)
				}
			}
		}
		return changed
	}
	x := phonelink.Session{ID: phonelink.SessionID{7}, Kind: phonelink.Clipboard, Profile: "owner", Privacy: phonelink.Ephemeral, Doc: &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte("42")}}
	if !tell("phone", phonelink.Ask{Request: phonelink.Open{Session: x}}) {
		t.Error("what was copied here: nobody is told")
	}
	if i := slices.IndexFunc(state, func(m phonelink.Msg) bool { return m.(phonelink.StateMsg).State.ID == x.ID }); i < 0 {
		t.Fatal("the phone does not tell the car")
	}
	if !tell("car", phonelink.Received{From: "phone", Message: state[0]}) {
		t.Error("what was copied there: nobody is told")
	}
	if tell("car", phonelink.Received{From: "phone", Message: state[0]}) {
		t.Error("the same again is told as news")
	}
	if !tell("phone", phonelink.Ask{Request: phonelink.End{Session: x.ID}}) {
		t.Error("its end: nobody is told")
	}
}

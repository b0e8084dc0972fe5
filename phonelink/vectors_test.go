package phonelink_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
)

// vectorMessages are the messages of section 5 of PROTOCOL.md, by name.
func vectorMessages() map[string]phonelink.Msg {
	id := phonelink.SessionID{0x01, 0x56, 0x3e, 0x3a, 0xb5, 0xd3, 0xd6, 0x76, 0x4c, 0x61, 0xef, 0xb9, 0x93, 0x02, 0xbd, 0x5b}
	car, phone := phonelink.Device("tdcar"), phonelink.Device("tdphone")
	state := phonelink.Replica{
		Session: phonelink.Session{
			ID: id, Kind: phonelink.Media, Profile: "ana", Rev: phonelink.Rev{Epoch: phonelink.Epoch{N: 3, Device: phone}, Seq: 7, Stamp: 0x19a2b3c4d5e60001},
			Lease: phonelink.Lease{TTL: 5 * time.Second}, Title: "Song",
			Doc: &phonelink.MediaDoc{
				Queue: []phonelink.Track{{ID: "a", URL: "https://example.org/a", Title: "Song", Length: 180 * time.Second}}, Position: 61500 * time.Millisecond,
				At: 0x19a2b3c4d5e60000, Rate: 1, Volume: 0.5, Playing: true,
			},
			Needs: phonelink.NeedsAudio,
		},
		Applied: []phonelink.OpID{{Origin: car, Seq: 1<<40 | 2}},
	}
	mark := phonelink.Mark{ID: id, Epoch: state.Rev.Epoch, Seq: 7}
	sent := phonelink.Moment{Boot: 4, At: 12345678900}
	return map[string]phonelink.Msg{
		"take":     phonelink.TakeMsg{Try: 4<<32 | 3, Mark: mark},
		"prepare":  phonelink.PrepareMsg{Try: 4<<32 | 3, State: state},
		"ready":    phonelink.ReadyMsg{Try: 4<<32 | 3, ID: id, Sent: sent},
		"commit":   phonelink.CommitMsg{Try: 4<<32 | 3, State: state, Epoch: phonelink.Epoch{N: 4, Device: car}, Echo: sent},
		"done":     phonelink.DoneMsg{ID: id, Epoch: phonelink.Epoch{N: 4, Device: car}},
		"mismatch": phonelink.MismatchMsg{Try: 5 << 32, ID: id, Need: "it needs video"},
		"refuse":   phonelink.RefuseMsg{Try: 5 << 32, ID: id, Code: phonelink.RefusedOwner},
		"have":     phonelink.HaveMsg{Mark: mark, Boot: 4},
		"ops": phonelink.OpsMsg{ID: id, Epoch: state.Rev.Epoch, Ops: []phonelink.Op{
			{ID: phonelink.OpID{Origin: car, Seq: 1<<40 | 3}, At: 0x19a2b3c4d5e60002, Act: phonelink.Enqueue{Track: phonelink.Track{ID: "b"}, After: "a"}},
			{ID: phonelink.OpID{Origin: car, Seq: 1<<40 | 4}, At: 0x19a2b3c4d5e60003, Act: phonelink.Finish{}},
		}},
		"applied": phonelink.AppliedMsg{ID: id, Applied: []phonelink.OpID{{Origin: car, Seq: 1<<40 | 4}}},
		"digest":  phonelink.DigestMsg{Sync: 4<<32 | 2, Part: 0, Marks: []phonelink.Mark{mark}},
		"want":    phonelink.WantMsg{Sync: 4<<32 | 2, Part: 0, IDs: []phonelink.SessionID{id}},
		"gone":    phonelink.GoneMsg{ID: id, Epoch: state.Rev.Epoch},
		"renew":   phonelink.RenewMsg{ID: id, Epoch: state.Rev.Epoch, Sent: sent},
		"renewed": phonelink.RenewedMsg{ID: id, Epoch: state.Rev.Epoch, Echo: sent},
	}
}

// TestVectors reads the messages of PROTOCOL.md, and writes them the same.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```hex messages\n")
	block, _, _ := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("PROTOCOL.md has no vectors of messages")
	}
	var name string
	vectors := map[string]string{}
	for line := range strings.Lines(block) {
		if k, v, ok := strings.Cut(line, " ="); ok {
			name, line = k, v
		} else if strings.HasPrefix(line, ";") {
			continue
		}
		vectors[strings.TrimSpace(name)] += strings.Join(strings.Fields(line), "")
	}
	for name, m := range vectorMessages() {
		want := vectors[name]
		if got := hex.EncodeToString(phonelink.EncodeMessage(m)); got != want {
			t.Errorf("%s: wrote\n%s, want\n%s", name, got, want)
		}
		b, _ := hex.DecodeString(want)
		if got, err := phonelink.DecodeMessage(b); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: read %+v, %v; want %+v", name, got, err, m)
		}
	}
	if len(vectors) != len(vectorMessages()) {
		t.Errorf("PROTOCOL.md has %d messages, want %d", len(vectors), len(vectorMessages()))
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, m := range vectorMessages() {
		f.Add(phonelink.EncodeMessage(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := phonelink.DecodeMessage(b)
		if err != nil {
			return
		}
		again, err := phonelink.DecodeMessage(phonelink.EncodeMessage(m))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if !bytes.Equal(phonelink.EncodeMessage(again), phonelink.EncodeMessage(m)) {
			t.Fatal("what was read is written differently the second time")
		}
		s := phonelink.New(phonelink.Config{Self: "tdcar"})
		now := phonelink.Now{Wall: time.Unix(1_700_000_000, 0), Mono: time.Second}
		phonelink.Next(s, now, phonelink.Boot{})
		phonelink.Next(s, now, phonelink.Peers{List: []phonelink.PeerInfo{{Device: "tdphone", Profiles: []phonelink.Profile{"ana"}}}})
		phonelink.Next(s, now, phonelink.PeerUp{Device: "tdphone", Fresh: true})
		phonelink.Next(s, now, phonelink.Received{From: "tdphone", Message: m})
		phonelink.Next(s, now, phonelink.Received{From: "tdphone", Message: again})
		if _, err := phonelink.Recover(phonelink.Config{Self: "tdcar"}, [][]byte{s.Snapshot()}); err != nil {
			t.Fatalf("after it the snapshot cannot be read: %v", err)
		}
	})
}

func FuzzRecover(f *testing.F) {
	s := phonelink.New(phonelink.Config{Self: "tdcar"})
	now := phonelink.Now{Wall: time.Unix(1_700_000_000, 0), Mono: time.Second}
	for _, e := range []phonelink.Event{phonelink.Boot{}, phonelink.Ask{Request: phonelink.Open{Session: song()}}} {
		for _, f2 := range phonelink.Next(s, now, e) {
			if p, ok := f2.(phonelink.Persist); ok {
				f.Add(p.Record)
			}
		}
	}
	f.Add(s.Snapshot())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := phonelink.Recover(phonelink.Config{Self: "tdcar"}, [][]byte{b})
		if err != nil {
			return
		}
		if _, err := phonelink.Recover(phonelink.Config{Self: "tdcar"}, [][]byte{s.Snapshot()}); err != nil {
			t.Fatalf("its own snapshot cannot be read: %v", err)
		}
	})
}

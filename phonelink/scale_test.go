package phonelink_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"tandem/phonelink"
)

// thousand is a car with 1,000 sessions and four phones that know them.
func thousand(tb testing.TB) (*phonelink.State, phonelink.Now) {
	tb.Helper()
	s := phonelink.New(phonelink.Config{Self: "car"})
	now := phonelink.Now{Wall: epochTime, Mono: time.Second}
	phonelink.Next(s, now, phonelink.Boot{})
	var peers []phonelink.PeerInfo
	for i := range 4 {
		peers = append(peers, phonelink.PeerInfo{Device: phonelink.Device(fmt.Sprintf("phone-%d", i)), Profiles: []phonelink.Profile{"ana"}})
	}
	phonelink.Next(s, now, phonelink.Peers{List: peers})
	for _, p := range peers {
		phonelink.Next(s, now, phonelink.PeerUp{Device: p.Device, Fresh: true})
	}
	for i := range 1000 {
		x := song()
		x.ID = phonelink.SessionID{1, byte(i >> 8), byte(i)}
		x.Doc = &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "a", URL: fmt.Sprintf("file:///music/%d.flac", i)}}, Rate: 1}
		for _, e := range phonelink.Next(s, now, phonelink.Ask{Request: phonelink.Open{Session: x}}) {
			if m, ok := e.(phonelink.Transmit); ok {
				if st, ok := m.Message.(phonelink.StateMsg); ok {
					phonelink.Next(s, now, phonelink.Received{From: m.To, Message: phonelink.HaveMsg{
						Mark: phonelink.Mark{ID: x.ID, Epoch: st.State.Rev.Epoch, Seq: st.State.Rev.Seq}}})
				}
			}
		}
	}
	return s, now
}

// TestThousandSessions keeps 1,000 sessions in 4 MiB, and asks for nothing
// when all is said.
func TestThousandSessions(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, now := thousand(t)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kib := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / 1024; kib > 4096 {
		t.Errorf("1,000 sessions take %d KiB, want 4,096 at most", kib)
	} else {
		t.Logf("%d KiB", kib)
	}
	if d := s.Deadline(); d != 0 {
		t.Errorf("at rest a tick is wanted at %v, want never", d)
	}
	runtime.KeepAlive(s)
	_ = now
}

// BenchmarkEdit changes one of 1,000 sessions that four phones know: the
// event, the record and the messages.
func BenchmarkEdit(b *testing.B) {
	s, now := thousand(b)
	id := phonelink.SessionID{1, 1, 1}
	for i := 0; b.Loop(); i++ {
		now.Mono += time.Second
		now.Wall = now.Wall.Add(time.Second)
		phonelink.Next(s, now, phonelink.Ask{Request: phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.Seek{To: time.Duration(i)}}}})
	}
}

package hmi_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/hmi"
	"tandem/phonelink"
)

// Who plays is asked to be elsewhere only if it can, and is reached: the car
// itself and a Tandem peer by an operation of the session, a stock phone's
// player if it says that it can.
func TestSeek(t *testing.T) {
	player := func(can bool, p phonelink.Presence) *phonelink.View {
		v := view()
		v.Phones[1].Presence = p
		v.Phones[1].Players = []phonelink.Player{{Name: "Music", Title: "Song", Length: time.Minute, Position: 10 * time.Second, At: noon, Playing: true, CanPlay: true, CanPause: true, CanSeek: can}}
		return v
	}
	asSession := func(v *phonelink.View) *phonelink.View { // as the node shows a player
		s := media(false, true)
		s.OnPhone, s.Rev.Epoch.Device = "kde:b", "kde:b"
		d := s.Doc.(*phonelink.MediaDoc)
		d.Source, d.Player = "kde:b", "Music"
		v.Sessions = []phonelink.SessionView{s}
		return v
	}
	absent := media(false, true)
	absent.OnPhone, absent.Rev.Epoch.Device, absent.Alone = "tdc", "tdc", true
	edit := fmt.Sprintf("%#v", phonelink.Edit{Session: phonelink.SessionID{1}, Op: phonelink.Op{Act: phonelink.Seek{To: 30 * time.Second}}})
	control := fmt.Sprintf("%#v", phonelink.Control{Device: "kde:b", Player: "Music", Action: "seek", Seek: 30 * time.Second})
	for _, tc := range []struct {
		name  string
		v     *phonelink.View
		want  string
		lost  bool
		later time.Duration // the position ten seconds later
	}{
		{"this car", view(media(true, true)), edit, false, time.Minute},
		{"a Tandem peer", view(media(false, true)), edit, false, time.Minute},
		{"a Tandem peer out of reach", view(absent), "", true, 50 * time.Second},
		{"a stock phone", player(true, phonelink.Linked), control, false, 20 * time.Second},
		{"one that cannot", player(false, phonelink.Linked), "", false, 20 * time.Second},
		{"one out of reach", player(true, phonelink.Absent), "", true, 10 * time.Second},
		{"one as a session", asSession(player(true, phonelink.Quiet)), control, false, 20 * time.Second},
		{"one as a session that cannot", asSession(player(false, phonelink.Quiet)), "", false, 20 * time.Second},
	} {
		x := hmi.PhonesOf(tc.v, open, noon).Sources[0]
		got := ""
		if x.Seek != nil {
			got = fmt.Sprintf("%#v", x.Seek(30*time.Second))
		}
		if got != tc.want || x.Lost != tc.lost {
			t.Errorf("%s: asks %s, lost %v; want %s, %v", tc.name, got, x.Lost, tc.want, tc.lost)
		}
		if p := x.Position(noon.Add(10 * time.Second)); p != tc.later {
			t.Errorf("%s: ten seconds later at %v, want %v", tc.name, p, tc.later)
		}
		if tc.lost && (x.Play != nil || x.Pause != nil || x.Next != nil || x.Previous != nil) {
			t.Errorf("%s: it can be controlled", tc.name)
		}
	}
}

// A source names its picture by hash, and by the file that is here; what is
// elsewhere on the net is not looked for.
func TestCoverOfASource(t *testing.T) {
	s := media(true, true)
	s.Icon = [32]byte{7}
	s.Doc.(*phonelink.MediaDoc).Queue[1].URL = "file:///music/2.mp3"
	if got, want := hmi.PhonesOf(view(s), open, noon).Sources[0].Cover, (hmi.Cover{SHA256: [32]byte{7}, URL: "file:///music/2.mp3"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, u := range []string{"https://example.org/2.mp3", "file://host/2.mp3", "asset:00", ""} {
		s.Doc.(*phonelink.MediaDoc).Queue[1].URL = u
		if got := hmi.PhonesOf(view(s), open, noon).Sources[0].Cover.URL; got != "" {
			t.Errorf("%s: got %q, want none", u, got)
		}
	}
	v := view()
	v.Phones[1].Players = []phonelink.Player{{Name: "Music", Title: "Song", Icon: [32]byte{8}}}
	if got := hmi.PhonesOf(v, open, noon).Sources[0].Cover.SHA256; got != [32]byte{8} {
		t.Errorf("a player's: got %x", got[:2])
	}
}

package kdeconnect

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

func ref[T any](v T) *T { return &v }

func TestPlayersOfThePhone(t *testing.T) {
	st := androidStage(t)
	st.say(packet.MPRIS{Players: []string{"Music", "Radio"}})
	var asked []string
	for _, b := range st.sent() {
		r := b.(*packet.MPRISRequest)
		if !r.RequestNowPlaying || !r.RequestVolume {
			t.Errorf("got %+v, want the state and volume asked for", r)
		}
		asked = append(asked, r.Player)
	}
	if want := []string{"Music", "Radio"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked: got %v, want %v", asked, want)
	}
	st.say(packet.MPRIS{Player: "Music", Title: ref("Song"), Artist: ref("Band"), Album: ref("LP"), URL: ref("https://example.org/s.mp3"), Playing: ref(true),
		Position: ref(61000.0), Length: ref(240000.0), Volume: ref(55.0), CanPause: ref(true), CanPlay: ref(true), CanNext: ref(true), CanSeek: ref(true)})
	want := phonelink.Player{Name: "Music", Title: "Song", Artist: "Band", Album: "LP", URL: "https://example.org/s.mp3", Position: 61 * time.Second, At: st.now,
		Length: 4 * time.Minute, Playing: true, Volume: 55, CanPause: true, CanPlay: true, CanNext: true, CanSeek: true}
	if got := st.phone().Players[0]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// Only what changed comes, five seconds later: where it is by then is known.
	st.now = st.now.Add(5 * time.Second)
	st.say(packet.MPRIS{Player: "Music", Playing: ref(false)})
	want.Position, want.At, want.Playing = 66*time.Second, st.now, false
	if got := st.phone().Players[0]; got != want {
		t.Errorf("paused: got %+v, want %+v", got, want)
	}
	st.now = st.now.Add(5 * time.Second)
	st.say(packet.MPRIS{Player: "Music", Playing: ref(true), URL: ref("file:///sdcard/s.mp3"), Position: ref(-1.0), Length: ref(-1.0)})
	if got := st.phone().Players[0]; got.URL != "" || got.Position != 0 || got.Length != 0 {
		t.Errorf("a file of the phone's: got %q at %v of %v, want no URL and nothing known", got.URL, got.Position, got.Length)
	}
	// A list without it takes it away; its state alone brings a new one.
	st.line(`{"id":0,"type":"kdeconnect.mpris","body":{"playerList":[]}}`)
	if got := st.phone().Players; len(got) != 0 {
		t.Errorf("empty list: got %d players, want none", len(got))
	}
	st.say(packet.MPRIS{Player: "Podcasts", Title: ref("One")})
	if got := st.phone().Players; len(got) != 1 || got[0].Volume != -1 {
		t.Errorf("got %+v, want one player of unknown volume", got)
	}
	// Art is not fetched, and its packet changes nothing.
	before := st.phone()
	st.say(packet.MPRIS{Player: "Podcasts", ArtURL: ref("file:///a.png"), TransferringArt: true})
	if got := st.phone(); !reflect.DeepEqual(got, before) {
		t.Errorf("art: got %+v, want %+v", got, before)
	}
	for i := range 100 {
		st.say(packet.MPRIS{Player: fmt.Sprintf("P%d", i)})
	}
	if got := len(st.phone().Players); got != maxPlayers {
		t.Errorf("crowd: got %d players, want %d", got, maxPlayers)
	}
}

func TestControlPlayer(t *testing.T) {
	st := androidStage(t)
	st.say(packet.MPRIS{Players: []string{"Music"}})
	st.sent()
	tests := []struct {
		r    phonelink.Control
		want *packet.MPRISRequest
	}{
		{phonelink.Control{Action: "play"}, &packet.MPRISRequest{Action: "Play"}},
		{phonelink.Control{Action: "pause"}, &packet.MPRISRequest{Action: "Pause"}},
		{phonelink.Control{Action: "next"}, &packet.MPRISRequest{Action: "Next"}},
		{phonelink.Control{Action: "previous"}, &packet.MPRISRequest{Action: "Previous"}},
		{phonelink.Control{Action: "stop"}, &packet.MPRISRequest{Action: "Stop"}},
		{phonelink.Control{Action: "seek", Seek: 90 * time.Second}, &packet.MPRISRequest{SetPosition: ref(90000.0)}},
		{phonelink.Control{Action: "seek", Seek: -time.Second}, &packet.MPRISRequest{SetPosition: ref(0.0)}},
		{phonelink.Control{Action: "volume", Volume: 130}, &packet.MPRISRequest{SetVolume: ref(100.0)}},
		{phonelink.Control{Action: "eject"}, nil},
	}
	for _, tc := range tests {
		tc.r.Device, tc.r.Player = st.d, "Music"
		err := st.do(tc.r)
		got := st.sent()
		if tc.want == nil {
			if code(err) != phonelink.RefusedUnsupported || len(got) != 0 {
				t.Errorf("%s: got %v, %v; want it refused", tc.r.Action, got, err)
			}
			continue
		}
		tc.want.Player = "Music"
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], tc.want) {
			t.Errorf("%s: got %+v, %v; want %+v", tc.r.Action, got, err, tc.want)
		}
	}
}

// ownMedia is a player of this device: the second of three tracks, playing.
func ownMedia(now time.Time) []Media {
	return []Media{{Session: phonelink.SessionID{1}, Name: "Car", Doc: phonelink.MediaDoc{
		Queue: []phonelink.Track{{ID: "a", Title: "A"}, {ID: "b", Title: "B", Artist: "Band", URL: "https://example.org/b", Length: time.Minute}, {ID: "c"}},
		Index: 1, Position: 10 * time.Second, At: phonelink.Stamp(now.UnixMilli()) << 16, Rate: 1, Volume: 0.4, Playing: true, Loop: phonelink.LoopQueue}}}
}

func TestOwnPlayerIsOffered(t *testing.T) {
	st := androidStage(t)
	st.say(packet.MPRISRequest{RequestPlayerList: true})
	if got := st.sent(); len(got) != 1 || !got[0].(*packet.MPRIS).HasPlayers() || len(got[0].(*packet.MPRIS).Players) != 0 {
		t.Errorf("no player: got %+v, want an empty list", got)
	}
	st.s.setMedia(st.now, ownMedia(st.now))
	got := st.sent()
	if len(got) != 2 || !reflect.DeepEqual(got[0].(*packet.MPRIS).Players, []string{"Car"}) {
		t.Fatalf("got %+v, want the list and the state", got)
	}
	st.now = st.now.Add(3 * time.Second)
	st.say(packet.MPRISRequest{Player: "Car", RequestNowPlaying: true})
	m := st.sent()[0].(*packet.MPRIS)
	want := &packet.MPRIS{Player: "Car", Title: ref("B"), Artist: ref("Band"), Album: ref(""), URL: ref("https://example.org/b"), Playing: ref(true), Position: ref(13000.0),
		Length: ref(60000.0), Volume: ref(40.0), Loop: ref("Playlist"), Shuffle: ref(false), CanPause: ref(true), CanPlay: ref(true), CanSeek: ref(true), CanNext: ref(true), CanPrevious: ref(true)}
	m.Rest = nil
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, want %+v", m, want)
	}
	// Unchanged names are not listed again.
	st.s.setMedia(st.now, ownMedia(st.now))
	if got := kinds(st.sent()); !reflect.DeepEqual(got, []string{"mpris"}) {
		t.Errorf("got %v, want the state alone", got)
	}
	// A phone that is linked later is told the list at once.
	st.s.handle(st.now, upEvent{Device: st.d, Identity: identity{Name: "P", Kind: "phone", Incoming: androidTakes, Outgoing: androidSends}})
	listed := false
	for _, b := range st.sent() {
		if m, ok := b.(*packet.MPRIS); ok && len(m.Players) == 1 {
			listed = true
		}
	}
	if !listed {
		t.Errorf("got no list for a new link, want one")
	}
}

func TestPhoneControlsOwnPlayer(t *testing.T) {
	tests := []struct {
		r    packet.MPRISRequest
		want []phonelink.Action
	}{
		{packet.MPRISRequest{Action: "Play"}, []phonelink.Action{phonelink.Play{Playing: true}}},
		{packet.MPRISRequest{Action: "Pause"}, []phonelink.Action{phonelink.Play{}}},
		{packet.MPRISRequest{Action: "Stop"}, []phonelink.Action{phonelink.Play{}}},
		{packet.MPRISRequest{Action: "PlayPause"}, []phonelink.Action{phonelink.Play{}}},
		{packet.MPRISRequest{Action: "Next"}, []phonelink.Action{phonelink.Skip{To: "c"}}},
		{packet.MPRISRequest{Action: "Previous"}, []phonelink.Action{phonelink.Skip{To: "a"}}},
		{packet.MPRISRequest{Seek: 5e6}, []phonelink.Action{phonelink.Seek{To: 15 * time.Second}}},
		{packet.MPRISRequest{Seek: -5e9}, []phonelink.Action{phonelink.Seek{To: 0}}},
		{packet.MPRISRequest{SetPosition: ref(30000.0)}, []phonelink.Action{phonelink.Seek{To: 30 * time.Second}}},
		{packet.MPRISRequest{SetVolume: ref(25.0)}, []phonelink.Action{phonelink.SetLevel{Volume: 0.25}}},
		{packet.MPRISRequest{SetShuffle: ref(true)}, []phonelink.Action{phonelink.SetMode{Shuffle: true, Loop: phonelink.LoopQueue}}},
		{packet.MPRISRequest{SetLoop: "Track"}, []phonelink.Action{phonelink.SetMode{Loop: phonelink.LoopTrack}}},
		{packet.MPRISRequest{ArtURL: "file:///etc/passwd"}, nil},
		{packet.MPRISRequest{RequestNowPlaying: true}, nil},
	}
	for _, tc := range tests {
		st := androidStage(t)
		st.s.setMedia(st.now, ownMedia(st.now))
		tc.r.Player = "Car"
		st.say(tc.r)
		if got := st.asked(); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%+v: got %v, want %v", tc.r, got, tc.want)
		}
		tc.r.Player = "Another"
		st.say(tc.r)
		if got := st.asked(); len(got) != 0 {
			t.Errorf("another player: got %v, want nothing", got)
		}
	}
	// At the ends of the queue there is nothing to skip to.
	st := androidStage(t)
	m := ownMedia(st.now)
	m[0].Doc.Queue = m[0].Doc.Queue[:1]
	m[0].Doc.Index = 0
	st.s.setMedia(st.now, m)
	st.say(packet.MPRISRequest{Player: "Car", Action: "Next"}, packet.MPRISRequest{Player: "Car", Action: "Previous"})
	if got := st.asked(); len(got) != 0 {
		t.Errorf("ends: got %v, want nothing", got)
	}
}

func TestOwnVolume(t *testing.T) {
	st := androidStage(t)
	st.say(packet.SystemVolumeRequest{RequestSinks: true}, packet.SystemVolumeRequest{Name: ownSink, Volume: ref(5.0)})
	if len(st.sent()) != 0 || len(st.asked()) != 0 {
		t.Errorf("without a player: want nothing offered and nothing asked")
	}
	st.s.setMedia(st.now, ownMedia(st.now))
	st.sent()
	st.say(packet.SystemVolumeRequest{RequestSinks: true})
	got := st.sent()
	if len(got) != 1 || got[0].(*packet.SystemVolume).Sinks[0].Volume != 40 {
		t.Errorf("got %+v, want one output at 40", got)
	}
	st.say(packet.SystemVolumeRequest{Name: ownSink, Volume: ref(500.0)}, packet.SystemVolumeRequest{Name: ownSink, Muted: ref(true)}, packet.SystemVolumeRequest{Name: "x", Volume: ref(1.0)})
	if got, want := st.asked(), []phonelink.Action{phonelink.SetLevel{Volume: 1}, phonelink.SetLevel{}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVolumeOfTheLaptop(t *testing.T) {
	st := newStage(t, laptopID, "laptop", laptopSends, laptopTakes)
	st.sent()
	set := func(percent int) any {
		t.Helper()
		if err := st.do(phonelink.Control{Device: st.d, Action: "volume", Volume: percent}); err != nil {
			t.Fatal(err)
		}
		return st.sent()[0]
	}
	st.say(packet.SystemVolume{Sinks: []packet.Sink{{Name: "hdmi", MaxVolume: 100}, {Name: "speakers", MaxVolume: 65536, Enabled: true}}})
	if got, want := set(50), (&packet.SystemVolumeRequest{Name: "speakers", Volume: ref(32768.0)}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	st.say(packet.SystemVolume{Name: "speakers", Enabled: ref(false), Volume: ref(3.0), Muted: ref(true)}, packet.SystemVolume{Name: "hdmi", Enabled: ref(true)})
	if got, want := set(200), (&packet.SystemVolumeRequest{Name: "hdmi", Volume: ref(100.0)}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCommandsOfTheLaptop(t *testing.T) {
	st := newStage(t, laptopID, "laptop", laptopSends, laptopTakes)
	st.sent()
	st.say(packet.RunCommand{List: `{"k2":{"name":"Sleep","command":"x"},"k1":{"name":"Lock","command":"y"}}`})
	if got, want := st.phone().Commands, []phonelink.PhoneCommand{{Key: "k1", Name: "Lock"}, {Key: "k2", Name: "Sleep"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := st.do(phonelink.Run{Device: st.d, Key: "k2"}); err != nil {
		t.Fatal(err)
	}
	if got := st.sent()[0].(*packet.RunCommandRequest).Key; got != "k2" {
		t.Errorf("got %q, want k2", got)
	}
	if got := code(st.do(phonelink.Run{Device: st.d, Key: "rm"})); got != phonelink.RefusedUnknown {
		t.Errorf("a command that is not offered: got %q, want %q", got, phonelink.RefusedUnknown)
	}
	st.say(packet.RunCommand{List: `{"k1":`}) // not understood: what was known stays
	if got := len(st.phone().Commands); got != 2 {
		t.Errorf("got %d commands, want 2", got)
	}
}

// TestFreshLinkIsToldOfOwnPlayers: a phone does not ask again over a link that
// takes the place of the last, with which a change may have been lost.
func TestFreshLinkIsToldOfOwnPlayers(t *testing.T) {
	st := androidStage(t)
	fresh := func() (lists, states int) {
		t.Helper()
		st.sent()
		st.s.handle(st.now, upEvent{Device: st.d, Identity: identity{Name: "P", Kind: "phone", Incoming: androidTakes, Outgoing: androidSends}})
		for _, b := range st.sent() {
			if m, ok := b.(*packet.MPRIS); ok && m.HasPlayers() {
				lists++
			} else if ok && m.Player == "Car" && *m.Playing {
				states++
			}
		}
		return lists, states
	}
	if lists, states := fresh(); lists != 0 || states != 0 {
		t.Errorf("never a player here: told %d lists, %d states", lists, states)
	}
	st.s.setMedia(st.now, ownMedia(st.now))
	if lists, states := fresh(); lists != 1 || states != 1 {
		t.Errorf("a player: told %d lists, %d states; want one each", lists, states)
	}
	st.s.setMedia(st.now, nil)
	if lists, states := fresh(); lists != 1 || states != 0 {
		t.Errorf("no player any longer: told %d lists, %d states; want the empty list", lists, states)
	}
}

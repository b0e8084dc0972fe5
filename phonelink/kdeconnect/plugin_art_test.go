package kdeconnect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// blobLoad is a payload in memory.
type blobLoad struct{ data []byte }

func (b blobLoad) save(context.Context, string, func(int64)) (string, error) {
	return "", errors.New("art was saved as a file")
}

func (b blobLoad) read(_ context.Context, limit int64) ([]byte, error) {
	if int64(len(b.data)) > limit {
		return nil, errPayload
	}
	return b.data, nil
}

// arts of the stage, fetched.
func (st *stage) arts() (out []artEffect) {
	rest := st.s.out[:0:0]
	for _, e := range st.s.out {
		if a, ok := e.(artEffect); ok {
			out = append(out, a)
			continue
		}
		rest = append(rest, e)
	}
	st.s.out = rest
	return out
}

func (st *stage) art(player, url string, data []byte) {
	st.t.Helper()
	st.s.packet(st.now, st.d, wire(st.t, packet.MPRIS{Player: player, ArtURL: &url, TransferringArt: true}), blobLoad{data})
}

// Art is asked for by its name when it is another, fetched only if it is that of
// what plays, and forgotten when something else plays.
func TestAlbumArt(t *testing.T) {
	st := androidStage(t)
	st.say(packet.MPRIS{Players: []string{"Music"}, SupportsArt: true})
	st.sent()
	const one, two = "kdeconnect:/artUri/1", "kdeconnect:/artUri/2"
	name := func(url string) []any { st.say(packet.MPRIS{Player: "Music", ArtURL: ref(url)}); return st.sent() }
	if got, want := name(one), []any{&packet.MPRISRequest{Player: "Music", ArtURL: one}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("asked %+v, want %+v", got, want)
	}
	if got := name(one); len(got) != 0 {
		t.Errorf("the same again: asked %+v", got)
	}
	for _, x := range []struct{ player, url string }{{"Music", two}, {"Radio", one}, {"Music", ""}} {
		if st.art(x.player, x.url, nil); len(st.arts()) != 0 {
			t.Errorf("art of %s named %q is fetched, want only that of what plays", x.player, x.url)
		}
	}
	for range 5 {
		st.art("Music", one, []byte("x"))
	}
	arts := st.arts()
	if len(arts) != maxFetchArts {
		t.Fatalf("%d fetches at once, want %d", len(arts), maxFetchArts)
	}
	sum := [32]byte{1}
	st.s.artCame(artEvent{device: st.d, player: "Music", url: one, sum: sum})
	if got := st.phone().Players[0].Icon; got != sum {
		t.Errorf("icon: got %x, want %x", got[:2], sum[:2])
	}
	if st.art("Music", one, nil); len(st.arts()) != 0 {
		t.Error("art that is here is fetched again")
	}
	name(two)
	if got := st.phone().Players[0].Icon; got != [32]byte{} {
		t.Errorf("something else plays, and the art is still %x", got[:2])
	}
	st.s.artCame(artEvent{device: st.d, player: "Music", url: one, sum: sum}) // late
	if got := st.phone().Players[0].Icon; got != [32]byte{} {
		t.Errorf("late art of what played before: got %x", got[:2])
	}
	if got := name(string(bytes.Repeat([]byte("x"), maxArtURL+1))); len(got) != 0 {
		t.Errorf("an endless name is asked for: %d requests", len(got))
	}
}

// A phone that does not say that it sends art is not asked for it.
func TestAlbumArtNotSupported(t *testing.T) {
	st := androidStage(t)
	st.say(packet.MPRIS{Players: []string{"Music"}}, packet.MPRIS{Player: "Music", ArtURL: ref("file:///a.png")})
	for _, b := range st.sent() {
		if r := b.(*packet.MPRISRequest); r.ArtURL != "" {
			t.Errorf("asked for %q", r.ArtURL)
		}
	}
}

// What is kept is bounded, by its content, and the last used stays.
func TestArtsAreBounded(t *testing.T) {
	var a arts
	first := a.put(bytes.Repeat([]byte{1}, maxArts/4))
	for i := range 10 {
		a.put(bytes.Repeat([]byte{2, byte(i)}, maxArts/8))
		if a.get(first) == nil {
			t.Fatalf("after %d more the one in use is gone", i+1)
		}
	}
	total := 0
	for _, k := range a.all {
		total += len(k.data)
	}
	if total > maxArts || total != a.size {
		t.Errorf("keeps %d bytes (counts %d), want at most %d", total, a.size, maxArts)
	}
	if n := len(a.all); a.put([]byte("x")) != sha256.Sum256([]byte("x")) || a.put([]byte("x")) == first || len(a.all) > n+1 {
		t.Errorf("the same twice takes room twice: %d", len(a.all))
	}
	a.forget()
	if a.get(first) != nil {
		t.Error("forgotten, and still there")
	}
}

// Only JPEG and PNG are kept.
func TestIsPicture(t *testing.T) {
	for data, want := range map[string]bool{"\xff\xd8\xff\xe0": true, "\x89PNG\r\n\x1a\n": true, "GIF89a": false, "<svg": false, "": false, "\xff\xd8": false} {
		if got := isPicture([]byte(data)); got != want {
			t.Errorf("%q: got %v, want %v", data, got, want)
		}
	}
}

// The phone's outputs are shown in percent, the one in use first, and only they
// can be set.
func TestOutputs(t *testing.T) {
	st := newStage(t, laptopID, "laptop", laptopSends, laptopTakes)
	st.sent()
	st.say(packet.SystemVolume{Sinks: []packet.Sink{
		{Name: "hdmi", Description: "Television", Volume: 200, MaxVolume: 1000},
		{Name: "jack", Description: "Loudspeaker", Volume: 32768, MaxVolume: 65536, Muted: true, Enabled: true}}})
	want := []phonelink.Output{{Name: "jack", Title: "Loudspeaker", Volume: 50, Muted: true}, {Name: "hdmi", Title: "Television", Volume: 20}}
	if got := st.phone().Outputs; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, tc := range []struct {
		r    phonelink.Request
		want *packet.SystemVolumeRequest
	}{
		{phonelink.SetVolume{Device: st.d, Output: "jack", Percent: 25}, &packet.SystemVolumeRequest{Name: "jack", Volume: ref(16384.0)}},
		{phonelink.SetVolume{Device: st.d, Output: "hdmi", Percent: 900}, &packet.SystemVolumeRequest{Name: "hdmi", Volume: ref(1000.0)}},
		{phonelink.SetVolume{Device: st.d, Percent: 100}, &packet.SystemVolumeRequest{Name: "jack", Volume: ref(65536.0)}},
		{phonelink.SetMuted{Device: st.d, Output: "jack"}, &packet.SystemVolumeRequest{Name: "jack", Muted: ref(false)}},
		{phonelink.SetMuted{Device: st.d, Output: "none", Muted: true}, nil},
	} {
		err := st.do(tc.r)
		got := st.sent()
		if tc.want == nil {
			if code(err) != phonelink.RefusedUnknown || len(got) != 0 {
				t.Errorf("%+v: got %v, %v; want it refused", tc.r, got, err)
			}
			continue
		}
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], tc.want) {
			t.Errorf("%+v: got %+v, %v; want %+v", tc.r, got, err, tc.want)
		}
	}
	st.say(packet.SystemVolume{Name: "jack", Volume: ref(0.0)})
	if got := st.phone().Outputs[0].Volume; got != 0 {
		t.Errorf("changed there: got %d, want 0", got)
	}
	phone := androidStage(t)
	if got := code(phone.do(phonelink.SetVolume{Device: phone.d, Percent: 5})); got != phonelink.RefusedUnsupported {
		t.Errorf("a phone without outputs: got %q, want %s", got, phonelink.RefusedUnsupported)
	}
}

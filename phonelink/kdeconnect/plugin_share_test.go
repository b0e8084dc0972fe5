package kdeconnect

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

func TestPlace(t *testing.T) {
	at := func(lat, lon float64, name string) phonelink.Place {
		return phonelink.Place{Latitude: lat, Longitude: lon, Name: name}
	}
	tests := []struct {
		in   string
		want phonelink.Place
		ok   bool
	}{
		// RFC 5870's own example is the first.
		{"geo:48.2010,16.3695,183", at(48.201, 16.3695, ""), true},
		{"geo:13.4125,103.8667", at(13.4125, 103.8667, ""), true},
		{"GEO:-33.8568,151.2153;u=35", at(-33.8568, 151.2153, ""), true},
		{"geo:48.2,16.37;crs=WGS84;u=5", at(48.2, 16.37, ""), true},
		{"geo:48.2,16.37;crs=moon-2011", at(0, 0, ""), false},
		{"geo:0,0?q=48.2082,16.3738(Stephansdom)", at(48.2082, 16.3738, "Stephansdom"), true},
		{"geo:48.2,16.3?q=48.2082,16.3738", at(48.2082, 16.3738, ""), true},
		{"geo:48.2,16.37?z=15", at(48.2, 16.37, ""), true},
		{"geo:48.2,16.37?q=Cafe+Central", at(48.2, 16.37, "Cafe Central"), true},
		{"geo:0,0?q=Stephansplatz 1, Wien", at(0, 0, ""), false}, // an address: nothing here looks it up
		{"geo:0,0", at(0, 0, ""), true},                          // a real point
		{"geo:91,0", at(0, 0, ""), false},
		{"geo:0,181", at(0, 0, ""), false},
		{"geo:NaN,0", at(0, 0, ""), false},
		{"geo:0x10,1", at(0, 0, ""), false},
		{"geo:1e1,1", at(0, 0, ""), false},
		{"geo:Inf,0", at(0, 0, ""), false},
		{"geo:48.2", at(0, 0, ""), false},
		{"geo:", at(0, 0, ""), false},
		{"https://maps.google.com/?q=48.2082,16.3738", at(48.2082, 16.3738, ""), true},
		{"https://www.google.com/maps/dir/?api=1&destination=48.2082%2C16.3738", at(48.2082, 16.3738, ""), true},
		{"https://www.google.com/maps/place/Stephansdom/@48.20,16.37,17z/data=!3m1!4b1!4m5!3d48.2085!4d16.3731", at(48.2085, 16.3731, "Stephansdom"), true},
		{"https://www.google.com/maps/@48.2082,16.3738,15z", at(48.2082, 16.3738, ""), true},
		{"https://www.google.at/maps/@48.2082,16.3738,15z", at(48.2082, 16.3738, ""), true},
		{"https://maps.apple.com/?ll=48.2082,16.3738&q=Dom", at(48.2082, 16.3738, "Dom"), true},
		{"https://www.openstreetmap.org/?mlat=48.2082&mlon=16.3738#map=15/48.2/16.3", at(48.2082, 16.3738, ""), true},
		{"https://www.openstreetmap.org/#map=15/48.2082/16.3738", at(48.2082, 16.3738, ""), true},
		{"https://maps.app.goo.gl/abc", at(0, 0, ""), false}, // a short link: only its server knows
		{"https://example.org/?q=48.2082,16.3738", at(0, 0, ""), false},
		{"https://google.com.evil.example/maps/@1,2", at(0, 0, ""), false},
		{"file:///maps/@1,2", at(0, 0, ""), false},
		{"hello", at(0, 0, ""), false},
		{"", at(0, 0, ""), false},
	}
	for _, tc := range tests {
		got, ok := placeOf(tc.in)
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("%s: got %+v, %v; want %+v, %v", tc.in, got, ok, tc.want, tc.ok)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("geo:48.2010,16.3695,183;crs=wgs84;u=3?q=1,2(Name)")
	f.Add("https://www.google.com/maps/place/X/@48.20,16.37,17z/data=!3d48.2085!4d16.3731?q=1,2#map=1/2/3")
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := placeOf(text)
		if !ok {
			return
		}
		if math.IsNaN(p.Latitude) || math.Abs(p.Latitude) > 90 || math.IsNaN(p.Longitude) || math.Abs(p.Longitude) > 180 || len(p.Name) > maxTitle {
			t.Errorf("%q: got %+v, which is no place", text, p)
		}
	})
}

func TestShared(t *testing.T) {
	tests := []struct {
		name string
		say  packet.Share
		want phonelink.Session // Doc, Kind, Title, URI, Web
	}{
		{"geo link", packet.Share{URL: "geo:48.2,16.37"}, phonelink.Session{Kind: phonelink.Navigation, Title: "48.20000, 16.37000", URI: "geo:48.2,16.37",
			Doc: &phonelink.NavigationDoc{Destination: phonelink.Place{Latitude: 48.2, Longitude: 16.37}}}},
		{"geo as text", packet.Share{Text: "geo:48.2,16.37?q=48.2,16.37(Home)"}, phonelink.Session{Kind: phonelink.Navigation, Title: "Home", URI: "geo:48.2,16.37?q=48.2,16.37(Home)",
			Doc: &phonelink.NavigationDoc{Destination: phonelink.Place{Latitude: 48.2, Longitude: 16.37, Name: "Home"}}}},
		{"map link in a text", packet.Share{Text: "Cafe Central\nhttps://maps.google.com/?q=48.21,16.36"}, phonelink.Session{Kind: phonelink.Navigation, Title: "Cafe Central",
			URI: "https://maps.google.com/?q=48.21,16.36", Web: "https://maps.google.com/?q=48.21,16.36",
			Doc: &phonelink.NavigationDoc{Destination: phonelink.Place{Latitude: 48.21, Longitude: 16.36, Name: "Cafe Central"}}}},
		{"page", packet.Share{URL: "https://example.org/a"}, phonelink.Session{Kind: phonelink.Page, Title: "example.org/a", URI: "https://example.org/a", Web: "https://example.org/a",
			Doc: &phonelink.PageDoc{URL: "https://example.org/a"}}},
		{"page without TLS", packet.Share{URL: "http://example.org/a"}, phonelink.Session{Kind: phonelink.Page, Title: "example.org/a", URI: "http://example.org/a",
			Doc: &phonelink.PageDoc{URL: "http://example.org/a"}}},
		{"text", packet.Share{Text: "one\ntwo"}, clip1("one", "one\ntwo")},
		{"a script is a text", packet.Share{URL: "javascript:alert(1)"}, clip1("javascript:alert(1)", "javascript:alert(1)")},
		{"a file of ours is a text", packet.Share{URL: "file:///etc/passwd"}, clip1("file:///etc/passwd", "file:///etc/passwd")},
		{"a link with a password is a text", packet.Share{URL: "https://bank.example@evil.example/"}, clip1("https://bank.example@evil.example/", "https://bank.example@evil.example/")},
		{"an address is a text", packet.Share{URL: "geo:0,0?q=Stephansplatz"}, clip1("geo:0,0?q=Stephansplatz", "geo:0,0?q=Stephansplatz")},
	}
	for _, tc := range tests {
		st := androidStage(t)
		st.say(tc.say)
		got := st.incoming()
		if len(got) != 1 || got[0].From != st.d || got[0].Path != "" {
			t.Errorf("%s: got %+v, want one session", tc.name, got)
			continue
		}
		tc.want.App, tc.want.Profile = "Pixel", "ana"
		if tc.want.Kind == phonelink.Clipboard {
			tc.want.Expires = st.now.Add(clipboardFor)
		}
		if !reflect.DeepEqual(got[0].Session, tc.want) {
			t.Errorf("%s: got %+v, want %+v", tc.name, got[0].Session, tc.want)
		}
	}
	for _, nothing := range []packet.Share{{}, {Text: " \n"}, {Filename: "a"}, {Files: 3}} {
		st := androidStage(t)
		st.say(nothing, packet.ShareUpdate{Files: 3, TotalBytes: 9})
		if got := st.incoming(); len(got) != 0 || len(st.s.out) != 0 {
			t.Errorf("%+v: got %+v, want nothing", nothing, got)
		}
	}
}

func clip1(title, text string) phonelink.Session {
	return phonelink.Session{Kind: phonelink.Clipboard, Title: title, Privacy: phonelink.Ephemeral, Doc: &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte(text)}}
}

// offerFile says a file packet with a payload.
func (st *stage) offerFile(name string, size int64) *fakePayload {
	p := wire(st.t, packet.Share{Filename: name, Files: 1, TotalBytes: size})
	p.PayloadSize, p.Port = &size, 1739
	f := &fakePayload{}
	st.s.packet(st.now, st.d, p, f)
	return f
}

func TestFilesFromThePhone(t *testing.T) {
	st := androidStage(t)
	st.offerFile("../../photos/a.jpg", 1000)
	st.offerFile("b.jpg", 2000)
	var fetches []fetchEffect
	for _, e := range st.s.out {
		fetches = append(fetches, e.(fetchEffect))
	}
	st.s.out = nil
	if len(fetches) != 2 || fetches[0].transfer.Name != "a.jpg" {
		t.Fatalf("got %d files, first %q; want 2, a.jpg", len(fetches), fetches[0].transfer.Name)
	}
	st.s.progress(st.now, progress{transfer: fetches[0].transfer, done: 500})
	if got := st.view().Transfers[0]; got.Done != 500 || got.Finished || got.Path != "" || !got.Incoming || got.Size != 1000 {
		t.Errorf("half: got %+v", got)
	}
	st.s.progress(st.now, progress{transfer: fetches[0].transfer, done: 1000, path: "/d/a.jpg", finished: true})
	in := st.incoming()
	if len(in) != 1 || in[0].Path != "/d/a.jpg" || in[0].Session.Kind != phonelink.File || !reflect.DeepEqual(in[0].Session.Doc, &phonelink.FileDoc{Name: "a.jpg", Size: 1000, Have: 1000}) {
		t.Errorf("whole: got %+v, want the file", in)
	}
	st.s.progress(st.now, progress{transfer: fetches[1].transfer, err: errPayload, finished: true})
	if got := st.view().Transfers; !got[0].Finished || got[0].Path != "/d/a.jpg" || got[1].Finished || got[1].Problem == "" {
		t.Errorf("got %+v, want the first whole and the second with a problem", got)
	}
	if got := st.incoming(); len(got) != 0 {
		t.Errorf("broken: got %+v, want nothing", got)
	}
	// Cancelled here.
	st.offerFile("c.jpg", 1)
	last := st.view().Transfers[2]
	if err := st.s.cancel(last.ID); err != nil {
		t.Error(err)
	}
	if got := st.s.out[len(st.s.out)-1]; reflect.TypeOf(got) != reflect.TypeFor[stopEffect]() || st.view().Transfers[2].Problem != "cancelled" {
		t.Errorf("cancel: got %T and %q", got, st.view().Transfers[2].Problem)
	}
	if got := code(st.s.cancel("kde-999")); got != phonelink.RefusedUnknown {
		t.Errorf("cancel of nothing: got %q, want %q", got, phonelink.RefusedUnknown)
	}
}

func TestFilesEndWithTheLink(t *testing.T) {
	st := androidStage(t)
	st.offerFile("a.jpg", 1)
	st.s.out = nil
	st.s.handle(st.now, downEvent{Device: st.d})
	if got := st.view().Transfers[0]; got.Problem == "" || len(st.s.out) != 1 {
		t.Errorf("got %+v with %d effects, want it stopped with a problem", got, len(st.s.out))
	}
	st.s.handle(st.now, unpairedEvent{Device: st.d})
	if got := st.view(); len(got.Transfers) != 0 || len(got.Phones) != 0 {
		t.Errorf("unpaired: got %+v, want nothing left of it", got)
	}
}

func TestManyFiles(t *testing.T) {
	st := androidStage(t)
	taken := 0
	for i := range 400 {
		st.now = st.now.Add(time.Second)
		st.offerFile(fmt.Sprintf("%d.jpg", i), 1)
		taken += len(slices.DeleteFunc(st.s.out, func(e effect) bool { _, ok := e.(fetchEffect); return !ok }))
		st.s.out = nil
	}
	if taken != maxWaiting {
		t.Errorf("got %d waiting, want %d", taken, maxWaiting)
	}
	if got := len(st.view().Transfers); got > maxWaiting+maxFinished {
		t.Errorf("got %d listed, want at most %d", got, maxWaiting+maxFinished)
	}
	if got := code(st.do(phonelink.SendText{Device: st.d, Text: strings.Repeat("x", 10)})); got != "" {
		t.Errorf("texts still go: got %q", got)
	}
}

// FuzzPlugins plays lines to a linked phone: nothing panics, and what is kept
// stays within its limits.
func FuzzPlugins(f *testing.F) {
	for _, l := range []string{
		`{"id":0,"type":"kdeconnect.mpris","body":{"playerList":["a","b"]}}`,
		`{"id":0,"type":"kdeconnect.mpris","body":{"player":"a","title":"x","pos":1e15,"isPlaying":true,"volume":7}}`,
		`{"id":0,"type":"kdeconnect.notification","body":{"id":"n","title":"t","actions":["a"],"requestReplyId":"r","time":"-1"}}`,
		`{"id":0,"type":"kdeconnect.telephony","body":{"event":"ringing","isCancel":true}}`,
		`{"id":0,"type":"kdeconnect.sms.messages","body":{"messages":[{"_id":1,"addresses":[{}],"date":-9e15,"thread_id":1,"type":1}]}}`,
		`{"id":0,"type":"kdeconnect.contacts.response_uids_timestamps","body":{"uids":["a"],"a":1}}`,
		`{"id":0,"type":"kdeconnect.contacts.response_vcards","body":{"uids":["a"],"a":"BEGIN:VCARD\nTEL:1\nEND:VCARD"}}`,
		`{"id":0,"type":"kdeconnect.share.request","body":{"url":"geo:1,2"}}`,
		`{"id":0,"type":"kdeconnect.systemvolume","body":{"sinkList":[{"name":"a","volume":1}],"name":"a","volume":3}}`,
		`{"id":0,"type":"kdeconnect.mpris.request","body":{"player":"Car","Seek":-1e15,"SetPosition":9e15}}`,
		`{"id":0,"type":"kdeconnect.connectivity_report","body":{"signalStrengths":{"a":{"networkType":"5G","signalStrength":-1}}}}`,
		`{"id":0,"type":"kdeconnect.runcommand","body":{"commandList":"{\"a\":{\"name\":\"b\"}}"}}`,
	} {
		f.Add(l + "\n" + `{"id":0,"type":"kdeconnect.clipboard.connect","body":{"content":"x","timestamp":1}}`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		st := newStage(t, phoneID, "phone", androidSends, androidTakes)
		st.s.setMedia(st.now, ownMedia(st.now))
		for _, l := range strings.Split(text, "\n") {
			if p, err := packet.Parse([]byte(l)); err == nil {
				st.s.handle(st.now, packetEvent{Device: st.d, Packet: p})
				st.now = st.now.Add(time.Millisecond)
			}
		}
		st.s.expire(st.now)
		st.sent()
		st.incoming()
		v := st.view()
		if len(v.Phones) != 1 || len(v.Phones[0].Players) > maxPlayers || len(v.Notifications) > maxNotifications || len(v.Threads) > maxThreads || len(v.Calls) > maxMissed+1 {
			t.Errorf("got more than the limits allow: %+v", v)
		}
		for _, p := range v.Phones[0].Players {
			if p.Position < 0 || p.Length < 0 || p.Volume < -1 {
				t.Errorf("got player %+v", p)
			}
		}
	})
}

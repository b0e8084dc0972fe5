package kdeconnect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// A phone of Android's app and a laptop, as they say what they can do.
var (
	androidSends = []string{"kdeconnect.battery", "kdeconnect.clipboard", "kdeconnect.clipboard.connect", "kdeconnect.connectivity_report",
		"kdeconnect.contacts.response_uids_timestamps", "kdeconnect.contacts.response_vcards", "kdeconnect.findmyphone.request", "kdeconnect.mousepad.echo",
		"kdeconnect.mousepad.keyboardstate", "kdeconnect.mousepad.request", "kdeconnect.mpris", "kdeconnect.mpris.request", "kdeconnect.notification",
		"kdeconnect.notification.request", "kdeconnect.ping", "kdeconnect.presenter", "kdeconnect.runcommand.request", "kdeconnect.sftp",
		"kdeconnect.share.request", "kdeconnect.sms.messages", "kdeconnect.systemvolume.request", "kdeconnect.telephony"}
	androidTakes = []string{"kdeconnect.battery", "kdeconnect.clipboard", "kdeconnect.clipboard.connect", "kdeconnect.contacts.request_all_uids_timestamps",
		"kdeconnect.contacts.request_vcards_by_uid", "kdeconnect.findmyphone.request", "kdeconnect.mousepad.keyboardstate", "kdeconnect.mousepad.request",
		"kdeconnect.mpris", "kdeconnect.mpris.request", "kdeconnect.notification", "kdeconnect.notification.action", "kdeconnect.notification.reply",
		"kdeconnect.notification.request", "kdeconnect.ping", "kdeconnect.runcommand", "kdeconnect.sftp.request", "kdeconnect.share.request",
		"kdeconnect.sms.request", "kdeconnect.sms.request_conversation", "kdeconnect.sms.request_conversations", "kdeconnect.systemvolume",
		"kdeconnect.telephony.request_mute"}
	laptopSends = []string{"kdeconnect.battery", "kdeconnect.clipboard", "kdeconnect.clipboard.connect", "kdeconnect.lock", "kdeconnect.mpris",
		"kdeconnect.notification", "kdeconnect.ping", "kdeconnect.runcommand", "kdeconnect.share.request", "kdeconnect.systemvolume"}
	laptopTakes = []string{"kdeconnect.clipboard", "kdeconnect.clipboard.connect", "kdeconnect.lock.request", "kdeconnect.mousepad.request",
		"kdeconnect.mpris.request", "kdeconnect.ping", "kdeconnect.runcommand.request", "kdeconnect.share.request", "kdeconnect.systemvolume.request"}
	appleSends = []string{"kdeconnect.battery", "kdeconnect.clipboard", "kdeconnect.findmyphone.request", "kdeconnect.mousepad.request", "kdeconnect.ping",
		"kdeconnect.presenter", "kdeconnect.runcommand.request", "kdeconnect.share.request"}
	appleTakes = []string{"kdeconnect.battery", "kdeconnect.clipboard", "kdeconnect.findmyphone.request", "kdeconnect.ping", "kdeconnect.runcommand",
		"kdeconnect.share.request"}
)

const (
	phoneID  = "740bd4b9b4184ee497d6caf1da8151be"
	laptopID = "0123456789abcdef0123456789abcdef"
)

// stage plays packets to a state without a goroutine.
type stage struct {
	t   testing.TB
	s   *state
	now time.Time
	d   phonelink.Device
}

func newStage(t testing.TB, id, kind string, sends, takes []string) *stage {
	st := &stage{t: t, s: newState(slog.New(slog.DiscardHandler), "ana"), now: time.UnixMilli(1763836800000), d: device(id)}
	st.s.handle(st.now, upEvent{Device: st.d, Identity: identity{ID: id, Name: "Pixel", Kind: kind, Version: 8, Incoming: takes, Outgoing: sends}})
	return st
}

func androidStage(t testing.TB) *stage {
	st := newStage(t, phoneID, "phone", androidSends, androidTakes)
	st.sent()
	return st
}

// wire passes a body through bytes, as a link does.
func wire(t testing.TB, body any) packet.Packet {
	t.Helper()
	p, err := packet.Encode(body)
	if err != nil {
		t.Fatal(err)
	}
	line, err := p.Line()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = packet.Parse(line); err != nil {
		t.Fatal(err)
	}
	return p
}

func (st *stage) say(bodies ...any) {
	st.t.Helper()
	for _, b := range bodies {
		st.s.handle(st.now, packetEvent{Device: st.d, Packet: wire(st.t, b)})
	}
}

func (st *stage) line(text string) {
	st.t.Helper()
	p, err := packet.Parse([]byte(text))
	if err != nil {
		st.t.Fatalf("%s: %v", text, err)
	}
	st.s.handle(st.now, packetEvent{Device: st.d, Packet: p})
}

// sent takes the packets that were sent, and checks that each is one that was
// announced.
func (st *stage) sent() (out []any) {
	st.t.Helper()
	rest := st.s.out[:0:0]
	for _, e := range st.s.out {
		send, ok := e.(sendEffect)
		if !ok {
			rest = append(rest, e)
			continue
		}
		if !slices.Contains(outgoingTypes, send.packet.Type) {
			st.t.Errorf("%s was sent and is not announced", send.packet.Type)
		}
		body, err := packet.Decode(send.packet)
		if err != nil {
			st.t.Errorf("sent what a phone would refuse: %v", err)
		}
		out = append(out, body)
	}
	st.s.out = rest
	return out
}

// kinds is the types of what was sent.
func kinds(bodies []any) (out []string) {
	for _, b := range bodies {
		p, _ := packet.Encode(b)
		out = append(out, strings.TrimPrefix(p.Type, "kdeconnect."))
	}
	slices.Sort(out)
	return out
}

func (st *stage) incoming() (out []phonelink.Incoming) {
	rest := st.s.out[:0:0]
	for _, e := range st.s.out {
		if in, ok := e.(deliverEffect); ok {
			out = append(out, in.incoming)
			continue
		}
		rest = append(rest, e)
	}
	st.s.out = rest
	return out
}

func (st *stage) asked() (out []phonelink.Action) {
	rest := st.s.out[:0:0]
	for _, e := range st.s.out {
		if a, ok := e.(askEffect); ok {
			out = append(out, a.request.(phonelink.Edit).Op.Act)
			continue
		}
		rest = append(rest, e)
	}
	st.s.out = rest
	return out
}

func (st *stage) view() *phonelink.View { return st.s.view(st.now) }

func (st *stage) phone() phonelink.Phone {
	st.t.Helper()
	for _, p := range st.view().Phones {
		if p.Device == st.d {
			return p
		}
	}
	st.t.Fatalf("%s is not in the view", st.d)
	return phonelink.Phone{}
}

func (st *stage) do(r phonelink.Request) error { return st.s.request(st.now, r, nil) }

// code is the refusal's code; "" for none.
func code(err error) phonelink.RefusalCode {
	var r *phonelink.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	if err != nil {
		return phonelink.RefusalCode("error: " + err.Error())
	}
	return ""
}

func TestGreeting(t *testing.T) {
	tests := []struct {
		name, kind   string
		sends, takes []string
		want         []string
	}{
		{"android", "phone", androidSends, androidTakes, []string{"contacts.request_all_uids_timestamps", "mpris.request", "notification.request", "sms.request_conversations"}},
		{"laptop", "laptop", laptopSends, laptopTakes, []string{"lock.request", "mpris.request", "runcommand.request", "systemvolume.request"}},
		{"iOS", "phone", appleSends, appleTakes, nil},
	}
	for _, tc := range tests {
		st := newStage(t, phoneID, tc.kind, tc.sends, tc.takes)
		if got := kinds(st.sent()); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestAbilities(t *testing.T) {
	android := newStage(t, phoneID, "phone", androidSends, androidTakes).phone()
	laptop := newStage(t, laptopID, "laptop", laptopSends, laptopTakes).phone()
	apple := newStage(t, phoneID, "phone", appleSends, appleTakes).phone()
	tests := []struct {
		name  string
		phone phonelink.Phone
		want  phonelink.Ability
		hints []string
		codes []phonelink.HintCode
	}{
		{"android", android, phonelink.CanMedia | phonelink.CanNotify | phonelink.CanReply | phonelink.CanSMS | phonelink.CanCall | phonelink.CanMute |
			phonelink.CanClipboardTap | phonelink.CanFiles | phonelink.CanRing | phonelink.CanBattery | phonelink.CanSignal | phonelink.CanContacts | phonelink.CanRemoteControl,
			[]string{hintBattery, hintTap, hintMedia}, []phonelink.HintCode{phonelink.HintBattery, phonelink.HintTap, phonelink.HintMedia}},
		{"laptop", laptop, phonelink.CanMedia | phonelink.CanNotify | phonelink.CanClipboard | phonelink.CanFiles | phonelink.CanBattery | phonelink.CanCommands |
			phonelink.CanVolume | phonelink.CanLock | phonelink.CanRemoteControl, []string{hintMedia}, []phonelink.HintCode{phonelink.HintMedia}},
		{"iOS", apple, phonelink.CanClipboardTap | phonelink.CanFiles | phonelink.CanRing | phonelink.CanBattery, []string{hintApple}, []phonelink.HintCode{phonelink.HintForeground}},
	}
	for _, tc := range tests {
		if tc.phone.Can != tc.want {
			t.Errorf("%s: got abilities %b, want %b", tc.name, tc.phone.Can, tc.want)
		}
		if got, want := tc.phone.Hint, strings.Join(tc.hints, "\n"); got != want {
			t.Errorf("%s: got hint %q, want %q", tc.name, got, want)
		}
		if !slices.Equal(tc.phone.Hints, tc.codes) {
			t.Errorf("%s: got hints %v, want %v", tc.name, tc.phone.Hints, tc.codes)
		}
		if tc.phone.Can&phonelink.CanHandOff != 0 {
			t.Errorf("%s: a stock phone has no hand-off with one owner", tc.name)
		}
	}
}

func TestAnnouncedTypesAreKnown(t *testing.T) {
	if !slices.IsSorted(incomingTypes) {
		t.Errorf("incoming types are not sorted, which announced needs")
	}
	for _, list := range [][]string{incomingTypes, outgoingTypes} {
		for _, kind := range list {
			if !slices.Contains(packet.Types(), kind) {
				t.Errorf("%s is announced and has no body", kind)
			}
		}
	}
	for _, never := range []string{"kdeconnect.mousepad.request", "kdeconnect.runcommand.request", "kdeconnect.lock.request", "kdeconnect.sftp.request",
		"kdeconnect.presenter", "kdeconnect.digitizer", "kdeconnect.sms.request", "kdeconnect.notification.action"} {
		if announced(never) {
			t.Errorf("%s would be taken: a phone may not do that here", never)
		}
	}
}

func TestStatus(t *testing.T) {
	st := androidStage(t)
	if p := st.phone(); p.Battery != -1 || p.Signal != -1 || p.Presence != phonelink.Linked {
		t.Errorf("got battery %d, signal %d, %v; want nothing known and linked", p.Battery, p.Signal, p.Presence)
	}
	st.say(packet.Battery{Charge: 73, Charging: true}, packet.Connectivity{Signals: map[string]packet.Signal{
		"1": {Network: "LTE", Strength: 1}, "2": {Network: "5G", Strength: 4}, "3": {Network: "Unknown", Strength: -1}}})
	if p := st.phone(); p.Battery != 73 || !p.Charging || p.Network != "5G" || p.Signal != 4 {
		t.Errorf("got %d %v %q %d, want 73 true 5G 4", p.Battery, p.Charging, p.Network, p.Signal)
	}
	st.say(packet.Connectivity{Signals: map[string]packet.Signal{"1": {Network: "Unknown", Strength: 0}}})
	if p := st.phone(); p.Network != "" || p.Signal != 0 {
		t.Errorf("got %q %d, want none and 0", p.Network, p.Signal)
	}
	st.s.handle(st.now, quietEvent{st.d, true})
	if p := st.phone(); p.Presence != phonelink.Quiet || p.Battery != 73 {
		t.Errorf("got %v with battery %d, want quiet with 73", p.Presence, p.Battery)
	}
	st.s.handle(st.now, downEvent{Device: st.d})
	if p := st.phone(); p.Presence != phonelink.Absent || p.Battery != -1 || p.Network != "" {
		t.Errorf("got %+v, want absent and nothing known", p)
	}
}

func TestFreshLinkInPlaceOfTheLast(t *testing.T) {
	st := androidStage(t)
	up := upEvent{Device: st.d, Identity: identity{Name: "Pixel", Kind: "phone", Incoming: androidTakes, Outgoing: androidSends}}
	st.say(packet.Telephony{Event: "ringing", Number: "1"}, packet.Battery{Charge: 73}, packet.Notification{ID: "n", App: "Chat"}, packet.MPRIS{Players: []string{"Music"}})
	st.sent()
	before := st.view()
	st.now = st.now.Add(time.Second)
	st.s.handle(st.now, up)
	if got := st.view(); !reflect.DeepEqual(got, before) {
		t.Errorf("got %+v, want nothing to flicker: %+v", got, before)
	}
	if got, want := kinds(st.sent()), []string{"contacts.request_all_uids_timestamps", "mpris.request", "notification.request", "sms.request_conversations"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want all asked anew: %v", got, want)
	}
	st.say(packet.MPRIS{Players: []string{"Music"}})
	if got := st.sent(); len(got) != 1 || !got[0].(*packet.MPRISRequest).RequestNowPlaying {
		t.Errorf("got %v, want the player's state asked anew", kinds(got))
	}
	// After a link that was lost nothing live is believed.
	st.s.handle(st.now, downEvent{Device: st.d})
	st.s.handle(st.now, up)
	if v := st.view(); len(v.Calls)+len(v.Notifications)+len(v.Phones[0].Players) != 0 || v.Phones[0].Battery != -1 {
		t.Errorf("got %+v, want nothing of before", v)
	}
}

func TestCarBatteryIsReported(t *testing.T) {
	st := androidStage(t)
	st.s.setBattery(st.now, carBattery{percent: 62, charging: true, known: true})
	got := st.sent()
	if len(got) != 1 || got[0].(*packet.Battery).Charge != 62 || !got[0].(*packet.Battery).Charging {
		t.Errorf("got %v, want one battery with 62 %% charging", kinds(got))
	}
	st.s.setBattery(st.now, carBattery{percent: 62, charging: true, known: true})
	if got := st.sent(); len(got) != 0 {
		t.Errorf("unchanged: got %v, want nothing", kinds(got))
	}
	st.say(packet.BatteryRequest{Request: true})
	if got := kinds(st.sent()); !reflect.DeepEqual(got, []string{"battery"}) {
		t.Errorf("asked: got %v, want the battery", got)
	}
	// A link that comes up is told; iOS takes it, the laptop of this test does not.
	st.s.handle(st.now, upEvent{Device: device(laptopID), Identity: identity{Name: "L", Kind: "laptop", Incoming: laptopTakes, Outgoing: laptopSends}})
	st.s.handle(st.now, upEvent{Device: st.d, Identity: identity{Name: "P", Kind: "phone", Incoming: appleTakes, Outgoing: appleSends}})
	if got := kinds(st.sent()); !slices.Contains(got, "battery") || slices.Index(got, "battery") != 0 || slices.Contains(got[1:], "battery") {
		t.Errorf("got %v, want one battery", got)
	}
}

func TestNothingBeforeTrust(t *testing.T) {
	st := &stage{t: t, s: newState(slog.New(slog.DiscardHandler), "ana"), now: time.UnixMilli(1763836800000), d: device(phoneID)}
	before := st.s.view(st.now)
	all := []any{packet.Battery{Charge: 1}, packet.Ping{Message: "x"}, packet.Share{URL: "geo:1,2"}, packet.FindMyPhone{}, packet.Clipboard{Content: "x"},
		packet.MPRIS{Players: []string{"x"}}, packet.Notification{ID: "n"}, packet.Telephony{Event: "ringing"}, packet.MPRISRequest{RequestPlayerList: true}}
	st.say(all...)
	if len(st.s.out) != 0 || !reflect.DeepEqual(st.s.view(st.now), before) {
		t.Errorf("a stranger: got %d effects and view %+v, want none", len(st.s.out), st.s.view(st.now))
	}
	// A candidate is still a stranger; so is a paired phone before its link is up.
	st.s.handle(st.now, candidateEvent{Device: st.d, Identity: identity{Name: "P"}})
	st.s.know(st.now, st.d, "P", "phone")
	st.say(all...)
	if len(st.s.out) != 0 || len(st.view().Notifications)+len(st.view().Calls) != 0 {
		t.Errorf("before the link is up: got %d effects, want none", len(st.s.out))
	}
	// And one whose pairing has ended.
	st = androidStage(t)
	st.s.handle(st.now, unpairedEvent{Device: st.d})
	st.say(all...)
	if len(st.s.out) != 0 || len(st.view().Phones) != 0 {
		t.Errorf("unpaired: got %d effects and %d phones, want none", len(st.s.out), len(st.view().Phones))
	}
}

func TestRefusesWhatPhonesMayNot(t *testing.T) {
	st := androidStage(t)
	before := st.view()
	yes := true
	st.say(packet.Mousepad{Key: "a"}, packet.LockRequest{SetLocked: &yes}, packet.RunCommandRequest{Key: "k"}, packet.RunCommandRequest{RequestCommandList: true},
		packet.SFTPRequest{StartBrowsing: true}, packet.SMSRequest{Message: "x"}, packet.Presenter{DX: 1}, packet.DigitizerSession{Action: "start"},
		packet.NotificationRequest{Request: true}, packet.ContactsRequestAll{}, packet.VirtualMonitorRequest{URL: "vnc://x"}, packet.BigscreenSTT{Content: "unlock the doors"})
	if got := st.view(); len(st.s.out) != 0 || !reflect.DeepEqual(got, before) {
		t.Errorf("got %d effects, want none", len(st.s.out))
	}
	if got := len(st.s.phones[st.d].limits); got != 0 {
		t.Errorf("got %d types counted, want none: what is not announced is not even read", got)
	}
}

func TestRates(t *testing.T) {
	st := androidStage(t)
	for range 100 {
		st.say(packet.FindMyPhone{}, packet.Share{Text: "x"}) // an even number of searches: shown or not
	}
	if got, want := len(st.incoming()), int(rates["kdeconnect.share.request"].burst); got != want {
		t.Errorf("got %d texts of 100 at once, want %d", got, want)
	}
	dropped := st.s.phones[st.d].dropped
	if want := 100 - int(rates["kdeconnect.findmyphone.request"].burst); dropped != want {
		t.Errorf("got %d dropped, want %d", dropped, want)
	}
	st.now = st.now.Add(time.Second)
	st.say(packet.Share{Text: "later"})
	if got := st.incoming(); len(got) != 1 {
		t.Errorf("a second later: got %d, want 1", len(got))
	}
	// A clock that is set back gives nothing and takes nothing for ever.
	st.now = st.now.Add(-time.Hour)
	for range 100 {
		st.say(packet.Share{Text: "back"})
	}
	if got := len(st.incoming()); got > 10 {
		t.Errorf("after the clock was set back: got %d, want no new burst", got)
	}
	st.now = st.now.Add(time.Second)
	st.say(packet.Share{Text: "on"})
	if got := len(st.incoming()); got != 1 {
		t.Errorf("a second after that: got %d, want 1", got)
	}
}

func TestGuestHasMediaAndDestinationsOnly(t *testing.T) {
	st := androidStage(t)
	st.s.profile = phonelink.Guest
	before := st.view()
	st.say(packet.Notification{ID: "n", App: "Chat", Text: "secret"}, packet.Telephony{Event: "ringing", Contact: "Ana"}, packet.Clipboard{Content: "secret"},
		packet.Share{Text: "secret"}, packet.Share{URL: "https://example.org/"}, packet.SMSMessages{Messages: []packet.SMSMessage{{ID: 1, Kind: 1, Thread: 1}}})
	if got := st.view(); !reflect.DeepEqual(got, before) || len(st.incoming()) != 0 {
		t.Errorf("got %+v, want nothing of a guest's messages", got)
	}
	st.say(packet.Share{URL: "geo:48.2,16.37"}, packet.MPRIS{Players: []string{"Music"}})
	if in := st.incoming(); len(in) != 1 || in[0].Session.Kind != phonelink.Navigation || in[0].Session.Profile != phonelink.Guest {
		t.Errorf("got %+v, want the destination", in)
	}
	if got := st.phone().Players; len(got) != 1 {
		t.Errorf("got %d players, want 1", len(got))
	}
	st.offerFile("a.jpg", 1)
	if got := st.view().Transfers; len(got) != 0 {
		t.Errorf("got %+v, want no file of a guest's", got)
	}
	for _, r := range []phonelink.Request{phonelink.SendClipboard{Device: st.d}, phonelink.SendMessage{Device: st.d}, phonelink.Run{Device: st.d}} {
		if got := code(st.do(r)); got != phonelink.RefusedProfile {
			t.Errorf("%T: got %q, want %q", r, got, phonelink.RefusedProfile)
		}
	}
}

func TestRequestsRefused(t *testing.T) {
	st := newStage(t, phoneID, "phone", appleSends, appleTakes)
	d := st.d
	tests := []struct {
		name string
		r    phonelink.Request
		want phonelink.RefusalCode
	}{
		{"another adapter's request", phonelink.Take{}, phonelink.RefusedUnsupported},
		{"unknown phone", phonelink.Ping{Device: "kde:x"}, phonelink.RefusedUnknown},
		{"no such plugin there", phonelink.Lock{Device: d}, phonelink.RefusedUnsupported},
		{"mute without telephony", phonelink.MuteRinger{Device: d}, phonelink.RefusedUnsupported},
		{"sms without sms", phonelink.SendMessage{Device: d, To: []string{"1"}, Text: "x"}, phonelink.RefusedUnsupported},
		{"pointer", phonelink.Input{Device: d, DX: 1}, phonelink.RefusedUnsupported},
		{"unknown thread", phonelink.ReadThread{Device: d, ID: "7"}, phonelink.RefusedUnknown},
		{"unknown command", phonelink.Run{Device: d, Key: "k"}, phonelink.RefusedUnknown},
		{"volume without outputs", phonelink.Control{Device: d, Action: "volume"}, phonelink.RefusedUnsupported},
		{"unknown player", phonelink.Control{Device: d, Player: "p", Action: "play"}, phonelink.RefusedUnknown},
		{"unknown notification", phonelink.Dismiss{Device: d, ID: "n:x"}, phonelink.RefusedUnknown},
		{"reply to nothing", phonelink.Reply{Device: d, ID: "n:x", Text: "y"}, phonelink.RefusedUnknown},
		{"action of nothing", phonelink.Act{Device: d, ID: "n:x", Action: "y"}, phonelink.RefusedUnknown},
		{"nothing to send", phonelink.SendText{Device: d, Text: " "}, phonelink.RefusedMismatch},
		{"too long", phonelink.SendText{Device: d, Text: strings.Repeat("x", packet.MaxText+1)}, phonelink.RefusedMismatch},
	}
	for _, tc := range tests {
		if got := code(st.do(tc.r)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := st.sent(); len(got) != 0 {
		t.Errorf("got %v, want nothing sent", kinds(got))
	}
	st.s.handle(st.now, downEvent{Device: d})
	if got := code(st.do(phonelink.Ping{Device: d})); got != phonelink.RefusedAbsent {
		t.Errorf("absent: got %q, want %q", got, phonelink.RefusedAbsent)
	}
}

func TestSimpleRequests(t *testing.T) {
	st := newStage(t, phoneID, "phone", nil, nil) // one that does not say what it can
	st.sent()
	yes := true
	tests := []struct {
		r    phonelink.Request
		want any
	}{
		{phonelink.Ring{Device: st.d}, &packet.FindMyPhone{}},
		{phonelink.Ping{Device: st.d, Text: "hi"}, &packet.Ping{Message: "hi"}},
		{phonelink.Lock{Device: st.d}, &packet.LockRequest{SetLocked: &yes}},
		{phonelink.MuteRinger{Device: st.d}, &packet.TelephonyMute{}},
		{phonelink.SendText{Device: st.d, Text: "hello there"}, &packet.Share{Text: "hello there"}},
		{phonelink.SendText{Device: st.d, Text: "https://example.org/a"}, &packet.Share{URL: "https://example.org/a"}},
		{phonelink.SendText{Device: st.d, Text: "geo:48.2,16.37"}, &packet.Share{URL: "geo:48.2,16.37"}},
		{phonelink.SendText{Device: st.d, Text: "javascript:alert(1)"}, &packet.Share{Text: "javascript:alert(1)"}},
		{phonelink.SendMessage{Device: st.d, To: []string{" +431 ", ""}, Text: "x"}, &packet.SMSRequest{Version: 2, Message: "x", Addresses: []packet.Address{{Address: "+431"}}}},
		{phonelink.SendClipboard{Device: st.d, Text: "x"}, &packet.Clipboard{Content: "x"}},
		{phonelink.Input{Device: st.d, DX: 3, DY: -2}, &packet.Mousepad{DX: 3, DY: -2}},
		{phonelink.Input{Device: st.d, DY: 1, Scroll: true}, &packet.Mousepad{DY: 1, Scroll: true}},
		{phonelink.Input{Device: st.d, Button: "right"}, &packet.Mousepad{RightClick: true}},
		{phonelink.Input{Device: st.d, Special: 12, Ctrl: true}, &packet.Mousepad{SpecialKey: 12, Ctrl: true}},
	}
	for _, tc := range tests {
		if err := st.do(tc.r); err != nil {
			t.Errorf("%+v: %v", tc.r, err)
		}
		if got := st.sent(); len(got) != 1 || !reflect.DeepEqual(got[0], tc.want) {
			t.Errorf("%+v: got %+v, want %+v", tc.r, got, tc.want)
		}
	}
	if got := code(st.do(phonelink.Input{Device: st.d, Button: "third"})); got != phonelink.RefusedUnsupported {
		t.Errorf("unknown button: got %q, want %q", got, phonelink.RefusedUnsupported)
	}
}

func TestPairingInTheView(t *testing.T) {
	s := newState(slog.New(slog.DiscardHandler), "ana")
	now := time.UnixMilli(1763836800000)
	d := device(phoneID)
	who := identity{Name: "Pixel"}
	s.window = now.Add(windowFor)
	s.handle(now, candidateEvent{Device: d, Identity: who})
	check := func(what string, want ...phonelink.Candidate) {
		t.Helper()
		v := s.view(now)
		if v.Pairing == nil || !reflect.DeepEqual(v.Pairing.Tries, want) && len(v.Pairing.Tries)+len(want) > 0 {
			t.Errorf("%s: got %+v, want %+v", what, v.Pairing, want)
		}
	}
	check("in reach", phonelink.Candidate{Device: d, Name: "Pixel", Adapter: "kdeconnect"})
	s.handle(now, pairAskEvent{Device: d, Identity: who, Code: "1A2B3C4D"})
	check("asked", phonelink.Candidate{Device: d, Name: "Pixel", Code: "1A2B3C4D", Adapter: "kdeconnect"})
	s.handle(now, pairDoneEvent{Device: d, Err: errRejected})
	check("rejected", phonelink.Candidate{Device: d, Name: "Pixel", Adapter: "kdeconnect", Problem: "pairing was rejected"})
	s.handle(now, pairAskEvent{Device: d, Identity: who, Code: "1A2B3C4D"})
	s.handle(now, pairDoneEvent{Device: d})
	s.handle(now, upEvent{Device: d, Identity: who})
	check("paired")
	for i := range 100 {
		s.handle(now, candidateEvent{Device: phonelink.Device(fmt.Sprintf("kde:%d", i)), Identity: who})
	}
	if got := len(s.view(now).Pairing.Tries); got != maxTries {
		t.Errorf("crowd: got %d candidates, want %d", got, maxTries)
	}
	s.expire(now.Add(windowFor))
	if v := s.view(now.Add(windowFor)); v.Pairing != nil || len(s.tries) != 0 {
		t.Errorf("after %v: got %+v, want the screen closed", windowFor, v.Pairing)
	}
	// An impostor is shown on the phone that it pretends to be.
	s.handle(now, refusedEvent{d, errImpostor})
	if n := s.view(now).Notifications; len(n) != 1 || !strings.Contains(n[0].Text, "another key") {
		t.Errorf("impostor: got %+v, want a notice", n)
	}
}

// fakePayload is bytes that a phone offers.
type fakePayload struct {
	said string
	file string
	err  error
}

func (f *fakePayload) read(context.Context, int64) ([]byte, error) { return nil, f.err }

func (f *fakePayload) save(_ context.Context, said string, progress func(int64)) (string, error) {
	f.said = said
	progress(1)
	return f.file, f.err
}

func TestExpiry(t *testing.T) {
	st := androidStage(t)
	st.say(packet.Clipboard{Content: "x"}, packet.Telephony{Event: "missedCall", Number: "1"}, packet.Ping{}, packet.ContactsTimestamps{})
	if next := st.s.expire(st.now); !next.Equal(st.now.Add(clipboardFor)) {
		t.Errorf("next: got %v, want %v", next.Sub(st.now), clipboardFor)
	}
	st.now = st.now.Add(clipboardFor)
	st.s.expire(st.now)
	if v := st.view(); v.Phones[0].Clipboard != "" || len(v.Notifications) != 0 || len(v.Calls) != 1 {
		t.Errorf("after %v: got %q, %d notices, %d calls; want none, none and one", clipboardFor, v.Phones[0].Clipboard, len(v.Notifications), len(v.Calls))
	}
	st.now = st.now.Add(missedFor)
	if next := st.s.expire(st.now); !next.IsZero() || len(st.view().Calls) != 0 || st.s.phones[st.d].book.people != nil {
		t.Errorf("after a day: got next %v, %d calls; want nothing left", next, len(st.view().Calls))
	}
}

func TestClean(t *testing.T) {
	tests := []struct {
		in   string
		most int
		want string
	}{
		{"plain", 10, "plain"},
		{"a\x00b\x1b[31mc", 20, "ab[31mc"},
		{"evil\u202egpj.exe", 20, "evilgpj.exe"},
		{"a\xffb", 5, "ab"},
		{"one\ntwo\tthree", 20, "one\ntwo\tthree"},
		{"äöü", 3, "ä"},
		{"漢字", 5, "漢"},
		{"x", 0, ""},
	}
	for _, tc := range tests {
		if got := clean(tc.in, tc.most); got != tc.want {
			t.Errorf("%q, %d: got %q, want %q", tc.in, tc.most, got, tc.want)
		}
	}
}

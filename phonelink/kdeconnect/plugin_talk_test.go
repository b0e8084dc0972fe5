package kdeconnect

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

func TestTelephony(t *testing.T) {
	ring := packet.Telephony{Event: "ringing", Contact: "Ana", Number: "+431"}
	talk := packet.Telephony{Event: "talking", Contact: "Ana", Number: "+431"}
	over := func(c packet.Telephony) packet.Telephony { c.Cancel = true; return c }
	missed := packet.Telephony{Event: "missedCall", Contact: "Ana", Number: "+431"}
	tests := []struct {
		name string
		say  []packet.Telephony
		want []phonelink.CallState
	}{
		{"rings", []packet.Telephony{ring}, []phonelink.CallState{phonelink.CallRinging}},
		{"answered", []packet.Telephony{ring, talk}, []phonelink.CallState{phonelink.CallActive}},
		{"answered, ringing ends late", []packet.Telephony{ring, talk, over(ring)}, []phonelink.CallState{phonelink.CallActive}},
		{"hung up", []packet.Telephony{ring, talk, over(talk)}, nil},
		{"missed", []packet.Telephony{ring, over(ring), missed}, []phonelink.CallState{phonelink.CallMissed}},
		{"missed, without the end of the ringing", []packet.Telephony{ring, missed}, []phonelink.CallState{phonelink.CallMissed}},
		{"missed and rings again", []packet.Telephony{missed, ring}, []phonelink.CallState{phonelink.CallRinging, phonelink.CallMissed}},
		{"a text, the old way", []packet.Telephony{{Event: "sms", Message: "x"}}, nil},
		{"an end without a beginning", []packet.Telephony{over(talk)}, nil},
	}
	for _, tc := range tests {
		st := androidStage(t)
		for _, b := range tc.say {
			st.say(b)
		}
		var got []phonelink.CallState
		for _, c := range st.view().Calls {
			got = append(got, c.State)
			if c.Device != st.d || c.Name != "Ana" || c.Number != "+431" || c.Audio != st.d {
				t.Errorf("%s: got %+v, want Ana's call, heard on the phone", tc.name, c)
			}
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
	// A call goes on since it began, however often it is said.
	st := androidStage(t)
	st.say(talk)
	began := st.now
	st.now = st.now.Add(time.Minute)
	st.say(talk)
	if got := st.view().Calls[0].Start; !got.Equal(began) {
		t.Errorf("start: got %v, want %v", got, began)
	}
	for range 50 {
		st.now = st.now.Add(time.Second)
		st.say(missed)
	}
	if got := len(st.view().Calls); got != maxMissed+1 {
		t.Errorf("missed: got %d, want %d and the call", got, maxMissed)
	}
}

func TestMuteRinger(t *testing.T) {
	for _, tc := range []struct{ takes, want string }{
		{"kdeconnect.telephony.request_mute", "telephony.request_mute"},
		{"kdeconnect.telephony.request", "telephony.request"},
	} {
		st := newStage(t, phoneID, "phone", androidSends, []string{tc.takes})
		st.sent()
		if err := st.do(phonelink.MuteRinger{Device: st.d}); err != nil {
			t.Errorf("%s: %v", tc.takes, err)
		}
		if got := kinds(st.sent()); !reflect.DeepEqual(got, []string{tc.want}) {
			t.Errorf("%s: got %v, want %s", tc.takes, got, tc.want)
		}
	}
}

func TestNotifications(t *testing.T) {
	st := androidStage(t)
	at := st.now.Add(-time.Minute)
	st.say(packet.Notification{ID: "0|chat", App: "Chat", Title: "Ana", Text: "Where are you?", Ticker: "Ana: Where are you?", Clearable: true, Silent: true,
		Time: fmt.Sprint(at.UnixMilli()), ReplyID: "r1", Actions: []string{"Read", ""}})
	want := phonelink.Notification{ID: "n:0|chat", Device: st.d, App: "Chat", Title: "Ana", Text: "Where are you?", Time: time.UnixMilli(at.UnixMilli()), CanReply: true, CanDismiss: true, Actions: []string{"Read"}}
	if got := st.view().Notifications; len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	steps := []struct {
		r    phonelink.Request
		want any
	}{
		{phonelink.Reply{Device: st.d, ID: want.ID, Text: "On my way"}, &packet.NotificationReply{ReplyID: "r1", Message: "On my way"}},
		{phonelink.Act{Device: st.d, ID: want.ID, Action: "Read"}, &packet.NotificationAction{Key: "0|chat", Action: "Read"}},
		{phonelink.Dismiss{Device: st.d, ID: want.ID}, &packet.NotificationRequest{Cancel: "0|chat"}},
	}
	for _, tc := range steps {
		if err := st.do(tc.r); err != nil {
			t.Errorf("%T: %v", tc.r, err)
		}
		if got := st.sent(); len(got) != 1 || !reflect.DeepEqual(got[0], tc.want) {
			t.Errorf("%T: got %+v, want %+v", tc.r, got, tc.want)
		}
	}
	for r, want := range map[phonelink.Request]phonelink.RefusalCode{
		phonelink.Reply{Device: st.d, ID: want.ID}:                  phonelink.RefusedMismatch,
		phonelink.Act{Device: st.d, ID: want.ID, Action: "Pay"}:     phonelink.RefusedUnknown,
		phonelink.Dismiss{Device: "kde:other", ID: want.ID}:         phonelink.RefusedUnknown,
		phonelink.Reply{Device: st.d, ID: "n:another", Text: "hi"}:  phonelink.RefusedUnknown,
		phonelink.Act{Device: st.d, ID: "n:another", Action: "Pay"}: phonelink.RefusedUnknown,
	} {
		if got := code(st.do(r)); got != want {
			t.Errorf("%+v: got %q, want %q", r, got, want)
		}
	}
	// It is still listed until the phone says that it is gone.
	if got := len(st.view().Notifications); got != 1 {
		t.Errorf("asked to dismiss: got %d, want it still listed", got)
	}
	st.say(packet.Notification{ID: "0|chat", Cancel: true})
	if got := len(st.view().Notifications); got != 0 {
		t.Errorf("cancelled: got %d, want none", got)
	}
}

func TestOngoingNotification(t *testing.T) {
	st := androidStage(t)
	st.say(packet.Notification{ID: "nav", App: "Maps", Ticker: "In 200 m turn left"})
	n := st.view().Notifications[0]
	if n.CanDismiss || n.CanReply || n.Text != "In 200 m turn left" || !n.Time.Equal(st.now) {
		t.Errorf("got %+v, want the ticker as text, now, and not to be dismissed", n)
	}
	if got := code(st.do(phonelink.Dismiss{Device: st.d, ID: n.ID})); got != phonelink.RefusedUnsupported {
		t.Errorf("dismiss: got %q, want %q", got, phonelink.RefusedUnsupported)
	}
	// Said again without a time it keeps its place; a time from the future is now.
	first := st.now
	st.now = st.now.Add(time.Minute)
	st.say(packet.Notification{ID: "nav", App: "Maps", Text: "Turn left"})
	if got := st.view().Notifications[0]; !got.Time.Equal(first) || got.Text != "Turn left" {
		t.Errorf("got %+v, want the new text at the old time", got)
	}
	st.say(packet.Notification{ID: "nav", App: "Maps", Time: "9999999999999"})
	if got := st.view().Notifications[0]; !got.Time.Equal(st.now) {
		t.Errorf("future: got %v, want %v", got.Time, st.now)
	}
	for i := range 250 {
		st.now = st.now.Add(time.Second)
		st.say(packet.Notification{ID: fmt.Sprint(i), App: "Spam", Clearable: true})
	}
	got := st.view().Notifications
	if len(got) != maxNotifications || got[0].ID != "n:249" || got[len(got)-1].ID != "n:nav" {
		t.Errorf("crowd: got %d from %s to %s, want %d from the newest, and the ongoing one kept", len(got), got[0].ID, got[len(got)-1].ID, maxNotifications)
	}
}

func TestPingAndFind(t *testing.T) {
	st := androidStage(t)
	st.say(packet.Ping{Message: "hello"}, packet.FindMyPhone{})
	if got := st.view().Notifications; len(got) != 2 {
		t.Fatalf("got %d notices, want 2", len(got))
	}
	if len(st.s.out) != 0 {
		t.Errorf("got %d effects, want a notice and nothing else", len(st.s.out))
	}
	if err := st.do(phonelink.Dismiss{Device: st.d, ID: "ping"}); err != nil || len(st.sent()) != 0 {
		t.Errorf("dismiss of a notice of ours: got %v, want it gone without a packet", err)
	}
	st.say(packet.FindMyPhone{})
	if got := st.view().Notifications; len(got) != 0 {
		t.Errorf("asked a second time: got %+v, want it ended", got)
	}
}

func message(id, thread int64, kind int64, body string, date time.Time, from ...string) packet.SMSMessage {
	m := packet.SMSMessage{ID: id, Thread: thread, Kind: kind, Body: body, Date: date.UnixMilli()}
	for _, a := range from {
		m.Addresses = append(m.Addresses, packet.Address{Address: a})
	}
	return m
}

func TestThreads(t *testing.T) {
	st := androidStage(t)
	at := func(s int) time.Time { return st.now.Add(time.Duration(s) * time.Second) }
	st.say(packet.SMSMessages{Version: 2, Messages: []packet.SMSMessage{
		message(1, 7, packet.SMSInbox, "hi", at(-30), "+43 1 234 567 89"),
		message(3, 7, packet.SMSSent, "hello", at(-10), "+43 1 234 567 89"),
		message(2, 8, packet.SMSInbox, "news", at(-20), "INFO"),
	}})
	got := st.view().Threads
	if len(got) != 2 || got[0].ID != "7" || got[1].ID != "8" || got[0].Unread != 1 || len(got[0].Messages) != 2 || got[0].Messages[0].From != "+43 1 234 567 89" || got[0].Messages[1].From != "" {
		t.Fatalf("got %+v, want thread 7 with an unread one and our answer, then 8", got)
	}
	if got[0].Names[0] != "" {
		t.Errorf("name: got %q, want none yet", got[0].Names[0])
	}
	// Contacts give it a name; the number is written in another way there.
	st.say(packet.ContactsTimestamps{UIDs: []string{"u1"}, Rest: packet.Rest{"u1": []byte("5")}})
	if got, want := st.sent(), (&packet.ContactsRequestVCards{UIDs: []string{"u1"}}); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v, want the contact asked for", got)
	}
	st.line(`{"id":0,"type":"kdeconnect.contacts.response_vcards","body":{"uids":["u1","u2"],"u1":"BEGIN:VCARD\nFN:Ana\nTEL:0043123456789\nEND:VCARD","u2":"BEGIN:VCARD\nFN:Not asked\nTEL:INFO1\nEND:VCARD"}}`)
	if got := st.view().Threads[0].Names[0]; got != "Ana" {
		t.Errorf("name: got %q, want Ana", got)
	}
	if got := len(st.s.phones[st.d].book.people); got != 1 {
		t.Errorf("got %d contacts, want 1: the other was not asked for", got)
	}
	st.say(packet.Telephony{Event: "ringing", Number: "0043123456789"})
	if got := st.view().Calls[0].Name; got != "Ana" {
		t.Errorf("caller: got %q, want Ana", got)
	}
	// Known and unchanged: not asked for again. Changed: asked; gone: forgotten.
	st.say(packet.ContactsTimestamps{UIDs: []string{"u1"}, Rest: packet.Rest{"u1": []byte("5")}})
	if got := st.sent(); len(got) != 0 {
		t.Errorf("unchanged: got %v, want nothing asked", kinds(got))
	}
	st.say(packet.ContactsTimestamps{})
	if got := st.view().Threads[0].Names[0]; got != "" {
		t.Errorf("removed: got %q, want no name", got)
	}
	if err := st.do(phonelink.ReadThread{Device: st.d, ID: "7"}); err != nil {
		t.Fatal(err)
	}
	if got, want := st.sent()[0], (&packet.SMSRequestConversation{Thread: 7, Number: pageOf}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for r, want := range map[*phonelink.SendMessage]phonelink.RefusalCode{
		{Device: st.d, Text: "x"}:            phonelink.RefusedMismatch,
		{Device: st.d, To: []string{"1"}}:    phonelink.RefusedMismatch,
		{Device: "kde:x", To: []string{"1"}}: phonelink.RefusedUnknown,
	} {
		if got := code(st.do(*r)); got != want {
			t.Errorf("%+v: got %q, want %q", *r, got, want)
		}
	}
}

func TestThreadsAreBounded(t *testing.T) {
	st := androidStage(t)
	var all []packet.SMSMessage
	for i := range 2000 {
		all = append(all, message(int64(i), int64(i%200), packet.SMSInbox, "x", st.now.Add(time.Duration(i)*time.Second), "1"))
	}
	for i := range 500 {
		all = append(all, message(int64(10000+i), 199, packet.SMSInbox, "y", st.now.Add(time.Duration(5000+i)*time.Second), "1"))
	}
	st.say(packet.SMSMessages{Messages: all})
	got := st.view().Threads
	if len(got) != maxThreads || got[0].ID != "199" || len(got[0].Messages) != maxMessages || got[0].Messages[maxMessages-1].ID != "10499" {
		t.Errorf("got %d threads, first %s with %d messages; want %d, 199 with the newest %d", len(got), got[0].ID, len(got[0].Messages), maxThreads, maxMessages)
	}
}

func TestClipboard(t *testing.T) {
	at := time.UnixMilli(1763836800000).UnixMilli()
	connect := func(text string, stamp int64) any {
		return packet.ClipboardConnect{Content: text, Timestamp: float64(stamp)}
	}
	tests := []struct {
		name string
		say  []any
		want string
	}{
		{"copied", []any{packet.Clipboard{Content: "a"}}, "a"},
		{"copied twice", []any{packet.Clipboard{Content: "a"}, packet.Clipboard{Content: "b"}}, "b"},
		{"from before the link", []any{connect("a", at-1000)}, "a"},
		{"timestamp 0 never wins", []any{connect("a", 0)}, ""},
		{"timestamp 0 does not win over a text", []any{packet.Clipboard{Content: "a"}, connect("b", 0)}, "a"},
		{"older loses", []any{packet.Clipboard{Content: "a"}, connect("b", at-1)}, "a"},
		{"from the future counts as now", []any{connect("a", at+1e9), packet.Clipboard{Content: "b"}}, "b"},
	}
	for _, tc := range tests {
		st := androidStage(t)
		st.say(tc.say...)
		if got := st.phone().Clipboard; got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	// What was given from here wins over what is older, and is said again to a new link.
	st := androidStage(t)
	if err := st.do(phonelink.SendClipboard{Device: st.d, Text: "ours"}); err != nil {
		t.Fatal(err)
	}
	st.sent()
	st.say(connect("theirs", at-1))
	if got := st.phone().Clipboard; got != "" {
		t.Errorf("got %q, want nothing older than ours", got)
	}
	st.now = st.now.Add(time.Minute)
	st.s.handle(st.now, upEvent{Device: st.d, Identity: identity{Name: "P", Kind: "phone", Incoming: androidTakes, Outgoing: androidSends}})
	var again []any
	for _, b := range st.sent() {
		if c, ok := b.(*packet.ClipboardConnect); ok {
			again = append(again, *c)
		}
	}
	if want := []any{connect("ours", at)}; !reflect.DeepEqual(again, want) {
		t.Errorf("new link: got %+v, want %+v", again, want)
	}
}

func TestVCard(t *testing.T) {
	tests := []struct {
		name, text, who string
		numbers         []string
		bad             bool
	}{
		{name: "2.1", text: "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Gump;Forrest\r\nFN:Forrest Gump\r\nTEL;WORK;VOICE:(111) 555-1212\r\nTEL;CELL:(404) 555-1212\r\nEND:VCARD", who: "Forrest Gump", numbers: []string{"(111) 555-1212", "(404) 555-1212"}},
		{name: "quoted-printable", text: "BEGIN:VCARD\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=\n=20M=C3=BCller\nEND:VCARD", who: "Jörg Müller"},
		{name: "folded", text: "BEGIN:VCARD\nFN:Anna\n Maria\nTEL;VALUE=uri;TYPE=\"voice:x\":tel:+43-1-2\nEND:VCARD", who: "AnnaMaria", numbers: []string{"+43-1-2"}},
		{name: "group and escape", text: "BEGIN:VCARD\nitem1.TEL:1\nFN:Smith\\, John\nEND:VCARD", who: "Smith, John", numbers: []string{"1"}},
		{name: "name of parts", text: "BEGIN:VCARD\nN:Gump;Forrest;;Mr.;\nEND:VCARD", who: "Forrest Gump"},
		{name: "a picture is passed over", text: "BEGIN:VCARD\nFN:A\nPHOTO;ENCODING=BASE64:" + strings.Repeat("A", 5000) + "\nEND:VCARD", who: "A"},
		{name: "many numbers", text: "BEGIN:VCARD\nFN:A\n" + strings.Repeat("TEL:1\n", 100) + "END:VCARD", who: "A", numbers: strings.Split(strings.Repeat("1,", maxVCardNumbers-1)+"1", ",")},
		{name: "does not end", text: "BEGIN:VCARD\nFN:A", bad: true},
		{name: "ends first", text: "END:VCARD", bad: true},
		{name: "nothing", text: "", bad: true},
		{name: "many lines", text: "BEGIN:VCARD\n" + strings.Repeat("\n", maxVCardLines) + "END:VCARD", bad: true},
	}
	for _, tc := range tests {
		who, numbers, err := parseVCard(tc.text)
		if tc.bad {
			if err == nil {
				t.Errorf("%s: got %q, want an error", tc.name, who)
			}
			continue
		}
		if err != nil || who != tc.who || !reflect.DeepEqual(numbers, tc.numbers) {
			t.Errorf("%s: got %q %q, %v; want %q %q", tc.name, who, numbers, err, tc.who, tc.numbers)
		}
	}
}

func FuzzVCard(f *testing.F) {
	f.Add("BEGIN:VCARD\r\nVERSION:2.1\r\nN:Gump;Forrest\r\nTEL;WORK;VOICE:(111) 555-1212\r\nEND:VCARD")
	f.Add("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=\n=20M\n folded\nitem1.TEL;TYPE=\"a:b\":tel:+43\nEND:VCARD")
	f.Fuzz(func(t *testing.T, text string) {
		_, numbers, err := parseVCard(text)
		if len(numbers) > maxVCardNumbers {
			t.Errorf("got %d numbers, %v", len(numbers), err)
		}
		for _, n := range numbers {
			if len(n) > 64 || n == "" {
				t.Errorf("got number %q", n)
			}
		}
	})
}

func TestContactsAreBounded(t *testing.T) {
	st := androidStage(t)
	for round := range 5 {
		ids := packet.ContactsTimestamps{Rest: packet.Rest{}}
		for i := range 3000 {
			uid := fmt.Sprintf("%d-%d", round, i)
			ids.UIDs = append(ids.UIDs, uid)
			ids.Rest[uid] = []byte("1")
		}
		st.now = st.now.Add(time.Second)
		st.say(ids)
		asked := 0
		for _, b := range st.sent() {
			asked += len(b.(*packet.ContactsRequestVCards).UIDs)
		}
		if n := len(st.s.phones[st.d].book.stamps); n != vCardsAsked || asked != vCardsAsked {
			t.Errorf("round %d: got %d kept and %d asked for, want %d", round, n, asked, vCardsAsked)
		}
	}
}

func TestLongTextsSayThatTheyWereCut(t *testing.T) {
	st := androidStage(t)
	st.say(packet.Notification{ID: "n", App: "Chat", Text: strings.Repeat("ä", packet.MaxText/2)})
	if got := st.view().Notifications[0].Text; len(got) > maxBody || !strings.HasSuffix(got, "ä…") {
		t.Errorf("got %d bytes that end in %q, want at most %d and a sign", len(got), got[len(got)-5:], maxBody)
	}
}

func TestDigits(t *testing.T) {
	for in, want := range map[string]string{"+43 (1) 234-567 89": "123456789", "01 234 567 89": "123456789", "112": "112", "INFO": "", "": ""} {
		if got := digits(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

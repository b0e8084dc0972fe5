package packet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tandem/phonelink/kdeconnect/packet"
)

// examples are bodies written by hand from the facts of the protocol reference
// and from what peers send: every type at least once, full and bare.
var examples = []struct{ kind, body string }{
	{"kdeconnect.identity", `{"deviceId":"740bd4b9b4184ee497d6caf1da8151be","deviceName":"Pixel of Ana","deviceType":"phone","protocolVersion":8,"incomingCapabilities":["kdeconnect.ping"],"outgoingCapabilities":[],"tcpPort":1716}`},
	{"kdeconnect.identity", `{"deviceId":"_740bd4b9_b418_4ee4_97d6_caf1da8151be_","deviceName":"x","deviceType":"laptop","protocolVersion":7,"targetDeviceId":"0123456789abcdef0123456789abcdef","targetProtocolVersion":8}`},
	{"kdeconnect.pair", `{"pair":true,"timestamp":1763836800}`},
	{"kdeconnect.pair", `{"pair":false}`},
	{"kdeconnect.battery", `{"currentCharge":73,"isCharging":true,"thresholdEvent":0}`},
	{"kdeconnect.battery", `{"currentCharge":-1,"isCharging":false}`},
	{"kdeconnect.battery.request", `{"request":true}`},
	{"kdeconnect.bigscreen.stt", `{"content":"open the map"}`},
	{"kdeconnect.clipboard", `{"content":"Stephansplatz 1\nWien"}`},
	{"kdeconnect.clipboard", `{"content":""}`},
	{"kdeconnect.clipboard.connect", `{"content":"copied","timestamp":1763836800123}`},
	{"kdeconnect.clipboard.connect", `{"content":"","timestamp":0}`},
	{"kdeconnect.connectivity_report", `{"signalStrengths":{"1":{"networkType":"5G","signalStrength":4},"2":{"networkType":"LTE","signalStrength":0,"roaming":false}}}`},
	{"kdeconnect.connectivity_report", `{"signalStrengths":{}}`},
	{"kdeconnect.connectivity_report.request", `{}`},
	{"kdeconnect.contacts.request_all_uids_timestamps", `{}`},
	{"kdeconnect.contacts.request_vcards_by_uid", `{"uids":["1i7","2r9"]}`},
	{"kdeconnect.contacts.response_uids_timestamps", `{"uids":["1i7","2r9"],"1i7":1608700784336,"2r9":"1608700782848"}`},
	{"kdeconnect.contacts.response_vcards", `{"uids":["1i7"],"1i7":"BEGIN:VCARD\nVERSION:2.1\nFN:Ana\nEND:VCARD"}`},
	{"kdeconnect.digitizer", `{"active":true,"touching":false,"tool":"Pen","x":10,"y":0,"pressure":0.5}`},
	{"kdeconnect.digitizer", `{"active":false}`},
	{"kdeconnect.digitizer.session", `{"action":"start","width":1920,"height":1080,"resolutionX":10,"resolutionY":10}`},
	{"kdeconnect.digitizer.session", `{"action":"end"}`},
	{"kdeconnect.findmyphone.request", `{}`},
	{"kdeconnect.lock", `{"isLocked":false}`},
	{"kdeconnect.lock.request", `{"requestLocked":true}`},
	{"kdeconnect.lock.request", `{"setLocked":false}`},
	{"kdeconnect.mousepad.echo", `{"key":"ä","shift":false,"isAck":true}`},
	{"kdeconnect.mousepad.keyboardstate", `{"state":false}`},
	{"kdeconnect.mousepad.request", `{"dx":1.5,"dy":-2.25}`},
	{"kdeconnect.mousepad.request", `{"specialKey":12,"ctrl":true,"alt":false,"sendAck":true}`},
	{"kdeconnect.mousepad.request", `{"dx":0,"dy":-3,"scroll":true}`},
	{"kdeconnect.mpris", `{"playerList":["Music","Radio"],"supportAlbumArtPayload":true}`},
	{"kdeconnect.mpris", `{"playerList":[],"supportAlbumArtPayload":false}`},
	{"kdeconnect.mpris", `{"player":"Music","title":"Song","artist":"Band","album":"","isPlaying":false,"pos":0,"length":240000,"volume":55,"canPause":true,"canPlay":true,"canSeek":false,"canGoNext":true,"canGoPrevious":true,"loopStatus":"Playlist","shuffle":false,"nowPlaying":"Band - Song","url":"https://example.org/s","albumArtUrl":""}`},
	{"kdeconnect.mpris", `{"player":"Music","pos":61000.25,"length":-1}`},
	{"kdeconnect.mpris", `{"player":"Music","albumArtUrl":"file:///a.png","transferringAlbumArt":true}`},
	{"kdeconnect.mpris.request", `{"requestPlayerList":true}`},
	{"kdeconnect.mpris.request", `{"player":"Music","requestNowPlaying":true,"requestVolume":true}`},
	{"kdeconnect.mpris.request", `{"player":"Music","action":"PlayPause"}`},
	{"kdeconnect.mpris.request", `{"player":"Music","Seek":-5000000}`},
	{"kdeconnect.mpris.request", `{"player":"Music","SetPosition":0,"setVolume":0,"setShuffle":false,"setLoopStatus":"None"}`},
	{"kdeconnect.notification", `{"id":"0|org.example.chat|7|null|10085","appName":"Chat","title":"Ana","text":"Where are you?","ticker":"Ana: Where are you?","isClearable":true,"silent":false,"time":"1763836800123","requestReplyId":"17499937-334b","actions":["Read","Mute"],"payloadHash":"d97f60d052bf11d1e88821e04fff0007","onlyOnce":false,"groupKey":"x"}`},
	{"kdeconnect.notification", `{"id":"n","isCancel":true}`},
	{"kdeconnect.notification.action", `{"key":"n","action":"Read"}`},
	{"kdeconnect.notification.reply", `{"requestReplyId":"17499937-334b","message":"On my way"}`},
	{"kdeconnect.notification.request", `{"request":true}`},
	{"kdeconnect.notification.request", `{"cancel":"n"}`},
	{"kdeconnect.ping", `{}`},
	{"kdeconnect.ping", `{"message":"hi <b>&amp;"}`},
	{"kdeconnect.presenter", `{"dx":0.125,"dy":-1}`},
	{"kdeconnect.presenter", `{"stop":true}`},
	{"kdeconnect.runcommand", `{"commandList":"{\"k1\":{\"name\":\"Lock\",\"command\":\"loginctl lock-session\"}}","canAddCommand":true}`},
	{"kdeconnect.runcommand.output", `{"commandStarted":true,"command":"ls","id":0}`},
	{"kdeconnect.runcommand.output", `{"commandOutput":true,"stdout":["a","b"],"stderr":[],"id":1}`},
	{"kdeconnect.runcommand.output", `{"commandFinished":true,"success":false,"exitCode":-9,"id":1}`},
	{"kdeconnect.runcommand.request", `{"key":"bea9fb3e-0c80-4d05-afdc-6a8f4156bc03"}`},
	{"kdeconnect.runcommand.request", `{"requestCommandList":true}`},
	{"kdeconnect.sftp", `{"ip":"192.168.1.71","port":1743,"user":"kdeconnect","password":"pw","path":"/storage/emulated/0","multiPaths":["/storage/emulated/0"],"pathNames":["All files"]}`},
	{"kdeconnect.sftp", `{"errorMessage":"no permission"}`},
	{"kdeconnect.sftp.request", `{"startBrowsing":true}`},
	{"kdeconnect.share.request", `{"filename":"Übersicht.pdf","creationTime":1763836800123,"lastModified":1763836800123,"open":false,"numberOfFiles":2,"totalPayloadSize":8192}`},
	{"kdeconnect.share.request", `{"text":"hello"}`},
	{"kdeconnect.share.request", `{"url":"geo:48.2082,16.3738?q=Stephansdom"}`},
	{"kdeconnect.share.request.update", `{"numberOfFiles":2,"totalPayloadSize":8192}`},
	{"kdeconnect.sms.attachment_file", `{"filename":"PART_1.jpg"}`},
	{"kdeconnect.sms.messages", `{"messages":[{"_id":2,"addresses":[{"address":"+4312345"}],"attachments":[{"part_id":190,"mime_type":"image/jpeg","encoded_thumbnail":"iVBOR","unique_identifier":"PART_1.jpg"}],"body":"hi","date":1763836800123,"event":1,"read":0,"sub_id":1,"thread_id":7,"type":1}],"version":2}`},
	{"kdeconnect.sms.messages", `{"messages":[],"version":2}`},
	{"kdeconnect.sms.request", `{"version":2,"addresses":[{"address":"+4312345"}],"messageBody":"On my way","subID":1,"attachments":[{"fileName":"a.jpg","base64EncodedFile":"aGk=","mimeType":"image/jpeg"}]}`},
	{"kdeconnect.sms.request", `{"sendSms":true,"phoneNumber":"+4312345","messageBody":""}`},
	{"kdeconnect.sms.request_attachment", `{"part_id":190,"unique_identifier":"PART_1.jpg"}`},
	{"kdeconnect.sms.request_conversation", `{"threadID":7,"rangeStartTimestamp":1763836800123,"numberToRequest":10}`},
	{"kdeconnect.sms.request_conversation", `{"threadID":0}`},
	{"kdeconnect.sms.request_conversations", `{}`},
	{"kdeconnect.systemvolume", `{"sinkList":[{"name":"alsa_output.pci","description":"Speakers","muted":false,"volume":32768,"maxVolume":65536,"enabled":true}]}`},
	{"kdeconnect.systemvolume", `{"name":"alsa_output.pci","volume":0,"muted":true,"enabled":false}`},
	{"kdeconnect.systemvolume.request", `{"requestSinks":true}`},
	{"kdeconnect.systemvolume.request", `{"name":"alsa_output.pci","volume":49,"muted":false,"enabled":true}`},
	{"kdeconnect.telephony", `{"event":"ringing","contactName":"Ana","phoneNumber":"+4312345","phoneThumbnail":"/9j/4AAQ"}`},
	{"kdeconnect.telephony", `{"event":"talking","isCancel":true}`},
	{"kdeconnect.telephony", `{"event":"sms","messageBody":"old","phoneNumber":"1"}`},
	{"kdeconnect.telephony.request", `{"action":"mute"}`},
	{"kdeconnect.telephony.request_mute", `{}`},
	{"kdeconnect.virtualmonitor", `{"resolutions":[{"resolution":"1920x1080","scale":1.5}]}`},
	{"kdeconnect.virtualmonitor", `{"failed":0}`},
	{"kdeconnect.virtualmonitor.request", `{"url":"vnc://user:pw@10.0.0.2:5901"}`},
}

// Types without a field cannot be malformed but in their envelope.
var bare = []string{"kdeconnect.connectivity_report.request", "kdeconnect.contacts.request_all_uids_timestamps",
	"kdeconnect.findmyphone.request", "kdeconnect.sms.request_conversations", "kdeconnect.telephony.request_mute"}

func line(kind, body string) []byte {
	return fmt.Appendf(nil, `{"id":0,"type":%q,"body":%s}`, kind, body)
}

// value is JSON as any, to compare what two texts mean.
func value(t testing.TB, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("read %.100q: %v", raw, err)
	}
	return v
}

func TestEncodesBackWhatItDecoded(t *testing.T) {
	seen := map[string]bool{}
	for _, ex := range examples {
		seen[ex.kind] = true
		p, err := packet.Parse(line(ex.kind, ex.body))
		if err != nil {
			t.Errorf("%s %s: %v", ex.kind, ex.body, err)
			continue
		}
		body, err := packet.Decode(p)
		if err != nil {
			t.Errorf("%s %s: %v", ex.kind, ex.body, err)
			continue
		}
		again, err := packet.Encode(body)
		if err != nil || again.Type != ex.kind {
			t.Errorf("%s %s: encode: got type %s, %v", ex.kind, ex.body, again.Type, err)
			continue
		}
		if got, want := value(t, again.Body), value(t, []byte(ex.body)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s, want %s", ex.kind, again.Body, ex.body)
		}
		// Fields that nobody knows come back too.
		extra := strings.TrimSuffix(ex.body, "}") + `,"x-new":{"a":[1,null]}}`
		extra = strings.Replace(extra, "{,", "{", 1)
		p.Body = json.RawMessage(extra)
		if body, err = packet.Decode(p); err != nil {
			t.Errorf("%s %s: %v", ex.kind, extra, err)
			continue
		}
		if again, err = packet.Encode(body); err != nil || !reflect.DeepEqual(value(t, again.Body), value(t, []byte(extra))) {
			t.Errorf("%s with an unknown field: got %s, %v; want %s", ex.kind, again.Body, err, extra)
		}
	}
	for _, kind := range packet.Types() {
		if !seen[kind] {
			t.Errorf("%s: got no example", kind)
		}
	}
	if got := len(packet.Types()); got < 42 {
		t.Errorf("got %d types, want the 42 of the protocol reference at least", got)
	}
}

func TestValuesSetWin(t *testing.T) {
	p, err := packet.Parse(line("kdeconnect.mpris", `{"player":"Music","isPlaying":false,"title":"Old","volume":null,"hint":1}`))
	if err != nil {
		t.Fatal(err)
	}
	body, err := packet.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	m := body.(*packet.MPRIS)
	if m.Volume != nil || m.Playing == nil || *m.Playing {
		t.Errorf("got volume %v, playing %v; want none and false", m.Volume, m.Playing)
	}
	yes, vol := true, 5.0
	m.Playing, m.Volume, m.Title = &yes, &vol, nil
	again, err := packet.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := value(t, again.Body), value(t, []byte(`{"player":"Music","isPlaying":true,"volume":5,"hint":1}`)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %s", again.Body, want)
	}
}

func TestRefusesMalformed(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct{ kind, body, field string }{
		{"kdeconnect.identity", `{"deviceName":"x","deviceType":"phone","protocolVersion":8}`, "field deviceId is missing"},
		{"kdeconnect.identity", `{"deviceId":"../../etc/passwd/aaaaaaaaaaaaaaaaaa","deviceName":"x","deviceType":"phone","protocolVersion":8}`, "field deviceId:"},
		{"kdeconnect.identity", `{"deviceId":"740bd4b9b4184ee497d6caf1da8151be","deviceName":"x","deviceType":"phone","protocolVersion":8,"targetDeviceId":"short"}`, "field targetDeviceId:"},
		{"kdeconnect.identity", `{"deviceId":"740bd4b9b4184ee497d6caf1da8151be","deviceName":"x","deviceType":"phone","protocolVersion":8,"tcpPort":65536}`, "field tcpPort:"},
		{"kdeconnect.identity", `{"deviceId":"740bd4b9b4184ee497d6caf1da8151be","deviceName":"x","deviceType":"phone","protocolVersion":8,"incomingCapabilities":["` + long(129) + `"]}`, "field incomingCapabilities[0]:"},
		{"kdeconnect.pair", `{}`, "field pair is missing"},
		{"kdeconnect.pair", `{"pair":"true"}`, "field pair:"},
		{"kdeconnect.pair", `{"pair":true,"timestamp":-1}`, "field timestamp:"},
		{"kdeconnect.battery", `{"currentCharge":101,"isCharging":true}`, "field currentCharge:"},
		{"kdeconnect.battery", `{"currentCharge":73.5,"isCharging":true}`, "field currentCharge:"},
		{"kdeconnect.battery", `{"currentCharge":73}`, "field isCharging is missing"},
		{"kdeconnect.battery", `{"currentCharge":73,"isCharging":null}`, "field isCharging is missing"},
		{"kdeconnect.battery", `{"currentCharge":73,"isCharging":true,"thresholdEvent":2}`, "field thresholdEvent:"},
		{"kdeconnect.battery.request", `{"request":1}`, "field request:"},
		{"kdeconnect.bigscreen.stt", `{}`, "field content is missing"},
		{"kdeconnect.clipboard", `{"content":7}`, "field content:"},
		{"kdeconnect.clipboard", `{"content":"` + long(packet.MaxText+1) + `"}`, "field content:"},
		{"kdeconnect.clipboard.connect", `{"content":"x"}`, "field timestamp is missing"},
		{"kdeconnect.clipboard.connect", `{"content":"x","timestamp":-5}`, "field timestamp:"},
		{"kdeconnect.connectivity_report", `{"signalStrengths":[]}`, "field signalStrengths:"},
		{"kdeconnect.connectivity_report", `{"signalStrengths":{"6":{"networkType":"4G"}}}`, "field signalStrengths.6.signalStrength"},
		{"kdeconnect.connectivity_report", `{"signalStrengths":{"6":{"networkType":"4G","signalStrength":"3"}}}`, "field signalStrengths.6.signalStrength:"},
		{"kdeconnect.connectivity_report", `{"signalStrengths":{"` + long(65) + `":{}}}`, "field signalStrengths: name"},
		{"kdeconnect.contacts.request_vcards_by_uid", `{"uids":"a"}`, "field uids:"},
		{"kdeconnect.contacts.response_uids_timestamps", `{"uids":["a"],"a":true}`, "field a:"},
		{"kdeconnect.contacts.response_uids_timestamps", `{"uids":["a",1]}`, "field uids[1]:"},
		{"kdeconnect.contacts.response_uids_timestamps", `{"uids":["uids"]}`, "field uids:"},
		{"kdeconnect.contacts.response_vcards", `{"uids":["a"],"a":{}}`, "field a:"},
		{"kdeconnect.contacts.response_vcards", `{"uids":["a"],"a":"` + long(packet.MaxVCard+1) + `"}`, "field a:"},
		{"kdeconnect.digitizer", `{"tool":"Knife"}`, "field tool:"},
		{"kdeconnect.digitizer", `{"pressure":1.01}`, "field pressure:"},
		{"kdeconnect.digitizer.session", `{"width":3}`, "field action is missing"},
		{"kdeconnect.digitizer.session", `{"action":"start","width":-1}`, "field width:"},
		{"kdeconnect.lock", `{}`, "field isLocked is missing"},
		{"kdeconnect.lock.request", `{"setLocked":"yes"}`, "field setLocked:"},
		{"kdeconnect.mousepad.echo", `{"key":"a"}`, "field isAck is missing"},
		{"kdeconnect.mousepad.keyboardstate", `{"state":"on"}`, "field state:"},
		{"kdeconnect.mousepad.request", `{"specialKey":33}`, "field specialKey:"},
		{"kdeconnect.mousepad.request", `{"dx":"1"}`, "field dx:"},
		{"kdeconnect.mousepad.request", `{"dx":1e300}`, "field dx:"},
		{"kdeconnect.mpris", `{"playerList":"Music"}`, "field playerList:"},
		{"kdeconnect.mpris", `{"playerList":[` + strings.Repeat(`"a",`, 64) + `"a"]}`, "field playerList:"},
		{"kdeconnect.mpris", `{"player":"Music","pos":-2}`, "field pos:"},
		{"kdeconnect.mpris", `{"player":"Music","isPlaying":"true"}`, "field isPlaying:"},
		{"kdeconnect.mpris.request", `{"player":"Music","action":"Erase"}`, "field action:"},
		{"kdeconnect.mpris.request", `{"player":"Music","setVolume":101}`, "field setVolume:"},
		{"kdeconnect.mpris.request", `{"player":"Music","setLoopStatus":"Twice"}`, "field setLoopStatus:"},
		{"kdeconnect.notification", `{"title":"x"}`, "field id is missing"},
		{"kdeconnect.notification", `{"id":7}`, "field id:"},
		{"kdeconnect.notification", `{"id":"n","actions":[["Read"]]}`, "field actions[0]:"},
		{"kdeconnect.notification", `{"id":"n","actions":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]}`, "field actions:"},
		{"kdeconnect.notification.action", `{"key":"n"}`, "field action is missing"},
		{"kdeconnect.notification.reply", `{"message":"x"}`, "field requestReplyId is missing"},
		{"kdeconnect.notification.request", `{"cancel":true}`, "field cancel:"},
		{"kdeconnect.ping", `{"message":{}}`, "field message:"},
		{"kdeconnect.presenter", `{"dx":[]}`, "field dx:"},
		{"kdeconnect.runcommand", `{"commandList":{}}`, "field commandList:"},
		{"kdeconnect.runcommand.output", `{"commandStarted":true}`, "field id is missing"},
		{"kdeconnect.runcommand.request", `{"key":1}`, "field key:"},
		{"kdeconnect.sftp", `{"port":1743}`, "field ip is missing"},
		{"kdeconnect.sftp", `{"ip":"::1"}`, "field port is missing"},
		{"kdeconnect.sftp", `{"ip":"::1","port":1,"multiPaths":["/"]}`, "field pathNames:"},
		{"kdeconnect.sftp.request", `{}`, "field startBrowsing is missing"},
		{"kdeconnect.share.request", `{"filename":["x"]}`, "field filename:"},
		{"kdeconnect.share.request", `{"url":"` + long(8193) + `"}`, "field url:"},
		{"kdeconnect.share.request", `{"totalPayloadSize":-2}`, "field totalPayloadSize:"},
		{"kdeconnect.share.request.update", `{"numberOfFiles":-1}`, "field numberOfFiles:"},
		{"kdeconnect.sms.attachment_file", `{}`, "field filename is missing"},
		{"kdeconnect.sms.messages", `{"version":2}`, "field messages is missing"},
		{"kdeconnect.sms.messages", `{"messages":[{"_id":1,"addresses":[{"address":1}],"date":1,"thread_id":1,"type":1}]}`, "field messages[0].addresses[0].address:"},
		{"kdeconnect.sms.messages", `{"messages":[{"_id":1,"addresses":[],"date":"yesterday","thread_id":1,"type":1}]}`, "field messages[0].date:"},
		{"kdeconnect.sms.request", `{"addresses":[]}`, "field messageBody is missing"},
		{"kdeconnect.sms.request_attachment", `{"part_id":1}`, "field unique_identifier is missing"},
		{"kdeconnect.sms.request_conversation", `{}`, "field threadID is missing"},
		{"kdeconnect.systemvolume", `{"sinkList":[{"volume":1}]}`, "field sinkList[0].name is missing"},
		{"kdeconnect.systemvolume", `{"name":"a","volume":-1}`, "field volume:"},
		{"kdeconnect.systemvolume.request", `{"requestSinks":"all"}`, "field requestSinks:"},
		{"kdeconnect.telephony", `{"event":"exploding"}`, "field event:"},
		{"kdeconnect.telephony", `{"phoneNumber":"1"}`, "field event is missing"},
		{"kdeconnect.telephony.request", `{"action":1}`, "field action:"},
		{"kdeconnect.virtualmonitor", `{"resolutions":[{}]}`, "field resolutions[0].resolution is missing"},
		{"kdeconnect.virtualmonitor.request", `{"url":1}`, "field url:"},
	}
	refused := map[string]bool{}
	for _, tc := range tests {
		p, err := packet.Parse(line(tc.kind, tc.body))
		if err != nil {
			t.Errorf("%s %.60s: parse: %v", tc.kind, tc.body, err)
			continue
		}
		refused[tc.kind] = true
		if got, err := packet.Decode(p); err == nil || !strings.Contains(err.Error(), tc.kind+": "+tc.field) || len(err.Error()) > 300 {
			t.Errorf("%s %.60s: got %+v, %v; want a short error with %q", tc.kind, tc.body, got, err, tc.field)
		}
	}
	for _, kind := range packet.Types() {
		if !refused[kind] && !slices.Contains(bare, kind) {
			t.Errorf("%s: got no malformed example", kind)
		}
	}
	if _, err := packet.Decode(packet.Packet{Type: "kdeconnect.unheard", Body: json.RawMessage(`{}`)}); !errors.Is(err, packet.ErrUnknownType) {
		t.Errorf("unknown type: got %v, want %v", err, packet.ErrUnknownType)
	}
	if p, err := packet.Encode(struct{}{}); err == nil {
		t.Errorf("encode of what is no body: got %+v, want an error", p)
	}
	if p, err := packet.Encode((*packet.Ping)(nil)); err == nil {
		t.Errorf("encode of nil: got %+v, want an error", p)
	}
}

// TestManyUnknownFields: what nobody knows is kept, but not without end.
func TestManyUnknownFields(t *testing.T) {
	var b strings.Builder
	for i := range packet.MaxRest + 2 {
		fmt.Fprintf(&b, `,"f%d":%d`, i, i)
	}
	p, err := packet.Parse(line("kdeconnect.ping", `{"message":"x"`+b.String()+`}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packet.Decode(p); err == nil {
		t.Errorf("got no error, want one")
	}
}

// TestEveryFieldIsLimited walks the structs: a string, list or map without a
// limit in its tag decodes nothing, so it is found here and not by a peer.
func TestEveryFieldIsLimited(t *testing.T) {
	limit := regexp.MustCompile(`(?:^|,)(max|each)=\d+`)
	var walk func(path string, st reflect.Type)
	walk = func(path string, st reflect.Type) {
		for i := range st.NumField() {
			sf := st.Field(i)
			if sf.Type == reflect.TypeFor[packet.Rest]() {
				continue
			}
			ft, tag := sf.Type, sf.Tag.Get("kde")
			if ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			has := map[string]bool{}
			for _, m := range limit.FindAllStringSubmatch(tag, -1) {
				has[m[1]] = true
			}
			name := path + "." + sf.Name
			switch ft.Kind() {
			case reflect.String, reflect.Slice, reflect.Map:
				if !has["max"] {
					t.Errorf("%s: tag %q has no max", name, tag)
				}
			}
			if (ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.String || ft.Kind() == reflect.Map) && !has["each"] {
				t.Errorf("%s: tag %q has no each", name, tag)
			}
			if (ft.Kind() == reflect.Slice || ft.Kind() == reflect.Map) && ft.Elem().Kind() == reflect.Struct {
				walk(name, ft.Elem())
			}
		}
	}
	for _, ex := range examples {
		body, err := packet.Decode(packet.Packet{Type: ex.kind, Body: json.RawMessage(ex.body)})
		if err != nil {
			t.Fatal(err)
		}
		walk(ex.kind, reflect.TypeOf(body).Elem())
	}
}

func TestEncodeHoldsTheLimits(t *testing.T) {
	tests := []struct {
		name string
		body any
		want string
	}{
		{"charge", packet.Battery{Charge: 200}, "field currentCharge:"},
		{"text", &packet.Clipboard{Content: strings.Repeat("x", packet.MaxText+1)}, "field content:"},
		{"list", &packet.MPRIS{Players: make([]string, 65)}, "field playerList:"},
		{"within a list", &packet.SMSMessages{Messages: []packet.SMSMessage{{Kind: 99}}}, "field messages[0].type:"},
		{"not a number", &packet.Presenter{DX: math.NaN()}, "field dx:"},
		{"enum", &packet.MPRISRequest{Action: "Erase"}, "field action:"},
		{"rule", &packet.Identity{DeviceID: "x", Name: "n", DeviceType: "phone"}, "field deviceId:"},
	}
	for _, tc := range tests {
		if p, err := packet.Encode(tc.body); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %s, %v; want an error with %q", tc.name, p.Body, err, tc.want)
		}
	}
}

func TestCommands(t *testing.T) {
	tests := []struct {
		name, list string
		want       map[string]packet.Command
		err        string
	}{
		{name: "none", list: ``},
		{name: "empty", list: `{}`, want: map[string]packet.Command{}},
		{name: "two", list: `{"a":{"name":"Lock","command":"lock"},"b":{"name":"Sleep"}}`,
			want: map[string]packet.Command{"a": {Name: "Lock", Command: "lock"}, "b": {Name: "Sleep"}}},
		{name: "a list", list: `[]`, err: "not an object"},
		{name: "no name", list: `{"a":{}}`, err: "field name"},
		{name: "twice", list: `{"a":{"name":"x"},"a":{"name":"y"}}`, err: "stands twice"},
		{name: "deep", list: strings.Repeat(`{"a":`, 50) + `1` + strings.Repeat(`}`, 50), err: "nested deeper"},
		{name: "not JSON", list: `lock`, err: "at byte"},
	}
	for _, tc := range tests {
		got, err := (&packet.RunCommand{List: tc.list}).Commands()
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: got %v, %v; want an error with %q", tc.name, got, err, tc.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, %v; want %v", tc.name, got, err, tc.want)
		}
	}
}

func TestContactsByUID(t *testing.T) {
	p, err := packet.Parse(line("kdeconnect.contacts.response_uids_timestamps", `{"uids":["a","b","gone"],"a":5,"b":"6","c":7}`))
	if err != nil {
		t.Fatal(err)
	}
	body, err := packet.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := body.(*packet.ContactsTimestamps).Stamps(), map[string]int64{"a": 5, "b": 6, "gone": 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	p, _ = packet.Parse(line("kdeconnect.contacts.response_vcards", `{"uids":["a","gone"],"a":"BEGIN:VCARD"}`))
	if body, err = packet.Decode(p); err != nil {
		t.Fatal(err)
	}
	if got, want := body.(*packet.ContactsVCards).VCards(), map[string]string{"a": "BEGIN:VCARD"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Pixel 9":           "Pixel 9",
		`Ana's "phone" <1>`: "Anas phone 1",
		"a\u202egpj\x00\n":  "agpj",
		"":                  "unnamed",
		" ;:() ":            "unnamed",
		"0123456789012345678901234567890123456789": "01234567890123456789012345678901",
		"Ünïcödé": "Ünïcödé",
	} {
		if got := packet.CleanName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzPacket feeds lines. What is taken must come back equal after encoding,
// and be taken again.
func FuzzPacket(f *testing.F) {
	for _, ex := range examples {
		f.Add(line(ex.kind, ex.body))
	}
	f.Add([]byte(`{"id":"1","type":"kdeconnect.ping","body":{"message":null,"a":{"b":[1e2,-0]}},"payloadSize":-1,"payloadTransferInfo":{"port":1739,"x":1},"y":[]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := packet.Parse(in)
		if err != nil {
			return
		}
		out, err := p.Line()
		if err != nil {
			t.Fatalf("encode %q: %v", in, err)
		}
		q, err := packet.Parse(out)
		if err != nil {
			t.Fatalf("read %q, encoded from %q: %v", out, in, err)
		}
		if once, err := q.Line(); err != nil || !bytes.Equal(once, out) {
			t.Fatalf("got %s, %v after encoding; want %s", once, err, out)
		}
		body, err := packet.Decode(p)
		if err != nil {
			return
		}
		again, err := packet.Encode(body)
		if err != nil {
			t.Fatalf("encode the body of %q: %v", in, err)
		}
		if got, want := value(t, again.Body), value(t, p.Body); !reflect.DeepEqual(got, want) {
			t.Fatalf("got body %s, want %s", again.Body, p.Body)
		}
		if r, ok := body.(*packet.RunCommand); ok {
			r.Commands()
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, ex := range []int{4, 34, 42} {
		raw := line(examples[ex].kind, examples[ex].body)
		b.Run(examples[ex].kind, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				p, err := packet.Parse(raw)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := packet.Decode(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

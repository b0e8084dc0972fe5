package packet_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"tandem/phonelink/kdeconnect/packet"
)

func TestParseEnvelope(t *testing.T) {
	size := int64(882)
	unknown := int64(-1)
	tests := []struct {
		name, line string
		want       packet.Packet
	}{
		{"no payload", `{"id":1631436143331,"type":"kdeconnect.ping","body":{}}`,
			packet.Packet{ID: 1631436143331, Type: "kdeconnect.ping", Body: json.RawMessage(`{}`)}},
		{"payload", `{"id":0,"type":"kdeconnect.share.request","body":{"filename":"a.png"},"payloadSize":882,"payloadTransferInfo":{"port":1739}}`,
			packet.Packet{Type: "kdeconnect.share.request", Body: json.RawMessage(`{"filename":"a.png"}`), PayloadSize: &size, Port: 1739}},
		{"stream of unknown size", `{"type":"kdeconnect.share.request","body":{},"payloadSize":-1}`,
			packet.Packet{Type: "kdeconnect.share.request", Body: json.RawMessage(`{}`), PayloadSize: &unknown}},
		{"id in a string, as before 2023", `{"id":"1631436143331","type":"kdeconnect.ping","body":{}}` + "\r\n",
			packet.Packet{ID: 1631436143331, Type: "kdeconnect.ping", Body: json.RawMessage(`{}`)}},
		{"what nobody knows", `{"id":0,"type":"kdeconnect.ping","body":{},"hop":[1],"payloadTransferInfo":{"uuid":"u"}}`,
			packet.Packet{Type: "kdeconnect.ping", Body: json.RawMessage(`{}`),
				Extra: map[string]json.RawMessage{"hop": json.RawMessage(`[1]`)}, Transfer: map[string]json.RawMessage{"uuid": json.RawMessage(`"u"`)}}},
	}
	for _, tc := range tests {
		got, err := packet.Parse([]byte(tc.line))
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %+v, %v; want %+v", tc.name, got, err, tc.want)
			continue
		}
		line, err := got.Line()
		if err != nil {
			t.Errorf("%s: encode: %v", tc.name, err)
			continue
		}
		if again, err := packet.Parse(line); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: encoded again: got %+v, %v; want %+v", tc.name, again, err, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, packet.MaxDepth) + "1" + strings.Repeat("}", packet.MaxDepth)
	tests := []struct{ name, line, want string }{
		{"nothing", ``, "at byte 0"},
		{"null", `null`, "want an object"},
		{"a list", `[]`, "want an object"},
		{"two objects", `{"type":"kdeconnect.ping","body":{}} {}`, "something follows"},
		{"cut short", `{"type":"kdeconnect.ping","body":{`, "at byte"},
		{"not UTF-8", "{\"type\":\"kdeconnect.ping\",\"body\":{\"message\":\"\xff\"}}", "not UTF-8"},
		{"no type", `{"body":{}}`, "field type"},
		{"type is a number", `{"type":1,"body":{}}`, "field type"},
		{"bare type", `{"type":"kdeconnect","body":{}}`, "field type"},
		{"empty word", `{"type":"kdeconnect..ping","body":{}}`, "field type"},
		{"ends in a dot", `{"type":"kdeconnect.ping.","body":{}}`, "field type"},
		{"another protocol", `{"type":"kdeconnectx.ping","body":{}}`, "field type"},
		{"capital", `{"type":"kdeconnect.Ping","body":{}}`, "field type"},
		{"long type", `{"type":"kdeconnect.` + strings.Repeat("a", packet.MaxType) + `","body":{}}`, "field type"},
		{"no body", `{"type":"kdeconnect.ping"}`, "field body of kdeconnect.ping"},
		{"body is a list", `{"type":"kdeconnect.ping","body":[]}`, "field body"},
		{"body is null", `{"type":"kdeconnect.ping","body":null}`, "field body"},
		{"name twice", `{"type":"kdeconnect.ping","type":"kdeconnect.pair","body":{}}`, "field \"type\" stands twice"},
		{"name twice, one escaped", `{"type":"kdeconnect.pair","body":{"pair":false,"p\u0061ir":true}}`, "field \"pair\" stands twice"},
		{"deep", `{"type":"kdeconnect.ping","body":` + deep + `}`, "nested deeper"},
		{"deep lists", strings.Repeat("[", 100000), "nested deeper"},
		{"id is a word", `{"id":"x","type":"kdeconnect.ping","body":{}}`, "field id"},
		{"id is a fraction", `{"id":1.5,"type":"kdeconnect.ping","body":{}}`, "field id"},
		{"payload size below -1", `{"type":"kdeconnect.ping","body":{},"payloadSize":-2}`, "field payloadSize"},
		{"payload size in a string", `{"type":"kdeconnect.ping","body":{},"payloadSize":"9"}`, "field payloadSize"},
		{"payload size beyond numbers", `{"type":"kdeconnect.ping","body":{},"payloadSize":1e400}`, "field payloadSize"},
		{"port 0", `{"type":"kdeconnect.ping","body":{},"payloadSize":1,"payloadTransferInfo":{"port":0}}`, "field port"},
		{"port 65536", `{"type":"kdeconnect.ping","body":{},"payloadSize":1,"payloadTransferInfo":{"port":65536}}`, "field port"},
		{"transfer info is a list", `{"type":"kdeconnect.ping","body":{},"payloadTransferInfo":[]}`, "payloadTransferInfo"},
		{"many values", `{"type":"kdeconnect.ping","body":{"a":[` + strings.Repeat("1,", packet.MaxValues) + `1]}}`, "more than"},
	}
	for _, tc := range tests {
		if got, err := packet.Parse([]byte(tc.line)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %+v, %v; want an error with %q", tc.name, got, err, tc.want)
		}
	}
}

func TestParseLongLine(t *testing.T) {
	body := `{"type":"kdeconnect.ping","body":{"message":"` + strings.Repeat("x", packet.MaxLine) + `"}}`
	if _, err := packet.Parse([]byte(body)); !errors.Is(err, packet.ErrTooLong) {
		t.Errorf("got %v, want %v", err, packet.ErrTooLong)
	}
}

func TestNamesAreExact(t *testing.T) {
	// encoding/json would take "Type" for "type"; a peer that reads exactly would see another packet.
	if p, err := packet.Parse([]byte(`{"Type":"kdeconnect.pair","type":"kdeconnect.ping","Body":{"pair":true},"body":{}}`)); err != nil || p.Type != "kdeconnect.ping" || string(p.Body) != "{}" {
		t.Errorf("got %+v, %v; want the ping", p, err)
	}
}

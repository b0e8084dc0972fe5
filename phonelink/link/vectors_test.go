package link_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/link"
)

// vectors are the values of one block of the specification.
func vectors(t testing.TB, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(data), "\n```hex "+name+"\n")
	block, _, ok2 := strings.Cut(block, "\n```")
	if !ok || !ok2 {
		t.Fatalf("PROTOCOL.md has no block %q", name)
	}
	out, last := map[string]string{}, ""
	for _, line := range strings.Split(block, "\n") {
		switch key, value, ok := strings.Cut(line, "="); {
		case strings.HasPrefix(line, ";"):
		case strings.HasPrefix(line, " "):
			out[last] += strings.TrimSpace(line)
		case ok:
			last = strings.TrimSpace(key)
			out[last] = strings.TrimSpace(value)
		}
	}
	return out
}

func unhex(t testing.TB, v map[string]string, key string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(v[key], " ", ""))
	if err != nil || v[key] == "" {
		t.Fatalf("PROTOCOL.md: %s = %q: not hexadecimal", key, v[key])
	}
	return b
}

func text(v map[string]string, key string) string { return strings.Trim(v[key], `"`) }

func TestVectorsOfFrames(t *testing.T) {
	v := vectors(t, "frames")
	id := unhex(t, v, "link")
	places := []uint64{4, 0, 1000, 1 << 20}
	limits := []uint64{262148, 262144, 263144, 1310720}
	for _, c := range []struct {
		key  string
		want []byte
	}{
		{"hello first", link.EncodeHello(link.Hello{
			Version: 1, Incarnation: 0x1122334455667788, Name: "Tandem One",
			Addresses: [][]byte{link.PackAddress(netip.MustParseAddrPort("192.168.43.1:1267"))},
		})},
		{"hello again", link.EncodeHello(link.Hello{
			Version: 1, Incarnation: 0x1122334455667788, Link: id, Round: 3, Have: places, Limit: limits, Name: "Tandem One",
		})},
		{"go", link.EncodeElection(link.Election{Version: 1, Link: id, Round: 4, Have: places, Limit: limits})},
		{"bye", link.EncodeBye(1, "another connection was taken")},
		{"beat", link.EncodeBeat(link.Beat{Clock: 1795374000000000, Echo: 1795373999999000, Held: 400})},
		{"ack", link.EncodeAck(2, 1000, 263144)},
		{"data", link.EncodeData(0, 4, []byte("call"))},
	} {
		got := unhex(t, v, c.key)
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s: PROTOCOL.md has\n%x, made was\n%x", c.key, got, c.want)
		}
		again, known, err := link.Decode(got)
		if err != nil || !known || !bytes.Equal(again, got) {
			t.Errorf("%s: read and written again it is %x, %v", c.key, again, err)
		}
	}
}

func TestVectorsOfProbes(t *testing.T) {
	v, p := vectors(t, "probe"), vectors(t, "pairing")
	car, phone := unhex(t, p, "car spki"), unhex(t, p, "phone spki")
	key := link.ProbeKey(phone, car)
	if want := unhex(t, v, "key"); !bytes.Equal(key, want) || !bytes.Equal(link.ProbeKey(car, phone), want) {
		t.Errorf("key: PROTOCOL.md has %x, made was %x", want, key)
	}
	carID, phoneID := string(phonelink.DeviceOf(car)), string(phonelink.DeviceOf(phone))
	n1, n2 := [12]byte(unhex(t, v, "nonce 1")), [12]byte(unhex(t, v, "nonce 2"))
	for _, c := range []struct {
		key         string
		kind        byte
		nonce, echo [12]byte
		sender      string
		other       string
	}{
		{"ask", 0, n1, [12]byte{}, phoneID, carID},
		{"answer", 1, n2, n1, carID, phoneID},
		{"proof", 2, [12]byte{}, n2, phoneID, carID},
	} {
		want := unhex(t, v, c.key)
		if got := link.EncodeProbe(c.kind, c.nonce, c.echo, key, c.sender); !bytes.Equal(got, want) {
			t.Errorf("%s: PROTOCOL.md has\n%x, made was\n%x", c.key, want, got)
		}
		kind, nonce, echo, err := link.ParseProbe(want)
		if err != nil || kind != c.kind || nonce != c.nonce || echo != c.echo {
			t.Errorf("%s: read as %d, %x, %x, %v", c.key, kind, nonce, echo, err)
		}
		if !link.VerifyProbe(want, key, c.sender) || link.VerifyProbe(want, key, c.other) {
			t.Errorf("%s: it is not only the sender's", c.key)
		}
		want[30] ^= 1
		if link.VerifyProbe(want, key, c.sender) {
			t.Errorf("%s: holds with another mac", c.key)
		}
	}
}

func TestVectorsOfTheAnnouncement(t *testing.T) {
	v := vectors(t, "announcement")
	salt := [8]byte(unhex(t, v, "salt"))
	d := phonelink.Device(text(v, "device"))
	got := link.Announcement(salt, d)
	if s := fmt.Sprintf("v=%s s=%s h=%s", got["v"], got["s"], got["h"]); s != text(v, "text") {
		t.Errorf("PROTOCOL.md has %q, made was %q", text(v, "text"), s)
	}
	if !link.IsAnnouncement(got, d) || link.IsAnnouncement(got, d+"x") {
		t.Error("the text is not found by its device id, or by another's")
	}
}

func FuzzDecode(f *testing.F) {
	v := vectors(f, "frames")
	for _, key := range []string{"hello first", "hello again", "go", "bye", "beat", "ack", "data"} {
		f.Add(unhex(f, v, key))
	}
	f.Add([]byte{6, 0x10, 9})
	f.Add([]byte{1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		again, known, err := link.Decode(b)
		if err != nil || !known {
			return
		}
		third, _, err := link.Decode(again)
		if err != nil || !bytes.Equal(third, again) {
			t.Errorf("%x became %x and then %x, %v", b, again, third, err)
		}
	})
}

func FuzzParseProbe(f *testing.F) {
	v := vectors(f, "probe")
	for _, key := range []string{"ask", "answer", "proof"} {
		f.Add(unhex(f, v, key))
	}
	key := []byte("key")
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, nonce, echo, err := link.ParseProbe(b)
		if err != nil {
			return
		}
		if got := link.EncodeProbe(kind, nonce, echo, key, "x"); !bytes.Equal(got[:26], b[:26]) {
			t.Errorf("%x became %x", b, got)
		}
	})
}

func FuzzUnpackAddress(f *testing.F) {
	for _, s := range []string{"192.168.43.1:1267", "[fd00::1]:1267", "0.0.0.0:1", "[::ffff:10.0.0.1]:5"} {
		f.Add(link.PackAddress(netip.MustParseAddrPort(s)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := link.UnpackAddress(b)
		if !ok {
			return
		}
		if again, ok := link.UnpackAddress(link.PackAddress(a)); !ok || again != a {
			t.Errorf("%x is %v and then %v", b, a, again)
		}
	})
}

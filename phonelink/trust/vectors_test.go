package trust_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// vectors reads one block of section 5 of the specification.
func vectors(t testing.TB, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../PROTOCOL.md")
	must(t, err)
	_, block, ok := strings.Cut(string(data), "\n```hex "+name+"\n")
	block, _, end := strings.Cut(block, "\n```")
	if !ok || !end {
		t.Fatalf("PROTOCOL.md has no block %q", name)
	}
	out, last := map[string]string{}, ""
	for line := range strings.SplitSeq(block, "\n") {
		switch {
		case strings.HasPrefix(line, ";") || strings.TrimSpace(line) == "":
		case line[0] == ' ':
			out[last] += line
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				t.Fatalf("block %q: line %q has no =", name, line)
			}
			last = strings.TrimSpace(key)
			out[last] = value
		}
	}
	for k, v := range out {
		v = strings.TrimSpace(v)
		if !strings.HasPrefix(v, `"`) {
			b, err := hex.DecodeString(strings.ReplaceAll(v, " ", ""))
			if err != nil {
				t.Fatalf("block %q: %s: %v", name, k, err)
			}
			v = string(b)
		}
		out[k] = strings.Trim(v, `"`)
	}
	return out
}

// compare says which of the computed values are not those of the block.
func compare(t *testing.T, block string, got map[string]string) {
	t.Helper()
	want := vectors(t, block)
	for k, g := range got {
		if w, ok := want[k]; !ok || w != g {
			t.Errorf("%s: %s\n got %x\nwant %x", block, k, g, w)
		}
	}
}

func TestVectorsIdentity(t *testing.T) {
	v := vectors(t, "identity")
	sum := sha256.Sum256([]byte(v["spki"]))
	compare(t, "identity", map[string]string{
		"sha256": string(sum[:]),
		"device": string(phonelink.DeviceOf([]byte(v["spki"]))),
	})
}

func TestVectorsInvitation(t *testing.T) {
	v := vectors(t, "invitation")
	got, err := trust.ParseQR(v["text"])
	must(t, err)
	want := trust.Invitation{
		Key: [32]byte([]byte(v["key"])), Secret: [16]byte([]byte(v["secret"])), Port: 4711, Name: v["name"],
		Addresses: []netip.Addr{netip.MustParseAddr(v["address 1"]), netip.MustParseAddr(v["address 2"])},
	}
	text, err := trust.QRText(want)
	must(t, err)
	if text != v["text"] || got.Name != want.Name || got.Key != want.Key || got.Port != want.Port {
		t.Errorf("got %s (%+v), want %s (%+v)", text, got, v["text"], want)
	}
}

func TestVectorsPairing(t *testing.T) {
	v := vectors(t, "pairing")
	b := trust.NewBinding([]byte(v["exporter"]), []byte(v["car spki"]), []byte(v["phone spki"]))
	car, phone, secret := []byte(v["car nonce"]), []byte(v["phone nonce"]), []byte(v["secret"])
	encode := func(m trust.Message) string {
		out, err := trust.EncodeMessage(m)
		must(t, err)
		back, err := trust.ReadMessage(bytes.NewReader(out))
		must(t, err)
		if back.Kind != m.Kind || !bytes.Equal(back.Value, m.Value) || back.Name != m.Name {
			t.Errorf("got %+v, want %+v", back, m)
		}
		return string(out)
	}
	phoneProof, commitment := b.Proof(secret, trust.RolePhone), b.Commitment(car)
	compare(t, "pairing", map[string]string{
		"phone proof":   string(phoneProof),
		"car proof":     string(b.Proof(secret, trust.RoleCar)),
		"commitment":    string(commitment),
		"code":          b.Code(car, phone),
		"phone confirm": string(b.Confirm(trust.RolePhone, car, phone)),
		"car confirm":   string(b.Confirm(trust.RoleCar, car, phone)),
		"phone hello qr": encode(trust.Message{
			Kind: trust.KindHello, Version: 1, Role: trust.RolePhone, Mode: trust.ModeQR, Name: "Anna's", Model: "phone", Value: phoneProof,
		}),
		"car hello digits": encode(trust.Message{
			Kind: trust.KindHello, Version: 1, Role: trust.RoleCar, Mode: trust.ModeDigits, Name: "One", Model: "car", Value: commitment,
		}),
		"phone nonce message": encode(trust.Message{Kind: trust.KindNonce, Value: phone}),
		"done":                encode(trust.Message{Kind: trust.KindDone}),
		"refuse often":        encode(trust.Message{Kind: trust.KindRefuse, Reason: 4}),
	})
}

package trust_test

import (
	"crypto/sha256"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tandem/phonelink/trust"
)

func invitation(t testing.TB) trust.Invitation {
	t.Helper()
	return trust.Invitation{
		Key:    sha256.Sum256([]byte("a key")),
		Secret: [16]byte{1, 2, 3},
		Addresses: []netip.Addr{
			netip.MustParseAddr("192.168.43.1"), netip.MustParseAddr("fd00::1"), netip.MustParseAddr("127.0.0.1"),
		},
		Port: 4711, Name: "Tandem Eins, grün",
	}
}

func TestQR(t *testing.T) {
	want := invitation(t)
	text, err := trust.QRText(want)
	must(t, err)
	got, err := trust.ParseQR(text)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	must(t, got.Match([]byte("a key")))
	if got.Match([]byte("another")) == nil {
		t.Error("another key matches")
	}
	img, err := trust.QRImage(text, 3)
	must(t, err)
	side := img.Bounds().Dx()
	if side%3 != 0 || (side/3-8-17)%4 != 0 {
		t.Errorf("got %d pixels, want a QR code's 17+4v modules and twice a quiet zone of 4, times 3", side)
	}
	if v := (side/3 - 8 - 17) / 4; v > 12 {
		t.Errorf("got QR version %d, want at most 12: phones far from the screen must read it", v)
	}
	for i := range 12 {
		if img.GrayAt(i, side/2).Y != 255 {
			t.Errorf("quiet zone is dark at %d", i)
		}
	}
	if img.GrayAt(12, 12).Y != 0 {
		t.Error("no finder pattern in the corner")
	}
}

func TestQRRefuses(t *testing.T) {
	text, err := trust.QRText(invitation(t))
	must(t, err)
	cases := map[string]string{
		"empty":         "",
		"other scheme":  "https://example.org/x",
		"no content":    "tandem://pair/",
		"not base64":    "tandem://pair/!!!!",
		"padding":       text + "=",
		"cut":           text[:len(text)-8],
		"other version": "tandem://pair/Ag" + text[len("tandem://pair/Ag"):],
		"long":          text + strings.Repeat("A", 600),
	}
	for name, c := range cases {
		if _, err := trust.ParseQR(c); err == nil {
			t.Errorf("%s: %q is taken", name, c)
		}
	}
	if _, err := trust.ParseQR(text + "AAAA"); err != nil {
		t.Errorf("got %v, want what a later version adds to be ignored", err)
	}
	bad := map[string]func(*trust.Invitation){
		"no port":     func(v *trust.Invitation) { v.Port = 0 },
		"no secret":   func(v *trust.Invitation) { v.Secret = [16]byte{} },
		"nowhere":     func(v *trust.Invitation) { v.Addresses[0] = netip.Addr{} },
		"unspecified": func(v *trust.Invitation) { v.Addresses[0] = netip.IPv4Unspecified() },
		"multicast":   func(v *trust.Invitation) { v.Addresses[0] = netip.MustParseAddr("224.0.0.251") },
		"zone":        func(v *trust.Invitation) { v.Addresses[0] = netip.MustParseAddr("fe80::1%eth0") },
		"many":        func(v *trust.Invitation) { v.Addresses = make([]netip.Addr, 9) },
		"name":        func(v *trust.Invitation) { v.Name = "a\nb" },
	}
	for name, change := range bad {
		v := invitation(t)
		change(&v)
		if text, err := trust.QRText(v); err == nil {
			t.Errorf("%s: got %q, want an error", name, text)
		}
	}
	if _, err := trust.QRImage(text, 0); err == nil {
		t.Error("modules of no size are drawn")
	}
}

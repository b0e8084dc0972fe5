package kdeconnect

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

const goodID = "0123456789abcdef0123456789abcdef"

func identityLine(body string) string {
	return `{"id":1,"type":"kdeconnect.identity","body":{` + body + `}}`
}

func TestParseIdentity(t *testing.T) {
	base := `"deviceId":"` + goodID + `","deviceName":"P","deviceType":"phone","protocolVersion":8`
	for name, c := range map[string]struct {
		line string
		want string // of the error; "" for none
	}{
		"version 8":            {identityLine(base), ""},
		"numbers as strings":   {identityLine(`"deviceId":"_0123_abc_0123456789-ABCDEFGHIJKLMN_","deviceName":"P","deviceType":"tv","protocolVersion":"7","tcpPort":"1716"`), ""},
		"datagram":             {identityLine(base + `,"tcpPort":1764,"incomingCapabilities":["kdeconnect.ping"],"outgoingCapabilities":[]`), ""},
		"caller":               {identityLine(base + `,"targetDeviceId":"` + goodID + `","targetProtocolVersion":8`), ""},
		"unknown fields":       {identityLine(base + `,"x":{"y":[1]}`), ""},
		"unknown type of body": {identityLine(`"deviceId":"` + goodID + `","deviceName":"P","deviceType":"car","protocolVersion":8`), ""},
		"another packet":       {`{"id":1,"type":"kdeconnect.ping","body":{}}`, "got a kdeconnect.ping"},
		"id of 31":             {identityLine(strings.Replace(base, goodID, goodID[:31], 1)), "deviceId"},
		"id of 39":             {identityLine(strings.Replace(base, goodID, goodID+"0123456", 1)), "deviceId"},
		"id with a slash":      {identityLine(strings.Replace(base, goodID, "../../../../../../../../etc/passw", 1)), "deviceId"},
		"no name":              {identityLine(strings.Replace(base, `"P"`, `"<>()"`, 1)), "deviceName"},
		"port":                 {identityLine(base + `,"tcpPort":65536`), "tcpPort"},
		"negative version":     {identityLine(strings.Replace(base, ":8", ":-8", 1)), "whole number"},
		"version with a point": {identityLine(strings.Replace(base, ":8", ":8.5", 1)), "whole number"},
		"name is a number":     {identityLine(strings.Replace(base, `"P"`, `5`, 1)), "deviceName"},
		"target":               {identityLine(base + `,"targetDeviceId":"x"`), "targetDeviceId"},
		"capability":           {identityLine(base + `,"incomingCapabilities":["ping"]`), "capability"},
		"many capabilities":    {identityLine(base + `,"incomingCapabilities":["kdeconnect.a"` + strings.Repeat(`,"kdeconnect.a"`, 256) + `]`), "capabilities"},
		"id twice":             {identityLine(base + `,"deviceId":"` + strings.Repeat("f", 32) + `"`), "twice"},
		"deep":                 {identityLine(base + `,"x":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000)), "nested deeper"},
		"long":                 {identityLine(base + `,"x":"` + strings.Repeat("y", packet.MaxIdentity) + `"`), "at most 8192"},
		"empty":                {"", ""},
	} {
		got, err := parseIdentity([]byte(c.line))
		switch {
		case name == "empty":
			if err == nil {
				t.Error("empty line: got no error")
			}
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		case err == nil:
			again, err := parseIdentity(got.line())
			if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
				t.Errorf("%s: encoded and parsed again: got %+v, %v; want %+v", name, again, err, got)
			}
		}
	}
}

func TestCleanDeviceName(t *testing.T) {
	for in, want := range map[string]string{
		"Ana's phone":            "Anas phone",
		"  a \t\n b  ":           "a b",
		"<b>x</b>":               "bx/b",
		"\u202egpj.exe":          "gpjexe",
		strings.Repeat("ä", 50):  strings.Repeat("ä", 32),
		"\xff\x00":               "",
		"телефон":                "телефон",
		strings.Repeat("a ", 40): strings.TrimSpace(strings.Repeat("a ", 16)),
	} {
		if got := cleanDeviceName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestVerificationKey(t *testing.T) {
	// By hand: sha256("bb" || "aa") and sha256("bb" || "aa" || "1732300000"),
	// of the bytes 0xbb and 0xaa.
	a, _ := hex.DecodeString("aa")
	b, _ := hex.DecodeString("bb")
	for _, c := range []struct {
		version int
		time    int64
		want    string
	}{
		{7, 1732300000, keyByHand("\xbb\xaa")},
		{8, 1732300000, keyByHand("\xbb\xaa1732300000")},
		{8, 1, keyByHand("\xbb\xaa1")},
	} {
		if got, swapped := verificationKey(a, b, c.version, c.time), verificationKey(b, a, c.version, c.time); got != c.want || swapped != c.want {
			t.Errorf("version %d: got %s and %s, want %s", c.version, got, swapped, c.want)
		}
	}
}

func TestCertificate(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	c, err := newCertificate(newID(), now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	if leaf.Subject.CommonName != c.ID || !validID(c.ID) || leaf.NotAfter.Sub(now) < 3650*24*time.Hour || !leaf.NotBefore.Before(now) || leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) != nil {
		t.Errorf("got %v from %v to %v", leaf.Subject, leaf.NotBefore, leaf.NotAfter)
	}
	data, err := c.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := parseCertificate(data); err != nil || again.ID != c.ID || !bytes.Equal(again.DER, c.DER) || !again.Key.Equal(c.Key) {
		t.Errorf("read again: got %v, %v", again.ID, err)
	}
	other, _ := newCertificate(c.ID, now)
	for n := range data {
		if _, err := parseCertificate(slices.Clip(data[:n])); err == nil {
			t.Errorf("cut at byte %d: got no error", n)
		}
	}
	mixed, _ := certificate{ID: c.ID, DER: c.DER, Key: other.Key}.marshal()
	if _, err := parseCertificate(mixed); err == nil {
		t.Error("another key: got no error")
	}

	for name, d := range map[string]struct {
		id     string
		pinned []byte
		want   error
	}{
		"stranger":     {c.ID, nil, nil},
		"paired":       {c.ID, c.DER, nil},
		"another name": {goodID, nil, errUnexpected},
		"another key":  {c.ID, other.DER, errImpostor},
		"swapped id":   {goodID, c.DER, errUnexpected},
	} {
		if err := checkCertificate(leaf, d.id, d.pinned); !errors.Is(err, d.want) {
			t.Errorf("%s: got %v, want %v", name, err, d.want)
		}
	}
}

func TestLineReader(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	input := "one\n\n" + long + "\ntwo\nrest"
	limit := func() int { return 100_000 }
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(input), "with its end": iotest.DataErrReader(strings.NewReader(input)), "byte by byte": iotest.OneByteReader(strings.NewReader(input)), "halves": iotest.HalfReader(strings.NewReader(input))} {
		l := &lineReader{r: r}
		for _, want := range []string{"one", "", long, "two"} {
			if got, err := l.next(limit); err != nil || string(got) != want {
				t.Fatalf("%s: got %d bytes, %v; want %d", name, len(got), err, len(want))
			}
		}
		if _, err := l.next(limit); err != io.ErrUnexpectedEOF {
			t.Errorf("%s: got %v, want %v", name, err, io.ErrUnexpectedEOF)
		}
	}
	l := &lineReader{r: strings.NewReader(input)}
	short := func() int { return 10 }
	l.next(short)
	l.next(short)
	if _, err := l.next(short); !errors.Is(err, errLine) {
		t.Errorf("long line: got %v, want %v", err, errLine)
	}
	endless := &lineReader{r: endlessReader{}}
	if _, err := endless.next(limit); !errors.Is(err, errLine) || cap(endless.buf) > 4*100_000 {
		t.Errorf("endless line: got %v and %d bytes held", err, cap(endless.buf))
	}
	if _, err := readPlainLine(endlessReader{}, 8192); !errors.Is(err, errLine) {
		t.Errorf("endless plain line: got %v, want %v", err, errLine)
	}
}

// endlessReader never ends a line.
type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func FuzzIdentity(f *testing.F) {
	f.Add([]byte(identityLine(`"deviceId":"` + goodID + `","deviceName":"P","deviceType":"phone","protocolVersion":8,"tcpPort":"1716"`)))
	f.Add([]byte(identityLine(`"deviceId":null`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseIdentity(data)
		if err != nil {
			return
		}
		if !validID(got.ID) || got.Name == "" || cleanDeviceName(got.Name) != got.Name {
			t.Errorf("got %+v", got)
		}
		again, err := parseIdentity(got.line())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("encoded and parsed again: got %+v, %v; want %+v", again, err, got)
		}
	})
}

func FuzzPair(f *testing.F) {
	f.Add([]byte(`{"id":1,"type":"kdeconnect.pair","body":{"pair":true,"timestamp":1732300000}}`))
	f.Add([]byte(`{"id":1,"type":"kdeconnect.mpris","body":{"x":"\"kdeconnect.pair\""}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parsePair(data)
		if err != nil {
			return
		}
		if again, err := parsePair(got.line()); err != nil || again != got {
			t.Errorf("got %+v, %v; want %+v", again, err, got)
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, limit uint8) {
		l := &lineReader{r: iotest.HalfReader(bytes.NewReader(data))}
		rest := data
		for {
			got, err := l.next(func() int { return int(limit) })
			want, after, found := bytes.Cut(rest, []byte{'\n'})
			if err != nil {
				if found && len(want) <= int(limit) {
					t.Errorf("got %v, want %q", err, want)
				}
				return
			}
			if !found || !bytes.Equal(got, want) || len(got) > int(limit) {
				t.Errorf("got %q, want %q of at most %d", got, want, limit)
			}
			rest = after
		}
	})
}

func FuzzCertificate(f *testing.F) {
	c, err := newCertificate(goodID, time.Unix(1_800_000_000, 0))
	if err != nil {
		f.Fatal(err)
	}
	data, _ := c.marshal()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseCertificate(data); err == nil && !validID(c.ID) {
			t.Errorf("got id %q", c.ID)
		}
	})
}

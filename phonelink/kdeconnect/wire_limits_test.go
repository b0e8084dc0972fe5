package kdeconnect

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

func TestValidID(t *testing.T) {
	for _, c := range []string{"0", "9", "a", "z", "A", "Z", "_", "-"} {
		if id := strings.Repeat(c, 32); !validID(id) {
			t.Errorf("%s: is none", id)
		}
	}
	for _, c := range []string{"/", ":", "@", "[", "`", "{", ".", "\x00", "é"} {
		if id := goodID[:30] + c + "xxx"; validID(id) {
			t.Errorf("%q: is one", id)
		}
	}
	for n, want := range map[int]bool{0: false, 31: false, 32: true, 38: true, 39: false} {
		if got := validID(strings.Repeat("x", n)); got != want {
			t.Errorf("%d characters: got %v, want %v", n, got, want)
		}
	}
}

func TestFlexible(t *testing.T) {
	for text, want := range map[string]int64{`0`: 0, `"0"`: 0, `4294967295`: 1<<32 - 1, `4294967296`: -1, `-1`: -1, `1e3`: -1, `""`: -1, `null`: -1, `"x"`: -1} {
		var f flexible
		err := f.UnmarshalJSON([]byte(text))
		if want < 0 && err == nil || want >= 0 && (err != nil || int64(f) != want) {
			t.Errorf("%s: got %d, %v; want %d", text, f, err, want)
		}
	}
}

// TestIdentityAtItsLimits: the longest that is taken, and the shortest that is
// not.
func TestIdentityAtItsLimits(t *testing.T) {
	base := `"deviceId":"` + goodID + `","deviceName":"P","deviceType":"phone","protocolVersion":8`
	long := func(n int) string {
		empty := identityLine(base + `,"x":""`)
		return identityLine(base + `,"x":"` + strings.Repeat("y", n-len(empty)) + `"`)
	}
	capabilities := func(n int) string {
		return identityLine(base + `,"incomingCapabilities":["kdeconnect.a"` + strings.Repeat(`,"kdeconnect.a"`, n-1) + `]`)
	}
	for name, c := range map[string]struct {
		line string
		ok   bool
	}{
		"8192 bytes":        {long(packet.MaxIdentity), true},
		"8193 bytes":        {long(packet.MaxIdentity + 1), false},
		"256 capabilities":  {capabilities(maxCapabilities), true},
		"257 capabilities":  {capabilities(maxCapabilities + 1), false},
		"port 65535":        {identityLine(base + `,"tcpPort":65535`), true},
		"port 65536":        {identityLine(base + `,"tcpPort":65536`), false},
		"another's outlook": {identityLine(base + `,"outgoingCapabilities":["x"]`), false},
	} {
		if _, err := parseIdentity([]byte(c.line)); (err == nil) != c.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestParsePair(t *testing.T) {
	pad := func(n int) string {
		const empty = `{"type":"kdeconnect.pair","body":{"pair":true,"x":""}}`
		return strings.Replace(empty, `""`, `"`+strings.Repeat("y", n-len(empty))+`"`, 1)
	}
	for name, c := range map[string]struct {
		line string
		want error // errNotPair, errLine; io.EOF: any; nil: none
	}{
		"yes":                  {`{"id":1,"type":"kdeconnect.pair","body":{"pair":true}}`, nil},
		"1024 bytes":           {pad(maxStrangerLine), nil},
		"1025 bytes":           {pad(maxStrangerLine + 1), errLine},
		"another type":         {`{"type":"kdeconnect.ping","body":{"pair":true,"x":"kdeconnect.pair"}}`, errNotPair},
		"another name":         {`{"type":"kdeconnect.pairs","body":{"pair":true}}`, errNotPair},
		"type in other letter": {`{"type":"\u006bdeconnect.pair","body":{"pair":true}}`, errNotPair},
		"neither":              {`{"type":"kdeconnect.pair","body":{}}`, io.EOF},
		"null":                 {`{"type":"kdeconnect.pair","body":{"pair":null}}`, io.EOF},
		"a number":             {`{"type":"kdeconnect.pair","body":{"pair":1}}`, io.EOF},
		"time before 1970":     {`{"type":"kdeconnect.pair","body":{"pair":true,"timestamp":-1}}`, io.EOF},
	} {
		_, err := parsePair([]byte(c.line))
		if c.want == nil && err != nil || c.want == io.EOF && err == nil || c.want != nil && c.want != io.EOF && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestLinesWithinOneRead: a line that is whole in the buffer is measured, too.
func TestLinesWithinOneRead(t *testing.T) {
	l := &lineReader{r: strings.NewReader("12345678901\n")}
	if got, err := l.next(func() int { return 10 }); !errors.Is(err, errLine) {
		t.Errorf("11 bytes, at most 10: got %q, %v", got, err)
	}
	l = &lineReader{r: strings.NewReader("1234567890\n")}
	if got, err := l.next(func() int { return 10 }); err != nil || len(got) != 10 {
		t.Errorf("10 bytes, at most 10: got %q, %v", got, err)
	}
	if _, err := l.next(func() int { return 10 }); err != io.EOF {
		t.Errorf("between two lines: got %v, want %v", err, io.EOF)
	}
}

// TestLineReaderMoves has lines that do not fit what is left of the buffer, and
// a long one in between.
func TestLineReaderMoves(t *testing.T) {
	var all strings.Builder
	line := func(n int) string { return fmt.Sprintf("%d %s", n, strings.Repeat("x", 1000+n*37%3000)) }
	for n := range 300 {
		if n == 150 {
			fmt.Fprintln(&all, strings.Repeat("y", 40*lineChunk))
		}
		fmt.Fprintln(&all, line(n))
	}
	l := &lineReader{r: strings.NewReader(all.String())}
	limit := func() int { return 1 << 20 }
	for n := range 300 {
		if n == 150 {
			if got, err := l.next(limit); err != nil || len(got) != 40*lineChunk {
				t.Fatalf("the long line: got %d bytes, %v", len(got), err)
			}
		}
		if got, err := l.next(limit); err != nil || string(got) != line(n) {
			t.Fatalf("line %d: got %.20q with %d bytes, %v", n, got, len(got), err)
		}
	}
	r := &lineReader{r: io.MultiReader(strings.NewReader(strings.Repeat("y", 40*lineChunk)+"\n"), strings.NewReader("short\n"))}
	r.next(limit)
	if got, err := r.next(limit); err != nil || string(got) != "short" || cap(r.buf) > 16*lineChunk {
		t.Errorf("after a long line: got %q, %v and %d bytes held, want them given back", got, err, cap(r.buf))
	}
}

// keyed is a certificate of goodID with this key, as after parsing.
func keyed(key any) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: goodID}, PublicKey: key}
}

func TestKeysOfStrangers(t *testing.T) {
	bits := func(n int) *rsa.PublicKey {
		return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), uint(n-1)), E: 65537}
	}
	for name, c := range map[string]struct {
		key any
		ok  bool
	}{
		"RSA 1024": {bits(1024), false}, "RSA 2047": {bits(2047), false}, "RSA 2048": {bits(2048), true},
		"RSA 8192": {bits(8192), true}, "RSA 8193": {bits(8193), false},
		"EC": {&newMemoryKeeper(t).self.Key.PublicKey, true}, "another": {"key", false}, "none": {nil, false},
	} {
		if err := checkCertificate(keyed(c.key), goodID, nil); (err == nil) != c.ok || err != nil && !errors.Is(err, errUnexpected) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestOneCertificate: a peer is its own certificate, and nothing behind it.
func TestOneCertificate(t *testing.T) {
	asked := 0
	c := newMemoryKeeper(t).self.tlsConfig(func(*x509.Certificate) error { asked++; return nil })
	for n := range 3 {
		s := tls.ConnectionState{PeerCertificates: make([]*x509.Certificate, n)}
		if err := c.VerifyConnection(s); (err == nil) != (n == 1) {
			t.Errorf("%d certificates: got %v", n, err)
		}
	}
	if asked != 1 || c.MinVersion != tls.VersionTLS12 || c.ClientAuth != tls.RequireAnyClientCert || !c.SessionTicketsDisabled {
		t.Errorf("asked %d times; got %+v", asked, c)
	}
	bad, err := newCertificate("../../etc", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	data, err := bad.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseCertificate(bytes.Clone(data)); err == nil {
		t.Error("a certificate whose name is no id was read")
	}
}

package kdeconnect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

// TestPayloadGates goes through what is asked before anything is fetched.
func TestPayloadGates(t *testing.T) {
	h, err := newHub(hubConfig{Keeper: newMemoryKeeper(t)})
	if err != nil {
		t.Fatal(err)
	}
	l := &link{h: h, peer: identity{ID: goodID}, leaf: &x509.Certificate{Raw: []byte("key")}}
	h.pinned[goodID] = pin{ID: goodID, Certificate: []byte("key")}
	for name, c := range map[string]struct {
		size, limit int64
		port        uint16
		want        error
	}{
		"nothing":         {0, 10, firstPayload, nil},
		"at the limit":    {10, 10, lastPayload, nil},
		"above the limit": {11, 10, firstPayload, errPayload},
		"size not known":  {-1, 10, firstPayload, errPayload},
		"port below":      {1, 10, firstPayload - 1, errPayload},
		"port above":      {1, 10, lastPayload + 1, errPayload},
		"no port":         {1, 10, 0, errPayload},
	} {
		if err := (&payloadReader{l, c.size, c.port}).check(c.limit); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	fetched := 0
	for range 2 * fetchBurst {
		if (&payloadReader{l, 1, firstPayload}).check(10) == nil {
			fetched++
		}
	}
	if fetched > fetchBurst {
		t.Errorf("%d were fetched in a row, want at most %d", fetched, fetchBurst)
	}
	h.pinned[goodID] = pin{ID: goodID, Certificate: []byte("another")}
	if err := (&payloadReader{l, 1, firstPayload}).check(10); !errors.Is(err, errUnpaired) {
		t.Errorf("another key: got %v, want %v", err, errUnpaired)
	}
	delete(h.pinned, goodID)
	if err := (&payloadReader{l, 1, firstPayload}).check(10); !errors.Is(err, errUnpaired) {
		t.Errorf("not paired: got %v, want %v", err, errUnpaired)
	}
	if _, err := (&payloadReader{l, 1, firstPayload}).save(t.Context(), "x", nil); !errors.Is(err, errPayload) {
		t.Errorf("no folder: got %v, want %v", err, errPayload)
	}
	if err := h.offerPayload(t.Context(), device(goodID), packet.Packet{}, strings.NewReader("x"), 1); !errors.Is(err, errAbsent) {
		t.Errorf("offer to nobody: got %v, want %v", err, errAbsent)
	}
	if newPayload(l, packet.Packet{}) != nil {
		t.Error("a packet without a payload has one")
	}
}

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		free, size int64
		want       bool
	}{
		{keepFree, 0, true}, {keepFree, 1, false}, {keepFree + 10, 10, true}, {keepFree + 10, 11, false}, {keepFree - 1, 0, false}, {0, maxPayload, false},
	} {
		if got := room(c.free, c.size); got != c.want {
			t.Errorf("%d bytes where %d are free: got %v, want %v", c.size, c.free, got, c.want)
		}
	}
}

// dropAfter does something when a part of what it reads has been read.
type dropAfter struct {
	r    io.Reader
	left int
	do   func()
}

// Read is part of io.Reader.
func (d *dropAfter) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if d.left -= n; d.left < 0 && d.do != nil {
		d.do()
		d.do = nil
	}
	return n, err
}

// TestUnpairEndsTransfers takes the trust away in the middle of a payload, at
// either end.
func TestUnpairEndsTransfers(t *testing.T) {
	const size = 4 << 20
	for _, bySender := range []bool{true, false} {
		car, phone := pairOfEnds(t, nil)
		pairEnds(t, car, phone)
		from, sent := phone.mark(), make(chan error, 1)
		r := &dropAfter{r: rand.NewChaCha8([32]byte{}), left: size / 4}
		if bySender {
			r.do = func() { car.drop(phone.self.ID) }
		}
		go func() { sent <- car.offerPayload(t.Context(), device(phone.self.ID), ping(""), r, size) }()
		v := await[packetEvent](phone, from, "packet", nil)
		_, err := v.Payload.save(t.Context(), "x", func(n int64) {
			if !bySender && n > size/4 {
				phone.drop(car.self.ID)
			}
		})
		if bySender {
			if err == nil {
				t.Error("all was received")
			}
			err = <-sent
		} else {
			<-sent
		}
		if !errors.Is(err, errUnpaired) {
			t.Errorf("unpaired by the sender %v: got %v, want %v", bySender, err, errUnpaired)
		}
		car.stop()
		phone.stop()
	}
}

// TestPayloadOnlyToTheAddress: the right key from another address is not let in.
func TestPayloadOnlyToTheAddress(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from, sent := phone.mark(), make(chan error, 1)
	go func() {
		sent <- car.offerPayload(t.Context(), device(phone.self.ID), ping(""), strings.NewReader("secret"), 6)
	}()
	v := await[packetEvent](phone, from, "packet", nil)
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(nextLoopback(), 0))}
	c, err := d.DialContext(t.Context(), "tcp", netip.AddrPortFrom(car.c.Bind, v.Payload.port).String())
	if err == nil { // else it was reset before it could say anything
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if got, _ := io.ReadAll(tls.Client(c, phone.self.tlsConfig(func(*x509.Certificate) error { return nil }))); len(got) > 0 {
			t.Errorf("got %q", got)
		}
	}
	if got, err := v.Payload.read(t.Context(), 100); err != nil || string(got) != "secret" {
		t.Errorf("the phone: got %q, %v", got, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestReserved(t *testing.T) {
	for _, name := range []string{"CON", "con.txt", "Aux", "NUL .x", "CONIN$", "COM0", "com9.a", "LPT1", "LPT9", "COM¹", "LPT²", "COM³.txt"} {
		if !reserved(name) || fileName(name)[0] != '_' {
			t.Errorf("%s: is a device elsewhere; got %s", name, fileName(name))
		}
	}
	for _, name := range []string{"CONS", "COM", "COM10", "COMA", "COM:", "COM/", "LPTx", "LPT¹²", "XCOM1", "AUX1", "COM⁴"} {
		if reserved(name) {
			t.Errorf("%s: is no device", name)
		}
	}
}

func TestClipName(t *testing.T) {
	ext := "." + strings.Repeat("e", 15) // 16 bytes, the longest that is kept
	for _, c := range []struct {
		name string
		n    int
		want string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abcdef"}, {"abcd.ef", 6, "abc.ef"}, {"ab .def", 6, "ab.def"},
		{"aé" + strings.Repeat("x", 9), 2, "a"},
		{strings.Repeat("a", 30) + ext, 20, "aaaa" + ext},
		{strings.Repeat("a", 30) + ext + "e", 20, strings.Repeat("a", 20)},
	} {
		if got := clipName(c.name, c.n); got != c.want {
			t.Errorf("%s in %d: got %s, want %s", c.name, c.n, got, c.want)
		}
	}
	for name, want := range map[string]string{"a.txt": "a (2).txt", "a": "a (2)", ".txt": ".txt (2)", "a" + ext: "a (2)" + ext, "a" + ext + "e": "a" + ext + "e (2)"} {
		if got := numbered(name, 2); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for said, want := range map[string]string{"/": "file", "a/": "file", "/a": "a", `\a`: "a", "a\tb": "ab", "a\u00a0b": "a b", "a\ue000b": "a_b", "a\u202eb": "ab"} {
		if got := fileName(said); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}

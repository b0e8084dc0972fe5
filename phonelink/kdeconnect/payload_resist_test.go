package kdeconnect

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

// TestLyingPayloads has a trusted phone announce what it does not send.
func TestLyingPayloads(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	l := car.linkOf(device(phone.self.ID))
	serve := func(data []byte) uint16 {
		t.Helper()
		listener, err := phone.listenPayload()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				s := tls.Server(c, phone.self.tlsConfig(func(*x509.Certificate) error { return nil }))
				s.Write(data)
				closeWrite(s)
				c.Close()
			}
		}()
		return listener.Addr().(*net.TCPAddr).AddrPort().Port()
	}
	port := serve(make([]byte, 1000))
	for name, c := range map[string]struct {
		size int64
		port uint16
		want error
	}{
		"as announced":       {1000, port, nil},
		"one less":           {999, port, errPayload},
		"one more":           {1001, port, errPayload},
		"a gigabyte":         {1 << 30, port, errPayload},
		"more than allowed":  {maxPayload + 1, port, errPayload},
		"no size":            {-1, port, errPayload},
		"more than there is": {1 << 62, port, errPayload},
		"port of SSH":        {1000, 22, errPayload},
		"port of the link":   {1000, firstPort, errPayload},
	} {
		path, err := (&payloadReader{l, c.size, c.port}).save(t.Context(), name, nil)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if (path == "") != (c.want != nil) {
			t.Errorf("%s: got path %q", name, path)
		}
	}
	entries, err := os.ReadDir(car.c.Dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "as announced" {
		t.Errorf("left in the folder: %v, %v; want only the true one", entries, err)
	}

	// A device that is paired no longer.
	if err := car.drop(phone.self.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := (&payloadReader{l, 1000, port}).read(t.Context(), 1<<20); !errors.Is(err, errUnpaired) {
		t.Errorf("unpaired: got %v, want %v", err, errUnpaired)
	}
	car.keep(pin{ID: phone.self.ID, Certificate: phone.self.DER, Version: ownVersion})

	// Somebody else at the port: another key.
	a := newAttacker(t, car)
	phone.self = a.self
	if _, err := (&payloadReader{l, 1000, serve(make([]byte, 1000))}).read(t.Context(), 1<<20); !errors.Is(err, errImpostor) {
		t.Errorf("another key at the port: got %v, want %v", err, errImpostor)
	}
}

// TestOfferedPayloadIsForOne lets others knock first.
func TestOfferedPayloadIsForOne(t *testing.T) {
	car, phone := pairOfEnds(t, nil)
	pairEnds(t, car, phone)
	from := phone.mark()
	sent := make(chan error, 1)
	go func() {
		p := packet.Packet{Type: "kdeconnect.share.request", Body: json.RawMessage(`{"filename":"x"}`)}
		sent <- car.offerPayload(t.Context(), device(phone.self.ID), p, strings.NewReader("secret"), 6)
	}()
	v := await[packetEvent](phone, from, "packet", nil)
	at := net.TCPAddrFromAddrPort(netip.AddrPortFrom(car.c.Bind, v.Payload.port))
	for name, source := range map[string]netip.Addr{"another address": nextLoopback(), "the phone's address": phone.c.Bind} {
		c, err := net.DialTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0)), at)
		if err != nil {
			continue // reset before it could say anything
		}
		s := tls.Client(c, newMemoryKeeper(t).self.tlsConfig(func(*x509.Certificate) error { return nil }))
		s.SetDeadline(time.Now().Add(10 * time.Second))
		if got, _ := io.ReadAll(s); len(got) > 0 {
			t.Errorf("%s: got %q", name, got)
		}
		c.Close()
	}
	if got, err := v.Payload.read(t.Context(), 100); err != nil || string(got) != "secret" {
		t.Errorf("the phone: got %q, %v", got, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

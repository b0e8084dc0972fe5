package trust_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink/trust"
)

// TestOneCodeManyPhones: of many who have read the same code at the same time
// exactly one becomes a peer.
func TestOneCodeManyPhones(t *testing.T) {
	var g trust.Gate
	w := g.Open()
	const phones = 8
	var wg sync.WaitGroup
	var mu sync.Mutex
	paired, used := 0, 0
	for range phones {
		phone, car := strangers(t, nil)
		pc, cc := phone.config(trust.RolePhone), car.config(trust.RoleCar)
		pc.Secret, cc.Secret = w.Secret[:], w.Secret[:]
		cc.Admit = func(trust.Mode) error { return g.Claim(w.Secret) }
		wg.Go(func() { trust.Pair(context.Background(), pc) })
		wg.Go(func() {
			_, err := trust.Pair(context.Background(), cc)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				paired++
			case errors.Is(err, trust.ErrUsed):
				used++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if paired != 1 || used != phones-1 {
		t.Errorf("got %d paired and %d refused, want 1 and %d", paired, used, phones-1)
	}
}

// TestManInTheMiddleOfDigits ends TLS twice. Both people see codes, and they
// differ.
func TestManInTheMiddleOfDigits(t *testing.T) {
	phone, toPhone := strangers(t, nil)
	toCar, car := strangers(t, nil)
	pc, cc := phone.config(trust.RolePhone), car.config(trust.RoleCar)
	shown := make(chan string, 2)
	compare := func(ctx context.Context, code string) bool { shown <- code; <-ctx.Done(); return false }
	pc.Compare, cc.Compare = compare, compare
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, f := range []func(){
		func() { trust.Pair(ctx, pc) },
		func() { trust.Pair(ctx, cc) },
		func() { io.Copy(toCar.conn, toPhone.conn); toCar.conn.Close() },
		func() { io.Copy(toPhone.conn, toCar.conn); toPhone.conn.Close() },
	} {
		wg.Go(f)
	}
	// Passing everything on, its commitment does not fit the other exporter:
	// the phone notices before it shows anything.
	first := <-shown
	cancel()
	wg.Wait()
	select {
	case second := <-shown:
		t.Errorf("both sides showed a code (%s, %s) to a relay that cannot commit", first, second)
	default:
	}
}

// TestDigitsAgainstTheBestAttack plays the attack that gets furthest a million
// times: a man in the middle who commits towards the phone and answers the car
// as well as he can. He wins one in a million, since each of his own numbers
// is fixed before he knows the one that it is mixed with.
func TestDigitsAgainstTheBestAttack(t *testing.T) {
	attempts := 1_000_000
	if testing.Short() || raced {
		attempts = 100_000
	}
	r := rand.NewChaCha8([32]byte{7})
	random := func() []byte { b := make([]byte, 32); r.Read(b); return b }
	car, phone, mitm := random(), random(), random()
	var buckets [1000]int
	won := 0
	for range attempts {
		left := trust.NewBinding(random(), mitm, phone) // he is the car to the phone
		right := trust.NewBinding(random(), car, mitm)  // and the phone to the car
		carNonce, phoneNonce := random(), random()
		// He may finish the side of the car first and know its code, then
		// commit towards the phone. The phone's nonce comes after that.
		mine := random()
		theirs := right.Code(carNonce, random())
		_ = left.Commitment(mine)
		code := left.Code(mine, phoneNonce)
		if code == theirs {
			won++
		}
		var n int
		fmt.Sscanf(code, "%d", &n)
		buckets[n/1000]++
	}
	if won > 6 { // expected 1; more than 6 has a chance of 10^-4, and the seed is fixed
		t.Errorf("got %d of %d attempts won, want about one in a million", won, attempts)
	}
	want, chi := float64(attempts)/1000, 0.0
	for _, n := range buckets {
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	if chi > 1200 { // 999 degrees of freedom: mean 999, deviation 45
		t.Errorf("got chi square %.0f over 1000 buckets, want about 999: the digits are not evenly spread", chi)
	}
	t.Logf("%d of %d won, chi square %.0f", won, attempts, chi)
}

// rogue speaks pairing messages by hand on one end.
type rogue struct {
	t    *testing.T
	conn io.ReadWriteCloser
}

func (r rogue) send(m trust.Message) {
	b, err := trust.EncodeMessage(m)
	must(r.t, err)
	r.conn.Write(b) // the other side may have gone
}

func (r rogue) read() trust.Message {
	m, _ := trust.ReadMessage(r.conn)
	return m
}

// TestRogues: each of these is a peer that wants more than it is due.
func TestRogues(t *testing.T) {
	secret := []byte("sixteen bytes !!")
	value := bytes.Repeat([]byte{7}, 32)
	hello := trust.Message{Kind: trust.KindHello, Version: 1, Role: trust.RoleCar, Mode: trust.ModeQR, Value: value}
	digits := hello
	digits.Mode = trust.ModeDigits
	asPhone := digits
	asPhone.Role, asPhone.Value = trust.RolePhone, nil
	cases := []struct {
		name   string
		role   trust.Role // of the honest side
		secret []byte
		play   func(r rogue, own trust.Binding)
		want   error // nil: any error
	}{
		{"sends the phone's own messages back", trust.RolePhone, secret, func(r rogue, _ trust.Binding) { r.send(r.read()) }, trust.ErrReflected},
		{"uses the phone's proof as the car's", trust.RolePhone, secret, func(r rogue, _ trust.Binding) {
			m := r.read()
			m.Role = trust.RoleCar
			r.send(m)
		}, trust.ErrProof},
		{"is a car without the secret", trust.RolePhone, secret, func(r rogue, _ trust.Binding) { r.read(); r.send(hello) }, trust.ErrProof},
		{"turns the code into digits", trust.RolePhone, secret, func(r rogue, own trust.Binding) {
			r.read()
			m := digits
			m.Value = own.Commitment(value)
			r.send(m)
			nonce := r.read().Value
			r.send(trust.Message{Kind: trust.KindNonce, Value: value})
			r.send(trust.Message{Kind: trust.KindConfirm, Value: own.Confirm(trust.RoleCar, value, nonce)})
			r.read()
			r.read()
			r.send(trust.Message{Kind: trust.KindDone})
		}, nil},
		{"says done at once", trust.RolePhone, secret, func(r rogue, _ trust.Binding) { r.read(); r.send(trust.Message{Kind: trust.KindDone}) }, nil},
		{"changes its number after it knows the phone's", trust.RolePhone, nil, func(r rogue, own trust.Binding) {
			r.read()
			m := digits
			m.Value = own.Commitment(value)
			r.send(m)
			r.read()
			r.send(trust.Message{Kind: trust.KindNonce, Value: bytes.Repeat([]byte{8}, 32)})
		}, trust.ErrCommitment},
		{"is a phone that has not read the code", trust.RoleCar, secret, func(r rogue, _ trust.Binding) {
			m := asPhone
			m.Mode, m.Value = trust.ModeQR, value
			r.send(m)
			r.read()
			r.send(trust.Message{Kind: trust.KindSecret, Value: value})
			r.send(trust.Message{Kind: trust.KindDone})
		}, trust.ErrProof},
		{"has read a code while none is shown", trust.RoleCar, nil, func(r rogue, own trust.Binding) {
			m := asPhone
			m.Mode, m.Value = trust.ModeQR, own.Proof(nil, trust.RolePhone)
			r.send(m)
			r.read()
			r.send(trust.Message{Kind: trust.KindSecret, Value: value})
		}, trust.ErrClosed},
		{"speaks version 0", trust.RoleCar, nil, func(r rogue, _ trust.Binding) {
			b, _ := trust.EncodeMessage(asPhone)
			b[4] = 0 // version
			r.conn.Write(b)
		}, nil},
		{"confirms before it is asked", trust.RoleCar, nil, func(r rogue, _ trust.Binding) {
			r.send(trust.Message{Kind: trust.KindConfirm, Value: value})
		}, nil},
		{"sends a secret first", trust.RoleCar, secret, func(r rogue, _ trust.Binding) {
			r.send(trust.Message{Kind: trust.KindSecret, Value: value})
		}, nil},
		{"confirms with the car's own confirmation", trust.RoleCar, nil, func(r rogue, _ trust.Binding) {
			r.send(asPhone)
			r.read()
			r.send(trust.Message{Kind: trust.KindNonce, Value: value})
			r.read()
			r.send(r.read())
		}, trust.ErrProof},
		{"confirms with anything", trust.RoleCar, nil, func(r rogue, _ trust.Binding) {
			r.send(asPhone)
			r.read()
			r.send(trust.Message{Kind: trust.KindNonce, Value: value})
			r.send(trust.Message{Kind: trust.KindConfirm, Value: value})
		}, trust.ErrProof},
		{"greets twice", trust.RoleCar, nil, func(r rogue, _ trust.Binding) { r.send(asPhone); r.read(); r.send(asPhone) }, nil},
		{"is another car", trust.RoleCar, nil, func(r rogue, _ trust.Binding) { r.send(digits) }, trust.ErrReflected},
		{"claims a long message", trust.RoleCar, nil, func(r rogue, _ trust.Binding) { r.conn.Write([]byte{0xff, 0xff}) }, nil},
		{"hangs up", trust.RoleCar, nil, func(r rogue, _ trust.Binding) { r.conn.Close() }, nil},
		{"hangs up within a message", trust.RoleCar, nil, func(r rogue, _ trust.Binding) { r.conn.Write([]byte{0, 9, 1}); r.conn.Close() }, nil},
		{"sends text", trust.RoleCar, nil, func(r rogue, _ trust.Binding) { io.WriteString(r.conn, "\x00\x10GET / HTTP/1.1\r\n\r\n") }, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, b := wire(t)
			self, peer := identity(t), identity(t)
			exporter := bytes.Repeat([]byte{5}, 32)
			cfg := end{conn: a, exporter: exporter, self: self, peer: peer.SPKI}.config(c.role)
			cfg.Secret, cfg.Compare = c.secret, yes
			cfg.Save = func(trust.PairResult) error { t.Error("was kept"); return nil }
			own := trust.NewBinding(exporter, self.SPKI, peer.SPKI)
			if c.role == trust.RolePhone {
				own = trust.NewBinding(exporter, peer.SPKI, self.SPKI)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				c.play(rogue{t, b}, own)
				io.Copy(io.Discard, b)
				b.Close()
			})
			_, err := trust.Pair(context.Background(), cfg)
			wg.Wait()
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestSilentPeer: a stranger who says nothing, or every byte as late as he
// can, is gone after ten seconds, and one who never compares after the
// screen's time.
func TestSilentPeer(t *testing.T) {
	cases := []struct {
		name string
		play func(r rogue)
		want time.Duration
	}{
		{"silent", func(r rogue) {}, 10 * time.Second},
		{"slow", func(r rogue) {
			for {
				if _, err := r.conn.Write([]byte{1}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, 10 * time.Second},
		{"compares for ever", func(r rogue) {
			r.send(trust.Message{Kind: trust.KindHello, Version: 1, Role: trust.RolePhone, Mode: trust.ModeDigits})
			r.read()
			r.send(trust.Message{Kind: trust.KindNonce, Value: make([]byte, 32)})
		}, trust.WindowOpen},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				cfg := end{conn: a, exporter: make([]byte, 32), self: identity(t), peer: identity(t).SPKI}.config(trust.RoleCar)
				cfg.Compare = func(ctx context.Context, _ string) bool { <-ctx.Done(); return false }
				var wg sync.WaitGroup
				wg.Go(func() {
					c.play(rogue{t, b})
					io.Copy(io.Discard, b)
					b.Close()
				})
				start := time.Now()
				_, err := trust.Pair(context.Background(), cfg)
				took := time.Since(start)
				if err == nil || took < c.want || took > c.want+2*time.Second { // two more for the last word
					t.Errorf("got %v after %s, want an error after %s", err, took, c.want)
				}
				wg.Wait()
			})
		})
	}
}

// TestTLSPins: neither side talks to a key that is not the pinned one, to an
// older TLS, or to somebody without a certificate.
func TestTLSPins(t *testing.T) {
	self, peer, other := identity(t), identity(t), identity(t)
	is := func(want trust.Identity) func([]byte) error {
		return func(spki []byte) error {
			if !bytes.Equal(spki, want.SPKI) {
				return errors.New("not pinned")
			}
			return nil
		}
	}
	good := trust.TLSConfig(peer, is(self))
	older := good.Clone()
	older.MinVersion, older.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	bare := good.Clone()
	bare.Certificates = nil
	two := good.Clone()
	two.Certificates = []tls.Certificate{{
		Certificate: [][]byte{peer.Certificate.Certificate[0], other.Certificate.Certificate[0]},
		PrivateKey:  peer.Certificate.PrivateKey,
	}}
	cases := []struct {
		name   string
		server *tls.Config
		client *tls.Config
		ok     bool
	}{
		{"pinned", trust.TLSConfig(self, is(peer)), good, true},
		{"impostor", trust.TLSConfig(self, is(other)), good, false},
		{"client pins another", trust.TLSConfig(self, is(peer)), trust.TLSConfig(peer, is(other)), false},
		{"TLS 1.2", trust.TLSConfig(self, is(peer)), older, false},
		{"no certificate", trust.TLSConfig(self, is(peer)), bare, false},
		{"two certificates", trust.TLSConfig(self, is(peer)), two, false},
		{"nobody to ask", trust.TLSConfig(self, nil), good, false},
	}
	for _, c := range cases {
		a, b := wire(t)
		var serr error
		var wg sync.WaitGroup
		wg.Go(func() {
			s := tls.Server(a, c.server)
			if serr = s.Handshake(); serr == nil {
				_, serr = s.Write([]byte{1})
			}
			a.Close()
		})
		client := tls.Client(b, c.client)
		_, cerr := client.Read(make([]byte, 1))
		b.Close()
		wg.Wait()
		if ok := serr == nil && cerr == nil; ok != c.ok {
			t.Errorf("%s: got %v and %v, want success %v", c.name, serr, cerr, c.ok)
		}
	}
}

func TestPairConfigRefuses(t *testing.T) {
	cases := map[string]func(*trust.PairConfig){
		"reflected key":  func(c *trust.PairConfig) { c.Peer = c.Self },
		"no exporter":    func(c *trust.PairConfig) { c.Exporter = nil },
		"no screen":      func(c *trust.PairConfig) { c.Admit = nil },
		"no role":        func(c *trust.PairConfig) { c.Role = 0 },
		"short secret":   func(c *trust.PairConfig) { c.Secret = []byte{1} },
		"name too long":  func(c *trust.PairConfig) { c.Name = strings.Repeat("x", 65) },
		"no key of peer": func(c *trust.PairConfig) { c.Peer = nil },
	}
	for name, change := range cases {
		a, b := wire(t)
		c := end{conn: a, exporter: make([]byte, 32), self: identity(t), peer: identity(t).SPKI}.config(trust.RoleCar)
		change(&c)
		if _, err := trust.Pair(context.Background(), c); err == nil {
			t.Errorf("%s: was taken", name)
		}
		if _, err := b.Read([]byte{1}); err == nil {
			t.Errorf("%s: the connection is still open", name)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, m := range []trust.Message{
		{Kind: trust.KindHello, Version: 1, Role: trust.RolePhone, Mode: trust.ModeQR, Name: "Anna's", Model: "phone", Value: make([]byte, 32)},
		{Kind: trust.KindNonce, Value: make([]byte, 32)}, {Kind: trust.KindDone}, {Kind: trust.KindRefuse, Reason: 3},
	} {
		b, err := trust.EncodeMessage(m)
		must(f, err)
		f.Add(b)
	}
	f.Add([]byte{0xff, 0xff, 0xa1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := trust.ReadMessage(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := trust.EncodeMessage(m)
		must(t, err)
		back, err := trust.DecodeMessage(again[2:])
		must(t, err)
		if fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", m) {
			t.Errorf("got %+v, want %+v", back, m)
		}
		if n := int(binary.BigEndian.Uint16(b)); n > 1024 {
			t.Errorf("took a message of %d bytes", n)
		}
	})
}

func FuzzQR(f *testing.F) {
	text, err := trust.QRText(invitation(f))
	must(f, err)
	f.Add(text)
	f.Add("tandem://pair/")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := trust.ParseQR(text)
		if err != nil {
			return
		}
		again, err := trust.QRText(v)
		must(t, err)
		back, err := trust.ParseQR(again)
		must(t, err)
		if fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", v) {
			t.Errorf("got %+v, want %+v", back, v)
		}
	})
}

func FuzzFile(f *testing.F) {
	r, _ := pixel(f, "one")
	peers, err := trust.EncodePeers([]trust.Peer{r.Peer})
	must(f, err)
	f.Add(peers)
	sealed, err := trust.Seal([]byte("key"), "place", peers)
	must(f, err)
	f.Add(sealed)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := trust.Unseal([]byte("key"), "another place", b); err == nil {
			t.Error("opens in another place")
		}
		trust.DecodeSlot(b)
		peers, err := trust.DecodePeers(b)
		if err != nil {
			return
		}
		again, err := trust.EncodePeers(peers)
		must(t, err)
		back, err := trust.DecodePeers(again)
		must(t, err)
		if fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", peers) {
			t.Errorf("got %+v, want %+v", back, peers)
		}
	})
}

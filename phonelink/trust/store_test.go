package trust_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

const anna = phonelink.Profile("anna")

// openStore opens a store whose PINs cost little.
func openStore(t testing.TB, dir string) *trust.Store {
	t.Helper()
	s, err := trust.OpenStep(trust.Config{Dir: dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pixel is a phone's peer record and the secret that it releases.
func pixel(t testing.TB, name string) (trust.PairResult, trust.Key) {
	t.Helper()
	id := identity(t)
	key := trust.Key{1, 2, 3, byte(len(name))}
	return trust.PairResult{
		Peer: trust.Peer{
			Device: id.Device, Name: name, Model: "phone", SPKI: id.SPKI, Version: 1,
			Addresses: []netip.AddrPort{netip.MustParseAddrPort("192.168.43.17:51820"), netip.MustParseAddrPort("[fd00::7]:4711")},
			Paired:    time.UnixMilli(1700000000123), Seen: time.UnixMilli(1700000000456),
		},
		Role: trust.RoleCar, Mode: trust.ModeQR, Secret: key,
	}, key
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func vault(t testing.TB, s *trust.Store, p phonelink.Profile) *trust.Vault {
	t.Helper()
	v, err := s.Vault(p)
	must(t, err)
	return v
}

func TestStoreSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r, key := pixel(t, "Anna's Pixel")
	must(t, s.Complete(anna, r))
	must(t, vault(t, s, anna).WriteFile("drafts", []byte("see you at eight")))
	must(t, s.WriteFile("kdeconnect.pem", []byte("certificate")))

	s2 := openStore(t, dir)
	if got, want := s2.Identity().Device, s.Identity().Device; got != want {
		t.Errorf("got device %s, want %s", got, want)
	}
	got := s2.Peers(anna)
	if len(got) != 1 || fmt.Sprintf("%+v", got[0]) != fmt.Sprintf("%+v", r.Peer) {
		t.Errorf("got peers\n%+v, want\n%+v", got, r.Peer)
	}
	if b, err := s2.ReadFile("kdeconnect.pem"); err != nil || string(b) != "certificate" {
		t.Errorf("got %q, %v", b, err)
	}
	v := vault(t, s2, anna)
	if _, err := v.ReadFile("drafts"); !errors.Is(err, trust.ErrLocked) {
		t.Errorf("got %v before the phone is there, want ErrLocked", err)
	}
	if _, err := v.AEAD("journal"); !errors.Is(err, trust.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if err := s2.Unlock(anna, trust.Key{9}); !errors.Is(err, trust.ErrWrongKey) {
		t.Errorf("got %v with another key, want ErrWrongKey", err)
	}
	must(t, s2.Unlock(anna, key))
	if b, err := v.ReadFile("drafts"); err != nil || string(b) != "see you at eight" {
		t.Errorf("got %q, %v", b, err)
	}
	v.Lock()
	if !v.Locked() {
		t.Error("still open after Lock")
	}
}

func TestLockedProfileIsCiphertext(t *testing.T) {
	dir := t.TempDir()
	s, err := trust.Open(trust.Config{Dir: dir})
	must(t, err)
	r, key := pixel(t, "Annas Telefon")
	must(t, s.Complete(anna, r))
	must(t, s.SetPIN(anna, "483920"))
	v := vault(t, s, anna)
	words := []string{"Annas Telefon", "see you at eight", "contacts-list", "483920", "192.168.43.17", string(key[:]),
		string(r.Peer.SPKI), string(r.Peer.Device), string(s.Identity().SPKI)}
	must(t, v.WriteFile("contacts-list", []byte("see you at eight")))
	a, err := v.AEAD("journal")
	must(t, err)
	nonce := make([]byte, a.NonceSize())
	must(t, os.WriteFile(filepath.Join(dir, "journal"), a.Seal(nonce, nonce, []byte("see you at eight"), nil), 0o600))
	scan(t, dir, words)
}

// scan looks for words in names and bytes below a folder.
func scan(t *testing.T, dir string, words []string) {
	t.Helper()
	files := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(data, []byte(w)) || strings.Contains(path, w) {
				t.Errorf("%s holds or names %.20q in clear", path, w)
			}
		}
		if info, _ := d.Info(); info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, want nothing for others", path, info.Mode())
		}
		return err
	}))
	if files == 0 {
		t.Fatal("nothing was written")
	}
}

func TestUnpairDestroysTheKey(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r, key := pixel(t, "one")
	other, key2 := pixel(t, "another")
	must(t, s.Complete(anna, r))
	must(t, s.Complete(anna, other))
	must(t, vault(t, s, anna).WriteFile("drafts", []byte("text")))
	must(t, s.Remove(anna, r.Peer.Device))
	if err := s.Remove(anna, r.Peer.Device); !errors.Is(err, trust.ErrUnknown) {
		t.Errorf("got %v the second time, want ErrUnknown", err)
	}

	s = openStore(t, dir)
	if err := s.Unlock(anna, key); !errors.Is(err, trust.ErrWrongKey) {
		t.Errorf("got %v with the key of a phone that was unpaired, want ErrWrongKey", err)
	}
	must(t, s.Unlock(anna, key2))
	old := vault(t, s, anna)
	id := old.ID()
	must(t, s.Remove(anna, other.Peer.Device)) // the last way in
	if _, err := old.ReadFile("drafts"); !errors.Is(err, trust.ErrLocked) {
		t.Errorf("got %v from a vault whose last key is gone, want ErrLocked", err)
	}
	for range 2 { // before and after a restart
		v := vault(t, s, anna)
		if v.ID() == id {
			t.Error("the content key is the one before")
		}
		if _, err := v.ReadFile("drafts"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want no such file", err)
		}
		s = openStore(t, dir)
	}
	if n, _ := filepath.Glob(filepath.Join(dir, "profiles/anna/slots/*")); len(n) != 1 {
		t.Errorf("got slots %v, want the board's alone", n)
	}
}

func TestSecondPhoneNeedsTheFirst(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r, key := pixel(t, "one")
	must(t, s.Complete(anna, r))
	s = openStore(t, dir)
	other, key2 := pixel(t, "another")
	if err := s.Complete(anna, other); !errors.Is(err, trust.ErrLocked) {
		t.Fatalf("got %v from a locked profile, want ErrLocked", err)
	}
	if got := len(s.Peers(anna)); got != 1 {
		t.Errorf("got %d peers, want 1", got)
	}
	must(t, s.Unlock(anna, key))
	must(t, s.Complete(anna, other))
	s = openStore(t, dir)
	must(t, s.Unlock(anna, key2))
}

func TestPhoneKeepsItsSecret(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r, key := pixel(t, "Tandem One")
	r.Role = trust.RolePhone
	must(t, s.Complete(anna, r))
	s = openStore(t, dir)
	if got, err := s.Secret(anna, r.Peer.Device); err != nil || got != key {
		t.Errorf("got % x, %v", got, err)
	}
	must(t, s.Remove(anna, r.Peer.Device))
	if _, err := s.Secret(anna, r.Peer.Device); !errors.Is(err, trust.ErrUnknown) {
		t.Errorf("got %v after unpairing, want ErrUnknown", err)
	}
	if n, _ := filepath.Glob(filepath.Join(dir, "profiles/anna/secrets/*")); len(n) != 0 {
		t.Errorf("got %v, want no secret on disk", n)
	}
}

func TestPIN(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, dir)
		must(t, vault(t, s, anna).WriteFile("drafts", []byte("text")))
		if err := s.SetPIN(anna, "123"); err == nil {
			t.Error("three digits are a PIN")
		}
		must(t, s.SetPIN(anna, "1234"))

		// Guesses as fast as they are taken, with a restart before each.
		start, wrong := time.Now(), 0
		for time.Since(start) < 24*time.Hour {
			s = openStore(t, dir)
			err := s.UnlockPIN(anna, "0000")
			var wait *trust.WaitError
			switch {
			case errors.Is(err, trust.ErrWrongPIN):
				wrong++
			case errors.As(err, &wait):
				if errors.Is(s.UnlockPIN(anna, "1234"), nil) {
					t.Fatal("the right PIN is taken before its time: the wait tells right from wrong")
				}
				time.Sleep(time.Until(wait.Until))
			default:
				t.Fatalf("got %v", err)
			}
		}
		if wrong < 20 || wrong > 40 {
			t.Errorf("got %d guesses in a day, want 3 at once, then half a minute doubling to an hour (about 33)", wrong)
		}

		time.Sleep(time.Hour)
		must(t, openStore(t, dir).UnlockPIN(anna, "1234"))
		s = openStore(t, dir)
		for range 3 {
			if err := s.UnlockPIN(anna, "0000"); !errors.Is(err, trust.ErrWrongPIN) {
				t.Errorf("got %v, want three free guesses after the right one", err)
			}
		}
		time.Sleep(time.Hour)
		must(t, s.UnlockPIN(anna, "1234"))
		must(t, s.SetPIN(anna, "new one"))
		s = openStore(t, dir)
		if err := s.UnlockPIN(anna, "1234"); !errors.Is(err, trust.ErrWrongPIN) {
			t.Errorf("got %v with the PIN before, want ErrWrongPIN", err)
		}
		must(t, s.UnlockPIN(anna, "new one"))
		must(t, s.SetPIN(anna, ""))
		if b, err := vault(t, openStore(t, dir), anna).ReadFile("drafts"); err != nil || string(b) != "text" {
			t.Errorf("got %q, %v after the PIN was taken away", b, err)
		}
		if err := s.UnlockPIN(anna, "new one"); !errors.Is(err, trust.ErrNoPIN) {
			t.Errorf("got %v, want ErrNoPIN", err)
		}
	})
}

func TestNextGuess(t *testing.T) {
	now := time.UnixMilli(1700000000000)
	cases := []struct {
		name  string
		wrong int
		last  time.Duration // before now
		want  time.Duration // after now
	}{
		{"the first three are free", 2, 0, 0},
		{"the fourth", 3, 0, 30 * time.Second},
		{"the fourth, 20 s later", 3, 20 * time.Second, 10 * time.Second},
		{"the fifth", 4, 0, time.Minute},
		{"the tenth", 9, 0, 32 * time.Minute},
		{"the eleventh", 10, 0, time.Hour},
		{"the thousandth", 1000, 0, time.Hour},
		{"clock set back by a day", 10, -24 * time.Hour, time.Hour},
	}
	for _, c := range cases {
		if got := trust.NextGuess(c.wrong, now.Add(-c.last), now).Sub(now); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestGuestAndValet(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r, _ := pixel(t, "guest's")
	must(t, s.Complete(phonelink.Guest, r))
	must(t, vault(t, s, phonelink.Guest).WriteFile("queue", []byte("songs")))
	if len(s.Peers(phonelink.Guest)) != 1 {
		t.Error("the guest's phone is not there")
	}
	if n, _ := filepath.Glob(filepath.Join(dir, "profiles/guest/slots/*")); len(n) != 0 {
		t.Errorf("got %v, want the guest's key never written", n)
	}
	if err := openStore(t, dir).Problem(phonelink.Guest); err != nil {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "profiles/guest/*")); len(left) != 0 {
		t.Errorf("got %v, want a guest gone after a restart", left)
	}
	must(t, s.Complete(phonelink.Guest, r))
	must(t, s.Wipe(phonelink.Guest))
	if len(s.Peers(phonelink.Guest)) != 0 {
		t.Error("the guest's phone is still there")
	}
	if err := s.Complete(phonelink.Valet, r); !errors.Is(err, trust.ErrValet) {
		t.Errorf("got %v, want ErrValet", err)
	}
	if _, err := s.Vault(phonelink.Valet); !errors.Is(err, trust.ErrValet) {
		t.Errorf("got %v, want ErrValet", err)
	}
}

func TestProfilesDoNotMix(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r, key := pixel(t, "one")
	must(t, s.Complete(anna, r))
	must(t, vault(t, s, anna).WriteFile("drafts", []byte("Anna's")))
	must(t, vault(t, s, "ben").WriteFile("drafts", []byte("Ben's")))
	if len(s.Peers("ben")) != 0 {
		t.Error("Ben has Anna's phone")
	}
	if err := s.Unlock("ben", key); !errors.Is(err, trust.ErrWrongKey) {
		t.Errorf("got %v for Ben with Anna's key, want ErrWrongKey", err)
	}
	// Anna's files in Ben's place do not open.
	must(t, os.Rename(filepath.Join(dir, "profiles/anna/peers"), filepath.Join(dir, "profiles/ben/peers")))
	s = openStore(t, dir)
	if err := s.Problem("ben"); err == nil || !strings.Contains(err.Error(), "profiles/ben/peers") {
		t.Errorf("got %v, want an error that names the file", err)
	}
	if err := s.Problem(anna); err != nil {
		t.Errorf("got %v for Anna", err)
	}
}

// TestOneProfileAlone is a store in a sandbox that keeps the other profiles
// and the folder itself away.
func TestOneProfileAlone(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("as root no mode keeps a folder away; phonelink/sandbox shows it with Landlock")
	}
	dir := t.TempDir()
	s := openStore(t, dir)
	r, key := pixel(t, "one")
	must(t, s.Complete(anna, r))
	must(t, s.Complete("ben", r))
	must(t, os.Chmod(filepath.Join(dir, "profiles/ben"), 0))
	must(t, os.Chmod(filepath.Join(dir, "profiles"), 0o100))
	must(t, os.Chmod(dir, 0o100))
	t.Cleanup(func() {
		for _, p := range []string{"", "profiles", "profiles/ben"} {
			os.Chmod(filepath.Join(dir, p), 0o700)
		}
	})
	s, err := trust.Open(trust.Config{Dir: dir, Profiles: []phonelink.Profile{anna}})
	must(t, err)
	if got := s.Profiles(); len(got) != 1 || got[0] != anna {
		t.Errorf("got profiles %v, want anna alone", got)
	}
	must(t, s.Problem(anna))
	must(t, s.Unlock(anna, key))
	must(t, vault(t, s, anna).WriteFile("drafts", []byte("text")))
	must(t, s.Remove(anna, r.Peer.Device))
}

func TestPutRefuses(t *testing.T) {
	s := openStore(t, t.TempDir())
	good, _ := pixel(t, "one")
	cases := []struct {
		name   string
		change func(*trust.Peer)
	}{
		{"another key", func(p *trust.Peer) { p.SPKI = identity(t).SPKI }},
		{"no id", func(p *trust.Peer) { p.Device = "" }},
		{"control character", func(p *trust.Peer) { p.Name = "a\x1b[2J" }},
		{"turned text", func(p *trust.Peer) { p.Name = "a\u202egpj.exe" }},
		{"broken UTF-8", func(p *trust.Peer) { p.Name = "a\xff" }},
		{"long name", func(p *trust.Peer) { p.Name = strings.Repeat("a", 65) }},
		{"many addresses", func(p *trust.Peer) { p.Addresses = make([]netip.AddrPort, 17) }},
		{"adapter without key", func(p *trust.Peer) { p.Device, p.Adapter, p.SPKI = "kde:1", "kdeconnect", nil }},
	}
	for _, c := range cases {
		p := good.Peer
		c.change(&p)
		if err := s.Put(anna, p); err == nil {
			t.Errorf("%s: was kept", c.name)
		}
	}
	kde := trust.Peer{Device: "kde:ae6f", Adapter: "kdeconnect", Certificate: []byte("certificate")}
	must(t, s.Put(anna, kde))
	kde.Certificate = []byte("impostor")
	if err := s.Put(anna, kde); !errors.Is(err, trust.ErrOtherKey) {
		t.Errorf("got %v for another certificate of the same device, want ErrOtherKey", err)
	}
	must(t, s.Remove(anna, kde.Device))
	must(t, s.Put(anna, kde))
	must(t, s.Remove(anna, kde.Device))
	p := good.Peer
	p.Version = 8
	must(t, s.Put(anna, p))
	p.Version = 7
	must(t, s.Put(anna, p))
	if got := s.Peers(anna)[0].Version; got != 8 {
		t.Errorf("got pinned version %d, want 8: it never sinks", got)
	}
}

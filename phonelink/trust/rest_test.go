package trust_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// hold makes a second name for every file of a store outside of it, so that a
// test sees what becomes of the bytes of a file that is removed. It returns
// what was in each, by its name in the store.
func hold(t *testing.T, dir, outside string) map[string][]byte {
	t.Helper()
	must(t, os.RemoveAll(outside))
	before := map[string][]byte{}
	for path, data := range files(t, dir) {
		rel, err := filepath.Rel(dir, path)
		must(t, err)
		held := filepath.Join(outside, rel)
		must(t, os.MkdirAll(filepath.Dir(held), 0o700))
		must(t, os.Link(path, held))
		before[rel] = data
	}
	return before
}

// common reports whether two have 16 bytes in a row in common.
func common(a, b []byte) bool {
	const n = 16
	for i := 0; i+n <= len(a); i++ {
		if bytes.Contains(b, a[i:i+n]) {
			return true
		}
	}
	return false
}

// sealed is what of a sealed file is not the same in every one.
func sealed(b []byte) []byte { return b[min(8, len(b)):] }

// TestKeysAreOverwritten: what opened a profile is neither in a file of the store
// afterwards, nor in the bytes where it stood on the disk.
func TestKeysAreOverwritten(t *testing.T) {
	one, key1 := pixel(t, "one")
	two, key2 := pixel(t, "another")
	car := one
	car.Role = trust.RolePhone
	tests := []struct {
		name   string
		before func(s *trust.Store)
		do     func(s *trust.Store) error
		gone   string // pattern of the files whose keys go
		left   int    // files of that pattern afterwards
	}{
		{"one of two phones is unpaired", func(s *trust.Store) { must(t, s.Complete(anna, two)) },
			func(s *trust.Store) error { return s.Remove(anna, one.Peer.Device) }, "profiles/anna/slots/*", 1},
		{"the last phone is unpaired", func(*trust.Store) {},
			func(s *trust.Store) error { return s.Remove(anna, one.Peer.Device) }, "profiles/anna/slots/*", 0},
		{"a phone pairs again", func(*trust.Store) {}, func(s *trust.Store) error { return s.Complete(anna, one) }, "profiles/anna/slots/*", 1},
		{"the PIN is changed", func(s *trust.Store) { must(t, s.SetPIN(anna, "1234")) }, func(s *trust.Store) error { return s.SetPIN(anna, "4711") }, "profiles/anna/slots/pin*", 1},
		{"the PIN is taken away", func(s *trust.Store) { must(t, s.SetPIN(anna, "1234")) }, func(s *trust.Store) error { return s.SetPIN(anna, "") }, "profiles/anna/slots/pin*", 0},
		{"the first phone ends the board's own key", func(s *trust.Store) { vault(t, s, "ben") }, func(s *trust.Store) error { return s.Complete("ben", two) }, "profiles/ben/slots/board", 0},
		{"a profile is wiped", func(*trust.Store) {}, func(s *trust.Store) error { return s.Wipe(anna) }, "profiles/anna/slots/*", 0},
		{"a phone forgets a car", func(s *trust.Store) { must(t, s.Complete("carl", car)) }, func(s *trust.Store) error { return s.Remove("carl", car.Peer.Device) }, "profiles/carl/secrets/*", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := t.TempDir()
			dir, outside := filepath.Join(base, "store"), filepath.Join(base, "held")
			s := openStore(t, dir)
			must(t, s.Complete(anna, one))
			must(t, vault(t, s, anna).WriteFile("drafts", []byte("text")))
			tt.before(s)
			before := hold(t, dir, outside)
			must(t, tt.do(s))

			now := files(t, dir)
			gone := 0
			for rel, old := range before {
				if ok, err := filepath.Match(tt.gone, rel); err != nil || !ok {
					continue
				}
				if bytes.Equal(now[filepath.Join(dir, rel)], old) {
					continue // stays: the other phone's
				}
				gone++
				disk, err := os.ReadFile(filepath.Join(outside, rel))
				must(t, err)
				if common(sealed(old), disk) {
					t.Errorf("%s: its bytes are still on the disk", rel)
				}
				for path, b := range now {
					if common(sealed(old), b) {
						t.Errorf("%s: a part of it is in %s", rel, path)
					}
				}
			}
			if gone == 0 {
				t.Errorf("nothing went of %v", before)
			}
			left, err := filepath.Glob(filepath.Join(dir, tt.gone))
			must(t, err)
			if len(left) != tt.left {
				t.Errorf("left: %q, want %d", left, tt.left)
			}
			if tt.name != "one of two phones is unpaired" {
				return
			}
			// The one that is left still opens, the one that went does not.
			s = openStore(t, dir)
			if err := s.Unlock(anna, key1); !errors.Is(err, trust.ErrWrongKey) {
				t.Errorf("the phone that was unpaired: got %v", err)
			}
			must(t, s.Unlock(anna, key2))
		})
	}
}

// TestUnpairedContentsAreGone: after the last phone was unpaired not even its
// secret, the device key and all that is on the disk open what was there.
func TestUnpairedContentsAreGone(t *testing.T) {
	base := t.TempDir()
	dir, outside := filepath.Join(base, "store"), filepath.Join(base, "held")
	s := openStore(t, dir)
	one, key := pixel(t, "one")
	must(t, s.Complete(anna, one))
	v := vault(t, s, anna)
	must(t, v.WriteFile("drafts", []byte("text")))
	a, err := v.AEAD("journal")
	must(t, err)
	nonce := make([]byte, a.NonceSize())
	journal := a.Seal(nil, nonce, []byte("see you at eight"), nil)
	before := hold(t, dir, outside)
	must(t, s.Remove(anna, one.Peer.Device))

	// The thief has what the blocks hold now, under the names of before, the
	// device key among them, and what was sealed outside.
	thief := filepath.Join(base, "thief")
	for rel := range before {
		disk, err := os.ReadFile(filepath.Join(outside, rel))
		must(t, err)
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(thief, rel)), 0o700))
		must(t, os.WriteFile(filepath.Join(thief, rel), disk, 0o600))
	}
	for _, dir := range []string{dir, thief} {
		s := openStore(t, dir)
		if err := s.Unlock(anna, key); err == nil {
			t.Errorf("%s: the phone's secret still opens", dir)
		}
		v, err := s.Vault(anna)
		if err != nil {
			continue // its keys are damaged, says the store
		}
		a, err := v.AEAD("journal")
		if err != nil {
			continue
		}
		if plain, err := a.Open(nil, nonce, journal, nil); err == nil {
			t.Errorf("%s: the journal opens: %q", dir, plain)
		}
		if b, err := v.ReadFile("drafts"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %q, %v", dir, b, err)
		}
	}
}

// TestStolenDisk: a disk alone gives nothing, and with the device key only what
// needs neither phone nor PIN.
func TestStolenDisk(t *testing.T) {
	secure := bytes.Repeat([]byte{7}, 32)
	for _, tt := range []struct {
		name   string
		device []byte // of the board's secure element; nil: the key is on the disk
		thief  []byte
		opens  bool
	}{
		{"the device key is in hardware that stays", secure, nil, false},
		{"the device key is in hardware that stays, another is made up", secure, bytes.Repeat([]byte{8}, 32), false},
		{"the whole board", secure, secure, true},
		{"the device key is on the disk", nil, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := trust.OpenStep(trust.Config{Dir: dir, DeviceKey: tt.device}, nil)
			must(t, err)
			one, key := pixel(t, "Annas Telefon")
			must(t, s.Complete(anna, one))
			must(t, s.SetPIN(anna, "4711"))
			v := vault(t, s, anna)
			must(t, v.WriteFile("drafts", []byte("see you at eight")))
			must(t, s.WriteProfileFile(anna, "own", []byte("her adapter's private key")))
			scan(t, dir, []string{"Annas Telefon", "see you at eight", "drafts", "4711", string(key[:]), "private key", string(one.Peer.SPKI), string(one.Peer.Device), string(s.Identity().SPKI)})

			s, err = trust.OpenStep(trust.Config{Dir: dir, DeviceKey: tt.thief}, nil)
			if (err == nil) != tt.opens {
				t.Fatalf("got %v, want it to open: %v", err, tt.opens)
			}
			if err != nil {
				return
			}
			v = vault(t, s, anna)
			if _, err := v.ReadFile("drafts"); !errors.Is(err, trust.ErrLocked) {
				t.Errorf("without phone and PIN: got %v, want it locked", err)
			}
			if _, err := v.AEAD("journal"); !errors.Is(err, trust.ErrLocked) {
				t.Errorf("without phone and PIN: got %v, want it locked", err)
			}
			for _, k := range []trust.Key{{}, {1}, trust.Key(secure)} {
				if err := s.Unlock(anna, k); !errors.Is(err, trust.ErrWrongKey) {
					t.Errorf("a made up secret: got %v", err)
				}
			}
			for i, pin := range []string{"0000", "1234", "471", "47110"} {
				err := s.UnlockPIN(anna, pin)
				var wait *trust.WaitError
				if want := i >= 3; errors.As(err, &wait) != want || !want && !errors.Is(err, trust.ErrWrongPIN) {
					t.Errorf("guess %d: got %v", i, err)
				}
			}
			if err := s.UnlockPIN(anna, "4711"); err == nil {
				t.Error("the right PIN was looked at though the guesses came too fast")
			}
		})
	}
}

// TestProfileFile: an adapter's own key is its profile's, and a guest's ends
// with the guest.
func TestProfileFile(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	for _, p := range []phonelink.Profile{anna, "ben", phonelink.Guest} {
		if _, err := s.ReadProfileFile(p, "own"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want none", p, err)
		}
		must(t, s.WriteProfileFile(p, "own", []byte("of "+p)))
	}
	for _, p := range []phonelink.Profile{anna, "ben", phonelink.Guest} {
		if b, err := s.ReadProfileFile(p, "own"); err != nil || string(b) != "of "+string(p) {
			t.Errorf("%s: got %q, %v", p, b, err)
		}
	}
	if err := s.WriteProfileFile(phonelink.Valet, "own", nil); !errors.Is(err, trust.ErrValet) {
		t.Errorf("a valet: got %v", err)
	}
	if err := s.WriteProfileFile(anna, "../peers", nil); err == nil {
		t.Error("a name that leaves its folder is taken")
	}
	for path := range files(t, dir) {
		if strings.Contains(path, "own") && !strings.Contains(path, "/profiles/") {
			t.Errorf("%s is everybody's", path)
		}
	}
	s = openStore(t, dir)
	if b, err := s.ReadProfileFile(anna, "own"); err != nil || string(b) != "of anna" {
		t.Errorf("after a restart: got %q, %v", b, err)
	}
	if _, err := s.ReadProfileFile(phonelink.Guest, "own"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the next guest: got %v, want none", err)
	}
}

package trust_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// furnished is a store with all kinds of files; it returns the key of the
// phone.
func furnished(t testing.TB, dir string) trust.Key {
	t.Helper()
	s := openStore(t, dir)
	r, key := pixel(t, "one")
	must(t, s.Complete(anna, r))
	must(t, s.SetPIN(anna, "1234"))
	must(t, vault(t, s, anna).WriteFile("drafts", []byte("text")))
	must(t, s.UnlockPIN(anna, "1234"))
	car := r
	car.Role = trust.RolePhone
	must(t, s.Complete("ben", car))
	must(t, s.WriteFile("cert", []byte("certificate")))
	must(t, s.WriteProfileFile(anna, "own", []byte("her adapter's key")))
	return key
}

func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(path)
		return err
	}))
	return out
}

// use does everything with a store that reads; it returns the first error.
func use(dir string, key trust.Key) error {
	s, err := trust.Open(trust.Config{Dir: dir})
	if err != nil {
		return err
	}
	for _, p := range s.Profiles() {
		if err := s.Problem(p); err != nil {
			return err
		}
	}
	for _, p := range s.Peers("ben") {
		if _, err := s.Secret("ben", p.Device); err != nil {
			return err
		}
	}
	if _, err := s.ReadFile("cert"); err != nil {
		return err
	}
	if _, err := s.ReadProfileFile(anna, "own"); err != nil {
		return err
	}
	if err := s.UnlockPIN(anna, "1234"); err != nil {
		return err
	}
	if err := s.Unlock(anna, key); err != nil {
		return err
	}
	v, err := s.Vault(anna)
	if err != nil {
		return err
	}
	_, err = v.ReadFile("drafts")
	return err
}

func TestDamage(t *testing.T) {
	damages := []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"one bit", func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }},
		{"cut", func(b []byte) []byte { return b[:len(b)/2] }},
		{"empty", func(b []byte) []byte { return nil }},
		{"longer", func(b []byte) []byte { return append(bytes.Clone(b), 0) }},
		{"text", func(b []byte) []byte { return []byte("hello, I am not a sealed file at all, but I am long enough") }},
		{"huge", func(b []byte) []byte { return make([]byte, 17<<20) }},
	}
	origin := t.TempDir()
	key := furnished(t, origin)
	must(t, use(origin, key))
	for path, good := range files(t, origin) {
		rel, _ := filepath.Rel(origin, path)
		for _, d := range damages {
			if d.name == "huge" && rel == "device.key" {
				continue // is like longer
			}
			must(t, os.WriteFile(path, d.damage(good), 0o600))
			before := files(t, origin)
			err := use(origin, key)
			switch {
			case err == nil && rel == "device.key" && d.name == "one bit":
				t.Errorf("%s, %s: works", rel, d.name)
			case err == nil:
				t.Errorf("%s, %s: works", rel, d.name)
			case strings.Contains(rel, "tries") || strings.Contains(err.Error(), filepath.Base(rel)) || rel == "device.key":
			default:
				t.Errorf("%s, %s: got %q, want an error that names the file", rel, d.name, err)
			}
			for p, b := range before {
				now, err := os.ReadFile(p)
				if err != nil || !strings.Contains(p, "tries") && !bytes.Equal(now, b) {
					t.Errorf("%s, %s: %s was changed or removed (%v)", rel, d.name, p, err)
				}
			}
			must(t, os.WriteFile(path, good, 0o600))
		}
		must(t, use(origin, key))
	}
}

func TestMissing(t *testing.T) {
	for _, missing := range []string{"device.key", "identity", "profiles/anna/slots"} {
		dir := t.TempDir()
		key := furnished(t, dir)
		must(t, os.Rename(filepath.Join(dir, missing), filepath.Join(dir, "away")))
		if err := use(dir, key); err == nil || !strings.Contains(err.Error(), filepath.Base(missing)) {
			t.Errorf("without %s: got %v, want an error that names it", missing, err)
		}
		must(t, os.Rename(filepath.Join(dir, "away"), filepath.Join(dir, missing)))
		if err := use(dir, key); err != nil {
			t.Errorf("with %s back: %v", missing, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	furnished(t, dir)
	must(t, os.Chmod(filepath.Join(dir, "device.key"), 0o644))
	if _, err := trust.Open(trust.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v, want the next step for a key that others read", err)
	}
	if _, err := trust.Open(trust.Config{}); err == nil {
		t.Error("a store without a folder opens")
	}
	if _, err := trust.Open(trust.Config{Dir: t.TempDir(), DeviceKey: make([]byte, 16)}); err == nil {
		t.Error("a device key of 16 bytes is taken")
	}
	for _, name := range []string{"", "..", "../x", "a/b", "a\\b", ".x", "x.tmp", "x.gone", strings.Repeat("a", 65), "a\x00"} {
		if err := trust.CheckFile(name); err == nil {
			t.Errorf("file name %q is taken", name)
		}
	}
}

var errCrash = errors.New("crash")

// TestCrash stops at every write of a life, starts again, and looks: what was
// acknowledged is there, what was not is either there or not, nothing is
// damaged, and a phone that was unpaired never opens anything.
func TestCrash(t *testing.T) {
	one, key1 := pixel(t, "one")
	two, key2 := pixel(t, "second")
	stride := 1
	if testing.Short() || raced {
		stride = 4
	}
	for stop := 1; ; stop += stride {
		dir := t.TempDir()
		n, where := 0, ""
		step := func(what, path string) error {
			if n++; n >= stop {
				if where == "" {
					where = what + " " + path
				}
				return errCrash // and nothing after it is written
			}
			return nil
		}
		done := live(dir, step, one, two)
		if n < stop {
			if done != len(stages) {
				t.Fatalf("ended after stage %d without a crash", done)
			}
			t.Logf("%d places to crash at", n)
			if n < 60 {
				t.Errorf("got %d places, want 60 or more: does every write go through step?", n)
			}
			return
		}
		if err := afterwards(dir, done, key1, key2, one, two); err != nil {
			t.Fatalf("crash %d (%s), in stage %d %s: %v", stop, where, done, stages[done], err)
		}
	}
}

// TestWriteOrder: a crash of the process cannot show that a flush is missing,
// only one of the power can; so the order itself is held.
func TestWriteOrder(t *testing.T) {
	dir := t.TempDir()
	var steps []string
	s, err := trust.OpenStep(trust.Config{Dir: dir}, func(what, _ string) error { steps = append(steps, what); return nil })
	must(t, err)
	v, err := s.Vault(anna)
	must(t, err)
	must(t, v.WriteFile("drafts", []byte("first")))
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"write":   {func() error { return v.WriteFile("drafts", []byte("text")) }, "create sync rename syncdir"},
		"destroy": {func() error { return v.Remove("drafts") }, "condemn syncdir overwrite sync remove syncdir"},
	} {
		steps = nil
		must(t, c.do())
		if got := strings.Join(steps, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		must(t, v.WriteFile("drafts", []byte("first")))
	}
}

var stages = []string{"open", "pair one", "write", "pair one again", "pair two", "unpair one", "set PIN", "change PIN", "unpair two", "take PIN away", "pair two again", "unpair the last", "guest", "wipe"}

// live goes through the stages; it returns how many were acknowledged.
func live(dir string, step func(what, path string) error, one, two trust.PairResult) int {
	s, err := trust.OpenStep(trust.Config{Dir: dir}, step)
	if err != nil {
		return 0
	}
	write := func(p phonelink.Profile) error {
		v, err := s.Vault(p)
		if err != nil {
			return err
		}
		return v.WriteFile("drafts", []byte("text"))
	}
	steps := []func() error{
		func() error { return s.Complete(anna, one) },
		func() error { return write(anna) },
		func() error { return s.Complete(anna, one) }, // again: its slot is replaced
		func() error { return s.Complete(anna, two) },
		func() error { return s.Remove(anna, one.Peer.Device) },
		func() error { return s.SetPIN(anna, "0000") }, // a PIN keeps the contents when the last phone goes
		func() error { return s.SetPIN(anna, "1234") },
		func() error { return s.Remove(anna, two.Peer.Device) },
		func() error { return s.SetPIN(anna, "") },
		func() error { return s.Complete(anna, two) },
		func() error { return s.Remove(anna, two.Peer.Device) }, // and the contents with it
		func() error { return write(phonelink.Guest) },
		func() error { return s.Wipe(anna) },
	}
	for i, f := range steps {
		if f() != nil {
			return i + 1
		}
	}
	return len(stages)
}

func afterwards(dir string, done int, key1, key2 trust.Key, one, two trust.PairResult) error {
	s, err := trust.Open(trust.Config{Dir: dir})
	if err != nil {
		return err
	}
	for _, p := range s.Profiles() {
		if err := s.Problem(p); err != nil {
			return err
		}
	}
	has := func(r trust.PairResult) bool {
		for _, p := range s.Peers(anna) {
			if p.Device == r.Peer.Device {
				return true
			}
		}
		return false
	}
	err1 := s.Unlock(anna, key1)
	protected, pin := s.Protected(anna)
	opened := err1 == nil || s.Unlock(anna, key2) == nil || s.UnlockPIN(anna, "1234") == nil || s.UnlockPIN(anna, "0000") == nil || !protected
	switch {
	case done >= 2 && done < 5 && (!has(one) || err1 != nil):
		return fmt.Errorf("the first phone: paired %v, opens: %v", has(one), err1)
	case done >= 5 && done < 8 && !has(two):
		return errors.New("the second phone is lost")
	case done >= 6 && (has(one) || err1 == nil):
		return errors.New("the phone that was unpaired still opens")
	case done >= 7 && done < 9 && !pin:
		return errors.New("the PIN is lost")
	case !opened:
		return errors.New("nothing opens the profile")
	}
	v, err := s.Vault(anna)
	if err != nil {
		return err
	}
	b, err := v.ReadFile("drafts")
	if done >= 3 && done < 11 && (err != nil || string(b) != "text") {
		return fmt.Errorf("the draft is %q, %w", b, err)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "profiles/*/*/*.*")); len(left) > 0 {
		return fmt.Errorf("left over: %v", left)
	}
	return nil
}

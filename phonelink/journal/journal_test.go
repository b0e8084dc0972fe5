package journal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/phonelink/journal"
)

// aead is AES-128-GCM with a key of one repeated byte.
func aead(t testing.TB, key byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{key}, 16))
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func open(t testing.TB, c journal.Config) (*journal.Journal, [][]byte) {
	t.Helper()
	j, records, err := journal.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, records
}

func texts(records [][]byte) string {
	var s []string
	for _, r := range records {
		s = append(s, string(r))
	}
	return strings.Join(s, " ")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecordsComeBack(t *testing.T) {
	for name, a := range map[string]cipher.AEAD{"plain": nil, "sealed": aead(t, 1)} {
		t.Run(name, func(t *testing.T) {
			c := journal.Config{Dir: filepath.Join(t.TempDir(), "profiles", "ana"), AEAD: a}
			j, records := open(t, c)
			if len(records) != 0 {
				t.Errorf("new: got %q, want none", records)
			}
			must(t, j.Append([]byte("a"), []byte(""), []byte("b")))
			must(t, j.Append())
			must(t, j.Append([]byte("c")))
			must(t, j.Close())
			j, records = open(t, c)
			if got := texts(records); got != "a  b c" {
				t.Errorf("opened again: got %q, want %q", got, "a  b c")
			}
			before := j.Size()
			must(t, j.Compact([]byte("abc")))
			if j.Size() >= before {
				t.Errorf("compacted: got %d bytes, want less than %d", j.Size(), before)
			}
			must(t, j.Append([]byte("d")))
			must(t, j.Close())
			j, records = open(t, c)
			if got := texts(records); got != "abc d" {
				t.Errorf("compacted: got %q, want %q", got, "abc d")
			}
			info, err := os.Stat(filepath.Join(c.Dir, journal.Name))
			if err != nil || info.Size() != j.Size() || info.Mode().Perm() != 0o600 {
				t.Errorf("file: got %v, %v; want %d bytes and 0600", info, err, j.Size())
			}
		})
	}
}

func TestNothingReadableIsOnTheDisk(t *testing.T) {
	secret := []byte("meet me at the harbour at nine")
	for name, a := range map[string]cipher.AEAD{"plain": nil, "sealed": aead(t, 1)} {
		c := journal.Config{Dir: t.TempDir(), AEAD: a}
		j, _ := open(t, c)
		must(t, j.Append(secret))
		must(t, j.Append(secret))
		data, err := os.ReadFile(filepath.Join(c.Dir, journal.Name))
		must(t, err)
		if got := bytes.Count(data, secret); got != map[string]int{"plain": 2}[name] {
			t.Errorf("%s: got the text %d times", name, got)
		}
	}
}

func TestKeys(t *testing.T) {
	one, two := aead(t, 1), aead(t, 2)
	tests := []struct {
		name        string
		wrote, read cipher.AEAD
	}{
		{"another key", one, two},
		{"no key", one, nil},
		{"a key too many", nil, one},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		j, _ := open(t, journal.Config{Dir: dir, AEAD: tt.wrote})
		must(t, j.Append([]byte("a")))
		if _, _, err := journal.Open(journal.Config{Dir: dir, AEAD: tt.read}); !errors.Is(err, journal.ErrKey) {
			t.Errorf("%s: got %v, want %v", tt.name, err, journal.ErrKey)
		}
	}
}

// written is the file of three frames after frame 0, and where each begins.
func written(t *testing.T, a cipher.AEAD) (data []byte, starts []int) {
	t.Helper()
	c := journal.Config{Dir: t.TempDir(), AEAD: a}
	j, _ := open(t, c)
	for _, s := range []string{"first", "second", "third"} {
		starts = append(starts, int(j.Size()))
		must(t, j.Append([]byte(s)))
	}
	data, err := os.ReadFile(filepath.Join(c.Dir, journal.Name))
	must(t, err)
	return data, starts
}

func TestDamage(t *testing.T) {
	data, starts := written(t, nil)
	flip := func(at int) []byte {
		b := bytes.Clone(data)
		b[at] ^= 1
		return b
	}
	zero := func(from, to int) []byte {
		b := bytes.Clone(data)
		clear(b[from:to])
		return b
	}
	last := starts[2]
	tests := []struct {
		name string
		data []byte
		want string // records, or after "!" a piece of the error
		at   int    // of a Garbled
	}{
		{"whole", data, "first second third", 0},
		{"end cut in a payload", data[:len(data)-2], "first second", 0},
		{"end cut in a header", data[:last+3], "first second", 0},
		{"end is zeros", zero(last, len(data)), "first second", 0},
		{"end with zeros after it", append(bytes.Clone(data), make([]byte, 700)...), "first second third", 0},
		{"last frame's length", flip(last + 3), "first second", 0},
		{"last frame's payload", flip(len(data) - 1), "first second", 0},
		{"middle payload", flip(last - 1), "!cannot be read though there is another", starts[1]},
		{"middle header", flip(starts[1] + 5), "!cannot be read though there is another", starts[1]},
		{"middle is zeros", zero(starts[0], starts[1]+4), "!cannot be read though there is another", starts[0]},
		{"middle is gone", append(bytes.Clone(data[:starts[1]]), data[last:]...), "!it is frame 3, want 2", starts[1]},
		{"a frame twice", append(bytes.Clone(data), data[last:]...), "!it is frame 3, want 4", len(data)},
		{"first frame", flip(starts[0] - 1), "!its first frame cannot be read", starts[0] - 20},
		{"no frame", data[:starts[0]-20], "!its first frame cannot be read", starts[0] - 20},
		{"header", flip(10), "!checksum of the file's header", 0},
		{"empty", nil, "!it is not a journal", 0},
		{"something else", []byte("#!/bin/sh\necho not a journal at all\n"), "!it is not a journal", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := journal.Config{Dir: t.TempDir()}
			name := filepath.Join(c.Dir, journal.Name)
			must(t, os.WriteFile(name, tt.data, 0o600))
			j, records, err := journal.Open(c)
			want, bad := strings.CutPrefix(tt.want, "!")
			if !bad {
				must(t, err)
				defer j.Close()
				if got := texts(records); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				return
			}
			var garbled *journal.Garbled
			if !errors.As(err, &garbled) || !strings.Contains(err.Error(), want) || garbled.Path != name || garbled.Offset != int64(tt.at) {
				t.Fatalf("got %v, want ...%s... at %d", err, want, tt.at)
			}
			left, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(left, tt.data) {
				t.Errorf("the damaged file: got %d bytes, %v; want it as it was", len(left), err)
			}
			aside, err := journal.SetAside(c, garbled)
			must(t, err)
			if left, err = os.ReadFile(aside); err != nil || !bytes.Equal(left, tt.data) {
				t.Errorf("set aside: got %d bytes, %v; want it as it was", len(left), err)
			}
			if _, records := open(t, c); len(records) != 0 {
				t.Errorf("after it was set aside: got %q, want none", records)
			}
		})
	}
}

// TestSealedFramesStayInPlace: a frame that is moved, or put back from an older
// file, is not taken even by one who can compute checksums.
func TestSealedFramesStayInPlace(t *testing.T) {
	a := aead(t, 1)
	data, starts := written(t, a)
	older, _ := written(t, a)
	payload := func(b []byte, frame int) []byte { return b[starts[frame]+20:][:12+1+5+16] }
	for name, from := range map[string][]byte{"an older file": payload(older, 0), "another place": payload(data, 2)} {
		forged := bytes.Clone(data)
		copy(payload(forged, 0), from)
		c := journal.Config{Dir: t.TempDir(), AEAD: a}
		must(t, os.WriteFile(filepath.Join(c.Dir, journal.Name), journal.Resum(forged, starts[0]), 0o600))
		if _, _, err := journal.Open(c); !errors.Is(err, journal.ErrKey) {
			t.Errorf("a frame of %s: got %v, want %v", name, err, journal.ErrKey)
		}
	}
}

func TestTheCutIsLogged(t *testing.T) {
	data, starts := written(t, nil)
	var log bytes.Buffer
	c := journal.Config{Dir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))}
	must(t, os.WriteFile(filepath.Join(c.Dir, journal.Name), data[:len(data)-1], 0o600))
	open(t, c)
	if want := fmt.Sprintf("at_byte=%d bytes=%d", starts[2], len(data)-1-starts[2]); !strings.Contains(log.String(), want) {
		t.Errorf("got %q, want ...%s...", log.String(), want)
	}
}

func TestMisuse(t *testing.T) {
	if _, _, err := journal.Open(journal.Config{}); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("got %v, want an error about the folder", err)
	}
	j, _ := open(t, journal.Config{Dir: t.TempDir()})
	must(t, j.Close())
	if err := j.Append([]byte("a")); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("closed: got %v, want %v", err, journal.ErrBroken)
	}
	if err := j.Compact([]byte("a")); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("closed: got %v, want %v", err, journal.ErrBroken)
	}
}

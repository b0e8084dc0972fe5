package trust

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"tandem/phonelink"
)

// A slot is one way to a profile's content key: a file that holds the content
// key, wrapped. The file as a whole is sealed by the device key, so its
// parameters are believed only as far as this board wrote them.
type slot struct {
	owner string // whose: boardSlot, pinSlot or fileOf the phone
	file  string // its name in slots/: the owner's, or that and second
	slotFile
}

// second ends the name of a slot that was written while its owner's one before
// was still there: the new one is on disk before the old is destroyed, and the
// old is overwritten in its own place.
const second = "-2"

type slotKind uint8

const (
	slotBoard slotKind = iota + 1 // the board alone; only until there is a better one
	slotPhone
	slotPIN
)

// Names of the slots that are not a phone's.
const (
	boardSlot = "board"
	pinSlot   = "pin"
	pinTries  = "tries" // beside slots/, since a try is no slot
)

// slotFile is a slot as it is kept, CBOR.
type slotFile struct {
	Kind    slotKind `cbor:"1,keyasint"`
	ID      []byte   `cbor:"2,keyasint"` // of the content key: 8 bytes
	Salt    []byte   `cbor:"3,keyasint"` // 32 bytes
	Wrapped []byte   `cbor:"4,keyasint"` // the content key, sealed by the slot's key
	Time    uint32   `cbor:"5,keyasint,omitempty"`
	Memory  uint32   `cbor:"6,keyasint,omitempty"` // KiB
	Threads uint8    `cbor:"7,keyasint,omitempty"`
	Count   uint64   `cbor:"8,keyasint,omitempty"` // of two of one owner the higher counts
}

// Argon2id (RFC 9106) of a new PIN: 19 MiB and 2 passes, the least that is
// recommended, since the unit lives in 40 MiB and the device key and the
// counted guesses stand before it anyway.
var argonNew = argon{time: 2, memory: 19 << 10, threads: 1}

type argon struct {
	time    uint32 // passes
	memory  uint32 // KiB
	threads uint8
}

func (f slotFile) check() error {
	switch {
	case f.Kind < slotBoard || f.Kind > slotPIN:
		return fmt.Errorf("slot of kind %d, want 1 to 3", f.Kind)
	case len(f.ID) != 8:
		return fmt.Errorf("slot for a key whose id has %d bytes, want 8", len(f.ID))
	case len(f.Salt) != 32:
		return fmt.Errorf("slot with a salt of %d bytes, want 32", len(f.Salt))
	case f.Kind == slotPIN && (f.Time < 1 || f.Time > 16 || f.Memory < 8 || f.Memory > 256<<10 || f.Threads < 1 || f.Threads > 8):
		return fmt.Errorf("slot whose Argon2id takes %d passes, %d KiB, %d threads: want at most 16, 262144, 8", f.Time, f.Memory, f.Threads)
	}
	return nil
}

func decodeSlot(data []byte) (f slotFile, err error) {
	if err := decode(data, &f); err != nil {
		return f, err
	}
	return f, f.check()
}

// kek is the key that wraps the content key: the board's and the secret,
// neither without the other.
func (s *Store) kek(f slotFile, secret []byte) ([]byte, error) {
	if f.Kind == slotPIN {
		secret = argon2.IDKey(secret, f.Salt, f.Time, f.Memory, f.Threads, 32)
	}
	both := append(slices.Clone(s.secret), secret...)
	defer clear(both)
	return hkdf.Key(sha256.New, both, f.Salt, fmt.Sprintf("tandem slot %d", f.Kind), chacha20poly1305.KeySize)
}

// open unwraps the content key; ErrWrongKey if the secret is not the slot's.
func (s *Store) openSlot(f slotFile, secret []byte) ([]byte, error) {
	kek, err := s.kek(f, secret)
	if err != nil {
		return nil, err
	}
	defer clear(kek)
	a, err := chacha20poly1305.NewX(kek)
	if err != nil {
		return nil, err
	}
	key, err := unseal(a, "content key", f.Wrapped)
	if err != nil || len(key) != 32 {
		return nil, ErrWrongKey
	}
	return key, nil
}

func (s *Store) slotPlace(id phonelink.Profile, file string) string {
	return "profiles/" + string(id) + "/slots/" + file
}

// addSlot wraps the content key for an owner, and ends the slot that the owner
// had before. A guest has none: its content key is never written.
func (s *Store) addSlot(id phonelink.Profile, p *profile, v *Vault, kind slotKind, owner string, secret []byte) error {
	if p.guest != nil {
		return nil
	}
	n := slot{owner: owner, file: owner, slotFile: slotFile{Kind: kind, ID: v.id, Salt: make([]byte, 32)}}
	rand.Read(n.Salt)
	if kind == slotPIN {
		n.Time, n.Memory, n.Threads = s.argon.time, s.argon.memory, s.argon.threads
	}
	old := slices.IndexFunc(p.slots, func(o slot) bool { return o.owner == owner })
	if old >= 0 {
		n.Count = p.slots[old].Count + 1
		if p.slots[old].file == owner {
			n.file += second
		}
	}
	kek, err := s.kek(n.slotFile, secret)
	if err != nil {
		return err
	}
	defer clear(kek)
	a, err := chacha20poly1305.NewX(kek)
	if err != nil {
		return err
	}
	n.Wrapped = seal(a, "content key", v.key)
	plain, err := encoding.Marshal(n.slotFile)
	if err != nil {
		return err
	}
	place := s.slotPlace(id, n.file)
	if err := s.disk.write(place, seal(s.device, place, plain)); err != nil {
		return err
	}
	p.slots = append(p.slots, n)
	if old < 0 {
		return nil
	}
	return s.endSlot(id, p, old)
}

// endSlot destroys one slot.
func (s *Store) endSlot(id phonelink.Profile, p *profile, i int) error {
	if err := s.disk.destroy(s.slotPlace(id, p.slots[i].file)); err != nil {
		return err
	}
	p.slots = slices.Delete(p.slots, i, i+1)
	return nil
}

// addPhoneSlot lets a phone's secret open the profile, and ends the board's
// own way in.
func (s *Store) addPhoneSlot(id phonelink.Profile, p *profile, v *Vault, d phonelink.Device, k Key) error {
	if v.key == nil {
		return ErrLocked
	}
	if err := s.addSlot(id, p, v, slotPhone, s.fileOf(d), k[:]); err != nil {
		return fmt.Errorf("wrap the content key for %s: %w", d, err)
	}
	return s.endBoardSlot(id, p)
}

func (s *Store) endBoardSlot(id phonelink.Profile, p *profile) error {
	i := slices.IndexFunc(p.slots, func(o slot) bool { return o.Kind == slotBoard })
	if i < 0 || len(p.slots) < 2 {
		return nil
	}
	if err := s.endSlot(id, p, i); err != nil {
		return fmt.Errorf("destroy the board's own key: %w", err)
	}
	return nil
}

// endMark marks a profile whose contents are being destroyed.
const endMark = "ended"

// dropSlot destroys a slot, and the contents with the last one.
func (s *Store) dropSlot(id phonelink.Profile, p *profile, i int) error {
	last := len(p.slots) == 1
	if last {
		if err := s.disk.write("profiles/"+string(id)+"/"+endMark, nil); err != nil {
			return err
		}
	}
	if err := s.endSlot(id, p, i); err != nil || !last {
		return err
	}
	return s.endVault(id, p)
}

// endVault removes contents that no key opens any more.
func (s *Store) endVault(id phonelink.Profile, p *profile) error {
	base := "profiles/" + string(id) + "/"
	if err := s.destroyAll(base + "slots"); err != nil {
		return err
	}
	if p.vault != nil {
		p.vault.forget()
	}
	p.vault, p.slots = nil, nil
	for _, f := range []string{base + "vault", base + pinTries, base + endMark} {
		if err := s.disk.removeAll(f); err != nil {
			return err
		}
	}
	return nil
}

// destroyAll overwrites and removes every file of a folder.
func (s *Store) destroyAll(place string) error {
	entries, err := os.ReadDir(s.disk.path(place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.disk.destroy(place + "/" + e.Name()); err != nil {
			return err
		}
	}
	return s.disk.removeAll(place)
}

// readSlots reads a profile's slots and ends what a crash left undone.
func (s *Store) readSlots(id phonelink.Profile, p *profile) error {
	base := "profiles/" + string(id) + "/"
	if mark, err := s.disk.read(base + endMark); err == nil {
		if string(mark) == wiped {
			return s.wipeLocked(id)
		}
		return s.endVault(id, p)
	}
	entries, err := os.ReadDir(s.disk.path(base + "slots"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 2*MaxPeers {
		return fmt.Errorf("read %s: has %d files, want at most %d", s.disk.path(base+"slots"), len(entries), 2*MaxPeers)
	}
	for _, e := range entries {
		place := base + "slots/" + e.Name()
		data, err := s.disk.read(place)
		if err != nil {
			return err
		}
		plain, err := unseal(s.device, place, data)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.disk.path(place), err)
		}
		f, err := decodeSlot(plain)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.disk.path(place), err)
		}
		p.slots = append(p.slots, slot{strings.TrimSuffix(e.Name(), second), e.Name(), f})
	}
	if len(p.slots) == 0 {
		if files, _ := os.ReadDir(s.disk.path(base + "vault")); len(files) > 0 {
			return fmt.Errorf("read %s: the keys of the profile's contents are missing: put the folder back, or wipe the profile", s.disk.path(base+"slots"))
		}
		return nil
	}
	for _, o := range p.slots {
		if string(o.ID) != string(p.slots[0].ID) {
			return fmt.Errorf("read %s: its files are for different content keys", s.disk.path(base+"slots"))
		}
	}
	for i := 0; i < len(p.slots); i++ {
		if slices.ContainsFunc(p.slots, func(o slot) bool { return o.owner == p.slots[i].owner && o.Count > p.slots[i].Count }) {
			if err := s.endSlot(id, p, i); err != nil {
				return err
			}
			i--
		}
	}
	return s.endBoardSlot(id, p)
}

// tries counts wrong PINs. It is written before a guess is looked at, so that
// pulling the plug is no free guess.
type tries struct {
	Wrong int   `cbor:"1,keyasint"`
	Last  int64 `cbor:"2,keyasint"` // milliseconds since 1970
}

// delay is how long the next guess has to wait: nothing for the first three,
// then half a minute, doubled each time up to an hour. Ten thousand PINs of
// four digits take more than a year.
func (t tries) delay() time.Duration {
	const free, first, most = 3, 30 * time.Second, time.Hour
	if t.Wrong < free {
		return 0
	}
	if n := t.Wrong - free; n < 7 {
		return min(first<<n, most)
	}
	return most
}

// next is when the next guess is taken. A clock that was set back makes the
// delay begin anew, never shorter.
func (t tries) next(now time.Time) time.Time {
	last := time.UnixMilli(t.Last)
	if last.After(now) {
		last = now
	}
	return last.Add(t.delay())
}

func (s *Store) readTries(id phonelink.Profile) (t tries, err error) {
	place := "profiles/" + string(id) + "/" + pinTries
	data, err := s.disk.read(place)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("read the count of wrong PINs: %w", err)
	}
	plain, err := unseal(s.device, place, data)
	if err == nil {
		err = decode(plain, &t)
	}
	if err == nil && t.Wrong < 0 {
		err = fmt.Errorf("counts %d wrong PINs", t.Wrong)
	}
	if err != nil {
		return t, fmt.Errorf("read %s: %w", s.disk.path(place), err)
	}
	return t, nil
}

func (s *Store) writeTries(id phonelink.Profile, t tries) error {
	plain, err := encoding.Marshal(t)
	if err != nil {
		return err
	}
	place := "profiles/" + string(id) + "/" + pinTries
	if err := s.disk.write(place, seal(s.device, place, plain)); err != nil {
		return fmt.Errorf("write the count of wrong PINs: %w", err)
	}
	return nil
}

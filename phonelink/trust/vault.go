package trust

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"tandem/phonelink"
)

// Vault is where a profile keeps its contents. It is locked until a phone's
// Key or the PIN has opened it; locked, its files are ciphertext whose names
// say nothing. Its methods are for any goroutine.
type Vault struct {
	store   *Store
	profile phonelink.Profile
	id      []byte

	// Guarded by store.mu.
	key []byte // the content key; nil: locked
}

// Vault is a profile's. A new one is open, and so is one that neither a phone
// nor a PIN protects yet; any other begins locked.
func (s *Store) Vault(id phonelink.Profile) (*Vault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.profileLocked(id)
	if err != nil {
		return nil, err
	}
	return s.vaultLocked(id, p)
}

func (s *Store) vaultLocked(id phonelink.Profile, p *profile) (*Vault, error) {
	if p.vault == nil && len(p.slots) == 0 {
		v := &Vault{store: s, profile: id, id: make([]byte, 8), key: make([]byte, 32)}
		rand.Read(v.id)
		rand.Read(v.key)
		if err := s.addSlot(id, p, v, slotBoard, boardSlot, nil); err != nil {
			return nil, fmt.Errorf("begin the vault of %s: %w", id, err)
		}
		p.vault = v
		return v, nil
	}
	if p.vault == nil {
		p.vault = &Vault{store: s, profile: id, id: p.slots[0].ID}
	}
	if v := p.vault; v.key == nil {
		if i := slices.IndexFunc(p.slots, func(o slot) bool { return o.Kind == slotBoard }); i >= 0 {
			key, err := s.openSlot(p.slots[i].slotFile, nil)
			if err != nil {
				return nil, fmt.Errorf("open the vault of %s: the board's own key is damaged: %w", id, err)
			}
			v.key = key
		}
	}
	return p.vault, nil
}

// Unlock opens a profile by the key that one of its phones released.
func (s *Store) Unlock(id phonelink.Profile, k Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, v, err := s.forUnlock(id)
	if err != nil {
		return err
	}
	for _, o := range p.slots {
		if o.Kind != slotPhone {
			continue
		}
		key, err := s.openSlot(o.slotFile, k[:])
		if errors.Is(err, ErrWrongKey) {
			continue
		}
		if err != nil {
			return err
		}
		v.key = key
		return nil
	}
	return ErrWrongKey
}

// forUnlock finds a profile that exists: an unlock begins nothing.
func (s *Store) forUnlock(id phonelink.Profile) (*profile, *Vault, error) {
	if s.profiles[id] == nil {
		return nil, nil, ErrWrongKey
	}
	p, err := s.profileLocked(id)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.vaultLocked(id, p)
	return p, v, err
}

// UnlockPIN opens a profile by its PIN. Every guess is counted on disk before
// it is looked at; guesses that come too fast are refused with a *WaitError
// and are not looked at. The right one sets the count back.
func (s *Store) UnlockPIN(id phonelink.Profile, pin string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, v, err := s.forUnlock(id)
	if errors.Is(err, ErrWrongKey) {
		return ErrNoPIN
	}
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.slots, func(o slot) bool { return o.Kind == slotPIN })
	if i < 0 {
		return ErrNoPIN
	}
	t, err := s.readTries(id)
	if err != nil {
		return err
	}
	now := time.Now()
	if next := t.next(now); next.After(now) {
		if t.Last > now.UnixMilli() { // the clock was set back
			t.Last = now.UnixMilli()
			if err := s.writeTries(id, t); err != nil {
				return err
			}
		}
		return &WaitError{Until: next}
	}
	t.Wrong++
	t.Last = now.UnixMilli()
	if err := s.writeTries(id, t); err != nil {
		return err
	}
	key, err := s.openSlot(p.slots[i].slotFile, []byte(pin))
	if errors.Is(err, ErrWrongKey) {
		return ErrWrongPIN
	}
	if err != nil {
		return err
	}
	v.key = key
	return s.writeTries(id, tries{})
}

// SetPIN lets a PIN of 4 to 64 bytes open the profile, instead of the one
// before; "" takes the PIN away. The profile must be unlocked. Taking away the
// last way in leaves the board's own.
func (s *Store) SetPIN(id phonelink.Profile, pin string) error {
	if pin != "" && (len(pin) < 4 || len(pin) > 64) {
		return fmt.Errorf("set the PIN: has %d bytes, want 4 to 64", len(pin))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.profileLocked(id)
	if err != nil {
		return err
	}
	v, err := s.vaultLocked(id, p)
	if err != nil {
		return err
	}
	if v.key == nil {
		return ErrLocked
	}
	if pin != "" {
		if err := s.writeTries(id, tries{}); err != nil {
			return err
		}
		if err := s.addSlot(id, p, v, slotPIN, pinSlot, []byte(pin)); err != nil {
			return fmt.Errorf("wrap the content key for the PIN: %w", err)
		}
		return s.endBoardSlot(id, p)
	}
	i := slices.IndexFunc(p.slots, func(o slot) bool { return o.Kind == slotPIN })
	if i < 0 {
		return nil
	}
	if len(p.slots) == 1 {
		if err := s.addSlot(id, p, v, slotBoard, boardSlot, nil); err != nil {
			return fmt.Errorf("wrap the content key for the board: %w", err)
		}
	}
	if err := s.endSlot(id, p, i); err != nil {
		return fmt.Errorf("destroy the PIN's key: %w", err)
	}
	return nil
}

// Protected reports whether a phone or a PIN is needed to open the profile,
// and whether it has a PIN.
func (s *Store) Protected(id phonelink.Profile) (protected, pin bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.profiles[id]
	if p == nil {
		return false, false
	}
	for _, o := range p.slots {
		protected = protected || o.Kind != slotBoard
		pin = pin || o.Kind == slotPIN
	}
	return protected, pin
}

// Wipe forgets a profile and all of it: a guest's at the end. Keys are
// overwritten first.
func (s *Store) Wipe(id phonelink.Profile) error {
	if err := id.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.profiles[id]
	if p != nil && p.vault != nil {
		p.vault.forget()
	}
	if err := s.wipeLocked(id); err != nil {
		return fmt.Errorf("wipe profile %s: %w", id, err)
	}
	delete(s.profiles, id)
	return nil
}

// wiped in the file named ended says that the peers go too.
const wiped = "all"

func (s *Store) wipeLocked(id phonelink.Profile) error {
	base := "profiles/" + string(id)
	if _, err := os.Lstat(s.disk.path(base)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := s.disk.write(base+"/"+endMark, []byte(wiped)); err != nil {
		return err
	}
	for _, sub := range []string{"/slots", "/secrets"} {
		if err := s.destroyAll(base + sub); err != nil {
			return err
		}
	}
	return s.disk.removeFolder(base, endMark)
}

// Locked reports whether contents cannot be read now.
func (v *Vault) Locked() bool {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	return v.key == nil
}

// Lock forgets the content key: the driver left. What AEAD gave out before
// still works; who has it must let go of it.
func (v *Vault) Lock() {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	v.forget()
}

func (v *Vault) forget() {
	clear(v.key)
	v.key = nil
}

// ID names the content key, 16 hex digits, also while locked. After the last
// phone was unpaired a profile has another key, and what the old one sealed
// (a journal elsewhere) can only be removed: keep it in a folder with this
// name.
func (v *Vault) ID() string { return hex.EncodeToString(v.id) }

// AEAD is for what is kept outside the vault, one label for each use:
// XChaCha20-Poly1305, whose nonces of 24 bytes may be random. ErrLocked.
func (v *Vault) AEAD(label string) (cipher.AEAD, error) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	return v.aead("tandem vault label " + label)
}

func (v *Vault) aead(purpose string) (cipher.AEAD, error) {
	if v.key == nil {
		return nil, ErrLocked
	}
	return aeadOf(v.key, v.id, purpose)
}

// place is where a file of the vault is: its name on disk says nothing.
func (v *Vault) place(name string) string {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte("tandem vault name " + name))
	return "profiles/" + string(v.profile) + "/vault/" + hex.EncodeToString(h.Sum(nil)[:16])
}

// file checks a name and gives the place and the seal of the file.
func (v *Vault) file(name string) (string, cipher.AEAD, error) {
	if err := checkFile(name); err != nil {
		return "", nil, err
	}
	a, err := v.aead("tandem vault file " + name)
	if err != nil {
		return "", nil, err
	}
	return v.place(name), a, nil
}

// ReadFile reads what WriteFile kept; fs.ErrNotExist if there is none,
// ErrLocked.
func (v *Vault) ReadFile(name string) ([]byte, error) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	place, a, err := v.file(name)
	if err != nil {
		return nil, err
	}
	data, err := v.store.disk.read(place)
	if err != nil {
		return nil, fmt.Errorf("read %s of profile %s: %w", name, v.profile, err)
	}
	plain, err := unseal(a, place, data)
	if err != nil {
		return nil, fmt.Errorf("read %s of profile %s: %s: %w", name, v.profile, v.store.disk.path(place), err)
	}
	return plain, nil
}

// WriteFile keeps up to 15 MiB; a crash leaves the old or the new. A name has
// 1 to 64 letters, digits, '-', '_' and '.'. ErrLocked.
func (v *Vault) WriteFile(name string, data []byte) error {
	if len(data) > maxFile-1<<20 {
		return fmt.Errorf("write %s of profile %s: has %d bytes, want at most %d", name, v.profile, len(data), maxFile-1<<20)
	}
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	place, a, err := v.file(name)
	if err != nil {
		return err
	}
	if err := v.store.disk.write(place, seal(a, place, data)); err != nil {
		return fmt.Errorf("write %s of profile %s: %w", name, v.profile, err)
	}
	return nil
}

// Remove removes a file; there may be none. ErrLocked.
func (v *Vault) Remove(name string) error {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	place, _, err := v.file(name)
	if err != nil {
		return err
	}
	if err := v.store.disk.destroy(place); err != nil {
		return fmt.Errorf("remove %s of profile %s: %w", name, v.profile, err)
	}
	return nil
}

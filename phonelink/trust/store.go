package trust

import (
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"tandem/phonelink"
)

// Config is what a Store needs.
type Config struct {
	Dir string // the store's folder, of this process alone; made with mode 0700

	// DeviceKey seals everything, 32 bytes from a secure element; nil: a file
	// in Dir, made at the first start.
	DeviceKey []byte

	// Profiles are those whose folders this process may read; nil: all. In a
	// sandbox that keeps the others away, name the one that is active: then
	// nothing is asked of Dir but its files and these folders, which must be
	// there.
	Profiles []phonelink.Profile
	Logger   *slog.Logger // nil: discard
}

// Store is the trust store. Its methods are for any goroutine. One process at
// a time has it open.
type Store struct {
	log    *slog.Logger
	secret []byte      // the device key
	device cipher.AEAD // seals what needs no unlocked content
	self   Identity
	argon  argon // of new PINs

	mu       sync.Mutex
	disk     disk
	profiles map[phonelink.Profile]*profile
}

// profile is what is known of one profile.
type profile struct {
	peers   []Peer
	slots   []slot
	vault   *Vault
	guest   cipher.AEAD // seals the guest's files; never on disk
	problem error       // why its files cannot be used
}

// identityFile is the sealed identity, CBOR.
type identityFile struct {
	Key         []byte `cbor:"1,keyasint"` // PKCS #8
	Certificate []byte `cbor:"2,keyasint"` // DER
}

// Open reads the store, or begins one in an empty folder. What is left of a
// guest is removed. A profile whose files are damaged does not keep the others
// from working: Problem tells about it, and nothing of it is changed.
func Open(c Config) (*Store, error) { return open(c, nil) }

func open(c Config, step func(what, path string) error) (*Store, error) {
	if c.Dir == "" {
		return nil, errors.New("open the trust store: no folder")
	}
	s := &Store{log: c.Logger, disk: disk{c.Dir, step}, argon: argonNew, profiles: map[phonelink.Profile]*profile{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.load(c); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) load(c Config) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("make the trust store: %w", err)
	}
	if err := s.readDeviceKey(c.DeviceKey); err != nil {
		return err
	}
	a, err := aeadOf(s.secret, nil, "tandem device seal")
	if err != nil {
		return err
	}
	s.device = a
	places := []string{"", "device"}
	if c.Profiles != nil {
		places = places[1:]
	}
	for _, place := range places {
		if err := s.disk.sweep(place); err != nil {
			return fmt.Errorf("clean the trust store: %w", err)
		}
	}
	if err := s.readIdentity(); err != nil {
		return err
	}
	if c.Profiles == nil || slices.Contains(c.Profiles, phonelink.Guest) {
		if err := s.forgetGuest(); err != nil {
			return fmt.Errorf("remove what a guest left: %w", err)
		}
	}
	return s.readProfiles(c.Profiles)
}

// forgetGuest removes what a guest's folder holds: nothing opens it any more.
// The folder itself stays, for a sandbox that knows it.
func (s *Store) forgetGuest() error {
	place := "profiles/" + string(phonelink.Guest)
	entries, err := os.ReadDir(s.disk.path(place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.disk.removeAll(place + "/" + e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// begun reports whether the store has something that needs its keys.
func (s *Store) begun() bool {
	for _, place := range []string{"identity", "profiles", "device"} {
		if _, err := os.Lstat(s.disk.path(place)); err == nil {
			return true
		}
	}
	return false
}

func (s *Store) readDeviceKey(given []byte) error {
	if given != nil {
		if len(given) != 32 {
			return fmt.Errorf("open the trust store: the device key has %d bytes, want 32", len(given))
		}
		s.secret = slices.Clone(given)
		return nil
	}
	path := s.disk.path("device.key")
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if s.begun() {
			return fmt.Errorf("read %s: it is missing, and without it nothing in the folder opens: put it back, or move the folder away and pair again", path)
		}
		s.secret = make([]byte, 32)
		rand.Read(s.secret)
		if err := s.disk.write("device.key", s.secret); err != nil {
			return fmt.Errorf("write the device key: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the device key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("read %s: it is not a regular file", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("read %s: others may read it (mode %#o): run chmod 600 on it", path, info.Mode().Perm())
	}
	data, err := s.disk.read("device.key")
	if err != nil {
		return fmt.Errorf("read the device key: %w", err)
	}
	if len(data) != 32 {
		return fmt.Errorf("read %s: has %d bytes, want 32: put the right one back, or move the folder away and pair again", path, len(data))
	}
	s.secret = data
	return nil
}

func (s *Store) readIdentity() error {
	data, err := s.disk.read("identity")
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(s.disk.path("profiles")); err == nil {
			return fmt.Errorf("read %s: it is missing though there are peers that know its key: put it back, or move the folder away and pair again", s.disk.path("identity"))
		}
		return s.makeIdentity()
	}
	if err != nil {
		return fmt.Errorf("read the identity: %w", err)
	}
	plain, err := unseal(s.device, "identity", data)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.disk.path("identity"), err)
	}
	var f identityFile
	if err := decode(plain, &f); err != nil {
		return fmt.Errorf("read %s: %w", s.disk.path("identity"), err)
	}
	key, err := x509.ParsePKCS8PrivateKey(f.Key)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.disk.path("identity"), err)
	}
	cert, err := x509.ParseCertificate(f.Certificate)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.disk.path("identity"), err)
	}
	if k, ok := key.(*ecdsa.PrivateKey); !ok || !k.PublicKey.Equal(cert.PublicKey) {
		return fmt.Errorf("read %s: key and certificate do not belong together", s.disk.path("identity"))
	}
	s.self = Identity{
		Device:      phonelink.DeviceOf(cert.RawSubjectPublicKeyInfo),
		Certificate: tls.Certificate{Certificate: [][]byte{f.Certificate}, PrivateKey: key},
		SPKI:        cert.RawSubjectPublicKeyInfo,
	}
	return nil
}

func (s *Store) makeIdentity() error {
	id, err := NewIdentity()
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(id.Certificate.PrivateKey)
	if err != nil {
		return fmt.Errorf("encode the device's TLS key: %w", err)
	}
	plain, err := encoding.Marshal(identityFile{Key: key, Certificate: id.Certificate.Certificate[0]})
	if err != nil {
		return fmt.Errorf("encode the identity: %w", err)
	}
	if err := s.disk.write("identity", seal(s.device, "identity", plain)); err != nil {
		return fmt.Errorf("write the identity: %w", err)
	}
	s.self = id
	return nil
}

func (s *Store) readProfiles(only []phonelink.Profile) error {
	if only == nil {
		entries, err := os.ReadDir(s.disk.path("profiles"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read the profiles: %w", err)
		}
		for _, e := range entries {
			id := phonelink.Profile(e.Name())
			if !e.IsDir() || id.Check() != nil {
				s.log.Warn("not a profile's folder, left alone", "name", e.Name())
				continue
			}
			only = append(only, id)
		}
	}
	for _, id := range only {
		if err := id.Check(); err != nil {
			return fmt.Errorf("read the profiles: %w", err)
		}
		if id == phonelink.Guest || id == phonelink.Valet {
			continue // begun when it is used, by a key of its own
		}
		p := &profile{}
		if p.problem = s.readProfile(id, p); p.problem != nil {
			p.peers, p.slots = nil, nil
			s.log.Error("profile cannot be used", "profile", id, "problem", p.problem)
		}
		s.profiles[id] = p
	}
	return nil
}

func (s *Store) readProfile(id phonelink.Profile, p *profile) error {
	for _, sub := range []string{"", "/slots", "/secrets", "/vault", "/device"} {
		if err := s.disk.sweep("profiles/" + string(id) + sub); err != nil {
			return err
		}
	}
	if err := s.readSlots(id, p); err != nil {
		return err
	}
	return s.readPeers(id, p)
}

// Identity is this device's own key.
func (s *Store) Identity() Identity { return s.self }

// Profiles are those that have something in the store, sorted.
func (s *Store) Profiles() []phonelink.Profile {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []phonelink.Profile
	for id := range s.profiles {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Problem is why a profile's files cannot be used; nil if they can.
func (s *Store) Problem(id phonelink.Profile) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.profiles[id]; p != nil {
		return p.problem
	}
	return nil
}

// profileLocked finds or begins a profile that can be used.
func (s *Store) profileLocked(id phonelink.Profile) (*profile, error) {
	if err := id.Check(); err != nil {
		return nil, err
	}
	if id == phonelink.Valet {
		return nil, ErrValet
	}
	p := s.profiles[id]
	if p == nil {
		p = &profile{}
		if id == phonelink.Guest {
			secret := make([]byte, 32)
			rand.Read(secret)
			a, err := aeadOf(secret, nil, "tandem guest seal")
			if err != nil {
				return nil, err
			}
			p.guest = a
		}
		s.profiles[id] = p
	}
	return p, p.problem
}

// sealer seals a profile's own files: the board, or for a guest a key that is
// never written.
func (s *Store) sealer(p *profile) cipher.AEAD {
	if p.guest != nil {
		return p.guest
	}
	return s.device
}

// ReadFile reads what WriteFile kept for the device as a whole, whoever
// drives. The error is fs.ErrNotExist if there is none.
func (s *Store) ReadFile(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readOwn("device/", name, s.device)
}

// WriteFile keeps something sealed by the device key; a crash leaves the old
// or the new.
func (s *Store) WriteFile(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeOwn("device/", name, s.device, data)
}

// ReadProfileFile is ReadFile for what belongs to one profile and is needed
// before its contents are open: an adapter's own certificate.
func (s *Store) ReadProfileFile(id phonelink.Profile, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.profileLocked(id)
	if err != nil {
		return nil, err
	}
	return s.readOwn("profiles/"+string(id)+"/device/", name, s.sealer(p))
}

// WriteProfileFile is WriteFile for one profile. A guest's is forgotten with it.
func (s *Store) WriteProfileFile(id phonelink.Profile, name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.profileLocked(id)
	if err != nil {
		return err
	}
	return s.writeOwn("profiles/"+string(id)+"/device/", name, s.sealer(p), data)
}

func (s *Store) readOwn(folder, name string, a cipher.AEAD) ([]byte, error) {
	if err := checkFile(name); err != nil {
		return nil, err
	}
	data, err := s.disk.read(folder + name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	plain, err := unseal(a, folder+name, data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.disk.path(folder+name), err)
	}
	return plain, nil
}

func (s *Store) writeOwn(folder, name string, a cipher.AEAD, data []byte) error {
	if err := checkFile(name); err != nil {
		return err
	}
	if err := s.disk.write(folder+name, seal(a, folder+name, data)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// checkFile refuses a name that could leave its folder or be one of ours.
func checkFile(name string) error {
	if len(name) < 1 || len(name) > 64 || name[0] == '.' || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, gone) {
		return fmt.Errorf("file name %q: want 1 to 64 characters, not a leading dot, not .tmp or %s", name, gone)
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r) {
			return fmt.Errorf("file name %q: character %q is not a letter, digit, '-', '_' or '.'", name, r)
		}
	}
	return nil
}

// fileOf names a device's file without saying which device it is.
func (s *Store) fileOf(d phonelink.Device) string {
	sum := sha256.Sum256(append([]byte("tandem file of "+string(d)+"\x00"), s.secret...))
	return hex.EncodeToString(sum[:16])
}

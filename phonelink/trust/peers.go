package trust

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"time"

	"tandem/phonelink"
)

// peerFile is one Peer as it is kept.
type peerFile struct {
	Device      string   `cbor:"1,keyasint"`
	Name        string   `cbor:"2,keyasint,omitempty"`
	Model       string   `cbor:"3,keyasint,omitempty"`
	Adapter     string   `cbor:"4,keyasint,omitempty"`
	SPKI        []byte   `cbor:"5,keyasint,omitempty"`
	Certificate []byte   `cbor:"6,keyasint,omitempty"`
	Version     int      `cbor:"7,keyasint,omitempty"`
	Addresses   [][]byte `cbor:"8,keyasint,omitempty"` // netip.AddrPort's binary form
	Paired      int64    `cbor:"9,keyasint,omitempty"` // milliseconds since 1970
	Seen        int64    `cbor:"10,keyasint,omitempty"`
}

func encodePeers(peers []Peer) ([]byte, error) {
	out := make([]peerFile, 0, len(peers))
	for _, p := range peers {
		f := peerFile{
			Device: string(p.Device), Name: p.Name, Model: p.Model, Adapter: p.Adapter,
			SPKI: p.SPKI, Certificate: p.Certificate, Version: p.Version,
			Paired: millis(p.Paired), Seen: millis(p.Seen),
		}
		for _, a := range p.Addresses {
			b, err := a.MarshalBinary()
			if err != nil {
				return nil, fmt.Errorf("encode address %s: %w", a, err)
			}
			f.Addresses = append(f.Addresses, b)
		}
		out = append(out, f)
	}
	return encoding.Marshal(out)
}

func decodePeers(data []byte) ([]Peer, error) {
	var files []peerFile
	if err := decode(data, &files); err != nil {
		return nil, err
	}
	if len(files) > MaxPeers {
		return nil, fmt.Errorf("has %d peers, want at most %d", len(files), MaxPeers)
	}
	var out []Peer
	for _, f := range files {
		p := Peer{
			Device: phonelink.Device(f.Device), Name: f.Name, Model: f.Model, Adapter: f.Adapter,
			SPKI: f.SPKI, Certificate: f.Certificate, Version: f.Version,
			Paired: fromMillis(f.Paired), Seen: fromMillis(f.Seen),
		}
		for _, b := range f.Addresses {
			var a netip.AddrPort
			if err := a.UnmarshalBinary(b); err != nil {
				return nil, fmt.Errorf("peer %q: address % x: %w", f.Device, b, err)
			}
			p.Addresses = append(p.Addresses, a)
		}
		if err := p.Check(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o Peer) bool { return o.Device == p.Device }) {
			return nil, fmt.Errorf("peer %s stands there twice", p.Device)
		}
		out = append(out, p)
	}
	return out, nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func (s *Store) readPeers(id phonelink.Profile, p *profile) error {
	place := "profiles/" + string(id) + "/peers"
	data, err := s.disk.read(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the peers: %w", err)
	}
	plain, err := unseal(s.sealer(p), place, data)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.disk.path(place), err)
	}
	if p.peers, err = decodePeers(plain); err != nil {
		return fmt.Errorf("read %s: %w", s.disk.path(place), err)
	}
	return nil
}

func (s *Store) writePeers(id phonelink.Profile, p *profile, peers []Peer) error {
	plain, err := encodePeers(peers)
	if err != nil {
		return err
	}
	place := "profiles/" + string(id) + "/peers"
	if err := s.disk.write(place, seal(s.sealer(p), place, plain)); err != nil {
		return fmt.Errorf("write the peers: %w", err)
	}
	p.peers = peers
	return nil
}

// Peers are those that a profile trusts, by name. It is a copy.
func (s *Store) Peers(id phonelink.Profile) []Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.profiles[id]
	if p == nil {
		return nil
	}
	out := make([]Peer, 0, len(p.peers))
	for _, peer := range p.peers {
		out = append(out, peer.clone())
	}
	return out
}

func (p Peer) clone() Peer {
	p.SPKI = slices.Clone(p.SPKI)
	p.Certificate = slices.Clone(p.Certificate)
	p.Addresses = slices.Clone(p.Addresses)
	return p
}

// sameKey reports whether two peers of one device have the same key. What one
// of them does not say the other may: Put keeps what was known.
func (p Peer) sameKey(o Peer) bool {
	same := func(a, b []byte) bool { return len(a) == 0 || len(b) == 0 || bytes.Equal(a, b) }
	return same(p.SPKI, o.SPKI) && same(p.Certificate, o.Certificate)
}

// Put adds a peer, or replaces the one of the same device. A peer's key never
// changes (ErrOtherKey): who has another is somebody else, until a person has
// unpaired the one before.
func (s *Store) Put(id phonelink.Profile, peer Peer) error {
	if err := peer.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.profileLocked(id)
	if err != nil {
		return err
	}
	return s.putLocked(id, p, peer)
}

func (s *Store) putLocked(id phonelink.Profile, p *profile, peer Peer) error {
	peers := slices.Clone(p.peers)
	i := slices.IndexFunc(peers, func(o Peer) bool { return o.Device == peer.Device })
	switch {
	case i >= 0 && !peer.sameKey(peers[i]):
		return fmt.Errorf("put peer %s: %w", peer.Device, ErrOtherKey)
	case i >= 0:
		peer.Version = max(peer.Version, peers[i].Version) // a pin only rises
		if len(peer.SPKI) == 0 {
			peer.SPKI = peers[i].SPKI
		}
		if len(peer.Certificate) == 0 {
			peer.Certificate = peers[i].Certificate
		}
		peers[i] = peer.clone()
	case len(peers) >= MaxPeers:
		return fmt.Errorf("put peer %s: profile %s has %d peers, the most it may have: unpair one", peer.Device, id, len(peers))
	default:
		peers = append(peers, peer.clone())
	}
	slices.SortFunc(peers, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Device, b.Device))
	})
	return s.writePeers(id, p, peers)
}

// Remove unpairs: the wrapped key and the secret of the device are overwritten
// and removed, then it is forgotten. If it was the last way into the profile's
// contents, they are destroyed: nobody could read them again. It is ErrUnknown
// if the profile has neither; called again after a crash it ends what it began.
func (s *Store) Remove(id phonelink.Profile, d phonelink.Device) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.profiles[id]
	if p == nil {
		return ErrUnknown
	}
	if p.problem != nil {
		return p.problem
	}
	i := slices.IndexFunc(p.peers, func(o Peer) bool { return o.Device == d })
	slot := slices.IndexFunc(p.slots, func(o slot) bool { return o.owner == s.fileOf(d) })
	if i < 0 && slot < 0 {
		return ErrUnknown
	}
	if slot >= 0 {
		if err := s.dropSlot(id, p, slot); err != nil {
			return fmt.Errorf("destroy the key of %s: %w", d, err)
		}
	}
	if err := s.disk.destroy(s.secretPlace(id, d)); err != nil {
		return fmt.Errorf("destroy the secret for %s: %w", d, err)
	}
	if i < 0 {
		return nil
	}
	return s.writePeers(id, p, slices.Delete(slices.Clone(p.peers), i, i+1))
}

func (s *Store) secretPlace(id phonelink.Profile, d phonelink.Device) string {
	return "profiles/" + string(id) + "/secrets/" + s.fileOf(d)
}

// Secret is the key that this device releases to the peer inside the link, so
// that the peer can open what it keeps for this one: the phone's end of
// Unlock. It is ErrUnknown if it has none for that peer.
func (s *Store) Secret(id phonelink.Profile, d phonelink.Device) (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.profiles[id]
	if p == nil {
		return Key{}, ErrUnknown
	}
	if p.problem != nil {
		return Key{}, p.problem
	}
	place := s.secretPlace(id, d)
	data, err := s.disk.read(place)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, ErrUnknown
	}
	if err != nil {
		return Key{}, fmt.Errorf("read the secret for %s: %w", d, err)
	}
	plain, err := unseal(s.sealer(p), place, data)
	if err != nil {
		return Key{}, fmt.Errorf("read %s: %w", s.disk.path(place), err)
	}
	if len(plain) != len(Key{}) {
		return Key{}, fmt.Errorf("read %s: has %d bytes, want %d", s.disk.path(place), len(plain), len(Key{}))
	}
	return Key(plain), nil
}

// Complete keeps what a pairing gave: the peer; at the phone's end also the
// secret that it releases later, at the car's end the content key wrapped by
// that secret, which is not kept. At the car's end the profile must be
// unlocked, or ErrLocked: a second phone gets in only where the first, or the
// PIN, has opened.
func (s *Store) Complete(id phonelink.Profile, r PairResult) error {
	if err := r.Peer.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.profileLocked(id)
	if err != nil {
		return err
	}
	if r.Role == RolePhone {
		place := s.secretPlace(id, r.Peer.Device)
		if err := s.disk.write(place, seal(s.sealer(p), place, r.Secret[:])); err != nil {
			return fmt.Errorf("write the secret for %s: %w", r.Peer.Device, err)
		}
		return s.putLocked(id, p, r.Peer)
	}
	v, err := s.vaultLocked(id, p)
	if err != nil {
		return err
	}
	if v.key == nil {
		return ErrLocked
	}
	// The peer first: a crash in between leaves a peer that must pair again to
	// open the contents, never contents that only a forgotten phone opens.
	if err := s.putLocked(id, p, r.Peer); err != nil {
		return err
	}
	return s.addPhoneSlot(id, p, v, r.Peer.Device, r.Secret)
}

package node

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/journal"
	"tandem/phonelink/trust"
)

// compactAt is how long a journal may grow, and how many times its last
// snapshot, before it is compacted. All of it is read again by who was killed, at
// about 20 ms a MiB, before anything is shown.
const (
	compactAt    = 256 << 10
	compactTimes = 4
)

// room is an open profile: what is only there while its contents are.
type room struct {
	profile  phonelink.Profile
	key      string // names the content key
	journal  *journal.Journal
	state    *phonelink.State
	assets   *assets
	files    string
	shared   bool  // files is in Config.Files
	snapshot int64 // bytes of the journal when it was last compacted
	keep     bool  // the readable copies
	trouble  string
	renders  map[phonelink.SessionID]time.Time // when the last Render or Silence begins
	tags     map[uint64]chan<- error
	fetches  map[[32]byte]*fetch
	copies   map[[32]byte]string // readable copies, by hash
	sent     map[phonelink.SessionID]*outgoing
	origins  map[phonelink.SessionID]playerRef // sessions that were taken from a player
}

// openRoom opens a profile. trust.ErrLocked: its contents are locked.
func (n *Node) openRoom(p phonelink.Profile) (*room, error) {
	vault, err := n.store.Vault(p)
	if err != nil {
		return nil, err
	}
	aead, err := vault.AEAD("journal")
	if err != nil {
		return nil, err
	}
	base := filepath.Join(n.c.Data, "profiles", string(p))
	r := &room{
		profile: p, key: vault.ID(), files: n.c.Files,
		renders: map[phonelink.SessionID]time.Time{}, tags: map[uint64]chan<- error{},
		fetches: map[[32]byte]*fetch{}, copies: map[[32]byte]string{}, sent: map[phonelink.SessionID]*outgoing{},
		origins: map[phonelink.SessionID]playerRef{},
	}
	if r.files == "" {
		r.files = filepath.Join(base, "files")
	} else {
		r.files, r.shared = filepath.Join(r.files, "profile-"+string(p)), true
	}
	r.keep = n.c.Car == nil
	n.removeCopies()
	removeOldKeys(base, r.key)
	if err := r.openAssets(vault, filepath.Join(base, r.key, "assets"), n.c.MaxStore); err != nil {
		return nil, err
	}
	if err := r.openJournal(n, filepath.Join(base, r.key), aead); err != nil {
		return nil, err
	}
	return r, nil
}

// removeCopies removes the readable copies that a process left which was killed:
// in a car another person may drive now.
func (n *Node) removeCopies() {
	if n.c.Car == nil {
		return // a phone has one person, and keeps what came
	}
	old, _ := filepath.Glob(filepath.Join(n.c.Data, "profiles", "*", "files"))
	if n.c.Files != "" {
		old, _ = filepath.Glob(filepath.Join(n.c.Files, "profile-*"))
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			n.log.Error("readable copies of received files are left", "folder", dir, "error", err)
		}
	}
}

// removeOldKeys removes what an earlier content key had sealed: nobody has that
// key any more.
func removeOldKeys(base, key string) {
	old, _ := filepath.Glob(filepath.Join(base, "????????????????"))
	for _, dir := range old {
		if filepath.Base(dir) != key {
			os.RemoveAll(dir) // if it fails, it is ciphertext, and there is a next time
		}
	}
}

func (r *room) openAssets(vault *trust.Vault, dir string, limit int64) error {
	aead, err := vault.AEAD("assets")
	if err != nil {
		return err
	}
	names, err := vault.ReadFile("asset-names")
	if errors.Is(err, fs.ErrNotExist) {
		names = make([]byte, 32)
		rand.Read(names) // never fails
		err = vault.WriteFile("asset-names", names)
	}
	if err != nil {
		return err
	}
	r.assets = openAssets(dir, aead, names, limit)
	return nil
}

// openJournal reads the journal. One that is damaged is set aside and told
// about: sessions that peers still have come back from them, at the epochs that
// those know, so nothing is owned twice.
func (r *room) openJournal(n *Node, dir string, aead cipher.AEAD) error {
	c := journal.Config{Dir: dir, FS: n.c.Disk, AEAD: aead, Logger: n.log}
	j, records, err := journal.Open(c)
	if g := (*journal.Garbled)(nil); errors.As(err, &g) {
		aside, moved := journal.SetAside(c, g)
		if moved != nil {
			return errors.Join(err, moved)
		}
		n.log.Error("journal set aside", "problem", err, "file", aside)
		r.trouble = fmt.Sprintf("The record of profile %s was damaged and is kept as %s; sessions come back from the phones.", r.profile, filepath.Base(aside))
		j, records, err = journal.Open(c)
	}
	if err != nil {
		return err
	}
	state, err := phonelink.Recover(n.machine(), records)
	if err != nil {
		return errors.Join(fmt.Errorf("read the journal of profile %s: %w", r.profile, err), j.Close())
	}
	r.journal, r.state = j, state
	return nil
}

// machine is the session machine's configuration.
func (n *Node) machine() phonelink.Config {
	return phonelink.Config{
		Self: n.self.Device, Player: n.c.Player, Cannot: n.c.Cannot, AskFirst: n.c.AskFirst, Relay: n.c.Car != nil, Timing: n.c.Timing,
	}
}

// close closes the journal and removes the readable copies.
func (r *room) close() error {
	var errs []error
	for _, path := range r.copies {
		if !r.keep && filepath.Dir(path) == r.files { // else it is a file that somebody sent from where it is
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(append(errs, r.journal.Close())...)
}

// peerList is the trusted peers of the open profile, for the link.
type peerList struct {
	mu    sync.Mutex
	peers []trust.Peer
}

func (p *peerList) set(peers []trust.Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peers = peers
}

func (p *peerList) get() []trust.Peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers
}

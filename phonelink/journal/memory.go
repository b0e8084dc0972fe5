package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// ErrCrashed is what a Memory says from a crash or a kill to Restart, and for
// ever to a File from before it.
var ErrCrashed = errors.New("journal: the program was stopped")

// sector is the unit in which a Memory's disk keeps or loses what was written.
const sector = 512

// Memory is an FS that loses its power when it is told, and then keeps of what
// was not synced whatever an unkind disk might: each sector of each write, each
// cut of a file and each change of a name on its own, so that later ones may
// survive earlier ones; a sector may be cut in two; the length may have grown
// over bytes that never arrived, which are zeros or anything. The same seed
// does the same. It is for tests and simulations.
//
//	written --Sync, SyncDir--> durable        Crash: written -> durable or lost
//	                                          Kill: the program ends, no more
type Memory struct {
	random  *rand.Rand
	names   map[string]*blob // as the program sees them
	durable map[string]*blob // as a crash leaves them
	renames []rename         // not synced, oldest first
	life    int              // how often it was restarted
	off     bool             // no program runs
	changes int
	stopAt  int  // value of changes; 0: never
	kill    bool // stop by Kill
}

// blob is the content of a file, whatever its name.
type blob struct {
	now   []byte
	disk  []byte
	edits []edit // not synced, oldest first
}

// edit is data put at an offset, or a cut there if cut.
type edit struct {
	at   int
	data []byte
	cut  bool
}

// rename is one change of names: from is gone, to is the blob (nil: gone too).
type rename struct {
	from, to string // "": none
	blob     *blob
}

// NewMemory makes an empty Memory with its power on.
func NewMemory(seed uint64) *Memory {
	return &Memory{random: rand.New(rand.NewPCG(seed, 0x6a6f75726e616c)), names: map[string]*blob{}, durable: map[string]*blob{}}
}

// Changes counts the changes so far: creations, writes, cuts, syncs, renames,
// removals and syncs of folders.
func (m *Memory) Changes() int { return m.changes }

// CrashIn cuts the power in the middle of the nth change from now, 1 being the
// next; 0 takes that back.
func (m *Memory) CrashIn(n int) { m.stopIn(n, false) }

// KillIn is CrashIn that ends only the program.
func (m *Memory) KillIn(n int) { m.stopIn(n, true) }

func (m *Memory) stopIn(n int, kill bool) {
	m.stopAt, m.kill = 0, kill
	if n > 0 {
		m.stopAt = m.changes + n
	}
}

// Crashed reports whether the program was stopped and not restarted.
func (m *Memory) Crashed() bool { return m.off }

// Kill ends the program, as kill -9 does, and not the computer: what was
// written stays, and stays unsynced.
func (m *Memory) Kill() { m.off, m.stopAt = true, 0 }

// Crash cuts the power now. What was not synced is kept or lost.
func (m *Memory) Crash() {
	m.off, m.stopAt = true, 0
	blobs := map[*blob]bool{}
	for _, names := range []map[string]*blob{m.names, m.durable} {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if b := names[name]; !blobs[b] {
				blobs[b] = true
				b.crash(m.random)
			}
		}
	}
	for _, r := range m.renames {
		if m.random.IntN(2) == 0 {
			continue
		}
		if r.blob != nil && !blobs[r.blob] { // created, renamed over since, and only now seen again
			blobs[r.blob] = true
			r.blob.crash(m.random)
		}
		r.apply(m.durable)
	}
	m.renames = nil
	m.names = maps.Clone(m.durable)
}

// Restart starts the program again, after a Kill if it still ran. Files from
// before stay dead.
func (m *Memory) Restart() {
	m.Kill()
	m.off = false
	m.life++
}

// change counts one change; false: the program stops in the middle of it.
func (m *Memory) change() bool {
	m.changes++
	return m.changes != m.stopAt
}

func (m *Memory) crashed() error {
	if m.kill {
		m.Kill()
	} else {
		m.Crash()
	}
	return ErrCrashed
}

// ReadFile is part of FS.
func (m *Memory) ReadFile(name string) ([]byte, error) {
	if m.off {
		return nil, ErrCrashed
	}
	b := m.names[name]
	if b == nil {
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	return bytes.Clone(b.now), nil
}

// Create is part of FS.
func (m *Memory) Create(name string) (File, error) {
	if m.off {
		return nil, ErrCrashed
	}
	goesOn := m.change()
	b := m.names[name]
	if b == nil {
		b = &blob{}
		m.rename(rename{to: name, blob: b})
	} else {
		b.cut(0)
	}
	if !goesOn {
		return nil, m.crashed()
	}
	return &memoryFile{m: m, blob: b, life: m.life}, nil
}

// Extend is part of FS.
func (m *Memory) Extend(name string) (File, error) {
	if m.off {
		return nil, ErrCrashed
	}
	b := m.names[name]
	if b == nil {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return &memoryFile{m: m, blob: b, life: m.life}, nil
}

// Rename is part of FS.
func (m *Memory) Rename(from, to string) error {
	if m.off {
		return ErrCrashed
	}
	goesOn := m.change()
	b := m.names[from]
	if b == nil {
		return fmt.Errorf("rename %s: %w", from, fs.ErrNotExist)
	}
	m.rename(rename{from: from, to: to, blob: b})
	if !goesOn {
		return m.crashed()
	}
	return nil
}

// Remove is part of FS.
func (m *Memory) Remove(name string) error {
	if m.off {
		return ErrCrashed
	}
	if m.names[name] == nil {
		return nil
	}
	goesOn := m.change()
	m.rename(rename{from: name})
	if !goesOn {
		return m.crashed()
	}
	return nil
}

// SyncDir is part of FS.
func (m *Memory) SyncDir(dir string) error {
	if m.off {
		return ErrCrashed
	}
	if !m.change() {
		return m.crashed()
	}
	m.renames = slices.DeleteFunc(m.renames, func(r rename) bool {
		in := r.to != "" && filepath.Dir(r.to) == dir || r.from != "" && filepath.Dir(r.from) == dir
		if in {
			r.apply(m.durable)
		}
		return in
	})
	return nil
}

func (m *Memory) rename(r rename) {
	r.apply(m.names)
	m.renames = append(m.renames, r)
}

func (r rename) apply(names map[string]*blob) {
	if r.from != "" {
		delete(names, r.from)
	}
	if r.to != "" {
		names[r.to] = r.blob
	}
}

func (b *blob) write(data []byte) {
	b.edits = append(b.edits, edit{at: len(b.now), data: bytes.Clone(data)})
	b.now = append(b.now, data...)
}

func (b *blob) cut(size int) {
	b.edits = append(b.edits, edit{at: size, cut: true})
	b.now = b.now[:size]
}

func (b *blob) sync() {
	for _, e := range b.edits {
		if e.cut {
			b.disk = b.disk[:e.at]
		} else {
			b.disk = append(b.disk[:e.at], e.data...)
		}
	}
	b.edits = b.edits[:0]
}

// crash decides what is left of the edits.
func (b *blob) crash(random *rand.Rand) {
	for _, e := range b.edits {
		if e.cut {
			if random.IntN(2) == 0 && e.at <= len(b.disk) {
				b.disk = b.disk[:e.at]
			}
			continue
		}
		switch random.IntN(4) {
		case 0: // nothing of it arrived
		case 1:
			b.put(e.at, e.data, random)
		default:
			b.putSome(e, random)
		}
	}
	b.edits = nil
	b.now = bytes.Clone(b.disk)
}

// putSome keeps, tears or loses each sector of an edit, and perhaps its length.
func (b *blob) putSome(e edit, random *rand.Rand) {
	for at, end := e.at, e.at+len(e.data); at < end; {
		next := min(end, (at/sector+1)*sector)
		keep := next - at
		if random.IntN(2) == 0 {
			keep = random.IntN(keep + 1)
		}
		if keep > 0 {
			b.put(at, e.data[at-e.at:at-e.at+keep], random)
		}
		at = next
	}
	if random.IntN(2) == 0 {
		b.put(e.at+len(e.data), nil, random)
	}
}

// put writes data at an offset; what lies between it and the end before is
// zeros or anything.
func (b *blob) put(at int, data []byte, random *rand.Rand) {
	if hole := at - len(b.disk); hole > 0 {
		fill := make([]byte, hole)
		if random.IntN(4) == 0 {
			for i := range fill {
				fill[i] = byte(random.Uint32())
			}
		}
		b.disk = append(b.disk, fill...)
	}
	b.disk = append(b.disk[:at], append(bytes.Clone(data), b.disk[min(len(b.disk), at+len(data)):]...)...)
}

// memoryFile is an open file of a Memory.
type memoryFile struct {
	m    *Memory
	blob *blob
	life int
}

func (f *memoryFile) dead() bool { return f.m.off || f.m.life != f.life }

func (f *memoryFile) Write(p []byte) (int, error) {
	if f.dead() {
		return 0, ErrCrashed
	}
	goesOn := f.m.change()
	f.blob.write(p)
	if !goesOn {
		return 0, f.m.crashed()
	}
	return len(p), nil
}

func (f *memoryFile) Truncate(size int64) error {
	if f.dead() {
		return ErrCrashed
	}
	if size < 0 || size > int64(len(f.blob.now)) {
		return fmt.Errorf("truncate to %d bytes: it has %d", size, len(f.blob.now))
	}
	goesOn := f.m.change()
	f.blob.cut(int(size))
	if !goesOn {
		return f.m.crashed()
	}
	return nil
}

func (f *memoryFile) Sync() error {
	if f.dead() {
		return ErrCrashed
	}
	if !f.m.change() {
		return f.m.crashed()
	}
	f.blob.sync()
	return nil
}

func (f *memoryFile) Close() error { return nil }

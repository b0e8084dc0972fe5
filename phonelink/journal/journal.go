// Package journal keeps records on a disk so that a power cut at any moment
// leaves all that were acknowledged and nothing else. It does not know what a
// record says.
//
// One file, Dir/journal, is only ever appended to:
//
//	"TndmJnl" version flags file-id crc   frame 0   frame 1   frame 2 ...
//	    7        1      1      16    4
//
//	frame   0        4           12            16           20           20+length
//	        | length |  number   | crc payload | crc header | payload ... |
//
//	payload     record...                          flags 0
//	            nonce, sealed record..., tag       flags 1 (sealed)
//	record      uvarint length, bytes
//
// Numbers are big-endian, a crc is CRC-32C; a frame's header is summed after
// the file id. One frame is one Append: all its records are there or none. A
// frame is written only after the one before it is durable, and that decides
// what a frame means that cannot be read:
//
//	nothing after it    it was being written when the power went: cut, with a
//	                    line in the log
//	a frame after it    it had been durable and is damaged: *Garbled, and the
//	                    file stays as it is
//
// (Damage of the very last frame cannot be told from the former.) Frame 0 is
// in the file before the file gets its name, so it is never cut.
//
// Compact writes a new file beside the old one, syncs it, renames it over the
// old one and syncs the folder.
//
// # Sealing
//
// With an AEAD each payload is sealed under a random nonce, tied to the file id
// and the frame's number, so that frames cannot be exchanged or dropped; a
// whole older file cannot be told from the present one. Nonces are random and
// not counted because a counter that a crash rolls back would be used twice: one
// key is good for 2^32 appends with a nonce of 12 bytes, a hundred years at one
// a second.
package journal

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
)

// MaxBatch is the most bytes of one Append or snapshot.
const MaxBatch = 256 << 20

// Name is the journal's file in Config.Dir.
const Name = "journal"

// ErrKey says that the file is sealed with another key, or sealed and no key
// was given, or not sealed and one was.
var ErrKey = errors.New("journal: sealed with another key")

// ErrBroken says that an earlier write failed, so that what is on the disk is
// not known: only Open tells.
var ErrBroken = errors.New("journal: an earlier write failed")

// Garbled says that a journal is damaged at a place that a power cut cannot
// have damaged. The file is as it was; SetAside moves it out of the way.
type Garbled struct {
	Path   string
	Offset int64 // of the frame that cannot be read
	Reason string
}

func (e *Garbled) Error() string {
	return fmt.Sprintf("journal %s is damaged at byte %d: %s; move it away to start without it", e.Path, e.Offset, e.Reason)
}

// Config says where a journal is. Dir is needed.
type Config struct {
	Dir    string
	FS     FS           // nil: the operating system's
	AEAD   cipher.AEAD  // seals what is written; nil: plain
	Random io.Reader    // of ids and nonces; nil: crypto/rand
	Logger *slog.Logger // nil: silent
}

// Journal is an open journal. One goroutine at a time uses it.
type Journal struct {
	c      Config
	form   form
	file   File
	next   uint64 // number of the next frame
	size   int64
	buf    []byte
	broken error
}

// Open opens the journal, or begins one, and reads all its records, oldest
// first. The caller closes the Journal. Errors: *Garbled, ErrKey, those of the
// FS.
func Open(c Config) (*Journal, [][]byte, error) {
	if c.Dir == "" {
		return nil, nil, errors.New("open journal: no folder given")
	}
	if c.FS == nil {
		c.FS = OS{}
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	j := &Journal{c: c}
	data, err := c.FS.ReadFile(j.path())
	if errors.Is(err, fs.ErrNotExist) {
		if err := j.Compact(nil); err != nil {
			return nil, nil, fmt.Errorf("begin journal: %w", err)
		}
		return j, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open journal: %w", err)
	}
	records, err := j.load(data)
	if err != nil {
		return nil, nil, err
	}
	return j, records, nil
}

func (j *Journal) path() string { return filepath.Join(j.c.Dir, Name) }
func (j *Journal) temp() string { return j.path() + ".new" }

// load reads the file's content and opens the file for what follows.
func (j *Journal) load(data []byte) (records [][]byte, err error) {
	j.form, err = parseHeader(data, j.c.AEAD)
	if v := (*versionError)(nil); errors.Is(err, ErrKey) || errors.As(err, &v) {
		return nil, fmt.Errorf("open journal %s: %w", j.path(), err)
	}
	if err != nil {
		return nil, j.garbled(0, err.Error())
	}
	at := headerLen
	for at < len(data) || j.next == 0 {
		payload, size, err := j.form.payload(data[at:], j.next)
		if err != nil {
			return nil, j.garbled(at, err.Error())
		}
		if size == 0 {
			break
		}
		records, err = j.form.records(records, payload, j.next)
		if errors.Is(err, ErrKey) {
			return nil, fmt.Errorf("open journal %s: frame %d: %w", j.path(), j.next, err)
		}
		if err != nil {
			return nil, j.garbled(at, err.Error())
		}
		at += size
		j.next++
	}
	if j.next == 0 {
		return nil, j.garbled(at, "its first frame cannot be read")
	}
	if at < len(data) {
		if later := j.form.laterFrame(data[at+1:], j.next); later >= 0 {
			return nil, j.garbled(at, fmt.Sprintf("a frame cannot be read though there is another at byte %d", at+1+later))
		}
	}
	j.size = int64(at)
	return records, j.resume(len(data))
}

// resume opens a file whose first j.size of length bytes are good.
func (j *Journal) resume(length int) (err error) {
	if err := j.c.FS.Remove(j.temp()); err != nil {
		return fmt.Errorf("remove an unfinished compaction: %w", err)
	}
	if j.file, err = j.c.FS.Extend(j.path()); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if int64(length) > j.size {
		j.c.Logger.Warn("cut the unfinished end of a journal", "file", j.path(), "at_byte", j.size, "bytes", int64(length)-j.size)
		if err := j.file.Truncate(j.size); err != nil {
			return j.giveUp(fmt.Errorf("cut the unfinished end of %s: %w", j.path(), err))
		}
	}
	// What was read may have been written but never synced: whoever acts on
	// it must be able to rely on it.
	if err := j.file.Sync(); err != nil {
		return j.giveUp(fmt.Errorf("sync journal: %w", err))
	}
	if err := j.c.FS.SyncDir(j.c.Dir); err != nil {
		return j.giveUp(fmt.Errorf("sync the journal's folder: %w", err))
	}
	return nil
}

func (j *Journal) giveUp(err error) error {
	j.broken = err
	return errors.Join(err, j.file.Close())
}

func (j *Journal) garbled(at int, reason string) error {
	return &Garbled{Path: j.path(), Offset: int64(at), Reason: reason}
}

// Append writes records, all or none, and returns once they are durable. After
// an error the records may be there or not, and the Journal takes no more.
func (j *Journal) Append(records ...[]byte) error {
	if j.broken != nil {
		return fmt.Errorf("%w: %w", ErrBroken, j.broken)
	}
	if len(records) == 0 {
		return nil
	}
	b, err := j.form.appendFrame(j.buf[:0], j.next, records, j.c.Random)
	if err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	if j.buf = b; cap(b) > 1<<20 {
		j.buf = nil // a rare large one is not kept
	}
	if _, err = j.file.Write(b); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// The kernel may have thrown the pages away and call the file clean.
		j.broken = err
		return fmt.Errorf("append to journal: %w", err)
	}
	j.next++
	j.size += int64(len(b))
	return nil
}

// Compact puts a journal with one record, or none for nil, in the place of all
// before. It is durable when it returns. If the new file cannot be written the
// old one goes on being used; after any other error the Journal takes no more.
func (j *Journal) Compact(snapshot []byte) error {
	if j.broken != nil {
		return fmt.Errorf("%w: %w", ErrBroken, j.broken)
	}
	form, err := newForm(j.c.Random, j.c.AEAD)
	if err != nil {
		return fmt.Errorf("compact journal: %w", err)
	}
	var records [][]byte
	if snapshot != nil {
		records = [][]byte{snapshot}
	}
	b, err := form.appendFrame(form.appendHeader(nil), 0, records, j.c.Random)
	if err != nil {
		return fmt.Errorf("compact journal: %w", err)
	}
	file, err := j.writeTemp(b)
	if err != nil {
		return fmt.Errorf("compact journal: %w", errors.Join(err, j.c.FS.Remove(j.temp())))
	}
	if err = j.c.FS.Rename(j.temp(), j.path()); err == nil {
		err = j.c.FS.SyncDir(j.c.Dir)
	}
	if err != nil {
		j.broken = err
		return fmt.Errorf("compact journal: %w", errors.Join(err, file.Close()))
	}
	old := j.file
	j.form, j.file, j.next, j.size = form, file, 1, int64(len(b))
	if old != nil {
		if err := old.Close(); err != nil {
			j.c.Logger.Warn("close the journal before", "error", err)
		}
	}
	return nil
}

func (j *Journal) writeTemp(b []byte) (File, error) {
	file, err := j.c.FS.Create(j.temp())
	if err != nil {
		return nil, err
	}
	if _, err = file.Write(b); err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Size is how long the file is, in bytes: what to compact by.
func (j *Journal) Size() int64 { return j.size }

// Close closes the file. All that Append returned for is durable already.
func (j *Journal) Close() error {
	if j.broken == nil {
		j.broken = errors.New("it was closed")
	}
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// SetAside moves a damaged journal to a name of its own and returns that name,
// so that Open begins a new one and nothing is thrown away.
func SetAside(c Config, e *Garbled) (string, error) {
	if c.FS == nil {
		c.FS = OS{}
	}
	for i := 1; i < 1000; i++ {
		aside := fmt.Sprintf("%s.damaged-%d", e.Path, i)
		if _, err := c.FS.ReadFile(aside); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := c.FS.Rename(e.Path, aside); err != nil {
			return "", fmt.Errorf("set journal aside: %w", err)
		}
		if err := c.FS.SyncDir(c.Dir); err != nil {
			return "", fmt.Errorf("set journal aside: %w", err)
		}
		return aside, nil
	}
	return "", fmt.Errorf("set journal aside: there are too many %s.damaged-*", e.Path)
}

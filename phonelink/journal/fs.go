package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is where a journal's files are. Names are paths as package os takes them.
// One goroutine at a time uses it. The calls that change something are split
// as finely as a power cut can split them; a test's FS stops between any two.
type FS interface {
	// ReadFile reads a whole file; an error that is fs.ErrNotExist if there
	// is none.
	ReadFile(name string) ([]byte, error)
	// Create makes an empty file, or empties the one that is there, and
	// Extend opens one to write at its end. The caller closes the File.
	Create(name string) (File, error)
	Extend(name string) (File, error)
	// Rename puts a file in another's place at once: whoever looks sees the
	// one or the other.
	Rename(from, to string) error
	// Remove deletes a file; no error if there is none.
	Remove(name string) error
	// SyncDir makes what was created, renamed and removed in a folder durable.
	SyncDir(dir string) error
}

// File is an open file of an FS. What was written is durable only once Sync
// has returned nil.
type File interface {
	io.WriteCloser
	Truncate(size int64) error
	Sync() error
}

// OS is the operating system's FS: folders 0700, files 0600.
type OS struct{}

// ReadFile is part of FS.
func (OS) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// Create is part of FS; it makes the folder too.
func (OS) Create(name string) (File, error) {
	if err := makeDir(filepath.Dir(name)); err != nil {
		return nil, err
	}
	return open(name, os.O_CREATE|os.O_TRUNC)
}

// makeDir makes a folder and those above it, and each durable in its parent.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return OS{}.SyncDir(parent)
}

// Extend is part of FS.
func (OS) Extend(name string) (File, error) { return open(name, 0) }

// Rename is part of FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove is part of FS.
func (OS) Remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// SyncDir is part of FS.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func open(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// osFile syncs the data and the length, not the times.
type osFile struct{ *os.File }

func (f osFile) Sync() error { return datasync(f.File) }

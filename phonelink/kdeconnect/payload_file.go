package kdeconnect

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A file on its way has a name of this form, and is removed when the hub starts.
const (
	partPrefix = ".tandem-"
	partSuffix = ".part"
)

// keepFree is what a received file must leave on the disk, in bytes.
const keepFree = 64 << 20

// errSpace is a disk that has no room for what is announced.
var errSpace = errors.New("kdeconnect: not enough room on the disk")

// save fetches the payload into the hub's folder, under a name made from what
// the sender says, and returns its path. A file is there whole or not at all:
// it is written under another name, synced and renamed, and removed on any
// error. A transfer that broke cannot be resumed; the protocol has no way.
func (p *payloadReader) save(ctx context.Context, said string, progress func(int64)) (file string, err error) {
	dir := p.l.h.c.Dir
	if dir == "" {
		return "", fmt.Errorf("%w: there is no folder for files", errPayload)
	}
	if err := p.check(maxPayload); err != nil {
		return "", err
	}
	if free, ok := freeSpace(dir); ok && !room(free, p.size) {
		return "", fmt.Errorf("%w: %d bytes announced, %d free of which %d stay so", errSpace, p.size, free, keepFree)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("save file: %w", err)
	}
	defer root.Close()
	part := partPrefix + rand.Text() + partSuffix
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("save file: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			root.Remove(part)
		}
	}()
	if err := p.copy(ctx, f, maxPayload, progress); err != nil {
		return "", err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("save file: %w", err)
	}
	name, err := place(root, part, fileName(said))
	if err != nil {
		return "", fmt.Errorf("save file: %w", err)
	}
	return filepath.Join(dir, name), syncDir(root)
}

// room reports whether size bytes can be put where free are.
func room(free, size int64) bool { return free >= keepFree && size <= free-keepFree }

// maxSameName is how many files of one name are told apart by a number.
const maxSameName = 10000

// place renames part to name, or to name with a number if that is taken. An
// empty file holds the place: a rename alone would replace what is there.
func place(root *os.Root, part, name string) (string, error) {
	for n := range maxSameName {
		try := numbered(name, n)
		f, err := root.OpenFile(try, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		f.Close()
		if err := root.Rename(part, try); err != nil {
			root.Remove(try)
			return "", err
		}
		return try, nil
	}
	return "", fmt.Errorf("there are %d files called %s", maxSameName, name)
}

func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// sweepParts removes what an earlier process left unfinished.
func sweepParts(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), partPrefix) && strings.HasSuffix(e.Name(), partSuffix) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

package trust

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed file. The nonce is random: with 192 bits it never comes twice, so
// no counter has to survive a restart. What is sealed is bound to the file's
// place, so that a file put in another's place does not open.
//
//	0       8        32                  n+48
//	+-------+--------+-------------------+
//	| magic | nonce  | ciphertext + tag  |   XChaCha20-Poly1305
//	+-------+--------+-------------------+   additional data: magic || place
const magic = "TNDMSEA1"

// aeadOf derives a key for one purpose (HKDF-SHA-256, RFC 5869).
func aeadOf(secret, salt []byte, purpose string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, purpose, chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive a key for %s: %w", purpose, err)
	}
	defer clear(key)
	return chacha20poly1305.NewX(key)
}

func seal(a cipher.AEAD, place string, plain []byte) []byte {
	out := make([]byte, len(magic)+a.NonceSize(), len(magic)+a.NonceSize()+len(plain)+a.Overhead())
	copy(out, magic)
	rand.Read(out[len(magic):]) // never fails
	return a.Seal(out, out[len(magic):], plain, []byte(magic+place))
}

func unseal(a cipher.AEAD, place string, data []byte) ([]byte, error) {
	head := len(magic) + a.NonceSize()
	if len(data) < head+a.Overhead() {
		return nil, fmt.Errorf("has %d bytes, a sealed file has at least %d: it is cut short", len(data), head+a.Overhead())
	}
	if !bytes.HasPrefix(data, []byte(magic)) {
		return nil, fmt.Errorf("does not begin with %q: not a sealed file of this version", magic)
	}
	plain, err := a.Open(nil, data[len(magic):head], data[head:], []byte(magic+place))
	if err != nil {
		return nil, errors.New("does not open: it was changed, belongs elsewhere, or another key sealed it")
	}
	return plain, nil
}

// disk is the folder of the store. Every change goes through step, which a
// test makes fail to see what a crash there leaves behind.
type disk struct {
	dir  string
	step func(what, path string) error // nil: nothing in between
}

func (d disk) path(place string) string { return filepath.Join(d.dir, filepath.FromSlash(place)) }

func (d disk) at(what, path string) error {
	if d.step == nil {
		return nil
	}
	return d.step(what, path)
}

// read reads a whole file of at most maxFile bytes.
func (d disk) read(place string) ([]byte, error) {
	f, err := os.Open(d.path(place))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: is above %d bytes", d.path(place), maxFile)
	}
	return data, nil
}

// write replaces a file as a whole: after a crash it is the old or the new.
func (d disk) write(place string, data []byte) (err error) {
	path := d.path(place)
	if err := d.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := d.at("create", tmp); err != nil {
		return err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = d.flush(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = d.at("rename", path)
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// flush makes what was written to a file durable.
func (d disk) flush(f *os.File) error {
	if err := d.at("sync", f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

// mkdir makes a folder for the owner only, and what is new durable: it flushes
// the folders from its parent up to the first that was there.
func (d disk) mkdir(path string) error {
	var made []string
	for p := path; ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			break
		}
		made = append(made, p)
	}
	if len(made) == 0 {
		return nil
	}
	if err := d.at("mkdir", path); err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, p := range made {
		if err := d.syncDir(filepath.Dir(p)); err != nil {
			return err
		}
	}
	return nil
}

func (d disk) syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // a folder cannot be flushed there
	}
	if err := d.at("syncdir", path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// destroy overwrites a file in its place before it is removed, so that a disk
// that writes in place keeps nothing. It is renamed first: from then on it does
// not count, and sweep ends what a crash left undone. Missing is as good as
// destroyed.
func (d disk) destroy(place string) error {
	path := d.path(place)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := d.at("condemn", path); err != nil {
		return err
	}
	if err := os.Rename(path, path+gone); err != nil {
		return err
	}
	if err := d.syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	return d.shred(path + gone)
}

// gone marks a file that is being destroyed.
const gone = ".gone"

func (d disk) shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = d.at("overwrite", path)
	}
	if err == nil {
		noise := make([]byte, min(info.Size(), maxFile))
		rand.Read(noise)
		_, err = f.Write(noise)
	}
	if err == nil {
		err = d.flush(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = d.at("remove", path)
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// sweep ends in one folder what a crash left: files condemned but not yet
// destroyed, and new files that never got their name.
func (d disk) sweep(place string) error {
	entries, err := os.ReadDir(d.path(place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(d.path(place), e.Name())
		switch {
		case !e.Type().IsRegular():
		case filepath.Ext(path) == gone:
			if err := d.shred(path); err != nil {
				return err
			}
		case filepath.Ext(path) == ".tmp":
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeAll removes a folder of ciphertext whose key is gone.
func (d disk) removeAll(place string) error {
	if err := d.at("removeall", d.path(place)); err != nil {
		return err
	}
	if err := os.RemoveAll(d.path(place)); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(d.path(place)))
}

// removeFolder removes a folder with all that is in it, the file named last at
// the end. From within a sandbox the emptied folder itself may have to stay.
func (d disk) removeFolder(place, last string) error {
	entries, err := os.ReadDir(d.path(place))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == last {
			continue
		}
		if err := d.removeAll(place + "/" + e.Name()); err != nil {
			return err
		}
	}
	if err := d.removeAll(place + "/" + last); err != nil {
		return err
	}
	if err := os.Remove(d.path(place)); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.syncDir(filepath.Dir(d.path(place))); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err // the folder above may be out of sight too
	}
	return nil
}

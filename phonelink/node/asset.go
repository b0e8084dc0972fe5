package node

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tandem/phonelink"
)

const (
	chunkSize = 64 << 10 // bytes of an asset that travel, and are sealed, at once
	maxAsset  = 4 << 30  // bytes of one asset
)

// errAsset says that what was received is not what was named.
var errAsset = errors.New("node: the content does not fit its name")

// assets keeps blobs by their content, sealed chunk by chunk, so that a chunk
// can be read, and a copy resumed, without the rest.
//
//	NAME       chunk 0 | chunk 1 | ...   whole: its hash was verified
//	NAME.part  chunk 0 | ... | chunk n   what has come so far
//	NAME.ref   chunk 0                   the path of a file elsewhere that has it
//
//	chunk      nonce | up to 64 KiB | tag, tied to the hash and the chunk's number
//
// NAME is a keyed hash of the hash: whoever knows a file cannot see whether it
// is here. One goroutine at a time uses it.
type assets struct {
	dir   string
	aead  cipher.AEAD
	names []byte // key of the names
	limit int64  // bytes on the disk
}

// openAssets opens the store, which is made when the first asset comes.
func openAssets(dir string, aead cipher.AEAD, names []byte, limit int64) *assets {
	return &assets{dir: dir, aead: aead, names: names, limit: limit}
}

func (a *assets) path(hash [32]byte, ending string) string {
	mac := hmac.New(sha256.New, a.names)
	mac.Write(hash[:])
	return filepath.Join(a.dir, hex.EncodeToString(mac.Sum(nil)[:16])+ending)
}

func (a *assets) sealed() int64 { return int64(chunkSize + a.aead.NonceSize() + a.aead.Overhead()) }

func tie(hash [32]byte, index int64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(hash[:]), uint64(index))
}

func (a *assets) seal(hash [32]byte, index int64, data []byte) []byte {
	out := make([]byte, a.aead.NonceSize(), int(a.sealed()))
	rand.Read(out) // never fails
	return a.aead.Seal(out, out, data, tie(hash, index))
}

func (a *assets) unseal(hash [32]byte, index int64, sealed []byte) ([]byte, error) {
	n := a.aead.NonceSize()
	if len(sealed) < n {
		return nil, errAsset
	}
	return a.aead.Open(nil, sealed[:n], sealed[n:], tie(hash, index))
}

// has reports whether the asset is here and whole, or where a file has it.
func (a *assets) has(hash [32]byte) bool {
	if _, err := os.Stat(a.path(hash, "")); err == nil {
		return true
	}
	_, _, err := a.reference(hash)
	return err == nil
}

// chunk reads chunk index of an asset.
func (a *assets) chunk(hash [32]byte, index int64) ([]byte, error) {
	if index < 0 || index > maxAsset/chunkSize {
		return nil, fmt.Errorf("read asset %x: no chunk %d", hash[:4], index)
	}
	f, err := os.Open(a.path(hash, ""))
	if errors.Is(err, fs.ErrNotExist) {
		return a.chunkElsewhere(hash, index)
	}
	if err != nil {
		return nil, fmt.Errorf("read asset: %w", err)
	}
	defer f.Close()
	buf := make([]byte, a.sealed())
	n, err := f.ReadAt(buf, index*a.sealed())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read asset: %w", err)
	}
	data, err := a.unseal(hash, index, buf[:n])
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of asset %x: %w", index, hash[:4], err)
	}
	return data, nil
}

func (a *assets) chunkElsewhere(hash [32]byte, index int64) ([]byte, error) {
	path, _, err := a.reference(hash)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read asset: %w", err)
	}
	defer f.Close()
	buf := make([]byte, chunkSize)
	n, err := f.ReadAt(buf, index*chunkSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read asset: %w", err)
	}
	return buf[:n], nil
}

// have counts the chunks of an unfinished copy that are good, and cuts off what
// a crash left behind them.
func (a *assets) have(hash [32]byte) int64 {
	f, err := os.OpenFile(a.path(hash, ".part"), os.O_RDWR, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	whole := info.Size() / a.sealed()
	for buf := make([]byte, a.sealed()); whole > 0; whole-- {
		if _, err := f.ReadAt(buf, (whole-1)*a.sealed()); err == nil {
			if _, err := a.unseal(hash, whole-1, buf); err == nil {
				break
			}
		}
	}
	if f.Truncate(whole*a.sealed()) != nil {
		return 0
	}
	return whole
}

// put adds chunk index, which must be the next one.
func (a *assets) put(hash [32]byte, index int64, data []byte) error {
	if len(data) > chunkSize {
		return fmt.Errorf("chunk of %d bytes, want at most %d", len(data), chunkSize)
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("write asset: %w", err)
	}
	f, err := os.OpenFile(a.path(hash, ".part"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write asset: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != index*a.sealed() {
		return fmt.Errorf("write asset: chunk %d is not the next", index)
	}
	if _, err := f.WriteAt(a.seal(hash, index, data), index*a.sealed()); err != nil {
		return errors.Join(fmt.Errorf("write asset: %w", err), f.Truncate(index*a.sealed()))
	}
	return nil
}

// finish verifies a copy and makes it an asset, durably. A copy that does not
// fit its name is removed, with errAsset.
func (a *assets) finish(hash [32]byte, size int64) error {
	part := a.path(hash, ".part")
	if size == 0 { // no chunk ever came
		if err := a.put(hash, 0, nil); err != nil {
			return err
		}
	}
	sum := sha256.New()
	if err := a.read(part, hash, sum); err != nil || !bytes.Equal(sum.Sum(nil), hash[:]) {
		return errors.Join(errAsset, err, os.Remove(part))
	}
	f, err := os.Open(part)
	if err != nil {
		return fmt.Errorf("finish asset: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("finish asset: %w", err)
	}
	if err := os.Rename(part, a.path(hash, "")); err != nil {
		return fmt.Errorf("finish asset: %w", err)
	}
	return syncDir(a.dir)
}

// read unseals a whole file into w.
func (a *assets) read(path string, hash [32]byte, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for index, buf := int64(0), make([]byte, a.sealed()); ; index++ {
		n, err := io.ReadFull(f, buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		data, err := a.unseal(hash, index, buf[:n])
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
}

// copyTo writes a readable copy of a whole asset, with the mode whatever the
// umask.
func (a *assets) copyTo(hash [32]byte, to string, mode fs.FileMode) (err error) {
	if path, _, err := a.reference(hash); err == nil {
		return os.Symlink(path, to)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write a copy: %w", err)
	}
	if err := errors.Join(a.read(a.path(hash, ""), hash, f), f.Chmod(mode), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write a copy: %w", err), os.Remove(to))
	}
	return nil
}

// refer makes an asset of a file that stays where it is.
func (a *assets) refer(path string) (asset phonelink.Asset, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return asset, fmt.Errorf("send %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return asset, fmt.Errorf("send %s: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return asset, fmt.Errorf("send %s: %w", path, err)
	case !info.Mode().IsRegular():
		return asset, fmt.Errorf("send %s: it is not a file", path)
	case info.Size() > maxAsset:
		return asset, fmt.Errorf("send %s: it has %d bytes, want at most %d", path, info.Size(), int64(maxAsset))
	}
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return asset, fmt.Errorf("send %s: %w", path, err)
	}
	asset = phonelink.Asset{SHA256: [32]byte(sum.Sum(nil)), Size: size, Name: filepath.Base(path)}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return asset, fmt.Errorf("send %s: %w", path, err)
	}
	text := fmt.Sprintf("%d %d %s", size, info.ModTime().UnixNano(), path)
	return asset, replaceFile(a.path(asset.SHA256, ".ref"), a.seal(asset.SHA256, 0, []byte(text)))
}

// reference is the file elsewhere that has the asset, if it has not changed.
func (a *assets) reference(hash [32]byte) (path string, size int64, err error) {
	sealed, err := os.ReadFile(a.path(hash, ".ref"))
	if err != nil {
		return "", 0, fmt.Errorf("read asset: %w", err)
	}
	text, err := a.unseal(hash, 0, sealed)
	if err != nil {
		return "", 0, fmt.Errorf("read asset: %w", err)
	}
	var modified int64
	parts := bytes.SplitN(text, []byte(" "), 3)
	if len(parts) != 3 {
		return "", 0, errAsset
	}
	if _, err := fmt.Sscan(string(parts[0])+" "+string(parts[1]), &size, &modified); err != nil {
		return "", 0, errAsset
	}
	path = string(parts[2])
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, fmt.Errorf("read asset: %w", err)
	}
	if info.Size() != size || info.ModTime().UnixNano() != modified {
		return "", 0, fmt.Errorf("read asset: %s has changed since", path)
	}
	return path, size, nil
}

// room makes room for size bytes by removing what is not kept, the longest
// unused first. It says no if that is not enough.
func (a *assets) room(size int64, keep func(file string) bool) error {
	entries, err := os.ReadDir(a.dir)
	if errors.Is(err, fs.ErrNotExist) {
		entries, err = nil, nil
	}
	if err != nil {
		return fmt.Errorf("look for room: %w", err)
	}
	type file struct {
		name string
		size int64
		time time.Time
	}
	var old []file
	used := size
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // it went away just now
		}
		used += info.Size()
		if !keep(e.Name()) {
			old = append(old, file{e.Name(), info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(old, func(x, y file) int { return x.time.Compare(y.time) })
	for _, f := range old {
		if used <= a.limit {
			break
		}
		if err := os.Remove(filepath.Join(a.dir, f.name)); err != nil {
			return fmt.Errorf("make room: %w", err)
		}
		used -= f.size
	}
	if used > a.limit {
		return fmt.Errorf("no room for %d bytes more: %d of %d are in use", size, used-size, a.limit)
	}
	return nil
}

// replaceFile writes a file so that a crash leaves the old or the new.
func replaceFile(path string, data []byte) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), os.Remove(temp))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

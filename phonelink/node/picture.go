package node

import (
	"context"
	"crypto/sha256"
	"fmt"

	"tandem/phonelink"
)

var _ phonelink.Pictures = (*Node)(nil)

// pictureAt is where a picture is.
type pictureAt struct {
	store *assets
	size  int64
	err   error
}

// Picture is part of phonelink.Pictures: an asset that a session of the profile
// names, if it is here and whole, or what an adapter's phone sent.
func (n *Node) Picture(ctx context.Context, sum [32]byte) ([]byte, error) {
	for _, a := range n.adapters {
		if p, ok := a.(phonelink.Pictures); ok {
			if data, err := p.Picture(ctx, sum); err == nil {
				return data, nil
			}
		}
	}
	found := make(chan pictureAt, 1)
	if err := n.post(ctx, func(l *loop) { found <- l.pictureAt(sum) }); err != nil {
		return nil, err
	}
	select {
	case at := <-found:
		if at.err != nil {
			return nil, at.err
		}
		return at.read(sum)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *loop) pictureAt(sum [32]byte) pictureAt {
	if l.room == nil {
		return pictureAt{err: l.closed()}
	}
	_, size, ok := l.named(sum)
	switch {
	case !ok:
		return pictureAt{err: refuse(phonelink.RefusedUnknown, "no session has this picture")}
	case size <= 0 || size > phonelink.MaxPicture:
		return pictureAt{err: refuse(phonelink.RefusedUnsupported, "this is too large for a picture")}
	}
	return pictureAt{store: l.room.assets, size: size}
}

// read unseals the whole of it.
func (p pictureAt) read(sum [32]byte) ([]byte, error) {
	if !p.store.has(sum) {
		return nil, refuse(phonelink.RefusedUnknown, "the picture has not come yet")
	}
	out := make([]byte, 0, p.size) // at most MaxPicture
	for i := int64(0); int64(len(out)) < p.size; i++ {
		data, err := p.store.chunk(sum, i)
		if err != nil {
			return nil, err
		}
		if len(data) == 0 || int64(len(out)+len(data)) > p.size {
			return nil, errAsset
		}
		out = append(out, data...)
	}
	return out, nil
}

// KeepPicture makes an asset of a picture, for the Icon and the Assets of a
// session that is opened next.
func (n *Node) KeepPicture(ctx context.Context, name, mime string, data []byte) (phonelink.Asset, error) {
	if len(data) == 0 || len(data) > phonelink.MaxPicture {
		return phonelink.Asset{}, fmt.Errorf("keep picture %s: %d bytes, want 1 to %d", name, len(data), phonelink.MaxPicture)
	}
	asset := phonelink.Asset{SHA256: sha256.Sum256(data), Size: int64(len(data)), MIME: mime, Name: fileName(name)}
	kept := make(chan error, 1)
	err := n.post(ctx, func(l *loop) {
		if l.room == nil {
			kept <- l.closed()
			return
		}
		store, keep := l.room.assets, l.keptAssets()
		l.background(func() { kept <- store.add(asset, data, keep) })
	})
	if err != nil {
		return phonelink.Asset{}, err
	}
	select {
	case err := <-kept:
		return asset, err
	case <-ctx.Done():
		return phonelink.Asset{}, ctx.Err()
	}
}

// add puts a whole asset that is in memory.
func (a *assets) add(asset phonelink.Asset, data []byte, keep func(file string) bool) error {
	if a.has(asset.SHA256) {
		return nil
	}
	if err := a.room(asset.Size, keep); err != nil {
		return err
	}
	for i := a.have(asset.SHA256); i*chunkSize < asset.Size; i++ {
		if err := a.put(asset.SHA256, i, data[i*chunkSize:min((i+1)*chunkSize, asset.Size)]); err != nil {
			return err
		}
	}
	return a.finish(asset.SHA256, asset.Size)
}

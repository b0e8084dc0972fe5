package kdeconnect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// Album art comes on demand and once: a phone that can send it names the art of
// what plays in albumArtUrl, is asked for that, and sends a payload. It is kept
// in memory only, by its content, and forgotten with the profile.
//
//	phone                                    here
//	  |--- mpris player, albumArtUrl U --------->|  U is another than before
//	  |<-- mpris.request player, albumArtUrl U --|
//	  |--- transferringAlbumArt, U, payload ---->|  U is still what plays: fetch
//
// What U says is never opened here: it is a name, and only the phone knows what
// is behind it.

const (
	maxArts      = 8 << 20 // bytes of art that are kept
	maxArtURL    = 4096    // bytes of a name of art
	maxFetchArts = 2       // at once, of one phone
	artWithin    = 15 * time.Second
)

// art is the art of a player, as far as it is known.
type art struct {
	url string // what it is called; "" for none
}

type (
	// artEffect fetches the art of a player into memory.
	artEffect struct {
		device      phonelink.Device
		player, url string
		payload     payload
	}
	// artEvent is how that ended; the zero hash: it did not come.
	artEvent struct {
		device      phonelink.Device
		player, url string
		sum         [32]byte
	}
)

func (artEffect) effect() {}

// artNamed takes the name of what plays now, and asks for another one.
func (s *state) artNamed(now time.Time, p *phone, pl *player, url string) {
	if len(url) > maxArtURL {
		url = ""
	}
	if url == pl.art.url {
		return
	}
	pl.art.url, pl.Icon = url, [32]byte{}
	s.askArt(now, p, pl)
}

func (s *state) askArt(now time.Time, p *phone, pl *player) {
	if pl.art.url != "" && p.sendsArt {
		s.hint(now, p, &packet.MPRISRequest{Player: pl.Name, ArtURL: pl.art.url})
	}
}

// artComes fetches art that is that of what plays.
func (s *state) artComes(p *phone, b *packet.MPRIS, load payload) {
	pl := p.playerNamed(b.Player)
	if pl == nil || load == nil || b.ArtURL == nil || *b.ArtURL != pl.art.url || pl.art.url == "" || pl.Icon != [32]byte{} || p.artsUnder >= maxFetchArts {
		return
	}
	p.artsUnder++
	s.out = append(s.out, artEffect{p.device, pl.Name, pl.art.url, load})
}

// artCame shows art, if it is still that of what plays.
func (s *state) artCame(e artEvent) {
	p := s.phones[e.device]
	if p == nil {
		return
	}
	p.artsUnder = max(0, p.artsUnder-1)
	if pl := p.playerNamed(e.player); pl != nil && pl.art.url == e.url {
		pl.Icon = e.sum
	}
}

func (p *phone) playerNamed(name string) *player {
	for _, pl := range p.players {
		if pl.Name == name {
			return pl
		}
	}
	return nil
}

// fetchArt receives art beside the loop.
func (l *loop) fetchArt(e artEffect) {
	ctx := l.ctx
	l.group.Go(func() {
		within, cancel := context.WithTimeout(ctx, artWithin)
		defer cancel()
		came := artEvent{device: e.device, player: e.player, url: e.url}
		data, err := e.payload.read(within, phonelink.MaxPicture)
		switch {
		case err != nil:
			l.a.log.Debug("album art not received", "device", e.device, "err", err)
		case !isPicture(data):
			l.a.log.Debug("album art is no picture", "device", e.device, "bytes", len(data))
		default:
			came.sum = l.a.arts.put(data)
		}
		select {
		case l.a.artsCome <- came:
		case <-ctx.Done():
		}
	})
}

// isPicture reports whether data begins as JPEG (ISO/IEC 10918-1, B.1.1.3) or
// PNG (RFC 2083, 3.1): nothing else is kept.
func isPicture(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xff\xd8\xff")) || bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n"))
}

// arts keeps pictures by their content, the last used ones.
type arts struct {
	mu   sync.Mutex
	all  []keptArt // the last used is last
	size int
}

type keptArt struct {
	sum  [32]byte
	data []byte
}

// put keeps a picture and gives its name.
func (a *arts) put(data []byte) [32]byte {
	sum := sha256.Sum256(data)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(without(a.all, func(k keptArt) bool { return k.sum == sum }), keptArt{sum, data})
	a.size = 0
	for _, k := range a.all {
		a.size += len(k.data)
	}
	for a.size > maxArts {
		a.size -= len(a.all[0].data)
		a.all = append([]keptArt(nil), a.all[1:]...)
	}
	return sum
}

func (a *arts) get(sum [32]byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, k := range a.all {
		if k.sum == sum {
			a.all = append(append(a.all[:i:i], a.all[i+1:]...), k)
			return k.data
		}
	}
	return nil
}

func (a *arts) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all, a.size = nil, 0
}

// Picture is part of phonelink.Pictures: the album art of a phone's players.
func (a *Adapter) Picture(_ context.Context, sum [32]byte) ([]byte, error) {
	if data := a.arts.get(sum); data != nil {
		return data, nil
	}
	return nil, refuse(phonelink.RefusedUnknown, "There is no picture %s.", fmt.Sprintf("%x", sum[:4]))
}

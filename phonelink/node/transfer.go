package node

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"tandem/phonelink"
)

// Assets travel at the wish of who needs them, so that nothing comes that was
// not asked for:
//
//	receiver                                  sender
//	   |--- want(hash, from chunk n, 16) --------->|   n: what it has already
//	   |<-- chunk(hash, n, up to 64 KiB) ----------|   class bulk, in order
//	   |--- want(hash, n+16, 16) when 8 are left ->|
//	   |    last chunk: verify the hash, keep
//	   |--- want(hash, from the end, 0) ---------->|   it is all here: sent
const (
	window     = 16              // chunks asked for at once
	stallAfter = 3 * time.Second // then they are asked for again
	fetchAhead = 32 << 20        // bytes of a session's assets that are fetched before anybody takes it
	shareFiles = 5               // tracks of a queue whose files another device may have
	assetURL   = "asset:"        // and the hash in hex: a track whose file is an asset
)

// fetch is an asset on its way here.
type fetch struct {
	asset    phonelink.Asset
	sessions []phonelink.SessionID // that name it
	from     phonelink.Device
	givers   map[phonelink.Device]bool // who offered it, and is told when it is all here
	ready    bool                      // what is on the disk is known
	have     int64
	asked    int64
	at       time.Time
	done     bool
	keeping  bool // a readable copy is being made
	problem  string
	missing  map[phonelink.Device]bool // who has it not
}

// source is who is asked: whoever offered it, else another peer of the profile,
// which has the session and perhaps the asset; "": nobody in reach.
func (l *loop) source(f *fetch) phonelink.Device {
	if up(l.peers[f.from].State) && !f.missing[f.from] {
		return f.from
	}
	for _, p := range l.n.store.Peers(l.profile) {
		if up(l.peers[p.Device].State) && !f.missing[p.Device] {
			return p.Device
		}
	}
	return ""
}

func (f *fetch) chunks() int64 { return (f.asset.Size + chunkSize - 1) / chunkSize }

// serving is a want with the store that has it.
type serving struct {
	want  note
	store *assets
}

// need fetches an asset unless it is here.
func (l *loop) need(e phonelink.NeedAsset) {
	r := l.room
	hash := e.Asset.SHA256
	if f := r.fetches[hash]; f != nil {
		f.name(e)
		if f.done && !f.keeping {
			l.keep(f, false) // for another session, or another peer that wants to know
		}
		if !f.done && e.From != "" && (f.problem != "" || f.from != e.From) {
			f.problem, f.from, f.missing = "", e.From, nil
			l.want(f)
		}
		return
	}
	if e.Asset.Size < 0 || e.Asset.Size > maxAsset {
		l.log.Warn("asset is too long", "session", e.Session, "bytes", e.Asset.Size)
		return
	}
	f := &fetch{asset: e.Asset, from: e.From, at: time.Now(), givers: map[phonelink.Device]bool{}}
	f.name(e)
	r.fetches[hash] = f
	if r.assets.has(hash) {
		l.keep(f, false)
		return
	}
	keep := l.keptAssets()
	l.background(func() {
		have := r.assets.have(hash)
		err := r.assets.room(e.Asset.Size-have*chunkSize, keep)
		l.n.post(l.ctx, func(l *loop) {
			if l.room != r {
				return
			}
			f.have, f.ready = have, true
			if err != nil {
				l.failed(f, err)
				return
			}
			l.want(f)
		})
	})
}

// name notes that one more session, or peer, has to do with it.
func (f *fetch) name(e phonelink.NeedAsset) {
	if !slices.Contains(f.sessions, e.Session) {
		f.sessions = append(f.sessions, e.Session)
	}
	if e.From != "" {
		f.givers[e.From] = true
	}
}

// tellWhole lets those who offered an asset know that it is all here.
func (l *loop) tellWhole(f *fetch) {
	for d := range f.givers {
		if up(l.peers[d].State) {
			l.note(d, phonelink.ClassMedia, note{Kind: noteWant, Hash: f.asset.SHA256[:], Index: f.chunks()})
		}
	}
}

// keptAssets tells the files of assets that sessions still name.
func (l *loop) keptAssets() func(file string) bool {
	names := map[string]bool{}
	for _, v := range l.room.state.Views(l.now()) {
		for _, a := range v.Assets {
			for _, ending := range []string{"", ".part", ".ref"} {
				names[filepath.Base(l.room.assets.path(a.SHA256, ending))] = true
			}
		}
	}
	return func(file string) bool { return names[file] }
}

func (l *loop) failed(f *fetch, err error) {
	l.log.Warn("asset cannot be kept", "session", f.sessions[0], "error", err)
	f.problem = err.Error()
	l.dirty = true
}

// want asks for what is missing, from the first missing chunk on.
func (l *loop) want(f *fetch) {
	if f.done || !f.ready || f.problem != "" {
		return
	}
	if f.have >= f.chunks() {
		l.keep(f, true)
		return
	}
	from := l.source(f)
	if from == "" {
		return
	}
	f.from, f.asked = from, f.have
	l.wantMore(f)
}

func (l *loop) wantMore(f *fetch) {
	n := min(window, f.chunks()-f.asked)
	f.at = time.Now()
	if n > 0 {
		l.note(f.from, phonelink.ClassMedia, note{Kind: noteWant, Hash: f.asset.SHA256[:], Index: f.asked, Count: n})
		f.asked += n
	}
}

// chunk takes a piece of an asset.
func (l *loop) chunk(from phonelink.Device, n note) {
	if l.room == nil {
		return
	}
	f := l.room.fetches[[32]byte(n.Hash)]
	if f == nil || f.done || f.problem != "" || !f.ready || f.from != from || n.Index != f.have || n.Index >= f.asked {
		return
	}
	want := min(chunkSize, f.asset.Size-n.Index*chunkSize)
	if int64(len(n.Data)) != want {
		l.failed(f, fmt.Errorf("chunk %d has %d bytes, want %d", n.Index, len(n.Data), want))
		return
	}
	if err := l.room.assets.put(f.asset.SHA256, n.Index, n.Data); err != nil {
		l.failed(f, err)
		return
	}
	f.have++
	f.at = time.Now()
	l.dirty = true
	switch {
	case f.have == f.chunks():
		l.keep(f, true)
	case f.asked-f.have <= window/2:
		l.wantMore(f)
	}
}

// keep verifies a whole asset, and gives it a readable copy for who plays or
// opens it.
func (l *loop) keep(f *fetch, verify bool) {
	r := l.room
	f.done, f.keeping, f.have = true, true, f.chunks()
	copied := r.copies[f.asset.SHA256] == "" && slices.ContainsFunc(f.sessions, func(id phonelink.SessionID) bool {
		v, _ := r.state.Session(id, l.now())
		return v.Kind == phonelink.File || v.Kind == phonelink.Media && f.asset.SHA256 != v.Icon
	})
	l.background(func() {
		var err error
		path := ""
		if verify {
			err = r.assets.finish(f.asset.SHA256, f.asset.Size)
		}
		if err == nil && copied {
			path, err = r.readable(f.asset)
		}
		l.n.post(l.ctx, func(l *loop) {
			if l.room != r {
				return
			}
			l.dirty, l.urgent = true, true
			f.keeping = false
			if err != nil {
				f.done, f.have, f.ready = false, 0, true
				l.failed(f, err)
				return
			}
			if path != "" {
				r.copies[f.asset.SHA256] = path
			}
			l.tellWhole(f)
		})
	})
}

// fetchFrom goes on with what a peer sends, after its link came up.
func (l *loop) fetchFrom(d phonelink.Device) {
	if l.room == nil {
		return
	}
	for _, f := range l.room.fetches {
		if f.done && !f.keeping && f.givers[d] {
			l.tellWhole(f) // it may have been said to a process that has ended
		}
		if delete(f.missing, d); f.from == d || !up(l.peers[f.from].State) {
			l.want(f)
		}
	}
}

// fetchAll looks for the assets of all sessions, after a profile was opened.
func (l *loop) fetchAll() {
	if l.room == nil {
		return
	}
	for _, v := range l.room.state.Views(l.now()) {
		if v.Local {
			l.fetchOf(&v)
		}
	}
}

// fetchOf fetches what a session names, from whoever has the session too.
func (l *loop) fetchOf(v *phonelink.SessionView) {
	var total int64
	for _, a := range v.Assets {
		total += a.Size
	}
	if !v.Local && (total > fetchAhead || total < 0) {
		return
	}
	for _, a := range v.Assets {
		if f := l.room.fetches[a.SHA256]; f == nil || !slices.Contains(f.sessions, v.ID) {
			l.need(phonelink.NeedAsset{Session: v.ID, From: v.OnPhone, Asset: a})
		}
	}
}

func (l *loop) fetchTick(now time.Time) {
	for _, f := range l.room.fetches {
		if !f.done && f.ready && f.problem == "" && now.Sub(f.at) >= stallAfter {
			f.at = now
			l.want(f)
		}
	}
}

// fetchDue is when fetchTick has something to do; zero: not.
func (l *loop) fetchDue() (due time.Time) {
	for _, f := range l.room.fetches {
		if f.done || !f.ready || f.problem != "" || l.source(f) == "" {
			continue
		}
		if at := f.at.Add(stallAfter); due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}

// wanted serves chunks of an asset that a session of the profile names.
func (l *loop) wanted(from phonelink.Device, n note) {
	if l.room == nil {
		return
	}
	hash := [32]byte(n.Hash)
	l.sentTo(from, hash, n.Index, n.Count == 0)
	if n.Count == 0 {
		return
	}
	if _, _, ok := l.named(hash); !ok {
		l.note(from, phonelink.ClassMedia, note{Kind: noteMissing, Hash: n.Hash})
		return
	}
	queue := l.servers[from]
	if queue == nil {
		queue = make(chan serving, 4)
		l.servers[from] = queue
		l.background(func() { l.n.serveAssets(l.ctx, from, queue) })
	}
	select {
	case queue <- serving{n, l.room.assets}:
	default: // it asks again
	}
}

// named finds the session that names an asset.
func (l *loop) named(hash [32]byte) (id phonelink.SessionID, size int64, ok bool) {
	for _, v := range l.room.state.Views(l.now()) {
		for _, a := range v.Assets {
			if a.SHA256 == hash {
				return v.ID, a.Size, true
			}
		}
	}
	return id, 0, false
}

// serveAssets sends what one peer wants, as fast as the link takes it.
func (n *Node) serveAssets(ctx context.Context, to phonelink.Device, queue <-chan serving) {
	for {
		var s serving
		select {
		case <-ctx.Done():
			return
		case s = <-queue:
		}
		hash := [32]byte(s.want.Hash)
		for i := s.want.Index; i < s.want.Index+s.want.Count; i++ {
			data, err := s.store.chunk(hash, i)
			answer := note{Kind: noteChunk, Hash: hash[:], Index: i, Data: data}
			if err != nil {
				n.log.Warn("asset cannot be sent", "to", to, "error", err)
				answer = note{Kind: noteMissing, Hash: hash[:]}
			}
			b, encodeErr := encodeNote(answer)
			if encodeErr != nil || n.hub.Send(ctx, to, phonelink.ClassBulk, b) != nil || err != nil {
				break
			}
			if len(data) < chunkSize {
				break
			}
		}
		n.post(ctx, func(l *loop) { l.sentTo(to, hash, s.want.Index+s.want.Count, false) })
	}
}

// sentTo notes how far the files are that were sent from here with this
// content: so many chunks are there. Only the receiver knows when all is.
func (l *loop) sentTo(to phonelink.Device, hash [32]byte, chunks int64, all bool) {
	if l.room == nil {
		return
	}
	for _, out := range l.room.sent {
		if out.to != to || out.hash != hash || out.finished {
			continue
		}
		out.done = min(out.size, chunks*chunkSize)
		if all && out.done == out.size {
			out.finished = true
		}
		l.dirty = true
	}
}

// missing: the sender has not got it any more.
func (l *loop) missing(from phonelink.Device, hash [32]byte) {
	if l.room == nil {
		return
	}
	f := l.room.fetches[hash]
	if f == nil || f.from != from || f.done {
		return
	}
	if f.missing == nil {
		f.missing = map[phonelink.Device]bool{}
	}
	f.missing[from] = true
	l.dirty = true
	if l.want(f); f.from == from {
		f.problem = "the sender does not have it any more"
	}
}

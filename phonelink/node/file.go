package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// outgoing is a file that was sent from here.
type outgoing struct {
	to       phonelink.Device
	name     string
	hash     [32]byte
	size     int64
	done     int64
	finished bool
	problem  string
}

// readable makes a copy of an asset that other programs can read, below a name
// that a person knows; of a file that was never copied, it is that file.
func (r *room) readable(a phonelink.Asset) (string, error) {
	if path, _, err := r.assets.reference(a.SHA256); err == nil {
		return path, nil
	}
	if err := r.makeFiles(); err != nil {
		return "", fmt.Errorf("write a copy: %w", err)
	}
	ext := filepath.Ext(fileName(a.Name))
	base := strings.TrimSuffix(fileName(a.Name), ext)
	for i := 1; i < 1000; i++ {
		name := base + ext
		if i > 1 {
			name = fmt.Sprintf("%s (%d)%s", base, i, ext)
		}
		path := filepath.Join(r.files, name)
		err := r.assets.copyTo(a.SHA256, path, r.fileMode())
		if !errors.Is(err, os.ErrExist) {
			return path, err
		}
		if info, statErr := os.Stat(path); statErr == nil && info.Size() == a.Size && r.same(a, path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("write a copy: there are too many files named %s in %s", base+ext, r.files)
}

// fileMode is that of the readable copies: those in Config.Files are for the
// shell too, which may be another user of that folder's group; nobody else.
func (r *room) fileMode() fs.FileMode {
	if r.shared {
		return 0o640
	}
	return 0o600
}

// makeFiles makes the folder of the readable copies. If what lies above it
// hands its group on (setgid), so does this one.
func (r *room) makeFiles() error {
	if err := os.MkdirAll(r.files, 0o700); err != nil || !r.shared {
		return err
	}
	above, err := os.Stat(filepath.Dir(r.files))
	if err != nil {
		return err
	}
	return os.Chmod(r.files, 0o750|above.Mode()&fs.ModeSetgid)
}

// same reports whether a file is a copy of the asset.
func (r *room) same(a phonelink.Asset, path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return err == nil && [32]byte(sum.Sum(nil)) == a.SHA256
}

// fileName is a name of a file that a peer gave, without what could leave the
// folder, hide the file or end a program's patience.
func fileName(name string) string {
	name = trust.CleanName(filepath.Base(strings.ReplaceAll(name, "\\", "/")))
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.TrimLeft(name, ". "))
	if strings.Trim(name, "_") == "" {
		return "file"
	}
	return name
}

// sendFile offers a file to a peer. The file stays where it is, and is read
// when the peer wants it.
func (l *loop) sendFile(r phonelink.SendFile, reply chan<- error) {
	room := l.room
	switch {
	case room == nil:
		reply <- l.closed()
		return
	case !allowed(l.profile, phonelink.File):
		reply <- refuse(phonelink.RefusedProfile, "a guest has media and navigation only")
		return
	case !up(l.peers[r.Device].State):
		reply <- refuse(phonelink.RefusedAbsent, "the phone is not in reach")
		return
	}
	l.background(func() {
		asset, err := room.assets.refer(r.Path)
		if err != nil {
			reply <- err
			return
		}
		if l.n.post(l.ctx, func(l *loop) { l.offerFile(room, r.Device, asset, reply) }) != nil {
			reply <- errEnded
		}
	})
}

func (l *loop) offerFile(room *room, to phonelink.Device, asset phonelink.Asset, reply chan<- error) {
	if l.room != room {
		reply <- refuse(phonelink.RefusedProfile, "another profile was opened")
		return
	}
	name := fileName(asset.Name)
	asset.Name = name
	s := phonelink.Session{
		ID: newID(time.Now()), Kind: phonelink.File, Title: cut(name, phonelink.MaxTitle), Assets: []phonelink.Asset{asset},
		Doc: &phonelink.FileDoc{Name: name, Size: asset.Size},
	}
	room.sent[s.ID] = &outgoing{to: to, name: name, hash: asset.SHA256, size: asset.Size}
	l.openAndSend(s, to, reply)
}

// share makes the files of a queue assets, so that another device can have
// them: those of the next few tracks. It runs on a goroutine of its own.
func (r *room) share(s phonelink.Session) phonelink.Session {
	d, ok := s.Doc.(*phonelink.MediaDoc)
	if !ok {
		return s
	}
	c := *d
	c.Queue = slices.Clone(d.Queue)
	s.Assets = slices.Clone(s.Assets)
	for i := max(0, d.Index); i < min(len(c.Queue), d.Index+shareFiles) && len(s.Assets) < phonelink.MaxAssets; i++ {
		u, err := url.Parse(c.Queue[i].URL)
		if err != nil || u.Scheme != "file" {
			continue
		}
		asset, err := r.assets.refer(u.Path)
		if err != nil {
			continue // the player will say so
		}
		if !slices.ContainsFunc(s.Assets, func(a phonelink.Asset) bool { return a.SHA256 == asset.SHA256 }) {
			s.Assets = append(s.Assets, asset)
		}
		c.Queue[i].URL = assetURL + hex.EncodeToString(asset.SHA256[:])
	}
	s.Doc = &c
	return s
}

// hasFiles reports whether share has something to do.
func hasFiles(s *phonelink.Session) bool {
	d, ok := s.Doc.(*phonelink.MediaDoc)
	return ok && slices.ContainsFunc(d.Queue, func(t phonelink.Track) bool { return strings.HasPrefix(t.URL, "file:") })
}

// located is the document with the assets' readable copies for their names;
// ready is false while the track that would play has none.
func (r *room) located(doc phonelink.Document) (out phonelink.Document, ready bool) {
	d, ok := doc.(*phonelink.MediaDoc)
	if !ok || !slices.ContainsFunc(d.Queue, func(t phonelink.Track) bool { return strings.HasPrefix(t.URL, assetURL) }) {
		return doc, true
	}
	c := *d
	c.Queue = slices.Clone(d.Queue)
	ready = true
	for i := range c.Queue {
		name, ok := strings.CutPrefix(c.Queue[i].URL, assetURL)
		if !ok {
			continue
		}
		hash, err := hex.DecodeString(name)
		path := ""
		if err == nil && len(hash) == 32 {
			path = r.copies[[32]byte(hash)]
		}
		if path != "" {
			c.Queue[i].URL = (&url.URL{Scheme: "file", Path: path}).String()
		} else if i == c.Index {
			ready = false
		}
	}
	return &c, ready
}

// transfers are the files on their way, as a shell shows them.
func (l *loop) transfers() (out []phonelink.Transfer) {
	for id, o := range l.room.sent {
		v, ok := l.room.state.Session(id, l.now())
		if !ok && o.finished {
			delete(l.room.sent, id) // the receiver has put it away
			continue
		}
		out = append(out, phonelink.Transfer{
			ID: id.String(), Device: o.to, Name: o.name, Size: o.size, Done: o.done, Problem: o.problem,
			Finished: o.finished && !v.Local, // the content goes ahead of the yes
		})
	}
	for hash, f := range l.room.fetches {
		f.sessions = slices.DeleteFunc(f.sessions, func(id phonelink.SessionID) bool {
			v, ok := l.room.state.Session(id, l.now())
			if ok && v.Kind == phonelink.File && v.Local {
				out = append(out, l.incomingFile(f, &v))
			}
			return !ok
		})
		if len(f.sessions) == 0 {
			delete(l.room.fetches, hash)
		}
	}
	slices.SortFunc(out, func(a, b phonelink.Transfer) int { return strings.Compare(b.ID, a.ID) })
	return out
}

// incomingFile is a file that somebody dropped here, as a shell shows it.
func (l *loop) incomingFile(f *fetch, v *phonelink.SessionView) phonelink.Transfer {
	t := phonelink.Transfer{
		ID: v.ID.String(), Device: f.from, Name: fileName(f.asset.Name), Size: f.asset.Size,
		Done: min(f.asset.Size, f.have*chunkSize), Incoming: true, Problem: f.problem, Path: l.room.copies[f.asset.SHA256],
	}
	if d, ok := v.Doc.(*phonelink.FileDoc); ok && d.Name != "" {
		t.Name = fileName(d.Name)
	}
	t.Finished = f.done && t.Path != ""
	return t
}

// progress is how much of a session's assets is here, 0 to 1.
func (r *room) progress(v *phonelink.SessionView) float64 {
	if len(v.Assets) == 0 {
		return 1
	}
	var have, all int64
	for _, a := range v.Assets {
		all += a.Size
		if f := r.fetches[a.SHA256]; f != nil {
			have += min(a.Size, f.have*chunkSize)
		}
	}
	if all == 0 {
		return 1
	}
	return float64(have) / float64(all)
}

// cancel ends a transfer: the session ends, and so what it names may go.
func (l *loop) cancel(ctx context.Context, r phonelink.Cancel, reply chan<- error) {
	id, err := phonelink.ParseSessionID(r.Transfer)
	if err != nil || l.room == nil {
		l.toAdapters(ctx, r, "", reply)
		return
	}
	if out := l.room.sent[id]; out != nil {
		delete(l.room.sent, id)
	}
	for hash, f := range l.room.fetches {
		if len(f.sessions) == 1 && f.sessions[0] == id {
			delete(l.room.fetches, hash)
		}
	}
	l.dirty = true
	l.ask(phonelink.End{Session: id}, reply)
}

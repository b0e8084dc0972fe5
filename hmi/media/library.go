package media

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dhowden/tag"

	"tandem/phonelink"
)

// Limits of a library: a stick with a million files must not stop the car.
const (
	maxTracks = 20000
	maxDepth  = 16
	maxTag    = 256 // bytes of one tag that are kept
)

// Track is one music file.
type Track struct {
	ID     string // from the path below the library's folder; stable
	Path   string
	Title  string // the file's name if it has no tag
	Artist string
	Album  string
	Number int // on its disc; 0: not known
	Disc   int
	Length time.Duration // 0: not known
}

// URL is the track's file as a URL (RFC 8089).
func (t Track) URL() string { return (&url.URL{Scheme: "file", Path: t.Path}).String() }

// Library is the music below one folder, in the order artist, album, disc,
// number, title.
type Library struct {
	Dir    string
	Tracks []Track
	// Skipped is how many files looked like music and are not: damaged, or too
	// many.
	Skipped int
}

// Scan reads the tags of all music files below a folder. It follows no links.
// A file without usable tags is still music. The error is that of the folder
// itself, or of ctx.
func Scan(ctx context.Context, dir string) (*Library, error) {
	lib := &Library{Dir: dir}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("scan music: %w", err)
	}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, _ := filepath.Rel(root, p)
		switch {
		case err != nil && p == root:
			return err
		case err != nil:
			lib.Skipped++
			return nil
		case d.IsDir():
			if strings.Count(rel, string(filepath.Separator)) >= maxDepth || rel != "." && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || !isMusic(p):
			return nil
		case len(lib.Tracks) >= maxTracks:
			lib.Skipped++
			return nil
		}
		t, err := readTrack(p, rel)
		if err != nil {
			lib.Skipped++
			return nil
		}
		lib.Tracks = append(lib.Tracks, t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("scan music: %w", err)
	}
	slices.SortStableFunc(lib.Tracks, func(a, b Track) int {
		return cmp.Or(strings.Compare(a.Artist, b.Artist), strings.Compare(a.Album, b.Album),
			cmp.Compare(a.Disc, b.Disc), cmp.Compare(a.Number, b.Number), strings.Compare(a.Title, b.Title), strings.Compare(a.Path, b.Path))
	})
	return lib, nil
}

func isMusic(p string) bool {
	switch strings.ToLower(filepath.Ext(p)) {
	case ".mp3", ".flac", ".ogg", ".oga", ".wav":
		return true
	}
	return false
}

func readTrack(p, rel string) (t Track, err error) {
	sum := sha256.Sum256([]byte(filepath.ToSlash(rel)))
	t = Track{ID: hex.EncodeToString(sum[:8]), Path: p, Title: strings.TrimSuffix(filepath.Base(p), filepath.Ext(p))}
	f, err := os.Open(p)
	if err != nil {
		return t, err
	}
	defer f.Close()
	var head [4]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return t, err
	}
	if info, err := f.Stat(); err == nil {
		t.Length = lengthOf(f, info.Size())
	}
	defer func() {
		if recover() != nil { // a hostile tag: the file's name will do
			err = nil
		}
	}()
	m, err := tag.ReadFrom(f)
	if errors.Is(err, tag.ErrNoTagsFound) || err != nil {
		return t, nil
	}
	if s := clean(m.Title()); s != "" {
		t.Title = s
	}
	t.Artist, t.Album = clean(m.Artist()), clean(m.Album())
	t.Number, _ = m.Track()
	t.Disc, _ = m.Disc()
	return t, nil
}

// clean is a tag fit to be shown: valid UTF-8, one line, not too long.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if len(s) > maxTag {
		s = strings.ToValidUTF8(s[:maxTag], "")
	}
	return s
}

// Session is a new media session that plays these tracks from the given one
// on.
func Session(tracks []Track, from int) phonelink.Session {
	doc := &phonelink.MediaDoc{Index: from, Rate: 1, Volume: 1, Playing: true}
	for _, t := range tracks {
		doc.Queue = append(doc.Queue, phonelink.Track{ID: t.ID, URL: t.URL(), Title: t.Title, Artist: t.Artist, Album: t.Album, Length: t.Length})
	}
	s := phonelink.Session{Kind: phonelink.Media, Doc: doc, Needs: phonelink.NeedsAudio}
	if from < len(tracks) {
		s.Title = tracks[from].Title
	}
	return s
}

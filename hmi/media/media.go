// Package media plays music: local files by their tags, and what a continuity
// session says is to be played. It decodes with beep and writes to an Output,
// the seam of the sound hardware; it knows no sound card, no screen and no
// protocol.
//
//	phonelink.View -> Player -> voice (decoder, ahead) -> deck -> Output
//	                    |                                  |
//	                    +---- Loaded, Playhead, Edit <-----+
//
// The Player does what the session's owner must: get ready when View says Load,
// sound from RenderAt on when it says Render, be silent otherwise. When to say
// Loaded, where to be and what comes next are the rules of phonelink
// (playback.go), which phonelink/player follows too; its package comment says why
// the two are not one.
//
// There is no Output for a sound device here: the head unit plays into Null,
// which keeps time and is silent. Who has a loudspeaker implements Output.
//
// Covers are the pictures of what plays, from tags, sessions and phones.
package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/gopxl/beep/v2"
	"github.com/gopxl/beep/v2/flac"
	"github.com/gopxl/beep/v2/mp3"
	"github.com/gopxl/beep/v2/vorbis"
	"github.com/gopxl/beep/v2/wav"
)

// Frame is one sample of the left and the right channel, -1 to 1.
type Frame = [2]float64

// Rate is the sample rate of every Output, in frames per second.
const Rate = 48000

// block is how many frames go to the Output at once: 10 ms.
const block = Rate / 100

// decoded is a stream at Rate with its length.
type decoded struct {
	stream beep.Streamer // at Rate
	source beep.StreamSeekCloser
	length time.Duration // 0: not known
}

// ErrFormat is wrapped by the error of a file that no decoder takes.
var ErrFormat = errors.New("media: not MP3, FLAC, Ogg Vorbis or WAV")

// decode finds the decoder by the first bytes and starts it at a position: by
// seeking if r is an io.Seeker, else by decoding up to it. It closes r if it
// fails. A file that upsets a decoder is an error of that file.
func decode(name string, r io.ReadCloser, from time.Duration) (d *decoded, err error) {
	defer func() {
		if p := recover(); p != nil {
			d, err = nil, fmt.Errorf("decode %s: the file is damaged: %v", name, p)
		}
		if err != nil {
			_ = r.Close()
		}
	}()
	var head [12]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	open, ok := decoderOf(head[:n], name)
	if !ok {
		return nil, fmt.Errorf("decode %s: %w", name, ErrFormat)
	}
	seeker, seekable := r.(io.Seeker)
	if seekable {
		_, err = seeker.Seek(0, io.SeekStart)
	} else {
		r = stream{io.MultiReader(bytes.NewReader(head[:n]), r), r}
	}
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	source, format, err := open(r)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	if format.SampleRate < 4000 || format.SampleRate > 768000 {
		return nil, fmt.Errorf("decode %s: a sample rate of %d", name, format.SampleRate)
	}
	d = &decoded{stream: source, source: source}
	if seekable {
		d.length = format.SampleRate.D(source.Len())
	}
	if err := d.skip(format.SampleRate.N(from), seekable); err != nil {
		return nil, fmt.Errorf("decode %s: go to %v: %w", name, from, err)
	}
	if format.SampleRate != Rate {
		d.stream = beep.Resample(3, format.SampleRate, Rate, source)
	}
	return d, nil
}

// skip leaves out that many samples at the start.
func (d *decoded) skip(samples int, seekable bool) error {
	if samples <= 0 {
		return nil
	}
	if seekable {
		return d.source.Seek(min(samples, max(d.source.Len()-1, 0)))
	}
	var scratch [512]Frame
	for samples > 0 {
		n, ok := d.source.Stream(scratch[:min(samples, len(scratch))])
		if samples -= n; !ok {
			return d.source.Err()
		}
	}
	return nil
}

// stream is a reader that cannot seek, with its first bytes given back.
type stream struct {
	io.Reader
	io.Closer
}

type opener func(io.ReadCloser) (beep.StreamSeekCloser, beep.Format, error)

func decoderOf(head []byte, name string) (opener, bool) {
	starts := func(s string) bool { return strings.HasPrefix(string(head), s) }
	switch {
	case starts("fLaC"):
		return func(r io.ReadCloser) (beep.StreamSeekCloser, beep.Format, error) { return flac.Decode(r) }, true
	case starts("OggS"):
		return vorbis.Decode, true
	case starts("RIFF"):
		return func(r io.ReadCloser) (beep.StreamSeekCloser, beep.Format, error) { return wav.Decode(r) }, true
	case starts("ID3"), len(head) > 1 && head[0] == 0xff && head[1]&0xe0 == 0xe0, strings.EqualFold(path.Ext(name), ".mp3"):
		return mp3.Decode, true
	}
	return nil, false
}

// read fills dst and reports how much it filled; fewer than asked is the end.
func (d *decoded) read(dst []Frame) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	for n < len(dst) {
		k, ok := d.stream.Stream(dst[n:])
		n += k
		if !ok {
			return n, d.source.Err()
		}
	}
	return n, nil
}

// Opener finds the content of a track's URL. A content that is an io.Seeker can
// be started anywhere at once.
type Opener func(ctx context.Context, u string) (io.ReadCloser, error)

// Files opens file: URLs below the given folders and http(s) streams. Another
// device may name a URL, so nothing else of this machine can be opened.
func Files(client *http.Client, dirs ...string) Opener {
	return func(ctx context.Context, u string) (io.ReadCloser, error) {
		p, err := url.Parse(u)
		if err != nil {
			return nil, fmt.Errorf("open track: %w", err)
		}
		switch p.Scheme {
		case "file":
			return openBelow(dirs, p.Path)
		case "http", "https":
			return openHTTP(ctx, client, u)
		}
		return nil, fmt.Errorf("open track: no player for %q addresses here", p.Scheme)
	}
}

func openBelow(dirs []string, file string) (io.ReadCloser, error) {
	for _, dir := range dirs {
		rel, err := filepath.Rel(dir, file)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, fmt.Errorf("open track: %w", err)
		}
		defer root.Close()
		f, err := root.Open(rel)
		if err != nil {
			return nil, fmt.Errorf("open track: %w", err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("open track %s: not in a music folder of this car", path.Base(file))
}

func openHTTP(ctx context.Context, client *http.Client, u string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, fmt.Errorf("open track: %w", err)
	}
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("open track: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("open track %s: the server says %s", name(u), resp.Status)
	}
	return resp.Body, nil
}

// name is what a URL is called in a message.
func name(u string) string {
	p, err := url.Parse(u)
	if err != nil || p.Path == "" {
		return u
	}
	return path.Base(p.Path)
}

package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"tandem/hmi"
	"tandem/hmi/media"
	"tandem/phonelink"
)

// pictured is a picture w by h, red at the left, blue at the right.
func pictured(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{200, 20, 20, 255}
			if x >= w/2 {
				c = color.NRGBA{20, 20, 200, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claims is a PNG that says that it is that large, and has next to nothing.
func claims(w, h uint32, depth, kind byte) []byte {
	out := []byte("\x89PNG\r\n\x1a\n")
	head := binary.BigEndian.AppendUint32(nil, w)
	head = append(binary.BigEndian.AppendUint32(head, h), depth, kind, 0, 0, 0)
	out = append(binary.BigEndian.AppendUint32(out, 13), "IHDR"...)
	out = append(out, head...)
	sum := crc32.NewIEEE()
	sum.Write([]byte("IHDR"))
	sum.Write(head)
	return binary.BigEndian.AppendUint32(out, sum.Sum32())
}

// shelf has pictures by hash, and counts what is asked of it.
type shelf struct {
	mu    sync.Mutex
	have  map[[32]byte][]byte
	asked int
}

func (s *shelf) Picture(_ context.Context, sum [32]byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if data := s.have[sum]; data != nil {
		return data, nil
	}
	return nil, &phonelink.Refusal{Code: phonelink.RefusedUnknown, Reason: "not yet"}
}

func (s *shelf) put(id byte, data []byte) hmi.Cover {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.have[[32]byte{id}] = data
	return hmi.Cover{SHA256: [32]byte{id}}
}

func (s *shelf) count() int { s.mu.Lock(); defer s.mu.Unlock(); return s.asked }

// covers run until the test ends.
func covers(t testing.TB, c media.CoversConfig) *media.Covers {
	t.Helper()
	cs := media.NewCovers(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- cs.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return cs
}

// wait is a cover when it has come.
func wait(t testing.TB, cs *media.Covers, which hmi.Cover, px int) image.Image {
	t.Helper()
	for {
		if img := cs.Cover(which, px); img != nil {
			return img
		}
		<-cs.C()
	}
}

// A cover comes by its hash or from a file's tags, is the size that was asked
// for, the middle of the picture, with its corners cut.
func TestCovers(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := &shelf{have: map[[32]byte][]byte{}}
	dir := t.TempDir()
	song := filepath.Join(dir, "song.mp3")
	write(t, dir, "song.mp3", id3With(jpegOf(t, pictured(300, 100))))
	cs := covers(t, media.CoversConfig{Pictures: s, Open: media.Files(nil, dir)})
	for name, which := range map[string]hmi.Cover{
		"a JPEG":            s.put(1, jpegOf(t, pictured(640, 400))),
		"a small PNG":       s.put(2, pngOf(t, pictured(8, 8))),
		"a file":            {URL: (media.Track{Path: song}).URL()},
		"a file, not there": {SHA256: [32]byte{99}, URL: (media.Track{Path: song}).URL()},
	} {
		img := wait(t, cs, which, 100)
		if b := img.Bounds(); b != image.Rect(0, 0, 100, 100) {
			t.Errorf("%s: got %v, want 100 by 100", name, b)
		}
		left, right := img.At(20, 50).(color.NRGBA), img.At(80, 50).(color.NRGBA)
		if left.R < 150 || left.B > 80 || right.B < 150 || right.R > 80 || left.A != 255 {
			t.Errorf("%s: got %v and %v, want red and blue", name, left, right)
		}
		for _, p := range []image.Point{{0, 0}, {99, 0}, {0, 99}, {99, 99}} {
			if _, _, _, a := img.At(p.X, p.Y).RGBA(); a != 0 {
				t.Errorf("%s: the corner %v is not cut", name, p)
			}
		}
	}
}

// What a hostile device sends costs nothing and shows nothing.
func TestHostilePictures(t *testing.T) {
	scans := jpegOf(t, pictured(16, 16))
	for name, data := range map[string][]byte{
		"a bomb in PNG":        claims(60000, 60000, 8, 6),
		"a long bomb":          claims(1<<31-1, 1, 1, 0),
		"a dear PNG":           claims(4000, 4000, 16, 6),
		"cut off":              pngOf(t, pictured(64, 64))[:80],
		"a JPEG cut off":       jpegOf(t, pictured(64, 64))[:300],
		"a large JPEG":         largeJPEG(t, 60000, 60000),
		"a dear progressive":   largeJPEG(t, 4000, 4000, 0xc2),
		"a JPEG of many scans": append(scans[:len(scans):len(scans)], bytes.Repeat([]byte("\xff\xda"), 200)...),
		"a GIF":                []byte("GIF89a\x01\x00\x01\x00"),
		"words":                []byte("<svg/>"),
		"nothing":              {},
		"too long":             append(pngOf(t, pictured(8, 8)), make([]byte, phonelink.MaxPicture)...),
	} {
		if _, err := media.DecodePicture(data); !errors.Is(err, media.ErrPicture) && name != "too long" {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
		s := &shelf{have: map[[32]byte][]byte{}}
		which, good := s.put(1, data), s.put(2, pngOf(t, pictured(8, 8)))
		cs := covers(t, media.CoversConfig{Pictures: s})
		cs.Cover(which, 50)
		wait(t, cs, good, 50) // made after: the latest comes first, so twice
		wait(t, cs, good, 51)
		for range 100 {
			cs.Retry()
		}
		wait(t, cs, good, 52)
		if cs.Cover(which, 50) != nil {
			t.Errorf("%s: it is shown", name)
		}
	}
}

// largeJPEG is a JPEG whose frame header says another size, and perhaps another
// kind.
func largeJPEG(t testing.TB, w, h uint16, sof ...byte) []byte {
	data := bytes.Clone(jpegOf(t, pictured(16, 16)))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(data[at+5:], h)
	binary.BigEndian.PutUint16(data[at+7:], w)
	if len(sof) > 0 {
		data[at+1] = sof[0]
	}
	return data
}

// What has not come is looked for again when something has changed, less and
// less often; what cannot be shown is not.
func TestCoversThatComeLater(t *testing.T) {
	s := &shelf{have: map[[32]byte][]byte{}}
	cs := covers(t, media.CoversConfig{Pictures: s})
	good := s.put(9, pngOf(t, pictured(8, 8)))
	later := hmi.Cover{SHA256: [32]byte{1}}
	px := 10
	settle := func() { px++; wait(t, cs, good, px) } // Run has done all that waited before
	cs.Cover(later, 20)
	settle()
	settle()
	for range 200 {
		cs.Retry()
		settle()
	}
	asked := s.count() - (px - 10) // without those of settle
	if asked < 4 || asked > 12 {
		t.Errorf("looked for %d times in 200 changes, want a few", asked)
	}
	s.put(1, pngOf(t, pictured(8, 8)))
	for cs.Cover(later, 20) == nil {
		cs.Retry()
		settle()
	}
	bad := s.put(3, []byte("GIF89a"))
	cs.Cover(bad, 20)
	settle()
	settle()
	before := s.count() - px
	for range 50 {
		cs.Retry()
		settle()
	}
	if got := s.count() - px; got != before {
		t.Errorf("what cannot be shown was looked for %d times again", got-before)
	}
}

// The budget holds, what is shown stays, and a frame allocates nothing.
func TestCoversAreBounded(t *testing.T) {
	s := &shelf{have: map[[32]byte][]byte{}}
	const px = 64
	cs := covers(t, media.CoversConfig{Pictures: s, Budget: 4 * px * px * 4})
	shown := s.put(1, pngOf(t, pictured(px, px)))
	first := wait(t, cs, shown, px)
	for i := range 40 {
		wait(t, cs, s.put(byte(2+i), pngOf(t, pictured(px, px))), px)
		if cs.Cover(shown, px) != first {
			t.Fatalf("after %d more the one that is shown is made anew", i+1)
		}
	}
	if n := cs.Bytes(); n > 4*px*px*4 {
		t.Errorf("keeps %d bytes, want at most %d", n, 4*px*px*4)
	}
	if n := testing.AllocsPerRun(100, func() { cs.Cover(shown, px) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	tight := covers(t, media.CoversConfig{Pictures: s, Budget: 1})
	before := wait(t, tight, shown, px)
	if tight.Cover(shown, px) != before {
		t.Error("one that is larger than the budget is made in every frame")
	}
	if cs.Cover(hmi.Cover{}, px) != nil || cs.Cover(shown, 0) != nil || cs.Cover(shown, 1<<20) != nil {
		t.Error("a cover of nothing, or of no size")
	}
}

// id3With is an MP3 without sound whose tag (ID3 2.3) has a picture.
func id3With(picture []byte) []byte {
	frame := append([]byte("\x00image/jpeg\x00\x03\x00"), picture...)
	body := append([]byte("APIC"), binary.BigEndian.AppendUint32(nil, uint32(len(frame)))...)
	body = append(append(body, 0, 0), frame...)
	n := len(body)
	head := []byte{'I', 'D', '3', 3, 0, 0, byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
	return append(append(head, body...), "\xff\xfb\x90\x64"+strings.Repeat("\x00", 400)...)
}

func FuzzCover(f *testing.F) {
	f.Add(pngOf(f, pictured(9, 9)))
	f.Add(jpegOf(f, pictured(9, 9)))
	f.Add(claims(60000, 60000, 8, 6))
	f.Add(id3With(jpegOf(f, pictured(9, 9))))
	f.Fuzz(func(t *testing.T, data []byte) {
		if img, err := media.DecodePicture(data); err == nil {
			if b := img.Bounds(); b.Dx() < 1 || b.Dy() < 1 {
				t.Errorf("a picture of %v", b)
			}
			out := media.Square(img, 7, 1)
			if b := out.Bounds(); b.Dx() != 7 || b.Dy() != 7 {
				t.Errorf("got %v, want 7 by 7", b)
			}
		} else if !errors.Is(err, media.ErrPicture) {
			t.Errorf("got %v, want one that wraps ErrPicture", err)
		}
		if p, err := media.TagPicture(bytes.NewReader(data)); err == nil && len(p) > phonelink.MaxPicture {
			t.Errorf("a picture of %d bytes", len(p))
		}
	})
}

// A stream has no cover: it is not read for one.
func TestCoverOfAStream(t *testing.T) {
	open := func(context.Context, string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("ID3")), nil
	}
	s := &shelf{have: map[[32]byte][]byte{}}
	cs := covers(t, media.CoversConfig{Open: open, Pictures: s})
	cs.Cover(hmi.Cover{URL: "file:///x"}, 20)
	good := s.put(1, pngOf(t, pictured(8, 8)))
	wait(t, cs, good, 20)
	wait(t, cs, good, 21)
	if cs.Cover(hmi.Cover{URL: "file:///x"}, 20) != nil {
		t.Error("a stream has a cover")
	}
}

package media_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/hmi/media"
	"tandem/phonelink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tone is a WAV file: 16 bits, two channels, a sine of 440 Hz at half scale.
func tone(rate int, length time.Duration) []byte {
	n := int(length.Seconds() * float64(rate))
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00")
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*4))
	b = append(b, 4, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n*4))
	for i := range n {
		v := uint16(int16(16000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate))))
		b = binary.LittleEndian.AppendUint16(b, v)
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// phones is a phone link with one session: it shows what it is told and keeps
// what it is asked, and does the edits as a node does.
type phones struct {
	mu    sync.Mutex
	view  *phonelink.View
	c     chan struct{}
	asked []phonelink.Request
}

func newPhones(s phonelink.SessionView) *phones {
	p := &phones{c: make(chan struct{}, 1)}
	p.set(s)
	return p
}

func (p *phones) set(s ...phonelink.SessionView) {
	p.mu.Lock()
	p.view = &phonelink.View{Sessions: s}
	p.mu.Unlock()
	select {
	case p.c <- struct{}{}:
	default:
	}
}

// trouble shows the same sessions with these troubles.
func (p *phones) trouble(codes ...phonelink.TroubleCode) {
	p.mu.Lock()
	v := *p.view
	v.Troubles = codes
	p.view = &v
	p.mu.Unlock()
	select {
	case p.c <- struct{}{}:
	default:
	}
}

func (p *phones) Watch() phonelink.Watch { return p }
func (p *phones) C() <-chan struct{}     { return p.c }
func (p *phones) Close()                 {}
func (p *phones) View() *phonelink.View {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

func (p *phones) Do(_ context.Context, r phonelink.Request) error {
	p.mu.Lock()
	p.asked = append(p.asked, r)
	s := p.view.Sessions[0]
	p.mu.Unlock()
	if e, ok := r.(phonelink.Edit); ok && (e.Session == s.ID || e.Session == phonelink.SessionID{}) {
		doc := *s.Doc.(*phonelink.MediaDoc)
		switch act := e.Op.Act.(type) {
		case phonelink.Skip:
			doc.Index = slices.IndexFunc(doc.Queue, func(t phonelink.Track) bool { return t.ID == act.To })
			doc.Position, doc.At = 0, stamp(time.Now())
		case phonelink.Seek:
			doc.Position, doc.At = act.To, stamp(time.Now())
		case phonelink.Play:
			doc.Playing = act.Playing
		}
		s.Doc = &doc
		all := slices.Clone(p.View().Sessions)
		all[0] = s
		p.set(all...)
	}
	return nil
}

func (p *phones) requests() []phonelink.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func stamp(t time.Time) phonelink.Stamp { return phonelink.Stamp(t.UnixMilli()) << 16 }

// ear is what a listener hears.
type ear struct {
	mu    sync.Mutex
	spans []span
}

type span struct{ from, to time.Time }

func (e *ear) heard(at time.Time, fs []media.Frame) {
	loud := slices.ContainsFunc(fs, func(f media.Frame) bool { return math.Abs(f[0]) > 1e-3 })
	e.mu.Lock()
	defer e.mu.Unlock()
	if !loud {
		return
	}
	end := at.Add(time.Duration(len(fs)) * time.Second / media.Rate)
	if n := len(e.spans); n > 0 && at.Sub(e.spans[n-1].to) <= time.Millisecond {
		e.spans[n-1].to = end
		return
	}
	e.spans = append(e.spans, span{at, end})
}

func (e *ear) all() []span {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.spans)
}

func (e *ear) total() (d time.Duration) {
	for _, s := range e.all() {
		d += s.to.Sub(s.from)
	}
	return d
}

// memory opens what it has.
func memory(files map[string][]byte) media.Opener {
	return func(_ context.Context, u string) (io.ReadCloser, error) {
		if strings.HasPrefix(u, "slow") {
			time.Sleep(300 * time.Millisecond)
		}
		b, ok := files[u]
		if !ok {
			return nil, errors.New("open track " + u + ": not there")
		}
		return seekable{strings.NewReader(string(b))}, nil
	}
}

type seekable struct{ *strings.Reader }

func (seekable) Close() error { return nil }

func queue(urls ...string) *phonelink.MediaDoc {
	doc := &phonelink.MediaDoc{Rate: 1, Volume: 1, Playing: true}
	for _, u := range urls {
		doc.Queue = append(doc.Queue, phonelink.Track{ID: "id-" + u, URL: u})
	}
	return doc
}

// play runs a player in a bubble with virtual time.
func play(t *testing.T, files map[string][]byte, s phonelink.SessionView, script func(t *testing.T, p *phones, e *ear)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, e := newPhones(s), &ear{}
		player, err := media.NewPlayer(media.Config{Phones: p, Output: &media.Null{Heard: e.heard}, Open: memory(files)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- player.Run(ctx) }()
		script(t, p, e)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func session(doc *phonelink.MediaDoc) phonelink.SessionView {
	return phonelink.SessionView{Session: phonelink.Session{ID: phonelink.SessionID{1}, Kind: phonelink.Media, Doc: doc}, Local: true}
}

func TestSoundsFromTheMomentOn(t *testing.T) {
	files := map[string][]byte{"a.wav": tone(44100, 10*time.Second)}
	s := session(queue("a.wav"))
	s.Load = true
	play(t, files, s, func(t *testing.T, p *phones, e *ear) {
		time.Sleep(time.Second)
		if got := p.requests(); len(got) != 1 || got[0] != (phonelink.Loaded{Session: s.ID}) {
			t.Fatalf("asked %v, want Loaded", got)
		}
		if got := e.all(); len(got) != 0 {
			t.Fatalf("heard %v before it was to be heard", got)
		}
		at := time.Now().Add(150 * time.Millisecond)
		doc := *s.Doc.(*phonelink.MediaDoc)
		doc.Position, doc.At = 2*time.Second, stamp(at)
		s.Doc, s.Load, s.Render, s.RenderAt = &doc, false, true, at
		p.set(s)
		time.Sleep(2 * time.Second)
		got := e.all()
		if len(got) != 1 || got[0].from.Before(at) || got[0].from.Sub(at) > 20*time.Millisecond {
			t.Fatalf("heard %v, want one span from %v on, 20 ms late at most", got, at)
		}
		var last phonelink.Playhead
		for _, r := range p.requests() {
			if h, ok := r.(phonelink.Playhead); ok {
				last = h
			}
		}
		if want := 2*time.Second + last.At.Sub(at); !last.Playing || (last.Position-want).Abs() > 30*time.Millisecond {
			t.Errorf("the last playhead is %v, want %v", last, want)
		}
		stop := time.Now().Add(75 * time.Millisecond)
		s.Render, s.RenderAt = false, stop
		p.set(s)
		time.Sleep(time.Second)
		if got := e.all(); len(got) != 1 || got[0].to.After(stop.Add(10*time.Millisecond)) || got[0].to.Before(stop.Add(-20*time.Millisecond)) {
			t.Errorf("heard until %v, want %v", got, stop)
		}
	})
}

func TestQueueGoesOnAndEnds(t *testing.T) {
	files := map[string][]byte{"a.wav": tone(48000, time.Second), "broken.wav": []byte("RIFF, but no more of it"), "b.wav": tone(22050, time.Second)}
	s := session(queue("a.wav", "broken.wav", "gone.wav", "b.wav"))
	s.Render = true
	play(t, files, s, func(t *testing.T, p *phones, e *ear) {
		time.Sleep(10 * time.Second)
		if got := e.total(); (got - 2*time.Second).Abs() > 40*time.Millisecond {
			t.Errorf("heard %v, want the two seconds that can be played", got)
		}
		doc := p.View().Sessions[0].Doc.(*phonelink.MediaDoc)
		if doc.Index != 3 || doc.Playing {
			t.Errorf("at track %d, playing %v; want the end of the queue", doc.Index, doc.Playing)
		}
	})
}

// The music goes on where it was last heard when the program begins again, a
// minute later; from the first word of the link's on, its clock counts.
func TestResume(t *testing.T) {
	files := map[string][]byte{"a.wav": tone(48000, 20*time.Second)}
	s := session(queue("a.wav"))
	doc := s.Doc.(*phonelink.MediaDoc)
	s.Render = true
	synctestNow := func() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) } // when a bubble begins
	doc.Position, doc.At = 3*time.Second, stamp(synctestNow().Add(-time.Minute))
	play(t, files, s, func(t *testing.T, p *phones, e *ear) {
		time.Sleep(2500 * time.Millisecond)
		var heads []time.Duration
		for _, r := range p.requests() {
			if h, ok := r.(phonelink.Playhead); ok && h.Playing {
				heads = append(heads, h.Position.Round(100*time.Millisecond))
			}
		}
		if len(heads) < 3 || heads[0] != 3*time.Second || heads[2] != 5*time.Second {
			t.Errorf("playheads at %v, want from 3s on", heads)
		}
		now := *doc
		now.Position, now.At = 10*time.Second, stamp(time.Now())
		s.Doc = &now
		p.set(s)
		time.Sleep(30 * time.Second)
		if got := e.total(); (got - 12500*time.Millisecond).Abs() > 100*time.Millisecond {
			t.Errorf("heard %v, want 2.5 s from 3 s on and 10 s from 10 s on", got)
		}
	})
}

// A length that is too short, as estimated ones are, does not end the music.
func TestLengthIsNotTrusted(t *testing.T) {
	files := map[string][]byte{"a.wav": tone(48000, 6*time.Second)}
	s := session(queue("a.wav"))
	doc := s.Doc.(*phonelink.MediaDoc)
	doc.Queue[0].Length, s.Render = 2*time.Second, true
	doc.At = stamp(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	play(t, files, s, func(t *testing.T, p *phones, e *ear) {
		time.Sleep(3500 * time.Millisecond)
		p.set(p.View().Sessions[0]) // a look at it, as every second
		time.Sleep(8 * time.Second)
		if got := e.total(); (got - 6*time.Second).Abs() > 60*time.Millisecond {
			t.Errorf("heard %v, want all 6 s", got)
		}
	})
}

// The phone's music is got ready while the car's own stands still or plays, and
// is heard from its moment on; then the car's own is paused, once.
func TestTakenBesideOnesOwn(t *testing.T) {
	files := map[string][]byte{"own.wav": tone(48000, 30*time.Second), "slow.wav": tone(48000, 30*time.Second)}
	for name, playing := range map[string]bool{"own stands still": false, "own plays": true} {
		own, taken := session(queue("own.wav")), session(queue("slow.wav"))
		start := stamp(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
		own.Render, taken.ID, taken.Local, taken.Load = true, phonelink.SessionID{2}, false, true
		own.Doc.(*phonelink.MediaDoc).Playing, own.Doc.(*phonelink.MediaDoc).At = playing, start
		taken.Doc.(*phonelink.MediaDoc).At = start
		play(t, files, own, func(t *testing.T, p *phones, e *ear) {
			time.Sleep(time.Second)
			p.set(own, taken)
			time.Sleep(time.Second)
			loaded := func() (n int) {
				for _, r := range p.requests() {
					if r == (phonelink.Loaded{Session: taken.ID}) {
						n++
					}
				}
				return n
			}
			if loaded() != 1 {
				t.Errorf("%s: said Loaded %d times, want once", name, loaded())
			}
			if got, want := len(e.all()), map[bool]int{true: 1}[playing]; got != want {
				t.Errorf("%s: %d sounds while it is got ready, want %d", name, got, want)
			}
			at := time.Now().Add(100 * time.Millisecond)
			now := *taken.Doc.(*phonelink.MediaDoc)
			now.Position, now.At = 2*time.Second, stamp(at)
			taken.Doc, taken.Load, taken.Render, taken.RenderAt = &now, false, true, at
			p.set(own, taken)
			time.Sleep(2 * time.Second)
			if !slices.ContainsFunc(p.requests(), func(r phonelink.Request) bool {
				h, ok := r.(phonelink.Playhead)
				return ok && h.Session == taken.ID && h.Playing
			}) {
				t.Errorf("%s: the taken one is not heard from its moment on", name)
			}
			p.set(taken, p.View().Sessions[0]) // whichever is first
			time.Sleep(time.Second)
			var last phonelink.Playhead
			pauses := 0
			for _, r := range p.requests() {
				switch r := r.(type) {
				case phonelink.Playhead:
					last = r
				case phonelink.Edit:
					if r.Session == own.ID && r.Op.Act == (phonelink.Play{}) {
						pauses++
					}
				}
			}
			if want := 2*time.Second + last.At.Sub(at); last.Session != taken.ID || !last.Playing || (last.Position-want).Abs() > 30*time.Millisecond {
				t.Errorf("%s: the last playhead is %+v, want the taken one's at %v", name, last, want)
			}
			if want := map[bool]int{true: 1}[playing]; pauses != want {
				t.Errorf("%s: paused %d times, want %d", name, pauses, want)
			}
			if from := e.all()[0].from; !playing && (from.Before(at) || from.Sub(at) > 20*time.Millisecond) {
				t.Errorf("%s: heard from %v after its moment", name, from.Sub(at))
			}
			if got := e.all()[len(e.all())-1]; got.to.Sub(at) < 2900*time.Millisecond {
				t.Errorf("%s: heard until %v after its moment, want on and on", name, got.to.Sub(at))
			}
		})
	}
}

func TestNothingPlayableStops(t *testing.T) {
	s := session(queue("gone.wav", "gone too.wav"))
	s.Doc.(*phonelink.MediaDoc).Loop = phonelink.LoopQueue
	s.Render = true
	play(t, nil, s, func(t *testing.T, p *phones, _ *ear) {
		time.Sleep(10 * time.Second)
		if doc := p.View().Sessions[0].Doc.(*phonelink.MediaDoc); doc.Playing {
			t.Error("still trying")
		}
		if n := len(p.requests()); n > 8 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"damaged":    {[]byte("RIFF, but no more of it"), "a.wav"},
		"other":      {[]byte("%PDF-1.7, which is not music"), "not MP3, FLAC, Ogg Vorbis or WAV"},
		"empty":      {[]byte{}, "EOF"},
		"not there":  {nil, "not there"},
		"cut header": {tone(48000, time.Second)[:30], "a.wav"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			if c.data != nil {
				files["a.wav"] = c.data
			}
			s := session(queue("a.wav"))
			s.Load = true
			play(t, files, s, func(t *testing.T, p *phones, _ *ear) {
				time.Sleep(time.Second)
				got := p.requests()
				if len(got) != 1 || !strings.Contains(got[0].(phonelink.Loaded).Problem, c.want) {
					t.Errorf("asked %v, want Loaded with %q", got, c.want)
				}
			})
		})
	}
}

// TestLoadedAgain: a phone link that was started again does not know what is
// loaded, and is told, whether the player noticed that it was gone or not.
func TestLoadedAgain(t *testing.T) {
	for name, between := range map[string]func(*phonelink.SessionView){
		"playing before": func(s *phonelink.SessionView) { s.Load, s.Render = false, true },
		"no word of it":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			doc := queue("a.wav")
			doc.Playing = false // else it would be loaded again for its place
			s := session(doc)
			s.Load = true
			play(t, map[string][]byte{"a.wav": tone(48000, 10*time.Second)}, s, func(t *testing.T, p *phones, _ *ear) {
				time.Sleep(time.Second)
				if between != nil {
					other := s
					between(&other)
					p.set(other)
					time.Sleep(time.Second)
				} else {
					p.trouble(phonelink.TroubleSilent)
					time.Sleep(time.Second)
					p.trouble()
				}
				p.set(s)
				time.Sleep(time.Second)
				n := 0
				for _, r := range p.requests() {
					if l, ok := r.(phonelink.Loaded); ok && l.Problem == "" {
						n++
					}
				}
				if n < 2 {
					t.Errorf("Loaded was said %d times, want again after the restart", n)
				}
			})
		})
	}
}

func TestSeekPauseAndVolume(t *testing.T) {
	files := map[string][]byte{"a.wav": tone(48000, time.Minute)}
	s := session(queue("a.wav"))
	s.Render = true
	play(t, files, s, func(t *testing.T, p *phones, e *ear) {
		time.Sleep(2 * time.Second)
		_ = p.Do(t.Context(), phonelink.Edit{Op: phonelink.Op{Act: phonelink.Seek{To: 30 * time.Second}}})
		time.Sleep(3500 * time.Millisecond)
		var last phonelink.Playhead
		for _, r := range p.requests() {
			if h, ok := r.(phonelink.Playhead); ok {
				last = h
			}
		}
		if want := 33500*time.Millisecond - time.Until(last.At).Abs(); (last.Position - want).Abs() > 50*time.Millisecond {
			t.Errorf("after the seek at %v, want %v", last.Position, want)
		}
		_ = p.Do(t.Context(), phonelink.Edit{Op: phonelink.Op{Act: phonelink.Play{}}})
		paused := time.Now()
		time.Sleep(5 * time.Second)
		spans := e.all()
		if to := spans[len(spans)-1].to; to.Sub(paused) > 40*time.Millisecond {
			t.Errorf("went on for %v after the pause", to.Sub(paused))
		}
	})
}

func TestNext(t *testing.T) {
	id := phonelink.SessionID{7}
	doc := queue("a", "b", "c")
	for name, c := range map[string]struct {
		index int
		loop  phonelink.Loop
		bad   map[string]bool
		want  int
		ok    bool
	}{
		"next":             {0, phonelink.LoopNone, nil, 1, true},
		"end":              {2, phonelink.LoopNone, nil, 0, false},
		"around":           {2, phonelink.LoopQueue, nil, 0, true},
		"again":            {1, phonelink.LoopTrack, nil, 1, true},
		"not the bad":      {0, phonelink.LoopNone, map[string]bool{"id-b": true}, 2, true},
		"again, but bad":   {1, phonelink.LoopTrack, map[string]bool{"id-b": true}, 2, true},
		"all bad":          {0, phonelink.LoopQueue, map[string]bool{"id-a": true, "id-b": true, "id-c": true}, 0, false},
		"itself, the only": {0, phonelink.LoopQueue, map[string]bool{"id-b": true, "id-c": true}, 0, true},
	} {
		doc.Index, doc.Loop = c.index, c.loop
		if got, ok := media.Next(id, doc, c.bad); got != c.want || ok != c.ok {
			t.Errorf("%s: got %d, %v; want %d, %v", name, got, ok, c.want, c.ok)
		}
	}
	doc.Shuffle = true
	order := media.Order(id, doc)
	if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, []int{0, 1, 2}) {
		t.Errorf("shuffled order %v is not each once", order)
	}
}

func TestFilesOpensNothingElse(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	song := write(t, dir, "x/a.wav", tone(48000, time.Second))
	secret := write(t, other, "secret.wav", tone(48000, time.Second))
	if err := os.Symlink(secret, filepath.Join(dir, "link.wav")); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer srv.Close()
	open := media.Files(srv.Client(), dir)
	for u, ok := range map[string]bool{
		"file://" + song:                           true,
		"file://" + secret:                         false,
		"file://" + dir + "/../secret.wav":         false,
		"file://" + filepath.Join(dir, "link.wav"): false,
		srv.URL + "/x/a.wav":                       true,
		srv.URL + "/gone.wav":                      false,
		"ftp://example.org/a.wav":                  false,
		"data:audio/wav;base64,UklGRg==":           false,
		":":                                        false,
	} {
		r, err := open(t.Context(), u)
		if (err == nil) != ok {
			t.Errorf("%s: got %v, want ok %v", u, err, ok)
		}
		if err == nil {
			_ = r.Close()
		}
	}
	srv.Client().CloseIdleConnections()
}

// encoders write a tagged file with a program that is not ours.
var encoders = []struct {
	program, file string
	args          func(in, out string) []string
}{
	{"lame", "two.mp3", func(in, out string) []string {
		return []string{"--quiet", "--tt", "Second", "--ta", "Band", "--tl", "Album", "--tn", "2", in, out}
	}},
	{"flac", "one.flac", func(in, out string) []string {
		return []string{"-s", "-T", "TITLE=First", "-T", "ARTIST=Band", "-T", "ALBUM=Album", "-T", "TRACKNUMBER=1", "-o", out, in}
	}},
	{"oggenc", "three.ogg", func(in, out string) []string {
		return []string{"-Q", "-t", "Third", "-a", "Band", "-l", "Album", "-N", "3", "-o", out, in}
	}},
}

// TestMP3LengthByEncoding reads lengths that lame wrote in its ways.
func TestMP3LengthByEncoding(t *testing.T) {
	if _, err := exec.LookPath("lame"); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatal(err)
		}
		t.Skip("lame is not installed")
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		rate int
		args []string
	}{
		"constant":         {44100, []string{"-b", "128"}},
		"no header":        {44100, []string{"-b", "128", "-t"}},
		"variable":         {48000, []string{"-V", "4"}},
		"mono":             {44100, []string{"-m", "m", "-b", "64"}},
		"mpeg 2":           {22050, []string{"-b", "64"}},
		"mpeg 2.5":         {8000, []string{"-b", "16"}},
		"mpeg 2.5, no tag": {8000, []string{"-b", "16", "-t"}},
	} {
		raw := write(t, t.TempDir(), "tone.wav", tone(c.rate, 8*time.Second))
		out := filepath.Join(dir, name+".mp3")
		if msg, err := exec.Command("lame", append(append([]string{"--quiet"}, c.args...), raw, out)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, msg)
		}
	}
	lib, err := media.Scan(t.Context(), dir)
	if err != nil || len(lib.Tracks) != 7 {
		t.Fatalf("got %d tracks, %v", len(lib.Tracks), err)
	}
	for _, tr := range lib.Tracks {
		if (tr.Length - 8*time.Second).Abs() > 250*time.Millisecond {
			t.Errorf("%s: length %v, want 8s", tr.Title, tr.Length)
		}
	}
}

// TestForeignFiles scans and plays files that lame, flac and oggenc made.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	raw := write(t, t.TempDir(), "tone.wav", tone(44100, 2*time.Second))
	files := map[string][]byte{}
	for _, e := range encoders {
		if _, err := exec.LookPath(e.program); err != nil {
			if os.Getenv("TANDEM_RIG") == "1" {
				t.Fatal(err)
			}
			t.Skipf("%s is not installed", e.program)
		}
		out := filepath.Join(dir, e.file)
		if msg, err := exec.Command(e.program, e.args(raw, out)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", e.program, err, msg)
		}
	}
	write(t, dir, "deep/untagged.wav", tone(8000, time.Second))
	write(t, dir, "notes.txt", []byte("not music"))
	write(t, dir, "hostile.mp3", []byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7fTIT2\x7f\x7f\x7f\x7f"))
	lib, err := media.Scan(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tr := range lib.Tracks {
		got = append(got, tr.Artist+"/"+tr.Title)
		want := 2 * time.Second
		switch tr.Title {
		case "untagged":
			want = time.Second
		case "hostile":
			want = 0
		}
		if (tr.Length - want).Abs() > 60*time.Millisecond { // MP3 pads
			t.Errorf("%s: length %v, want %v", tr.Title, tr.Length, want)
		}
	}
	want := []string{"/hostile", "/untagged", "Band/First", "Band/Second", "Band/Third"}
	if !slices.Equal(got, want) {
		t.Fatalf("tracks %q, want %q", got, want)
	}
	s := session(media.Session(lib.Tracks[1:], 0).Doc.(*phonelink.MediaDoc))
	for _, tr := range lib.Tracks {
		b, err := os.ReadFile(tr.Path)
		if err != nil {
			t.Fatal(err)
		}
		files[tr.URL()] = b
	}
	s.Render = true
	play(t, files, s, func(t *testing.T, p *phones, e *ear) {
		time.Sleep(10 * time.Second)
		if total := e.total(); total < 6900*time.Millisecond || total > 7200*time.Millisecond {
			t.Errorf("heard %v, want 7 s of the four tracks", total)
		}
		if doc := p.View().Sessions[0].Doc.(*phonelink.MediaDoc); doc.Index != 3 {
			t.Errorf("ended at track %d, want 3", doc.Index)
		}
	})
}

func TestScanErrors(t *testing.T) {
	if _, err := media.Scan(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "scan music: ") {
		t.Errorf("got %v, want an error that names the act", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := media.Scan(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func FuzzScan(f *testing.F) {
	f.Add("a.wav", tone(8000, 10*time.Millisecond))
	f.Add("a.mp3", []byte("ID3\x04\x00\x00\x00\x00\x00\x02xx\xff\xfb\x90\x64"+strings.Repeat("\x00", 400)))
	f.Add("a.ogg", []byte("OggS\x00\x02"))
	f.Add("a.flac", []byte("fLaC\x00\x00\x00\x22"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		base := "x" + filepath.Ext(filepath.Base(name))
		if strings.ContainsRune(base, 0) || len(base) > 200 {
			return
		}
		dir := t.TempDir()
		write(t, dir, base, data)
		lib, err := media.Scan(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range lib.Tracks {
			if tr.Length < 0 || tr.Title == "" {
				t.Errorf("track %+v", tr)
			}
		}
	})
}

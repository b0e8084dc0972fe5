package player_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/player"
)

// board is a phone link with one media session, which applies what a player
// asks of it as an owner's node does.
type board struct {
	mu      sync.Mutex
	view    *phonelink.View
	watches []chan struct{}
	said    []string
	heads   []phonelink.Playhead
	began   time.Time
}

type boardWatch struct {
	b *board
	c chan struct{}
}

func (w boardWatch) C() <-chan struct{}    { return w.c }
func (w boardWatch) View() *phonelink.View { w.b.mu.Lock(); defer w.b.mu.Unlock(); return w.b.view }
func (w boardWatch) Close()                {}

func (b *board) Watch() phonelink.Watch {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watches = append(b.watches, c)
	return boardWatch{b, c}
}

// change shows a changed copy of the first session.
func (b *board) change(f func(s *phonelink.SessionView, d *phonelink.MediaDoc)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.view.Sessions[0]
	d := *s.Doc.(*phonelink.MediaDoc)
	f(&s, &d)
	s.Doc = &d
	b.view = &phonelink.View{Sessions: []phonelink.SessionView{s}}
	for _, c := range b.watches {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func stamp(t time.Time) phonelink.Stamp { return phonelink.Stamp(t.UnixMilli()) << 16 }

func (b *board) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, fmt.Sprintf("%.1f ", time.Since(b.began).Seconds())+fmt.Sprintf(format, args...))
}

func (b *board) Do(_ context.Context, r phonelink.Request) error {
	switch r := r.(type) {
	case phonelink.Loaded:
		b.note("loaded %q", r.Problem)
	case phonelink.Playhead:
		b.mu.Lock()
		b.heads = append(b.heads, r)
		b.mu.Unlock()
	case phonelink.Edit:
		b.note("%T%+v", r.Op.Act, r.Op.Act)
		b.change(func(_ *phonelink.SessionView, d *phonelink.MediaDoc) {
			switch a := r.Op.Act.(type) {
			case phonelink.Skip:
				d.Index = slices.IndexFunc(d.Queue, func(t phonelink.Track) bool { return t.ID == a.To })
				d.Position, d.At = 0, stamp(time.Now())
			case phonelink.Seek:
				d.Position, d.At = a.To, stamp(time.Now())
			case phonelink.Play:
				d.Position, d.At, d.Playing = player.Where(d, time.Now()), stamp(time.Now()), a.Playing
			}
		})
	}
	return nil
}

// newBoard has a session with two tracks, of 10 and of 5 seconds, at rest.
func newBoard() *board {
	doc := &phonelink.MediaDoc{Rate: 1, Volume: 1, Queue: []phonelink.Track{
		{ID: "a", URL: "test:a", Length: 10 * time.Second}, {ID: "b", URL: "test:b", Length: 5 * time.Second},
	}}
	s := phonelink.SessionView{Session: phonelink.Session{Kind: phonelink.Media, Doc: doc}}
	s.ID[0] = 1
	return &board{view: &phonelink.View{Sessions: []phonelink.SessionView{s}}, began: time.Now()}
}

// run starts a player on the board and returns what it lets be heard.
func run(t *testing.T, b *board, open func(context.Context, phonelink.Track) error) func() string {
	t.Helper()
	var mu sync.Mutex
	var heard []string
	p, err := player.New(player.Config{Service: b, Open: open, Heard: func(s player.Sound) {
		mu.Lock()
		defer mu.Unlock()
		word := "off"
		if s.On {
			word = "on"
		}
		heard = append(heard, fmt.Sprintf("%.1f %s %s %.1f", s.At.Sub(b.began).Seconds(), word, s.Track.ID, s.Position.Seconds()))
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	return func() string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(heard, ", ")
	}
}

// after runs f at seconds since the beginning, in virtual time.
func (b *board) after(seconds float64, f func(s *phonelink.SessionView, d *phonelink.MediaDoc)) {
	time.Sleep(time.Duration(seconds*float64(time.Second)) - time.Since(b.began))
	b.change(f)
	synctest.Wait()
}

func TestPlayer(t *testing.T) {
	type (
		sv  = phonelink.SessionView
		doc = phonelink.MediaDoc
	)
	play := func(s *sv, d *doc) { s.Render, d.Playing, d.At = true, true, stamp(time.Now()) }
	for _, tc := range []struct {
		name  string
		do    func(b *board)
		heard string
		said  string
	}{
		{"plays at once", func(b *board) {
			b.after(1, play)
			b.after(3, func(s *sv, d *doc) { d.Position, d.Playing = player.Where(d, time.Now()), false })
		}, "1.0 on a 0.0, 3.0 off a 2.0", ""},
		{"does not play what is paused", func(b *board) {
			b.after(1, func(s *sv, d *doc) { s.Render = true })
			b.after(5, func(s *sv, d *doc) {})
		}, "", ""},
		{"loads and waits for the moment", func(b *board) {
			b.after(1, func(s *sv, d *doc) { s.Load, d.Playing, d.At = true, true, stamp(time.Now()) })
			b.after(2, func(s *sv, d *doc) {
				s.Load, s.Render, s.RenderAt = false, true, time.Now().Add(500*time.Millisecond)
				s.Rev.Epoch.N = 2
			})
			b.after(3, func(s *sv, d *doc) {})
		}, "2.5 on a 1.5", `1.0 loaded ""`},
		{"is silent from the moment on", func(b *board) {
			b.after(1, play)
			b.after(2, func(s *sv, d *doc) { s.Render, s.RenderAt = false, time.Now().Add(300*time.Millisecond) })
			b.after(4, func(s *sv, d *doc) {})
		}, "1.0 on a 0.0, 2.3 off a 1.3", ""},
		{"is silent at once without a moment", func(b *board) {
			b.after(1, play)
			b.after(2, func(s *sv, d *doc) { s.Render = false })
		}, "1.0 on a 0.0, 2.0 off a 1.0", ""},
		{"is silent when the session is gone", func(b *board) {
			b.after(1, play)
			b.after(2, func(s *sv, d *doc) { s.Render, s.Doc, d.Queue = false, nil, nil })
		}, "1.0 on a 0.0, 2.0 off a 1.0", ""},
		{"follows a seek", func(b *board) {
			b.after(1, play)
			b.after(2, func(s *sv, d *doc) { d.Position, d.At = 7*time.Second, stamp(time.Now()) })
			b.after(3, func(s *sv, d *doc) {})
		}, "1.0 on a 0.0, 2.0 off a 1.0, 2.0 on a 7.0", ""},
		{"ignores small differences", func(b *board) {
			b.after(1, play)
			b.after(2, func(s *sv, d *doc) { d.Position, d.At = 1200*time.Millisecond, stamp(time.Now()) })
		}, "1.0 on a 0.0", ""},
		{"goes to the next track, and stops after the last", func(b *board) {
			b.after(0, play)
			b.after(20, func(s *sv, d *doc) {})
		}, "0.0 on a 0.0, 10.0 off a 10.0, 10.0 on b 0.0, 15.0 off b 5.0",
			"10.0 phonelink.Skip{To:b}, 15.0 phonelink.Play{Playing:false}"},
		{"starts the queue over", func(b *board) {
			b.after(0, func(s *sv, d *doc) { play(s, d); d.Index, d.Loop = 1, phonelink.LoopQueue })
			b.after(6, func(s *sv, d *doc) {})
		}, "0.0 on b 0.0, 5.0 off b 5.0, 5.0 on a 0.0", "5.0 phonelink.Skip{To:a}"},
		{"repeats a track", func(b *board) {
			b.after(0, func(s *sv, d *doc) { play(s, d); d.Index, d.Loop = 1, phonelink.LoopTrack })
			b.after(6, func(s *sv, d *doc) {})
		}, "0.0 on b 0.0, 5.0 off b 5.0, 5.0 on b 0.0", "5.0 phonelink.Seek{To:0s}"},
		{"plays a shuffled queue in the order that the car would", func(b *board) {
			b.after(0, func(s *sv, d *doc) {
				play(s, d)
				s.ID[2], d.Shuffle = 2, true
				d.Index = phonelink.QueueOrder(s.ID, d)[0]
			})
			b.after(20, func(s *sv, d *doc) {})
		}, "0.0 on b 0.0, 5.0 off b 5.0, 5.0 on a 0.0, 15.0 off a 10.0", "5.0 phonelink.Skip{To:a}, 15.0 phonelink.Play{Playing:false}"},
		{"plays at another speed", func(b *board) {
			b.after(0, func(s *sv, d *doc) { play(s, d); d.Rate = 2 })
			b.after(3, func(s *sv, d *doc) { s.Render = false })
		}, "0.0 on a 0.0, 3.0 off a 6.0", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBoard()
				heard := run(t, b, nil)
				tc.do(b)
				if got := heard(); got != tc.heard {
					t.Errorf("heard:\n got %s\nwant %s", got, tc.heard)
				}
				if got := strings.Join(b.said, ", "); got != tc.said {
					t.Errorf("said:\n got %s\nwant %s", got, tc.said)
				}
			})
		})
	}
}

// TestResume begins with a session that was sounding when the program ended, a
// minute ago: the music goes on where it was last heard.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		b.change(func(s *phonelink.SessionView, d *phonelink.MediaDoc) {
			s.Render, d.Playing, d.Position, d.At = true, true, 3*time.Second, stamp(time.Now())
		})
		time.Sleep(time.Minute)
		heard := run(t, b, nil)
		b.after(62, func(s *phonelink.SessionView, d *phonelink.MediaDoc) {}) // any change
		b.after(63, func(s *phonelink.SessionView, d *phonelink.MediaDoc) {   // the node took a Playhead
			d.Position, d.At = 6*time.Second, stamp(time.Now())
		})
		b.after(64, func(s *phonelink.SessionView, d *phonelink.MediaDoc) {
			d.Position, d.At = time.Second, stamp(time.Now())
		})
		if got, want := heard(), "60.0 on a 3.0, 64.0 off a 7.0, 64.0 on a 1.0"; got != want {
			t.Errorf("heard: got %s, want %s", got, want)
		}
	})
}

// TestPlayheads expects one at the beginning, each second, and at the end.
func TestPlayheads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		run(t, b, nil)
		b.after(1, func(s *phonelink.SessionView, d *phonelink.MediaDoc) {
			s.Render, d.Playing, d.At = true, true, stamp(time.Now())
		})
		b.after(3.5, func(s *phonelink.SessionView, d *phonelink.MediaDoc) { s.Render = false })
		var got []string
		for _, h := range b.heads {
			got = append(got, fmt.Sprintf("%.1f %.1f %v", h.At.Sub(b.began).Seconds(), h.Position.Seconds(), h.Playing))
		}
		if want := "1.0 0.0 true, 2.0 1.0 true, 3.0 2.0 true, 3.5 2.5 false"; strings.Join(got, ", ") != want {
			t.Errorf("playheads: got %s, want %s", strings.Join(got, ", "), want)
		}
	})
}

// TestOpen has tracks that take a second to open, and one that cannot be.
func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		heard := run(t, b, func(_ context.Context, tr phonelink.Track) error {
			time.Sleep(time.Second)
			if tr.ID == "a" {
				return errors.New("no such file")
			}
			return nil
		})
		b.after(1, func(s *phonelink.SessionView, d *phonelink.MediaDoc) { s.Load = true })
		b.after(3, func(s *phonelink.SessionView, d *phonelink.MediaDoc) {
			s.Load, s.Render, d.Playing, d.At = false, true, true, stamp(time.Now())
		})
		b.after(6, func(*phonelink.SessionView, *phonelink.MediaDoc) {})
		if want := "4.0 on b 1.0"; heard() != want {
			t.Errorf("heard: got %s, want %s", heard(), want)
		}
		if got, want := strings.Join(b.said, ", "), `2.0 loaded "no such file", 3.0 phonelink.Skip{To:b}`; got != want {
			t.Errorf("said: got %s, want %s", got, want)
		}
	})
}

package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
)

// pretend is a worker that does what a test says.
type pretend struct {
	words chan string
	done  chan error
	told  chan string // "end", "kill"
}

func (p *pretend) quit(err error) {
	close(p.words)
	p.done <- err
}

// stage is a keeper whose workers do what lives says, one after the other; the
// last again and again.
type stage struct {
	keeper
	started []phonelink.Profile
	ports   []int
	at      []time.Duration // since the beginning
	log     bytes.Buffer
}

func newStage(lives ...func(p *pretend)) *stage {
	s := &stage{}
	began := time.Now()
	s.keeper = keeper{profile: "anna", log: slog.New(slog.NewTextHandler(&s.log, nil)), start: func(profile phonelink.Profile, port int) (*worker, error) {
		p := &pretend{words: make(chan string), done: make(chan error, 1), told: make(chan string, 2)}
		live := lives[min(len(s.started), len(lives)-1)]
		s.started, s.ports, s.at = append(s.started, profile), append(s.ports, port), append(s.at, time.Since(began))
		go live(p)
		return &worker{words: p.words, done: p.done, end: func() { p.told <- "end" }, kill: func() { p.told <- "kill" }}, nil
	}}
	return s
}

func (p *pretend) say(words ...string) {
	for _, w := range words {
		p.words <- w
	}
}

// works is a worker that runs until it is told to end.
func works(p *pretend) {
	p.say(wordReady)
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.say(wordAlive)
		case <-p.told:
			p.quit(nil)
			return
		}
	}
}

func crashes(after time.Duration, words ...string) func(p *pretend) {
	return func(p *pretend) {
		p.say(words...)
		time.Sleep(after)
		p.quit(errors.New("signal: killed"))
	}
}

// leaves is a worker that ends by itself, after words.
func leaves(words ...string) func(p *pretend) {
	return func(p *pretend) {
		p.say(words...)
		p.quit(nil)
	}
}

// hangs says that it is ready, and nothing more, and ends only when killed.
func hangs(p *pretend) {
	p.say(wordReady)
	for <-p.told != "kill" {
	}
	p.quit(errors.New("signal: killed"))
}

func TestKeeper(t *testing.T) {
	tests := []struct {
		name  string
		lives []func(*pretend)
		want  []phonelink.Profile // that were started within an hour
		at    []time.Duration
		err   string // of run, which ended by itself
	}{
		{name: "it works", lives: []func(*pretend){works}, want: []phonelink.Profile{"anna"}, at: []time.Duration{0}},
		{name: "the first cannot run", lives: []func(*pretend){leaves("error no room\x1b[2J"), works}, want: []phonelink.Profile{"anna"}, at: []time.Duration{0}, err: "no room[2J"},
		{name: "the first is killed before it is ready", lives: []func(*pretend){crashes(0), works}, want: []phonelink.Profile{"anna"}, at: []time.Duration{0}, err: "the phone link ended: signal: killed"},
		{name: "killed", lives: []func(*pretend){crashes(3*time.Second, wordReady), works}, want: []phonelink.Profile{"anna", "anna"},
			at: []time.Duration{0, 3*time.Second + firstPause}},
		{name: "killed as a guest's", lives: []func(*pretend){crashes(0, wordReady, "profile guest"), works}, want: []phonelink.Profile{"anna", "guest"}, at: []time.Duration{0, firstPause}},
		{name: "killed as a valet's, and back", lives: []func(*pretend){crashes(0, wordReady, "profile valet", "profile anna"), works}, want: []phonelink.Profile{"anna", "anna"}, at: []time.Duration{0, firstPause}},
		{name: "hangs", lives: []func(*pretend){hangs, works}, want: []phonelink.Profile{"anna", "anna"}, at: []time.Duration{0, aliveWithin + firstPause}},
		{name: "another profile", lives: []func(*pretend){leaves(wordReady, "profile ben"), works}, want: []phonelink.Profile{"anna", "ben"}, at: []time.Duration{0, 0}},
		{name: "another profile that cannot be opened", lives: []func(*pretend){leaves(wordReady, "profile ben"), leaves("error damaged"), works},
			want: []phonelink.Profile{"anna", "ben", "anna"}, at: []time.Duration{0, 0, firstPause}},
		{name: "a name that is none", lives: []func(*pretend){crashes(0, wordReady, "profile ../etc", "profile", "rubbish"), works}, want: []phonelink.Profile{"anna", "anna"}, at: []time.Duration{0, firstPause}},
		{name: "ends by itself", lives: []func(*pretend){leaves(wordReady), works}, want: []phonelink.Profile{"anna", "anna"}, at: []time.Duration{0, firstPause}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(tt.lives...)
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				defer cancel()
				err := s.run(ctx)
				if got := fmt.Sprint(err); tt.err != got && (tt.err != "" || err != nil) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				if tt.err == "" && ctx.Err() == nil {
					t.Error("it ended by itself")
				}
				if !slices.Equal(s.started, tt.want) {
					t.Errorf("started %q, want %q", s.started, tt.want)
				}
				if !slices.Equal(s.at, tt.at) {
					t.Errorf("started at %v, want %v", s.at, tt.at)
				}
				if strings.Contains(s.log.String(), "\x1b") {
					t.Errorf("a worker writes to the terminal: %q", s.log.String())
				}
			})
		})
	}
}

// TestKeeperPauses: what crashes again and again is started ever later, and
// what has worked for a minute is started soon again.
func TestKeeperPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := crashes(0, wordReady)
		s := newStage(c, c, c, c, c, c, c, c, c, c, crashes(2*time.Second, wordReady), func(p *pretend) {
			p.say(wordReady)
			for range 40 {
				time.Sleep(aliveEvery)
				p.say(wordAlive)
			}
			p.quit(errors.New("signal: killed"))
		}, works)
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		if err := s.run(ctx); err != nil {
			t.Fatal(err)
		}
		var gaps []time.Duration
		for i := 1; i < len(s.at); i++ {
			gaps = append(gaps, s.at[i]-s.at[i-1])
		}
		want := []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000, 12000, 80100}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if !slices.Equal(gaps, want) {
			t.Errorf("got pauses %v, want %v", gaps, want)
		}
	})
}

// TestKeeperPorts: a profile's phones find its link where it was, unless nobody
// can listen there any more.
func TestKeeperPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(
			leaves("port 1000", wordReady, "profile ben"),
			leaves("port 2000", wordReady, "profile anna"),
			crashes(0, "port 1000", wordReady),
			crashes(0, "error address already in use"),
			crashes(0, "port 3000", wordReady, "port 70000", "port x"),
			works)
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		if err := s.run(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []int{0, 0, 1000, 1000, 0, 3000}; !slices.Equal(s.ports, want) {
			t.Errorf("got ports %v, want %v", s.ports, want)
		}
	})
	for _, tt := range []struct{ listen, want string }{{":0", ":99"}, {"127.0.0.1:0", "127.0.0.1:99"}, {"[::1]:0", "[::1]:99"}, {":47700", ":47700"}, {"", ""}} {
		if got := (&alone{Config: Config{Listen: tt.listen}}).listenAt(99); got != tt.want {
			t.Errorf("--listen %q: got %q, want %q", tt.listen, got, tt.want)
		}
	}
}

// TestKeeperEnds: its worker is asked to end, and ended if it does not.
func TestKeeperEnds(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var told []string
			s := newStage(func(p *pretend) {
				p.say(wordReady)
				for {
					what := <-p.told
					told = append(told, what)
					if what == "kill" || !stubborn {
						p.quit(nil)
						return
					}
				}
			})
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			began := time.Now()
			go func() { ended <- s.run(ctx) }()
			synctest.Wait()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			want, took := []string{"end"}, time.Duration(0)
			if stubborn {
				want, took = []string{"end", "kill"}, endsWithin
			}
			if !slices.Equal(told, want) || time.Since(began) != took {
				t.Errorf("stubborn %v: told %q after %s, want %q after %s", stubborn, told, time.Since(began), want, took)
			}
		})
	}
}

// service is a phone link of one profile.
type service struct{ asked []phonelink.Request }

func (s *service) Do(_ context.Context, r phonelink.Request) error {
	s.asked = append(s.asked, r)
	if p, ok := r.(phonelink.SetProfile); ok && p.Profile.Check() != nil {
		return &phonelink.Refusal{Code: phonelink.RefusedProfile}
	}
	return nil
}

func (s *service) Watch() phonelink.Watch { return view{} }

type view struct{}

func (view) C() <-chan struct{} { return nil }
func (view) View() *phonelink.View {
	return &phonelink.View{Profile: "anna", Phones: []phonelink.Phone{{Name: "Anna's phone"}}}
}
func (view) Close() {}

// TestChanging: the phone link of one profile goes to guest, valet and back by
// itself, ends for any other, and then shows nothing of whose it was.
func TestChanging(t *testing.T) {
	var said bytes.Buffer
	inner, ended := &service{}, 0
	c := &changing{Service: inner, own: "anna", name: "Tandem", say: &sayer{w: &said}, end: func() { ended++ }}
	w := c.Watch()
	for _, p := range []phonelink.Profile{phonelink.Guest, phonelink.Valet, "anna", ""} {
		if err := c.Do(t.Context(), phonelink.SetProfile{Profile: p}); (err != nil) != (p == "") {
			t.Errorf("%q: got %v", p, err)
		}
	}
	if err := c.Do(t.Context(), phonelink.ClosePairing{}); err != nil {
		t.Error(err)
	}
	if want := "profile guest\nprofile valet\nprofile anna\n"; said.String() != want || ended != 0 || len(inner.asked) != 5 {
		t.Errorf("said %q, ended %d times, asked %v; want %q", said.String(), ended, inner.asked, want)
	}
	if v := w.View(); len(v.Phones) != 1 {
		t.Errorf("got %+v, want the node's", v)
	}
	said.Reset()
	if err := c.Do(t.Context(), phonelink.SetProfile{Profile: "ben"}); err != nil {
		t.Error(err)
	}
	if said.String() != "profile ben\n" || ended != 1 || len(inner.asked) != 5 {
		t.Errorf("said %q, ended %d times, asked %v", said.String(), ended, inner.asked)
	}
	if v := w.View(); len(v.Phones) != 0 || v.Profile != "ben" || v.Trouble == "" {
		t.Errorf("got %+v, want nothing of Anna", v)
	}
	long := &sayer{w: &said}
	said.Reset()
	long.say(wordError + strings.Repeat("x", 2*maxWord))
	if line, err := io.ReadAll(&said); err != nil || len(line) >= maxWord || line[len(line)-1] != '\n' {
		t.Errorf("a long word has %d bytes, want fewer than %d and an end", len(line), maxWord)
	}
}

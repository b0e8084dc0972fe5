package phone_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/sim/faultnet"
	"tandem/sim/phone"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"1 ada", "expected SECONDS WHO VERB"},
		{"soon ada pair", "is no time"},
		{"-1 ada pair", "is no time"},
		{"NaN ada pair", "is no time"},
		{"1 a/b pair", "is no name"},
		{"1 ada fly", `unknown verb "fly"; known: accept`},
		{"1 ada pair now", "expected pair"},
		{"1 car pair", "only a phone does that"},
		{"1 ada play long", "expected a number"},
		{"1 ada take everything", `unknown kind "everything"`},
		{"1 ada go 91,0", "expected LAT,LON"},
		{"1 ada net loss=200%", "want a share"},
		{"1 ada net colour=red", "unknown word"},
		{"1 ada net powersave=100ms", "cannot be read"},
		{"1 ada expect rain", "unknown fact"},
		{"1 ada expect here", "expected a word after"},
		{"1 ada expect here cake", "unknown kind"},
		{"2 ada pair\n1 ada off", "test:2: at 1: the event before it is later"},
	} {
		t.Run(tc.line, func(t *testing.T) {
			_, err := phone.Parse("test", tc.line)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "test:") {
				t.Errorf("got %v, want an error of a line of test with %q", err, tc.want)
			}
		})
	}
	s, err := phone.Parse("test", "# nothing\n\n0.5 ada net delay=20ms loss=1% # a comment\n 2 car  send media bob\n")
	if err != nil || len(s.Events) != 2 {
		t.Fatalf("got %+v, %v, want two events", s, err)
	}
	if e := s.Events[1]; e.Line != 4 || e.At != 2*time.Second || e.Who != "car" || e.Verb != "send" || e.Rest != "media bob" {
		t.Errorf("got %+v", e)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0 ada pair\n1 ada play 10 x\n2 ada expect text a b")
	f.Add("1e3 car net rate=1e300")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := phone.Parse("fuzz", text)
		if (s == nil) == (err == nil) {
			t.Fatalf("got %v and %v", s, err)
		}
	})
}

// play runs a script in a world of 20 ms and 1 % loss.
func play(t *testing.T, text string) *phone.World {
	t.Helper()
	s, err := phone.Parse(t.Name(), text)
	if err != nil {
		t.Fatal(err)
	}
	p := faultnet.Path{Delay: 10 * time.Millisecond, Loss: 0.01}
	cfg := phone.Config{Seed: 3, Path: p, Load: 5 * time.Millisecond, Again: 5 * time.Second}
	if testing.Verbose() {
		cfg.Log = os.Stdout
	}
	w := start(t, cfg)
	if err := w.Play(t.Context(), s); err != nil {
		t.Error(err)
	}
	return w
}

// TestScripts are days in the life of a car.
func TestScripts(t *testing.T) {
	for _, tc := range []struct{ name, script string }{
		{"music there and back", `
			0    ada  pair
			0.1  ada  play 600 Blue in Green
			0.3  ada  send media
			0.4  car  expect sounding
			0.4  ada  expect silent
			0.6  ada  back media
			0.7  ada  expect sounding
			0.7  car  expect silent
			0.7  car  expect there media
			1.0  car  take media
			1.1  car  expect here media
			1.1  ada  expect there media
			1.2  ada  pause
			1.3  car  expect silent
			1.4  ada  end media
			1.5  car  expect none media`},
		{"two phones", `
			0    ada  pair
			0    bob  pair
			0.5  ada  play 600 hers
			0.5  bob  go 52.5,13.4 his
			0.8  car  take media
			0.8  car  take navigation
			0.9  ada  expect silent
			0.9  bob  expect there navigation
			1.0  car  send navigation ada
			1.1  ada  expect here navigation`},
		{"a message in a tunnel", `
			0    ada  pair
			0.1  ada  draft I will be late
			0.3  ada  send draft
			0.4  car  expect here draft
			0.5  ada  drop
			0.6  car  edit I will be ten minutes late
			2.6  car  expect absent
			3.0  ada  heal
			3.1  ada  expect linked
			3.2  ada  expect text I will be ten minutes late`},
		{"clipboard and file over a bad road", `
			0    ada  pair
			0.1  ada  net delay=20ms loss=5% duplicate=2% reorder=5% jitter=5ms
			0.2  ada  clip +49 30 1234567
			0.3  car  expect clip +49 30 1234567
			0.4  ada  file 200000
			0.5  car  expect file`},
		{"sleep, another address, off and on", `
			0    ada  pair
			0.1  ada  play 600 music
			0.2  ada  net powersave=100ms-300ms
			0.3  ada  send media
			0.4  car  expect sounding
			0.5  ada  rebind
			0.6  ada  take media
			0.7  ada  expect sounding
			0.8  car  expect silent
			1.0  ada  off
			3.0  car  expect absent
			3.2  ada  on
			3.3  ada  expect linked
			3.4  ada  expect here media`},
		{"walks away, the music does not stop", `
			0    ada  pair
			0.1  ada  play 600 music
			0.3  ada  walk
			5.5  car  expect absent
			6.0  ada  expect sounding
			6.1  ada  heal
			6.2  car  expect linked
			6.3  car  take media
			6.5  ada  expect silent`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := play(t, tc.script)
			alone(t, w)
		})
	}
}

// alone checks that no two devices were ever heard with one session at once for
// longer than a hand-off may overlap, and this machine was late just then.
func alone(t *testing.T, w *phone.World) {
	t.Helper()
	for _, o := range w.Overlaps() {
		late := latest.around(o.From, o.To)
		if took := o.To.Sub(o.From); took > 50*time.Millisecond+2*late {
			t.Errorf("two devices sounded at once for %v, want at most 50ms; the machine was late by up to %v then", took, late)
		}
	}
}

// latest is when this machine was late with a timer of 5 ms, and by how much: a
// player that is not given the processor cannot fall silent.
var latest lateness

type lateness struct {
	mu   sync.Mutex
	list []late
}

type late struct {
	due time.Time
	by  time.Duration
}

// beside is how long before and after an overlap the machine's lateness counts:
// as long as a hand-off takes.
const beside = 250 * time.Millisecond

// around is how late a timer was, at most, that was due or came within the time,
// or beside it.
func (l *lateness) around(from, to time.Time) (by time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.list {
		if e.due.Before(to.Add(beside)) && e.due.Add(e.by).After(from.Add(-beside)) {
			by = max(by, e.by)
		}
	}
	return by
}

// note keeps what is late enough to matter.
func (l *lateness) note(due, came time.Time) {
	if by := came.Sub(due); by > time.Millisecond {
		l.mu.Lock()
		l.list = append(l.list, late{due, by})
		l.mu.Unlock()
	}
}

func watchTimers(ctx context.Context) {
	const every = 5 * time.Millisecond
	for ctx.Err() == nil {
		due := time.Now().Add(every)
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
		latest.note(due, time.Now())
	}
}

// TestLatenessCountsWhereItWas: what was late elsewhere excuses nothing.
func TestLatenessCountsWhereItWas(t *testing.T) {
	var l lateness
	start := time.Now()
	l.note(start, start.Add(300*time.Millisecond))
	l.note(start.Add(10*time.Second), start.Add(10*time.Second+40*time.Millisecond))
	for _, c := range []struct {
		from, to, want time.Duration
	}{
		{100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond},
		{500 * time.Millisecond, 600 * time.Millisecond, 300 * time.Millisecond},
		{2 * time.Second, 3 * time.Second, 0},
		{9900 * time.Millisecond, 10 * time.Second, 40 * time.Millisecond},
		{time.Minute, 2 * time.Minute, 0},
	} {
		if got := l.around(start.Add(c.from), start.Add(c.to)); got != c.want {
			t.Errorf("from %v to %v: got %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// TestThirdPhone is about a phone that has no part in a hand-off: it is told of
// each owner by the car.
func TestThirdPhone(t *testing.T) {
	p := faultnet.Path{Delay: 10 * time.Millisecond}
	w := start(t, phone.Config{Path: p})
	var ds []*phone.Device
	for _, name := range []string{"ada", "bob"} {
		d, err := w.Phone(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Pair(t.Context()); err != nil {
			t.Fatal(err)
		}
		ds = append(ds, d)
	}
	ada, bob, car := ds[0], ds[1], w.Car()
	id, err := bob.PlayMusic(t.Context(), "bob's", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ownedBy := func(who, owner *phone.Device) {
		t.Helper()
		self := owner.Node().Self()
		v, err := who.Until(ctx, "the music to be "+owner.Name+"'s", func(v *phonelink.View) bool {
			return slices.ContainsFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.ID == id && s.Owner() == self })
		})
		if err != nil {
			for _, s := range v.Sessions {
				t.Logf("%s has epoch %d of %s", who.Name, s.Rev.Epoch.N, s.Owner())
			}
			t.Fatal(err)
		}
	}
	ownedBy(ada, bob)
	for range 3 {
		if err := car.Do(ctx, phonelink.Take{Session: id}); err != nil {
			t.Fatal(err)
		}
		ownedBy(ada, car)
		if err := car.Do(ctx, phonelink.Send{Session: id, To: bob.Node().Self()}); err != nil {
			t.Fatal(err)
		}
		ownedBy(ada, bob)
	}
}

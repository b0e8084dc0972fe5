package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"

	"tandem/phonelink"
	"tandem/phonelink/cmd"
)

// full is a pretended phone with something of everything.
func full() *pretend {
	p := newPretend()
	p.pair()
	now := time.Now()
	p.change(func(v *phonelink.View) {
		v.Phones[0].Since = now.Add(-3 * time.Minute)
		add := func(k phonelink.Kind, here bool, title string, d phonelink.Document) {
			p.made++
			s := phonelink.SessionView{Session: phonelink.Session{ID: phonelink.NewSessionID(now, [10]byte{9: p.made}), Kind: k, Title: title, Doc: d}, Local: here}
			s.Rev.Epoch = phonelink.Epoch{N: 1, Device: theCar}
			if here {
				s.Rev.Epoch.Device = v.Self
			}
			v.Sessions = append(v.Sessions, s)
		}
		add(phonelink.Media, true, "", &phonelink.MediaDoc{Rate: 1, Volume: 0.6, Position: 80 * time.Second, Queue: []phonelink.Track{
			{ID: "1", Title: "Blue in Green", Artist: "Miles Davis", Length: 337 * time.Second}, {ID: "2", Title: "All Blues", Length: 700 * time.Second},
		}})
		add(phonelink.Navigation, false, "Berlin Hauptbahnhof", &phonelink.NavigationDoc{Active: true})
		add(phonelink.Draft, true, "to Ada", &phonelink.DraftDoc{Text: "I will be late.\nSorry! 日本語", To: []string{"Ada"}})
		add(phonelink.Page, false, "A title that is much too long for any window, \x1b[2Jwith\ntricks, 日本語日本語日本語日本語", &phonelink.PageDoc{})
		add(phonelink.Clipboard, false, "", &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte("+49 30 1234567")})
		v.Offers = []phonelink.Offer{{From: theCar, Why: phonelink.OfferGetOut, Until: now.Add(time.Minute), Session: phonelink.SessionView{
			Session: phonelink.Session{ID: phonelink.SessionID{9}, Kind: phonelink.Navigation, Title: "Walk to the market", Doc: &phonelink.NavigationDoc{}},
		}}}
		v.Transfers = []phonelink.Transfer{{ID: "1", Device: theCar, Name: "photo.jpg", Size: 2_500_000, Done: 1_200_000}}
	})
	return p
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestScreenFits shows every page at many sizes: as many lines as the window
// has, none wider, and nothing of a peer's that a terminal would obey.
func TestScreenFits(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 10}, {43, 11}, {60, 20}, {79, 24}, {120, 40}, {200, 50}} {
		for _, p := range []*pretend{full(), newPretend()} {
			s := cmd.NewScreen(t.Context(), p, size[0], size[1])
			for _, keys := range [][]string{nil, {"2"}, {"3"}, {"4"}, {"5"}, {"?"}, {"esc", "1", "o"}, {"a long answer that goes on and on and on and on and on and on and on and on and on and on"}, {"esc", "3", "enter"}, {"more\ntext"}} {
				s.Keys(keys...)
				text := s.Show(p.Watch().View(), time.Now())
				lines := strings.Split(text, "\n")
				if len(lines) != size[1] {
					t.Errorf("%v after %q: %d lines", size, keys, len(lines))
				}
				for i, line := range lines {
					if w := lipgloss.Width(line); w > size[0] {
						t.Errorf("%v after %q: line %d has %d cells: %q", size, keys, i+1, w, line)
					}
				}
				if rest := escapes.ReplaceAllString(text, ""); strings.ContainsRune(rest, '\x1b') {
					t.Errorf("%v after %q: an escape of a peer's: %q", size, keys, rest)
				}
			}
		}
	}
}

// screen is a screen with what it is expected to show.
type screen struct {
	t *testing.T
	p *pretend
	*cmd.Screen
}

func newScreen(t *testing.T, p *pretend) screen {
	return screen{t, p, cmd.NewScreen(t.Context(), p, 80, 24)}
}

func (s screen) shows(want ...string) {
	s.t.Helper()
	text := s.Show(s.p.Watch().View(), time.Now())
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.t.Errorf("the screen has no %q:\n%s", w, text)
		}
	}
}

func (s screen) session(k phonelink.Kind) phonelink.SessionView {
	v := s.p.Watch().View()
	i := slices.IndexFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.Kind == k })
	if i < 0 {
		s.t.Fatalf("no session of kind %v", k)
	}
	return v.Sessions[i]
}

func TestScreenPairs(t *testing.T) {
	s := newScreen(t, newPretend())
	s.shows("not paired", "Pair with your car", "a here")
	s.Keys("a", "tandem:bad", "enter")
	s.shows("that code was used already (open 'Add phone'")
	s.Keys("a", "tandem:good", "enter")
	s.shows("● Tandem One", "paired")
}

func TestScreenMovesSessions(t *testing.T) {
	s := newScreen(t, full())
	s.shows("▸ ♪ Blue in Green", "here", "s send")
	s.Keys("s")
	if s.session(phonelink.Media).Local {
		t.Error("s did not send the music")
	}
	s.shows("Blue in Green goes on in Tandem One", "b take back")
	s.Keys("s")
	s.shows("is there already; t takes it")
	s.Keys("b")
	if !s.session(phonelink.Media).Local {
		t.Error("b did not take it back")
	}
	s.Keys("down", "t")
	if !s.session(phonelink.Navigation).Local {
		t.Error("t did not take the destination")
	}
	s.shows("as you leave: Walk to the market", "y take")
	s.Keys("y")
	if got := len(s.p.Watch().View().Offers); got != 0 {
		t.Errorf("offers after y: got %d, want 0", got)
	}
	s.Keys("2", "up", "up", "x")
	s.shows("has ended")
}

func TestScreenPlays(t *testing.T) {
	s := newScreen(t, full())
	media := func() *phonelink.MediaDoc { return s.session(phonelink.Media).Doc.(*phonelink.MediaDoc) }
	s.shows("❚❚", "Blue in Green · Miles Davis", "1:20", "5:37", "60 %")
	s.Keys("space")
	if !media().Playing {
		t.Error("space does not play")
	}
	s.Keys("space", ".")
	if got := media().Position; media().Playing || got < 90*time.Second || got > 95*time.Second {
		t.Errorf("after a pause and 10 s on: got %v, playing %v", got, media().Playing)
	}
	s.Keys("+", "n")
	if got := media(); got.Index != 1 || got.Volume < 0.64 {
		t.Errorf("after louder and next: got track %d at %v", got.Index, got.Volume)
	}
	s.Keys("n")
	s.shows("this is the last track")
	s.Keys("o", "/nowhere.flac", "enter")
	s.shows("no such file")
}

// TestScreenWrites types a message, with the other side typing too.
func TestScreenWrites(t *testing.T) {
	s := newScreen(t, full())
	text := func() string { return s.session(phonelink.Draft).Doc.(*phonelink.DraftDoc).Text }
	s.Keys("3", "enter")
	s.shows("to Ada  (here)", "I will be late.", "saved")
	s.Keys("end", " Really", "down", "home", "P.S. ", "left", "backspace")
	s.shows("typing")
	s.Keys("esc")
	if got, want := text(), "I will be late. Really\nP.S Sorry! 日本語"; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
	s.Keys("enter")
	id := s.session(phonelink.Draft).ID
	_ = s.p.Do(t.Context(), phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: "from the car"}}})
	s.shows("from the car")
	s.Keys("!", "ctrl+s")
	if d := s.session(phonelink.Draft).Doc.(*phonelink.DraftDoc); !d.Sent || !strings.Contains(d.Text, "!") {
		t.Errorf("after ctrl+s: got %+v, want it sent", d)
	}
}

func TestScreenGives(t *testing.T) {
	s := newScreen(t, full())
	name := filepath.Join(t.TempDir(), "map.gpx")
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Keys("4")
	s.shows("+49 30 1234567", "photo.jpg", "48 % of 2.5 MB")
	s.Keys("f", name, "enter", "c", "a text", "enter", "g", "48.85,2.29", "enter")
	var clip, place bool
	for _, r := range s.p.log {
		switch r := r.(type) {
		case phonelink.SendClipboard:
			clip = r.Text == "a text"
		case phonelink.Open:
			d, ok := r.Session.Doc.(*phonelink.NavigationDoc)
			place = ok && d.Destination.Latitude == 48.85
		}
	}
	if !clip || !place {
		t.Errorf("clipboard %v, place %v: want both", clip, place)
	}
	s.Keys("5", "e", "fan fast", "enter")
	s.shows("0 to 100")
	s.Keys("u", "no", "enter")
	if len(s.p.Watch().View().Phones) != 1 {
		t.Error("the car was forgotten without a yes")
	}
	s.Keys("u", "yes", "enter")
	if len(s.p.Watch().View().Phones) != 0 {
		t.Error("the car was not forgotten")
	}
}

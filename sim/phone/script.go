package phone

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/phonelink"
	"tandem/sim/faultnet"
)

// Script is what everybody does: one line of text per event, seconds first, '#'
// for comments.
//
//	# seconds  who  what
//	0     ada  pair
//	1     ada  play 180 Blue in Green
//	3     ada  send media
//	3.5   car  expect sounding
//	4     ada  net delay=40ms loss=5% powersave=100ms-300ms
//	5     ada  drop
//	8     ada  heal
//	9     ada  back media
//
// Each one does its events in order, each not before its time; who is late
// with one is late with the next. The verbs are:
//
//	pair                      turn on, and pair by the code on the car's screen
//	on, off                   turn the device on or off, with what it knows
//	play SECONDS TITLE        music of that length; goes on until somebody says otherwise
//	go LAT,LON NAME           a destination
//	draft TEXT, page URL      a message being written; a page
//	edit TEXT                 the text of the latest message becomes this
//	take, back, accept, decline, end KIND
//	                          the latest session, or offer, of that kind
//	send KIND [WHO]           to the car; from the car to WHO
//	pause, resume             the latest music, wherever it is
//	seek SECONDS
//	clip TEXT, file BYTES     to the car; from the car to the latest phone
//	drop, heal                the phone's network swallows everything; it does so no more
//	walk                      walks away: in three seconds the network gets worse, and is gone
//	rebind, reset             the NAT forgets; TCP connections are reset
//	net NAME=VALUE...         delay, jitter, rate, powersave, loss, duplicate, reorder
//	expect FACT               waits, at most ten seconds, until it is so: sounding, silent,
//	                          linked, absent, has KIND, here KIND, there KIND,
//	                          none KIND, offered KIND, text TEXT, clip TEXT, file
type Script struct {
	Name   string
	Events []Event
}

// Event is one line of a Script.
type Event struct {
	Line int
	At   time.Duration
	Who  string // CarName or a phone's
	Verb string
	Args []string
	Rest string // what follows the verb, as it stands
}

// maxScript is how many events a script may have.
const maxScript = 100_000

// kinds are the words for kinds of sessions.
var kinds = map[string]phonelink.Kind{
	"media": phonelink.Media, "navigation": phonelink.Navigation, "draft": phonelink.Draft, "page": phonelink.Page, "file": phonelink.File, "clipboard": phonelink.Clipboard,
}

// grammar has how many words each verb takes, at least and at most (-1: any),
// and a check of them.
var grammar = map[string]struct {
	least, most int
	usage       string
	check       func(args []string) error
}{
	"pair": {0, 0, "", nil}, "on": {0, 0, "", nil}, "off": {0, 0, "", nil},
	"play": {1, -1, "SECONDS TITLE", number}, "go": {1, -1, "LAT,LON NAME", place},
	"draft": {1, -1, "TEXT", nil}, "edit": {1, -1, "TEXT", nil}, "page": {1, 1, "URL", nil},
	"take": {1, 1, "KIND", kind}, "back": {1, 1, "KIND", kind}, "accept": {1, 1, "KIND", kind}, "decline": {1, 1, "KIND", kind}, "end": {1, 1, "KIND", kind},
	"send":  {1, 2, "KIND [WHO]", kind},
	"pause": {0, 0, "", nil}, "resume": {0, 0, "", nil}, "seek": {1, 1, "SECONDS", number},
	"clip": {1, -1, "TEXT", nil}, "file": {1, 1, "BYTES", number},
	"drop": {0, 0, "", nil}, "heal": {0, 0, "", nil}, "walk": {0, 0, "", nil}, "rebind": {0, 0, "", nil}, "reset": {0, 0, "", nil},
	"net":    {1, -1, "NAME=VALUE...", func(args []string) error { _, err := parsePath(faultnet.Path{}, args); return err }},
	"expect": {1, -1, "FACT", fact},
}

// ofPhones are the verbs that the car does not have.
var ofPhones = []string{"pair", "drop", "heal", "walk", "rebind", "reset", "net"}

// Parse reads a script; name is for errors, which name the line.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name}
	var errs []error
	last := time.Duration(0)
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		ev, err := parseEvent(words)
		if err == nil && ev.At < last {
			err = fmt.Errorf("at %s: the event before it is later", words[0])
		}
		if err == nil && len(s.Events) == maxScript {
			return nil, fmt.Errorf("%s:%d: more than %d events", name, i+1, maxScript)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, i+1, err))
			if len(errs) == 20 {
				break
			}
			continue
		}
		ev.Line, last = i+1, ev.At
		s.Events = append(s.Events, ev)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func parseEvent(words []string) (Event, error) {
	if len(words) < 3 {
		return Event{}, fmt.Errorf("%q: expected SECONDS WHO VERB, as in 1.5 ada send media", strings.Join(words, " "))
	}
	at, err := strconv.ParseFloat(words[0], 64)
	if err != nil || !(at >= 0 && at <= 1e6) {
		return Event{}, fmt.Errorf("%q is no time; expected seconds since the beginning", words[0])
	}
	ev := Event{At: time.Duration(at * float64(time.Second)), Who: words[1], Verb: words[2], Args: words[3:], Rest: strings.Join(words[3:], " ")}
	if err := checkName(ev.Who); err != nil {
		return ev, err
	}
	g, ok := grammar[ev.Verb]
	switch {
	case !ok:
		return ev, fmt.Errorf("unknown verb %q; known: %s", ev.Verb, strings.Join(slices.Sorted(maps.Keys(grammar)), ", "))
	case len(ev.Args) < g.least || g.most >= 0 && len(ev.Args) > g.most:
		return ev, fmt.Errorf("%s: expected %s", ev.Verb, strings.TrimSpace(ev.Verb+" "+g.usage))
	case ev.Who == CarName && slices.Contains(ofPhones, ev.Verb):
		return ev, fmt.Errorf("%s: only a phone does that", ev.Verb)
	case g.check != nil:
		if err := g.check(ev.Args); err != nil {
			return ev, fmt.Errorf("%s: %w", ev.Verb, err)
		}
	}
	return ev, nil
}

func checkName(s string) error {
	ok := len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	if !ok {
		return fmt.Errorf("%q is no name; expected 1 to 32 letters and digits", s)
	}
	return nil
}

func number(args []string) error {
	if v, err := strconv.ParseFloat(args[0], 64); err != nil || !(v >= 0 && v <= 1e9) {
		return fmt.Errorf("%q: expected a number from 0 to 1e9", args[0])
	}
	return nil
}

func kind(args []string) error {
	if kinds[args[0]] == 0 {
		return fmt.Errorf("unknown kind %q; known: %s", args[0], strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	return nil
}

func place(args []string) error { _, err := parsePlace(args); return err }

func parsePlace(args []string) (p phonelink.Place, err error) {
	lat, lon, _ := strings.Cut(args[0], ",")
	for _, part := range []struct {
		text string
		to   *float64
		most float64
	}{{lat, &p.Latitude, 90}, {lon, &p.Longitude, 180}} {
		v, err := strconv.ParseFloat(part.text, 64)
		if err != nil || !(math.Abs(v) <= part.most) {
			return p, fmt.Errorf("%q: expected LAT,LON in degrees", args[0])
		}
		*part.to = v
	}
	p.ID, p.Name = "goal", strings.Join(args[1:], " ")
	return p, nil
}

// facts are what may be expected, and whether a word follows.
var facts = map[string]bool{
	"sounding": false, "silent": false, "linked": false, "absent": false, "file": false,
	"has": true, "here": true, "there": true, "none": true, "offered": true, "text": true, "clip": true,
}

func fact(args []string) error {
	word, ok := facts[args[0]]
	switch {
	case !ok:
		return fmt.Errorf("unknown fact %q; known: %s", args[0], strings.Join(slices.Sorted(maps.Keys(facts)), ", "))
	case word != (len(args) > 1):
		return fmt.Errorf("%s: expected a word after has, here, there, none, offered, text and clip, and none after the others", args[0])
	case word && args[0] != "text" && args[0] != "clip":
		return kind(args[1:])
	}
	return nil
}

// parsePath changes a path by NAME=VALUE words.
func parsePath(p faultnet.Path, words []string) (faultnet.Path, error) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		var err error
		switch name {
		case "delay":
			p.Delay, err = time.ParseDuration(value)
		case "jitter":
			p.Jitter, err = time.ParseDuration(value)
		case "loss":
			p.Loss, err = share(value)
		case "duplicate":
			p.Duplicate, err = share(value)
		case "reorder":
			p.Reorder, err = share(value)
		case "rate": // bits per second
			var v float64
			v, err = strconv.ParseFloat(value, 64)
			if err == nil && !(v >= 0 && v <= 1e12) {
				err = errors.New("out of range")
			}
			p.Rate = int64(v)
		case "powersave":
			from, to, _ := strings.Cut(value, "-")
			if p.PowerSave.Min, err = time.ParseDuration(from); err == nil {
				p.PowerSave.Max, err = time.ParseDuration(to)
			}
		default:
			return p, fmt.Errorf("unknown word %q; known: delay=20ms jitter=5ms loss=1%% duplicate=1%% reorder=1%% rate=1e6 powersave=100ms-300ms", w)
		}
		if err != nil {
			return p, fmt.Errorf("%q cannot be read: %w", w, err)
		}
	}
	return p, p.Check()
}

// share reads 5% or 0.05.
func share(s string) (float64, error) {
	text, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(text, 64)
	if percent {
		v /= 100
	}
	return v, err
}

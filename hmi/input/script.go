package input

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Script is what a person would do, written down: one line an event, seconds
// first, # for comments. Places are 0 to 1 from the top left.
//
//	1.5  tap 0.5 0.9              and lift after 60 ms; a third number: seconds held
//	2    drag 0.5 0.8 0.5 0.2 0.3 from, to, seconds
//	3    down 1 0.4 0.5           finger 1; also move, and up, which needs no place
//	4    wheel 0.5 0.5 0 120      place, pixels right, pixels down
//	5    rotate -2                rotary controller, steps clockwise
//	6    key Return               a Fyne key name, down and up
//	7    type Hello there         the rest of the line
//	8    shot home                save the picture under that name
//	9    end
type Script struct {
	steps []step
	end   time.Duration
}

// step is one thing at its time since the start.
type step struct {
	at   time.Duration
	ev   Event
	shot string // not empty: save the picture instead
}

const (
	tapHold   = 60 * time.Millisecond
	dragFrame = time.Second / 60
	longest   = 24 * time.Hour
)

// ParseScript reads a script; name is for errors, which tell the line.
func ParseScript(name string, r io.Reader) (*Script, error) {
	s := &Script{}
	lines := bufio.NewScanner(r)
	ended := false
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if ended {
			return nil, fmt.Errorf("%s:%d: %q after end", name, n, text)
		}
		end, err := s.line(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		ended = end
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read script %s: %w", name, err)
	}
	sort.SliceStable(s.steps, func(i, j int) bool { return s.steps[i].at < s.steps[j].at })
	if n := len(s.steps); n > 0 && !ended {
		s.end = max(s.end, s.steps[n-1].at)
	}
	return s, nil
}

// Duration is when the script ends, since its start.
func (s *Script) Duration() time.Duration { return s.end }

// Play does the script: events go to to, which must not block, and shot is
// called for each picture. It returns at the script's end, with ctx's error
// when that ends first, or with shot's.
func (s *Script) Play(ctx context.Context, to func(Event), shot func(name string) error) error {
	start := time.Now()
	for _, st := range s.steps {
		if st.at > s.end {
			break
		}
		if err := sleepUntil(ctx, start.Add(st.at)); err != nil {
			return err
		}
		if st.shot != "" {
			if err := shot(st.shot); err != nil {
				return fmt.Errorf("script, second %.3f: %w", st.at.Seconds(), err)
			}
			continue
		}
		st.ev.Time = time.Now()
		to(st.ev)
	}
	return sleepUntil(ctx, start.Add(s.end))
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// line adds what one line says; end is true for the end.
func (s *Script) line(text string) (end bool, err error) {
	first, rest, _ := strings.Cut(text, " ")
	seconds, err := strconv.ParseFloat(first, 64)
	at := time.Duration(seconds * float64(time.Second))
	if err != nil || !(seconds >= 0) || seconds > longest.Seconds() {
		return false, fmt.Errorf("%q is no time in seconds", first)
	}
	verb, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	rest = strings.TrimSpace(rest)
	args := strings.Fields(rest)
	switch verb {
	case "tap", "drag", "down", "move", "up":
		return false, s.touch(at, verb, args)
	case "wheel":
		v, err := numbers(verb, args, 4, 4)
		if err != nil {
			return false, err
		}
		s.add(at, Event{Kind: Scroll, X: v[0], Y: v[1], DX: v[2], DY: v[3]})
		return false, inside(v[:2])
	case "rotate":
		n, err := strconv.Atoi(rest)
		if err != nil || n < -1000 || n > 1000 {
			return false, fmt.Errorf("rotate: %q is no number of steps", rest)
		}
		s.add(at, Event{Kind: Rotate, Steps: n})
	case "key":
		if len(args) != 1 {
			return false, fmt.Errorf("key: want one key name, got %q", rest)
		}
		s.add(at, Event{Kind: KeyDown, Key: rest})
		s.add(at, Event{Kind: KeyUp, Key: rest})
	case "type":
		if rest == "" {
			return false, fmt.Errorf("type: no text")
		}
		for _, c := range rest {
			s.add(at, Event{Kind: Rune, Rune: c})
		}
	case "shot":
		if len(args) != 1 {
			return false, fmt.Errorf("shot: want one name, got %q", rest)
		}
		s.steps = append(s.steps, step{at: at, shot: rest})
	case "end":
		s.end = at
		return true, nil
	default:
		return false, fmt.Errorf("%q is none of tap, drag, down, move, up, wheel, rotate, key, type, shot, end", verb)
	}
	return false, nil
}

func (s *Script) add(at time.Duration, ev Event) { s.steps = append(s.steps, step{at: at, ev: ev}) }

func (s *Script) touch(at time.Duration, verb string, args []string) error {
	limits := map[string][2]int{"tap": {2, 3}, "drag": {4, 5}, "down": {3, 3}, "move": {3, 3}, "up": {1, 1}}[verb]
	v, err := numbers(verb, args, limits[0], limits[1])
	if err != nil {
		return err
	}
	switch verb {
	case "tap":
		hold := tapHold
		if len(v) == 3 {
			if hold, err = span(v[2]); err != nil {
				return fmt.Errorf("tap: %w", err)
			}
		}
		s.add(at, Event{Kind: TouchDown, X: v[0], Y: v[1]})
		s.add(at+hold, Event{Kind: TouchUp, X: v[0], Y: v[1]})
		return inside(v[:2])
	case "drag":
		return s.drag(at, v)
	}
	if v[0] != float32(int(v[0])) || v[0] < 0 || v[0] > 9 {
		return fmt.Errorf("%s: finger %v, want 0 to 9", verb, v[0])
	}
	ev := Event{Kind: map[string]Kind{"down": TouchDown, "move": TouchMove, "up": TouchUp}[verb], Contact: int(v[0])}
	if verb == "up" {
		ev.X, ev.Y = s.lastPlace(ev.Contact)
		s.add(at, ev)
		return nil
	}
	ev.X, ev.Y = v[1], v[2]
	s.add(at, ev)
	return inside(v[1:])
}

// lastPlace is where the finger was last said to be.
func (s *Script) lastPlace(contact int) (x, y float32) {
	for i := len(s.steps) - 1; i >= 0; i-- {
		if ev := s.steps[i].ev; s.steps[i].shot == "" && ev.Kind <= TouchMove && ev.Contact == contact {
			return ev.X, ev.Y
		}
	}
	return 0, 0
}

func (s *Script) drag(at time.Duration, v []float32) error {
	over := 300 * time.Millisecond
	if len(v) == 5 {
		var err error
		if over, err = span(v[4]); err != nil {
			return fmt.Errorf("drag: %w", err)
		}
	}
	s.add(at, Event{Kind: TouchDown, X: v[0], Y: v[1]})
	for t := dragFrame; t < over; t += dragFrame {
		part := float32(t) / float32(over)
		s.add(at+t, Event{Kind: TouchMove, X: v[0] + (v[2]-v[0])*part, Y: v[1] + (v[3]-v[1])*part})
	}
	s.add(at+over, Event{Kind: TouchMove, X: v[2], Y: v[3]})
	s.add(at+over, Event{Kind: TouchUp, X: v[2], Y: v[3]})
	return inside(v[:4])
}

func span(seconds float32) (time.Duration, error) {
	if !(seconds >= 0) || seconds > 60 {
		return 0, fmt.Errorf("%v seconds, want 0 to 60", seconds)
	}
	return time.Duration(seconds * float32(time.Second)), nil
}

func numbers(verb string, args []string, least, most int) ([]float32, error) {
	if len(args) < least || len(args) > most {
		return nil, fmt.Errorf("%s: got %d numbers, want %d to %d", verb, len(args), least, most)
	}
	var v []float32
	for _, a := range args {
		f, err := strconv.ParseFloat(a, 32)
		if err != nil || math.IsNaN(f) || math.Abs(f) > 1e5 {
			return nil, fmt.Errorf("%s: %q is no number", verb, a)
		}
		v = append(v, float32(f))
	}
	return v, nil
}

func inside(v []float32) error {
	for _, f := range v {
		if f < 0 || f > 1 {
			return fmt.Errorf("place %v is off the display: from 0 to 1", f)
		}
	}
	return nil
}

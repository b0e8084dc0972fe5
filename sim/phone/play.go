package phone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/player"
)

// Play carries out a script. It returns when everybody has done all, with what
// went wrong, by line; ctx ends it early. Config.Log gets a line per event.
func (w *World) Play(ctx context.Context, s *Script) error {
	began := time.Now()
	parts := map[string][]Event{}
	var names []string
	for _, ev := range s.Events {
		if parts[ev.Who] == nil {
			names = append(names, ev.Who)
		}
		parts[ev.Who] = append(parts[ev.Who], ev)
	}
	var mu sync.Mutex
	var errs []error
	var all sync.WaitGroup
	for _, name := range names {
		d := w.Car()
		if name != CarName {
			var err error
			if d, err = w.Phone(name); err != nil {
				return err
			}
		}
		all.Go(func() {
			for _, ev := range parts[name] {
				if rest(ctx, time.Until(began.Add(ev.At))) != nil {
					return
				}
				at := time.Now()
				err := w.event(ctx, d, ev)
				w.note(at.Sub(began), time.Since(at), ev, err)
				if err != nil {
					mu.Lock()
					errs = append(errs, fmt.Errorf("%s:%d: %w", s.Name, ev.Line, err))
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// note logs an event: when it began, what it was, how long it took.
func (w *World) note(at, took time.Duration, ev Event, err error) {
	w.log.Lock()
	defer w.log.Unlock()
	end := "ok"
	if err != nil {
		end = "failed: " + err.Error()
	}
	fmt.Fprintf(w.cfg.Log, "%8.3f  %-8s %-32s %7.1f ms  %s\n", at.Seconds(), ev.Who, strings.TrimSpace(ev.Verb+" "+ev.Rest), float64(took.Microseconds())/1000, end)
}

// eventPatience is how long an event may take.
const eventPatience = 10 * time.Second

// event does one line.
func (w *World) event(ctx context.Context, d *Device, ev Event) error {
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	switch ev.Verb {
	case "pair":
		return d.Pair(ctx)
	case "on":
		return d.On()
	case "off":
		return d.Off()
	case "drop", "heal":
		d.net.BlackHole(ev.Verb == "drop")
		return nil
	case "walk":
		return d.walk(ctx)
	case "rebind":
		return d.net.Rebind()
	case "reset":
		d.net.Reset()
		return nil
	case "net":
		p, err := parsePath(w.cfg.Path, ev.Args)
		if err == nil {
			d.net.Set(p)
		}
		return err
	case "expect":
		return d.expect(ctx, ev)
	case "clip", "file":
		return d.give(ctx, ev)
	case "play", "go", "draft", "page":
		return d.begin(ctx, ev)
	}
	return d.change(ctx, ev)
}

// walk makes the network worse in six steps, and takes it away.
func (d *Device) walk(ctx context.Context) error {
	for _, loss := range []float64{0.02, 0.05, 0.1, 0.2, 0.4, 0.7} {
		p := d.w.cfg.Path
		p.Loss, p.Jitter = max(p.Loss, loss), p.Delay/2
		d.net.Set(p)
		if err := rest(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	d.net.BlackHole(true)
	d.net.Set(d.w.cfg.Path)
	return nil
}

// begin opens a session.
func (d *Device) begin(ctx context.Context, ev Event) error {
	switch ev.Verb {
	case "play":
		seconds, _ := strconv.ParseFloat(ev.Args[0], 64) // Parse has checked it
		title := strings.Join(ev.Args[1:], " ")
		if title == "" {
			title = "music of " + d.Name
		}
		_, err := d.PlayMusic(ctx, title, time.Duration(seconds*float64(time.Second)))
		return err
	case "go":
		p, err := parsePlace(ev.Args)
		if err != nil {
			return err
		}
		return d.open1(ctx, phonelink.Session{Kind: phonelink.Navigation, Title: p.Name, Doc: &phonelink.NavigationDoc{Destination: p, Preference: "fast"}})
	case "draft":
		return d.open1(ctx, phonelink.Session{Kind: phonelink.Draft, Title: "a message", Doc: &phonelink.DraftDoc{Text: ev.Rest, Base: ev.Rest, Cursor: len(ev.Rest)}})
	}
	return d.open1(ctx, phonelink.Session{Kind: phonelink.Page, Title: ev.Rest, Web: ev.Rest, Doc: &phonelink.PageDoc{URL: ev.Rest}})
}

// change does something with a session that is there.
func (d *Device) change(ctx context.Context, ev Event) error {
	k := phonelink.Media
	if ev.Verb == "edit" {
		k = phonelink.Draft
	} else if len(ev.Args) > 0 && kinds[ev.Args[0]] != 0 {
		k = kinds[ev.Args[0]]
	}
	var s phonelink.SessionView
	_, err := d.Until(ctx, "a session of kind "+k.String(), func(v *phonelink.View) (ok bool) {
		if ev.Verb == "accept" || ev.Verb == "decline" {
			s, ok = offered(v, k)
		} else {
			s, ok = latest(v, k)
		}
		return ok
	})
	if err != nil {
		return err
	}
	edit := func(a phonelink.Action) error {
		return d.Do(ctx, phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: a}})
	}
	switch ev.Verb {
	case "take":
		return d.tap(ctx, phonelink.Take{Session: s.ID})
	case "back":
		return d.tap(ctx, phonelink.TakeBack{Session: s.ID})
	case "accept":
		return d.Do(ctx, phonelink.Accept{Session: s.ID})
	case "decline":
		return d.Do(ctx, phonelink.Decline{Session: s.ID})
	case "end":
		return d.Do(ctx, phonelink.End{Session: s.ID})
	case "send":
		to, err := d.other(ev.Args[1:])
		if err != nil {
			return err
		}
		return d.tap(ctx, phonelink.Send{Session: s.ID, To: to})
	case "edit":
		return edit(phonelink.SetText{Text: ev.Rest, Cursor: len(ev.Rest)})
	case "seek":
		seconds, _ := strconv.ParseFloat(ev.Args[0], 64) // Parse has checked it
		return edit(phonelink.Seek{To: time.Duration(seconds * float64(time.Second))})
	}
	return edit(phonelink.Play{Playing: ev.Verb == "resume"})
}

// tap asks, and asks again while the other side is out of reach.
func (d *Device) tap(ctx context.Context, r phonelink.Request) error {
	for until := time.Now().Add(d.w.cfg.Again); ; {
		err := d.Do(ctx, r)
		var no *phonelink.Refusal
		if !errors.As(err, &no) || no.Code != phonelink.RefusedAbsent || time.Now().After(until) {
			return err
		}
		if err := rest(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func offered(v *phonelink.View, k phonelink.Kind) (phonelink.SessionView, bool) {
	for _, o := range v.Offers {
		if o.Session.Kind == k {
			return o.Session, true
		}
	}
	return phonelink.SessionView{}, false
}

// other is whom a device sends to: the car; from the car a phone by its name, or
// the one that was made last.
func (d *Device) other(name []string) (phonelink.Device, error) {
	to := d.w.car
	if d == d.w.car {
		d.w.mu.Lock()
		for _, p := range d.w.phones {
			if len(name) == 0 || p.Name == name[0] {
				to = p
			}
		}
		d.w.mu.Unlock()
		if to == d {
			return "", errors.New("there is no such phone to send to")
		}
	}
	n := to.Node()
	if n == nil {
		return "", fmt.Errorf("%s: %w", to.Name, errOff)
	}
	return n.Self(), nil
}

// give sends a text or a file of so many bytes.
func (d *Device) give(ctx context.Context, ev Event) error {
	to, err := d.other(nil)
	if err != nil {
		return err
	}
	if ev.Verb == "clip" {
		return d.Do(ctx, phonelink.SendClipboard{Device: to, Text: ev.Rest})
	}
	size, _ := strconv.ParseFloat(ev.Args[0], 64) // Parse has checked it
	path := filepath.Join(d.w.cfg.Dir, fmt.Sprintf("from-%s-%d", d.Name, ev.Line))
	b := make([]byte, int(min(size, 64<<20)))
	for i := range b {
		b[i] = byte(i * 7 >> 2)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return fmt.Errorf("make a file to send: %w", err)
	}
	return d.Do(ctx, phonelink.SendFile{Device: to, Path: path})
}

// expect waits until a fact is so.
func (d *Device) expect(ctx context.Context, ev Event) error {
	if ev.Args[0] == "sounding" || ev.Args[0] == "silent" {
		return d.expectSound(ctx, ev.Args[0] == "sounding")
	}
	_, err := d.Until(ctx, ev.Rest, func(v *phonelink.View) bool { return d.holds(v, ev.Args, strings.Join(ev.Args[1:], " ")) })
	return err
}

// expectSound waits until the player sounds, or does not.
func (d *Device) expectSound(ctx context.Context, on bool) error {
	for {
		sounds := d.Sounds()
		now := len(sounds) > 0 && sounds[len(sounds)-1].On
		if now == on {
			return nil
		}
		if _, err := d.Listen(ctx, len(sounds), func(s player.Sound) bool { return s.On == on }); err != nil {
			return err
		}
	}
}

// holds says whether a fact is so.
func (d *Device) holds(v *phonelink.View, args []string, rest string) bool {
	k := phonelink.Kind(0)
	if len(args) > 1 {
		k = kinds[args[1]]
	}
	s, ok := latest(v, k)
	switch args[0] {
	case "linked", "absent":
		linked := false
		for _, p := range v.Phones {
			linked = linked || p.Presence == phonelink.Linked
		}
		return linked == (args[0] == "linked")
	case "has":
		return ok
	case "here":
		return ok && s.Local && s.Handoff == phonelink.Settled
	case "there":
		return ok && !s.Local && s.Handoff == phonelink.Settled
	case "none":
		return !ok
	case "offered":
		_, ok := offered(v, k)
		return ok
	case "text":
		s, _ := latest(v, phonelink.Draft)
		doc, ok := s.Doc.(*phonelink.DraftDoc)
		return ok && doc.Text == rest
	case "clip":
		s, _ := latest(v, phonelink.Clipboard)
		doc, ok := s.Doc.(*phonelink.ClipboardDoc)
		return ok && string(doc.Data) == rest
	case "file":
		for _, t := range v.Transfers {
			if t.Finished && t.Problem == "" {
				return true
			}
		}
	}
	return false
}

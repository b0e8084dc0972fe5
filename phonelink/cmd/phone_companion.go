package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/phonelink"
	"tandem/phonelink/player"
	"tandem/vehicle"
)

// phoneConfig is what a phone's node is made of.
type phoneConfig struct {
	data, name, listen string
	announce           bool
	logger             *slog.Logger
}

// phoneNode is the running phone link at the phone's end.
type phoneNode interface {
	phonelink.Service
	Run(ctx context.Context) error
	PairWith(ctx context.Context, qrText string) error
	PairCode(ctx context.Context, addr string, compare func(code string) bool) error
	CarValues(ctx context.Context, car phonelink.Device) (map[vehicle.Path]vehicle.Value, error)
	AskCar(ctx context.Context, car phonelink.Device, p vehicle.Path, v vehicle.Value) (vehicle.Outcome, error)
}

// companion is a running phone's end: the node, the player that renders by the
// clock, and the socket by which subcommands reach it.
type companion struct {
	p    *phone
	node phoneNode
	log  *slog.Logger

	first    *phonelink.View // what the node showed before it ran
	attached bool            // the node is the running companion's, which plays and listens

	mu     sync.Mutex
	sounds map[chan player.Sound]struct{} // who is told what is heard
}

func (p *phone) newCompanion(log *slog.Logger) (*companion, error) {
	if p.data == "" {
		return nil, errors.New("no folder for keys and sessions: set --data DIR, or HOME")
	}
	node, err := p.open(phoneConfig{data: p.data, name: p.name, listen: p.listen, announce: p.announce, logger: log})
	if err != nil {
		return nil, err
	}
	c := &companion{p: p, node: node, log: log, sounds: map[chan player.Sound]struct{}{}}
	c.first = c.view()
	return c, nil
}

// serve runs the companion until ctx ends.
func (c *companion) serve(ctx context.Context) error {
	if c.attached {
		return c.node.Run(ctx)
	}
	pl, err := player.New(player.Config{Service: c.node, Open: openTrack, Heard: c.heard, Logger: c.log})
	if err != nil {
		return err
	}
	control, err := listenControl(c)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.node.Run(ctx) })
	group.Go(func() error { return pl.Run(ctx) })
	group.Go(func() error { return control.run(ctx) })
	group.Go(func() error { return c.serveService(ctx) })
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// heard tells those who listen; one that is late misses the older sounds.
func (c *companion) heard(s player.Sound) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.sounds {
		select {
		case ch <- s:
		default:
		}
	}
}

// listen returns the changes of what is heard, until done is called.
func (c *companion) listen() (sounds <-chan player.Sound, done func()) {
	ch := make(chan player.Sound, 16)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sounds[ch] = struct{}{}
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.sounds, ch)
	}
}

// view is what is known now.
func (c *companion) view() *phonelink.View {
	w := c.node.Watch()
	defer w.Close()
	return w.View()
}

// patience is how long a subcommand waits for the car.
const patience = 10 * time.Second

// await waits until good says yes; false after the time, or when ctx ended.
func (c *companion) await(ctx context.Context, within time.Duration, good func(*phonelink.View) bool) bool {
	w := c.node.Watch()
	defer w.Close()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		if good(w.View()) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return good(w.View())
		case <-w.C():
		}
	}
}

// settled waits until what the disk and the link know is there: shortly, as a
// car that is away is no error.
func (c *companion) settled(ctx context.Context) *phonelink.View {
	c.await(ctx, 1500*time.Millisecond, func(v *phonelink.View) bool {
		if v == c.first {
			return false // the disk is not read yet
		}
		for i := range v.Phones {
			if v.Phones[i].Presence == phonelink.Linked {
				return true
			}
		}
		return len(v.Phones) == 0
	})
	return c.view()
}

// do is Do within the patience, with an error that says what next.
func (c *companion) do(ctx context.Context, r phonelink.Request) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return explain(c.node.Do(ctx, r))
}

// steps are what to do about refusals.
var steps = map[phonelink.RefusalCode]string{
	phonelink.RefusedMoving:      "it is possible while the car is parked",
	phonelink.RefusedAbsent:      "the car is out of reach; 'tandem phone status' says since when",
	phonelink.RefusedUnknown:     "'tandem phone sessions' lists what there is",
	phonelink.RefusedOwner:       "take it first: tandem phone take SESSION",
	phonelink.RefusedExpired:     "take back works for ten minutes; use 'tandem phone take SESSION'",
	phonelink.RefusedProfile:     "choose or unlock the profile on the car's screen",
	phonelink.RefusedPairing:     "open 'Add phone' on the car's screen, which is good for two minutes, and try again",
	phonelink.RefusedPolicy:      "the car does not let a phone do that",
	phonelink.RefusedUnsupported: "the car's software is too old for it, or it needs another app",
}

// explain adds the next step to a refusal.
func explain(err error) error {
	var r *phonelink.Refusal
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v: it may have happened; see 'tandem phone sessions'", patience)
	case errors.As(err, &r):
		if step := steps[r.Code]; step != "" {
			return fmt.Errorf("%w (%s)", err, step)
		}
	}
	return err
}

// errNoCar is an error of somebody who has not paired.
var errNoCar = errors.New("no car is paired: open 'Add phone' on the car's screen and run 'tandem phone pair' with the text of its code")

// car finds the peer that is meant: by name or id, else the only one linked,
// else the only one.
func car(v *phonelink.View, name string) (*phonelink.Phone, error) {
	var found, linked []*phonelink.Phone
	var names []string
	for i := range v.Phones {
		p := &v.Phones[i]
		names = append(names, clean(p.Name))
		if name != "" && !strings.EqualFold(p.Name, name) && string(p.Device) != name {
			continue
		}
		found = append(found, p)
		if p.Presence == phonelink.Linked || p.Presence == phonelink.Quiet {
			linked = append(linked, p)
		}
	}
	switch {
	case len(v.Phones) == 0:
		return nil, errNoCar
	case len(linked) == 1:
		return linked[0], nil
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return nil, fmt.Errorf("no car %q is paired; paired: %s", name, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("several cars: name one with --to, of %s", strings.Join(names, ", "))
}

// reach waits until the car that is meant is linked.
func (c *companion) reach(ctx context.Context, name string) (*phonelink.Phone, error) {
	c.settled(ctx)
	if _, err := car(c.view(), name); err != nil && len(c.view().Phones) == 0 {
		return nil, err
	}
	var p *phonelink.Phone
	var err error
	ok := c.await(ctx, patience, func(v *phonelink.View) bool {
		p, err = car(v, name)
		return err == nil && p.Presence == phonelink.Linked
	})
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("%s is out of reach: is it on, and on the same network? If its address is known: tandem phone pair --code HOST:PORT tries it", clean(p.Name))
	}
	return p, nil
}

// find returns the one session that key names: the beginning or end of its id,
// its kind, or a word of its title; of those that good lets pass.
func find(v *phonelink.View, key string, good func(*phonelink.SessionView) bool) (*phonelink.SessionView, error) {
	var found []*phonelink.SessionView
	for rank := range 3 {
		for i := range v.Sessions {
			s := &v.Sessions[i]
			if (good == nil || good(s)) && named(s, key, rank) {
				found = append(found, s)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			var list []string
			for _, s := range found {
				list = append(list, short(s.ID)+" "+titleOf(s))
			}
			return nil, fmt.Errorf("%q names %d sessions: %s; use an id", key, len(found), strings.Join(list, ", "))
		}
	}
	if len(v.Sessions) == 0 {
		return nil, fmt.Errorf("no session %q: there are none; 'tandem phone play FILE' begins one", key)
	}
	return nil, fmt.Errorf("no session %q that this is possible with; 'tandem phone sessions' lists them", key)
}

// kindWords are other words for kinds.
var kindWords = map[string]phonelink.Kind{"music": phonelink.Media, "nav": phonelink.Navigation, "route": phonelink.Navigation, "message": phonelink.Draft, "web": phonelink.Page}

func named(s *phonelink.SessionView, key string, rank int) bool {
	id, upper := s.ID.String(), strings.ToUpper(key)
	switch rank {
	case 0:
		return len(key) >= 4 && (strings.HasPrefix(id, upper) || strings.HasSuffix(id, upper))
	case 1:
		return s.Kind.String() == strings.ToLower(key) || kindWords[strings.ToLower(key)] == s.Kind
	}
	return strings.Contains(strings.ToLower(titleOf(s)), strings.ToLower(key))
}

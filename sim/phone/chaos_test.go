package phone_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/sim/faultnet"
	"tandem/sim/phone"
)

var (
	chaos      = flag.Duration("chaos", 6*time.Second, "how long TestChaos goes on")
	chaosSeed  = flag.Uint64("chaosseed", 1, "what happens in TestChaos")
	chaosCount = flag.Int("chaosphones", 3, "phones of TestChaos")
)

// chaosScript is what happens to the phones and the car of a seed: hand-offs of
// their music, tunnels, other addresses, bad networks, switching off and on.
func chaosScript(seed uint64, phones int, length time.Duration) string {
	var b strings.Builder
	for i := range phones {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		name := fmt.Sprintf("p%d", i)
		dropped, off := false, false
		for at := 500 * time.Millisecond; at < length; at += time.Duration(50+rng.IntN(500)) * time.Millisecond {
			verb := ""
			switch rng.IntN(24) {
			case 0, 1, 2, 3, 4:
				verb = "send media"
			case 5, 6, 7, 8, 9:
				verb = "take media"
			case 10, 11, 12:
				verb = "back media"
			case 13:
				verb = "pause"
			case 14, 15:
				verb = "resume"
			case 16, 17:
				verb = "rebind"
			case 18:
				verb = "reset"
			case 19:
				verb = fmt.Sprintf("net delay=%dms loss=%d%% reorder=2%% duplicate=2%%", 5+rng.IntN(40), rng.IntN(10))
			case 20, 21:
				dropped = !dropped
				verb = map[bool]string{true: "drop", false: "heal"}[dropped]
			case 22, 23:
				if off = !off; off && rng.IntN(2) == 0 {
					off = false // a phone is on most of the time
				}
				verb = map[bool]string{true: "off", false: "on"}[off]
			}
			fmt.Fprintf(&b, "%.3f %s %s\n", at.Seconds(), name, verb)
		}
	}
	rng := rand.New(rand.NewPCG(seed, 1<<32))
	for at := 500 * time.Millisecond; at < length; at += time.Duration(100+rng.IntN(900)) * time.Millisecond {
		fmt.Fprintf(&b, "%.3f car %s\n", at.Seconds(), []string{"take media", "back media", fmt.Sprintf("send media p%d", rng.IntN(phones))}[rng.IntN(3)])
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		var x, y float64
		_, _ = fmt.Sscan(a, &x)
		_, _ = fmt.Sscan(b, &y)
		return int(1000*x) - int(1000*y)
	})
	return strings.Join(lines, "\n")
}

// TestChaos lets everything happen at once, mends it, and looks: every session
// is there, at every device the same, with one owner; and no two devices ever
// sounded with the same one for longer than a hand-off may overlap.
//
//	go test -run Chaos ./sim/phone -args -chaos 60s -chaosseed 7 -chaosphones 4
func TestChaos(t *testing.T) {
	p := faultnet.Path{Delay: 10 * time.Millisecond, Loss: 0.01}
	cfg := phone.Config{Seed: *chaosSeed, Path: p, Load: 5 * time.Millisecond}
	if testing.Verbose() {
		cfg.Log = os.Stdout
	}
	w := start(t, cfg)
	devices, sessions := []*phone.Device{w.Car()}, []phonelink.SessionID{}
	for i := range *chaosCount {
		d, err := w.Phone(fmt.Sprintf("p%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Pair(t.Context()); err != nil {
			t.Fatal(err)
		}
		id, err := d.PlayMusic(t.Context(), "music of "+d.Name, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		devices, sessions = append(devices, d), append(sessions, id)
	}
	s, err := phone.Parse("chaos", chaosScript(*chaosSeed, *chaosCount, *chaos))
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Play(t.Context(), s) // refusals are part of it
	for _, d := range devices[1:] {
		d.Net().Set(p)
		d.Net().BlackHole(false)
		if err := d.On(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	for _, id := range sessions {
		if err := settled(ctx, devices, id); err != nil {
			t.Errorf("session %s: %v", id, err)
		}
	}
	alone(t, w)
}

// settled waits until all devices agree about a session.
func settled(ctx context.Context, devices []*phone.Device, id phonelink.SessionID) error {
	for {
		owners, epochs, text := 0, map[phonelink.Epoch]bool{}, ""
		for _, d := range devices {
			w := d.Node().Watch()
			i := slices.IndexFunc(w.View().Sessions, func(s phonelink.SessionView) bool { return s.ID == id })
			if i < 0 {
				text += d.Name + ": lost; "
				epochs[phonelink.Epoch{}] = true
				w.Close()
				continue
			}
			s := w.View().Sessions[i]
			w.Close()
			if s.Local {
				owners++
			}
			epochs[s.Rev.Epoch] = true
			text += fmt.Sprintf("%s: epoch %d of %s, local %v, hand-off %d; ", d.Name, s.Rev.Epoch.N, s.Rev.Epoch.Device[:6], s.Local, s.Handoff)
		}
		if owners == 1 && len(epochs) == 1 {
			return nil
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			for _, d := range devices {
				w := d.Node().Watch()
				for _, p := range w.View().Phones {
					text += fmt.Sprintf("%s sees %s %v; ", d.Name, p.Name, p.Presence)
				}
				w.Close()
			}
			return fmt.Errorf("%d owners: %s", owners, text)
		case <-timer.C:
		}
	}
}

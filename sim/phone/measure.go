package phone

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/phonelink"
	"tandem/phonelink/player"
	"tandem/sim/faultnet"
)

// Trials says how much Measure does. Zero parts are left out.
type Trials struct {
	Phones   int           // at once; 0: 1
	HandOffs int           // of each phone's music: to the car, and back, in turn
	Starts   int           // of each phone, with the car's address known
	Holes    int           // of each phone's network
	HoleMax  time.Duration // how long one lasts at most, at least a second; 0: 2 s
	Seed     uint64
}

// Report is what was measured. Every part is sorted.
type Report struct {
	HandOff  []time.Duration // tap to sound at the receiver
	Answer   []time.Duration // tap to the answer of Do
	Gap      []time.Duration // giver silent to receiver sounding; negative: both sound
	Jump     []time.Duration // how far the music is from where it would be without the hand-off
	Start    []time.Duration // phone on, address known, to trusted link
	Reopen   []time.Duration // healed black hole to link at both ends
	Bare     []time.Duration // a datagram there and back over the same delay without loss: what the machine adds
	Failures []string
}

// Measure pairs phones with the car and lets them do what trials says, all at
// the same time.
func (w *World) Measure(ctx context.Context, t Trials) (*Report, error) {
	t.Phones = max(1, t.Phones)
	if t.HoleMax == 0 {
		t.HoleMax = 2 * time.Second
	}
	reports := make([]Report, t.Phones)
	bare := measureBare(ctx, w.cfg.Path)
	group, ctx := errgroup.WithContext(ctx)
	for i := range t.Phones {
		group.Go(func() error {
			d, err := w.Phone("phone" + strconv.Itoa(i+1))
			if err != nil {
				return err
			}
			if err := d.Pair(ctx); err != nil {
				return err
			}
			m := &measurer{w: w, d: d, r: &reports[i], rng: rand.New(rand.NewPCG(t.Seed, uint64(i)))}
			return m.run(ctx, t)
		})
	}
	err := group.Wait()
	all := &Report{Bare: bare()}
	if err != nil {
		return nil, err
	}
	for _, r := range reports {
		all.HandOff = append(all.HandOff, r.HandOff...)
		all.Answer = append(all.Answer, r.Answer...)
		all.Gap = append(all.Gap, r.Gap...)
		all.Jump = append(all.Jump, r.Jump...)
		all.Start = append(all.Start, r.Start...)
		all.Reopen = append(all.Reopen, r.Reopen...)
		all.Failures = append(all.Failures, r.Failures...)
	}
	for _, list := range [][]time.Duration{all.HandOff, all.Answer, all.Gap, all.Jump, all.Start, all.Reopen, all.Bare} {
		slices.Sort(list)
	}
	return all, nil
}

// measureBare sends datagrams over a network of the same delay, without loss,
// beside all else, until the returned function is called, which returns how long
// they took. It is the measure of the machine; a network that cannot be had
// measures nothing.
func measureBare(ctx context.Context, p faultnet.Path) func() []time.Duration {
	m, err := faultnet.NewMemory(faultnet.Config{Up: faultnet.Path{Delay: p.Delay}, Down: faultnet.Path{Delay: p.Delay}})
	if err != nil {
		return func() []time.Duration { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { _ = m.Run(ctx) })
	all.Go(func() {
		buf := make([]byte, 16)
		for {
			n, from, err := m.Server().ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = m.Server().WriteTo(buf[:n], from)
		}
	})
	var out []time.Duration
	all.Go(func() {
		buf := make([]byte, 16)
		for rest(ctx, 50*time.Millisecond) == nil {
			began := time.Now()
			_, _ = m.Client().WriteTo(buf, m.Server().LocalAddr())
			if _, _, err := m.Client().ReadFrom(buf); err != nil {
				return
			}
			out = append(out, time.Since(began))
		}
	})
	return func() []time.Duration {
		cancel()
		all.Wait()
		return out
	}
}

// measurer is one phone's part.
type measurer struct {
	w   *World
	d   *Device
	r   *Report
	rng *rand.Rand
}

// patience is when a trial has failed.
const patience = 15 * time.Second

func (m *measurer) run(ctx context.Context, t Trials) error {
	if err := m.starts(ctx, t.Starts); err != nil {
		return err
	}
	if err := m.handOffs(ctx, t.HandOffs); err != nil {
		return err
	}
	return m.holes(ctx, t.Holes, t.HoleMax)
}

// starts turns the phone off and on.
func (m *measurer) starts(ctx context.Context, n int) error {
	for range n {
		if err := m.d.Off(); err != nil {
			return err
		}
		began := time.Now()
		if err := m.d.On(); err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, patience)
		err := m.d.Linked(within, m.w.Car())
		cancel()
		if err != nil {
			m.r.Failures = append(m.r.Failures, "start: "+err.Error())
			continue
		}
		m.r.Start = append(m.r.Start, time.Since(began))
	}
	return ctx.Err()
}

// handOffs moves music to the car and back.
func (m *measurer) handOffs(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	id, err := m.d.PlayMusic(ctx, "measured by "+m.d.Name, 24*time.Hour)
	if err != nil {
		return err
	}
	car := m.w.Car()
	if _, err := car.Until(ctx, "the phone's music", func(v *phonelink.View) bool { return view(v, id) != nil }); err != nil {
		return err
	}
	for i := range n {
		// A tap at any place between two renewals of the lease and two Playheads.
		if err := rest(ctx, 100*time.Millisecond+time.Duration(m.rng.Int64N(int64(900*time.Millisecond)))); err != nil {
			return err
		}
		giver, taker := m.d, car
		if i%2 == 1 {
			giver, taker = car, m.d
		}
		if err := m.handOff(ctx, id, giver, taker, i%4 < 2); err != nil {
			m.r.Failures = append(m.r.Failures, fmt.Sprintf("hand-off %d: %v", i+1, err))
			return ctx.Err()
		}
	}
	return m.d.w.end(ctx, m.d, id)
}

// handOff is one tap, at the receiver (take) or at the giver (send).
func (m *measurer) handOff(ctx context.Context, id phonelink.SessionID, giver, taker *Device, take bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	heardG, heardT := len(giver.Sounds()), len(taker.Sounds())
	tap := time.Now()
	var err error
	if take {
		err = taker.Do(ctx, phonelink.Take{Session: id})
	} else {
		err = giver.Do(ctx, phonelink.Send{Session: id, To: taker.Node().Self()})
	}
	if err != nil {
		return err
	}
	answered := time.Since(tap)
	on, err := taker.Listen(ctx, heardT, func(s player.Sound) bool { return s.Session == id && s.On })
	if err != nil {
		return err
	}
	off, err := giver.Listen(ctx, heardG, func(s player.Sound) bool { return s.Session == id && !s.On })
	if err != nil {
		return err
	}
	gap := on.At.Sub(off.At)
	m.r.HandOff = append(m.r.HandOff, on.At.Sub(tap))
	m.r.Answer = append(m.r.Answer, answered)
	m.r.Gap = append(m.r.Gap, gap)
	m.r.Jump = append(m.r.Jump, (on.Position - off.Position - gap).Abs())
	return nil
}

// holes lets the phone's network swallow everything for a while, and waits
// until both ends have noticed, or the time is over, and then for the link.
func (m *measurer) holes(ctx context.Context, n int, most time.Duration) error {
	car := m.w.Car()
	for range n {
		m.d.net.BlackHole(true)
		length := time.Second + time.Duration(m.rng.Int64N(int64(max(1, most-time.Second))))
		if err := rest(ctx, length); err != nil {
			return err
		}
		m.d.net.BlackHole(false)
		healed := time.Now()
		within, cancel := context.WithTimeout(ctx, patience)
		err := m.ping(within, m.d, car)
		cancel()
		if err != nil {
			m.r.Failures = append(m.r.Failures, fmt.Sprintf("black hole of %v: %v", length, err))
			continue
		}
		m.r.Reopen = append(m.r.Reopen, time.Since(healed))
		if err := rest(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// ping waits for both ends to say that they are linked, and for a message there
// and its answer: a View may be older than the hole.
func (m *measurer) ping(ctx context.Context, d, car *Device) error {
	if err := d.Linked(ctx, car); err != nil {
		return err
	}
	if err := car.Linked(ctx, d); err != nil {
		return err
	}
	_, err := d.Node().CarValues(ctx, car.Node().Self())
	return err
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// PlayMusic opens a media session of one track on the device and waits until it
// sounds.
func (d *Device) PlayMusic(ctx context.Context, title string, length time.Duration) (id phonelink.SessionID, err error) {
	skip := len(d.Sounds())
	track := phonelink.Track{ID: fmt.Sprint(title, " ", skip), URL: "https://example.org/" + strconv.Itoa(skip) + ".flac", Title: title, Length: length}
	doc := &phonelink.MediaDoc{Queue: []phonelink.Track{track}, At: phonelink.Stamp(time.Now().UnixMilli()) << 16, Rate: 1, Volume: 1, Playing: true}
	s := phonelink.Session{Kind: phonelink.Media, Doc: doc, Title: title, App: "sim/phone", Needs: phonelink.NeedsAudio}
	if err := d.open1(ctx, s); err != nil {
		return id, err
	}
	on, err := d.Listen(ctx, skip, func(s player.Sound) bool { return s.On && s.Track.ID == track.ID })
	return on.Session, err
}

// open1 opens a session in the device's profile.
func (d *Device) open1(ctx context.Context, s phonelink.Session) error {
	v, err := d.Until(ctx, "its profile", func(v *phonelink.View) bool { return !v.Locked })
	if err != nil {
		return err
	}
	s.Profile = v.Profile
	return d.Do(ctx, phonelink.Open{Session: s})
}

// end ends a session and waits until the device has forgotten it.
func (w *World) end(ctx context.Context, d *Device, id phonelink.SessionID) error {
	if err := d.Do(ctx, phonelink.End{Session: id}); err != nil {
		return err
	}
	_, err := d.Until(ctx, "the end of its session", func(v *phonelink.View) bool { return view(v, id) == nil })
	return err
}

func view(v *phonelink.View, id phonelink.SessionID) *phonelink.SessionView {
	for i := range v.Sessions {
		if v.Sessions[i].ID == id {
			return &v.Sessions[i]
		}
	}
	return nil
}

// Print writes the figures with the targets beside them.
func (r *Report) Print(w io.Writer) {
	line := func(name string, list []time.Duration, target string) {
		if len(list) > 0 {
			fmt.Fprintf(w, "%-34s n %5d   p50 %8s   p95 %8s   p99 %8s   max %8s   %s\n", name, len(list), ms(At(list, 0.5)), ms(At(list, 0.95)), ms(At(list, 0.99)), ms(list[len(list)-1]), target)
		}
	}
	line("tap to receiver sounding", r.HandOff, "goal p50 80 ms, p99 250 ms")
	line("tap to answer", r.Answer, "")
	if len(r.Gap) > 0 {
		var gaps, overlaps []time.Duration
		for _, g := range r.Gap {
			gaps, overlaps = append(gaps, max(0, g)), append(overlaps, max(0, -g))
		}
		slices.Sort(overlaps)
		line("gap", gaps, "goal 120 ms")
		line("overlap", overlaps, "goal 50 ms")
	}
	line("music is off its place by", r.Jump, "")
	line("address known to trusted link", r.Start, "goal p95 150 ms")
	line("healed black hole to answer", r.Reopen, "goal p95 500 ms")
	line("a bare round trip, for comparison", r.Bare, "")
	for _, f := range r.Failures {
		fmt.Fprintln(w, "failed:", f)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// At is the value that share of a sorted list does not exceed (nearest rank).
func At(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(share*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

package kdeconnect

import (
	"context"
	"errors"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/vehicle"
)

// loop is the goroutine of Run: it owns the state and does what it says.
type loop struct {
	a     *Adapter
	state *state
	media []Media // kept over a change of profile

	// Of one profile.
	hub    transport
	ctx    context.Context
	group  sync.WaitGroup
	stops  map[*transfer]context.CancelFunc
	failed error // of a send, for who asked
}

// serve is the life of one profile: until ctx ends, the profile changes or the
// network fails.
func (l *loop) serve(ctx context.Context) {
	within, cancel := context.WithCancel(ctx)
	l.ctx, l.stops = within, map[*transfer]context.CancelFunc{}
	ended := make(chan error, 1)
	l.hub = nil
	if err := l.begin(); err != nil {
		ended <- err
	} else if l.hub != nil {
		l.group.Go(func() { ended <- l.hub.run(within) })
	}
	l.publish(time.Now())
	err := l.turn(within, ended)
	l.a.setTransport(nil)
	cancel()
	l.group.Wait()
	l.drain()
	if err != nil && ctx.Err() == nil {
		l.wait(ctx, err)
	}
}

// begin opens the hub of the profile. A valet's profile has none.
func (l *loop) begin() error {
	now := time.Now()
	l.state.media = l.media
	if l.state.profile == phonelink.Valet {
		return nil
	}
	h, err := l.a.open(l.state.profile)
	if err != nil {
		return err
	}
	l.hub = h
	for _, p := range h.paired() {
		l.state.know(now, device(p.ID), p.Name, p.Kind)
	}
	l.sample(now)
	l.a.setTransport(h)
	return nil
}

func (a *Adapter) setTransport(t transport) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.link = t
}

// drain forgets what goroutines of the last profile left.
func (l *loop) drain() {
	for _, p := range l.state.phones {
		l.state.down(time.Now(), p)
	}
	l.state.out = nil
	l.a.arts.forget()
}

// errProfile ends turn when the profile has changed.
var errProfile = errors.New("kdeconnect: the profile has changed")

// turn handles one thing after another. It returns nil when there is nothing to
// wait for before the next serve.
func (l *loop) turn(ctx context.Context, ended <-chan error) error {
	var news <-chan event
	if l.hub != nil {
		news = l.hub.news()
	}
	var car <-chan time.Time
	if l.a.c.Car != nil {
		t := time.NewTicker(sampleEvery)
		defer t.Stop()
		car = t.C
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case e := <-news:
			l.state.handle(time.Now(), e)
			for range len(news) { // a crowd is published once
				l.state.handle(time.Now(), <-news)
			}
		case q := <-l.a.asks:
			if errors.Is(l.answer(q), errProfile) {
				return nil
			}
		case m := <-l.a.media:
			l.media = m
			l.state.setMedia(time.Now(), m)
		case e := <-l.a.artsCome:
			l.state.artCame(e)
		case g := <-l.a.reports:
			l.state.progress(time.Now(), g)
		case <-car:
			l.sample(time.Now())
		case <-timer.C:
		case err := <-ended:
			return err
		case <-ctx.Done():
			return nil
		}
		timer.Reset(l.settle())
	}
}

// settle does what the state wants, publishes, and says how long nothing
// expires.
func (l *loop) settle() time.Duration {
	now := time.Now()
	next := l.state.expire(now)
	l.effects()
	l.publish(now)
	if next.IsZero() {
		return time.Hour
	}
	return max(next.Sub(now), time.Millisecond)
}

func (l *loop) publish(now time.Time) { l.a.board.put(l.state.view(now)) }

// sample reads the car's battery.
func (l *loop) sample(now time.Time) {
	if l.a.c.Car == nil {
		return
	}
	n, ok := l.a.c.Car.Sample(now, vehicle.StateOfChargeDisplayed).Number()
	charging, _ := l.a.c.Car.Sample(now, vehicle.IsCharging).Bool()
	l.state.setBattery(now, carBattery{percent: int(max(0, min(n, 100))), charging: charging, known: ok})
}

// answer carries a request out and replies.
func (l *loop) answer(q ask) error {
	err := l.do(q)
	l.failed = nil
	l.settle()
	if err == nil {
		err = answer(l.failed)
	}
	if errors.Is(err, errProfile) {
		q.reply <- nil
		return err
	}
	q.reply <- answer(err)
	return nil
}

// do sorts requests: those of the pairing screen and the profile here, those of
// one phone in the state.
func (l *loop) do(q ask) error {
	now := time.Now()
	if r, ok := q.request.(phonelink.SetProfile); ok {
		return l.setProfile(r.Profile)
	}
	if l.hub == nil {
		q.close()
		if _, ok := q.request.(phonelink.ClosePairing); ok {
			return nil
		}
		return refuse(phonelink.RefusedProfile, "There is no phone link in this profile.")
	}
	if setsUp(q.request) && l.a.c.Car != nil && !vehicle.Parked(now, l.a.c.Car) {
		return refuse(phonelink.RefusedMoving, "Park the car first.")
	}
	switch r := q.request.(type) {
	case phonelink.OpenPairing:
		l.state.window = now.Add(windowFor)
		l.hub.openPairing(l.state.window)
		return nil
	case phonelink.ClosePairing:
		l.state.window = time.Time{}
		clear(l.state.tries)
		l.hub.closePairing()
		return nil
	case phonelink.Confirm:
		return l.hub.confirm(r.Device, r.Accept)
	case phonelink.RequestPair:
		return l.hub.requestPair(r.Device)
	case phonelink.Unpair:
		if l.state.phones[r.Device] == nil {
			return refuse(phonelink.RefusedUnknown, "No phone of KDE Connect is called %s.", r.Device)
		}
		return l.hub.unpair(r.Device)
	case phonelink.Cancel:
		return l.state.cancel(r.Transfer)
	}
	err := l.state.request(now, q.request, q.file)
	if err != nil {
		q.close()
	}
	return err
}

// setsUp is for requests that are only for a parked car. Closing and refusing
// are always possible.
func setsUp(r phonelink.Request) bool {
	switch r := r.(type) {
	case phonelink.OpenPairing, phonelink.RequestPair, phonelink.Unpair:
		return true
	case phonelink.Confirm:
		return r.Accept
	}
	return false
}

// setProfile starts anew with another profile's phones. All that was known of
// the last one's is gone with its state.
func (l *loop) setProfile(p phonelink.Profile) error {
	if err := p.Check(); err != nil {
		return refuse(phonelink.RefusedProfile, "There is no profile %q.", string(p))
	}
	if p == l.state.profile {
		return nil
	}
	for _, t := range l.state.transfers {
		l.stop(t)
	}
	l.state = newState(l.a.log, p)
	return errProfile
}

// effects does what the state wants, in order.
func (l *loop) effects() {
	for len(l.state.out) > 0 {
		out := l.state.out
		l.state.out = nil
		for _, e := range out {
			l.effect(e)
		}
	}
}

func (l *loop) effect(e effect) {
	switch e := e.(type) {
	case sendEffect:
		err := l.hub.send(e.to, e.packet)
		l.a.log.Debug("packet sent", "device", e.to, "type", e.packet.Type, "err", err)
		if l.failed == nil {
			l.failed = err
		}
	case deliverEffect:
		select {
		case l.a.incoming <- e.incoming:
		default:
			l.a.log.Warn("incoming session dropped: nobody takes them", "device", e.incoming.From, "kind", e.incoming.Session.Kind)
		}
	case askEffect:
		select {
		case l.a.requests <- e.request:
		default:
			l.a.log.Warn("request of a phone dropped: nobody takes them")
		}
	case artEffect:
		l.fetchArt(e)
	case fetchEffect:
		l.fetch(e)
	case offerEffect:
		l.offer(e)
	case stopEffect:
		l.stop(e.transfer)
	}
}

func (l *loop) stop(t *transfer) {
	if cancel := l.stops[t]; cancel != nil {
		cancel()
		delete(l.stops, t)
	}
}

// report tells the loop how a transfer goes.
func (l *loop) report(ctx context.Context, g progress) {
	select {
	case l.a.reports <- g:
	case <-ctx.Done():
	}
}

// fetch receives a file beside the loop.
func (l *loop) fetch(e fetchEffect) {
	profile, name, size := l.ctx, e.transfer.Name, e.transfer.Size
	ctx, cancel := context.WithCancel(profile)
	l.stops[e.transfer] = cancel
	l.group.Go(func() {
		defer cancel()
		path, err := e.payload.save(ctx, name, l.counter(ctx, e.transfer))
		g := progress{transfer: e.transfer, path: path, err: err, finished: true}
		if err == nil {
			g.done = size
		}
		l.report(profile, g)
	})
}

// offer sends a file beside the loop.
func (l *loop) offer(e offerEffect) {
	profile, hub, to, size := l.ctx, l.hub, e.transfer.Device, e.transfer.Size
	ctx, cancel := context.WithCancel(profile)
	l.stops[e.transfer] = cancel
	l.group.Go(func() {
		defer cancel()
		defer e.file.Close()
		r := &counted{r: e.file, tell: l.counter(ctx, e.transfer)}
		g := progress{transfer: e.transfer, err: hub.offerPayload(ctx, to, e.packet, r, size), finished: true}
		if g.err == nil {
			g.done = size
		}
		l.report(profile, g)
	})
}

// counter reports progress, but not for every piece.
func (l *loop) counter(ctx context.Context, t *transfer) func(int64) {
	var last time.Time
	return func(done int64) {
		if now := time.Now(); now.Sub(last) >= reportEvery {
			last = now
			l.report(ctx, progress{transfer: t, done: done})
		}
	}
}

// wait shows why there is no network, and waits a while.
func (l *loop) wait(ctx context.Context, why error) {
	l.a.log.Warn("kdeconnect has no network", "err", why, "retry", retryAfter)
	l.state.trouble = problem(why)
	l.publish(time.Now())
	retry := time.NewTimer(retryAfter)
	defer retry.Stop()
	l.hub = nil
	for {
		select {
		case q := <-l.a.asks:
			if errors.Is(l.answer(q), errProfile) {
				return
			}
		case m := <-l.a.media:
			l.media = m
		case <-retry.C:
			l.state.trouble = ""
			return
		case <-ctx.Done():
			return
		}
	}
}

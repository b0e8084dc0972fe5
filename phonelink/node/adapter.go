package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"tandem/phonelink"
)

// runAdapter runs an adapter and follows it. One that ends does not take the
// others with it: the View tells of it.
func (n *Node) runAdapter(ctx context.Context, i int, a phonelink.Adapter) error {
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	w := a.Watch()
	defer w.Close()
	for {
		var do func(*loop)
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				return nil
			}
			n.log.Error("adapter ended", "error", err)
			do, ended = func(l *loop) { l.adapterEnded(err) }, nil
		case <-w.C():
			v := w.View()
			do = func(l *loop) { l.views[i] = v; l.dirty, l.urgent = true, true }
		case in := <-a.Incoming():
			do = func(l *loop) { l.incoming(in) }
		case <-ctx.Done():
			if ended != nil {
				<-ended
			}
			return nil
		}
		if n.post(ctx, do) != nil && ended != nil {
			<-ended
			return nil
		}
	}
}

func (l *loop) adapterEnded(err error) {
	l.problems = append(l.problems, fmt.Sprintf("Other phones cannot be reached: %v", err))
	l.dirty = true
}

// adapterOf is the adapter that has the device, as a phone or as a candidate;
// -1: none.
func (l *loop) adapterOf(d phonelink.Device) int {
	return slices.IndexFunc(l.views, func(v *phonelink.View) bool {
		return v != nil && (slices.ContainsFunc(v.Phones, func(p phonelink.Phone) bool { return p.Device == d }) ||
			v.Pairing != nil && slices.ContainsFunc(v.Pairing.Tries, func(c phonelink.Candidate) bool { return c.Device == d }))
	})
}

func (l *loop) isAdapters(d phonelink.Device) bool { return d.Adapter() != "" || l.adapterOf(d) >= 0 }

// toAdapters gives a request to the adapter of the device, or, for one that is
// not known, to all until one takes it.
func (l *loop) toAdapters(ctx context.Context, r phonelink.Request, d phonelink.Device, reply chan<- error) {
	adapters := l.n.adapters
	if i := l.adapterOf(d); i >= 0 {
		adapters = adapters[i : i+1]
	}
	l.background(func() {
		var err error = refuse(phonelink.RefusedUnknown, "no phone "+string(d)+" is known")
		for _, a := range adapters {
			var refused *phonelink.Refusal
			err = a.Do(ctx, r)
			if !errors.As(err, &refused) || refused.Code != phonelink.RefusedUnknown {
				break
			}
		}
		reply <- err
	})
}

// tellAdapters tells every adapter; reply gets first and their errors.
func (l *loop) tellAdapters(ctx context.Context, r phonelink.Request, first error, reply chan<- error) {
	if len(l.n.adapters) == 0 {
		reply <- first
		return
	}
	l.background(func() {
		errs := []error{first}
		for _, a := range l.n.adapters {
			errs = append(errs, a.Do(ctx, r))
		}
		reply <- errors.Join(errs...)
	})
}

// playerRef is a player of an adapter's phone.
type playerRef struct {
	adapter phonelink.Adapter
	phone   phonelink.Phone
	player  phonelink.Player
}

// playerID is the session that stands for a player.
func playerID(d phonelink.Device, name string) (id phonelink.SessionID) {
	sum := sha256.Sum256([]byte("player\x00" + string(d) + "\x00" + name))
	copy(id[:], sum[:])
	return id
}

// eachPlayer calls f for all players of adapters' phones.
func (l *loop) eachPlayer(f func(playerRef)) {
	for i, v := range l.views {
		if v == nil {
			continue
		}
		for _, phone := range v.Phones {
			for _, p := range phone.Players {
				f(playerRef{l.n.adapters[i], phone, p})
			}
		}
	}
}

func (l *loop) player(id phonelink.SessionID) (found playerRef, ok bool) {
	l.eachPlayer(func(p playerRef) {
		if playerID(p.phone.Device, p.player.Name) == id {
			found, ok = p, true
		}
	})
	return found, ok
}

// view is the player as a session. Its phone has it, and the car can ask for
// pause there and play here, no more.
func (p playerRef) view(profile phonelink.Profile) phonelink.SessionView {
	return phonelink.SessionView{
		Session: phonelink.Session{
			ID: playerID(p.phone.Device, p.player.Name), Kind: phonelink.Media, Profile: profile,
			Rev: phonelink.Rev{Epoch: phonelink.Epoch{Device: p.phone.Device}}, Title: cut(p.player.Title, phonelink.MaxTitle),
			App: p.player.Name, Icon: p.player.Icon, Doc: p.doc(),
		},
		OnPhone: p.phone.Device, Alone: !up(p.phone.Presence),
	}
}

func (p playerRef) doc() *phonelink.MediaDoc {
	m := p.player
	return &phonelink.MediaDoc{
		Queue:    []phonelink.Track{{ID: "1", URL: m.URL, Title: m.Title, Artist: m.Artist, Album: m.Album, Length: m.Length}},
		Position: m.Position, At: phonelink.Stamp(max(0, m.At.UnixMilli())) << 16, Rate: 1, Volume: float64(max(0, m.Volume)) / 100,
		Playing: m.Playing, Source: p.phone.Device, Player: m.Name,
	}
}

// playable reports whether another device can play the URL.
func playable(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// playerRequest is about a player's session.
func (l *loop) playerRequest(ctx context.Context, p playerRef, r phonelink.Request, reply chan<- error) {
	control := phonelink.Control{Device: p.phone.Device, Player: p.player.Name}
	switch r := r.(type) {
	case phonelink.Take, phonelink.Accept:
		l.takePlayer(ctx, p, reply)
		return
	case phonelink.Decline:
		delete(l.offers, r.Session)
		l.declined[r.Session], l.dirty = true, true
		reply <- nil
		return
	case phonelink.Edit:
		switch act := r.Op.Act.(type) {
		case phonelink.Play:
			control.Action = "pause"
			if act.Playing {
				control.Action = "play"
			}
		case phonelink.Seek:
			control.Action, control.Seek = "seek", act.To
		case phonelink.SetLevel:
			control.Action, control.Volume = "volume", int(act.Volume*100+0.5)
		}
	}
	if control.Action == "" {
		reply <- refuse(phonelink.RefusedUnsupported, "the player on the phone can be paused and continued, no more")
		return
	}
	l.background(func() { reply <- p.adapter.Do(ctx, control) })
}

// takePlayer pauses a player there and goes on here with what it reported.
func (l *loop) takePlayer(ctx context.Context, p playerRef, reply chan<- error) {
	switch {
	case !playable(p.player.URL):
		reply <- refuse(phonelink.RefusedMismatch, "the phone does not say what it plays in a way that can be played here")
		return
	case !up(p.phone.Presence):
		reply <- refuse(phonelink.RefusedAbsent, "the phone is not in reach")
		return
	case l.room == nil:
		reply <- l.closed()
		return
	}
	delete(l.offers, playerID(p.phone.Device, p.player.Name))
	id := newID(time.Now())
	l.room.origins[id] = p
	l.background(func() {
		control := phonelink.Control{Device: p.phone.Device, Player: p.player.Name, Action: "pause"}
		if err := p.adapter.Do(ctx, control); err != nil {
			reply <- err
			return
		}
		doc := p.doc()
		if doc.Playing {
			doc.Position += time.Since(p.player.At)
		}
		now := time.Now()
		doc.At, doc.Playing, doc.Source, doc.Player = phonelink.Stamp(now.UnixMilli())<<16, true, "", ""
		if p.player.Volume < 0 {
			doc.Volume = 1
		}
		s := phonelink.Session{
			ID: id, Kind: phonelink.Media, Title: cut(p.player.Title, phonelink.MaxTitle), App: p.player.Name,
			Needs: phonelink.NeedsAudio, Doc: doc,
		}
		if l.n.post(l.ctx, func(l *loop) { l.openSession(s, reply) }) != nil {
			reply <- errEnded
		}
	})
}

// sendForeign gives a session to an adapter's phone, which can only be told to
// open or to play something: it ends, or pauses, here.
func (l *loop) sendForeign(ctx context.Context, r phonelink.Send, reply chan<- error) {
	if l.room == nil {
		reply <- l.closed()
		return
	}
	v, ok := l.room.state.Session(r.Session, l.now())
	i := l.adapterOf(r.To)
	switch {
	case !ok || i < 0:
		reply <- refuse(phonelink.RefusedUnknown, "no such phone or session")
		return
	case !v.Local:
		reply <- refuse(phonelink.RefusedOwner, "another device has it: take it first")
		return
	}
	do, then := foreign(&v, l.room.origins[v.ID], r.To)
	if len(do) == 0 {
		reply <- refuse(phonelink.RefusedMismatch, "the phone cannot go on with this")
		return
	}
	a := l.n.adapters[i]
	done := make(chan error, 1)
	l.background(func() {
		var err error
		for _, request := range do {
			if err == nil {
				err = a.Do(ctx, request)
			}
		}
		done <- err
	})
	l.after(done, reply, func() { l.ask(then, reply) })
}

// foreign is what an adapter's phone is told, and what becomes of the session
// here; no requests: it cannot go on with it.
func foreign(v *phonelink.SessionView, from playerRef, to phonelink.Device) (do []phonelink.Request, then phonelink.Request) {
	end := phonelink.End{Session: v.ID}
	switch d := v.Doc.(type) {
	case *phonelink.MediaDoc:
		if from.adapter != nil && from.phone.Device == to {
			control := phonelink.Control{Device: to, Player: from.player.Name}
			seek, play := control, control
			seek.Action, seek.Seek, play.Action = "seek", d.Position, "play"
			if from.player.CanSeek {
				do = append(do, seek)
			}
			return append(do, play), end
		}
		if d.Index >= 0 && d.Index < len(d.Queue) && playable(d.Queue[d.Index].URL) {
			return []phonelink.Request{phonelink.SendText{Device: to, Text: d.Queue[d.Index].URL}}, end
		}
	case *phonelink.NavigationDoc:
		p := d.Destination
		text := fmt.Sprintf("geo:%f,%f?q=%f,%f(%s)", p.Latitude, p.Longitude, p.Latitude, p.Longitude, url.QueryEscape(p.Name))
		c := *d
		c.Active = false
		return []phonelink.Request{phonelink.SendText{Device: to, Text: text}}, phonelink.Edit{Session: v.ID, Op: phonelink.Op{Act: phonelink.Replace{Doc: &c}}}
	case *phonelink.PageDoc:
		return []phonelink.Request{phonelink.SendText{Device: to, Text: d.URL}}, end
	}
	return nil, nil
}

package node

import (
	"context"
	"fmt"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
	"tandem/vehicle"
)

// noted takes a note of a trusted peer.
func (l *loop) noted(from phonelink.Device, n note) {
	switch n.Kind {
	case noteHello:
		n.Name, n.Model = trust.CleanName(n.Name), trust.CleanName(n.Model)
		l.hellos[from] = n
		l.dirty = true
		if n.Locked {
			l.release(from)
		}
	case noteUnlock:
		l.unlockKey(from, trust.Key(n.Key))
	case noteWant:
		l.wanted(from, n)
	case noteChunk:
		l.chunk(from, n)
	case noteMissing:
		l.missing(from, [32]byte(n.Hash))
	case notePing, noteRing:
		l.pinged(from, n)
	case noteTell:
		l.tell(from, n.Tag)
	case noteWish:
		l.wished(from, n)
	case noteTold, noteFate:
		if c := l.asks[askKey{from, n.Tag}]; c != nil {
			delete(l.asks, askKey{from, n.Tag})
			c <- n
		}
	}
}

// release gives a car the key that opens what it keeps for this device.
func (l *loop) release(to phonelink.Device) {
	key, err := l.n.store.Secret(l.profile, to)
	if err != nil {
		return // it never got one: the car is no car, or another phone's
	}
	l.note(to, phonelink.ClassCall, note{Kind: noteUnlock, Key: key[:]})
}

// maxPings is how many pings are shown.
const maxPings = 8

// pinged shows a ping, or lets the device be found, as a notification.
func (l *loop) pinged(from phonelink.Device, n note) {
	l.nextTag++
	p := phonelink.Notification{
		ID: fmt.Sprintf("ping-%d", l.nextTag), Device: from, App: "Tandem", Title: l.nameOf(from), Text: n.Text, Time: time.Now(), CanDismiss: true,
	}
	if n.Kind == noteRing {
		p.ID, p.Text = fmt.Sprintf("ring-%d", l.nextTag), "is looking for this device"
	}
	l.pings = append([]phonelink.Notification{p}, l.pings...)
	l.pings = l.pings[:min(len(l.pings), maxPings)]
	l.dirty, l.urgent = true, true
}

func (l *loop) nameOf(d phonelink.Device) string {
	for _, p := range l.n.store.Peers(l.profile) {
		if p.Device == d {
			return p.Name
		}
	}
	return string(d)
}

// tell answers how the car is, with what a phone may know. A locked profile's
// phone is told nothing: who drives is not known yet.
func (l *loop) tell(to phonelink.Device, tag uint64) {
	answer := note{Kind: noteTold, Tag: tag}
	if l.n.c.Car != nil && l.room != nil && l.profile != phonelink.Guest {
		now := time.Now()
		for _, p := range told {
			if s := l.n.c.Car.Sample(now, p); s.Quality == vehicle.Valid {
				answer.Values = append(answer.Values, valueOf(p, s.Value))
			}
		}
	}
	l.note(to, phonelink.ClassMedia, answer)
}

// wished asks the car for what a phone wants, if it may.
func (l *loop) wished(from phonelink.Device, n note) {
	c := vehicle.Command{Path: vehicle.Path(n.Values[0].Path), Value: n.Values[0].value(), Origin: "phone:" + string(from)}
	answer := note{Kind: noteFate, Tag: n.Tag}
	refused := func(r *phonelink.Refusal) {
		answer.State, answer.Text, answer.Code = uint8(vehicle.Refused), r.Reason, string(r.Code)
		l.note(from, phonelink.ClassMedia, answer)
	}
	car := l.n.c.Car
	switch {
	case car == nil:
		refused(refuse(phonelink.RefusedUnsupported, "this is no car"))
		return
	case l.room == nil || l.profile == phonelink.Guest:
		refused(refuse(phonelink.RefusedProfile, "only a phone of the driver may ask for this"))
		return
	case l.wishes >= maxWishes:
		refused(refuse(phonelink.RefusedPolicy, "too many wishes at once"))
		return
	}
	if r := mayAsk(time.Now(), car, c); r != nil {
		l.log.Warn("a phone's wish was refused", "phone", from, "path", c.Path, "value", c.Value, "reason", r.Reason)
		refused(r)
		return
	}
	l.wishes++
	l.background(func() {
		o := car.Ask(l.ctx, c)
		l.n.post(l.ctx, func(l *loop) {
			l.wishes--
			answer.State, answer.Text = uint8(o.State), cut(o.Reason, maxNoteText)
			l.note(from, phonelink.ClassMedia, answer)
		})
	})
}

// maxWishes is how many wishes of phones are under way at once.
const maxWishes = 4

// askKey names a question to a peer.
type askKey struct {
	to  phonelink.Device
	tag uint64
}

// question sends a note and waits for its answer.
func (n *Node) question(ctx context.Context, to phonelink.Device, q note) (answer note, err error) {
	got := make(chan note, 1)
	var key askKey
	err = n.call(ctx, func(l *loop) error {
		if s, ok := l.peers[to]; !ok || !up(s.State) {
			return refuse(phonelink.RefusedAbsent, "the car is not in reach")
		}
		l.nextTag++
		q.Tag = l.nextTag
		key = askKey{to, q.Tag}
		l.asks[key] = got
		l.note(to, phonelink.ClassMedia, q)
		return nil
	})
	if err != nil {
		return answer, err
	}
	defer n.post(context.WithoutCancel(ctx), func(l *loop) { delete(l.asks, key) })
	select {
	case answer = <-got:
		return answer, nil
	case <-ctx.Done():
		return answer, ctx.Err()
	case <-n.done:
		return answer, errEnded
	}
}

// CarValues asks a linked car how it is: what is known of the signals that a
// phone is told. It waits for the answer, or for the end of ctx.
func (n *Node) CarValues(ctx context.Context, car phonelink.Device) (map[vehicle.Path]vehicle.Value, error) {
	answer, err := n.question(ctx, car, note{Kind: noteTell})
	if err != nil {
		return nil, err
	}
	out := map[vehicle.Path]vehicle.Value{}
	for _, v := range answer.Values {
		out[vehicle.Path(v.Path)] = v.value()
	}
	return out, nil
}

// AskCar asks a linked car for something. What its policy does not allow ends
// as a *phonelink.Refusal; after any other error it may have happened.
func (n *Node) AskCar(ctx context.Context, car phonelink.Device, p vehicle.Path, v vehicle.Value) (vehicle.Outcome, error) {
	answer, err := n.question(ctx, car, note{Kind: noteWish, Values: []noteValue{valueOf(p, v)}})
	if err != nil {
		return vehicle.Outcome{}, err
	}
	if answer.Code != "" {
		return vehicle.Outcome{}, refuse(phonelink.RefusalCode(answer.Code), answer.Text)
	}
	if answer.State > uint8(vehicle.Uncertain) {
		answer.State = uint8(vehicle.Uncertain)
	}
	return vehicle.Outcome{State: vehicle.OutcomeState(answer.State), Reason: answer.Text}, nil
}

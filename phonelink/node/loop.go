package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
	"tandem/phonelink/trust"
)

// Times of the loop.
const (
	lookEvery = 250 * time.Millisecond // at the car
	viewEvery = 20 * time.Millisecond  // least time between two Views that are not urgent
	openAgain = 2 * time.Second        // after a room could not be opened
	batchMost = 64                     // commands that share one sync
)

// loop is the one goroutine that owns the state. Its fields are its own.
type loop struct {
	n       *Node
	log     *slog.Logger
	ctx     context.Context
	atOnce  context.Context // has ended: Send queues or says no, and never waits
	profile phonelink.Profile
	room    *room // nil: locked, valet, or in trouble
	locked  bool
	trouble string
	code    phonelink.TroubleCode // of trouble
	reopen  time.Time             // zero: no need

	batch   []phonelink.Effect
	answers []answered
	nextTag uint64
	peers   map[phonelink.Device]link.Status
	members map[phonelink.Device]bool // the profile's Tandem peers: nobody else is listened to
	hellos  map[phonelink.Device]note
	asks    map[askKey]chan<- note // questions to peers that wait for an answer
	servers map[phonelink.Device]chan serving
	wishes  int // of phones, under way
	wg      sync.WaitGroup
	status  *link.Watch

	views    []*phonelink.View // of the adapters
	problems []string          // of the adapters that ended

	cond     conditions
	nextLook time.Time
	hop      hop
	in       time.Time // until when a get-in goes on
	offers   map[phonelink.SessionID]offer
	declined map[phonelink.SessionID]bool // not to be offered again until the driver gets in again
	pings    []phonelink.Notification

	dirty  bool
	urgent bool
	shown  time.Time
	timer  *time.Timer
}

func newLoop(ctx context.Context, n *Node) *loop {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	return &loop{
		n: n, log: n.log, ctx: ctx, atOnce: ended, profile: n.c.Profile, dirty: true, urgent: true,
		peers: map[phonelink.Device]link.Status{}, hellos: map[phonelink.Device]note{},
		asks: map[askKey]chan<- note{}, servers: map[phonelink.Device]chan serving{},
		views: make([]*phonelink.View, len(n.adapters)), offers: map[phonelink.SessionID]offer{},
		declined: map[phonelink.SessionID]bool{}, status: n.hub.Watch(),
	}
}

// run takes what comes until ctx ends.
func (l *loop) run() error {
	l.timer = time.NewTimer(time.Hour)
	defer l.timer.Stop()
	defer l.status.Close()
	defer l.wg.Wait()
	l.loadHop()
	l.look(time.Now())
	l.enroll()
	l.open()
	for {
		l.flush()
		l.schedule()
		select {
		case <-l.ctx.Done():
			return l.end()
		case f := <-l.n.inbox:
			f(l)
			l.drain()
		case <-l.timer.C:
			l.tick(time.Now())
		}
	}
}

// drain takes what waits, so that it shares one sync.
func (l *loop) drain() {
	for range batchMost {
		select {
		case f := <-l.n.inbox:
			f(l)
		default:
			return
		}
	}
}

func (l *loop) end() error {
	l.wg.Wait()
	var err error
	if l.room != nil {
		for _, reply := range l.room.tags {
			reply <- errEnded
		}
		err = l.closeRoom()
	}
	if l.profile == phonelink.Guest {
		err = errors.Join(err, l.n.store.Wipe(phonelink.Guest))
	}
	return err
}

// now is the moment, on both clocks.
func (l *loop) now() phonelink.Now {
	t := time.Now()
	return phonelink.Now{Wall: t, Mono: t.Sub(l.n.start) + 1}
}

// step tells the machine; what follows waits for flush. The View is made anew
// after every event but the beat of a lease: the machine tells of a change that
// it keeps or that must be acted on, not of an attempt that it gave up.
func (l *loop) step(e phonelink.Event) {
	if l.room == nil {
		return
	}
	l.batch = append(l.batch, phonelink.Next(l.room.state, l.now(), e)...)
	if r, ok := e.(phonelink.Received); ok {
		switch r.Message.(type) {
		case phonelink.RenewMsg, phonelink.RenewedMsg:
			return
		}
	}
	l.dirty = true
}

// flush carries out what was decided, shows it, and tells who asked.
func (l *loop) flush() {
	for l.room != nil && len(l.batch) > 0 {
		batch := l.batch
		l.batch = nil
		i := 0
		for ; i < len(batch); i++ { // what no record stands before need not wait for the disk
			if _, ok := batch[i].(phonelink.Persist); ok {
				break
			}
			l.perform(batch[i])
		}
		var records [][]byte
		for _, e := range batch[i:] {
			if p, ok := e.(phonelink.Persist); ok {
				records = append(records, p.Record)
			}
		}
		if err := l.room.journal.Append(records...); err != nil {
			l.broken(err)
			break
		}
		for _, e := range batch[i:] {
			l.perform(e)
		}
		l.compact()
	}
	l.show()
	for _, a := range l.answers {
		a.reply <- a.err
	}
	l.answers = l.answers[:0]
}

// compact replaces a long journal by a snapshot.
func (l *loop) compact() {
	r := l.room
	if size := r.journal.Size(); size < compactAt || size < compactTimes*r.snapshot {
		return
	}
	if err := r.journal.Compact(r.state.Snapshot()); err != nil {
		l.broken(err)
		return
	}
	r.snapshot = r.journal.Size()
}

// broken closes the room after its disk failed: what it knows may be more than
// what the disk does.
func (l *loop) broken(err error) {
	l.log.Error("the disk of the phone link fails", "profile", l.profile, "error", err)
	for _, reply := range l.room.tags {
		reply <- fmt.Errorf("it may have happened: %w", err)
	}
	l.closeRoom()
	l.trouble, l.code = "The phone link cannot write to its disk: "+err.Error(), phonelink.TroubleDisk
	l.reopen = time.Now().Add(openAgain)
}

// closeRoom forgets the open profile's contents.
func (l *loop) closeRoom() error {
	r := l.room
	if r == nil {
		return nil
	}
	l.room, l.batch = nil, nil
	clear(l.offers)
	l.dirty, l.urgent = true, true
	return r.close()
}

// open opens the profile, if that is possible now.
func (l *loop) open() {
	l.locked, l.trouble, l.reopen = false, "", time.Time{}
	l.dirty, l.urgent = true, true
	l.batch = nil
	r, err := l.n.openRoom(l.profile)
	switch {
	case errors.Is(err, trust.ErrValet):
		return
	case errors.Is(err, trust.ErrLocked):
		l.locked = true
		return
	case err != nil:
		l.log.Error("profile cannot be opened", "profile", l.profile, "error", err)
		l.trouble, l.code = "The phone link cannot open profile "+string(l.profile)+": "+err.Error(), phonelink.TroubleProfile
		l.reopen = time.Now().Add(openAgain)
		return
	}
	l.room, l.trouble, l.code = r, r.trouble, phonelink.TroubleDamaged
	r.snapshot = int64(len(r.state.Snapshot())) // not the size: who is killed often would never compact
	var boot phonelink.Boot
	rand.Read(boot.Seed[:]) // never fails
	l.step(boot)
	l.step(l.peerEvent())
	l.step(l.conditionsEvent())
	for d, s := range l.peers {
		if up(s.State) {
			l.step(phonelink.PeerUp{Device: d, Fresh: true, RTT: s.RTT})
		}
	}
	l.fetchAll()
}

// peerEvent is the trusted peers of the profile, for the machine.
func (l *loop) peerEvent() phonelink.Peers {
	var list []phonelink.PeerInfo
	for _, p := range l.n.store.Peers(l.profile) {
		if p.Adapter == "" {
			list = append(list, phonelink.PeerInfo{Device: p.Device, Profiles: []phonelink.Profile{l.profile}})
		}
	}
	return phonelink.Peers{List: list}
}

// enroll takes the profile's peers for those that are trusted now, here and in
// the link. The link may still bring what somebody sent who was a moment ago.
func (l *loop) enroll() {
	peers := l.n.store.Peers(l.profile)
	l.members = map[phonelink.Device]bool{}
	for _, p := range peers {
		l.members[p.Device] = p.Adapter == ""
	}
	l.n.peers.set(peers)
	l.n.hub.Refresh()
}

// peersChanged tells the link and the machine who is trusted now.
func (l *loop) peersChanged() {
	l.enroll()
	l.step(l.peerEvent())
	l.dirty = true
}

func up(p phonelink.Presence) bool { return p == phonelink.Linked || p == phonelink.Quiet }

// links takes the states of all links.
func (l *loop) links(list []link.Status) {
	now := map[phonelink.Device]link.Status{}
	list = slices.DeleteFunc(list, func(s link.Status) bool { return !l.members[s.Device] })
	for _, s := range list {
		now[s.Device] = s
	}
	for d, before := range l.peers {
		if s, ok := now[d]; up(before.State) && (!ok || !up(s.State)) {
			l.step(phonelink.PeerDown{Device: d})
		}
	}
	old := l.peers
	l.peers = now
	for _, s := range list {
		if before := old[s.Device]; up(s.State) && (!up(before.State) || before.Link != s.Link) {
			l.linked(s, before.Link != s.Link)
		}
	}
	l.dirty, l.urgent = true, true
}

// linked greets a peer whose link has come up.
func (l *loop) linked(s link.Status, fresh bool) {
	l.step(phonelink.PeerUp{Device: s.Device, Fresh: fresh, RTT: s.RTT})
	l.greet(s.Device)
	l.seen(s)
	l.fetchFrom(s.Device)
}

// greet tells a peer who this is, and whether it waits for a key.
func (l *loop) greet(d phonelink.Device) {
	can := phonelink.CanHandOff | phonelink.CanMedia | phonelink.CanClipboard | phonelink.CanFiles | phonelink.CanRing
	l.note(d, phonelink.ClassMedia, note{Kind: noteHello, Name: l.n.c.Name, Model: l.n.c.Model, Can: can, Locked: l.locked})
}

// seen keeps when and where a peer was met: a process that is started again goes
// there at once, and does not wait to be found.
func (l *loop) seen(s link.Status) {
	for _, p := range l.n.store.Peers(l.profile) {
		known := len(s.Addresses) == 0 || slices.Contains(p.Addresses, s.Addresses[0])
		if p.Device != s.Device || known && time.Since(p.Seen) < time.Minute && p.Version >= s.Version {
			continue
		}
		p.Seen, p.Version = time.Now(), max(p.Version, s.Version)
		if len(s.Addresses) > 0 {
			p.Addresses = s.Addresses[:min(len(s.Addresses), 16)]
		}
		if err := l.n.store.Put(l.profile, p); err != nil {
			l.log.Warn("the peer's last address is not kept", "peer", s.Device, "error", err)
		}
	}
}

// receive takes a message of the link.
func (l *loop) receive(m link.Message) {
	if len(m.Payload) == 0 || !l.members[m.From] {
		return
	}
	switch m.Payload[0] {
	case forMachine:
		if l.room == nil {
			return
		}
		if !up(l.peers[m.From].State) { // the message overtook the news of its link
			l.links(l.status.Statuses())
		}
		if m.Fresh {
			l.step(phonelink.PeerUp{Device: m.From, Fresh: true})
		}
		msg, err := phonelink.DecodeMessage(m.Payload[1:])
		if err != nil {
			l.log.Warn("message not understood", "from", m.From, "error", err)
			return
		}
		if msg = l.adopt(msg); msg != nil {
			l.step(phonelink.Received{From: m.From, Message: msg})
		}
	case forNode:
		n, err := decodeNote(m.Payload[1:])
		if err != nil {
			l.log.Warn("note not understood", "from", m.From, "error", err)
			return
		}
		l.noted(m.From, n)
	}
}

// adopt puts what a peer says of a session into the open profile: how the other
// end calls its person is no business of this one. nil: not for this profile.
func (l *loop) adopt(m phonelink.Msg) phonelink.Msg {
	ok := true
	mine := func(r *phonelink.Replica) {
		r.Profile = l.profile
		ok = allowed(l.profile, r.Kind)
	}
	switch t := m.(type) {
	case phonelink.OfferMsg:
		mine(&t.State)
		m = t
	case phonelink.PrepareMsg:
		mine(&t.State)
		m = t
	case phonelink.CommitMsg:
		mine(&t.State)
		m = t
	case phonelink.StateMsg:
		mine(&t.State)
		m = t
	}
	if !ok {
		return nil
	}
	return m
}

// allowed reports whether a profile has sessions of the kind.
func allowed(p phonelink.Profile, k phonelink.Kind) bool {
	switch p {
	case phonelink.Guest:
		return k == phonelink.Media || k == phonelink.Navigation
	case phonelink.Valet:
		return false
	}
	return true
}

// look reads the car.
func (l *loop) look(now time.Time) {
	l.nextLook = now.Add(lookEvery)
	before := l.cond
	l.cond = conditionsOf(now, l.n.c.Car)
	if l.cond != before {
		l.step(l.conditionsEvent())
		l.dirty = true
	}
	if !l.cond.Parked {
		l.closePairing()
	}
	l.hopped(now)
}

func (l *loop) conditionsEvent() phonelink.Conditions {
	return phonelink.Conditions{Known: l.cond.Moving || l.cond.Still, Moving: l.cond.Moving}
}

// tick does what its time has come for.
func (l *loop) tick(now time.Time) {
	if l.n.c.Car != nil && !now.Before(l.nextLook) {
		l.look(now)
	}
	if !l.reopen.IsZero() && !now.Before(l.reopen) {
		l.open()
	}
	if l.room != nil {
		if due := l.room.state.Deadline(); due != 0 && due <= l.now().Mono {
			l.step(phonelink.Tick{})
		}
		l.fetchTick(now)
	}
	l.expireOffers(now)
	if _, open := l.n.gate.Window(); !open && l.n.pairings.opened() {
		l.closePairing()
	}
}

// schedule sets the timer for what is next.
func (l *loop) schedule() {
	now := time.Now()
	next := now.Add(time.Minute)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	if l.n.c.Car != nil {
		sooner(l.nextLook)
	}
	sooner(l.reopen)
	if l.room != nil {
		if due := l.room.state.Deadline(); due != 0 {
			sooner(l.n.start.Add(due))
		}
		sooner(l.fetchDue())
	}
	for _, o := range l.offers {
		sooner(o.until)
	}
	if w, open := l.n.gate.Window(); open {
		sooner(w.Until)
	} else if l.n.pairings.opened() {
		sooner(now)
	}
	if l.dirty {
		sooner(l.shown.Add(viewEvery))
	}
	l.timer.Reset(max(0, next.Sub(now)))
}

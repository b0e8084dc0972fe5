// Package phone simulates people with phones around one car: real phone links
// at both ends (phonelink/node), each phone behind a network of its own that
// misbehaves as it is told (sim/faultnet), and players that are sounding or
// silent by the clock and keep a log of it. A Script says what everybody does;
// Measure asks how fast and how seamless a hand-off is. It does not look into
// a node: what it knows is the Service's View and what was heard.
//
//	script --> World --> Device "car"   node, player <--+
//	              +----> Device "ada"   node, player --> faultnet
//	              +----> Device "bob"   node, player --> faultnet --> car
//
// All devices are in one process: their clocks agree, and a power cut is an
// orderly end (the trials that kill processes are sim/continuity's).
package phone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
	"tandem/phonelink/node"
	"tandem/phonelink/player"
	"tandem/phonelink/trust"
	"tandem/sim/faultnet"
)

// CarName is the car among the names of a Script.
const CarName = "car"

// Config is one World. Dir and Car are needed.
type Config struct {
	Dir    string        // folder of the devices' state
	Seed   uint64        // of the networks; phone n has Seed+n
	Path   faultnet.Path // both ways, of every phone, to begin with
	Load   time.Duration // how long a player takes to open a track; 0: at once
	Car    phonelink.Car // the signals of the car; pairing needs one that is parked
	Again  time.Duration // how long a person taps again while the other side is out of reach; 0: once is enough
	Log    io.Writer     // a line per event of a script; nil: none
	Logger *slog.Logger  // of the nodes
}

// World is a car and its phones. Its methods are for any goroutine, after Run
// has begun.
type World struct {
	cfg   Config
	begun chan struct{} // closed when ctx below is set
	ctx   context.Context
	wg    sync.WaitGroup

	mu      sync.Mutex
	car     *Device
	phones  []*Device
	pairing sync.Mutex // the car's screen shows one code at a time
	log     sync.Mutex
}

// New makes a world; Run starts it.
func New(cfg Config) (*World, error) {
	if cfg.Dir == "" {
		return nil, errors.New("simulate phones: no folder given")
	}
	if cfg.Car == nil {
		return nil, errors.New("simulate phones: no car given, whose signals say that it is parked")
	}
	if err := cfg.Path.Check(); err != nil {
		return nil, fmt.Errorf("simulate phones: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	w := &World{cfg: cfg, begun: make(chan struct{})}
	w.car = &Device{Name: CarName, w: w}
	return w, nil
}

// Run keeps the car on until ctx ends, and returns after all devices are off.
func (w *World) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer w.wg.Wait()
	defer cancel()
	w.ctx = ctx
	if err := w.car.on(ctx); err != nil {
		close(w.begun)
		return err
	}
	close(w.begun)
	<-ctx.Done()
	w.mu.Lock()
	all := append([]*Device{w.car}, w.phones...)
	w.mu.Unlock()
	var errs []error
	for _, d := range all {
		errs = append(errs, d.Off())
	}
	return errors.Join(errs...)
}

// Car is the car; it waits until Run has turned it on.
func (w *World) Car() *Device {
	<-w.begun
	return w.car
}

// Phone is the phone of this name, which is made, off and not paired, when it
// is named first.
func (w *World) Phone(name string) (*Device, error) {
	<-w.begun
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.phones, func(d *Device) bool { return d.Name == name })
	if i >= 0 {
		return w.phones[i], nil
	}
	d := &Device{Name: name, w: w}
	n, err := faultnet.New(faultnet.Config{
		Seed: w.cfg.Seed + uint64(len(w.phones)), Target: w.car.Node().Addr().String(), Up: w.cfg.Path, Down: w.cfg.Path, Logger: w.cfg.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("simulate phone %s: %w", name, err)
	}
	d.net = n
	w.phones = append(w.phones, d)
	w.wg.Go(func() { _ = n.Run(w.ctx) })
	return d, nil
}

// hidden is the system's network for a device that tells nobody its addresses:
// every packet goes through its faultnet.
type hidden struct{ link.System }

// Addresses are none.
func (hidden) Addresses() []netip.Addr { return nil }

// Device is the car or a phone.
type Device struct {
	Name string
	w    *World
	net  *faultnet.Net // nil for the car

	mu     sync.Mutex
	node   *node.Node // nil while off
	listen string     // the car's address stays
	stop   context.CancelFunc
	done   chan struct{}
	err    error
	sounds []player.Sound
	heard  chan struct{} // closed and replaced when sounds grows
}

// Net is the phone's network; nil for the car.
func (d *Device) Net() *faultnet.Net { return d.net }

// Node is the device's phone link; nil while it is off.
func (d *Device) Node() *node.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.node
}

// On turns the device on, with what it knew when it went off.
func (d *Device) On() error { return d.on(d.w.ctx) }

func (d *Device) on(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.node != nil {
		return nil
	}
	cfg := node.Config{
		Data: filepath.Join(d.w.cfg.Dir, d.Name), Name: d.Name, Model: "phone", Listen: "127.0.0.1:0", Player: true,
		Network: hidden{}, Logger: d.w.cfg.Logger,
	}
	if d.net == nil {
		cfg.Model, cfg.Car = "car", d.w.cfg.Car
		if d.listen != "" {
			cfg.Listen = d.listen
		}
	}
	n, err := node.New(cfg)
	if err != nil {
		return fmt.Errorf("turn on %s: %w", d.Name, err)
	}
	p, err := player.New(player.Config{Service: n, Open: d.open, Heard: d.hear, Logger: d.w.cfg.Logger})
	if err != nil {
		return fmt.Errorf("turn on %s: %w", d.Name, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	d.node, d.stop, d.done, d.listen = n, cancel, make(chan struct{}), n.Addr().String()
	done := d.done
	d.w.wg.Go(func() {
		defer close(done)
		var both sync.WaitGroup
		both.Go(func() { _ = p.Run(ctx) })
		err := n.Run(ctx)
		cancel()
		both.Wait()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.err = err
	})
	return nil
}

// Off turns the device off and waits until it is; the error is why it had
// ended before, if so.
func (d *Device) Off() error {
	d.mu.Lock()
	stop, done := d.stop, d.done
	d.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	<-done
	d.mu.Lock()
	defer d.mu.Unlock()
	d.node, d.stop = nil, nil
	if d.err != nil {
		return fmt.Errorf("%s: %w", d.Name, d.err)
	}
	return nil
}

// open is how the player opens a track.
func (d *Device) open(ctx context.Context, _ phonelink.Track) error {
	if d.w.cfg.Load == 0 {
		return nil
	}
	timer := time.NewTimer(d.w.cfg.Load)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

func (d *Device) hear(s player.Sound) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sounds = append(d.sounds, s)
	if d.heard != nil {
		close(d.heard)
		d.heard = nil
	}
}

// Sounds is what was heard of the device so far.
func (d *Device) Sounds() []player.Sound {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.sounds)
}

// Listen waits for a sound that good accepts, among those after the first skip.
func (d *Device) Listen(ctx context.Context, skip int, good func(player.Sound) bool) (player.Sound, error) {
	for {
		d.mu.Lock()
		for _, s := range d.sounds[min(skip, len(d.sounds)):] {
			if good(s) {
				d.mu.Unlock()
				return s, nil
			}
		}
		skip = len(d.sounds)
		if d.heard == nil {
			d.heard = make(chan struct{})
		}
		heard := d.heard
		d.mu.Unlock()
		select {
		case <-heard:
		case <-ctx.Done():
			return player.Sound{}, fmt.Errorf("listen to %s: %w", d.Name, ctx.Err())
		}
	}
}

// errOff says that the device is off.
var errOff = errors.New("it is off")

// Do asks the device's phone link for something.
func (d *Device) Do(ctx context.Context, r phonelink.Request) error {
	n := d.Node()
	if n == nil {
		return fmt.Errorf("%s: %w", d.Name, errOff)
	}
	if err := n.Do(ctx, r); err != nil {
		return fmt.Errorf("%s: %T: %w", d.Name, r, err)
	}
	return nil
}

// Until waits for a View that good accepts. what is said when ctx ends first.
func (d *Device) Until(ctx context.Context, what string, good func(*phonelink.View) bool) (*phonelink.View, error) {
	n := d.Node()
	if n == nil {
		return nil, fmt.Errorf("%s: wait for %s: %w", d.Name, what, errOff)
	}
	watch := n.Watch()
	defer watch.Close()
	for {
		v := watch.View()
		if good(v) {
			return v, nil
		}
		select {
		case <-watch.C():
		case <-ctx.Done():
			return v, fmt.Errorf("%s: wait for %s: %w", d.Name, what, ctx.Err())
		}
	}
}

// Linked waits until the device and the car, or the car and that phone, reach
// each other.
func (d *Device) Linked(ctx context.Context, other *Device) error {
	self := other.Node()
	if self == nil {
		return fmt.Errorf("%s: %w", other.Name, errOff)
	}
	_, err := d.Until(ctx, "a link to "+other.Name, func(v *phonelink.View) bool {
		return slices.ContainsFunc(v.Phones, func(p phonelink.Phone) bool {
			return p.Device == self.Self() && p.Presence == phonelink.Linked
		})
	})
	return err
}

// Pair turns the phone on and pairs it with the car by the code on the car's
// screen, as a person with a camera does.
func (d *Device) Pair(ctx context.Context) error {
	if d.net == nil {
		return errors.New("the car does not pair with itself")
	}
	if err := d.On(); err != nil {
		return err
	}
	car := d.w.Car()
	d.w.pairing.Lock()
	defer d.w.pairing.Unlock()
	if err := car.Do(ctx, phonelink.OpenPairing{}); err != nil {
		return err
	}
	v, err := car.Until(ctx, "the pairing code", func(v *phonelink.View) bool { return v.Pairing != nil && v.Pairing.QR != "" })
	if err != nil {
		return err
	}
	seen, err := trust.ParseQR(v.Pairing.QR)
	if err != nil {
		return err
	}
	at := d.net.Addr() // the way to the car is through the phone's network
	seen.Addresses, seen.Port = []netip.Addr{at.Addr().Unmap()}, at.Port()
	text, err := trust.QRText(seen)
	if err != nil {
		return err
	}
	if err := d.Node().PairWith(ctx, text); err != nil {
		return fmt.Errorf("%s: pair: %w", d.Name, err)
	}
	if err := d.Linked(ctx, car); err != nil {
		return err
	}
	return car.Linked(ctx, d)
}

// Find is the device's latest session of a kind.
func (d *Device) Find(kind phonelink.Kind) (phonelink.SessionView, bool) {
	n := d.Node()
	if n == nil {
		return phonelink.SessionView{}, false
	}
	w := n.Watch()
	defer w.Close()
	return latest(w.View(), kind)
}

func latest(v *phonelink.View, kind phonelink.Kind) (phonelink.SessionView, bool) {
	for _, s := range v.Sessions {
		if s.Kind == kind {
			return s, true
		}
	}
	return phonelink.SessionView{}, false
}

// Overlap is a time in which two devices sounded with the same session at once.
type Overlap struct {
	Session  phonelink.SessionID
	From, To time.Time
}

// Overlaps are all of them so far, the longest first.
func (w *World) Overlaps() (out []Overlap) {
	spans := w.spans(time.Now())
	for id, list := range spans {
		for i, a := range list {
			for _, b := range list[i+1:] {
				o := Overlap{id, a.from, a.to}
				if b.from.After(o.From) {
					o.From = b.from
				}
				if b.to.Before(o.To) {
					o.To = b.to
				}
				if a.who != b.who && o.To.After(o.From) {
					out = append(out, o)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Overlap) int { return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)) })
	return out
}

// span is a time in which a device sounded.
type span struct {
	who      *Device
	from, to time.Time
}

// spans are when which device sounded, until now.
func (w *World) spans(now time.Time) map[phonelink.SessionID][]span {
	spans := map[phonelink.SessionID][]span{}
	w.mu.Lock()
	all := append([]*Device{w.car}, w.phones...)
	w.mu.Unlock()
	for _, d := range all {
		open := map[phonelink.SessionID]time.Time{}
		for _, s := range d.Sounds() {
			if s.On {
				open[s.Session] = s.At
			} else if from, ok := open[s.Session]; ok {
				spans[s.Session] = append(spans[s.Session], span{d, from, s.At})
				delete(open, s.Session)
			}
		}
		for id, from := range open {
			spans[id] = append(spans[id], span{d, from, now})
		}
	}
	return spans
}

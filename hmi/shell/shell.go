package shell

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/fynedriver"
	"tandem/hmi/input"
	"tandem/hmi/lang"
	"tandem/hmi/media"
	"tandem/hmi/restrict"
	"tandem/hmi/screen"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
	"tandem/vehicle"
)

// Layer is where the shell's pictures go and its input comes from. A
// *display.Layer is one. Events may be nil when input comes otherwise, through
// Shell.Input.
type Layer interface {
	fynedriver.Output
	Events() <-chan input.Event
	Place(r image.Rectangle)
	Show(on bool)
}

// Config says what a shell works with. Vehicle, Layer and Size are needed.
type Config struct {
	Vehicle   hmi.Vehicle
	Layer     Layer             // of the screens
	Phones    phonelink.Service // the phone link; nil: the car has none, and the screens say so
	Music     func() *hmi.Music // what this car itself can play; called in every frame; nil: nothing
	Covers    *media.Covers     // of what plays; they run elsewhere; nil: none
	Profile   phonelink.Profile // the driver's, to come back to from guest and valet; "": screen.DriverProfile
	Telltales Layer             // of the urgent telltales, above everything; nil: only in the status bar
	Size      image.Point       // pixels of the display
	DataDir   string            // where settings are kept; "": nowhere
	Version   string            // of the software, for the settings screen
	Car       string            // name of the car model, for the settings screen
	Logger    *slog.Logger
}

// Shell is the running user interface. Input and State are for any goroutine.
type Shell struct {
	cfg    Config
	log    *slog.Logger
	panel  theme.Panel
	driver *fynedriver.Driver
	window fyne.Window
	lamps  *lampWindow // nil: none

	// Owned by the goroutine of Run from here on.
	asker    *asker
	teller   *teller
	link     phonelink.Watch // nil: no phone link
	linkView *phonelink.View // the one that the model's Phones were made of
	answered []told
	watch    hmi.Watch
	samples  []vehicle.Sample
	model    *hmi.Model
	state    hmi.State
	view     screen.View
	stage    *stage
	ended    []outcome
	told     uint64                  // bit per trouble that has been told
	started  bool                    // the first snapshot was shown
	offered  map[string]bool         // what of the phones has been told
	heeded   *hmi.Phones             // the phones that were looked at for it
	hurts    []phonelink.TroubleCode // what of a part of the link has been told
	pairing  pairing                 // what became of the pairing screen
	carded   bool                    // the toast tells of what is a card on the first screen
	urgent   bool                    // the toast is a warning of the car
	waiting  string                  // what is to be told after it; "" for nothing
	now      time.Time               // of the running frame
	toastEnd time.Time               // when the toast goes; zero: none
	typed    time.Time               // when something was typed into a draft last
	indexes  [3]int                  // of speed, gear and belt in samples

	saves chan hmi.Settings // one slot: the latest settings to keep

	mu   sync.Mutex
	last hmi.State // copy of state, for State
}

// New makes a shell with its Fyne driver; it starts nothing and asks nothing
// of the car. Settings are read from DataDir.
func New(c Config) (*Shell, error) {
	if c.Vehicle == nil || c.Layer == nil {
		return nil, errors.New("new shell: needs a vehicle and a layer")
	}
	if c.Size.X < 400 || c.Size.Y < 240 {
		return nil, fmt.Errorf("new shell: a display of %dx%d pixels is too small, at least 400x240", c.Size.X, c.Size.Y)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Shell{cfg: c, log: c.Logger, panel: theme.PanelFor(c.Size), model: &hmi.Model{}, saves: make(chan hmi.Settings, 1)}
	s.state = hmi.State{Settings: hmi.LoadSettings(c.DataDir, c.Logger)}
	s.state.Night = s.state.Settings.Night(true, hmi.Num{})
	d, err := fynedriver.New(fynedriver.Config{Size: c.Size, Scale: s.panel.Scale, Output: c.Layer, Language: s.state.Settings.Language, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("new shell: %w", err)
	}
	s.driver = d
	s.asker = newAsker(c.Vehicle, d.Wake)
	s.teller = &teller{link: c.Phones, wake: d.Wake}
	s.window = d.App().NewWindow("Tandem")
	s.window.SetPadded(false)
	if c.Telltales != nil {
		if s.lamps, err = newLampWindow(d, c.Telltales, s.panel); err != nil {
			return nil, fmt.Errorf("new shell: %w", err)
		}
	}
	for i, p := range hmi.Paths() {
		switch p {
		case vehicle.Speed:
			s.indexes[0] = i
		case vehicle.CurrentGear:
			s.indexes[1] = i
		case vehicle.SeatRow1DriverIsBelted:
			s.indexes[2] = i
		}
	}
	s.view.Model = s.model
	s.model.Phones = hmi.PhonesOf(nil, hmi.Limits{}, time.Time{})
	s.restage()
	s.window.Show()
	d.OnFrame(s.frame)
	d.OnBack(func() { s.do(hmi.Back{}) })
	return s, nil
}

// Driver is the shell's Fyne driver: its counters, and its App for windows of
// other producers.
func (s *Shell) Driver() *fynedriver.Driver { return s.driver }

// Input takes an event that does not come from the layer.
func (s *Shell) Input(ev input.Event) { s.driver.Input(ev) }

// State is a copy of what the shell remembers.
func (s *Shell) State() hmi.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Run shows the screens until ctx ends. It owns its goroutines: the one that
// wakes the frame loop when the car reports something, those that carry
// wishes, the one that keeps settings.
func (s *Shell) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.cfg.Vehicle.Watch(hmi.Paths()...)
	if err != nil {
		return fmt.Errorf("run shell: watch the car: %w", err)
	}
	s.watch = w
	s.asker.open(ctx)
	s.teller.open(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { s.wakes(ctx, w.C()) })
	if s.cfg.Phones != nil {
		s.link = s.cfg.Phones.Watch()
		defer s.link.Close()
		wg.Go(func() { s.wakes(ctx, s.link.C()) })
	}
	if s.cfg.Covers != nil {
		wg.Go(func() { s.wakes(ctx, s.cfg.Covers.C()) })
	}
	wg.Go(func() { s.keep(ctx) })
	if events := s.cfg.Layer.Events(); events != nil {
		wg.Go(func() { s.feed(ctx, events) })
	}
	err = s.driver.Run(ctx)
	cancel()
	s.asker.close()
	s.teller.close()
	wg.Wait()
	w.Close()
	if err != nil {
		return fmt.Errorf("run shell: %w", err)
	}
	return nil
}

// wakes asks for a frame whenever the car reports something, and once a
// second: then the clock may have moved on, a message has been there long
// enough, and what went stale is seen even if nobody says so. A frame in which
// nothing changed paints nothing.
func (s *Shell) wakes(ctx context.Context, c <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c:
		case <-tick.C:
		}
		s.driver.Wake()
	}
}

// feed takes the layer's input to the driver.
func (s *Shell) feed(ctx context.Context, events <-chan input.Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-events:
			if !ok {
				return
			}
			s.driver.Input(ev)
		}
	}
}

// keep writes settings, the latest only, away from the frame loop.
func (s *Shell) keep(ctx context.Context) {
	for {
		var set hmi.Settings
		select {
		case set = <-s.saves:
		case <-ctx.Done():
			select {
			case set = <-s.saves: // the last wish is kept too
			default:
				return
			}
		}
		if err := set.Save(s.cfg.DataDir); err != nil {
			s.log.Error("settings not kept", "error", err)
		}
	}
}

// frame is the shell's part of a frame: one snapshot, then everything that
// follows from it. In a frame in which nothing changed it allocates nothing.
func (s *Shell) frame(now time.Time) {
	s.now = now
	s.samples = s.watch.Read(now, s.samples[:0])
	s.model.Update(now, s.samples)
	s.asker.mark(s.model)
	s.view.Allow = restrict.Of(s.samples[s.indexes[0]], s.samples[s.indexes[1]], s.samples[s.indexes[2]])
	s.phones()
	s.heedWriting()
	if s.cfg.Music != nil {
		s.model.Music = s.cfg.Music()
	}
	if night := s.state.Settings.Night(s.state.Night, s.model.Place.Light); night != s.state.Night {
		s.state.Night = night
		s.restage()
	}
	s.tell()
	s.view.State = s.state
	s.stage.update(&s.view)
	if s.stage.tick(now) {
		s.driver.Wake()
	}
	if s.lamps != nil {
		s.lamps.set(s.model.Telltales)
	}
	s.started = true
	s.publish()
}

// phones makes the model of the phone link anew when the link's view, the
// restrictions or, by the clock, what has expired is another.
func (s *Shell) phones() {
	l := limits(s.view.Allow)
	if s.link != nil {
		v, next := s.link.View(), s.model.Phones.Next()
		if v != s.linkView || l != s.model.Phones.Limits || !next.IsZero() && !s.now.Before(next) {
			if s.cfg.Covers != nil && v != s.linkView {
				s.cfg.Covers.Retry()
			}
			s.linkView = v
			s.model.Phones = hmi.PhonesOf(v, l, s.now)
		}
	}
	s.heedPairing()
}

func (s *Shell) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = s.state
}

// restage builds everything anew for another look or other words.
func (s *Shell) restage() {
	set := s.state.Settings
	th := theme.New(s.panel, s.state.Night)
	if set.Motion == "reduced" {
		th.Motion = theme.ReducedMotion()
	}
	k := &screen.Kit{Theme: th, Format: lang.NewFormat(set), Model: s.model, Send: s.do, About: screen.About{Version: s.cfg.Version, Car: s.cfg.Car}, Profile: s.cfg.Profile}
	if s.cfg.Covers != nil {
		k.Cover = s.cfg.Covers.Cover
	}
	s.driver.App().Settings().SetTheme(th)
	s.driver.SetLanguage(set.Language)
	s.stage = newStage(k, s.state.Screen)
	s.window.SetContent(s.stage.root)
	if s.lamps != nil {
		s.lamps.dress(th)
	}
	s.toastEnd = time.Time{}
}

// do takes a wish, unless driving forbids it: controls are disabled then, and
// this is the second lock on the same door.
func (s *Shell) do(in hmi.Intent) {
	if !s.view.Allow.Allows(s.needs(in)) {
		s.say(s.stage.kit.Format.Words.ParkFirst)
		return
	}
	if e, ok := in.(hmi.Explain); ok {
		s.say(e.Text)
		return
	}
	if _, typed := in.(hmi.Typed); typed {
		s.typed = s.now
	}
	before := s.state
	next, asks, requests := s.state.Step(s.model, in)
	s.state = next
	for _, a := range asks {
		if !s.asker.ask(a) {
			s.say(s.stage.kit.Format.Words.TooMany)
		}
	}
	for _, r := range requests {
		if !s.teller.tell(r) {
			s.say(s.stage.kit.Format.Words.TooMany)
		}
	}
	if next.Settings != before.Settings {
		s.save(next.Settings)
	}
	if before.Writing.On() && !next.Writing.On() {
		s.window.Canvas().Unfocus() // the keyboard goes too
	}
	if next.Settings.Look() != before.Settings.Look() || next.Night != before.Night {
		s.restage()
	} else if next.Screen != before.Screen {
		s.stage.show(next.Screen, s.now)
		if next.Screen == hmi.Home && s.carded {
			s.carded, s.toastEnd = false, time.Time{}
			s.stage.toast.Hide() // it would be in the card's way
		}
	}
	s.driver.Wake()
}

// needs is what a wish needs of the driving restrictions.
func (s *Shell) needs(in hmi.Intent) restrict.Flags {
	switch v := in.(type) {
	case hmi.Tell:
		return requestNeeds(s.stage.kit.Format.Words, s.model.Phones, v.Request)
	case hmi.ShowPart:
		if s.state.Screen == hmi.PhoneScreen && v.Part == hmi.PartPairing {
			return restrict.NoSetup
		}
	case hmi.Write, hmi.Typed:
		return restrict.NoKeyboard | restrict.NoTextMessage
	case hmi.Doubt:
		if v.On {
			return restrict.NoSetup
		}
	case hmi.Choose:
		if v.Name != "light" {
			return restrict.NoSetup
		}
	case hmi.Ask:
		if unlock, ok := v.Value.Bool(); ok && !unlock && screen.IsLock(v.Path) {
			return restrict.NoSetup
		}
	}
	return 0
}

// save hands settings to keep; a waiting older one is dropped.
func (s *Shell) save(set hmi.Settings) {
	select {
	case <-s.saves:
	default:
	}
	s.saves <- set
}

// tell shows what went wrong with wishes and what is newly wrong with the car.
func (s *Shell) tell() {
	w := s.stage.kit.Format.Words
	s.ended = s.asker.take(s.ended[:0])
	for _, o := range s.ended {
		switch o.State {
		case vehicle.Refused:
			s.log.Info("wish refused", "path", o.path, "reason", o.Reason)
			s.say(w.Refused)
		case vehicle.Uncertain:
			s.log.Warn("wish not confirmed", "path", o.path, "reason", o.Reason, "took", o.Took)
			s.say(w.Uncertain)
		}
	}
	var now uint64
	for i := len(s.model.Warnings) - 1; i >= 0; i-- { // the most urgent last, so that it stays
		x := s.model.Warnings[i]
		bit := uint64(1) << x.Trouble
		now |= bit
		if s.told&bit == 0 && s.started && x.Severity > hmi.Notice {
			t := w.Troubles[x.Trouble]
			s.say(t.Title + ". " + t.Advice)
			s.urgent = true
		}
	}
	s.told = now
	s.tellPhones()
	if !s.toastEnd.IsZero() && s.now.After(s.toastEnd) {
		s.toastEnd, s.urgent = time.Time{}, false
		s.stage.toast.Hide()
		if s.waiting != "" {
			s.show(widget.IconInfo, s.waiting)
		}
	}
}

package car

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	brutella "github.com/brutella/can"

	"tandem/canbus"
	"tandem/sim/scenario"
)

// Names of the buses, in the order of their frames within a step.
const (
	Powertrain = "powertrain"
	Body       = "body"
	ADAS       = "adas"
)

var busNames = [...]string{Powertrain, Body, ADAS}

// Config says which car, and what it is attached to.
type Config struct {
	// Seed of the noise; the same seed and scenario give the same frames.
	Seed uint64
	// Scenario is what happens; nil means scenario.Demo().
	Scenario *scenario.Scenario
	// Buses are the car's attachments, by name (Powertrain, Body, ADAS). A
	// missing one leaves its control units without a bus. The car closes them
	// at the end of Run and of Listen.
	Buses map[string]canbus.Bus
	// Start is the car's date and time at the beginning; zero means 10:30 on 1
	// June 2026, UTC.
	Start time.Time
	// Rate is how many seconds of the car Run makes of one second; 0 means 1.
	Rate float64
	// Meant is told, before each frame, what its signals mean. It is called in
	// Step; nil for none.
	Meant func(Meaning)
	// Logger for faults of the buses; nil discards.
	Logger *slog.Logger
}

// Car is a simulated Tandem One. Step, and Run which calls it, must be called
// by one goroutine; the other methods by any.
type Car struct {
	cfg   Config
	log   *slog.Logger
	world *world
	enc   encoder
	buses [len(busNames)]*link
	plan  []slot
	pt    powertrainMessages
	bd    bodyMessages

	next     int // event of the scenario
	offset   int64
	counters [64]uint8 // by slot
	nextTyre int
	laneOn   bool
	requests map[uint16]lastRequest // by data id
	virtual  bool
	origin   int64 // ns since 1970 of the first step

	ticks   atomic.Int64
	running atomic.Bool
	refused atomic.Uint64
	lost    atomic.Uint64

	mu       sync.Mutex
	commands []scenario.Event
	inbox    []request
}

// link is one bus as the car is attached to it.
type link struct {
	name     string
	bus      canbus.Bus
	wire     *brutella.Bus // classic; nil for FD
	bitTime  time.Duration // of the arbitration phase
	dataTime time.Duration
	busy     int64 // ns since 1970 until which the bus is taken
	stamp    int64 // ns for the frame being sent; 0: the bus's own clock
	failing  bool
	buf      [1]canbus.Frame
}

// New makes a car that has not moved yet. It starts nothing. A scenario that
// names what this car does not have is an error.
func New(cfg Config) (*Car, error) {
	if cfg.Scenario == nil {
		cfg.Scenario = scenario.Demo()
	}
	if cfg.Rate < 0 || cfg.Rate > 1000 {
		return nil, fmt.Errorf("rate %g: expected 0 (real time) to 1000", cfg.Rate)
	}
	if cfg.Rate == 0 {
		cfg.Rate = 1
	}
	if cfg.Start.IsZero() {
		cfg.Start = time.Date(2026, 6, 1, 10, 30, 0, 0, time.UTC)
	}
	for name := range cfg.Buses {
		if !slices.Contains(busNames[:], name) {
			return nil, fmt.Errorf("bus %q: the car has %v", name, busNames)
		}
	}
	c := &Car{cfg: cfg, log: cfg.Logger, virtual: true, laneOn: true, origin: cfg.Start.UnixNano(), requests: map[uint16]lastRequest{}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.world = newWorld(cfg.Seed, cfg.Start.UTC())
	c.enc = encoder{faults: &c.world.faults, meant: cfg.Meant, stuck: map[string]int64{}}
	c.plan = c.schedule()
	c.reset()
	for _, e := range cfg.Scenario.Events {
		if err := c.check(e); err != nil {
			return nil, fmt.Errorf("scenario %s at %s: %w", cfg.Scenario.Name, e.At, err)
		}
	}
	for i, name := range busNames {
		c.buses[i] = newLink(name, cfg.Buses[name])
	}
	return c, nil
}

func newLink(name string, bus canbus.Bus) *link {
	l := &link{name: name, bitTime: 2 * time.Microsecond, dataTime: 500 * time.Nanosecond}
	if name == Body {
		l.bitTime = 8 * time.Microsecond
	}
	if bus == nil {
		return l
	}
	l.bus = bus
	if name != ADAS {
		l.wire = brutella.NewBus(brutella.NewReadWriteCloser(canbus.ClassicStream(stamping{bus, l})))
	}
	return l
}

// stamping gives frames the time of the car's own clock on their way out.
type stamping struct {
	canbus.Bus
	link *link
}

func (s stamping) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	if s.link.stamp == 0 {
		return s.Bus.Send(ctx, frames)
	}
	for i := range frames {
		s.link.buf[0] = frames[i]
		s.link.buf[0].Time = s.link.stamp
		if _, err := s.Bus.Send(ctx, s.link.buf[:]); err != nil {
			return i, err
		}
	}
	return len(frames), nil
}

// Elapsed is how long the car has been simulated.
func (c *Car) Elapsed() time.Duration { return time.Duration(c.ticks.Load()) * tick }

// Refused counts the requests of the head unit that were not taken: wrong
// checksum, repeated counter, wrong length.
func (c *Car) Refused() uint64 { return c.refused.Load() }

// Lost counts the frames that a bus did not take.
func (c *Car) Lost() uint64 { return c.lost.Load() }

// Command does what a line of a scenario says, without its time: "door
// row1.driver open". It happens with the next step. A line that is not
// understood is an error that says what would be.
func (c *Car) Command(event string) error {
	e, err := scenario.ParseEvent(event)
	if err == nil {
		err = c.check(e)
	}
	if err != nil {
		return fmt.Errorf("command: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands = append(c.commands, e)
	return nil
}

// Step moves the car on by d, in steps of 10 ms; a rest is left out. Without
// Run it is virtual time, and frames carry it: the n-th step ends n times 10 ms
// after Config.Start.
func (c *Car) Step(d time.Duration) {
	for ; d >= tick; d -= tick {
		c.events()
		c.receive()
		c.world.step()
		c.transmit()
		c.ticks.Store(c.world.now)
	}
}

// events applies what the scenario and Command have for this step.
func (c *Car) events() {
	s := c.cfg.Scenario
	at := time.Duration(c.world.now-c.offset) * tick
	if s.Period > 0 && at >= s.Period {
		c.offset, c.next, at = c.world.now, 0, 0
	}
	for c.next < len(s.Events) && s.Events[c.next].At <= at {
		c.world.apply(s.Events[c.next])
		c.next++
	}
	c.mu.Lock()
	commands := c.commands
	c.commands = nil
	c.mu.Unlock()
	for _, e := range commands {
		c.world.apply(e)
	}
}

// Run listens to the buses and steps with the clock, Config.Rate times as fast,
// until the context ends; then it closes the buses. A car that could not keep
// up for half a second, such as after the machine slept, goes on from there and
// does not catch up. Frames carry the time of the bus that they are sent to.
func (c *Car) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("car: Run was called before")
	}
	c.virtual = false
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Listen(ctx) }()
	step := time.Duration(float64(tick) / c.cfg.Rate)
	timer := time.NewTimer(step)
	defer timer.Stop()
	due := time.Now().Add(step)
	for {
		select {
		case <-timer.C:
		case err := <-ended:
			return err
		}
		now := time.Now()
		if now.Sub(due) > 500*time.Millisecond {
			due = now
		}
		for ; !due.After(now); due = due.Add(step) {
			c.Step(tick)
		}
		timer.Reset(time.Until(due))
	}
}

// Listen takes the requests of the head unit from the buses until the context
// ends; then it closes the buses. Run includes it. The requests are looked at
// in the next Step.
func (c *Car) Listen(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make([]error, len(c.buses))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i, l := range c.buses {
		if l.bus == nil {
			continue
		}
		wg.Go(func() {
			defer cancel() // one bus gone: the car is
			if l.wire != nil {
				errs[i] = c.listenClassic(l)
			} else {
				errs[i] = c.listenFD(ctx, l)
			}
		})
	}
	<-ctx.Done()
	for _, l := range c.buses {
		if l.bus != nil {
			_ = l.bus.Close() // wakes the receivers
		}
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil && !errors.Is(err, canbus.ErrClosed) && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("listen on bus %s: %w", busNames[i], err)
		}
	}
	return nil
}

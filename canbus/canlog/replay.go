package canlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tandem/canbus"
)

// ErrReadOnly is what a Replay gives for Send: a recording takes no frames.
var ErrReadOnly = errors.New("canlog: a recording takes no frames")

// disorder is how far a time may step back and still be one recording: two
// sockets that candump read in turn. Beyond it two recordings were joined.
const disorder = time.Second

// ReplayConfig says what to play and how.
type ReplayConfig struct {
	// Name is for errors; needed.
	Name string
	// Log is the recording; needed. An io.Seeker where Loop is wanted.
	Log io.Reader
	// Interface plays only the frames of this interface; "" plays all. Several
	// replays of one log with the same Start keep step with each other.
	Interface string
	// Rate is how many seconds of the log pass in one second; 0 means 1, and
	// math.Inf(1) as fast as frames are received.
	Rate float64
	// From and Until cut the log, measured from its first frame; an Until of 0
	// means its end.
	From, Until time.Duration
	// Loop starts over at the end, for ever.
	Loop bool
	// Start is when the frame at From is due; zero means at the first Receive.
	Start time.Time
	// KeepTimes leaves the recorded time in the frames, instead of the time at
	// which they were due.
	KeepTimes bool
	// Bus is set in every frame.
	Bus uint8
	// Zone and Times are handed to the Reader.
	Zone  *time.Location
	Times Times
}

// Replay is a canbus.Bus that plays a recording with its timing. At the end
// Receive gives io.EOF. Lines that cannot be read are left out and counted.
// The same log and configuration give the same frames at the same offsets.
type Replay struct {
	cfg    ReplayConfig
	broken atomic.Uint64
	once   sync.Once
	closed chan struct{}

	// The receiver's.
	r       *Reader
	timer   *time.Timer
	start   time.Time // when offset 0 is due
	clock   logClock
	played  bool         // this pass handed out a frame
	pending bool         // next holds a frame that waits to be due
	next    canbus.Frame // its Time as recorded
	offset  time.Duration
	ifaces  []string
	err     error // what Receive ended with
}

var _ canbus.Bus = (*Replay)(nil)

// NewReplay checks the configuration and reads the start of the log.
func NewReplay(cfg ReplayConfig) (*Replay, error) {
	if cfg.Log == nil {
		return nil, errors.New("replay: no log given")
	}
	if cfg.Rate == 0 {
		cfg.Rate = 1
	}
	if !(cfg.Rate > 0) {
		return nil, fmt.Errorf("replay %s: rate %v: it must be above 0", cfg.Name, cfg.Rate)
	}
	if cfg.From < 0 || cfg.Until < 0 || cfg.Until > 0 && cfg.Until <= cfg.From {
		return nil, fmt.Errorf("replay %s: from %v until %v is no part of a log", cfg.Name, cfg.From, cfg.Until)
	}
	if _, ok := cfg.Log.(io.Seeker); cfg.Loop && !ok {
		return nil, fmt.Errorf("replay %s: only a file can be looped, not a stream", cfg.Name)
	}
	r := &Replay{cfg: cfg, closed: make(chan struct{}), start: cfg.Start, clock: logClock{first: true}}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// Broken counts the lines that could not be read so far.
func (r *Replay) Broken() uint64 { return r.broken.Load() }

// Receive waits until the next frame is due and takes along those that are due
// by then; see canbus.Bus.
func (r *Replay) Receive(ctx context.Context, frames []canbus.Frame) (int, error) {
	if err := r.ended(ctx); err != nil || len(frames) == 0 {
		return 0, err
	}
	if r.err != nil {
		return 0, r.err
	}
	if r.start.IsZero() {
		r.start = time.Now()
	}
	n := 0
	for n < len(frames) {
		if !r.pending {
			if r.err = r.advance(); r.err != nil {
				break
			}
		}
		due := r.due()
		if wait := time.Until(due); wait > 0 {
			if n > 0 {
				break
			}
			if err := r.wait(ctx, wait); err != nil {
				return 0, err
			}
		}
		frames[n] = r.next
		frames[n].Bus = r.cfg.Bus
		if !r.cfg.KeepTimes {
			frames[n].Time = due.UnixNano()
		}
		r.pending, r.played = false, true
		n++
	}
	if n == 0 {
		return 0, r.err
	}
	return n, nil
}

// Send gives ErrReadOnly.
func (r *Replay) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	if err := r.ended(ctx); err != nil {
		return 0, err
	}
	return 0, ErrReadOnly
}

// Close ends the replay and wakes Receive. The log stays open: it is the
// caller's.
func (r *Replay) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

func (r *Replay) ended(ctx context.Context) error {
	select {
	case <-r.closed:
		return canbus.ErrClosed
	default:
		return ctx.Err()
	}
}

func (r *Replay) wait(ctx context.Context, d time.Duration) error {
	if r.timer == nil {
		r.timer = time.NewTimer(d)
	} else {
		r.timer.Reset(d)
	}
	defer r.timer.Stop()
	select {
	case <-r.timer.C:
		return nil
	case <-r.closed:
		return canbus.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Replay) due() time.Time {
	if math.IsInf(r.cfg.Rate, 1) {
		return r.start
	}
	return r.start.Add(time.Duration(float64(r.offset) / r.cfg.Rate))
}

func (r *Replay) open() error {
	d, err := NewReader(r.cfg.Name, r.cfg.Log)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	d.Zone, d.Times = r.cfg.Zone, r.cfg.Times
	r.r = d
	return nil
}

// advance readies the next frame that is to be played.
func (r *Replay) advance() error {
	for {
		iface, err := r.r.Next(&r.next)
		if err != nil {
			if err = r.passOver(err); err != nil {
				return err
			}
			continue
		}
		at := r.clock.at(r.next.Time)
		if r.cfg.Until > 0 && at > r.cfg.Until {
			if err := r.again(); err != nil {
				return err
			}
			continue
		}
		if r.cfg.Interface != "" && iface != r.cfg.Interface {
			r.sawInterface(iface)
			continue
		}
		if at < r.cfg.From {
			continue
		}
		r.offset = r.clock.passed + at - r.cfg.From
		r.pending = true
		return nil
	}
}

// passOver says whether playing can go on after what the reader gave.
func (r *Replay) passOver(err error) error {
	var broken *ParseError
	if errors.As(err, &broken) {
		r.broken.Add(1)
		return nil
	}
	if errors.Is(err, io.EOF) {
		return r.again()
	}
	return err
}

// again goes back to the start of the log, or says that it is over.
func (r *Replay) again() error {
	if !r.played {
		if r.cfg.Interface != "" && len(r.ifaces) > 0 {
			return fmt.Errorf("replay %s: no frame of interface %s; the log has %s: %w",
				r.cfg.Name, r.cfg.Interface, strings.Join(r.ifaces, ", "), io.ErrUnexpectedEOF)
		}
		return io.EOF
	}
	if !r.cfg.Loop {
		return io.EOF
	}
	if _, err := r.cfg.Log.(io.Seeker).Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("replay %s: start over: %w", r.cfg.Name, err)
	}
	r.clock = logClock{first: true, passed: r.clock.passed + r.passLength()}
	r.played = false
	return r.open()
}

// passLength is how long a pass took, at least a millisecond, so that a loop
// over a log without times is not endless at one instant. It is the same for
// every interface of the log.
func (r *Replay) passLength() time.Duration {
	end := r.clock.last
	if r.cfg.Until > 0 {
		end = min(end, r.cfg.Until)
	}
	return max(end-r.cfg.From, time.Millisecond)
}

func (r *Replay) sawInterface(name string) {
	if len(r.ifaces) < 16 && !slices.Contains(r.ifaces, name) {
		r.ifaces = append(r.ifaces, name)
	}
}

// logClock turns recorded times into offsets from the log's first frame that
// never step back.
type logClock struct {
	passed time.Duration // of earlier passes
	first  bool
	base   int64
	last   time.Duration
}

func (c *logClock) at(t int64) time.Duration {
	if c.first {
		c.base, c.first = t, false
	}
	at := time.Duration(t - c.base)
	if at < c.last-disorder { // another recording begins: join it on
		c.base = t - int64(c.last)
	}
	c.last = max(c.last, at)
	return c.last
}

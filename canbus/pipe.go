package canbus

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultCapacity is the number of frames that a Port holds for a receiver
// that is late, when Pipe.Capacity is 0: half a second of a full 500 kbit/s bus
// of short frames.
const DefaultCapacity = 4096

// Pipe is a CAN bus in memory. Every frame that one of its ports sends reaches
// every other port, never the sender itself, and all ports see all frames in
// the same order. A Pipe owns no goroutine and needs no closing: it is gone
// when its ports are.
type Pipe struct {
	// Now stamps frames that come without a time; nil means time.Now. Set it
	// before the first Join.
	Now func() time.Time
	// Capacity is how many frames a port that joins from now on keeps for a
	// late receiver; 0 means DefaultCapacity.
	Capacity int

	mu    sync.Mutex // held while a batch goes out: this is the total order
	ports []*Port
}

// NewPipe makes a bus without ports.
func NewPipe() *Pipe { return &Pipe{} }

// Join attaches a port. The name is for people, and need not be unique.
func (p *Pipe) Join(name string) *Port {
	limit := p.Capacity
	if limit <= 0 {
		limit = DefaultCapacity
	}
	t := &Port{
		pipe:   p,
		name:   name,
		ready:  make(chan struct{}, 1),
		closed: make(chan struct{}),
		ring:   ring{limit: limit},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports = append(p.ports, t)
	return t
}

// Port is one attachment to a Pipe. It is a Bus with one addition: a receiver
// that is late by more than Pipe.Capacity frames loses the oldest, and Dropped
// counts them, as a socket with a full receive buffer does.
type Port struct {
	pipe    *Pipe
	name    string
	ready   chan struct{} // one slot: the ring may have frames
	closed  chan struct{}
	dropped atomic.Uint64

	mu   sync.Mutex
	done bool // closed is closed
	ring ring
}

var _ Bus = (*Port)(nil)

// Name is what Join was called with.
func (t *Port) Name() string { return t.name }

// Dropped counts the frames that the port lost because nobody received them in
// time, since it joined.
func (t *Port) Dropped() uint64 { return t.dropped.Load() }

// Receive fills frames from its start, oldest first; see Bus. An ended context
// and a closed port win over frames that are waiting. An empty batch returns at
// once.
func (t *Port) Receive(ctx context.Context, frames []Frame) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := t.take(frames)
		if n > 0 || err != nil || len(frames) == 0 {
			return n, err
		}
		select {
		case <-t.ready:
		case <-t.closed:
		case <-ctx.Done():
		}
	}
}

// Send puts the frames on the bus in order and without gaps: no other sender's
// frame comes between them. It never blocks. A frame that is not valid ends it:
// those before it have gone, it and those after it have not.
func (t *Port) Send(ctx context.Context, frames []Frame) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var invalid error
	for i := range frames {
		if err := frames[i].Validate(); err != nil {
			invalid = fmt.Errorf("send on port %s: %w", t.name, err)
			frames = frames[:i]
			break
		}
	}
	if err := t.pipe.fanOut(t, frames); err != nil {
		return 0, err
	}
	return len(frames), invalid
}

// Close leaves the bus. Frames that were not received are gone.
func (t *Port) Close() error {
	t.pipe.leave(t)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.done {
		t.done = true
		t.ring = ring{limit: t.ring.limit}
		close(t.closed)
	}
	return nil
}

func (t *Port) take(frames []Frame) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return 0, ErrClosed
	}
	return t.ring.take(frames), nil
}

// put is called with the pipe locked, and so never after leave.
func (t *Port) put(frames []Frame, now int64) {
	t.mu.Lock()
	for i := range frames {
		if t.ring.put(&frames[i], now) {
			t.dropped.Add(1)
		}
	}
	t.mu.Unlock()
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

func (t *Port) isClosed() bool {
	select {
	case <-t.closed:
		return true
	default:
		return false
	}
}

func (p *Pipe) fanOut(from *Port, frames []Frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if from.isClosed() {
		return ErrClosed
	}
	if len(frames) == 0 {
		return nil
	}
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	stamp := now().UnixNano()
	for _, t := range p.ports {
		if t != from {
			t.put(frames, stamp)
		}
	}
	return nil
}

func (p *Pipe) leave(t *Port) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.ports, t); i >= 0 {
		p.ports = slices.Delete(p.ports, i, i+1)
	}
}

// ring is a queue of frames that grows to its limit and then forgets the
// oldest.
type ring struct {
	limit int
	buf   []Frame
	head  int // index of the oldest
	n     int
}

// put copies a frame in as one that came from outside, and says whether the
// oldest had to go for it.
func (r *ring) put(f *Frame, now int64) (dropped bool) {
	if r.n == len(r.buf) && len(r.buf) < r.limit {
		r.grow()
	}
	if r.n == len(r.buf) {
		r.head = r.next(r.head)
		r.n--
		dropped = true
	}
	i := r.head + r.n
	if i >= len(r.buf) {
		i -= len(r.buf)
	}
	slot := &r.buf[i]
	*slot = *f
	slot.Flags &^= Sent
	if slot.Time == 0 {
		slot.Time = now
	}
	r.n++
	return dropped
}

func (r *ring) take(frames []Frame) int {
	n := min(r.n, len(frames))
	if n == 0 {
		return 0
	}
	first := copy(frames[:n], r.buf[r.head:])
	copy(frames[first:n], r.buf)
	r.head += n
	if r.head >= len(r.buf) {
		r.head -= len(r.buf)
	}
	r.n -= n
	return n
}

func (r *ring) grow() {
	buf := make([]Frame, min(max(64, 2*len(r.buf)), r.limit))
	n := r.take(buf)
	r.buf, r.head, r.n = buf, 0, n
}

func (r *ring) next(i int) int {
	if i++; i == len(r.buf) {
		return 0
	}
	return i
}

package link

import (
	"context"
	"sync"

	"tandem/phonelink"
)

// Message is what a peer sent.
type Message struct {
	From    phonelink.Device
	Class   phonelink.Class
	Payload []byte
	// Fresh marks the first message of a link that has nothing in common with
	// the one before: the peer's process, or this one, is new. What was queued
	// for the peer before may never arrive, so both tell all they know.
	Fresh bool
}

// arrivals are the messages that nobody has received yet, by class.
type arrivals struct {
	mu     sync.Mutex
	queues [classes][]arrival
	more   chan struct{} // one slot
}

type arrival struct {
	from       *peer
	class      int
	generation uint64
	payload    []byte
}

func newArrivals() *arrivals { return &arrivals{more: make(chan struct{}, 1)} }

func (a *arrivals) put(m arrival) {
	a.mu.Lock()
	a.queues[m.class] = append(a.queues[m.class], m)
	a.mu.Unlock()
	a.signal()
}

func (a *arrivals) signal() {
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// settle puts what is still here from a peer before everything that a new link
// with it will bring, whatever its class.
func (a *arrivals) settle(p *peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := 1; c < classes; c++ {
		kept := a.queues[c][:0]
		for _, m := range a.queues[c] {
			if m.from == p {
				a.queues[0] = append(a.queues[0], m)
			} else {
				kept = append(kept, m)
			}
		}
		clear(a.queues[c][len(kept):])
		a.queues[c] = kept
	}
}

// take waits for the most urgent message.
func (a *arrivals) take(ctx context.Context, closed <-chan struct{}) (arrival, error) {
	for {
		a.mu.Lock()
		for c := range a.queues {
			if q := a.queues[c]; len(q) > 0 {
				m := q[0]
				q[0] = arrival{}
				a.queues[c] = q[1:]
				a.mu.Unlock()
				a.signal() // another reader may be waiting
				return m, nil
			}
		}
		a.mu.Unlock()
		select {
		case <-ctx.Done():
			return arrival{}, ctx.Err()
		case <-closed:
			return arrival{}, ErrClosed
		case <-a.more:
		}
	}
}

package media

import (
	"context"
	"math"
	"sync"
	"time"
)

// deck puts one voice to the Output: from a moment on, until a moment.
//
//	empty --put--> stopped --start(at)--> waiting --at--> sounding
//	                  ^                                      |
//	                  +-----------stop(at), end--------------+
type deck struct {
	out    Output
	wake   chan struct{} // one slot
	events chan deckEvent

	mu       sync.Mutex
	voice    *voice
	running  bool
	from     time.Duration // position that is to be heard at start
	start    time.Time
	stop     time.Time // from when on nothing is to be heard; zero: no end
	volume   float64
	played   int     // frames of the voice that were written or left out
	fade     float64 // of the frame before: 0 silent, 1 full
	sounding bool
}

// deckEvent tells the player that its voice began, was stopped, or ended.
type deckEvent struct {
	voice *voice
	kind  deckEventKind
	at    time.Time
}

type deckEventKind uint8

const (
	began deckEventKind = iota
	stopped
	ended
)

// fadeStep makes a start or stop of 3 ms: no click.
const fadeStep = 1.0 / (Rate * 3 / 1000)

func newDeck(out Output) *deck {
	return &deck{out: out, wake: make(chan struct{}, 1), events: make(chan deckEvent, 16), volume: 1}
}

func (d *deck) changed() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// put replaces the voice; nothing is heard until start.
func (d *deck) put(v *voice) {
	d.mu.Lock()
	d.voice, d.running, d.sounding, d.played = v, false, false, 0
	d.mu.Unlock()
	d.changed()
}

// play starts the voice so that the frame at position pos is heard at the
// moment at.
func (d *deck) play(pos time.Duration, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.voice == nil {
		return
	}
	d.from, d.start, d.stop, d.running = pos, at, time.Time{}, true
	d.skipTo(pos)
	d.changed()
}

// skipTo leaves out what lies before pos. What is not decoded yet is left out
// when it comes.
func (d *deck) skipTo(pos time.Duration) {
	want := int((pos - d.voice.from).Seconds() * Rate)
	for d.played+block <= want {
		select {
		case b, ok := <-d.voice.blocks:
			if !ok {
				return
			}
			d.voice.recycle(b)
			d.played += block
		default:
			return
		}
	}
}

// end stops the voice at a moment; it can be played on.
func (d *deck) end(at time.Time) {
	d.mu.Lock()
	if d.running {
		d.stop = at
	}
	d.mu.Unlock()
	d.changed()
}

func (d *deck) setVolume(v float64) {
	d.mu.Lock()
	d.volume = min(max(v, 0), 1)
	d.mu.Unlock()
}

// position is where the voice is, and whether it sounds.
func (d *deck) position() (pos time.Duration, sounding bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.voice == nil {
		return 0, false
	}
	pos = d.voice.from + time.Duration(d.played)*time.Second/Rate
	if d.sounding {
		pos = max(d.voice.from, pos-d.out.Delay())
	}
	return pos, d.sounding
}

// run plays until ctx ends or the Output fails.
func (d *deck) run(ctx context.Context) error {
	silence := make([]Frame, block)
	for {
		do := d.next()
		if do.wait != 0 {
			if !d.sleep(ctx, do.wait) {
				return nil
			}
			continue
		}
		if do.write {
			out := do.block
			if out == nil {
				out = silence // the decoder is behind
			}
			if err := d.out.Write(ctx, out); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			if do.block != nil {
				do.voice.recycle(do.block)
			}
		}
		if do.tell {
			select {
			case d.events <- do.event:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// sleep waits for a change or, if wait is positive, that long.
func (d *deck) sleep(ctx context.Context, wait time.Duration) bool {
	var late <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-d.wake:
	case <-late:
	case <-ctx.Done():
		return false
	}
	return true
}

// step is what the deck does next.
type step struct {
	wait  time.Duration // not 0: wait that long, below 0 for a change
	write bool
	block []Frame // what to write; nil: silence
	voice *voice  // of the block
	tell  bool
	event deckEvent
}

func (d *deck) next() step {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.running || d.voice == nil {
		return step{wait: -1}
	}
	heard := time.Now().Add(d.out.Delay())
	if !d.sounding {
		if early := d.start.Sub(heard); early > 0 {
			return step{wait: early}
		}
		d.skipTo(d.from + heard.Sub(d.start)) // a late start is not heard as a late song
	}
	if !d.stop.IsZero() && !heard.Before(d.stop) {
		return d.halt(stopped, heard)
	}
	select {
	case b, ok := <-d.voice.blocks:
		if !ok {
			return d.halt(ended, heard)
		}
		d.played += block
		d.shape(b, heard)
		s := step{write: true, block: b, voice: d.voice}
		if !d.sounding {
			d.sounding = true
			s.tell, s.event = true, deckEvent{d.voice, began, heard}
		}
		return s
	default:
		return step{write: true}
	}
}

func (d *deck) halt(k deckEventKind, at time.Time) step {
	d.running, d.sounding, d.fade = false, false, 0
	return step{tell: true, event: deckEvent{d.voice, k, at}}
}

// shape applies the volume and the short fades.
func (d *deck) shape(b []Frame, heard time.Time) {
	last := math.MaxInt32
	if !d.stop.IsZero() {
		last = int(d.stop.Sub(heard) * Rate / time.Second)
	}
	for i := range b {
		if i >= last-int(1/fadeStep) {
			d.fade = max(0, d.fade-fadeStep)
		} else {
			d.fade = min(1, d.fade+fadeStep)
		}
		if i >= last {
			d.fade = 0
		}
		b[i][0] *= d.fade * d.volume
		b[i][1] *= d.fade * d.volume
	}
}

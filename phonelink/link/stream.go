package link

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quic-go/quic-go"
)

// The readers and writers of a carrier. A reader hands frames to the session; a
// writer asks the session what is most urgent on its stream, only when the
// stream can take it, so that nothing waits behind what was decided too early.

// serve starts them. The writers wait until the carrier is taken.
func (p *peer) serve(c *carrier) {
	var ends []func() error
	ends = append(ends, func() error { return p.readControl(c) }, func() error { return p.acceptLanes(c) })
	for i := range c.lanes() {
		ends = append(ends, func() error { return p.writeLane(c, i) })
	}
	for i, f := range ends {
		p.wg.Go(func() {
			err := f()
			if err == nil {
				return
			}
			// What the peer said last is the reader's to tell: a writer only
			// finds the stream broken.
			if i > 0 {
				p.linger(c)
			}
			c.end(codeOf(err), err.Error())
			if i == 0 {
				p.post(peerEvent{kind: peerLost, c: c, err: err})
			}
		})
	}
}

// linger gives the reader of a carrier a moment to learn why it ended.
func (p *peer) linger(c *carrier) {
	t := time.NewTimer(20 * time.Millisecond)
	defer t.Stop()
	select {
	case <-c.done:
	case <-t.C:
	}
}

func codeOf(err error) byeCode {
	if errors.Is(err, errFrame) {
		return byeProtocol
	}
	return byeBroken
}

// readControl reads the control stream to its end.
func (p *peer) readControl(c *carrier) error {
	buf := make([]byte, maxBody)
	select {
	case <-c.taken:
	default: // the follower waits for go, not for ever
		c.deadline(time.Now().Add(handshakeWithin))
		t, body, err := readFrame(c.control(), buf, maxGreeting)
		if err != nil {
			return wordOf(err)
		}
		if t == frameBye {
			return byeOf(body)
		}
		if t != frameGo {
			return fmt.Errorf("%w: type %d, want go", errFrame, t)
		}
		if err := p.chosen(c, body); err != nil {
			return err
		}
		c.deadline(time.Time{})
	}
	return p.readFrames(c, c.control(), buf)
}

// acceptLanes reads the streams that the peer opens.
func (p *peer) acceptLanes(c *carrier) error {
	select {
	case <-c.taken:
	case <-c.done:
		return nil
	}
	for {
		r, err := c.accept(c.ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return wordOf(err)
		}
		p.wg.Go(func() {
			if err := p.readFrames(c, bufio.NewReaderSize(r, maxChunk), make([]byte, maxBody)); err != nil {
				p.linger(c)
				c.end(codeOf(err), err.Error())
			}
		})
	}
}

// readFrames hands the frames of one stream to the session.
func (p *peer) readFrames(c *carrier, r io.Reader, buf []byte) error {
	for {
		t, body, err := readFrame(r, buf, maxBody)
		if err != nil {
			return wordOf(err)
		}
		now := time.Now()
		p.heard.Store(int64(now.Sub(p.hub.start)))
		if p.quiet.Load() && p.quiet.CompareAndSwap(true, false) {
			p.post(peerEvent{kind: peerHeard})
		}
		if err := p.frame(c, t, body, now); err != nil {
			return err
		}
	}
}

// frame takes one frame of a carrier.
func (p *peer) frame(c *carrier, t frameType, body []byte, now time.Time) error {
	switch t {
	case frameData:
		class, offset, data, err := decodeData(body)
		if err != nil {
			return err
		}
		return p.data(c, class, offset, data)
	case frameAck:
		a, err := decodeAck(body)
		if err != nil {
			return err
		}
		return p.acked(c, a, now)
	case frameBeat:
		b, err := decodeBeat(body)
		if err != nil {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.active == c {
			c.confirmed = true
			p.clock.receive(now, b)
			p.answerLocked(c, b, now)
		}
	case frameBye:
		return byeOf(body)
	case frameHello, frameGo:
		return fmt.Errorf("%w: type %d in the middle of a link", errFrame, t)
	}
	return nil
}

// data puts a piece in its place. A carrier that is no longer in use is not
// listened to: the peer has been told a place on the next one.
func (p *peer) data(c *carrier, class int, offset uint64, data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active != c {
		return nil
	}
	c.confirmed = true
	in := &p.s.in[class]
	whole := false
	err := in.accept(offset, data, func(message []byte) {
		whole = true
		p.hub.arrivals.put(arrival{from: p, class: class, generation: p.s.generation, payload: message})
	})
	if err != nil {
		return err
	}
	p.unacked[class] += len(data)
	if whole || p.unacked[class] >= maxChunk {
		p.unacked[class] = 0
		p.ackDue[class] = true
		c.poke(-1)
	}
	return nil
}

// received gives the room of a message that was taken back to the peer.
func (p *peer) received(m arrival) (fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := &p.s.in[m.class]
	in.waiting -= len(m.payload)
	if p.active != nil && in.limit < in.received+window/2 {
		p.ackDue[m.class] = true
		p.active.poke(-1)
	}
	fresh = m.generation != p.delivered
	p.delivered = m.generation
	return fresh
}

func (p *peer) acked(c *carrier, a ack, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active != c {
		return nil
	}
	c.confirmed = true
	if err := p.s.out[a.class].ack(a.received, a.limit); err != nil {
		return err
	}
	if a.class == bulk {
		p.pace.acked(now, a.received)
	}
	c.poke(a.class)
	close(p.room)
	p.room = make(chan struct{})
	return nil
}

// bulk is the class that is paced.
const bulk = classes - 1

// writeLane writes what the session has for one stream, until the carrier ends.
func (p *peer) writeLane(c *carrier, lane int) error {
	select {
	case <-c.taken:
	case <-c.done:
		return nil
	}
	var w io.Writer
	buf := make([]byte, 0, frameHeader+maxBody)
	for {
		frame, ok := p.nextFrame(c, c.lanes()[lane], buf, time.Now())
		if !ok {
			return nil
		}
		if len(frame) == 0 {
			select {
			case <-c.wake[lane]:
			case <-c.done:
				return nil
			}
			continue
		}
		if w == nil {
			var err error
			if w, err = c.writer(c.ctx, lane); err != nil {
				return wordOf(err)
			}
		}
		if _, err := w.Write(frame); err != nil {
			return wordOf(err)
		}
	}
}

// nextFrame is the most urgent frame of a stream; ok is false once the carrier
// is not in use any more.
func (p *peer) nextFrame(c *carrier, lane []int, buf []byte, now time.Time) (frame []byte, ok bool) {
	congestion := 0
	if lane[len(lane)-1] == bulk {
		congestion = c.congestion()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active != c {
		return nil, false
	}
	for _, class := range lane {
		if class < 0 {
			frame = p.controlLocked(buf[:0], now)
		} else {
			frame = p.pieceLocked(buf[:0], class, congestion, now)
		}
		if len(frame) > 0 {
			return frame, true
		}
	}
	return nil, true
}

func (p *peer) controlLocked(b []byte, now time.Time) []byte {
	for class := range p.ackDue {
		if p.ackDue[class] {
			p.ackDue[class] = false
			in := &p.s.in[class]
			b = appendAck(b, ack{class, in.received, in.grant()})
		}
	}
	if p.beatDue {
		p.beatDue = false
		b = appendBeat(b, p.clock.send(now))
	}
	return b
}

func (p *peer) pieceLocked(b []byte, class, congestion int, now time.Time) []byte {
	n := maxChunk
	if class == bulk {
		if n = min(n, p.pace.room(congestion)); n < maxChunk && p.pace.inside > 0 {
			return nil // a whole chunk, when what is under way has arrived
		}
	}
	o := &p.s.out[class]
	piece := o.peek(n)
	if piece == nil {
		return nil
	}
	b = appendData(b, class, o.next, piece)
	o.sent(len(piece))
	if class == bulk {
		p.pace.sent(now, o.next, len(piece))
	}
	return b
}

// wordOf turns a QUIC close in words into what was said.
func wordOf(err error) error {
	var app *quic.ApplicationError
	if errors.As(err, &app) && app.Remote {
		return &byeError{code: byeCode(app.ErrorCode), text: cleanName(app.ErrorMessage)}
	}
	return err
}

func byeOf(body []byte) error {
	code, text, err := decodeBye(body)
	if err != nil {
		return err
	}
	return &byeError{code: code, text: text}
}

package web

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"tandem/hmi/display"
	"tandem/hmi/input"
)

const (
	window      = 2                // frames under way
	aliveEvery  = time.Second      // between messages
	pingEvery   = 10 * time.Second // a viewer that does not answer by the next one is dead
	writeWithin = 10 * time.Second // a message
	ackWithin   = 15 * time.Second // a frame's ack
	partWithin  = time.Second      // a close's answer
)

// viewer is one page. Its reader runs in serve, its writer and its pinger in
// goroutines that serve waits for.
type viewer struct {
	s      *Server
	ctx    context.Context
	cancel context.CancelFunc
	to     func(input.Event)
	wake   chan struct{}

	pending display.Damage // under the Server's mu

	sent, acked atomic.Uint32 // sequence numbers
	hands       hands
}

var errFull = errors.New("as many pages as there may be show this display already")

// admit makes a viewer; dismiss must follow.
func (s *Server) admit(ctx context.Context) (*viewer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to == nil || s.closed {
		return nil, errors.New("the display is starting or ending")
	}
	if len(s.viewers) >= s.cfg.Viewers {
		return nil, errFull
	}
	v := &viewer{s: s, to: s.to, wake: make(chan struct{}, 1)}
	v.ctx, v.cancel = context.WithCancel(ctx)
	context.AfterFunc(v.ctx, v.poke)
	v.hands = hands{all: &s.fingers, to: s.to}
	v.pending.Add(imageRect(s.cfg.Size))
	s.viewers[v] = true
	s.running.Add(1)
	return v, nil
}

// dismiss takes the viewer's fingers off the display, and then the viewer out:
// who has gone holds nothing.
func (s *Server) dismiss(v *viewer) {
	v.cancel()
	v.hands.release(time.Now())
	s.mu.Lock()
	delete(s.viewers, v)
	s.mu.Unlock()
	s.running.Done()
}

// poke wakes the writer; it never blocks.
func (v *viewer) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// serve talks to the page until it goes or must go, and says why.
func (v *viewer) serve(conn *websocket.Conn) error {
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	s := v.s
	stop := context.AfterFunc(v.ctx, func() { conn.CloseNow() })
	defer stop()
	ended := make(chan error, 2)
	go func() { ended <- v.write(conn) }()
	go func() { ended <- v.ping(conn) }()
	go func() { // the end of Run
		select {
		case <-s.stopped():
			v.part(conn, websocket.StatusGoingAway, "the display is ending")
		case <-v.ctx.Done():
		}
		ended <- nil
	}()
	err := v.read(conn)
	var bad malformed
	if errors.As(err, &bad) {
		v.part(conn, websocket.StatusInvalidFramePayloadData, bad.Error())
	}
	v.cancel()
	for range 3 {
		if e := <-ended; e != nil && err == nil {
			err = e
		}
	}
	return err
}

// part ends the connection with a reason, and does not wait long for a viewer
// that does not hear it.
func (v *viewer) part(conn *websocket.Conn, code websocket.StatusCode, reason string) {
	impatient := time.AfterFunc(partWithin, v.cancel)
	defer impatient.Stop()
	conn.Close(code, reason)
	v.cancel()
}

func (s *Server) stopped() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop
}

// malformed is what a viewer said wrong; its text is the close reason.
type malformed string

func (m malformed) Error() string { return string(m) }

// read takes messages as fast as the viewer may send them.
func (v *viewer) read(conn *websocket.Conn) error {
	rate := time.Second / time.Duration(v.s.cfg.MessageRate)
	free := time.Now() // when the messages so far have been paid for
	for {
		kind, b, err := conn.Read(v.ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			return malformed("text message: this protocol is binary")
		}
		now := time.Now()
		if free = free.Add(rate); free.Before(now.Add(-time.Second)) {
			free = now.Add(-time.Second) // at most a second's worth at once
		}
		if wait := free.Sub(now); wait > 0 {
			select {
			case <-time.After(wait):
			case <-v.ctx.Done():
				return v.ctx.Err()
			}
		}
		for len(b) > 0 {
			var r Record
			if r, b, err = ParseRecord(b); err != nil {
				return malformed(err.Error())
			}
			if err := v.take(r, now); err != nil {
				return err
			}
		}
	}
}

// take acts on one record.
func (v *viewer) take(r Record, now time.Time) error {
	switch r.Op {
	case OpAck:
		sent, acked := v.sent.Load(), v.acked.Load()
		if r.Seq-acked > sent-acked {
			return malformed(fmt.Sprintf("ack of frame %d, sent is %d", r.Seq, sent))
		}
		v.acked.Store(r.Seq)
		v.poke()
	default:
		v.hands.do(r, now)
	}
	return nil
}

// write sends the picture whenever there is something new and room for it.
func (v *viewer) write(conn *websocket.Conn) error {
	defer v.cancel()
	size := v.s.cfg.Size
	buf := binary.LittleEndian.AppendUint16([]byte{byte(OpHello), Version}, uint16(size.X))
	buf = binary.LittleEndian.AppendUint16(buf, uint16(size.Y))
	if err := v.send(conn, buf); err != nil {
		return err
	}
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	var quiet silence
	for v.ctx.Err() == nil {
		sent, acked := v.sent.Load(), v.acked.Load()
		since := quiet.look(time.Now(), sent, acked)
		if sent-acked < window {
			if buf = v.s.frame(v, buf[:0]); len(buf) > 0 {
				binary.LittleEndian.PutUint32(buf[1:], v.sent.Add(1))
				if err := v.send(conn, buf); err != nil {
					return err
				}
				tick.Reset(aliveEvery)
				continue
			}
		}
		select {
		case <-v.wake:
		case <-tick.C:
			if since > ackWithin {
				return errors.New("the page no longer shows what it gets")
			}
			if err := v.send(conn, []byte{byte(OpAlive)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// silence is how long a viewer has owed acks and has sent none. One that is
// always a frame behind, as a page is while the car drives, is not silent.
type silence struct {
	acked uint32
	since time.Time
}

// look notes what has been sent and acked, and tells the silence until now.
func (s *silence) look(now time.Time, sent, acked uint32) time.Duration {
	if sent == acked || acked != s.acked || s.since.IsZero() {
		s.acked, s.since = acked, now
	}
	return now.Sub(s.since)
}

func (v *viewer) send(conn *websocket.Conn, b []byte) error {
	ctx, cancel := context.WithTimeout(v.ctx, writeWithin)
	defer cancel()
	return conn.Write(ctx, websocket.MessageBinary, b)
}

// ping finds out when the viewer is dead.
func (v *viewer) ping(conn *websocket.Conn) error {
	defer v.cancel()
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return nil
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(v.ctx, pingEvery)
		err := conn.Ping(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("ping the viewer: %w", err)
		}
	}
}

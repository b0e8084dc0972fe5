package trust

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"tandem/phonelink"
)

// PairConfig is one attempt of two strangers to become peers, on a TLS
// connection (ProtocolPair) that both ends have.
type PairConfig struct {
	Conn     io.ReadWriteCloser // closed when Pair returns
	Exporter []byte             // of the connection: see Exporter
	Self     []byte             // own DER SubjectPublicKeyInfo
	Peer     []byte             // the other end's, as TLS has shown it
	Role     Role

	// Secret is of the code on the screen, 16 bytes. The phone's: nil means
	// six digits. The car's: the open Window's; nil means no code is shown.
	Secret []byte
	Name   string // own, as the other side shows it; at most MaxName bytes
	Model  string // own: "car", "phone"

	// Admit is the car's and required there: whether the pairing screen lets
	// it in. It is asked before a comparison begins (Gate.Digits) and after
	// a right proof of the secret (Gate.Claim).
	Admit func(Mode) error
	// Met is told what the other side calls itself, before anything is sure.
	Met func(name, model string) // nil: not told
	// Compare shows six digits and says whether a person found them equal on
	// both. It returns when ctx ends. nil: no.
	Compare func(ctx context.Context, code string) bool
	// Save keeps the result (Store.Complete), before the other side is told
	// that it is kept. nil: the caller does it after Pair.
	Save func(PairResult) error
}

// PairResult is what a pairing gives.
type PairResult struct {
	Peer   Peer
	Role   Role // own
	Mode   Mode
	Secret Key // the phone made it; it opens the car's vault
}

// How long a pairing may take: for a program to answer, and for people.
const (
	pairStep  = 10 * time.Second
	pairTotal = WindowOpen
	pairClose = 2 * time.Second
)

// Pair runs one pairing to its end. It returns after all that it started has
// ended, Compare too. At the car's end a nil error means that the peer is kept
// here; the phone may have lost the last message, and then pairs again.
func Pair(ctx context.Context, c PairConfig) (PairResult, error) {
	defer c.Conn.Close()
	m, err := newMachine(c)
	if err != nil {
		return PairResult{}, fmt.Errorf("pair: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, pairTotal)
	defer cancel()
	r := &pairRun{c: c, m: m, in: make(chan incoming), answer: make(chan bool, 1), done: make(chan struct{})}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer c.Conn.Close()
	defer close(r.done)
	stop := context.AfterFunc(ctx, func() { c.Conn.Close() })
	defer stop()
	wg.Go(r.read)
	asked, end := context.WithCancel(ctx)
	defer end()
	r.compare = func(code string) {
		wg.Go(func() {
			r.answer <- c.Compare != nil && c.Compare(asked, code)
		})
	}
	err = r.run(ctx)
	if err != nil {
		r.refuse(err)
		return PairResult{}, err
	}
	return r.result(), nil
}

func newMachine(c PairConfig) (*machine, error) {
	switch {
	case len(c.Exporter) != 32:
		return nil, fmt.Errorf("exporter of %d bytes, want 32", len(c.Exporter))
	case len(c.Self) == 0 || len(c.Peer) == 0:
		return nil, errors.New("a key is missing")
	case bytes.Equal(c.Self, c.Peer):
		return nil, ErrReflected
	case c.Role != RoleCar && c.Role != RolePhone:
		return nil, fmt.Errorf("no role (%d)", c.Role)
	case c.Secret != nil && len(c.Secret) != 16:
		return nil, fmt.Errorf("secret of %d bytes, want 16", len(c.Secret))
	case c.Role == RoleCar && c.Admit == nil:
		return nil, errors.New("the car has no pairing screen (Admit is nil)")
	}
	for _, s := range []string{c.Name, c.Model} {
		if err := checkName(s); err != nil {
			return nil, err
		}
	}
	m := &machine{role: c.Role, mode: ModeDigits, secret: c.Secret, name: c.Name, model: c.Model}
	m.exporter = c.Exporter
	m.car, m.phone = sha256.Sum256(c.Self), sha256.Sum256(c.Peer)
	if c.Role == RolePhone {
		m.car, m.phone = m.phone, m.car
		rand.Read(m.vault[:])
	}
	if c.Secret != nil {
		m.mode = ModeQR
	}
	rand.Read(m.nonce[:])
	return m, nil
}

// pairRun drives a machine.
type pairRun struct {
	c       PairConfig
	m       *machine
	in      chan incoming
	answer  chan bool
	done    chan struct{}
	compare func(code string)
}

type incoming struct {
	m   message
	err error
}

func (r *pairRun) read() {
	for {
		m, err := readMessage(r.c.Conn)
		select {
		case r.in <- incoming{m, err}:
		case <-r.done:
			return
		}
		if err != nil {
			return
		}
	}
}

func (r *pairRun) run(ctx context.Context) error {
	if r.c.Role == RolePhone {
		if err := r.feed(begin{}); err != nil {
			return err
		}
	}
	step := time.NewTimer(pairStep)
	defer step.Stop()
	for r.m.phase != ended {
		var late <-chan time.Time
		if r.m.phase != asking { // people take their time
			late = step.C
		}
		var event any
		select {
		case <-ctx.Done():
			return fmt.Errorf("pair: %w", context.Cause(ctx))
		case <-late:
			return fmt.Errorf("pair: the %s did not answer within %s", r.c.Role.other(), pairStep)
		case yes := <-r.answer:
			event = answered{yes}
		case in := <-r.in:
			if in.err != nil {
				return r.lost(ctx, in.err)
			}
			event = in.m
		}
		if err := r.feed(event); err != nil {
			return err
		}
		step.Reset(pairStep)
	}
	if r.c.Role == RolePhone {
		r.linger(ctx)
	}
	return nil
}

// lost says what the end of the connection means.
func (r *pairRun) lost(ctx context.Context, err error) error {
	if r.m.role == RoleCar && r.m.phase == toDone {
		return nil // the peer is kept; only the phone's last word is missing
	}
	if ctx.Err() != nil {
		return fmt.Errorf("pair: %w", context.Cause(ctx))
	}
	return fmt.Errorf("pair: the connection ended: %w", err)
}

// linger lets the car read the last message before the connection is closed.
func (r *pairRun) linger(ctx context.Context) {
	t := time.NewTimer(pairClose)
	defer t.Stop()
	select {
	case <-r.in:
	case <-t.C:
	case <-ctx.Done():
	}
}

// feed gives the machine an event, and does what it wants.
func (r *pairRun) feed(event any) error {
	out, err := r.m.next(event)
	if err != nil {
		return err
	}
	for _, o := range out {
		switch o := o.(type) {
		case message:
			err = r.send(o)
		case admit:
			if err = r.c.Admit(o.mode); err == nil {
				err = r.feed(admitted{})
			}
		case ask:
			r.compare(o.code)
		case keep:
			if r.c.Save != nil {
				err = r.c.Save(r.result())
			}
			if err == nil {
				err = r.feed(kept{})
			}
		case met:
			if r.c.Met != nil {
				r.c.Met(r.m.peerName, r.m.peerModel)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *pairRun) send(m message) error {
	b, err := encodeMessage(m)
	if err != nil {
		return err
	}
	if _, err := r.c.Conn.Write(b); err != nil {
		return fmt.Errorf("pair: write to the %s: %w", r.c.Role.other(), err)
	}
	return nil
}

// refuse tells the other side why; it may be gone, or not listen.
func (r *pairRun) refuse(err error) {
	t := time.AfterFunc(pairClose, func() { r.c.Conn.Close() })
	defer t.Stop()
	if b, err := encodeMessage(message{Kind: kindRefuse, Reason: reasonOf(err)}); err == nil {
		r.c.Conn.Write(b)
	}
}

func (r *pairRun) result() PairResult {
	now := time.Now()
	return PairResult{
		Peer: Peer{
			Device: phonelink.DeviceOf(r.c.Peer), Name: r.m.peerName, Model: r.m.peerModel, SPKI: r.c.Peer,
			Version: int(r.m.version), Paired: now, Seen: now,
		},
		Role: r.c.Role, Mode: r.m.mode, Secret: r.m.vault,
	}
}

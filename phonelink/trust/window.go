package trust

import (
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

// Limits of the pairing screen.
const (
	WindowOpen  = 120 * time.Second // how long the screen stays open
	WindowPause = 10 * time.Second  // between two comparisons of six digits
)

// Errors of a Window.
var (
	ErrClosed = errors.New("trust: the pairing screen is not open")
	ErrUsed   = errors.New("trust: the code on the screen was used: open the pairing screen again")
	ErrOften  = errors.New("trust: another phone tried just now, wait ten seconds")
)

// Window is the pairing screen, pure: who may pair when. The zero value is
// closed.
//
//	closed --Open(secret)--> open --120 s, Close, or a phone was paired--> closed
//	                          | Digits: a comparison begins, one in 10 s
//	                          | Claim:  a right proof of the secret; the first one only
//
// Only a comparison is a guess (10^-6 each, so at most 1.2*10^-5 for a window);
// a proof of the secret is 2^-128, so wrong proofs are not counted: counting
// them would let a stranger spoil the code.
type Window struct {
	Until  time.Time // zero: closed
	Secret [16]byte  // of the code on the screen
	used   bool
	digits time.Time // when the last comparison began
}

// Open opens the screen with a fresh secret. When the last comparison began
// is kept: opening again is no way around the pause.
func (w *Window) Open(now time.Time, secret [16]byte) {
	*w = Window{Until: now.Add(WindowOpen), Secret: secret, digits: w.digits}
}

// Close closes the screen: a person left it, the car moves, or a phone was
// paired.
func (w *Window) Close() { *w = Window{digits: w.digits} }

// IsOpen reports whether a phone may pair now.
func (w *Window) IsOpen(now time.Time) bool { return now.Before(w.Until) }

// Digits asks to begin a comparison of six digits: nil, ErrClosed or ErrOften.
func (w *Window) Digits(now time.Time) error {
	if !w.IsOpen(now) {
		return ErrClosed
	}
	if !w.digits.IsZero() && now.Sub(w.digits) < WindowPause {
		return ErrOften
	}
	w.digits = now
	return nil
}

// Claim uses the secret up, after a right proof of it: nil the first time,
// then ErrUsed; ErrClosed also for the secret of a screen that was open before.
func (w *Window) Claim(now time.Time, secret [16]byte) error {
	if !w.IsOpen(now) || secret != w.Secret {
		return ErrClosed
	}
	if w.used {
		return ErrUsed
	}
	w.used = true
	return nil
}

// Gate is a Window for any goroutine, on the clock.
type Gate struct {
	mu sync.Mutex
	w  Window
}

// Open opens the screen with a new random secret and returns the Window.
func (g *Gate) Open() Window {
	g.mu.Lock()
	defer g.mu.Unlock()
	var secret [16]byte
	rand.Read(secret[:])
	g.w.Open(time.Now(), secret)
	return g.w
}

// Close closes the screen.
func (g *Gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.w.Close()
}

// Window is a copy of the screen's state, and whether it is open.
func (g *Gate) Window() (Window, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.w, g.w.IsOpen(time.Now())
}

// Digits is Window.Digits now.
func (g *Gate) Digits() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.w.Digits(time.Now())
}

// Claim is Window.Claim now: of any number that ask at once one gets nil.
func (g *Gate) Claim(secret [16]byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.w.Claim(time.Now(), secret)
}

package vehicle

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// ID is a signal's index in its Store: the fast name for whoever reports often.
type ID int32

// Report is one signal's news from the car.
type Report struct {
	ID      ID
	Value   Value     // used only if Quality is Valid; otherwise the last valid value stays
	Quality Quality   // Valid, or why there is no value
	Source  time.Time // when the sender's report reached the bus; zero: now
	TTL     time.Duration
	Quiet   bool // keep it, but let watches sleep until a later report of the signal that is not Quiet, or the next Sweep
}

// Store holds the last Sample of each signal of one car. Any number of
// goroutines may read and report at once. A batch of reports becomes visible
// as one: a reader that asks for several signals through a Watch sees all of
// a frame or none of it.
//
// Time is the callers': the Store has no clock. A sample's age counts from the
// moment of the Report, not from its Source, so that a recording or a sender
// with a wrong clock is as fresh as it is new here. A sample turns Stale by
// itself: every read computes it, and Sweep only tells the watches.
//
//	Unknown --Report--> Valid --TTL--> Stale
//	                      ^ |            |
//	                      | v            v
//	      Invalid, NotAvailable, Error (as reported, until the next Report)
//
// There is one lock for all slots rather than one for each: a batch takes it
// once, holds it for some nanoseconds per signal, and a reader gets a picture
// that belongs together.
type Store struct {
	ids map[Path]ID // never written after NewStore

	mu    sync.RWMutex
	slots []slot
}

type slot struct {
	signal  Signal
	value   Value
	asked   Value
	quality Quality
	stale   bool   // the watches know that it is stale
	quiet   bool   // changed, and the watches do not know yet
	count   uint64 // reports so far
	source  time.Time
	since   time.Time
	expires time.Time // zero: never
	watches []*Watch  // wake on a change
	follow  []*Watch  // wake on every report
}

// NewStore makes a Store in which every signal is Unknown. Paths must be there
// and differ, and every signal needs a Type.
func NewStore(signals []Signal) (*Store, error) {
	s := &Store{ids: make(map[Path]ID, len(signals)), slots: make([]slot, len(signals))}
	for i, sig := range signals {
		if sig.Path == "" {
			return nil, fmt.Errorf("vehicle: signal %d has no path", i)
		}
		if sig.Type == None || sig.Type > List {
			return nil, fmt.Errorf("vehicle: signal %s has no type", sig.Path)
		}
		if _, twice := s.ids[sig.Path]; twice {
			return nil, fmt.Errorf("vehicle: signal %s is there twice", sig.Path)
		}
		s.ids[sig.Path] = ID(i)
		sig.Allowed = slices.Clone(sig.Allowed)
		s.slots[i].signal = sig
	}
	return s, nil
}

// ID is the index of a path; ok is false if this car has no such signal.
func (s *Store) ID(p Path) (id ID, ok bool) {
	id, ok = s.ids[p]
	return id, ok
}

// Signal describes a path; ok is false if this car has no such signal.
func (s *Store) Signal(p Path) (sig Signal, ok bool) {
	id, ok := s.ids[p]
	if !ok {
		return Signal{}, false
	}
	return s.slots[id].signal, true
}

// Signals describes all signals, in the order of their IDs.
func (s *Store) Signals() []Signal {
	out := make([]Signal, len(s.slots))
	for i := range s.slots {
		out[i] = s.slots[i].signal
	}
	return out
}

// Report takes a batch of news. A Valid report whose value is not of the
// signal's type, not finite, out of its range or not among its allowed texts
// is Invalid. Reports of an ID that is not of this Store are dropped. It
// allocates nothing and never waits for a reader of a Watch.
func (s *Store) Report(now time.Time, rs []Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rs {
		if id := rs[i].ID; id >= 0 && int(id) < len(s.slots) {
			s.slots[id].report(now, &rs[i])
		}
	}
}

// Sample is what is known of a path at now; of an unknown path, nothing
// (Quality Unknown).
func (s *Store) Sample(now time.Time, p Path) Sample {
	id, ok := s.ids[p]
	if !ok {
		return Sample{}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.slots[id].sample(now)
}

// Sweep tells the watches which signals went stale by now, and of changes that
// were reported quietly. It says when the next signal will go stale if nothing
// is reported; zero: none will.
func (s *Store) Sweep(now time.Time) (next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.slots {
		t := &s.slots[i]
		if t.quality == Valid && !t.expires.IsZero() && !t.stale {
			if now.Before(t.expires) {
				if next.IsZero() || t.expires.Before(next) {
					next = t.expires
				}
			} else {
				t.stale = true
				t.quiet = true
			}
		}
		if t.quiet {
			t.quiet = false
			wake(t.watches)
		}
	}
	return next
}

// Watch makes a watch on some signals. It is readable at once, so that a loop
// can begin with its first Read.
func (s *Store) Watch(paths ...Path) (*Watch, error) {
	ids := make([]ID, len(paths))
	var errs []error
	for i, p := range paths {
		id, ok := s.ids[p]
		if !ok {
			errs = append(errs, fmt.Errorf("watch %s: this car has no such signal", p))
		}
		ids[i] = id
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	w := &Watch{store: s, ids: ids, c: make(chan struct{}, 1)}
	w.c <- struct{}{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if t := &s.slots[id]; !slices.Contains(t.watches, w) {
			t.watches = append(t.watches, w)
		}
	}
	return w, nil
}

// setAsked records what is asked for; the zero Value clears it.
func (s *Store) setAsked(id ID, v Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := &s.slots[id]; t.asked != v {
		t.asked = v
		wake(t.watches)
	}
}

// followed is what a Desk needs to see whether a command took effect.
func (s *Store) followed(now time.Time, id ID) (v Sample, reports uint64, ages bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := &s.slots[id]
	return t.sample(now), t.count, !t.expires.IsZero()
}

// setFollow makes w wake on every report of id, changed or not, or no longer.
func (s *Store) setFollow(id ID, w *Watch, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.slots[id]
	t.follow = slices.DeleteFunc(t.follow, func(o *Watch) bool { return o == w })
	if on {
		t.follow = append(t.follow, w)
	}
}

func (t *slot) sample(now time.Time) Sample {
	return Sample{Value: t.value, Quality: t.qualityAt(now), Source: t.source, Since: t.since, Asked: t.asked}
}

func (t *slot) qualityAt(now time.Time) Quality {
	if t.quality == Valid && !t.expires.IsZero() && !now.Before(t.expires) {
		return Stale
	}
	return t.quality
}

func (t *slot) report(now time.Time, r *Report) {
	q := r.Quality
	if q > Error {
		q = Invalid
	}
	// What is the value already was admitted before.
	if q == Valid && (r.Value != t.value || t.value.kind == None) && !t.signal.admits(r.Value) {
		q = Invalid
	}
	changed := q != t.qualityAt(now) || t.stale
	if q == Valid {
		if r.Value != t.value {
			t.value, t.since, changed = r.Value, now, true
		}
		t.expires = time.Time{}
		if r.TTL != 0 {
			t.expires = now.Add(r.TTL)
		}
	}
	t.quality, t.stale = q, false
	t.count++
	t.source = r.Source
	if r.Source.IsZero() {
		t.source = now
	}
	t.quiet = t.quiet || changed
	if t.quiet && !r.Quiet {
		t.quiet = false
		wake(t.watches)
	}
	wake(t.follow)
}

// admits says whether v can be a value of the signal at all.
func (g *Signal) admits(v Value) bool {
	if v.kind != g.Type {
		return false
	}
	switch v.kind {
	case Number:
		return !math.IsNaN(v.num) && !math.IsInf(v.num, 0) && !(v.num < g.Min) && !(v.num > g.Max)
	case Text:
		return g.Allowed == nil || slices.Contains(g.Allowed, v.text)
	}
	return true
}

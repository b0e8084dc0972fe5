package phonelink

import (
	"hash/fnv"
	"slices"
	"time"
)

// The rules of rendering a media session, for every player: one with a
// loudspeaker (hmi/media) and one without (phonelink/player) say and ask the same
// at the same moment.
//
//	Readiness   when to say Loaded          PositionAt, Resumed  where to be, also after a restart
//	AfterTrack  what comes after a track    QueueOrder           in which order a queue is played

// playheads is how often a player that sounds says where it is.
const playheads = time.Second

// Readiness is whether Loaded has been said of a session. The zero value has not.
type Readiness struct {
	epoch         Epoch
	said          bool
	waits, silent bool // what was followed last
}

// Follow takes what a View says of the session; silent is whether the link did
// not answer (TroubleSilent). A new epoch, a wait that begins anew and
// a link that came back do not know that anything was loaded.
func (r *Readiness) Follow(s *SessionView, silent bool) {
	waits := s.Load && !s.Render
	if r.epoch != s.Rev.Epoch || !s.Load && !s.Render || waits && !r.waits || r.silent && !silent {
		r.said = false
	}
	r.epoch, r.waits, r.silent = s.Rev.Epoch, waits, silent
}

// Due reports whether Loaded is still to be said.
func (r *Readiness) Due() bool { return !r.said }

// Say notes that it was said; Again, that something else is loaded now.
func (r *Readiness) Say()   { r.said = true }
func (r *Readiness) Again() { r.said = false }

// Resumed is where a session is to be heard that may have been sounding when
// this program ended. The zero value follows the document's clock.
type Resumed struct {
	stale Stamp
	from  time.Duration
}

// ResumedFrom is for a session that is ours as this program begins.
// Playheads come each second while it sounds: if the last is older, nobody heard
// what came after it. Its document went on by the clock, the sound did not; so
// until the document has another stamp, the player's own position counts.
func ResumedFrom(doc *MediaDoc, now time.Time) Resumed {
	if at := time.UnixMilli(int64(doc.At >> 16)); doc.Playing && doc.At != 0 && now.Sub(at) > 2*playheads {
		return Resumed{doc.At, doc.Position}
	}
	return Resumed{}
}

// From is where a resumed session begins; 0 for any other.
func (p Resumed) From() time.Duration { return p.from }

// Where is where to be at a moment, for a player that is at own.
func (p Resumed) Where(doc *MediaDoc, now time.Time, own time.Duration) time.Duration {
	if p.stale != 0 && doc.At == p.stale {
		return own
	}
	return PositionAt(doc, now)
}

// PositionAt is the position of a document at a moment: its Position, and while it
// is Playing the time since its stamp. It may be beyond the track's Length, which
// is often only estimated.
func PositionAt(doc *MediaDoc, now time.Time) time.Duration {
	pos := doc.Position
	if doc.Playing && doc.At != 0 {
		if since := now.Sub(time.UnixMilli(int64(doc.At >> 16))); since > 0 {
			pos += time.Duration(float64(since) * speed(doc))
		}
	}
	return pos
}

func speed(doc *MediaDoc) float64 {
	if doc.Rate <= 0 {
		return 1
	}
	return doc.Rate
}

// AfterTrack is what to ask for when the present track has ended, or cannot be
// played: the next one, the same from its beginning, or an end. Tracks in bad
// are left out.
func AfterTrack(id SessionID, doc *MediaDoc, bad map[string]bool) Action {
	next, ok := NextTrack(id, doc, bad)
	switch {
	case !ok:
		return Play{Playing: false}
	case next == doc.Index:
		return Seek{}
	}
	return Skip{To: doc.Queue[next].ID}
}

// NextTrack is the index of the track after the present one, by the document's loop
// and shuffle; false at the end. Tracks in bad are left out. The shuffled order
// follows from the session and the tracks, so that the device that takes over
// goes on in the same order.
func NextTrack(id SessionID, doc *MediaDoc, bad map[string]bool) (int, bool) {
	n := len(doc.Queue)
	if doc.Loop == LoopTrack && !bad[doc.Queue[doc.Index].ID] {
		return doc.Index, true
	}
	order := QueueOrder(id, doc)
	at := slices.Index(order, doc.Index)
	for i := 1; i <= n; i++ {
		if at+i >= n && doc.Loop != LoopQueue {
			return 0, false
		}
		if next := order[(at+i)%n]; !bad[doc.Queue[next].ID] {
			return next, true
		}
	}
	return 0, false
}

// QueueOrder is the order in which a queue is played, as indexes of it.
func QueueOrder(id SessionID, doc *MediaDoc) []int {
	order := make([]int, len(doc.Queue))
	for i := range order {
		order[i] = i
	}
	if doc.Shuffle {
		key := func(i int) uint64 {
			h := fnv.New64a()
			_, _ = h.Write(id[:])
			_, _ = h.Write([]byte(doc.Queue[i].ID))
			return h.Sum64()
		}
		slices.SortFunc(order, func(a, b int) int {
			ka, kb := key(a), key(b)
			switch {
			case ka < kb:
				return -1
			case ka > kb:
				return 1
			}
			return a - b
		})
	}
	return order
}

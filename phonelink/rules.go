package phonelink

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// The rules of each kind. Documents are never changed in place: a rule returns
// a new one, or the one it was given if the operation has nothing to do any
// more (the track is gone, a later one won). at is when the owner applies it.

// apply is doc after the operation. spare is text that could not be merged and
// must become a draft of its own.
func (s *State) apply(doc Document, o Op, own bool) (out Document, spare *SetText) {
	switch d := doc.(type) {
	case *MediaDoc:
		c := *d
		return s.applyMedia(d, &c, o, own), nil
	case *NavigationDoc:
		c := *d
		return applyNavigation(d, &c, o, own), nil
	case *DraftDoc:
		return s.applyDraft(d, o)
	case *CallDoc:
		c := *d
		switch a := o.Act.(type) {
		case Route:
			c.Audio = a.Audio
			return &c, nil
		case Replace:
			return replaced(d, a, own), nil
		}
	case *PageDoc:
		c := *d
		switch a := o.Act.(type) {
		case Scroll:
			c.Scroll = a.Percent
			return &c, nil
		case Replace:
			return replaced(d, a, true), nil
		}
	case *ClipboardDoc:
		if a, ok := o.Act.(Replace); ok {
			return replaced(d, a, true), nil
		}
	case *FileDoc:
		if a, ok := o.Act.(Replace); ok {
			return replaced(d, a, own), nil
		}
	case *SceneDoc:
		if a, ok := o.Act.(Replace); ok {
			return replaced(d, a, own), nil
		}
	}
	return doc, nil
}

// replaced is the new document if it may replace the old one.
func replaced(old Document, a Replace, may bool) Document {
	if !may || a.Doc == nil || a.Doc.Kind() != old.Kind() {
		return old
	}
	return a.Doc
}

// latest reports whether the kind's conflicts are won by the later stamp.
func latest(k Kind) bool { return k == Page || k == Clipboard }

// positionAt is where a media session is at a time of the clock that made At.
func positionAt(d *MediaDoc, now time.Time) time.Duration {
	if !d.Playing || d.At == 0 {
		return d.Position
	}
	elapsed := max(0, now.Sub(d.At.Time()))
	return d.Position + time.Duration(float64(elapsed)*d.Rate)
}

// PositionAt is where the session is at a time on the clock of the device that
// made At: the owner's.
func (d *MediaDoc) PositionAt(now time.Time) time.Duration { return positionAt(d, now) }

func (s *State) applyMedia(old, d *MediaDoc, o Op, own bool) Document {
	track := func(id string) int {
		return slices.IndexFunc(d.Queue, func(t Track) bool { return t.ID == id })
	}
	playing := ""
	if d.Index >= 0 && d.Index < len(d.Queue) {
		playing = d.Queue[d.Index].ID
	}
	begin := func(i int) { d.Index, d.Position, d.At = i, 0, s.stamp() }
	switch a := o.Act.(type) {
	case Play:
		if a.Playing == d.Playing {
			return old
		}
		d.Position = positionAt(d, s.now.Wall)
		d.At, d.Playing = s.stamp(), a.Playing
	case Seek:
		d.Position, d.At = max(0, a.To), s.stamp()
	case Skip:
		i := track(a.To)
		if i < 0 {
			return old
		}
		begin(i)
	case Enqueue:
		if track(a.Track.ID) >= 0 || a.Track.ID == "" {
			return old
		}
		if i := slices.IndexFunc(d.Gone, func(g GoneTrack) bool { return g.ID == a.Track.ID }); i >= 0 {
			late := o.At < d.Gone[i].At
			if d.Gone = without(d.Gone, i); late {
				return d
			}
		}
		d.Queue = slices.Insert(slices.Clone(d.Queue), after(track, a.After, len(d.Queue)), a.Track)
		d.Index = max(0, track(playing))
	case Dequeue:
		i := track(a.Track)
		if i < 0 {
			d.Gone = append(slices.Clone(d.Gone), GoneTrack{a.Track, s.sane(o.At)})
			d.Gone = d.Gone[max(0, len(d.Gone)-maxGone):]
			return d
		}
		d.Queue = without(d.Queue, i)
		switch {
		case a.Track != playing:
			d.Index = max(0, track(playing))
		case i < len(d.Queue):
			begin(i)
		default:
			begin(0)
			d.Playing = false
		}
	case Move:
		i := track(a.Track)
		if i < 0 || a.Track == a.After {
			return old
		}
		t := d.Queue[i]
		d.Queue = slices.Delete(slices.Clone(d.Queue), i, i+1)
		d.Queue = slices.Insert(d.Queue, after(track, a.After, len(d.Queue)), t)
		d.Index = max(0, track(playing))
	case SetLevel:
		d.Volume = min(1, max(0, a.Volume))
	case SetMode:
		d.Shuffle, d.Loop = a.Shuffle, a.Loop
	case Replace:
		return replaced(old, a, own)
	default:
		return old
	}
	return d
}

// maxGone is how many tracks a queue remembers that it never had.
const maxGone = 16

// without is list without its element i; nil for an empty one, as a decoder
// makes it.
func without[T any](list []T, i int) []T {
	if len(list) == 1 {
		return nil
	}
	return slices.Delete(slices.Clone(list), i, i+1)
}

// after is where what follows id stands: first for "", last if id is gone.
func after(index func(string) int, id string, n int) int {
	if id == "" {
		return 0
	}
	if i := index(id); i >= 0 {
		return i + 1
	}
	return n
}

func applyNavigation(old, d *NavigationDoc, o Op, own bool) Document {
	stop := func(id string) int {
		return slices.IndexFunc(d.Via, func(p Place) bool { return p.ID == id })
	}
	next := d.Destination.ID
	if d.Leg >= 0 && d.Leg < len(d.Via) {
		next = d.Via[d.Leg].ID
	}
	keepLeg := func() { // the next stop stays the next one, if it is still there
		if i := stop(next); i >= 0 {
			d.Leg = i
		} else {
			d.Leg = min(d.Leg, len(d.Via))
		}
		if next == d.Destination.ID {
			d.Leg = len(d.Via)
		}
	}
	switch a := o.Act.(type) {
	case SetGoal:
		d.Destination = a.Destination
		d.Arrival = time.Time{}
	case AddStop:
		if a.Stop.ID == "" || stop(a.Stop.ID) >= 0 {
			return old
		}
		i := after(stop, a.After, len(d.Via))
		past := i >= d.Leg // a stop that lies ahead is driven to first
		d.Via = slices.Insert(slices.Clone(d.Via), i, a.Stop)
		if past && i == d.Leg {
			return d
		}
		keepLeg()
	case DropStop:
		i := stop(a.Stop)
		if i < 0 {
			return old
		}
		d.Via = without(d.Via, i)
		if i < d.Leg {
			d.Leg--
		}
	case Arrive:
		if a.Leg != d.Leg { // reported before, or of another route
			return old
		}
		if d.Leg < len(d.Via) {
			d.Leg++
		} else {
			d.Active = false
		}
	case Replace:
		return replaced(old, a, own)
	default:
		return old
	}
	return d
}

func (s *State) applyDraft(d *DraftDoc, o Op) (Document, *SetText) {
	c := *d
	switch a := o.Act.(type) {
	case SetText:
		if d.Sent { // too late: the text stays, as a draft of its own
			if a.Text == d.Text || a.Text == "" {
				return d, nil
			}
			return d, &a
		}
		text, cursor, ok := merge(a.Base, d.Text, a.Text, a.Cursor)
		if s.cfg.Faults.Has(DraftLastWins) {
			text, cursor, ok = a.Text, a.Cursor, true
		}
		if !ok || len(text) > MaxDocument/2 {
			return d, &a
		}
		c.Text, c.Cursor, c.Base = text, cursor, text
		return &c, nil
	case Dispatch:
		if d.Sent {
			return d, nil
		}
		c.Sent, c.SentBy = true, o.ID
		c.Via = cmp.Or(c.Via, o.ID.Origin) // the same device, whoever applies it
		return &c, nil
	}
	return d, nil
}

// finite reports whether f is a number in [lo, hi].
func finite(f, lo, hi float64) bool { return !math.IsNaN(f) && f >= lo && f <= hi }

// suits reports whether the operation is one of the kind's, and of sane size.
func suits(k Kind, a Action, own bool) bool {
	switch a := a.(type) {
	case Play, Skip, Dequeue, Move, SetMode:
		return k == Media
	case Seek:
		return k == Media && a.To >= 0
	case Enqueue:
		return k == Media && a.Track.ID != ""
	case SetLevel:
		return k == Media && finite(a.Volume, 0, 1)
	case SetGoal:
		return k == Navigation && a.Destination.sane()
	case AddStop:
		return k == Navigation && a.Stop.ID != "" && a.Stop.sane()
	case DropStop, Arrive:
		return k == Navigation
	case SetText, Dispatch:
		return k == Draft
	case Scroll:
		return k == Page && finite(a.Percent, 0, 100)
	case Route:
		return k == Call
	case Replace:
		return a.Doc != nil && a.Doc.Kind() == k && (own || latest(k)) && checkDoc(a.Doc) == nil
	case Finish:
		return true
	}
	return false
}

func (p Place) sane() bool {
	return finite(p.Latitude, -90, 90) && finite(p.Longitude, -180, 180)
}

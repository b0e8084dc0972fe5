package widget

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi/theme"
)

// Measures of a Seek in dp: all of its height is the target, because a finger
// in a car does not hit a line.
const (
	seekHeight = 80
	seekTrack  = 12
	seekThumb  = 28
	seekHeld   = 40 // the thumb under a finger
)

// Whoever was asked to be elsewhere is shown there until it says where it is:
// near enough, or after a while in any case.
const (
	seekNear = 3 * time.Second
	seekHope = 4 * time.Second
)

// Seek is how far something is that plays, with both times beneath. While it is
// usable a tap or the end of a drag asks to be elsewhere; while not, and it has
// a length, it is a line without a thumb; without a length only the time.
//
//	====================(O)------------------------
//	3:12                                      8:40
type Seek struct {
	Control
	words   func(time.Duration) string
	ask     func(to time.Duration)
	track   *canvas.Rectangle
	bar     *canvas.Rectangle
	thumb   *canvas.Circle
	times   *ends
	at, end *canvas.Text // of times

	length, position time.Duration // as reported
	held             bool          // a finger has it
	under            time.Duration // the finger
	asked            time.Duration // for
	until            time.Time     // asked is shown; zero: not
	now              time.Time     // of the last Set
	drawn            time.Duration // in the time's words; -1: nothing yet
	share            float32
}

// NewSeek is a Seek of nothing. words says a time; ask is told where to go.
func NewSeek(th *theme.Theme, name string, words func(time.Duration) string, ask func(to time.Duration)) *Seek {
	second := th.Panel.Type.Second
	s := &Seek{words: words, ask: ask, drawn: -1,
		track: Plate(th.Surface3, seekTrack/2), bar: Plate(th.Accent, seekTrack/2), thumb: canvas.NewCircle(th.Accent),
		at: Text(second, th.TextSecond, ""), end: Text(second, th.TextSecond, ""),
	}
	s.end.Alignment = fyne.TextAlignTrailing
	s.times = newEnds(th, s.at, s.end)
	s.init(s, th, name, nil)
	s.ground = bare
	s.rend.min = fyne.NewSize(3*seekHeight, seekHeight)
	s.draws(s.place, s.paint, s.track, s.bar, s.thumb, s.times)
	return s
}

func (s *Seek) place(b Box) {
	line, below := b.Top(b.H-Line(s.th.Panel.Type.Second), 0)
	below.Place(s.times)
	line = line.Centre(line.W, seekTrack)
	line.Place(s.track)
	done := line
	done.W = max(0, line.W*s.share)
	done.Place(s.bar)
	size := float32(seekThumb)
	if s.held {
		size = seekHeld
	}
	x := min(max(line.X+done.W-size/2, line.X), line.X+line.W-size) // within the target
	Box{x, line.Y + line.H/2 - size/2, size, size}.Place(s.thumb)
	setVisible(s.track, s.length > 0)
	setVisible(s.bar, s.length > 0 && done.W >= 1)
	setVisible(s.thumb, s.length > 0 && !s.disabled)
}

func (s *Seek) paint() {
	if size := s.Size(); size.Width > 0 {
		s.place(BoxOf(size))
	}
}

// ends is two texts at the ends of a line. They are a widget of their own, because
// they are no label of the control: its target has no border to keep from.
type ends struct{ compound }

func newEnds(th *theme.Theme, a, b *canvas.Text) *ends {
	e := &ends{}
	e.init(e, th, fyne.NewSize(0, Line(th.Panel.Type.Second)), func(box Box) { box.Place(a, b) }, a, b)
	return e
}

// Set shows where it is at a moment. A length of 0 is one that is not known.
func (s *Seek) Set(position, length time.Duration, now time.Time) {
	if length != s.length {
		s.length, s.held, s.until = length, false, time.Time{}
		end := ""
		if length > 0 {
			end = s.words(length)
		}
		SetText(s.end, end, s.th.TextSecond)
		s.drawn = -1
		s.paint()
	}
	s.position, s.now = position, now
	if !s.until.IsZero() && ((position-s.asked).Abs() <= seekNear || now.After(s.until)) {
		s.until, s.drawn = time.Time{}, -1
	}
	s.draw()
}

// Other forgets what was asked: something else plays.
func (s *Seek) Other() { s.held, s.until = false, time.Time{} }

// Shown is the position that is shown: the finger's, what was asked for, or
// what is reported.
func (s *Seek) Shown() time.Duration {
	switch {
	case s.held:
		return s.under
	case !s.until.IsZero():
		return s.asked
	}
	return s.position
}

// draw shows the position, if it is another: the words in whole seconds, the
// line in whole dp.
func (s *Seek) draw() {
	pos := s.Shown()
	if t := pos.Truncate(time.Second); t != s.drawn {
		s.drawn = t
		c := s.th.TextSecond
		if s.held || !s.until.IsZero() {
			c = s.th.Accent
		}
		SetText(s.at, s.words(t), c)
	}
	share := float32(0)
	if s.length > 0 {
		share = min(1, max(0, float32(float64(pos)/float64(s.length))))
	}
	w := s.Size().Width
	if w > 0 {
		share = float32(int(share*w)) / w
	}
	if share != s.share {
		s.share = share
		s.paint()
	}
}

// Step asks to be elsewhere by so much from what is shown, so that several
// steps add up.
func (s *Seek) Step(by time.Duration) { s.goTo(s.Shown() + by) }

func (s *Seek) goTo(to time.Duration) {
	to = max(0, to)
	if s.length > 0 {
		to = min(to, s.length)
	}
	s.asked, s.until, s.held = to, s.now.Add(seekHope), false
	s.drawn = -1
	s.draw()
	s.paint()
	s.ask(to)
}

// timeAt is the position under a finger.
func (s *Seek) timeAt(x float32) time.Duration {
	w := s.Size().Width
	if w <= 0 {
		return 0
	}
	return time.Duration(float64(min(1, max(0, x/w))) * float64(s.length))
}

func (s *Seek) usable() bool { return !s.disabled && s.length > 0 }

// Tapped is part of fyne.Tappable.
func (s *Seek) Tapped(e *fyne.PointEvent) {
	if s.usable() {
		s.goTo(s.timeAt(e.Position.X))
		return
	}
	s.activate()
}

// Dragged is part of fyne.Draggable: the thumb follows the finger, and nothing
// is asked yet.
func (s *Seek) Dragged(e *fyne.DragEvent) {
	if !s.usable() {
		s.held = false
		return
	}
	if !s.held {
		s.held, s.drawn = true, -1
	}
	s.under = s.timeAt(e.Position.X)
	s.draw()
	s.paint()
}

// DragEnd is part of fyne.Draggable.
func (s *Seek) DragEnd() {
	if s.held && s.usable() {
		s.goTo(s.under)
	}
	s.held = false
}

// TypedKey is part of fyne.Focusable: the press of a rotary controller goes a
// step on, as there is no finger to say where to.
func (s *Seek) TypedKey(e *fyne.KeyEvent) {
	if s.usable() && (e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter) {
		s.Step(SeekStep)
	}
}

// SeekStep is how far one press goes.
const SeekStep = 15 * time.Second

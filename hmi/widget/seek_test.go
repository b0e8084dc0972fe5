package widget_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi/widget"
)

// seek is a Seek of 200 s on 400 dp, at a minute, with what it was asked for.
func seek(t *testing.T) (*widget.Seek, *[]string) {
	t.Helper()
	test.NewTempApp(t)
	var asked []string
	s := widget.NewSeek(look(true), "Position", func(d time.Duration) string { return fmt.Sprint(d.Seconds()) },
		func(to time.Duration) { asked = append(asked, fmt.Sprintf("%.0f", to.Seconds())) })
	s.Resize(fyne.NewSize(400, 80))
	s.Set(time.Minute, 200*time.Second, noon)
	return s, &asked
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func tap(x float32) *fyne.PointEvent   { return &fyne.PointEvent{Position: fyne.NewPos(x, 40)} }
func dragTo(x float32) *fyne.DragEvent { return &fyne.DragEvent{PointEvent: *tap(x)} }

// A tap asks to be where the finger is; a drag only at its end, and within the
// length whatever the finger does.
func TestSeekByFinger(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(s *widget.Seek)
		want string
	}{
		{"tap", func(s *widget.Seek) { s.Tapped(tap(100)) }, "50"},
		{"drag", func(s *widget.Seek) { s.Dragged(dragTo(150)); s.Dragged(dragTo(300)); s.DragEnd() }, "150"},
		{"still dragging", func(s *widget.Seek) { s.Dragged(dragTo(150)) }, ""},
		{"beyond the end", func(s *widget.Seek) { s.Dragged(dragTo(9000)); s.DragEnd() }, "200"},
		{"before the beginning", func(s *widget.Seek) { s.Dragged(dragTo(-50)); s.DragEnd() }, "0"},
		{"three steps add up", func(s *widget.Seek) { s.Step(widget.SeekStep); s.Step(widget.SeekStep); s.Step(widget.SeekStep) }, "75 90 105"},
		{"a step before the beginning", func(s *widget.Seek) { s.Step(-2 * time.Minute) }, "0"},
		{"Return", func(s *widget.Seek) { s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) }, "75"},
		{"forbidden", func(s *widget.Seek) {
			s.Forbid("Park first")
			s.Tapped(tap(100))
			s.Dragged(dragTo(150))
			s.DragEnd()
			s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		}, ""},
		{"forbidden under the finger", func(s *widget.Seek) { s.Dragged(dragTo(150)); s.Forbid("Park first"); s.DragEnd() }, ""},
		{"unknown length", func(s *widget.Seek) {
			s.Set(time.Minute, 0, noon)
			s.Tapped(tap(100))
			s.Dragged(dragTo(150))
			s.DragEnd()
		}, ""},
		{"another track under the finger", func(s *widget.Seek) { s.Dragged(dragTo(150)); s.Set(0, time.Minute, noon); s.DragEnd() }, ""},
	} {
		s, asked := seek(t)
		tc.do(s)
		if got := strings.Join(*asked, " "); got != tc.want {
			t.Errorf("%s: asked for %q, want %q", tc.name, got, tc.want)
		}
	}
}

// What was asked for is shown until whoever plays is there, or does not come.
func TestSeekShowsWhatWasAsked(t *testing.T) {
	s, _ := seek(t)
	s.Tapped(tap(300))
	for _, x := range []struct {
		after, reported, want time.Duration
	}{
		{time.Second, 61 * time.Second, 150 * time.Second},       // not there yet
		{2 * time.Second, 152 * time.Second, 152 * time.Second},  // there
		{3 * time.Second, 153 * time.Second, 153 * time.Second},  // and goes on
		{20 * time.Second, 10 * time.Second, 10 * time.Second},   // somebody else went elsewhere
		{21 * time.Second, 300 * time.Second, 300 * time.Second}, // longer than it said: the words are honest, the line is full
	} {
		s.Set(x.reported, 200*time.Second, noon.Add(x.after))
		if got := s.Shown(); got != x.want {
			t.Errorf("after %v: shows %v, want %v", x.after, got, x.want)
		}
	}
	s, _ = seek(t)
	s.Tapped(tap(300))
	s.Set(65*time.Second, 200*time.Second, noon.Add(5*time.Second))
	if got := s.Shown(); got != 65*time.Second {
		t.Errorf("nobody went there: shows %v, want where it is, 65s", got)
	}
}

// Only one that can be moved has a thumb; without a length there is no line.
func TestSeekLooks(t *testing.T) {
	s, _ := seek(t)
	objects := test.WidgetRenderer(s).Objects()
	line, thumb := objects[1], objects[3]
	for _, tc := range []struct {
		length      time.Duration
		reason      string
		line, thumb bool
		words       string
	}{
		{200 * time.Second, "", true, true, "60 200"},
		{200 * time.Second, "Park first", true, false, "60 200"},
		{0, "", false, false, "60 "},
	} {
		s.Forbid(tc.reason)
		s.Set(time.Minute, tc.length, noon)
		times := test.WidgetRenderer(objects[4].(fyne.Widget)).Objects()
		words := widget.TextOf(times[0]).Text + " " + widget.TextOf(times[1]).Text
		if line.Visible() != tc.line || thumb.Visible() != tc.thumb || words != tc.words {
			t.Errorf("%v %q: line %v, thumb %v, %q; want %v, %v, %q", tc.length, tc.reason, line.Visible(), thumb.Visible(), words, tc.line, tc.thumb, tc.words)
		}
	}
}

// A frame in which nothing changed allocates nothing.
func TestSeekAllocations(t *testing.T) {
	s, _ := seek(t)
	if n := testing.AllocsPerRun(100, func() { s.Set(time.Minute, 200*time.Second, noon) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

package screen_test

import (
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tandem/hmi"
	"tandem/hmi/lint"
	"tandem/hmi/restrict"
	"tandem/hmi/screen"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// playing is a car that plays a track of so many seconds, at ten.
func playing(length time.Duration) *hmi.Phones {
	doc := &phonelink.MediaDoc{Queue: []phonelink.Track{{ID: "a", Title: "One", Length: length, URL: "file:///music/1.mp3"}}, Position: 10 * time.Second, At: phonelink.Stamp(now.UnixMilli()) << 16, Rate: 1, Playing: true}
	s := phonelink.SessionView{Session: phonelink.Session{ID: phonelink.SessionID{1}, Kind: phonelink.Media, Doc: doc}, Local: true}
	return hmi.PhonesOf(&phonelink.View{Sessions: []phonelink.SessionView{s}}, hmi.Limits{Setup: true, Texts: true}, now)
}

// found is what of a screen is called so and can be seen.
func found[T any](root fyne.CanvasObject, name string) (out T, ok bool) {
	lint.Walk(root, func(o fyne.CanvasObject, _ fyne.Position) {
		if x, is := o.(T); is && any(o).(interface{ Called() string }).Called() == name {
			out, ok = x, true
		}
	})
	return out, ok
}

// Parked the line is dragged; driving there are steps, each one tap, which add
// up; without a length there are steps in any case.
func TestMediaSeek(t *testing.T) {
	test.NewTempApp(t)
	for _, tc := range []struct {
		name   string
		length time.Duration
		allow  restrict.Restrictions
		line   bool // it can be dragged
		want   string
	}{
		{"parked", time.Minute, parked(), true, "30"},
		{"driving", time.Minute, moving(), false, "25 40 25"},
		{"parked, of unknown length", 0, parked(), false, "25 40 25"},
	} {
		k, log := kit(1280, 720)
		s := screen.NewMedia(k)
		s.Object().Resize(k.Theme.Panel.Content())
		k.Model.Phones, k.Model.Now = playing(tc.length), now
		s.Update(&screen.View{Model: k.Model, State: hmi.State{Screen: hmi.MediaScreen}, Allow: tc.allow})
		line, ok := found[*widget.Seek](s.Object(), "Place in the track")
		if !ok || line.Disabled() == tc.line {
			t.Errorf("%s: shown %v, disabled %v", tc.name, ok, line.Disabled())
		}
		line.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(line.Size().Width/2, 40)}})
		line.DragEnd()
		back, steps := found[*widget.Button](s.Object(), "15 seconds back")
		on, _ := found[*widget.Button](s.Object(), "15 seconds on")
		if steps == tc.line {
			t.Fatalf("%s: steps shown %v, want %v", tc.name, steps, !tc.line)
		}
		if steps {
			for _, b := range []*widget.Button{on, on, back} {
				b.Tapped(&fyne.PointEvent{})
			}
		}
		var got []string
		for _, l := range *log {
			var to time.Duration
			if i := strings.LastIndex(l, "{"); i >= 0 {
				to, _ = time.ParseDuration(strings.Trim(l[i:], "{}"))
			}
			got = append(got, fmt.Sprint(to.Seconds()))
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: asked %v, want %s", tc.name, *log, tc.want)
		}
	}
}

// The cover is asked for in its size in pixels, shown when it has come, and
// costs a frame nothing.
func TestMediaCover(t *testing.T) {
	test.NewTempApp(t)
	for _, size := range []image.Point{{X: 1280, Y: 720}, {X: 1920, Y: 720}, {X: 800, Y: 480}} {
		k, _ := kit(size.X, size.Y)
		var have image.Image
		var asked hmi.Cover
		var px int
		k.Cover = func(c hmi.Cover, n int) image.Image { asked, px = c, n; return have }
		s := screen.NewMedia(k)
		s.Object().Resize(k.Theme.Panel.Content())
		k.Model.Phones, k.Model.Now = playing(time.Minute), now
		v := &screen.View{Model: k.Model, State: hmi.State{Screen: hmi.MediaScreen}, Allow: parked()}
		s.Update(v)
		var cover *widget.Cover
		lint.Walk(s.Object(), func(o fyne.CanvasObject, _ fyne.Position) {
			if c, ok := o.(*widget.Cover); ok {
				cover = c
			}
		})
		if cover == nil || cover.Picture() != nil || asked.URL != "file:///music/1.mp3" || float32(px) < 100 || float32(px) > 300 {
			t.Fatalf("%v: cover %v, asked for %+v of %d pixels", size, cover, asked, px)
		}
		have = image.NewNRGBA(image.Rect(0, 0, px, px))
		s.Update(v)
		if cover.Picture() != have {
			t.Errorf("%v: it has come and is not shown", size)
		}
		if n := testing.AllocsPerRun(50, func() { s.Update(v) }); n != 0 {
			t.Errorf("%v: %v allocations in a frame, want 0", size, n)
		}
		have = nil
		s.Update(v)
		if cover.Picture() != nil {
			t.Errorf("%v: it is gone and still shown", size)
		}
	}
}

package cmd_test

import (
	"fmt"
	"strings"
	"testing"

	"tandem/hmi"
	"tandem/hmi/cmd"
	"tandem/hmi/media"
	"tandem/phonelink"
)

// A library becomes albums, each of which plays its own tracks; while driving
// the list is as long as the rules allow.
func TestMusicOf(t *testing.T) {
	l := &media.Library{Tracks: []media.Track{
		{ID: "1", Path: "/m/1", Title: "One", Artist: "Ada", Album: "First"}, {ID: "2", Path: "/m/2", Title: "Two", Artist: "Ada", Album: "First"},
		{ID: "3", Path: "/m/3", Title: "Three", Artist: "Ada", Album: "Second"},
		{ID: "4", Path: "/m/4", Title: "Four", Artist: "Ben"}, {ID: "5", Path: "/m/5", Title: "Five", Artist: "Ben"},
		{ID: "6", Path: "/m/6", Title: "Six"},
	}}
	var got []string
	for _, a := range cmd.MusicOf(l).List(hmi.Limits{}) {
		doc := a.Play.(phonelink.Open).Session.Doc.(*phonelink.MediaDoc)
		got = append(got, fmt.Sprintf("%s/%s/%d/%s", a.Title, a.Artist, len(doc.Queue), doc.Queue[0].URL))
	}
	want := "First/Ada/2/file:///m/1 Second/Ada/1/file:///m/3 Ben//2/file:///m/4 Six//1/file:///m/6"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range 100 {
		l.Tracks = append(l.Tracks, media.Track{ID: fmt.Sprint(i), Title: "x", Album: fmt.Sprint(i)})
	}
	if n := len(cmd.MusicOf(l).List(hmi.Limits{Items: 21})); n != 21 {
		t.Errorf("driving: %d albums, want 21", n)
	}
	if (*hmi.Music)(nil).List(hmi.Limits{}) != nil {
		t.Error("no music has albums")
	}
}

package cmd

import (
	"testing"

	"tandem/phonelink"
)

func TestPlaying(t *testing.T) {
	music := func(id byte, app string, local, render bool) phonelink.SessionView {
		return phonelink.SessionView{
			Session: phonelink.Session{ID: phonelink.SessionID{15: id}, App: app, Doc: &phonelink.MediaDoc{Playing: true}},
			Local:   local, Render: render,
		}
	}
	got := playing(&phonelink.View{Sessions: []phonelink.SessionView{
		music(1, "Tandem", true, true), music(2, "Tandem", true, true), music(3, "Phone", false, false), music(4, "Waiting", true, false),
		{Session: phonelink.Session{Doc: &phonelink.NavigationDoc{}}, Local: true, Render: true},
	}})
	if len(got) != 2 || got[0].Name != "Tandem" || got[1].Name == "Tandem" || got[1].Session != (phonelink.SessionID{15: 2}) {
		t.Errorf("got %+v, want the two that sound here, with names of their own", got)
	}
}

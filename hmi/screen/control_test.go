package screen_test

import (
	"fmt"
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

// desk is a phone that lets itself be commanded, as far as can says.
func desk(can phonelink.Ability, p phonelink.Presence) *hmi.Phones {
	x := phonelink.Phone{Device: "kde:d", Name: "Desk", Adapter: "kdeconnect", Presence: p, Can: can, Battery: 64, Signal: -1,
		Commands: []phonelink.PhoneCommand{{Key: "k1", Name: "Screen off"}, {Key: "k2", Name: "Shut down"}},
		Outputs:  []phonelink.Output{{Name: "jack", Title: "Speakers", Volume: 45}, {Name: "hdmi", Volume: 20, Muted: true}}}
	return hmi.PhonesOf(&phonelink.View{Phones: []phonelink.Phone{x}}, hmi.Limits{Setup: true, Texts: true}, now)
}

// controlling is the phone screen's part that commands a phone.
func controlling(t *testing.T, m *hmi.Phones, pick hmi.Pick, allow restrict.Restrictions) (screen.Screen, *screen.View, *[]string) {
	t.Helper()
	k, log := kit(1280, 720)
	k.Send = func(in hmi.Intent) { *log = append(*log, fmt.Sprintf("%#v", in)) }
	s := screen.NewPhone(k)
	s.Object().Resize(k.Theme.Panel.Content())
	k.Model.Phones, k.Model.Now = m, now
	v := &screen.View{Model: k.Model, State: hmi.State{Screen: hmi.PhoneScreen, Part: hmi.PartControl, Pick: pick}, Allow: allow}
	s.Update(v)
	return s, v, log
}

const everyControl = phonelink.CanCommands | phonelink.CanVolume | phonelink.CanLock | phonelink.CanRing

// What the phone's software cannot do is not there; of one out of reach nothing
// is.
func TestControlsOfAPhone(t *testing.T) {
	test.NewTempApp(t)
	names := []string{"Make it ring", "Ping", "Lock", "Screen off", "Softer", "Mute", "Other output"}
	for _, tc := range []struct {
		name string
		m    *hmi.Phones
		want string
	}{
		{"everything", desk(everyControl, phonelink.Linked), "Make it ring, Ping, Lock, Screen off, Softer, Mute, Other output"},
		{"nothing but a ping", desk(0, phonelink.Quiet), "Ping"},
		{"a stock phone", desk(phonelink.CanRing, phonelink.Linked), "Make it ring, Ping"},
		{"no commands", desk(everyControl&^phonelink.CanCommands, phonelink.Linked), "Make it ring, Ping, Lock, Softer, Mute, Other output"},
		{"no volume", desk(everyControl&^phonelink.CanVolume, phonelink.Linked), "Make it ring, Ping, Lock, Screen off"},
		{"out of reach", desk(everyControl, phonelink.Absent), ""},
	} {
		s, _, _ := controlling(t, tc.m, hmi.Pick{Phone: "kde:d"}, parked())
		var got []string
		for _, n := range names {
			if _, ok := found[fyne.Tappable](s.Object(), n); ok {
				got = append(got, n)
			}
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, strings.Join(got, ", "), tc.want)
		}
	}
}

// A command is asked about before it is run, and neither is possible unless the
// car is parked; ring, ping and the volume are one tap at any time.
func TestCommandsAreAskedAbout(t *testing.T) {
	test.NewTempApp(t)
	tap := func(s screen.Screen, name string) {
		if x, ok := found[fyne.Tappable](s.Object(), name); ok {
			x.Tapped(&fyne.PointEvent{})
		} else {
			t.Errorf("nothing is called %s", name)
		}
	}
	m := desk(everyControl, phonelink.Linked)
	s, _, log := controlling(t, m, hmi.Pick{Phone: "kde:d"}, parked())
	for _, n := range []string{"Shut down", "Ping", "Make it ring", "Lock", "Mute"} {
		tap(s, n)
	}
	want := fmt.Sprintf("%#v", []hmi.Intent{hmi.Select{Key: "k2"}, hmi.Doubt{On: true}, hmi.Tell{Request: phonelink.Ping{Device: "kde:d"}}, hmi.Tell{Request: phonelink.Ring{Device: "kde:d"}},
		hmi.Tell{Request: phonelink.Lock{Device: "kde:d"}}, hmi.Tell{Request: phonelink.SetMuted{Device: "kde:d", Output: "jack", Muted: true}}})
	if got := "[]hmi.Intent{" + strings.Join(*log, ", ") + "}"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if _, ok := found[fyne.Tappable](s.Object(), "Run"); ok {
		t.Error("it can be run before it was asked about")
	}
	s, _, log = controlling(t, m, hmi.Pick{Phone: "kde:d", Key: "k2", Doubt: true}, parked())
	tap(s, "Run")
	tap(s, "Leave it")
	if got, want := strings.Join(*log, " "), fmt.Sprintf("%#v %#v", hmi.Tell{Request: phonelink.Run{Device: "kde:d", Key: "k2"}}, hmi.Doubt{}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s, _, log = controlling(t, m, hmi.Pick{Phone: "kde:d", Key: "k2", Doubt: true}, moving())
	tap(s, "Run")
	if strings.Contains(strings.Join(*log, " "), "Run") {
		t.Errorf("driving: got %s", *log)
	}
	s, _, log = controlling(t, m, hmi.Pick{Phone: "kde:d"}, moving())
	tap(s, "Lock")
	tap(s, "Ping")
	if got := strings.Join(*log, " "); strings.Contains(got, "phonelink.Lock") || !strings.Contains(got, "phonelink.Ping") {
		t.Errorf("driving: got %s, want the ping only", got)
	}
	s, _, _ = controlling(t, m, hmi.Pick{Phone: "kde:d", Key: "gone", Doubt: true}, parked())
	if _, ok := found[fyne.Tappable](s.Object(), "Run"); ok {
		t.Error("a command that is not there any more is asked about")
	}
}

// Steps of the volume add up before the phone has answered, end at the ends, and
// give way to what it reports.
func TestVolumeOfAPhone(t *testing.T) {
	test.NewTempApp(t)
	m := desk(everyControl, phonelink.Linked)
	s, v, log := controlling(t, m, hmi.Pick{Phone: "kde:d"}, moving())
	more, _ := found[*widget.Button](s.Object(), "Louder")
	for range 13 {
		more.Tapped(&fyne.PointEvent{})
	}
	var asked []string
	for _, l := range *log {
		if i := strings.Index(l, "Percent:"); i >= 0 {
			asked = append(asked, strings.Trim(l[i+8:], "}"))
		}
	}
	if got := strings.Join(asked, " "); !strings.HasPrefix(got, "50 55 60 ") || !strings.HasSuffix(got, " 95 100") || len(asked) != 11 {
		t.Errorf("asked for %s, want 50 to 100 in fives", got)
	}
	stepper := func() string {
		var out string
		walkSteppers(s.Object(), func(x *widget.Stepper) { out = x.Value() })
		return out
	}
	if got := stepper(); got != "100\u00a0%" {
		t.Errorf("shows %s, want what was asked for", got)
	}
	v.Model.Now = now.Add(time.Minute) // nobody turned it up
	s.Update(v)
	if got := stepper(); got != "45\u00a0%" {
		t.Errorf("a minute later: shows %s, want what it is", got)
	}
}

func walkSteppers(root fyne.CanvasObject, f func(*widget.Stepper)) {
	lint.Walk(root, func(o fyne.CanvasObject, _ fyne.Position) {
		if x, ok := o.(*widget.Stepper); ok {
			f(x)
		}
	})
}

package kdeconnect

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// MockPlayer is a media player on the daemon's bus that plays nothing.
type MockPlayer struct {
	r    *Rig
	name string
	obj  dbus.BusObject
}

const mprisFace = "org.mpris.MediaPlayer2.Player"

// NewPlayer starts a player called name ("Phone Music") that is playing title.
func (r *Rig) NewPlayer(name, title, artist, url string, position, length time.Duration) *MockPlayer {
	r.t.Helper()
	bus := "org.mpris.MediaPlayer2.rig" + strings.ToLower(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, name))
	r.start("player.log", rigPython, "-m", "dbusmock", "--session", bus, "/org/mpris/MediaPlayer2", mprisFace, "-l", filepath.Join(r.Dir, "player-calls.log"))
	p := &MockPlayer{r, bus, r.Bus.Object(bus, "/org/mpris/MediaPlayer2")}
	r.Wait("the player", func() bool {
		return p.obj.Call("org.freedesktop.DBus.Introspectable.Introspect", dbus.FlagNoAutoStart).Err == nil
	})
	mock := func(method string, args ...any) {
		r.t.Helper()
		if err := p.obj.Call("org.freedesktop.DBus.Mock."+method, 0, args...).Err; err != nil {
			r.t.Fatalf("player: %s %v: %v", method, args, err)
		}
	}
	mock("AddProperty", "org.mpris.MediaPlayer2", "Identity", dbus.MakeVariant(name))
	meta := map[string]dbus.Variant{"mpris:trackid": dbus.MakeVariant(dbus.ObjectPath("/track/1")), "xesam:title": dbus.MakeVariant(title),
		"xesam:artist": dbus.MakeVariant([]string{artist}), "mpris:length": dbus.MakeVariant(length.Microseconds())}
	if url != "" {
		meta["xesam:url"] = dbus.MakeVariant(url)
	}
	for k, v := range map[string]any{"PlaybackStatus": "Playing", "LoopStatus": "None", "Shuffle": false, "Rate": 1.0, "Volume": 0.5, "Metadata": meta,
		"Position": position.Microseconds(), "CanPlay": true, "CanPause": true, "CanSeek": true, "CanGoNext": true, "CanGoPrevious": true, "CanControl": true} {
		mock("AddProperty", mprisFace, k, dbus.MakeVariant(v))
	}
	for _, m := range []string{"Play", "Pause", "PlayPause", "Stop", "Next", "Previous"} {
		mock("AddMethod", mprisFace, m, "", "", "")
	}
	mock("AddMethod", mprisFace, "Seek", "x", "", "")
	mock("AddMethod", mprisFace, "SetPosition", "ox", "", "")
	return p
}

// Set changes a property and tells the bus.
func (p *MockPlayer) Set(name string, value any) {
	p.r.t.Helper()
	if err := p.obj.Call("org.freedesktop.DBus.Mock.UpdateProperties", 0, mprisFace, map[string]dbus.Variant{name: dbus.MakeVariant(value)}).Err; err != nil {
		p.r.t.Fatal(err)
	}
}

// Calls lists the methods that were called, with their arguments, in order.
func (p *MockPlayer) Calls() []string {
	type call struct {
		Time uint64
		Name string
		Args []dbus.Variant
	}
	var calls []call
	if err := p.obj.Call("org.freedesktop.DBus.Mock.GetCalls", 0).Store(&calls); err != nil {
		p.r.t.Fatal(err)
	}
	var out []string
	for _, c := range calls {
		args, _ := json.Marshal(c.Args)
		out = append(out, c.Name+string(args))
	}
	return out
}

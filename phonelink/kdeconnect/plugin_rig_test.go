package kdeconnect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"tandem/phonelink"
	"tandem/phonelink/trust"
	"tandem/vehicle"
)

// rigAdapter is the whole adapter against the real daemon.
type rigAdapter struct {
	*Adapter
	r   *Rig
	t   *testing.T
	d   phonelink.Device // the daemon
	id  string           // ours, as the daemon knows it
	w   phonelink.Watch
	car *gearbox
	dir string // received files

	store *trust.Store
	end   func()
	last  *phonelink.View // that until has looked at
}

func newRigAdapter(t *testing.T, r *Rig) *rigAdapter {
	t.Helper()
	store, err := trust.Open(trust.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ra := &rigAdapter{r: r, t: t, d: device(r.ID), car: &gearbox{gear: vehicle.GearPark, charge: 62}, dir: t.TempDir(), store: store}
	own, err := storeKeeper{store, "ana"}.certificate()
	if err != nil {
		t.Fatal(err)
	}
	ra.id = own.ID
	ra.start()
	t.Cleanup(func() { ra.end() })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last looked at: %+v", ra.last)
		}
	})
	return ra
}

// start runs an adapter that knows what its store has kept.
func (ra *rigAdapter) start() {
	ra.t.Helper()
	a, err := New(Config{Store: ra.store, Profile: "ana", Name: "Tandem", Dir: ra.dir, AllowV7: true, Car: ra.car, Logger: testLogger(ra.t)})
	if err != nil {
		ra.t.Fatal(err)
	}
	ra.Adapter, ra.w = a, a.Watch()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	ra.end = func() {
		ra.w.Close()
		cancel()
		if err := <-done; err != nil {
			ra.t.Errorf("run: %v", err)
		}
	}
}

// do carries a request out, which must not be refused.
func (ra *rigAdapter) do(t *testing.T, r phonelink.Request) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := ra.Do(ctx, r); err != nil {
		t.Fatalf("%T: %v", r, err)
	}
}

// until waits until the View fits.
func (ra *rigAdapter) until(what string, fits func(v *phonelink.View) bool) *phonelink.View {
	ra.t.Helper()
	ra.r.Wait(what, func() bool {
		ra.last = ra.w.View()
		return fits(ra.last)
	})
	return ra.last
}

// untilPhone waits until the daemon is shown so.
func (ra *rigAdapter) untilPhone(what string, fits func(p phonelink.Phone) bool) {
	ra.t.Helper()
	ra.until(what, func(v *phonelink.View) bool {
		i := slices.IndexFunc(v.Phones, func(p phonelink.Phone) bool { return p.Device == ra.d })
		return i >= 0 && fits(v.Phones[i])
	})
}

// pair pairs as a person does: with the screens of both sides.
func (ra *rigAdapter) pair(t *testing.T) {
	t.Helper()
	ra.do(t, phonelink.OpenPairing{})
	try := func(what string, fits func(c phonelink.Candidate) bool) (found phonelink.Candidate) {
		ra.until(what, func(v *phonelink.View) bool {
			if v.Pairing == nil {
				return false
			}
			for _, c := range v.Pairing.Tries {
				if c.Device == ra.d && fits(c) {
					found = c
					return true
				}
			}
			return false
		})
		return found
	}
	try("candidate", func(phonelink.Candidate) bool { return true })
	ra.r.Wait("the car at the daemon", func() bool { return ra.r.Get(ra.id, "", "isReachable") == true })
	ra.do(t, phonelink.RequestPair{Device: ra.d})
	code := try("code", func(c phonelink.Candidate) bool { return c.Code != "" }).Code
	ra.r.Wait("request at the daemon", func() bool { return ra.r.Asked(ra.id) })
	if theirs := ra.r.Code(ra.id); theirs != code {
		t.Fatalf("code: got %s, the daemon shows %s", code, theirs)
	}
	if err := ra.r.Answer(ra.id, true); err != nil {
		t.Fatal(err)
	}
	ra.do(t, phonelink.Confirm{Device: ra.d, Accept: true})
	ra.untilPhone("link", func(p phonelink.Phone) bool { return p.Presence == phonelink.Linked })
	ra.r.Wait("trust at the daemon", func() bool { return ra.r.Paired(ra.id) })
	ra.do(t, phonelink.ClosePairing{})
}

// incoming waits for what the daemon sends.
func (ra *rigAdapter) incoming(t *testing.T) phonelink.Incoming {
	t.Helper()
	select {
	case in := <-ra.Incoming():
		return in
	case <-time.After(20 * time.Second):
		t.Fatalf("nothing came\n%s", ra.r.Log(60))
		panic("unreachable")
	}
}

// TestRigPlugins has the adapter and the real daemon use each other's plugins.
// The daemon (22.12.3) has no side that sends connectivity_report, telephony,
// sms or contacts: those are tested against scripted phones only.
func TestRigPlugins(t *testing.T) {
	if InRig(t) {
		rigPlugins(t, NewRig(t))
	}
}

func TestRigPluginsV8(t *testing.T) {
	RigV8(t)
	if InRig(t) {
		rigPlugins(t, NewRig(t))
	}
}

func rigPlugins(t *testing.T, r *Rig) {
	ra := newRigAdapter(t, r)
	player := r.NewPlayer("Phone Music", "Song", "Band", "https://example.org/s.mp3", 61*time.Second, 4*time.Minute)
	ran := filepath.Join(r.Dir, "ran")
	offerCommand(t, r, ra.id, "touch "+ran)
	ra.pair(t)
	// With an exported player and a call, pausemusic calls itself over D-Bus for
	// 25 s; sendnotifications is off unless a person switches it on.
	for plugin, on := range map[string]bool{"kdeconnect_pausemusic": false, "kdeconnect_sendnotifications": true} {
		if err := r.Call(ra.id, "", "setPluginEnabled", plugin, on); err != nil {
			t.Fatal(err)
		}
	}
	var loaded []string
	if err := r.Device(ra.id, "").Call("org.kde.kdeconnect.device.loadedPlugins", 0).Store(&loaded); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded there: %v", loaded)

	t.Run("abilities", func(t *testing.T) { ra.rigAbilities(t) })
	t.Run("battery", func(t *testing.T) {
		r.Wait("the car's battery at the daemon", func() bool { return r.Get(ra.id, "battery", "charge") == int32(62) })
		if got := r.Get(ra.id, "battery", "isCharging"); got != false {
			t.Errorf("charging: got %v, want false", got)
		}
	})
	t.Run("mpris", func(t *testing.T) { ra.rigPlayer(t, player) })
	t.Run("own player", func(t *testing.T) { ra.rigOwnPlayer(t) })
	t.Run("ping", func(t *testing.T) { ra.rigPing(t) })
	t.Run("find", func(t *testing.T) { ra.rigFind(t) })
	t.Run("share", func(t *testing.T) { ra.rigShare(t) })
	t.Run("files", func(t *testing.T) { ra.rigFiles(t) })
	if !r.V8 { // which cannot be told directly
		t.Run("notification", func(t *testing.T) { ra.rigNotification(t) })
	}
	t.Run("clipboard", func(t *testing.T) { ra.rigClipboard(t) })
	t.Run("runcommand", func(t *testing.T) {
		ra.untilPhone("the command", func(p phonelink.Phone) bool { return len(p.Commands) == 1 && p.Commands[0].Name == "Touch" })
		r.Until("command that has run", func() { ra.do(t, phonelink.Run{Device: ra.d, Key: "k1"}) }, func() bool { _, err := os.Stat(ran); return err == nil })
	})
	t.Run("unpair", func(t *testing.T) {
		ra.do(t, phonelink.Unpair{Device: ra.d})
		ra.until("the phone to be gone", func(v *phonelink.View) bool { return len(v.Phones) == 0 && len(v.Notifications) == 0 })
		r.Wait("end of trust at the daemon", func() bool { return !r.Paired(ra.id) })
	})
}

// offerCommand has the daemon offer a command to the device.
func offerCommand(t *testing.T, r *Rig, id, command string) {
	t.Helper()
	dir := filepath.Join(r.Dir, ".config/kdeconnect", id, "kdeconnect_runcommand")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("[General]\ncommands=\"@ByteArray({\\\"k1\\\":{\\\"name\\\":\\\"Touch\\\",\\\"command\\\":\\\"%s\\\"}})\"\n", command)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (ra *rigAdapter) rigAbilities(t *testing.T) {
	want := phonelink.CanMedia | phonelink.CanFiles | phonelink.CanClipboard | phonelink.CanNotify | phonelink.CanCommands | phonelink.CanLock
	ra.untilPhone("abilities", func(p phonelink.Phone) bool { return p.Can&want == want })
	v := ra.w.View()
	if p := v.Phones[0]; p.Can&(phonelink.CanHandOff|phonelink.CanClipboardTap|phonelink.CanSMS) != 0 || p.Adapter != "kdeconnect" || p.Name != "rigphone" {
		t.Errorf("got %+v, want what a computer can do", p)
	}
}

func (ra *rigAdapter) rigPlayer(t *testing.T, player *MockPlayer) {
	ra.untilPhone("the player", func(p phonelink.Phone) bool { return len(p.Players) == 1 && p.Players[0].Title == "Song" })
	p := ra.w.View().Phones[0].Players[0]
	want := phonelink.Player{Name: "Phone Music", Title: "Song", Artist: "Band", URL: "https://example.org/s.mp3", Position: 61 * time.Second, At: p.At, Length: 4 * time.Minute,
		Playing: true, Volume: 50, CanPause: true, CanPlay: true, CanNext: true, CanPrevious: true, CanSeek: true}
	if p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	call := func(c phonelink.Control, want string) {
		t.Helper()
		c.Device, c.Player = ra.d, "Phone Music"
		ra.do(t, c)
		ra.r.Wait(want+" at the player", func() bool {
			return slices.ContainsFunc(player.Calls(), func(s string) bool { return strings.HasPrefix(s, want) })
		})
	}
	call(phonelink.Control{Action: "pause"}, "Pause")
	call(phonelink.Control{Action: "next"}, "Next")
	call(phonelink.Control{Action: "seek", Seek: 90 * time.Second}, "Seek")
	player.Set("PlaybackStatus", "Paused")
	ra.untilPhone("the pause", func(p phonelink.Phone) bool { return len(p.Players) == 1 && !p.Players[0].Playing })
	player.Set("Volume", 0.25)
	ra.untilPhone("the volume", func(p phonelink.Phone) bool { return p.Players[0].Volume == 25 })
}

func (ra *rigAdapter) rigOwnPlayer(t *testing.T) {
	get := func(name string) any { return ra.r.Get(ra.id, "mprisremote", name) }
	ra.SetMedia(ownMedia(time.Now()))
	ra.r.Wait("our player at the daemon", func() bool { return fmt.Sprint(get("playerList")) == "[Car]" })
	if err := ra.r.Device(ra.id, "mprisremote").SetProperty("org.kde.kdeconnect.device.mprisremote.player", dbus.MakeVariant("Car")); err != nil {
		t.Fatal(err)
	}
	ra.r.Wait("its title", func() bool { return get("title") == "B" && get("isPlaying") == true })
	if a, l, v := get("artist"), get("length"), get("volume"); a != "Band" || fmt.Sprint(l) != "60000" || fmt.Sprint(v) != "40" {
		t.Errorf("got artist %v, length %v, volume %v; want Band, 60000, 40", a, l, v)
	}
	asks := []struct {
		method string
		arg    any
		want   phonelink.Action
	}{
		{"sendAction", "Pause", phonelink.Play{}},
		{"sendAction", "Next", phonelink.Skip{To: "c"}},
	}
	for _, tc := range asks {
		if err := ra.r.Call(ra.id, "mprisremote", tc.method, tc.arg); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-ra.Requests():
			if e, ok := got.(phonelink.Edit); !ok || e.Op.Act != tc.want || e.Session != (phonelink.SessionID{1}) {
				t.Errorf("%s %v: got %+v, want %+v", tc.method, tc.arg, got, tc.want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s %v: nothing was asked of us", tc.method, tc.arg)
		}
	}
	ra.SetMedia(nil)
	ra.r.Wait("our player to be gone", func() bool { return fmt.Sprint(get("playerList")) == "[]" })
}

func (ra *rigAdapter) rigPing(t *testing.T) {
	ra.do(t, phonelink.Ping{Device: ra.d, Text: "hello phone"})
	ra.r.Wait("the ping at the daemon", func() bool {
		return slices.ContainsFunc(ra.r.Notes(), func(n Note) bool { return strings.Contains(n.Summary+n.Body, "hello phone") })
	})
	if err := ra.r.Call(ra.id, "ping", "sendPing", "hello car"); err != nil {
		t.Fatal(err)
	}
	ra.until("the ping here", func(v *phonelink.View) bool {
		return slices.ContainsFunc(v.Notifications, func(n phonelink.Notification) bool { return n.ID == "ping" && n.Text == "hello car" })
	})
	ra.do(t, phonelink.Dismiss{Device: ra.d, ID: "ping"})
}

func (ra *rigAdapter) rigFind(t *testing.T) {
	if err := ra.r.Call(ra.id, "findmyphone", "ring"); err != nil {
		t.Fatal(err)
	}
	ra.until("the search here", func(v *phonelink.View) bool {
		return slices.ContainsFunc(v.Notifications, func(n phonelink.Notification) bool { return n.ID == "find" })
	})
	ra.do(t, phonelink.Dismiss{Device: ra.d, ID: "find"})
	ra.do(t, phonelink.Ring{Device: ra.d})
}

// received follows what the daemon says it was sent.
func (ra *rigAdapter) received(t *testing.T) func(what string) {
	t.Helper()
	if err := ra.r.Bus.AddMatchSignal(dbus.WithMatchInterface("org.kde.kdeconnect.device.share"), dbus.WithMatchMember("shareReceived")); err != nil {
		t.Fatal(err)
	}
	signals := make(chan *dbus.Signal, 16)
	ra.r.Bus.Signal(signals)
	t.Cleanup(func() { ra.r.Bus.RemoveSignal(signals) })
	return func(what string) {
		t.Helper()
		for timeout := time.After(20 * time.Second); ; {
			select {
			case s := <-signals:
				if s.Name == "org.kde.kdeconnect.device.share.shareReceived" && strings.Contains(fmt.Sprint(s.Body...), what) {
					return
				}
			case <-timeout:
				t.Fatalf("the daemon did not say that it received %q\n%s", what, ra.r.Log(40))
			}
		}
	}
}

func (ra *rigAdapter) rigShare(t *testing.T) {
	from := []struct {
		method, arg string
		want        phonelink.Kind
		title       string
	}{
		{"shareText", "Stephansplatz 1\nWien", phonelink.Clipboard, "Stephansplatz 1"},
		{"shareUrl", "geo:48.2082,16.3738", phonelink.Navigation, "48.20820, 16.37380"},
		{"shareUrl", "https://example.org/page", phonelink.Page, "example.org/page"},
	}
	for _, tc := range from {
		if err := ra.r.Call(ra.id, "share", tc.method, tc.arg); err != nil {
			t.Fatal(err)
		}
		if in := ra.incoming(t); in.Session.Kind != tc.want || in.Session.Title != tc.title || in.From != ra.d {
			t.Errorf("%s %s: got %+v, want %v %q", tc.method, tc.arg, in, tc.want, tc.title)
		}
	}
	received := ra.received(t)
	for _, text := range []string{"https://example.org/from-the-car", "geo:48.2,16.37"} {
		ra.do(t, phonelink.SendText{Device: ra.d, Text: text})
		received(text)
	}
}

func (ra *rigAdapter) rigFiles(t *testing.T) {
	data := []byte(strings.Repeat("0123456789abcdef", 1<<16)) // 1 MiB
	for _, name := range []string{"Photo 1.jpg", "Übersicht.pdf"} {
		path := filepath.Join(ra.r.Dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := ra.r.Call(ra.id, "share", "shareUrl", "file://"+path); err != nil {
			t.Fatal(err)
		}
		in := ra.incoming(t)
		got, err := os.ReadFile(in.Path)
		if err != nil || string(got) != string(data) || in.Session.Kind != phonelink.File || filepath.Dir(in.Path) != ra.dir || filepath.Base(in.Path) != name {
			t.Errorf("%s: got %d bytes in %s, %v; want %d", name, len(got), in.Path, err, len(data))
		}
	}
	path := filepath.Join(t.TempDir(), "route.gpx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	received := ra.received(t)
	ra.do(t, phonelink.SendFile{Device: ra.d, Path: path})
	received("route.gpx")
	ra.until("the end of the transfer", func(v *phonelink.View) bool {
		return slices.ContainsFunc(v.Transfers, func(tr phonelink.Transfer) bool {
			return tr.Name == "route.gpx" && tr.Finished && tr.Done == int64(len(data))
		})
	})
	if got, err := os.ReadFile(filepath.Join(ra.r.Dir, "Downloads", "route.gpx")); err != nil || string(got) != string(data) {
		t.Errorf("route.gpx there: got %d bytes, %v; want %d", len(got), err, len(data))
	}
}

// rigNotification has the daemon pass a notification on. It overhears those of
// other programs, which it did not on this bus, and why was not found; 22.12 told
// directly does the same. It sends a ticker alone.
func (ra *rigAdapter) rigNotification(t *testing.T) {
	listener := ra.r.Bus.Object("org.kde.kdeconnect", "/org/freedesktop/Notifications")
	call := listener.Go("org.freedesktop.Notifications.Notify", dbus.FlagNoReplyExpected, nil,
		"Chat", uint32(0), "", "Ana", "Where are you?", []string{}, map[string]dbus.Variant{}, int32(0))
	if call.Err != nil {
		t.Fatal(call.Err)
	}
	v := ra.until("the notification here", func(v *phonelink.View) bool {
		return slices.ContainsFunc(v.Notifications, func(n phonelink.Notification) bool { return n.App == "Chat" })
	})
	n := v.Notifications[slices.IndexFunc(v.Notifications, func(n phonelink.Notification) bool { return n.App == "Chat" })]
	if n.Text != "Ana: Where are you?" || !n.CanDismiss || n.CanReply {
		t.Errorf("got %+v, want the ticker as text, to be dismissed, not replied to", n)
	}
}

// rigClipboard gives the daemon a text; after a restart, when a link comes up,
// the daemon says what is on its clipboard. It has no other way to be asked. It
// says so once: if both sides call at the same time it may close the link that
// it has just said it on, so that several restarts may be needed.
func (ra *rigAdapter) rigClipboard(t *testing.T) {
	ra.do(t, phonelink.SendClipboard{Device: ra.d, Text: "from the car"})
	ra.do(t, phonelink.Ping{Device: ra.d, Text: "after the clipboard"}) // in order: the clipboard was set before
	ra.r.Wait("the ping at the daemon", func() bool {
		return slices.ContainsFunc(ra.r.Notes(), func(n Note) bool { return strings.Contains(n.Summary+n.Body, "after the clipboard") })
	})
	for try := range 40 {
		ra.end()
		ra.r.Wait("the car to be gone", func() bool { return ra.r.Get(ra.id, "", "isReachable") == false })
		ra.start()
		began := time.Now()
		// Its answer to the player's state is the last that it says by itself.
		ra.untilPhone("the phone again", func(p phonelink.Phone) bool { return len(p.Players) == 1 && p.Players[0].Title == "Song" })
		t.Logf("start of the process to the state of the phone's player: %v", time.Since(began).Round(time.Millisecond))
		switch got := ra.w.View().Phones[0].Clipboard; got {
		case "from the car":
			return
		case "":
			t.Logf("restart %d: the daemon's greeting was lost with a link that it closed", try+1)
		default:
			t.Fatalf("got %q, want what was given", got)
		}
	}
	t.Error("the daemon never said what is on its clipboard")
}

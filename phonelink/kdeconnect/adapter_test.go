package kdeconnect

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
	"tandem/vehicle"
)

// fakeHub is a transport on which a scripted phone speaks real packets.
type fakeHub struct {
	t      testing.TB
	events chan event
	fail   error // of run

	mu      sync.Mutex
	heard   []packet.Packet // by the phone
	files   map[string]string
	window  time.Time
	decided []string
	down    bool
	offered chan struct{} // holds offerPayload until closed; nil: not
}

func newFakeHub(t testing.TB) *fakeHub {
	return &fakeHub{t: t, events: make(chan event, 64), files: map[string]string{}}
}

func (h *fakeHub) run(ctx context.Context) error {
	if h.fail != nil {
		return h.fail
	}
	<-ctx.Done()
	return nil
}

func (h *fakeHub) news() <-chan event { return h.events }

func (h *fakeHub) paired() []pin {
	return []pin{{ID: phoneID, Name: "Pixel", Kind: "phone"}, {ID: laptopID, Name: "Anton", Kind: "laptop"}}
}

func (h *fakeHub) send(_ phonelink.Device, p packet.Packet) error {
	line, err := p.Line()
	if err != nil {
		h.t.Error(err)
	}
	if p, err = packet.Parse(line); err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errAbsent
	}
	h.heard = append(h.heard, p)
	return nil
}

func (h *fakeHub) offerPayload(ctx context.Context, _ phonelink.Device, p packet.Packet, r io.Reader, size int64) error {
	if h.offered != nil {
		select {
		case <-h.offered:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	data, err := io.ReadAll(io.LimitReader(r, size))
	body, _ := packet.Decode(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[body.(*packet.Share).Filename] = string(data)
	return err
}

func (h *fakeHub) note(what string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.decided = append(h.decided, what)
	return nil
}

func (h *fakeHub) openPairing(until time.Time)          { h.mu.Lock(); h.window = until; h.mu.Unlock() }
func (h *fakeHub) closePairing()                        { h.note("close") }
func (h *fakeHub) requestPair(d phonelink.Device) error { return errWindow }
func (h *fakeHub) confirm(d phonelink.Device, ok bool) error {
	if ok {
		return h.note("yes " + string(d))
	}
	return h.note("no " + string(d))
}
func (h *fakeHub) unpair(d phonelink.Device) error { return h.note("unpair " + string(d)) }
func (h *fakeHub) refresh()                        { h.note("refresh") }
func (h *fakeHub) hint(a netip.Addr)               { h.note("hint " + a.String()) }

// up links the phone.
func (h *fakeHub) up() {
	h.events <- upEvent{Device: device(phoneID), Identity: identity{ID: phoneID, Name: "Pixel", Kind: "phone", Version: 8, Incoming: androidTakes, Outgoing: androidSends}}
}

func (h *fakeHub) say(bodies ...any) {
	for _, b := range bodies {
		h.events <- packetEvent{Device: device(phoneID), Packet: wire(h.t, b)}
	}
}

// kinds is what the phone has heard, and forgets it.
func (h *fakeHub) kinds() (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.heard {
		out = append(out, strings.TrimPrefix(p.Type, "kdeconnect."))
	}
	h.heard = nil
	return out
}

// start runs an adapter on the hub until the test ends.
func start(t *testing.T, h *fakeHub, c Config) *Adapter {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Profile = "ana"
	a := newAdapter(c)
	a.open = func(p phonelink.Profile) (transport, error) { return h, nil }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	synctest.Wait()
	return a
}

func (a *Adapter) see() *phonelink.View {
	w := a.Watch()
	defer w.Close()
	return w.View()
}

func TestAdapterShowsPhones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		a := start(t, h, Config{})
		w := a.Watch()
		defer w.Close()
		if got := w.View().Phones; len(got) != 2 || got[0].Name != "Anton" || got[1].Presence != phonelink.Absent {
			t.Errorf("got %+v, want two paired phones by name, absent", got)
		}
		<-w.C()
		h.up()
		h.say(packet.Battery{Charge: 73, Charging: true})
		synctest.Wait()
		<-w.C()
		if got := w.View().Phones[1]; got.Presence != phonelink.Linked || got.Battery != 73 {
			t.Errorf("got %+v, want linked with 73 %%", got)
		}
		select {
		case <-w.C():
			t.Errorf("got a second sign, want one slot")
		default:
		}
		before := w.View()
		h.say(packet.Battery{Charge: 73, Charging: true})
		synctest.Wait()
		select {
		case <-w.C():
			t.Errorf("got a sign, want none: nothing has changed")
		default:
		}
		if w.View() != before {
			t.Errorf("got another View, want the same")
		}
	})
}

func TestAdapterDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		a := start(t, h, Config{})
		ctx := t.Context()
		d := device(phoneID)
		if got := code(a.Do(ctx, phonelink.Ring{Device: d})); got != phonelink.RefusedAbsent {
			t.Errorf("absent: got %q, want %q", got, phonelink.RefusedAbsent)
		}
		h.up()
		synctest.Wait()
		h.kinds()
		if err := a.Do(ctx, phonelink.Ring{Device: d}); err != nil {
			t.Error(err)
		}
		if got := h.kinds(); !reflect.DeepEqual(got, []string{"findmyphone.request"}) {
			t.Errorf("got %v, want the ringing asked for", got)
		}
		h.mu.Lock()
		h.down = true // the link went, and the adapter has not been told yet
		h.mu.Unlock()
		if got := code(a.Do(ctx, phonelink.Ring{Device: d})); got != phonelink.RefusedAbsent {
			t.Errorf("just gone: got %q, want %q", got, phonelink.RefusedAbsent)
		}
		if got := code(a.Do(ctx, phonelink.RequestPair{Device: d})); got != phonelink.RefusedPairing {
			t.Errorf("window closed: got %q, want %q", got, phonelink.RefusedPairing)
		}
		if err := a.Do(ctx, phonelink.SendFile{Device: d, Path: "/no/such"}); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no file: got %v, want %v", err, os.ErrNotExist)
		}
		if got := code(a.Do(ctx, phonelink.SendFile{Device: d, Path: t.TempDir()})); got != phonelink.RefusedMismatch {
			t.Errorf("a folder: got %q, want %q", got, phonelink.RefusedMismatch)
		}
	})
}

// gearbox is a car of which only gear and speed are known.
type gearbox struct {
	gear, speed float64
	charge      float64
}

func (g *gearbox) Sample(_ time.Time, p vehicle.Path) vehicle.Sample {
	valid := func(v float64) vehicle.Sample {
		return vehicle.Sample{Value: vehicle.NumberOf(v), Quality: vehicle.Valid}
	}
	switch p {
	case vehicle.CurrentGear:
		return valid(g.gear)
	case vehicle.Speed:
		return valid(g.speed)
	case vehicle.StateOfChargeDisplayed:
		return valid(g.charge)
	}
	return vehicle.Sample{}
}

func (g *gearbox) Ask(context.Context, vehicle.Command) vehicle.Outcome {
	panic("the adapter asks nothing of the car")
}

func TestPairingNeedsAParkedCar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		car := &gearbox{gear: 1, speed: 30}
		a := start(t, h, Config{Car: car})
		d := device(phoneID)
		setUp := []phonelink.Request{phonelink.OpenPairing{}, phonelink.Confirm{Device: d, Accept: true}, phonelink.RequestPair{Device: d}, phonelink.Unpair{Device: d}}
		for _, r := range setUp {
			if got := code(a.Do(t.Context(), r)); got != phonelink.RefusedMoving {
				t.Errorf("%T while moving: got %q, want %q", r, got, phonelink.RefusedMoving)
			}
		}
		for _, r := range []phonelink.Request{phonelink.ClosePairing{}, phonelink.Confirm{Device: d}} {
			if err := a.Do(t.Context(), r); err != nil {
				t.Errorf("%T while moving: %v", r, err)
			}
		}
		car.gear, car.speed = vehicle.GearPark, 0
		for _, r := range []phonelink.Request{phonelink.OpenPairing{}, phonelink.Confirm{Device: d, Accept: true}, phonelink.Unpair{Device: d}} {
			if err := a.Do(t.Context(), r); err != nil {
				t.Errorf("%T while parked: %v", r, err)
			}
		}
		if got := code(a.Do(t.Context(), phonelink.Unpair{Device: "kde:x"})); got != phonelink.RefusedUnknown {
			t.Errorf("unpair of a stranger: got %q, want %q", got, phonelink.RefusedUnknown)
		}
		if want := []string{"close", "no " + string(d), "yes " + string(d), "unpair " + string(d)}; !reflect.DeepEqual(h.decided, want) {
			t.Errorf("got %v, want %v", h.decided, want)
		}
		if a.see().Pairing == nil {
			t.Fatal("got no pairing screen, want one")
		}
		time.Sleep(windowFor + time.Second)
		synctest.Wait()
		if p := a.see().Pairing; p != nil {
			t.Errorf("after %v: got %+v, want it closed", windowFor, p)
		}
	})
}

func TestCarBatteryIsSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		car := &gearbox{charge: 62.4}
		start(t, h, Config{Car: car})
		h.up()
		synctest.Wait()
		charge := func() (out []int64) {
			h.mu.Lock()
			defer h.mu.Unlock()
			for _, p := range h.heard {
				if b, err := packet.Decode(p); err == nil && p.Type == "kdeconnect.battery" {
					out = append(out, b.(*packet.Battery).Charge)
				}
			}
			return out
		}
		time.Sleep(10 * sampleEvery)
		if got, want := charge(), []int64{62}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAdapterFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		h.offered = make(chan struct{})
		a := start(t, h, Config{})
		h.up()
		synctest.Wait()
		path := filepath.Join(t.TempDir(), "route.gpx")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", 100_000)), 0o600); err != nil {
			t.Fatal(err)
		}
		d := device(phoneID)
		for range 2 {
			if err := a.Do(t.Context(), phonelink.SendFile{Device: d, Path: path}); err != nil {
				t.Fatal(err)
			}
		}
		got := a.see().Transfers
		if len(got) != 2 || got[0].Name != "route.gpx" || got[0].Incoming || got[0].Finished || got[0].Size != 100_000 {
			t.Fatalf("got %+v, want two on their way", got)
		}
		if err := a.Do(t.Context(), phonelink.Cancel{Transfer: got[1].ID}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		close(h.offered)
		synctest.Wait()
		got = a.see().Transfers
		if !got[0].Finished || got[0].Done != 100_000 || got[1].Finished || got[1].Problem != "cancelled" {
			t.Errorf("got %+v, want the first whole and the second cancelled", got)
		}
		if n := len(h.files["route.gpx"]); n != 100_000 {
			t.Errorf("the phone got %d bytes, want 100000", n)
		}
	})
}

func TestIncomingDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		a := start(t, h, Config{})
		h.up()
		a.SetMedia(ownMedia(time.Now()))
		synctest.Wait()
		for range waitingIncoming + 20 {
			h.say(packet.Share{URL: "geo:1,2"}, packet.MPRISRequest{Player: "Car", Action: "Pause"})
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := len(a.Incoming()); got != waitingIncoming {
			t.Errorf("got %d sessions waiting, want %d", got, waitingIncoming)
		}
		if got := len(a.Requests()); got != waitingIncoming {
			t.Errorf("got %d requests waiting, want %d", got, waitingIncoming)
		}
		if r := (<-a.Requests()).(phonelink.Edit); r.Session != (phonelink.SessionID{1}) || r.Op.Act != (phonelink.Play{}) {
			t.Errorf("got %+v, want a pause of the session", r)
		}
		h.say(packet.Battery{Charge: 5}) // it still lives
		synctest.Wait()
		if got := a.see().Phones[1].Battery; got != 5 {
			t.Errorf("got battery %d, want 5", got)
		}
	})
}

func TestProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		c := Config{Logger: slog.New(slog.DiscardHandler), Profile: "ana"}
		a := newAdapter(c)
		var opened []phonelink.Profile
		a.open = func(p phonelink.Profile) (transport, error) {
			opened = append(opened, p)
			h.events = make(chan event, 64)
			return h, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		h.up()
		h.say(packet.Notification{ID: "n", App: "Chat", Text: "secret"})
		synctest.Wait()
		if got := a.see(); len(got.Notifications) != 1 {
			t.Fatalf("got %+v, want a notification", got)
		}
		for _, p := range []phonelink.Profile{phonelink.Valet, "ana", phonelink.Guest} {
			if err := a.Do(ctx, phonelink.SetProfile{Profile: p}); err != nil {
				t.Errorf("%s: %v", p, err)
			}
			synctest.Wait()
			v := a.see()
			if v.Profile != p || len(v.Notifications) != 0 {
				t.Errorf("%s: got profile %s with %d notifications, want none of another's", p, v.Profile, len(v.Notifications))
			}
			if p == phonelink.Valet && len(v.Phones) != 0 {
				t.Errorf("valet: got %d phones, want no link at all", len(v.Phones))
			}
			if p == phonelink.Valet {
				if got := code(a.Do(ctx, phonelink.OpenPairing{})); got != phonelink.RefusedProfile {
					t.Errorf("valet: got %q, want %q", got, phonelink.RefusedProfile)
				}
			}
		}
		if got := code(a.Do(ctx, phonelink.SetProfile{Profile: "../x"})); got != phonelink.RefusedProfile {
			t.Errorf("bad profile: got %q, want %q", got, phonelink.RefusedProfile)
		}
		if want := []phonelink.Profile{"ana", "ana", phonelink.Guest}; !reflect.DeepEqual(opened, want) {
			t.Errorf("opened %v, want %v", opened, want)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

func TestNetworkIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, whole := newFakeHub(t), newFakeHub(t)
		broken.fail = errors.New("kdeconnect: port 1716 is taken")
		a := newAdapter(Config{Logger: slog.New(slog.DiscardHandler), Profile: "ana"})
		tries := 0
		a.open = func(phonelink.Profile) (transport, error) {
			if tries++; tries == 1 {
				return broken, nil
			}
			return whole, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		if got := a.see().Trouble; got != "port 1716 is taken" {
			t.Errorf("got trouble %q, want the port named", got)
		}
		if got := code(a.Do(ctx, phonelink.Ring{Device: device(phoneID)})); got != phonelink.RefusedProfile && got != phonelink.RefusedAbsent {
			t.Errorf("without a network: got %q, want it refused", got)
		}
		time.Sleep(retryAfter)
		synctest.Wait()
		whole.up()
		synctest.Wait()
		if v := a.see(); v.Trouble != "" || v.Phones[1].Presence != phonelink.Linked {
			t.Errorf("tried again: got %+v, want a link and no trouble", v)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

func TestConfig(t *testing.T) {
	if a, err := New(Config{}); err == nil {
		t.Errorf("no store: got %v, want an error", a)
	}
}

func TestHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHub(t)
		a := start(t, h, Config{})
		a.Refresh()
		a.Hint(netip.MustParseAddr("192.0.2.7"))
		if want := []string{"refresh", "hint 192.0.2.7"}; !reflect.DeepEqual(h.decided, want) {
			t.Errorf("got %v, want %v", h.decided, want)
		}
	})
}

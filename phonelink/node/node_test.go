package node_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/phonelink"
	"tandem/phonelink/node"
	"tandem/vehicle"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		os.Exit(worker())
	}
	goleak.VerifyTestMain(m)
}

// testCar is a car whose signals a test sets, and that writes down what it was
// asked.
type testCar struct {
	mu    sync.Mutex
	store *vehicle.Store
	asked []vehicle.Command
}

// set puts the car into a situation: see situation.
func (c *testCar) set(t testing.TB, s string) {
	store := situation(t, time.Now(), s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store = store
}

func (c *testCar) Sample(now time.Time, p vehicle.Path) vehicle.Sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.store.Sample(now, p)
}

func (c *testCar) Ask(_ context.Context, cmd vehicle.Command) vehicle.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, cmd)
	return vehicle.Outcome{State: vehicle.Done}
}

const (
	parked  = "shut on P occupied 0"
	driving = "shut on D occupied 50"
)

// device is a running node.
type device struct {
	*node.Node
	t    testing.TB
	car  *testCar
	c    node.Config
	stop func()
}

func start(t testing.TB, c node.Config) *device {
	t.Helper()
	if c.Data == "" {
		c.Data = t.TempDir()
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if testing.Verbose() {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})).With("node", c.Name)
	}
	n, err := node.New(c)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	d := &device{Node: n, t: t, c: c}
	d.car, _ = c.Car.(*testCar)
	var once sync.Once
	d.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("%s: Run: got %v, want nil", c.Name, err)
			}
		})
	}
	t.Cleanup(d.stop)
	return d
}

// again ends the node and starts it anew, on the same folder and port.
func (d *device) again() *device {
	d.t.Helper()
	d.stop()
	d.c.Listen = d.Addr().String()
	return start(d.t, d.c)
}

func newCar(t testing.TB, c node.Config) *device {
	t.Helper()
	car := &testCar{}
	car.set(t, parked)
	c.Name, c.Car = "Tandem One", car
	return start(t, c)
}

func newPhone(t testing.TB, name string, c node.Config) *device {
	t.Helper()
	c.Name = name
	return start(t, c)
}

func (d *device) view() *phonelink.View {
	w := d.Watch()
	defer w.Close()
	return w.View()
}

// patience is for what must happen; a test that is right never waits so long.
const patience = 20 * time.Second

// until waits for a View that is good.
func (d *device) until(what string, good func(*phonelink.View) bool) *phonelink.View {
	d.t.Helper()
	w := d.Watch()
	defer w.Close()
	late := time.After(patience)
	for {
		if v := w.View(); good(v) {
			return v
		}
		select {
		case <-w.C():
		case <-late:
			d.t.Fatalf("%s: no View with %s: %+v", d.c.Name, what, w.View())
		}
	}
}

func (d *device) do(r phonelink.Request) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return d.Do(ctx, r)
}

// must does what has to work. A link may be lost for a moment on a busy
// machine: who is absent is asked again.
func (d *device) must(r phonelink.Request) {
	d.t.Helper()
	late := time.Now().Add(patience)
	err := d.do(r)
	for codeOf(err) == phonelink.RefusedAbsent && time.Now().Before(late) {
		d.until("a link", func(v *phonelink.View) bool {
			return slices.ContainsFunc(v.Phones, func(p phonelink.Phone) bool { return p.Presence == phonelink.Linked })
		})
		err = d.do(r)
	}
	if err != nil {
		d.t.Fatalf("%s: %T: %v", d.c.Name, r, err)
	}
}

func codeOf(err error) phonelink.RefusalCode {
	var r *phonelink.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// pair pairs a phone with the car by the code on its screen.
func pair(t testing.TB, car, phone *device) {
	t.Helper()
	car.must(phonelink.OpenPairing{})
	v := car.until("a pairing code", func(v *phonelink.View) bool { return v.Pairing != nil && v.Pairing.QR != "" })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(t, phone.PairWith(ctx, v.Pairing.QR))
	linked(car, phone)
}

func linked(car, phone *device) {
	car.t.Helper()
	car.until("a linked phone", func(v *phonelink.View) bool { return presence(v, phone.Self()) == phonelink.Linked })
	phone.until("a linked car", func(v *phonelink.View) bool { return presence(v, car.Self()) == phonelink.Linked })
}

func presence(v *phonelink.View, d phonelink.Device) phonelink.Presence {
	for _, p := range v.Phones {
		if p.Device == d {
			return p.Presence
		}
	}
	return phonelink.Absent
}

// pairOf is a car and a phone, paired.
func pairOf(t testing.TB) (car, phone *device) {
	t.Helper()
	car, phone = newCar(t, node.Config{}), newPhone(t, "Ana's phone", node.Config{})
	pair(t, car, phone)
	return car, phone
}

func find(v *phonelink.View, id phonelink.SessionID) *phonelink.SessionView {
	for i := range v.Sessions {
		if v.Sessions[i].ID == id {
			return &v.Sessions[i]
		}
	}
	return nil
}

// open begins a session on a device and waits until it is known there.
func (d *device) open(s phonelink.Session) phonelink.SessionID {
	d.t.Helper()
	s.ID = phonelink.NewSessionID(time.Now(), [10]byte{byte(s.Kind), byte(len(s.Title)), byte(time.Now().UnixNano()), byte(time.Now().UnixNano() >> 8)})
	d.must(phonelink.Open{Session: s})
	d.until("the new session", func(v *phonelink.View) bool { return find(v, s.ID) != nil })
	return s.ID
}

// has waits until the device knows the session, and owns it or not.
func (d *device) has(id phonelink.SessionID, local bool) *phonelink.SessionView {
	d.t.Helper()
	what := "the session there"
	if local {
		what = "the session here"
	}
	return find(d.until(what, func(v *phonelink.View) bool {
		s := find(v, id)
		return s != nil && s.Local == local && s.Handoff == phonelink.Settled
	}), id)
}

func song(title string) phonelink.Session {
	return phonelink.Session{
		Kind: phonelink.Media, Title: title, App: "Player", Needs: phonelink.NeedsAudio,
		Doc: &phonelink.MediaDoc{Queue: []phonelink.Track{
			{ID: "a", URL: "https://example.org/a.ogg", Title: title, Length: 3 * time.Minute},
			{ID: "b", URL: "https://example.org/b.ogg", Title: "Next", Length: 3 * time.Minute},
		}, Rate: 1, Volume: 1, Playing: true},
	}
}

func route(name string) phonelink.Session {
	return phonelink.Session{Kind: phonelink.Navigation, Title: name, Doc: &phonelink.NavigationDoc{
		Destination: phonelink.Place{ID: "d", Name: name, Latitude: 52.5, Longitude: 13.4}, Preference: "fast", Active: true,
	}}
}

func draft(text string) phonelink.Session {
	return phonelink.Session{Kind: phonelink.Draft, Title: "To Ben", Doc: &phonelink.DraftDoc{To: []string{"+4930123"}, Text: text, Base: text}}
}

func TestHandOverAndBack(t *testing.T) {
	car, phone := pairOf(t)
	for _, s := range []phonelink.Session{song("One"), route("Home"), draft("Hello")} {
		id := phone.open(s)
		if v := car.has(id, false); v.OnPhone != phone.Self() || v.Title != s.Title {
			t.Errorf("%s: at the car: got %q on %s", s.Kind, v.Title, v.OnPhone)
		}
		car.must(phonelink.Take{Session: id})
		if v := car.has(id, true); s.Kind == phonelink.Media && !v.Render {
			t.Errorf("%s: taken: got no Render", s.Kind)
		}
		if v := phone.has(id, false); v.Render {
			t.Errorf("%s: given away: got Render", s.Kind)
		}
		phone.must(phonelink.TakeBack{Session: id})
		phone.has(id, true)
		car.has(id, false)
		phone.must(phonelink.Send{Session: id, To: car.Self()})
		car.has(id, true)
		phone.has(id, false)
	}
}

// TestParallel hands several sessions over at once, both ways.
func TestParallel(t *testing.T) {
	car, phone := pairOf(t)
	var there, here []phonelink.SessionID
	for range 4 {
		there = append(there, phone.open(draft("from the phone")))
		here = append(here, car.open(draft("from the car")))
	}
	for _, id := range slices.Concat(there, here) {
		car.until("all sessions", func(v *phonelink.View) bool { return find(v, id) != nil })
		phone.until("all sessions", func(v *phonelink.View) bool { return find(v, id) != nil })
	}
	var wg sync.WaitGroup
	for i := range there {
		wg.Go(func() { car.must(phonelink.Take{Session: there[i]}) })
		wg.Go(func() { phone.must(phonelink.Take{Session: here[i]}) })
	}
	wg.Wait()
	for i := range there {
		car.has(there[i], true)
		phone.has(there[i], false)
		phone.has(here[i], true)
		car.has(here[i], false)
	}
}

// TestEditFromBothSides: each edit is in the document of both, once.
func TestEditFromBothSides(t *testing.T) {
	car, phone := pairOf(t)
	id := phone.open(song("One"))
	car.has(id, false)
	for i := range 5 {
		for _, d := range []*device{car, phone} {
			track := phonelink.Track{ID: d.c.Name + string(rune('0'+i)), URL: "https://example.org/x.ogg"}
			d.must(phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.Enqueue{Track: track, After: "b"}}})
		}
	}
	for _, d := range []*device{car, phone} {
		d.until("12 tracks", func(v *phonelink.View) bool {
			s := find(v, id)
			return s != nil && len(s.Doc.(*phonelink.MediaDoc).Queue) == 12
		})
	}
}

// TestRestart: what was acknowledged is there after a restart, at its owner.
func TestRestart(t *testing.T) {
	car, phone := pairOf(t)
	id := phone.open(draft("Hello"))
	car.has(id, false)
	car.must(phonelink.Take{Session: id})
	car.must(phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: "Hello again"}}})
	car, phone = car.again(), phone.again()
	linked(car, phone)
	if d := car.has(id, true).Doc.(*phonelink.DraftDoc); d.Text != "Hello again" {
		t.Errorf("got %q, want %q", d.Text, "Hello again")
	}
	phone.has(id, false)
}

// TestLocked: a car that was restarted shows nothing until the phone is there.
func TestLocked(t *testing.T) {
	car, phone := pairOf(t)
	id := car.open(draft("private"))
	phone.stop()
	car = car.again()
	v := car.until("a locked profile", func(v *phonelink.View) bool { return v.Locked })
	if len(v.Sessions) != 0 {
		t.Errorf("locked: got %d sessions, want none", len(v.Sessions))
	}
	if err := car.do(phonelink.End{Session: id}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("locked: got %v, want %s", err, phonelink.RefusedProfile)
	}
	if err := car.do(phonelink.Unlock{PIN: "1234"}); codeOf(err) != phonelink.RefusedProfile {
		t.Errorf("no PIN: got %v, want %s", err, phonelink.RefusedProfile)
	}
	phone.again()
	car.has(id, true)
}

// TestNothingReadableOnTheCarsDisk looks for what is private in all files.
func TestNothingReadableOnTheCarsDisk(t *testing.T) {
	car, phone := pairOf(t)
	id := phone.open(draft("the harbour at nine"))
	car.has(id, false)
	car.must(phonelink.Take{Session: id})
	car.stop()
	must(t, filepath.WalkDir(car.c.Data, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if slices.Contains([]bool{contains(data, "harbour"), contains(data, "Ana's phone"), contains(data, "+4930123")}, true) {
			t.Errorf("%s can be read", p)
		}
		return err
	}))
}

// atSamePort is the configuration of a device that comes back where it was.
func atSamePort(d *device) node.Config {
	c := d.c
	c.Listen = d.Addr().String()
	return c
}

// damage changes a byte in the middle of the only journal below a folder.
func damage(t testing.TB, data string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "profiles", "*", "*", "journal"))
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("got journals %q, want one", found)
	}
	b, err := os.ReadFile(found[0])
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.WriteFile(found[0], b, 0o600))
}

// TestAddressIsKept: where a peer is is on the disk as soon as it is linked, so
// that a process that is killed soon after goes there by itself.
func TestAddressIsKept(t *testing.T) {
	car, phone := pairOf(t)
	car.until("the link", func(v *phonelink.View) bool { return presence(v, phone.Self()) == phonelink.Linked })
	if got := node.Known(car.Node, phone.Self()); !slices.Contains(got, phone.Addr()) {
		t.Errorf("the car keeps %v, want %v among them", got, phone.Addr())
	}
}

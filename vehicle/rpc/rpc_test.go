package rpc_test

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"tandem/hmi"
	"tandem/phonelink"
	"tandem/vehicle"
	"tandem/vehicle/rpc"
	"tandem/vehicle/rpc/vehiclepb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	_ hmi.Vehicle   = (*rpc.Client)(nil)
	_ hmi.Vehicle   = rpc.Local{}
	_ phonelink.Car = (*rpc.Client)(nil)
	_ phonelink.Car = rpc.Local{}
)

// rig is a car: a store, and a desk whose actuator does what the test says.
type rig struct {
	store *vehicle.Store
	local rpc.Local
	act   chan error // the actuator's answer; nil: the report follows
}

func newRig(t *testing.T) *rig {
	t.Helper()
	store, err := vehicle.NewStore([]vehicle.Signal{
		{Path: vehicle.Speed, Type: vehicle.Number, Unit: "km/h", Min: 0, Max: 300},
		{Path: vehicle.CurrentGear, Type: vehicle.Number, Min: math.NaN(), Max: math.NaN()},
		{Path: vehicle.ClimateDriverTemperature, Type: vehicle.Number, Actuator: true, Unit: "Celsius", Min: 16, Max: 28},
		{Path: vehicle.DoorRow1DriverIsLocked, Type: vehicle.Bool, Actuator: true},
		{Path: vehicle.LightSwitch, Type: vehicle.Text, Actuator: true, Allowed: []string{"OFF", "AUTO"}},
		{Path: vehicle.HornIsActive, Type: vehicle.Bool, Actuator: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{store: store, act: make(chan error, 8)}
	desk, err := vehicle.NewDesk(vehicle.DeskConfig{Store: store, Actuator: r})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- desk.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	r.local = rpc.Local{Store: store, Desk: desk}
	return r
}

// Actuate is the car.
func (r *rig) Actuate(_ context.Context, c vehicle.Command) error {
	select {
	case err := <-r.act:
		return err
	default:
		r.report(c.Path, c.Value, time.Hour)
		return nil
	}
}

func (r *rig) report(p vehicle.Path, v vehicle.Value, ttl time.Duration) {
	id, _ := r.store.ID(p)
	r.store.Report(time.Now(), []vehicle.Report{{ID: id, Value: v, Quality: vehicle.Valid, TTL: ttl}})
}

// serve runs a server and returns how to end it.
func (r *rig) serve(t *testing.T, socket string, p rpc.Policy) (end func()) {
	t.Helper()
	s, err := rpc.NewServer(rpc.ServerConfig{Vehicle: r.local, Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	l, err := rpc.Listen(socket, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(end)
	return end
}

func dial(t *testing.T, socket string, follow ...vehicle.Path) *rpc.Client {
	t.Helper()
	c, err := rpc.Dial(rpc.ClientConfig{Socket: socket, Follow: follow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// until waits until the samples of a watch are as wanted.
func until(t *testing.T, w rpc.Watch, what string, ok func([]vehicle.Sample) bool) []vehicle.Sample {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		s := w.Read(time.Now(), nil)
		if ok(s) {
			return s
		}
		select {
		case <-w.C():
		case <-deadline:
			t.Fatalf("%s: got %+v", what, s)
		}
	}
}

func number(want float64) func([]vehicle.Sample) bool {
	return func(s []vehicle.Sample) bool { n, ok := s[0].Number(); return ok && n == want }
}

// TestBothSides is one suite for a car in this process and one behind a
// socket.
func TestBothSides(t *testing.T) {
	sides := map[string]func(t *testing.T, r *rig) rpc.Vehicle{
		"local": func(_ *testing.T, r *rig) rpc.Vehicle { return r.local },
		"socket": func(t *testing.T, r *rig) rpc.Vehicle {
			socket := filepath.Join(t.TempDir(), "vehicle.sock")
			r.serve(t, socket, rpc.All())
			return dial(t, socket, vehicle.Speed)
		},
	}
	for name, side := range sides {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			suite(t, r, side(t, r))
		})
	}
}

func suite(t *testing.T, r *rig, car rpc.Vehicle) {
	w, err := car.Watch(vehicle.Speed, vehicle.LightSwitch)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	until(t, w, "at first", func(s []vehicle.Sample) bool { return len(s) == 2 && s[0].Quality == vehicle.Unknown })
	r.report(vehicle.Speed, vehicle.NumberOf(50), time.Hour)
	got := until(t, w, "a report", number(50))
	want := r.store.Sample(time.Now(), vehicle.Speed)
	if !got[0].Source.Equal(want.Source) || !got[0].Since.Equal(want.Since) {
		t.Errorf("got times %v, %v, want %v, %v", got[0].Source, got[0].Since, want.Source, want.Since)
	}
	r.report(vehicle.LightSwitch, vehicle.TextOf("AUTO"), time.Hour)
	until(t, w, "a text", func(s []vehicle.Sample) bool { text, ok := s[1].Text(); return ok && text == "AUTO" })
	deadline := time.Now().Add(time.Minute)
	for s := car.Sample(time.Now(), vehicle.Speed); s.Value != vehicle.NumberOf(50); s = car.Sample(time.Now(), vehicle.Speed) {
		if time.Now().After(deadline) {
			t.Fatalf("Sample: got %+v, want 50", s)
		}
	}
	r.report(vehicle.Speed, vehicle.NumberOf(60), time.Nanosecond) // stale at once
	until(t, w, "stale", func(s []vehicle.Sample) bool {
		r.store.Sweep(time.Now())
		return s[0].Quality == vehicle.Stale && s[0].Value == vehicle.NumberOf(60)
	})
	if _, err := car.Watch("Vehicle.NoSuch"); err == nil || !strings.Contains(err.Error(), "Vehicle.NoSuch") {
		t.Errorf("got %v, want an error that names the path", err)
	}
	asks(t, r, car, w)
}

func asks(t *testing.T, r *rig, car rpc.Vehicle, w rpc.Watch) {
	command := vehicle.Command{Path: vehicle.LightSwitch, Value: vehicle.TextOf("OFF"), Origin: "hmi"}
	if o := car.Ask(t.Context(), command); o.State != vehicle.Done {
		t.Errorf("got %v, want done", o)
	}
	r.act <- &vehicle.Refusal{Path: vehicle.LightSwitch, Reason: "the car says no"}
	command.Value = vehicle.TextOf("AUTO")
	if o := car.Ask(t.Context(), command); o.State != vehicle.Refused || o.Reason != "the car says no" {
		t.Errorf("got %v, want the car's no", o)
	}
	command.Value = vehicle.TextOf("DISCO")
	if o := car.Ask(t.Context(), command); o.State != vehicle.Refused {
		t.Errorf("got %v, want a refusal", o)
	}
	// What is asked for is seen while it is under way: on a busy machine that
	// must be longer.
	command.Value, command.Within = vehicle.TextOf("AUTO"), 50*time.Millisecond
	for seen := false; !seen; command.Within *= 4 {
		if command.Within > time.Minute {
			t.Fatal("what is asked for is not seen")
		}
		r.act <- errors.New("half sent")
		asked := make(chan vehicle.Outcome, 1)
		go func() { asked <- car.Ask(t.Context(), command) }()
		var o vehicle.Outcome
		for under := true; under; {
			seen = seen || w.Read(time.Now(), nil)[1].Asked == vehicle.TextOf("AUTO")
			select {
			case <-w.C():
			case o = <-asked:
				under = false
			}
		}
		if o.State != vehicle.Uncertain || o.Took < command.Within {
			t.Errorf("got %v after %v, want may have happened", o, o.Took)
		}
	}
}

// TestServerGone: what was valid is stale at once, a command that could not be
// sent is refused, and a server that comes back is found again.
func TestServerGone(t *testing.T) {
	r := newRig(t)
	socket := filepath.Join(t.TempDir(), "vehicle.sock")
	c := dial(t, socket, vehicle.Speed) // before the server
	w, err := c.Watch(vehicle.Speed)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.report(vehicle.Speed, vehicle.NumberOf(50), time.Hour)
	end := r.serve(t, socket, rpc.All())
	until(t, w, "found", number(50))
	end()
	until(t, w, "gone", func(s []vehicle.Sample) bool {
		return s[0].Quality == vehicle.Stale && s[0].Value == vehicle.NumberOf(50)
	})
	// The client's other call, and its connection, notice on their own: until
	// then a command may have happened, and never has.
	deadline := time.Now().Add(time.Minute)
	for {
		_, valid := c.Sample(time.Now(), vehicle.Speed).Number()
		o := c.Ask(t.Context(), vehicle.Command{Path: vehicle.HornIsActive, Value: vehicle.BoolOf(true)})
		if o.State == vehicle.Done {
			t.Fatal("a server that is gone has sounded the horn")
		}
		if o.State == vehicle.Refused && !valid {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v and a valid speed: %t; want a refusal, since nothing can have been sent, and none", o, valid)
		}
	}
	r.serve(t, socket, rpc.All())
	until(t, w, "back", number(50))
}

// TestSilence: a server that hangs is as good as gone after a second, and the
// reader need not be woken to know.
func TestSilence(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	real, hung := filepath.Join(dir, "real.sock"), filepath.Join(dir, "hung.sock")
	r.serve(t, real, rpc.All())
	r.report(vehicle.Speed, vehicle.NumberOf(50), time.Hour)
	stop := relay(t, hung, real)
	c := dial(t, hung)
	w, err := c.Watch(vehicle.Speed)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	until(t, w, "through the relay", number(50))
	if s := w.Read(time.Now().Add(1100*time.Millisecond), nil); s[0].Quality != vehicle.Stale {
		t.Errorf("got %v a second after the last word, want stale", s[0].Quality)
	}
	stop()
	until(t, w, "silent", func(s []vehicle.Sample) bool { return s[0].Quality == vehicle.Stale })
}

// relay passes bytes on until stop, and then holds them back with the
// connections open.
func relay(t *testing.T, from, to string) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", from)
	if err != nil {
		t.Fatal(err)
	}
	halt := make(chan struct{})
	var conns []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		var pumps []chan struct{}
		for {
			a, err := l.Accept()
			if err != nil {
				break
			}
			b, err := net.Dial("unix", to)
			if err != nil {
				a.Close()
				continue
			}
			conns = append(conns, a, b)
			for _, p := range [][2]net.Conn{{a, b}, {b, a}} {
				end := make(chan struct{})
				pumps = append(pumps, end)
				go func() {
					defer close(end)
					buf := make([]byte, 4096)
					for {
						n, err := p[0].Read(buf)
						if err != nil {
							return
						}
						select {
						case <-halt:
						default:
							p[1].Write(buf[:n])
						}
					}
				}()
			}
		}
		for _, c := range conns {
			c.Close()
		}
		for _, p := range pumps {
			<-p
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return func() { close(halt) }
}

func TestPhonePolicy(t *testing.T) {
	r := newRig(t)
	socket := filepath.Join(t.TempDir(), "vehicle.sock")
	p := rpc.Phone()
	p.Commands = 5
	r.serve(t, socket, p)
	c := dial(t, socket, vehicle.Speed)
	if _, err := c.Watch(vehicle.HornIsActive); err == nil || !strings.Contains(err.Error(), "may not be read") {
		t.Errorf("got %v, want that the horn may not be read", err)
	}
	park := func(kmh, gear float64) {
		r.report(vehicle.Speed, vehicle.NumberOf(kmh), time.Hour)
		r.report(vehicle.CurrentGear, vehicle.NumberOf(gear), time.Hour)
	}
	warm := vehicle.Command{Path: vehicle.ClimateDriverTemperature, Value: vehicle.NumberOf(21), Origin: "phone:td1"}
	lock := vehicle.Command{Path: vehicle.DoorRow1DriverIsLocked, Value: vehicle.BoolOf(true), Origin: "phone:td1"}
	unlock := lock
	unlock.Value = vehicle.BoolOf(false)
	horn := vehicle.Command{Path: vehicle.HornIsActive, Value: vehicle.BoolOf(true), Origin: "phone:td1"}
	light := vehicle.Command{Path: vehicle.LightSwitch, Value: vehicle.TextOf("OFF"), Origin: "phone:td1"}
	screen := warm
	screen.Origin = "hmi"
	nobody := warm
	nobody.Origin = ""
	long := warm
	long.Within = time.Hour
	steps := []struct {
		name string
		do   func()
		c    vehicle.Command
		want string // "": done
	}{
		{"nothing is known of the car", func() {}, warm, "only for a parked car"},
		{"moving", func() { park(50, 1) }, warm, "only for a parked car"},
		{"standing in D", func() { park(0, 1) }, warm, "only for a parked car"},
		{"parked", func() { park(0, vehicle.GearPark) }, warm, ""},
		{"lock", func() {}, lock, ""},
		{"unlock", func() {}, unlock, "may not be set to false"},
		{"horn", func() {}, horn, "may not be asked for"},
		{"lights", func() {}, light, "may not be asked for"},
		{"as the screen", func() {}, screen, "not taken here"},
		{"as nobody", func() {}, nobody, "not taken here"},
		{"waits an hour", func() {}, long, "at most"},
		{"third", func() {}, warm, ""},
		{"fourth", func() {}, warm, ""},
		{"fifth", func() {}, warm, ""},
		{"sixth within a minute", func() {}, warm, "wait a minute"},
	}
	for _, s := range steps {
		s.do()
		o := c.Ask(t.Context(), s.c)
		switch {
		case s.want == "" && o.State != vehicle.Done:
			t.Errorf("%s: got %v, want done", s.name, o)
		case s.want != "" && (o.State != vehicle.Refused || !strings.Contains(o.Reason, s.want)):
			t.Errorf("%s: got %v, want refused: %s", s.name, o, s.want)
		}
	}
}

func TestListen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run", "vehicle.sock")
	l, err := rpc.Listen(path, 0o660)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o660 {
		t.Errorf("got mode %v, want 0660", info.Mode())
	}
	if _, err := rpc.Listen(path, 0o660); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v, want that somebody answers", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as after a crash
	l.Close()
	l, err = rpc.Listen(path, 0o660)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	file := filepath.Join(dir, "file")
	os.WriteFile(file, []byte("x"), 0o600)
	if _, err := rpc.Listen(file, 0o600); err == nil {
		t.Error("a file was replaced by a socket")
	}
}

// TestSignOfLife: a server with nothing to say says so.
func TestSignOfLife(t *testing.T) {
	r := newRig(t)
	socket := filepath.Join(t.TempDir(), "vehicle.sock")
	r.serve(t, socket, rpc.All())
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream, err := vehiclepb.NewVehicleClient(conn).Watch(ctx, &vehiclepb.WatchRequest{Paths: []string{string(vehicle.Speed)}})
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for empty < 3 {
		m, err := stream.Recv()
		if err != nil {
			t.Fatalf("got %d signs of life, then %v", empty, err)
		}
		if len(m.GetSamples()) == 0 {
			empty++
		}
	}
}

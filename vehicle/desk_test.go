package vehicle_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/vehicle"
)

// carFunc is a car that does what the function does.
type carFunc func(ctx context.Context, c vehicle.Command) error

func (f carFunc) Actuate(ctx context.Context, c vehicle.Command) error { return f(ctx, c) }

// desk runs a Desk on a car in a bubble until use returns.
func desk(t *testing.T, car func(s *vehicle.Store) carFunc, use func(t *testing.T, s *vehicle.Store, d *vehicle.Desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		d, err := vehicle.NewDesk(vehicle.DeskConfig{Store: s, Actuator: car(s)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		use(t, s, d)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if s.Sample(time.Now(), vehicle.Speed).Asked != (vehicle.Value{}) {
			t.Error("Asked is still set after Run ended")
		}
	})
}

// follows reports what is asked after a delay.
func follows(after time.Duration) func(s *vehicle.Store) carFunc {
	return func(s *vehicle.Store) carFunc {
		return func(_ context.Context, c vehicle.Command) error {
			go func() {
				time.Sleep(after)
				report(s, time.Now(), c.Path, c.Value)
			}()
			return nil
		}
	}
}

func deaf(*vehicle.Store) carFunc {
	return func(context.Context, vehicle.Command) error { return nil }
}

func ask(v float64) vehicle.Command {
	return vehicle.Command{Path: vehicle.Speed, Value: vehicle.NumberOf(v)}
}

func TestDoneWhenTheReportFollows(t *testing.T) {
	desk(t, follows(300*time.Millisecond), func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		go func() {
			time.Sleep(200 * time.Millisecond)
			if got := s.Sample(time.Now(), vehicle.Speed); got.Asked != vehicle.NumberOf(40) || got.Value == got.Asked {
				t.Errorf("under way: got %+v, want 40 asked and not there yet", got)
			}
		}()
		o := d.Ask(t.Context(), ask(40))
		if o.State != vehicle.Done || o.Took != 300*time.Millisecond || o.Reason != "" {
			t.Errorf("got %v after %v, want done after 300 ms", o, o.Took)
		}
		if got := s.Sample(time.Now(), vehicle.Speed); got.Asked != (vehicle.Value{}) {
			t.Errorf("asked is %v after the end, want none", got.Asked)
		}
	})
}

func TestUncertainAtTheDeadline(t *testing.T) {
	for _, c := range []struct{ within, want time.Duration }{{0, 2 * time.Second}, {500 * time.Millisecond, 500 * time.Millisecond}} {
		desk(t, deaf, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
			cmd := ask(40)
			cmd.Within = c.within
			o := d.Ask(t.Context(), cmd)
			if o.State != vehicle.Uncertain || o.Took != c.want || !strings.Contains(o.Reason, "may have happened") {
				t.Errorf("got %v after %v, want uncertain after %v", o, o.Took, c.want)
			}
			if got := s.Sample(time.Now(), vehicle.Speed).Asked; got != (vehicle.Value{}) {
				t.Errorf("asked is %v after the end", got)
			}
		})
	}
}

func TestToleranceOfTheReport(t *testing.T) {
	for _, c := range []struct {
		cmd  vehicle.Command
		got  vehicle.Value
		want vehicle.OutcomeState
	}{
		{ask(40), vehicle.NumberOf(40.5), vehicle.Done}, // tolerance 0.5
		{ask(40), vehicle.NumberOf(39.5), vehicle.Done},
		{ask(40), vehicle.NumberOf(40.51), vehicle.Uncertain},
		{ask(40), vehicle.NumberOf(39.49), vehicle.Uncertain},
		{vehicle.Command{Path: vehicle.CurrentGear, Value: vehicle.NumberOf(1000)}, vehicle.NumberOf(1001), vehicle.Done}, // none given: 1e-3
		{vehicle.Command{Path: vehicle.CurrentGear, Value: vehicle.NumberOf(1000)}, vehicle.NumberOf(1001.1), vehicle.Uncertain},
		{vehicle.Command{Path: vehicle.CurrentGear, Value: vehicle.NumberOf(0)}, vehicle.NumberOf(0.001), vehicle.Uncertain},
		{vehicle.Command{Path: mode, Value: vehicle.TextOf("A")}, vehicle.TextOf("A"), vehicle.Done},
		{vehicle.Command{Path: mode, Value: vehicle.TextOf("A")}, vehicle.TextOf("B"), vehicle.Uncertain},
		{vehicle.Command{Path: flag, Value: vehicle.BoolOf(false)}, vehicle.BoolOf(false), vehicle.Done},
		{vehicle.Command{Path: flag, Value: vehicle.BoolOf(false)}, vehicle.BoolOf(true), vehicle.Uncertain},
	} {
		car := func(s *vehicle.Store) carFunc {
			return func(_ context.Context, cmd vehicle.Command) error {
				report(s, time.Now(), cmd.Path, c.got)
				return nil
			}
		}
		desk(t, car, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
			if o := d.Ask(t.Context(), c.cmd); o.State != c.want {
				t.Errorf("asked %v, reported %v: got %v, want %v", c.cmd.Value, c.got, o, c.want)
			}
		})
	}
}

func TestAnInvalidReportDoesNotFulfil(t *testing.T) {
	car := func(s *vehicle.Store) carFunc {
		return func(context.Context, vehicle.Command) error {
			report(s, time.Now(), vehicle.Speed, vehicle.NumberOf(40))
			s.Report(time.Now(), []vehicle.Report{{ID: 0, Quality: vehicle.Invalid}})
			return nil
		}
	}
	desk(t, car, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		if o := d.Ask(t.Context(), ask(40)); o.State != vehicle.Uncertain {
			t.Errorf("got %v, want uncertain", o)
		}
	})
}

// A cyclic report from before the command must not fulfil it; the first one
// after it does. A signal that is reported on change only has no other.
func TestTheReportMustBeNewerThanTheCommand(t *testing.T) {
	for _, c := range []struct {
		ttl  time.Duration
		want time.Duration
	}{{time.Minute, 700 * time.Millisecond}, {0, 0}} {
		desk(t, deaf, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
			reportFor(s, time.Now(), vehicle.Speed, vehicle.NumberOf(40), c.ttl)
			go func() {
				time.Sleep(700 * time.Millisecond)
				reportFor(s, time.Now(), vehicle.Speed, vehicle.NumberOf(40), c.ttl)
			}()
			if o := d.Ask(t.Context(), ask(40)); o.State != vehicle.Done || o.Took != c.want {
				t.Errorf("time to live %v: got %v after %v, want done after %v", c.ttl, o, o.Took, c.want)
			}
			time.Sleep(time.Second)
		})
	}
}

func TestRefusedBeforeAnythingIsSent(t *testing.T) {
	sent := 0
	car := func(*vehicle.Store) carFunc {
		return func(context.Context, vehicle.Command) error { sent++; return nil }
	}
	desk(t, car, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		for _, c := range []struct {
			path vehicle.Path
			v    vehicle.Value
			want string
		}{
			{"Vehicle.Nowhere", vehicle.NumberOf(1), "this car has no such signal"},
			{open, vehicle.TextOf("x"), "it can be read, not asked for"},
			{vehicle.Speed, vehicle.BoolOf(true), "it takes a number; yes or no was asked for"},
			{vehicle.Speed, vehicle.Value{}, "it takes a number; nothing was asked for"},
			{vehicle.Speed, vehicle.NumberOf(250.5), "it takes 0 to 250 km/h; 250.5 was asked for"},
			{vehicle.Speed, vehicle.NumberOf(-1), "it takes 0 to 250 km/h; -1 was asked for"},
			{vehicle.Speed, vehicle.NumberOf(math.NaN()), "it takes a finite number"},
			{vehicle.CurrentGear, vehicle.NumberOf(math.Inf(-1)), "it takes a finite number"},
			{mode, vehicle.TextOf("D"), `it takes A, B or C; "D" was asked for`},
			{flag, vehicle.NumberOf(1), "it takes yes or no; a number was asked for"},
		} {
			o := d.Ask(t.Context(), vehicle.Command{Path: c.path, Value: c.v})
			if o.State != vehicle.Refused || o.Reason != c.want {
				t.Errorf("%s = %v: got %v, want refused: %s", c.path, c.v, o, c.want)
			}
		}
	})
	if sent != 0 {
		t.Errorf("%d refused commands were sent", sent)
	}
}

func TestErrorsOfTheActuator(t *testing.T) {
	refuse := func(*vehicle.Store) carFunc {
		return func(context.Context, vehicle.Command) error {
			return errors.Join(&vehicle.Refusal{Path: vehicle.Speed, Reason: "only when parked"})
		}
	}
	desk(t, refuse, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		if o := d.Ask(t.Context(), ask(40)); o.State != vehicle.Refused || o.Reason != "only when parked" || o.Took != 0 {
			t.Errorf("got %v after %v, want refused at once", o, o.Took)
		}
	})
	broken := errors.New("no buffer space")
	failing := func(*vehicle.Store) carFunc {
		return func(context.Context, vehicle.Command) error { return broken }
	}
	desk(t, failing, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		o := d.Ask(t.Context(), ask(40))
		if o.State != vehicle.Uncertain || !strings.Contains(o.Reason, broken.Error()) || o.Took != 2*time.Second {
			t.Errorf("got %v, want uncertain with the error at the deadline", o)
		}
		go func() {
			time.Sleep(time.Second)
			report(s, time.Now(), vehicle.Speed, vehicle.NumberOf(41))
		}()
		if o := d.Ask(t.Context(), ask(41)); o.State != vehicle.Done {
			t.Errorf("got %v, want done: it did happen", o)
		}
	})
}

func TestANewerCommandReplacesTheOlder(t *testing.T) {
	desk(t, follows(time.Second), func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		var wg sync.WaitGroup
		wg.Go(func() {
			o := d.Ask(t.Context(), ask(40))
			if o.State != vehicle.Uncertain || o.Took != 100*time.Millisecond || !strings.Contains(o.Reason, "newer") {
				t.Errorf("older: got %v after %v, want uncertain after 100 ms", o, o.Took)
			}
		})
		time.Sleep(100 * time.Millisecond)
		wg.Go(func() { // another signal is not in the way
			if o := d.Ask(t.Context(), vehicle.Command{Path: flag, Value: vehicle.BoolOf(true)}); o.State != vehicle.Done {
				t.Errorf("other signal: got %v, want done", o)
			}
		})
		wg.Go(func() {
			time.Sleep(10 * time.Millisecond)
			if got := s.Sample(time.Now(), vehicle.Speed).Asked; got != vehicle.NumberOf(50) {
				t.Errorf("asked is %v, want the newer 50", got)
			}
		})
		if o := d.Ask(t.Context(), ask(50)); o.State != vehicle.Done || o.Took != time.Second {
			t.Errorf("newer: got %v after %v, want done", o, o.Took)
		}
		wg.Wait()
	})
}

// slow takes a second to send anything.
func slow(sent *[]vehicle.Value) func(*vehicle.Store) carFunc {
	return func(s *vehicle.Store) carFunc {
		return func(ctx context.Context, c vehicle.Command) error {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return ctx.Err()
			}
			*sent = append(*sent, c.Value)
			report(s, time.Now(), c.Path, c.Value)
			return nil
		}
	}
}

func TestWhatWasNotSentIsRefused(t *testing.T) {
	var sent []vehicle.Value
	desk(t, slow(&sent), func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		var wg sync.WaitGroup
		expect := func(name string, c vehicle.Command, ctx context.Context, want vehicle.OutcomeState, reason string, took time.Duration) {
			wg.Go(func() {
				o := d.Ask(ctx, c)
				if o.State != want || !strings.Contains(o.Reason, reason) || o.Took != took {
					t.Errorf("%s: got %v after %v, want %v: %s after %v", name, o, o.Took, want, reason, took)
				}
			})
			time.Sleep(10 * time.Millisecond)
		}
		leaving, leave := context.WithCancel(t.Context())
		expect("being sent", vehicle.Command{Path: flag, Value: vehicle.BoolOf(true)}, t.Context(), vehicle.Done, "", time.Second)
		expect("replaced", ask(40), t.Context(), vehicle.Refused, "replaced it before it was sent", 10*time.Millisecond)
		expect("replacing", ask(50), t.Context(), vehicle.Done, "", 1980*time.Millisecond)
		expect("left", vehicle.Command{Path: mode, Value: vehicle.TextOf("A")}, leaving, vehicle.Refused, "withdrawn", 10*time.Millisecond)
		leave()
		expect("late", vehicle.Command{Path: vehicle.CurrentGear, Value: vehicle.NumberOf(1), Within: 500 * time.Millisecond}, t.Context(),
			vehicle.Refused, "could not be sent in time", 500*time.Millisecond)
		wg.Wait()
		time.Sleep(5 * time.Second)
		for _, p := range []vehicle.Path{vehicle.Speed, flag, mode, vehicle.CurrentGear} {
			if got := s.Sample(time.Now(), p).Asked; got != (vehicle.Value{}) {
				t.Errorf("%s is still asked for: %v", p, got)
			}
		}
	})
	if len(sent) != 2 || sent[0] != vehicle.BoolOf(true) || sent[1] != vehicle.NumberOf(50) {
		t.Errorf("sent %v, want true and 50", sent)
	}
}

func TestAnAskerWhoLeavesAfterItWasSent(t *testing.T) {
	desk(t, deaf, func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if o := d.Ask(ctx, ask(40)); o.State != vehicle.Uncertain || o.Took != 300*time.Millisecond {
			t.Errorf("got %v after %v, want uncertain after 300 ms", o, o.Took)
		}
		time.Sleep(5 * time.Second)
		if got := s.Sample(time.Now(), vehicle.Speed).Asked; got != (vehicle.Value{}) {
			t.Errorf("asked is %v long after the deadline", got)
		}
	})
}

func TestTheDeskEnds(t *testing.T) {
	var sent []vehicle.Value
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		d, err := vehicle.NewDesk(vehicle.DeskConfig{Store: s, Actuator: slow(&sent)(s), Queue: 2})
		if err != nil {
			t.Fatal(err)
		}
		if o := d.Ask(t.Context(), ask(1)); o.State != vehicle.Refused || o.Took != vehicle.DefaultWithin {
			t.Errorf("before Run: got %v after %v, want refused after the deadline", o, o.Took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		time.Sleep(time.Millisecond)
		var wg sync.WaitGroup
		for i, want := range []vehicle.OutcomeState{vehicle.Uncertain, vehicle.Refused} {
			cmd := []vehicle.Command{ask(2), {Path: flag, Value: vehicle.BoolOf(true)}}[i]
			wg.Go(func() {
				if o := d.Ask(t.Context(), cmd); o.State != want {
					t.Errorf("command %d when the desk ends: got %v, want %v", i, o, want)
				}
			})
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		wg.Wait()
		if o := d.Ask(t.Context(), ask(3)); o.State != vehicle.Refused || o.Took != 0 {
			t.Errorf("after the end: got %v after %v, want refused at once", o, o.Took)
		}
		if err := d.Run(t.Context()); err == nil {
			t.Error("a second Run began")
		}
		for _, p := range []vehicle.Path{vehicle.Speed, flag} {
			if got := s.Sample(time.Now(), p).Asked; got != (vehicle.Value{}) {
				t.Errorf("%s is still asked for: %v", p, got)
			}
		}
	})
	if len(sent) != 0 {
		t.Errorf("sent %v, want nothing", sent)
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		d, err := vehicle.NewDesk(vehicle.DeskConfig{Store: s, Actuator: deaf(s), Queue: 2})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 2 { // nobody runs the desk: they wait
			wg.Go(func() { d.Ask(t.Context(), ask(1)) })
		}
		synctest.Wait()
		if o := d.Ask(t.Context(), ask(1)); o.State != vehicle.Refused || !strings.Contains(o.Reason, "too many") || o.Took != 0 {
			t.Errorf("got %v, want refused at once", o)
		}
		wg.Wait()
	})
}

func TestNewDeskNeedsItsParts(t *testing.T) {
	s := newStore(t)
	for _, c := range []vehicle.DeskConfig{{}, {Store: s}, {Actuator: deaf(s)}} {
		if _, err := vehicle.NewDesk(c); err == nil {
			t.Errorf("%+v: got a desk", c)
		}
	}
}

// Many askers at once: every Ask ends, and the last wish of each signal stands.
func TestManyAskers(t *testing.T) {
	desk(t, follows(5*time.Millisecond), func(t *testing.T, s *vehicle.Store, d *vehicle.Desk) {
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7+1)*time.Millisecond)
				defer cancel()
				time.Sleep(time.Duration(i%50) * time.Millisecond)
				d.Ask(ctx, ask(float64(i)))
			})
		}
		wg.Wait()
		time.Sleep(3 * time.Second)
		if o := d.Ask(t.Context(), ask(77)); o.State != vehicle.Done {
			t.Errorf("after the crowd: got %v, want done", o)
		}
	})
}

package cmd_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/cmd"
	"tandem/phonelink/node"
	"tandem/vehicle"
)

// parked is a car that stands.
type parked struct{}

func (parked) Sample(now time.Time, p vehicle.Path) vehicle.Sample {
	var v vehicle.Value
	switch p {
	case vehicle.Speed:
		v = vehicle.NumberOf(0)
	case vehicle.CurrentGear:
		v = vehicle.NumberOf(vehicle.GearPark)
	case vehicle.IsParkLockEngaged:
		v = vehicle.BoolOf(true)
	case vehicle.StateOfChargeDisplayed:
		v = vehicle.NumberOf(64)
	default:
		return vehicle.Sample{}
	}
	return vehicle.Sample{Value: v, Quality: vehicle.Valid, Source: now, Since: now}
}

func (parked) Ask(_ context.Context, c vehicle.Command) vehicle.Outcome {
	return vehicle.Outcome{State: vehicle.Done}
}

// startCar runs a car's phone link.
func startCar(t *testing.T, askFirst bool) *node.Node {
	t.Helper()
	n, err := node.New(node.Config{Data: t.TempDir(), Name: "Tandem One", Model: "car", Listen: "127.0.0.1:0", Car: parked{}, AskFirst: askFirst})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the car: %v", err)
		}
	})
	return n
}

// until waits for a View that satisfies good.
func until(t *testing.T, s phonelink.Service, what string, good func(*phonelink.View) bool) *phonelink.View {
	t.Helper()
	w := s.Watch()
	defer w.Close()
	giveUp := time.After(2 * time.Minute)
	for {
		if v := w.View(); good(v) {
			return v
		}
		select {
		case <-w.C():
		case <-giveUp:
			t.Fatalf("waited in vain for %s; last: %+v", what, w.View())
		}
	}
}

// TestPhoneWithCar pairs with a real car's phone link by the digits, and hands
// music there and back, each command as a process of its own would do it.
func TestPhoneWithCar(t *testing.T) {
	carNode := startCar(t, false)
	s := pairedShell(t, carNode)
	if out := s.must("car"); !strings.Contains(out, "64 %") || !strings.Contains(out, "parked") {
		t.Errorf("car: got %q", out)
	}
	if out := s.must("go", "52.5251,13.3694", "Berlin Hbf"); !strings.Contains(out, "Tandem One") {
		t.Errorf("go: got %q", out)
	}
	v := until(t, carNode, "the destination", func(v *phonelink.View) bool { return len(v.Sessions) == 1 && v.Sessions[0].Local })
	if got := v.Sessions[0].Title; got != "Berlin Hbf" {
		t.Errorf("destination in the car: got %q", got)
	}
	if out := s.must("back", "berlin"); !strings.Contains(out, ": here") {
		t.Errorf("back: got %q", out)
	}
	s.must("draft", "write", "--to", "Ada", "late")
	if out, errs, err := s.run("", "send", "ada"); err != nil || !strings.Contains(out, "Tandem One") || errs != "" {
		t.Errorf("send a message: got %q, %q, %v", out, errs, err)
	}
}

// pairedShell is a phone's that has paired with the car by the digits.
func pairedShell(t *testing.T, carNode *node.Node) *shell {
	t.Helper()
	until(t, carNode, "the car", func(v *phonelink.View) bool { return !v.Locked })
	if err := carNode.Do(t.Context(), phonelink.OpenPairing{}); err != nil {
		t.Fatal(err)
	}
	go func() {
		w := carNode.Watch()
		defer w.Close()
		for range w.C() {
			if p := w.View().Pairing; p != nil && len(p.Tries) > 0 && p.Tries[0].Code != "" {
				_ = carNode.Do(context.Background(), phonelink.Confirm{Device: p.Tries[0].Device, Accept: true})
				return
			}
		}
	}()
	s := newShell(t, nil)
	s.open = func(data, name string) (cmd.PhoneNode, error) { return cmd.OpenPhoneNode(data, name, "127.0.0.1:0") }
	out, errs, err := s.run("y\n", "pair", "--code", carNode.Addr().String())
	if err != nil || !strings.Contains(out, "paired with Tandem One") {
		t.Fatalf("pair: got %q, %q, %v", out, errs, err)
	}
	return s
}

// sent are the offers in the car that a phone made.
func sent(v *phonelink.View) []phonelink.Offer {
	return slices.DeleteFunc(slices.Clone(v.Offers), func(o phonelink.Offer) bool { return o.Why != phonelink.OfferSent })
}

// decide answers the next offer in the car that a phone made.
func decide(t *testing.T, carNode *node.Node, yes bool) {
	t.Helper()
	v := until(t, carNode, "an offer", func(v *phonelink.View) bool { return len(sent(v)) == 1 })
	id := sent(v)[0].Session.ID
	var r phonelink.Request = phonelink.Decline{Session: id}
	if yes {
		r = phonelink.Accept{Session: id}
	}
	if err := carNode.Do(t.Context(), r); err != nil {
		t.Error(err)
	}
}

// TestPhoneOffers sends to a car that asks its driver first, who says yes after
// a while, says no, or says nothing.
func TestPhoneOffers(t *testing.T) {
	carNode := startCar(t, true)
	s := pairedShell(t, carNode)
	type end struct {
		out, errs string
		err       error
	}
	run := func(args ...string) <-chan end {
		done := make(chan end, 1)
		go func() {
			out, errs, err := s.run("", args...)
			done <- end{out, errs, err}
		}()
		return done
	}
	code := func(err error) int {
		var coded interface{ CommandExit() int }
		if errors.As(err, &coded) {
			return coded.CommandExit()
		}
		return 0
	}

	began := time.Now()
	going := run("go", "52.5251,13.3694", "Berlin Hbf")
	until(t, carNode, "an offer", func(v *phonelink.View) bool { return len(sent(v)) == 1 })
	<-time.After(time.Until(began.Add(4 * time.Second))) // to start, link and wait takes that long on a busy machine
	decide(t, carNode, true)
	if e := <-going; e.err != nil || !strings.Contains(e.out, "Tandem One") || !strings.Contains(e.errs, "waits for a yes in Tandem One") {
		t.Errorf("accepted late: got %+v", e)
	}
	going = run("go", "48.8584,2.2945", "Eiffel Tower")
	decide(t, carNode, false)
	if e := <-going; code(e.err) != 4 || !strings.Contains(e.err.Error(), "Tandem One declined navigation Eiffel Tower; it is kept here, as ") {
		t.Errorf("declined: got %+v, code %d", e, code(e.err))
	}
	if e := <-run("send", "eiffel", "--wait", "2s"); code(e.err) != 3 || !strings.Contains(e.err.Error(), "said yes within 2s; the offer is withdrawn") {
		t.Errorf("not answered: got %+v, code %d", e, code(e.err))
	}
	until(t, carNode, "no offer any more", func(v *phonelink.View) bool { return len(sent(v)) == 0 })
	if e := <-run("send", "eiffel", "--wait", "1h"); e.err == nil || !strings.Contains(e.err.Error(), "at most 2m0s") {
		t.Errorf("too long: got %+v", e)
	}
	song := wav(t, "song.wav", 1)
	going = run("file", song)
	decide(t, carNode, false)
	if e := <-going; e.err == nil || !strings.Contains(e.err.Error(), "it was declined there") {
		t.Errorf("a declined file: got %+v: %v", e, e.err)
	}
	going = run("file", song)
	decide(t, carNode, true)
	if e := <-going; e.err != nil || !strings.Contains(e.out, "song.wav: in Tandem One") {
		t.Errorf("an accepted file: got %+v", e)
	}
	ctx, stop := context.WithCancel(t.Context()) // the same through a running companion
	served := make(chan error, 1)
	go func() {
		_, _, err := s.runIn(ctx, "", "serve")
		served <- err
	}()
	s.listens()
	going = run("send", "eiffel")
	decide(t, carNode, false)
	if e := <-going; code(e.err) != 4 {
		t.Errorf("declined to the companion: got %+v, code %d", e, code(e.err))
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

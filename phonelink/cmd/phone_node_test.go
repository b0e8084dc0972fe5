package cmd_test

import (
	"context"
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
func startCar(t *testing.T) *node.Node {
	t.Helper()
	n, err := node.New(node.Config{Data: t.TempDir(), Name: "Tandem One", Model: "car", Listen: "127.0.0.1:0", Car: parked{}})
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
	giveUp := time.After(20 * time.Second)
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
	carNode := startCar(t)
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

package shell_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tandem/hmi"
	"tandem/hmi/shell"
	"tandem/vehicle"
)

// Wishes that driving forbids go nowhere, even if a control sent them.
func TestWishesAreForbiddenToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Driving)
		defer r.stop()
		unlock := hmi.Ask{Path: vehicle.DoorRow2DriverIsLocked, Value: vehicle.BoolOf(false)}
		lock := hmi.Ask{Path: vehicle.DoorRow2DriverIsLocked, Value: vehicle.BoolOf(true)}
		try := func(in hmi.Intent) {
			r.do(func() { r.s.DoForTest(in) })
			r.settle()
		}
		try(hmi.Choose{Name: "language", Value: "fr"})
		try(hmi.Choose{Name: "speed", Value: "mph"})
		try(unlock)
		if got := r.s.State().Settings; got != hmi.Defaults() || len(r.car.commands()) != 0 {
			t.Errorf("moving: settings %+v, commands %v, want neither changed", got, r.car.commands())
		}
		r.want(`text "Available when parked"`)
		try(hmi.Choose{Name: "light", Value: "day"})
		try(lock)
		try(hmi.Ask{Path: vehicle.IsAirConditioningActive, Value: vehicle.BoolOf(false)})
		if r.s.State().Night || len(r.car.commands()) != 2 {
			t.Errorf("moving: night %v, commands %v, want day, and a lock and a climate command", r.s.State().Night, r.car.commands())
		}
		r.car.report(0, values{vehicle.Speed: vehicle.NumberOf(0), vehicle.CurrentGear: vehicle.NumberOf(vehicle.GearPark)})
		r.settle()
		try(hmi.Choose{Name: "language", Value: "fr"})
		try(unlock)
		if got := r.s.State().Settings.Language; got != "fr" || len(r.car.commands()) != 3 {
			t.Errorf("parked: language %s, commands %v, want both done", got, r.car.commands())
		}
	})
}

// What was wrong before the shell started is in the lamps and the list; only
// what is new is told.
func TestOldTroubleIsNotNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, shell.Alarm)
		defer r.stop()
		r.want(`text "Airbag has fired"`)
		r.wantNot("Airbag has fired. ")
		r.car.report(0, values{vehicle.LightsBrakeIsDefect: vehicle.BoolOf(true)})
		r.settle()
		r.want("Brake light broken. Replace the lamp.")
	})
}

// slow is a car that never answers.
type slow struct{ hmi.Vehicle }

func (slow) Ask(ctx context.Context, _ vehicle.Command) vehicle.Outcome {
	<-ctx.Done()
	return vehicle.Outcome{State: vehicle.Uncertain}
}

// However much is asked of a silent car, the goroutines are bounded.
func TestWishesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		a := shell.NewAsker(ctx, slow{}, func() {})
		taken := 0
		for i := range 3 * shell.MaxAsks {
			if a.Ask(hmi.Ask{Path: vehicle.Path(fmt.Sprint(i)), Value: vehicle.BoolOf(true)}) {
				taken++
			}
		}
		if taken != shell.MaxAsks || !a.Ask(hmi.Ask{Path: "0", Value: vehicle.BoolOf(false)}) {
			t.Errorf("got %d taken, want %d, and a newer wish for one of them", taken, shell.MaxAsks)
		}
		a.Close()
		if a.Ask(hmi.Ask{Path: "new"}) {
			t.Error("a closed asker takes a wish")
		}
	})
}

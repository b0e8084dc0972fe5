// Package cmd is the vehicle room as a running part and as commands: what is
// known of a car and what may be asked of it, over buses that somebody else
// opened. It does not know where frames come from or who looks.
package cmd

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"tandem/canbus"
	"tandem/vehicle"
	"tandem/vehicle/carport"
)

// Config is what a Room is made of. Car is needed.
type Config struct {
	Car    *carport.Car
	Buses  map[string]canbus.Bus // by the car's names
	Store  *vehicle.Store        // nil: one of the car's signals is made
	Logger *slog.Logger          // nil: silent
}

// Room is one car's store, desk and port.
type Room struct {
	Store *vehicle.Store
	Desk  *vehicle.Desk
	Port  *carport.Port
}

// New makes a Room; Run starts it.
func New(c Config) (*Room, error) {
	if c.Car == nil {
		return nil, errors.New("vehicle: no car")
	}
	r := &Room{Store: c.Store}
	var err error
	if r.Store == nil {
		if r.Store, err = vehicle.NewStore(c.Car.Signals()); err != nil {
			return nil, err
		}
	}
	r.Port, err = carport.New(carport.Config{Car: c.Car, Store: r.Store, Buses: c.Buses, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	r.Desk, err = vehicle.NewDesk(vehicle.DeskConfig{Store: r.Store, Actuator: r.Port, Logger: c.Logger})
	return r, err
}

// Run moves frames and takes commands until ctx ends (nil) or a bus fails.
func (r *Room) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var portErr, deskErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		portErr = r.Port.Run(ctx)
	})
	wg.Go(func() {
		defer cancel()
		deskErr = r.Desk.Run(ctx)
	})
	wg.Wait()
	return errors.Join(portErr, deskErr)
}

// Serve makes a Room and runs it.
func Serve(ctx context.Context, c Config) error {
	r, err := New(c)
	if err != nil {
		return err
	}
	return r.Run(ctx)
}

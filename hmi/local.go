package hmi

import (
	"context"

	"tandem/vehicle"
)

// Local is a Vehicle in the same process: the store and the desk themselves.
type Local struct {
	Store *vehicle.Store
	Desk  *vehicle.Desk
}

var _ Vehicle = Local{}

// Watch is part of Vehicle.
func (l Local) Watch(paths ...vehicle.Path) (Watch, error) {
	w, err := l.Store.Watch(paths...)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Ask is part of Vehicle.
func (l Local) Ask(ctx context.Context, c vehicle.Command) vehicle.Outcome {
	return l.Desk.Ask(ctx, c)
}

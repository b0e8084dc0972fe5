// Package rpc is the car for another process of ours: tandem.vehicle.v1, gRPC
// over a unix socket. It carries quality, age and the outcome of a command,
// which public protocols (vehicle/kuksa, vehicle/viss) do not. It does not know
// the car.
//
//	store, desk <- Local <- Server <- Policy <- socket <- Client -> shell, phone link
//
// A Client is the same to its user as a Local. What differs is what a process
// border adds: when the server is gone, or silent for a second, every valid
// sample is Stale at once, and a command without an answer may have happened.
//
// grpc is the transport since all services between our processes use it: one
// dependency, with deadlines and flow control that have been tried.
package rpc

import (
	"context"
	"time"

	"tandem/vehicle"
	"tandem/vehicle/rpc/vehiclepb"
)

// Watch is a latest-value view of some signals, the one of *vehicle.Watch: C is
// readable when something changed since the last Read, and Read appends the
// samples in the order of the paths. One goroutine reads.
type Watch = interface {
	C() <-chan struct{}
	Read(now time.Time, dst []vehicle.Sample) []vehicle.Sample
	Close()
}

// Vehicle is the car, here or in another process. All is for any goroutine.
type Vehicle interface {
	Watch(paths ...vehicle.Path) (Watch, error)
	Sample(now time.Time, p vehicle.Path) vehicle.Sample
	Ask(ctx context.Context, c vehicle.Command) vehicle.Outcome
}

// Local is the car in this process.
type Local struct {
	Store *vehicle.Store
	Desk  *vehicle.Desk
}

var _, _ Vehicle = Local{}, (*Client)(nil)

// Watch is part of Vehicle.
func (l Local) Watch(paths ...vehicle.Path) (Watch, error) {
	w, err := l.Store.Watch(paths...)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Sample is part of Vehicle.
func (l Local) Sample(now time.Time, p vehicle.Path) vehicle.Sample { return l.Store.Sample(now, p) }

// Ask is part of Vehicle.
func (l Local) Ask(ctx context.Context, c vehicle.Command) vehicle.Outcome {
	return l.Desk.Ask(ctx, c)
}

func toValue(v vehicle.Value) *vehiclepb.Value {
	switch v.Type() {
	case vehicle.Bool:
		b, _ := v.Bool()
		return &vehiclepb.Value{Kind: &vehiclepb.Value_Bool{Bool: b}}
	case vehicle.Number:
		n, _ := v.Number()
		return &vehiclepb.Value{Kind: &vehiclepb.Value_Number{Number: n}}
	case vehicle.Text:
		t, _ := v.Text()
		return &vehiclepb.Value{Kind: &vehiclepb.Value_Text{Text: t}}
	case vehicle.List:
		t, _ := v.Text()
		return &vehiclepb.Value{Kind: &vehiclepb.Value_List{List: t}}
	}
	return nil
}

func fromValue(v *vehiclepb.Value) vehicle.Value {
	switch k := v.GetKind().(type) {
	case *vehiclepb.Value_Bool:
		return vehicle.BoolOf(k.Bool)
	case *vehiclepb.Value_Number:
		return vehicle.NumberOf(k.Number)
	case *vehiclepb.Value_Text:
		return vehicle.TextOf(k.Text)
	case *vehiclepb.Value_List:
		return vehicle.ListOf(k.List)
	}
	return vehicle.Value{}
}

func toTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromTime(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func toSample(i int, s vehicle.Sample) *vehiclepb.Sample {
	return &vehiclepb.Sample{
		Index: uint32(i), Value: toValue(s.Value), Quality: uint32(s.Quality),
		Source: toTime(s.Source), Since: toTime(s.Since), Asked: toValue(s.Asked),
	}
}

// fromSample takes a quality that it does not know for Invalid.
func fromSample(s *vehiclepb.Sample) vehicle.Sample {
	q := vehicle.Invalid
	if s.GetQuality() <= uint32(vehicle.Error) {
		q = vehicle.Quality(s.GetQuality())
	}
	return vehicle.Sample{
		Value: fromValue(s.GetValue()), Quality: q,
		Source: fromTime(s.GetSource()), Since: fromTime(s.GetSince()), Asked: fromValue(s.GetAsked()),
	}
}

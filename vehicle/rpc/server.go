package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tandem/vehicle"
	"tandem/vehicle/rpc/vehiclepb"
)

// Limits of a client, and how the two sides know of each other.
const (
	maxPaths   = 1024
	maxRequest = 64 << 10               // bytes
	maxStreams = 256                    // at once, on one connection
	heartbeat  = 250 * time.Millisecond // at least so often the server says something
	silence    = time.Second            // after that the client takes nothing for valid
)

// ServerConfig is what a Server works with; Vehicle is needed.
type ServerConfig struct {
	Vehicle Vehicle
	Policy  Policy
	Logger  *slog.Logger // nil: discard
}

// Server is the vehicle's side.
type Server struct {
	vehiclepb.UnimplementedVehicleServer
	car    Vehicle
	policy Policy
	log    *slog.Logger

	mu   sync.Mutex
	pace pace
}

// NewServer makes a Server; Run starts it.
func NewServer(c ServerConfig) (*Server, error) {
	if c.Vehicle == nil {
		return nil, errors.New("vehicle/rpc: a server needs a vehicle")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Policy.Commands <= 0 {
		c.Policy.Commands = 30
	}
	return &Server{car: c.Vehicle, policy: c.Policy, log: c.Logger, pace: pace{n: c.Policy.Commands}}, nil
}

// Run serves l until ctx ends, and closes it. Calls under way are cut off: a
// client takes what it knows for stale.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	g := grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest), grpc.MaxConcurrentStreams(maxStreams))
	vehiclepb.RegisterVehicleServer(g, s)
	stop := context.AfterFunc(ctx, g.Stop)
	defer stop()
	err := g.Serve(l)
	g.Stop()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serve the vehicle: %w", err)
}

// Watch is a call of a client.
func (s *Server) Watch(r *vehiclepb.WatchRequest, stream grpc.ServerStreamingServer[vehiclepb.Samples]) error {
	if len(r.GetPaths()) > maxPaths {
		return status.Errorf(codes.InvalidArgument, "watch: %d signals, want at most %d", len(r.GetPaths()), maxPaths)
	}
	paths := make([]vehicle.Path, len(r.GetPaths()))
	for i, p := range r.GetPaths() {
		paths[i] = vehicle.Path(p)
	}
	if no := s.policy.mayNotRead(paths); len(no) > 0 {
		return status.Errorf(codes.PermissionDenied, "watch: %s may not be read from here", no[0])
	}
	places := make([]int, 0, len(paths)) // in the request
	for i, p := range paths {
		if r.GetOptional() && !s.has(p) {
			continue
		}
		paths[len(places)] = p
		places = append(places, i)
	}
	w, err := s.car.Watch(paths[:len(places)]...)
	if err != nil {
		return status.Error(codes.NotFound, err.Error())
	}
	defer w.Close()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var now, sent []vehicle.Sample
	for {
		now = w.Read(time.Now(), now[:0])
		var m vehiclepb.Samples
		for i, v := range now {
			if i >= len(sent) || v != sent[i] {
				m.Samples = append(m.Samples, toSample(places[i], v))
			}
		}
		if err := stream.Send(&m); err != nil { // waits while the client is late
			return err
		}
		sent = append(sent[:0], now...)
		select {
		case <-stream.Context().Done():
			return nil
		case <-w.C():
		case <-tick.C: // what went stale, and a sign of life
		}
	}
}

// has reports whether the car has a signal.
func (s *Server) has(p vehicle.Path) bool {
	w, err := s.car.Watch(p)
	if err != nil {
		return false
	}
	w.Close()
	return true
}

// Ask is a call of a client.
func (s *Server) Ask(ctx context.Context, r *vehiclepb.Command) (*vehiclepb.Outcome, error) {
	c := vehicle.Command{
		Path: vehicle.Path(r.GetPath()), Value: fromValue(r.GetValue()),
		Origin: r.GetOrigin(), Within: time.Duration(r.GetWithin()),
	}
	if reason := s.refuses(c); reason != "" {
		s.log.Warn("command refused", "path", c.Path, "value", c.Value, "origin", c.Origin, "reason", reason)
		return &vehiclepb.Outcome{State: uint32(vehicle.Refused), Reason: reason}, nil
	}
	o := s.car.Ask(ctx, c)
	return &vehiclepb.Outcome{State: uint32(o.State), Reason: o.Reason, Took: int64(o.Took)}, nil
}

func (s *Server) refuses(c vehicle.Command) string {
	const most = time.Minute
	if c.Within < 0 || c.Within > most {
		return fmt.Sprintf("a command waits at most %s", most)
	}
	now := time.Now()
	if reason := s.policy.refuses(c, func() bool { return vehicle.Parked(now, s.car) }); reason != "" {
		return reason
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pace.take(now, c.Origin) {
		return "too many commands; wait a minute"
	}
	return ""
}

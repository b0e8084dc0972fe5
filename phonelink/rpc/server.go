package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tandem/phonelink"
	"tandem/phonelink/rpc/phonelinkpb"
)

// ServerConfig is what a Server works with; Service is needed.
type ServerConfig struct {
	Service phonelink.Service
	Logger  *slog.Logger // nil: discard
}

// Server is the phone link's side.
type Server struct {
	phonelinkpb.UnimplementedPhonelinkServer
	service phonelink.Service
	log     *slog.Logger
	ending  chan struct{} // closed when Run is told to end
}

// NewServer makes a Server; Run starts it.
func NewServer(c ServerConfig) (*Server, error) {
	if c.Service == nil {
		return nil, errors.New("phonelink/rpc: a server needs a service")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{service: c.Service, log: c.Logger, ending: make(chan struct{})}, nil
}

// Run serves l until ctx ends, and closes it. A client that is connected then
// still gets the last view, and the answers that come within a second. It runs
// once.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	g := grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest), grpc.MaxSendMsgSize(maxView), grpc.MaxConcurrentStreams(64))
	phonelinkpb.RegisterPhonelinkServer(g, s)
	stop := context.AfterFunc(ctx, func() {
		close(s.ending)
		late := time.AfterFunc(grace, g.Stop)
		g.GracefulStop()
		late.Stop()
	})
	defer stop()
	err := g.Serve(l)
	g.Stop()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serve the phone link: %w", err)
}

// Watch is a call of a client.
func (s *Server) Watch(_ *phonelinkpb.WatchRequest, stream grpc.ServerStreamingServer[phonelinkpb.Snapshot]) error {
	w := s.service.Watch()
	defer w.Close()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var sent *phonelink.View
	for last := false; ; {
		select {
		case <-s.ending:
			last = true // before the view is read: it is the last
		default:
		}
		var m phonelinkpb.Snapshot
		if v := w.View(); v != sent {
			b, err := encodeView(v)
			if err != nil {
				return status.Error(codes.Internal, err.Error())
			}
			m.View, sent = b, v
		}
		if err := stream.Send(&m); err != nil { // waits while the client is late
			return err
		}
		if last {
			return nil
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-s.ending:
		case <-w.C():
		case <-tick.C:
		}
	}
}

// Do is a call of a client.
func (s *Server) Do(ctx context.Context, r *phonelinkpb.Request) (*phonelinkpb.Reply, error) {
	request, err := decodeRequest(r.GetName(), r.GetBody())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	err = s.service.Do(ctx, request)
	var no *phonelink.Refusal
	switch {
	case err == nil:
		return &phonelinkpb.Reply{}, nil
	case errors.As(err, &no):
		return &phonelinkpb.Reply{End: &phonelinkpb.Reply_Refusal{Refusal: &phonelinkpb.Refusal{Code: string(no.Code), Reason: no.Reason}}}, nil
	}
	return &phonelinkpb.Reply{End: &phonelinkpb.Reply_Error{Error: err.Error()}}, nil
}

// Picture is a call of a client.
func (s *Server) Picture(ctx context.Context, r *phonelinkpb.PictureRequest) (*phonelinkpb.PictureReply, error) {
	pictures, ok := s.service.(phonelink.Pictures)
	if !ok || len(r.GetSha256()) != 32 {
		return nil, status.Error(codes.InvalidArgument, "no pictures, or no name of one")
	}
	data, err := pictures.Picture(ctx, [32]byte(r.GetSha256()))
	var no *phonelink.Refusal
	switch {
	case errors.As(err, &no):
		return &phonelinkpb.PictureReply{Refusal: &phonelinkpb.Refusal{Code: string(no.Code), Reason: no.Reason}}, nil
	case err != nil:
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return &phonelinkpb.PictureReply{Data: data}, nil
}

package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"

	"tandem/vehicle/rpc"
)

// SocketsConfig says where the car is for other processes.
type SocketsConfig struct {
	Run        string       // folder of the sockets, made if it is missing; "": none
	PhonesUser string       // name or number of the phone link's user; "": the process's own
	Car        rpc.Vehicle  // what is served
	Logger     *slog.Logger // nil: silent
}

// Sockets are the car for processes of ours:
//
//	RUN/vehicle.sock         everything, for screens
//	RUN/vehicle-phones.sock  what rpc.Phone allows, for the phone link
//
// Who may connect is said by the mode (owner and group), and by the run folder.
type Sockets struct {
	servers []*rpc.Server
	at      []net.Listener
}

// OpenSockets listens, unless there is no folder to listen in; Run serves.
func OpenSockets(c SocketsConfig) (_ *Sockets, err error) {
	s := &Sockets{}
	if c.Run == "" && c.PhonesUser != "" {
		return nil, fmt.Errorf("--phones-user %s: say where the phone link finds the car with --run DIR", c.PhonesUser)
	} else if c.Run == "" {
		return s, nil
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	for name, policy := range map[string]rpc.Policy{"vehicle.sock": rpc.All(), "vehicle-phones.sock": rpc.Phone()} {
		server, err := rpc.NewServer(rpc.ServerConfig{Vehicle: c.Car, Policy: policy, Logger: c.Logger})
		if err != nil {
			return nil, err
		}
		l, err := rpc.Listen(filepath.Join(c.Run, name), 0o660)
		if err != nil {
			return nil, err
		}
		s.servers, s.at = append(s.servers, server), append(s.at, l)
	}
	return s, give(filepath.Join(c.Run, "vehicle-phones.sock"), c.PhonesUser)
}

// give lets a user open a socket: root makes it the user's, anybody else gives
// it to the user's group, in which one must be.
func give(path, name string) error {
	if name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if n, e := strconv.Atoi(name); err != nil && e == nil && n > 0 && n < 1<<31 {
		if u, err = user.LookupId(name); err != nil {
			u, err = &user.User{Uid: name, Gid: name}, nil // an image may lack a user database
		}
	}
	if err != nil {
		return fmt.Errorf("let %q connect to the car: %w", name, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("let %q connect to the car: %w", name, err)
	}
	if os.Geteuid() != 0 {
		uid = -1
	}
	if err := os.Chown(path, uid, gid); err != nil {
		return fmt.Errorf("let %q connect to the car: %w: start as root, or be in that user's group", name, err)
	}
	return nil
}

// Run serves until ctx ends, and closes the sockets.
func (s *Sockets) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, server := range s.servers {
		g.Go(func() error { return server.Run(ctx, s.at[i]) })
	}
	return g.Wait()
}

func (s *Sockets) close() {
	for _, l := range s.at {
		l.Close()
	}
}

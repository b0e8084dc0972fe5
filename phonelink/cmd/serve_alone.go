package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tandem/phonelink"
	"tandem/phonelink/node"
	"tandem/phonelink/rpc"
	"tandem/phonelink/sandbox"
	vehiclerpc "tandem/vehicle/rpc"
)

// Names of the sockets in the processes' run folder, and of the folder there
// for readable copies of received files.
const (
	Socket        = "phonelink.sock"
	VehicleSocket = "vehicle-phones.sock" // the car, under vehicle/rpc.Phone
	FilesIn       = "files"
)

// systemData is where a system's own user keeps its state (Filesystem Hierarchy
// Standard 3.0, 5.8): it may not pass through the starter's home.
const systemData = "/var/lib/tandem"

// Ways to shut the process in.
const (
	SandboxOn  = "on"
	SandboxOff = "off" // for development
)

// alone is the phone link as a process of its own.
//
//	keeper: listen on RUN/phonelink.sock -> start the worker, again and again
//	worker: hide other profiles -> become USER -> make keys and folders -> sandbox -> network, RUN/vehicle-phones.sock
//
// What needs the starter's rights is done before the sandbox: the socket is its,
// and so the folder's mode and group say who may connect.
type alone struct {
	Config
	run, user, sandbox string
	share              []string // folders whose files may be sent
	worker             bool     // started by a keeper
	args               []string // of the command line, to start a worker with
	stderr             io.Writer

	// wrap is what is served of a node that is ready; nil: the node.
	wrap func(*node.Node) phonelink.Service
}

func serveCommand() *cobra.Command {
	a := alone{Config: Config{Data: DataDir(os.Getenv)}, args: os.Args[1:]}
	verbose := false
	cmd := &cobra.Command{
		Use:   "serve --run DIR",
		Short: "Keep the links to the paired phones",
		Long: `Keep the links to the paired phones, and the sessions that they share, in a
process of its own: without CAN and screen, of a user of its own, and for one
driver's profile at a time (and guest and valet). For another driver it starts
itself again, and so it does when it was killed or hangs.

It asks the car through DIR/vehicle-phones.sock, which a head unit with --run
DIR serves, and is used through DIR/phonelink.sock, by a head unit with --phones
attach. Either may end and come back. While the car is not known to be parked it
keeps the phones that are paired and pairs no others.

Before it talks to the network it gives up its user, the files of others, and
the system calls that reach a bus, the kernel or another program. What the
kernel cannot keep away is said on standard error.`,
		Example: `  tandem --run /run/tandem --phones attach --phones-user tandem-phones
  tandem phonelink serve --run /run/tandem --user tandem-phones --profile anna`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelInfo
			}
			if a.user != "" && !cmd.Flags().Changed("data") {
				a.Data = systemData
			}
			a.Stdout, a.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			a.Logger = slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
			return a.serve(cmd.Context())
		},
	}
	a.Flags(cmd)
	f := cmd.Flags()
	f.StringVar(&a.Data, "data", a.Data, "`DIR`ectory for keys and sessions; with --user it is "+systemData+" if none is given")
	f.StringVar(&a.run, "run", "", "`DIR`ectory of the processes' sockets, and of received files: in memory")
	f.StringVar(&a.user, "user", "", "`NAME` or number of the user to become (default: stay)")
	f.StringVar(&a.sandbox, "sandbox", SandboxOn, "shut the process in: on, or off for development")
	f.StringSliceVar(&a.share, "share", nil, "`DIR`ectories whose files may be sent to phones, such as the music")
	f.BoolVarP(&verbose, "verbose", "v", false, "say more on standard error")
	f.BoolVar(&a.worker, "worker", false, "")
	_ = f.MarkHidden("worker") // it is there
	return cmd
}

// check refuses what cannot work, and makes paths absolute.
func (a *alone) check() error {
	if err := a.Check(); err != nil {
		return err
	}
	if a.run == "" {
		return errors.New("no folder of the processes' sockets: say where the head unit has them with --run DIR, as in 'tandem --run DIR --phones attach'")
	}
	if a.sandbox != SandboxOn && a.sandbox != SandboxOff {
		return fmt.Errorf("--sandbox %s: choose on or off", a.sandbox)
	}
	if a.user != "" && os.Geteuid() != 0 {
		return fmt.Errorf("--user %s: only root can become another user: start it as that user", a.user)
	}
	if a.Profile == "" {
		a.Profile = node.Owner
	}
	if a.Files == "" {
		a.Files = filepath.Join(a.run, FilesIn)
	}
	paths := []*string{&a.Data, &a.run, &a.Files}
	for i := range a.share {
		paths = append(paths, &a.share[i])
		if info, err := os.Stat(a.share[i]); err != nil || !info.IsDir() {
			return fmt.Errorf("--share %s: no such folder", a.share[i])
		}
	}
	for _, p := range paths {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	return nil
}

// serve keeps the phone link up until ctx ends.
func (a *alone) serve(ctx context.Context) (err error) {
	if err := a.check(); err != nil {
		return err
	}
	a.Player, a.Only = true, a.sandbox == SandboxOn
	if a.Only { // what phones of another profile sent is not for this one
		a.Files = filepath.Join(a.Files, string(a.Profile))
	}
	if a.worker {
		return a.work(ctx)
	}
	l, err := vehiclerpc.Listen(filepath.Join(a.run, Socket), 0o660)
	if err != nil {
		return err
	}
	if a.sandbox == SandboxOn {
		return errors.Join(a.keepWorkers(ctx, l), l.Close())
	}
	if err := a.shutIn(); err != nil {
		return errors.Join(err, l.Close())
	}
	return a.link(ctx, l)
}

// link serves the phone link on l, and closes it.
func (a *alone) link(ctx context.Context, l net.Listener) (err error) {
	defer l.Close() // twice does no harm
	car, err := vehiclerpc.Dial(vehiclerpc.ClientConfig{
		Socket: filepath.Join(a.run, VehicleSocket), Follow: node.Signals(), Optional: true, Logger: a.Logger,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, car.Close()) }()
	a.Car = car
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	a.Ready = func(n *node.Node) {
		var service phonelink.Service = n
		if a.wrap != nil {
			service = a.wrap(n)
		}
		g.Go(func() error {
			s, err := rpc.NewServer(rpc.ServerConfig{Service: service, Logger: a.Logger})
			if err != nil {
				return err
			}
			return s.Run(ctx, l)
		})
	}
	g.Go(func() error {
		defer cancel()
		return Serve(ctx, a.Config)
	})
	return g.Wait()
}

// system are files that the network parts of the runtime read.
var system = []string{
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/localtime", "/usr/share/zoneinfo",
	"/proc/sys/net/core/somaxconn",
}

// shutIn makes what the process needs, and takes from it what it does not.
func (a *alone) shutIn() error {
	c := a.node()
	c.Car = noCar{} // the link is a car's, whose readable copies do not stay
	if a.worker {
		if err := a.hideOthers(filepath.Join(c.Data, "profiles"), filepath.Dir(a.Files)); err != nil {
			return err
		}
	}
	if err := sandbox.Become(a.user, c.Data, a.Files); err != nil {
		return err
	}
	if err := node.Prepare(c); errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: choose a folder that the phone link's user may have with --data DIR", err)
	} else if err != nil {
		return err
	}
	if a.sandbox == SandboxOff {
		a.Logger.Warn("the phone link is not shut in: --sandbox off is for development")
		return nil
	}
	write, read := c.Private()
	r, err := sandbox.Enter(sandbox.Config{
		Read: append(append(read, a.share...), system...), Write: append(write, a.Files), Network: true, Logger: a.Logger,
	})
	for _, what := range r.Missing {
		a.Logger.Warn("sandbox: " + what)
	}
	return err
}

// hideOthers hides the folders of other profiles in these, if the keeper is
// root: on a kernel without Landlock nothing else keeps them away from one user.
func (a *alone) hideOthers(folders ...string) error {
	var others []string
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if p := phonelink.Profile(e.Name()); e.IsDir() && p != a.Profile && p != phonelink.Guest {
				others = append(others, filepath.Join(folder, e.Name()))
			}
		}
	}
	err := sandbox.Hide(others...)
	if errors.Is(err, sandbox.ErrNotAlone) {
		a.Logger.Info("other profiles are kept away by Landlock and mode alone", "problem", err)
		return nil
	}
	return err
}

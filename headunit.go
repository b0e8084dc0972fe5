package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tandem/canbus"
	"tandem/canbus/canlog"
	"tandem/canbus/socketcan"
	"tandem/hmi"
	hmicmd "tandem/hmi/cmd"
	"tandem/hmi/media"
	"tandem/phonelink"
	phonelinkcmd "tandem/phonelink/cmd"
	"tandem/phonelink/node"
	simcmd "tandem/sim/cmd"
	"tandem/sim/scenario"
	"tandem/vehicle"
	"tandem/vehicle/carport"
	"tandem/vehicle/cars"
	vehiclecmd "tandem/vehicle/cmd"
	vehiclerpc "tandem/vehicle/rpc"
)

// headUnit is one configured head unit: a car model, where its buses are, and
// where its picture goes.
type headUnit struct {
	car     string            // an embedded car's name or a directory
	dbc     map[string]string // databases by bus, in place of the car's
	can     map[string]string // CAN interfaces by bus; nil: the simulated car or a recording
	seed    uint64            // of the simulated car
	drive   string            // scenario file of the simulated car; "": the built-in one
	log     string            // a recording to play in place of a car; "": none
	rate    float64           // of the recording
	loop    bool              // start the recording over
	verbose bool
	screen  hmicmd.Config
	phones  string // "on", "attach" or "off"
	user    string // of the phone link's process; "": the same
	link    phonelinkcmd.Config
	music   string // folder of music; "": none

	ready func(*vehiclecmd.Room) // is told the room before it runs; nil for none. For tests.
}

// flags puts the flags that every way to start a head unit has.
func (h *headUnit) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&h.car, "car", cars.Default, "car model: "+strings.Join(cars.Names(), ", ")+", or a `DIR`ectory with car.yaml")
	f.StringToStringVar(&h.dbc, "dbc", nil, "database of a bus in place of the car's: `BUS=FILE,...`")
	f.BoolVarP(&h.verbose, "verbose", "v", false, "say more on standard error")
	h.screen.Data = phonelinkcmd.DataDir(os.Getenv)
	h.screen.Flags(cmd)
	f.StringVar(&h.phones, "phones", "on", "the phone link: on, off, or attach (a 'tandem phonelink serve' whose socket is in --run)")
	f.StringVar(&h.user, "phones-user", "", "`NAME` or number of the phone link's user, who may then ask the car through --run")
	f.StringVar(&h.link.Name, "name", "Tandem", "`NAME` of the car, as phones show it")
	f.StringVar(&h.link.Listen, "phone-listen", ":0", "`HOST:PORT` of the phone link, UDP and TCP")
	f.StringVar(&h.link.KDE, "kdeconnect", phonelinkcmd.KDEOn, "speak KDE Connect: on, old (pair protocol version 7 too) or off")
	f.StringVar((*string)(&h.link.Profile), "profile", string(node.Owner), "who drives, to begin with: a profile's `ID`, guest or valet")
	f.StringVar(&h.music, "music", "", "`DIR`ectory of music: MP3, FLAC, Ogg Vorbis, WAV")
}

func headUnitCommand() *cobra.Command { return new(headUnit).command() }

// command is the head unit on the simulator or on CAN interfaces.
func (h *headUnit) command() *cobra.Command {
	var can []string
	cmd := &cobra.Command{
		Short: "The open car: head unit, simulated car and tools in one binary",
		Long: `Tandem is the software of a car's head unit, from the CAN frame to the pixel.

Without a subcommand it starts the head unit. By itself it drives a simulated
electric car and shows its screen in the browser; on a real head unit it takes
CAN interfaces and a panel.`,
		Example: `  tandem                                          a simulated car, the screen in the browser
  tandem --can can0 --car DIR --display kms       a real car, the screen on the panel
  tandem replay --car DIR --log drive.log         a recorded drive`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := h.addInterfaces(can); err != nil {
				return err
			}
			return h.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	h.flags(cmd)
	cmd.Flags().StringSliceVar(&can, "can", nil, "CAN interfaces in place of the simulator: `BUS=IFACE,...`, or IFACE for a car with one bus")
	cmd.Flags().Uint64Var(&h.seed, "seed", 1, "seed of the simulated car")
	cmd.Flags().StringVar(&h.drive, "scenario", "", "what the simulated car does: a scenario `FILE` (default: a built-in drive)")
	return cmd
}

// addInterfaces takes the parts of --can: BUS=IFACE, or IFACE for the only bus.
func (h *headUnit) addInterfaces(specs []string) error {
	for _, spec := range specs {
		bus, iface, named := strings.Cut(spec, "=")
		if !named {
			bus, iface = "", spec
		}
		if iface == "" || named && bus == "" {
			return misuse{fmt.Errorf("--can %q: expected BUS=IFACE, as in body=can0", spec)}
		}
		if h.can == nil {
			h.can = map[string]string{}
		}
		if _, twice := h.can[bus]; twice {
			return misuse{fmt.Errorf("--can %q: that bus has an interface already", spec)}
		}
		h.can[bus] = iface
	}
	return nil
}

// run is the head unit's life: it ends with the context, or with the first
// part that fails.
func (h *headUnit) run(ctx context.Context, stdout, stderr io.Writer) error {
	level := slog.LevelWarn
	if h.verbose {
		level = slog.LevelInfo
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))

	car, err := vehiclecmd.LoadCar(h.car, h.dbc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	buses, err := h.openBuses(ctx, g, car, logger)
	if err != nil {
		return err
	}
	abandon := func(err error) error {
		cancel()
		closeAll(buses)
		_ = g.Wait()
		return err
	}
	room, err := vehiclecmd.New(vehiclecmd.Config{Car: car, Buses: buses, Logger: logger})
	if err != nil {
		return abandon(err)
	}
	if h.ready != nil {
		h.ready(room)
	}
	sockets, err := vehiclecmd.OpenSockets(vehiclecmd.SocketsConfig{
		Run: h.screen.Run, PhonesUser: h.user, Car: vehiclerpc.Local{Store: room.Store, Desk: room.Desk}, Logger: logger,
	})
	if err != nil {
		return abandon(err)
	}
	g.Go(func() error { return sockets.Run(ctx) })
	phones, err := h.openPhones(ctx, g, phoneCar{room.Store, room.Desk}, stderr, logger)
	if err != nil {
		return abandon(err)
	}
	screen := h.screen
	screen.Phones = phones
	if p := h.link.Profile; p != phonelink.Guest && p != phonelink.Valet {
		screen.Profile = p // to come back to
	}
	if screen.Music, err = h.openMusic(ctx, g, logger); err != nil {
		return abandon(err)
	}
	screen.Vehicle = hmi.Local{Store: room.Store, Desk: room.Desk}
	screen.Car, screen.Version = car.Name, version()
	screen.Stdout, screen.Logger = stdout, logger
	g.Go(func() error { return room.Run(ctx) })
	g.Go(func() error {
		defer cancel() // the screen is what the head unit is for
		return hmicmd.Serve(ctx, screen)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// phoneCar is what the phone link sees of the car: signals and typed wishes.
type phoneCar struct {
	*vehicle.Store
	*vehicle.Desk
}

// openPhones starts or attaches to the phone link, and a player for it, in g. A
// link that cannot run costs the phones, not the head unit; nil then.
func (h *headUnit) openPhones(ctx context.Context, g *errgroup.Group, car phonelink.Car, stderr io.Writer, logger *slog.Logger) (phonelink.Service, error) {
	switch h.phones {
	case "off":
		return nil, nil
	case "on":
		return h.ownPhones(ctx, g, car, stderr, logger)
	case "attach":
		if err := h.link.Profile.Check(); err != nil {
			return nil, misuse{fmt.Errorf("--profile: %w", err)}
		}
		link, err := phonelinkcmd.Connect(h.screen.Run, logger)
		if err != nil {
			return nil, misuse{err}
		}
		g.Go(func() error {
			<-ctx.Done()
			return link.Close()
		})
		return link, h.play(ctx, g, link, link.Files, logger)
	}
	return nil, misuse{fmt.Errorf("--phones %s: choose on, attach or off", h.phones)}
}

// ownPhones is the phone link in this process.
func (h *headUnit) ownPhones(ctx context.Context, g *errgroup.Group, car phonelink.Car, stderr io.Writer, logger *slog.Logger) (_ phonelink.Service, err error) {
	c := h.link
	c.Announce, c.Player, c.Car, c.Logger = true, true, car, logger
	if h.screen.Data == "" {
		fmt.Fprintln(stderr, "tandem: phones cannot be linked without a folder for their keys: set --data DIR, or HOME")
		return nil, nil
	}
	if c.Data, err = filepath.Abs(h.screen.Data); err != nil { // the player is told paths
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := c.Check(); err != nil {
		return nil, misuse{err}
	}
	c.Files = phonelinkcmd.FilesDir(os.Getenv, c.Data)
	ready, failed := make(chan *node.Node, 1), make(chan error, 1)
	c.Ready = func(n *node.Node) { ready <- n }
	g.Go(func() error {
		err := phonelinkcmd.Serve(ctx, c)
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(stderr, "tandem: phones cannot be linked: %v\n", err)
		}
		failed <- err
		return nil
	})
	select {
	case n := <-ready:
		return n, h.play(ctx, g, n, c.Files, logger)
	case <-failed:
		return nil, nil
	}
}

// play plays in g what the phone link says, from the music and what was received.
func (h *headUnit) play(ctx context.Context, g *errgroup.Group, phones phonelink.Service, received string, logger *slog.Logger) error {
	h.screen.Open = media.Files(nil, absolute(h.music, received)...)
	player, err := media.NewPlayer(media.Config{Phones: phones, Output: &media.Null{}, Open: h.screen.Open, Logger: logger})
	if err == nil {
		g.Go(func() error { return player.Run(ctx) })
	}
	return err
}

// openMusic reads the tags of the music folder in g; what it returns knows the
// albums when that is done.
func (h *headUnit) openMusic(ctx context.Context, g *errgroup.Group, logger *slog.Logger) (func() *hmi.Music, error) {
	if h.music == "" {
		return nil, nil
	}
	if info, err := os.Stat(h.music); err != nil || !info.IsDir() {
		return nil, misuse{fmt.Errorf("--music %s: no such folder", h.music)}
	}
	var music atomic.Pointer[hmi.Music]
	g.Go(func() error {
		lib, err := media.Scan(ctx, h.music)
		if err != nil {
			if ctx.Err() == nil {
				logger.Error("music cannot be read", "folder", h.music, "err", err)
			}
			return nil
		}
		logger.Info("music", "folder", h.music, "tracks", len(lib.Tracks), "skipped", lib.Skipped)
		music.Store(hmicmd.MusicOf(lib))
		return nil
	})
	return music.Load, nil
}

// absolute are the folders that are given, from the root.
func absolute(dirs ...string) (out []string) {
	for _, d := range dirs {
		if abs, err := filepath.Abs(d); err == nil && d != "" {
			out = append(out, abs)
		}
	}
	return out
}

// openBuses attaches the car's buses: to CAN interfaces, to a recording, or to
// the simulated car, which then drives in g.
func (h *headUnit) openBuses(ctx context.Context, g *errgroup.Group, car *carport.Car, logger *slog.Logger) (map[string]canbus.Bus, error) {
	if err := h.checkBusNames(car); err != nil {
		return nil, err
	}
	switch {
	case h.log != "":
		return h.openRecording(car)
	case h.can != nil:
		return h.openInterfaces(car)
	}
	return h.openSimulator(ctx, g, car, logger)
}

// checkBusNames refuses a --can or --dbc for a bus that the car does not have,
// and gives a nameless interface the name of the only bus.
func (h *headUnit) checkBusNames(car *carport.Car) error {
	if iface, ok := h.can[""]; ok {
		if len(car.Buses) != 1 {
			return misuse{fmt.Errorf("--can %s: car %s has the buses %s; say which, as in %s=%s", iface, car.Name, busNames(car), car.Buses[0].Name, iface)}
		}
		delete(h.can, "")
		h.can[car.Buses[0].Name] = iface
	}
	for bus := range h.can {
		if _, ok := car.Bus(bus); !ok {
			return misuse{fmt.Errorf("--can %s=%s: car %s has no bus %s, only %s", bus, h.can[bus], car.Name, bus, busNames(car))}
		}
	}
	return nil
}

func busNames(car *carport.Car) string {
	var names []string
	for _, b := range car.Buses {
		names = append(names, b.Name)
	}
	return strings.Join(names, ", ")
}

func (h *headUnit) openInterfaces(car *carport.Car) (map[string]canbus.Bus, error) {
	buses := map[string]canbus.Bus{}
	for i, b := range car.Buses {
		iface, ok := h.can[b.Name]
		if !ok {
			continue
		}
		bus, err := socketcan.Open(socketcan.Config{Interface: iface, Bus: uint8(i), NeedFD: b.FD})
		if err != nil {
			closeAll(buses)
			return nil, fmt.Errorf("bus %s: %w", b.Name, err)
		}
		buses[b.Name] = bus
	}
	return buses, nil
}

// openRecording opens the log once per bus; the replays keep step by sharing
// their start.
func (h *headUnit) openRecording(car *carport.Car) (map[string]canbus.Bus, error) {
	recorded, err := recordedInterfaces(h.log)
	if err != nil {
		return nil, err
	}
	buses := map[string]canbus.Bus{}
	start := time.Now()
	for i, b := range car.Buses {
		iface := "" // all of them
		if len(car.Buses) > 1 || h.can[b.Name] != "" {
			if iface = h.can[b.Name]; iface == "" {
				iface = b.Name
			}
			if !slices.Contains(recorded, iface) {
				continue
			}
		}
		f, err := os.Open(h.log)
		if err != nil {
			closeAll(buses)
			return nil, fmt.Errorf("open recording: %w", err)
		}
		r, err := canlog.NewReplay(canlog.ReplayConfig{Name: h.log, Log: f, Interface: iface, Rate: h.rate, Loop: h.loop, Start: start, Bus: uint8(i)})
		if err != nil {
			closeAll(buses)
			return nil, errors.Join(err, f.Close())
		}
		buses[b.Name] = recording{r, f}
	}
	if len(buses) == 0 {
		return nil, fmt.Errorf("recording %s: has the interfaces %s and none is a bus of %s (%s); say which is which with --can BUS=IFACE",
			h.log, strings.Join(recorded, ", "), car.Name, busNames(car))
	}
	return buses, nil
}

// recording closes the log with the replay.
type recording struct {
	*canlog.Replay
	log io.Closer
}

func (r recording) Close() error { return errors.Join(r.Replay.Close(), r.log.Close()) }

// recordedInterfaces lists the interfaces of a log, and refuses one that has
// no frame at all, with what is wrong at its first line.
func recordedInterfaces(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	defer f.Close()
	r, err := canlog.NewReader(name, f)
	if err != nil {
		return nil, err
	}
	var found []string
	var first error
	var frame canbus.Frame
	frames := 0
	for {
		iface, err := r.Next(&frame)
		var broken *canlog.ParseError
		switch {
		case err == nil:
			frames++
			if !slices.Contains(found, iface) {
				found = append(found, iface)
			}
		case errors.As(err, &broken):
			if first == nil {
				first = err
			}
		case errors.Is(err, io.EOF) && frames > 0:
			return found, nil
		case errors.Is(err, io.EOF) && first != nil:
			return nil, fmt.Errorf("%w; no line of it is a candump frame", first)
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("recording %s has no frames; record one with candump -l", name)
		default:
			return nil, err
		}
	}
}

// openSimulator puts the simulated car on in-memory buses.
func (h *headUnit) openSimulator(ctx context.Context, g *errgroup.Group, car *carport.Car, logger *slog.Logger) (map[string]canbus.Bus, error) {
	var drive *scenario.Scenario
	if h.drive != "" {
		data, err := os.ReadFile(h.drive)
		if err != nil {
			return nil, fmt.Errorf("read scenario: %w; 'tandem sim demo' prints one to start from", err)
		}
		if drive, err = scenario.Parse(h.drive, data); err != nil {
			return nil, err
		}
	}
	buses, ecus := map[string]canbus.Bus{}, map[string]canbus.Bus{}
	for _, name := range simcmd.Buses() {
		if _, ok := car.Bus(name); !ok {
			return nil, fmt.Errorf("car %s is not simulated; attach its buses with --can BUS=IFACE, or play a recording with 'tandem replay'", car.Name)
		}
		pipe := canbus.NewPipe()
		buses[name], ecus[name] = pipe.Join("head unit"), pipe.Join("car")
	}
	g.Go(func() error {
		return simcmd.Serve(ctx, simcmd.Config{Seed: h.seed, Scenario: drive, Buses: ecus, Logger: logger})
	})
	return buses, nil
}

func closeAll(buses map[string]canbus.Bus) {
	for _, b := range buses {
		_ = b.Close()
	}
}

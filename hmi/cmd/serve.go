// Package cmd runs the hmi room: the shell on a display, in this process or in
// a `tandem display` of its own. It also has the room's part of the command
// line.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tandem/hmi"
	"tandem/hmi/display"
	"tandem/hmi/display/remote"
	"tandem/hmi/media"
	"tandem/hmi/shell"
	"tandem/phonelink"
)

// Attach is the Display that is another process: the picture goes to the
// `tandem display` whose socket is in Run.
const Attach = "attach"

// Config is what Serve needs. Vehicle is.
type Config struct {
	Vehicle hmi.Vehicle
	Phones  phonelink.Service // nil: the car has no phone link
	Music   func() *hmi.Music // what this car itself can play, asked in every frame; nil: nothing. Its result may be nil
	Open    media.Opener      // of the music files whose covers are shown; nil: none are
	Profile phonelink.Profile // the driver's, to come back to from guest and valet; "": screen.DriverProfile
	Outputs OutputsConfig
	Run     string // folder of the processes' sockets, for Attach
	Data    string // where settings are kept; "": nowhere
	Car     string // name of the car model
	Version string // of the software
	Stdout  io.Writer
	Logger  *slog.Logger

	// Shown is told the shell before it runs; nil for none. For tests.
	Shown func(*shell.Shell, *Outputs)
}

// Flags puts the flags of the screen.
func (c *Config) Flags(cmd *cobra.Command) {
	f, o := cmd.Flags(), &c.Outputs
	o.Display = "web"
	f.Var(&displayValue{&o.Display}, "display", "where to show: web, kms (a panel), png (pictures), several with commas, or attach (a 'tandem display')")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "web: `HOST:PORT` of the page; beyond this machine a viewer must be paired")
	f.Var(&sizeValue{&o.Size}, "size", "size of the picture in pixels (default the panel's, or 1280x720)")
	f.StringVar(&o.Dir, "png", ".", "png: `DIR`ectory of the pictures")
	f.StringVar(&o.Script, "script", "", "`FILE` of touches and pictures to play; ends with it")
	f.StringVar(&c.Data, "data", c.Data, "`DIR`ectory for settings")
	f.StringVar(&c.Run, "run", c.Run, "`DIR`ectory of the processes' sockets, for --display attach")
}

// sizeValue is the flag --size.
type sizeValue struct{ p *image.Point }

func (v *sizeValue) Type() string { return "WxH" }

func (v *sizeValue) String() string {
	if v.p == nil || *v.p == (image.Point{}) {
		return ""
	}
	return fmt.Sprintf("%dx%d", v.p.X, v.p.Y)
}

func (v *sizeValue) Set(s string) (err error) {
	*v.p, err = ParseSize(s)
	return err
}

// displayValue is the flag --display.
type displayValue struct{ p *string }

func (v *displayValue) Type() string { return "KIND" }

func (v *displayValue) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (v *displayValue) Set(s string) error {
	for kind := range strings.SplitSeq(s, ",") {
		if s != Attach && kind != "web" && kind != "kms" && kind != "png" {
			return fmt.Errorf("no display %q: choose web, kms, png, several with commas, or attach alone", kind)
		}
	}
	*v.p = s
	return nil
}

// Commands are the commands of the room.
func Commands() []*cobra.Command {
	screens := &cobra.Command{Use: "hmi", Short: "Check the screens"}
	screens.AddCommand(lintCommand())
	return []*cobra.Command{displayCommand(), screens}
}

// Serve shows the shell until ctx ends, the script does, or the display fails.
func Serve(ctx context.Context, c Config) error {
	c.Outputs.Logger = c.Logger
	if c.Outputs.Display == Attach {
		return serveAttached(ctx, c)
	}
	outs, err := OpenOutputs(c.Outputs)
	if err != nil {
		return err
	}
	return errors.Join(serveOn(ctx, c, outs), outs.Close())
}

// serveOn shows the shell on outputs of this process.
func serveOn(ctx context.Context, c Config, outs *Outputs) error {
	comp, err := display.NewCompositor(display.Config{
		Outputs: outs.List(), Notices: notices(hmi.LoadSettings(c.Data, c.Logger).Language), Logger: c.Logger,
	})
	if err != nil {
		return err
	}
	covers := c.covers()
	sh, err := shell.New(c.shell(comp.Layer(display.UI), comp.Layer(display.Telltales), comp.Size(), covers))
	if err != nil {
		return err
	}
	if c.Shown != nil {
		c.Shown(sh, outs)
	}
	if url := outs.URL(); url != "" && c.Stdout != nil {
		fmt.Fprintf(c.Stdout, "Tandem is at %s\n", url)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return comp.Run(ctx) })
	g.Go(func() error { return covers.Run(ctx) })
	g.Go(func() error { return sh.Run(ctx) })
	g.Go(func() error {
		defer cancel() // the script has ended
		return outs.Run(ctx, comp.Input)
	})
	return g.Wait()
}

// serveAttached shows the shell on the display process whose socket is in Run.
func serveAttached(ctx context.Context, c Config) error {
	if c.Run == "" {
		return errors.New("attach to a display: say where its socket is with --run DIR, as in 'tandem display --run DIR'")
	}
	socket := filepath.Join(c.Run, "display.sock")
	var layers [2]*remote.Layer
	for i, kind := range []display.LayerKind{display.UI, display.Telltales} {
		l, err := remote.NewLayer(remote.Config{Socket: socket, Layer: kind, Logger: c.Logger})
		if err != nil {
			return err
		}
		layers[i] = l
	}
	g, ctx := errgroup.WithContext(ctx)
	covers := c.covers()
	g.Go(func() error { return covers.Run(ctx) })
	for _, l := range layers {
		g.Go(func() error { return l.Run(ctx) })
	}
	g.Go(func() error {
		size, err := layers[0].Size(ctx)
		if err != nil {
			return err
		}
		sh, err := shell.New(c.shell(layers[0], layers[1], size, covers))
		if err != nil {
			return err
		}
		return sh.Run(ctx)
	})
	return g.Wait()
}

// covers are the covers of what the phone link and the music files have.
func (c *Config) covers() *media.Covers {
	pictures, _ := c.Phones.(phonelink.Pictures)
	return media.NewCovers(media.CoversConfig{Open: c.Open, Pictures: pictures, Logger: c.Logger})
}

func (c *Config) shell(ui, telltales shell.Layer, size image.Point, covers *media.Covers) shell.Config {
	return shell.Config{
		Vehicle: c.Vehicle, Phones: c.Phones, Music: c.Music, Covers: covers, Profile: c.Profile, Layer: ui, Telltales: telltales, Size: size,
		DataDir: c.Data, Car: c.Car, Version: c.Version, Logger: c.Logger,
	}
}

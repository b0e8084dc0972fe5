package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tandem/hmi/display"
	"tandem/hmi/display/remote"
	"tandem/hmi/lang"
)

// displayCommand is the display as a process of its own.
func displayCommand() *cobra.Command {
	var cfg OutputsConfig
	var run, size string
	var users []int
	var verbose bool
	c := &cobra.Command{
		Use:   "display --run DIR",
		Short: "Show the layers of other processes on a panel or a page",
		Long: `Show the layers of other processes on a panel or a page.

The display is the only process with the panel and the input devices. Others
paint its layers through DIR/display.sock, from the bottom: the UI, projected
video, the camera, telltales. It outlives them: the last picture stays, and is
marked as old, in the language of LANG, when its process does not come back
within a second.`,
		Example: `  tandem display --run /run/tandem --display kms
  tandem display --run /tmp/t --display web --listen 127.0.0.1:8080 --size 1920x720`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if size != "" {
				var err error
				if cfg.Size, err = ParseSize(size); err != nil {
					return err
				}
			}
			if verbose {
				cfg.Logger = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
			}
			return serveDisplay(c.Context(), c.OutOrStdout(), run, users, cfg)
		},
	}
	f := c.Flags()
	f.StringVar(&run, "run", "", "folder of the processes' sockets")
	f.StringVar(&cfg.Display, "display", "web", "where to show: web, kms, png, or several with commas")
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:8080", "web: HOST:PORT of the page; beyond this machine it must be paired")
	f.StringVar(&size, "size", "", "WIDTHxHEIGHT in pixels (default the panel's, or 1280x720)")
	f.StringVar(&cfg.Card, "card", "", "kms: DRM device (default the first with a panel)")
	f.StringVar(&cfg.Connector, "connector", "", "kms: connector, such as HDMI-A-1 (default the first with a panel)")
	f.BoolVar(&cfg.Grab, "grab", false, "kms: keep the input devices from everybody else")
	f.StringVar(&cfg.Dir, "png", ".", "png: folder of the pictures")
	f.StringVar(&cfg.Script, "script", "", "file of touches and pictures to play; ends with it")
	f.IntSliceVar(&users, "user", nil, "numbers of further users whose processes may paint")
	f.BoolVarP(&verbose, "verbose", "v", false, "say on stderr what comes and goes")
	if err := c.MarkFlagRequired("run"); err != nil {
		panic("internal error: " + err.Error())
	}
	return c
}

// serveDisplay runs a display whose layers come through run/display.sock,
// until ctx or the script ends.
func serveDisplay(ctx context.Context, out io.Writer, run string, users []int, cfg OutputsConfig) (err error) {
	outs, err := OpenOutputs(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outs.Close()) }()
	comp, err := display.NewCompositor(display.Config{
		Outputs: outs.List(), Notices: notices(language(os.Getenv)), Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	srv, err := remote.NewServer(remote.ServerConfig{
		Socket: filepath.Join(run, "display.sock"), Compositor: comp, Users: users, Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	if err := srv.Listen(); err != nil {
		return err
	}
	if url := outs.URL(); url != "" {
		fmt.Fprintln(out, url)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return comp.Run(ctx) })
	group.Go(func() error { return srv.Run(ctx) })
	group.Go(func() error {
		defer cancel() // the script has ended
		return outs.Run(ctx, comp.Input)
	})
	return group.Wait()
}

// notices are what the display says over the picture of a producer that is
// gone, in a language.
func notices(tag string) map[display.LayerKind]string {
	w := lang.For(tag)
	return map[display.LayerKind]string{
		display.UI: w.LostScreens, display.Video: w.LostVideo, display.Camera: w.LostCamera, display.Telltales: w.LostLamps,
	}
}

// language is that of messages by the POSIX variables, such as "de".
func language(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			tag, _, _ := strings.Cut(v, "_")
			return strings.ToLower(tag)
		}
	}
	return ""
}

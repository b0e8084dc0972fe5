package cmd

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/hmi/display"
	"tandem/hmi/display/kms"
	"tandem/hmi/display/web"
	"tandem/hmi/input"
)

// defaultSize is the display's where no panel says otherwise.
var defaultSize = image.Pt(1280, 720)

// A picture that is to be saved may stand still for shotQuiet first; one that
// moves all the time, as that of a car on the road, is saved after shotWithin.
const (
	shotQuiet  = 100 * time.Millisecond
	shotWithin = 500 * time.Millisecond
)

// OutputsConfig says where the picture goes and touches come from.
type OutputsConfig struct {
	Display   string      // web, kms or png, or several with commas between them; empty: web
	Size      image.Point // pixels; zero: the panel's, or 1280x720
	Listen    string      // web: HOST:PORT; empty: 127.0.0.1:8080
	Token     string      // web: pairing token; empty: a new one where one is needed
	Card      string      // kms: device; empty: the first with a panel
	Connector string      // kms: such as HDMI-A-1; empty: the first with a panel
	Grab      bool        // kms: keep input devices from everybody else
	Dir       string      // png: where pictures go; empty: the current folder
	Script    string      // file of touches to play; empty: none
	Logger    *slog.Logger
}

// Outputs are open outputs and the sources of touches that belong to them.
type Outputs struct {
	list    []display.Output
	sources []display.Source
	web     *web.Server
	png     *display.PNG
	script  *input.Script
}

// OpenOutputs opens what cfg says: a panel is taken over, an address is
// listened on, a script is read. Nothing runs yet. Close must be called.
func OpenOutputs(cfg OutputsConfig) (*Outputs, error) {
	if cfg.Display == "" {
		cfg.Display = "web"
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:8080"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	o := &Outputs{}
	kinds := strings.Split(cfg.Display, ",")
	for _, kind := range []string{"kms", "web", "png"} { // the panel first: its size and clock are the display's
		if !slices.Contains(kinds, kind) {
			continue
		}
		if err := o.open(kind, &cfg); err != nil {
			return nil, errors.Join(err, o.Close())
		}
	}
	for _, k := range kinds {
		if k != "web" && k != "kms" && k != "png" {
			return nil, errors.Join(fmt.Errorf("no display %q: choose --display web, kms or png", k), o.Close())
		}
	}
	if cfg.Script != "" {
		if err := o.openScript(cfg); err != nil {
			return nil, errors.Join(err, o.Close())
		}
	}
	return o, nil
}

// open opens one output; the first one fixes the size.
func (o *Outputs) open(kind string, cfg *OutputsConfig) error {
	if cfg.Size == (image.Point{}) && kind != "kms" {
		cfg.Size = defaultSize
	}
	switch kind {
	case "kms":
		p, err := kms.Open(kms.Config{Card: cfg.Card, Connector: cfg.Connector, Size: cfg.Size, Logger: cfg.Logger})
		if err != nil {
			return err
		}
		cfg.Size = p.Size()
		o.list = append(o.list, p)
		o.sources = append(o.sources, panel{p}, input.NewEvdev(input.EvdevConfig{Grab: cfg.Grab, Logger: cfg.Logger}))
	case "web":
		w, err := web.New(web.Config{Listen: cfg.Listen, Size: cfg.Size, Token: cfg.Token, Logger: cfg.Logger})
		if err != nil {
			return err
		}
		if err := w.Listen(); err != nil {
			return err
		}
		o.web = w
		o.list, o.sources = append(o.list, w), append(o.sources, w)
	case "png":
		if cfg.Dir == "" {
			cfg.Dir = "."
		}
		o.png = display.NewPNG(cfg.Dir, cfg.Size)
		o.list = append(o.list, o.png)
	}
	return nil
}

func (o *Outputs) openScript(cfg OutputsConfig) error {
	f, err := os.Open(cfg.Script)
	if err != nil {
		return fmt.Errorf("read script: %w", err)
	}
	defer f.Close()
	if o.script, err = input.ParseScript(cfg.Script, f); err != nil {
		return err
	}
	return nil
}

// panel is a panel's own goroutines, which bring no touches.
type panel struct{ *kms.Output }

// Run follows the panel.
func (p panel) Run(ctx context.Context, _ func(input.Event)) error { return p.Output.Run(ctx) }

// List is what a compositor is to show on.
func (o *Outputs) List() []display.Output { return o.list }

// URL is the address of the web display, empty when there is none.
func (o *Outputs) URL() string {
	if o.web == nil {
		return ""
	}
	return o.web.URL()
}

// PNG is the output that saves pictures, nil when there is none.
func (o *Outputs) PNG() *display.PNG { return o.png }

// Run runs the outputs and hands touches to to (a Compositor's Input), until
// ctx ends or the script does; then it returns nil. No two fingers have the
// same contact number, whatever source they touch.
func (o *Outputs) Run(ctx context.Context, to func(input.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	all := contacts{to: to, numbers: make(map[finger]int)}
	for i, s := range o.sources {
		group.Go(func() error {
			return s.Run(ctx, func(ev input.Event) { all.pass(i, ev) })
		})
	}
	group.Go(func() error {
		defer cancel()
		return o.play(ctx, func(ev input.Event) { all.pass(len(o.sources), ev) })
	})
	return group.Wait()
}

// finger is one as its source numbers it.
type finger struct{ source, contact int }

// contacts gives the fingers of several sources one set of small numbers.
type contacts struct {
	to func(input.Event)

	mu      sync.Mutex
	numbers map[finger]int
}

// pass hands ev on with its finger's number. The order of a source's events
// is kept: to does not block, so it may be called under the lock.
func (c *contacts) pass(source int, ev input.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := finger{source, ev.Contact}
	n, known := c.numbers[f]
	switch ev.Kind {
	case input.TouchDown:
		if !known {
			n = c.freeLocked()
			c.numbers[f] = n
		}
	case input.TouchMove, input.TouchUp, input.TouchCancel:
		if !known {
			return
		}
		if ev.Kind != input.TouchMove {
			delete(c.numbers, f)
		}
	}
	ev.Contact = n
	c.to(ev)
}

// freeLocked is the smallest number that no finger has.
func (c *contacts) freeLocked() int {
	for n := 0; ; n++ {
		taken := false
		for _, m := range c.numbers {
			taken = taken || m == n
		}
		if !taken {
			return n
		}
	}
}

// play does the script, or waits for the end where there is none.
func (o *Outputs) play(ctx context.Context, to func(input.Event)) error {
	if o.script == nil {
		<-ctx.Done()
		return nil
	}
	err := o.script.Play(ctx, to, func(name string) error {
		if o.png == nil {
			return errors.New("a picture is wanted and no output saves any: add png to --display")
		}
		if err := o.png.Settle(ctx, shotQuiet, shotWithin); err != nil {
			return err
		}
		_, err := o.png.Save(name)
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Close gives panels and addresses back.
func (o *Outputs) Close() error {
	var errs []error
	for _, out := range o.list {
		errs = append(errs, out.Close())
	}
	return errors.Join(errs...)
}

// ParseSize reads a size such as 1280x720.
func ParseSize(s string) (image.Point, error) {
	w, h, _ := strings.Cut(s, "x")
	x, errX := strconv.Atoi(w)
	y, errY := strconv.Atoi(h)
	if errX != nil || errY != nil || x < 1 || y < 1 || x > 8192 || y > 8192 {
		return image.Point{}, fmt.Errorf("size %q: want WIDTHxHEIGHT in pixels, such as 1280x720, to 8192x8192", s)
	}
	return image.Pt(x, y), nil
}

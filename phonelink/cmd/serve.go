package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect"
	"tandem/phonelink/node"
	"tandem/phonelink/trust"
	"tandem/vehicle"
)

// Ways to speak KDE Connect.
const (
	KDEOn  = "on"  // phones of protocol version 8 can be paired, older ones that are paired stay
	KDEOld = "old" // phones of version 7 can be paired too
	KDEOff = "off"
)

// Config is what Serve needs: Data and Name.
type Config struct {
	Data     string            // the processes' data folder; the room's own is phonelink in it
	Name     string            // of the car, as phones show it
	Profile  phonelink.Profile // who drives, to begin with; "": node.Owner
	Listen   string            // HOST:PORT, UDP and TCP; "": any port
	Announce bool              // be found on the local network
	KDE      string            // KDEOn, KDEOld or KDEOff; "": KDEOn
	Files    string            // readable copies of what was received; "": in memory if the system offers it, else below Data
	Player   bool              // somebody renders: follows Load and Render of the View
	Car      phonelink.Car     // nil: nothing is known of the car, so nothing can be paired
	Stdout   io.Writer
	Logger   *slog.Logger

	// Only makes it a link for Profile alone, but for guest and valet; see
	// node.Config.
	Only bool

	// Ready is told the running service before it runs; nil for none.
	Ready func(*node.Node)

	players *carPlayers // made with the adapters; nil: none
}

// Flags puts the flags of the phone link.
func (c *Config) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.Name, "name", "Tandem", "`NAME` of the car, as phones show it")
	f.StringVar(&c.Listen, "listen", ":0", "`HOST:PORT` of the link, UDP and TCP")
	f.BoolVar(&c.Announce, "announce", true, "let phones find the car on the local network")
	f.StringVar(&c.KDE, "kdeconnect", KDEOn, "speak KDE Connect: on, old (pair protocol version 7 too) or off")
	f.StringVar(&c.Files, "files", c.Files, "`DIR`ectory for readable copies of received files")
	f.StringVar((*string)(&c.Profile), "profile", string(node.Owner), "who drives, to begin with: a profile's `ID`, guest or valet")
}

// DataDir is where the rooms' state belongs by the XDG Base Directory
// Specification 0.8; "" (nowhere) without a home.
func DataDir(getenv func(string) string) string {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tandem")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "tandem")
	}
	return ""
}

// FilesDir is where readable copies of what phones sent are, for a phone link
// in the head unit's process: in memory where the system offers it
// (XDG_RUNTIME_DIR), so that the disk does not keep them.
func FilesDir(getenv func(string) string, data string) string {
	if dir := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tandem", "files")
	}
	return filepath.Join(data, "phonelink", "received")
}

// Check refuses a configuration that cannot work, and says what can.
func (c *Config) Check() error {
	if c.Data == "" {
		return errors.New("no folder for keys and sessions: set --data DIR, or HOME")
	}
	if trust.CleanName(c.Name) != c.Name || c.Name == "" {
		return fmt.Errorf("--name %q: want 1 to %d bytes that can be shown", c.Name, trust.MaxName)
	}
	switch c.KDE {
	case "", KDEOn, KDEOld, KDEOff:
	default:
		return fmt.Errorf("--kdeconnect %s: choose on, old or off", c.KDE)
	}
	if c.Profile != "" {
		if err := c.Profile.Check(); err != nil {
			return fmt.Errorf("--profile: %w", err)
		}
	}
	return nil
}

// Serve keeps the phone link up until ctx ends.
func Serve(ctx context.Context, c Config) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Car == nil {
		c.Car = noCar{}
	}
	n, err := node.New(c.node())
	if err != nil {
		return err
	}
	if c.players != nil {
		c.players.service <- n
	}
	if c.Ready != nil {
		c.Ready(n)
	}
	if c.Stdout != nil {
		fmt.Fprintf(c.Stdout, "phone link of %s at %s\n", c.Name, address(n.Addr()))
	}
	return n.Run(ctx)
}

func (c *Config) node() node.Config {
	return node.Config{
		Data: filepath.Join(c.Data, "phonelink"), Name: c.Name, Model: "car", Profile: c.Profile, Only: c.Only, Listen: c.Listen, Announce: c.Announce,
		Car: c.Car, Player: c.Player, AskFirst: true, Adapters: c.adapters, Files: c.Files, Logger: c.Logger,
	}
}

// address is an address for a person: without a host if it is every one.
func address(a netip.AddrPort) string {
	if a.Addr().IsUnspecified() {
		return fmt.Sprintf("port %d", a.Port())
	}
	return a.String()
}

func (c *Config) adapters(store *trust.Store) ([]phonelink.Adapter, error) {
	if c.KDE == KDEOff {
		return nil, nil
	}
	profile := c.Profile
	if profile == "" {
		profile = node.Owner
	}
	a, err := kdeconnect.New(kdeconnect.Config{
		Store: store, Profile: profile, Name: c.Name, Dir: c.received(), AllowV7: c.KDE == KDEOld, MDNS: c.Announce, Car: c.Car, Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	c.players = &carPlayers{a, make(chan phonelink.Service, 1)}
	return []phonelink.Adapter{c.players}, nil
}

func (c *Config) received() string {
	if c.Files != "" {
		return filepath.Join(c.Files, "kdeconnect")
	}
	return filepath.Join(c.Data, "phonelink", "received")
}

// noCar is a car of which nothing is known.
type noCar struct{}

// Sample is part of phonelink.Car.
func (noCar) Sample(time.Time, vehicle.Path) vehicle.Sample { return vehicle.Sample{} }

// Ask is part of phonelink.Car.
func (noCar) Ask(context.Context, vehicle.Command) vehicle.Outcome {
	return vehicle.Outcome{State: vehicle.Refused, Reason: "the phone link has no vehicle to ask"}
}

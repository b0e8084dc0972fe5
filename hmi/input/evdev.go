package input

import "log/slog"

// EvdevConfig says which input devices are read, and how.
type EvdevConfig struct {
	Dir    string            // "": /dev/input
	Grab   bool              // nobody else gets the devices' events: no key reaches the console
	Adjust map[string]Affine // calibration by device name
	Logger *slog.Logger      // nil: none
}

// Evdev reads every useful device in the folder, as they come and go. Each
// device's fingers have contact numbers of their own.
type Evdev struct {
	cfg EvdevConfig
	log *slog.Logger
}

// NewEvdev makes a reader; Run makes it read.
func NewEvdev(cfg EvdevConfig) *Evdev {
	if cfg.Dir == "" {
		cfg.Dir = "/dev/input"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Evdev{cfg: cfg, log: cfg.Logger}
}

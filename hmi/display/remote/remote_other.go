//go:build !linux

package remote

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"time"

	"tandem/hmi/display"
	"tandem/hmi/input"
)

// ServerConfig is what a Server is made of.
type ServerConfig struct {
	Socket     string
	Compositor *display.Compositor
	Users      []int
	Logger     *slog.Logger
}

// Server needs Linux.
type Server struct{}

// NewServer needs Linux.
func NewServer(ServerConfig) (*Server, error) {
	return nil, fmt.Errorf("new display server: %w", errors.ErrUnsupported)
}

// Listen needs Linux.
func (*Server) Listen() error { return errors.ErrUnsupported }

// Run needs Linux.
func (*Server) Run(context.Context) error { return errors.ErrUnsupported }

// Config says which layer of which display.
type Config struct {
	Socket string
	Layer  display.LayerKind
	Logger *slog.Logger
}

// Layer needs Linux.
type Layer struct{}

// NewLayer needs Linux.
func NewLayer(Config) (*Layer, error) {
	return nil, fmt.Errorf("new remote layer: %w", errors.ErrUnsupported)
}

// Events needs Linux.
func (*Layer) Events() <-chan input.Event { return nil }

// Size needs Linux.
func (*Layer) Size(context.Context) (image.Point, error) {
	return image.Point{}, errors.ErrUnsupported
}

// Present needs Linux.
func (*Layer) Present(display.Frame) error { return errors.ErrUnsupported }

// NextFlip needs Linux.
func (*Layer) NextFlip(now time.Time) time.Time { return now }

// Place needs Linux.
func (*Layer) Place(image.Rectangle) {}

// Show needs Linux.
func (*Layer) Show(bool) {}

// TakeInput needs Linux.
func (*Layer) TakeInput(bool) {}

// Run needs Linux.
func (*Layer) Run(context.Context) error { return errors.ErrUnsupported }

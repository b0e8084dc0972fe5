//go:build !linux

package kms

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"tandem/hmi/display"
)

// Output is a panel; it needs Linux.
type Output struct{}

// Open needs Linux.
func Open(Config) (*Output, error) {
	return nil, fmt.Errorf("open DRM device: %w; use --display web", errors.ErrUnsupported)
}

// Size is the mode's.
func (*Output) Size() image.Point { return image.Point{} }

// Present needs Linux.
func (*Output) Present(display.Frame) error { return errors.ErrUnsupported }

// NextFlip is the panel's next beat.
func (*Output) NextFlip(now time.Time) time.Time { return now }

// Run needs Linux.
func (*Output) Run(context.Context) error { return errors.ErrUnsupported }

// Close needs Linux.
func (*Output) Close() error { return nil }

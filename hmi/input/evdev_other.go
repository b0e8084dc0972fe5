//go:build !linux

package input

import (
	"context"
	"errors"
	"fmt"
)

// Run needs Linux.
func (e *Evdev) Run(context.Context, func(Event)) error {
	return fmt.Errorf("read input devices: %w", errors.ErrUnsupported)
}

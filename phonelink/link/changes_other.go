//go:build !linux

package link

import (
	"context"
	"errors"
)

// Changes is not known on this system.
func (System) Changes(context.Context, func()) error { return errors.ErrUnsupported }
